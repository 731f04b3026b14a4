//! Delimited text: reading with or without a schema.
//!
//! A file is read once to tell what each column is; numbers are kept from that pass, so only tables with text or
//! date-time columns are read a second time, for those columns. Neither pass holds more than a row of text.

use std::io::{BufRead, BufReader, Cursor, Read};

use csv::{Reader, ReaderBuilder, StringRecord, Terminator};

use super::build::ColumnBuilder;
use super::dialect::Dialect;
use super::infer::{Finding, Profile};
use super::read::Markers;
use super::source::{Source, nearest_name};
use super::{Cells, Column, ColumnSchema, Difference, Kind, ReadOptions, Schema, Table, number};
use crate::error::DataError;

/// Bytes looked at to find the layout, at most and at first.
const MAX_SAMPLE: usize = 16 << 20;
const SAMPLE: usize = 128 << 10;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads a table and tells what its columns are.
pub(super) fn read(source: &Source, options: &ReadOptions) -> Result<(Table, Schema), DataError> {
    let markers = Markers::of(options);
    let sample = sample(source)?;
    let dialect = Dialect::detect(&sample, options, &[])?;
    let mut rows = Rows::open(source, &dialect)?;
    let names = rows.names(options)?;
    let is_categorical = |name: &String| options.categorical.contains(name);
    if let Some(name) = options.categorical.iter().find(|name| !names.contains(name)) {
        return Err(no_such_column(name, &names));
    }
    let mut profiles: Vec<Profile> = names.iter().map(|name| Profile::new(is_categorical(name))).collect();
    let n_rows = rows.each(|line, cells| {
        for (profile, cell) in profiles.iter_mut().zip(cells) {
            if markers.is_missing(cell) { profile.see_missing() } else { profile.see(cell, line) }
        }
    })?;
    if n_rows == 0 {
        return Err(DataError::HeaderOnly { columns: names.len(), path: source.name().to_owned() });
    }

    let mut missing = Vec::with_capacity(names.len());
    let mut done: Vec<Option<(Kind, Cells)>> = Vec::with_capacity(names.len());
    let mut again: Vec<(usize, ColumnBuilder)> = Vec::new();
    let mut strays = Vec::new();
    for (i, (profile, name)) in profiles.into_iter().zip(&names).enumerate() {
        let (n_missing, finding) = profile.finish(name);
        missing.push(n_missing);
        done.push(None);
        match finding {
            Finding::Done(kind, cells) => done[i] = Some((kind, cells)),
            Finding::Again(builder) => again.push((i, builder)),
            Finding::Strays(cells) => strays.extend(cells),
        }
    }
    if !strays.is_empty() {
        return Err(DataError::StrayCells { cells: strays, path: source.name().to_owned() });
    }
    if !again.is_empty() {
        let mut rows = Rows::open(source, &dialect)?;
        rows.names(options)?;
        rows.each(|line, cells| {
            for (i, builder) in &mut again {
                let cell = cells[*i];
                if markers.is_missing(cell) { builder.push_missing() } else { builder.push(cell, line) }
            }
        })?;
    }
    for (i, builder) in again {
        let (kind, cells, _) = builder.finish_inferred(is_categorical(&names[i]));
        done[i] = Some((kind, cells));
    }
    let mut table = Table { columns: Vec::with_capacity(names.len()), n_rows };
    let mut schema = Schema { columns: Vec::with_capacity(names.len()) };
    for ((name, column), missing) in names.into_iter().zip(done).zip(missing) {
        let (kind, cells) = column.expect("every column is done in the first pass or the second");
        schema.columns.push(ColumnSchema { name: name.clone(), kind, missing });
        table.columns.push(Column { name, cells });
    }
    Ok((table, schema))
}

