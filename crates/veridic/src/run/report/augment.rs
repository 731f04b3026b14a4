//! What synthetic positive rows are worth: a classifier on real training rows alone, with class weights, with rows of
//! SMOTE, and with rows of the variational autoencoder, measured on the same untouched test rows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use veridic_graph::Pool;

use crate::data::{self, Matrix};
use crate::error::{ConfigError, Result, RunError};
use crate::evaluate;
use crate::figure::{self, Figure};
use crate::models::{Classifier, ModelConfig};
use crate::run::config::Config;
use crate::run::dataset::{self, Dataset, index};
use crate::run::fitted::sample::sampled_rows;
use crate::seed::Seed;
use crate::train::{self, Adam, End, OptimizerConfig, Session, TrainConfig};

/// How augmentation is measured; the section `[augment]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AugmentConfig {
    /// Repetitions, 4 to 100: each with a seed of its own (the run's and those after it) for the split, the model, the
    /// synthetic rows and the classifier.
    pub seeds: usize,
    /// Positive training rows after augmentation, as a share of the others: above 0 to 10. 1 makes the classes equal;
    /// class weights weigh positive rows as if there were so many.
    pub ratio: f64,
    /// Nearest positive rows that SMOTE draws from, at least 1.
    pub neighbors: usize,
    /// Units of the classifier's hidden layers; none is logistic regression.
    pub hidden: Vec<usize>,
    /// Epochs of the classifier, each as long as one over the augmented rows.
    pub epochs: usize,
    /// Rows of a step of the classifier.
    pub batch: usize,
    /// Learning rate of the classifier (Adam).
    pub rate: f32,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self { seeds: 10, ratio: 1.0, neighbors: 5, hidden: vec![32], epochs: 20, batch: 128, rate: 0.001 }
    }
}

impl AugmentConfig {
    /// Checks what the types cannot, with the rest of the configuration.
    pub(crate) fn check(&self, config: &Config) -> Result<()> {
        let range = |field: &str, found: String, allowed: &str| {
            let (field, allowed) = (format!("augment.{field}"), allowed.to_string());
            Err(ConfigError::Range { field, found, allowed }.into())
        };
        if !(4..=100).contains(&self.seeds) {
            return range("seeds", self.seeds.to_string(), "4 to 100");
        }
        if !(self.ratio > 0.0 && self.ratio <= 10.0) {
            return range("ratio", self.ratio.to_string(), "above 0 to 10");
        }
        if self.neighbors == 0 || self.neighbors > 1000 {
            return range("neighbors", self.neighbors.to_string(), "1 to 1000");
        }
        if let Some(units) = self.hidden.iter().find(|units| !(1..=4096).contains(*units)) {
            return range("hidden", units.to_string(), "1 to 4096 units a layer");
        }
        if let Some((field, found, allowed)) = self.train().out_of_range() {
            return range(
                field.trim_start_matches("train.").trim_start_matches("optimizer.adam."),
                found,
                allowed,
            );
        }
        let conflict = |what: &str, remedy: &str| {
            Err(ConfigError::Conflict { what: what.to_string(), remedy: remedy.to_string() }.into())
        };
        if !matches!(config.model, ModelConfig::Vae(_)) {
            return conflict("`augment` needs a model that can sample", "fit a VAE, or leave `augment` out");
        }
        if config.data.target.is_none() {
            return conflict(
                "`augment` needs to know which rows are positive, and `data.target` is not given",
                "add `data.target` and `data.positive`",
            );
        }
        Ok(())
    }

    fn train(&self) -> TrainConfig {
        TrainConfig {
            epochs: self.epochs,
            batch: self.batch,
            optimizer: OptimizerConfig::Adam(Adam { rate: self.rate, ..Adam::default() }),
            best: false,
            ..TrainConfig::default()
        }
    }
}

/// The ways to train, in the order of tables: the name in reports, and in words.
const WAYS: [(&str, &str); 4] = [
    ("real", "real rows alone"),
    ("weights", "with class weights"),
    ("smote", "with rows of SMOTE"),
    ("vae", "with rows of the VAE"),
];

const METRICS: [&str; 2] = ["average_precision", "auroc"];

