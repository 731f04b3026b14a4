//! The distance from principal directions, each weighted by how little varies along it, as PyOD's PCA.
//!
//! Source: M.-L. Shyu et al., A novel anomaly detection scheme based on principal component classifier, ICDM 2003; as in PyOD
//! the score is `sum_k |x - v_k| / w_k`: distances from the row to the end of each component, divided by the component's share
//! of variance.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::classical::Method;
use super::stored::Parts;
use crate::data::Matrix;
use crate::error::{ModelError, Result};
use crate::models::Stored;
use crate::project::Pca as Components;
use crate::seed::Seed;

/// Coordinates up to which components are found; their number is the size of an eigenproblem.
const MOST_COORDINATES: usize = 2000;

/// The least share of variance of a component. Along others nothing varies, as among the corners of a category: they tell no row
/// from another, and shares of nothing would leave nothing of the others.
const LEAST: f64 = 1e-6;

/// The settings of the detector by principal components: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PcaConfig {}

/// The components.
#[derive(Debug)]
pub struct Pca {
    width: usize,
    /// Component by component.
    components: Vec<f64>,
    /// Each component's share of variance.
    shares: Vec<f64>,
}

impl Method for Pca {
    type Config = PcaConfig;
    const MODEL: &'static str = "a detector by principal components";

    fn most(_: &PcaConfig) -> usize {
        usize::MAX
    }

    fn fit(_: PcaConfig, rows: &Matrix, _: Seed, _: usize) -> Result<Self> {
        let width = rows.n_cols;
        if width > MOST_COORDINATES {
            let model = Self::MODEL;
            return Err(ModelError::TooManyColumns { model, found: width, most: MOST_COORDINATES }.into());
        }
        let count = width.min(rows.n_rows);
        let found = Components::fit(rows, count)?;
        let total: f64 = found.variances().iter().sum();
        let share = |variance: &f64| variance / total.max(f64::MIN_POSITIVE);
        let mut shares: Vec<f64> = found.variances().iter().map(share).collect();
        // The first is there even if all rows are the same; those after it vary less and less.
        shares.truncate(shares.iter().filter(|share| **share >= LEAST).count().max(1));
        shares.iter_mut().for_each(|share| *share = share.max(LEAST));
        let mut components: Vec<f64> = found.components().flatten().copied().collect();
        components.truncate(shares.len() * width);
        Ok(Self { width, components, shares })
    }

    fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        let score = |x: &[f32], mut parts: Option<&mut [f64]>| -> f64 {
            let each =
                self.components.chunks_exact(self.width).zip(&self.shares).map(|(component, share)| {
                    let square = |(x, v): (&f32, &f64)| (f64::from(*x) - v).powi(2);
                    let distance = x.iter().zip(component).map(square).sum::<f64>().sqrt();
                    if let Some(parts) = parts.as_deref_mut().filter(|_| distance > 0.0) {
                        let squares = x.iter().zip(component).map(square);
                        parts.iter_mut().zip(squares).for_each(|(part, s)| *part += s / (distance * share));
                    }
                    distance / share
                });
            each.sum()
        };
        let each = rows.values.par_chunks(rows.n_cols);
        Ok(match parts {
            None => each.map(|x| score(x, None)).collect(),
            Some(parts) => {
                parts.fill(0.0);
                each.zip(parts.par_chunks_mut(rows.n_cols)).map(|(x, parts)| score(x, Some(parts))).collect()
            }
        })
    }

    fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("components", &[self.shares.len(), self.width], self.components.clone());
        stored.insert("shares", &[self.shares.len()], self.shares.clone());
        stored
    }

    fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let count = stored.values::<f64>("shares")?.len();
        let shares = stored.finite("shares", count)?;
        let components =
            stored.finite("components", count.checked_mul(width).ok_or("too many components")?)?;
        if count == 0 || shares.iter().any(|share| *share <= 0.0) {
            return Err("shares of variance are above 0".to_string());
        }
        Ok(Self { width, components, shares })
    }
}
