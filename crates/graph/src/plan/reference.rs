//! A plain interpreter of graphs in `f64`, and the checks of compiled plans against it.

mod check;
mod instruction;
mod recurrence;

use crate::expr::Expr;
use crate::graph::{Graph, Inner};
use crate::init::{Init, States};
use crate::kernel::random::{DrawKey, draw};
use crate::op::{Binary, Fold, Op, Unary};
use crate::plan::{Draw, Feed};
use crate::pool::Pool;
use crate::recurrence::Cell;
use crate::shape::Shape;
use crate::window::{Geometry, Window};
use check::{close, sets_and_threads};
use recurrence::Layer;

/// Every node's value: rows one after the other.
fn interpret(inner: &Inner, states: &States, feeds: &[Vec<f32>], rows: usize, key: Draw) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = Vec::new();
    for node in &inner.nodes {
        let (shape, width) = (&node.shape, node.shape.width());
        let n = if shape.rows { rows } else { 1 };
        let of = |id: &u32| &values[*id as usize];
        let shape_of = |id: &u32| &inner.nodes[*id as usize].shape;
        let per_row = |id: &u32| if shape_of(id).rows { rows } else { 1 };
        let value: Vec<f64> = match &node.op {
            Op::Input(slot) => feeds[*slot].iter().map(|&x| f64::from(x)).collect(),
            Op::State(index) => states.entries[*index].values.iter().map(|&x| f64::from(x)).collect(),
            Op::Const(bits) => vec![f64::from(f32::from_bits(*bits))],
            Op::RowCount => vec![rows as f64],
            Op::Random(distribution, stream) => (0..n)
                .flat_map(|row| {
                    let key = DrawKey { seed: key.seed, step: key.step, stream: *stream };
                    draw(*distribution, key, row as u32, width)
                })
                .map(f64::from)
                .collect(),
            Op::Unary(op, a) => of(a).iter().map(|&x| unary(*op, x)).collect(),
            Op::Binary(op, a, b) => of(a).iter().zip(of(b)).map(|(&x, &y)| binary(*op, x, y)).collect(),
            Op::Select(m, a, b) => {
                (0..n * width).map(|i| if of(m)[i] != 0.0 { of(a)[i] } else { of(b)[i] }).collect()
            }
            Op::Detach(a) | Op::Reshape(a) => of(a).clone(),
            Op::Broadcast(a) => {
                let index = shape_of(a).broadcast_index(shape);
                let stride = if shape_of(a).rows { shape_of(a).width() } else { 0 };
                (0..n)
                    .flat_map(|r| index.iter().map(move |&i| (r, i)))
                    .map(|(r, i)| of(a)[r * stride + i as usize])
                    .collect()
            }
            Op::Permute(a, order) => {
                let dims = &shape_of(a).dims;
                let mut strides = vec![1; dims.len()];
                for i in (0..dims.len() - 1).rev() {
                    strides[i] = strides[i + 1] * dims[i + 1];
                }
                let strides: Vec<usize> = order.iter().map(|&i| strides[i]).collect();
                let index = crate::shape::strided_index(&shape.dims, &strides);
                (0..n)
                    .flat_map(|r| index.iter().map(move |&i| (r, i)))
                    .map(|(r, i)| of(a)[r * width + i as usize])
                    .collect()
            }
            Op::Concat(parts, axis) => {
                let mut out = vec![0.0; n * width];
                let mut at = 0;
                for part in parts {
                    copy(&mut out, shape, of(part), shape_of(part), *axis, at, n, true);
                    at += shape_of(part).dims[*axis];
                }
                out
            }
            Op::Slice { of: a, axis, start } => {
                let mut out = vec![0.0; n * width];
                copy(&mut out, shape, of(a), shape_of(a), *axis, *start, n, false);
                out
            }
            Op::Pad { of: a, axis, before } => {
                let mut out = vec![0.0; n * width];
                copy(&mut out, shape, of(a), shape_of(a), *axis, *before, n, true);
                out
            }
            Op::Reduce(fold, a, axis) => {
                let dims = &shape_of(a).dims;
                let (outer, mid) = (dims[..*axis].iter().product::<usize>() * n, dims[*axis]);
                let inner: usize = dims[axis + 1..].iter().product();
                (0..outer * inner)
                    .map(|i| {
                        folded(*fold, (0..mid).map(|m| of(a)[(i / inner * mid + m) * inner + i % inner]))
                    })
                    .collect()
            }
            Op::ReduceRows(fold, a) => {
                (0..width).map(|j| folded(*fold, (0..rows).map(|r| of(a)[r * width + j]))).collect()
            }
            Op::MatMul { a, b, ta, tb } => {
                let b_dims = &shape_of(b).dims;
                let (k, cols) = if *tb { (b_dims[1], b_dims[0]) } else { (b_dims[0], b_dims[1]) };
                let m = per_row(a) * shape_of(a).width() / k;
                let at = |i: usize, p: usize| if *ta { of(a)[p * m + i] } else { of(a)[i * k + p] };
                let bt = |p: usize, j: usize| if *tb { of(b)[j * k + p] } else { of(b)[p * cols + j] };
                (0..m * cols).map(|ij| (0..k).map(|p| at(ij / cols, p) * bt(p, ij % cols)).sum()).collect()
            }
            Op::Contract(a, b) => {
                let (k, cols) = (shape.dims[0], shape.dims[1]);
                let m = rows * shape_of(a).width() / k;
                (0..k * cols)
                    .map(|ij| (0..m).map(|r| of(a)[r * k + ij / cols] * of(b)[r * cols + ij % cols]).sum())
                    .collect()
            }
            Op::Conv { x, w, geometry } => {
                let mut out = vec![0.0; n * width];
                pairs(geometry, rows, |i, j, k| out[k] += of(x)[i] * of(w)[j]);
                out
            }
            Op::ConvTransposed { y, w, geometry } => {
                let mut out = vec![0.0; n * width];
                pairs(geometry, rows, |i, j, k| out[i] += of(y)[k] * of(w)[j]);
                out
            }
            Op::ConvWeight { x, y, geometry } => {
                let mut out = vec![0.0; width];
                pairs(geometry, rows, |i, j, k| out[j] += of(x)[i] * of(y)[k]);
                out
            }
            Op::Reverse(a, axis) => {
                let dims = &shape_of(a).dims;
                let (n, inner) = (dims[*axis], dims[axis + 1..].iter().product::<usize>());
                let from = |at: usize| (at / inner / n * n + n - 1 - at / inner % n) * inner + at % inner;
                (0..of(a).len()).map(|at| of(a)[from(at)]).collect()
            }
            Op::Recurrent { x, weights, mask, r } => {
                let layer = Layer { r, weights: of(weights) };
                let mask = mask.map(|mask| of(&mask).as_slice());
                layer.chunks(of(x), mask, None).flat_map(|row| layer.states(&row)).collect()
            }
            Op::RecurrentInput { x, weights, mask, g, r } => {
                let layer = Layer { r, weights: of(weights) };
                let mask = mask.map(|mask| of(&mask).as_slice());
                let rows = layer.chunks(of(x), mask, Some(of(g)));
                rows.flat_map(|row| layer.adjoints(&row).0).collect()
            }
            Op::RecurrentWeight { x, weights, mask, g, r } => {
                let layer = Layer { r, weights: of(weights) };
                let mask = mask.map(|mask| of(&mask).as_slice());
                let mut out = vec![0.0; width];
                for row in layer.chunks(of(x), mask, Some(of(g))) {
                    for (out, value) in out.iter_mut().zip(layer.adjoints(&row).1) {
                        *out += value;
                    }
                }
                out
            }
            Op::Gather { table, index } => {
                let d = shape_of(table).dims[1];
                of(index)
                    .iter()
                    .flat_map(|&i| (0..d).map(move |j| (i, j)))
                    .map(|(i, j)| of(table)[i as usize * d + j])
                    .collect()
            }
            Op::Scatter { of: a, index, .. } => {
                let d = shape.dims[1];
                let mut out = vec![0.0; width];
                for (i, &pick) in of(index).iter().enumerate() {
                    for j in 0..d {
                        out[pick as usize * d + j] += of(a)[i * d + j];
                    }
                }
                out
            }
        };
        values.push(value);
    }
    values
}

