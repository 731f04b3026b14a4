//! A mixture of Gaussians: rows of low density are unusual.
//!
//! Fitted by expectation and maximization (Dempster, Laird and Rubin, JRSS B 39 (1977)) from k-means++ centers; every
//! covariance is full, with a little added to its diagonal, as in scikit-learn. The score is `-ln p(x)` in nats, of rows in
//! standard deviations.

use rand_chacha::rand_core::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::classical::Method;
use super::stored::{Parts, insert_json};
use crate::data::Matrix;
use crate::error::{ConfigError, ModelError, Result};
use crate::models::Stored;
use crate::seed::{Seed, standard_normal, uniform};

/// Coordinates up to which covariances are found.
const MOST_COORDINATES: usize = 500;

/// Most training rows it learns from.
const MOST: usize = 20_000;

/// Fewest rows that a Gaussian stands for.
const FEWEST: f64 = 3.0;

/// Rows whose sums are taken together, in the same order at any number of threads.
const PIECE: usize = 512;

/// The settings of a mixture of Gaussians.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct GaussianMixtureConfig {
    /// Gaussians, from 1; at most as many as there are rows.
    pub components: usize,
    /// Added to variances, above 0.
    pub floor: f64,
    /// Most rounds, from 1.
    pub rounds: usize,
    /// Gain of the mean log-likelihood below which it ends, from 0.
    pub tolerance: f64,
}

impl Default for GaussianMixtureConfig {
    fn default() -> Self {
        Self { components: 4, floor: 1e-4, rounds: 200, tolerance: 1e-4 }
    }
}

impl GaussianMixtureConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        super::at_least(path, "components", self.components, 1)?;
        super::at_least(path, "rounds", self.rounds, 1)?;
        let range = |field: &str, found: f64, allowed: &str| ConfigError::Range {
            field: format!("{path}.{field}"),
            found: found.to_string(),
            allowed: allowed.to_string(),
        };
        if !(self.floor > 0.0 && self.floor.is_finite()) {
            return Err(range("floor", self.floor, "above 0"));
        }
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            return Err(range("tolerance", self.tolerance, "0 or more"));
        }
        Ok(())
    }
}

/// The mixture.
#[derive(Debug)]
pub struct GaussianMixture {
    config: GaussianMixtureConfig,
    parts: Vec<Gaussian>,
}

/// One Gaussian with its weight.
#[derive(Debug, Clone)]
pub(in crate::models) struct Gaussian {
    pub(in crate::models) log_weight: f64,
    pub(in crate::models) mean: Vec<f64>,
    /// The lower Cholesky factor of the covariance, row by row.
    pub(in crate::models) factor: Vec<f64>,
    log_determinant: f64,
}

impl Gaussian {
    /// `covariance` by rows; none where it is not positive definite.
    pub(in crate::models) fn new(weight: f64, mean: Vec<f64>, mut covariance: Vec<f64>) -> Option<Self> {
        let d = mean.len();
        let mut log_determinant = 0.0;
        for i in 0..d {
            for j in 0..=i {
                let products = (0..j).map(|m| covariance[i * d + m] * covariance[j * d + m]);
                let rest = covariance[i * d + j] - products.sum::<f64>();
                covariance[i * d + j] = if i == j { rest.sqrt() } else { rest / covariance[j * d + j] };
            }
            (i + 1..d).for_each(|j| covariance[i * d + j] = 0.0);
            let pivot = covariance[i * d + i];
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            log_determinant += 2.0 * pivot.ln();
        }
        Some(Self { log_weight: weight.ln(), mean, factor: covariance, log_determinant })
    }

    /// What was stored: a weight, a mean and a lower factor by rows.
    pub(in crate::models) fn restore(log_weight: f64, mean: &[f64], factor: &[f64]) -> Result<Self, String> {
        let width = mean.len();
        let pivots = || (0..width).map(|i| factor[i * width + i]);
        if factor.len() != width * width || pivots().any(|pivot| pivot <= 0.0) {
            return Err("a covariance is not positive".to_string());
        }
        let log_determinant = pivots().map(|pivot| 2.0 * pivot.ln()).sum();
        Ok(Self { log_weight, mean: mean.to_vec(), factor: factor.to_vec(), log_determinant })
    }

