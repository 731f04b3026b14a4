//! Extreme and broken numbers: what must stay finite does, and what is broken stays visible.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use veridic_graph::{Draw, Expr, Feed, Graph, Init, Pool, Shape, States, loss};

/// A function of rows of the values.
type Build = for<'g> fn(Expr<'g>) -> Expr<'g>;

/// `y(x)` and the gradient of its sum, of one value a row.
fn of(x: &[f32], y: Build) -> (Vec<f32>, Vec<f32>) {
    let graph = Graph::new();
    let input = graph.rows("x", &[1]);
    let value = y(input);
    let gradient = graph.gradient(value.sum_rows().sum_width().reshape(&[]), &[input])[0];
    let mut plan = graph.compile(&[value, gradient], &[]).unwrap();
    let rows = x.len();
    plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &[Feed::Rows(x)], rows, Draw::default())
        .unwrap();
    (plan.output(0).to_vec(), plan.output(1).to_vec())
}

#[test]
fn binary_cross_entropy_is_exact_and_smooth_at_extreme_logits() {
    let logits = [-1e4, -100.0, 0.0, 100.0, 1e4];
    let ones: Build = |x| loss::binary_cross_entropy(x, x * 0.0 + 1.0);
    let zeros: Build = |x| loss::binary_cross_entropy(x, x * 0.0);
    let close = |found: Vec<f32>, want: [f32; 5]| {
        assert!(
            found.iter().zip(want).all(|(found, want)| (found - want).abs() < 1e-6),
            "{found:?} {want:?}"
        );
    };
    let ln2 = std::f32::consts::LN_2;
    let (value, gradient) = of(&logits, ones);
    close(value, [1e4, 100.0, ln2, 0.0, 0.0]);
    close(gradient, [-1.0, -1.0, -0.5, 0.0, 0.0]);
    let (value, gradient) = of(&logits, zeros);
    close(value, [0.0, 0.0, ln2, 100.0, 1e4]);
    close(gradient, [0.0, 0.0, 0.5, 1.0, 1.0]);
}

#[test]
fn functions_at_the_ends_of_their_range() {
    let inf = f32::INFINITY;
    assert_eq!(of(&[0.0, 1.0, inf], |x| x.ln()).0, [-inf, 0.0, inf]);
    assert!(of(&[-1.0], |x| x.ln()).0[0].is_nan());
    assert_eq!(of(&[0.0], |x| x.ln()).1, [inf]);
    assert_eq!(of(&[-inf, -200.0, 0.0, 200.0, inf], |x| x.exp()).0, [0.0, 0.0, 1.0, inf, inf]);
    assert_eq!(of(&[-inf, -200.0, 200.0, inf], |x| x.sigmoid()), (vec![0.0, 0.0, 1.0, 1.0], vec![0.0; 4]));
    assert_eq!(of(&[-200.0, 200.0], |x| x.softplus()), (vec![0.0, 200.0], vec![0.0, 1.0]));
    let (value, gradient) = of(&[-50.0, 50.0, -inf, inf], |x| x.tanh());
    assert!(value.iter().zip([-1.0f32, 1.0, -1.0, 1.0]).all(|(found, want)| (found - want).abs() < 1e-6));
    assert!(gradient.iter().all(|g| g.abs() < 1e-6), "{gradient:?}");
    assert_eq!(of(&[0.0, 4.0, inf], |x| x.sqrt()).0, [0.0, 2.0, inf]);
    // The largest exponentials are exact, not cut off.
    for x in [88.0f32, 88.3, 88.5, 88.7] {
        let (found, want) = (f64::from(of(&[x], |x| x.exp()).0[0]), f64::from(x).exp());
        assert!((found / want - 1.0).abs() < 1e-5, "exp({x}) is {found}, not {want}");
    }
}

#[test]
fn softmax_survives_any_finite_logits() {
    let graph = Graph::new();
    let x = graph.rows("x", &[3]);
    let first = x.log_softmax().slice(0, 0, 1).sum_rows().reshape(&[]);
    let outputs = [x.softmax(), x.log_softmax(), graph.gradient(first, &[x])[0]];
    let mut plan = graph.compile(&outputs, &[]).unwrap();
    let feeds = [Feed::Rows(&[3e38, 0.0, -3e38, -1e4, -1e4, -1e4, 1e4, 0.0, 0.0])];
    plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &feeds, 3, Draw::default()).unwrap();
    assert_eq!(plan.output(0)[..3], [1.0, 0.0, 0.0]);
    assert_eq!(plan.output(0)[6..], [1.0, 0.0, 0.0]);
    assert_eq!(plan.output(1)[6..], [0.0, -1e4, -1e4]);
    assert!(plan.output(0)[3..6].iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-6));
    assert!(plan.output(2).iter().all(|g| g.is_finite()));
}

