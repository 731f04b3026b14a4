//! Runs side by side: the same rows through all of them, and their figures in one table.

use std::path::{Path, PathBuf};

use crate::codec::ImageCodec;
use crate::data::{Cells, Column, Images, Matrix, Schema, Table, cell_text};
use crate::error::{Result, RunError};
use crate::evaluate::RankingInterval;
use crate::figure::{self, Coloring, Figure, LatentAxes, Pixels, RowGroup};
use crate::latent;
use crate::models::Ability;
use crate::models::Rows;
use crate::run::check::figure::shown;
use crate::run::dataset::{Dataset, counts};
use crate::run::fitted::encoding::Encodings;
use crate::run::fitted::{Fitted, Form, InUse};

use super::drawn_anew::ranges;

/// What a comparison shows.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareOptions {
    /// Rows to show instead of the first run's test rows.
    pub data: Option<PathBuf>,
    /// Where known data sets lie.
    pub data_dir: PathBuf,
    /// Rows reconstructed by all runs, at least 1.
    pub count: usize,
    /// Images along a side of each traversal grid, at least 2.
    pub side: usize,
    /// Latent values from and to which traversal grids reach in both dimensions.
    pub range: [f64; 2],
    /// Threads to use; they change no result.
    pub threads: usize,
}

impl Default for CompareOptions {
    fn default() -> Self {
        let (data, data_dir) = (None, PathBuf::from("data"));
        Self { data, data_dir, count: 12, side: 11, range: [-4.0, 4.0], threads: 1 }
    }
}

/// Runs compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// A row a run: `run`, `model`, `parameters`, `epochs`, `seconds`, then the figures of its report on test rows and
    /// latent spaces and of made rows (`test.…`, `latent.…`, `table.…`); missing where a run has none of the name. Beside
    /// `test.auroc` and `test.average_precision` their 95 % intervals over test rows drawn anew (`bootstrap.….low` and `.high`).
    pub table: Table,
    /// Its schema.
    pub schema: Schema,
    /// What a user should know.
    pub notes: Vec<String>,
    title: String,
    names: Vec<String>,
    pictures: Vec<Vec<Figure>>,
}

/// A run opened, with its name.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) run: Fitted,
}

/// Compares at least two runs of the same data.
///
/// # Errors
/// Fewer than two runs; directories that are not runs; runs of different data; rows that cannot be read.
pub fn compare(paths: &[PathBuf], options: &CompareOptions) -> Result<Comparison> {
    if paths.len() < 2 {
        return Err(RunError::TooFewRuns { found: paths.len() }.into());
    }
    let open =
        |path: &PathBuf| Ok(Opened { name: name(path, paths), run: Fitted::open(path, options.threads)? });
    let mut runs: Vec<Opened> = paths.iter().map(open).collect::<Result<_>>()?;
    let mut notes = Vec::new();
    // Rows are shown where every run gives them back; figures are compared anyway.
    let unable = runs.iter().find(|opened| !opened.run.can(Ability::Reconstruct));
    let shows = unable.is_none();
    notes.extend(unable.map(|opened| {
        let reason = opened.run.cannot(Ability::Reconstruct);
        format!("{}: {reason}, so figures alone are compared", opened.name)
    }));
    for (opened, path) in runs.iter().zip(paths).skip(1) {
        let digests =
            |run: &Fitted| run.info().data.iter().map(|file| file.sha256.clone()).collect::<Vec<_>>();
        if digests(&opened.run) != digests(&runs[0].run) || form(&opened.run) != form(&runs[0].run) {
            return Err(RunError::OtherData { first: paths[0].clone(), path: path.clone() }.into());
        }
        let parted = |run: &Fitted| (run.config().seed, run.config().data.split.clone());
        if parted(&opened.run) != parted(&runs[0].run) && options.data.is_none() {
            let (first, other) = (runs[0].run.data(&options.data_dir)?, opened.run.data(&options.data_dir)?);
            notes.extend(learned_from(&first, &other, &runs[0].name, &opened.name));
        }
    }
    let ranges = ranges(&mut runs, &options.data_dir, &mut notes);
    let (table, schema) = table(&runs, &ranges);
    let pictures = if shows {
        let rows = runs[0].run.encodings(options.data.as_deref(), &options.data_dir)?;
        match &rows.images {
            Some(images) => image_pictures(&mut runs, &rows, images, options)?,
            None => table_pictures(&mut runs, &rows, options)?,
        }
    } else {
        Vec::new()
    };
    let title = title(&runs);
    let names = runs.into_iter().map(|opened| opened.name).collect();
    Ok(Comparison { table, schema, notes, title, names, pictures })
}

