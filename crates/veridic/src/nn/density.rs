//! Densities that are more than one line of arithmetic, from logits.

use veridic_graph::{Expr, Graph, Shape};

/// Below this logit the closed forms of the continuous Bernoulli lose digits and a series takes their place; its first
/// term left out is below 1e-8 there.
const SERIES_BELOW: f32 = 0.3;

/// `ln C(p)` for `p = sigmoid(l)`, value by value: with logits `C = l / tanh(l / 2)`, which is 2 at `l = 0`
/// (Loaiza-Ganem and Cunningham 2019, equation 7; the series is that of appendix A in logits).
pub(super) fn continuous_bernoulli_log_normalizer(logits: Expr<'_>) -> Expr<'_> {
    let (near, size) = split(logits);
    let far = size.ln() - (size * 0.5).tanh().ln();
    let square = logits.square();
    // ln 2 + l²/12 - 7 l⁴/1440 + 31 l⁶/90720
    let series =
        ((square * (31.0 / 90_720.0) - 7.0 / 1440.0) * square + 1.0 / 12.0) * square + std::f32::consts::LN_2;
    near.select(series, far)
}

/// The mean of a continuous Bernoulli value: `½ + ½ / tanh(l / 2) - 1 / l`, in (0, 1) (equation 8 in logits).
pub(super) fn continuous_bernoulli_mean(logits: Expr<'_>) -> Expr<'_> {
    let (near, size) = split(logits);
    let far = (0.5 / (size * 0.5).tanh() - 1.0 / size) * logits.sign() + 0.5;
    let square = logits.square();
    // ½ + l/12 - l³/720 + l⁵/30240
    let series = ((square * (1.0 / 30_240.0) - 1.0 / 720.0) * square + 1.0 / 12.0) * logits + 0.5;
    near.select(series, far)
}

/// Where the series is used, and the size of the logit elsewhere: there the closed form is given 1, so that neither it
/// nor its gradient divides by zero.
fn split(logits: Expr<'_>) -> (Expr<'_>, Expr<'_>) {
    let size = logits.abs();
    let near = size.less(logits.graph().constant(SERIES_BELOW));
    (near, near.select(logits.graph().constant(1.0), size))
}

/// `-ln softmax(y)` of the bin that each value of `x` in [0, 1] falls into, when bytes are cut into `levels` equal bins:
/// `[.., width * levels]` and `[.., width]` give `[.., width]`.
pub(super) fn binned_nll<'g>(y: Expr<'g>, x: Expr<'g>, levels: usize) -> Expr<'g> {
    let (y, bins) = by_bin(y, levels);
    let own = x.shape().dims;
    let x = x.reshape(&[&own[..], &[1]].concat());
    let size = (256 / levels) as f32;
    // Between the last byte of a bin and the first of the next.
    let edge = |l: usize| match l {
        0 => f32::MIN,
        l if l == levels => f32::MAX,
        l => (l as f32 * size - 0.5) / 255.0,
    };
    let graph = y.graph();
    let [lower, upper] = [0, 1].map(|next| row(graph, levels, |l| edge(l + next)));
    let hit = x.less(upper) - x.less(lower);
    let terms = -(hit * y.log_softmax()).sum(bins);
    terms.reshape(&terms.shape().dims[..bins])
}

/// The expected value in [0, 1], a bin standing for the mean of its bytes: `[.., width * levels]` gives `[.., width]`.
pub(super) fn binned_mean(y: Expr<'_>, levels: usize) -> Expr<'_> {
    let (y, bins) = by_bin(y, levels);
    let size = (256 / levels) as f32;
    let middles = row(y.graph(), levels, |l| ((l as f32 + 0.5) * size - 0.5) / 255.0);
    let mean = (y.softmax() * middles).sum(bins);
    mean.reshape(&mean.shape().dims[..bins])
}

/// The last axis as values and their bins, and the axis of bins.
fn by_bin(y: Expr<'_>, levels: usize) -> (Expr<'_>, usize) {
    let mut dims = y.shape().dims;
    let bins = dims.len();
    dims[bins - 1] /= levels;
    dims.push(levels);
    (y.reshape(&dims), bins)
}

/// A constant for each bin.
fn row<'g>(graph: &'g Graph, levels: usize, value: impl Fn(usize) -> f32) -> Expr<'g> {
    let one = Shape::shared(&[1]);
    let values: Vec<Expr<'g>> = (0..levels).map(|l| graph.constant(value(l)).broadcast(&one)).collect();
    graph.concat(&values, 0)
}
