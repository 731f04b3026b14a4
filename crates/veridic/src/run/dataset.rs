//! The data of a run: found, read, parted and encoded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::config::{Config, DataConfig, SplitBy};
use super::drawable;
use crate::codec::{BlockKind, Codec, ImageCodec};
use crate::data::catalog::{self, Role, TableFormat};
use crate::data::split::{self, Fractions};
use crate::data::{
    self, Binarization, Cells, Column, ImageOptions, Images, Kind, MISSING, Matrix, Mixture, ReadOptions,
    Schema, Split, Table, read, read_as,
};
use crate::error::{ConfigError, Result, RunError};
use crate::models::{Layout, Rows};
use crate::seed::Seed;

/// A data file and its digest, for the record of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its path as it was given.
    pub path: PathBuf,
    /// The sha256 of its bytes.
    pub sha256: String,
}

/// What the data is, before it is encoded.
#[derive(Debug)]
pub(crate) enum Content {
    Table { table: Table, schema: Schema },
    Images(Images),
}

/// The data of a run, encoded.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) content: Content,
    pub(crate) codec: Option<Codec>,
    pub(crate) matrix: Matrix,
    pub(crate) split: Split,
    /// The target's text of each row.
    pub(crate) labels: Option<Vec<Option<String>>>,
    /// The classes that rows are labelled with, and the number of each row's class; -1 is none.
    pub(crate) classes: Vec<String>,
    pub(crate) class_numbers: Vec<f32>,
    /// Values of the target that mean yes.
    pub(crate) positive: Vec<String>,
    pub(crate) layout: Layout,
    pub(crate) files: Vec<DataFile>,
    /// What a user should know.
    pub(crate) notes: Vec<String>,
}

impl Dataset {
    pub(crate) fn rows(&self) -> Rows<'_> {
        let rows = match &self.content {
            Content::Images(images) => Rows::bytes(&images.pixels, self.layout.width()),
            Content::Table { .. } => Rows::matrix(&self.matrix),
        };
        rows.labelled(&self.class_numbers)
    }

    /// The rows that are reported on: test rows, or validation rows where there are none.
    pub(crate) fn tested(&self) -> &[usize] {
        if self.split.test.is_empty() { &self.split.valid } else { &self.split.test }
    }

    /// Encoded training rows as a model in use sees them: not grey where each step draws zeros and ones anew.
    pub(crate) fn fixed(&self, rows: &[usize]) -> Option<Vec<u8>> {
        let Content::Images(images) = &self.content else { return None };
        let width = self.layout.width();
        let mut pixels: Vec<u8> =
            rows.iter().flat_map(|&row| &images.pixels[row * width..(row + 1) * width]).copied().collect();
        if self.layout.redrawn {
            Binarization::Dynamic.apply(&mut pixels, width);
        }
        Some(pixels)
    }

    /// Whether each of `rows` is positive; `None` without labels or where the positive values are not known.
    pub(crate) fn positives(&self, rows: &[usize]) -> Option<Vec<bool>> {
        let labels = self.labels.as_ref().filter(|_| !self.positive.is_empty())?;
        let is = |row: &usize| labels[*row].as_ref().is_some_and(|label| self.positive.contains(label));
        Some(rows.iter().map(is).collect())
    }
}

/// Row numbers as plans take them.
pub(crate) fn index(rows: &[usize]) -> Vec<u32> {
    rows.iter().map(|&row| row as u32).collect()
}

/// Where the data of a configuration lies.
enum Place {
    Made(Mixture),
    Known(catalog::Located),
    File(PathBuf),
}

/// Finds, reads, parts and encodes the data of `config`; `data` overrides what the configuration names.
pub(crate) fn load(config: &mut Config, data: Option<&Path>, data_dir: &Path) -> Result<Dataset> {
    let place = find(config, data, data_dir)?;
    let is_images = match &place {
        Place::Made(_) => false,
        Place::Known(located) => {
            let reading = located.variant.reading;
            reading.is_of_images() && (config.data.table.is_none() || reading.table().is_none())
        }
        Place::File(path) => looks_like_images(path),
    };
    let mut notes = Vec::new();
    if let Place::Known(located) = &place {
        notes.push(format!("data: {} ({})", located.dataset.about, located.variant.about));
    }
    let mut data =
        if is_images { load_images(config, &place, notes)? } else { load_table(config, &place, notes)? };
    let figures = drawable::notes(config, &data);
    data.notes.extend(figures);
    Ok(data)
}

