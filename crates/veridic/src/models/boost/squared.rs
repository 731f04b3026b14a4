//! The mean of a number, boosted by squared error.

use std::sync::atomic::{AtomicBool, Ordering};

use rand_chacha::ChaCha8Rng;

use super::config::BoostConfig;
use super::feature::Features;
use super::grow::{Grower, Limits};
use super::softmax::parts;
use super::tree::Tree;

/// Rows that are predicted together.
const BLOCK: usize = 256;

/// By which share a validation loss must be better to count.
const BETTER: f64 = 1e-4;

/// A boosted mean of a number given features.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Squared {
    pub(super) rounds: Vec<(Tree, Vec<f32>)>,
    pub(super) loss: f64,
}

impl Squared {
    /// Learns what `targets` have beyond `start`, a first prediction of each row; see [`Softmax::fit`](super::Softmax::fit).
    ///
    /// # Panics
    /// If there are not as many targets, starts and rows.
    pub fn fit(
        features: &Features,
        targets: &[f32],
        start: &[f32],
        config: &BoostConfig,
        random: &mut ChaCha8Rng,
        stop: &AtomicBool,
    ) -> Option<Self> {
        let n = targets.len();
        assert!(start.len() == n && features.codes.iter().all(|codes| codes.len() == n), "as many as rows");
        let (train, valid) = parts(n, config.validation, random);
        let residual = |rows: &[u32]| -> Vec<f32> {
            rows.iter().map(|row| targets[*row as usize] - start[*row as usize]).collect()
        };
        let (mut gradient, mut left) = (residual(&train), residual(&valid));
        let width = features.len();
        let codes = features.rows_at(&valid);
        let limits = Limits {
            depth: config.depth,
            min_leaf: config.min_leaf,
            sure: f32::INFINITY,
            features: config.features,
        };
        let mut grower = Grower::new(features, &train, limits);
        let mut leaves = vec![0; valid.len()];
        let mut rounds = Vec::new();
        let (mut best, mut best_rounds) = (f64::INFINITY, 0);
        for number in 0..=config.rounds {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            if !valid.is_empty() {
                let sum: f64 = left.iter().map(|r| f64::from(*r).powi(2)).sum();
                let loss = sum / left.len() as f64;
                if loss < best * (1.0 - BETTER) {
                    (best, best_rounds) = (loss, number);
                } else if number - best_rounds >= config.patience {
                    break;
                }
            }
            if number == config.rounds {
                break;
            }
            let tree = grower.grow(&gradient, random);
            let mut sums = vec![(0.0f64, 0.0f64); 1 << tree.depth];
            for (leaf, residual) in grower.leaves.iter().zip(&gradient) {
                let (sum, count) = &mut sums[usize::from(*leaf)];
                *sum += f64::from(*residual);
                *count += 1.0;
            }
            let step = |(sum, count): (f64, f64)| {
                (f64::from(config.learning_rate) * sum / (count + f64::from(config.lambda) + 1e-9)) as f32
            };
            let values: Vec<f32> = sums.into_iter().map(step).collect();
            for (leaf, residual) in grower.leaves.iter().zip(&mut gradient) {
                *residual -= values[usize::from(*leaf)];
            }
            tree.route(&codes, width, &mut leaves);
            for (leaf, residual) in leaves.iter().zip(&mut left) {
                *residual -= values[usize::from(*leaf)];
            }
            rounds.push((tree, values));
        }
        if !valid.is_empty() {
            rounds.truncate(best_rounds);
        }
        Some(Self { rounds, loss: if valid.is_empty() { f64::NAN } else { best } })
    }

    /// Number of trees.
    pub fn rounds(&self) -> usize {
        self.rounds.len()
    }

    /// Mean squared error of the rows that boosting stopped by; NaN where there were none.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Adds what was learned to `predictions`, first predictions of rows `from..`.
    ///
    /// # Panics
    /// If there are no such rows, or other features than were learned from.
    pub fn add(&self, features: &Features, from: usize, predictions: &mut [f32]) {
        let mut codes = Vec::new();
        let mut leaves = [0u8; BLOCK];
        for (number, predictions) in predictions.chunks_mut(BLOCK).enumerate() {
            let start = from + number * BLOCK;
            features.rows(start, start + predictions.len(), &mut codes);
            for (tree, values) in &self.rounds {
                let leaves = &mut leaves[..predictions.len()];
                tree.route(&codes, features.len(), leaves);
                for (prediction, leaf) in predictions.iter_mut().zip(leaves) {
                    *prediction += values[usize::from(*leaf)];
                }
            }
        }
    }
}
