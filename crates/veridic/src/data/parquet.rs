//! Parquet files of flat columns, read and written column by column.
//!
//! Compressions that are read: none, snappy, gzip, lz4. Zstandard and Brotli are not, for want of a small decoder in
//! Rust. Written files are compressed with snappy.

mod write;

use std::fs::File;

use parquet::basic::{Compression, ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, Type};

use super::build::ColumnBuilder;
use super::source::Source;
use super::{Cells, Column, ColumnSchema, Kind, Schema, Table, infer};
use crate::error::DataError;

pub(super) use write::write;

/// Rows read at a time.
const BATCH: usize = 8192;
const DATE: &str = "%Y-%m-%d";
const TO_SECONDS: &str = "%Y-%m-%d %H:%M:%S";
const TO_MICROS: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// Reads a table and tells what its columns are.
pub(super) fn read(source: &Source) -> Result<(Table, Schema), DataError> {
    // Some damage to a file makes the Parquet reader panic rather than report it. Nothing of a failed attempt is
    // kept, so there is no state to be left broken.
    let attempt = std::panic::catch_unwind(|| read_columns(source));
    attempt.unwrap_or_else(|_| {
        let error = ParquetError::General("its pages contradict each other".into());
        Err(DataError::Parquet { path: source.name().to_owned(), source: error })
    })
}

fn read_columns(source: &Source) -> Result<(Table, Schema), DataError> {
    match source.plain_file() {
        Some(path) => {
            let failed = |error| DataError::Read { path: path.to_owned(), source: error };
            read_chunks(source, File::open(path).map_err(failed)?)
        }
        None => read_chunks(source, bytes::Bytes::from(source.bytes()?)),
    }
}

fn read_chunks(source: &Source, chunks: impl ChunkReader + 'static) -> Result<(Table, Schema), DataError> {
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
        for group in 0..file.num_row_groups() {
            let reader = file.get_row_group(group).and_then(|group| group.get_column_reader(i));
            growing.read(reader.map_err(failed)?).map_err(|problem| match problem {
                Problem::Parquet(error) => failed(error),
                Problem::NotText => DataError::UnsupportedColumn {
                    column: name.clone(),
                    found: "bytes that are not text".into(),
                    path: path(),
                },
            })?;
        }
        let (missing, kind, cells) = growing
            .finish(&name)
            .map_err(|stray| DataError::StrayCells { cells: vec![stray], path: path() })?;
        if i > 0 && cells.len() != table.n_rows {
            let problem = format!("column `{name}` has {} rows, the first has {}", cells.len(), table.n_rows);
            return Err(failed(ParquetError::General(problem)));
        }
        table.n_rows = cells.len();
        schema.columns.push(ColumnSchema { name: name.clone(), kind, missing });
        table.columns.push(Column { name, cells });
    }
    if table.n_rows == 0 {
        return Err(DataError::HeaderOnly { columns: table.columns.len(), path: path() });
    }
    Ok((table, schema))
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
    Number { values: Vec<f64>, meaning: Meaning },
    Text { cells: ColumnBuilder, missing: usize, is_uuid: bool },
}

