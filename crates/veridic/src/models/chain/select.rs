//! Which of the rows that were made are kept: those by which pairs of columns agree with the data.
//!
//! Iterative proportional fitting (W. Deming and F. Stephan, On a least squares adjustment of a sampled frequency table,
//! Annals of Mathematical Statistics 11, 1940), damped, of all pairs of binned columns at once; rows are then kept without
//! replacement by their weights, by Gumbel's trick.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Chain;
use super::coder::{Coder, Made};
use super::draw::Rows;
use super::fit::Source;
use crate::models::boost::{BoostConfig, Features, Probabilities, Softmax};
use crate::seed::{Seed, shuffle, uniform};

/// Bins of a column of numbers, its missing cells aside, and of one of categories.
const NUMBER_BINS: usize = 20;
const TEXT_BINS: usize = 32;

/// Rounds of fitting, how much of the mean correction is taken in each, what is added to counts, and the largest
/// logarithm of a weight.
const ROUNDS: usize = 30;
const STEP: f32 = 2.0;
const DAMPING: f32 = 2.0;
const LARGEST: f32 = 6.0;

/// Fewest rows, and most columns and pairs, for which rows are chosen.
const LEAST_ROWS: usize = 500;
const MOST_COLUMNS: usize = 300;
const MOST_PAIRS: usize = 2016;

/// Rows by which pairs are chosen where there are more.
const SAMPLE: usize = 2000;

/// Rows that the choice is tried on, the share that it does not see, and how much worse its test may come out by chance, beside what
/// so few rows make of it.
const TRIED: usize = 20_000;
const HELD: f64 = 0.1;
const NOISE: f64 = 0.01;

/// How strongly rows are chosen where choosing by their whole weights makes them easier to tell, or more of them copies.
const PART: f32 = 0.5;

/// The margins of pairs of columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Margins {
    /// By column that takes part: which it is, and the bin of each code that later columns see.
    pub(super) columns: Vec<(usize, Vec<u8>)>,
    /// Pairs of those.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Bins of both columns, those of the second fastest, for each pair: expected rows of [`Margins::n_rows`].
    pub(super) targets: Vec<Vec<f32>>,
    pub(super) n_rows: usize,
    /// How much of a weight is taken, above 0 and at most 1: to its power.
    pub(super) strength: f32,
}

/// By pair of columns, what the logarithm of a row's weight gets by its bins.
pub(super) type Corrections = Vec<Vec<f32>>;

impl Margins {
    /// The margins of the training rows, if keeping rows by them makes rows no easier to tell from others that they do not know,
    /// and no more of them copies.
    pub(super) fn fit(chain: &Chain, sources: &[Source], seed: Seed, stop: &AtomicBool) -> Option<Self> {
        let n = chain.n_rows;
        let part = |j: &usize| {
            (chain.plan.decided[*j].is_none() || chain.plan.partly[*j].is_some())
                && chain.coders[*j].codes() > 1
        };
        let columns: Vec<usize> = (0..sources.len()).filter(part).collect();
        if chain.config.pool < 2 || n < LEAST_ROWS || columns.len() < 2 || columns.len() > MOST_COLUMNS {
            return None;
        }
        let mut rows: Vec<u32> = (0..n as u32).collect();
        shuffle(&mut rows, &mut seed.stream("chain.select"));
        rows.truncate(TRIED);
        let (held, seen) = rows.split_at((rows.len() as f64 * HELD) as usize);
        let bins: Vec<&[u8]> = sources.iter().map(|source| source.coded.bins.as_slice()).collect();
        let tried = Self::of(chain, &columns, &bins, seen);
        let pool = chain.pool(seen.len() * chain.config.pool, Seed(seed.key("chain.select")));
        let logs = tried.weigh(&pool).0;
        let cells: Vec<&Made> = sources.iter().map(|source| &source.made).collect();
        let copies = Copies::new(&columns, &cells, seen);
        let real = copies.share(held, &cells);
        // What so few rows may show by chance, and one row where they show none.
        let n_held = held.len().max(1) as f64;
        let few = real + (real * (1.0 - real) / n_held).sqrt() + 1.0 / n_held;
        let pool_cells: Vec<&Made> = pool.made.iter().collect();
        let told = |kept: &[u32]| telling(chain, &columns, (&bins, held), (&pool, kept), seed, stop);
        let chosen = |strength: f32| {
            let mut random = seed.stream(&format!("chain.select.{strength}"));
            let kept = Self::keep(&logs, strength, seen.len(), &mut random);
            if copies.share(&kept, &pool_cells) > few { Some(f64::INFINITY) } else { told(&kept) }
        };
        let raw: Vec<u32> = (0..seen.len() as u32).collect();
        let (whole, raw) = rayon::join(|| chosen(1.0), || told(&raw));
        let (whole, raw) = (whole?, raw?);
        let most = raw + NOISE + 0.5 / n_held.sqrt();
        let strength = if whole < most {
            1.0
        } else if chosen(PART)? < most {
            PART
        } else {
            return None;
        };
        let all: Vec<u32> = (0..n as u32).collect();
        Some(Self { strength, ..Self::of(chain, &columns, &bins, &all) })
    }

