//! Figures of a report that speak of the latent space, and of how likely test rows are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use veridic_graph::Pool;

use crate::data::{Cells, Data, MISSING, Matrix};
use crate::error::{ConfigError, Result};
use crate::evaluate;
use crate::models::{Network, Rows};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, counts, index};
use crate::run::directory::Directory;
use crate::seed::Seed;

/// Training rows a probe is fitted to, spread evenly.
const PROBED: usize = 10_000;

/// A label with more values than this is a name, not a class.
const MOST_CLASSES: usize = 100;

/// A factor with more different numbers than this is cut into so many ranges of equal width.
const MOST_LEVELS: usize = 20;

/// Adds the figures of the latent space on `rows`; see `report`.
pub(crate) fn insert(
    report: &mut BTreeMap<String, f64>,
    config: &Config,
    data: &Dataset,
    (network, pool): (&mut Network, &mut Pool),
    rows: &[usize],
) -> Result<()> {
    let test = index(rows);
    if network.has_posterior() {
        if let (Some(reconstruction), Some(kl)) = (report.get("test.reconstruction"), report.get("test.kl"))
            && config.model.likelihood().is_in_nats()
        {
            report.insert("test.elbo".to_string(), -(reconstruction + kl));
        }
        let (means, _) = network.encode(pool, data.rows(), &test)?;
        report.insert("latent.active_units".to_string(), evaluate::active_units(&means)? as f64);
        insert_likelihood(report, config, data, (&mut *network, &mut *pool), &test)?;
    }
    if let Some(accuracy) = probe(data, (network, pool), rows)? {
        report.insert("latent.probe_accuracy".to_string(), accuracy);
    }
    Ok(())
}

/// `latent-units.csv`: for each latent dimension its mean divergence over test rows in nats, the variance of its posterior
/// mean, and whether it is active.
pub(crate) fn write_units(
    directory: &Directory,
    data: &Dataset,
    network: &mut Network,
    pool: &mut Pool,
) -> Result<()> {
    let rows = index(data.tested());
    let (means, Some(log_variances)) = network.encode(pool, data.rows(), &rows)? else { return Ok(()) };
    let mut text = "unit,mean_kl,variance_of_mean,active\n".to_string();
    for unit in 0..means.n_cols {
        let mean = |f: &dyn Fn(f64, f64) -> f64| {
            let of = |row: usize| f(f64::from(means.row(row)[unit]), f64::from(log_variances.row(row)[unit]));
            (0..means.n_rows).map(of).sum::<f64>() / means.n_rows.max(1) as f64
        };
        let kl = mean(&|m, v| 0.5 * (m * m + v.exp() - 1.0 - v));
        let center = mean(&|m, _| m);
        let variance = mean(&|m, _| (m - center).powi(2));
        let one = Matrix {
            n_rows: means.n_rows,
            n_cols: 1,
            values: (0..means.n_rows).map(|row| means.row(row)[unit]).collect(),
        };
        let active = means.n_rows > 0 && evaluate::active_units(&one)? == 1;
        let _ = writeln!(text, "{},{kl},{variance},{}", unit + 1, u8::from(active));
    }
    directory.write("latent-units.csv", text.as_bytes())
}

/// `test.nll`, minus the importance-weighted log-likelihood.
fn insert_likelihood(
    report: &mut BTreeMap<String, f64>,
    config: &Config,
    data: &Dataset,
    (network, pool): (&mut Network, &mut Pool),
    test: &[u32],
) -> Result<()> {
    let (samples, repeats) = (config.evaluate.nll_samples, config.evaluate.nll_repeats);
    if samples == 0 {
        return Ok(());
    }
    let seed = Seed(config.seed).key("nll");
    let estimates = network.log_likelihood(pool, data.rows(), test, (samples, repeats), seed)?;
    let means: Vec<f64> =
        estimates.iter().map(|rows| -rows.iter().sum::<f64>() / rows.len() as f64).collect();
    report.insert("test.nll".to_string(), evaluate::mean(&means)?);
    report.insert("test.nll_samples".to_string(), samples as f64);
    if repeats > 1 {
        report.insert("test.nll_sd".to_string(), evaluate::standard_deviation(&means)?);
    }
    Ok(())
}

/// How often a linear rule on codes tells the label of test rows; nothing where there are no classes to tell.
fn probe(data: &Dataset, (network, pool): (&mut Network, &mut Pool), test: &[usize]) -> Result<Option<f64>> {
    let Some(labels) = &data.labels else { return Ok(None) };
    let values: Vec<String> = counts(labels).into_iter().map(|(value, _)| value).collect();
    if values.len() < 2 || values.len() > MOST_CLASSES {
        return Ok(None);
    }
    let class = |row: &usize| {
        let label = labels[*row].as_ref()?;
        values.binary_search(label).ok().map(|class| class as u32)
    };
    let labelled = |rows: &[usize]| -> (Vec<usize>, Vec<u32>) {
        rows.iter().filter_map(|row| class(row).map(|class| (*row, class))).unzip()
    };
    let (train, train_classes) = labelled(&data.split.train);
    let kept = train.len().min(PROBED);
    let at: Vec<usize> = (0..kept).map(|i| i * train.len() / kept).collect();
    let train: Vec<usize> = at.iter().map(|&i| train[i]).collect();
    let train_classes: Vec<u32> = at.iter().map(|&i| train_classes[i]).collect();
    let (test, test_classes) = labelled(test);
    if train.is_empty() || test.is_empty() {
        return Ok(None);
    }
    // Training rows as a model in use sees them.
    let train = match data.fixed(&train) {
        Some(bytes) => {
            let all: Vec<u32> = (0..train.len() as u32).collect();
            network.encode(pool, Rows::bytes(&bytes, data.layout.width()), &all)?.0
        }
        None => network.encode(pool, data.rows(), &index(&train))?.0,
    };
    let (test, _) = network.encode(pool, data.rows(), &index(&test))?;
    Ok(Some(evaluate::linear_probe(&train, &train_classes, &test, &test_classes)?))
}

