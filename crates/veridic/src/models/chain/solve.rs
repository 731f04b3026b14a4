//! Least squares with few unknowns, of which only whole weights are wanted.

/// Largest distance of a weight from the whole number that it is taken for.
const NEAR: f64 = 0.1;

/// Share of a column's spread that others may leave of it before it counts as made of them.
const SINGULAR: f64 = 1e-9;

/// Rows for each unknown.
const ROWS_EACH: usize = 4;

/// Whole weights of at most `most` by which `values` are most nearly the sum of `others`, after `map` of each cell, and which of the others have
/// one; from so many evenly spaced rows, the first at an offset. `None` where least squares finds no such weights.
///
/// Columns with cells that `map` makes NaN in a tenth of the rows and those that follow from columns before them have none.
pub(super) fn whole_weights(
    values: &[f64],
    others: &[(usize, &[f64])],
    map: fn(f64) -> f64,
    most: f64,
    (sample, offset): (usize, usize),
) -> Option<(Vec<usize>, Vec<i64>)> {
    let step = values.len().div_ceil(sample).max(1);
    let rows: Vec<usize> =
        (offset % step..values.len()).step_by(step).filter(|row| !map(values[*row]).is_nan()).collect();
    let whole = |i: &usize| {
        let absent = rows.iter().filter(|row| map(others[*i].1[**row]).is_nan()).count();
        10 * absent <= rows.len()
    };
    let mut used: Vec<usize> = (0..others.len()).filter(whole).collect();
    let rows: Vec<usize> =
        rows.into_iter().filter(|row| used.iter().all(|i| !map(others[*i].1[*row]).is_nan())).collect();
    if used.len() < 2 || rows.len() < ROWS_EACH * used.len().max(10) {
        return None;
    }
    let centered = |cells: &[f64]| -> Vec<f64> {
        let mapped: Vec<f64> = rows.iter().map(|row| map(cells[*row])).collect();
        let mean = mapped.iter().sum::<f64>() / mapped.len() as f64;
        mapped.into_iter().map(|v| v - mean).collect()
    };
    let mut columns: Vec<Vec<f64>> = used.iter().map(|i| centered(others[*i].1)).collect();
    let target = centered(values);
    let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    // Modified Gram-Schmidt: each column less what those before it make of it.
    let mut kept: Vec<Vec<f64>> = Vec::new();
    let mut upper: Vec<Vec<f64>> = Vec::new();
    let mut place = 0;
    used.retain(|_| {
        let mut column = std::mem::take(&mut columns[place]);
        place += 1;
        let size = product(&column, &column);
        let mut above = Vec::with_capacity(kept.len() + 1);
        for other in &kept {
            let along = product(other, &column);
            column.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
            above.push(along);
        }
        let left = product(&column, &column);
        if left <= SINGULAR * size || left <= 0.0 || !left.is_finite() {
            return false;
        }
        let length = left.sqrt();
        column.iter_mut().for_each(|v| *v /= length);
        above.push(length);
        kept.push(column);
        upper.push(above);
        true
    });
    let mut weights: Vec<f64> = kept.iter().map(|column| product(column, &target)).collect();
    for i in (0..weights.len()).rev() {
        weights[i] /= upper[i][i];
        let weight = weights[i];
        (0..i).for_each(|k| weights[k] -= upper[i][k] * weight);
    }
    let near = |weight: &f64| (weight - weight.round()).abs() <= NEAR && weight.abs() < most + 0.5;
    weights.iter().all(near).then(|| (used, weights.iter().map(|weight| weight.round() as i64).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, uniform};

    #[test]
    fn signs_of_a_sum_are_found_beside_columns_that_follow() {
        let mut random = Seed(1).stream("solve");
        let mut column = || (0..500).map(|_| (uniform(&mut random) * 90.0).round()).collect::<Vec<f64>>();
        let (a, b, c, d) = (column(), column(), column(), column());
        let twice: Vec<f64> = a.iter().map(|a| 2.0 * a).collect();
        let whole: Vec<f64> = (0..500).map(|i| ((a[i] + b[i] - c[i]) / 5.0).round() * 5.0).collect();
        let others: Vec<(usize, &[f64])> =
            [&a, &twice, &b, &c, &d].into_iter().map(Vec::as_slice).enumerate().collect();
        let (used, weights) = whole_weights(&whole, &others, |v| v, 1.0, (2000, 0)).unwrap();
        assert_eq!((used, weights), (vec![0, 2, 3, 4], vec![1, 1, -1, 0]));
        let half: Vec<f64> = (0..500).map(|i| (a[i] + b[i]) / 2.0).collect();
        assert_eq!(whole_weights(&half, &others, |v| v, 1.0, (2000, 0)), None);
        assert_eq!(whole_weights(&whole[..20], &others, |v| v, 1.0, (2000, 0)), None);
        let clock: Vec<f64> = (0..500).map(|i| 100.0 * b[i] - 7.0 * c[i]).collect();
        assert_eq!(whole_weights(&clock, &others, |v| v, 1.0, (2000, 0)), None);
        assert_eq!(whole_weights(&clock, &others, |v| v, 100.0, (2000, 0)).unwrap().1, vec![0, 100, -7, 0]);
    }
}
