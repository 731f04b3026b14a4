//! Projections: a matrix to few dimensions.

mod pca;

pub use pca::Pca;
