//! Minibatch discrimination: the discriminator sees how alike the rows of a group are (Salimans et al. 2016, section
//! 3.2), so that a generator that makes one row again and again gives itself away.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Init};

use crate::nn::Scope;

/// The settings of minibatch discrimination.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MinibatchConfig {
    /// Similarities added to the features of a row, at most 1024; with 0 rows are judged alone, though drawn in groups.
    pub kernels: usize,
    /// Dimensions in which each is measured, 1 to 1024.
    pub dims: usize,
    /// Rows that see each other, 2 to 256; the batch is a multiple of it.
    pub group: usize,
    /// Standard deviation of the tensor's start, above 0.
    pub start: f32,
}

impl Default for MinibatchConfig {
    fn default() -> Self {
        Self { kernels: 5, dims: 3, group: 8, start: 0.02 }
    }
}

impl MinibatchConfig {
    /// Features `[rows, group, n]` with the similarities behind them, `[rows, group, n + kernels]`:
    /// `Σ exp(-|M_i - M_j|₁)` over the other rows `j` of the group, `M = f T`.
    pub(super) fn append<'g>(&self, scope: &mut Scope<'g>, path: &str, features: Expr<'g>) -> Expr<'g> {
        if self.kernels == 0 {
            return features;
        }
        let dims = features.shape().dims;
        let (group, width) = (dims[0], dims[1]);
        let columns = self.kernels * self.dims;
        let tensor =
            scope.parameter(&format!("{path}.minibatch.weight"), &[width, columns], Init::Normal(self.start));
        let m = features.matmul(tensor);
        let one = m.reshape(&[group, 1, self.kernels, self.dims]);
        let other = m.reshape(&[1, group, self.kernels, self.dims]);
        let similarity = (-(one - other).abs().sum(3)).exp().sum(1).reshape(&[group, self.kernels]) - 1.0;
        scope.describe(&format!("{path}.minibatch"), "minibatch discrimination", &[width + self.kernels]);
        scope.graph.concat(&[features, similarity], 1)
    }
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Feed, Graph, Pool, States};

    use super::*;

    #[test]
    fn similarities_are_those_of_the_formula() {
        let graph = Graph::new();
        let x = graph.rows("x", &[3, 2]);
        let mut scope = Scope::new(&graph);
        let config = MinibatchConfig { kernels: 2, dims: 2, group: 3, start: 0.02 };
        let out = config.append(&mut scope, "discriminator", x);
        let mut plan = graph.compile(&[out], &[]).unwrap();
        let mut states = States::new(&graph, 3);
        let tensor: Vec<f32> = (0..8).map(|i| (i as f32 - 3.0) * 0.1).collect();
        states.entries[0].values.clone_from(&tensor);
        let rows: Vec<f32> = (0..12).map(|i| ((i * 7) % 5) as f32 * 0.3).collect();
        plan.run(&mut Pool::new(1), &mut states, &[Feed::Rows(&rows)], 2, Draw::default()).unwrap();
        for (group, (x, out)) in rows.chunks(6).zip(plan.output(0).chunks(12)).enumerate() {
            let m = |i: usize, c: usize| (0..2).map(|j| x[i * 2 + j] * tensor[j * 4 + c]).sum::<f32>();
            for i in 0..3 {
                assert_eq!(out[i * 4..i * 4 + 2], x[i * 2..i * 2 + 2], "group {group}");
                for kernel in 0..2 {
                    let distance = |j: usize| {
                        (0..2).map(|d| (m(i, kernel * 2 + d) - m(j, kernel * 2 + d)).abs()).sum::<f32>()
                    };
                    let want: f32 = (0..3).filter(|&j| j != i).map(|j| (-distance(j)).exp()).sum();
                    assert!((out[i * 4 + 2 + kernel] - want).abs() < 1e-5, "group {group} row {i}");
                }
            }
        }
    }
}
