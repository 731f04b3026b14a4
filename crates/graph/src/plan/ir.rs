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

/// What a node computes, by how: each kind is an enum of its own, so that whoever handles a kind handles all of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum IrOp {
    /// It is there already.
    Given(Given),
    /// An instruction of a fused kernel.
    Element(Element),
    /// What a fused kernel can end with.
    Ending(Ending),
    /// By a task of its own.
    Alone(Alone),
}

impl From<Given> for IrOp {
    fn from(op: Given) -> Self {
        Self::Given(op)
    }
}

impl From<Element> for IrOp {
    fn from(op: Element) -> Self {
        Self::Element(op)
    }
}

impl From<Ending> for IrOp {
    fn from(op: Ending) -> Self {
        Self::Ending(op)
    }
}

impl From<Alone> for IrOp {
    fn from(op: Alone) -> Self {
        Self::Alone(op)
    }
}

/// Values that are not computed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Given {
    /// An input without rows; those with rows are loaded chunk by chunk ([`Alone::Load`]).
    Shared(usize),
    State(usize),
    Const(u32),
    RowCount,
    View(Ir, View),
}

/// Instructions of fused kernels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Element {
    Copy(Ir),
    Unary(Unary, Ir),
    Binary(Binary, Ir, Ir),
    Select(Ir, Ir, Ir),
    /// Joins the parts of a sum over rows.
    Finish(Fold, Ir),
    /// `aᵀ b` over all rows at once, `k` x `n`, with `b` from [`Alone::PackRows`]; rows of `a` are `column` values apart.
    Weigh {
        a: Ir,
        b: Ir,
        column: usize,
        k: usize,
        n: usize,
    },
}

/// Folds that are taken from the registers of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    /// Over rows, in parts.
    Rows(Fold, Ir),
    /// Over the whole width of each row.
    Width(Fold, Ir),
}

/// What is computed by a task of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Alone {
    /// An input with rows.
    Load(usize),
    Random(Distribution, u32),
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
    /// Rows of `k` values that are kept until all rows have been computed, so far apart that they do not share few sets of a
    /// cache.
    KeepRows {
        of: Ir,
        k: usize,
    },
    /// All rows of `n` values as the packed right-hand side of one product.
    PackRows {
        of: Ir,
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

impl IrNode {
    /// Whether the node is there without being computed.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.op, IrOp::Given(_))
    }

    /// Whether the node is an input with rows.
    pub(crate) fn is_loaded(&self) -> bool {
        matches!(self.op, IrOp::Alone(Alone::Load(_)))
    }

    /// Whether the node is an instruction of a fused kernel.
    pub(crate) fn is_elementwise(&self) -> bool {
        matches!(self.op, IrOp::Element(_))
    }

    /// Columns of a weight gradient that is computed over all rows at once.
    pub(crate) fn weighs(&self) -> Option<usize> {
        match self.op {
            IrOp::Element(Element::Weigh { n, .. }) => Some(n),
            IrOp::Given(_) | IrOp::Element(_) | IrOp::Ending(_) | IrOp::Alone(_) => None,
        }
    }

    /// Whether the node is computed row by row: its value has rows, or it is a part of a fold over rows.
    pub(crate) fn is_in_rows(&self) -> bool {
        self.rows || self.is_partial()
    }

    /// Whether the value is folded over rows, in one part for each unit of work, which an [`Element::Finish`] joins.
    pub(crate) fn is_partial(&self) -> bool {
        match &self.op {
            IrOp::Given(_) | IrOp::Element(_) | IrOp::Ending(Ending::Width(..)) => false,
            IrOp::Ending(Ending::Rows(..)) => true,
            IrOp::Alone(op) => op.is_in_parts(),
        }
    }

    /// The nodes read; views are looked through by the scheduler.
    pub(crate) fn operands(&self) -> Vec<Ir> {
        match &self.op {
            IrOp::Given(Given::Shared(_) | Given::State(_) | Given::Const(_) | Given::RowCount) => vec![],
            IrOp::Given(Given::View(a, _))
            | IrOp::Element(Element::Copy(a) | Element::Unary(_, a) | Element::Finish(_, a))
            | IrOp::Ending(Ending::Rows(_, a) | Ending::Width(_, a)) => vec![*a],
            IrOp::Element(Element::Binary(_, a, b) | Element::Weigh { a, b, .. }) => vec![*a, *b],
            IrOp::Element(Element::Select(m, a, b)) => vec![*m, *a, *b],
            IrOp::Alone(op) => op.operands(),
        }
    }

    /// Replaces the nodes read.
    pub(crate) fn map_operands(&mut self, mut f: impl FnMut(Ir) -> Ir) {
        match &mut self.op {
            IrOp::Given(Given::Shared(_) | Given::State(_) | Given::Const(_) | Given::RowCount) => {}
            IrOp::Given(Given::View(a, _))
            | IrOp::Element(Element::Copy(a) | Element::Unary(_, a) | Element::Finish(_, a))
            | IrOp::Ending(Ending::Rows(_, a) | Ending::Width(_, a)) => *a = f(*a),
            IrOp::Element(Element::Binary(_, a, b) | Element::Weigh { a, b, .. }) => {
                (*a, *b) = (f(*a), f(*b));
            }
            IrOp::Element(Element::Select(m, a, b)) => (*m, *a, *b) = (f(*m), f(*a), f(*b)),
            IrOp::Alone(op) => op.map_operands(f),
        }
    }
}

