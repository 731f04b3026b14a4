//! The settings of an adversarial network.

use serde::{Deserialize, Serialize};
use veridic_graph::Init;

use super::coupled::CoupledConfig;
use super::info::InfoConfig;
use super::minibatch::MinibatchConfig;
use super::objective::{LabelConfig, Objective};
use super::penalty::Penalty;
use super::semi_supervised::SemiSupervisedConfig;
use super::warp::MOST_PIXELS;
use crate::error::ConfigError;
use crate::models::Layout;
use crate::models::prior::{NoiseSource, Prior};
use crate::nn::{Activation, LayerConfig, shapes};
use crate::train::OptimizerConfig;

/// The largest weight of a part of a loss; sums of much larger ones are not finite after a few steps.
pub(super) const MOST_WEIGHT: f32 = 1e6;

/// The settings of a generative adversarial network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GanConfig {
    /// Dimensions of the noise, 1 to 65536.
    pub latent: usize,
    /// What the noise is drawn from.
    pub noise: NoiseSource,
    /// Whether rows are made of a class that is asked for, and judged with it (Mirza and Osindero 2014). The label is
    /// appended to the noise, and to what the discriminator sees: a channel a class for images.
    pub conditional: bool,
    /// Codes that the discriminator learns to read back (InfoGAN); none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<InfoConfig>,
    /// Whether two generators that share their first layers and two discriminators that share their last ones learn two
    /// sets of images (CoGAN); off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupled: Option<CoupledConfig>,
    /// Whether the discriminator learns the classes of few labelled rows and what rows are like from all of them (Salimans
    /// et al. 2016, section 5); needs `classify`. Off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semi_supervised: Option<SemiSupervisedConfig>,
    /// From the noise to a row. If the last layer does not have the shape of the data or there is none, a dense one follows.
    /// Windows of series may be made by layers over their steps: `{ series = [24, 4] }` gives each step noise of its own.
    pub generator: Vec<LayerConfig>,
    /// From a row to the last hidden layer; one output follows.
    pub discriminator: Vec<LayerConfig>,
    /// What both minimize.
    pub objective: Objective,
    /// What keeps the discriminator from being steep; nothing by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<Penalty>,
    /// Whether the discriminator's weights are divided by their largest singular value (Miyato et al. 2018).
    pub spectral_norm: bool,
    /// Rows that the discriminator judges as one, all real or all made, 1 to 16 (PacGAN, Lin et al. 2018).
    pub packing: usize,
    /// Whether the discriminator sees how alike rows are; off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minibatch: Option<MinibatchConfig>,
    /// The values of pixels that both networks see.
    pub range: OutputRange,
    /// How weights start.
    pub start: WeightStart,
    /// The rule by which the discriminator learns; the generator's, `train.optimizer`, by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discriminator_optimizer: Option<OptimizerConfig>,
    /// Updates of the discriminator a step, each with rows of its own, 1 to 100.
    pub discriminator_updates: usize,
    /// Updates of the generator a step, 1 to 100.
    pub generator_updates: usize,
    /// The generator goes on, up to ten updates a step, while its loss is above this; off by default. (A rule by a
    /// loss, not by the discriminator's statistics.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator_while_above: Option<f32>,
    /// The labels the discriminator learns from.
    pub labels: LabelConfig,
    /// Whether real and made rows share the statistics of the discriminator's batch normalization.
    pub mixed_batches: bool,
    /// Standard deviation of normal noise on all that the discriminator sees, which falls linearly to 0 over the run
    /// (Arjovsky and Bottou 2017). 0 is off.
    pub input_noise: f32,
    /// Weight of the squared distance between mean features of real and made rows in the generator's loss (Salimans et
    /// al. 2016, section 3.1). 0 is off.
    pub feature_matching: f32,
    /// Weight of the adversarial part of the generator's loss, at least 0.
    pub adversarial: f32,
    /// Weight in the generator's loss of how alike the features of made rows are, the pull-away term (Zhao, Mathieu and
    /// LeCun 2017, equation 4), which raises their entropy. 0 is off.
    pub diversity: f32,
    /// Weight of the distance of all weights from their mean over the run, `|θ - mean|²` (Salimans et al. 2016, section
    /// 3.3). 0 is off.
    pub history: f32,
    /// Half of the made rows that the discriminator learns from come from the generator as it was up to so many steps ago,
    /// after which it is taken anew (the replay of past generations and checkpoints); 0 is off.
    pub replay: usize,
    /// The generator learns from a slowly moving average of the discriminator with this decay, 0 to below 1; 0 is off.
    pub target: f32,
    /// Samples come from a moving average of the generator's weights with this decay, 0 to below 1; 0 is off.
    pub average: f32,
    /// Weight of the cross-entropy of a second head of the discriminator that tells the label of real rows; 0 is off.
    pub classify: f32,
    /// Whether the generator's dropout stays on when sampling.
    pub sample_dropout: bool,
}

