//! The local outlier factor: how much sparser it is around a row than around its neighbors.
//!
//! Source: M. M. Breunig, H.-P. Kriegel, R. T. Ng and J. Sander, LOF: identifying density-based local outliers, SIGMOD 2000,
//! definitions 5 to 7, with exactly k neighbors of each row.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::classical::Method;
use super::stored::{Parts, insert_json, insert_matrix};
use crate::data::Matrix;
use crate::error::{ConfigError, Result};
use crate::models::Stored;
use crate::project::{Index, NeighborMethod, neighbors};
use crate::seed::Seed;

/// Added to mean reachability distances, so that copies have a finite density.
const LEAST: f64 = 1e-10;

/// The settings of the local outlier factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct LofConfig {
    /// Neighbors, from 1; at most as many as there are.
    pub neighbors: usize,
    /// Most training rows that are kept, drawn at random; from 2.
    pub reference: usize,
    /// Whether a row that equals a training row is taken for that row, and left out of its own neighbors.
    pub leave_out: bool,
}

impl Default for LofConfig {
    fn default() -> Self {
        Self { neighbors: 20, reference: 50_000, leave_out: true }
    }
}

impl LofConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        super::at_least(path, "neighbors", self.neighbors, 1)?;
        super::at_least(path, "reference", self.reference, 2)
    }
}

/// The training rows with their densities.
#[derive(Debug)]
pub struct Lof {
    config: LofConfig,
    rows: Matrix,
    index: Index,
    /// Each row's distance to its k-th nearest other.
    reach: Vec<f64>,
    /// Each row's local reachability density.
    density: Vec<f64>,
}

impl Lof {
    /// The local reachability density of a row with these neighbors.
    fn density_of(reach: &[f64], neighbors: &[u32], distances: &[f32]) -> f64 {
        let reached = neighbors.iter().zip(distances).map(|(row, d)| f64::from(*d).max(reach[*row as usize]));
        1.0 / (reached.sum::<f64>() / neighbors.len() as f64 + LEAST)
    }

    fn scores(&self, rows: &Matrix, leave_out: bool, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        let k = self.config.neighbors.min(self.rows.n_rows - 1);
        let wider = k + usize::from(leave_out);
        let found = self.index.nearest(rows, wider)?;
        let list = |i: usize| {
            let (list, distances) = (found.of(i), &found.distances[i * wider..(i + 1) * wider]);
            let from = usize::from(leave_out && distances[0] == 0.0);
            (&list[from..from + k], &distances[from..from + k])
        };
        if let Some(parts) = parts {
            parts.par_chunks_exact_mut(rows.n_cols).enumerate().for_each(|(i, parts)| {
                parts.fill(0.0);
                for row in list(i).0 {
                    let pairs = rows.row(i).iter().zip(self.rows.row(*row as usize));
                    parts.iter_mut().zip(pairs).for_each(|(part, (a, b))| *part += f64::from(a - b).powi(2));
                }
            });
        }
        let score = |i: usize| {
            let (list, distances) = list(i);
            let own = Self::density_of(&self.reach, list, distances);
            list.iter().map(|row| self.density[*row as usize]).sum::<f64>() / k as f64 / own
        };
        Ok((0..rows.n_rows).into_par_iter().map(score).collect())
    }
}

impl Method for Lof {
    type Config = LofConfig;
    const MODEL: &'static str = "the local outlier factor";

    fn most(config: &LofConfig) -> usize {
        config.reference
    }

    fn fit(config: LofConfig, rows: &Matrix, _: Seed, threads: usize) -> Result<Self> {
        let k = config.neighbors.min(rows.n_rows - 1);
        let found = neighbors(rows, k, NeighborMethod::Exact, threads)?;
        let of = |i: usize| &found.distances[i * k..(i + 1) * k];
        let reach: Vec<f64> = (0..rows.n_rows).map(|i| f64::from(of(i)[k - 1])).collect();
        let density = (0..rows.n_rows).map(|i| Self::density_of(&reach, found.of(i), of(i))).collect();
        Ok(Self { config, rows: rows.clone(), index: Index::new(rows)?, reach, density })
    }

    fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        self.scores(rows, self.config.leave_out, parts)
    }

    fn left_out(&self, rows: &Matrix) -> Result<Vec<f64>> {
        self.scores(rows, true, None)
    }

    fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "config", &self.config);
        insert_matrix(&mut stored, "rows", &self.rows);
        stored.insert("reach", &[self.reach.len()], self.reach.clone());
        stored.insert("density", &[self.density.len()], self.density.clone());
        stored
    }

    fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let config: LofConfig = stored.json("config")?;
        config.check("model.lof").map_err(|error| error.to_string())?;
        let rows = stored.matrix("rows", width)?;
        if rows.n_rows < 2 {
            return Err("`rows` holds too few".to_string());
        }
        let reach = stored.finite("reach", rows.n_rows)?;
        let density = stored.finite("density", rows.n_rows)?;
        let index = Index::new(&rows).map_err(|error| error.to_string())?;
        Ok(Self { config, rows, index, reach, density })
    }
}
