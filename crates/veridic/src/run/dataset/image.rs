//! Images as the rows of a run.

use std::path::{Path, PathBuf};

use super::{DataFile, Dataset, Labels, Place, Second, counts, data_file, with_test_file};
use crate::codec::ImageCodec;
use crate::data::catalog;
use crate::data::split::{self, Fractions};
use crate::data::{self, Binarization, Data, ImageOptions, Images, Split};
use crate::error::{ConfigError, Result, RunError};
use crate::models::Layout;
use crate::run::config::{Config, ImagesConfig, SplitBy};
use crate::seed::{Seed, shuffle};

/// How the images of a run of this configuration are read.
pub(crate) fn image_options(config: &Config) -> ImageOptions {
    let ImagesConfig { channels, size, skip_corrupt, .. } = config.data.images;
    ImageOptions { channels, size, skip_corrupt }
}

/// Images with the number of those of the training file, and the text of each one's label.
struct Source {
    images: Images,
    n_train: usize,
    has_test_file: bool,
    labels: Option<Vec<Option<String>>>,
    files: Vec<DataFile>,
    notes: Vec<String>,
}

/// Reads the images at a place: those of a test file below those of the training file, of the classes that are asked for.
fn source(classes: &[String], place: &Place, options: &ImageOptions) -> Result<Source> {
    let (set, files) = match place {
        Place::Known(located) => {
            let set = data::read_known_images(located, options)?;
            let files = set.files.iter().map(|path| data_file(path)).collect::<Result<_>>()?;
            (set, files)
        }
        Place::Made(_) | Place::Simulated(_) => unreachable!("a table"),
        Place::File(path) => {
            let set = data::read_images(path, options)?;
            let files = image_files(path, &set.files)?;
            (set, files)
        }
    };
    let (mut images, has_test_file) = (set.train, set.test.is_some());
    let mut n_train = images.n;
    if let Some(test) = set.test {
        check_like(&images, &test)?;
        append(&mut images, test);
    }
    let mut notes = set.notes;
    if !classes.is_empty() {
        let rows = of_classes(classes, &images, set.names.as_deref())?;
        notes.push(format!(
            "{} of {} images are of the classes {}",
            rows.len(),
            images.n,
            classes.join(", ")
        ));
        n_train = rows.partition_point(|&row| row < n_train);
        images = images.take(&rows);
    }
    let labels = images.labels.as_ref().map(|labels| label_texts(labels, set.names.as_deref()));
    Ok(Source { images, n_train, has_test_file, labels, files, notes })
}

/// The images whose labels are asked for.
fn of_classes(classes: &[String], images: &Images, names: Option<&[String]>) -> Result<Vec<usize>> {
    let labels = images.labels.as_ref().map(|labels| label_texts(labels, names)).unwrap_or_default();
    let there: Vec<String> = counts(&labels).into_iter().map(|(label, _)| label).collect();
    if let Some(other) = classes.iter().find(|class| !there.contains(class)) {
        let known = there.iter().take(20).map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let allowed = if there.is_empty() { "nothing: the images have no labels".to_string() } else { known };
        return Err(ConfigError::Range {
            field: "data.images.classes".to_string(),
            found: format!("`{other}`"),
            allowed,
        }
        .into());
    }
    let is = |row: &usize| labels[*row].as_ref().is_some_and(|label| classes.contains(label));
    Ok((0..images.n).filter(is).collect())
}

fn append(images: &mut Images, more: Images) {
    images.pixels.extend_from_slice(&more.pixels);
    images.n += more.n;
    match (&mut images.labels, more.labels) {
        (Some(labels), Some(more)) => labels.extend_from_slice(&more),
        (labels, _) => *labels = None,
    }
}

/// Refuses images of another size or color than the first.
fn check_like(first: &Images, other: &Images) -> Result<()> {
    let (expected, found) = (ImageCodec::of(first), ImageCodec::of(other));
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (expected.described(), found.described());
    Err(RunError::OtherImages { expected, found, path: None }.into())
}

fn part(config: &Config, source: &Source) -> Result<Split> {
    if source.has_test_file {
        return with_test_file(config, source.n_train, source.images.n);
    }
    let fractions = Fractions { valid: config.data.split.valid, test: config.data.split.test };
    Ok(match config.data.split.by {
        SplitBy::Order => split::in_order(source.n_train, fractions)?,
        _ => split::random(source.n_train, fractions, Seed(config.seed))?,
    })
}

pub(super) fn load_images(
    config: &Config,
    place: &Place,
    second: Option<&Place>,
    notes: Vec<String>,
) -> Result<Dataset> {
    let source = source(&config.data.images.classes, place, &image_options(config))?;
    parted(config, source, second, notes)
}

/// Images in memory as the rows of a run.
pub(super) fn given_images(config: &Config, images: Images) -> Result<Dataset> {
    images.check()?;
    let labels = images.labels.as_ref().map(|labels| label_texts(labels, None));
    let (n_train, files, notes) = (images.n, Vec::new(), Vec::new());
    let source = Source { images, n_train, has_test_file: false, labels, files, notes };
    parted(config, source, None, Vec::new())
}

