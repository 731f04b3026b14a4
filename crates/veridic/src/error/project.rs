use super::EvaluateError;

/// Errors of the area `project`: a projection that cannot be made of its input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// No rows, or no columns.
    #[error("a map needs rows and columns, found {rows} rows and {columns} columns")]
    Empty {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// A value that is not a finite number.
    #[error("{what} must be finite numbers, found {value} in row {row}, column {column}")]
    NotANumber {
        /// What the values are.
        what: &'static str,
        /// Where, from 1.
        row: usize,
        /// Where, from 1.
        column: usize,
        /// The value.
        value: f32,
    },
    /// Two matrices that belong together differ in shape.
    #[error("{what} are {found_rows} x {found_columns}, expected are {rows} x {columns}")]
    Shape {
        /// What the matrix holds.
        what: &'static str,
        /// Rows found.
        found_rows: usize,
        /// Columns found.
        found_columns: usize,
        /// Rows expected.
        rows: usize,
        /// Columns expected.
        columns: usize,
    },
    /// Fewer rows than the perplexity needs, where it must not be lowered.
    #[error("perplexity {perplexity} needs at least {needed} rows, found {found}")]
    TooFewRows {
        /// The largest perplexity asked for.
        perplexity: f64,
        /// Rows it needs: three times the perplexity, and one.
        needed: usize,
        /// Rows found.
        found: usize,
    },
    /// More rows than a map can hold.
    #[error("a map holds at most {most} rows, found {found}")]
    TooManyRows {
        /// Rows found.
        found: usize,
        /// Most rows.
        most: usize,
    },
    /// So many neighbors there are not.
    #[error("{k} neighbors of each row were asked for, allowed are 1 to the number of rows less one, {}", .rows.saturating_sub(1))]
    Neighbors {
        /// Neighbors asked for.
        k: usize,
        /// Rows.
        rows: usize,
    },
    /// A setting outside its range.
    #[error("`{field}` is {found}, allowed is {allowed}")]
    Range {
        /// The setting.
        field: &'static str,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A measure or a projection before the map.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// It was asked to stop before there was anything to show.
    #[error("stopped before the rows had neighbors; there is no map yet")]
    Stopped,
    /// The system gives no more threads.
    #[error("{threads} threads could not be started: {reason}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

impl ProjectError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotANumber { .. } => "leave such rows out, or fill their missing values",
            Self::TooFewRows { .. } => "lower the perplexity, or leave `strict` off to have it lowered",
            Self::Evaluate(error) => return error.hint(),
            Self::Threads { .. } => "ask for fewer threads",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
