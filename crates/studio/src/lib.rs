//! The local web application of Veridic: a server on this machine alone, its pages, and the store of labels.
//!
//! [`server`] is the shell: one-time token, cookie, checks of Host and Origin, security headers. On top of it, [`label`] is the
//! labelling page, and [`studio`] shows the runs of a folder ([`shelf`]) as they are trained, and what they have learned.
//! Unlike the library below it, this crate opens a socket; it prints nothing.

mod error;
pub mod label;
pub mod server;
pub mod shelf;
pub mod studio;
mod world;

pub use error::StudioError;

/// The crate's result.
pub type Result<T, E = StudioError> = std::result::Result<T, E>;