fn find(config: &Config, data: Option<&Path>, data_dir: &Path) -> Result<Place> {
    let name = config.data.table.as_ref().or(config.data.images.as_ref());
    if let Some(path) = data {
        return Ok(Place::File(path.to_path_buf()));
    }
    if let Some(mixture) = config.data.mixture {
        return Ok(Place::Made(mixture));
    }
    let Some(name) = name else {
        return Err(RunError::NoData {
            reason: "neither a data file nor a recipe names the data".to_string(),
            remedy: "name a file (`veridic fit DATA.csv`) or a recipe (`--recipe heart-vae`)".to_string(),
        }
        .into());
    };
    if Path::new(name).exists() {
        return Ok(Place::File(PathBuf::from(name)));
    }
    match catalog::find(name) {
        Ok(dataset) => Ok(Place::Known(dataset.locate(data_dir)?)),
        // A path says by its form that it is one.
        Err(_) if name.contains(['/', '\\', '.']) => Err(data::not_found(Path::new(name)).into()),
        Err(_) => {
            let nearest = data::nearest_name(name, catalog::all().iter().map(|dataset| dataset.name));
            Err(RunError::NoSuchData { name: name.clone(), nearest }.into())
        }
    }
}

pub(crate) fn looks_like_images(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.is_dir()
        || name.contains("-idx3-ubyte")
        || name.ends_with(".idx")
        || name.ends_with(".idx.gz")
        || data::is_picture(path)
        || data::is_records(path)
}

/// The format of a file that lies where a known data set keeps it (`adult/adult.data.gz`, say).
fn known_format(path: &Path) -> Option<&'static TableFormat> {
    let plain = |text: &str| text.trim_end_matches(".gz").to_string();
    let given = plain(&path.to_string_lossy());
    let variants = catalog::all().iter().flat_map(|dataset| dataset.variants);
    let mut files = variants.flat_map(|variant| variant.files.iter().map(move |file| (variant, file)));
    let (variant, _) = files
        .find(|(_, file)| given.ends_with(&format!("/{}", plain(file.path))) || given == plain(file.path))?;
    variant.reading.table()
}

/// How the file at `path` is read in a run of this configuration.
pub(crate) fn read_options_of(config: &Config, path: &Path) -> ReadOptions {
    read_options(config, known_format(path))
}

fn read_options(config: &Config, format: Option<&TableFormat>) -> ReadOptions {
    let mut options = ReadOptions { categorical: config.data.categorical.clone(), ..ReadOptions::default() };
    if let Some(format) = format {
        options.names = format.names.map(|names| names.iter().map(ToString::to_string).collect());
        options.header = Some(format.header);
        options.delimiter = Some(char::from(format.delimiter));
        options.missing.extend(format.missing.iter().map(ToString::to_string));
    }
    options
}

/// A table read from files, or drawn.
struct Source {
    table: Table,
    schema: Schema,
    files: Vec<DataFile>,
    /// Rows of the training file where there is a test file, else 0.
    n_train: usize,
}

