//! Workbooks: the rows of a sheet.

use std::io::{Cursor, Read};
use std::path::Path;

use calamine::{Data, Dimensions, ExcelDateTime, Range, Reader, Sheets, open_workbook_auto_from_rs};

use super::above::title_rows;
use super::dialect::header_of;
use super::note::ReadNote;
use super::number;
use super::record::Cell;
use super::rows::{self, Origin, Repeated, Rows};
use super::source::Source;
use super::{Difference, ReadOptions, Reading, Schema, Table};
use crate::error::DataError;

/// Rows looked at to find the header.
const SAMPLE: usize = 100;

/// Reads a sheet and tells what its columns are.
pub(super) fn read(source: &Source, options: &ReadOptions) -> Result<Reading, DataError> {
    let (sheet, notes) = Sheet::open(source, options, &[])?;
    rows::read(&sheet, options, notes)
}

/// Reads a sheet as `schema` says, and what differed without harm.
pub(super) fn read_as(
    source: &Source,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Table, Vec<Difference>), DataError> {
    let known: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let (mut sheet, _) = Sheet::open(source, options, &known)?;
    let first = sheet.rows()?.first()?;
    if options.header.is_none() && sheet.header.0 && rows::fits(&first, schema, options) {
        sheet.header = (false, false);
    }
    rows::read_as(&sheet, schema, options)
}

/// A sheet's cells as texts are had from these.
struct Sheet<'a> {
    source: &'a Source,
    cells: Range<Data>,
    /// Rows above the table, counted from the sheet's first.
    skipped: u64,
    header: (bool, bool),
}

impl<'a> Sheet<'a> {
    fn open(
        source: &'a Source,
        options: &ReadOptions,
        known: &[&str],
    ) -> Result<(Self, Vec<ReadNote>), DataError> {
        let path = || source.name().to_owned();
        let bytes = source.bytes()?;
        // Some damage makes the reader panic rather than report it; nothing of a failed attempt is kept.
        let attempt = std::panic::catch_unwind(|| sheets(bytes, options.sheet.as_deref()));
        let broken = |problem: String| DataError::Workbook { problem, path: path() };
        let (mut found, names) =
            attempt.unwrap_or_else(|_| Err("its parts contradict each other".into())).map_err(broken)?;
        if let Some(wanted) = &options.sheet
            && found.is_empty()
        {
            return Err(DataError::Sheet { wanted: Some(wanted.clone()), sheets: names, path: path() });
        }
        if found.len() > 1 {
            let sheets = found.into_iter().map(|(name, _)| name).collect();
            return Err(DataError::Sheet { wanted: None, sheets, path: path() });
        }
        let Some((name, SheetCells { cells, joined })) = found.pop() else {
            return Err(DataError::Empty { path: path() });
        };
        let others: Vec<String> = names.into_iter().filter(|other| *other != name).collect();
        let mut notes = Vec::new();
        if !others.is_empty() {
            notes.push(ReadNote::Chosen { name, others });
        }
        if joined > 0 {
            notes.push(ReadNote::Joined { cells: joined });
        }
        let skipped = options.skip.map_or(0, |skipped| skipped as u64);
        let mut sheet = Self { source, cells, skipped, header: (false, false) };
        let (lines, mut sample): (Vec<u64>, Vec<Vec<String>>) = sheet.texts().take(SAMPLE).unzip();
        let titles = if options.skip.is_none() { title_rows(&sample, options, known) } else { 0 };
        if titles > 0 {
            let example = sample[0].iter().find(|cell| !cell.is_empty()).cloned().unwrap_or_default();
            sheet.skipped = lines[titles] - 1;
            sample.drain(..titles);
            notes.push(ReadNote::Above { lines: sheet.skipped as usize, example });
        }
        sheet.header = match options.header {
            Some(header) => (header, false),
            None => header_of(&sample, options, known),
        };
        Ok((sheet, notes))
    }

    /// The rows that are not blank, with their numbers from 1.
    fn texts(&self) -> impl Iterator<Item = (u64, Vec<String>)> + '_ {
        let top = self.cells.start().map_or(0, |(row, _)| u64::from(row));
        let rows = self
            .cells
            .rows()
            .enumerate()
            .map(move |(i, row)| (top + i as u64 + 1, row.iter().map(text).collect::<Vec<String>>()));
        rows.filter(|(line, row)| *line > self.skipped && row.iter().any(|cell| !cell.is_empty()))
    }
}

/// The cells of a sheet, and how many have the value of one that they are merged with.
struct SheetCells {
    cells: Range<Data>,
    joined: usize,
}

/// The sheets that have cells, or the one that is wanted, and the names of all.
#[expect(clippy::type_complexity, reason = "two lists of a private function")]
fn sheets(bytes: Vec<u8>, wanted: Option<&str>) -> Result<(Vec<(String, SheetCells)>, Vec<String>), String> {
    let has_zeros = has_zeros(&bytes);
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let names = book.sheet_names();
    let mut found = Vec::new();
    for name in names.iter().filter(|name| wanted.is_none_or(|wanted| wanted == *name)) {
        let mut cells = book.worksheet_range(name).map_err(|error| error.to_string())?;
        if !cells.is_empty() || wanted.is_some() {
            if has_zeros {
                put_zeros(&mut book, name, &mut cells);
            }
            let joined = join(&mut book, name, &mut cells);
            found.push((name.clone(), SheetCells { cells, joined }));
        }
    }
    Ok((found, names))
}

type Book = Sheets<Cursor<Vec<u8>>>;

