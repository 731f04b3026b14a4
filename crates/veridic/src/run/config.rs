//! The configuration of a run: TOML with every field defaulted, unknown keys refused, ranges checked.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::augment::AugmentConfig;
use crate::codec::CodecConfig;
use crate::data::{Binarization, Mixture, nearest_name};
use crate::error::{ConfigError, Result};
use crate::models::{ModelConfig, VaeConfig};
use crate::nn::{LikelihoodConfig, NoiseConfig, Variance};
use crate::run::map::MapConfig;
use crate::train::TrainConfig;

/// Everything a run is decided by; `config.toml` holds it with every default written out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// What the run is, in one line.
    pub about: String,
    /// The one seed of all random draws, 0 to 2^63 - 1.
    pub seed: u64,
    /// Which data, and how it is parted.
    pub data: DataConfig,
    /// How a table becomes a matrix; not used for images.
    pub codec: CodecConfig,
    /// Which model.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// What is reported beside losses.
    pub evaluate: EvaluateConfig,
    /// How a map of test rows in the latent space is made, reported as `map.…`; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapConfig>,
    /// Whether and how synthetic positive rows are measured by a classifier; off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<AugmentConfig>,
    /// Pictures drawn at the end.
    pub figure: Vec<FigureConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            about: String::new(),
            seed: 0,
            data: DataConfig::default(),
            codec: CodecConfig::default(),
            model: ModelConfig::Vae(VaeConfig::default()),
            train: TrainConfig::default(),
            evaluate: EvaluateConfig::default(),
            map: None,
            augment: None,
            figure: Vec::new(),
        }
    }
}

/// Which data, and how it is parted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataConfig {
    /// A known data set that is a table (`veridic data list`), or a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// A known data set of images, or a folder or file of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<String>,
    /// A small known world to draw the rows of a table from, in place of a data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixture: Option<Mixture>,
    /// Channels that all images get: 1 makes them grey, 3 color; as the files are by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Height and width that all images get, 1 to 4096 each; as the files are by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// Whether pictures that cannot be read are left out and counted, instead of an error.
    pub skip_corrupt: bool,
    /// The column that says what is to be told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Values of the target that mean yes (fraud, disease); found out for a target of two values: the rarer.
    pub positive: Vec<String>,
    /// Whether the decoder learns the target with the other columns, so that sampled rows have one. The encoder never
    /// sees it, and no score counts it.
    pub model_target: bool,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Columns of numbers that are categories.
    pub categorical: Vec<String>,
    /// A `schema.json`, such as an edited one of an earlier run, that says what the columns are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<PathBuf>,
    /// Whether rows with missing cells are left out.
    pub complete_rows: bool,
    /// How the pixels of images become zeros and ones, for the likelihood `bernoulli`.
    pub binarization: Binarization,
    /// How rows are parted.
    pub split: SplitConfig,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            table: None,
            images: None,
            mixture: None,
            channels: None,
            size: None,
            skip_corrupt: false,
            target: None,
            positive: Vec::new(),
            model_target: true,
            drop: Vec::new(),
            categorical: Vec::new(),
            schema: None,
            complete_rows: false,
            binarization: Binarization::None,
            split: SplitConfig::default(),
        }
    }
}

impl DataConfig {
    /// The first setting that only images can have and that is not left at its default.
    fn of_images(&self) -> Option<&'static str> {
        let set = [
            ("size", self.size.is_some()),
            ("channels", self.channels.is_some()),
            ("skip-corrupt", self.skip_corrupt),
            ("binarization", self.binarization != Binarization::None),
        ];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(field, _)| field)
    }
}

/// How rows are parted for training, validation and testing. Where a data set has a test file, `test` is not used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SplitConfig {
    /// The rule.
    pub by: SplitBy,
    /// The column of entities or times, for the rules that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Share of rows for validation, 0 to below 1.
    pub valid: f64,
    /// Share of rows for testing, 0 to below 1.
    pub test: f64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { by: SplitBy::Stratified, column: None, valid: 0.1, test: 0.2 }
    }
}

