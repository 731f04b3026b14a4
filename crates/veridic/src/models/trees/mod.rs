//! Boosted trees that tell the classes of a column of a table from its other columns.

mod bins;

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

pub(crate) use bins::Bins;

use super::boost::{BoostConfig, Features, Probabilities, Softmax};
use super::{Stored, parallel};
use crate::data::{Schema, Table};
use crate::error::{ConfigError, ModelError, Result};
use crate::seed::Seed;

/// The model in messages.
const MODEL: &str = "a classifier of boosted trees";

/// Most classes that are told apart; rarer ones count as none.
const MOST_CLASSES: usize = 254;

/// Rows whose classes are told together.
const PIECE: usize = 4096;

/// Settings of a classifier of boosted trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct BoostedTreesConfig {
    /// Most rounds, one tree each, from 1.
    pub rounds: usize,
    /// Share of a leaf's Newton step that is taken, above 0 to 1.
    pub learning_rate: f32,
    /// Splits from the root to a leaf, 1 to 8.
    pub depth: usize,
    /// Fewest rows of a leaf, from 1.
    pub min_leaf: usize,
    /// Rounds without a better loss of the rows kept for it before boosting stops, from 1.
    pub patience: usize,
    /// Share of the training rows that boosting stops by, 0 to 0.5; with 0 all rounds are run.
    pub validation: f64,
    /// Share of the columns that a tree looks at, drawn for each, above 0 to 1.
    pub columns: f64,
}

impl Default for BoostedTreesConfig {
    fn default() -> Self {
        Self {
            rounds: 400,
            learning_rate: 0.08,
            depth: 6,
            min_leaf: 5,
            patience: 25,
            validation: 0.1,
            columns: 1.0,
        }
    }
}

impl BoostedTreesConfig {
    /// The settings of boosting over so many columns.
    fn boost(&self, columns: usize) -> BoostConfig {
        BoostConfig {
            rounds: self.rounds,
            learning_rate: self.learning_rate,
            depth: self.depth,
            min_leaf: self.min_leaf,
            lambda: 1.0,
            patience: self.patience,
            validation: self.validation,
            groups: Vec::new(),
            features: ((columns as f64 * self.columns).ceil() as usize).max(1),
        }
    }

    /// Checks ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        if !(self.columns > 0.0 && self.columns <= 1.0) {
            let (field, found) = (format!("{path}.columns"), self.columns.to_string());
            return Err(ConfigError::Range { field, found, allowed: "above 0 to 1".to_string() });
        }
        self.boost(1).check(path)
    }
}

/// A fitted classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostedTrees {
    target: String,
    classes: Vec<String>,
    bins: Bins,
    model: Softmax,
}

impl BoostedTrees {
    /// Learns to tell the column `target` of `table` from its other columns that `schema` knows to be none of names and
    /// constants, from the rows `rows` whose target is there. `None` once `stop` is raised.
    ///
    /// # Errors
    /// Fewer than two classes among the rows; no other column.
    pub fn fit(
        config: &BoostedTreesConfig,
        (table, schema): (&Table, &Schema),
        (target, rows): (&str, &[usize]),
        (seed, threads): (Seed, usize),
        stop: &AtomicBool,
    ) -> Result<Option<Self>> {
        use crate::data::Kind;
        let labels = crate::data::labels(table.require(target)?);
        let mut counts = std::collections::BTreeMap::new();
        for label in rows.iter().filter_map(|&row| labels[row].as_deref()) {
            *counts.entry(label).or_insert(0usize) += 1;
        }
        let mut classes: Vec<&str> = counts.keys().copied().collect();
        classes.sort_by(|a, b| counts[b].cmp(&counts[a]).then(a.cmp(b)));
        classes.truncate(MOST_CLASSES);
        classes.sort_unstable();
        if classes.len() < 2 {
            return Err(ModelError::OneClass { model: MODEL, target: target.to_string() }.into());
        }
        let at = |row: usize| {
            labels[row].as_deref().and_then(|label| classes.binary_search(&label).ok()).map(|at| at as u8)
        };
        let known: Vec<usize> = rows.iter().copied().filter(|&row| at(row).is_some()).collect();
        let is_told_by = |column: &&crate::data::ColumnSchema| {
            column.name != target && !matches!(column.kind, Kind::Identifier | Kind::Constant { .. })
        };
        let columns: Vec<&str> =
            schema.columns.iter().filter(is_told_by).map(|column| column.name.as_str()).collect();
        let bins = Bins::fit(table, columns, &known);
        let learned = table.take(&known);
        let codes = bins.codes(&learned);
        let features = bins.features(&codes);
        if features.is_empty() {
            return Err(ModelError::NoColumns { model: MODEL }.into());
        }
        let of_rows: Vec<u8> = known.iter().filter_map(|&row| at(row)).collect();
        let mut random = seed.stream("boosted trees");
        let fit = || {
            let of = (of_rows.as_slice(), classes.len(), false);
            Ok(Softmax::fit(&features, of, None, &config.boost(features.len()), &mut random, stop))
        };
        let Some(model) = parallel(threads, fit)? else { return Ok(None) };
        let classes = classes.into_iter().map(str::to_string).collect();
        Ok(Some(Self { target: target.to_string(), classes, bins, model }))
    }

    /// The column that it tells.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The values of the target, in order.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The columns that it tells them by.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.bins.names()
    }

    /// The probability of each class, `[rows, classes]`, row by row.
    pub fn probabilities(&self, table: &Table) -> Vec<f32> {
        let codes = self.bins.codes(table);
        probabilities(&self.model, &self.bins.features(&codes), table.n_rows)
    }

    /// The classifier as tensors and texts.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let mut say = |name: &str, text: String| stored.about.insert(name.to_string(), text);
        say("target", self.target.clone());
        say("classes", serde_json::to_string(&self.classes).expect("texts are JSON"));
        say("bins", serde_json::to_string(&self.bins).expect("plain data is JSON"));
        stored.absorb("trees", self.model.store());
        stored
    }

    /// The classifier that was stored.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let bins: Bins = serde_json::from_str(stored.text("bins")?).map_err(|error| error.to_string())?;
        let classes: Vec<String> =
            serde_json::from_str(stored.text("classes")?).map_err(|error| error.to_string())?;
        let model = Softmax::restore(&stored.below("trees"), bins.names().count())?;
        if model.classes() != classes.len() {
            return Err("`classes` are not as many as the trees tell".to_string());
        }
        Ok(Self { target: stored.text("target")?.to_string(), classes, bins, model })
    }
}

/// Class probabilities, `[rows, classes]`.
pub(crate) fn probabilities(model: &Softmax, features: &Features<'_>, rows: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows * model.classes());
    let mut piece = Probabilities::default();
    for from in (0..rows).step_by(PIECE) {
        let to = rows.min(from + PIECE);
        model.predict(features, from, to, &mut piece);
        for row in 0..to - from {
            values.extend((0..model.classes()).map(|class| piece.at(row, class)));
        }
    }
    values
}
