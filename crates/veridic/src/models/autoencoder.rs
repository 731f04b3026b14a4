//! The autoencoder: a row is squeezed through a code and compared with what comes out (Hinton and Salakhutdinov 2006,
//! "Reducing the dimensionality of data with neural networks").

use serde::{Deserialize, Serialize};
use veridic_graph::Expr;

use super::network::Pass;
use crate::nn::{Activation, LayerConfig, Likelihood, LikelihoodConfig, NoiseConfig, Scope};

/// The settings of an autoencoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AutoencoderConfig {
    /// From the row to the code; the last layer's output is the code.
    pub encoder: Vec<LayerConfig>,
    /// From the code to the last hidden layer; the output layer follows from the likelihood.
    pub decoder: Vec<LayerConfig>,
    /// What the output is compared by.
    pub likelihood: LikelihoodConfig,
    /// Noise that the encoder's input gets while training, the target stays clean: the denoising form. Off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseConfig>,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            encoder: vec![
                LayerConfig::Dense { units: 64, activation: Activation::Relu },
                LayerConfig::Dense { units: 8, activation: Activation::Linear },
            ],
            decoder: vec![LayerConfig::Dense { units: 64, activation: Activation::Relu }],
            likelihood: LikelihoodConfig::Mixed,
            noise: None,
        }
    }
}

impl AutoencoderConfig {
    /// The width of the code for rows of `width` values: what the last dense layer of the encoder gives.
    pub fn code(&self, width: usize) -> usize {
        let dense = |layer: &LayerConfig| match layer {
            LayerConfig::Dense { units, .. } => Some(*units),
            _ => None,
        };
        self.encoder.iter().rev().find_map(dense).unwrap_or(width)
    }

    /// One pass over rows `x`; `input` is what the encoder may see of them.
    pub(crate) fn pass<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        input: Expr<'g>,
    ) -> Pass<'g> {
        let code = stack(scope, "encoder", &self.encoder, input);
        let y = self.decode(scope, likelihood, code);
        let terms = likelihood.terms(scope, y, x);
        let loss = terms.sum_width();
        Pass { latent: code, log_variance: None, terms, divergence: None, parts: vec![("loss", loss)] }
    }

    /// The output layer for codes `z`.
    pub(crate) fn decode<'g>(&self, scope: &mut Scope<'g>, likelihood: &Likelihood, z: Expr<'g>) -> Expr<'g> {
        let hidden = stack(scope, "decoder", &self.decoder, z);
        likelihood.head(scope, hidden)
    }
}

/// The layers of a list, one after the other, with parameters `path.0.…`, `path.1.…`.
pub(crate) fn stack<'g>(scope: &mut Scope<'g>, path: &str, layers: &[LayerConfig], x: Expr<'g>) -> Expr<'g> {
    layers.iter().enumerate().fold(x, |x, (i, layer)| layer.apply(scope, &format!("{path}.{i}"), x))
}
