//! What is wrong with data that was built in memory.

/// What is wrong with a table or images in memory. Columns and rows are counted from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// There is nothing in it.
    #[error("there are no {what}")]
    Nothing {
        /// `rows`, `columns` or `images`.
        what: &'static str,
    },
    /// A column of another length than the table.
    #[error("column `{column}` has {found} cells, the table {expected} rows")]
    Length {
        /// The column.
        column: String,
        /// Its cells.
        found: usize,
        /// Rows of the table.
        expected: usize,
    },
    /// Two columns of one name.
    #[error("columns {first} and {second} are both named `{name}`")]
    DuplicateName {
        /// The name.
        name: String,
        /// The first column.
        first: usize,
        /// The second column.
        second: usize,
    },
    /// A number that is infinite.
    #[error("`{column}` in row {row} is {value}, which is not finite")]
    Infinite {
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A code of a text column that stands for no level.
    #[error("`{column}` in row {row} has the code {code}, and there are {levels} levels")]
    Code {
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The code, from 0.
        code: u32,
        /// Levels of the column.
        levels: usize,
    },
    /// A level that is there twice.
    #[error("`{column}` has the level `{level}` twice")]
    DuplicateLevel {
        /// The column.
        column: String,
        /// The level.
        level: String,
    },
    /// Pixels or labels that are not as many as the images have.
    #[error("{n} images of {height} x {width} x {channels} have {found} {what}, {expected} are expected")]
    Count {
        /// Images.
        n: usize,
        /// Their height.
        height: usize,
        /// Their width.
        width: usize,
        /// Their channels.
        channels: usize,
        /// `pixels` or `labels`.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
}

impl ContentError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Nothing { .. } => "give at least one".to_string(),
            Self::Length { .. } => "give each column one cell a row".to_string(),
            Self::DuplicateName { .. } => "rename one of them".to_string(),
            Self::Infinite { .. } => {
                "a missing number is NaN; leave the row out, or give a finite one".to_string()
            }
            Self::Code { .. } => "codes count the levels from 0; a missing cell is `MISSING`".to_string(),
            Self::DuplicateLevel { .. } => "give each level once".to_string(),
            Self::Count { .. } => return None,
        })
    }
}
