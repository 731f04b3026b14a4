//! Batches whose rows differ: a batch of the most unsure rows alone asks the same question many times.

use super::order::highest_first;
use crate::data::Matrix;
use crate::error::{EvaluateError, Result};
use crate::project::{self, Clusters, Graph, NeighborMethod, k_means, squared};
use crate::seed::Seed;

/// The most unsure rows for each of a batch that are parted into clusters.
const POOL: usize = 5;

/// Starts of k-means where the clusters themselves are what matters.
const TRIES: usize = 3;

/// Nearest rows that a row is joined to in a graph.
const NEIGHBORS: usize = 10;

/// Leading eigenvectors of a graph in which clusters are looked for, at most.
const EIGENVECTORS: usize = 20;

/// The `batch` rows to ask at once: the `5 * batch` candidates of highest score are parted into `batch` clusters by
/// k-means, and the highest of each is asked, highest first.
///
/// `features` has a row for every score, in units in which distances mean something.
///
/// # Errors
/// As many scores as there are rows, candidates below that, features that are finite: what is not is named.
pub fn diverse(
    features: &Matrix,
    scores: &[f32],
    candidates: &[u32],
    batch: usize,
    seed: Seed,
) -> Result<Vec<u32>, EvaluateError> {
    check("diverse", features, candidates)?;
    if scores.len() != features.n_rows {
        let (left, right) = (features.n_rows, scores.len());
        return Err(EvaluateError::Lengths { metric: "diverse", left, right });
    }
    let mut pool = highest_first(scores, candidates);
    pool.truncate(batch.saturating_mul(POOL));
    let clusters = k_means(features, &pool, batch, seed);
    let mut first = vec![None; clusters.k];
    for (row, &cluster) in pool.iter().zip(&clusters.of) {
        first[cluster].get_or_insert(*row);
    }
    let mut asked: Vec<u32> = first.into_iter().flatten().collect();
    // Clusters may run empty where rows are equal.
    let more: Vec<u32> = pool.iter().copied().filter(|row| !asked.contains(row)).collect();
    asked.extend(more.into_iter().take(batch.min(pool.len()) - asked.len()));
    Ok(highest_first(scores, &asked))
}

