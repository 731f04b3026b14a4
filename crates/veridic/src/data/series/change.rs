//! Changes from point to point.

use super::{Series, SeriesSet};
use crate::error::SeriesError;

impl SeriesSet {
    /// The differences between points that follow each other; each belongs to the later one. Next to a missing value it is
    /// missing.
    #[must_use]
    pub fn differences(&self) -> Self {
        let of = |series: &Series| changed(series, |before, after| after - before);
        Self { series: self.series.iter().map(of).collect(), ..self.clone() }
    }

    /// The log returns `ln(x_t / x_(t-1))`, likewise.
    ///
    /// # Errors
    /// [`SeriesError::NotPositive`] for the first value that is 0 or less.
    pub fn log_returns(&self) -> Result<Self, SeriesError> {
        for series in &self.series {
            for (channel, values) in self.channels.iter().zip(&series.values) {
                if let Some(i) = values.iter().position(|value| *value <= 0.0) {
                    return Err(SeriesError::NotPositive {
                        entity: series.entity.clone(),
                        channel: channel.clone(),
                        point: i + 1,
                        value: values[i],
                    });
                }
            }
        }
        let of = |series: &Series| changed(series, |before, after| (after / before).ln());
        Ok(Self { series: self.series.iter().map(of).collect(), ..self.clone() })
    }
}

fn changed(series: &Series, change: impl Fn(f64, f64) -> f64) -> Series {
    let of = |values: &Vec<f64>| values.windows(2).map(|pair| change(pair[0], pair[1])).collect();
    Series {
        entity: series.entity.clone(),
        times: series.times.iter().skip(1).copied().collect(),
        values: series.values.iter().map(of).collect(),
        labels: series.labels.iter().skip(1).copied().collect(),
    }
}
