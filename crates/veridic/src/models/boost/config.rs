//! Settings of boosting.

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// Settings of boosting; the defaults are those of the chain of conditionals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct BoostConfig {
    /// Most rounds, one tree each, from 1.
    pub rounds: usize,
    /// Share of a leaf's Newton step that is taken, above 0 to 1.
    pub learning_rate: f32,
    /// Splits from the root to a leaf, 1 to 8.
    pub depth: usize,
    /// Fewest rows of a leaf, from 1.
    pub min_leaf: usize,
    /// What is added to the curvature of a leaf, from 0: rows' worth of doubt.
    pub lambda: f32,
    /// Rounds without a better validation loss before boosting stops, from 1.
    pub patience: usize,
    /// Share of rows that boosting stops by, 0 to 0.5; with 0 all rounds are run.
    pub validation: f64,
    /// Numbers of groups of neighboring classes that share a leaf's value, one a round in turn, where classes have an order;
    /// empty gives each class its own value.
    pub groups: Vec<usize>,
    /// Most features that a tree looks at, chosen at random for each, from 1.
    pub features: usize,
}

impl Default for BoostConfig {
    fn default() -> Self {
        Self {
            rounds: 200,
            learning_rate: 0.15,
            depth: 5,
            min_leaf: 20,
            lambda: 3.0,
            patience: 12,
            validation: 0.1,
            groups: vec![2, 4, 8, 16, 32],
            features: 32,
        }
    }
}

impl BoostConfig {
    /// Checks ranges; `path` is where the settings are, as in `model.boosted-trees`.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: format!("{path}.{field}"), found, allowed: allowed.to_string() })
        };
        if self.rounds == 0 {
            return range("rounds", self.rounds.to_string(), "from 1");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return range("learning-rate", self.learning_rate.to_string(), "above 0 to 1");
        }
        if !(1..=8).contains(&self.depth) {
            return range("depth", self.depth.to_string(), "1 to 8");
        }
        if self.min_leaf == 0 {
            return range("min-leaf", self.min_leaf.to_string(), "from 1");
        }
        if !(self.lambda >= 0.0 && self.lambda.is_finite()) {
            return range("lambda", self.lambda.to_string(), "from 0");
        }
        if self.patience == 0 {
            return range("patience", self.patience.to_string(), "from 1");
        }
        if !(0.0..=0.5).contains(&self.validation) {
            return range("validation", self.validation.to_string(), "0 to 0.5");
        }
        if let Some(group) = self.groups.iter().find(|group| !(2..=256).contains(*group)) {
            return range("groups", group.to_string(), "2 to 256 each");
        }
        if self.features == 0 {
            return range("features", self.features.to_string(), "from 1");
        }
        Ok(())
    }
}
