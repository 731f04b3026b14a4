//! What windows of series lose on the way through a code.

use std::collections::BTreeMap;

use veridic_graph::Pool;

use crate::data::series::WindowForm;
use crate::data::{Data, Matrix, Table};
use crate::error::Result;
use crate::evaluate;
use crate::models::Network;
use crate::project::Pca;
use crate::run::config::Config;
use crate::run::dataset::{Dataset, Windowing, index};
use crate::run::fitted::gap::filled;
use crate::run::fitted::sample::sampled_rows;
use crate::run::report::path::{LAGS, correlation, correlation_of, kurtosis};
use crate::run::report::sequence::insert_judged;
use crate::seed::Seed;

/// Of windows of series, the share of the variance of test windows around the mean of training windows that is not given back,
/// in encoded values, 0 to 1 and above where the mean is nearer; lower is better. `test.reconstruction` by the network (of a model
/// whose loss has a part of that name, `test.unexplained`), `control.pca.…` by as many principal components of the training
/// windows as the code has values.
pub(super) fn insert_unexplained(
    report: &mut BTreeMap<String, f64>,
    data: &Dataset,
    (network, pool): (&mut Network, &mut Pool),
    rows: &[usize],
) -> Result<()> {
    let name = if report.contains_key("test.reconstruction") { "unexplained" } else { "reconstruction" };
    let pick = |rows: &[usize]| {
        let values = rows.iter().flat_map(|&row| data.rows().row(row)).collect();
        Matrix { n_rows: rows.len(), n_cols: data.layout.width(), values }
    };
    let (train, test) = (pick(&data.split.train), pick(rows));
    let (codes, _) = network.encode(pool, data.rows(), &index(rows))?;
    let expected = network.decode(pool, &codes)?;
    let components = network.latent().clamp(1, train.n_cols);
    let pca = Pca::fit(&train, components)?;
    let mut sums = [0.0; 3];
    for (i, left) in pca.reconstruction_error(&test)?.into_iter().enumerate() {
        let row = test.row(i);
        let away = |others: &mut dyn Iterator<Item = f64>| -> f64 {
            row.iter().zip(others).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum()
        };
        sums[0] += away(&mut pca.mean().iter().copied());
        sums[1] += away(&mut expected.row(i).iter().map(|value| f64::from(*value)));
        sums[2] += left * row.len() as f64;
    }
    let total = sums[0].max(f64::MIN_POSITIVE);
    report.insert(format!("test.{name}"), sums[1] / total);
    report.insert(format!("control.pca.{name}"), sums[2] / total);
    Ok(())
}

/// Of models that make windows of series, what those of the first channel are like beside windows learned from: `sample.…` and
/// `real.…` of their changes from step to step (the stylised facts of R. Cont, "Empirical properties of asset returns", Quantitative
/// Finance 1, 2001), pooled over windows.
///
/// - `sd`: the standard deviation, in the units of a window.
/// - `kurtosis`: the fourth moment over the squared variance; 3 of a normal distribution.
/// - `autocorrelation_1`: of changes one step apart; near 0 of returns.
/// - `volatility_1`, `_5`, `_10`: the correlation of the sizes of changes so many steps apart; 0 where storms do not last.
/// - `leverage`: the correlation of a change with the size of the next; below 0 where falls make storms.
///
/// And what [`insert_judged`] says, where judges are asked for.
pub(super) fn insert_facts(
    report: &mut BTreeMap<String, f64>,
    (config, data): (&Config, &Dataset),
    (network, pool): (&mut Network, &mut Pool),
) -> Result<()> {
    let (Some(windows), Some(codec), Data::Table(table, _)) = (&data.windows, &data.codec, &data.content)
    else {
        return Ok(());
    };
    let z = network.points(Seed(config.seed), "report", config.evaluate.sample_rows);
    let made = codec.decode(&sampled_rows(network, pool, &z, Seed(config.seed))?)?;
    let real = table.take(&data.split.train);
    if config.evaluate.judges > 0 {
        // As many as there are real ones, whatever is compared otherwise.
        let z = network.points(Seed(config.seed), "judged", real.n_rows);
        let judged = codec.decode(&sampled_rows(network, pool, &z, Seed(config.seed))?)?;
        if let (Some(real), Some(made)) = (windows.series(&real, None), windows.series(&judged, None)) {
            let of = (real.series.as_slice(), made.series.as_slice());
            insert_judged(report, of, config.evaluate.judges, Seed(config.seed), pool.threads())?;
        }
    }
    for (name, table) in [("sample", &made), ("real", &real)] {
        let Some(changes) = changes(windows, table) else { continue };
        let all: Vec<f64> = changes.iter().flatten().copied().collect();
        let mean = evaluate::mean(&all)?;
        let variance = all.iter().map(|change| (change - mean).powi(2)).sum::<f64>() / all.len() as f64;
        let mut insert = |fact: &str, value: Option<f64>| {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                report.insert(format!("{name}.{fact}"), value);
            }
        };
        insert("sd", Some(variance.sqrt()));
        insert("kurtosis", kurtosis(&changes));
        insert("autocorrelation_1", correlation_of(&changes, 1, [|change| change; 2]));
        insert("leverage", correlation_of(&changes, 1, [|change| change, f64::abs]));
        for lag in LAGS.into_iter().filter(|lag| lag + 1 < windows.columns.steps) {
            insert(&format!("volatility_{lag}"), correlation(&changes, lag));
        }
    }
    Ok(())
}

