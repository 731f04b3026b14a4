//! Rows to a float matrix and back: fitted on training rows only, with its exact inverse.
//!
//! # What comes back exactly
//!
//! Scaling is done in `f64`, the matrix holds `f32`, which has 24 binary digits. With a step of the column (1 for
//! whole numbers, 0.01 for cents, a second or a day for times), decoding an encoded value and rounding it to the
//! step is exact while
//! - `min-max`: the training range is less than 2^24 steps;
//! - `standard`, `robust`: the value lies less than 2^23 steps from the mean (median);
//! - `quantile`: the value is a knot (every training value is one, up to [`MAX_KNOTS`] different ones), or the
//!   values are spread so that the steps of its segment are fewer than 2^21 per standard deviation.
//!
//! Beyond that the last digits are lost, at a relative error of 6e-8 of the distance from the center. Reals without
//! a step (15 digits and more) keep 6 to 7 significant digits of that distance, other than at knots.

mod block;
mod column;
mod config;
mod image;
mod scaler;
mod source;
mod tabular;
#[cfg(test)]
mod tests;

pub use block::{Block, BlockKind};
pub use column::LeftOut;
pub use config::{CodecConfig, Missing, Numeric};
pub use image::ImageCodec;
pub use scaler::MAX_KNOTS;
pub use tabular::{Codec, Encoded, Unfamiliar};
