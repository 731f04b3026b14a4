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
    with_decay(graph, path, parameters, (graph.constant(decay), Vec::new()))
}

/// As [`averaged`], with a decay that rises to `most`: `(steps + 1) / (steps + 10)` as long as that is less, so that the average
/// spans the last tenth of the steps and leaves the start behind.
///
/// Source: `ExponentialMovingAverage` of TensorFlow, `num_updates`.
pub(crate) fn rising<'g>(
    graph: &'g Graph,
    path: &str,
    parameters: &[(String, Expr<'g>)],
    most: f32,
) -> Averaged<'g> {
    // Not among the weights that are saved: it serves training alone.
    let count = graph.state(&format!("optimizer.{path}.count"), &[], Init::Constant(0.0));
    let decay = ((count + 1.0) / (count + 10.0)).min(graph.constant(most));
    with_decay(graph, path, parameters, (decay, vec![(count, count + 1.0)]))
}

fn with_decay<'g>(
    graph: &'g Graph,
    path: &str,
    parameters: &[(String, Expr<'g>)],
    (decay, mut updates): (Expr<'g>, Vec<(Expr<'g>, Expr<'g>)>),
) -> Averaged<'g> {
    let power = graph.state(&format!("{path}.power"), &[], Init::Constant(1.0));
    updates.push((power, power * decay));
    let mut values = Vec::new();
    for (name, parameter) in parameters {
        let state = graph.state(&format!("{path}.{name}"), &parameter.shape().dims, Init::Constant(0.0));
        updates.push((state, state * decay + *parameter * (1.0 - decay)));
        let begun = power.less(graph.constant(1.0)).broadcast(&parameter.shape());
        values.push((name.clone(), begun.select(state / (1.0 - power), *parameter)));
    }
    Averaged { updates, values }
}

/// Parameters as they were some steps ago.
pub(super) struct Past<'g> {
    /// What takes their place, by name.
    pub(super) values: Vec<(String, Expr<'g>)>,
    /// States and their new values.
    pub(super) updates: Vec<(Expr<'g>, Expr<'g>)>,
}

/// A snapshot of parameters that is taken anew every so many steps.
pub(super) fn past<'g>(graph: &'g Graph, own: &[(String, Expr<'g>)], every: usize) -> Past<'g> {
    let count = graph.state("optimizer.replay.count", &[], Init::Constant(0.0));
    let is_time = count.less(graph.constant(0.5));
    let more = (count + 1.0).less(graph.constant(every as f32));
    let mut updates = vec![(count, (count + 1.0) * more)];
    let mut values = Vec::new();
    for (name, p) in own {
        let before = graph.state(&format!("optimizer.replay.{name}"), &p.shape().dims, Init::Constant(0.0));
        let now = is_time.broadcast(&p.shape()).select(*p, before);
        updates.push((before, now));
        values.push((name.clone(), now.detach()));
    }
    Past { values, updates }
}