impl Alone {
    /// Whether the value is a sum over rows in parts.
    fn is_in_parts(&self) -> bool {
        match self {
            Self::Contract { .. }
            | Self::ConvWeight { .. }
            | Self::RecurrentWeight { .. }
            | Self::Scatter { .. } => true,
            Self::Load(_)
            | Self::Random(..)
            | Self::Pack { .. }
            | Self::MatMul { .. }
            | Self::KeepRows { .. }
            | Self::PackRows { .. }
            | Self::PackTransposed { .. }
            | Self::Conv { .. }
            | Self::Trace { .. }
            | Self::States { .. }
            | Self::SumAdjoints { .. }
            | Self::RecurrentInput { .. }
            | Self::Reduce { .. }
            | Self::Move(_)
            | Self::Permute(..)
            | Self::Gather { .. } => false,
        }
    }

    fn operands(&self) -> Vec<Ir> {
        match self {
            Self::Load(_) | Self::Random(..) => vec![],
            Self::Pack { b: a, .. }
            | Self::PackTransposed { w: a, .. }
            | Self::KeepRows { of: a, .. }
            | Self::PackRows { of: a, .. }
            | Self::Reduce { of: a, .. }
            | Self::Permute(a, _)
            | Self::States { trace: a, .. } => vec![*a],
            Self::Contract { a, b, .. }
            | Self::ConvWeight { x: a, y: b, .. }
            | Self::Gather { table: a, index: b, .. }
            | Self::Scatter { of: a, index: b, .. }
            | Self::RecurrentInput { adjoints: a, weights: b, .. } => vec![*a, *b],
            Self::MatMul { a, packed, bias, .. } | Self::Conv { x: a, packed, bias, .. } => {
                [*a, *packed].into_iter().chain(*bias).collect()
            }
            Self::Trace { x: a, weights: b, mask, .. } => [*a, *b].into_iter().chain(*mask).collect(),
            Self::SumAdjoints { trace: a, weights: b, g: c, mask, .. }
            | Self::RecurrentWeight { x: a, trace: b, adjoints: c, mask, .. } => {
                [*a, *b, *c].into_iter().chain(*mask).collect()
            }
            Self::Move(parts) => parts.iter().map(|(a, _)| *a).collect(),
        }
    }

    fn map_operands(&mut self, mut f: impl FnMut(Ir) -> Ir) {
        match self {
            Self::Load(_) | Self::Random(..) => {}
            Self::Pack { b: a, .. }
            | Self::PackTransposed { w: a, .. }
            | Self::KeepRows { of: a, .. }
            | Self::PackRows { of: a, .. }
            | Self::Reduce { of: a, .. }
            | Self::Permute(a, _)
            | Self::States { trace: a, .. } => *a = f(*a),
            Self::Contract { a, b, .. }
            | Self::ConvWeight { x: a, y: b, .. }
            | Self::Gather { table: a, index: b, .. }
            | Self::Scatter { of: a, index: b, .. }
            | Self::RecurrentInput { adjoints: a, weights: b, .. } => (*a, *b) = (f(*a), f(*b)),
            Self::MatMul { a, packed, bias, .. } | Self::Conv { x: a, packed, bias, .. } => {
                (*a, *packed) = (f(*a), f(*packed));
                *bias = bias.map(f);
            }
            Self::Trace { x: a, weights: b, mask, .. } => {
                (*a, *b) = (f(*a), f(*b));
                *mask = mask.map(f);
            }
            Self::SumAdjoints { trace: a, weights: b, g: c, mask, .. }
            | Self::RecurrentWeight { x: a, trace: b, adjoints: c, mask, .. } => {
                (*a, *b, *c) = (f(*a), f(*b), f(*c));
                *mask = mask.map(f);
            }
            Self::Move(parts) => parts.iter_mut().for_each(|(a, _)| *a = f(*a)),
        }
    }
}
