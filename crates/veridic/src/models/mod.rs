//! The models, one idea a file. Each is written once over expressions; [`Network`] compiles what training, scoring,
//! encoding and sampling need of it.

mod aae;
mod ability;
mod autoencoder;
mod average;
mod classifier;
mod ending;
mod form;
mod gan;
mod network;
mod prior;
mod rows;
mod softmax;
mod stored;
mod table;
mod vae;
mod written;

use serde::{Deserialize, Serialize};

use crate::nn::{Activation, LikelihoodConfig, NoiseConfig};

pub use aae::AaeConfig;
pub use ability::Ability;
pub use autoencoder::AutoencoderConfig;
pub use classifier::Classifier;
pub(crate) use form::{Decoding, NetworkConfig};
pub use gan::{
    CoupledConfig, GanConfig, InfoConfig, LabelConfig, MinibatchConfig, Objective, OutputRange, Penalty,
    WarpConfig, WeightStart,
};
pub use network::{Judged, Network, Weights};
pub use prior::{Fixed, NoiseSource, Prior};
pub use rows::{Layout, Rows};
pub use softmax::ClassifierConfig;
pub use stored::{Number, Stored, Tensor, Values};
pub use table::{Explained, Scored, TableModel};
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

    /// One of each kind, by which a message names those that are capable of something.
    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self::Autoencoder(AutoencoderConfig::default()),
            Self::Vae(VaeConfig::default()),
            Self::Aae(AaeConfig::default()),
            Self::Gan(Box::default()),
            Self::Classifier(ClassifierConfig::default()),
        ]
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

    /// The settings of a model of tables, if it is one.
    pub(crate) fn table(&self) -> Option<()> {
        None
    }

    /// The network of it, for models that are one.
    pub(crate) fn network(&self) -> Option<NetworkConfig<'_>> {
        Some(match self {
            Self::Autoencoder(config) => NetworkConfig::Decoding(Decoding::Autoencoder(config)),
            Self::Vae(config) => NetworkConfig::Decoding(Decoding::Vae(config)),
            Self::Aae(config) => NetworkConfig::Decoding(Decoding::Aae(config)),
            Self::Gan(config) => NetworkConfig::Gan(config),
            Self::Classifier(config) => NetworkConfig::Classifier(config),
        })
    }

    /// The weight of the divergence at full strength, and epochs to get there, for models that have one.
    pub fn divergence(&self) -> (f32, usize) {
        match self {
            Self::Vae(config) => (config.beta, config.kl_warmup),
            _ => (0.0, 0),
        }
    }

    /// What the decoder's output stands for; of models without one, values in the units of the data.
    pub fn likelihood(&self) -> LikelihoodConfig {
        match self.network() {
            Some(NetworkConfig::Decoding(config)) => config.likelihood(),
            _ => LikelihoodConfig::SquaredError { output: Activation::Linear },
        }
    }

    /// Noise of the encoder's input while training.
    pub fn noise(&self) -> Option<NoiseConfig> {
        match self.network() {
            Some(NetworkConfig::Decoding(config)) => config.noise(),
            _ => None,
        }
    }

    /// Rows that a training step looks at together; a batch has a whole number of such groups.
    pub fn group(&self) -> usize {
        match self {
            Self::Gan(config) => config.group(),
            _ => 1,
        }
    }
}
