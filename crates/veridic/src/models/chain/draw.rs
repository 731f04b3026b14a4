//! Drawing rows from a chain.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::coder::{Coded, Coder, Made};
use super::plan::Decided;
use super::{Chain, Learned};
use crate::data::{Column, Table};
use crate::error::ModelError;
use crate::models::boost::{Features, Probabilities, Softmax};
use crate::models::parallel;
use crate::seed::{Seed, shuffle, uniform};

/// Rows that are drawn from one stream of random numbers.
const PIECE: usize = 2048;

/// Rows that are kept from one pool.
const BATCH: usize = 65_536;

/// Rows of the least pool.
const LEAST_POOL: usize = 4096;

/// Rows that were drawn, column by column.
pub(super) struct Rows {
    pub(super) made: Vec<Made>,
    /// By column, what later columns see.
    pub(super) bins: Vec<Vec<u8>>,
    pub(super) n: usize,
}

impl Chain {
    /// Makes `n` rows; they do not depend on the number of threads (0 counts as 1).
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn sample(&self, n: usize, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        parallel(threads, || {
            let mut whole: Vec<Vec<Made>> = vec![Vec::new(); self.columns.len()];
            for (batch, start) in (0..n).step_by(BATCH).enumerate() {
                let count = BATCH.min(n - start);
                let seed = Seed(seed.key(&format!("chain.sample.{batch}")));
                for (whole, made) in whole.iter_mut().zip(self.batch(count, seed)) {
                    whole.push(made);
                }
            }
            let columns =
                self.columns.iter().zip(&self.coders).zip(whole).map(|((column, coder), pieces)| {
                    let made = joined(coder, pieces);
                    Column { name: column.name.clone(), cells: coder.write(&made) }
                });
            Ok(Table { columns: columns.collect(), n_rows: n })
        })
    }

    fn batch(&self, n: usize, seed: Seed) -> Vec<Made> {
        let Some(margins) = &self.margins else { return self.draw(n, seed).made };
        let pool = self.draw((n * self.config.pool).max(LEAST_POOL), seed);
        let mut random = seed.stream("chain.keep");
        let mut kept = margins.select(&pool, n, &mut random);
        shuffle(&mut kept, &mut random);
        pool.made.iter().map(|made| made.take(&kept)).collect()
    }

    /// Draws `n` rows as they come.
    pub(super) fn draw(&self, n: usize, seed: Seed) -> Rows {
        let pieces: Vec<(usize, usize)> =
            (0..n).step_by(PIECE).map(|from| (from, PIECE.min(n - from))).collect();
        let drawn: Vec<Vec<(Made, Vec<u8>)>> = pieces
            .into_par_iter()
            .map(|(from, count)| self.piece(count, &mut seed.stream(&format!("chain.draw.{}", from / PIECE))))
            .collect();
        let mut columns: Vec<(Vec<Made>, Vec<u8>)> = vec![Default::default(); self.columns.len()];
        for piece in drawn {
            for ((whole, bins), (made, more)) in columns.iter_mut().zip(piece) {
                whole.push(made);
                bins.extend(more);
            }
        }
        let (made, bins) = columns
            .into_iter()
            .zip(&self.coders)
            .map(|((pieces, bins), coder)| (joined(coder, pieces), bins))
            .unzip();
        Rows { made, bins, n }
    }

    fn piece(&self, n: usize, random: &mut ChaCha8Rng) -> Vec<(Made, Vec<u8>)> {
        let mut done: Vec<Option<(Made, Vec<u8>)>> = vec![None; self.columns.len()];
        for j in &self.plan.order {
            let coder = &self.coders[*j];
            let made = match (&self.plan.decided[*j], &self.learned[*j]) {
                (Some(decided), _) => decided.look_up(&self.coders, &done, n),
                (None, Some(learned)) => {
                    let parents = self.plan.parents(*j, &self.coders);
                    let mut features = Features::default();
                    for i in &parents {
                        if let Some((_, bins)) = &done[*i] {
                            features.push(bins, self.coders[*i].feature());
                        }
                    }
                    learned.draw(coder, &features, n, self.config.fine, random)
                }
                (None, None) => Made::Number(vec![f64::NAN; n]),
            };
            let bins = coder.see(&made);
            done[*j] = Some((made, bins));
        }
        done.into_iter().flatten().collect()
    }
}

impl Decided {
    /// The values that follow from the column that decides them.
    pub(super) fn look_up(&self, coders: &[Coder], done: &[Option<(Made, Vec<u8>)>], n: usize) -> Made {
        let Some((by, _)) = &done[self.by] else { return self.values.take(&vec![0; n]) };
        let symbols: Vec<u32> = (0..n).map(|row| coders[self.by].symbol(by, row) as u32).collect();
        self.values.take(&symbols)
    }
}

impl Learned {
    fn draw(
        &self,
        coder: &Coder,
        features: &Features,
        n: usize,
        parts: usize,
        random: &mut ChaCha8Rng,
    ) -> Made {
        let mut probabilities = Probabilities::default();
        self.coarse.predict(features, 0, n, &mut probabilities);
        let codes: Vec<u8> =
            (0..n).map(|row| probabilities.draw(row, uniform(random), None).unwrap_or(0) as u8).collect();
        match coder {
            Coder::Text(coder) => {
                let symbol = |code: &u8| coder.symbol(usize::from(*code), uniform(random));
                Made::Symbol(codes.iter().map(symbol).collect())
            }
            Coder::Number(number) => {
                let part = self.fine.as_ref().map(|fine| draw_parts(fine, features, &codes, coder, random));
                let value = |(row, code): (usize, &u8)| {
                    let share = uniform(random);
                    let place = match &part {
                        Some(part) => (f64::from(part[row]) + share) / parts as f64,
                        None => share,
                    };
                    number.value(usize::from(*code), place)
                };
                Made::Number(codes.iter().enumerate().map(value).collect())
            }
        }
    }
}

/// The part of its cell that each row is in.
fn draw_parts(
    fine: &Softmax,
    features: &Features,
    codes: &[u8],
    coder: &Coder,
    random: &mut ChaCha8Rng,
) -> Vec<u8> {
    let mut features = features.clone();
    let about = crate::models::boost::Feature { bins: coder.codes() + 1, ordered: true };
    features.push(codes, about);
    let mut probabilities = Probabilities::default();
    fine.predict(&features, 0, codes.len(), &mut probabilities);
    (0..codes.len()).map(|row| probabilities.draw(row, uniform(random), None).unwrap_or(0) as u8).collect()
}

impl Coder {
    /// What later columns see of cells.
    pub(super) fn see(&self, made: &Made) -> Vec<u8> {
        match (self, made) {
            (Self::Number(coder), Made::Number(values)) => values.iter().map(|v| coder.bin(*v)).collect(),
            _ => {
                let Coded { bins, .. } = self.encode(made);
                bins
            }
        }
    }
}

fn joined(coder: &Coder, pieces: Vec<Made>) -> Made {
    let mut numbers = Vec::new();
    let mut symbols = Vec::new();
    for piece in pieces {
        match piece {
            Made::Number(values) => numbers.extend(values),
            Made::Symbol(values) => symbols.extend(values),
        }
    }
    match coder {
        Coder::Number(_) => Made::Number(numbers),
        Coder::Text(_) => Made::Symbol(symbols),
    }
}
