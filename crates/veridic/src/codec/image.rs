use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::{Images, Matrix};
use crate::error::CodecError;

/// Images of one size as rows of `height * width * channels` values from 0 to 1, pixels divided by 255; nothing is
/// learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageCodec {
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// 1 for grey, 3 for color; last in the order of values.
    pub channels: usize,
}

impl ImageCodec {
    /// The codec of images of this size.
    pub fn of(images: &Images) -> Self {
        Self { height: images.height, width: images.width, channels: images.channels }
    }

    /// Size and color in words: `28 x 28, grey`.
    pub fn described(&self) -> String {
        let color = if self.channels == 1 { "grey" } else { "color" };
        format!("{} x {}, {color}", self.height, self.width)
    }

    /// Values of one image.
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether an image has no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All images, or the given ones in their order (counted from 0): images x [`ImageCodec::len`].
    ///
    /// # Errors
    /// [`CodecError::ImageSize`], [`CodecError::RowOutOfRange`].
    pub fn encode(&self, images: &Images, rows: Option<&[usize]>) -> Result<Matrix> {
        if Self::of(images) != *self || images.pixels.len() != images.n * self.len() {
            return Err(
                CodecError::ImageSize { found: Self::of(images).text(), expected: self.text() }.into()
            );
        }
        if let Some(&row) = rows.into_iter().flatten().find(|row| **row >= images.n) {
            return Err(CodecError::RowOutOfRange { row, n_rows: images.n }.into());
        }
        let len = self.len();
        let n_rows = rows.map_or(images.n, <[usize]>::len);
        let mut values = Vec::with_capacity(n_rows * len);
        for i in 0..n_rows {
            let row = rows.map_or(i, |rows| rows[i]);
            values.extend(images.pixels[row * len..(row + 1) * len].iter().map(|p| f32::from(*p) / 255.0));
        }
        Ok(Matrix { n_rows, n_cols: len, values })
    }

    /// The images that `matrix` stands for, without labels: values times 255, rounded, clamped to 0 to 255.
    ///
    /// # Errors
    /// [`CodecError::Width`] and [`CodecError::NotFinite`].
    pub fn decode(&self, matrix: &Matrix) -> Result<Images> {
        if matrix.n_cols != self.len() {
            return Err(CodecError::Width { found: matrix.n_cols, expected: self.len() }.into());
        }
        if let Some(at) = matrix.values.iter().position(|v| !v.is_finite()) {
            let (row, column) = (at / self.len() + 1, format!("pixel value {}", at % self.len()));
            return Err(CodecError::NotFinite { row, column, value: matrix.values[at] }.into());
        }
        Ok(Images {
            n: matrix.n_rows,
            height: self.height,
            width: self.width,
            channels: self.channels,
            // A cast from float to integer saturates.
            pixels: matrix.values.iter().map(|v| (v * 255.0).round() as u8).collect(),
            labels: None,
        })
    }

    fn text(self) -> String {
        format!("{} x {} x {}", self.height, self.width, self.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_pixel_value() -> Images {
        Images { n: 2, height: 8, width: 16, channels: 1, pixels: (0..=255).collect(), labels: None }
    }

    #[test]
    fn every_pixel_value_comes_back() {
        let images = every_pixel_value();
        let codec = ImageCodec::of(&images);
        let matrix = codec.encode(&images, None).unwrap();
        assert_eq!((matrix.n_rows, matrix.n_cols), (2, 128));
        assert_eq!((matrix.values[0], matrix.values[51], matrix.values[255]), (0.0, 0.2, 1.0));
        assert_eq!(codec.decode(&matrix).unwrap(), images);
        let second = codec.encode(&images, Some(&[1])).unwrap();
        assert_eq!(second.values, matrix.row(1));
    }

    #[test]
    fn values_beyond_the_range_are_clamped_and_other_sizes_refused() {
        let codec = ImageCodec { height: 1, width: 2, channels: 1 };
        let decoded = codec.decode(&Matrix { n_rows: 1, n_cols: 2, values: vec![-0.3, 1.7] }).unwrap();
        assert_eq!(decoded.pixels, [0, 255]);
        let error = codec.encode(&every_pixel_value(), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "images are 8 x 16 x 1 (height x width x channels), expected 1 x 2 x 1"
        );
        let error = codec.decode(&Matrix { n_rows: 1, n_cols: 2, values: vec![0.0, f32::NAN] }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "value NaN in row 1, encoded column `pixel value 1` of the matrix, expected a finite number"
        );
    }
}
