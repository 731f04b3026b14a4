//! How alike made rows are (Zhao, Mathieu and LeCun 2017, "Energy-based generative adversarial network", equation 4).

use veridic_graph::Expr;

/// The mean squared cosine between the features of different samples, 0 to 1: that of the sum of all outer products.
pub(super) fn alikeness(features: Expr<'_>) -> Expr<'_> {
    let last = features.shape().dims.len() - 1;
    let unit = features / (features.square().sum(last) + 1e-12).sqrt();
    let all = unit.contract(unit).square().sum_width().reshape(&[]);
    let samples: usize = features.shape().dims[..last].iter().product();
    let n = features.graph().row_count().reshape(&[]) * samples as f32;
    (all - n) / (n * (n - 1.0)).max(features.graph().constant(1.0))
}
