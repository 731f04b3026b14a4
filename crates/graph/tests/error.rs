//! Every mistake is an error that names what is wrong, and none is a panic.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use veridic_graph::optimizer::{Clip, Optimizer};
use veridic_graph::{Cell, Draw, Expr, Feed, Graph, GraphError, Init, Plan, Pool, Shape, States, Window};

/// What building says.
fn said(build: impl for<'g> Fn(&'g Graph) -> Expr<'g>) -> String {
    let graph = Graph::new();
    let value = build(&graph);
    let error = graph.check().expect_err("a mistake was made");
    // Building may go on, and differentiating and compiling say the same.
    let _ = graph.gradient((value * 2.0).tanh().sum_width().reshape(&[]), &[value]);
    assert_eq!(graph.compile(&[value], &[]).expect_err("compiled with a mistake"), error);
    error.to_string()
}

#[test]
fn shapes_that_do_not_fit_are_named_with_the_operation() {
    type Pair = for<'g> fn(Expr<'g>, Expr<'g>) -> Expr<'g>;
    let cases: [(&str, Pair); 14] = [
        ("add", |a, b| a + b),
        ("sub", |a, b| a - b),
        ("mul", |a, b| a * b),
        ("div", |a, b| a / b),
        ("min", |a, b| a.min(b)),
        ("max", |a, b| a.max(b)),
        ("less", |a, b| a.less(b)),
        ("equal", |a, b| a.equal(b)),
        ("select", |a, b| a.select(a, b)),
        ("select", |a, b| a.select(b, b)),
        ("matmul", |a, b| a.matmul(b)),
        ("contract", |a, b| a.contract(b)),
        ("gather", |a, b| a.gather(b)),
        ("scatter", |a, b| a.scatter(b, 9)),
    ];
    for (op, build) in cases {
        let message =
            said(|graph| build(graph.rows("x", &[3]), graph.state("w", &[4, 2], Init::Constant(0.0))));
        assert_eq!(message, format!("`{op}` cannot combine shapes [rows, 3] and [4, 2]"));
    }
    let message = said(|graph| graph.concat(&[graph.rows("a", &[2, 3]), graph.rows("b", &[3, 2])], 0));
    assert_eq!(message, "`concat` cannot combine shapes [rows, 2, 3] and [rows, 3, 2]");
    let message = said(|graph| graph.concat(&[graph.rows("a", &[2, 3]), graph.rows("b", &[2])], 1));
    assert_eq!(message, "`concat` cannot combine shapes [rows, 2, 3] and [rows, 2]");
    let message = said(|graph| graph.concat(&[graph.rows("a", &[2]), graph.shared("b", &[2])], 0));
    assert_eq!(message, "`concat` cannot combine shapes [rows, 2] and [2]");
}

#[test]
fn products_name_both_shapes() {
    let product = |left: Shape, right: Shape, ta: bool, tb: bool| {
        said(move |graph| {
            let [a, b] = [&left, &right].map(|shape| {
                if shape.rows { graph.rows("r", &shape.dims) } else { graph.shared("s", &shape.dims) }
            });
            a.matmul_with(b, ta, tb)
        })
    };
    let (rows, shared) = (Shape::with_rows, Shape::shared);
    let cases = [
        (rows(&[3]), shared(&[3, 2]), true, false), // rows cannot be transposed
        (rows(&[3]), shared(&[3, 2]), false, true), // 3 meets 2
        (rows(&[]), shared(&[3, 2]), false, false),
        (rows(&[3]), rows(&[3, 2]), false, false), // the right side is shared
        (rows(&[3]), shared(&[3]), false, false),
        (shared(&[3]), shared(&[3, 2]), false, false),
        (shared(&[2, 3, 3]), shared(&[3, 2]), false, false),
        (shared(&[3, 4]), shared(&[3, 2]), false, false),
    ];
    for (left, right, ta, tb) in cases {
        let want = format!("`matmul` cannot combine shapes {left} and {right}");
        assert_eq!(product(left, right, ta, tb), want);
    }
}

