use super::{Cells, Column, Kind, MISSING, number};

/// Whole numbers of at most so many different values are taken for classes where colors or labels are asked for.
const MOST_CLASSES: usize = 12;

/// The cells of a column as codes into texts, where they stand for classes: text always, and whole numbers of at most
/// 12 different values (a digit, a rating), smallest first. Missing cells have the code [`MISSING`].
pub fn categories(column: &Column, kind: Option<&Kind>) -> Option<(Vec<u32>, Vec<String>)> {
    let values = match &column.cells {
        Cells::Text { codes, levels } => return Some((codes.clone(), levels.clone())),
        Cells::Number(values) => values,
    };
    if matches!(kind, Some(Kind::DateTime { .. } | Kind::Real { .. })) {
        return None;
    }
    let mut known: Vec<f64> = Vec::new();
    for value in values.iter().filter(|value| !value.is_nan()) {
        let at = known.partition_point(|other| other < value);
        if known.get(at) != Some(value) {
            if known.len() == MOST_CLASSES || value.fract() != 0.0 {
                return None;
            }
            known.insert(at, *value);
        }
    }
    let code = |value: &f64| {
        if value.is_nan() { MISSING } else { known.partition_point(|other| other < value) as u32 }
    };
    let name = |value: &f64| {
        let mut text = String::new();
        number::write(*value, 0, &mut text);
        text
    };
    Some((values.iter().map(code).collect(), known.iter().map(name).collect()))
}

/// The text of each cell of a column, as a label; none for a missing cell.
pub fn labels(column: &Column) -> Vec<Option<String>> {
    (0..column.cells.len())
        .map(|row| match &column.cells {
            Cells::Number(values) => (!values[row].is_nan()).then(|| values[row].to_string()),
            cells @ Cells::Text { .. } => cells.text(row).map(str::to_string),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Option<(Vec<u32>, Vec<String>)> {
        categories(&Column { name: "x".to_owned(), cells: Cells::Number(values.to_vec()) }, None)
    }

    #[test]
    fn a_few_whole_numbers_are_classes_and_others_are_not() {
        let (codes, levels) = of(&[3.0, -1.0, f64::NAN, 3.0, 10.0]).unwrap();
        assert_eq!(
            (codes, levels),
            (vec![1, 0, MISSING, 1, 2], ["-1", "3", "10"].map(str::to_owned).to_vec())
        );
        assert_eq!(of(&[1.0, 2.5]), None);
        assert_eq!(of(&(0..13).map(f64::from).collect::<Vec<_>>()), None);
        assert!(of(&(0..12).map(f64::from).collect::<Vec<_>>()).is_some());
    }
}
