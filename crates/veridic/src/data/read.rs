//! Reading a table whatever its format.

use std::path::Path;

use super::source::Source;
use super::{Difference, Schema, Table, csv, npy, parquet};
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
    /// How missing cells are written (an empty cell is always missing).
    pub missing: Vec<String>,
    /// Columns whose values are categories even where they are numbers.
    pub categorical: Vec<String>,
    /// Columns of a given schema that the data may lack, such as the target when scoring.
    pub optional: Vec<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let missing = ["?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None"];
        Self {
            delimiter: None,
            header: None,
            names: None,
            missing: missing.map(str::to_owned).to_vec(),
            categorical: Vec::new(),
            optional: Vec::new(),
        }
    }
}

/// The missing markers, with a quick no for most cells.
pub(crate) struct Markers<'a> {
    texts: &'a [String],
    firsts: [bool; 256],
}

impl<'a> Markers<'a> {
    pub(crate) fn of(options: &'a ReadOptions) -> Self {
        let mut firsts = [false; 256];
        for first in options.missing.iter().filter_map(|text| text.bytes().next()) {
            firsts[usize::from(first)] = true;
        }
        Self { texts: &options.missing, firsts }
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
/// The format follows the content: Parquet, NPY and NPZ by their first bytes (NPZ by its ending), anything else is
/// delimited text; gzip is unpacked. `archive.zip/member.csv` is a member of a zip archive, `archive.zip` its
/// largest table.
///
/// # Errors
/// Any [`DataError`] about files, their format or their cells.
pub fn read(path: &Path, options: &ReadOptions) -> Result<(Table, Schema), DataError> {
    read_source(&Source::find(path)?, options)
}

/// Reads a table from `bytes` that came from somewhere called `name`, such as standard input.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(name: &str, bytes: Vec<u8>, options: &ReadOptions) -> Result<(Table, Schema), DataError> {
    read_source(&Source::memory(Path::new(name), bytes), options)
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
    Parquet,
    Npy,
    Npz,
}

fn read_source(source: &Source, options: &ReadOptions) -> Result<(Table, Schema), DataError> {
    match format(source)? {
        Format::Csv => csv::read(source, options),
        Format::Parquet => parquet::read(source),
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
    if matches!(format(source)?, Format::Csv) {
        return csv::read_as(source, schema, options);
    }
    let (table, found) = read_source(source, options)?;
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
        b"PK\x03\x04" => Ok(Format::Npz),
        _ if ends_with(source, "npy") => Err(npy::not_an_array(source)),
        _ if ends_with(source, "npz") => Err(unknown("no zip archive, as NPZ files are")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(unknown("UTF-16 text")),
        [b'[' | b'{', ..] => Err(unknown("JSON")),
        [0x28, 0xb5, 0x2f, 0xfd] => Err(unknown("Zstandard data")),
        b"\x89PNG" => Err(unknown("a PNG image")),
        b"%PDF" => Err(unknown("a PDF document")),
        [0xd0, 0xcf, 0x11, 0xe0] => Err(unknown("an old Excel workbook")),
        [0, 0, 8, 1 | 3] => Err(unknown("an IDX file of images or labels")),
        [0x1f, 0x8b, ..] => Ok(Format::Csv),
        _ if head.contains(&0) => Err(unknown("not text")),
        _ => Ok(Format::Csv),
    }
}
