//! Recurrent layers of the interpreter: one row at a time, by the textbook.

use super::{Dice, interpret};
use crate::expr::Expr;
use crate::graph::Graph;
use crate::init::{Init, States};
use crate::plan::{Draw, Feed};
use crate::pool::Pool;
use crate::recurrence::{Cell, Recurrence, unrolled};

/// A layer with its weights.
pub(super) struct Layer<'a> {
    pub(super) r: &'a Recurrence,
    pub(super) weights: &'a [f64],
}

/// One row: sequence, mask, adjoints of the states.
pub(super) struct Row<'a> {
    x: &'a [f64],
    mask: Option<&'a [f64]>,
    g: Option<&'a [f64]>,
}

/// A step: the state before and after, the cell before and after, the gates.
struct Step {
    h: [Vec<f64>; 2],
    c: [Vec<f64>; 2],
    gates: Vec<f64>,
    /// What the reset gate takes of n.
    back: Vec<f64>,
    counts: bool,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl<'a> Layer<'a> {
    /// The rows of a batch.
    pub(super) fn chunks<'b>(
        &self,
        x: &'b [f64],
        mask: Option<&'b [f64]>,
        g: Option<&'b [f64]>,
    ) -> impl Iterator<Item = Row<'b>> + use<'b> {
        let (width, steps, states) = (self.r.input_width(), self.r.steps, self.r.state_width());
        (0..x.len() / width).map(move |i| Row {
            x: &x[i * width..][..width],
            mask: mask.map(|mask| &mask[i * steps..][..steps]),
            g: g.map(|g| &g[i * states..][..states]),
        })
    }

    fn weight(&self, k: usize, column: usize) -> f64 {
        self.weights[k * self.r.columns() + column]
    }

