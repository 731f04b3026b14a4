//! Images side by side.

use std::borrow::Cow;

use resvg::tiny_skia::{IntSize, Pixmap};

use super::Figure;
use super::axis::{LABEL_SIZE, TICK_SIZE};
use super::canvas::{Anchor, Canvas, Picture, Style};
use super::color::SOFT;
use super::header::{self, MARGIN, left_out_note};
use super::number::{Numbers, exact_single};
use super::text;
use crate::error::FigureError;

const NAME: &str = "image grid";
/// The side an image is enlarged to, if the whole grid stays within `WIDEST`.
const TILE: usize = 72;
const WIDEST: usize = 880;
/// The most pixels of the enlarged grid.
const MOST_PIXELS: u64 = 25_000_000;

/// What [`image_grid`] draws.
#[derive(Debug, Clone, Copy)]
pub struct ImageGrid<'a> {
    /// The title.
    pub title: &'a str,
    /// The images one after the other, each row by row, pixel by pixel, channels last.
    pub pixels: Pixels<'a>,
    /// Pixels of an image from top to bottom.
    pub height: usize,
    /// Pixels of an image from left to right.
    pub width: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Images side by side.
    pub columns: usize,
    /// Names on the left, one a row of the grid, or none.
    pub row_labels: &'a [String],
    /// The coordinates of a latent grid; images then touch each other.
    pub axes: Option<LatentAxes<'a>>,
}

impl<'a> ImageGrid<'a> {
    /// Images of `[height, width, channels]` with neither names nor coordinates.
    pub fn plain(title: &'a str, pixels: Pixels<'a>, shape: [usize; 3], columns: usize) -> Self {
        let [height, width, channels] = shape;
        Self { title, pixels, height, width, channels, columns, row_labels: &[], axes: None }
    }
}

/// The values of images.
#[derive(Debug, Clone, Copy)]
pub enum Pixels<'a> {
    /// 0 is black, 255 is white or full color.
    Bytes(&'a [u8]),
    /// 0 is black, 1 is white or full color; values outside are drawn as the nearer end, values that are not finite
    /// as black.
    Floats(&'a [f32]),
}

/// The latent coordinates of a grid's columns and rows.
#[derive(Debug, Clone, Copy)]
pub struct LatentAxes<'a> {
    /// The name of the horizontal coordinate.
    pub x_label: &'a str,
    /// The name of the vertical coordinate.
    pub y_label: &'a str,
    /// A coordinate a column, left to right.
    pub x: &'a [f64],
    /// A coordinate a row, top to bottom.
    pub y: &'a [f64],
}

