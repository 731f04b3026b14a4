//! Layers as recipes write them: a list in the order of the book.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Init};

use super::network::{Mode, Scope};

/// What follows a layer, value by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// The value itself.
    #[default]
    Linear,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else `0.2 x`.
    LeakyRelu,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `ln(1 + exp(x))`.
    Softplus,
}

impl Activation {
    /// The activation of `x`.
    pub fn apply(self, x: Expr<'_>) -> Expr<'_> {
        match self {
            Self::Linear => x,
            Self::Relu => x.relu(),
            Self::LeakyRelu => x.leaky_relu(0.2),
            Self::Sigmoid => x.sigmoid(),
            Self::Tanh => x.tanh(),
            Self::Softplus => x.softplus(),
        }
    }

    /// The name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky-relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Softplus => "softplus",
        }
    }
}

/// One layer of a recipe's list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum LayerConfig {
    /// `{ dense = 256, activation = "relu" }`: `activation(x W + b)`, Glorot-uniform weights, zero biases.
    Dense {
        /// Values out, 1 to 65536.
        units: usize,
        /// What follows.
        activation: Activation,
    },
    /// `{ batch-norm = 0.99 }`: batch normalization (Ioffe and Szegedy 2015) with this momentum of the running mean
    /// and variance, ε = 0.001.
    BatchNorm {
        /// In [0, 1).
        momentum: f32,
    },
    /// `{ dropout = 0.2 }`: zeroes this share of values while training and scales the others up.
    Dropout {
        /// In [0, 1).
        rate: f32,
    },
    /// `{ activation = "tanh" }` alone.
    Activation(Activation),
}

/// A layer as TOML has it: exactly one of the first three, or an activation alone.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    dense: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_norm: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropout: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<Activation>,
}

impl TryFrom<Written> for LayerConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let share = |name: &str, value: f32| {
            if (0.0..1.0).contains(&value) {
                Ok(value)
            } else {
                Err(format!("`{name}` is {value}, allowed are 0 to below 1"))
            }
        };
        match written {
            Written { dense: Some(units), .. } if units == 0 || units > MOST_UNITS => {
                Err(format!("`dense` is {units}, allowed are 1 to {MOST_UNITS} units"))
            }
            Written { dense: Some(units), batch_norm: None, dropout: None, activation } => {
                Ok(Self::Dense { units, activation: activation.unwrap_or_default() })
            }
            Written { dense: None, batch_norm: Some(momentum), dropout: None, activation: None } => {
                Ok(Self::BatchNorm { momentum: share("batch-norm", momentum)? })
            }
            Written { dense: None, batch_norm: None, dropout: Some(rate), activation: None } => {
                Ok(Self::Dropout { rate: share("dropout", rate)? })
            }
            Written { dense: None, batch_norm: None, dropout: None, activation: Some(activation) } => {
                Ok(Self::Activation(activation))
            }
            _ => Err("a layer is one of `{ dense = units, activation = … }`, `{ batch-norm = momentum }`, \
                      `{ dropout = rate }`, `{ activation = … }`"
                .to_string()),
        }
    }
}

impl From<LayerConfig> for Written {
    fn from(layer: LayerConfig) -> Self {
        match layer {
            LayerConfig::Dense { units, activation } => {
                Self { dense: Some(units), activation: Some(activation), ..Self::default() }
            }
            LayerConfig::BatchNorm { momentum } => Self { batch_norm: Some(momentum), ..Self::default() },
            LayerConfig::Dropout { rate } => Self { dropout: Some(rate), ..Self::default() },
            LayerConfig::Activation(activation) => Self { activation: Some(activation), ..Self::default() },
        }
    }
}

/// Units of the widest layer: a slip of the finger shall not ask for all memory.
const MOST_UNITS: usize = 65_536;

/// Added to the variance in batch normalization, as in Keras.
const BATCH_NORM_EPSILON: f32 = 1e-3;

impl LayerConfig {
    /// The layer applied to `x` (`[rows, width]`); its parameters are named below `path`.
    pub fn apply<'g>(self, scope: &mut Scope<'g>, path: &str, x: Expr<'g>) -> Expr<'g> {
        let width = x.shape().width();
        match self {
            Self::Dense { units, activation } => {
                let y = dense(scope, path, x, units);
                let label = format!("dense, {}", activation.name());
                scope.describe(path, &label, units);
                activation.apply(y)
            }
            Self::BatchNorm { momentum } => {
                let gamma = scope.parameter(&format!("{path}.gamma"), &[width], Init::Constant(1.0));
                let beta = scope.parameter(&format!("{path}.beta"), &[width], Init::Constant(0.0));
                let mean = scope.statistic(&format!("{path}.running_mean"), &[width], 0.0);
                let variance = scope.statistic(&format!("{path}.running_variance"), &[width], 1.0);
                scope.describe(path, "batch norm", width);
                let (centred, spread) = match scope.mode {
                    Mode::Infer => (x - mean, variance),
                    Mode::Train => {
                        // Two passes: the mean square minus the squared mean loses digits in single precision.
                        let batch_mean = x.mean_rows();
                        let centred = x - batch_mean;
                        let batch_variance = centred.square().mean_rows();
                        let keep = |old: Expr<'g>, new: Expr<'g>| old * momentum + new * (1.0 - momentum);
                        scope.update(mean, keep(mean, batch_mean));
                        scope.update(variance, keep(variance, batch_variance));
                        (centred, batch_variance)
                    }
                };
                centred * (gamma / (spread + BATCH_NORM_EPSILON).sqrt()) + beta
            }
            Self::Dropout { rate } => {
                scope.describe(path, &format!("dropout {rate}"), width);
                match scope.mode {
                    Mode::Train if rate > 0.0 => {
                        let kept = scope.graph.bernoulli(&x.shape(), 1.0 - rate);
                        x * kept * (1.0 / (1.0 - rate))
                    }
                    _ => x,
                }
            }
            Self::Activation(activation) => {
                scope.describe(path, activation.name(), width);
                activation.apply(x)
            }
        }
    }
}

/// `x W + b` with `units` columns; parameters `path.weight` and `path.bias`.
pub(crate) fn dense<'g>(scope: &mut Scope<'g>, path: &str, x: Expr<'g>, units: usize) -> Expr<'g> {
    let width = x.shape().width();
    let weight = scope.parameter(&format!("{path}.weight"), &[width, units], Init::GlorotUniform);
    let bias = scope.parameter(&format!("{path}.bias"), &[units], Init::Constant(0.0));
    x.matmul(weight) + bias
}
