//! Layers as recipes write them: a list in the order of the book.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Window};

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

/// One layer of a recipe's list. Images are `(height, width, channels)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum LayerConfig {
    /// `{ dense = 256, activation = "relu" }`: `activation(x W + b)`, Glorot-uniform weights, zero biases. An image is
    /// flattened first.
    Dense {
        /// Values out, 1 to 65536.
        units: usize,
        /// What follows.
        activation: Activation,
    },
    /// `{ conv = 64, kernel = 5, stride = 2, padding = "same", activation = "relu" }`: a convolution with Glorot-uniform
    /// weights and zero biases; by default kernel 3, stride 1, padding same.
    Conv {
        /// Its windows and channels out.
        filters: Filters,
        /// Whether zeros are put around the image.
        padding: Padding,
        /// What follows.
        activation: Activation,
    },
    /// `{ conv-transposed = 64, kernel = 5, stride = 2, activation = "relu" }`: the transposed convolution that makes
    /// an image `stride` times as high and wide.
    ConvTransposed {
        /// Its windows and channels out.
        filters: Filters,
        /// What follows.
        activation: Activation,
    },
    /// `{ upsample = 2 }`: each pixel repeated down and across.
    Upsample {
        /// How often, 2 to 16.
        times: usize,
    },
    /// `{ max-pool = 2 }` or `{ mean-pool = 2 }`: one value for each square of pixels, without overlap.
    Pool {
        /// Pixels along a side, 2 to 16.
        size: usize,
        /// Whether it is the largest, else the mean.
        largest: bool,
    },
    /// `{ batch-norm = 0.99 }`: batch normalization (Ioffe and Szegedy 2015) of each column, or of each channel over all
    /// pixels, with this momentum of the running mean and variance, ε = 0.001.
    BatchNorm {
        /// In [0, 1).
        momentum: f32,
    },
    /// `{ layer-norm = 0.001 }`: layer normalization (Ba, Kiros and Hinton 2016) over all values of a row, with this ε.
    LayerNorm {
        /// Above 0, at most 1.
        epsilon: f32,
    },
    /// `{ dropout = 0.2 }`: zeroes this share of values while training and scales the others up.
    Dropout {
        /// In [0, 1).
        rate: f32,
    },
    /// `{ flatten = true }`: an image as one row of values.
    Flatten,
    /// `{ reshape = [7, 7, 64] }`: a row of values as an image.
    Reshape {
        /// Height, width and channels.
        image: [usize; 3],
    },
    /// `{ activation = "tanh" }` alone.
    Activation(Activation),
}

/// What a convolution slides over an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filters {
    /// Channels out, 1 to 4096.
    pub channels: usize,
    /// Pixels along a side of the window, 1 to 64.
    pub kernel: usize,
    /// Pixels from one window to the next, 1 to 16.
    pub stride: usize,
}

/// What happens at the edge of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// Zeros around the image: as many windows as pixels, divided by the stride and rounded up.
    #[default]
    Same,
    /// Only windows that lie inside the image.
    Valid,
}

/// A layer as TOML has it: one key says which layer it is, the others how.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    dense: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conv: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conv_transposed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upsample: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_pool: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_pool: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_norm: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer_norm: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropout: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flatten: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reshape: Option<[usize; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stride: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<Padding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<Activation>,
}

