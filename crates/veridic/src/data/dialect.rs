//! How a text file is laid out: its delimiter, its header and the comments above it.

use super::digits::parts;
use super::moment::Moments;
use super::read::Markers;
use super::record::Records;
use super::{ReadOptions, above, number};
use crate::error::DataError;

/// Delimiters that are recognized, in order of preference.
const DELIMITERS: [u8; 5] = [b'\t', b';', b'|', b',', b' '];
/// Rows looked at.
const ROWS: usize = 100;
/// Columns before those that have years as names, at most.
const MOST_LABELS: usize = 6;
/// Shares of rows that are as the first, or as most, where these tell a delimiter.
const HALF: f64 = 0.5;
const MOST: f64 = 0.8;
/// Texts below a number that make it a name.
const MIN_BELOW_A_NUMBER: usize = 4;

/// How to cut a text file into cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between two cells; a space stands for any run of spaces.
    pub(crate) delimiter: u8,
    /// Lines above the table: comments, titles.
    pub(crate) skipped: usize,
    /// The first of these, where they were found out.
    pub(crate) above: Option<String>,
    /// Whether the first row has the names of the columns.
    pub(crate) header: bool,
    /// Whether these are numbers.
    pub(crate) is_numbered: bool,
    /// The first name of a row, where the header has a cell less than the rows, which begin with their names.
    pub(crate) row_name: Option<String>,
    /// Whether rows end in a delimiter that the header does not have.
    pub(crate) ends_empty: bool,
    /// Whether quotes within quotes have a backslash before them.
    pub(crate) escapes: bool,
}

impl Dialect {
    /// The layout of a file that starts with `sample`, which ends at the end of a line or of the file.
    ///
    /// `known` are names of columns that make a first row a header when one of them is in it.
    pub(crate) fn detect(sample: &str, options: &ReadOptions, known: &[&str]) -> Result<Self, DataError> {
        let told = above::told_delimiter(sample).filter(|_| options.skip.is_none());
        let mut skipped = options.skip.unwrap_or_else(|| usize::from(told.is_some()));
        let delimiter = match options.delimiter.or(told) {
            Some(delimiter) => delimiter_byte(delimiter)?,
            None => best_delimiter(below_comments(below(sample, skipped)).1),
        };
        let mut above = None;
        if options.skip.is_none() {
            let start = skipped;
            skipped += comments(below(sample, skipped), delimiter);
            skipped += title_lines(below(sample, skipped), delimiter, options, known);
            let first = below(sample, if told.is_some() { 0 } else { start });
            above = first.lines().next().filter(|_| skipped > start || told.is_some()).map(str::to_owned);
        }
        let escapes = has_escapes(sample);
        let mut rows = rows(below(sample, skipped), delimiter, ROWS);
        let ends_empty = end_empty(&rows);
        if ends_empty {
            rows.iter_mut().skip(1).for_each(|row| row.truncate(row.len() - 1));
        }
        let row_name = row_name(below(sample, skipped), &rows, options);
        if row_name.is_some() {
            rows[0].insert(0, String::new());
        }
        let (header, is_numbered) = match options.header {
            Some(header) => (header, false),
            None => header_of(&rows, options, known),
        };
        let row_name = row_name.filter(|_| header);
        Ok(Self { delimiter, skipped, above, header, is_numbered, row_name, ends_empty, escapes })
    }
}

/// Whether quotes within quotes have a backslash before them: behind one that ends a cell stands no letter or blank.
fn has_escapes(text: &str) -> bool {
    let is_inside =
        |at: usize| text.as_bytes().get(at + 2).is_some_and(|c| c.is_ascii_alphanumeric() || *c == b' ');
    memchr::memmem::find_iter(text.as_bytes(), br#"\""#).any(is_inside)
}

/// Whether all rows below the first have one cell more, which is empty.
fn end_empty(rows: &[Vec<String>]) -> bool {
    let Some((first, below)) = rows.split_first() else { return false };
    let ends = |row: &Vec<String>| row.len() == first.len() + 1 && row.last().is_some_and(String::is_empty);
    !below.is_empty() && first.len() > 1 && below.iter().all(ends)
}

fn delimiter_byte(delimiter: char) -> Result<u8, DataError> {
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(byte),
        _ => Err(DataError::Delimiter { delimiter }),
    }
}