    fn input<'b>(&self, row: &Row<'b>, t: usize) -> &'b [f64] {
        if self.r.repeats { row.x } else { &row.x[t * self.r.inputs..][..self.r.inputs] }
    }

    fn steps(&self, row: &Row<'_>) -> Vec<Step> {
        let (inputs, n) = (self.r.inputs, self.r.units);
        let (mut h, mut c) = (vec![0.0; n], vec![0.0; n]);
        let mut steps = Vec::new();
        for t in 0..self.r.steps {
            let x = self.input(row, t);
            let fed = |column: usize| {
                let product: f64 = (0..inputs).map(|i| x[i] * self.weight(i, column)).sum();
                product + self.weight(inputs, column)
            };
            let read = |column: usize| -> f64 {
                let product: f64 = (0..n).map(|j| h[j] * self.weight(inputs + 1 + j, column)).sum();
                product + if self.r.cell == Cell::Gru { self.weight(inputs + 1 + n, column) } else { 0.0 }
            };
            let counts = row.mask.is_none_or(|mask| mask[t] != 0.0);
            let sums: Vec<f64> = (0..self.r.columns()).map(|column| fed(column) + read(column)).collect();
            let mut gates: Vec<f64> = sums.iter().map(|&sum| sigmoid(sum)).collect();
            let back: Vec<f64> = (0..n).map(|j| read(2 * n + j)).collect();
            let (mut new_h, mut new_c) = (h.clone(), c.clone());
            for j in 0..n {
                let candidate = match self.r.cell {
                    Cell::Lstm => sums[2 * n + j].tanh(),
                    Cell::Gru => (fed(2 * n + j) + gates[j] * back[j]).tanh(),
                };
                gates[2 * n + j] = candidate;
                if counts && self.r.cell == Cell::Lstm {
                    new_c[j] = gates[n + j] * c[j] + gates[j] * candidate;
                    new_h[j] = gates[3 * n + j] * new_c[j].tanh();
                } else if counts {
                    new_h[j] = (1.0 - gates[n + j]) * candidate + gates[n + j] * h[j];
                }
            }
            steps.push(Step { h: [h, new_h.clone()], c: [c, new_c.clone()], gates, back, counts });
            (h, c) = (new_h, new_c);
        }
        steps
    }

    /// The states of a row.
    pub(super) fn states(&self, row: &Row<'_>) -> Vec<f64> {
        let steps = self.steps(row);
        let first = if self.r.last { steps.len() - 1 } else { 0 };
        steps[first..].iter().flat_map(|step| step.h[1].clone()).collect()
    }

    /// The adjoints of a row's sequence and of the weights.
    pub(super) fn adjoints(&self, row: &Row<'_>) -> (Vec<f64>, Vec<f64>) {
        let (inputs, n, columns) = (self.r.inputs, self.r.units, self.r.columns());
        let g = row.g.unwrap();
        let (mut to_x, mut to_weights) = (vec![0.0; row.x.len()], vec![0.0; self.weights.len()]);
        let (mut to_h, mut to_c) = (vec![0.0; n], vec![0.0; n]);
        for (t, step) in self.steps(row).iter().enumerate().rev() {
            for j in 0..n {
                to_h[j] += match (self.r.last, t + 1 == self.r.steps) {
                    (false, _) => g[t * n + j],
                    (true, true) => g[j],
                    (true, false) => 0.0,
                };
            }
            if !step.counts {
                continue;
            }
            // Adjoints of what is summed from the input and of what is summed from the state.
            let (mut fed, mut read) = (vec![0.0; columns], vec![0.0; columns]);
            let mut before = vec![0.0; n];
            for j in 0..n {
                let gate = |at: usize| step.gates[at * n + j];
                let slope = |at: usize| gate(at) * (1.0 - gate(at));
                if self.r.cell == Cell::Lstm {
                    let shown = step.c[1][j].tanh();
                    to_c[j] += to_h[j] * gate(3) * (1.0 - shown * shown);
                    fed[j] = to_c[j] * gate(2) * slope(0);
                    fed[n + j] = to_c[j] * step.c[0][j] * slope(1);
                    fed[2 * n + j] = to_c[j] * gate(0) * (1.0 - gate(2) * gate(2));
                    fed[3 * n + j] = to_h[j] * shown * slope(3);
                    to_c[j] *= gate(1);
                    for at in 0..4 {
                        read[at * n + j] = fed[at * n + j];
                    }
                } else {
                    let candidate = to_h[j] * (1.0 - gate(1)) * (1.0 - gate(2) * gate(2));
                    fed[2 * n + j] = candidate;
                    read[2 * n + j] = candidate * gate(0);
                    fed[j] = candidate * step.back[j] * slope(0);
                    fed[n + j] = to_h[j] * (step.h[0][j] - gate(2)) * slope(1);
                    (read[j], read[n + j]) = (fed[j], fed[n + j]);
                    before[j] = to_h[j] * gate(1);
                }
            }
            let x = self.input(row, t);
            let at = if self.r.repeats { 0 } else { t * inputs };
            for column in 0..columns {
                for i in 0..inputs {
                    to_x[at + i] += fed[column] * self.weight(i, column);
                    to_weights[i * columns + column] += fed[column] * x[i];
                }
                to_weights[inputs * columns + column] += fed[column];
                for j in 0..n {
                    before[j] += read[column] * self.weight(inputs + 1 + j, column);
                    to_weights[(inputs + 1 + j) * columns + column] += read[column] * step.h[0][j];
                }
                if self.r.cell == Cell::Gru {
                    to_weights[(inputs + 1 + n) * columns + column] += read[column];
                }
            }
            to_h = before;
        }
        (to_x, to_weights)
    }
}

/// Layers of many sizes: cell, steps, inputs, units, whether masked.
const LAYERS: [(Cell, usize, usize, usize, bool); 8] = [
    (Cell::Lstm, 5, 3, 4, true),
    (Cell::Gru, 5, 3, 4, true),
    (Cell::Lstm, 1, 1, 1, false),
    (Cell::Gru, 9, 1, 33, false),
    (Cell::Lstm, 7, 17, 32, false),
    (Cell::Lstm, 6, 2, 1, true),
    (Cell::Gru, 2, 40, 20, true),
    (Cell::Lstm, 3, 5, 64, true),
];

/// A loss whose mean over rows keeps what the way forward left behind for another stage.
fn spread_and_means<'g>(again: Expr<'g>, h: Expr<'g>, last: Expr<'g>) -> Expr<'g> {
    let spread = (again - again.mean_rows()).square();
    (spread.mean_width() + h.mean_width() + last.mean_width()).mean_rows()
}

