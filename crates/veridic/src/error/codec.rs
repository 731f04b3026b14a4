use std::fmt;

/// Errors of the area `codec`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// There is nothing to learn from.
    #[error("a codec needs at least one training row, found none")]
    NoRows,
    /// A training row lies beyond the table.
    #[error("training row {row} is out of range, the table has {n_rows} rows (counted from 0)")]
    RowOutOfRange {
        /// The row asked for, from 0.
        row: usize,
        /// Rows of the table.
        n_rows: usize,
    },
    /// Columns to drop that the schema does not have.
    #[error("columns to drop are not in the data: {}; its columns are {}", quoted(.names), quoted(.columns))]
    UnknownDrop {
        /// The names that were not found.
        names: Vec<String>,
        /// The names there are.
        columns: Vec<String>,
    },
    /// Every column was left out, so no matrix would be left.
    #[error("no column is left to learn from: {}", .left_out.join(", "))]
    NothingLeft {
        /// Each column with why it was left out.
        left_out: Vec<String>,
    },
    /// The table does not suit the codec; every difference is listed.
    #[error("the table does not suit the codec: {}", joined(.0))]
    Columns(Vec<ColumnProblem>),
    /// A matrix of another width than the encoding has.
    #[error("the matrix has {found} columns, the encoding has {expected}")]
    Width {
        /// Columns of the matrix.
        found: usize,
        /// Columns of the encoding.
        expected: usize,
    },
    /// A matrix with a value that stands for nothing.
    #[error("value {value} in row {row}, encoded column `{column}` of the matrix, expected a finite number")]
    NotFinite {
        /// The row, from 1.
        row: usize,
        /// The encoded column's name.
        column: String,
        /// The value.
        value: f32,
    },
    /// A codec file whose parts contradict each other.
    #[error("the codec contradicts itself: {problem}")]
    Corrupt {
        /// What does not fit.
        problem: String,
    },
    /// Images of another size than the codec's.
    #[error("images are {found} (height x width x channels), expected {expected}")]
    ImageSize {
        /// Size found.
        found: String,
        /// Size of the codec.
        expected: String,
    },
}

/// One reason why a table does not suit a codec; rows are counted from 1, without the header.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ColumnProblem {
    /// A column of the schema is not in the table.
    Absent {
        /// The column.
        column: String,
    },
    /// A column holds fewer or more cells than the table has rows.
    Length {
        /// The column.
        column: String,
        /// Cells found.
        found: usize,
        /// Rows of the table.
        expected: usize,
    },
    /// Text where numbers belong.
    Text {
        /// The column.
        column: String,
        /// The first row with a text in it.
        row: usize,
        /// The text.
        value: String,
    },
    /// Numbers where text belongs.
    Numbers {
        /// The column.
        column: String,
    },
    /// A code that is not among the column's levels.
    Code {
        /// The column.
        column: String,
        /// The first row with such a code.
        row: usize,
        /// The code.
        code: u32,
    },
    /// A third value in a column of two.
    Level {
        /// The column.
        column: String,
        /// The first row with such a value.
        row: usize,
        /// The value.
        value: String,
        /// The two values of the schema.
        levels: [String; 2],
    },
    /// A value that cannot be scaled: infinite, or beyond 1e150 in magnitude.
    Extreme {
        /// The column.
        column: String,
        /// The first row with such a value.
        row: usize,
        /// The value.
        value: f64,
        /// Rows with such a value.
        count: usize,
    },
}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { column } => write!(f, "column `{column}` is absent"),
            Self::Length { column, found, expected } => {
                write!(f, "column `{column}` has {found} cells, expected {expected}")
            }
            Self::Text { column, row, value } => {
                write!(f, "column `{column}` has the text `{value}` in row {row}, expected numbers")
            }
            Self::Numbers { column } => write!(f, "column `{column}` has numbers, expected text"),
            Self::Code { column, row, code } => {
                write!(f, "column `{column}` has code {code} in row {row}, which is none of its levels")
            }
            Self::Level { column, row, value, levels: [no, yes] } => {
                write!(f, "column `{column}` has `{value}` in row {row}, expected `{no}` or `{yes}`")
            }
            Self::Extreme { column, row, value, count } => {
                write!(f, "column `{column}` has the value {value:e} in row {row}")?;
                if *count > 1 {
                    write!(f, " and {} more like it", count - 1)?;
                }
                write!(f, ", expected at most 1e150 in magnitude")
            }
        }
    }
}

impl CodecError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRows => "give the training part of the split at least one row",
            Self::UnknownDrop { .. } => "correct the names in `drop`",
            Self::NothingLeft { .. } => {
                "change the kinds in schema.json, drop fewer columns, or train on rows with values"
            }
            Self::Columns(problems)
                if problems.iter().any(|p| matches!(p, ColumnProblem::Extreme { .. })) =>
            {
                "correct these cells or leave them empty, which means missing"
            }
            Self::Columns(_) => "use data with the columns the codec was fitted on",
            Self::Width { .. } => "decode only matrices that this codec encoded or a model fitted on it made",
            Self::NotFinite { .. } => {
                "the model that made the matrix has diverged, fit it again at a lower rate"
            }
            Self::Corrupt { .. } => "the file was changed or damaged, fit again",
            Self::ImageSize { .. } => "use images of the size the codec was fitted on",
            Self::RowOutOfRange { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn joined(problems: &[ColumnProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
