//! The variational autoencoder (Kingma and Welling 2014, "Auto-encoding variational Bayes"; Rezende, Mohamed and
//! Wierstra 2014), and with `beta` other than 1 the beta-VAE (Higgins et al. 2017).
//!
//! The loss of a row is the negative evidence lower bound, `-E ln p(x | z) + beta KL(q(z | x) || p(z))`, in nats, with
//! one draw of `z` and the divergence in closed form (appendix B of the first paper).

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, loss};

use super::autoencoder::output;
use super::network::Pass;
use crate::nn::{
    Activation, LayerConfig, Likelihood, LikelihoodConfig, Mode, NoiseConfig, Scope, dense, stack,
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
        (x, input): (Expr<'g>, Expr<'g>),
        weight: Expr<'g>,
    ) -> Pass<'g> {
        let hidden = stack(scope, "encoder", &self.encoder, input);
        let mean = dense(scope, "encoder.mean", hidden, self.latent);
        scope.describe("encoder.mean", "dense, linear", &[self.latent]);
        let log_variance = dense(scope, "encoder.log_variance", hidden, self.latent)
            .clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT);
        scope.describe("encoder.log_variance", "dense, linear", &[self.latent]);
        let noise = scope.graph.normal(&mean.shape());
        let z = mean + (log_variance * 0.5).exp() * noise;
        let y = output(scope, likelihood, &self.decoder, z);
        let drawn = likelihood.terms(scope, y, x);
        let reconstruction = drawn.sum_width();
        let kl = loss::kl_from_standard_normal(mean, log_variance).sum_width();
        let loss = reconstruction + kl * weight;
        // Scores take the posterior mean, so that a row has one score.
        let terms = match scope.mode {
            Mode::Train => drawn,
            Mode::Infer => {
                let y = output(scope, likelihood, &self.decoder, mean);
                likelihood.terms(scope, y, x)
            }
        };
        let parts = vec![("loss", loss), ("reconstruction", reconstruction), ("kl", kl)];
        Pass { latent: mean, log_variance: Some(log_variance), terms, divergence: Some(kl), parts }
    }
}
