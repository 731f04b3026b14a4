//! How unsure a classifier is of each row. With two classes all three give the same order.

use crate::data::Matrix;

/// One less the largest probability of each row: 0 to 1 - 1/classes, higher is less sure.
///
/// `probabilities` is rows x classes. A row without classes scores 0.
/// Source: Lewis and Gale, SIGIR 1994.
pub fn least_confident(probabilities: &Matrix) -> Vec<f32> {
    each(probabilities, |row| 1.0 - row.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

/// Minus the lead of the most probable class over the next: -1 to 0, higher is less sure.
///
/// `probabilities` is rows x classes; with one class the next has probability 0.
/// Source: Scheffer, Decomain and Wrobel, IDA 2001.
pub fn margin(probabilities: &Matrix) -> Vec<f32> {
    each(probabilities, |row| {
        let (mut first, mut second) = (0.0_f32, 0.0_f32);
        for &p in row {
            if p > first {
                (first, second) = (p, first);
            } else {
                second = second.max(p);
            }
        }
        second - first
    })
}

/// The entropy of each row, `-Σ p ln p`, in nats: 0 to ln(classes), higher is less sure.
///
/// `probabilities` is rows x classes.
/// Source: Shannon 1948; as a rule what to ask, Dagan and Engelson, ICML 1995.
pub fn entropy(probabilities: &Matrix) -> Vec<f32> {
    each(probabilities, |row| -row.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f32>())
}

/// How far the members of a committee disagree about each row, in nats: the entropy of their mean probabilities less the mean of
/// their entropies, 0 to ln(members); higher is more.
///
/// `members` are probabilities of the same rows x classes each; without one, nothing.
/// Source: the Kullback-Leibler divergence to the mean, McCallum and Nigam, ICML 1998.
pub fn disagreement(members: &[Matrix]) -> Vec<f32> {
    let Some(first) = members.first() else { return Vec::new() };
    let mut mean = Matrix::zeros(first.n_rows, first.n_cols);
    let mut own = vec![0.0; first.n_rows];
    for member in members {
        let share = 1.0 / members.len() as f32;
        mean.values.iter_mut().zip(&member.values).for_each(|(mean, p)| *mean += share * p);
        own.iter_mut().zip(entropy(member)).for_each(|(own, entropy)| *own += share * entropy);
    }
    // Rounding leaves less than nothing where all agree.
    entropy(&mean).into_iter().zip(own).map(|(mean, own)| (mean - own).max(0.0)).collect()
}

fn each(probabilities: &Matrix, score: impl Fn(&[f32]) -> f32) -> Vec<f32> {
    if probabilities.n_cols == 0 {
        return vec![0.0; probabilities.n_rows];
    }
    (0..probabilities.n_rows).map(|i| score(probabilities.row(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::highest_first;

    fn rows(values: &[[f32; 3]]) -> Matrix {
        Matrix { n_rows: values.len(), n_cols: 3, values: values.concat() }
    }

    #[test]
    fn sure_even_and_torn_rows_score_as_their_formulas_say() {
        let p = rows(&[[1.0, 0.0, 0.0], [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], [0.5, 0.5, 0.0]]);
        let close = |found: Vec<f32>, expected: [f32; 3]| {
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 1e-6, "{found:?} {expected:?}");
            }
        };
        close(least_confident(&p), [0.0, 2.0 / 3.0, 0.5]);
        close(margin(&p), [-1.0, 0.0, 0.0]);
        close(entropy(&p), [0.0, 3.0_f32.ln(), 2.0_f32.ln()]);
    }

    #[test]
    fn with_two_classes_the_orders_are_one() {
        let shares = [0.9, 0.52, 0.3, 0.01, 0.65];
        let values = shares.iter().flat_map(|p| [*p, 1.0 - p]).collect();
        let p = Matrix { n_rows: 5, n_cols: 2, values };
        let all: Vec<u32> = (0..5).collect();
        let expected = [1, 4, 2, 0, 3];
        for scores in [least_confident(&p), margin(&p), entropy(&p)] {
            assert_eq!(highest_first(&scores, &all), expected);
        }
    }

    #[test]
    fn members_disagree_where_each_is_sure_of_another_class_and_not_where_all_are_unsure() {
        let one = rows(&[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.2, 0.8, 0.0]]);
        let other = rows(&[[0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.2, 0.8, 0.0]]);
        let found = disagreement(&[one, other]);
        assert!((found[0] - 2.0_f32.ln()).abs() < 1e-6 && found[1] < 1e-6 && found[2] < 1e-6, "{found:?}");
        assert!(disagreement(&[]).is_empty());
    }

    #[test]
    fn no_classes_and_one_class_score_without_harm() {
        assert_eq!(margin(&Matrix::zeros(2, 0)), [0.0, 0.0]);
        let one = Matrix { n_rows: 1, n_cols: 1, values: vec![1.0] };
        assert_eq!((least_confident(&one), margin(&one), entropy(&one)), (vec![0.0], vec![-1.0], vec![0.0]));
    }
}