/// What to say where a run learned from, or chose its best epoch by, rows that another one shows.
fn learned_from(first: &Dataset, other: &Dataset, first_name: &str, name: &str) -> Option<String> {
    let shown = shown(first);
    if first.rows().len() != other.rows().len() {
        return Some(format!(
            "the rows shown are test rows of {first_name}; {name} was fitted to another selection of rows and may have \
             learned from some"
        ));
    }
    let split = &other.split;
    let is_known =
        |row: &&usize| split.train.binary_search(row).is_ok() || split.valid.binary_search(row).is_ok();
    let known = shown.iter().filter(is_known).count();
    (known > 0).then(|| {
        format!(
            "{known} of the {} rows shown, test rows of {first_name}, are training or validation rows of {name}",
            shown.len()
        )
    })
}

/// A run's directory in short, or whole where two are called the same.
fn name(path: &Path, all: &[PathBuf]) -> String {
    let short = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_alone = all.iter().filter(|other| short(other) == short(path)).count() == 1;
    short(path).filter(|_| is_alone).unwrap_or_else(|| path.display().to_string())
}

/// The size of images; nothing for tables.
fn form(run: &Fitted) -> Option<ImageCodec> {
    match run.form() {
        Some(Form::Images(codec)) => Some(*codec),
        Some(Form::Table { .. }) | None => None,
    }
}

/// The title of the table, which says what its losses are.
fn title(runs: &[Opened]) -> String {
    let networks = runs.iter().filter(|opened| is_network(&opened.run));
    let other = networks.filter(|opened| !opened.run.config().model.likelihood().is_in_nats());
    let other: Vec<&str> = other.map(|opened| opened.name.as_str()).collect();
    match other.len() {
        0 => "Figures on test rows, losses in nats a row".to_string(),
        n if n == runs.len() => "Figures on test rows, losses are squared errors".to_string(),
        _ => format!(
            "Figures on test rows, losses in nats a row, those of {} squared errors",
            other.join(", ")
        ),
    }
}

/// Whether it has layers, a likelihood and epochs; figures of others are in nats.
fn is_network(run: &Fitted) -> bool {
    !run.layers().is_empty()
}

