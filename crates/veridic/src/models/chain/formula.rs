//! Columns that are sums, differences, products or ratios of others.

use serde::{Deserialize, Serialize};

use super::coder::{Coder, Made};
use super::declared::{Declared, Wishes};
use super::solve::whole_weights;

/// Fewest rows that show a formula, and fewest different values of it and of each of two parts.
const LEAST_ROWS: usize = 50;
const LEAST_VALUES: usize = 5;

/// Most columns of numbers among which formulas are looked for.
const MOST_COLUMNS: usize = 120;

/// Rows by which formulas of more than two parts are looked for.
const SAMPLE: usize = 2000;

/// How columns make another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Added, those that are inverse subtracted.
    Sum,
    /// Multiplied, and divided by those that are inverse.
    Product,
}

impl Operation {
    /// The sign before a part.
    pub fn sign(self, inverse: bool) -> char {
        match (self, inverse) {
            (Self::Sum, false) => '+',
            (Self::Sum, true) => '-',
            (Self::Product, false) => '*',
            (Self::Product, true) => '/',
        }
    }

    fn start(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Product => 1.0,
        }
    }

    fn join(self, whole: f64, value: f64, inverse: bool) -> f64 {
        match (self, inverse) {
            (Self::Sum, false) => whole + value,
            (Self::Sum, true) => whole - value,
            (Self::Product, false) => whole * value,
            (Self::Product, true) => whole / value,
        }
    }
}

/// A column that is part of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) column: usize,
    /// Whether it is subtracted, or divided by.
    pub(super) inverse: bool,
}

/// What a column of numbers is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub(super) struct Formula {
    /// The columns, all before this one in the table; the first is not inverse.
    pub(super) parts: Vec<Part>,
    pub(super) operation: Operation,
}

/// A formula in a file: as it is, or of two parts as it was written first.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Parts { parts: Vec<Part>, operation: Operation },
    Two { of: [usize; 2], operation: Two },
}

/// How two columns made a third.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Two {
    Sum,
    Difference,
    Product,
    Ratio,
}

impl From<Written> for Formula {
    fn from(written: Written) -> Self {
        let (of, operation) = match written {
            Written::Parts { parts, operation } => return Self { parts, operation },
            Written::Two { of, operation } => (of, operation),
        };
        let (operation, inverse) = match operation {
            Two::Sum => (Operation::Sum, false),
            Two::Difference => (Operation::Sum, true),
            Two::Product => (Operation::Product, false),
            Two::Ratio => (Operation::Product, true),
        };
        let parts = vec![Part { column: of[0], inverse: false }, Part { column: of[1], inverse }];
        Self { parts, operation }
    }
}

impl Formula {
    /// What the cells of the parts make.
    pub(super) fn of(&self, cells: impl Iterator<Item = f64>) -> f64 {
        let join = |whole, (value, part): (f64, &Part)| self.operation.join(whole, value, part.inverse);
        cells.zip(&self.parts).fold(self.operation.start(), join)
    }

    /// What part `which` must be for the whole to be `value` with the cells of the others (that of the part itself is not
    /// looked at); not finite where nothing is.
    pub(super) fn solve(&self, which: usize, value: f64, cells: impl Iterator<Item = f64>) -> f64 {
        let others = cells.zip(&self.parts).enumerate().filter(|(i, _)| *i != which);
        let rest = others.fold(self.operation.start(), |whole, (_, (value, part))| {
            self.operation.join(whole, value, part.inverse)
        });
        match self.parts.get(which) {
            Some(part) if part.inverse => self.operation.join(rest, value, true),
            _ => self.operation.join(value, rest, true),
        }
    }

