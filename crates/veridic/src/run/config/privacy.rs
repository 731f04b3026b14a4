//! What a run may keep of the data.

use serde::{Deserialize, Serialize};

use super::{Config, FigureKind};
use crate::error::{ConfigError, Result};
use crate::models::ModelConfig;

/// What a run may keep of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PrivacyConfig {
    /// Whether values of single rows may be kept. If not, a chain learns from values of groups of at least ten rows: numbers
    /// drawn between the means of groups, rare categories under one name, names of rows numbered.
    pub store_values: bool,
}

impl Default for PrivacyConfig {
    fn default() -> Self {
        Self { store_values: true }
    }
}

impl Config {
    /// Checks that what keeps no values can do without.
    pub(super) fn check_privacy(&self) -> Result<()> {
        if self.data.privacy.store_values {
            return Ok(());
        }
        let conflict = |what: String, remedy: &str| {
            Err(ConfigError::Conflict {
                what: format!("`data.privacy.store-values` is false, and {what}"),
                remedy: remedy.to_string(),
            }
            .into())
        };
        if !matches!(self.model, ModelConfig::Chain(_) | ModelConfig::PrivateMarginals(_)) {
            let what = format!("{} may keep values of single rows", self.model.noun());
            return conflict(what, "fit a chain: `model = \"chain\"`");
        }
        if self.figure.iter().any(|figure| figure.kind == FigureKind::SampledRows) {
            return conflict("the figure `sampled-rows` shows rows of the data".to_string(), "leave it out");
        }
        if self.data.labels.is_some() || self.augment.is_some() || self.few_labels.is_some() {
            let what = "`data.labels`, `augment` and `few-labels` work with rows as they are".to_string();
            return conflict(what, "leave them out");
        }
        Ok(())
    }
}
