//! A table out of rows of cells, with or without a schema, wherever the rows are from.
//!
//! The rows are read once to tell what each column is; plain numbers are kept from that pass, so only tables with text,
//! date-time or spelled columns are read again, for those columns. No pass holds more than a row of text.

mod name;
mod refused;
mod repeated;
mod told;
mod total;
mod typed;

use std::path::Path;

use name::{names, names_by_place};
use refused::Refused;
use told::{blank, blanks_of, marks_of};
use total::Totals;

use super::build::{ColumnBuilder, Finished};
use super::calendar;
use super::evidence::Context;
use super::finding::{Doubt, Finding};
use super::foreign::Mark;
use super::infer::Profile;
use super::note::ReadNote;
use super::numbers::Found as FoundColumn;
use super::read::Markers;
use super::record::Cell;
use super::sentinel;
use super::source::nearest_name;
use super::text::text_column;
use super::{Cells, Column, ColumnSchema, Difference, Kind, MISSING, ReadOptions, Reading, Schema, Table};
use crate::error::{DataError, StrayCell};

pub(super) use refused::Unreadable;
pub(super) use repeated::Repeated;
pub(super) use told::tell;
pub(crate) use total::is_total;
pub(super) use typed::{column_of_texts, texts_of};

/// The rows of a table, from its first.
pub(super) trait Rows {
    /// The cells of the first row, which stays to be read.
    fn first(&mut self) -> Result<Vec<String>, DataError>;
    /// Leaves the first row out.
    fn skip_first(&mut self);
    /// Calls `each` with the line and the cells of every row left, and counts them.
    fn each(&mut self, each: &mut dyn FnMut(u64, &[Cell<'_>])) -> Result<usize, DataError>;
    /// What is said of rows that had the names of the columns again, which were left out.
    fn repeated(&self) -> Option<ReadNote>;
}

/// Where rows are had from, more than once.
pub(super) trait Origin {
    fn rows(&self) -> Result<Box<dyn Rows + '_>, DataError>;
    /// Whether the first row has names, and whether these are numbers.
    fn header(&self) -> (bool, bool);
    /// Whether cells are parted by semicolons, as where the comma is a decimal sign.
    fn has_semicolons(&self) -> bool;
    fn path(&self) -> &Path;
}

/// Reads a table and tells what its columns are.
pub(super) fn read(
    origin: &dyn Origin,
    options: &ReadOptions,
    mut notes: Vec<ReadNote>,
) -> Result<Reading, DataError> {
    let path = origin.path();
    let markers = Markers::of(options);
    let total = total::left_out(origin, options)?;
    let mut rows = origin.rows()?;
    let (names, unnamed) = names(rows.as_mut(), origin, options, &mut notes)?;
    let is_categorical = |name: &String| options.categorical.contains(name);
    if let Some(name) = options.categorical.iter().find(|name| !names.contains(name)) {
        return Err(no_such_column(name, &names));
    }
    let mut profiles: Vec<Profile> = names.iter().map(|name| Profile::new(is_categorical(name))).collect();
    let mut totals = Totals::default();
    let mut n_rows = 0;
    rows.each(&mut |line, cells| {
        if total.has(line) {
            return;
        }
        totals.see(cells, n_rows, line);
        n_rows += 1;
        for (profile, cell) in profiles.iter_mut().zip(cells) {
            if cell.text.is_empty() {
                profile.see_missing();
            } else if markers.is_missing(cell.text) {
                profile.see_mark(cell.text, cell.quoted, line);
            } else {
                profile.see(cell.text, line);
            }
        }
    })?;
    if n_rows == 0 {
        return Err(DataError::HeaderOnly { columns: names.len(), path: path.to_owned() });
    }
    notes.extend(rows.repeated());
    if options.drop_total {
        notes.push(total.note(true).unwrap_or(ReadNote::NoTotals));
    } else {
        notes.extend(totals.find(n_rows, &profiles, origin, options)?.note(false));
    }

    let context = context(&profiles, origin, options);
    let mut columns: Vec<Option<ColumnSchema>> = vec![None; names.len()];
    let mut cells: Vec<Option<Cells>> = vec![None; names.len()];
    let mut again: Vec<(usize, ColumnBuilder, Doubt)> = Vec::new();
    let mut marks: Vec<Vec<Mark>> = profiles.iter_mut().map(Profile::take_marks).collect();
    let blanks: Vec<Vec<(String, usize)>> = marks.iter().map(|marks| blanks_of(marks)).collect();
    let mut refused = Refused::default();
    for (i, (profile, name)) in profiles.into_iter().zip(&names).enumerate() {
        let told = if unnamed[i] { "" } else { name };
        let (missing, finding) = profile.finish(told, &context, &mut notes);
        match finding {
            Finding::Done(found) => {
                let (column, done) = column_of(name, found, missing);
                (columns[i], cells[i]) = (Some(column), Some(done));
            }
            Finding::Again(builder, doubt) => again.push((i, builder, doubt)),
            Finding::Strays(strays) => refused.strays.extend(strays),
            Finding::Mixed(first, second) => refused.mix(name, first, second),
        }
    }
    refused.check(path)?;
    while !again.is_empty() {
        let mut rows = origin.rows()?;
        rows.first()?;
        if origin.header().0 {
            rows.skip_first();
        }
        rows.each(&mut |line, cells| {
            if total.has(line) {
                return;
            }
            for (i, builder, _) in &mut again {
                let cell = cells[*i];
                // A mark in quotes is a text where texts are.
                let is_value = cell.quoted && !cell.text.is_empty() && builder.is_text();
                if !is_value && markers.is_missing(cell.text) {
                    builder.push_missing();
                } else {
                    builder.push(cell.text, line);
                }
            }
        })?;
        for (i, builder, doubt) in std::mem::take(&mut again) {
            let name = &names[i];
            let found = match builder.finish_inferred(name, &mut notes) {
                Finished::Texts { codes, levels, first } => {
                    let column = text_column(name, codes, levels, is_categorical(name));
                    marks_of(name, std::mem::take(&mut marks[i]), &mut notes);
                    let unused = refused.judge(name, doubt, &column, &mut notes);
                    tell(name, &column, unused, first, &mut notes);
                    let missing = n_missing(&column.cells);
                    let values = markers.among(&column.cells, &column.kind);
                    let schema = ColumnSchema {
                        unused,
                        marks: values,
                        ..ColumnSchema::new(name, column.kind, missing)
                    };
                    (columns[i], cells[i]) = (Some(schema), Some(column.cells));
                    continue;
                }
                Finished::Numbers(found) => *found,
                Finished::Again => {
                    again.push((i, ColumnBuilder::text(), Doubt::None));
                    continue;
                }
                Finished::Mixed(first, second) => {
                    refused.mix(name, first, second);
                    continue;
                }
                Finished::Misfits { expected, cells } => {
                    let stray = |(line, value)| StrayCell {
                        line,
                        unit: "line",
                        column: name.clone(),
                        value,
                        expected,
                    };
                    refused.strays.extend(cells.into_iter().map(stray));
                    continue;
                }
            };
            let missing = n_missing(&found.cells);
            let (column, done) = column_of(name, found, missing);
            (columns[i], cells[i]) = (Some(column), Some(done));
        }
        refused.check(path)?;
    }
    let mut table = Table { columns: Vec::with_capacity(names.len()), n_rows };
    let mut schema = Schema { columns: Vec::with_capacity(names.len()) };
    for (((name, column), cells), blanks) in names.into_iter().zip(columns).zip(cells).zip(blanks) {
        let (Some(mut column), Some(cells)) = (column, cells) else { continue };
        column.blank = blank(&name, column.missing, blanks, &mut notes);
        if column.kind == Kind::Identifier && column.unused.is_none() {
            notes.push(ReadNote::Identifier { column: name.clone() });
        }
        notes.extend(sentinel::note(&column, &cells));
        notes.extend(calendar::note(&column, &cells));
        schema.columns.push(column);
        table.columns.push(Column { name, cells });
    }
    Ok(Reading { table, schema, notes, layout: None })
}

/// Reads a table as `schema` says, and what differed without harm.
pub(super) fn read_as(
    origin: &dyn Origin,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    let path = origin.path();
    let usual = Markers::of(options);
    let total = total::left_out(origin, options)?;
    let mut rows = origin.rows()?;
    let mut notes = Vec::new();
    let (mut names, _) = names(rows.as_mut(), origin, options, &mut notes)?;
    if !origin.header().0 && options.names.is_none() {
        names_by_place(&mut names, schema, options);
    }
    let (places, mut differences) = schema.match_columns(&names, &options.optional);
    let mut builders: Vec<(usize, usize, Markers, ColumnBuilder)> = places
        .iter()
        .enumerate()
        .filter_map(|(i, &place)| {
            let column = &schema.columns[i];
            Some((i, place?, usual.of_column(column), ColumnBuilder::column(column)))
        })
        .collect();
    let mut n_rows = 0;
    rows.each(&mut |line, cells| {
        if total.has(line) {
            return;
        }
        n_rows += 1;
        for (_, place, markers, builder) in &mut builders {
            let cell = cells[*place].text;
            if markers.is_missing(cell) { builder.push_missing() } else { builder.push(cell, line) }
        }
    })?;
    if n_rows == 0 {
        return Err(DataError::HeaderOnly { columns: names.len(), path: path.to_owned() });
    }
    let mut table = Table { columns: Vec::with_capacity(builders.len()), n_rows };
    for (i, _, _, builder) in builders {
        let ColumnSchema { name, kind, .. } = &schema.columns[i];
        let (cells, misfits) = builder.finish();
        if let Some((line, found)) = misfits.first.into_iter().next() {
            differences.push(Difference::Misfit {
                column: name.clone(),
                expected: kind.name(),
                found,
                cells: misfits.count,
                line,
            });
        }
        differences.extend(kind.unseen(name, &cells));
        table.columns.push(Column { name: name.clone(), cells });
    }
    if differences.iter().all(Difference::is_harmless) {
        return Ok((table, differences));
    }
    Err(DataError::SchemaMismatch { differences, path: Some(path.to_owned()) })
}

/// What the columns tell about each other, and what the settings say.
fn context(profiles: &[Profile], origin: &dyn Origin, options: &ReadOptions) -> Context {
    let has_comma = profiles.iter().any(Profile::has_comma);
    let has_point = profiles.iter().any(Profile::has_point);
    Context {
        decimal: options.decimal,
        thousands: options.thousands,
        day_first: options.day_first.or_else(|| profiles.iter().find_map(Profile::day_first)),
        first_year: options.first_year,
        has_comma: !has_point && has_comma,
        may_have_comma: !has_point && origin.has_semicolons(),
        minutes: profiles.iter().map(Profile::minutes).fold(0, std::ops::BitOr::bitor),
    }
}

fn column_of(name: &str, found: FoundColumn, missing: usize) -> (ColumnSchema, Cells) {
    let spelling = (!found.spelling.is_plain()).then_some(found.spelling);
    let schema =
        ColumnSchema { spelling, values: found.values, ..ColumnSchema::new(name, found.kind, missing) };
    (schema, found.cells)
}

fn n_missing(cells: &Cells) -> usize {
    match cells {
        Cells::Number(values) => values.iter().filter(|value| value.is_nan()).count(),
        Cells::Text { codes, .. } => codes.iter().filter(|&&code| code == MISSING).count(),
    }
}

/// Whether a row without a name of the schema in it could be a row of values.
pub(super) fn fits(row: &[String], schema: &Schema, options: &ReadOptions) -> bool {
    let markers = Markers::of(options);
    let no_names = !row.iter().any(|cell| schema.columns.iter().any(|column| column.name == *cell));
    no_names
        && row.len() == schema.columns.len()
        && row.iter().zip(&schema.columns).all(|(cell, column)| {
            let known = column.kind.levels().contains(cell);
            markers.of_column(column).is_missing(cell)
                || match &column.kind {
                    Kind::Categorical { .. } | Kind::Boolean { .. } | Kind::Constant { .. } => known,
                    Kind::Identifier => true,
                    Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. } => {
                        let mut builder = ColumnBuilder::column(column);
                        builder.push(cell, 1);
                        builder.finish().1.count == 0
                    }
                }
        })
}

fn no_such_column(name: &str, names: &[String]) -> DataError {
    DataError::NoSuchColumn {
        name: name.to_owned(),
        nearest: nearest_name(name, names.iter().map(String::as_str)),
        columns: names.to_vec(),
    }
}
