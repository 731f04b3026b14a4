//! How rare the values of a row are, column by column: the sum of minus log frequencies.
//!
//! A number counts by its bar in a histogram of the training rows, `-ln((count + 1/2) / (rows + 1))`; beyond the bars by the rows
//! that are at that end, and by how far it is. A category counts by the share of training rows that have it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::at_least;
use super::encoding::{Encoded, Encoding, Form, States};
use super::scored::{Explained, Scored};
use super::stored::{Parts, insert_json};
use super::tail::Tail;
use super::witness;
use crate::data::{Schema, Table};
use crate::error::{ConfigError, ModelError, Result};
use crate::models::Stored;
use crate::project::pool;
use crate::seed::Seed;

/// The model in messages.
const MODEL: &str = "the histogram score";

/// Rows that are scored together: memory does not grow with the table.
const PIECE: usize = 4096;

/// The share of training rows beyond the bars, at either end.
const BEYOND: f64 = 0.01;

/// The settings of the histogram score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct HistogramScoreConfig {
    /// Bars of each numeric column, from 2.
    pub bars: usize,
}

impl Default for HistogramScoreConfig {
    fn default() -> Self {
        Self { bars: 20 }
    }
}

impl HistogramScoreConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        at_least(path, "bars", self.bars, 2)
    }
}

/// A fitted histogram score.
#[derive(Debug)]
pub struct HistogramScore {
    config: HistogramScoreConfig,
    encoding: Encoding,
    columns: Vec<Frequencies>,
    /// Of the score.
    tail: Tail,
}

/// What is learned of a column: nats of what a cell may hold.
#[derive(Debug, Clone, PartialEq)]
struct Frequencies {
    /// Where the bars of a number begin and end, standard deviations.
    range: [f64; 2],
    /// By bar, or by level; of numbers, the last three are of what is below, above and missing.
    nats: Vec<f64>,
    /// The median, or the most frequent level.
    expected: f64,
}

