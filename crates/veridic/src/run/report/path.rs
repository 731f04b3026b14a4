//! What new paths are like beside real ones.

use std::collections::BTreeMap;

use crate::data::series::{Series, SeriesConfig, SeriesSet};
use crate::data::{Schema, Table};
use crate::error::Result;
use crate::evaluate;
use crate::models::series::{PathConfig, PathModel};
use crate::run::report::sequence::insert_judged;
use crate::seed::Seed;

/// Windows that are looked at, at most.
const WINDOWS: usize = 1500;
/// Paths whose nearest windows are looked for.
const JUDGED: usize = 500;
/// Windows in a block of the two halves between which nearness is measured.
const BLOCK: usize = 6;
/// Lags of the correlation of the size of changes.
pub(super) const LAGS: [usize; 3] = [1, 5, 10];

/// What the reward of copying is, and whether volatility comes in clusters: what scores of indistinguishability do not see.
///
/// Of the main channel's changes (log returns where all values are above 0), pooled over windows, `sample.…` of paths and `real.…`
/// of the data:
/// - `kurtosis`: the fourth moment over the squared variance; 3 of a normal distribution.
/// - `volatility_1`, `_5`, `_10`: the correlation of the sizes of changes so many points apart; 0 where calm and storm do not
///   come in stretches.
///
/// `sample.nearness`: fitted to alternate blocks of the data, how much more often than by chance a path's nearest window lies in
/// the half that was learned from, half the difference of both halves: 0 is ideal, 0.5 copies. `control.bootstrap.nearness`
/// is that of windows drawn from the data, which no score of indistinguishability tells from real ones: those of [`insert_judged`],
/// where judges are asked for, are such scores.
pub(super) fn insert_paths(
    figures: &mut BTreeMap<String, f64>,
    (model, config): (&PathModel, &PathConfig),
    (table, schema): (&Table, &Schema),
    (judges, seed, threads): (usize, Seed, usize),
) -> Result<()> {
    let set = SeriesSet::from_table(table, schema, model.layout())?;
    let (window, channel) = (model.window(), model.main_channel());
    let real = windows(&set, window, WINDOWS);
    let made = model.sample(WINDOWS, window, Seed(seed.key("report paths")), schema).series;
    let is_positive = |set: &[Series], channel: usize| {
        set.iter().all(|series| series.values[channel].iter().all(|value| value.is_nan() || *value > 0.0))
    };
    let logs: Vec<bool> = (0..set.channels.len()).map(|c| is_positive(&set.series, c)).collect();
    for (name, paths) in [("sample", &made), ("real", &real)] {
        let changes: Vec<Vec<f64>> = paths.iter().map(|path| changes(path, channel, logs[channel])).collect();
        let mut insert = |figure: &str, value: Option<f64>| {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                figures.insert(format!("{name}.{figure}"), value);
            }
        };
        insert("kurtosis", kurtosis(&changes));
        for lag in LAGS {
            insert(&format!("volatility_{lag}"), correlation(&changes, lag));
        }
    }
    if judges > 0 {
        let all = windows(&set, window, usize::MAX);
        let judged = model.sample(all.len(), window, Seed(seed.key("report judged")), schema).series;
        insert_judged(figures, (&all, &judged), judges, seed, threads)?;
    }
    let halves = halves(&set, BLOCK * window);
    let shape = |path: &Series| -> Vec<f64> {
        (0..logs.len()).flat_map(|channel| changes(path, channel, logs[channel])).collect()
    };
    let known =
        halves.each_ref().map(|half| windows(half, window, WINDOWS).iter().map(shape).collect::<Vec<_>>());
    let scale = scale(&known.iter().flatten());
    let known = known.map(|rows| scaled(rows, &scale));
    if known.iter().any(|rows| rows.len() < 10) {
        return Ok(());
    }
    let mut shares = [[0.0; 2]; 2];
    for (half, set) in halves.iter().enumerate() {
        let Ok(part) = PathModel::fit_set(config, SeriesConfig::default(), set) else { return Ok(()) };
        let paths = part.sample(JUDGED, window, Seed(seed.key("report nearness")), schema).series;
        let paths = scaled(paths.iter().map(shape).collect(), &scale);
        let every = known[half].len().div_ceil(JUDGED).max(1);
        let copies: Vec<Vec<f64>> = known[half].iter().step_by(every).cloned().collect();
        shares[0][half] = nearer(&paths, &known);
        shares[1][half] = nearer(&copies, &known);
    }
    for (name, [first, second]) in ["sample", "control.bootstrap"].into_iter().zip(shares) {
        figures.insert(format!("{name}.nearness"), (first - second) / 2.0);
    }
    Ok(())
}

/// Evenly chosen windows without missing values, at most `most`.
fn windows(set: &SeriesSet, length: usize, most: usize) -> Vec<Series> {
    let Ok(windows) = set.windows(length, 1) else { return Vec::new() };
    let every = windows.len().div_ceil(most).max(1);
    let chosen = (0..windows.len()).step_by(every).filter_map(|i| windows.get(i));
    let chosen = chosen.filter(|window| window.is_complete());
    let copied = |channels: usize, window: &crate::data::series::Window<'_>| Series {
        times: window.times().to_vec(),
        values: (0..channels).map(|channel| window.channel(channel).to_vec()).collect(),
        ..Series::default()
    };
    chosen.map(|window| copied(set.channels.len(), &window)).collect()
}