/// Gives cells below the first of a merged region its value, and counts them. Those beside it are of other columns.
fn join(book: &mut Book, name: &str, cells: &mut Range<Data>) -> usize {
    let regions = match book {
        Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(name).unwrap_or_default(),
        Sheets::Xls(book) => book.merge_cells_by_sheet_name(name).unwrap_or_default(),
        Sheets::Xlsb(_) | Sheets::Ods(_) => Vec::new(),
    };
    let Some((bottom, _)) = cells.end() else { return 0 };
    // Regions do not overlap, so that they have no more cells than the sheet; those of a damaged file may.
    let (mut joined, mut left) = (0, cells.width() * cells.height());
    for Dimensions { start, end } in regions {
        let Some(value) = cells.get_value(start).filter(|value| **value != Data::Empty).cloned() else {
            continue;
        };
        for row in start.0.saturating_add(1)..=end.0.min(bottom) {
            let at = (row, start.1);
            left = left.saturating_sub(1);
            if left > 0 && cells.get_value(at) == Some(&Data::Empty) {
                cells.set_value(at, value.clone());
                joined += 1;
            }
        }
        if left == 0 {
            break;
        }
    }
    joined
}

/// Whether a workbook may have numbers that are shown with leading zeros, by the format `00000`.
fn has_zeros(bytes: &[u8]) -> bool {
    const MOST: u64 = 8 << 20;
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return false };
    let Ok(part) = archive.by_name("xl/styles.xml") else { return false };
    let mut text = Vec::new();
    let read = part.take(MOST).read_to_end(&mut text);
    read.is_ok()
        && text
            .windows(16)
            .any(|window| window.starts_with(b"formatCode=\"00") && matches!(window[14], b'0' | b'"'))
}

/// Writes whole numbers that are shown with leading zeros as they are shown.
fn put_zeros(book: &mut Book, name: &str, cells: &mut Range<Data>) {
    const MOST: usize = 15;
    let Ok(styles) = book.worksheet_style(name) else { return };
    let Some((top, left)) = cells.start() else { return };
    let mut shown = Vec::new();
    for (row, column, value) in cells.used_cells() {
        let number = match value {
            Data::Int(value) => *value as f64,
            Data::Float(value) => *value,
            _ => continue,
        };
        let at = (top + row as u32, left + column as u32);
        let format = styles.get(at).and_then(|style| style.number_format.as_ref());
        let Some(width) =
            format.map(|format| &format.format_code).filter(|code| code.bytes().all(|b| b == b'0'))
        else {
            continue;
        };
        let width = width.len();
        if (2..=MOST).contains(&width) && number >= 0.0 && number.fract() == 0.0 {
            shown.push((at, format!("{number:0width$}")));
        }
    }
    for (at, text) in shown {
        cells.set_value(at, Data::String(text));
    }
}

/// A cell's text: numbers in their shortest form, moments in ISO 8601, what is in error as it is shown.
fn text(cell: &Data) -> String {
    let mut text = String::new();
    match cell {
        Data::Empty => {}
        Data::Int(value) => text = value.to_string(),
        Data::Float(value) => number::write(*value, number::SHORTEST, &mut text),
        Data::String(value) => text = value.trim().to_owned(),
        Data::Bool(value) => text = value.to_string(),
        Data::DateTime(value) => text = moment(value),
        Data::DateTimeIso(value) | Data::DurationIso(value) => text.clone_from(value),
        Data::Error(error) => text = error.to_string(),
    }
    text
}

/// A moment, a time of day or a length of time that a workbook keeps as days.
fn moment(value: &ExcelDateTime) -> String {
    let mut text = String::new();
    if value.is_duration() {
        super::duration::write(value.as_f64() * 86_400.0, super::DurationForm::Hours, 3, &mut text);
        return text;
    }
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    if !(0.0..1.0).contains(&value.as_f64()) {
        text = format!("{year:04}-{month:02}-{day:02}");
    }
    if (hour, minute, second, milli) != (0, 0, 0, 0) || text.is_empty() {
        let blank = if text.is_empty() { "" } else { " " };
        text += &format!("{blank}{hour:02}:{minute:02}:{second:02}");
        if milli > 0 {
            text += &format!(".{milli:03}");
        }
    }
    text
}

impl Origin for Sheet<'_> {
    fn rows(&self) -> Result<Box<dyn Rows + '_>, DataError> {
        let (has_header, is_numbered) = self.header;
        let repeated = Repeated::new(has_header && !is_numbered);
        Ok(Box::new(SheetRows { sheet: self, skipped: 0, repeated }))
    }

    fn header(&self) -> (bool, bool) {
        self.header
    }

    fn has_semicolons(&self) -> bool {
        false
    }

    fn path(&self) -> &Path {
        self.source.name()
    }
}

struct SheetRows<'a> {
    sheet: &'a Sheet<'a>,
    skipped: usize,
    repeated: Repeated,
}

impl Rows for SheetRows<'_> {
    fn first(&mut self) -> Result<Vec<String>, DataError> {
        let first = self.sheet.texts().next().map(|(_, row)| row);
        let first = first.ok_or_else(|| DataError::Empty { path: self.sheet.source.name().to_owned() })?;
        self.repeated.learn(&first);
        Ok(first)
    }

    fn skip_first(&mut self) {
        self.skipped = 1;
    }

    fn each(&mut self, each: &mut dyn FnMut(u64, &[Cell<'_>])) -> Result<usize, DataError> {
        let mut n_rows = 0;
        for (line, row) in self.sheet.texts().skip(self.skipped) {
            let cells: Vec<Cell<'_>> = row.iter().map(|text| Cell { text, quoted: false }).collect();
            if self.repeated.is(&cells, line) {
                continue;
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
