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
    /// A table without a column that the model was fitted with.
    #[error("the table has no column `{column}`, which {model} was fitted with")]
    MissingColumn {
        /// The model, with its article.
        model: &'static str,
        /// The column.
        column: String,
    },
    /// A column that the model cannot do without.
    #[error("{model} needs a column `{column}`, which is not there")]
    NeededColumn {
        /// The model, with its article.
        model: &'static str,
        /// The column.
        column: String,
    },
    /// A column that the model has no place for.
    #[error("{model} has no place for the column `{column}`")]
    ForeignColumn {
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
            Self::NeededColumn { .. } => {
                Some("say in the settings of the model what it is called".to_string())
            }
            Self::ForeignColumn { .. } => {
                Some("leave it out: name the others as the columns of values".to_string())
            }
            Self::MissingColumn { .. } => Some("an empty column of that name will do".to_string()),
        }
    }
}
