//! Settings of the circuit.

use serde::{Deserialize, Serialize};

use super::product::LANES;
use crate::error::ConfigError;
use crate::models::chain::RuleConfig;

/// Settings of a hidden Chow-Liu tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CircuitConfig {
    /// States of each hidden variable, a multiple of 16 to 512; 0 chooses more the more rows and the fewer columns there are,
    /// 16 to 128.
    pub states: usize,
    /// Codes of a column of numbers, 4 to 200.
    pub codes: usize,
    /// Passes over the rows, 1 to 1000.
    pub epochs: usize,
    /// Rows of a step at most, 64 to 65536; fewer of small tables.
    pub batch: usize,
    /// How many rows the distribution of a column counts in each hidden state beside those that are in it, 0.001 to 100.
    pub smoothing: f64,
    /// Rules that are looked for in the data and kept by made rows. Of a run these are `data.rules`.
    #[serde(skip)]
    pub rules: RuleConfig,
}

impl Default for CircuitConfig {
    fn default() -> Self {
        Self { states: 0, codes: 64, epochs: 8, batch: 2048, smoothing: 1.0, rules: RuleConfig::default() }
    }
}

impl CircuitConfig {
    /// Checks ranges; `path` is where the settings are, as in `model.circuit`.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| {
            let field = format!("{path}.{field}");
            Err(ConfigError::Range { field, found, allowed: allowed.to_string() })
        };
        if self.states > 512 || !self.states.is_multiple_of(LANES) {
            return range("states", self.states.to_string(), "a multiple of 16 to 512, or 0 to choose");
        }
        if !(4..=200).contains(&self.codes) {
            return range("codes", self.codes.to_string(), "4 to 200");
        }
        if !(1..=1000).contains(&self.epochs) {
            return range("epochs", self.epochs.to_string(), "1 to 1000");
        }
        if !(64..=65_536).contains(&self.batch) {
            return range("batch", self.batch.to_string(), "64 to 65536");
        }
        if !(0.001..=100.0).contains(&self.smoothing) {
            return range("smoothing", self.smoothing.to_string(), "0.001 to 100");
        }
        Ok(())
    }
}
