//! Numbers as codes: values of their own, and cells of neighboring values.

use serde::{Deserialize, Serialize};

use super::lattice::Lattice;

/// Most codes of a column, a missing one and an unknown one aside.
const MOST_CODES: usize = 250;

/// Most thresholds between the codes by which later columns see this one.
const MOST_THRESHOLDS: usize = 250;

/// Most quantiles that are kept of a cell.
const MOST_KNOTS: usize = 33;

/// A gap is cut at if it is this share of its cell, and there are so many rows on both sides.
const GAP_SHARE: f64 = 0.5;
const GAP_ROWS: usize = 5;

/// How the numbers of a column become codes and come back. Codes rise with values; one more is a missing cell's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::models) struct NumberCoder {
    /// Least value of each code.
    starts: Vec<f64>,
    cells: Vec<Cell>,
    /// What numbers are rounded to.
    lattice: Option<Lattice>,
    /// A value sees the number of thresholds that it reaches.
    thresholds: Vec<f64>,
    /// Whether cells are missing; the last code is theirs.
    missing: bool,
}

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::models) enum Cell {
    /// One value.
    Value(f64),
    /// Values between neighboring quantiles, evenly spaced in rank.
    Range(Vec<f64>),
}

impl NumberCoder {
    /// Learns how to code `values`, of which missing ones are NaN, with about `codes` codes.
    pub(in crate::models) fn fit(values: &[f64], codes: usize, decimals: u8) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        // 0 and -0 are one value.
        sorted.iter_mut().for_each(|v| *v += 0.0);
        let lattice = Lattice::of(&sorted, decimals);
        let parts = cut(&sorted, codes);
        let starts = parts.iter().map(|part| part[0]).collect();
        let cells = parts.into_iter().map(Cell::of).collect();
        let missing = sorted.len() < values.len();
        Self { starts, cells, lattice, thresholds: thresholds(&sorted), missing }
    }

    /// Number of codes.
    pub(in crate::models) fn codes(&self) -> usize {
        self.cells.len() + usize::from(self.missing)
    }

    /// Number of codes by which later columns see this one.
    pub(in crate::models) fn bins(&self) -> usize {
        self.thresholds.len() + 2
    }

    /// Whether every code but a missing cell's is one value.
    pub(in crate::models) fn is_discrete(&self) -> bool {
        self.cells.iter().all(|cell| matches!(cell, Cell::Value(_)))
    }

    pub(in crate::models) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The code of a value; [`codes`](Self::codes) of a missing one where none was.
    pub(in crate::models) fn code(&self, value: f64) -> usize {
        if value.is_nan() {
            return self.cells.len();
        }
        self.starts.partition_point(|start| *start <= value).saturating_sub(1)
    }

    /// The code by which later columns see a value.
    pub(in crate::models) fn bin(&self, value: f64) -> u8 {
        let bin = if value.is_nan() {
            self.thresholds.len() + 1
        } else {
            self.thresholds.partition_point(|threshold| *threshold <= value)
        };
        bin as u8
    }

    /// Where in the ranks of its cell a value is, 0 to 1; `None` where the code is a single value.
    pub(in crate::models) fn place(&self, code: usize, value: f64) -> Option<f64> {
        let Some(Cell::Range(knots)) = self.cells.get(code) else { return None };
        let last = knots.len() - 1;
        // Among equal knots the middle.
        let below = knots.partition_point(|knot| *knot < value);
        let through = knots.partition_point(|knot| *knot <= value);
        if through > below {
            return Some((below + through - 1) as f64 / 2.0 / last as f64);
        }
        if below == 0 {
            return Some(0.0);
        }
        if below > last {
            return Some(1.0);
        }
        let (low, high) = (knots[below - 1], knots[below]);
        Some((below as f64 - 1.0 + (value - low) / (high - low)) / last as f64)
    }

    /// The value at `place` in the ranks of a code's cell; NaN for a missing cell.
    pub(in crate::models) fn value(&self, code: usize, place: f64) -> f64 {
        match self.cells.get(code) {
            None => f64::NAN,
            Some(Cell::Value(value)) => *value,
            Some(Cell::Range(knots)) => self.round(at(knots, place)),
        }
    }

    /// The nearest value that is written with as many digits as the column's.
    pub(in crate::models) fn round(&self, value: f64) -> f64 {
        self.lattice.map_or(value, |lattice| lattice.round(value))
    }

    /// The least value, and the most (0 where all are missing).
    pub(in crate::models) fn least(&self) -> f64 {
        self.cells.first().map_or(0.0, |cell| cell.ends().0)
    }

    /// The most.
    pub(in crate::models) fn most(&self) -> f64 {
        self.cells.last().map_or(0.0, |cell| cell.ends().1)
    }

    /// Whether a value is one that is made: one of the single values, or within a cell.
    pub(in crate::models) fn has(&self, value: f64) -> bool {
        match self.cells.get(self.code(value)) {
            None => value.is_nan() && self.missing,
            Some(Cell::Value(own)) => *own == value,
            Some(cell) => {
                let (low, high) = cell.ends();
                (low..=high).contains(&value)
            }
        }
    }

    /// Whether a value is below all that were learned from, or above.
    pub(in crate::models) fn is_beyond(&self, value: f64) -> bool {
        value < self.least() || value > self.most()
    }

    /// The least value that can be written from `value` on, or beyond it if that is not `allowed` itself.
    pub(in crate::models) fn up(&self, value: f64, allowed: bool) -> f64 {
        let Some(lattice) = self.lattice else { return if allowed { value } else { value.next_up() } };
        let step = lattice.spacing();
        let near = lattice.round(value);
        let reaches = if allowed { near >= value } else { near > value };
        if reaches { near } else { lattice.round(near + step) }
    }

    /// The most value that can be written up to `value`, or before it if that is not `allowed` itself.
    pub(in crate::models) fn down(&self, value: f64, allowed: bool) -> f64 {
        let Some(lattice) = self.lattice else { return if allowed { value } else { value.next_down() } };
        let step = lattice.spacing();
        let near = lattice.round(value);
        let reaches = if allowed { near <= value } else { near < value };
        if reaches { near } else { lattice.round(near - step) }
    }

    /// Distance of neighboring values; 0 where they are on no grid.
    pub(in crate::models) fn spacing(&self) -> f64 {
        self.lattice.map_or(0.0, |lattice| lattice.spacing())
    }

    /// The logarithm of the number of values (or the length) between two places in the ranks of a code's cell; 0 where the
    /// code is a single value.
    pub(in crate::models) fn log_width(&self, code: usize, from: f64, to: f64) -> f64 {
        let Some(Cell::Range(knots)) = self.cells.get(code) else { return 0.0 };
        let (low, high) = (at(knots, from), at(knots, to));
        match self.lattice {
            Some(lattice) => {
                // Points of the grid in the half-open range, the last of the cell included.
                let first = (low / lattice.spacing() - 1e-6).ceil();
                let end = (high / lattice.spacing() - 1e-6).ceil() + f64::from(u8::from(to >= 1.0));
                (end - first).max(1.0).ln()
            }
            None => {
                let whole = knots[knots.len() - 1] - knots[0];
                (high - low).max(whole * 1e-6).max(f64::MIN_POSITIVE).ln()
            }
        }
    }

    /// What is wrong with a coder that was read from a file, if anything.
    pub(in crate::models) fn problem(&self) -> Option<&'static str> {
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        let rising = |values: &[f64]| values.windows(2).all(|pair| pair[0] <= pair[1]);
        let sound = |cell: &Cell| match cell {
            Cell::Value(value) => value.is_finite(),
            Cell::Range(knots) => knots.len() >= 2 && finite(knots) && rising(knots),
        };
        let sizes =
            self.cells.len() == self.starts.len() && (1..=254).contains(&self.codes()) && self.bins() <= 256;
        if !sizes {
            return Some("codes that are too many or do not fit");
        }
        let numbers = rising(&self.starts) && rising(&self.thresholds) && finite(&self.thresholds);
        (!numbers || !self.cells.iter().all(sound)).then_some("numbers that are out of order")
    }
}

