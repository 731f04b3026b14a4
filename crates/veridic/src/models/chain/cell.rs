//! Drawing the cells of one column given those before it.

use rand_chacha::ChaCha8Rng;

use super::Learned;
use super::coder::{Coder, Made};
use super::evidence::{Evidence, Set};
use super::fit::part_of;
use super::frame::Frame;
use super::likelihood::LEAST;
use super::number::NumberCoder;
use super::text::TextCoder;
use crate::models::boost::{Feature, Features, Probabilities};
use crate::seed::{shuffle, uniform};

/// How often a cell is drawn again that rounding has made break a rule.
const ATTEMPTS: usize = 8;

/// Drawing the cells of one column.
pub(super) struct Draw<'a> {
    pub(super) learned: &'a Learned,
    /// Of what is learned: values, or distances.
    pub(super) coder: &'a Coder,
    pub(super) features: &'a Features<'a>,
    /// Parts of a cell.
    pub(super) parts: usize,
    /// What rules leave.
    pub(super) frame: &'a Frame<'a>,
    /// What they leave by the columns before alone, where more is known than these.
    pub(super) before: Option<&'a Frame<'a>>,
}

/// By how much more likely what the rules leave of a row's cell is than it was learned to be: values that are there, and missing ones.
#[derive(Debug, Clone, Copy)]
struct Excess {
    present: f64,
    missing: f64,
}

impl Excess {
    const NONE: Self = Self { present: 1.0, missing: 1.0 };
}

