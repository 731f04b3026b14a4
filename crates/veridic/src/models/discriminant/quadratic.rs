//! Quadratic discriminant: every class a Gaussian with a covariance of its own.

use serde::{Deserialize, Serialize};

use super::covariance::{covariance, scatter};
use super::{Lesson, MODEL};
use crate::error::{ModelError, Result};
use crate::models::Stored;
use crate::models::detector::mixture::Gaussian;
use crate::models::detector::stored::Parts;

/// The settings of a quadratic discriminant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct QuadraticDiscriminantConfig {
    /// Added to the variances of each class, of columns of variance 1; 0 or more. It holds classes of few rows.
    pub floor: f64,
}

impl Default for QuadraticDiscriminantConfig {
    fn default() -> Self {
        Self { floor: 1e-3 }
    }
}

/// One Gaussian a class.
#[derive(Debug)]
pub struct QuadraticDiscriminant {
    classes: Vec<Gaussian>,
}

impl QuadraticDiscriminant {
    pub(super) fn fit(config: &QuadraticDiscriminantConfig, lesson: &Lesson<'_>) -> Result<Self> {
        let (means, counts, d) = (lesson.means(), lesson.counts(), lesson.points.n_cols);
        let weights = lesson.log_priors();
        let class = |k: usize| {
            let sums = scatter(lesson, &means, Some(k))?;
            let of = covariance(&sums, d, counts[k], config.floor);
            let gaussian = Gaussian::new(weights[k].exp(), means[k].clone(), of);
            gaussian.ok_or_else(|| ModelError::Singular { model: MODEL }.into())
        };
        Ok(Self { classes: (0..lesson.classes).map(class).collect::<Result<_>>()? })
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
