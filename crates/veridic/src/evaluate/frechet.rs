//! Distances between what is made and what is real, by the features and classes a classifier sees.

use nalgebra::{DMatrix, DVector};

use crate::data::Matrix;
use crate::error::EvaluateError;

const DISTANCE: &str = "frechet_distance";

/// The Fréchet distance between normal distributions fitted to two sets of features (rows by features):
/// `|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)` (Heusel et al. 2017, equation 6), 0 and above, lower is more alike.
///
/// It depends on the classifier and on the number of rows: compare like with like.
///
/// # Errors
/// Fewer than two rows on a side, features of another number, values that are not finite.
pub fn frechet_distance(left: &Matrix, right: &Matrix) -> Result<f64, EvaluateError> {
    if left.n_cols != right.n_cols {
        return Err(EvaluateError::Lengths { metric: DISTANCE, left: left.n_cols, right: right.n_cols });
    }
    let (a, b) = (moments(left)?, moments(right)?);
    let mean = (&a.0 - &b.0).norm_squared();
    // tr (Σ₁ Σ₂)^½ is the sum of the square roots of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric.
    let root = square_root(&a.1);
    let product = &root * &b.1 * &root;
    let symmetric = (&product + product.transpose()) * 0.5;
    let cross: f64 = symmetric.symmetric_eigenvalues().iter().map(|value| value.max(0.0).sqrt()).sum();
    Ok((mean + a.1.trace() + b.1.trace() - 2.0 * cross).max(0.0))
}

/// The classifier score `exp(E KL(p(y | x) || p(y)))` of class probabilities (rows by classes), from 1 to the number of
/// classes, higher is better (Salimans et al. 2016, section 4, with any classifier).
///
/// # Errors
/// No rows.
pub fn classifier_score(probabilities: &Matrix) -> Result<f64, EvaluateError> {
    if probabilities.n_rows == 0 || probabilities.n_cols == 0 {
        return Err(EvaluateError::Empty { metric: "classifier_score" });
    }
    let n = probabilities.n_rows as f64;
    let mut mean = vec![0.0; probabilities.n_cols];
    for i in 0..probabilities.n_rows {
        for (sum, &p) in mean.iter_mut().zip(probabilities.row(i)) {
            *sum += f64::from(p) / n;
        }
    }
    let mut divergence = 0.0;
    for i in 0..probabilities.n_rows {
        for (&p, &q) in probabilities.row(i).iter().zip(&mean) {
            if p > 0.0 && q > 0.0 {
                divergence += f64::from(p) * (f64::from(p) / q).ln() / n;
            }
        }
    }
    Ok(divergence.exp())
}

/// Mean and covariance (divisor n - 1).
fn moments(features: &Matrix) -> Result<(DVector<f64>, DMatrix<f64>), EvaluateError> {
    if features.n_rows < 2 || features.n_cols == 0 {
        return Err(EvaluateError::Empty { metric: DISTANCE });
    }
    if let Some(index) = features.values.iter().position(|value| !value.is_finite()) {
        return Err(EvaluateError::NotANumber {
            metric: DISTANCE,
            index,
            value: f64::from(features.values[index]),
        });
    }
    let values = features.values.iter().map(|&value| f64::from(value));
    let mut all = DMatrix::from_row_iterator(features.n_rows, features.n_cols, values);
    let mean = all.row_mean();
    for mut row in all.row_iter_mut() {
        row -= &mean;
    }
    let covariance = all.tr_mul(&all) / (features.n_rows - 1) as f64;
    Ok((mean.transpose(), covariance))
}

/// The symmetric square root of a covariance.
fn square_root(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = covariance.clone().symmetric_eigen();
    let roots = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f32]]) -> Matrix {
        Matrix { n_rows: rows.len(), n_cols: rows[0].len(), values: rows.concat() }
    }

    #[test]
    fn the_distance_has_its_closed_form_for_axes_that_do_not_depend_on_each_other() {
        // Variances (divisor n - 1) of ±a are 4a²/3.
        let left = matrix(&[&[1.0, 2.0], &[1.0, -2.0], &[-1.0, 2.0], &[-1.0, -2.0]]);
        let right = matrix(&[&[4.0, 1.0], &[4.0, -1.0], &[-2.0, 1.0], &[-2.0, -1.0]]);
        // Means differ by 1 along the first axis; deviations are a·sqrt(4/3): 1 and 3, 2 and 1.
        let want = 1.0 + (4.0 / 3.0) * ((3.0f64 - 1.0).powi(2) + (2.0f64 - 1.0).powi(2));
        assert!((frechet_distance(&left, &right).unwrap() - want).abs() < 1e-9);
        assert!(frechet_distance(&left, &left).unwrap() < 1e-9);
    }

    #[test]
    fn the_distance_agrees_with_scipy() {
        // scipy.linalg.sqrtm of the product of numpy.cov of both, scipy 1.17.
        let left = matrix(&[&[0.0, 1.0], &[1.0, 3.0], &[2.0, 2.0], &[4.0, 5.0]]);
        let right = matrix(&[&[1.0, 0.0], &[0.0, 2.0], &[3.0, 1.0], &[2.0, -1.0]]);
        let found = frechet_distance(&left, &right).unwrap();
        assert!((found - 7.837416699466843).abs() < 1e-6, "{found}");
    }

    #[test]
    fn the_score_is_one_for_indecision_and_the_number_of_classes_at_best() {
        assert!((classifier_score(&matrix(&[&[0.5, 0.5], &[0.5, 0.5]])).unwrap() - 1.0).abs() < 1e-12);
        assert!((classifier_score(&matrix(&[&[1.0, 0.0], &[0.0, 1.0]])).unwrap() - 2.0).abs() < 1e-12);
        // A single class for all says nothing either.
        assert!((classifier_score(&matrix(&[&[1.0, 0.0], &[1.0, 0.0]])).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_distance_is_refused() {
        let one = matrix(&[&[1.0]]);
        let two = matrix(&[&[1.0], &[2.0]]);
        assert!(frechet_distance(&one, &two).is_err());
        assert!(frechet_distance(&two, &matrix(&[&[1.0, 2.0], &[2.0, 3.0]])).is_err());
        assert!(frechet_distance(&two, &matrix(&[&[f32::NAN], &[2.0]])).is_err());
    }
}
