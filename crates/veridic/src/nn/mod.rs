//! Layers and likelihoods, written over graph expressions.

mod layer;
mod likelihood;
mod network;
mod noise;

pub(crate) use layer::dense;
pub use layer::{Activation, LayerConfig};
pub use likelihood::{Likelihood, LikelihoodConfig};
pub use network::{LayerSummary, Mode, Scope};
pub use noise::NoiseConfig;