impl Cell {
    /// The least value and the most.
    pub(in crate::models) fn ends(&self) -> (f64, f64) {
        match self {
            Self::Value(value) => (*value, *value),
            Self::Range(knots) => (knots[0], knots[knots.len() - 1]),
        }
    }

    fn of(part: &[f64]) -> Self {
        let last = part.len() - 1;
        if part[0] == part[last] {
            return Self::Value(part[0]);
        }
        let knots = MOST_KNOTS.min(part.len()).max(2);
        let quantile = |k: usize| {
            let place = k as f64 * last as f64 / (knots - 1) as f64;
            let below = (place.floor() as usize).min(last - 1);
            let share = place - below as f64;
            between(part[below], part[below + 1], share)
        };
        Self::Range((0..knots).map(quantile).collect())
    }
}

/// The value at `place`, 0 to 1, between evenly spaced knots.
fn at(knots: &[f64], place: f64) -> f64 {
    let last = knots.len() - 1;
    let place = place.clamp(0.0, 1.0) * last as f64;
    let below = (place.floor() as usize).min(last - 1);
    let share = place - below as f64;
    between(knots[below], knots[below + 1], share)
}

/// The value at `share` of the way between two, never beyond them by rounding.
fn between(low: f64, high: f64, share: f64) -> f64 {
    (low * (1.0 - share) + high * share).clamp(low, high)
}

