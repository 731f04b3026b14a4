//! Series on a grid of another step.

use super::{Aggregate, Series, SeriesSet};
use crate::error::SeriesError;

/// As many places a grid may have for each row, and beyond.
const MOST_TIMES: f64 = 20.0;
const MOST_BEYOND: f64 = 100_000.0;

impl SeriesSet {
    /// The series on a grid of `step` (in seconds, or the unit of the times), at whole multiples of it: each point stands for
    /// the rows from its time up to the next. Steps without a row are missing.
    ///
    /// # Errors
    /// A step that is not above 0, or one with far more places than there are points.
    pub fn resample(&self, step: f64, aggregate: Aggregate) -> Result<Self, SeriesError> {
        let series = self.series.iter().map(|series| resample(series, step, aggregate));
        Ok(Self { series: series.collect::<Result<_, _>>()?, ..self.clone() })
    }
}

pub(super) fn resample(series: &Series, step: f64, aggregate: Aggregate) -> Result<Series, SeriesError> {
    if !(step > 0.0 && step.is_finite()) {
        return Err(SeriesError::Range { name: "step", found: step, allowed: "numbers above 0" });
    }
    let (Some(first), Some(last)) = (series.times.first(), series.times.last()) else {
        return Ok(series.clone());
    };
    let place = |time: f64| (time / step).floor();
    let places = place(*last) - place(*first) + 1.0;
    if places > MOST_TIMES * series.len() as f64 + MOST_BEYOND {
        return Err(SeriesError::Sparse { step, places, rows: series.len() });
    }
    let n = places as usize;
    let cell = |time: f64| (place(time) - place(*first)) as usize;
    let mut values = Vec::with_capacity(series.values.len());
    for channel in &series.values {
        let mut bins = vec![(f64::NAN, 0.0); n];
        for (time, value) in series.times.iter().zip(channel).filter(|(_, value)| !value.is_nan()) {
            let (held, count) = &mut bins[cell(*time)];
            *held = match aggregate {
                _ if *count == 0.0 => *value,
                Aggregate::Mean | Aggregate::Sum => *held + value,
                Aggregate::Min => held.min(*value),
                Aggregate::Max => held.max(*value),
                Aggregate::First => *held,
                Aggregate::Last => *value,
            };
            *count += 1.0;
        }
        let is_mean = aggregate == Aggregate::Mean;
        let value = |(held, count): (f64, f64)| if is_mean && count > 0.0 { held / count } else { held };
        values.push(bins.into_iter().map(value).collect());
    }
    let mut labels = vec![false; if series.labels.is_empty() { 0 } else { n }];
    for (time, label) in series.times.iter().zip(&series.labels) {
        labels[cell(*time)] |= label;
    }
    let start = place(*first);
    let times = (0..n).map(|i| (start + i as f64) * step).collect();
    Ok(Series { entity: series.entity.clone(), times, values, labels })
}
