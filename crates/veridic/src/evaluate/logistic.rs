//! Multinomial logistic regression.

use std::collections::VecDeque;

use rayon::prelude::*;

use crate::data::Matrix;
use crate::error::EvaluateError;

/// Steps of the search at most.
const MOST_STEPS: usize = 200;

/// Pairs of steps and differences of gradients the search remembers.
const MEMORY: usize = 10;

/// Rows that are answered together.
const TILE: usize = 256;

/// A linear classifier with probabilities: the minimum of `C Σ -ln softmax(W x + b)_class + ‖W‖² / 2`, as
/// scikit-learn's `LogisticRegression(C=C)`, found by L-BFGS (Nocedal and Wright 2006, algorithm 7.5).
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegression {
    /// Class by class, the bias last.
    weights: Vec<f32>,
    width: usize,
    classes: Vec<u16>,
}

impl LogisticRegression {
    /// Fits to the rows `rows` of `features`, whose classes are `labels`. The columns should be of like size, best
    /// standardized; `strength` is C, above 0: the smaller, the closer the weights stay to zero.
    ///
    /// # Errors
    /// No rows, lists of different length, a row that is not there, an infinite or NaN feature, `strength` not above 0.
    pub fn fit(
        features: &Matrix,
        rows: &[u32],
        labels: &[u16],
        strength: f64,
    ) -> Result<Self, EvaluateError> {
        let metric = "logistic_regression";
        if rows.len() != labels.len() {
            return Err(EvaluateError::Lengths { metric, left: rows.len(), right: labels.len() });
        }
        if rows.is_empty() {
            return Err(EvaluateError::Empty { metric });
        }
        if !(strength > 0.0 && strength.is_finite()) {
            let (low, high) = (f64::MIN_POSITIVE, f64::MAX);
            return Err(EvaluateError::Parameter { name: "strength", found: strength, low, high });
        }
        if let Some(row) = rows.iter().find(|row| **row as usize >= features.n_rows) {
            let (found, high) = (f64::from(*row), features.n_rows.saturating_sub(1) as f64);
            return Err(EvaluateError::Parameter { name: "rows", found, low: 0.0, high });
        }
        let mut codes = Vec::with_capacity(rows.len() * (features.n_cols + 1));
        for &row in rows {
            let of_row = features.row(row as usize);
            if let Some(at) = of_row.iter().position(|value| !value.is_finite()) {
                let (index, value) = (row as usize * features.n_cols + at, f64::from(of_row[at]));
                return Err(EvaluateError::NotANumber { metric, index, value });
            }
            codes.extend(of_row.iter().map(|v| f64::from(*v)).chain(std::iter::once(1.0)));
        }
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let targets = labels.iter().map(|label| classes.partition_point(|class| class < label)).collect();
        let width = features.n_cols + 1;
        let problem = Problem { codes, width, targets, classes: classes.len(), penalty: 1.0 / strength };
        let weights = problem.solve().into_iter().map(|w| w as f32).collect();
        Ok(Self { weights, width, classes })
    }

    /// The classes it has seen, sorted: what the columns of [`LogisticRegression::probabilities`] stand for.
    pub fn classes(&self) -> &[u16] {
        &self.classes
    }

    /// The probability of each class for each row: rows x classes, rows sum to 1. Rows are answered in parallel, each by
    /// itself.
    ///
    /// # Errors
    /// Another width than it was fitted with.
    pub fn probabilities(&self, features: &Matrix) -> Result<Matrix, EvaluateError> {
        let (found, expected) = (features.n_cols, self.width - 1);
        if found != expected {
            return Err(EvaluateError::Width { found, expected });
        }
        let k = self.classes.len();
        let mut shares = Matrix::zeros(features.n_rows, k);
        shares.values.par_chunks_mut(TILE * k).enumerate().for_each(|(tile, out)| {
            for (i, out) in out.chunks_mut(k).enumerate() {
                self.answer(features.row(tile * TILE + i), out);
            }
        });
        Ok(shares)
    }

    fn answer(&self, row: &[f32], shares: &mut [f32]) {
        for (share, weights) in shares.iter_mut().zip(self.weights.chunks(self.width)) {
            let (bias, weights) = (weights[self.width - 1], &weights[..self.width - 1]);
            *share = bias + weights.iter().zip(row).map(|(w, x)| w * x).sum::<f32>();
        }
        let largest = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        shares.iter_mut().for_each(|share| *share = (*share - largest).exp());
        let sum: f32 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
    }
}

/// Rows of codes, each with a 1 behind it, and their classes; weights are class by class, the bias last.
pub(super) struct Problem {
    pub(super) codes: Vec<f64>,
    /// Codes of a row and the bias.
    pub(super) width: usize,
    pub(super) targets: Vec<usize>,
    pub(super) classes: usize,
    /// What half the squared weights, biases left out, are multiplied with.
    pub(super) penalty: f64,
}

impl Problem {
    pub(super) fn logits(&self, weights: &[f64], code: &[f64]) -> Vec<f64> {
        weights.chunks(self.width).map(|of_class| dot(of_class, code)).collect()
    }

