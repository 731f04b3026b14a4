//! Writing a table as its source wrote it: CSV, gzipped CSV, JSON and Parquet.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::date::Clock;
use super::layout::Encoder;
use super::{
    Cells, Column, ColumnSchema, Kind, ReadOptions, Schema, Spelling, Table, TextLayout, number, parquet,
};
use crate::error::DataError;

/// Writes `table` to `path`, in the format of its ending: `csv`, `csv.gz`, `json` (an array of one object a row) or
/// `parquet`. The file is there whole or not at all.
///
/// Values look as in the source: whole numbers without a point, reals with the schema's decimals, both in the schema's
/// spelling, date-times in their format, missing cells empty (`null` in JSON and Parquet). A column that the schema lacks is written plainly.
///
/// # Errors
/// [`DataError::UnknownEnding`], [`DataError::Write`].
pub fn write(table: &Table, schema: &Schema, path: &Path) -> Result<(), DataError> {
    write_in(table, schema, &TextLayout::default(), path)
}

/// As [`write()`], CSV in a layout such as that of the text that the schema is of.
///
/// # Errors
/// As there.
pub fn write_in(table: &Table, schema: &Schema, layout: &TextLayout, path: &Path) -> Result<(), DataError> {
    let csv = |out: &mut dyn Write| {
        let mut csv = CsvWriter::new(schema, out).in_layout(layout);
        csv.append(table)?;
        csv.finish()
    };
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if name.ends_with(".csv") {
        replace(path, |file| csv(file))
    } else if name.ends_with(".csv.gz") {
        replace_packed(path, csv)
    } else if name.ends_with(".json") {
        replace(path, |file| write_json(table, schema, file))
    } else if name.ends_with(".parquet") {
        replace(path, |file| parquet::write(table, schema, file, None))
    } else {
        let ending = name.split_once('.').map_or(name.as_str(), |(_, ending)| ending).to_owned();
        Err(DataError::UnknownEnding { ending, path: path.to_owned() })
    }
}

/// Writes `table` as CSV with a header, values as [`write()`] has them, missing cells as the schema says they were. A text
/// that is also a usual mark of missing cells stands in quotes.
///
/// # Errors
/// What `out` says.
pub fn write_csv(table: &Table, schema: &Schema, out: impl Write) -> io::Result<()> {
    let mut csv = CsvWriter::new(schema, out);
    csv.append(table)?;
    csv.finish()
}

/// Writes a table that comes in parts as CSV, cells as [`write_csv`] has them.
pub struct CsvWriter<'a, W: Write> {
    schema: &'a Schema,
    out: BufWriter<W>,
    usual: Vec<String>,
    has_header: bool,
    layout: TextLayout,
    encoder: Encoder,
}

impl<'a, W: Write> CsvWriter<'a, W> {
    /// A writer of columns with these kinds and spellings.
    pub fn new(schema: &'a Schema, out: W) -> Self {
        let out = BufWriter::with_capacity(1 << 16, out);
        let layout = TextLayout::default();
        let (usual, encoder) = (ReadOptions::default().missing, layout.encoder());
        Self { schema, out, usual, has_header: false, layout, encoder }
    }

    /// The same in another layout than commas in UTF-8; before the first rows.
    #[must_use]
    pub fn in_layout(self, layout: &TextLayout) -> Self {
        Self { encoder: layout.encoder(), layout: layout.clone(), ..self }
    }

    /// Writes rows, before the first ones the header. All parts have the columns of the first, in its order.
    ///
    /// # Errors
    /// What the file says.
    pub fn append(&mut self, table: &Table) -> io::Result<()> {
        let writers = writers(table, self.schema);
        let is_lone = table.columns.len() == 1;
        let separator = self.layout.separator();
        let mut line = String::new();
        if !self.has_header {
            for (i, column) in table.columns.iter().enumerate() {
                field(&column.name, (i, separator), is_lone, false, &mut line);
            }
            line.push('\n');
            self.out.write_all(&self.encoder.start(&self.layout))?;
            self.out.write_all(&self.encoder.bytes(&line))?;
            self.has_header = true;
        }
        let is_mark = |column: &Column| match &column.cells {
            Cells::Text { levels, .. } => levels.iter().map(|level| self.usual.contains(level)).collect(),
            Cells::Number(_) => Vec::new(),
        };
        let is_mark: Vec<Vec<bool>> = table.columns.iter().map(is_mark).collect();
        let blank =
            |column: &Column| self.schema.column(&column.name).and_then(|column| column.blank.as_deref());
        let blanks: Vec<&str> =
            table.columns.iter().map(|column| blank(column).unwrap_or_default()).collect();
        let mut text = String::new();
        for row in 0..table.n_rows {
            line.clear();
            for (i, (column, writer)) in table.columns.iter().zip(&writers).enumerate() {
                text.clear();
                if !writer.write(&column.cells, row, &mut text) {
                    text.push_str(blanks[i]);
                }
                let is_mark = match &column.cells {
                    Cells::Text { codes, .. } => {
                        is_mark[i].get(codes[row] as usize).copied().unwrap_or(false)
                    }
                    Cells::Number(_) => false,
                };
                field(&text, (i, separator), is_lone, is_mark, &mut line);
            }
            line.push('\n');
            self.out.write_all(&self.encoder.bytes(&line))?;
        }
        Ok(())
    }

