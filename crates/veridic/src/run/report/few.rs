//! The figures of a classifier that learned from few labels, beside controls that learned from the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::insert_ranking;
use super::learning::PREFIX;
use crate::data::Matrix;
use crate::error::{ConfigError, Result};
use crate::evaluate::{self, LogisticRegression};
use crate::models::{LabelCurveConfig, Neighborhood, told};
use crate::project;
use crate::run::dataset::labelled::drawn;
use crate::run::dataset::{Dataset, index};
use crate::run::fit::propagation::Spread;
use crate::seed::Seed;

/// `C` of the logistic regression that is the control.
const STRENGTH: f64 = 0.1;

/// All figures, by name.
///
/// - `test.error`, `test.loss`: the share of test rows told wrong, and mean nats a row; with two classes also `test.auroc` and
///   `test.average_precision`.
/// - `pseudo.error`: the share of the training rows without a label that were told wrong, where their class is known.
/// - `labels.rows`, `labels.classes`: labels that were looked at, and classes among them.
/// - `control.nearest.error`, `control.logistic.error`: on test rows, of the class of the nearest labelled row and of logistic
///   regression, both of the same codes and labels and of nothing else; `floor.test.error` of the most frequent class.
pub(crate) fn report(data: &Dataset, spread: &Spread, threads: usize) -> Result<BTreeMap<String, f64>> {
    let Spread { model, labelled } = spread;
    let mut figures = BTreeMap::new();
    let class = |row: usize| data.truth(row);
    let k = model.classes().len();
    let of_labels: Vec<u16> = labelled.iter().filter_map(|&row| class(row)).collect();
    let mut counts = vec![0usize; k];
    of_labels.iter().for_each(|&class| counts[usize::from(class)] += 1);
    figures.insert("labels.rows".to_string(), of_labels.len() as f64);
    figures.insert("labels.classes".to_string(), counts.iter().filter(|n| **n > 0).count() as f64);

    let mut is_labelled = vec![false; data.rows().len()];
    labelled.iter().for_each(|&row| is_labelled[row] = true);
    let (mut wrong, mut known) = (0usize, 0usize);
    for (at, &row) in data.split.train.iter().enumerate() {
        if let (false, Some(truth)) = (is_labelled[row], class(row)) {
            wrong += usize::from(best(model.shares().row(at)) != usize::from(truth));
            known += 1;
        }
    }
    if known > 0 {
        figures.insert("pseudo.error".to_string(), wrong as f64 / known as f64);
    }
    let rows: Vec<usize> = data.tested().iter().copied().filter(|&row| class(row).is_some()).collect();
    if rows.is_empty() {
        return Ok(figures);
    }
    let truth: Vec<usize> = rows.iter().filter_map(|&row| class(row)).map(usize::from).collect();
    let test = index(&rows);
    let shares = model.probabilities(data.rows(), &test, threads)?;
    let error = |told: &mut dyn Iterator<Item = usize>| {
        told.zip(&truth).filter(|(told, truth)| told != *truth).count() as f64 / truth.len() as f64
    };
    figures.insert("test.error".to_string(), error(&mut shares.chunks(k).map(best)));
    let loss = |(shares, truth): (&[f32], &usize)| -f64::from(shares[*truth]).max(1e-9).ln();
    let loss = shares.chunks(k).zip(&truth).map(loss).sum::<f64>() / truth.len() as f64;
    figures.insert("test.loss".to_string(), loss);
    let most = (0..k).max_by_key(|&class| (counts[class], std::cmp::Reverse(class))).unwrap_or(0);
    figures.insert("floor.test.error".to_string(), error(&mut std::iter::repeat(most)));
    let positive = data.positives(&rows).filter(|p| p.contains(&true) && p.contains(&false));
    if let (Some(positive), [value]) = (positive, data.positive.as_slice())
        && let Some(at) = model.classes().iter().position(|class| class == value)
    {
        let scores: Vec<f64> = shares.chunks(k).map(|shares| f64::from(shares[at])).collect();
        insert_ranking(&mut figures, "test", &scores, &positive)?;
    }
    // The labels alone.
    let codes = |rows: &[u32]| model.codes(data.rows(), rows, threads);
    let (learned, asked) = (codes(&index(labelled))?, codes(&test)?);
    let near = project::nearest(&learned, &asked, 1, threads)?;
    let of_nearest = &mut near.indices.iter().map(|&at| usize::from(of_labels[at as usize]));
    figures.insert("control.nearest.error".to_string(), error(of_nearest));
    let of_logistic = logistic(learned, &of_labels, asked)?;
    figures.insert("control.logistic.error".to_string(), error(&mut of_logistic.into_iter()));
    Ok(figures)
}

