//! What a reader of a table is told of how it was read.

use std::fmt;

use crate::error::quoted;

/// Something that was assumed, converted or left out while a table was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadNote {
    /// The text is in another encoding than UTF-8.
    Encoding {
        /// Its name, such as `windows-1252`.
        encoding: &'static str,
        /// Whether it was guessed from bytes that are not UTF-8.
        is_guess: bool,
    },
    /// The table read out of several.
    Chosen {
        /// A member of an archive or a sheet of a workbook.
        name: String,
        /// The others.
        others: Vec<String>,
    },
    /// Lines above the table that are no rows: comments, a title.
    Above {
        /// How many.
        lines: usize,
        /// The first of them.
        example: String,
    },
    /// The first row has no names.
    NoHeader {
        /// Columns that were named `column_1` and on.
        columns: usize,
    },
    /// Numbers in the first row were taken for names.
    NumberedHeader {
        /// The names.
        names: Vec<String>,
    },
    /// Columns of one name were numbered.
    NumberedNames {
        /// The names they got.
        names: Vec<String>,
    },
    /// The last row has the sums of the rows above, or says so.
    Totals {
        /// Its line.
        line: u64,
        /// Whether it was left out.
        is_dropped: bool,
    },
    /// Numbers or moments in a spelling of their own, which comes back.
    Spelled {
        /// The column.
        column: String,
        /// A cell.
        example: String,
        /// What it is read as.
        meaning: String,
    },
    /// A cell that can be read in two ways.
    Ambiguous {
        /// The columns read so.
        columns: Vec<String>,
        /// A cell.
        example: String,
        /// How it is read.
        taken: &'static str,
        /// The setting that decides.
        setting: &'static str,
    },
    /// A usual mark of missing cells in a column of texts, where it may be a value.
    Mark {
        /// The column.
        column: String,
        /// The mark.
        mark: String,
        /// Cells that have it.
        cells: usize,
        /// The line of the first.
        line: u64,
        /// Whether it is a value, since it is in quotes.
        is_value: bool,
    },
    /// A value far from all others that may stand for missing cells.
    Sentinel {
        /// The column.
        column: String,
        /// The value, as the data writes it.
        value: String,
        /// Cells that have it.
        cells: usize,
    },
    /// Numbers beyond what can be measured: `<0.10`, `>100`.
    Limits {
        /// The column.
        column: String,
        /// How they are written, and what they count as.
        limits: Vec<(String, String)>,
        /// Those of them that come back as the number that they count as.
        others: Vec<String>,
        /// How many cells have them.
        cells: usize,
    },
    /// Numbers with words for their powers of ten, which come back: `5.6k`.
    Scaled {
        /// The column.
        column: String,
        /// A cell.
        example: String,
        /// Its line.
        line: u64,
        /// The number that it is read as.
        value: String,
    },
    /// Dates of another calendar than the Gregorian, read as if they were of it or as categories.
    Calendar {
        /// The column.
        column: String,
        /// A cell.
        example: String,
        /// The calendar and what its years are: `the Buddhist calendar, 543 years ahead`.
        calendar: &'static str,
        /// Whether they are categories, and no moments.
        are_texts: bool,
    },
    /// A column of whole numbers with a few that are not.
    Odd {
        /// The column.
        column: String,
        /// Cells that are not whole.
        cells: usize,
        /// The first of them.
        example: String,
        /// Its line.
        line: u64,
    },
    /// Whole numbers too large to be exact as numbers, kept as texts.
    Large {
        /// The column.
        column: String,
        /// One of them.
        example: String,
    },
    /// A column of numbers that became categories because of a few other cells.
    Categories {
        /// The column.
        column: String,
        /// Such a cell.
        example: String,
        /// The line of the first.
        line: u64,
        /// How many cells have it, of those that are not missing.
        cells: usize,
        /// Cells that are not missing.
        of: usize,
        /// What the others are: `finite number` or `date-time`.
        expected: &'static str,
    },
    /// Categories that may be numbers or moments in a spelling that is not known.
    Unread {
        /// The column.
        column: String,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A column that is neither used nor an identifier.
    LeftOut {
        /// The column.
        column: String,
        /// Why.
        why: &'static str,
        /// Up to three cells with their lines.
        examples: Vec<(u64, String)>,
        /// What to do about it.
        remedy: &'static str,
    },
    /// An identifier.
    Identifier {
        /// The column.
        column: String,
    },
    /// Spellings of one flag.
    Merged {
        /// The column.
        column: String,
        /// The texts, those of no first.
        texts: Vec<String>,
    },
    /// Moments of several zones, kept as moments and written in UTC.
    Zones {
        /// The column.
        column: String,
        /// Two cells of different zones.
        examples: [String; 2],
    },
    /// Cells that come back in another spelling of the same value.
    Respelled {
        /// The column.
        column: String,
        /// The first such cell.
        from: String,
        /// How it is written.
        to: String,
        /// How many there are.
        cells: usize,
    },
    /// A column of very many categories.
    ManyLevels {
        /// The column.
        column: String,
        /// How many there are.
        levels: usize,
    },
}

