//! Numbers by their rank among the training rows, as normal scores.

use crate::seed::normal_quantile;

/// Knots that are kept; with fewer different values the ranks are exact.
const KNOTS: usize = 4096;

/// Values at each end that are all kept: ranks matter most there.
const ENDS: usize = 256;

/// The ranks of a column's values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::models) struct Ranks {
    /// Values, ascending.
    pub(in crate::models) values: Vec<f64>,
    /// Training values below each.
    pub(in crate::models) below: Vec<u32>,
    /// Training values not above each.
    pub(in crate::models) through: Vec<u32>,
    /// Training values.
    pub(in crate::models) count: u32,
}

impl Ranks {
    /// Learns from values; NaN is left out.
    pub(in crate::models) fn fit(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let runs = sorted.chunk_by(|a, b| a == b).count();
        let step = runs.saturating_sub(2 * ENDS).div_ceil(KNOTS).max(1);
        let mut ranks = Self { count: sorted.len() as u32, ..Self::default() };
        let mut below = 0;
        for (i, run) in sorted.chunk_by(|a, b| a == b).enumerate() {
            let through = below + run.len() as u32;
            if i < ENDS || i + ENDS >= runs || (i - ENDS).is_multiple_of(step) {
                ranks.values.push(run[0]);
                ranks.below.push(below);
                ranks.through.push(through);
            }
            below = through;
        }
        ranks
    }

    /// `Φ⁻¹` of the middle of the ranks that a value has, and how far it lies beyond the training values.
    pub(in crate::models) fn score(&self, value: f64) -> f64 {
        let Some((&first, &last)) = self.values.first().zip(self.values.last()) else { return 0.0 };
        let n = f64::from(self.count);
        let at = self.values.partition_point(|knot| *knot < value);
        let (below, through) = match self.values.get(at) {
            Some(knot) if *knot == value => (f64::from(self.below[at]), f64::from(self.through[at])),
            None => (n, n),
            Some(_) if at == 0 => (0.0, 0.0),
            Some(knot) => {
                // Between knots that were kept, ranks are taken for evenly spread.
                let (low, high) = (f64::from(self.through[at - 1]), f64::from(self.below[at]));
                let share = (value - self.values[at - 1]) / (knot - self.values[at - 1]);
                let rank = (low + (high - low) * share).round();
                (rank, rank)
            }
        };
        let half = 0.5 / (n + 1.0);
        let share = ((below + through + 1.0) * half).clamp(half, 1.0 - half);
        normal_quantile(share) + (value - last).max(0.0) + (value - first).min(0.0)
    }

    /// Whether what was read back can be worked with.
    pub(in crate::models) fn check(&self) -> bool {
        let n = self.values.len();
        let rising = self.values.windows(2).all(|pair| pair[0] < pair[1]);
        let counts = self.below.iter().zip(&self.through).all(|(below, through)| below < through);
        let last = self.through.last().is_none_or(|through| *through <= self.count);
        self.below.len() == n && self.through.len() == n && rising && counts && last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_all_values() {
        let values = [3.0, 1.0, 1.0, f64::NAN, 7.0];
        let ranks = Ranks::fit(&values);
        let expected = |below: f64, through: f64| normal_quantile((below + through + 1.0) / 10.0);
        for (value, score) in
            [(1.0, expected(0.0, 2.0)), (2.0, expected(2.0, 2.0)), (7.0, expected(3.0, 4.0))]
        {
            assert!((ranks.score(value) - score).abs() < 1e-12, "{value}");
        }
        assert!((ranks.score(9.0) - normal_quantile(0.9) - 2.0).abs() < 1e-12, "beyond the end by 2");
        assert!((ranks.score(-1.0) - normal_quantile(0.1) + 2.0).abs() < 1e-12);
        assert_eq!(Ranks::fit(&[]).score(1.0), 0.0);
    }

    #[test]
    fn many_values_are_thinned_but_hardly_moved() {
        let values: Vec<f64> = (0..50_000).map(|i| f64::from(i).sqrt()).collect();
        let ranks = Ranks::fit(&values);
        assert!(ranks.values.len() < KNOTS + 2 * ENDS + 2 && ranks.check());
        for i in (0..50_000).step_by(97).chain([49_999]) {
            let exact = normal_quantile((2.0 * i as f64 + 2.0) / 100_002.0);
            assert!((ranks.score(values[i]) - exact).abs() < 5e-3, "{i}");
        }
    }
}
