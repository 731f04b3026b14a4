//! The data of a run: found, read, parted and encoded.

pub(crate) mod few;
mod gather;
mod image;
pub(crate) mod labelled;
pub(crate) mod search;
mod table;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::codec::{BlockKind, Codec};
use crate::data::catalog;
use crate::data::split::{self, Fractions};
use crate::data::{self, Binarization, Data, Kind, Matrix, Mixture, OrderFlow, Schema, Split, TextLayout};
use crate::error::{ConfigError, Result, RunError};
use crate::models::{Layout, ModelConfig, Rows, VaeConfig};
use crate::nn::{Activation, LayerConfig, LikelihoodConfig};
use crate::run::check;
use crate::run::config::{Config, DataConfig, FigureConfig, FigureKind, SplitBy, SplitConfig};
use crate::run::report::judge;
use crate::seed::Seed;
use crate::train::{Adam, OptimizerConfig, TrainConfig};

use image::{given_images, load_images};
pub(crate) use image::{image_options, label_texts};
pub use table::{TableReading, table_options};
pub(crate) use table::{below, counts, read_options_of, table_layout};
use table::{given_table, load_table};
pub(crate) use window::{Windowing, series_layout};

/// A data file and its digest, for the record of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its path as it was given.
    pub path: PathBuf,
    /// The sha256 of its bytes.
    pub sha256: String,
}

/// The data of a run, encoded.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) content: Data,
    pub(crate) codec: Option<Codec>,
    pub(crate) matrix: Matrix,
    pub(crate) split: Split,
    /// The target's text of each row.
    pub(crate) labels: Option<Vec<Option<String>>>,
    /// The classes that rows are labelled with, and the number of each row's class; -1 is none.
    pub(crate) classes: Vec<String>,
    pub(crate) class_numbers: Vec<f32>,
    /// Training rows whose labels may be learned from, where not all of them may.
    pub(crate) labelled: Option<Vec<usize>>,
    /// Values of the target that mean yes.
    pub(crate) positive: Vec<String>,
    /// Rows of the second set of a coupled network, which are in no part of the split.
    pub(crate) second: Option<Second>,
    pub(crate) layout: Layout,
    /// Of windows of series how a table becomes them.
    pub(crate) windows: Option<Windowing>,
    pub(crate) files: Vec<DataFile>,
    /// How a delimited text is laid out, where it is not plain.
    pub(crate) text: Option<TextLayout>,
    /// What a user should know.
    pub(crate) notes: Vec<String>,
}

/// Rows of a second set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Second {
    pub(crate) train: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

/// What rows are labelled with.
#[derive(Debug, Default)]
struct Labels {
    labels: Option<Vec<Option<String>>>,
    positive: Vec<String>,
}

impl Dataset {
    /// Labelled rows. Those of a table are its matrix, those of images their pixels.
    fn new(content: Data, split: Split, of: Labels, mut layout: Layout) -> Self {
        let (classes, class_numbers) = numbered(of.labels.as_deref());
        layout.classes = classes.len();
        Self {
            content,
            codec: None,
            matrix: Matrix::default(),
            split,
            labels: of.labels,
            classes,
            class_numbers,
            labelled: None,
            positive: of.positive,
            second: None,
            layout,
            windows: None,
            files: Vec::new(),
            text: None,
            notes: Vec::new(),
        }
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        let rows = match &self.content {
            Data::Images(images) => Rows::bytes(&images.pixels, self.layout.width()),
            Data::Table(..) => Rows::matrix(&self.matrix),
        };
        rows.labelled(&self.class_numbers)
    }

    /// Training rows whose labels may be learned from.
    pub(crate) fn seen(&self) -> Vec<usize> {
        let is_labelled = |row: &usize| self.class_numbers.get(*row).is_some_and(|class| *class >= 0.0);
        match &self.labelled {
            Some(rows) => rows.clone(),
            None => self.split.train.iter().copied().filter(is_labelled).collect(),
        }
    }

    /// The number of a row's class, where it is known; for reports, which may look at all labels.
    pub(crate) fn truth(&self, row: usize) -> Option<u16> {
        let label = self.labels.as_ref()?.get(row)?.as_ref()?;
        self.classes.iter().position(|class| class == label).map(|class| class as u16)
    }

