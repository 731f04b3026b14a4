//! Reading a table whatever its format.

use std::path::Path;

use super::note::{ReadNote, counted};
use super::source::Source;
use super::{Cells, ColumnSchema, Difference, Kind, Schema, Table, TextLayout, csv, excel, npy, parquet};
use crate::error::DataError;

/// How to read a table; the default finds everything out by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// What separates cells; a space stands for any run of spaces. Found out if `None`.
    pub delimiter: Option<char>,
    /// Whether the first row has the names of the columns. Found out if `None`.
    pub header: Option<bool>,
    /// Names of all columns, instead of the header's or where there is no header.
    pub names: Option<Vec<String>>,
    /// Whether columns of one name are numbered (`a`, `a_2`), instead of an error.
    pub number_duplicates: bool,
    /// How missing cells are written (an empty cell is always missing).
    pub missing: Vec<String>,
    /// Which of these are values after all.
    pub not_missing: Vec<String>,
    /// The decimal sign of all numbers. Found out if `None`.
    pub decimal: Option<char>,
    /// What parts groups of three digits. Found out if `None`.
    pub thousands: Option<char>,
    /// Whether the day comes before the month in dates that begin with either. Found out if `None`.
    pub day_first: Option<bool>,
    /// The first of the hundred years that two digits of a year are of. Found out if `None`.
    pub first_year: Option<u16>,
    /// Whether a last row that is a total of the others is left out.
    pub drop_total: bool,
    /// Lines above the table, or rows of a sheet, that are left out. Found out if `None`.
    pub skip: Option<usize>,
    /// The encoding of text, such as `windows-1252`. Found out if `None`.
    pub encoding: Option<String>,
    /// The sheet of a workbook. The only one if `None`.
    pub sheet: Option<String>,
    /// Columns whose values are categories even where they are numbers.
    pub categorical: Vec<String>,
    /// Columns of a given schema that the data may lack, such as the target when scoring.
    pub optional: Vec<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let missing = ["?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "NULL", "null", "None"];
        Self {
            delimiter: None,
            header: None,
            names: None,
            number_duplicates: false,
            missing: missing.map(str::to_owned).to_vec(),
            not_missing: Vec::new(),
            decimal: None,
            thousands: None,
            day_first: None,
            first_year: None,
            drop_total: false,
            skip: None,
            encoding: None,
            sheet: None,
            categorical: Vec::new(),
            optional: Vec::new(),
        }
    }
}

/// A table that was read, with what it turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The rows.
    pub table: Table,
    /// What the columns are.
    pub schema: Schema,
    /// What was assumed, converted or left out.
    pub notes: Vec<ReadNote>,
    /// How a delimited text is laid out; nothing of other formats.
    pub layout: Option<TextLayout>,
}

/// Identifiers that a summary names.
const NAMED: usize = 3;

impl Reading {
    /// How many rows and columns of which kind there are, in a line.
    pub fn summary(&self) -> String {
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for column in &self.schema.columns {
            let kind = column.kind_name();
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, n)) => *n += 1,
                None => kinds.push((kind, 1)),
            }
        }
        // Names of rows are left out of what is learned, so it is said which columns are taken for such.
        let is_name = |column: &&ColumnSchema| column.kind_name() == Kind::Identifier.name();
        let names = self.schema.columns.iter().filter(is_name);
        let names: Vec<String> = names.map(|column| format!("`{}`", column.name)).collect();
        let more = if names.len() > NAMED { ", …" } else { "" };
        let which =
            format!(" ({}{more}: names of rows, left out)", names[..names.len().min(NAMED)].join(", "));
        let kinds = kinds.iter().map(|(kind, n)| {
            let which = if *kind == Kind::Identifier.name() { which.as_str() } else { "" };
            format!("{n} {kind}{which}")
        });
        let kinds: Vec<String> = kinds.collect();
        let (rows, columns) = (self.table.n_rows, self.schema.columns.len());
        format!("{}, {}: {}", counted(rows, "row"), counted(columns, "column"), kinds.join(", "))
    }

    /// What a person should know of how the table was read, a line each: what there is, spellings in one line, and every
    /// note that is not quiet.
    pub fn told(&self) -> Vec<String> {
        let mut told = vec![self.summary()];
        let spelled = |note: &ReadNote| match note {
            ReadNote::Spelled { column, example, .. } => Some(format!("`{example}` in `{column}`")),
            _ => None,
        };
        let spelled: Vec<String> = self.notes.iter().filter_map(spelled).collect();
        if !spelled.is_empty() {
            const SHOWN: usize = 6;
            let more = spelled.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            told.push(format!(
                "read as numbers or moments and written so again: {}{more}",
                spelled[..spelled.len().min(SHOWN)].join(", ")
            ));
        }
        told.extend(self.notes.iter().filter(|note| !note.is_quiet()).map(ToString::to_string));
        told
    }
}

