//! Pseudo-labels: a classifier's own answers, taken as labels where it is sure.

use serde::{Deserialize, Serialize};

use crate::data::Matrix;
use crate::error::ConfigError;

/// Which rows get a pseudo-label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PseudoConfig {
    /// The least probability of a class that is taken, 0 to 1.
    pub threshold: f32,
    /// At most this share of the rows that are said to be of a class, the surest first, 0 to 1; so that a class that is
    /// easy does not drown the others.
    pub share: f32,
}

impl Default for PseudoConfig {
    fn default() -> Self {
        Self { threshold: 0.95, share: 1.0 }
    }
}

impl PseudoConfig {
    /// Checks the ranges; `path` is where the settings stand.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        for (name, value) in [("threshold", self.threshold), ("share", self.share)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(ConfigError::Range {
                    field: format!("{path}.{name}"),
                    found: value.to_string(),
                    allowed: "0 to 1".to_string(),
                });
            }
        }
        Ok(())
    }
}

/// A row with the class it is taken to be of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PseudoLabel {
    /// The row.
    pub row: u32,
    /// The class.
    pub class: u16,
    /// Its probability.
    pub probability: f32,
}

/// The candidates whose most probable class is at least as probable as the threshold, of each class at most the share of
/// its surest; by class, then surest first.
///
/// `probabilities` is rows x classes, at most 65 536 of them; candidates without a row are passed over. Errors of a
/// classifier that are biased stay in its pseudo-labels: [`pseudo_error`] says how wrong they are where the truth is known.
/// Source: Lee, ICML 2013 workshop; the share by class is that of class-balanced self-training (Zou et al., ECCV 2018).
pub fn pseudo_labels(probabilities: &Matrix, candidates: &[u32], config: &PseudoConfig) -> Vec<PseudoLabel> {
    let mut by_class: Vec<Vec<PseudoLabel>> = vec![Vec::new(); probabilities.n_cols];
    for &row in candidates.iter().filter(|row| (**row as usize) < probabilities.n_rows) {
        let shares = probabilities.row(row as usize).iter().copied().enumerate();
        let best = shares.reduce(|best, next| if next.1 > best.1 { next } else { best });
        if let Some((class, probability)) = best {
            by_class[class].push(PseudoLabel { row, class: class as u16, probability });
        }
    }
    let mut taken = Vec::new();
    for mut of_class in by_class {
        of_class.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        of_class.truncate((of_class.len() as f32 * config.share).ceil() as usize);
        taken.extend(of_class.into_iter().filter(|label| label.probability >= config.threshold));
    }
    taken
}

/// How wrong pseudo-labels are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PseudoError {
    /// Pseudo-labels whose truth is known.
    pub known: usize,
    /// Those of them that are wrong.
    pub wrong: usize,
}

impl PseudoError {
    /// The share that is wrong, 0 to 1; none where no truth is known.
    pub fn share(&self) -> Option<f64> {
        (self.known > 0).then(|| self.wrong as f64 / self.known as f64)
    }
}

/// Compares pseudo-labels with the truth where it is known; `truth` has an entry for every row.
pub fn pseudo_error(labels: &[PseudoLabel], truth: &[Option<u16>]) -> PseudoError {
    let known = labels.iter().filter_map(|label| Some((label.class, (*truth.get(label.row as usize)?)?)));
    known.fold(PseudoError { known: 0, wrong: 0 }, |sum, (said, is)| PseudoError {
        known: sum.known + 1,
        wrong: sum.wrong + usize::from(said != is),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probabilities() -> Matrix {
        let first = [0.99, 0.96, 0.60, 0.02, 0.40, 0.97];
        Matrix { n_rows: 6, n_cols: 2, values: first.iter().flat_map(|p| [*p, 1.0 - p]).collect() }
    }

    fn rows(labels: &[PseudoLabel]) -> Vec<(u32, u16)> {
        labels.iter().map(|label| (label.row, label.class)).collect()
    }

    #[test]
    fn sure_rows_are_taken_surest_first_and_unsure_ones_are_not() {
        let config = PseudoConfig { threshold: 0.95, share: 1.0 };
        let taken = pseudo_labels(&probabilities(), &[0, 1, 2, 3, 4, 5, 77], &config);
        assert_eq!(rows(&taken), [(0, 0), (5, 0), (1, 0), (3, 1)]);
        let taken = pseudo_labels(&probabilities(), &[1, 2], &config);
        assert_eq!(rows(&taken), [(1, 0)]);
    }

    #[test]
    fn a_share_holds_for_each_class_by_itself() {
        let config = PseudoConfig { threshold: 0.0, share: 0.5 };
        let taken = pseudo_labels(&probabilities(), &[0, 1, 2, 3, 4, 5], &config);
        assert_eq!(rows(&taken), [(0, 0), (5, 0), (3, 1)]);
    }

    #[test]
    fn wrong_ones_are_counted_where_the_truth_is_known() {
        let taken = pseudo_labels(&probabilities(), &[0, 1, 3], &PseudoConfig::default());
        let found = pseudo_error(&taken, &[Some(0), Some(1), None, None, None, None]);
        assert_eq!(found, PseudoError { known: 2, wrong: 1 });
        assert_eq!(found.share(), Some(0.5));
        assert_eq!(pseudo_error(&[], &[]).share(), None);
    }

    #[test]
    fn shares_outside_their_range_are_refused() {
        let config = PseudoConfig { threshold: 1.5, share: 1.0 };
        assert!(config.check("pseudo").unwrap_err().to_string().contains("pseudo.threshold"));
        assert!(PseudoConfig::default().check("pseudo").is_ok());
    }
}
