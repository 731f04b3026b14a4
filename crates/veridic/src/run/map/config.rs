use serde::{Deserialize, Serialize};

use crate::error::{ConfigError, ProjectError, Result};
use crate::project::TsneConfig;
use crate::run::config::with_sets;

/// How a map is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MapConfig {
    /// The method.
    pub method: MapMethod,
    /// Inputs with more columns are first reduced to so many principal components; 0 never.
    pub pca: usize,
    /// Whether columns of a table are brought to mean 0 and standard deviation 1; by default all but those of NumPy
    /// arrays, which are of one kind. Codes of a run and pixels never are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standardize: Option<bool>,
    /// Columns of a table that are not mapped.
    pub drop: Vec<String>,
    /// Neighbors of each row that a page shows, for up to 100 000 rows; 0 is none.
    pub neighbors: usize,
    /// Settings of t-SNE.
    pub tsne: TsneConfig,
}

impl Default for MapConfig {
    fn default() -> Self {
        Self {
            method: MapMethod::Tsne,
            pca: 50,
            standardize: None,
            drop: Vec::new(),
            neighbors: 10,
            tsne: TsneConfig::default(),
        }
    }
}

/// The method of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapMethod {
    /// t-SNE: rows that are alike lie close together.
    #[default]
    Tsne,
    /// The first two principal components.
    Pca,
}

/// Neighbors a page can show.
const MOST_NEIGHBORS: usize = 50;

impl MapConfig {
    /// The settings with values at paths replaced: `tsne.perplexity=50`. A value is TOML, or else a string.
    ///
    /// # Errors
    /// A path that is not there, with the nearest key; a value of the wrong kind or out of range.
    pub fn with(&self, sets: &[(String, String)]) -> Result<Self> {
        let config: Self = with_sets(self, sets)?;
        config.check()?;
        Ok(config)
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first value out of range.
    pub fn check(&self) -> Result<()> {
        self.check_as("")
    }

    /// As [`MapConfig::check`], where the settings are those of a section of others.
    pub(crate) fn check_as(&self, section: &str) -> Result<()> {
        let limits = [("pca", self.pca, 1000), ("neighbors", self.neighbors, MOST_NEIGHBORS)];
        if let Some((field, found, most)) = limits.into_iter().find(|(_, found, most)| found > most) {
            let (field, found, allowed) =
                (format!("{section}{field}"), found.to_string(), format!("0 to {most}"));
            return Err(ConfigError::Range { field, found, allowed }.into());
        }
        self.tsne.check().map_err(|error| match error {
            ProjectError::Range { field, found, allowed } => {
                let field = format!("{section}tsne.{field}");
                ConfigError::Range { field, found, allowed: allowed.to_string() }.into()
            }
            other => other.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(path: &str, value: &str) -> Result<MapConfig> {
        MapConfig::default().with(&[(path.to_string(), value.to_string())])
    }

    #[test]
    fn settings_change_by_their_paths() {
        assert_eq!(set("tsne.perplexity", "50").unwrap().tsne.perplexity, [50.0]);
        assert_eq!(set("tsne.perplexity", "[30, 300]").unwrap().tsne.perplexity, [30.0, 300.0]);
        assert_eq!(set("tsne.learning-rate", "200").unwrap().tsne.learning_rate, Some(200.0));
        assert_eq!(set("method", "pca").unwrap().method, MapMethod::Pca);
        assert_eq!(set("standardize", "false").unwrap().standardize, Some(false));
        assert_eq!(set("drop", r#"["a", "b"]"#).unwrap().drop, ["a", "b"]);
        assert_eq!(set("drop", "x_1").unwrap().drop, ["x_1"]);
    }

    #[test]
    fn mistakes_are_told_in_the_words_of_a_user_with_what_can_be_set() {
        for (path, value, reason, hint) in [
            ("tsne.perplexity", "abc", "expected a number or a list of numbers", "it is `[30.0]` now"),
            ("tsne", "5", "invalid type: integer `5`, expected a section of keys", "`tsne.perplexity`"),
            ("drop", "7", "invalid type: integer `7`, expected a list", "it is `[]` now"),
            ("zzzzzz", "1", "unknown field `zzzzzz`", "`method`, `neighbors`, `pca`"),
            ("tsne.strict", "7", "expected true or false", "it is `false` now"),
        ] {
            let error = set(path, value).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.hint().unwrap_or_default().contains(hint), "{path}: {:?}", error.hint());
        }
    }

    #[test]
    fn mistakes_in_settings_are_named() {
        let error = set("tsne.perplexty", "5").unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean `perplexity`?"), "{error}");
        assert_eq!(set("pca", "2000").unwrap_err().to_string(), "`pca` is 2000, allowed is 0 to 1000");
        assert_eq!(
            set("tsne.perplexity", "0").unwrap_err().to_string(),
            "`tsne.perplexity` is 0, allowed is above 1"
        );
    }
}