/// The rule by which rows are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitBy {
    /// At random.
    Random,
    /// At random, with the target's values in the same shares everywhere; without a target at random.
    #[default]
    Stratified,
    /// No entity of `column` is in two parts.
    Entity,
    /// By time of `column`: the oldest for training, the newest for testing.
    Time,
    /// In the order of the file: the first for training, the last for testing.
    Order,
    /// One class: half of the rows without a positive target for training (and validation), the other half and all
    /// positive rows for testing.
    OneClass,
}

/// What is reported beside losses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EvaluateConfig {
    /// Whether PCA reconstruction error and the distance to the 5th nearest training row are reported on the same
    /// rows, as `control.pca.…` and `control.knn.…`.
    pub controls: bool,
    /// Whether test rows are scored by their neighbors among the codes of training rows, positive and other, reported
    /// as `latent.…`.
    pub latent: bool,
    /// Synthetic rows compared with test rows, as `sample.…`; 0 is none.
    pub sample_rows: usize,
    /// Draws for each test row in the importance-weighted estimate of its log-likelihood, `test.nll`; 0 is none. The
    /// estimate falls as draws rise: compare equal numbers.
    pub nll_samples: usize,
    /// Times the estimate is made, with other draws; `test.nll` is the mean, `test.nll_sd` the spread.
    pub nll_repeats: usize,
    /// Rows that an adversarial network makes to be measured by, after each epoch and at the end, 10 to 1000000.
    pub made_rows: usize,
    /// Which figure of made rows chooses the best epoch (`sample.reverse_kl`, say), lower being better; by default the
    /// last epoch is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_by: Option<String>,
    /// Epochs from one picture of made rows in `samples/` to the next; 0 is none.
    pub picture_every: usize,
    /// Columns of a table that name what its rows were made from, for `latent.mig` and the like.
    pub factors: Vec<String>,
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            controls: false,
            latent: false,
            sample_rows: 2000,
            nll_samples: 0,
            nll_repeats: 1,
            made_rows: 2500,
            best_by: None,
            picture_every: 1,
            factors: Vec::new(),
        }
    }
}

/// A picture to draw at the end of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FigureConfig {
    /// What it shows.
    pub kind: FigureKind,
    /// Points or images along a side of a grid, at least 2.
    pub side: usize,
    /// Images, rows or samples shown, at least 1.
    pub count: usize,
    /// The test row to show: its number among rows of `label`.
    pub row: usize,
    /// The label whose rows are shown; any by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Latent values from and to which a traversal grid reaches in both dimensions.
    pub range: [f64; 2],
}

impl Default for FigureConfig {
    fn default() -> Self {
        Self { kind: FigureKind::LossCurves, side: 15, count: 10, row: 0, label: None, range: [-4.0, 4.0] }
    }
}

/// What a figure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FigureKind {
    /// Training and validation loss by epoch.
    LossCurves,
    /// What an adversarial network makes of the noise of its pictures.
    Made,
    /// Those pictures over training, as an animated PNG.
    Film,
    /// Losses, accuracies and gradients of both networks by epoch.
    GameCurves,
    /// Test rows in the first two latent dimensions, by label, with marginal histograms.
    LatentScatter,
    /// Test rows on the map that `[map]` asks for, by label; also as a page to look around in.
    LatentMap,
    /// Images decoded from a grid over the latent plane, placed by the inverse normal distribution function.
    LatentGrid,
    /// Images decoded from a grid of equal steps over `range` in the first two latent dimensions, the others at 0.
    TraversalGrid,
    /// Test images spoilt by the model's noise, restored, and as they were.
    Denoised,
    /// Scores of test rows by class.
    ScoreHistogram,
    /// One test row's actual and reconstructed encoded values, as overlaid bars.
    ReconstructionBars,
    /// Test images above their reconstructions.
    ImagePairs,
    /// Images sampled from the model.
    ImageSamples,
    /// Different draws from the posterior of one test image, decoded.
    PosteriorDraws,
    /// Sampled rows beside real ones, in original units.
    SampledRows,
    /// Receiver operating characteristic and precision-recall curve, with the controls where they are reported.
    RocPr,
    /// Correlations of real and of sampled rows.
    Correlation,
    /// A classifier with and without synthetic rows, as a table; needs the section `augment`.
    Augmentation,
    /// The layers.
    Diagram,
}

