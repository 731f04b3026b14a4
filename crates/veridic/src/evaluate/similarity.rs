use std::collections::BTreeMap;

use crate::data::{Cells, Column, Kind, MISSING, Schema, Table};
use crate::error::EvaluateError;

/// How alike the single columns of two tables are.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeSimilarity {
    /// Each compared column, in the schema's order.
    pub columns: Vec<ColumnSimilarity>,
    /// The mean of the scores there are, 0 to 1; `None` without one.
    pub mean: Option<f64>,
}

/// How alike one column of two tables is.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSimilarity {
    /// The column.
    pub column: String,
    /// 0 to 1, higher is more alike; `None` if one of the tables has no value.
    pub score: Option<f64>,
}

/// How alike the correlations of two tables are.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationSimilarity {
    /// Each pair of numeric columns, in the schema's order.
    pub pairs: Vec<PairSimilarity>,
    /// The mean of the scores there are, 0 to 1; `None` without one.
    pub mean: Option<f64>,
}

/// How alike one pair of columns of two tables is correlated.
#[derive(Debug, Clone, PartialEq)]
pub struct PairSimilarity {
    /// The two columns.
    pub columns: [String; 2],
    /// 0 to 1, higher is more alike; `None` where a correlation is not defined (a constant column, fewer than two rows).
    pub score: Option<f64>,
}

/// Compares each column's distribution: `1 - D` with the two-sample Kolmogorov-Smirnov distance for numbers and times,
/// `1 - ½ Σ |p_real - p_synthetic|` (total variation) for categories and flags. Missing cells are passed over;
/// identifiers and constants are not compared.
///
/// Range 0 to 1, higher is better; a model of independent columns reaches nearly 1, so never report it alone.
/// Source: SDMetrics' Column Shapes (KSComplement, TVComplement).
///
/// # Errors
/// [`EvaluateError::Columns`] listing every absent or unsuitable column.
pub fn shape_similarity(
    real: &Table,
    synthetic: &Table,
    schema: &Schema,
) -> Result<ShapeSimilarity, EvaluateError> {
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    for column in &schema.columns {
        let name = &column.name;
        let score = match &column.kind {
            Kind::Identifier | Kind::Constant { .. } => continue,
            Kind::Categorical { .. } | Kind::Boolean { .. } => {
                let texts = [(real, "real"), (synthetic, "synthetic")].map(|(t, which)| find(t, name, which));
                both(texts, &mut problems)
                    .map(|[a, b]| total_variation(&counts(a), &counts(b)).map(|d| 1.0 - d))
            }
            _ => {
                let cells =
                    [(real, "real"), (synthetic, "synthetic")].map(|(t, which)| numbers(t, name, which));
                both(cells, &mut problems).map(|[a, b]| kolmogorov_smirnov(a, b).map(|d| 1.0 - d))
            }
        };
        columns.extend(score.map(|score| ColumnSimilarity { column: name.clone(), score }));
    }
    if !problems.is_empty() {
        return Err(EvaluateError::Columns(problems));
    }
    let mean = mean_of(columns.iter().filter_map(|column| column.score));
    Ok(ShapeSimilarity { columns, mean })
}

/// Compares the correlation of each pair of numeric columns (times included): `1 - |ρ_real - ρ_synthetic| / 2` with
/// Pearson's ρ over the rows where both cells are there.
///
/// Range 0 to 1, higher is better. Source: SDMetrics' CorrelationSimilarity.
///
/// # Errors
/// As [`shape_similarity`].
pub fn correlation_similarity(
    real: &Table,
    synthetic: &Table,
    schema: &Schema,
) -> Result<CorrelationSimilarity, EvaluateError> {
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    for column in &schema.columns {
        if matches!(column.kind, Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. }) {
            let cells = [numbers(real, &column.name, "real"), numbers(synthetic, &column.name, "synthetic")];
            columns.extend(both(cells, &mut problems).map(|cells| (&column.name, cells)));
        }
    }
    if !problems.is_empty() {
        return Err(EvaluateError::Columns(problems));
    }
    let mut pairs = Vec::new();
    for (i, (left, [left_real, left_synthetic])) in columns.iter().enumerate() {
        for (right, [right_real, right_synthetic]) in &columns[i + 1..] {
            let score = correlation(left_real, right_real)
                .zip(correlation(left_synthetic, right_synthetic))
                .map(|(a, b)| 1.0 - (a - b).abs() / 2.0);
            pairs.push(PairSimilarity { columns: [(*left).clone(), (*right).clone()], score });
        }
    }
    let mean = mean_of(pairs.iter().filter_map(|pair| pair.score));
    Ok(CorrelationSimilarity { pairs, mean })
}

