//! Symbolic differentiation: gradients are expressions of the same graph, so a gradient of a gradient works.

use std::collections::HashMap;

use crate::error::GraphError;
use crate::expr::Expr;
use crate::graph::Graph;
use crate::op::{Binary, Fold, Id, Op, Unary};
use crate::recurrence::{Recurrence, unrolled};
use crate::shape::Shape;

impl Graph {
    /// The gradient of a shared scalar with respect to each of `wrt`, in their shapes.
    ///
    /// For an expression with rows, the gradient of row `i` is with respect to row `i`.
    ///
    /// `wrt` are inputs, states or computed values. A reshape or a broadcast is refused: what is made from it may read
    /// the value under it instead, and its gradient would silently miss that.
    pub fn gradient<'g>(&'g self, of: Expr<'g>, wrt: &[Expr<'g>]) -> Vec<Expr<'g>> {
        if of.is_foreign(self) || wrt.iter().any(|x| x.is_foreign(self)) {
            self.fail(GraphError::Foreign { op: "gradient" });
            return wrt.to_vec();
        }
        let layout =
            |x: &&Expr<'g>| matches!(self.read().nodes[x.id as usize].op, Op::Reshape(_) | Op::Broadcast(_));
        if let Some(x) = wrt.iter().find(layout) {
            let needs = "what a reshape or broadcast was made from, not its result, to differentiate by";
            self.fail(GraphError::Operand { op: "gradient", needs, found: x.shape() });
        }
        let shape = of.shape();
        if shape.rows || shape.width() != 1 {
            self.fail(GraphError::Operand { op: "gradient", needs: "a shared scalar", found: shape });
            return wrt.to_vec();
        }
        self.propagated(of, self.constant(1.0).broadcast(&shape), wrt)
    }

    /// The adjoints of `wrt`, where `seed` is that of `of`, in their shapes.
    fn propagated<'g>(&'g self, of: Expr<'g>, seed: Expr<'g>, wrt: &[Expr<'g>]) -> Vec<Expr<'g>> {
        let mut adjoint = Adjoint { graph: self, terms: HashMap::new(), needed: self.depends_on(of.id, wrt) };
        adjoint.terms.insert(of.id, vec![seed]);
        for id in (0..=of.id).rev() {
            if adjoint.needed[id as usize]
                && let Some(g) = adjoint.sum(id)
            {
                adjoint.propagate(id, g);
            }
        }
        wrt.iter()
            .map(|x| {
                let zero = || self.constant(0.0).broadcast(&x.shape());
                adjoint.sum(x.id).map_or_else(zero, |g| g.broadcast(&x.shape()))
            })
            .collect()
    }

    /// For every node up to `last`, whether it depends on one of `wrt` through differentiable operations.
    fn depends_on(&self, last: Id, wrt: &[Expr<'_>]) -> Vec<bool> {
        let inner = self.read();
        let mut depends = vec![false; last as usize + 1];
        for x in wrt {
            if let Some(flag) = depends.get_mut(x.id as usize) {
                *flag = true;
            }
        }
        for id in 0..=last as usize {
            let op = &inner.nodes[id].op;
            let through = !matches!(
                op,
                Op::Detach(_) | Op::Unary(Unary::Sign, _) | Op::Binary(Binary::Less | Binary::Equal, ..)
            );
            depends[id] |= through && op.operands().iter().any(|&operand| depends[operand as usize]);
        }
        depends
    }
}

struct Adjoint<'g> {
    graph: &'g Graph,
    /// What has been found of each node's adjoint so far; their sum is the adjoint.
    terms: HashMap<Id, Vec<Expr<'g>>>,
    needed: Vec<bool>,
}

impl<'g> Adjoint<'g> {
    fn add(&mut self, id: Id, term: impl FnOnce() -> Expr<'g>) {
        if self.needed[id as usize] {
            self.terms.entry(id).or_default().push(term());
        }
    }

