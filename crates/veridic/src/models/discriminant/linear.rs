//! Linear discriminant (Fisher, Annals of Eugenics 7 (1936)): every class a Gaussian, all with one covariance.

use serde::{Deserialize, Serialize};

use super::covariance::{covariance, scatter};
use super::quadratic::{restored, stored};
use super::{Lesson, MODEL};
use crate::error::{ModelError, Result};
use crate::models::Stored;
use crate::models::detector::mixture::Gaussian;

/// The settings of a linear discriminant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct LinearDiscriminantConfig {
    /// Added to the variances, of columns of variance 1; 0 or more. Columns that others decide need some.
    pub floor: f64,
}

impl Default for LinearDiscriminantConfig {
    fn default() -> Self {
        Self { floor: 1e-6 }
    }
}

/// One Gaussian a class, of one covariance.
#[derive(Debug)]
pub struct LinearDiscriminant {
    pub(super) classes: Vec<Gaussian>,
}

impl LinearDiscriminant {
    pub(super) fn fit(config: &LinearDiscriminantConfig, lesson: &Lesson<'_>) -> Result<Self> {
        let (means, d) = (lesson.means(), lesson.points.n_cols);
        let sums = scatter(lesson, &means, None)?;
        let of = covariance(&sums, d, lesson.of.len() as f64, config.floor);
        let class = |(mean, weight): (Vec<f64>, f64)| Gaussian::new(weight.exp(), mean, of.clone());
        let classes: Option<Vec<Gaussian>> = means.into_iter().zip(lesson.log_priors()).map(class).collect();
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
