//! A circuit: the distribution of a table as a tree of hidden states, of which every question has an exact answer.
//!
//! A hidden Chow-Liu tree (A. Liu and G. Van den Broeck, Tractable regularization of probabilistic circuits, NeurIPS 2021):
//! columns are joined by the tree in which neighbors say most of each other; each has a hidden state that depends on its
//! parent's, and its codes depend on its state alone. Marginals and conditionals of any columns given any others are sums over
//! states, a pass up the tree and one down: no draws, no weights. Codes are the chain's, and so are the rules that made rows
//! keep: cells that follow from others are not drawn, and others from what the rules leave.

mod cell;
mod config;
mod draw;
mod fit;
mod likelihood;
mod pass;
mod product;
mod question;
mod store;
#[cfg(test)]
mod tests;
mod tree;

use crate::data::{ColumnSchema, Schema};
use crate::models::chain::{Checks, Coder, Coding, Plan};

pub use config::CircuitConfig;

/// The model in messages.
const MODEL: &str = "a circuit";

/// A fitted hidden Chow-Liu tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    config: CircuitConfig,
    columns: Vec<ColumnSchema>,
    coders: Vec<Coder>,
    /// What follows from what, and what rows are checked for.
    plan: Plan,
    checks: Checks,
    /// Rows that it was fitted on.
    n_rows: usize,
    /// States of each hidden variable.
    states: usize,
    /// Columns, each after its parent and before what is no descendant of it.
    order: Vec<usize>,
    nodes: Vec<Node>,
    /// Probabilities of the root's states.
    prior: Vec<f32>,
}

/// A column in the tree.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    parent: Option<usize>,
    children: Vec<usize>,
    /// By state of the parent, probabilities of the own state; empty for the root.
    forward: Vec<f32>,
    /// The same by own state.
    backward: Vec<f32>,
    /// By code, its probability in each state.
    emission: Vec<f32>,
}

impl Circuit {
    /// The columns of the circuit, with their kinds, in the order of the table.
    pub fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// Rows that the circuit was fitted on.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// States of each hidden variable.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The settings.
    pub fn config(&self) -> &CircuitConfig {
        &self.config
    }

    /// What a schema says of the columns of the circuit.
    pub fn schema(&self) -> Schema {
        Schema { columns: self.columns.clone() }
    }

    /// The column that another is below in the tree, by its name; `None` for the root and for columns that are not there.
    pub fn parent(&self, column: &str) -> Option<&str> {
        let j = self.columns.iter().position(|known| known.name == column)?;
        self.nodes[j].parent.map(|parent| self.columns[parent].name.as_str())
    }

    fn root(&self) -> usize {
        self.order.first().copied().unwrap_or(0)
    }

    fn coding(&self) -> Coding<'_> {
        Coding { columns: &self.columns, coders: &self.coders }
    }

    /// Columns from the root to `j`.
    fn path(&self, j: usize) -> Vec<usize> {
        let mut path = vec![j];
        while let Some(parent) = path.last().and_then(|j| self.nodes[*j].parent) {
            path.push(parent);
        }
        path.reverse();
        path
    }

    /// Tells each column which are below it, in order.
    fn join(&mut self) {
        for place in 0..self.order.len() {
            let j = self.order[place];
            if let Some(parent) = self.nodes[j].parent {
                self.nodes[parent].children.push(j);
            }
        }
    }
}
