//! Layers as recipes write them: a list in the order of the book.

use serde::{Deserialize, Serialize};
use veridic_graph::{Cell, Expr, Window};

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

/// One layer of a recipe's list. Images are `(height, width, channels)`, series `(steps, values)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "super::notation::Notation", into = "super::notation::Notation")]
pub enum LayerConfig {
    /// `{ dense = 256, activation = "relu" }`: `activation(x W + b)`, Glorot-uniform weights, zero biases. An image or a
    /// series is flattened first.
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
    /// `{ upsample = 2 }`: each pixel repeated down and across, or each step repeated.
    Upsample {
        /// How often, 2 to 16.
        times: usize,
    },
    /// `{ max-pool = 2 }` or `{ mean-pool = 2 }`: one value for each square of pixels, or for so many steps, without
    /// overlap.
    Pool {
        /// Pixels along a side, or steps, 2 to 16.
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
    /// `{ noise = 0.1 }`: adds normal noise of this standard deviation while training.
    Noise {
        /// Above 0, at most 100.
        deviation: f32,
    },
    /// `{ flatten = true }`: an image or a series as one row of values.
    Flatten,
    /// `{ reshape = [7, 7, 64] }`: a row of values as an image.
    Reshape {
        /// Height, width and channels.
        image: [usize; 3],
    },
    /// `{ series = [16, 4] }`: a row of values as a series.
    Series {
        /// Steps and values a step.
        series: [usize; 2],
    },
    /// `{ lstm = 32 }` or `{ gru = 32 }`: a recurrent layer over a series (see [`Cell`]), Glorot-uniform weights of the
    /// input, those of the state uniform within ±1/√units, zero biases but 1 for the forget gate (Jozefowicz et al. 2015).
    Recurrent {
        /// Which of the two.
        cell: Cell,
        /// Values of a state, 1 to 4096; with `direction = "both"` of each of two.
        units: usize,
        /// Which way through time.
        direction: Direction,
        /// What it gives.
        output: Output,
    },
    /// `{ repeat = 64 }`: a row of values at each of so many steps.
    Repeat {
        /// Steps, 1 to 65536.
        steps: usize,
    },
    /// `{ conv1d = 16, kernel = 3, dilation = 2, padding = "causal", activation = "relu" }`: a convolution along time with
    /// Glorot-uniform weights and zero biases; by default kernel 3, stride 1, dilation 1, padding same.
    Conv1d {
        /// Its windows and channels out.
        taps: Taps,
        /// What is before the first step and after the last.
        padding: TimePadding,
        /// What follows.
        activation: Activation,
    },
    /// `{ step-dense = 8, activation = "relu" }`: the same dense layer at each step of a series.
    StepDense {
        /// Values a step, 1 to 65536.
        units: usize,
        /// What follows.
        activation: Activation,
    },
    /// `{ activation = "tanh" }` alone.
    Activation(Activation),
}

/// Which way a recurrent layer goes through time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the first step to the last.
    #[default]
    Forward,
    /// From the last step to the first.
    Backward,
    /// One layer each way, their states side by side.
    Both,
}

/// What a recurrent layer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// The state after each step.
    #[default]
    Series,
    /// The state when all steps have been seen.
    Last,
}

/// What a convolution slides along a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taps {
    /// Channels out, 1 to 4096.
    pub channels: usize,
    /// Steps of the window, 1 to 64.
    pub kernel: usize,
    /// Steps from one window to the next, 1 to 16.
    pub stride: usize,
    /// Steps from one tap of the window to the next, 1 to 4096; above 1 with stride 1 and not with valid padding.
    pub dilation: usize,
}