/// The values of pixels that networks see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputRange {
    /// -1 to 1, as a hyperbolic tangent gives them.
    #[default]
    Symmetric,
    /// 0 to 1, as a sigmoid gives them.
    Unit,
}

/// How weights start.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightStart {
    /// Uniform, by the number of values in and out (Glorot and Bengio 2010).
    #[default]
    Glorot,
    /// Normal, by the number of values in (He et al. 2015).
    He,
    /// `{ normal = 0.02 }`: normal with this standard deviation.
    Normal(f32),
}

impl WeightStart {
    pub(super) fn init(self) -> Init {
        match self {
            Self::Glorot => Init::GlorotUniform,
            Self::He => Init::HeNormal,
            Self::Normal(deviation) => Init::Normal(deviation),
        }
    }
}

impl Default for GanConfig {
    fn default() -> Self {
        let hidden = |activation| vec![LayerConfig::Dense { units: 128, activation }; 2];
        Self {
            latent: 64,
            noise: NoiseSource::Normal,
            conditional: false,
            info: None,
            coupled: None,
            semi_supervised: None,
            generator: hidden(Activation::Relu),
            discriminator: hidden(Activation::LeakyRelu),
            objective: Objective::NonSaturating,
            penalty: None,
            spectral_norm: false,
            packing: 1,
            minibatch: None,
            range: OutputRange::Symmetric,
            start: WeightStart::Glorot,
            discriminator_optimizer: None,
            discriminator_updates: 1,
            generator_updates: 1,
            generator_while_above: None,
            labels: LabelConfig::default(),
            mixed_batches: false,
            input_noise: 0.0,
            feature_matching: 0.0,
            adversarial: 1.0,
            diversity: 0.0,
            history: 0.0,
            replay: 0,
            target: 0.0,
            average: 0.0,
            classify: 0.0,
            sample_dropout: false,
        }
    }
}

impl GanConfig {
    /// Rows that training reads together: those that the discriminator sees as one, or one of each set; a batch has a whole
    /// number of such groups.
    pub fn group(&self) -> usize {
        if self.coupled.is_some() {
            return 2;
        }
        self.minibatch.map_or(self.packing, |minibatch| minibatch.group)
    }

    /// The parts of a latent point, for data of so many classes.
    pub fn prior(&self, classes: usize) -> Prior {
        let info = self.info.unwrap_or(InfoConfig::NONE);
        Prior {
            noise: (self.noise, self.latent),
            classes: if self.conditional { classes } else { 0 },
            sets: if self.coupled.is_some() { 2 } else { 0 },
            categories: info.categories,
            continuous: info.continuous,
        }
    }

