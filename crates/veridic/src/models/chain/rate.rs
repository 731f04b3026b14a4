//! Numbers that a category decides and other columns are multiplied with: the price of a product, the tax on a kind of goods.

use serde::{Deserialize, Serialize};

use super::factor::{self, Factor};

/// Fewest rows that show it: each has another value than the first of its category.
const LEAST_ROWS: usize = 50;

/// What a formula has in place of a column of categories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rates {
    /// The column of categories, one of the formula's parts.
    pub(super) of: usize,
    /// By symbol; none of what was in no row.
    values: Vec<Option<f64>>,
}

/// A column of categories: its place, symbols, and that of a missing cell.
pub(super) type Categories<'a> = (usize, &'a [u32], u32);

impl Rates {
    /// The rates by which `values`, within half of their `spacing`, are so many times `others` in every row in which nothing is
    /// missing; for each category the shortest number that does.
    pub(super) fn find(
        values: &[f64],
        others: &[f64],
        (of, symbols, missing): Categories<'_>,
        spacing: f64,
    ) -> Option<Self> {
        let mut ends: Vec<Option<(f64, f64)>> = vec![None; missing as usize];
        let mut first: Vec<f64> = vec![f64::NAN; missing as usize];
        let mut shown = 0;
        for ((value, other), symbol) in values.iter().zip(others).zip(symbols) {
            let Some(known) = ends.get_mut(*symbol as usize) else { continue };
            let Some((low, high)) = factor::interval(*value, *other, spacing) else {
                // Whatever the rate, nothing times it is nothing.
                if *other == 0.0 && value.abs() > spacing * 0.5 {
                    return None;
                }
                continue;
            };
            let both = known.map_or((low, high), |(l, h)| (low.max(l), high.min(h)));
            if both.0 > both.1 {
                return None;
            }
            *known = Some(both);
            let first = &mut first[*symbol as usize];
            if first.is_nan() {
                *first = *value;
            }
            shown += usize::from((value - *first).abs() > spacing);
        }
        let rate = |ends: Option<(f64, f64)>| {
            let (low, high) = ends?;
            let is_none = low <= 0.0 && high >= 0.0;
            let number = || factor::shortest(low, high).map_or((low + high) / 2.0, Factor::number);
            Some(if is_none { 0.0 } else { number() })
        };
        let values: Vec<Option<f64>> = ends.into_iter().map(rate).collect();
        let mut known = values.iter().flatten();
        let differ = known.next().is_some_and(|rate| known.any(|other| other != rate));
        (shown >= LEAST_ROWS && differ).then_some(Self { of, values })
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
        let found = Rates::find(&values, &others, (5, &symbols, 4), 0.01).unwrap();
        assert_eq!(found.values, [Some(0.07), Some(0.19), Some(0.0), None]);
        assert!(found.cells(&[1, 4])[0] == 0.19 && found.cells(&[1, 4])[1].is_nan());
        values[16] += 0.05;
        assert_eq!(Rates::find(&values, &others, (5, &symbols, 4), 0.01), None);
        // What is the same in every row of a category is decided by it, whatever the other column is.
        let same: Vec<f64> = symbols.iter().map(|symbol| f64::from(*symbol)).collect();
        let near: Vec<f64> = (0..400).map(|row| 1000.0 + f64::from(row % 300)).collect();
        assert_eq!(Rates::find(&same, &near, (5, &symbols, 4), 1.0), None);
    }
}
