//! Writing Parquet.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use super::zone;
use crate::data::provenance::{Contents, Hashing, KEY};
use crate::data::write::CellWriter;
use crate::data::{
    Cells, Column, ColumnSchema, Kind, MISSING, Schema, Spelling, StoredType, Table, date, number,
};

/// What is said of the contents that were written.
pub(crate) type State<'a> = &'a dyn Fn(Contents) -> String;

/// Rows of a row group.
const GROUP: usize = 1 << 20;

/// Writes `table`: whole numbers as INT64, reals as DOUBLE, date-times as DATE or TIMESTAMP in microseconds, flags as
/// BOOLEAN or INT64 where their texts are that, everything else as text; what was DECIMAL or TIME in Parquet as that again, moments with the zone they had.
/// With `state`, what it says of the contents is kept in the metadata.
pub(crate) fn write(
    table: &Table,
    schema: &Schema,
    out: &mut (dyn Write + Send),
    state: Option<State<'_>>,
) -> io::Result<()> {
    write_file(table, schema, out, state).map_err(|error| match error {
        // What the disk said is what the user needs to know.
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    })
}

#[derive(Clone, Copy)]
pub(super) enum Form<'a> {
    Whole,
    Real(u8),
    /// Exact decimals of so many digits, so many of them after the point.
    Decimal(u8, u8),
    Days,
    /// Microseconds of a time of day.
    Time,
    /// Microseconds, of a moment everywhere or of a clock on the wall.
    Micros {
        is_utc: bool,
    },
    Flag(&'a [String]),
    WholeText(&'a [String]),
    Text(&'a [String]),
    /// Numbers without a kind that says how to write them.
    NumberText(Option<&'a ColumnSchema>),
}

fn write_file(
    table: &Table,
    schema: &Schema,
    out: &mut (dyn Write + Send),
    state: Option<State<'_>>,
) -> Result<(), ParquetError> {
    let forms: Vec<Form<'_>> =
        table.columns.iter().map(|column| form(schema.column(&column.name), &column.cells)).collect();
    let mut fields = Vec::new();
    for (column, form) in table.columns.iter().zip(&forms) {
        let optional = column.n_missing() > 0;
        fields.push(Arc::new(field(&column.name, *form, optional)?));
    }
    let message = Type::group_type_builder("schema").with_fields(fields).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("veridic".to_owned())
        .build();
    let mut file = SerializedFileWriter::new(Hashing::new(out), Arc::new(message), Arc::new(properties))?;
    let mut start = 0;
    while start < table.n_rows {
        let rows = start..table.n_rows.min(start + GROUP);
        start = rows.end;
        let mut group = file.next_row_group()?;
        for (column, form) in table.columns.iter().zip(&forms) {
            let cells = &column.cells;
            let rows = rows.clone();
            match *form {
                Form::Whole => {
                    put::<Int64Type, _>(&mut group, cells, rows, |row| value(cells, row).round() as i64)?;
                }
                Form::Real(decimals) => {
                    let mut text = String::new();
                    put::<DoubleType, _>(&mut group, cells, rows, |row| {
                        rounded(value(cells, row), decimals, &mut text)
                    })?;
                }
                Form::Decimal(_, scale) => put::<Int64Type, _>(&mut group, cells, rows, |row| {
                    (value(cells, row) * 10_f64.powi(i32::from(scale))).round() as i64
                })?,
                Form::Days => put::<Int32Type, _>(&mut group, cells, rows, |row| {
                    (value(cells, row) / 86_400.0).floor() as i32
                })?,
                Form::Micros { .. } | Form::Time => put::<Int64Type, _>(&mut group, cells, rows, |row| {
                    (value(cells, row) * 1e6).round() as i64
                })?,
                Form::Flag(levels) => {
                    put::<BoolType, _>(&mut group, cells, rows, |row| levels[code(cells, row)] == "true")?;
                }
                Form::WholeText(levels) => put::<Int64Type, _>(&mut group, cells, rows, |row| {
                    levels[code(cells, row)].parse().expect("all levels were seen to be whole numbers")
                })?,
                Form::Text(levels) => {
                    let levels: Vec<ByteArray> =
                        levels.iter().map(|level| ByteArray::from(level.as_str())).collect();
                    put::<ByteArrayType, _>(&mut group, cells, rows, |row| levels[code(cells, row)].clone())?;
                }
                Form::NumberText(found) => {
                    let writer = CellWriter::new(found);
                    let mut text = String::new();
                    put::<ByteArrayType, _>(&mut group, cells, rows, |row| {
                        text.clear();
                        writer.write(cells, row, &mut text);
                        ByteArray::from(text.as_str())
                    })?;
                }
            }
        }
        group.close()?;
    }
    if let Some(state) = state {
        file.flush()?;
        let text = state(file.inner().contents());
        file.append_key_value_metadata(KeyValue::new(KEY.to_owned(), text));
    }
    let zone =
        |(column, form): (&Column, &Form<'_>)| match (form, schema.column(&column.name)?.stored.as_ref()?) {
            (Form::Micros { is_utc: true }, StoredType::Moment { zone }) => Some(zone.as_str()),
            _ => None,
        };
    let zones: Vec<Option<&str>> = table.columns.iter().zip(&forms).map(zone).collect();
    if zones.iter().any(Option::is_some) {
        // Other moments are in UTC, or by no clock that is known.
        let utc = |form: &Form<'_>| matches!(form, Form::Micros { is_utc: true }).then_some("UTC");
        let columns = table.columns.iter().zip(&forms).zip(zones);
        let columns: Vec<_> = columns
            .map(|((column, form), zone)| (column.name.as_str(), *form, zone.or_else(|| utc(form))))
            .collect();
        file.append_key_value_metadata(zone::statement(&columns));
    }
    file.close()?;
    Ok(())
}

fn form<'a>(column: Option<&'a ColumnSchema>, cells: &'a Cells) -> Form<'a> {
    let kind = column.map(|column| &column.kind);
    let spelling = column.and_then(|column| column.spelling.as_ref());
    let values = match cells {
        Cells::Number(values) => values,
        Cells::Text { levels, .. } => {
            let is_flag = matches!(kind, Some(Kind::Boolean { .. } | Kind::Constant { .. }));
            let whole = |level: &String| level.parse::<i64>().is_ok_and(|value| value.to_string() == *level);
            return if is_flag
                && !levels.is_empty()
                && levels.iter().all(|level| level == "true" || level == "false")
            {
                Form::Flag(levels)
            } else if is_flag && !levels.is_empty() && levels.iter().all(whole) {
                Form::WholeText(levels)
            } else {
                Form::Text(levels)
            };
        }
    };
    // Leading zeros and times of day would be lost in a number.
    if spelling.is_some_and(Spelling::is_code) {
        return Form::NumberText(column);
    }
    let within = |limit: f64| values.iter().all(|value| value.is_nan() || value.abs() < limit);
    match column.and_then(|column| column.stored.as_ref()) {
        // Beyond 15 digits a number of 64 bits is no decimal any more.
        Some(&StoredType::Decimal { precision, scale })
            if precision <= 18
                && within(
                    10_f64
                        .powi(i32::from(precision) - i32::from(scale))
                        .min(10_f64.powi(15 - i32::from(scale))),
                ) =>
        {
            return Form::Decimal(precision, scale);
        }
        Some(StoredType::Time) if values.iter().all(|value| !(*value < 0.0 || *value >= 86_400.0)) => {
            return Form::Time;
        }
        _ => {}
    }
    if let Some(Kind::DateTime { format, .. }) = kind
        && !(format.contains("%Y") || format.contains("%y"))
    {
        return Form::NumberText(column);
    }
    let is_utc = matches!(kind, Some(Kind::DateTime { format, .. }) if date::is_moment(format))
        || spelling.is_some_and(|spelling| spelling.zone.is_some());
    match kind {
        Some(Kind::DateTime { format, .. }) if !date::has_time(format) && within(1e14) => Form::Days,
        Some(Kind::DateTime { .. }) if within(9e12) => Form::Micros { is_utc },
        Some(Kind::DateTime { .. }) => Form::NumberText(column),
        Some(Kind::Integer { .. }) if spelling.is_none_or(|s| s.odd.is_none()) && within(9e18) => Form::Whole,
        Some(Kind::Real { decimals, .. }) => Form::Real(*decimals),
        _ if values.iter().all(|value| value.is_nan() || value.fract() == 0.0)
            && within(number::MAX_EXACT) =>
        {
            Form::Whole
        }
        _ => Form::Real(number::SHORTEST),
    }
}

fn field(name: &str, form: Form<'_>, optional: bool) -> Result<Type, ParquetError> {
    let (physical, logical) = match form {
        Form::Whole | Form::WholeText(_) => (Physical::INT64, None),
        Form::Real(_) => (Physical::DOUBLE, None),
        Form::Decimal(precision, scale) => {
            (Physical::INT64, Some(LogicalType::decimal(i32::from(scale), i32::from(precision))))
        }
        Form::Days => (Physical::INT32, Some(LogicalType::Date)),
        Form::Time => (Physical::INT64, Some(LogicalType::time(false, TimeUnit::MICROS))),
        Form::Micros { is_utc } => (Physical::INT64, Some(LogicalType::timestamp(is_utc, TimeUnit::MICROS))),
        Form::Flag(_) => (Physical::BOOLEAN, None),
        Form::Text(_) | Form::NumberText(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    // What a decimal is stands beside its logical type too.
    let (precision, scale) = match form {
        Form::Decimal(precision, scale) => (i32::from(precision), i32::from(scale)),
        _ => (-1, -1),
    };
    let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical)
        .with_precision(precision)
        .with_scale(scale)
        .build()
}

/// Writes one column of a row group; `value` is called for rows whose cell is not missing.
fn put<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: &Cells,
    rows: std::ops::Range<usize>,
    mut value: impl FnMut(usize) -> T::T,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = rows.clone().map(|row| i16::from(!cells.is_missing(row))).collect();
    let values: Vec<T::T> = rows.filter(|&row| !cells.is_missing(row)).map(&mut value).collect();
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("fewer columns than fields".into()));
    };
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

fn value(cells: &Cells, row: usize) -> f64 {
    match cells {
        Cells::Number(values) => values[row],
        Cells::Text { .. } => f64::NAN,
    }
}

fn code(cells: &Cells, row: usize) -> usize {
    match cells {
        Cells::Text { codes, .. } => codes[row] as usize,
        Cells::Number(_) => MISSING as usize,
    }
}

/// `value` with at most `decimals` digits after the point.
fn rounded(value: f64, decimals: u8, text: &mut String) -> f64 {
    text.clear();
    number::write(value, decimals, text);
    text.parse().unwrap_or(value)
}
