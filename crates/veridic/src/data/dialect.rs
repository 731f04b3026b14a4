//! How a text file is laid out: its delimiter, its header and the comments above it.

use csv::{ReaderBuilder, StringRecord};

use super::read::Markers;
use super::{ReadOptions, date, number};
use crate::error::DataError;

/// Delimiters that are recognized, in order of preference.
const DELIMITERS: [u8; 5] = [b'\t', b';', b',', b'|', b' '];
/// Rows looked at.
const ROWS: usize = 100;

/// How to cut a text file into cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between two cells; a space stands for any run of spaces.
    pub(crate) delimiter: u8,
    /// Lines of comment above the table.
    pub(crate) skipped: usize,
    /// Whether the first row has the names of the columns.
    pub(crate) header: bool,
}

impl Dialect {
    /// The layout of a file that starts with `sample`, which ends at the end of a line or of the file.
    ///
    /// `known` are names of columns that make a first row a header when one of them is in it.
    pub(crate) fn detect(sample: &str, options: &ReadOptions, known: &[&str]) -> Result<Self, DataError> {
        let given = match options.delimiter {
            Some(delimiter) => Some(delimiter_byte(delimiter)?),
            None => None,
        };
        let comments: Vec<&str> =
            sample.lines().take_while(|line| line.starts_with(['#', '%', '|'])).collect();
        let start = comments.iter().fold(0, |at, line| {
            let end = at + line.len();
            end + line_end(&sample[end..])
        });
        let body = if start < sample.len() { &sample[start..] } else { sample };
        let delimiter = given.unwrap_or_else(|| best_delimiter(body));
        // A header may start like a comment: it has as many cells as the rows below.
        let below = rows(body, delimiter, 1);
        let is_row =
            |line: &&&str| rows(line, delimiter, 1).first().map(Vec::len) == below.first().map(Vec::len);
        let kept = comments.iter().rev().take_while(is_row).count();
        let skipped = if start < sample.len() { comments.len() - kept } else { 0 };
        let table = sample.split_inclusive('\n').skip(skipped).collect::<String>();
        let rows = rows(&table, delimiter, ROWS);
        let header = options.header.unwrap_or_else(|| {
            rows.split_first().is_some_and(|(first, below)| is_header(first, below, options, known))
        });
        Ok(Self { delimiter, skipped, header })
    }

    /// The cells of a record: trimmed, and without the empty ones between two spaces of a run.
    pub(crate) fn cells<'a>(&self, record: &'a StringRecord, cells: &mut Vec<&'a str>) {
        cells.clear();
        let trimmed = record.iter().map(str::trim);
        if self.delimiter == b' ' {
            cells.extend(trimmed.filter(|cell| !cell.is_empty()));
        } else {
            cells.extend(trimmed);
        }
    }
}

fn delimiter_byte(delimiter: char) -> Result<u8, DataError> {
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(byte),
        _ => Err(DataError::Delimiter { delimiter }),
    }
}

fn line_end(rest: &str) -> usize {
    if rest.starts_with("\r\n") { 2 } else { usize::from(!rest.is_empty()) }
}

/// The first rows of `text`; blank lines are no rows.
fn rows(text: &str, delimiter: u8, limit: usize) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let dialect = Dialect { delimiter, skipped: 0, header: false };
    let mut rows = Vec::new();
    for record in reader.records().map_while(Result::ok) {
        let mut cells = Vec::new();
        dialect.cells(&record, &mut cells);
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push(cells.into_iter().map(str::to_owned).collect());
        }
        if rows.len() == limit {
            break;
        }
    }
    rows
}

/// The delimiter under which most rows have the same number of cells, more than one.
fn best_delimiter(text: &str) -> u8 {
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
    best.1
}

fn is_header(first: &[String], below: &[Vec<String>], options: &ReadOptions, known: &[&str]) -> bool {
    if first.iter().any(|name| known.contains(&name.as_str())) {
        return true;
    }
    let markers = Markers::of(options);
    let is_missing = |cell: &str| markers.is_missing(cell);
    let is_number = |cell: &str| number::parse(cell).is_some();
    let is_date = |cell: &str| date::Formats::of(cell).is_some();
    let numbered = first.len() > 3
        && first.iter().enumerate().all(|(i, name)| *name == i.to_string())
        && !below.is_empty();
    if numbered {
        return true;
    }
    let mut reappears = false;
    for (column, name) in first.iter().enumerate() {
        let values: Vec<&str> = below
            .iter()
            .filter_map(|row| row.get(column).map(String::as_str))
            .filter(|cell| !is_missing(cell))
            .collect();
        let all = |test: &dyn Fn(&str) -> bool| !values.is_empty() && values.iter().all(|cell| test(cell));
        let is_text = !is_missing(name) && !is_number(name);
        if (is_text && all(&is_number)) || (!is_missing(name) && !is_date(name) && all(&is_date)) {
            return true;
        }
        reappears |= values.contains(&name.as_str());
    }
    // Only text columns are left: a header has a name of its own for each, and none of them is a value.
    let named = first.iter().all(|name| !is_number(name) && (name.is_empty() || !is_missing(name)));
    let mut distinct: Vec<&String> = first.iter().collect();
    distinct.sort();
    distinct.dedup();
    named && !reappears && distinct.len() == first.len()
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
    }

    #[test]
    fn a_quote_is_no_delimiter() {
        let options = ReadOptions { delimiter: Some('"'), ..ReadOptions::default() };
        assert!(matches!(Dialect::detect("a", &options, &[]), Err(DataError::Delimiter { .. })));
    }
}
