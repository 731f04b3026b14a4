//! First and second gradients of everything an expression can be made of, against central differences.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use veridic_graph::{Cell, Draw, Expr, Feed, Graph, Plan, Pool, Shape, States, Window, loss};

/// Rows of every run.
const ROWS: usize = 5;
/// Half the distance of central differences.
const STEP: f32 = 4e-3;
/// Allowed error, relative for gradients above one and absolute below.
const TOLERANCE: f64 = 5e-3;

/// What an operand is filled with: magnitudes in [0.3, 1.3], apart from each other by more than a step.
#[derive(Clone, Copy, PartialEq)]
enum Values {
    Signed,
    Positive,
    /// Row numbers of a table of this many rows; nothing is differentiated by them.
    Index(usize),
}

#[derive(Clone)]
struct Operand {
    shape: Shape,
    values: Values,
}

fn rows(dims: &[usize]) -> Operand {
    Operand { shape: Shape::with_rows(dims), values: Values::Signed }
}

fn shared(dims: &[usize]) -> Operand {
    Operand { shape: Shape::shared(dims), values: Values::Signed }
}

fn index(dims: &[usize], n: usize) -> Operand {
    Operand { shape: Shape::with_rows(dims), values: Values::Index(n) }
}

impl Operand {
    fn positive(self) -> Self {
        Self { values: Values::Positive, ..self }
    }

    fn len(&self) -> usize {
        self.shape.width() * if self.shape.rows { ROWS } else { 1 }
    }

    /// Each value is at least 0.01 from the others, and 0.005 from those of the operand before or after it.
    fn fill(&self, salt: usize) -> Vec<f32> {
        (0..self.len())
            .map(|i| match self.values {
                Values::Index(n) => ((i * 5 + i / 3) % n) as f32,
                _ => {
                    let place = (i * 37 + salt * 11) % 97;
                    let magnitude = 0.3 + 0.0101 * place as f32 + 0.005 * (salt % 2) as f32;
                    let negative = (i * i + i / 2 + salt).is_multiple_of(3);
                    if negative && self.values == Values::Signed { -magnitude } else { magnitude }
                }
            })
            .collect()
    }
}

/// An expression built from a graph and operands.
type Build = for<'g> fn(&'g Graph, &[Expr<'g>]) -> Expr<'g>;

/// Inputs of a graph with what they are fed.
struct Fed<'g> {
    graph: &'g Graph,
    shapes: Vec<Shape>,
    values: Vec<Vec<f32>>,
}

impl<'g> Fed<'g> {
    fn input(&mut self, operand: &Operand) -> Expr<'g> {
        let salt = self.values.len() + 1;
        self.values.push(operand.fill(salt));
        self.shapes.push(operand.shape.clone());
        let dims = &operand.shape.dims;
        if operand.shape.rows {
            self.graph.rows(&salt.to_string(), dims)
        } else {
            self.graph.shared(&salt.to_string(), dims)
        }
    }

    /// The outputs of a plan.
    fn run(&self, plan: &mut Plan, outputs: usize) -> Vec<Vec<f32>> {
        let feeds: Vec<Feed<'_>> = (self.shapes.iter().zip(&self.values))
            .map(|(shape, values)| if shape.rows { Feed::Rows(values) } else { Feed::Shared(values) })
            .collect();
        let mut states = States::new(self.graph, 0);
        plan.run(&mut Pool::new(1), &mut states, &feeds, ROWS, Draw { seed: 4, step: 2 }).unwrap();
        (0..outputs).map(|i| plan.output(i).to_vec()).collect()
    }
}

