//! Whether synthetic rows give conditions that only one real row meets.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::attack::AttackRisk;
use crate::data::{Cells, Table};
use crate::seed::{Seed, uniform};

/// Conditions that are tried at a time.
const TRIALS: usize = 2000;
/// Conditions that are tried at most.
const MOST_TRIALS: usize = 30_000;

/// One condition on a cell.
#[derive(Debug, Clone, PartialEq)]
enum Condition {
    AtLeast(f64),
    AtMost(f64),
    /// A missing number.
    Missing,
    /// A text; `None` is a missing one.
    Text(Option<String>),
}

impl Condition {
    fn meets(&self, cells: &Cells, row: usize) -> bool {
        match (self, cells) {
            (Self::AtLeast(bound), Cells::Number(values)) => values[row] >= *bound,
            (Self::AtMost(bound), Cells::Number(values)) => values[row] <= *bound,
            (Self::Missing, Cells::Number(values)) => values[row].is_nan(),
            (Self::Text(text), Cells::Text { .. }) => cells.text(row) == text.as_deref(),
            _ => false,
        }
    }
}

/// How often conditions on `width` columns that one synthetic row alone meets are met by one real row alone, beside held-out
/// rows; as many real as held-out rows are looked at.
///
/// A synthetic row and columns are drawn; a number is held to be at least its value where that is above the median, else at
/// most; a text to be equal. Conditions that not exactly one synthetic row meets are drawn again, `guesses` are kept at most.
/// Source: Anonymeter's multivariate singling-out attack. `None` where no such condition was found.
pub fn singling_out(
    train: &Table,
    holdout: &Table,
    synthetic: &Table,
    (width, guesses): (usize, usize),
    seed: Seed,
) -> Option<AttackRisk> {
    let n_columns = synthetic.columns.len();
    let n = train.n_rows.min(holdout.n_rows);
    if n == 0 || synthetic.n_rows == 0 || n_columns == 0 {
        return None;
    }
    let width = width.min(n_columns);
    let medians: Vec<f64> = synthetic.columns.iter().map(|column| median(&column.cells)).collect();
    let mut random = seed.stream("singling out");
    let mut below = |n: usize| ((uniform(&mut random) * n as f64) as usize).min(n - 1);
    // A table of few columns has few such conditions: trials are bounded, and made in parts of fixed size until there are enough.
    let mut kept: Vec<[bool; 2]> = Vec::new();
    let mut tried: BTreeSet<(usize, Vec<usize>)> = BTreeSet::new();
    for _ in 0..MOST_TRIALS.div_ceil(TRIALS) {
        let drawn: Vec<(usize, Vec<usize>)> = (0..TRIALS)
            .map(|_| {
                let row = below(synthetic.n_rows);
                let mut columns: Vec<usize> = Vec::new();
                while columns.len() < width {
                    let column = below(n_columns);
                    if !columns.contains(&column) {
                        columns.push(column);
                    }
                }
                columns.sort_unstable();
                (row, columns)
            })
            .filter(|drawn| tried.insert(drawn.clone()))
            .collect();
        let alone = drawn.par_iter().map(|(row, columns)| {
            let conditions: Vec<(&str, Condition)> = columns
                .iter()
                .map(|&at| {
                    let column = &synthetic.columns[at];
                    (column.name.as_str(), condition(&column.cells, *row, medians[at]))
                })
                .collect();
            is_alone(synthetic, synthetic.n_rows, &conditions)
                .then(|| [is_alone(train, n, &conditions), is_alone(holdout, n, &conditions)])
        });
        kept.extend(alone.collect::<Vec<_>>().into_iter().flatten());
        if kept.len() >= guesses {
            break;
        }
    }
    kept.truncate(guesses);
    if kept.is_empty() {
        return None;
    }
    let count = |side: usize| kept.iter().filter(|alone| alone[side]).count();
    Some(AttackRisk::of((count(0), kept.len()), (count(1), kept.len())))
}

/// Whether exactly one of the first `n` rows meets all conditions.
fn is_alone(table: &Table, n: usize, conditions: &[(&str, Condition)]) -> bool {
    let cells: Vec<Option<&Cells>> =
        conditions.iter().map(|(name, _)| table.column(name).map(|column| &column.cells)).collect();
    let meets = |row: &usize| {
        conditions
            .iter()
            .zip(&cells)
            .all(|((_, condition), cells)| cells.is_some_and(|cells| condition.meets(cells, *row)))
    };
    (0..n.min(table.n_rows)).filter(meets).take(2).count() == 1
}

fn condition(cells: &Cells, row: usize, median: f64) -> Condition {
    match cells {
        Cells::Number(values) if values[row].is_nan() => Condition::Missing,
        Cells::Number(values) if values[row] > median => Condition::AtLeast(values[row]),
        Cells::Number(values) => Condition::AtMost(values[row]),
        Cells::Text { .. } => Condition::Text(cells.text(row).map(str::to_string)),
    }
}

fn median(cells: &Cells) -> f64 {
    let Cells::Number(values) = cells else { return f64::NAN };
    let mut present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    present.sort_unstable_by(f64::total_cmp);
    present.get(present.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(name: &str, n: usize) -> Table {
        let mut random = Seed(5).stream(name);
        let mut column = || Cells::Number((0..n).map(|_| uniform(&mut random)).collect());
        Table::new([("a", column()), ("b", column()), ("c", column()), ("d", column())]).unwrap()
    }

    #[test]
    fn copies_single_out_and_new_rows_do_not() {
        let (train, holdout, fresh) = (drawn("train", 300), drawn("holdout", 300), drawn("made", 300));
        let copied = singling_out(&train, &holdout, &train, (3, 300), Seed(1)).unwrap();
        assert!(copied.risk > 0.9 && copied.is_found(), "{copied:?}");
        let new = singling_out(&train, &holdout, &fresh, (3, 300), Seed(1)).unwrap();
        assert!(!new.is_found(), "{new:?}");
        assert_eq!(singling_out(&train, &holdout, &train, (3, 300), Seed(1)), Some(copied));
        assert_eq!(singling_out(&train, &holdout.take(&[]), &fresh, (3, 10), Seed(1)), None);
    }
}