impl FigureKind {
    /// The name in recipes and of the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::LossCurves => "loss-curves",
            Self::Made => "made",
            Self::Film => "film",
            Self::GameCurves => "game-curves",
            Self::LatentScatter => "latent-scatter",
            Self::LatentMap => "latent-map",
            Self::LatentGrid => "latent-grid",
            Self::TraversalGrid => "traversal-grid",
            Self::Denoised => "denoised",
            Self::ScoreHistogram => "score-histogram",
            Self::ReconstructionBars => "reconstruction-bars",
            Self::ImagePairs => "image-pairs",
            Self::ImageSamples => "image-samples",
            Self::PosteriorDraws => "posterior-draws",
            Self::SampledRows => "sampled-rows",
            Self::RocPr => "roc-pr",
            Self::Correlation => "correlation",
            Self::Augmentation => "augmentation",
            Self::Diagram => "diagram",
        }
    }
}

impl Config {
    /// Reads a configuration; `origin` (a file, a recipe's name) is named in errors.
    ///
    /// # Errors
    /// Text that is not TOML, unknown keys (with the nearest known one), values out of range.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| toml_error(&error, text, origin))?;
        config.check()?;
        Ok(config)
    }

    /// The configuration as TOML, every default written out.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a configuration is plain data")
    }

    /// The configuration with values at paths replaced: `train.epochs=5`. A value is TOML, or else a string.
    ///
    /// # Errors
    /// A path that is not there, with the nearest key; a value of the wrong kind or out of range.
    pub fn with(&self, sets: &[(String, String)]) -> Result<Self> {
        self.check_seed()?;
        let config: Self = with_sets(self, sets)?;
        config.check()?;
        Ok(config)
    }

    /// TOML has no whole numbers beyond this, and `config.toml` must hold the seed.
    fn check_seed(&self) -> Result<()> {
        const LARGEST: u64 = i64::MAX as u64;
        if self.seed <= LARGEST {
            return Ok(());
        }
        let (field, found, allowed) = ("seed".into(), self.seed.to_string(), format!("0 to {LARGEST}"));
        Err(ConfigError::Range { field, found, allowed }.into())
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first value out of range, or settings that do not go together.
    pub fn check(&self) -> Result<()> {
        let range = |field: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: field.to_string(), found, allowed: allowed.to_string() }.into())
        };
        self.check_seed()?;
        if let Some((field, found, allowed)) = self.train.out_of_range() {
            return range(field, found, allowed);
        }
        if self.evaluate.sample_rows > MOST_SAMPLED {
            let found = self.evaluate.sample_rows.to_string();
            return range("evaluate.sample-rows", found, &format!("0 to {MOST_SAMPLED}"));
        }
        if let Some(map) = &self.map {
            map.check_as("map.")?;
        }
        if let Some(channels) = self.data.channels.filter(|channels| ![1, 3].contains(channels)) {
            return range("data.channels", channels.to_string(), "1 (grey) or 3 (color)");
        }
        if let Some([height, width]) = self.data.size
            && !((1..=4096).contains(&height) && (1..=4096).contains(&width))
        {
            return range("data.size", format!("[{height}, {width}]"), "1 to 4096 each");
        }
        let split = &self.data.split;
        for (field, share) in [("data.split.valid", split.valid), ("data.split.test", split.test)] {
            if !(0.0..1.0).contains(&share) {
                return range(field, share.to_string(), "0 to below 1");
            }
        }
        if split.valid + split.test >= 1.0 {
            let found = format!("{} and {}", split.valid, split.test);
            return range("data.split.valid + data.split.test", found, "below 1 together");
        }
        if let Some((field, found, allowed)) = self.data.mixture.and_then(|mixture| mixture.out_of_range()) {
            return range(&format!("data.mixture.{field}"), found, allowed);
        }
        if let ModelConfig::Gan(gan) = &self.model {
            gan.check()?;
        }
        if let ModelConfig::Vae(vae) = &self.model {
            if vae.latent == 0 || vae.latent > 65_536 {
                return range("model.vae.latent", vae.latent.to_string(), "1 to 65536");
            }
            if !(vae.beta >= 0.0 && vae.beta.is_finite()) {
                return range("model.vae.beta", vae.beta.to_string(), "0 and above");
            }
            if !(vae.free_bits >= 0.0 && vae.free_bits.is_finite()) {
                return range("model.vae.free-bits", vae.free_bits.to_string(), "0 and above");
            }
            if vae.samples == 0 || vae.samples > MOST_SAMPLES {
                return range("model.vae.samples", vae.samples.to_string(), &format!("1 to {MOST_SAMPLES}"));
            }
        }
        let evaluate = &self.evaluate;
        if evaluate.nll_samples > MOST_DRAWS {
            let allowed = format!("0 to {MOST_DRAWS}");
            return range("evaluate.nll-samples", evaluate.nll_samples.to_string(), &allowed);
        }
        if !(10..=MOST_SAMPLED).contains(&evaluate.made_rows) {
            let found = evaluate.made_rows.to_string();
            return range("evaluate.made-rows", found, &format!("10 to {MOST_SAMPLED}"));
        }
        if evaluate.nll_repeats == 0 || evaluate.nll_repeats > 1000 {
            return range("evaluate.nll-repeats", evaluate.nll_repeats.to_string(), "1 to 1000");
        }
        if let LikelihoodConfig::Categorical { levels } = self.model.likelihood()
            && !(levels.is_power_of_two() && (2..=256).contains(&levels))
        {
            let field = format!("model.{}.likelihood.categorical.levels", self.model.name());
            return range(&field, levels.to_string(), "2, 4, 8, 16, 32, 64, 128 or 256");
        }
        if let LikelihoodConfig::Gaussian { variance: Variance::Fixed(variance) } = self.model.likelihood()
            && !(variance > 0.0 && variance.is_finite())
        {
            let field = format!("model.{}.likelihood.gaussian.variance", self.model.name());
            return range(&field, variance.to_string(), "above 0");
        }
        if let Some((kind, found, allowed)) = self.model.noise().and_then(NoiseConfig::out_of_range) {
            let field = format!("model.{}.noise.{kind}", self.model.name());
            return range(&field, found.to_string(), allowed);
        }
        for figure in &self.figure {
            if figure.side < 2 || figure.side > 100 {
                return range("figure.side", figure.side.to_string(), "2 to 100");
            }
            let [low, high] = figure.range;
            if !(low < high && low.is_finite() && high.is_finite()) {
                return range("figure.range", format!("[{low}, {high}]"), "two rising numbers");
            }
            if figure.count == 0 || figure.count > 1000 {
                return range("figure.count", figure.count.to_string(), "1 to 1000");
            }
        }
        if let Some(augment) = &self.augment {
            augment.check(self)?;
        }
        let conflict = |what: &str, remedy: &str| {
            Err(ConfigError::Conflict { what: what.into(), remedy: remedy.into() }.into())
        };
        if self.data.table.is_some() && self.data.images.is_some() {
            return conflict("`data.table` and `data.images` are both given", "keep one of the two");
        }
        if matches!(split.by, SplitBy::Entity | SplitBy::Time) && split.column.is_none() {
            return conflict(
                "`data.split.by` needs a column, and `data.split.column` is not given",
                "add `data.split.column = \"NAME\"`",
            );
        }
        if self.train.seeds > 1 && self.evaluate.best_by.is_none() && split.valid == 0.0 {
            return conflict(
                "`train.seeds` keeps the best run, and nothing says which that is",
                "name a figure in `evaluate.best-by`, or have validation rows",
            );
        }
        if self.map.is_none() && self.figure.iter().any(|figure| figure.kind == FigureKind::LatentMap) {
            return conflict(
                "the figure `latent-map` needs a map, and there is no `[map]`",
                "add `[map]` with an empty table, or leave the figure out",
            );
        }
        if split.by == SplitBy::OneClass && self.data.target.is_none() {
            return conflict(
                "a one-class split needs to know which rows are positive, and `data.target` is not given",
                "add `data.target` and `data.positive`, or split by `stratified`",
            );
        }
        if let (Some(field), Some(table)) = (self.data.of_images(), &self.data.table) {
            return conflict(
                &format!("`data.{field}` is for images, and the data is a table: {table}"),
                &format!("leave `data.{field}` out"),
            );
        }
        let likelihood = self.model.likelihood();
        if self.data.binarization != Binarization::None && likelihood != LikelihoodConfig::Bernoulli {
            return conflict(
                &format!(
                    "`data.binarization` makes pixels zeros and ones, and the likelihood is `{}`",
                    likelihood.name()
                ),
                "choose `likelihood = \"bernoulli\"`, or leave `data.binarization` out",
            );
        }
        if evaluate.nll_samples > 0 && !likelihood.is_in_nats() {
            return conflict(
                "`evaluate.nll-samples` needs a likelihood, and `squared-error` is none",
                "choose `likelihood = { gaussian = { variance = \"shared\" } }`, or leave `evaluate.nll-samples` out",
            );
        }
        if let ModelConfig::Vae(vae) = &self.model
            && vae.samples > 1
        {
            let name = "`model.vae.samples` is above 1, the importance-weighted objective,";
            if vae.beta != 1.0 {
                return conflict(
                    &format!("{name} and `model.vae.beta` is {}", vae.beta),
                    "keep `beta = 1.0`: with another weight the objective is no bound",
                );
            }
            if vae.free_bits > 0.0 {
                return conflict(
                    &format!("{name} and `model.vae.free-bits` is {}", vae.free_bits),
                    "keep one of the two: the objective has no divergence in closed form",
                );
            }
            if !likelihood.is_in_nats() {
                return conflict(
                    &format!("{name} and `squared-error` is no likelihood"),
                    "choose `likelihood = { gaussian = { variance = \"shared\" } }`",
                );
            }
        }
        Ok(())
    }
}

