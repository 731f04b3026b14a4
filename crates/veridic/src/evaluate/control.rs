use nalgebra::DMatrix;

use crate::data::Matrix;
use crate::error::EvaluateError;
use crate::project::Pca;

/// Rows of the test and training matrices that are compared at once: their product stays in cache.
const TILE: [usize; 2] = [128, 512];

/// Each test row's mean squared difference from its reconstruction by the first `n_components` principal components
/// of `train`: at least 0, higher is more unusual.
///
/// `score(x) = |x - m - V Vᵀ (x - m)|² / columns` with the training mean `m` and the components as columns of `V`.
///
/// # Errors
/// As [`Pca::fit`] and [`Pca::reconstruction_error`].
pub fn pca_reconstruction_error(
    train: &Matrix,
    test: &Matrix,
    n_components: usize,
) -> Result<Vec<f64>, EvaluateError> {
    Pca::fit(train, n_components)?.reconstruction_error(test)
}

/// Each test row's Euclidean distance to its `k`-th nearest training row: at least 0, higher is more unusual.
///
/// Exact; neighbors are found by blocked products in `f64` on centered rows, and their distances then computed from
/// the differences. A test row that is a training row is its own first neighbor. The result does not depend on
/// `threads` (0 counts as 1). Time grows with training rows x test rows x columns.
///
/// # Errors
/// Different widths, an infinite or NaN value, `k` outside 1 to the number of training rows.
pub fn knn_distance(
    train: &Matrix,
    test: &Matrix,
    k: usize,
    threads: usize,
) -> Result<Vec<f64>, EvaluateError> {
    let metric = "knn_distance";
    if test.n_cols != train.n_cols {
        return Err(EvaluateError::Width { found: test.n_cols, expected: train.n_cols });
    }
    if k == 0 || k > train.n_rows {
        let high = train.n_rows as f64;
        return Err(EvaluateError::Parameter { name: "k", found: k as f64, low: 1.0, high });
    }
    for matrix in [train, test] {
        if let Some(index) = matrix.values.iter().position(|v| !v.is_finite()) {
            let value = f64::from(matrix.values[index]);
            return Err(EvaluateError::NotANumber { metric, index, value });
        }
    }
    let mut mean = vec![0.0; train.n_cols];
    for i in 0..train.n_rows {
        mean.iter_mut().zip(train.row(i)).for_each(|(sum, v)| *sum += f64::from(*v));
    }
    mean.iter_mut().for_each(|sum| *sum /= train.n_rows as f64);

    let mut distances = vec![0.0; test.n_rows];
    let tiles_each = test.n_rows.div_ceil(TILE[0]).div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        for (worker, part) in distances.chunks_mut(tiles_each * TILE[0]).enumerate() {
            let mean = &mean;
            scope.spawn(move || {
                for (t, tile) in part.chunks_mut(TILE[0]).enumerate() {
                    kth_distances(train, test, (worker * tiles_each + t) * TILE[0], mean, k, tile);
                }
            });
        }
    });
    Ok(distances)
}

/// The distances of the test rows from `first` on, as many as `distances` has.
fn kth_distances(train: &Matrix, test: &Matrix, first: usize, mean: &[f64], k: usize, distances: &mut [f64]) {
    let centered = |row: &[f32], c: usize| f64::from(row[c]) - mean[c];
    let rows = DMatrix::from_fn(distances.len(), test.n_cols, |i, c| centered(test.row(first + i), c));
    let mut nearest = vec![Vec::<(f64, usize)>::with_capacity(k + 1); distances.len()];
    // The k-th best so far, apart from the lists: nearly all rows are passed over after this one comparison.
    let mut farthest = vec![f64::INFINITY; distances.len()];
    let mut products = DMatrix::zeros(distances.len(), TILE[1]);
    for start in (0..train.n_rows).step_by(TILE[1]) {
        let width = TILE[1].min(train.n_rows - start);
        let others = DMatrix::from_fn(train.n_cols, width, |c, j| centered(train.row(start + j), c));
        products.columns_mut(0, width).gemm(-2.0, &rows, &others, 0.0);
        for j in 0..width {
            // The row's own square is the same for all its neighbors and does not change their order.
            let square = others.column(j).norm_squared();
            for (i, product) in products.column(j).iter().enumerate() {
                let relative = product + square;
                if relative >= farthest[i] {
                    continue;
                }
                let nearest = &mut nearest[i];
                let at = nearest.partition_point(|(other, _)| *other <= relative);
                nearest.insert(at, (relative, start + j));
                nearest.truncate(k);
                if nearest.len() == k {
                    farthest[i] = nearest[k - 1].0;
                }
            }
        }
    }
    for (i, (distance, nearest)) in distances.iter_mut().zip(nearest).enumerate() {
        let exact = nearest.iter().map(|(_, j)| {
            let pairs = test.row(first + i).iter().zip(train.row(*j));
            pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
        });
        *distance = exact.fold(0.0, f64::max).sqrt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix(n_rows: usize, n_cols: usize, values: &[f32]) -> Matrix {
        Matrix { n_rows, n_cols, values: values[..n_rows * n_cols].to_vec() }
    }

    #[test]
    fn distances_on_a_line_are_those_of_the_kth_neighbor() {
        let train = matrix(4, 1, &[0.0, 1.0, 3.0, 7.0]);
        let test = matrix(3, 1, &[0.0, 2.0, 100.0]);
        for (k, expected) in [(1, [0.0, 1.0, 93.0]), (2, [1.0, 1.0, 97.0]), (4, [7.0, 5.0, 100.0])] {
            assert_eq!(knn_distance(&train, &test, k, 1).unwrap(), expected);
        }
    }

    #[test]
    fn impossible_questions_are_refused() {
        let train = matrix(2, 1, &[0.0, 1.0]);
        let refused = |test: &Matrix, k| knn_distance(&train, test, k, 2).unwrap_err().to_string();
        assert_eq!(refused(&train, 3), "`k` is 3, allowed are 1 to 2");
        assert_eq!(refused(&train, 0), "`k` is 0, allowed are 1 to 2");
        assert_eq!(refused(&matrix(1, 2, &[0.0; 2]), 1), "the matrix has 2 columns, expected 1");
        let infinite = matrix(1, 1, &[f32::INFINITY]);
        assert_eq!(refused(&infinite, 1), "`knn_distance` needs numbers, found inf at index 0");
        assert!(knn_distance(&train, &matrix(0, 1, &[]), 1, 2).unwrap().is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn blocks_threads_and_offsets_do_not_change_a_distance(
            values in prop::collection::vec(-5.0f32..5.0, 1200 * 3), offset in -1e4f32..1e4, k in 1usize..8,
        ) {
            let shifted: Vec<f32> = values.iter().map(|v| v + offset).collect();
            let (train, test) = (matrix(1100, 3, &shifted), matrix(100, 3, &shifted[1100 * 3..]));
            let found = knn_distance(&train, &test, k, 1).unwrap();
            prop_assert_eq!(&found, &knn_distance(&train, &test, k, 3).unwrap());
            for (i, found) in found.iter().enumerate() {
                let mut all: Vec<f64> = (0..1100)
                    .map(|j| test.row(i).iter().zip(train.row(j)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum())
                    .collect();
                all.sort_unstable_by(f64::total_cmp);
                prop_assert_eq!(*found, all[k - 1].sqrt());
            }
        }
    }
}
