//! Errors of the area `data`.

mod cell;
mod hint;

use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;

pub use cell::{ForeignMark, StrayCell};
pub(crate) use hint::quoted;

use cell::{marks_text, strays};

use super::{ImageError, SeriesError};
use crate::data::Difference;

/// Errors of the area `data`: reading, checking, splitting and writing data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such file or folder.
    #[error("there is no such file: {}", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
        /// Names in the same folder that look alike, the nearest first.
        near: Vec<String>,
    },
    /// A file was wanted, the path is a folder.
    #[error("this is a folder, a file is needed: {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system could not read.
    #[error("could not read: {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system could not write.
    #[error("could not write: {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What a made file says of its origin is damaged.
    #[error("what is said of its origin cannot be read ({reason}): {}", path.display())]
    Provenance {
        /// What is wrong.
        reason: String,
        /// The file that says it.
        path: PathBuf,
    },
    /// The file holds nothing.
    #[error("the file is empty: {}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The table has column names and no rows.
    #[error("the table has {columns} column names and no rows: {}", path.display())]
    HeaderOnly {
        /// Names in the header.
        columns: usize,
        /// The file.
        path: PathBuf,
    },
    /// Too few rows for what is to be done.
    #[error("there {} {rows} row{}, {purpose} needs at least {needed}", if *rows == 1 { "is" } else { "are" }, if *rows == 1 { "" } else { "s" })]
    TooFewRows {
        /// Rows there are.
        rows: usize,
        /// Rows needed.
        needed: usize,
        /// What needs them.
        purpose: &'static str,
    },
    /// A row has more or fewer cells than the first.
    #[error("line {line} has {found} cells, {expected} are expected: {}", path.display())]
    Ragged {
        /// The line, from 1.
        line: u64,
        /// Cells of the header or first row.
        expected: usize,
        /// Cells of this line.
        found: usize,
        /// What parts cells.
        delimiter: char,
        /// The file.
        path: PathBuf,
    },
    /// A quote that is never closed.
    #[error("the quote opened in line {line} is never closed: {}", path.display())]
    OpenQuote {
        /// The line where the row with the quote begins, from 1.
        line: u64,
        /// The file.
        path: PathBuf,
    },
    /// Bytes that are not UTF-8.
    #[error("line {line}, column {column} is not UTF-8 text: {}", path.display())]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: usize,
        /// The file.
        path: PathBuf,
    },
    /// The last bytes are the beginning of a letter.
    #[error("the file ends inside a letter, in line {line}: {}", path.display())]
    CutLetter {
        /// The line, from 1.
        line: u64,
        /// The file.
        path: PathBuf,
    },
    /// Not a table in a known format.
    #[error("this is {found}, known are CSV, Parquet, Excel, NPY and NPZ tables (plain, gzip, Zstandard or in a zip): {}", path.display())]
    UnknownFormat {
        /// What the first bytes look like.
        found: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file ending that cannot be written.
    #[error("cannot write a table as `{ending}`, known are csv, csv.gz, parquet and json: {}", path.display())]
    UnknownEnding {
        /// The ending.
        ending: String,
        /// The file.
        path: PathBuf,
    },
    /// A few cells of an otherwise numeric or date-time column are something else.
    #[error("{}: {}", strays(cells), path.display())]
    StrayCells {
        /// The cells, at most six a column.
        cells: Vec<StrayCell>,
        /// The file.
        path: PathBuf,
    },
    /// Numbers or moments of a column in two spellings.
    #[error(
        "column `{column}` is written in two ways: `{}` in line {} and `{}` in line {}: {}",
        first.1, first.0, second.1, second.0, path.display()
    )]
    MixedSpelling {
        /// The column.
        column: String,
        /// A cell with its line.
        first: (u64, String),
        /// A cell in another spelling with its line.
        second: (u64, String),
        /// The file.
        path: PathBuf,
    },
    /// Columns of numbers or moments with marks that are neither.
    #[error("{}: {}", marks_text(marks), path.display())]
    ForeignMarks {
        /// The marks.
        marks: Vec<ForeignMark>,
        /// The file.
        path: PathBuf,
    },
    /// An encoding that is not known.
    #[error("there is no encoding `{name}`")]
    UnknownEncoding {
        /// The name given.
        name: String,
    },
    /// A workbook cannot be read.
    #[error("the workbook cannot be read, {problem}: {}", path.display())]
    Workbook {
        /// What is wrong with it.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// A workbook has no such sheet, or several of which none was chosen.
    #[error("{}: {}", sheets_text(wanted.as_ref(), sheets), path.display())]
    Sheet {
        /// The sheet asked for, if one was.
        wanted: Option<String>,
        /// Sheets there are.
        sheets: Vec<String>,
        /// The file.
        path: PathBuf,
    },
    /// A zip archive has several tables of which none was chosen.
    #[error("the archive has {} tables: {}", tables.len(), path.display())]
    ZipTables {
        /// The tables.
        tables: Vec<String>,
        /// The archive.
        path: PathBuf,
    },
    /// Two columns of one name.
    #[error("columns {first} and {second} are both named `{name}`: {}", path.display())]
    DuplicateColumn {
        /// The name.
        name: String,
        /// The first column, from 1.
        first: usize,
        /// The second column, from 1.
        second: usize,
        /// The file.
        path: PathBuf,
    },
    /// Names were given, but not one for each column.
    #[error("{given} column names were given for {found} columns: {}", path.display())]
    NameCount {
        /// Names given.
        given: usize,
        /// Columns found.
        found: usize,
        /// The file.
        path: PathBuf,
    },
    /// A delimiter that cannot separate cells.
    #[error("`{}` cannot separate cells, one ASCII character other than a quote or line end is needed", delimiter.escape_default())]
    Delimiter {
        /// The delimiter given.
        delimiter: char,
    },
    /// The data is not what the schema says; every difference is listed.
    #[error("the data does not fit the schema: {}{}", differences_text(differences), at(path.as_ref()))]
    SchemaMismatch {
        /// Every difference, harmless ones included.
        differences: Vec<Difference>,
        /// The file, if the data came from one.
        path: Option<PathBuf>,
    },
    /// A schema that contradicts itself or is not one.
    #[error("this is not a usable schema: {}{}", problems.join("; "), at(path.as_ref()))]
    InvalidSchema {
        /// Every problem found.
        problems: Vec<String>,
        /// The file, if the schema came from one.
        path: Option<PathBuf>,
    },
    /// A column was named that the table does not have.
    #[error("there is no column `{name}`")]
    NoSuchColumn {
        /// The name.
        name: String,
        /// The most similar name there is.
        nearest: Option<String>,
        /// All names there are.
        columns: Vec<String>,
    },
    /// Every cell of a column that is needed is missing.
    #[error("every cell of column `{column}` is missing")]
    AllMissing {
        /// The column.
        column: String,
    },
    /// A file does not start with the bytes of its format.
    #[error("the file starts with {found}, {expected} is expected: {}", path.display())]
    BadMagic {
        /// What is expected.
        expected: &'static str,
        /// The bytes found, in hexadecimal.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// The file announces another length than it has.
    #[error("the header announces {expected} bytes of {what}, the file has {found}: {}", path.display())]
    WrongLength {
        /// What the bytes hold.
        what: &'static str,
        /// Bytes announced.
        expected: u64,
        /// Bytes there are (one more than announced stands for any excess).
        found: u64,
        /// The file.
        path: PathBuf,
    },
    /// There is not one label an image.
    #[error("there are {labels} labels for {images} images: {}", path.display())]
    LabelCount {
        /// Images.
        images: usize,
        /// Labels.
        labels: usize,
        /// The label file.
        path: PathBuf,
    },
    /// Reading a set of images.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Rows that are no series.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A compressed file stops before its end.
    #[error("the compressed file is cut off: {}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// A compressed file is damaged.
    #[error("the compressed file is damaged: {}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// A zip archive cannot be read.
    #[error("the zip archive cannot be read: {}", path.display())]
    Zip {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        source: zip::result::ZipError,
    },
    /// A zip archive has no such member, or none that is a table.
    #[error("the archive has no {}: {}", member.as_ref().map_or_else(|| "table".to_owned(), |name| format!("member `{name}`")), path.display())]
    ZipMember {
        /// The member asked for, if one was.
        member: Option<String>,
        /// Members there are.
        members: Vec<String>,
        /// The archive.
        path: PathBuf,
    },
    /// A Parquet file cannot be read.
    #[error("the Parquet file cannot be read: {}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: parquet::errors::ParquetError,
    },
    /// A Parquet column is a list, map or struct.
    #[error("column `{column}` is nested ({shape}), only flat columns can be read: {}", path.display())]
    NestedColumn {
        /// The column.
        column: String,
        /// List, map or struct.
        shape: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A Parquet column has a type, or a compression, that cannot be read.
    #[error("column `{column}` is {found}, which cannot be read: {}", path.display())]
    UnsupportedColumn {
        /// The column.
        column: String,
        /// What it is.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// A NumPy file cannot be read.
    #[error("the NumPy array cannot be read, {problem}: {}", path.display())]
    Npy {
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Parts of a split that are no parts.
    #[error(
        "valid = {valid} and test = {test} cannot be parts, each must be at least 0 and both together below 1"
    )]
    Fractions {
        /// The part for validation.
        valid: f64,
        /// The part for testing.
        test: f64,
    },
    /// A part of a split by time that would be empty, as too many rows have one time.
    #[error(
        "column `{column}` has {found} different values, and so many rows have the last of them that a part would be empty"
    )]
    TiedTimes {
        /// The column.
        column: String,
        /// Its different values.
        found: usize,
    },
    /// A split by entity with fewer entities than parts.
    #[error("column `{column}` has {found} different values, a split by it needs at least {needed}")]
    TooFewEntities {
        /// The column.
        column: String,
        /// Entities there are.
        found: usize,
        /// Parts that must not be empty.
        needed: usize,
    },
    /// A split by time over a column that is no time or number.
    #[error("column `{column}` holds text, a split by time needs numbers or date-times")]
    NoTime {
        /// The column.
        column: String,
    },
    /// A split by time with rows that have none.
    #[error("{count} cells of time column `{column}` are missing, the first in row {row}")]
    MissingTime {
        /// The column.
        column: String,
        /// Missing cells.
        count: usize,
        /// The first row without a time, from 1.
        row: usize,
    },
}

fn sheets_text(wanted: Option<&String>, sheets: &[String]) -> String {
    match wanted {
        Some(wanted) => format!("the workbook has no sheet `{wanted}`"),
        None => format!("the workbook has {} sheets with cells", sheets.len()),
    }
}

fn differences_text(differences: &[Difference]) -> String {
    let mut text = String::new();
    for (i, difference) in differences.iter().enumerate() {
        let separator = if i == 0 { "" } else { "; " };
        write_to(&mut text, format_args!("{separator}{difference}"));
    }
    text
}

fn at(path: Option<&PathBuf>) -> String {
    path.map_or_else(String::new, |path| format!(": {}", path.display()))
}

fn write_to(text: &mut String, arguments: fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a string cannot fail");
}
