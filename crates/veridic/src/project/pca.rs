mod randomized;

use nalgebra::{DMatrix, SymmetricEigen};

use crate::data::Matrix;
use crate::error::{EvaluateError, ProjectError};
use crate::seed::Seed;

/// Rows whose outer products are summed at once.
const TILE: usize = 256;

/// Principal components: the directions of largest variance, from an exact eigendecomposition of the covariance.
///
/// The same matrix gives the same bits; each component's entry of largest magnitude (the first of equals) is positive.
/// Source: Pearson, Philosophical Magazine 2 (1901); figures as scikit-learn's `PCA`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    mean: Vec<f64>,
    /// Component by component.
    components: Vec<f64>,
    variances: Vec<f64>,
    total_variance: f64,
}

impl Pca {
    /// Fits the first `n_components` components to the rows of `matrix`, in time rows x columns² + columns³.
    ///
    /// # Errors
    /// No row, an infinite or NaN value, `n_components` outside 1 to the number of columns.
    pub fn fit(matrix: &Matrix, n_components: usize) -> Result<Self, EvaluateError> {
        let width = matrix.n_cols;
        if matrix.n_rows == 0 {
            return Err(EvaluateError::Empty { metric: "pca" });
        }
        if n_components == 0 || n_components > width {
            let (found, high) = (n_components as f64, width as f64);
            return Err(EvaluateError::Parameter { name: "n_components", found, low: 1.0, high });
        }
        check(matrix, width)?;
        let mut mean = vec![0.0; width];
        for row in matrix.values.chunks_exact(width) {
            mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        mean.iter_mut().for_each(|sum| *sum /= matrix.n_rows as f64);

        let mut covariance = DMatrix::zeros(width, width);
        for tile in matrix.values.chunks(TILE * width) {
            let rows =
                DMatrix::from_fn(width, tile.len() / width, |c, i| f64::from(tile[i * width + c]) - mean[c]);
            covariance.gemm(1.0, &rows, &rows.transpose(), 1.0);
        }
        covariance /= (matrix.n_rows.max(2) - 1) as f64;
        let total_variance = covariance.trace();

        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        let mut components = Vec::with_capacity(n_components * width);
        for &i in &order[..n_components] {
            let vector = eigen.eigenvectors.column(i);
            components.extend(signed(vector.as_slice()));
        }
        let variances = order[..n_components].iter().map(|i| eigen.eigenvalues[*i].max(0.0)).collect();
        Ok(Self { mean, components, variances, total_variance })
    }

    /// Fits the first `n_components` components without the covariance, for wide matrices: time rows x columns x
    /// components. Up to 64 columns, or where more than half of them are asked for, this is [`Pca::fit`].
    ///
    /// Subspace iteration from normal noise: six rounds, ten directions more than asked for. The result does not
    /// depend on `threads` (0 counts as 1).
    /// Source: Halko, Martinsson and Tropp, SIAM Review 53 (2011), algorithm 4.4.
    ///
    /// # Errors
    /// As [`Pca::fit`], and those of starting threads.
    pub fn fit_randomized(
        matrix: &Matrix,
        n_components: usize,
        seed: Seed,
        threads: usize,
    ) -> Result<Self, ProjectError> {
        randomized::fit(matrix, n_components, seed, threads)
    }

    /// Columns of the matrices it was fitted to.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// The mean of the fitted rows.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The components, by falling variance, each a unit vector of [`Pca::width`] entries.
    pub fn components(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.components.chunks_exact(self.width())
    }

    /// The variance of the fitted rows along each component, divisor n - 1.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// The share of the whole variance along each component, 0 to 1; zero where nothing varies.
    pub fn variance_shares(&self) -> Vec<f64> {
        let total = if self.total_variance > 0.0 { self.total_variance } else { 1.0 };
        self.variances.iter().map(|variance| variance / total).collect()
    }

    /// Coordinates along the components: rows x components.
    ///
    /// # Errors
    /// Another width, an infinite or NaN value.
    pub fn transform(&self, matrix: &Matrix) -> Result<Matrix, EvaluateError> {
        check(matrix, self.width())?;
        let mut projected = Matrix::zeros(matrix.n_rows, self.variances.len());
        for i in 0..matrix.n_rows {
            for (out, coordinate) in projected.row_mut(i).iter_mut().zip(self.coordinates(matrix.row(i))) {
                *out = coordinate as f32;
            }
        }
        Ok(projected)
    }

    /// The rows with these coordinates: rows x [`Pca::width`].
    ///
    /// # Errors
    /// Another width than the number of components, an infinite or NaN value.
    pub fn inverse(&self, projected: &Matrix) -> Result<Matrix, EvaluateError> {
        check(projected, self.variances.len())?;
        let mut matrix = Matrix::zeros(projected.n_rows, self.width());
        for i in 0..projected.n_rows {
            let row = self.point(projected.row(i).iter().map(|v| f64::from(*v)));
            matrix.row_mut(i).iter_mut().zip(row).for_each(|(out, v)| *out = v as f32);
        }
        Ok(matrix)
    }

    /// Each row's mean squared difference from its reconstruction: at least 0, higher is more unusual.
    ///
    /// # Errors
    /// As [`Pca::transform`].
    pub fn reconstruction_error(&self, matrix: &Matrix) -> Result<Vec<f64>, EvaluateError> {
        check(matrix, self.width())?;
        let rows = (0..matrix.n_rows).map(|i| matrix.row(i));
        let error = |row: &[f32]| {
            let point = self.point(self.coordinates(row));
            let squares = row.iter().zip(point).map(|(v, p)| (f64::from(*v) - p).powi(2));
            squares.sum::<f64>() / self.width() as f64
        };
        Ok(rows.map(error).collect())
    }

    pub(super) fn coordinates<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        self.components().map(move |component| {
            let terms = component.iter().zip(row).zip(&self.mean);
            terms.map(|((c, v), m)| c * (f64::from(*v) - m)).sum()
        })
    }

