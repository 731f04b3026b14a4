//! The configuration of a run: TOML with every field defaulted, unknown keys refused, ranges checked.

mod check;
mod images;
mod privacy;
pub(crate) mod recipe;
mod set;
mod window;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::codec::CodecConfig;
use crate::data::series::SeriesConfig;
use crate::data::{Mixture, OrderFlow};
use crate::error::Result;
use crate::models::chain::RuleConfig;
use crate::models::{ModelConfig, VaeConfig};
use crate::run::dataset::few::FewConfig;
use crate::run::map::MapConfig;
use crate::run::report::augment::AugmentConfig;
use crate::run::report::few_labels::FewLabelsConfig;
use crate::train::TrainConfig;

pub use images::ImagesConfig;
pub use privacy::PrivacyConfig;
use set::toml_error;
pub(crate) use set::with_sets;

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
    /// Whether and how a semi-supervised network is compared with classifiers of the same few labels; off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub few_labels: Option<FewLabelsConfig>,
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
            few_labels: None,
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
    /// A small known world to draw the rows of a table from, in place of a data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixture: Option<Mixture>,
    /// A simulated flow of orders, with and without spoofing, in place of a data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_flow: Option<OrderFlow>,
    /// Which form of a known data set is read (`veridic data list` names them); by default the first that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Images, in place of a table.
    #[serde(with = "images", skip_serializing_if = "ImagesConfig::is_default")]
    pub images: ImagesConfig,
    /// How the rows of a table make series, for models of series.
    pub series: SeriesConfig,
    /// The column that says what is to be told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How many training rows have a label that is learned from: one of each class first, then by chance; all by default.
    /// Rows without a value of the target have none anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labelled: Option<usize>,
    /// A file that `veridic label … --export` wrote: the labels of training rows, in place of those that they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Values of the target that mean yes (fraud, disease); found out for a target of two values: the rarer.
    pub positive: Vec<String>,
    /// Whether the decoder learns the target with the other columns, so that sampled rows have one. The encoder never
    /// sees it, and no score counts it.
    pub model_target: bool,
    /// Rules between columns that made rows keep, of models with a chain.
    pub rules: RuleConfig,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Columns of numbers that are categories.
    pub categorical: Vec<String>,
    /// Whether the first row of a table has the names of its columns; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// What parts the cells of a text, a blank for any run of blanks; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Whether columns of one name are numbered (`a`, `a_2`), instead of an error.
    pub number_duplicates: bool,
    /// Marks of missing cells beside the usual ones (`?`, `NA`, `NULL`, … and empty cells).
    pub missing: Vec<String>,
    /// Usual marks of missing cells that are values here, such as `NA` for Namibia.
    pub not_missing: Vec<String>,
    /// The decimal sign of all numbers; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// The sign between groups of three digits; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// Whether the day comes before the month in dates that begin with either; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_first: Option<bool>,
    /// The first of the hundred years that two digits of a year are of; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_year: Option<u16>,
    /// Whether a last row that is a total of the others is left out.
    pub drop_total: bool,
    /// Lines above a table, or rows of a sheet, that are left out, such as a title; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<usize>,
    /// The sheet of a workbook; the only one by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The encoding of text, such as `windows-1252`; found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// A `schema.json`, such as an edited one of an earlier run, that says what the columns are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<PathBuf>,
    /// Whether rows with missing cells are left out.
    pub complete_rows: bool,
    /// How rows are parted.
    pub split: SplitConfig,
    /// What may be kept of the data.
    pub privacy: PrivacyConfig,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            table: None,
            images: ImagesConfig::default(),
            mixture: None,
            order_flow: None,
            variant: None,
            series: SeriesConfig::default(),
            target: None,
            labelled: None,
            labels: None,
            positive: Vec::new(),
            model_target: true,
            rules: RuleConfig::default(),
            drop: Vec::new(),
            categorical: Vec::new(),
            header: None,
            delimiter: None,
            number_duplicates: false,
            missing: Vec::new(),
            not_missing: Vec::new(),
            decimal: None,
            thousands: None,
            day_first: None,
            first_year: None,
            drop_total: false,
            skip: None,
            sheet: None,
            encoding: None,
            schema: None,
            complete_rows: false,
            split: SplitConfig::default(),
            privacy: PrivacyConfig::default(),
        }
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
    /// Most rows for testing, where rows are parted at random: enough to report on is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_test: Option<usize>,
    /// How many rows have a label, for the rule `few-labels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub few: Option<FewConfig>,
    /// Of windows of series the entities that are tested on; by default a share of them is drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<String>,
    /// Of windows of series the time from which points are tested on, as the data writes it or as `2024-12-31`; by default their
    /// share says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of windows of series whether those that are known to be unusual are left out of what is learned from.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub normal_only: bool,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            by: SplitBy::Stratified,
            column: None,
            valid: 0.1,
            test: 0.2,
            most_test: None,
            entities: Vec::new(),
            from: None,
            normal_only: false,
            few: None,
        }
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
    /// Of windows of series: other entities are tested on than learned from, and newer points of them than of those; what is
    /// neither is left out.
    EntityAndTime,
    /// In the order of the file: the first for training, the last for testing.
    Order,
    /// Few labels: rows as `few` says, of which `valid` of the labelled ones are for validation; the others for testing.
    FewLabels,
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
    /// Recurrent networks that try to tell made windows of series from real ones, and as many that learn from made windows to predict
    /// real ones: `sample.discriminative_score` and `sample.predictive_score`, with bounds from 4 on. They take some seconds each; 0 is
    /// none, 100 the most.
    pub judges: usize,
    /// Rows that an adversarial network makes to be measured by, after each epoch and at the end, 10 to 1000000.
    pub made_rows: usize,
    /// Which figure of made rows chooses the best epoch (`sample.reverse_kl`, say); by default the last epoch is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_by: Option<String>,
    /// Epochs from one picture of made rows in `samples/` to the next; 0 is none.
    pub picture_every: usize,
    /// Images along a side of such a picture, 1 to 32; where classes are asked for, images of each class.
    pub picture_side: usize,
    /// Columns of a table that name what its rows were made from, for `latent.mig` and the like.
    pub factors: Vec<String>,
    /// Classifiers whose error on test rows is reported for few and for many training rows, as `learning.NAME.ROWS`:
    /// `naive-bayes`, `logistic-regression`, ….
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub learning: Vec<String>,
    /// Columns of a table by whose groups the page of made rows compares how the target is decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            controls: false,
            latent: false,
            sample_rows: 2000,
            nll_samples: 0,
            nll_repeats: 1,
            judges: 0,
            made_rows: 2500,
            best_by: None,
            picture_every: 1,
            picture_side: 8,
            factors: Vec::new(),
            learning: Vec::new(),
            protected: Vec::new(),
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
    /// What an adversarial network with codes makes of the same noise with each category (a row each) and with its first two
    /// continuous codes from -2 to 2 (left and right).
    CodeTraversal,
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
    /// How columns go together in real and in made rows: correlations of numbers, Cramér's V of categories, the
    /// correlation ratio of both, and the difference.
    Correlation,
    /// The distribution of every column, real rows against made ones.
    Columns,
    /// Errors of classifiers by the number of rows they learned from; needs `evaluate.learning`.
    LearningCurves,
    /// A classifier with and without synthetic rows, as a table; needs the section `augment`.
    Augmentation,
    /// F1 by the most probable class and average precision of semi-supervised networks on validation rows over training; needs
    /// the section `few-labels`.
    FewLabelCurves,
    /// Test windows of series over what the model gives back.
    SeriesPairs,
    /// What each latent dimension does to the mean window of series, a panel each.
    SeriesWalk,
    /// Test windows of series, and made ones.
    SeriesSamples,
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
            Self::CodeTraversal => "code-traversal",
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
            Self::Columns => "columns",
            Self::LearningCurves => "learning-curves",
            Self::Augmentation => "augmentation",
            Self::FewLabelCurves => "few-label-curves",
            Self::SeriesPairs => "series-pairs",
            Self::SeriesWalk => "series-walk",
            Self::SeriesSamples => "series-samples",
            Self::Diagram => "diagram",
        }
    }
}

