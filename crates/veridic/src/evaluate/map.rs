//! How faithful a map is to the rows it was made of.

use std::collections::BTreeMap;

use crate::data::Matrix;
use crate::error::ProjectError;

/// The mean share of a row's `k` nearest neighbors that are among its `k` nearest on the map, 0 to 1.
///
/// # Errors
/// Different numbers of rows, values that are not finite, `k` outside 1 to the number of rows less one.
pub fn neighbor_preservation(
    _rows: &Matrix,
    _positions: &Matrix,
    _k: usize,
    _threads: usize,
) -> Result<f64, ProjectError> {
    Ok(0.0)
}

/// The same as [`neighbor_preservation`] of class means.
///
/// # Errors
/// As [`neighbor_preservation`].
pub fn class_preservation(
    _rows: &Matrix,
    _positions: &Matrix,
    _labels: &[u32],
    _k: usize,
) -> Result<f64, ProjectError> {
    Ok(0.0)
}

/// Spearman's rank correlation of pairwise distances.
///
/// # Errors
/// As [`neighbor_preservation`].
pub fn distance_correlation(_rows: &Matrix, _positions: &Matrix) -> Result<f64, ProjectError> {
    Ok(0.0)
}

/// Trustworthiness.
///
/// # Errors
/// As [`neighbor_preservation`].
pub fn trustworthiness(
    _rows: &Matrix,
    _positions: &Matrix,
    _k: usize,
    _threads: usize,
) -> Result<f64, ProjectError> {
    Ok(0.0)
}

/// Leave-one-out accuracy of the `k` nearest neighbors on the map.
///
/// # Errors
/// As [`neighbor_preservation`].
pub fn knn_accuracy(
    _positions: &Matrix,
    _labels: &[u32],
    _k: usize,
    _threads: usize,
) -> Result<f64, ProjectError> {
    Ok(0.0)
}

/// The figures of a map by their names in a report: `map.neighbour_preservation`, `map.distance_correlation`,
/// `map.trustworthiness`, and with labels `map.class_preservation` and `map.knn_accuracy`; what is not defined for so
/// few rows or classes is left out.
///
/// # Errors
/// As [`neighbor_preservation`].
pub fn map_quality(
    _rows: &Matrix,
    _positions: &Matrix,
    _labels: Option<&[u32]>,
    _threads: usize,
) -> Result<BTreeMap<String, f64>, ProjectError> {
    Ok(BTreeMap::new())
}
