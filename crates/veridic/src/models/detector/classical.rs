//! What the classical detectors share: the table as points, cells that no training row looked like, tails and reasons.

use rayon::prelude::*;

use super::encoding::{Encoded, Encoding};
use super::mixture::GaussianMixture;
use super::sample::{PARTS, median_of, subsample};
use super::scored::{Explained, Scored};
use super::stored::Parts;
use super::tail::Tail;
use super::witness::{self, Witness};
use crate::data::{Cells, Matrix, Schema, Table};
use crate::error::{ModelError, Result};
use crate::models::Stored;
use crate::project::pool;
use crate::seed::Seed;

/// Rows that are scored together.
const PIECE: usize = 4096;

/// Training rows that are asked what is to be expected, and what columns put into the score as a rule.
const WITNESSES: usize = 1024;

/// Training rows that the tail is learned from.
const CALIBRATION: usize = 20_000;

/// Standard deviations beyond the training rows from which a number counts as unseen, the more the farther: scores that
/// only count ranks or leaves go on ranking.
const FAR: f32 = 10.0;

/// A detector of points.
pub trait Method: Sized + Send + Sync {
    /// Its settings.
    type Config: Send + Sync;

    /// The detector in messages, with its article.
    const MODEL: &'static str;

    /// Most rows it learns from.
    fn most(config: &Self::Config) -> usize;

    /// Learns from rows.
    fn fit(config: Self::Config, rows: &Matrix, seed: Seed, threads: usize) -> Result<Self>;

    /// Scores of rows, as new ones; on the workers of the pool it is called in. `parts` is given what every coordinate puts
    /// into the score, row by row, larger for more.
    fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>>;

    /// Scores of the training rows `rows`, left out of the rest where that makes a difference.
    fn left_out(&self, rows: &Matrix) -> Result<Vec<f64>> {
        self.score(rows, None)
    }

    /// All that is learned.
    fn store(&self) -> Stored;

    /// What [`store`](Self::store) gave, for rows of so many coordinates.
    fn restore(stored: &Stored, width: usize) -> Result<Self, String>;
}

/// A fitted detector of a table.
#[derive(Debug)]
pub struct Classical<M> {
    encoding: Encoding,
    /// None where no column varies.
    method: Option<M>,
    tail: Tail,
    /// What coordinates put into the score of ordinary rows.
    usual: Vec<f64>,
    /// Smallest and largest coordinates of training rows.
    low: Vec<f32>,
    high: Vec<f32>,
    /// What a nat of a cell that no training row looked like adds to the score.
    unit: f64,
    witness: Witness,
}

impl<M: Method> Classical<M> {
    /// Learns from the rows `rows` of a table, at most so many as its settings say.
    pub(super) fn fit(
        config: M::Config,
        table: &Table,
        schema: &Schema,
        rows: &[usize],
        seed: Seed,
        threads: usize,
    ) -> Result<Self> {
        if rows.len() < 2 {
            return Err(ModelError::TooFewRows { model: M::MODEL, found: rows.len(), needed: 2 }.into());
        }
        let pool = pool(threads)?;
        pool.install(|| {
            let encoding = Encoding::fit(M::MODEL, table, schema, rows)?;
            let reference = subsample(rows, M::most(&config).max(2), &mut seed.stream("detector.reference"));
            let encoded = encoding.encode(M::MODEL, table, &reference)?;
            let points = encoding.layout.standard(&encoded);
            let mut random = seed.stream("detector.calibration");
            let all: Vec<usize> = (0..points.n_rows).collect();
            let asked = subsample(&all, WITNESSES, &mut random);
            let raw = |column: usize, i: usize| {
                let name = &encoding.columns[column].name;
                match table.column(name).map(|column| &column.cells) {
                    Some(Cells::Number(values)) => values[reference[i]],
                    _ => f64::NAN,
                }
            };
            let witness = Witness::new(&encoded, &points, &asked, raw);
            let width = encoding.layout.width;
            let (mut low, mut high) = (vec![f32::INFINITY; width], vec![f32::NEG_INFINITY; width]);
            for row in points.values.chunks_exact(width.max(1)) {
                low.iter_mut().zip(row).for_each(|(low, v)| *low = low.min(*v));
                high.iter_mut().zip(row).for_each(|(high, v)| *high = high.max(*v));
            }
            let mut fitted = Self {
                encoding,
                method: None,
                tail: Tail::new(vec![0.0], 1e-9),
                usual: vec![0.0; width],
                low,
                high,
                unit: 1.0,
                witness,
            };
            if width > 0 {
                let method = M::fit(config, &points, seed, threads)?;
                let calibrated = take(&points, &subsample(&all, CALIBRATION, &mut random));
                let tail = Tail::new(method.left_out(&calibrated)?, 1e-9);
                // A cell that no row looked like takes an ordinary row to the most unusual of the training rows.
                let reach = tail.largest() - tail.median();
                let nats = (2.0 * (rows.len() as f64 + 1.0)).ln();
                fitted.unit = if reach > 0.0 { reach / nats } else { 1.0 };
                fitted.tail = tail;
                let asked = take(&points, &asked);
                let mut parts = vec![0.0; asked.values.len()];
                method.score(&asked, Some(&mut parts))?;
                let each = asked.n_rows.div_ceil(PARTS);
                let means = parts.chunks(each * width).map(|rows| {
                    let mut mean = vec![0.0; width];
                    for row in rows.chunks_exact(width) {
                        mean.iter_mut()
                            .zip(row)
                            .for_each(|(mean, v)| *mean += v * width as f64 / rows.len() as f64);
                    }
                    mean
                });
                fitted.usual = median_of(&means.collect::<Vec<_>>());
                fitted.method = Some(method);
            }
            Ok(fitted)
        })
    }

