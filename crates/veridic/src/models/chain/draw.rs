//! Drawing rows from a chain.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Chain;
use super::cell::Draw;
use super::coder::{Coded, Coder, Made};
use super::evidence::Evidence;
use super::frame::Known;
use super::select::{Corrections, keep};
use crate::data::Table;
use crate::error::ModelError;
use crate::models::boost::Features;
use crate::models::maker::Conditional;
use crate::models::parallel;
use crate::seed::{Seed, shuffle};

/// Rows that are drawn from one stream of random numbers.
const PIECE: usize = 2048;

/// Rows that are kept from one pool, and from the first where there are more: what is to be corrected can be told by fewer.
const BATCH: usize = 65_536;
const FIRST: usize = 24_576;

/// Rows that are drawn for each that is kept, after the first batch: by then it is known what is to be corrected.
const NEXT_POOL: f64 = 1.4;

/// How often rows are drawn again in place of those that break a rule.
const ATTEMPTS: usize = 12;

/// Rows of the least pool.
const LEAST_POOL: usize = 4096;

/// Cells that were drawn, and what later columns see of them.
pub(in crate::models) type Seen = (Made, Vec<u8>);

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
            let mut corrections = None;
            let mut batches = Vec::new();
            let mut left = n;
            while left > 0 {
                let is_first = batches.is_empty() && n > BATCH && self.margins.is_some();
                let count = left.min(if is_first { FIRST } else { BATCH });
                let seed = Seed(seed.key(&format!("chain.sample.{}", batches.len())));
                batches.push(self.batch(count, seed, &mut corrections));
                left -= count;
            }
            Ok(self.table(&self.joined(batches), n))
        })
    }

    fn batch(&self, n: usize, seed: Seed, corrections: &mut Option<Corrections>) -> Vec<Made> {
        if self.margins.is_none() && self.copies.is_none() {
            let mut pool = self.pool(n, seed).made;
            let first: Vec<u32> = (0..n as u32).collect();
            pool.iter_mut().for_each(|made| *made = made.take(&first));
            return pool;
        }
        let mut random = seed.stream("chain.keep");
        let n_pool = match (&self.margins, &corrections) {
            (Some(_), None) => (n * self.config.pool).max(LEAST_POOL),
            (Some(_), Some(_)) => (n as f64 * NEXT_POOL).ceil() as usize,
            (None, _) => n + n / 16,
        };
        let pool = self.thinned(n_pool, n, seed);
        let logs = match (&self.margins, &corrections) {
            (Some(margins), None) => {
                let (logs, learned) = margins.weigh_first(&pool);
                *corrections = Some(learned);
                logs
            }
            (Some(margins), Some(known)) => margins.weigh_next(&pool, known),
            (None, _) => vec![0.0; pool.n],
        };
        let mut kept = keep(&logs, n, &mut random);
        shuffle(&mut kept, &mut random);
        pool.made.iter().map(|made| made.take(&kept)).collect()
    }

    /// Draws about `n_pool` rows, at least `n`, with no more copies of training rows than there are among other rows.
    fn thinned(&self, n_pool: usize, n: usize, seed: Seed) -> Rows {
        let Some(copies) = &self.copies else { return self.pool(n_pool, seed) };
        let pool = self.pool(copies.pool(n_pool), seed);
        let left = copies.thin(&pool.made, n, &mut seed.stream("chain.copies"));
        pool.take(&left, &self.coders)
    }

    /// Draws `n` rows or more that keep the rules: cells are drawn from what the rules leave, and rows in which they leave nothing
    /// are drawn again; in the end others stand in for those.
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
            if wanting > 0 && attempt + 1 == ATTEMPTS && !rows.is_empty() {
                let again: Vec<u32> = rows.iter().copied().cycle().take(n).collect();
                return pool.take(&again, &self.coders);
            }
            let share = (rows.len() as f64 / pool.n as f64).max(0.05);
            pool = pool.take(&rows, &self.coders);
            if wanting > 0 {
                let count = (wanting as f64 / share * 1.1) as usize + 64;
                let more = self.draw(count, Seed(seed.key(&format!("chain.again.{attempt}"))));
                pool = pool.and(more, &self.coders);
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

    fn piece(
        &self,
        from: usize,
        n: usize,
        evidence: &[Evidence],
        random: &mut ChaCha8Rng,
    ) -> (Vec<Seen>, Vec<f64>) {
        let law = self.law();
        let mut done: Vec<Option<Seen>> = vec![None; self.columns.len()];
        let mut apart: Vec<Vec<u8>> = vec![Vec::new(); self.columns.len()];
        let mut logs = vec![0.0; n];
        for j in &self.plan.order {
            let coder = &self.coders[*j];
            let follows = law.follows(*j, &done, n);
            let made = match (follows, &self.learned[*j]) {
                (Some(made), None) => match evidence.get(*j) {
                    // What it follows from was drawn so that it holds; where it does not hold in the rows that were
                    // given, nothing can.
                    Some(evidence) => evidence.keep(coder, from, made, &mut logs),
                    None => made,
                },
                (follows, Some(learned)) => {
                    let mut features = Features::default();
                    for (i, is_apart) in self.plan.looked(*j, &self.coders) {
                        if let Some((_, bins)) = &done[i] {
                            let codes = if is_apart { &apart[i] } else { bins };
                            features.push(codes, self.plan.feature((i, is_apart), &self.coders));
                        }
                    }
                    let frame = Known { law, done: &done, evidence, from, n }.frame(*j);
                    let before = (!evidence.is_empty() && !frame.is_free())
                        .then(|| Known { law, done: &done, evidence: &[], from, n }.frame(*j));
                    let (coder, parts) = (self.plan.target(*j, &self.coders), self.config.fine);
                    let before = before.as_ref();
                    let draw = Draw { learned, coder, features: &features, parts, frame: &frame, before };
                    let (evidence, weighed) = (evidence.get(*j), (from, logs.as_mut_slice()));
                    match follows {
                        Some(follows) => draw.partly(&follows, evidence, weighed, random),
                        None => draw.drawn(evidence, weighed, random),
                    }
                }
                (None, None) => Made::Number(vec![f64::NAN; n]),
            };
            let bins = coder.see(&made);
            if let (Some(gap), Made::Number(values)) = (&self.plan.gaps[*j], &made)
                && let Some((Made::Number(others), _)) = &done[gap.from]
            {
                apart[*j] = gap.see(values, others);
            }
            done[*j] = Some((made, bins));
        }
        (done.into_iter().flatten().collect(), logs)
    }
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
