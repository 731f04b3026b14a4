//! What is mapped: the codes of a run, the numbers of a table, or the pixels of images.

use std::path::Path;

use super::MapOptions;
use super::codes::Codes;
use super::column::{check_present, columns_of, far_cells, mapped, matrix, told};
use super::output::texts;
use crate::codec::ImageCodec;
use crate::data::{self, Cells, Column, ColumnSchema, Data, Images, Kind, Matrix, Schema, Table};
use crate::error::{ConfigError, Result, RunError};
use crate::models::Ability;
use crate::run::config::Config;
use crate::run::dataset::{image_options, label_texts, looks_like_images, table_options};
use crate::run::fitted::Fitted;

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

pub(super) fn read(options: &MapOptions) -> Result<Input> {
    let path = &options.input;
    // A run without its `run.json` is no folder of images.
    let is_part = ["config.toml", "model.safetensors"].iter().any(|name| path.join(name).is_file());
    let is_run = path.join("run.json").is_file() || is_part;
    if !options.reading.is_empty() && (is_run || looks_like_images(path)) {
        return Err(ConfigError::Conflict {
            what: format!("{} is no table, and settings say how one is read", path.display()),
            remedy: "leave the settings of `data` out: a run reads rows as those it was fitted on"
                .to_string(),
        }
        .into());
    }
    let input = if is_run {
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
    let mut run = Fitted::open(&options.input, options.threads)?;
    if run.table_model().is_some() {
        return of_table_run(options, &mut run);
    }
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

/// Rows of a run whose model has no codes, by their columns, with how unusual each is.
fn of_table_run(options: &MapOptions, run: &mut Fitted) -> Result<Input> {
    let path = &options.input;
    let (mut known, mut schema, rows, part, mut notes) = match &options.data {
        Some(data) => {
            let reading = run.read(data)?;
            let Data::Table(table, schema) = reading.data else {
                return Err(run.cannot(Ability::Encode));
            };
            (table, schema, None, "rows", reading.notes)
        }
        None => {
            let own = run.data(&options.data_dir)?;
            let (rows, part) = match own.split.test.as_slice() {
                [] => (&own.split.train, "training rows"),
                _ => (&own.split.test, "test rows"),
            };
            let Data::Table(table, schema) = &own.content else {
                return Err(run.cannot(Ability::Encode));
            };
            let numbers = rows.iter().map(|&row| row as u32 + 1).collect();
            (table.take(rows), schema.clone(), Some(numbers), part, own.notes.clone())
        }
    };
    let config = run.config().clone();
    let target = config.data.target.clone();
    let scores = if run.can(Ability::Score) {
        Some(run.score(Data::Table(known.clone(), schema.clone()), 0)?.scores)
    } else {
        None
    };
    let is_left_out = |name: &str| {
        target.as_deref() == Some(name)
            || options.color.as_deref() == Some(name)
            || config.data.drop.iter().chain(&options.config.drop).any(|dropped| dropped == name)
    };
    let (matrix, about) = {
        let (mut numbers, said) = mapped(&known, &schema, is_left_out, path)?;
        notes.extend(said);
        // What is missing says nothing of where a row lies.
        for mapped in &mut numbers {
            let present: Vec<f64> = mapped.values.iter().copied().filter(|value| !value.is_nan()).collect();
            let mean = present.iter().sum::<f64>() / present.len().max(1) as f64;
            mapped.values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = mean);
        }
        notes.insert(0, told(&numbers, known.columns.len(), true));
        let about = format!("{} {part}, {} columns", known.n_rows, columns_of(&numbers));
        (matrix(&numbers, true), about)
    };
    let present = |name: &String| known.column(name).is_some_and(|column| column.n_missing() < known.n_rows);
    let color = options.color.clone().or_else(|| target.filter(present));
    if let Some(scores) = scores {
        let score = Column { name: "score".to_string(), cells: Cells::Number(scores) };
        add(&mut known, &mut schema, score, &mut notes);
    }
    let title = format!("Map of {}", name_of(path));
    Ok(Input { matrix, known, schema, rows, color, pictures: None, title, about, notes })
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
    let data::Reading { table: known, schema, notes: read_notes, .. } =
        data::read(path, &table_options(path, &options.reading))?;
    let wanted = options.config.drop.iter().chain(&options.color);
    wanted.into_iter().try_for_each(|name| known.require(name).map(|_| ()))?;
    let is_left_out = |name: &str| {
        options.color.as_deref() == Some(name) || options.config.drop.iter().any(|drop| drop == name)
    };
    let mut notes: Vec<String> =
        read_notes.iter().filter(|note| !note.is_quiet()).map(ToString::to_string).collect();
    let (numbers, said) = mapped(&known, &schema, is_left_out, path)?;
    notes.extend(said);
    check_present(&numbers, path)?;
    let is_numpy = path
        .extension()
        .is_some_and(|e| ["npy", "npz"].contains(&e.to_string_lossy().to_lowercase().as_str()));
    let standardize = options.config.standardize.unwrap_or(!is_numpy);
    let matrix = matrix(&numbers, standardize);
    notes.extend(far_cells(&numbers));
    notes.insert(0, told(&numbers, known.columns.len(), standardize));
    let title = format!("Map of {}", name_of(path));
    let about = format!("{} rows, {} columns", matrix.n_rows, columns_of(&numbers));
    let color = options.color.clone();
    Ok(Input { matrix, known, schema, rows: None, color, pictures: None, title, about, notes })
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
}