/// The missing markers, with a quick no for most cells.
#[derive(Debug, Clone)]
pub(crate) struct Markers {
    texts: Vec<String>,
    firsts: [bool; 256],
}

impl Markers {
    pub(crate) fn of(options: &ReadOptions) -> Self {
        let texts = options.missing.iter().filter(|text| !options.not_missing.contains(text));
        Self::new(texts.cloned().collect())
    }

    fn new(texts: Vec<String>) -> Self {
        let mut firsts = [false; 256];
        for first in texts.iter().filter_map(|text| text.bytes().next()) {
            firsts[usize::from(first)] = true;
        }
        Self { texts, firsts }
    }

    /// The markers of a column of a schema: its own if it has some, and no level of it.
    pub(crate) fn of_column(&self, column: &ColumnSchema) -> Self {
        let texts = column.marks.as_ref().unwrap_or(&self.texts);
        let levels = column.kind.levels();
        Self::new(texts.iter().filter(|text| !levels.contains(text)).cloned().collect())
    }

    /// The markers that are left to a column whose kind names no levels and whose cells are texts like some of them: what was
    /// quoted here may stand in a file without quotes. None where all are left.
    pub(crate) fn among(&self, cells: &Cells, kind: &Kind) -> Option<Vec<String>> {
        let Cells::Text { levels, .. } = cells else { return None };
        if !kind.levels().is_empty() || !self.texts.iter().any(|text| levels.contains(text)) {
            return None;
        }
        Some(self.texts.iter().filter(|text| !levels.contains(text)).cloned().collect())
    }

    /// The marks themselves.
    pub(crate) fn into_texts(self) -> Vec<String> {
        self.texts
    }

    /// Whether a trimmed cell is a missing one.
    pub(crate) fn is_missing(&self, cell: &str) -> bool {
        match cell.bytes().next() {
            None => true,
            Some(first) => self.firsts[usize::from(first)] && self.texts.iter().any(|text| text == cell),
        }
    }
}

/// Reads the table at `path` and tells from all its cells what each column is.
///
/// The format follows the content: Parquet, NPY, NPZ and workbooks by their first bytes and ending, anything else is
/// delimited text; gzip and Zstandard are unpacked. `archive.zip/member.csv` is a member of a zip archive,
/// `archive.zip` its only table.
///
/// # Errors
/// Any [`DataError`] about files, their format or their cells.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Reading, DataError> {
    read_source(&Source::find(path)?, options, None)
}

/// Reads a table from `bytes` that came from somewhere called `name`, such as standard input.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(name: &str, bytes: Vec<u8>, options: &ReadOptions) -> Result<Reading, DataError> {
    read_source(&Source::memory(Path::new(name), bytes), options, None)
}

/// How the delimited text at `path` is laid out, which [`read`] also says; nothing of other formats.
///
/// # Errors
/// As [`read`].
pub fn text_layout(path: &Path, options: &ReadOptions) -> Result<Option<TextLayout>, DataError> {
    let source = Source::find(path)?;
    match format(&source)? {
        Format::Csv => csv::layout(&source, options).map(Some),
        Format::Workbook | Format::Parquet | Format::Npy | Format::Npz => Ok(None),
    }
}

