//! Delimited text cut into records of cells.

use std::io::{BufRead, BufReader, Read};

/// A cell as it stands in its row, trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    pub(crate) text: &'a str,
    /// Whether it was in quotes.
    pub(crate) quoted: bool,
}

/// Why a record cannot be had.
#[derive(Debug)]
pub(crate) enum Problem {
    Read(std::io::Error),
    /// A cell of this record, counted from 0, is not UTF-8.
    NotUtf8 {
        line: u64,
        cell: usize,
    },
    /// The text ends inside a letter.
    CutLetter {
        line: u64,
    },
    /// A quote opened in the record of this line is never closed.
    OpenQuote {
        line: u64,
    },
}

/// The records of a text, one at a time.
pub(crate) struct Records<R> {
    reader: BufReader<R>,
    delimiter: u8,
    /// What ends a line: a line feed, or a carriage return in old files.
    end: u8,
    /// Lines read.
    lines: u64,
    /// The line on which the record starts, from 1.
    pub(crate) line: u64,
    raw: Vec<u8>,
    /// The record's cells without quotes, one after the other.
    text: Vec<u8>,
    /// Where each cell starts and ends in `text` (or in `raw` where nothing is quoted), and whether it was quoted.
    spans: Vec<(usize, usize, bool)>,
    is_plain: bool,
    /// Whether a quote behind a backslash does not end a cell.
    pub(crate) escapes: bool,
}

impl<R: Read> Records<R> {
    /// The records of `reader` below `skipped` lines.
    pub(crate) fn new(reader: R, delimiter: u8, end: u8, skipped: usize) -> std::io::Result<Self> {
        let mut records = Self {
            reader: BufReader::with_capacity(1 << 16, reader),
            delimiter,
            end,
            lines: 0,
            line: 0,
            raw: Vec::new(),
            text: Vec::new(),
            spans: Vec::new(),
            is_plain: true,
            escapes: false,
        };
        for _ in 0..skipped {
            records.raw.clear();
            records.reader.read_until(end, &mut records.raw)?;
            records.lines += 1;
        }
        Ok(records)
    }