/// Every product of a convolution: places in the fine side, the weights and the coarse side.
fn pairs(g: &Geometry, rows: usize, mut f: impl FnMut(usize, usize, usize)) {
    let [down, across] = g.axes;
    let (c, d) = (g.fine_channels, g.coarse_channels);
    let hits = |window: &Window| {
        let Window { kernel, stride, before, fine, coarse } = *window;
        let all = (0..coarse).flat_map(move |o| (0..kernel).map(move |t| (o, t)));
        let inside = all.filter(move |(o, t)| (before..before + fine).contains(&(o * stride + t)));
        inside.map(move |(o, t)| (o * stride + t - before, t, o)).collect::<Vec<_>>()
    };
    for row in 0..rows * g.images {
        for (iy, ty, oy) in hits(&down) {
            for (ix, tx, ox) in hits(&across) {
                for channels in 0..c * d {
                    let (i, o) = (channels / d, channels % d);
                    let fine = ((row * down.fine + iy) * across.fine + ix) * c + i;
                    let weight = ((ty * across.kernel + tx) * c + i) * d + o;
                    let coarse = ((row * down.coarse + oy) * across.coarse + ox) * d + o;
                    f(fine, weight, coarse);
                }
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one plain loop for three operations")]
fn copy(
    out: &mut [f64],
    shape: &Shape,
    of: &[f64],
    of_shape: &Shape,
    axis: usize,
    at: usize,
    n: usize,
    into: bool,
) {
    let (small, large) = if into { (of_shape, shape) } else { (shape, of_shape) };
    let outer: usize = small.dims[..axis].iter().product::<usize>() * n;
    let inner: usize = small.dims[axis + 1..].iter().product();
    let (s, l) = (small.dims[axis], large.dims[axis]);
    for o in 0..outer {
        for i in 0..s * inner {
            let (a, b) = (o * s * inner + i, (o * l + at) * inner + i);
            if into { out[b] = of[a] } else { out[a] = of[b] }
        }
    }
}

fn folded(fold: Fold, values: impl Iterator<Item = f64>) -> f64 {
    match fold {
        Fold::Sum => values.sum(),
        Fold::Max => values.fold(f64::NEG_INFINITY, f64::max),
    }
}

fn unary(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Exp => x.exp(),
        Unary::Ln => x.ln(),
        Unary::Sqrt => x.sqrt(),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Unary::Abs => x.abs(),
        Unary::Sign => f64::from(x > 0.0) - f64::from(x < 0.0),
    }
}

fn binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::Less => f64::from(a < b),
        Binary::Equal => f64::from(a == b),
    }
}

/// A small deterministic source of choices.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn number(&mut self) -> f32 {
        self.roll(2001) as f32 / 1000.0 - 1.0
    }
}

