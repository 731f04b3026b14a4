//! Date-times as text: which format a column has, reading a cell and writing it back.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};

/// Formats that are recognized, in order of preference.
///
/// Where day and month cannot be told apart in any cell, the month comes first in `/` dates, the day
/// in `.` and `-` dates. A format without leading zeros follows its padded sibling.
const FORMATS: [&str; 41] = [
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.3f",
    "%Y-%m-%d %H:%M:%S%.6f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.3f",
    "%Y-%m-%dT%H:%M:%S%.6f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.3fZ",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%Y-%m-%d %H:%M:%S%:z",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%m/%d/%Y",
    "%-m/%-d/%Y",
    "%d/%m/%Y",
    "%-d/%-m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%-m/%-d/%Y %-H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%m/%d/%y",
    "%-m/%-d/%y",
    "%d/%m/%y",
    "%-d/%-m/%y",
    "%d.%m.%y",
];

/// The format of whole-number dates such as 20241231.
pub(crate) const COMPACT: &str = "%Y%m%d";

/// The formats that every cell so far can be read with.
#[derive(Debug, Clone)]
pub(crate) struct Formats {
    /// A format, and whether it also writes every cell back as it was.
    left: Vec<(&'static str, bool)>,
}

impl Formats {
    /// The formats that fit a first cell, or `None` where it is no date-time.
    pub(crate) fn of(text: &str) -> Option<Self> {
        // Every format has a digit and is short; most texts fail here without 36 attempts.
        if text.len() > 40 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut formats = Self { left: FORMATS.iter().map(|&format| (format, true)).collect() };
        formats.accept(text).then_some(formats)
    }

    /// Keeps the formats that fit `text` too; where none does, keeps all and says no.
    pub(crate) fn accept(&mut self, text: &str) -> bool {
        let fitting: Vec<_> = self
            .left
            .iter()
            .filter_map(|&(format, exact)| {
                let seconds = parse(text, format)?;
                let mut again = String::new();
                if exact {
                    write(seconds, format, &mut again);
                }
                Some((format, again == text))
            })
            .collect();
        if fitting.is_empty() {
            return false;
        }
        self.left = fitting;
        true
    }

    /// The preferred format: one that writes back what was read, if there is one.
    pub(crate) fn best(&self) -> &'static str {
        let exact = self.left.iter().find(|(_, exact)| *exact);
        exact.or(self.left.first()).map_or(FORMATS[0], |(format, _)| format)
    }
}

/// Whether `format` is one that chrono understands.
pub(crate) fn is_format(format: &str) -> bool {
    !format.is_empty() && StrftimeItems::new(format).all(|item| item != Item::Error)
}

/// Whether `format` has a time of day.
pub(crate) fn has_time(format: &str) -> bool {
    ["%H", "%-H", "%I", "%T", "%R", "%s", "%X", "%c", "%+"].iter().any(|part| format.contains(part))
}

/// Seconds since 1970-01-01T00:00:00 UTC of a date or date-time written as `format`; a time of its own zone
/// where the format has one, else read as UTC.
pub(crate) fn parse(text: &str, format: &str) -> Option<f64> {
    let moment = if format.contains("%z") || format.contains("%:z") || format.contains("%+") {
        DateTime::parse_from_str(text, format).ok()?.naive_utc()
    } else if has_time(format) {
        NaiveDateTime::parse_from_str(text, format).ok()?
    } else {
        NaiveDate::parse_from_str(text, format).ok()?.and_time(NaiveTime::MIN)
    };
    let moment = moment.and_utc();
    // chrono reads the year 27 where two digits are given for `%Y`; such a date means something else.
    if format.contains("%Y") && moment.year() < 1000 {
        return None;
    }
    Some(moment.timestamp() as f64 + f64::from(moment.timestamp_subsec_micros()) * 1e-6)
}

/// Appends the moment `seconds` after 1970-01-01T00:00:00 UTC as `format`, to the microsecond; the plain
/// number where the calendar does not reach or the format is not valid.
pub(crate) fn write(seconds: f64, format: &str, text: &mut String) {
    let start = text.len();
    let micros = (seconds * 1e6).round();
    let moment =
        if micros.abs() < i64::MAX as f64 { DateTime::from_timestamp_micros(micros as i64) } else { None };
    let written = moment.is_some_and(|moment| {
        use std::fmt::Write as _;
        write!(text, "{}", moment.format(format)).is_ok()
    });
    if !written {
        text.truncate(start);
        super::number::write(seconds, super::number::SHORTEST, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format_of(cells: &[&str]) -> Option<&'static str> {
        let mut formats = Formats::of(cells[0])?;
        cells[1..].iter().all(|cell| formats.accept(cell)).then(|| formats.best())
    }

    #[test]
    fn two_digit_years_are_of_this_century_or_the_last() {
        assert_eq!(format_of(&["10/27/93", "11/02/94"]), Some("%m/%d/%y"));
        assert_eq!(format_of(&["4/14/20", "12/1/21"]), Some("%-m/%-d/%y"));
        assert_eq!(parse("10/27/93", "%m/%d/%Y"), None);
        assert_eq!(parse("01/01/70", "%m/%d/%y"), Some(0.0));
    }

    #[test]
    fn formats_are_recognized_over_all_cells() {
        assert_eq!(format_of(&["2006-01-03", "2017-12-29"]), Some("%Y-%m-%d"));
        assert_eq!(format_of(&["2014-07-01 00:30:00"]), Some("%Y-%m-%d %H:%M:%S"));
        assert_eq!(format_of(&["03/04/2011", "13/04/2011"]), Some("%d/%m/%Y"));
        assert_eq!(format_of(&["03/04/2011", "04/13/2011"]), Some("%m/%d/%Y"));
        assert_eq!(format_of(&["3/4/2011", "10/13/2011"]), Some("%-m/%-d/%Y"));
        assert_eq!(format_of(&["31.12.1999"]), Some("%d.%m.%Y"));
        assert_eq!(format_of(&["03-Jan-2006"]), Some("%d-%b-%Y"));
        assert_eq!(format_of(&["A11"]), None);
        assert_eq!(format_of(&["2006-01-03", "soon"]), None);
    }

    #[test]
    fn seconds_since_1970_are_read_and_written_back() {
        for (text, format, seconds) in [
            ("1970-01-02", "%Y-%m-%d", 86_400.0),
            ("2014-07-01 00:30:00", "%Y-%m-%d %H:%M:%S", 1_404_174_600.0),
            ("2014-07-01 00:30:00.250", "%Y-%m-%d %H:%M:%S%.3f", 1_404_174_600.25),
            ("1969-12-31 23:59:59", "%Y-%m-%d %H:%M:%S", -1.0),
        ] {
            assert_eq!(parse(text, format), Some(seconds));
            let mut again = String::new();
            write(seconds, format, &mut again);
            assert_eq!(again, text);
        }
        assert_eq!(parse("2014-07-01T02:30:00+02:00", "%Y-%m-%dT%H:%M:%S%:z"), Some(1_404_174_600.0));
    }

    #[test]
    fn moments_beyond_the_calendar_are_written_as_numbers() {
        let mut text = String::new();
        write(1e300, "%Y-%m-%d", &mut text);
        assert_eq!(text, "1e300");
        assert!(!is_format("%Q") && is_format("%Y"));
    }
}
