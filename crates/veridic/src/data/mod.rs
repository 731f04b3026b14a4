//! What data looks like in memory, and how it gets there: tables, images, their schema, and splits.

pub mod catalog;
mod image;
mod matrix;
mod schema;
mod table;

pub use image::Images;
pub use matrix::Matrix;
pub use schema::{ColumnSchema, Kind, Schema};
pub use table::{Cells, Column, MISSING, Table};
