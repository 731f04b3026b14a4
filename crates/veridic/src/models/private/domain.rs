//! What a column can hold, as cells that do not depend on the data, and groups of cells that do by noise alone.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

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
    /// By group its cells.
    pub(super) members: Vec<Vec<u32>>,
    /// By group the rows that it is reckoned to have, above 0.
    pub(super) counts: Vec<f64>,
}

impl Grouped {
    /// Groups cells by noisy counts alone: neighbors of numbers, and of categories those that are not clearly there.
    pub(super) fn new(axis: &Axis, counts: &[f64], sigma: f64) -> Self {
        let total: f64 = counts.iter().sum::<f64>().max(1.0);
        let (mut members, mut sums) = (Vec::new(), Vec::new());
        let alone = match axis {
            Axis::Levels(levels) => 0..levels.len() + 1,
            Axis::Numbers { cells, .. } => {
                let (mut group, mut sum) = (Vec::new(), 0.0);
                for (cell, count) in counts.iter().enumerate().take(*cells) {
                    group.push(cell as u32);
                    sum += count;
                    // Noise of a sum grows with its cells.
                    let clear = CLEAR * sigma * (group.len() as f64).sqrt();
                    if sum >= clear.max(total / GROUPS) {
                        members.push(std::mem::take(&mut group));
                        sums.push(std::mem::take(&mut sum));
                    }
                }
                if !group.is_empty() {
                    match (members.last_mut(), sums.last_mut()) {
                        (Some(last), Some(of_last)) => {
                            // A rest that is clear is a group of its own.
                            if sum >= CLEAR * sigma * (group.len() as f64).sqrt() {
                                members.push(group);
                                sums.push(sum);
                            } else if sum > 0.0 && group.len() <= last.len() {
                                last.append(&mut group);
                                *of_last += sum;
                            }
                        }
                        _ => {
                            members.push(group);
                            sums.push(sum);
                        }
                    }
                }
                *cells..cells + 2
            }
        };
        let mut rare = (Vec::new(), 0.0);
        for cell in alone {
            if counts[cell] >= CLEAR * sigma {
                members.push(vec![cell as u32]);
                sums.push(counts[cell]);
            } else if !axis.is_of_numbers() && cell + 1 < axis.cells() {
                rare.0.push(cell as u32);
                rare.1 += counts[cell];
            }
        }
        let clear = CLEAR * sigma * (rare.0.len() as f64).sqrt();
        if !rare.0.is_empty() && (rare.1 >= clear || members.is_empty()) {
            members.push(rare.0);
            sums.push(rare.1);
        }
        if members.is_empty() {
            members.push((0..axis.cells() as u32).collect());
            sums.push(total);
        }
        Self { members, counts: sums.into_iter().map(|sum: f64| sum.max(1.0)).collect() }
    }

    /// The group of each cell; of cells that are in none, the largest.
    pub(super) fn of_cells(&self, cells: &[u32]) -> Vec<u16> {
        let largest = (0..self.counts.len()).max_by(|a, b| self.counts[*a].total_cmp(&self.counts[*b]));
        let most = self.members.iter().flatten().chain(cells).copied().max().unwrap_or(0) as usize;
        let mut map = vec![largest.unwrap_or(0) as u16; most + 1];
        for (group, members) in self.members.iter().enumerate() {
            members.iter().for_each(|cell| map[*cell as usize] = group as u16);
        }
        cells.iter().map(|cell| map[*cell as usize]).collect()
    }

    /// A cell of a group, each as likely.
    pub(super) fn draw(&self, group: usize, random: &mut ChaCha8Rng) -> u32 {
        let members = &self.members[group];
        members[((uniform(random) * members.len() as f64) as usize).min(members.len() - 1)]
    }

    /// Shares of the groups.
    pub(super) fn shares(&self) -> Vec<f64> {
        let total: f64 = self.counts.iter().sum();
        self.counts.iter().map(|count| count / total).collect()
    }

    /// What is wrong with groups that were read from a file, if anything.
    pub(super) fn problem(&self, axis: &Axis) -> Option<&'static str> {
        let known = |cell: &u32| (*cell as usize) < axis.cells();
        let sound = self.members.len() == self.counts.len()
            && (1..60_000).contains(&self.members.len())
            && self.members.iter().all(|members| !members.is_empty() && members.iter().all(known))
            && self.counts.iter().all(|count| count.is_finite() && *count > 0.0);
        (!sound).then_some("groups of cells that are not there")
    }
}
