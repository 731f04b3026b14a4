//! Fitting a circuit: expectation and maximization on batches of rows.
//!
//! Stepwise (O. Cappé and E. Moulines, On-line expectation-maximization algorithm for latent data models, J. R. Stat. Soc. B
//! 71, 2009): expected counts, not probabilities, are averaged over batches. Counts of neighbors agree, so that the circuit has
//! the shares of single columns as the data has them; averages of conditional probabilities would not.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::pass::{Cells, divide, multiply, normalize, padded};
use super::product::{add_product, add_transposed_product};
use super::tree::{Counted, chow_liu};
use super::{Circuit, CircuitConfig, MODEL, Node};
use crate::data::{ColumnSchema, Kind, Schema, Table};
use crate::error::ModelError;
use crate::models::chain::{Checks, Coder, Plan, coded, find};
use crate::models::parallel;
use crate::seed::{Seed, shuffle, uniform};

/// Fewest rows of a circuit.
const LEAST_ROWS: usize = 2;

/// Rows that are counted together, whatever the number of threads.
const PIECE: usize = 512;

/// How far a step goes towards what its batch says: of the first and of the last.
const FIRST_STEP: f64 = 0.5;
const LAST_STEP: f64 = 0.03;

/// Steps of a pass over the rows at least, and rows of a step at least.
const STEPS: usize = 16;
const FEWEST: usize = 64;

/// Rows that all transitions from a state count as beside those that are there.
const TRANSITIONS: f64 = 0.5;

/// The share of rows by which the best pass is chosen, and for how many rows it is.
const HELD: f64 = 0.05;
const HELD_FROM: usize = 500;

/// States for so many rows and columns.
const STATES: [(usize, usize); 3] = [(2000, 16), (5000, 32), (15_000, 64)];
const MOST_STATES: usize = 128;
const WIDE_STATES: [(usize, usize); 2] = [(300, 32), (100, 64)];

/// What a batch says of a column.
struct Counts {
    /// By code and state.
    emission: Vec<f32>,
    /// By state of the parent and own; none of the root.
    transition: Vec<f32>,
}

impl Circuit {
    /// Fits a circuit to the rows `rows` of `table`: its columns that `schema` names, identifiers and constants left out.
    ///
    /// It does not depend on the number of threads (0 counts as 1). `observe` is told the passes over the rows that are done
    /// and the mean log-likelihood in nats of the rows by which the best is chosen; `None` once `stop` is raised.
    ///
    /// # Errors
    /// Fewer than two rows, no column to learn from, a column that is not there, rules that rows break.
    pub fn fit(
        config: &CircuitConfig,
        (table, schema): (&Table, &Schema),
        rows: &[usize],
        (seed, threads): (Seed, usize),
        stop: &AtomicBool,
        observe: &(dyn Fn(usize, f64) + Sync),
    ) -> Result<Option<Self>, ModelError> {
        if rows.len() < LEAST_ROWS {
            return Err(ModelError::TooFewRows { model: MODEL, found: rows.len(), needed: LEAST_ROWS });
        }
        let is_modelled =
            |column: &&ColumnSchema| !matches!(column.kind, Kind::Identifier | Kind::Constant { .. });
        let columns: Vec<ColumnSchema> = schema.columns.iter().filter(is_modelled).cloned().collect();
        if columns.is_empty() {
            return Err(ModelError::NoColumns { model: MODEL });
        }
        parallel(threads, || {
            let missing =
                |column: &str| ModelError::MissingColumn { model: MODEL, column: column.to_string() };
            let (coders, made, codes) = coded(&columns, table, rows, config.codes).map_err(missing)?;
            let seen: Vec<&[u8]> = codes.iter().map(Vec::as_slice).collect();
            let law = find((&config.rules, 0.0), (&columns, &coders), table, (&made, &seen))?;
            let mut circuit = Self::begin(config, (columns, coders), law, &codes, seed);
            Ok(circuit.learn(&codes, seed, stop, observe).then_some(circuit))
        })
    }

