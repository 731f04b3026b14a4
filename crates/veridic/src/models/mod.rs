//! The models, one idea a file. Each is written once over expressions; [`Network`] compiles what training, scoring,
//! encoding and sampling need of it.

mod autoencoder;
mod classifier;
mod ending;
mod network;
mod vae;

use serde::{Deserialize, Serialize};
use veridic_graph::Expr;

use crate::error::ConfigError;
use crate::nn::{Likelihood, LikelihoodConfig, NoiseConfig, Scope, shapes};
use network::Pass;

pub use autoencoder::AutoencoderConfig;
pub use classifier::Classifier;
pub use network::{Layout, Network, Rows, Weights};
pub use vae::VaeConfig;

/// Which model, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelConfig {
    /// An autoencoder: a code of each row, and the row expected from the code.
    Autoencoder(AutoencoderConfig),
    /// A variational autoencoder: also a distribution of rows to sample from.
    Vae(VaeConfig),
}

impl ModelConfig {
    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Autoencoder(_) => "autoencoder",
            Self::Vae(_) => "vae",
        }
    }

    /// What the decoder's output stands for.
    pub fn likelihood(&self) -> LikelihoodConfig {
        match self {
            Self::Autoencoder(config) => config.likelihood,
            Self::Vae(config) => config.likelihood,
        }
    }

    /// Noise of the encoder's input while training.
    pub fn noise(&self) -> Option<NoiseConfig> {
        match self {
            Self::Autoencoder(config) => config.noise,
            Self::Vae(config) => config.noise,
        }
    }

    /// The shape that the decoder is given, for rows of shape `dims`; its values are the latent space.
    ///
    /// # Errors
    /// Layers of the encoder or the decoder that do not fit; a decoder that does not end as the data asks.
    pub fn latent(&self, dims: &[usize]) -> Result<Vec<usize>, ConfigError> {
        let (latent, decoder) = match self {
            Self::Autoencoder(config) => (config.code(dims)?, &config.decoder),
            Self::Vae(config) => {
                shapes("model.vae.encoder", &config.encoder, dims)?;
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
            Self::Autoencoder(_) => None,
            Self::Vae(config) => Some(config.log_weight(scope, likelihood, x, posterior)),
        }
    }

    fn decode<'g>(&self, scope: &mut Scope<'g>, likelihood: &Likelihood, z: Expr<'g>) -> Expr<'g> {
        let decoder = match self {
            Self::Autoencoder(config) => &config.decoder,
            Self::Vae(config) => &config.decoder,
        };
        autoencoder::output(scope, likelihood, decoder, z)
    }
}