/// Alternate blocks of the series.
fn halves(set: &SeriesSet, block: usize) -> [SeriesSet; 2] {
    [0, 1].map(|half| {
        let blocks = set.series.iter().flat_map(|series| {
            let starts = (0..series.len()).step_by(block.max(1)).enumerate();
            starts
                .filter(move |(i, _)| i % 2 == half)
                .map(|(_, start)| series.slice(start, (start + block).min(series.len())))
        });
        // The rest of a series is shorter than a window at times, which no model learns from.
        let series = blocks.filter(|part| part.len() * BLOCK >= block).collect();
        SeriesSet { series, ..set.clone() }
    })
}

fn changes(path: &Series, channel: usize, log: bool) -> Vec<f64> {
    let value = |v: f64| if log { v.max(f64::MIN_POSITIVE).ln() } else { v };
    path.values[channel].windows(2).map(|pair| value(pair[1]) - value(pair[0])).collect()
}

pub(super) fn kurtosis(changes: &[Vec<f64>]) -> Option<f64> {
    let all: Vec<f64> = changes.iter().flatten().copied().collect();
    let mean = evaluate::mean(&all).ok()?;
    let moment = |power: i32| all.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / all.len() as f64;
    Some(moment(4) / moment(2).powi(2))
}

/// The correlation of sizes `lag` points apart, within windows.
pub(super) fn correlation(changes: &[Vec<f64>], lag: usize) -> Option<f64> {
    correlation_of(changes, lag, [f64::abs; 2])
}

/// The correlation of changes `lag` points apart, within windows, after a function of the earlier and one of the later.
pub(super) fn correlation_of(changes: &[Vec<f64>], lag: usize, [f, g]: [fn(f64) -> f64; 2]) -> Option<f64> {
    let pairs = || {
        changes
            .iter()
            .flat_map(move |of| of.iter().zip(of.iter().skip(lag)).map(move |(a, b)| (f(*a), g(*b))))
    };
    let n = pairs().count() as f64;
    if n < 10.0 {
        return None;
    }
    let (a, b) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let sums = pairs().fold((0.0, 0.0, 0.0), |(xy, xx, yy), (x, y)| {
        (xy + (x - a) * (y - b), xx + (x - a).powi(2), yy + (y - b).powi(2))
    });
    Some(sums.0 / (sums.1 * sums.2).sqrt())
}

/// Mean and deviation of each place.
fn scale<'a>(rows: &(impl Iterator<Item = &'a Vec<f64>> + Clone)) -> Vec<(f64, f64)> {
    let n = rows.clone().count().max(1) as f64;
    let width = rows.clone().next().map_or(0, Vec::len);
    let of = |place: usize| {
        let mean = rows.clone().map(|row| row[place]).sum::<f64>() / n;
        let variance = rows.clone().map(|row| (row[place] - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt().max(1e-12))
    };
    (0..width).map(of).collect()
}

fn scaled(mut rows: Vec<Vec<f64>>, scale: &[(f64, f64)]) -> Vec<Vec<f64>> {
    for row in &mut rows {
        row.iter_mut().zip(scale).for_each(|(value, (mean, deviation))| *value = (*value - mean) / deviation);
    }
    rows
}

/// The share of rows whose nearest is in the first half.
fn nearer(rows: &[Vec<f64>], halves: &[Vec<Vec<f64>>; 2]) -> f64 {
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let least =
        |row: &[f64], half: &[Vec<f64>]| half.iter().map(|b| distance(row, b)).fold(f64::INFINITY, f64::min);
    // As many of each, so that neither is nearer for its number.
    let n = halves[0].len().min(halves[1].len());
    let even =
        |half: &[Vec<f64>]| -> Vec<Vec<f64>> { (0..n).map(|i| half[i * half.len() / n].clone()).collect() };
    let [first, second] = [even(&halves[0]), even(&halves[1])];
    let is_nearer = |row: &&Vec<f64>| least(row, &first) < least(row, &second);
    rows.iter().filter(is_nearer).count() as f64 / rows.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_changes_correlate_where_storms_last() {
        let calm = vec![0.1, -0.1, 0.1, -0.1, 0.1];
        let stormy = vec![2.0, -2.0, 2.0, -2.0, 2.0];
        let clustered: Vec<Vec<f64>> =
            (0..10).map(|i| if i % 2 == 0 { calm.clone() } else { stormy.clone() }).collect();
        assert!((correlation(&clustered, 1).unwrap() - 1.0).abs() < 1e-9);
        let mixed: Vec<Vec<f64>> = (0..10).map(|_| vec![0.1, 2.0, 0.1, 2.0, 0.1]).collect();
        assert!(correlation(&mixed, 1).unwrap() < -0.9);
        // Two values of equal weight, as far out as can be.
        assert!((kurtosis(&[vec![1.0, -1.0, 1.0, -1.0]]).unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_copy_is_nearer_to_what_was_copied() {
        let rows =
            |at: f64| -> Vec<Vec<f64>> { (0..20).map(|i| vec![at + f64::from(i) * 0.01, 0.0]).collect() };
        let halves = [rows(0.0), rows(5.0)];
        assert!((nearer(&halves[0], &halves) - 1.0).abs() < 1e-9);
        assert!(nearer(&halves[1], &halves) < 1e-9);
    }
}