fn read_table(config: &Config, place: &Place, notes: &mut Vec<String>) -> Result<Source> {
    let (format, train, test) = match place {
        Place::Made(mixture) => {
            notes.push(format!("data: {}", mixture.label()));
            let table = mixture.draw(Seed(config.seed));
            let schema = Schema::of(&table);
            return Ok(Source { table, schema, files: Vec::new(), n_train: 0 });
        }
        Place::Known(located) => {
            let format = located.variant.reading.table();
            let one = |role| located.files_of(role).next().map(Path::to_path_buf);
            let train = one(Role::Train).ok_or_else(|| RunError::NoData {
                reason: format!("`{}` has no training rows", located.dataset.name),
                remedy: "name a file instead".to_string(),
            })?;
            (format, train, one(Role::Test))
        }
        Place::File(path) => (known_format(path), path.clone(), None),
    };
    let options = read_options(config, format);
    let (mut table, schema) = match &config.data.schema {
        None => read(&train, &options)?,
        Some(path) => {
            let given = Schema::load(path)?;
            let (table, differences) = read_as(&train, &given, &options)?;
            notes.extend(differences.iter().map(|difference| format!("schema: {difference}")));
            let schema = given.refreshed(&table);
            (table, schema)
        }
    };
    let mut files = vec![data_file(&train)?];
    let mut n_train = table.n_rows;
    if let Some(test) = test {
        let (more, differences) = read_as(&test, &schema, &options)?;
        notes.extend(differences.iter().map(|difference| format!("test file: {difference}")));
        append(&mut table, &more, format.and_then(|format| format.target_suffix));
        files.push(data_file(&test)?);
    } else {
        n_train = 0;
    }
    Ok(Source { table, schema, files, n_train })
}

fn load_table(config: &mut Config, place: &Place, mut notes: Vec<String>) -> Result<Dataset> {
    let Source { mut table, mut schema, files, mut n_train } = read_table(config, place, &mut notes)?;
    let target = config.data.target.clone();
    if let Some(target) = &target {
        table.target(target)?;
    }
    for name in &config.data.drop {
        table.require(name)?;
    }
    if config.data.complete_rows {
        let complete = table.complete_rows();
        if complete.len() < table.n_rows {
            notes.push(format!(
                "{} of {} rows have missing cells and are left out",
                table.n_rows - complete.len(),
                table.n_rows
            ));
            n_train = complete.iter().filter(|&&row| row < n_train).count();
            table = table.take(&complete);
            schema = schema.refreshed(&table);
        }
    }
    let labels = target.as_ref().and_then(|name| table.column(name)).map(labels);
    let mut positive = config.data.positive.clone();
    if let (Some(labels), true) = (&labels, positive.is_empty()) {
        positive = rarer(labels);
        if let [value] = positive.as_slice() {
            let target = target.as_deref().unwrap_or_default();
            notes.push(format!("`{target}` = {value} is the rarer value and counts as positive"));
            config.data.positive.clone_from(&positive);
        }
    } else if let Some(labels) = &labels {
        for value in &positive {
            if !labels.iter().flatten().any(|label| label == value) {
                return Err(ConfigError::Range {
                    field: "data.positive".to_string(),
                    found: format!("`{value}`"),
                    allowed: format!(
                        "a value of `{}`: {}",
                        target.as_deref().unwrap_or_default(),
                        some_values(labels)
                    ),
                }
                .into());
            }
        }
    }
    let n_rows = table.n_rows;
    let split = match n_train {
        0 => split_rows(config, &table, labels.as_deref(), &positive)?,
        n => with_test_file(config, n, n_rows)?,
    };
    let mut codec_config = config.codec.clone();
    codec_config.drop.extend(config.data.drop.iter().cloned());
    if let (Some(target), false) = (&target, config.data.model_target) {
        codec_config.drop.push(target.clone());
    }
    let codec = Codec::fit(&codec_config, &table, &schema, &split.train)?;
    for (name, why) in codec.left_out() {
        if !codec_config.drop.iter().any(|dropped| dropped == name) {
            notes.push(format!("`{name}` is left out: {}", why.reason()));
        }
    }
    if codec.width() == 0 {
        return Err(RunError::NoData {
            reason: "no column is left to learn from".to_string(),
            remedy: "see the kinds in schema.json; identifiers, constants and dropped columns are left out"
                .to_string(),
        }
        .into());
    }
    let matrix = codec.encode(&table)?;
    let mut layout = table_layout(&codec, target.as_deref());
    let (classes, class_numbers) = numbered(labels.as_deref());
    layout.classes = classes.len();
    let content = Content::Table { table, schema };
    Ok(Dataset {
        content,
        codec: Some(codec),
        matrix,
        split,
        labels,
        classes,
        class_numbers,
        positive,
        layout,
        files,
        notes,
    })
}

