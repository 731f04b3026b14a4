//! Conditions on columns, and rows that meet them.

use serde::{Deserialize, Serialize};

use super::Chain;
use super::coder::Made;
use super::coding::Coding;
use super::evidence::Evidence;
use super::law::Law;
use super::rule::Found;
use crate::data::Table;
use crate::error::ModelError;
use crate::models::maker::{self, Conditional};
use crate::seed::Seed;

/// Rows that are drawn first for each that is kept, and at least.
const FIRST: (usize, usize) = (2, 8192);

/// Draws of each row that is completed, of which some are kept.
const DRAWS: usize = 24;

/// What a column's cells must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// What its cells may be.
    pub allowed: Allowed,
}

/// What cells may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allowed {
    /// Missing.
    Missing,
    /// One of these texts.
    Texts(Vec<String>),
    /// One of these numbers (date-times in seconds since 1970).
    Numbers(Vec<f64>),
    /// A number from the first to the second, both included.
    Range(f64, f64),
}

/// Rows that meet conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenSample {
    /// The rows.
    pub table: Table,
    /// As how many rows drawn from the conditional distribution itself those they were kept from count (Kong's effective
    /// sample size); below the number of rows, some are there more than once.
    pub effective: f64,
    /// Rows that were drawn.
    pub drawn: usize,
}

impl Conditional for Chain {
    const MODEL: &'static str = super::fit::MODEL;

    fn law(&self) -> Law<'_> {
        Law { coding: self.coding(), plan: &self.plan, checks: &self.checks, n_rows: self.n_rows }
    }

    fn drawn(&self, n: usize, evidence: &[Evidence], seed: Seed) -> (Vec<Made>, Vec<f64>) {
        let (rows, mut logs) = self.draw_given(n, evidence, seed);
        // As rows that nothing is known of would be chosen.
        if let Some(excess) = self.margins.as_ref().and_then(|margins| margins.excess(&rows)) {
            logs.iter_mut().zip(excess).for_each(|(log, more)| *log += f64::from(more));
        }
        (rows.made, logs)
    }

    fn first(&self) -> (usize, usize) {
        FIRST
    }

    fn draws(&self, _: usize) -> usize {
        DRAWS
    }
}

impl Chain {
    /// Makes `n` rows that meet `conditions`, one a column: columns with conditions are drawn from what is allowed, and rows
    /// kept by how likely that was (likelihood weighting; R. Fung and K. Chang, UAI 1989), so none is rejected.
    ///
    /// # Errors
    /// A column or value that the chain does not know, two conditions on a column, conditions that cannot be met or so
    /// rarely are that nothing can be said.
    pub fn sample_given(
        &self,
        n: usize,
        conditions: &[Condition],
        seed: Seed,
        threads: usize,
    ) -> Result<GivenSample, ModelError> {
        maker::sample_given(self, n, conditions, seed, threads)
    }

    /// Makes `n` rows in which each combination of values of `columns` is as frequent as the others, missing ones aside.
    ///
    /// # Errors
    /// As [`sample_given`](Self::sample_given); a column of too many values; more combinations than rows.
    pub fn sample_balanced(
        &self,
        n: usize,
        columns: &[&str],
        seed: Seed,
        threads: usize,
    ) -> Result<Table, ModelError> {
        maker::sample_balanced(self, n, columns, seed, threads)
    }

    /// Completes the missing cells of `table` `m` times, each with draws given the row's other cells; columns that the
    /// table lacks are made whole. Rows stay in their order, and cells that are there as they are.
    ///
    /// Each row is drawn several times and kept by how likely its known cells are (self-normalized importance resampling).
    ///
    /// # Errors
    /// A column of another type of cells; no column that the chain knows.
    pub fn fill(
        &self,
        table: &Table,
        m: usize,
        seed: Seed,
        threads: usize,
    ) -> Result<Vec<Table>, ModelError> {
        maker::fill(self, table, m, seed, threads)
    }

    /// Rows that have the columns of `table` as they are, missing cells and all, and the others made.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    pub fn sample_like(&self, table: &Table, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        maker::sample_like(self, table, seed, threads)
    }

    /// What held in every row that the chain was fitted on and holds in every row that it makes.
    pub fn rules(&self) -> Vec<Found> {
        self.law().rules()
    }

    /// How the columns are coded.
    fn coding(&self) -> Coding<'_> {
        Coding { columns: &self.columns, coders: &self.coders }
    }

    /// Where a column is.
    pub(super) fn place(&self, column: &str) -> Result<usize, ModelError> {
        self.coding().place(column)
    }

    /// Pieces of rows as one.
    pub(super) fn joined(&self, pieces: Vec<Vec<Made>>) -> Vec<Made> {
        self.coding().joined(pieces)
    }

    /// Rows as a table.
    pub(super) fn table(&self, made: &[Made], n_rows: usize) -> Table {
        self.coding().table(made, n_rows)
    }
}