    fn point(&self, coordinates: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut point = self.mean.clone();
        for (component, coordinate) in self.components().zip(coordinates) {
            point.iter_mut().zip(component).for_each(|(p, c)| *p += c * coordinate);
        }
        point
    }
}

/// A component with its entry of largest magnitude (the first of equals) positive.
fn signed(vector: &[f64]) -> impl Iterator<Item = f64> {
    let largest = vector.iter().fold(0.0f64, |best, v| if v.abs() > best.abs() { *v } else { best });
    vector.iter().map(move |v| v * largest.signum())
}

fn check(matrix: &Matrix, width: usize) -> Result<(), EvaluateError> {
    if matrix.n_cols != width {
        return Err(EvaluateError::Width { found: matrix.n_cols, expected: width });
    }
    match matrix.values.iter().position(|v| !v.is_finite()) {
        Some(index) => {
            let value = f64::from(matrix.values[index]);
            Err(EvaluateError::NotANumber { metric: "pca", index, value })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points 2 and 1 long on the axes (3, 4) / 5 and (-4, 3) / 5 around (1, -1).
    fn cross() -> Matrix {
        let values = vec![2.2, 0.6, -0.2, -2.6, 0.2, -0.4, 1.8, -1.6];
        Matrix { n_rows: 4, n_cols: 2, values }
    }

    #[test]
    fn axes_and_variances_of_a_cross_are_found() {
        let pca = Pca::fit(&cross(), 2).unwrap();
        let components: Vec<&[f64]> = pca.components().collect();
        for (found, expected) in components.concat().iter().zip([0.6, 0.8, 0.8, -0.6]) {
            assert!((found - expected).abs() < 1e-6, "{components:?}");
        }
        // Sums of squares 2 · 2² and 2 · 1², divisor 3.
        assert!(
            (pca.variances()[0] - 8.0 / 3.0).abs() < 1e-6 && (pca.variances()[1] - 2.0 / 3.0).abs() < 1e-6
        );
        assert!((pca.variance_shares()[0] - 0.8).abs() < 1e-6);
    }

    #[test]
    fn all_components_reconstruct_and_one_leaves_the_distance_from_its_axis() {
        let all = Pca::fit(&cross(), 2).unwrap();
        let back = all.inverse(&all.transform(&cross()).unwrap()).unwrap();
        for (a, b) in back.values.iter().zip(cross().values) {
            assert!((a - b).abs() < 1e-6);
        }
        let error = Pca::fit(&cross(), 1).unwrap().reconstruction_error(&cross()).unwrap();
        for (found, expected) in error.iter().zip([0.0, 0.0, 0.5, 0.5]) {
            assert!((found - expected).abs() < 1e-6, "{error:?}");
        }
    }

    #[test]
    fn constant_columns_and_single_rows_have_components_without_variance() {
        let one = Matrix { n_rows: 1, n_cols: 3, values: vec![1.0, 2.0, 3.0] };
        let pca = Pca::fit(&one, 3).unwrap();
        assert_eq!((pca.variances(), pca.variance_shares()), ([0.0; 3].as_slice(), vec![0.0; 3]));
        assert_eq!(pca.reconstruction_error(&one).unwrap(), [0.0]);
        assert_eq!(pca.inverse(&pca.transform(&one).unwrap()).unwrap(), one);
    }

    #[test]
    fn impossible_fits_are_refused() {
        let refused = |matrix: &Matrix, n| Pca::fit(matrix, n).unwrap_err().to_string();
        assert_eq!(refused(&cross(), 3), "`n_components` is 3, allowed are 1 to 2");
        assert_eq!(refused(&Matrix::zeros(0, 2), 1), "`pca` needs at least one value, found none");
        let mut bad = cross();
        bad.values[5] = f32::NAN;
        assert_eq!(refused(&bad, 1), "`pca` needs numbers, found NaN at index 5");
        let narrow = Pca::fit(&cross(), 1).unwrap().transform(&Matrix::zeros(1, 3)).unwrap_err();
        assert_eq!(narrow.to_string(), "the matrix has 3 columns, expected 2");
    }
}
