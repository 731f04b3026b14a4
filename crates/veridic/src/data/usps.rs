//! Digits as text, plain or gzipped: a line an image, the digit and then 256 grey values from -1 (white) to 1 (black), of
//! 16 x 16 pixels row by row, with spaces between (the post codes of "The Elements of Statistical Learning").

use std::path::Path;

use super::Images;
use super::source::Source;
use crate::error::{DataError, ImageError};

const SIDE: usize = 16;

/// The names of the files as they are published, without `.gz`.
const TRAIN: &str = "zip.train";
const TEST: &str = "zip.test";

/// Reads one file; a value v becomes the byte nearest to 255 (v + 1) / 2.
///
/// # Errors
/// [`ImageError::DigitValues`] and [`ImageError::DigitValue`] with line, column and value, an empty file, and those of
/// opening it.
pub(super) fn read(path: &Path) -> Result<Images, DataError> {
    let source = Source::find(path)?;
    parse(&String::from_utf8_lossy(&source.bytes()?), source.name())
}

fn parse(text: &str, path: &Path) -> Result<Images, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        if cells.len() != 1 + SIDE * SIDE {
            let (line, found, path) = (at + 1, cells.len(), path.to_owned());
            return Err(ImageError::DigitValues { line, found, expected: 1 + SIDE * SIDE, path }.into());
        }
        let wrong = |column: usize, allowed: &'static str| {
            let (line, value, path) = (at + 1, cells[column].to_owned(), path.to_owned());
            ImageError::DigitValue { line, column: column + 1, value, allowed, path }
        };
        let number = |column: usize| cells[column].parse::<f64>().ok();
        let digit = number(0).filter(|digit| digit.fract() == 0.0 && (0.0..=9.0).contains(digit));
        labels.push(digit.ok_or_else(|| wrong(0, "a digit from 0 to 9"))? as u8);
        for column in 1..cells.len() {
            let value = number(column).filter(|value| (-1.0..=1.0).contains(value));
            let value = value.ok_or_else(|| wrong(column, "a number from -1 to 1"))?;
            pixels.push((127.5 * (value + 1.0)).round() as u8);
        }
    }
    if labels.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    Ok(Images { n: labels.len(), height: SIDE, width: SIDE, channels: 1, pixels, labels: Some(labels) })
}

/// The training file and the test file among files, where there is at least a training file.
pub(super) fn among<P: AsRef<Path>>(files: &[P]) -> Option<(&Path, Option<&Path>)> {
    let of = |wanted: &str| {
        let is = |path: &&Path| {
            let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            name.trim_end_matches(".gz") == wanted
        };
        files.iter().map(AsRef::as_ref).find(is)
    };
    of(TRAIN).map(|train| (train, of(TEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(digit: &str, value: &str) -> String {
        format!("{digit}{} \n", format!(" {value}").repeat(SIDE * SIDE))
    }

    #[test]
    fn values_become_bytes_and_the_first_is_the_digit() {
        let text = line("6.0000", "-1.0000") + "\n" + &line("3", "0.0") + &line("0", "1");
        let images = parse(&text, Path::new("a")).unwrap();
        assert_eq!((images.n, images.height, images.width, images.channels), (3, 16, 16, 1));
        assert_eq!(images.labels.unwrap(), [6, 3, 0]);
        assert_eq!([images.pixels[0], images.pixels[256], images.pixels[767]], [0, 128, 255]);
    }

    #[test]
    fn what_is_no_digit_is_named_by_line_and_column() {
        let message = |text: &str| parse(text, Path::new("a")).unwrap_err().to_string();
        let good = line("1", "0.5");
        assert_eq!(message(&format!("{good}1 0.5\n")), "line 2 has 2 values, 257 are expected: a");
        assert_eq!(
            message(&good.replacen("1 ", "12 ", 1)),
            "line 1, column 1 is `12`, allowed is a digit from 0 to 9: a"
        );
        let bad = format!("{good}{}", good.replacen("0.5 0.5 ", "0.5 nan ", 1));
        assert_eq!(message(&bad), "line 2, column 3 is `nan`, allowed is a number from -1 to 1: a");
        assert!(message(&good.replacen("0.5", "2", 1)).contains("column 2 is `2`"));
        assert_eq!(message(" \n"), "the file is empty: a");
    }

    #[test]
    fn files_are_known_by_name() {
        let files = ["d/info.txt", "d/zip.test.gz", "d/zip.train"];
        let found = among(&files).unwrap();
        assert_eq!(found, (Path::new("d/zip.train"), Some(Path::new("d/zip.test.gz"))));
        assert_eq!(among(&["d/zip.test"]), None);
    }
}