/// Measures all ways with all seeds: `augment.WAY.METRIC` is the mean over seeds of test rows' average precision or
/// AUROC, `…_low` and `…_high` the ends of its 95 % interval, and `…_gain`, `…_gain_low`, `…_gain_high` the same of the
/// difference from real rows alone, seed by seed. Nothing if it was stopped.
pub(crate) fn measure(
    augment: &AugmentConfig,
    config: &Config,
    (data, data_dir): (Option<&Path>, &Path),
    pool: &mut Pool,
    stop: &AtomicBool,
) -> Result<Option<BTreeMap<String, f64>>> {
    let mut figures = [[(); WAYS.len()]; METRICS.len()].map(|ways| ways.map(|()| Vec::new()));
    for repetition in 0..augment.seeds as u64 {
        let mut config = config.clone();
        // Back at 0 where a configuration's seeds end.
        config.seed = config.seed.wrapping_add(repetition) & i64::MAX as u64;
        let own = dataset::load(&mut config, data, data_dir)?;
        let Some(measured) = repeat(augment, &config, &own, pool, stop)? else { return Ok(None) };
        for (metric, values) in measured.into_iter().enumerate() {
            for (way, value) in values.into_iter().enumerate() {
                figures[metric][way].push(value);
            }
        }
    }
    let mut report = BTreeMap::new();
    for (metric, ways) in METRICS.iter().zip(&figures) {
        for ((way, _), values) in WAYS.iter().zip(ways) {
            let mut insert = |suffix: &str, values: &[f64]| -> Result<()> {
                let interval = evaluate::mean_interval(values)?;
                let name = format!("augment.{way}.{metric}{suffix}");
                report.insert(format!("{name}_low"), interval.low);
                report.insert(format!("{name}_high"), interval.high);
                report.insert(name, interval.mean);
                Ok(())
            };
            insert("", values)?;
            if *way != WAYS[0].0 {
                let gain: Vec<f64> = values.iter().zip(&ways[0]).map(|(value, real)| value - real).collect();
                insert("_gain", &gain)?;
            }
        }
    }
    Ok(Some(report))
}

/// The figures of one seed, by metric and way; nothing if it was stopped.
fn repeat(
    augment: &AugmentConfig,
    config: &Config,
    data: &Dataset,
    pool: &mut Pool,
    stop: &AtomicBool,
) -> Result<Option<[[f64; WAYS.len()]; METRICS.len()]>> {
    let none = |reason: &str| RunError::NoData {
        reason: reason.to_string(),
        remedy: "give `data.positive`, and a split with positive and other rows in every part".to_string(),
    };
    let (Some(train), Some(test)) = (data.positives(&data.split.train), data.positives(&data.split.test))
    else {
        return Err(none("`augment` needs a table whose positive rows are known").into());
    };
    let seed = Seed(config.seed);
    let features = Features::new(data);
    let real = features.of(&data.matrix, &data.split.train);
    let positive: Vec<usize> = (0..real.n_rows).filter(|&i| train[i]).collect();
    let (n_positive, n_other) = (positive.len(), real.n_rows - positive.len());
    if n_positive < 2 || n_other == 0 {
        return Err(none("`augment` needs at least two positive training rows and one other").into());
    }
    let wanted = (augment.ratio * n_other as f64).round() as usize;
    let more = wanted.saturating_sub(n_positive);

    let Some(made) = positive_rows(config, data, more, pool, stop)? else { return Ok(None) };
    let all: Vec<usize> = (0..made.n_rows).collect();
    let vae = features.of(&made, &all);
    let smote = data::smote(&picked(&real, &positive), more, augment.neighbors, seed)?;
    let weight = (wanted as f64 / n_positive as f64) as f32;
    let test_rows = labelled(&features.of(&data.matrix, &data.split.test), &test, 1.0);
    let mut figures = [[0.0; WAYS.len()]; METRICS.len()];
    let nothing = Matrix { n_rows: 0, n_cols: real.n_cols, values: Vec::new() };
    for (way, (added, weight)) in
        [(&nothing, 1.0), (&nothing, weight), (&smote, 1.0), (&vae, 1.0)].into_iter().enumerate()
    {
        let mut rows = labelled(&real, &train, weight);
        rows.n_rows += added.n_rows;
        rows.values.extend(labelled(added, &vec![true; added.n_rows], 1.0).values);
        // As many steps for all ways, so that more rows are not more training.
        let mut settings = augment.train();
        settings.epochs = (settings.epochs * (real.n_rows + more)).div_ceil(rows.n_rows);
        let mut classifier =
            Classifier::new(real.n_cols, &augment.hidden, &settings, seed.key("classifier"))?;
        if classifier.learn(pool, &rows, (&settings, seed), stop)? == End::Stopped {
            return Ok(None);
        }
        let scores = classifier.scores(pool, &test_rows)?;
        figures[0][way] = evaluate::average_precision(&scores, &test)?;
        figures[1][way] = evaluate::auroc(&scores, &test)?;
    }
    Ok(Some(figures))
}

