//! The classifiers of the books: how rows of each class are spread (generative: naive Bayes, linear and quadratic discriminants)
//! or only where classes part (discriminative: logistic regression, nearest neighbors, randomized trees).
//!
//! All see a mixed table by the encoding of the detectors: numbers in standard deviations, categories as corners of a simplex,
//! missing cells as values of their own. Ng and Jordan, "On discriminative vs. generative classifiers" (NeurIPS 2001), compare
//! naive Bayes with logistic regression: the one needs fewer rows, the other ends better.

mod covariance;
mod density;
mod extra_trees;
mod linear;
mod logistic;
mod naive_bayes;
mod nearest;
mod quadratic;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::detector::encoding::{Encoded, Encoding};
use super::detector::stored::{Parts, insert_json};
use super::detector::tail::Tail;
use super::{Stored, parallel};
use crate::data::{Kind, Matrix, Schema, Table, labels};
use crate::error::{ConfigError, ModelError, Result};
use crate::seed::Seed;

pub use extra_trees::{ExtraTrees, ExtraTreesConfig};
pub use linear::{LinearDiscriminant, LinearDiscriminantConfig};
pub use logistic::{LogisticRegression, LogisticRegressionConfig};
pub use naive_bayes::{NaiveBayes, NaiveBayesConfig};
pub use nearest::{NearestClasses, NearestClassesConfig};
pub use quadratic::{QuadraticDiscriminant, QuadraticDiscriminantConfig};

/// The model in messages.
const MODEL: &str = "a classifier";

/// Most classes that are told apart; rarer ones count as none.
const MOST_CLASSES: usize = 254;

/// Rows that are encoded together.
const PIECE: usize = 4096;

/// Which classifier, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "as the settings")]
pub enum DiscriminantConfig {
    NaiveBayes(NaiveBayesConfig),
    LinearDiscriminant(LinearDiscriminantConfig),
    QuadraticDiscriminant(QuadraticDiscriminantConfig),
    LogisticRegression(LogisticRegressionConfig),
    NearestClasses(NearestClassesConfig),
    ExtraTrees(ExtraTreesConfig),
}

/// A way to tell classes.
#[derive(Debug)]
#[expect(missing_docs, reason = "as the settings")]
pub enum Method {
    NaiveBayes(NaiveBayes),
    LinearDiscriminant(LinearDiscriminant),
    QuadraticDiscriminant(QuadraticDiscriminant),
    LogisticRegression(LogisticRegression),
    NearestClasses(NearestClasses),
    ExtraTrees(ExtraTrees),
}

/// A fitted classifier of a table.
#[derive(Debug)]
pub struct Discriminant {
    target: String,
    classes: Vec<String>,
    encoding: Encoding,
    method: Method,
    /// The surprises of training rows, of generative ones.
    tail: Option<Tail>,
}

/// Rows with the place of their class.
pub(super) struct Lesson<'a> {
    pub(super) encoded: &'a Encoded,
    /// The rows as points.
    pub(super) points: &'a Matrix,
    pub(super) of: &'a [usize],
    pub(super) classes: usize,
}

impl Lesson<'_> {
    /// `ln` of the share of each class.
    fn log_priors(&self) -> Vec<f64> {
        self.counts().iter().map(|count| (count / self.of.len() as f64).ln()).collect()
    }

    fn counts(&self) -> Vec<f64> {
        let mut counts = vec![0.0; self.classes];
        self.of.iter().for_each(|&class| counts[class] += 1.0);
        counts
    }

    /// The mean point of each class.
    fn means(&self) -> Vec<Vec<f64>> {
        let mut means = vec![vec![0.0; self.points.n_cols]; self.classes];
        for (i, &class) in self.of.iter().enumerate() {
            means[class].iter_mut().zip(self.points.row(i)).for_each(|(mean, x)| *mean += f64::from(*x));
        }
        for (mean, count) in means.iter_mut().zip(self.counts()) {
            mean.iter_mut().for_each(|v| *v /= count);
        }
        means
    }
}

impl Method {
    /// Whether it knows how rows of each class are spread.
    fn is_generative(&self) -> bool {
        matches!(self, Self::NaiveBayes(_) | Self::LinearDiscriminant(_) | Self::QuadraticDiscriminant(_))
    }

    /// `ln p(x, class)` of each class for row `i`; `None` where it only tells classes apart.
    fn log_joint(&self, encoded: &Encoded, points: &Matrix, i: usize) -> Option<Vec<f64>> {
        match self {
            Self::NaiveBayes(fitted) => Some(fitted.log_joint(encoded, i)),
            Self::LinearDiscriminant(fitted) => Some(fitted.log_joint(points.row(i))),
            Self::QuadraticDiscriminant(fitted) => Some(fitted.log_joint(points.row(i))),
            Self::LogisticRegression(_) | Self::NearestClasses(_) | Self::ExtraTrees(_) => None,
        }
    }
}