    /// The adjoint of node `id`, if anything depends on it.
    fn sum(&self, id: Id) -> Option<Expr<'g>> {
        let terms = self.joined(self.terms.get(&id)?);
        terms.into_iter().reduce(|sum, term| sum + term)
    }

    /// Terms that are zero but for separate parts of one axis (a tensor that was cut into slices has these) as one
    /// term: side by side they need one copy, added up they would need a full-sized sum for each slice.
    fn joined(&self, terms: &[Expr<'g>]) -> Vec<Expr<'g>> {
        let mut joined = Vec::new();
        let mut parts: Vec<(usize, usize, Expr<'g>)> = Vec::new();
        for &term in terms {
            match self.graph.read().nodes[term.id as usize].op {
                Op::Pad { of, axis, before } if parts.first().is_none_or(|first| first.0 == axis) => {
                    parts.push((axis, before, self.graph.expr(of)));
                }
                _ => joined.push(term),
            }
        }
        parts.sort_by_key(|&(_, before, _)| before);
        let end = |&(axis, before, part): &(usize, usize, Expr<'g>)| before + part.shape().dims[axis];
        let (Some(&(axis, _, _)), false) = (parts.first(), parts.windows(2).any(|w| end(&w[0]) > w[1].1))
        else {
            return terms.to_vec();
        };
        let shape = terms[0].shape();
        let zeros = |length: usize| {
            let mut gap = shape.clone();
            gap.dims[axis] = length;
            self.graph.constant(0.0).broadcast(&gap)
        };
        let mut row = Vec::new();
        let mut at = 0;
        for part in &parts {
            if part.1 > at {
                row.push(zeros(part.1 - at));
            }
            row.push(part.2);
            at = end(part);
        }
        if at < shape.dims[axis] {
            row.push(zeros(shape.dims[axis] - at));
        }
        if parts.len() == 1 {
            return terms.to_vec();
        }
        joined.push(self.graph.concat(&row, axis));
        joined
    }

    /// Hands the adjoint `g` of node `id` on to its operands.
    fn propagate(&mut self, id: Id, g: Expr<'g>) {
        let graph = self.graph;
        let node = graph.read().nodes[id as usize].clone();
        let y = graph.expr(id);
        let expr = |id: Id| graph.expr(id);
        match node.op {
            Op::Input(_) | Op::State(_) | Op::Const(_) | Op::RowCount | Op::Random(..) | Op::Detach(_) => {}
            Op::Unary(op, a) => self.add(a, || unary(op, expr(a), y, g)),
            Op::Binary(op, a, b) => {
                let (x, z) = (expr(a), expr(b));
                self.add(a, || binary_left(op, x, z, g));
                self.add(b, || binary_right(op, x, z, y, g));
            }
            Op::Select(m, a, b) => {
                let zero = graph.constant(0.0);
                self.add(a, || expr(m).select(g, zero));
                self.add(b, || expr(m).select(zero, g));
            }
            Op::Broadcast(a) => self.add(a, || sum_to(g, &expr(a).shape())),
            Op::Reshape(a) => self.add(a, || g.reshape(&expr(a).shape().dims)),
            Op::Permute(a, order) => self.add(a, || {
                let mut inverse = vec![0; order.len()];
                for (new, &old) in order.iter().enumerate() {
                    inverse[old] = new;
                }
                g.permute(&inverse)
            }),
            Op::Concat(parts, axis) => {
                let mut start = 0;
                for part in parts {
                    let length = expr(part).shape().dims[axis];
                    self.add(part, || g.slice(axis, start, length));
                    start += length;
                }
            }
            Op::Slice { of, axis, start } => self.add(of, || {
                let after = expr(of).shape().dims[axis] - start - node.shape.dims[axis];
                g.pad(axis, start, after)
            }),
            Op::Pad { of, axis, before } => {
                self.add(of, || g.slice(axis, before, expr(of).shape().dims[axis]));
            }
            Op::Reverse(a, axis) => self.add(a, || g.reverse(axis)),
            Op::Reduce(Fold::Sum, a, _) | Op::ReduceRows(Fold::Sum, a) => {
                self.add(a, || g.broadcast(&expr(a).shape()));
            }
            Op::Reduce(Fold::Max, a, axis) => {
                self.add(a, || {
                    let hit = expr(a).equal(y);
                    hit * (g / hit.sum(axis))
                });
            }
            Op::ReduceRows(Fold::Max, a) => {
                self.add(a, || {
                    let hit = expr(a).equal(y.broadcast(&expr(a).shape()));
                    hit * (g / hit.sum_rows())
                });
            }
            Op::MatMul { a, b, ta, tb } => {
                let (x, w) = (expr(a), expr(b));
                self.add(a, || if ta { w.matmul_with(g, tb, true) } else { g.matmul_with(w, false, !tb) });
                self.add(b, || match (x.shape().rows, tb) {
                    (true, false) => x.contract(g),
                    (true, true) => g.contract(x),
                    (false, false) => x.matmul_with(g, !ta, false),
                    (false, true) => g.matmul_with(x, true, ta),
                });
            }
            Op::Contract(a, b) => {
                let (x, z) = (expr(a), expr(b));
                self.add(a, || z.matmul_with(g, false, true));
                self.add(b, || x.matmul(g));
            }
            // The three operations are the partial derivatives of one trilinear form (`window.rs`), so each one's
            // adjoints are the other two.
            Op::Conv { x, w, geometry } => {
                self.add(x, || g.conv2d_transposed(expr(w), geometry.axes));
                self.add(w, || expr(x).conv2d_weight(g, geometry));
            }
            Op::ConvTransposed { y, w, geometry } => {
                self.add(y, || g.conv2d(expr(w), geometry.axes));
                self.add(w, || g.conv2d_weight(expr(y), geometry));
            }
            Op::ConvWeight { x, y, geometry } => {
                self.add(x, || expr(y).conv2d_transposed(g, geometry.axes));
                self.add(y, || expr(x).conv2d(g, geometry.axes));
            }
            Op::Recurrent { x, weights, mask, r } => {
                self.add(x, || expr(x).recurrent_input(expr(weights), mask, g, r));
                self.add(weights, || expr(x).recurrent_weight(expr(weights), mask, g, r));
            }
            Op::RecurrentInput { x, weights, mask, g: states, r } => {
                self.propagate_unrolled([x, weights, states], mask, &r, 0, g);
            }
            Op::RecurrentWeight { x, weights, mask, g: states, r } => {
                self.propagate_unrolled([x, weights, states], mask, &r, 1, g);
            }
            Op::Gather { table, index } => {
                let n = expr(table).shape().dims[0];
                self.add(table, || g.scatter(expr(index), n));
            }
            Op::Scatter { of, index, .. } => self.add(of, || g.gather(expr(index))),
        }
    }

    /// Hands on the adjoint `g` of an adjoint of a recurrent layer, that of its sequence (`by` 0) or its weights (1), by
    /// way of the layer's unrolled form; `operands` are sequence, weights and the adjoint of the states.
    fn propagate_unrolled(
        &mut self,
        operands: [Id; 3],
        mask: Option<Id>,
        r: &Recurrence,
        by: usize,
        g: Expr<'g>,
    ) {
        if !operands.iter().any(|&id| self.needed[id as usize]) {
            return;
        }
        // Stand-ins that nothing else is made from, so that no path goes around them.
        let graph = self.graph;
        let leaves = operands.map(|id| graph.expr(id).detach());
        let states = unrolled(leaves[0], leaves[1], mask.map(|id| graph.expr(id)), r);
        let first = graph.propagated(states, leaves[2], &leaves[by..=by])[0];
        for (id, term) in operands.into_iter().zip(graph.propagated(first, g, &leaves)) {
            self.add(id, || term);
        }
    }
}

fn unary<'g>(op: Unary, x: Expr<'g>, y: Expr<'g>, g: Expr<'g>) -> Expr<'g> {
    match op {
        Unary::Neg => -g,
        Unary::Exp => g * y,
        Unary::Ln => g / x,
        Unary::Sqrt => g * 0.5 / y,
        Unary::Tanh => g * (1.0 - y * y),
        Unary::Sigmoid => g * (y * (1.0 - y)),
        Unary::Softplus => g * x.sigmoid(),
        Unary::Abs => g * x.sign(),
        Unary::Sign => g * 0.0,
    }
}

fn binary_left<'g>(op: Binary, x: Expr<'g>, z: Expr<'g>, g: Expr<'g>) -> Expr<'g> {
    match op {
        Binary::Add | Binary::Sub => g,
        Binary::Mul => g * z,
        Binary::Div => g / z,
        Binary::Max => z.less(x) * g,
        Binary::Min => x.less(z) * g,
        Binary::Less | Binary::Equal => g * 0.0,
    }
}

