//! Drawing the cells of rows whose states are known, from what the rules leave.

use rand_chacha::ChaCha8Rng;

use super::Circuit;
use super::draw::{Sampler, pick, summed};
use crate::models::chain::{Coder, Evidence, Frame, Known, LEAST, Made, Seen, Set};
use crate::models::maker::Conditional;
use crate::seed::uniform;

/// Drawing the cells of some rows.
pub(super) struct Drawing<'a> {
    pub(super) circuit: &'a Circuit,
    pub(super) sampler: &'a Sampler<'a>,
    pub(super) evidence: &'a [Evidence],
    /// By column, how likely each set of the evidence is, by state.
    pub(super) factors: &'a [Vec<Vec<f32>>],
    /// The first row.
    pub(super) from: usize,
}

impl Drawing<'_> {
    /// The cells of rows by their states, and the logarithms of weights: of what was drawn from, the share that the rules leave.
    pub(super) fn cells(
        &self,
        states: &[Vec<u16>],
        n: usize,
        random: &mut ChaCha8Rng,
    ) -> (Vec<Made>, Vec<f64>) {
        let law = self.circuit.law();
        let mut done: Vec<Option<Seen>> = vec![None; states.len()];
        let mut logs = vec![0.0; n];
        for j in law.plan.order.iter().copied() {
            let coder = &law.coding.coders[j];
            let follows = law.follows(j, &done, n);
            let mut made = match &follows {
                Some(follows) if !law.plan.is_learned(j) => follows.clone(),
                _ => {
                    let known = Known { law, done: &done, evidence: self.evidence, from: self.from, n };
                    let frame = known.frame(j);
                    let mut cells = coder.blank(n);
                    for (row, state) in states[j].iter().enumerate() {
                        let state = usize::from(*state);
                        match follows.as_ref().filter(|follows| !follows.is_missing(row, coder)) {
                            None => logs[row] += self.cell((j, state), &frame, (&mut cells, row), random),
                            Some(follows) if !self.is_missing((j, state), row, random) => {
                                cells.set(row, follows, row);
                            }
                            Some(_) => {}
                        }
                    }
                    cells
                }
            };
            if let Some(evidence) = self.evidence.get(j).filter(|_| follows.is_some()) {
                made = evidence.keep(coder, self.from, made, &mut logs);
            }
            done[j] = Some((made, Vec::new()));
        }
        (done.into_iter().flatten().map(|seen| seen.0).collect(), logs)
    }

    /// Whether a cell of column `j`, of which the value follows from others, is missing in a state.
    fn is_missing(&self, (j, state): (usize, usize), row: usize, random: &mut ChaCha8Rng) -> bool {
        let coder = &self.circuit.coders[j];
        let evidence = self.evidence.get(j);
        if let Some(given) = evidence.and_then(|evidence| evidence.given(self.from + row)) {
            return given.made.is_missing(self.from + row, coder);
        }
        let set = evidence.and_then(|evidence| evidence.set(self.from + row));
        if set.is_some_and(|set| !set.has_missing(coder)) {
            return false;
        }
        let chance = coder.missing_code().map_or(0.0, |(code, share)| {
            self.emission(j, state).nth(code).map_or(0.0, |p| f64::from(p) * share)
        });
        uniform(random) < chance
    }

    /// Draws a cell of column `j` in a state; the logarithm of its weight.
    fn cell(
        &self,
        (j, state): (usize, usize),
        frame: &Frame,
        (cells, row): (&mut Made, usize),
        random: &mut ChaCha8Rng,
    ) -> f64 {
        let evidence = self.evidence.get(j);
        let place = self.from + row;
        if let Some(given) = evidence.and_then(|evidence| evidence.given(place)) {
            cells.set(row, &given.made, place);
            let breaks = match cells {
                Made::Number(values) => frame.breaks(row, values[row]),
                Made::Symbol(_) => frame.is_never(row, given.coded.codes[place]),
            };
            return if breaks { LEAST.ln() } else { 0.0 };
        }
        let set = evidence.and_then(|evidence| evidence.set(place));
        // What was reckoned with when states were drawn.
        let reckoned = || {
            let place = evidence.and_then(|of| of.of_row.get(place)).map_or(0, |set| *set as usize);
            self.factors[j].get(place).map_or(1.0, |factor| f64::from(factor[state]))
        };
        let coder = &self.circuit.coders[j];
        if let (Some(pin), Coder::Number(own), Made::Number(values)) = (frame.pin(row), coder, &mut *cells) {
            values[row] = pin;
            if frame.breaks(row, pin) || own.is_beyond(pin) {
                return LEAST.ln();
            }
            let code = own.code(pin);
            let p = self.emission(j, state).nth(code).map_or(0.0, f64::from);
            return (p / reckoned().max(LEAST)).max(LEAST).ln() - coder.log_width(code);
        }
        if !frame.says(row) {
            let own;
            let sums = if evidence.is_some_and(|of| !of.of_row.is_empty()) {
                own = summed(self.emission(j, state).zip(shares(set)).map(|(p, share)| p * share));
                own.as_slice()
            } else {
                let n_codes = coder.codes().max(1);
                &self.sampler.codes[j][state * n_codes..][..n_codes]
            };
            let code = pick(sums, uniform(random));
            self.value(j, code, set, (cells, row), random);
            return 0.0;
        }
        let has_ends = frame.has_ends(row);
        let left = match has_ends {
            true => frame.numbers(row, coder, set),
            false => set.cloned().unwrap_or_default().with(frame.shares(row, coder.codes(), set)),
        };
        let sums = summed(self.emission(j, state).zip(&left.shares).map(|(p, share)| p * share));
        let whole = sums.last().copied().map_or(0.0, f64::from);
        if whole <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let code = pick(&sums, uniform(random));
        let of = Some(&left).filter(|_| set.is_some() || has_ends);
        self.value(j, code, of, (cells, row), random);
        (whole / reckoned()).ln()
    }

    /// By code, its probability in a state.
    fn emission(&self, j: usize, state: usize) -> impl Iterator<Item = f32> {
        self.circuit.nodes[j].emission[state..].iter().step_by(self.circuit.states).copied()
    }

    /// Draws a value of a code, of those in a set.
    fn value(
        &self,
        j: usize,
        code: usize,
        set: Option<&Set>,
        (cells, row): (&mut Made, usize),
        random: &mut ChaCha8Rng,
    ) {
        let (share, within) = (uniform(random), uniform(random));
        let choice = set.and_then(|set| set.choose(code, share, within, |from, to| vec![(from, to, 1.0)]));
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
}

/// What of each code is in a set.
fn shares(set: Option<&Set>) -> impl Iterator<Item = f32> {
    let of = set.map_or(&[][..], |set| set.shares.as_slice());
    of.iter().copied().chain(std::iter::repeat(if set.is_some() { 0.0 } else { 1.0 }))
}