/// The layout of encoded rows: the encoder does not see the target's columns.
pub(crate) fn table_layout(codec: &Codec, target: Option<&str>) -> Layout {
    let blocks = codec.blocks().to_vec();
    let of_target = blocks.iter().filter(|block| Some(block.column.as_str()) == target);
    let unseen = of_target
        .flat_map(|block| (block.start..block.start + block.width).chain(block.missing_at))
        .collect();
    Layout { dims: vec![codec.width()], blocks, unseen, ..Layout::default() }
}

/// Rows of a test file below those of the training file. Texts that differ by the suffix alone are the same.
fn append(table: &mut Table, more: &Table, suffix: Option<&str>) {
    for column in &mut table.columns {
        let other = more.column(&column.name);
        match (&mut column.cells, other.map(|column| &column.cells)) {
            (Cells::Number(values), Some(Cells::Number(more))) => values.extend_from_slice(more),
            (Cells::Text { codes, levels }, Some(Cells::Text { codes: more_codes, levels: more_levels })) => {
                let map: Vec<u32> = more_levels
                    .iter()
                    .map(|level| {
                        let short = suffix.and_then(|suffix| level.strip_suffix(suffix));
                        let known = |text: &str| levels.iter().position(|known| known == text);
                        let at = known(level).or_else(|| short.and_then(known)).unwrap_or_else(|| {
                            levels.push(level.clone());
                            levels.len() - 1
                        });
                        at as u32
                    })
                    .collect();
                codes.extend(
                    more_codes.iter().map(|&code| map.get(code as usize).copied().unwrap_or(MISSING)),
                );
            }
            (Cells::Number(values), _) => values.extend(std::iter::repeat_n(f64::NAN, more.n_rows)),
            (Cells::Text { codes, .. }, _) => codes.extend(std::iter::repeat_n(MISSING, more.n_rows)),
        }
    }
    table.n_rows += more.n_rows;
}

/// The text of each cell of the target.
pub(crate) fn labels(column: &Column) -> Vec<Option<String>> {
    (0..column.cells.len())
        .map(|row| match &column.cells {
            Cells::Number(values) => (!values[row].is_nan()).then(|| values[row].to_string()),
            cells @ Cells::Text { .. } => cells.text(row).map(str::to_string),
        })
        .collect()
}

/// The rarer of two values; nothing where there are more.
fn rarer(labels: &[Option<String>]) -> Vec<String> {
    let counts = counts(labels);
    match counts.as_slice() {
        [(a, n), (b, m)] => vec![if n <= m { a.clone() } else { b.clone() }],
        _ => vec![],
    }
}

