//! The k nearest neighbors of each row.

use serde::{Deserialize, Serialize};

use crate::data::Matrix;
use crate::error::ProjectError;
use crate::seed::Seed;

/// How nearest neighbors are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeighborMethod {
    /// Exact, or approximate where that is much faster.
    #[default]
    Auto,
    /// All pairs of rows.
    Exact,
    /// The nearest among the rows of the nearest clusters; the recall on a sample is reported.
    Approximate,
}

/// The nearest neighbors of each row, nearest first, itself left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// Neighbors of each row.
    pub k: usize,
    /// `rows * k` row numbers; those of row `i` are `indices[i * k..(i + 1) * k]`.
    pub indices: Vec<u32>,
    /// Squared Euclidean distances, as `indices`.
    pub squared_distances: Vec<f32>,
    /// The method that was used, never `Auto`.
    pub method: NeighborMethod,
    /// The share of the true neighbors that were found, on a fixed sample of rows, 0 to 1; 1 where exact.
    pub recall: f64,
}

/// Finds the `k` nearest other rows of each row.
///
/// # Errors
/// No rows, a value that is not finite, `k` outside 1 to the number of rows less one.
pub fn neighbors(
    _rows: &Matrix,
    _k: usize,
    _method: NeighborMethod,
    _seed: Seed,
    _threads: usize,
) -> Result<Neighbors, ProjectError> {
    Err(ProjectError::Empty { rows: 0, columns: 0 })
}
