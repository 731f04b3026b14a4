//! From expressions to a plan, and running it.
//!
//! `lower` turns the graph into what has to be computed (`ir`), `schedule` into stages, `fuse` elementwise nodes into kernels,
//! `allocate` gives values their places; `run` and `execute` do the work.

mod allocate;
mod chain;
mod execute;
mod fuse;
mod ir;
mod lower;
mod memory;
mod place;
mod profile;
#[cfg(test)]
mod reference;
mod run;
mod schedule;
mod task;

pub use profile::TaskTime;
pub use run::{Draw, Feed, Plan};
