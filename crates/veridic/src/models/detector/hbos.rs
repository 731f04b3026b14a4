//! HBOS: how low the bars of each column's histogram are that a row falls into, summed over columns.
//!
//! Source: M. Goldstein and A. Dengel, Histogram-based outlier score, KI 2012; bins of equal width as in PyOD:
//! `sum_j -log2(density_j + alpha)`, and outside all bins, beyond a share of a bin, the lowest density of the column.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::classical::Method;
use super::stored::{Parts, insert_json};
use crate::data::Matrix;
use crate::error::{ConfigError, Result};
use crate::models::Stored;
use crate::seed::Seed;

/// The settings of the histogram-based outlier score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct HbosConfig {
    /// Bins of each column, from 2.
    pub bins: usize,
    /// Added to densities, above 0.
    pub alpha: f64,
    /// How far outside the bins a value still counts to the nearest, in widths of a bin, from 0.
    pub tolerance: f64,
}

impl Default for HbosConfig {
    fn default() -> Self {
        Self { bins: 10, alpha: 0.1, tolerance: 0.5 }
    }
}

impl HbosConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        super::at_least(path, "bins", self.bins, 2)?;
        let range = |field: &str, found: f64, allowed: &str| ConfigError::Range {
            field: format!("{path}.{field}"),
            found: found.to_string(),
            allowed: allowed.to_string(),
        };
        if !(self.alpha > 0.0 && self.alpha.is_finite()) {
            return Err(range("alpha", self.alpha, "above 0"));
        }
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            return Err(range("tolerance", self.tolerance, "0 or more"));
        }
        Ok(())
    }
}

/// The histograms.
#[derive(Debug)]
pub struct Hbos {
    config: HbosConfig,
    /// By coordinate, smallest and largest value.
    range: Vec<f64>,
    /// By coordinate, `-log2(density + alpha)` of each bin.
    bars: Vec<f64>,
}

impl Hbos {
    fn part(&self, j: usize, x: f32) -> f64 {
        let bins = self.config.bins;
        let (low, high) = (self.range[2 * j], self.range[2 * j + 1]);
        let bars = &self.bars[j * bins..(j + 1) * bins];
        let (x, width) = (f64::from(x), (high - low) / bins as f64);
        let lowest = || bars.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let near = self.config.tolerance * width;
        if x < low {
            if low - x <= near { bars[0] } else { lowest() }
        } else if x >= high {
            if x - high <= near { bars[bins - 1] } else { lowest() }
        } else {
            bars[(((x - low) / width) as usize).min(bins - 1)]
        }
    }
}

impl Hbos {
    /// What a value puts into the reasons: outside all bins a density of zero, since the lowest bar may be as high as all.
    fn reason(&self, j: usize, x: f32) -> f64 {
        let (low, high) = (self.range[2 * j], self.range[2 * j + 1]);
        let near = self.config.tolerance * (high - low) / self.config.bins as f64;
        let x = f64::from(x);
        if low - x > near || x - high > near { -self.config.alpha.log2() } else { self.part(j, x as f32) }
    }
}

impl Method for Hbos {
    type Config = HbosConfig;
    const MODEL: &'static str = "the histogram-based outlier score";

    fn most(_: &HbosConfig) -> usize {
        usize::MAX
    }

    fn fit(config: HbosConfig, rows: &Matrix, _: Seed, _: usize) -> Result<Self> {
        let bins = config.bins;
        let column = |j: usize| {
            let values = || rows.values.iter().skip(j).step_by(rows.n_cols).map(|v| f64::from(*v));
            let (mut low, mut high) =
                values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            if low == high {
                (low, high) = (low - 0.5, high + 0.5);
            }
            let width = (high - low) / bins as f64;
            let mut counts = vec![0.0; bins];
            values().for_each(|v| counts[(((v - low) / width) as usize).min(bins - 1)] += 1.0);
            let bar = |count: &f64| -(count / (rows.n_rows as f64 * width) + config.alpha).log2();
            ([low, high], counts.iter().map(bar).collect::<Vec<f64>>())
        };
        let columns: Vec<_> = (0..rows.n_cols).into_par_iter().map(column).collect();
        let range = columns.iter().flat_map(|(range, _)| range).copied().collect();
        let bars = columns.into_iter().flat_map(|(_, bars)| bars).collect();
        Ok(Self { config, range, bars })
    }

    fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        let part = |(j, x): (usize, &f32)| self.part(j, *x);
        let each = rows.values.par_chunks(rows.n_cols);
        let Some(parts) = parts else {
            return Ok(each.map(|row| row.iter().enumerate().map(part).sum()).collect());
        };
        let each = each.zip(parts.par_chunks_mut(rows.n_cols));
        let scores = each.map(|(row, parts)| {
            let reasons = row.iter().enumerate().map(|(j, x)| self.reason(j, *x));
            parts.iter_mut().zip(reasons).for_each(|(to, reason)| *to = reason);
            row.iter().enumerate().map(part).sum()
        });
        Ok(scores.collect())
    }

    fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "config", &self.config);
        stored.insert("range", &[self.range.len() / 2, 2], self.range.clone());
        stored.insert("bars", &[self.range.len() / 2, self.config.bins], self.bars.clone());
        stored
    }

    fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let config: HbosConfig = stored.json("config")?;
        config.check("model.hbos").map_err(|error| error.to_string())?;
        let range = stored.finite("range", 2 * width)?;
        let count = width.checked_mul(config.bins).ok_or("too many bins")?;
        let bars = stored.finite("bars", count)?;
        if range.chunks(2).any(|range| range[0] >= range[1]) {
            return Err("`range` does not hold ranges".to_string());
        }
        Ok(Self { config, range, bars })
    }
}
