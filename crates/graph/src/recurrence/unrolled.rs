//! A recurrent layer step by step, as expressions of other primitives: what the operation is checked against, and what
//! gradients of its gradients go by.

use super::{Cell, Recurrence};
use crate::expr::Expr;
use crate::shape::Shape;

/// What [`Expr::recurrent`] and its siblings compute.
pub(crate) fn unrolled<'g>(
    x: Expr<'g>,
    weights: Expr<'g>,
    mask: Option<Expr<'g>>,
    r: &Recurrence,
) -> Expr<'g> {
    let (graph, n, columns, sequences) = (x.graph, r.units, r.columns(), r.sequences);
    let row = |at: usize| weights.slice(0, at, 1).reshape(&[columns]);
    let (w, b) = (weights.slice(0, 0, r.inputs), row(r.inputs));
    let u = weights.slice(0, r.inputs + 1, n);
    let part = |sums: Expr<'g>, at: usize| sums.slice(1, at * n, n);
    let lead = x.shape().dims.len() - if r.repeats { 1 } else { 2 };
    let before = x.shape().dims[..lead].to_vec();
    let x = x.reshape(&[sequences, r.input_width() / r.inputs, r.inputs]);
    let mask = mask.map(|mask| mask.reshape(&[sequences, r.steps]));
    let zero = graph.constant(0.0).broadcast(&Shape::with_rows(&[sequences, n]));
    let (mut h, mut c) = (zero, zero);
    let mut states = Vec::new();
    for t in 0..r.steps {
        let input = x.slice(1, if r.repeats { 0 } else { t }, 1).reshape(&[sequences, r.inputs]);
        let (fed, back) = (input.matmul(w) + b, h.matmul(u));
        let (new, cell) = match r.cell {
            Cell::Lstm => {
                let sums = fed + back;
                let (i, f) = (part(sums, 0).sigmoid(), part(sums, 1).sigmoid());
                let (g, o) = (part(sums, 2).tanh(), part(sums, 3).sigmoid());
                let cell = f * c + i * g;
                (o * cell.tanh(), cell)
            }
            Cell::Gru => {
                let back = back + row(r.inputs + 1 + n);
                let gates = (fed + back).sigmoid();
                let (reset, keep) = (part(gates, 0), part(gates, 1));
                let candidate = (part(fed, 2) + reset * part(back, 2)).tanh();
                (candidate + keep * (h - candidate), c)
            }
        };
        let counts = mask.map(|mask| mask.slice(1, t, 1));
        let chosen = |new: Expr<'g>, old: Expr<'g>| counts.map_or(new, |counts| counts.select(new, old));
        (h, c) = (chosen(new, h), chosen(cell, c));
        states.push(h.reshape(&[sequences, 1, n]));
    }
    if r.last {
        h.reshape(&[before, vec![n]].concat())
    } else {
        graph.concat(&states, 1).reshape(&[before, vec![r.steps, n]].concat())
    }
}