#[test]
fn recurrent_layers_of_many_sizes_match_the_interpreter_and_the_unrolled_form_at_any_thread_count() {
    for (case, (cell, steps, inputs, units, masked)) in LAYERS.into_iter().enumerate() {
        let mut dice = Dice(case as u64 + 9);
        let graph = Graph::new();
        let x = graph.rows("x", &[steps, inputs]);
        let weights = |name: &str, inputs: usize| {
            let dims = [cell.weight_rows(inputs, units), cell.gates() * units];
            graph.state(name, &dims, Init::Normal(0.7 / ((inputs + units) as f32).sqrt()))
        };
        let (w, w2) = (weights("w", inputs), weights("w2", units));
        let mask = graph.rows("mask", &[steps]);
        let mask = masked.then_some(mask);
        // There and back in time, then from the last state to a sequence again.
        let h = x.recurrent(cell, w, mask);
        let last = h.reverse(0).recurrent_last(cell, w2, mask.map(|mask| mask.reverse(0)));
        let again = last.recurrent_repeated(cell, w2, steps, mask);
        let loss = spread_and_means(again, h, last);
        let wrt = [w, w2, x];
        let gradients = graph.gradient(loss, &wrt);
        let square = gradients[0].square().sum_width().reshape(&[]);
        let mut outputs = vec![h, last, again, loss];
        outputs.extend(&gradients);
        if units < 10 {
            outputs.extend(graph.gradient(square, &wrt));
        }
        // The same as expressions of other primitives.
        let r = Recurrence { cell, steps, inputs, units, sequences: 1, repeats: false, last: false };
        let plain = unrolled(x, w, mask, &r);
        let last_r = Recurrence { inputs: units, last: true, ..r };
        let plain_last = unrolled(plain.reverse(0), w2, mask.map(|mask| mask.reverse(0)), &last_r);
        let repeated = Recurrence { inputs: units, repeats: true, ..r };
        let plain_again = unrolled(plain_last, w2, mask, &repeated);
        let plain_loss = spread_and_means(plain_again, plain, plain_last);
        let mut same = vec![(0, plain), (1, plain_last), (2, plain_again), (3, plain_loss)];
        same.extend(graph.gradient(plain_loss, &wrt).into_iter().enumerate().map(|(i, g)| (4 + i, g)));
        let first = outputs.len();
        outputs.extend(same.iter().map(|(_, plain)| *plain));
        graph.check().unwrap();
        for rows in [1, 15, 70] {
            let feeds = [
                (0..rows * steps * inputs).map(|_| dice.number()).collect::<Vec<f32>>(),
                // Steps left out in the middle and, of some rows, all.
                (0..rows * steps)
                    .map(|i| if i / steps % 5 == 2 { 0.0 } else { dice.roll(3) as f32 })
                    .collect(),
            ];
            let start = States::new(&graph, 3);
            let key = Draw { seed: 1, step: 1 };
            let want = interpret(&graph.read(), &start, &feeds, rows, key);
            let mut bits = Vec::new();
            for threads in [1, 2] {
                let mut plan = graph.compile(&outputs, &[]).unwrap();
                let (mut states, mut pool) = (start.clone(), Pool::new(threads));
                let fed = [Feed::Rows(&feeds[0]), Feed::Rows(&feeds[1])];
                plan.run(&mut pool, &mut states, &fed, rows, key).unwrap();
                for (i, output) in outputs.iter().enumerate() {
                    let what = format!("case {case} rows {rows} output {i}");
                    near(plan.output(i), &want[output.id as usize], &what);
                }
                for (j, (i, _)) in same.iter().enumerate() {
                    let want: Vec<f64> = plan.output(first + j).iter().map(|&x| f64::from(x)).collect();
                    near(plan.output(*i), &want, &format!("case {case} rows {rows} unrolled {i}"));
                }
                let all = (0..outputs.len()).flat_map(|i| plan.output(i)).map(|x| x.to_bits());
                bits.push(all.collect::<Vec<_>>());
            }
            assert_eq!(bits[0], bits[1], "threads changed bits: case {case} rows {rows}");
        }
    }
}

