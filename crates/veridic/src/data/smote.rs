use rand_chacha::rand_core::Rng;

use super::Matrix;
use crate::error::DataError;
use crate::seed::Seed;

/// `n` new rows between rows of a small class: SMOTE (Chawla et al. 2002, "SMOTE: Synthetic minority over-sampling
/// technique", JAIR 16).
///
/// Each new row lies at a random place on the line between a random row and one of its `neighbors` nearest others by
/// Euclidean distance, each drawn evenly: `x + u (x' - x)`, `u` in [0, 1). Columns should have comparable scales;
/// encoded categories become fractions. The same seed gives the same rows. Time grows with the square of the rows.
///
/// # Errors
/// [`DataError::TooFewRows`] for fewer than two rows; with fewer rows than neighbors asked for all others are taken.
pub fn smote(rows: &Matrix, n: usize, neighbors: usize, seed: Seed) -> Result<Matrix, DataError> {
    if rows.n_rows < 2 {
        return Err(DataError::TooFewRows { rows: rows.n_rows, needed: 2, purpose: "SMOTE" });
    }
    let nearest: Vec<Vec<usize>> = (0..rows.n_rows).map(|row| nearest(rows, row, neighbors.max(1))).collect();
    let mut random = seed.stream("smote");
    let mut below = |count: usize| ((u64::from(random.next_u32()) * count as u64) >> 32) as usize;
    let mut made = Matrix { n_rows: n, n_cols: rows.n_cols, values: Vec::with_capacity(n * rows.n_cols) };
    for _ in 0..n {
        let row = below(rows.n_rows);
        let other = nearest[row][below(nearest[row].len())];
        let share = below(1 << 24) as f32 / (1 << 24) as f32;
        made.values.extend(rows.row(row).iter().zip(rows.row(other)).map(|(&a, &b)| a + share * (b - a)));
    }
    Ok(made)
}

/// The nearest other rows, nearest first; of equally distant ones those that come first.
fn nearest(rows: &Matrix, row: usize, neighbors: usize) -> Vec<usize> {
    let distance = |other: usize| -> f64 {
        let pairs = rows.row(row).iter().zip(rows.row(other));
        pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    };
    let mut others: Vec<(f64, usize)> =
        (0..rows.n_rows).filter(|&other| other != row).map(|other| (distance(other), other)).collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others.into_iter().take(neighbors).map(|(_, other)| other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_rows_lie_between_a_row_and_one_of_its_nearest() {
        // Two pairs far apart: with one neighbor no row is made between the pairs.
        let rows = Matrix { n_rows: 4, n_cols: 2, values: vec![0.0, 0.0, 1.0, 2.0, 100.0, 0.0, 101.0, 2.0] };
        let made = smote(&rows, 500, 1, Seed(1)).unwrap();
        assert_eq!((made.n_rows, made.n_cols), (500, 2));
        let mut sides = [0, 0];
        for i in 0..made.n_rows {
            let [x, y] = [made.row(i)[0], made.row(i)[1]];
            let from_left = if x > 50.0 { x - 100.0 } else { x };
            assert!((0.0..=1.0).contains(&from_left) && (y - 2.0 * from_left).abs() < 1e-4, "{x} {y}");
            sides[usize::from(x > 50.0)] += 1;
        }
        assert!(sides.iter().all(|&count| count > 200), "{sides:?}");
        assert_eq!(smote(&rows, 500, 1, Seed(1)).unwrap(), made);
        // With all others as neighbors some lie far between.
        let wide = smote(&rows, 500, 9, Seed(1)).unwrap();
        assert!((0..500).any(|i| (10.0..90.0).contains(&wide.row(i)[0])));
    }

    #[test]
    fn one_row_has_no_neighbor() {
        let error = smote(&Matrix::zeros(1, 3), 5, 5, Seed(0)).unwrap_err();
        assert_eq!(error.to_string(), "there is 1 row, SMOTE needs at least 2");
    }
}