fn total(e: Expr<'_>) -> Expr<'_> {
    let sum = e.sum_width().reshape(&[]);
    if e.shape().rows { sum.sum_rows() } else { sum }
}

/// Checks the gradient of `Σ c (y + y²/2)`, where `y = build(operands)`, with respect to every operand, and the
/// gradient of a weighted sum of that gradient. The sums that are differenced are taken in `f64`.
fn check(name: &str, operands: &[Operand], build: Build) {
    let graph = Graph::new();
    let mut fed = Fed { graph: &graph, shapes: Vec::new(), values: Vec::new() };
    let exprs: Vec<Expr<'_>> = operands.iter().map(|operand| fed.input(operand)).collect();
    let y = build(&graph, &exprs);
    let c = fed.input(&Operand { shape: y.shape(), values: Values::Signed });
    let terms = c * (y + y.square() * 0.5);

    let is_index = |i: &usize| matches!(operands[*i].values, Values::Index(_));
    let by: Vec<usize> = (0..operands.len()).filter(|i| !is_index(i)).collect();
    let wrt: Vec<Expr<'_>> = by.iter().map(|&i| exprs[i]).collect();
    let first = graph.gradient(total(terms), &wrt);
    let mut values = vec![terms];
    let mut slope = graph.constant(0.0);
    for gradient in &first {
        let direction = fed.input(&Operand { shape: gradient.shape(), values: Values::Signed });
        values.push(direction * *gradient);
        slope = slope + total(direction * *gradient);
    }
    let second = graph.gradient(slope, &wrt);
    let gradients: Vec<Expr<'_>> = first.iter().chain(&second).copied().collect();

    let mut plan = graph.compile(&gradients, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
    let found = fed.run(&mut plan, gradients.len());
    let mut plan = graph.compile(&values, &[]).unwrap();
    let mut sums = |fed: &Fed<'_>| -> [f64; 2] {
        let outputs = fed.run(&mut plan, values.len());
        let sum = |outputs: &[Vec<f32>]| outputs.iter().flatten().map(|&x| f64::from(x)).sum();
        [sum(&outputs[..1]), sum(&outputs[1..])]
    };
    for (at, &i) in by.iter().enumerate() {
        for j in 0..fed.values[i].len() {
            let middle = fed.values[i][j];
            let (low, high) = (middle - STEP, middle + STEP);
            fed.values[i][j] = high;
            let above = sums(&fed);
            fed.values[i][j] = low;
            let below = sums(&fed);
            fed.values[i][j] = middle;
            for order in 0..2 {
                let want = (above[order] - below[order]) / f64::from(high - low);
                let found = f64::from(found[order * by.len() + at][j]);
                assert!(
                    (found - want).abs() <= TOLERANCE * want.abs().max(1.0),
                    "{name}, {:?}: gradient {} by operand {i} at {j} is {found}, differences say {want}",
                    operands.iter().map(|operand| operand.shape.to_string()).collect::<Vec<_>>(),
                    order + 1,
                );
            }
        }
    }
}

/// Checks one operand with rows and without.
fn check_both(name: &str, dims: &[usize], build: Build) {
    check(name, &[rows(dims)], build);
    check(name, &[shared(dims)], build);
}

#[test]
fn functions_of_one_value() {
    let cases: [(&str, Build); 13] = [
        ("neg", |_, x| -x[0]),
        ("exp", |_, x| x[0].exp()),
        ("tanh", |_, x| x[0].tanh()),
        ("sigmoid", |_, x| x[0].sigmoid()),
        ("softplus", |_, x| x[0].softplus()),
        ("abs", |_, x| x[0].abs()),
        ("sign", |_, x| x[0].sign() * x[0].square()),
        ("square", |_, x| x[0].square()),
        ("relu", |_, x| x[0].relu()),
        ("leaky_relu", |_, x| x[0].leaky_relu(0.2)),
        ("clamp", |_, x| x[0].clamp(-0.7545, 0.7545)),
        ("with numbers", |_, x| 2.0 - (3.0 / (x[0] * 0.5 + 2.0) - 1.0) / 0.5),
        ("shared twice", |_, x| x[0].tanh() * x[0] + x[0].tanh().exp()),
    ];
    for (name, build) in cases {
        check_both(name, &[2, 3], build);
    }
    let positive: [(&str, Build); 2] = [("ln", |_, x| x[0].ln()), ("sqrt", |_, x| x[0].sqrt())];
    for (name, build) in positive {
        check(name, &[rows(&[2, 3]).positive()], build);
        check(name, &[shared(&[2, 3]).positive()], build);
    }
}

#[test]
fn functions_of_two_values_with_every_broadcast() {
    let cases: [(&str, Build); 9] = [
        ("add", |_, x| x[0] + x[1]),
        ("sub", |_, x| x[0] - x[1]),
        ("mul", |_, x| x[0] * x[1]),
        ("div", |_, x| x[0] / x[1]),
        ("min", |_, x| x[0].min(x[1])),
        ("max", |_, x| x[0].max(x[1])),
        ("less as a mask", |_, x| x[0].less(x[1]) * x[0] * x[1]),
        ("equal as a mask", |_, x| (1.0 - x[0].equal(x[1])) * x[0]),
        ("select", |_, x| x[0].less(x[1]).select(x[0] * 2.0, x[1].square())),
    ];
    let pairs = [
        (rows(&[6]), rows(&[6])),
        (shared(&[6]), shared(&[6])),
        (rows(&[6]), shared(&[6])),        // a column vector
        (rows(&[6]), shared(&[])),         // one number
        (rows(&[6]), rows(&[1])),          // a number a row
        (rows(&[1]), shared(&[6])),        // both stretch
        (rows(&[2, 3]), shared(&[3])),     // a vector under a leading axis
        (rows(&[2, 3]), shared(&[2, 1])),  // along the last axis
        (rows(&[2, 3, 2]), rows(&[3, 1])), // along a middle and the last axis, missing the first
        (rows(&[2, 1, 2]), rows(&[1, 3, 1])),
        (shared(&[2, 3]), shared(&[2, 1])),
        (shared(&[2, 1]), shared(&[1, 3])),
        (shared(&[4]), shared(&[])),
    ];
    for (name, build) in cases {
        for (left, right) in &pairs {
            check(name, &[left.clone(), right.clone()], build);
            check(name, &[right.clone(), left.clone()], build);
        }
    }
    for mask in [rows(&[1]), shared(&[3]), rows(&[2, 3])] {
        check("select by a mask", &[mask, rows(&[2, 3]), shared(&[2, 1])], |graph, x| {
            graph.constant(0.0).less(x[0]).select(x[1], x[2]) * x[0]
        });
    }
}

#[test]
fn layout() {
    let cases: [(&str, Build); 11] = [
        ("reshape", |_, x| x[0].reshape(&[3, 4]).exp()),
        ("reshape twice", |_, x| x[0].reshape(&[12]).reshape(&[3, 2, 2])),
        ("permute", |_, x| x[0].permute(&[2, 0, 1]).tanh()),
        ("permute, broadcast after", |_, x| {
            x[0].permute(&[1, 2, 0]) * x[0].slice(0, 1, 1).reshape(&[3, 2, 1])
        }),
        ("concat of the first axis", |graph, x| graph.concat(&[x[0], x[0].square(), x[0]], 0)),
        ("concat of the last axis", |graph, x| graph.concat(&[x[0].exp(), x[0].slice(2, 0, 1)], 2)),
        ("slice of the first axis", |_, x| x[0].slice(0, 1, 1)),
        ("slice of a middle axis", |_, x| x[0].slice(1, 1, 2)),
        ("pad of a middle axis", |_, x| x[0].pad(1, 1, 2) + 0.5),
        ("pad of the last axis", |_, x| x[0].pad(2, 0, 1).exp()),
        ("broadcast", |_, x| {
            let own = x[0].shape();
            x[0].reshape(&[2, 3, 1, 2]).broadcast(&Shape { rows: own.rows, dims: vec![2, 3, 2, 2] })
        }),
    ];
    for (name, build) in cases {
        check_both(name, &[2, 3, 2], build);
    }
    check("concat of rows and rows", &[rows(&[2]), rows(&[3])], |graph, x| graph.concat(x, 0));
}

#[test]
fn reductions() {
    let cases: [(&str, Build); 12] = [
        ("sum of the first axis", |_, x| x[0].sum(0)),
        ("sum of a middle axis", |_, x| x[0].sum(1)),
        ("sum of the last axis", |_, x| x[0].sum(2) * x[0]),
        ("mean of the first axis", |_, x| x[0].mean(0) - x[0]),
        ("mean of a middle axis", |_, x| x[0].mean(1)),
        ("mean of the last axis", |_, x| x[0].mean(2)),
        ("max over the first axis", |_, x| x[0].max_over(0)),
        ("max over a middle axis", |_, x| x[0].max_over(1) * x[0]),
        ("max over the last axis", |_, x| x[0].max_over(2)),
        ("sum and mean of the width", |_, x| x[0].sum_width() * x[0].mean_width()),
        ("softmax", |_, x| x[0].softmax()),
        ("log_softmax", |_, x| x[0].log_softmax()),
    ];
    for (name, build) in cases {
        check_both(name, &[2, 3, 2], build);
        check_both(name, &[2, 1, 4], build);
    }
    let over_rows: [(&str, Build); 5] = [
        ("sum_rows", |_, x| x[0].sum_rows()),
        ("mean_rows", |_, x| x[0] - x[0].mean_rows()),
        ("max_rows", |_, x| x[0].max_rows() * x[0]),
        ("row_count", |graph, x| x[0] * graph.row_count() * 0.1),
        ("batch normalization", |_, x| {
            let below = x[0] - x[0].mean_rows();
            below / (below.square().mean_rows() + 1e-2).sqrt()
        }),
    ];
    for (name, build) in over_rows {
        check(name, &[rows(&[4])], build);
        check(name, &[rows(&[2, 3])], build);
    }
}

#[test]
fn products() {
    let plain: Build = |_, x| x[0].matmul(x[1]);
    let transposed: Build = |_, x| x[0].matmul_with(x[1], false, true);
    for left in [rows(&[3]), rows(&[2, 3]), rows(&[2, 2, 3]), shared(&[4, 3])] {
        check("matmul", &[left.clone(), shared(&[3, 2])], plain);
        check("matmul, right transposed", &[left.clone(), shared(&[2, 3])], transposed);
        let bias: Build = |_, x| (x[0].matmul(x[1]) + x[2]).tanh();
        check("matmul and bias", &[left, shared(&[3, 2]), shared(&[2])], bias);
    }
    check("matmul, left transposed", &[shared(&[3, 4]), shared(&[3, 2])], |_, x| {
        x[0].matmul_with(x[1], true, false)
    });
    check("matmul, both transposed", &[shared(&[3, 4]), shared(&[2, 3])], |_, x| {
        x[0].matmul_with(x[1], true, true)
    });
    check("matmul with itself", &[shared(&[3, 3])], |_, x| {
        x[0].matmul(x[0]) + x[0].matmul_with(x[0], true, true)
    });
    // Sums of many products are made small, so that their rounding stays below what is checked.
    let contract: Build = |_, x| x[0].contract(x[1]) * 0.1;
    check("contract", &[rows(&[3]), rows(&[2])], contract);
    check("contract with leading axes", &[rows(&[2, 2, 3]), rows(&[2, 2, 2])], contract);
    check("contract with itself", &[rows(&[3])], |_, x| x[0].contract(x[0]) * 0.1);
    check("two layers", &[rows(&[3]), shared(&[3, 4]), shared(&[4]), shared(&[4, 2])], |_, x| {
        (x[0].matmul(x[1]) + x[2]).tanh().matmul(x[3]).sigmoid()
    });
}

#[test]
fn tables() {
    let gather: Build = |_, x| x[0].gather(x[1]);
    check("gather", &[shared(&[4, 3]), index(&[2], 4)], gather);
    check("gather of one", &[shared(&[4, 3]), index(&[1], 4)], gather);
    check("gather outside", &[shared(&[4, 3]), index(&[2], 6)], gather);
    check("scatter", &[rows(&[2, 3]), index(&[2], 4)], |_, x| x[0].scatter(x[1], 4));
    check("scatter and gather", &[rows(&[2, 3]), index(&[2], 4)], |_, x| {
        x[0].scatter(x[1], 4).tanh().gather(x[1])
    });
}

#[test]
fn noise_counts_as_a_constant() {
    check_both("noise", &[4], |graph, x| {
        let shape = x[0].shape();
        x[0] * graph.normal(&shape)
            + x[0].square() * graph.uniform(&shape)
            + x[0] * graph.bernoulli(&shape, 0.5)
    });
}

#[test]
fn losses() {
    check("binary cross-entropy", &[rows(&[4]), rows(&[4]).positive()], |_, x| {
        loss::binary_cross_entropy(x[0], x[1])
    });
    check("cross-entropy", &[rows(&[4]), rows(&[4]).positive()], |_, x| loss::cross_entropy(x[0], x[1]));
    check("Gaussian", &[rows(&[4]), rows(&[4]), shared(&[4])], |_, x| loss::gaussian_nll(x[0], x[1], x[2]));
    check("Kullback-Leibler", &[rows(&[4]), rows(&[4])], |_, x| loss::kl_from_standard_normal(x[0], x[1]));
}

#[test]
fn the_gradient_penalty_has_a_gradient() {
    check("gradient penalty", &[rows(&[3]), shared(&[3, 4]), shared(&[4]), shared(&[4, 1])], |graph, x| {
        let critic = (x[0].matmul(x[1]) + x[2]).tanh().matmul(x[3]);
        let slope = graph.gradient(total(critic), &[x[0]])[0];
        (slope.square().sum_width() + 0.1).sqrt() - 1.0
    });
}

/// The gradient of the sum of `y` at `x` (one row), without and with rows.
fn at(x: &[f32], y: Build) -> Vec<f32> {
    let mut found = Vec::new();
    for operand in [rows(&[x.len()]), shared(&[x.len()])] {
        let graph = Graph::new();
        let mut fed = Fed { graph: &graph, shapes: Vec::new(), values: Vec::new() };
        let input = fed.input(&operand);
        let gradient = graph.gradient(total(y(&graph, &[input])), &[input])[0];
        fed.values[0] = x.iter().copied().cycle().take(operand.len()).collect();
        let mut plan = graph.compile(&[gradient], &[]).unwrap();
        let output = fed.run(&mut plan, 1).remove(0);
        found.push(output[..x.len()].to_vec());
    }
    assert_eq!(found[0], found[1]);
    found.remove(0)
}

#[test]
fn kinks_and_ties_go_where_the_documentation_says() {
    assert_eq!(at(&[-1.0, 0.0, 1.0], |_, x| x[0].relu()), [0.0, 0.0, 1.0]);
    assert_eq!(at(&[-1.0, 0.0, 1.0], |_, x| x[0].abs()), [-1.0, 0.0, 1.0]);
    assert_eq!(at(&[-2.0, 0.5, 2.0], |_, x| x[0].clamp(-1.0, 1.0)), [0.0, 1.0, 0.0]);
    assert_eq!(at(&[1.0, 2.0, 2.0, 0.0], |_, x| x[0].max_over(0)), [0.0, 0.5, 0.5, 0.0]);
    // Where both are equal the gradient goes to the second operand.
    assert_eq!(at(&[1.0, 1.0], |_, x| (x[0] * 2.0).max(x[0] * 3.0 - 1.0)), [3.0, 3.0]);
    assert_eq!(at(&[1.0, 1.0], |_, x| (x[0] * 2.0).min(x[0] * 3.0 - 1.0)), [3.0, 3.0]);
}

#[test]
fn nothing_flows_through_detach_comparisons_and_signs() {
    assert_eq!(at(&[2.0, 3.0], |_, x| x[0] * x[0].detach()), [2.0, 3.0]);
    assert_eq!(at(&[2.0, 3.0], |_, x| x[0].detach().square()), [0.0, 0.0]);
    assert_eq!(at(&[2.0, -3.0], |_, x| x[0].sign() + x[0].sign().exp()), [0.0, 0.0]);
    let half: Build = |graph, x| x[0].less(graph.constant(0.5)) + x[0].equal(graph.constant(2.0));
    assert_eq!(at(&[2.0, 0.0], half), [0.0, 0.0]);
}

#[test]
fn ties_over_rows_share_the_gradient() {
    let graph = Graph::new();
    let x = graph.rows("x", &[2]);
    let gradient = graph.gradient(total(x.max_rows()), &[x])[0];
    let mut plan = graph.compile(&[gradient], &[]).unwrap();
    let feeds = [Feed::Rows(&[1.0, 5.0, 3.0, 5.0, 3.0, 0.0])];
    plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &feeds, 3, Draw::default()).unwrap();
    assert_eq!(plan.output(0), [0.0, 0.5, 0.5, 0.5, 0.5, 0.0]);
}

