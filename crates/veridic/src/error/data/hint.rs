//! What can be done about errors of data.

use std::io;

use super::DataError;
use crate::data::Difference;

impl DataError {
    /// Columns whose cells are the reason.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::StrayCells { cells, .. } => cells.iter().map(|cell| cell.column.as_str()).collect(),
            Self::ForeignMarks { marks, .. } => marks.iter().map(|mark| mark.column.as_str()).collect(),
            Self::MixedSpelling { column, .. } => vec![column],
            _ => Vec::new(),
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { near, .. } => format!("did you mean {}?", choice(near)?),
            Self::Folder { .. } => "name a file in it".into(),
            Self::Read { .. } => "check that the file may be read and its disk is there".into(),
            Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space or write to another disk; what was there before is untouched".into()
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "choose a folder that may be written to".into()
                }
                io::ErrorKind::NotFound => "make the folder first".into(),
                io::ErrorKind::IsADirectory => "name a file in that folder, or another one".into(),
                _ => return None,
            },
            Self::Provenance { .. } => "it was written by another program, or changed since".into(),
            Self::Empty { .. } | Self::HeaderOnly { .. } => {
                "check how the file was written; at least one row of data is needed".into()
            }
            // A title above a table is narrower than the table.
            Self::Ragged { expected, found, delimiter: ',', .. } if found > expected && *expected > 1 => {
                "where a comma is a decimal sign, put such numbers in quotes or part cells by another sign, such as a semicolon; else \
                 look for a quote that is not closed or a text with a comma, which needs quotes"
                    .into()
            }
            // Lines that have as many cells as each other are no title.
            Self::Ragged { line, expected, found, .. }
                if found > expected && (*line == 2 || (*expected == 1 && *line <= 30)) =>
            {
                format!(
                    "where what is above line {line} is no row: `data.skip = {}`; else look for a quote that is not closed or an \
                     unquoted delimiter",
                    line - 1
                )
            }
            Self::Ragged { .. } => {
                "look for a quote that is not closed or an unquoted delimiter in that line; what parts cells is set by \
                 `data.delimiter = \";\"`"
                    .into()
            }
            Self::OpenQuote { .. } => "close the quote, or write a quote inside a quoted cell twice".into(),
            Self::NotUtf8 { .. } => {
                "correct the cell, or name the encoding of the text: `data.encoding = \"windows-1252\"` (Western), \
                 windows-1250 (Central European), windows-1251 (Cyrillic), shift_jis, gbk, big5, euc-kr, …"
                    .into()
            }
            Self::CutLetter { .. } => "it was cut: fetch or copy it again, or delete its last line".into(),
            Self::MixedSpelling { first, second, .. }
                if let Some((_, limit)) = [first, second].into_iter().find(|(_, text)| is_limit(text)) =>
            {
                format!(
                    "what is below or above a limit is missing with `data.missing = [{}]`; write half of the limit, \
                     or a column of its own, to keep more of it",
                    quoted(limit)
                )
            }
            Self::MixedSpelling { column, first, second, .. }
                if [first, second].into_iter().any(|(_, text)| text.matches(['.', '-', '/', ':']).count() > 1) =>
            {
                format!(
                    "write all cells of the column in one way; where they are categories: `data.categorical = [{}]`",
                    quoted(column)
                )
            }
            Self::MixedSpelling { column, .. } => format!(
                "write all cells of the column in one way; where they are no numbers: \
                 `data.categorical = [{}]`, and `data.decimal = \",\"` says what is a decimal sign",
                quoted(column)
            ),
            Self::ForeignMarks { marks, .. } => {
                let mut texts: Vec<String> = marks.iter().map(|mark| quoted(&mark.mark)).collect();
                texts.sort();
                texts.dedup();
                let first = marks.first()?;
                if texts.iter().any(|text| text.contains(['$', '€', '£', '¥']) && text.ends_with("-\"")) {
                    return Some("a dash in the place of an amount stands for zero in accounts: write 0, or where it is missing \
                        name it in `data.missing`".into());
                }
                if marks.iter().any(|mark| mark.cells == 1 && crate::data::is_total(&mark.mark)) {
                    return Some("a last row of totals is left out with `data.drop-total = true`".into());
                }
                format!(
                    "if they are missing: `data.missing = [{}]`; if `{}` is categories: `data.categorical = [{}]`",
                    texts.join(", "),
                    first.column,
                    quoted(&first.column)
                )
            }
            Self::UnknownEncoding { .. } => {
                "names are those of the web: utf-8, windows-1252, iso-8859-2, shift_jis, gbk, utf-16le, …".into()
            }
            Self::Workbook { .. } => "open it and save it again, or save the sheet as CSV".into(),
            Self::Sheet { sheets, .. } => {
                format!("name one with `data.sheet = \"NAME\"`; there are {}", listed(sheets))
            }
            Self::ZipTables { tables, path } => {
                let first = tables.first()?;
                format!("name one, such as `{}/{first}`; there are {}", path.display(), listed(tables))
            }
            Self::UnknownFormat { .. } => {
                "save the table as CSV, as Parquet or as an Excel workbook".into()
            }
            Self::UnknownEnding { .. } => "give the file one of these endings".into(),
            Self::StrayCells { cells, .. } => {
                let cell = cells.first()?;
                if cells.iter().any(|cell| crate::data::is_total(&cell.value)) {
                    return Some("a last row of totals is left out with `data.drop-total = true`".into());
                }
                if cell.unit == "row" {
                    return Some("correct the values, or leave such rows out; a missing value is NaN".into());
                }
                format!(
                    "correct the cells; if they are missing, leave them empty or say so: \
                     `data.missing = [{}]`; to fit a model with column `{}` as categories: `data.categorical = [{}]`",
                    quoted(&cell.value),
                    cell.column,
                    quoted(&cell.column)
                )
            }
            Self::DuplicateColumn { .. } => {
                "number them with `data.number-duplicates = true`, or rename one; if the first row has no names: \
                 `data.header = false`"
                    .into()
            }
            Self::NameCount { .. } => "give one name for each column, in the order of the file".into(),
            Self::SchemaMismatch { differences, .. } if let Some(hint) = renamed(differences) => hint,
            Self::SchemaMismatch { .. } => {
                "bring the data into the form the schema was made from; extra columns and new categories do no harm"
                    .into()
            }
            Self::NoSuchColumn { nearest, columns, .. } => match nearest {
                Some(name) => format!("did you mean `{name}`? there are {}", listed(columns)),
                None => format!("there are {}", listed(columns)),
            },
            Self::AllMissing { .. } => "choose another column, or check the missing markers".into(),
            Self::BadMagic { .. } | Self::WrongLength { .. } => {
                "check that this is the right file and that it arrived whole".into()
            }
            Self::Image(error) => return error.hint(),
            Self::Series(error) => return error.hint(),
            Self::LabelCount { .. } => "check that both files belong to the same set".into(),
            Self::Truncated { .. } | Self::Corrupt { .. } | Self::Zip { .. } | Self::Parquet { .. } => {
                "fetch or copy the file again".into()
            }
            Self::ZipMember { members, .. } => {
                format!("name one as `archive.zip/member`; there are {}", listed(members))
            }
            Self::NestedColumn { .. } => "flatten the column, or leave it out when writing the file".into(),
            Self::UnsupportedColumn { .. } => {
                "write the file with plain numbers, texts or timestamps and snappy, gzip, lz4, zstd or no compression".into()
            }
            Self::MissingTime { .. } => "drop the rows without a time first".into(),
            Self::TiedTimes { .. } => {
                "choose other shares in `data.split`, or what is held out by another rule, such as `data.split.by = \"entity\"`".into()
            }
            Self::TooFewEntities { .. } => "choose another column or fewer parts".into(),
            Self::TooFewRows { .. } => "add rows".into(),
            Self::Npy { remedy, .. } => (*remedy).into(),
            Self::Delimiter { .. }
            | Self::InvalidSchema { .. }
            | Self::Fractions { .. }
            | Self::NoTime { .. } => return None,
        })
    }
}