    /// Waits until all is handed on.
    ///
    /// # Errors
    /// What the file says.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Appends the cell `text` of column `i`, in quotes where it has to be.
fn field(text: &str, (i, separator): (usize, char), is_lone: bool, is_mark: bool, line: &mut String) {
    if i > 0 {
        line.push(separator);
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_apart = u8::try_from(separator).is_ok_and(|separator| !is_plain(separator));
    if !is_mark && !is_lone && is_apart && text.bytes().all(is_plain) {
        line.push_str(text);
        return;
    }
    let quoted = is_mark
        || (is_lone && text.is_empty())
        || text.starts_with(char::is_whitespace)
        || text.ends_with(char::is_whitespace)
        || text.contains([separator, '"', '\n', '\r']);
    if quoted {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

/// Writes `table` as a JSON array of one object a row, values as [`write()`] has them; numbers plainly, unless leading
/// zeros or a plus sign would be lost.
///
/// # Errors
/// What `out` says.
pub fn write_json(table: &Table, schema: &Schema, mut out: impl Write) -> io::Result<()> {
    let found: Vec<Option<&ColumnSchema>> =
        table.columns.iter().map(|column| schema.column(&column.name)).collect();
    let kinds: Vec<Option<&Kind>> = found.iter().map(|column| column.map(|column| &column.kind)).collect();
    let writers: Vec<CellWriter<'_>> = found.iter().map(|column| CellWriter::typed(*column)).collect();
    let names: Vec<String> =
        table.columns.iter().map(|column| serde_json::to_string(&column.name)).collect::<Result<_, _>>()?;
    let mut text = String::new();
    out.write_all(b"[")?;
    for row in 0..table.n_rows {
        out.write_all(if row == 0 { b"\n{" } else { b",\n{" })?;
        for (i, (column, writer)) in table.columns.iter().zip(&writers).enumerate() {
            text.clear();
            let present = writer.write(&column.cells, row, &mut text);
            write!(out, "{}{}:", if i == 0 { "" } else { "," }, names[i])?;
            if !present {
                out.write_all(b"null")?;
            } else if writer.spelling.is_none() && is_json(kinds[i], column, &text) {
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

/// Appends cell `row` of a column of kind `kind` in the plainest spelling; `false` and nothing where it is missing.
///
/// # Panics
/// If there is no cell `row`.
pub fn cell(kind: Option<&Kind>, cells: &Cells, row: usize, text: &mut String) -> bool {
    CellWriter::of(kind, None).write(cells, row, text)
}

/// The text of one cell as the source spells it; `None` where it is missing or there is no such column.
///
/// # Panics
/// If the column has no cell `row`.
pub fn cell_text(schema: &Schema, table: &Table, column: &str, row: usize) -> Option<String> {
    let cells = &table.column(column)?.cells;
    let mut text = String::new();
    CellWriter::new(schema.column(column)).write(cells, row, &mut text).then_some(text)
}

/// Writes the cells of a column as its source did.
pub(crate) struct CellWriter<'a> {
    kind: Option<&'a Kind>,
    spelling: Option<&'a Spelling>,
    clock: Option<Clock>,
}

impl<'a> CellWriter<'a> {
    pub(crate) fn new(column: Option<&'a ColumnSchema>) -> Self {
        Self::of(column.map(|column| &column.kind), column.and_then(|column| column.spelling.as_ref()))
    }

    /// A writer for formats that have numbers of their own: only numbers that are codes are spelled.
    pub(crate) fn typed(column: Option<&'a ColumnSchema>) -> Self {
        let kind = column.map(|column| &column.kind);
        let spelling = column.and_then(|column| column.spelling.as_ref());
        Self::of(kind, spelling.filter(|s| s.is_code() || matches!(kind, Some(Kind::DateTime { .. }))))
    }

    fn of(kind: Option<&'a Kind>, spelling: Option<&'a Spelling>) -> Self {
        let clock = match kind {
            Some(Kind::DateTime { format, .. }) => Some(Clock::new(format, spelling)),
            _ => None,
        };
        Self { kind, spelling: spelling.filter(|spelling| clock.is_none() && !spelling.is_plain()), clock }
    }

    /// Appends cell `row`; `false` and nothing where it is missing.
    pub(crate) fn write(&self, cells: &Cells, row: usize, text: &mut String) -> bool {
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
                let decimals = match self.kind {
                    Some(Kind::Integer { .. }) => 0,
                    Some(Kind::Real { decimals, .. }) => *decimals,
                    _ => number::SHORTEST,
                };
                match (&self.clock, self.spelling) {
                    (Some(clock), _) => clock.write(value, text),
                    (None, Some(spelling)) => spelling.write(value, decimals, text),
                    (None, None) => number::write(value, decimals, text),
                }
            }
        }
        true
    }
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

/// As [`replace`], with what is written packed by gzip.
///
/// # Errors
/// [`DataError::Write`].
pub fn replace_packed(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), DataError> {
    replace(path, |file| {
        let mut packed = BufWriter::new(GzEncoder::new(file, Compression::default()));
        write(&mut packed)?;
        packed.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
        Ok(())
    })
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

fn writers<'a>(table: &Table, schema: &'a Schema) -> Vec<CellWriter<'a>> {
    table.columns.iter().map(|column| CellWriter::new(schema.column(&column.name))).collect()
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
