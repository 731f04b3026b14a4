//! Four surprises: the default detector of one channel.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::average::{median, moments, moving_average};
use super::near::Near;
use super::part::{Part, longest};
use super::period::smoothing;
use super::subspace::Subspace;
use super::surprise::Tail;
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

/// Four surprises in nats, combined: two distances to the nearest windows, one within the leading directions of windows,
/// and how far the spread is from the usual one.
///
/// Each of the four statistics is turned into a tail surprise on the values it had in training; the score is their quadratic
/// mean, averaged over a period of the series. It is deterministic.
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

/// The names of the four, as a reason of a high score.
pub(super) const REASONS: [&str; 4] =
    ["unusual shape", "unusual pattern", "unusual course", "too noisy or too flat"];

/// How surprising each point of a part is, by each of the four.
pub(super) type Surprises = [Vec<f64>; 4];

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
        let size = moments(&all).1.max(1e-12);
        let smooth = config.smooth.unwrap_or_else(|| {
            parts.iter().max_by_key(|part| part.len()).map_or(1, |part| smoothing(&part.values))
        });
        let points = longest(parts);
        let (window, long) = (Self::short_window(points), Self::long_window(points));
        let scaled: Vec<Part<'_>> = parts.iter().map(|part| part.map(|v| scaled(v, center, size))).collect();
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
            smooth,
        };
        four.usual_departure = four.short.usual_departure(&scaled);
        let spreads: Vec<f64> = scaled.iter().flat_map(|part| log_spread(&part.values, window)).collect();
        four.usual_spread = median(&spreads);
        let mut statistics =
            scaled.iter().map(|part| four.statistics(part, threads)).collect::<Result<Vec<_>, _>>()?;
        let seen = |i: usize| statistics.iter().flat_map(|of| of[i].iter().copied()).collect::<Vec<f64>>();
        four.tails = (0..4).map(|i| Tail::fit(seen(i), TAIL_FLOOR)).collect();
        for statistics in &mut statistics {
            four.to_surprises(statistics, threads)?;
        }
        Ok((four, statistics))
    }

    /// The four surprises of each point, not yet smoothed.
    pub(super) fn surprises(&self, part: &Part<'_>, threads: usize) -> Result<Surprises, Error> {
        let part = part.map(|value| scaled(value, self.center, self.size));
        let mut statistics = self.statistics(&part, threads)?;
        self.to_surprises(&mut statistics, threads)?;
        Ok(statistics)
    }

    /// For each point of a stretch how much further from the usual course it is than is usual, in multiples of that; 0 or more.
    pub(super) fn evidence(&self, part: &Part<'_>, stretch: Range<usize>) -> Vec<f64> {
        let part = part.map(|value| scaled(value, self.center, self.size));
        let usual = DEPARTURE.1 * self.usual_departure.max(DEPARTURE.0);
        let away = self.short.departures(&part, stretch);
        away.into_iter().map(|away| (away / usual - 1.0).max(0.0)).collect()
    }

    fn to_surprises(&self, statistics: &mut [Vec<f64>; 4], threads: usize) -> Result<(), Error> {
        let of = |(values, tail): (&mut Vec<f64>, &Tail)| {
            let values = values.par_iter_mut().with_min_len(PIECE);
            values.for_each(|value| *value = tail.surprise(*value));
        };
        pool(threads)?.install(|| statistics.iter_mut().zip(&self.tails).for_each(of));
        Ok(())
    }

    fn statistics(&self, part: &Part<'_>, threads: usize) -> Result<[Vec<f64>; 4], Error> {
        let spread = log_spread(&part.values, self.spread);
        Ok([
            self.short.score(part, threads)?,
            self.long.score(part, threads)?,
            pool(threads)?.install(|| self.shape.distances(part, VARIANCE_FLOOR)),
            // Two-sided: a flat line counts.
            spread.iter().map(|spread| (spread - self.usual_spread).abs()).collect(),
        ])
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

/// The log of the standard deviation around each point.
fn log_spread(values: &[f64], window: usize) -> Vec<f64> {
    let means = moving_average(values, window);
    let squares: Vec<f64> = values.iter().map(|value| value * value).collect();
    let squares = moving_average(&squares, window);
    let log = |(mean, square): (&f64, &f64)| ((square - mean * mean).max(0.0).sqrt() + SPREAD_FLOOR).ln();
    means.iter().zip(&squares).map(log).collect()
}