#[test]
fn operands_an_operation_does_not_take_are_named() {
    type Build = for<'g> fn(&'g Graph, Expr<'g>) -> Expr<'g>;
    let cases: [(Build, &str); 20] = [
        (|_, x| x.reshape(&[5]), "`reshape` needs as many values as the new axes hold"),
        (|_, x| x.permute(&[0, 0]), "`permute` needs each axis once"),
        (|_, x| x.permute(&[0]), "`permute` needs each axis once"),
        (|_, x| x.permute(&[1, 2]), "`permute` needs each axis once"),
        (|_, x| x.slice(0, 1, 2), "`slice` needs the axis and the range to be there"),
        (|_, x| x.slice(2, 0, 1), "`slice` needs the axis and the range to be there"),
        (|_, x| x.slice(1, usize::MAX, 2), "`slice` needs the axis and the range to be there"),
        (|_, x| x.pad(2, 0, 1), "`pad` needs an axis that is there"),
        (|_, x| x.sum(2), "`reduce` needs an axis that is there"),
        (|_, x| x.mean(7), "`reduce` needs an axis that is there"),
        (|_, x| x.max_over(2), "`reduce` needs an axis that is there"),
        (
            |_, x| x.broadcast(&Shape::shared(&[2, 3])),
            "`broadcast` needs a shape that stretches to the target",
        ),
        (
            |_, x| x.broadcast(&Shape::with_rows(&[2, 4])),
            "`broadcast` needs a shape that stretches to the target",
        ),
        (|graph, x| graph.concat(&[x, x], 2), "`concat` needs an axis that is there"),
        (|graph, x| graph.gradient(x, &[x])[0], "`gradient` needs a shared scalar"),
        (|graph, x| graph.gradient(x.sum_width(), &[x])[0], "`gradient` needs a shared scalar"),
        (|graph, x| graph.gradient(x.sum_rows(), &[x])[0], "`gradient` needs a shared scalar"),
        (
            |graph, x| {
                let flat = x.reshape(&[6]);
                graph.gradient(flat.sum_width().sum_rows(), &[flat])[0]
            },
            "`gradient` needs what a reshape or broadcast was made from, not its result, to differentiate by",
        ),
        (|_, x| x.slice(1, 0, 0), "`slice` needs axes that are not empty"),
        (|graph, _| graph.rows("none", &[4, 0]), "`input` needs axes that are not empty"),
    ];
    for (build, want) in cases {
        let message = said(|graph| build(graph, graph.rows("x", &[2, 3])));
        assert!(message.starts_with(want) && message.contains(", found shape ["), "{message}");
    }
    let message = said(|graph| graph.shared("x", &[2]).sum_rows());
    assert_eq!(message, "`reduction over rows` needs a tensor with rows, found shape [2]");
    assert!(said(|graph| graph.shared("x", &[2]).mean_rows()).contains("a tensor with rows"));
    assert!(said(|graph| graph.shared("x", &[2]).max_rows()).contains("a tensor with rows"));
    assert!(said(|graph| graph.concat(&[], 0)).contains("`concat` needs at least one part"));
    assert!(said(|graph| graph.rows("x", &[]).softmax()).contains("an axis that is there"));
    assert!(
        said(|graph| graph.state("w", &[0], Init::HeNormal))
            .contains("`state` needs axes that are not empty")
    );
}