#[test]
fn nan_is_never_hidden() {
    let elementwise: [(&str, Build); 18] = [
        ("neg", |x| -x),
        ("exp", |x| x.exp()),
        ("ln", |x| x.ln()),
        ("sqrt", |x| x.sqrt()),
        ("tanh", |x| x.tanh()),
        ("sigmoid", |x| x.sigmoid()),
        ("softplus", |x| x.softplus()),
        ("abs", |x| x.abs()),
        ("square", |x| x.square()),
        ("relu", |x| x.relu()),
        ("leaky_relu", |x| x.leaky_relu(0.1)),
        ("clamp", |x| x.clamp(-1.0, 1.0)),
        ("min", |x| x.min(x.graph().constant(0.0))),
        ("min of a number and it", |x| x.graph().constant(0.0).min(x)),
        ("max", |x| x.max(x.graph().constant(0.0))),
        ("max of a number and it", |x| x.graph().constant(0.0).max(x)),
        ("min with another row value", |x| x.graph().row_count().min(x * 2.0)),
        ("a sum with another", |x| x + 1.0),
    ];
    for (name, build) in elementwise {
        for nan in [f32::NAN, -f32::NAN] {
            let (value, _) = of(&[0.5, nan, 0.7], build);
            assert!(value[1].is_nan() && !value[0].is_nan() && !value[2].is_nan(), "{name}: {value:?}");
        }
    }

    // One NaN anywhere in a row, or in any row, reaches what is made of all of them.
    for (rows, dims) in [(5, vec![40]), (200, vec![3]), (3, vec![2, 3, 4]), (2, vec![1200])] {
        let graph = Graph::new();
        let x = graph.rows("x", &dims);
        let width = x.shape().width();
        let flat = x.reshape(&[width]);
        let mut outputs = vec![
            flat.sum(0).sum_rows(),
            flat.max_over(0).sum_rows(),
            flat.max_over(0).max_rows(),
            flat.mean_rows().sum_width(),
            flat.max_rows().sum_width(),
            flat.softmax().sum(0).sum_rows(),
            flat.log_softmax().sum(0).sum_rows(),
        ];
        for axis in 0..dims.len() {
            outputs.push(x.max_over(axis).sum_width().sum_rows());
        }
        let w = graph.state("w", &[width, 2], Init::Normal(1.0));
        outputs.push(flat.matmul(w).sum_width().sum_rows());
        outputs.push(flat.contract(flat).sum_width());
        outputs.push(loss::binary_cross_entropy(flat, flat * 0.5).sum_width().mean_rows());
        let mut plan = graph.compile(&outputs, &[]).unwrap();
        let mut states = States::new(&graph, 0);
        for at in [0, 1, 17, width, rows * width / 2, rows * width - 1] {
            let mut values = vec![0.5; rows * width];
            values[at] = f32::NAN;
            plan.run(&mut Pool::new(2), &mut states, &[Feed::Rows(&values)], rows, Draw::default()).unwrap();
            for i in 0..outputs.len() {
                assert!(plan.scalar(i).is_nan(), "{rows} rows of {dims:?}, NaN at {at}, output {i}");
            }
        }
    }
}

#[test]
fn infinities_do_not_turn_into_numbers() {
    let graph = Graph::new();
    let x = graph.rows("x", &[2]);
    let outputs = [x.max_rows(), (-x).max_rows(), x.sum_rows()];
    let mut plan = graph.compile(&outputs, &[]).unwrap();
    let all = [f32::NEG_INFINITY; 6];
    plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &[Feed::Rows(&all)], 3, Draw::default())
        .unwrap();
    assert_eq!(plan.output(0), [f32::NEG_INFINITY; 2]);
    assert_eq!(plan.output(1), [f32::INFINITY; 2]);
    assert_eq!(plan.output(2), [f32::NEG_INFINITY; 2]);
}

#[test]
fn an_index_outside_the_table_reads_zeros_and_writes_nothing() {
    let graph = Graph::new();
    let (table, index) = (graph.shared("table", &[2, 2]), graph.rows("index", &[1]));
    let picked = table.gather(index);
    let ones = graph.constant(1.0).broadcast(&Shape::with_rows(&[1, 2])).scatter(index, 2);
    let mut plan = graph.compile(&[picked, ones], &[]).unwrap();
    let rows = [0.0, 1.0, 2.0, -1.0, f32::NAN, f32::INFINITY];
    let feeds = [Feed::Shared(&[1.0, 2.0, 3.0, 4.0]), Feed::Rows(&rows)];
    plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &feeds, 6, Draw::default()).unwrap();
    assert_eq!(plan.output(0), [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(plan.output(1), [1.0, 1.0, 1.0, 1.0]);
}
