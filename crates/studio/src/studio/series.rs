//! Runs of series: points with their scores and alarms, windows beside made ones, and ways to go on.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};
use veridic::data::series::{Series, SeriesSet};
use veridic::data::{Data, Kind};
use veridic::evaluate::flagged_ranges;
use veridic::models::Ability;
use veridic::models::series::{Alarm, AlarmChoice};
use veridic::run::{OwnRows, Scores};

use super::api::Shared;
use super::explore::{OfRun, Opened};
use crate::server::answer::{Answer, Sent, apart, parsed};
use crate::{Result, StudioError};

/// Alarms that are listed; the highest where there are more.
const ALARMS: usize = 500;
/// Series that are listed.
const SERIES: usize = 5000;
/// Points of a channel that are sent at most.
const POINTS: usize = 2000;
/// Windows of each side that are sent, and values of all of them together.
const WINDOWS: usize = 200;
const VALUES: usize = 300_000;
/// Columns that are named as reasons of a window's score.
const REASONS: usize = 5;
/// Paths that are drawn to see how wide they fan out, and those that are sent as they are.
const PATHS: usize = 200;
const WHOLE: usize = 12;
/// A past is sent that is so many times as long as the paths.
const PAST: usize = 3;
/// Shares of paths below the lines of a fan.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Series in memory, with their scores where the model gives some.
#[derive(Debug)]
pub(super) struct Browsed {
    own: OwnRows,
    set: SeriesSet,
    /// Of each series a score a point; empty without a detector.
    scores: Vec<Vec<f64>>,
    threshold: Option<f64>,
    in_nats: bool,
    alarms: Vec<Alarm>,
}

fn none() -> StudioError {
    StudioError::Refused("this run is not of series".into())
}

/// What there is to see of a run of series.
pub(super) async fn about(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    let answer = apart(move || {
        let data_dir = studio.data_dir.clone();
        studio.with(&run, |opened| {
            opened.fitted.series_layout().ok_or_else(none)?;
            if opened.fitted.window_channel().is_some() {
                let rows = opened.fitted.own_rows(&data_dir, WINDOWS)?;
                return windows(opened, &rows);
            }
            if opened.series.is_none() {
                let own = opened.fitted.own_rows(&data_dir, usize::MAX)?;
                opened.series = Some(browsed(opened, own)?);
            }
            let paths = opened.fitted.can(Ability::Continue);
            let browsed = opened.series.as_ref().ok_or_else(none)?;
            Ok(listed(browsed, paths))
        })
    });
    Ok(Json(answer.await?).into_response())
}

fn browsed(opened: &Opened, own: OwnRows) -> Result<Browsed> {
    if opened.fitted.can(Ability::Alarm) {
        let found = opened.fitted.alarms(own.rows.clone(), &AlarmChoice::default())?;
        let scored = found.scored;
        return Ok(Browsed {
            own,
            set: scored.set,
            scores: scored.scores.into_iter().map(|of| of.scores).collect(),
            threshold: Some(scored.threshold),
            in_nats: found.in_nats,
            alarms: scored.alarms,
        });
    }
    let (Some((table, schema)), Some(layout)) = (own.rows.table(), opened.fitted.series_layout()) else {
        return Err(none());
    };
    let set = SeriesSet::from_table(table, schema, layout).map_err(veridic::Error::from)?;
    Ok(Browsed { set, own, scores: Vec::new(), threshold: None, in_nats: false, alarms: Vec::new() })
}

/// The number of the series that an alarm is in: of its entity, at its time.
fn place(set: &SeriesSet, alarm: &Alarm) -> Option<usize> {
    let holds = |series: &Series| {
        series.entity == alarm.entity
            && series.times.first().is_some_and(|first| *first <= alarm.start)
            && series.times.last().is_some_and(|last| alarm.start <= *last)
    };
    set.series.iter().position(holds)
}

fn listed(browsed: &Browsed, paths: bool) -> Value {
    let set = &browsed.set;
    let peak = |i: usize| {
        let scores = browsed.scores.get(i).into_iter().flatten().copied();
        scores.filter(|score| !score.is_nan()).max_by(f64::total_cmp)
    };
    let series: Vec<Value> = set
        .series
        .iter()
        .take(SERIES)
        .enumerate()
        .map(|(i, series)| {
            json!({
                "name": series.entity, "from": series.times.first(), "to": series.times.last(), "points": series.len(),
                "peak": peak(i),
            })
        })
        .collect();
    let mut order: Vec<&Alarm> = browsed.alarms.iter().collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    let alarms: Vec<Value> = order
        .iter()
        .take(ALARMS)
        .map(|alarm| {
            json!({
                "series": place(set, alarm), "start": alarm.start, "end": alarm.end, "peak": alarm.peak,
                "score": alarm.score, "points": alarm.points.len(), "channels": alarm.channels, "reason": alarm.reason,
            })
        })
        .collect();
    json!({
        "kind": "series", "channels": set.channels, "series": series, "of": set.series.len(), "points": set.n_points(),
        "time": set.time.as_ref().map(|time| &time.name), "dates": is_dated(set), "part": browsed.own.part,
        "scored": browsed.threshold.is_some(), "threshold": browsed.threshold, "nats": browsed.in_nats,
        "alarms": alarms, "raised": browsed.alarms.len(), "paths": paths,
    })
}