#[test]
fn convolutions() {
    // Padded on one side; a stride that leaves places out.
    const WINDOWS: [Window; 2] = [
        Window { kernel: 2, stride: 1, before: 1, fine: 2, coarse: 2 },
        Window { kernel: 3, stride: 2, before: 0, fine: 4, coarse: 1 },
    ];
    check("conv2d", &[rows(&[2, 4, 2]), shared(&[2, 3, 2, 3])], |_, x| x[0].conv2d(x[1], WINDOWS));
    check("conv2d of many channels", &[rows(&[2, 4, 9]), shared(&[2, 3, 9, 2])], |_, x| {
        x[0].conv2d(x[1], WINDOWS) * 0.2
    });
    check("conv2d_transposed", &[rows(&[2, 1, 3]), shared(&[2, 3, 2, 3])], |_, x| {
        x[0].conv2d_transposed(x[1], WINDOWS)
    });
    check("conv2d_transposed to many channels", &[rows(&[2, 1, 2]), shared(&[2, 3, 9, 2])], |_, x| {
        x[0].conv2d_transposed(x[1], WINDOWS)
    });
    check("upsample_conv2d", &[rows(&[1, 2, 2]), shared(&[3, 2, 2, 2])], |_, x| {
        x[0].upsample_conv2d(x[1], 2)
    });
    check("pools", &[rows(&[3, 4, 2])], |_, x| x[0].max_pool2d(2) + x[0].mean_pool2d(2));
    check("upsample", &[rows(&[2, 1, 2])], |_, x| x[0].upsample(2));
}

