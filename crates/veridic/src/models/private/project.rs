//! Noisy tables made to agree with their margins.

/// Times rows and columns are projected in turn, and then scaled in turn.
const ROUNDS: usize = 30;

/// A table of shares, `[rows, columns]`, none below 0, near `table` in squares and with (nearly) the margins `of_rows` and
/// `of_columns`, which sum to the same.
pub(super) fn agreed(mut table: Vec<f64>, of_rows: &[f64], of_columns: &[f64]) -> Vec<f64> {
    let (height, width) = (of_rows.len(), of_columns.len());
    let mut column = vec![0.0; height];
    for _ in 0..ROUNDS {
        for (row, sum) in table.chunks_mut(width).zip(of_rows) {
            to_simplex(row, *sum);
        }
        for (j, sum) in of_columns.iter().enumerate() {
            (0..height).for_each(|i| column[i] = table[i * width + j]);
            to_simplex(&mut column, *sum);
            (0..height).for_each(|i| table[i * width + j] = column[i]);
        }
    }
    // A trace of independence, so that scaling can reach every margin.
    let total: f64 = of_rows.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    for (i, row) in table.chunks_mut(width).enumerate() {
        row.iter_mut().zip(of_columns).for_each(|(cell, of)| *cell += 1e-6 * of_rows[i] * of / total);
    }
    for _ in 0..ROUNDS {
        for (row, sum) in table.chunks_mut(width).zip(of_rows) {
            let found: f64 = row.iter().sum();
            row.iter_mut().for_each(|cell| *cell *= sum / found.max(f64::MIN_POSITIVE));
        }
        for (j, sum) in of_columns.iter().enumerate() {
            let found: f64 = (0..height).map(|i| table[i * width + j]).sum();
            (0..height).for_each(|i| table[i * width + j] *= sum / found.max(f64::MIN_POSITIVE));
        }
    }
    table
}

/// The nearest point whose parts are not below 0 and sum to `sum` (Duchi et al. 2008, Figure 1).
pub(super) fn to_simplex(values: &mut [f64], sum: f64) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut passed, mut shift) = (0.0, 0.0);
    for (i, value) in sorted.iter().enumerate() {
        passed += value;
        let candidate = (passed - sum) / (i + 1) as f64;
        if value - candidate > 0.0 {
            shift = candidate;
        }
    }
    values.iter_mut().for_each(|value| *value = (*value - shift).max(0.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_point_of_the_simplex_is_found() {
        let mut point = [0.5, 0.9, -0.3];
        to_simplex(&mut point, 1.0);
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(&point, &[0.3, 0.7, 0.0]), "{point:?}");
        to_simplex(&mut point, 2.0);
        assert!((point.iter().sum::<f64>() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn margins_are_met_and_noise_is_taken_away() {
        let (rows, columns) = ([50.0, 30.0, 20.0], [60.0, 40.0]);
        let noisy = vec![52.0, -3.0, 1.0, 28.0, 8.0, 14.0];
        let table = agreed(noisy, &rows, &columns);
        for (i, row) in table.chunks(2).enumerate() {
            assert!((row.iter().sum::<f64>() - rows[i]).abs() < 0.01, "{table:?}");
        }
        assert!(table.iter().all(|cell| *cell >= 0.0));
        assert!(table[1] < 1.0 && table[0] > 49.0, "{table:?}");
    }
}
