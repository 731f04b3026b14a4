//! Moving averages of weights, without the bias of their start.

use veridic_graph::{Expr, Graph, Init};

/// Averages of parameters.
pub(crate) struct Averaged<'g> {
    /// The new values of the states that hold them.
    pub(crate) updates: Vec<(Expr<'g>, Expr<'g>)>,
    /// Each parameter's name with its average; before the first update the parameter itself.
    pub(crate) values: Vec<(String, Expr<'g>)>,
}

/// Exponential averages of `parameters` with this decay, in states `path.NAME`. What they start from is taken out again
/// as in Adam: the sum of weights given so far is `1 - decay^steps`.
pub(crate) fn averaged<'g>(
    graph: &'g Graph,
    path: &str,
    parameters: &[(String, Expr<'g>)],
    decay: f32,
) -> Averaged<'g> {
    let power = graph.state(&format!("{path}.power"), &[], Init::Constant(1.0));
    let mut updates = vec![(power, power * decay)];
    let mut values = Vec::new();
    for (name, parameter) in parameters {
        let state = graph.state(&format!("{path}.{name}"), &parameter.shape().dims, Init::Constant(0.0));
        updates.push((state, state * decay + *parameter * (1.0 - decay)));
        let begun = power.less(graph.constant(1.0)).broadcast(&parameter.shape());
        values.push((name.clone(), begun.select(state / (1.0 - power), *parameter)));
    }
    Averaged { updates, values }
}