fn binary_right<'g>(op: Binary, x: Expr<'g>, z: Expr<'g>, y: Expr<'g>, g: Expr<'g>) -> Expr<'g> {
    match op {
        Binary::Add => g,
        Binary::Sub => -g,
        Binary::Mul => g * x,
        Binary::Div => -(g * y / z),
        Binary::Max => (1.0 - z.less(x)) * g,
        Binary::Min => (1.0 - x.less(z)) * g,
        Binary::Less | Binary::Equal => g * 0.0,
    }
}

/// Sums `g` over whatever a broadcast from `shape` repeated: the adjoint of broadcasting.
fn sum_to<'g>(g: Expr<'g>, shape: &Shape) -> Expr<'g> {
    let own = g.shape();
    let missing = own.dims.len() - shape.dims.len();
    let mut g = g;
    if shape.width() == 1 {
        // One pass over the row instead of one an axis.
        g = g.sum_width();
    }
    if own.rows && !shape.rows {
        // Rows before axes: that sum is taken while the values are computed, and what is left is small.
        g = g.sum_rows();
    }
    if shape.width() != 1 {
        for axis in 0..own.dims.len() {
            if own.dims[axis] != 1 && (axis < missing || shape.dims[axis - missing] == 1) {
                g = g.sum(axis);
            }
        }
    }
    g.reshape(&shape.dims)
}
