use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// How rows of a table become series.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct SeriesConfig {
    /// How the table is laid out.
    pub form: SeriesForm,
    /// The column that tells the series apart; one series without it.
    pub entity: Option<String>,
    /// The column of times; by default the one date-time column, or, where there is none or more, the number of the row.
    pub time: Option<String>,
    /// The columns of values; by default all columns of numbers besides entity, time and label.
    pub values: Vec<String>,
    /// A column that says which points are unusual (1, `true`, `yes`), to judge scores by; it is not a channel.
    pub label: Option<String>,
    /// What happens to rows out of order.
    pub unsorted: Unsorted,
    /// What happens to rows of one entity and time.
    pub duplicates: Duplicates,
    /// What the time between rows means.
    pub spacing: Spacing,
    /// Resamples to a grid with this step, in seconds for date-times, else in the unit of the column; above 0.
    pub step: Option<f64>,
    /// What stands for the rows of one step when resampling.
    pub aggregate: Aggregate,
    /// Windows of the series, each a row of a network; not for models of whole series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowConfig>,
}

/// Windows of series as the rows of a network, `[steps, channels]` each. None spans two series, two parts of the data, or a
/// missing value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Steps of a window, 2 to 10000.
    pub length: usize,
    /// Points from the start of a window to that of the next, at least 1.
    pub stride: usize,
    /// What a step holds.
    pub form: WindowForm,
    /// What the values of a window are divided by. The scale stays beside the row and is not learned.
    pub scale: WindowScale,
    /// Whether training turns each window in time by a random number of steps, what falls out at the end coming in at the start:
    /// for steps without a trend or a fixed place, such as returns.
    pub shift: bool,
    /// Whether training changes the sign of each window with probability one half, all channels together.
    pub flip: bool,
}

impl Default for WindowConfig {
    fn default() -> Self {
        let (form, scale) = (WindowForm::Values, WindowScale::None);
        Self { length: 32, stride: 1, form, scale, shift: false, flip: false }
    }
}

/// What a step of a window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowForm {
    /// The value.
    #[default]
    Values,
    /// The difference from the point before, `x_t - x_(t-1)`.
    Differences,
    /// The log return, `ln(x_t / x_(t-1))`; values above 0.
    Returns,
    /// The log of the value over that of the point before the window, `ln(x_t / x_0)`; values above 0.
    Paths,
    /// Of daily prices (channels `open`, `high`, `low`, `close` and, where it is known, `volume`, whatever the case) the candle of
    /// each day, see [`Candles`](super::Candles), and the log of its close. Channels that equal the close come back as it.
    Candles,
}

/// What the values of a window are divided by, each channel by its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowScale {
    /// Nothing.
    #[default]
    None,
    /// The standard deviation (divisor n) of the window's changes from step to step, of paths its log returns: its volatility.
    Changes,
    /// The standard deviation of the window's own values, after their mean is taken off: only the form is left.
    Window,
}

/// How series lie in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeriesForm {
    /// A row a point: entity, time, one column a channel.
    #[default]
    Long,
    /// A row a moment: time, one column an entity; one channel, `value`.
    Wide,
    /// A row a series: entity, one column a step; one channel, `value`.
    Rows,
}

/// Rows whose time is before that of the row above, by entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsorted {
    /// An error.
    #[default]
    Refuse,
    /// They are put in order.
    Sort,
}

/// Rows of one entity that share a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// An error.
    #[default]
    Refuse,
    /// The first in the file counts.
    First,
    /// The last in the file counts.
    Last,
    /// Their mean counts, missing cells aside.
    Mean,
}

/// What the time between two rows means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// Times lie on a grid; places without a row are points whose values are missing. Times off the grid are an error.
    #[default]
    Even,
    /// One row follows the other, whatever the time between: trading days.
    Rows,
    /// As `rows`, but after more than one and a half steps another series of the same entity begins.
    Split,
}

/// What stands for several rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The first.
    First,
    /// The last.
    Last,
}

impl SeriesConfig {
    /// Checks what can be checked without data; `path` is where the settings stand, such as `data.series`.
    ///
    /// # Errors
    /// A step that is none; windows of no length or stride.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: format!("{path}.{field}"), found, allowed: allowed.into() })
        };
        if let Some(step) = self.step.filter(|step| !(*step > 0.0 && step.is_finite())) {
            return range("step", step.to_string(), "a number above 0");
        }
        let Some(window) = &self.window else { return Ok(()) };
        if !(2..=10_000).contains(&window.length) {
            return range("window.length", window.length.to_string(), "a whole number from 2 to 10000");
        }
        if window.stride == 0 {
            return range("window.stride", "0".into(), "a whole number from 1");
        }
        let is_changed = window.scale != WindowScale::None || window.shift || window.flip;
        if window.form == WindowForm::Candles && is_changed {
            return Err(ConfigError::Conflict {
                what: format!(
                    "`{path}.window.form` is `candles`, whose scale and place say what a day was like"
                ),
                remedy: "leave `scale`, `shift` and `flip` out".into(),
            });
        }
        Ok(())
    }
}