/// The text below its first `lines` lines.
fn below(text: &str, lines: usize) -> &str {
    let start = text.split_inclusive('\n').take(lines).map(str::len).sum();
    &text[start..]
}

/// The lines of comment at the start of a text, and the text below them; a text of comments alone has none.
fn below_comments(text: &str) -> (usize, &str) {
    let comments = text.lines().take_while(|line| line.starts_with(['#', '%', '|'])).count();
    let rest = below(text, comments);
    if rest.is_empty() { (0, text) } else { (comments, rest) }
}

/// How many lines of comment a text starts with.
fn comments(text: &str, delimiter: u8) -> usize {
    let (comments, body) = below_comments(text);
    // A header may start like a comment: it has as many cells as the rows below.
    let width = |text: &str| rows(text, delimiter, 1).first().map(Vec::len);
    let lines: Vec<&str> = text.lines().take(comments).collect();
    comments - lines.iter().rev().take_while(|line| width(line) == width(body)).count()
}

/// How many lines of title a text starts with.
fn title_lines(text: &str, delimiter: u8, options: &ReadOptions, known: &[&str]) -> usize {
    let (lines, rows): (Vec<u64>, Vec<Vec<String>>) =
        numbered_rows(text, delimiter, ROWS).into_iter().unzip();
    match above::title_rows(&rows, options, known) {
        0 => 0,
        titles => lines[titles] as usize - 1,
    }
}

/// The first rows of `text`; blank lines are no rows.
fn rows(text: &str, delimiter: u8, limit: usize) -> Vec<Vec<String>> {
    numbered_rows(text, delimiter, limit).into_iter().map(|(_, row)| row).collect()
}

/// The first rows of `text` with their lines.
fn numbered_rows(text: &str, delimiter: u8, limit: usize) -> Vec<(u64, Vec<String>)> {
    let mut rows = Vec::new();
    let Ok(mut records) = Records::new(text.as_bytes(), delimiter, b'\n', 0) else { return rows };
    records.escapes = has_escapes(text);
    while rows.len() < limit && records.advance().unwrap_or(false) {
        let mut cells = Vec::new();
        if records.cells(&mut cells).is_err() {
            break;
        }
        if cells.iter().any(|cell| !cell.text.is_empty()) {
            rows.push((records.line, cells.into_iter().map(|cell| cell.text.to_owned()).collect()));
        }
    }
    rows
}

/// The first name of a row, where all rows have one cell more than the first and count, or are in quotes throughout, as R writes
/// names of rows. What else has a cell more may have decimal commas.
fn row_name(text: &str, rows: &[Vec<String>], options: &ReadOptions) -> Option<String> {
    let (first, below) = rows.split_first()?;
    let is_open = options.header != Some(false) && options.names.is_none() && below.len() > 1;
    if !is_open || below.iter().any(|row| row.len() != first.len() + 1) {
        return None;
    }
    let mut names: Vec<&str> = below.iter().map(|row| row[0].as_str()).collect();
    let counts = names.iter().zip(1_usize..).all(|(name, i)| *name == i.to_string());
    let is_quoted =
        text.lines().filter(|line| !line.trim().is_empty()).take(ROWS).all(|line| line.starts_with('"'));
    let name = names[0].to_owned();
    names.sort_unstable();
    let differ = names.windows(2).all(|pair| pair[0] != pair[1]);
    (counts || (is_quoted && differ)).then_some(name)
}

