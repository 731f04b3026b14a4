//! Where rows and images go, and in which form.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use clap::Args;
use veridic::data::{self, Cells, Column, CsvWriter, Data, Images, Provenance, Schema, Table, TextLayout};
use veridic::error::DataError;
use veridic::figure::{Figure, ImageGrid, Pixels, image_grid};
use veridic::run::{Inverted, NoiseClusters, Walked};

use crate::error::CliError;
use crate::quantity::counted;
use crate::ui::Ui;

/// Endings that a table can be written with.
const TABLES: [&str; 4] = [".csv", ".csv.gz", ".parquet", ".json"];

/// Where to write.
#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// Write to FILE, in the form of its ending (csv, csv.gz, parquet, json; for images also png);
    /// `-` is standard output as CSV
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What files say of their origin.
    #[arg(skip)]
    provenance: Option<Provenance>,
    /// How rows are laid out as CSV.
    #[arg(skip)]
    layout: TextLayout,
}

enum Place<'a> {
    Stdout,
    /// A device or a pipe; it gets CSV.
    Stream(&'a Path),
    File(&'a Path),
}

impl Output {
    /// Has files say that a model made what is in them, and CSV be laid out as the data of the model.
    pub(crate) fn made_by(self, provenance: Provenance, layout: TextLayout) -> Self {
        Self { provenance: Some(provenance), layout, ..self }
    }

    /// Finds out what can be found out before the work is done: a folder that is not there, an unknown ending, a file
    /// that is read and would be lost.
    ///
    /// # Errors
    /// [`CliError::WouldReplace`], [`DataError::Write`], [`CliError::OutputEnding`].
    pub(crate) fn check(&self, run: &Path, data: Option<&Path>) -> Result<(), CliError> {
        let Place::File(path) = self.place() else { return Ok(()) };
        check_place(path, run, data)?;
        if is_table(path) || is_png(path) {
            return Ok(());
        }
        Err(CliError::OutputEnding { ending: ending(path), pictures: "png", path: path.to_owned() })
    }

    /// Like [`Output::check`] for what can also be a picture of another kind than PNG.
    ///
    /// # Errors
    /// As [`Output::check`].
    pub(crate) fn check_with_pictures(&self, run: &Path, data: Option<&Path>) -> Result<(), CliError> {
        match self.check(run, data) {
            Err(CliError::OutputEnding { path, .. }) if is_svg(&path) => Ok(()),
            Err(CliError::OutputEnding { ending, path, .. }) => {
                Err(CliError::OutputEnding { ending, pictures: "png and svg", path })
            }
            other => other,
        }
    }

    /// Whether the file is a picture by its ending.
    pub(crate) fn is_picture(&self) -> bool {
        matches!(self.place(), Place::File(path) if is_png(path) || is_svg(path))
    }

    /// Writes points of a latent space: images as a picture or as rows of pixels, windows of series as lines or as rows, rows of a
    /// table as rows.
    ///
    /// # Errors
    /// As [`Output::table`], and [`CliError::ImagesNeedFile`].
    pub(crate) fn walked(&self, ui: &Ui, walked: &Walked) -> Result<(), CliError> {
        let is_images = matches!(walked.rows, Data::Images(_));
        if is_images && self.output.is_none() {
            return Err(CliError::ImagesNeedFile);
        }
        match self.place() {
            Place::File(path) if walked.has_figure() && (is_png(path) || is_svg(path)) => {
                let what = if is_images { "image" } else { "window" };
                self.figure(ui, &walked.figure()?, &counted(walked.rows.len(), what))
            }
            _ => {
                let (table, schema) = walked.table();
                self.table(ui, &table, &schema)
            }
        }
    }

    /// Writes noise that was looked at as a picture or a table; nothing where no file is named.
    ///
    /// # Errors
    /// What the disk did; a picture that is too large.
    pub(crate) fn clusters(&self, ui: &Ui, found: &NoiseClusters) -> Result<(), CliError> {
        match self.place() {
            _ if self.output.is_none() => Ok(()),
            Place::File(path) if is_png(path) || is_svg(path) => {
                self.figure(ui, &found.figure, &counted(found.table.n_rows, "point"))
            }
            _ => self.table(ui, &found.table, &found.schema),
        }
    }

    /// Writes noise that was found, as a picture of what it makes or as a row; nothing where no file is named.
    ///
    /// # Errors
    /// What the disk did; a row of a table as a picture.
    pub(crate) fn inverted(&self, ui: &Ui, found: &Inverted) -> Result<(), CliError> {
        match self.place() {
            _ if self.output.is_none() => Ok(()),
            Place::File(path) if is_png(path) || is_svg(path) => match found.figure()? {
                Some(figure) => self.figure(ui, &figure, "1 image"),
                None => Err(CliError::TableAsPicture { path: path.to_owned() }),
            },
            _ => {
                let (table, schema) = found.table();
                self.table(ui, &table, &schema)
            }
        }
    }

    /// Writes a picture, without its numbers beside it.
    ///
    /// # Errors
    /// What the disk did; a picture that is too large.
    pub(crate) fn figure(&self, ui: &Ui, figure: &Figure, what: &str) -> Result<(), CliError> {
        let Place::File(path) = self.place() else { return Err(CliError::ImagesNeedFile) };
        let bytes = if is_svg(path) { figure.svg()?.into_bytes() } else { figure.png()? };
        self.picture(path, &bytes)?;
        self.tell(ui, what);
        Ok(())
    }

    /// Writes rows.
    ///
    /// # Errors
    /// What the disk or the reader of standard output did, an ending that is no table's.
    pub(crate) fn table(&self, ui: &Ui, table: &Table, schema: &Schema) -> Result<(), CliError> {
        // What goes on to a terminal or a program is UTF-8.
        let layout = self.layout.in_utf8();
        let csv = |out: &mut dyn io::Write| {
            let mut csv = CsvWriter::new(schema, out).in_layout(&layout);
            csv.append(table)?;
            csv.finish()
        };
        match self.place() {
            Place::Stdout => return ui.data(csv),
            Place::Stream(path) => data::replace(path, |out| csv(out))?,
            Place::File(path) if is_png(path) || is_svg(path) => {
                return Err(CliError::TableAsPicture { path: path.to_owned() });
            }
            Place::File(path) => match &self.provenance {
                Some(provenance) => data::write_made_in(table, schema, &self.layout, path, provenance)?,
                None => data::write_in(table, schema, &self.layout, path)?,
            },
        }
        self.tell(ui, &counted(table.n_rows, "row"));
        Ok(())
    }

    /// Whether rows are written as CSV, which can be done part by part.
    pub(crate) fn is_csv(&self) -> bool {
        match self.place() {
            Place::Stdout | Place::Stream(_) => true,
            Place::File(path) => [".csv", ".csv.gz"].iter().any(|ending| file_name(path).ends_with(ending)),
        }
    }

    /// Writes rows as they come, as CSV; a file is there whole or not at all.
    ///
    /// # Errors
    /// As [`Output::table`], and what making the rows says.
    pub(crate) fn parts(
        &self,
        ui: &Ui,
        schema: &Schema,
        parts: impl Iterator<Item = Result<Table, CliError>> + Send,
    ) -> Result<(), CliError> {
        // The next rows are made while these are written.
        std::thread::scope(|scope| {
            let (sender, made) = mpsc::sync_channel(1);
            scope.spawn(move || {
                for part in parts {
                    if sender.send(part).is_err() {
                        return;
                    }
                }
            });
            self.made(ui, schema, made)
        })
    }

    fn made(
        &self,
        ui: &Ui,
        schema: &Schema,
        parts: mpsc::Receiver<Result<Table, CliError>>,
    ) -> Result<(), CliError> {
        let (mut failed, mut rows) = (None, 0);
        let write = |out: &mut dyn io::Write| {
            let mut csv = data::CsvWriter::new(schema, out);
            for part in parts {
                match part {
                    Ok(table) => {
                        rows += table.n_rows;
                        csv.append(&table)?;
                    }
                    Err(error) => {
                        failed = Some(error);
                        return Err(io::Error::other("there are no more rows"));
                    }
                }
            }
            csv.finish()
        };
        let written = match self.place() {
            Place::Stdout => ui.data(write),
            Place::File(path) if file_name(path).ends_with(".gz") => {
                data::replace_packed(path, write).map_err(CliError::from)
            }
            Place::Stream(path) | Place::File(path) => {
                data::replace(path, |out| write(out)).map_err(CliError::from)
            }
        };
        if let Some(error) = failed {
            return Err(error);
        }
        written?;
        self.tell(ui, &counted(rows, "row"));
        Ok(())
    }

    /// Writes rows, or images as one picture or as rows of pixels.
    ///
    /// # Errors
    /// As [`Output::table`], and [`CliError::ImagesNeedFile`].
    pub(crate) fn sampled(&self, ui: &Ui, sampled: &Data) -> Result<(), CliError> {
        match sampled {
            Data::Table(table, schema) => self.table(ui, table, schema),
            Data::Images(_) if self.output.is_none() => Err(CliError::ImagesNeedFile),
            Data::Images(images) => match self.place() {
                Place::File(path) if is_png(path) => {
                    self.picture(path, &picture(images)?)?;
                    self.tell(ui, &counted(images.n, "image"));
                    Ok(())
                }
                Place::File(path) if !is_table(path) => {
                    Err(CliError::ImageEnding { ending: ending(path), path: path.to_owned() })
                }
                _ => {
                    let table = pixels(images);
                    self.table(ui, &table, &Schema::of(&table))
                }
            },
        }
    }

    fn picture(&self, path: &Path, bytes: &[u8]) -> Result<(), CliError> {
        match &self.provenance {
            Some(provenance) => data::write_made_picture(bytes, path, provenance)?,
            None => data::replace(path, |file| file.write_all(bytes))?,
        }
        Ok(())
    }

    fn place(&self) -> Place<'_> {
        match self.output.as_deref() {
            None => Place::Stdout,
            Some(path) if path.as_os_str() == "-" => Place::Stdout,
            Some(path) if path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir()) => Place::Stream(path),
            Some(path) => Place::File(path),
        }
    }

    fn tell(&self, ui: &Ui, what: &str) {
        if let Some(path) = &self.output {
            ui.say(&format!("wrote {what} to {}", path.display()));
        }
    }
}

