//! Veridic learns what data is like, makes more of it, and says what does not belong in it.
//!
//! The library has no user interface: it never prints, reads environment variables, exits or opens a socket.

pub mod codec;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod figure;
pub mod label;
pub mod latent;
pub mod models;
pub mod nn;
pub mod project;
pub mod run;
pub mod seed;
pub mod train;

pub use error::{Error, Result};