/// The `batch` candidates that are farthest from what was asked: each time the one whose nearest row among `asked` and
/// those already chosen is farthest.
///
/// Finds the odd rows first. Time grows with (asked + batch) x candidates x columns.
/// Source: Sener and Savarese, ICLR 2018 (k-center greedy).
///
/// # Errors
/// Candidates or asked rows that are not there, features that are not finite.
pub fn core_set(
    features: &Matrix,
    asked: &[u32],
    candidates: &[u32],
    batch: usize,
) -> Result<Vec<u32>, EvaluateError> {
    check("core_set", features, candidates)?;
    check("core_set", features, asked)?;
    let point = |row: u32| -> Vec<f64> { features.row(row as usize).iter().map(|v| f64::from(*v)).collect() };
    let mut distances = vec![f64::INFINITY; candidates.len()];
    let near = |from: &[f64], distances: &mut [f64]| {
        for (distance, &row) in distances.iter_mut().zip(candidates) {
            *distance = distance.min(squared(features.row(row as usize), from));
        }
    };
    asked.iter().for_each(|&row| near(&point(row), &mut distances));
    if asked.is_empty() && !candidates.is_empty() {
        // From the middle of all: the first is the oddest row.
        let mut mean = vec![0.0; features.n_cols];
        for &row in candidates {
            mean.iter_mut().zip(features.row(row as usize)).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        mean.iter_mut().for_each(|sum| *sum /= candidates.len() as f64);
        near(&mean, &mut distances);
    }
    let mut chosen = Vec::new();
    let mut is_chosen = vec![false; candidates.len()];
    while chosen.len() < batch.min(candidates.len()) {
        let open = (0..candidates.len()).filter(|&i| !is_chosen[i]);
        // The first of equals, so that the order of candidates decides.
        let Some(next) = open.reduce(|best, i| if distances[i] > distances[best] { i } else { best }) else {
            break;
        };
        is_chosen[next] = true;
        chosen.push(candidates[next]);
        near(&point(candidates[next]), &mut distances);
    }
    Ok(chosen)
}

/// The `batch` candidates that stand for the most others: k-means into `batch` clusters, of each the row nearest its
/// center, largest cluster first. What to ask when nothing is labelled yet.
///
/// Of three starts the clusters with the least squared distances are taken.
/// Source: Hacohen, Dekel and Weinshall, ICML 2022 (typical first), with the nearest row as the typical one.
///
/// # Errors
/// Candidates that are not there, features that are not finite.
pub fn typical(
    features: &Matrix,
    candidates: &[u32],
    batch: usize,
    seed: Seed,
) -> Result<Vec<u32>, EvaluateError> {
    check("typical", features, candidates)?;
    let tries =
        (0..TRIES).map(|i| k_means(features, candidates, batch, Seed(seed.key(&format!("typical {i}")))));
    let spread = |clusters: &Clusters| clusters.distances.iter().sum::<f64>();
    let tightest = |a: Clusters, b: Clusters| if spread(&b) < spread(&a) { b } else { a };
    let Some(clusters) = tries.reduce(tightest) else { return Ok(Vec::new()) };
    let mut nearest: Vec<Option<usize>> = vec![None; clusters.k];
    let mut sizes = vec![0_usize; clusters.k];
    for (i, &cluster) in clusters.of.iter().enumerate() {
        sizes[cluster] += 1;
        let best = &mut nearest[cluster];
        if best.is_none_or(|best| clusters.distances[i] < clusters.distances[best]) {
            *best = Some(i);
        }
    }
    let mut order: Vec<usize> = (0..clusters.k).collect();
    order.sort_by_key(|&cluster| std::cmp::Reverse(sizes[cluster]));
    Ok(order.into_iter().filter_map(|cluster| nearest[cluster]).map(|i| candidates[i]).collect())
}

/// As [`typical`], with clusters of the graph of nearest neighbors instead of clouds: rows that are joined by many short steps are
/// of one cluster, whatever its form.
///
/// K-means in the leading eigenvectors of the graph, of which there are as many as clusters are sought, at most 20. Time grows with
/// the square of the number of candidates.
/// Source: spectral clustering as Ng, Jordan and Weiss, NeurIPS 2001.
///
/// # Errors
/// As those of [`typical`]; threads that cannot be started.
pub fn typical_of_graph(
    features: &Matrix,
    candidates: &[u32],
    batch: usize,
    (seed, threads): (Seed, usize),
) -> Result<Vec<u32>> {
    check("typical_of_graph", features, candidates)?;
    if candidates.len() <= NEIGHBORS {
        return Ok(typical(features, candidates, batch, seed)?);
    }
    let values = candidates.iter().flat_map(|row| features.row(*row as usize)).copied().collect();
    let points = Matrix { n_rows: candidates.len(), n_cols: features.n_cols, values };
    let found = project::neighbors(&points, NEIGHBORS, NeighborMethod::Exact, threads)?;
    let count = EIGENVECTORS.min(batch.max(2));
    let places = project::pool(threads)?.install(|| Graph::new(&found).spectral(count, seed));
    let all: Vec<u32> = (0..candidates.len() as u32).collect();
    let chosen = typical(&places, &all, batch, seed)?;
    Ok(chosen.into_iter().map(|at| candidates[at as usize]).collect())
}

fn check(metric: &'static str, features: &Matrix, rows: &[u32]) -> Result<(), EvaluateError> {
    if let Some(row) = rows.iter().find(|row| **row as usize >= features.n_rows) {
        let high = features.n_rows.saturating_sub(1) as f64;
        return Err(EvaluateError::Parameter { name: "candidates", found: f64::from(*row), low: 0.0, high });
    }
    let broken = rows.iter().find(|row| features.row(**row as usize).iter().any(|v| !v.is_finite()));
    if let Some(&row) = broken {
        let at = features.row(row as usize).iter().position(|v| !v.is_finite()).unwrap_or(0);
        let value = f64::from(features.row(row as usize)[at]);
        return Err(EvaluateError::NotANumber { metric, index: row as usize * features.n_cols + at, value });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three clouds of 20 rows around 0, 100 and 200, and one row at 1000.
    fn clouds() -> Matrix {
        let mut values: Vec<f32> = (0..60)
            .flat_map(|i| [(i % 3 * 100) as f32 + (i / 3) as f32 * 0.1, (i / 3) as f32 * 0.05])
            .collect();
        values.extend([1000.0, 0.0]);
        Matrix { n_rows: 61, n_cols: 2, values }
    }

    fn all() -> Vec<u32> {
        (0..61).collect()
    }

    #[test]
    fn a_diverse_batch_has_one_row_of_each_cloud_where_the_most_unsure_are_of_one() {
        let features = clouds();
        // All of the first cloud are the most unsure, then the second.
        let scores: Vec<f32> = (0..61).map(|i| 1.0 - (i % 3) as f32 * 0.1 - i as f32 * 1e-4).collect();
        let plain = highest_first(&scores, &all());
        assert!(plain[..12].iter().all(|row| row % 3 == 0));
        let batch = diverse(&features, &scores, &all()[..60], 12, Seed(1)).unwrap();
        assert_eq!(batch.len(), 12);
        let of = |cloud: u32| batch.iter().filter(|row| *row % 3 == cloud).count();
        assert!((0..3).all(|cloud| of(cloud) >= 2), "{batch:?}");
        assert_eq!(batch, diverse(&features, &scores, &all()[..60], 12, Seed(1)).unwrap());
    }

    #[test]
    fn equal_rows_still_fill_a_batch_without_repeats() {
        let features = Matrix::zeros(9, 2);
        let rows: Vec<u32> = (0..9).collect();
        let mut batch = diverse(&features, &[0.5; 9], &rows, 4, Seed(0)).unwrap();
        batch.sort_unstable();
        batch.dedup();
        assert_eq!(batch.len(), 4);
        assert_eq!(diverse(&features, &[0.5; 9], &rows[..2], 4, Seed(0)).unwrap().len(), 2);
        assert_eq!(diverse(&features, &[0.5; 9], &[], 4, Seed(0)).unwrap(), Vec::<u32>::new());
    }

    #[test]
    fn a_core_set_starts_with_the_odd_row_and_leaves_no_cloud_out() {
        let chosen = core_set(&clouds(), &[], &all(), 4).unwrap();
        assert_eq!(chosen[0], 60);
        let mut clouds_of: Vec<u32> = chosen[1..].iter().map(|row| row % 3).collect();
        clouds_of.sort_unstable();
        assert_eq!(clouds_of, [0, 1, 2]);
        // What was asked is not asked again from nearby: two clouds are left.
        let chosen = core_set(&clouds(), &[0, 60], &all()[1..60], 2).unwrap();
        assert!(chosen.iter().all(|row| row % 3 != 0) && chosen[0] % 3 != chosen[1] % 3, "{chosen:?}");
    }

    #[test]
    fn typical_rows_are_in_the_middle_of_the_largest_clouds() {
        let chosen = typical(&clouds(), &all(), 4, Seed(2)).unwrap();
        assert_eq!(chosen.len(), 4);
        assert_eq!(chosen[3], 60, "the row alone comes last: {chosen:?}");
        for row in &chosen[..3] {
            assert!((8..=11).contains(&(row / 3)), "{chosen:?}");
        }
    }

    #[test]
    fn of_rings_within_each_other_one_row_of_each_is_typical() {
        // No cloud is of one ring: their means are one point.
        let ring = |i: usize| {
            let (radius, angle) = ((i % 3 + 1) as f32 * 4.0, (i / 3) as f32 * 0.0314);
            [radius * angle.cos(), radius * angle.sin()]
        };
        let features = Matrix { n_rows: 600, n_cols: 2, values: (0..600).flat_map(ring).collect() };
        let rows: Vec<u32> = (0..600).collect();
        let mut rings: Vec<u32> =
            typical_of_graph(&features, &rows, 3, (Seed(1), 1)).unwrap().iter().map(|row| row % 3).collect();
        rings.sort_unstable();
        assert_eq!(rings, [0, 1, 2]);
        assert_eq!(typical_of_graph(&features, &rows[..5], 2, (Seed(1), 1)).unwrap().len(), 2);
    }

    #[test]
    fn rows_that_are_not_there_and_broken_features_are_named() {
        let error = core_set(&clouds(), &[], &[61], 1).unwrap_err().to_string();
        assert_eq!(error, "`candidates` is 61, allowed are 0 to 60");
        let mut broken = clouds();
        broken.values[3] = f32::NAN;
        let error = typical(&broken, &[0, 1], 1, Seed(0)).unwrap_err().to_string();
        assert_eq!(error, "`typical` needs numbers, found NaN at index 3");
        let error = diverse(&clouds(), &[0.0], &[0], 1, Seed(0)).unwrap_err().to_string();
        assert_eq!(error, "`diverse` needs two lists of equal length, found 61 and 1");
    }
}