    /// Checks both lists of layers for rows of this layout.
    ///
    /// # Errors
    /// The first layer that does not fit.
    pub fn check_layers(&self, layout: &Layout) -> Result<(), ConfigError> {
        if self.semi_supervised.is_some() && (layout.classes < 2 || self.classify == 0.0) {
            return Err(ConfigError::Conflict {
                what: "`model.gan.semi-supervised` learns classes, and the rows have fewer than two, or `classify` is 0"
                    .to_string(),
                remedy: "name the column of classes (`data.target`), or label images by folders; give `classify = 1.0`"
                    .to_string(),
            });
        }
        if self.coupled.is_some() && layout.dims.len() == 2 {
            return Err(ConfigError::Conflict {
                what: "`model.gan.coupled` is of two sets of images or of rows, and the data are windows of series"
                    .to_string(),
                remedy: "leave `model.gan.coupled` out".to_string(),
            });
        }
        let prior = self.prior(layout.classes);
        // A coupled generator has a last part for each set instead of reading which is asked for.
        shapes("model.gan.generator", &self.generator, &[prior.width() - prior.sets])?;
        shapes("model.gan.discriminator", &self.discriminator, &self.seen(layout))?;
        if self.info.is_some_and(|info| info.warp.is_some()) {
            let pixels = layout.dims.iter().take(2).product::<usize>();
            if layout.dims.len() != 3 || pixels > MOST_PIXELS {
                let kind = if layout.dims.len() == 3 {
                    format!("images of {pixels} pixels")
                } else {
                    "no images".into()
                };
                return Err(ConfigError::Conflict {
                    what: format!(
                        "`model.gan.info.warp` is of images of at most {MOST_PIXELS} pixels, and the data are {kind}"
                    ),
                    remedy: "give `model.gan.info` whole, without `warp`".to_string(),
                });
            }
        }
        Ok(())
    }

    /// The shape of what the discriminator sees: the classes that were asked for, and all rows that it judges as one.
    pub fn seen(&self, layout: &Layout) -> Vec<usize> {
        let mut seen = layout.dims.clone();
        if let Some(last) = seen.last_mut() {
            *last = (*last + if self.conditional { layout.classes } else { 0 }) * self.packing;
        }
        seen
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first value out of range, or settings that do not go together.
    pub fn check(&self) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| {
            let (field, allowed) = (format!("model.gan.{field}"), allowed.to_string());
            Err(ConfigError::Range { field, found, allowed })
        };
        let whole = [
            ("latent", self.latent, 65_536),
            ("packing", self.packing, 16),
            ("discriminator-updates", self.discriminator_updates, 100),
            ("generator-updates", self.generator_updates, 100),
        ];
        for (field, value, most) in whole {
            if value == 0 || value > most {
                return range(field, value.to_string(), &format!("1 to {most}"));
            }
        }
        let weights = [
            ("input-noise", self.input_noise),
            ("feature-matching", self.feature_matching),
            ("adversarial", self.adversarial),
            ("diversity", self.diversity),
            ("history", self.history),
            ("classify", self.classify),
        ];
        for (field, value) in weights {
            if !(0.0..=MOST_WEIGHT).contains(&value) {
                return range(field, value.to_string(), "0 to 1000000");
            }
        }
        for (field, value) in [("target", self.target), ("average", self.average)] {
            if !(0.0..1.0).contains(&value) {
                return range(field, value.to_string(), "0 to below 1");
            }
        }
        let positive = |value: f32| value > 0.0 && value.is_finite();
        if let Some(limit) = self.generator_while_above
            && !limit.is_finite()
        {
            return range("generator-while-above", limit.to_string(), "a number");
        }
        if let NoiseSource::Stratified(limit) = self.noise
            && !positive(limit)
        {
            return range("noise.stratified", limit.to_string(), "above 0");
        }
        if let WeightStart::Normal(deviation) = self.start
            && !positive(deviation)
        {
            return range("start.normal", deviation.to_string(), "above 0");
        }
        if let Some(penalty) = self.penalty
            && !positive(penalty.value())
        {
            return range("penalty", penalty.value().to_string(), "above 0");
        }
        if let Some((field, found, allowed)) = self.labels.out_of_range() {
            return range(field, found, allowed);
        }
        if let Some(info) = &self.info
            && let Some((field, found, allowed)) = info.out_of_range()
        {
            return range(field, found, allowed);
        }
        if let Some(semi) = self.semi_supervised
            && let Some((field, found, allowed)) = semi.out_of_range()
        {
            return range(field, found, allowed);
        }
        if let Some(MinibatchConfig { kernels, dims, group, start }) = self.minibatch {
            if !positive(start) {
                return range("minibatch.start", start.to_string(), "above 0");
            }
            for (field, value, [least, most]) in [
                ("minibatch.kernels", kernels, [0, 1024]),
                ("minibatch.dims", dims, [1, 1024]),
                ("minibatch.group", group, [2, 256]),
            ] {
                if !(least..=most).contains(&value) {
                    return range(field, value.to_string(), &format!("{least} to {most}"));
                }
            }
        }
        if let Some(optimizer) = self.discriminator_optimizer
            && let Some((field, found, allowed)) = optimizer.out_of_range_at("discriminator-optimizer")
        {
            return range(&field, found, allowed);
        }
        self.check_together()
    }