/// The two-sample Kolmogorov-Smirnov distance: the largest difference of the two empirical distributions, 0 to 1,
/// lower is more alike; NaN is passed over, `None` if that leaves one side empty.
pub fn kolmogorov_smirnov(left: &[f64], right: &[f64]) -> Option<f64> {
    let sorted = |values: &[f64]| {
        let mut values: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (left, right) = (sorted(left), sorted(right));
    let (mut i, mut j, mut largest) = (0, 0, 0.0f64);
    while i < left.len() && j < right.len() {
        let x = left[i].min(right[j]);
        while i < left.len() && left[i] <= x {
            i += 1;
        }
        while j < right.len() && right[j] <= x {
            j += 1;
        }
        largest = largest.max((i as f64 / left.len() as f64 - j as f64 / right.len() as f64).abs());
    }
    (!left.is_empty() && !right.is_empty()).then_some(largest)
}

pub(super) fn find<'a>(table: &'a Table, name: &str, which: &str) -> Result<&'a Cells, String> {
    let column = table.columns.iter().find(|column| column.name == name);
    column
        .map(|column: &Column| &column.cells)
        .ok_or_else(|| format!("`{name}` is absent from the {which} table"))
}

fn numbers<'a>(table: &'a Table, name: &str, which: &str) -> Result<&'a [f64], String> {
    match find(table, name, which)? {
        Cells::Number(cells) => Ok(cells),
        Cells::Text { codes, .. } if codes.iter().all(|code| *code == MISSING) => Ok(&[]),
        Cells::Text { .. } => Err(format!("`{name}` is text in the {which} table, expected numbers")),
    }
}

pub(super) fn both<T>(sides: [Result<T, String>; 2], problems: &mut Vec<String>) -> Option<[T; 2]> {
    match sides {
        [Ok(a), Ok(b)] => Some([a, b]),
        sides => {
            problems.extend(sides.into_iter().filter_map(Result::err));
            None
        }
    }
}

fn counts(cells: &Cells) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    match cells {
        Cells::Number(cells) => {
            for x in cells.iter().filter(|x| !x.is_nan()) {
                *counts.entry(x.to_string()).or_default() += 1;
            }
        }
        Cells::Text { codes, levels } => {
            for level in codes.iter().filter_map(|code| levels.get(*code as usize)) {
                if let Some(count) = counts.get_mut(level) {
                    *count += 1;
                } else {
                    counts.insert(level.clone(), 1);
                }
            }
        }
    }
    counts
}

fn total_variation(left: &BTreeMap<String, usize>, right: &BTreeMap<String, usize>) -> Option<f64> {
    let [all_left, all_right] = [left, right].map(|counts| counts.values().sum::<usize>());
    if all_left == 0 || all_right == 0 {
        return None;
    }
    let share = |counts: &BTreeMap<String, usize>, level: &String, all: usize| {
        counts.get(level).copied().unwrap_or(0) as f64 / all as f64
    };
    let in_left: f64 =
        left.keys().map(|l| (share(left, l, all_left) - share(right, l, all_right)).abs()).sum();
    let only_right: f64 =
        right.keys().filter(|l| !left.contains_key(*l)).map(|l| share(right, l, all_right)).sum();
    Some((in_left + only_right) / 2.0)
}

