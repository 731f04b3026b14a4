//! The figures of a model of a table without a network, each beside its floor and its ceiling.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use super::insert_ranking;
use super::two_sample::two_sample;
use crate::data::{Cells, Data, Kind, Schema, Table};
use crate::error::Result;
use crate::evaluate;
use crate::models::chain::RuleConfig;
use crate::models::detector::{Detector, DetectorConfig};
use crate::models::{BoostedTrees, BoostedTreesConfig, ModelConfig, TableModel};
use crate::run::config::Config;
use crate::run::dataset::Dataset;
use crate::seed::{Seed, shuffle};

/// Rows that are made for the report, at most.
const MADE: usize = 10_000;
/// Rows of each table that are told apart, at least.
const FEWEST_TOLD: usize = 50;
/// And at most.
const JUDGED: usize = 3000;
/// Fewest test rows that say something.
const FEWEST: usize = 30;
/// Columns whose pairs are compared, at most.
const MOST_PAIRED: usize = 60;

/// The share of ordinary rows that the threshold calls unusual, where no share was taken for not ordinary.
const CALLED: f64 = 0.01;

/// A report with the rows that were made for it.
pub(crate) struct TableReport {
    pub(crate) figures: BTreeMap<String, f64>,
    pub(crate) made: Option<Table>,
}

