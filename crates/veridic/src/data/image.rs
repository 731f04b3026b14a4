//! A set of images of one size, and how it is read from whatever holds it.

use std::path::{Path, PathBuf};

use super::catalog::{Located, Reading, Role};
use super::source::{Source, not_found};
use super::{cifar, folder, idx, picture};
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
        self
    }
}

impl ImageSet {
    fn converted(self, options: &ImageOptions) -> Self {
        let test = self.test.map(|test| test.converted(options));
        Self { train: self.train.converted(options), test, ..self }
    }
}

/// Reads a set of images from
/// - a folder in the layout of MNIST (`train-images-idx3-ubyte`, `t10k-…`), or with one IDX file of images and at most
///   one of labels, plain or gzipped;
/// - a folder of CIFAR-10 binary files (`*.bin`, `*.bin.gz`; those with `test` in their name are the test images);
/// - a folder of PNG and JPEG pictures; sub-folders are labels; `train` and `test` above them part the set;
/// - one file of any of these kinds.
///
/// # Errors
/// A path that is not there, a folder with nothing of the kind, and those of the formats: for pictures
/// [`ImageError::CorruptPictures`], [`ImageError::PictureSizes`], [`ImageError::PictureChannels`].
pub fn read_images(path: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let set = if path.is_dir() { read_folder(path, options)? } else { read_file(path, options)? };
    Ok(set.converted(options))
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
            (Reading::Idx, [pixels, ..], []) => Some(idx::read_images(pixels)?),
            (Reading::Idx, [pixels, ..], [labels, ..]) => Some(idx::read_pair(pixels, labels)?),
            _ => None,
        })
    };
    let train = read(Role::Train, Role::TrainLabels)?;
    let train = train.ok_or(ImageError::NotImages { name: located.dataset.name })?;
    let test = read(Role::Test, Role::TestLabels)?;
    let files = located.files.iter().map(|(_, path)| path.clone()).collect();
    let set = ImageSet { train, test, names: None, files, notes: Vec::new() };
    Ok(set.converted(options))
}

fn read_folder(path: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let files = folder::files(path)?;
    if let Some(set) = idx::read_set(path, &files)? {
        return Ok(set);
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
    Ok(ImageSet { train, test, names: None, files, notes: Vec::new() })
}

fn read_file(path: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    if !path.exists() && !is_in_archive(path) {
        return Err(not_found(path));
    }
    if is_picture(path) {
        return folder::read_one(path, options);
    }
    let train = if is_records(path) { cifar::read(&[path])? } else { idx::read_images(path)? };
    Ok(ImageSet { train, test: None, names: None, files: vec![path.to_path_buf()], notes: Vec::new() })
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
