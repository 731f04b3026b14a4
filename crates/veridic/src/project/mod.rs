//! Projections: a matrix to few dimensions.

mod cluster;
mod graph;
mod neighbor;
mod noise;
mod pca;
mod simd;
mod tsne;

pub(crate) use cluster::{Clusters, k_means, squared};
pub(crate) use graph::{Graph, products};
pub(crate) use neighbor::pool;
pub use neighbor::{Index, NeighborMethod, Neighbors, nearest, neighbors};
pub use pca::Pca;
pub use tsne::{Initialization, PlaceConfig, Tsne, TsneConfig, TsneMethod, TsneProgress, TsneSettings, tsne};