    /// A circuit before it has learned more than its tree.
    fn begin(
        config: &CircuitConfig,
        (columns, coders): (Vec<ColumnSchema>, Vec<Coder>),
        (plan, checks): (Plan, Checks),
        codes: &[Vec<u8>],
        seed: Seed,
    ) -> Self {
        let n = codes.first().map_or(0, Vec::len);
        let counted = |(coder, codes): (&Coder, &Vec<u8>)| -> (usize, bool) {
            debug_assert_eq!(codes.len(), n);
            (coder.codes().max(1), coder.is_ordered())
        };
        let about: Vec<(usize, bool)> = coders.iter().zip(codes).map(counted).collect();
        let tree: Vec<Counted> = about
            .iter()
            .zip(codes)
            .map(|((n_codes, ordered), codes)| Counted { codes, n_codes: *n_codes, ordered: *ordered })
            .collect();
        let (parents, order) = chow_liu(&tree);
        let states = match config.states {
            0 => {
                let of_rows = STATES.iter().find(|(most, _)| n < *most).map_or(MOST_STATES, |of| of.1);
                let of_width = WIDE_STATES.iter().find(|(least, _)| about.len() > *least);
                of_rows.min(of_width.map_or(MOST_STATES, |of| of.1))
            }
            states => states,
        };
        let mut random = seed.stream("circuit.begin");
        // A state begins as the marginal and a row, of all columns the same.
        let seeds: Vec<usize> =
            (0..states).map(|_| ((uniform(&mut random) * n as f64) as usize).min(n - 1)).collect();
        let nodes = (0..about.len()).map(|j| {
            let n_codes = about[j].0;
            let shares = marginal(&codes[j], n_codes);
            let mut emission = vec![0.0f32; n_codes * states];
            for (code, share) in shares.iter().enumerate() {
                for value in &mut emission[code * states..][..states] {
                    *value = share * (0.5 + uniform(&mut random) as f32);
                }
            }
            for (state, row) in seeds.iter().enumerate() {
                emission[usize::from(codes[j][*row]) * states + state] += 1.0;
            }
            let sums = column_sums(&emission, states);
            for row in emission.chunks_mut(states) {
                divide(row, &sums);
            }
            let mut forward = Vec::new();
            if parents[j].is_some() {
                forward = (0..states * states).map(|_| -(uniform(&mut random).ln()) as f32).collect();
                normalize(&mut forward, states);
                for (i, value) in forward.iter_mut().enumerate() {
                    *value = 0.5 * *value + if i / states == i % states { 0.5 } else { 0.0 };
                }
            }
            Node {
                parent: parents[j],
                children: Vec::new(),
                backward: transposed(&forward, states),
                forward,
                emission,
            }
        });
        let nodes = nodes.collect();
        let prior = vec![1.0 / states as f32; states];
        let config = config.clone();
        let mut circuit =
            Self { config, columns, coders, plan, checks, n_rows: n, states, order, nodes, prior };
        circuit.join();
        circuit
    }

    /// Learns from codes; false once `stop` is raised.
    fn learn(
        &mut self,
        codes: &[Vec<u8>],
        seed: Seed,
        stop: &AtomicBool,
        observe: &(dyn Fn(usize, f64) + Sync),
    ) -> bool {
        let mut random = seed.stream("circuit.learn");
        let mut rows: Vec<u32> = (0..self.n_rows as u32).collect();
        shuffle(&mut rows, &mut random);
        let held = if rows.len() < HELD_FROM { 0 } else { (rows.len() as f64 * HELD) as usize };
        let held = rows.split_off(rows.len() - held);
        let taken = |rows: &[u32]| -> Vec<Vec<u8>> {
            codes.iter().map(|codes| rows.iter().map(|row| codes[*row as usize]).collect()).collect()
        };
        let held_codes = taken(&held);
        let marginals: Vec<Vec<f32>> = codes
            .iter()
            .zip(&self.nodes)
            .map(|(codes, node)| marginal(codes, node.emission.len() / self.states))
            .collect();
        // Small tables too take many steps.
        let batch = self.config.batch.min((rows.len() / STEPS).max(FEWEST)).min(rows.len());
        // All of about the same size: a step goes as far whatever it rests on.
        let batch = rows.len().div_ceil(rows.len().div_ceil(batch));
        let steps = self.config.epochs * rows.len().div_ceil(batch);
        let mut step = 0;
        let mut known = None;
        let mut best: Option<(f64, Vec<Node>, Vec<f32>)> = None;
        for epoch in 0..self.config.epochs {
            shuffle(&mut rows, &mut random);
            let mut sum = 0.0;
            for part in rows.chunks(batch) {
                if stop.load(Ordering::Relaxed) {
                    return false;
                }
                let size = FIRST_STEP * (LAST_STEP / FIRST_STEP).powf(step as f64 / steps as f64);
                step += 1;
                let (log, prior, counts) = self.count(&taken(part), part.len());
                sum += log;
                blend(&mut known, (prior, counts), part.len(), size);
                if let Some((prior, counts)) = &known {
                    self.maximize(prior, counts, &marginals);
                }
            }
            let told = if held.is_empty() {
                sum / rows.len() as f64
            } else {
                self.mean_log(&held_codes, held.len())
            };
            observe(epoch + 1, told);
            if held.is_empty() {
                continue;
            }
            if best.as_ref().is_none_or(|best| told > best.0) {
                best = Some((told, self.nodes.clone(), self.prior.clone()));
            }
        }
        if let Some((_, nodes, prior)) = best {
            (self.nodes, self.prior) = (nodes, prior);
        }
        true
    }