    /// Reads the next record; `false` at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, Problem> {
        self.raw.clear();
        if self.read_line()? == 0 {
            return Ok(false);
        }
        self.line = self.lines;
        self.spans.clear();
        self.is_plain = self.cut();
        if !self.is_plain {
            self.spans.clear();
            self.unquote()?;
        }
        Ok(true)
    }

    fn read_line(&mut self) -> Result<usize, Problem> {
        let read = self.reader.read_until(self.end, &mut self.raw).map_err(Problem::Read)?;
        self.lines += u64::from(read > 0);
        Ok(read)
    }

    /// The length of what was read without its line end.
    fn length(&self) -> usize {
        let mut length = self.raw.len();
        while length > 0 && matches!(self.raw[length - 1], b'\n' | b'\r') {
            length -= 1;
        }
        length
    }

    /// Cuts a line at its delimiters; `false` at a quote.
    fn cut(&mut self) -> bool {
        let length = self.length();
        let mut start = 0;
        for at in memchr::memchr2_iter(self.delimiter, b'"', &self.raw[..length]) {
            if self.raw[at] == b'"' {
                return false;
            }
            self.spans.push((start, at, false));
            start = at + 1;
        }
        self.spans.push((start, length, false));
        true
    }

    /// Cuts a record with quotes, which may hold line ends.
    fn unquote(&mut self) -> Result<(), Problem> {
        self.text.clear();
        let mut at = 0;
        let mut length = self.length();
        loop {
            // A blank before a quote is no part of the cell.
            let mut start = at;
            while start < length && self.raw[start] == b' ' && self.delimiter != b' ' {
                start += 1;
            }
            let from = self.text.len();
            let quoted = start < length && self.raw[start] == b'"';
            if quoted {
                at = start + 1;
                loop {
                    if at >= self.raw.len() {
                        if self.read_line()? == 0 {
                            return Err(Problem::OpenQuote { line: self.line });
                        }
                        length = self.length();
                        continue;
                    }
                    let byte = self.raw[at];
                    at += 1;
                    if self.escapes && byte == b'\\' && matches!(self.raw.get(at), Some(b'"' | b'\\')) {
                        self.text.push(self.raw[at]);
                        at += 1;
                    } else if byte != b'"' {
                        self.text.push(byte);
                    } else if self.raw.get(at) == Some(&b'"') {
                        self.text.push(b'"');
                        at += 1;
                    } else {
                        break;
                    }
                }
            }
            while at < length && self.raw[at] != self.delimiter {
                self.text.push(self.raw[at]);
                at += 1;
            }
            self.spans.push((from, self.text.len(), quoted));
            if at >= length {
                return Ok(());
            }
            at += 1;
        }
    }

    /// The cells of the record; between two blanks of a run there is none.
    pub(crate) fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) -> Result<(), Problem> {
        let bytes = if self.is_plain { &self.raw } else { &self.text };
        let runs = self.delimiter == b' ';
        // One check for all cells is quicker than one for each.
        let whole = std::str::from_utf8(bytes).ok();
        for (i, &(start, end, quoted)) in self.spans.iter().enumerate() {
            let text = match whole.and_then(|whole| whole.get(start..end)) {
                Some(text) => text,
                None => std::str::from_utf8(&bytes[start..end]).map_err(|error| {
                    // Without a line end it is the last line.
                    let is_end = error.error_len().is_none() && self.raw.ends_with(&bytes[start..end]);
                    if is_end && i + 1 == self.spans.len() {
                        Problem::CutLetter { line: self.lines }
                    } else {
                        Problem::NotUtf8 { line: self.line, cell: i }
                    }
                })?,
            };
            let text = trimmed(text);
            if !(runs && text.is_empty() && !quoted) {
                cells.push(Cell { text, quoted });
            }
        }
        Ok(())
    }

    /// Whether the line has nothing on it, or nothing but blanks in a table of more columns than one.
    pub(crate) fn is_blank(&self, width: usize) -> bool {
        let lone = self.spans.len() == 1 || self.delimiter == b' ';
        let bytes = if self.is_plain { &self.raw } else { &self.text };
        let empty = self.spans.iter().all(|&(start, end, _)| bytes[start..end].trim_ascii().is_empty());
        lone && empty && (width != 1 || self.delimiter == b' ' || (self.is_plain && self.length() == 0))
    }
}

/// The text without blanks around it, of which most have none.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<(String, bool)>)> {
        let mut records = Records::new(text.as_bytes(), b',', b'\n', 0).unwrap();
        let mut all = Vec::new();
        while records.advance().unwrap() {
            let mut cells = Vec::new();
            records.cells(&mut cells).unwrap();
            all.push((records.line, cells.iter().map(|cell| (cell.text.to_owned(), cell.quoted)).collect()));
        }
        all
    }

    fn plain(cells: &[&str]) -> Vec<(String, bool)> {
        cells.iter().map(|cell| ((*cell).to_owned(), false)).collect()
    }

    #[test]
    fn cells_are_cut_and_trimmed_and_quotes_are_known() {
        assert_eq!(read("a, b\r\n1,\n"), [(1, plain(&["a", "b"])), (2, plain(&["1", ""]))]);
        let quoted = |text: &str| (text.to_owned(), true);
        assert_eq!(
            read("x,\"a, \"\"b\"\"\"\n\"two\nlines\", \"NA\"\nlast,it's \"5\"\"\n"),
            [
                (1, vec![("x".to_owned(), false), quoted("a, \"b\"")]),
                (2, vec![quoted("two\nlines"), quoted("NA")]),
                (4, plain(&["last", "it's \"5\"\""])),
            ]
        );
    }

    #[test]
    fn an_open_quote_and_foreign_bytes_name_their_line() {
        let mut records = Records::new(&b"a\n\"b\nc\n"[..], b',', b'\n', 0).unwrap();
        assert!(records.advance().unwrap());
        assert!(matches!(records.advance(), Err(Problem::OpenQuote { line: 2 })));
        let mut records = Records::new(&b"a,caf\xe9\n"[..], b',', b'\n', 0).unwrap();
        assert!(records.advance().unwrap());
        assert!(matches!(records.cells(&mut Vec::new()), Err(Problem::NotUtf8 { line: 1, cell: 1 })));
    }
}
