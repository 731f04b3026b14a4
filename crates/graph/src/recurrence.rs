//! Recurrent layers over whole sequences, each as one operation.
//!
//! A sequence is `[rows, steps, inputs]`. Its states `h` are one function of sequence, weights and mask, and what a loss
//! needs of it are two more: the adjoint of the sequence and the adjoint of the weights, given the adjoint `g` of the
//! states. All three read the same trace of gates, which is computed once and has no place among expressions
//! (`plan/lower.rs`). Gradients of the two adjoints go by the unrolled form, which is made of other primitives, so
//! gradients of any order work.

mod unrolled;

use crate::expr::Expr;
use crate::op::{Id, Op};
use crate::shape::Shape;

pub(crate) use unrolled::unrolled;

/// The rule by which a state follows from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000): gates
    /// `i, f, g, o = σ, σ, tanh, σ` of `x W + b + h U`, `c' = f c + i g`, `h' = o tanh(c')`.
    Lstm,
    /// The gated recurrent unit (Cho et al. 2014) with the reset gate after the product, as in cuDNN, PyTorch and
    /// Keras: `r, z = σ(x W + b + h U + c)`, `n = tanh(x W + b + r (h U + c))`, `h' = (1 - z) n + z h`.
    Gru,
}

impl Cell {
    /// Gates whose weights lie side by side: i, f, g, o or r, z, n.
    pub fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }

    /// Rows of the matrix of weights for so many inputs and units: `W`, `b`, `U` and, of a gated recurrent unit, `c`.
    pub fn weight_rows(self, inputs: usize, units: usize) -> usize {
        match self {
            Self::Lstm => inputs + 1 + units,
            Self::Gru => inputs + 1 + units + 1,
        }
    }

    /// Values a unit carries from step to step.
    pub(crate) fn carried(self) -> usize {
        match self {
            Self::Lstm => 2,
            Self::Gru => 1,
        }
    }
}

/// The sizes of a recurrent layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Recurrence {
    pub(crate) cell: Cell,
    pub(crate) steps: usize,
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    /// Sequences that a row of the batch holds.
    pub(crate) sequences: usize,
    /// Whether every step has the same input, which a row then holds once.
    pub(crate) repeats: bool,
    /// Whether only the state after the last step is asked for.
    pub(crate) last: bool,
}

impl Recurrence {
    /// Sums of a step that gates are made of, for each unit: of both cells four. The one of a gated recurrent unit's `n` has
    /// two parts, because the reset gate stands between them.
    pub(crate) const SUMS: usize = 4;

    /// Columns of the weights.
    pub(crate) fn columns(&self) -> usize {
        self.cell.gates() * self.units
    }

    /// Rows of the weights.
    pub(crate) fn depth(&self) -> usize {
        self.cell.weight_rows(self.inputs, self.units)
    }

    /// Values of a sequence.
    pub(crate) fn input_width(&self) -> usize {
        if self.repeats { self.inputs } else { self.steps * self.inputs }
    }

    /// Values of a sequence's states.
    pub(crate) fn state_width(&self) -> usize {
        if self.last { self.units } else { self.steps * self.units }
    }

    /// Values that a step leaves behind for the way back: what is carried, then the gates.
    pub(crate) fn step_width(&self) -> usize {
        (self.cell.carried() + Self::SUMS) * self.units
    }

    /// The same layer, whichever of its states are asked for.
    pub(crate) fn as_traced(&self) -> Self {
        Self { last: false, ..*self }
    }

    /// Values the trace of a sequence has.
    pub(crate) fn trace_width(&self) -> usize {
        self.steps * self.step_width()
    }

    /// Adjoints of the sums of a sequence.
    pub(crate) fn adjoint_width(&self) -> usize {
        self.steps * Self::SUMS * self.units
    }
}

