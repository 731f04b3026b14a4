//! How unusual and how likely rows are.

use veridic_graph::{Draw, Feed, GraphError, Pool};

use super::{BATCH, Network};
use crate::data::Matrix;
use crate::models::program::{Input, feeds};
use crate::models::rows::Rows;

/// Rows judged by a model that gives them back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judged {
    /// How unusual each row is, nats a row for likelihoods.
    pub scores: Vec<f64>,
    /// `[rows, width]`: what each encoded column adds to it.
    pub terms: Matrix,
    /// `[rows, width]`: the row expected from its code, in encoded units.
    pub expected: Matrix,
}

impl Network {
    /// How unusual each row is: higher is more unusual, nats a row for likelihoods.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn score(&mut self, pool: &mut Pool, rows: Rows<'_>, index: &[u32]) -> Result<Vec<f64>, GraphError> {
        let mut scores = Vec::with_capacity(index.len());
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Row, rows.feed(index)), (Input::Label, rows.feed_labels(index))]);
            self.score.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            scores.extend(self.score.output(0).iter().map(|&score| f64::from(score)));
        }
        Ok(scores)
    }

    /// Real and made rows by turns, for [`Network::score_among`]: as many as `groups` groups need beside one row each.
    pub fn company(&self, real: &Matrix, made: &Matrix, groups: usize) -> Matrix {
        let pairs = real.values.chunks(real.n_cols.max(1)).zip(made.values.chunks(made.n_cols.max(1)));
        let rows = pairs.flat_map(|(real, made)| [made, real]).take(groups * (self.group - 1));
        let values: Vec<f32> = rows.flatten().copied().collect();
        Matrix { n_rows: values.len() / self.layout.width(), n_cols: self.layout.width(), values }
    }

    /// How unusual each row is among rows of `beside`: of a discriminator that sees how alike the rows of a group are, the
    /// mean over groups of the row with as many others as a group has, taken from `beside` in its order, each used once; of
    /// other models, and with fewer rows than a group needs, [`Network::score`].
    ///
    /// # Errors
    /// Rows of another width.
    pub fn score_among(
        &mut self,
        pool: &mut Pool,
        rows: &Matrix,
        beside: &Matrix,
    ) -> Result<Vec<f64>, GraphError> {
        let (width, company) = (self.layout.width(), self.group - 1);
        let groups = beside.n_rows.checked_div(company).unwrap_or(0);
        let Some(among) = self.among.as_mut().filter(|_| groups > 0) else {
            let index: Vec<u32> = (0..rows.n_rows as u32).collect();
            return self.score(pool, Rows::matrix(rows), &index);
        };
        let mut scores = vec![0.0; rows.n_rows];
        for others in beside.values.chunks_exact(company * width) {
            for (scores, rows) in scores.chunks_mut(BATCH).zip(rows.values.chunks(BATCH * width)) {
                let grouped: Vec<f32> =
                    rows.chunks_exact(width).flat_map(|row| row.iter().chain(others)).copied().collect();
                let feeds = feeds([(Input::Group, Feed::Rows(&grouped))]);
                among.run(pool, &mut self.states, &feeds, scores.len(), Draw::default())?;
                for (sum, score) in scores.iter_mut().zip(among.output(0)) {
                    *sum += f64::from(*score) / groups as f64;
                }
            }
        }
        Ok(scores)
    }

    /// How unusual each row is with what each encoded column adds to it, and the row that is expected, in one pass. From
    /// models that give no rows back, the scores alone.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn explain(&mut self, pool: &mut Pool, rows: Rows<'_>, index: &[u32]) -> Result<Judged, GraphError> {
        let Some(plan) = &mut self.explain else {
            return Ok(Judged { scores: self.score(pool, rows, index)?, ..Judged::default() });
        };
        let empty = Matrix { n_rows: index.len(), n_cols: self.layout.width(), values: Vec::new() };
        let mut judged = Judged { scores: Vec::new(), terms: empty.clone(), expected: empty };
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Row, rows.feed(index))]);
            plan.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            judged.scores.extend(plan.output(0).iter().map(|&score| f64::from(score)));
            judged.terms.values.extend_from_slice(plan.output(1));
            judged.expected.values.extend_from_slice(plan.output(2));
        }
        Ok(judged)
    }

    /// The importance-weighted estimate of each row's log-likelihood in nats, `repeats` times with `samples` draws each:
    /// `ln (1/S) Σ p(x, z) / q(z | x)` for `z` from the posterior `q` (Burda, Grosse and Salakhutdinov 2016, equation 8;
    /// its expectation rises to `ln p(x)` with S). One list a repeat, one figure a row of `index`.
    ///
    /// A row is encoded once, its weights are summed as they come; memory does not grow with `samples`. The draws of a
    /// row depend on the seed and on its number alone, so the figure does not change with the rows beside it.
    ///
    /// # Errors
    /// Rows of another width. A model without a posterior gives no list.
    pub fn log_likelihood(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        (samples, repeats): (usize, usize),
        seed: u64,
    ) -> Result<Vec<Vec<f64>>, GraphError> {
        let mut estimates = vec![Vec::with_capacity(index.len()); repeats];
        for index in index.chunks(BATCH) {
            let (means, Some(log_variances)) = self.encode(pool, rows, index)? else { return Ok(Vec::new()) };
            let Some(weigh) = &mut self.weigh else { return Ok(Vec::new()) };
            for (i, &row) in index.iter().enumerate() {
                let target = rows.row(row as usize);
                let feeds = feeds([
                    (Input::Target, Feed::Shared(&target)),
                    (Input::Mean, Feed::Shared(means.row(i))),
                    (Input::LogVariance, Feed::Shared(log_variances.row(i))),
                ]);
                let mut sums = vec![LogSum::default(); repeats];
                // A block of draws is a run of the plan; its number keeps draws apart.
                for (block, first) in (0..samples * repeats).step_by(BATCH).enumerate() {
                    let draws = BATCH.min(samples * repeats - first);
                    let draw = Draw { seed, step: (u64::from(row) << 32) | block as u64 };
                    weigh.run(pool, &mut self.states, &feeds, draws, draw)?;
                    for (j, &log_weight) in weigh.output(0).iter().enumerate() {
                        sums[(first + j) / samples].add(f64::from(log_weight));
                    }
                }
                for (estimates, sum) in estimates.iter_mut().zip(&sums) {
                    estimates.push(sum.value() - (samples as f64).ln());
                }
            }
        }
        Ok(estimates)
    }
}

/// The logarithm of a sum of exponentials, added to one by one without overflow.
#[derive(Debug, Clone, Copy)]
struct LogSum {
    largest: f64,
    sum: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        Self { largest: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl LogSum {
    fn add(&mut self, term: f64) {
        if term == f64::NEG_INFINITY {
            return;
        }
        if term > self.largest {
            self.sum = self.sum * (self.largest - term).exp() + 1.0;
            self.largest = term;
        } else {
            self.sum += (term - self.largest).exp();
        }
    }

    fn value(self) -> f64 {
        self.largest + self.sum.ln()
    }
}
