//! Numbers as text: coordinates in a picture, labels, and the table beside it.

/// A coordinate with at most two decimals, as short as possible.
pub(crate) fn coordinate(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A number of the table: the shortest text that reads back as the same number.
pub(crate) fn exact(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// A single-precision number of the table, likewise.
pub(crate) fn exact_single(value: f32) -> String {
    let size = value.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// A whole number with commas between thousands.
pub(crate) fn grouped(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A power of ten such as 10⁻³.
pub(crate) fn power_of_ten(exponent: i32) -> String {
    let mut text = "10".to_owned();
    for sign in exponent.to_string().chars() {
        text.push(match sign {
            '-' => '⁻',
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            _ => '⁹',
        });
    }
    text
}

/// Whether a number can be placed on an axis; the bound keeps differences of two such numbers finite.
pub(crate) fn usable(value: f64) -> bool {
    value.abs() <= 1e300
}

/// The numbers of a figure as comma-separated text, built row by row.
pub(crate) struct Numbers(csv::Writer<Vec<u8>>);

impl Numbers {
    /// Starts with the names of the columns.
    pub(crate) fn new<I: IntoIterator<Item = T>, T: AsRef<[u8]>>(header: I) -> Self {
        let mut numbers = Self(csv::WriterBuilder::new().from_writer(Vec::new()));
        numbers.row(header);
        numbers
    }

    /// Adds a row with as many cells as the header.
    pub(crate) fn row<I: IntoIterator<Item = T>, T: AsRef<[u8]>>(&mut self, cells: I) {
        self.0.write_record(cells).expect("rows are as long as the header and memory takes them");
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        let bytes = self.0.into_inner().expect("memory takes every row");
        String::from_utf8(bytes).expect("cells are text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!(coordinate(12.0), "12");
        assert_eq!(coordinate(-0.001), "0");
        assert_eq!(coordinate(1.256), "1.26");
        assert_eq!(coordinate(100.0), "100");
    }

    #[test]
    fn exact_numbers_read_back() {
        for value in [0.1, 1e300, -3.5e-9, 0.0, 12345.678, f64::MIN_POSITIVE] {
            assert_eq!(exact(value).parse::<f64>().unwrap(), value);
        }
        assert_eq!(exact(1e300), "1e300");
        assert_eq!(exact(f64::NAN), "NaN");
        assert_eq!(exact_single(0.1), "0.1");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(power_of_ten(-12), "10⁻¹²");
    }
}
