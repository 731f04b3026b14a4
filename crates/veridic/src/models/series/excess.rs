//! How surprising the largest of many values is, beyond what was seen.

use super::surprise::bounded;
use crate::models::Stored;

/// The share of values that lie below the threshold.
const BODY: f64 = 0.95;
/// Of fewer values none is a surprise.
const LEAST: usize = 50;
/// A scale is at least this share of the threshold.
const SCALE_FLOOR: f64 = 0.02;
/// The heaviest tail: of one heavier than this the mean hardly exists.
const HEAVIEST: f64 = 0.9;

/// The tail of a statistic of single values: a generalized Pareto distribution of what exceeds the 95 % quantile.
///
/// Scale and shape are by probability-weighted moments (Hosking and Wallis, Parameter and quantile estimation for the generalized
/// Pareto distribution, 1987, section 3), the shape lower by one standard error and at least 0: the lightest tail that the values
/// allow, so that an unusual one among them does not hide itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Excess {
    start: f64,
    scale: f64,
    shape: f64,
    /// Values there were; 0 where nothing is a surprise.
    count: usize,
}

impl Excess {
    /// Nothing is a surprise.
    pub(super) fn none() -> Self {
        Self { start: 0.0, scale: 1.0, shape: 0.0, count: 0 }
    }

    /// Learns from finite values in any order; the scale is at least `floor`.
    pub(super) fn fit(mut values: Vec<f64>, floor: f64) -> Self {
        if values.len() < LEAST {
            return Self::none();
        }
        values.sort_unstable_by(f64::total_cmp);
        let start = values[(BODY * values.len() as f64) as usize];
        let beyond = &values[values.partition_point(|value| *value <= start)..];
        let n = beyond.len().max(1) as f64;
        let mean = beyond.iter().map(|value| value - start).sum::<f64>() / n;
        let weighted = |(i, value): (usize, &f64)| (1.0 - (i as f64 + 0.65) / n) * (value - start);
        let weighted = beyond.iter().enumerate().map(weighted).sum::<f64>() / n;
        let apart = mean - 2.0 * weighted;
        let shape = if apart > 0.0 { 2.0 - mean / apart } else { HEAVIEST };
        let shape = (shape - 1.0 / n.sqrt()).clamp(0.0, HEAVIEST);
        let scale = (mean * (1.0 - shape)).max(SCALE_FLOOR * start.abs()).max(floor);
        Self { start, scale, shape, count: values.len() }
    }

    /// The negative log of the chance that any of as many values as were learned from is at least `value` (its bound by their
    /// number), in nats from 0; 0 below the threshold.
    pub(super) fn surprise(&self, value: f64) -> f64 {
        if self.count == 0 || value <= self.start {
            return 0.0;
        }
        let beyond = (value - self.start) / self.scale;
        let tail = if self.shape > 0.0 { (self.shape * beyond).ln_1p() / self.shape } else { beyond };
        bounded(tail - (1.0 - BODY).ln() - (self.count as f64).ln())
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("excess", &[3], vec![self.start, self.scale, self.shape]);
        stored.insert("count", &[1], vec![self.count as u64]);
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        match (stored.values::<f64>("excess")?, stored.values::<u64>("count")?) {
            (&[start, scale, shape], &[count])
                if start.is_finite()
                    && scale > 0.0
                    && scale.is_finite()
                    && (0.0..=HEAVIEST).contains(&shape) =>
            {
                Ok(Self { start, scale, shape, count: count as usize })
            }
            _ => Err("`excess` is no threshold, scale and shape".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at even places of a distribution.
    fn spread(n: usize, at: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..n).map(|i| at((i as f64 + 0.5) / n as f64)).collect()
    }

    #[test]
    fn of_an_exponential_and_a_heavy_tail_the_chance_is_the_true_one() {
        let exponential = Excess::fit(spread(20_000, |p| -(1.0 - p).ln()), 0.0);
        // The value that one of n exceeds has one nat of chance in n: 0 nats, and 5 further 5.
        let n = 20_000f64.ln();
        assert!((exponential.surprise(n + 5.0) - 5.0).abs() < 0.3, "{exponential:?}");
        assert_eq!(exponential.surprise(n - 1.0), 0.0);
        assert!((1000.0..2000.0).contains(&exponential.surprise(f64::MAX)));
        let heavy = Excess::fit(spread(20_000, |p| (1.0 - p).powf(-0.3)), 0.0);
        let found = heavy.surprise((0.3 * (n + 5.0)).exp());
        assert!((found - 5.0).abs() < 1.5 && heavy.shape > 0.2, "{found} {heavy:?}");
    }

    #[test]
    fn an_unusual_value_does_not_hide_itself() {
        let mut values = spread(3000, |p| -(1.0 - p).ln());
        values[0] = 40.0;
        assert!(Excess::fit(values, 0.0).surprise(40.0) > 3.0);
    }

    #[test]
    fn constants_few_values_and_damage_are_told() {
        let constant = Excess::fit(vec![1.0; 500], 0.5);
        assert_eq!(constant.surprise(1.0), 0.0);
        assert!(constant.surprise(10.0) > 5.0);
        assert_eq!(Excess::fit(vec![0.0; 20], 0.5), Excess::none());
        assert_eq!(Excess::none().surprise(1e9), 0.0);
        assert_eq!(Excess::restore(&constant.store()), Ok(constant.clone()));
        let mut damaged = constant.store();
        damaged.insert("excess", &[3], vec![1.0, 0.0, 0.0]);
        assert!(Excess::restore(&damaged).is_err());
    }
}
