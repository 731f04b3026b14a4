//! Histogram boosting over feature codes: one core for the chain of conditionals, classifiers and regressors.
//!
//! Features are codes of one byte ([`Features`]); [`Softmax`] learns the distribution of a class, [`Squared`] the mean of a
//! number. A tree has a vector of values in each leaf, so that a round grows one tree however many classes there are: it is
//! grown on gradients projected to one random direction, and its leaves are filled by a Newton step for each class, or for
//! each group of neighboring classes where they have an order.
//!
//! Sources: J. Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 29 (2001), for
//! the Newton step of a leaf; L. Iosipoi and A. Vakhrushev, SketchBoost, NeurIPS 2022, for trees grown on projected gradients;
//! W. Fisher, On grouping for maximum homogeneity, JASA 53 (1958), for the order of unordered codes at a split. What
//! few rows say is worked in afterwards ([`Softmax::settle`]).

mod config;
mod feature;
mod grow;
mod kernel;
mod probability;
mod route;
mod settle;
mod softmax;
mod squared;
mod store;
#[cfg(test)]
mod tests;
mod tree;

pub use config::BoostConfig;
pub use feature::{Feature, Features, MAX_BINS};
pub use probability::Probabilities;
pub use softmax::Softmax;
pub use squared::Squared;
