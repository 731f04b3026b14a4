//! Networks by the form they have, whatever else a configuration may name.

use veridic_graph::Expr;

use super::aae::AaeConfig;
use super::autoencoder::{self, AutoencoderConfig};
use super::ending;
use super::gan::GanConfig;
use super::program::Pass;
use super::rows::Layout;
use super::softmax::ClassifierConfig;
use super::vae::VaeConfig;
use crate::error::ConfigError;
use crate::nn::{LayerConfig, Likelihood, LikelihoodConfig, NoiseConfig, Scope, shapes};

/// The settings of a network.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NetworkConfig<'a> {
    /// Rows are decoded from codes.
    Decoding(Decoding<'a>),
    /// Rows are made of noise.
    Gan(&'a GanConfig),
    /// Rows are told apart.
    Classifier(&'a ClassifierConfig),
}

/// The settings of a network that decodes rows from codes, which it is trained to give back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decoding<'a> {
    Autoencoder(&'a AutoencoderConfig),
    Vae(&'a VaeConfig),
    Aae(&'a AaeConfig),
}

impl NetworkConfig<'_> {
    /// Rows that a training step looks at together.
    pub(crate) fn group(self) -> usize {
        match self {
            Self::Gan(config) => config.group(),
            Self::Decoding(_) | Self::Classifier(_) => 1,
        }
    }

    /// The shape that the decoder is given, for rows of this layout; its values are the latent space.
    ///
    /// # Errors
    /// Layers of the encoder or the decoder that do not fit; a decoder that does not end as the data asks.
    pub(crate) fn latent(self, layout: &Layout) -> Result<Vec<usize>, ConfigError> {
        let dims = layout.dims.as_slice();
        match self {
            Self::Decoding(config) => config.latent(dims),
            Self::Gan(config) => {
                config.check_layers(layout)?;
                Ok(vec![config.prior(layout.classes).width()])
            }
            Self::Classifier(config) => {
                config.check_layout(layout)?;
                let shapes = shapes("model.classifier.layers", &config.layers, dims)?;
                Ok(vec![shapes.last().map_or(dims, Vec::as_slice).iter().product()])
            }
        }
    }
}

impl<'a> Decoding<'a> {
    /// The name in recipes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Autoencoder(_) => "autoencoder",
            Self::Vae(_) => "vae",
            Self::Aae(_) => "aae",
        }
    }

    /// The layers from a code to what is said of a row.
    pub(crate) fn decoder(self) -> &'a [LayerConfig] {
        match self {
            Self::Autoencoder(config) => &config.decoder,
            Self::Vae(config) => &config.decoder,
            Self::Aae(config) => &config.decoder,
        }
    }

    /// What the decoder's output stands for.
    pub(crate) fn likelihood(self) -> LikelihoodConfig {
        match self {
            Self::Autoencoder(config) => config.likelihood,
            Self::Vae(config) => config.likelihood,
            Self::Aae(config) => config.likelihood,
        }
    }

    /// Noise of the encoder's input while training.
    pub(super) fn noise(self) -> Option<NoiseConfig> {
        match self {
            Self::Autoencoder(config) => config.noise,
            Self::Vae(config) => config.noise,
            Self::Aae(_) => None,
        }
    }

    /// The shape that the decoder is given, for rows of this shape.
    ///
    /// # Errors
    /// Layers that do not fit; a decoder that does not end as the data asks.
    pub(super) fn latent(self, dims: &[usize]) -> Result<Vec<usize>, ConfigError> {
        let latent = match self {
            Self::Autoencoder(config) => config.code(dims)?,
            Self::Vae(config) => {
                shapes("model.vae.encoder", &config.encoder, dims)?;
                vec![config.latent]
            }
            Self::Aae(config) => {
                shapes("model.aae.encoder", &config.encoder, dims)?;
                shapes("model.aae.discriminator", &config.discriminator, &[config.latent])?;
                vec![config.latent]
            }
        };
        let path = format!("model.{}.decoder", self.name());
        let shapes = shapes(&path, self.decoder(), &latent)?;
        ending::check(&path, self.decoder(), (&latent, &shapes), self.likelihood(), dims)?;
        Ok(latent)
    }

    pub(super) fn pass<'g>(
        self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        (x, input): (Expr<'g>, Expr<'g>),
        weight: Expr<'g>,
    ) -> Pass<'g> {
        match self {
            Self::Autoencoder(config) => config.pass(scope, likelihood, x, input),
            Self::Vae(config) => config.pass(scope, likelihood, (x, input), weight),
            Self::Aae(config) => config.pass(scope, likelihood, x, input),
        }
    }

    /// `ln p(x, z) - ln q(z | x)` of draws of `z`, for models with a posterior.
    pub(super) fn log_weight<'g>(
        self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        posterior: (Expr<'g>, Expr<'g>),
    ) -> Option<Expr<'g>> {
        match self {
            Self::Autoencoder(_) | Self::Aae(_) => None,
            Self::Vae(config) => Some(config.log_weight(scope, likelihood, x, posterior)),
        }
    }

    /// `[rows, width]`: what the decoder says of latent points.
    pub(super) fn decode<'g>(self, scope: &mut Scope<'g>, likelihood: &Likelihood, z: Expr<'g>) -> Expr<'g> {
        if let Self::Autoencoder(config) = self {
            return config.decoded(scope, likelihood, z);
        }
        // Codes of a variational model come one to a row; before them stand the points drawn for it.
        let points = z.shape().dims.len() - 1;
        autoencoder::output(scope, likelihood, self.decoder(), z, points)
    }
}
