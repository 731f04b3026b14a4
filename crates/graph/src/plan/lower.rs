//! Which values have to be computed: the nodes the roots need, with layout-only nodes gone and products packed.

use std::collections::HashMap;

use super::ir::{Alone, Element, Ending, Given, Ir, IrNode, IrOp, Segment, View};
use crate::graph::{Inner, Node};
use crate::op::{Binary, Fold, Id, Op};
use crate::recurrence::Recurrence;
use crate::shape::{Shape, strided_index};
use crate::window::Geometry;

/// Values from which on a matrix of weights has its gradient computed over all rows at once, in pieces that end with the
/// optimizer: parts of it, one for each unit of work, would be written and read again far from the processor.
const LARGE: usize = 1 << 15;

/// The lowered graph and the lowered roots, in the order they were asked for.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) nodes: Vec<IrNode>,
    pub(crate) roots: Vec<Ir>,
}

/// Lowers what `roots` need.
pub(crate) fn lower(inner: &Inner, roots: &[Id]) -> Lowered {
    let mut uses = vec![0u32; inner.nodes.len()];
    let mut needed = vec![false; inner.nodes.len()];
    for &root in roots {
        needed[root as usize] = true;
        uses[root as usize] += 2; // A root is kept whatever else uses it.
    }
    for id in (0..inner.nodes.len()).rev() {
        if needed[id] {
            for operand in inner.nodes[id].op.operands() {
                needed[operand as usize] = true;
                uses[operand as usize] += 1;
            }
        }
    }
    let mut lowering = Lowering { inner, uses, map: HashMap::new(), nodes: Vec::new(), seen: HashMap::new() };
    for (id, needed) in needed.into_iter().enumerate() {
        if needed {
            let ir = lowering.node(id as Id);
            lowering.map.insert(id as Id, ir);
        }
    }
    let roots = roots.iter().map(|&root| lowering.buffered(lowering.map[&root])).collect();
    let mut lowered = Lowered { nodes: lowering.nodes, roots };
    lowered.drop_dead();
    lowered
}

/// What is multiplied by a packed right-hand side: both factors, and how.
#[derive(Debug, Clone, Copy)]
enum Product {
    /// Whether each factor is transposed.
    Matrix([Id; 2], [bool; 2]),
    Conv([Id; 2], Geometry),
    Transposed([Id; 2], Geometry),
}

impl Product {
    fn of(op: &Op) -> Option<Self> {
        match *op {
            Op::MatMul { a, b, ta, tb } => Some(Self::Matrix([a, b], [ta, tb])),
            Op::Conv { x, w, geometry } => Some(Self::Conv([x, w], geometry)),
            Op::ConvTransposed { y, w, geometry } => Some(Self::Transposed([y, w], geometry)),
            _ => None,
        }
    }
}

struct Lowering<'a> {
    inner: &'a Inner,
    uses: Vec<u32>,
    map: HashMap<Id, Ir>,
    nodes: Vec<IrNode>,
    seen: HashMap<IrNode, Ir>,
}

