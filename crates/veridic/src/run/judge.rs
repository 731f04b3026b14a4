//! A frozen classifier of digits, by which digits that were made are judged.
//!
//! `judge/digits.safetensors` holds the weights that `veridic fit --recipe mnist-classifier` gave with its seed. Figures
//! compare with those of the same weights alone.

use veridic_graph::Pool;

use super::config::Config;
use super::directory::tensors_of;
use crate::data::Matrix;
use crate::error::Result;
use crate::evaluate::{classifier_score, frechet_distance};
use crate::models::{Layout, Network, Rows};

const WEIGHTS: &[u8] = include_bytes!("judge/digits.safetensors");
const RECIPE: &str = include_str!("../../../../recipes/mnist-classifier.toml");

/// The images it reads.
const DIMS: [usize; 3] = [28, 28, 1];

/// The classifier, ready to judge.
pub(super) struct Judge {
    network: Network,
}

/// What the classifier sees in rows.
pub(super) struct Seen {
    /// The last hidden layer, row by row.
    pub(super) features: Matrix,
    /// The probability of each digit, row by row.
    pub(super) digits: Matrix,
}

impl Judge {
    /// The classifier for images of this layout; nothing for images of another form.
    pub(super) fn of(layout: &Layout) -> Result<Option<Self>> {
        if layout.dims != DIMS {
            return Ok(None);
        }
        let config = Config::from_toml(RECIPE, "mnist-classifier")?;
        let layout = Layout { dims: DIMS.to_vec(), classes: 10, ..Layout::default() };
        let mut network = Network::new(&config.model, layout, &config.train, 0)?;
        let (weights, _) = tensors_of(WEIGHTS).expect("the weights are part of the program");
        network.set_weights(&weights).expect("the weights are those of the recipe");
        Ok(Some(Self { network }))
    }

    /// What it sees in rows `index`.
    pub(super) fn look(&mut self, pool: &mut Pool, rows: Rows<'_>, index: &[u32]) -> Result<Seen> {
        let (features, _) = self.network.encode(pool, rows, index)?;
        let mut read = self.network.recognize(pool, rows, index)?;
        Ok(Seen { features, digits: read.swap_remove(0) })
    }
}

impl Seen {
    /// The most probable digit of each row.
    pub(super) fn answers(&self) -> Vec<usize> {
        (0..self.digits.n_rows).map(|i| largest(self.digits.row(i))).collect()
    }

    /// The distance between the features of two sets of rows.
    pub(super) fn distance(&self, other: &Self) -> Result<f64> {
        Ok(frechet_distance(&self.features, &other.features)?)
    }

    /// How decided and how diverse the digits are.
    pub(super) fn score(&self) -> Result<f64> {
        Ok(classifier_score(&self.digits)?)
    }
}

/// Where the largest value is.
pub(super) fn largest(values: &[f32]) -> usize {
    (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}
