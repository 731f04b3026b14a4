//! The models, one idea a file. Each is written once over expressions; [`Network`] compiles what training, scoring,
//! encoding and sampling need of it.

mod aae;
mod ability;
mod aggregate;
mod autoencoder;
mod average;
pub mod boost;
pub mod chain;
pub mod circuit;
mod classifier;
pub mod detector;
pub mod discriminant;
mod draws;
mod ending;
mod form;
mod gan;
pub mod key;
pub(crate) mod maker;
mod network;
mod parallel;
mod prior;
pub mod private;
mod program;
mod propagation;
mod rare_class;
mod rows;
mod segment;
mod self_training;
pub mod series;
mod softmax;
mod stored;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod trees;
mod vae;
mod watched;

use serde::{Deserialize, Serialize};

use crate::nn::{Activation, LikelihoodConfig, NoiseConfig};

pub(crate) use parallel::parallel;

use chain::ChainConfig;
use circuit::CircuitConfig;
use detector::{
    CopodConfig, DetectorConfig, EcodConfig, GaussianMixtureConfig, HbosConfig, IsolationForestConfig,
    LofConfig, NeighborsConfig, PcaConfig, SurpriseConfig,
};
use discriminant::{
    DiscriminantConfig, ExtraTreesConfig, LinearDiscriminantConfig, LogisticRegressionConfig,
    NaiveBayesConfig, NearestClassesConfig, QuadraticDiscriminantConfig,
};
use private::PrivateMarginalsConfig;
use series::{CandleCopulaConfig, PathConfig, SeriesModelConfig, WindowCopulaConfig};

pub use aae::AaeConfig;
pub use ability::Ability;
pub use autoencoder::AutoencoderConfig;
pub use classifier::Classifier;
pub(crate) use form::{Decoding, NetworkConfig};
pub(crate) use gan::balanced;
pub use gan::{
    CoupledConfig, GanConfig, InfoConfig, LabelConfig, MinibatchConfig, Objective, OutputRange, Penalty,
    Realness, SemiSupervisedConfig, WarpConfig, WeightStart,
};
pub use network::{Judged, Network, Weights};
pub use prior::{Fixed, NoiseSource, Prior};
pub(crate) use propagation::told;
pub use propagation::{ClassShares, LabelCurveConfig, Neighborhood, Propagation, PropagationConfig};
pub use rare_class::{RareClass, RareClassConfig};
pub use rows::{Layout, Rows};
pub(crate) use self_training::{Guide, SelfTraining};
pub use self_training::{PseudoRoundsConfig, SelfTrainingConfig};
pub use softmax::ClassifierConfig;
pub(crate) use stored::in_order;
pub use stored::{Number, Stored, Tensor, Values};
pub(crate) use table::{Lesson, Parts};
pub use table::{TableConfig, TableModel};

pub(crate) use draws::Draws;
pub use trees::{BoostedTrees, BoostedTreesConfig};
pub use vae::VaeConfig;