/// A text as a setting has it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn choice(names: &[String]) -> Option<String> {
    if names.is_empty() { None } else { Some(format!("`{}`", names.join("` or `"))) }
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "none".into(),
        n if n > SHOWN => format!("{} and {} more", shown.join(", "), n - SHOWN),
        _ => shown.join(", "),
    }
}

/// Whether a cell says no more than below or above which number a value is.
fn is_limit(text: &str) -> bool {
    text.starts_with(['<', '>', '\u{2264}', '\u{2265}']) && text.ends_with(|c: char| c.is_ascii_digit())
}

/// What to do where columns that are missing may be there by other names.
fn renamed(differences: &[Difference]) -> Option<String> {
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    for difference in differences {
        match difference {
            Difference::MissingColumn { column, optional: false, .. } => missing.push(column.clone()),
            Difference::ExtraColumn { column } => extra.push(column.clone()),
            Difference::MissingColumn { .. } | Difference::UnseenLevels { .. } => {}
            Difference::Misfit { .. } => return None,
        }
    }
    (!missing.is_empty() && !extra.is_empty()).then(|| {
        format!(
            "columns are known by their names, which stand in the first line: call those that are meant {} as the run does, \
             instead of {}",
            listed(&missing),
            listed(&extra)
        )
    })
}