fn table(runs: &[Opened], ranges: &[Option<RankingInterval>]) -> (Table, Schema) {
    let text = |name: &str, of: &dyn Fn(&Fitted) -> String| {
        let levels = runs.iter().map(|opened| of(&opened.run)).collect();
        let codes = (0..runs.len() as u32).collect();
        Column { name: name.to_string(), cells: Cells::Text { codes, levels } }
    };
    let number = |name: &str, of: &dyn Fn(&Fitted) -> Option<f64>| {
        let values = runs.iter().map(|opened| of(&opened.run).unwrap_or(f64::NAN)).collect();
        Column { name: name.to_string(), cells: Cells::Number(values) }
    };
    let levels = runs.iter().map(|opened| opened.name.clone()).collect();
    let codes = (0..runs.len() as u32).collect();
    let parameters = |run: &Fitted| {
        let all = run.layers().iter().map(|layer| layer.parameters).sum::<usize>() as f64;
        is_network(run).then_some(all)
    };
    let likelihood = |run: &Fitted| match is_network(run) {
        true => run.config().model.likelihood().name().to_string(),
        false => "none".to_string(),
    };
    let mut columns = vec![
        Column { name: "run".to_string(), cells: Cells::Text { codes, levels } },
        text("model", &|run| run.config().model.name().to_string()),
        text("likelihood", &likelihood),
        number("parameters", &parameters),
        number("epochs", &|run| run.report().get("train.epochs").copied()),
        number("seconds", &|run| Some(run.info().seconds)),
    ];
    if form(&runs[0].run).is_some() {
        columns
            .insert(3, text("binarization", &|run| run.config().data.images.binarization.name().to_string()));
    }
    // The loss and its parts first, then what else there is, by name.
    let first = ["test.loss", "test.reconstruction", "test.kl"].map(str::to_string);
    let mut names: Vec<String> = runs.iter().flat_map(|opened| opened.run.report().into_keys()).collect();
    names.retain(|name| ["test.", "latent.", "table."].iter().any(|part| name.starts_with(part)));
    names.sort();
    names.dedup();
    let order = |name: &String| first.iter().position(|other| other == name).unwrap_or(first.len());
    names.sort_by_key(order);
    type End = fn(&RankingInterval) -> f64;
    let ends: [(&str, &str, End); 4] = [
        ("test.auroc", "bootstrap.auroc.low", |range| range.auroc[0]),
        ("test.auroc", "bootstrap.auroc.high", |range| range.auroc[1]),
        ("test.average_precision", "bootstrap.average_precision.low", |range| range.average_precision[0]),
        ("test.average_precision", "bootstrap.average_precision.high", |range| range.average_precision[1]),
    ];
    for name in &names {
        columns.push(number(name, &|run| run.report().get(name).copied()));
        for (_, end, of) in ends.iter().filter(|(figure, ..)| figure == name) {
            if ranges.iter().any(Option::is_some) {
                let values = ranges.iter().map(|range| range.as_ref().map_or(f64::NAN, of)).collect();
                columns.push(Column { name: (*end).to_string(), cells: Cells::Number(values) });
            }
        }
    }
    let table = Table { n_rows: runs.len(), columns };
    let schema = crate::run::fitted::score::plain_schema(&table);
    (table, schema)
}

fn image_pictures(
    runs: &mut [Opened],
    rows: &Encodings,
    images: &Images,
    options: &CompareOptions,
) -> Result<Vec<Vec<Figure>>> {
    let count = options.count.min(images.n);
    let shown = images.take(&(0..count).collect::<Vec<_>>());
    let mut pixels: Vec<f32> = shown.pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect();
    let mut labels = vec!["original".to_string()];
    type Places<'a> = (&'a [f64], &'a [f64]);
    let grid =
        |title: &str, pixels: &[f32], columns: usize, row_labels: &[String], at: Option<Places<'_>>| {
            let down: Vec<f64> = at.map_or(&[][..], |(_, y)| y).iter().rev().copied().collect();
            figure::image_grid(&figure::ImageGrid {
                row_labels,
                axes: at.map(|(x, _)| LatentAxes {
                    x_label: "latent dimension 1",
                    y_label: "latent dimension 2",
                    x,
                    y: &down,
                }),
                ..figure::ImageGrid::plain(title, Pixels::Floats(pixels), images.shape(), columns)
            })
        };
    let (mut scatters, mut grids) = (Vec::new(), Vec::new());
    for opened in runs {
        let width = images.height * images.width * images.channels;
        let all: Vec<u32> = (0..images.n as u32).collect();
        let InUse { network, pool, .. } = opened.run.in_use(Ability::Reconstruct)?;
        let bytes = Rows::bytes(&images.pixels, width);
        let (codes, _) = network.encode(pool, bytes, &all)?;
        let first = Matrix {
            n_rows: count,
            n_cols: codes.n_cols,
            values: codes.values[..count * codes.n_cols].to_vec(),
        };
        pixels.extend(network.decode(pool, &first)?.values);
        labels.push(opened.name.clone());
        scatters.push(scatter(&opened.name, &codes, rows.labels.as_deref())?);
        if codes.n_cols > 1 {
            let [low, high] = options.range;
            let (through, x, y, title) = if network.can_sample() {
                let at = latent::even_steps(low, high, options.side);
                (
                    vec![0.0; codes.n_cols],
                    at.clone(),
                    at,
                    format!("{}: decoded from {low} to {high}", opened.name),
                )
            } else {
                // Without a prior, the places that `latent grid` takes: where the codes are.
                let spread = latent::spread(&codes, None);
                let [x, y] = [0, 1].map(|j| spread.places(j, options.side));
                let middle = spread.mean.iter().map(|&mean| mean as f32).collect();
                (middle, x, y, format!("{}: decoded over 90 % of the codes", opened.name))
            };
            let z = latent::grid(&through, (0, 1), &x, &y);
            let decoded = network.decode(pool, &z)?;
            grids.push(grid(&title, &decoded.values, options.side, &[], Some((&x, &y)))?);
        }
    }
    let title = format!("{}, reconstructed", of_rows("images", options));
    let pairs = grid(&title, &pixels, count, &labels, None)?;
    Ok(vec![vec![pairs], scatters, grids])
}

