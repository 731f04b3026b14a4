//! How alike the dependence between columns of two tables is, for columns of every kind.

use std::collections::BTreeMap;

use super::similarity::{PairSimilarity, both, correlation, find, mean_of};
use crate::data::{Cells, Kind, Schema, Table};
use crate::error::EvaluateError;

/// Cells that numbers are cut into beside a category: ten of equal width over the real rows' range.
const BINS: usize = 10;

/// How alike pairs of columns of two tables go together.
#[derive(Debug, Clone, PartialEq)]
pub struct PairTrends {
    /// Each pair of columns, in the schema's order.
    pub pairs: Vec<PairSimilarity>,
    /// The mean of the scores there are, 0 to 1; `None` without one.
    pub mean: Option<f64>,
}

/// The cells of one column in both tables.
struct Sides<'a> {
    name: &'a str,
    /// Of columns of numbers, real and synthetic.
    numbers: Option<[&'a [f64]; 2]>,
    /// One code a row, real and synthetic, the same for equal values; numbers by their bin.
    codes: [Vec<u32>; 2],
    /// Codes there may be.
    n_codes: usize,
}

/// Compares how each pair of columns goes together: `1 - |ρ_real - ρ_synthetic| / 2` for two columns of numbers (Pearson's ρ
/// over the rows where both cells are there), else `1 - ½ Σ |p_real - p_synthetic|` over the pairs of values, missing ones
/// included, with numbers cut into ten bins of equal width over the real rows.
///
/// Range 0 to 1, higher is better. Source: SDMetrics' Column Pair Trends (CorrelationSimilarity, ContingencySimilarity).
///
/// # Errors
/// [`EvaluateError::Columns`] listing every absent or unsuitable column.
pub fn pair_trends(real: &Table, synthetic: &Table, schema: &Schema) -> Result<PairTrends, EvaluateError> {
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    for column in &schema.columns {
        if matches!(column.kind, Kind::Identifier | Kind::Constant { .. }) {
            continue;
        }
        let cells = [(real, "real"), (synthetic, "synthetic")].map(|(t, which)| find(t, &column.name, which));
        match both(cells, &mut problems) {
            Some([Cells::Number(a), Cells::Number(b)]) => columns.push(of_numbers(&column.name, [a, b])),
            Some([a @ Cells::Text { .. }, b @ Cells::Text { .. }]) => {
                columns.push(of_texts(&column.name, [a, b]));
            }
            Some(_) => {
                problems.push(format!("`{}` is text in one table and numbers in the other", column.name));
            }
            None => {}
        }
    }
    if !problems.is_empty() {
        return Err(EvaluateError::Columns(problems));
    }
    let mut pairs = Vec::new();
    for (i, left) in columns.iter().enumerate() {
        for right in &columns[i + 1..] {
            let score = match (left.numbers, right.numbers) {
                (Some([a, b]), Some([c, d])) => {
                    correlation(a, c).zip(correlation(b, d)).map(|(a, b)| 1.0 - (a - b).abs() / 2.0)
                }
                _ => contingency(left, right),
            };
            pairs.push(PairSimilarity { columns: [left.name.to_string(), right.name.to_string()], score });
        }
    }
    let mean = mean_of(pairs.iter().filter_map(|pair| pair.score));
    Ok(PairTrends { pairs, mean })
}

