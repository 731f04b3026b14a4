//! How faithful a map is to the rows it was made of.
//!
//! Where there are many rows the figures are those of a fixed sample of them among all.

use super::rank::{correlation, mid_ranks};
use std::collections::BTreeMap;

use rand_chacha::rand_core::Rng;

use crate::data::{MISSING, Matrix};
use crate::error::{EvaluateError, ProjectError};
use crate::project::{NeighborMethod, Neighbors, Pca, nearest, neighbors};
use crate::seed::Seed;

/// Neighbors in [`map_quality`]; fewer where there are few rows or classes.
const NEIGHBORS: usize = 10;

/// Neighbors of [`trustworthiness`] in [`map_quality`].
const TRUSTED: usize = 12;

/// Rows whose neighbors are compared, at most.
const COMPARED: usize = 10_000;

/// Rows whose ranks are taken, at most: each needs its distances from all rows.
const RANKED: usize = 1_000;

/// Rows whose pairwise distances are compared, at most.
const PAIRED: usize = 1_000;

/// Columns above which [`map_quality`] looks at as many principal components.
const COMPONENTS: usize = 50;

/// The mean share of a row's `k` nearest neighbors that are among its `k` nearest on the map: 0 to 1, higher is better,
/// about `k / rows` by chance.
///
/// `mean_i |kNN(x_i) ∩ kNN(y_i)| / k`, over at most 10 000 rows of a fixed sample, with neighbors among all rows.
/// Source: "KNN" of Kobak and Berens, Nature Communications 10 (2019).
///
/// # Errors
/// Different numbers of rows, values that are not finite, `k` outside 1 to the number of rows less one.
pub fn neighbor_preservation(
    rows: &Matrix,
    positions: &Matrix,
    k: usize,
    threads: usize,
) -> Result<f64, ProjectError> {
    same_rows("neighbor_preservation", rows, positions.n_rows)?;
    preservation(rows, &neighbors(positions, k, NeighborMethod::Exact, threads)?, threads)
}

/// As [`neighbor_preservation`], of the means of the classes: 0 to 1, higher is better. Rows whose label is [`MISSING`]
/// are of no class.
///
/// With `k` close to the number of classes it is 1 for any map. Source: "KNC" of Kobak and Berens, Nature
/// Communications 10 (2019).
///
/// # Errors
/// Different numbers of rows, values that are not finite, `k` outside 1 to the number of classes less one.
pub fn class_preservation(
    rows: &Matrix,
    positions: &Matrix,
    labels: &[u32],
    k: usize,
) -> Result<f64, ProjectError> {
    let metric = "class_preservation";
    same_rows(metric, rows, positions.n_rows)?;
    same_rows(metric, rows, labels.len())?;
    neighbor_preservation(&class_means(rows, labels), &class_means(positions, labels), k, 1)
}

/// Spearman's rank correlation of the distances between rows and those on the map: -1 to 1, higher is better.
///
/// Over the pairs of at most 1 000 rows of a fixed sample; ties share their mean rank. 0 where all distances are
/// equal. Source: "CPD" of Kobak and Berens, Nature Communications 10 (2019).
///
/// # Errors
/// Different numbers of rows, fewer than three, values that are not finite.
pub fn distance_correlation(rows: &Matrix, positions: &Matrix) -> Result<f64, ProjectError> {
    let metric = "distance_correlation";
    same_rows(metric, rows, positions.n_rows)?;
    if rows.n_rows < 3 {
        let (found, high) = (rows.n_rows as f64, f64::INFINITY);
        return Err(EvaluateError::Parameter { name: "rows", found, low: 3.0, high }.into());
    }
    let sample = sample(rows.n_rows, PAIRED);
    let ranked = |matrix: &Matrix| -> Result<Vec<f64>, ProjectError> {
        let mut distances = Vec::with_capacity(sample.len() * (sample.len() - 1) / 2);
        for (i, &a) in sample.iter().enumerate() {
            distances.extend(sample[..i].iter().map(|&b| squared_distance(matrix.row(a), matrix.row(b))));
        }
        match distances.iter().position(|d| d.is_nan()) {
            Some(index) => Err(EvaluateError::NotANumber { metric, index, value: f64::NAN }.into()),
            None => Ok(mid_ranks(&distances)),
        }
    };
    Ok(correlation(&ranked(rows)?, &ranked(positions)?))
}

