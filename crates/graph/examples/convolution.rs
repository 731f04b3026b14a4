//! Times convolutions and both their adjoints at the shapes of small-image networks, in milliseconds and as a share of
//! what large matrix products reach in the same run: `cargo run --release -p veridic-graph --example convolution`.
//!
//! A time is the difference between a plan that feeds the operands and sums the result and one that feeds and sums the
//! operands. Batch 128. Work counts only products inside the image.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for people")]

use std::time::Instant;

use veridic_graph::{Draw, Expr, Feed, Graph, Init, Plan, Pool, States, Window};

const ROWS: usize = 128;
const ROUNDS: usize = 9;

struct Shape {
    name: &'static str,
    window: Window,
    fine: usize,
    coarse: usize,
    /// 2 for an upsampling by 2 and a convolution of stride 1, written as its transposed convolution.
    transposed: bool,
}

fn main() {
    let threads = std::env::args().nth(1).map_or(2, |n| n.parse().unwrap());
    let same = Window::same;
    // An upsampling by two and a 5 x 5 convolution, as the transposed convolution they equal.
    let upsampled = |n: usize| Window { kernel: 6, stride: 2, before: 2, fine: 2 * n, coarse: n };
    let shape = |name, window, fine, coarse, transposed| Shape { name, window, fine, coarse, transposed };
    let shapes = [
        shape("upsample + conv 5x5 128->64 at 14x14", upsampled(7), 64, 128, true),
        shape("5x5 stride 2, 64->128 from 14x14", same(14, 5, 2), 64, 128, false),
        shape("upsample + conv 5x5 64->1 at 28x28", upsampled(14), 1, 64, true),
        shape("5x5 stride 2, 1->64 from 28x28", same(28, 5, 2), 1, 64, false),
        shape("transposed 5x5 stride 2, 192->256 from 4x4", same(8, 5, 2), 256, 192, true),
        shape("transposed 5x5 stride 2, 256->128 from 8x8", same(16, 5, 2), 128, 256, true),
        shape("transposed 5x5 stride 2, 128->3 from 16x16", same(32, 5, 2), 3, 128, true),
        shape("5x5 stride 2, 3->64 from 32x32", same(32, 5, 2), 3, 64, false),
        shape("5x5 stride 2, 64->128 from 16x16", same(16, 5, 2), 64, 128, false),
        shape("5x5 stride 2, 128->256 from 8x8", same(8, 5, 2), 128, 256, false),
    ];
    let mut pool = Pool::new(threads);
    let peak = dense_rate(&mut pool);
    println!("{threads} threads; 1024 x 1024 products: {peak:.0} GFLOP/s");
    println!("{:44} {:>9} {:>9} {:>9}   GFLOP/s, share of the products'", "ms", "forward", "weight", "input");
    for shape in shapes {
        let work = 2e-9 * (ROWS * pairs(&shape.window).pow(2) * shape.fine * shape.coarse) as f64;
        let (to_coarse, weight, to_fine) = times(&shape, &mut pool);
        let times =
            if shape.transposed { [to_fine, weight, to_coarse] } else { [to_coarse, weight, to_fine] };
        print!("{:44}", shape.name);
        times.iter().for_each(|time| print!(" {:9.2}", time * 1e3));
        times.iter().for_each(|time| print!("   {:.0} ({:.2})", work / time, work / time / peak));
        println!();
    }
}

/// Pairs of a fine and a coarse place along one axis.
fn pairs(window: &Window) -> usize {
    let Window { kernel, stride, before, fine, coarse } = *window;
    let all = (0..coarse).flat_map(|o| (0..kernel).map(move |t| o * stride + t));
    all.filter(|at| (before..before + fine).contains(at)).count()
}

fn dense_rate(pool: &mut Pool) -> f64 {
    let graph = Graph::new();
    let x = graph.rows("x", &[8, 1024]);
    let w = graph.state("w", &[1024, 1024], Init::GlorotUniform);
    let with = graph.compile(&[x.matmul(w).sum_width().mean_rows()], &[]).unwrap();
    let without = graph.compile(&[x.sum_width().mean_rows()], &[]).unwrap();
    2e-9 * (ROWS * 8 * 1024 * 1024) as f64 / difference(&graph, with, without, &[8 * 1024], pool)
}

fn total(e: Expr<'_>) -> Expr<'_> {
    e.sum_width().mean_rows()
}

fn times(shape: &Shape, pool: &mut Pool) -> (f64, f64, f64) {
    let (window, c, d) = (shape.window, shape.fine, shape.coarse);
    let graph = Graph::new();
    let x = graph.rows("x", &[window.fine, window.fine, c]);
    let y = graph.rows("y", &[window.coarse, window.coarse, d]);
    let w = graph.state("w", &[window.kernel, window.kernel, c, d], Init::GlorotUniform);
    let windows = [window, window];
    let product = total(x.conv2d(w, windows) * y.detach());
    let gradient = graph.gradient(product, &[w])[0];
    let plan = |outputs: &[Expr<'_>]| graph.compile(outputs, &[]).unwrap();
    let widths = [x.shape().width(), y.shape().width()];
    let mut time = |with: &[Expr<'_>], without: &[Expr<'_>]| {
        difference(&graph, plan(with), plan(without), &widths, pool)
    };
    let to_coarse = time(&[total(x.conv2d(w, windows))], &[total(x)]);
    let weight = time(&[gradient], &[total(x), total(y)]);
    let to_fine = time(&[total(y.conv2d_transposed(w, windows))], &[total(y)]);
    (to_coarse, weight, to_fine)
}

/// Seconds that `with` takes longer than `without`: the difference of medians, run in turns.
fn difference(graph: &Graph, mut with: Plan, mut without: Plan, widths: &[usize], pool: &mut Pool) -> f64 {
    let mut states = States::new(graph, 1);
    let values: Vec<Vec<f32>> = widths
        .iter()
        .map(|width| (0..ROWS * width).map(|i| (i % 1000) as f32 / 500.0 - 1.0).collect())
        .collect();
    let feeds: Vec<Feed<'_>> = values.iter().map(|values| Feed::Rows(values)).collect();
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (plan, seconds) in [&mut with, &mut without].into_iter().zip(&mut seconds) {
            let begun = Instant::now();
            plan.run(pool, &mut states, &feeds, ROWS, Draw { seed: 0, step: 0 }).unwrap();
            if round > 0 {
                seconds.push(begun.elapsed().as_secs_f64());
            }
        }
    }
    let [with, without] = seconds.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    with - without
}
