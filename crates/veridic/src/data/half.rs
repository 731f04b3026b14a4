//! Marks of both halves of the day in other spellings than `AM` and `pm`: turned into these to be read, and back when written.

use std::borrow::Cow;

/// Marks before noon and after it, the longer before those that are their beginning.
const HALVES: [[&str; 2]; 27] = [
    ["a.\u{a0}m.", "p.\u{a0}m."],
    ["a.\u{202f}m.", "p.\u{202f}m."],
    ["A.\u{a0}M.", "P.\u{a0}M."],
    ["a. m.", "p. m."],
    ["A. M.", "P. M."],
    ["a.m.", "p.m."],
    ["A.M.", "P.M."],
    ["a.m", "p.m"],
    ["a m", "p m"],
    ["am.", "pm."],
    ["f.m.", "e.m."],
    ["fm", "em"],
    ["ÖÖ", "ÖS"],
    ["SA", "CH"],
    ["de.", "du."],
    ["dop.", "odp."],
    ["π.μ.", "μ.μ."],
    ["πμ", "μμ"],
    ["ΠΜ", "ΜΜ"],
    ["오전", "오후"],
    ["上午", "下午"],
    ["午前", "午後"],
    ["ق.ظ.", "ب.ظ."],
    ["ق.ظ", "ب.ظ"],
    ["قبل‌ازظهر", "بعدازظهر"],
    ["पूर्वाह्न", "अपराह्न"],
    ["ص", "م"],
];

/// A text with `AM` or `PM` in the place of such a mark, and which pair it is of; `None` where there is none.
pub(super) fn to_english(text: &str) -> Option<(String, [&'static str; 2])> {
    // Most moments have no letters but `T` and `Z`, and most texts no signs of a clock.
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic() && byte != b'T' && byte != b'Z');
    if text.is_ascii() && !(has_letter && text.contains([':', '.'])) {
        return None;
    }
    HALVES.iter().find_map(|pair| {
        let at = |mark: &'static str| Some((place(text, mark)?, mark));
        let (start, mark) = at(pair[0]).or_else(|| at(pair[1]))?;
        let half = if mark == pair[0] { "AM" } else { "PM" };
        Some(([&text[..start], half, &text[start + mark.len()..]].concat(), *pair))
    })
}

/// `text` with `AM` or `PM` in the place of a mark of `pair`.
pub(super) fn read<'a>(text: &'a str, pair: &[String; 2]) -> Cow<'a, str> {
    for (mark, half) in pair.iter().zip(["AM", "PM"]) {
        if let Some(start) = place(text, mark) {
            return Cow::Owned([&text[..start], half, &text[start + mark.len()..]].concat());
        }
    }
    Cow::Borrowed(text)
}

/// `text` with the mark of `pair` in the place of `AM` or `PM`.
pub(super) fn written(text: &str, pair: &[String; 2]) -> String {
    for (mark, half) in pair.iter().zip(["AM", "PM"]) {
        if let Some(start) = place(text, half) {
            return [&text[..start], mark, &text[start + half.len()..]].concat();
        }
    }
    text.to_owned()
}

/// Where a mark stands that is no part of a word.
fn place(text: &str, mark: &str) -> Option<usize> {
    let start = text.find(mark)?;
    let before = text[..start].chars().next_back();
    let after = text[start + mark.len()..].chars().next();
    let is_apart = |c: Option<char>| !c.is_some_and(char::is_alphabetic);
    let ends_word = mark.chars().next_back().is_some_and(char::is_alphabetic);
    (is_apart(before) && (is_apart(after) || !ends_word)).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_turned_into_english_and_back() {
        for (text, there) in [
            ("9:05 p. m.", "9:05 PM"),
            ("9:05 p.m.", "9:05 PM"),
            ("9:05\u{a0}a.\u{a0}m.", "9:05\u{a0}AM"),
            ("오후 3:05", "PM 3:05"),
            ("2024/5/11 上午9:05", "2024/5/11 AM9:05"),
            ("3:05 م", "3:05 PM"),
            ("3:05 SA", "3:05 AM"),
        ] {
            let (english, pair) = to_english(text).unwrap();
            assert_eq!(english, there);
            let pair = pair.map(str::to_owned);
            assert_eq!(read(text, &pair), there);
            assert_eq!(written(there, &pair), text);
        }
        for text in ["2024-05-11T09:05:00Z", "9:05 PM", "3 mars 2024", "CHF 5", "9 SAT", "remarks"] {
            assert_eq!(to_english(text), None, "{text}");
        }
    }
}
