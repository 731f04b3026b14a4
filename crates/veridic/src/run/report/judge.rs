//! A frozen classifier of digits, by which digits that were made are judged.
//!
//! `judge/digits.safetensors` holds the weights that `veridic fit --recipe mnist-classifier` gave with its seed. Figures
//! compare with those of the same weights alone.

use veridic_graph::Pool;

use crate::data::{Binarization, Matrix};
use crate::error::Result;
use crate::evaluate::{classifier_score, frechet_distance};
use crate::models::{Layout, ModelConfig, Network, Rows};
use crate::run::config::Config;
use crate::run::tensor::tensors_of;

/// The sha256 of the weights, by which figures are known to compare.
pub(crate) const DIGEST: &str = "01a7fb48887a7fafe8b008e7762281c9c12dd803fdb4d62f914c4597ba3588f0";

const WEIGHTS: &[u8] = include_bytes!("judge/digits.safetensors");
const RECIPE: &str = include_str!("../../../../../recipes/mnist-classifier.toml");

/// The images it reads.
const SIDE: usize = 28;

/// The classifier, ready to judge images of one digit or stacks of several.
pub(crate) struct Judge {
    network: Network,
    channels: usize,
}

/// What the classifier sees in rows, a stack's digits one after the other.
pub(crate) struct Seen {
    channels: usize,
    /// The last hidden layer, row by row.
    pub(crate) features: Matrix,
    /// The probability of each digit, row by row.
    pub(crate) digits: Matrix,
}

impl Judge {
    /// The classifier for images of this layout, whose channels are `stack` digits; nothing for images of another form.
    pub(crate) fn of(layout: &Layout, stack: usize) -> Result<Option<Self>> {
        if layout.dims != [SIDE, SIDE, stack] {
            return Ok(None);
        }
        let config = Config::from_toml(RECIPE, "mnist-classifier")?;
        let layout = Layout { dims: vec![SIDE, SIDE, 1], classes: 10, ..Layout::default() };
        let mut network = Network::to_use(&config.model, layout)?;
        let (weights, _) = tensors_of(WEIGHTS).expect("the weights are part of the program");
        network.set_weights(&weights).expect("the weights are those of the recipe");
        Ok(Some(Self { network, channels: stack }))
    }

    /// What it sees in rows `index`.
    pub(crate) fn look(&mut self, pool: &mut Pool, rows: Rows<'_>, index: &[u32]) -> Result<Seen> {
        if self.channels > 1 {
            let parted = parted(rows, index, self.channels);
            let all: Vec<u32> = (0..parted.n_rows as u32).collect();
            return self.look_at_digits(pool, Rows::matrix(&parted), &all);
        }
        self.look_at_digits(pool, rows, index)
    }

    fn look_at_digits(&mut self, pool: &mut Pool, rows: Rows<'_>, index: &[u32]) -> Result<Seen> {
        let (features, _) = self.network.encode(pool, rows, index)?;
        let mut read = self.network.recognize(pool, rows, index)?;
        Ok(Seen { channels: self.channels, features, digits: read.swap_remove(0) })
    }
}

/// What a run should say of who judges it; nothing where nobody does.
pub(crate) fn note(config: &Config, layout: &Layout) -> Option<String> {
    let makes = !matches!(config.model, ModelConfig::Autoencoder(_) | ModelConfig::Classifier(_));
    let judges = makes
        && config.data.images.binarization == Binarization::None
        && layout.dims == [SIDE, SIDE, config.data.images.stack];
    judges.then(|| format!("made digits are judged by the frozen classifier of sha256 {}", &DIGEST[..16]))
}

/// The channels of each row as rows of their own.
fn parted(rows: Rows<'_>, index: &[u32], channels: usize) -> Matrix {
    let n_cols = SIDE * SIDE;
    let mut values = Vec::with_capacity(index.len() * channels * n_cols);
    for &row in index {
        let row = rows.row(row as usize);
        values.extend(
            (0..channels).flat_map(|c| (0..n_cols).map(|i| row[i * channels + c]).collect::<Vec<_>>()),
        );
    }
    Matrix { n_rows: index.len() * channels, n_cols, values }
}

