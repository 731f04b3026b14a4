//! What each column of a table is.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::source::{nearest_name, not_found};
use super::{Cells, Column, Difference, Kind, Table, date, infer, number, write};
use crate::error::DataError;

/// The columns of a table with their kinds; written to `schema.json`, where it may be edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The columns in the order of the file.
    pub columns: Vec<ColumnSchema>,
}

/// One column's name, kind and count of missing cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSchema {
    /// The column's name.
    pub name: String,
    /// What the column holds.
    pub kind: Kind,
    /// Missing cells in the data the schema was inferred from.
    pub missing: usize,
}

impl Schema {
    /// What the columns of a table in memory are; numbers have as many decimals as their shortest text.
    pub fn of(table: &Table) -> Self {
        let columns = table
            .columns
            .iter()
            .map(|column| {
                let kind = match &column.cells {
                    Cells::Number(values) => infer::plain_number_kind(values),
                    Cells::Text { codes, levels } => {
                        infer::text_column(codes.clone(), levels.clone(), true).0
                    }
                };
                ColumnSchema { name: column.name.clone(), kind, missing: column.n_missing() }
            })
            .collect();
        Self { columns }
    }

    /// The column named `name`, if there is one.
    pub fn column(&self, name: &str) -> Option<&ColumnSchema> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The same columns and kinds with the ranges, levels and counts of missing cells of `table`.
    ///
    /// Levels that are there stay, also where the table has none of them. Columns the table lacks stay as they are.
    pub fn refreshed(&self, table: &Table) -> Self {
        let mut schema = self.clone();
        for column in &mut schema.columns {
            let Some(Column { cells, .. }) = table.column(&column.name) else { continue };
            column.missing = (0..cells.len()).filter(|&row| cells.is_missing(row)).count();
            match (&mut column.kind, cells) {
                (
                    Kind::Integer { min, max }
                    | Kind::Real { min, max, .. }
                    | Kind::DateTime { min, max, .. },
                    Cells::Number(values),
                ) => {
                    if let Some(range) = range(values) {
                        (*min, *max) = range;
                    }
                }
                (Kind::Categorical { levels }, Cells::Text { levels: found, .. }) => {
                    levels.clone_from(found);
                }
                _ => {}
            }
        }
        schema
    }

