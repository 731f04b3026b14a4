//! How surprising a value is, in nats, by the values that were seen before.

use crate::models::Stored;

/// The share of values whose surprise is that of their rank; beyond it grows in proportion to the excess.
const BODY: f64 = 0.95;
/// So many nats are believed; what is beyond them only ranks.
const MOST: f64 = 1000.0;
/// Order statistics that are kept.
const KEPT: usize = 1 << 16;

/// Sorted values; of many only every so manieth, and the last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranks {
    sorted: Vec<f64>,
    /// Values there were.
    count: usize,
}

impl Ranks {
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let count = values.len();
        if count > KEPT {
            let last = (count - 1) as f64;
            values = (0..KEPT).map(|i| values[(i as f64 * last / (KEPT - 1) as f64) as usize]).collect();
        }
        Self { sorted: values, count }
    }

    /// Values that are at least `value`.
    fn at_least(&self, value: f64) -> f64 {
        let above = self.sorted.len() - self.sorted.partition_point(|other| *other < value);
        above as f64 * self.count as f64 / self.sorted.len().max(1) as f64
    }

    /// The value below which the share `q` lies, linear between values; 0 without values.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let Some(last) = self.sorted.len().checked_sub(1) else { return 0.0 };
        let position = q.clamp(0.0, 1.0) * last as f64;
        let (low, high) = (self.sorted[position.floor() as usize], self.sorted[position.ceil() as usize]);
        low + (high - low) * position.fract()
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("sorted", &[self.sorted.len()], self.sorted.clone());
        stored.insert("count", &[1], vec![self.count as u64]);
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let sorted = stored.values::<f64>("sorted")?.to_vec();
        let count = stored.values::<u64>("count")?.first().map_or(0, |count| *count as usize);
        if count < sorted.len() || !sorted.is_sorted() {
            return Err("`sorted` is not in order, or more than `count`".into());
        }
        Ok(Self { sorted, count })
    }
}

/// Nats of 0 or more; beyond 1000 they only grow with their logarithm, so that no square overflows, and still rank.
pub(super) fn bounded(nats: f64) -> f64 {
    if nats > MOST { MOST + (nats / MOST).min(f64::MAX).ln() } else { nats.max(0.0) }
}

/// What has been seen of a statistic that is high where something is unusual.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tail {
    ranks: Ranks,
    /// Where the tail begins.
    start: f64,
    /// Mean excess over it.
    excess: f64,
}

impl Tail {
    /// Learns from values in any order; an excess counts as at least `floor` times the start of the tail and 1e-9.
    pub(super) fn fit(mut sorted: Vec<f64>, floor: f64) -> Self {
        sorted.sort_unstable_by(f64::total_cmp);
        let start =
            sorted.get((BODY * sorted.len() as f64) as usize).or(sorted.last()).copied().unwrap_or(0.0);
        let beyond = &sorted[sorted.partition_point(|value| *value <= start)..];
        let mean = beyond.iter().map(|value| value - start).sum::<f64>() / beyond.len().max(1) as f64;
        Self { ranks: Ranks::of(sorted), start, excess: mean.max(floor * start.abs()).max(1e-9) }
    }

    /// The negative log of the share of seen values that are at least `value`, bounded; beyond the 95 % quantile as of an
    /// exponential tail with the mean excess that was seen.
    pub(super) fn surprise(&self, value: f64) -> f64 {
        let nats = if value > self.start {
            (value - self.start) / self.excess - (1.0 - BODY).ln()
        } else {
            -((self.ranks.at_least(value) + 0.5) / (self.ranks.count + 1) as f64).ln()
        };
        bounded(nats)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = self.ranks.store();
        stored.insert("tail", &[2], vec![self.start, self.excess]);
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        match *stored.values::<f64>("tail")? {
            [start, excess] if excess > 0.0 && start.is_finite() => {
                Ok(Self { ranks: Ranks::restore(stored)?, start, excess })
            }
            _ => Err("`tail` is no start and excess above 0".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surprise_is_the_log_of_the_rank_and_then_grows_with_the_excess() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let tail = Tail::fit(values, 0.0);
        assert!((tail.surprise(500.0) - (1001.0f64 / 500.5).ln()).abs() < 1e-12);
        // 950 is the start; the 49 values above it exceed it by 25 in the mean.
        assert!((tail.surprise(1000.0) - (50.0 / 25.0 + 20f64.ln())).abs() < 1e-12);
        // What no one believes still ranks.
        assert!(tail.surprise(1e9) > tail.surprise(1e8) && tail.surprise(1e8) > 1000.0);
        assert!(tail.surprise(f64::MAX) < 2000.0 && tail.surprise(-5.0) < 1e-3);
        assert_eq!(Tail::restore(&tail.store()), Ok(tail));
    }

    #[test]
    fn a_constant_is_no_surprise_and_anything_else_is() {
        let tail = Tail::fit(vec![0.0; 50], 0.02);
        assert!(tail.surprise(0.0) < 0.02);
        assert!(tail.surprise(1e-3) > 1000.0);
    }

    #[test]
    fn many_values_keep_their_quantiles_and_damage_is_told() {
        let ranks = Ranks::of((0..300_000).rev().map(f64::from).collect());
        assert!((ranks.quantile(0.99) - 297_000.0).abs() < 10.0 && ranks.quantile(1.0) == 299_999.0);
        assert!((ranks.at_least(150_000.0) / 150_000.0 - 1.0).abs() < 1e-4);
        let mut stored = ranks.store();
        stored.insert("count", &[1], vec![3_u64]);
        assert!(Ranks::restore(&stored).is_err());
        assert!(Ranks::restore(&Stored::default()).is_err());
        assert_eq!(Ranks::of(Vec::new()).quantile(0.5), 0.0);
    }
}
