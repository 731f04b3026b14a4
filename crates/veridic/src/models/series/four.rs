//! Four surprises: the default detector of one channel.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::average::{median, moments, prefix_sums};
use super::departure::Course;
use super::episode::{Statistic, is_apart, unusual};
use super::excess::Excess;
use super::near::Near;
use super::part::{Part, longest};
use super::period::smoothing;
use super::subspace::Subspace;
use super::surprise::Tail;
use super::value::{is_as_before, jumps, loneliness, stillness};
use crate::error::Error;
use crate::models::Stored;
use crate::project::pool;

/// Points of the short windows, and the share of the series that they may be.
const SHORT: (usize, usize) = (64, 8);
/// Those of the long window.
const LONG: (usize, usize) = (256, 4);
/// Points that are looked at together.
const PIECE: usize = 4096;
/// Fewest points of a window.
const LEAST: usize = 4;
/// A tail's mean excess is at least this share of where it begins: near-constant channels need it.
const TAIL_FLOOR: f64 = 0.02;
/// A variance counts as at least this share of the first.
const VARIANCE_FLOOR: f64 = 1e-6;
/// What is added to a spread before its logarithm, in standard deviations.
const SPREAD_FLOOR: f64 = 0.01;
/// A value counts as at most so many standard deviations from the median: sums of squares of larger ones would swallow the others.
const MOST_AWAY: f64 = 1e4;
/// Usual departures from the usual course count as at least so many standard deviations, and what is evidence is beyond so many times
/// the usual ones.
const DEPARTURE: (f64, f64) = (1e-3, 1.5);
/// A spread of less than so much of the value is rounding, and the unit of a constant is so much of it.
const ROUNDING: f64 = 1e-12;
const CONSTANT: f64 = 1e-3;
/// What is nothing: a value's distance from its neighbors in standard deviations, points it stays the same, a jump of the level.
const ALONE_FLOORS: [f64; 3] = [0.05, 1.0, 0.1];
/// Which of them is how long a value stays the same.
const STILL: usize = 1;
/// A value is beside others within so many points of it.
const LONELY_SPAN: usize = 4;

/// The statistics of each point of a part.
struct Statistics {
    windows: [Vec<f64>; 4],
    alone: [Vec<f64>; 3],
}

/// Four surprises in nats, combined: two distances to the nearest windows, one within the leading directions of windows,
/// and how far the spread is from the usual one.
///
/// Each of the four statistics is turned into a tail surprise on the values it had in training; the score is their quadratic
/// mean, averaged over a period of the series. A value far from its neighbors, one that stays the same for long and a
/// level that jumps have surprises of their own, which are not averaged. It is deterministic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct FourSurprisesConfig {
    /// Reference windows at most, from 10; more are slower and hardly better.
    pub references: usize,
    /// Which of the nearest references counts, from 1.
    pub neighbors: usize,
    /// Leading directions of windows, from 1 to 64.
    pub components: usize,
    /// Points over which scores are averaged; a period of the series, or 1 % of it, without. 1 keeps spikes sharp.
    pub smooth: Option<usize>,
}

impl Default for FourSurprisesConfig {
    fn default() -> Self {
        Self { references: 1000, neighbors: 5, components: 16, smooth: None }
    }
}

/// The names of the four, as a reason of a high score, and of what a value says alone.
pub(super) const REASONS: [&str; 7] = [
    "unusual shape",
    "unusual pattern",
    "unusual course",
    "too noisy or too flat",
    "a value out of place",
    "the same value for too long",
    "a level that jumps",
];

/// Those of single points: a value out of place, the same value for too long, a level that jumps.
pub(super) const LONELY_REASON: usize = 4;
pub(super) const STILL_REASON: usize = 5;
pub(super) const JUMP_REASON: usize = 6;

/// How surprising each point of a part is.
pub(super) struct Surprises {
    /// By each of the four.
    pub(super) windows: [Vec<f64>; 4],
    /// By how far its value is from its neighbors, how long it stays the same, and how far the level jumps there, above what the
    /// most unusual of all may be by chance.
    pub(super) alone: [Vec<f64>; 3],
}

/// The four statistics of one channel with what they were in training.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FourSurprises {
    center: f64,
    size: f64,
    short: Near,
    long: Near,
    shape: Subspace,
    spread: usize,
    usual_spread: f64,
    /// How far points that were learned from are from the usual course.
    usual_departure: f64,
    tails: Vec<Tail>,
    alone: [Excess; 3],
    pub(super) smooth: usize,
}

impl FourSurprises {
    /// Points that a part needs, by the longest part that is learned from.
    pub(super) fn window(points: usize) -> usize {
        Self::long_window(points).max(Self::short_window(points))
    }

