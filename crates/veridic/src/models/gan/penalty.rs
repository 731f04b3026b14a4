//! What keeps a critic from being steep.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Graph, Shape};

/// A bound on the discriminator's slope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Penalty {
    /// `{ clip = 0.01 }`: each weight is kept within plus and minus this (Arjovsky, Chintala and Bottou 2017).
    Clip(f32),
    /// `{ gradient = 10.0 }`: so many times `(|∇D| - 1)²` between real and made rows is added to the loss (Gulrajani
    /// et al. 2017, equation 3), by exact second gradients.
    Gradient(f32),
    /// `{ real-gradient = 10.0 }`: half of so many times `|∇D|²` at real rows is added (Mescheder, Geiger and Nowozin
    /// 2018, R1).
    RealGradient(f32),
}

/// Added below roots, whose slope at 0 is infinite.
const TINY: f32 = 1e-12;

impl Penalty {
    pub(super) fn value(self) -> f32 {
        match self {
            Self::Clip(value) | Self::Gradient(value) | Self::RealGradient(value) => value,
        }
    }

    /// What is added to the discriminator's loss, a scalar; `judge` gives its output for a batch.
    pub(super) fn of<'g>(
        self,
        real: Expr<'g>,
        made: Expr<'g>,
        judge: impl FnOnce(Expr<'g>) -> Expr<'g>,
    ) -> Option<Expr<'g>> {
        let graph = real.graph();
        match self {
            Self::Clip(_) => None,
            Self::Gradient(weight) => {
                let samples = real.shape().dims.len();
                let share = graph.uniform(&Shape::with_rows(&vec![1; samples]));
                let between = made + (real - made) * share;
                let slope = (squared_slope(graph, between, judge) + TINY).sqrt();
                Some((slope - 1.0).square().mean_rows().reshape(&[]) * weight)
            }
            Self::RealGradient(weight) => {
                Some(squared_slope(graph, real, judge).mean_rows().reshape(&[]) * (0.5 * weight))
            }
        }
    }
}

/// `|∇D(x)|²` of each row, `[rows, 1]`. Rows do not see each other, so the gradient of their sum has each row's own.
fn squared_slope<'g>(graph: &'g Graph, x: Expr<'g>, judge: impl FnOnce(Expr<'g>) -> Expr<'g>) -> Expr<'g> {
    // The gradient is asked of a node of its own: `x` may be a view of what it was made from.
    let x = x.detach();
    let sum = judge(x).sum_width().sum_rows().reshape(&[]);
    graph.gradient(sum, &[x])[0].square().sum_width().reshape(&[1])
}
