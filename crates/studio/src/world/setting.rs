//! What a user may set about a world, and the configuration it amounts to.

use serde::Deserialize;
use veridic::codec::CodecConfig;
use veridic::models::{
    GanConfig, LabelConfig, MinibatchConfig, ModelConfig, NoiseSource, Objective, Penalty,
};
use veridic::nn::{Activation, LayerConfig};
use veridic::run::{Config, DataConfig, EvaluateConfig, SplitConfig};
use veridic::train::{Adam, OptimizerConfig, Schedule, Sgd, TrainConfig};

use super::place::Place;
use crate::{Result, StudioError};

/// Steps of an epoch of a saved recipe.
const EPOCH: usize = 100;

/// The rule by which both networks learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rule {
    /// Adam with a first decay of 0.5, as adversarial networks are mostly trained.
    #[default]
    Adam,
    /// Gradient descent.
    Sgd,
}

/// The settings of a world, as an address carries them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Setting {
    pub(crate) data: Place,
    /// Points drawn by hand, within -1 and 1.
    pub(crate) points: Vec<[f64; 2]>,
    objective: Objective,
    /// Units of the hidden layers, 0 to 6 layers of 1 to 256.
    generator: Vec<usize>,
    discriminator: Vec<usize>,
    latent: usize,
    noise: NoiseSource,
    rule: Rule,
    rate: f32,
    /// The discriminator's rate as a multiple of the generator's.
    lead: f32,
    discriminator_updates: usize,
    generator_updates: usize,
    batch: usize,
    steps: usize,
    cosine: bool,
    minibatch: bool,
    packing: usize,
    /// Weight of the bound on the discriminator's slope; 0 is none.
    penalty: f32,
    /// Decay of the averaged weights that made points come from; 0 is none.
    average: f32,
    input_noise: f32,
    /// What labels of real rows are below 1.
    soft_labels: f32,
    /// The share of labels that are wrong.
    flipped_labels: f32,
    feature_matching: f32,
    history: f32,
    diversity: f32,
    replay: usize,
    spectral_norm: bool,
    pub(crate) seed: u64,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            data: Place::default(),
            points: Vec::new(),
            objective: Objective::NonSaturating,
            generator: vec![64, 64],
            discriminator: vec![64, 64],
            latent: 2,
            noise: NoiseSource::Uniform,
            rule: Rule::Adam,
            rate: 0.002,
            lead: 1.0,
            discriminator_updates: 1,
            generator_updates: 1,
            batch: 128,
            steps: 8000,
            cosine: true,
            minibatch: false,
            packing: 1,
            penalty: 0.03,
            average: 0.99,
            input_noise: 0.0,
            soft_labels: 0.0,
            flipped_labels: 0.0,
            feature_matching: 0.0,
            history: 0.0,
            diversity: 0.0,
            replay: 0,
            spectral_norm: false,
            seed: 0,
        }
    }
}

impl Setting {
    /// The configuration that says the same, for [`veridic::run::Live`] and for the command line.
    ///
    /// # Errors
    /// Settings out of range.
    pub(crate) fn config(&self) -> Result<Config> {
        let refuse = |text: &str| Err(StudioError::Refused(text.to_owned()));
        for layers in [&self.generator, &self.discriminator] {
            if layers.len() > 6 || layers.iter().any(|units| !(1..=256).contains(units)) {
                return refuse("a network here has at most 6 hidden layers of 1 to 256 units");
            }
        }
        if !(8..=1024).contains(&self.batch) || !(EPOCH..=200_000).contains(&self.steps) {
            return refuse("a step takes 8 to 1024 rows, and there are 100 to 200 000 steps");
        }
        if !(1..=16).contains(&self.latent) || self.discriminator_updates > 10 || self.generator_updates > 10
        {
            return refuse(
                "noise has 1 to 16 dimensions here, and a step at most 10 updates of each network",
            );
        }
        if !(self.lead > 0.0 && self.lead <= 100.0) {
            return refuse("the discriminator's rate is a multiple of the generator's, above 0 to 100");
        }
        let layers = |units: &[usize], activation| {
            units.iter().map(|&units| LayerConfig::Dense { units, activation }).collect::<Vec<_>>()
        };
        let rule = |rate: f32| match self.rule {
            Rule::Adam => OptimizerConfig::Adam(Adam { rate, beta1: 0.5, ..Adam::default() }),
            Rule::Sgd => OptimizerConfig::Sgd(Sgd { rate, ..Sgd::default() }),
        };
        let is_one = self.data == Place::Gaussian;
        // As in the book, where a softplus makes the map from noise smooth.
        let (up, minibatch) = match is_one {
            true => (Activation::Softplus, MinibatchConfig { start: 1.0, ..MinibatchConfig::default() }),
            false => (Activation::Relu, MinibatchConfig { start: 0.1, ..MinibatchConfig::default() }),
        };
        let penalty = match (self.penalty > 0.0, self.objective) {
            (false, _) => None,
            (true, Objective::Wasserstein) => Some(Penalty::Gradient(self.penalty)),
            (true, _) => Some(Penalty::RealGradient(self.penalty)),
        };
        let gan = GanConfig {
            latent: self.latent,
            noise: self.noise,
            generator: layers(&self.generator, up),
            discriminator: layers(&self.discriminator, Activation::LeakyRelu),
            objective: self.objective,
            penalty,
            packing: self.packing,
            minibatch: self.minibatch.then_some(minibatch),
            discriminator_optimizer: (self.lead != 1.0).then(|| rule(self.rate * self.lead)),
            discriminator_updates: self.discriminator_updates,
            generator_updates: self.generator_updates,
            input_noise: self.input_noise,
            labels: LabelConfig {
                real: [1.0 - self.soft_labels; 2],
                flip: self.flipped_labels,
                ..LabelConfig::default()
            },
            feature_matching: self.feature_matching,
            history: self.history,
            diversity: self.diversity,
            replay: self.replay,
            spectral_norm: self.spectral_norm,
            average: self.average,
            ..GanConfig::default()
        };
        let config = Config {
            about: "A world of the studio".to_owned(),
            seed: self.seed,
            data: DataConfig {
                mixture: self.data.mixture(),
                split: SplitConfig { valid: 0.0, test: 0.0, ..SplitConfig::default() },
                ..DataConfig::default()
            },
            codec: CodecConfig { clamp: false, ..CodecConfig::default() },
            model: ModelConfig::Gan(Box::new(gan)),
            train: TrainConfig {
                epochs: self.steps.div_ceil(EPOCH),
                epoch_steps: Some(EPOCH),
                batch: self.batch,
                optimizer: rule(self.rate),
                schedule: if self.cosine { Schedule::Cosine } else { Schedule::Constant },
                best: false,
                ..TrainConfig::default()
            },
            evaluate: EvaluateConfig { made_rows: 2500, ..EvaluateConfig::default() },
            ..Config::default()
        };
        config.check()?;
        Ok(config)
    }
}
