//! Every primitive on every instruction set the processor has, against the interpreter: the loops are compiled once for
//! each, and a mistake in one (or in how the compiler takes it) need not show in the others.

use super::Dice;
use super::check::check_on_every_set;
use crate::expr::Expr;
use crate::graph::Graph;
use crate::init::Init;
use crate::optimizer::{Clip, Optimizer};
use crate::recurrence::Cell;
use crate::shape::Shape;
use crate::window::Window;

/// Feeds of so many values a row (or in all).
fn feeds(dice: &mut Dice, rows: usize, rowwise: &[usize], shared: &[usize]) -> Vec<(bool, Vec<f32>)> {
    let mut numbers = |n: usize| (0..n).map(|_| dice.number()).collect::<Vec<f32>>();
    let mut all: Vec<_> = rowwise.iter().map(|width| (true, numbers(rows * width))).collect();
    all.extend(shared.iter().map(|&width| (false, numbers(width))));
    all
}

#[test]
fn elementwise_loops_take_every_form_of_operand() {
    type Function = for<'g> fn(Expr<'g>, Expr<'g>) -> Expr<'g>;
    let functions: [Function; 8] = [
        |a, b| a + b,
        |a, b| a - b,
        |a, b| a * b,
        |a, b| a / (b.abs() + 0.5),
        |a, b| a.min(b),
        |a, b| a.max(b),
        |a, b| a.less(b),
        // Signs meet often enough for some to be equal.
        |a, b| a.sign().equal(b.sign()),
    ];
    // Narrow, a register, a register and a little, and wider than a tile.
    for width in [1, 3, 16, 37, 700] {
        for rows in [1, if width > 100 { 2 } else { 70 }] {
            let graph = Graph::new();
            let (x, y) = (graph.rows("x", &[width]), graph.rows("y", &[width]));
            let (one, few) = (graph.rows("one", &[1]), graph.rows("few", &[width, 1]));
            let (column, scalar) = (graph.shared("column", &[width]), graph.shared("scalar", &[]));
            let number = graph.constant(0.3);
            let mut outputs = Vec::new();
            for f in functions {
                for other in [y, one, column, scalar, number] {
                    outputs.extend([f(x, other), f(other, x)]);
                }
                outputs.extend([f(scalar, number), f(column, scalar)]);
                // By an index.
                outputs.push(f(x.reshape(&[1, width]), few));
            }
            let mask = x.less(y);
            for (a, b) in [(x, y), (x, number), (number, x), (number, scalar), (column, one)] {
                outputs.extend([mask.select(a, b), scalar.less(number).select(a, b)]);
                outputs.push(one.less(number).select(a, b));
            }
            outputs.extend([-x, x.exp(), (x.abs() + 0.01).ln(), x.abs().sqrt(), x.tanh(), x.sigmoid()]);
            outputs.extend([(x * 20.0).softplus(), (x * 20.0).sigmoid(), (x * 30.0).exp(), x.sign()]);
            outputs.extend([x.sum_width(), x.max_over(0), x.sum_rows(), x.max_rows(), x.detach() + 0.0]);
            outputs.extend([column.sum(0), column.max_over(0), graph.row_count() * x]);
            let mut dice = Dice(width as u64);
            let fed = feeds(&mut dice, rows, &[width, width, 1, width], &[width, 1]);
            check_on_every_set(&graph, &outputs, &[], &fed, rows, &format!("width {width} rows {rows}"));
        }
    }
}

