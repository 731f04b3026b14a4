//! A finished picture and how it reaches a file.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use resvg::tiny_skia::{Color, FilterQuality, Pixmap, PixmapPaint, Transform};
use resvg::usvg;

use super::canvas::{Canvas, Part, Picture};
use super::glyph;
use super::text::{FAMILY, FONT, escape};
use crate::error::FigureError;

/// Pixels of a PNG for one unit of the SVG.
const PNG_SCALE: f64 = 2.0;
/// Height of the line below a PNG that says what numbers in brackets are.
const NOTE_HEIGHT: u32 = 16;
/// The most pixels a PNG may have: 400 MB in memory.
const MOST_PIXELS: u64 = 100_000_000;

/// A picture with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    canvas: Canvas,
    numbers: String,
    left_out: usize,
}

impl Figure {
    pub(crate) fn new(canvas: Canvas, numbers: String, left_out: usize) -> Self {
        Self { canvas, numbers, left_out }
    }

    /// The same picture with other numbers beside it.
    pub(crate) fn with_numbers(self, numbers: String) -> Self {
        Self { numbers, ..self }
    }

    pub(crate) fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    #[cfg(test)]
    pub(crate) fn parts(&self) -> &[Part] {
        &self.canvas.parts
    }

    /// Width and height of the SVG in pixels; a PNG has twice as many each way.
    pub fn size(&self) -> (u32, u32) {
        (self.canvas.width.ceil() as u32, self.canvas.height.ceil() as u32)
    }

    /// How many values were not drawn because they are not finite, or not above zero on a logarithmic axis.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The numbers of the picture as CSV with a header.
    pub fn csv(&self) -> &str {
        &self.numbers
    }

    /// The picture as SVG; it refers to nothing outside itself.
    ///
    /// # Errors
    /// [`FigureError::Render`] if pixels inside it cannot be encoded.
    pub fn svg(&self) -> Result<String, FigureError> {
        let mut body = String::new();
        for part in &self.canvas.parts {
            match part {
                Part::Markup(text) => body.push_str(text),
                Part::Picture(picture) => body.push_str(&embedded(picture)?),
            }
        }
        Ok(self.document(&body, true))
    }

    /// What numbers in brackets stand for that a PNG has in the place of names in scripts that the embedded font lacks, as CSV;
    /// nothing where there are none.
    pub fn labels(&self) -> Option<String> {
        let mut labels = Vec::new();
        for part in &self.canvas.parts {
            if let Part::Markup(text) = part {
                glyph::numbered(text, &mut labels);
            }
        }
        (!labels.is_empty()).then(|| glyph::csv(&labels))
    }

