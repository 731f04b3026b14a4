//! The distribution of one column given the others.

use super::Chain;
use super::axis::Axis;
use super::coder::{Coder, Made};
use super::formula::Formula;
use super::likelihood::LEAST;
use super::plan::Plan;
use crate::data::Table;
use crate::error::ModelError;
use crate::models::maker::Conditional as _;
use crate::models::parallel;

impl Chain {
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
        let whole = |of: &&super::plan::Decided| of.period.is_none() && !self.plan.is_learned(asked);
        let decided = self.plan.decided[asked].as_ref().filter(whole);
        let target = decided.map_or(asked, |decided| decided.by);
        let axis = if target == asked { self.plan.axis(asked, &self.coders, &made) } else { None };
        let own = &self.coders[target];
        let coder = axis.as_ref().map_or(own, Axis::coder);
        let codes = coder.codes().max(1);
        parallel(threads, || {
            use rayon::prelude::*;
            let n = rows.len();
            let mut logs = vec![0.0f64; n * codes];
            let coded: Vec<_> =
                self.coders.par_iter().zip(&made).map(|(coder, made)| coder.encode(made)).collect();
            // What follows from other columns stands for its code.
            let follows =
                self.law().follows_from(asked, &made).or_else(|| self.plan.pinned(asked, own, &made));
            let of_follows = follows.as_ref().map(|follows| own.classify(follows));
            if target == asked {
                let by_code: Vec<Vec<f64>> = (0..codes)
                    .into_par_iter()
                    .map(|code| {
                        let mut made = made.clone();
                        made[target] = match &axis {
                            Some(axis) => axis.typical(code, own),
                            None => own.repeat(code, n),
                        };
                        if let (Some(follows), Some(codes), None) = (&follows, &of_follows, &axis) {
                            let same = (0..n).filter(|row| usize::from(codes[*row]) == code);
                            same.for_each(|row| made[target].set(row, follows, row));
                        }
                        let mut coded = coded.clone();
                        coded[target] = own.encode(&made[target]);
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
                for (row, logs) in logs.chunks_mut(codes).enumerate() {
                    // Where a value follows, it is not one of many.
                    if follows.as_ref().is_some_and(|follows| !follows.is_missing(row, own)) {
                        continue;
                    }
                    logs.iter_mut().enumerate().for_each(|(code, log)| *log += coder.log_width(code));
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
            let answers: Vec<Answer> = match decided {
                None => (0..codes).map(|code| coder.answer(code)).collect(),
                Some(decided) => (0..codes)
                    .map(|code| {
                        let symbol = coder.symbol(&coder.repeat(code, 1), 0);
                        self.coders[asked].tell(&decided.values, symbol)
                    })
                    .collect(),
            };
            let prediction = Prediction::new(column, answers, probabilities, follows);
            let (base, falls) =
                axis.as_ref().map_or((Vec::new(), false), |axis| (axis.base.clone(), axis.falls));
            Ok(Prediction { base, falls, ..prediction })
        })
    }

    /// Whether the likelihood of column `j` depends on the cells of `target`.
    fn depends(&self, j: usize, target: usize) -> bool {
        let learned = || self.plan.parents(j, &self.coders).contains(&target);
        let follows = match (&self.plan.decided[j], &self.plan.formulas[j]) {
            (Some(decided), _) => decided.by == target,
            (None, Some(formula)) => {
                let mut parts = self.plan.instead[j].iter().chain([formula]).flat_map(|of| &of.parts);
                parts.any(|part| part.column == target)
            }
            (None, None) => false,
        };
        j == target || follows || self.plan.is_learned(j) && learned()
    }
}

impl Plan {
    /// What column `asked` must be for a column that it is part of to follow, where that and its other parts are there.
    fn pinned(&self, asked: usize, own: &Coder, made: &[Made]) -> Option<Made> {
        let Coder::Number(own) = own else { return None };
        let is_of = |of: &Formula| {
            of.parts.iter().position(|part| part.column == asked).filter(|_| !of.is_loose(asked))
        };
        let mut pins = vec![f64::NAN; made[asked].len()];
        let mut is_part = false;
        for (formula, whole) in self.formulas.iter().zip(made) {
            let Some(formula) = formula else { continue };
            let parts = (whole.numbers(), is_of(formula), formula.cells(made));
            let (Some(values), Some(which), Some(cells)) = parts else { continue };
            is_part = true;
            for (row, pin) in pins.iter_mut().enumerate().filter(|(_, pin)| pin.is_nan()) {
                let value = formula.solve(which, values[row], cells.iter().map(|cells| cells[row]));
                if value.is_finite() {
                    *pin = own.round(value);
                }
            }
        }
        is_part.then_some(Made::Number(pins))
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
    /// Of numbers that follow from the other cells, what they are unless missing, by row: NaN where nothing follows; empty where that is
    /// in no row.
    pub known: Vec<f64>,
    /// Where answers are distances from another column's cells, those cells by row; else empty.
    pub base: Vec<f64>,
    /// Whether distances are subtracted from those.
    pub falls: bool,
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
    /// The distribution of `column` by what a cell may be and the cells that follow from others, where they do; equal answers
    /// are one.
    pub(in crate::models) fn new(
        column: &str,
        answers: Vec<Answer>,
        probabilities: Vec<f32>,
        follows: Option<Made>,
    ) -> Self {
        let known = match follows {
            Some(Made::Number(values)) => values,
            _ => Vec::new(),
        };
        let column = column.to_string();
        Self { column, answers, probabilities, known, base: Vec::new(), falls: false }.merged()
    }

    /// Equal answers as one.
    fn merged(self) -> Self {
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
        Self { answers, probabilities, ..self }
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
