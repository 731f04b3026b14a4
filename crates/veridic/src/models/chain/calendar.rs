//! What a calendar says of a moment: the day of the week, the month. Columns that hold it follow from the moment.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

use super::coder::{Coder, Made};
use super::evidence::{Evidence, Set, Wanted};
use super::law::Law;

/// Most years of a period, and years before the first moment and after the last that belong to it: others are asked about later.
const MOST_YEARS: i32 = 600;
const MARGIN: i32 = 60;

/// Most days that moments are looked for in, and seconds of one.
const MOST_DAYS: f64 = 60_000.0;
pub(super) const DAY: f64 = 86_400.0;

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
            (Some(first), Some(last)) if last - first < MOST_YEARS - 2 * MARGIN => {
                let (first, years) = (first - MARGIN, last - first + 1 + 2 * MARGIN);
                UNITS.map(|unit| Self { unit, first, years }).to_vec()
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
        let year = moment.year().saturating_sub(self.first) as usize;
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

impl Law<'_> {
    /// Where days, months or years are known that follow from dates of column `by` which are not: the dates may only be those that
    /// they all follow from.
    pub(in crate::models) fn push_down_dates(self, by: usize, n: usize, evidence: &mut [Evidence]) {
        let decided = |j: usize| self.plan.decided[j].as_ref().filter(|decided| decided.by == by);
        let is_of_days =
            |j: &usize| decided(*j).and_then(|of| of.period).is_some_and(|period| period.unit != Unit::Hour);
        let of: Vec<usize> = (0..self.plan.decided.len()).filter(is_of_days).collect();
        let Coder::Number(coder) = &self.coding.coders[by] else { return };
        let (first, last) = (day_of(coder.least()), day_of(coder.most()));
        if of.is_empty() || last - first > MOST_DAYS {
            return;
        }
        let mut known: HashMap<Vec<(usize, u64)>, u32> = HashMap::new();
        let (mut sets, mut of_row) = (evidence[by].sets.clone(), vec![0; n]);
        if sets.is_empty() {
            sets.push(Set::new(&self.coding.coders[by], &[Wanted::Present, Wanted::Missing]));
        }
        for row in (0..n).filter(|row| evidence[by].given(*row).is_none()) {
            let cell = |j: &usize| {
                let given = evidence[*j].given(row)?;
                let is_there = !given.made.is_missing(row, &self.coding.coders[*j]);
                is_there.then(|| (*j, given.made.key(row)))
            };
            let cells: Vec<(usize, u64)> = of.iter().filter_map(cell).collect();
            if cells.is_empty() {
                continue;
            }
            let fits = |day: f64| {
                cells.iter().all(|(j, _)| match (decided(*j), evidence[*j].given(row)) {
                    (Some(of), Some(given)) => {
                        let symbol = of.period.map_or(0, |period| period.symbol(day * DAY));
                        of.values.same(symbol, &given.made, row)
                    }
                    _ => false,
                })
            };
            let set = || {
                let days = (0..=(last - first) as u32).map(|day| first + f64::from(day));
                let range = |day: f64| Wanted::Range(day * DAY, day * DAY + DAY - 1e-3);
                let wanted: Vec<Wanted> = days.filter(|day| fits(*day)).map(range).collect();
                Set::new(&self.coding.coders[by], &wanted)
            };
            of_row[row] = match known.get(&cells) {
                Some(at) => *at,
                None => {
                    let set = set();
                    // What no date explains leaves it open.
                    let at = if set.is_empty() { 0 } else { sets.len() as u32 };
                    if at > 0 {
                        sets.push(set);
                    }
                    known.insert(cells, at);
                    at
                }
            };
        }
        if sets.len() > 1 {
            (evidence[by].sets, evidence[by].of_row) = (sets, of_row);
        }
    }
}

fn moment_of(seconds: f64) -> Option<DateTime<chrono::Utc>> {
    if seconds.is_nan() {
        return None;
    }
    DateTime::from_timestamp(seconds.floor() as i64, 0)
}

/// The year of a moment; NaN of none.
pub(super) fn year_of(moment: f64) -> f64 {
    moment_of(moment).map_or(f64::NAN, |moment| f64::from(moment.year()))
}

/// The day of a moment, counted from 1970.
pub(super) fn day_of(moment: f64) -> f64 {
    (moment / DAY).floor()
}

/// Steps of a month and of a year: full months and years have passed where so many steps have.
pub(super) const STEPS_OF_MONTH: f64 = 32.0;
pub(super) const STEPS_OF_YEAR: f64 = 12.0 * STEPS_OF_MONTH;

