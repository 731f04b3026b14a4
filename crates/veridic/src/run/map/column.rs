//! The columns of a table that are mapped: numbers as they are or standardized, categories a number a level.

use std::path::Path;

use crate::data::{Cells, Column, Kind, Matrix, Schema, Table};
use crate::error::{MapError, Result};

/// Distances above this, or all below its inverse, are scaled together, so that their squares are numbers too.
const LARGEST: f64 = 1e12;
/// A cell so many times as far from the middle of its column as the one before it leaves the others no room.
const FAR: f64 = 1e4;
/// Such cells of a column that a note lists.
const MOST_FAR: usize = 3;
/// Names of rows and columns that an error lists.
const MOST_NAMED: usize = 10;

/// A column of numbers that is mapped.
pub(super) struct Mapped<'a> {
    /// The column of the table; several of these may be of one.
    name: &'a str,
    pub(super) values: Vec<f64>,
    /// What the values are multiplied by; none to bring them to a standard deviation of 1.
    scale: Option<f64>,
}

/// Most levels of a category that is mapped.
const MOST_LEVELS: usize = 50;

/// The columns of a table that are mapped, and what is said of the others.
pub(super) fn mapped<'a>(
    known: &'a Table,
    schema: &Schema,
    is_left_out: impl Fn(&str) -> bool,
    path: &Path,
) -> Result<(Vec<Mapped<'a>>, Vec<String>)> {
    let mut numbers: Vec<Mapped<'a>> = Vec::new();
    let mut left_out: Vec<(&str, &str)> = Vec::new();
    for column in &known.columns {
        let name = column.name.as_str();
        let Some(about) = schema.column(name).filter(|_| !is_left_out(name)) else { continue };
        match numbers_of(column, &about.kind) {
            Ok(values) => numbers.extend(values),
            Err(why) => left_out.push((name, why)),
        }
    }
    let mut notes = Vec::new();
    for why in ["constant", "identifier", "too many levels"] {
        let names: Vec<&str> = left_out.iter().filter(|(_, w)| *w == why).map(|(name, _)| *name).collect();
        if !names.is_empty() {
            notes.push(format!("not mapped ({why}): {}", listed(&names)));
        }
    }
    if numbers.is_empty() {
        let constant = left_out.iter().filter(|(_, why)| *why == "constant").count();
        let (columns, path) = (known.columns.len(), path.to_path_buf());
        return Err(MapError::NoNumbers { columns, constant, path }.into());
    }
    Ok((numbers, notes))
}

