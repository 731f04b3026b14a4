//! Generative adversarial networks (Goodfellow et al. 2014, "Generative adversarial nets"): a generator makes rows of
//! noise, a discriminator learns to tell them from real ones, and each learns from the other.
//!
//! What a variant changes is a setting: the objective, a penalty (Wasserstein), a class that is asked for (conditional),
//! classes told from few labels (semi-supervised), codes that can be read back (Info), several rows judged together
//! (packing, minibatch discrimination), two sets of images learned with shared layers (coupled).

mod config;
mod coupled;
mod diversity;
mod info;
mod minibatch;
mod objective;
#[cfg(test)]
mod parity;
mod penalty;
mod sample;
mod semi_supervised;
mod step;
#[cfg(test)]
mod tests;
mod warp;

pub use config::{GanConfig, OutputRange, WeightStart};
pub use coupled::CoupledConfig;
pub use info::InfoConfig;
pub use minibatch::MinibatchConfig;
pub use objective::{LabelConfig, Objective};
pub use penalty::Penalty;
pub(crate) use semi_supervised::balanced;
pub use semi_supervised::{Realness, SemiSupervisedConfig};
pub use warp::WarpConfig;
