//! Date-times as text: reading a cell as a format has it, and writing it back.

use std::borrow::Cow;

use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};

use super::language::{from_english, to_english};
use super::spelling::Letters;
use super::{Era, Language, Spelling, era, half, offset, ordinal, script, summer, weekday};

/// The format of whole-number dates such as 20241231.
pub(crate) const COMPACT: &str = "%Y%m%d";
/// The format of whole-number months such as 202412.
pub(crate) const COMPACT_MONTH: &str = "%Y%m";
/// The formats of months with a point, such as 12.2024 and 2024.12.
pub(crate) const DOTTED_MONTHS: [&str; 2] = ["%m.%Y", "%Y.%m"];
/// The format of whole-number date-times such as 20241231235959.
pub(crate) const COMPACT_TIME: &str = "%Y%m%d%H%M%S";
/// The format of whole-number times of day such as 0930.
pub(crate) const COMPACT_HOURS: &str = "%H%M";
/// The format of times of day with a point, such as 09.30.
pub(crate) const DOTTED_HOURS: &str = "%H.%M";

/// Whether `format` is one that chrono understands.
pub(crate) fn is_format(format: &str) -> bool {
    !format.is_empty() && StrftimeItems::new(format).all(|item| item != Item::Error)
}

/// Whether `format` has a time of day.
pub(crate) fn has_time(format: &str) -> bool {
    ["%H", "%-H", "%k", "%I", "%-I", "%l", "%T", "%R", "%s", "%X", "%c", "%+"]
        .iter()
        .any(|part| format.contains(part))
}

/// Whether `format` has the offset from UTC of each moment.
pub(crate) fn has_offset(format: &str) -> bool {
    ["%z", "%:z", "%#z", "%+"].iter().any(|part| format.contains(part))
}

/// Whether `format` says which moment is meant everywhere: it has an offset from UTC, or is in UTC.
pub(crate) fn is_moment(format: &str) -> bool {
    has_offset(format) || ["Z", "UTC", "GMT", "+00"].iter().any(|end| format.ends_with(end))
}

/// Seconds since 1970-01-01T00:00:00 UTC of a date or date-time written as `format`; a time of its own zone
/// where the format has one, else read as UTC.
pub(crate) fn parse(text: &str, format: &str) -> Option<f64> {
    Clock::new(format, None).parse(text)
}

/// Appends the moment `seconds` after 1970-01-01T00:00:00 UTC as `format`, to the microsecond; the plain
/// number where the calendar does not reach or the format is not valid.
#[cfg(test)]
pub(crate) fn write(seconds: f64, format: &str, text: &mut String) {
    Clock::new(format, None).write(seconds, text);
}

/// A format made ready to read and write many moments.
#[derive(Debug)]
pub(crate) struct Clock {
    format: Items,
    /// Coarser formats, the coarsest first.
    coarser: Vec<Items>,
    zone: Option<FixedOffset>,
    letters: Option<Letters>,
    /// The language of months, and whether these are written out.
    language: Option<(Language, bool)>,
    /// Marks of both halves of the day.
    halves: Option<Box<[String; 2]>>,
    /// Names of the days of the week.
    weekdays: Option<Box<[String; 7]>>,
    /// Whether days have the end of an ordinal number.
    ordinal: bool,
    /// How years of eras are written.
    era: Option<Era>,
    /// Whether offsets are shortened.
    short_offset: bool,
    /// The name of the summer time, where moments have that and that of the standard time.
    summer: Option<String>,
    /// The first of the hundred years that two digits are of.
    first_year: Option<u16>,
    /// The zero of digits of another script.
    zero: Option<char>,
}

#[derive(Debug)]
struct Items {
    items: Vec<Item<'static>>,
    has_offset: bool,
    has_year: bool,
    /// Whether it is `%Y-%m-%d`, which is read without help.
    is_iso_date: bool,
}

impl Items {
    /// The items of a format; none where it is not valid.
    fn new(format: &str) -> Self {
        let items = StrftimeItems::new(format).parse_to_owned().unwrap_or_default();
        Self {
            items,
            has_offset: has_offset(format),
            has_year: format.contains("%Y"),
            is_iso_date: format == "%Y-%m-%d",
        }
    }

