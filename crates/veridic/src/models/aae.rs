//! The adversarial autoencoder (Makhzani et al. 2016, "Adversarial autoencoders"): an autoencoder whose codes a
//! discriminator cannot tell from draws of a prior, so that rows can be sampled from it.
//!
//! The autoencoder minimizes the loss of the reconstruction plus `adversarial` times `-ln D(code)`; the discriminator
//! learns to tell draws of the standard normal prior from codes. Both phases of the paper's step are one update here, so
//! that the weight says how much each counts.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Shape, loss};

use super::autoencoder::output;
use super::program::{Inputs, Pass, Update};
use crate::nn::{
    Activation, LayerConfig, Likelihood, LikelihoodConfig, Mode, Scope, dense, flat, flat_of, stack, stack_of,
};
use crate::train::{OptimizerConfig, TrainConfig};

/// The settings of an adversarial autoencoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AaeConfig {
    /// Dimensions of the code, 1 to 65536.
    pub latent: usize,
    /// From the row to the last hidden layer before the code.
    pub encoder: Vec<LayerConfig>,
    /// From the code to the last hidden layer; the output layer follows from the likelihood.
    pub decoder: Vec<LayerConfig>,
    /// What the output stands for.
    pub likelihood: LikelihoodConfig,
    /// From a code to the discriminator's last hidden layer; one output follows.
    pub discriminator: Vec<LayerConfig>,
    /// Weight of the adversarial loss beside the reconstruction's, above 0.
    pub adversarial: f32,
    /// The rule by which the discriminator learns; `train.optimizer` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discriminator_optimizer: Option<OptimizerConfig>,
}

impl Default for AaeConfig {
    fn default() -> Self {
        let hidden = |activation| vec![LayerConfig::Dense { units: 128, activation }];
        Self {
            latent: 8,
            encoder: hidden(Activation::Relu),
            decoder: hidden(Activation::Relu),
            likelihood: LikelihoodConfig::Mixed,
            discriminator: hidden(Activation::LeakyRelu),
            adversarial: 10.0,
            discriminator_optimizer: None,
        }
    }
}

/// What the discriminator of codes makes of a batch; scalars.
pub(super) struct Against<'g> {
    /// What the encoder minimizes.
    pub(super) encoder: Expr<'g>,
    /// What the discriminator minimizes, and the shares of draws and codes it tells.
    pub(super) parts: Vec<(&'static str, Expr<'g>)>,
}

impl AaeConfig {
    /// The first setting out of range: its name, what was found, what is allowed.
    pub(crate) fn out_of_range(&self) -> Option<(String, String, String)> {
        let wrong = |field: &str, found: String, allowed: &str| {
            Some((format!("model.aae.{field}"), found, allowed.to_string()))
        };
        if self.latent == 0 || self.latent > 65_536 {
            return wrong("latent", self.latent.to_string(), "1 to 65536");
        }
        if !(self.adversarial > 0.0 && self.adversarial.is_finite()) {
            return wrong("adversarial", self.adversarial.to_string(), "above 0");
        }
        let (field, found, allowed) =
            self.discriminator_optimizer?.out_of_range_at("discriminator-optimizer")?;
        wrong(&field, found, allowed)
    }

    /// One pass over rows `x`; `input` is what the encoder may see of them.
    pub(crate) fn pass<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        input: Expr<'g>,
    ) -> Pass<'g> {
        let hidden = flat_of(stack_of(scope, "encoder", &self.encoder, input, 0), 0);
        let code = dense(scope, "encoder.code", hidden, self.latent);
        scope.describe("encoder.code", "dense, linear", &[self.latent]);
        let y = output(scope, likelihood, &self.decoder, code, 0);
        let terms = likelihood.terms(scope, y, x);
        Pass {
            latent: code,
            log_variance: None,
            terms,
            divergence: None,
            parts: vec![("loss", terms.sum_width())],
        }
    }

    /// The game between codes and draws of the prior.
    pub(super) fn against<'g>(&self, scope: &mut Scope<'g>, code: Expr<'g>) -> Against<'g> {
        let mut judge = |of: Expr<'g>| {
            let hidden = flat(stack(scope, "discriminator", &self.discriminator, of));
            let output = dense(scope, "discriminator.output", hidden, 1);
            scope.describe("discriminator.output", "dense, linear", &[1]);
            output
        };
        let graph = code.graph();
        let (on_prior, on_code) =
            (judge(graph.normal(&Shape::with_rows(&[self.latent]))), judge(code.detach()));
        let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
        let mean = |of: Expr<'g>| of.mean_rows().reshape(&[]);
        let told = loss::binary_cross_entropy(on_prior, one) + loss::binary_cross_entropy(on_code, zero);
        let encoder = mean(loss::binary_cross_entropy(judge(code), one));
        let parts = vec![
            ("discriminator", mean(told)),
            ("real", mean(zero.less(on_prior))),
            ("made", mean(on_code.less(zero))),
        ];
        Against { encoder, parts }
    }

    /// The discriminator's update.
    pub(super) fn update<'g>(
        &self,
        scope: &mut Scope<'g>,
        inputs: &Inputs<'g>,
        against: Against<'g>,
        train: &TrainConfig,
    ) -> Update<'g> {
        debug_assert!(matches!(scope.mode, Mode::Train));
        let own: Vec<_> =
            scope.parameters().iter().filter(|(name, _)| is_discriminators(name)).cloned().collect();
        let loss = against.parts[0].1;
        let mut updates =
            train.follow(scope.graph, (loss, inputs.rate), &own, self.discriminator_optimizer).updates;
        updates.extend(scope.take_updates());
        Update { parts: against.parts, updates, times: 1, above: None }
    }
}

