//! Alarms: stretches of high scores.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::departure::{Course, shortest};
use super::detector::{Detector, DetectorConfig, SeriesScores};
use super::edge;
use super::four::{JUMP_REASON, LONELY_REASON, STILL_REASON};
use crate::data::series::{Series, SeriesSet};
use crate::data::{Cells, Column, ColumnSchema, Kind, Schema, Table};
use crate::error::ConfigError;
use crate::evaluate::{flagged_ranges, merged_ranges};

/// Above so many nats a surprise is an alarm. Of the 61 labelled stretches of 29 NAB series that the default detector was fitted
/// to it finds 34, with 25 alarms elsewhere, one of them in the three series without any (`bench/series.py --only alarms`).
const NATS: f64 = 3.0;
/// Above so many times the usual distance, for trailing distances: F1 0.80 at 20 % false alarms on SKAB.
const USUAL: f64 = 2.0;
/// The share of training points above the threshold of any other detector.
const SHARE: f64 = 0.02;

/// A point departs far whose evidence is at least this: three times what is usual.
const FAR: f64 = 1.0;
/// How much wider an alarm may be at either end than what it is of: half of the windows of the default detector.
const REACH: usize = 32;
/// The most that the evidence of one point counts beside that of others.
const MOST_EVIDENCE: f64 = 20.0;
/// Less than this share of the most evidence is none.
const LEAST_EVIDENCE: f64 = 0.1;
/// An alarm begins with no less than this share of it.
const LEAST_BEGUN: f64 = 0.3;

/// When there is an alarm, and which are one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct AlarmConfig {
    /// Where scores become alarms.
    pub rule: AlarmRule,
    /// Alarms with at most so many quiet points between them are one; by default a hundredth of the points of the series.
    pub gap: Option<usize>,
}

/// Where scores become alarms.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AlarmRule {
    /// By the unit of the scores: above 3 nats of surprise, above twice the usual trailing distance, of other detectors above
    /// 98 % of the points that were learned from.
    #[default]
    Auto,
    /// Above so many times a quantile of the scores in training.
    Quantile {
        /// The share of training points below it, 0 to 1.
        share: f64,
        /// Above 0.
        times: f64,
    },
    /// As many points as can be looked at: this share of those in training, above 0 and below 1.
    Budget(f64),
    /// Above this score.
    Score(f64),
}

impl AlarmConfig {
    /// Checks the rule; `path` is where the settings stand.
    ///
    /// # Errors
    /// A share, budget, factor or score outside its range.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: f64, allowed: &str| ConfigError::Range {
            field: format!("{path}.{field}"),
            found: found.to_string(),
            allowed: allowed.into(),
        };
        match self.rule {
            AlarmRule::Quantile { share, .. } if !(0.0..=1.0).contains(&share) => {
                Err(range("rule.quantile.share", share, "0 to 1"))
            }
            AlarmRule::Quantile { times, .. } if !(times > 0.0 && times.is_finite()) => {
                Err(range("rule.quantile.times", times, "a number above 0"))
            }
            AlarmRule::Budget(share) if !(share > 0.0 && share < 1.0) => {
                Err(range("rule.budget", share, "a number above 0 and below 1"))
            }
            AlarmRule::Score(score) if !score.is_finite() => Err(range("rule.score", score, "a number")),
            _ => Ok(()),
        }
    }
}

impl AlarmRule {
    /// The score above which there is an alarm.
    pub fn threshold(&self, detector: &Detector) -> f64 {
        match *self {
            Self::Auto if detector.is_in_nats() => NATS,
            Self::Auto => match detector.config() {
                DetectorConfig::TrailingDistances(_) => USUAL,
                DetectorConfig::Autoencoder(config) if config.trailing => USUAL,
                _ => detector.training_quantile(1.0 - SHARE),
            },
            Self::Quantile { share, times } => times * detector.training_quantile(share),
            Self::Budget(share) => detector.training_quantile(1.0 - share),
            Self::Score(score) => score,
        }
    }
}

/// A stretch of high scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// What the series is of.
    pub entity: String,
    /// The first point, and the one after the last, counted from 0.
    pub points: Range<usize>,
    /// The time of the first point.
    pub start: f64,
    /// The time of the last point.
    pub end: f64,
    /// The time of the most unusual point.
    pub peak: f64,
    /// The highest score around it.
    pub score: f64,
    /// The channels that contribute most over the stretch, the first most: until they hold half of it.
    pub channels: Vec<String>,
    /// The detector's main reason, where it tells reasons apart.
    pub reason: Option<String>,
}

