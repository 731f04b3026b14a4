//! What optimizers, clipping and starts do, on problems small enough to know the answer.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use veridic_graph::optimizer::{Clip, Optimizer};
use veridic_graph::{Draw, Expr, Graph, Init, Pool, States};

/// Runs updates without inputs `steps` times.
fn run(graph: &Graph, updates: &[(Expr<'_>, Expr<'_>)], states: &mut States, steps: u64) {
    let mut plan = graph.compile(&[], updates).unwrap();
    let mut pool = Pool::new(1);
    for step in 0..steps {
        plan.run(&mut pool, states, &[], 1, Draw { seed: 0, step }).unwrap();
    }
}

#[test]
fn every_optimizer_finds_the_minimum_of_a_quadratic() {
    let adam = |weight_decay| Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay };
    let cases = [
        (Optimizer::Sgd { momentum: 0.0 }, 0.2, 300),
        (Optimizer::Sgd { momentum: 0.9 }, 0.05, 600),
        (Optimizer::RmsProp { decay: 0.9, epsilon: 1e-7 }, 1e-3, 4000),
        (Optimizer::Adadelta { decay: 0.9, epsilon: 1e-6 }, 1.0, 6000),
        (adam(0.0), 1e-2, 2000),
        (adam(1e-4), 1e-2, 2000),
    ];
    for (optimizer, rate, steps) in cases {
        let graph = Graph::new();
        let parameters = [("a", vec![2]), ("b", vec![])]
            .map(|(name, dims)| (name.to_string(), graph.state(name, &dims, Init::Constant(0.0))));
        let (a, b) = (parameters[0].1, parameters[1].1);
        let scale = graph.concat(&[graph.constant(1.0).reshape(&[1]), graph.constant(3.0).reshape(&[1])], 0);
        // The minimum is at a = (1, 1), b = -2.
        let loss = ((a - 1.0).square() * scale).sum_width() + (b + 2.0).square();
        let gradients = graph.gradient(loss, &[a, b]);
        let updates = optimizer.updates(&graph, &parameters, &gradients, graph.constant(rate));
        let mut states = States::new(&graph, 0);
        run(&graph, &updates, &mut states, steps);
        let found: Vec<f32> =
            [&states.get("a").unwrap().values[..], &states.get("b").unwrap().values].concat();
        for (found, want) in found.iter().zip([1.0, 1.0, -2.0]) {
            assert!((found - want).abs() < 5e-3, "{optimizer:?}: {found} {want}");
        }
    }
}

/// One step from 1 against a gradient of 2, and the parameter after a second.
fn steps(optimizer: Optimizer) -> [f32; 2] {
    let graph = Graph::new();
    let p = graph.state("p", &[], Init::Constant(1.0));
    let parameters = [("p".to_string(), p)];
    let updates = optimizer.updates(&graph, &parameters, &[graph.constant(2.0)], graph.constant(0.1));
    let mut states = States::new(&graph, 0);
    [0, 1].map(|_| {
        run(&graph, &updates, &mut states, 1);
        states.get("p").unwrap().values[0]
    })
}

#[test]
fn first_steps_are_those_of_the_papers() {
    let close = |found: [f32; 2], want: [f64; 2]| {
        for (found, want) in found.iter().zip(want) {
            assert!((f64::from(*found) - want).abs() < 1e-6, "{found} {want}");
        }
    };
    close(steps(Optimizer::Sgd { momentum: 0.0 }), [0.8, 0.6]);
    close(steps(Optimizer::Sgd { momentum: 0.5 }), [0.8, 0.5]);
    // s = 0.75 * 4 = 3, then 3.75.
    let step = |s: f64| 0.1 * 2.0 / (s.sqrt() + 1.0);
    close(
        steps(Optimizer::RmsProp { decay: 0.25, epsilon: 1.0 }),
        [1.0 - step(3.0), 1.0 - step(3.0) - step(3.75)],
    );
    // d starts at 0: the first step is sqrt(1 / (2 + 1)) * 2.
    let first = (1.0f64 / 3.0).sqrt() * 2.0;
    let second = ((0.5 * first * first + 1.0) / (3.0 + 1.0)).sqrt() * 2.0;
    close(
        steps(Optimizer::Adadelta { decay: 0.5, epsilon: 1.0 }),
        [1.0 - 0.1 * first, 1.0 - 0.1 * (first + second)],
    );
    // With corrections a constant gradient gives steps of the rate.
    let adam = |weight_decay| Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay };
    close(steps(adam(0.0)), [0.9, 0.8]);
    close(steps(adam(0.5)), [0.95 - 0.1, 0.85 * 0.95 - 0.1]);
}

/// The gradients after clipping.
fn clipped(clip: Clip, gradients: &[&[f32]]) -> Vec<Vec<f32>> {
    let graph = Graph::new();
    let given: Vec<_> =
        gradients.iter().map(|values| graph.state("g", &[values.len()], Init::Constant(0.0))).collect();
    let mut plan = graph.compile(&clip.apply(&graph, &given), &[]).unwrap();
    let mut states = States::new(&graph, 0);
    for (state, values) in states.entries.iter_mut().zip(gradients) {
        state.values = values.to_vec();
    }
    plan.run(&mut Pool::new(1), &mut states, &[], 1, Draw::default()).unwrap();
    (0..given.len()).map(|i| plan.output(i).to_vec()).collect()
}

