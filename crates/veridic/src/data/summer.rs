//! Summer time: names of zones that change with the seasons, as `CET` and `CEST`.
//!
//! Moments of such a column are those of the standard time, which has no gap, and are written by the clock of their season.

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};

use super::Spelling;

const HOUR: f64 = 3600.0;

/// When clocks are put forward and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// On the last Sundays of March and October, at this hour of standard time.
    Europe(i64),
    /// On the second Sunday of March and the first of November, at two o'clock.
    America,
    /// On the first Sundays of October and April, at two o'clock.
    Australia,
}

/// Names of standard and summer time.
const PAIRS: [(&str, &str, Rule); 9] = [
    ("CET", "CEST", Rule::Europe(2)),
    ("EET", "EEST", Rule::Europe(3)),
    ("WET", "WEST", Rule::Europe(1)),
    ("GMT", "BST", Rule::Europe(1)),
    ("EST", "EDT", Rule::America),
    ("CST", "CDT", Rule::America),
    ("MST", "MDT", Rule::America),
    ("PST", "PDT", Rule::America),
    ("AEST", "AEDT", Rule::Australia),
];

/// The name of the standard time in a format that ends in one, and that of its summer time.
pub(super) fn pair(format: &str) -> Option<(&'static str, &'static str)> {
    let ends = |name: &str| format.strip_suffix(name).is_some_and(|before| before.ends_with(' '));
    PAIRS.iter().find(|(standard, ..)| ends(standard)).map(|(standard, summer, _)| (*standard, *summer))
}

/// A text in standard time, if it names the summer time `summer`.
pub(super) fn in_standard(text: &str, summer: &str) -> Option<String> {
    let (standard, ..) = PAIRS.iter().find(|(_, name, _)| *name == summer)?;
    let before = text.strip_suffix(summer).filter(|before| before.ends_with(' '))?;
    Some(format!("{before}{standard}"))
}

/// What is added to the seconds of a clock of summer time for those of standard time.
pub(super) const TO_STANDARD: f64 = -HOUR;

/// Whether clocks show the summer time `summer` at this moment of standard time.
pub(super) fn is_summer(moment: DateTime<Utc>, summer: &str) -> bool {
    let Some((.., rule)) = PAIRS.iter().find(|(_, name, _)| *name == summer) else { return false };
    let at = |month: u32, last: bool, nth: u8, hour: i64| {
        let year = moment.year();
        let date = if last {
            NaiveDate::from_ymd_opt(year, month, 31)
                .map(|end| end - chrono::Days::new(u64::from(end.weekday().num_days_from_sunday())))
        } else {
            NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, nth)
        };
        date.and_then(|date| date.and_hms_opt(hour as u32, 0, 0)).map(|at| at.and_utc())
    };
    let within = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| {
        from.zip(to).is_some_and(|(from, to)| (from..to).contains(&moment))
    };
    match *rule {
        Rule::Europe(hour) => within(at(3, true, 0, hour), at(10, true, 0, hour)),
        Rule::America => within(at(3, false, 2, 2), at(11, false, 1, 1)),
        Rule::Australia => !within(at(4, false, 1, 2), at(10, false, 1, 2)),
    }
}

/// A text that was written by the clock of summer time, with its name.
pub(super) fn named(text: &str, spelling: &str) -> String {
    let pair = PAIRS.iter().find(|(_, summer, _)| *summer == spelling);
    match pair.and_then(|(standard, ..)| text.strip_suffix(standard)) {
        Some(before) => format!("{before}{spelling}"),
        None => text.to_owned(),
    }
}

/// What contradicts itself in the summer time of a spelling.
pub(super) fn problem(spelling: &Spelling) -> Option<String> {
    let name = spelling.summer.as_ref()?;
    let is_known = PAIRS.iter().any(|(_, summer, _)| summer == name);
    (!is_known).then(|| format!("`{name}` is no summer time that is known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_put_forward_and_back_where_they_are() {
        let at = |text: &str| format!("{text}:00Z").parse::<DateTime<Utc>>().unwrap();
        for (summer, text, is) in [
            ("CEST", "2021-03-28T01:59", false),
            ("CEST", "2021-03-28T02:00", true),
            ("CEST", "2021-10-31T01:59", true),
            ("CEST", "2021-10-31T02:00", false),
            ("EDT", "2021-03-14T02:00", true),
            ("EDT", "2021-11-07T01:00", false),
            ("EDT", "2021-07-01T01:00", true),
            ("AEDT", "2021-01-01T00:00", true),
            ("AEDT", "2021-06-01T00:00", false),
        ] {
            assert_eq!(is_summer(at(text), summer), is, "{text} {summer}");
        }
        assert_eq!(in_standard("2021-07-01 10:00 CEST", "CEST").as_deref(), Some("2021-07-01 10:00 CET"));
        assert_eq!(pair("%Y-%m-%d %H:%M CET"), Some(("CET", "CEST")));
        assert_eq!(pair("%Y-%m-%d"), None);
    }
}
