//! Dates of digits alone.

use chrono::NaiveDate;

use super::date::Clock;
use super::name::is_date_name;
use super::note::ReadNote;
use super::numbers::{Found, Numbers, date_kind, n_distinct};
use super::spelling::Spelling;
use super::text::MIN_FOR_IDENTIFIER;
use super::{Cells, Kind, century, date};

/// Fewer different numbers are months of years by chance.
const LEAST_MONTHS: usize = 6;

/// Seconds since 1970 of the years 1897 to 2103.
const NEAR: std::ops::Range<f64> = -2.3e9..4.2e9;

/// Whole numbers of eight digits, some with leading zeros, that are all dates of this time or the last ones, `09012022`, as a
/// format, what it means, and the seconds they stand for.
pub(super) fn padded_dates(
    numbers: &Numbers,
    values: &[f64],
) -> Option<(&'static str, &'static str, Vec<f64>)> {
    if numbers.padded_digits != [8; 2]
        || [numbers.digits, numbers.least_digits] != [8; 2]
        || numbers.decimals > 0
    {
        return None;
    }
    let formats = [("%d%m%Y", "a date: day, month, year"), ("%m%d%Y", "a date: month, day, year")];
    formats.into_iter().find_map(|(format, meaning)| {
        let seconds = moments_of(values, |value| format!("{value:08}"), format)?;
        seconds.iter().all(|at| at.is_nan() || NEAR.contains(at)).then_some((format, meaning, seconds))
    })
}

/// Dates of two digits each: the format, what it means, and by how much the number is divided to have the day and the year.
type ShortDate = (&'static str, &'static str, f64, Option<f64>);
const SHORT_DATES: [ShortDate; 3] = [
    ("%y%m%d", "a date: year, month, day", 1.0, Some(1e4)),
    ("%d%m%y", "a date: day, month, year", 1e4, Some(1.0)),
    ("%m%d%y", "a date: month, day, year", 1e2, Some(1.0)),
];
const DAYS_OF_YEAR: [ShortDate; 2] =
    [("%d%m", "a day of a year: day, month", 1e2, None), ("%m%d", "a day of a year: month, day", 1.0, None)];

/// Whole numbers of six digits in a column that is called a date, all of which are one, `240131`, or of four, some with a zero first:
/// `0109`.
///
/// Where several orders read all, the one with the most different days is taken: dates go over more days of the month than
/// months and years. That is said.
pub(super) fn short_dates(
    name: &str,
    numbers: &Numbers,
    values: &[f64],
    notes: &mut Vec<ReadNote>,
) -> Option<Found> {
    let forms: &[ShortDate] = match numbers.digits {
        6 => &SHORT_DATES,
        4 if numbers.padded > 0 => &DAYS_OF_YEAR,
        _ => return None,
    };
    let is_whole = numbers.least_digits == numbers.digits && numbers.decimals == 0 && numbers.min >= 0.0;
    if !is_whole || numbers.n < MIN_FOR_IDENTIFIER || !is_date_name(name) {
        return None;
    }
    let width = usize::from(numbers.digits);
    let text = |value: f64| format!("{value:0width$}");
    let present = || values.iter().copied().filter(|value| !value.is_nan());
    let bits = |by: f64| present().fold(0_u128, |all, value| all | 1 << ((value / by) as u32 % 100));
    let reads = |format: &str| numbers.day_first.is_none_or(|set| format.starts_with("%d") == set);
    // The first of equals.
    let (format, meaning, _, year) = forms
        .iter()
        .filter(|(format, ..)| reads(format) && moments_of(values, text, format).is_some())
        .reduce(
            |best, next| if bits(next.2).count_ones() > bits(best.2).count_ones() { next } else { best },
        )?;
    let first_year = year
        .map(|by| numbers.first_year.unwrap_or_else(|| century::first_year(bits(by), century::this_year())));
    let spelling = Spelling { first_year, ..Spelling::default() };
    let clock = Clock::new(format, Some(&spelling));
    let seconds = read_by(&clock, values, text)?;
    let kind = date_kind((*format).to_owned(), &seconds);
    let example = text(present().next()?);
    notes.push(ReadNote::Spelled { column: name.to_owned(), example, meaning: (*meaning).to_owned() });
    if let (Kind::DateTime { min, max, .. }, Some(first_year)) = (&kind, first_year) {
        notes.push(century::note(name, first_year, &clock, [*min, *max]));
    }
    Some(Found { kind, cells: Cells::Number(seconds), spelling, values: None })
}

