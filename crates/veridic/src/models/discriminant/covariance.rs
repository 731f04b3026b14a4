//! Covariances of points about the means of their classes.

use super::{Lesson, MODEL};
use crate::error::{ModelError, Result};

/// Coordinates up to which covariances are found.
const MOST_COORDINATES: usize = 500;

/// The sums of products of deviations from the class means, `[d, d]`, of the rows of one class or of all.
pub(super) fn scatter(lesson: &Lesson<'_>, means: &[Vec<f64>], of: Option<usize>) -> Result<Vec<f64>> {
    let d = lesson.points.n_cols;
    if d > MOST_COORDINATES {
        let (found, most) = (d, MOST_COORDINATES);
        return Err(ModelError::TooManyColumns { model: MODEL, found, most }.into());
    }
    let mut sums = vec![0.0; d * d];
    let mut deviation = vec![0.0; d];
    for (i, &class) in lesson.of.iter().enumerate().filter(|(_, class)| of.is_none_or(|own| own == **class)) {
        let own = lesson.points.row(i).iter().zip(&means[class]).map(|(x, mean)| f64::from(*x) - mean);
        deviation.iter_mut().zip(own).for_each(|(to, v)| *to = v);
        for (a, row) in deviation.iter().zip(sums.chunks_exact_mut(d)) {
            row.iter_mut().zip(&deviation).for_each(|(sum, b)| *sum += a * b);
        }
    }
    Ok(sums)
}

/// A scatter by a count, with a floor on the diagonal.
pub(super) fn covariance(scatter: &[f64], d: usize, count: f64, floor: f64) -> Vec<f64> {
    let mut covariance: Vec<f64> = scatter.iter().map(|sum| sum / count.max(1.0)).collect();
    (0..d).for_each(|i| covariance[i * d + i] += floor);
    covariance
}
