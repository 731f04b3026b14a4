//! What is mapped: the codes of a run, the numbers of a table, or the pixels of images.

use std::path::Path;

use super::MapOptions;
use super::codes::Codes;
use super::output::texts;
use crate::codec::ImageCodec;
use crate::data::{self, Cells, Column, ColumnSchema, Images, Kind, Matrix, Schema, Table};
use crate::error::{ConfigError, MapError, Result, RunError};
use crate::run::config::Config;
use crate::run::dataset::{image_options, label_texts, looks_like_images, read_options_of};
use crate::run::open::Run;

/// What is mapped, and what is known of each row.
pub(super) struct Input {
    pub(super) matrix: Matrix,
    pub(super) known: Table,
    pub(super) schema: Schema,
    /// The number of each row in the data, from 1, where only some of them are mapped.
    pub(super) rows: Option<Vec<u32>>,
    pub(super) color: Option<String>,
    pub(super) pictures: Option<Pictures>,
    pub(super) title: String,
    pub(super) about: String,
    pub(super) notes: Vec<String>,
}

/// The image of each row.
#[derive(Debug)]
pub(super) struct Pictures {
    pub(super) codec: ImageCodec,
    pub(super) original: Vec<u8>,
    pub(super) decoded: Option<Vec<u8>>,
}

/// Distances above this, or all below its inverse, are scaled together, so that their squares are numbers too.
const LARGEST: f64 = 1e12;
/// A cell so many times as far from the middle of its column as the one before it leaves the others no room.
const FAR: f64 = 1e4;
/// Such cells of a column that a note lists.
const MOST_FAR: usize = 3;
/// Names of rows and columns that an error lists.
const MOST_NAMED: usize = 10;

