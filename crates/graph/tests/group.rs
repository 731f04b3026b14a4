//! Several samples in a row of the batch: convolutions, pooling and upsampling treat each as a row of its own.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use veridic_graph::{Draw, Expr, Feed, Graph, GraphError, Init, Pool, States, Window};

const DIMS: [usize; 3] = [8, 6, 3];
const SAMPLES: usize = 2;
const ROWS: usize = 5;

/// A convolution, its transpose, upsampling before a convolution and both kinds of pooling, one after the other.
fn network<'g>(graph: &'g Graph, x: Expr<'g>, weights: &[Expr<'g>; 3]) -> Expr<'g> {
    let windows = |h: usize, w: usize| [Window::same(h, 3, 2), Window::same(w, 3, 2)];
    let down = x.conv2d(weights[0], windows(8, 6)).tanh();
    let up = down.conv2d_transposed(weights[1], windows(8, 6)).tanh();
    let large = up.max_pool2d(2).upsample_conv2d(weights[2], 2).mean_pool2d(2);
    let _ = graph;
    large.upsample(2)
}

/// The loss, the gradients of the weights, and the output.
fn computed(samples: usize, values: &[f32], index: Option<&[u32]>) -> Vec<Vec<f32>> {
    let graph = Graph::new();
    let width: usize = DIMS.iter().product();
    let x = graph.rows("x", &[samples * width]);
    let lead: &[usize] = if samples > 1 { &[SAMPLES] } else { &[] };
    let dims = |c: usize, d: usize| [3, 3, c, d];
    let weights = [
        graph.state("a", &dims(3, 9), Init::GlorotNormal),
        graph.state("b", &dims(10, 9), Init::GlorotNormal),
        graph.state("c", &dims(10, 4), Init::GlorotNormal),
    ];
    let out = network(&graph, x.reshape(&[lead, &DIMS].concat()), &weights);
    let loss = out.square().sum_width().sum_rows().reshape(&[]);
    let outputs = [vec![loss], graph.gradient(loss, &weights), vec![out]].concat();
    let mut plan = graph.compile(&outputs, &[]).unwrap();
    let mut states = States::new(&graph, 7);
    let feed = index.map_or(Feed::Rows(values), |index| Feed::Pick { values, index });
    let rows = ROWS * SAMPLES / samples;
    plan.run(&mut Pool::new(2), &mut states, &[feed], rows, Draw::default()).unwrap();
    (0..outputs.len()).map(|i| plan.output(i).to_vec()).collect()
}

fn values(rows: usize) -> Vec<f32> {
    let width: usize = DIMS.iter().product();
    (0..rows * width).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect()
}

#[test]
fn samples_of_a_row_are_computed_as_rows_are() {
    let values = values(ROWS * SAMPLES);
    let (one, many) = (computed(1, &values, None), computed(SAMPLES, &values, None));
    for (one, many) in one.iter().zip(&many) {
        assert_eq!(one.len(), many.len());
        for (a, b) in one.iter().zip(many) {
            assert!((a - b).abs() <= 1e-4 * (1.0 + a.abs()), "{a} {b}");
        }
    }
}

#[test]
fn picked_samples_lie_behind_each_other_in_a_row() {
    let stored = values(40);
    let width: usize = DIMS.iter().product();
    let index: Vec<u32> = (0..(ROWS * SAMPLES) as u32).map(|i| i * 17 % 40).collect();
    let picked: Vec<f32> =
        index.iter().flat_map(|&i| &stored[i as usize * width..][..width]).copied().collect();
    assert_eq!(computed(SAMPLES, &stored, Some(&index)), computed(SAMPLES, &picked, None));
}

#[test]
fn a_number_of_picked_samples_that_fills_no_row_is_refused() {
    let graph = Graph::new();
    let x = graph.rows("x", &[6]);
    let mut plan = graph.compile(&[x], &[]).unwrap();
    let values = vec![0.0; 30];
    let mut run = |index: &[u32]| {
        let feed = [Feed::Pick { values: &values, index }];
        plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &feed, 2, Draw::default())
    };
    assert!(run(&[0, 1, 2, 3]).is_ok());
    assert!(matches!(run(&[0, 1, 2]), Err(GraphError::FeedLength { .. })));
    // Two samples of three values a row: there are ten.
    assert!(matches!(run(&[0, 1, 2, 10]), Err(GraphError::FeedRow { .. })));
}