/// Whether a file may be written there: it is neither what is read nor in the run, its folder is there, and it is no
/// folder itself.
///
/// # Errors
/// [`CliError::WouldReplace`], [`DataError::Write`].
pub(crate) fn check_place(path: &Path, run: &Path, data: Option<&Path>) -> Result<(), CliError> {
    if let Ok(there) = path.canonicalize() {
        let is_data = data.and_then(|data| data.canonicalize().ok()).is_some_and(|data| data == there);
        let is_run = run.canonicalize().is_ok_and(|run| there.starts_with(run));
        if is_data || is_run {
            return Err(CliError::WouldReplace { path: path.to_owned() });
        }
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // A picture among those of `samples/` would be one of the next film.
    let of_run = |folder: &Path| {
        folder
            .canonicalize()
            .is_ok_and(|folder| run.join("samples").canonicalize().is_ok_and(|own| folder == own))
    };
    if folder.is_some_and(of_run) {
        return Err(CliError::WouldReplace { path: path.to_owned() });
    }
    if folder.is_some_and(|folder| !folder.is_dir()) {
        let source = io::ErrorKind::NotFound.into();
        return Err(DataError::Write { path: path.to_owned(), source }.into());
    }
    if path.is_dir() {
        let source = io::ErrorKind::IsADirectory.into();
        return Err(DataError::Write { path: path.to_owned(), source }.into());
    }
    Ok(())
}

/// Whether a page may be written there.
///
/// # Errors
/// [`CliError::PageEnding`], and as [`check_place`].
pub(crate) fn check_page(path: &Path, run: &Path, data: Option<&Path>) -> Result<(), CliError> {
    check_place(path, run, data)?;
    match path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).as_deref() {
        Some("html" | "htm") => Ok(()),
        // What is no file of its own has no ending.
        _ if path.metadata().is_ok_and(|there| !there.is_file()) => Ok(()),
        ending => {
            let ending = ending.unwrap_or_default().to_owned();
            Err(CliError::PageEnding { ending, path: path.to_owned() })
        }
    }
}