/// What a stored number stands for.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    Plain,
    Unsigned,
    /// So many of ten to the power of this are one.
    Decimal(i32),
    Days,
    /// Units a second.
    Moment(f64),
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
        let number = |meaning| Self::Number { values: Vec::new(), meaning };
        let text = |is_uuid| Self::Text { cells: ColumnBuilder::text(), missing: 0, is_uuid };
        let logical = descriptor.logical_type_ref();
        match descriptor.physical_type() {
            Physical::BOOLEAN => Ok(text(false)),
            Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE => Ok(number(meaning)),
            Physical::INT96 => Ok(number(Meaning::Moment(1.0))),
            Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY
                if matches!(meaning, Meaning::Decimal(_)) =>
            {
                Ok(number(meaning))
            }
            Physical::FIXED_LEN_BYTE_ARRAY if logical == Some(&LogicalType::Uuid) => Ok(text(true)),
            Physical::BYTE_ARRAY => Ok(text(false)),
            Physical::FIXED_LEN_BYTE_ARRAY => Err(match logical {
                Some(logical) => format!("of type {logical:?}"),
                None => "bytes of fixed length".into(),
            }),
        }
    }

    fn read(&mut self, reader: ColumnReader) -> Result<(), Problem> {
        use ColumnReader as R;
        match self {
            Self::Number { values, meaning } => {
                let meaning = *meaning;
                let mut push = |value: Option<f64>| {
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
            Self::Text { cells, missing, is_uuid } => {
                let is_uuid = *is_uuid;
                let mut push = |bytes: Option<&[u8]>| {
                    let Some(bytes) = bytes else {
                        *missing += 1;
                        cells.push_missing();
                        return Ok(());
                    };
                    if is_uuid {
                        cells.push(&hexadecimal(bytes), 0);
                    } else {
                        cells.push(std::str::from_utf8(bytes).map_err(|_| Problem::NotText)?, 0);
                    }
                    Ok(())
                };
                match reader {
                    R::BoolColumnReader(r) => {
                        let text = |&v: &bool| if v { &b"true"[..] } else { b"false" };
                        each(r, |v| push(v.map(text)))
                    }
                    R::ByteArrayColumnReader(r) => each(r, |v| push(v.map(ByteArray::data))),
                    R::FixedLenByteArrayColumnReader(r) => each(r, |v| push(v.map(|v| v.data()))),
                    _ => unreachable!("other physical types are read as numbers"),
                }
            }
        }
    }

    fn finish(self, name: &str) -> Result<(usize, Kind, Cells), crate::error::StrayCell> {
        match self {
            Self::Text { cells, missing, .. } => {
                let (kind, cells, _) = cells.finish_inferred(false);
                Ok((missing, kind, cells))
            }
            Self::Number { values, meaning: Meaning::Days } => Ok(moments(values, DATE)),
            Self::Number { values, meaning: Meaning::Moment(_) } => {
                let whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
                Ok(moments(values, if whole { TO_SECONDS } else { TO_MICROS }))
            }
            Self::Number { values, .. } => infer::number_cells(name, values),
        }
    }
}

impl Meaning {
    fn value(self, stored: f64) -> f64 {
        match self {
            Self::Plain | Self::Unsigned => stored,
            // Dividing by a power of ten gives the nearest float to the decimal, multiplying would not.
            Self::Decimal(scale) => stored / 10_f64.powi(scale),
            Self::Days => stored * 86_400.0,
            Self::Moment(per_second) => stored / per_second,
        }
    }
}

fn meaning(descriptor: &ColumnDescriptor) -> Meaning {
    match descriptor.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) => Meaning::Decimal(decimal.scale),
        Some(LogicalType::Date) => Meaning::Days,
        Some(LogicalType::Timestamp(timestamp)) => Meaning::Moment(match timestamp.unit {
            TimeUnit::MILLIS => 1e3,
            TimeUnit::MICROS => 1e6,
            TimeUnit::NANOS => 1e9,
        }),
        Some(LogicalType::Integer(integer)) if !integer.is_signed => Meaning::Unsigned,
        Some(_) => Meaning::Plain,
        None => match descriptor.converted_type() {
            ConvertedType::DECIMAL => Meaning::Decimal(descriptor.type_scale()),
            ConvertedType::DATE => Meaning::Days,
            ConvertedType::TIMESTAMP_MILLIS => Meaning::Moment(1e3),
            ConvertedType::TIMESTAMP_MICROS => Meaning::Moment(1e6),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Meaning::Unsigned,
            _ => Meaning::Plain,
        },
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

fn moments(values: Vec<f64>, format: &str) -> (usize, Kind, Cells) {
    let missing = values.iter().filter(|value| value.is_nan()).count();
    let kind = infer::date_kind(format.to_owned(), &values);
    if missing == values.len() {
        let (kind, cells) = infer::all_missing(values.len());
        return (missing, kind, cells);
    }
    (missing, kind, Cells::Number(values))
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
