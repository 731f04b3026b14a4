//! The studio: runs of a folder as they are trained and what they have learned, on one page.

mod api;
mod explore;
mod map;
mod series;
mod serve;
mod world;

pub use api::{Studio, router};
pub use serve::{StudioOptions, serve};
