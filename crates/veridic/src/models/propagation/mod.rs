//! Label propagation: a few labelled rows give their classes to all others along a graph of nearest neighbors.
//!
//! Zhou, Bousquet, Lal, Weston and Schölkopf, "Learning with local and global consistency", NeurIPS 2003. Classes are heaps
//! in the space of codes: where that is so (digits), one label a class is enough; where it is not (fraud), it is not.

mod coder;
mod spread;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::coder::Coder;
use super::{Layout, Rows, Stored, parallel};
use crate::data::Matrix;
use crate::error::{ConfigError, ModelError, Result};
use crate::label;
use crate::project::{self, Graph, NeighborMethod, Neighbors};
use crate::seed::Seed;

/// The model in messages.
const MODEL: &str = "label propagation";

/// Leading eigenvectors of the graph in which rows to ask for are looked for.
const EIGENVECTORS: usize = 20;

/// Rows whose classes are looked up together.
const PIECE: usize = 4096;

/// How large classes are among the rows without a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassShares {
    /// As among the labels, one added to each class.
    #[default]
    Labelled,
    /// All of one size.
    Equal,
}

/// Settings of label propagation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PropagationConfig {
    /// Nearest neighbors that a row is joined to, 1 to 100.
    pub neighbors: usize,
    /// Share of its neighbors in what is said of a row; the rest is its own label. Above 0 to below 1.
    pub alpha: f64,
    /// Most principal components in which neighbors are looked for, 1 to 1000; narrower rows are taken as they are.
    pub components: usize,
    /// Whether images of one channel are set upright first: sheared and centered by their moments, as suits digits that are
    /// bright on black.
    pub deskew: bool,
    /// How large classes are among the rows without a label.
    pub class_shares: ClassShares,
    /// Training rows by which a new row is told, 1 to 100.
    pub lookup: usize,
    /// Whether the graph chooses the `data.labelled` rows whose labels are looked at, instead of chance: those in the middle of
    /// as many clusters, whatever their class. What asking a person for them would give.
    pub ask: bool,
    /// Whether the error with other numbers of labels is reported as well, all on the one graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<LabelCurveConfig>,
}

/// Numbers of labels whose error is measured beside that of a run's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct LabelCurveConfig {
    /// Labels, each at least 2: one of each class first, then by chance.
    pub labels: Vec<usize>,
    /// Draws of the labels, 1 to 100; each has a seed of its own, the run's and those after it.
    pub draws: usize,
}

impl Default for LabelCurveConfig {
    fn default() -> Self {
        Self { labels: vec![10, 20, 50, 100, 200], draws: 10 }
    }
}

impl Default for PropagationConfig {
    fn default() -> Self {
        Self {
            neighbors: 10,
            alpha: 0.99,
            components: 50,
            deskew: false,
            class_shares: ClassShares::Labelled,
            lookup: 8,
            ask: false,
            curve: None,
        }
    }
}

impl PropagationConfig {
    /// Checks ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |name: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: format!("{path}.{name}"), found, allowed: allowed.to_string() })
        };
        for (name, value, most) in [
            ("neighbors", self.neighbors, 100),
            ("components", self.components, 1000),
            ("lookup", self.lookup, 100),
        ] {
            if !(1..=most).contains(&value) {
                return range(name, value.to_string(), &format!("1 to {most}"));
            }
        }
        if let Some(curve) = &self.curve {
            if let Some(few) = curve.labels.iter().find(|labels| **labels < 2) {
                return range("curve.labels", few.to_string(), "2 and above each");
            }
            if !(1..=100).contains(&curve.draws) {
                return range("curve.draws", curve.draws.to_string(), "1 to 100");
            }
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return range("alpha", self.alpha.to_string(), "above 0 to below 1");
        }
        Ok(())
    }
}

/// The graph of a set of rows, before any label is known.
#[derive(Debug)]
pub struct Neighborhood {
    config: PropagationConfig,
    coder: Coder,
    codes: Matrix,
    graph: Graph,
    threads: usize,
}

/// Rows with their classes, by which new rows are told.
#[derive(Debug)]
pub struct Propagation {
    classes: Vec<String>,
    coder: Coder,
    codes: Matrix,
    /// The probability of each class for each of those rows.
    shares: Matrix,
    lookup: usize,
}

