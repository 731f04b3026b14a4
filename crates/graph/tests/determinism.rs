//! The same bits for any number of threads, on repetition, and for a row in any company.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use veridic_graph::optimizer::{Clip, Optimizer};
use veridic_graph::{Cell, Draw, Expr, Feed, Graph, Init, Plan, Pool, Shape, States};

const WIDTH: usize = 40;
const HIDDEN: usize = 72;

/// A dense autoencoder with batch normalization and dropout.
struct Network {
    graph: Graph,
    step: Plan,
    infer: Plan,
}

fn network() -> Network {
    let graph = Graph::new();
    let x = graph.rows("x", &[WIDTH]);
    let mut parameters: Vec<(String, Expr<'_>)> = Vec::new();
    let mut parameter = |name: &str, dims: &[usize], init| {
        let state = graph.state(name, dims, init);
        parameters.push((name.to_string(), state));
        state
    };
    let zero = Init::Constant(0.0);
    let first = [
        parameter("first.weight", &[WIDTH, HIDDEN], Init::HeNormal),
        parameter("first.bias", &[HIDDEN], zero),
    ];
    let norm =
        [parameter("norm.gamma", &[HIDDEN], Init::Constant(1.0)), parameter("norm.beta", &[HIDDEN], zero)];
    let second = [
        parameter("second.weight", &[HIDDEN, WIDTH], Init::GlorotUniform),
        parameter("second.bias", &[WIDTH], zero),
    ];
    let running = [
        graph.state("norm.mean", &[HIDDEN], zero),
        graph.state("norm.variance", &[HIDDEN], Init::Constant(1.0)),
    ];
    let dense = x.matmul(first[0]) + first[1];
    let mean = dense.mean_rows();
    let variance = (dense - mean).square().mean_rows();
    let trained = ((dense - mean) / (variance + 1e-3).sqrt() * norm[0] + norm[1]).relu();
    let keep = graph.bernoulli(&Shape::with_rows(&[HIDDEN]), 0.8);
    let trained = (trained * keep * 1.25).matmul(second[0]) + second[1];
    let loss = (trained - x).square().mean_width().mean_rows();
    let used = ((dense - running[0]) / (running[1] + 1e-3).sqrt() * norm[0] + norm[1]).relu();
    let used = (used.matmul(second[0]) + second[1]).sigmoid();

    let by: Vec<_> = parameters.iter().map(|(_, state)| *state).collect();
    let clip = Clip { value: None, norm: Some(0.5) };
    let gradients = clip.apply(&graph, &graph.gradient(loss, &by));
    let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };
    let mut updates = adam.updates(&graph, &parameters, &gradients, graph.constant(1e-2));
    updates.push((running[0], running[0] * 0.9 + mean * 0.1));
    updates.push((running[1], running[1] * 0.9 + variance * 0.1));
    let step = graph.compile(&[loss], &updates).unwrap();
    let infer = graph.compile(&[used, used.softmax(), (used - x).square().mean_width()], &[]).unwrap();
    Network { graph, step, infer }
}

