//! A Gaussian copula of windows: new paths, paths that go on from a past, and missing stretches filled.

use serde::{Deserialize, Serialize};

use super::lag::{Conditional, LagCopula, Place};
use super::walk::Walk;
use crate::data::series::{Series, SeriesSet};
use crate::error::{DataError, Error, ModelError, SeriesError};
use crate::models::Stored;
use crate::seed::Seed;

/// Windows that are learned from, at most.
const MOST_WINDOWS: usize = 20_000;
/// Values that are looked at together when a stretch is filled.
const MOST_TOGETHER: usize = 600;

/// Windows whose values have the distributions of the data, and normal scores with its correlations by lag.
///
/// One distribution a channel, one correlation a pair of channels and lag: it is stationary, extends to any length, and has
/// little room to memorise. Signs and sizes that depend on each other in another way than in rank (clusters of volatility of
/// signed returns) are not in it; prices are better written as candles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WindowCopulaConfig {
    /// Points of a window, from 2: correlations reach so far.
    pub window: usize,
}

impl Default for WindowCopulaConfig {
    fn default() -> Self {
        Self { window: 24 }
    }
}

/// A fitted copula of windows.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowCopula {
    channels: Vec<String>,
    /// The usual step between times.
    step: f64,
    copula: LagCopula,
}

/// A channel with its missing values filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Imputed {
    /// The values, missing ones as the median of what they may have been.
    pub values: Vec<f64>,
    /// The 5 % quantile at missing points; elsewhere the value.
    pub low: Vec<f64>,
    /// The 95 % quantile likewise.
    pub high: Vec<f64>,
}

impl WindowCopula {
    /// Learns from the windows of `set` without missing values.
    ///
    /// # Errors
    /// No channel, series shorter than the window, fewer than 10 complete windows.
    pub fn fit(set: &SeriesSet, config: &WindowCopulaConfig) -> Result<Self, Error> {
        if set.channels.is_empty() {
            return Err(ModelError::NoColumns { model: "a copula of windows" }.into());
        }
        let rows = complete_windows(set, config.window)?;
        let copula = LagCopula::fit(&rows, &places(set.channels.len(), 0, config.window), config.window);
        Ok(Self {
            channels: set.channels.clone(),
            step: set.series.first().map_or(1.0, Series::step),
            copula,
        })
    }

    /// Names of the channels.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// Points of a window.
    pub fn window(&self) -> usize {
        self.copula.steps()
    }

    /// `n` new paths of `length` points, named `1`, `2`, …; each is drawn from a stream of its own.
    pub fn sample(&self, n: usize, length: usize, seed: Seed) -> SeriesSet {
        let walk = Walk::new(&self.copula, &|step| places(self.channels.len(), step, 1), None, length);
        self.set((0..n).map(|i| walk.path(&[], length, &mut seed.stream(&format!("series/sample/{i}")))), 0.0)
    }

    /// `n` ways in which `past` may go on for `length` points; the last of its points that make up a window, less one, count.
    ///
    /// # Errors
    /// Another number of channels, a past with missing values at its end or none.
    pub fn continue_from(
        &self,
        past: &Series,
        n: usize,
        length: usize,
        seed: Seed,
    ) -> Result<SeriesSet, Error> {
        let known = past.len().min(self.copula.steps() - 1);
        if past.values.len() != self.channels.len() || known == 0 || !complete(past, past.len() - known) {
            return Err(failed(SeriesError::Short {
                entity: past.entity.clone(),
                found: 0,
                needed: 1,
                purpose: "a path that goes on from it, without missing values at its end,",
            }));
        }
        let from = past.len() - known;
        let scores: Vec<f64> = (from..past.len())
            .flat_map(|i| past.values.iter().map(move |channel| channel[i]).enumerate())
            .map(|(quantity, value)| self.copula.score(Place { quantity, step: Some(0) }, value))
            .collect();
        let walk =
            Walk::new(&self.copula, &|step| places(self.channels.len(), step, 1), None, known + length);
        let start = past.times[past.len() - 1] + past.step();
        let paths = (0..n).map(|i| {
            let path = walk.path(&scores, known + length, &mut seed.stream(&format!("series/continue/{i}")));
            path[scores.len()..].to_vec()
        });
        Ok(self.set(paths, start))
    }

    /// Scores of paths, step by step, as series.
    fn set(&self, paths: impl Iterator<Item = Vec<f64>>, start: f64) -> SeriesSet {
        let n_channels = self.channels.len();
        let series = paths.enumerate().map(|(i, path)| {
            let channel = |quantity| {
                let value = |z: &f64| self.copula.value(Place { quantity, step: Some(0) }, *z);
                path.iter().skip(quantity).step_by(n_channels).map(value).collect::<Vec<f64>>()
            };
            Series {
                entity: (i + 1).to_string(),
                times: (0..path.len() / n_channels).map(|t| start + t as f64 * self.step).collect(),
                values: (0..n_channels).map(channel).collect(),
                labels: Vec::new(),
            }
        });
        SeriesSet { channels: self.channels.clone(), time: None, series: series.collect() }
    }

