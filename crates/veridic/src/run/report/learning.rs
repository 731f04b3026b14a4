//! How well classifiers do with few and with many rows: Ng and Jordan, "On discriminative vs. generative classifiers"
//! (NeurIPS 2001), figure 1.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use crate::data::{Data, Table};
use crate::error::Result;
use crate::evaluate;
use crate::figure::{self, Figure};
use crate::models::{Lesson, ModelConfig, TableModel};
use crate::run::config::Config;
use crate::run::dataset::Dataset;
use crate::seed::{Seed, shuffle};

/// Fewest rows that are learned from.
const FEWEST: usize = 16;
/// Draws of so many rows; the figure is their mean.
const REPEATS: usize = 10;

/// The first part of the figures' names.
pub(super) const PREFIX: &str = "learning.";

/// The names of models that tell classes, as `evaluate.learning` takes them.
pub(crate) fn classifiers() -> Vec<ModelConfig> {
    let tells = |model: &ModelConfig| {
        model.table().is_some_and(|parts| parts.discriminant.is_some() || parts.trees.is_some())
    };
    ModelConfig::all().into_iter().filter(tells).collect()
}

/// `learning.NAME.ROWS`: the share of test rows that a classifier tells wrong which learned from so many training rows, the
/// mean over ten draws of them; `.sd` their standard deviation. Rows double from 16 to all there are.
pub(crate) fn insert_learning(
    figures: &mut BTreeMap<String, f64>,
    config: &Config,
    data: &Dataset,
    threads: usize,
) -> Result<()> {
    let (Data::Table(table, schema), Some(labels)) = (&data.content, &data.labels) else { return Ok(()) };
    let Some(target) = config.data.target.as_deref() else { return Ok(()) };
    let known = |row: &usize| labels[*row].is_some();
    let train: Vec<usize> = data.split.train.iter().copied().filter(known).collect();
    let rows: Vec<usize> = data.tested().iter().copied().filter(known).collect();
    let test = table.take(&rows);
    if rows.is_empty() {
        return Ok(());
    }
    let wanted =
        classifiers().into_iter().filter(|model| config.evaluate.learning.contains(&model.name().to_owned()));
    for model in wanted {
        let Some(parts) = model.table() else { continue };
        for n in sizes(train.len()) {
            let mut errors = Vec::with_capacity(REPEATS);
            for repeat in 0..if n == train.len() { 1 } else { REPEATS } {
                let mut drawn = train.clone();
                let stream = format!("learning {n} {repeat}");
                shuffle(&mut drawn, &mut Seed(config.seed).stream(&stream));
                drawn.truncate(n);
                let lesson = Lesson {
                    table,
                    schema,
                    rows: &drawn,
                    unlabelled: &[],
                    target: Some(target),
                    models_target: false,
                    dropped: &config.data.drop,
                    layout: &config.data.series,
                    rules: &config.data.rules,
                };
                let (stop, seed) = (AtomicBool::new(false), Seed(config.seed));
                let mut keep = |_: &crate::models::Stored| Ok(());
                let fitted =
                    TableModel::fit(&parts, lesson, (seed, threads), &stop, &mut |_| {}, (None, &mut keep));
                // A draw of one class teaches nothing: its rows are all told to be of that class.
                let model = match fitted {
                    Ok(model) => model,
                    Err(_) if n < train.len() => None,
                    Err(error) => return Err(error),
                };
                errors.push(wrong(model.as_ref(), (&test, &rows), labels, &drawn)?);
            }
            let name = format!("{PREFIX}{}.{n}", model.name());
            if errors.len() > 1 {
                figures.insert(format!("{name}.sd"), evaluate::standard_deviation(&errors)?);
            }
            figures.insert(name, evaluate::mean(&errors)?);
        }
    }
    Ok(())
}

fn sizes(all: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> =
        std::iter::successors(Some(FEWEST), |n| Some(2 * n)).take_while(|n| *n < all).collect();
    sizes.push(all);
    sizes
}

/// The share of rows that are told wrong; without a model, by the most frequent class of those learned from.
fn wrong(
    model: Option<&TableModel>,
    (test, rows): (&Table, &[usize]),
    labels: &[Option<String>],
    learned: &[usize],
) -> Result<f64> {
    let told: Vec<Option<String>> = match model
        .map(|model| Ok::<_, crate::Error>((model.classes(), model.probabilities(test)?)))
    {
        Some(Ok((Some(classes), Some(shares)))) => shares
            .chunks(classes.len().max(1))
            .map(|shares| evaluate::most_likely(shares).and_then(|at| classes.get(at).cloned()))
            .collect(),
        Some(Err(error)) => return Err(error),
        _ => {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            learned
                .iter()
                .filter_map(|&row| labels[row].as_deref())
                .for_each(|label| *counts.entry(label).or_default() += 1);
            let most = counts.into_iter().max_by_key(|(_, count)| *count).map(|(label, _)| label.to_owned());
            vec![most; rows.len()]
        }
    };
    let misses = rows.iter().zip(&told).filter(|(row, told)| labels[**row] != **told).count();
    Ok(misses as f64 / rows.len() as f64)
}

/// The curves of a report; nothing where it has none.
pub(crate) fn learning_curves(report: &BTreeMap<String, f64>) -> Result<Option<Figure>> {
    let mut curves: BTreeMap<&str, Vec<[f64; 2]>> = BTreeMap::new();
    for (name, value) in report {
        let Some((model, rows)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        if let Ok(rows) = rows.parse::<f64>() {
            curves.entry(model).or_default().push([rows, *value]);
        }
    }
    if curves.is_empty() {
        return Ok(None);
    }
    curves.values_mut().for_each(|points| points.sort_by(|a, b| a[0].total_cmp(&b[0])));
    let lines: Vec<figure::Line<'_>> =
        curves.iter().map(|(name, points)| figure::Line { name, points }).collect();
    Ok(Some(figure::lines(&figure::Lines {
        title: "Errors by the number of rows that were learned from",
        x_label: "training rows",
        y_label: "share of test rows told wrong",
        curves: &lines,
        y_range: None,
        log_x: true,
    })?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_double_up_to_all() {
        assert_eq!(sizes(100), [16, 32, 64, 100]);
        assert_eq!(sizes(10), [10]);
    }

    #[test]
    fn the_picture_has_a_curve_a_model_by_rising_rows() {
        let report: BTreeMap<String, f64> = [
            ("learning.a.16", 0.3),
            ("learning.a.128", 0.2),
            ("learning.a.128.sd", 0.1),
            ("learning.b.16", 0.25),
            ("learning.b.128", 0.25),
            ("test.error", 0.5),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let figure = learning_curves(&report).unwrap().unwrap();
        assert_eq!(figure.csv(), "curve,x,y\na,16,0.3\na,128,0.2\nb,16,0.25\nb,128,0.25\n");
        assert!(learning_curves(&BTreeMap::new()).unwrap().is_none());
    }
}