/// Draws images side by side, enlarged by a whole number so that every pixel is a sharp square.
///
/// The CSV has a row an image: `image`, `row`, `column`, with axes also the two coordinates, then `pixel_0`, `pixel_1`, …
///
/// # Errors
/// [`FigureError::Empty`] without images, [`FigureError::Range`] for sizes of zero, channels other than 1 and 3, or a grid of
/// more than 25 million pixels, [`FigureError::Length`] if pixels do not divide into images or labels and coordinates do not
/// fit the grid.
pub fn image_grid(input: &ImageGrid<'_>) -> Result<Figure, FigureError> {
    let shape = Shape::new(input)?;
    let gap = if input.axes.is_some() { 0 } else { 4.max(shape.zoom) };
    let (across, down) = (input.width * shape.zoom + gap, input.height * shape.zoom + gap);
    let (grid_width, grid_height) = (across * input.columns - gap, down * shape.rows - gap);

    let label_width = input.row_labels.iter().map(|label| text::width(label, LABEL_SIZE)).fold(0.0, f64::max);
    let label_width = if label_width > 0.0 { label_width.min(180.0) + 12.0 } else { 0.0 };
    let ticks = input.axes.map(|axes| (tick_names(axes.x), tick_names(axes.y)));
    let tick_width = ticks.as_ref().map_or(0.0, |(_, y)| {
        y.iter().map(|name| text::width(name, TICK_SIZE)).fold(0.0, f64::max) + 10.0 + 24.0
    });
    // Whole numbers, so that squares of pixels meet the pixels of the screen.
    let left = (MARGIN + label_width + tick_width).ceil();
    let title_width = text::width(input.title, 17.0).min(600.0) + 2.0 * MARGIN;
    let mut canvas =
        Canvas::new(input.title, (left + grid_width as f64 + MARGIN + 4.0).max(title_width).ceil());
    let note = left_out_note(shape.not_finite, input.pixels.len(), "pixels", "not finite, drawn black");
    let top = header::draw(&mut canvas, input.title, &note, &[]).ceil();

    let pixels = shape.mosaic(input, gap)?;
    let (width, height) = (grid_width as f64, grid_height as f64);
    canvas.picture(Picture { left, top, width, height, pixels, sharp: true });
    for (row, label) in input.row_labels.iter().enumerate() {
        let y = top + (row * down) as f64 + (input.height * shape.zoom) as f64 / 2.0 + 4.7;
        let label = text::shorten(label, LABEL_SIZE, 180.0);
        canvas.text([left - 12.0, y], &label, Style::new(LABEL_SIZE).anchor(Anchor::End));
    }
    canvas.height = top + height + MARGIN;
    if let (Some(axes), Some((x_names, y_names))) = (input.axes, &ticks) {
        let style = Style::new(TICK_SIZE).fill(SOFT);
        let mut free_from = f64::NEG_INFINITY;
        for (column, name) in x_names.iter().enumerate() {
            let x = left + (column * across) as f64 + across as f64 / 2.0;
            let half = text::width(name, TICK_SIZE) / 2.0;
            if x - half > free_from {
                canvas.text([x, top + height + 17.0], name, style.anchor(Anchor::Middle));
                free_from = x + half + 8.0;
            }
        }
        let every = (16.0 / down as f64).ceil().max(1.0) as usize;
        for (row, name) in y_names.iter().enumerate().step_by(every) {
            let y = top + (row * down) as f64 + down as f64 / 2.0 + 4.3;
            canvas.text([left - 7.0, y], name, style.anchor(Anchor::End));
        }
        let middle = left + width / 2.0;
        let room = 2.0 * middle.min(canvas.width - middle) - 8.0;
        let label = text::shorten(axes.x_label, LABEL_SIZE, room);
        header::centered(&mut canvas, [middle, top + height + 40.0], &label, LABEL_SIZE);
        let label = text::shorten(axes.y_label, LABEL_SIZE, height + 30.0);
        let style = Style::new(LABEL_SIZE).anchor(Anchor::Middle).turn(-90.0);
        canvas.text([MARGIN + 8.0, top + height / 2.0], &label, style);
        canvas.height += 34.0;
    }
    Ok(Figure::new(canvas, shape.numbers(input), shape.not_finite))
}

impl<'a> Pixels<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    fn byte(self, i: usize) -> u8 {
        match self {
            Self::Bytes(values) => values[i],
            // The cast takes NaN to 0.
            Self::Floats(values) if values[i].is_finite() => (values[i] * 255.0).round() as u8,
            Self::Floats(_) => 0,
        }
    }

    pub(crate) fn floats(self) -> Cow<'a, [f32]> {
        match self {
            Self::Bytes(values) => values.iter().map(|value| f32::from(*value) / 255.0).collect(),
            Self::Floats(values) => Cow::Borrowed(values),
        }
    }
}

/// The checked measures of a grid.
struct Shape {
    images: usize,
    rows: usize,
    /// Values of one image.
    size: usize,
    zoom: usize,
    not_finite: usize,
}

