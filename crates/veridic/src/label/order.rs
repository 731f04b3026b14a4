//! Orders of rows, and how several become one.

use std::collections::HashSet;

use crate::seed::{self, Seed};

/// `candidates` by falling score, equal scores in the order of `candidates`; NaN counts as lowest.
///
/// `scores` has one score for every row; a candidate without a score comes last. With anomaly scores this asks the most
/// anomalous first.
pub fn highest_first(scores: &[f32], candidates: &[u32]) -> Vec<u32> {
    let key = |row: u32| {
        let score = scores.get(row as usize).copied().unwrap_or(f32::NEG_INFINITY);
        if score.is_nan() { f32::NEG_INFINITY } else { score }
    };
    let mut order = candidates.to_vec();
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
    order
}

/// `candidates` in a random order: the control of every other order.
pub fn random(candidates: &[u32], seed: Seed) -> Vec<u32> {
    let mut order = candidates.to_vec();
    seed::shuffle(&mut order, &mut seed.stream("label/random"));
    order
}

/// Several orders as one: at every place the part comes next that is furthest behind its share; a row that was taken
/// already is passed over. Ends when all parts are used up. Each row comes with the number of the part that asked for it.
///
/// `parts` are pairs of weight (above 0, of any sum) and order. A part that is used up leaves its share to the others.
/// Half likely and half uncertain, `[(0.5, likely), (0.5, uncertain)]`, suits rare classes; three quarters uncertain and a
/// quarter random guards against a model that is wrong and sure.
pub fn mixture(parts: &[(f64, &[u32])]) -> Vec<(u32, usize)> {
    let mut taken = HashSet::new();
    let mut places = vec![0; parts.len()];
    // How much each part has had, in units of its weight.
    let mut had = vec![0.0; parts.len()];
    let mut order = Vec::new();
    loop {
        for (place, (_, rows)) in places.iter_mut().zip(parts) {
            while rows.get(*place).is_some_and(|row| taken.contains(row)) {
                *place += 1;
            }
        }
        let open = (0..parts.len()).filter(|&i| places[i] < parts[i].1.len());
        let Some(next) = open.min_by(|&a, &b| f64::total_cmp(&had[a], &had[b])) else { return order };
        let row = parts[next].1[places[next]];
        taken.insert(row);
        order.push((row, next));
        had[next] += 1.0 / parts[next].0.max(f64::MIN_POSITIVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_anomalous_come_first_and_those_without_a_score_last() {
        let scores = [0.5, f32::NAN, 3.0, 0.5];
        assert_eq!(highest_first(&scores, &[3, 1, 0, 2, 9]), [2, 3, 0, 1, 9]);
    }

    #[test]
    fn a_random_order_is_the_seeds_and_has_every_candidate_once() {
        let rows: Vec<u32> = (10..60).collect();
        let order = random(&rows, Seed(4));
        assert_eq!(order, random(&rows, Seed(4)));
        assert_ne!(order, random(&rows, Seed(5)));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, rows);
    }

    #[test]
    fn a_mixture_keeps_shares_and_no_row_twice() {
        let unsure: Vec<u32> = (0..30).collect();
        let others: Vec<u32> = (0..100).rev().collect();
        let mixed = mixture(&[(0.75, &unsure), (0.25, &others)]);
        assert_eq!(mixed[..4], [(0, 0), (99, 1), (1, 0), (2, 0)]);
        let mixed: Vec<u32> = mixed.into_iter().map(|(row, _)| row).collect();
        assert_eq!(mixed.len(), 100);
        assert_eq!(mixed[..8], [0, 99, 1, 2, 3, 98, 4, 5]);
        assert_eq!(mixed[..40].iter().filter(|row| **row < 30).count(), 30);
        let mut sorted = mixed;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<u32>>());
        assert_eq!(mixture(&[]), Vec::new());
    }
}
