use serde::{Deserialize, Deserializer, Serialize};

use crate::error::ProjectError;
use crate::project::NeighborMethod;

/// The settings of a t-SNE map. The defaults are those of openTSNE 1.0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TsneConfig {
    /// The effective number of neighbors of a row, above 1; several give the mean of their similarities (multi-scale).
    /// Three times as many neighbors are looked at. A lone number is read as a list of one.
    #[serde(deserialize_with = "one_or_many")]
    pub perplexity: Vec<f64>,
    /// Whether too few rows for the perplexity are refused instead of the perplexity lowered with a note.
    pub strict: bool,
    /// How the repulsion is computed.
    pub method: TsneMethod,
    /// Barnes-Hut only: a cell is taken for one point if its width over its distance is below this, 0 to 1; 0 is exact.
    pub theta: f64,
    /// How neighbors are found.
    pub neighbors: NeighborMethod,
    /// Where points start, unless positions are given.
    pub initialization: Initialization,
    /// Factor of the attraction in the first phase, at least 1.
    pub exaggeration: f64,
    /// Iterations of the first phase.
    pub exaggeration_iterations: usize,
    /// Iterations of the main phase.
    pub iterations: usize,
    /// Factor of the attraction in the main phase, at least 1; above 1 for tighter clusters.
    pub late_exaggeration: f64,
    /// Length of a step for a gradient without its factor 4; by default rows / exaggeration of the phase.
    /// scikit-learn keeps the factor: its rate 200 is 800 here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Share of the last step that is kept, in the first and in the main phase, 0 to below 1.
    pub momentum: [f64; 2],
    /// The longest step of a point, above 0.
    pub max_step_norm: f64,
    /// Degrees of freedom of the Student kernel, above 0; below 1 the tails are heavier and clusters finer.
    pub degrees_of_freedom: f64,
    /// The norm of the gradient, over all points, below which the main phase ends; 0 never.
    pub min_gradient_norm: f64,
    /// Iterations from one report to the next, at least 1.
    pub report_every: usize,
}

impl Default for TsneConfig {
    fn default() -> Self {
        Self {
            perplexity: vec![30.0],
            strict: false,
            method: TsneMethod::Auto,
            theta: 0.5,
            neighbors: NeighborMethod::Auto,
            initialization: Initialization::Pca,
            exaggeration: 12.0,
            exaggeration_iterations: 250,
            iterations: 500,
            late_exaggeration: 1.0,
            learning_rate: None,
            momentum: [0.8, 0.8],
            max_step_norm: 5.0,
            degrees_of_freedom: 1.0,
            min_gradient_norm: 0.0,
            report_every: 50,
        }
    }
}

impl TsneConfig {
    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// The first setting out of range, with what was found and what is allowed.
    pub fn check(&self) -> Result<(), ProjectError> {
        let refuse = |field, found: String, allowed| Err(ProjectError::Range { field, found, allowed });
        if self.perplexity.is_empty() {
            return refuse("perplexity", "an empty list".to_owned(), "one number or more");
        }
        if let Some(bad) = self.perplexity.iter().find(|p| !(**p > 1.0 && p.is_finite())) {
            return refuse("perplexity", bad.to_string(), "above 1");
        }
        let unit = "0 to 1";
        let at_least_one = "1 and above";
        let factor = |v: f64| (1.0..=1e6).contains(&v);
        let positive = |v: f64| v > 0.0 && v <= 1e12;
        let checks = [
            ("theta", self.theta, (0.0..=1.0).contains(&self.theta), unit),
            ("exaggeration", self.exaggeration, factor(self.exaggeration), "1 to 1000000"),
            ("late-exaggeration", self.late_exaggeration, factor(self.late_exaggeration), "1 to 1000000"),
            (
                "learning-rate",
                self.learning_rate.unwrap_or(1.0),
                self.learning_rate.is_none_or(positive),
                "above 0 to 1e12",
            ),
            ("momentum", self.momentum[0], (0.0..1.0).contains(&self.momentum[0]), "0 to below 1"),
            ("momentum", self.momentum[1], (0.0..1.0).contains(&self.momentum[1]), "0 to below 1"),
            ("max-step-norm", self.max_step_norm, positive(self.max_step_norm), "above 0 to 1e12"),
            (
                "degrees-of-freedom",
                self.degrees_of_freedom,
                (0.1..=100.0).contains(&self.degrees_of_freedom),
                "0.1 to 100",
            ),
            ("min-gradient-norm", self.min_gradient_norm, self.min_gradient_norm >= 0.0, "0 and above"),
            ("report-every", self.report_every as f64, self.report_every > 0, at_least_one),
        ];
        match checks.into_iter().find(|(_, _, ok, _)| !ok) {
            Some((field, found, _, allowed)) => refuse(field, found.to_string(), allowed),
            None => Ok(()),
        }
    }
}

/// How the repulsion between points is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TsneMethod {
    /// Exact for few points, by interpolation otherwise.
    #[default]
    Auto,
    /// All pairs.
    Exact,
    /// Far points by cells of a quadtree (van der Maaten, JMLR 15, 2014).
    BarnesHut,
    /// On a grid, by fast Fourier transforms (as Linderman et al., Nature Methods 16, 2019, with B-splines).
    Fft,
}

/// Where points start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialization {
    /// The first two principal components, scaled so that the first has standard deviation 0.0001.
    #[default]
    Pca,
    /// Normal noise of standard deviation 0.0001.
    Random,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a number or a list of numbers")]
    enum OneOrMany {
        One(f64),
        Many(Vec<f64>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}
