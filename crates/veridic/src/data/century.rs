//! Of which hundred years two digits of a year are.

use std::time::{SystemTime, UNIX_EPOCH};

use super::date::Clock;
use super::note::ReadNote;

/// The first of the hundred years where no year says otherwise.
pub(super) const USUAL: u16 = 1970;
/// Plans are for the next years and begin about now; with all before them they go over so many years at most.
const PLANNED: i32 = 10;
const NEAR: std::ops::RangeInclusive<i32> = -5..=2;
const LONGEST_PLAN: i32 = 60;

/// The first of the hundred years that the two digits `years` (one bit each) are of, in the year `now`.
///
/// What goes on from about now are plans. Other dates that would lie ahead are of the past: births.
pub(super) fn first_year(years: u128, now: i32) -> u16 {
    let first = i32::from(USUAL);
    let years = || {
        (0..100)
            .filter(|digits| years & (1 << digits) != 0)
            .map(|digits| first + (digits - first).rem_euclid(100))
    };
    let (least, most) = (years().min().unwrap_or(first), years().max().unwrap_or(first));
    let goes_on = years().any(|year| NEAR.contains(&(year - now)));
    let is_planned = goes_on && (most <= now + PLANNED || most - least <= LONGEST_PLAN);
    if most <= now || is_planned { USUAL } else { u16::try_from(now - 99).unwrap_or(USUAL) }
}

/// The year it is.
pub(super) fn this_year() -> i32 {
    const SECONDS: u64 = 31_556_952;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    1970 + i32::try_from(since / SECONDS).unwrap_or(0)
}

/// What is said of the years of a column whose first and last moment are these.
pub(super) fn note(column: &str, first_year: u16, clock: &Clock, [least, most]: [f64; 2]) -> ReadNote {
    let days = Clock::new("%Y-%m-%d", None);
    let of = |seconds: f64| {
        let (mut text, mut day) = (String::new(), String::new());
        clock.write(seconds, &mut text);
        days.write(seconds, &mut day);
        (text, day)
    };
    ReadNote::Century { column: column.to_owned(), first_year, earliest: of(least), latest: of(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_of_the_years_that_make_sense_of_all() {
        let of = |ranges: &[std::ops::RangeInclusive<u32>]| {
            let years = ranges.iter().cloned().flatten().fold(0_u128, |years, year| years | 1 << year);
            first_year(years, 2026)
        };
        // Sales, a register, plans and contracts.
        for ranges in [
            &[19..=24][..],
            &[75..=99, 0..=24],
            &[22..=33],
            &[25..=55],
            &[28..=34],
            &[70..=99, 0..=30],
            &[10..=40],
        ] {
            assert_eq!(of(ranges), 1970, "{ranges:?}");
        }
        // Births and old records.
        for ranges in
            [&[30..=99, 0..=5][..], &[27..=99, 0..=26], &[45..=65], &[35..=35, 70..=99, 0..=5], &[30..=60]]
        {
            assert_eq!(of(ranges), 1927, "{ranges:?}");
        }
    }
}
