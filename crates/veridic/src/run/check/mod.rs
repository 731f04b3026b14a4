//! Whether a configuration suits the data, asked before training.

pub(crate) mod criterion;
pub(crate) mod figure;
pub(crate) mod likelihood;
pub(crate) mod memory;
