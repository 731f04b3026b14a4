//! Rows to a float matrix and back: fitted on training rows only, with its exact inverse.

mod block;

pub use block::{Block, BlockKind};