/// The changes from step to step of the first channel of each window; of candles the log returns of the close.
fn changes(windows: &Windowing, table: &Table) -> Option<Vec<Vec<f64>>> {
    let apart = |row: &Vec<f64>| row.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>();
    let rows = || windows.columns.values(table, 0);
    match windows.window().form {
        WindowForm::Differences | WindowForm::Returns => rows(),
        WindowForm::Values | WindowForm::Paths => Some(rows()?.iter().map(apart).collect()),
        WindowForm::Candles => {
            let paths = windows.series(table, None)?.series;
            let logs = |values: &Vec<f64>| values.iter().map(|price| price.ln()).collect::<Vec<f64>>();
            Some(paths.iter().map(|path| apart(&logs(&path.values[windows.columns.main()]))).collect())
        }
    }
}

/// Windows that are filled, at most.
const FILLED: usize = 500;

/// Of test windows of series of which a quarter is taken away from the middle, the root of the mean squared error of what is put there:
/// `test.fill_error` by the model ([`filled`]), `control.linear.fill_error` by a straight line. Both of the logarithm where windows hold
/// logarithms, else in units of the data, all channels together; lower is better.
pub(super) fn insert_fill(
    report: &mut BTreeMap<String, f64>,
    data: &Dataset,
    (network, pool): (&mut Network, &mut Pool),
    rows: &[usize],
) -> Result<()> {
    let (Some(windows), Some(codec), Data::Table(table, _)) = (&data.windows, &data.codec, &data.content)
    else {
        return Ok(());
    };
    if windows.columns.prices.is_some() {
        return Ok(());
    }
    let every = rows.len().div_ceil(FILLED).max(1);
    let rows: Vec<usize> = rows.iter().copied().step_by(every).collect();
    let known = table.take(&rows);
    let Some(mut whole) = windows.series(&known, Some(&known)) else { return Ok(()) };
    let window = windows.window();
    // The point before the first step.
    for series in whole.series.iter_mut().filter(|_| window.points() > window.length) {
        series.times.insert(0, 0.0);
        series.values.iter_mut().for_each(|values| values.insert(0, window.before()));
    }
    let length = windows.columns.steps / 4;
    if length == 0 {
        return Ok(());
    }
    let gap = window.points() / 2 - length / 2..window.points() / 2 - length / 2 + length;
    let mut holes = whole.clone();
    for values in holes.series.iter_mut().flat_map(|series| &mut series.values) {
        values[gap.clone()].fill(f64::NAN);
    }
    let (ours, _) = filled(&holes, windows, codec, (network, pool))?;
    let scale = |value: f64| if window.is_of_logs() { value.max(f64::MIN_POSITIVE).ln() } else { value };
    let (mut sums, mut n) = ([0.0; 2], 0.0);
    for (whole, ours) in whole.series.iter().zip(&ours.series) {
        for (values, ours) in whole.values.iter().zip(&ours.values) {
            let (before, after) = (scale(values[gap.start - 1]), scale(values[gap.end]));
            for (i, t) in gap.clone().enumerate() {
                let line = before + (after - before) * (i + 1) as f64 / (length + 1) as f64;
                sums[0] += (scale(ours[t]) - scale(values[t])).powi(2);
                sums[1] += (line - scale(values[t])).powi(2);
                n += 1.0;
            }
        }
    }
    report.insert("test.fill_error".to_string(), (sums[0] / n).sqrt());
    report.insert("control.linear.fill_error".to_string(), (sums[1] / n).sqrt());
    Ok(())
}
