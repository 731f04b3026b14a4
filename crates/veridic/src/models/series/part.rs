//! One channel of a series, ready for a detector.

use crate::data::series::Series;

/// A value counts as at most this, so that no square overflows, not even in single precision.
const LARGEST: f64 = 1e17;

/// A channel of a series without missing values.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) entity: &'a str,
    pub(super) times: &'a [f64],
    pub(super) values: Vec<f64>,
    /// Which values were missing; empty where none was.
    pub(super) filled: Vec<bool>,
}

impl<'a> Part<'a> {
    /// Channel `channel` of `series`; missing values lie on a line between their neighbors, or are as the nearest at the ends.
    pub(super) fn of(series: &'a Series, channel: usize) -> Self {
        let known = &series.values[channel];
        let mut values = filled(known);
        values.iter_mut().for_each(|value| *value = value.clamp(-LARGEST, LARGEST));
        let is_missing = |value: &f64| !value.is_finite();
        let filled =
            if known.iter().any(is_missing) { known.iter().map(is_missing).collect() } else { Vec::new() };
        Self { entity: &series.entity, times: &series.times, values, filled }
    }

    /// The same with each value changed.
    pub(super) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        let values = self.values.iter().map(|value| change(*value)).collect();
        Self { values, filled: self.filled.clone(), ..*self }
    }

    /// Whether a value was missing.
    pub(super) fn is_filled(&self, i: usize) -> bool {
        self.filled.get(i).copied().unwrap_or(false)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

/// The values with missing ones on a line between their neighbors, or as the nearest at the ends; 0 where all are missing.
pub(super) fn filled(values: &[f64]) -> Vec<f64> {
    let mut filled = values.to_vec();
    let known: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_finite()).collect();
    let (Some(&first), Some(&last)) = (known.first(), known.last()) else {
        filled.fill(0.0);
        return filled;
    };
    filled[..first].fill(values[first]);
    filled[last..].fill(values[last]);
    for pair in known.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        for (i, value) in filled.iter_mut().enumerate().take(to).skip(from + 1) {
            let share = (i - from) as f64 / (to - from) as f64;
            *value = values[from] + (values[to] - values[from]) * share;
        }
    }
    filled
}

/// The largest number of points in one of the parts.
pub(super) fn longest(parts: &[Part<'_>]) -> usize {
    parts.iter().map(Part::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_lie_on_a_line() {
        let gap = f64::NAN;
        assert_eq!(filled(&[gap, 1.0, gap, gap, 4.0, gap]), [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
        assert_eq!(filled(&[gap, gap]), [0.0, 0.0]);
        assert_eq!(filled(&[f64::INFINITY, 2.0]), [2.0, 2.0]);
    }
}
