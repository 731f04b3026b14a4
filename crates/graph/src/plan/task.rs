//! What a stage does, with places in it.

use super::ir::Segment;
use super::place::Place;
use crate::kernel::elementwise::{Instr, Reg};
use crate::op::{Distribution, Fold};
use crate::recurrence::Recurrence;
use crate::window::Geometry;

/// A step of the plan; all its tasks may run at the same time.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Tasks on shared values, in pieces that are independent of each other.
    Shared { tasks: Vec<Task>, pieces: Vec<Piece>, nanoseconds: f64 },
    /// Tasks done in order for each chunk of rows.
    Rows { tasks: Vec<Task>, nanoseconds_per_row: f64 },
}

/// A part of a shared task: values, or panels, from `start` to `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) task: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) enum Task {
    /// Copies the fed rows.
    Load {
        slot: usize,
        width: usize,
        out: Place,
    },
    Random {
        distribution: Distribution,
        stream: u32,
        width: usize,
        out: Place,
    },
    Kernel(Kernel),
    Pack {
        b: Place,
        k: usize,
        n: usize,
        transposed: bool,
        out: Place,
    },
    MatMul {
        a: Place,
        packed: Place,
        bias: Option<Place>,
        lead: usize,
        k: usize,
        n: usize,
        ta: bool,
        out: Place,
    },
    Contract {
        a: Place,
        b: Place,
        lead: usize,
        k: usize,
        n: usize,
        out: Place,
    },
    KeepRows {
        of: Place,
        k: usize,
        out: Place,
    },
    PackRows {
        of: Place,
        n: usize,
        out: Place,
    },
    PackTransposed {
        w: Place,
        geometry: Geometry,
        out: Place,
    },
    Conv {
        x: Place,
        packed: Place,
        bias: Option<Place>,
        geometry: Geometry,
        transposed: bool,
        out: Place,
    },
    ConvWeight {
        x: Place,
        y: Place,
        geometry: Geometry,
        out: Place,
    },
    Trace {
        x: Place,
        weights: Place,
        mask: Option<Place>,
        r: Recurrence,
        out: Place,
    },
    States {
        trace: Place,
        r: Recurrence,
        out: Place,
    },
    SumAdjoints {
        trace: Place,
        weights: Place,
        mask: Option<Place>,
        g: Place,
        r: Recurrence,
        out: Place,
    },
    RecurrentInput {
        adjoints: Place,
        weights: Place,
        r: Recurrence,
        out: Place,
    },
    RecurrentWeight {
        x: Place,
        trace: Place,
        adjoints: Place,
        mask: Option<Place>,
        r: Recurrence,
        out: Place,
    },
    Reduce {
        fold: Fold,
        of: Place,
        outer: usize,
        mid: usize,
        inner: usize,
        out: Place,
    },
    /// One operand after the other; `clear` first when they do not cover the result.
    Move {
        parts: Vec<(Place, usize, Vec<Segment>)>,
        width: usize,
        clear: bool,
        out: Place,
    },
    Permute {
        of: Place,
        of_width: usize,
        index: Vec<u32>,
        out: Place,
    },
    Gather {
        table: Place,
        index: Place,
        picks: usize,
        n: usize,
        d: usize,
        out: Place,
    },
    Scatter {
        of: Place,
        index: Place,
        picks: usize,
        n: usize,
        d: usize,
        out: Place,
    },
}

/// Where an output is read from after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputPlace {
    /// An entry of the row storage.
    Rows(usize),
    /// An offset into the shared memory.
    Shared(usize),
    /// A state that holds the same value.
    State(usize),
}

/// Where the new value of a state is copied from after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    /// An offset into the shared memory.
    Shared(usize),
    /// Another state with the same new value, which was written there.
    State(usize),
}

/// A fused elementwise program with places instead of addresses.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) rows: bool,
    pub(crate) width: usize,
    pub(crate) regs: Vec<Reg>,
    pub(crate) loads: Vec<(Load, u16)>,
    pub(crate) scalars: Vec<Scalar>,
    pub(crate) code: Vec<Instr>,
    pub(crate) sinks: Vec<(u16, SinkPlace)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Load {
    Full(Place),
    Column(Place),
    Row(Place),
    Table { of: Place, stride: usize, index: Vec<u32> },
    Parts { of: usize, fold: Fold },
    Weigh { a: Place, b: Place, column: usize, k: usize, n: usize },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar {
    Const(u32),
    Shared(Place),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum SinkPlace {
    Store(Place),
    FoldRow(Fold, Place),
    FoldRows(Fold, usize),
}
