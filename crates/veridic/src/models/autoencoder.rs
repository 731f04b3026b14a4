//! The autoencoder: a row is squeezed through a code and compared with what comes out (Hinton and Salakhutdinov 2006,
//! "Reducing the dimensionality of data with neural networks").

use serde::{Deserialize, Serialize};
use veridic_graph::Expr;

use super::ending;
use super::written::Pass;
use crate::error::ConfigError;
use crate::nn::{
    Activation, LayerConfig, Likelihood, LikelihoodConfig, NoiseConfig, Scope, flat, shapes, stack,
};

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
    /// The shape of the code for rows of shape `dims`: what the last layer of the encoder gives.
    ///
    /// # Errors
    /// Layers that do not fit.
    pub fn code(&self, dims: &[usize]) -> Result<Vec<usize>, ConfigError> {
        let shapes = shapes("model.autoencoder.encoder", &self.encoder, dims)?;
        Ok(shapes.into_iter().last().unwrap_or_else(|| dims.to_vec()))
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
        let y = output(scope, likelihood, &self.decoder, code);
        let terms = likelihood.terms(scope, y, x);
        let loss = terms.sum_width();
        let latent = code.reshape(&[code.shape().width()]);
        Pass { latent, log_variance: None, terms, divergence: None, parts: vec![("loss", loss)] }
    }
}

/// What a decoder makes of `z`: its layers, then the output layer that follows from the likelihood. A decoder that ends
/// in an image of the data's shape has its output layer already (see [`ending`]).
pub(crate) fn output<'g>(
    scope: &mut Scope<'g>,
    likelihood: &Likelihood,
    decoder: &[LayerConfig],
    z: Expr<'g>,
) -> Expr<'g> {
    let hidden = stack(scope, "decoder", decoder, z);
    if hidden.shape().dims.ends_with(&likelihood.dims()) && ending::is_linear(decoder) {
        flat(hidden)
    } else {
        likelihood.head(scope, hidden)
    }
}