#[test]
fn recurrent_layers() {
    for cell in [Cell::Lstm, Cell::Gru] {
        // Two units: their weights are small, so that gates stay apart from their ends.
        let weights = |inputs: usize| shared(&[cell.weight_rows(inputs, 2), cell.gates() * 2]);
        let lstm = cell == Cell::Lstm;
        let states: Build = if lstm {
            |_, x| x[0].recurrent(Cell::Lstm, x[1] * 0.5, None)
        } else {
            |_, x| x[0].recurrent(Cell::Gru, x[1] * 0.5, None)
        };
        check("states of a recurrent layer", &[rows(&[3, 2]), weights(2)], states);
        let last: Build = if lstm {
            |_, x| x[0].recurrent_last(Cell::Lstm, x[1] * 0.5, None)
        } else {
            |_, x| x[0].recurrent_last(Cell::Gru, x[1] * 0.5, None)
        };
        check("last state", &[rows(&[3, 1]), weights(1)], last);
        let repeated: Build = if lstm {
            |_, x| x[0].recurrent_repeated(Cell::Lstm, x[1] * 0.5, 3, None)
        } else {
            |_, x| x[0].recurrent_repeated(Cell::Gru, x[1] * 0.5, 3, None)
        };
        check("states of a repeated input", &[rows(&[2]), weights(2)], repeated);
        let masked: Build = if lstm {
            |graph, x| {
                let counts = graph.constant(1.0).less(x[2].gather(x[3]).reshape(&[3]));
                x[0].recurrent(Cell::Lstm, x[1] * 0.5, Some(counts.detach()))
            }
        } else {
            |graph, x| {
                let counts = graph.constant(1.0).less(x[2].gather(x[3]).reshape(&[3]));
                x[0].recurrent(Cell::Gru, x[1] * 0.5, Some(counts.detach()))
            }
        };
        let table = shared(&[6, 1]).positive();
        check("masked", &[rows(&[3, 1]), weights(1), table, index(&[3], 6)], masked);
    }
}

#[test]
fn sequences() {
    check_both("reverse", &[3, 2], |_, x| x[0].reverse(0).tanh() * x[0].reverse(1));
    check_both("reverse of a middle axis", &[2, 3, 2], |_, x| x[0].reverse(1) * x[0]);
    check_both("repeat", &[3], |_, x| x[0].repeat(2).tanh());
    check("step", &[rows(&[3, 2])], |_, x| x[0].step(1).tanh() * x[0].step(2));
    check("conv1d", &[rows(&[5, 2]), shared(&[3, 2, 2])], |_, x| {
        x[0].conv1d(x[1], Window { kernel: 3, stride: 2, before: 1, fine: 5, coarse: 3 }, 1)
    });
    check("dilated conv1d", &[rows(&[5, 2]), shared(&[2, 2, 3])], |_, x| {
        x[0].conv1d(x[1], Window { kernel: 2, stride: 1, before: 1, fine: 5, coarse: 5 }, 2)
    });
}
