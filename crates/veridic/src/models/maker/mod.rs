//! What makes rows of a table, completes them and says how likely they are: a chain or a circuit.
//!
//! Each draws rows given what is known of them ([`Conditional`]); conditions, missing cells and the rules that rows keep are
//! here, the same for both.

mod complete;
mod given;

use super::chain::{Chain, Condition, Evidence, Found, GivenSample, Law, Likelihoods, Made, Prediction};
use super::circuit::Circuit;
use crate::data::{ColumnSchema, Schema, Table};
use crate::error::ModelError;
use crate::seed::Seed;

pub(super) use complete::{fill, sample_like};
pub(super) use given::{kept_rows, sample_balanced, sample_given};

/// A model that draws rows of a table given what is known of them.
pub(super) trait Conditional: Sync {
    /// The model in messages.
    const MODEL: &'static str;

    /// Its columns, and what is certain of their cells.
    fn law(&self) -> Law<'_>;

    /// Draws `n` rows in which what is known of each column holds (nothing is, where `evidence` is empty), and the logarithms of
    /// their weights: of how likely a row is over how likely it was to be drawn.
    fn drawn(&self, n: usize, evidence: &[Evidence], seed: Seed) -> (Vec<Made>, Vec<f64>);

    /// Rows that are drawn first for each that is kept, at least so many in all.
    fn first(&self) -> (usize, usize);

    /// Draws of a row that is completed `m` times.
    fn draws(&self, m: usize) -> usize;

    /// Rows that are as the evidence says, to be expected among as many as it was fitted on, where that can be told.
    fn expected(&self, _: &[Evidence]) -> Option<f64> {
        None
    }
}

/// A model that makes rows of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Maker<'a> {
    Chain(&'a Chain),
    Circuit(&'a Circuit),
}

/// Asks whichever it is.
macro_rules! ask {
    ($maker:expr, $model:ident => $question:expr) => {
        match $maker {
            Maker::Chain($model) => $question,
            Maker::Circuit($model) => $question,
        }
    };
}

impl<'a> Maker<'a> {
    /// The columns that are made, with their kinds.
    pub(crate) fn columns(self) -> &'a [ColumnSchema] {
        ask!(self, model => model.columns())
    }

    /// What a schema says of them.
    pub(crate) fn schema(self) -> Schema {
        ask!(self, model => model.schema())
    }

    /// What held in every row that it was fitted on and holds in every row that it makes.
    pub(crate) fn rules(self) -> Vec<Found> {
        ask!(self, model => model.rules())
    }

    /// Makes `n` rows.
    pub(crate) fn sample(self, n: usize, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        ask!(self, model => model.sample(n, seed, threads))
    }

    /// Makes `n` rows that meet conditions.
    pub(crate) fn sample_given(
        self,
        n: usize,
        conditions: &[Condition],
        seed: Seed,
        threads: usize,
    ) -> Result<GivenSample, ModelError> {
        ask!(self, model => model.sample_given(n, conditions, seed, threads))
    }

    /// Makes `n` rows in which each combination of values of columns is as frequent as the others.
    pub(crate) fn sample_balanced(
        self,
        n: usize,
        columns: &[&str],
        seed: Seed,
        threads: usize,
    ) -> Result<Table, ModelError> {
        ask!(self, model => model.sample_balanced(n, columns, seed, threads))
    }

    /// Rows that have the columns of a table as they are, and the others made.
    pub(crate) fn sample_like(self, table: &Table, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        ask!(self, model => model.sample_like(table, seed, threads))
    }

    /// Completes the missing cells of a table, `m` times.
    pub(crate) fn fill(
        self,
        table: &Table,
        m: usize,
        seed: Seed,
        threads: usize,
    ) -> Result<Vec<Table>, ModelError> {
        ask!(self, model => model.fill(table, m, seed, threads))
    }

    /// The same of some columns alone; missing cells of the others stay so.
    pub(crate) fn fill_only(
        self,
        (table, only): (&Table, &[String]),
        m: usize,
        seed: Seed,
        threads: usize,
    ) -> Result<Vec<Table>, ModelError> {
        ask!(self, model => complete::fill_only(model, (table, only), m, seed, threads))
    }

    /// Rows that break what holds in made rows, with a column of what they break.
    pub(crate) fn breaking(self, table: &Table) -> Result<Vec<(usize, String)>, ModelError> {
        ask!(self, model => complete::breaking(model, table))
    }

    /// The distribution of a column in each row given the row's other cells.
    pub(crate) fn predict(
        self,
        table: &Table,
        column: &str,
        threads: usize,
    ) -> Result<Prediction, ModelError> {
        ask!(self, model => model.predict(table, column, threads))
    }

    /// The log-likelihood of each row, column by column.
    pub(crate) fn log_likelihood(self, table: &Table, threads: usize) -> Result<Likelihoods, ModelError> {
        ask!(self, model => model.log_likelihood(table, threads))
    }
}
