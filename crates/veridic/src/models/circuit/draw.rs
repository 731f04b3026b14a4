//! Drawing rows from a circuit: states from the root on, then codes, then values.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Circuit;
use super::cell::Drawing;
use super::pass::{Cells, UNKNOWN, Upward};
use crate::models::chain::{Evidence, Made, Set};
use crate::seed::{Seed, shuffle, uniform};

/// Rows that are drawn from one stream of random numbers: where the same is known of all, and where not.
const PIECE: usize = 2048;
const OWN_PIECE: usize = 512;

/// What rows are drawn by where the same is known of all: sums of probabilities up to each state and code.
pub(super) struct Sampler<'a> {
    circuit: &'a Circuit,
    root: Vec<f32>,
    /// By column and state of the parent, of the own states; empty for the root.
    states: Vec<Vec<f32>>,
    /// By column and state, of codes.
    pub(super) codes: Vec<Vec<f32>>,
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

    /// By column, how likely each set of the evidence is.
    fn factors(&self, evidence: &[Evidence]) -> Vec<Vec<Vec<f32>>> {
        let of = |j: usize| {
            let sets = evidence.get(j).map_or(&[][..], |evidence| &evidence.sets);
            sets.iter().map(|set| self.factor(j, set)).collect()
        };
        (0..self.nodes.len()).map(of).collect()
    }

    /// Draws `n` rows as the evidence says (nothing is known where it is empty), and the logarithms of their weights, which tell
    /// what the rules took of what was drawn from.
    pub(super) fn draw(&self, n: usize, evidence: &[Evidence], seed: Seed) -> (Vec<Made>, Vec<f64>) {
        let is_same = evidence.iter().all(|of| of.given.is_none() && of.of_row.is_empty());
        let sampler = Sampler::new(self, evidence);
        let factors = self.factors(evidence);
        let piece = if is_same { PIECE } else { OWN_PIECE };
        let pieces: Vec<usize> = (0..n).step_by(piece).collect();
        let drawn: Vec<(Vec<Made>, Vec<f64>)> = pieces
            .into_par_iter()
            .map(|from| {
                let n = piece.min(n - from);
                let mut random = seed.stream(&format!("circuit.draw.{}", from / piece));
                let states = match is_same {
                    true => sampler.states(n, &mut random),
                    false => self.known_states((evidence, &factors), from, n, &mut random),
                };
                let drawing = Drawing { circuit: self, sampler: &sampler, evidence, factors: &factors, from };
                drawing.cells(&states, n, &mut random)
            })
            .collect();
        let mut logs = Vec::with_capacity(n);
        let mut pieces = Vec::with_capacity(drawn.len());
        for (made, of_piece) in drawn {
            pieces.push(made);
            logs.extend(of_piece);
        }
        (self.coding().joined(pieces), logs)
    }

    /// States of rows `from..`, by column, given what is known of each row.
    fn known_states(
        &self,
        (evidence, factors): (&[Evidence], &[Vec<Vec<f32>>]),
        from: usize,
        n: usize,
        random: &mut ChaCha8Rng,
    ) -> Vec<Vec<u16>> {
        let code = |of: &Evidence, row: usize| match of.given(row) {
            Some(given) => given.coded.codes[row],
            None => UNKNOWN,
        };
        let codes: Vec<Vec<u8>> =
            evidence.iter().map(|of| (from..from + n).map(|row| code(of, row)).collect()).collect();
        let cells: Vec<Cells> = codes
            .iter()
            .zip(evidence)
            .zip(factors)
            .map(|((codes, of), factors)| {
                let of_row = of.of_row.get(from..from + n).unwrap_or_default();
                Cells { codes: Some(codes), factors, of_row }
            })
            .collect();
        let up = self.upward(&cells, n);
        let mut states: Vec<Vec<u16>> = vec![Vec::with_capacity(n); self.nodes.len()];
        for row in 0..n {
            self.complete((&up, row), &mut states, random);
        }
        states
    }

    /// Draws the states of a row given what is known of it, and adds them.
    fn complete(&self, (up, row): (&Upward, usize), states: &mut [Vec<u16>], random: &mut ChaCha8Rng) {
        let h = self.states;
        for j in self.order.iter().copied() {
            let node = &self.nodes[j];
            let chances = match node.parent {
                None => self.prior.as_slice(),
                Some(parent) => &node.forward[usize::from(states[parent][row]) * h..][..h],
            };
            let belief = &up.beliefs[j][row * h..][..h];
            let state = pick(&summed(chances.iter().zip(belief).map(|(p, b)| p * b)), uniform(random));
            states[j].push(state as u16);
        }
    }
}

impl<'a> Sampler<'a> {
    /// A sampler of rows whose cells are in the first set of each column.
    pub(super) fn new(circuit: &'a Circuit, evidence: &[Evidence]) -> Self {
        let h = circuit.states;
        let set = |j: usize| evidence.get(j).and_then(|of| of.sets.first());
        let factors: Vec<Vec<Vec<f32>>> = (0..circuit.nodes.len())
            .map(|j| set(j).map(|set| circuit.factor(j, set)).into_iter().collect())
            .collect();
        let cells: Vec<Cells> = factors.iter().map(|factors| Cells { factors, ..Cells::default() }).collect();
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
        let codes = circuit.nodes.iter().enumerate().map(|(j, node)| {
            let set = set(j);
            let share = |code: usize| set.map_or(1.0, |set| set.shares.get(code).copied().unwrap_or(0.0));
            let rows = (0..h).flat_map(|state| {
                summed(node.emission[state..].iter().step_by(h).enumerate().map(|(code, p)| p * share(code)))
            });
            rows.collect()
        });
        Self { circuit, root: of_root, states, codes: codes.collect(), log: up.logs[0] }
    }

    /// The states of `n` rows, by column.
    fn states(&self, n: usize, random: &mut ChaCha8Rng) -> Vec<Vec<u16>> {
        let (circuit, h) = (self.circuit, self.circuit.states);
        let mut states: Vec<Vec<u16>> = vec![Vec::new(); circuit.nodes.len()];
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
        }
        states
    }
}

/// Sums up to each.
pub(super) fn summed(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut sum = 0.0;
    values
        .map(|value| {
            sum += value;
            sum
        })
        .collect()
}

/// The first of which the sum is above a share of the whole.
pub(super) fn pick(sums: &[f32], share: f64) -> usize {
    let point = share * f64::from(sums.last().copied().unwrap_or(0.0));
    sums.partition_point(|sum| f64::from(*sum) <= point).min(sums.len().saturating_sub(1))
}
