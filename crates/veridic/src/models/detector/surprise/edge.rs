//! Numbers where no training row has any: beyond the ends of a column by more than its tails let expect, or between its few values.
//!
//! The distances of a row see one such number among many columns hardly, and how rare a value is tells nothing once none is as
//! rare. Tails are generalized Pareto with the probability-weighted moments of J. R. M. Hosking and J. R. Wallis (Technometrics
//! 29 (1987)): amounts, whose tails are heavy, go further than ages.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::encoding::{States, Unseen};

/// The share of rows beyond which the tail at each end is learned.
const SHARE: f64 = 0.05;

/// Fewest rows, and of these beyond that share, that tell anything.
const LEAST_ROWS: usize = 100;
const LEAST_BEYOND: usize = 5;

/// With at most so many different numbers, each in as many rows at least, another one is new.
const FEW: usize = 25;
const ROWS_EACH: usize = 10;

/// Tables of which a number of one training row is expected to be beyond the ends.
const MARGIN: f64 = 5.0;

/// Most nats of a cell: how much further off it is, the distances tell.
const MOST: f64 = 30.0;

/// Where the numbers of a column are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Support {
    /// At few values, ascending; another one has so many `nats`.
    Few { values: Vec<f64>, nats: f64 },
    /// In between two ends; a cell is strange by what is beyond `usual` nats.
    Between { low: Option<Edge>, high: Option<Edge>, usual: f64 },
    /// Not known.
    Anywhere,
}

/// The tail beyond an end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edge {
    start: f64,
    scale: f64,
    shape: f64,
}

impl Edge {
    /// Of numbers of which the last, ascending, are the tail; `None` where they are too few.
    fn fit(sorted: &[f64]) -> Option<Self> {
        let start = sorted[((1.0 - SHARE) * sorted.len() as f64) as usize];
        let beyond: Vec<f64> =
            sorted.iter().filter(|value| **value > start).map(|value| value - start).collect();
        let m = beyond.len() as f64;
        if beyond.len() < LEAST_BEYOND {
            return None;
        }
        let mean = beyond.iter().sum::<f64>() / m;
        let weighted = |(i, excess): (usize, &f64)| (1.0 - (i as f64 + 0.65) / m) * excess;
        let moment = beyond.iter().enumerate().map(weighted).sum::<f64>() / m;
        let apart = mean - 2.0 * moment;
        // Of few rows no tail is known to end as soon as an exponential one.
        let least = 1.0 / m;
        let edge = match 2.0 - mean / apart {
            shape if apart > 0.0 && shape > least => {
                Self { start, scale: 2.0 * mean * moment / apart, shape: shape.min(1.0) }
            }
            _ => Self { start, scale: mean, shape: least },
        };
        (edge.scale > 0.0).then_some(edge)
    }

    /// `-ln` of the share of rows that are as far.
    fn nats(&self, value: f64) -> f64 {
        let beyond = (value - self.start).max(0.0);
        (self.shape * beyond / self.scale).ln_1p() / self.shape - SHARE.ln()
    }

    fn check(&self) -> bool {
        self.start.is_finite() && self.scale > 0.0 && self.shape > 0.0 && self.scale.is_finite()
    }
}

impl Support {
    /// Of the cells of `rows` training rows, by column.
    pub(super) fn fit(states: &[States], rows: usize) -> Vec<Self> {
        let mut supports: Vec<Self> =
            states.par_iter().map(|column| Self::of_column(column, states.len())).collect();
        // Of no such column a row had another number: half a row of each is reckoned to.
        let few = supports.iter().filter(|support| matches!(support, Self::Few { .. })).count();
        let new = ((rows as f64 + 1.0) / (0.5 * few as f64)).ln().max(0.0);
        for support in &mut supports {
            if let Self::Few { nats, .. } = support {
                *nats = new;
            }
        }
        supports
    }

    fn of_column(states: &States, columns: usize) -> Self {
        let States::Numbers(z) = states else { return Self::Anywhere };
        let mut sorted: Vec<f64> = z.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let rows = sorted.len();
        if rows < LEAST_ROWS {
            return Self::Anywhere;
        }
        let mut values = sorted.chunk_by(|a, b| a == b);
        if values.clone().count() <= FEW && values.all(|own| own.len() >= ROWS_EACH) {
            sorted.dedup();
            return Self::Few { values: sorted, nats: 0.0 };
        }
        // Hardly one of all rows and columns is as far as this; where one is farther, the tail is not as it was taken for.
        let usual = (MARGIN * rows as f64 * columns as f64).ln();
        let fit = |sorted: &[f64]| Edge::fit(sorted).filter(|edge| edge.nats(sorted[rows - 1]) <= usual);
        let high = fit(&sorted);
        sorted.reverse();
        sorted.iter_mut().for_each(|value| *value = -*value);
        let low = fit(&sorted);
        Self::Between { low, high, usual }
    }

