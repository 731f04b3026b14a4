//! The loops that do the work, each written once in plain Rust and compiled for several instruction sets.
#![allow(unsafe_code, reason = "hot loops over raw tiles; each block says why it is sound")]

pub(crate) mod convolution;
pub(crate) mod elementwise;
pub(crate) mod float;
pub(crate) mod isa;
pub(crate) mod math;
pub(crate) mod product;
pub(crate) mod random;