    /// The mean log-probability of the codes of `n` rows.
    fn mean_log(&self, codes: &[Vec<u8>], n: usize) -> f64 {
        let pieces: Vec<usize> = (0..n).step_by(PIECE).collect();
        let sums: Vec<f64> = pieces
            .into_par_iter()
            .map(|from| {
                let to = (from + PIECE).min(n);
                let cells: Vec<Cells> = codes.iter().map(|codes| Cells::of(&codes[from..to])).collect();
                self.upward(&cells, to - from).logs.iter().sum()
            })
            .collect();
        sums.iter().sum::<f64>() / n as f64
    }

    /// The sum of log-probabilities of `n` rows, and how often which states are expected in them.
    fn count(&self, codes: &[Vec<u8>], n: usize) -> (f64, Vec<f32>, Vec<Counts>) {
        let pieces: Vec<usize> = (0..n).step_by(PIECE).collect();
        let counted: Vec<(f64, Vec<f32>, Vec<Counts>)> = pieces
            .into_par_iter()
            .map(|from| {
                let to = (from + PIECE).min(n);
                let codes: Vec<&[u8]> = codes.iter().map(|codes| &codes[from..to]).collect();
                self.count_piece(&codes, to - from)
            })
            .collect();
        // Always in the order of the rows, so that sums are the same at any number of threads.
        let mut counted = counted.into_iter();
        let Some((mut log, mut prior, mut all)) = counted.next() else {
            return (0.0, vec![0.0; self.states], Vec::new());
        };
        for (more, states, counts) in counted {
            log += more;
            add(&mut prior, &states);
            for (all, counts) in all.iter_mut().zip(counts) {
                add(&mut all.emission, &counts.emission);
                add(&mut all.transition, &counts.transition);
            }
        }
        (log, prior, all)
    }

    fn count_piece(&self, codes: &[&[u8]], n: usize) -> (f64, Vec<f32>, Vec<Counts>) {
        let h = self.states;
        let cells: Vec<Cells> = codes.iter().map(|codes| Cells::of(codes)).collect();
        let up = self.upward(&cells, n);
        let mut posteriors: Vec<Vec<f32>> = vec![Vec::new(); self.nodes.len()];
        let mut counts: Vec<Counts> = Vec::with_capacity(self.nodes.len());
        counts.resize_with(self.nodes.len(), || Counts { emission: Vec::new(), transition: Vec::new() });
        let mut prior = vec![0.0; h];
        for j in self.order.iter().copied() {
            let node = &self.nodes[j];
            let mut posterior = vec![0.0; padded(n) * h];
            match node.parent {
                None => posterior[..n * h].chunks_mut(h).for_each(|row| row.copy_from_slice(&self.prior)),
                Some(parent) => {
                    let mut above = posteriors[parent].clone();
                    divide(&mut above[..n * h], &up.messages[j]);
                    let mut transition = vec![0.0; h * h];
                    add_transposed_product(&above, &up.beliefs[j], &mut transition, h);
                    transition.iter_mut().zip(&node.forward).for_each(|(count, p)| *count *= p);
                    counts[j].transition = transition;
                    add_product(&above, &node.forward, &mut posterior, h);
                }
            }
            multiply(&mut posterior[..n * h], &up.beliefs[j], h, None);
            normalize(&mut posterior[..n * h], h);
            let mut emission = vec![0.0; node.emission.len()];
            for (code, posterior) in codes[j].iter().zip(posterior.chunks(h)) {
                if let Some(count) = emission.get_mut(usize::from(*code) * h..(usize::from(*code) + 1) * h) {
                    add(count, posterior);
                }
            }
            counts[j].emission = emission;
            if node.parent.is_none() {
                posterior[..n * h].chunks(h).for_each(|row| add(&mut prior, row));
            }
            posteriors[j] = posterior;
        }
        (up.logs.iter().sum(), prior, counts)
    }

