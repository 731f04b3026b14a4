//! Whether synthetic rows lie where real ones do, and everywhere they do.

use rayon::prelude::*;

use super::record::{Points, Space};
use crate::data::Table;

/// Steps of the curves.
const STEPS: usize = 30;

/// How well synthetic rows cover real ones.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Support {
    /// Whether synthetic rows lie as near to the center of the real ones as these do, 0 to 1, higher is better.
    pub alpha_precision: f64,
    /// Whether real rows have a synthetic one near, 0 to 1, higher is better: collapsed modes show here. Other real rows do not
    /// reach 1 either; read it beside its ceiling.
    pub beta_recall: f64,
}

/// Alpha-precision and beta-recall over 30 values of alpha and beta; tables have the same columns. `None` where a table has
/// fewer than two rows.
///
/// With numbers over their range and a category as one of its levels, euclidean: precision(α) is the share of synthetic rows
/// within the radius, around the mean of the real rows, that has a share α of these; recall(β) the share of real rows whose
/// nearest synthetic row is not farther than their nearest real one and lies within the radius around the mean of
/// synthetic rows that has a share β of these. Each score is `1 - Σ |α - curve(α)| / Σ α`.
/// Source: Alaa et al., How faithful is your synthetic data?, ICML 2022, equations 2 to 7, without the embedding network.
pub fn support(real: &Table, synthetic: &Table) -> Option<Support> {
    if real.n_rows < 2 || synthetic.n_rows < 2 {
        return None;
    }
    let space = Space::of(&[real, real]);
    let (real, made) = (space.points(real), space.points(synthetic));
    let own_radius = from_center(&real, &real);
    let made_in_real = from_center(&made, &real);
    let made_radius = from_center(&made, &made);
    let to_real = nearest(&real, &real, true);
    let to_made = nearest(&real, &made, false);
    let sorted = |values: &[f32]| {
        let mut values = values.to_vec();
        values.sort_unstable_by(f32::total_cmp);
        values
    };
    let (own_sorted, made_sorted) = (sorted(&own_radius), sorted(&made_radius));
    let (mut precision, mut recall, mut all) = (0.0, 0.0, 0.0);
    for step in 1..=STEPS {
        let alpha = step as f64 / STEPS as f64;
        let radius = |sorted: &[f32]| sorted[((alpha * sorted.len() as f64).ceil() as usize).max(1) - 1];
        let (inner, made_inner) = (radius(&own_sorted), radius(&made_sorted));
        let inside = made_in_real.iter().filter(|distance| **distance <= inner).count();
        let covered = to_real
            .iter()
            .zip(&to_made)
            .filter(|((own, _), (other, at))| other <= own && made_radius[*at] <= made_inner)
            .count();
        precision += (alpha - inside as f64 / made.n as f64).abs();
        recall += (alpha - covered as f64 / real.n as f64).abs();
        all += alpha;
    }
    Some(Support { alpha_precision: 1.0 - precision / all, beta_recall: 1.0 - recall / all })
}

/// The squared distance of each row to the mean of `others`, where a text is one of as many zeros and a one.
fn from_center(rows: &Points, others: &Points) -> Vec<f32> {
    let mut sums = vec![0.0f32; rows.n];
    for (own, column) in rows.numbers.iter().zip(&others.numbers) {
        let mean = (column.iter().map(|value| f64::from(*value)).sum::<f64>() / column.len() as f64) as f32;
        sums.iter_mut().zip(own).for_each(|(sum, value)| *sum += (value - mean).powi(2));
    }
    for (own, column) in rows.texts.iter().zip(&others.texts) {
        let mut shares: std::collections::BTreeMap<u64, f32> = std::collections::BTreeMap::new();
        for key in column {
            *shares.entry(*key).or_default() += 1.0 / column.len() as f32;
        }
        let all: f32 = shares.values().map(|share| share * share).sum();
        for (sum, key) in sums.iter_mut().zip(own) {
            *sum += 1.0 - 2.0 * shares.get(key).copied().unwrap_or(0.0) + all;
        }
    }
    sums
}

/// The squared distance of each row to the nearest of others and which that is; `same`: both are the same rows, and none is
/// its own neighbor.
fn nearest(rows: &Points, others: &Points, same: bool) -> Vec<(f32, usize)> {
    (0..rows.n)
        .into_par_iter()
        .map_init(
            || vec![0.0f32; others.n],
            |sums, i| {
                rows.distances(i, others, (|difference: f32| difference.powi(2), 2.0), sums);
                if same {
                    sums[i] = f32::INFINITY;
                }
                let first = (f32::INFINITY, 0);
                sums.iter()
                    .enumerate()
                    .fold(first, |best, (at, sum)| if *sum < best.0 { (*sum, at) } else { best })
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Cells;
    use crate::seed::{Seed, uniform};

    fn drawn(name: &str, modes: &[f64]) -> Table {
        let mut random = Seed(2).stream(name);
        let mode = |i: usize| modes[i % modes.len()];
        let x: Vec<f64> = (0..500).map(|i| mode(i) + uniform(&mut random)).collect();
        let y: Vec<f64> = (0..500).map(|i| mode(i) + uniform(&mut random)).collect();
        let c = (0..500).map(|i| Some(if mode(i) > 2.0 { "far" } else { "near" }));
        Table::new([("x", Cells::Number(x)), ("y", Cells::Number(y)), ("c", Cells::texts(c))]).unwrap()
    }

    #[test]
    fn a_lost_mode_costs_recall_and_rows_elsewhere_cost_precision() {
        let real = drawn("real", &[0.0, 5.0]);
        let same = support(&real, &drawn("same", &[0.0, 5.0])).unwrap();
        let lost = support(&real, &drawn("lost", &[0.0])).unwrap();
        let away = support(&real, &drawn("away", &[0.0, 5.0, 30.0, -30.0])).unwrap();
        assert!(same.alpha_precision > 0.9, "{same:?}");
        assert!(lost.beta_recall < 0.75 * same.beta_recall, "{lost:?} {same:?}");
        assert!(away.alpha_precision < 0.7, "{away:?}");
        assert!(support(&real, &real.take(&[0])).is_none());
    }
}
