//! An order of rows in which neighbors are close: the leaves of a balanced tree of half-spaces.

use rayon::prelude::*;

use crate::data::Matrix;

/// Rows of a node that its direction is found from.
const SAMPLE: usize = 256;

/// Rounds of the power method; the direction need not be precise.
const ROUNDS: usize = 4;

/// The rows in the order of the `1 << levels` leaves; leaf `i` starts at [`leaf_start`]`(rows, levels, i)`.
///
/// Each node is cut at the median along the direction of largest variance of a sample of its rows.
pub(super) fn order(rows: &Matrix, levels: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows.n_rows as u32).collect();
    split(rows, &mut order, levels);
    order
}

/// Where leaf `leaf` of `1 << levels` starts among `rows` rows: each node is cut in the middle.
pub(super) fn leaf_start(rows: usize, levels: u32, leaf: usize) -> usize {
    let (mut start, mut length) = (0, rows);
    for level in (0..levels).rev() {
        let left = length / 2;
        if leaf >> level & 1 == 1 {
            start += left;
            length -= left;
        } else {
            length = left;
        }
    }
    start
}

fn split(rows: &Matrix, order: &mut [u32], levels: u32) {
    if levels == 0 || order.len() < 2 {
        return;
    }
    let direction = direction(rows, order);
    let along = |row: u32| -> f32 { dot(rows.row(row as usize), &direction) };
    let mut keyed: Vec<(f32, u32)> =
        order.par_iter().with_min_len(4096).map(|&row| (along(row), row)).collect();
    let middle = order.len() / 2;
    keyed.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    order.iter_mut().zip(keyed).for_each(|(to, (_, row))| *to = row);
    let (left, right) = order.split_at_mut(middle);
    rayon::join(|| split(rows, left, levels - 1), || split(rows, right, levels - 1));
}

/// Roughly the direction of largest variance; zero where nothing varies.
fn direction(rows: &Matrix, order: &[u32]) -> Vec<f32> {
    let step = order.len().div_ceil(SAMPLE);
    let sample: Vec<&[f32]> = order.iter().step_by(step).map(|&row| rows.row(row as usize)).collect();
    let mut mean = vec![0.0f32; rows.n_cols];
    for row in &sample {
        mean.iter_mut().zip(*row).for_each(|(sum, v)| *sum += v);
    }
    mean.iter_mut().for_each(|sum| *sum /= sample.len() as f32);
    let centered: Vec<Vec<f32>> =
        sample.iter().map(|row| row.iter().zip(&mean).map(|(v, m)| v - m).collect()).collect();
    // The row farthest from the mean is a start that is never orthogonal to all rows.
    let farthest = centered.iter().max_by(|a, b| dot(a, a).total_cmp(&dot(b, b)));
    let mut direction = farthest.cloned().unwrap_or_default();
    for _ in 0..ROUNDS {
        let length = dot(&direction, &direction).sqrt();
        if length <= f32::MIN_POSITIVE {
            break;
        }
        direction.iter_mut().for_each(|v| *v /= length);
        let mut next = vec![0.0f32; rows.n_cols];
        for row in &centered {
            let along = dot(row, &direction);
            next.iter_mut().zip(row).for_each(|(sum, v)| *sum += along * v);
        }
        direction = next;
    }
    direction
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
