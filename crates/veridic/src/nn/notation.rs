//! Layers as TOML has them.

use serde::{Deserialize, Serialize};

use veridic_graph::Cell;

use super::layer::{Activation, Direction, Filters, LayerConfig, Output, Padding, Taps, TimePadding};

/// A layer as TOML has it: one key says which layer it is, the others how.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Notation {
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
    noise: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flatten: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reshape: Option<[usize; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lstm: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gru: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conv1d: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_dense: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stride: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dilation: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<TimePadding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Output>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<Activation>,
}

impl Notation {
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
            let padding = match self.padding.unwrap_or_default() {
                TimePadding::Same => Padding::Same,
                TimePadding::Valid => Padding::Valid,
                TimePadding::Causal => {
                    return Err(
                        "`padding` is causal, which a `conv1d` layer can have; allowed are same and valid"
                            .to_string(),
                    );
                }
            };
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
        } else if let Some(deviation) = self.noise {
            if !(deviation > 0.0 && deviation <= 100.0) {
                return Err(format!("`noise` is {deviation}, allowed are above 0 to 100"));
            }
            LayerConfig::Noise { deviation }
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
        } else if let Some(series) = self.series {
            for side in series {
                whole("series", side, 1, MOST_UNITS)?;
            }
            LayerConfig::Series { series }
        } else if let Some(units) = self.lstm {
            self.recurrent(Cell::Lstm, whole("lstm", units, 1, 4096)?)
        } else if let Some(units) = self.gru {
            self.recurrent(Cell::Gru, whole("gru", units, 1, 4096)?)
        } else if let Some(steps) = self.repeat {
            LayerConfig::Repeat { steps: whole("repeat", steps, 1, MOST_UNITS)? }
        } else if let Some(channels) = self.conv1d {
            let Filters { channels, kernel, stride } = filters("conv1d", channels)?;
            let dilation = whole("dilation", self.dilation.unwrap_or(1), 1, 4096)?;
            let padding = self.padding.unwrap_or_default();
            if dilation > 1 && (stride > 1 || padding == TimePadding::Valid) {
                return Err(format!(
                    "`dilation` is {dilation}, above 1 are allowed stride 1 and padding same or causal"
                ));
            }
            LayerConfig::Conv1d { taps: Taps { channels, kernel, stride, dilation }, padding, activation }
        } else if let Some(units) = self.step_dense {
            LayerConfig::StepDense { units: whole("step-dense", units, 1, MOST_UNITS)?, activation }
        } else if let Some(activation) = self.activation {
            LayerConfig::Activation(activation)
        } else {
            return Ok(None);
        }))
    }

    fn recurrent(&self, cell: Cell, units: usize) -> LayerConfig {
        let (direction, output) = (self.direction.unwrap_or_default(), self.output.unwrap_or_default());
        LayerConfig::Recurrent { cell, units, direction, output }
    }

    /// The keys that are there.
    fn keys(&self) -> Vec<String> {
        let table = toml::Table::try_from(self).expect("a layer is plain data");
        table.keys().cloned().collect()
    }
}

impl TryFrom<Notation> for LayerConfig {
    type Error = String;

    fn try_from(notation: Notation) -> Result<Self, String> {
        let Some(layer) = notation.layer()? else {
            return Err("a layer is one of `{ dense = units }`, `{ conv = channels }`, \
                        `{ conv-transposed = channels }`, `{ upsample = times }`, `{ max-pool = size }`, \
                        `{ mean-pool = size }`, `{ batch-norm = momentum }`, `{ layer-norm = epsilon }`, \
                        `{ dropout = rate }`, `{ noise = deviation }`, `{ flatten = true }`, `{ reshape = [h, w, c] }`, \
                        `{ series = [steps, values] }`, `{ lstm = units }`, `{ gru = units }`, `{ repeat = steps }`, \
                        `{ conv1d = channels }`, `{ step-dense = units }`, `{ activation = … }`"
                .to_string());
        };
        // What the layer would be written as has every key that belongs to it.
        let own = Notation::from(layer).keys();
        match notation.keys().iter().find(|key| !own.contains(key)) {
            Some(stray) => Err(format!("`{stray}` does not belong to a `{}` layer", layer.key())),
            None => Ok(layer),
        }
    }
}

impl From<LayerConfig> for Notation {
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
                let padding = match padding {
                    Padding::Same => TimePadding::Same,
                    Padding::Valid => TimePadding::Valid,
                };
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
            LayerConfig::Noise { deviation } => Self { noise: Some(deviation), ..none() },
            LayerConfig::Flatten => Self { flatten: Some(true), ..none() },
            LayerConfig::Reshape { image } => Self { reshape: Some(image), ..none() },
            LayerConfig::Series { series } => Self { series: Some(series), ..none() },
            LayerConfig::Recurrent { cell, units, direction, output } => {
                let (lstm, gru) = match cell {
                    Cell::Lstm => (Some(units), None),
                    Cell::Gru => (None, Some(units)),
                };
                Self { lstm, gru, direction: Some(direction), output: Some(output), ..none() }
            }
            LayerConfig::Repeat { steps } => Self { repeat: Some(steps), ..none() },
            LayerConfig::Conv1d { taps, padding, activation } => {
                let Taps { channels, kernel, stride, dilation } = taps;
                Self {
                    conv1d: Some(channels),
                    dilation: Some(dilation),
                    padding: Some(padding),
                    ..windows(Filters { channels, kernel, stride }, activation)
                }
            }
            LayerConfig::StepDense { units, activation } => {
                Self { step_dense: Some(units), activation: Some(activation), ..none() }
            }
            LayerConfig::Activation(activation) => Self { activation: Some(activation), ..none() },
        }
    }
}

/// Units of the widest layer: a slip of the finger shall not ask for all memory.
const MOST_UNITS: usize = 65_536;

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
            "{ noise = 0.1 }",
            "{ flatten = true }",
            "{ reshape = [7, 7, 2] }",
            "{ series = [7, 2] }",
            "{ lstm = 8, direction = 'both', output = 'last' }",
            "{ gru = 8, direction = 'backward', output = 'series' }",
            "{ repeat = 64 }",
            "{ conv1d = 8, kernel = 3, stride = 1, dilation = 4, padding = 'causal', activation = 'relu' }",
            "{ step-dense = 8, activation = 'tanh' }",
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
        assert_eq!(message("{ lstm = 0 }"), "`lstm` is 0, allowed are 1 to 4096");
        assert_eq!(
            message("{ gru = 3, activation = 'relu' }"),
            "`activation` does not belong to a `gru` layer"
        );
        assert_eq!(message("{ lstm = 3, gru = 3 }"), "`gru` does not belong to a `lstm` layer");
        assert_eq!(message("{ conv = 3, dilation = 2 }"), "`dilation` does not belong to a `conv` layer");
        assert!(message("{ conv = 3, padding = 'causal' }").starts_with("`padding` is causal"));
        assert!(
            message("{ conv1d = 3, dilation = 2, stride = 2 }").starts_with("`dilation` is 2, above 1 are")
        );
        assert!(message("{ conv1d = 3, dilation = 2, padding = 'valid' }").starts_with("`dilation` is 2"));
        assert_eq!(message("{ repeat = 0 }"), "`repeat` is 0, allowed are 1 to 65536");
        assert!(message("{ kernel = 3 }").starts_with("a layer is one of"));
    }
}
