//! t-SNE maps: rows that are alike lie close together in the plane.

mod config;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

pub use self::config::{Initialization, TsneConfig, TsneMethod};
use crate::data::Matrix;
use crate::error::ProjectError;
use crate::project::NeighborMethod;
use crate::seed::Seed;

/// What is known at a report, every [`TsneConfig::report_every`] iterations and after the last.
#[derive(Debug)]
pub struct TsneProgress<'a> {
    /// Iterations done, of both phases together.
    pub iteration: usize,
    /// Iterations of both phases together.
    pub of: usize,
    /// The Kullback-Leibler divergence in nats, without exaggeration.
    pub kl: f64,
    /// The Euclidean norm of the gradient (with its factor 4) over all points.
    pub gradient_norm: f64,
    /// Seconds since the start, the search for neighbors included.
    pub seconds: f64,
    /// Current positions, rows x 2, in the order of the input.
    pub positions: &'a Matrix,
}

/// A finished map.
#[derive(Debug, Clone, PartialEq)]
pub struct Tsne {
    /// Rows x 2, in the order of the input.
    pub positions: Matrix,
    /// The final Kullback-Leibler divergence in nats, without exaggeration.
    pub kl: f64,
    /// The divergence at each report: iterations done, nats.
    pub history: Vec<(usize, f64)>,
    /// The settings that were used.
    pub settings: TsneSettings,
    /// What the reader should know: settings that were changed, bounds that were hit.
    pub notes: Vec<String>,
}

/// The settings that were used, everything automatic resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TsneSettings {
    /// Perplexities.
    pub perplexity: Vec<f64>,
    /// Neighbors of each row.
    pub neighbors: usize,
    /// How they were found, never `auto`.
    pub neighbor_method: NeighborMethod,
    /// The share of the true neighbors that were found, on a fixed sample of rows, 0 to 1.
    pub recall: f64,
    /// How the repulsion was computed, never `auto`.
    pub method: TsneMethod,
    /// Learning rates of the first and the main phase.
    pub learning_rate: [f64; 2],
    /// Iterations done.
    pub iterations: usize,
    /// Whether the observer ended it early.
    pub stopped: bool,
    /// The seed.
    pub seed: u64,
    /// Seconds of the search for neighbors.
    pub neighbor_seconds: f64,
    /// Seconds of everything.
    pub seconds: f64,
}

/// The settings of [`Tsne::place`]; the defaults are those of openTSNE's `transform`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlaceConfig {
    /// The effective number of neighbors of a new row, above 1.
    pub perplexity: f64,
    /// Neighbors whose median position a new row starts from, at least 1.
    pub neighbors: usize,
    /// Length of a step, above 0.
    pub learning_rate: f64,
    /// Factor of the attraction, at least 1.
    pub exaggeration: f64,
    /// Iterations.
    pub iterations: usize,
    /// Share of the last step that is kept, 0 to below 1.
    pub momentum: f64,
    /// The longest gradient of a point, above 0.
    pub max_gradient_norm: f64,
}

impl Default for PlaceConfig {
    fn default() -> Self {
        Self {
            perplexity: 5.0,
            neighbors: 25,
            learning_rate: 0.1,
            exaggeration: 1.5,
            iterations: 250,
            momentum: 0.8,
            max_gradient_norm: 0.25,
        }
    }
}

/// Makes a map of `rows`, from `initial` positions (rows x 2) where given.
///
/// # Errors
/// Settings out of range, no rows or columns, values that are not finite, initial positions of another shape, too few
/// rows where `strict`.
pub fn tsne(
    rows: &Matrix,
    _initial: Option<&Matrix>,
    config: &TsneConfig,
    _seed: Seed,
    _threads: usize,
    _observe: &mut dyn FnMut(&TsneProgress) -> ControlFlow<()>,
) -> Result<Tsne, ProjectError> {
    config.check()?;
    Err(ProjectError::Empty { rows: rows.n_rows, columns: rows.n_cols })
}

impl Tsne {
    /// Places new rows on the finished map, which does not move: rows x 2.
    ///
    /// `fitted` are the rows the map was made of.
    ///
    /// # Errors
    /// Other widths, values that are not finite, settings out of range.
    pub fn place(
        &self,
        fitted: &Matrix,
        rows: &Matrix,
        _config: &PlaceConfig,
        _threads: usize,
    ) -> Result<Matrix, ProjectError> {
        let _ = fitted;
        Err(ProjectError::Empty { rows: rows.n_rows, columns: rows.n_cols })
    }
}
