//! ECOD and COPOD: how far in the tails of each column a row's values are, summed over columns.
//!
//! Sources: Z. Li et al., ECOD: unsupervised outlier detection using empirical cumulative distribution functions, IEEE TKDE 35
//! (2022), and COPOD: copula-based outlier detection, ICDM 2020; both as in PyOD, where a new row is counted among those it
//! is compared with.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::classical::Method;
use super::stored::{Parts, insert_matrix};
use crate::data::Matrix;
use crate::error::Result;
use crate::models::Stored;
use crate::seed::Seed;

/// Most training rows whose values are kept.
const MOST: usize = 50_000;

/// The settings of ECOD: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct EcodConfig {}

/// The settings of COPOD: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CopodConfig {}

/// The values of each coordinate in order, and the sign of its skewness.
#[derive(Debug)]
struct Columns {
    /// `width` rows of sorted values.
    sorted: Matrix,
    skewness: Vec<f64>,
}

impl Columns {
    fn fit(rows: &Matrix) -> Self {
        let mut sorted = Matrix::zeros(rows.n_cols, rows.n_rows);
        let columns = sorted.values.par_chunks_mut(rows.n_rows).enumerate();
        let skewness = columns.map(|(j, values)| {
            values.iter_mut().enumerate().for_each(|(i, v)| *v = rows.row(i)[j]);
            values.sort_unstable_by(f32::total_cmp);
            let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
            let third: f64 = values.iter().map(|v| (f64::from(*v) - mean).powi(3)).sum();
            if third == 0.0 { 0.0 } else { third.signum() }
        });
        let skewness = skewness.collect();
        Self { sorted, skewness }
    }

    /// `-ln` of the shares of rows, the new one among them, with a value at most and at least its own; and of the tail, or
    /// both, that the skewness points to.
    fn nats(&self, j: usize, x: f32) -> (f64, f64, f64) {
        let values = self.sorted.row(j);
        let n = values.len() as f64 + 1.0;
        let through = values.partition_point(|v| *v <= x) as f64 + 1.0;
        let from = n - values.partition_point(|v| *v < x) as f64;
        let (left, right) = (-(through / n).ln(), -(from / n).ln());
        let skewed = match self.skewness[j] {
            sign if sign > 0.0 => right,
            sign if sign < 0.0 => left,
            _ => left + right,
        };
        (left, right, skewed)
    }

    fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>, of: fn(f64, f64, f64) -> f64) -> Vec<f64> {
        let part = |(j, x): (usize, &f32)| {
            let (left, right, skewed) = self.nats(j, *x);
            of(left, right, skewed)
        };
        let each = rows.values.par_chunks(rows.n_cols);
        let Some(parts) = parts else {
            return each.map(|row| row.iter().enumerate().map(part).sum()).collect();
        };
        let each = each.zip(parts.par_chunks_mut(rows.n_cols));
        let scores = each.map(|(row, parts)| {
            parts.iter_mut().zip(row.iter().enumerate().map(part)).for_each(|(to, part)| *to = part);
            parts.iter().sum()
        });
        scores.collect()
    }

    fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_matrix(&mut stored, "sorted", &self.sorted);
        stored.insert("skewness", &[self.skewness.len()], self.skewness.clone());
        stored
    }

    fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let skewness = stored.finite("skewness", width)?;
        let values = stored.values::<f32>("sorted")?;
        let sorted = stored.matrix("sorted", values.len() / width)?;
        if sorted.n_rows != width || sorted.values.chunks(sorted.n_cols.max(1)).any(|row| !row.is_sorted()) {
            return Err("`sorted` does not hold sorted columns".to_string());
        }
        Ok(Self { sorted, skewness })
    }
}

macro_rules! method {
    ($name:ident, $config:ident, $model:literal, $of:expr) => {
        #[doc = $model]
        #[derive(Debug)]
        pub struct $name(Columns);

        impl Method for $name {
            type Config = $config;
            const MODEL: &'static str = $model;

            fn most(_: &$config) -> usize {
                MOST
            }

            fn fit(_: $config, rows: &Matrix, _: Seed, _: usize) -> Result<Self> {
                Ok(Self(Columns::fit(rows)))
            }

            fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
                Ok(self.0.score(rows, parts, $of))
            }

            fn store(&self) -> Stored {
                self.0.store()
            }

            fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
                Columns::restore(stored, width).map(Self)
            }
        }
    };
}

method!(Ecod, EcodConfig, "ECOD", |left, right, skewed| left.max(right).max(skewed));
method!(Copod, CopodConfig, "COPOD", |left, right, skewed| skewed.max((left + right) / 2.0));
