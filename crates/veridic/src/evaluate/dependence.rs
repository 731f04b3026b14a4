//! How closely the columns of a table go together, whatever they hold.

use crate::data::{Cells, MISSING, Table};
use crate::evaluate::association;

/// How closely each two of `columns` go together, `n` x `n` row by row, over the rows where both have a value.
///
/// Of two numbers it is Pearson's correlation, -1 to 1. Of two columns of levels it is Cramér's V ([`association`]), of a
/// number and levels the correlation ratio, both 0 to 1 and corrected for chance. 0 where one does not vary or is not there.
///
/// Source of the correlation ratio's correction: T. Kelley, An unbiased correlation ratio measure, PNAS 1935:
/// `1 - (n - 1) / (n - k) (1 - eta^2)` for `k` levels.
pub fn dependences(table: &Table, columns: &[String]) -> Vec<f64> {
    let cells: Vec<Option<&Cells>> =
        columns.iter().map(|name| table.column(name).map(|column| &column.cells)).collect();
    let n = columns.len();
    let mut all = vec![0.0; n * n];
    for i in 0..n {
        for j in i..n {
            let (Some(a), Some(b)) = (cells[i], cells[j]) else { continue };
            let value = match (a, b) {
                (Cells::Number(a), Cells::Number(b)) => correlation(a, b),
                (Cells::Text { codes: a, .. }, Cells::Text { codes: b, .. }) => of_levels(a, b),
                (Cells::Number(values), Cells::Text { codes, .. })
                | (Cells::Text { codes, .. }, Cells::Number(values)) => correlation_ratio(values, codes),
            };
            (all[i * n + j], all[j * n + i]) = (value, value);
        }
    }
    all
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let both = || a.iter().zip(b).filter(|(a, b)| a.is_finite() && b.is_finite());
    let n = both().count().max(1) as f64;
    let (sum_a, sum_b) = both().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (mean_a, mean_b) = (sum_a / n, sum_b / n);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in both() {
        let (a, b) = (a - mean_a, b - mean_b);
        (aa, bb, ab) = (aa + a * a, bb + b * b, ab + a * b);
    }
    let spread = (aa * bb).sqrt();
    if spread > 0.0 { (ab / spread).clamp(-1.0, 1.0) } else { 0.0 }
}

fn of_levels(a: &[u32], b: &[u32]) -> f64 {
    let both = || a.iter().zip(b).filter(|(a, b)| **a != MISSING && **b != MISSING);
    let [a, b] = [both().map(|(a, _)| *a).collect::<Vec<u32>>(), both().map(|(_, b)| *b).collect()];
    association(&a, &b)
}

fn correlation_ratio(values: &[f64], codes: &[u32]) -> f64 {
    let both = || values.iter().zip(codes).filter(|(value, code)| value.is_finite() && **code != MISSING);
    let mut groups: std::collections::BTreeMap<u32, (f64, f64)> = std::collections::BTreeMap::new();
    for (value, code) in both() {
        let (n, sum) = groups.entry(*code).or_default();
        (*n, *sum) = (*n + 1.0, *sum + value);
    }
    let (n, sum) = groups.values().fold((0.0, 0.0), |(n, sum), group| (n + group.0, sum + group.1));
    let k = groups.len() as f64;
    if k < 2.0 || n <= k {
        return 0.0;
    }
    let total: f64 = both().map(|(value, _)| (value - sum / n).powi(2)).sum();
    let within: f64 =
        both().map(|(value, code)| groups.get(code).map_or(0.0, |(n, sum)| (value - sum / n).powi(2))).sum();
    if total > 0.0 { (1.0 - (n - 1.0) / (n - k) * within / total).max(0.0).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_levels_of_all_pairings_are_measured() {
        let n = 400;
        let number = |f: &dyn Fn(usize) -> f64| Cells::Number((0..n).map(f).collect());
        let levels = |f: &dyn Fn(usize) -> u32| {
            let names = (0..8).map(|i| format!("l{i}")).collect();
            Cells::Text { codes: (0..n).map(f).collect(), levels: names }
        };
        // A scattered order that repeats after all of 400.
        let mix = |i: usize| (i * 157 + 31) % n;
        let table = Table::new([
            ("x", number(&|i| i as f64)),
            ("minus", number(&|i| if i == 7 { f64::NAN } else { -2.0 * i as f64 })),
            ("noise", number(&|i| mix(i) as f64)),
            ("step", levels(&|i| (i / 100) as u32)),
            ("renamed", levels(&|i| 7 - (i / 100) as u32)),
            ("chance", levels(&|i| (mix(i) % 3) as u32)),
            ("same", levels(&|_| 0)),
        ])
        .unwrap();
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let all = dependences(&table, &columns);
        let of = |a: usize, b: usize| all[a * columns.len() + b];
        assert!((of(0, 1) + 1.0).abs() < 1e-12 && (of(0, 0) - 1.0).abs() < 1e-12);
        assert!(of(0, 2).abs() < 0.1, "{}", of(0, 2));
        assert!((of(3, 4) - 1.0).abs() < 1e-12 && of(3, 5) < 0.1, "{} {}", of(3, 4), of(3, 5));
        // Four steps of a uniform number leave one sixteenth of its variance.
        assert!((of(0, 3) - (15.0_f64 / 16.0).sqrt()).abs() < 1e-3, "{}", of(0, 3));
        assert_eq!(of(0, 3), of(3, 0));
        assert!(of(0, 5) < 0.1, "{}", of(0, 5));
        assert_eq!((of(6, 6), of(0, 6), of(3, 6)), (0.0, 0.0, 0.0));
        assert_eq!(dependences(&table, &["nobody".to_string()]), [0.0]);
    }
}
