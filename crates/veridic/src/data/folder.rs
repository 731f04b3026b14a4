//! Folders of PNG and JPEG pictures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::image::{ImageOptions, ImageSet, Images, check_room, is_picture};
use super::picture::{self, Picture};
use crate::error::{DataError, ImageError, PictureGroup};

/// Labels are kept in a byte.
const MOST_LABELS: usize = 256;

/// The files of a folder sorted by name, hidden ones left out.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(entries(folder)?.into_iter().filter(|path| !path.is_dir()).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |source| DataError::Read { path: folder.to_path_buf(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads a folder of pictures; see [`super::read_images`].
pub(super) fn read(folder: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let parts: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    let names: Vec<String> = parts.iter().map(|path| file_name(path).to_lowercase()).collect();
    let mut reading = Reading::default();
    if names == ["test", "train"] && files(folder)?.iter().all(|file| !is_picture(file)) {
        let (train, test) = (Listing::of(&parts[1])?, Listing::of(&parts[0])?);
        if train.names != test.names {
            let (train, test) = (train.names, test.names);
            return Err(ImageError::PictureLabels { train, test, path: folder.to_path_buf() }.into());
        }
        let names = train.names.clone();
        let n_train = reading.take(&train, options)?;
        reading.take(&test, options)?;
        return reading.finish(folder, Some(n_train), names, options);
    }
    let all = Listing::of(folder)?;
    if all.pictures.is_empty() {
        let others = all.others.into_keys().collect();
        return Err(ImageError::NoPictures { others, path: folder.to_path_buf() }.into());
    }
    reading.take(&all, options)?;
    reading.finish(folder, None, all.names, options)
}

/// Reads one picture.
pub(super) fn read_one(path: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let mut reading = Reading::default();
    let pictures = vec![(path.to_path_buf(), 0)];
    reading.take(&Listing { pictures, names: None, others: BTreeMap::new() }, options)?;
    reading.finish(path, None, None, options)
}

/// The pictures of a folder by name, each with its label.
#[derive(Debug)]
struct Listing {
    pictures: Vec<(PathBuf, u8)>,
    /// The sub-folders, if pictures are in them.
    names: Option<Vec<String>>,
    /// Endings of other files, with their number.
    others: BTreeMap<String, usize>,
}

impl Listing {
    fn of(folder: &Path) -> Result<Self, DataError> {
        let mut others = BTreeMap::new();
        let mut sort = |paths: Vec<PathBuf>| -> Vec<PathBuf> {
            let (pictures, rest): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_picture(path));
            for path in rest {
                let ending =
                    path.extension().map_or_else(String::new, |e| e.to_string_lossy().to_lowercase());
                *others.entry(ending).or_insert(0) += 1;
            }
            pictures
        };
        let (folders, top): (Vec<_>, Vec<_>) = entries(folder)?.into_iter().partition(|path| path.is_dir());
        let top = sort(top);
        let mut labelled = Vec::new();
        for folder in folders {
            let pictures = sort(files(&folder)?);
            if !pictures.is_empty() {
                labelled.push((file_name(&folder), pictures));
            }
        }
        if let (Some(loose), Some((name, _))) = (top.first(), labelled.first()) {
            let (loose, name) = (loose.clone(), name.clone());
            return Err(ImageError::LoosePictures { count: top.len(), first: loose, folder: name }.into());
        }
        if labelled.len() > MOST_LABELS {
            let (found, path) = (labelled.len(), folder.to_path_buf());
            return Err(ImageError::TooManyLabels { found, most: MOST_LABELS, path }.into());
        }
        let names = (!labelled.is_empty()).then(|| labelled.iter().map(|(name, _)| name.clone()).collect());
        let of_label = |(label, (_, pictures)): (usize, (String, Vec<PathBuf>))| {
            pictures.into_iter().map(move |path| (path, label as u8))
        };
        let top = top.into_iter().map(|path| (path, 0));
        Ok(Self {
            pictures: top.chain(labelled.into_iter().enumerate().flat_map(of_label)).collect(),
            names,
            others,
        })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Pictures while they are read: pixels as long as they fit together, and all there is to complain about.
#[derive(Debug, Default)]
struct Reading {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    files: Vec<PathBuf>,
    /// Pictures with their first file, by height, width.
    sizes: BTreeMap<[usize; 2], PictureGroup>,
    /// Likewise by channels.
    channels: BTreeMap<usize, PictureGroup>,
    formats: BTreeMap<&'static str, usize>,
    others: BTreeMap<String, usize>,
    corrupt: Vec<(PathBuf, String)>,
    deep: usize,
    transparent: usize,
}

impl Reading {
    /// Reads what is listed and gives the number of pictures that could be read.
    fn take(&mut self, listing: &Listing, options: &ImageOptions) -> Result<usize, DataError> {
        let before = self.labels.len();
        if let Some(size) = options.size {
            let least = options.channels.unwrap_or(1);
            check_room(self.labels.len() + listing.pictures.len(), size, least)?;
        }
        for (ending, count) in &listing.others {
            *self.others.entry(ending.clone()).or_insert(0) += count;
        }
        for (path, label) in &listing.pictures {
            let bytes = fs::read(path).map_err(|source| DataError::Read { path: path.clone(), source })?;
            self.files.push(path.clone());
            match picture::decode(&bytes) {
                Ok(picture) => self.add(picture, path, *label, options),
                Err(problem) => self.corrupt.push((path.clone(), problem)),
            }
        }
        Ok(self.labels.len() - before)
    }