/// Whether neighbors on the map are neighbors at all: 0 to 1, higher is better.
///
/// `1 - 2 / (n k (2N - 3k - 1)) Σ_i Σ_j (r(i, j) - k)` over the `k` nearest `j` of row `i` on the map whose rank `r`
/// among the neighbors of `i` is above `k`; over at most 1 000 rows of a fixed sample of the `N`. Rows at the same
/// distance have the lowest of their ranks. Source: Venna and Kaski, ICANN 2001.
///
/// # Errors
/// Different numbers of rows, values that are not finite, `k` outside 1 to less than half the number of rows.
pub fn trustworthiness(
    rows: &Matrix,
    positions: &Matrix,
    k: usize,
    threads: usize,
) -> Result<f64, ProjectError> {
    same_rows("trustworthiness", rows, positions.n_rows)?;
    let high = (rows.n_rows.saturating_sub(1) / 2) as f64;
    if k == 0 || k as f64 > high {
        return Err(EvaluateError::Parameter { name: "k", found: k as f64, low: 1.0, high }.into());
    }
    trust(rows, &neighbors(positions, k, NeighborMethod::Exact, threads)?, k)
}

/// The share of rows whose `k` nearest others on the map have mostly its own label: 0 to 1, higher is better. Rows whose
/// label is [`MISSING`] are neither counted nor asked.
///
/// Of labels that are equally frequent the smallest is taken, as scikit-learn's `KNeighborsClassifier` does.
///
/// # Errors
/// Different numbers of rows, values that are not finite, `k` outside 1 to the number of rows less one, no row with a
/// label.
pub fn knn_accuracy(
    positions: &Matrix,
    labels: &[u32],
    k: usize,
    threads: usize,
) -> Result<f64, ProjectError> {
    same_rows("knn_accuracy", positions, labels.len())?;
    let near = neighbors(positions, k, NeighborMethod::Exact, threads)?;
    Ok(accuracy(&near, k, labels).ok_or(EvaluateError::Empty { metric: "knn_accuracy" })?)
}

/// The figures of a map by their names in a report: `map.neighbour_preservation` (10 neighbors),
/// `map.distance_correlation`, `map.trustworthiness` (12 neighbors), and with labels `map.class_preservation` (10
/// classes, at most half of the others) and `map.knn_accuracy` (10 neighbors).
///
/// Rows of more than 50 columns are first projected to their 50 principal components. What is not defined for so few
/// rows or classes is left out: means of classes have nearer and farther ones from three classes on. Rows whose label is
/// [`MISSING`] have none.
///
/// # Errors
/// Different numbers of rows, no rows, values that are not finite.
pub fn map_quality(
    rows: &Matrix,
    positions: &Matrix,
    labels: Option<&[u32]>,
    threads: usize,
) -> Result<BTreeMap<String, f64>, ProjectError> {
    let metric = "map_quality";
    same_rows(metric, rows, positions.n_rows)?;
    if let Some(labels) = labels {
        same_rows(metric, rows, labels.len())?;
    }
    let mut figures = BTreeMap::new();
    let mut insert = |name: &str, value: f64| figures.insert(format!("map.{name}"), value);
    if rows.n_rows < 3 {
        return Ok(figures);
    }
    let projected = if rows.n_cols > COMPONENTS {
        Some(Pca::fit_randomized(rows, COMPONENTS, Seed(0), threads)?.transform(rows)?)
    } else {
        None
    };
    let rows = projected.as_ref().unwrap_or(rows);
    let most = rows.n_rows - 1;
    let on_map = neighbors(positions, TRUSTED.min(most), NeighborMethod::Exact, threads)?;
    let nearest = on_map.first(NEIGHBORS.min(most));
    insert("neighbour_preservation", preservation(rows, &nearest, threads)?);
    insert("distance_correlation", distance_correlation(rows, positions)?);
    let trusted = TRUSTED.min(most / 2);
    insert("trustworthiness", trust(rows, &on_map, trusted)?);
    if let Some(labels) = labels {
        if let Some(accuracy) = accuracy(&nearest, nearest.k, labels) {
            insert("knn_accuracy", accuracy);
        }
        let classes = class_means(positions, labels).n_rows;
        if classes > 2 {
            let k = NEIGHBORS.min((classes - 1) / 2);
            insert("class_preservation", class_preservation(rows, positions, labels, k)?);
        }
    }
    Ok(figures)
}

