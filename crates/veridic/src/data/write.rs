//! Writing a table as its source wrote it: CSV, gzipped CSV, JSON and Parquet.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Cells, Column, Kind, Schema, Table, date, number, parquet};
use crate::error::DataError;

/// Writes `table` to `path`, in the format of its ending: `csv`, `csv.gz`, `json` (an array of one object a row) or
/// `parquet`. The file is there whole or not at all.
///
/// Values look as in the source: whole numbers without a point, reals with the schema's decimals, date-times in their
/// format, missing cells empty (`null` in JSON and Parquet). A column that the schema lacks is written plainly.
///
/// # Errors
/// [`DataError::UnknownEnding`], [`DataError::Write`].
pub fn write(table: &Table, schema: &Schema, path: &Path) -> Result<(), DataError> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if name.ends_with(".csv") {
        replace(path, |file| write_csv(table, schema, file))
    } else if name.ends_with(".csv.gz") {
        replace(path, |file| {
            let mut packed = BufWriter::new(GzEncoder::new(file, Compression::default()));
            write_csv(table, schema, &mut packed)?;
            packed.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
            Ok(())
        })
    } else if name.ends_with(".json") {
        replace(path, |file| write_json(table, schema, file))
    } else if name.ends_with(".parquet") {
        replace(path, |file| parquet::write(table, schema, file))
    } else {
        let ending = name.split_once('.').map_or(name.as_str(), |(_, ending)| ending).to_owned();
        Err(DataError::UnknownEnding { ending, path: path.to_owned() })
    }
}

/// Writes `table` as CSV with a header, values as [`write()`] has them.
///
/// # Errors
/// What `out` says.
pub fn write_csv(table: &Table, schema: &Schema, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let kinds = kinds(table, schema);
    writer.write_record(table.columns.iter().map(|column| column.name.as_str())).map_err(io_error)?;
    let mut text = String::new();
    for row in 0..table.n_rows {
        for (column, kind) in table.columns.iter().zip(&kinds) {
            text.clear();
            cell(*kind, &column.cells, row, &mut text);
            writer.write_field(&text).map_err(io_error)?;
        }
        writer.write_record(None::<&[u8]>).map_err(io_error)?;
    }
    writer.flush()
}

/// Writes `table` as a JSON array of one object a row, values as [`write()`] has them.
///
/// # Errors
/// What `out` says.
pub fn write_json(table: &Table, schema: &Schema, mut out: impl Write) -> io::Result<()> {
    let kinds = kinds(table, schema);
    let names: Vec<String> =
        table.columns.iter().map(|column| serde_json::to_string(&column.name)).collect::<Result<_, _>>()?;
    let mut text = String::new();
    out.write_all(b"[")?;
    for row in 0..table.n_rows {
        out.write_all(if row == 0 { b"\n{" } else { b",\n{" })?;
        for (i, (column, kind)) in table.columns.iter().zip(&kinds).enumerate() {
            text.clear();
            let present = cell(*kind, &column.cells, row, &mut text);
            write!(out, "{}{}:", if i == 0 { "" } else { "," }, names[i])?;
            if !present {
                out.write_all(b"null")?;
            } else if is_json(*kind, column, &text) {
                out.write_all(text.as_bytes())?;
            } else {
                serde_json::to_writer(&mut out, &text)?;
            }
        }
        out.write_all(b"}")?;
    }
    out.write_all(b"\n]\n")?;
    out.flush()
}

/// Appends cell `row` of a column of kind `kind` to `text` as [`write()`] has it; `false` and nothing where it is missing.
///
/// # Panics
/// If there is no cell `row`.
pub fn cell(kind: Option<&Kind>, cells: &Cells, row: usize, text: &mut String) -> bool {
    match cells {
        Cells::Text { .. } => {
            let Some(level) = cells.text(row) else { return false };
            text.push_str(level);
        }
        Cells::Number(values) => {
            let value = values[row];
            if value.is_nan() {
                return false;
            }
            match kind {
                Some(Kind::DateTime { format, .. }) => date::write(value, format, text),
                Some(Kind::Integer { .. }) => number::write(value, 0, text),
                Some(Kind::Real { decimals, .. }) => number::write(value, *decimals, text),
                _ => number::write(value, number::SHORTEST, text),
            }
        }
    }
    true
}

/// Writes the file at `path` whole or not at all: into a temporary file beside it, which then takes its place.
/// What is no regular file, such as a pipe, is written to directly.
///
/// # Errors
/// [`DataError::Write`].
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), DataError> {
    replace_file(path, true, write).map_err(|source| DataError::Write { path: path.to_owned(), source })
}

/// As [`replace`], without waiting for the disk: whole or not at all for whoever looks, also when this process is
/// killed, but a power cut may take it back. For files that are written many times a second.
///
/// # Errors
/// [`DataError::Write`].
pub(crate) fn replace_soon(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let written = replace_file(path, false, |out| out.write_all(bytes));
    written.map_err(|source| DataError::Write { path: path.to_owned(), source })
}

fn replace_file(
    path: &Path,
    wait: bool,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let mut file = BufWriter::new(fs::OpenOptions::new().write(true).open(path)?);
        write(&mut file)?;
        return file.flush();
    }
    // A link is followed, so that it still is one afterwards.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".veridic-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What a new file usually gets; the process's mask takes away from it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = BufWriter::new(builder.tempfile_in(folder)?);
    write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    if wait {
        file.as_file().sync_all()?;
    }
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

fn kinds<'a>(table: &Table, schema: &'a Schema) -> Vec<Option<&'a Kind>> {
    table.columns.iter().map(|column| schema.column(&column.name).map(|found| &found.kind)).collect()
}

/// What the system said, with its kind: a full disk and a reader that has gone are told apart by it.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Whether `text` can stand in JSON as it is: a number of a column of numbers, or a flag.
fn is_json(kind: Option<&Kind>, column: &Column, text: &str) -> bool {
    let is_flag = matches!(kind, Some(Kind::Boolean { .. } | Kind::Constant { .. }));
    match &column.cells {
        Cells::Text { .. } if !is_flag => false,
        Cells::Number(_) if matches!(kind, Some(Kind::DateTime { .. })) => false,
        _ => {
            matches!(text, "true" | "false")
                || (number::parse(text).is_some() && serde_json::from_str::<serde_json::Number>(text).is_ok())
        }
    }
}