    /// The picture as PNG at twice its size, drawn with the embedded font only. Names in scripts that it lacks are numbers in
    /// brackets, and a line below says so.
    ///
    /// # Errors
    /// [`FigureError::TooLarge`] above 100 million pixels, [`FigureError::Render`] if the renderer fails.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        let (width, height) = self.size();
        let has_labels = self.labels().is_some();
        let height = height + if has_labels { NOTE_HEIGHT } else { 0 };
        let (width, height) = (u64::from(width) * PNG_SCALE as u64, u64::from(height) * PNG_SCALE as u64);
        let too_large = FigureError::TooLarge { width, height, most: MOST_PIXELS };
        if width * height > MOST_PIXELS {
            return Err(too_large);
        }
        let Some(mut page) = Pixmap::new(width as u32, height as u32) else { return Err(too_large) };
        page.fill(Color::WHITE);
        let options = options();
        let zoom = PNG_SCALE as f32;
        let mut labels = Vec::new();
        let draw = |text: &str, top: f32, page: &mut Pixmap| {
            let tree = usvg::Tree::from_str(&self.document(text, false), &options)
                .map_err(|error| FigureError::Render { reason: error.to_string() })?;
            let place = Transform::from_scale(zoom, zoom).pre_translate(0.0, top);
            resvg::render(&tree, place, &mut page.as_mut());
            Ok::<_, FigureError>(())
        };
        // Each stretch of elements is drawn as a picture of its own, with the pixels between them copied directly:
        // so the order stays, and the renderer needs no image decoders.
        for part in &self.canvas.parts {
            match part {
                Part::Markup(text) => draw(&glyph::numbered(text, &mut labels), 0.0, &mut page)?,
                Part::Picture(picture) => {
                    let (x, y) = (picture.width as f32, picture.height as f32);
                    let place = Transform::from_row(
                        zoom * x / picture.pixels.width() as f32,
                        0.0,
                        0.0,
                        zoom * y / picture.pixels.height() as f32,
                        zoom * picture.left as f32,
                        zoom * picture.top as f32,
                    );
                    let quality =
                        if picture.sharp { FilterQuality::Nearest } else { FilterQuality::Bilinear };
                    let paint = PixmapPaint { quality, ..PixmapPaint::default() };
                    page.draw_pixmap(0, 0, picture.pixels.as_ref(), &paint, place, None);
                }
            }
        }
        if has_labels {
            // A document shows nothing below its own height.
            let note =
                format!("<text x=\"4\" y=\"11\" font-size=\"9\" fill=\"#555555\">{}</text>\n", glyph::NOTE);
            draw(&note, self.size().1 as f32, &mut page)?;
        }
        encode(&page)
    }

    /// Writes the picture as SVG or PNG by the ending of `path`, and its numbers beside it with the ending `.csv`; of a PNG with
    /// [labels](Self::labels) also these, with the ending `.labels.csv`.
    ///
    /// The files are complete before either name appears; files of those names are replaced.
    ///
    /// # Errors
    /// [`FigureError::Ending`] for another ending, [`FigureError::Write`] naming the file that could not be written,
    /// and the errors of [`Figure::png`].
    pub fn write(&self, path: &Path) -> Result<(), FigureError> {
        let found =
            path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let picture = match found.as_str() {
            "svg" => self.svg()?.into_bytes(),
            "png" => self.png()?,
            _ => return Err(FigureError::Ending { found, path: path.to_owned() }),
        };
        let numbers = Staged::new(path.with_extension("csv"), self.numbers.as_bytes())?;
        if let Some(labels) = self.labels().filter(|_| found == "png") {
            Staged::new(path.with_extension("labels.csv"), labels.as_bytes())?.commit()?;
        }
        let picture = Staged::new(path.to_owned(), &picture)?;
        numbers.commit()?;
        picture.commit()
    }

    fn document(&self, body: &str, complete: bool) -> String {
        let (width, height) = self.size();
        let head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\">\n"
        );
        if complete {
            let title = escape(&self.canvas.title);
            format!(
                "{head}<title>{title}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
                 {body}</svg>\n"
            )
        } else {
            format!("{head}{body}</svg>\n")
        }
    }
}

pub(crate) fn options() -> usvg::Options<'static> {
    let mut options = usvg::Options { font_family: "DejaVu Sans".to_owned(), ..usvg::Options::default() };
    options.fontdb_mut().load_font_data(FONT.to_vec());
    options.fontdb_mut().set_sans_serif_family("DejaVu Sans");
    options
}

fn encode(pixels: &Pixmap) -> Result<Vec<u8>, FigureError> {
    pixels.encode_png().map_err(|error| FigureError::Render { reason: error.to_string() })
}

fn embedded(picture: &Picture) -> Result<String, FigureError> {
    let data = base64::engine::general_purpose::STANDARD.encode(encode(&picture.pixels)?);
    let [x, y, width, height] =
        [picture.left, picture.top, picture.width, picture.height].map(super::number::coordinate);
    // Browsers know one name or the other; the attribute serves viewers without style sheets.
    let sharp = if picture.sharp {
        r#" image-rendering="optimizeSpeed" style="image-rendering:crisp-edges;image-rendering:pixelated""#
    } else {
        ""
    };
    Ok(format!(
        "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\"{sharp} \
         href=\"data:image/png;base64,{data}\"/>\n"
    ))
}

/// A complete file under a temporary name in its final directory; removed unless committed.
struct Staged {
    temporary: PathBuf,
    path: PathBuf,
    committed: bool,
}