fn of_numbers<'a>(name: &'a str, numbers: [&'a [f64]; 2]) -> Sides<'a> {
    let present = numbers[0].iter().copied().filter(|value| !value.is_nan());
    let (low, high) = present
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    // As numpy's histogram does for a range without extent.
    let (low, high) = if low < high { (low, high) } else { (low - 0.5, low + 0.5) };
    let edges: Vec<f64> = (0..=BINS).map(|i| low + (high - low) * i as f64 / BINS as f64).collect();
    // Missing values sort last, as in numpy.
    let code = |value: &f64| {
        if value.is_nan() { BINS as u32 + 1 } else { edges.partition_point(|edge| edge <= value) as u32 }
    };
    let codes = numbers.map(|values| values.iter().map(code).collect());
    Sides { name, numbers: Some(numbers), codes, n_codes: BINS + 2 }
}

fn of_texts<'a>(name: &'a str, cells: [&'a Cells; 2]) -> Sides<'a> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let codes = cells.map(|cells| {
        // 0 is a missing cell.
        let mut code_of: Vec<u32> = Vec::new();
        if let Cells::Text { levels, .. } = cells {
            for level in levels {
                let next = known.len() as u32 + 1;
                code_of.push(*known.entry(level).or_insert(next));
            }
        }
        let code = |code: &u32| code_of.get(*code as usize).copied().unwrap_or(0);
        match cells {
            Cells::Text { codes, .. } => codes.iter().map(code).collect(),
            Cells::Number(_) => Vec::new(),
        }
    });
    let n_codes = known.len() + 1;
    Sides { name, numbers: None, codes, n_codes }
}

/// The similarity of two contingency tables.
fn contingency(left: &Sides<'_>, right: &Sides<'_>) -> Option<f64> {
    let [real, synthetic] = [0, 1].map(|side| {
        let mut counts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        let cells = left.n_codes * right.n_codes;
        // A plain array where it is small: most pairs of columns are.
        if cells <= 1 << 20 {
            let mut dense = vec![0usize; cells];
            for (&a, &b) in left.codes[side].iter().zip(&right.codes[side]) {
                dense[a as usize * right.n_codes + b as usize] += 1;
            }
            for (at, &count) in dense.iter().enumerate().filter(|(_, count)| **count > 0) {
                counts.insert(((at / right.n_codes) as u32, (at % right.n_codes) as u32), count);
            }
        } else {
            for (&a, &b) in left.codes[side].iter().zip(&right.codes[side]) {
                *counts.entry((a, b)).or_default() += 1;
            }
        }
        counts
    });
    let [all_real, all_synthetic] = [0, 1].map(|side| left.codes[side].len() as f64);
    if all_real == 0.0 || all_synthetic == 0.0 {
        return None;
    }
    let share = |counts: &BTreeMap<_, usize>, key, all| counts.get(key).copied().unwrap_or(0) as f64 / all;
    let in_real: f64 = real
        .iter()
        .map(|(key, &count)| (count as f64 / all_real - share(&synthetic, key, all_synthetic)).abs())
        .sum();
    let only_made: usize = synthetic.iter().filter(|(key, _)| !real.contains_key(*key)).map(|(_, n)| n).sum();
    Some(1.0 - (in_real + only_made as f64 / all_synthetic) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Data;

    fn table(x: &[f64], c: &[Option<&str>]) -> Table {
        let cells = [("x", Cells::numbers(x.iter().copied())), ("c", Cells::texts(c.iter().copied()))];
        Table::new(cells).unwrap()
    }

    #[test]
    fn pairs_of_a_number_and_a_category_are_compared_by_bins() {
        let (a, b) = (Some("a"), Some("b"));
        let real = table(&[0.0, 0.0, 10.0, 10.0], &[a, a, b, None]);
        let schema = Schema {
            columns: vec![
                crate::data::ColumnSchema::new("x", Kind::Real { decimals: 1, min: 0.0, max: 10.0 }, 0),
                crate::data::ColumnSchema::new(
                    "c",
                    Kind::Categorical { levels: vec!["a".into(), "b".into()] },
                    1,
                ),
            ],
        };
        let score =
            |synthetic: &Table| pair_trends(&real, synthetic, &schema).unwrap().pairs[0].score.unwrap();
        assert_eq!(score(&real), 1.0);
        // Shares real: (low, a) 1/2, (high, b) 1/4, (high, missing) 1/4; made: each half swapped.
        let swapped = table(&[10.0, 10.0, 0.0, 0.0], &[a, a, b, None]);
        assert_eq!(score(&swapped), 0.0);
        // 0.9 lies in the bin of 0: half of the rows are as they were.
        let half = table(&[0.9, 0.0, 0.0, 0.0], &[a, a, b, None]);
        assert_eq!(score(&half), 0.5);
        assert_eq!(Data::from(half).len(), 4);
    }
}
