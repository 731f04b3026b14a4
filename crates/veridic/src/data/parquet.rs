//! Parquet files of flat columns, read and written column by column.
//!
//! Compressions that are read: none, snappy, gzip, lz4, Zstandard. Written files are compressed with snappy.

mod meaning;
mod write;
mod zone;
mod zstandard;

use std::fs::File;
use std::path::Path;

use parquet::basic::{Compression, ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, Type};

use meaning::{Meaning, meaning};

use super::build::ColumnBuilder;
use super::note::ReadNote;
use super::numbers::date_kind;
use super::read::Markers;
use super::rows::{self, Unreadable};
use super::source::Source;
use super::{
    Cells, Column, ColumnSchema, Kind, ReadOptions, Reading, Schema, Spelling, StoredType, Table, number,
    numbers,
};
use crate::error::DataError;

pub(super) use write::write;

/// What a file says of its origin.
pub(super) fn statement(path: &Path) -> Result<Option<String>, DataError> {
    let failed = |source| DataError::Parquet { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
    // As in reading: damage may make the reader panic.
    let attempt = std::panic::catch_unwind(|| {
        let reader = SerializedFileReader::new(file)?;
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let found = metadata.and_then(|all| all.iter().find(|pair| pair.key == super::provenance::KEY));
        Ok(found.and_then(|pair| pair.value.clone()))
    });
    attempt
        .unwrap_or_else(|_| Err(ParquetError::General("its metadata cannot be read".into())))
        .map_err(failed)
}

/// Rows read at a time.
const BATCH: usize = 8192;
const DATE: &str = "%Y-%m-%d";
const TO_SECONDS: &str = "%Y-%m-%d %H:%M:%S";
const TO_MICROS: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// Reads a table and tells what its columns are.
pub(super) fn read(
    source: &Source,
    options: &ReadOptions,
    like: Option<&Schema>,
) -> Result<Reading, DataError> {
    // Some damage to a file makes the Parquet reader panic rather than report it. Nothing of a failed attempt is
    // kept, so there is no state to be left broken.
    let attempt = std::panic::catch_unwind(|| read_columns(source, options, like));
    attempt.unwrap_or_else(|_| {
        let error = ParquetError::General("its pages contradict each other".into());
        Err(DataError::Parquet { path: source.name().to_owned(), source: error })
    })
}

fn read_columns(source: &Source, options: &ReadOptions, like: Option<&Schema>) -> Result<Reading, DataError> {
    match source.plain_file() {
        Some(path) => {
            let failed = |error| DataError::Read { path: path.to_owned(), source: error };
            let file = File::open(path).map_err(failed)?;
            let again = file.try_clone().map_err(failed)?;
            read_chunks(source, file, &again, (options, like))
        }
        None => {
            let bytes = bytes::Bytes::from(source.bytes()?);
            read_chunks(source, bytes.clone(), &bytes, (options, like))
        }
    }
}

fn read_chunks<C: ChunkReader + 'static>(
    source: &Source,
    chunks: C,
    raw: &C,
    (options, like): (&ReadOptions, Option<&Schema>),
) -> Result<Reading, DataError> {
    let path = || source.name().to_owned();
    let failed = |error| DataError::Parquet { path: path(), source: error };
    let file = SerializedFileReader::new(chunks).map_err(failed)?;
    let layout = file.metadata().file_metadata().schema_descr_ptr();
    for field in layout.root_schema().get_fields() {
        if let Some(shape) = nested(field) {
            return Err(DataError::NestedColumn { column: field.name().to_owned(), shape, path: path() });
        }
    }
    for group in file.metadata().row_groups() {
        for column in group.columns() {
            let known = matches!(
                column.compression(),
                Compression::UNCOMPRESSED
                    | Compression::SNAPPY
                    | Compression::GZIP(_)
                    | Compression::LZ4
                    | Compression::LZ4_RAW
                    | Compression::ZSTD(_)
            );
            if !known {
                let found = format!("compressed as {}", column.compression());
                let column = column.column_descr().name().to_owned();
                return Err(DataError::UnsupportedColumn { column, found, path: path() });
            }
        }
    }
    let mut table = Table { columns: Vec::new(), n_rows: 0 };
    let mut schema = Schema { columns: Vec::new() };
    let mut notes = Vec::new();
    let zones = zone::zones(file.metadata().file_metadata());
    for (i, descriptor) in layout.columns().iter().enumerate() {
        let name = descriptor.name().to_owned();
        if let Some(first) = table.columns.iter().position(|column| column.name == name) {
            let (first, second) = (first + 1, i + 1);
            return Err(DataError::DuplicateColumn { name, first, second, path: path() });
        }
        let mut growing = Growing::of(descriptor).map_err(|found| DataError::UnsupportedColumn {
            column: name.clone(),
            found,
            path: path(),
        })?;
        loop {
            for group in 0..file.num_row_groups() {
                let about = file.metadata().row_group(group);
                let reader = match about.column(i).compression() {
                    Compression::ZSTD(_) => {
                        let n_rows = usize::try_from(about.num_rows()).unwrap_or(0);
                        zstandard::column_reader(raw, about.column(i), n_rows)
                    }
                    _ => file.get_row_group(group).and_then(|group| group.get_column_reader(i)),
                };
                growing.read(reader.map_err(failed)?).map_err(|problem| match problem {
                    Problem::Parquet(error) => failed(error),
                    Problem::NotText => DataError::UnsupportedColumn {
                        column: name.clone(),
                        found: "bytes that are not text".into(),
                        path: path(),
                    },
                })?;
            }
            match growing.exactly() {
                Some(again) => growing = again,
                None => break,
            }
        }
        let own = like.and_then(|schema| schema.column(&name)).map(|column| ReadOptions {
            missing: Markers::of(options).of_column(column).into_texts(),
            not_missing: Vec::new(),
            ..options.clone()
        });
        let (column, cells) = growing
            .finish(&name, own.as_ref().unwrap_or(options), zones.get(&name), &mut notes)
            .map_err(|error| error.at(&path()))?;
        if i > 0 && cells.len() != table.n_rows {
            let problem = format!("column `{name}` has {} rows, the first has {}", cells.len(), table.n_rows);
            return Err(failed(ParquetError::General(problem)));
        }
        table.n_rows = cells.len();
        schema.columns.push(column);
        table.columns.push(Column { name, cells });
    }
    if table.n_rows == 0 {
        return Err(DataError::HeaderOnly { columns: table.columns.len(), path: path() });
    }
    Ok(Reading { table, schema, notes, layout: None })
}

