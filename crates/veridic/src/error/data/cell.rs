//! Cells that do not fit their column.

use super::write_to;

/// A cell that does not fit the other cells of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayCell {
    /// The line of a text file, the row of another, from 1.
    pub line: u64,
    /// What is counted: `line` or `row`.
    pub unit: &'static str,
    /// The column's name.
    pub column: String,
    /// The cell.
    pub value: String,
    /// What the other cells of the column are: `number` or `date-time`.
    pub expected: &'static str,
}

/// A text that stands between the numbers or moments of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignMark {
    /// The column's name.
    pub column: String,
    /// What the other cells are: `finite number` or `date-time`.
    pub expected: &'static str,
    /// The text.
    pub mark: String,
    /// Cells that have it.
    pub cells: usize,
    /// Cells of the column that are not missing.
    pub of: usize,
    /// The line of the first.
    pub line: u64,
}

pub(super) fn strays(cells: &[StrayCell]) -> String {
    let mut text = String::new();
    for (i, cell) in cells.iter().enumerate() {
        let separator = if i == 0 { "" } else { "; " };
        let StrayCell { line, unit, column, value, expected } = cell;
        write_to(
            &mut text,
            format_args!("{separator}{unit} {line}, column `{column}`: `{value}` is not a {expected}"),
        );
    }
    text
}

pub(super) fn marks_text(marks: &[ForeignMark]) -> String {
    let mut text = String::new();
    for (i, ForeignMark { column, expected, mark, cells, of, line }) in marks.iter().enumerate() {
        let separator = if i == 0 { "" } else { "; " };
        let cells = crate::data::share(*cells, *of);
        write_to(
            &mut text,
            format_args!(
                "{separator}column `{column}` has {cells} with `{mark}`, which is not a {expected}, the first in line {line}"
            ),
        );
    }
    text
}
