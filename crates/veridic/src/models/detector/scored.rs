//! What a detector says of rows.

use crate::data::Table;

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
