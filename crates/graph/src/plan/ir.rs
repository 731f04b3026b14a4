//! The lowered graph: what has to be computed, without layout-only nodes and with products packed.

use crate::op::{Binary, Distribution, Fold, Unary};
use crate::recurrence::Recurrence;
use crate::window::Geometry;

/// A node of the lowered graph, by index.
pub(crate) type Ir = usize;

/// How one row (or the whole, when shared) of a smaller value is read as a larger one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum View {
    /// One shared value.
    Scalar,
    /// A shared vector, the same for every row.
    Column,
    /// One value a row.
    Row,
    /// By an index; `stride` values further for each row.
    Table { index: Vec<u32>, stride: usize },
}

/// A contiguous run of values copied within a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Segment {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) len: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum IrOp {
    Input(usize),
    State(usize),
    Const(u32),
    RowCount,
    Random(Distribution, u32),
    View(Ir, View),
    Copy(Ir),
    Unary(Unary, Ir),
    Binary(Binary, Ir, Ir),
    Select(Ir, Ir, Ir),
    /// Joins the parts of a reduction over rows.
    Finish(Fold, Ir),
    /// The packed form of a `k` x `n` matrix.
    Pack {
        b: Ir,
        k: usize,
        n: usize,
        transposed: bool,
    },
    /// `lead` rows of `a` a row of the batch (or in all, when shared).
    MatMul {
        a: Ir,
        packed: Ir,
        bias: Option<Ir>,
        lead: usize,
        k: usize,
        n: usize,
        ta: bool,
    },
    Contract {
        a: Ir,
        b: Ir,
        lead: usize,
        k: usize,
        n: usize,
    },
    /// The packed form of a convolution's weights for its transpose.
    PackTransposed {
        w: Ir,
        geometry: Geometry,
    },
    Conv {
        x: Ir,
        packed: Ir,
        bias: Option<Ir>,
        geometry: Geometry,
        transposed: bool,
    },
    ConvWeight {
        x: Ir,
        y: Ir,
        geometry: Geometry,
    },
    /// What a recurrent layer leaves behind at each step, in an order that only the three below read.
    Trace {
        x: Ir,
        weights: Ir,
        mask: Option<Ir>,
        r: Recurrence,
    },
    /// The states of a trace.
    States {
        trace: Ir,
        r: Recurrence,
    },
    /// The adjoints of a recurrent layer's sums for those of its states, in an order that only the two below read.
    SumAdjoints {
        trace: Ir,
        weights: Ir,
        mask: Option<Ir>,
        g: Ir,
        r: Recurrence,
    },
    RecurrentInput {
        adjoints: Ir,
        weights: Ir,
        r: Recurrence,
    },
    RecurrentWeight {
        x: Ir,
        trace: Ir,
        adjoints: Ir,
        mask: Option<Ir>,
        r: Recurrence,
    },
    ReduceRows(Fold, Ir),
    Reduce {
        fold: Fold,
        of: Ir,
        outer: usize,
        mid: usize,
        inner: usize,
    },
    Move(Vec<(Ir, Vec<Segment>)>),
    Permute(Ir, Vec<u32>),
    Gather {
        table: Ir,
        index: Ir,
        n: usize,
        d: usize,
    },
    Scatter {
        of: Ir,
        index: Ir,
        n: usize,
        d: usize,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct IrNode {
    pub(crate) op: IrOp,
    /// Whether the value has rows.
    pub(crate) rows: bool,
    /// Values in a row, or in all.
    pub(crate) width: usize,
}

/// How a node is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is there already.
    Given,
    /// As an instruction of a fused kernel.
    Elementwise,
    /// Row by row into one part for each unit of work, which an [`IrOp::Finish`] joins; the value has no rows.
    Parts,
    /// By a task of its own.
    Alone,
}

impl IrNode {
    /// How the node is computed.
    pub(crate) fn kind(&self) -> Kind {
        match self.op {
            IrOp::State(_) | IrOp::Const(_) | IrOp::RowCount | IrOp::View(..) => Kind::Given,
            IrOp::Input(_) if self.rows => Kind::Alone,
            IrOp::Input(_) => Kind::Given,
            IrOp::Copy(_) | IrOp::Unary(..) | IrOp::Binary(..) | IrOp::Select(..) | IrOp::Finish(..) => {
                Kind::Elementwise
            }
            IrOp::Contract { .. }
            | IrOp::ConvWeight { .. }
            | IrOp::RecurrentWeight { .. }
            | IrOp::ReduceRows(..)
            | IrOp::Scatter { .. } => Kind::Parts,
            IrOp::Random(..)
            | IrOp::Pack { .. }
            | IrOp::MatMul { .. }
            | IrOp::PackTransposed { .. }
            | IrOp::Conv { .. }
            | IrOp::Trace { .. }
            | IrOp::States { .. }
            | IrOp::SumAdjoints { .. }
            | IrOp::RecurrentInput { .. }
            | IrOp::Reduce { .. }
            | IrOp::Move(_)
            | IrOp::Permute(..)
            | IrOp::Gather { .. } => Kind::Alone,
        }
    }

