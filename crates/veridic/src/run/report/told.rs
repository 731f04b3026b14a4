//! How well a semi-supervised discriminator tells classes.

use std::collections::BTreeMap;

use veridic_graph::Pool;

use crate::error::Result;
use crate::evaluate;
use crate::models::{ModelConfig, Network};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, index};
use crate::run::report::judge::largest;

/// What is said of rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Told {
    /// The number of the most probable class of each; one more than there are for rows that are taken for made ones.
    pub(crate) class: Vec<usize>,
    /// The log-odds of being positive, among the classes; nothing where it is not known which are.
    pub(crate) positive: Vec<f64>,
}

/// What the network says of `rows`; nothing of networks that tell no classes from few labels.
pub(crate) fn told(
    config: &Config,
    data: &Dataset,
    (network, pool): (&mut Network, &mut Pool),
    rows: &[usize],
) -> Result<Option<Told>> {
    let is_one = matches!(&config.model, ModelConfig::Gan(gan) if gan.semi_supervised.is_some());
    if !is_one || rows.is_empty() {
        return Ok(None);
    }
    let read = network.recognize(pool, data.rows(), &index(rows))?;
    let [all, classes] = read.as_slice() else { return Ok(None) };
    let positive: Vec<usize> =
        (0..data.classes.len()).filter(|&class| data.positive.contains(&data.classes[class])).collect();
    let log_odds = |i: usize| {
        // As logarithms, or the surest rows would all be equal.
        let sum = |is: bool| -> f64 {
            let row = classes.row(i).iter().enumerate();
            let own = row.filter(|(class, _)| positive.contains(class) == is);
            own.map(|(_, share)| f64::from(*share)).sum::<f64>().max(1e-38).ln()
        };
        sum(true) - sum(false)
    };
    Ok(Some(Told {
        class: (0..all.n_rows).map(|i| largest(all.row(i))).collect(),
        positive: if positive.is_empty() { Vec::new() } else { (0..classes.n_rows).map(log_odds).collect() },
    }))
}

/// `PART.accuracy` and `PART.error`, the rest, and with positive rows `PART.argmax_f1` (where the most probable class decides, made rows being one),
/// `PART.best_f1` (with the best threshold in hindsight), `PART.average_precision` and `PART.auroc` of the probability of
/// being positive.
pub(crate) fn figures(
    config: &Config,
    data: &Dataset,
    (network, pool): (&mut Network, &mut Pool),
    (part, rows): (&str, &[usize]),
) -> Result<BTreeMap<String, f64>> {
    let mut figures = BTreeMap::new();
    let known: Vec<usize> = rows.iter().copied().filter(|&row| data.truth(row).is_some()).collect();
    let Some(told) = told(config, data, (network, pool), &known)? else { return Ok(figures) };
    let hits = known.iter().zip(&told.class).filter(|(row, class)| data.truth(**row) == Some(**class as u16));
    let accuracy = hits.count() as f64 / known.len() as f64;
    figures.insert(format!("{part}.accuracy"), accuracy);
    figures.insert(format!("{part}.error"), 1.0 - accuracy);
    let positive = data.positives(&known).filter(|p| p.contains(&true) && p.contains(&false));
    if let Some(positive) = positive {
        let is_told = |class: &usize| {
            let name = data.classes.get(*class);
            f64::from(u8::from(name.is_some_and(|name| data.positive.contains(name))))
        };
        let argmax: Vec<f64> = told.class.iter().map(is_told).collect();
        let mut insert = |name: &str, value: f64| figures.insert(format!("{part}.{name}"), value);
        insert("argmax_f1", evaluate::f1_at(&argmax, &positive, 0.5)?);
        insert("best_f1", evaluate::best_f1(&told.positive, &positive)?.f1);
        insert("average_precision", evaluate::average_precision(&told.positive, &positive)?);
        insert("auroc", evaluate::auroc(&told.positive, &positive)?);
    }
    Ok(figures)
}