impl<'g> Expr<'g> {
    /// The states of a recurrent layer after every step of `[rows, steps, inputs]`: `[rows, steps, units]`. The state
    /// before the first step is zero. Axes before the steps are kept, each with sequences of its own.
    ///
    /// `weights` is a shared matrix `[Cell::weight_rows(inputs, units), Cell::gates() * units]`: `W`, under it `b`,
    /// under it `U` and, of a gated recurrent unit, `c`, with the columns of one gate after those of the other.
    ///
    /// `mask` (`[rows, steps]`) is not 0 where a step counts. At other steps the state stays what it was, whatever the
    /// input is there; no gradient flows to the mask.
    pub fn recurrent(self, cell: Cell, weights: Self, mask: Option<Self>) -> Self {
        let sizes = (cell, None, false);
        self.recurrence(sizes, weights, mask).unwrap_or_else(|| self.mismatch("recurrent", weights))
    }

    /// The state of a recurrent layer after the last step alone, `[rows, units]`; else as [`Self::recurrent`].
    pub fn recurrent_last(self, cell: Cell, weights: Self, mask: Option<Self>) -> Self {
        let sizes = (cell, None, true);
        self.recurrence(sizes, weights, mask).unwrap_or_else(|| self.mismatch("recurrent_last", weights))
    }

    /// The states of a recurrent layer whose input is the same `[rows, inputs]` at each of `steps` steps: what
    /// [`Self::recurrent`] gives for [`Self::repeat`], without writing it down so often.
    pub fn recurrent_repeated(self, cell: Cell, weights: Self, steps: usize, mask: Option<Self>) -> Self {
        let sizes = (cell, Some(steps), false);
        self.recurrence(sizes, weights, mask).unwrap_or_else(|| self.mismatch("recurrent_repeated", weights))
    }

    fn recurrence(
        self,
        (cell, repeated, last): (Cell, Option<usize>, bool),
        weights: Self,
        mask: Option<Self>,
    ) -> Option<Self> {
        let (own, right) = (self.shape(), weights.shape());
        let (before, inputs) = own.dims.split_last().map(|(inputs, before)| (before, *inputs))?;
        let (before, steps) = match repeated {
            Some(steps) => (before, steps),
            None => before.split_last().map(|(steps, before)| (before, *steps))?,
        };
        let units = right.dims.last().map_or(0, |columns| columns / cell.gates());
        let fits = [cell.weight_rows(inputs, units), cell.gates() * units] == right.dims[..];
        if !own.rows || right.rows || !fits || units == 0 || steps == 0 || weights.is_foreign(self.graph) {
            return None;
        }
        let counted = Shape::with_rows(&[before, &[steps]].concat());
        if let Some(mask) = mask
            && (mask.is_foreign(self.graph) || mask.shape() != counted)
        {
            return Some(self.mismatch("recurrent, masked,", mask));
        }
        let (sequences, repeats) = (before.iter().product(), repeated.is_some());
        let r = Recurrence { cell, steps, inputs, units, sequences, repeats, last };
        let dims = if last { [before, &[units]].concat() } else { [before, &[steps, units]].concat() };
        let op = Op::Recurrent { x: self.id, weights: weights.id, mask: mask.map(|mask| mask.id), r };
        Some(self.graph.node(op, Shape::with_rows(&dims)))
    }

    /// The adjoint of the sequence `self` for the adjoint `g` of its states.
    pub(crate) fn recurrent_input(self, weights: Self, mask: Option<Id>, g: Self, r: Recurrence) -> Self {
        let op = Op::RecurrentInput { x: self.id, weights: weights.id, mask, g: g.id, r };
        self.graph.node(op, self.shape())
    }

    /// The adjoint of the weights for the adjoint `g` of the states.
    pub(crate) fn recurrent_weight(self, weights: Self, mask: Option<Id>, g: Self, r: Recurrence) -> Self {
        let op = Op::RecurrentWeight { x: self.id, weights: weights.id, mask, g: g.id, r };
        self.graph.node(op, weights.shape())
    }
}
