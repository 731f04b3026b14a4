//! Rows of data with where they lie in the latent space of a run.

use std::path::Path;

use super::{Fitted, InUse, Record};
use crate::data::{Data, Images, Matrix, Schema, Table, cell_text};
use crate::error::{Result, RunError};
use crate::models::Ability;
use crate::run::dataset::search::Search;
use crate::run::dataset::{self, Dataset, index};

/// Some of the rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Group {
    /// Those with this value in a column; images have the column `label`.
    Value {
        /// The column.
        column: String,
        /// The value, as the data writes it.
        value: String,
    },
    /// Rows by number, from 1.
    Rows(Vec<usize>),
}

/// Rows of data with their encodings.
#[derive(Debug, Clone)]
pub(crate) struct Encodings {
    pub(crate) mean: Matrix,
    pub(crate) log_variance: Option<Matrix>,
    pub(crate) table: Option<(Table, Schema)>,
    pub(crate) images: Option<Images>,
    pub(crate) labels: Option<Vec<Option<String>>>,
    /// What the rows are called in messages.
    pub(crate) name: String,
    pub(crate) notes: Vec<String>,
}

impl Fitted {
    /// The data that the run was fitted to, parted as it was.
    pub(crate) fn data(&self, data_dir: &Path) -> Result<Dataset> {
        let run = match &self.record {
            Record::Directory(directory) => Some(directory.path.as_path()),
            Record::Memory { .. } => None,
        };
        Search { info: &self.info, run, data_dir }.load(&self.config)
    }

    /// The rows of `data`, or the run's test rows, encoded.
    pub(crate) fn encodings(&mut self, data: Option<&Path>, data_dir: &Path) -> Result<Encodings> {
        if let Some(path) = data {
            let reading = self.read(path)?;
            let (encoded, notes) = self.encoded(&reading)?;
            let InUse { network, pool, .. } = self.in_use(Ability::Encode)?;
            let (mean, log_variance) = network.encode(pool, encoded.rows(), &encoded.index())?;
            let notes = [reading.notes.as_slice(), &notes].concat();
            let (table, images) = parted(reading.data);
            let name = path.display().to_string();
            return Ok(Encodings { mean, log_variance, table, images, labels: reading.labels, name, notes });
        }
        let own = self.data(data_dir)?;
        let split = &own.split;
        let parts = [(&split.test, "test"), (&split.valid, "validation"), (&split.train, "training")];
        let (rows, part) =
            parts.into_iter().find(|(rows, _)| !rows.is_empty()).unwrap_or((&split.train, "training"));
        let InUse { network, pool, .. } = self.in_use(Ability::Encode)?;
        let (mean, log_variance) = network.encode(pool, own.rows(), &index(rows))?;
        let labels = own.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row].clone()).collect());
        let (table, images) = match own.content {
            Data::Table(table, schema) => (Some((table.take(rows), schema)), None),
            Data::Images(images) => (None, Some(images.take(rows))),
        };
        let name = format!("the run's {part} rows");
        Ok(Encodings { mean, log_variance, table, images, labels, name, notes: Vec::new() })
    }
}

/// The table with its schema, or the images.
fn parted(data: Data) -> (Option<(Table, Schema)>, Option<Images>) {
    match data {
        Data::Table(table, schema) => (Some((table, schema)), None),
        Data::Images(images) => (None, Some(images)),
    }
}

impl Group {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Value { column, value } => format!("{column} = {value}"),
            Self::Rows(rows) if rows.len() == 1 => format!("row {}", rows[0]),
            Self::Rows(rows) => format!("{} rows", rows.len()),
        }
    }
}

impl Encodings {
    /// The point of a row, counted from 1.
    pub(crate) fn row(&self, row: usize) -> Result<&[f32]> {
        if row == 0 || row > self.mean.n_rows {
            return Err(RunError::NoRow { row, rows: self.mean.n_rows, of: self.name.clone() }.into());
        }
        Ok(self.mean.row(row - 1))
    }

    /// The points of a group, at least one.
    pub(crate) fn group(&self, group: &Group) -> Result<Matrix> {
        let rows: Vec<usize> = match group {
            Group::Rows(rows) => rows.clone(),
            Group::Value { column, value } => {
                let cells = self.cells(column)?;
                let same = |cell: &Option<String>| {
                    cell.as_ref().is_some_and(|cell| {
                        cell == value
                            || cell.parse::<f64>().ok().is_some_and(|cell| value.parse() == Ok(cell))
                    })
                };
                let rows: Vec<usize> = (1..=cells.len()).filter(|&row| same(&cells[row - 1])).collect();
                if rows.is_empty() {
                    let known = dataset::counts(&cells).into_iter().map(|(value, _)| value).collect();
                    let (column, value, of) = (column.clone(), value.clone(), self.name.clone());
                    return Err(RunError::NoSuchRows { column, value, known, of }.into());
                }
                rows
            }
        };
        let mut points = Matrix { n_rows: rows.len(), n_cols: self.mean.n_cols, values: Vec::new() };
        for row in rows {
            points.values.extend_from_slice(self.row(row)?);
        }
        Ok(points)
    }

    /// The text of each cell of a column; of images the labels.
    fn cells(&self, column: &str) -> Result<Vec<Option<String>>> {
        if let Some((table, schema)) = &self.table {
            table.require(column)?;
            return Ok((0..table.n_rows).map(|row| cell_text(schema, table, column, row)).collect());
        }
        match &self.labels {
            Some(labels) if column == "label" => Ok(labels.clone()),
            labels => {
                let has_labels = labels.is_some();
                Err(RunError::NoLabels { column: column.to_string(), has_labels, of: self.name.clone() }
                    .into())
            }
        }
    }
}