impl DiscriminantConfig {
    /// Whether it learns how rows of each class are spread, so that it makes rows and scores them.
    pub fn is_generative(&self) -> bool {
        matches!(self, Self::NaiveBayes(_) | Self::LinearDiscriminant(_) | Self::QuadraticDiscriminant(_))
    }

    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let positive = |field: &str, found: f64, from_zero: bool| {
            if found.is_finite() && (found > 0.0 || (from_zero && found == 0.0)) {
                return Ok(());
            }
            Err(ConfigError::Range {
                field: format!("{path}.{field}"),
                found: found.to_string(),
                allowed: if from_zero { "0 or more" } else { "above 0" }.to_string(),
            })
        };
        match self {
            Self::NaiveBayes(config) => {
                positive("floor", config.floor, false)?;
                positive("pseudo-count", config.pseudo_count, false)
            }
            Self::LinearDiscriminant(config) => positive("floor", config.floor, true),
            Self::QuadraticDiscriminant(config) => {
                positive("floor", config.floor, true)?;
                match config.shrink.filter(|shrink| !(0.0..=1.0).contains(shrink)) {
                    None => Ok(()),
                    Some(shrink) => Err(ConfigError::Range {
                        field: format!("{path}.shrink"),
                        found: shrink.to_string(),
                        allowed: "0 to 1".to_string(),
                    }),
                }
            }
            Self::LogisticRegression(config) => {
                positive("penalty", config.penalty, true)?;
                positive("rounds", config.rounds as f64, false)
            }
            Self::NearestClasses(config) => {
                positive("k", config.k as f64, false)?;
                positive("reference", config.reference as f64, false)
            }
            Self::ExtraTrees(config) => {
                positive("min-leaf", config.min_leaf as f64, false)?;
                positive("columns", config.columns.unwrap_or(1) as f64, false)?;
                positive("trees", config.trees as f64, false)
            }
        }
    }
}

impl Discriminant {
    /// Learns to tell the column `target` of `table` from its other columns that `schema` knows to be none of names and
    /// constants, from the rows `rows` whose target is there.
    ///
    /// # Errors
    /// Fewer than two classes among the rows; no other column; more columns than a covariance is found of.
    pub fn fit(
        config: &DiscriminantConfig,
        (table, schema): (&Table, &Schema),
        (target, rows): (&str, &[usize]),
        (seed, threads): (Seed, usize),
    ) -> Result<Self> {
        let labels = labels(table.require(target)?);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for label in rows.iter().filter_map(|&row| labels[row].as_deref()) {
            *counts.entry(label).or_default() += 1;
        }
        let mut classes: Vec<&str> = counts.keys().copied().collect();
        classes.sort_by(|a, b| counts[b].cmp(&counts[a]).then(a.cmp(b)));
        classes.truncate(MOST_CLASSES);
        classes.sort_unstable();
        if classes.len() < 2 {
            return Err(ModelError::OneClass { model: MODEL, target: target.to_string() }.into());
        }
        let place = |row: usize| labels[row].as_deref().and_then(|label| classes.binary_search(&label).ok());
        let (known, of): (Vec<usize>, Vec<usize>) =
            rows.iter().filter_map(|&row| Some((row, place(row)?))).unzip();
        let mut told_by = schema.clone();
        told_by
            .columns
            .retain(|c| c.name != target && !matches!(c.kind, Kind::Identifier | Kind::Constant { .. }));
        let fit = || -> Result<Self> {
            let encoding = Encoding::fit(MODEL, table, &told_by, &known)?;
            if encoding.layout.width == 0 {
                return Err(ModelError::NoColumns { model: MODEL }.into());
            }
            let encoded = encoding.encode(MODEL, table, &known)?;
            let points = encoding.layout.standard(&encoded);
            let lesson = Lesson { encoded: &encoded, points: &points, of: &of, classes: classes.len() };
            let method = match config {
                DiscriminantConfig::NaiveBayes(config) => {
                    Method::NaiveBayes(NaiveBayes::fit(config, &encoding, &lesson))
                }
                DiscriminantConfig::LinearDiscriminant(config) => {
                    Method::LinearDiscriminant(LinearDiscriminant::fit(config, &lesson)?)
                }
                DiscriminantConfig::QuadraticDiscriminant(config) => {
                    Method::QuadraticDiscriminant(QuadraticDiscriminant::fit(config, &lesson)?)
                }
                DiscriminantConfig::LogisticRegression(config) => {
                    Method::LogisticRegression(LogisticRegression::fit(config, &lesson))
                }
                DiscriminantConfig::NearestClasses(config) => {
                    Method::NearestClasses(NearestClasses::fit(config, &lesson)?)
                }
                DiscriminantConfig::ExtraTrees(config) => {
                    Method::ExtraTrees(ExtraTrees::fit(config, &lesson, seed))
                }
            };
            let classes = classes.iter().map(|class| (*class).to_string()).collect();
            let mut fitted = Self { target: target.to_string(), classes, encoding, method, tail: None };
            fitted.calibrate(table, &known)?;
            Ok(fitted)
        };
        parallel(threads, || Ok(fit()))?
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
        self.encoding.columns.iter().map(|column| column.name.as_str())
    }