impl ReadNote {
    /// Whether the note needs no more than a glance: nothing was guessed or lost.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Spelled { .. } | Self::Identifier { .. })
    }
}

impl fmt::Display for ReadNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding { encoding, is_guess: false } => write!(f, "the text is read as {encoding}"),
            Self::Encoding { encoding, is_guess: true } => write!(
                f,
                "the text is not UTF-8 and is read as {encoding} (another: `data.encoding = \"NAME\"`)"
            ),
            Self::Chosen { name, others } => {
                write!(
                    f,
                    "`{name}` is read; there {} also {}",
                    if others.len() == 1 { "is" } else { "are" },
                    listed(others)
                )
            }
            Self::Above { lines, example } => write!(
                f,
                "{} above the table {} left out (`{}`; otherwise: `data.skip = 0`)",
                counted(*lines, "line"),
                if *lines == 1 { "is" } else { "are" },
                short(example.trim())
            ),
            Self::NoHeader { columns } => write!(
                f,
                "the first row has no names, the columns are called column_1 to column_{columns} (otherwise: \
                 `data.header = true`)"
            ),
            Self::NumberedHeader { names } => write!(
                f,
                "the first row, {}, is taken for the names of the columns (otherwise: `data.header = false`)",
                listed(names)
            ),
            Self::NumberedNames { names } => write!(f, "columns of one name are called {}", listed(names)),
            Self::Totals { line, is_dropped: false } => write!(
                f,
                "the last row (line {line}) looks like a total of the rows above and is kept (leave it out: \
                 `data.drop-total = true`)"
            ),
            Self::Totals { line, is_dropped: true } => {
                write!(f, "the last row (line {line}), a total, is left out")
            }
            Self::Spelled { column, example, meaning } => write!(f, "`{column}`: `{example}` is {meaning}"),
            Self::Ambiguous { columns, example, taken, setting } => {
                write!(f, "{}: `{example}` is read as {taken} (otherwise: `{setting}`)", listed(columns))
            }
            Self::Mark { column, mark, cells, line, is_value: false } => write!(
                f,
                "`{column}`: `{mark}` in {} (the first in line {line}) is read as missing (if it is a value: \
                 `data.not-missing = [{}]`)",
                counted(*cells, "cell"),
                quoted(mark)
            ),
            Self::Mark { column, mark, cells, line, is_value: true } => write!(
                f,
                "`{column}`: `{mark}` in quotes in {} (the first in line {line}) is a value (if it is missing: leave the \
                 cells empty)",
                counted(*cells, "cell")
            ),
            Self::Sentinel { column, value, cells } => write!(
                f,
                "`{column}`: `{value}` in {} is far from all others and kept as a value (if it stands for missing cells: \
                 `data.missing = [{}]`)",
                counted(*cells, "cell"),
                quoted(value)
            ),
            Self::Limits { column, limits, others, cells } => {
                let texts: Vec<String> = limits.iter().map(|(text, _)| quoted(text)).collect();
                let said: Vec<String> =
                    limits.iter().map(|(text, value)| format!("`{text}` counts as {value}")).collect();
                write!(
                    f,
                    "`{column}`: {} in {}{} (if it is missing: `data.missing = [{}]`; as text: `data.categorical = [{}]`)",
                    said.join(" and "),
                    counted(*cells, "cell"),
                    match others.is_empty() {
                        true => ", and comes back as it is".to_owned(),
                        false => format!(
                            "; {} come back as these numbers, since there are several limits on a side, or numbers beyond one",
                            listed(others)
                        ),
                    },
                    texts.join(", "),
                    quoted(column)
                )
            }
            Self::Scaled { column, example, line, value } => write!(
                f,
                "`{column}`: `{example}` in line {line} is read as {value}, and comes back as it is (as text: \
                 `data.categorical = [{}]`)",
                quoted(column)
            ),
            Self::Calendar { column, example, calendar, are_texts: false } => write!(
                f,
                "`{column}`: `{example}` is of {calendar}; it is read and written as it stands, so that lengths of time are right \
                 but for leap days (if they matter: write dates of the Gregorian calendar)"
            ),
            Self::Calendar { column, example, calendar, are_texts: true } => write!(
                f,
                "`{column}`: `{example}` is of {calendar} and kept as text, without its order (write dates such as 2024-05-06 to \
                 have it)"
            ),
            Self::Odd { column, cells, example, line } => write!(
                f,
                "`{column}` is whole numbers but for {} (`{example}` in line {line})",
                counted(*cells, "cell")
            ),
            Self::Large { column, example } => {
                write!(
                    f,
                    "`{column}`: whole numbers as large as `{example}` are kept as text, digit by digit"
                )
            }
            Self::Categories { column, example, line, cells, of, expected } => write!(
                f,
                "`{column}` is categories, not {}s, because of `{example}` in {} (first in line {line}; if it is missing: \
                 `data.missing = [{}]`)",
                expected.trim_start_matches("finite "),
                share(*cells, *of),
                quoted(example)
            ),
            Self::Unread { column, examples } => write!(
                f,
                "`{column}` is categories: {} look like numbers or dates, in a spelling that is not known",
                listed(examples)
            ),
            Self::LeftOut { column, why, examples, remedy } => {
                write!(f, "`{column}` is left out: {why}")?;
                for (i, (line, text)) in examples.iter().enumerate() {
                    write!(
                        f,
                        "{}`{}` in line {line}",
                        if i == 0 { ", such as " } else { ", " },
                        short(text)
                    )?;
                }
                write!(f, "; {remedy}")
            }
            Self::Identifier { column } => write!(f, "`{column}` names rows: nothing is learned from it"),
            Self::Merged { column, texts } => write!(f, "`{column}`: {} are one flag", listed(texts)),
            Self::Zones { column, examples: [a, b] } => write!(
                f,
                "`{column}` has moments of several zones (`{a}`, `{b}`); they are compared as moments and written in UTC"
            ),
            Self::Respelled { column, from, to, cells } => {
                write!(
                    f,
                    "`{column}`: {} as `{to}` what was `{from}`",
                    if *cells == 1 {
                        "1 cell comes back".to_owned()
                    } else {
                        format!("{cells} cells come back")
                    }
                )
            }
            Self::ManyLevels { column, levels } => write!(
                f,
                "`{column}` has {levels} categories, which take time and memory (leave it out: \
                 `data.drop = [{}]`)",
                quoted(column)
            ),
        }
    }
}

/// So many of so many cells, with their share.
pub(crate) fn share(cells: usize, of: usize) -> String {
    let percent = 100.0 * cells as f64 / of.max(1) as f64;
    if percent < 1.0 {
        counted(cells, "cell")
    } else {
        format!("{} ({percent:.0} %)", counted(cells, "cell"))
    }
}

pub(crate) fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// The first of `names`, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", short(name))).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// The beginning of a long text.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}
