//! Times of day that are written as numbers: `0930`, `09.30`.

use super::compact::moments_of;
use super::date;
use super::name::is_clock_name;
use super::note::ReadNote;
use super::numbers::{Numbers, n_distinct};
use super::text::MIN_FOR_IDENTIFIER;

/// So many different numbers, of so many different hours, are times whatever their column is called.
const SURE: [usize; 2] = [30, 8];

/// Numbers of equal width with leading zeros that are all times of day, `0930` or `09.30`, as a format, the first and the
/// seconds they stand for.
///
/// Codes of four digits may be times by chance: few of them are where the name of the column says so.
pub(super) fn times_of_day(
    name: &str,
    numbers: &Numbers,
    values: &[f64],
) -> Option<(&'static str, String, Vec<f64>)> {
    let [_, width] = numbers.padded_digits;
    if numbers.digits != width || numbers.least_digits != width {
        return None;
    }
    match (width, numbers.least_decimals, numbers.decimals) {
        (4, 0, 0) => {
            let hours: Vec<f64> = values.iter().map(|value| (value / 100.0).floor()).collect();
            let is_sure = n_distinct(values) >= SURE[0] && n_distinct(&hours) >= SURE[1];
            (is_sure || is_clock_name(name)).then_some(())?;
            let text = |value: f64| format!("{value:04}");
            Some((date::COMPACT_HOURS, text(numbers.min), moments_of(values, text, date::COMPACT_HOURS)?))
        }
        (2, ..) => numbers.dotted_times(values),
        _ => None,
    }
}

/// The first of numbers that may be times of day in a column that is called so, but have no width by which they are read as such: `517`
/// beside `1230`, `4.08` beside `16.30`.
pub(super) fn may_be_times(name: &str, numbers: &Numbers, values: &[f64]) -> Option<f64> {
    /// Different minutes that there are at least.
    const MINUTES: usize = 8;
    let scale = match (numbers.decimals, numbers.least_decimals) {
        (0, _) if numbers.max >= 1000.0 => 1.0,
        (2, 2) => 100.0,
        _ => return None,
    };
    if numbers.n < MIN_FOR_IDENTIFIER || !is_clock_name(name) {
        return None;
    }
    let present = || values.iter().filter(|value| !value.is_nan()).map(|value| (value * scale).round());
    let minutes: Vec<f64> = present().map(|value| value.rem_euclid(100.0)).collect();
    let are_times =
        present().all(|value| (0.0..=2400.0).contains(&value)) && minutes.iter().all(|m| *m < 60.0);
    let first = values.iter().copied().find(|value| !value.is_nan())?;
    (are_times && n_distinct(&minutes) >= MINUTES).then_some(first)
}

/// Which two digits stand behind the points of numbers, one bit each; those above 63 have the last.
pub(super) fn minutes(values: &[f64]) -> u64 {
    let minute = |value: &f64| (value.abs().fract() * 100.0).round().min(63.0) as u32;
    values.iter().filter(|value| !value.is_nan()).fold(0, |all, value| all | 1 << minute(value))
}

impl Numbers {
    /// The minutes, one bit each, of numbers that are times of day with a point, some with a leading zero; none of others.
    pub(crate) fn padded_minutes(&self, values: &[f64]) -> u64 {
        let are_times =
            self.padded > 0 && self.n >= MIN_FOR_IDENTIFIER && self.dotted_times(values).is_some();
        if are_times { minutes(values) } else { 0 }
    }

    /// Numbers of two digits before the point and behind it that are all times of day, as a format, the first and the seconds
    /// they stand for.
    pub(super) fn dotted_times(&self, values: &[f64]) -> Option<(&'static str, String, Vec<f64>)> {
        let has_two = [self.digits, self.least_digits, self.decimals, self.least_decimals] == [2; 4];
        // Not the months and days of `05.31`.
        let is_no_day = |value: &f64| *value >= 13.0 || *value < 1.0 || value.fract() > 0.315;
        if !has_two || !values.iter().any(is_no_day) {
            return None;
        }
        let text = |value: f64| format!("{value:05.2}");
        Some((date::DOTTED_HOURS, text(self.min), moments_of(values, text, date::DOTTED_HOURS)?))
    }
}

/// What is said of a column of times of day.
pub(super) fn hours_and_minutes(column: &str, example: String) -> ReadNote {
    let meaning = "a time of day, hours and minutes".to_owned();
    ReadNote::Spelled { column: column.to_owned(), example, meaning }
}
