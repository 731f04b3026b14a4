//! What is learned of one column: its scale, its levels, or the one value it always has.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::data::{Cells, MISSING};
use crate::models::chain::Bound;

/// The code of a level that no training row has.
pub(in crate::models) const UNSEEN: u32 = u32::MAX;

/// Standard deviations beyond which only the logarithm of a distance counts: 1e300 still ranks, and squares stay finite.
const LINEAR: f64 = 1e4;

/// Values farther from the median than so many spreads (95 % less 5 % quantile) say nothing about scale.
const FAR: f64 = 1e4;

/// Values as large as a double holds, less a margin for differences.
const LARGEST: f64 = f64::MAX / 4.0;

/// How far, in standard deviations, a blank lies from numbers where training had no blank.
const BLANK_GAP: f32 = 4.0;

/// One column as it was in the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::models) struct FittedColumn {
    pub(in crate::models) name: String,
    /// Training rows.
    rows: usize,
    /// Those in which the cell was missing.
    pub(in crate::models) missing: usize,
    pub(in crate::models) form: Form,
}

/// What its cells are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::models) enum Form {
    /// Numbers, date-times in seconds.
    Number {
        mean: f64,
        /// Standard deviation, 1 where nothing varies.
        scale: f64,
        /// The one value, where there is only one beside missing cells.
        only: Option<f64>,
    },
    /// Texts with the training rows that have each.
    Category { levels: Vec<String>, counts: Vec<usize> },
    /// The same in all training rows: a value to be expected, not one to measure distances by.
    Same { value: Option<Value> },
}

/// A cell that is not missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::models) enum Value {
    Number(f64),
    Text(String),
}

/// The cells of a column of some rows in terms of the fitted column.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::models) enum States {
    /// Standard deviations from the mean, compressed beyond [`LINEAR`]; NaN where missing.
    Numbers(Vec<f64>),
    /// Index of the level, the number of levels for a missing cell that training knows, or [`UNSEEN`].
    Levels(Vec<u32>),
    /// Nothing to measure.
    Same,
}

/// A cell in a state that no training row had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::models) struct Unseen {
    pub(in crate::models) row: u32,
    pub(in crate::models) column: u32,
    /// `-ln` of the share of training rows that would have looked so, left out of the rest.
    pub(in crate::models) nats: f64,
    /// Its distance from every training row in this column, standard deviations.
    pub(in crate::models) gap: f32,
}

/// A cell that breaks a relation between columns that nearly all training rows keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::models) struct Broken {
    pub(in crate::models) row: u32,
    pub(in crate::models) column: u32,
    /// `-ln` of the share of training rows that break the relation.
    pub(in crate::models) nats: f64,
    /// What the relation says that the cell holds, or what bounds it, as expected cells are held; NaN where it says nothing.
    pub(in crate::models) expected: f64,
    /// Where the relation only bounds the cell, on which side.
    pub(in crate::models) bound: Option<Bound>,
    /// The place of the relation among those of the detector.
    pub(in crate::models) relation: u32,
    /// Of values that do not go together, the column of the other, which is taken to be right.
    pub(in crate::models) beside: Option<u32>,
}

impl FittedColumn {
    /// Learns from the cells at `rows`.
    pub(in crate::models) fn fit(name: &str, cells: &Cells, rows: &[usize]) -> Self {
        let missing = rows.iter().filter(|&&row| cells.is_missing(row)).count();
        let form = match cells {
            Cells::Number(values) => number(rows.iter().map(|&row| values[row]), missing),
            Cells::Text { codes, levels } => category(rows.iter().map(|&row| codes[row]), levels, missing),
        };
        Self { name: name.to_owned(), rows: rows.len(), missing, form }
    }

    /// States that training rows are in: levels, and missing where some are.
    pub(in crate::models) fn states(&self) -> usize {
        match &self.form {
            Form::Category { levels, .. } => levels.len() + usize::from(self.missing > 0),
            Form::Number { .. } | Form::Same { .. } => 0,
        }
    }