/// Whether a name stands over numbers with a decimal comma alone: `12,5` below `weight`.
fn is_one_column(text: &str) -> bool {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(ROWS);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = |line: &str| {
        let line = line.trim_start_matches(['-', '+']);
        line.split_once(',')
            .map_or_else(|| digits(line), |(units, decimals)| digits(units) && digits(decimals))
    };
    let is_name = |line: &str| !line.contains([',', ';', '\t', '|']) && !is_number(line);
    let below = || lines.clone().skip(1);
    lines.clone().next().is_some_and(is_name)
        && below().all(is_number)
        && below().filter(|line| line.contains(',')).count() * 2 > below().count()
}

/// The delimiter under which most rows have the same number of cells, more than one.
fn best_delimiter(text: &str) -> u8 {
    if is_one_column(text) {
        return b';';
    }
    let mut best = (0.0, b',');
    for delimiter in DELIMITERS {
        let counts: Vec<usize> = rows(text, delimiter, ROWS).iter().map(Vec::len).collect();
        let Some(&expected) = counts.first() else { continue };
        if expected < 2 {
            continue;
        }
        let equal = counts.iter().filter(|&&count| count == expected).count();
        let share = equal as f64 / counts.len() as f64;
        // The earlier delimiter wins a tie.
        if share > best.0 {
            best = (share, delimiter);
        }
    }
    // Words alone are no cells.
    if best.1 == b' ' && !text.contains('"') && !has_numbers(text) {
        return b',';
    }
    // Where most rows are not as the first, that may be a title.
    if best.0 > HALF {
        return best.1;
    }
    // What parts the first row alone stands in its name: `gender: male`.
    let parts_most = |delimiter: u8| {
        let rows = rows(text, delimiter, ROWS);
        rows.iter().filter(|row| row.len() > 1).count() * 2 > rows.len()
    };
    let is_best = best.0 > 0.0 && (best.1 != b' ' || parts_most(best.1));
    usual_delimiter(text).unwrap_or(if is_best { best.1 } else { below_titles(text) })
}

/// Whether blanks part numbers.
fn has_numbers(text: &str) -> bool {
    let is_number = |cell: &String| number::parse(cell).is_some() || parts(cell).is_some();
    rows(text, b' ', ROWS).iter().flatten().any(is_number)
}

/// The delimiter under which most rows have the number of cells that most have, more than one.
fn usual_delimiter(text: &str) -> Option<u8> {
    let mut best = None;
    for delimiter in DELIMITERS {
        let mut counts: Vec<usize> = rows(text, delimiter, ROWS).iter().map(Vec::len).collect();
        counts.sort_unstable();
        let most = counts.chunk_by(|a, b| a == b).max_by_key(|alike| alike.len())?;
        let share = most.len() as f64 / counts.len() as f64;
        if most[0] > 1 && share > best.map_or(MOST, |(known, _)| known) {
            best = Some((share, delimiter));
        }
    }
    best.map(|(_, delimiter)| delimiter)
}

/// The delimiter under which all rows below some of one cell have as many cells, three and more.
fn below_titles(text: &str) -> u8 {
    let parts = |&delimiter: &u8| {
        let rows = rows(text, delimiter, ROWS);
        let mut counts = rows.iter().map(Vec::len).skip_while(|&count| count == 1);
        delimiter != b' '
            && counts.next().is_some_and(|first| first > 2 && counts.all(|count| count == first))
    };
    DELIMITERS.into_iter().find(parts).unwrap_or(b',')
}

/// Whether the first of `rows` has names, and whether these are numbers.
///
/// `known` are names of columns that make a first row a header when one of them is in it.
pub(super) fn header_of(rows: &[Vec<String>], options: &ReadOptions, known: &[&str]) -> (bool, bool) {
    let Some((first, below)) = rows.split_first() else { return (false, false) };
    if first.iter().any(|name| known.contains(&name.as_str())) {
        return (true, false);
    }
    if are_years(first, below) {
        return (true, true);
    }
    // Where tables stand one below the other, each has the names.
    let others: Vec<&Vec<String>> = below.iter().filter(|row| *row != first).collect();
    if first.len() > 1 && others.len() < below.len() && stands_over_numbers(first, &others, options) {
        return (true, false);
    }
    is_header(first, below, options)
}

