//! Days with the end of an ordinal number: `May 5th, 2024`.

/// The ends of ordinal numbers.
const ENDS: [&str; 4] = ["st", "nd", "rd", "th"];

/// A text without the end of its ordinal number; `None` where there is none.
pub(super) fn plain(text: &str) -> Option<String> {
    let (_, end) = day(text)?;
    let rest = &text[end..];
    let suffix = ENDS.iter().find(|suffix| rest.starts_with(*suffix))?;
    let after = rest[suffix.len()..].chars().next();
    (!after.is_some_and(char::is_alphanumeric)).then(|| [&text[..end], &rest[suffix.len()..]].concat())
}

/// A text that begins with the first of a month in French, `1er février 2021`, as it would be of another day.
pub(super) fn first(text: &str) -> Option<String> {
    text.strip_prefix("1er ").map(|rest| format!("1 {rest}"))
}

/// A text with the end of an ordinal number behind its day.
pub(super) fn written(text: &str) -> String {
    let Some((day, end)) = day(text) else { return text.to_owned() };
    let suffix = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    [&text[..end], suffix, &text[end..]].concat()
}

/// The first number of one or two digits, and where it ends.
fn day(text: &str) -> Option<(u32, usize)> {
    let mut start = text.find(|c: char| c.is_ascii_digit())?;
    loop {
        let length = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
        let end = start + length;
        if length <= 2 {
            return Some((text[start..end].parse().ok()?, end));
        }
        start = end + text[end..].find(|c: char| c.is_ascii_digit())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_ordinal_numbers_come_back() {
        for text in ["May 1st, 2024", "22nd May 2024", "May 3rd 2024", "11th of May", "2024 May 30th"] {
            assert_eq!(written(&plain(text).unwrap()), text);
        }
        for text in ["May 5, 2024", "5th-8th", "12 Street", "2024"] {
            assert!(plain(text).is_none_or(|plain| written(&plain) == text), "{text}");
        }
        assert_eq!(plain("May 5, 2024"), None);
    }
}