impl Written {
    /// The layer, without regard to keys that do not belong to it.
    fn layer(&self) -> Result<Option<LayerConfig>, String> {
        let whole = |name: &str, value: usize, least: usize, most: usize| {
            if (least..=most).contains(&value) {
                Ok(value)
            } else {
                Err(format!("`{name}` is {value}, allowed are {least} to {most}"))
            }
        };
        let share = |name: &str, value: f32| {
            if (0.0..1.0).contains(&value) {
                Ok(value)
            } else {
                Err(format!("`{name}` is {value}, allowed are 0 to below 1"))
            }
        };
        let activation = self.activation.unwrap_or_default();
        let filters = |name: &str, channels: usize| -> Result<Filters, String> {
            Ok(Filters {
                channels: whole(name, channels, 1, 4096)?,
                kernel: whole("kernel", self.kernel.unwrap_or(3), 1, 64)?,
                stride: whole("stride", self.stride.unwrap_or(1), 1, 16)?,
            })
        };
        Ok(Some(if let Some(units) = self.dense {
            LayerConfig::Dense { units: whole("dense", units, 1, MOST_UNITS)?, activation }
        } else if let Some(channels) = self.conv {
            let padding = self.padding.unwrap_or_default();
            LayerConfig::Conv { filters: filters("conv", channels)?, padding, activation }
        } else if let Some(channels) = self.conv_transposed {
            LayerConfig::ConvTransposed { filters: filters("conv-transposed", channels)?, activation }
        } else if let Some(times) = self.upsample {
            LayerConfig::Upsample { times: whole("upsample", times, 2, 16)? }
        } else if let Some(size) = self.max_pool {
            LayerConfig::Pool { size: whole("max-pool", size, 2, 16)?, largest: true }
        } else if let Some(size) = self.mean_pool {
            LayerConfig::Pool { size: whole("mean-pool", size, 2, 16)?, largest: false }
        } else if let Some(momentum) = self.batch_norm {
            LayerConfig::BatchNorm { momentum: share("batch-norm", momentum)? }
        } else if let Some(epsilon) = self.layer_norm {
            if !(epsilon > 0.0 && epsilon <= 1.0) {
                return Err(format!("`layer-norm` is {epsilon}, allowed are above 0 to 1"));
            }
            LayerConfig::LayerNorm { epsilon }
        } else if let Some(rate) = self.dropout {
            LayerConfig::Dropout { rate: share("dropout", rate)? }
        } else if let Some(flatten) = self.flatten {
            if !flatten {
                return Err("`flatten` is false, allowed is true".to_string());
            }
            LayerConfig::Flatten
        } else if let Some(image) = self.reshape {
            for side in image {
                whole("reshape", side, 1, MOST_UNITS)?;
            }
            LayerConfig::Reshape { image }
        } else if let Some(activation) = self.activation {
            LayerConfig::Activation(activation)
        } else {
            return Ok(None);
        }))
    }

    /// The keys that are there.
    fn keys(&self) -> Vec<String> {
        let table = toml::Table::try_from(self).expect("a layer is plain data");
        table.keys().cloned().collect()
    }
}

impl TryFrom<Written> for LayerConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Some(layer) = written.layer()? else {
            return Err("a layer is one of `{ dense = units }`, `{ conv = channels }`, \
                        `{ conv-transposed = channels }`, `{ upsample = times }`, `{ max-pool = size }`, \
                        `{ mean-pool = size }`, `{ batch-norm = momentum }`, `{ layer-norm = epsilon }`, \
                        `{ dropout = rate }`, `{ flatten = true }`, `{ reshape = [h, w, c] }`, \
                        `{ activation = … }`"
                .to_string());
        };
        // What the layer would be written as has every key that belongs to it.
        let own = Written::from(layer).keys();
        match written.keys().iter().find(|key| !own.contains(key)) {
            Some(stray) => Err(format!("`{stray}` does not belong to a `{}` layer", layer.key())),
            None => Ok(layer),
        }
    }
}

impl From<LayerConfig> for Written {
    fn from(layer: LayerConfig) -> Self {
        let none = Self::default;
        let windows = |filters: Filters, activation: Activation| Self {
            kernel: Some(filters.kernel),
            stride: Some(filters.stride),
            activation: Some(activation),
            ..Self::default()
        };
        match layer {
            LayerConfig::Dense { units, activation } => {
                Self { dense: Some(units), activation: Some(activation), ..none() }
            }
            LayerConfig::Conv { filters, padding, activation } => {
                Self { conv: Some(filters.channels), padding: Some(padding), ..windows(filters, activation) }
            }
            LayerConfig::ConvTransposed { filters, activation } => {
                Self { conv_transposed: Some(filters.channels), ..windows(filters, activation) }
            }
            LayerConfig::Upsample { times } => Self { upsample: Some(times), ..none() },
            LayerConfig::Pool { size, largest: true } => Self { max_pool: Some(size), ..none() },
            LayerConfig::Pool { size, largest: false } => Self { mean_pool: Some(size), ..none() },
            LayerConfig::BatchNorm { momentum } => Self { batch_norm: Some(momentum), ..none() },
            LayerConfig::LayerNorm { epsilon } => Self { layer_norm: Some(epsilon), ..none() },
            LayerConfig::Dropout { rate } => Self { dropout: Some(rate), ..none() },
            LayerConfig::Flatten => Self { flatten: Some(true), ..none() },
            LayerConfig::Reshape { image } => Self { reshape: Some(image), ..none() },
            LayerConfig::Activation(activation) => Self { activation: Some(activation), ..none() },
        }
    }
}