/// Runs of equal values, as value and length.
fn runs(sorted: &[f64]) -> Vec<(f64, usize)> {
    sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect()
}

/// Sorted values in parts of about equal size, frequent values in parts of their own, all where they are few.
fn cut(sorted: &[f64], codes: usize) -> Vec<&[f64]> {
    let runs = runs(sorted);
    if runs.len() <= codes {
        return sorted.chunk_by(|a, b| a == b).collect();
    }
    let often = sorted.len().div_ceil(codes);
    let spikes = runs.iter().filter(|run| run.1 >= often).count();
    let rest: usize = runs.iter().filter(|run| run.1 < often).map(|run| run.1).sum();
    let cells = codes.saturating_sub(spikes).max(2);
    let mut parts = Vec::new();
    let (mut from, mut to, mut passed) = (0, 0, 0usize);
    let mut close = |from: &mut usize, to: usize| {
        if to > *from {
            parts.push(&sorted[*from..to]);
        }
        *from = to;
    };
    let mut cell = 0;
    for (_, length) in runs {
        if length >= often {
            close(&mut from, to);
            to += length;
            close(&mut from, to);
            continue;
        }
        // A value belongs to the cell that its first row falls into.
        let here = passed * cells / rest;
        if here > cell {
            close(&mut from, to);
            cell = here;
        }
        passed += length;
        to += length;
    }
    close(&mut from, to);
    let mut room = MOST_CODES.saturating_sub(parts.len());
    parts.into_iter().flat_map(|part| at_gaps(part, &mut room)).collect()
}

/// A part cut at gaps that nothing lies in, so that nothing is made there.
fn at_gaps<'a>(part: &'a [f64], room: &mut usize) -> Vec<&'a [f64]> {
    let (low, high) = (part[0], part[part.len() - 1]);
    if *room > 0 && part.len() >= 2 * GAP_ROWS && high > low {
        let gap = |i: &usize| part[*i] - part[*i - 1];
        let widest = (GAP_ROWS..=part.len() - GAP_ROWS).max_by(|a, b| gap(a).total_cmp(&gap(b)));
        if let Some(place) = widest.filter(|place| gap(place) > GAP_SHARE * (high - low)) {
            // Two values side by side have a gap between them that means nothing.
            if part[..place].first() != part[..place].last()
                || part[place..].first() != part[place..].last()
                || part.len() >= 4 * GAP_ROWS
            {
                *room -= 1;
                let mut parts = at_gaps(&part[..place], room);
                parts.extend(at_gaps(&part[place..], room));
                return parts;
            }
        }
    }
    vec![part]
}

/// Values at evenly spaced ranks, each once; all but the least where they are few.
fn thresholds(sorted: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = sorted.to_vec();
    values.dedup();
    if values.len() > MOST_THRESHOLDS {
        let last = sorted.len() - 1;
        values = (0..MOST_THRESHOLDS).map(|i| sorted[i * last / MOST_THRESHOLDS]).collect();
        values.dedup();
    }
    if !values.is_empty() {
        values.remove(0);
    }
    values
}
