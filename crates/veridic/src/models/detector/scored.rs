//! What a detector says of rows.

use crate::data::Table;
use crate::models::chain::{Bound, Rule};

/// Scores of rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// One a row; higher is more unusual.
    pub score: Vec<f64>,
    /// The share of left-out training rows with a score at least as high, above 0 and at most 1; beyond the 95 % quantile the
    /// tail is taken for exponential.
    pub tail: Vec<f64>,
}

/// Scores of rows with their reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Scores and tail probabilities.
    pub scored: Scored,
    /// The columns that the detector looks at.
    pub columns: Vec<String>,
    /// `rows * columns` parts of scores, row by row; those of a row sum to its score.
    pub reasons: Vec<f32>,
    /// What each cell would be expected to hold, by training rows that are alike in the other columns; these columns in this
    /// order.
    pub expected: Table,
    /// Cells that break a relation between columns, by row and column; none from detectors that do not look at relations.
    pub broken: Vec<BrokenCell>,
    /// The relations that the detector looks at, as [`BrokenCell::relation`] numbers them.
    pub relations: Vec<Rule>,
}

/// A cell that breaks a relation between columns which nearly all training rows keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenCell {
    /// The row.
    pub row: usize,
    /// The column, by its place in [`Explained::columns`].
    pub column: usize,
    /// The relation, by its place in [`Explained::relations`].
    pub relation: usize,
    /// On which side of the expected value the cell should be, where the relation says no more.
    pub bound: Option<Bound>,
}

impl Explained {
    /// The parts of row `i`'s score, by column.
    ///
    /// # Panics
    /// If there is no row `i`.
    pub fn reasons_of(&self, i: usize) -> &[f32] {
        &self.reasons[i * self.columns.len()..(i + 1) * self.columns.len()]
    }

    /// The columns of row `i` with a part in its score, the largest first; equal ones in their order.
    ///
    /// # Panics
    /// If there is no row `i`.
    pub fn ranked(&self, i: usize) -> Vec<(usize, f32)> {
        let mut ranked: Vec<(usize, f32)> =
            self.reasons_of(i).iter().copied().enumerate().filter(|(_, part)| *part != 0.0).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }
}
