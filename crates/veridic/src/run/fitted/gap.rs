//! Missing stretches of series, filled by a network of windows.

use veridic_graph::Pool;

use super::{Fitted, Form, Given, InUse};
use crate::codec::Codec;
use crate::data::Data;
use crate::data::series::{Series, SeriesSet, WindowConfig};
use crate::error::{ConfigError, DataError, Result};
use crate::models::{Ability, Network, Rows};
use crate::run::dataset::Windowing;

/// Times that what is filled is encoded again.
const ROUNDS: usize = 5;
/// Windows that look at one point, about.
const OVERLAP: usize = 4;

/// A stretch of missing values between two that are there: the first and last missing point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    channel: usize,
    first: usize,
    last: usize,
}

/// Fills what is missing between known values, and says how many values that are.
///
/// A stretch begins as a straight line, of logarithms where windows hold them. Then, five times, the windows that hold all of it
/// are given back by the network, and the stretch gets their mean shape: how far each lies from the straight line between its own
/// values at both ends, hung between the values that are known there. A stretch that no window holds stays straight, and what is
/// missing before the first or after the last value stays missing.
pub(crate) fn filled(
    set: &SeriesSet,
    windows: &Windowing,
    codec: &Codec,
    (network, pool): (&mut Network, &mut Pool),
) -> Result<(SeriesSet, usize)> {
    let window = windows.window();
    let mut set = set.clone();
    let mut count = 0;
    for series in &mut set.series {
        let gaps = gaps(series);
        count += gaps.iter().map(|gap| gap.last + 1 - gap.first).sum::<usize>();
        for gap in &gaps {
            draw(series, *gap, &window, |_| 0.0);
        }
        let points = window.points();
        if gaps.is_empty() || series.len() < points {
            continue;
        }
        let starts = starts(series, &gaps, points);
        if starts.is_empty() {
            continue;
        }
        for _ in 0..ROUNDS {
            let given = given_back(series, &starts, windows, codec, (&mut *network, &mut *pool))?;
            for gap in &gaps {
                let shapes: Vec<Vec<f64>> = starts
                    .iter()
                    .zip(&given)
                    .filter(|(start, _)| holds(**start, points, *gap))
                    .map(|(start, channels)| {
                        let at = |point: usize| scale(&window, channels[gap.channel][point - start]);
                        let (before, after) = (at(gap.first - 1), at(gap.last + 1));
                        (gap.first..=gap.last).map(|t| at(t) - between(*gap, t, before, after)).collect()
                    })
                    .collect();
                let n = shapes.len().max(1) as f64;
                draw(series, *gap, &window, |i| shapes.iter().map(|shape| shape[i]).sum::<f64>() / n);
            }
        }
    }
    Ok((set, count))
}

/// The value, or its logarithm where windows hold logarithms.
fn scale(window: &WindowConfig, value: f64) -> f64 {
    if window.is_of_logs() { value.max(f64::MIN_POSITIVE).ln() } else { value }
}

/// The straight line at point `t` between the values at both ends of a gap.
fn between(gap: Gap, t: usize, before: f64, after: f64) -> f64 {
    let share = (t + 1 - gap.first) as f64 / (gap.last + 2 - gap.first) as f64;
    before + (after - before) * share
}

/// Hangs a shape, a value for each point of the gap, between the values that are known at its ends.
fn draw(series: &mut Series, gap: Gap, window: &WindowConfig, shape: impl Fn(usize) -> f64) {
    let values = &mut series.values[gap.channel];
    let (before, after) = (scale(window, values[gap.first - 1]), scale(window, values[gap.last + 1]));
    for (i, t) in (gap.first..=gap.last).enumerate() {
        let value = between(gap, t, before, after) + shape(i);
        values[t] = if window.is_of_logs() { value.exp() } else { value };
    }
}

fn gaps(series: &Series) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for (channel, values) in series.values.iter().enumerate() {
        let mut last_known: Option<usize> = None;
        for t in (0..values.len()).filter(|&t| !values[t].is_nan()) {
            if let Some(known) = last_known.filter(|known| known + 1 < t) {
                gaps.push(Gap { channel, first: known + 1, last: t - 1 });
            }
            last_known = Some(t);
        }
    }
    gaps
}

fn holds(start: usize, points: usize, gap: Gap) -> bool {
    start < gap.first && gap.last + 1 < start + points
}