#[test]
fn products_reductions_and_moves_match_the_interpreter() {
    for (case, (k, n, lead)) in
        [(1, 1, 1), (5, 33, 1), (29, 16, 3), (130, 47, 1), (300, 2, 2)].into_iter().enumerate()
    {
        let graph = Graph::new();
        let (x, y) = (graph.rows("x", &[lead, k]), graph.rows("y", &[lead, n]));
        let index = graph.rows("index", &[2]);
        let w = graph.state("w", &[k, n], Init::Normal(0.4));
        let bias = graph.state("b", &[n], Init::Normal(0.4));
        let square = graph.state("s", &[k, k], Init::Normal(0.2));
        let product = x.matmul(w);
        let picked = index.abs() * (0.99 * k as f32);
        let gathered = square.gather(picked);
        let mut outputs = vec![product, x.matmul(w) * 1.0 + bias, y.matmul_with(w, false, true)];
        outputs.extend([square.matmul(w), square.matmul_with(w, true, false)]);
        outputs.extend([w.matmul_with(w, false, true), w.matmul_with(w, true, false)]);
        outputs.extend([x.contract(y), y.contract(x), gathered, gathered.scatter(picked, k + 1)]);
        // Sums and largest values over the first, a middle and the last axis.
        let cube = graph.concat(&[x.reshape(&[lead, 1, k]), x.tanh().reshape(&[lead, 1, k])], 1);
        for axis in 0..3 {
            outputs.extend([cube.sum(axis), cube.max_over(axis)]);
        }
        outputs.extend([w.sum(0), w.max_over(1), cube.permute(&[2, 0, 1]), cube.reverse(1)]);
        outputs.extend([x.pad(1, 2, 1), y.slice(1, n / 2, n - n / 2), w.permute(&[1, 0]).reverse(0)]);
        let loss = (product.tanh() * y + 0.1 * product.softmax()).mean_width().mean_rows();
        let gradients = graph.gradient(loss, &[w]);
        outputs.extend(&gradients);
        let updates = [(w, w - gradients[0] * 0.1), (bias, bias * 0.5 + product.sum(0).sum_rows())];
        for rows in [1, 66] {
            let mut dice = Dice(case as u64 + 3);
            let fed = feeds(&mut dice, rows, &[lead * k, lead * n, 2], &[]);
            check_on_every_set(
                &graph,
                &outputs,
                &updates,
                &fed,
                rows,
                &format!("{k} {n} {lead} rows {rows}"),
            );
        }
    }
}

#[test]
fn images_and_their_pools_match_the_interpreter() {
    for (case, (side, c, d)) in [(4, 1, 3), (6, 3, 20), (4, 17, 1)].into_iter().enumerate() {
        let graph = Graph::new();
        let x = graph.rows("x", &[side, side, c]);
        let w = graph.state("w", &[3, 3, c, d], Init::Normal(0.3));
        let windows = [Window::same(side, 3, 1); 2];
        let y = x.conv2d(w, windows).leaky_relu(0.2);
        let pools = [y.max_pool2d(2), y.mean_pool2d(2), y.upsample(2), y.conv2d_transposed(w, windows)];
        let loss = pools.iter().fold(graph.constant(0.0), |sum, pool| {
            sum + pool.square().reshape(&[pool.shape().width()]).mean_width().mean_rows()
        });
        let mut outputs = pools.to_vec();
        outputs.extend(graph.gradient(loss.reshape(&[]), &[w]));
        for rows in [1, 66] {
            let fed = feeds(&mut Dice(case as u64), rows, &[side * side * c], &[]);
            check_on_every_set(&graph, &outputs, &[], &fed, rows, &format!("case {case} rows {rows}"));
        }
    }
}

#[test]
fn recurrent_layers_and_their_gradients_match_the_interpreter() {
    for (case, (cell, inputs, units)) in
        [(Cell::Lstm, 1, 5), (Cell::Lstm, 18, 16), (Cell::Gru, 3, 7), (Cell::Gru, 33, 2)]
            .into_iter()
            .enumerate()
    {
        let graph = Graph::new();
        let (steps, gates) = (4, cell.gates());
        let x = graph.rows("x", &[steps, inputs]);
        let mask = graph.rows("m", &[steps]);
        let size = [cell.weight_rows(inputs, units), gates * units];
        let w = graph.state("w", &size, Init::Normal(0.3));
        let (all, last) =
            (x.recurrent(cell, w, Some(mask.less(graph.constant(0.5)))), x.recurrent_last(cell, w, None));
        let loss = all.square().reshape(&[steps * units]).mean_width() + last.mean_width();
        let mut outputs = vec![all, last];
        outputs.extend(graph.gradient(loss.mean_rows(), &[w, x]));
        for rows in [1, 37] {
            let fed = feeds(&mut Dice(case as u64), rows, &[steps * inputs, steps], &[]);
            check_on_every_set(
                &graph,
                &outputs,
                &[],
                &fed,
                rows,
                &format!("{cell:?} {inputs} {units} rows {rows}"),
            );
        }
    }
}

