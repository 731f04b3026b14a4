//! Whether the rows of a table keep the rules of the user's own.

use std::borrow::Cow;
use std::collections::HashMap;

use super::calendar::Period;
use super::coder::{Coder, Made};
use super::declared::{Declared, Reader};
use super::formula::{Formula, Part};
use super::rate::{Categories, Rates};
use crate::data::{CellWriter, Table};
use crate::error::ModelError;

/// Rows that a message shows.
const SHOWN: usize = 3;

impl Reader<'_> {
    /// The rates by which every row keeps a formula.
    pub(super) fn rates(
        &self,
        column: usize,
        formula: &Formula,
        text: &str,
        table: &Table,
    ) -> Result<Rates, ModelError> {
        let rows: Vec<usize> = (0..table.n_rows).collect();
        let read = |j: usize| {
            let cells = table.column(&self.columns[j].name).map(|column| &column.cells);
            cells.and_then(|cells| self.coders[j].read(cells, &rows))
        };
        let of = formula.rates.as_ref().map(|rates| rates.of);
        let other = formula.parts.iter().map(|part| part.column).find(|j| Some(*j) != of);
        let found = of.zip(other).and_then(|(of, other)| {
            let (Coder::Number(coder), Coder::Text(levels)) = (&self.coders[column], &self.coders[of]) else {
                return None;
            };
            let (Made::Number(values), Made::Number(others), Made::Symbol(symbols)) =
                (read(column)?, read(other)?, read(of)?)
            else {
                return None;
            };
            Rates::find(
                (&values, &others),
                &Categories::new(of, &symbols, levels.missing()),
                coder.spacing(),
                0,
            )
        });
        found.ok_or_else(|| ModelError::WrongRule {
            rule: text.to_string(),
            reason: "no rates make every row so, or hardly any row shows them".to_string(),
        })
    }

    /// Whether every row keeps a rule.
    pub(super) fn check(&self, rule: &Declared, text: &str, table: &Table) -> Result<(), ModelError> {
        let rows: Vec<usize> = (0..table.n_rows).collect();
        let read = |j: usize| -> Made {
            let cells = table.column(&self.columns[j].name).map(|column| &column.cells);
            cells.and_then(|cells| self.coders[j].read(cells, &rows)).unwrap_or(Made::Number(Vec::new()))
        };
        let pairs = |a: usize, b: usize, broken: &dyn Fn(f64, f64) -> bool| -> Vec<usize> {
            let (Made::Number(a), Made::Number(b)) = (read(a), read(b)) else { return Vec::new() };
            (0..a.len().min(b.len())).filter(|row| broken(a[*row], b[*row])).collect()
        };
        let (columns, broken): (Vec<usize>, Vec<usize>) = match *rule {
            Declared::Order { low, high, strict } => {
                let is_broken = |low: f64, high: f64| if strict { low >= high } else { low > high };
                (vec![low, high], pairs(low, high, &is_broken))
            }
            Declared::Range { column, from, to } => {
                (vec![column], pairs(column, column, &|value, _| value < from || value > to))
            }
            Declared::Formula { column, ref formula } => {
                let places: Vec<usize> =
                    std::iter::once(column).chain(formula.parts.iter().map(|part| part.column)).collect();
                let whole = read(column).numbers().map(<[f64]>::to_vec).unwrap_or_default();
                let part = |part: &Part| {
                    let made = read(part.column);
                    formula.part(part, &made, 0..made.len()).map_or_else(Vec::new, Cow::into_owned)
                };
                let cells: Vec<Vec<f64>> =
                    std::iter::once(whole).chain(formula.parts.iter().map(part)).collect();
                // A missing cell breaks nothing.
                let holds = |row: &usize| {
                    let parts = cells[1..].iter().map(|cells| cells[*row]);
                    let is_said = cells.iter().all(|cells| !cells[*row].is_nan());
                    !is_said || formula.holds(&self.coders[column], cells[0][*row], parts)
                };
                let n = cells.iter().map(Vec::len).min().unwrap_or(0);
                (places, (0..n).filter(|row| !holds(row)).collect())
            }
            Declared::Decides { by, column, unit } => {
                let (deciding, decided) = (read(by), read(column));
                let mut first: HashMap<usize, u64> = HashMap::new();
                let periods = match &deciding {
                    Made::Number(moments) if unit.is_some() => Period::of(moments),
                    _ => Vec::new(),
                };
                let period = periods.into_iter().find(|period| Some(period.unit) == unit);
                let symbol = |row: usize| match (&deciding, period) {
                    (Made::Number(moments), Some(period)) => period.symbol(moments[row]),
                    _ => self.coders[by].symbol(&deciding, row),
                };
                let is_there = |j: usize, made: &Made, row: usize| !made.is_missing(row, &self.coders[j]);
                let says = |row: &usize| is_there(by, &deciding, *row) && is_there(column, &decided, *row);
                let broken = (0..deciding.len()).filter(says).filter(|row| {
                    let value = decided.key(*row);
                    *first.entry(symbol(*row)).or_insert(value) != value
                });
                (vec![by, column], broken.collect())
            }
            Declared::With(_) => return Ok(()),
        };
        if broken.is_empty() {
            return Ok(());
        }
        let cell = |j: &usize, row: usize| {
            let column = &self.columns[*j];
            let mut text = format!("{} = ", column.name);
            let cells = table.column(&column.name).map(|column| &column.cells);
            if !cells.is_some_and(|cells| CellWriter::new(Some(column)).write(cells, row, &mut text)) {
                text.push_str("missing");
            }
            text
        };
        let example = |row: &usize| {
            let cells: Vec<String> = columns.iter().map(|j| cell(j, *row)).collect();
            format!("row {} has {}", row + 1, cells.join(", "))
        };
        Err(ModelError::BrokenRule {
            rule: text.to_string(),
            rows: broken.len(),
            of: table.n_rows,
            examples: broken.iter().take(SHOWN).map(example).collect(),
        })
    }
}