    fn add(&mut self, picture: Picture, path: &Path, label: u8, options: &ImageOptions) {
        self.deep += usize::from(picture.is_deep);
        self.transparent += usize::from(picture.is_transparent);
        *self.formats.entry(picture.format).or_insert(0) += 1;
        let Picture { height, width, channels, mut pixels, .. } = picture;
        let group = || PictureGroup { count: 0, first: path.to_path_buf() };
        self.sizes.entry([height, width]).or_insert_with(group).count += 1;
        self.channels.entry(channels).or_insert_with(group).count += 1;
        self.labels.push(label);
        // What does not fit together is only counted from here on.
        let mixed_channels = self.channels.len() > 1 && options.channels.is_none();
        let mixed_sizes = self.sizes.len() > 1 && options.size.is_none();
        if mixed_channels || mixed_sizes {
            self.pixels = Vec::new();
            return;
        }
        let kept = options.channels.unwrap_or(channels);
        pixels = picture::with_channels(pixels, channels, kept);
        match options.size {
            Some(size) if size != [height, width] => {
                self.pixels.extend(picture::resized(&pixels, kept, [height, width], size));
            }
            _ => self.pixels.append(&mut pixels),
        }
    }

    /// The set, its first `n_train` pictures for training; or all that is wrong with it.
    fn finish(
        mut self,
        path: &Path,
        n_train: Option<usize>,
        names: Option<Vec<String>>,
        options: &ImageOptions,
    ) -> Result<ImageSet, DataError> {
        let path = path.to_path_buf();
        let n = self.labels.len();
        if !self.corrupt.is_empty() && (!options.skip_corrupt || n == 0) {
            let of = n + self.corrupt.len();
            return Err(ImageError::CorruptPictures { pictures: self.corrupt, of, path }.into());
        }
        if self.sizes.len() > 1 && options.size.is_none() {
            return Err(ImageError::PictureSizes { sizes: self.sizes.into_iter().collect(), path }.into());
        }
        if self.channels.len() > 1 && options.channels.is_none() {
            return Err(
                ImageError::PictureChannels { channels: self.channels.into_iter().collect(), path }.into()
            );
        }
        let notes = self.notes();
        let none = || ImageError::NoPictures { others: Vec::new(), path: path.clone() };
        let [height, width] = options.size.or(self.sizes.keys().next().copied()).ok_or_else(none)?;
        let channels = options.channels.or(self.channels.keys().next().copied()).ok_or_else(none)?;
        let n_train = n_train.unwrap_or(n);
        let test = (n_train < n).then(|| Images {
            n: n - n_train,
            height,
            width,
            channels,
            pixels: self.pixels.split_off(n_train * height * width * channels),
            labels: names.is_some().then(|| self.labels.split_off(n_train)),
        });
        let labels = names.is_some().then_some(self.labels);
        let train = Images { n: n_train, height, width, channels, pixels: self.pixels, labels };
        Ok(ImageSet { train, test, names, files: self.files, notes })
    }

    fn notes(&self) -> Vec<String> {
        let n = self.labels.len();
        let mut notes = Vec::new();
        if self.formats.len() > 1 {
            let parts: Vec<String> =
                self.formats.iter().map(|(format, count)| format!("{count} {format}")).collect();
            notes.push(format!("the pictures are of several formats: {}", parts.join(", ")));
        }
        if !self.others.is_empty() {
            let parts = self.others.iter().map(|(ending, count)| match ending.as_str() {
                "" => format!("{count} without an ending"),
                ending => format!("{count} .{ending}"),
            });
            let parts: Vec<String> = parts.collect();
            notes.push(format!("files that are not PNG or JPEG are left out: {}", parts.join(", ")));
        }
        if !self.corrupt.is_empty() {
            let first = self.corrupt.first().map(|(path, problem)| format!("{} {problem}", path.display()));
            notes.push(format!(
                "{} of {} pictures cannot be read and are left out, the first: {}",
                self.corrupt.len(),
                n + self.corrupt.len(),
                first.unwrap_or_default()
            ));
        }
        if self.deep > 0 {
            notes.push(format!("{} of {n} pictures have 16 bits a value and are read with 8", self.deep));
        }
        if self.transparent > 0 {
            notes.push(format!(
                "{} of {n} pictures are transparent in places and are laid on white",
                self.transparent
            ));
        }
        notes
    }
}