/// Reads a table as `schema` says, and what differed without harm.
pub(super) fn read_as(
    source: &Source,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    let known: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let markers = Markers::of(options);
    let sample = sample(source)?;
    let mut dialect = Dialect::detect(&sample, options, &known)?;
    let mut rows = Rows::open(source, &dialect)?;
    let first = rows.first()?;
    if options.header.is_none() && dialect.header && fits(&first, schema, &markers) {
        // The names are strange, but as values they all fit.
        dialect.header = false;
        rows = Rows::open(source, &dialect)?;
    }
    let mut names = rows.names(options)?;
    if !dialect.header && options.names.is_none() {
        names_by_place(&mut names, schema, options);
    }
    let (places, mut differences) = schema.match_columns(&names, &options.optional);
    let mut builders: Vec<(usize, usize, ColumnBuilder)> = places
        .iter()
        .enumerate()
        .filter_map(|(i, &place)| Some((i, place?, ColumnBuilder::kind(&schema.columns[i].kind))))
        .collect();
    let n_rows = rows.each(|line, cells| {
        for (_, place, builder) in &mut builders {
            let cell = cells[*place];
            if markers.is_missing(cell) { builder.push_missing() } else { builder.push(cell, line) }
        }
    })?;
    if n_rows == 0 {
        return Err(DataError::HeaderOnly { columns: names.len(), path: source.name().to_owned() });
    }
    let mut table = Table { columns: Vec::with_capacity(builders.len()), n_rows };
    for (i, _, builder) in builders {
        let ColumnSchema { name, kind, .. } = &schema.columns[i];
        let (cells, misfits) = builder.finish();
        if let Some((line, found)) = misfits.first {
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
    Err(DataError::SchemaMismatch { differences, path: Some(source.name().to_owned()) })
}

/// The rows of a file below its comments.
struct Rows<'a> {
    reader: Reader<Box<dyn Read>>,
    dialect: &'a Dialect,
    source: &'a Source,
    record: StringRecord,
    /// Whether `record` is a row that was looked at and not used.
    waiting: bool,
    /// Cells in every row, known after the first.
    width: usize,
    /// Lines above the reader's first.
    above: u64,
    /// The line of the last row read, if its last cell runs over lines to their very end.
    open: Option<u64>,
}

impl<'a> Rows<'a> {
    fn open(source: &'a Source, dialect: &'a Dialect) -> Result<Self, DataError> {
        let mut reader = text(source)?;
        let mut line = Vec::new();
        for _ in 0..dialect.skipped {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(|error| source.error(error))?;
        }
        let reader: Box<dyn Read> = Box::new(reader.chain(&b"\n"[..]));
        let reader = ReaderBuilder::new()
            // A carriage return before it is trimmed from the last cell; the reader counts lines by this byte.
            .terminator(Terminator::Any(b'\n'))
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(reader);
        let above = dialect.skipped as u64;
        Ok(Self {
            reader,
            dialect,
            source,
            record: StringRecord::new(),
            waiting: false,
            width: 0,
            above,
            open: None,
        })
    }

    /// Reads the next row that is not blank into `record`; false at the end.
    fn advance(&mut self) -> Result<bool, DataError> {
        loop {
            let more = self.reader.read_record(&mut self.record).map_err(|error| self.error(error))?;
            if !more {
                // A quote that is never closed takes the rest of the file into one cell, and with it the line end
                // that is put after the last line; a closed one never does.
                return match self.open.take() {
                    Some(line) => Err(DataError::OpenQuote { line, path: self.source.name().to_owned() }),
                    None => Ok(false),
                };
            }
            let open =
                |cell: &str| cell.ends_with('\n') && cell.trim_end_matches(['\r', '\n']).contains('\n');
            let is_open = self.record.iter().next_back().is_some_and(open);
            self.open = is_open.then(|| self.record.position().map_or(0, csv::Position::line) + self.above);
            // A lone empty cell is a missing value of a table of one column if it is quoted, else a blank line.
            let lone_blank = self.record.len() == 1 && self.record[0].trim().is_empty();
            let blank = if self.dialect.delimiter == b' ' {
                self.record.iter().all(|cell| cell.trim().is_empty())
            } else {
                lone_blank && (self.width != 1 || self.record_bytes() <= "\r\n".len() as u64)
            };
            if !blank {
                return Ok(true);
            }
        }
    }

    /// The cells of the first row, which stays to be read.
    fn first(&mut self) -> Result<Vec<String>, DataError> {
        if !self.waiting {
            if !self.advance()? {
                return Err(DataError::Empty { path: self.source.name().to_owned() });
            }
            self.waiting = true;
        }
        let mut cells = Vec::new();
        self.dialect.cells(&self.record, &mut cells);
        self.width = cells.len();
        Ok(cells.into_iter().map(str::to_owned).collect())
    }

    /// The names of the columns: given, from the header, or made up.
    fn names(&mut self, options: &ReadOptions) -> Result<Vec<String>, DataError> {
        let path = || self.source.name().to_owned();
        let mut names = self.first()?;
        if self.dialect.header {
            self.waiting = false;
        } else {
            names.fill(String::new());
        }
        if let Some(given) = &options.names {
            if given.len() != names.len() {
                let (given, found) = (given.len(), names.len());
                return Err(DataError::NameCount { given, found, path: path() });
            }
            names.clone_from(given);
        }
        for (i, name) in names.iter_mut().enumerate() {
            if name.is_empty() {
                *name = format!("column_{}", i + 1);
            }
        }
        for (second, name) in names.iter().enumerate() {
            if let Some(first) = names[..second].iter().position(|other| other == name) {
                let name = name.clone();
                return Err(DataError::DuplicateColumn {
                    name,
                    first: first + 1,
                    second: second + 1,
                    path: path(),
                });
            }
        }
        Ok(names)
    }

    /// Calls `each` with the line and the cells of every row left, and counts them.
    fn each(&mut self, mut each: impl FnMut(u64, &[&str])) -> Result<usize, DataError> {
        let mut n_rows = 0;
        while self.waiting || self.advance()? {
            self.waiting = false;
            let mut cells = Vec::with_capacity(self.width);
            self.dialect.cells(&self.record, &mut cells);
            let line = self.line();
            if cells.len() != self.width {
                return Err(DataError::Ragged {
                    line,
                    expected: self.width,
                    found: cells.len(),
                    path: self.source.name().to_owned(),
                });
            }
            each(line, &cells);
            n_rows += 1;
        }
        Ok(n_rows)
    }

    /// The line on which the record starts. (The record's own position is before any blank lines above it.)
    fn line(&self) -> u64 {
        let inner = self.record.as_slice().bytes().filter(|&byte| byte == b'\n').count() as u64;
        self.last_line() - inner
    }

    /// The line whose end was read last; every line has an end.
    fn last_line(&self) -> u64 {
        self.above + self.reader.position().line().saturating_sub(1)
    }

    fn record_bytes(&self) -> u64 {
        let start = self.record.position().map_or(0, csv::Position::byte);
        self.reader.position().byte() - start
    }

    fn error(&self, error: csv::Error) -> DataError {
        let line = self.last_line();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => self.source.error(error),
            csv::ErrorKind::Utf8 { err, .. } => {
                DataError::NotUtf8 { line, column: err.field() + 1, path: self.source.name().to_owned() }
            }
            // Rows of any length and any header are allowed, so the reader has nothing else to complain of.
            other => self.source.error(std::io::Error::other(format!("{other:?}"))),
        }
    }
}

