//! A figure beside its floor and its ceiling, and the word for it.

use serde::Serialize;

use crate::error::Result;
use crate::evaluate::{Interval, mean_interval};

/// How a figure compares with what real rows reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It reaches the ceiling within the intervals of both.
    Indistinguishable,
    /// It is short of the ceiling by at most 0.02, or by a quarter of the way down to the floor.
    Close,
    /// It is farther away.
    TellsApart,
}

impl Word {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Indistinguishable => "indistinguishable",
            Self::Close => "close",
            Self::TellsApart => "tells apart",
        }
    }
}

/// A figure of synthetic rows beside the same of independent columns and of other real rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Its name in `report.json`.
    pub name: &'static str,
    /// Of the synthetic rows.
    pub value: Interval,
    /// Of real rows whose columns were shuffled, each for itself.
    pub floor: Interval,
    /// Of other real rows.
    pub ceiling: Interval,
    /// The word.
    pub word: Word,
    /// Whether independent columns reach the ceiling too: then the figure alone says nothing.
    pub floor_reaches: bool,
}

/// What a figure may fall short of its ceiling and be close.
const NEAR: f64 = 0.02;

impl Judged {
    /// From repetitions of value, floor and ceiling.
    ///
    /// # Errors
    /// Fewer than four repetitions.
    pub(super) fn of(name: &'static str, repeated: &[[f64; 3]]) -> Result<Self> {
        let side = |i: usize| mean_interval(&repeated.iter().map(|values| values[i]).collect::<Vec<_>>());
        let (value, floor, ceiling) = (side(0)?, side(1)?, side(2)?);
        let reaches = |value: &Interval| {
            value.high >= ceiling.low && value.mean >= ceiling.mean - NEAR || value.mean >= ceiling.mean
        };
        let short = ceiling.mean - value.mean;
        let word = if reaches(&value) {
            Word::Indistinguishable
        } else if short <= NEAR.max((ceiling.mean - floor.mean) / 4.0) {
            Word::Close
        } else {
            Word::TellsApart
        };
        let floor_reaches = floor.mean >= ceiling.mean - NEAR;
        Ok(Self { name, value, floor, ceiling, word, floor_reaches })
    }

    /// The figure in words.
    pub fn title(&self) -> &'static str {
        match self.name {
            "table.shapes" => "Single columns (SDMetrics Column Shapes)",
            "table.pairs" => "Pairs of columns (SDMetrics Column Pair Trends)",
            "table.c2st" => "Trees cannot tell from real rows (C2ST)",
            "table.c2st_unseen" => "Trees cannot tell from unseen rows (C2ST)",
            "table.alpha_precision" => "Rows lie where real ones do (alpha-precision)",
            "table.beta_recall" => "Real rows have one near (beta-recall)",
            "table.tstr" => "Trained on synthetic, tested on real (AUROC)",
            name => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_place_between_floor_and_ceiling() {
        let word = |value: f64| {
            let repeated: Vec<[f64; 3]> =
                [-0.005, 0.005, -0.005, 0.005].map(|d| [value + d, 0.1 + d, 0.9 + d]).to_vec();
            Judged::of("table.c2st", &repeated).unwrap()
        };
        assert_eq!(word(0.9).word, Word::Indistinguishable);
        assert_eq!(word(0.95).word, Word::Indistinguishable);
        assert_eq!(word(0.75).word, Word::Close);
        assert_eq!(word(0.6).word, Word::TellsApart);
        assert!(!word(0.6).floor_reaches);
        assert!(Judged::of("table.c2st", &[[0.5; 3]; 2]).is_err());
    }
}