impl Lowering<'_> {
    fn push(&mut self, op: impl Into<IrOp>, rows: bool, width: usize) -> Ir {
        let node = IrNode { op: op.into(), rows, width };
        *self.seen.entry(node.clone()).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    /// The node as something with an address: what only a kernel can read is copied.
    fn buffered(&mut self, ir: Ir) -> Ir {
        let node = &self.nodes[ir];
        let (rows, width) = (node.rows, node.width);
        match node.op {
            IrOp::Given(Given::View(..) | Given::Const(_)) => self.push(Element::Copy(ir), rows, width),
            IrOp::Given(Given::Shared(_) | Given::State(_) | Given::RowCount)
            | IrOp::Element(_)
            | IrOp::Ending(_)
            | IrOp::Alone(_) => ir,
        }
    }

    fn finish(&mut self, fold: Fold, op: impl Into<IrOp>, width: usize) -> Ir {
        let parts = self.push(op, false, width);
        self.push(Element::Finish(fold, parts), false, width)
    }

    fn node(&mut self, id: Id) -> Ir {
        let Node { op, shape } = &self.inner.nodes[id as usize];
        let (rows, width) = (shape.rows, shape.width());
        let shape_of = |id: Id| &self.inner.nodes[id as usize].shape;
        match op {
            Op::Input(slot) => {
                let op = if rows { Alone::Load(*slot).into() } else { IrOp::from(Given::Shared(*slot)) };
                self.push(op, rows, width)
            }
            Op::State(index) => self.push(Given::State(*index), rows, width),
            Op::Const(bits) => self.push(Given::Const(*bits), rows, width),
            Op::RowCount => self.push(Given::RowCount, rows, width),
            Op::Random(distribution, stream) => self.push(Alone::Random(*distribution, *stream), rows, width),
            Op::Detach(a) | Op::Reshape(a) => self.map[a],
            Op::Unary(op, a) => self.push(Element::Unary(*op, self.map[a]), rows, width),
            Op::Binary(op, a, b) => self
                .biased(*op, *a, *b)
                .unwrap_or_else(|| self.push(Element::Binary(*op, self.map[a], self.map[b]), rows, width)),
            Op::Select(m, a, b) => {
                self.push(Element::Select(self.map[m], self.map[a], self.map[b]), rows, width)
            }
            Op::Broadcast(a) => {
                let source = shape_of(*a);
                let view = match (source.rows, source.width()) {
                    (own, w) if own == rows && w == width => return self.map[a],
                    (false, 1) => View::Scalar,
                    (false, w) if w == width => View::Column,
                    (true, 1) => View::Row,
                    (own, w) => {
                        View::Table { index: source.broadcast_index(shape), stride: if own { w } else { 0 } }
                    }
                };
                let source = self.map[a];
                // A view of a view of one shared value is a view of that value.
                let source = match (&self.nodes[source].op, &view) {
                    (IrOp::Given(Given::View(of, View::Scalar)), _) => {
                        let of = *of;
                        return self.push(Given::View(of, View::Scalar), rows, width);
                    }
                    (IrOp::Given(Given::View(..)), _) => self.buffered(source),
                    (IrOp::Given(Given::Const(_)), View::Scalar) => source,
                    _ => self.buffered(source),
                };
                self.push(Given::View(source, view), rows, width)
            }
            Op::Permute(a, order) => {
                let dims = &shape_of(*a).dims;
                let mut strides = vec![1; dims.len()];
                for i in (0..dims.len().saturating_sub(1)).rev() {
                    strides[i] = strides[i + 1] * dims[i + 1];
                }
                let strides: Vec<usize> = order.iter().map(|&i| strides[i]).collect();
                let index = strided_index(&shape.dims, &strides);
                let a = self.buffered(self.map[a]);
                self.push(Alone::Permute(a, index), rows, width)
            }
            Op::Concat(parts, axis) => {
                let mut at = 0;
                let mut moves = Vec::new();
                for part in parts {
                    let dims = &shape_of(*part).dims;
                    let segments = segments(dims, *axis, 0, dims[*axis], shape.dims[*axis], at, true);
                    at += dims[*axis];
                    moves.push((self.buffered(self.map[part]), segments));
                }
                self.push(Alone::Move(moves), rows, width)
            }
            Op::Slice { of, axis, start } => {
                let dims = &shape_of(*of).dims;
                let segments = segments(&shape.dims, *axis, 0, shape.dims[*axis], dims[*axis], *start, false);
                let of = self.buffered(self.map[of]);
                self.push(Alone::Move(vec![(of, segments)]), rows, width)
            }
            Op::Pad { of, axis, before } => {
                let dims = &shape_of(*of).dims;
                let segments = segments(dims, *axis, 0, dims[*axis], shape.dims[*axis], *before, true);
                let of = self.buffered(self.map[of]);
                self.push(Alone::Move(vec![(of, segments)]), rows, width)
            }
            Op::Reverse(a, axis) => {
                let dims = &shape_of(*a).dims;
                let (n, len) = (dims[*axis], dims[axis + 1..].iter().product::<usize>());
                let flipped = |at: usize| at / n * n + n - 1 - at % n;
                let segment = |at: usize| Segment { from: flipped(at) * len, to: at * len, len };
                let segments = (0..width / len).map(segment).collect();
                let of = self.buffered(self.map[a]);
                self.push(Alone::Move(vec![(of, segments)]), rows, width)
            }
            Op::Reduce(fold, a, axis) => {
                let dims = &shape_of(*a).dims;
                let outer = dims[..*axis].iter().product();
                let inner = dims[axis + 1..].iter().product();
                let (fold, mid) = (*fold, dims[*axis]);
                let of = self.buffered(self.map[a]);
                if rows && outer == 1 && inner == 1 {
                    return self.push(Ending::Width(fold, of), rows, width);
                }
                self.push(Alone::Reduce { fold, of, outer, mid, inner }, rows, width)
            }
            Op::ReduceRows(fold, a) => {
                let of = self.buffered(self.map[a]);
                self.finish(*fold, Ending::Rows(*fold, of), width)
            }
            Op::MatMul { a, b, ta, tb } => self.product(Product::Matrix([*a, *b], [*ta, *tb]), shape, None),
            Op::Conv { x, w, geometry } => self.product(Product::Conv([*x, *w], *geometry), shape, None),
            Op::ConvTransposed { y, w, geometry } => {
                self.product(Product::Transposed([*y, *w], *geometry), shape, None)
            }
            Op::ConvWeight { x, y, geometry } => {
                let (x, y) = (self.buffered(self.map[x]), self.buffered(self.map[y]));
                self.finish(Fold::Sum, Alone::ConvWeight { x, y, geometry: *geometry }, width)
            }
            Op::Contract(a, b) => {
                let (left, right) = (shape_of(*a), shape_of(*b));
                let (k, n) = (shape.dims[0], shape.dims[1]);
                debug_assert_eq!(left.width() / k.max(1), right.width() / n.max(1));
                let lead = left.width() / k.max(1);
                let (a, b) = (self.buffered(self.map[a]), self.buffered(self.map[b]));
                if lead == 1 && k * n >= LARGE {
                    return self.weigh((a, b), (k, n));
                }
                self.finish(Fold::Sum, Alone::Contract { a, b, lead, k, n }, width)
            }
            Op::Recurrent { x, weights, mask, r } => {
                let trace = self.trace(*x, *weights, *mask, r);
                self.push(Alone::States { trace, r: *r }, rows, width)
            }
            Op::RecurrentInput { x, weights, mask, g, r } => {
                let adjoints = self.sum_adjoints([*x, *weights, *g], *mask, r);
                let weights = self.buffered(self.map[weights]);
                let op = Alone::RecurrentInput { adjoints, weights, r: r.as_traced() };
                self.push(op, rows, width)
            }
            Op::RecurrentWeight { x, weights, mask, g, r } => {
                let trace = self.trace(*x, *weights, *mask, r);
                let adjoints = self.sum_adjoints([*x, *weights, *g], *mask, r);
                let x = self.buffered(self.map[x]);
                let mask = mask.map(|mask| self.buffered(self.map[&mask]));
                let op = Alone::RecurrentWeight { x, trace, adjoints, mask, r: r.as_traced() };
                self.finish(Fold::Sum, op, width)
            }
            Op::Gather { table, index } => {
                let dims = &shape_of(*table).dims;
                let (n, d) = (dims[0], dims[1]);
                let (table, index) = (self.buffered(self.map[table]), self.buffered(self.map[index]));
                self.push(Alone::Gather { table, index, n, d }, rows, width)
            }
            Op::Scatter { of, index, n } => {
                let (n, d) = (*n, shape.dims[1]);
                let (of, index) = (self.buffered(self.map[of]), self.buffered(self.map[index]));
                self.finish(Fold::Sum, Alone::Scatter { of, index, n, d }, width)
            }
        }
    }

    /// The trace of a recurrent layer, one for its states and both adjoints.
    fn trace(&mut self, x: Id, weights: Id, mask: Option<Id>, r: &Recurrence) -> Ir {
        let r = r.as_traced();
        let (x, weights) = (self.buffered(self.map[&x]), self.buffered(self.map[&weights]));
        let mask = mask.map(|mask| self.buffered(self.map[&mask]));
        self.push(Alone::Trace { x, weights, mask, r }, true, r.sequences * r.trace_width())
    }

    /// The adjoints of its sums, one for both adjoints; `operands` are sequence, weights and adjoint of the states.
    fn sum_adjoints(&mut self, operands: [Id; 3], mask: Option<Id>, r: &Recurrence) -> Ir {
        let trace = self.trace(operands[0], operands[1], mask, r);
        let [_, weights, g] = operands.map(|id| self.buffered(self.map[&id]));
        let mask = mask.map(|mask| self.buffered(self.map[&mask]));
        self.push(
            Alone::SumAdjoints { trace, weights, mask, g, r: *r },
            true,
            r.sequences * r.adjoint_width(),
        )
    }

    /// A product plus a vector as one product that starts from the vector, if nothing else needs the product alone.
    fn biased(&mut self, op: Binary, a: Id, b: Id) -> Option<Ir> {
        if op != Binary::Add {
            return None;
        }
        let nodes = &self.inner.nodes;
        for (product, bias) in [(a, b), (b, a)] {
            let (Some(factors), Op::Broadcast(vector)) =
                (Product::of(&nodes[product as usize].op), &nodes[bias as usize].op)
            else {
                continue;
            };
            let (source, shape) = (&nodes[*vector as usize].shape, &nodes[product as usize].shape);
            let one_a_column = !source.rows && source.dims.last() == shape.dims.last();
            if self.uses[product as usize] == 1 && one_a_column && source.width() == *shape.dims.last()? {
                let bias = self.buffered(self.map[vector]);
                return Some(self.product(factors, shape, Some(bias)));
            }
        }
        None
    }

    /// A matrix product or a convolution of this shape, with its right-hand side packed.
    fn product(&mut self, product: Product, shape: &Shape, bias: Option<Ir>) -> Ir {
        let operand = |this: &mut Self, id: Id| this.buffered(this.map[&id]);
        match product {
            Product::Matrix([a, b], [ta, tb]) => {
                let (left, right) =
                    (&self.inner.nodes[a as usize].shape, &self.inner.nodes[b as usize].shape);
                let (k, n) = if tb { (right.dims[1], right.dims[0]) } else { (right.dims[0], right.dims[1]) };
                let lead = left.width() / k.max(1);
                let (a, b) = (operand(self, a), operand(self, b));
                let packed = self.pack(b, k, n, tb);
                self.push(Alone::MatMul { a, packed, bias, lead, k, n, ta }, shape.rows, lead * n)
            }
            Product::Conv([x, w], geometry) => {
                let (x, w) = (operand(self, x), operand(self, w));
                let (k, n) = (geometry.taps() * geometry.fine_channels, geometry.coarse_channels);
                let packed = self.pack(w, k, n, false);
                let conv = Alone::Conv { x, packed, bias, geometry, transposed: false };
                self.push(conv, true, shape.width())
            }
            Product::Transposed([y, w], geometry) => {
                let (y, w) = (operand(self, y), operand(self, w));
                let len = crate::kernel::convolution::transposed_packed_len(&geometry);
                let packed = self.push(Alone::PackTransposed { w, geometry }, false, len);
                let conv = Alone::Conv { x: y, packed, bias, geometry, transposed: true };
                self.push(conv, true, shape.width())
            }
        }
    }

    /// A large weight gradient, over all rows at once instead of in parts.
    fn weigh(&mut self, (a, b): (Ir, Ir), (k, n): (usize, usize)) -> Ir {
        let column = crate::kernel::product::spaced(k);
        let a = if column == k { a } else { self.push(Alone::KeepRows { of: a, k }, true, column) };
        let b = self.push(Alone::PackRows { of: b, n }, true, crate::kernel::product::packed_len(1, n));
        self.push(Element::Weigh { a, b, column, k, n }, false, k * n)
    }

    fn pack(&mut self, b: Ir, k: usize, n: usize, transposed: bool) -> Ir {
        let len = crate::kernel::product::packed_len(k, n);
        self.push(Alone::Pack { b, k, n, transposed }, false, len)
    }
}

