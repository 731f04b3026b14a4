//! Layers of series `[.., steps, values]`.

use veridic_graph::{Cell, Expr, Init};

use super::layer::{Direction, Output, Taps, TimePadding};
use super::scope::Scope;

/// What a recurrent layer is but for the series it is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recurrent {
    pub(super) cell: Cell,
    pub(super) units: usize,
    pub(super) direction: Direction,
    pub(super) output: Output,
}

impl Recurrent {
    /// The layer over a series, or over `repeated` steps of the same values; parameters `path.weight` (of the input),
    /// `path.recurrent` (of the state), `path.bias` and, of a gated recurrent unit, `path.recurrent_bias`, with
    /// `path.backward.…` for the way back of both.
    pub(super) fn apply<'g>(
        self,
        scope: &mut Scope<'g>,
        path: &str,
        x: Expr<'g>,
        repeated: Option<usize>,
    ) -> Expr<'g> {
        // Steps are the last axis but one.
        let turned = |series: Expr<'g>, backward: bool| {
            if backward { series.reverse(series.shape().dims.len() - 2) } else { series }
        };
        let mut one = |path: &str, backward: bool| {
            let weights = self.weights(scope, path, x.shape().dims.last().copied().unwrap_or(1));
            match (repeated, self.output) {
                (Some(steps), Output::Series) => {
                    turned(x.recurrent_repeated(self.cell, weights, steps, None), backward)
                }
                (Some(steps), Output::Last) => {
                    x.recurrent_repeated(self.cell, weights, steps, None).step(steps - 1)
                }
                (None, Output::Series) => {
                    turned(turned(x, backward).recurrent(self.cell, weights, None), backward)
                }
                (None, Output::Last) => turned(x, backward).recurrent_last(self.cell, weights, None),
            }
        };
        match self.direction {
            Direction::Forward => one(path, false),
            Direction::Backward => one(path, true),
            Direction::Both => {
                let ways = [one(path, false), one(&format!("{path}.backward"), true)];
                let axis = ways[0].shape().dims.len() - 1;
                scope.graph.concat(&ways, axis)
            }
        }
    }

    /// The matrix of weights, from its parts.
    fn weights<'g>(self, scope: &mut Scope<'g>, path: &str, inputs: usize) -> Expr<'g> {
        let (units, columns) = (self.units, self.cell.gates() * self.units);
        let weight = scope.weight(path, &[inputs, columns]);
        let start = Init::Uniform(1.0 / (units as f32).sqrt());
        let recurrent = scope.parameter(&format!("{path}.recurrent"), &[units, columns], start);
        let bias = match self.cell {
            Cell::Lstm => Init::Parts(&[0.0, 1.0, 0.0, 0.0]),
            Cell::Gru => Init::Constant(0.0),
        };
        let bias = scope.parameter(&format!("{path}.bias"), &[columns], bias);
        let mut parts = vec![weight, bias.reshape(&[1, columns]), recurrent];
        if self.cell == Cell::Gru {
            let name = format!("{path}.recurrent_bias");
            let bias = scope.parameter(&name, &[columns], Init::Constant(0.0));
            parts.push(bias.reshape(&[1, columns]));
        }
        scope.graph.concat(&parts, 0)
    }
}

/// A convolution along time; parameters `path.weight` `[taps, in, out]` and `path.bias`.
pub(super) fn conv1d<'g>(
    scope: &mut Scope<'g>,
    path: &str,
    x: Expr<'g>,
    taps: Taps,
    padding: TimePadding,
) -> Expr<'g> {
    let dims = x.shape().dims;
    let [steps, channels] = dims[dims.len() - 2..] else { unreachable!("the list was checked") };
    let window = taps.window(steps, padding).expect("the list was checked");
    let weight = scope.weight(path, &[taps.kernel, channels, taps.channels]);
    let bias = scope.parameter(&format!("{path}.bias"), &[taps.channels], Init::Constant(0.0));
    x.conv1d(weight, window, taps.dilation) + bias
}

