//! Values beside what the values before them let expect.

use nalgebra::{Cholesky, DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::average::{median, moving_average};
use super::part::Part;
use crate::models::Stored;

/// The size of what a linear prediction from the `order` values before leaves, averaged over a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct AutoregressionConfig {
    /// Values a prediction is made of, from 1 to 512.
    pub order: usize,
    /// Points over which errors are averaged, from 1; the period of the series without.
    pub window: Option<usize>,
}

impl Default for AutoregressionConfig {
    fn default() -> Self {
        Self { order: 32, window: None }
    }
}

/// Weights of the values before, the oldest first, and of 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Autoregression {
    weights: Vec<f64>,
    window: usize,
}

impl Autoregression {
    /// Least squares around the mean, with a ridge of 1e-6 times the mean of the diagonal: a constant is told exactly.
    pub(super) fn fit(parts: &[Part<'_>], window: usize, order: usize) -> Self {
        let width = order + 1;
        let n = parts.iter().map(Part::len).sum::<usize>().max(1) as f64;
        let mean = parts.iter().flat_map(|part| &part.values).sum::<f64>() / n;
        let mut gram = DMatrix::<f64>::zeros(width, width);
        let mut products = DVector::<f64>::zeros(width);
        for part in parts {
            let centred = part.map(|value| value - mean);
            for rows in centred.values.windows(width) {
                let (before, now) = (&rows[..order], rows[order]);
                for (a, x) in before.iter().enumerate() {
                    for (b, y) in before[..=a].iter().enumerate() {
                        gram[(a, b)] += x * y;
                    }
                    gram[(order, a)] += x;
                    products[a] += x * now;
                }
                gram[(order, order)] += 1.0;
                products[order] += now;
            }
        }
        let ridge = 1e-6 * gram.trace() / width as f64;
        for a in 0..width {
            gram[(a, a)] += ridge.max(f64::MIN_POSITIVE);
        }
        // Of the lower triangle.
        let solved = Cholesky::new(gram).map(|factor| factor.solve(&products));
        let mut weights: Vec<f64> =
            solved.map_or_else(|| vec![0.0; width], |weights| weights.iter().copied().collect());
        let sum: f64 = weights[..order].iter().sum();
        weights[order] += mean * (1.0 - sum);
        Self { weights, window }
    }

    pub(super) fn score(&self, part: &Part<'_>) -> Vec<f64> {
        let order = self.weights.len() - 1;
        let error = |rows: &[f64]| {
            let expected: f64 = rows[..order].iter().zip(&self.weights).map(|(x, w)| x * w).sum();
            (rows[order] - expected - self.weights[order]).abs()
        };
        let errors: Vec<f64> = part.values.windows(order + 1).map(error).collect();
        let mut scores = vec![median(&errors); part.len() - errors.len()];
        scores.extend(errors);
        moving_average(&scores, self.window)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("weights", &[self.weights.len()], self.weights.clone());
        stored.insert("window", &[1], vec![self.window as u64]);
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let weights = stored.values::<f64>("weights")?.to_vec();
        match *stored.values::<u64>("window")? {
            [window] if !weights.is_empty() => Ok(Self { weights, window: window as usize }),
            _ => Err("`window` is not one number, or there are no weights".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recurrence_is_learned_and_a_break_of_it_found() {
        let mut values = vec![1.0, 0.5];
        for i in 2..400 {
            values.push(1.6 * values[i - 1] - 0.8 * values[i - 2] + f64::from(i as u32 * 7919 % 13) * 0.01);
        }
        let times: Vec<f64> = (0..400).map(f64::from).collect();
        let model = Autoregression::fit(
            &[Part { entity: "", times: &times, values: values.clone(), filled: Vec::new() }],
            1,
            2,
        );
        assert!((model.weights[0] + 0.8).abs() < 0.05 && (model.weights[1] - 1.6).abs() < 0.2, "{model:?}");
        values[300] += 1.0;
        let scores = model.score(&Part { entity: "", times: &times, values, filled: Vec::new() });
        let highest = (0..400).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
        assert!((300..=302).contains(&highest));
        assert_eq!(Autoregression::restore(&model.store()), Ok(model));
    }
}
