//! Completing rows of which some cells are known.

use std::collections::HashMap;

use super::Chain;
use super::coder::{Coder, Made};
use super::evidence::{Evidence, Given, Set, Wanted};
use super::likelihood::LEAST;
use crate::data::Table;
use crate::error::ModelError;
use crate::models::parallel;
use crate::seed::{Seed, uniform};

/// Draws of each row, of which some are kept.
const DRAWS: usize = 24;

/// How often rows are drawn again of which no draw keeps the rules, and most of them but for the first time.
const ATTEMPTS: usize = 6;
const MOST_STUCK: usize = 512;

/// Rows that are completed together.
const BATCH: usize = 4096;

impl Chain {
    /// Completes the missing cells of `table` `m` times, each with draws given the row's other cells; columns that the
    /// table lacks are made whole. Rows stay in their order, and cells that are there as they are.
    ///
    /// Each row is drawn several times and kept by how likely its known cells are (self-normalized importance resampling).
    ///
    /// # Errors
    /// A column of another type of cells; no column that the chain knows.
    pub fn fill(
        &self,
        table: &Table,
        m: usize,
        seed: Seed,
        threads: usize,
    ) -> Result<Vec<Table>, ModelError> {
        self.complete(table, m, false, seed, threads)
    }

    /// Rows that have the columns of `table` as they are, missing cells and all, and the others made.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    pub fn sample_like(&self, table: &Table, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        let mut filled = self.complete(table, 1, true, seed, threads)?;
        filled.pop().ok_or(ModelError::NoColumns { model: super::fit::MODEL })
    }

    fn complete(
        &self,
        table: &Table,
        m: usize,
        missing_is_known: bool,
        seed: Seed,
        threads: usize,
    ) -> Result<Vec<Table>, ModelError> {
        let model = super::fit::MODEL;
        if !self.columns.iter().any(|column| table.column(&column.name).is_some()) {
            return Err(ModelError::NoColumns { model });
        }
        let rows: Vec<usize> = (0..table.n_rows).collect();
        let mut known = Vec::with_capacity(self.columns.len());
        for (column, coder) in self.columns.iter().zip(&self.coders) {
            let Some(of) = table.column(&column.name) else {
                known.push(None);
                continue;
            };
            let made = coder.read(&of.cells, &rows);
            let made =
                made.ok_or_else(|| ModelError::MissingColumn { model, column: column.name.clone() })?;
            known.push(Some(made));
        }
        parallel(threads, || {
            let mut tables = vec![Vec::new(); m];
            for (batch, rows) in rows.chunks(BATCH).enumerate() {
                let seed = Seed(seed.key(&format!("chain.fill.{batch}")));
                let rows: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
                for (pieces, made) in
                    tables.iter_mut().zip(self.batch_filled(&known, &rows, m, missing_is_known, seed))
                {
                    pieces.push(made);
                }
            }
            Ok(tables.into_iter().map(|pieces| self.table(&self.joined(pieces), table.n_rows)).collect())
        })
    }

    fn batch_filled(
        &self,
        known: &[Option<Made>],
        rows: &[u32],
        m: usize,
        missing_is_known: bool,
        seed: Seed,
    ) -> Vec<Vec<Made>> {
        let (mut made, mut logs, mut kept) = self.draws(known, rows, missing_is_known, seed);
        for attempt in 0..ATTEMPTS {
            let is_stuck = |place: &usize| !kept[place * DRAWS..][..DRAWS].contains(&true);
            let stuck: Vec<usize> = (0..rows.len()).filter(is_stuck).collect();
            // Where the known cells themselves break a rule, nothing can be done.
            if stuck.is_empty() || attempt > 0 && stuck.len() > MOST_STUCK {
                break;
            }
            let again: Vec<u32> = stuck.iter().map(|place| rows[*place]).collect();
            let seed = Seed(seed.key(&format!("chain.fill.again.{attempt}")));
            let (more, of_more, more_kept) = self.draws(known, &again, missing_is_known, seed);
            for (i, place) in stuck.into_iter().enumerate() {
                let (to, from) = (place * DRAWS, i * DRAWS);
                logs[to..to + DRAWS].copy_from_slice(&of_more[from..from + DRAWS]);
                kept[to..to + DRAWS].copy_from_slice(&more_kept[from..from + DRAWS]);
                for (made, more) in made.iter_mut().zip(&more) {
                    (0..DRAWS).for_each(|draw| made.set(to + draw, more, from + draw));
                }
            }
        }
        for (logs, kept) in logs.chunks_mut(DRAWS).zip(kept.chunks(DRAWS)) {
            if kept.contains(&true) {
                logs.iter_mut()
                    .zip(kept)
                    .filter(|(_, kept)| !**kept)
                    .for_each(|(log, _)| *log = f64::NEG_INFINITY);
            }
        }
        let mut random = seed.stream("chain.fill");
        (0..m)
            .map(|_| {
                let pick = |(row, logs): (usize, &[f64])| {
                    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).max(f64::MIN);
                    let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
                    let mut left = uniform(&mut random) * total;
                    let place = logs.iter().position(|log| {
                        left -= (log - most).exp();
                        left < 0.0
                    });
                    (row * DRAWS + place.unwrap_or(0)) as u32
                };
                let kept: Vec<u32> = logs.chunks(DRAWS).enumerate().map(pick).collect();
                made.iter().map(|made| made.take(&kept)).collect()
            })
            .collect()
    }

    /// Draws of rows given what is known of them, side by side: the logarithms of their weights, and whether they keep the rules.
    fn draws(
        &self,
        known: &[Option<Made>],
        rows: &[u32],
        missing_is_known: bool,
        seed: Seed,
    ) -> (Vec<Made>, Vec<f64>, Vec<bool>) {
        let repeated: Vec<u32> = rows.iter().flat_map(|row| std::iter::repeat_n(*row, DRAWS)).collect();
        let mut evidence: Vec<Evidence> = self
            .coders
            .iter()
            .zip(known)
            .map(|(coder, known)| {
                let present = Set::new(coder, &[Wanted::Present]);
                let sets = if present.is_empty() || missing_is_known { Vec::new() } else { vec![present] };
                let given = known.as_ref().map(|made| {
                    let made = made.take(&repeated);
                    let coded = coder.encode(&made);
                    let known = (0..made.len())
                        .map(|row| coder.is_present(&made, row) || (missing_is_known && coder.has_missing()))
                        .collect();
                    Given { known, made, coded }
                });
                Evidence { given, sets, of_row: Vec::new() }
            })
            .collect();
        for j in 0..self.columns.len() {
            self.push_down(j, repeated.len(), &mut evidence);
        }
        let (drawn, logs) = self.draw_given(repeated.len(), &evidence, seed);
        let kept = self.checks.kept(&self.coders, &drawn.made);
        (drawn.made, logs, kept)
    }

    /// Where column `j` is known and decided by one that is not: the other may only be what decides it so.
    fn push_down(&self, j: usize, n: usize, evidence: &mut [Evidence]) {
        let Some(decided) = &self.plan.decided[j] else { return };
        let Some(given) = evidence[j].given.take() else { return };
        let by = &self.coders[decided.by];
        let other = &mut evidence[decided.by];
        let free = other.sets.is_empty();
        if free {
            other.sets.push(Set::new(by, &[Wanted::Present, Wanted::Missing]));
        }
        if other.of_row.is_empty() {
            other.of_row = vec![0; n];
        }
        let mut sets: HashMap<u64, u32> = HashMap::new();
        for row in (0..n).filter(|row| given.known[*row]) {
            let key = given.made.key(row);
            let set = *sets.entry(key).or_insert_with(|| {
                let fits = |symbol: usize| decided.values.same(symbol, &given.made, row);
                let set = other.sets[0].only(by, fits);
                // A value that nothing decides leaves it open.
                if set.is_empty() {
                    return 0;
                }
                other.sets.push(set);
                other.sets.len() as u32 - 1
            });
            other.of_row[row] = set;
        }
        evidence[j].given = Some(given);
    }

    /// The distribution of `column` in each row of `table` given the row's other cells, which are taken as they are.
    ///
    /// # Errors
    /// A column that the chain does not know; a table without one of the other columns, or with one of another type of cells.
    pub fn predict(&self, table: &Table, column: &str, threads: usize) -> Result<Prediction, ModelError> {
        let model = super::fit::MODEL;
        let asked = self.place(column)?;
        let rows: Vec<usize> = (0..table.n_rows).collect();
        let mut made = Vec::with_capacity(self.columns.len());
        for (j, (known, coder)) in self.columns.iter().zip(&self.coders).enumerate() {
            let of = table.column(&known.name).and_then(|of| coder.read(&of.cells, &rows));
            let missing = || ModelError::MissingColumn { model, column: known.name.clone() };
            // Of the column that is asked for, nothing is looked at.
            let blank = || coder.blank(rows.len());
            made.push(if j == asked { blank() } else { of.ok_or_else(missing)? });
        }
        // What another decides is asked of that one.
        let target = self.plan.decided[asked].as_ref().map_or(asked, |decided| decided.by);
        let coder = &self.coders[target];
        let codes = coder.codes().max(1);
        parallel(threads, || {
            use rayon::prelude::*;
            let n = rows.len();
            let mut logs = vec![0.0f64; n * codes];
            let coded: Vec<_> =
                self.coders.par_iter().zip(&made).map(|(coder, made)| coder.encode(made)).collect();
            if target == asked {
                let by_code: Vec<Vec<f64>> = (0..codes)
                    .into_par_iter()
                    .map(|code| {
                        let mut made = made.clone();
                        made[target] = coder.repeat(code, n);
                        let mut coded = coded.clone();
                        coded[target] = coder.encode(&made[target]);
                        let apart = self.plan.apart(&made);
                        let mut sums = vec![0.0; n];
                        for j in (0..self.columns.len()).filter(|j| self.depends(*j, target)) {
                            let logs = self.column_likelihood(j, &made, (&coded, &apart), 0, n);
                            sums.iter_mut().zip(logs).for_each(|(sum, log)| *sum += log);
                        }
                        // Of the target, all of the code counts.
                        sums
                    })
                    .collect();
                for (code, sums) in by_code.into_iter().enumerate() {
                    logs[code..].iter_mut().step_by(codes).zip(sums).for_each(|(to, log)| *to = log);
                }
                let width = |code: usize| coder.log_width(code);
                for row in logs.chunks_mut(codes) {
                    row.iter_mut().enumerate().for_each(|(code, log)| *log += width(code));
                }
            } else {
                for (row, logs) in logs.chunks_mut(codes).enumerate() {
                    logs.fill(LEAST.ln());
                    if let Some(log) = logs.get_mut(usize::from(coded[target].codes[row])) {
                        *log = 0.0;
                    }
                }
            }
            let mut probabilities: Vec<f32> = Vec::with_capacity(logs.len());
            for logs in logs.chunks(codes) {
                let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
                probabilities.extend(logs.iter().map(|log| ((log - most).exp() / total) as f32));
            }
            let answers: Vec<Answer> = match &self.plan.decided[asked] {
                None => (0..codes).map(|code| coder.answer(code)).collect(),
                Some(decided) => (0..codes)
                    .map(|code| {
                        let symbol = coder.symbol(&coder.repeat(code, 1), 0);
                        self.coders[asked].tell(&decided.values, symbol)
                    })
                    .collect(),
            };
            Ok(Prediction { column: column.to_string(), answers, probabilities }.merged())
        })
    }

    /// Whether the likelihood of column `j` depends on the cells of `target`.
    fn depends(&self, j: usize, target: usize) -> bool {
        match (&self.plan.decided[j], &self.plan.formulas[j]) {
            (Some(decided), _) => decided.by == target,
            (None, Some(formula)) => formula.parts.iter().any(|part| part.column == target),
            (None, None) => j == target || self.plan.parents(j, &self.coders).contains(&target),
        }
    }
}