    /// `L^-1 (x - mu)`.
    fn whitened(&self, x: &[f32]) -> Vec<f64> {
        let d = self.mean.len();
        let mut w: Vec<f64> = x.iter().zip(&self.mean).map(|(x, m)| f64::from(*x) - m).collect();
        for i in 0..d {
            let row = &self.factor[i * d..=i * d + i];
            let known: f64 = row[..i].iter().zip(&w).map(|(l, w)| l * w).sum();
            w[i] = (w[i] - known) / row[i];
        }
        w
    }

    /// `ln (weight p(x))`.
    pub(in crate::models) fn log_density(&self, x: &[f32]) -> f64 {
        let square: f64 = self.whitened(x).iter().map(|w| w * w).sum();
        let constant = self.mean.len() as f64 * (2.0 * std::f64::consts::PI).ln();
        self.log_weight - 0.5 * (square + self.log_determinant + constant)
    }

    /// A point drawn from it.
    pub(in crate::models) fn draw(&self, random: &mut impl Rng, point: &mut [f32]) {
        let d = self.mean.len();
        let normal: Vec<f64> = (0..d).map(|_| standard_normal(random)).collect();
        for (i, to) in point.iter_mut().enumerate() {
            let along = self.factor[i * d..=i * d + i].iter().zip(&normal).map(|(l, z)| l * z);
            *to = (self.mean[i] + along.sum::<f64>()) as f32;
        }
    }

    /// Each coordinate's squared deviation from what the others let expect, in its standard deviations.
    fn parts(&self, x: &[f32], parts: &mut [f64]) {
        let d = self.mean.len();
        let mut along = self.whitened(x);
        // The precision times the offset, by the transposed factor.
        for i in (0..d).rev() {
            along[i] /= self.factor[i * d + i];
            let (before, own) = along.split_at_mut(i);
            before.iter_mut().zip(&self.factor[i * d..]).for_each(|(v, l)| *v -= l * own[0]);
        }
        for (j, part) in parts.iter_mut().enumerate() {
            // The precision's diagonal: the squared length of a column of the inverse factor.
            let mut column = vec![0.0; d];
            let mut own = 0.0;
            for i in j..d {
                let row = &self.factor[i * d..];
                let known: f64 = (j..i).map(|m| row[m] * column[m]).sum();
                column[i] = (f64::from(u8::from(i == j)) - known) / row[i];
                own += column[i] * column[i];
            }
            *part = along[j] * along[j] / own;
        }
    }
}

impl GaussianMixture {
    /// `n` points drawn from it.
    pub(super) fn draw(&self, n: usize, random: &mut impl Rng) -> Matrix {
        let d = self.parts.first().map_or(0, |part| part.mean.len());
        let mut points = Matrix::zeros(n, d);
        for i in 0..n {
            let mut left = uniform(random);
            let drawn = self.parts.iter().find(|part| {
                left -= part.log_weight.exp();
                left < 0.0
            });
            if let Some(part) = drawn.or_else(|| self.parts.last()) {
                part.draw(random, points.row_mut(i));
            }
        }
        points
    }

    /// `ln p(x)` and each Gaussian's `ln (weight p(x))`.
    fn log_densities(&self, x: &[f32]) -> (f64, Vec<f64>) {
        let each: Vec<f64> = self.parts.iter().map(|part| part.log_density(x)).collect();
        (log_sum(&each), each)
    }

