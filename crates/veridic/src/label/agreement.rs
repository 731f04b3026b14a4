//! How far people agree who looked at the same rows.

use std::collections::BTreeMap;

/// How far annotators agree on the rows that at least two of them labelled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Rows that at least two labelled.
    pub rows: usize,
    /// Rows on which not all gave the same class.
    pub disagreements: usize,
    /// The share of pairs of labels of one row that are equal, each row counting the same: 0 to 1, higher is better.
    pub share: f64,
    /// Krippendorff's alpha for classes without an order: 1 is full agreement, 0 what chance gives, below 0 worse; none
    /// where all labels are one class. `α = 1 - observed / expected`, the disagreement of pairs of labels of one row over
    /// that of pairs of all labels.
    /// Source: Krippendorff, Content Analysis (2004), section 11.3.
    pub alpha: Option<f64>,
}

/// Agreement of `labels`, the classes that each row got, one an annotator; rows with fewer than two are left out. `None`
/// where no row has two.
pub fn agreement<'a>(labels: impl IntoIterator<Item = &'a [u16]>) -> Option<Agreement> {
    let (mut rows, mut disagreements, mut share) = (0, 0, 0.0);
    let mut observed = 0.0;
    let mut totals: BTreeMap<u16, f64> = BTreeMap::new();
    for of_row in labels.into_iter().filter(|of_row| of_row.len() >= 2) {
        let m = of_row.len() as f64;
        let mut counts: BTreeMap<u16, f64> = BTreeMap::new();
        for &class in of_row {
            *counts.entry(class).or_default() += 1.0;
            *totals.entry(class).or_default() += 1.0;
        }
        let equal: f64 = counts.values().map(|count| count * (count - 1.0)).sum();
        rows += 1;
        disagreements += usize::from(counts.len() > 1);
        share += equal / (m * (m - 1.0));
        observed += (m * (m - 1.0) - equal) / (m - 1.0);
    }
    if rows == 0 {
        return None;
    }
    let n: f64 = totals.values().sum();
    let equal: f64 = totals.values().map(|count| count * (count - 1.0)).sum();
    let expected = (n * (n - 1.0) - equal) / (n - 1.0);
    let alpha = (expected > 0.0).then(|| 1.0 - observed / expected);
    Some(Agreement { rows, disagreements, share: share / rows as f64, alpha })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_agreement_and_none_are_one_and_below_zero() {
        let equal: [&[u16]; 3] = [&[0, 0], &[1, 1], &[0, 0]];
        let found = agreement(equal).unwrap();
        assert_eq!((found.rows, found.disagreements, found.share, found.alpha), (3, 0, 1.0, Some(1.0)));
        let unequal: [&[u16]; 2] = [&[0, 1], &[1, 0]];
        let found = agreement(unequal).unwrap();
        assert_eq!((found.disagreements, found.share), (2, 0.0));
        assert!(found.alpha.is_some_and(|alpha| (alpha - -0.5).abs() < 1e-12), "{found:?}");
    }

    /// The example of two observers and ten units of Krippendorff, Computing Krippendorff's Alpha-Reliability (2011),
    /// part A: alpha = 0.095.
    #[test]
    fn the_published_example_comes_out() {
        let [a, b] = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]];
        let rows: Vec<Vec<u16>> = a.iter().zip(&b).map(|(a, b)| vec![*a, *b]).collect();
        let found = agreement(rows.iter().map(Vec::as_slice)).unwrap();
        assert_eq!((found.rows, found.disagreements), (10, 4));
        assert!((found.share - 0.6).abs() < 1e-12);
        assert!(found.alpha.is_some_and(|alpha| (alpha - 0.095_238).abs() < 1e-5), "{found:?}");
    }

    #[test]
    fn rows_of_one_label_say_nothing_and_one_class_has_no_alpha() {
        let alone: [&[u16]; 2] = [&[0], &[]];
        assert_eq!(agreement(alone), None);
        let one: [&[u16]; 2] = [&[3, 3, 3], &[1]];
        let found = agreement(one).unwrap();
        assert_eq!((found.rows, found.share, found.alpha), (1, 1.0, None));
    }
}
