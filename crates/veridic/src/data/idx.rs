//! IDX files: the format of MNIST and its relatives, plain or gzipped.
//!
//! Big-endian: two zero bytes, the type (8 is u8), the number of dimensions, each dimension as u32, the values.
//! Source: <http://yann.lecun.com/exdb/mnist/>.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::source::{Source, not_found};
use super::{ImageSet, Images};
use crate::error::{DataError, ImageError};

/// Reads the training set (`train-…`) or, with `test`, the test set (`t10k-…`) of a folder with images and labels
/// named as those of MNIST, plain or `.gz`.
///
/// # Errors
/// [`DataError::NotFound`], [`DataError::LabelCount`], and as [`read_images`].
pub fn read_folder(folder: &Path, test: bool) -> Result<Images, DataError> {
    let part = if test { "t10k" } else { "train" };
    read_pair(&find(folder, part, "images", 3)?, &find(folder, part, "labels", 1)?)
}

/// The set of a folder with these files, if it holds IDX files: in the layout of MNIST, else one file of images and at
/// most one of labels, told by their first bytes.
pub(super) fn read_set(folder: &Path, files: &[PathBuf]) -> Result<Option<ImageSet>, DataError> {
    let set = |train, test, files| ImageSet { train, test, names: None, files, notes: Vec::new() };
    let part = |test: bool| -> Result<Option<(Images, Vec<PathBuf>)>, DataError> {
        let name = if test { "t10k" } else { "train" };
        let Ok(pixels) = find(folder, name, "images", 3) else { return Ok(None) };
        // A set without labels is a set; one whose labels cannot be read is not.
        let Ok(labels) = find(folder, name, "labels", 1) else {
            return Ok(Some((read_images(&pixels)?, vec![pixels])));
        };
        Ok(Some((read_pair(&pixels, &labels)?, vec![pixels, labels])))
    };
    match (part(false)?, part(true)?) {
        (Some((train, mut files)), Some((test, more))) => {
            files.extend(more);
            return Ok(Some(set(train, Some(test), files)));
        }
        (Some((train, files)), None) | (None, Some((train, files))) => {
            return Ok(Some(set(train, None, files)));
        }
        (None, None) => {}
    }
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for path in files {
        match kind(path) {
            Some(3) => pixels.push(path),
            Some(1) => labels.push(path),
            _ => {}
        }
    }
    match (pixels.as_slice(), labels.as_slice()) {
        ([], _) => Ok(None),
        ([pixels], []) => Ok(Some(set(read_images(pixels)?, None, vec![pixels.to_path_buf()]))),
        ([pixels], [labels]) => {
            Ok(Some(set(read_pair(pixels, labels)?, None, vec![pixels.to_path_buf(), labels.to_path_buf()])))
        }
        _ => {
            let files = pixels.iter().chain(&labels).map(|path| path.to_path_buf()).collect();
            Err(ImageError::ManyIdx { files, path: folder.to_path_buf() }.into())
        }
    }
}

/// The number of dimensions of an IDX file of bytes, by its first four bytes.
fn kind(path: &Path) -> Option<u8> {
    let mut head = [0; 4];
    Source::find(path).ok()?.open().ok()?.read_exact(&mut head).ok()?;
    match head {
        [0, 0, 8, dimensions] => Some(dimensions),
        _ => None,
    }
}

/// Reads images and their labels.
///
/// # Errors
/// [`DataError::LabelCount`], and as [`read_images`].
pub fn read_pair(pixels: &Path, label_path: &Path) -> Result<Images, DataError> {
    let mut images = read_images(pixels)?;
    let labels = read_labels(label_path)?;
    if labels.len() != images.n {
        let (images, labels) = (images.n, labels.len());
        return Err(DataError::LabelCount { images, labels, path: label_path.to_path_buf() });
    }
    images.labels = Some(labels);
    Ok(images)
}

/// Reads grey images from an IDX file of three dimensions.
///
/// # Errors
/// [`DataError::BadMagic`], [`DataError::WrongLength`], [`DataError::Truncated`] and those of opening a file.
pub fn read_images(path: &Path) -> Result<Images, DataError> {
    images(&Source::find(path)?)
}

/// Reads labels from an IDX file of one dimension.
///
/// # Errors
/// As [`read_images`].
pub fn read_labels(path: &Path) -> Result<Vec<u8>, DataError> {
    labels(&Source::find(path)?)
}

