//! How common a cell's value is in its column.

use serde::{Deserialize, Serialize};

use super::super::encoding::{States, UNSEEN};

/// With at most so many different numbers, each is counted; with more, they are counted in bins.
const FEW: usize = 25;

/// The shares of a column's values among the reference rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marginal {
    rows: f64,
    missing: f64,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Shape {
    /// Numbers and how many rows have each.
    Values { values: Vec<f64>, counts: Vec<f64> },
    /// Edges of bins of nearly equal counts, and rows in each.
    Bins { edges: Vec<f64>, counts: Vec<f64> },
    /// Rows of each level.
    Levels { counts: Vec<f64> },
    /// Nothing to tell.
    Flat,
}

impl Marginal {
    pub(super) fn fit(states: &States) -> Self {
        match states {
            States::Numbers(z) => {
                let mut sorted: Vec<f64> = z.iter().copied().filter(|value| !value.is_nan()).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                let missing = (z.len() - sorted.len()) as f64;
                Self { rows: z.len() as f64, missing, shape: numbers(&sorted) }
            }
            States::Levels(codes) => {
                let most = codes.iter().filter(|code| **code != UNSEEN).max();
                let mut counts = vec![0.0; most.map_or(0, |most| *most as usize + 1)];
                for code in codes {
                    if let Some(count) = counts.get_mut(*code as usize) {
                        *count += 1.0;
                    }
                }
                Self { rows: codes.len() as f64, missing: 0.0, shape: Shape::Levels { counts } }
            }
            States::Same => Self { rows: 0.0, missing: 0.0, shape: Shape::Flat },
        }
    }

    /// `-ln p` of the cell of row `i`, nats; a density in standard deviations where numbers are counted in bins. With `own` the
    /// row is one of those counted and left out.
    pub(super) fn nats(&self, states: &States, i: usize, own: bool) -> f64 {
        let (left, rows) = if own { (1.0, self.rows - 1.0) } else { (0.0, self.rows) };
        let share = |count: f64| (count - left).max(0.0) + 0.5;
        let all = rows + 1.0;
        let nats = match states {
            States::Numbers(z) if z[i].is_nan() => -(share(self.missing) / all).ln(),
            States::Numbers(z) => {
                let present = if self.missing > 0.0 { -((all - self.missing) / all).ln() } else { 0.0 };
                present + self.number(z[i], share, all)
            }
            States::Levels(codes) => match &self.shape {
                Shape::Levels { counts } => {
                    let count = counts.get(codes[i] as usize).copied().unwrap_or(0.0);
                    -(share(count) / all).ln()
                }
                _ => 0.0,
            },
            States::Same => 0.0,
        };
        nats.min(f64::MAX)
    }

    fn number(&self, z: f64, share: impl Fn(f64) -> f64, all: f64) -> f64 {
        match &self.shape {
            Shape::Values { values, counts } => {
                let at = values.binary_search_by(|value| value.total_cmp(&z));
                -(share(at.map_or(0.0, |at| counts[at])) / all).ln()
            }
            Shape::Bins { edges, counts } => {
                let (first, last) = (edges[0], edges[edges.len() - 1]);
                if z < first || z > last {
                    return -(0.5 / (all * (last - first))).ln();
                }
                let bin = (edges.partition_point(|edge| *edge <= z) - 1).min(counts.len() - 1);
                -((counts[bin] + 0.5) / (all * (edges[bin + 1] - edges[bin]))).ln()
            }
            Shape::Levels { .. } | Shape::Flat => 0.0,
        }
    }

    /// Whether what was read back can be worked with.
    pub(super) fn check(&self) -> bool {
        let rising = |values: &[f64]| values.windows(2).all(|pair| pair[0] < pair[1]);
        let counted = |counts: &[f64]| counts.iter().all(|count| *count >= 0.0);
        let shape = match &self.shape {
            Shape::Values { values, counts } => {
                values.len() == counts.len() && rising(values) && counted(counts)
            }
            Shape::Bins { edges, counts } => {
                counts.len() >= 2 && edges.len() == counts.len() + 1 && rising(edges) && counted(counts)
            }
            Shape::Levels { counts } => counted(counts),
            Shape::Flat => true,
        };
        shape && self.rows >= 0.0 && self.missing >= 0.0 && self.missing <= self.rows
    }
}

fn numbers(sorted: &[f64]) -> Shape {
    let different = sorted.chunk_by(|a, b| a == b).count();
    if different <= FEW {
        let runs = || sorted.chunk_by(|a, b| a == b);
        return Shape::Values {
            values: runs().map(|run| run[0]).collect(),
            counts: runs().map(|run| run.len() as f64).collect(),
        };
    }
    let n = sorted.len() as f64;
    let bins = n.sqrt().clamp(10.0, 60.0) as usize;
    let mut edges: Vec<f64> = (0..=bins).map(|i| quantile(sorted, i as f64 / bins as f64)).collect();
    edges.dedup();
    if edges.len() < 3 {
        return Shape::Flat;
    }
    let mut counts = vec![0.0; edges.len() - 1];
    for z in sorted {
        let bin = (edges.partition_point(|edge| edge <= z).max(1) - 1).min(counts.len() - 1);
        counts[bin] += 1.0;
    }
    Shape::Bins { edges, counts }
}

/// Between the two nearest ranks, in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() - 1) as f64 * share;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_counted_and_many_binned() {
        let z = States::Numbers(vec![0.0, 0.0, 1.0, f64::NAN]);
        let counted = Marginal::fit(&z);
        let present = -(4.0_f64 / 5.0).ln();
        assert!((counted.nats(&z, 0, false) - (present - (2.5_f64 / 5.0).ln())).abs() < 1e-12);
        assert!((counted.nats(&z, 3, false) + (1.5_f64 / 5.0).ln()).abs() < 1e-12);
        assert!(counted.nats(&States::Numbers(vec![7.0]), 0, false) > counted.nats(&z, 2, false));
        assert!(counted.nats(&z, 2, true) > counted.nats(&z, 2, false), "left out, it was never seen");

        let many = States::Numbers((0..400).map(|i| f64::from(i) / 100.0).collect());
        let binned = Marginal::fit(&many);
        let at = |z: f64| binned.nats(&States::Numbers(vec![z]), 0, false);
        // Twenty bins of twenty rows over a range of 3.99.
        assert!((at(2.0) + (20.5_f64 / (401.0 * 3.99 / 20.0)).ln()).abs() < 1e-9);
        assert!((at(9.0) + (0.5_f64 / (401.0 * 3.99)).ln()).abs() < 1e-9);
        assert_eq!(at(9.0), at(-1e9));
    }

    #[test]
    fn levels_are_counted() {
        let codes = States::Levels(vec![0, 0, 1, UNSEEN]);
        let marginal = Marginal::fit(&codes);
        let nats: Vec<f64> = (0..4).map(|i| marginal.nats(&codes, i, false)).collect();
        assert!(nats[0] == nats[1] && nats[0] < nats[2] && nats[2] < nats[3]);
        assert!((nats[3] + (0.5_f64 / 5.0).ln()).abs() < 1e-12);
        assert_eq!(Marginal::fit(&States::Same).nats(&States::Same, 0, true), 0.0);
    }
}
