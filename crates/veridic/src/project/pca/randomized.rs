//! Principal components of wide matrices by subspace iteration.

use nalgebra::{DMatrix, SymmetricEigen};
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

use super::{Pca, TILE, check};
use crate::data::Matrix;
use crate::error::{EvaluateError, ProjectError};
use crate::project::neighbor::pool;
use crate::project::noise::Normal;
use crate::seed::Seed;

/// Directions that are followed beside those asked for.
const MORE: usize = 10;

const ROUNDS: usize = 6;

/// Columns up to which the covariance is cheap.
const NARROW: usize = 64;

/// Tiles whose sums are one piece of work.
const TILES: usize = 16;

pub(super) fn fit(
    matrix: &Matrix,
    n_components: usize,
    seed: Seed,
    threads: usize,
) -> Result<Pca, ProjectError> {
    let width = matrix.n_cols;
    let followed = n_components + MORE;
    if width <= NARROW || followed * 2 >= width || matrix.n_rows <= followed {
        return Ok(Pca::fit(matrix, n_components)?);
    }
    if n_components == 0 {
        let high = width as f64;
        let error = EvaluateError::Parameter { name: "n_components", found: 0.0, low: 1.0, high };
        return Err(error.into());
    }
    check(matrix, width)?;
    pool(threads)?.install(|| Ok(iterate(matrix, n_components, followed, seed)))
}

fn iterate(matrix: &Matrix, n_components: usize, followed: usize, seed: Seed) -> Pca {
    let width = matrix.n_cols;
    let mut mean = vec![0.0; width];
    for row in matrix.values.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v));
    }
    mean.iter_mut().for_each(|sum| *sum /= matrix.n_rows as f64);
    let squares = matrix.values.par_chunks(TILES * TILE * width).map(|piece| {
        let rows = piece.chunks_exact(width);
        rows.flat_map(|row| row.iter().zip(&mean)).map(|(v, m)| (f64::from(*v) - m).powi(2)).sum::<f64>()
    });
    let divisor = (matrix.n_rows - 1) as f64;
    let total_variance = squares.collect::<Vec<f64>>().iter().sum::<f64>() / divisor;

    let mut noise = Normal(seed.stream("pca.start"));
    let mut basis = DMatrix::from_fn(width, followed, |_, _| noise.next()).qr().q();
    for _ in 0..ROUNDS {
        let next = sum(matrix, &mean, |rows| rows * rows.tr_mul(&basis), (width, followed));
        // Where nothing varies any direction does.
        if next.iter().all(|v| *v == 0.0) {
            break;
        }
        basis = (next / total_variance.max(f64::MIN_POSITIVE)).qr().q();
    }
    let inner = sum(
        matrix,
        &mean,
        |rows| {
            let along = basis.tr_mul(rows);
            &along * along.transpose()
        },
        (followed, followed),
    );
    let eigen = SymmetricEigen::new(inner / divisor);
    let mut order: Vec<usize> = (0..followed).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let mut components = Vec::with_capacity(n_components * width);
    for &i in &order[..n_components] {
        let vector = &basis * eigen.eigenvectors.column(i);
        components.extend(super::signed(vector.as_slice()));
    }
    let variances = order[..n_components].iter().map(|i| eigen.eigenvalues[*i].max(0.0)).collect();
    Pca { mean, components, variances, total_variance }
}

/// The sum over tiles of centered rows (columns x rows of the tile), in a fixed order.
fn sum(
    matrix: &Matrix,
    mean: &[f64],
    of: impl Fn(&DMatrix<f64>) -> DMatrix<f64> + Sync,
    shape: (usize, usize),
) -> DMatrix<f64> {
    let width = matrix.n_cols;
    let pieces = matrix.values.par_chunks(TILES * TILE * width).map(|piece| {
        let mut sum = DMatrix::zeros(shape.0, shape.1);
        for tile in piece.chunks(TILE * width) {
            let rows =
                DMatrix::from_fn(width, tile.len() / width, |c, i| f64::from(tile[i * width + c]) - mean[c]);
            sum += of(&rows);
        }
        sum
    });
    let pieces: Vec<DMatrix<f64>> = pieces.collect();
    pieces.iter().fold(DMatrix::zeros(shape.0, shape.1), |sum, piece| sum + piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 200 columns with variances 9, 4, 1, … along fixed directions, and little noise.
    fn wide() -> Matrix {
        let mut noise = Normal(Seed(5).stream("rows"));
        let mut matrix = Matrix::zeros(400, 200);
        for i in 0..400 {
            let factors = [3.0, 2.0, 1.0].map(|deviation| deviation * noise.next());
            for (c, v) in matrix.row_mut(i).iter_mut().enumerate() {
                let angle = c as f64 * std::f64::consts::TAU / 200.0;
                let pattern =
                    factors[0] * angle.sin() + factors[1] * angle.cos() + factors[2] * (2.0 * angle).sin();
                *v = (pattern + 0.01 * noise.next()) as f32;
            }
        }
        matrix
    }

    #[test]
    fn components_of_a_wide_matrix_are_those_of_the_covariance() {
        let matrix = wide();
        let exact = Pca::fit(&matrix, 3).unwrap();
        let found = Pca::fit_randomized(&matrix, 3, Seed(1), 2).unwrap();
        for (a, b) in exact.variances().iter().zip(found.variances()) {
            assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        }
        for (a, b) in exact.components().zip(found.components()) {
            let cosine: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            assert!((cosine - 1.0).abs() < 1e-9, "{cosine}");
        }
        assert!((exact.variance_shares()[0] / found.variance_shares()[0] - 1.0).abs() < 1e-9);
        assert_eq!(found, Pca::fit_randomized(&matrix, 3, Seed(1), 1).unwrap());
    }

    #[test]
    fn equal_rows_have_no_variance() {
        let matrix = Matrix { n_rows: 50, n_cols: 100, values: vec![2.5; 5000] };
        let found = Pca::fit_randomized(&matrix, 2, Seed(1), 1).unwrap();
        assert_eq!(found.variances(), [0.0, 0.0]);
        assert!(found.components().flatten().all(|v| v.is_finite()));
    }
}
