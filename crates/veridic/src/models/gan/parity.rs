//! Objectives and penalties against PyTorch; `tests/fixtures/adversarial.py` writes the values.

use std::collections::BTreeMap;

use serde::Deserialize;
use veridic_graph::{Draw, Expr, Feed, Graph, Init, Pool, States};

use super::objective::LabelConfig;
use super::{Objective, Penalty};

const OBJECTIVES: [Objective; 5] = [
    Objective::NonSaturating,
    Objective::Minimax,
    Objective::LeastSquares,
    Objective::Hinge,
    Objective::Wasserstein,
];

#[derive(Deserialize)]
struct Fixture {
    weights: Vec<Vec<f32>>,
    real: Vec<f32>,
    made: Vec<f32>,
    labels: [f32; 2],
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    loss: f32,
    gradient: Vec<f32>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../tests/fixtures/adversarial.json")).unwrap()
}

fn discriminator(graph: &Graph) -> Vec<Expr<'_>> {
    [("w1", vec![2, 6]), ("b1", vec![6]), ("w2", vec![6, 1]), ("b2", vec![1])]
        .into_iter()
        .map(|(name, dims)| graph.state(name, &dims, Init::Constant(0.0)))
        .collect()
}

fn judge<'g>(x: Expr<'g>, weights: &[Expr<'g>]) -> Expr<'g> {
    (x.matmul(weights[0]) + weights[1]).tanh().matmul(weights[2]) + weights[3]
}

/// Compares the loss and its gradients, one after the other, with those of the case.
fn check(fixture: &Fixture, graph: &Graph, case: &str, loss: Expr<'_>, by: &[Expr<'_>], rows: [&[f32]; 2]) {
    let want = &fixture.cases[case];
    let mut outputs = vec![loss];
    outputs.extend(graph.gradient(loss, by));
    let mut plan = graph.compile(&outputs, &[]).unwrap();
    let mut states = States::new(graph, 1);
    for (state, values) in states.entries.iter_mut().zip(&fixture.weights) {
        state.values.clone_from(values);
    }
    let feeds = rows.map(Feed::Rows);
    plan.run(&mut Pool::new(1), &mut states, &feeds, rows[0].len() / 2, Draw::default()).unwrap();
    let close = |found: f32, want: f32| (found - want).abs() <= 2e-6 + 2e-5 * want.abs();
    assert!(close(plan.output(0)[0], want.loss), "{case}: {} for {}", plan.output(0)[0], want.loss);
    let found: Vec<f32> = (1..outputs.len()).flat_map(|i| plan.output(i).to_vec()).collect();
    assert_eq!(found.len(), want.gradient.len(), "{case}");
    for (i, (found, want)) in found.iter().zip(&want.gradient).enumerate() {
        assert!(close(*found, *want), "{case}: {found} for {want} in place {i}");
    }
}

#[test]
fn objectives_have_the_losses_and_gradients_of_pytorch() {
    let fixture = fixture();
    for objective in OBJECTIVES {
        let graph = Graph::new();
        let (real, made) = (graph.rows("real", &[2]), graph.rows("made", &[2]));
        let weights = discriminator(&graph);
        let (r, f) = (judge(real, &weights), judge(made, &weights));
        let [one, zero] = fixture.labels;
        let labels = LabelConfig { real: [one; 2], made: [zero; 2], flip: 0.0 };
        let (of_real, of_made) = labels.draw(r);
        let loss = objective.of_real(r, of_real) + objective.of_made(f, of_made);
        let rows = [fixture.real.as_slice(), fixture.made.as_slice()];
        check(&fixture, &graph, objective.name(), loss.mean_rows().reshape(&[]), &weights, rows);
    }
}

#[test]
fn generators_are_pushed_as_by_pytorch() {
    let fixture = fixture();
    for objective in OBJECTIVES {
        let graph = Graph::new();
        let (made, other) = (graph.rows("made", &[2]), graph.rows("other", &[2]));
        let weights = discriminator(&graph);
        // Gradients are asked of a node of its own.
        let x = (made + other * 0.0).detach();
        let loss = objective.of_generator(judge(x, &weights)).mean_rows().reshape(&[]);
        let case = format!("{} generator", objective.name());
        check(&fixture, &graph, &case, loss, &[x], [&fixture.made, &fixture.made]);
    }
}

#[test]
fn penalties_have_the_second_gradients_of_pytorch() {
    let fixture = fixture();
    for (name, penalty) in
        [("gradient", Penalty::Gradient(10.0)), ("real-gradient", Penalty::RealGradient(10.0))]
    {
        let graph = Graph::new();
        let (real, made) = (graph.rows("real", &[2]), graph.rows("made", &[2]));
        let weights = discriminator(&graph);
        let loss = penalty.of(real, made, |x| judge(x, &weights)).unwrap();
        check(&fixture, &graph, name, loss, &weights[..3], [&fixture.real, &fixture.real]);
    }
}
