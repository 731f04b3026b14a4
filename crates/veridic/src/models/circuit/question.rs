//! Questions to a circuit: rows that meet conditions, missing cells, one column given others.

use rayon::prelude::*;

use super::draw::Sampler;
use super::pass::{Cells, UNKNOWN};
use super::{Circuit, MODEL};
use crate::data::Table;
use crate::error::ModelError;
use crate::models::chain::{Condition, GivenSample, Made, Prediction, Set, Wanted};
use crate::models::parallel;
use crate::seed::Seed;

/// Rows that are looked at together.
const PIECE: usize = 512;

/// Fewest rows that meet conditions to be expected among so many as the circuit was fitted on: of less, it tells what its
/// smoothing says and no more.
const SUPPORT: f64 = 0.01;

impl Circuit {
    /// Makes `n` rows; they do not depend on the number of threads (0 counts as 1).
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn sample(&self, n: usize, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        parallel(threads, || {
            let free = vec![None; self.columns.len()];
            let made = Sampler::new(self, &free).draw(n, seed);
            Ok(self.coding().table(&made, n))
        })
    }

    /// Makes `n` rows that meet `conditions`, one a column, drawn from the conditional distribution itself: each counts.
    ///
    /// # Errors
    /// A column or value that the circuit does not know, two conditions on a column, conditions that cannot be met or so
    /// rarely are that nothing can be said.
    pub fn sample_given(
        &self,
        n: usize,
        conditions: &[Condition],
        seed: Seed,
        threads: usize,
    ) -> Result<GivenSample, ModelError> {
        let sets = self.sets(conditions)?;
        parallel(threads, || {
            let sampler = Sampler::new(self, &sets);
            let effective = sampler.log.exp() * self.n_rows as f64;
            if effective < SUPPORT && !conditions.is_empty() {
                let columns = conditions.iter().map(|condition| condition.column.clone()).collect();
                return Err(ModelError::Unsupported { columns, effective, drawn: self.n_rows });
            }
            let table = self.coding().table(&sampler.draw(n, seed), n);
            Ok(GivenSample { table, effective: n as f64, drawn: n })
        })
    }

    /// The probability that a row meets `conditions`, 0 to 1, exact: a sum over the states.
    ///
    /// # Errors
    /// A column or value that the circuit does not know, two conditions on a column.
    pub fn probability(&self, conditions: &[Condition]) -> Result<f64, ModelError> {
        match self.sets(conditions) {
            Err(ModelError::Impossible { .. }) => Ok(0.0),
            sets => Ok(Sampler::new(self, &sets?).log.exp().min(1.0)),
        }
    }

    /// Makes `n` rows in which each combination of values of `columns` is as frequent as the others, missing ones aside.
    ///
    /// # Errors
    /// As [`sample_given`](Self::sample_given); a column of too many values; more combinations than rows.
    pub fn sample_balanced(
        &self,
        n: usize,
        columns: &[&str],
        seed: Seed,
        threads: usize,
    ) -> Result<Table, ModelError> {
        self.coding().balanced(n, columns, seed, &|count, conditions, seed| {
            Ok(self.sample_given(count, conditions, seed, threads)?.table)
        })
    }

    /// What conditions say of each column.
    fn sets(&self, conditions: &[Condition]) -> Result<Vec<Option<Set>>, ModelError> {
        let mut sets: Vec<Option<Set>> = vec![None; self.columns.len()];
        for Condition { column, allowed } in conditions {
            let j = self.coding().place(column)?;
            if sets[j].is_some() {
                return Err(ModelError::TwoConditions { column: column.clone() });
            }
            let marks = self.coding().marks(j, allowed)?;
            let set = Set::new(&self.coders[j], &self.coding().wanted(j, allowed, &marks)?);
            if set.is_empty() {
                return Err(ModelError::Impossible { columns: vec![column.clone()] });
            }
            sets[j] = Some(set);
        }
        Ok(sets)
    }

