//! Dates by the eras of Japan, `令和6年5月3日` and `R6.5.3`: turned into years of the Gregorian calendar to be read, and back when
//! written.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

/// Name, letter, and the first day of each era, the newest first.
const ERAS: [(&str, char, (i32, u32, u32)); 5] = [
    ("令和", 'R', (2019, 5, 1)),
    ("平成", 'H', (1989, 1, 8)),
    ("昭和", 'S', (1926, 12, 25)),
    ("大正", 'T', (1912, 7, 30)),
    ("明治", 'M', (1868, 10, 23)),
];

/// How the years of eras are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Era {
    /// Whether an era is a letter, as in `R6.5.3`.
    pub letter: bool,
    /// Whether years have two digits: `R06.05.03`.
    pub padded: bool,
    /// Whether the first year of an era is `元`.
    pub first: bool,
}

/// A text that begins with the year of an era, with that of the Gregorian calendar instead, and how it was written; `None` for
/// other texts.
pub(super) fn to_gregorian(text: &str) -> Option<(String, Era)> {
    let (letter, start, rest) = ERAS.iter().find_map(|(name, letter, start)| {
        let named = text.strip_prefix(name).map(|rest| (false, *start, rest));
        named.or_else(|| Some((true, *start, text.strip_prefix(*letter)?)))
    })?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, behind, first) = match rest.strip_prefix('元').filter(|_| !letter) {
        Some(behind) => (1, behind, true),
        None if (1..=2).contains(&end) => (rest[..end].parse().ok()?, &rest[end..], false),
        None => return None,
    };
    let year = start.0 + number - 1;
    if !(1..=64).contains(&number) || !behind.starts_with(['年', '.', '/', '-']) {
        return None;
    }
    // What begins with a letter may be a code, and is a date only within its era.
    if letter {
        let mut parts = behind.trim_end_matches('日').split(['年', '月', '.', '/', '-']).skip(1);
        let mut next = || parts.next().map(str::parse);
        let (Some(Ok(month)), Some(Ok(day)), None) = (next(), next(), next()) else { return None };
        (self::era(NaiveDate::from_ymd_opt(year, month, day)?)?.2 == start).then_some(())?;
    }
    let padded = end == 2 && rest.starts_with('0');
    Some((format!("{year}{behind}"), Era { letter, padded, first }))
}

/// A text that begins with the year of `date`, with that of its era instead.
pub(super) fn written(text: &str, date: NaiveDate, era: Era) -> String {
    let year = date.year().to_string();
    let (Some(behind), Some((name, letter, start))) = (text.strip_prefix(&year), self::era(date)) else {
        return text.to_owned();
    };
    let name = if era.letter { letter.to_string() } else { (*name).to_owned() };
    match date.year() - start.0 + 1 {
        1 if era.first => format!("{name}元{behind}"),
        number if era.padded => format!("{name}{number:02}{behind}"),
        number => format!("{name}{number}{behind}"),
    }
}

fn era(date: NaiveDate) -> Option<&'static (&'static str, char, (i32, u32, u32))> {
    ERAS.iter()
        .find(|(.., (year, month, day))| (date.year(), date.month(), date.day()) >= (*year, *month, *day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_of_eras_are_those_of_the_gregorian_calendar_and_come_back() {
        for (text, gregorian, day) in [
            ("令和6年5月3日", "2024年5月3日", (2024, 5, 3)),
            ("令和元年12月1日", "2019年12月1日", (2019, 12, 1)),
            ("平成31年4月30日", "2019年4月30日", (2019, 4, 30)),
            ("昭和64年1月7日", "1989年1月7日", (1989, 1, 7)),
            ("R6.5.3", "2024.5.3", (2024, 5, 3)),
            ("H01/02/03", "1989/02/03", (1989, 2, 3)),
        ] {
            let (read, era) = to_gregorian(text).unwrap();
            assert_eq!(read, gregorian);
            let date = NaiveDate::from_ymd_opt(day.0, day.1, day.2).unwrap();
            assert_eq!(written(&read, date, era), text);
        }
        for text in
            ["S1.2.3", "R6", "R6.5", "R6.13.1", "T100.1.1", "令和", "令和6", "2024年5月3日", "M3.5-2a"]
        {
            assert_eq!(to_gregorian(text), None, "{text}");
        }
    }
}
