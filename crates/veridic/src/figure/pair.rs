//! Originals above their reconstructions.

use super::Figure;
use super::grid::{ImageGrid, Pixels, image_grid};
use super::number::{Numbers, exact_single};
use crate::error::FigureError;

/// What [`image_pairs`] draws.
#[derive(Debug, Clone, Copy)]
pub struct ImagePairs<'a> {
    /// The title.
    pub title: &'a str,
    /// The originals.
    pub originals: Pixels<'a>,
    /// As many reconstructions.
    pub reconstructions: Pixels<'a>,
    /// Pixels of an image from top to bottom.
    pub height: usize,
    /// Pixels of an image from left to right.
    pub width: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Pairs side by side.
    pub columns: usize,
}

/// Draws originals above their reconstructions, in as many double rows as needed.
///
/// The CSV has two rows a pair: `image`, `part` (`original` or `reconstruction`), then `pixel_0`, `pixel_1`, …; bytes are
/// written divided by 255.
///
/// # Errors
/// [`FigureError::Length`] if there are not as many reconstructions as originals, and the errors of [`image_grid`].
pub fn image_pairs(input: &ImagePairs<'_>) -> Result<Figure, FigureError> {
    let (found, expected) = (input.reconstructions.len(), input.originals.len());
    if found != expected {
        let what = "the reconstructions".to_owned();
        return Err(FigureError::Length { figure: "image pairs", what, found, expected });
    }
    let size = input.height.saturating_mul(input.width).saturating_mul(input.channels).max(1);
    let columns = input.columns.min(expected / size).max(1);
    let per_row = columns.saturating_mul(size);
    let (originals, reconstructions) = (input.originals.floats(), input.reconstructions.floats());
    let mut pixels: Vec<f32> = Vec::with_capacity(2 * expected);
    let mut labels = Vec::new();
    for (above, below) in originals.chunks(per_row).zip(reconstructions.chunks(per_row)) {
        for (values, label) in [(above, "original"), (below, "reconstruction")] {
            pixels.extend_from_slice(values);
            // The last double row may be short; white fills the places of absent images. Images cut short are left as
            // they are, for the grid to refuse.
            if expected % size == 0 {
                pixels.resize(pixels.len().next_multiple_of(per_row), 1.0);
            }
            labels.push(label.to_owned());
        }
    }
    let figure = image_grid(&ImageGrid {
        title: input.title,
        pixels: Pixels::Floats(&pixels),
        height: input.height,
        width: input.width,
        channels: input.channels,
        columns,
        row_labels: &labels,
        axes: None,
    })?;

    let header = ["image", "part"].map(str::to_owned).into_iter();
    let mut numbers = Numbers::new(header.chain((0..size).map(|i| format!("pixel_{i}"))));
    for (image, (above, below)) in originals.chunks(size).zip(reconstructions.chunks(size)).enumerate() {
        for (values, part) in [(above, "original"), (below, "reconstruction")] {
            let place = [image.to_string(), part.to_owned()].into_iter();
            numbers.row(place.chain(values.iter().map(|value| exact_single(*value))));
        }
    }
    Ok(figure.with_numbers(numbers.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<'a>(originals: &'a [u8], reconstructions: &'a [f32], columns: usize) -> ImagePairs<'a> {
        ImagePairs {
            title: "digits",
            originals: Pixels::Bytes(originals),
            reconstructions: Pixels::Floats(reconstructions),
            height: 1,
            width: 1,
            channels: 1,
            columns,
        }
    }

    #[test]
    fn originals_stand_above_reconstructions_in_every_double_row() {
        let figure = image_pairs(&pairs(&[0, 255, 51], &[0.1, 0.9, 0.25], 2)).unwrap();
        assert_eq!(
            figure.csv(),
            "image,part,pixel_0\n0,original,0\n0,reconstruction,0.1\n1,original,1\n1,reconstruction,0.9\n\
             2,original,0.2\n2,reconstruction,0.25\n"
        );
        let svg = figure.svg().unwrap();
        assert_eq!(svg.matches(">original</text>").count(), 2);
        assert_eq!(svg.matches(">reconstruction</text>").count(), 2);
    }

    #[test]
    fn another_number_of_reconstructions_is_an_error() {
        let error = image_pairs(&pairs(&[0, 255], &[0.1], 2)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the figure 'image pairs' needs 2 values in the reconstructions, found 1"
        );
        assert!(matches!(image_pairs(&pairs(&[], &[], 2)), Err(FigureError::Empty { .. })));
        let odd = ImagePairs { width: 2, ..pairs(&[0, 255, 3], &[0.1, 0.2, 0.3], 2) };
        assert!(matches!(image_pairs(&odd), Err(FigureError::Length { .. })));
    }
}
