//! Times on a grid.

use super::Series;
use super::set::moment;
use crate::data::ColumnSchema;
use crate::error::SeriesError;

/// How far from a multiple of the step a time may lie, as a share of the step.
const SLACK: f64 = 0.01;

/// A grid may have so many places more than rows, in multiples of the rows and beyond.
const MOST_TIMES: f64 = 20.0;
const MOST_BEYOND: f64 = 100_000.0;

/// A step as it is said: six digits, as differences of times have rounding.
pub(super) fn rounded(step: f64) -> f64 {
    format!("{step:.5e}").parse().unwrap_or(step)
}

/// The series with a point, its values missing, for each step without a row; `rows` are its rows in the table.
pub(super) fn complete(
    series: Series,
    rows: &[usize],
    column: Option<&ColumnSchema>,
) -> Result<Series, SeriesError> {
    let n = series.len();
    if n < 3 {
        return Ok(series);
    }
    let step = series.step();
    let steps: Vec<f64> = series.times.windows(2).map(|pair| (pair[1] - pair[0]) / step).collect();
    let is_off = |steps: &f64| *steps < 0.5 || (steps - steps.round()).abs() > SLACK;
    if let Some(i) = steps.iter().position(is_off) {
        return Err(SeriesError::Irregular {
            entity: series.entity.clone(),
            step: rounded(step),
            row: rows[i + 1] + 1,
            time: moment(column, series.times[i + 1]),
            found: rounded(steps[i] * step),
        });
    }
    let places = 1.0 + steps.iter().map(|steps| steps.round()).sum::<f64>();
    if places > MOST_TIMES * n as f64 + MOST_BEYOND {
        return Err(SeriesError::Sparse { step, places, rows: n });
    }
    if places as usize == n {
        return Ok(series);
    }
    let n_channels = series.values.len();
    let room = places as usize;
    let mut whole = Series { entity: series.entity.clone(), ..Series::default() };
    whole.values = vec![Vec::with_capacity(room); n_channels];
    for i in 0..n {
        whole.times.push(series.times[i]);
        whole.values.iter_mut().zip(&series.values).for_each(|(to, from)| to.push(from[i]));
        whole.labels.extend(series.labels.get(i));
        for k in 1..steps.get(i).map_or(1, |steps| steps.round() as usize) {
            whole.times.push(series.times[i] + k as f64 * step);
            whole.values.iter_mut().for_each(|to| to.push(f64::NAN));
            whole.labels.extend(series.labels.get(i).map(|_| false));
        }
    }
    Ok(whole)
}

/// The series cut where more than one and a half steps lie between two points.
pub(super) fn split(series: &Series) -> Vec<Series> {
    let step = series.step();
    let mut parts = Vec::new();
    let mut start = 0;
    for i in 1..=series.len() {
        if i == series.len() || series.times[i] - series.times[i - 1] > 1.5 * step {
            parts.push(series.slice(start, i));
            start = i;
        }
    }
    parts
}