/// Reads the table at `path` as `schema` says: its columns in its order, of its kinds.
///
/// Texts that are no level of their column become further levels after the schema's. Also returned is what differed
/// without harm. Columns that are absent and may be ([`ReadOptions::optional`], identifiers, constants) are absent
/// from the table too.
///
/// # Errors
/// [`DataError::SchemaMismatch`] with every difference at once, and as [`read`].
pub fn read_as(
    path: &Path,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    read_source_as(&Source::find(path)?, schema, options)
}

/// As [`read_as`], from `bytes` that came from somewhere called `name`.
///
/// # Errors
/// As [`read_as`].
pub fn read_bytes_as(
    name: &str,
    bytes: Vec<u8>,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    read_source_as(&Source::memory(Path::new(name), bytes), schema, options)
}

enum Format {
    Csv,
    Workbook,
    Parquet,
    Npy,
    Npz,
}

/// Reads a table; `like` says of columns which marks are values there, in files that have no quotes.
fn read_source(source: &Source, options: &ReadOptions, like: Option<&Schema>) -> Result<Reading, DataError> {
    match format(source)? {
        Format::Csv => csv::read(source, options),
        Format::Parquet => parquet::read(source, options, like),
        Format::Workbook => excel::read(source, options),
        Format::Npy => npy::read_table(source),
        Format::Npz => npy::read_archive_table(source),
    }
}

fn read_source_as(
    source: &Source,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    schema.validate()?;
    match format(source)? {
        Format::Csv => return csv::read_as(source, schema, options),
        Format::Workbook => return excel::read_as(source, schema, options),
        Format::Parquet | Format::Npy | Format::Npz => {}
    }
    let Reading { table, schema: found, .. } = read_source(source, options, Some(schema))?;
    schema.conform(&table, &found, &options.optional).map_err(|error| match error {
        DataError::SchemaMismatch { differences, .. } => {
            DataError::SchemaMismatch { differences, path: Some(source.name().to_owned()) }
        }
        other => other,
    })
}

/// Whether the name has an ending that says what must be inside.
fn ends_with(source: &Source, ending: &str) -> bool {
    source.name().extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

fn format(source: &Source) -> Result<Format, DataError> {
    let head = source.head()?;
    let unknown = |found| DataError::UnknownFormat { found, path: source.name().to_owned() };
    match head.as_slice() {
        [] => Err(DataError::Empty { path: source.name().to_owned() }),
        b"PAR1" => Ok(Format::Parquet),
        b"\x93NUM" => Ok(Format::Npy),
        b"PK\x03\x04" if ends_with(source, "npz") => Ok(Format::Npz),
        b"PK\x03\x04" if source.is_workbook()? => Ok(Format::Workbook),
        [0xd0, 0xcf, 0x11, 0xe0] => Ok(Format::Workbook),
        b"PK\x03\x04" => Ok(Format::Npz),
        _ if ends_with(source, "npy") => Err(npy::not_an_array(source)),
        _ if ends_with(source, "npz") => Err(unknown("no zip archive, as NPZ files are")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Ok(Format::Csv),
        // UTF-16 of Latin letters, without its mark.
        &[a, 0, b, 0] | &[0, a, 0, b] if a.min(b) >= b'\t' && a.max(b) < 0x7f => Ok(Format::Csv),
        [b'[' | b'{', ..] => Err(unknown("JSON")),
        b"\x89PNG" => Err(unknown("a PNG image")),
        b"%PDF" => Err(unknown("a PDF document")),
        [0, 0, 8, 1 | 3] => Err(unknown("an IDX file of images or labels")),
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd] => Ok(Format::Csv),
        _ if head.contains(&0) => Err(unknown("not text")),
        _ => Ok(Format::Csv),
    }
}