#[test]
fn what_a_masked_step_holds_changes_nothing() {
    for cell in [Cell::Lstm, Cell::Gru] {
        let graph = Graph::new();
        let x = graph.rows("x", &[4, 2]);
        let mask = graph.rows("mask", &[4]);
        let w = graph.state("w", &[cell.weight_rows(2, 3), cell.gates() * 3], Init::Normal(0.5));
        let h = x.recurrent(cell, w, Some(mask));
        let gradients = graph.gradient(h.square().mean_width().mean_rows(), &[x, w]);
        let mut plan = graph.compile(&[h, gradients[0], gradients[1]], &[]).unwrap();
        let mut run = |masked: f32| -> Vec<Vec<f32>> {
            let mut values: Vec<f32> = (0..3 * 8).map(|i| (i * 7 % 11) as f32 / 10.0 - 0.5).collect();
            let mask = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0];
            for (i, value) in values.iter_mut().enumerate() {
                *value = if mask[i / 2] == 0.0 { masked } else { *value };
            }
            let (mut states, mut pool) = (States::new(&graph, 1), Pool::new(1));
            let feeds = [Feed::Rows(&values), Feed::Rows(&mask)];
            plan.run(&mut pool, &mut states, &feeds, 3, Draw { seed: 0, step: 0 }).unwrap();
            (0..3).map(|i| plan.output(i).to_vec()).collect()
        };
        let want = run(0.0);
        assert!(want.iter().flatten().all(|value| value.is_finite()));
        assert_eq!(run(f32::NAN), want);
        assert_eq!(run(1e30), want);
        // The state stays, and no gradient reaches what was left out.
        assert_eq!(want[0][3..6], want[0][..3]);
        assert_eq!(want[1][2..4], [0.0, 0.0]);
    }
}

/// As [`close`], in proportion to the largest value however small that is.
fn near(found: &[f32], want: &[f64], what: &str) {
    assert_eq!(found.len(), want.len(), "{what}");
    let scale = want.iter().fold(1e-6f64, |scale, x| scale.max(x.abs()));
    for (i, (&found, &want)) in found.iter().zip(want).enumerate() {
        assert!((f64::from(found) - want).abs() < 2e-4 * scale, "{what}[{i}]: {found} {want} of {scale}");
    }
}

#[test]
fn several_sequences_of_a_row_are_what_they_are_alone() {
    for cell in [Cell::Lstm, Cell::Gru] {
        let graph = Graph::new();
        let x = graph.rows("x", &[2, 3, 4, 5]);
        let mask = graph.rows("mask", &[2, 3, 4]);
        let w = graph.state("w", &[cell.weight_rows(5, 3), cell.gates() * 3], Init::Normal(0.4));
        let w2 = graph.state("w2", &[cell.weight_rows(3, 3), cell.gates() * 3], Init::Normal(0.4));
        let h = x.recurrent(cell, w, Some(mask));
        let y = h.recurrent_last(cell, w2, None).recurrent_repeated(cell, w2, 4, Some(mask));
        let loss = y.square().mean_width().mean_rows();
        let first = graph.gradient(loss, &[x, w, w2]);
        let second = graph.gradient(first[1].square().sum_width().reshape(&[]), &[w, w2]);
        let outputs = [&[h, y, loss], &first[..], &second[..]].concat();
        let mut plan = graph.compile(&outputs, &[]).unwrap();
        let mut dice = Dice(3);
        let feeds = [
            (0..7 * 120).map(|_| dice.number()).collect::<Vec<f32>>(),
            (0..7 * 24).map(|_| dice.roll(3) as f32).collect(),
        ];
        let mut states = States::new(&graph, 3);
        let key = Draw { seed: 1, step: 1 };
        let want = interpret(&graph.read(), &states, &feeds, 7, key);
        plan.run(&mut Pool::new(2), &mut states, &[Feed::Rows(&feeds[0]), Feed::Rows(&feeds[1])], 7, key)
            .unwrap();
        for (i, output) in outputs.iter().enumerate() {
            near(plan.output(i), &want[output.id as usize], &format!("{cell:?}, output {i}"));
        }
    }
}