fn is_dated(set: &SeriesSet) -> bool {
    set.time.as_ref().is_some_and(|column| matches!(column.kind, Kind::DateTime { .. }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    run: String,
    /// The series, from 0.
    series: usize,
    channels: Vec<usize>,
    /// From this time to that; all of it without them.
    from: Option<f64>,
    to: Option<f64>,
}

/// A stretch of a series, in so few points that it can be drawn: of more the lowest and the highest of each bunch.
pub(super) async fn part(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Part { run, series, channels, from, to } = parsed(sent)?;
    let answer = apart(move || {
        studio.with(&run, |opened| {
            let browsed = opened.series.as_ref().ok_or_else(none)?;
            let of = browsed.set.series.get(series).ok_or_else(none)?;
            if channels.len() > 64 || channels.iter().any(|channel| *channel >= of.values.len()) {
                return Err(StudioError::Refused("there is no such channel".into()));
            }
            let start = from.map_or(0, |from| of.times.partition_point(|time| *time < from));
            let end = to.map_or(of.len(), |to| of.times.partition_point(|time| *time <= to)).max(start);
            let thin = |values: &[f64]| {
                let (x, y) = thinned(&of.times[start..end], &values[start..end]);
                json!({ "x": x, "y": y })
            };
            let lines: Vec<Value> = channels.iter().map(|channel| thin(&of.values[*channel])).collect();
            let known: Vec<[f64; 2]> = flagged_ranges(&of.labels)
                .into_iter()
                .map(|range| [of.times[range.start], of.times[range.end - 1]])
                .collect();
            let scores = browsed.scores.get(series).map(|scores| thin(scores));
            Ok(json!({ "channels": lines, "scores": scores, "known": known, "points": end - start }))
        })
    });
    Ok(Json(answer.await?).into_response())
}

/// Points as they are where they are few, else the lowest and the highest of each bunch, in the order of their times.
fn thinned(times: &[f64], values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    if times.len() <= POINTS {
        return (times.to_vec(), values.to_vec());
    }
    let bunch = times.len().div_ceil(POINTS / 2);
    let (mut x, mut y) = (Vec::with_capacity(POINTS), Vec::with_capacity(POINTS));
    for (times, values) in times.chunks(bunch).zip(values.chunks(bunch)) {
        let there = || (0..values.len()).filter(|i| !values[*i].is_nan());
        let by = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
        let (Some(low), Some(high)) = (there().min_by(by), there().max_by(by)) else {
            // A gap stays one.
            x.push(times[0]);
            y.push(f64::NAN);
            continue;
        };
        let mut kept = vec![low.min(high), low.max(high)];
        kept.dedup();
        x.extend(kept.iter().map(|i| times[*i]));
        y.extend(kept.iter().map(|i| values[*i]));
    }
    (x, y)
}

/// The run's own windows, what comes back of them, their scores, and as many made ones.
fn windows(opened: &mut Opened, own: &OwnRows) -> Result<Value> {
    let fitted = &mut opened.fitted;
    let (main, label) = fitted.window_channel().ok_or_else(none)?;
    let real = fitted.window_series(&own.rows, true).ok_or_else(none)?;
    let steps = real.series.first().map_or(1, Series::len);
    let most = (VALUES / (3 * steps * real.channels.len().max(1))).clamp(1, WINDOWS);
    let reading = fitted.own_reading(own)?;
    let back = match fitted.can(Ability::Reconstruct) {
        true => {
            let (rows, _) = fitted.reconstruct(reading.clone())?;
            fitted.window_series(&rows, true)
        }
        false => None,
    };
    let made = match fitted.can(Ability::Sample) && !fitted.is_asked() {
        true => Some(fitted.sample_windows(most, 0)?),
        false => None,
    };
    let scores = match fitted.can(Ability::Score) {
        true => {
            let reasons = if fitted.can(Ability::Explain) { REASONS } else { 0 };
            Some(fitted.score(reading, reasons)?)
        }
        false => None,
    };
    let names: Vec<&str> = real.series.iter().take(most).map(|series| series.entity.as_str()).collect();
    let values = |set: &SeriesSet| -> Vec<Vec<Vec<f64>>> {
        set.series.iter().take(most).map(|series| series.values.clone()).collect()
    };
    Ok(json!({
        "kind": "windows", "channels": real.channels, "main": main, "label": label, "steps": steps, "part": own.part,
        "of": own.of, "names": names, "real": values(&real), "back": back.as_ref().map(values),
        "made": made.as_ref().map(values), "scored": scores.as_ref().map(told),
    }))
}

fn told(scores: &Scores) -> Value {
    let reasons: Vec<Value> = scores
        .reasons
        .iter()
        .map(|row| {
            row.iter().map(|of| json!([of.column, of.adds, of.actual, of.expected])).collect::<Value>()
        })
        .collect();
    json!({ "scores": scores.scores, "reasons": reasons })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ways {
    run: String,
    /// The series that is gone on from, from 0; new paths without it.
    after: Option<usize>,
    channel: usize,
    #[serde(default)]
    seed: u64,
}

/// New paths, or ways in which a series may go on.
pub(super) async fn paths(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Ways { run, after, channel, seed } = parsed(sent)?;
    let answer = apart(move || {
        studio.with(&run, |opened| {
            let browsed = opened.series.as_ref().ok_or_else(none)?;
            let past = match after {
                Some(number) => {
                    let series = browsed.set.series.get(number).ok_or_else(none)?.clone();
                    Some(SeriesSet { series: vec![series], ..browsed.set.clone() })
                }
                None => None,
            };
            let made = match (&past, opened.fitted.series_layout()) {
                (Some(past), Some(layout)) => {
                    let schema = opened.fitted.schema().ok_or_else(none)?;
                    let (table, kinds) = past.to_table(layout, schema);
                    opened.fitted.paths_after(Data::Table(table, kinds), PATHS, None, seed)?
                }
                _ => opened.fitted.paths(PATHS, None, seed)?,
            };
            fan(&made.set, past.as_ref().and_then(|past| past.series.first()), channel)
        })
    });
    Ok(Json(answer.await?).into_response())
}

fn fan(made: &SeriesSet, past: Option<&Series>, channel: usize) -> Result<Value> {
    let lines: Vec<&[f64]> =
        made.series.iter().filter_map(|series| Some(series.values.get(channel)?.as_slice())).collect();
    let Some(first) = made.series.first().filter(|_| !lines.is_empty()) else {
        return Err(StudioError::Refused("there is no such channel".into()));
    };
    let at = |step: usize| {
        let mut values: Vec<f64> =
            lines.iter().filter_map(|line| line.get(step).copied()).filter(|v| !v.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        SHARES.map(|share| {
            let place = (share * values.len().saturating_sub(1) as f64).round() as usize;
            values.get(place).copied()
        })
    };
    let by_step: Vec<[Option<f64>; 5]> = (0..first.len()).map(at).collect();
    let shares: Vec<Vec<Option<f64>>> =
        (0..SHARES.len()).map(|k| by_step.iter().map(|of| of[k]).collect()).collect();
    let past = past.map(|past| {
        let from = past.len().saturating_sub(PAST * first.len());
        json!({ "x": past.times[from..], "y": past.values.get(channel).map(|values| &values[from..]) })
    });
    Ok(json!({
        "x": first.times, "shares": shares, "below": SHARES, "n": lines.len(), "past": past, "dates": is_dated(made),
        "paths": lines.iter().take(WHOLE).collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_keeps_its_peaks_and_gaps() {
        let n = 10 * POINTS;
        let times: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let mut values = vec![0.0; n];
        (values[7], values[n - 3]) = (9.0, -4.0);
        values[n / 2..n / 2 + 100].fill(f64::NAN);
        let (x, y) = thinned(&times, &values);
        assert!(x.len() == y.len() && x.len() <= POINTS && x.is_sorted());
        let at = |time: f64| x.iter().position(|x| *x == time).map(|i| y[i]);
        assert_eq!((at(7.0), at((n - 3) as f64)), (Some(9.0), Some(-4.0)));
        assert!(y.iter().any(|y| y.is_nan()));
        assert_eq!(thinned(&times[..5], &values[..5]), (times[..5].to_vec(), values[..5].to_vec()));
    }

    #[test]
    fn a_fan_is_wide_where_paths_part() {
        let series = |k: usize| Series {
            times: vec![1.0, 2.0],
            values: vec![vec![5.0, k as f64]],
            ..Series::default()
        };
        let set =
            SeriesSet { channels: vec!["x".into()], time: None, series: (0..101).map(series).collect() };
        let fan = fan(&set, None, 0).unwrap();
        assert_eq!(fan["shares"][0], json!([5.0, 5.0]));
        assert_eq!((&fan["shares"][0][1], &fan["shares"][4][1]), (&json!(5.0), &json!(95.0)));
        assert!(super::fan(&set, None, 1).is_err());
    }
}