/// All figures, by name.
///
/// Of models that make rows, compared with test rows, which no model saw. `floor.…` is the same of training rows whose columns
/// were shuffled, each for itself; `ceiling.…` of training rows as they are:
/// - `table.shapes`, `table.pairs`: how alike single columns and pairs of columns are (SDMetrics), 0 to 1, higher is better.
/// - `table.c2st_unseen`: whether boosted trees tell made from test rows, `table.c2st` from training rows; 1 cannot be told.
/// - `table.judged_rows`: how many rows of each these tell apart; trees that learn from more tell more.
/// - `table.tstr`, `table.trtr`: AUROC on test rows of boosted trees that learned from made, and from training rows.
/// - `privacy.dcr_share`, `privacy.tail2`, `privacy.copies` with `ceiling.copies`: see [`evaluate::Closeness`].
/// - `test.log_likelihood`: mean nats a test row; higher is better.
///
/// Of autoencoders of windows `valid.reconstruction` beside `control.pca.reconstruction`, the share of the variance that is not given
/// back of windows that were not trained on. Of models of paths what [`insert_paths`](super::path::insert_paths) says. Of detectors of series whose unusual
/// points are known what [`insert_points`](super::points::insert_points) says.
///
/// Of detectors `test.auroc`, `test.average_precision`, with `control.…` (classical detectors on the same rows) where they are
/// asked for; `detector.contamination`, the share of training rows taken for not ordinary, or else one in a hundred, and
/// `detector.threshold`, the score that this share of them reaches. Of classifiers `test.error`
/// (the share of test rows told wrong), `test.loss` (mean nats a row), and with two classes the two figures above; of those of a rare
/// class also `test.natural_average_precision` and `test.natural_f1`, where it has the share `prior`. Where `evaluate.learning` names
/// classifiers, what [`insert_learning`](super::learning::insert_learning) says.
pub(crate) fn report(
    config: &Config,
    data: &Dataset,
    model: &TableModel,
    threads: usize,
) -> Result<TableReport> {
    let mut figures = BTreeMap::new();
    let Data::Table(table, schema) = &data.content else {
        return Ok(TableReport { figures, made: None });
    };
    if let Some(series) = model.series() {
        if let Some([own, pca]) = series.detector().reconstruction() {
            figures.insert("valid.reconstruction".to_string(), own);
            figures.insert("control.pca.reconstruction".to_string(), pca);
        }
        if config.data.series.label.is_some() {
            let learn = match &config.model {
                ModelConfig::Series(config) => config.learn.unwrap_or(0),
                _ => 0,
            };
            super::points::insert_points(&mut figures, series, (table, schema), (learn, threads))?;
        }
        return Ok(TableReport { figures, made: None });
    }
    if let (Some(paths), Some(parts)) = (model.paths(), config.model.table())
        && let Some(of) = &parts.paths
    {
        if config.evaluate.sample_rows > 0 {
            let judged = (config.evaluate.judges, Seed(config.seed), threads);
            super::path::insert_paths(&mut figures, (paths, of), (table, schema), judged)?;
        }
        return Ok(TableReport { figures, made: None });
    }
    let rows = data.tested();
    let test = table.take(rows);
    if let Some(detector) = model.detector() {
        let contamination = if detector.trimmed() > 0.0 { detector.trimmed() } else { CALLED };
        figures.insert("detector.contamination".to_string(), contamination);
        figures.insert("detector.threshold".to_string(), detector.threshold(contamination));
    }
    if let Some(detector) = model.detector()
        && let Some(positive) = data.positives(rows).filter(|p| p.contains(&true) && p.contains(&false))
    {
        let scores = detector.score(&test, threads)?.score;
        insert_ranking(&mut figures, "test", &scores, &positive)?;
        if config.evaluate.controls {
            for (name, control) in [
                ("knn", DetectorConfig::Neighbors(Default::default())),
                ("isolation-forest", DetectorConfig::IsolationForest(Default::default())),
                ("lof", DetectorConfig::Lof(Default::default())),
                ("pca", DetectorConfig::Pca(Default::default())),
            ] {
                let columns = judged_by(schema, config);
                let train = &data.split.train;
                let control = Detector::fit(
                    control,
                    table,
                    &columns,
                    train,
                    &RuleConfig::default(),
                    (Seed(config.seed), threads),
                )?;
                let scores = control.score(&test, threads)?.score;
                insert_ranking(&mut figures, &format!("control.{name}"), &scores, &positive)?;
            }
        }
    }
    super::learning::insert_learning(&mut figures, config, data, threads)?;
    if let (Some(classes), Some(shares)) = (model.classes(), model.probabilities(&test)?) {
        let prior = match &config.model {
            ModelConfig::RareClass(own) => Some(own.prior),
            _ => None,
        };
        classified(&mut figures, data, (classes, &shares, prior), rows)?;
    }
    let seed = Seed(config.seed);
    let (n, key) = (data.split.train.len().clamp(FEWEST, MADE), Seed(seed.key("report")));
    let (schema, made) = match (model.maker(), model.draws()) {
        (Some(maker), _) => (maker.schema(), maker.sample(n, key, threads)?),
        (None, Some(draws)) => (draws.schema(schema), draws.sample(n, None, schema, key)),
        (None, None) => return Ok(TableReport { figures, made: None }),
    };
    if test.n_rows < FEWEST || config.evaluate.sample_rows == 0 {
        return Ok(TableReport { figures, made: Some(made) });
    }
    if let Some(maker) = model.maker() {
        let likelihoods = maker.log_likelihood(&test, threads)?.rows();
        figures.insert("test.log_likelihood".to_string(), evaluate::mean(&likelihoods)?);
    }
    // The same number of rows of each, so that figures compare.
    let mut train = data.split.train.clone();
    shuffle(&mut train, &mut seed.stream("report rows"));
    let n = test.n_rows.min(train.len()).min(made.n_rows);
    let first = |table: &Table| table.take(&(0..n).collect::<Vec<_>>());
    let (real, fresh, unseen) = (table.take(&train[..n]), first(&made), first(&test));
    figures.insert("table.judged_rows".to_string(), n as f64);
    let independent = independent(&real, &schema, seed);
    for (prefix, other) in [("", &fresh), ("floor.", &independent), ("ceiling.", &real)] {
        let mut insert = |name: &str, value: Option<f64>| {
            if let Some(value) = value {
                figures.insert(format!("{prefix}{name}"), value);
            }
        };
        insert("table.shapes", evaluate::shape_similarity(&unseen, other, &schema)?.mean);
        if schema.columns.len() <= MOST_PAIRED {
            insert("table.pairs", evaluate::pair_trends(&unseen, other, &schema)?.mean);
        }
        // Trees that learn from two thirds of so few rows tell nothing.
        if n >= FEWEST_TOLD {
            insert("table.c2st_unseen", Some(two_sample(&unseen, other, &schema, seed, JUDGED)?));
        }
    }
    if n >= FEWEST_TOLD {
        figures.insert("table.c2st".to_string(), two_sample(&real, &fresh, &schema, seed, JUDGED)?);
    }
    let selected = |table: &Table| {
        let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        table.select(&names)
    };
    let learned = table.take(&train);
    if let Some(close) = evaluate::closeness(&selected(&learned)?, &selected(&unseen)?, &selected(&made)?) {
        let mut insert = |name: &str, value: f64| figures.insert(name.to_string(), value);
        insert("privacy.dcr_share", close.dcr_share);
        insert("privacy.tail2", close.tail2);
        insert("privacy.copies", close.copies);
        insert("ceiling.privacy.copies", close.copies_holdout);
    }
    if let Some(target) = &config.data.target
        && let Some(positive) = data.positives(rows).filter(|p| p.contains(&true) && p.contains(&false))
        && schema.column(target).is_some()
    {
        let learned = table.take(&train[..train.len().min(made.n_rows)]);
        for (name, rows) in [("table.tstr", &made), ("table.trtr", &learned)] {
            if let Some(auroc) =
                transferred(rows, &schema, (target, &data.positive), (&test, &positive), seed)?
            {
                figures.insert(name.to_string(), auroc);
            }
        }
    }
    Ok(TableReport { figures, made: Some(made) })
}

