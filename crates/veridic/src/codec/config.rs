use serde::{Deserialize, Serialize};

/// How a table becomes a matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CodecConfig {
    /// How numbers and points in time are scaled.
    pub numeric: Numeric,
    /// How missing cells are encoded.
    pub missing: Missing,
    /// Columns to leave out; decoding omits them.
    pub drop: Vec<String>,
    /// Whether decoding keeps numbers inside the range of the training rows. Encoding does not clamp, but for `cut`.
    pub clamp: bool,
    /// Encoded numbers farther from 0 than this are encoded as this, so that one far value does not decide; above 0. None
    /// by default: then they come back exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<f32>,
}

impl Default for CodecConfig {
    fn default() -> Self {
        Self {
            numeric: Numeric::default(),
            missing: Missing::default(),
            drop: Vec::new(),
            clamp: true,
            cut: None,
        }
    }
}

/// How numbers are scaled, with figures of the training rows. A column with one value there encodes to `x - value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numeric {
    /// `(x - mean) / standard deviation`, the deviation with divisor n.
    #[default]
    Standard,
    /// `(x - min) / (max - min)`: training rows lie in 0 to 1.
    MinMax,
    /// `(x - median) / (upper quartile - lower quartile)`; with equal quartiles the standard deviation takes their
    /// difference's place, so that a column that is mostly zero is scaled too.
    Robust,
    /// The rank among training rows as a standard normal value: `Φ⁻¹((rows below + rows equal / 2) / rows)`, linear
    /// between training values and continued beyond the ends with the mean slope.
    Quantile,
}

/// How missing cells are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// By the imputed value and, where training rows had missing cells, an extra column that is 1 if missing. The
    /// imputed value is the mean for `standard` and `min-max`, the median for `robust` and `quantile`, the share of
    /// yes for flags, no level for categories.
    #[default]
    Indicator,
    /// By the imputed value alone; decoding cannot tell numbers and flags that were missing.
    Impute,
}
