//! Drawing rows from a circuit: states from the root on, then codes, then values.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Circuit;
use super::pass::{Cells, Upward};
use crate::models::chain::{Coder, Made, Set};
use crate::seed::{Seed, shuffle, uniform};

/// Rows that are drawn from one stream of random numbers.
const PIECE: usize = 2048;

/// What rows are drawn by where the same is known of all: sums of probabilities up to each state and code.
pub(super) struct Sampler<'a> {
    circuit: &'a Circuit,
    /// What cells may be, by column; all where there is none.
    sets: &'a [Option<Set>],
    root: Vec<f32>,
    /// By column and state of the parent, of the own states; empty for the root.
    states: Vec<Vec<f32>>,
    /// By column and state, of codes.
    codes: Vec<Vec<f32>>,
    /// The logarithm of the probability that all cells are what they may be.
    pub(super) log: f64,
}

impl Circuit {
    /// How likely a set of values is, by state of the column.
    pub(super) fn factor(&self, j: usize, set: &Set) -> Vec<f32> {
        let mut factor = vec![0.0; self.states];
        for (emission, share) in self.nodes[j].emission.chunks(self.states).zip(&set.shares) {
            factor.iter_mut().zip(emission).for_each(|(factor, p)| *factor += p * share);
        }
        factor
    }
}

impl<'a> Sampler<'a> {
    /// A sampler of rows whose cells are in sets, one a column.
    pub(super) fn new(circuit: &'a Circuit, sets: &'a [Option<Set>]) -> Self {
        let h = circuit.states;
        let factors: Vec<Option<Vec<f32>>> =
            sets.iter().enumerate().map(|(j, set)| set.as_ref().map(|set| circuit.factor(j, set))).collect();
        let cells: Vec<Cells> =
            factors.iter().map(|factor| Cells { codes: None, factor: factor.as_deref() }).collect();
        let up = circuit.upward(&cells, 1);
        let believed = |j: usize, state: usize, p: f32| p * up.beliefs[j][state];
        let root = circuit.root();
        let of_root = summed(circuit.prior.iter().enumerate().map(|(s, p)| believed(root, s, *p)));
        let states = (0..circuit.nodes.len())
            .map(|j| {
                let rows = circuit.nodes[j].forward.chunks(h);
                rows.flat_map(|row| summed(row.iter().enumerate().map(|(s, p)| believed(j, s, *p)))).collect()
            })
            .collect();
        let codes = circuit.nodes.iter().zip(sets).map(|(node, set)| {
            let share =
                |code: usize| set.as_ref().map_or(1.0, |set| set.shares.get(code).copied().unwrap_or(0.0));
            let rows = (0..h).flat_map(|state| {
                summed(node.emission[state..].iter().step_by(h).enumerate().map(|(code, p)| p * share(code)))
            });
            rows.collect()
        });
        Self { circuit, sets, root: of_root, states, codes: codes.collect(), log: up.logs[0] }
    }

    /// Draws `n` rows.
    pub(super) fn draw(&self, n: usize, seed: Seed) -> Vec<Made> {
        let pieces: Vec<usize> = (0..n).step_by(PIECE).collect();
        let made: Vec<Vec<Made>> = pieces
            .into_par_iter()
            .map(|from| {
                let mut random = seed.stream(&format!("circuit.draw.{}", from / PIECE));
                self.piece(PIECE.min(n - from), &mut random)
            })
            .collect();
        self.circuit.coding().joined(made)
    }

    fn piece(&self, n: usize, random: &mut ChaCha8Rng) -> Vec<Made> {
        let (circuit, h) = (self.circuit, self.circuit.states);
        let mut states: Vec<Vec<u16>> = vec![Vec::new(); circuit.nodes.len()];
        let mut made: Vec<Option<Made>> = vec![None; circuit.nodes.len()];
        // Evenly spread, so that shares are nearer to their probabilities than by independent draws.
        let mut order: Vec<u32> = (0..n as u32).collect();
        shuffle(&mut order, random);
        for j in circuit.order.iter().copied() {
            states[j] = match circuit.nodes[j].parent {
                None => {
                    let place = |place: &u32| (f64::from(*place) + uniform(random)) / n as f64;
                    order.iter().map(place).map(|share| pick(&self.root, share) as u16).collect()
                }
                Some(parent) => states[parent]
                    .iter()
                    .map(|above| {
                        pick(&self.states[j][usize::from(*above) * h..][..h], uniform(random)) as u16
                    })
                    .collect(),
            };
            let mut cells = circuit.coders[j].blank(n);
            for (row, state) in states[j].iter().enumerate() {
                self.cell(j, usize::from(*state), (&mut cells, row), random);
            }
            made[j] = Some(cells);
        }
        made.into_iter().flatten().collect()
    }

    /// Draws a cell of column `j` in a state.
    fn cell(&self, j: usize, state: usize, (cells, row): (&mut Made, usize), random: &mut ChaCha8Rng) {
        let n_codes = self.circuit.coders[j].codes().max(1);
        let code = pick(&self.codes[j][state * n_codes..][..n_codes], uniform(random));
        let (share, within) = (uniform(random), uniform(random));
        let choice = self.sets[j]
            .as_ref()
            .and_then(|set| set.choose(code, share, within, |from, to| vec![(from, to, 1.0)]));
        match (&self.circuit.coders[j], cells) {
            (Coder::Number(coder), Made::Number(values)) => {
                values[row] = match choice {
                    Some((choice, _)) => coder.value(code, choice.place).clamp(choice.low, choice.high),
                    None => coder.value(code, within),
                };
            }
            (Coder::Text(coder), Made::Symbol(symbols)) => {
                symbols[row] = choice.map_or_else(|| coder.symbol(code, within), |choice| choice.0.symbol);
            }
            _ => {}
        }
    }

    /// Draws the cells of a row that are not known, given what is known of it and of those beside it.
    pub(super) fn complete(
        &self,
        (up, row): (&Upward, usize),
        known: &[Vec<bool>],
        made: &mut [Made],
        random: &mut ChaCha8Rng,
    ) {
        let (circuit, h) = (self.circuit, self.circuit.states);
        let mut states = vec![0usize; circuit.nodes.len()];
        for j in circuit.order.iter().copied() {
            let node = &circuit.nodes[j];
            let chances = match node.parent {
                None => circuit.prior.as_slice(),
                Some(parent) => &node.forward[states[parent] * h..][..h],
            };
            let belief = &up.beliefs[j][row * h..][..h];
            states[j] = pick(&summed(chances.iter().zip(belief).map(|(p, b)| p * b)), uniform(random));
            if !known[j][row] {
                self.cell(j, states[j], (&mut made[j], row), random);
            }
        }
    }
}

/// Sums up to each.
fn summed(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut sum = 0.0;
    values
        .map(|value| {
            sum += value;
            sum
        })
        .collect()
}

/// The first of which the sum is above a share of the whole.
fn pick(sums: &[f32], share: f64) -> usize {
    let point = share * f64::from(sums.last().copied().unwrap_or(0.0));
    sums.partition_point(|sum| f64::from(*sum) <= point).min(sums.len().saturating_sub(1))
}