/// The distribution of a column in some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The column.
    pub column: String,
    /// What a cell may be.
    pub answers: Vec<Answer>,
    /// The probability of each answer, row after row.
    pub probabilities: Vec<f32>,
}

/// What a cell may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Missing.
    Missing,
    /// A text.
    Text(String),
    /// One of so many rare texts, and the most frequent of them.
    Texts(usize, String),
    /// A number.
    Number(f64),
    /// A number from the first to the last, about as often below the second as above.
    Range(f64, f64, f64),
}

impl Prediction {
    /// Equal answers as one.
    pub(in crate::models) fn merged(self) -> Self {
        let width = self.answers.len();
        let mut answers: Vec<Answer> = Vec::new();
        let mut place = Vec::with_capacity(width);
        for answer in self.answers {
            let known = answers.iter().position(|other| *other == answer);
            place.push(known.unwrap_or(answers.len()));
            if known.is_none() {
                answers.push(answer);
            }
        }
        if answers.len() == width {
            return Self { answers, ..self };
        }
        let mut probabilities = Vec::new();
        for row in self.probabilities.chunks(width) {
            let mut sums = vec![0.0; answers.len()];
            row.iter().zip(&place).for_each(|(p, place)| sums[*place] += p);
            probabilities.extend(sums);
        }
        Self { column: self.column, answers, probabilities }
    }
}

