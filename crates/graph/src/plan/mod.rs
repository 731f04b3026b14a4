//! From expressions to a plan, and running it.
//!
//! `lower` turns the graph into what has to be computed, `schedule` into stages of kernels with addresses, `run`
//! executes them.

mod lower;
mod place;
#[cfg(test)]
mod reference;
mod run;
mod schedule;
mod task;

pub use run::{Draw, Feed, Plan};