    /// One round; the mean log-likelihood before it, and the next mixture.
    fn round(&self, rows: &Matrix) -> (f64, Option<Vec<Gaussian>>) {
        let (d, k) = (rows.n_cols, self.parts.len());
        let size = 1 + d + d * (d + 1) / 2;
        let pieces: Vec<(f64, Vec<f64>)> = rows
            .values
            .par_chunks(PIECE * d)
            .map(|piece| {
                let mut sums = vec![0.0; k * size];
                let mut likelihood = 0.0;
                for x in piece.chunks_exact(d) {
                    let (log, each) = self.log_densities(x);
                    likelihood += log;
                    for ((part, each), sums) in self.parts.iter().zip(&each).zip(sums.chunks_exact_mut(size))
                    {
                        let share = (each - log).exp();
                        if share < 1e-12 {
                            continue;
                        }
                        sums[0] += share;
                        // About the mean before, so that no digits are lost.
                        let offset: Vec<f64> =
                            x.iter().zip(&part.mean).map(|(x, m)| f64::from(*x) - m).collect();
                        let (first, second) = sums[1..].split_at_mut(d);
                        first.iter_mut().zip(&offset).for_each(|(sum, v)| *sum += share * v);
                        let mut at = 0;
                        for i in 0..d {
                            let scaled = share * offset[i];
                            second[at..=at + i]
                                .iter_mut()
                                .zip(&offset)
                                .for_each(|(sum, v)| *sum += scaled * v);
                            at += i + 1;
                        }
                    }
                }
                (likelihood, sums)
            })
            .collect();
        let mut total = vec![0.0; k * size];
        let mut likelihood = 0.0;
        for (own, sums) in &pieces {
            likelihood += own;
            total.iter_mut().zip(sums).for_each(|(sum, v)| *sum += v);
        }
        let n = rows.n_rows as f64;
        let next = self.parts.iter().zip(total.chunks_exact(size)).map(|(part, sums)| {
            let count = sums[0] + 1e-9;
            let shift: Vec<f64> = sums[1..=d].iter().map(|sum| sum / count).collect();
            let mut covariance = vec![0.0; d * d];
            let mut at = 1 + d;
            for i in 0..d {
                for j in 0..=i {
                    let floor = if i == j { self.config.floor } else { 0.0 };
                    covariance[i * d + j] = sums[at + j] / count - shift[i] * shift[j] + floor;
                }
                at += i + 1;
            }
            let mean = part.mean.iter().zip(&shift).map(|(m, s)| m + s).collect();
            Gaussian::new(count / n, mean, covariance)
        });
        (likelihood / n, next.collect())
    }

    /// Round Gaussians at centers drawn far from each other (k-means++).
    fn start(config: &GaussianMixtureConfig, rows: &Matrix, random: &mut impl Rng) -> Vec<Gaussian> {
        let (n, d) = (rows.n_rows, rows.n_cols);
        let k = config.components.min(n);
        let first = ((uniform(random) * n as f64) as usize).min(n - 1);
        let mut centers = vec![first];
        let mut nearest = vec![f64::INFINITY; n];
        while centers.len() < k {
            let last = rows.row(centers[centers.len() - 1]);
            for (i, nearest) in nearest.iter_mut().enumerate() {
                let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
                *nearest = nearest.min(rows.row(i).iter().zip(last).map(square).sum());
            }
            let mut left = uniform(random) * nearest.iter().sum::<f64>();
            let drawn = nearest.iter().position(|square| {
                left -= square;
                left <= 0.0 && *square > 0.0
            });
            let Some(drawn) = drawn else { break };
            centers.push(drawn);
        }
        let mean_square: f64 =
            if centers.len() > 1 { nearest.iter().sum::<f64>() / n as f64 } else { d as f64 };
        let variance = (mean_square / d as f64).max(config.floor);
        let round = |center: &usize| {
            let mut covariance = vec![0.0; d * d];
            (0..d).for_each(|j| covariance[j * d + j] = variance);
            let mean = rows.row(*center).iter().map(|v| f64::from(*v)).collect();
            Gaussian::new(1.0 / centers.len() as f64, mean, covariance)
        };
        centers.iter().filter_map(round).collect()
    }
}