fn numbers(n: usize) -> Vec<f32> {
    (0..n as u32).map(|i| ((i.wrapping_mul(2_654_435_761) >> 8) % 2000) as f32 / 1000.0 - 1.0).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The states and losses of three steps.
fn train(network: &mut Network, threads: usize, rows: usize) -> Vec<u32> {
    train_on(network, threads, rows, WIDTH)
}

/// The same for rows of another width.
fn train_on(network: &mut Network, threads: usize, rows: usize, width: usize) -> Vec<u32> {
    let x = numbers(rows * width);
    let mut pool = Pool::new(threads);
    let mut states = States::new(&network.graph, 11);
    let mut seen = Vec::new();
    for step in 0..3 {
        let draw = Draw { seed: 5, step };
        network.step.run(&mut pool, &mut states, &[Feed::Rows(&x)], rows, draw).unwrap();
        seen.push(network.step.scalar(0).to_bits());
    }
    assert!(states.entries.iter().flat_map(|state| &state.values).all(|value| value.is_finite()));
    seen.extend(states.entries.iter().flat_map(|state| bits(&state.values)));
    seen
}

#[test]
fn training_gives_the_same_bits_for_any_number_of_threads_and_on_repetition() {
    let mut kept = network();
    for rows in [1, 63, 64, 65, 128, 1000, 5000] {
        let want = train(&mut kept, 1, rows);
        for threads in [1, 2, 3, 5] {
            assert!(train(&mut kept, threads, rows) == want, "{rows} rows, {threads} threads");
        }
        // A plan that has run other sizes before leaves nothing behind.
        assert!(train(&mut network(), 2, rows) == want, "{rows} rows, another plan");
    }
}

#[test]
fn a_row_has_the_same_result_alone_and_in_any_batch() {
    let mut network = network();
    let rows = 1000;
    let x = numbers(rows * WIDTH);
    let mut pool = Pool::new(2);
    let mut states = States::new(&network.graph, 3);
    network.step.run(&mut pool, &mut states, &[Feed::Rows(&x)], rows, Draw::default()).unwrap();
    let mut outputs = |from: usize, to: usize| -> Vec<Vec<u32>> {
        let feeds = [Feed::Rows(&x[from * WIDTH..to * WIDTH])];
        network.infer.run(&mut pool, &mut states, &feeds, to - from, Draw::default()).unwrap();
        (0..3).map(|i| bits(network.infer.output(i))).collect()
    };
    let all = outputs(0, rows);
    let widths = [WIDTH, WIDTH, 1];
    for (from, to) in [(0, 1), (1, 2), (63, 64), (64, 65), (500, 501), (999, 1000), (7, 30), (100, 231)] {
        for ((part, all), width) in outputs(from, to).iter().zip(&all).zip(widths) {
            assert_eq!(*part, all[from * width..to * width], "rows {from} to {to}");
        }
    }
}

#[test]
fn noise_depends_on_seed_step_row_and_node_alone() {
    let graph = Graph::new();
    let shape = Shape::with_rows(&[70]);
    let noise =
        [graph.normal(&shape), graph.uniform(&shape), graph.bernoulli(&shape, 0.3), graph.normal(&shape)];
    let mut plan = graph.compile(&noise, &[]).unwrap();
    let mut draw = |threads: usize, rows: usize, draw: Draw| -> Vec<Vec<f32>> {
        plan.run(&mut Pool::new(threads), &mut States::new(&graph, 0), &[], rows, draw).unwrap();
        (0..4).map(|i| plan.output(i).to_vec()).collect()
    };
    let key = Draw { seed: 9, step: 4 };
    let want = draw(1, 1000, key);
    for threads in [1, 2, 3, 5] {
        assert_eq!(draw(threads, 1000, key), want);
    }
    for (few, many) in draw(2, 130, key).iter().zip(&want) {
        assert_eq!(*few, many[..130 * 70]);
    }
    assert_ne!(want[0], want[3]);
    assert_ne!(draw(1, 1000, Draw { step: 5, ..key })[0], want[0]);
    assert_ne!(draw(1, 1000, Draw { seed: 8, ..key })[0], want[0]);
    assert!(want[2].iter().all(|&x| x == 0.0 || x == 1.0));
    let share = want[2].iter().sum::<f32>() / 70_000.0;
    assert!((share - 0.3).abs() < 0.01, "{share}");
    // Rows, and places in a row, do not repeat each other.
    assert_ne!(want[1][..70], want[1][70..140]);
    assert_ne!(want[1][..35], want[1][35..70]);
}

#[test]
fn a_smaller_last_batch_runs_on_the_same_plan() {
    let mut network = network();
    let x = numbers(300 * WIDTH);
    let run = |network: &mut Network, batches: &[(usize, usize)]| {
        let mut states = States::new(&network.graph, 1);
        for (step, &(from, to)) in batches.iter().enumerate() {
            let feeds = [Feed::Rows(&x[from * WIDTH..to * WIDTH])];
            let draw = Draw { seed: 1, step: step as u64 };
            network.step.run(&mut Pool::new(2), &mut states, &feeds, to - from, draw).unwrap();
        }
        states
    };
    let batches = [(0, 128), (128, 256), (256, 300), (0, 128)];
    let fresh = run(&mut self::network(), &batches);
    let again = run(&mut network, &batches);
    assert_eq!(run(&mut network, &batches), again);
    assert_eq!(fresh, again);
    // The mean of the last batch is over its own rows: feeding it alone gives the same loss.
    let mut states = States::new(&network.graph, 1);
    let feeds = [Feed::Rows(&x[256 * WIDTH..])];
    network.infer.run(&mut Pool::new(1), &mut states, &feeds, 44, Draw::default()).unwrap();
    assert_eq!(network.infer.output(2).len(), 44);
}

#[test]
fn picked_rows_and_bytes_equal_the_same_rows_written_out() {
    let graph = Graph::new();
    let x = graph.rows("x", &[7]);
    let mut plan = graph.compile(&[x, x.exp().sum_rows()], &[]).unwrap();
    let bytes: Vec<u8> = (0..7 * 50u32).map(|i| (i * 37 % 256) as u8).collect();
    let scale = 1.0 / 255.0;
    let matrix: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) * scale).collect();
    for rows in [1, 64, 200] {
        let index: Vec<u32> = (0..rows).map(|i| i * 17 % 50).collect();
        let written: Vec<f32> =
            index.iter().flat_map(|&row| &matrix[row as usize * 7..][..7]).copied().collect();
        let mut run = |feed: Feed<'_>| {
            let mut states = States::new(&graph, 0);
            plan.run(&mut Pool::new(2), &mut states, &[feed], rows as usize, Draw::default()).unwrap();
            [bits(plan.output(0)), bits(plan.output(1))]
        };
        let want = run(Feed::Rows(&written));
        assert_eq!(want[0], bits(&written));
        assert_eq!(run(Feed::Pick { values: &matrix, index: &index }), want);
        assert_eq!(run(Feed::PickBytes { bytes: &bytes, scale, index: &index }), want);
    }
}

