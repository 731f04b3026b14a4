//! Naive Bayes: within a class every column for itself, numbers as Gaussians, levels by their shares.

use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::Lesson;
use super::density::{drawn, normal};
use crate::models::Stored;
use crate::models::detector::encoding::{Encoded, Encoding, FittedColumn, Form, States};
use crate::models::detector::stored::{Parts, insert_json};
use crate::seed::uniform;

/// The settings of naive Bayes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct NaiveBayesConfig {
    /// Added to the variances of numbers, of columns of variance 1; above 0.
    pub floor: f64,
    /// Rows added to each level of each class; above 0 (Laplace: 1).
    pub pseudo_count: f64,
}

impl Default for NaiveBayesConfig {
    fn default() -> Self {
        Self { floor: 1e-9, pseudo_count: 1.0 }
    }
}

/// Each class's columns.
#[derive(Debug)]
pub struct NaiveBayes {
    pub(super) log_priors: Vec<f64>,
    /// By class, then column.
    columns: Vec<Vec<Spread>>,
}

/// How a column is spread within a class.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Spread {
    Gaussian {
        mean: f64,
        variance: f64,
        /// The share of the class's rows in which it is missing; runs of before do not have it.
        #[serde(default)]
        missing: Option<f64>,
    },
    /// `ln` of the share of each level, and of one that no row of the class had.
    Levels { logs: Vec<f64>, unseen: f64 },
    /// A column that says nothing.
    Same,
}

impl NaiveBayes {
    pub(super) fn fit(config: &NaiveBayesConfig, encoding: &Encoding, lesson: &Lesson<'_>) -> Self {
        let class = |k: usize| {
            let rows: Vec<usize> = (0..lesson.of.len()).filter(|&i| lesson.of[i] == k).collect();
            let columns = lesson.encoded.states.iter().zip(&encoding.columns);
            let spread =
                |(states, column): (&States, &FittedColumn)| spread(config, states, column.states(), &rows);
            columns.map(spread).collect()
        };
        Self { log_priors: lesson.log_priors(), columns: (0..lesson.classes).map(class).collect() }
    }

    /// `ln p(x, class)` of each class; missing numbers count for none.
    pub(super) fn log_joint(&self, rows: &Encoded, i: usize) -> Vec<f64> {
        let class = |(prior, columns): (&f64, &Vec<Spread>)| {
            let log = |(spread, states): (&Spread, &States)| match (spread, states) {
                (Spread::Gaussian { mean, variance, .. }, States::Numbers(z)) if !z[i].is_nan() => {
                    let square = (z[i] - mean) * (z[i] - mean) / variance;
                    -0.5 * (square + variance.ln() + (2.0 * std::f64::consts::PI).ln())
                }
                (Spread::Levels { logs, unseen }, States::Levels(codes)) => {
                    logs.get(codes[i] as usize).copied().unwrap_or(*unseen)
                }
                _ => 0.0,
            };
            prior + columns.iter().zip(&rows.states).map(log).sum::<f64>()
        };
        self.log_priors.iter().zip(&self.columns).map(class).collect()
    }

    /// States of new rows of these classes, a list a column. Numbers are missing in as many rows of a class as in training.
    pub(super) fn draw(&self, of: &[usize], encoding: &Encoding, random: &mut impl Rng) -> Vec<States> {
        let column = |(j, fitted): (usize, &FittedColumn)| match &fitted.form {
            Form::Number { .. } => {
                let all = fitted.missing_share();
                let number = |class: &usize| match &self.columns[*class][j] {
                    Spread::Gaussian { mean, variance, missing }
                        if uniform(random) >= missing.unwrap_or(all) =>
                    {
                        normal(*mean, *variance, random)
                    }
                    _ => f64::NAN,
                };
                States::Numbers(of.iter().map(number).collect())
            }
            Form::Category { .. } => {
                let level = |class: &usize| match &self.columns[*class][j] {
                    Spread::Levels { logs, .. } => drawn(logs, random) as u32,
                    Spread::Gaussian { .. } | Spread::Same => 0,
                };
                States::Levels(of.iter().map(level).collect())
            }
            Form::Same { .. } => States::Same,
        };
        encoding.columns.iter().enumerate().map(column).collect()
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("log-priors", &[self.log_priors.len()], self.log_priors.clone());
        insert_json(&mut stored, "columns", &self.columns);
        stored
    }

    pub(super) fn restore(stored: &Stored, classes: usize, encoding: &Encoding) -> Result<Self, String> {
        let log_priors = stored.finite("log-priors", classes)?;
        let columns: Vec<Vec<Spread>> = stored.json("columns")?;
        let fits = |own: &Vec<Spread>| {
            own.len() == encoding.columns.len()
                && own.iter().all(|spread| match spread {
                    Spread::Gaussian { mean, variance, .. } => mean.is_finite() && *variance > 0.0,
                    Spread::Levels { .. } | Spread::Same => true,
                })
        };
        if columns.len() != classes || !columns.iter().all(fits) {
            return Err("`columns` does not fit the classes".to_string());
        }
        Ok(Self { log_priors, columns })
    }
}

fn spread(config: &NaiveBayesConfig, states: &States, levels: usize, rows: &[usize]) -> Spread {
    match states {
        States::Numbers(z) => {
            let present = || rows.iter().map(|&i| z[i]).filter(|z| !z.is_nan());
            let n = present().count() as f64;
            if n == 0.0 {
                return Spread::Same;
            }
            let mean = present().sum::<f64>() / n;
            let variance = present().map(|z| (z - mean) * (z - mean)).sum::<f64>() / n;
            let missing = Some(1.0 - n / rows.len() as f64);
            Spread::Gaussian { mean, variance: variance + config.floor, missing }
        }
        States::Levels(codes) => {
            let mut counts = vec![config.pseudo_count; levels];
            for &i in rows {
                if let Some(count) = counts.get_mut(codes[i] as usize) {
                    *count += 1.0;
                }
            }
            let total: f64 = counts.iter().sum();
            let unseen = (config.pseudo_count / (total + config.pseudo_count)).ln();
            Spread::Levels { logs: counts.iter().map(|count| (count / total).ln()).collect(), unseen }
        }
        States::Same => Spread::Same,
    }
}