    /// The share of training rows in each state.
    pub(in crate::models) fn shares(&self) -> Vec<f64> {
        let Form::Category { counts, .. } = &self.form else { return Vec::new() };
        let missing = (self.missing > 0).then_some(self.missing);
        counts.iter().copied().chain(missing).map(|count| count as f64 / self.rows as f64).collect()
    }

    /// The share of training rows in which the cell was missing.
    pub(in crate::models) fn missing_share(&self) -> f64 {
        self.missing as f64 / self.rows as f64
    }

    /// The distance of two different levels: that of two rows drawn at random has the mean square of standardized numbers, 2.
    pub(in crate::models) fn edge(&self) -> f64 {
        let same: f64 = self.shares().iter().map(|share| share * share).sum();
        (2.0 / (1.0 - same).max(1e-12)).sqrt()
    }

    /// Training rows that would be in a state of their own, left out of the rest.
    fn singles(&self) -> usize {
        let single = match &self.form {
            Form::Category { counts, .. } => counts.iter().filter(|count| **count == 1).count(),
            Form::Number { .. } | Form::Same { .. } => 0,
        };
        single + usize::from(self.missing == 1)
    }

    /// `-ln` of the share of rows with a state that the others do not have (Good, Biometrika 40 (1953): that of the states
    /// seen once), half a row added.
    fn unseen_nats(&self) -> f64 {
        (2.0 * (self.rows as f64 + 1.0) / (2.0 * self.singles() as f64 + 1.0)).ln().max(0.0)
    }

    /// The states of the cells at `rows`, and the cells that no training row looked like, numbered by place in `rows`.
    pub(in crate::models) fn states_of(
        &self,
        cells: &Cells,
        rows: &[usize],
        column: u32,
    ) -> (States, Vec<Unseen>) {
        let mut unseen = Vec::new();
        let nats = self.unseen_nats();
        let mut note = |place: usize, more: f64, gap: f32| {
            unseen.push(Unseen { row: place as u32, column, nats: nats + more, gap });
        };
        let states = match &self.form {
            Form::Number { mean, scale, only } => {
                let numbers = Numbers::of(cells);
                let state = |(place, &row): (usize, &usize)| match numbers.at(row) {
                    Cell::Missing => {
                        if self.missing == 0 {
                            note(place, 0.0, BLANK_GAP);
                        }
                        f64::NAN
                    }
                    Cell::Strange => {
                        note(place, 0.0, BLANK_GAP);
                        f64::NAN
                    }
                    Cell::Number(value) => match only {
                        Some(only) if *only != value => {
                            note(place, apart(value, *only), BLANK_GAP);
                            0.0
                        }
                        _ => standard(value, *mean, *scale),
                    },
                };
                States::Numbers(rows.iter().enumerate().map(state).collect())
            }
            Form::Category { levels, .. } => {
                let gap = (self.edge() * std::f64::consts::SQRT_2) as f32;
                let known = Known::new(levels, cells);
                let state = |(place, &row): (usize, &usize)| {
                    let state = match known.at(row) {
                        None if self.missing > 0 => levels.len() as u32,
                        None => UNSEEN,
                        Some(level) => level,
                    };
                    if state == UNSEEN {
                        note(place, 0.0, gap);
                    }
                    state
                };
                States::Levels(rows.iter().enumerate().map(state).collect())
            }
            Form::Same { value } => {
                for (place, &row) in rows.iter().enumerate() {
                    if let Some(more) = differs(value.as_ref(), cells, row) {
                        note(place, more, 0.0);
                    }
                }
                States::Same
            }
        };
        (states, unseen)
    }