/// Whether a picture may be written there, with its numbers beside it.
///
/// # Errors
/// [`CliError::OutputEnding`], and as [`check_place`].
pub(crate) fn check_figure(path: &Path, run: &Path, data: Option<&Path>) -> Result<(), CliError> {
    check_place(path, run, data)?;
    check_place(&path.with_extension("csv"), run, data)?;
    if is_png(path) || is_svg(path) {
        return Ok(());
    }
    Err(CliError::FigureEnding { ending: ending(path), path: path.to_owned() })
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn is_table(path: &Path) -> bool {
    TABLES.iter().any(|ending| file_name(path).ends_with(ending))
}

fn is_png(path: &Path) -> bool {
    file_name(path).ends_with(".png")
}

fn is_svg(path: &Path) -> bool {
    file_name(path).ends_with(".svg")
}

fn ending(path: &Path) -> String {
    let name = file_name(path);
    name.split_once('.').map_or(name.as_str(), |(_, ending)| ending).to_owned()
}

/// All images side by side, about as many in a row as there are rows.
fn picture(images: &Images) -> Result<Vec<u8>, CliError> {
    let columns = (images.n as f64).sqrt().ceil() as usize;
    let grid = ImageGrid::plain("", Pixels::Bytes(&images.pixels), images.shape(), columns);
    Ok(image_grid(&grid)?.png()?)
}

/// One row an image: `label` if there are labels, then `pixel_0`, `pixel_1`, …, channels last.
fn pixels(images: &Images) -> Table {
    let size = images.height * images.width * images.channels;
    let labels = images.labels.as_ref().map(|labels| Column {
        name: "label".to_owned(),
        cells: Cells::Number(labels.iter().map(|&label| label.into()).collect()),
    });
    let column = |i: usize| Column {
        name: format!("pixel_{i}"),
        cells: Cells::Number(images.pixels.iter().skip(i).step_by(size).map(|&value| value.into()).collect()),
    };
    Table { columns: labels.into_iter().chain((0..size).map(column)).collect(), n_rows: images.n }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(path: &Path) -> Output {
        Output { output: Some(path.to_owned()), provenance: None, layout: TextLayout::default() }
    }

    fn images() -> Images {
        let pixels = vec![0, 1, 2, 253, 254, 255];
        Images { n: 3, height: 1, width: 2, channels: 1, pixels, labels: Some(vec![7, 8, 9]) }
    }

    #[test]
    fn images_become_rows_of_pixels_or_one_picture() {
        let dir = tempfile::tempdir().unwrap();
        let (ui, csv, png) = (Ui::new(true), dir.path().join("a.csv"), dir.path().join("a.PNG"));
        to(&csv).sampled(&ui, &Data::Images(images())).unwrap();
        let text = std::fs::read_to_string(&csv).unwrap();
        assert_eq!(text, "label,pixel_0,pixel_1\n7,0,1\n8,2,253\n9,254,255\n");
        to(&png).sampled(&ui, &Data::Images(images())).unwrap();
        assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    fn images_do_not_go_to_standard_output_unasked() {
        let error = Output { output: None, provenance: None, layout: TextLayout::default() }
            .sampled(&Ui::new(true), &Data::Images(images()))
            .unwrap_err();
        assert!(error.render().contains("-o FILE.png"), "{}", error.render());
    }

    #[test]
    fn an_unknown_ending_or_folder_is_found_before_the_work() {
        let error = to(Path::new("a.xls")).check(Path::new("no run"), None).unwrap_err().render();
        assert!(error.starts_with("error: cannot write `xls`, known are csv"), "{error}");
        let error = to(Path::new("no/such/a.csv")).check(Path::new("no run"), None).unwrap_err().render();
        assert!(error.ends_with("hint: make the folder first"), "{error}");
        let page = |path: &str| check_page(Path::new(path), Path::new("no run"), None);
        let error = page("a.xyz").unwrap_err().render();
        assert!(
            error.contains("cannot write a page as `xyz`") && error.ends_with("hint: name it a.html"),
            "{error}"
        );
        assert!(page("report").is_err() && page("a.HTML").is_ok() && page("a.htm").is_ok());
        let figure = |path: &str| check_figure(Path::new(path), Path::new("no run"), None);
        let error = figure("a.pdf").unwrap_err().render();
        assert!(error.contains("cannot draw `pdf`, known are png and svg"), "{error}");
        assert!(figure("a.png").is_ok() && figure("a.SVG").is_ok());
        for good in ["a.csv", "a.csv.gz", "A.Parquet", "a.json", "a.png", "-", "/dev/null"] {
            to(Path::new(good)).check(Path::new("no run"), None).unwrap();
        }
    }
}