/// The columns that a detector looks at.
fn judged_by(schema: &Schema, config: &Config) -> Schema {
    let is_left_out =
        |name: &String| config.data.drop.contains(name) || config.data.target.as_ref() == Some(name);
    Schema { columns: schema.columns.iter().filter(|column| !is_left_out(&column.name)).cloned().collect() }
}

/// How a classifier does on test rows whose class it knows.
fn classified(
    figures: &mut BTreeMap<String, f64>,
    data: &Dataset,
    (classes, shares, prior): (&[String], &[f32], Option<f64>),
    rows: &[usize],
) -> Result<()> {
    let Some(labels) = &data.labels else { return Ok(()) };
    let (mut wrong, mut loss, mut n) = (0usize, 0.0, 0usize);
    for (&row, shares) in rows.iter().zip(shares.chunks(classes.len())) {
        let Some(label) = &labels[row] else { continue };
        let truth = classes.iter().position(|class| class == label);
        wrong += usize::from(truth != evaluate::most_likely(shares));
        loss -= truth.map_or(1e-9, |at| f64::from(shares[at]).max(1e-9)).ln();
        n += 1;
    }
    if n == 0 {
        return Ok(());
    }
    figures.insert("test.error".to_string(), wrong as f64 / n as f64);
    figures.insert("test.loss".to_string(), loss / n as f64);
    let positive = data.positives(rows).filter(|p| p.contains(&true) && p.contains(&false));
    if let (Some(positive), [value]) = (positive, data.positive.as_slice())
        && let Some(at) = classes.iter().position(|class| class == value)
    {
        let scores: Vec<f64> = shares.chunks(classes.len()).map(|shares| f64::from(shares[at])).collect();
        insert_ranking(figures, "test", &scores, &positive)?;
        if let Some(prior) = prior {
            let precision = evaluate::average_precision_at_rate(&scores, &positive, prior)?;
            figures.insert("test.natural_average_precision".to_string(), precision);
            let f1 = evaluate::f1_at_rate(&scores, &positive, 0.5, prior)?;
            figures.insert("test.natural_f1".to_string(), f1);
        }
    }
    Ok(())
}

/// The AUROC on test rows of trees that learned to tell the target from `rows`; none where these have one class.
fn transferred(
    rows: &Table,
    schema: &Schema,
    (target, values): (&str, &[String]),
    (test, positive): (&Table, &[bool]),
    seed: Seed,
) -> Result<Option<f64>> {
    let config =
        BoostedTreesConfig { rounds: 100, learning_rate: 0.1, depth: 5, ..BoostedTreesConfig::default() };
    let never = AtomicBool::new(false);
    let all: Vec<usize> = (0..rows.n_rows).collect();
    let fitted = BoostedTrees::fit(&config, (rows, schema), (target, &all), (seed, 1), &never);
    let Ok(Some(trees)) = fitted else { return Ok(None) };
    let shares = trees.probabilities(test);
    let is_positive: Vec<bool> = trees.classes().iter().map(|class| values.contains(class)).collect();
    let score = |shares: &[f32]| {
        shares.iter().zip(&is_positive).filter(|(_, is)| **is).map(|(share, _)| f64::from(*share)).sum()
    };
    let scores: Vec<f64> = shares.chunks(is_positive.len()).map(score).collect();
    Ok(Some(evaluate::auroc(&scores, positive)?))
}

/// The rows with each column of the schema in an order of its own: no column knows of another.
pub(crate) fn independent(table: &Table, schema: &Schema, seed: Seed) -> Table {
    let mut table = table.clone();
    for column in &mut table.columns {
        let unmodeled = |kind: &Kind| matches!(kind, Kind::Identifier | Kind::Constant { .. });
        if schema.column(&column.name).is_none_or(|column| unmodeled(&column.kind)) {
            continue;
        }
        let mut random = seed.stream(&format!("independent {}", column.name));
        match &mut column.cells {
            Cells::Number(values) => shuffle(values, &mut random),
            Cells::Text { codes, .. } => shuffle(codes, &mut random),
        }
    }
    table
}
