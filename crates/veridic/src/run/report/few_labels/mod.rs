//! What few labels bring on rows that nobody chose: a semi-supervised network against plain classifiers of the same labels,
//! over several draws of the labels.

mod control;
mod curve;
mod judge;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use veridic_graph::Pool;

pub(crate) use curve::{Point, figure, from_csv, to_csv};

use self::judge::{Contest, Scores};
use super::told::told;
use crate::error::{ConfigError, Result, RunError};
use crate::evaluate;
use crate::models::{ModelConfig, Network};
use crate::run::config::{Config, SplitBy};
use crate::run::dataset::{self, Dataset, few::FewConfig};
use crate::run::fit::{Training, network};
use crate::train::{Checkpoint, End, Event, Learner as _};

/// The file of a run with the figures over training of each network and draw.
pub(crate) const CURVES: &str = "few-labels.csv";

/// How networks and classifiers of few labels are compared; the section `[few-labels]` of a recipe. Needs the split
/// `few-labels` and a semi-supervised network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FewLabelsConfig {
    /// Draws of the labels, 1 to 100; each has a seed of its own, the run's and those after it.
    pub draws: usize,
    /// Other recipes whose networks learn from the same rows, by the name they get in the report: their model, codec, training
    /// and choice of the best epoch are taken, and nothing else.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub compare: BTreeMap<String, String>,
}

impl Default for FewLabelsConfig {
    fn default() -> Self {
        Self { draws: 10, compare: BTreeMap::new() }
    }
}

impl FewLabelsConfig {
    /// Checks what the types cannot, with the rest of the configuration.
    pub(crate) fn check(&self, config: &Config) -> Result<()> {
        let conflict = |what: &str, remedy: &str| {
            Err(ConfigError::Conflict { what: what.to_string(), remedy: remedy.to_string() }.into())
        };
        if !(1..=100).contains(&self.draws) {
            let (field, found) = ("few-labels.draws".to_string(), self.draws.to_string());
            return Err(ConfigError::Range { field, found, allowed: "1 to 100".to_string() }.into());
        }
        if !is_semi_supervised(config) {
            return conflict(
                "`few-labels` compares a semi-supervised network, and the model is none",
                "give `model.gan.semi-supervised = {}`, or leave `few-labels` out",
            );
        }
        if config.data.split.by != SplitBy::FewLabels || config.data.split.valid == 0.0 {
            return conflict(
                "`few-labels` needs labelled rows for validation and rows without a label",
                "give `data.split = { by = \"few-labels\", valid = 0.33 }`, or leave `few-labels` out",
            );
        }
        self.compare.values().try_for_each(|recipe| self.form(config, recipe).map(|_| ()))
    }

    /// The configuration by which another recipe's network learns from the rows of this one.
    fn form(&self, config: &Config, recipe: &str) -> Result<Config> {
        let other = Config::recipe(recipe)?;
        let form = Config {
            seed: config.seed,
            data: config.data.clone(),
            figure: Vec::new(),
            few_labels: None,
            ..other
        };
        if is_semi_supervised(&form) {
            return Ok(form);
        }
        let what = format!("`few-labels.compare` names `{recipe}`, which is no semi-supervised network");
        Err(ConfigError::Conflict { what, remedy: "name one, or leave it out".to_string() }.into())
    }
}

fn is_semi_supervised(config: &Config) -> bool {
    matches!(&config.model, ModelConfig::Gan(gan) if gan.semi_supervised.is_some())
}

/// What was measured.
pub(crate) struct Measured {
    /// The figures, by name.
    pub(crate) report: BTreeMap<String, f64>,
    /// How the networks did over training.
    pub(crate) curves: Vec<Point>,
    /// What it comes to, in words.
    pub(crate) verdict: String,
}

