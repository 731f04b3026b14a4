//! A set of images of one size, and how it is read from whatever holds it.

use std::path::{Path, PathBuf};

use super::catalog::{Located, Reading, Role};
use super::deskew::deskew;
use super::source::{Source, not_found};
use super::{cifar, folder, idx, picture, usps};
use crate::error::{DataError, ImageError};

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

/// How images are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageOptions {
    /// 1 turns all images grey (ITU-R BT.601), 3 gives grey ones three equal channels; as the files are by default.
    pub channels: Option<usize>,
    /// Height and width that all images get (a triangle filter, the shape is not kept); as the files are by default.
    pub size: Option<[usize; 2]>,
    /// Whether grey images are set upright: sheared and centered by their moments, as suits digits that are bright on black.
    pub upright: bool,
    /// Whether pictures that cannot be read are left out and counted, instead of an error.
    pub skip_corrupt: bool,
}

/// Images with what belongs to them.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSet {
    /// The training images, or all there are.
    pub train: Images,
    /// The test images, where the set keeps them apart.
    pub test: Option<Images>,
    /// What each label stands for, where labels have names (those of folders).
    pub names: Option<Vec<String>>,
    /// The files that were read, in their order.
    pub files: Vec<PathBuf>,
    /// What a user should know.
    pub notes: Vec<String>,
}

impl Images {
    /// Height, width and channels.
    pub fn shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }

    /// The images of these numbers, in their order.
    pub fn take(&self, rows: &[usize]) -> Self {
        let size = self.height * self.width * self.channels;
        let pixels = rows.iter().flat_map(|&row| &self.pixels[row * size..(row + 1) * size]).copied();
        let labels = self.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row]).collect());
        Self { n: rows.len(), pixels: pixels.collect(), labels, ..*self }
    }

    /// The images with so many black pixels on each side.
    pub fn with_margin(self, margin: usize) -> Self {
        if margin == 0 {
            return self;
        }
        let (height, width) = (self.height + 2 * margin, self.width + 2 * margin);
        let (line, channels) = (self.width * self.channels, self.channels);
        let mut pixels = vec![0; self.n * height * width * channels];
        for (i, row) in self.pixels.chunks_exact(line.max(1)).enumerate() {
            let (image, y) = (i / self.height, i % self.height + margin);
            let at = ((image * height + y) * width + margin) * channels;
            pixels[at..at + line].copy_from_slice(row);
        }
        Self { height, width, pixels, ..self }
    }

    /// The images with the channels and size that are asked for.
    fn converted(mut self, options: &ImageOptions) -> Self {
        if let Some(channels) = options.channels.filter(|&channels| channels != self.channels) {
            self.pixels = picture::with_channels(self.pixels, self.channels, channels);
            self.channels = channels;
        }
        if let Some(size) = options.size.filter(|&size| size != [self.height, self.width]) {
            let (from, channels) = ([self.height, self.width], self.channels);
            let each = self.pixels.chunks_exact((from[0] * from[1] * channels).max(1));
            self.pixels = each.flat_map(|image| picture::resized(image, channels, from, size)).collect();
            [self.height, self.width] = size;
        }
        if options.upright { self.upright() } else { self }
    }

    /// Grey images sheared and centered by their moments, colored ones as they are.
    pub(crate) fn upright(mut self) -> Self {
        use rayon::prelude::*;
        let (height, width, size) = (self.height, self.width, self.height * self.width);
        if self.channels == 1 && size > 0 {
            self.pixels.par_chunks_exact_mut(size).for_each(|image| {
                let values: Vec<f32> = image.iter().map(|&v| f32::from(v)).collect();
                let set = deskew(&values, height, width);
                image.iter_mut().zip(set).for_each(|(v, new)| *v = new.round().clamp(0.0, 255.0) as u8);
            });
        }
        self
    }
}

impl ImageSet {
    fn converted(self, options: &ImageOptions) -> Result<Self, ImageError> {
        let n = self.train.n + self.test.as_ref().map_or(0, |test| test.n);
        if let Some(size) = options.size {
            check_room(n, size, options.channels.unwrap_or(self.train.channels))?;
        }
        let test = self.test.map(|test| test.converted(options));
        Ok(Self { train: self.train.converted(options), test, ..self })
    }
}

/// Bytes of pixels that a set may have once resized: 16 GiB.
const MOST_PIXELS: u64 = 16 << 30;

/// Refuses to resize images to more than can be kept, before memory runs out.
pub(super) fn check_room(n: usize, size: [usize; 2], channels: usize) -> Result<(), ImageError> {
    let each = (size[0] as u64).saturating_mul(size[1] as u64).saturating_mul(channels as u64);
    let bytes = each.saturating_mul(n as u64);
    if bytes <= MOST_PIXELS {
        return Ok(());
    }
    Err(ImageError::TooLarge { n, size, bytes, allowed: MOST_PIXELS })
}

/// Reads a set of images from
/// - a folder in the layout of MNIST (`train-images-idx3-ubyte`, `t10k-…`), or with one IDX file of images and at most
///   one of labels, plain or gzipped;
/// - a folder of CIFAR-10 binary files (`*.bin`, `*.bin.gz`; those with `test` in their name are the test images);
/// - a folder with USPS digits as text (`zip.train`, `zip.test`, plain or gzipped);
/// - a folder of PNG and JPEG pictures; sub-folders are labels; `train` and `test` above them part the set;
/// - one file of any of these kinds.
///
/// # Errors
/// A path that is not there, a folder with nothing of the kind, and those of the formats: for pictures
/// [`ImageError::CorruptPictures`], [`ImageError::PictureSizes`], [`ImageError::PictureChannels`].
pub fn read_images(path: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let set = if path.is_dir() { read_folder(path, options)? } else { read_file(path, options)? };
    Ok(set.converted(options)?)
}