/// The day of a moment on a calendar whose months all have room for 32 days: who is born on the 29th of February is a year older
/// on the 1st of March. NaN of no moment.
pub(super) fn step_of(moment: f64) -> f64 {
    moment_of(moment).map_or(f64::NAN, |moment| {
        f64::from(moment.year() * 12 + moment.month0() as i32) * STEPS_OF_MONTH + f64::from(moment.day())
    })
}

/// The first moment at or after step `low`, and the last at or before step `high`.
pub(super) fn span_of_steps(low: f64, high: f64) -> Option<(f64, f64)> {
    let start = |months: f64, day: f64| {
        let year = (months / 12.0).floor();
        let month = (months - year * 12.0) as u32 + 1;
        let date = NaiveDate::from_ymd_opt(year as i32, month, day as u32)?;
        Some(date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
    };
    let apart = |step: f64| {
        let months = (step / STEPS_OF_MONTH).floor();
        (months, step - months * STEPS_OF_MONTH)
    };
    // A day that a month does not have lies before the next month.
    let from = |months: f64, day: f64| start(months, day.max(1.0)).or_else(|| start(months + 1.0, 1.0));
    let ((months, day), (last_months, last_day)) = (apart(low.ceil()), apart(high.floor()));
    let (first, next) = (from(months, day)?, from(last_months, last_day + 1.0)?);
    Some((first, next - 1.0))
}

/// The first and the last moment of a year, seconds since 1970; `None` of what is no year.
pub(super) fn span_of_year(year: f64) -> Option<(f64, f64)> {
    let start = |year: f64| {
        let first = NaiveDate::from_ymd_opt(year as i32, 1, 1).filter(|_| year.fract() == 0.0)?;
        Some(first.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
    };
    Some((start(year)?, start(year + 1.0)? - 1.0))
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
            vec![60 + 55, 60, 176],
            vec![(60 + 55) * 12 + 1, 60 * 12 + 11, 176 * 12],
        ];
        assert_eq!(symbols, expected);
        assert_eq!(moments.map(year_of)[..2], [2024.0, 1969.0]);
        let (first, last) = span_of_year(2024.0).unwrap();
        assert_eq!([first - 1.0, first, last, last + 1.0].map(year_of), [2023.0, 2024.0, 2024.0, 2025.0]);
        assert!(year_of(f64::NAN).is_nan() && span_of_year(2024.5).is_none() && span_of_year(1e9).is_none());
        let day = |text: &str| {
            let date: NaiveDate = text.parse().unwrap();
            date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64
        };
        let full = |from: &str, to: &str, of: f64| ((step_of(day(to)) - step_of(day(from))) / of).floor();
        for (from, to, years, months) in [
            ("2000-02-29", "2001-02-28", 0.0, 11.0),
            ("2000-02-29", "2001-03-01", 1.0, 12.0),
            ("1980-12-31", "2020-12-31", 40.0, 480.0),
            ("1980-12-31", "2020-12-30", 39.0, 479.0),
            ("1965-01-31", "1966-02-28", 1.0, 12.0),
            ("2020-05-05", "2020-05-04", -1.0, -1.0),
        ] {
            assert_eq!(
                (full(from, to, STEPS_OF_YEAR), full(from, to, STEPS_OF_MONTH)),
                (years, months),
                "{from} {to}"
            );
        }
        // The span of every step is the days that have it; of one that no day has, none.
        for date in ["1969-12-31", "2000-02-29", "2023-02-28", "2024-01-01"] {
            let (first, last) = span_of_steps(step_of(day(date)), step_of(day(date))).unwrap();
            assert_eq!((first, last), (day(date), day(date) + DAY - 1.0), "{date}");
        }
        let thirtieth = step_of(day("2023-02-28")) + 2.0;
        assert_eq!(
            span_of_steps(thirtieth, thirtieth),
            Some((day("2023-03-01"), day("2023-03-01") - 1.0)),
            "February has no 30th"
        );
        assert!(step_of(f64::NAN).is_nan() && span_of_steps(-1e300, 1e300).is_none());
        assert!(Period::of(&[f64::NAN]).is_empty() && Period::of(&[0.0, 1e300]).is_empty());
        assert_eq!(Unit::named("year and month of start of it"), Some((Unit::YearAndMonth, "start of it")));
        assert_eq!(Unit::named("start"), None);
    }
}