fn table_pictures(
    runs: &mut [Opened],
    rows: &Encodings,
    options: &CompareOptions,
) -> Result<Vec<Vec<Figure>>> {
    let Some((table, schema)) = &rows.table else { return Ok(Vec::new()) };
    let count = options.count.min(table.n_rows).min(30);
    let mut scatters = Vec::new();
    let mut groups: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for opened in runs {
        let InUse { form, network, pool } = opened.run.in_use(Ability::Reconstruct)?;
        let Form::Table { codec, .. } = form else { continue };
        let encoded = codec.encode_with(table, None)?.matrix;
        let all: Vec<u32> = (0..encoded.n_rows as u32).collect();
        let (codes, _) = network.encode(pool, Rows::matrix(&encoded), &all)?;
        scatters.push(scatter(&opened.name, &codes, rows.labels.as_deref())?);
        let first = Matrix {
            n_rows: count,
            n_cols: codes.n_cols,
            values: codes.values[..count * codes.n_cols].to_vec(),
        };
        let expected = codec.decode(&network.decode(pool, &first)?)?;
        if columns.is_empty() {
            columns = expected.columns.iter().take(14).map(|column| column.name.clone()).collect();
            groups.push(("original".to_string(), texts(table, schema, &columns, count)));
        }
        groups.push((opened.name.clone(), texts(&expected, schema, &columns, count)));
    }
    let groups: Vec<RowGroup<'_>> = groups.iter().map(|(name, rows)| RowGroup { name, rows }).collect();
    let title = &format!("{}, reconstructed", of_rows("rows", options));
    let pairs = figure::table_figure(&figure::TableFigure { title, columns: &columns, groups: &groups })?;
    Ok(vec![vec![pairs], scatters])
}

/// What is shown of all runs: `The same test images`, or `The same images of FILE`.
fn of_rows(what: &str, options: &CompareOptions) -> String {
    match options.data.as_deref().map(|path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()) {
        Some(name) => format!("The same {what} of {name}"),
        None => format!("The same test {what}"),
    }
}

fn texts(table: &Table, schema: &Schema, columns: &[String], count: usize) -> Vec<Vec<String>> {
    let cell = |row: usize, name: &String| {
        crate::run::figures::shorter(&cell_text(schema, table, name, row).unwrap_or_default())
    };
    (0..count).map(|row| columns.iter().map(|name| cell(row, name)).collect()).collect()
}

fn scatter(name: &str, codes: &Matrix, labels: Option<&[Option<String>]>) -> Result<Figure> {
    let second = usize::from(codes.n_cols > 1);
    let points: Vec<[f32; 2]> = (0..codes.n_rows).map(|i| [codes.row(i)[0], codes.row(i)[second]]).collect();
    let names: Vec<String> = counts(labels.unwrap_or_default()).into_iter().map(|(name, _)| name).collect();
    let code = |label: &Option<String>| {
        let at = label.as_ref().and_then(|label| names.iter().position(|name| name == label));
        at.unwrap_or(names.len()) as u32
    };
    let classes: Vec<u32> = labels.unwrap_or_default().iter().map(code).collect();
    let coloring = if names.is_empty() {
        Coloring::Plain
    } else {
        Coloring::Category { codes: &classes, names: &names }
    };
    Ok(figure::scatter(&figure::Scatter {
        title: &format!("{name}: rows in the latent space"),
        x_label: "latent dimension 1",
        y_label: if second == 1 { "latent dimension 2" } else { "latent dimension 1" },
        points: &points,
        coloring,
        marginals: false,
    })?)
}