/// The contiguous runs by which a tensor of shape `dims` is cut along `axis` into (or out of) one of `length` there.
fn segments(
    dims: &[usize],
    axis: usize,
    start: usize,
    count: usize,
    length: usize,
    at: usize,
    into: bool,
) -> Vec<Segment> {
    let outer: usize = dims[..axis].iter().product();
    let inner: usize = dims[axis + 1..].iter().product();
    (0..outer)
        .map(|o| {
            let small = (o * count + start) * inner;
            let large = (o * length + at) * inner;
            let (from, to) = if into { (small, large) } else { (large, small) };
            Segment { from, to, len: count * inner }
        })
        .collect()
}

impl Lowered {
    /// Removes nodes that lowering made and then did without (the plain form of a biased product, say).
    fn drop_dead(&mut self) {
        let mut live = vec![false; self.nodes.len()];
        for &root in &self.roots {
            live[root] = true;
        }
        for ir in (0..self.nodes.len()).rev() {
            if live[ir] {
                for operand in self.nodes[ir].operands() {
                    live[operand] = true;
                }
            }
        }
        let mut new = vec![0; self.nodes.len()];
        let mut kept = Vec::new();
        for (ir, mut node) in std::mem::take(&mut self.nodes).into_iter().enumerate() {
            if live[ir] {
                node.map_operands(|operand| new[operand]);
                new[ir] = kept.len();
                kept.push(node);
            }
        }
        self.nodes = kept;
        for root in &mut self.roots {
            *root = new[*root];
        }
    }
}
