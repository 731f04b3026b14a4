//! Questions to a circuit: rows that meet conditions, missing cells, one column given others.

use rayon::prelude::*;

use super::draw::Sampler;
use super::pass::{Cells, UNKNOWN};
use super::{Circuit, MODEL};
use crate::data::Table;
use crate::error::ModelError;
use crate::models::chain::{Condition, Evidence, Found, GivenSample, Law, Made, Prediction};
use crate::models::maker::{self, Conditional};
use crate::models::parallel;
use crate::seed::Seed;

/// Rows that are looked at together.
const PIECE: usize = 512;

/// Rows that are kept from one pool.
const BATCH: usize = 65_536;

/// Draws of a row that is completed, of which some are kept, where rules take some.
const DRAWS: usize = 12;

impl Conditional for Circuit {
    const MODEL: &'static str = MODEL;

    fn law(&self) -> Law<'_> {
        Law { coding: self.coding(), plan: &self.plan, checks: &self.checks, n_rows: self.n_rows }
    }

    fn drawn(&self, n: usize, evidence: &[Evidence], seed: Seed) -> (Vec<Made>, Vec<f64>) {
        self.draw(n, evidence, seed)
    }

    fn first(&self) -> (usize, usize) {
        // Without rules, all that are drawn count.
        if self.checks.is_empty() { (1, 1) } else { (2, 1024) }
    }

    fn draws(&self, m: usize) -> usize {
        if self.law().is_free() { m } else { m.max(DRAWS) }
    }

    fn expected(&self, evidence: &[Evidence]) -> Option<f64> {
        Some(Sampler::new(self, evidence).log.exp() * self.n_rows as f64)
    }
}

impl Circuit {
    /// Makes `n` rows; they do not depend on the number of threads (0 counts as 1).
    ///
    /// # Errors
    /// Threads that cannot be started; rules that none of many rows kept.
    pub fn sample(&self, n: usize, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        parallel(threads, || {
            let mut batches = Vec::new();
            for (batch, start) in (0..n).step_by(BATCH).enumerate() {
                let seed = Seed(seed.key(&format!("circuit.sample.{batch}")));
                let kept = maker::kept_rows(self, BATCH.min(n - start), &[], seed);
                if kept.effective == 0.0 {
                    let columns = self.columns.iter().map(|column| column.name.clone()).collect();
                    return Err(ModelError::Impossible { columns });
                }
                batches.push(kept.made);
            }
            Ok(self.coding().table(&self.coding().joined(batches), n))
        })
    }

    /// Makes `n` rows that meet `conditions`, one a column, drawn from the conditional distribution itself, but for what rules
    /// take of it.
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
        maker::sample_given(self, n, conditions, seed, threads)
    }

    /// The probability that a row meets `conditions`, 0 to 1, exact: a sum over the states.
    ///
    /// # Errors
    /// A column or value that the circuit does not know, two conditions on a column.
    pub fn probability(&self, conditions: &[Condition]) -> Result<f64, ModelError> {
        match self.law().evidence(conditions) {
            Err(ModelError::Impossible { .. }) => Ok(0.0),
            evidence => Ok(Sampler::new(self, &evidence?).log.exp().min(1.0)),
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
        maker::sample_balanced(self, n, columns, seed, threads)
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
        maker::fill(self, table, m, seed, threads)
    }

    /// Rows that have the columns of `table` as they are, missing cells and all, and the others made.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    pub fn sample_like(&self, table: &Table, seed: Seed, threads: usize) -> Result<Table, ModelError> {
        maker::sample_like(self, table, seed, threads)
    }

    /// What held in every row that the circuit was fitted on and holds in every row that it makes.
    pub fn rules(&self) -> Vec<Found> {
        self.law().rules()
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
                let cells: Vec<Cells> = codes.iter().map(|codes| Cells::of(&codes[from..from + n])).collect();
                let states = self.posterior(&self.upward(&cells, n), &path, n);
                for (shares, state) in shares.chunks_mut(n_codes).zip(states.chunks(h)) {
                    for (share, emission) in shares.iter_mut().zip(self.nodes[asked].emission.chunks(h)) {
                        *share = state.iter().zip(emission).map(|(state, p)| state * p).sum();
                    }
                    let sum: f32 = shares.iter().sum();
                    shares.iter_mut().for_each(|share| *share /= sum);
                }
            });
            let follows = self.law().follows_from(asked, &made);
            if let Some(follows) = &follows {
                let (codes, blank) =
                    (coder.classify(follows), usize::from(coder.classify(&coder.blank(1))[0]));
                let shares = probabilities.chunks_mut(n_codes).zip(codes);
                for (row, (shares, code)) in shares.enumerate() {
                    // A value that no row had is of no code.
                    if follows.is_missing(row, coder) || usize::from(code) >= n_codes {
                        continue;
                    }
                    let missing = shares.get(blank).copied().filter(|_| self.law().may_miss(asked));
                    shares.fill(0.0);
                    if let Some(missing) = missing {
                        shares[blank] = missing;
                    }
                    shares[usize::from(code)] = 1.0 - missing.unwrap_or(0.0);
                }
            }
            let answers = (0..n_codes).map(|code| coder.answer(code)).collect();
            Ok(Prediction::new(column, answers, probabilities, follows))
        })
    }
}
