//! Values that may stand for missing cells: `-999` and `9999-12-31`, far from all others of their column.

use super::note::ReadNote;
use super::write::CellWriter;
use super::{Cells, ColumnSchema, Kind};

/// Different values beside one that stands for missing cells, at least.
const MIN_OTHERS: usize = 5;
/// Cells that have it, at least.
const MIN_CELLS: usize = 2;
/// Days whose seconds programs write where they have no date.
const NO_DATES: [&str; 5] = ["1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "2099-12-31"];
/// Ends of what sensors and programs can hold in one, two and four bytes.
const ENDS: [f64; 7] = [127.0, 255.0, 32_767.0, 32_768.0, 65_535.0, 2_147_483_647.0, 2_147_483_648.0];
/// Dates from this year on are made up: 2900-01-01, in seconds.
const FAR_FUTURE: f64 = 29_348_092_800.0;

/// What to say of a column whose lowest or highest value may stand for missing cells.
pub(super) fn note(column: &ColumnSchema, cells: &Cells) -> Option<ReadNote> {
    let Cells::Number(values) = cells else { return None };
    let is_date = match column.kind {
        Kind::Integer { .. } | Kind::Real { .. } => false,
        Kind::DateTime { .. } => true,
        _ => return None,
    };
    let present = || values.iter().copied().filter(|value| value.is_finite());
    let (min, max) =
        present().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    for end in [min, max] {
        if !(if is_date { is_no_date(end) } else { is_nines(end) || ENDS.contains(&end.abs()) }) {
            continue;
        }
        let others = || present().filter(|value| *value != end);
        let (low, high) =
            others().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let gap = (end - high).max(low - end);
        let n = present().filter(|value| *value == end).count();
        let mut different: Vec<f64> = Vec::with_capacity(MIN_OTHERS);
        for value in others() {
            if different.len() < MIN_OTHERS && !different.contains(&value) {
                different.push(value);
            }
        }
        if n >= MIN_CELLS && different.len() >= MIN_OTHERS && gap > high - low {
            let row = values.iter().position(|value| *value == end)?;
            let mut value = String::new();
            CellWriter::new(Some(column)).write(cells, row, &mut value);
            return Some(ReadNote::Sentinel { column: column.name.clone(), value, cells: n });
        }
    }
    None
}

/// Whether a number is all nines, two at least.
fn is_nines(value: f64) -> bool {
    let digits = value.abs();
    (99.0..1e10).contains(&digits)
        && digits.fract() == 0.0
        && format!("{digits}").bytes().all(|digit| digit == b'9')
}

/// Whether a moment is one that programs write where there is none.
fn is_no_date(seconds: f64) -> bool {
    let day =
        |text: &&str| super::date::parse(text, "%Y-%m-%d") == Some((seconds / 86_400.0).floor() * 86_400.0);
    seconds >= FAR_FUTURE || NO_DATES.iter().any(day)
}

#[cfg(test)]
mod tests {
    use crate::data::{ReadOptions, read_bytes};

    fn told(cell: impl Fn(usize) -> String) -> String {
        let rows: String = (0..60).map(|i| format!("{},{}\n", cell(i), i % 7)).collect();
        let reading = read_bytes("t", format!("x,n\n{rows}").into_bytes(), &ReadOptions::default()).unwrap();
        reading.notes.iter().map(|note| note.to_string() + "\n").collect()
    }

    #[test]
    fn values_far_from_the_others_that_may_mean_missing_are_said() {
        let told_of = |other: &str| {
            let other = other.to_owned();
            told(move |i| if i % 10 == 0 { other.clone() } else { format!("{}.5", i * 13 % 29) })
        };
        assert!(told_of("-999").contains("`x`: `-999` in 6 cells"), "{}", told_of("-999"));
        assert!(told_of("-999").contains(r#"`data.missing = ["-999"]`"#), "{}", told_of("-999"));
        assert!(told_of("9999").contains("`9999` in 6 cells"));
        assert!(told_of("-127.0").contains("`-127.0` in 6 cells"));
        // Within reach of the others, or no number of nines.
        assert_eq!(told_of("99.5").matches("cells").count(), 0, "{}", told_of("99.5"));
        assert!(!told_of("-1000").contains("-1000"), "{}", told_of("-1000"));
        let dates = |other: &'static str| {
            told(move |i| if i % 10 == 0 { other.to_owned() } else { format!("2020-01-{:02}", 1 + i % 28) })
        };
        assert!(dates("9999-12-31").contains("`9999-12-31` in 6 cells"));
        assert!(dates("1900-01-01").contains("`1900-01-01` in 6 cells"));
        assert!(!dates("2021-01-01").contains("in 6 cells"));
    }
}