impl Neighborhood {
    /// Joins the rows `train` to their nearest neighbors among themselves.
    ///
    /// # Errors
    /// Fewer than three rows, rows without a column beside the target, what finding neighbors says.
    pub fn new(
        config: &PropagationConfig,
        (rows, layout): (Rows<'_>, &Layout),
        train: &[u32],
        (seed, threads): (Seed, usize),
    ) -> Result<Self> {
        if train.len() < 3 {
            return Err(ModelError::TooFewRows { model: MODEL, found: train.len(), needed: 3 }.into());
        }
        let (coder, codes) = Coder::fit(config, (rows, layout), train, (seed, threads))?;
        let k = config.neighbors.min(train.len() - 1);
        let found = project::neighbors(&codes, k, NeighborMethod::Auto, threads)?;
        Ok(Self { config: config.clone(), coder, graph: Graph::new(&found), codes, threads })
    }

    /// The codes of the rows, in which neighbors were looked for.
    pub fn codes(&self) -> &Matrix {
        &self.codes
    }

    /// The places, among the rows the graph is of, of the `count` rows to ask for first: the middles of as many clusters in
    /// the leading eigenvectors of the graph, largest cluster first.
    ///
    /// Source: spectral clustering as Ng, Jordan and Weiss, NeurIPS 2001, with the row nearest each center as the one to ask.
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn typical(&self, count: usize, seed: Seed) -> Result<Vec<u32>> {
        // As many directions as heaps are sought: further ones part what is within them.
        let vectors = EIGENVECTORS.min(count.max(2));
        let vectors = parallel(self.threads, || Ok(self.graph.spectral(vectors, seed)))?;
        let all: Vec<u32> = (0..vectors.n_rows as u32).collect();
        Ok(label::typical(&vectors, &all, count, seed)?)
    }

    /// Gives the labels to all rows: `labels` has for each row of the graph the number of its class, where that is known.
    ///
    /// # Errors
    /// [`ModelError::OneClass`] where fewer than two classes are labelled; `target` names the column in it.
    pub fn propagate(&self, labels: &[Option<u16>], classes: &[String], target: &str) -> Result<Propagation> {
        let shares = self.shares(labels, classes.len(), target)?;
        Ok(Propagation {
            classes: classes.to_vec(),
            coder: self.coder.clone(),
            lookup: self.config.lookup.min(self.codes.n_rows),
            codes: self.codes.clone(),
            shares,
        })
    }

    /// The probability of each of `classes` classes for each row of the graph, given labels as [`propagate`](Self::propagate) takes
    /// them.
    ///
    /// # Errors
    /// As those of [`propagate`](Self::propagate).
    pub(crate) fn shares(&self, labels: &[Option<u16>], classes: usize, target: &str) -> Result<Matrix> {
        let mut counts = vec![0usize; classes];
        for class in labels.iter().flatten() {
            if let Some(count) = counts.get_mut(usize::from(*class)) {
                *count += 1;
            }
        }
        if labels.len() != self.codes.n_rows || counts.iter().filter(|count| **count > 0).count() < 2 {
            return Err(ModelError::OneClass { model: MODEL, target: target.to_string() }.into());
        }
        let (alpha, equal) = (self.config.alpha, self.config.class_shares == ClassShares::Equal);
        let spread = || Ok(spread::spread(&self.graph, labels, &counts, (alpha, equal)));
        Ok(parallel(self.threads, spread)?)
    }

    /// The codes of other rows, and the rows of the graph by which each of them is told.
    ///
    /// # Errors
    /// Rows of another width; values that are not finite.
    pub(crate) fn lookup(&self, rows: Rows<'_>, index: &[u32]) -> Result<(Matrix, Neighbors)> {
        let codes = self.coder.codes(rows, index, self.threads)?;
        let found =
            project::nearest(&self.codes, &codes, self.config.lookup.min(self.codes.n_rows), self.threads)?;
        Ok((codes, found))
    }

    /// The graph as tensors, to go on with it in a later run.
    pub(crate) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("codes", &[self.codes.n_rows, self.codes.n_cols], self.codes.values.clone());
        stored.absorb("coder", self.coder.store());
        let (ends, to, weights, degrees) = self.graph.edges();
        stored.insert("ends", &[ends.len()], ends.iter().map(|end| *end as u64).collect::<Vec<u64>>());
        stored.insert("to", &[to.len()], to.to_vec());
        stored.insert("weights", &[weights.len()], weights.to_vec());
        stored.insert("degrees", &[degrees.len()], degrees.to_vec());
        stored
    }

