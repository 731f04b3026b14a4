//! The primitives: about forty, closed under differentiation.

use crate::recurrence::Recurrence;
use crate::window::Geometry;

/// A node's index in its graph.
pub(crate) type Id = u32;

/// Elementwise functions of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Unary {
    Neg,
    Exp,
    Ln,
    Sqrt,
    Tanh,
    Sigmoid,
    Softplus,
    Abs,
    Sign,
}

/// Elementwise functions of two values; comparisons give 1 or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Less,
    Equal,
}

impl Unary {
    /// The value for one number, for constants.
    pub(crate) fn apply(self, x: f32) -> f32 {
        match self {
            Self::Neg => -x,
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Sqrt => x.sqrt(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Abs => x.abs(),
            Self::Sign => f32::from(x > 0.0) - f32::from(x < 0.0),
        }
    }
}

impl Binary {
    /// The value for two numbers, for constants.
    pub(crate) fn apply(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            // NaN passes through, as in the kernels.
            Self::Min => {
                if a < b || a.is_nan() {
                    a
                } else {
                    b
                }
            }
            Self::Max => {
                if a > b || a.is_nan() {
                    a
                } else {
                    b
                }
            }
            Self::Less => f32::from(a < b),
            Self::Equal => f32::from(a == b),
        }
    }

    /// The name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Min => "min",
            Self::Max => "max",
            Self::Less => "less",
            Self::Equal => "equal",
        }
    }
}

/// What random nodes are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Distribution {
    Uniform,
    Normal,
}

/// How values are gathered into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fold {
    Sum,
    Max,
}

/// What a node computes. Shapes are the node's; see the constructors in `expr.rs` for what each takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A value fed at each run.
    Input(usize),
    /// A value that lives from run to run.
    State(usize),
    /// A scalar, as its bits.
    Const(u32),
    /// The number of rows of the run.
    RowCount,
    /// Fresh noise at each run.
    Random(Distribution, u32),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// `if mask != 0 { a } else { b }`.
    Select(Id, Id, Id),
    /// The same value, without gradient.
    Detach(Id),
    /// Repeats along axes of length 1, missing leading axes, and the row axis.
    Broadcast(Id),
    Reshape(Id),
    /// New axis `i` is old axis `order[i]`.
    Permute(Id, Vec<usize>),
    Concat(Vec<Id>, usize),
    Slice {
        of: Id,
        axis: usize,
        start: usize,
    },
    /// Zeros before and after along an axis.
    Pad {
        of: Id,
        axis: usize,
        before: usize,
    },
    /// An axis from its end to its beginning.
    Reverse(Id, usize),
    /// Over one axis, which keeps length 1.
    Reduce(Fold, Id, usize),
    /// Over the row axis, which goes.
    ReduceRows(Fold, Id),
    /// `op(a) op(b)`; `a` may have rows and leading axes when `ta` is false, `b` is a shared matrix.
    MatMul {
        a: Id,
        b: Id,
        ta: bool,
        tb: bool,
    },
    /// The sum over rows (and leading axes) of outer products: `aᵀ b`.
    Contract(Id, Id),
    /// From the fine to the coarse side of a convolution; `w` is `[kh, kw, fine, coarse]` channels.
    Conv {
        x: Id,
        w: Id,
        geometry: Geometry,
    },
    /// From the coarse to the fine side, with the same weights.
    ConvTransposed {
        y: Id,
        w: Id,
        geometry: Geometry,
    },
    /// From both sides to the weights.
    ConvWeight {
        x: Id,
        y: Id,
        geometry: Geometry,
    },
    /// The states of a recurrent layer.
    Recurrent {
        x: Id,
        weights: Id,
        mask: Option<Id>,
        r: Recurrence,
    },
    /// The adjoint of its sequence, `g` being that of its states.
    RecurrentInput {
        x: Id,
        weights: Id,
        mask: Option<Id>,
        g: Id,
        r: Recurrence,
    },
    /// The adjoint of its weights.
    RecurrentWeight {
        x: Id,
        weights: Id,
        mask: Option<Id>,
        g: Id,
        r: Recurrence,
    },
    /// Row `index` of a shared table.
    Gather {
        table: Id,
        index: Id,
    },
    /// Adds rows into a shared table of `n` rows at `index`.
    Scatter {
        of: Id,
        index: Id,
        n: usize,
    },
}

impl Op {
    /// The name in messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::State(_) => "state",
            Self::Const(_) => "constant",
            Self::RowCount => "row count",
            Self::Random(..) => "noise",
            Self::Unary(..) => "elementwise function",
            Self::Binary(op, ..) => op.name(),
            Self::Select(..) => "select",
            Self::Detach(_) => "detach",
            Self::Broadcast(_) => "broadcast",
            Self::Reshape(_) => "reshape",
            Self::Permute(..) => "permute",
            Self::Concat(..) => "concat",
            Self::Slice { .. } => "slice",
            Self::Pad { .. } => "pad",
            Self::Reverse(..) => "reverse",
            Self::Reduce(..) => "reduction over an axis",
            Self::ReduceRows(..) => "reduction over rows",
            Self::MatMul { .. } => "matmul",
            Self::Contract(..) => "contract",
            Self::Conv { .. } => "conv2d",
            Self::ConvTransposed { .. } => "conv2d_transposed",
            Self::ConvWeight { .. } => "conv2d_weight",
            Self::Recurrent { .. } => "recurrent",
            Self::RecurrentInput { .. } => "recurrent_input",
            Self::RecurrentWeight { .. } => "recurrent_weight",
            Self::Gather { .. } => "gather",
            Self::Scatter { .. } => "scatter",
        }
    }

    /// The nodes this one reads.
    pub(crate) fn operands(&self) -> Vec<Id> {
        match self {
            Self::Input(_) | Self::State(_) | Self::Const(_) | Self::RowCount | Self::Random(..) => vec![],
            Self::Unary(_, a)
            | Self::Detach(a)
            | Self::Broadcast(a)
            | Self::Reshape(a)
            | Self::Permute(a, _)
            | Self::Slice { of: a, .. }
            | Self::Pad { of: a, .. }
            | Self::Reverse(a, _)
            | Self::Reduce(_, a, _)
            | Self::ReduceRows(_, a) => vec![*a],
            Self::Binary(_, a, b) | Self::MatMul { a, b, .. } | Self::Contract(a, b) => vec![*a, *b],
            Self::Conv { x: a, w: b, .. }
            | Self::ConvTransposed { y: a, w: b, .. }
            | Self::ConvWeight { x: a, y: b, .. } => vec![*a, *b],
            Self::Recurrent { x, weights, mask, .. } => [*x, *weights].into_iter().chain(*mask).collect(),
            Self::RecurrentInput { x, weights, mask, g, .. }
            | Self::RecurrentWeight { x, weights, mask, g, .. } => {
                [*x, *weights, *g].into_iter().chain(*mask).collect()
            }
            Self::Gather { table, index } => vec![*table, *index],
            Self::Scatter { of, index, .. } => vec![*of, *index],
            Self::Select(m, a, b) => vec![*m, *a, *b],
            Self::Concat(parts, _) => parts.clone(),
        }
    }
}