    /// The columns it looks at.
    pub(super) fn columns(&self) -> Vec<String> {
        self.encoding.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The score that a share of left-out training rows reach.
    pub(super) fn threshold(&self, share: f64) -> f64 {
        self.tail.at(share)
    }

    /// Scores rows; a row's score does not depend on the others.
    pub(super) fn score(&self, table: &Table, threads: usize) -> Result<Scored> {
        let mut scored = Scored::default();
        pool(threads)?.install(|| -> Result<()> {
            for first in (0..table.n_rows).step_by(PIECE) {
                let rows: Vec<usize> = (first..table.n_rows.min(first + PIECE)).collect();
                let (encoded, points) = self.points(table, &rows)?;
                let mut scores = self.method_score(&points, None)?;
                for (i, score) in scores.iter_mut().enumerate() {
                    *score +=
                        self.unseen(&encoded, points.row(i), i).iter().map(|(_, more)| more).sum::<f64>();
                }
                scored.tail.extend(scores.iter().map(|score| self.tail.probability(*score)));
                scored.score.extend(scores);
            }
            Ok(())
        })?;
        Ok(scored)
    }

    /// Scores rows with their reasons and what was to be expected.
    pub(super) fn explain(&self, table: &Table, threads: usize) -> Result<Explained> {
        let mut scored = Scored::default();
        let (mut reasons, mut expected) = (Vec::new(), Vec::new());
        pool(threads)?.install(|| -> Result<()> {
            for first in (0..table.n_rows).step_by(PIECE) {
                let rows: Vec<usize> = (first..table.n_rows.min(first + PIECE)).collect();
                let (encoded, points) = self.points(table, &rows)?;
                let mut parts = vec![0.0; points.values.len()];
                let scores = self.method_score(&points, Some(&mut parts))?;
                let width = self.encoding.layout.width;
                let explain = |i: usize| {
                    self.row(&encoded, points.row(i), i, scores[i], &parts[i * width..(i + 1) * width])
                };
                let explained: Vec<_> = (0..encoded.n_rows).into_par_iter().map(explain).collect();
                for (score, parts, cells) in explained {
                    scored.tail.push(self.tail.probability(score));
                    scored.score.push(score);
                    reasons.extend(parts.iter().map(|part| *part as f32));
                    expected.extend(cells);
                }
            }
            Ok(())
        })?;
        let expected = witness::table(&self.encoding, &expected);
        let (broken, relations) = Default::default();
        Ok(Explained { scored, columns: self.columns(), reasons, expected, broken, relations })
    }

    fn points(&self, table: &Table, rows: &[usize]) -> Result<(Encoded, Matrix)> {
        let encoded = self.encoding.encode(M::MODEL, table, rows)?;
        let points = self.encoding.layout.standard(&encoded);
        Ok((encoded, points))
    }

    fn method_score(&self, points: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        match &self.method {
            Some(method) => method.score(points, parts),
            None => Ok(vec![0.0; points.n_rows]),
        }
    }

    /// What columns add to the score of a row for cells that no training row looked like.
    fn unseen(&self, encoded: &Encoded, x: &[f32], i: usize) -> Vec<(usize, f64)> {
        let mut more: Vec<(usize, f64)> =
            encoded.unseen_of(i).iter().map(|cell| (cell.column as usize, cell.nats * self.unit)).collect();
        for ((v, column), (low, high)) in
            x.iter().zip(&self.encoding.layout.single).zip(self.low.iter().zip(&self.high))
        {
            let beyond = (v - high).max(low - v) / FAR;
            if beyond > 1.0 {
                more.push((*column as usize, f64::from(beyond).ln() * self.unit));
            }
        }
        more
    }

    /// A row's score, its parts by column and its expected cells.
    fn row(
        &self,
        encoded: &Encoded,
        x: &[f32],
        i: usize,
        score: f64,
        parts: &[f64],
    ) -> (f64, Vec<f64>, Vec<f64>) {
        let columns = self.encoding.columns.len();
        let more: Vec<f64> =
            parts.iter().zip(&self.usual).map(|(part, usual)| (part - usual).max(0.0)).collect();
        let mut reasons = vec![0.0; columns];
        self.encoding.layout.by_column(&more, |column, part| reasons[column] = part);
        // A cell that no training row looked like may be what makes the others look wrong: it answers for them.
        let unseen = encoded.unseen_of(i);
        if !unseen.is_empty() {
            reasons.fill(0.0);
            unseen.iter().for_each(|cell| reasons[cell.column as usize] = 1.0);
        }
        // What an ordinary row's score is belongs to all columns alike.
        let sum: f64 = reasons.iter().sum();
        let above = if sum > 0.0 && sum.is_finite() { (score - self.tail.median()).max(0.0) } else { 0.0 };
        let all = (score - above) / columns as f64;
        reasons
            .iter_mut()
            .for_each(|reason| *reason = all + if above > 0.0 { *reason * above / sum } else { 0.0 });
        let mut total = score;
        for (column, more) in self.unseen(encoded, x, i) {
            reasons[column] += more;
            total += more;
        }
        let mut order: Vec<usize> = (0..columns).collect();
        order.sort_by(|a, b| reasons[*b].total_cmp(&reasons[*a]));
        let mut expected = vec![f64::NAN; columns];
        self.witness.expected(&self.encoding, x, &order, &mut expected);
        (total, reasons, expected)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.absorb("encoding", self.encoding.store());
        stored.absorb("witness", self.witness.store());
        self.tail.store(&mut stored, "tail");
        stored.insert("usual", &[self.usual.len()], self.usual.clone());
        let range = self.low.iter().chain(&self.high).map(|v| f64::from(*v)).collect();
        stored.insert("range", &[2, self.low.len()], range);
        stored.insert("unit", &[1], vec![self.unit]);
        if let Some(method) = &self.method {
            stored.absorb("method", method.store());
        }
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let encoding = Encoding::restore(&stored.below("encoding"))?;
        let width = encoding.layout.width;
        let range = stored.finite("range", 2 * width)?;
        let half = |range: &[f64]| range.iter().map(|v| *v as f32).collect();
        let method = if width == 0 { None } else { Some(M::restore(&stored.below("method"), width)?) };
        Ok(Self {
            method,
            tail: Tail::restore(stored, "tail")?,
            usual: stored.finite("usual", width)?,
            low: half(&range[..width]),
            high: half(&range[width..]),
            unit: stored.finite("unit", 1)?[0],
            witness: Witness::restore(&stored.below("witness"), &encoding)?,
            encoding,
        })
    }
}

impl Classical<GaussianMixture> {
    /// `n` new rows, spelled as the columns of `schema` are.
    pub(super) fn sample(&self, n: usize, schema: &Schema, seed: Seed) -> Table {
        let mut random = seed.stream("detector.sample");
        let width = self.encoding.layout.width;
        let points = self.method.as_ref().map(|method| method.draw(n, &mut random));
        let points = points.unwrap_or_else(|| Matrix::zeros(n, width));
        let states = self.encoding.layout.states(&points, &self.encoding.columns);
        self.encoding.cells(&states, n, schema)
    }
}

fn take(points: &Matrix, rows: &[usize]) -> Matrix {
    let mut taken = Matrix::zeros(rows.len(), points.n_cols);
    for (to, &from) in rows.iter().enumerate() {
        taken.row_mut(to).copy_from_slice(points.row(from));
    }
    taken
}