    /// What expected counts say; of a table of so many rows as there are.
    fn maximize(&mut self, prior: &[f32], counts: &[Counts], marginals: &[Vec<f32>]) {
        let h = self.states;
        let total: f32 = prior.iter().sum();
        self.prior.iter_mut().zip(prior).for_each(|(own, count)| *own = count / total);
        // Counts are of one row.
        let smoothing = (self.config.smoothing / self.n_rows as f64) as f32;
        let spread = (TRANSITIONS / self.n_rows as f64) as f32;
        self.nodes.par_iter_mut().zip(counts).zip(marginals).for_each(|((node, counts), marginal)| {
            let masses = column_sums(&counts.emission, h);
            let rows = node.emission.chunks_mut(h).zip(counts.emission.chunks(h)).zip(marginal);
            for ((own, counts), share) in rows {
                for ((own, count), mass) in own.iter_mut().zip(counts).zip(&masses) {
                    *own = (count + smoothing * share) / (mass + smoothing);
                }
            }
            for (own, counts) in node.forward.chunks_mut(h).zip(counts.transition.chunks(h)) {
                let mass: f32 = counts.iter().sum();
                for (own, count) in own.iter_mut().zip(counts) {
                    *own = (count + spread / h as f32) / (mass + spread);
                }
            }
            node.backward = transposed(&node.forward, h);
        });
    }
}

/// Goes a step towards what a batch of `n` rows says of one row; of the first batch, all the way.
fn blend(known: &mut Option<(Vec<f32>, Vec<Counts>)>, said: (Vec<f32>, Vec<Counts>), n: usize, step: f64) {
    let (own, new) = match known {
        None => (0.0, 1.0 / n as f32),
        Some(_) => (1.0 - step as f32, step as f32 / n as f32),
    };
    let (mut prior, mut counts) = said;
    let mix = |new_counts: &mut [f32], old: Option<&[f32]>| match old {
        None => new_counts.iter_mut().for_each(|count| *count *= new),
        Some(old) => {
            for (count, old) in new_counts.iter_mut().zip(old) {
                *count = own * old + new * *count;
            }
        }
    };
    mix(&mut prior, known.as_ref().map(|known| known.0.as_slice()));
    for (j, counts) in counts.iter_mut().enumerate() {
        let old = known.as_ref().map(|known| &known.1[j]);
        mix(&mut counts.emission, old.map(|old| old.emission.as_slice()));
        mix(&mut counts.transition, old.map(|old| old.transition.as_slice()));
    }
    *known = Some((prior, counts));
}

/// The share of each code in some rows, each a little likelier than that.
fn marginal(codes: &[u8], n_codes: usize) -> Vec<f32> {
    let mut counts = vec![0.1f64; n_codes];
    codes
        .iter()
        .filter(|code| usize::from(**code) < n_codes)
        .for_each(|code| counts[usize::from(*code)] += 1.0);
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| (count / total) as f32).collect()
}

fn column_sums(values: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    values.chunks(width).for_each(|row| add(&mut sums, row));
    sums
}

fn add(to: &mut [f32], more: &[f32]) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}

/// A square matrix the other way around.
pub(super) fn transposed(values: &[f32], width: usize) -> Vec<f32> {
    (0..values.len()).map(|i| values[i % width * width + i / width]).collect()
}
