//! A table out of rows of cells, with or without a schema, wherever the rows are from.
//!
//! The rows are read once to tell what each column is; plain numbers are kept from that pass, so only tables with text,
//! date-time or spelled columns are read again, for those columns. No pass holds more than a row of text.

use std::path::Path;

use super::build::{ColumnBuilder, Finished};
use super::evidence::{Cell as Found, Context};
use super::infer::{Doubt, Finding, Mark, Profile};
use super::note::ReadNote;
use super::numbers::Found as FoundColumn;
use super::read::Markers;
use super::record::Cell;
use super::sentinel;
use super::source::nearest_name;
use super::text::{TextColumn, look_measured, text_column};
use super::{
    Cells, Column, ColumnSchema, Difference, Kind, MISSING, ReadOptions, Reading, Schema, Table, Unused,
};
use crate::error::{DataError, ForeignMark, StrayCell};

/// More categories than this are announced.
const MANY_LEVELS: usize = 1000;

/// The rows of a table, from its first.
pub(super) trait Rows {
    /// The cells of the first row, which stays to be read.
    fn first(&mut self) -> Result<Vec<String>, DataError>;
    /// Leaves the first row out.
    fn skip_first(&mut self);
    /// Calls `each` with the line and the cells of every row left, and counts them.
    fn each(&mut self, each: &mut dyn FnMut(u64, &[Cell<'_>])) -> Result<usize, DataError>;
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
    let total = if options.drop_total { last_total(origin, options)? } else { None };
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
        if total == Some(line) {
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
    match (total, totals.last(n_rows).or_else(|| sum_line(&profiles, &totals))) {
        (Some(line), _) => notes.push(ReadNote::Totals { line, is_dropped: true }),
        (None, Some(line)) => notes.push(ReadNote::Totals { line, is_dropped: false }),
        (None, None) => {}
    }

    let context = context(&profiles, origin, options);
    let mut columns: Vec<Option<ColumnSchema>> = vec![None; names.len()];
    let mut cells: Vec<Option<Cells>> = vec![None; names.len()];
    let mut again: Vec<(usize, ColumnBuilder, Doubt)> = Vec::new();
    let mut marks: Vec<Vec<Mark>> = profiles.iter_mut().map(Profile::take_marks).collect();
    let blanks: Vec<Option<(String, usize)>> = marks.iter().map(|marks| blank_of(marks)).collect();
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
            if total == Some(line) {
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
                Finished::Numbers(found) => found,
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
    for (((name, column), cells), blank) in names.into_iter().zip(columns).zip(cells).zip(blanks) {
        let (Some(mut column), Some(cells)) = (column, cells) else { continue };
        column.blank = blank.filter(|(_, cells)| *cells == column.missing).map(|(text, _)| text);
        if column.kind == Kind::Identifier && column.unused.is_none() {
            notes.push(ReadNote::Identifier { column: name.clone() });
        }
        notes.extend(sentinel::note(&column, &cells));
        schema.columns.push(column);
        table.columns.push(Column { name, cells });
    }
    Ok(Reading { table, schema, notes })
}

/// Reads a table as `schema` says, and what differed without harm.
pub(super) fn read_as(
    origin: &dyn Origin,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    let path = origin.path();
    let usual = Markers::of(options);
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
    let n_rows = rows.each(&mut |line, cells| {
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

/// Why a column cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    Stray(StrayCell),
    Refused(Box<Refused>),
}

impl Unreadable {
    /// The error of the file at `path`, whose cells are counted by rows.
    pub(super) fn at(self, path: &Path) -> DataError {
        let mut refused = match self {
            Self::Stray(stray) => Refused { strays: vec![stray], ..Refused::default() },
            Self::Refused(refused) => *refused,
        };
        refused.strays.iter_mut().for_each(|stray| stray.unit = "row");
        match refused.check(path) {
            Err(error) => error,
            Ok(()) => unreachable!("something was refused"),
        }
    }
}

/// A column of texts of a file that has types, read as the same texts of a delimited file are; with `is_text` they are no
/// numbers and no moments.
pub(super) fn column_of_texts(
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
                return Ok(column_of(name, found, missing));
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
pub(super) fn texts_of(values: &[f64]) -> (Vec<u32>, Vec<String>) {
    let mut builder = ColumnBuilder::text();
    let mut text = String::new();
    for &value in values {
        if value.is_nan() {
            builder.push_missing();
        } else {
            text.clear();
            super::number::write(value, super::number::SHORTEST, &mut text);
            builder.push(&text, 0);
        }
    }
    match builder.finish().0 {
        Cells::Text { codes, levels } => (codes, levels),
        Cells::Number(values) => (vec![MISSING; values.len()], Vec::new()),
    }
}

/// What the columns tell about each other, and what the settings say.
fn context(profiles: &[Profile], origin: &dyn Origin, options: &ReadOptions) -> Context {
    let has_comma = profiles.iter().any(Profile::has_comma);
    let has_point = profiles.iter().any(Profile::has_point);
    Context {
        decimal: options.decimal,
        thousands: options.thousands,
        day_first: options.day_first.or_else(|| profiles.iter().find_map(Profile::day_first)),
        has_comma: !has_point && has_comma,
        may_have_comma: !has_point && origin.has_semicolons(),
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

/// The one mark that missing cells have, and how many have it.
fn blank_of(marks: &[Mark]) -> Option<(String, usize)> {
    match marks {
        [mark] if !mark.quoted => Some((mark.text.clone(), mark.cells)),
        _ => None,
    }
}

/// Says which usual marks of missing cells a column of texts has.
fn marks_of(column: &str, marks: Vec<Mark>, notes: &mut Vec<ReadNote>) {
    // A question mark is no value of anything.
    for mark in marks.into_iter().filter(|mark| mark.text != "?") {
        notes.push(ReadNote::Mark {
            column: column.to_owned(),
            mark: mark.text,
            cells: mark.cells,
            line: mark.line,
            is_value: mark.quoted,
        });
    }
}

/// Says what is worth knowing of a column of texts.
pub(super) fn tell(
    name: &str,
    column: &TextColumn,
    unused: Option<Unused>,
    examples: Vec<Found>,
    notes: &mut Vec<ReadNote>,
) {
    if !column.merged.is_empty() {
        notes.push(ReadNote::Merged { column: name.to_owned(), texts: column.merged.clone() });
    }
    if let Kind::Categorical { levels } = &column.kind
        && levels.len() > MANY_LEVELS
    {
        notes.push(ReadNote::ManyLevels { column: name.to_owned(), levels: levels.len() });
    }
    if let Kind::Categorical { levels } = &column.kind
        && look_measured(levels)
    {
        notes.push(ReadNote::Unread {
            column: name.to_owned(),
            examples: levels.iter().take(3).cloned().collect(),
        });
    }
    // What is not understood is told with the cells that do not fit, where these are known.
    let told = notes.iter().any(|note| matches!(note, ReadNote::LeftOut { column, .. } if column == name));
    if let Some(unused) = unused.filter(|_| !told) {
        notes.push(left_out(name, unused, examples));
    }
}

pub(super) fn left_out(name: &str, unused: Unused, examples: Vec<Found>) -> ReadNote {
    let remedy = match unused {
        Unused::FreeText => "put what matters of it into columns of its own",
        Unused::Scattered => "to have it as categories, name it in data.categorical",
        Unused::NotUnderstood => {
            "write its cells in one way, as plain numbers say, or name it in data.categorical"
        }
    };
    ReadNote::LeftOut { column: name.to_owned(), why: unused.reason(), examples, remedy }
}

/// What cannot be read, gathered over all columns.
#[derive(Debug, Default)]
pub(super) struct Refused {
    strays: Vec<StrayCell>,
    marks: Vec<ForeignMark>,
    mixed: Option<(String, Found, Found)>,
}

impl Refused {
    fn is_empty(&self) -> bool {
        self.strays.is_empty() && self.marks.is_empty() && self.mixed.is_none()
    }

    fn mix(&mut self, name: &str, first: Found, second: Found) {
        let (first, second) = if first.0 <= second.0 { (first, second) } else { (second, first) };
        self.mixed.get_or_insert_with(|| (name.to_owned(), first, second));
    }

    /// Whether a column of texts may be that, in spite of `doubt`.
    fn judge(
        &mut self,
        name: &str,
        doubt: Doubt,
        column: &TextColumn,
        notes: &mut Vec<ReadNote>,
    ) -> Option<Unused> {
        let Cells::Text { codes, levels } = &column.cells else { return column.unused };
        let n = codes.iter().filter(|&&code| code != MISSING).count();
        let are_few = column.kind != Kind::Identifier
            && (levels.len() <= 20 || (levels.len() <= 64 && levels.len() * 20 <= n));
        let categories =
            |(line, example): Found| ReadNote::Categories { column: name.to_owned(), example, line };
        match doubt {
            Doubt::None => {}
            Doubt::Mixed(_, second) if are_few => notes.push(categories(second)),
            Doubt::Mixed(first, second) => self.mix(name, first, second),
            Doubt::Foreign { expected, foreign, examples } => {
                let first = examples.first().cloned().unwrap_or_default();
                if are_few {
                    notes.push(categories(first));
                } else if !foreign.are_many && foreign.texts.len() <= 3 && foreign.n > 0 {
                    self.marks.extend(foreign.texts.into_iter().map(|(mark, cells, line)| ForeignMark {
                        column: name.to_owned(),
                        expected,
                        mark,
                        cells,
                        line,
                    }));
                } else if column.kind == Kind::Identifier && !super::name::is_id_name(name) {
                    let examples = examples.into_iter().take(3).collect();
                    notes.push(left_out(name, Unused::NotUnderstood, examples));
                    return Some(Unused::NotUnderstood);
                } else if column.kind != Kind::Identifier {
                    notes.push(categories(first));
                }
            }
        }
        column.unused
    }

    fn check(&mut self, path: &Path) -> Result<(), DataError> {
        if !self.strays.is_empty() {
            return Err(DataError::StrayCells {
                cells: std::mem::take(&mut self.strays),
                path: path.to_owned(),
            });
        }
        if let Some((column, first, second)) = self.mixed.take() {
            return Err(DataError::MixedSpelling { column, first, second, path: path.to_owned() });
        }
        if !self.marks.is_empty() {
            return Err(DataError::ForeignMarks {
                marks: std::mem::take(&mut self.marks),
                path: path.to_owned(),
            });
        }
        Ok(())
    }
}

/// Rows that say to be a total.
#[derive(Default)]
struct Totals {
    n: usize,
    last: Option<(usize, u64)>,
    /// The line of the last row seen.
    line: u64,
}

impl Totals {
    fn see(&mut self, cells: &[Cell<'_>], row: usize, line: u64) {
        self.line = line;
        if cells.iter().take(3).any(|cell| is_total(cell.text)) {
            self.n += 1;
            self.last = Some((row, line));
        }
    }

    /// The line of the last row, if it and no other is a total.
    fn last(&self, n_rows: usize) -> Option<u64> {
        self.last.filter(|&(row, _)| self.n == 1 && n_rows > 2 && row + 1 == n_rows).map(|(_, line)| line)
    }
}

/// The line of a last row in which two columns, or one beside a cell that is blank there alone, have the sum of those above.
fn sum_line(profiles: &[Profile], totals: &Totals) -> Option<u64> {
    let sums = profiles.iter().filter(|profile| profile.ends_in_sum()).count();
    let is_sum = totals.n == 0 && (sums > 1 || (sums == 1 && profiles.iter().any(Profile::ends_blank)));
    is_sum.then_some(totals.line)
}

/// The line of a last row that is a total.
fn last_total(origin: &dyn Origin, options: &ReadOptions) -> Result<Option<u64>, DataError> {
    let markers = Markers::of(options);
    let mut rows = origin.rows()?;
    let (names, _) = names(rows.as_mut(), origin, options, &mut Vec::new())?;
    let mut profiles: Vec<Profile> = names.iter().map(|_| Profile::new(false)).collect();
    let (mut totals, mut row) = (Totals::default(), 0);
    let n_rows = rows.each(&mut |line, cells| {
        totals.see(cells, row, line);
        row += 1;
        for (profile, cell) in profiles.iter_mut().zip(cells) {
            if markers.is_missing(cell.text) { profile.see_missing() } else { profile.see(cell.text, line) }
        }
    })?;
    Ok(totals.last(n_rows).or_else(|| sum_line(&profiles, &totals)))
}

/// Whether a text says that its row is the sum of others.
pub(crate) fn is_total(text: &str) -> bool {
    const TOTALS: [&str; 18] = [
        "total",
        "totals",
        "sum",
        "grand total",
        "overall total",
        "summe",
        "gesamt",
        "gesamtsumme",
        "insgesamt",
        "totale",
        "totaal",
        "somme",
        "suma",
        "razem",
        "итого",
        "всего",
        "合計",
        "合计",
    ];
    let first = text.as_bytes().first().copied().unwrap_or(0);
    let possible = first >= 0x80
        || matches!(first, b'T' | b't' | b'S' | b's' | b'G' | b'g' | b'O' | b'o' | b'I' | b'i' | b'R' | b'r');
    possible
        && text.len() <= 24
        && TOTALS.contains(&text.trim_end_matches([':', ' ']).to_lowercase().as_str())
}

/// The names of the columns, given, from the header or made up, and whether each is made up in spite of a header.
fn names(
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
fn names_by_place(names: &mut [String], schema: &Schema, options: &ReadOptions) {
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