impl Frequencies {
    fn numbers(z: &[f64], bars: usize, (mean, scale): (f64, f64)) -> Self {
        let mut sorted: Vec<f64> = z.iter().copied().filter(|z| !z.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            sorted.get((sorted.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or(0.0)
        };
        let mut range = [at(BEYOND), at(1.0 - BEYOND)];
        if range[0] >= range[1] {
            range = [range[0] - 0.5, range[0] + 0.5];
        }
        let mut own = Self { range, nats: vec![0.0; bars + 3], expected: mean + scale * at(0.5) };
        let mut counts = vec![0.0; bars + 3];
        z.iter().for_each(|z| counts[own.place(*z).0] += 1.0);
        for (nats, count) in own.nats.iter_mut().zip(counts) {
            *nats = -((count + 0.5_f64) / (z.len() as f64 + 1.0)).ln().min(0.0);
        }
        own
    }

    fn levels(shares: &[f64]) -> Self {
        let most = (0..shares.len()).rev().max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
        Self {
            range: [0.0, 1.0],
            nats: shares.iter().map(|share| -share.ln()).collect(),
            expected: most.unwrap_or(0) as f64,
        }
    }

    /// The place of a number among the bars, and how many bars it is beyond all of them.
    fn place(&self, z: f64) -> (usize, f64) {
        let bars = self.nats.len() - 3;
        let [low, high] = self.range;
        let width = (high - low) / bars as f64;
        match z {
            z if z.is_nan() => (bars + 2, 0.0),
            z if z < low => (bars, (low - z) / width),
            z if z > high => (bars + 1, (z - high) / width),
            z => ((((z - low) / width) as usize).min(bars - 1), 0.0),
        }
    }

    fn nats_of(&self, states: &States, i: usize) -> f64 {
        match states {
            States::Numbers(z) => {
                let (place, beyond) = self.place(z[i]);
                self.nats[place] + beyond.ln_1p()
            }
            States::Levels(codes) => self.nats.get(codes[i] as usize).copied().unwrap_or(0.0),
            States::Same => 0.0,
        }
    }
}

impl HistogramScore {
    /// Learns from the rows `rows` of a table.
    ///
    /// # Errors
    /// [`ModelError::TooFewRows`] below 2, [`ModelError::NoColumns`].
    pub fn fit(
        config: HistogramScoreConfig,
        table: &Table,
        schema: &Schema,
        rows: &[usize],
        _: Seed,
        threads: usize,
    ) -> Result<Self> {
        if rows.len() < 2 {
            return Err(ModelError::TooFewRows { model: MODEL, found: rows.len(), needed: 2 }.into());
        }
        pool(threads)?.install(|| {
            let encoding = Encoding::fit(MODEL, table, schema, rows)?;
            let encoded = encoding.encode(MODEL, table, rows)?;
            let column =
                |(column, states): (&super::encoding::FittedColumn, &States)| match (&column.form, states) {
                    (Form::Number { mean, scale, .. }, States::Numbers(z)) => {
                        Frequencies::numbers(z, config.bars, (*mean, *scale))
                    }
                    _ => Frequencies::levels(&column.shares()),
                };
            let columns = encoding.columns.par_iter().zip(&encoded.states).map(column).collect();
            let mut fitted = Self { config, encoding, columns, tail: Tail::new(vec![0.0], 1e-9) };
            let width = fitted.columns.len();
            let scores: Vec<f64> =
                fitted.parts(&encoded).chunks(width).map(|parts| parts.iter().sum()).collect();
            fitted.tail = Tail::new(scores, 1e-9);
            Ok(fitted)
        })
    }

    /// The columns it looks at.
    pub fn columns(&self) -> Vec<String> {
        self.encoding.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The score that a share of training rows reach.
    pub fn threshold(&self, share: f64) -> f64 {
        self.tail.at(share)
    }

    /// Scores rows; a row's score does not depend on the others.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`].
    pub fn score(&self, table: &Table, threads: usize) -> Result<Scored> {
        Ok(self.explain(table, threads)?.scored)
    }

    /// Scores rows with their reasons and what was to be expected.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn explain(&self, table: &Table, threads: usize) -> Result<Explained> {
        let mut scored = Scored::default();
        let mut reasons = Vec::new();
        pool(threads)?.install(|| -> Result<()> {
            for first in (0..table.n_rows).step_by(PIECE) {
                let rows: Vec<usize> = (first..table.n_rows.min(first + PIECE)).collect();
                let parts = self.parts(&self.encoding.encode(MODEL, table, &rows)?);
                for parts in parts.chunks(self.columns.len()) {
                    let score = parts.iter().sum();
                    scored.tail.push(self.tail.probability(score));
                    scored.score.push(score);
                    reasons.extend(parts.iter().map(|part| *part as f32));
                }
            }
            Ok(())
        })?;
        let expected = self.columns.iter().map(|column| column.expected);
        let expected: Vec<f64> = (0..table.n_rows).flat_map(|_| expected.clone()).collect();
        let expected = witness::table(&self.encoding, &expected);
        Ok(Explained { scored, columns: self.columns(), reasons, expected })
    }

    /// Nats by row, then column.
    fn parts(&self, encoded: &Encoded) -> Vec<f64> {
        let width = self.columns.len();
        let row = |i: usize| {
            let columns = self.columns.iter().zip(&encoded.states);
            let mut parts: Vec<f64> = columns.map(|(column, states)| column.nats_of(states, i)).collect();
            for cell in encoded.unseen_of(i) {
                parts[cell.column as usize] = parts[cell.column as usize].max(0.0) + cell.nats;
            }
            parts
        };
        let rows: Vec<Vec<f64>> = (0..encoded.n_rows).into_par_iter().map(row).collect();
        let mut parts = Vec::with_capacity(encoded.n_rows * width);
        rows.into_iter().for_each(|row| parts.extend(row));
        parts
    }

    /// All that is learned.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "config", &self.config);
        stored.absorb("encoding", self.encoding.store());
        self.tail.store(&mut stored, "tail");
        let n = self.columns.len();
        let range = self.columns.iter().flat_map(|column| column.range).collect();
        stored.insert("range", &[n, 2], range);
        stored.insert("expected", &[n], self.columns.iter().map(|column| column.expected).collect());
        let nats: Vec<f64> = self.columns.iter().flat_map(|column| column.nats.iter().copied()).collect();
        stored.insert("nats", &[nats.len()], nats);
        stored
    }

    /// What [`store`](Self::store) gave.
    ///
    /// # Errors
    /// What is missing or damaged.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let config: HistogramScoreConfig = stored.json("config")?;
        config.check("model.histogram-score").map_err(|error| error.to_string())?;
        let encoding = Encoding::restore(&stored.below("encoding"))?;
        let n = encoding.columns.len();
        let range = stored.finite("range", 2 * n)?;
        if range.chunks(2).any(|range| range[0] >= range[1]) {
            return Err("`range` does not hold ranges".to_string());
        }
        let expected = stored.finite("expected", n)?;
        let mut rest = stored.values::<f64>("nats")?;
        let mut columns = Vec::with_capacity(n);
        for (j, column) in encoding.columns.iter().enumerate() {
            let len = match &column.form {
                Form::Number { .. } => config.bars.checked_add(3).ok_or("too many bars")?,
                Form::Category { .. } | Form::Same { .. } => column.states(),
            };
            let (own, others) = rest.split_at_checked(len).ok_or("`nats` holds too few numbers")?;
            if own.iter().any(|nats| !nats.is_finite()) {
                return Err("`nats` should hold finite numbers".to_string());
            }
            let range = [range[2 * j], range[2 * j + 1]];
            columns.push(Frequencies { range, nats: own.to_vec(), expected: expected[j] });
            rest = others;
        }
        if n == 0 || !rest.is_empty() {
            return Err("`nats` does not go with the columns".to_string());
        }
        Ok(Self { config, encoding, columns, tail: Tail::restore(stored, "tail")? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{numbers, table, texts};
    use super::*;

    #[test]
    fn a_row_scores_the_sum_of_minus_log_frequencies() {
        let kind: Vec<_> = (0..100).map(|i| Some(if i < 75 { "often" } else { "rarely" })).collect();
        let size: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let train = table(vec![texts("kind", &kind), numbers("size", size)]);
        let rows: Vec<usize> = (0..100).collect();
        let config = HistogramScoreConfig { bars: 10 };
        let fitted = HistogramScore::fit(config, &train, &Schema::of(&train), &rows, Seed(1), 1).unwrap();
        let new =
            table(vec![texts("kind", &[Some("often"), Some("rarely")]), numbers("size", vec![3.0, 3.0])]);
        let explained = fitted.explain(&new, 1).unwrap();
        let size = -(10.5_f64 / 101.0).ln();
        let expected = [-0.75_f64.ln() + size, -0.25_f64.ln() + size];
        assert!(
            explained.scored.score.iter().zip(expected).all(|(found, wanted)| (found - wanted).abs() < 1e-9)
        );
        assert_eq!(explained.ranked(0).first().unwrap().0, 1);
        assert_eq!(explained.expected.columns[0].cells.text(0), Some("often"));
    }
}