impl Seen {
    /// The most probable digits of each row, read as one number: `7`, or `407` of a stack.
    pub(crate) fn answers(&self) -> Vec<usize> {
        let number = |stack: &[usize]| stack.iter().fold(0, |number, digit| 10 * number + digit);
        let digits: Vec<usize> = (0..self.digits.n_rows).map(|i| largest(self.digits.row(i))).collect();
        digits.chunks(self.channels).map(number).collect()
    }

    /// How many of the numbers there can be are among the answers, and the divergence of their shares from even ones,
    /// `Σ p ln(K p)`, nats (0 is even).
    pub(crate) fn modes(&self) -> (usize, f64) {
        let mut counts = vec![0usize; 10usize.pow(self.channels as u32)];
        let answers = self.answers();
        answers.iter().for_each(|&answer| counts[answer] += 1);
        let shares = counts.iter().filter(|&&n| n > 0).map(|&n| n as f64 / answers.len() as f64);
        let divergence = shares.map(|p| p * (p * counts.len() as f64).ln()).sum();
        (counts.iter().filter(|&&n| n > 0).count(), divergence)
    }

    /// The distance between the features of two sets of rows.
    pub(crate) fn distance(&self, other: &Self) -> Result<f64> {
        Ok(frechet_distance(&self.features, &other.features)?)
    }

    /// How decided and how diverse the digits are.
    pub(crate) fn score(&self) -> Result<f64> {
        Ok(classifier_score(&self.digits)?)
    }
}

/// Where the largest value is.
pub(crate) fn largest(values: &[f32]) -> usize {
    (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_one() -> Judge {
        let layout = Layout { dims: vec![SIDE, SIDE, 1], ..Layout::default() };
        Judge::of(&layout, 1).unwrap().unwrap()
    }

    #[test]
    fn the_weights_are_those_that_figures_are_known_by() {
        assert_eq!(crate::data::catalog::sha256_of_bytes(WEIGHTS), DIGEST);
        let other = Layout { dims: vec![16, 16, 1], ..Layout::default() };
        assert!(Judge::of(&other, 1).unwrap().is_none());
    }

    #[test]
    fn a_stack_is_seen_digit_by_digit() {
        // A vertical stroke is a one; three channels of strokes and blanks are read in their order.
        let stroke = |i: usize| f32::from((5..23).contains(&(i / SIDE)) && (13..15).contains(&(i % SIDE)));
        let ring = |i: usize| {
            let (y, x) = ((i / SIDE) as f32 - 13.5, (i % SIDE) as f32 - 13.5);
            f32::from((6.0..8.5).contains(&(y * y + x * x * 1.6).sqrt()))
        };
        let n = SIDE * SIDE;
        let one =
            Matrix { n_rows: 2, n_cols: n, values: (0..n).map(stroke).chain((0..n).map(ring)).collect() };
        let mut pool = Pool::new(1);
        let seen = of_one().look(&mut pool, Rows::matrix(&one), &[0, 1]).unwrap();
        assert_eq!(seen.answers(), [1, 0]);
        let layout = Layout { dims: vec![SIDE, SIDE, 3], ..Layout::default() };
        let values = (0..n).flat_map(|i| [stroke(i), ring(i), stroke(i)]).collect();
        let stack = Matrix { n_rows: 1, n_cols: 3 * n, values };
        let seen =
            Judge::of(&layout, 3).unwrap().unwrap().look(&mut pool, Rows::matrix(&stack), &[0]).unwrap();
        assert_eq!(seen.answers(), [101]);
        let (modes, divergence) = seen.modes();
        assert_eq!(modes, 1);
        assert!((divergence - 1000f64.ln()).abs() < 1e-9);
    }
}
