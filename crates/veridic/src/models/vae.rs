//! The variational autoencoder (Kingma and Welling 2014, "Auto-encoding variational Bayes"; Rezende, Mohamed and
//! Wierstra 2014), with `beta` other than 1 the beta-VAE (Higgins et al. 2017), and with several `samples` the
//! importance-weighted autoencoder (Burda, Grosse and Salakhutdinov 2016).
//!
//! The loss of a row is the negative evidence lower bound, `-E ln p(x | z) + beta KL(q(z | x) || p(z))`, in nats, with
//! one draw of `z` and the divergence in closed form (appendix B of the first paper); with `k` draws it is
//! `-ln (1/k) Σ p(x, z) / q(z | x)` (equation 8 of the last).

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Shape, loss};

use super::aggregate;
use super::autoencoder::output;
use super::program::Pass;
use crate::nn::{
    Activation, LayerConfig, Likelihood, LikelihoodConfig, Mode, NoiseConfig, Scope, dense, flat_of, stack_of,
};

/// The settings of a variational autoencoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct VaeConfig {
    /// Dimensions of the latent space, at least 1.
    pub latent: usize,
    /// From the row to the last hidden layer before mean and log-variance.
    pub encoder: Vec<LayerConfig>,
    /// From the latent point to the last hidden layer; the output layer follows from the likelihood.
    pub decoder: Vec<LayerConfig>,
    /// What the output stands for.
    pub likelihood: LikelihoodConfig,
    /// Weight of the divergence; 1 is the VAE.
    pub beta: f32,
    /// Epochs over which the weight of the divergence rises linearly from 0 to `beta`: in epoch `e` of `w` (from 1) it
    /// is `beta * min(1, (e - 1) / w)`. 0 is off.
    pub kl_warmup: usize,
    /// Noise that the encoder's input gets while training, the target stays clean: the denoising form. Off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseConfig>,
    /// Nats of divergence that each latent dimension has for free: the divergence in the loss is
    /// `Σ max(free_bits, KL)` over dimensions, with the mean of KL over the batch (Kingma et al. 2016, "Improving
    /// variational inference with inverse autoregressive flow", equation 15). Below, a dimension has no gradient of
    /// it. 0 is off; `kl` in reports is always the divergence itself.
    pub free_bits: f32,
    /// Latent points drawn for each row, k: 1 is the VAE, more is the importance-weighted objective.
    pub samples: usize,
    /// Normal distributions of which a mixture is fitted, after training, to latent points drawn for the rows learned from; new rows are
    /// made from points of it (Ghosh et al. 2020, "From variational to deterministic autoencoders"). Losses and likelihoods stay those of
    /// the standard normal prior. 0 is off: points are drawn from that.
    pub mixture: usize,
}

impl Default for VaeConfig {
    fn default() -> Self {
        let hidden = vec![LayerConfig::Dense { units: 128, activation: Activation::Relu }];
        Self {
            latent: 8,
            encoder: hidden.clone(),
            decoder: hidden,
            likelihood: LikelihoodConfig::Mixed,
            beta: 1.0,
            kl_warmup: 0,
            noise: None,
            free_bits: 0.0,
            samples: 1,
            mixture: 0,
        }
    }
}

/// Log-variances of the posterior are kept within plus or minus this, so that an early spike cannot overflow.
const LOG_VARIANCE_LIMIT: f32 = 20.0;