fn nested(field: &Type) -> Option<&'static str> {
    let info = field.get_basic_info();
    let is = |logical: &LogicalType| info.logical_type_ref() == Some(logical);
    if field.is_primitive() {
        let repeated = info.has_repetition() && info.repetition() == parquet::basic::Repetition::REPEATED;
        return repeated.then_some("a list");
    }
    Some(if is(&LogicalType::List) || info.converted_type() == ConvertedType::LIST {
        "a list"
    } else if is(&LogicalType::Map) || info.converted_type() == ConvertedType::MAP {
        "a map"
    } else {
        "a struct"
    })
}

/// A column while its row groups are read.
enum Growing {
    Number { values: Vec<f64>, meaning: Meaning, is_inexact: bool },
    Text { cells: ColumnBuilder, form: TextForm },
}

/// What becomes the text of a cell.
#[derive(Clone, Copy, PartialEq)]
enum TextForm {
    Plain,
    Uuid,
    /// Whole numbers that an `f64` cannot hold.
    Digits {
        is_unsigned: bool,
    },
}

enum Problem {
    Parquet(ParquetError),
    NotText,
}

impl From<ParquetError> for Problem {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}

impl Growing {
    fn of(descriptor: &ColumnDescriptor) -> Result<Self, String> {
        let meaning = meaning(descriptor);
        let number = |meaning| Self::Number { values: Vec::new(), meaning, is_inexact: false };
        let text = |form| Self::Text { cells: ColumnBuilder::text(), form };
        let logical = descriptor.logical_type_ref();
        match descriptor.physical_type() {
            Physical::BOOLEAN => Ok(text(TextForm::Plain)),
            Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE => Ok(number(meaning)),
            Physical::INT96 => Ok(number(Meaning::Moment { per_second: 1.0, is_utc: false })),
            Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY
                if matches!(meaning, Meaning::Decimal { .. }) =>
            {
                Ok(number(meaning))
            }
            Physical::FIXED_LEN_BYTE_ARRAY if logical == Some(&LogicalType::Uuid) => Ok(text(TextForm::Uuid)),
            Physical::BYTE_ARRAY => Ok(text(TextForm::Plain)),
            Physical::FIXED_LEN_BYTE_ARRAY => Err(match logical {
                Some(logical) => format!("of type {logical:?}"),
                None => "bytes of fixed length".into(),
            }),
        }
    }

