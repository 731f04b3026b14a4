//! How many people a row could be of, by what others may know of them.

use std::collections::HashMap;

use serde::Serialize;

use super::record::keys;
use crate::data::Table;

/// Rows by the number of real rows that have the same values in some columns: `k` of the k-map (Sweeney 2002; El Emam and
/// Dankar 2008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct KMap {
    /// Rows whose values no real row has.
    pub none: usize,
    /// Rows that one real row alone can be meant by.
    pub one: usize,
    /// Two to four.
    pub few: usize,
    /// Five to nine.
    pub some: usize,
    /// Ten and more.
    pub many: usize,
}

impl KMap {
    /// All rows.
    pub fn rows(&self) -> usize {
        self.counts().iter().sum()
    }

    /// Rows that point at none, one, two to four, five to nine, ten and more.
    pub fn counts(&self) -> [usize; 5] {
        [self.none, self.one, self.few, self.some, self.many]
    }

    /// The share of rows that point at one real row alone.
    pub fn share_of_one(&self) -> f64 {
        self.one as f64 / self.rows().max(1) as f64
    }

    /// The share of rows that point at one to four real rows.
    pub fn share_below_five(&self) -> f64 {
        (self.one + self.few) as f64 / self.rows().max(1) as f64
    }
}

/// For each row of `other` the number of rows of `real` with equal cells in `columns`, counted. Of the real rows themselves
/// this is k-anonymity: each has itself.
///
/// Numbers are equal where they are the same to the last digit, missing cells equal each other. Columns that are not there are not
/// looked at.
pub fn k_map(real: &Table, other: &Table, columns: &[&str]) -> KMap {
    let mut counts: HashMap<u128, usize> = HashMap::new();
    for key in keys(real, columns) {
        *counts.entry(key).or_default() += 1;
    }
    let mut found = KMap::default();
    for key in keys(other, columns) {
        match counts.get(&key).copied().unwrap_or(0) {
            0 => found.none += 1,
            1 => found.one += 1,
            2..=4 => found.few += 1,
            5..=9 => found.some += 1,
            _ => found.many += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Cells, Column, MISSING};

    fn table(cells: &[(f64, u32)], levels: &[&str]) -> Table {
        let numbers = Cells::Number(cells.iter().map(|cell| cell.0).collect());
        let levels = levels.iter().map(|level| (*level).to_string()).collect();
        let texts = Cells::Text { codes: cells.iter().map(|cell| cell.1).collect(), levels };
        let column = |name: &str, cells| Column { name: name.to_string(), cells };
        Table { columns: vec![column("age", numbers), column("city", texts)], n_rows: cells.len() }
    }

    #[test]
    fn rows_are_counted_by_how_many_real_ones_have_their_values() {
        let mut cells = vec![(30.0, 0); 12];
        cells.extend([(40.0, 1); 5]);
        cells.extend([(50.0, 0); 3]);
        cells.extend([(60.0, 1), (f64::NAN, MISSING)]);
        let real = table(&cells, &["a", "b"]);
        let own = k_map(&real, &real, &["age", "city"]);
        assert_eq!(own, KMap { none: 0, one: 2, few: 3, some: 5, many: 12 });
        // Levels in another order are the same texts.
        let made = table(&[(60.0, 0), (60.0, 1), (40.0, 0), (f64::NAN, MISSING)], &["b", "a"]);
        let found = k_map(&real, &made, &["age", "city"]);
        assert_eq!(found, KMap { none: 1, one: 2, few: 0, some: 1, many: 0 });
        assert_eq!((found.share_of_one(), found.share_below_five()), (0.5, 0.5));
        assert_eq!(k_map(&real, &made, &["city"]).many, 1);
    }
}
