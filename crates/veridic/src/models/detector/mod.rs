//! Anomaly detectors of tables: models without a graph that score rows, higher for the more unusual, with reasons.
//!
//! [`Surprise`] is the default; the others are the classical ones, on the same encoding of mixed tables. For all of them
//! holds: nothing unknown, blank or out of place makes a row less unusual.
//!
//! A detector of points is a [`Method`](classical::Method): rows come as points in standard deviations, and [`Classical`] has
//! the rest (cells that no training row looked like, tails, reasons, expected cells, storing). One that looks at columns in its
//! own way has the methods of [`Surprise`], and takes `Encoding`, `Tail` and `witness` for what it shares.

mod classical;
pub(in crate::models) mod encoding;
mod hbos;
mod isolation_forest;
mod lof;
pub(in crate::models) mod mixture;
mod neighbors;
mod pca;
mod relation;
mod sample;
mod scored;
pub(in crate::models) mod stored;
#[cfg(test)]
mod strange_tests;
mod surprise;
pub(in crate::models) mod tail;
mod tails;
#[cfg(test)]
mod tests;
mod threshold;
mod witness;

use serde::{Deserialize, Serialize};

use self::classical::Classical;
use self::hbos::Hbos;
use self::isolation_forest::IsolationForest;
use self::lof::Lof;
use self::mixture::GaussianMixture;
use self::neighbors::Neighbors;
use self::pca::Pca;
use self::tails::{Copod, Ecod};
use crate::data::{Schema, Table};
use crate::error::{ConfigError, Result};
use crate::models::Stored;
use crate::models::chain::{Found, RuleConfig};
use crate::seed::Seed;

pub use hbos::HbosConfig;
pub use isolation_forest::IsolationForestConfig;
pub use lof::LofConfig;
pub use mixture::GaussianMixtureConfig;
pub use neighbors::{Distance, NeighborsConfig};
pub use pca::PcaConfig;
pub use scored::{BrokenCell, Explained, Scored};
pub use surprise::{Surprise, SurpriseConfig, TRIMMED};
pub use tails::{CopodConfig, EcodConfig};
pub use threshold::{Threshold, threshold};

/// The names of the detectors in recipes, the default first.
pub const NAMES: [&str; 9] =
    ["surprise", "neighbors", "isolation-forest", "lof", "ecod", "copod", "hbos", "pca", "gaussian-mixture"];

/// Which detector, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetectorConfig {
    /// Several statistics as surprises: the default.
    Surprise(SurpriseConfig),
    /// The distance to the k-th nearest row.
    Neighbors(NeighborsConfig),
    /// How few random cuts set a row apart.
    IsolationForest(IsolationForestConfig),
    /// How much sparser it is around a row than around its neighbors.
    Lof(LofConfig),
    /// How far in the tails of each column.
    Ecod(EcodConfig),
    /// How far in the tails of each column, both tails together.
    Copod(CopodConfig),
    /// How low the bars of each column's histogram.
    Hbos(HbosConfig),
    /// Distances from principal directions.
    Pca(PcaConfig),
    /// How low the density of a mixture of Gaussians.
    GaussianMixture(GaussianMixtureConfig),
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self::Surprise(SurpriseConfig::default())
    }
}

/// A fitted detector.
#[derive(Debug)]
#[expect(missing_docs, reason = "as the settings")]
pub enum Detector {
    Surprise(Box<Surprise>),
    Neighbors(Box<Classical<Neighbors>>),
    IsolationForest(Box<Classical<IsolationForest>>),
    Lof(Box<Classical<Lof>>),
    Ecod(Box<Classical<Ecod>>),
    Copod(Box<Classical<Copod>>),
    Hbos(Box<Classical<Hbos>>),
    Pca(Box<Classical<Pca>>),
    GaussianMixture(Box<Classical<GaussianMixture>>),
}

macro_rules! each {
    ($self:expr, $fitted:ident => $do:expr) => {
        match $self {
            Detector::Surprise($fitted) => $do,
            Detector::Neighbors($fitted) => $do,
            Detector::IsolationForest($fitted) => $do,
            Detector::Lof($fitted) => $do,
            Detector::Ecod($fitted) => $do,
            Detector::Copod($fitted) => $do,
            Detector::Hbos($fitted) => $do,
            Detector::Pca($fitted) => $do,
            Detector::GaussianMixture($fitted) => $do,
        }
    };
}

impl DetectorConfig {
    /// The default settings of the detector of this name.
    pub fn of(name: &str) -> Option<Self> {
        // Every setting has a default, so that a name alone is a configuration.
        serde_json::from_value(serde_json::json!({ name: {} })).ok()
    }

    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Surprise(_) => "surprise",
            Self::Neighbors(_) => "neighbors",
            Self::IsolationForest(_) => "isolation-forest",
            Self::Lof(_) => "lof",
            Self::Ecod(_) => "ecod",
            Self::Copod(_) => "copod",
            Self::Hbos(_) => "hbos",
            Self::Pca(_) => "pca",
            Self::GaussianMixture(_) => "gaussian-mixture",
        }
    }

    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        match self {
            Self::Surprise(config) => config.check(path),
            Self::Neighbors(config) => config.check(path),
            Self::IsolationForest(config) => config.check(path),
            Self::Lof(config) => config.check(path),
            Self::Hbos(config) => config.check(path),
            Self::GaussianMixture(config) => config.check(path),
            Self::Ecod(_) | Self::Copod(_) | Self::Pca(_) => Ok(()),
        }
    }
}