fn preservation(rows: &Matrix, on_map: &Neighbors, threads: usize) -> Result<f64, ProjectError> {
    let k = on_map.k;
    let sample = sample(rows.n_rows, COMPARED);
    let (truth, k_truth) = if sample.len() == rows.n_rows {
        (neighbors(rows, k, NeighborMethod::Exact, threads)?, k)
    } else {
        let values = sample.iter().flat_map(|&i| rows.row(i)).copied().collect();
        let queries = Matrix { n_rows: sample.len(), n_cols: rows.n_cols, values };
        // One more: each row finds itself.
        (nearest(rows, &queries, k + 1, threads)?, k + 1)
    };
    let kept: usize = sample
        .iter()
        .zip(truth.indices.chunks(k_truth))
        .map(|(&row, near)| {
            let near: Vec<&u32> = near.iter().filter(|other| **other as usize != row).take(k).collect();
            on_map.of(row).iter().filter(|other| near.contains(other)).count()
        })
        .sum();
    Ok(kept as f64 / (sample.len() * k) as f64)
}

fn trust(rows: &Matrix, on_map: &Neighbors, k: usize) -> Result<f64, ProjectError> {
    let n = rows.n_rows;
    let sample = sample(n, RANKED);
    let mut excess = 0u64;
    for &row in &sample {
        let distance = |other: usize| squared_distance(rows.row(row), rows.row(other));
        let mut near: Vec<f64> = on_map.of(row)[..k].iter().map(|other| distance(*other as usize)).collect();
        if near.iter().any(|d| d.is_nan()) {
            return Err(
                EvaluateError::NotANumber { metric: "trustworthiness", index: row, value: f64::NAN }.into()
            );
        }
        near.sort_unstable_by(f64::total_cmp);
        // How many rows are closer than each: counted at the first that is not, then summed up.
        let mut closer = vec![0u64; k + 1];
        for other in (0..n).filter(|other| *other != row) {
            let d = distance(other);
            if d < near[k - 1] {
                closer[near.partition_point(|near| *near <= d)] += 1;
            }
        }
        let mut rank = 1;
        for closer in &closer[..k] {
            rank += closer;
            excess += rank.saturating_sub(k as u64);
        }
    }
    let scale = sample.len() as f64 * k as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0);
    Ok(1.0 - 2.0 * excess as f64 / scale)
}

fn accuracy(on_map: &Neighbors, k: usize, labels: &[u32]) -> Option<f64> {
    let right = |row: &usize| {
        let mut votes: BTreeMap<u32, usize> = BTreeMap::new();
        let near = on_map.of(*row)[..k].iter().map(|other| labels[*other as usize]);
        near.filter(|label| *label != MISSING).for_each(|label| *votes.entry(label).or_default() += 1);
        // The last of equals in falling order is the smallest.
        let winner = votes.iter().rev().max_by_key(|(_, count)| **count);
        winner.is_some_and(|(label, _)| *label == labels[*row])
    };
    let known: Vec<usize> = (0..labels.len()).filter(|row| labels[*row] != MISSING).collect();
    (!known.is_empty()).then(|| known.iter().filter(|row| right(row)).count() as f64 / known.len() as f64)
}