pub(super) fn read(options: &MapOptions) -> Result<Input> {
    let path = &options.input;
    // A run without its `run.json` is no folder of images.
    let is_part = ["config.toml", "model.safetensors"].iter().any(|name| path.join(name).is_file());
    let input = if path.join("run.json").is_file() || is_part {
        of_run(options)?
    } else if let Some(data) = &options.data {
        return Err(ConfigError::Conflict {
            what: format!("{} is not a run, so {} cannot be encoded", path.display(), data.display()),
            remedy: "give a run and data, or one table of numbers".to_string(),
        }
        .into());
    } else if looks_like_images(path) {
        of_images(path)?
    } else {
        of_table(options)?
    };
    // Found out before the work, not after it.
    let wanted = options.columns.iter().flatten().chain(&input.color);
    wanted.into_iter().try_for_each(|name| input.known.require(name).map(|_| ()))?;
    Ok(input)
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The codes of rows, with the table they are of and how unusual each is.
fn of_run(options: &MapOptions) -> Result<Input> {
    let mut run = Run::open(&options.input, options.threads)?;
    let Codes { latent, scores, decoded, table, images, rows, labels, part, mut notes } = match &options.data
    {
        Some(data) => run.codes_of(data)?,
        None => run.own_codes(&options.data_dir)?,
    };
    let n = latent.n_rows;
    let target = run.config().data.target.clone();
    let (mut known, mut schema) =
        table.unwrap_or_else(|| (Table { columns: Vec::new(), n_rows: n }, Schema { columns: Vec::new() }));
    let mut color = options.color.clone();
    if let Some(labels) = labels {
        let mut column = texts("label", labels.into_iter());
        sort_levels(&mut column);
        add(&mut known, &mut schema, column, &mut notes);
        color = color.or_else(|| Some("label".to_string()));
    }
    let present = |name: &String| known.column(name).is_some_and(|column| column.n_missing() < n);
    let color = color.or_else(|| target.filter(present));
    let number =
        |name: &str, values: Vec<f64>| Column { name: name.to_string(), cells: Cells::Number(values) };
    add(&mut known, &mut schema, number("score", scores), &mut notes);
    // Codes are columns only where they are asked for: there may be many.
    let asked = |name: &str| options.columns.iter().flatten().chain(&color).any(|wanted| wanted == name);
    for j in 0..latent.n_cols {
        let name = format!("z{}", j + 1);
        if asked(&name) && known.column(&name).is_none() {
            let values = (0..n).map(|i| f64::from(latent.row(i)[j])).collect();
            add(&mut known, &mut schema, number(&name, values), &mut notes);
        }
    }
    let codec = images.as_ref().map(ImageCodec::of);
    let pictures =
        codec.zip(images).map(|(codec, images)| Pictures { codec, original: images.pixels, decoded });
    let title = format!("Latent space of {}", name_of(&options.input));
    let about = format!("{n} {part}, {} dimensions", latent.n_cols);
    Ok(Input { matrix: latent, known, schema, rows, color, pictures, title, about, notes })
}

/// Adds a column unless the data has one of that name.
fn add(known: &mut Table, schema: &mut Schema, column: Column, notes: &mut Vec<String>) {
    if known.column(&column.name).is_some() {
        notes.push(format!("`{}` is the data's column, not the model's", column.name));
        return;
    }
    let kind = match &column.cells {
        Cells::Number(_) => Kind::Real { decimals: 17, min: f64::NEG_INFINITY, max: f64::INFINITY },
        Cells::Text { levels, .. } => Kind::Categorical { levels: levels.clone() },
    };
    schema.columns.push(ColumnSchema::new(&column.name, kind, column.n_missing()));
    known.columns.push(column);
}

/// All images of a file or folder, training and test ones.
fn of_images(path: &Path) -> Result<Input> {
    let set = data::read_images(path, &image_options(&Config::default()))?;
    let images = match set.test {
        Some(test) => joined(set.train, test)?,
        None => set.train,
    };
    let codec = ImageCodec::of(&images);
    let matrix = codec.encode(&images, None)?;
    let (mut known, mut schema) =
        (Table { columns: Vec::new(), n_rows: images.n }, Schema { columns: Vec::new() });
    let mut notes = set.notes;
    let labels = images.labels.as_ref().map(|labels| label_texts(labels, set.names.as_deref()));
    let color = labels.map(|labels| {
        let mut column = texts("label", labels.into_iter());
        sort_levels(&mut column);
        add(&mut known, &mut schema, column, &mut notes);
        "label".to_string()
    });
    let about = format!("{} images of {} x {} pixels", images.n, images.height, images.width);
    let pictures = Some(Pictures { codec, original: images.pixels, decoded: None });
    let title = format!("Map of {}", name_of(path));
    Ok(Input { matrix, known, schema, rows: None, color, pictures, title, about, notes })
}

/// Levels by name, or by number where they are numbers.
fn sort_levels(column: &mut Column) {
    let Cells::Text { codes, levels } = &mut column.cells else { return };
    let mut order: Vec<usize> = (0..levels.len()).collect();
    let number = |i: usize| levels[i].parse::<u64>().ok();
    order.sort_by(|&a, &b| number(a).cmp(&number(b)).then_with(|| levels[a].cmp(&levels[b])));
    let mut place = vec![0; levels.len()];
    order.iter().enumerate().for_each(|(new, &old)| place[old] = new as u32);
    codes.iter_mut().for_each(|code| *code = place.get(*code as usize).copied().unwrap_or(*code));
    *levels = order.into_iter().map(|i| levels[i].clone()).collect();
}

fn joined(mut first: Images, second: Images) -> Result<Images> {
    let (codec, other) = (ImageCodec::of(&first), ImageCodec::of(&second));
    if codec != other {
        return Err(RunError::NoData {
            reason: format!("training images are {}, test images {}", codec.described(), other.described()),
            remedy: "all images must be of one size and color".to_string(),
        }
        .into());
    }
    first.n += second.n;
    first.pixels.extend(second.pixels);
    first.labels = first.labels.zip(second.labels).map(|(a, b)| [a, b].concat());
    Ok(first)
}

/// The columns of numbers of a table.
fn of_table(options: &MapOptions) -> Result<Input> {
    let path = &options.input;
    let data::Reading { table: known, schema, notes: told } =
        data::read(path, &read_options_of(&Config::default(), path))?;
    let wanted = options.config.drop.iter().chain(&options.color);
    wanted.into_iter().try_for_each(|name| known.require(name).map(|_| ()))?;
    let mut numbers: Vec<(&str, Vec<f64>)> = Vec::new();
    let mut left_out: Vec<(&str, &str)> = Vec::new();
    for (column, about) in known.columns.iter().zip(&schema.columns) {
        let name = column.name.as_str();
        if options.color.as_deref() == Some(name) || options.config.drop.iter().any(|drop| drop == name) {
            continue;
        }
        match numbers_of(column, &about.kind) {
            Ok(values) => numbers.push((name, values)),
            Err(why) => left_out.push((name, why)),
        }
    }
    let mut notes: Vec<String> =
        told.iter().filter(|note| !note.is_quiet()).map(ToString::to_string).collect();
    for why in ["constant", "identifier", "date-time", "text"] {
        let names: Vec<&str> = left_out.iter().filter(|(_, w)| *w == why).map(|(name, _)| *name).collect();
        if !names.is_empty() {
            notes.push(format!("not mapped ({why}): {}", listed(&names)));
        }
    }
    if numbers.is_empty() {
        let constant = left_out.iter().filter(|(_, why)| *why == "constant").count();
        return Err(MapError::NoNumbers { columns: known.columns.len(), constant, path: path.clone() }.into());
    }
    check_present(&numbers, path)?;
    let is_numpy = path
        .extension()
        .is_some_and(|e| ["npy", "npz"].contains(&e.to_string_lossy().to_lowercase().as_str()));
    let standardize = options.config.standardize.unwrap_or(!is_numpy);
    let matrix = matrix(&numbers, standardize);
    let how = if standardize { "each brought to mean 0 and standard deviation 1" } else { "as they are" };
    notes.extend(far_cells(&numbers));
    notes.insert(0, format!("mapped {} of {} columns, {how}", numbers.len(), known.columns.len()));
    let title = format!("Map of {}", name_of(path));
    let about = format!("{} rows, {} columns of numbers", matrix.n_rows, matrix.n_cols);
    let color = options.color.clone();
    Ok(Input { matrix, known, schema, rows: None, color, pictures: None, title, about, notes })
}

/// The numbers of a column, or why it is not mapped.
fn numbers_of(column: &Column, kind: &Kind) -> Result<Vec<f64>, &'static str> {
    match (kind, &column.cells) {
        (Kind::Constant { .. }, _) => Err("constant"),
        (Kind::Identifier, _) => Err("identifier"),
        (Kind::DateTime { .. }, _) => Err("date-time"),
        (_, Cells::Number(values)) => {
            let first = values.first().copied().unwrap_or(f64::NAN);
            if values.iter().all(|value| *value == first) { Err("constant") } else { Ok(values.clone()) }
        }
        // A flag of 0 and 1 is text with two levels.
        (Kind::Boolean { levels }, Cells::Text { codes, .. }) => {
            let values = levels.iter().map(|level| level.parse::<f64>()).collect::<Result<Vec<_>, _>>();
            let values = values.map_err(|_| "text")?;
            Ok(codes.iter().map(|code| values.get(*code as usize).copied().unwrap_or(f64::NAN)).collect())
        }
        _ => Err("text"),
    }
}