    fn check_together(&self) -> Result<(), ConfigError> {
        let conflict = |what: &str, remedy: &str| {
            Err(ConfigError::Conflict { what: what.to_string(), remedy: remedy.to_string() })
        };
        if self.objective == Objective::Wasserstein && self.penalty.is_none() && !self.spectral_norm {
            return conflict(
                "the objective `wasserstein` has no minimum while the critic may be of any slope",
                "add `penalty = { gradient = 10.0 }`, `{ clip = 0.01 }`, or `spectral-norm = true`",
            );
        }
        if !self.objective.has_labels() && self.labels != LabelConfig::default() {
            return conflict(
                &format!("`labels` are given, and the objective `{}` has none", self.objective.name()),
                "leave `labels` out, or choose `objective = \"non-saturating\"`",
            );
        }
        if self.packing > 1 && self.minibatch.is_some() {
            return conflict(
                "`packing` and `minibatch` both have the discriminator see several rows",
                "keep one of the two",
            );
        }
        if let Some(info) = self.info {
            if info.warp.is_some() && info.categories == 0 {
                return conflict(
                    "`model.gan.info.warp` is of images that a category is read from, and `categories` is 0",
                    "give at least 2 `categories`, or `model.gan.info` whole, without `warp`",
                );
            }
            if info.agreement > 0.0 && info.warp.is_none() {
                return conflict(
                    "`model.gan.info.agreement` is between images and their warps, and there is no `warp`",
                    "add `warp = {}` to `model.gan.info`, or leave `agreement` out",
                );
            }
        }
        if self.semi_supervised.is_some() {
            if self.classify == 0.0 {
                return conflict(
                    "`semi-supervised` learns classes, and their loss has no weight: `classify` is 0",
                    "give `classify = 1.0`",
                );
            }
            let others = [
                ("conditional", self.conditional),
                ("coupled", self.coupled.is_some()),
                ("info", self.info.is_some()),
                ("packing", self.packing > 1),
                ("minibatch", self.minibatch.is_some()),
            ];
            if let Some((other, _)) = others.iter().find(|(_, is_set)| *is_set) {
                return conflict(
                    &format!("`semi-supervised` and `{other}` are both given, and do not go together"),
                    "keep one of the two",
                );
            }
        }
        if let Some(coupled) = self.coupled {
            coupled.check(&self.generator, &self.discriminator)?;
            let others = [
                ("conditional", self.conditional),
                ("info", self.info.is_some()),
                ("packing", self.packing > 1),
                ("minibatch", self.minibatch.is_some()),
                ("mixed-batches", self.mixed_batches),
            ];
            if let Some((other, _)) = others.iter().find(|(_, is_set)| *is_set) {
                return conflict(
                    &format!("`coupled` networks see a row of each set together, and `{other}` is given"),
                    "keep one of the two",
                );
            }
        }
        let batch_norm =
            self.discriminator.iter().any(|layer| matches!(layer, LayerConfig::BatchNorm { .. }));
        let by_slope = matches!(self.penalty, Some(Penalty::Gradient(_) | Penalty::RealGradient(_)));
        if by_slope && (batch_norm || self.minibatch.is_some()) {
            return conflict(
                "the penalty bounds the slope at each row, and the discriminator's rows depend on each other",
                "use `layer-norm` in place of `batch-norm` in the discriminator, and no `minibatch`",
            );
        }
        if self.mixed_batches && self.group() > 1 {
            return conflict(
                "`mixed-batches` puts real and made rows into one batch, and rows are judged in groups of one kind",
                "leave `mixed-batches` out, or `packing` and `minibatch`",
            );
        }
        if self.adversarial == 0.0 && self.feature_matching == 0.0 {
            return conflict(
                "the generator has nothing to learn from: `adversarial` and `feature-matching` are 0",
                "give one of the two a weight",
            );
        }
        Ok(())
    }
}
