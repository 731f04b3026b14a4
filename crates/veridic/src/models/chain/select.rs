//! Which of the rows that were made are kept: those by which pairs of columns agree with the data.
//!
//! Iterative proportional fitting (W. Deming and F. Stephan, On a least squares adjustment of a sampled frequency table,
//! Annals of Mathematical Statistics 11, 1940), damped, of all pairs of binned columns at once; rows are then kept without
//! replacement by their weights, by Gumbel's trick.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Chain;
use super::coder::Coder;
use super::copy::Copies;
use super::draw::Rows;
use super::fit::Source;
use crate::seed::{Seed, uniform};

/// Bins of a column of numbers, its missing cells aside, and of one of categories.
const NUMBER_BINS: usize = 20;
const TEXT_BINS: usize = 32;

/// Rounds of fitting, how much of the mean correction is taken in each, what is added to counts, and the largest
/// logarithm of a weight.
const ROUNDS: usize = 30;
const STEP: f32 = 2.0;
const DAMPING: f32 = 2.0;
const LARGEST: f32 = 1.0;

/// Fewest rows, and most columns and pairs, for which rows are chosen.
const LEAST_ROWS: usize = 500;
const MOST_COLUMNS: usize = 300;
const MOST_PAIRS: usize = 2016;

/// Pairs of which it is kept how they are corrected, at most.
const MOST_STORED: usize = 512;

/// Rows by which pairs are chosen where there are more.
const SAMPLE: usize = 2000;

/// Rows by which it is told how many copies there are, and fewest of the pool.
const TRIED: usize = 20_000;
const LEAST_POOL: usize = 4096;

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
    /// How much of a weight is taken, above 0 and at most 1: to its power. Below 1 in runs of an earlier version only.
    pub(super) strength: f32,
    /// What corrects rows as they are drawn, for those that are drawn given something; not in runs of an earlier version, nor of
    /// very many pairs.
    pub(super) corrections: Option<Corrections>,
}

/// By pair of columns, what the logarithm of a row's weight gets by its bins.
pub(super) type Corrections = Vec<Vec<f32>>;

/// By what made rows are chosen: the margins of pairs of columns, and the rows that were learned from, where they are made too often.
pub(super) fn choice(chain: &Chain, sources: &[Source], seed: Seed) -> (Option<Margins>, Option<Copies>) {
    let mut margins = Margins::fit(chain, sources);
    let n = chain.n_rows.min(TRIED);
    let pool = chain.pool((n * chain.config.pool).max(LEAST_POOL), Seed(seed.key("chain.select")));
    let logs = match &mut margins {
        None => vec![0.0; pool.n],
        Some(margins) => {
            let (logs, corrections) = margins.weigh(&pool);
            margins.corrections = (margins.pairs.len() <= MOST_STORED).then_some(corrections);
            logs
        }
    };
    let kept = keep(&logs, n, &mut seed.stream("chain.select"));
    (margins, Copies::fit(sources, &pool, &kept))
}

/// `n` rows by the logarithms of their weights, without replacement.
pub(super) fn keep(logs: &[f32], n: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
    let mut keys: Vec<(f32, u32)> = logs
        .iter()
        .enumerate()
        .map(|(row, log)| (log - (-uniform(random).ln()).ln() as f32, row as u32))
        .collect();
    if n < keys.len() {
        keys.select_nth_unstable_by(n, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        keys.truncate(n);
    }
    let mut kept: Vec<u32> = keys.into_iter().map(|key| key.1).collect();
    kept.sort_unstable();
    kept
}

impl Margins {
    /// The margins of the training rows, if there are enough rows and not too many columns.
    fn fit(chain: &Chain, sources: &[Source]) -> Option<Self> {
        let part = |j: &usize| {
            (chain.plan.decided[*j].is_none() || chain.plan.partly[*j].is_some())
                && chain.coders[*j].codes() > 1
        };
        let columns: Vec<usize> = (0..sources.len()).filter(part).collect();
        let n = chain.n_rows;
        if chain.config.pool < 2 || n < LEAST_ROWS || columns.len() < 2 || columns.len() > MOST_COLUMNS {
            return None;
        }
        let columns: Vec<(usize, Vec<u8>)> =
            columns.par_iter().map(|j| (*j, coarse(&chain.coders[*j], &sources[*j].coded.bins))).collect();
        let binned: Vec<Vec<u8>> = columns
            .par_iter()
            .map(|(j, map)| sources[*j].coded.bins.iter().map(|bin| map[usize::from(*bin)]).collect())
            .collect();
        let count = |columns: &[(usize, Vec<u8>)]| columns.len();
        let mut pairs: Vec<(usize, usize)> =
            (0..count(&columns)).flat_map(|a| (a + 1..count(&columns)).map(move |b| (a, b))).collect();
        if pairs.len() > MOST_PAIRS {
            let sample = SAMPLE.min(n);
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
        Some(Self { columns, pairs, targets, n_rows: n, strength: 1.0, corrections: None })
    }

    /// The logarithms of the weights of the rows of a pool, and what was learned of pairs of bins, by which other pools can be
    /// weighed at once.
    pub(super) fn weigh_first(&self, pool: &Rows) -> (Vec<f32>, Corrections) {
        let (mut logs, corrections) = self.weigh(pool);
        logs.iter_mut().for_each(|log| *log *= self.strength);
        (logs, corrections)
    }

    /// The same of another pool, by what was learned of the first.
    pub(super) fn weigh_next(&self, pool: &Rows, corrections: &Corrections) -> Vec<f32> {
        let mut logs = vec![0.0f32; pool.n];
        self.add(&self.binned(pool), corrections, 1.0, &mut logs);
        logs.iter_mut().for_each(|log| *log *= self.strength);
        logs
    }

    /// The logarithms of how much more often rows would be kept than they are drawn; nothing where that is not known.
    pub(super) fn excess(&self, rows: &Rows) -> Option<Vec<f32>> {
        self.corrections.as_ref().map(|corrections| self.weigh_next(rows, corrections))
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
                    let correction = |(t, s): (&f32, &f32)| excess(*t, s * scale);
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
        let are_whole = |tables: &[Vec<f32>]| {
            tables.len() == self.pairs.len()
                && tables.iter().all(|table| {
                    table.len() == TEXT_BINS * TEXT_BINS && table.iter().all(|value| value.is_finite())
                })
        };
        let whole = are_whole(&self.targets) && self.corrections.as_deref().is_none_or(are_whole);
        let all = self.columns.iter().all(sound) && self.pairs.iter().all(known) && whole;
        let is_strength = self.strength > 0.0 && self.strength <= 1.0;
        (!all || self.pairs.is_empty() || !is_strength).then_some("margins of columns that are not there")
    }
}

/// How much more often a pair of bins should be there, of a count that is wanted and one there is, as the logarithm of their ratio.
///
/// Of small counts the logarithm itself is too small on average, whatever there is: rows of bins with few others each, as those of
/// dates, would give way to rows whose bins are full, as a missing date is.
fn excess(wanted: f32, there: f32) -> f32 {
    let more = (wanted - there) / (there + DAMPING);
    if more > 1.0 { 1.0 + more.ln() } else { more }
}

fn place(a: u8, b: u8) -> usize {
    (usize::from(a) * TEXT_BINS + usize::from(b)) & (TEXT_BINS * TEXT_BINS - 1)
}

/// The bin of each code that later columns see, of about equal mass where codes have an order, else the most frequent.
fn coarse(coder: &Coder, codes: &[u8]) -> Vec<u8> {
    let mut counts = [0u64; 256];
    codes.iter().for_each(|code| counts[usize::from(*code)] += 1);
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