#[test]
fn noise_is_the_same_on_every_instruction_set() {
    for width in [1, 3, 16, 40, 600] {
        let graph = Graph::new();
        let x = graph.rows("x", &[1]);
        let shape = Shape::with_rows(&[width]);
        let outputs = [graph.normal(&shape) + x, graph.uniform(&shape) + x, graph.bernoulli(&shape, 0.3) + x];
        let fed = feeds(&mut Dice(1), 9, &[1], &[]);
        check_on_every_set(&graph, &outputs, &[], &fed, 9, &format!("width {width}"));
    }
}

#[test]
fn optimizers_match_the_interpreter_and_take_few_passes() {
    let optimizers = [
        (Optimizer::Sgd { momentum: 0.0 }, 2),
        (Optimizer::Sgd { momentum: 0.9 }, 3),
        (Optimizer::RmsProp { decay: 0.9, epsilon: 1e-2 }, 2),
        (Optimizer::Adadelta { decay: 0.9, epsilon: 1e-2 }, 10),
        (Optimizer::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-2, weight_decay: 0.0 }, 3),
        (Optimizer::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-2, weight_decay: 0.1 }, 4),
    ];
    // Of one value, a register and a little, more than a tile and more than a piece.
    for (optimizer, most) in optimizers {
        for width in [1, 37, 700, 9000] {
            let graph = Graph::new();
            let (x, rate) = (graph.rows("x", &[width]), graph.shared("rate", &[]));
            let p = graph.state("p", &[width], Init::Normal(1.0));
            let loss = (p * x).sum_width().mean_rows();
            let gradients = graph.gradient(loss, &[p]);
            let updates = optimizer.updates(&graph, &[("p".to_string(), p)], &gradients, rate);
            let fed = feeds(&mut Dice(4), 3, &[width], &[1]);
            let what = format!("{optimizer:?} width {width}");
            check_on_every_set(&graph, &[loss], &updates, &fed, 3, &what);
            let kernels = graph.compile(&[], &updates).unwrap().shared_kernels();
            let instructions: usize = kernels.iter().filter(|(w, _)| *w == width).map(|(_, n)| n).sum();
            assert!(width == 1 || instructions <= most, "{what}: {kernels:?}");
        }
    }
}

#[test]
fn gradients_of_large_matrices_end_with_the_optimizer_whatever_else_reads_them() {
    let rms = Optimizer::RmsProp { decay: 0.9, epsilon: 1e-2 };
    for rows in [1, 66, 130] {
        for (case, norm) in [(0, None), (1, None), (2, Some(0.5)), (3, None)] {
            let graph = Graph::new();
            let (x, rate) = (graph.rows("x", &[129]), graph.shared("rate", &[]));
            // Whose columns are kept apart and whose are not, and two of one size and different columns.
            let w = [[129, 256], [256, 130], [130, 256]]
                .map(|size| graph.state(&format!("w{}", size[0]), &size, Init::Normal(0.1)));
            let hidden = x.matmul(w[0]).tanh().matmul(w[1]);
            let mut y = hidden.tanh().matmul(w[2]);
            if case == 3 {
                // The same matrix twice, its transpose once.
                y = y.tanh().matmul(w[1]).matmul(w[2]).matmul_with(w[2], false, true);
            }
            let loss = y.square().mean_width().mean_rows();
            let gradients = graph.gradient(loss, &w);
            let bounded = Clip { value: None, norm }.apply(&graph, &gradients);
            let named: Vec<_> = w.iter().enumerate().map(|(i, w)| (format!("w{i}"), *w)).collect();
            let updates = rms.updates(&graph, &named, &bounded, rate);
            let mut outputs = vec![loss];
            if case == 1 {
                outputs.extend(gradients);
            }
            let fed = feeds(&mut Dice(6), rows, &[129], &[1]);
            check_on_every_set(&graph, &outputs, &updates, &fed, rows, &format!("case {case} rows {rows}"));
        }
    }
}