/// The classes that logistic regression of `learned` rows tells `asked` ones to be of.
fn logistic(learned: Matrix, labels: &[u16], asked: Matrix) -> Result<Vec<usize>> {
    let scale = scale(&learned);
    let scaled = |mut matrix: Matrix| {
        matrix.values.iter_mut().for_each(|value| *value *= scale);
        matrix
    };
    let all: Vec<u32> = (0..learned.n_rows as u32).collect();
    let fitted = LogisticRegression::fit(&scaled(learned), &all, labels, STRENGTH)?;
    let told = fitted.probabilities(&scaled(asked))?;
    Ok((0..told.n_rows).map(|row| usize::from(fitted.classes()[best(told.row(row))])).collect())
}

/// The share of test rows told wrong by other numbers of labels; nothing once it was stopped. Medians over draws, with `.low` and
/// `.high` the least and the largest: `learning.propagation.LABELS`, and of what learns from the labels alone
/// `learning.nearest.LABELS` and `learning.logistic.LABELS`.
///
/// # Errors
/// More labels asked for than training rows have.
pub(crate) fn curve(
    settings: &LabelCurveConfig,
    data: &Dataset,
    near: &Neighborhood,
    (seed, threads): (u64, usize),
    stop: &AtomicBool,
) -> Result<Option<BTreeMap<String, f64>>> {
    let rows: Vec<usize> = data.tested().iter().copied().filter(|&row| data.truth(row).is_some()).collect();
    let truth: Vec<usize> = rows.iter().filter_map(|&row| data.truth(row)).map(usize::from).collect();
    let known = |row: &usize| data.truth(*row).is_some();
    let train = &data.split.train;
    let all: Vec<usize> = train.iter().copied().filter(known).collect();
    let mut figures = BTreeMap::new();
    if rows.is_empty() {
        return Ok(Some(figures));
    }
    if let Some(many) = settings.labels.iter().find(|labels| **labels > all.len()) {
        return Err(ConfigError::Range {
            field: "model.propagation.curve.labels".to_string(),
            found: many.to_string(),
            allowed: format!("2 to {}, the training rows with a label", all.len()),
        }
        .into());
    }
    let mut places = vec![0u32; data.rows().len()];
    train.iter().zip(0..).for_each(|(&row, place)| places[row] = place);
    let (asked, found) = near.lookup(data.rows(), &index(&rows))?;
    let error = |told: &mut dyn Iterator<Item = usize>| {
        told.zip(&truth).filter(|(told, truth)| told != *truth).count() as f64 / truth.len() as f64
    };
    for &count in &settings.labels {
        let mut errors: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for draw in 0..settings.draws {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let seed = Seed(seed.wrapping_add(draw as u64) & i64::MAX as u64);
            let class = |row: usize| data.truth(row).map_or(0, usize::from);
            let labelled = drawn(all.clone(), class, count, seed);
            let of_labels: Vec<u16> = labelled.iter().filter_map(|&row| data.truth(row)).collect();
            let mut labels = vec![None; train.len()];
            labelled.iter().zip(&of_labels).for_each(|(&row, &of)| labels[places[row] as usize] = Some(of));
            let shares = near.shares(&labels, data.classes.len(), "label")?;
            let mut add = |name, error| errors.entry(name).or_default().push(error);
            add("propagation", error(&mut told(&shares, &found).chunks(shares.n_cols).map(best)));
            let values = labelled.iter().flat_map(|&row| near.codes().row(places[row] as usize)).copied();
            let learned = Matrix { n_rows: count, n_cols: near.codes().n_cols, values: values.collect() };
            let nearest = project::nearest(&learned, &asked, 1, threads)?;
            let of_nearest = nearest.indices.iter().map(|&at| usize::from(of_labels[at as usize]));
            add("nearest", error(&mut { of_nearest }));
            add("logistic", error(&mut logistic(learned, &of_labels, asked.clone())?.into_iter()));
        }
        for (name, errors) in errors {
            let name = format!("{PREFIX}{name}.{count}");
            let (low, high) =
                errors.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
            figures.insert(format!("{name}.low"), low);
            figures.insert(format!("{name}.high"), high);
            figures.insert(name, evaluate::quantile(&errors, 0.5)?);
        }
    }
    Ok(Some(figures))
}

/// What makes the mean square of the values 1.
fn scale(matrix: &Matrix) -> f32 {
    let mean =
        matrix.values.iter().map(|value| value * value).sum::<f32>() / matrix.values.len().max(1) as f32;
    if mean > 0.0 { mean.sqrt().recip() } else { 1.0 }
}

/// The first of the largest.
fn best(shares: &[f32]) -> usize {
    (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]).then(b.cmp(&a))).unwrap_or(0)
}