/// Images parted for training and testing, with those of the second set.
fn parted(
    config: &Config,
    mut source: Source,
    second: Option<&Place>,
    mut notes: Vec<String>,
) -> Result<Dataset> {
    let split = part(config, &source)?;
    notes.append(&mut source.notes);
    if config.data.images.stack > 1 {
        stack(config, &mut source, &split)?;
        notes.push(format!(
            "each row is a stack of {} images that were drawn at random from the same part; {} stacks",
            config.data.images.stack, source.images.n
        ));
    }
    binarize(config.data.images.binarization, &mut source.images, &split, &mut notes);
    let second = match second {
        None => None,
        Some(place) => {
            let margin = config.data.images.second_margin;
            let inner =
                config.data.images.size.map(|[height, width]| [height - 2 * margin, width - 2 * margin]);
            let options = ImageOptions { size: inner, ..image_options(config) };
            let mut other = self::source(&[], place, &options)?;
            other.images = other.images.with_margin(margin);
            let (first, found) = (ImageCodec::of(&source.images), ImageCodec::of(&other.images));
            if first != found {
                return Err(ConfigError::Conflict {
                    what: format!(
                        "the images of `data.images.second` are {}, and those of the first set {}",
                        found.described(),
                        first.described()
                    ),
                    remedy: "give all one size and color with `data.images.size` and `data.images.channels`"
                        .to_string(),
                }
                .into());
            }
            let parts = part(config, &other)?;
            let after = |rows: Vec<usize>| rows.into_iter().map(|row| row + source.images.n).collect();
            let rows = Second { train: after(parts.train), test: after(parts.test) };
            notes.append(&mut other.notes);
            notes.push(format!(
                "second set of images: {} for training, {} for testing, without their labels",
                rows.train.len(),
                rows.test.len()
            ));
            if let (Some(labels), Some(more)) = (&mut source.labels, other.labels) {
                labels.extend(more);
            } else if let Some(labels) = &mut source.labels {
                labels.resize(source.images.n + other.images.n, None);
            }
            append(&mut source.images, other.images);
            source.files.extend(other.files);
            Some(rows)
        }
    };
    let Source { images, labels, files, .. } = source;
    let layout = Layout {
        dims: vec![images.height, images.width, images.channels],
        redrawn: config.data.images.binarization == Binarization::Dynamic,
        ..Layout::default()
    };
    let labels = Labels { labels, positive: config.data.positive.clone() };
    let mut data = Dataset::new(Data::Images(images), split, labels, layout);
    for &row in second.iter().flat_map(|second| second.train.iter().chain(&second.test)) {
        if let Some(number) = data.class_numbers.get_mut(row) {
            *number = -1.0;
        }
    }
    Ok(Dataset { second, files, notes, ..data })
}

/// Images of the same part over each other: row `i` keeps its own and gets others as further channels, by an order of its
/// own for each.
fn stack(config: &Config, source: &mut Source, split: &Split) -> Result<()> {
    let images = &source.images;
    if images.channels != 1 {
        return Err(ConfigError::Conflict {
            what: format!(
                "`data.images.stack` is for grey images, and these have {} channels",
                images.channels
            ),
            remedy: "give `data.images.channels = 1`".to_string(),
        }
        .into());
    }
    let (n, size, count) = (images.n, images.height * images.width, config.data.images.stack);
    let mut rows: Vec<Vec<usize>> = (0..n).map(|row| vec![row]).collect();
    for part in [&split.train, &split.valid, &split.test] {
        for channel in 1..count {
            let mut random = Seed(config.seed).stream(&format!("stack {channel}"));
            let mut order = part.clone();
            shuffle(&mut order, &mut random);
            part.iter().zip(order).for_each(|(&row, other)| rows[row].push(other));
        }
    }
    let mut pixels = Vec::with_capacity(n * size * count);
    for stack in &rows {
        pixels.extend((0..size).flat_map(|i| stack.iter().map(move |row| images.pixels[row * size + i])));
    }
    source.labels = source.labels.take().map(|labels| {
        let text = |stack: &Vec<usize>| stack.iter().map(|&row| labels[row].clone()).collect();
        rows.iter().map(text).collect()
    });
    source.images = Images { pixels, channels: count, labels: None, ..source.images.clone() };
    Ok(())
}

/// Pixels as zeros and ones. Training rows that are drawn anew at each step stay grey.
fn binarize(rule: Binarization, images: &mut Images, split: &Split, notes: &mut Vec<String>) {
    let width = images.height * images.width * images.channels;
    match rule {
        Binarization::None => return,
        Binarization::Static | Binarization::Threshold => rule.apply(&mut images.pixels, width),
        Binarization::Dynamic => {
            for &row in split.valid.iter().chain(&split.test) {
                rule.apply(&mut images.pixels[row * width..(row + 1) * width], width);
            }
        }
    }
    let name = rule.name();
    notes
        .push(format!("pixels are zeros and ones ({name} binarization); losses compare with its kind alone"));
}

/// Labels by name, or as numbers where they have no names.
pub(crate) fn label_texts(labels: &[u8], names: Option<&[String]>) -> Vec<Option<String>> {
    let text = |label: &u8| {
        let name = names.and_then(|names| names.get(usize::from(*label)));
        Some(name.cloned().unwrap_or_else(|| label.to_string()))
    };
    labels.iter().map(text).collect()
}

/// More files than this are one line of a run's record.
const MOST_FILES: usize = 16;

/// The record of images that were read from `path`: each file, or for a folder of many one digest of all names and
/// digests.
fn image_files(path: &Path, files: &[PathBuf]) -> Result<Vec<DataFile>> {
    let each: Vec<DataFile> = files.iter().map(|file| data_file(file)).collect::<Result<_>>()?;
    if each.len() <= MOST_FILES {
        return Ok(each);
    }
    let lines = each.iter().map(|file| {
        let name = file.path.strip_prefix(path).unwrap_or(&file.path);
        format!("{}  {}\n", file.sha256, name.display())
    });
    let sha256 = catalog::sha256_of_bytes(lines.collect::<String>().as_bytes());
    Ok(vec![DataFile { path: path.to_path_buf(), sha256 }])
}