/// A random graph of dense-network parts: rows and shared values of a few shapes, grown by random operations.
fn grow<'g>(graph: &'g Graph, dice: &mut Dice) -> Vec<Expr<'g>> {
    let x = graph.rows("x", &[5]);
    let wide = graph.rows("wide", &[700]);
    let index = graph.rows("index", &[2]);
    let mut pool = vec![
        x,
        wide.tanh(),
        graph.state("w", &[5, 5], Init::Normal(0.5)),
        graph.state("v", &[5], Init::Normal(0.5)),
        graph.state("narrow", &[700, 5], Init::Normal(0.05)),
        graph.state("lstm", &[6, 8], Init::Normal(0.4)),
        graph.state("gru", &[77, 15], Init::Normal(0.1)),
        graph.shared("s", &[]),
        graph.normal(&Shape::with_rows(&[5])),
        graph.row_count() * 0.01,
    ];
    let table = pool[2];
    pool.push(table.gather(index));
    for _ in 0..25 {
        let a = pool[dice.roll(pool.len())];
        let b = pool[dice.roll(pool.len())];
        let (sa, sb) = (a.shape(), b.shape());
        let fits = sa.broadcast(&sb).is_some_and(|shape| shape.width() <= 3500);
        let new = match dice.roll(18) {
            0 => a.tanh(),
            1 => a.sigmoid(),
            2 => a.softplus() * 0.5,
            3 => (a * 0.3).exp().min(graph.constant(4.0)),
            4 | 5 if fits => a + b,
            6 if fits => a * b * 0.5,
            7 if fits => a.less(b).select(a, b),
            8 if sa.rows => a.mean_rows(),
            9 if sa.rows => a.max_rows(),
            10 if !sa.dims.is_empty() => a.mean(sa.dims.len() - 1),
            11 if sa.dims.last() == Some(&5) && (sa.rows || sa.dims.len() == 2) => a.matmul(table) * 0.4,
            12 if sa == Shape::with_rows(&[700]) => a.matmul(pool[4]) * 0.1 + pool[3],
            13 if sa.rows && sb.rows && sa.dims == [5] && sb.dims == [5] => a.contract(b) * 0.02,
            14 if sa.dims == [5] => graph.concat(&[a, a * 2.0], 0).slice(0, 3, 5).softmax(),
            15 if sa.dims.len() == 2 && sa.dims[0] < 10 => {
                a.permute(&[1, 0]).pad(1, 1, 2).slice(1, 1, sa.dims[0]).permute(&[1, 0])
            }
            16 if sa == Shape::with_rows(&[700]) => {
                a.reshape(&[10, 70]).recurrent_last(Cell::Gru, pool[6], None)
            }
            17 if sa == Shape::with_rows(&[5]) && sb == sa => {
                let sequence = graph.concat(&[a, b, a * b], 0).reshape(&[5, 3]);
                sequence
                    .reverse(0)
                    .recurrent(Cell::Lstm, pool[5], Some(a.less(b)))
                    .slice(1, 0, 1)
                    .reshape(&[5])
            }
            _ => (a.square() + 0.1).sqrt().ln(),
        };
        pool.push(new);
    }
    pool
}

