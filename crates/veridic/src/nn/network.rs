//! The parameters of a network while it is being written down, shared between its training and its inference form.

use std::collections::BTreeMap;

use veridic_graph::{Expr, Graph, Init};

/// Whether layers behave as in training (dropout, batch statistics) or as in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Dropout drops, batch normalization uses and updates batch statistics.
    Train,
    /// The same value for the same row, always.
    Infer,
}

/// One line of the layer table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSummary {
    /// The path of its parameters: `encoder.0`.
    pub path: String,
    /// What it is: `dense, relu`.
    pub label: String,
    /// The shape of a row of values out: `[14, 14, 64]`.
    pub shape: Vec<usize>,
    /// Trained values.
    pub parameters: usize,
    /// Values that training keeps up to date without a gradient.
    pub statistics: usize,
}

/// Names parameters by path and hands out the same expression for the same name.
#[derive(Debug)]
pub struct Scope<'g> {
    /// The graph everything is built in.
    pub graph: &'g Graph,
    /// How layers behave from here on.
    pub mode: Mode,
    parameters: Vec<(String, Expr<'g>)>,
    statistics: Vec<(String, Expr<'g>)>,
    known: BTreeMap<String, Expr<'g>>,
    updates: Vec<(Expr<'g>, Expr<'g>)>,
    layers: Vec<LayerSummary>,
}

impl<'g> Scope<'g> {
    /// An empty scope in training mode.
    pub fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            mode: Mode::Train,
            parameters: Vec::new(),
            statistics: Vec::new(),
            known: BTreeMap::new(),
            updates: Vec::new(),
            layers: Vec::new(),
        }
    }

    /// The trained state of that name, declared if it is new.
    pub fn parameter(&mut self, name: &str, dims: &[usize], init: Init) -> Expr<'g> {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let state = self.graph.state(name, dims, init);
        self.known.insert(name.to_string(), state);
        self.parameters.push((name.to_string(), state));
        state
    }

    /// The state of that name that training updates without a gradient, declared if it is new.
    pub fn statistic(&mut self, name: &str, dims: &[usize], start: f32) -> Expr<'g> {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let state = self.graph.state(name, dims, Init::Constant(start));
        self.known.insert(name.to_string(), state);
        self.statistics.push((name.to_string(), state));
        state
    }

    /// Has training give `state` a new value at each step.
    pub fn update(&mut self, state: Expr<'g>, value: Expr<'g>) {
        self.updates.push((state, value));
    }

    /// Adds a line to the layer table; a path that is there already is not added again.
    pub fn describe(&mut self, path: &str, label: &str, shape: &[usize]) {
        if self.layers.iter().any(|layer| layer.path == path) {
            return;
        }
        let prefix = format!("{path}.");
        let count = |list: &[(String, Expr<'g>)]| {
            let own = list.iter().filter(|(name, _)| name.starts_with(&prefix));
            own.map(|(_, state)| state.shape().width()).sum()
        };
        let (parameters, statistics) = (count(&self.parameters), count(&self.statistics));
        let (path, label, shape) = (path.to_string(), label.to_string(), shape.to_vec());
        self.layers.push(LayerSummary { path, label, shape, parameters, statistics });
    }

    /// The trained states by name.
    pub fn parameters(&self) -> &[(String, Expr<'g>)] {
        &self.parameters
    }

    /// The updates that are not gradients' doing.
    pub fn updates(&self) -> &[(Expr<'g>, Expr<'g>)] {
        &self.updates
    }

    /// The layer table.
    pub fn layers(&self) -> &[LayerSummary] {
        &self.layers
    }
}
