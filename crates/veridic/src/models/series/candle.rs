//! Prices as candles: a Gaussian copula of how wide each day is and where in it the prices lie.

use serde::{Deserialize, Serialize};

use super::copula::{complete_windows, failed};
use super::lag::{LagCopula, Place};
use super::walk::Walk;
use crate::data::series::candle::{CandleNames, GAP};
use crate::data::series::{Candles, Series, SeriesSet};
use crate::error::{Error, SeriesError};
use crate::models::Stored;
use crate::seed::{Seed, standard_normal};

/// Daily prices as candles: clusters of volatility, their relation to volume and the leverage effect come with it, as ranges
/// of days are related where signed returns are not.
///
/// Per day: `log(high / low)` (at least 1e-5), the places of open and close between low and high, the gap from the last close
/// in units of the range, and the log of the volume; per window the log of its first close. One distribution a quantity and
/// one correlation a pair of quantities and lag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CandleCopulaConfig {
    /// Days of a window, from 2: correlations reach so far.
    pub window: usize,
    /// The channel of each price, by default those called so, whatever the case.
    pub open: Option<String>,
    /// The highest price of the day.
    pub high: Option<String>,
    /// The lowest price of the day.
    pub low: Option<String>,
    /// The last price of the day.
    pub close: Option<String>,
    /// What was traded; left out where there is none.
    pub volume: Option<String>,
}

impl Default for CandleCopulaConfig {
    fn default() -> Self {
        Self { window: 24, open: None, high: None, low: None, close: None, volume: None }
    }
}

/// A fitted copula of candles.
#[derive(Debug, Clone, PartialEq)]
pub struct CandleCopula {
    channels: Vec<String>,
    roles: Candles,
    step: f64,
    copula: LagCopula,
}

/// The number of the level of the whole window among the quantities; it has no step.
fn level_of(roles: &Candles) -> usize {
    roles.quantities()
}

impl CandleCopula {
    /// Learns from the windows of `set` without missing values.
    ///
    /// # Errors
    /// A price that is not there or not above 0, a channel that is none of these nor equal to the close, series shorter than
    /// the window.
    pub fn fit(set: &SeriesSet, config: &CandleCopulaConfig) -> Result<Self, Error> {
        let names = CandleNames {
            open: config.open.as_deref(),
            high: config.high.as_deref(),
            low: config.low.as_deref(),
            close: config.close.as_deref(),
            volume: config.volume.as_deref(),
        };
        let roles = Candles::of(set, names).map_err(failed)?;
        roles.require_positive(set).map_err(failed)?;
        let width = set.channels.len();
        let encode = |row: Vec<f64>| {
            let mut encoded = Vec::with_capacity(row.len() + 1);
            for (day, values) in row.chunks_exact(width).enumerate() {
                let before = day.checked_sub(1).map(|before| row[before * width + roles.close]);
                let mut quantities = roles.encode(|channel| values[channel], before);
                if day == 0 {
                    quantities.remove(GAP);
                }
                encoded.extend(quantities);
            }
            encoded.push(row[roles.close].ln());
            encoded
        };
        let rows: Vec<Vec<f64>> = complete_windows(set, config.window)?.into_iter().map(encode).collect();
        let known = |place: &Place| place.step != Some(0) || place.quantity != GAP;
        let mut places: Vec<Place> =
            (0..config.window).flat_map(|step| day(&roles, step)).filter(known).collect();
        places.push(Place { quantity: level_of(&roles), step: None });
        let copula = LagCopula::fit(&rows, &places, config.window);
        let step = set.series.first().map_or(1.0, Series::step);
        Ok(Self { channels: set.channels.clone(), roles, step, copula })
    }

    /// Names of the channels.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// Days of a window.
    pub fn window(&self) -> usize {
        self.copula.steps()
    }

    /// The number of the channel of the last price of the day.
    pub fn close(&self) -> usize {
        self.roles.close
    }

    /// `n` new paths of `length` days, named `1`, `2`, …; each is drawn from a stream of its own.
    pub fn sample(&self, n: usize, length: usize, seed: Seed) -> SeriesSet {
        let walk = self.walk(length);
        let path = |i: usize| {
            let mut random = seed.stream(&format!("series/sample/{i}"));
            let level = standard_normal(&mut random);
            let path = walk.path(&[level], length, &mut random);
            let first = self.copula.value(Place { quantity: level_of(&self.roles), step: None }, level);
            self.decode(&path[1..], None, first)
        };
        self.set((0..n).map(path), 0.0)
    }

