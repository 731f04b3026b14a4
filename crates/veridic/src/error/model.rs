//! What models without a graph cannot learn from or answer.

/// What a model cannot learn from, or cannot answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Fewer rows than the model needs.
    #[error("{model} needs {needed} rows to learn from, there are {found}")]
    TooFewRows {
        /// The model, with its article.
        model: &'static str,
        /// Rows there are.
        found: usize,
        /// Rows needed.
        needed: usize,
    },
    /// No column that the model can use.
    #[error("{model} finds no column to learn from")]
    NoColumns {
        /// The model, with its article.
        model: &'static str,
    },
    /// More columns than the model can take, each level of a category counted.
    #[error("{model} takes at most {most} columns, there are {found}")]
    TooManyColumns {
        /// The model, with its article.
        model: &'static str,
        /// Columns there are, each level of a category counted.
        found: usize,
        /// Most columns.
        most: usize,
    },
    /// A table without a column that the model was fitted with.
    #[error("the table has no column `{column}`, which {model} was fitted with")]
    MissingColumn {
        /// The model, with its article.
        model: &'static str,
        /// The column.
        column: String,
    },
}

impl ModelError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooFewRows { .. } => None,
            Self::NoColumns { .. } => Some(
                "identifiers, constants and dropped columns are left out; the schema says which".to_string(),
            ),
            Self::TooManyColumns { .. } => Some("leave some out, or choose another detector".to_string()),
            Self::MissingColumn { .. } => Some("an empty column of that name will do".to_string()),
        }
    }
}
