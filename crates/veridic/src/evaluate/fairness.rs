//! How groups of rows are treated by what is decided about them, in the terms of fairlearn.

use super::attack::Rate;
use crate::error::EvaluateError;

/// Rows of a group below this number are too few to compare.
pub const FEW: usize = 30;

/// One group of a protected column.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct GroupRates {
    /// Its value.
    pub group: String,
    /// Its rows.
    pub rows: usize,
    /// The share of rows whose target is positive.
    pub base_rate: Rate,
    /// The share of rows that were told to be positive.
    pub selection_rate: Rate,
    /// The same among rows that are positive (recall).
    pub true_positive_rate: Rate,
    /// The same among rows that are not.
    pub false_positive_rate: Rate,
    /// The mean probability that was told less the share that is positive: above 0 the group is thought more positive than it is.
    pub calibration_gap: f64,
    /// Whether it is too small to say much: fewer than 30 rows, or fewer than 10 positive or other ones.
    pub few: bool,
}

/// All groups of a protected column, and how far the farthest lie apart; groups that are too small are passed over there.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Fairness {
    /// The groups in the order of their names.
    pub groups: Vec<GroupRates>,
    /// Largest less smallest base rate.
    pub base_gap: f64,
    /// Largest less smallest selection rate: fairlearn's `demographic_parity_difference`.
    pub selection_gap: f64,
    /// Smallest over largest selection rate: fairlearn's `demographic_parity_ratio`; four fifths is a rule of US agencies.
    pub selection_ratio: f64,
    /// Largest less smallest true positive rate: fairlearn's `equal_opportunity_difference`.
    pub true_positive_gap: f64,
    /// Largest less smallest false positive rate.
    pub false_positive_gap: f64,
    /// The larger of the last two: fairlearn's `equalized_odds_difference`.
    pub equalized_odds_gap: f64,
}

/// Rates by group. `probabilities` of being positive, of which half and more is told to be; rows whose group is missing are a
/// group `(missing)`.
///
/// # Errors
/// Lists of different length; no rows.
pub fn fairness(
    groups: &[Option<String>],
    positive: &[bool],
    probabilities: &[f64],
) -> Result<Fairness, EvaluateError> {
    for right in [positive.len(), probabilities.len()] {
        if groups.len() != right {
            return Err(EvaluateError::Lengths { metric: "fairness", left: groups.len(), right });
        }
    }
    if groups.is_empty() {
        return Err(EvaluateError::Empty { metric: "fairness" });
    }
    let mut of: std::collections::BTreeMap<&str, Vec<usize>> = std::collections::BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        of.entry(group.as_deref().unwrap_or("(missing)")).or_default().push(row);
    }
    let told = |row: &usize| probabilities[*row] >= 0.5;
    let share = |rows: &[usize], is: &dyn Fn(&usize) -> bool| {
        let n = rows.iter().filter(|row| is(row)).count();
        Rate { value: n as f64 / rows.len().max(1) as f64, ..Rate::wilson(n, rows.len()) }
    };
    let groups: Vec<GroupRates> = of
        .into_iter()
        .map(|(group, rows)| {
            let (yes, no): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| positive[**row]);
            let base_rate = share(&rows, &|row| positive[*row]);
            let thought = rows.iter().map(|&row| probabilities[row]).sum::<f64>() / rows.len() as f64;
            GroupRates {
                group: group.to_string(),
                rows: rows.len(),
                base_rate,
                selection_rate: share(&rows, &told),
                true_positive_rate: share(&yes, &told),
                false_positive_rate: share(&no, &told),
                calibration_gap: thought - base_rate.value,
                few: rows.len() < FEW || yes.len().min(no.len()) < 10,
            }
        })
        .collect();
    let ends = |of: fn(&GroupRates) -> f64| {
        let values = groups.iter().filter(|group| !group.few).map(of);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let gap = |of| {
        let (low, high) = ends(of);
        if low <= high { high - low } else { 0.0 }
    };
    let (low, high) = ends(|group| group.selection_rate.value);
    let selection_ratio = if low <= high && high > 0.0 { low / high } else { 1.0 };
    let true_positive_gap = gap(|group| group.true_positive_rate.value);
    let false_positive_gap = gap(|group| group.false_positive_rate.value);
    Ok(Fairness {
        base_gap: gap(|group| group.base_rate.value),
        selection_gap: gap(|group| group.selection_rate.value),
        selection_ratio,
        true_positive_gap,
        false_positive_gap,
        equalized_odds_gap: true_positive_gap.max(false_positive_gap),
        groups,
    })
}

