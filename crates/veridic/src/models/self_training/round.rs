//! Pseudo-labels in rounds: a classifier is fitted to the labelled rows, labels those it is sure of, and is fitted anew to both.

use serde::{Deserialize, Serialize};

use crate::data::Matrix;
use crate::error::ConfigError;
use crate::label::{PseudoConfig, PseudoLabel, pseudo_labels};

/// Settings of rounds of pseudo-labels.
///
/// Errors that are biased stay: what one round tells wrong and is sure of, the next learns. Without the truth nothing shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PseudoRoundsConfig {
    /// Most rounds after the first fit, 1 to 100.
    pub rounds: usize,
    /// The least probability of a class that is taken, 0 to 1.
    pub threshold: f32,
    /// Of the rows that are said to be of a class at most this share, the surest first, 0 to 1.
    pub share: f32,
    /// Share of rows whose label was given among those learned from, 0 to below 1: they are taken as often as it needs. 0 takes
    /// all rows equally often.
    pub true_share: f64,
    /// Rounds end when at most this share of the labels changed, 0 to 1.
    pub settled: f64,
}

impl Default for PseudoRoundsConfig {
    fn default() -> Self {
        Self { rounds: 5, threshold: 0.95, share: 1.0, true_share: 0.5, settled: 0.01 }
    }
}

impl PseudoRoundsConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |name: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: format!("{path}.{name}"), found, allowed: allowed.to_string() })
        };
        if !(1..=100).contains(&self.rounds) {
            return range("rounds", self.rounds.to_string(), "1 to 100");
        }
        if !(0.0..1.0).contains(&self.true_share) {
            return range("true-share", self.true_share.to_string(), "0 to below 1");
        }
        if !(0.0..=1.0).contains(&self.settled) {
            return range("settled", self.settled.to_string(), "0 to 1");
        }
        PseudoConfig { threshold: self.threshold, share: self.share }.check(path)
    }

    /// The labels that rows without one get, by the probabilities of their classes, rows x classes; by row.
    pub(crate) fn labels(&self, probabilities: &Matrix) -> Vec<PseudoLabel> {
        let all: Vec<u32> = (0..probabilities.n_rows as u32).collect();
        let config = PseudoConfig { threshold: self.threshold, share: self.share };
        let mut labels = pseudo_labels(probabilities, &all, &config);
        labels.sort_by_key(|label| label.row);
        labels
    }

    /// Whether rounds are over: labels of one round and of the one before it, by row.
    pub(crate) fn is_settled(&self, before: &[PseudoLabel], now: &[PseudoLabel]) -> bool {
        let old: std::collections::BTreeMap<u32, u16> =
            before.iter().map(|label| (label.row, label.class)).collect();
        let kept = now.iter().filter(|label| old.get(&label.row) == Some(&label.class)).count();
        // Those that are new or of another class, and those that are gone.
        let changed = (now.len() - kept) + (before.len() - kept);
        changed as f64 <= self.settled * before.len().max(now.len()) as f64
    }

    /// Rows to learn from: each of `pseudo` once, each of `given` as often as its share asks, at least once.
    pub(crate) fn rows(&self, given: &[u32], pseudo: &[u32]) -> Vec<u32> {
        let wanted = self.true_share / (1.0 - self.true_share) * pseudo.len() as f64;
        let wanted = (wanted.round() as usize).max(given.len());
        given
            .iter()
            .copied()
            .cycle()
            .take(if given.is_empty() { 0 } else { wanted })
            .chain(pseudo.iter().copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(row: u32, class: u16) -> PseudoLabel {
        PseudoLabel { row, class, probability: 1.0 }
    }

    #[test]
    fn given_labels_are_taken_as_often_as_their_share_asks() {
        let config = PseudoRoundsConfig { true_share: 0.5, ..PseudoRoundsConfig::default() };
        let rows = config.rows(&[1, 2], &[5, 6, 7, 8, 9, 10]);
        assert_eq!(rows, [1, 2, 1, 2, 1, 2, 5, 6, 7, 8, 9, 10]);
        let even = PseudoRoundsConfig { true_share: 0.0, ..config };
        assert_eq!(even.rows(&[1, 2], &[5, 6, 7]), [1, 2, 5, 6, 7]);
        assert_eq!(even.rows(&[1, 2], &[]), [1, 2]);
    }

    #[test]
    fn rounds_settle_when_few_labels_change() {
        let config = PseudoRoundsConfig { settled: 0.25, ..PseudoRoundsConfig::default() };
        let before = [label(0, 0), label(1, 1), label(2, 0), label(3, 1)];
        assert!(config.is_settled(&before, &before));
        assert!(config.is_settled(&before, &before[1..]));
        let other = [label(0, 1), label(1, 1), label(2, 0), label(3, 1)];
        assert!(!config.is_settled(&before, &other), "one label gone and one new");
        assert!(config.is_settled(&[], &[]));
        assert!(!config.is_settled(&[], &before));
    }

    #[test]
    fn sure_rows_get_a_label_by_row() {
        let values = vec![0.99, 0.01, 0.6, 0.4, 0.03, 0.97];
        let labels = PseudoRoundsConfig::default().labels(&Matrix { n_rows: 3, n_cols: 2, values });
        let found: Vec<(u32, u16)> = labels.iter().map(|label| (label.row, label.class)).collect();
        assert_eq!(found, [(0, 0), (2, 1)]);
    }

    #[test]
    fn values_out_of_range_are_named() {
        let wrong = PseudoRoundsConfig { true_share: 1.0, ..PseudoRoundsConfig::default() };
        assert!(wrong.check("pseudo").unwrap_err().to_string().contains("pseudo.true-share"));
        let wrong = PseudoRoundsConfig { threshold: 2.0, ..PseudoRoundsConfig::default() };
        assert!(wrong.check("pseudo").unwrap_err().to_string().contains("pseudo.threshold"));
        assert!(PseudoRoundsConfig { rounds: 0, ..PseudoRoundsConfig::default() }.check("x").is_err());
        assert!(PseudoRoundsConfig::default().check("x").is_ok());
    }
}