/// `ln` of the sum of the exponentials.
pub(in crate::models) fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

/// The Gaussians of a mixture fitted to rows of which there is one, whose values are finite.
pub(in crate::models) fn fitted(
    config: &GaussianMixtureConfig,
    rows: &Matrix,
    random: &mut impl Rng,
) -> Vec<Gaussian> {
    let parts = GaussianMixture::start(config, rows, random);
    let mut mixture = GaussianMixture { config: config.clone(), parts };
    let mut before = f64::NEG_INFINITY;
    for _ in 0..config.rounds {
        let (likelihood, next) = mixture.round(rows);
        let Some(next) = next else { break };
        mixture.parts = next;
        if likelihood - before < config.tolerance {
            break;
        }
        before = likelihood;
    }
    // A Gaussian of its own would make a row far from all others the most ordinary one.
    let own = |part: &&Gaussian| part.log_weight.exp() * rows.n_rows as f64 >= FEWEST;
    let mut parts: Vec<Gaussian> = mixture.parts.iter().filter(own).cloned().collect();
    if parts.is_empty() {
        return mixture.parts;
    }
    let whole: f64 = parts.iter().map(|part| part.log_weight.exp()).sum();
    parts.iter_mut().for_each(|part| part.log_weight -= whole.ln());
    parts
}

impl Method for GaussianMixture {
    type Config = GaussianMixtureConfig;
    const MODEL: &'static str = "a mixture of Gaussians";

    fn most(_: &GaussianMixtureConfig) -> usize {
        MOST
    }

    fn fit(config: GaussianMixtureConfig, rows: &Matrix, seed: Seed, _: usize) -> Result<Self> {
        if rows.n_cols > MOST_COORDINATES {
            let (model, found) = (Self::MODEL, rows.n_cols);
            return Err(ModelError::TooManyColumns { model, found, most: MOST_COORDINATES }.into());
        }
        let parts = fitted(&config, rows, &mut seed.stream("detector.gaussian-mixture"));
        Ok(Self { config, parts })
    }

    fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        let d = rows.n_cols;
        if let Some(parts) = parts {
            rows.values.par_chunks(d).zip(parts.par_chunks_mut(d)).for_each(|(x, parts)| {
                let (_, each) = self.log_densities(x);
                // By the Gaussian that most likely made the row.
                let nearest = each.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
                self.parts[nearest].parts(x, parts);
            });
        }
        Ok(rows.values.par_chunks(d).map(|x| -self.log_densities(x).0).collect())
    }

    fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "config", &self.config);
        let (k, d) = (self.parts.len(), self.parts.first().map_or(0, |part| part.mean.len()));
        stored.insert("log-weights", &[k], self.parts.iter().map(|part| part.log_weight).collect());
        let means: Vec<f64> = self.parts.iter().flat_map(|part| &part.mean).copied().collect();
        let factors: Vec<f64> = self.parts.iter().flat_map(|part| &part.factor).copied().collect();
        stored.insert("means", &[k, d], means);
        stored.insert("factors", &[k, d, d], factors);
        stored
    }

    fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let config: GaussianMixtureConfig = stored.json("config")?;
        config.check("model.gaussian-mixture").map_err(|error| error.to_string())?;
        let k = stored.values::<f64>("log-weights")?.len();
        let weights = stored.finite("log-weights", k)?;
        let square = width.checked_mul(width).and_then(|s| s.checked_mul(k)).ok_or("too many coordinates")?;
        let means = stored.finite("means", k * width)?;
        let factors = stored.finite("factors", square)?;
        if k == 0 || width == 0 {
            return Err("a mixture has at least one Gaussian".to_string());
        }
        let each = means.chunks(width).zip(factors.chunks(width * width)).zip(weights);
        let parts = each.map(|((mean, factor), weight)| Gaussian::restore(weight, mean, factor));
        Ok(Self { parts: parts.collect::<Result<_, String>>()?, config })
    }
}