    /// The rows that are reported on: test rows, or validation rows where there are none.
    pub(crate) fn tested(&self) -> &[usize] {
        if self.split.test.is_empty() { &self.split.valid } else { &self.split.test }
    }

    /// Encoded training rows as a model in use sees them: not grey where each step draws zeros and ones anew.
    pub(crate) fn fixed(&self, rows: &[usize]) -> Option<Vec<u8>> {
        let Data::Images(images) = &self.content else { return None };
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
    Simulated(OrderFlow),
    Stored(StoredPlace),
}

/// Where data lies in files.
enum StoredPlace {
    Known(catalog::Located),
    File(PathBuf),
}

impl StoredPlace {
    fn holds_images(&self, config: &Config) -> bool {
        match self {
            Self::Known(located) => {
                let reading = located.variant.reading;
                reading.is_of_images() && (config.data.table.is_none() || reading.table().is_none())
            }
            Self::File(path) => looks_like_images(path),
        }
    }
}

/// Data in memory, parted and encoded as `config` says.
pub(crate) fn given(config: &mut Config, data: Data) -> Result<Dataset> {
    let mut data = match data {
        Data::Table(table, schema) => given_table(config, &table, &schema)?,
        Data::Images(images) => given_images(config, images)?,
    };
    labelled::hide(config, &mut data)?;
    told(config, &mut data);
    Ok(data)
}

/// What is to be said of data beside what reading says.
fn told(config: &Config, data: &mut Dataset) {
    let figures = check::figure::notes(config, data);
    data.notes.extend(figures);
    data.notes.extend(judge::note(config, &data.layout));
}

/// Finds, reads, parts and encodes the data of `config`; `data` overrides what the configuration names.
pub(crate) fn load(config: &mut Config, data: Option<&Path>, data_dir: &Path) -> Result<Dataset> {
    let place = find(config, data, data_dir)?;
    let mut notes = Vec::new();
    if let Place::Stored(StoredPlace::Known(located)) = &place {
        notes.push(format!("data: {} ({})", located.dataset.about, located.variant.about));
    }
    let second = config.data.images.second.as_ref().map(|name| named(name, None, data_dir)).transpose()?;
    let mut data = match &place {
        Place::Stored(stored) if stored.holds_images(config) => {
            load_images(config, stored, second.as_ref(), notes)?
        }
        place => load_table(config, place, notes)?,
    };
    labelled::hide(config, &mut data)?;
    told(config, &mut data);
    Ok(data)
}

fn find(config: &Config, data: Option<&Path>, data_dir: &Path) -> Result<Place> {
    let name = config.data.table.as_ref().or(config.data.images.source.as_ref());
    if let Some(path) = data {
        return Ok(Place::Stored(StoredPlace::File(path.to_path_buf())));
    }
    if let Some(mixture) = config.data.mixture {
        return Ok(Place::Made(mixture));
    }
    if let Some(flow) = config.data.order_flow {
        return Ok(Place::Simulated(flow));
    }
    let Some(name) = name else {
        return Err(RunError::NoData {
            reason: "neither a data file nor a recipe names the data".to_string(),
            remedy: "name a file, or a recipe such as `heart-vae`".to_string(),
        }
        .into());
    };
    named(name, config.data.variant.as_deref(), data_dir).map(Place::Stored)
}

/// A file or folder of that name, or else a known data set, in the form that is asked for.
fn named(name: &str, variant: Option<&str>, data_dir: &Path) -> Result<StoredPlace> {
    if Path::new(name).exists() && (variant.is_none() || catalog::find(name).is_err()) {
        if let Some(variant) = variant {
            return Err(ConfigError::Conflict {
                what: format!("`data.variant` is `{variant}`, and `{name}` is a file or folder"),
                remedy: "leave it out: known data sets have forms, files have one".to_string(),
            }
            .into());
        }
        return Ok(StoredPlace::File(PathBuf::from(name)));
    }
    match catalog::find(name) {
        Ok(dataset) => Ok(StoredPlace::Known(dataset.locate(data_dir, variant)?)),
        // A path says by its form that it is one.
        Err(_) if name.contains(['/', '\\', '.']) => Err(data::not_found(Path::new(name)).into()),
        Err(_) => {
            let nearest = data::nearest_name(name, catalog::all().iter().map(|dataset| dataset.name));
            Err(RunError::NoSuchData { name: name.to_string(), nearest }.into())
        }
    }
}

/// Whether a path is read as images rather than as a table: a folder, or a file with the name of one of images.
pub fn looks_like_images(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.is_dir()
        || name.contains("-idx3-ubyte")
        || name.ends_with(".idx")
        || name.ends_with(".idx.gz")
        || data::is_picture(path)
        || data::is_records(path)
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

/// The default configuration for data: for a table a chain that makes rows and a detector that scores them, for images a
/// variational autoencoder.
pub(crate) fn default_for(data: &Path, target: Option<&str>) -> Config {
    let mut config = if looks_like_images(data) {
        Config {
            model: variational(16, &[256], LikelihoodConfig::Bernoulli),
            train: TrainConfig { epochs: 20, patience: Some(5), ..TrainConfig::default() },
            figure: figures(&[FigureKind::LossCurves, FigureKind::ImagePairs, FigureKind::ImageSamples]),
            ..Config::default()
        }
    } else {
        let mut config = Config::default_for_tables();
        config.figure = figures(&[FigureKind::Columns, FigureKind::Correlation]);
        config
    };
    config.about = format!("Fitted to {}", data.display());
    config.data.target = target.map(str::to_string);
    config
}

fn figures(kinds: &[FigureKind]) -> Vec<FigureConfig> {
    kinds.iter().map(|kind| FigureConfig { kind: *kind, ..FigureConfig::default() }).collect()
}

/// The default for tables with another model named by overrides: what it needs beside its own settings. A variational
/// autoencoder gets a likelihood for each kind of column, a model of series all rows; only a model that makes rows gets the
/// figure of columns.
pub(crate) fn default_with(default: Config, sets: &[(String, String)]) -> Config {
    let names = |model: &str| {
        let path = format!("model.{model}");
        sets.iter().any(|(key, value)| {
            key == "model" && value == model || *key == path || key.starts_with(&format!("{path}."))
        })
    };
    if default.model.table().is_some() && ["series", "window-copula", "candle-copula"].into_iter().any(names)
    {
        let mut config = Config { figure: Vec::new(), ..default };
        (config.data.split.valid, config.data.split.test) = (0.0, 0.0);
        return config;
    }
    if default.model.table().is_none() || !names("vae") {
        return default;
    }
    let mut config = Config { about: default.about, ..Config::default() };
    config.data = DataConfig { split: SplitConfig::default(), ..default.data };
    config.codec.numeric = crate::codec::Numeric::Quantile;
    config.figure = figures(&[FigureKind::LossCurves, FigureKind::Columns, FigureKind::Correlation]);
    config.model = variational(16, &[128, 128], LikelihoodConfig::Mixed);
    config.train = TrainConfig {
        epochs: 200,
        patience: Some(15),
        optimizer: OptimizerConfig::Adam(Adam { rate: 0.001, ..Adam::default() }),
        clip_norm: Some(10.0),
        ..TrainConfig::default()
    };
    config
}

/// A variational autoencoder with the same dense layers on both sides.
fn variational(latent: usize, layers: &[usize], likelihood: LikelihoodConfig) -> ModelConfig {
    let dense = |units: &usize| LayerConfig::Dense { units: *units, activation: Activation::Relu };
    let (encoder, decoder) = (layers.iter().map(dense).collect(), layers.iter().map(dense).collect());
    ModelConfig::Vae(VaeConfig { latent, encoder, decoder, likelihood, ..VaeConfig::default() })
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
    let images = data::Images { n, height: 1, width: 1, channels: 1, pixels: Vec::new(), labels: None };
    let layout = Layout { dims: dims.to_vec(), ..Layout::default() };
    Dataset::new(Data::Images(images), Split::default(), Labels::default(), layout)
}