    /// Training rows that, left out, would have been in a state of their own, by place in `rows`.
    pub(in crate::models) fn lonely(&self, states: &States, column: u32) -> Vec<Unseen> {
        let nats = self.unseen_nats();
        let alone = |state: u32| match &self.form {
            Form::Category { counts, .. } => *counts.get(state as usize).unwrap_or(&self.missing) == 1,
            Form::Number { .. } | Form::Same { .. } => false,
        };
        let places: Vec<usize> = match states {
            States::Numbers(z) if self.missing == 1 => (0..z.len()).filter(|i| z[*i].is_nan()).collect(),
            States::Levels(codes) => (0..codes.len()).filter(|i| alone(codes[*i])).collect(),
            States::Numbers(_) | States::Same => Vec::new(),
        };
        places.into_iter().map(|place| Unseen { row: place as u32, column, nats, gap: 0.0 }).collect()
    }

    /// Whether what was read back can be worked with.
    pub(in crate::models) fn check(&self) -> Result<(), String> {
        let sound = match &self.form {
            Form::Number { mean, scale, only } => {
                mean.is_finite() && *scale > 0.0 && scale.is_finite() && only.is_none_or(f64::is_finite)
            }
            Form::Category { levels, counts } => {
                levels.len() == counts.len()
                    && levels.len() + usize::from(self.missing > 0) > 1
                    && counts.iter().try_fold(self.missing, |sum, count| sum.checked_add(*count))
                        == Some(self.rows)
            }
            Form::Same { .. } => true,
        };
        if sound && self.rows > 0 && self.missing <= self.rows {
            Ok(())
        } else {
            Err(format!("column `{}` is damaged", self.name))
        }
    }
}

/// Standard deviations from the mean; beyond [`LINEAR`] they grow with the logarithm.
pub(in crate::models) fn standard(value: f64, mean: f64, scale: f64) -> f64 {
    let z = ((clamp(value) - mean) / scale).clamp(-f64::MAX, f64::MAX);
    if z.abs() <= LINEAR { z } else { (LINEAR * (1.0 + (z.abs() / LINEAR).ln())).copysign(z) }
}

fn clamp(value: f64) -> f64 {
    value.clamp(-LARGEST, LARGEST)
}

/// More for values farther from the expected one, so that they rank.
fn apart(value: f64, expected: f64) -> f64 {
    ((clamp(value) - clamp(expected)).abs() / expected.abs().max(1.0)).ln_1p()
}

fn number(values: impl Iterator<Item = f64>, missing: usize) -> Form {
    let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).map(clamp).collect();
    if values.is_empty() {
        return Form::Same { value: None };
    }
    let all = values.clone();
    values.sort_unstable_by(f64::total_cmp);
    let (first, last) = (values[0], values[values.len() - 1]);
    if first == last {
        return if missing == 0 {
            Form::Same { value: Some(Value::Number(first)) }
        } else {
            Form::Number { mean: first, scale: 1.0, only: Some(first) }
        };
    }
    let median = values[values.len() / 2];
    let spread = |sorted: &[f64]| {
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        at(0.95) - at(0.05)
    };
    let mut width = spread(&values);
    if width == 0.0 {
        // Nearly all are the same: the spread of the others, or their distance.
        values.retain(|value| *value != median);
        width = spread(&values).max((values[values.len() / 2] - median).abs());
    }
    let scaled = all.iter().map(|value| (value - median) / width).filter(|u| u.abs() <= FAR);
    let (mut sum, mut count) = (0.0, 0.0);
    for u in scaled.clone() {
        sum += u;
        count += 1.0;
    }
    let mean = sum / count;
    let variance = scaled.map(|u| (u - mean) * (u - mean)).sum::<f64>() / count;
    let (mean, scale) = (median + mean * width, variance.sqrt() * width);
    let scale = if scale < 1e-12 * (1.0 + mean.abs()) || !scale.is_finite() { 1.0 } else { scale };
    Form::Number { mean, scale, only: None }
}