impl VaeConfig {
    /// One pass over rows `x`; `input` is what the encoder may see of them, `weight` that of the divergence.
    pub(crate) fn pass<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        rows: (Expr<'g>, Expr<'g>),
        weight: Expr<'g>,
    ) -> Pass<'g> {
        let shape = match self.samples {
            1 => Shape::with_rows(&[self.latent]),
            k => Shape::with_rows(&[k, self.latent]),
        };
        let noise = scope.graph.normal(&shape);
        self.pass_with(scope, likelihood, rows, (weight, noise))
    }

    /// The pass with given standard normal noise, `[rows, latent]` or `[rows, samples, latent]`.
    fn pass_with<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        (x, input): (Expr<'g>, Expr<'g>),
        (weight, noise): (Expr<'g>, Expr<'g>),
    ) -> Pass<'g> {
        if self.mixture > 0 {
            aggregate::declare(scope, self.mixture, self.latent);
        }
        let hidden = flat_of(stack_of(scope, "encoder", &self.encoder, input, 0), 0);
        let mean = dense(scope, "encoder.mean", hidden, self.latent);
        scope.describe("encoder.mean", "dense, linear", &[self.latent]);
        let log_variance = dense(scope, "encoder.log_variance", hidden, self.latent)
            .clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT);
        scope.describe("encoder.log_variance", "dense, linear", &[self.latent]);
        let divergences = loss::kl_from_standard_normal(mean, log_variance);
        let kl = divergences.sum_width();
        let (loss, reconstruction) = if self.samples > 1 {
            let many = |one: Expr<'g>| one.reshape(&[1, self.latent]);
            let (z, log_ratio) = draw((many(mean), many(log_variance)), noise);
            self.importance_weighted(scope, likelihood, x, (z, log_ratio * weight))
        } else {
            let (z, _) = draw((mean, log_variance), noise);
            let y = output(scope, likelihood, &self.decoder, z, z.shape().dims.len() - 1);
            let reconstruction = likelihood.terms(scope, y, x).sum_width();
            let counted = if self.free_bits > 0.0 {
                divergences.mean_rows().max(scope.graph.constant(self.free_bits)).sum_width()
            } else {
                kl
            };
            (reconstruction + counted * weight, reconstruction)
        };
        // Scores take the posterior mean, so that a row has one score.
        let terms = match scope.mode {
            Mode::Train => reconstruction,
            Mode::Infer => {
                let y = output(scope, likelihood, &self.decoder, mean, 0);
                likelihood.terms(scope, y, x)
            }
        };
        let parts = vec![("loss", loss), ("reconstruction", reconstruction), ("kl", kl)];
        Pass { latent: mean, log_variance: Some(log_variance), terms, divergence: Some(kl), parts }
    }

    /// The objective with `samples` latent points `z` a row (`[rows, samples, latent]`, their log-ratios
    /// `[rows, samples, 1]`), and their mean reconstruction; `[rows, 1]` each.
    fn importance_weighted<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        (z, log_ratio): (Expr<'g>, Expr<'g>),
    ) -> (Expr<'g>, Expr<'g>) {
        let y = output(scope, likelihood, &self.decoder, z, z.shape().dims.len() - 1);
        let reconstructions = likelihood.terms(scope, y, x).sum(1).reshape(&[self.samples]);
        let log_weights = log_ratio.reshape(&[self.samples]) - reconstructions;
        let largest = log_weights.max_over(0).detach();
        let log_mean = (log_weights - largest).exp().mean(0).ln() + largest;
        (-log_mean, reconstructions.mean(0))
    }

    /// `ln p(x, z) - ln q(z | x)`, `[rows, 1]`, for one row `x` (`[width]`) and as many draws of `z` from its posterior
    /// (`[latent]` each) as there are rows.
    pub(crate) fn log_weight<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        posterior: (Expr<'g>, Expr<'g>),
    ) -> Expr<'g> {
        let noise = scope.graph.normal(&Shape::with_rows(&[self.latent]));
        let (z, log_ratio) = draw(posterior, noise);
        let y = output(scope, likelihood, &self.decoder, z, z.shape().dims.len() - 1);
        log_ratio - likelihood.terms(scope, y, x).sum_width()
    }
}

/// Points from a posterior by standard normal noise, and `ln p(z) - ln q(z | x)` of each: the last axis has length 1.
fn draw<'g>((mean, log_variance): (Expr<'g>, Expr<'g>), noise: Expr<'g>) -> (Expr<'g>, Expr<'g>) {
    let z = mean + (log_variance * 0.5).exp() * noise;
    // The constants of both densities cancel; (z - mean)² / variance is the square of the noise.
    let log_ratio = (noise.square() + log_variance - z.square()) * 0.5;
    let last = log_ratio.shape().dims.len() - 1;
    (z, log_ratio.sum(last))
}

#[cfg(test)]
mod tests {
    //! Against PyTorch: `tests/fixtures/likelihood.py` wrote the expected values.

    use std::collections::BTreeMap;

    use veridic_graph::{Draw, Feed, Graph, Pool, States};

    use super::*;
    use crate::nn::Variance;

    #[derive(Deserialize)]
    struct Fixture {
        width: usize,
        latent: usize,
        hidden: usize,
        rows: usize,
        x: Vec<f32>,
        noise: BTreeMap<String, Vec<f32>>,
        weights: BTreeMap<String, Vec<f32>>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        likelihood: LikelihoodConfig,
        samples: usize,
        free_bits: f32,
        weight: f32,
        parts: BTreeMap<String, f64>,
        gradients: BTreeMap<String, Vec<f64>>,
    }

