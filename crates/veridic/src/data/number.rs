//! Numbers as text: reading a cell, and writing it back the way the source wrote it.

use std::fmt::Write as _;

/// Digits after the point from which on a number is written in its shortest form.
pub(crate) const SHORTEST: u8 = 17;

/// Largest whole number up to which every whole number is exact in `f64`, 2^53.
pub(crate) const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A number in the plainest spelling: a sign at most, digits, a point, an exponent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plain {
    pub(crate) value: f64,
    /// Digits after the point, the exponent counted in; at most [`SHORTEST`].
    pub(crate) decimals: u8,
    /// Digits before the point.
    pub(crate) digits: u8,
    /// Whether zeros stand before a first digit other than zero, or more than one zero.
    pub(crate) is_padded: bool,
    pub(crate) has_plus: bool,
    /// Whether it has a point.
    pub(crate) has_point: bool,
    /// Whether it is digits and a point between or before them alone, no exponent.
    pub(crate) is_regular: bool,
    /// Whether its digits are more than an `f64` can hold for certain.
    pub(crate) is_large: bool,
}

impl Plain {
    /// Whether it is digits alone whose number an `f64` cannot hold for certain.
    pub(crate) fn is_inexact(&self) -> bool {
        !self.has_point && self.is_regular && self.is_large
    }
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Reads `text` as a finite number with `.` as its point and an optional exponent.
pub(crate) fn scan(text: &str) -> Option<Plain> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    // Rust also reads `inf` and `nan`, which are no values of a column.
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    let signed = matches!(first, b'-' | b'+');
    let digits = &bytes[usize::from(signed)..];
    let mut mantissa: u64 = 0;
    let mut run = |from: usize| {
        let mut at = from;
        while let Some(digit) = digits.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
        {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        at
    };
    let before = run(0);
    let has_point = digits.get(before) == Some(&b'.');
    let end = if has_point { run(before + 1) } else { before };
    let after = end - before - usize::from(has_point);
    if before + after == 0 {
        return None;
    }
    match digits.get(end) {
        None => {}
        Some(b'e' | b'E') => {
            let value = text.parse().ok().filter(|value: &f64| value.is_finite())?;
            let count = decimals(text);
            return Some(Plain {
                value,
                decimals: count,
                digits: u8::try_from(before).unwrap_or(u8::MAX),
                is_padded: false,
                has_plus: first == b'+',
                has_point,
                is_regular: false,
                is_large: false,
            });
        }
        Some(_) => return None,
    }
    // Both the digits and the power of ten are exact, so that their quotient is the nearest number (Clinger 1990).
    let value = if before + after <= 19 && mantissa <= 1 << 53 && after < POWERS.len() {
        let value = mantissa as f64 / POWERS[after];
        if first == b'-' { -value } else { value }
    } else {
        text.parse().ok().filter(|value: &f64| value.is_finite())?
    };
    Some(Plain {
        value,
        decimals: u8::try_from(after.min(usize::from(SHORTEST))).unwrap_or(SHORTEST),
        digits: u8::try_from(before).unwrap_or(u8::MAX),
        is_padded: before > 1 && digits[0] == b'0',
        has_plus: first == b'+',
        has_point,
        is_regular: !has_point || after > 0,
        is_large: before + after > 19 || mantissa > 1 << 53,
    })
}

/// The finite number written as `text`, with `.` as its point and an optional exponent.
pub(crate) fn parse(text: &str) -> Option<f64> {
    scan(text).map(|plain| plain.value)
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

/// Appends `value` with at most `decimals` digits after the point and no trailing zeros.
///
/// With `decimals` at [`SHORTEST`] or more it is the shortest text that reads back as `value`.
pub(crate) fn write(value: f64, decimals: u8, text: &mut String) {
    let start = text.len();
    // Adding zero turns -0 into 0.
    let value = value + 0.0;
    let shortest = decimals >= SHORTEST;
    if !shortest && write_rounded(value, decimals, text) {
        return;
    }
    if shortest && value != 0.0 && !(1e-5..1e17).contains(&value.abs()) {
        write!(text, "{value:e}").expect("writing to a string cannot fail");
    } else {
        write_shortest(value, text);
    }
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

/// Appends `value` without a power of ten.
fn write_shortest(value: f64, text: &mut String) {
    // From here on a number may be half-way between two shortest texts, and the standard library takes the other.
    const MOST: f64 = (1_u64 << 50) as f64;
    let mut buffer = zmij::Buffer::new();
    let written = if value.abs() < MOST { buffer.format(value) } else { "e" };
    if written.contains('e') {
        write!(text, "{value}").expect("writing to a string cannot fail");
    } else {
        text.push_str(written.strip_suffix(".0").unwrap_or(written));
    }
}

/// Appends `value` rounded to so many digits after the point, without trailing zeros, where products of a power of ten say for
/// certain which digits these are; `false` and nothing where they do not.
fn write_rounded(value: f64, decimals: u8, text: &mut String) -> bool {
    // Below this the product is off by less than a thousandth.
    const MOST: f64 = 1e12;
    let scaled = value.abs() * POWERS[usize::from(decimals)];
    let rounded = scaled.round();
    if !(scaled < MOST && (scaled - rounded).abs() < 0.499) {
        return false;
    }
    let (mut left, mut decimals) = (rounded as u64, decimals);
    if left == 0 {
        text.push('0');
        return true;
    }
    while decimals > 0 && left % 10 == 0 {
        (left, decimals) = (left / 10, decimals - 1);
    }
    let mut digits = [b'0'; 32];
    let mut at = digits.len();
    let mut count = 0;
    while left > 0 || count <= decimals {
        if count == decimals && decimals > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        count += 1;
    }
    if value < 0.0 {
        at -= 1;
        digits[at] = b'-';
    }
    text.extend(digits[at..].iter().map(|byte| char::from(*byte)));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by the standard library alone.
    fn written_slowly(value: f64, decimals: u8) -> String {
        let value = value + 0.0;
        if decimals >= SHORTEST {
            return match value != 0.0 && !(1e-5..1e17).contains(&value.abs()) {
                true => format!("{value:e}"),
                false => format!("{value}"),
            };
        }
        let plain = format!("{value}");
        let limit = usize::from(decimals);
        if plain.split_once('.').is_none_or(|(_, digits)| digits.len() <= limit) {
            return plain;
        }
        let mut fixed = format!("{value:.limit$}");
        if fixed.contains('.') {
            fixed.truncate(fixed.trim_end_matches('0').trim_end_matches('.').len());
        }
        if fixed == "-0" { "0".to_owned() } else { fixed }
    }

    #[test]
    fn the_quick_ways_write_what_the_standard_library_does() {
        use rand_chacha::rand_core::Rng as _;
        let mut random = crate::seed::Seed(8).stream("numbers");
        let ties =
            [0.5, 1.5, 2.5, 0.125, 0.375, 1e-5, 9.9999e-6, 1e16, 1e17, 123_456.5, 0.05, 0.15, 2.675, 1e300];
        let edges =
            [0.0, -0.0, 1.0, 999_999_999_999.5, 1e12, 5e-324, f64::MAX, 0.000_04, 0.000_05, 100.0, 1e11];
        let drawn = (0..30_000).map(|i| {
            let bits = random.next_u64();
            match i % 3 {
                // Any number at all; one as tables have them; one of few digits.
                0 => f64::from_bits(bits),
                1 => (bits >> 11) as f64 / 9e15 * 10f64.powi((bits % 19) as i32 - 6),
                _ => (bits % 2_000_000) as f64 / 10f64.powi((bits % 7) as i32),
            }
        });
        for value in ties.into_iter().chain(edges).chain(drawn).filter(|value| value.is_finite()) {
            for decimals in [0, 1, 2, 3, 4, 6, 9, 15, 16, SHORTEST] {
                for value in [value, -value] {
                    assert_eq!(
                        written(value, decimals),
                        written_slowly(value, decimals),
                        "{value:e} {decimals}"
                    );
                }
            }
        }
    }

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
    fn scanning_agrees_with_the_standard_library_and_counts_digits() {
        for text in
            ["0", "-0.5", "123456.789", "9007199254740993", "0.1234567890123456789", "1e22", "+7.", ".5"]
        {
            assert_eq!(parse(text), text.parse().ok(), "{text}");
        }
        let plain = scan("007.50").unwrap();
        assert_eq!((plain.value, plain.decimals, plain.digits, plain.is_padded), (7.5, 2, 3, true));
        assert!(
            !scan("0.5").unwrap().is_padded && !scan("0").unwrap().is_padded && scan("00").unwrap().is_padded
        );
        assert!(
            scan("9007199254740993").unwrap().is_inexact() && !scan("9007199254740992").unwrap().is_inexact()
        );
        assert!(scan("+7").unwrap().has_plus && scan("-").is_none() && scan(".").is_none());
    }
}
