//! Digits of other scripts than Latin.

use std::borrow::Cow;

/// Zeros of decimal digits, which stand in a row: Arabic, Persian, Devanagari, Bengali, Gurmukhi, Gujarati, Oriya, Tamil,
/// Telugu, Kannada, Malayalam, Thai, Lao, Tibetan, Burmese, Khmer and wide ones.
const ZEROS: [char; 17] = [
    '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}',
    '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{17e0}', '\u{ff10}',
];

/// Whether a character is the zero of a script that is known.
pub(super) fn is_zero(c: char) -> bool {
    ZEROS.contains(&c)
}

/// A text with Latin digits and the zero of those it has; `None` where it has none of another script.
pub(super) fn to_latin(text: &str) -> Option<(String, char)> {
    if text.is_ascii() {
        return None;
    }
    let zero = text
        .chars()
        .filter(|c| *c >= ZEROS[0])
        .find_map(|c| ZEROS.into_iter().find(|&zero| digit(c, zero).is_some()))?;
    Some((in_latin(text, zero).into_owned(), zero))
}

/// `text` with Latin digits in the place of those from `zero` on.
pub(super) fn in_latin(text: &str, zero: char) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| digit(c, zero).unwrap_or(c)).collect())
}

/// `text` with digits from `zero` on in the place of Latin ones.
pub(super) fn from_latin(text: &str, zero: char) -> String {
    let digit = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(zero as u32 + digit)).unwrap_or(c);
    text.chars().map(digit).collect()
}

/// The Latin digit of one of the ten from `zero` on.
fn digit(c: char, zero: char) -> Option<char> {
    let value = (c as u32).checked_sub(zero as u32).filter(|value| *value < 10)?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_any_script_come_back() {
        for (text, latin) in [("١٢٫٥", "12٫5"), ("۱۴۰۳/۰۵", "1403/05"), ("१२", "12"), ("１２個", "12個")]
        {
            let (there, zero) = to_latin(text).unwrap();
            assert_eq!(there, latin);
            assert_eq!(from_latin(&there, zero), text);
            assert!(is_zero(zero));
        }
        assert_eq!(to_latin("Zürich 12"), None);
        assert_eq!(to_latin("第三"), None);
    }
}
