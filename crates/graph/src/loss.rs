//! Losses from logits, written so that nothing overflows and no logarithm is clamped. Each is a value for each
//! value (or row) given; sum and average them with [`Expr::sum_width`] and [`Expr::mean_rows`].

use crate::expr::Expr;

/// `-t ln σ(l) - (1 - t) ln(1 - σ(l))` for logits `l` and targets `t` in [0, 1], value by value, in nats.
pub fn binary_cross_entropy<'g>(logits: Expr<'g>, targets: Expr<'g>) -> Expr<'g> {
    logits.softplus() - targets * logits
}

/// `-Σ t ln softmax(l)` over the last axis, which keeps length 1, in nats.
pub fn cross_entropy<'g>(logits: Expr<'g>, targets: Expr<'g>) -> Expr<'g> {
    let last = logits.shape().dims.len().saturating_sub(1);
    -(targets * logits.log_softmax()).sum(last)
}

/// `-ln N(x; mean, exp(log_variance))`, value by value, in nats, with its constant `½ ln 2π`.
pub fn gaussian_nll<'g>(x: Expr<'g>, mean: Expr<'g>, log_variance: Expr<'g>) -> Expr<'g> {
    let half_ln_tau = 0.5 * std::f32::consts::TAU.ln();
    ((x - mean).square() * (-log_variance).exp() + log_variance) * 0.5 + half_ln_tau
}

/// `KL(N(mean, exp(log_variance)) || N(0, 1))`, value by value, in nats (Kingma and Welling 2014, appendix B).
pub fn kl_from_standard_normal<'g>(mean: Expr<'g>, log_variance: Expr<'g>) -> Expr<'g> {
    (mean.square() + log_variance.exp() - 1.0 - log_variance) * 0.5
}
