use serde::{Deserialize, Serialize};

use super::block::{Block, BlockKind};
use super::config::{Missing, Numeric};
use super::scaler::Scaler;
use super::source::{Source, Tally, UNSEEN, numbers, parsed, slots};
use crate::data::{Cells, Column, ColumnSchema, Kind, MISSING};
use crate::error::ColumnProblem;

/// Why a column of the table is not in the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// The configuration drops it; decoding omits it.
    Dropped,
    /// It names rows; decoding omits it.
    Identifier,
    /// It is text of which nothing is learned; decoding omits it.
    Text,
    /// It has one value; decoding writes it back.
    Constant,
    /// No training row has a value; decoding writes missing cells.
    Empty,
}

impl LeftOut {
    /// Why, in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Dropped => "the configuration drops it",
            Self::Identifier => "it names rows (an identifier)",
            Self::Text => "it is text, or cells that are not understood",
            Self::Constant => "it has the same value in every row",
            Self::Empty => "no training row has a value in it",
        }
    }
}

/// One column of the table with everything needed to encode and decode it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnCode {
    pub(super) name: String,
    pub(super) code: Code,
    /// Whether an encoded column tells missing cells.
    pub(super) indicator: bool,
}

/// How the value of a column is encoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Code {
    Number { scaler: Scaler, rounding: Rounding, range: [f64; 2], fill: f64 },
    Category { levels: Vec<String> },
    Flag { levels: [String; 2], numbers: bool, fill: f64 },
    Constant { value: Option<String>, numbers: bool },
    Identifier,
    Text,
    Dropped,
}

/// What decoded numbers are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Rounding {
    /// This many digits after the point.
    Decimals(u8),
    /// A multiple of this many seconds.
    Seconds(u32),
}

