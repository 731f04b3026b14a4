//! What generative classifiers say beside classes: how likely rows are, and new rows.

use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

use super::{Discriminant, Method};
use crate::data::{Cells, Column, Kind, Matrix, Schema, Table};
use crate::error::Result;
use crate::models::detector::Scored;
use crate::models::detector::encoding::{Encoded, States};
use crate::models::detector::mixture::{Gaussian, log_sum};
use crate::models::detector::tail::Tail;
use crate::models::parallel;
use crate::seed::{Seed, standard_normal, uniform};

/// Training rows that the tail of scores is learned from, at most.
const CALIBRATION: usize = 20_000;

impl Discriminant {
    /// Whether it knows how rows of each class are spread.
    pub fn is_generative(&self) -> bool {
        self.method.is_generative()
    }

    /// `-ln p(x)` of rows, in nats, of numbers in standard deviations and categories as corners; a cell that no training row looked
    /// like adds its own surprise. `None` of classifiers that only tell classes apart.
    fn surprises(&self, table: &Table) -> Result<Option<Vec<f64>>> {
        if !self.is_generative() {
            return Ok(None);
        }
        let of = |encoded: &Encoded, points: &Matrix| {
            let surprise = |i: usize| {
                let logs = self.method.log_joint(encoded, points, i).unwrap_or_default();
                encoded.strange(i) - log_sum(&logs)
            };
            Ok((0..encoded.n_rows).into_par_iter().map(surprise).collect())
        };
        self.by_piece(table, of).map(Some)
    }

    /// Learns how usual the surprises of the rows `known` are.
    pub(super) fn calibrate(&mut self, table: &Table, known: &[usize]) -> Result<()> {
        let step = known.len().div_ceil(CALIBRATION).max(1);
        let some: Vec<usize> = known.iter().copied().step_by(step).collect();
        let values = self.surprises(&table.take(&some))?;
        self.tail = values.map(|values| Tail::new(values, 1e-9));
        Ok(())
    }

    /// How unusual rows are, `-ln p(x)`, with the share of training rows at least as unusual (NaN of runs that were fitted
    /// before this was kept); `None` of classifiers that only tell classes apart.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`](crate::error::ModelError::MissingColumn).
    pub fn score(&self, table: &Table, threads: usize) -> Result<Option<Scored>> {
        let Some(score) = parallel(threads, || Ok(self.surprises(table)))?? else { return Ok(None) };
        let tail = |score: &f64| self.tail.as_ref().map_or(f64::NAN, |tail| tail.probability(*score));
        let tail = score.iter().map(tail).collect();
        Ok(Some(Scored { score, tail }))
    }

    /// `n` new rows, of `class` or of all in the shares of training rows; `None` of classifiers that only tell classes apart. Columns
    /// are spelled as those of `schema`.
    pub fn sample(&self, n: usize, class: Option<usize>, schema: &Schema, seed: Seed) -> Option<Table> {
        let mut random = seed.stream("discriminant.sample");
        let (of, states) = match &self.method {
            Method::NaiveBayes(fitted) => {
                let of = classes(&fitted.log_priors, (n, class), &mut random);
                let states = fitted.draw(&of, &self.encoding, &mut random);
                (of, states)
            }
            Method::LinearDiscriminant(fitted) => self.gaussians(&fitted.classes, (n, class), &mut random),
            Method::QuadraticDiscriminant(fitted) => self.gaussians(&fitted.classes, (n, class), &mut random),
            Method::LogisticRegression(_) | Method::NearestClasses(_) | Method::ExtraTrees(_) => return None,
        };
        let mut table = self.encoding.cells(&states, n, schema);
        let kind = schema.column(&self.target).map(|column| &column.kind);
        let numbers: Option<Vec<f64>> = self.classes.iter().map(|class| class.parse().ok()).collect();
        let cells = match (kind, numbers) {
            (Some(Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. }), Some(numbers)) => {
                Cells::Number(of.iter().map(|&class| numbers[class]).collect())
            }
            _ => Cells::Text {
                codes: of.iter().map(|&class| class as u32).collect(),
                levels: self.classes.clone(),
            },
        };
        table.columns.push(Column { name: self.target.clone(), cells });
        Some(table)
    }

    /// Classes and states drawn from one Gaussian a class.
    fn gaussians(
        &self,
        gaussians: &[Gaussian],
        (n, class): (usize, Option<usize>),
        random: &mut impl Rng,
    ) -> (Vec<usize>, Vec<States>) {
        let logs: Vec<f64> = gaussians.iter().map(|own| own.log_weight).collect();
        let of = classes(&logs, (n, class), random);
        let mut points = Matrix::zeros(n, self.encoding.layout.width);
        for (i, &class) in of.iter().enumerate() {
            gaussians[class].draw(random, points.row_mut(i));
        }
        let states = self.encoding.layout.states(&points, &self.encoding.columns);
        (of, states)
    }
}

/// `n` draws in the proportion of the exponentials, or all of `class`.
fn classes(logs: &[f64], (n, class): (usize, Option<usize>), random: &mut impl Rng) -> Vec<usize> {
    (0..n).map(|_| class.unwrap_or_else(|| drawn(logs, random))).collect()
}

/// A place drawn in the proportion of the exponentials.
pub(super) fn drawn(logs: &[f64], random: &mut impl Rng) -> usize {
    let whole = log_sum(logs);
    let mut left = uniform(random);
    let at = logs.iter().position(|log| {
        left -= (log - whole).exp();
        left < 0.0
    });
    at.unwrap_or(logs.len().saturating_sub(1))
}

/// A number of a Gaussian.
pub(super) fn normal(mean: f64, variance: f64, random: &mut impl Rng) -> f64 {
    mean + variance.sqrt() * standard_normal(random)
}
