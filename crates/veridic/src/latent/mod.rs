//! Ways through a latent space, as plain functions on latent points: grids, walks, paths, concepts, draws.
//!
//! A point is a slice of `f32`, several are the rows of a [`Matrix`]. Nothing here knows a model: points come from an
//! encoder and go to a decoder elsewhere.

mod grid;
mod line;
mod posterior;

pub use grid::{even_steps, grid, quantile_steps};
pub use line::{Path, arithmetic, concept, interpolate, shift, walk};
pub use posterior::{Spread, repeat, spread};

use crate::data::Matrix;

/// One point as often as asked for.
fn copies(point: &[f32], n: usize) -> Matrix {
    Matrix { n_rows: n, n_cols: point.len(), values: point.repeat(n) }
}
