//! Parts of names of rows that follow from other columns: `DE-2024-0017` has a country and the year of a date.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::data::{CellWriter, Cells, Clock, Column, ColumnSchema, Kind, Schema, Table};

/// Stands in a name for a part that follows.
const PLACE: char = '\0';

/// Rows there are for each value of a column that decides a part, on average, and of the second part there is.
const LEAST_ROWS: usize = 5;

/// What may be written of a date.
const FORMATS: [&str; 8] = ["%Y", "%Y%m", "%Y%m%d", "%y", "%y%m", "%y%m%d", "%m", "%d%m%Y"];

/// A part of each name that a column decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Segment {
    pub(super) column: String,
    /// How a date is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// Else the part that goes with each value of the column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    of: BTreeMap<String, String>,
}

/// The parts of `names` that other columns of their table decide, and the names with [`PLACE`] in their stead; none where no column
/// decides any.
pub(super) fn find(
    own: &str,
    names: &[String],
    table: &Table,
    schema: &Schema,
) -> Option<(Vec<Segment>, Vec<String>)> {
    let is_other = |column: &&ColumnSchema| {
        column.name != own && column.unused.is_none() && column.kind != Kind::Identifier
    };
    let columns: Vec<(&ColumnSchema, &Column)> = schema
        .columns
        .iter()
        .filter(is_other)
        .filter_map(|column| Some((column, table.column(&column.name)?)))
        .collect();
    // `DE-2024-0017` has signs between its parts, `DE0017` none.
    [false, true].into_iter().find_map(|by_kind| {
        let cut: Vec<Vec<Range<usize>>> = names.iter().map(|name| cut(name, by_kind)).collect();
        let n_parts = cut[0].len();
        if n_parts < 2 || cut.iter().any(|parts| parts.len() != n_parts) {
            return None;
        }
        let mut found: Vec<(usize, Segment)> = Vec::new();
        for part in 0..n_parts {
            let texts: Vec<&str> =
                names.iter().zip(&cut).map(|(name, parts)| &name[parts[part].clone()]).collect();
            if let Some(segment) = columns.iter().find_map(|(about, column)| decided(about, column, &texts)) {
                found.push((part, segment));
            }
        }
        let placed = |(name, parts): (&String, &Vec<Range<usize>>)| {
            let mut text = name.clone();
            found.iter().rev().for_each(|(part, _)| {
                text.replace_range(parts[*part].clone(), PLACE.encode_utf8(&mut [0; 4]));
            });
            text
        };
        let placed = names.iter().zip(&cut).map(placed).collect();
        (!found.is_empty()).then(|| (found.into_iter().map(|(_, segment)| segment).collect(), placed))
    })
}

/// Where the letters and digits of a name are, with `by_kind` those and these apart.
fn cut(name: &str, by_kind: bool) -> Vec<Range<usize>> {
    let mut parts: Vec<(Range<usize>, bool)> = Vec::new();
    for (at, c) in name.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let is_digit = by_kind && c.is_ascii_digit();
        match parts.last_mut() {
            Some((part, kind)) if part.end == at && *kind == is_digit => part.end += c.len_utf8(),
            _ => parts.push((at..at + c.len_utf8(), is_digit)),
        }
    }
    parts.into_iter().map(|(part, _)| part).collect()
}

/// Whether a second part is there often enough for others to decide which it is.
fn is_varied(texts: &[&str]) -> bool {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    texts.iter().for_each(|text| *counts.entry(text).or_default() += 1);
    counts.values().filter(|count| **count >= LEAST_ROWS).count() > 1
}

/// How the column decides these parts, if it does in every row.
fn decided(about: &ColumnSchema, column: &Column, texts: &[&str]) -> Option<Segment> {
    let segment = |format: Option<&str>, of| Segment {
        column: about.name.clone(),
        format: format.map(str::to_owned),
        of,
    };
    if let (Kind::DateTime { .. }, Cells::Number(seconds)) = (&about.kind, &column.cells) {
        let writes = |format: &&&str| {
            let clock = Clock::new(format, None);
            let mut text = String::new();
            seconds.iter().zip(texts).all(|(seconds, part)| {
                text.clear();
                clock.write(*seconds, &mut text);
                text == *part
            })
        };
        let is_one = texts.iter().all(|part| *part == texts[0]);
        return FORMATS
            .iter()
            .filter(|_| !is_one)
            .find(writes)
            .map(|format| segment(Some(format), BTreeMap::new()));
    }
    if !is_varied(texts) {
        return None;
    }
    let writer = CellWriter::new(Some(about));
    let mut of: BTreeMap<String, &str> = BTreeMap::new();
    let mut text = String::new();
    for (row, part) in texts.iter().enumerate() {
        text.clear();
        if !writer.write(&column.cells, row, &mut text) {
            return None;
        }
        match of.get(&text) {
            Some(known) if known == part => {}
            Some(_) => return None,
            None if (of.len() + 1) * LEAST_ROWS > texts.len() => return None,
            None => drop(of.insert(text.clone(), part)),
        }
    }
    Some(segment(None, of.into_iter().map(|(text, part)| (text, part.to_owned())).collect()))
}

impl Segment {
    /// The part of each row of a table.
    pub(super) fn parts(&self, table: &Table, schema: &Schema) -> Vec<String> {
        let Some(column) = table.column(&self.column) else { return vec![String::new(); table.n_rows] };
        let mut text = String::new();
        if let (Some(format), Cells::Number(seconds)) = (&self.format, &column.cells) {
            let clock = Clock::new(format, None);
            let part = |seconds: &f64| {
                text.clear();
                clock.write(*seconds, &mut text);
                text.clone()
            };
            return seconds.iter().map(part).collect();
        }
        let writer = CellWriter::new(schema.column(&self.column));
        let part = |row: usize| {
            text.clear();
            writer.write(&column.cells, row, &mut text);
            self.of.get(&text).cloned().unwrap_or_default()
        };
        (0..table.n_rows).map(part).collect()
    }
}

/// `name` with the parts of row `row` in their places.
pub(super) fn filled(name: &str, parts: &[Vec<String>], row: usize) -> String {
    let mut parts = parts.iter().map(|of| of[row].as_str());
    let mut text = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        match c {
            PLACE => text.push_str(parts.next().unwrap_or_default()),
            c => text.push(c),
        }
    }
    text
}
