//! Logistic regression: linear in the columns, fitted by the likelihood of the classes alone.

use serde::{Deserialize, Serialize};

use super::Lesson;
use crate::data::Matrix;
use crate::models::Stored;
use crate::models::detector::stored::Parts;

/// Steps that the slope's history goes back.
const MEMORY: usize = 10;

/// The settings of logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct LogisticRegressionConfig {
    /// Half of it times the sum of squared weights is added to the summed loss; the constants are free. 0 or more
    /// (scikit-learn's 1 / C).
    pub penalty: f64,
    /// Most rounds, from 1.
    pub rounds: usize,
}

impl Default for LogisticRegressionConfig {
    fn default() -> Self {
        Self { penalty: 1.0, rounds: 500 }
    }
}

/// Weights of the classes: of two classes those of the second alone.
#[derive(Debug)]
pub struct LogisticRegression {
    /// `[outputs, width + 1]`, the constant last.
    weights: Vec<f64>,
    width: usize,
}

impl LogisticRegression {
    pub(super) fn fit(config: &LogisticRegressionConfig, lesson: &Lesson<'_>) -> Self {
        let width = lesson.points.n_cols;
        let outputs = outputs(lesson.classes);
        let objective = |weights: &[f64]| loss(lesson, config.penalty, weights, outputs);
        let weights = minimized(vec![0.0; outputs * (width + 1)], config.rounds, objective);
        Self { weights, width }
    }

    /// The logit of each class, that of the first of two 0.
    pub(super) fn logits(&self, x: &[f32]) -> Vec<f64> {
        logits(&self.weights, self.width, x)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let outputs = self.weights.len() / (self.width + 1);
        stored.insert("weights", &[outputs, self.width + 1], self.weights.clone());
        stored
    }

    pub(super) fn restore(stored: &Stored, classes: usize, width: usize) -> Result<Self, String> {
        Ok(Self { weights: stored.finite("weights", outputs(classes) * (width + 1))?, width })
    }
}

fn outputs(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

fn logits(weights: &[f64], width: usize, x: &[f32]) -> Vec<f64> {
    let of = |own: &[f64]| own[width] + own.iter().zip(x).map(|(w, x)| w * f64::from(*x)).sum::<f64>();
    let mut logits: Vec<f64> = weights.chunks_exact(width + 1).map(of).collect();
    if let [only] = logits.as_slice() {
        logits = vec![0.0, *only];
    }
    logits
}

/// The summed loss with its penalty, nats, and its slope.
fn loss(lesson: &Lesson<'_>, penalty: f64, weights: &[f64], outputs: usize) -> (f64, Vec<f64>) {
    use rayon::prelude::*;
    /// Rows whose sums are taken together, in the same order at any number of threads.
    const PIECE: usize = 1024;
    let width = lesson.points.n_cols;
    let points: &Matrix = lesson.points;
    let pieces: Vec<(f64, Vec<f64>)> = lesson
        .of
        .par_chunks(PIECE)
        .enumerate()
        .map(|(piece, of)| {
            let (mut sum, mut slope) = (0.0, vec![0.0; weights.len()]);
            for (j, &class) in of.iter().enumerate() {
                let x = points.row(piece * PIECE + j);
                let logits = logits(weights, width, x);
                let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
                sum += most + total.ln() - logits[class];
                // Of two classes, only the second has weights.
                let first = logits.len() - outputs;
                for (own, to) in slope.chunks_exact_mut(width + 1).enumerate() {
                    let share = (logits[own + first] - most).exp() / total;
                    let more = share - f64::from(u8::from(class == own + first));
                    to.iter_mut().zip(x).for_each(|(to, x)| *to += more * f64::from(*x));
                    to[width] += more;
                }
            }
            (sum, slope)
        })
        .collect();
    let (mut sum, mut slope) = (0.0, vec![0.0; weights.len()]);
    for (own, of_piece) in pieces {
        sum += own;
        slope.iter_mut().zip(of_piece).for_each(|(to, v)| *to += v);
    }
    for (to, own) in slope.chunks_exact_mut(width + 1).zip(weights.chunks_exact(width + 1)) {
        for (to, w) in to[..width].iter_mut().zip(own) {
            sum += 0.5 * penalty * w * w;
            *to += penalty * w;
        }
    }
    (sum, slope)
}

/// The least of a smooth convex function by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4) with halved steps.
fn minimized(mut x: Vec<f64>, rounds: usize, of: impl Fn(&[f64]) -> (f64, Vec<f64>)) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mut value, mut slope) = of(&x);
    let mut history: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    for _ in 0..rounds {
        if slope.iter().fold(0.0, |most: f64, s| most.max(s.abs())) < 1e-8 * (1.0 + value.abs()) {
            break;
        }
        let mut direction = slope.clone();
        let mut factors = Vec::new();
        for (step, change) in history.iter().rev() {
            let factor = dot(step, &direction) / dot(step, change);
            direction.iter_mut().zip(change).for_each(|(d, c)| *d -= factor * c);
            factors.push(factor);
        }
        let scale =
            history.last().map_or(1.0 / (1.0 + dot(&slope, &slope).sqrt()), |(s, c)| dot(s, c) / dot(c, c));
        direction.iter_mut().for_each(|d| *d *= scale);
        for ((step, change), factor) in history.iter().zip(factors.iter().rev()) {
            let back = dot(change, &direction) / dot(step, change);
            direction.iter_mut().zip(step).for_each(|(d, s)| *d += (factor - back) * s);
        }
        let fall = dot(&slope, &direction);
        let mut length = 1.0;
        let mut next = None;
        for _ in 0..40 {
            let tried: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x - length * d).collect();
            let (there, its_slope) = of(&tried);
            if there <= value - 1e-4 * length * fall {
                next = Some((tried, there, its_slope));
                break;
            }
            length *= 0.5;
        }
        let Some((tried, there, its_slope)) = next else { break };
        let step: Vec<f64> = tried.iter().zip(&x).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = its_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
        if dot(&step, &change) > 1e-300 {
            history.push((step, change));
            if history.len() > MEMORY {
                history.remove(0);
            }
        }
        (x, value, slope) = (tried, there, its_slope);
    }
    x
}
