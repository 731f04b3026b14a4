//! A set of images of one size.

/// `n` images of `height` x `width` pixels with `channels` values each, 0 to 255.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// Number of images.
    pub n: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Image by image, row by row, pixel by pixel, channels last.
    pub pixels: Vec<u8>,
    /// One label an image, when the set has labels.
    pub labels: Option<Vec<u8>>,
}