impl Config {
    /// The default for tables: a chain that makes rows, completes them and says how likely they are, and a detector that scores
    /// them; a tenth of the rows, at most 2000, is kept to report on.
    pub fn default_for_tables() -> Self {
        let mut config = Self { model: ModelConfig::Table(Box::default()), ..Self::default() };
        // Boosting keeps rows of its own to stop by.
        (config.data.split.valid, config.data.split.test) = (0.0, 0.1);
        config.data.split.most_test = Some(2000);
        config
    }

    /// Reads a configuration; `origin` (a file, a recipe's name) is named in errors.
    ///
    /// # Errors
    /// Text that is not TOML, unknown keys (with the nearest known one), values out of range.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self> {
        let mut tree: toml::Table = toml::from_str(text).map_err(|error| toml_error(&error, text, origin))?;
        let now = images::migrate(&mut tree).then(|| toml::to_string(&tree).expect("it was TOML"));
        let text = now.as_deref().unwrap_or(text);
        let config: Self = toml::from_str(text).map_err(|error| toml_error(&error, text, origin))?;
        config.check()?;
        Ok(config)
    }

    /// The figure by which the best epoch is chosen, among those of an epoch; nothing where the last one is kept.
    pub fn criterion(&self) -> Option<crate::train::Criterion> {
        let has_epochs = self.model.network().is_some() && self.train.best;
        has_epochs.then(|| crate::run::check::criterion::of(self)).flatten()
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
}