#[test]
fn gradients_are_clipped_by_value_and_by_their_joint_norm() {
    let (value, norm) =
        (|limit| Clip { value: Some(limit), norm: None }, |limit| Clip { value: None, norm: Some(limit) });
    let given: [&[f32]; 2] = [&[3.0, -0.5], &[0.25, -4.0, 1.0]];
    assert_eq!(clipped(Clip::default(), &given), given);
    assert_eq!(clipped(value(1.0), &given), [vec![1.0, -0.5], vec![0.25, -1.0, 1.0]]);
    // The norm of (6, 8) over both tensors is 10.
    assert_eq!(clipped(norm(5.0), &[&[6.0, 0.0], &[-8.0]]), [vec![3.0, 0.0], vec![-4.0]]);
    assert_eq!(clipped(norm(10.0), &[&[6.0, 0.0], &[-8.0]]), [vec![6.0, 0.0], vec![-8.0]]);
    assert_eq!(clipped(norm(11.0), &given), given);
    assert_eq!(clipped(norm(1.0), &[&[0.0, 0.0]]), [vec![0.0, 0.0]]);
    // Values first: (6, -8) becomes (3, -4), of norm 5.
    let both = Clip { value: Some(4.0), norm: Some(2.5) };
    assert_eq!(clipped(both, &[&[3.0], &[-8.0]]), [vec![1.5], vec![-2.0]]);
    assert!(clipped(norm(1.0), &[&[f32::NAN, 1.0]])[0].iter().all(|x| x.is_nan()));
    assert!(clipped(value(1.0), &[&[f32::NAN, 2.0]])[0][0].is_nan());
}

#[test]
fn starts_have_the_range_and_spread_of_their_scheme() {
    let values = |init: Init, dims: &[usize], seed: u64| {
        let graph = Graph::new();
        let _ = graph.state("w", dims, init);
        States::new(&graph, seed).entries.remove(0).values
    };
    let close = |found: f64, want: f64| assert!((found / want - 1.0).abs() < 0.05, "{found} {want}");
    // Fan-in 30, fan-out 90; the last with five taps.
    let flat: &[usize] = &[30, 90];
    let taps: &[usize] = &[5, 30, 90];
    let uniform = [
        (Init::GlorotUniform, flat, (6.0f64 / 120.0).sqrt()),
        (Init::GlorotUniform, taps, (6.0f64 / 600.0).sqrt()),
        (Init::HeUniform, flat, (6.0f64 / 30.0).sqrt()),
        (Init::HeUniform, taps, (6.0f64 / 150.0).sqrt()),
        (Init::Uniform(0.25), flat, 0.25),
    ];
    for (init, dims, limit) in uniform {
        let values = values(init, dims, 1);
        let (low, high) = values.iter().fold((0.0f32, 0.0f32), |(l, h), &x| (l.min(x), h.max(x)));
        assert!(f64::from(-low) <= limit * 1.000_001 && f64::from(high) <= limit * 1.000_001);
        close(f64::from(high - low), 2.0 * limit);
    }
    let normal = [
        (Init::GlorotNormal, flat, (2.0f64 / 120.0).sqrt()),
        (Init::HeNormal, flat, (2.0f64 / 30.0).sqrt()),
        (Init::HeNormal, taps, (2.0f64 / 150.0).sqrt()),
        (Init::Normal(0.02), flat, 0.02),
    ];
    for (init, dims, sd) in normal {
        let values = values(init, dims, 1);
        let n = values.len() as f64;
        close((values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n).sqrt(), sd);
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        assert!(mean.abs() < 4.0 * sd / n.sqrt(), "{init:?}: {mean}");
        assert!(values.iter().any(|&x| f64::from(x) > 2.5 * sd), "{init:?} has no tail");
    }
    assert_eq!(values(Init::Constant(0.5), &[2, 2], 1), [0.5; 4]);
    assert_eq!(values(Init::HeNormal, flat, 1), values(Init::HeNormal, flat, 1));
    assert_ne!(values(Init::HeNormal, flat, 1), values(Init::HeNormal, flat, 2));

    // States of one graph differ from each other, and keep their values when more follow.
    let graph = Graph::new();
    let _ = graph.state("a", &[8], Init::Normal(1.0));
    let before = States::new(&graph, 7);
    let _ = graph.state("b", &[8], Init::Normal(1.0));
    let after = States::new(&graph, 7);
    assert_eq!(before.entries[0], after.entries[0]);
    assert_ne!(after.entries[0].values, after.entries[1].values);
}

#[test]
fn updates_read_the_values_from_before_the_step() {
    let graph = Graph::new();
    let [a, b, c, d] = [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)]
        .map(|(name, value)| graph.state(name, &[3], Init::Constant(value)));
    let updates = [
        (a, b), // a and b change places
        (b, a),
        (c, a + b), // two states get the same value
        (d, a + b),
    ];
    let mut plan = graph.compile(&[a, c, a + b, d * c.sum_width()], &updates).unwrap();
    let mut states = States::new(&graph, 0);
    plan.run(&mut Pool::new(1), &mut states, &[], 1, Draw::default()).unwrap();
    let values = |i: usize| states.entries[i].values[2];
    assert_eq!([0, 1, 2, 3].map(values), [2.0, 1.0, 3.0, 3.0]);
    assert_eq!([0, 1, 2, 3].map(|i| plan.output(i)[2]), [1.0, 3.0, 3.0, 36.0]);

    let graph = Graph::new();
    let states = ["a", "b", "c"].map(|name| graph.state(name, &[2], Init::Constant(5.0)));
    let zero = graph.constant(0.0);
    let updates = states.map(|state| (state, zero.broadcast(&state.shape())));
    let mut kept = States::new(&graph, 0);
    run(&graph, &updates, &mut kept, 2);
    assert!(kept.entries.iter().all(|state| state.values == [0.0, 0.0]));
}