/// The stretches of scores above `threshold`, those with at most `gap` points between them (by default a hundredth of the
/// series) as one; `series` is what was scored.
///
/// Where scores are averages, or of windows, a stretch of high ones is wider than what is unusual: one spike raises all windows that
/// hold it. So an alarm is the part of the stretch that departs from the usual course, by the detector's references, or, where
/// nothing does (a wave that is late, noise that stops), the part where the score is above the threshold before it is averaged; without
/// what at its ends is plainly as the values before and after it. Its
/// score is the highest of the whole stretch.
pub fn alarms(
    detector: &Detector,
    series: &Series,
    scores: &SeriesScores,
    threshold: f64,
    gap: Option<usize>,
) -> Vec<Alarm> {
    let gap = gap.unwrap_or(scores.scores.len() / 100);
    let flags: Vec<bool> = scores.scores.iter().map(|score| *score > threshold).collect();
    let alarm = |stretch: Range<usize>| {
        let known = |values: &[f64]| {
            let highest = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]).then(b.cmp(a));
            stretch.clone().filter(|&i| !values[i].is_nan()).max_by(highest).unwrap_or(stretch.start)
        };
        let score = scores.scores[known(&scores.scores)];
        let names = detector.channels();
        let channels = match scores.channels.len() {
            0 => (0..names.len()).collect(),
            _ => most(&scores.channels, &stretch),
        };
        let reasons = detector.config().reasons();
        let reason = most(&scores.reasons, &stretch).first().and_then(|r| reasons.get(*r));
        let evidence = |points: &Range<usize>, course: Course| {
            let mut found =
                detector.evidence(series, &channels, (points.clone(), course)).unwrap_or_default();
            // What is missing lies on a line, which says nothing.
            let missing =
                found.iter_mut().zip(&scores.scores[points.clone()]).filter(|(_, score)| score.is_nan());
            missing.for_each(|(of, _)| *of = 0.0);
            found
        };
        let is_told = |i: usize, reason: usize| {
            let all = scores.reasons.get(reason).is_some_and(|share| share[i] >= 1.0);
            all && scores.scores[i] > threshold
        };
        let departs = departing(&evidence(&stretch, Course::Around), &stretch).map(|(points, peak)| {
            let before = evidence(&points, Course::Before);
            begun(&before, points, peak)
        });
        let main = channels.first().and_then(|channel| series.values.get(*channel));
        let (mut points, peak) = departs.unwrap_or_else(|| {
            let sharp = if scores.sharp.is_empty() { &scores.scores } else { &scores.sharp };
            let is_high = |i: &usize| sharp[*i] > threshold;
            let points = match (stretch.clone().find(is_high), stretch.clone().rfind(is_high)) {
                (Some(first), Some(last)) => {
                    between_jumps(sharp, first..last + 1, &|i| is_told(i, JUMP_REASON))
                }
                _ => stretch.clone(),
            };
            (points, known(sharp))
        });
        if let Some(values) = main {
            points = edge::within(values, points, peak, REACH);
        }
        // What single values say holds for just these points: one value for too long is told from its first to its last.
        let is_single = |i: &usize| is_told(*i, LONELY_REASON) || is_told(*i, STILL_REASON);
        if let (Some(first), Some(last)) = (stretch.clone().find(is_single), stretch.clone().rfind(is_single))
        {
            points = points.start.min(first)..points.end.max(last + 1);
        }
        Alarm {
            entity: scores.entity.clone(),
            start: scores.times[points.start],
            end: scores.times[points.end - 1],
            peak: scores.times[peak.clamp(points.start, points.end - 1)],
            score,
            channels: channels.into_iter().map(|c| names[c].clone()).collect(),
            reason: reason.map(|reason| (*reason).to_owned()),
            points,
        }
    };
    merged_ranges(&flagged_ranges(&flags), gap).into_iter().map(alarm).collect()
}

/// The part of a stretch that departs from the usual course, and the point that does most, by the evidence of each point of it;
/// nothing where no point departs far.
fn departing(evidence: &[f64], stretch: &Range<usize>) -> Option<(Range<usize>, usize)> {
    let evidence: Vec<f64> = evidence.iter().map(|of| of.max(0.0)).collect();
    let highest = |a: &usize, b: &usize| evidence[*a].total_cmp(&evidence[*b]).then(b.cmp(a));
    let peak = (0..evidence.len()).max_by(highest)?;
    if evidence[peak] < FAR {
        return None;
    }
    // One value, however far out, does not hide that others near it are unusual too.
    let least = LEAST_EVIDENCE * evidence[peak].min(MOST_EVIDENCE);
    let bounded = |value: &f64| if *value < least { 0.0 } else { value.min(MOST_EVIDENCE) };
    let bounded: Vec<f64> = evidence.iter().map(bounded).collect();
    let mut points = shortest(&bounded)?;
    points = points.start.min(peak)..points.end.max(peak + 1);
    Some((points.start + stretch.start..points.end + stretch.start, peak + stretch.start))
}