/// Units of the widest layer: a slip of the finger shall not ask for all memory.
const MOST_UNITS: usize = 65_536;

/// Values a layer may make of one row.
const MOST_VALUES: usize = 1 << 22;

impl LayerConfig {
    /// The shape that the layer makes of one row of shape `dims`.
    ///
    /// # Errors
    /// Why it cannot take it.
    pub fn shape(&self, dims: &[usize]) -> Result<Vec<usize>, String> {
        let width: usize = dims.iter().product();
        let image = |what: &str| match dims {
            &[h, w, c] => Ok((h, w, c)),
            _ => Err(format!("{what} takes an image (height, width, channels)")),
        };
        let shape = match *self {
            Self::Dense { units, .. } => vec![units],
            Self::Conv { filters, padding, .. } => {
                let (h, w, _) = image("a convolution")?;
                let windows = filters
                    .windows((h, w), padding)
                    .ok_or_else(|| format!("a window of {0} x {0} does not lie inside it", filters.kernel))?;
                vec![windows[0].coarse, windows[1].coarse, filters.channels]
            }
            Self::ConvTransposed { filters, .. } => {
                let (h, w, _) = image("a transposed convolution")?;
                vec![h * filters.stride, w * filters.stride, filters.channels]
            }
            Self::Upsample { times } => {
                let (h, w, c) = image("upsampling")?;
                vec![h * times, w * times, c]
            }
            Self::Pool { size, .. } => {
                let (h, w, c) = image("pooling")?;
                if h < size || w < size {
                    return Err(format!("a square of {size} x {size} does not lie inside it"));
                }
                vec![h / size, w / size, c]
            }
            Self::Flatten => vec![width],
            Self::Reshape { image } => {
                let values: usize = image.iter().product();
                if values != width {
                    return Err(format!("{values} values are needed, and {width} are there"));
                }
                image.to_vec()
            }
            Self::BatchNorm { .. } | Self::LayerNorm { .. } | Self::Dropout { .. } | Self::Activation(_) => {
                dims.to_vec()
            }
        };
        let values: usize = shape.iter().product();
        if values > MOST_VALUES {
            return Err(format!("it would make {values} values of a row, allowed are {MOST_VALUES}"));
        }
        Ok(shape)
    }

    /// The key that says in a recipe which layer it is.
    fn key(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Conv { .. } => "conv",
            Self::ConvTransposed { .. } => "conv-transposed",
            Self::Upsample { .. } => "upsample",
            Self::Pool { largest: true, .. } => "max-pool",
            Self::Pool { largest: false, .. } => "mean-pool",
            Self::BatchNorm { .. } => "batch-norm",
            Self::LayerNorm { .. } => "layer-norm",
            Self::Dropout { .. } => "dropout",
            Self::Flatten => "flatten",
            Self::Reshape { .. } => "reshape",
            Self::Activation(_) => "activation",
        }
    }

    /// What the layer is, in a few words: `conv 64, 5 x 5 / 2, relu`.
    pub fn label(&self) -> String {
        let windows = |filters: &Filters| {
            let stride = if filters.stride == 1 { String::new() } else { format!(" / {}", filters.stride) };
            format!("{0} x {0}{stride}", filters.kernel)
        };
        match self {
            Self::Dense { activation, .. } => format!("dense, {}", activation.name()),
            Self::Conv { filters, activation, .. } => {
                format!("conv {}, {}", windows(filters), activation.name())
            }
            Self::ConvTransposed { filters, activation } => {
                format!("conv transposed {}, {}", windows(filters), activation.name())
            }
            Self::Upsample { times } => format!("upsample {times}"),
            Self::Pool { size, largest: true } => format!("max pool {size}"),
            Self::Pool { size, largest: false } => format!("mean pool {size}"),
            Self::BatchNorm { .. } => "batch norm".to_string(),
            Self::LayerNorm { .. } => "layer norm".to_string(),
            Self::Dropout { rate } => format!("dropout {rate}"),
            Self::Flatten => "flatten".to_string(),
            Self::Reshape { .. } => "reshape".to_string(),
            Self::Activation(activation) => activation.name().to_string(),
        }
    }
}