    fn of(chain: &Chain, columns: &[usize], bins: &[&[u8]], rows: &[u32]) -> Self {
        let columns: Vec<(usize, Vec<u8>)> = columns
            .par_iter()
            .map(|j| (*j, coarse(&chain.coders[*j], rows.iter().map(|row| bins[*j][*row as usize]))))
            .collect();
        let binned: Vec<Vec<u8>> = columns
            .par_iter()
            .map(|(j, map)| rows.iter().map(|row| map[usize::from(bins[*j][*row as usize])]).collect())
            .collect();
        let count = |columns: &[(usize, Vec<u8>)]| columns.len();
        let mut pairs: Vec<(usize, usize)> =
            (0..count(&columns)).flat_map(|a| (a + 1..count(&columns)).map(move |b| (a, b))).collect();
        if pairs.len() > MOST_PAIRS {
            let sample = SAMPLE.min(rows.len());
            let mut told: Vec<(f64, (usize, usize))> = pairs
                .par_iter()
                .map(|(a, b)| (information(&binned[*a][..sample], &binned[*b][..sample]), (*a, *b)))
                .collect();
            told.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            told.truncate(MOST_PAIRS);
            pairs = told.into_iter().map(|(_, pair)| pair).collect();
            pairs.sort_unstable();
        }
        let targets = pairs
            .par_iter()
            .map(|(a, b)| {
                let mut table = vec![0.0f32; TEXT_BINS * TEXT_BINS];
                for (a, b) in binned[*a].iter().zip(&binned[*b]) {
                    table[place(*a, *b)] += 1.0;
                }
                table
            })
            .collect();
        Self { columns, pairs, targets, n_rows: rows.len(), strength: 1.0 }
    }

    /// `n` rows of the pool, by number, and what was learned of pairs of bins, by which other pools can be weighed at once.
    pub(super) fn select_first(
        &self,
        pool: &Rows,
        n: usize,
        random: &mut ChaCha8Rng,
    ) -> (Vec<u32>, Corrections) {
        let (logs, corrections) = self.weigh(pool);
        (Self::keep(&logs, self.strength, n, random), corrections)
    }

    /// The same of another pool, by what was learned of the first.
    pub(super) fn select_next(
        &self,
        pool: &Rows,
        corrections: &Corrections,
        n: usize,
        random: &mut ChaCha8Rng,
    ) -> Vec<u32> {
        let mut logs = vec![0.0f32; pool.n];
        self.add(&self.binned(pool), corrections, 1.0, &mut logs);
        Self::keep(&logs, self.strength, n, random)
    }

