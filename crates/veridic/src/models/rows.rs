//! The rows that models are given.

use veridic_graph::Feed;

use crate::codec::Block;
use crate::data::Matrix;
use crate::nn::Turn;

/// What a model must know of its rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// The shape of a row: `[height, width, channels]` for images, `[steps, channels]` for series, else `[encoded columns]`.
    pub dims: Vec<usize>,
    /// The codec's blocks; empty for images.
    pub blocks: Vec<Block>,
    /// Encoded columns the encoder does not see (the target's): the decoder alone speaks of them, and no score
    /// counts them.
    pub unseen: Vec<usize>,
    /// Classes that rows are labelled with; 0 where they have no labels.
    pub classes: usize,
    /// Whether training draws each value anew at each step: 1 with the probability it says, else 0. In use values are
    /// taken as they are.
    pub redrawn: bool,
    /// What training does to series, drawn anew at each step.
    pub turn: Turn,
}

impl Layout {
    /// Values in a row.
    pub fn width(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Encoded rows, in the form they are kept in memory.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    values: Values<'a>,
    labels: &'a [f32],
    weights: &'a [f32],
}

#[derive(Debug, Clone, Copy)]
enum Values<'a> {
    Matrix(&'a Matrix),
    Bytes { bytes: &'a [u8], width: usize },
}

impl<'a> Rows<'a> {
    /// Rows of numbers.
    pub fn matrix(matrix: &'a Matrix) -> Self {
        Self { values: Values::Matrix(matrix), labels: &[], weights: &[] }
    }

    /// Rows of `width` bytes that stand for value / 255, one after the other.
    pub fn bytes(bytes: &'a [u8], width: usize) -> Self {
        Self { values: Values::Bytes { bytes, width }, labels: &[], weights: &[] }
    }

    /// The same rows with the number of each one's class, from 0; -1 is none.
    pub fn labelled(self, labels: &'a [f32]) -> Self {
        Self { labels, ..self }
    }

    /// The same rows with the weight of each one in a loss that has weights.
    pub(super) fn weighted(self, weights: &'a [f32]) -> Self {
        Self { weights, ..self }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self.values {
            Values::Matrix(matrix) => matrix.n_rows,
            Values::Bytes { bytes, width } => bytes.len() / width.max(1),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `i` as numbers.
    pub fn row(&self, i: usize) -> Vec<f32> {
        match self.values {
            Values::Matrix(matrix) => matrix.row(i).to_vec(),
            Values::Bytes { bytes, width } => {
                bytes[i * width..(i + 1) * width].iter().map(|&b| f32::from(b) * BYTE).collect()
            }
        }
    }

    pub(super) fn feed(self, index: &'a [u32]) -> Feed<'a> {
        match self.values {
            Values::Matrix(matrix) => Feed::Pick { values: &matrix.values, index },
            Values::Bytes { bytes, .. } => Feed::PickBytes { bytes, scale: BYTE, index },
        }
    }

    pub(super) fn feed_weights(self, index: &'a [u32]) -> Feed<'a> {
        if self.weights.is_empty() { Feed::Shared(&[]) } else { Feed::Pick { values: self.weights, index } }
    }

    pub(super) fn feed_labels(self, index: &'a [u32]) -> Feed<'a> {
        if self.labels.is_empty() { Feed::Shared(&[]) } else { Feed::Pick { values: self.labels, index } }
    }
}

/// What a byte is multiplied by.
const BYTE: f32 = 1.0 / 255.0;
