//! Numbers as text: reading a cell, and writing it back the way the source wrote it.

use std::fmt::Write as _;

/// Digits after the point from which on a number is written in its shortest form.
pub(crate) const SHORTEST: u8 = 17;

/// Largest whole number up to which every whole number is exact in `f64`, 2^53.
pub(crate) const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The finite number written as `text`, with `.` as its point and an optional exponent.
pub(crate) fn parse(text: &str) -> Option<f64> {
    // Rust also reads `inf` and `nan`, which are no values of a column.
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Whether `text` is an infinity, or a number too large for one.
pub(crate) fn is_infinite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_infinite)
}

/// Digits after the point in a number written as `text`, its exponent counted in; at most [`SHORTEST`].
pub(crate) fn decimals(text: &str) -> u8 {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i64>().unwrap_or(0)),
        None => (text, 0),
    };
    let digits = mantissa.find('.').map_or(0, |at| mantissa.len() - at - 1);
    let digits = i64::try_from(digits).unwrap_or(i64::MAX).saturating_sub(exponent);
    u8::try_from(digits.clamp(0, i64::from(SHORTEST))).unwrap_or(SHORTEST)
}

/// Whether `text` is digits of which the first of three or more is a zero, as in a postal code.
pub(crate) fn is_padded(text: &str) -> bool {
    text.len() >= 3 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Appends `value` with at most `decimals` digits after the point and no trailing zeros.
///
/// With `decimals` at [`SHORTEST`] or more it is the shortest text that reads back as `value`.
pub(crate) fn write(value: f64, decimals: u8, text: &mut String) {
    let start = text.len();
    // Adding zero turns -0 into 0.
    let value = value + 0.0;
    let shortest = decimals >= SHORTEST;
    let written = if shortest && value != 0.0 && !(1e-5..1e17).contains(&value.abs()) {
        write!(text, "{value:e}")
    } else {
        write!(text, "{value}")
    };
    written.expect("writing to a string cannot fail");
    if shortest {
        return;
    }
    let limit = usize::from(decimals);
    let digits = text[start..].find('.').map_or(0, |at| text.len() - start - at - 1);
    if digits > limit {
        text.truncate(start);
        write!(text, "{value:.limit$}").expect("writing to a string cannot fail");
        if limit > 0 {
            text.truncate(start + text[start..].trim_end_matches('0').trim_end_matches('.').len());
        }
        if &text[start..] == "-0" {
            text.replace_range(start.., "0");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: f64, decimals: u8) -> String {
        let mut text = String::new();
        write(value, decimals, &mut text);
        text
    }

    #[test]
    fn only_finite_decimal_numbers_are_numbers() {
        assert_eq!(parse("-1.5e-3"), Some(-0.0015));
        assert_eq!(parse(".5"), Some(0.5));
        assert_eq!(parse("+7"), Some(7.0));
        for text in ["", "-", "inf", "NaN", "1e999", "1,5", "0x10", "1 2", "abc"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(is_infinite("-inf") && is_infinite("1e999") && !is_infinite("1"));
    }

    #[test]
    fn decimals_count_the_digits_after_the_point_with_the_exponent() {
        assert_eq!(decimals("12"), 0);
        assert_eq!(decimals("12.50"), 2);
        assert_eq!(decimals("1.5e-3"), 4);
        assert_eq!(decimals("1.5e3"), 0);
        assert_eq!(decimals("1e-300"), SHORTEST);
        assert_eq!(decimals("0.5E"), 1);
    }

    #[test]
    fn numbers_are_written_with_their_decimals() {
        assert_eq!(written(149.623_4, 2), "149.62");
        assert_eq!(written(2.5, 2), "2.5");
        assert_eq!(written(2.999, 2), "3");
        assert_eq!(written(130.4, 0), "130");
        assert_eq!(written(-0.004, 2), "0");
        assert_eq!(written(-0.0, 0), "0");
        assert_eq!(written(0.1 + 0.2, SHORTEST), "0.30000000000000004");
        assert_eq!(written(1e-300, SHORTEST), "1e-300");
    }

    #[test]
    fn postal_codes_are_padded_and_plain_numbers_are_not() {
        assert!(is_padded("02139"));
        assert!(!is_padded("0") && !is_padded("07") && !is_padded("0.5") && !is_padded("2139"));
    }
}