impl Coder {
    /// Whether a cell is neither missing nor of a level never seen.
    pub(in crate::models) fn is_present(&self, made: &Made, row: usize) -> bool {
        match (self, made) {
            (_, Made::Number(values)) => !values[row].is_nan(),
            (Self::Text(coder), Made::Symbol(symbols)) => symbols[row] < coder.missing(),
            _ => false,
        }
    }

    /// Whether missing cells have a code.
    pub(in crate::models) fn has_missing(&self) -> bool {
        match self {
            Self::Number(coder) => coder.codes() > coder.cells().len(),
            Self::Text(coder) => coder.lookup()[coder.missing() as usize].1 > 0.0,
        }
    }

    /// Missing cells.
    pub(in crate::models) fn blank(&self, n: usize) -> Made {
        match self {
            Self::Number(_) => Made::Number(vec![f64::NAN; n]),
            Self::Text(coder) => Made::Symbol(vec![coder.missing(); n]),
        }
    }

    /// A typical cell of a code, `n` times.
    fn repeat(&self, code: usize, n: usize) -> Made {
        match self {
            Self::Number(coder) => Made::Number(vec![coder.value(code, 0.5); n]),
            Self::Text(coder) => Made::Symbol(vec![coder.symbol(code, 0.0); n]),
        }
    }