/// Distinct values with their numbers, sorted by value.
pub(crate) fn counts(labels: &[Option<String>]) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for label in labels.iter().flatten() {
        *counts.entry(label.clone()).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

fn some_values(labels: &[Option<String>]) -> String {
    let values: Vec<String> =
        counts(labels).into_iter().take(8).map(|(value, _)| format!("`{value}`")).collect();
    values.join(", ")
}

fn split_rows(
    config: &Config,
    table: &Table,
    labels: Option<&[Option<String>]>,
    positive: &[String],
) -> Result<Split> {
    let SplitBy::OneClass = config.data.split.by else {
        let fractions = Fractions { valid: config.data.split.valid, test: config.data.split.test };
        let seed = Seed(config.seed);
        let column = config.data.split.column.as_deref().unwrap_or_default();
        let target = config.data.target.as_deref().and_then(|name| table.column(name));
        return Ok(match (config.data.split.by, target) {
            (SplitBy::Entity, _) => split::by_entity(table.require(column)?, fractions, seed)?,
            (SplitBy::Time, _) => split::by_time(table.require(column)?, fractions)?,
            (SplitBy::Order, _) => split::in_order(table.n_rows, fractions)?,
            (SplitBy::Stratified, Some(target)) => split::stratified(target, fractions, seed)?,
            _ => split::random(table.n_rows, fractions, seed)?,
        });
    };
    let labels = labels.unwrap_or_default();
    let is_positive = |row: usize| labels[row].as_ref().is_some_and(|label| positive.contains(label));
    let normal: Vec<usize> = (0..table.n_rows).filter(|&row| !is_positive(row)).collect();
    let halves = split::random(normal.len(), Fractions { valid: 0.0, test: 0.5 }, Seed(config.seed))?;
    let learn: Vec<usize> = halves.train.iter().map(|&i| normal[i]).collect();
    let mut test: Vec<usize> = halves.test.iter().map(|&i| normal[i]).collect();
    test.extend((0..table.n_rows).filter(|&row| is_positive(row)));
    test.sort_unstable();
    let fractions = Fractions { valid: config.data.split.valid, test: 0.0 };
    let parts = split::random(learn.len(), fractions, Seed(config.seed))?;
    let pick = |part: &[usize]| part.iter().map(|&i| learn[i]).collect();
    Ok(Split { train: pick(&parts.train), valid: pick(&parts.valid), test })
}

/// The training file parted into training and validation, the test file as it is.
fn with_test_file(config: &Config, n_train: usize, n_rows: usize) -> Result<Split> {
    let fractions = Fractions { valid: config.data.split.valid, test: 0.0 };
    let parts = match config.data.split.by {
        SplitBy::Order => split::in_order(n_train, fractions)?,
        _ => split::random(n_train, fractions, Seed(config.seed))?,
    };
    Ok(Split { test: (n_train..n_rows).collect(), ..parts })
}

/// How the images of a run of this configuration are read.
pub(crate) fn image_options(config: &Config) -> ImageOptions {
    let DataConfig { channels, size, skip_corrupt, .. } = config.data;
    ImageOptions { channels, size, skip_corrupt }
}

fn load_images(config: &mut Config, place: &Place, mut notes: Vec<String>) -> Result<Dataset> {
    let options = image_options(config);
    let (set, files) = match place {
        Place::Known(located) => {
            let set = data::read_known_images(located, &options)?;
            let files = set.files.iter().map(|path| data_file(path)).collect::<Result<_>>()?;
            (set, files)
        }
        Place::Made(_) => unreachable!("a table"),
        Place::File(path) => {
            let set = data::read_images(path, &options)?;
            let files = image_files(path, &set.files)?;
            (set, files)
        }
    };
    notes.extend(set.notes);
    let (mut images, test, names) = (set.train, set.test, set.names);
    let n_train = images.n;
    let split = match test {
        Some(test) => {
            let (first, other) = (ImageCodec::of(&images), ImageCodec::of(&test));
            if first != other {
                return Err(RunError::OtherImages {
                    expected: first.described(),
                    found: other.described(),
                    path: None,
                }
                .into());
            }
            images.pixels.extend_from_slice(&test.pixels);
            images.n += test.n;
            match (&mut images.labels, test.labels) {
                (Some(labels), Some(more)) => labels.extend_from_slice(&more),
                (labels, _) => *labels = None,
            }
            with_test_file(config, n_train, images.n)?
        }
        None => {
            let fractions = Fractions { valid: config.data.split.valid, test: config.data.split.test };
            match config.data.split.by {
                SplitBy::Order => split::in_order(n_train, fractions)?,
                _ => split::random(n_train, fractions, Seed(config.seed))?,
            }
        }
    };
    binarize(config.data.binarization, &mut images, &split, &mut notes);
    let labels = images.labels.as_ref().map(|labels| label_texts(labels, names.as_deref()));
    let (classes, class_numbers) = numbered(labels.as_deref());
    let layout = Layout {
        dims: vec![images.height, images.width, images.channels],
        blocks: Vec::new(),
        unseen: Vec::new(),
        classes: classes.len(),
        redrawn: config.data.binarization == Binarization::Dynamic,
    };
    let positive = config.data.positive.clone();
    let content = Content::Images(images);
    Ok(Dataset {
        content,
        codec: None,
        matrix: Matrix::default(),
        split,
        labels,
        classes,
        class_numbers,
        positive,
        layout,
        files,
        notes,
    })
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

fn data_file(path: &Path) -> Result<DataFile> {
    // `archive.zip/member.csv` is a part of a file: the archive is what is there.
    let file = path.ancestors().find(|path| path.is_file()).unwrap_or(path);
    Ok(DataFile { path: path.to_path_buf(), sha256: catalog::sha256_of(file)? })
}

/// The classes there are, in order, and the number of each row's; -1 for rows without a label.
fn numbered(labels: Option<&[Option<String>]>) -> (Vec<String>, Vec<f32>) {
    let labels = labels.unwrap_or_default();
    let mut classes: Vec<String> =
        labels.iter().flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    // Numbers in their own order.
    if classes.iter().all(|class| class.parse::<f64>().is_ok()) {
        classes.sort_by(|a, b| {
            let number = |text: &str| text.parse::<f64>().unwrap_or_default();
            number(a).total_cmp(&number(b))
        });
    }
    let at: BTreeMap<&str, f32> =
        classes.iter().enumerate().map(|(i, class)| (class.as_str(), i as f32)).collect();
    let number =
        |label: &Option<String>| label.as_deref().and_then(|label| at.get(label)).copied().unwrap_or(-1.0);
    let numbers = labels.iter().map(number).collect();
    (classes, numbers)
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

/// The default configuration for a table: a variational autoencoder with a likelihood for each kind of column.
pub(crate) fn default_for(data: &Path, target: Option<&str>) -> Config {
    use crate::models::{ModelConfig, VaeConfig};
    use crate::nn::{Activation, LayerConfig, LikelihoodConfig};
    use crate::train::{Adam, OptimizerConfig, TrainConfig};

    let mut config = Config { about: format!("Fitted to {}", data.display()), ..Config::default() };
    config.data.target = target.map(str::to_string);
    let dense = |units| LayerConfig::Dense { units, activation: Activation::Relu };
    if looks_like_images(data) {
        config.model = ModelConfig::Vae(VaeConfig {
            latent: 16,
            encoder: vec![dense(256)],
            decoder: vec![dense(256)],
            likelihood: LikelihoodConfig::Bernoulli,
            ..VaeConfig::default()
        });
        config.train = TrainConfig { epochs: 20, patience: Some(5), ..TrainConfig::default() };
        return config;
    }
    config.codec.numeric = crate::codec::Numeric::Quantile;
    config.model = ModelConfig::Vae(VaeConfig {
        latent: 16,
        encoder: vec![dense(128), dense(128)],
        decoder: vec![dense(128), dense(128)],
        likelihood: LikelihoodConfig::Mixed,
        ..VaeConfig::default()
    });
    config.train = TrainConfig {
        epochs: 200,
        patience: Some(15),
        optimizer: OptimizerConfig::Adam(Adam { rate: 0.001, ..Adam::default() }),
        clip_norm: Some(10.0),
        ..TrainConfig::default()
    };
    config
}

/// Whether the target is a column the decoder speaks of as a category or flag.
pub(crate) fn target_block(layout: &Layout, target: Option<&str>) -> Option<(usize, usize, BlockKind)> {
    let block = layout.blocks.iter().find(|block| Some(block.column.as_str()) == target)?;
    (block.kind != BlockKind::Number).then_some((block.start, block.width, block.kind))
}

/// The kind of a column, by name.
pub(crate) fn kind<'a>(schema: &'a Schema, name: &str) -> Option<&'a Kind> {
    schema.column(name).map(|column| &column.kind)
}

/// Black images of shape `dims` that say they are `n`, for tests that look at shapes alone.
#[cfg(test)]
pub(crate) fn of_zeros(dims: &[usize], n: usize) -> Dataset {
    let images = Images { n, height: 1, width: 1, channels: 1, pixels: Vec::new(), labels: None };
    Dataset {
        content: Content::Images(images),
        codec: None,
        matrix: Matrix::default(),
        split: Split::default(),
        labels: None,
        classes: Vec::new(),
        class_numbers: Vec::new(),
        positive: Vec::new(),
        layout: Layout { dims: dims.to_vec(), ..Layout::default() },
        files: Vec::new(),
        notes: Vec::new(),
    }
}