/// Whether one of these cells is a text over nothing but numbers or moments.
fn stands_over_numbers(first: &[String], below: &[&Vec<String>], options: &ReadOptions) -> bool {
    let markers = Markers::of(options);
    let is_number = |cell: &str| number::parse(cell).is_some() || parts(cell).is_some();
    let is_date = |cell: &str| Moments::default().see(cell, 0);
    first.iter().enumerate().any(|(column, name)| {
        let cells = below.iter().filter_map(|row| row.get(column)).filter(|cell| !markers.is_missing(cell));
        let is_text = !markers.is_missing(name) && !is_number(name) && !is_date(name);
        let all = |test: &dyn Fn(&str) -> bool| cells.clone().all(|cell| test(cell));
        is_text && cells.clone().next().is_some() && (all(&is_number) || all(&is_date))
    })
}

/// Whether the names, one that is no number before them at most, are years one after the other, and the cells below are
/// not.
pub(super) fn are_years(first: &[String], below: &[Vec<String>]) -> bool {
    // Lines may end in a delimiter.
    let ends = first.iter().rev().take_while(|cell| cell.is_empty()).count().min(1);
    let first = &first[..first.len() - ends];
    let year = |cell: &String| -> Option<i32> {
        let year = cell.parse().ok()?;
        (cell.len() == 4 && (1800..2200).contains(&year)).then_some(year)
    };
    let labels = first.iter().take_while(|cell| number::parse(cell).is_none()).count();
    let years: Option<Vec<i32>> = first[labels.min(first.len())..].iter().map(year).collect();
    let Some(years) = years.filter(|years| years.len() > 1 && labels <= MOST_LABELS) else { return false };
    let steps: Vec<i32> = years.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let even = steps[0] != 0 && steps.iter().all(|&step| step == steps[0]);
    let again = below.iter().filter(|row| row.iter().skip(labels).all(|cell| year(cell).is_some())).count();
    even && !below.is_empty() && again * 2 <= below.len()
}