    /// What the likelihood of a typical cell lacks to that of its code.
    pub(in crate::models) fn log_width(&self, code: usize) -> f64 {
        match self {
            Self::Number(coder) => coder.log_width(code, 0.0, 1.0),
            Self::Text(coder) => {
                -f64::from(coder.lookup()[coder.symbol(code, 0.0) as usize].1).max(LEAST).ln()
            }
        }
    }

    pub(in crate::models) fn answer(&self, code: usize) -> Answer {
        match self {
            Self::Number(coder) => {
                let (low, middle, high) =
                    (coder.value(code, 0.0), coder.value(code, 0.5), coder.value(code, 1.0));
                match low {
                    low if low.is_nan() => Answer::Missing,
                    low if low == high => Answer::Number(low),
                    low => Answer::Range(low, middle, high),
                }
            }
            Self::Text(coder) => {
                let text = |symbol: u32| coder.levels().get(symbol as usize).cloned();
                match (coder.sharing(code), text(coder.symbol(code, 0.0))) {
                    (_, None) => Answer::Missing,
                    (0 | 1, Some(text)) => Answer::Text(text),
                    (n, Some(text)) => Answer::Texts(n, text),
                }
            }
        }
    }

    /// A cell as an answer.
    fn tell(&self, made: &Made, row: usize) -> Answer {
        match (self, made) {
            (Self::Text(coder), Made::Symbol(symbols)) => {
                let text = coder.levels().get(symbols[row] as usize);
                text.map_or(Answer::Missing, |text| Answer::Text(text.clone()))
            }
            (_, Made::Number(values)) if !values[row].is_nan() => Answer::Number(values[row]),
            _ => Answer::Missing,
        }
    }
}

impl Made {
    /// A number that tells cells apart.
    fn key(&self, row: usize) -> u64 {
        match self {
            Self::Number(values) => (values[row] + 0.0).to_bits(),
            Self::Symbol(symbols) => u64::from(symbols[row]),
        }
    }
}
