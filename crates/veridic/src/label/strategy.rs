//! Strategies by name: each turns what is known into the rows to ask next.

use serde::{Deserialize, Serialize};

use super::{core_set, disagreement, diverse, highest_first, margin, mixture, random, typical_of_graph};
use crate::data::Matrix;
use crate::error::Result;
use crate::seed::Seed;

/// Rows among which typical ones are looked for at most.
const SAMPLE: usize = 6000;

/// Which rows to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// By chance: the control.
    Random,
    /// Where the model is least sure, by the lead of the likeliest class.
    Unsure,
    /// The most unsure rows, chosen to differ.
    Diverse,
    /// Three quarters unsure, a quarter by chance.
    Guarded,
    /// What is likely to be of the rarest class.
    Likely,
    /// Half likely to be of the rarest class, half unsure.
    Mixed,
    /// The most unusual rows.
    Anomalous,
    /// Rows that are far from those that were asked.
    CoreSet,
    /// First a batch that stands for the most others, then as guarded.
    Typical,
    /// Where models of different draws of the labels disagree.
    Committee,
}

/// What a strategy knows.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Rows as numbers in which distances mean something.
    pub features: &'a Matrix,
    /// Probabilities of the classes, rows x classes; none before two classes are known.
    pub shares: Option<&'a Matrix>,
    /// Probabilities by each of several models, likewise; where there are none, [`Strategy::Committee`] is [`Strategy::Unsure`].
    pub votes: &'a [Matrix],
    /// How unusual rows are, if anything says so.
    pub anomaly: Option<&'a [f32]>,
    /// Labels of each class.
    pub counts: &'a [usize],
    /// Rows with a label.
    pub asked: &'a [u32],
    /// Rows without one.
    pub open: &'a [u32],
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Random,
        Self::Unsure,
        Self::Diverse,
        Self::Guarded,
        Self::Likely,
        Self::Mixed,
        Self::Anomalous,
        Self::CoreSet,
        Self::Typical,
        Self::Committee,
    ];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Unsure => "unsure",
            Self::Diverse => "diverse",
            Self::Guarded => "guarded",
            Self::Likely => "likely",
            Self::Mixed => "mixed",
            Self::Anomalous => "anomalous",
            Self::CoreSet => "core-set",
            Self::Typical => "typical",
            Self::Committee => "committee",
        }
    }

    /// The `batch` rows to ask next. Before two classes are known all but [`Strategy::Random`], [`Strategy::CoreSet`] and
    /// [`Strategy::Typical`] ask the most unusual rows, where something says which are.
    ///
    /// # Errors
    /// As those of [`diverse`], [`core_set`] and [`typical_of_graph`].
    pub fn next(self, known: &Known<'_>, batch: usize, seed: Seed) -> Result<Vec<u32>> {
        let Known { features, asked, open, .. } = *known;
        let chance = || random(open, seed);
        let first = |mut rows: Vec<u32>| {
            rows.truncate(batch);
            rows
        };
        match self {
            Self::Random => return Ok(first(chance())),
            Self::CoreSet => return Ok(core_set(features, asked, open, batch)?),
            Self::Typical if asked.len() < batch => {
                let mut sample = chance();
                sample.truncate(SAMPLE);
                return typical_of_graph(features, &sample, batch, (seed, 1));
            }
            _ => {}
        }
        let unusual = || known.anomaly.map_or_else(chance, |scores| highest_first(scores, open));
        let Some(shares) = known.shares else { return Ok(first(unusual())) };
        let unsure = margin(shares);
        let unsure_rows = || highest_first(&unsure, open);
        let likely = || {
            let seen = known.counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let rarest = seen.min_by_key(|(_, count)| **count).map_or(0, |(class, _)| class);
            let of = |row| shares.row(row).get(rarest).copied().unwrap_or(0.0);
            highest_first(&(0..shares.n_rows).map(of).collect::<Vec<f32>>(), open)
        };
        let halves = |share: f64, a: Vec<u32>, b: Vec<u32>| {
            first(mixture(&[(share, &a), (1.0 - share, &b)]).into_iter().map(|(row, _)| row).collect())
        };
        Ok(match self {
            Self::Unsure => first(unsure_rows()),
            Self::Diverse => diverse(features, &unsure, open, batch, seed)?,
            Self::Guarded | Self::Typical => halves(0.75, unsure_rows(), chance()),
            Self::Likely => first(likely()),
            Self::Mixed => halves(0.5, likely(), unsure_rows()),
            Self::Anomalous => first(unusual()),
            Self::Committee if known.votes.is_empty() => first(unsure_rows()),
            Self::Committee => first(highest_first(&disagreement(known.votes), open)),
            Self::Random | Self::CoreSet => Vec::new(),
        })
    }
}