/// Random graphs tried; many more were tried once.
const SEEDS: u64 = 60;

#[test]
fn random_graphs_and_their_gradients_match_the_interpreter_at_any_thread_count() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed * 7919 + 1);
        let graph = Graph::new();
        let values = grow(&graph, &mut dice);
        let zero = graph.constant(0.0).reshape(&[1]);
        let loss = values.iter().rev().take(4).fold(zero, |sum, value| {
            let mean = value.mean_width();
            sum + if mean.shape().rows { mean.mean_rows() } else { mean }
        });
        let wrt = [values[2], values[3], values[4]];
        let gradients = graph.gradient(loss, &wrt);
        // A second gradient, of a function of the first.
        let square = (gradients[0].square().sum_width() + gradients[1].square().sum_width()).reshape(&[]);
        let second = graph.gradient(square, &wrt[..2]);
        let mut outputs = vec![loss, square];
        outputs.extend(gradients.iter().chain(&second));
        outputs.extend((0..3).map(|_| values[dice.roll(values.len())]));
        let updates = [(wrt[0], wrt[0] - gradients[0] * 0.1), (wrt[1], wrt[1] * 0.5 + gradients[1])];
        graph.check().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for rows in [1, 65, 150] {
            let feeds = [
                (0..rows * 5).map(|_| dice.number()).collect::<Vec<f32>>(),
                (0..rows * 700).map(|_| dice.number()).collect(),
                (0..rows * 2).map(|_| dice.roll(5) as f32).collect(),
                vec![0.7],
            ];
            let start = States::new(&graph, seed);
            let key = Draw { seed, step: 3 };
            let want = interpret(&graph.read(), &start, &feeds, rows, key);
            let fed = [
                Feed::Rows(&feeds[0]),
                Feed::Rows(&feeds[1]),
                Feed::Rows(&feeds[2]),
                Feed::Shared(&feeds[3]),
            ];
            let mut runs = Vec::new();
            for (isa, threads) in sets_and_threads(3) {
                let mut plan = graph.compile(&outputs, &updates).unwrap().on(isa);
                let mut states = start.clone();
                let mut pool = Pool::new(threads);
                plan.run(&mut pool, &mut states, &fed, rows, key).unwrap();
                let all: Vec<Vec<f32>> = (0..outputs.len()).map(|i| plan.output(i).to_vec()).collect();
                for (i, output) in outputs.iter().enumerate() {
                    let what = format!("{isa:?} seed {seed} rows {rows} output {i}");
                    close(&all[i], &want[output.id as usize], &what);
                }
                for (i, (_, value)) in updates.iter().enumerate() {
                    close(
                        &states.entries[i].values,
                        &want[value.id as usize],
                        &format!("{isa:?} seed {seed} state {i}"),
                    );
                }
                runs.push((all, states));
            }
            let bits = |run: &(Vec<Vec<f32>>, States)| -> Vec<u32> {
                let states = run.1.entries.iter().map(|state| &state.values);
                run.0.iter().chain(states).flatten().map(|x| x.to_bits()).collect()
            };
            assert_eq!(bits(&runs[0]), bits(&runs[1]), "threads changed bits: seed {seed} rows {rows}");
        }
    }
}

