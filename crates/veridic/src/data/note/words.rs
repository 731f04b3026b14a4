//! What notes say.

use std::fmt;

use super::{ReadNote, counted, listed, share, short};
use crate::data::century;
use crate::error::quoted;

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
                "the last row (line {line}) looks like a total or mean of the rows above and is kept (leave it out: \
                 `data.drop-total = true`)"
            ),
            Self::Totals { line, is_dropped: true } => {
                write!(f, "the last row (line {line}), a total, is left out")
            }
            Self::Subtotals { rows, line, example, is_dropped } => write!(
                f,
                "{} as `{}` in line {line}, {} of rows above, {}",
                if *rows == 1 { "a row such".to_owned() } else { format!("{rows} rows such") },
                short(example),
                if *rows == 1 { "a total" } else { "totals" },
                match (is_dropped, rows) {
                    (true, 1) => "is left out",
                    (true, _) => "are left out",
                    (false, 1) => "is kept (leave it out: `data.drop-total = true`)",
                    (false, _) => "are kept (leave them out: `data.drop-total = true`)",
                }
            ),
            Self::Below { rows, line, says, is_dropped } => {
                let which = if *rows == 1 {
                    format!("the last row (line {line}) has")
                } else {
                    format!("the last {rows} rows (from line {line}) have")
                };
                match says.as_str() {
                    "" => write!(f, "{which} no value")?,
                    says => write!(f, "{which} one value, `{}`,", short(says))?,
                }
                match is_dropped {
                    true => write!(f, " and {} left out", if *rows == 1 { "is" } else { "are" }),
                    false if *rows == 1 => write!(f, " and stays (leave it out: `data.drop-total = true`)"),
                    false => write!(f, " and stay (leave them out: `data.drop-total = true`)"),
                }
            }
            Self::NoTotals => {
                write!(f, "no row is left out as a total: none says so and has the sum of rows above it")
            }
            Self::RepeatedNames { rows, line } => write!(
                f,
                "{} again and {} left out (the first in line {line})",
                if *rows == 1 {
                    "1 row has the names of the columns".to_owned()
                } else {
                    format!("{rows} rows have the names of the columns")
                },
                if *rows == 1 { "is" } else { "are" }
            ),
            Self::RowNames { example } => write!(
                f,
                "the first line has a name less than the rows have cells: their first cells (`{}`) are taken for names of rows",
                short(example)
            ),
            Self::Joined { cells } => write!(
                f,
                "{} merged with a cell above {} its value",
                counted(*cells, "cell"),
                if *cells == 1 { "has" } else { "have" }
            ),
            Self::Marks { columns, marks, kept } => {
                let how = |mark: &String| {
                    if mark.is_empty() { "empty".to_owned() } else { format!("`{}`", short(mark)) }
                };
                let marks: Vec<String> = marks.iter().map(how).collect();
                write!(
                    f,
                    "{}: missing cells are {}; all come back {}",
                    listed(columns),
                    marks.join(" and "),
                    how(kept)
                )
            }
            Self::Sides { column, above, below } => write!(
                f,
                "`{column}`: numbers with `{below}` are below zero, those with `{above}` are not (as text: \
                 `data.categorical = [{}]`)",
                quoted(column)
            ),
            Self::OddTimes { column, cells, example, line } => write!(
                f,
                "`{column}` is days but for {} with a time of day (`{example}` in line {line}); what is made of it may have such times, \
                 too (to have days alone: correct or empty what has a time)",
                counted(*cells, "cell")
            ),
            Self::Spelled { column, example, meaning } => write!(f, "`{column}`: `{example}` is {meaning}"),
            Self::Ambiguous { columns, example, taken, setting } => {
                write!(f, "{}: `{example}` is read as {taken} (otherwise: `{setting}`)", listed(columns))
            }
            Self::Century { column, first_year, earliest, latest } => write!(
                f,
                "`{column}`: years of two digits are those from {first_year} to {}, the earliest `{}` ({}), the latest `{}` \
                 ({}) (another first year: `data.first-year = {}`)",
                first_year + 99,
                earliest.0,
                earliest.1,
                latest.0,
                latest.1,
                if *first_year == century::USUAL { 1930 } else { century::USUAL }
            ),
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
            Self::MayBeTimes { column, example } => write!(
                f,
                "`{column}` may be times of day, as `{example}`, and is read as numbers (as times: write all with two digits of \
                 the hour and of the minute, `0517` or `05:17`)"
            ),
            Self::BelowZero { column, example } => write!(
                f,
                "`{column}` is below zero in all cells, as `{example}` ends in a minus (if it is a dash after a price, take it \
                 out of the file)"
            ),
            Self::Twice { column, cells: [(first, a), (second, b)] } => write!(
                f,
                "`{column}`: `{a}` in line {first} and `{b}` in line {second} are read as one number (keep them apart: \
                 `data.categorical = [{}]`)",
                quoted(column)
            ),
            Self::ManyLevels { column, levels } => write!(
                f,
                "`{column}` has {levels} categories, which take time and memory (leave it out: \
                 `data.drop = [{}]`)",
                quoted(column)
            ),
        }
    }
}
