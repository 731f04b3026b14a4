//! Daily prices as candles, and back.

use serde::{Deserialize, Serialize};

use super::{Series, SeriesSet};
use crate::error::SeriesError;

/// The narrowest day, as the log of high over low.
const NARROWEST: f64 = 1e-5;
/// The least volume that has a logarithm.
const LEAST_VOLUME: f64 = 0.5;

/// Quantities of a day: the log of its range, where open and close lie in it, the gap from the last close in ranges, and the
/// log of the volume, where there is one.
pub(crate) const RANGE: usize = 0;
pub(crate) const OPEN: usize = 1;
pub(crate) const CLOSE: usize = 2;
pub(crate) const GAP: usize = 3;
pub(crate) const VOLUME: usize = 4;

/// Their names as channels, but for the log of the close, which is the last one: `level`.
const NAMES: [&str; 5] = ["range", "open", "close", "gap", "volume"];

/// The channels of prices by name; by default those called `open`, `high`, `low`, `close` and `volume`, whatever the case.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CandleNames<'a> {
    pub(crate) open: Option<&'a str>,
    pub(crate) high: Option<&'a str>,
    pub(crate) low: Option<&'a str>,
    pub(crate) close: Option<&'a str>,
    pub(crate) volume: Option<&'a str>,
}

/// Which channel is which price, by number.
///
/// A day is written as the log of its range `log(high / low)` (at least 1e-5), the places of open and close between low and high
/// (0 to 1), the gap from the last close in units of the range, and the log of the volume. Ranges of days are related where
/// signed returns are not, so that storms and calm come in stretches for whatever learns how these quantities go together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candles {
    pub(crate) open: usize,
    pub(crate) high: usize,
    pub(crate) low: usize,
    pub(crate) close: usize,
    pub(crate) volume: Option<usize>,
    /// Channels that equal the close in every row.
    pub(crate) copies: Vec<usize>,
}

impl Candles {
    /// # Errors
    /// A price that is not there, a channel that is none and does not equal the close.
    pub(crate) fn of(set: &SeriesSet, names: CandleNames<'_>) -> Result<Self, SeriesError> {
        let find = |given: Option<&str>, usual: &str| match given {
            Some(name) => set.channels.iter().position(|channel| channel == name),
            None => set.channels.iter().position(|channel| channel.eq_ignore_ascii_case(usual)),
        };
        let price = |given: Option<&str>, usual: &str| {
            let channel = given.unwrap_or(usual).to_owned();
            find(given, usual).ok_or(SeriesError::NoPrice { channel })
        };
        let (open, high) = (price(names.open, "open")?, price(names.high, "high")?);
        let (low, close) = (price(names.low, "low")?, price(names.close, "close")?);
        let volume = find(names.volume, "volume");
        let mut copies = Vec::new();
        for other in 0..set.channels.len() {
            if [open, high, low, close].contains(&other) || volume == Some(other) {
                continue;
            }
            let equal = |series: &Series| {
                let pairs = series.values[other].iter().zip(&series.values[close]);
                pairs.clone().all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
            };
            if !set.series.iter().all(equal) {
                return Err(SeriesError::NotAPrice { channel: set.channels[other].clone() });
            }
            copies.push(other);
        }
        Ok(Self { open, high, low, close, volume, copies })
    }

    /// Quantities of a day.
    pub(crate) fn quantities(&self) -> usize {
        if self.volume.is_some() { VOLUME + 1 } else { VOLUME }
    }

    /// Channels of prices and volume.
    pub(crate) fn channels(&self) -> usize {
        4 + usize::from(self.volume.is_some()) + self.copies.len()
    }

    /// Whether each of so many channels has one place.
    pub(crate) fn is_sound(&self, channels: usize) -> bool {
        let mut places = vec![self.open, self.high, self.low, self.close];
        places.extend(self.volume);
        places.extend(&self.copies);
        places.sort_unstable();
        places.len() == channels && places.iter().enumerate().all(|(i, place)| i == *place)
    }

