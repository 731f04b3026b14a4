//! Plans held against the interpreter.

use super::interpret;
use crate::expr::Expr;
use crate::graph::Graph;
use crate::init::States;
use crate::kernel::isa::Isa;
use crate::op::Op;
use crate::plan::{Draw, Feed};
use crate::pool::Pool;

/// The best instruction set with one thread and with `most`, then the others with one.
pub(super) fn sets_and_threads(most: usize) -> Vec<(Isa, usize)> {
    let [best, others @ ..] = &Isa::available()[..] else { return Vec::new() };
    [(*best, 1), (*best, most)].into_iter().chain(others.iter().map(|isa| (*isa, 1))).collect()
}

/// Outputs and new values of states, on every instruction set and with one thread and two, against the interpreter; feeds
/// say whether they have rows.
pub(super) fn check_on_every_set(
    graph: &Graph,
    outputs: &[Expr<'_>],
    updates: &[(Expr<'_>, Expr<'_>)],
    feeds: &[(bool, Vec<f32>)],
    rows: usize,
    what: &str,
) {
    graph.check().unwrap();
    let start = States::new(graph, 3);
    let key = Draw { seed: 11, step: 2 };
    let values: Vec<Vec<f32>> = feeds.iter().map(|(_, values)| values.clone()).collect();
    let want = interpret(&graph.read(), &start, &values, rows, key);
    let fed: Vec<Feed<'_>> = feeds
        .iter()
        .map(|(rowwise, values)| if *rowwise { Feed::Rows(values) } else { Feed::Shared(values) })
        .collect();
    let mut bits: Vec<Vec<u32>> = Vec::new();
    for (isa, threads) in sets_and_threads(2) {
        let mut plan = graph.compile(outputs, updates).unwrap().on(isa);
        let mut states = start.clone();
        plan.run(&mut Pool::new(threads), &mut states, &fed, rows, key).unwrap();
        for (i, output) in outputs.iter().enumerate() {
            close(plan.output(i), &want[output.id as usize], &format!("{isa:?} {what} output {i}"));
        }
        for (state, value) in updates {
            let Op::State(index) = graph.read().nodes[state.id as usize].op else { continue };
            let what = format!("{isa:?} {what} state {index}");
            close(&states.entries[index].values, &want[value.id as usize], &what);
        }
        let outputs = (0..outputs.len()).flat_map(|i| plan.output(i).to_vec());
        let states = states.entries.iter().flat_map(|state| state.values.clone());
        bits.push(outputs.chain(states).map(f32::to_bits).collect());
    }
    assert_eq!(bits[0], bits[1], "threads changed bits: {what}");
}

pub(super) fn close(found: &[f32], want: &[f64], what: &str) {
    assert_eq!(found.len(), want.len(), "{what}");
    let scale = want.iter().fold(1.0f64, |scale, x| scale.max(x.abs()));
    for (i, (&found, &want)) in found.iter().zip(want).enumerate() {
        assert!((f64::from(found) - want).abs() < 2e-3 * scale, "{what}[{i}]: {found} {want}");
    }
}