    /// The moment written as `text`, and its offset from UTC where it has one.
    fn parse(&self, text: &str, first_year: Option<u16>) -> Option<(NaiveDateTime, Option<i32>)> {
        if self.is_iso_date
            && let Some(date) = iso_date(text)
        {
            return Some((date.and_time(NaiveTime::MIN), None));
        }
        if self.items.is_empty() {
            return None;
        }
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, self.items.iter()).ok()?;
        if parsed.timestamp().is_some() {
            return Some((parsed.to_naive_datetime_with_offset(0).ok()?, None));
        }
        if let (None, Some(digits), Some(first)) = (parsed.year(), parsed.year_mod_100(), first_year) {
            let first = i64::from(first);
            parsed.set_year(first + (i64::from(digits) - first).rem_euclid(100)).ok()?;
        }
        // What is not written is the first there is; a year of 366 days has room for every day.
        let is_dated = parsed.month().is_some() || parsed.day().is_some();
        if parsed.year().is_none() && parsed.year_mod_100().is_none() && parsed.isoyear().is_none() {
            parsed.set_year(if is_dated { 1972 } else { 1970 }).ok()?;
        }
        if parsed.isoweek().is_some() {
            if parsed.weekday().is_none() {
                parsed.set_weekday(Weekday::Mon).ok()?;
            }
        } else if parsed.ordinal().is_none() {
            if let Some(quarter) = parsed.quarter()
                && parsed.month().is_none()
            {
                parsed.set_month(i64::from(quarter) * 3 - 2).ok()?;
            }
            if parsed.month().is_none() {
                parsed.set_month(1).ok()?;
            }
            if parsed.day().is_none() {
                parsed.set_day(1).ok()?;
            }
        }
        let time = if parsed.hour_mod_12().is_none() {
            NaiveTime::MIN
        } else {
            if parsed.minute().is_none() {
                parsed.set_minute(0).ok()?;
            }
            parsed.to_naive_time().ok()?
        };
        let date = parsed.to_naive_date().ok()?;
        // chrono reads the year 27 where two digits are given for `%Y`; such a date means something else.
        if self.has_year && date.year() < 1000 {
            return None;
        }
        Some((date.and_time(time), parsed.offset()))
    }

    fn write(&self, moment: DateTime<Utc>, zone: Option<FixedOffset>, text: &mut String) -> bool {
        use std::fmt::Write as _;
        if self.items.is_empty() {
            return false;
        }
        let start = text.len();
        let items = self.items.iter();
        let written = match zone {
            Some(zone) => write!(text, "{}", moment.with_timezone(&zone).format_with_items(items)),
            None => write!(text, "{}", moment.format_with_items(items)),
        };
        if written.is_err() {
            text.truncate(start);
        }
        written.is_ok()
    }
}

impl Clock {
    /// The clock of a column's format and its spelling.
    pub(crate) fn new(format: &str, spelling: Option<&Spelling>) -> Self {
        Self {
            format: Items::new(format),
            coarser: spelling
                .map_or(&[][..], |s| &s.formats)
                .iter()
                .map(|format| Items::new(format))
                .collect(),
            zone: spelling.and_then(|spelling| spelling.zone).and_then(FixedOffset::east_opt),
            letters: spelling.and_then(|spelling| spelling.letters),
            language: spelling
                .and_then(|spelling| spelling.language)
                .map(|language| (language, format.contains("%B"))),
            halves: spelling.and_then(|spelling| spelling.halves.clone()),
            weekdays: spelling.and_then(|spelling| spelling.weekdays.clone()),
            ordinal: spelling.is_some_and(|spelling| spelling.ordinal),
            era: spelling.and_then(|spelling| spelling.era),
            short_offset: spelling.is_some_and(|spelling| spelling.short_offset),
            summer: spelling.and_then(|spelling| spelling.summer.clone()),
            first_year: spelling.and_then(|spelling| spelling.first_year),
            zero: spelling.and_then(|spelling| spelling.zero),
        }
    }

    /// Seconds since 1970-01-01T00:00:00 UTC of the moment written as `text`.
    pub(crate) fn parse(&self, text: &str) -> Option<f64> {
        let latin = self.zero.map(|zero| script::in_latin(text, zero));
        let text = latin.as_deref().unwrap_or(text);
        self.read(&self.format, text)
            .or_else(|| self.coarser.iter().rev().find_map(|items| self.read(items, text)))
    }

