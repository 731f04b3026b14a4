//! Columns that are sums, differences, products or ratios of two others.

use serde::{Deserialize, Serialize};

use super::coder::{Coder, Made};
use super::declared::{Declared, Wishes};

/// Fewest rows that show a formula, and fewest different values of each of its columns.
const LEAST_ROWS: usize = 50;
const LEAST_VALUES: usize = 5;

/// Most columns of numbers among which formulas are looked for.
const MOST_COLUMNS: usize = 120;

/// How two columns make a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// The sum of both.
    Sum,
    /// The first less the second.
    Difference,
    /// The product of both.
    Product,
    /// The first by the second.
    Ratio,
}

impl Operation {
    pub(super) fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum => a + b,
            Self::Difference => a - b,
            Self::Product => a * b,
            Self::Ratio => a / b,
        }
    }

    /// Its sign between the columns.
    pub fn sign(self) -> char {
        match self {
            Self::Sum => '+',
            Self::Difference => '-',
            Self::Product => '*',
            Self::Ratio => '/',
        }
    }
}

/// What a column of numbers is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Formula {
    /// The columns, both before this one in the table.
    pub(super) of: [usize; 2],
    pub(super) operation: Operation,
}

impl Formula {
    /// The value in a row; NaN where one of both is missing, or where there is none.
    fn value(self, coder: &Coder, a: f64, b: f64) -> f64 {
        let value = self.operation.of(a, b);
        match coder {
            Coder::Number(coder) if value.is_finite() => coder.round(value),
            _ => f64::NAN,
        }
    }

    /// The column of so many rows.
    pub(super) fn values(self, coder: &Coder, a: &Made, b: &Made, n: usize) -> Made {
        let (Made::Number(a), Made::Number(b)) = (a, b) else { return Made::Number(vec![f64::NAN; n]) };
        Made::Number(a.iter().zip(b).map(|(a, b)| self.value(coder, *a, *b)).collect())
    }

    /// Whether a cell is what the formula says, within rounding.
    pub(super) fn holds(self, coder: &Coder, value: f64, a: f64, b: f64) -> bool {
        let made = self.operation.of(a, b);
        if value.is_nan() || !made.is_finite() {
            return value.is_nan() && !made.is_finite();
        }
        let spacing = match coder {
            Coder::Number(coder) => coder.spacing(),
            Coder::Text(_) => 0.0,
        };
        (value - made).abs() <= spacing * 0.5 + 1e-9 * (a.abs() + b.abs() + made.abs())
    }

    /// The formulas that hold in every row, by column; each makes a column of two before it.
    pub(super) fn find(
        coders: &[Coder],
        columns: &[Made],
        taken: &[bool],
        wishes: &Wishes,
    ) -> Vec<Option<Self>> {
        let mut found = vec![None; columns.len()];
        let numbers: Vec<(usize, &Vec<f64>)> = columns
            .iter()
            .enumerate()
            .filter_map(|(j, made)| match made {
                Made::Number(values) if !taken[j] && varied(values) => Some((j, values)),
                _ => None,
            })
            .collect();
        if numbers.len() > MOST_COLUMNS {
            return found;
        }
        for (place, (j, values)) in numbers.iter().enumerate() {
            let present = values.iter().filter(|v| !v.is_nan()).count();
            let before = &numbers[..place];
            let pairs = before.iter().flat_map(|a| before.iter().map(move |b| (a, b)));
            found[*j] = pairs
                .filter(|(a, b)| a.0 != b.0 && present >= LEAST_ROWS)
                .find_map(|(a, b)| of_pair((*j, &coders[*j], values), *a, *b, wishes));
        }
        found
    }
}

/// The formula by which `values` are made of two columns, if there is one.
fn of_pair(
    (column, coder, values): (usize, &Coder, &[f64]),
    a: (usize, &Vec<f64>),
    b: (usize, &Vec<f64>),
    wishes: &Wishes,
) -> Option<Formula> {
    let operations = [Operation::Sum, Operation::Difference, Operation::Product, Operation::Ratio];
    operations.into_iter().map(|operation| Formula { of: [a.0, b.0], operation }).find(|formula| {
        let commutes = matches!(formula.operation, Operation::Sum | Operation::Product);
        let rows = || values.iter().zip(a.1.iter().zip(b.1));
        // Neither of both alone says as much.
        let apart =
            |(value, (a, b)): &(&f64, (&f64, &f64))| **value != **a && **value != **b && **value != 0.0;
        (!commutes || a.0 < b.0)
            && rows().all(|(value, (a, b))| formula.holds(coder, *value, *a, *b))
            && rows().filter(apart).count() >= LEAST_ROWS
            && !wishes.is_off(Declared::Formula { column, of: formula.of, operation: formula.operation })
    })
}

fn varied(values: &[f64]) -> bool {
    let mut seen: Vec<f64> = Vec::new();
    values.iter().filter(|v| !v.is_nan()).any(|v| {
        if !seen.contains(v) {
            seen.push(*v);
        }
        seen.len() >= LEAST_VALUES
    })
}
