//! Columns of texts of files that have types.

use super::refused::{Refused, Unreadable};
use super::told::{marks_of, tell};
use super::{column_of, n_missing};
use crate::data::build::{ColumnBuilder, Finished};
use crate::data::evidence::Context;
use crate::data::finding::{Doubt, Finding};
use crate::data::infer::Profile;
use crate::data::note::ReadNote;
use crate::data::read::Markers;
use crate::data::text::text_column;
use crate::data::{Cells, ColumnSchema, MISSING, ReadOptions, number};
use crate::error::StrayCell;

/// A column of texts of a file that has types, read as the same texts of a delimited file are; with `is_text` they are no
/// numbers and no moments.
pub(in crate::data) fn column_of_texts(
    name: &str,
    codes: &[u32],
    levels: &[String],
    is_text: bool,
    options: &ReadOptions,
    notes: &mut Vec<ReadNote>,
) -> Result<(ColumnSchema, Cells), Unreadable> {
    let is_categorical = options.categorical.iter().any(|column| column == name);
    let markers = Markers::of(options);
    let is_missing: Vec<bool> = levels.iter().map(|level| markers.is_missing(level.trim())).collect();
    let text = |code: u32| levels.get(code as usize).map(|level| level.trim());
    let mut profile = Profile::new(is_categorical || is_text);
    for (row, &code) in codes.iter().enumerate() {
        let line = row as u64 + 1;
        match text(code) {
            None | Some("") => profile.see_missing(),
            Some(mark) if is_missing[code as usize] => profile.see_mark(mark, false, line),
            Some(text) => profile.see(text, line),
        }
    }
    let marks = profile.take_marks();
    let context = Context {
        decimal: options.decimal,
        thousands: options.thousands,
        day_first: options.day_first,
        first_year: options.first_year,
        ..Context::default()
    };
    let mut refused = Refused::default();
    let (missing, finding) = profile.finish(name, &context, notes);
    let (mut builder, mut doubt) = match finding {
        Finding::Done(found) => return Ok(column_of(name, found, missing)),
        Finding::Strays(strays) => {
            refused.strays = strays;
            return Err(Unreadable::Refused(Box::new(refused)));
        }
        Finding::Mixed(first, second) => {
            refused.mix(name, first, second);
            return Err(Unreadable::Refused(Box::new(refused)));
        }
        Finding::Again(builder, doubt) => (builder, doubt),
    };
    loop {
        for (row, &code) in codes.iter().enumerate() {
            match text(code).filter(|text| !text.is_empty() && !is_missing[code as usize]) {
                Some(text) => builder.push(text, row as u64 + 1),
                None => builder.push_missing(),
            }
        }
        match builder.finish_inferred(name, notes) {
            Finished::Numbers(found) => {
                let missing = n_missing(&found.cells);
                return Ok(column_of(name, *found, missing));
            }
            Finished::Texts { codes, levels, first } => {
                let column = text_column(name, codes, levels, is_categorical);
                marks_of(name, marks, notes);
                let unused = refused.judge(name, doubt, &column, notes);
                if !refused.is_empty() {
                    return Err(Unreadable::Refused(Box::new(refused)));
                }
                tell(name, &column, unused, first, notes);
                let missing = n_missing(&column.cells);
                let schema = ColumnSchema { unused, ..ColumnSchema::new(name, column.kind, missing) };
                return Ok((schema, column.cells));
            }
            Finished::Again => (builder, doubt) = (ColumnBuilder::text(), Doubt::None),
            Finished::Mixed(first, second) => {
                refused.mix(name, first, second);
                return Err(Unreadable::Refused(Box::new(refused)));
            }
            Finished::Misfits { expected, cells } => {
                let stray =
                    |(line, value)| StrayCell { line, unit: "row", column: name.to_owned(), value, expected };
                refused.strays.extend(cells.into_iter().map(stray));
                return Err(Unreadable::Refused(Box::new(refused)));
            }
        }
    }
}

/// Numbers as texts in their shortest form, with their codes.
pub(in crate::data) fn texts_of(values: &[f64]) -> (Vec<u32>, Vec<String>) {
    let mut builder = ColumnBuilder::text();
    let mut text = String::new();
    for &value in values {
        if value.is_nan() {
            builder.push_missing();
        } else {
            text.clear();
            number::write(value, number::SHORTEST, &mut text);
            builder.push(&text, 0);
        }
    }
    match builder.finish().0 {
        Cells::Text { codes, levels } => (codes, levels),
        Cells::Number(values) => (vec![MISSING; values.len()], Vec::new()),
    }
}