    fn read(&self, items: &Items, text: &str) -> Option<f64> {
        let standard = self.summer.as_ref().and_then(|summer| summer::in_standard(text, summer));
        let forward = if standard.is_some() { summer::TO_STANDARD } else { 0.0 };
        let text = standard.as_deref().unwrap_or(text);
        let dated = self.era.and_then(|_| era::to_gregorian(text));
        let text = dated.as_ref().map_or(text, |(gregorian, _)| gregorian);
        let whole = if self.short_offset { offset::long(text) } else { None };
        let text = whole.as_deref().unwrap_or(text);
        let day = self.weekdays.as_ref().and_then(|_| weekday::to_english(text));
        let text = day.as_ref().map_or(text, |(english, _)| english);
        let first = self.language.and_then(|_| ordinal::first(text));
        let text = first.as_deref().unwrap_or(text);
        let english = self.language.and_then(|_| to_english(text));
        let text = english.as_ref().map_or(text, |(english, _)| english);
        let text = self.halves.as_ref().map_or(Cow::Borrowed(text), |pair| half::read(text, pair));
        let counted = if self.ordinal { ordinal::plain(&text) } else { None };
        let (moment, offset) = items.parse(counted.as_deref().unwrap_or(&text), self.first_year)?;
        let east = match (items.has_offset, self.zone) {
            (true, _) => offset.unwrap_or(0),
            (false, zone) => zone.map_or(0, |zone| zone.local_minus_utc()),
        };
        let moment = moment.and_utc();
        let seconds = moment.timestamp().checked_sub(i64::from(east))?;
        Some(seconds as f64 + f64::from(moment.timestamp_subsec_micros()) * 1e-6 + forward)
    }

    /// Appends the moment `seconds` after 1970-01-01T00:00:00 UTC, to the microsecond; the plain number where the
    /// calendar does not reach or the format is not valid.
    pub(crate) fn write(&self, seconds: f64, text: &mut String) {
        let start = text.len();
        let micros = (seconds * 1e6).round();
        let moment = if micros.abs() < i64::MAX as f64 {
            DateTime::from_timestamp_micros(micros as i64)
        } else {
            None
        };
        // Near its ends the calendar has no other zones.
        let moment = moment.filter(|moment| (-200_000..200_000).contains(&moment.year()));
        let summer =
            moment.zip(self.summer.as_deref()).filter(|(moment, name)| summer::is_summer(*moment, name));
        let moment =
            if summer.is_some() { moment.map(|moment| moment + TimeDelta::hours(1)) } else { moment };
        let written = moment.is_some_and(|moment| {
            for items in &self.coarser {
                if items.write(moment, self.zone, text)
                    && self.read(items, &text[start..]) == Some(micros / 1e6)
                {
                    return true;
                }
                text.truncate(start);
            }
            self.format.write(moment, self.zone, text)
        });
        if !written {
            text.truncate(start);
            super::number::write(seconds, super::number::SHORTEST, text);
            return;
        }
        if let Some((_, name)) = summer {
            let written = text.split_off(start);
            text.push_str(&summer::named(&written, name));
        }
        if let Some((own, moment)) = self.era.zip(moment) {
            let written = text.split_off(start);
            text.push_str(&era::written(&written, moment.date_naive(), own));
        }
        if self.short_offset {
            let written = text.split_off(start);
            text.push_str(&offset::short(&written));
        }
        if let Some(names) = &self.weekdays {
            let written = text.split_off(start);
            text.push_str(&weekday::written(&written, names, self.letters == Some(Letters::Small)));
        }
        if let Some(letters) = self.letters {
            let written = text.split_off(start);
            text.push_str(&with_letters(&written, letters));
        }
        if let Some((language, is_long)) = self.language {
            let written = text.split_off(start);
            text.push_str(&from_english(&written, language, is_long));
        }
        if self.ordinal {
            let written = text.split_off(start);
            text.push_str(&ordinal::written(&written));
        }
        if let Some(pair) = &self.halves {
            let written = text.split_off(start);
            text.push_str(&half::written(&written, pair));
        }
        if let Some(zero) = self.zero {
            let written = text.split_off(start);
            text.push_str(&script::from_latin(&written, zero));
        }
    }
}