/// Each step `times` times.
pub(super) fn upsample(x: Expr<'_>, times: usize) -> Expr<'_> {
    let dims = x.shape().dims;
    let [steps, values] = dims[dims.len() - 2..] else { unreachable!("the list was checked") };
    let repeated = x.repeat(times);
    repeated.reshape(&[&dims[..dims.len() - 2], &[steps * times, values]].concat())
}

/// The largest or the mean of each `size` steps, without overlap; steps beyond the last whole window are left out.
pub(super) fn pool(x: Expr<'_>, size: usize, largest: bool) -> Expr<'_> {
    let dims = x.shape().dims;
    let lead = dims.len() - 2;
    let [steps, values] = dims[lead..] else { unreachable!("the list was checked") };
    let windows = steps / size;
    let shaped = |sides: &[usize]| [&dims[..lead], sides].concat();
    let parts = x.slice(lead, 0, windows * size).reshape(&shaped(&[windows, size, values]));
    let found = if largest { parts.max_over(lead + 1) } else { parts.mean(lead + 1) };
    found.reshape(&shaped(&[windows, values]))
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Feed, Graph, Pool, States};

    use super::*;
    use crate::nn::{LayerConfig, stack_of};

    fn layers(text: &str) -> Vec<LayerConfig> {
        let table: toml::Table = toml::from_str(&format!("layers = {text}")).unwrap();
        table["layers"].clone().try_into().unwrap()
    }

    /// Outputs for three rows of values that look like noise.
    fn run(graph: &Graph, outputs: &[Expr<'_>], width: usize, changed: Option<usize>) -> Vec<Vec<f32>> {
        let mut values: Vec<f32> =
            (0..3 * width).map(|i| ((i * 37 + i * i) % 101) as f32 / 50.0 - 1.0).collect();
        if let Some(at) = changed {
            values.iter_mut().skip(at).step_by(width).for_each(|value| *value += 1.0);
        }
        let mut plan = graph.compile(outputs, &[]).unwrap();
        let mut states = States::new(graph, 5);
        plan.run(&mut Pool::new(1), &mut states, &[Feed::Rows(&values)], 3, Draw::default()).unwrap();
        (0..outputs.len()).map(|i| plan.output(i).to_vec()).collect()
    }

    #[test]
    fn repeating_before_a_recurrent_layer_is_the_layer_over_repeated_values() {
        for way in ["forward", "backward", "both"] {
            for output in ["series", "last"] {
                for lead in [0, 1] {
                    let graph = Graph::new();
                    let mut scope = Scope::new(&graph);
                    let x = graph.rows("x", &[2, 3][1 - lead..]);
                    let all = layers(&format!(
                        "[{{ repeat = 5 }}, {{ gru = 4, direction = '{way}', output = '{output}' }}]"
                    ));
                    let together = stack_of(&mut scope, "a", &all, x, lead);
                    let LayerConfig::Recurrent { cell, units, direction, output } = all[1] else { panic!() };
                    // The same parameters, by name.
                    let alone = Recurrent { cell, units, direction, output };
                    let alone = alone.apply(&mut scope, "a.1", x.repeat(5), None);
                    assert_eq!(together.shape(), alone.shape());
                    let found = run(&graph, &[together, alone], 3 * (1 + lead), None);
                    let apart = found[0].iter().zip(&found[1]).map(|(a, b)| (a - b).abs());
                    assert!(apart.fold(0.0, f32::max) < 1e-6, "{way}, {output:?}, {lead}");
                }
            }
        }
    }

    #[test]
    fn no_layer_that_is_causal_sees_what_is_later_and_backward_ones_see_nothing_else() {
        for (text, later, earlier) in [
            ("[{ conv1d = 3, padding = 'causal' }]", false, true),
            ("[{ conv1d = 3, kernel = 2, dilation = 3, padding = 'causal' }]", false, true),
            ("[{ lstm = 3 }]", false, true),
            ("[{ gru = 3, direction = 'backward' }]", true, false),
            ("[{ lstm = 3, direction = 'both' }]", true, true),
        ] {
            let graph = Graph::new();
            let x = graph.rows("x", &[9, 2]);
            let y = stack_of(&mut Scope::new(&graph), "a", &layers(text), x, 0);
            let width = y.shape().dims[1];
            // One value of step 4 is changed.
            let (before, after) = (&run(&graph, &[y], 18, None)[0], &run(&graph, &[y], 18, Some(8))[0]);
            let differs = |step: usize| before[step * width..][..width] != after[step * width..][..width];
            assert!(differs(4), "{text}");
            assert_eq!((0..4).any(differs), later, "{text}");
            assert_eq!((5..9).any(differs), earlier, "{text}");
        }
    }

    #[test]
    fn steps_are_repeated_and_pooled_in_their_order() {
        let graph = Graph::new();
        let x = graph.rows("x", &[5, 2]);
        let found = run(&graph, &[x, upsample(x, 2), pool(x, 2, true), pool(x, 2, false)], 10, None);
        let (x, wide, largest, mean) = (&found[0], &found[1], &found[2], &found[3]);
        assert_eq!(wide[..6], [x[0], x[1], x[0], x[1], x[2], x[3]]);
        assert_eq!(largest[..4], [x[0].max(x[2]), x[1].max(x[3]), x[4].max(x[6]), x[5].max(x[7])]);
        assert!((mean[3] - (x[5] + x[7]) / 2.0).abs() < 1e-6);
    }
}