    /// Completes the missing cells of `table` `m` times, each drawn from its distribution given the row's other cells; columns
    /// that the table lacks are made whole. Rows stay in their order, and cells that are there as they are.
    ///
    /// # Errors
    /// A column of another type of cells; no column that the circuit knows.
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
        filled.pop().ok_or(ModelError::NoColumns { model: MODEL })
    }

    fn complete(
        &self,
        table: &Table,
        m: usize,
        missing_is_known: bool,
        seed: Seed,
        threads: usize,
    ) -> Result<Vec<Table>, ModelError> {
        if !self.columns.iter().any(|column| table.column(&column.name).is_some()) {
            return Err(ModelError::NoColumns { model: MODEL });
        }
        let rows: Vec<usize> = (0..table.n_rows).collect();
        let mut given: Vec<Made> = Vec::with_capacity(self.columns.len());
        for (column, coder) in self.columns.iter().zip(&self.coders) {
            let missing = || ModelError::MissingColumn { model: MODEL, column: column.name.clone() };
            given.push(match table.column(&column.name) {
                Some(of) => coder.read(&of.cells, &rows).ok_or_else(missing)?,
                None => coder.blank(rows.len()),
            });
        }
        let is_there: Vec<bool> =
            self.columns.iter().map(|column| table.column(&column.name).is_some()).collect();
        parallel(threads, || {
            let present = |coder| Some(Set::new(coder, &[Wanted::Present])).filter(|set| !set.is_empty());
            let sets: Vec<Option<Set>> = self
                .coders
                .iter()
                .map(|coder| if missing_is_known { None } else { present(coder) })
                .collect();
            let sampler = Sampler::new(self, &sets);
            let factors: Vec<Option<Vec<f32>>> =
                sets.iter().enumerate().map(|(j, set)| set.as_ref().map(|set| self.factor(j, set))).collect();
            let pieces: Vec<usize> = (0..table.n_rows).step_by(PIECE).collect();
            let completed: Vec<Vec<Vec<Made>>> = pieces
                .into_par_iter()
                .map(|from| {
                    let n = PIECE.min(table.n_rows - from);
                    let taken: Vec<u32> = (from as u32..(from + n) as u32).collect();
                    let made: Vec<Made> = given.iter().map(|made| made.take(&taken)).collect();
                    let known: Vec<Vec<bool>> = (0..self.columns.len())
                        .map(|j| {
                            let coder = &self.coders[j];
                            let counts = missing_is_known && is_there[j] && coder.has_missing();
                            (0..n).map(|row| counts || coder.is_present(&made[j], row)).collect()
                        })
                        .collect();
                    let codes: Vec<Vec<u8>> = (0..self.columns.len())
                        .map(|j| {
                            let codes = self.coders[j].classify(&made[j]).into_iter();
                            codes
                                .zip(&known[j])
                                .map(|(code, known)| if *known { code } else { UNKNOWN })
                                .collect()
                        })
                        .collect();
                    let cells: Vec<Cells> = codes
                        .iter()
                        .zip(&factors)
                        .map(|(codes, factor)| Cells { codes: Some(codes), factor: factor.as_deref() })
                        .collect();
                    let up = self.upward(&cells, n);
                    let mut random = seed.stream(&format!("circuit.fill.{}", from / PIECE));
                    (0..m)
                        .map(|_| {
                            let mut made = made.clone();
                            for row in 0..n {
                                sampler.complete((&up, row), &known, &mut made, &mut random);
                            }
                            made
                        })
                        .collect()
                })
                .collect();
            let mut tables: Vec<Vec<Vec<Made>>> = vec![Vec::new(); m];
            for piece in completed {
                tables.iter_mut().zip(piece).for_each(|(table, made)| table.push(made));
            }
            let whole = |pieces| self.coding().table(&self.coding().joined(pieces), table.n_rows);
            Ok(tables.into_iter().map(whole).collect())
        })
    }

    /// The distribution of `column` in each row of `table` given the row's other cells, exact. Missing cells count as such
    /// where training rows had some in the column, and else as not known, as do values that no row had.
    ///
    /// # Errors
    /// A column that the circuit does not know; a table without one of the other columns, or with one of another type of cells.
    pub fn predict(&self, table: &Table, column: &str, threads: usize) -> Result<Prediction, ModelError> {
        let asked = self.coding().place(column)?;
        let made = self.read(table, Some(asked))?;
        let (h, coder, path) = (self.states, &self.coders[asked], self.path(asked));
        let n_codes = coder.codes().max(1);
        parallel(threads, || {
            let codes: Vec<Vec<u8>> = self
                .coders
                .par_iter()
                .zip(&made)
                .enumerate()
                .map(|(j, (coder, made))| match j == asked {
                    true => vec![UNKNOWN; made.len()],
                    false => coder.classify(made),
                })
                .collect();
            let mut probabilities = vec![0.0f32; table.n_rows * n_codes];
            probabilities.par_chunks_mut(PIECE * n_codes).enumerate().for_each(|(piece, shares)| {
                let (from, n) = (piece * PIECE, shares.len() / n_codes);
                let cells: Vec<Cells> = codes
                    .iter()
                    .map(|codes| Cells { codes: Some(&codes[from..from + n]), factor: None })
                    .collect();
                let states = self.posterior(&self.upward(&cells, n), &path, n);
                for (shares, state) in shares.chunks_mut(n_codes).zip(states.chunks(h)) {
                    for (share, emission) in shares.iter_mut().zip(self.nodes[asked].emission.chunks(h)) {
                        *share = state.iter().zip(emission).map(|(state, p)| state * p).sum();
                    }
                    let sum: f32 = shares.iter().sum();
                    shares.iter_mut().for_each(|share| *share /= sum);
                }
            });
            let answers = (0..n_codes).map(|code| coder.answer(code)).collect();
            Ok(Prediction { column: column.to_string(), answers, probabilities }.merged())
        })
    }
}