    /// The graph that was stored.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub(crate) fn restore(
        config: &PropagationConfig,
        stored: &Stored,
        (rows, threads): (usize, usize),
    ) -> Result<Self, String> {
        let coder = Coder::restore(&stored.below("coder"))?;
        let values = stored.values::<f32>("codes")?.to_vec();
        let codes = Matrix { n_rows: rows, n_cols: coder.width(), values };
        let ends: Vec<usize> = stored.values::<u64>("ends")?.iter().map(|end| *end as usize).collect();
        let of_edges = stored.values::<u32>("to")?.to_vec();
        let weights = stored.values::<f32>("weights")?.to_vec();
        let degrees = stored.values::<f32>("degrees")?.to_vec();
        let graph = Graph::of_edges(&ends, (of_edges, weights, degrees))
            .ok_or("the edges of the graph do not fit each other")?;
        if codes.values.len() != rows * codes.n_cols || graph.rows() != rows {
            return Err("the graph is of other rows".to_string());
        }
        Ok(Self { config: config.clone(), coder, codes, graph, threads })
    }
}

impl Propagation {
    /// The classes, in order.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The probability of each class for each row that the graph is of: rows x classes.
    pub fn shares(&self) -> &Matrix {
        &self.shares
    }

    /// Values of the rows it is for.
    pub(crate) fn row_width(&self) -> usize {
        self.coder.row_width()
    }

    /// The codes of the rows `index`, in which neighbors are looked for.
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn codes(&self, rows: Rows<'_>, index: &[u32], threads: usize) -> Result<Matrix> {
        self.coder.codes(rows, index, threads)
    }

    /// The probability of each class for each of the rows `index`, `[rows, classes]` row by row: the mean over its nearest
    /// rows of the graph, weighted by `exp(-d²/s²)` with s the distance of the farthest of them.
    ///
    /// # Errors
    /// Rows of another width; values that are not finite.
    pub fn probabilities(&self, rows: Rows<'_>, index: &[u32], threads: usize) -> Result<Vec<f32>> {
        let mut shares = Vec::with_capacity(index.len() * self.classes.len());
        for piece in index.chunks(PIECE) {
            let codes = self.coder.codes(rows, piece, threads)?;
            shares.extend(told(&self.shares, &project::nearest(&self.codes, &codes, self.lookup, threads)?));
        }
        Ok(shares)
    }

    /// The model as tensors and texts.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let classes = serde_json::to_string(&self.classes).expect("texts are JSON");
        stored.about.insert("classes".to_string(), classes);
        stored.insert("lookup", &[1], vec![self.lookup as u64]);
        stored.insert("codes", &[self.codes.n_rows, self.codes.n_cols], self.codes.values.clone());
        stored.insert("shares", &[self.shares.n_rows, self.shares.n_cols], self.shares.values.clone());
        stored.absorb("coder", self.coder.store());
        stored
    }

    /// The model that was stored.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let classes: Vec<String> =
            serde_json::from_str(stored.text("classes")?).map_err(|error| error.to_string())?;
        let coder = Coder::restore(&stored.below("coder"))?;
        let matrix = |name: &str, n_cols: usize| -> Result<Matrix, String> {
            let values = stored.values::<f32>(name)?.to_vec();
            if n_cols == 0 || values.is_empty() || values.len() % n_cols != 0 {
                return Err(format!("`{name}` has no rows of {n_cols} values"));
            }
            if values.iter().any(|value| !value.is_finite()) {
                return Err(format!("`{name}` has a value that is not finite"));
            }
            Ok(Matrix { n_rows: values.len() / n_cols, n_cols, values })
        };
        let (codes, shares) = (matrix("codes", coder.width())?, matrix("shares", classes.len())?);
        let lookup = stored.values::<u64>("lookup")?.first().copied().unwrap_or(0) as usize;
        if codes.n_rows != shares.n_rows || !(1..=codes.n_rows).contains(&lookup) {
            return Err("`codes`, `shares` and `lookup` do not fit each other".to_string());
        }
        Ok(Self { classes, coder, codes, shares, lookup })
    }
}

/// The probability of each class for rows whose neighbors were found, row by row: the mean of the shares of these, weighted by
/// `exp(-d²/s²)` with s the distance of the farthest of them.
pub(crate) fn told(shares: &Matrix, found: &Neighbors) -> Vec<f32> {
    let (k, rows) = (shares.n_cols, found.indices.len() / found.k.max(1));
    let mut all = Vec::with_capacity(rows * k);
    for i in 0..rows {
        let distances = &found.distances[i * found.k..(i + 1) * found.k];
        let far = distances.iter().copied().fold(0.0_f32, f32::max).powi(2).max(1e-9);
        let mut sum = vec![0.0_f32; k];
        for (&row, distance) in found.of(i).iter().zip(distances) {
            let weight = (-distance * distance / far).exp();
            let of_row = shares.row(row as usize);
            sum.iter_mut().zip(of_row).for_each(|(sum, share)| *sum += weight * share);
        }
        let total: f32 = sum.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        all.extend(sum.into_iter().map(|sum| sum / total));
    }
    all
}