#[test]
fn expressions_of_another_graph_are_refused_everywhere() {
    let foreign = |op: &'static str, build: &dyn for<'g> Fn(&'g Graph, Expr<'g>, Expr<'g>) -> Expr<'g>| {
        let (one, two) = (Graph::new(), Graph::new());
        for i in 0..20 {
            let _ = two.rows(&i.to_string(), &[2]);
        }
        let _ = build(&one, one.rows("x", &[2]), two.rows("y", &[2]));
        assert_eq!(one.check(), Err(GraphError::Foreign { op }));
    };
    foreign("add", &|_, x, y| x + y);
    foreign("less", &|_, x, y| x.less(y));
    foreign("select", &|_, x, y| x.select(x, y));
    foreign("matmul", &|_, x, y| x.matmul(y));
    foreign("contract", &|_, x, y| x.contract(y));
    foreign("gather", &|_, x, y| x.gather(y));
    foreign("scatter", &|_, x, y| x.scatter(y, 2));
    foreign("concat", &|graph, x, y| graph.concat(&[x, y], 0));
    foreign("concat", &|graph, x, y| graph.concat(&[y, x], 0));
    foreign("gradient", &|graph, x, y| graph.gradient(x.sum_width().sum_rows(), &[y])[0]);
    foreign("gradient", &|graph, x, y| graph.gradient(y.sum_width().sum_rows(), &[x])[0]);

    let (one, two) = (Graph::new(), Graph::new());
    let w = one.state("w", &[2], Init::Constant(0.0));
    for i in 0..20 {
        let _ = two.state(&i.to_string(), &[2], Init::Constant(0.0));
    }
    let other = two.state("v", &[2], Init::Constant(0.0));
    let compiled = |plan: Result<Plan, GraphError>| plan.expect_err("compiled").to_string();
    let want = "`compile` was given an expression of another graph";
    assert_eq!(compiled(one.compile(&[other], &[])), want);
    assert_eq!(compiled(one.compile(&[w], &[(other, w)])), want);
    assert_eq!(compiled(one.compile(&[w], &[(w, other)])), want);
    // The graph itself is as it was.
    assert!(one.compile(&[w], &[(w, w * 2.0)]).is_ok());
}

#[test]
fn updates_of_what_is_no_state_or_of_another_shape_are_refused() {
    let graph = Graph::new();
    let (x, w) = (graph.rows("x", &[2]), graph.state("w", &[2, 3], Init::Constant(0.0)));
    let refused = |state, value| graph.compile(&[], &[(state, value)]).expect_err("compiled").to_string();
    let rest = "of shape [2, 3]";
    assert_eq!(
        refused(w * 2.0, w),
        format!("cannot update an expression {rest} that is not a state with a value {rest}")
    );
    assert_eq!(refused(w, x), format!("cannot update state `w` {rest} with a value of shape [rows, 2]"));
    assert_eq!(
        refused(w, w.permute(&[1, 0])),
        format!("cannot update state `w` {rest} with a value of shape [3, 2]")
    );
    let twice = graph.compile(&[], &[(w, w * 2.0), (w, w * 3.0)]).expect_err("compiled").to_string();
    assert_eq!(twice, format!("cannot update state `w` twice, with a value {rest}"));
    // Axes of length 1 do not matter.
    assert!(graph.compile(&[], &[(w, (w * 2.0).reshape(&[2, 1, 3]))]).is_ok());
}

/// A plan with inputs `x` (rows of 3), `unused` and `rate` (2 shared values), and a state `w`.
fn plan() -> (Graph, Plan) {
    let graph = Graph::new();
    let (x, _, rate) = (graph.rows("x", &[3]), graph.rows("unused", &[9]), graph.shared("rate", &[2]));
    let w = graph.state("w", &[3], Init::Constant(1.0));
    let plan = graph.compile(&[(x * w).sum_width(), rate * 2.0], &[(w, w * 2.0)]).unwrap();
    (graph, plan)
}

#[test]
fn feeds_that_do_not_fit_are_named_and_nothing_is_computed() {
    let (graph, mut plan) = plan();
    let mut states = States::new(&graph, 0);
    let before = states.clone();
    let mut run = |feeds: &[Feed<'_>], rows: usize| {
        plan.run(&mut Pool::new(2), &mut states, feeds, rows, Draw::default())
            .map_err(|error| error.to_string())
    };
    let (none, rate, six) = (Feed::Shared(&[]), Feed::Shared(&[1.0, 2.0]), [1.0; 6]);
    let wrong = |message: &str| Err(message.to_string());
    assert_eq!(run(&[Feed::Rows(&six), none, rate], 0), wrong("a plan needs at least one row, found 0"));
    assert_eq!(run(&[Feed::Rows(&six)], 2), wrong("the plan has 3 inputs, 1 were fed"));
    assert_eq!(run(&[none; 4], 2), wrong("the plan has 3 inputs, 4 were fed"));
    let length = |input: &str, expected: usize, found: usize| {
        wrong(&format!("input `{input}` needs {expected} values, found {found}"))
    };
    assert_eq!(run(&[Feed::Rows(&six), none, rate], 3), length("x", 9, 6));
    assert_eq!(run(&[Feed::Rows(&six), none, rate], 1), length("x", 3, 6));
    assert_eq!(run(&[Feed::Rows(&six[..5]), none, rate], 2), length("x", 6, 5));
    assert_eq!(run(&[none, none, rate], 2), length("x", 6, 0));
    assert_eq!(run(&[Feed::Shared(&six), none, rate], 2), length("x", 6, 0));
    assert_eq!(run(&[Feed::Rows(&six), none, none], 2), length("rate", 2, 0));
    assert_eq!(run(&[Feed::Rows(&six), none, Feed::Rows(&[1.0, 2.0])], 2), length("rate", 2, 0));
    let pick = |index| Feed::Pick { values: &six, index };
    let bytes = |index| Feed::PickBytes { bytes: &[1; 8], scale: 1.0, index };
    assert_eq!(run(&[pick(&[0]), none, rate], 2), length("x", 6, 3));
    assert_eq!(run(&[pick(&[1, 2]), none, rate], 2), wrong("input `x` asks for row 2 of 2"));
    assert_eq!(run(&[bytes(&[0, 1, 2]), none, rate], 3), wrong("input `x` asks for row 2 of 2"));
    assert_eq!(run(&[bytes(&[u32::MAX]), none, rate], 1), wrong("input `x` asks for row 4294967295 of 2"));
    // An input that the plan does not read may be fed anything; then all is well.
    assert_eq!(run(&[Feed::Rows(&six), none, rate], 2), Ok(()));
    assert_eq!(plan.output(0), [3.0, 3.0]);
    assert_eq!(plan.output(1), [2.0, 4.0]);
    assert_ne!(states, before);
    assert_eq!(states.entries[0].values, [2.0; 3]);
}

#[test]
fn states_of_another_graph_are_refused() {
    let (graph, mut plan) = plan();
    let mut run = |states: &mut States| {
        let feeds = [Feed::Rows(&[1.0; 3]), Feed::Shared(&[]), Feed::Shared(&[0.0; 2])];
        plan.run(&mut Pool::new(1), states, &feeds, 1, Draw::default()).map_err(|error| error.to_string())
    };
    let wrong = |index: usize, found: usize, needs: usize| {
        Err(format!(
            "the states do not belong to this plan: state {index} has {found} values, the plan needs {needs}"
        ))
    };
    assert_eq!(run(&mut States::new(&Graph::new(), 0)), wrong(0, 0, 3));
    let mut states = States::new(&graph, 0);
    states.entries[0].values.pop();
    assert_eq!(run(&mut states), wrong(0, 2, 3));
    let mut states = States::new(&graph, 0);
    states.entries.push(states.entries[0].clone());
    assert_eq!(run(&mut states), wrong(1, 3, 0));
}

#[test]
fn optimizers_and_clips_of_mismatched_parts_are_errors() {
    let graph = Graph::new();
    let (w, rate) = (graph.state("w", &[2], Init::Constant(0.0)), graph.shared("rate", &[3]));
    let clipped = Clip { value: Some(1.0), norm: Some(1.0) }.apply(&graph, &[w]);
    let _ = Optimizer::Sgd { momentum: 0.0 }.updates(&graph, &[("w".into(), w)], &clipped, rate);
    assert!(graph.check().expect_err("a rate of three values").to_string().starts_with("`reshape` needs"));
}

#[test]
fn a_plan_without_outputs_or_updates_runs() {
    let graph = Graph::new();
    let mut plan = graph.compile(&[], &[]).unwrap();
    plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &[], 3, Draw::default()).unwrap();
}