fn images(source: &Source) -> Result<Images, DataError> {
    let expected = "00 00 08 03, an IDX file of u8 images,";
    let ([n, height, width], pixels) = read(source, expected, "pixels")?;
    Ok(Images { n, height, width, channels: 1, pixels, labels: None })
}

fn labels(source: &Source) -> Result<Vec<u8>, DataError> {
    let ([_], labels) = read(source, "00 00 08 01, an IDX file of u8 labels,", "labels")?;
    Ok(labels)
}

fn read<const D: usize>(
    source: &Source,
    expected: &'static str,
    what: &'static str,
) -> Result<([usize; D], Vec<u8>), DataError> {
    let path = || source.name().to_owned();
    let mut reader = source.open()?;
    let mut head = Vec::new();
    let length = 4 + 4 * D;
    let read = reader.by_ref().take(length as u64).read_to_end(&mut head);
    read.map_err(|error| source.error(error))?;
    let magic = [0, 0, 8, u8::try_from(D).expect("at most three dimensions")];
    if head.is_empty() {
        return Err(DataError::Empty { path: path() });
    }
    if !head.starts_with(&magic) {
        let found: Vec<_> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        return Err(DataError::BadMagic { expected, found: found.join(" "), path: path() });
    }
    if head.len() < length {
        let (expected, found) = (length as u64, head.len() as u64);
        return Err(DataError::WrongLength { what: "header", expected, found, path: path() });
    }
    let mut sizes = [0_usize; D];
    let mut bytes = 1_u64;
    for (size, field) in sizes.iter_mut().zip(head[4..].chunks_exact(4)) {
        let value = u32::from_be_bytes([field[0], field[1], field[2], field[3]]);
        *size = value as usize;
        bytes = bytes.saturating_mul(u64::from(value));
    }
    // The header may lie: the buffer grows with what is there, one byte more shows an excess.
    let mut values = Vec::new();
    let read = reader.take(bytes.saturating_add(1)).read_to_end(&mut values);
    read.map_err(|error| source.error(error))?;
    if values.len() as u64 != bytes {
        let found = values.len() as u64;
        return Err(DataError::WrongLength { what, expected: bytes, found, path: path() });
    }
    values.shrink_to_fit();
    Ok((sizes, values))
}

fn find(folder: &Path, part: &str, what: &str, dimensions: usize) -> Result<PathBuf, DataError> {
    let names = ["-", "."].map(|dot| format!("{part}-{what}{dot}idx{dimensions}-ubyte"));
    let candidates = names.iter().flat_map(|name| [format!("{name}.gz"), name.clone()]);
    let found = candidates.map(|name| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| not_found(&folder.join(format!("{}.gz", names[0]))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(bytes: &[u8]) -> Source {
        Source::memory(Path::new("file"), bytes.to_vec())
    }

    #[test]
    fn images_and_labels_are_read() {
        let set = images(&file(&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!((set.n, set.height, set.width, set.channels), (2, 1, 3, 1));
        assert_eq!(set.pixels, [1, 2, 3, 4, 5, 6]);
        assert_eq!(labels(&file(&[0, 0, 8, 1, 0, 0, 0, 2, 9, 7])).unwrap(), [9, 7]);
    }

    #[test]
    fn a_wrong_magic_shows_what_was_found() {
        let error = images(&file(b"\x00\x00\x08\x01\x00\x00\x00\x00")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the file starts with 00 00 08 01, 00 00 08 03, an IDX file of u8 images, is expected: file"
        );
        assert!(matches!(labels(&file(b"a,b\n1,2\n")), Err(DataError::BadMagic { .. })));
    }

    #[test]
    fn a_file_shorter_or_longer_than_announced_is_refused() {
        for values in [&[1_u8][..], &[1, 2, 3]] {
            let bytes = [&[0, 0, 8, 1, 0, 0, 0, 2], values].concat();
            assert!(matches!(labels(&file(&bytes)), Err(DataError::WrongLength { expected: 2, .. })));
        }
        let vast = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(matches!(images(&file(&vast)), Err(DataError::WrongLength { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_bytes_make_the_reader_panic(start in 0_usize..4, bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let magic: [&[u8]; 4] = [&[], &[0, 0, 8, 1], &[0, 0, 8, 3, 0, 0, 0], &[0x1f, 0x8b, 8]];
            let source = file(&[magic[start], &bytes].concat());
            let _ = images(&source);
            let _ = labels(&source);
        }
    }
}
