//! What windows of series need of the other settings.

use super::{Config, SplitBy};
use crate::error::{ConfigError, Result};
use crate::models::NetworkConfig;

impl Config {
    /// Whether the settings go with windows of series as rows.
    ///
    /// # Errors
    /// [`ConfigError::Conflict`] with the first that does not.
    pub(super) fn check_windows(&self) -> Result<()> {
        let conflict = |what: &str, remedy: &str| {
            Err(ConfigError::Conflict { what: what.to_string(), remedy: remedy.to_string() }.into())
        };
        let Some(network) = self.model.network() else {
            return conflict(
                &format!(
                    "`data.series.window` makes rows of windows, for networks, and the model is {}",
                    self.model.noun()
                ),
                "leave it out for a model of whole series, or fit `autoencoder` or `vae`",
            );
        };
        let turns = self.data.series.window.as_ref().is_some_and(|window| window.shift || window.flip);
        if turns && !matches!(network, NetworkConfig::Decoding(_)) {
            return conflict(
                "`data.series.window.shift` and `flip` are for networks that give rows back",
                "leave both out",
            );
        }
        let split = &self.data.split;
        if split.by == SplitBy::OneClass {
            return conflict(
                "a one-class split takes rows at random, and windows of series overlap",
                "give `data.split.by = \"entity\"` or `\"time\"` with `data.split.normal-only = true`",
            );
        }
        if !split.entities.is_empty() && !matches!(split.by, SplitBy::Entity | SplitBy::EntityAndTime) {
            return conflict(
                "`data.split.entities` names what is tested on, and `data.split.by` is no rule by entity",
                "give `data.split.by = \"entity\"` or `\"entity-and-time\"`",
            );
        }
        if split.from.is_some() && split.by == SplitBy::Entity {
            return conflict(
                "`data.split.from` says when points are tested on, and `data.split.by` is `entity`",
                "give `data.split.by = \"entity-and-time\"` or `\"time\"`",
            );
        }
        if matches!(split.by, SplitBy::Entity | SplitBy::EntityAndTime) && self.data.series.entity.is_none() {
            return conflict(
                "a split by entity needs to know which series is of which, and `data.series.entity` is not given",
                "add `data.series.entity = \"COLUMN\"`",
            );
        }
        if split.normal_only && self.data.target.is_none() && self.data.series.label.is_none() {
            return conflict(
                "`data.split.normal-only` needs to know what is unusual, and `data.target` is not given",
                "add `data.target = \"COLUMN\"`",
            );
        }
        if !self.data.privacy.store_values {
            return conflict(
                "`data.privacy.store-values` is false, and windows of series are values of single points",
                "leave one of the two out",
            );
        }
        Ok(())
    }
}
