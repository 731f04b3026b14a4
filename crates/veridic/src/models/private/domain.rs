//! What a column can hold, as cells that do not depend on the data, and groups of cells that do by noise alone.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::project::to_simplex;
use crate::data::{Cells, ColumnSchema, Kind, MISSING};
use crate::seed::uniform;

/// Cells of a column of numbers between its ends.
const CELLS: usize = 512;

/// Groups of neighboring cells that a column of numbers gets at most, about.
const GROUPS: f64 = 32.0;

/// Deviations of noise that a count must be above to count.
const CLEAR: f64 = 4.0;

/// What a column can hold. The last cell is of missing ones; before it, of numbers, is a cell of 0 alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Axis {
    Levels(Vec<String>),
    Numbers {
        low: f64,
        high: f64,
        /// Cells between the ends.
        cells: usize,
        /// What numbers are multiples of; 0 for none.
        step: f64,
    },
}

impl Axis {
    pub(super) fn of(column: &ColumnSchema, range: Option<[f64; 2]>) -> Self {
        let (min, max, step) = match &column.kind {
            Kind::Integer { min, max } => (*min, *max, 1.0),
            Kind::Real { decimals, min, max } if *decimals <= 9 => {
                (*min, *max, 10f64.powi(-i32::from(*decimals)))
            }
            Kind::Real { min, max, .. } => (*min, *max, 0.0),
            Kind::DateTime { format, min, max } => {
                (*min, *max, if format.contains("%H") { 1.0 } else { 86_400.0 })
            }
            kind => return Self::Levels(kind.levels().to_vec()),
        };
        let [low, high] = range.unwrap_or([min, max]);
        let steps = if step > 0.0 { ((high - low) / step).round() + 1.0 } else { f64::INFINITY };
        // A cell for each number where these are few.
        let cells = if low == high { 1 } else { (CELLS as f64).min(steps) as usize };
        Self::Numbers { low, high, cells: cells.max(1), step }
    }

    pub(super) fn is_of_numbers(&self) -> bool {
        matches!(self, Self::Numbers { .. })
    }

    /// Number of cells.
    pub(super) fn cells(&self) -> usize {
        match self {
            Self::Levels(levels) => levels.len() + 1,
            Self::Numbers { cells, .. } => cells + 2,
        }
    }

    /// Puts in a schema what this says of the column, and nothing of the data.
    pub(super) fn describe(&self, column: &mut ColumnSchema) {
        (column.missing, column.values) = (0, None);
        if let (
            Self::Numbers { low, high, .. },
            Kind::Integer { min, max } | Kind::Real { min, max, .. } | Kind::DateTime { min, max, .. },
        ) = (self, &mut column.kind)
        {
            (*min, *max) = (*low, *high);
        }
    }

    /// The cell of each row; what is outside of the range counts as its end, a category that is not known as missing.
    pub(super) fn read(&self, cells: &Cells, rows: &[usize]) -> Vec<u32> {
        let missing = self.cells() as u32 - 1;
        match (self, cells) {
            (Self::Numbers { low, high, cells: n, step }, Cells::Number(values)) => {
                let cell = |row: &usize| match values[*row] {
                    value if value.is_nan() => missing,
                    0.0 => *n as u32,
                    value => {
                        let half = if *step > 0.0 { 0.5 * step } else { 0.0 };
                        let width = (high - low + 2.0 * half) / *n as f64;
                        let place = (value.clamp(*low, *high) - low + half) / width;
                        (place.max(0.0) as u32).min(*n as u32 - 1)
                    }
                };
                rows.iter().map(cell).collect()
            }
            (Self::Levels(known), Cells::Text { codes, levels }) => {
                let place = |level: &String| known.iter().position(|known| known == level);
                let map: Vec<u32> =
                    levels.iter().map(|level| place(level).map_or(missing, |place| place as u32)).collect();
                let cell = |row: &usize| match codes[*row] {
                    MISSING => missing,
                    code => map[code as usize],
                };
                rows.iter().map(cell).collect()
            }
            _ => vec![missing; rows.len()],
        }
    }

    /// Cells of a table.
    pub(super) fn write(&self, cells: &[u32], random: &mut ChaCha8Rng) -> Cells {
        let missing = self.cells() as u32 - 1;
        match self {
            Self::Levels(levels) => Cells::Text {
                codes: cells.iter().map(|cell| if *cell == missing { MISSING } else { *cell }).collect(),
                levels: levels.clone(),
            },
            Self::Numbers { low, high, cells: n, step } => {
                let half = if *step > 0.0 { 0.5 * step } else { 0.0 };
                let width = (high - low + 2.0 * half) / *n as f64;
                let value = |cell: &u32| match *cell {
                    cell if cell == missing => f64::NAN,
                    cell if cell as usize == *n => 0.0,
                    cell => {
                        let value = low - half + width * (f64::from(cell) + uniform(random));
                        rounded(value, *low, *step).clamp(*low, *high)
                    }
                };
                Cells::Number(cells.iter().map(value).collect())
            }
        }
    }

    /// What is wrong with an axis that was read from a file, if anything.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let sound = match self {
            Self::Levels(levels) => levels.len() < 60_000,
            Self::Numbers { low, high, cells, step } => {
                let finite = low.is_finite() && high.is_finite() && step.is_finite();
                finite && low <= high && *step >= 0.0 && (1..=CELLS).contains(cells)
            }
        };
        (!sound).then_some("a column without a range")
    }
}

