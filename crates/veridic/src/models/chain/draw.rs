//! Drawing rows from a chain.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::coder::{Coded, Coder, Made};
use super::evidence::{Evidence, Set};
use super::fit::part_of;
use super::likelihood::LEAST;
use super::plan::Decided;
use super::{Chain, Learned};
use crate::data::Table;
use crate::error::ModelError;
use crate::models::boost::{Feature, Features, Probabilities};
use crate::models::parallel;
use crate::seed::{Seed, shuffle, uniform};

/// Rows that are drawn from one stream of random numbers.
const PIECE: usize = 2048;

/// Rows that are kept from one pool.
const BATCH: usize = 65_536;

/// How often rows are drawn again in place of those that break a rule.
const ATTEMPTS: usize = 12;

/// Rows of the least pool.
const LEAST_POOL: usize = 4096;

/// Cells that were drawn, and what later columns see of them.
type Seen = (Made, Vec<u8>);

/// Rows that were drawn, column by column.
pub(super) struct Rows {
    pub(super) made: Vec<Made>,
    /// By column, what later columns see.
    pub(super) bins: Vec<Vec<u8>>,
    pub(super) n: usize,
}

impl Rows {
    /// The rows at `rows`.
    fn take(&self, rows: &[u32], coders: &[Coder]) -> Self {
        let made: Vec<Made> = self.made.iter().map(|made| made.take(rows)).collect();
        let bins = coders.iter().zip(&made).map(|(coder, made)| coder.see(made)).collect();
        Self { made, bins, n: rows.len() }
    }

    /// These rows and others.
    fn and(self, other: Self, coders: &[Coder]) -> Self {
        let joined = |(coder, (a, b)): (&Coder, (Made, Made))| joined(coder, vec![a, b]);
        let made = coders.iter().zip(self.made.into_iter().zip(other.made)).map(joined).collect();
        let mut bins = self.bins;
        bins.iter_mut().zip(other.bins).for_each(|(bins, more)| bins.extend(more));
        Self { made, bins, n: self.n + other.n }
    }
}

impl Chain {
    /// Makes `n` rows; they do not depend on the number of threads (0 counts as 1).
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn sample(&self, n: usize, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        parallel(threads, || {
            let batch = |(batch, start): (usize, usize)| {
                let seed = Seed(seed.key(&format!("chain.sample.{batch}")));
                self.batch(BATCH.min(n - start), seed)
            };
            let batches = (0..n).step_by(BATCH).enumerate().map(batch).collect();
            Ok(self.table(&self.joined(batches), n))
        })
    }

    fn batch(&self, n: usize, seed: Seed) -> Vec<Made> {
        let Some(margins) = &self.margins else {
            let mut pool = self.pool(n, seed).made;
            let first: Vec<u32> = (0..n as u32).collect();
            pool.iter_mut().for_each(|made| *made = made.take(&first));
            return pool;
        };
        let pool = self.pool((n * self.config.pool).max(LEAST_POOL), seed);
        let mut random = seed.stream("chain.keep");
        let mut kept = margins.select(&pool, n, &mut random);
        shuffle(&mut kept, &mut random);
        pool.made.iter().map(|made| made.take(&kept)).collect()
    }

    /// Draws at least `n` rows that keep the rules; where hardly any does, some that do not are there.
    pub(super) fn pool(&self, n: usize, seed: Seed) -> Rows {
        let mut pool = self.draw(n, seed);
        if self.checks.is_empty() {
            return pool;
        }
        for attempt in 0..ATTEMPTS {
            let kept = self.checks.kept(&self.coders, &pool.made);
            let rows: Vec<u32> = (0..pool.n as u32).filter(|row| kept[*row as usize]).collect();
            if rows.len() == pool.n {
                break;
            }
            let wanting = n.saturating_sub(rows.len());
            let more = (wanting > 0).then(|| {
                let share = (rows.len() as f64 / pool.n as f64).max(0.05);
                let count = (wanting as f64 / share * 1.1) as usize + 64;
                self.draw(count, Seed(seed.key(&format!("chain.again.{attempt}"))))
            });
            pool = pool.take(&rows, &self.coders);
            if let Some(more) = more {
                if attempt + 1 == ATTEMPTS {
                    let kept = self.checks.kept(&self.coders, &more.made);
                    let mut order: Vec<u32> = (0..more.n as u32).collect();
                    order.sort_by_key(|row| !kept[*row as usize]);
                    order.truncate(wanting);
                    pool = pool.and(more.take(&order, &self.coders), &self.coders);
                } else {
                    pool = pool.and(more, &self.coders);
                }
            }
        }
        pool
    }

    /// Draws `n` rows as they come.
    pub(super) fn draw(&self, n: usize, seed: Seed) -> Rows {
        self.draw_given(n, &[], seed).0
    }