    /// The penalized loss and its gradient.
    pub(super) fn loss(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let mut loss = 0.0;
        let mut gradient = vec![0.0; weights.len()];
        for (code, &target) in self.codes.chunks(self.width).zip(&self.targets) {
            let mut shares = self.logits(weights, code);
            let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            loss += largest - shares[target];
            shares.iter_mut().for_each(|share| *share = (*share - largest).exp());
            let sum: f64 = shares.iter().sum();
            loss += sum.ln();
            for (class, share) in shares.iter().enumerate() {
                let slope = share / sum - f64::from(u8::from(class == target));
                let of_class = &mut gradient[class * self.width..(class + 1) * self.width];
                of_class.iter_mut().zip(code).for_each(|(g, x)| *g += slope * x);
            }
        }
        for (i, weight) in weights.iter().enumerate() {
            if i % self.width != self.width - 1 {
                loss += 0.5 * self.penalty * weight * weight;
                gradient[i] += self.penalty * weight;
            }
        }
        (loss, gradient)
    }

    /// The weights of least loss.
    pub(super) fn solve(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.classes * self.width];
        let (mut loss, mut gradient) = self.loss(&weights);
        let enough = 1e-5 * self.targets.len() as f64;
        let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
        for _ in 0..MOST_STEPS {
            if gradient.iter().all(|g| g.abs() < enough) {
                break;
            }
            let direction = direction(&gradient, &memory);
            let slope = dot(&direction, &gradient);
            let mut length = if memory.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt() } else { 1.0 };
            let next = loop {
                let tried: Vec<f64> = weights.iter().zip(&direction).map(|(w, d)| w + length * d).collect();
                let (new_loss, new_gradient) = self.loss(&tried);
                if new_loss <= loss + 1e-4 * length * slope {
                    break Some((tried, new_loss, new_gradient));
                }
                length *= 0.5;
                if length < 1e-10 {
                    break None;
                }
            };
            // No step is better than none: the minimum, to within rounding.
            let Some((tried, new_loss, new_gradient)) = next else { break };
            let step: Vec<f64> = tried.iter().zip(&weights).map(|(a, b)| a - b).collect();
            let change: Vec<f64> = new_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
            if dot(&step, &change) > 0.0 {
                memory.push_back((step, change));
                if memory.len() > MEMORY {
                    memory.pop_front();
                }
            }
            (weights, loss, gradient) = (tried, new_loss, new_gradient);
        }
        weights
    }
}

/// Minus the gradient times the inverse Hessian as the last steps tell it.
fn direction(gradient: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for (step, change) in memory.iter().rev() {
        let share = dot(step, &q) / dot(step, change);
        q.iter_mut().zip(change).for_each(|(q, y)| *q -= share * y);
        shares.push(share);
    }
    if let Some((step, change)) = memory.back() {
        let scale = dot(step, change) / dot(change, change);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((step, change), share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(change, &q) / dot(step, change);
        q.iter_mut().zip(step).for_each(|(q, s)| *q += (share - back) * s);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_on_a_line_have_the_slope_that_the_formula_gives() {
        // x = -1 and 1, one of each class: by symmetry b = 0 and w₁ = -w₀ = w, where 2 C σ(-2 w) = w.
        let features = Matrix { n_rows: 2, n_cols: 1, values: vec![-1.0, 1.0] };
        let model = LogisticRegression::fit(&features, &[0, 1], &[4, 9], 0.5).unwrap();
        assert_eq!(model.classes(), [4, 9]);
        let w = f64::from(model.weights[2]);
        assert!((1.0 / (1.0 + (2.0 * w).exp()) - w).abs() < 1e-4, "{w}");
        let shares = model.probabilities(&features).unwrap();
        assert!((f64::from(shares.row(1)[1]) - (1.0 - w)).abs() < 1e-4, "{shares:?}");
        assert!((shares.row(0)[0] + shares.row(0)[1] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn one_class_is_certain_and_rows_may_be_labelled_twice() {
        let features = Matrix { n_rows: 3, n_cols: 1, values: vec![0.0, 1.0, 2.0] };
        let model = LogisticRegression::fit(&features, &[1, 1], &[2, 2], 1.0).unwrap();
        assert_eq!(model.probabilities(&features).unwrap().values, [1.0; 3]);
    }

    #[test]
    fn what_cannot_be_fitted_is_named() {
        let features = Matrix { n_rows: 2, n_cols: 1, values: vec![0.0, f32::NAN] };
        let refused = |rows: &[u32], labels: &[u16], strength| {
            LogisticRegression::fit(&features, rows, labels, strength).unwrap_err().to_string()
        };
        assert_eq!(refused(&[], &[], 1.0), "`logistic_regression` needs at least one value, found none");
        assert_eq!(refused(&[1], &[0], 1.0), "`logistic_regression` needs numbers, found NaN at index 1");
        assert_eq!(refused(&[2], &[0], 1.0), "`rows` is 2, allowed are 0 to 1");
        assert!(refused(&[0], &[0], 0.0).starts_with("`strength` is 0"));
        assert!(refused(&[0], &[], 1.0).contains("found 1 and 0"));
    }
}