    /// Whether the node is an instruction of a fused kernel.
    pub(crate) fn is_elementwise(&self) -> bool {
        self.kind() == Kind::Elementwise
    }

    /// Whether the node is computed row by row: its value has rows, or it is a part of a reduction over rows.
    pub(crate) fn is_in_rows(&self) -> bool {
        self.rows || self.is_partial()
    }

    /// Whether the value is folded over rows in parts that a [`IrOp::Finish`] joins.
    pub(crate) fn is_partial(&self) -> bool {
        self.kind() == Kind::Parts
    }

    /// The nodes read; views are looked through by the scheduler.
    pub(crate) fn operands(&self) -> Vec<Ir> {
        match &self.op {
            IrOp::Input(_) | IrOp::State(_) | IrOp::Const(_) | IrOp::RowCount | IrOp::Random(..) => vec![],
            IrOp::View(a, _)
            | IrOp::Copy(a)
            | IrOp::Unary(_, a)
            | IrOp::Finish(_, a)
            | IrOp::Pack { b: a, .. }
            | IrOp::PackTransposed { w: a, .. }
            | IrOp::ReduceRows(_, a)
            | IrOp::Reduce { of: a, .. }
            | IrOp::Permute(a, _) => vec![*a],
            IrOp::Binary(_, a, b) | IrOp::Contract { a, b, .. } | IrOp::ConvWeight { x: a, y: b, .. } => {
                vec![*a, *b]
            }
            IrOp::Gather { table: a, index: b, .. } | IrOp::Scatter { of: a, index: b, .. } => vec![*a, *b],
            IrOp::Select(m, a, b) => vec![*m, *a, *b],
            IrOp::MatMul { a, packed, bias, .. } | IrOp::Conv { x: a, packed, bias, .. } => {
                [*a, *packed].into_iter().chain(*bias).collect()
            }
            IrOp::Trace { x: a, weights: b, mask, .. } => [*a, *b].into_iter().chain(*mask).collect(),
            IrOp::States { trace, .. } => vec![*trace],
            IrOp::SumAdjoints { trace: a, weights: b, g: c, mask, .. }
            | IrOp::RecurrentWeight { x: a, trace: b, adjoints: c, mask, .. } => {
                [*a, *b, *c].into_iter().chain(*mask).collect()
            }
            IrOp::RecurrentInput { adjoints: a, weights: b, .. } => vec![*a, *b],
            IrOp::Move(parts) => parts.iter().map(|(a, _)| *a).collect(),
        }
    }

    /// Replaces the nodes read.
    pub(crate) fn map_operands(&mut self, mut f: impl FnMut(Ir) -> Ir) {
        match &mut self.op {
            IrOp::Input(_) | IrOp::State(_) | IrOp::Const(_) | IrOp::RowCount | IrOp::Random(..) => {}
            IrOp::View(a, _)
            | IrOp::Copy(a)
            | IrOp::Unary(_, a)
            | IrOp::Finish(_, a)
            | IrOp::Pack { b: a, .. }
            | IrOp::PackTransposed { w: a, .. }
            | IrOp::ReduceRows(_, a)
            | IrOp::Reduce { of: a, .. }
            | IrOp::Permute(a, _) => *a = f(*a),
            IrOp::Binary(_, a, b)
            | IrOp::Contract { a, b, .. }
            | IrOp::ConvWeight { x: a, y: b, .. }
            | IrOp::Gather { table: a, index: b, .. }
            | IrOp::Scatter { of: a, index: b, .. } => (*a, *b) = (f(*a), f(*b)),
            IrOp::Select(m, a, b) => (*m, *a, *b) = (f(*m), f(*a), f(*b)),
            IrOp::MatMul { a, packed, bias, .. } | IrOp::Conv { x: a, packed, bias, .. } => {
                (*a, *packed) = (f(*a), f(*packed));
                *bias = bias.map(f);
            }
            IrOp::Trace { x: a, weights: b, mask, .. } => {
                (*a, *b) = (f(*a), f(*b));
                *mask = mask.map(f);
            }
            IrOp::States { trace, .. } => *trace = f(*trace),
            IrOp::SumAdjoints { trace: a, weights: b, g: c, mask, .. }
            | IrOp::RecurrentWeight { x: a, trace: b, adjoints: c, mask, .. } => {
                (*a, *b, *c) = (f(*a), f(*b), f(*c));
                *mask = mask.map(f);
            }
            IrOp::RecurrentInput { adjoints: a, weights: b, .. } => (*a, *b) = (f(*a), f(*b)),
            IrOp::Move(parts) => parts.iter_mut().for_each(|(a, _)| *a = f(*a)),
        }
    }
}