/// `latent.mig` and the like of the rows reported on, where `evaluate.factors` names what rows were made from; a note
/// instead where no latent dimension tells rows apart, since the scores would speak of rounding alone.
pub(crate) fn disentanglement(
    config: &Config,
    data: &Dataset,
    network: &mut Network,
    pool: &mut Pool,
) -> Result<std::result::Result<BTreeMap<String, f64>, String>> {
    let rows = data.tested();
    if config.evaluate.factors.is_empty() || rows.is_empty() {
        return Ok(Ok(BTreeMap::new()));
    }
    let factors = factors(config, data, rows)?;
    let (codes, _): (Matrix, _) = network.encode(pool, data.rows(), &index(rows))?;
    if evaluate::active_units(&codes)? == 0 {
        return Ok(Err("no latent dimension is active: its disentanglement is not measured".to_string()));
    }
    let importance = evaluate::importance_disentanglement(&codes, &factors)?;
    let figures = [
        ("mig", evaluate::mutual_information_gap(&codes, &factors)?),
        ("sap", evaluate::separated_attribute_predictability(&codes, &factors)?),
        ("factor_vae_score", evaluate::factor_vae_score(&codes, &factors)?),
        ("dci_disentanglement", importance.disentanglement),
        ("dci_completeness", importance.completeness),
        ("dci_informativeness", importance.informativeness),
    ];
    Ok(Ok(figures.into_iter().map(|(name, value)| (format!("latent.{name}"), value)).collect()))
}

/// Refuses factors that cannot be measured: of images, not there, fewer than two (any code would be the best for the only
/// one), or with one value among the rows reported on.
pub(crate) fn check_factors(config: &Config, data: &Dataset) -> Result<()> {
    let names = &config.evaluate.factors;
    if names.is_empty() {
        return Ok(());
    }
    let rows = data.tested();
    let factors = factors(config, data, rows)?;
    let conflict = |what: String, remedy: &str| -> Result<()> {
        Err(ConfigError::Conflict { what, remedy: remedy.to_string() }.into())
    };
    if let [name] = names.as_slice() {
        return conflict(
            format!("`evaluate.factors` names `{name}` alone, and disentanglement is of two factors or more"),
            "name another column, or leave `evaluate.factors` out",
        );
    }
    let constant = |classes: &[u32]| classes.iter().all(|class| Some(class) == classes.first());
    match names.iter().zip(&factors).find(|(_, classes)| constant(classes)) {
        Some((name, _)) if !rows.is_empty() => conflict(
            format!(
                "the factor `{name}` of `evaluate.factors` has one value in all rows that are reported on"
            ),
            "name columns that differ from row to row",
        ),
        _ => Ok(()),
    }
}

/// The factors of `rows` as classes.
fn factors(config: &Config, data: &Dataset, rows: &[usize]) -> Result<Vec<Vec<u32>>> {
    let Data::Table(table, _) = &data.content else {
        return Err(ConfigError::Conflict {
            what: "`evaluate.factors` names columns of a table, and the data is images".to_string(),
            remedy: "give the images as a table with a column a pixel, or leave `evaluate.factors` out"
                .to_string(),
        }
        .into());
    };
    let mut factors = Vec::new();
    for name in &config.evaluate.factors {
        let cells = &table.require(name)?.cells;
        factors.push(match cells {
            Cells::Text { codes, levels } => rows
                .iter()
                .map(|&row| if codes[row] == MISSING { levels.len() as u32 } else { codes[row] })
                .collect(),
            Cells::Number(values) => levels(&rows.iter().map(|&row| values[row]).collect::<Vec<f64>>()),
        });
    }
    Ok(factors)
}

/// Numbers as classes: one for each different number, or ranges of equal width where there are many; missing ones are a
/// class.
fn levels(values: &[f64]) -> Vec<u32> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    known.dedup();
    let (Some(&low), Some(&high)) = (known.first(), known.last()) else { return vec![0; values.len()] };
    let many = known.len() > MOST_LEVELS;
    let class = |value: &f64| {
        if value.is_nan() {
            known.len().min(MOST_LEVELS) as u32
        } else if many {
            (((value - low) / (high - low) * MOST_LEVELS as f64) as u32).min(MOST_LEVELS as u32 - 1)
        } else {
            known.partition_point(|x| x < value) as u32
        }
    };
    values.iter().map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_classes() {
        assert_eq!(levels(&[3.0, -1.0, f64::NAN, 3.0, 7.5]), [1, 0, 3, 1, 2]);
        let many: Vec<f64> = (0..41).map(f64::from).collect();
        let found = levels(&many);
        assert_eq!((found[0], found[1], found[2], found[39], found[40]), (0, 0, 1, 19, 19));
        assert_eq!(levels(&[f64::NAN; 2]), [0, 0]);
    }
}