    /// `n` rows by the logarithms of their weights to a power, without replacement.
    fn keep(logs: &[f32], strength: f32, n: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
        let mut keys: Vec<(f32, u32)> = logs
            .iter()
            .enumerate()
            .map(|(row, log)| (log * strength - (-uniform(random).ln()).ln() as f32, row as u32))
            .collect();
        if n < keys.len() {
            keys.select_nth_unstable_by(n, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            keys.truncate(n);
        }
        let mut kept: Vec<u32> = keys.into_iter().map(|key| key.1).collect();
        kept.sort_unstable();
        kept
    }

    /// The bins of a pool, by column that takes part.
    fn binned(&self, pool: &Rows) -> Vec<Vec<u8>> {
        self.columns
            .par_iter()
            .map(|(j, map)| pool.bins[*j].iter().map(|bin| map[usize::from(*bin)]).collect())
            .collect()
    }

    /// Logarithms of the weights of the rows of a pool, and the corrections that they are the sums of.
    fn weigh(&self, pool: &Rows) -> (Vec<f32>, Corrections) {
        let binned = self.binned(pool);
        let mut logs = vec![0.0f32; pool.n];
        let mut weights = vec![1.0f32; pool.n];
        let step = STEP / self.pairs.len() as f32;
        let mut whole: Corrections = vec![vec![0.0f32; TEXT_BINS * TEXT_BINS]; self.pairs.len()];
        for _ in 0..ROUNDS {
            let total: f64 = weights.iter().map(|w| f64::from(*w)).sum();
            let scale = (self.n_rows as f64 / total.max(1e-30)) as f32;
            let corrections: Corrections = self
                .pairs
                .par_iter()
                .zip(&self.targets)
                .map(|((a, b), target)| {
                    let mut table = vec![0.0f32; TEXT_BINS * TEXT_BINS];
                    for ((a, b), weight) in binned[*a].iter().zip(&binned[*b]).zip(&weights) {
                        table[place(*a, *b)] += weight;
                    }
                    let correction = |(t, s): (&f32, &f32)| ((t + DAMPING) / (s * scale + DAMPING)).ln();
                    target.iter().zip(&table).map(correction).collect()
                })
                .collect();
            for (whole, correction) in whole.iter_mut().zip(&corrections) {
                whole.iter_mut().zip(correction).for_each(|(whole, correction)| *whole += step * correction);
            }
            self.add(&binned, &corrections, step, &mut logs);
            weights.par_iter_mut().zip(&logs).for_each(|(weight, log)| *weight = log.exp());
        }
        (logs, whole)
    }

    /// Adds corrections of pairs of bins to the logarithms of weights.
    fn add(&self, binned: &[Vec<u8>], corrections: &Corrections, step: f32, logs: &mut [f32]) {
        /// Rows whose weights are corrected together.
        const PIECE: usize = 8192;
        logs.par_chunks_mut(PIECE).enumerate().for_each(|(piece, logs)| {
            let from = piece * PIECE;
            let mut sums = vec![0.0f32; logs.len()];
            for ((a, b), correction) in self.pairs.iter().zip(corrections) {
                let (a, b) = (&binned[*a][from..], &binned[*b][from..]);
                for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                    *sum += correction[place(*a, *b)];
                }
            }
            for (log, sum) in logs.iter_mut().zip(sums) {
                *log = (*log + step * sum).clamp(-LARGEST, LARGEST);
            }
        });
    }

    /// What is wrong with margins that were read from a file, if anything.
    pub(super) fn problem(&self, n_columns: usize) -> Option<&'static str> {
        let sound = |(j, map): &(usize, Vec<u8>)| {
            *j < n_columns && map.len() == 256 && map.iter().all(|bin| usize::from(*bin) < TEXT_BINS)
        };
        let known = |(a, b): &(usize, usize)| *a < self.columns.len() && *b < self.columns.len();
        let whole = self.targets.len() == self.pairs.len()
            && self.targets.iter().all(|target| target.len() == TEXT_BINS * TEXT_BINS);
        let all = self.columns.iter().all(sound) && self.pairs.iter().all(known) && whole;
        let is_strength = self.strength > 0.0 && self.strength <= 1.0;
        (!all || self.pairs.is_empty() || !is_strength).then_some("margins of columns that are not there")
    }
}

/// Rows that were seen, by all their cells.
struct Copies<'a> {
    columns: &'a [usize],
    seen: HashSet<Vec<u64>>,
}

impl<'a> Copies<'a> {
    fn new(columns: &'a [usize], made: &[&Made], rows: &[u32]) -> Self {
        let mut copies = Self { columns, seen: HashSet::new() };
        copies.seen = rows.iter().map(|row| copies.row(*row, made)).collect();
        copies
    }

    fn row(&self, row: u32, made: &[&Made]) -> Vec<u64> {
        self.columns.iter().map(|j| made[*j].key(row as usize)).collect()
    }

    /// The share of rows that are the same as one that was seen.
    fn share(&self, rows: &[u32], made: &[&Made]) -> f64 {
        let same = rows.iter().filter(|row| self.seen.contains(&self.row(**row, made))).count();
        same as f64 / rows.len().max(1) as f64
    }
}

fn place(a: u8, b: u8) -> usize {
    (usize::from(a) * TEXT_BINS + usize::from(b)) & (TEXT_BINS * TEXT_BINS - 1)
}

/// The bin of each code that later columns see, of about equal mass where codes have an order, else the most frequent.
fn coarse(coder: &Coder, codes: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut counts = [0u64; 256];
    codes.for_each(|code| counts[usize::from(code)] += 1);
    let mut map = vec![0u8; 256];
    if coder.is_ordered() {
        let missing = coder.feature().bins - 1;
        let total: u64 = counts[..missing].iter().sum::<u64>().max(1);
        let mut below = 0;
        for (code, count) in counts[..missing].iter().enumerate() {
            map[code] = ((below + count / 2) * NUMBER_BINS as u64 / total).min(NUMBER_BINS as u64 - 1) as u8;
            below += count;
        }
        map[missing..].fill(NUMBER_BINS as u8);
    } else {
        let mut order: Vec<usize> = (0..256).collect();
        order.sort_by_key(|code| std::cmp::Reverse(counts[*code]));
        for (rank, code) in order.into_iter().enumerate() {
            map[code] = rank.min(TEXT_BINS - 1) as u8;
        }
    }
    map
}

