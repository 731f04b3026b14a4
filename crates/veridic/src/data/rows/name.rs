//! The names of columns, with a header or without.

use super::{Origin, Rows};
use crate::data::note::ReadNote;
use crate::data::{ColumnSchema, ReadOptions, Schema};
use crate::error::DataError;

/// The names of the columns, given, from the header or made up, and whether each is made up in spite of a header.
pub(super) fn names(
    rows: &mut dyn Rows,
    origin: &dyn Origin,
    options: &ReadOptions,
    notes: &mut Vec<ReadNote>,
) -> Result<(Vec<String>, Vec<bool>), DataError> {
    let path = || origin.path().to_owned();
    let mut names = rows.first()?;
    let (has_header, is_numbered) = origin.header();
    if has_header {
        rows.skip_first();
        if is_numbered && options.header.is_none() {
            notes.push(ReadNote::NumberedHeader { names: names.clone() });
        }
    } else {
        if options.header.is_none() && options.names.is_none() {
            notes.push(ReadNote::NoHeader { columns: names.len() });
        }
        names.fill(String::new());
    }
    if let Some(given) = &options.names {
        if given.len() != names.len() {
            let (given, found) = (given.len(), names.len());
            return Err(DataError::NameCount { given, found, path: path() });
        }
        names.clone_from(given);
    }
    let mut unnamed = vec![false; names.len()];
    for (i, name) in names.iter_mut().enumerate() {
        if name.is_empty() {
            unnamed[i] = has_header;
            *name = format!("column_{}", i + 1);
        }
    }
    let mut numbered = Vec::new();
    for second in 0..names.len() {
        let name = names[second].clone();
        if let Some(first) = names[..second].iter().position(|other| *other == name) {
            if !options.number_duplicates {
                return Err(DataError::DuplicateColumn {
                    name,
                    first: first + 1,
                    second: second + 1,
                    path: path(),
                });
            }
            let free = (2..).map(|i| format!("{name}_{i}")).find(|new| !names.contains(new));
            names[second] = free.unwrap_or(name);
            numbered.push(names[second].clone());
        }
    }
    if !numbered.is_empty() {
        notes.push(ReadNote::NumberedNames { names: numbered });
    }
    Ok((names, unnamed))
}

/// Gives columns without a header the names of the schema, where their number shows which are there.
pub(super) fn names_by_place(names: &mut [String], schema: &Schema, options: &ReadOptions) {
    let is_needed = |column: &&ColumnSchema| !options.optional.contains(&column.name);
    let all = schema.columns.len();
    let needed = schema.columns.iter().filter(is_needed).count();
    if names.len() == all {
        for (name, column) in names.iter_mut().zip(&schema.columns) {
            name.clone_from(&column.name);
        }
    } else if names.len() == needed {
        for (name, column) in names.iter_mut().zip(schema.columns.iter().filter(is_needed)) {
            name.clone_from(&column.name);
        }
    }
}