    /// The same column to be read again as texts, where its whole numbers are too large to be exact as numbers.
    fn exactly(&self) -> Option<Self> {
        match self {
            Self::Number {
                is_inexact: true,
                meaning: meaning @ (Meaning::Plain | Meaning::Unsigned | Meaning::Decimal { scale: 0, .. }),
                ..
            } => {
                let form = TextForm::Digits { is_unsigned: *meaning == Meaning::Unsigned };
                Some(Self::Text { cells: ColumnBuilder::text(), form })
            }
            _ => None,
        }
    }

    fn read(&mut self, reader: ColumnReader) -> Result<(), Problem> {
        use ColumnReader as R;
        match self {
            Self::Number { values, meaning, is_inexact } => {
                let meaning = *meaning;
                let is_float = matches!(reader, R::FloatColumnReader(_) | R::DoubleColumnReader(_));
                let mut push = |value: Option<f64>| {
                    *is_inexact |= !is_float && value.is_some_and(|value| value.abs() > number::MAX_EXACT);
                    values.push(value.map_or(f64::NAN, |value| meaning.value(value)));
                    Ok(())
                };
                let unsigned = meaning == Meaning::Unsigned;
                match reader {
                    R::Int32ColumnReader(r) if unsigned => {
                        each(r, |v| push(v.map(|&v| f64::from(v.cast_unsigned()))))
                    }
                    R::Int32ColumnReader(r) => each(r, |v| push(v.map(|&v| f64::from(v)))),
                    R::Int64ColumnReader(r) if unsigned => {
                        each(r, |v| push(v.map(|&v| v.cast_unsigned() as f64)))
                    }
                    R::Int64ColumnReader(r) => each(r, |v| push(v.map(|&v| v as f64))),
                    R::FloatColumnReader(r) => each(r, |v| push(v.map(|&v| widened(v)))),
                    R::DoubleColumnReader(r) => each(r, |v| push(v.copied())),
                    R::Int96ColumnReader(r) => each(r, |v| push(v.map(moment))),
                    R::ByteArrayColumnReader(r) => each(r, |v| push(v.map(big_endian))),
                    R::FixedLenByteArrayColumnReader(r) => each(r, |v| push(v.map(|v| big_endian(v)))),
                    R::BoolColumnReader(_) => unreachable!("booleans are read as text"),
                }
            }
            Self::Text { cells, form } => {
                let form = *form;
                let mut push = |bytes: Option<&[u8]>| {
                    let Some(bytes) = bytes else {
                        cells.push_missing();
                        return Ok(());
                    };
                    match form {
                        TextForm::Uuid => cells.push(&hexadecimal(bytes), 0),
                        TextForm::Digits { .. } => cells.push(&digits(bytes), 0),
                        TextForm::Plain => {
                            cells.push(std::str::from_utf8(bytes).map_err(|_| Problem::NotText)?, 0);
                        }
                    }
                    Ok(())
                };
                let unsigned = form == TextForm::Digits { is_unsigned: true };
                // A sign before the digits of a number without one.
                let wide = |v: i64| if unsigned { i128::from(v.cast_unsigned()) } else { i128::from(v) };
                match reader {
                    R::BoolColumnReader(r) => {
                        let text = |&v: &bool| if v { &b"true"[..] } else { b"false" };
                        each(r, |v| push(v.map(text)))
                    }
                    R::ByteArrayColumnReader(r) => each(r, |v| push(v.map(ByteArray::data))),
                    R::FixedLenByteArrayColumnReader(r) => each(r, |v| push(v.map(|v| v.data()))),
                    R::Int64ColumnReader(r) => each(r, |v| match v {
                        Some(&v) => push(Some(&wide(v).to_be_bytes())),
                        None => push(None),
                    }),
                    _ => unreachable!("other physical types are read as numbers"),
                }
            }
        }
    }