    /// The probability of each class, `[rows, classes]`, row by row.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`].
    pub fn probabilities(&self, table: &Table) -> Result<Vec<f32>> {
        self.by_piece(table, |encoded, points| {
            let nearest = match &self.method {
                Method::NearestClasses(nearest) => nearest.search(points)?,
                _ => Vec::new(),
            };
            let of = |i: usize| {
                let x = points.row(i);
                match &self.method {
                    Method::LogisticRegression(fitted) => softmax(&fitted.logits(x)),
                    Method::NearestClasses(fitted) => fitted.shares(&nearest, i),
                    Method::ExtraTrees(fitted) => fitted.shares(x),
                    generative => softmax(&generative.log_joint(encoded, points, i).unwrap_or_default()),
                }
            };
            Ok((0..encoded.n_rows).into_par_iter().map(of).collect::<Vec<_>>().concat())
        })
    }

    /// What `of` gives of the rows of a table, piece by piece: encoded, and as points.
    fn by_piece<T>(&self, table: &Table, of: impl Fn(&Encoded, &Matrix) -> Result<Vec<T>>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for first in (0..table.n_rows).step_by(PIECE) {
            let rows: Vec<usize> = (first..table.n_rows.min(first + PIECE)).collect();
            let encoded = self.encoding.encode(MODEL, table, &rows)?;
            let mut points = self.encoding.layout.standard(&encoded);
            self.encoding.layout.center_unseen(&encoded, &mut points);
            all.extend(of(&encoded, &points)?);
        }
        Ok(all)
    }

    /// The classifier as tensors and texts.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.about.insert("target".to_string(), self.target.clone());
        insert_json(&mut stored, "classes", &self.classes);
        stored.absorb("encoding", self.encoding.store());
        if let Some(tail) = &self.tail {
            tail.store(&mut stored, "tail");
            stored.about.insert("scores".to_string(), "kept".to_string());
        }
        let (name, own) = match &self.method {
            Method::NaiveBayes(fitted) => ("naive-bayes", fitted.store()),
            Method::LinearDiscriminant(fitted) => ("linear-discriminant", fitted.store()),
            Method::QuadraticDiscriminant(fitted) => ("quadratic-discriminant", fitted.store()),
            Method::LogisticRegression(fitted) => ("logistic-regression", fitted.store()),
            Method::NearestClasses(fitted) => ("nearest-classes", fitted.store()),
            Method::ExtraTrees(fitted) => ("extra-trees", fitted.store()),
        };
        stored.about.insert("method".to_string(), name.to_string());
        stored.absorb("fitted", own);
        stored
    }

    /// The classifier that was stored.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let classes: Vec<String> = stored.json("classes")?;
        let encoding = Encoding::restore(&stored.below("encoding"))?;
        let (own, k, width) = (stored.below("fitted"), classes.len(), encoding.layout.width);
        if k < 2 || width == 0 {
            return Err("a classifier has two classes and a column".to_string());
        }
        let method = match stored.text("method")? {
            "naive-bayes" => Method::NaiveBayes(NaiveBayes::restore(&own, k, &encoding)?),
            "linear-discriminant" => Method::LinearDiscriminant(LinearDiscriminant::restore(&own, k, width)?),
            "quadratic-discriminant" => {
                Method::QuadraticDiscriminant(QuadraticDiscriminant::restore(&own, k, width)?)
            }
            "logistic-regression" => Method::LogisticRegression(LogisticRegression::restore(&own, k, width)?),
            "nearest-classes" => Method::NearestClasses(NearestClasses::restore(&own, k, width)?),
            "extra-trees" => Method::ExtraTrees(ExtraTrees::restore(&own, k, width)?),
            other => return Err(format!("there is no classifier `{other}`")),
        };
        // Runs of before have none.
        let tail = match stored.about.get("scores").map(String::as_str) {
            None => None,
            Some("kept") => Some(Tail::restore(stored, "tail")?),
            Some(other) => return Err(format!("scores of training rows are not `{other}`")),
        };
        Ok(Self { target: stored.text("target")?.to_string(), classes, encoding, method, tail })
    }
}

/// Shares that sum to 1, in the proportion of the exponentials.
fn softmax(logs: &[f64]) -> Vec<f32> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    logs.iter().map(|log| ((log - most).exp() / sum) as f32).collect()
}