/// The mean of the rows of each label that is known, by rising label.
fn class_means(matrix: &Matrix, labels: &[u32]) -> Matrix {
    let mut sums: BTreeMap<u32, (usize, Vec<f64>)> = BTreeMap::new();
    for (i, label) in labels.iter().enumerate().filter(|(_, label)| **label != MISSING) {
        let (count, sum) = sums.entry(*label).or_insert_with(|| (0, vec![0.0; matrix.n_cols]));
        *count += 1;
        sum.iter_mut().zip(matrix.row(i)).for_each(|(sum, v)| *sum += f64::from(*v));
    }
    let means =
        sums.values().flat_map(|(count, sum)| sum.iter().map(move |sum| (sum / *count as f64) as f32));
    Matrix { n_rows: sums.len(), n_cols: matrix.n_cols, values: means.collect() }
}

/// Up to `most` of `n` rows, rising; always the same.
fn sample(n: usize, most: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    if n > most {
        let mut random = Seed(0).stream("map.sample");
        for i in 0..most {
            let other = i + (random.next_u64() % (n - i) as u64) as usize;
            rows.swap(i, other);
        }
        rows.truncate(most);
        rows.sort_unstable();
    }
    rows
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
}

fn same_rows(metric: &'static str, rows: &Matrix, found: usize) -> Result<(), ProjectError> {
    if rows.n_rows == 0 {
        return Err(EvaluateError::Empty { metric }.into());
    }
    if rows.n_rows != found {
        return Err(EvaluateError::Lengths { metric, left: rows.n_rows, right: found }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points on a line, one column.
    fn line(values: &[f32]) -> Matrix {
        Matrix { n_rows: values.len(), n_cols: 1, values: values.to_vec() }
    }

    /// The numbers 0 to 19 and a place for each on a map.
    fn spiral(n: usize) -> (Matrix, Matrix) {
        let rows = line(&(0..n).map(|i| i as f32).collect::<Vec<_>>());
        let mut map = Matrix::zeros(n, 2);
        for i in 0..n {
            let angle = 0.1 * i as f32;
            map.row_mut(i).copy_from_slice(&[angle * angle.cos(), angle * angle.sin()]);
        }
        (rows, map)
    }

    #[test]
    fn a_map_that_is_the_rows_keeps_everything() {
        let (_, map) = spiral(60);
        let labels: Vec<u32> = (0..60).map(|i| i / 20).collect();
        let figures = map_quality(&map, &map, Some(&labels), 2).unwrap();
        for name in
            ["neighbour_preservation", "distance_correlation", "trustworthiness", "class_preservation"]
        {
            assert!((figures[&format!("map.{name}")] - 1.0).abs() < 1e-12, "{name} {figures:?}");
        }
        assert!(figures["map.knn_accuracy"] > 0.8);
        assert_eq!(figures.len(), 5);
    }

    #[test]
    fn neighbors_that_are_kept_are_counted() {
        // On the map 0 and 9 have changed places: 1 keeps 2 but not 0, 8 keeps 7 but not 9.
        let rows = line(&[0.0, 1.0, 2.1, 3.3, 4.6, 6.0, 7.5, 9.1, 10.8, 12.6]);
        let mut swapped = rows.clone();
        swapped.values.swap(0, 9);
        let exact = neighbor_preservation(&rows, &rows, 1, 1).unwrap();
        assert_eq!(exact, 1.0);
        // Nearest: 0-1, 1-0, 2-1, 3-2, 4-3, 5-4, 6-5, 7-6, 8-7, 9-8; then 1-9, 0-8, 9-1.
        let found = neighbor_preservation(&rows, &swapped, 1, 1).unwrap();
        assert!((found - 0.7).abs() < 1e-12, "{found}");
    }

    #[test]
    fn trustworthiness_is_its_formula() {
        // Row 0 and row 4 have changed places. With k = 1 the neighbors on the map are 4, 0 or 2, …
        let rows = line(&[0.0, 1.0, 2.1, 3.3, 4.6]);
        let map = line(&[4.6, 1.0, 2.1, 3.3, 0.0]);
        // On the map: 0 -> 3 (rank 3), 1 -> 4 (rank 4: 0, 2, 3 closer), 2 -> 1, 3 -> 2, 4 -> 1 (rank 3).
        // 1 is at 1.0 from 4 on the map and at 1.1 from 2.
        let expected = 1.0 - 2.0 / (5.0 * (10.0 - 3.0 - 1.0)) * f64::from((3 - 1) + (4 - 1) + (3 - 1));
        let found = trustworthiness(&rows, &map, 1, 1).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        assert!(trustworthiness(&rows, &map, 3, 1).is_err());
    }

    #[test]
    fn distance_correlation_is_spearmans() {
        let rows = line(&[0.0, 1.0, 3.0]);
        // Distances 1, 3, 2 (01, 02, 12) against 3, 1, 2: ranks reversed but for the middle.
        let map = line(&[0.0, 3.0, 1.0]);
        assert!((distance_correlation(&rows, &map).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(distance_correlation(&rows, &line(&[2.0; 3])).unwrap(), 0.0);
        assert_eq!(mid_ranks(&[5.0, 1.0, 5.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
    }

    #[test]
    fn accuracy_takes_the_majority_and_the_smallest_of_equals() {
        let map = line(&[0.0, 0.1, 0.2, 5.0, 5.1, 5.25]);
        assert_eq!(knn_accuracy(&map, &[1, 1, 1, 2, 2, 2], 2, 1).unwrap(), 1.0);
        // The last of the first three is odd: it is wrong, and for the other two the votes are equal, 1 and 7.
        assert_eq!(knn_accuracy(&map, &[1, 1, 7, 2, 2, 2], 2, 1).unwrap(), 5.0 / 6.0);
    }

    #[test]
    fn rows_without_a_label_are_of_no_class() {
        let map = line(&[0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.25, 9.0]);
        let labels = [1, MISSING, 1, MISSING, 2, 2, 2, MISSING];
        assert_eq!(knn_accuracy(&map, &labels, 3, 1).unwrap(), 1.0);
        let figures = map_quality(&map, &map, Some(&labels), 1).unwrap();
        // Two classes, whose means have no nearer and farther ones.
        assert!(!figures.contains_key("map.class_preservation"), "{figures:?}");
        assert!(knn_accuracy(&map, &[MISSING; 8], 3, 1).is_err());
        assert!(!map_quality(&map, &map, Some(&[MISSING; 8]), 1).unwrap().contains_key("map.knn_accuracy"));
    }

    #[test]
    fn class_means_are_compared() {
        let rows = line(&[0.0, 2.0, 10.0, 12.0, 30.0, 32.0, 70.0, 72.0]);
        let labels = [0, 0, 1, 1, 2, 2, 3, 3];
        assert_eq!(class_preservation(&rows, &rows, &labels, 1).unwrap(), 1.0);
        // Means 1, 11, 31, 71: nearest 1, 0, 1, 2. With classes 0 and 3 in each other's place: 2, 3, 3, 1 -> none but
        // where the places agree.
        let map = line(&[70.0, 72.0, 10.0, 12.0, 30.0, 32.0, 0.0, 2.0]);
        assert_eq!(class_preservation(&rows, &map, &labels, 1).unwrap(), 0.25);
    }

    #[test]
    fn the_sample_of_many_rows_is_close_to_all_of_them() {
        let (rows, map) = spiral(12_000);
        let found = neighbor_preservation(&rows, &map, 10, 2).unwrap();
        assert!((0.0..=1.0).contains(&found));
        let sampled = sample(12_000, COMPARED);
        assert_eq!(sampled.len(), COMPARED);
        assert!(sampled.is_sorted() && sampled.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn what_is_not_defined_is_left_out_or_refused() {
        let (rows, map) = spiral(2);
        assert!(map_quality(&rows, &map, None, 1).unwrap().is_empty());
        let (rows, map) = spiral(4);
        let figures = map_quality(&rows, &map, Some(&[0, 0, 1, 1]), 1).unwrap();
        assert!(!figures.contains_key("map.class_preservation"));
        let short = map_quality(&rows, &map, Some(&[0]), 1).unwrap_err().to_string();
        assert_eq!(short, "`map_quality` needs two lists of equal length, found 4 and 1");
        assert_eq!(
            neighbor_preservation(&rows, &map, 4, 1).unwrap_err().to_string(),
            "4 neighbors of each row were asked for, allowed are 1 to the number of rows less one, 3"
        );
    }
}
