//! Layers and likelihoods, written over graph expressions.

mod density;
mod layer;
mod likelihood;
mod network;
mod noise;
mod series;
mod stack;
mod variance;
mod written;

pub use layer::{Activation, Direction, Filters, LayerConfig, Output, Padding, Taps, TimePadding};
pub use likelihood::{Likelihood, LikelihoodConfig};
pub use network::{LayerSummary, Mode, Scope};
pub use noise::NoiseConfig;
pub use stack::shapes;
pub(crate) use stack::{dense, flat, flat_of, shaped, stack, stack_of, trail, written};
pub use variance::Variance;
