//! k-means on a few rows.

use rand_chacha::rand_core::Rng;

use crate::data::Matrix;
use crate::seed::{Seed, uniform};

/// Rounds at most.
const ROUNDS: usize = 30;

/// Clusters of rows.
pub(crate) struct Clusters {
    /// The cluster of each of the rows given.
    pub(crate) of: Vec<usize>,
    /// The squared distance of each of the rows given to the center of its cluster.
    pub(crate) distances: Vec<f64>,
    /// Number of clusters.
    pub(crate) k: usize,
}

/// Clusters the rows `rows` of `features` around at most `k` centers.
///
/// Lloyd's rounds from centers drawn as k-means++ does (Arthur and Vassilvitskii, SODA 2007); a cluster that runs empty
/// keeps its center.
pub(crate) fn k_means(features: &Matrix, rows: &[u32], k: usize, seed: Seed) -> Clusters {
    let width = features.n_cols;
    let row = |i: usize| features.row(rows[i] as usize);
    let k = k.min(rows.len());
    if k == 0 {
        return Clusters { of: vec![0; rows.len()], distances: vec![0.0; rows.len()], k };
    }
    let mut random = seed.stream("label/k-means");
    let mut centers: Vec<Vec<f64>> = Vec::with_capacity(k);
    let mut distances = vec![f64::INFINITY; rows.len()];
    let mut first = Some(((u64::from(random.next_u32()) * rows.len() as u64) >> 32) as usize);
    while centers.len() < k {
        let chosen = first.take().unwrap_or_else(|| drawn(&distances, uniform(&mut random)));
        let center: Vec<f64> = row(chosen).iter().map(|v| f64::from(*v)).collect();
        for (i, distance) in distances.iter_mut().enumerate() {
            *distance = distance.min(squared(row(i), &center));
        }
        centers.push(center);
    }
    let mut of = vec![usize::MAX; rows.len()];
    for _ in 0..ROUNDS {
        let mut changed = false;
        for i in 0..rows.len() {
            let near = centers.iter().map(|center| squared(row(i), center)).enumerate();
            let (nearest, distance) = near.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
            changed |= of[i] != nearest;
            (of[i], distances[i]) = (nearest, distance);
        }
        if !changed {
            break;
        }
        let mut sums = vec![vec![0.0; width]; k];
        let mut counts = vec![0_usize; k];
        for (i, &cluster) in of.iter().enumerate() {
            counts[cluster] += 1;
            sums[cluster].iter_mut().zip(row(i)).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        for ((center, sum), count) in centers.iter_mut().zip(sums).zip(counts) {
            if count > 0 {
                *center = sum.into_iter().map(|sum| sum / count as f64).collect();
            }
        }
    }
    Clusters { of, distances, k }
}

/// A place drawn with probability proportional to `weights`.
fn drawn(weights: &[f64], share: f64) -> usize {
    let total: f64 = weights.iter().sum();
    let mut left = share * total;
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    0
}

/// The squared distance of a row from a point.
pub(crate) fn squared(row: &[f32], point: &[f64]) -> f64 {
    row.iter().zip(point).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum()
}
