/// Errors of the area `evaluate` and its controls: a figure that is not defined for the input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Nothing to measure.
    #[error("`{metric}` needs at least one value, found none")]
    Empty {
        /// The figure asked for.
        metric: &'static str,
    },
    /// Two slices that belong together differ in length.
    #[error("`{metric}` needs two lists of equal length, found {left} and {right}")]
    Lengths {
        /// The figure asked for.
        metric: &'static str,
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
    /// Only one of the two classes is there.
    #[error("`{metric}` needs rows of both classes, found {positives} unusual rows of {rows}")]
    OneClass {
        /// The figure asked for.
        metric: &'static str,
        /// Rows labelled true.
        positives: usize,
        /// Rows.
        rows: usize,
    },
    /// A value that is not a number.
    #[error("`{metric}` needs numbers, found {value} at index {index}")]
    NotANumber {
        /// The figure asked for.
        metric: &'static str,
        /// Where, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A factor of variation that does not vary.
    #[error("`{metric}` needs factors that vary, factor {} has one class", factor + 1)]
    ConstantFactor {
        /// The figure asked for.
        metric: &'static str,
        /// Which factor, from 0.
        factor: usize,
    },
    /// A parameter outside its range.
    #[error("`{name}` is {found}, allowed are {low} to {high}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: f64,
        /// Smallest allowed.
        low: f64,
        /// Largest allowed.
        high: f64,
    },
    /// Two matrices that belong together differ in width.
    #[error("the matrix has {found} columns, expected {expected}")]
    Width {
        /// Columns found.
        found: usize,
        /// Columns expected.
        expected: usize,
    },
    /// Tables that are compared lack columns of the schema, or hold other cells than it says.
    #[error("columns cannot be compared: {}", .0.join(", "))]
    Columns(Vec<String>),
}

impl EvaluateError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::OneClass { .. } => "evaluate on rows of both classes",
            Self::NotANumber { .. } => {
                "the model that made the scores has diverged, fit it again at a lower rate"
            }
            Self::ConstantFactor { .. } => "leave the factor out, or measure on rows where it varies",
            Self::Columns(_) => "compare tables with the columns and kinds of the schema",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