/// Windows without a missing value that hold a gap with both its ends.
fn starts(series: &Series, gaps: &[Gap], points: usize) -> Vec<usize> {
    let last = series.len() - points;
    let mut starts: Vec<usize> = Vec::new();
    for gap in gaps {
        let from = (gap.last + 2).saturating_sub(points).min(last);
        let to = (gap.first - 1).min(last);
        let every = (to.saturating_sub(from) / OVERLAP).max(1);
        starts.extend((from..=to).step_by(every).filter(|start| holds(*start, points, *gap)));
    }
    starts.sort_unstable();
    starts.dedup();
    let is_whole = |start: &usize| {
        series
            .values
            .iter()
            .all(|channel| channel[*start..start + points].iter().all(|value| !value.is_nan()))
    };
    starts.retain(is_whole);
    starts
}

/// What the network gives back of the windows that start there: of each the points of each channel, the first point of windows of
/// changes as it is.
fn given_back(
    series: &Series,
    starts: &[usize],
    windows: &Windowing,
    codec: &Codec,
    (network, pool): (&mut Network, &mut Pool),
) -> Result<Vec<Vec<Vec<f64>>>> {
    let window = windows.window();
    let points = window.points();
    let apart = WindowConfig { stride: points, ..window.clone() };
    let parts = starts.iter().map(|&start| series.slice(start, start + points)).collect();
    let set = SeriesSet { channels: windows.columns.channels.clone(), time: None, series: parts };
    let rows = set.window_rows(&apart, &windows.layout).map_err(DataError::from)?.table;
    let encoded = codec.encode(&rows)?;
    let index: Vec<u32> = (0..encoded.n_rows as u32).collect();
    let (codes, _) = network.encode(pool, Rows::matrix(&encoded), &index)?;
    let expected = codec.decode(&network.decode(pool, &codes)?)?;
    let scales = windows.columns.scales(&rows);
    let mut given: Vec<Vec<Vec<f64>>> = vec![Vec::new(); starts.len()];
    for (channel, scales) in scales.iter().enumerate() {
        let steps = windows.columns.values(&expected, channel).unwrap_or_default();
        for (row, steps) in steps.iter().enumerate() {
            let first = set.series[row].values[channel][0];
            let lead = std::iter::repeat_n(first, points - window.length);
            given[row].push(lead.chain(window.points_of(steps, scales[row], first)).collect());
        }
    }
    Ok(given)
}

impl Fitted {
    /// The series of the data with missing stretches filled, see [`filled`], and what the user should know.
    pub(super) fn fill_windows(&mut self, given: impl Into<Given>, m: usize) -> Result<(Data, Vec<String>)> {
        if m > 1 {
            return Err(ConfigError::Conflict {
                what: "missing stretches of series are filled once".to_string(),
                remedy: "leave `-n` out".to_string(),
            }
            .into());
        }
        let (table, _, mut notes) = self.read_source(given.into())?;
        let Some(windows) = self.windows().cloned() else { return Err(self.cannot(Ability::FillSeries)) };
        if windows.columns.prices.is_some() {
            return Err(ConfigError::Conflict {
                what: "windows of candles know no day without all its prices".to_string(),
                remedy: "fill with a run of another `data.series.window.form`, such as `returns`".to_string(),
            }
            .into());
        }
        let set = windows.set(&table, &windows.source)?;
        let InUse { form, network, pool } = self.in_use(Ability::Reconstruct)?;
        let Form::Table { codec, .. } = form else { return Err(self.cannot(Ability::FillSeries)) };
        let (set, count) = filled(&set, &windows, codec, (network, pool))?;
        notes.push(match count {
            0 => "no value was missing between others".to_string(),
            1 => "1 value was filled".to_string(),
            n => format!("{n} values were filled"),
        });
        let (table, schema) = set.to_table(&windows.layout, &windows.source);
        Ok((Data::Table(table, schema), notes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_lie_between_known_values_and_begin_straight() {
        let nan = f64::NAN;
        let mut series = Series {
            times: (0..8).map(f64::from).collect(),
            values: vec![vec![nan, 1.0, nan, nan, 8.0, 9.0, nan, nan]],
            ..Series::default()
        };
        let gap = Gap { channel: 0, first: 2, last: 3 };
        assert_eq!(gaps(&series), [gap]);
        let logs = WindowConfig { form: crate::data::series::WindowForm::Returns, ..WindowConfig::default() };
        draw(&mut series, gap, &logs, |_| 0.0);
        assert!((series.values[0][2] - 2.0).abs() < 1e-12 && (series.values[0][3] - 4.0).abs() < 1e-12);
        draw(&mut series, gap, &WindowConfig::default(), |i| i as f64);
        assert!((series.values[0][2] - (1.0 + 7.0 / 3.0)).abs() < 1e-12);
        assert!((series.values[0][3] - (1.0 + 14.0 / 3.0 + 1.0)).abs() < 1e-12);
        // Windows of 5 that hold points 1 to 4 and no missing value.
        assert_eq!(starts(&series, &[gap], 5), [1]);
    }
}
