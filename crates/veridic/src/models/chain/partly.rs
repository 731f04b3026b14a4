//! Columns that follow from others where no cell is missing, and are drawn where one is.
//!
//! One blank among thousands of taxes does not mean that a tax is not 19 %. Such a column is learned as any other, so that it is
//! known how often it is blank, and what it holds where its parts are; in rows that have them, its value follows.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;

use super::cell::Draw;
use super::coder::{Coder, Made};
use super::evidence::Evidence;
use super::formula::{Formula, Part};
use super::likelihood::LEAST;
use super::plan::Plan;
use crate::models::boost::Probabilities;
use crate::seed::uniform;

impl Plan {
    /// Marks columns that follow, but for rows in which one cell is missing and another is not; the rows that show what they
    /// follow from, by column.
    pub(super) fn mark_partly(&mut self, coders: &[Coder], made: &[Made]) {
        let n = made.first().map_or(0, Made::len);
        let marked = |j: usize| {
            let follows = self.reference(j, coders, &|i| Some(&made[i]), 0..n)?;
            let lacks = |row: usize| match &self.decided[j] {
                Some(decided) => made[decided.by].is_missing(row, &coders[decided.by]),
                None => follows.is_missing(row, &coders[j]),
            };
            // A decided column may be missing wherever the other has some value: that follows, too.
            let breaks = |row: usize| match &self.decided[j] {
                Some(decided) => {
                    let symbol = decided.symbol(coders, &made[decided.by], row);
                    !decided.values.same(symbol, &made[j], row)
                }
                None => follows.is_missing(row, &coders[j]) != made[j].is_missing(row, &coders[j]),
            };
            let shows = |row: &usize| !lacks(*row) && !made[j].is_missing(*row, &coders[j]);
            (0..n).any(breaks).then(|| (0..n).filter(shows).count())
        };
        self.partly = (0..made.len()).map(marked).collect();
    }

    /// What the cells of column `j` are by those of others, in some rows; blank where a part of a column that follows in part is
    /// missing. `None` of a column that does not follow.
    pub(super) fn reference<'a>(
        &self,
        j: usize,
        coders: &[Coder],
        cells: &dyn Fn(usize) -> Option<&'a Made>,
        rows: Range<usize>,
    ) -> Option<Made> {
        if let Some(decided) = &self.decided[j] {
            let Some(by) = cells(decided.by) else {
                return Some(decided.values.take(&vec![0; rows.len()]));
            };
            let coder = &coders[decided.by];
            let symbols: Vec<u32> = rows.clone().map(|row| decided.symbol(coders, by, row) as u32).collect();
            let mut made = decided.values.take(&symbols);
            if self.partly[j].is_some() {
                let blank = coders[j].blank(1);
                for (to, _) in rows.enumerate().filter(|(_, row)| by.is_missing(*row, coder)) {
                    made.set(to, &blank, 0);
                }
            }
            return Some(made);
        }
        let mut made = Self::made_of(self.formulas[j].as_ref()?, &coders[j], cells, &rows)?;
        if let Some(instead) = &self.instead[j] {
            let other = Self::made_of(instead, &coders[j], cells, &rows)?;
            for row in 0..rows.len() {
                if made.is_missing(row, &coders[j]) {
                    made.set(row, &other, row);
                }
            }
        }
        Some(made)
    }

    fn made_of<'a>(
        formula: &Formula,
        coder: &Coder,
        cells: &dyn Fn(usize) -> Option<&'a Made>,
        rows: &Range<usize>,
    ) -> Option<Made> {
        let of = |part: &Part| formula.part(part, cells(part.column)?, rows.clone());
        let parts: Option<Vec<_>> = formula.parts.iter().map(of).collect();
        Some(formula.values(coder, &parts?, rows.len()))
    }

    /// Whether a column is what others make of it, at least where nothing is missing.
    pub(in crate::models) fn follows(&self, j: usize) -> bool {
        self.decided[j].is_some() || self.formulas[j].is_some()
    }
}

impl Draw<'_> {
    /// Cells of rows `from..`, one for each of `logs`, of a column that follows in part: missing or what follows, and where
    /// nothing does, as drawn; the logarithms of how likely what is known of them is are added to `logs`.
    pub(super) fn partly(
        &self,
        follows: &Made,
        evidence: Option<&Evidence>,
        (from, logs): (usize, &mut [f64]),
        random: &mut ChaCha8Rng,
    ) -> Made {
        let n = logs.len();
        let mut own = vec![0.0; n];
        let mut made = self.drawn(evidence, (from, &mut own), random);
        let mut probabilities = Probabilities::default();
        self.learned.coarse.predict(self.features, 0, n, &mut probabilities);
        let blank = self.coder.blank(1);
        let coded = self.coder.encode(follows);
        let missing = self.coder.missing_code();
        for row in 0..n {
            if follows.is_missing(row, self.coder) {
                logs[row] += own[row];
                continue;
            }
            let missing = missing.map_or(0.0, |(code, share)| {
                let known = code < probabilities.classes();
                if known { f64::from(probabilities.at(row, code)) * share } else { 0.0 }
            });
            if let Some(given) = evidence.and_then(|evidence| evidence.given(from + row)) {
                logs[row] += match () {
                    () if given.made.is_missing(from + row, self.coder) => missing.max(LEAST).ln(),
                    () if follows.same(row, &given.made, from + row) => (1.0 - missing).max(LEAST).ln(),
                    () => LEAST.ln(),
                };
                continue;
            }
            let Some(set) = evidence.and_then(|evidence| evidence.set(from + row)) else {
                // Not by what was drawn: the rules may have left it nothing.
                match uniform(random) < missing {
                    true => made.set(row, &blank, 0),
                    false => made.set(row, follows, row),
                }
                continue;
            };
            let value = if set.has(&coded, follows, row) { 1.0 - missing } else { 0.0 };
            let missing = if set.has_missing(self.coder) { missing } else { 0.0 };
            logs[row] += (value + missing).ln();
            match uniform(random) * (value + missing) < missing {
                true => made.set(row, &blank, 0),
                false => made.set(row, follows, row),
            }
        }
        made
    }
}

/// The log-likelihood of cells that follow in part: `own` as if nothing followed, `blank` of missing ones.
pub(super) fn log_likelihood(
    coder: &Coder,
    (made, from): (&Made, usize),
    follows: &Made,
    (own, blank): (Vec<f64>, &[f64]),
) -> Vec<f64> {
    let log = |(row, own): (usize, f64)| match () {
        () if follows.is_missing(row, coder) || made.is_missing(from + row, coder) => own,
        () if !follows.same(row, made, from + row) => LEAST.ln(),
        // Never blank, so certain.
        () if coder.missing_code().is_none() => 0.0,
        () => (1.0 - blank[row].exp()).max(LEAST).ln(),
    };
    own.into_iter().enumerate().map(log).collect()
}

impl Coder {
    /// The symbol of a missing cell of a column that decides another.
    pub(super) fn missing_symbol(&self) -> usize {
        self.symbol(&self.blank(1), 0)
    }

    /// The code of a missing cell and the share of it that missing cells are, if they have one.
    pub(in crate::models) fn missing_code(&self) -> Option<(usize, f64)> {
        match self {
            Self::Number(coder) => (coder.codes() > coder.cells().len()).then(|| (coder.cells().len(), 1.0)),
            Self::Text(coder) => {
                let (code, share) = coder.lookup()[coder.missing() as usize];
                (share > 0.0).then(|| (usize::from(code), f64::from(share)))
            }
        }
    }
}