/// Pearson's correlation over the pairs without NaN.
pub(super) fn correlation(left: &[f64], right: &[f64]) -> Option<f64> {
    let pairs = || left.iter().zip(right).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let n = pairs().count() as f64;
    let first = pairs().next()?;
    // Compared exactly: a constant column's computed variance may be rounding noise.
    if pairs().all(|(a, _)| a == first.0) || pairs().all(|(_, b)| b == first.1) {
        return None;
    }
    let (mean_left, mean_right) =
        (pairs().map(|(a, _)| a).sum::<f64>() / n, pairs().map(|(_, b)| b).sum::<f64>() / n);
    let (mut cross, mut square_left, mut square_right) = (0.0, 0.0, 0.0);
    for (a, b) in pairs() {
        let (a, b) = (a - mean_left, b - mean_right);
        cross += a * b;
        square_left += a * a;
        square_right += b * b;
    }
    let correlation = cross / (square_left.sqrt() * square_right.sqrt());
    correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))
}

pub(super) fn mean_of(scores: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let n = scores.clone().count();
    (n > 0).then(|| scores.sum::<f64>() / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ColumnSchema;

    fn column(name: &str, cells: Cells) -> Column {
        Column { name: name.into(), cells }
    }

    fn text(codes: &[u32], levels: &[&str]) -> Cells {
        Cells::Text { codes: codes.to_vec(), levels: levels.iter().map(|l| (*l).to_owned()).collect() }
    }

    fn schema() -> Schema {
        let column = |name: &str, kind| ColumnSchema::new(name, kind, 0);
        let real = Kind::Real { decimals: 1, min: 0.0, max: 0.0 };
        Schema {
            columns: vec![
                column("x", real.clone()),
                column("y", real),
                column("c", Kind::Categorical { levels: vec![] }),
                column("id", Kind::Identifier),
            ],
        }
    }

    fn tables() -> [Table; 2] {
        let real = vec![
            column("x", Cells::Number(vec![1.0, 2.0, 3.0, f64::NAN])),
            column("y", Cells::Number(vec![1.0, 2.0, 3.0, 9.0])),
            column("c", text(&[0, 0, 1, MISSING], &["a", "b"])),
        ];
        let synthetic = vec![
            column("x", Cells::Number(vec![1.0, 2.5, 2.6, 2.7])),
            column("y", Cells::Number(vec![5.0; 4])),
            column("c", text(&[1, 1, 1, 0], &["b", "z"])),
        ];
        [real, synthetic].map(|columns| Table { columns, n_rows: 4 })
    }

    #[test]
    fn column_shapes_have_their_closed_forms() {
        let [real, synthetic] = tables();
        let found = shape_similarity(&real, &synthetic, &schema()).unwrap();
        // x: after 2, shares 2/3 and 1/4. y: after 3, 3/4 and 0. c: ½ (|2/3 - 0| + |1/3 - 1/4| + 3/4) = 3/4.
        let expected = [1.0 - 5.0 / 12.0, 0.25, 0.25];
        for (found, expected) in found.columns.iter().zip(expected) {
            assert!((found.score.unwrap() - expected).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(found.columns.len(), 3);
        assert_eq!(shape_similarity(&real, &real, &schema()).unwrap().mean, Some(1.0));
    }

    #[test]
    fn correlations_compare_and_constant_columns_have_none() {
        let [real, mut synthetic] = tables();
        let found = correlation_similarity(&real, &synthetic, &schema()).unwrap();
        assert_eq!((found.pairs.len(), found.pairs[0].score, found.mean), (1, None, None));
        synthetic.columns[1].cells = Cells::Number(vec![-1.0, -2.5, -2.6, -2.7]);
        let found = correlation_similarity(&real, &synthetic, &schema()).unwrap();
        assert!(found.mean.unwrap().abs() < 1e-12);
    }

    #[test]
    fn every_column_that_cannot_be_compared_is_listed() {
        let [real, mut synthetic] = tables();
        synthetic.columns[0].cells = text(&[0; 4], &["a"]);
        synthetic.columns.pop();
        assert_eq!(
            shape_similarity(&real, &synthetic, &schema()).unwrap_err().to_string(),
            "columns cannot be compared: `x` is text in the synthetic table, expected numbers, `c` is absent from \
             the synthetic table"
        );
    }

    #[test]
    fn an_empty_side_has_no_distance() {
        assert_eq!(kolmogorov_smirnov(&[f64::NAN], &[1.0]), None);
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0], &[3.0]), Some(1.0));
    }
}
