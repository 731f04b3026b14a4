//! The nodes of a graph, the inputs they read and the states they keep.

use std::cell::{Ref, RefCell};
use std::collections::HashMap;

use crate::error::GraphError;
use crate::expr::Expr;
use crate::init::Init;
use crate::op::{Distribution, Id, Op};
use crate::shape::Shape;

/// A value that is fed at each run.
#[derive(Debug, Clone)]
pub(crate) struct InputDecl {
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

/// A value that lives from run to run.
#[derive(Debug, Clone)]
pub(crate) struct StateDecl {
    pub(crate) name: String,
    pub(crate) dims: Vec<usize>,
    pub(crate) init: Init,
}

/// One node: what it computes and the shape of the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) shape: Shape,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) nodes: Vec<Node>,
    seen: HashMap<Node, Id>,
    pub(crate) inputs: Vec<InputDecl>,
    pub(crate) states: Vec<StateDecl>,
    streams: u32,
    error: Option<GraphError>,
}

/// A growing set of expressions, with the inputs they read and the states they keep.
#[derive(Debug, Default)]
pub struct Graph {
    inner: RefCell<Inner>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first mistake made while building, if there was one.
    ///
    /// # Errors
    /// That mistake, with the operation and the shapes.
    pub fn check(&self) -> Result<(), GraphError> {
        self.inner.borrow().error.clone().map_or(Ok(()), Err)
    }

    /// An input of `width` values a row, fed at each run as a matrix of rows or as rows picked from one.
    pub fn rows(&self, name: &str, dims: &[usize]) -> Expr<'_> {
        self.input(name, Shape::with_rows(dims))
    }

    /// An input without rows, fed at each run: a learning rate, a weight of a loss, a direction.
    pub fn shared(&self, name: &str, dims: &[usize]) -> Expr<'_> {
        self.input(name, Shape::shared(dims))
    }

    fn input(&self, name: &str, shape: Shape) -> Expr<'_> {
        let slot = {
            let mut inner = self.inner.borrow_mut();
            inner.inputs.push(InputDecl { name: name.to_string(), shape: shape.clone() });
            inner.inputs.len() - 1
        };
        self.node(Op::Input(slot), shape)
    }

    /// A value that lives from run to run: a parameter, a moment of an optimizer, a running statistic.
    pub fn state(&self, name: &str, dims: &[usize], init: Init) -> Expr<'_> {
        let index = {
            let mut inner = self.inner.borrow_mut();
            inner.states.push(StateDecl { name: name.to_string(), dims: dims.to_vec(), init });
            inner.states.len() - 1
        };
        self.node(Op::State(index), Shape::shared(dims))
    }

    /// A scalar constant.
    pub fn constant(&self, value: f32) -> Expr<'_> {
        self.node(Op::Const(value.to_bits()), Shape::shared(&[]))
    }

    /// The number of rows of the run, as a scalar.
    pub fn row_count(&self) -> Expr<'_> {
        self.node(Op::RowCount, Shape::shared(&[]))
    }

    /// Standard normal noise, fresh at each run; a row's noise depends on seed, step, its place in the batch and on
    /// how many noise nodes were built before, and on nothing else.
    pub fn normal(&self, shape: &Shape) -> Expr<'_> {
        self.random(Distribution::Normal, shape)
    }

    /// Noise uniform in [0, 1), likewise.
    pub fn uniform(&self, shape: &Shape) -> Expr<'_> {
        self.random(Distribution::Uniform, shape)
    }

    /// Noise that is 1 with probability `p` and else 0, likewise.
    pub fn bernoulli(&self, shape: &Shape, p: f32) -> Expr<'_> {
        self.uniform(shape).less(self.constant(p))
    }

    fn random(&self, distribution: Distribution, shape: &Shape) -> Expr<'_> {
        let stream = {
            let mut inner = self.inner.borrow_mut();
            inner.streams += 1;
            inner.streams - 1
        };
        self.node(Op::Random(distribution, stream), shape.clone())
    }

    /// Joins along an axis; all other axes are equal.
    pub fn concat<'g>(&'g self, parts: &[Expr<'g>], axis: usize) -> Expr<'g> {
        if parts.iter().any(|part| part.is_foreign(self)) {
            self.fail(GraphError::Foreign { op: "concat" });
            return self.constant(0.0);
        }
        let Some(first) = parts.first() else {
            self.fail(GraphError::Operand {
                op: "concat",
                needs: "at least one part",
                found: Shape::shared(&[0]),
            });
            return self.constant(0.0);
        };
        let mut shape = first.shape();
        if axis >= shape.dims.len() {
            return first.refuse("concat", "an axis that is there");
        }
        shape.dims[axis] = 0;
        for part in parts {
            let other = part.shape();
            let mut rest = other.clone();
            if axis < rest.dims.len() {
                rest.dims[axis] = 0;
            }
            let mut want = shape.clone();
            want.dims[axis] = 0;
            if rest != want {
                return first.mismatch("concat", *part);
            }
            shape.dims[axis] += other.dims[axis];
        }
        if parts.len() == 1 {
            return *first;
        }
        self.node(Op::Concat(parts.iter().map(|part| part.id).collect(), axis), shape)
    }

    pub(crate) fn read(&self) -> Ref<'_, Inner> {
        self.inner.borrow()
    }

    pub(crate) fn expr(&self, id: Id) -> Expr<'_> {
        Expr { graph: self, id }
    }

    pub(crate) fn fail(&self, error: GraphError) {
        self.inner.borrow_mut().error.get_or_insert(error);
    }

    pub(crate) fn node(&self, op: Op, shape: Shape) -> Expr<'_> {
        // Kernels and packing count on at least one value, so an empty tensor ends here.
        if shape.dims.contains(&0) {
            self.fail(GraphError::Operand {
                op: op.name(),
                needs: "axes that are not empty",
                found: shape.clone(),
            });
        }
        let mut inner = self.inner.borrow_mut();
        let node = Node { op, shape };
        if let Some(&id) = inner.seen.get(&node) {
            return Expr { graph: self, id };
        }
        let id = inner.nodes.len() as Id;
        inner.nodes.push(node.clone());
        inner.seen.insert(node, id);
        Expr { graph: self, id }
    }
}
