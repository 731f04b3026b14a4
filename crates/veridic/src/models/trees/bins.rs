//! The columns of a table as the codes that trees look at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::{Cells, MISSING, Table};
use crate::models::boost::{Feature, Features, MAX_BINS};

/// Codes of a column of numbers, one more for missing cells.
const NUMBERS: usize = 250;
/// Levels of a category with a code of their own; one more stands for all others, and one for missing cells.
const LEVELS: usize = MAX_BINS - 2;

/// How the cells of some columns become codes, learned from rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bins {
    columns: Vec<(String, Column)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Column {
    /// The code of a number is how many thresholds it is not below; a missing one has one code more.
    Number(Vec<f64>),
    /// The most frequent levels by their code; others have the code after them, missing cells the next.
    Text(BTreeMap<String, u8>),
}

impl Bins {
    /// Bins of the columns `columns` of a table, from the rows `rows`; columns that are not there are left out.
    pub(crate) fn fit<'a>(table: &Table, columns: impl IntoIterator<Item = &'a str>, rows: &[usize]) -> Self {
        let bins = |name: &str| {
            let column = match &table.column(name)?.cells {
                Cells::Number(values) => Column::Number(thresholds(rows.iter().map(|&row| values[row]))),
                Cells::Text { codes, levels } => {
                    Column::Text(frequent(rows.iter().map(|&row| codes[row]), levels))
                }
            };
            Some((name.to_string(), column))
        };
        Self { columns: columns.into_iter().filter_map(bins).collect() }
    }

    /// The columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// The codes of each column, one a row; a column that the table lacks, or has in another form, is missing everywhere.
    pub(crate) fn codes(&self, table: &Table) -> Vec<Vec<u8>> {
        let code = |(name, column): &(String, Column)| {
            let cells = table.column(name).map(|column| &column.cells);
            match (column, cells) {
                (Column::Number(thresholds), Some(Cells::Number(values))) => {
                    let missing = thresholds.len() as u8 + 1;
                    let code = |value: &f64| {
                        if value.is_nan() {
                            missing
                        } else {
                            thresholds.partition_point(|threshold| threshold <= value) as u8
                        }
                    };
                    values.iter().map(code).collect()
                }
                (Column::Text(known), Some(Cells::Text { codes, levels })) => {
                    let other = known.len() as u8;
                    let of: Vec<u8> =
                        levels.iter().map(|level| known.get(level).copied().unwrap_or(other)).collect();
                    let code = |code: &u32| {
                        if *code == MISSING {
                            other + 1
                        } else {
                            of.get(*code as usize).copied().unwrap_or(other)
                        }
                    };
                    codes.iter().map(code).collect()
                }
                (column, _) => vec![column.missing(); table.n_rows],
            }
        };
        self.columns.iter().map(code).collect()
    }

    /// Codes as features.
    pub(crate) fn features<'a>(&self, codes: &'a [Vec<u8>]) -> Features<'a> {
        let mut features = Features::default();
        for ((_, column), codes) in self.columns.iter().zip(codes) {
            let ordered = matches!(column, Column::Number(_));
            features.push(codes, Feature { bins: usize::from(column.missing()) + 1, ordered });
        }
        features
    }
}

impl Column {
    fn missing(&self) -> u8 {
        match self {
            Self::Number(thresholds) => thresholds.len() as u8 + 1,
            Self::Text(known) => known.len() as u8 + 1,
        }
    }
}

/// Thresholds between values of about equal mass: distinct values but the smallest where they are few.
fn thresholds(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= NUMBERS {
        return distinct.into_iter().skip(1).collect();
    }
    let at = |i: usize| sorted[i * (sorted.len() - 1) / NUMBERS];
    let mut cuts: Vec<f64> = (1..NUMBERS).map(at).collect();
    cuts.dedup();
    cuts
}

/// The most frequent levels, equal ones in their order, with their codes.
fn frequent(codes: impl Iterator<Item = u32>, levels: &[String]) -> BTreeMap<String, u8> {
    let mut counts = vec![0usize; levels.len()];
    for code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let mut order: Vec<usize> = (0..levels.len()).filter(|&level| counts[level] > 0).collect();
    order.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then(a.cmp(&b)));
    order.truncate(LEVELS);
    order.into_iter().map(|level| levels[level].clone()).zip(0..).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_levels_and_missing_cells_have_codes_of_their_own() {
        let table = Table::new([
            ("n", Cells::numbers([1.0, 5.0, f64::NAN, 5.0])),
            ("c", Cells::texts([Some("b"), None, Some("b"), Some("a")])),
        ])
        .unwrap();
        let bins = Bins::fit(&table, ["n", "c", "none"], &[0, 1, 2, 3]);
        assert_eq!(bins.codes(&table), [vec![0, 1, 2, 1], vec![0, 3, 0, 1]]);
        let other = Table::new([("c", Cells::texts([Some("z")])), ("n", Cells::numbers([9.0]))]).unwrap();
        assert_eq!(bins.codes(&other), [vec![1], vec![2]]);
        let features = bins.features(&[]);
        assert!(features.is_empty());
    }

    #[test]
    fn many_values_and_levels_share_codes() {
        let n = 2000;
        let texts: Vec<String> = (0..n).map(|i| format!("l{i}")).collect();
        let table = Table::new([
            ("n", Cells::numbers((0..n).map(f64::from))),
            ("c", Cells::texts(texts.iter().map(|text| Some(text.as_str())))),
        ])
        .unwrap();
        let rows: Vec<usize> = (0..n as usize).collect();
        let codes = Bins::fit(&table, ["n", "c"], &rows).codes(&table);
        assert!(*codes[0].iter().max().unwrap() < 250 && codes[0].windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(*codes[1].iter().max().unwrap() as usize, LEVELS);
    }
}
