//! Labels spread over a graph.

use rayon::prelude::*;

use crate::data::Matrix;
use crate::project::{Graph, products};

/// Steps of conjugate gradients; the error shrinks about tenfold in five.
const STEPS: usize = 40;

/// Rounds in which rows and classes are scaled by turns.
const ROUNDS: usize = 30;

/// The probability of each class for each row: rows x classes, rows sum to 1.
///
/// Solves `(I - α S) F = Y` for all classes at once, where a labelled row of Y has one over the number of labels of its class;
/// then each class is scaled to its share of the rows: that among the labels, one added to each, or, where all are `equal`, by
/// turns with the rows until both hold (Sinkhorn). Classes without a label get nothing.
/// Source: Zhou et al., NeurIPS 2003, equation 4; class mass normalization of Zhu, Ghahramani and Lafferty, ICML 2003.
pub(super) fn spread(
    graph: &Graph,
    labels: &[Option<u16>],
    counts: &[usize],
    (alpha, equal): (f64, bool),
) -> Matrix {
    let (n, k) = (graph.rows(), counts.len());
    let mut residual = vec![0.0_f64; n * k];
    for (row, class) in labels.iter().enumerate() {
        if let Some(class) = class.map(usize::from).filter(|class| *class < k) {
            residual[row * k + class] = 1.0 / counts[class] as f64;
        }
    }
    let mut mass = solve(graph, residual, k, alpha);
    mass.par_iter_mut().for_each(|value| *value = value.max(0.0));
    let known = counts.iter().filter(|count| **count > 0).count();
    let total: usize = counts.iter().sum();
    let share = |count: usize| match count {
        0 => 0.0,
        _ if equal => 1.0 / known as f64,
        count => (count as f64 + 1.0) / (total + known) as f64,
    };
    let wanted: Vec<f64> = counts.iter().map(|count| share(*count)).collect();
    let scaled = |mass: &mut [f64]| {
        let ones = vec![1.0; mass.len()];
        let sums = products(mass, &ones, k);
        let scales: Vec<f64> =
            wanted.iter().zip(sums).map(|(wanted, sum)| wanted * n as f64 / sum.max(1e-300)).collect();
        mass.par_chunks_mut(k).for_each(|row| {
            row.iter_mut().zip(&scales).for_each(|(value, scale)| *value *= scale);
            let sum: f64 = row.iter().sum();
            // A row that no label reaches is as the rows are on the whole.
            match sum > 1e-300 {
                true => row.iter_mut().for_each(|value| *value /= sum),
                false => row.copy_from_slice(&wanted),
            }
        });
    };
    scaled(&mut mass);
    if equal {
        // No share is so sure that scaling could not change it.
        mass.par_chunks_mut(k).for_each(|row| {
            row.iter_mut().zip(counts).for_each(|(v, count)| *v += if *count > 0 { 1e-9 } else { 0.0 });
        });
        (0..ROUNDS).for_each(|_| scaled(&mut mass));
    }
    Matrix { n_rows: n, n_cols: k, values: mass.into_iter().map(|value| value as f32).collect() }
}

/// `F` of `(I - α S) F = Y` by conjugate gradients, for `k` vectors at once; `y` is taken as the first residual.
fn solve(graph: &Graph, y: Vec<f64>, k: usize, alpha: f64) -> Vec<f64> {
    let mut residual = y;
    let mut found = vec![0.0; residual.len()];
    let mut direction = residual.clone();
    let mut image = vec![0.0; residual.len()];
    let mut squares = products(&residual, &residual, k);
    let enough: Vec<f64> = squares.iter().map(|square| square * 1e-16).collect();
    for _ in 0..STEPS {
        graph.multiply(&direction, &mut image, k);
        image.par_iter_mut().zip(&direction).for_each(|(image, d)| *image = d - alpha * *image);
        let steps: Vec<f64> =
            squares.iter().zip(products(&direction, &image, k)).map(|(s, p)| s / p.max(1e-300)).collect();
        found.par_chunks_mut(k).zip(direction.par_chunks(k)).for_each(|(found, direction)| {
            (0..k).for_each(|c| found[c] += steps[c] * direction[c]);
        });
        residual.par_chunks_mut(k).zip(image.par_chunks(k)).for_each(|(residual, image)| {
            (0..k).for_each(|c| residual[c] -= steps[c] * image[c]);
        });
        let next = products(&residual, &residual, k);
        if next.iter().zip(&enough).all(|(next, enough)| next <= enough) {
            break;
        }
        let turns: Vec<f64> = next.iter().zip(&squares).map(|(n, s)| n / s.max(1e-300)).collect();
        direction.par_chunks_mut(k).zip(residual.par_chunks(k)).for_each(|(direction, residual)| {
            (0..k).for_each(|c| direction[c] = residual[c] + turns[c] * direction[c]);
        });
        squares = next;
    }
    found
}