impl Filters {
    /// The windows over an image of `h` x `w` pixels, if there is room for one.
    pub(crate) fn windows(self, (h, w): (usize, usize), padding: Padding) -> Option<[Window; 2]> {
        let window = |n: usize| match padding {
            Padding::Same => Some(Window::same(n, self.kernel, self.stride)),
            Padding::Valid => Window::valid(n, self.kernel, self.stride),
        };
        Some([window(h)?, window(w)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LayerConfig, String> {
        let table: toml::Table = toml::from_str(&format!("layer = {text}")).unwrap();
        table["layer"].clone().try_into().map_err(|error: toml::de::Error| error.message().to_string())
    }

    #[test]
    fn every_layer_is_read_as_it_is_written() {
        for text in [
            "{ dense = 3, activation = 'relu' }",
            "{ conv = 8, kernel = 5, stride = 2, padding = 'valid', activation = 'tanh' }",
            "{ conv-transposed = 8, kernel = 4, stride = 2, activation = 'linear' }",
            "{ upsample = 2 }",
            "{ max-pool = 3 }",
            "{ mean-pool = 2 }",
            "{ batch-norm = 0.9 }",
            "{ layer-norm = 0.001 }",
            "{ dropout = 0.5 }",
            "{ flatten = true }",
            "{ reshape = [7, 7, 2] }",
            "{ activation = 'softplus' }",
        ] {
            let layer = read(text).unwrap();
            let table: toml::Table = toml::from_str(&format!("layer = {text}")).unwrap();
            let value = toml::Value::try_from(layer).unwrap();
            // Single precision: 0.9 is written as its nearest double.
            let close = |a: &toml::Value, b: &toml::Value| match (a.as_float(), b.as_float()) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-6,
                _ => a == b,
            };
            let (value, table) = (value.as_table().unwrap(), table["layer"].as_table().unwrap());
            assert_eq!(value.len(), table.len(), "{text}");
            assert!(table.iter().all(|(key, want)| close(&value[key], want)), "{text}");
        }
    }

    #[test]
    fn strays_and_values_out_of_range_are_named() {
        let message = |text: &str| read(text).unwrap_err();
        assert_eq!(message("{ dense = 0 }"), "`dense` is 0, allowed are 1 to 65536");
        assert_eq!(message("{ dense = 3, kernel = 2 }"), "`kernel` does not belong to a `dense` layer");
        assert_eq!(message("{ conv = 3, dense = 4 }"), "`conv` does not belong to a `dense` layer");
        assert_eq!(message("{ conv = 3, stride = 0 }"), "`stride` is 0, allowed are 1 to 16");
        assert_eq!(message("{ layer-norm = 0.0 }"), "`layer-norm` is 0, allowed are above 0 to 1");
        assert!(message("{ kernel = 3 }").starts_with("a layer is one of"));
    }

    #[test]
    fn shapes_are_those_of_keras() {
        let shape = |text: &str, dims: &[usize]| read(text).unwrap().shape(dims);
        assert_eq!(shape("{ conv = 8, kernel = 5, stride = 2 }", &[28, 27, 1]).unwrap(), [14, 14, 8]);
        assert_eq!(shape("{ conv = 8, kernel = 5, padding = 'valid' }", &[28, 7, 1]).unwrap(), [24, 3, 8]);
        assert_eq!(
            shape("{ conv-transposed = 3, kernel = 5, stride = 2 }", &[7, 8, 9]).unwrap(),
            [14, 16, 3]
        );
        assert_eq!(shape("{ max-pool = 2 }", &[7, 8, 9]).unwrap(), [3, 4, 9]);
        assert_eq!(shape("{ dense = 5 }", &[7, 8, 9]).unwrap(), [5]);
        assert_eq!(shape("{ reshape = [2, 3, 4] }", &[24]).unwrap(), [2, 3, 4]);
        assert_eq!(
            shape("{ reshape = [2, 3, 4] }", &[25]).unwrap_err(),
            "24 values are needed, and 25 are there"
        );
        assert_eq!(
            shape("{ conv = 8 }", &[25]).unwrap_err(),
            "a convolution takes an image (height, width, channels)"
        );
    }
}
