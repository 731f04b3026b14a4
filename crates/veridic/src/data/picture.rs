//! One PNG or JPEG file as pixels of eight bits, grey or color.

use std::io::Cursor;

use png::{BitDepth, ColorType, Transformations};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Pixels of one side at most, and of the whole picture.
const MOST: (usize, usize) = (16_384, 1 << 26);

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) height: usize,
    pub(super) width: usize,
    /// 1 for grey, 3 for color, as the file has it.
    pub(super) channels: usize,
    /// Row by row, pixel by pixel, channels last.
    pub(super) pixels: Vec<u8>,
    /// Whether the file has 16 bits a value.
    pub(super) is_deep: bool,
    /// Whether a pixel of the file lets a background shine through.
    pub(super) is_transparent: bool,
    /// `PNG` or `JPEG`.
    pub(super) format: &'static str,
}

/// Reads a PNG or JPEG by its first bytes, whatever its name; a problem is told as the second half of a sentence about
/// the file.
///
/// Values of 16 bits become the nearest of eight (`v / 257`); transparency is laid on white; palettes become color;
/// the orientation in EXIF is not applied; of an animation the first picture is taken.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    match bytes {
        _ if bytes.starts_with(PNG) => decode_png(bytes),
        _ if bytes.starts_with(JPEG) => decode_jpeg(bytes),
        [] => Err("is empty".to_string()),
        _ => Err("is neither PNG nor JPEG".to_string()),
    }
}

fn fits(width: usize, height: usize) -> Result<(), String> {
    if width > MOST.0 || height > MOST.0 || width * height > MOST.1 {
        return Err(format!("has {height} x {width} pixels, too many to be read"));
    }
    Ok(())
}

fn decode_png(bytes: &[u8]) -> Result<Picture, String> {
    let damaged = |error: png::DecodingError| format!("is damaged ({error})");
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    fits(width, height)?;
    let size = reader.output_buffer_size().ok_or("has too many pixels to be read")?;
    let mut raw = vec![0; size];
    let frame = reader.next_frame(&mut raw).map_err(damaged)?;
    raw.truncate(frame.buffer_size());
    let is_deep = frame.bit_depth == BitDepth::Sixteen;
    let values: Vec<u8> = if is_deep {
        let pairs = raw.as_chunks::<2>().0.iter();
        pairs.map(|pair| ((u32::from(u16::from_be_bytes(*pair)) + 128) / 257) as u8).collect()
    } else {
        raw
    };
    let (channels, has_alpha) = match frame.color_type {
        ColorType::Grayscale => (1, false),
        ColorType::GrayscaleAlpha => (1, true),
        ColorType::Rgb => (3, false),
        ColorType::Rgba => (3, true),
        ColorType::Indexed => return Err("is damaged (it has no palette)".to_string()),
    };
    let (pixels, is_transparent) = if has_alpha { on_white(&values, channels) } else { (values, false) };
    Ok(Picture { height, width, channels, pixels, is_deep, is_transparent, format: "PNG" })
}

