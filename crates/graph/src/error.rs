//! What can be wrong with a graph or with what a plan is given.

use crate::shape::Shape;

/// A mistake in building, compiling or feeding a graph.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two operands do not fit.
    #[error("`{op}` cannot combine shapes {left} and {right}")]
    Mismatch {
        /// The operation.
        op: &'static str,
        /// Shape of the first operand.
        left: Shape,
        /// Shape of the second operand.
        right: Shape,
    },
    /// One operand has a shape the operation does not take.
    #[error("`{op}` needs {needs}, found shape {found}")]
    Operand {
        /// The operation.
        op: &'static str,
        /// What it takes.
        needs: &'static str,
        /// What it was given.
        found: Shape,
    },
    /// An expression of another graph was used.
    #[error("`{op}` was given an expression of another graph")]
    Foreign {
        /// The operation.
        op: &'static str,
    },
    /// A state that is not a state of this graph, or of another shape, was to be updated.
    #[error("cannot update {found} with a value of shape {value}")]
    Update {
        /// What was named as the state.
        found: String,
        /// Shape of the new value.
        value: Shape,
    },
    /// The number of feeds differs from the number of inputs.
    #[error("the plan has {expected} inputs, {found} were fed")]
    FeedCount {
        /// Inputs of the plan's graph.
        expected: usize,
        /// Feeds given.
        found: usize,
    },
    /// A feed has the wrong number of values.
    #[error("input `{input}` needs {expected} values, found {found}")]
    FeedLength {
        /// The input's name.
        input: String,
        /// Values needed.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A feed refers to a row that is not there.
    #[error("input `{input}` asks for row {row} of {rows}")]
    FeedRow {
        /// The input's name.
        input: String,
        /// The row asked for.
        row: usize,
        /// Rows there are.
        rows: usize,
    },
    /// A plan was run with states of another graph.
    #[error(
        "the states do not belong to this plan: state {index} has {found} values, the plan needs {expected}"
    )]
    States {
        /// Which state.
        index: usize,
        /// Values needed.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A mistake in this crate: what is compiled contradicts itself.
    #[error("internal error, please report it: {what}")]
    Internal {
        /// What was found.
        what: &'static str,
    },
    /// A plan was run on no rows.
    #[error("a plan needs at least one row, found 0")]
    NoRows,
}