/// Latent points a row in training, at most.
const MOST_SAMPLES: usize = 10_000;

/// Draws a row in estimates of a likelihood, at most.
const MOST_DRAWS: usize = 1_000_000;

/// Synthetic rows of the largest report.
const MOST_SAMPLED: usize = 1_000_000;

/// Settings with values at paths replaced; what is out of range is left to their own check.
pub(crate) fn with_sets<T: Serialize + serde::de::DeserializeOwned>(
    config: &T,
    sets: &[(String, String)],
) -> Result<T> {
    let text = toml::to_string_pretty(config).expect("a configuration is plain data");
    let mut tree: toml::Table = toml::from_str(&text).map_err(|error| toml_error(&error, &text, "config"))?;
    for (path, value) in sets {
        let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| toml::Value::String(value.clone()));
        let remedy = remedy(&tree, path);
        let refused = |reason, nearest: Option<String>| {
            let near = nearest.map(|nearest| format!("did you mean `{nearest}`?"));
            let (path, value, remedy) = (path.clone(), value.clone(), near.or(remedy.clone()));
            ConfigError::Set { path, value, reason, remedy }
        };
        place(&mut tree, path, parsed).map_err(|reason| refused(reason, None))?;
        let text = toml::to_string(&tree).expect("a tree of TOML values is TOML");
        if let Err(error) = toml::from_str::<T>(&text) {
            let reason = plainly(error.message().lines().next().unwrap_or("it is not understood"));
            return Err(refused(reason, nearest_key(error.message())).into());
        }
    }
    let text = toml::to_string(&tree).expect("a tree of TOML values is TOML");
    Ok(toml::from_str(&text).map_err(|error| toml_error(&error, &text, "--set"))?)
}

