//! CIFAR-10 binary files, plain or gzipped: records of one label byte and 3072 pixel bytes, all of red, then green, then
//! blue, each row by row (<https://www.cs.toronto.edu/~kriz/cifar.html>).

use std::path::Path;

use super::Images;
use super::source::Source;
use crate::error::{DataError, ImageError};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;

/// What the labels 0 to 9 stand for (`batches.meta.txt` of the published archive).
pub(super) fn names() -> Vec<String> {
    let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    names.map(str::to_string).to_vec()
}

/// Reads the records of files, one file after the other, as color images of 32 x 32 pixels with their labels.
///
/// # Errors
/// [`ImageError::Records`] for a file that is not whole records, and those of opening a file.
pub fn read(paths: &[&Path]) -> Result<Images, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for path in paths {
        let source = Source::find(path)?;
        append(&source.bytes()?, &source, &mut pixels, &mut labels)?;
    }
    Ok(Images { n: labels.len(), height: SIDE, width: SIDE, channels: 3, pixels, labels: Some(labels) })
}

fn append(
    bytes: &[u8],
    source: &Source,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u8>,
) -> Result<(), DataError> {
    if bytes.is_empty() {
        return Err(DataError::Empty { path: source.name().to_owned() });
    }
    if !bytes.len().is_multiple_of(RECORD) {
        return Err(ImageError::Records {
            bytes: bytes.len(),
            record: RECORD,
            path: source.name().to_owned(),
        }
        .into());
    }
    pixels.reserve(bytes.len());
    for record in bytes.chunks_exact(RECORD) {
        labels.push(record[0]);
        let planes = &record[1..];
        pixels.extend((0..PLANE).flat_map(|i| [planes[i], planes[PLANE + i], planes[2 * PLANE + i]]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append_to(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DataError> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        append(bytes, &Source::memory(Path::new("a.bin"), Vec::new()), &mut pixels, &mut labels)?;
        Ok((pixels, labels))
    }

    #[test]
    fn planes_become_pixels_with_their_channels_last() {
        let mut record = vec![7u8];
        record.extend((0..3 * PLANE).map(|i| (i / PLANE * 100 + i % 50) as u8));
        let (pixels, labels) = append_to(&[record.clone(), record].concat()).unwrap();
        assert_eq!(labels, [7, 7]);
        assert_eq!(pixels.len(), 2 * 3 * PLANE);
        // The second pixel of the second plane: place 1025 of the planes, 100 + 1025 % 50.
        assert_eq!(pixels[..6], [0, 100 + 24, 200 + 48, 1, 100 + 25, 200 + 49]);
    }

    #[test]
    fn a_file_that_is_not_whole_records_is_refused() {
        let error = append_to(&[0; 3074]).unwrap_err();
        assert_eq!(error.to_string(), "the file has 3074 bytes, which are not whole records of 3073: a.bin");
        assert!(matches!(append_to(&[]), Err(DataError::Empty { .. })));
    }
}
