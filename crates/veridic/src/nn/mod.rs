//! Layers and likelihoods, written over graph expressions.

mod density;
mod layer;
mod likelihood;
mod noise;
mod notation;
mod scope;
mod series;
mod stack;
mod turn;
mod variance;

pub use layer::{Activation, Direction, Filters, LayerConfig, Output, Padding, Taps, TimePadding};
pub(crate) use likelihood::COVARIANCE;
pub use likelihood::{Likelihood, LikelihoodConfig};
pub use noise::NoiseConfig;
pub use scope::{LayerSummary, Mode, Scope};
pub use stack::shapes;
pub(crate) use stack::{dense, flat, flat_of, stack, stack_of, trail, written};
pub use turn::Turn;
pub use variance::Variance;