/// What can be set at a path where something cannot: the keys of a section, or the like of what is there.
fn remedy(tree: &toml::Table, path: &str) -> Option<String> {
    let mut table = tree;
    let mut section: Vec<&str> = Vec::new();
    for part in path.split('.') {
        match table.get(part) {
            Some(toml::Value::Table(inner)) => {
                table = inner;
                section.push(part);
            }
            Some(value) => return Some(format!("it is `{value}` now; leave it out to keep that")),
            None => break,
        }
    }
    let keys: Vec<String> =
        table.keys().map(|key| [&section[..], &[key.as_str()]].concat().join(".")).collect();
    let shown = keys.iter().take(20).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    (!keys.is_empty()).then(|| format!("there are {shown}{}", if keys.len() > 20 { ", …" } else { "" }))
}

/// Puts `value` at a dotted path; new keys are left for the check of unknown keys to judge.
fn place(tree: &mut toml::Table, path: &str, value: toml::Value) -> Result<(), String> {
    let (parents, last) = path.rsplit_once('.').map_or((vec![], path), |(p, l)| (p.split('.').collect(), l));
    if last.is_empty() {
        return Err("the path is empty".to_string());
    }
    let mut table = tree;
    for parent in parents {
        // `model.…` and `train.optimizer.…` hold one variant: naming another replaces it.
        let single = table.len() == 1
            && matches!(
                parent,
                "vae" | "autoencoder" | "gan" | "classifier" | "adam" | "sgd" | "rmsprop" | "adadelta"
            );
        if single && !table.contains_key(parent) {
            table.clear();
        }
        let entry = table.entry(parent).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        table = entry.as_table_mut().ok_or_else(|| format!("`{parent}` is a single value"))?;
    }
    table.insert(last.to_string(), value);
    Ok(())
}

