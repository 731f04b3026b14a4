//! What of the data a chain holds as it was.

use super::Chain;
use super::coder::{Coder, Made};
use super::number::Cell;

/// How many values of the data a chain holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Quantiles between which numbers are drawn; most are values of rows.
    pub quantiles: usize,
    /// Numbers that are made as they are.
    pub numbers: usize,
    /// Categories by name.
    pub categories: usize,
    /// Values that follow from another column's.
    pub decided: usize,
}

impl Chain {
    /// How many values of the rows that it was fitted on the chain holds.
    pub fn kept(&self) -> Kept {
        let mut kept = Kept::default();
        let gaps = self.plan.gaps.iter().flatten().map(|gap| &gap.coder);
        for coder in self.coders.iter().chain(gaps) {
            match coder {
                Coder::Number(coder) => {
                    for cell in coder.cells() {
                        match cell {
                            Cell::Value(_) => kept.numbers += 1,
                            Cell::Range(knots) => kept.quantiles += knots.len(),
                        }
                    }
                    kept.quantiles += coder.bins().saturating_sub(2);
                }
                Coder::Text(coder) => kept.categories += coder.levels().len(),
            }
        }
        for decided in self.plan.decided.iter().flatten() {
            if let Made::Number(values) = &decided.values {
                kept.decided += values.len();
            }
        }
        kept
    }
}