/// A map has no place for a row of which something is not known.
fn check_present(numbers: &[(&str, Vec<f64>)], path: &Path) -> Result<()> {
    let mut cells = Vec::new();
    let mut count = 0;
    for row in 0..numbers[0].1.len() {
        for (name, values) in numbers {
            if values[row].is_nan() {
                count += 1;
                if cells.len() < MOST_NAMED {
                    cells.push(format!("row {} `{name}`", row + 1));
                }
            }
        }
    }
    if count == 0 { Ok(()) } else { Err(MapError::Missing { cells, count, path: path.to_path_buf() }.into()) }
}

fn listed(names: &[&str]) -> String {
    listed_by(names, ", ")
}

fn listed_by(names: &[&str], separator: &str) -> String {
    let shown = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(separator);
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The columns side by side in single precision, each about its mean: distances stay as they are, and what a large offset
/// has in common is not left to be rounded away.
fn matrix(numbers: &[(&str, Vec<f64>)], standardize: bool) -> Matrix {
    let (n_rows, n_cols) = (numbers[0].1.len(), numbers.len());
    let mut matrix = Matrix::zeros(n_rows, n_cols);
    let largest = |values: &[f64]| values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    let centered: Vec<(f64, Vec<f64>)> = numbers
        .iter()
        .map(|(_, values)| {
            // First divided by the largest, so that sums and squares of huge values are finite.
            let unit = power_of_two(largest(values));
            let mean = values.iter().map(|value| value / unit).sum::<f64>() / n_rows as f64;
            (unit, values.iter().map(|value| value / unit - mean).collect())
        })
        .collect();
    // Half of each, since the distance of two numbers may be more than the largest number.
    let widest = centered.iter().map(|(unit, values)| unit * (largest(values) / 2.0)).fold(0.0, f64::max);
    // By a power of two, which changes no digit.
    let common =
        if widest == 0.0 || (1.0 / LARGEST..=LARGEST).contains(&widest) { 1.0 } else { power_of_two(widest) };
    for (j, (unit, values)) in centered.iter().enumerate() {
        let scale = if standardize {
            let variance = values.iter().map(|value| value.powi(2)).sum::<f64>() / n_rows as f64;
            if variance > 0.0 { 1.0 / variance.sqrt() } else { 1.0 }
        } else {
            unit / common
        };
        for (i, value) in values.iter().enumerate() {
            matrix.row_mut(i)[j] = (value * scale) as f32;
        }
    }
    matrix
}

/// What is said of cells so far from the others of their column that these lie at one place beside them.
fn far_cells(numbers: &[(&str, Vec<f64>)]) -> Vec<String> {
    let far = numbers.iter().filter_map(|(name, values)| {
        let middle = |mut values: Vec<f64>| {
            let at = values.len() / 2;
            *values.select_nth_unstable_by(at, f64::total_cmp).1
        };
        // In halves, since the distance of two numbers may be more than the largest number.
        let median = middle(values.clone()) / 2.0;
        let mut order: Vec<(f64, usize)> =
            values.iter().enumerate().map(|(row, value)| ((value / 2.0 - median).abs(), row)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let first = (order.len() / 2 + 1..order.len())
            .find(|&i| order[i - 1].0 > 0.0 && order[i].0 / FAR > order[i - 1].0)?;
        let mut rows: Vec<usize> = order[first..].iter().map(|(_, row)| *row).collect();
        rows.sort_unstable();
        let cells: Vec<String> = rows
            .iter()
            .take(MOST_FAR)
            .map(|&row| format!("row {} is {}", row + 1, written(values[row])))
            .collect();
        let more = if rows.len() > cells.len() { ", …" } else { "" };
        Some(format!("`{name}` in {}{more}", cells.join(", ")))
    });
    let far: Vec<String> = far.collect();
    if far.is_empty() {
        return Vec::new();
    }
    let listed: Vec<&str> = far.iter().map(String::as_str).collect();
    vec![format!(
        "far beyond all others of the column, which beside it are as good as equal: {}; correct or leave out such rows",
        listed_by(&listed, "; ")
    )]
}

/// A number with an exponent where it would be a long row of zeros.
fn written(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() > 17 { format!("{value:e}") } else { plain }
}

/// The power of two that takes `value` near 1.
fn power_of_two(value: f64) -> f64 {
    if value > 0.0 && value.is_finite() { value.log2().floor().clamp(-1022.0, 1023.0).exp2() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_in_the_order_of_their_numbers() {
        let labels = ["10", "2", "10", "0"].map(|label| Some(label.to_string()));
        let mut column = texts("label", labels.into_iter().chain([None]));
        sort_levels(&mut column);
        let levels = ["0", "2", "10"].map(str::to_string).to_vec();
        assert_eq!(column.cells, Cells::Text { codes: vec![2, 1, 2, 0, data::MISSING], levels });
    }

    #[test]
    fn huge_and_tiny_columns_become_ordinary_numbers() {
        let numbers = [("huge", vec![1e308, -1e308, 0.5e308]), ("tiny", vec![1e-300, 3e-300, 2e-300])];
        let standard = matrix(&numbers, true);
        for j in 0..2 {
            let column: Vec<f64> = (0..3).map(|i| f64::from(standard.row(i)[j])).collect();
            let (mean, square) =
                (column.iter().sum::<f64>() / 3.0, column.iter().map(|v| v * v).sum::<f64>() / 3.0);
            assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{column:?}");
        }
        let plain = matrix(&numbers, false);
        assert!(plain.values.iter().all(|v| v.abs() < 4.0));
        let apart = |a: usize, b: usize| f64::from(plain.row(a)[0] - plain.row(b)[0]);
        assert!((apart(0, 1) / apart(0, 2) - 4.0).abs() < 1e-5, "{:?}", plain.values);
        // What is of ordinary size keeps its distances.
        assert_eq!(matrix(&[("a", vec![1.5, -7.25])], false).values, [4.375, -4.375]);
    }

    #[test]
    fn what_values_have_in_common_takes_no_digits_of_what_differs() {
        let small: Vec<f64> = (0..5).map(|i| f64::from(i) * 0.25).collect();
        for offset in [1e9, -1e9, 1e13] {
            let moved: Vec<f64> = small.iter().map(|value| value + offset).collect();
            for standardize in [false, true] {
                let [plain, moved] =
                    [&small, &moved].map(|values| matrix(&[("a", values.clone())], standardize));
                let apart = |m: &Matrix| f64::from(m.values[4] - m.values[0]);
                let (expected, found) = (apart(&plain), apart(&moved));
                assert!(
                    (found / expected - 1.0).abs() < 1e-6,
                    "{offset} {standardize}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn cells_that_leave_the_others_no_room_are_named() {
        let mut values: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50) / 10.0).collect();
        assert_eq!(far_cells(&[("a", values.clone())]), Vec::<String>::new());
        // Most zeros and a few that differ, as of amounts, are no such thing.
        assert!(far_cells(&[("a", [vec![0.0; 40], vec![3.0, 900.0, 40.0]].concat())]).is_empty());
        values[7] = 1e300;
        let notes = far_cells(&[("b", vec![0.5; 50]), ("x_3", values)]);
        assert!(notes.len() == 1 && notes[0].contains(": `x_3` in row 8 is 1e300;"), "{notes:?}");
    }

    #[test]
    fn missing_cells_are_all_counted_and_the_first_are_named() {
        let numbers = [("a", vec![1.0, f64::NAN]), ("b", vec![f64::NAN, 2.0])];
        let error = check_present(&numbers, Path::new("t.csv")).unwrap_err();
        assert_eq!(error.to_string(), "2 cells are missing (row 1 `b`, row 2 `a`): t.csv");
        assert!(error.hint().unwrap().contains("veridic fit"));
    }

    #[test]
    fn flags_written_as_numbers_are_numbers_and_words_are_not() {
        let flag = |levels: [&str; 2]| Kind::Boolean { levels: levels.map(str::to_string) };
        let column = |levels: [&str; 2]| Column {
            name: String::new(),
            cells: Cells::Text { codes: vec![1, 0], levels: levels.map(str::to_string).to_vec() },
        };
        assert_eq!(numbers_of(&column(["0", "1"]), &flag(["0", "1"])), Ok(vec![1.0, 0.0]));
        assert_eq!(numbers_of(&column(["no", "yes"]), &flag(["no", "yes"])), Err("text"));
    }
}
