//! The distance to the k-th nearest training row, or the mean of k distances.
//!
//! Source: S. Ramaswamy, R. Rastogi and K. Shim, Efficient algorithms for mining outliers from large data sets, SIGMOD 2000.

use serde::{Deserialize, Serialize};

use super::classical::Method;
use super::stored::{Parts, insert_json, insert_matrix};
use crate::data::Matrix;
use crate::error::{ConfigError, Result};
use crate::models::Stored;
use crate::project::Index;
use crate::seed::Seed;

/// Which distance is the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// That to the k-th nearest row.
    #[default]
    Largest,
    /// The mean of those to the k nearest rows.
    Mean,
}

/// The settings of k nearest neighbors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct NeighborsConfig {
    /// Neighbors, from 1; at most as many as there are.
    pub neighbors: usize,
    /// Which distance is the score.
    pub distance: Distance,
    /// Most training rows that are kept, drawn at random; from 2.
    pub reference: usize,
    /// Whether a row that equals a training row is taken for that row, and left out of its own neighbors.
    pub leave_out: bool,
}

impl Default for NeighborsConfig {
    fn default() -> Self {
        Self { neighbors: 5, distance: Distance::Largest, reference: 50_000, leave_out: true }
    }
}

impl NeighborsConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        super::at_least(path, "neighbors", self.neighbors, 1)?;
        super::at_least(path, "reference", self.reference, 2)
    }
}

/// The training rows, to be looked up among.
#[derive(Debug)]
pub struct Neighbors {
    config: NeighborsConfig,
    rows: Matrix,
    index: Index,
}

impl Neighbors {
    fn scores(&self, rows: &Matrix, leave_out: bool, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        let k = self.config.neighbors.min(self.rows.n_rows - 1);
        let wider = k + usize::from(leave_out);
        let found = self.index.nearest(rows, wider)?;
        let lists = || {
            found.indices.chunks(wider).zip(found.distances.chunks(wider)).map(|(list, distances)| {
                let from = usize::from(leave_out && distances[0] == 0.0);
                (&list[from..from + k], &distances[from..from + k])
            })
        };
        if let Some(parts) = parts {
            for ((parts, (list, _)), i) in parts.chunks_exact_mut(rows.n_cols).zip(lists()).zip(0..) {
                let x = rows.row(i);
                let neighbors = match self.config.distance {
                    Distance::Largest => &list[k - 1..],
                    Distance::Mean => list,
                };
                parts.fill(0.0);
                for row in neighbors {
                    for ((part, a), b) in parts.iter_mut().zip(x).zip(self.rows.row(*row as usize)) {
                        *part += f64::from(a - b).powi(2);
                    }
                }
            }
        }
        let score = |distances: &[f32]| match self.config.distance {
            Distance::Largest => f64::from(distances[k - 1]),
            Distance::Mean => distances.iter().map(|distance| f64::from(*distance)).sum::<f64>() / k as f64,
        };
        Ok(lists().map(|(_, distances)| score(distances)).collect())
    }
}

impl Method for Neighbors {
    type Config = NeighborsConfig;
    const MODEL: &'static str = "a detector by nearest neighbors";

    fn most(config: &NeighborsConfig) -> usize {
        config.reference
    }

    fn fit(config: NeighborsConfig, rows: &Matrix, _: Seed, _: usize) -> Result<Self> {
        Ok(Self { config, rows: rows.clone(), index: Index::new(rows)? })
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
        stored
    }

    fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let config: NeighborsConfig = stored.json("config")?;
        config.check("model.neighbors").map_err(|error| error.to_string())?;
        let rows = stored.matrix("rows", width)?;
        if rows.n_rows < 2 {
            return Err("`rows` holds too few".to_string());
        }
        let index = Index::new(&rows).map_err(|error| error.to_string())?;
        Ok(Self { config, rows, index })
    }
}
