//! The adversarial autoencoder (Makhzani et al. 2016, "Adversarial autoencoders"): an autoencoder whose codes a
//! discriminator cannot tell from draws of a prior, so that rows can be sampled from it.
//!
//! The autoencoder minimizes the loss of the reconstruction plus `adversarial` times `-ln D(code)`; the discriminator
//! learns to tell draws of the standard normal prior from codes. Both phases of the paper's step are one update here, so
//! that the weight says how much each counts.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Shape, loss};

use super::autoencoder::output;
use super::written::{Inputs, Pass, Update};
use crate::nn::{Activation, LayerConfig, Likelihood, LikelihoodConfig, Mode, Scope, dense, flat, stack};
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
        let (field, found, allowed) = self.discriminator_optimizer?.out_of_range()?;
        let field = field.replacen("train.optimizer", "model.aae.discriminator-optimizer", 1);
        Some((field, found, allowed.to_string()))
    }

    /// One pass over rows `x`; `input` is what the encoder may see of them.
    pub(crate) fn pass<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        input: Expr<'g>,
    ) -> Pass<'g> {
        let hidden = stack(scope, "encoder", &self.encoder, input);
        let code = dense(scope, "encoder.code", hidden, self.latent);
        scope.describe("encoder.code", "dense, linear", &[self.latent]);
        let y = output(scope, likelihood, &self.decoder, code);
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
        let states: Vec<Expr<'g>> = own.iter().map(|(_, state)| *state).collect();
        let gradients = scope.graph.gradient(against.parts[0].1, &states);
        let gradients = train.clip().apply(scope.graph, &gradients);
        let optimizer = self.discriminator_optimizer.unwrap_or(train.optimizer);
        let rate = inputs.rate * (optimizer.rate() / train.optimizer.rate());
        let mut updates = optimizer.rule().updates(scope.graph, &own, &gradients, rate);
        updates.extend(scope.take_updates());
        Update { parts: against.parts, updates, times: 1, above: None }
    }
}

/// Whether a parameter is the discriminator's.
pub(super) fn is_discriminators(name: &str) -> bool {
    name.starts_with("discriminator.")
}