/// Measures all networks and classifiers on all draws; nothing if it was stopped. Each figure is the median of the draws, with
/// `.low` and `.high` the least and the largest:
///
/// - `sgan.best_f1`, `sgan.final_f1`: F1 on test rows, where positive ones are as frequent as among the labels, with the weights
///   that were kept by validation and with those of the last step; the threshold is that of validation rows. Likewise
///   `…_average_precision`, `…_auroc`, and `…_natural_f1` and `…_natural_average_precision` where positive rows have the
///   share `data.split.few.rate`, with the threshold from unlabelled rows.
/// - `sgan.argmax_best_f1`, `sgan.argmax_final_f1`: F1 where the most probable class decides.
/// - `sgan.held`, `sgan.argmax_held`: the mean F1 on validation rows in the last twentieth of training as a share of its best,
///   with the best threshold and by the most probable class.
/// - `sgan.NAME.…`: likewise of the networks of `few-labels.compare`.
/// - `control.NAME.f1`, `.average_precision`, `.auroc`, `.natural_f1`, `.natural_average_precision`: of classifiers of the same
///   labelled rows (`logistic`, `mlp`, `boosted_trees`, `extra_trees`, `sum` of the first, third and fourth), and of those that
///   take all unlabelled rows for negative, cross-fitted (`NAME_unlabelled`; `trees_unlabelled` is the mean of both trees,
///   `sum_unlabelled` with logistic regression).
pub(crate) fn measure(
    settings: &FewLabelsConfig,
    config: &Config,
    (data, data_dir): (Option<&Path>, &Path),
    pool: &mut Pool,
    stop: &AtomicBool,
) -> Result<Option<Measured>> {
    let few = config.data.split.few.unwrap_or_default();
    let mut figures: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut curves = Vec::new();
    for draw in 0..settings.draws {
        let seed = config.seed.wrapping_add(draw as u64) & i64::MAX as u64;
        let mut forms = vec![("sgan".to_string(), config.clone())];
        for (name, recipe) in &settings.compare {
            forms.push((format!("sgan.{name}"), settings.form(config, recipe)?));
        }
        for (number, (name, mut form)) in forms.into_iter().enumerate() {
            form.seed = seed;
            let own = dataset::load(&mut form, data, data_dir)?;
            let contest = Contest::new(&own, few)?;
            let Some(trained) = train(&form, &own, &contest, pool, stop)? else { return Ok(None) };
            for (figure, value) in trained.figures {
                figures.entry(format!("{name}.{figure}")).or_default().push(value);
            }
            let of_draw = |point: Point| Point { network: name.clone(), draw, ..point };
            curves.extend(trained.curve.into_iter().map(of_draw));
            if number == 0 {
                for (control, scores) in control::scores(&own, &contest, (form.seed, pool), stop)? {
                    for (figure, value) in contest.judge(&scores)? {
                        figures.entry(format!("control.{control}.{figure}")).or_default().push(value);
                    }
                }
            }
        }
    }
    let mut report = BTreeMap::from([("few_labels.draws".to_string(), settings.draws as f64)]);
    for (name, values) in &figures {
        report.insert(name.clone(), evaluate::quantile(values, 0.5)?);
        report.insert(format!("{name}.low"), values.iter().copied().fold(f64::INFINITY, f64::min));
        report.insert(format!("{name}.high"), values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
    let verdict = verdict(&report, few);
    Ok(Some(Measured { report, curves, verdict }))
}

/// A network trained on a draw.
struct Trained {
    figures: Vec<(String, f64)>,
    curve: Vec<Point>,
}

fn train(
    config: &Config,
    data: &Dataset,
    contest: &Contest,
    pool: &mut Pool,
    stop: &AtomicBool,
) -> Result<Option<Trained>> {
    let mut network = network(config, data)?;
    let (mut curve, mut last) = (Vec::new(), None);
    let mut observe = |event: &Event| curve.extend(Point::of(event));
    let mut keep = |checkpoint: &Checkpoint| {
        last = Some(checkpoint.states.clone());
        Ok(())
    };
    let training = Training { config, data, directory: None };
    let outcome = training.run(&mut network, pool, None, (stop, &mut observe), &mut keep)?;
    if outcome.end == End::Stopped {
        return Ok(None);
    }
    let mut figures = Vec::new();
    for when in ["best", "final"] {
        if when == "final"
            && let Some(states) = last.take()
        {
            network.states_mut().entries = states;
        }
        let (scores, argmax) = network_scores(config, data, contest, (&mut network, &mut *pool))?;
        figures.push((format!("argmax_{when}_f1"), argmax));
        let judged = contest.judge(&scores)?;
        figures.extend(judged.into_iter().map(|(name, value)| (format!("{when}_{name}"), value)));
    }
    let held = |of: fn(&Point) -> f64| {
        let values: Vec<f64> = curve.iter().map(of).collect();
        let tail = &values[values.len() - values.len().div_ceil(20)..];
        let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        tail.iter().sum::<f64>() / tail.len().max(1) as f64 / most
    };
    figures.push(("held".to_string(), held(|point| point.best_f1)));
    figures.push(("argmax_held".to_string(), held(|point| point.argmax_f1)));
    Ok(Some(Trained { figures, curve }))
}

/// What the network says of all parts, and the F1 where its most probable class decides.
fn network_scores(
    config: &Config,
    data: &Dataset,
    contest: &Contest,
    (network, pool): (&mut Network, &mut Pool),
) -> Result<(Scores, f64)> {
    let mut of = |rows: &[usize]| {
        let said = told(config, data, (&mut *network, &mut *pool), rows)?;
        said.ok_or_else(|| RunError::NoData {
            reason: "a part of the rows is empty".to_string(),
            remedy: "give `data.split.few` fewer rows".to_string(),
        })
        .map_err(crate::Error::from)
    };
    let (valid, test) = (of(&contest.valid)?, of(&contest.test)?);
    let unlabelled =
        if contest.unlabelled.is_empty() { Vec::new() } else { of(&contest.unlabelled)?.positive };
    let named = |class: &usize| data.classes.get(*class).is_some_and(|name| data.positive.contains(name));
    let argmax: Vec<f64> = test.class.iter().map(|class| f64::from(u8::from(named(class)))).collect();
    let f1 = contest.f1(&argmax, 0.5)?;
    Ok((Scores { valid: valid.positive, test: test.positive, unlabelled }, f1))
}

/// Which is best, and how far the network is behind, in words.
fn verdict(report: &BTreeMap<String, f64>, few: FewConfig) -> String {
    let of = |figure: &str| -> Vec<(&str, f64)> {
        let network = report.get(&format!("sgan.best_{figure}")).map(|value| ("the network", *value));
        let suffix = format!(".{figure}");
        let controls = report.iter().filter_map(|(name, value)| {
            let control = name.strip_prefix("control.")?.strip_suffix(suffix.as_str())?;
            Some((control, *value))
        });
        let mut all: Vec<(&str, f64)> = network.into_iter().chain(controls).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    };
    let line = |figure: &str, words: &str| {
        let all = of(figure);
        let (Some((best, value)), Some((_, own))) =
            (all.first(), all.iter().find(|(name, _)| *name == "the network"))
        else {
            return String::new();
        };
        let place = all.iter().position(|(name, _)| *name == "the network").map_or(0, |at| at + 1);
        format!(
            "{words}: best is {best} with {value:.3}, the network has {own:.3} (place {place} of {})",
            all.len()
        )
    };
    let labels = line("f1", &format!("F1 at the labels' {:.1} %", few.labelled_rate() * 100.0));
    let natural =
        line("natural_average_precision", &format!("average precision at {:.2} %", few.rate * 100.0));
    format!(
        "{labels}; {natural}; medians of {} draws",
        report.get("few_labels.draws").copied().unwrap_or(0.0)
    )
}