    fn short_window(points: usize) -> usize {
        SHORT.0.min(points / SHORT.1).max(LEAST)
    }

    fn long_window(points: usize) -> usize {
        LONG.0.min(points / LONG.1).max(LEAST)
    }

    /// Learns from parts as long as the windows, and gives the surprises of their points too.
    pub(super) fn fit(
        parts: &[Part<'_>],
        config: &FourSurprisesConfig,
        threads: usize,
    ) -> Result<(Self, Vec<Surprises>), Error> {
        let all: Vec<f64> = parts.iter().flat_map(|part| part.values.iter().copied()).collect();
        let center = median(&all);
        let size = match moments(&all).1 {
            // Of what never moved a thousandth, or 1, says how far it moves later.
            size if size <= ROUNDING * center.abs() => match center.abs() {
                0.0 => 1.0,
                level => CONSTANT * level,
            },
            size => size.max(1e-12),
        };
        drop(all);
        let smooth = config.smooth.unwrap_or_else(|| {
            parts.iter().max_by_key(|part| part.len()).map_or(1, |part| smoothing(&part.values))
        });
        let points = longest(parts);
        let (window, long) = (Self::short_window(points), Self::long_window(points));
        let scaled: Vec<Part<'_>> =
            parts.iter().map(|part| part.map(|value| scaled(value, center, size))).collect();
        let near = |window| Near::fit(&scaled, window, 32, config.references, config.neighbors);
        let mut four = Self {
            center,
            size,
            short: near(window),
            long: near(long),
            shape: Subspace::fit(&scaled, window, config.components),
            spread: window,
            usual_spread: 0.0,
            usual_departure: 0.0,
            tails: Vec::new(),
            alone: [Excess::none(), Excess::none(), Excess::none()],
            smooth,
        };
        four.usual_departure = four.short.usual_departure(&scaled);
        let spreads: Vec<f64> = scaled.iter().flat_map(|part| log_spread(&part.values, window)).collect();
        four.usual_spread = median(&spreads);
        drop(spreads);
        let statistics =
            scaled.iter().map(|part| four.statistics(part, threads)).collect::<Result<Vec<_>, _>>()?;
        let seen =
            |i: usize| statistics.iter().flat_map(|of| of.windows[i].iter().copied()).collect::<Vec<f64>>();
        four.tails = (0..4).map(|i| Tail::fit(seen(i), TAIL_FLOOR)).collect();
        four.alone = [0, 1, 2].map(|i| {
            let of: Vec<&[f64]> = statistics.iter().map(|of| of.alone[i].as_slice()).collect();
            let (span, floor) = (four.alone_spans()[i], ALONE_FLOORS[i]);
            let aside = unusual(&Statistic { of: of.clone(), span, floor }, window);
            let kept = |((of, part), aside): ((&[f64], &Part<'_>), &Vec<Range<usize>>)| -> Vec<f64> {
                let apart = is_apart(of.len(), aside, span);
                // A stretch of one value counts once.
                let is_kept = |at: &usize| apart[*at] && (i != STILL || !is_as_before(part, *at));
                (0..of.len()).filter(is_kept).map(|at| of[at]).collect()
            };
            Excess::fit(of.into_iter().zip(&scaled).zip(&aside).flat_map(kept).collect(), floor)
        });
        let surprises =
            statistics.into_iter().map(|of| four.to_surprises(of, threads)).collect::<Result<_, _>>();
        Ok((four, surprises?))
    }

    /// Points that the statistics of single values look at.
    fn alone_spans(&self) -> [usize; 3] {
        [LONELY_SPAN, 1, self.spread]
    }

    /// Whether nothing moved in what was learned from.
    pub(super) fn is_still(&self) -> bool {
        self.shape.is_still()
    }

    /// The surprises of each point, not yet smoothed.
    pub(super) fn surprises(&self, part: &Part<'_>, threads: usize) -> Result<Surprises, Error> {
        let part = part.map(|value| scaled(value, self.center, self.size));
        self.to_surprises(self.statistics(&part, threads)?, threads)
    }

    /// For each point of a stretch how much further from the usual course it is than is usual, in multiples of that: 0 or more, or not a
    /// number where no window says.
    pub(super) fn evidence(&self, part: &Part<'_>, stretch: Range<usize>, course: Course) -> Vec<f64> {
        let part = part.map(|value| scaled(value, self.center, self.size));
        let usual = DEPARTURE.1 * self.usual_departure.max(DEPARTURE.0);
        let away = self.short.departures(&part, stretch, course);
        away.into_iter().map(|away| if away < usual { 0.0 } else { away / usual - 1.0 }).collect()
    }

    fn to_surprises(&self, statistics: Statistics, threads: usize) -> Result<Surprises, Error> {
        let Statistics { mut windows, mut alone } = statistics;
        let of = |values: &mut Vec<f64>, surprise: &(dyn Fn(f64) -> f64 + Sync)| {
            let values = values.par_iter_mut().with_min_len(PIECE);
            values.for_each(|value| *value = surprise(*value));
        };
        pool(threads)?.install(|| {
            windows.iter_mut().zip(&self.tails).for_each(|(values, tail)| of(values, &|v| tail.surprise(v)));
            alone.iter_mut().zip(&self.alone).for_each(|(values, tail)| of(values, &|v| tail.surprise(v)));
        });
        Ok(Surprises { windows, alone })
    }

    fn statistics(&self, part: &Part<'_>, threads: usize) -> Result<Statistics, Error> {
        let spread = log_spread(&part.values, self.spread);
        // Fewer points than a window spread otherwise, which says nothing.
        let is_whole = part.len() >= self.spread;
        let from_usual = |spread: &f64| if is_whole { (spread - self.usual_spread).abs() } else { 0.0 };
        let windows = [
            self.short.score(part, threads)?,
            self.long.score(part, threads)?,
            pool(threads)?.install(|| self.shape.distances(part, VARIANCE_FLOOR)),
            // Two-sided: a flat line counts.
            spread.iter().map(from_usual).collect(),
        ];
        let alone = [loneliness(&part.values), stillness(part), jumps(&part.values, self.spread / 2)];
        Ok(Statistics { windows, alone })
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let scale = vec![self.center, self.size, self.usual_spread, self.usual_departure];
        stored.insert("scale", &[4], scale);
        stored.insert("points", &[2], vec![self.spread as u64, self.smooth as u64]);
        stored.absorb("short", self.short.store());
        stored.absorb("long", self.long.store());
        stored.absorb("shape", self.shape.store());
        for (i, tail) in self.tails.iter().enumerate() {
            stored.absorb(&format!("tail-{i}"), tail.store());
        }
        for (i, excess) in self.alone.iter().enumerate() {
            stored.absorb(&format!("alone-{i}"), excess.store());
        }
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let (center, size, usual_spread, usual_departure) = match *stored.values::<f64>("scale")? {
            [center, size, spread, departure] => (center, size, spread, departure),
            [center, size, spread] => (center, size, spread, UNKNOWN_DEPARTURE),
            _ => return Err("`scale` is not three or four numbers".into()),
        };
        let &[spread, smooth] = stored.values::<u64>("points")? else {
            return Err("`points` is not two numbers".into());
        };
        // Detectors of earlier versions had no surprises of single values.
        let excess = |i: usize| match stored.below(&format!("alone-{i}")) {
            of if of.tensors.is_empty() => Ok(Excess::none()),
            of => Excess::restore(&of),
        };
        let is_finite = [center, usual_spread, usual_departure].iter().all(|value| value.is_finite());
        if !(size > 0.0 && is_finite) || spread == 0 {
            return Err("`scale` or `points` is out of range".into());
        }
        let tails = (0..4).map(|i| Tail::restore(&stored.below(&format!("tail-{i}"))));
        Ok(Self {
            center,
            size,
            short: Near::restore(&stored.below("short"))?,
            long: Near::restore(&stored.below("long"))?,
            shape: Subspace::restore(&stored.below("shape"))?,
            spread: spread as usize,
            usual_spread,
            usual_departure,
            tails: tails.collect::<Result<_, _>>()?,
            alone: [excess(0)?, excess(1)?, excess(2)?],
            smooth: smooth as usize,
        })
    }
}

/// What departs as a rule in a detector of an earlier version, which does not say: so much that nothing departs, and alarms are
/// where scores are high.
const UNKNOWN_DEPARTURE: f64 = 1e300;

/// In units of the scale; bounded, so that no square overflows.
fn scaled(value: f64, center: f64, size: f64) -> f64 {
    ((value - center) / size).clamp(-MOST_AWAY, MOST_AWAY)
}

/// The log of the standard deviation of the window around each point; at the ends that of the first and the last window.
fn log_spread(values: &[f64], window: usize) -> Vec<f64> {
    let sums = prefix_sums(values.iter().copied());
    let squares = prefix_sums(values.iter().map(|value| value * value));
    let n = values.len();
    let window = window.min(n).max(1);
    let log = |i: usize| {
        let from = i.saturating_sub((window - 1) / 2).min(n - window);
        let of = |sums: &[f64]| (sums[from + window] - sums[from]) / window as f64;
        let mean = of(&sums);
        ((of(&squares) - mean * mean).max(0.0).sqrt() + SPREAD_FLOOR).ln()
    };
    (0..n).map(log).collect()
}