/// What happens at the ends of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimePadding {
    /// Zeros at both ends: as many windows as steps, divided by the stride and rounded up.
    #[default]
    Same,
    /// Only windows that lie inside the series.
    Valid,
    /// Zeros before the first step alone, so that no window sees a later step than its own.
    Causal,
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
        let series = |what: &str| match dims {
            &[steps, values] => Ok((steps, values)),
            _ => Err(format!("{what} takes a series (steps, values)")),
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
            Self::Upsample { times } if dims.len() == 2 => vec![dims[0] * times, dims[1]],
            Self::Pool { size, .. } if dims.len() == 2 => {
                if dims[0] < size {
                    return Err(format!("it has fewer than {size} steps"));
                }
                vec![dims[0] / size, dims[1]]
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
            Self::Series { series } => {
                let values: usize = series.iter().product();
                if values != width {
                    return Err(format!("{values} values are needed, and {width} are there"));
                }
                series.to_vec()
            }
            Self::Recurrent { units, direction, output, .. } => {
                let (steps, _) = series("a recurrent layer")?;
                let units = if direction == Direction::Both { 2 * units } else { units };
                match output {
                    Output::Series => vec![steps, units],
                    Output::Last => vec![units],
                }
            }
            Self::Repeat { steps } => match dims {
                &[values] => vec![steps, values],
                _ => return Err("repeating takes a row of values".to_string()),
            },
            Self::Conv1d { taps, padding, .. } => {
                let (steps, _) = series("a convolution along time")?;
                let window = taps
                    .window(steps, padding)
                    .ok_or_else(|| format!("a window of {} steps does not lie inside it", taps.kernel))?;
                vec![window.coarse, taps.channels]
            }
            Self::StepDense { units, .. } => vec![series("a dense layer at each step")?.0, units],
            Self::BatchNorm { .. }
            | Self::LayerNorm { .. }
            | Self::Dropout { .. }
            | Self::Noise { .. }
            | Self::Activation(_) => dims.to_vec(),
        };
        let values: usize = shape.iter().product();
        if values > MOST_VALUES {
            return Err(format!("it would make {values} values of a row, allowed are {MOST_VALUES}"));
        }
        Ok(shape)
    }

    /// The key that says in a recipe which layer it is.
    pub(super) fn key(&self) -> &'static str {
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
            Self::Noise { .. } => "noise",
            Self::Flatten => "flatten",
            Self::Reshape { .. } => "reshape",
            Self::Series { .. } => "series",
            Self::Recurrent { cell: Cell::Lstm, .. } => "lstm",
            Self::Recurrent { cell: Cell::Gru, .. } => "gru",
            Self::Repeat { .. } => "repeat",
            Self::Conv1d { .. } => "conv1d",
            Self::StepDense { .. } => "step-dense",
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
            Self::Noise { deviation } => format!("noise {deviation}"),
            Self::Flatten => "flatten".to_string(),
            Self::Reshape { .. } => "reshape".to_string(),
            Self::Series { .. } => "series".to_string(),
            Self::Recurrent { direction, output, .. } => {
                let way = match direction {
                    Direction::Forward => "",
                    Direction::Backward => ", backward",
                    Direction::Both => ", both ways",
                };
                let last = if *output == Output::Last { ", last" } else { "" };
                format!("{}{way}{last}", self.key())
            }
            Self::Repeat { steps } => format!("repeat {steps}"),
            Self::Conv1d { taps, padding, activation } => {
                let stride = if taps.stride == 1 { String::new() } else { format!(" / {}", taps.stride) };
                let dilated =
                    if taps.dilation == 1 { String::new() } else { format!(" x {} apart", taps.dilation) };
                let causal = if *padding == TimePadding::Causal { ", causal" } else { "" };
                format!("conv1d {}{stride}{dilated}{causal}, {}", taps.kernel, activation.name())
            }
            Self::StepDense { activation, .. } => format!("dense at each step, {}", activation.name()),
            Self::Activation(activation) => activation.name().to_string(),
        }
    }
}

impl LayerConfig {
    /// Trained values of the layer between rows of shape `before` and rows of shape `after`.
    pub fn parameters(&self, before: &[usize], after: &[usize]) -> u64 {
        let count = |dims: &[usize]| dims.iter().fold(1u64, |product, &n| product.saturating_mul(n as u64));
        let channels = |dims: &[usize]| dims.last().map_or(1, |&n| n as u64);
        match self {
            Self::Dense { units, .. } => (count(before) + 1).saturating_mul(*units as u64),
            Self::Conv { filters, .. } | Self::ConvTransposed { filters, .. } => {
                let window = (filters.kernel * filters.kernel) as u64;
                (window * channels(before) + 1).saturating_mul(channels(after))
            }
            Self::BatchNorm { .. } => 2 * channels(after),
            Self::LayerNorm { .. } => 2 * count(after),
            Self::Recurrent { cell, units, direction, .. } => {
                let inputs = usize::try_from(channels(before)).unwrap_or(usize::MAX);
                let one = cell.weight_rows(inputs, *units).saturating_mul(cell.gates() * units) as u64;
                if *direction == Direction::Both { 2 * one } else { one }
            }
            Self::Conv1d { taps, .. } => {
                (taps.kernel as u64 * channels(before) + 1).saturating_mul(taps.channels as u64)
            }
            Self::StepDense { units, .. } => (channels(before) + 1).saturating_mul(*units as u64),
            Self::Upsample { .. }
            | Self::Pool { .. }
            | Self::Dropout { .. }
            | Self::Noise { .. }
            | Self::Flatten
            | Self::Reshape { .. }
            | Self::Series { .. }
            | Self::Repeat { .. }
            | Self::Activation(_) => 0,
        }
    }
}