impl Shape {
    fn new(input: &ImageGrid<'_>) -> Result<Self, FigureError> {
        let range = |what: &str, found: String, allowed: &str| FigureError::Range {
            figure: NAME,
            what: what.to_owned(),
            found,
            allowed: allowed.to_owned(),
        };
        for (what, value) in [
            ("the height", input.height),
            ("the width", input.width),
            ("the number of columns", input.columns),
        ] {
            if !(1..=10_000).contains(&value) {
                return Err(range(what, value.to_string(), "1 to 10000"));
            }
        }
        if input.channels != 1 && input.channels != 3 {
            return Err(range("the number of channels", input.channels.to_string(), "1 or 3"));
        }
        let size = input.height * input.width * input.channels;
        let found = input.pixels.len();
        if found == 0 {
            return Err(FigureError::Empty { figure: NAME, what: "the list of images".to_owned() });
        }
        let length = |what: &str, found: usize, expected: usize| FigureError::Length {
            figure: NAME,
            what: what.to_owned(),
            found,
            expected,
        };
        if !found.is_multiple_of(size) {
            return Err(length("the images", found, found.div_ceil(size) * size));
        }
        let images = found / size;
        let rows = images.div_ceil(input.columns);
        if !input.row_labels.is_empty() && input.row_labels.len() != rows {
            return Err(length("the labels of rows", input.row_labels.len(), rows));
        }
        if let Some(axes) = input.axes {
            if axes.x.len() != input.columns {
                return Err(length("the horizontal coordinates", axes.x.len(), input.columns));
            }
            if axes.y.len() != rows {
                return Err(length("the vertical coordinates", axes.y.len(), rows));
            }
        }
        let zoom = (TILE / input.width.max(input.height)).min(WIDEST / (input.width * input.columns)).max(1);
        let area = (input.width * input.columns * zoom) as u64 * (input.height * rows * zoom) as u64;
        if area > MOST_PIXELS {
            return Err(range("the number of pixels", area.to_string(), "at most 25000000"));
        }
        let not_finite = match input.pixels {
            Pixels::Bytes(_) => 0,
            Pixels::Floats(values) => values.iter().filter(|value| !value.is_finite()).count(),
        };
        Ok(Self { images, rows, size, zoom, not_finite })
    }

    /// The whole grid enlarged, transparent between the images.
    fn mosaic(&self, input: &ImageGrid<'_>, gap: usize) -> Result<Pixmap, FigureError> {
        let zoom = self.zoom;
        let (across, down) = (input.width * zoom + gap, input.height * zoom + gap);
        let (width, height) = (across * input.columns - gap, down * self.rows - gap);
        let mut bytes = vec![0u8; width * height * 4];
        for image in 0..self.images {
            let (top, left) = (image / input.columns * down, image % input.columns * across);
            for y in 0..input.height * zoom {
                for x in 0..input.width * zoom {
                    let from = image * self.size + (y / zoom * input.width + x / zoom) * input.channels;
                    let color = if input.channels == 1 {
                        [input.pixels.byte(from); 3]
                    } else {
                        [0, 1, 2].map(|channel| input.pixels.byte(from + channel))
                    };
                    let to = ((top + y) * width + left + x) * 4;
                    bytes[to..to + 3].copy_from_slice(&color);
                    bytes[to + 3] = 255;
                }
            }
        }
        let size = u32::try_from(width).ok().zip(u32::try_from(height).ok());
        size.and_then(|(width, height)| Pixmap::from_vec(bytes, IntSize::from_wh(width, height)?))
            .ok_or(FigureError::TooLarge { width: width as u64, height: height as u64, most: MOST_PIXELS })
    }

    fn numbers(&self, input: &ImageGrid<'_>) -> String {
        let place = ["image", "row", "column"].map(str::to_owned).into_iter();
        let names = input.axes.map(|axes| [axes.x_label.to_owned(), axes.y_label.to_owned()]);
        let header =
            place.chain(names.into_iter().flatten()).chain((0..self.size).map(|i| format!("pixel_{i}")));
        let mut numbers = Numbers::new(header);
        for image in 0..self.images {
            let (row, column) = (image / input.columns, image % input.columns);
            let place = [image, row, column].map(|i| i.to_string()).into_iter();
            let coordinates = input.axes.map(|axes| [axes.x[column], axes.y[row]].map(super::number::exact));
            let values = (image * self.size..(image + 1) * self.size).map(|i| match input.pixels {
                Pixels::Bytes(values) => values[i].to_string(),
                Pixels::Floats(values) => exact_single(values[i]),
            });
            numbers.row(place.chain(coordinates.into_iter().flatten()).chain(values));
        }
        numbers.finish()
    }
}