impl Draw<'_> {
    /// Cells of rows `from..`, one for each of `logs`, given what is known of them, if anything is.
    pub(super) fn drawn(
        &self,
        evidence: Option<&Evidence>,
        (from, logs): (usize, &mut [f64]),
        random: &mut ChaCha8Rng,
    ) -> Made {
        // Where cells are known, what rules leave counts for the weights.
        match evidence.filter(|evidence| !evidence.is_free() || !self.frame.is_free()) {
            Some(evidence) => self.given(evidence, from, logs, random),
            None => self.free(logs.len(), random),
        }
    }

    /// Cells of `n` rows of which nothing is known.
    fn free(&self, n: usize, random: &mut ChaCha8Rng) -> Made {
        let mut probabilities = Probabilities::default();
        self.learned.coarse.predict(self.features, 0, n, &mut probabilities);
        // Evenly spread, so that shares of codes are nearer to their probabilities than by independent draws.
        let mut order: Vec<u32> = (0..n as u32).collect();
        shuffle(&mut order, random);
        let code = |row: usize| {
            let share = (f64::from(order[row]) + uniform(random)) / n as f64;
            probabilities.pick(row, share) as u8
        };
        let codes: Vec<u8> = (0..n).map(code).collect();
        match self.coder {
            Coder::Text(coder) => Made::Symbol(self.free_symbols(coder, &codes, &probabilities, random)),
            Coder::Number(coder) => Made::Number(self.free_numbers(coder, &codes, &probabilities, random)),
        }
    }

    /// The code of missing cells, where it has no others.
    fn missing(&self) -> Option<usize> {
        self.coder.missing_code().filter(|(_, share)| *share == 1.0).map(|(code, _)| code)
    }

    /// Shares of codes without that of missing cells, where others are left: what rules forbid of values that are there is spread
    /// over those that are.
    fn there(&self, shares: &mut [f32], code: usize) {
        let Some(missing) = self.missing() else { return };
        let has_others = shares.iter().enumerate().any(|(code, share)| code != missing && *share > 0.0);
        if code != missing && has_others && missing < shares.len() {
            shares[missing] = 0.0;
        }
    }

    /// How what the columns before leave of a row's cell is spread anew, as [`there`](Self::there) does it.
    fn excess(&self, row: usize, probabilities: &Probabilities) -> Excess {
        let frame = self.before.unwrap_or(self.frame);
        let is_told = frame.has_ends(row) || frame.says(row) && !frame.is_distance();
        if !is_told {
            return Excess::NONE;
        }
        let codes = self.coder.codes();
        let shares = match frame.has_ends(row) {
            true => frame.numbers(row, self.coder, None).shares,
            false => frame.shares(row, codes, None),
        };
        let missing = self.missing();
        let at = |code: usize| {
            if code < probabilities.classes() { f64::from(probabilities.at(row, code)) } else { 0.0 }
        };
        let others = (0..shares.len()).filter(|code| Some(*code) != missing);
        let left: f64 = others.map(|code| at(code) * f64::from(shares[code])).sum();
        let blank = missing.map_or(0.0, at);
        let may_miss = missing.is_some_and(|code| shares.get(code).is_some_and(|share| *share > 0.0));
        match (left > LEAST, may_miss) {
            (true, true) => Excess { present: (1.0 - blank).max(0.0) / left, missing: 1.0 },
            (true, false) => Excess { present: 1.0 / left, missing: 1.0 },
            (false, true) => Excess { present: 1.0, missing: 1.0 / blank.max(LEAST) },
            (false, false) => Excess::NONE,
        }
    }

    /// Shares of codes with what is spread anew.
    fn spread(&self, shares: Option<&[f32]>, excess: Excess) -> Option<Vec<f32>> {
        let missing = self.missing();
        let of = |(code, share): (usize, &f32)| {
            let more = if Some(code) == missing { excess.missing } else { excess.present };
            (f64::from(*share) * more) as f32
        };
        shares.map(|shares| shares.iter().enumerate().map(of).collect())
    }

    fn free_symbols(
        &self,
        coder: &TextCoder,
        codes: &[u8],
        probabilities: &Probabilities,
        random: &mut ChaCha8Rng,
    ) -> Vec<u32> {
        let symbol = |(row, code): (usize, &u8)| {
            let mut code = usize::from(*code);
            // Drawn again from what the rules leave, of the same distribution as if only that had been there.
            if self.frame.is_never(row, code as u8) {
                let mut left = self.frame.shares(row, coder.codes(), None);
                self.there(&mut left, code);
                code = probabilities.draw(row, uniform(random), Some(&left)).map_or(code, |(code, _)| code);
            }
            coder.symbol(code, uniform(random))
        };
        codes.iter().enumerate().map(symbol).collect()
    }

    fn free_numbers(
        &self,
        coder: &NumberCoder,
        codes: &[u8],
        probabilities: &Probabilities,
        random: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let parts = self.fine(codes);
        let value = |(row, code): (usize, &u8)| {
            let mut place = uniform(random);
            if let Some(parts) = &parts {
                let part = parts.pick(row, uniform(random));
                place = (part as f64 + place) / self.parts as f64;
            }
            let value = self.frame.value(row, coder.value(usize::from(*code), place));
            if !self.frame.breaks(row, value) {
                return value;
            }
            let left = self.frame.numbers(row, self.coder, None);
            let mut shares = left.shares.clone();
            self.there(&mut shares, usize::from(*code));
            for _ in 0..ATTEMPTS {
                let Some((code, _)) = probabilities.draw(row, uniform(random), Some(&shares)) else {
                    break;
                };
                let even = |from: f64, to: f64| vec![(from, to, 1.0)];
                let choice = left.choose(code, uniform(random), uniform(random), even);
                let Some((choice, _)) = choice else { break };
                let again = coder.value(code, choice.place).clamp(choice.low, choice.high);
                let again = self.frame.value(row, again);
                if !self.frame.breaks(row, again) {
                    return again;
                }
            }
            value
        };
        codes.iter().enumerate().map(value).collect()
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
        match self.coder {
            Coder::Number(coder) => Made::Number(self.given_numbers(coder, evidence, from, logs, random)),
            Coder::Text(coder) => Made::Symbol(self.given_symbols(coder, evidence, from, logs, random)),
        }
    }

    fn given_symbols(
        &self,
        coder: &TextCoder,
        evidence: &Evidence,
        from: usize,
        logs: &mut [f64],
        random: &mut ChaCha8Rng,
    ) -> Vec<u32> {
        let mut probabilities = Probabilities::default();
        self.learned.coarse.predict(self.features, 0, logs.len(), &mut probabilities);
        let mut symbols = Vec::with_capacity(logs.len());
        for (row, log) in logs.iter_mut().enumerate() {
            if let Some(given) = evidence.given(from + row) {
                let code = usize::from(given.coded.codes[from + row]);
                *log += log_chance(&probabilities, row, code) + self.log_excess(row, &probabilities, code);
                if let Made::Symbol(known) = &given.made {
                    symbols.push(known[from + row]);
                }
                continue;
            }
            let set = evidence.set(from + row);
            let left = self.frame.says(row).then(|| self.frame.shares(row, coder.codes(), set));
            let shares = left.as_deref().or(set.map(|set| set.shares.as_slice()));
            let shares = self.spread(shares, self.excess(row, &probabilities));
            let Some((code, whole)) = probabilities.draw(row, uniform(random), shares.as_deref()) else {
                // Nothing that is allowed has a chance.
                *log = f64::NEG_INFINITY;
                symbols.push(coder.symbol(0, 0.0));
                continue;
            };
            if shares.is_some() {
                *log += log_whole(whole);
            }
            let (share, within) = (uniform(random), uniform(random));
            let even = |from: f64, to: f64| vec![(from, to, 1.0)];
            let choice = set.and_then(|set| {
                let (choice, whole) = set.choose(code, share, within, even)?;
                *log += (whole / f64::from(set.shares[code])).ln();
                Some(choice)
            });
            symbols.push(choice.map_or_else(|| coder.symbol(code, within), |choice| choice.symbol));
        }
        symbols
    }

    fn given_numbers(
        &self,
        coder: &NumberCoder,
        evidence: &Evidence,
        from: usize,
        logs: &mut [f64],
        random: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let n = logs.len();
        let mut probabilities = Probabilities::default();
        self.learned.coarse.predict(self.features, 0, n, &mut probabilities);
        let known = |row: usize| match evidence.given(from + row).map(|given| &given.made) {
            Some(Made::Number(values)) => Some(values[from + row]),
            _ => self.frame.pin(row),
        };
        let known: Vec<Option<f64>> = (0..n).map(known).collect();
        let mut codes = vec![0u8; n];
        let mut left: Vec<Option<Set>> = vec![None; n];
        for (row, log) in logs.iter_mut().enumerate() {
            if let Some(value) = known[row] {
                codes[row] = coder.code(self.frame.target(row, value)) as u8;
                *log += match self.frame.breaks(row, value) || coder.is_beyond(self.frame.target(row, value))
                {
                    true => LEAST.ln(),
                    false => {
                        let code = usize::from(codes[row]);
                        log_chance(&probabilities, row, code) + self.log_excess(row, &probabilities, code)
                    }
                };
                continue;
            }
            let set = evidence.set(from + row);
            if self.frame.has_ends(row) || (set.is_some() && self.frame.is_distance()) {
                left[row] = Some(self.frame.numbers(row, self.coder, set));
            }
            // Distances are looked at once they are values.
            let is_told = left[row].is_none() && self.frame.says(row) && !self.frame.is_distance();
            let own = is_told.then(|| self.frame.shares(row, coder.codes(), set));
            let shares = own.as_deref().or(left[row].as_ref().or(set).map(|set| set.shares.as_slice()));
            let shares = self.spread(shares, self.excess(row, &probabilities));
            match probabilities.draw(row, uniform(random), shares.as_deref()) {
                Some((code, whole)) => {
                    codes[row] = code as u8;
                    if shares.is_some() {
                        *log += log_whole(whole);
                    }
                }
                // Nothing that is allowed has a chance.
                None => *log = f64::NEG_INFINITY,
            }
        }
        let fine = self.fine(&codes);
        let mut values = Vec::with_capacity(n);
        for row in 0..n {
            let code = usize::from(codes[row]);
            if let Some(value) = known[row] {
                logs[row] += self.log_density(coder, code, self.frame.target(row, value), row, fine.as_ref());
                values.push(value);
                continue;
            }
            let parts = |from: f64, to: f64| match &fine {
                Some(fine) => density(fine, row, self.parts, from, to),
                None => vec![(from, to, 1.0)],
            };
            let (share, within) = (uniform(random), uniform(random));
            let choice = match left[row].as_ref().or(evidence.set(from + row)) {
                Some(set) => set.choose(code, share, within, parts).map(|(choice, whole)| {
                    logs[row] += (whole / f64::from(set.shares[code])).ln();
                    choice
                }),
                None => Set::whole(code).choose(code, share, within, parts).map(|(choice, _)| choice),
            };
            let value = choice
                .map_or(f64::NAN, |choice| coder.value(code, choice.place).clamp(choice.low, choice.high));
            let mut value = self.frame.value(row, value);
            if let Some(set) = evidence.set(from + row).filter(|_| self.frame.is_distance()) {
                value = set.nearest(self.frame.coder(), value);
            }
            values.push(value);
        }
        values
    }

    /// The logarithm of how much more likely a code is by what the columns before leave.
    fn log_excess(&self, row: usize, probabilities: &Probabilities, code: usize) -> f64 {
        let excess = self.excess(row, probabilities);
        let more = if Some(code) == self.missing() { excess.missing } else { excess.present };
        more.max(LEAST).ln()
    }

    /// The logarithm of the density within a code's cell at what is drawn for a value.
    fn log_density(
        &self,
        coder: &NumberCoder,
        code: usize,
        target: f64,
        row: usize,
        fine: Option<&Probabilities>,
    ) -> f64 {
        let Some(place) = coder.place(code, target) else { return 0.0 };
        let Some(fine) = fine else { return -coder.log_width(code, 0.0, 1.0) };
        let part = usize::from(part_of(place as f32, self.parts));
        let share = 1.0 / self.parts as f64;
        let width = coder.log_width(code, part as f64 * share, (part + 1) as f64 * share);
        f64::from(fine.at(row, part)).max(LEAST).ln() - width
    }
}

/// The logarithm of a share; of nearly all of it none, so that rows of which nothing was kept away count the same.
fn log_whole(whole: f64) -> f64 {
    const NEAR: f64 = 1e-4;
    if (whole - 1.0).abs() < NEAR { 0.0 } else { whole.ln() }
}

fn log_chance(probabilities: &Probabilities, row: usize, code: usize) -> f64 {
    let known = code < probabilities.classes();
    let p = if known { probabilities.at(row, code) } else { 0.0 };
    f64::from(p).max(LEAST).ln()
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