/// The date written as `text`, if it is four, two and two digits.
fn iso_date(text: &str) -> Option<NaiveDate> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let mut parts = [0_u32; 3];
    for (i, &byte) in bytes.iter().enumerate() {
        match (i, byte) {
            (4 | 7, b'-') => {}
            (4 | 7, _) => return None,
            (_, b'0'..=b'9') => {
                let part = &mut parts[match i {
                    0..=3 => 0,
                    5 | 6 => 1,
                    _ => 2,
                }];
                *part = *part * 10 + u32::from(byte - b'0');
            }
            _ => return None,
        }
    }
    let [year, month, day] = parts;
    if year < 1000 { None } else { NaiveDate::from_ymd_opt(year as i32, month, day) }
}

/// `text` with its words of three letters and more, the names of months and days, in these letters.
fn with_letters(text: &str, letters: Letters) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        match letters {
            Letters::Capital if word > 2 => changed.push_str(&rest[..word].to_ascii_uppercase()),
            Letters::Small if word > 2 => changed.push_str(&rest[..word].to_ascii_lowercase()),
            _ => changed.push_str(&rest[..word]),
        }
        let sign = rest[word..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |at| word + at);
        changed.push_str(&rest[word..sign]);
        rest = &rest[sign..];
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_since_1970_are_read_and_written_back() {
        for (text, format, seconds) in [
            ("1970-01-02", "%Y-%m-%d", 86_400.0),
            ("2014-07-01 00:30:00", "%Y-%m-%d %H:%M:%S", 1_404_174_600.0),
            ("2014-07-01 00:30:00.250", "%Y-%m-%d %H:%M:%S%.3f", 1_404_174_600.25),
            ("1969-12-31 23:59:59", "%Y-%m-%d %H:%M:%S", -1.0),
            ("01/01/70", "%m/%d/%y", 0.0),
            ("May 1970", "%b %Y", 120.0 * 86_400.0),
            ("1:30 PM", "%-I:%M %p", 48_600.0),
            ("0130", "%H%M", 5400.0),
            ("1970-W02", "%G-W%V", 4.0 * 86_400.0),
            ("3Q70", "%qQ%y", 181.0 * 86_400.0),
            ("PM 1:30", "%p %-I:%M", 48_600.0),
            ("21 h 54", "%H h %M", 78_840.0),
            ("Feb 29 00:00:00", "%b %d %H:%M:%S", 68_169_600.0),
            ("1970-01-01 00:00:01,500", "%Y-%m-%d %H:%M:%S,%3f", 1.5),
        ] {
            assert_eq!(parse(text, format), Some(seconds), "{text}");
            let mut again = String::new();
            write(seconds, format, &mut again);
            assert_eq!(again, text);
        }
        assert_eq!(parse("2014-07-01T02:30:00+02:00", "%Y-%m-%dT%H:%M:%S%:z"), Some(1_404_174_600.0));
        assert_eq!(parse("10/27/93", "%m/%d/%Y"), None);
        assert_eq!(parse("2014-02-30", "%Y-%m-%d"), None);
    }

    #[test]
    fn zones_letters_and_precision_come_back() {
        let spelling = Spelling {
            zone: Some(7200),
            letters: Some(Letters::Capital),
            formats: vec!["%d-%b-%Y".into()],
            ..Spelling::default()
        };
        let clock =
            Clock::new("%d-%b-%Y %H:%M%:z", Some(&Spelling { formats: Vec::new(), ..spelling.clone() }));
        let local = Clock::new("%d-%b-%Y %H:%M+02", Some(&spelling));
        for (clock, text, seconds) in [
            (&clock, "01-JAN-1970 02:00+02:00", 0.0),
            (&local, "01-JAN-1970 03:00+02", 3600.0),
            (&local, "02-JAN-1970", 79_200.0),
        ] {
            assert_eq!(clock.parse(text), Some(seconds), "{text}");
            let mut again = String::new();
            clock.write(seconds, &mut again);
            assert_eq!(again, text);
        }
    }

    #[test]
    fn moments_beyond_the_calendar_are_written_as_numbers() {
        let mut text = String::new();
        write(1e300, "%Y-%m-%d", &mut text);
        assert_eq!(text, "1e300");
        text.clear();
        write(0.0, "%Q", &mut text);
        assert_eq!(text, "0");
        assert!(!is_format("%Q") && is_format("%Y"));
    }
}