fn toml_error(error: &toml::de::Error, text: &str, origin: &str) -> ConfigError {
    // The parser's own rendering is a picture of several lines.
    let line =
        error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let message = plainly(error.message().trim_end());
    ConfigError::Toml {
        message: line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}")),
        nearest: nearest_key(error.message()),
        origin: origin.to_string(),
    }
}

/// The parser's message in words that are not those of a programming language.
fn plainly(message: &str) -> String {
    if message.starts_with("wanted exactly 1 element, more than 1") {
        return "only one of these can be chosen".to_string();
    }
    let number = message.replace("expected usize", "expected a whole number, 0 and above");
    let number = number.replace("expected u64", "expected a whole number, 0 and above");
    let number =
        number.replace("expected f32", "expected a number").replace("expected f64", "expected a number");
    let plain = number
        .replace("expected a sequence", "expected a list")
        .replace("expected a boolean", "expected true or false")
        .replace("invalid type: map", "invalid type: table")
        .replace("expected a map", "expected a section");
    for kind in ["expected struct ", "expected tuple struct ", "expected enum "] {
        if let Some((before, name)) = plain.split_once(kind) {
            let rest = name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            let what = if kind.contains("enum") { "the name of a choice" } else { "a section of keys" };
            return format!("{before}expected {what}{rest}");
        }
    }
    if plain.starts_with("data did not match any variant of untagged enum") {
        return "it has none of the forms that are allowed".to_string();
    }
    plain
}

/// The known key nearest to the unknown one that serde names: ``unknown field `x`, expected one of `a`, `b` ``, or the
/// parser: `unexpected keys in table: x, available keys: a, b`.
fn nearest_key(message: &str) -> Option<String> {
    let lists = message.strip_prefix("unexpected keys in table: ");
    if let Some((unknown, known)) = lists.and_then(|lists| lists.split_once(", available keys: ")) {
        return nearest_name(unknown.split(", ").next()?, known.split(", "));
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.contains("unknown"))?;
    let known: Vec<&str> = quoted.collect();
    nearest_name(unknown, known.into_iter())
}
