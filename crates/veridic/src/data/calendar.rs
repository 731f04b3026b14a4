//! Dates of other calendars than the Gregorian: recognized, and said.

use chrono::{DateTime, Datelike};

use super::note::ReadNote;
use super::write::CellWriter;
use super::{Cells, ColumnSchema, Kind, script};

/// Years of the Persian and Islamic calendars of the last two hundred years.
pub(super) const OTHER_YEARS: std::ops::Range<u32> = 1200..1500;
/// Years of the calendar of the Republic of China that have three digits and are not far ahead.
const REPUBLIC_YEARS: std::ops::Range<u32> = 100..150;
/// Years of the Buddhist calendar from 1900 to 2100.
const BUDDHIST_YEARS: std::ops::Range<i32> = 2443..2643;

const ERA: &str = "a Japanese era";
const PERSIAN: &str = "the Persian or the Islamic calendar";
const REPUBLIC: &str = "the calendar of the Republic of China, in which 113 is 2024";
const BUDDHIST: &str = "the Buddhist calendar, in which 2567 is 2024";

/// Whether a text is a year or a date by a Japanese era: `令和6年5月1日`, `R6.5.1`.
pub(super) fn is_of_era(text: &str) -> bool {
    const ERAS: [&str; 5] = ["明治", "大正", "昭和", "平成", "令和"];
    if ERAS.iter().any(|era| text.starts_with(era)) {
        return true;
    }
    let parts: Option<Vec<u32>> = text
        .strip_prefix(['M', 'T', 'S', 'H', 'R'])
        .and_then(|rest| rest.split(['.', '/']).map(|part| part.parse().ok()).collect());
    parts.is_some_and(|parts| matches!(parts[..], [1..=64, 1..=12, 1..=31]))
}

/// The calendar that a date is of, if it is of another than the Gregorian: of a Japanese era, or of a year that is one of the
/// Persian or Islamic calendar, or of the Republic of China, today.
pub(super) fn of(text: &str) -> Option<&'static str> {
    let latin = script::to_latin(text);
    let text = latin.as_ref().map_or(text, |(latin, _)| latin);
    if is_of_era(text) {
        return Some(ERA);
    }
    if ["民國", "民国"].iter().any(|name| text.starts_with(name)) {
        return Some(REPUBLIC);
    }
    let mut parts = text.trim_end_matches('日').split(['/', '-', '.', '年', '月']);
    let mut next = || {
        let part = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some((part.len(), part.parse::<u32>().ok()?))
    };
    let ((width, year), (1..=2, 1..=12), (1..=2, 1..=31), None) = (next()?, next()?, next()?, parts.next())
    else {
        return None;
    };
    match width {
        4 if OTHER_YEARS.contains(&year) => Some(PERSIAN),
        3 if REPUBLIC_YEARS.contains(&year) => Some(REPUBLIC),
        _ => None,
    }
}

/// What to say of a column whose dates are of another calendar and that is used all the same.
pub(super) fn note(column: &ColumnSchema, cells: &Cells) -> Option<ReadNote> {
    let (calendar, example) = match (&column.kind, cells) {
        (Kind::DateTime { min, max, .. }, Cells::Number(values)) => {
            let year = |seconds: f64| Some(DateTime::from_timestamp(seconds as i64, 0)?.year());
            let are_buddhist = BUDDHIST_YEARS.contains(&year(*min)?) && BUDDHIST_YEARS.contains(&year(*max)?);
            let row = values.iter().position(|value| !value.is_nan()).filter(|_| are_buddhist)?;
            let mut example = String::new();
            CellWriter::new(Some(column)).write(cells, row, &mut example);
            (BUDDHIST, example)
        }
        (Kind::Categorical { levels }, _) => {
            let found: Vec<(&str, &String)> =
                levels.iter().filter_map(|level| Some((of(level)?, level))).collect();
            let (calendar, example) = found.first().filter(|_| found.len() * 2 > levels.len())?;
            (*calendar, (*example).clone())
        }
        _ => return None,
    };
    let are_texts = matches!(cells, Cells::Text { .. });
    Some(ReadNote::Calendar { column: column.name.clone(), example, calendar, are_texts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ReadOptions, read_bytes};

    #[test]
    fn dates_of_other_calendars_are_told_by_their_years() {
        for (text, calendar) in [
            ("令和6年5月1日", ERA),
            ("R6.5.1", ERA),
            ("1403/05/21", PERSIAN),
            ("۱۴۰۳/۰۵/۲۱", PERSIAN),
            ("113/05/06", REPUBLIC),
            ("113年5月6日", REPUBLIC),
            ("民國113年5月6日", REPUBLIC),
        ] {
            assert_eq!(of(text), Some(calendar), "{text}");
        }
        for text in ["2024/05/06", "113/13/06", "113-45-6789", "1403", "R6", "12/05/06", "113.5", "1/2/113/4"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_read_or_kept_of_another_calendar_is_said_in_one_note() {
        let told = |cell: &dyn Fn(usize) -> String| {
            let rows: String = (0..200).map(|i| format!("{},{}\n", cell(i), i % 7)).collect();
            let bytes = format!("x,n\n{rows}").into_bytes();
            let reading = read_bytes("t", bytes, &ReadOptions::default()).unwrap();
            let notes = reading.notes.iter().map(ToString::to_string);
            notes.filter(|note| note.contains("calendar") || note.contains("era")).collect::<Vec<String>>()
        };
        let thai = told(&|i| format!("{}-{:02}-{:02}", 2560 + i % 8, 1 + i % 12, 1 + i % 28));
        assert!(thai.len() == 1 && thai[0].contains("2567 is 2024"), "{thai:?}");
        let few = told(&|i| format!("113/05/{:02}", 1 + i % 20));
        assert!(
            few.len() == 1 && few[0].contains("kept as text") && few[0].contains("113 is 2024"),
            "{few:?}"
        );
        let many = told(&|i| format!("{}/{:02}/{:02}", 105 + i % 9, 1 + i % 12, 1 + i % 28));
        assert!(many.len() == 1 && many[0].contains("left out"), "{many:?}");
        assert!(told(&|i| format!("{}-{:02}-{:02}", 2016 + i % 8, 1 + i % 12, 1 + i % 28)).is_empty());
    }
}