/// How many columns of the table are mapped.
pub(super) fn columns_of(numbers: &[Mapped<'_>]) -> usize {
    let mut names: Vec<&str> = numbers.iter().map(|mapped| mapped.name).collect();
    names.dedup();
    names.len()
}

pub(super) fn told(numbers: &[Mapped<'_>], columns: usize, standardize: bool) -> String {
    let how = match (standardize, numbers.iter().any(|mapped| mapped.scale.is_some())) {
        (false, _) => "as they are",
        (true, false) => "each brought to mean 0 and standard deviation 1",
        (true, true) => {
            "numbers brought to mean 0 and standard deviation 1, two levels of a category as far apart as two numbers on average"
        }
    };
    format!("mapped {} of {columns} columns, {how}", columns_of(numbers))
}

/// The numbers of a column, or why it is not mapped. A category is a number for each level: 1 for rows that have it, else 0,
/// scaled so that two rows differ in it as much as in a column of standard deviation 1, on average.
fn numbers_of<'a>(column: &'a Column, kind: &Kind) -> Result<Vec<Mapped<'a>>, &'static str> {
    let name = column.name.as_str();
    match (kind, &column.cells) {
        (Kind::Constant { .. }, _) => Err("constant"),
        (Kind::Identifier, _) => Err("identifier"),
        (_, Cells::Number(values)) => {
            let first = values.first().copied().unwrap_or(f64::NAN);
            if values.iter().all(|value| *value == first || value.is_nan() && first.is_nan()) {
                return Err("constant");
            }
            Ok(vec![Mapped { name, values: values.clone(), scale: None }])
        }
        // A flag of 0 and 1 is text with two levels.
        (Kind::Boolean { levels }, Cells::Text { codes, .. })
            if levels.iter().all(|level| level.parse::<f64>().is_ok()) =>
        {
            let value = |code: &u32| {
                levels.get(*code as usize).map_or(f64::NAN, |level| level.parse().unwrap_or(f64::NAN))
            };
            Ok(vec![Mapped { name, values: codes.iter().map(value).collect(), scale: None }])
        }
        (_, Cells::Text { codes, levels }) => {
            let mut counts = vec![0usize; levels.len()];
            for code in codes {
                if let Some(count) = counts.get_mut(*code as usize) {
                    *count += 1;
                }
            }
            let present: Vec<usize> = (0..levels.len()).filter(|&level| counts[level] > 0).collect();
            if present.len() > MOST_LEVELS {
                return Err("too many levels");
            }
            let share = |count: usize| count as f64 / codes.len() as f64;
            let alike: f64 = counts.iter().map(|&count| share(count).powi(2)).sum();
            if present.len() < 2 {
                return Err("constant");
            }
            let scale = Some(1.0 / (1.0 - alike).max(0.05).sqrt());
            let of_level = |level: usize| {
                let has = |code: &u32| f64::from(u8::from(*code as usize == level));
                Mapped { name, values: codes.iter().map(has).collect(), scale }
            };
            Ok(present.into_iter().map(of_level).collect())
        }
    }
}

/// A map has no place for a row of which something is not known.
pub(super) fn check_present(numbers: &[Mapped<'_>], path: &Path) -> Result<()> {
    let mut cells = Vec::new();
    let mut count = 0;
    for row in 0..numbers[0].values.len() {
        for Mapped { name, values, .. } in numbers {
            if values[row].is_nan() {
                count += 1;
                if cells.len() < MOST_NAMED {
                    cells.push(format!("row {} `{name}`", row + 1));
                }
            }
        }
    }
    if count == 0 { Ok(()) } else { Err(MapError::Missing { cells, count, path: path.to_path_buf() }.into()) }
}

fn listed(names: &[&str]) -> String {
    listed_by(names, ", ")
}

fn listed_by(names: &[&str], separator: &str) -> String {
    let shown = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(separator);
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The columns side by side in single precision, each about its mean: distances stay as they are, and what a large offset
/// has in common is not left to be rounded away.
pub(super) fn matrix(numbers: &[Mapped<'_>], standardize: bool) -> Matrix {
    let (n_rows, n_cols) = (numbers[0].values.len(), numbers.len());
    let mut matrix = Matrix::zeros(n_rows, n_cols);
    let largest = |values: &[f64]| values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    let centered: Vec<(f64, Vec<f64>)> = numbers
        .iter()
        .map(|Mapped { values, .. }| {
            // First divided by the largest, so that sums and squares of huge values are finite.
            let unit = power_of_two(largest(values));
            let mean = values.iter().map(|value| value / unit).sum::<f64>() / n_rows as f64;
            (unit, values.iter().map(|value| value / unit - mean).collect())
        })
        .collect();
    // Half of each, since the distance of two numbers may be more than the largest number.
    let widest = centered.iter().map(|(unit, values)| unit * (largest(values) / 2.0)).fold(0.0, f64::max);
    // By a power of two, which changes no digit.
    let common =
        if widest == 0.0 || (1.0 / LARGEST..=LARGEST).contains(&widest) { 1.0 } else { power_of_two(widest) };
    for (j, (unit, values)) in centered.iter().enumerate() {
        let scale = if let (true, Some(scale)) = (standardize, numbers[j].scale) {
            unit * scale
        } else if standardize {
            let variance = values.iter().map(|value| value.powi(2)).sum::<f64>() / n_rows as f64;
            if variance > 0.0 { 1.0 / variance.sqrt() } else { 1.0 }
        } else {
            unit / common
        };
        for (i, value) in values.iter().enumerate() {
            matrix.row_mut(i)[j] = (value * scale) as f32;
        }
    }
    matrix
}

/// What is said of cells so far from the others of their column that these lie at one place beside them.
pub(super) fn far_cells(numbers: &[Mapped<'_>]) -> Vec<String> {
    let far = numbers.iter().filter(|mapped| mapped.scale.is_none()).filter_map(
        |Mapped { name, values, .. }| {
            let middle = |mut values: Vec<f64>| {
                let at = values.len() / 2;
                *values.select_nth_unstable_by(at, f64::total_cmp).1
            };
            // In halves, since the distance of two numbers may be more than the largest number.
            let median = middle(values.clone()) / 2.0;
            let mut order: Vec<(f64, usize)> =
                values.iter().enumerate().map(|(row, value)| ((value / 2.0 - median).abs(), row)).collect();
            order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let first = (order.len() / 2 + 1..order.len())
                .find(|&i| order[i - 1].0 > 0.0 && order[i].0 / FAR > order[i - 1].0)?;
            let mut rows: Vec<usize> = order[first..].iter().map(|(_, row)| *row).collect();
            rows.sort_unstable();
            let cells: Vec<String> = rows
                .iter()
                .take(MOST_FAR)
                .map(|&row| format!("row {} is {}", row + 1, written(values[row])))
                .collect();
            let more = if rows.len() > cells.len() { ", …" } else { "" };
            Some(format!("`{name}` in {}{more}", cells.join(", ")))
        },
    );
    let far: Vec<String> = far.collect();
    if far.is_empty() {
        return Vec::new();
    }
    let listed: Vec<&str> = far.iter().map(String::as_str).collect();
    vec![format!(
        "far beyond all others of the column, which beside it are as good as equal: {}; correct or leave out such rows",
        listed_by(&listed, "; ")
    )]
}

/// A number with an exponent where it would be a long row of zeros.
fn written(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() > 17 { format!("{value:e}") } else { plain }
}

/// The power of two that takes `value` near 1.
fn power_of_two(value: f64) -> f64 {
    if value > 0.0 && value.is_finite() { value.log2().floor().clamp(-1022.0, 1023.0).exp2() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, values: Vec<f64>) -> Mapped<'static> {
        Mapped { name, values, scale: None }
    }

    #[test]
    fn huge_and_tiny_columns_become_ordinary_numbers() {
        let numbers = [of("huge", vec![1e308, -1e308, 0.5e308]), of("tiny", vec![1e-300, 3e-300, 2e-300])];
        let standard = matrix(&numbers, true);
        for j in 0..2 {
            let column: Vec<f64> = (0..3).map(|i| f64::from(standard.row(i)[j])).collect();
            let (mean, square) =
                (column.iter().sum::<f64>() / 3.0, column.iter().map(|v| v * v).sum::<f64>() / 3.0);
            assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{column:?}");
        }
        let plain = matrix(&numbers, false);
        assert!(plain.values.iter().all(|v| v.abs() < 4.0));
        let apart = |a: usize, b: usize| f64::from(plain.row(a)[0] - plain.row(b)[0]);
        assert!((apart(0, 1) / apart(0, 2) - 4.0).abs() < 1e-5, "{:?}", plain.values);
        // What is of ordinary size keeps its distances.
        assert_eq!(matrix(&[of("a", vec![1.5, -7.25])], false).values, [4.375, -4.375]);
    }

    #[test]
    fn what_values_have_in_common_takes_no_digits_of_what_differs() {
        let small: Vec<f64> = (0..5).map(|i| f64::from(i) * 0.25).collect();
        for offset in [1e9, -1e9, 1e13] {
            let moved: Vec<f64> = small.iter().map(|value| value + offset).collect();
            for standardize in [false, true] {
                let [plain, moved] =
                    [&small, &moved].map(|values| matrix(&[of("a", values.clone())], standardize));
                let apart = |m: &Matrix| f64::from(m.values[4] - m.values[0]);
                let (expected, found) = (apart(&plain), apart(&moved));
                assert!(
                    (found / expected - 1.0).abs() < 1e-6,
                    "{offset} {standardize}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn cells_that_leave_the_others_no_room_are_named() {
        let mut values: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50) / 10.0).collect();
        assert_eq!(far_cells(&[of("a", values.clone())]), Vec::<String>::new());
        // Most zeros and a few that differ, as of amounts, are no such thing.
        assert!(far_cells(&[of("a", [vec![0.0; 40], vec![3.0, 900.0, 40.0]].concat())]).is_empty());
        values[7] = 1e300;
        let notes = far_cells(&[of("b", vec![0.5; 50]), of("x_3", values)]);
        assert!(notes.len() == 1 && notes[0].contains(": `x_3` in row 8 is 1e300;"), "{notes:?}");
    }

    #[test]
    fn missing_cells_are_all_counted_and_the_first_are_named() {
        let numbers = [of("a", vec![1.0, f64::NAN]), of("b", vec![f64::NAN, 2.0])];
        let error = check_present(&numbers, Path::new("t.csv")).unwrap_err();
        assert_eq!(error.to_string(), "2 cells are missing (row 1 `b`, row 2 `a`): t.csv");
        assert!(error.hint().unwrap().contains("fit a model"));
    }

    #[test]
    fn flags_written_as_numbers_are_one_column_and_categories_one_a_level() {
        let flag = |levels: [&str; 2]| Kind::Boolean { levels: levels.map(str::to_string) };
        let column = |levels: [&str; 2]| Column {
            name: String::new(),
            cells: Cells::Text { codes: vec![1, 0], levels: levels.map(str::to_string).to_vec() },
        };
        let numbers = column(["0", "1"]);
        let mapped = numbers_of(&numbers, &flag(["0", "1"])).unwrap();
        assert_eq!((mapped.len(), &mapped[0].values, mapped[0].scale), (1, &vec![1.0, 0.0], None));
        let words = column(["no", "yes"]);
        let mapped = numbers_of(&words, &flag(["no", "yes"])).unwrap();
        // Two rows that differ lie 2 apart in the square, where half of all pairs differ: 1 on average, as in a number.
        let scale = mapped[0].scale.unwrap();
        assert!(mapped.len() == 2 && (scale - std::f64::consts::SQRT_2).abs() < 1e-12, "{scale}");
        assert_eq!(mapped[1].values, [1.0, 0.0]);
    }
}
