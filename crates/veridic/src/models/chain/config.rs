//! Settings of the chain.

use serde::{Deserialize, Serialize};

use super::rule::RuleConfig;
use crate::error::ConfigError;
use crate::models::boost::BoostConfig;

/// Settings of a chain of boosted conditionals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ChainConfig {
    /// Codes of a column of numbers, 4 to 200; 0 chooses 64, or 128 for long tables of mostly continuous columns.
    pub codes: usize,
    /// Parts of a cell that are told apart by a second model where that helps, 2 to 64; 0 for none.
    pub fine: usize,
    /// Models of each column, of different rows to stop by, whose logits are averaged, 1 to 16; 0 chooses more the fewer rows
    /// there are.
    pub members: usize,
    /// Most rows that the model of a column is fitted on, drawn for each column apart, from 1000.
    pub rows: usize,
    /// Rows that are made for each that is kept, by how well pairs of columns agree with the data, 1 to 10; with 1 all are
    /// kept.
    pub pool: usize,
    /// Rules that are looked for in the data and kept by made rows. Of a run these are `data.rules`.
    #[serde(skip)]
    pub rules: RuleConfig,
    /// Boosting of each conditional.
    pub boost: BoostConfig,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            codes: 0,
            fine: 16,
            members: 0,
            rows: 300_000,
            pool: 3,
            rules: RuleConfig::default(),
            boost: BoostConfig::default(),
        }
    }
}

impl ChainConfig {
    /// Checks ranges; `path` is where the settings are, as in `model.chain`.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: usize, allowed: &str| {
            let field = format!("{path}.{field}");
            Err(ConfigError::Range { field, found: found.to_string(), allowed: allowed.to_string() })
        };
        if self.codes != 0 && !(4..=200).contains(&self.codes) {
            return range("codes", self.codes, "4 to 200, or 0 to choose");
        }
        if self.fine != 0 && !(2..=64).contains(&self.fine) {
            return range("fine", self.fine, "2 to 64, or 0 for none");
        }
        if self.members > 16 {
            return range("members", self.members, "1 to 16, or 0 to choose");
        }
        if self.rows < 1000 {
            return range("rows", self.rows, "from 1000");
        }
        if !(1..=10).contains(&self.pool) {
            return range("pool", self.pool, "1 to 10");
        }
        self.boost.check(&format!("{path}.boost"))
    }
}
