//! How expressions are written down: [`Graph`] holds the nodes, [`Expr`] is a handle that reads like arithmetic.
//!
//! Nothing is computed here. A node that equals an earlier one is the earlier one, so common subexpressions are
//! shared from the start. The first mistake (two shapes that do not fit, say) is kept and returned by
//! [`Graph::check`] and by [`Graph::compile`], so that formulas need no `?` at every sign.

use crate::error::GraphError;
use crate::graph::Graph;
use crate::op::{Binary, Fold, Id, Op, Unary};
use crate::shape::Shape;

/// A tensor-valued expression of a [`Graph`]; cheap to copy.
#[derive(Clone, Copy)]
pub struct Expr<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) id: Id,
}

impl<'g> Expr<'g> {
    /// The shape of the value.
    pub fn shape(self) -> Shape {
        self.graph.read().nodes[self.id as usize].shape.clone()
    }

    /// Whether both are the same node of the same graph.
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.graph, other.graph) && self.id == other.id
    }

    /// The graph the expression belongs to.
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// The constant this is, if it is one.
    fn constant_value(self) -> Option<f32> {
        let inner = self.graph.read();
        let mut id = self.id;
        loop {
            match inner.nodes[id as usize].op {
                Op::Const(bits) => return Some(f32::from_bits(bits)),
                Op::Broadcast(of) | Op::Reshape(of) | Op::Detach(of) => id = of,
                _ => return None,
            }
        }
    }

    pub(crate) fn is_foreign(self, graph: &Graph) -> bool {
        !std::ptr::eq(self.graph, graph)
    }

    pub(crate) fn refuse(self, op: &'static str, needs: &'static str) -> Self {
        self.graph.fail(GraphError::Operand { op, needs, found: self.shape() });
        self
    }

    pub(crate) fn mismatch(self, op: &'static str, other: Self) -> Self {
        self.graph.fail(if other.is_foreign(self.graph) {
            GraphError::Foreign { op }
        } else {
            GraphError::Mismatch { op, left: self.shape(), right: other.shape() }
        });
        self
    }

    /// Repeats along axes of length 1, missing leading axes and, if `shape` has rows, over rows.
    pub fn broadcast(self, shape: &Shape) -> Self {
        let own = self.shape();
        if own == *shape {
            return self;
        }
        if own.broadcast(shape).as_ref() != Some(shape) {
            return self.refuse("broadcast", "a shape that stretches to the target");
        }
        // A broadcast of a broadcast is one broadcast when no axis is moved between them.
        let source = match self.graph.read().nodes[self.id as usize].op {
            Op::Broadcast(of) => of,
            _ => self.id,
        };
        self.graph.node(Op::Broadcast(source), shape.clone())
    }

    fn unary(self, op: Unary) -> Self {
        if let Some(value) = self.constant_value() {
            return self.graph.constant(op.apply(value)).broadcast(&self.shape());
        }
        self.graph.node(Op::Unary(op, self.id), self.shape())
    }

    fn binary(self, op: Binary, other: Self) -> Self {
        if other.is_foreign(self.graph) {
            return self.mismatch(op.name(), other);
        }
        let Some(shape) = self.shape().broadcast(&other.shape()) else {
            return self.mismatch(op.name(), other);
        };
        let (a, b) = (self.constant_value(), other.constant_value());
        if let (Some(a), Some(b)) = (a, b) {
            return self.graph.constant(op.apply(a, b)).broadcast(&shape);
        }
        let same = match (op, a, b) {
            (Binary::Add | Binary::Sub, _, Some(0.0)) | (Binary::Mul | Binary::Div, _, Some(1.0)) => {
                Some(self)
            }
            (Binary::Add, Some(0.0), _) | (Binary::Mul, Some(1.0), _) => Some(other),
            (Binary::Mul, Some(0.0), _) | (Binary::Mul, _, Some(0.0)) => Some(self.graph.constant(0.0)),
            _ => None,
        };
        if let Some(same) = same {
            return same.broadcast(&shape);
        }
        let (a, b) = (self.broadcast(&shape), other.broadcast(&shape));
        self.graph.node(Op::Binary(op, a.id, b.id), shape)
    }

    /// `e` to the power of each value.
    pub fn exp(self) -> Self {
        self.unary(Unary::Exp)
    }

    /// The natural logarithm; minus infinity at 0.
    pub fn ln(self) -> Self {
        self.unary(Unary::Ln)
    }

    /// The square root.
    pub fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }

    /// The hyperbolic tangent.
    pub fn tanh(self) -> Self {
        self.unary(Unary::Tanh)
    }

    /// `1 / (1 + exp(-x))`.
    pub fn sigmoid(self) -> Self {
        self.unary(Unary::Sigmoid)
    }

    /// `ln(1 + exp(x))`, without overflow.
    pub fn softplus(self) -> Self {
        self.unary(Unary::Softplus)
    }

    /// The absolute value.
    pub fn abs(self) -> Self {
        self.unary(Unary::Abs)
    }

    /// -1, 0 or 1.
    pub fn sign(self) -> Self {
        self.unary(Unary::Sign)
    }

    /// `x * x`.
    pub fn square(self) -> Self {
        self * self
    }

    /// `max(x, 0)`; its gradient at 0 is 0.
    pub fn relu(self) -> Self {
        self.max(self.graph.constant(0.0))
    }

    /// `x` where positive, else `slope * x`.
    pub fn leaky_relu(self, slope: f32) -> Self {
        self.graph.constant(0.0).less(self).select(self, self * slope)
    }

    /// Between `low` and `high`; the gradient is 0 outside.
    pub fn clamp(self, low: f32, high: f32) -> Self {
        self.max(self.graph.constant(low)).min(self.graph.constant(high))
    }

    /// The smaller of two values.
    pub fn min(self, other: Self) -> Self {
        self.binary(Binary::Min, other)
    }

    /// The larger of two values; where they are equal the gradient goes to `other`.
    pub fn max(self, other: Self) -> Self {
        self.binary(Binary::Max, other)
    }

    /// 1 where `self < other`, else 0; without gradient.
    pub fn less(self, other: Self) -> Self {
        self.binary(Binary::Less, other)
    }

    /// 1 where `self == other`, else 0; without gradient.
    pub fn equal(self, other: Self) -> Self {
        self.binary(Binary::Equal, other)
    }

    /// `a` where this mask is not 0, else `b`.
    pub fn select(self, a: Self, b: Self) -> Self {
        if a.is_foreign(self.graph) || b.is_foreign(self.graph) {
            self.graph.fail(GraphError::Foreign { op: "select" });
            return self;
        }
        let Some(values) = a.shape().broadcast(&b.shape()) else {
            return a.mismatch("select", b);
        };
        let Some(shape) = values.broadcast(&self.shape()) else {
            self.graph.fail(GraphError::Mismatch { op: "select", left: self.shape(), right: values });
            return self;
        };
        let (m, a, b) = (self.broadcast(&shape), a.broadcast(&shape), b.broadcast(&shape));
        self.graph.node(Op::Select(m.id, a.id, b.id), shape)
    }

    /// The same value, through which no gradient flows.
    pub fn detach(self) -> Self {
        self.graph.node(Op::Detach(self.id), self.shape())
    }

    /// Other fixed axes over the same values in the same order.
    pub fn reshape(self, dims: &[usize]) -> Self {
        let own = self.shape();
        let shape = Shape { rows: own.rows, dims: dims.to_vec() };
        if own.width() != shape.width() {
            return self.refuse("reshape", "as many values as the new axes hold");
        }
        if own == shape {
            return self;
        }
        let source = match self.graph.read().nodes[self.id as usize].op {
            Op::Reshape(of) => of,
            _ => self.id,
        };
        if self.graph.expr(source).shape() == shape {
            return self.graph.expr(source);
        }
        self.graph.node(Op::Reshape(source), shape)
    }

    /// Axes in another order: new axis `i` is old axis `order[i]`.
    pub fn permute(self, order: &[usize]) -> Self {
        let own = self.shape();
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if sorted != (0..own.dims.len()).collect::<Vec<_>>() {
            return self.refuse("permute", "each axis once");
        }
        let dims = order.iter().map(|&i| own.dims[i]).collect();
        self.graph.node(Op::Permute(self.id, order.to_vec()), Shape { rows: own.rows, dims })
    }

    /// `length` positions of an axis from `start`.
    pub fn slice(self, axis: usize, start: usize, length: usize) -> Self {
        let mut shape = self.shape();
        if axis >= shape.dims.len() || start.checked_add(length).is_none_or(|end| end > shape.dims[axis]) {
            return self.refuse("slice", "the axis and the range to be there");
        }
        if length == shape.dims[axis] {
            return self;
        }
        shape.dims[axis] = length;
        self.graph.node(Op::Slice { of: self.id, axis, start }, shape)
    }

    /// Zeros before and after along an axis.
    pub fn pad(self, axis: usize, before: usize, after: usize) -> Self {
        let mut shape = self.shape();
        if axis >= shape.dims.len() {
            return self.refuse("pad", "an axis that is there");
        }
        if before + after == 0 {
            return self;
        }
        shape.dims[axis] += before + after;
        self.graph.node(Op::Pad { of: self.id, axis, before }, shape)
    }

    fn reduce(self, fold: Fold, axis: usize) -> Self {
        let mut shape = self.shape();
        if axis >= shape.dims.len() {
            return self.refuse("reduce", "an axis that is there");
        }
        if shape.dims[axis] == 1 {
            return self;
        }
        shape.dims[axis] = 1;
        self.graph.node(Op::Reduce(fold, self.id, axis), shape)
    }

    /// The sum over a fixed axis, which keeps length 1.
    pub fn sum(self, axis: usize) -> Self {
        self.reduce(Fold::Sum, axis)
    }

    /// The mean over a fixed axis, which keeps length 1.
    pub fn mean(self, axis: usize) -> Self {
        let length = self.shape().dims.get(axis).copied().unwrap_or(1);
        self.sum(axis) * (1.0 / length as f32)
    }

    /// The maximum over a fixed axis, which keeps length 1; ties share the gradient.
    pub fn max_over(self, axis: usize) -> Self {
        self.reduce(Fold::Max, axis)
    }

    /// The sum of all values of a row (or of a shared tensor), shape `[1]`.
    pub fn sum_width(self) -> Self {
        self.reshape(&[self.shape().width()]).sum(0)
    }

    /// The mean of all values of a row (or of a shared tensor), shape `[1]`.
    pub fn mean_width(self) -> Self {
        self.reshape(&[self.shape().width()]).mean(0)
    }

    fn reduce_rows(self, fold: Fold) -> Self {
        let shape = self.shape();
        if !shape.rows {
            return self.refuse("reduction over rows", "a tensor with rows");
        }
        self.graph.node(Op::ReduceRows(fold, self.id), Shape::shared(&shape.dims))
    }

    /// The sum over rows; the result is shared.
    pub fn sum_rows(self) -> Self {
        self.reduce_rows(Fold::Sum)
    }

    /// The mean over rows; the result is shared.
    pub fn mean_rows(self) -> Self {
        self.sum_rows() / self.graph.row_count()
    }

    /// The maximum over rows; ties share the gradient.
    pub fn max_rows(self) -> Self {
        self.reduce_rows(Fold::Max)
    }

    /// `softmax` over the last axis.
    pub fn softmax(self) -> Self {
        let e = self.below_maximum().exp();
        e / e.sum(self.last_axis())
    }

    /// The logarithm of `softmax` over the last axis.
    pub fn log_softmax(self) -> Self {
        let below = self.below_maximum();
        below - below.exp().sum(self.last_axis()).ln()
    }

    // The maximum cancels in softmax, so it needs no gradient.
    fn below_maximum(self) -> Self {
        self - self.max_over(self.last_axis()).detach()
    }

    fn last_axis(self) -> usize {
        self.shape().dims.len().saturating_sub(1)
    }

    /// The product `[.., k] x [k, n]` with a shared matrix.
    pub fn matmul(self, b: Self) -> Self {
        self.matmul_with(b, false, false)
    }

    /// The product with either matrix transposed first; `self` is only transposed when it has no rows.
    pub fn matmul_with(self, b: Self, transpose_self: bool, transpose_b: bool) -> Self {
        let (left, right) = (self.shape(), b.shape());
        let fits = !b.is_foreign(self.graph)
            && !right.rows
            && right.dims.len() == 2
            && (left.rows || left.dims.len() == 2)
            && !(left.rows && (transpose_self || left.dims.is_empty()));
        if !fits {
            return self.mismatch("matmul", b);
        }
        let (k_b, n) =
            if transpose_b { (right.dims[1], right.dims[0]) } else { (right.dims[0], right.dims[1]) };
        let mut dims = left.dims.clone();
        if transpose_self {
            dims.swap(0, 1);
        }
        let last = dims.len() - 1;
        if dims[last] != k_b {
            return self.mismatch("matmul", b);
        }
        dims[last] = n;
        let op = Op::MatMul { a: self.id, b: b.id, ta: transpose_self, tb: transpose_b };
        self.graph.node(op, Shape { rows: left.rows, dims })
    }

    /// The sum over rows and leading axes of outer products, `selfᵀ other`: `[.., k]` and `[.., n]` give `[k, n]`.
    pub fn contract(self, other: Self) -> Self {
        let (left, right) = (self.shape(), other.shape());
        let rank = left.dims.len();
        let fits = !other.is_foreign(self.graph)
            && left.rows
            && right.rows
            && rank > 0
            && rank == right.dims.len()
            && left.dims[..rank - 1] == right.dims[..rank - 1];
        if !fits {
            return self.mismatch("contract", other);
        }
        let dims = [left.dims[rank - 1], right.dims[rank - 1]];
        self.graph.node(Op::Contract(self.id, other.id), Shape::shared(&dims))
    }

    /// Row `index` of this shared table `[n, d]` for each value of `index` (`[rows, t]`, whole numbers below `n`):
    /// `[rows, t, d]`. An index outside the table reads as zeros.
    pub fn gather(self, index: Self) -> Self {
        let (table, picks) = (self.shape(), index.shape());
        if table.rows || table.dims.len() != 2 || !picks.rows || index.is_foreign(self.graph) {
            return self.mismatch("gather", index);
        }
        let dims = [picks.width(), table.dims[1]];
        self.graph.node(Op::Gather { table: self.id, index: index.id }, Shape::with_rows(&dims))
    }

    /// The adjoint of [`Self::gather`]: adds `[rows, t, d]` into a table `[n, d]` of zeros.
    pub fn scatter(self, index: Self, n: usize) -> Self {
        let (values, picks) = (self.shape(), index.shape());
        let fits = values.rows
            && picks.rows
            && values.dims.len() == 2
            && values.dims[0] == picks.width()
            && !index.is_foreign(self.graph);
        if !fits {
            return self.mismatch("scatter", index);
        }
        let op = Op::Scatter { of: self.id, index: index.id, n };
        self.graph.node(op, Shape::shared(&[n, values.dims[1]]))
    }
}