/// Which model, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelConfig {
    /// An autoencoder: a code of each row, and the row expected from the code.
    Autoencoder(AutoencoderConfig),
    /// A variational autoencoder: also a distribution of rows to sample from.
    Vae(VaeConfig),
    /// An adversarial autoencoder: an autoencoder whose codes are like draws of a prior, to sample from.
    Aae(AaeConfig),
    /// A generative adversarial network: rows made of noise, and a discriminator of made and real ones.
    Gan(Box<GanConfig>),
    /// A classifier of labelled rows.
    Classifier(ClassifierConfig),
    /// A chain that makes rows of a table, completes them and says how likely they are, and a detector that scores them.
    Table(Box<TableConfig>),
    /// The chain alone.
    Chain(ChainConfig),
    /// Rows made from noisy marginals, with differential privacy.
    PrivateMarginals(PrivateMarginalsConfig),
    /// A circuit: a tree of hidden states that makes rows of a table, and of which every question has an exact answer.
    Circuit(CircuitConfig),
    /// The default detector alone.
    Surprise(SurpriseConfig),
    /// An isolation forest: how soon random cuts set a row apart.
    IsolationForest(IsolationForestConfig),
    /// The distance to the nearest training rows.
    Neighbors(NeighborsConfig),
    /// How much sparser it is around a row than around its neighbors.
    Lof(LofConfig),
    /// How far out in the tails of each column a row is.
    Ecod(EcodConfig),
    /// How far out in the tails of each column, both tails together.
    Copod(CopodConfig),
    /// How rare the values of a row are, column by column.
    Hbos(HbosConfig),
    /// How far a row is from the principal directions.
    Pca(PcaConfig),
    /// How low the density of a mixture of Gaussians is.
    GaussianMixture(GaussianMixtureConfig),
    /// A detector of what is unusual in series.
    Series(Box<SeriesModelConfig>),
    /// New paths of series by a Gaussian copula of windows, which also fills missing stretches.
    WindowCopula(WindowCopulaConfig),
    /// New paths of prices, each day as a candle.
    CandleCopula(CandleCopulaConfig),
    /// A classifier of the target by boosted trees.
    BoostedTrees(BoostedTreesConfig),
    /// A classifier of the target by columns that are independent within a class.
    NaiveBayes(NaiveBayesConfig),
    /// A classifier of the target by a Gaussian for each class, all of one covariance.
    LinearDiscriminant(LinearDiscriminantConfig),
    /// A classifier of the target by a Gaussian for each class.
    QuadraticDiscriminant(QuadraticDiscriminantConfig),
    /// A classifier of the target that is linear in the columns.
    LogisticRegression(LogisticRegressionConfig),
    /// A classifier of the target by the classes of the nearest training rows.
    NearestClasses(NearestClassesConfig),
    /// A classifier of the target by the mean of many random trees.
    ExtraTrees(ExtraTreesConfig),
    /// A classifier of a rare class, for which rows without a label count as of the common one.
    RareClass(RareClassConfig),
    /// A classifier that spreads few labels along a graph of neighbors.
    Propagation(PropagationConfig),
}