/// The text of `source` without a byte order mark.
fn text(source: &Source) -> Result<BufReader<Box<dyn Read>>, DataError> {
    let mut reader = source.open()?;
    let mut head = Vec::with_capacity(BOM.len());
    let read = reader.by_ref().take(BOM.len() as u64).read_to_end(&mut head);
    read.map_err(|error| source.error(error))?;
    if head == BOM {
        head.clear();
    }
    Ok(BufReader::with_capacity(1 << 16, Box::new(Cursor::new(head).chain(reader))))
}

/// The start of the text, whole lines, enough to see the layout.
fn sample(source: &Source) -> Result<String, DataError> {
    let mut reader = text(source)?;
    let mut bytes = Vec::new();
    let mut wanted = SAMPLE;
    loop {
        let before = bytes.len();
        let read = reader.by_ref().take((wanted - before) as u64).read_to_end(&mut bytes);
        read.map_err(|error| source.error(error))?;
        if bytes.len() < wanted {
            break;
        }
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        if lines > 2 || wanted >= MAX_SAMPLE {
            let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1);
            bytes.truncate(end);
            break;
        }
        wanted *= 4;
    }
    let path = || source.name().to_owned();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(DataError::Empty { path: path() });
    }
    if bytes.contains(&0) {
        return Err(DataError::UnknownFormat { found: "not text", path: path() });
    }
    // A place that is not UTF-8 is named when its row is read.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
fn fits(row: &[String], schema: &Schema, markers: &Markers<'_>) -> bool {
    let no_names = !row.iter().any(|cell| schema.columns.iter().any(|column| column.name == *cell));
    no_names
        && row.len() == schema.columns.len()
        && row.iter().zip(&schema.columns).all(|(cell, column)| {
            markers.is_missing(cell)
                || match &column.kind {
                    Kind::Integer { .. } | Kind::Real { .. } => number::parse(cell).is_some(),
                    Kind::DateTime { format, .. } => super::date::parse(cell, format).is_some(),
                    Kind::Categorical { levels } => levels.contains(cell),
                    Kind::Boolean { levels } => levels.contains(cell),
                    Kind::Constant { value } => value.as_ref() == Some(cell),
                    Kind::Identifier => true,
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