/// The nearest number that is a whole number of steps from `low`, written without more digits than the step has.
fn rounded(value: f64, low: f64, step: f64) -> f64 {
    if step == 0.0 {
        return value;
    }
    let whole = low + ((value - low) / step).round() * step;
    let scale = (1.0 / step).round();
    if step < 1.0 { (whole * scale).round() / scale } else { whole }
}

/// Groups of cells with about as many rows each as noise allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grouped {
    /// By group its cells, and the share of the group that each is reckoned to have.
    pub(super) members: Vec<Vec<(u32, f64)>>,
    /// By group the rows that it is reckoned to have, above 0.
    pub(super) counts: Vec<f64>,
}

impl Grouped {
    /// Groups cells by noisy counts alone: neighbors of numbers, and of categories those that are not clearly there. Cells of many
    /// rows are groups of their own.
    pub(super) fn new(axis: &Axis, counts: &[f64], sigma: f64) -> Self {
        let total: f64 = counts.iter().sum::<f64>().max(1.0);
        let sum_of = |cells: &[u32]| cells.iter().map(|cell| counts[*cell as usize]).sum::<f64>();
        // Noise of a sum grows with its cells.
        let is_clear = |cells: &[u32]| sum_of(cells) >= CLEAR * sigma * (cells.len() as f64).sqrt();
        let is_large = |cells: &[u32]| is_clear(cells) && sum_of(cells) >= total / GROUPS;
        let last = axis.cells() as u32 - 1;
        let mut groups: Vec<Vec<u32>> = Vec::new();
        match axis {
            Axis::Levels(_) => {
                let (clear, rare): (Vec<u32>, Vec<u32>) = (0..last).partition(|cell| is_clear(&[*cell]));
                groups.extend(clear.into_iter().map(|cell| vec![cell]));
                groups.extend((!rare.is_empty() && is_clear(&rare)).then_some(rare));
            }
            Axis::Numbers { cells, .. } => {
                let mut open: Vec<u32> = Vec::new();
                // What is not clearly there is left out.
                let mut close = |open: &mut Vec<u32>| {
                    let group = std::mem::take(open);
                    groups.extend((!group.is_empty() && is_clear(&group)).then_some(group));
                };
                for cell in 0..*cells as u32 {
                    if is_large(&[cell]) {
                        close(&mut open);
                    }
                    open.push(cell);
                    if is_large(&open) {
                        close(&mut open);
                    }
                }
                close(&mut open);
                groups.extend(is_clear(&[last - 1]).then(|| vec![last - 1]));
            }
        }
        groups.extend(is_clear(&[last]).then(|| vec![last]));
        if groups.is_empty() {
            groups.push((0..last.max(1)).collect());
        }
        let shares = |group: &Vec<u32>| {
            let mut shares: Vec<f64> = group.iter().map(|cell| counts[*cell as usize]).collect();
            to_simplex(&mut shares, sum_of(group).max(1.0));
            let whole: f64 = shares.iter().sum();
            group.iter().zip(shares).map(|(cell, share)| (*cell, share / whole)).collect()
        };
        Self {
            members: groups.iter().map(shares).collect(),
            counts: groups.iter().map(|group| sum_of(group).max(1.0)).collect(),
        }
    }

    /// The group of each cell; of cells that are in none, the largest.
    pub(super) fn of_cells(&self, cells: &[u32]) -> Vec<u16> {
        let largest = (0..self.counts.len()).max_by(|a, b| self.counts[*a].total_cmp(&self.counts[*b]));
        let known = self.members.iter().flatten().map(|(cell, _)| cell);
        let most = known.chain(cells).copied().max().unwrap_or(0) as usize;
        let mut map = vec![largest.unwrap_or(0) as u16; most + 1];
        for (group, members) in self.members.iter().enumerate() {
            members.iter().for_each(|(cell, _)| map[*cell as usize] = group as u16);
        }
        cells.iter().map(|cell| map[*cell as usize]).collect()
    }

    /// A cell of a group.
    pub(super) fn draw(&self, group: usize, random: &mut ChaCha8Rng) -> u32 {
        let members = &self.members[group];
        let mut left = uniform(random);
        for (cell, share) in members {
            left -= share;
            if left < 0.0 {
                return *cell;
            }
        }
        // What rounding left.
        members.iter().rev().find(|(_, share)| *share > 0.0).unwrap_or(&members[0]).0
    }

    /// Shares of the groups.
    pub(super) fn shares(&self) -> Vec<f64> {
        let total: f64 = self.counts.iter().sum();
        self.counts.iter().map(|count| count / total).collect()
    }

    /// What is wrong with groups that were read from a file, if anything.
    pub(super) fn problem(&self, axis: &Axis) -> Option<&'static str> {
        let known = |(cell, share): &(u32, f64)| {
            (*cell as usize) < axis.cells() && (0.0..=1.0 + 1e-9).contains(share)
        };
        let sound = self.members.len() == self.counts.len()
            && (1..60_000).contains(&self.members.len())
            && self.members.iter().all(|members| !members.is_empty() && members.iter().all(known))
            && self.counts.iter().all(|count| count.is_finite() && *count > 0.0);
        (!sound).then_some("groups of cells that are not there")
    }
}