fn tick_names(coordinates: &[f64]) -> Vec<String> {
    let is_whole = |value: &f64| value.fract() == 0.0 && value.abs() < 1e6;
    let digits = if coordinates.iter().all(is_whole) { 0 } else { 2 };
    let name = |value: &f64| {
        let is_large = digits > 0 && value.abs() >= 1000.0;
        let text = if is_large { format!("{value:.1e}") } else { format!("{value:.digits$}") };
        if text == "-0.00" { "0.00".to_owned() } else { text.replace('-', "−") }
    };
    coordinates.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid<'a>(pixels: Pixels<'a>) -> ImageGrid<'a> {
        ImageGrid {
            title: "",
            pixels,
            height: 1,
            width: 2,
            channels: 1,
            columns: 2,
            row_labels: &[],
            axes: None,
        }
    }

    #[test]
    fn numbers_of_all_images_are_in_the_table() {
        let figure = image_grid(&grid(Pixels::Bytes(&[0, 255, 7, 8, 9, 10]))).unwrap();
        assert_eq!(figure.csv(), "image,row,column,pixel_0,pixel_1\n0,0,0,0,255\n1,0,1,7,8\n2,1,0,9,10\n");
        let axes = Some(LatentAxes { x_label: "z1", y_label: "z2", x: &[-1.0, 1.0], y: &[0.5] });
        let figure =
            image_grid(&ImageGrid { axes, ..grid(Pixels::Floats(&[0.0, 1.0, 0.25, f32::NAN])) }).unwrap();
        assert_eq!(
            figure.csv(),
            "image,row,column,z1,z2,pixel_0,pixel_1\n0,0,0,-1,0.5,0,1\n1,0,1,1,0.5,0.25,NaN\n"
        );
        assert_eq!(figure.left_out(), 1);
        assert!(figure.svg().unwrap().contains(">−1</text>"));
    }

    #[test]
    fn pixels_stay_sharp_squares_of_the_right_color() {
        // Two color images of one pixel each: orange and blue.
        let input = ImageGrid { channels: 3, width: 1, ..grid(Pixels::Bytes(&[230, 159, 0, 0, 114, 178])) };
        let figure = image_grid(&input).unwrap();
        let Some(super::super::canvas::Part::Picture(picture)) =
            figure.parts().iter().find(|part| matches!(part, super::super::canvas::Part::Picture(_)))
        else {
            panic!("a grid holds a picture");
        };
        let (left, top) = (picture.left as u32 * 2, picture.top as u32 * 2);
        let zoom = TILE as u32 * 2;
        let page = Pixmap::decode_png(&figure.png().unwrap()).unwrap();
        let (width, height) = figure.size();
        assert_eq!((page.width(), page.height()), (2 * width, 2 * height));
        let color = |x: u32, y: u32| {
            let pixel = page.pixel(x, y).unwrap();
            [pixel.red(), pixel.green(), pixel.blue()]
        };
        for (x, y) in [(left, top), (left + zoom - 1, top + zoom - 1), (left + zoom / 2, top)] {
            assert_eq!(color(x, y), [230, 159, 0]);
        }
        assert_eq!(color(left + zoom, top), [255, 255, 255], "the gap is white");
        let gap = picture.width as u32 * 2 - 2 * zoom;
        assert_eq!(color(left + zoom + gap, top + 5), [0, 114, 178]);
        assert_eq!(color(left - 1, top), [255, 255, 255]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_named() {
        let error = image_grid(&grid(Pixels::Bytes(&[1, 2, 3]))).unwrap_err();
        assert_eq!(error.to_string(), "the figure 'image grid' needs 4 values in the images, found 3");
        let error = image_grid(&ImageGrid { channels: 2, ..grid(Pixels::Bytes(&[1, 2])) }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of channels of the figure 'image grid' is 2, allowed is 1 or 3"
        );
        assert!(matches!(image_grid(&grid(Pixels::Bytes(&[]))), Err(FigureError::Empty { .. })));
        let labels = ["a".to_owned(), "b".to_owned()];
        let error =
            image_grid(&ImageGrid { row_labels: &labels, ..grid(Pixels::Bytes(&[1, 2])) }).unwrap_err();
        assert!(matches!(error, FigureError::Length { found: 2, expected: 1, .. }));
    }
}