/// Mutual information of two binned columns, in nats.
fn information(a: &[u8], b: &[u8]) -> f64 {
    let mut table = vec![0u32; TEXT_BINS * TEXT_BINS];
    let (mut of_a, mut of_b) = ([0u32; TEXT_BINS], [0u32; TEXT_BINS]);
    for (a, b) in a.iter().zip(b) {
        table[place(*a, *b)] += 1;
        of_a[usize::from(*a)] += 1;
        of_b[usize::from(*b)] += 1;
    }
    let n = a.len().max(1) as f64;
    let term = |(i, count): (usize, &u32)| {
        let count = f64::from(*count);
        let independent = f64::from(of_a[i / TEXT_BINS]) * f64::from(of_b[i % TEXT_BINS]) / n;
        if count > 0.0 { count / n * (count / independent).ln() } else { 0.0 }
    };
    table.iter().enumerate().map(term).sum()
}

/// How well a boosted classifier tells held-out rows from made ones that it does not know: `|2 AUC - 1|`; `None` once `stop`
/// is raised.
fn telling(
    chain: &Chain,
    columns: &[usize],
    (real, held): (&[&[u8]], &[u32]),
    (pool, kept): (&Rows, &[u32]),
    seed: Seed,
    stop: &AtomicBool,
) -> Option<f64> {
    let made = &kept[..kept.len().min(4 * held.len())];
    let truth: Vec<u8> = held.iter().map(|_| 1).chain(made.iter().map(|_| 0)).collect();
    let codes: Vec<Vec<u8>> = columns
        .iter()
        .map(|j| {
            let real = held.iter().map(|row| real[*j][*row as usize]);
            real.chain(made.iter().map(|row| pool.bins[*j][*row as usize])).collect()
        })
        .collect();
    let config = BoostConfig { rounds: 60, depth: 4, patience: 8, lambda: 1.0, ..BoostConfig::default() };
    let mut gaps = 0.0;
    for fold in 0..2u8 {
        // Rows alternate: those before are in a random order.
        let is_in = |row: &usize| row % 2 == usize::from(fold);
        let (test, train): (Vec<usize>, Vec<usize>) = (0..truth.len()).partition(is_in);
        let pick = |codes: &[u8], rows: &[usize]| -> Vec<u8> { rows.iter().map(|row| codes[*row]).collect() };
        let (mut inner, mut outer) = (Vec::new(), Vec::new());
        for codes in &codes {
            inner.push(pick(codes, &train));
            outer.push(pick(codes, &test));
        }
        let (mut learned, mut tested) = (Features::default(), Features::default());
        for ((inner, outer), j) in inner.iter().zip(&outer).zip(columns) {
            learned.push(inner, chain.coders[*j].feature());
            tested.push(outer, chain.coders[*j].feature());
        }
        let mut random = seed.stream(&format!("chain.select.{fold}"));
        let target = (pick(&truth, &train), 2, false);
        let target = (target.0.as_slice(), target.1, target.2);
        let model = Softmax::fit(&learned, target, None, &config, &mut random, stop)?;
        let mut probabilities = Probabilities::default();
        model.predict(&tested, 0, test.len(), &mut probabilities);
        let mut scores: Vec<(f32, u8)> =
            test.iter().enumerate().map(|(i, row)| (probabilities.at(i, 1), truth[*row])).collect();
        gaps += (2.0 * auc(&mut scores) - 1.0).abs() / 2.0;
    }
    Some(gaps)
}

/// Chance that a row of class 1 scores above one of class 0, ties half.
fn auc(scores: &mut [(f32, u8)]) -> f64 {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum) = (0.0, 0.0);
    let ones = scores.iter().filter(|score| score.1 == 1).count() as f64;
    for tie in scores.chunk_by(|a, b| a.0 == b.0) {
        let zeros = tie.iter().filter(|score| score.1 == 0).count() as f64;
        sum += (tie.len() as f64 - zeros) * (below + zeros / 2.0);
        below += zeros;
    }
    if ones * below > 0.0 { sum / (ones * below) } else { 0.5 }
}