#[test]
fn convolutions_of_many_shapes_match_the_interpreter_at_any_thread_count() {
    let window = |kernel, stride, before, fine, coarse| Window { kernel, stride, before, fine, coarse };
    // (down, across, fine channels, coarse channels): narrow and wide, padded and cut, a stride beyond the kernel.
    let cases = [
        (Window::same(7, 5, 2), Window::same(6, 5, 2), 3, 5),
        (Window::same(5, 3, 1), Window::same(4, 3, 1), 9, 17),
        (window(2, 3, 0, 6, 2), window(1, 2, 0, 5, 3), 8, 4),
        (window(4, 2, 3, 3, 3), window(5, 1, 4, 2, 6), 20, 1),
        (window(3, 1, 0, 3, 1), window(6, 2, 2, 8, 4), 1, 33),
        (window(2, 2, 0, 4, 2), window(300, 1, 0, 301, 2), 16, 2),
        (Window::same(4, 4, 1), window(3, 1, 0, 5, 3), 11, 2),
    ];
    for (case, (down, across, c, d)) in cases.into_iter().enumerate() {
        let mut dice = Dice(case as u64 + 5);
        let graph = Graph::new();
        let x = graph.rows("x", &[down.fine, across.fine, c]);
        let w = graph.state("w", &[down.kernel, across.kernel, c, d], Init::Normal(0.2));
        let b = graph.state("b", &[d], Init::Normal(0.5));
        let b2 = graph.state("b2", &[c], Init::Normal(0.5));
        let y = (x.conv2d(w, [down, across]) + b).tanh();
        let z = y.conv2d_transposed(w, [down, across]) + b2;
        let loss = (z.square().mean_width() + y.mean_width()).mean_rows();
        let wrt = [w, b, b2];
        let gradients = graph.gradient(loss, &wrt);
        let square = gradients[0].square().sum_width().reshape(&[]);
        let mut outputs = vec![y, z, loss];
        outputs.extend(gradients);
        outputs.extend(graph.gradient(square, &wrt[..2]));
        graph.check().unwrap();
        for rows in [1, 70] {
            let width = x.shape().width();
            let feed: Vec<f32> = (0..rows * width).map(|_| dice.number()).collect();
            let start = States::new(&graph, 3);
            let key = Draw { seed: 1, step: 1 };
            let want = interpret(&graph.read(), &start, std::slice::from_ref(&feed), rows, key);
            let mut bits = Vec::new();
            for (isa, threads) in sets_and_threads(2) {
                let mut plan = graph.compile(&outputs, &[]).unwrap().on(isa);
                let (mut states, mut pool) = (start.clone(), Pool::new(threads));
                plan.run(&mut pool, &mut states, &[Feed::Rows(&feed)], rows, key).unwrap();
                for (i, output) in outputs.iter().enumerate() {
                    let what = format!("{isa:?} case {case} rows {rows} output {i}");
                    close(plan.output(i), &want[output.id as usize], &what);
                }
                let all = (0..outputs.len()).flat_map(|i| plan.output(i)).map(|x| x.to_bits());
                bits.push(all.collect::<Vec<_>>());
            }
            assert_eq!(bits[0], bits[1], "threads changed bits: case {case} rows {rows}");
        }
    }
}

#[test]
fn upsampling_and_convolving_is_what_it_says() {
    for (h, w, kernel, times) in [(3, 4, 5, 2), (2, 2, 3, 3), (4, 3, 4, 2), (3, 3, 1, 2), (2, 5, 2, 1)] {
        let graph = Graph::new();
        let x = graph.rows("x", &[h, w, 3]);
        let weight = graph.state("w", &[kernel, kernel, 3, 9], Init::Normal(0.5));
        let windows = [Window::same(h * times, kernel, 1), Window::same(w * times, kernel, 1)];
        let (plain, fast) = (x.upsample(times).conv2d(weight, windows), x.upsample_conv2d(weight, times));
        let gradient = |y: Expr<'_>| graph.gradient(y.tanh().mean_width().mean_rows(), &[weight])[0].id;
        let outputs = [plain, fast, graph.expr(gradient(plain)), graph.expr(gradient(fast))];
        let mut plan = graph.compile(&outputs, &[]).unwrap();
        let mut dice = Dice(7);
        let feed: Vec<f32> = (0..5 * h * w * 3).map(|_| dice.number()).collect();
        let mut states = States::new(&graph, 0);
        let draw = Draw { seed: 0, step: 0 };
        plan.run(&mut Pool::new(1), &mut states, &[Feed::Rows(&feed)], 5, draw).unwrap();
        for (plain, fast) in [(0, 1), (2, 3)] {
            let want: Vec<f64> = plan.output(plain).iter().map(|&x| f64::from(x)).collect();
            close(plan.output(fast), &want, &format!("{h} x {w}, kernel {kernel}, {times} times"));
        }
    }
}
