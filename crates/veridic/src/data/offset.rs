//! Offsets from UTC such as `GMT+1` and `UTC+05:30`: written out to be read, and shortened again when written.

/// Names of UTC before an offset.
pub(super) const NAMES_OF_UTC: [&str; 2] = ["GMT", "UTC"];

/// A text with all digits of the offset at its end, `GMT+01:00`; `None` where there is none, or none that is short.
pub(super) fn long(text: &str) -> Option<String> {
    let (start, sign) = place(text)?;
    let digits = &text[start + 1..];
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "00"));
    let is_short = hours.len() == 1 || (hours.len() == 2 && !hours.starts_with('0'));
    let hours: u8 = hours.parse().ok().filter(|_| is_short)?;
    let is_offset = hours < 15 && minutes.len() == 2 && minutes.parse().is_ok_and(|minutes: u8| minutes < 60);
    is_offset.then(|| format!("{}{sign}{hours:02}:{minutes}", &text[..start]))
}

/// A text with the offset at its end as short as it can be: `GMT+1`.
pub(super) fn short(text: &str) -> String {
    let Some((start, sign)) = place(text) else { return text.to_owned() };
    let digits = text[start + 1..].trim_start_matches('0');
    match digits.strip_suffix(":00").unwrap_or(digits) {
        "" => text[..start].to_owned(),
        digits if digits.starts_with(':') => format!("{}{sign}0{digits}", &text[..start]),
        digits => format!("{}{sign}{digits}", &text[..start]),
    }
}

/// Where the sign behind `GMT` or `UTC` stands, and which it is.
fn place(text: &str) -> Option<(usize, char)> {
    let start = text.rfind(['+', '-'])?;
    let is_named = NAMES_OF_UTC.iter().any(|name| text[..start].ends_with(name));
    let sign = text[start..].chars().next()?;
    (is_named && text[start + 1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b':'))
        .then_some((start, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_offsets_come_back() {
        for (text, whole) in [
            ("2024/05/03 9:05:00 PM GMT+1", "2024/05/03 9:05:00 PM GMT+01:00"),
            ("9:05 UTC-10", "9:05 UTC-10:00"),
            ("9:05 GMT+5:30", "9:05 GMT+05:30"),
        ] {
            assert_eq!(long(text).as_deref(), Some(whole));
            assert_eq!(short(whole), text);
        }
        assert_eq!(short("9:05 GMT+00:00"), "9:05 GMT");
        for text in ["9:05 GMT", "9:05 +01:00", "GMT+1a", "GMT+01:00", "2024-05-03", "GMT+77"] {
            assert_eq!(long(text), None, "{text}");
        }
    }
}
