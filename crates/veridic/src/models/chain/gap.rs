//! A column as its distance from another that it is never below, or never above.

use serde::{Deserialize, Serialize};

use super::coder::{Coded, Coder, Made};
use super::number::NumberCoder;
use super::plan::Plan;
use super::rule::{Checks, Order};
use crate::data::{ColumnSchema, Kind};

/// Distances are learned in place of values if they are spread less than this share of them.
const NARROWER: f64 = 0.8;

/// Shares of the values that are below and above what counts as their spread.
const TAIL: f64 = 0.1;

/// How far the values of a column are from those of another, in the row's order never negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gap {
    /// The other column, which comes before.
    pub(super) from: usize,
    /// Whether values are above the other's.
    pub(super) above: bool,
    /// Whether they are never the same.
    pub(super) strict: bool,
    /// What stands for the other where that is missing; none where it is in no row that has a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) alone: Option<Alone>,
    /// How distances become codes.
    pub(super) coder: Coder,
}

/// A number in place of one that is missing, so far off that distances from it are all greater than those between two that are
/// there: a row has one of those or one of these.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alone {
    start: f64,
    /// The greatest distance between two that are there.
    farthest: f64,
}

impl Gap {
    /// For each learned column that keeps an order with one before it: the distance that is spread least, if that is less
    /// than the values are.
    pub(super) fn find(
        plan: &Plan,
        checks: &Checks,
        schema: &[ColumnSchema],
        made: &[Made],
        codes: usize,
    ) -> Vec<Option<Self>> {
        (0..made.len())
            .map(|j| {
                if plan.follows(j) {
                    return None;
                }
                let of_column = checks.orders.iter().filter_map(|order| Between::new(order, j, plan, made));
                let least = of_column.min_by(|a, b| a.spread.total_cmp(&b.spread))?;
                let Made::Number(values) = &made[j] else { return None };
                if least.spread > NARROWER * spread(values) {
                    return None;
                }
                let decimals = [j, least.gap.from].map(|j| match schema[j].kind {
                    Kind::Real { decimals, .. } => decimals,
                    _ => 0,
                });
                let coder = NumberCoder::fit(&least.distances, codes, decimals[0].max(decimals[1]));
                let coder = Coder::Number(coder);
                Some(Self { coder, ..least.gap })
            })
            .collect()
    }

    /// The distance of a value from another; NaN where it is missing.
    pub(super) fn distance(&self, value: f64, from: f64) -> f64 {
        let from = self.start(from);
        if self.above { value - from } else { from - value }
    }

    /// What the distance is from, beside another.
    pub(super) fn start(&self, from: f64) -> f64 {
        self.alone.filter(|_| from.is_nan()).map_or(from, |alone| alone.start)
    }

    /// Between which values one is beside another, where that may be missing.
    pub(super) fn reach(&self, from: f64) -> Option<(f64, f64)> {
        let farthest = self.alone?.farthest;
        let away = |distance: f64| if self.above { distance } else { -distance };
        let ends = match from.is_nan() {
            true => (self.start(from) + away(farthest), away(f64::MAX)),
            false => (from, from + away(farthest)),
        };
        Some((ends.0.min(ends.1), ends.0.max(ends.1)))
    }

    /// The value at a distance from another, as `coder` writes it.
    pub(super) fn value(&self, coder: &Coder, distance: f64, from: f64) -> f64 {
        let start = self.start(from);
        let value = if self.above { start + distance } else { start - distance };
        let Coder::Number(coder) = coder else { return value };
        // Nothing is made beyond the ends of the data; the other column does not go there either.
        let value = coder.round(value).clamp(coder.least(), coder.most());
        let wrong = |value: f64| {
            let distance = self.distance(value, from);
            if self.strict { distance <= 0.0 } else { distance < 0.0 }
        };
        if !wrong(value) {
            return value;
        }
        // Rounded to the other side.
        let step = if self.above { coder.spacing() } else { -coder.spacing() };
        coder.round(value + step)
    }

    /// Whether no row can have the value and the other.
    pub(super) fn is_broken(&self, value: f64, from: f64) -> bool {
        if from.is_nan() && self.alone.is_some() {
            return false;
        }
        let distance = self.distance(value, from);
        distance < 0.0 || (self.strict && distance == 0.0) || (distance.is_nan() && !value.is_nan())
    }

    /// Distances as later columns see them.
    pub(super) fn see(&self, values: &[f64], from: &[f64]) -> Vec<u8> {
        let distances = values.iter().zip(from).map(|(value, from)| self.distance(*value, *from)).collect();
        self.coder.see(&Made::Number(distances))
    }

    /// Distances as codes.
    pub(super) fn encode(&self, values: &[f64], from: &[f64]) -> Coded {
        let distances = values.iter().zip(from).map(|(value, from)| self.distance(*value, *from)).collect();
        self.coder.encode(&Made::Number(distances))
    }
}

/// What is between a column and one before it.
struct Between {
    /// With a coder of nothing.
    gap: Gap,
    distances: Vec<f64>,
    spread: f64,
}

impl Between {
    fn new(order: &Order, j: usize, plan: &Plan, made: &[Made]) -> Option<Self> {
        let (from, above) = match *order {
            Order { low, high, .. } if high == j => (low, true),
            Order { low, high, .. } if low == j => (high, false),
            _ => return None,
        };
        let place = |column: usize| plan.order.iter().position(|i| *i == column);
        let (Made::Number(values), Made::Number(others)) = (&made[j], &made[from]) else { return None };
        if from > j || place(from)? > place(j)? || plan.decided[from].is_some() {
            return None;
        }
        let coder = Coder::Number(NumberCoder::fit(&[], 1, 0));
        let mut gap = Gap { from, above, strict: order.strict, alone: None, coder };
        let both = || values.iter().zip(others);
        let apart: Vec<f64> = both().map(|(value, other)| gap.distance(*value, *other)).collect();
        if both().any(|(value, other)| other.is_nan() && !value.is_nan()) {
            let all = values.iter().chain(others).copied();
            let end = all.reduce(if above { f64::min } else { f64::max })?;
            let farthest = apart.iter().copied().fold(0.0, f64::max);
            let beyond = farthest + 1.0;
            gap.alone = Some(Alone { start: if above { end - beyond } else { end + beyond }, farthest });
        }
        let distances = both().map(|(value, other)| gap.distance(*value, *other)).collect();
        Some(Self { gap, distances, spread: spread(&apart) })
    }
}

/// The distance between the values that a tenth are below and above.
fn spread(values: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| sorted.get((share * sorted.len() as f64) as usize).copied().unwrap_or(0.0);
    at(1.0 - TAIL) - at(TAIL)
}