/// Positive rows of the model, fitted to this split's training rows: decoded draws from the posteriors of positive
/// training rows, all of them in turn; nothing if it was stopped.
fn positive_rows(
    config: &Config,
    data: &Dataset,
    n: usize,
    pool: &mut Pool,
    stop: &AtomicBool,
) -> Result<Option<Matrix>> {
    let mut network = crate::run::fit::network(config, data)?;
    let (train, valid) = (index(&data.split.train), index(&data.split.valid));
    let divergence = config.model.divergence();
    let session = Session {
        config: &config.train,
        divergence,
        seed: Seed(config.seed),
        train: &train,
        second: &[],
        valid: &valid,
        from: None,
        measure: None,
        criterion: None,
        stop,
        observe: &mut |_| {},
        keep: &mut |_| Ok(()),
    };
    if train::fit(&mut network, pool, data.rows(), session)?.end == End::Stopped {
        return Ok(None);
    }
    let is_positive = data.positives(&data.split.train).unwrap_or_default();
    let rows: Vec<usize> = data
        .split
        .train
        .iter()
        .zip(is_positive)
        .filter(|(_, positive)| *positive)
        .map(|(&row, _)| row)
        .collect();
    let (mean, log_variance) = network.encode(pool, data.rows(), &index(&rows))?;
    let log_variance = log_variance.ok_or_else(|| RunError::Cannot {
        model: config.model.noun().to_string(),
        verb: "make positive rows".to_string(),
        remedy: "fit a VAE".to_string(),
    })?;
    let mut z = network.points(Seed(config.seed), "augment", n);
    for i in 0..n {
        let at = i % rows.len();
        for (j, value) in z.row_mut(i).iter_mut().enumerate() {
            *value = mean.row(at)[j] + (0.5 * log_variance.row(at)[j]).exp() * *value;
        }
    }
    Ok(Some(sampled_rows(&mut network, pool, &z, Seed(config.seed))?))
}

/// The encoded columns that a classifier may see: all but the target's.
struct Features(Vec<usize>);

impl Features {
    fn new(data: &Dataset) -> Self {
        Self((0..data.layout.width()).filter(|column| !data.layout.unseen.contains(column)).collect())
    }

    fn of(&self, matrix: &Matrix, rows: &[usize]) -> Matrix {
        let values = rows.iter().flat_map(|&row| self.0.iter().map(move |&column| matrix.row(row)[column]));
        Matrix { n_rows: rows.len(), n_cols: self.0.len(), values: values.collect() }
    }
}

fn picked(matrix: &Matrix, rows: &[usize]) -> Matrix {
    let values = rows.iter().flat_map(|&row| matrix.row(row).iter().copied()).collect();
    Matrix { n_rows: rows.len(), n_cols: matrix.n_cols, values }
}

/// Rows as a classifier takes them, positive ones with this weight.
fn labelled(rows: &Matrix, positive: &[bool], weight: f32) -> Matrix {
    let mut values = Vec::with_capacity(rows.n_rows * (rows.n_cols + 2));
    for (i, &positive) in positive.iter().enumerate() {
        values.extend_from_slice(rows.row(i));
        values.extend([f32::from(positive), if positive { weight } else { 1.0 }]);
    }
    Matrix { n_rows: rows.n_rows, n_cols: rows.n_cols + 2, values }
}

/// The figures as a table; nothing if the report has none.
pub(crate) fn table(augment: &AugmentConfig, report: &BTreeMap<String, f64>) -> Result<Option<Figure>> {
    let text = |name: &str| report.get(name).map(|value| format!("{value:.4}")).unwrap_or_default();
    let range = |name: &str| {
        let [low, high] = ["low", "high"].map(|end| text(&format!("{name}_{end}")));
        if low.is_empty() { String::new() } else { format!("{low} to {high}") }
    };
    if !report.contains_key("augment.real.auroc") {
        return Ok(None);
    }
    let mut columns = vec!["training rows".to_string()];
    for metric in ["average precision", "AUROC"] {
        let parts = [
            metric.to_string(),
            "95 % interval".to_string(),
            "gain over real".to_string(),
            "95 % interval".to_string(),
        ];
        columns.extend(parts);
    }
    let row = |(way, words): &(&str, &str)| {
        let mut cells = vec![(*words).to_string()];
        for metric in METRICS {
            let name = format!("augment.{way}.{metric}");
            let gain = format!("{name}_gain");
            cells.extend([text(&name), range(&name), text(&gain), range(&gain)]);
        }
        cells
    };
    let rows: Vec<Vec<String>> = WAYS.iter().map(row).collect();
    let groups = [figure::RowGroup { name: &format!("{} seeds", augment.seeds), rows: &rows }];
    let title = "Positive rows made for a classifier, measured on untouched test rows";
    Ok(Some(figure::table_figure(&figure::TableFigure { title, columns: &columns, groups: &groups })?))
}