impl Comparison {
    /// The table, the same rows reconstructed by all runs, their latent spaces, and of images with two latent dimensions
    /// or more a traversal grid of each, on one page.
    ///
    /// # Errors
    /// More than can be drawn.
    pub fn figure(&self) -> Result<Figure> {
        // A name of words can be broken over lines.
        let words = |column: &&Column| column.name.replace(['.', '_'], " ");
        // What no run has is left out, and intervals stand behind their figures.
        let has_any = |column: &&Column| match &column.cells {
            Cells::Number(values) => values.iter().any(|value| !value.is_nan()),
            Cells::Text { .. } => true,
        };
        let is_end = |column: &&Column| column.name.starts_with("bootstrap.");
        let shown: Vec<&Column> =
            self.table.columns[1..].iter().filter(has_any).filter(|column| !is_end(column)).collect();
        let columns: Vec<String> = shown.iter().map(words).collect();
        let end = |column: &Column, which: &str, row: usize| {
            let name = format!("{}.{which}", column.name.replacen("test.", "bootstrap.", 1));
            match &self.table.column(&name)?.cells {
                Cells::Number(values) => Some(values[row]).filter(|value| !value.is_nan()).map(short),
                Cells::Text { .. } => None,
            }
        };
        let cell = |column: &Column, row: usize| match &column.cells {
            Cells::Number(values) if values[row].is_nan() => "-".to_string(),
            Cells::Number(values) => match (end(column, "low", row), end(column, "high", row)) {
                (Some(low), Some(high)) => format!("{} ({low} to {high})", short(values[row])),
                _ => short(values[row]),
            },
            cells => cells.text(row).unwrap_or_default().to_string(),
        };
        let rows: Vec<Vec<Vec<String>>> = (0..self.table.n_rows)
            .map(|row| vec![shown.iter().map(|column| cell(column, row)).collect()])
            .collect();
        let groups: Vec<RowGroup<'_>> =
            self.names.iter().zip(&rows).map(|(name, rows)| RowGroup { name, rows }).collect();
        let title = &self.title;
        let table = figure::table_figure(&figure::TableFigure { title, columns: &columns, groups: &groups })?;
        let mut page = vec![vec![table.clone()]];
        page.extend(self.pictures.iter().filter(|row| !row.is_empty()).cloned());
        let title = self.names.join(", ");
        Ok(figure::sheet(&figure::Sheet { title: &title, rows: &page, numbers: table.csv() })?)
    }
}

/// Whole numbers as they are, others to four digits.
fn short(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 10_000.0 {
        return format!("{value:.0}");
    }
    let digits = 3 - (value.abs().log10().floor() as i32).clamp(-3, 3);
    format!("{value:.*}", digits as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use crate::run::dataset::of_zeros;

    #[test]
    fn only_rows_that_a_run_learned_from_are_told() {
        let of = |train: &[usize], valid: &[usize], test: &[usize]| {
            let split = Split { train: train.to_vec(), valid: valid.to_vec(), test: test.to_vec() };
            Dataset { split, ..of_zeros(&[1], 6) }
        };
        let first = of(&[0, 1, 2], &[3], &[4, 5]);
        assert_eq!(learned_from(&first, &of(&[1, 3], &[0, 2], &[4, 5]), "a", "b"), None);
        assert_eq!(
            learned_from(&first, &of(&[0, 4], &[1, 5], &[2, 3]), "a", "b").unwrap(),
            "2 of the 2 rows shown, test rows of a, are training or validation rows of b"
        );
    }

    #[test]
    fn what_is_shown_is_called_by_its_file() {
        let mut options = CompareOptions::default();
        assert_eq!(of_rows("images", &options), "The same test images");
        options.data = Some(PathBuf::from("some/new.csv"));
        assert_eq!(of_rows("rows", &options), "The same rows of new.csv");
    }

    #[test]
    fn numbers_have_four_digits_and_names_are_short_where_they_can_be() {
        assert_eq!(
            ["133.5", "7.101", "0.1612", "50", "935424"].map(str::to_string),
            [short(133.48), short(7.1012), short(0.16121), short(50.0), short(935_424.0)]
        );
        let all = ["a/x", "b/x", "c/y"].map(PathBuf::from);
        assert_eq!(name(&all[0], &all), "a/x");
        assert_eq!(name(&all[2], &all), "y");
    }
}
