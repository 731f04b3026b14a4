//! Settings of private marginals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// Settings of noisy marginals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PrivateMarginalsConfig {
    /// By how much one row may change the logarithm of the chance of what is made, above 0 to 100. Around 1 is
    /// strong, 10 is weak.
    pub epsilon: f64,
    /// The chance that it changes by more, above 0 to below 1; far less than one in the number of rows.
    pub delta: f64,
    /// By column, the least and the largest number that is known without the data (moments in seconds since 1970). Columns that
    /// are not named have the range of the data, which then counts as known.
    pub ranges: BTreeMap<String, [f64; 2]>,
    /// A number that noise follows from, for tests alone: whoever knows it can take the noise away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_seed: Option<u64>,
}

impl Default for PrivateMarginalsConfig {
    fn default() -> Self {
        Self { epsilon: 1.0, delta: 1e-6, ranges: BTreeMap::new(), noise_seed: None }
    }
}

impl PrivateMarginalsConfig {
    /// Checks ranges; `path` is where the settings are, as in `model.private-marginals`.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: format!("{path}.{field}"), found, allowed: allowed.to_string() })
        };
        if !(self.epsilon > 0.0 && self.epsilon <= 100.0) {
            return range("epsilon", self.epsilon.to_string(), "above 0, to 100");
        }
        if !(1e-30..1.0).contains(&self.delta) {
            return range("delta", self.delta.to_string(), "from 1e-30 to below 1");
        }
        for (column, [low, high]) in &self.ranges {
            if !(low.is_finite() && high.is_finite() && low <= high) {
                return range(
                    &format!("ranges.{column}"),
                    format!("[{low}, {high}]"),
                    "the least, then the largest",
                );
            }
        }
        Ok(())
    }
}