    /// Fills the missing values of a series by what is around them, with what they may have been.
    ///
    /// A stretch is judged by what is around it within a window, longer ones half a window at a time: the middle of a stretch longer
    /// than a window is as wide as the whole distribution.
    ///
    /// # Errors
    /// Another number of channels.
    pub fn impute(&self, series: &Series) -> Result<Vec<Imputed>, Error> {
        let n_channels = self.channels.len();
        if series.values.len() != n_channels {
            let column = self.channels.get(series.values.len()).cloned().unwrap_or_default();
            return Err(ModelError::MissingColumn { model: "a copula of windows", column }.into());
        }
        let as_is =
            |values: &Vec<f64>| Imputed { values: values.clone(), low: values.clone(), high: values.clone() };
        let mut imputed: Vec<Imputed> = series.values.iter().map(as_is).collect();
        let n = series.len();
        let misses: Vec<bool> =
            (0..n).map(|i| series.values.iter().any(|channel| channel[i].is_nan())).collect();
        // Correlations beyond a window count as none, which no smooth series has: what is looked at together is one window.
        let most = (MOST_TOGETHER / n_channels).min(self.copula.steps()).max(3);
        for stretch in crate::evaluate::flagged_ranges(&misses) {
            // A long stretch is filled piece by piece; between pieces nothing is known.
            let piece = (most / 2).max(1);
            for from in stretch.clone().step_by(piece) {
                let to = (from + piece).min(stretch.end);
                let around = ((most - (to - from)) / 2).max(1);
                self.fill(
                    series,
                    (from.saturating_sub(around), from, to, (to + around).min(n)),
                    &mut imputed,
                );
            }
        }
        Ok(imputed)
    }

    /// Fills the points `from` to `to` by those from `first` to `last`.
    fn fill(
        &self,
        series: &Series,
        (first, from, to, last): (usize, usize, usize, usize),
        imputed: &mut [Imputed],
    ) {
        const TAIL: f64 = 1.644_853_626_951_472_2;
        let places = places(self.channels.len(), 0, last - first);
        let at = |place: &Place| (place.quantity, first + place.step.unwrap_or(0));
        let value = |place: &Place| {
            let (channel, point) = at(place);
            series.values[channel][point]
        };
        let is_known: Vec<bool> = places.iter().map(|place| !value(place).is_nan()).collect();
        let conditional = Conditional::new(&self.copula.matrix(&places), &is_known);
        let known: Vec<f64> =
            conditional.known().iter().map(|&i| self.copula.score(places[i], value(&places[i]))).collect();
        let means = conditional.means(&known);
        for ((&i, mean), deviation) in
            conditional.unknown().iter().zip(means.iter()).zip(conditional.deviations())
        {
            let (channel, point) = at(&places[i]);
            if (from..to).contains(&point) {
                let value = |z: f64| self.copula.value(places[i], z);
                let filled = &mut imputed[channel];
                filled.values[point] = value(*mean);
                filled.low[point] = value(mean - TAIL * deviation);
                filled.high[point] = value(mean + TAIL * deviation);
            }
        }
    }

    /// The copula as a file holds it.
    pub fn store(&self) -> Stored {
        let mut stored = self.copula.store();
        stored.insert("step", &[1], vec![self.step]);
        stored.about.insert("channels".into(), serde_json::json!(self.channels).to_string());
        stored
    }

    /// Reads what [`store`](Self::store) gave.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let channels: Vec<String> =
            serde_json::from_str(stored.text("channels")?).map_err(|error| error.to_string())?;
        let copula = LagCopula::restore(stored)?;
        match *stored.values::<f64>("step")? {
            [step] if step > 0.0 && copula.quantities() == channels.len() && copula.steps() > 1 => {
                Ok(Self { channels, step, copula })
            }
            _ => Err("channels, steps and copula do not fit together".into()),
        }
    }
}

/// All quantities at each of some steps, step by step.
fn places(quantities: usize, from: usize, steps: usize) -> Vec<Place> {
    let at = |step| (0..quantities).map(move |quantity| Place { quantity, step: Some(step) });
    (from..from + steps).flat_map(at).collect()
}

fn complete(series: &Series, from: usize) -> bool {
    series.values.iter().all(|channel| channel[from..].iter().all(|value| value.is_finite()))
}

/// Rows of values, step by step, of evenly chosen windows without missing values.
pub(super) fn complete_windows(set: &SeriesSet, length: usize) -> Result<Vec<Vec<f64>>, Error> {
    const NEEDED: usize = 10;
    if length < 2 {
        let (name, found, allowed) = ("window", length as f64, "whole numbers from 2");
        return Err(failed(SeriesError::Range { name, found, allowed }));
    }
    let windows = set.windows(length, 1).map_err(failed)?;
    let every = windows.len().div_ceil(MOST_WINDOWS).max(1);
    let chosen = (0..windows.len()).step_by(every).filter_map(|i| windows.get(i));
    let rows: Vec<Vec<f64>> = chosen
        .filter(|window| window.is_complete())
        .map(|window| {
            let at = |t: usize| (0..set.channels.len()).map(move |c| window.channel(c)[t]);
            (0..length).flat_map(at).collect()
        })
        .filter(|row: &Vec<f64>| row.iter().all(|value| value.is_finite()))
        .collect();
    if rows.is_empty() && windows.len() >= NEEDED {
        return Err(failed(SeriesError::NoCompleteWindow { windows: windows.len() }));
    }
    if rows.len() < NEEDED {
        let model = "a copula of windows";
        return Err(ModelError::TooFewRows { model, found: rows.len(), needed: NEEDED }.into());
    }
    Ok(rows)
}

pub(super) fn failed(error: SeriesError) -> Error {
    DataError::from(error).into()
}
