//! How likely rows are.

use std::ops::Range;

use rayon::prelude::*;

use super::coder::{Coded, Coder, Made};
use super::fit::{MODEL, part_of};
use super::plan::Plan;
use super::{Chain, Learned, partly};
use crate::data::Table;
use crate::error::ModelError;
use crate::models::boost::{Features, Probabilities};
use crate::models::parallel;

/// Least probability of a code, so that no row is impossible.
pub(in crate::models) const LEAST: f64 = 1e-6;

/// Rows that are looked at together.
const PIECE: usize = 2048;

/// Log-likelihoods in nats.
#[derive(Debug, Clone, PartialEq)]
pub struct Likelihoods {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// One a row and column, row after row: of the column given those before it in the chain's order.
    pub values: Vec<f64>,
}

impl Likelihoods {
    /// The log-likelihood of each row: the sum over its columns.
    pub fn rows(&self) -> Vec<f64> {
        self.values.chunks(self.columns.len().max(1)).map(|row| row.iter().sum()).collect()
    }
}

impl Chain {
    /// The log-likelihood of each row of `table`, column by column, in nats: of a category, a frequent or missing value its
    /// probability, of another number the probability of its cell over the number of values in it (its length, for numbers
    /// that are not on a grid). Every probability counts as at least 1e-6; what another column decides counts as certain, or as that least.
    ///
    /// # Errors
    /// A column that is not there or of another type of cells.
    pub fn log_likelihood(&self, table: &Table, threads: usize) -> Result<Likelihoods, ModelError> {
        let rows: Vec<usize> = (0..table.n_rows).collect();
        let read = |(column, coder): (&crate::data::ColumnSchema, &Coder)| {
            let missing = || ModelError::MissingColumn { model: MODEL, column: column.name.clone() };
            let cells = &table.column(&column.name).ok_or_else(missing)?.cells;
            coder.read(cells, &rows).ok_or_else(missing)
        };
        let made = self.columns.iter().zip(&self.coders).map(read).collect::<Result<Vec<Made>, _>>()?;
        parallel(threads, || {
            let coded: Vec<Coded> =
                self.coders.par_iter().zip(&made).map(|(coder, made)| coder.encode(made)).collect();
            let apart = self.plan.apart(&made);
            let width = self.columns.len();
            let mut values = vec![0.0; table.n_rows * width];
            values.par_chunks_mut((PIECE * width).max(1)).enumerate().for_each(|(piece, values)| {
                let from = piece * PIECE;
                let to = from + values.len() / width;
                for j in 0..width {
                    let column = self.column_likelihood(j, &made, (&coded, &apart), from, to);
                    for (row, value) in values[j..].iter_mut().step_by(width).zip(column) {
                        *row = value;
                    }
                }
            });
            let columns = self.columns.iter().map(|column| column.name.clone()).collect();
            Ok(Likelihoods { columns, values })
        })
    }

    /// The log-likelihood of column `j` in rows `from..to` given the columns before it.
    pub(super) fn column_likelihood(
        &self,
        j: usize,
        made: &[Made],
        (coded, apart): (&[Coded], &[Vec<u8>]),
        from: usize,
        to: usize,
    ) -> Vec<f64> {
        let Some(learned) = &self.learned[j] else { return self.plan.kept(j, &self.coders, made, from..to) };
        let mut features = Features::default();
        for (i, is_apart) in self.plan.looked(j, &self.coders) {
            let codes = if is_apart { &apart[i] } else { &coded[i].bins };
            features.push(codes, self.plan.feature((i, is_apart), &self.coders));
        }
        let parts = self.config.fine;
        if let Some(gap) = &self.plan.gaps[j] {
            let (Made::Number(values), Made::Number(others)) = (&made[j], &made[gap.from]) else {
                return vec![0.0; to - from];
            };
            let (values, others) = (&values[from..to], &others[from..to]);
            let coded = gap.encode(values, others);
            let mut logs = learned.log_likelihood(&gap.coder, &features, (&coded, 0), parts, from, to);
            for ((log, value), other) in logs.iter_mut().zip(values).zip(others) {
                if gap.is_broken(*value, *other) || !gap.coder.has(gap.distance(*value, *other)) {
                    *log = LEAST.ln();
                }
            }
            return logs;
        }
        let coder = &self.coders[j];
        let mut own = learned.log_likelihood(coder, &features, (&coded[j], from), parts, from, to);
        if let Made::Number(values) = &made[j] {
            let strange = own.iter_mut().zip(&values[from..to]).filter(|(_, value)| !coder.has(**value));
            strange.for_each(|(log, _)| *log = LEAST.ln());
        }
        match self.plan.reference(j, &self.coders, &|i| made.get(i), from..to) {
            None => own,
            Some(follows) => {
                let blank = coder.encode(&coder.blank(to - from));
                let blank = learned.log_likelihood(coder, &features, (&blank, 0), parts, from, to);
                partly::log_likelihood(coder, (&made[j], from), &follows, (own, &blank))
            }
        }
    }
}

