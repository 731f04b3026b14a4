//! What states start as.

use crate::graph::Graph;
use crate::kernel::random::{DrawKey, draw};
use crate::op::Distribution;

/// The start of a state. For the schemes of Glorot and He, a state of shape `[in, out]` has fan-in `in` and fan-out
/// `out`; a longer shape `[taps.., in, out]` multiplies both by its taps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// One value everywhere.
    Constant(f32),
    /// Uniform within ±sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio 2010, eq. 16).
    GlorotUniform,
    /// Normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010, eq. 12).
    GlorotNormal,
    /// Uniform within ±sqrt(6 / fan-in) (He et al. 2015).
    HeUniform,
    /// Normal with variance 2 / fan-in (He et al. 2015, eq. 10).
    HeNormal,
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
    /// Uniform within plus or minus this limit.
    Uniform(f32),
    /// As many equal parts as there are numbers, one behind the other, each of one number: biases of gates.
    Parts(&'static [f32]),
}

impl Init {
    fn values(self, dims: &[usize], seed: u64, index: u32) -> Vec<f32> {
        let n: usize = dims.iter().product();
        let taps: usize = dims.iter().rev().skip(2).product();
        let fan = |from_end: usize| {
            dims.len().checked_sub(from_end).and_then(|i| dims.get(i)).map_or(1, |&d| d) * taps
        };
        let (fan_in, fan_out) = (fan(2).max(1) as f32, fan(1).max(1) as f32);
        let key = DrawKey { seed, step: u64::MAX, stream: index };
        let uniform = |limit: f32| {
            let values = draw(Distribution::Uniform, key, 0, n);
            values.into_iter().map(|u| (2.0 * u - 1.0) * limit).collect()
        };
        let normal = |sd: f32| draw(Distribution::Normal, key, 0, n).into_iter().map(|z| z * sd).collect();
        match self {
            Self::Constant(value) => vec![value; n],
            Self::GlorotUniform => uniform((6.0 / (fan_in + fan_out)).sqrt()),
            Self::GlorotNormal => normal((2.0 / (fan_in + fan_out)).sqrt()),
            Self::HeUniform => uniform((6.0 / fan_in).sqrt()),
            Self::HeNormal => normal((2.0 / fan_in).sqrt()),
            Self::Normal(sd) => normal(sd),
            Self::Uniform(limit) => uniform(limit),
            Self::Parts(parts) => {
                let each = n.div_ceil(parts.len().max(1)).max(1);
                (0..n).map(|i| parts.get(i / each).copied().unwrap_or(0.0)).collect()
            }
        }
    }
}

/// The values that live from run to run: one vector for each state of a graph, in the order they were declared.
#[derive(Debug, Clone, PartialEq)]
pub struct States {
    /// The states.
    pub entries: Vec<State>,
}

/// One state.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Its name, by path: `encoder.0.weight`.
    pub name: String,
    /// Its axes.
    pub dims: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

impl States {
    /// The states of `graph` at their start; the same seed gives the same values.
    pub fn new(graph: &Graph, seed: u64) -> Self {
        let inner = graph.read();
        let entries = inner.states.iter().enumerate().map(|(index, decl)| State {
            name: decl.name.clone(),
            dims: decl.dims.clone(),
            values: decl.init.values(&decl.dims, seed, index as u32),
        });
        Self { entries: entries.collect() }
    }

    /// The state of that name.
    pub fn get(&self, name: &str) -> Option<&State> {
        self.entries.iter().find(|state| state.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_have_their_variance() {
        let sd = |init: Init, dims: &[usize]| {
            let values = init.values(dims, 1, 0);
            let n = values.len() as f64;
            (values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n).sqrt()
        };
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 0.03, "{a} {b}");
        close(sd(Init::GlorotUniform, &[100, 300]), (2.0f64 / 400.0).sqrt());
        close(sd(Init::GlorotNormal, &[100, 300]), (2.0f64 / 400.0).sqrt());
        close(sd(Init::HeUniform, &[100, 300]), (2.0f64 / 100.0).sqrt());
        close(sd(Init::HeNormal, &[25, 4, 300]), (2.0f64 / 100.0).sqrt());
        close(sd(Init::Normal(0.02), &[200, 200]), 0.02);
        assert_eq!(Init::Constant(3.0).values(&[2], 0, 0), [3.0, 3.0]);
        assert_eq!(Init::Parts(&[0.0, 1.0]).values(&[4], 0, 0), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(Init::Parts(&[]).values(&[2], 0, 0), [0.0, 0.0]);
    }
}