    /// How strange a number is by where it is, nats.
    fn nats(&self, z: f64) -> f64 {
        let nats = match self {
            Self::Few { values, nats } => {
                let is_known = values.binary_search_by(|value| value.total_cmp(&z)).is_ok();
                if is_known { 0.0 } else { *nats }
            }
            Self::Between { low, high, usual } => {
                let low = low.map_or(0.0, |edge| edge.nats(-z));
                low.max(high.map_or(0.0, |edge| edge.nats(z))) - usual
            }
            Self::Anywhere => 0.0,
        };
        nats.clamp(0.0, MOST)
    }

    /// Whether what was read back can be worked with.
    pub(super) fn check(&self) -> bool {
        match self {
            Self::Few { values, nats } => nats.is_finite() && values.windows(2).all(|pair| pair[0] < pair[1]),
            Self::Between { low, high, usual } => {
                [low, high].into_iter().flatten().all(Edge::check) && usual.is_finite()
            }
            Self::Anywhere => true,
        }
    }
}

/// The cells of rows with numbers where training rows have none, by row and column.
pub(super) fn beyond(supports: &[Support], states: &[States]) -> Vec<Unseen> {
    let mut cells = Vec::new();
    for ((support, states), column) in supports.iter().zip(states).zip(0..) {
        let States::Numbers(z) = states else { continue };
        let numbers = z.iter().zip(0..).filter(|(z, _)| !z.is_nan());
        let strange = numbers.map(|(z, row)| Unseen { row, column, nats: support.nats(*z), gap: 0.0 });
        cells.extend(strange.filter(|cell| cell.nats > 0.0));
    }
    cells.sort_unstable_by_key(|cell| (cell.row, cell.column));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, standard_normal};

    #[test]
    fn numbers_beyond_the_ends_are_strange_the_less_the_heavier_the_tail() {
        let mut random = Seed(3).stream("edge");
        let normal: Vec<f64> = (0..4000).map(|_| standard_normal(&mut random)).collect();
        let heavy: Vec<f64> = normal.iter().map(|z| z.exp()).collect();
        let [normal, heavy] = [normal, heavy].map(|z| Support::of_column(&States::Numbers(z), 20));
        assert_eq!([0.0, 3.0, -3.2].map(|z| normal.nats(z)), [0.0; 3]);
        assert!(normal.nats(30.0) > 3.0 && normal.nats(-30.0) > 3.0);
        // As many deviations of the logarithm: e^3.2 is 24.5.
        assert!(heavy.nats(24.5) < 1.0 && normal.nats(24.5) > heavy.nats(24.5));
        assert!(heavy.nats(1e6) > 2.0 && heavy.nats(1e6) <= MOST);
        assert!(normal.check() && heavy.check());
    }

    #[test]
    fn hardly_a_new_row_is_strange() {
        for (seed, power) in [(1, 1), (2, 3)] {
            let mut random = Seed(seed).stream("edge");
            let mut draw =
                |n: usize| -> Vec<f64> { (0..n).map(|_| standard_normal(&mut random).powi(power)).collect() };
            let support = Support::of_column(&States::Numbers(draw(2000)), 1);
            let strange = draw(20_000).iter().filter(|z| support.nats(**z) > 2.0).count();
            assert!(strange < 10, "{strange}");
        }
    }

    #[test]
    fn another_number_than_the_few_is_strange() {
        let z: Vec<f64> = (0..1000).map(|i| f64::from(i % 4)).collect();
        let support = Support::fit(&[States::Numbers(z), States::Same], 1000).remove(0);
        let new = (1001.0_f64 / 0.5).ln();
        assert_eq!([2.0, 2.5, 7.0].map(|z| support.nats(z)), [0.0, new, new]);
        let cells = beyond(&[support], &[States::Numbers(vec![1.0, f64::NAN, 2.5])]);
        assert_eq!(cells, [Unseen { row: 2, column: 0, nats: new, gap: 0.0 }]);
        assert_eq!(Support::of_column(&States::Numbers(vec![1.0; 50]), 1), Support::Anywhere);
        // A count that once was 9 may be 8 next time.
        let counts: Vec<f64> = (0..1000).map(|i| if i == 0 { 9.0 } else { f64::from(i % 4) }).collect();
        assert_eq!(Support::of_column(&States::Numbers(counts), 1).nats(8.0), 0.0);
    }
}
