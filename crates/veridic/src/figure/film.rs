//! A film of pictures: an animated PNG, which browsers and many viewers play and others show the first picture of.

use std::io::Cursor;

use png::{BitDepth, BlendOp, ColorType, Compression, Decoder, DisposeOp, Encoder, Transformations};

use crate::error::FigureError;

/// Pictures of a film, at most; of more, evenly chosen ones are shown.
const MOST_FRAMES: usize = 120;

/// One picture, in colors without transparency.
struct Frame {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// A film of PNG pictures at half their size, each shown for so many milliseconds (1 to 60000), the last one ten times
/// as long. Smaller pictures have white at their right and bottom.
///
/// # Errors
/// No pictures, or bytes that are not those of a PNG.
pub fn film(pictures: &[Vec<u8>], milliseconds: u16) -> Result<Vec<u8>, FigureError> {
    if pictures.is_empty() {
        return Err(FigureError::Empty { figure: "film", what: "the list of pictures".to_owned() });
    }
    let kept = pictures.len().min(MOST_FRAMES);
    let pick = |i: usize| if kept == 1 { 0 } else { i * (pictures.len() - 1) / (kept - 1) };
    let frames = (0..kept).map(|i| Ok(half(&decode(&pictures[pick(i)])?))).collect::<Result<Vec<_>, _>>()?;
    let width = frames.iter().map(|frame| frame.width).max().unwrap_or(1);
    let height = frames.iter().map(|frame| frame.height).max().unwrap_or(1);
    let failed = |error: png::EncodingError| FigureError::Render { reason: error.to_string() };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_animated(kept as u32, 0).map_err(failed)?;
    encoder.set_dispose_op(DisposeOp::None).map_err(failed)?;
    encoder.set_blend_op(BlendOp::Source).map_err(failed)?;
    let mut writer = encoder.write_header().map_err(failed)?;
    for (i, frame) in frames.iter().enumerate() {
        let shown = if i + 1 == kept { milliseconds.saturating_mul(10) } else { milliseconds };
        writer.set_frame_delay(shown.max(1), 1000).map_err(failed)?;
        writer.write_image_data(&framed(frame, width, height)).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<Frame, FigureError> {
    let failed = |error: png::DecodingError| FigureError::Render { reason: error.to_string() };
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(failed)?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| FigureError::Render { reason: "the picture is too large".to_owned() })?;
    let mut buffer = vec![0; size];
    let info = reader.next_frame(&mut buffer).map_err(failed)?;
    let samples = info.color_type.samples();
    let pixels = buffer[..info.buffer_size()]
        .chunks_exact(samples)
        .flat_map(|pixel| match samples {
            1 | 2 => [pixel[0]; 3],
            _ => [pixel[0], pixel[1], pixel[2]],
        })
        .collect();
    Ok(Frame { width: info.width as usize, height: info.height as usize, pixels })
}

/// The mean of each two by two pixels.
fn half(frame: &Frame) -> Frame {
    let (width, height) = ((frame.width / 2).max(1), (frame.height / 2).max(1));
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let at = |dx: usize, dy: usize| {
                    let (x, y) = ((2 * x + dx).min(frame.width - 1), (2 * y + dy).min(frame.height - 1));
                    u32::from(frame.pixels[(y * frame.width + x) * 3 + channel])
                };
                pixels.push(((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1) + 2) / 4) as u8);
            }
        }
    }
    Frame { width, height, pixels }
}

/// A frame on a white page.
fn framed(frame: &Frame, width: usize, height: usize) -> Vec<u8> {
    let mut page = vec![255; width * height * 3];
    for y in 0..frame.height {
        let from = &frame.pixels[y * frame.width * 3..(y + 1) * frame.width * 3];
        page[y * width * 3..][..from.len()].copy_from_slice(from);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, value: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, width, height);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![value; (width * height) as usize]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_film_has_its_frames_and_their_size() {
        let bytes = film(&[picture(8, 6, 10), picture(10, 4, 200), picture(8, 6, 30)], 40).unwrap();
        let mut reader = Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (5, 3));
        assert_eq!(reader.info().animation_control.unwrap().num_frames, 3);
        let mut page = vec![0; 5 * 3 * 3];
        reader.next_frame(&mut page).unwrap();
        // Four columns of the first picture, then white.
        assert_eq!(&page[..15], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 255, 255, 255]);
        reader.next_frame(&mut page).unwrap();
        assert_eq!((page[0], page[2 * 15]), (200, 255));
        assert!(film(&[], 40).is_err() && film(&[vec![1, 2, 3]], 40).is_err());
    }

    #[test]
    fn a_long_film_keeps_its_first_and_last_picture() {
        let pictures: Vec<Vec<u8>> = (0..=250).map(|i| picture(2, 2, i)).collect();
        let bytes = film(&pictures, 40).unwrap();
        let mut reader = Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        let n = reader.info().animation_control.unwrap().num_frames;
        assert_eq!(n as usize, MOST_FRAMES);
        let mut page = vec![0; 3];
        let shown: Vec<u8> = (0..n)
            .map(|_| {
                reader.next_frame(&mut page).unwrap();
                page[0]
            })
            .collect();
        assert_eq!((shown[0], shown[shown.len() - 1]), (0, 250));
    }
}