impl Taps {
    /// The window along so many steps, if there is room for one and what is asked for goes together.
    pub(crate) fn window(self, steps: usize, padding: TimePadding) -> Option<Window> {
        let Self { kernel, stride, .. } = self;
        match padding {
            TimePadding::Same => Some(Window::same(steps, kernel, stride)),
            TimePadding::Valid => Window::valid(steps, kernel, stride),
            TimePadding::Causal => {
                let coarse = steps.div_ceil(stride);
                Some(Window { kernel, stride, before: kernel - 1, fine: steps, coarse })
            }
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

    fn read(text: &str) -> LayerConfig {
        let table: toml::Table = toml::from_str(&format!("layer = {text}")).unwrap();
        table["layer"].clone().try_into().unwrap()
    }

    #[test]
    fn shapes_are_those_of_keras() {
        let shape = |text: &str, dims: &[usize]| read(text).shape(dims);
        assert_eq!(shape("{ conv = 8, kernel = 5, stride = 2 }", &[28, 27, 1]).unwrap(), [14, 14, 8]);
        assert_eq!(shape("{ conv = 8, kernel = 5, padding = 'valid' }", &[28, 7, 1]).unwrap(), [24, 3, 8]);
        assert_eq!(
            shape("{ conv-transposed = 3, kernel = 5, stride = 2 }", &[7, 8, 9]).unwrap(),
            [14, 16, 3]
        );
        assert_eq!(shape("{ max-pool = 2 }", &[7, 8, 9]).unwrap(), [3, 4, 9]);
        assert_eq!(shape("{ dense = 5 }", &[7, 8, 9]).unwrap(), [5]);
        assert_eq!(shape("{ lstm = 5 }", &[7, 8]).unwrap(), [7, 5]);
        assert_eq!(shape("{ gru = 5, output = 'last', direction = 'both' }", &[7, 8]).unwrap(), [10]);
        assert_eq!(shape("{ repeat = 4 }", &[7]).unwrap(), [4, 7]);
        assert_eq!(shape("{ conv1d = 3, stride = 2 }", &[7, 8]).unwrap(), [4, 3]);
        assert_eq!(shape("{ conv1d = 3, padding = 'valid' }", &[7, 8]).unwrap(), [5, 3]);
        assert_eq!(shape("{ conv1d = 3, padding = 'causal', dilation = 4 }", &[7, 8]).unwrap(), [7, 3]);
        assert_eq!(shape("{ step-dense = 2 }", &[7, 8]).unwrap(), [7, 2]);
        assert_eq!(shape("{ dense = 2 }", &[7, 8]).unwrap(), [2]);
        assert_eq!(shape("{ series = [4, 14] }", &[7, 8]).unwrap(), [4, 14]);
        assert_eq!(shape("{ max-pool = 3 }", &[7, 8]).unwrap(), [2, 8]);
        assert_eq!(shape("{ upsample = 3 }", &[7, 8]).unwrap(), [21, 8]);
        assert_eq!(
            shape("{ lstm = 8 }", &[25]).unwrap_err(),
            "a recurrent layer takes a series (steps, values)"
        );
        assert_eq!(shape("{ repeat = 8 }", &[2, 5]).unwrap_err(), "repeating takes a row of values");
        assert_eq!(
            shape("{ conv1d = 8, kernel = 9, padding = 'valid' }", &[2, 5]).unwrap_err(),
            "a window of 9 steps does not lie inside it"
        );
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
