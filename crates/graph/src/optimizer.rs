//! Optimizers as functions over expressions: the new values of a parameter and of the optimizer's own states.

use crate::expr::Expr;
use crate::graph::Graph;
use crate::init::Init;

/// How parameters follow their gradients. Defaults are those of the cited papers or of Keras where they differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// Gradient descent with momentum (Polyak 1964): `v ← μ v + g; p ← p - η v`.
    Sgd {
        /// μ, in [0, 1).
        momentum: f32,
    },
    /// RMSprop (Tieleman and Hinton 2012): `s ← ρ s + (1 - ρ) g²; p ← p - η g / (sqrt(s) + ε)`.
    RmsProp {
        /// ρ, in [0, 1).
        decay: f32,
        /// ε, positive.
        epsilon: f32,
    },
    /// Adadelta (Zeiler 2012, algorithm 1), with the step multiplied by η.
    Adadelta {
        /// ρ, in [0, 1).
        decay: f32,
        /// ε, positive.
        epsilon: f32,
    },
    /// Adam (Kingma and Ba 2015, algorithm 1), with decoupled weight decay (Loshchilov and Hutter 2019) if not 0.
    Adam {
        /// β₁, in [0, 1).
        beta1: f32,
        /// β₂, in [0, 1).
        beta2: f32,
        /// ε, positive.
        epsilon: f32,
        /// λ: each step first takes `η λ p` away.
        weight_decay: f32,
    },
}

/// Bounds on gradients before the optimizer sees them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Clip {
    /// Each value at most this large.
    pub value: Option<f32>,
    /// All gradients together scaled so that their Euclidean norm is at most this.
    pub norm: Option<f32>,
}

impl Clip {
    /// The gradients within bounds.
    pub fn apply<'g>(&self, graph: &'g Graph, gradients: &[Expr<'g>]) -> Vec<Expr<'g>> {
        let mut bounded = gradients.to_vec();
        if let Some(limit) = self.value {
            bounded.iter_mut().for_each(|g| *g = g.clamp(-limit, limit));
        }
        if let Some(limit) = self.norm {
            let zero = graph.constant(0.0).reshape(&[1]);
            let square = bounded.iter().fold(zero, |sum, g| sum + g.square().sum_width());
            let scale = (limit / (square.sqrt() + 1e-12)).min(graph.constant(1.0)).reshape(&[]);
            bounded.iter_mut().for_each(|g| *g = *g * scale);
        }
        bounded
    }
}

impl Optimizer {
    /// The updates `(state, new value)` that move each of `parameters` (name, state) against its gradient at learning
    /// rate `rate` (a shared scalar). States of the optimizer are declared as `optimizer.…` of that graph.
    pub fn updates<'g>(
        &self,
        graph: &'g Graph,
        parameters: &[(String, Expr<'g>)],
        gradients: &[Expr<'g>],
        rate: Expr<'g>,
    ) -> Vec<(Expr<'g>, Expr<'g>)> {
        let mut updates = Vec::new();
        let rate = rate.reshape(&[]);
        let moment = |kind: &str, name: &str, like: Expr<'g>| {
            graph.state(&format!("optimizer.{kind}.{name}"), &like.shape().dims, Init::Constant(0.0))
        };
        // Adam's corrections of its start, the same for all parameters.
        let corrections = if let Self::Adam { beta1, beta2, .. } = *self {
            let owner = parameters.first().map_or("", |(name, _)| name.as_str());
            let powers = ["beta1_power", "beta2_power"]
                .map(|kind| graph.state(&format!("optimizer.{kind}.{owner}"), &[], Init::Constant(1.0)));
            let next = [powers[0] * beta1, powers[1] * beta2];
            updates.extend([(powers[0], next[0]), (powers[1], next[1])]);
            next.map(|power| 1.0 - power)
        } else {
            [graph.constant(1.0); 2]
        };
        for ((name, p), &g) in parameters.iter().zip(gradients) {
            let p = *p;
            match *self {
                Self::Sgd { momentum: 0.0 } => updates.push((p, p - rate * g)),
                Self::Sgd { momentum } => {
                    let v = moment("momentum", name, p);
                    let next = v * momentum + g;
                    updates.extend([(v, next), (p, p - rate * next)]);
                }
                Self::RmsProp { decay, epsilon } => {
                    let s = moment("square", name, p);
                    let next = s * decay + g.square() * (1.0 - decay);
                    updates.extend([(s, next), (p, p - rate * g / (next.sqrt() + epsilon))]);
                }
                Self::Adadelta { decay, epsilon } => {
                    let (s, d) = (moment("square", name, p), moment("delta", name, p));
                    let next = s * decay + g.square() * (1.0 - decay);
                    let delta = ((d + epsilon) / (next + epsilon)).sqrt() * g;
                    let travelled = d * decay + delta.square() * (1.0 - decay);
                    updates.extend([(s, next), (d, travelled), (p, p - rate * delta)]);
                }
                Self::Adam { beta1, beta2, epsilon, weight_decay } => {
                    let (m, v) = (moment("mean", name, p), moment("square", name, p));
                    let next_m = m * beta1 + g * (1.0 - beta1);
                    let next_v = v * beta2 + g.square() * (1.0 - beta2);
                    let size = rate / corrections[0];
                    let root = (next_v * (1.0 / corrections[1])).sqrt() + epsilon;
                    let decayed = p * (1.0 - rate * weight_decay);
                    updates.extend([(m, next_m), (v, next_v), (p, decayed - size * next_m / root)]);
                }
            }
        }
        updates
    }
}