    /// # Errors
    /// [`SeriesError::NotPositive`] for the first price of 0 or less.
    pub(crate) fn require_positive(&self, set: &SeriesSet) -> Result<(), SeriesError> {
        for series in &set.series {
            for channel in [self.open, self.high, self.low, self.close] {
                let values = &series.values[channel];
                if let Some(i) = values.iter().position(|value| *value <= 0.0) {
                    let (entity, channel) = (series.entity.clone(), set.channels[channel].clone());
                    return Err(SeriesError::NotPositive { entity, channel, point: i + 1, value: values[i] });
                }
            }
        }
        Ok(())
    }

    /// The quantities of a day by the prices `at` gives, `before` being the last close.
    pub(crate) fn encode(&self, at: impl Fn(usize) -> f64, before: Option<f64>) -> Vec<f64> {
        let log = |channel: usize| at(channel).ln();
        let (low, open) = (log(self.low), log(self.open));
        // A missing price makes the day missing, which `max` and `clamp` alone would hide.
        let range = log(self.high) - low;
        let range = if range.is_nan() { range } else { range.max(NARROWEST) };
        let place = |price: f64| ((price - low) / range).clamp(0.0, 1.0);
        let gap = before.map_or(0.0, |before| (open - before.ln()) / range);
        let mut day = vec![range.ln(), place(open), place(log(self.close)), gap];
        day.extend(self.volume.map(|volume| {
            let traded = at(volume);
            if traded.is_nan() { traded } else { traded.max(LEAST_VOLUME).ln() }
        }));
        day
    }

    /// Adds the prices of a day to `values`, a list a channel: by its quantities, whose places are kept within the day, after a
    /// last close `before` (its log), or with the close `first`. Gives the log of its close.
    pub(crate) fn decode(
        &self,
        day: &[f64],
        before: Option<f64>,
        first: f64,
        values: &mut [Vec<f64>],
    ) -> f64 {
        let (range, open, close) = (day[RANGE].exp(), day[OPEN].clamp(0.0, 1.0), day[CLOSE].clamp(0.0, 1.0));
        let last = before.map_or(first, |before| before + day[GAP] * range + (close - open) * range);
        let low = last - close * range;
        values[self.open].push((low + open * range).exp());
        values[self.high].push((low + range).exp());
        values[self.low].push(low.exp());
        values[self.close].push(last.exp());
        self.copies.iter().for_each(|&copy| values[copy].push(last.exp()));
        if let Some(volume) = self.volume {
            let traded = day[VOLUME].exp();
            values[volume].push(if traded < 1.5 * LEAST_VOLUME { 0.0 } else { traded });
        }
        last
    }

    /// Names of the channels of [`Candles::written`].
    pub(crate) fn names(&self) -> Vec<String> {
        let names = NAMES[..self.quantities()].iter().copied().chain(["level"]);
        names.map(str::to_owned).collect()
    }

    /// Series of prices with the quantities of each day as channels, and the log of its close. The gap of a series' first day,
    /// which nothing is before, is 0.
    ///
    /// # Errors
    /// A price of 0 or less.
    pub(crate) fn written(&self, set: &SeriesSet) -> Result<SeriesSet, SeriesError> {
        self.require_positive(set)?;
        let of = |series: &Series| {
            let close = &series.values[self.close];
            let mut values = vec![Vec::with_capacity(series.len()); self.quantities() + 1];
            for i in 0..series.len() {
                let before = i.checked_sub(1).map(|before| close[before]);
                let day = self.encode(|channel| series.values[channel][i], before);
                let day = day.into_iter().chain([close[i].ln()]);
                values.iter_mut().zip(day).for_each(|(values, value)| values.push(value));
            }
            Series { values, ..series.clone() }
        };
        let series = set.series.iter().map(of).collect();
        Ok(SeriesSet { channels: self.names(), series, ..set.clone() })
    }

