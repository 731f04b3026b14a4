//! A chain of boosted conditionals: the distribution of a table by the chain rule, a boosted softmax for each column given
//! those before it.
//!
//! Columns become codes: frequent values, few values and categories one each, other numbers cells of about equal mass within
//! which values are drawn between quantiles, so that no stored value comes back as it is. Missing is a value like any other. A column that another
//! decides in every row is a table, not a model. The likelihood of a row is exact, and so are draws; of three rows that are
//! drawn one is kept, so that pairs of columns agree with the data.

mod absent;
mod axis;
mod breach;
mod calendar;
mod cell;
mod checked;
mod coder;
mod coding;
mod condition;
mod config;
mod copy;
mod declared;
mod draw;
mod evidence;
mod factor;
mod fit;
mod formula;
mod frame;
mod gap;
mod kept;
mod lattice;
mod law;
mod likelihood;
mod listed;
mod number;
mod partly;
mod pin;
mod plan;
mod predict;
mod rate;
mod rule;
mod said;
mod search;
mod select;
mod solve;
mod store;
mod term;
#[cfg(test)]
mod tests;
mod text;
mod turn;
mod written;

use crate::data::{ColumnSchema, Schema};
use crate::models::boost::Softmax;

pub use breach::Bound;
pub use condition::{Allowed, Condition, GivenSample};
pub use config::ChainConfig;
pub use fit::{Outcome, Partial, Progress};
pub use formula::Operation;
pub use kept::Kept;
pub use likelihood::Likelihoods;
pub use predict::{Answer, Prediction};
pub use rule::{Found, NeverTogether, Rule, RuleConfig};

pub(in crate::models) use breach::Relation;
pub(in crate::models) use coder::{Coded, Coder, Made};
pub(in crate::models) use coding::{Coding, coded};
pub(in crate::models) use draw::Seen;
pub(in crate::models) use evidence::{Evidence, Given, Set, Wanted};
pub(in crate::models) use frame::{Frame, Known};
pub(in crate::models) use law::{Law, find};
pub(in crate::models) use likelihood::LEAST;
pub(in crate::models) use plan::Plan;
pub(in crate::models) use rule::Checks;
pub(in crate::models) use store::{restore_law, store_law};

use copy::Copies;
use select::Margins;

/// A fitted chain of conditionals.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    config: ChainConfig,
    columns: Vec<ColumnSchema>,
    coders: Vec<Coder>,
    plan: Plan,
    /// By column; none where all of it follows from others.
    learned: Vec<Option<Learned>>,
    /// Rows that the chain was fitted on.
    n_rows: usize,
    /// What rows are checked for.
    checks: Checks,
    /// What made rows are kept by.
    margins: Option<Margins>,
    /// Rows that would be made too often.
    copies: Option<Copies>,
}

/// The distribution of a column given those before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Learned {
    /// Of the column's codes.
    coarse: Softmax,
    /// Of the parts of cells.
    fine: Option<Softmax>,
}

impl Learned {
    /// Whether this is of so many codes, parts of cells and features.
    fn fits(&self, codes: usize, parts: usize, parents: usize) -> bool {
        // A tree without a split looks at feature 0, whether or not there is one.
        self.coarse.classes() == codes.max(1)
            && self.coarse.features() <= parents.max(1)
            && self.fine.as_ref().is_none_or(|fine| fine.classes() == parts && fine.features() <= parents + 1)
    }
}

impl Chain {
    /// The columns that the chain makes, with their kinds, in the order of the table.
    pub fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// Rows that the chain was fitted on.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The settings.
    pub fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// Rules of [`RuleConfig::off`] that the data does not show: without them the chain would be the same.
    pub fn idle_rules(&self) -> &[String] {
        &self.checks.idle
    }

    /// Whether made rows are chosen from more, by how well pairs of columns agree with the data.
    pub fn selects(&self) -> bool {
        self.margins.is_some()
    }

    /// What a schema says of the columns that the chain makes.
    pub fn schema(&self) -> Schema {
        Schema { columns: self.columns.clone() }
    }
}

impl Chain {
    /// What each column's model is, a line each, for looking at.
    pub fn describe(&self) -> String {
        let line = |(j, column): (usize, &ColumnSchema)| match (&self.plan.decided[j], &self.learned[j]) {
            (Some(decided), _) => format!("{}: decided by {}", column.name, self.columns[decided.by].name),
            (None, Some(learned)) => format!(
                "{}: {} codes, {} trees, loss {:.4}{}",
                column.name,
                self.plan.target(j, &self.coders).codes(),
                learned.coarse.rounds(),
                learned.coarse.loss(),
                learned.fine.as_ref().map_or(String::new(), |fine| format!(
                    ", parts {} trees, loss {:.4}",
                    fine.rounds(),
                    fine.loss()
                ))
            ),
            _ => String::new(),
        };
        self.columns.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }
}