    /// Draws `n` rows in which what is known of each column holds (nothing is, where `evidence` is empty), and the
    /// logarithms of their weights: how likely the known is given what was drawn before it.
    pub(super) fn draw_given(&self, n: usize, evidence: &[Evidence], seed: Seed) -> (Rows, Vec<f64>) {
        let pieces: Vec<(usize, usize)> =
            (0..n).step_by(PIECE).map(|from| (from, PIECE.min(n - from))).collect();
        let drawn: Vec<(Vec<Seen>, Vec<f64>)> = pieces
            .into_par_iter()
            .map(|(from, count)| {
                let mut random = seed.stream(&format!("chain.draw.{}", from / PIECE));
                self.piece(from, count, evidence, &mut random)
            })
            .collect();
        let mut columns: Vec<(Vec<Made>, Vec<u8>)> = vec![Default::default(); self.columns.len()];
        let mut logs = Vec::with_capacity(n);
        for (piece, weights) in drawn {
            logs.extend(weights);
            for ((whole, bins), (made, more)) in columns.iter_mut().zip(piece) {
                whole.push(made);
                bins.extend(more);
            }
        }
        let joined = columns
            .into_iter()
            .zip(&self.coders)
            .map(|((pieces, bins), coder)| (joined(coder, pieces), bins));
        let (made, bins) = joined.unzip();
        (Rows { made, bins, n }, logs)
    }

    /// The cells of a column that follows from others.
    fn follows(&self, j: usize, done: &[Option<Seen>], n: usize) -> Option<Made> {
        if let Some(decided) = &self.plan.decided[j] {
            return Some(decided.look_up(&self.coders, done, n));
        }
        let formula = self.plan.formulas[j]?;
        let [Some((a, _)), Some((b, _))] = formula.of.map(|i| done[i].as_ref()) else { return None };
        Some(formula.values(&self.coders[j], a, b, n))
    }

    fn piece(
        &self,
        from: usize,
        n: usize,
        evidence: &[Evidence],
        random: &mut ChaCha8Rng,
    ) -> (Vec<Seen>, Vec<f64>) {
        let mut done: Vec<Option<Seen>> = vec![None; self.columns.len()];
        let mut logs = vec![0.0; n];
        for j in &self.plan.order {
            let coder = &self.coders[*j];
            let follows = self.follows(*j, &done, n);
            let made = match (follows, &self.learned[*j]) {
                (Some(made), _) => match evidence.get(*j) {
                    // What it follows from was drawn so that it holds; where it does not hold in the rows that were
                    // given, nothing can.
                    Some(evidence) => evidence.keep(coder, from, made, &mut logs),
                    None => made,
                },
                (None, Some(learned)) => {
                    let mut features = Features::default();
                    for i in self.plan.parents(*j, &self.coders) {
                        if let Some((_, bins)) = &done[i] {
                            features.push(bins, self.coders[i].feature());
                        }
                    }
                    let draw = Draw { learned, coder, features: &features, parts: self.config.fine };
                    match evidence.get(*j).filter(|evidence| !evidence.is_free()) {
                        Some(evidence) => draw.given(evidence, from, &mut logs, random),
                        None => draw.free(n, random),
                    }
                }
                (None, None) => Made::Number(vec![f64::NAN; n]),
            };
            let bins = coder.see(&made);
            done[*j] = Some((made, bins));
        }
        (done.into_iter().flatten().collect(), logs)
    }
}

impl Decided {
    /// The values that follow from the column that decides them.
    pub(super) fn look_up(&self, coders: &[Coder], done: &[Option<Seen>], n: usize) -> Made {
        let Some((by, _)) = &done[self.by] else { return self.values.take(&vec![0; n]) };
        let symbols: Vec<u32> = (0..n).map(|row| coders[self.by].symbol(by, row) as u32).collect();
        self.values.take(&symbols)
    }
}

/// Drawing the cells of one column.
struct Draw<'a> {
    learned: &'a Learned,
    coder: &'a Coder,
    features: &'a Features<'a>,
    /// Parts of a cell.
    parts: usize,
}

