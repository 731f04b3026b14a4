//! Statistics as surprises: how far in the upper tail of those of left-out training rows.

use super::stored::Parts;
use crate::models::Stored;

/// From here on the tail is taken for exponential.
const QUANTILE: f64 = 0.95;

/// Surprises above count by their logarithm, so that one statistic does not drown all others.
const MOST: f64 = 1000.0;

/// The values of a statistic on left-out training rows.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::models) struct Tail {
    sorted: Vec<f64>,
    start: f64,
    /// Mean excess over `start`.
    excess: f64,
}

impl Tail {
    /// Of finite values in any order; none make everything unsurprising. The mean excess is at least `least`: where the values
    /// hardly differ, the next larger one is not a thousand times as surprising.
    pub(in crate::models) fn new(mut values: Vec<f64>, least: f64) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let last = values.len().saturating_sub(1);
        let start = values.get(((QUANTILE * values.len() as f64) as usize).min(last)).copied().unwrap_or(0.0);
        let above = &values[values.partition_point(|value| *value <= start)..];
        let excess = above.iter().map(|value| value - start).sum::<f64>() / above.len().max(1) as f64;
        Self { sorted: values, start, excess: excess.max(least) }
    }

    /// `-ln` of the share of left-out rows with a value at least as large, nats; beyond the 95 % quantile the tail is
    /// exponential with the mean excess found there.
    pub(in crate::models) fn surprise(&self, value: f64) -> f64 {
        let n = self.sorted.len() as f64;
        let nats = if value > self.start {
            -(1.0 - QUANTILE).ln() + (value - self.start) / self.excess
        } else {
            let at_least = n - self.sorted.partition_point(|other| *other < value) as f64;
            -((at_least + 0.5) / (n + 1.0)).min(1.0).ln()
        };
        if nats > MOST { MOST * (1.0 + (nats / MOST).ln()) } else { nats }
    }

    /// The share itself, above 0 and at most 1; beyond the 95 % quantile that of one more value from an exponential tail whose
    /// mean is known from `m` excesses alone, `(1 + x / m)^-m` at `x` mean excesses: few rows never promise one in a billion.
    pub(in crate::models) fn probability(&self, value: f64) -> f64 {
        if value <= self.start {
            return (-self.surprise(value)).exp();
        }
        let above = self.sorted.len() - self.sorted.partition_point(|other| *other <= self.start);
        let (m, x) = (above.max(1) as f64, (value - self.start) / self.excess);
        ((1.0 - QUANTILE).ln() - m * (x / m).ln_1p()).exp().max(f64::MIN_POSITIVE)
    }

    /// The least value that at most this share of the rows exceed; 0 of none.
    pub(in crate::models) fn at(&self, share: f64) -> f64 {
        let n = self.sorted.len();
        let above = (share.clamp(0.0, 1.0) * n as f64).floor() as usize;
        self.sorted.get((n - above.min(n)).min(n.saturating_sub(1))).copied().unwrap_or(0.0)
    }

    /// The median; 0 of none.
    pub(in crate::models) fn median(&self) -> f64 {
        self.sorted.get(self.sorted.len() / 2).copied().unwrap_or(0.0)
    }

    /// The largest; 0 of none.
    pub(in crate::models) fn largest(&self) -> f64 {
        self.sorted.last().copied().unwrap_or(0.0)
    }

    pub(in crate::models) fn store(&self, stored: &mut Stored, name: &str) {
        stored.insert(name, &[self.sorted.len()], self.sorted.clone());
        stored.insert(format!("{name}.excess"), &[1], vec![self.excess]);
    }

    pub(in crate::models) fn restore(stored: &Stored, name: &str) -> Result<Self, String> {
        let values = stored.values::<f64>(name)?;
        let excess = stored.finite(&format!("{name}.excess"), 1)?[0];
        if excess <= 0.0 {
            return Err(format!("`{name}.excess` is above 0"));
        }
        Ok(Self { excess, ..Self::new(stored.finite(name, values.len())?, excess) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surprise_is_the_share_above_and_goes_on_beyond() {
        let tail = Tail::new((0..1000).rev().map(f64::from).collect(), 1e-9);
        assert!((tail.surprise(500.0) - (1001.0_f64 / 500.5).ln()).abs() < 1e-12);
        assert!((tail.surprise(950.0) - (1001.0_f64 / 50.5).ln()).abs() < 1e-12);
        // Above the quantile 950 the mean excess is 25.
        assert!((tail.surprise(1200.0) - (20.0_f64.ln() + 10.0)).abs() < 1e-12);
        assert!(tail.surprise(1e9) > tail.surprise(1e8) && tail.surprise(1e9) < 1e5);
        assert!(tail.probability(1e9) > 0.0 && tail.probability(-5.0) <= 1.0);
        // 49 values lie above 950.
        assert!((tail.probability(1200.0) / (0.05 * (59.0_f64 / 49.0).powi(-49)) - 1.0).abs() < 1e-9);
        let few = Tail::new(vec![1.0, 2.0, 3.0], 0.05);
        assert!(few.probability(30.0) > 1e-5 && few.probability(30.0) < few.probability(4.0));
        assert_eq!(
            (Tail::new(Vec::new(), 1e-9).surprise(0.0), tail.median(), tail.largest()),
            (-(0.5_f64.ln()), 500.0, 999.0)
        );
    }

    #[test]
    fn surprise_never_falls() {
        let tail = Tail::new(vec![1.0, 1.0, 1.0, 2.0, 2.0, 7.0], 1e-9);
        let surprises: Vec<f64> =
            [0.0, 1.0, 1.5, 2.0, 3.0, 7.0, 7.1, 8.0, 1e300].map(|v| tail.surprise(v)).to_vec();
        assert!(surprises.windows(2).all(|pair| pair[0] <= pair[1]), "{surprises:?}");
    }
}
