//! What data looks like in memory, and how it gets there: tables, images, their schema, and splits.
//!
//! [`read()`] reads a table and tells what its columns are, [`read_as`] reads one as a schema says, [`write()`] writes one.

mod above;
mod binarize;
mod build;
mod calendar;
pub mod catalog;
mod category;
mod century;
pub mod cifar;
mod compact;
mod compound;
mod content;
mod csv;
pub(crate) mod date;
mod deskew;
mod dialect;
mod difference;
mod digits;
mod dotted;
mod duration;
mod encoding;
mod era;
mod evidence;
mod excel;
mod finding;
mod folder;
mod foreign;
mod frame;
mod group;
mod half;
pub mod idx;
mod image;
mod infer;
mod kind;
mod language;
mod layout;
mod level;
mod limit;
mod magnitude;
mod matrix;
mod microaggregation;
mod mixture;
mod moment;
mod name;
mod note;
pub mod npy;
mod number;
mod numbers;
mod offset;
mod order_flow;
mod ordinal;
mod pair;
mod parquet;
mod pattern;
mod picture;
mod plain;
mod provenance;
mod read;
mod record;
mod rows;
mod scale;
mod schema;
mod scientific;
mod script;
mod sentinel;
pub mod series;
mod sign;
mod smote;
mod source;
mod spelled;
mod spelling;
pub mod split;
mod summer;
mod table;
mod text;
mod usps;
mod weekday;
mod write;
mod zeros;

pub use binarize::Binarization;
pub use category::{categories, labels};
pub use compound::{Compound, Unit};
pub use content::{Data, DataKind};
pub(crate) use date::{Clock, has_time};
pub(crate) use deskew::deskew;
pub use difference::Difference;
pub use era::Era;
pub use image::{ImageOptions, ImageSet, Images, read_images, read_known_images};
pub(crate) use image::{is_picture, is_records};
pub use kind::Kind;
pub use language::Language;
pub use layout::TextLayout;
pub use limit::Limits;
pub use magnitude::{Magnitude, Magnitudes};
pub use matrix::Matrix;
pub(crate) use microaggregation::microaggregate;
pub use mixture::{Gaussian, Grid, Mixture, Ring};
pub use note::ReadNote;
pub(crate) use note::{counted, listed, share, short};
pub use order_flow::{Difficulty, OrderFlow};
pub use provenance::{
    Contents, LearnedFrom, Provenance, Stated, provenance, provenance_file, write_made, write_made_in,
    write_made_picture,
};
pub(crate) use provenance::{sha256, sha256_of};
pub use read::{ReadOptions, Reading, read, read_as, read_bytes, read_bytes_as, text_layout};
pub(crate) use rows::is_total;
pub(crate) use scale::places;
pub use schema::{ColumnSchema, Schema, StoredType};
pub use scientific::Scientific;
pub use smote::smote;
pub(crate) use source::{Source, nearest_name, not_found};
pub use spelling::{DurationForm, Letters, Minus, Spelling};
pub use split::Split;
pub use table::{Cells, Column, MISSING, Table};
pub use text::Unused;
pub(crate) use write::{CellWriter, replace_soon};
pub use write::{
    CsvWriter, cell, cell_text, replace, replace_packed, write, write_csv, write_in, write_json,
};

#[cfg(test)]
mod tests;