impl Draw<'_> {
    fn free(&self, n: usize, random: &mut ChaCha8Rng) -> Made {
        let mut probabilities = Probabilities::default();
        self.learned.coarse.predict(self.features, 0, n, &mut probabilities);
        // Evenly spread, so that shares of codes are nearer to their probabilities than by independent draws.
        let mut order: Vec<u32> = (0..n as u32).collect();
        shuffle(&mut order, random);
        let code = |row: usize| {
            let share = (f64::from(order[row]) + uniform(random)) / n as f64;
            probabilities.draw(row, share, None).map_or(0, |(code, _)| code as u8)
        };
        let codes: Vec<u8> = (0..n).map(code).collect();
        match self.coder {
            Coder::Text(coder) => {
                let symbol = |code: &u8| coder.symbol(usize::from(*code), uniform(random));
                Made::Symbol(codes.iter().map(symbol).collect())
            }
            Coder::Number(number) => {
                let parts = self.fine(&codes);
                let value = |(row, code): (usize, &u8)| {
                    let mut place = uniform(random);
                    if let Some(parts) = &parts {
                        let part = parts.draw(row, uniform(random), None).map_or(0, |(part, _)| part);
                        place = (part as f64 + place) / self.parts as f64;
                    }
                    number.value(usize::from(*code), place)
                };
                Made::Number(codes.iter().enumerate().map(value).collect())
            }
        }
    }

    /// The distributions of the parts of cells, if they are learned.
    fn fine(&self, codes: &[u8]) -> Option<Probabilities> {
        let fine = self.learned.fine.as_ref()?;
        let mut features = self.features.clone();
        features.push(codes, Feature { bins: self.coder.codes() + 1, ordered: true });
        let mut probabilities = Probabilities::default();
        fine.predict(&features, 0, codes.len(), &mut probabilities);
        Some(probabilities)
    }

    /// Cells of rows `from..`, one for each of `logs`, as the evidence says.
    fn given(&self, evidence: &Evidence, from: usize, logs: &mut [f64], random: &mut ChaCha8Rng) -> Made {
        let n = logs.len();
        let mut probabilities = Probabilities::default();
        self.learned.coarse.predict(self.features, 0, n, &mut probabilities);
        let mut codes = vec![0u8; n];
        for (row, log) in logs.iter_mut().enumerate() {
            if let Some(given) = evidence.given(from + row) {
                codes[row] = given.coded.codes[from + row];
                let known = usize::from(codes[row]) < probabilities.classes();
                let p = if known { probabilities.at(row, usize::from(codes[row])) } else { 0.0 };
                *log += f64::from(p).max(LEAST).ln();
                continue;
            }
            let shares = evidence.set(from + row).map(|set| set.shares.as_slice());
            match probabilities.draw(row, uniform(random), shares) {
                Some((code, whole)) => {
                    codes[row] = code as u8;
                    if shares.is_some() {
                        *log += whole.ln();
                    }
                }
                // Nothing that is allowed has a chance.
                None => *log = f64::NEG_INFINITY,
            }
        }
        let fine = self.fine(&codes);
        let mut numbers = Vec::new();
        let mut symbols = Vec::new();
        for row in 0..n {
            let code = usize::from(codes[row]);
            if let Some(given) = evidence.given(from + row) {
                if let Some(fine) = &fine {
                    let place = given.coded.places[from + row];
                    if !place.is_nan() {
                        let part = usize::from(part_of(place, self.parts));
                        logs[row] += f64::from(fine.at(row, part)).max(LEAST).ln();
                    }
                }
                match &given.made {
                    Made::Number(values) => numbers.push(values[from + row]),
                    Made::Symbol(values) => symbols.push(values[from + row]),
                }
                continue;
            }
            let parts = |from: f64, to: f64| match &fine {
                Some(fine) => density(fine, row, self.parts, from, to),
                None => vec![(from, to, 1.0)],
            };
            let (share, within) = (uniform(random), uniform(random));
            let choice = match evidence.set(from + row) {
                Some(set) => set.choose(code, share, within, parts).map(|(choice, whole)| {
                    logs[row] += (whole / f64::from(set.shares[code])).ln();
                    choice
                }),
                None => Set::whole(code).choose(code, share, within, parts).map(|(choice, _)| choice),
            };
            match self.coder {
                Coder::Number(coder) => {
                    let value = choice.map_or(f64::NAN, |choice| {
                        coder.value(code, choice.place).clamp(choice.low, choice.high)
                    });
                    numbers.push(value);
                }
                Coder::Text(coder) => {
                    let known = evidence.set(from + row).and(choice);
                    symbols.push(known.map_or_else(|| coder.symbol(code, within), |choice| choice.symbol));
                }
            }
        }
        match self.coder {
            Coder::Number(_) => Made::Number(numbers),
            Coder::Text(_) => Made::Symbol(symbols),
        }
    }
}

/// What of `from..to` is in each part of a cell, and how much likelier than evenly a value is there.
fn density(fine: &Probabilities, row: usize, parts: usize, from: f64, to: f64) -> Vec<(f64, f64, f64)> {
    let n = parts as f64;
    let (first, last) = ((from * n) as usize, ((to * n).ceil() as usize).clamp(1, parts) - 1);
    (first.min(last)..=last)
        .map(|part| {
            let (low, high) = ((part as f64 / n).max(from), ((part + 1) as f64 / n).min(to));
            (low, high.max(low), f64::from(fine.at(row, part)) * n)
        })
        .collect()
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

/// Pieces of a column as one.
pub(super) fn joined(coder: &Coder, pieces: Vec<Made>) -> Made {
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