impl ModelConfig {
    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Autoencoder(_) => "autoencoder",
            Self::Vae(_) => "vae",
            Self::Aae(_) => "aae",
            Self::Gan(_) => "gan",
            Self::Classifier(_) => "classifier",
            Self::Table(_) => "table",
            Self::Chain(_) => "chain",
            Self::PrivateMarginals(_) => "private-marginals",
            Self::Circuit(_) => "circuit",
            Self::Surprise(_) => "surprise",
            Self::IsolationForest(_) => "isolation-forest",
            Self::Neighbors(_) => "neighbors",
            Self::Lof(_) => "lof",
            Self::Ecod(_) => "ecod",
            Self::Copod(_) => "copod",
            Self::Hbos(_) => "hbos",
            Self::Pca(_) => "pca",
            Self::GaussianMixture(_) => "gaussian-mixture",
            Self::Series(_) => "series",
            Self::WindowCopula(_) => "window-copula",
            Self::CandleCopula(_) => "candle-copula",
            Self::BoostedTrees(_) => "boosted-trees",
            Self::NaiveBayes(_) => "naive-bayes",
            Self::LinearDiscriminant(_) => "linear-discriminant",
            Self::QuadraticDiscriminant(_) => "quadratic-discriminant",
            Self::LogisticRegression(_) => "logistic-regression",
            Self::NearestClasses(_) => "nearest-classes",
            Self::ExtraTrees(_) => "extra-trees",
            Self::RareClass(_) => "rare-class",
            Self::Propagation(_) => "propagation",
        }
    }

    /// One of each kind with default settings: by these a message names what is capable of something, and the name of a model
    /// alone is understood.
    pub fn all() -> Vec<Self> {
        vec![
            Self::Autoencoder(AutoencoderConfig::default()),
            Self::Vae(VaeConfig::default()),
            Self::Aae(AaeConfig::default()),
            Self::Gan(Box::default()),
            Self::Classifier(ClassifierConfig::default()),
            Self::Table(Box::default()),
            Self::Chain(ChainConfig::default()),
            Self::PrivateMarginals(PrivateMarginalsConfig::default()),
            Self::Circuit(CircuitConfig::default()),
            Self::Surprise(SurpriseConfig::default()),
            Self::IsolationForest(IsolationForestConfig::default()),
            Self::Neighbors(NeighborsConfig::default()),
            Self::Lof(LofConfig::default()),
            Self::Ecod(EcodConfig::default()),
            Self::Copod(CopodConfig::default()),
            Self::Hbos(HbosConfig::default()),
            Self::Pca(PcaConfig::default()),
            Self::GaussianMixture(GaussianMixtureConfig::default()),
            Self::Series(Box::default()),
            Self::WindowCopula(WindowCopulaConfig::default()),
            Self::CandleCopula(CandleCopulaConfig::default()),
            Self::BoostedTrees(BoostedTreesConfig::default()),
            Self::NaiveBayes(NaiveBayesConfig::default()),
            Self::LinearDiscriminant(LinearDiscriminantConfig::default()),
            Self::QuadraticDiscriminant(QuadraticDiscriminantConfig::default()),
            Self::LogisticRegression(LogisticRegressionConfig::default()),
            Self::NearestClasses(NearestClassesConfig::default()),
            Self::ExtraTrees(ExtraTreesConfig::default()),
            Self::RareClass(RareClassConfig::default()),
            Self::Propagation(PropagationConfig::default()),
        ]
    }

    /// The name in messages, with its article.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Autoencoder(_) => "an autoencoder",
            Self::Vae(_) => "a VAE",
            Self::Aae(_) => "an adversarial autoencoder",
            Self::Gan(_) => "an adversarial network",
            Self::Classifier(_) => "a classifier",
            Self::Table(_) => "a chain with a detector",
            Self::Chain(_) => "a chain",
            Self::PrivateMarginals(_) => "a model of private marginals",
            Self::Circuit(_) => "a circuit",
            Self::Surprise(_) => "a detector of surprises",
            Self::IsolationForest(_) => "an isolation forest",
            Self::Neighbors(_) => "a detector by neighbors",
            Self::Lof(_) => "a local outlier factor",
            Self::Ecod(_) => "a detector by tails",
            Self::Copod(_) => "a detector by copulas",
            Self::Hbos(_) => "a detector by histograms",
            Self::Pca(_) => "a detector by principal directions",
            Self::GaussianMixture(_) => "a mixture of Gaussians",
            Self::Series(_) => "a detector of series",
            Self::WindowCopula(_) => "a copula of windows",
            Self::CandleCopula(_) => "a copula of candles",
            Self::BoostedTrees(_) => "a classifier of boosted trees",
            Self::NaiveBayes(_) => "naive Bayes",
            Self::LinearDiscriminant(_) => "a linear discriminant",
            Self::QuadraticDiscriminant(_) => "a quadratic discriminant",
            Self::LogisticRegression(_) => "a logistic regression",
            Self::NearestClasses(_) => "a classifier by neighbors",
            Self::ExtraTrees(_) => "a classifier of random trees",
            Self::RareClass(_) => "a classifier of a rare class",
            Self::Propagation(_) => "label propagation",
        }
    }

    /// The parts of a model of tables without a network, if it is one.
    pub(crate) fn table(&self) -> Option<Parts> {
        let told = |discriminant| Parts { discriminant: Some(discriminant), ..Parts::default() };
        let of = |detector: DetectorConfig| Parts { detector: Some(detector), ..Parts::default() };
        Some(match self {
            Self::Table(config) => Parts { chain: Some(config.chain.clone()), ..of(config.detector.clone()) },
            Self::Chain(config) => Parts { chain: Some(config.clone()), ..Parts::default() },
            Self::PrivateMarginals(config) => Parts { private: Some(config.clone()), ..Parts::default() },
            Self::Circuit(config) => Parts { circuit: Some(config.clone()), ..Parts::default() },
            Self::Surprise(config) => of(DetectorConfig::Surprise(config.clone())),
            Self::IsolationForest(config) => of(DetectorConfig::IsolationForest(config.clone())),
            Self::Neighbors(config) => of(DetectorConfig::Neighbors(config.clone())),
            Self::Lof(config) => of(DetectorConfig::Lof(config.clone())),
            Self::Ecod(config) => of(DetectorConfig::Ecod(config.clone())),
            Self::Copod(config) => of(DetectorConfig::Copod(config.clone())),
            Self::Hbos(config) => of(DetectorConfig::Hbos(config.clone())),
            Self::Pca(config) => of(DetectorConfig::Pca(config.clone())),
            Self::GaussianMixture(config) => of(DetectorConfig::GaussianMixture(config.clone())),
            Self::Series(config) => Parts { series: Some((**config).clone()), ..Parts::default() },
            Self::WindowCopula(config) => Parts::of_paths(PathConfig::Window(config.clone())),
            Self::CandleCopula(config) => Parts::of_paths(PathConfig::Candle(config.clone())),
            Self::NaiveBayes(config) => told(DiscriminantConfig::NaiveBayes(config.clone())),
            Self::LinearDiscriminant(config) => told(DiscriminantConfig::LinearDiscriminant(config.clone())),
            Self::QuadraticDiscriminant(config) => {
                told(DiscriminantConfig::QuadraticDiscriminant(config.clone()))
            }
            Self::LogisticRegression(config) => told(DiscriminantConfig::LogisticRegression(config.clone())),
            Self::NearestClasses(config) => told(DiscriminantConfig::NearestClasses(config.clone())),
            Self::ExtraTrees(config) => told(DiscriminantConfig::ExtraTrees(config.clone())),
            Self::BoostedTrees(config) => Parts { trees: Some(config.clone()), ..Parts::default() },
            Self::RareClass(config) => Parts { rare: Some(config.clone()), ..Parts::default() },
            Self::Autoencoder(_)
            | Self::Vae(_)
            | Self::Aae(_)
            | Self::Gan(_)
            | Self::Classifier(_)
            | Self::Propagation(_) => return None,
        })
    }

    /// The graph of neighbors along which it spreads labels, for models that have one.
    pub(crate) fn graph(&self) -> Option<&PropagationConfig> {
        match self {
            Self::Propagation(graph) => Some(graph),
            Self::Classifier(config) => config.self_training.as_ref()?.graph.as_ref(),
            _ => None,
        }
    }

    /// The network of it, for models that are one.
    pub(crate) fn network(&self) -> Option<NetworkConfig<'_>> {
        Some(match self {
            Self::Autoencoder(config) => NetworkConfig::Decoding(Decoding::Autoencoder(config)),
            Self::Vae(config) => NetworkConfig::Decoding(Decoding::Vae(config)),
            Self::Aae(config) => NetworkConfig::Decoding(Decoding::Aae(config)),
            Self::Gan(config) => NetworkConfig::Gan(config),
            Self::Classifier(config) => NetworkConfig::Classifier(config),
            _ => return None,
        })
    }

    /// The weight of the divergence at full strength, and epochs to get there, for models that have one.
    pub fn divergence(&self) -> (f32, usize) {
        match self {
            Self::Vae(config) => (config.beta, config.kl_warmup),
            _ => (0.0, 0),
        }
    }

    /// What the decoder's output stands for; of models without one, values in the units of the data.
    pub fn likelihood(&self) -> LikelihoodConfig {
        match self.network() {
            Some(NetworkConfig::Decoding(config)) => config.likelihood(),
            _ => LikelihoodConfig::SquaredError { output: Activation::Linear },
        }
    }

    /// Noise of the encoder's input while training.
    pub fn noise(&self) -> Option<NoiseConfig> {
        match self.network() {
            Some(NetworkConfig::Decoding(config)) => config.noise(),
            _ => None,
        }
    }

    /// Rows that a training step looks at together; a batch has a whole number of such groups.
    pub fn group(&self) -> usize {
        match self {
            Self::Gan(config) => config.group(),
            _ => 1,
        }
    }
}
