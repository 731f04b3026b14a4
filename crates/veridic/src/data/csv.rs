//! Delimited text: its encoding, its layout and its rows.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs::Encoding;

use super::dialect::Dialect;
use super::encoding::{self, Decoded};
use super::note::ReadNote;
use super::record::{Cell, Problem, Records};
use super::rows::{self, Origin, Repeated, Rows};
use super::source::Source;
use super::{Difference, ReadOptions, Reading, Schema, Table, TextLayout};
use crate::error::DataError;

/// Bytes looked at to find the layout, at most and at first.
const MAX_SAMPLE: usize = 16 << 20;
const SAMPLE: usize = 128 << 10;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads a table and tells what its columns are.
pub(super) fn read(source: &Source, options: &ReadOptions) -> Result<Reading, DataError> {
    in_encoding(source, options, |encoding, is_guess| {
        let text = Text::open(source, encoding, options, &[])?;
        let note = encoding.map(|encoding| ReadNote::Encoding { encoding: encoding.name(), is_guess });
        let notes = note.into_iter().chain(text.above()).chain(text.row_names());
        let reading = rows::read(&text, options, notes.collect())?;
        Ok(Reading { layout: Some(text.layout()?), ..reading })
    })
}

/// How a text is laid out.
pub(super) fn layout(source: &Source, options: &ReadOptions) -> Result<TextLayout, DataError> {
    in_encoding(source, options, |encoding, _| {
        let text = Text::open(source, encoding, options, &[])?;
        // Whether it is UTF-8 only the whole of it tells.
        let mut rows = text.rows()?;
        rows.first()?;
        rows.each(&mut |_, _| {})?;
        text.layout()
    })
}

/// Reads a table as `schema` says, and what differed without harm.
pub(super) fn read_as(
    source: &Source,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    let known: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    in_encoding(source, options, |encoding, _| {
        let mut text = Text::open(source, encoding, options, &known)?;
        let first = text.rows()?.first()?;
        if options.header.is_none() && text.dialect.header && rows::fits(&first, schema, options) {
            // The names are strange, but as values they all fit.
            text.dialect.header = false;
        }
        rows::read_as(&text, schema, options)
    })
}

/// Reads in the encoding that is given or told by the first bytes; else as UTF-8, and where that fails as what the bytes
/// look like.
fn in_encoding<T>(
    source: &Source,
    options: &ReadOptions,
    read: impl Fn(Option<&'static Encoding>, bool) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let encoding = encoding::of(source, options.encoding.as_deref())?;
    match read(encoding, false) {
        Err(error @ (DataError::NotUtf8 { .. } | DataError::CutLetter { .. }))
            if encoding.is_none() && options.encoding.is_none() =>
        {
            match encoding::guess(source)? {
                Some(guess) => read(Some(guess), true),
                None => Err(error),
            }
        }
        other => other,
    }
}

/// A text with its layout.
struct Text<'a> {
    source: &'a Source,
    encoding: Option<&'static Encoding>,
    dialect: Dialect,
    /// What ends a line.
    end: u8,
}

impl<'a> Text<'a> {
    fn open(
        source: &'a Source,
        encoding: Option<&'static Encoding>,
        options: &ReadOptions,
        known: &[&str],
    ) -> Result<Self, DataError> {
        let sample = sample(source, encoding)?;
        let end = if !sample.contains('\n') && sample.contains('\r') { b'\r' } else { b'\n' };
        let sample = if end == b'\r' { sample.replace('\r', "\n") } else { sample };
        let dialect = Dialect::detect(&sample, options, known)?;
        Ok(Self { source, encoding, dialect, end })
    }

    fn layout(&self) -> Result<TextLayout, DataError> {
        let mut head = Vec::with_capacity(BOM.len());
        let read = self.source.open()?.take(BOM.len() as u64).read_to_end(&mut head);
        read.map_err(|error| self.source.error(error))?;
        Ok(TextLayout::of(self.dialect.delimiter, self.encoding, head == BOM))
    }

    /// What is left out above the table.
    fn above(&self) -> Option<ReadNote> {
        let example = self.dialect.above.clone()?;
        Some(ReadNote::Above { lines: self.dialect.skipped, example })
    }

    /// Names of rows that the header has no name for.
    fn row_names(&self) -> Option<ReadNote> {
        let example = self.dialect.row_name.clone()?;
        Some(ReadNote::RowNames { example })
    }
}