    fn finish(
        self,
        name: &str,
        options: &ReadOptions,
        zone: Option<&String>,
        notes: &mut Vec<ReadNote>,
    ) -> Result<(ColumnSchema, Cells), Unreadable> {
        let (values, meaning) = match self {
            Self::Text { cells, form } => {
                let (cells, _) = cells.finish();
                let Cells::Text { codes, levels } = cells else { unreachable!("texts are texts") };
                if let (TextForm::Digits { .. }, Some(example)) = (form, levels.first()) {
                    notes.push(ReadNote::Large { column: name.to_owned(), example: example.clone() });
                }
                let is_text = form != TextForm::Plain;
                return rows::column_of_texts(name, &codes, &levels, is_text, options, notes);
            }
            Self::Number { values, meaning, .. } => (values, meaning),
        };
        let whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
        let format = match meaning {
            Meaning::Days => Some(DATE.to_owned()),
            Meaning::Moment { is_utc, .. } => Some(format!(
                "{}{}",
                if whole { TO_SECONDS } else { TO_MICROS },
                if is_utc { "%:z" } else { "" }
            )),
            Meaning::Time(_) => Some(if whole { "%H:%M:%S" } else { "%H:%M:%S%.6f" }.to_owned()),
            _ => None,
        };
        if let Some(format) = format {
            let missing = values.iter().filter(|value| value.is_nan()).count();
            if missing == values.len() {
                let found = numbers::all_missing(values.len());
                return Ok((ColumnSchema::new(name, found.kind, missing), found.cells));
            }
            let kind = date_kind(format, &values);
            let mut column = ColumnSchema::new(name, kind, missing);
            match (meaning, zone) {
                (Meaning::Time(_), _) => column.stored = Some(StoredType::Time),
                (Meaning::Moment { is_utc: true, .. }, Some(zone)) if zone != "UTC" => {
                    // Moments of an offset are written by its clock; when the clocks of a place change is not known here.
                    let zone_of = |zone| Spelling { zone: Some(zone), ..Spelling::default() };
                    column.spelling = zone::offset(zone).map(zone_of);
                    column.stored = Some(StoredType::Moment { zone: zone.clone() });
                }
                _ => {}
            }
            return Ok((column, Cells::Number(values)));
        }
        let categorical = options.categorical.iter().any(|column| column == name);
        if categorical {
            let (codes, levels) = rows::texts_of(&values);
            return rows::column_of_texts(name, &codes, &levels, true, options, notes);
        }
        let (missing, found) = numbers::number_cells(name, values, notes).map_err(Unreadable::Stray)?;
        let mut column =
            ColumnSchema { values: found.values, ..ColumnSchema::new(name, found.kind, missing) };
        let mut spelling = found.spelling;
        if let Meaning::Decimal { scale: scale @ 1..=15, precision } = meaning {
            let scale = scale as u8;
            column.stored =
                u8::try_from(precision).ok().map(|precision| StoredType::Decimal { precision, scale });
            if let Kind::Real { decimals, .. } = &mut column.kind {
                *decimals = scale;
            }
            if matches!(column.kind, Kind::Integer { .. } | Kind::Real { .. }) {
                spelling.decimals = Some(scale);
            }
        }
        column.spelling = (!spelling.is_plain()).then_some(spelling);
        Ok((column, found.cells))
    }
}

/// Calls `push` with every value of a column of one row group, `None` for a missing one.
fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    mut push: impl FnMut(Option<&T::T>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut values = Vec::with_capacity(BATCH);
    let mut levels = Vec::with_capacity(BATCH);
    loop {
        values.clear();
        levels.clear();
        let (records, n_values, _) = reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Ok(());
        }
        // A column without missing values has no levels.
        if n_values == records {
            values.iter().try_for_each(|value| push(Some(value)))?;
            continue;
        }
        let mut present = values.iter();
        for &level in &levels {
            push(if level == 0 { None } else { present.next() })?;
        }
    }
}

/// The number whose shortest text is that of `value`: 0.1 stays 0.1.
fn widened(value: f32) -> f64 {
    format!("{value}").parse().unwrap_or(f64::from(value))
}

fn moment(value: &Int96) -> f64 {
    value.to_micros() as f64 / 1e6
}

fn big_endian(bytes: &ByteArray) -> f64 {
    let bytes = bytes.data();
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let magnitude =
        bytes.iter().fold(0.0, |sum, &byte| sum * 256.0 + f64::from(if negative { !byte } else { byte }));
    if negative { -(magnitude + 1.0) } else { magnitude }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The whole number of so many bytes, the highest first.
fn digits(bytes: &[u8]) -> String {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    // More than 16 bytes hold no decimal that is allowed, which has 38 digits at most.
    let value =
        bytes.iter().fold(if negative { -1_i128 } else { 0 }, |sum, &byte| (sum << 8) | i128::from(byte));
    value.to_string()
}