impl Staged {
    fn new(path: PathBuf, bytes: &[u8]) -> Result<Self, FigureError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let staged = Self { temporary: path.with_file_name(name), path, committed: false };
        staged.fill(bytes).map_err(|source| FigureError::Write { source, path: staged.path.clone() })?;
        Ok(staged)
    }

    fn fill(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut file: File =
            OpenOptions::new().write(true).create(true).truncate(true).open(&self.temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn commit(mut self) -> Result<(), FigureError> {
        fs::rename(&self.temporary, &self.path)
            .map_err(|source| FigureError::Write { source, path: self.path.clone() })?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing was promised under this name, so a file that cannot be removed changes nothing.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::canvas::Style;
    use crate::figure::{LossCurves, Series, loss_curves};

    fn figure() -> Figure {
        let series = [Series { name: "train", values: &[2.0, 1.0, 0.5] }];
        loss_curves(&LossCurves {
            title: "a < b & \"c\"",
            y_label: "loss (nats)",
            series: &series,
            log: false,
            best: None,
        })
        .unwrap()
    }

    #[test]
    fn pictures_are_written_with_their_numbers_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["loss.svg", "loss.PNG"] {
            figure().write(&directory.path().join(name)).unwrap();
        }
        let mut names: Vec<String> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["loss.PNG", "loss.csv", "loss.svg"]);
        let numbers = fs::read_to_string(directory.path().join("loss.csv")).unwrap();
        assert_eq!(numbers, "epoch,train\n1,2\n2,1\n3,0.5\n");
        let page = Pixmap::load_png(directory.path().join("loss.PNG")).unwrap();
        let (width, height) = figure().size();
        assert_eq!((page.width(), page.height()), (width * 2, height * 2));
        let svg = fs::read_to_string(directory.path().join("loss.svg")).unwrap();
        assert!(svg.contains("<title>a &lt; b &amp; &quot;c&quot;</title>"));
        usvg::Tree::from_str(&svg, &options()).unwrap();
    }

    #[test]
    fn the_same_numbers_give_the_same_bytes() {
        assert_eq!(figure().svg().unwrap(), figure().svg().unwrap());
        assert_eq!(figure().png().unwrap(), figure().png().unwrap());
    }

    #[test]
    fn text_is_drawn_with_the_embedded_font() {
        let mut canvas = Canvas::new("", 60.0);
        canvas.height = 20.0;
        canvas.text([5.0, 15.0], "Vβж", Style::new(12.0));
        let page = Pixmap::decode_png(&Figure::new(canvas, String::new(), 0).png().unwrap()).unwrap();
        let dark = page.pixels().iter().filter(|pixel| pixel.red() < 100).count();
        assert!((100..600).contains(&dark), "{dark}");
    }

    #[test]
    fn scripts_without_letters_are_numbers_in_pixels_and_texts_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let mut canvas = Canvas::new("年齢", 160.0);
        canvas.height = 20.0;
        canvas.text([5.0, 15.0], "東京 (12)", Style::new(12.0));
        let figure = Figure::new(canvas, String::new(), 0);
        figure.write(&directory.path().join("map.png")).unwrap();
        let labels = fs::read_to_string(directory.path().join("map.labels.csv")).unwrap();
        assert_eq!(labels, "label,text\n[1],\"東京\"\n");
        let page = Pixmap::load_png(directory.path().join("map.png")).unwrap();
        assert_eq!(page.height(), 2 * (20 + NOTE_HEIGHT));
        let below = &page.pixels()[(page.width() * 40) as usize..];
        assert!(below.iter().filter(|pixel| pixel.red() < 150).count() > 100);
        assert!(figure.svg().unwrap().contains("東京"));
    }

    #[test]
    fn other_endings_are_refused() {
        let error = figure().write(Path::new("/nowhere/loss.jpg")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a picture cannot be written as 'jpg', the ending must be .svg or .png: /nowhere/loss.jpg"
        );
        assert!(matches!(figure().write(Path::new("loss")), Err(FigureError::Ending { .. })));
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("absent").join("loss.svg");
        let error = figure().write(&path).unwrap_err();
        assert!(error.to_string().ends_with("loss.csv") && error.to_string().contains("absent"), "{error}");
        assert_eq!(
            error.hint().unwrap(),
            format!("create the directory {}", directory.path().join("absent").display())
        );
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = figure().write(&file.join("loss.svg")).unwrap_err();
        assert_eq!(error.hint().unwrap(), "a part of this path is a file, choose another directory");
    }

    #[test]
    fn a_name_that_is_taken_by_a_directory_leaves_no_temporary_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("loss.svg");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("kept"), "kept").unwrap();
        let error = figure().write(&path).unwrap_err();
        assert!(error.to_string().ends_with("loss.svg"));
        let left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".tmp"))
            .collect();
        assert_eq!(left, Vec::<String>::new());
    }

    #[test]
    fn a_picture_beyond_the_limit_is_refused() {
        let mut canvas = Canvas::new("", 20_000.0);
        canvas.height = 20_000.0;
        let error = Figure::new(canvas, String::new(), 0).png().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the picture would be 40000 x 40000 pixels, at most 100000000 pixels are allowed"
        );
    }
}