fn is_header(first: &[String], below: &[Vec<String>], options: &ReadOptions) -> (bool, bool) {
    let markers = Markers::of(options);
    let is_missing = |cell: &str| markers.is_missing(cell);
    let is_number = |cell: &str| number::parse(cell).is_some();
    let is_spelled = |cell: &str| is_number(cell) || parts(cell).is_some();
    let is_date = |cell: &str| Moments::default().see(cell, 0);
    let numbered = first.len() > 3
        && first.iter().enumerate().all(|(i, name)| *name == i.to_string())
        && !below.is_empty();
    if numbered {
        return (true, true);
    }
    let (mut reappears, mut is_told, mut is_alike) = (false, false, false);
    for (column, name) in first.iter().enumerate() {
        let values: Vec<&str> = below
            .iter()
            .filter_map(|row| row.get(column).map(String::as_str))
            .filter(|cell| !is_missing(cell))
            .collect();
        let all = |test: &dyn Fn(&str) -> bool| !values.is_empty() && values.iter().all(|cell| test(cell));
        let is_text = !is_missing(name) && !is_spelled(name);
        if (is_text && all(&is_spelled)) || (!is_missing(name) && !is_date(name) && all(&is_date)) {
            // A date below a number says that the number is a name only where numbers are names all over.
            is_told |= !is_number(name);
            if is_told {
                return (true, first.iter().any(|name| is_number(name)));
            }
        }
        is_alike |= (is_date(name) && all(&is_date)) || (is_spelled(name) && all(&is_spelled));
        // A number over texts is no value of theirs.
        let none = values.len() >= MIN_BELOW_A_NUMBER
            && !values.iter().any(|cell| is_spelled(cell) || is_date(cell));
        if is_number(name) && none {
            return (true, true);
        }
        reappears |= values.contains(&name.as_str());
    }
    // Only text columns are left: a header has a name of its own for each, and none of them is a value.
    let named = first.iter().all(|name| !is_number(name) && (name.is_empty() || !is_missing(name)));
    let mut distinct: Vec<&String> = first.iter().collect();
    distinct.sort();
    distinct.dedup();
    (named && !reappears && !is_alike && distinct.len() == first.len(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(sample: &str) -> (char, usize, bool) {
        let dialect = Dialect::detect(sample, &ReadOptions::default(), &[]).unwrap();
        (char::from(dialect.delimiter), dialect.skipped, dialect.header)
    }

    #[test]
    fn delimiters_are_told_by_equal_numbers_of_cells() {
        assert_eq!(detect("a,b\n1,2\n3,4\n"), (',', 0, true));
        assert_eq!(detect("a;b\n1,5;2,5\n3,5;4,5\n"), (';', 0, true));
        assert_eq!(detect("1\t2\n3\t4\n"), ('\t', 0, false));
        assert_eq!(detect("1|2\n3|4\n"), ('|', 0, false));
        assert_eq!(detect("6.0  -1.0 0.5 \n5.0 -1.0   0.25 \n"), (' ', 0, false));
        assert_eq!(detect("39, State-gov, 7\n50, Private, 8\n"), (',', 0, false));
        assert_eq!(detect("timestamp,value\n2014-07-01 00:00:00,1\n"), (',', 0, true));
        assert_eq!(detect("one\n1\n2\n"), (',', 0, true));
        assert_eq!(detect("weight\n1,5\n2\n-3,25\n"), (';', 0, true));
        assert_eq!(detect("a,b\n1,5\n2,7\n"), (',', 0, true));
    }

    #[test]
    fn comments_above_the_table_are_skipped_and_a_marked_header_is_not() {
        assert_eq!(detect("|1x3 Cross validator\n25, Private\n38, Local\n"), (',', 1, false));
        assert_eq!(detect("# made by hand\r\n# twice\r\na,b\r\n1,2\r\n"), (',', 2, true));
        assert_eq!(detect("#id,b\n1,2\n"), (',', 0, true));
    }

    #[test]
    fn a_header_is_text_above_numbers_or_text_that_is_no_value() {
        assert!(detect("name,city\nann,rome\nbob,oslo\n").2);
        assert!(!detect("ann,rome\nbob,oslo\nann,oslo\n").2);
        assert!(!detect("1,x\n2,y\n").2);
        assert!(detect("0,1,2,3\n7,7,7,7\n").2);
        assert!(!detect("63.0,?\n67.0,1.0\n").2);
        assert!(detect("day\n2011-01-01\n").2);
        assert!(detect("betrag;menge\n1,5;2\n").2);
    }

    #[test]
    fn numbers_are_names_over_texts_and_as_years() {
        let numbered = |sample: &str| {
            let dialect = Dialect::detect(sample, &ReadOptions::default(), &[]).unwrap();
            (dialect.header, dialect.is_numbered)
        };
        assert_eq!(numbered("2019,2020,2021\n1000,2000,0\n1001,2001,1\n"), (true, true));
        assert_eq!(numbered("country,2019,2020\nc0,2000,0\nc1,2001,1\n"), (true, true));
        assert_eq!(numbered("1,2\na,5\nb,6\nc,5\nd,7\n"), (true, true));
        assert_eq!(numbered("2019,2020,2021\n2019,2020,2021\n2018,2020,2022\n"), (false, false));
        assert_eq!(numbered("5,x\n6,y\n7,x\n8,x\n9,x\n"), (false, false));
    }

    #[test]
    fn a_quote_is_no_delimiter() {
        let options = ReadOptions { delimiter: Some('"'), ..ReadOptions::default() };
        assert!(matches!(Dialect::detect("a", &options, &[]), Err(DataError::Delimiter { .. })));
    }
}