/// The points of an alarm from where they depart from what was before, and the peak among them, by that evidence of each.
///
/// Windows that hold more of what comes after a shift than of what was before find the end of the latter unusual: what is before
/// the first point that departs is not yet part of it. Points of which nothing is known stay.
fn begun(before: &[f64], points: Range<usize>, peak: usize) -> (Range<usize>, usize) {
    let known = before.iter().copied().fold(0.0, f64::max);
    let least = LEAST_BEGUN * known.min(MOST_EVIDENCE);
    let Some(first) = before.iter().position(|of| of.is_nan() || *of >= least) else { return (points, peak) };
    let start = points.start + first;
    if start <= peak {
        return (start..points.end, peak);
    }
    let highest = |a: &usize, b: &usize| before[*a].total_cmp(&before[*b]).then(b.cmp(a));
    let peak = (first..before.len()).filter(|&i| !before[i].is_nan()).max_by(highest);
    (start..points.end, points.start + peak.unwrap_or(first))
}

/// The points of an alarm from the level's first jump on and, where it jumps back, up to that: the windows that tell of a jump are wide, and
/// it is where their scores are highest.
fn between_jumps(sharp: &[f64], points: Range<usize>, is_jump: &dyn Fn(usize) -> bool) -> Range<usize> {
    let highest = |run: Range<usize>| {
        run.max_by(|&a, &b| sharp[a].total_cmp(&sharp[b]).then(b.cmp(&a))).unwrap_or(points.start)
    };
    let first = points.clone().take_while(|&i| is_jump(i)).count();
    let last = points.clone().rev().take_while(|&i| is_jump(i)).count();
    let start = if first > 0 { highest(points.start..points.start + first) } else { points.start };
    // One jump is no way back.
    let is_back = last > 0 && first + last < points.len();
    let end = if is_back { highest(points.end - last..points.end) } else { points.end };
    start..end.max(start + 1)
}

/// The lists with the largest sums over `points`, until they hold half of all.
fn most(shares: &[Vec<f32>], points: &Range<usize>) -> Vec<usize> {
    let sums: Vec<f64> =
        shares.iter().map(|share| share[points.clone()].iter().map(|s| f64::from(*s)).sum()).collect();
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by(|&a, &b| sums[b].total_cmp(&sums[a]).then(a.cmp(&b)));
    let total: f64 = sums.iter().sum();
    let mut held = 0.0;
    let needed = order.iter().position(|&i| {
        held += sums[i];
        held >= total / 2.0
    });
    order.truncate(needed.map_or(0, |last| last + 1));
    order
}