impl ColumnCode {
    /// Learns from the cells of `rows` alone.
    pub(super) fn fit(
        schema: &ColumnSchema,
        column: &Column,
        rows: &[usize],
        numeric: Numeric,
        missing: Missing,
    ) -> Result<Self, ColumnProblem> {
        let numbers = matches!(column.cells, Cells::Number(_));
        let (code, any_missing) = match &schema.kind {
            Kind::Identifier if schema.unused.is_some() => (Some(Code::Text), false),
            Kind::Identifier => (Some(Code::Identifier), false),
            Kind::Constant { value } => (Some(Code::Constant { value: value.clone(), numbers }), false),
            Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. } => {
                fit_number(&schema.kind, column, rows, numeric)?
            }
            Kind::Categorical { .. } => fit_category(column, rows)?,
            Kind::Boolean { levels } => fit_flag(column, rows, levels)?,
        };
        Ok(Self {
            name: column.name.clone(),
            indicator: any_missing && code.is_some() && missing == Missing::Indicator,
            code: code.unwrap_or(Code::Constant { value: None, numbers }),
        })
    }

    pub(super) fn left_out(&self) -> Option<LeftOut> {
        match self.code {
            Code::Dropped => Some(LeftOut::Dropped),
            Code::Identifier => Some(LeftOut::Identifier),
            Code::Text => Some(LeftOut::Text),
            Code::Constant { value: None, .. } => Some(LeftOut::Empty),
            Code::Constant { .. } => Some(LeftOut::Constant),
            _ => None,
        }
    }

    /// The block that begins at encoded column `start`, if the column is encoded.
    pub(super) fn block(&self, start: usize) -> Option<Block> {
        let (kind, width) = match &self.code {
            Code::Number { .. } => (BlockKind::Number, 1),
            Code::Category { levels } => (BlockKind::Category, levels.len()),
            Code::Flag { .. } => (BlockKind::Flag, 1),
            _ => return None,
        };
        let missing_at = self.indicator.then_some(start + width);
        Some(Block { column: self.name.clone(), start, width, kind, missing_at })
    }

    /// The checked cells of `column`.
    pub(super) fn source<'a>(&self, column: &'a Column) -> Result<Source<'a>, ColumnProblem> {
        match (&self.code, &column.cells) {
            (Code::Number { .. }, _) => numbers(column),
            (Code::Category { levels }, Cells::Text { .. }) => slots(column, levels),
            (Code::Flag { levels, .. }, Cells::Text { .. }) => slots(column, levels),
            (Code::Flag { levels, .. }, Cells::Number(cells)) if parsed(levels).is_some() => {
                Ok(Source::Numbers(cells))
            }
            (_, Cells::Number(cells)) if cells.iter().all(|x| x.is_nan()) => Ok(Source::AllMissing),
            _ => Err(ColumnProblem::Numbers { column: column.name.clone() }),
        }
    }

    /// Writes the cells that `pick` selects into the rows of `tile`, which hold zeros.
    pub(super) fn encode(
        &self,
        source: &Source<'_>,
        pick: impl Fn(usize) -> usize,
        block: &Block,
        width: usize,
        tile: &mut [f32],
        tally: &mut Tally,
    ) {
        let rows = tile.chunks_exact_mut(width);
        let absent = |row: &mut [f32], value: f32, tally: &mut Tally| {
            if block.kind != BlockKind::Category {
                row[block.start] = value;
            }
            match block.missing_at {
                Some(at) => row[at] = 1.0,
                None => tally.missing += 1,
            }
        };
        let fill = self.fill();
        match (&self.code, source) {
            (Code::Number { scaler, .. }, Source::Numbers(cells)) => {
                for (i, row) in rows.enumerate() {
                    let x = cells[pick(i)];
                    if x.is_nan() {
                        absent(row, fill, tally);
                    } else {
                        row[block.start] = saturated(scaler.forward(x));
                    }
                }
            }
            (Code::Flag { levels, .. }, Source::Numbers(cells)) => {
                let [no, yes] = parsed(levels).unwrap_or([0.0, 1.0]);
                for (i, row) in rows.enumerate() {
                    let x = cells[pick(i)];
                    if x.is_nan() {
                        absent(row, fill, tally);
                    } else if x == no || x == yes {
                        row[block.start] = f32::from(u8::from(x == yes));
                    } else {
                        row[block.start] = fill;
                        tally.note_unseen(pick(i), || x.to_string());
                    }
                }
            }
            (code, Source::Slots { codes, slots, levels }) => {
                for (i, row) in rows.enumerate() {
                    let cell = codes[pick(i)];
                    if cell == MISSING {
                        absent(row, fill, tally);
                        continue;
                    }
                    let slot = slots[cell as usize];
                    let flag = matches!(code, Code::Flag { .. });
                    if slot == UNSEEN {
                        tally.note_unseen(pick(i), || levels[cell as usize].clone());
                        row[block.start] = if flag { fill } else { 0.0 };
                    } else if flag {
                        row[block.start] = slot as f32;
                    } else {
                        row[block.start + slot as usize] = 1.0;
                    }
                }
            }
            _ => rows.for_each(|row| absent(row, fill, tally)),
        }
    }

    /// Cells to decode into: empty, or the constant already written `n_rows` times; `None` if omitted.
    pub(super) fn start_decoding(&self, n_rows: usize) -> Option<Cells> {
        Some(match &self.code {
            Code::Dropped | Code::Identifier | Code::Text => return None,
            Code::Number { .. } | Code::Flag { numbers: true, .. } => {
                Cells::Number(Vec::with_capacity(n_rows))
            }
            Code::Category { levels } => {
                Cells::Text { codes: Vec::with_capacity(n_rows), levels: levels.clone() }
            }
            Code::Flag { levels, .. } => {
                Cells::Text { codes: Vec::with_capacity(n_rows), levels: levels.to_vec() }
            }
            Code::Constant { value, numbers: true } => {
                let value = value.as_ref().and_then(|text| text.trim().parse().ok()).unwrap_or(f64::NAN);
                Cells::Number(vec![value; n_rows])
            }
            Code::Constant { value: Some(value), .. } => {
                Cells::Text { codes: vec![0; n_rows], levels: vec![value.clone()] }
            }
            Code::Constant { value: None, .. } => {
                Cells::Text { codes: vec![MISSING; n_rows], levels: Vec::new() }
            }
        })
    }

    /// Appends the cells that the rows of `tile` stand for.
    pub(super) fn decode(&self, block: &Block, width: usize, tile: &[f32], clamp: bool, cells: &mut Cells) {
        for row in tile.chunks_exact(width) {
            let value = &row[block.start..block.start + block.width];
            let missing = block.missing_at.is_some_and(|at| row[at] > 0.5);
            match (&self.code, &mut *cells) {
                (Code::Number { scaler, rounding, range, .. }, Cells::Number(cells)) => {
                    let x = scaler.inverse(f64::from(value[0]));
                    let x = if clamp { x.clamp(range[0], range[1]) } else { x };
                    cells.push(if missing { f64::NAN } else { rounding.round(x) });
                }
                (Code::Flag { levels, .. }, Cells::Number(cells)) => {
                    let levels = parsed(levels).unwrap_or([0.0, 1.0]);
                    cells.push(if missing { f64::NAN } else { levels[usize::from(value[0] > 0.5)] });
                }
                (Code::Flag { .. }, Cells::Text { codes, .. }) => {
                    codes.push(if missing { MISSING } else { u32::from(value[0] > 0.5) });
                }
                (_, Cells::Text { codes, .. }) => {
                    codes.push(if missing { MISSING } else { strongest(value) });
                }
                _ => {}
            }
        }
    }

    /// Whether a column that was read from a file can be used.
    pub(super) fn is_sound(&self) -> bool {
        match &self.code {
            Code::Number { scaler, range, fill, rounding } => {
                scaler.is_sound()
                    && range[0] <= range[1]
                    && range.iter().all(|x| x.is_finite())
                    && fill.is_finite()
                    && *rounding != Rounding::Seconds(0)
            }
            Code::Category { levels } => !levels.is_empty() && levels.is_sorted_by(|a, b| a < b),
            Code::Flag { levels, fill, numbers } => {
                (0.0..=1.0).contains(fill) && (!numbers || parsed(levels).is_some())
            }
            _ => !self.indicator,
        }
    }

    /// The encoded value of a missing cell.
    fn fill(&self) -> f32 {
        match &self.code {
            Code::Number { scaler, fill, .. } => saturated(scaler.forward(*fill)),
            Code::Flag { fill, .. } => *fill as f32,
            _ => 0.0,
        }
    }
}