#[test]
fn recurrent_layers_and_sequences_name_what_does_not_fit() {
    type Pair = for<'g> fn(Expr<'g>, Expr<'g>) -> Expr<'g>;
    let of = |x: Shape, w: Shape, build: Pair| {
        said(|graph| {
            let [x, w] = [("x", &x), ("w", &w)].map(|(name, shape)| {
                if shape.rows { graph.rows(name, &shape.dims) } else { graph.shared(name, &shape.dims) }
            });
            build(x, w)
        })
    };
    let (rows, shared) = (Shape::with_rows, Shape::shared);
    let lstm: Pair = |x, w| x.recurrent(Cell::Lstm, w, None);
    let cases: [(Shape, Shape, Pair, &str); 8] = [
        (rows(&[5, 3]), shared(&[6, 8]), |x, w| x.recurrent(Cell::Gru, w, None), "recurrent"),
        (rows(&[5, 4]), shared(&[6, 8]), lstm, "recurrent"),
        (rows(&[5, 3]), rows(&[6, 8]), lstm, "recurrent"),
        (shared(&[5, 3]), shared(&[6, 8]), lstm, "recurrent"),
        (rows(&[3]), shared(&[6, 8]), lstm, "recurrent"),
        (rows(&[5, 3]), shared(&[6]), |x, w| x.recurrent_last(Cell::Lstm, w, None), "recurrent_last"),
        (
            rows(&[3]),
            shared(&[6, 8]),
            |x, w| x.recurrent_repeated(Cell::Lstm, w, 0, None),
            "recurrent_repeated",
        ),
        (rows(&[5, 3]), shared(&[3, 4, 2]), |x, w| x.conv1d(w, Window::same(5, 3, 1), 1), "conv1d"),
    ];
    for (x, w, build, op) in cases {
        let message = of(x.clone(), w.clone(), build);
        let start = format!("`{op}` cannot combine shapes");
        assert!(message.starts_with(&start), "{x} {w}: {message}");
    }
    let masked: Pair = |x, w| x.recurrent(Cell::Lstm, w, Some(x.slice(0, 0, 4).sum(1).reshape(&[4])));
    let message = of(rows(&[5, 3]), shared(&[6, 8]), masked);
    assert_eq!(message, "`recurrent, masked,` cannot combine shapes [rows, 5, 3] and [rows, 4]");
    let dilated: Pair = |x, w| x.conv1d(w, Window::same(5, 3, 2), 2);
    assert!(of(rows(&[5, 3]), shared(&[3, 3, 2]), dilated).starts_with("`conv1d` needs as many steps"));
    let message = said(|graph| graph.rows("x", &[3]).reverse(1));
    assert_eq!(message, "`reverse` needs an axis that is there, found shape [rows, 3]");
    assert!(said(|graph| graph.rows("x", &[3]).step(0)).starts_with("`step` needs a sequence"));
    assert!(said(|graph| graph.rows("x", &[]).repeat(2)).starts_with("`repeat` needs an axis"));
    let (one, two) = (Graph::new(), Graph::new());
    let w = two.shared("w", &[6, 8]);
    let _ = one.rows("x", &[5, 3]).recurrent(Cell::Lstm, w, None);
    assert_eq!(one.check(), Err(GraphError::Foreign { op: "recurrent" }));
}