fn category(codes: impl Iterator<Item = u32>, levels: &[String], missing: usize) -> Form {
    let mut counts = vec![0; levels.len()];
    for code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let (levels, counts): (Vec<String>, Vec<usize>) =
        levels.iter().cloned().zip(counts).filter(|(_, count)| *count > 0).unzip();
    match levels.as_slice() {
        [] => Form::Same { value: None },
        [only] if missing == 0 => Form::Same { value: Some(Value::Text(only.clone())) },
        _ => Form::Category { levels, counts },
    }
}

/// A cell of a column of numbers.
enum Cell {
    Number(f64),
    Missing,
    /// No number.
    Strange,
}

/// The cells of a column that should hold numbers.
enum Numbers<'a> {
    Values(&'a [f64]),
    Levels(&'a [u32], Vec<Option<f64>>),
}

impl<'a> Numbers<'a> {
    fn of(cells: &'a Cells) -> Self {
        match cells {
            Cells::Number(values) => Self::Values(values),
            Cells::Text { codes, levels } => {
                let parse = |level: &String| level.trim().parse().ok().filter(|value: &f64| !value.is_nan());
                Self::Levels(codes, levels.iter().map(parse).collect())
            }
        }
    }

    fn at(&self, row: usize) -> Cell {
        match self {
            Self::Values(values) if values[row].is_nan() => Cell::Missing,
            Self::Values(values) => Cell::Number(values[row]),
            Self::Levels(codes, _) if codes[row] == MISSING => Cell::Missing,
            Self::Levels(codes, values) => {
                values.get(codes[row] as usize).copied().flatten().map_or(Cell::Strange, Cell::Number)
            }
        }
    }
}

/// Where each level of a table is among those learned.
enum Known<'a> {
    Codes(&'a [u32], Vec<u32>),
    Numbers(&'a [f64], HashMap<String, u32>),
}

impl<'a> Known<'a> {
    fn new(levels: &[String], cells: &'a Cells) -> Self {
        let places = || levels.iter().cloned().zip(0..).collect::<HashMap<String, u32>>();
        match cells {
            Cells::Text { codes, levels: found } => {
                // The usual table has the levels learned first, in their order.
                let same = found.len() >= levels.len() && found[..levels.len()] == *levels;
                let places = if same { HashMap::new() } else { places() };
                let place = |(i, level): (usize, &String)| match same {
                    true if i < levels.len() => i as u32,
                    true => UNSEEN,
                    false => places.get(level).copied().unwrap_or(UNSEEN),
                };
                Self::Codes(codes, found.iter().enumerate().map(place).collect())
            }
            Cells::Number(values) => Self::Numbers(values, places()),
        }
    }

    /// The level of a cell, [`UNSEEN`] for another text, `None` where missing.
    fn at(&self, row: usize) -> Option<u32> {
        match self {
            Self::Codes(codes, _) if codes[row] == MISSING => None,
            Self::Codes(codes, places) => Some(places.get(codes[row] as usize).copied().unwrap_or(UNSEEN)),
            Self::Numbers(values, _) if values[row].is_nan() => None,
            Self::Numbers(values, places) => {
                Some(places.get(&values[row].to_string()).copied().unwrap_or(UNSEEN))
            }
        }
    }
}

/// Whether a cell is not what all training rows had, and how much more than that.
fn differs(expected: Option<&Value>, cells: &Cells, row: usize) -> Option<f64> {
    if cells.is_missing(row) {
        return expected.map(|_| 0.0);
    }
    let Some(expected) = expected else { return Some(0.0) };
    let wanted = match expected {
        Value::Number(value) => Some(*value),
        Value::Text(text) => text.trim().parse::<f64>().ok(),
    };
    let found = match cells {
        Cells::Number(values) => Some(values[row]),
        Cells::Text { .. } => cells.text(row).and_then(|text| text.trim().parse().ok()),
    };
    if let (Some(wanted), Some(found)) = (wanted, found) {
        return (wanted != found).then(|| apart(found, wanted));
    }
    let same = matches!((expected, cells.text(row)), (Value::Text(text), Some(found)) if text == found);
    (!same).then_some(0.0)
}