    /// The cells of the parts, by column of all.
    pub(super) fn cells<'a>(&self, made: &'a [Made]) -> Option<Vec<&'a [f64]>> {
        let numbers = |part: &Part| match made.get(part.column)? {
            Made::Number(values) => Some(values.as_slice()),
            Made::Symbol(_) => None,
        };
        self.parts.iter().map(numbers).collect()
    }

    /// The column, as far as all parts have rows; NaN where one of them is missing, or where there is no value.
    pub(super) fn values(&self, coder: &Coder, parts: &[&[f64]], n: usize) -> Made {
        let value = |row: usize| match (coder, self.of(parts.iter().map(|cells| cells[row]))) {
            (Coder::Number(coder), value) if value.is_finite() => coder.round(value),
            _ => f64::NAN,
        };
        Made::Number((0..n).map(value).collect())
    }

    /// Whether a cell is what the formula says, within rounding.
    pub(super) fn holds(&self, coder: &Coder, value: f64, cells: impl Iterator<Item = f64> + Clone) -> bool {
        let made = self.of(cells.clone());
        if value.is_nan() || !made.is_finite() {
            return value.is_nan() && !made.is_finite();
        }
        let spacing = match coder {
            Coder::Number(coder) => coder.spacing(),
            Coder::Text(_) => 0.0,
        };
        let size: f64 = cells.map(f64::abs).sum();
        (value - made).abs() <= spacing * 0.5 + 1e-9 * (size + made.abs())
    }

    /// The same with its parts in the order of the table where that changes nothing.
    pub(super) fn sorted(mut self) -> Self {
        self.parts.sort_unstable_by_key(|part| (part.inverse, part.column));
        self
    }

    /// The formulas that hold in every row, by column; each makes a column of those before it.
    pub(super) fn find(
        coders: &[Coder],
        columns: &[Made],
        taken: &[bool],
        wishes: &Wishes,
    ) -> Vec<Option<Self>> {
        let mut found: Vec<Option<Self>> = vec![None; columns.len()];
        let numbers: Vec<(usize, &[f64])> = columns
            .iter()
            .enumerate()
            .filter_map(|(j, made)| match made {
                Made::Number(values) if !taken[j] && varied(values, 2) => Some((j, values.as_slice())),
                _ => None,
            })
            .collect();
        let many: Vec<bool> = numbers.iter().map(|(_, values)| varied(values, LEAST_VALUES)).collect();
        if numbers.len() > MOST_COLUMNS {
            return found;
        }
        for (place, (j, values)) in numbers.iter().enumerate() {
            let present = values.iter().filter(|v| !v.is_nan()).count();
            if present < LEAST_ROWS || !many[place] {
                continue;
            }
            let before = &numbers[..place];
            let search = Search { column: *j, coder: &coders[*j], values, wishes };
            let rich = || before.iter().zip(&many).filter(|(_, many)| **many).map(|(of, _)| of);
            let pairs = rich().flat_map(|a| rich().map(move |b| (a, b)));
            let two = pairs.filter(|(a, b)| a.0 != b.0).find_map(|(a, b)| search.of_pair(*a, *b));
            // What others make says nothing that they do not.
            let own: Vec<(usize, &[f64])> =
                before.iter().copied().filter(|(i, _)| found[*i].is_none()).collect();
            found[*j] = two.or_else(|| search.of_many(&own));
        }
        found
    }
}

/// Looking for what makes a column.
struct Search<'a> {
    column: usize,
    coder: &'a Coder,
    values: &'a [f64],
    wishes: &'a Wishes,
}

impl Search<'_> {
    /// The formula by which the column is made of two others, if there is one.
    fn of_pair(&self, a: (usize, &[f64]), b: (usize, &[f64])) -> Option<Formula> {
        let operations = [
            (Operation::Sum, false),
            (Operation::Sum, true),
            (Operation::Product, false),
            (Operation::Product, true),
        ];
        operations.into_iter().filter(|(_, inverse)| *inverse || a.0 < b.0).find_map(
            |(operation, inverse)| {
                let parts = vec![Part { column: a.0, inverse: false }, Part { column: b.0, inverse }];
                let formula = Formula { parts, operation };
                self.shows(&formula, &[a.1, b.1]).then_some(formula)
            },
        )
    }

    /// The same of three or more.
    fn of_many(&self, others: &[(usize, &[f64])]) -> Option<Formula> {
        let plain: fn(f64) -> f64 = |v| v;
        // Products are sums of logarithms.
        let log: fn(f64) -> f64 = |v| if v > 0.0 { v.ln() } else { f64::NAN };
        [(Operation::Sum, plain), (Operation::Product, log)].into_iter().find_map(|(operation, map)| {
            let (used, weights) = whole_weights(self.values, others, map, SAMPLE)?;
            let mut parts: Vec<(Part, &[f64])> = used
                .iter()
                .zip(weights)
                .filter(|(_, weight)| *weight != 0)
                .map(|(i, weight)| (Part { column: others[*i].0, inverse: weight < 0 }, others[*i].1))
                .collect();
            parts.sort_by_key(|(part, _)| (part.inverse, part.column));
            let cells: Vec<&[f64]> = parts.iter().map(|(_, cells)| *cells).collect();
            let formula = Formula { parts: parts.into_iter().map(|(part, _)| part).collect(), operation };
            let is_made = formula.parts.len() > 1 && !formula.parts[0].inverse;
            (is_made && self.shows(&formula, &cells)).then_some(formula)
        })
    }

    /// Whether a formula holds in every row, and enough of them show it.
    fn shows(&self, formula: &Formula, cells: &[&[f64]]) -> bool {
        let of = |row: usize| cells.iter().map(move |cells| cells[row]);
        // No part alone says as much.
        let apart = |row: &usize| {
            let value = self.values[*row];
            value != 0.0 && !value.is_nan() && of(*row).all(|cell| cell != value)
        };
        let n = self.values.len();
        (0..n).all(|row| formula.holds(self.coder, self.values[row], of(row)))
            && (0..n).filter(apart).count() >= LEAST_ROWS
            && !self.wishes.is_off(&Declared::Formula { column: self.column, formula: formula.clone() })
    }
}

fn varied(values: &[f64], least: usize) -> bool {
    let mut seen: Vec<f64> = Vec::new();
    values.iter().filter(|v| !v.is_nan()).any(|v| {
        if !seen.contains(v) {
            seen.push(*v);
        }
        seen.len() >= least
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_of_earlier_files_are_read() {
        let read: Formula = serde_json::from_str(r#"{"of":[0,2],"operation":"difference"}"#).unwrap();
        let parts = vec![Part { column: 0, inverse: false }, Part { column: 2, inverse: true }];
        assert_eq!(read, Formula { parts, operation: Operation::Sum });
        let again: Formula = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }
}
