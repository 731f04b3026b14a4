//! Quadratic discriminant: every class a Gaussian with a covariance of its own, drawn towards the one that all share.
//!
//! Source: J. Friedman, Regularized discriminant analysis, Journal of the American Statistical Association 84 (1989), equations
//! 13 to 18: the covariance of a class is `(1 - g) S + g tr(S) / d I` of `S = (1 - l) S_k + l S_pooled`. Categories and columns
//! that hardly vary within a class make its own covariance so narrow that rows beside it count for nothing; how far it is drawn
//! is chosen by rows that are held out.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::covariance::{covariance, scatter};
use super::{Lesson, MODEL};
use crate::data::Matrix;
use crate::error::{ModelError, Result};
use crate::models::Stored;
use crate::models::detector::mixture::{Gaussian, log_sum};
use crate::models::detector::stored::Parts;

/// How far covariances are drawn to the shared one, and that to a sphere, the least first.
const SHARED: [f64; 6] = [0.0, 0.05, 0.2, 0.5, 0.8, 1.0];
const SPHERE: [f64; 3] = [0.0, 0.05, 0.3];

/// Of how many rows one is held out, most of those, and most products that they may take.
const HELD: usize = 5;
const MOST_HELD: usize = 2000;
const MOST_PRODUCTS: usize = 20_000_000;

/// The settings of a quadratic discriminant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct QuadraticDiscriminantConfig {
    /// Added to the variances of each class, of columns of variance 1; 0 or more. It holds classes of few rows.
    pub floor: f64,
    /// How far the covariance of a class is drawn to the one that all share, 0 (not at all) to 1 (a linear discriminant);
    /// without, held-out rows choose, also how far it is drawn to a sphere.
    pub shrink: Option<f64>,
}

impl Default for QuadraticDiscriminantConfig {
    fn default() -> Self {
        Self { floor: 1e-3, shrink: None }
    }
}

/// One Gaussian a class.
#[derive(Debug)]
pub struct QuadraticDiscriminant {
    pub(super) classes: Vec<Gaussian>,
}

/// What Gaussians are made of: means, weights, and covariances of each class and of all.
struct Spread {
    d: usize,
    means: Vec<Vec<f64>>,
    weights: Vec<f64>,
    own: Vec<Vec<f64>>,
    shared: Vec<f64>,
}

impl Spread {
    fn new(lesson: &Lesson<'_>, floor: f64) -> Result<Self> {
        let (means, counts, d) = (lesson.means(), lesson.counts(), lesson.points.n_cols);
        let mut shared = vec![0.0; d * d];
        let mut own = Vec::with_capacity(lesson.classes);
        for (k, count) in counts.iter().enumerate() {
            let sums = scatter(lesson, &means, Some(k))?;
            shared.iter_mut().zip(&sums).for_each(|(sum, own)| *sum += own);
            own.push(covariance(&sums, d, *count, floor));
        }
        let shared = covariance(&shared, d, lesson.of.len() as f64, floor);
        let weights = lesson.log_priors().into_iter().map(f64::exp).collect();
        Ok(Self { d, means, weights, own, shared })
    }

    /// The Gaussian of each class, drawn so far to the shared covariance and to a sphere; `None` where one has no width.
    fn drawn(&self, shared: f64, sphere: f64) -> Option<Vec<Gaussian>> {
        let class = |k: usize| {
            let mix = |(own, all): (&f64, &f64)| (1.0 - shared) * own + shared * all;
            let mut of: Vec<f64> = self.own[k].iter().zip(&self.shared).map(mix).collect();
            let mean = (0..self.d).map(|i| of[i * self.d + i]).sum::<f64>() / self.d as f64;
            of.iter_mut().for_each(|value| *value *= 1.0 - sphere);
            (0..self.d).for_each(|i| of[i * self.d + i] += sphere * mean);
            Gaussian::new(self.weights[k], self.means[k].clone(), of)
        };
        (0..self.means.len()).map(class).collect()
    }
}