/// How closely two lists of codes go together: Cramér's V with Bergsma's correction for chance, 0 to 1. 0 where one does not
/// vary. Source: Bergsma, A bias-correction for Cramér's V and Tschuprow's T, Journal of the Korean Statistical Society 2013.
pub fn association(a: &[u32], b: &[u32]) -> f64 {
    let mut cells: std::collections::BTreeMap<(u32, u32), f64> = std::collections::BTreeMap::new();
    let [mut rows, mut columns] = [std::collections::BTreeMap::new(), std::collections::BTreeMap::new()];
    for (a, b) in a.iter().zip(b) {
        *cells.entry((*a, *b)).or_default() += 1.0;
        *rows.entry(*a).or_insert(0.0) += 1.0;
        *columns.entry(*b).or_insert(0.0) += 1.0;
    }
    let n: f64 = a.len().min(b.len()) as f64;
    let (r, c) = (rows.len() as f64, columns.len() as f64);
    if r < 2.0 || c < 2.0 || n < 2.0 {
        return 0.0;
    }
    // Σ o² / e, less n, is the statistic of Pearson.
    let chi: f64 = cells.iter().map(|((a, b), o)| o * o * n / (rows[a] * columns[b])).sum::<f64>() - n;
    let phi = (chi / n - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
    let (r, c) = (r - (r - 1.0).powi(2) / (n - 1.0), c - (c - 1.0).powi(2) / (n - 1.0));
    let least = r.min(c) - 1.0;
    if least > 0.0 { (phi / least).sqrt().min(1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_gaps_are_counted_by_group_and_small_groups_are_said() {
        // By bench/evaluate/reference.py, fairlearn 0.15.0: gaps 0.25 and 0.5, ratio 0.6.
        // 40 of a: 20 positive, 10 of them and 5 others told; 40 of b: 20 positive, 20 of them and 5 others told; 3 of c.
        let mut groups = Vec::new();
        let (mut positive, mut told) = (Vec::new(), Vec::new());
        let mut add = |group: &str, yes: bool, p: f64, n: usize| {
            for _ in 0..n {
                groups.push(Some(group.to_string()));
                positive.push(yes);
                told.push(p);
            }
        };
        for (group, found) in [("a", 10), ("b", 20)] {
            add(group, true, 0.9, found);
            add(group, true, 0.1, 20 - found);
            add(group, false, 0.9, 5);
            add(group, false, 0.1, 15);
        }
        add("c", true, 0.0, 3);
        let fair = fairness(&groups, &positive, &told).unwrap();
        assert_eq!(fair.groups[0].selection_rate.value, 15.0 / 40.0);
        assert_eq!((fair.true_positive_gap, fair.false_positive_gap), (0.5, 0.0));
        assert_eq!((fair.selection_gap, fair.selection_ratio), (0.25, 0.6));
        assert!(fair.groups[2].few && !fair.groups[0].few);
        assert!((fair.groups[0].calibration_gap - (15.0 * 0.9 + 25.0 * 0.1) / 40.0 + 0.5).abs() < 1e-12);
        assert!(fairness(&groups, &positive[1..], &told).is_err());
        assert!(fairness(&[], &[], &[]).is_err());
    }

    #[test]
    fn association_is_one_for_a_renamed_column_and_none_for_chance() {
        let a: Vec<u32> = (0..400).map(|i| i % 4).collect();
        let renamed: Vec<u32> = a.iter().map(|code| 9 - code).collect();
        let other: Vec<u32> = (0..400).map(|i| i / 4 % 5).collect();
        assert!(association(&a, &renamed) > 0.99 && association(&a, &other) < 0.05);
        assert_eq!(association(&a, &[1; 400]), 0.0);
    }
}