    /// `n` ways in which `past` may go on for `length` days: a window's days before count, so a past of stormy days gives
    /// stormy paths.
    ///
    /// # Errors
    /// Fewer than three days, or missing prices at the end.
    pub fn continue_from(
        &self,
        past: &Series,
        n: usize,
        length: usize,
        seed: Seed,
    ) -> Result<SeriesSet, Error> {
        let (found, needed) = (past.len(), 3);
        let days = (self.copula.steps() - 1).min(found.saturating_sub(1));
        let from = found - days;
        let is_price = |value: &f64| value.is_finite() && *value > 0.0;
        let fits = found >= needed
            && past.values.len() == self.channels.len()
            && past.values.iter().enumerate().all(|(channel, values)| {
                let values = &values[from - 1..];
                Some(channel) == self.roles.volume && values.iter().all(|v| v.is_finite())
                    || values.iter().all(is_price)
            });
        if !fits {
            let entity = past.entity.clone();
            let purpose = "a path that goes on from it, with all prices at its end,";
            return Err(failed(SeriesError::Short { entity, found, needed, purpose }));
        }
        let close = &past.values[self.roles.close];
        let level = Place { quantity: level_of(&self.roles), step: None };
        let mut known = vec![self.copula.score(level, close[from].ln())];
        for i in from..found {
            let quantities = self.roles.encode(|channel| past.values[channel][i], Some(close[i - 1]));
            let score = |(quantity, value)| self.copula.score(Place { quantity, step: Some(0) }, value);
            known.extend(quantities.into_iter().enumerate().map(score));
        }
        let walk = self.walk(days + length);
        let start = past.times[found - 1] + past.step();
        let path = |i: usize| {
            let mut random = seed.stream(&format!("series/continue/{i}"));
            let path = walk.path(&known, days + length, &mut random);
            self.decode(&path[known.len()..], Some(close[found - 1].ln()), 0.0)
        };
        Ok(self.set((0..n).map(path), start))
    }

    fn walk(&self, length: usize) -> Walk<'_> {
        let head = Place { quantity: level_of(&self.roles), step: None };
        Walk::new(&self.copula, &|step| day(&self.roles, step), Some(head), length)
    }

    /// Prices of days by their scores: after the close `before` (its log), or from `first`, the log of the first close.
    fn decode(&self, scores: &[f64], before: Option<f64>, first: f64) -> Vec<Vec<f64>> {
        let width = self.roles.quantities();
        let mut values = vec![Vec::with_capacity(scores.len() / width); self.channels.len()];
        let mut before = before;
        for scores in scores.chunks_exact(width) {
            let value = |(quantity, score): (usize, &f64)| {
                self.copula.value(Place { quantity, step: Some(0) }, *score)
            };
            let day: Vec<f64> = scores.iter().enumerate().map(value).collect();
            before = Some(self.roles.decode(&day, before, first, &mut values));
        }
        values
    }

    fn set(&self, paths: impl Iterator<Item = Vec<Vec<f64>>>, start: f64) -> SeriesSet {
        let series = paths.enumerate().map(|(i, values)| Series {
            entity: (i + 1).to_string(),
            times: (0..values.first().map_or(0, Vec::len)).map(|t| start + t as f64 * self.step).collect(),
            values,
            labels: Vec::new(),
        });
        SeriesSet { channels: self.channels.clone(), time: None, series: series.collect() }
    }

    /// The copula as a file holds it.
    pub fn store(&self) -> Stored {
        let mut stored = self.copula.store();
        stored.insert("step", &[1], vec![self.step]);
        stored.about.insert("channels".into(), serde_json::json!(self.channels).to_string());
        let roles = serde_json::to_string(&self.roles).expect("roles are plain numbers");
        stored.about.insert("roles".into(), roles);
        stored
    }

    /// Reads what [`store`](Self::store) gave.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let json = |name: &str| stored.text(name);
        let channels: Vec<String> = serde_json::from_str(json("channels")?).map_err(|e| e.to_string())?;
        let roles: Candles = serde_json::from_str(json("roles")?).map_err(|e| e.to_string())?;
        let copula = LagCopula::restore(stored)?;
        let fits = roles.is_sound(channels.len())
            && copula.quantities() == roles.quantities() + 1
            && copula.steps() > 1;
        match *stored.values::<f64>("step")? {
            [step] if step > 0.0 && fits => Ok(Self { channels, roles, step, copula }),
            _ => Err("channels, roles and copula do not fit together".into()),
        }
    }
}

/// The places of one day.
fn day(roles: &Candles, step: usize) -> Vec<Place> {
    (0..roles.quantities()).map(|quantity| Place { quantity, step: Some(step) }).collect()
}
