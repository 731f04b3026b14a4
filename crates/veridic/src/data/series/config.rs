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
    /// A step that is none.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        match self.step {
            Some(step) if !(step > 0.0 && step.is_finite()) => Err(ConfigError::Range {
                field: format!("{path}.step"),
                found: step.to_string(),
                allowed: "a number above 0".into(),
            }),
            _ => Ok(()),
        }
    }
}