/// Whether a parameter is the discriminator's.
pub(super) fn is_discriminators(name: &str) -> bool {
    name.starts_with("discriminator.")
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Pool};

    use super::*;
    use crate::data::Matrix;
    use crate::models::{Layout, ModelConfig, Network, Rows};
    use crate::seed::Seed;
    use crate::train::{Learner, Rates};

    /// Normal points on a line, with five times the prior's deviation in each column.
    fn rows() -> Matrix {
        let mut random = Seed(3).stream("rows");
        let drawn = (0..512).map(|_| 5.0 * crate::seed::standard_normal(&mut random) as f32);
        Matrix { n_rows: 512, n_cols: 2, values: drawn.flat_map(|value| [value, value]).collect() }
    }

    fn fitted(adversarial: f32, threads: usize) -> (Network, Vec<f32>) {
        let hidden = || vec![LayerConfig::Dense { units: 16, activation: Activation::LeakyRelu }];
        let config = AaeConfig {
            latent: 1,
            encoder: hidden(),
            decoder: hidden(),
            likelihood: LikelihoodConfig::SquaredError { output: Activation::Linear },
            discriminator: hidden(),
            adversarial,
            discriminator_optimizer: None,
        };
        assert_eq!(config.out_of_range(), None);
        let layout = Layout { dims: vec![2], ..Layout::default() };
        let train = TrainConfig::default();
        let mut network = Network::new(&ModelConfig::Aae(config), layout, &train, 1).unwrap();
        let (rows, mut pool) = (rows(), Pool::new(threads));
        let index: Vec<u32> = (0..512).collect();
        let rates = Rates { learning: 0.01, divergence: 0.0, progress: 0.0 };
        for step in 0..600 {
            let draw = Draw { seed: 1, step };
            network.step(&mut pool, Rows::matrix(&rows), &index, rates, draw).unwrap();
        }
        let (codes, log_variance) = network.encode(&mut pool, Rows::matrix(&rows), &index).unwrap();
        assert!(log_variance.is_none());
        (network, codes.values)
    }

    #[test]
    fn codes_become_like_draws_of_the_prior_and_rows_are_kept() {
        let deviation = |codes: &[f32]| {
            let n = codes.len() as f32;
            let mean = codes.iter().sum::<f32>() / n;
            (mean, (codes.iter().map(|z| (z - mean).powi(2)).sum::<f32>() / n).sqrt())
        };
        let (mut network, codes) = fitted(10.0, 1);
        let (mean, spread) = deviation(&codes);
        assert!(mean.abs() < 0.3 && (spread - 1.0).abs() < 0.3, "{mean} {spread}");
        // Told nothing of the prior, codes keep the scale they have by chance.
        let free = deviation(&fitted(1e-6, 1).1).1;
        assert!((free - 1.0).abs() > 0.6, "{free}");
        let expected = network.decode(&mut Pool::new(1), &Matrix { n_rows: 512, n_cols: 1, values: codes });
        let error =
            expected.unwrap().values.iter().zip(rows().values).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        assert!(error / 1024.0 < 0.5, "{}", error / 1024.0);
        assert!(network.can_sample() && network.reconstructs() && !network.has_posterior());
    }

    #[test]
    fn the_same_bits_come_of_any_number_of_threads() {
        assert_eq!(fitted(1.0, 1).1, fitted(1.0, 2).1);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let field = |config: AaeConfig| config.out_of_range().map(|(field, ..)| field);
        assert_eq!(field(AaeConfig { latent: 0, ..AaeConfig::default() }).unwrap(), "model.aae.latent");
        let weightless = AaeConfig { adversarial: 0.0, ..AaeConfig::default() };
        assert_eq!(field(weightless).unwrap(), "model.aae.adversarial");
    }
}