impl QuadraticDiscriminant {
    pub(super) fn fit(config: &QuadraticDiscriminantConfig, lesson: &Lesson<'_>) -> Result<Self> {
        let (shared, sphere) = match config.shrink {
            Some(shrink) => (shrink, 0.0),
            None => chosen(lesson, config.floor)?,
        };
        let classes = Spread::new(lesson, config.floor)?.drawn(shared, sphere);
        Ok(Self { classes: classes.ok_or(ModelError::Singular { model: MODEL })? })
    }

    /// `ln p(x, class)` of each class.
    pub(super) fn log_joint(&self, x: &[f32]) -> Vec<f64> {
        self.classes.iter().map(|class| class.log_density(x)).collect()
    }

    pub(super) fn store(&self) -> Stored {
        stored(&self.classes)
    }

    pub(super) fn restore(stored: &Stored, classes: usize, width: usize) -> Result<Self, String> {
        Ok(Self { classes: restored(stored, classes, width)? })
    }
}

/// How far covariances are drawn to the shared one and to a sphere: so that held-out rows have the largest likelihood of their
/// class.
fn chosen(lesson: &Lesson<'_>, floor: f64) -> Result<(f64, f64)> {
    let d = lesson.points.n_cols;
    let most = MOST_HELD.min(MOST_PRODUCTS / (d * d * lesson.classes).max(1)).max(1);
    let all: Vec<usize> = (0..lesson.of.len()).collect();
    let (held, learned): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|i| i % HELD == 0);
    let step = held.len().div_ceil(most).max(1);
    let held: Vec<usize> = held.into_iter().step_by(step).collect();
    let of: Vec<usize> = learned.iter().map(|i| lesson.of[*i]).collect();
    if !(0..lesson.classes).all(|class| of.contains(&class)) || held.is_empty() {
        // Too few to learn anything of a class without the others.
        return Ok((1.0, 0.0));
    }
    let mut points = Matrix::zeros(learned.len(), d);
    for (row, i) in learned.iter().enumerate() {
        points.row_mut(row).copy_from_slice(lesson.points.row(*i));
    }
    let part = Lesson { points: &points, of: &of, ..*lesson };
    let spread = Spread::new(&part, floor)?;
    let mut best = (f64::INFINITY, (1.0, 0.0));
    for shared in SHARED {
        for sphere in SPHERE {
            let Some(classes) = spread.drawn(shared, sphere) else { continue };
            let each: Vec<f64> = held
                .par_iter()
                .map(|i| {
                    let logs: Vec<f64> =
                        classes.iter().map(|class| class.log_density(lesson.points.row(*i))).collect();
                    log_sum(&logs) - logs[lesson.of[*i]]
                })
                .collect();
            let loss = each.iter().sum::<f64>();
            if loss < best.0 {
                best = (loss, (shared, sphere));
            }
        }
    }
    Ok(best.1)
}

/// Gaussians as tensors.
pub(super) fn stored(gaussians: &[Gaussian]) -> Stored {
    let mut stored = Stored::default();
    let (k, d) = (gaussians.len(), gaussians.first().map_or(0, |own| own.mean.len()));
    stored.insert("log-weights", &[k], gaussians.iter().map(|own| own.log_weight).collect());
    stored.insert("means", &[k, d], gaussians.iter().flat_map(|own| own.mean.clone()).collect());
    stored.insert("factors", &[k, d, d], gaussians.iter().flat_map(|own| own.factor.clone()).collect());
    stored
}

/// The Gaussians that were stored.
pub(super) fn restored(stored: &Stored, k: usize, width: usize) -> Result<Vec<Gaussian>, String> {
    let square = width.checked_mul(width).and_then(|s| s.checked_mul(k)).ok_or("too many coordinates")?;
    let weights = stored.finite("log-weights", k)?;
    let means = stored.finite("means", k * width)?;
    let factors = stored.finite("factors", square)?;
    let each = means.chunks(width).zip(factors.chunks(width * width)).zip(weights);
    each.map(|((mean, factor), weight)| Gaussian::restore(weight, mean, factor)).collect()
}