impl std::fmt::Debug for Expr<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%{} {}", self.id, self.shape())
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $op:expr) => {
        impl<'g> std::ops::$trait for Expr<'g> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.binary($op, other)
            }
        }
        impl<'g> std::ops::$trait<f32> for Expr<'g> {
            type Output = Self;
            fn $method(self, other: f32) -> Self {
                self.binary($op, self.graph.constant(other))
            }
        }
        impl<'g> std::ops::$trait<Expr<'g>> for f32 {
            type Output = Expr<'g>;
            fn $method(self, other: Expr<'g>) -> Expr<'g> {
                other.graph.constant(self).binary($op, other)
            }
        }
    };
}

operator!(Add, add, Binary::Add);
operator!(Sub, sub, Binary::Sub);
operator!(Mul, mul, Binary::Mul);
operator!(Div, div, Binary::Div);

impl std::ops::Neg for Expr<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_expressions_are_one_node() {
        let graph = Graph::new();
        let x = graph.rows("x", &[3]);
        assert_eq!((x + 1.0).exp().id, (x + 1.0).exp().id);
        assert_ne!(graph.normal(&x.shape()).id, graph.normal(&x.shape()).id);
    }

    #[test]
    fn constants_fold_and_neutral_operands_vanish() {
        let graph = Graph::new();
        let x = graph.rows("x", &[3]);
        assert_eq!((x * 1.0 + 0.0).id, x.id);
        assert_eq!((graph.constant(2.0) * 3.0).constant_value(), Some(6.0));
        assert_eq!((x * 0.0).constant_value(), Some(0.0));
    }

    #[test]
    fn the_first_mistake_names_operation_and_shapes() {
        let graph = Graph::new();
        let x = graph.rows("x", &[3]);
        let w = graph.shared("w", &[4, 2]);
        let _ = x.matmul(w).tanh() + x.reshape(&[5]);
        assert_eq!(
            graph.check().map_err(|error| error.to_string()),
            Err("`matmul` cannot combine shapes [rows, 3] and [4, 2]".to_string())
        );
    }

    #[test]
    fn an_expression_of_another_graph_is_refused() {
        let (one, two) = (Graph::new(), Graph::new());
        let _ = one.constant(1.0).exp() + one.rows("x", &[2]) + two.rows("y", &[2]);
        assert_eq!(one.check(), Err(GraphError::Foreign { op: "add" }));
    }
}