impl Coder {
    /// Whether a number is one that is made.
    fn has(&self, value: f64) -> bool {
        match self {
            Self::Number(coder) => coder.has(value),
            Self::Text(_) => true,
        }
    }
}

impl Plan {
    /// The log-likelihood of the cells of a column that follows: certain, or the least there is.
    fn kept(&self, j: usize, coders: &[Coder], made: &[Made], rows: Range<usize>) -> Vec<f64> {
        if let Some(decided) = &self.decided[j] {
            let holds = |row: usize| {
                let symbol = decided.symbol(coders, &made[decided.by], row);
                decided.values.same(symbol, &made[j], row)
            };
            return rows.map(|row| if holds(row) { 0.0 } else { LEAST.ln() }).collect();
        }
        if let Some(formula) = &self.formulas[j] {
            let (Made::Number(values), Some(parts)) = (&made[j], formula.cells(made)) else {
                return vec![0.0; rows.len()];
            };
            let holds =
                |row: usize| formula.holds(&coders[j], values[row], parts.iter().map(|cells| cells[row]));
            return rows.map(|row| if holds(row) { 0.0 } else { LEAST.ln() }).collect();
        }
        vec![0.0; rows.len()]
    }
}

impl Learned {
    fn log_likelihood(
        &self,
        coder: &Coder,
        features: &Features,
        (coded, first): (&Coded, usize),
        parts: usize,
        from: usize,
        to: usize,
    ) -> Vec<f64> {
        let codes = &coded.codes[first..][..to - from];
        let mut coarse = Probabilities::default();
        self.coarse.predict(features, from, to, &mut coarse);
        let fine = self.fine.as_ref().map(|fine| {
            let mut features = features.clone();
            let about = crate::models::boost::Feature { bins: coder.codes() + 1, ordered: true };
            // Features are of all rows, these codes perhaps of some.
            let mut padded = Vec::new();
            if first != from {
                padded.resize(from, 0);
                padded.extend_from_slice(codes);
            }
            features.push(if first == from { &coded.codes } else { &padded }, about);
            let mut probabilities = Probabilities::default();
            fine.predict(&features, from, to, &mut probabilities);
            probabilities
        });
        let one = |row: usize| {
            let code = usize::from(codes[row - from]);
            if code >= coarse.classes() {
                return LEAST.ln();
            }
            let mut log = f64::from(coarse.at(row - from, code)).max(LEAST).ln();
            let place = coded.places[first + row - from];
            match coder {
                Coder::Text(_) => log += f64::from(place).max(LEAST).ln(),
                Coder::Number(number) if !place.is_nan() => match &fine {
                    Some(fine) => {
                        let part = usize::from(part_of(place, parts));
                        log += f64::from(fine.at(row - from, part)).max(LEAST).ln();
                        let share = 1.0 / parts as f64;
                        log -= number.log_width(code, part as f64 * share, (part + 1) as f64 * share);
                    }
                    None => log -= number.log_width(code, 0.0, 1.0),
                },
                Coder::Number(_) => {}
            }
            log
        };
        (from..to).map(one).collect()
    }
}

impl Made {
    /// Whether cell `here` is the same as cell `there` of other cells of the column.
    pub(super) fn same(&self, here: usize, other: &Self, there: usize) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => {
                a.get(here).is_some_and(|a| *a == b[there] || (a.is_nan() && b[there].is_nan()))
            }
            (Self::Symbol(a), Self::Symbol(b)) => a.get(here) == Some(&b[there]),
            _ => false,
        }
    }
}