/// Alarms as a table, a row each: `entity` where there are several, `start`, `end`, `peak` (times as in the data), `score`,
/// `points`, `channels` (joined by ` + `) and `reason` where the detector gives one; with what the columns are.
pub fn alarm_table(alarms: &[Alarm], set: &SeriesSet) -> (Table, Schema) {
    let mut columns = Vec::new();
    let mut kinds: Vec<(&str, Kind)> = Vec::new();
    let mut text = |name: &'static str, cells: Vec<String>| {
        let mut levels = cells.clone();
        levels.sort();
        levels.dedup();
        let code = |cell: &String| levels.binary_search(cell).unwrap_or(0) as u32;
        let codes = cells.iter().map(code).collect();
        columns.push((name, Cells::Text { codes, levels: levels.clone() }));
        kinds.push((name, Kind::Categorical { levels }));
    };
    if set.series.iter().any(|series| !series.entity.is_empty()) {
        text("entity", alarms.iter().map(|alarm| alarm.entity.clone()).collect());
    }
    text("channels", alarms.iter().map(|alarm| alarm.channels.join(" + ")).collect());
    if alarms.iter().any(|alarm| alarm.reason.is_some()) {
        text("reason", alarms.iter().map(|alarm| alarm.reason.clone().unwrap_or_default()).collect());
    }
    let mut number = |name: &'static str, of: &dyn Fn(&Alarm) -> f64, kind: Kind| {
        columns.push((name, Cells::Number(alarms.iter().map(of).collect())));
        kinds.push((name, kind));
    };
    let real = |decimals: u8| Kind::Real { decimals, min: f64::MIN, max: f64::MAX };
    let time = || set.time.as_ref().map_or(real(17), |column| column.kind.clone());
    number("start", &|alarm| alarm.start, time());
    number("end", &|alarm| alarm.end, time());
    number("peak", &|alarm| alarm.peak, time());
    number("score", &|alarm| alarm.score, real(6));
    number("points", &|alarm| alarm.points.len() as f64, real(0));
    let place = |name: &str| {
        ["entity", "start", "end", "peak", "score", "points", "channels", "reason"]
            .iter()
            .position(|n| *n == name)
    };
    columns.sort_by_key(|(name, _)| place(name));
    kinds.sort_by_key(|(name, _)| place(name));
    let columns = columns.into_iter().map(|(name, cells)| Column { name: name.to_owned(), cells });
    let table = Table { columns: columns.collect(), n_rows: alarms.len() };
    let of = |(name, kind): (&str, Kind)| ColumnSchema::new(name, kind, 0);
    (table, Schema { columns: kinds.into_iter().map(of).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day of so many points, again and again, with a little noise.
    fn days(n: usize, day: usize) -> Vec<f64> {
        let noise = |i: usize| ((i * 7919) % 1013) as f64 / 1013.0 - 0.5;
        (0..n).map(|i| (i as f64 * std::f64::consts::TAU / day as f64).sin() * 3.0 + noise(i) * 0.5).collect()
    }

    fn found(values: Vec<f64>) -> Vec<Alarm> {
        let set = SeriesSet::single("x", values);
        let detector = Detector::fit(&set, &DetectorConfig::default(), false, 1).unwrap();
        let scores = detector.score(&set, 1).unwrap().remove(0);
        alarms(&detector, &set.series[0], &scores, NATS, None)
    }

    #[test]
    fn an_alarm_of_one_spike_is_the_spike_whatever_the_sampling() {
        // Days sampled every minute, 5, 15 and 60 minutes.
        for (n, day, places) in [
            (4320, 1440, [1000, 3501]),
            (4320, 288, [700, 4300]),
            (2880, 96, [1401, 2000]),
            (2400, 24, [100, 1333]),
        ] {
            for (place, size) in places.into_iter().zip([8.0, -60.0]) {
                let mut values = days(n, day);
                values[place] += size;
                let found = found(values);
                let alarm = found.iter().find(|alarm| alarm.points.contains(&place));
                let alarm = alarm.unwrap_or_else(|| panic!("{day} {place} {size}: {found:?}"));
                assert_eq!(alarm.peak, place as f64, "{day} {place} {size}: {alarm:?}");
                assert!(alarm.points.len() <= 5, "{day} {place} {size}: {alarm:?}");
            }
        }
    }

    #[test]
    fn a_shift_and_a_dead_sensor_are_as_long_as_they_last() {
        for (day, dead) in [(288, false), (96, false), (96, true), (24, true)] {
            let mut values = days(4000, day);
            let last = values[1999];
            values[2000..2200].iter_mut().for_each(|v| *v = if dead { last } else { *v + 6.0 });
            let found = found(values);
            let alarm = found.iter().find(|alarm| alarm.points.contains(&2100)).unwrap();
            assert!(alarm.points.start >= 1950 && alarm.points.end <= 2250, "{day} {dead}: {alarm:?}");
            assert!(alarm.points.len() >= 90, "{day} {dead}: {alarm:?}");
        }
    }

    #[test]
    fn an_alarm_of_a_shift_does_not_begin_before_it() {
        for until in [4000, 2150] {
            let mut values = days(4000, 96);
            values[2000..until].iter_mut().for_each(|value| *value += 6.0);
            let found = found(values);
            let alarm = found.iter().find(|alarm| alarm.points.contains(&2001));
            let alarm = alarm.unwrap_or_else(|| panic!("{until}: {found:?}"));
            assert!(alarm.points.start >= 1998 && alarm.peak >= 1998.0, "{until}: {alarm:?}");
        }
    }

    #[test]
    fn one_wrong_value_does_not_hide_what_comes_later() {
        for wrong in [1e300, -9e99, 1e6] {
            let mut values = days(3000, 96);
            values[400] = wrong;
            values[2000..2060].iter_mut().for_each(|value| *value += 6.0);
            let found = found(values);
            let of = |place: usize| found.iter().find(|alarm| alarm.points.contains(&place));
            let spike = of(400).unwrap_or_else(|| panic!("{wrong}: {found:?}"));
            assert!((spike.points.len(), spike.peak) == (1, 400.0) || spike.points.len() <= 5, "{spike:?}");
            assert!(of(2030).is_some(), "{wrong}: {found:?}");
            assert!(found.len() <= 4, "{wrong}: {found:?}");
        }
    }
}