/// Numbers that are all months of years of this time or the last ones: `202405`, `05.2024`, `2024.05`, as a format, the
/// first and the seconds they stand for.
pub(super) fn months(numbers: &Numbers, values: &[f64]) -> Option<(&'static str, String, Vec<f64>)> {
    let has = |digits: u8, decimals: u8| {
        numbers.least_digits == digits
            && numbers.digits == digits
            && numbers.least_decimals == decimals
            && numbers.decimals == decimals
    };
    let is_year = |year: f64| (1900.0..2100.0).contains(&year);
    let [month_first, year_first] = date::DOTTED_MONTHS;
    let (format, width, places) = match () {
        () if has(6, 0) && is_year(numbers.min / 100.0) && is_year(numbers.max / 100.0) => {
            (date::COMPACT_MONTH, 6, 0)
        }
        () if has(2, 4) && numbers.min >= 1.19 && numbers.max < 12.21 => (month_first, 7, 4),
        () if has(4, 2) && is_year(numbers.min) && is_year(numbers.max) => (year_first, 7, 2),
        () => return None,
    };
    let text = |value: f64| format!("{value:0width$.places$}");
    // A few months may be numbers by chance.
    if n_distinct(values) < LEAST_MONTHS {
        return None;
    }
    let seconds = moments_of(values, text, format)?;
    let all_near = seconds.iter().all(|at| at.is_nan() || NEAR.contains(at));
    all_near.then(|| (format, text(numbers.min), seconds))
}

/// Whole numbers of eight or fourteen digits that are all dates or date-times, as the seconds they stand for.
pub(super) fn compact_dates(
    name: &str,
    numbers: &Numbers,
    values: &[f64],
) -> Option<(&'static str, Vec<f64>)> {
    if numbers.decimals > 0 || numbers.digits != numbers.least_digits {
        return None;
    }
    let years = |low: f64, high: f64| numbers.min >= low && numbers.max < high;
    let format = match numbers.digits {
        8 if is_date_name(name) && years(10_000_101.0, 1e8) => date::COMPACT,
        // One for ever, 31 December 9999, may be among them.
        8 if numbers.n >= MIN_FOR_IDENTIFIER && years(19_000_101.0, 1e8) => date::COMPACT,
        14 if years(19_000_101_000_000.0, 21_000_101_000_000.0) => date::COMPACT_TIME,
        _ => return None,
    };
    Some((format, moments_of(values, |value| format!("{value}"), format)?))
}

/// Whether a whole number of eight digits is a date from 1900 on: year, month, day.
pub(super) fn is_date(value: f64) -> bool {
    let digits = value as u32;
    let date = || NaiveDate::from_ymd_opt((digits / 10_000) as i32, digits / 100 % 100, digits % 100);
    value.fract() == 0.0 && value >= 19_000_101.0 && date().is_some()
}

pub(super) fn moments_of(values: &[f64], text: impl Fn(f64) -> String, format: &str) -> Option<Vec<f64>> {
    read_by(&Clock::new(format, None), values, text)
}

fn read_by(clock: &Clock, values: &[f64], text: impl Fn(f64) -> String) -> Option<Vec<f64>> {
    let seconds = |&value: &f64| if value.is_nan() { Some(value) } else { clock.parse(&text(value)) };
    values.iter().map(seconds).collect()
}