impl Rounding {
    /// For numbers as the schema says; for times the largest of day, hour, minute, second and parts of a second that
    /// all training values are multiples of.
    fn of(kind: &Kind, values: &[f64]) -> Self {
        match kind {
            Kind::Real { decimals, .. } => Self::Decimals(*decimals),
            Kind::DateTime { .. } => {
                let step = [86_400, 3_600, 60, 1]
                    .into_iter()
                    .find(|step| values.iter().all(|x| x % f64::from(*step) == 0.0));
                let parts = [3, 6].into_iter().map(Self::Decimals);
                step.map(Self::Seconds)
                    .or_else(|| parts.into_iter().find(|r| values.iter().all(|x| r.round(*x) == *x)))
                    .unwrap_or(Self::Decimals(9))
            }
            _ => Self::Decimals(0),
        }
    }

    fn round(self, x: f64) -> f64 {
        // Adding zero turns -0 into 0. Up to 2^53 steps, dividing gives the number nearest to the decimal text.
        match self {
            Self::Decimals(0) => x.round() + 0.0,
            Self::Decimals(decimals) => {
                let power = 10f64.powi(i32::from(decimals));
                let steps = x * power;
                if steps.abs() < 2f64.powi(53) { steps.round() / power + 0.0 } else { x }
            }
            Self::Seconds(step) => (x / f64::from(step)).round() * f64::from(step) + 0.0,
        }
    }
}

type Fit = Result<(Option<Code>, bool), ColumnProblem>;

fn fit_number(kind: &Kind, column: &Column, rows: &[usize], numeric: Numeric) -> Fit {
    let Source::Numbers(cells) = numbers(column)? else { return Ok((None, true)) };
    let mut values: Vec<f64> = rows.iter().map(|&i| cells[i]).filter(|x| !x.is_nan()).collect();
    let any_missing = values.len() < rows.len();
    if values.is_empty() {
        return Ok((None, any_missing));
    }
    let rounding = Rounding::of(kind, &values);
    let fitted = Scaler::fit(numeric, &mut values);
    let code = Code::Number { scaler: fitted.scaler, rounding, range: fitted.range, fill: fitted.fill };
    Ok((Some(code), any_missing))
}

fn fit_category(column: &Column, rows: &[usize]) -> Fit {
    let Cells::Text { codes, levels } = &column.cells else {
        return Err(ColumnProblem::Numbers { column: column.name.clone() });
    };
    slots(column, &[])?;
    let mut used = vec![false; levels.len()];
    let mut any_missing = false;
    for &i in rows {
        match codes[i] {
            MISSING => any_missing = true,
            code => used[code as usize] = true,
        }
    }
    let mut seen: Vec<String> =
        levels.iter().zip(used).filter(|(_, used)| *used).map(|(l, _)| l.clone()).collect();
    seen.sort_unstable();
    seen.dedup();
    Ok(((!seen.is_empty()).then_some(Code::Category { levels: seen }), any_missing))
}

fn fit_flag(column: &Column, rows: &[usize], levels: &[String; 2]) -> Fit {
    let (mut counts, mut any_missing) = ([0usize; 2], false);
    let mut count = |i: usize, slot: Option<usize>, value: &dyn Fn() -> String| match slot {
        Some(slot) => {
            counts[slot] += 1;
            Ok(())
        }
        None => Err(ColumnProblem::Level {
            column: column.name.clone(),
            row: i + 1,
            value: value(),
            levels: levels.clone(),
        }),
    };
    match &column.cells {
        Cells::Number(cells) => {
            let Some(numbers) = parsed(levels) else {
                return Err(ColumnProblem::Numbers { column: column.name.clone() });
            };
            for &i in rows {
                if cells[i].is_nan() {
                    any_missing = true;
                } else {
                    count(i, numbers.iter().position(|n| *n == cells[i]), &|| cells[i].to_string())?;
                }
            }
        }
        Cells::Text { codes, levels: texts } => {
            let Source::Slots { slots, .. } = slots(column, levels)? else { return Ok((None, true)) };
            for &i in rows {
                if codes[i] == MISSING {
                    any_missing = true;
                } else {
                    let code = codes[i] as usize;
                    let slot = (slots[code] != UNSEEN).then_some(slots[code] as usize);
                    count(i, slot, &|| texts[code].clone())?;
                }
            }
        }
    }
    let all = counts[0] + counts[1];
    let code = (all > 0).then(|| Code::Flag {
        levels: levels.clone(),
        numbers: matches!(column.cells, Cells::Number(_)),
        fill: counts[1] as f64 / all as f64,
    });
    Ok((code, any_missing))
}

/// The largest entry's position, the first of equals; missing if all are exactly zero.
fn strongest(values: &[f32]) -> u32 {
    if values.iter().all(|v| *v == 0.0) {
        return MISSING;
    }
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = i;
        }
    }
    best as u32
}

/// To `f32`, staying finite.
fn saturated(z: f64) -> f32 {
    z.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}
