//! The parameters of a network while it is being written down, shared between its training and its inference forms.

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
    /// How the weights of layers start.
    pub start: Init,
    /// Whether the weights of layers are divided by their largest singular value from here on (spectral normalization,
    /// Miyato et al. 2018).
    pub spectral: bool,
    /// Whether dropout drops in use, too.
    pub dropout_in_use: bool,
    parameters: Vec<(String, Expr<'g>)>,
    statistics: Vec<(String, Expr<'g>)>,
    known: BTreeMap<String, Expr<'g>>,
    substitutes: BTreeMap<String, Expr<'g>>,
    normalized: BTreeMap<String, Expr<'g>>,
    updates: Vec<(Expr<'g>, Expr<'g>)>,
    layers: Vec<LayerSummary>,
}

impl<'g> Scope<'g> {
    /// An empty scope in training mode.
    pub fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            mode: Mode::Train,
            start: Init::GlorotUniform,
            spectral: false,
            dropout_in_use: false,
            parameters: Vec::new(),
            statistics: Vec::new(),
            known: BTreeMap::new(),
            substitutes: BTreeMap::new(),
            normalized: BTreeMap::new(),
            updates: Vec::new(),
            layers: Vec::new(),
        }
    }

    /// The trained state of that name, declared if it is new.
    pub fn parameter(&mut self, name: &str, dims: &[usize], init: Init) -> Expr<'g> {
        if let Some(&substitute) = self.substitutes.get(name) {
            return substitute;
        }
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let state = self.graph.state(name, dims, init);
        self.known.insert(name.to_string(), state);
        self.parameters.push((name.to_string(), state));
        state
    }

    /// The weights `path.weight` of a layer, `[.., in, out]`, which start as the scope says.
    pub fn weight(&mut self, path: &str, dims: &[usize]) -> Expr<'g> {
        let name = format!("{path}.weight");
        let weight = self.parameter(&name, dims, self.start);
        if !self.spectral {
            return weight;
        }
        if let Some(&normalized) = self.normalized.get(&name) {
            return normalized;
        }
        let normalized = self.spectrally_normalized(path, weight);
        self.normalized.insert(name, normalized);
        normalized
    }

    /// Weights divided by the estimate of their largest singular value by one step of the power method a training step
    /// (Miyato et al. 2018, algorithm 1).
    fn spectrally_normalized(&mut self, path: &str, weight: Expr<'g>) -> Expr<'g> {
        let dims = weight.shape().dims;
        let columns = dims.last().copied().unwrap_or(1);
        let rows = weight.shape().width() / columns.max(1);
        let matrix = weight.reshape(&[rows, columns]);
        let fixed = matrix.detach();
        let unit = |v: Expr<'g>| v / (v.square().sum_width() + 1e-12).sqrt().reshape(&[]);
        let start = Init::Normal(1.0);
        let right = self.statistic(&format!("{path}.singular_vector"), &[1, columns], start);
        let mut next = unit(right);
        let left = unit(next.matmul_with(fixed, false, true));
        if self.mode == Mode::Train {
            next = unit(left.matmul(fixed));
            self.update(right, |_| next);
        }
        let sigma = left.matmul(matrix) * next;
        weight / sigma.sum_width().reshape(&[])
    }

    /// The state of that name that training updates without a gradient, declared if it is new.
    pub fn statistic(&mut self, name: &str, dims: &[usize], start: Init) -> Expr<'g> {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let state = self.graph.state(name, dims, start);
        self.known.insert(name.to_string(), state);
        self.statistics.push((name.to_string(), state));
        state
    }

    /// Has training give `state` a new value at each step: what `next` makes of the value it has by then.
    pub fn update(&mut self, state: Expr<'g>, next: impl FnOnce(Expr<'g>) -> Expr<'g>) {
        match self.updates.iter_mut().find(|(known, _)| known.is(state)) {
            Some((_, value)) => *value = next(*value),
            None => self.updates.push((state, next(state))),
        }
    }

    /// The updates so far, which a step then makes; layers written from here on belong to another step.
    pub fn take_updates(&mut self) -> Vec<(Expr<'g>, Expr<'g>)> {
        self.normalized.clear();
        std::mem::take(&mut self.updates)
    }

    /// Has layers use these values for parameters of these names from here on; an empty list ends that.
    pub fn substitute(&mut self, values: Vec<(String, Expr<'g>)>) {
        self.normalized.clear();
        self.substitutes = values.into_iter().collect();
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

    /// The layer table.
    pub fn layers(&self) -> &[LayerSummary] {
        &self.layers
    }
}
