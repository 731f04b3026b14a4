//! What each column of a table is.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::build::ColumnBuilder;
use super::source::{nearest_name, not_found};
use super::text::text_column;
use super::write::CellWriter;
use super::{Cells, Column, Difference, Kind, Spelling, Table, Unused, date, number, numbers, write};
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
    /// How numbers or moments are written, where that is not the plainest way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<Spelling>,
    /// Every value there is, rising, where these are few against the rows: what is made is one of them, none between
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f64>>,
    /// How missing cells of this column are written, instead of [`ReadOptions::missing`](super::ReadOptions::missing);
    /// empty cells are missing in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marks: Option<Vec<String>>,
    /// Why texts that are no categories and name no rows are left out; the kind is [`Kind::Identifier`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused: Option<Unused>,
    /// How missing cells are written, where all were written alike and not left empty: `?`, `NA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blank: Option<String>,
    /// The type that the column had in Parquet, where its kind alone does not say it: Parquet is written with it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredType>,
}

/// A type of Parquet that a kind does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoredType {
    /// Exact decimals.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// A time of day.
    Time,
    /// Moments, which Arrow shows by the clocks of a place or an offset; as text they are written in UTC.
    Moment {
        /// The zone's name, such as `Europe/Berlin`, or an offset such as `+02:00`.
        zone: String,
    },
}

impl ColumnSchema {
    /// A column of the plainest spelling.
    pub fn new(name: impl Into<String>, kind: Kind, missing: usize) -> Self {
        Self {
            name: name.into(),
            kind,
            missing,
            spelling: None,
            values: None,
            marks: None,
            unused: None,
            blank: None,
            stored: None,
        }
    }

    /// What the column is in a word: its kind's, or `text` where it is left out and no identifier.
    pub fn kind_name(&self) -> &'static str {
        if self.unused.is_some() && self.kind == Kind::Identifier { "text" } else { self.kind.name() }
    }

    /// The smallest and the largest number or moment, as the data writes them; `None` for other kinds.
    pub fn range(&self) -> Option<[String; 2]> {
        let (Kind::Integer { min, max } | Kind::Real { min, max, .. } | Kind::DateTime { min, max, .. }) =
            self.kind
        else {
            return None;
        };
        let cells = Cells::Number(vec![min, max]);
        let writer = CellWriter::new(Some(self));
        let text = |row| {
            let mut text = String::new();
            writer.write(&cells, row, &mut text);
            text
        };
        Some([text(0), text(1)])
    }

    /// `cells`, which are of column `found` if that is known, as cells of this column; and what does not fit.
    pub(crate) fn convert(&self, cells: &Cells, found: Option<&Self>) -> (Cells, Option<Difference>) {
        let is_date = |column: Option<&Self>| matches!(column.map(|c| &c.kind), Some(Kind::DateTime { .. }));
        let direct = match self.kind {
            Kind::Integer { .. } | Kind::Real { .. } => !is_date(found),
            Kind::DateTime { .. } => is_date(found),
            Kind::Identifier => true,
            Kind::Categorical { .. } | Kind::Boolean { .. } | Kind::Constant { .. } => false,
        };
        if direct && (matches!(cells, Cells::Number(_)) || self.kind == Kind::Identifier) {
            return (cells.clone(), None);
        }
        let mut builder = ColumnBuilder::column(self);
        let writer = CellWriter::new(found);
        let mut text = String::new();
        for row in 0..cells.len() {
            text.clear();
            if writer.write(cells, row, &mut text) {
                builder.push(&text, row as u64 + 1);
            } else {
                builder.push_missing();
            }
        }
        let (cells, misfits) = builder.finish();
        let misfit = misfits.first.into_iter().next().map(|(line, found)| Difference::Misfit {
            column: self.name.clone(),
            expected: self.kind.name(),
            found,
            cells: misfits.count,
            line,
        });
        (cells, misfit)
    }
}

impl Schema {
    /// What the columns of a table in memory are; numbers have as many decimals as their shortest text.
    pub fn of(table: &Table) -> Self {
        let columns = table
            .columns
            .iter()
            .map(|column| {
                let kind = match &column.cells {
                    Cells::Number(values) => numbers::plain_number_kind(values),
                    Cells::Text { codes, levels } => {
                        text_column(&column.name, codes.clone(), levels.clone(), true).kind
                    }
                };
                ColumnSchema::new(&column.name, kind, column.n_missing())
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
                    if let Some(known) = &mut column.values {
                        known.extend(values.iter().filter(|value| value.is_finite()));
                        known.sort_unstable_by(f64::total_cmp);
                        known.dedup();
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
        for (column, place) in self.columns.iter().zip(places) {
            let Some(place) = place else { continue };
            let name = &column.name;
            let (cells, misfit) = column.convert(&table.columns[place].cells, found.column(name));
            differences.extend(misfit);
            differences.extend(column.kind.unseen(name, &cells));
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
        for (i, ColumnSchema { name, kind, spelling, values, .. }) in self.columns.iter().enumerate() {
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
            if let Some(problem) = spelling.as_ref().and_then(Spelling::problem) {
                complain(problem);
            }
            if values.as_ref().is_some_and(|values| values.iter().any(|value| !value.is_finite())) {
                complain("a value is no finite number".to_owned());
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
