//! One quantity's distribution: from values to standard normal scores and back.

use crate::models::Stored;
use crate::seed::normal_quantile;

/// Order statistics that are kept.
const KEPT: usize = 1 << 15;

/// Sorted values of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Margin(Vec<f64>);

impl Margin {
    /// Of finite values, at least one.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        if n > KEPT {
            let last = (n - 1) as f64;
            values = (0..KEPT).map(|i| values[(i as f64 * last / (KEPT - 1) as f64) as usize]).collect();
        }
        Self(values)
    }

    /// `Φ⁻¹((rank + 1/2) / (n + 1))`, ties at the middle of their ranks.
    pub(super) fn score(&self, value: f64) -> f64 {
        let below = self.0.partition_point(|other| *other < value);
        let until = self.0.partition_point(|other| *other <= value);
        let n = self.0.len() as f64;
        let share = (below + until + 1) as f64 / 2.0 / (n + 1.0);
        normal_quantile(share.clamp(0.5 / n, 1.0 - 0.5 / n))
    }

    /// The value at the share of a score, linear between values.
    pub(super) fn value(&self, score: f64) -> f64 {
        let last = self.0.len() - 1;
        let position = normal_share(score) * last as f64;
        let below = (position as usize).min(last.saturating_sub(1));
        let (low, high) = (self.0[below], self.0[(below + 1).min(last)]);
        low + (high - low) * (position - below as f64)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("sorted", &[self.0.len()], self.0.clone());
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let sorted = stored.values::<f64>("sorted")?.to_vec();
        if sorted.is_empty() || !sorted.is_sorted() || sorted.iter().any(|value| !value.is_finite()) {
            return Err("`sorted` is not a list of numbers in order".into());
        }
        Ok(Self(sorted))
    }
}

/// The share of the standard normal distribution below `z`; absolute error below 1e-14.
///
/// A series near the middle, a continued fraction in the tails (Abramowitz and Stegun 26.2.11 and 26.2.14).
fn normal_share(z: f64) -> f64 {
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    if z.abs() < 3.0 {
        let (mut term, mut sum, mut k) = (z, z, 1.0);
        while term.abs() > 1e-17 * (1.0 + sum.abs()) {
            k += 2.0;
            term *= z * z / k;
            sum += term;
        }
        return 0.5 + density * sum;
    }
    let mut fraction = 0.0;
    for k in (1..=60).rev() {
        fraction = f64::from(k) / (z.abs() + fraction);
    }
    let tail = density / (z.abs() + fraction);
    if z < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_undo_quantiles() {
        for z in [-8.0, -3.1, -2.9, -1.0, 0.0, 0.3, 2.99, 3.01, 5.0] {
            assert!((normal_quantile(normal_share(z)) - z).abs() < 1e-7 * (1.0 + z.abs()), "{z}");
        }
        assert_eq!((normal_share(-60.0), normal_share(60.0)), (0.0, 1.0));
    }

    #[test]
    fn values_come_back_within_their_neighbors_and_ties_are_one_score() {
        let margin = Margin::of((0..1000).map(|i| f64::from(i).powi(2)).collect());
        for value in [0.0, 25.0, 250_000.0, 998_001.0] {
            let back = margin.value(margin.score(value));
            assert!((back.sqrt() - value.sqrt()).abs() < 1.0, "{value} {back}");
        }
        let tied = Margin::of(vec![1.0, 2.0, 2.0, 2.0, 3.0]);
        assert!(tied.score(2.0).abs() < 1e-12 && tied.score(1.0) < -0.5);
        assert_eq!(Margin::of(vec![7.0]).value(2.0), 7.0);
        assert_eq!(Margin::restore(&margin.store()), Ok(margin));
        assert!(Margin::restore(&Stored::default()).is_err());
    }
}
