//! Layers and likelihoods, written over graph expressions.

mod density;
mod layer;
mod likelihood;
mod network;
mod noise;
mod stack;
mod variance;
mod written;

pub use layer::{Activation, Filters, LayerConfig, Padding};
pub use likelihood::{Likelihood, LikelihoodConfig};
pub use network::{LayerSummary, Mode, Scope};
pub use noise::NoiseConfig;
pub use stack::shapes;
pub(crate) use stack::{dense, flat, shaped, stack, trail, written};
pub use variance::Variance;
