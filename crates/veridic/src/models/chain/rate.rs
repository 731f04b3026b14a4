//! Numbers that a category decides and other columns are multiplied with: the price of a product, the tax on a kind of goods.

use serde::{Deserialize, Serialize};

use super::factor::{self, Factor};

/// Fewest rows that show it: each has another value than the first of its category.
const LEAST_ROWS: usize = 50;

/// Rows of the most frequent category that are asked first.
const ASKED: usize = 64;

/// What a formula has in place of a column of categories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rates {
    /// The column of categories, one of the formula's parts.
    pub(super) of: usize,
    /// By symbol; none of what was in no row.
    values: Vec<Option<f64>>,
}

/// A column of categories.
#[derive(Debug)]
pub(super) struct Categories<'a> {
    pub(super) column: usize,
    pub(super) symbols: &'a [u32],
    /// The symbol of a missing cell; those of categories are below it.
    missing: u32,
    /// Some rows of the most frequent category.
    asked: Vec<usize>,
}

impl<'a> Categories<'a> {
    pub(super) fn new(column: usize, symbols: &'a [u32], missing: u32) -> Self {
        let mut counts = vec![0usize; missing as usize + 1];
        symbols.iter().filter(|symbol| **symbol < missing).for_each(|symbol| counts[*symbol as usize] += 1);
        let most = (0..missing).max_by_key(|symbol| counts[*symbol as usize]);
        let own = (0..symbols.len()).filter(|row| Some(symbols[*row]) == most);
        let asked = own.take(ASKED).collect();
        Self { column, symbols, missing, asked }
    }

    /// How many there are.
    pub(super) fn levels(&self) -> u32 {
        self.missing
    }
}

impl Rates {
    /// The rates by which `values`, within half of their `spacing`, are so many times `others` in every row in which nothing is
    /// missing but `most`; for each category the shortest number that does.
    pub(super) fn find(
        (values, others): (&[f64], &[f64]),
        of: &Categories<'_>,
        spacing: f64,
        most: usize,
    ) -> Option<Self> {
        let interval = |row: usize| factor::interval(values[row], others[row], spacing);
        // Most columns are no such product, and a few rows tell.
        factor::shared(|i| interval(of.asked[i]), of.asked.len(), most)?;
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); of.missing as usize];
        let mut broken = 0;
        for (row, symbol) in of.symbols.iter().enumerate() {
            let Some(rows) = rows.get_mut(*symbol as usize) else { continue };
            // Whatever the rate, nothing times it is nothing.
            broken += usize::from(others[row] == 0.0 && values[row].abs() > spacing * 0.5);
            if interval(row).is_some() {
                rows.push(row);
            }
        }
        let (mut rates, mut shown) = (Vec::with_capacity(rows.len()), 0);
        for rows in &rows {
            let ends = factor::shared(|i| interval(rows[i]), rows.len(), most);
            broken += ends.map_or(rows.len(), |(_, broken)| broken);
            if broken > most {
                return None;
            }
            let rate = |(low, high): (f64, f64)| {
                let is_none = low <= 0.0 && high >= 0.0;
                let number = || factor::shortest(low, high).map_or((low + high) / 2.0, Factor::number);
                if is_none { 0.0 } else { number() }
            };
            rates.push(ends.filter(|_| !rows.is_empty()).map(|(ends, _)| rate(ends)));
            let differs = |row: &&usize| (values[**row] - values[rows[0]]).abs() > spacing;
            shown += rows.iter().filter(differs).count();
        }
        let mut known = rates.iter().flatten();
        let differ = known.next().is_some_and(|rate| known.any(|other| other != rate));
        (shown >= LEAST_ROWS && differ).then_some(Self { of: of.column, values: rates })
    }

    /// Rates of a column that are not known.
    pub(super) fn unknown(of: usize) -> Self {
        Self { of, values: Vec::new() }
    }

    /// The rates of categories; NaN of missing ones and those that were in no row.
    pub(super) fn cells(&self, symbols: &[u32]) -> Vec<f64> {
        let rate = |symbol: &u32| self.values.get(*symbol as usize).copied().flatten().unwrap_or(f64::NAN);
        symbols.iter().map(rate).collect()
    }

    /// Whether all rates are numbers.
    pub(super) fn are_whole(&self) -> bool {
        self.values.iter().flatten().all(|rate| rate.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_categories_are_found_and_constants_make_none() {
        let symbols: Vec<u32> = (0..400).map(|row| row * 7 % 4).collect();
        let others: Vec<f64> = (0..400).map(|row| f64::from(row * 37 % 101)).collect();
        let rates = [0.07, 0.19, 0.0, 1.0];
        let cents = |value: f64| (value * 100.0).round() / 100.0;
        let make = |row: usize| match symbols[row] {
            3 => f64::NAN,
            symbol => cents(others[row] * rates[symbol as usize]),
        };
        let mut values: Vec<f64> = (0..400).map(make).collect();
        let of = Categories::new(5, &symbols, 4);
        let found = Rates::find((&values, &others), &of, 0.01, 0).unwrap();
        assert_eq!(found.values, [Some(0.07), Some(0.19), Some(0.0), None]);
        assert!(found.cells(&[1, 4])[0] == 0.19 && found.cells(&[1, 4])[1].is_nan());
        values[16] += 0.05;
        assert_eq!(Rates::find((&values, &others), &of, 0.01, 0), None);
        // Where a row may be wrong it is.
        assert_eq!(Rates::find((&values, &others), &of, 0.01, 1), Some(found));
        let none: Vec<f64> = values.iter().rev().copied().collect();
        assert_eq!(Rates::find((&none, &others), &of, 0.01, 4), None);
        // What is the same in every row of a category is decided by it, whatever the other column is.
        let same: Vec<f64> = symbols.iter().map(|symbol| f64::from(*symbol)).collect();
        let near: Vec<f64> = (0..400).map(|row| 1000.0 + f64::from(row % 300)).collect();
        assert_eq!(Rates::find((&same, &near), &of, 1.0, 0), None);
    }
}