impl Detector {
    /// Learns from the rows `rows` of a table; columns are those that the schema and the table both have, but identifiers.
    /// `rules` says which relations between columns the default detector looks for.
    ///
    /// # Errors
    /// [`ModelError::TooFewRows`](crate::error::ModelError::TooFewRows) below 2,
    /// [`ModelError::NoColumns`](crate::error::ModelError::NoColumns), [`ConfigError::Range`].
    pub fn fit(
        config: DetectorConfig,
        table: &Table,
        schema: &Schema,
        rows: &[usize],
        rules: &RuleConfig,
        (seed, threads): (Seed, usize),
    ) -> Result<Self> {
        config.check(&format!("model.{}", config.name()))?;
        macro_rules! classical {
            ($variant:ident, $config:expr) => {
                Self::$variant(Box::new(Classical::fit($config, table, schema, rows, seed, threads)?))
            };
        }
        Ok(match config {
            DetectorConfig::Surprise(config) => {
                Self::Surprise(Box::new(Surprise::fit(config, (table, schema), rows, rules, seed, threads)?))
            }
            DetectorConfig::Neighbors(config) => classical!(Neighbors, config),
            DetectorConfig::IsolationForest(config) => classical!(IsolationForest, config),
            DetectorConfig::Lof(config) => classical!(Lof, config),
            DetectorConfig::Ecod(config) => classical!(Ecod, config),
            DetectorConfig::Copod(config) => classical!(Copod, config),
            DetectorConfig::Hbos(config) => classical!(Hbos, config),
            DetectorConfig::Pca(config) => classical!(Pca, config),
            DetectorConfig::GaussianMixture(config) => classical!(GaussianMixture, config),
        })
    }

    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Surprise(_) => "surprise",
            Self::Neighbors(_) => "neighbors",
            Self::IsolationForest(_) => "isolation-forest",
            Self::Lof(_) => "lof",
            Self::Ecod(_) => "ecod",
            Self::Copod(_) => "copod",
            Self::Hbos(_) => "hbos",
            Self::Pca(_) => "pca",
            Self::GaussianMixture(_) => "gaussian-mixture",
        }
    }

    /// The columns it looks at.
    pub fn columns(&self) -> Vec<String> {
        each!(self, fitted => fitted.columns())
    }

    /// The score that a share of left-out training rows reach, 0 to 1.
    pub fn threshold(&self, share: f64) -> f64 {
        each!(self, fitted => fitted.threshold(share))
    }

    /// The share of training rows that were taken for not ordinary; 0 for detectors that do not ask.
    pub fn trimmed(&self) -> f64 {
        match self {
            Self::Surprise(fitted) => fitted.trimmed(),
            _ => 0.0,
        }
    }

    /// What nearly all training rows keep, and rows are looked at for; nothing of detectors that do not look.
    pub fn relations(&self) -> Vec<Found> {
        match self {
            Self::Surprise(fitted) => fitted.relations(),
            _ => Vec::new(),
        }
    }

    /// Scores rows; a row's score does not depend on the others.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`](crate::error::ModelError::MissingColumn).
    pub fn score(&self, table: &Table, threads: usize) -> Result<Scored> {
        each!(self, fitted => fitted.score(table, threads))
    }

    /// Scores rows with their reasons and what was to be expected; the scores are those of [`score`](Self::score).
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn explain(&self, table: &Table, threads: usize) -> Result<Explained> {
        each!(self, fitted => fitted.explain(table, threads))
    }

    /// `n` new rows of its columns, spelled as those of `schema`; `None` of detectors that know no density.
    pub fn sample(&self, n: usize, schema: &Schema, seed: Seed) -> Option<Table> {
        match self {
            Self::GaussianMixture(fitted) => Some(fitted.sample(n, schema, seed)),
            _ => None,
        }
    }

    /// All that is learned.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.about.insert("detector".into(), self.name().to_string());
        stored.absorb(self.name(), each!(self, fitted => fitted.store()));
        stored
    }

    /// What [`store`](Self::store) gave.
    ///
    /// # Errors
    /// What is missing or damaged.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let name = stored.text("detector")?;
        let below = stored.below(name);
        // By the settings, so that the compiler knows all of them.
        let config = DetectorConfig::of(name).ok_or_else(|| format!("there is no detector `{name}`"))?;
        Ok(match config {
            DetectorConfig::Surprise(_) => Self::Surprise(Box::new(Surprise::restore(&below)?)),
            DetectorConfig::Neighbors(_) => Self::Neighbors(Box::new(Classical::restore(&below)?)),
            DetectorConfig::IsolationForest(_) => {
                Self::IsolationForest(Box::new(Classical::restore(&below)?))
            }
            DetectorConfig::Lof(_) => Self::Lof(Box::new(Classical::restore(&below)?)),
            DetectorConfig::Ecod(_) => Self::Ecod(Box::new(Classical::restore(&below)?)),
            DetectorConfig::Copod(_) => Self::Copod(Box::new(Classical::restore(&below)?)),
            DetectorConfig::Hbos(_) => Self::Hbos(Box::new(Classical::restore(&below)?)),
            DetectorConfig::Pca(_) => Self::Pca(Box::new(Classical::restore(&below)?)),
            DetectorConfig::GaussianMixture(_) => {
                Self::GaussianMixture(Box::new(Classical::restore(&below)?))
            }
        })
    }
}

/// Refuses a setting below `least`.
fn at_least(path: &str, field: &str, found: usize, least: usize) -> Result<(), ConfigError> {
    if found >= least {
        return Ok(());
    }
    Err(ConfigError::Range {
        field: format!("{path}.{field}"),
        found: found.to_string(),
        allowed: format!("{least} or more"),
    })
}