/// An autoencoder of sequences of 9 steps of 3 values, a mask beside them.
fn sequences(cell: Cell) -> Network {
    const STEPS: usize = 9;
    let graph = Graph::new();
    let x = graph.rows("x", &[STEPS, 3]);
    let mask = x.slice(1, 0, 1).reshape(&[STEPS]).less(graph.constant(0.5));
    let mut parameters: Vec<(String, Expr<'_>)> = Vec::new();
    let mut parameter = |name: &str, dims: &[usize]| {
        let state = graph.state(name, dims, Init::Normal(0.3));
        parameters.push((name.to_string(), state));
        state
    };
    let mut weights = |name: &str, inputs: usize, units: usize| {
        parameter(name, &[cell.weight_rows(inputs, units), cell.gates() * units])
    };
    let (first, second) = (weights("first", 3, 11), weights("second", 11, 17));
    let code = x.reverse(0).recurrent_last(cell, first, Some(mask.reverse(0)));
    let hidden = code.recurrent_repeated(cell, second, STEPS, None);
    let y = hidden.matmul(parameter("out", &[17, 3]));
    let loss = (y - x).square().mean_width().mean_rows();
    let by: Vec<_> = parameters.iter().map(|(_, state)| *state).collect();
    let gradients = graph.gradient(loss, &by);
    let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };
    let updates = adam.updates(&graph, &parameters, &gradients, graph.constant(1e-2));
    let step = graph.compile(&[loss], &updates).unwrap();
    let infer = graph.compile(&[y, code], &[]).unwrap();
    Network { graph, step, infer }
}

#[test]
fn recurrent_layers_give_the_same_bits_for_any_number_of_threads_and_in_any_batch() {
    for cell in [Cell::Lstm, Cell::Gru] {
        let mut kept = sequences(cell);
        for rows in [1, 15, 64, 65, 128, 1000] {
            let want = train_on(&mut kept, 1, rows, 27);
            for threads in [1, 2, 3, 5] {
                assert!(
                    train_on(&mut kept, threads, rows, 27) == want,
                    "{cell:?}, {rows} rows, {threads} threads"
                );
            }
            assert!(
                train_on(&mut sequences(cell), 2, rows, 27) == want,
                "{cell:?}, {rows} rows, another plan"
            );
        }
        let x = numbers(300 * 27);
        let mut states = States::new(&kept.graph, 3);
        let mut outputs = |from: usize, to: usize| -> Vec<Vec<u32>> {
            let feeds = [Feed::Rows(&x[from * 27..to * 27])];
            kept.infer.run(&mut Pool::new(2), &mut states, &feeds, to - from, Draw::default()).unwrap();
            (0..2).map(|i| bits(kept.infer.output(i))).collect()
        };
        let all = outputs(0, 300);
        for (from, to) in [(0, 1), (63, 64), (64, 65), (299, 300), (7, 30), (100, 231)] {
            for ((part, all), width) in outputs(from, to).iter().zip(&all).zip([27, 11]) {
                assert_eq!(*part, all[from * width..to * width], "{cell:?}, rows {from} to {to}");
            }
        }
    }
}
