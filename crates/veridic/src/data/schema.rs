//! What each column of a table is.

use serde::{Deserialize, Serialize};

/// The columns of a table with their kinds; written to `schema.json`, where it may be edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The columns in the order of the file.
    pub columns: Vec<ColumnSchema>,
}

/// One column's name, kind and count of missing cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSchema {
    /// The column's name.
    pub name: String,
    /// What the column holds.
    pub kind: Kind,
    /// Missing cells in the data the schema was inferred from.
    pub missing: usize,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// Whole numbers from `min` to `max`.
    Integer {
        /// Smallest value seen.
        min: f64,
        /// Largest value seen.
        max: f64,
    },
    /// Numbers written with at most `decimals` digits after the point.
    Real {
        /// Digits after the point, at most 17; more are written in shortest form.
        decimals: u8,
        /// Smallest value seen.
        min: f64,
        /// Largest value seen.
        max: f64,
    },
    /// One of a few texts. (A category written with digits is still text here.)
    Categorical {
        /// The texts, sorted.
        levels: Vec<String>,
    },
    /// Two texts or numbers that mean no and yes; the first is no.
    Boolean {
        /// How no and yes are written.
        levels: [String; 2],
    },
    /// Points in time.
    DateTime {
        /// The `chrono` format of the file.
        format: String,
        /// Earliest, in seconds since 1970-01-01T00:00:00 UTC.
        min: f64,
        /// Latest, likewise.
        max: f64,
    },
    /// A name or number of its own for nearly every row; left out of models.
    Identifier,
    /// The same value in every row; left out of models and written back when sampling.
    Constant {
        /// The value as written, or `None` when every cell is missing.
        value: Option<String>,
    },
}