impl Origin for Text<'_> {
    fn rows(&self) -> Result<Box<dyn Rows + '_>, DataError> {
        let reader = content(self.source, self.encoding)?;
        let records = Records::new(reader, self.dialect.delimiter, self.end, self.dialect.skipped);
        let mut records = records.map_err(|error| self.source.error(error))?;
        records.escapes = self.dialect.escapes;
        let has_row_names = self.dialect.row_name.is_some();
        let repeated = Repeated::new(self.dialect.header && !self.dialect.is_numbered);
        let delimiter = char::from(self.dialect.delimiter);
        Ok(Box::new(TextRows {
            records,
            source: self.source,
            waiting: false,
            width: 0,
            has_row_names,
            ends_empty: self.dialect.ends_empty,
            repeated,
            delimiter,
        }))
    }

    fn header(&self) -> (bool, bool) {
        (self.dialect.header, self.dialect.is_numbered)
    }

    fn has_semicolons(&self) -> bool {
        self.dialect.delimiter == b';'
    }

    fn path(&self) -> &Path {
        self.source.name()
    }
}

/// The rows of a text below its comments.
struct TextRows<'a> {
    records: Records<Box<dyn Read>>,
    source: &'a Source,
    /// Whether the record is a row that was looked at and not used.
    waiting: bool,
    /// Cells in every row, known after the first.
    width: usize,
    /// Whether the rows have a cell more than the first, which is before its cells.
    has_row_names: bool,
    /// Whether the rows have an empty cell more than the first, behind its cells.
    ends_empty: bool,
    repeated: Repeated,
    delimiter: char,
}

impl TextRows<'_> {
    /// Reads the next row that is not blank; false at the end.
    fn advance(&mut self) -> Result<bool, DataError> {
        loop {
            if !self.records.advance().map_err(|problem| self.error(problem))? {
                return Ok(false);
            }
            if !self.records.is_blank(self.width) {
                return Ok(true);
            }
        }
    }

    fn error(&self, problem: Problem) -> DataError {
        let path = self.source.name().to_owned();
        match problem {
            Problem::Read(error) => self.source.error(error),
            Problem::NotUtf8 { line, cell } => DataError::NotUtf8 { line, column: cell + 1, path },
            Problem::CutLetter { line } => DataError::CutLetter { line, path },
            Problem::OpenQuote { line } => DataError::OpenQuote { line, path },
        }
    }
}

impl Rows for TextRows<'_> {
    fn first(&mut self) -> Result<Vec<String>, DataError> {
        if !self.waiting {
            if !self.advance()? {
                return Err(DataError::Empty { path: self.source.name().to_owned() });
            }
            self.waiting = true;
        }
        let mut cells = Vec::new();
        self.records.cells(&mut cells).map_err(|problem| self.error(problem))?;
        let mut cells: Vec<String> = cells.into_iter().map(|cell| cell.text.to_owned()).collect();
        self.repeated.learn(&cells);
        if self.has_row_names {
            cells.insert(0, String::new());
        }
        self.width = cells.len();
        Ok(cells)
    }

    fn skip_first(&mut self) {
        self.waiting = false;
    }

    fn each(&mut self, each: &mut dyn FnMut(u64, &[Cell<'_>])) -> Result<usize, DataError> {
        let mut n_rows = 0;
        while self.waiting || self.advance()? {
            self.waiting = false;
            let mut cells = Vec::with_capacity(self.width);
            self.records.cells(&mut cells).map_err(|problem| self.error(problem))?;
            let line = self.records.line;
            if self.ends_empty && cells.len() == self.width + 1 && cells[self.width].text.is_empty() {
                cells.pop();
            }
            if self.repeated.is(&cells, line) {
                continue;
            }
            if cells.len() != self.width {
                return Err(DataError::Ragged {
                    line,
                    expected: self.width,
                    found: cells.len(),
                    delimiter: self.delimiter,
                    path: self.source.name().to_owned(),
                });
            }
            each(line, &cells);
            n_rows += 1;
        }
        Ok(n_rows)
    }

    fn repeated(&self) -> Option<ReadNote> {
        self.repeated.note()
    }
}

/// The UTF-8 of `source` without a byte order mark.
fn content(source: &Source, encoding: Option<&'static Encoding>) -> Result<Box<dyn Read>, DataError> {
    let mut reader = source.open()?;
    if let Some(encoding) = encoding {
        return Ok(Box::new(Decoded::new(reader, encoding)));
    }
    let mut head = Vec::with_capacity(BOM.len());
    let read = reader.by_ref().take(BOM.len() as u64).read_to_end(&mut head);
    read.map_err(|error| source.error(error))?;
    if head == BOM {
        head.clear();
    }
    Ok(Box::new(Cursor::new(head).chain(reader)))
}

/// The start of the text, whole lines, enough to see the layout.
fn sample(source: &Source, encoding: Option<&'static Encoding>) -> Result<String, DataError> {
    let mut reader = BufReader::with_capacity(1 << 16, content(source, encoding)?);
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