    /// Reads a schema from the JSON file at `path` and checks it.
    ///
    /// # Errors
    /// [`DataError::NotFound`], [`DataError::Read`], [`DataError::InvalidSchema`].
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let text = fs::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => not_found(path),
            _ => DataError::Read { path: path.to_owned(), source },
        })?;
        let invalid = |problems| DataError::InvalidSchema { problems, path: Some(path.to_owned()) };
        let schema: Self = serde_json::from_str(&text).map_err(|error| invalid(vec![error.to_string()]))?;
        let problems = schema.problems();
        if problems.is_empty() { Ok(schema) } else { Err(invalid(problems)) }
    }

    /// Writes the schema as JSON to `path`.
    ///
    /// # Errors
    /// [`DataError::Write`].
    pub fn save(&self, path: &Path) -> Result<(), DataError> {
        write::replace(path, |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })
    }

    /// Checks that names differ, ranges are ranges and formats are formats.
    ///
    /// # Errors
    /// [`DataError::InvalidSchema`] with every problem.
    pub fn validate(&self) -> Result<(), DataError> {
        let problems = self.problems();
        if problems.is_empty() { Ok(()) } else { Err(DataError::InvalidSchema { problems, path: None }) }
    }

    /// Compares with the schema `found` of other data, which may lack the columns `optional`.
    ///
    /// Returns the differences that do no harm: extra columns, new levels, absent columns that may be.
    /// Numbers may be whole or not; a column whose cells are all missing, or that is an identifier, fits anything.
    ///
    /// # Errors
    /// [`DataError::SchemaMismatch`] with every difference.
    pub fn check(&self, found: &Self, optional: &[String]) -> Result<Vec<Difference>, DataError> {
        let names: Vec<String> = found.columns.iter().map(|column| column.name.clone()).collect();
        let (places, mut differences) = self.match_columns(&names, optional);
        for (column, place) in self.columns.iter().zip(places) {
            let Some(place) = place else { continue };
            differences.extend(column.kind.misfit(&column.name, &found.columns[place].kind));
        }
        refuse_harmful(differences)
    }

    /// `table` with the columns of this schema, in its order and of its kinds; `found` is the table's own schema.
    ///
    /// # Errors
    /// [`DataError::SchemaMismatch`] with every difference.
    pub fn conform(
        &self,
        table: &Table,
        found: &Self,
        optional: &[String],
    ) -> Result<(Table, Vec<Difference>), DataError> {
        let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let (places, mut differences) = self.match_columns(&names, optional);
        let mut conformed = Table { columns: Vec::with_capacity(self.columns.len()), n_rows: table.n_rows };
        for (ColumnSchema { name, kind, .. }, place) in self.columns.iter().zip(places) {
            let Some(place) = place else { continue };
            let source = &table.columns[place];
            let (cells, misfit) = kind.convert(name, &source.cells, found.column(name).map(|c| &c.kind));
            differences.extend(misfit);
            differences.extend(kind.unseen(name, &cells));
            conformed.columns.push(Column { name: name.clone(), cells });
        }
        Ok((conformed, refuse_harmful(differences)?))
    }

    /// Where each column of the schema is among `names`, and what is missing or extra.
    pub(crate) fn match_columns(
        &self,
        names: &[String],
        optional: &[String],
    ) -> (Vec<Option<usize>>, Vec<Difference>) {
        let extra = || names.iter().filter(|name| self.column(name).is_none());
        let mut differences = Vec::new();
        let mut places = Vec::with_capacity(self.columns.len());
        for ColumnSchema { name, kind, .. } in &self.columns {
            let place = names.iter().position(|other| other == name);
            if place.is_none() {
                let unused = matches!(kind, Kind::Identifier | Kind::Constant { .. });
                differences.push(Difference::MissingColumn {
                    column: name.clone(),
                    nearest: nearest_name(name, extra().map(String::as_str)),
                    optional: unused || optional.contains(name),
                });
            }
            places.push(place);
        }
        differences.extend(extra().map(|column| Difference::ExtraColumn { column: column.clone() }));
        (places, differences)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (i, ColumnSchema { name, kind, .. }) in self.columns.iter().enumerate() {
            if self.columns[..i].iter().any(|other| other.name == *name) {
                problems.push(format!("there are two columns `{name}`"));
            }
            let mut complain = |problem: String| problems.push(format!("column `{name}`: {problem}"));
            match kind {
                Kind::Real { decimals, .. } if *decimals > number::SHORTEST => {
                    complain(format!("decimals is {decimals}, at most {} are kept", number::SHORTEST));
                }
                Kind::DateTime { format, .. } if !date::is_format(format) => {
                    complain(format!("`{format}` is no date-time format"));
                }
                Kind::Boolean { levels: [no, yes] } if no == yes => {
                    complain(format!("no and yes are both `{no}`"));
                }
                Kind::Categorical { levels } => {
                    let mut sorted: Vec<&String> = levels.iter().collect();
                    sorted.sort();
                    for pair in sorted.windows(2).filter(|pair| pair[0] == pair[1]) {
                        complain(format!("there are two levels `{}`", pair[0]));
                    }
                }
                _ => {}
            }
            if let Kind::Integer { min, max } | Kind::Real { min, max, .. } | Kind::DateTime { min, max, .. } =
                kind
                && min.partial_cmp(max).is_none_or(std::cmp::Ordering::is_gt)
            {
                complain(format!("min {min} is above max {max}"));
            }
        }
        problems
    }
}

fn refuse_harmful(differences: Vec<Difference>) -> Result<Vec<Difference>, DataError> {
    if differences.iter().all(Difference::is_harmless) {
        return Ok(differences);
    }
    Err(DataError::SchemaMismatch { differences, path: None })
}

/// Smallest and largest value, missing ones aside.
pub(crate) fn range(values: &[f64]) -> Option<(f64, f64)> {
    let present = values.iter().copied().filter(|value| !value.is_nan());
    present.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
    })
}