    #[test]
    fn losses_and_gradients_agree_with_pytorch() {
        let text = include_str!("../../tests/fixtures/likelihood.json");
        let mut all: serde_json::Value = serde_json::from_str(text).unwrap();
        let fixture: Fixture = serde_json::from_value(all["vae"].take()).unwrap();
        assert_eq!(fixture.cases.len(), 7);
        for case in &fixture.cases {
            let dense = LayerConfig::Dense { units: fixture.hidden, activation: Activation::Tanh };
            let config = VaeConfig {
                latent: fixture.latent,
                encoder: vec![dense],
                decoder: vec![dense],
                likelihood: case.likelihood,
                samples: case.samples,
                free_bits: case.free_bits,
                ..VaeConfig::default()
            };
            let graph = Graph::new();
            let dims = match case.samples {
                1 => vec![fixture.latent],
                k => vec![k, fixture.latent],
            };
            let (x, noise) = (graph.rows("x", &[fixture.width]), graph.rows("noise", &dims));
            let weight = graph.constant(case.weight);
            let mut scope = Scope::new(&graph);
            let likelihood = Likelihood::new(case.likelihood, &[], &[fixture.width]);
            let pass = config.pass_with(&mut scope, &likelihood, (x, x), (weight, noise));
            let parts: Vec<Expr<'_>> = pass.parts.iter().map(|(_, part)| part.mean_rows()).collect();
            let parameters = scope.parameters().to_vec();
            let states: Vec<Expr<'_>> = parameters.iter().map(|(_, state)| *state).collect();
            let outputs = [&parts[..], &graph.gradient(parts[0], &states)].concat();
            let mut plan = graph.compile(&outputs, &[]).unwrap();
            let mut states = States::new(&graph, 0);
            for state in &mut states.entries {
                state.values.clone_from(&fixture.weights[&state.name][..state.values.len()].to_vec());
            }
            let feeds = [Feed::Rows(&fixture.x), Feed::Rows(&fixture.noise[&case.samples.to_string()])];
            plan.run(&mut Pool::new(1), &mut states, &feeds, fixture.rows, Draw::default()).unwrap();
            let name = &case.name;
            let close = |found: &[f32], expected: &[f64], what: &str| {
                assert_eq!(found.len(), expected.len(), "{name}: {what}");
                for (found, expected) in found.iter().zip(expected) {
                    let error = (f64::from(*found) - expected).abs();
                    assert!(error <= 2e-6 + 1e-5 * expected.abs(), "{name}: {what} {found} {expected}");
                }
            };
            for (i, (part, _)) in pass.parts.iter().enumerate() {
                close(plan.output(i), &[case.parts[*part]], part);
            }
            assert_eq!(parameters.len(), case.gradients.len(), "{name}");
            for (i, (parameter, _)) in parameters.iter().enumerate() {
                close(plan.output(parts.len() + i), &case.gradients[parameter], parameter);
            }
        }
        let learned =
            |case: &Case| case.likelihood == LikelihoodConfig::Gaussian { variance: Variance::Shared };
        assert!(fixture.cases.iter().any(learned));
    }

    #[test]
    fn coupled_noise_is_learned_and_changes_no_loss() {
        use crate::data::Matrix;
        use crate::models::{Layout, ModelConfig, Network, Rows};
        use crate::train::{Learner, Rates, TrainConfig};

        let draw = |i: usize| ((i * 7919) % 1013) as f32 / 292.0 - 1.73;
        // The second column is the first with a little of its own, but for its sign.
        let value = |i: usize| match i % 2 {
            0 => draw(i / 2),
            _ => -0.9 * draw(i / 2) + 0.4 * draw(i / 2 + 501),
        };
        let rows = Matrix { n_rows: 256, n_cols: 2, values: (0..512).map(value).collect() };
        let trained = |variance: Variance| {
            let config = VaeConfig {
                latent: 1,
                encoder: vec![LayerConfig::Dense { units: 4, activation: Activation::Tanh }],
                decoder: vec![LayerConfig::Dense { units: 4, activation: Activation::Tanh }],
                likelihood: LikelihoodConfig::Gaussian { variance },
                beta: 20.0,
                ..VaeConfig::default()
            };
            let layout = Layout { dims: vec![2], ..Layout::default() };
            let model = ModelConfig::Vae(config);
            let mut network = Network::new(&model, layout, &TrainConfig::default(), 5).unwrap();
            let index: Vec<u32> = (0..256).collect();
            let rates = Rates { learning: 0.01, divergence: 20.0, progress: 0.5 };
            let mut losses = Vec::new();
            for step in 0..400 {
                let data = Rows::matrix(&rows);
                let draw = Draw { seed: 1, step };
                losses.push(network.step(&mut Pool::new(1), data, &index, rates, draw).unwrap().to_vec());
            }
            (losses, network.coupling())
        };
        let (losses, coupling) = trained(Variance::Coupled);
        let (plain, none) = trained(Variance::ByColumn);
        assert!(losses == plain && none.is_none());
        let factor = coupling.unwrap();
        let together = &factor * factor.transpose();
        let correlation = together[(0, 1)] / (together[(0, 0)] * together[(1, 1)]).sqrt();
        assert!((-0.97..-0.8).contains(&correlation), "{together}");
        // In units of what the decoder says, variances are about 1.
        let (losses, coupling) = trained(Variance::DecodedCoupled);
        let (plain, none) = trained(Variance::Decoded);
        assert!(losses == plain && none.is_none());
        let together = {
            let factor = coupling.unwrap();
            &factor * factor.transpose()
        };
        let near = |value: f64, to: f64| (value - to).abs() < 0.2;
        assert!(
            near(together[(0, 0)], 1.0) && near(together[(1, 1)], 1.0) && near(together[(0, 1)], -0.91),
            "{together}"
        );
    }
}