/// The values laid on white, and whether any pixel was not opaque.
fn on_white(values: &[u8], channels: usize) -> (Vec<u8>, bool) {
    let mut pixels = Vec::with_capacity(values.len() / (channels + 1) * channels);
    let mut is_transparent = false;
    for pixel in values.chunks_exact(channels + 1) {
        let alpha = u32::from(pixel[channels]);
        is_transparent |= alpha < 255;
        let laid = |value: &u8| ((u32::from(*value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        pixels.extend(pixel[..channels].iter().map(laid));
    }
    (pixels, is_transparent)
}

fn decode_jpeg(bytes: &[u8]) -> Result<Picture, String> {
    let damaged = |error: zune_jpeg::errors::DecodeErrors| {
        // The decoder's messages may have several lines.
        format!("is damaged ({})", error.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
    };
    // Strict: a file that was cut off is an error, not a picture that ends in grey.
    let options =
        DecoderOptions::default().set_strict_mode(true).set_max_width(MOST.0).set_max_height(MOST.0);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or("is damaged (it has no header)")?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    fits(width, height)?;
    let (channels, space) = if info.components == 1 { (1, ColorSpace::Luma) } else { (3, ColorSpace::RGB) };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let pixels = decoder.decode().map_err(damaged)?;
    if pixels.len() != width * height * channels {
        return Err(format!("is damaged (it has {} values)", pixels.len()));
    }
    Ok(Picture { height, width, channels, pixels, is_deep: false, is_transparent: false, format: "JPEG" })
}

/// Pixels with one value each from color (ITU-R BT.601: `0.299 R + 0.587 G + 0.114 B`, rounded), or the other way by
/// repeating the value.
pub(super) fn with_channels(pixels: Vec<u8>, from: usize, to: usize) -> Vec<u8> {
    match (from, to) {
        (3, 1) => {
            let luma = |p: &[u8; 3]| {
                let [red, green, blue] = p.map(u32::from);
                ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
            };
            pixels.as_chunks::<3>().0.iter().map(luma).collect()
        }
        (1, 3) => pixels.iter().flat_map(|&value| [value; 3]).collect(),
        _ => pixels,
    }
}

/// One image at another size: a triangle filter in each direction, as wide as the step between pixels of the smaller
/// of both sizes. So enlarging is bilinear interpolation, and shrinking takes every pixel into account.
pub(super) fn resized(pixels: &[u8], channels: usize, from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
    let (down, across) = (weights(from[0], to[0]), weights(from[1], to[1]));
    let mut rows = vec![0f32; to[0] * from[1] * channels];
    for (row, weights) in rows.chunks_exact_mut(from[1] * channels).zip(&down) {
        for &(at, weight) in weights {
            let source = &pixels[at * from[1] * channels..(at + 1) * from[1] * channels];
            row.iter_mut().zip(source).for_each(|(sum, &value)| *sum += weight * f32::from(value));
        }
    }
    let mut made = Vec::with_capacity(to[0] * to[1] * channels);
    for row in rows.chunks_exact(from[1] * channels) {
        for weights in &across {
            for channel in 0..channels {
                let sum: f32 =
                    weights.iter().map(|&(at, weight)| weight * row[at * channels + channel]).sum();
                // The cast saturates.
                made.push(sum.round() as u8);
            }
        }
    }
    made
}

/// For each new pixel along one direction the old ones with their weights, which add up to 1.
fn weights(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let step = from as f64 / to as f64;
    let reach = step.max(1.0);
    let of = |i: usize| {
        let center = (i as f64 + 0.5) * step - 0.5;
        let first = (center - reach).ceil().max(0.0) as usize;
        let last = ((center + reach).floor() as usize).min(from - 1);
        let near = (first..=last).map(|at| (at, 1.0 - (at as f64 - center).abs() / reach));
        let near: Vec<(usize, f64)> = near.filter(|(_, weight)| *weight > 0.0).collect();
        let total: f64 = near.iter().map(|(_, weight)| weight).sum();
        near.into_iter().map(|(at, weight)| (at, (weight / total) as f32)).collect()
    };
    (0..to).map(of).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A PNG of these values.
    pub(in crate::data) fn png_bytes(
        [height, width]: [usize; 2],
        color: ColorType,
        depth: BitDepth,
        values: &[u8],
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(color);
        encoder.set_depth(depth);
        encoder.write_header().unwrap().write_image_data(values).unwrap();
        bytes
    }

    #[test]
    fn grey_color_and_depths_of_png_are_read() {
        let grey = decode(&png_bytes([1, 2], ColorType::Grayscale, BitDepth::Eight, &[7, 250])).unwrap();
        assert_eq!((grey.height, grey.width, grey.channels), (1, 2, 1));
        assert_eq!(
            (grey.pixels.as_slice(), grey.is_deep, grey.is_transparent),
            (&[7, 250][..], false, false)
        );
        let color = decode(&png_bytes([1, 1], ColorType::Rgb, BitDepth::Eight, &[1, 2, 3])).unwrap();
        assert_eq!((color.channels, color.pixels.as_slice()), (3, &[1, 2, 3][..]));
        // 0x0101 is 1 exactly, 0x0182 is nearer to 2, 0xffff is white.
        let deep = [1, 1, 1, 0x82, 255, 255];
        let deep = decode(&png_bytes([1, 3], ColorType::Grayscale, BitDepth::Sixteen, &deep)).unwrap();
        assert_eq!((deep.pixels.as_slice(), deep.is_deep), (&[1, 2, 255][..], true));
        let bits = decode(&png_bytes([1, 8], ColorType::Grayscale, BitDepth::One, &[0b1010_0000])).unwrap();
        assert_eq!(bits.pixels, [255, 0, 255, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn transparency_is_laid_on_white() {
        let values = [0, 0, 0, 255, 100, 0, 0, 0, 0, 50, 200, 128];
        let picture = decode(&png_bytes([1, 3], ColorType::Rgba, BitDepth::Eight, &values)).unwrap();
        assert_eq!(picture.pixels, [0, 0, 0, 255, 255, 255, 127, 152, 227]);
        assert!(picture.is_transparent);
        let opaque =
            decode(&png_bytes([1, 1], ColorType::GrayscaleAlpha, BitDepth::Eight, &[9, 255])).unwrap();
        assert_eq!((opaque.pixels.as_slice(), opaque.is_transparent), (&[9][..], false));
    }

    #[test]
    fn what_is_no_picture_or_damaged_is_told() {
        assert_eq!(decode(b"").unwrap_err(), "is empty");
        assert_eq!(decode(b"GIF89a").unwrap_err(), "is neither PNG nor JPEG");
        let whole = png_bytes([8, 8], ColorType::Grayscale, BitDepth::Eight, &[3; 64]);
        for cut in [9, 20, whole.len() - 20] {
            assert!(decode(&whole[..cut]).unwrap_err().starts_with("is damaged ("), "{cut}");
        }
        let mut broken = whole;
        broken[45] ^= 0xff;
        assert!(decode(&broken).unwrap_err().starts_with("is damaged ("));
        assert!(decode(b"\xff\xd8\xff\xe0 no more").unwrap_err().starts_with("is damaged ("));
    }

    #[test]
    fn color_becomes_grey_by_its_luma() {
        assert_eq!(with_channels(vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9], 3, 1), [76, 150, 29, 9]);
        assert_eq!(with_channels(vec![4, 5], 1, 3), [4, 4, 4, 5, 5, 5]);
    }

    #[test]
    fn resizing_keeps_flat_areas_and_averages_where_it_shrinks() {
        assert_eq!(resized(&[9; 12], 3, [2, 2], [3, 5]), [9; 45]);
        // Halves: each new pixel has weights 1/8, 3/8, 3/8, 1/8 of four old ones, fewer at the edge.
        assert_eq!(resized(&[0, 0, 0, 80, 80, 80, 80, 80], 1, [1, 8], [1, 4]), [0, 40, 80, 80]);
        // Twice as wide: bilinear between the centers.
        assert_eq!(resized(&[0, 100], 1, [1, 2], [1, 4]), [0, 25, 75, 100]);
        assert_eq!(resized(&[1, 2, 3, 4, 5, 6], 1, [2, 3], [2, 3]), [1, 2, 3, 4, 5, 6]);
    }
}