/// Reads a known data set of images.
///
/// # Errors
/// [`ImageError::NotImages`] for a set of another kind, and those of the formats.
pub fn read_known_images(located: &Located, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let of = |role: Role| -> Vec<&Path> { located.files_of(role).collect() };
    let read = |pixels: Role, labels: Role| -> Result<Option<Images>, DataError> {
        let (pixels, labels) = (of(pixels), of(labels));
        Ok(match (located.variant.reading, pixels.as_slice(), labels.as_slice()) {
            (_, [], _) => None,
            (Reading::Cifar, files, _) => Some(cifar::read(files)?),
            (Reading::Digits(_), [file, ..], _) => Some(usps::read(file)?),
            (Reading::Idx, [pixels, ..], []) => Some(idx::read_images(pixels)?),
            (Reading::Idx, [pixels, ..], [labels, ..]) => Some(idx::read_pair(pixels, labels)?),
            _ => None,
        })
    };
    let train = read(Role::Train, Role::TrainLabels)?;
    let train = train.ok_or(ImageError::NotImages { name: located.dataset.name })?;
    let test = read(Role::Test, Role::TestLabels)?;
    let files = located.files.iter().map(|(_, path)| path.clone()).collect();
    let names = (located.variant.reading == Reading::Cifar).then(cifar::names);
    let set = ImageSet { train, test, names, files, notes: Vec::new() };
    Ok(set.converted(options)?)
}

fn read_folder(path: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let files = folder::files(path)?;
    if let Some(set) = idx::read_set(path, &files)? {
        return Ok(set);
    }
    if let Some((train, test)) = usps::among(&files) {
        let read = [Some(train), test].into_iter().flatten().map(Path::to_path_buf).collect();
        let (train, test) = (usps::read(train)?, test.map(usps::read).transpose()?);
        return Ok(ImageSet { train, test, names: None, files: read, notes: Vec::new() });
    }
    let records: Vec<&PathBuf> = files.iter().filter(|file| is_records(file)).collect();
    if records.is_empty() {
        return folder::read(path, options);
    }
    let is_test = |file: &&&PathBuf| name(file).contains("test");
    let pick = |test: bool| -> Vec<&Path> {
        records.iter().filter(|file| is_test(file) == test).map(|file| file.as_path()).collect()
    };
    let (train, test) = (pick(false), pick(true));
    let files = train.iter().chain(&test).map(|file| file.to_path_buf()).collect();
    let of = |paths: &[&Path]| if paths.is_empty() { Ok(None) } else { cifar::read(paths).map(Some) };
    let (train, test) = match (of(&train)?, of(&test)?) {
        (Some(train), test) => (train, test),
        (None, test) => (test.expect("there is at least one file"), None),
    };
    Ok(ImageSet { train, test, names: Some(cifar::names()), files, notes: Vec::new() })
}

fn read_file(path: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    if !path.exists() && !is_in_archive(path) {
        return Err(not_found(path));
    }
    if is_picture(path) {
        return folder::read_one(path, options);
    }
    let (train, names) = match is_records(path) {
        true => (cifar::read(&[path])?, Some(cifar::names())),
        false => (idx::read_images(path)?, None),
    };
    Ok(ImageSet { train, test: None, names, files: vec![path.to_path_buf()], notes: Vec::new() })
}

/// Whether the path leads into a zip archive.
fn is_in_archive(path: &Path) -> bool {
    Source::find(path).is_ok()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether the name is that of a CIFAR-10 binary file.
pub(crate) fn is_records(path: &Path) -> bool {
    let name = name(path);
    name.ends_with(".bin") || name.ends_with(".bin.gz")
}

/// Whether the name is that of a PNG or JPEG file.
pub(crate) fn is_picture(path: &Path) -> bool {
    [".png", ".jpg", ".jpeg"].iter().any(|ending| name(path).ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_pixels_than_can_be_kept_are_refused_by_number_and_size() {
        assert!(check_room(60_000, [28, 28], 3).is_ok());
        assert_eq!(
            check_room(2000, [4096, 2048], 3).unwrap_err().to_string(),
            "2000 images of 4096 x 2048 take 50.3 GB, at most 17.2 GB are allowed"
        );
        let set = ImageSet {
            train: Images { n: 2000, height: 1, width: 1, channels: 1, pixels: vec![0; 2000], labels: None },
            test: None,
            names: None,
            files: Vec::new(),
            notes: Vec::new(),
        };
        let options = ImageOptions { size: Some([4096, 4096]), ..ImageOptions::default() };
        assert!(matches!(set.converted(&options), Err(ImageError::TooLarge { n: 2000, .. })));
    }
    #[test]
    fn a_margin_is_black_and_rows_are_taken_with_their_labels() {
        let pixels = vec![1, 2, 3, 4, 5, 6, 7, 8];
        let images = Images { n: 2, height: 1, width: 2, channels: 2, pixels, labels: Some(vec![7, 9]) };
        let wide = images.clone().with_margin(1);
        assert_eq!((wide.height, wide.width), (3, 4));
        let (black, line) = ([0; 8], [0, 0, 5, 6, 7, 8, 0, 0]);
        assert_eq!(wide.pixels[24..], [black, line, black].concat());
        assert_eq!(images.clone().with_margin(0), images);
        let taken = images.take(&[1]);
        assert_eq!((taken.n, taken.pixels, taken.labels), (1, vec![5, 6, 7, 8], Some(vec![9])));
    }
}
