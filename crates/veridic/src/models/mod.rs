//! The models, one idea a file. Each is written once over expressions; [`Network`] compiles what training, scoring,
//! encoding and sampling need of it.

mod aae;
mod autoencoder;
mod average;
mod classifier;
mod ending;
mod gan;
mod network;
mod prior;
mod rows;
mod softmax;
mod stored;
mod vae;
mod written;

use serde::{Deserialize, Serialize};
use veridic_graph::Expr;

use crate::error::ConfigError;
use crate::nn::{Activation, Likelihood, LikelihoodConfig, NoiseConfig, Scope, shapes};
use written::Pass;

pub use aae::AaeConfig;
pub use autoencoder::AutoencoderConfig;
pub use classifier::Classifier;
pub use gan::{
    CoupledConfig, GanConfig, InfoConfig, LabelConfig, MinibatchConfig, Objective, OutputRange, Penalty,
    WarpConfig, WeightStart,
};
pub use network::{Network, Weights};
pub use prior::{Fixed, NoiseSource, Prior};
pub use rows::{Layout, Rows};
pub use softmax::ClassifierConfig;
pub use stored::{Number, Stored, Tensor, Values};
pub use vae::VaeConfig;

/// Which model, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelConfig {
    /// An autoencoder: a code of each row, and the row expected from the code.
    Autoencoder(AutoencoderConfig),
    /// A variational autoencoder: also a distribution of rows to sample from.
    Vae(VaeConfig),
    /// An adversarial autoencoder: an autoencoder whose codes are like draws of a prior, to sample from.
    Aae(AaeConfig),
    /// A generative adversarial network: rows made of noise, and a discriminator of made and real ones.
    Gan(Box<GanConfig>),
    /// A classifier of labelled rows.
    Classifier(ClassifierConfig),
}

impl ModelConfig {
    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Autoencoder(_) => "autoencoder",
            Self::Vae(_) => "vae",
            Self::Aae(_) => "aae",
            Self::Gan(_) => "gan",
            Self::Classifier(_) => "classifier",
        }
    }

    /// The name in messages, with its article.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Autoencoder(_) => "an autoencoder",
            Self::Vae(_) => "a VAE",
            Self::Aae(_) => "an adversarial autoencoder",
            Self::Gan(_) => "an adversarial network",
            Self::Classifier(_) => "a classifier",
        }
    }

    /// The weight of the divergence at full strength, and epochs to get there, for models that have one.
    pub fn divergence(&self) -> (f32, usize) {
        match self {
            Self::Vae(config) => (config.beta, config.kl_warmup),
            Self::Autoencoder(_) | Self::Aae(_) | Self::Gan(_) | Self::Classifier(_) => (0.0, 0),
        }
    }

    /// What the decoder's output stands for.
    pub fn likelihood(&self) -> LikelihoodConfig {
        match self {
            Self::Autoencoder(config) => config.likelihood,
            Self::Vae(config) => config.likelihood,
            Self::Aae(config) => config.likelihood,
            // Nothing is reconstructed; what is made is in the units of the data.
            Self::Gan(_) | Self::Classifier(_) => {
                LikelihoodConfig::SquaredError { output: Activation::Linear }
            }
        }
    }

    /// Noise of the encoder's input while training.
    pub fn noise(&self) -> Option<NoiseConfig> {
        match self {
            Self::Autoencoder(config) => config.noise,
            Self::Vae(config) => config.noise,
            Self::Aae(_) | Self::Gan(_) | Self::Classifier(_) => None,
        }
    }

    /// Rows that a training step looks at together; a batch has a whole number of such groups.
    pub fn group(&self) -> usize {
        match self {
            Self::Gan(config) => config.group(),
            _ => 1,
        }
    }

    /// The shape that the decoder is given, for rows of this layout; its values are the latent space.
    ///
    /// # Errors
    /// Layers of the encoder or the decoder that do not fit; a decoder that does not end as the data asks.
    pub fn latent(&self, layout: &Layout) -> Result<Vec<usize>, ConfigError> {
        let dims = layout.dims.as_slice();
        let (latent, decoder) = match self {
            Self::Gan(config) => {
                config.check_layers(layout)?;
                return Ok(vec![config.prior(layout.classes).width()]);
            }
            Self::Classifier(config) => {
                let shapes = shapes("model.classifier.layers", &config.layers, dims)?;
                return Ok(vec![shapes.last().map_or(dims, Vec::as_slice).iter().product()]);
            }
            Self::Autoencoder(config) => (config.code(dims)?, &config.decoder),
            Self::Vae(config) => {
                shapes("model.vae.encoder", &config.encoder, dims)?;
                (vec![config.latent], &config.decoder)
            }
            Self::Aae(config) => {
                shapes("model.aae.encoder", &config.encoder, dims)?;
                shapes("model.aae.discriminator", &config.discriminator, &[config.latent])?;
                (vec![config.latent], &config.decoder)
            }
        };
        let path = format!("model.{}.decoder", self.name());
        let shapes = shapes(&path, decoder, &latent)?;
        ending::check(&path, decoder, (&latent, &shapes), self.likelihood(), dims)?;
        Ok(latent)
    }

    fn pass<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        (x, input): (Expr<'g>, Expr<'g>),
        weight: Expr<'g>,
    ) -> Pass<'g> {
        match self {
            Self::Autoencoder(config) => config.pass(scope, likelihood, x, input),
            Self::Vae(config) => config.pass(scope, likelihood, (x, input), weight),
            Self::Aae(config) => config.pass(scope, likelihood, x, input),
            Self::Gan(_) | Self::Classifier(_) => unreachable!("it is written by its own rules"),
        }
    }

    /// `ln p(x, z) - ln q(z | x)` of draws of `z`, for models with a posterior.
    fn log_weight<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        posterior: (Expr<'g>, Expr<'g>),
    ) -> Option<Expr<'g>> {
        match self {
            Self::Autoencoder(_) | Self::Aae(_) | Self::Gan(_) | Self::Classifier(_) => None,
            Self::Vae(config) => Some(config.log_weight(scope, likelihood, x, posterior)),
        }
    }

    fn decode<'g>(&self, scope: &mut Scope<'g>, likelihood: &Likelihood, z: Expr<'g>) -> Expr<'g> {
        let points = z.shape().dims.len() - 1;
        let (decoder, lead) = match self {
            Self::Autoencoder(config) => (&config.decoder, 0),
            Self::Vae(config) => (&config.decoder, points),
            Self::Aae(config) => (&config.decoder, points),
            Self::Gan(_) | Self::Classifier(_) => unreachable!("it is written by its own rules"),
        };
        autoencoder::output(scope, likelihood, decoder, z, lead)
    }
}
