//! What a calendar says of a moment: the day of the week, the month. Columns that hold it follow from the moment.

use std::fmt;

use chrono::{DateTime, Datelike, Timelike};
use serde::{Deserialize, Serialize};

use super::coder::Made;

/// Most years between the first moment and the last.
const MOST_YEARS: i32 = 400;

/// A part of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unit {
    Weekday,
    Month,
    Hour,
    Day,
    Year,
    YearAndMonth,
}

/// The units, those first that say least and so most of what follows from them.
const UNITS: [Unit; 6] = [Unit::Weekday, Unit::Month, Unit::Hour, Unit::Day, Unit::Year, Unit::YearAndMonth];

/// A part of the moments from one year to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    pub(super) unit: Unit,
    first: i32,
    years: i32,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weekday => "weekday of ",
            Self::Month => "month of ",
            Self::Hour => "hour of ",
            Self::Day => "day of ",
            Self::Year => "year of ",
            Self::YearAndMonth => "year and month of ",
        })
    }
}

impl Unit {
    /// The unit and the column that are named, as in `weekday of start`.
    pub(super) fn named(name: &str) -> Option<(Self, &str)> {
        UNITS.into_iter().find_map(|unit| Some((unit, name.strip_prefix(&unit.to_string())?)))
    }
}

impl Period {
    /// The parts of the moments of a column, in seconds since 1970; none where there are no moments or too many years of them.
    pub(super) fn of(moments: &[f64]) -> Vec<Self> {
        let present = || moments.iter().copied().filter(|moment| !moment.is_nan());
        let (Some(first), Some(last)) = (present().reduce(f64::min), present().reduce(f64::max)) else {
            return Vec::new();
        };
        let year = |moment: f64| moment_of(moment).map(|moment| moment.year());
        match (year(first), year(last)) {
            (Some(first), Some(last)) if last - first < MOST_YEARS => {
                UNITS.map(|unit| Self { unit, first, years: last - first + 1 }).to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// Number of symbols; the last is of moments that are missing or in no year of these.
    pub(super) fn symbols(&self) -> usize {
        let years = self.years.clamp(1, MOST_YEARS) as usize;
        1 + match self.unit {
            Unit::Weekday => 7,
            Unit::Month => 12,
            Unit::Hour => 24,
            Unit::Day => 31,
            Unit::Year => years,
            Unit::YearAndMonth => 12 * years,
        }
    }

    /// The symbol of a moment.
    pub(super) fn symbol(&self, moment: f64) -> usize {
        let none = self.symbols() - 1;
        let Some(moment) = moment_of(moment) else { return none };
        let year = (moment.year() - self.first) as usize;
        let symbol = match self.unit {
            Unit::Weekday => moment.weekday().num_days_from_monday() as usize,
            Unit::Month => moment.month0() as usize,
            Unit::Hour => moment.hour() as usize,
            Unit::Day => moment.day0() as usize,
            Unit::Year => year,
            Unit::YearAndMonth => year.saturating_mul(12).saturating_add(moment.month0() as usize),
        };
        symbol.min(none)
    }

    /// The symbols of the cells of a column of moments.
    pub(super) fn read(&self, made: &Made) -> Vec<u32> {
        match made {
            Made::Number(moments) => moments.iter().map(|moment| self.symbol(*moment) as u32).collect(),
            Made::Symbol(symbols) => vec![self.symbols() as u32 - 1; symbols.len()],
        }
    }
}

fn moment_of(seconds: f64) -> Option<DateTime<chrono::Utc>> {
    if seconds.is_nan() {
        return None;
    }
    DateTime::from_timestamp(seconds.floor() as i64, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_moments_are_those_of_the_calendar() {
        // 29 February 2024, a Thursday, at 13:45; 31 December 1969, a Wednesday, at 23:59:59.
        let moments = [1_709_214_300.0, -1.0, f64::NAN];
        let symbols: Vec<Vec<u32>> =
            Period::of(&moments).iter().map(|period| period.read(&Made::Number(moments.to_vec()))).collect();
        let expected = [
            vec![3, 2, 7],
            vec![1, 11, 12],
            vec![13, 23, 24],
            vec![28, 30, 31],
            vec![55, 0, 56],
            vec![55 * 12 + 1, 11, 56 * 12],
        ];
        assert_eq!(symbols, expected);
        assert!(Period::of(&[f64::NAN]).is_empty() && Period::of(&[0.0, 1e300]).is_empty());
        assert_eq!(Unit::named("year and month of start of it"), Some((Unit::YearAndMonth, "start of it")));
        assert_eq!(Unit::named("start"), None);
    }
}