    /// What [`Candles::written`] gave as prices again, of channels called `channels`: each day after the one before, the whole
    /// path at the height that is nearest to all its levels.
    pub(crate) fn read(&self, set: &SeriesSet, channels: &[String]) -> SeriesSet {
        let level = self.quantities();
        let of = |series: &Series| {
            let day = |i: usize| series.values[..level].iter().map(|values| values[i]).collect::<Vec<f64>>();
            let path = |first: f64| {
                let mut values = vec![Vec::with_capacity(series.len()); self.channels()];
                let (mut before, mut off) = (None, 0.0);
                for i in 0..series.len() {
                    let last = self.decode(&day(i), before, first, &mut values);
                    off += series.values[level][i] - last;
                    before = Some(last);
                }
                (values, off)
            };
            let (_, off) = path(0.0);
            let (values, _) = path(off / series.len().max(1) as f64);
            Series { values, ..series.clone() }
        };
        SeriesSet { channels: channels.to_vec(), series: set.series.iter().map(of).collect(), ..set.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> SeriesSet {
        let close: Vec<f64> = (0..40).map(|i| 50.0 * (0.02 * f64::from(i * 7 % 11)).exp()).collect();
        let open: Vec<f64> = (0..40).map(|i| close[i.max(1) - 1] * (1.0 + 0.001 * (i % 5) as f64)).collect();
        let beyond = |f: fn(f64, f64) -> f64, by: f64| {
            open.iter().zip(&close).map(|(a, b)| f(*a, *b) * by).collect::<Vec<f64>>()
        };
        let (high, low) = (beyond(f64::max, 1.01), beyond(f64::min, 0.99));
        let volume = (0..40).map(|i| f64::from(i % 9) * 1000.0).collect();
        let names = ["Volume", "Low", "Open", "adj", "Close", "HIGH"];
        SeriesSet {
            channels: names.map(String::from).to_vec(),
            time: None,
            series: vec![Series {
                times: (0..40).map(f64::from).collect(),
                values: vec![volume, low, open, close.clone(), close, high],
                ..Series::default()
            }],
        }
    }

    #[test]
    fn candles_are_the_prices_again() {
        let set = prices();
        let candles = Candles::of(&set, CandleNames::default()).unwrap();
        assert!(candles.is_sound(6) && !candles.is_sound(5));
        let written = candles.written(&set).unwrap();
        assert_eq!(written.channels, ["range", "open", "close", "gap", "volume", "level"]);
        let read = candles.read(&written, &set.channels);
        for (found, expected) in read.series[0].values.iter().zip(&set.series[0].values) {
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() <= 1e-9 * b.abs(), "{a} {b}");
            }
        }
        // Levels that say another height move the whole path, and noise on one of them hardly.
        let mut moved = written.clone();
        moved.series[0].values[5].iter_mut().for_each(|level| *level += 1.0);
        moved.series[0].values[5][3] += 0.4;
        let read = candles.read(&moved, &set.channels);
        let by = (read.series[0].values[4][7] / set.series[0].values[4][7]).ln();
        assert!((by - 1.01).abs() < 1e-9, "{by}");
    }

    #[test]
    fn what_is_no_candle_is_told() {
        let mut set = prices();
        set.series[0].values[1][4] = f64::NAN;
        let candles = Candles::of(&set, CandleNames::default()).unwrap();
        let written = candles.written(&set).unwrap();
        let missing: Vec<bool> = written.series[0].values.iter().map(|values| values[4].is_nan()).collect();
        assert_eq!(missing, [true, true, true, true, false, false]);
        set.series[0].values[1][5] = 0.0;
        assert!(matches!(candles.written(&set), Err(SeriesError::NotPositive { point: 6, .. })));
        set.channels[3] = "other".into();
        set.series[0].values[3][0] += 1.0;
        let error = Candles::of(&set, CandleNames::default()).unwrap_err();
        assert_eq!(error.to_string(), "candles have no place for the channel `other`");
        set.channels[5] = "top".into();
        let error = Candles::of(&set, CandleNames::default()).unwrap_err();
        assert_eq!(error.to_string(), "candles need a channel `high`, which is not there");
    }
}
