//! Round moments on a scale of time.

use chrono::{DateTime, Datelike, NaiveDate};

const DAY: f64 = 86_400.0;
/// Steps of equal length in seconds.
const STEPS: [f64; 17] = [
    1.0,
    5.0,
    15.0,
    30.0,
    60.0,
    300.0,
    900.0,
    1_800.0,
    3_600.0,
    10_800.0,
    21_600.0,
    43_200.0,
    DAY,
    2.0 * DAY,
    5.0 * DAY,
    10.0 * DAY,
    20.0 * DAY,
];
/// Steps in months.
const MONTHS: [i32; 13] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000];

/// Whether moments from `low` to `high` are times of day: those are on the first day of 1970.
fn are_times(low: f64, high: f64) -> bool {
    low >= 0.0 && high <= DAY
}

/// The days of two moments in seconds since 1970, or the times, where both are times of day; nothing where no calendar reaches.
pub(crate) fn ends(low: f64, high: f64) -> [String; 2] {
    if are_times(low, high) {
        return [low, high].map(|seconds| clock(seconds, false));
    }
    let day = |seconds| moment(seconds).map_or_else(String::new, |at| at.format("%Y-%m-%d").to_string());
    [low, high].map(day)
}

/// A time of day, with seconds or without.
fn clock(seconds: f64, with_seconds: bool) -> String {
    let whole = seconds.floor() as u64;
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    if with_seconds {
        format!("{hours:02}:{minutes:02}:{:02}", whole % 60)
    } else {
        format!("{hours:02}:{minutes:02}")
    }
}

/// About `count` moments from `low` to `high` (seconds since 1970) with their texts: dates, with the time of day where
/// steps are shorter than a day, and times of day alone where all are on the first day of 1970. None where no calendar reaches.
pub(crate) fn ticks(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let reaches = |seconds: f64| (-6e10..2.5e11).contains(&seconds);
    if !(reaches(low) && reaches(high)) {
        return Vec::new();
    }
    let wanted = ((high - low) / count as f64).max(1.0);
    let places: Vec<f64> = match STEPS.into_iter().find(|step| *step >= wanted) {
        Some(step) => {
            let first = (low / step).ceil();
            (0..=((high - first * step) / step).max(0.0) as usize)
                .map(|i| (first + i as f64) * step)
                .collect()
        }
        None => {
            let months = wanted / (30.44 * DAY);
            let step = MONTHS.into_iter().find(|step| f64::from(*step) >= months).unwrap_or(12_000);
            let month = |seconds: f64| moment(seconds).map_or(0, |at| at.year() * 12 + at.month0() as i32);
            let (first, last) = (month(low).div_euclid(step), month(high).div_euclid(step));
            (first..=last).filter_map(|i| start_of_month(i * step)).collect()
        }
    };
    let mut inside: Vec<f64> = places.into_iter().filter(|place| (low..=high).contains(place)).collect();
    if inside.is_empty() {
        inside.push(low);
    }
    if are_times(low, high) {
        let with_seconds = inside.iter().any(|place| place.rem_euclid(60.0) > 0.0);
        return inside.into_iter().map(|place| (place, clock(place, with_seconds))).collect();
    }
    let form = match inside
        .iter()
        .map(|place| place.rem_euclid(DAY))
        .fold(DAY, |least, rest| if rest > 0.0 { least.min(rest.rem_euclid(60.0)) } else { least })
    {
        DAY => "%Y-%m-%d",
        0.0 => "%Y-%m-%d %H:%M",
        _ => "%Y-%m-%d %H:%M:%S",
    };
    let text = |place: f64| moment(place).map(|at| (place, at.format(form).to_string()));
    inside.into_iter().filter_map(text).collect()
}

fn moment(seconds: f64) -> Option<DateTime<chrono::Utc>> {
    DateTime::from_timestamp(seconds.floor() as i64, 0)
}

/// The first second of a month, counted from January of the year 0.
fn start_of_month(month: i32) -> Option<f64> {
    let date = NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1)?;
    Some(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(low: f64, high: f64) -> Vec<String> {
        ticks(low, high, 5).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn moments_are_round_in_days_months_and_years() {
        // 2021-03-01 is 1614556800.
        let start = 1_614_556_800.0;
        assert_eq!(texts(start, start + 8.0 * DAY)[..2], ["2021-03-02", "2021-03-04"]);
        assert_eq!(texts(start, start + 3600.0)[1], "2021-03-01 00:15");
        assert_eq!(texts(start, start + 20.0)[1], "2021-03-01 00:00:05");
        assert_eq!(
            texts(start, start + 365.0 * DAY),
            ["2021-04-01", "2021-07-01", "2021-10-01", "2022-01-01"]
        );
        assert_eq!(texts(0.0, start), ["1980-01-01", "2000-01-01", "2020-01-01"]);
        assert_eq!(texts(start, start), ["2021-03-01"]);
        assert!(ticks(0.0, 1e300, 5).is_empty());
        // Opening hours are on no day.
        assert_eq!(texts(8.0 * 3600.0, 18.0 * 3600.0), ["09:00", "12:00", "15:00", "18:00"]);
        assert_eq!(texts(60.0, 75.0)[..2], ["00:01:00", "00:01:05"]);
        assert_eq!(ends(8.0 * 3600.0, 18.75 * 3600.0), ["08:00", "18:45"]);
        assert_eq!(ends(0.0, start), ["1970-01-01", "2021-03-01"]);
    }
}
