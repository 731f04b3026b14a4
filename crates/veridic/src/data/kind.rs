//! What a column holds.

use serde::{Deserialize, Serialize};

use super::{Cells, Difference, MISSING, number};

/// What a column holds.
///
/// In a [`Table`](super::Table), integers, reals and date-times are [`Cells::Number`]; categories, booleans and constants are
/// [`Cells::Text`] whose levels start with those given here; identifiers are either.
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

impl Kind {
    /// The kind in a word, as in a message: `integer`, `real`, `categorical`, `boolean`, `date-time`, `identifier`,
    /// `constant`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Integer { .. } => "integer",
            Self::Real { .. } => "real",
            Self::Categorical { .. } => "categorical",
            Self::Boolean { .. } => "boolean",
            Self::DateTime { .. } => "date-time",
            Self::Identifier => "identifier",
            Self::Constant { .. } => "constant",
        }
    }

    /// Whether a number is one that the column writes with all its digits; everything that is no number is.
    pub(crate) fn writes(&self, value: f64) -> bool {
        match self {
            Self::Integer { .. } => value.fract() == 0.0 || !value.is_finite(),
            Self::Real { decimals, .. } => {
                let unit = 10_f64.powi(i32::from(*decimals));
                let scaled = value * unit;
                // Digits that a number cannot hold are none that are lost.
                !value.is_finite()
                    || (scaled - scaled.round()).abs() <= 1e-6 && (value == 0.0 || scaled.round() != 0.0)
                    || scaled.abs() >= 1e15
            }
            _ => true,
        }
    }

    /// The texts of categories, booleans and constants; none of other kinds.
    pub fn levels(&self) -> &[String] {
        match self {
            Self::Categorical { levels } => levels,
            Self::Boolean { levels } => levels,
            Self::Constant { value } => value.as_slice(),
            Self::Integer { .. } | Self::Real { .. } | Self::DateTime { .. } | Self::Identifier => &[],
        }
    }

    /// The texts in `cells` of column `name` that this kind does not have.
    pub(crate) fn unseen(&self, name: &str, cells: &Cells) -> Option<Difference> {
        let known = match self {
            Self::Categorical { levels } => levels.len(),
            Self::Boolean { .. } => 2,
            Self::Constant { value } => usize::from(value.is_some()),
            Self::Integer { .. } | Self::Real { .. } | Self::DateTime { .. } | Self::Identifier => {
                return None;
            }
        };
        let Cells::Text { codes, levels } = cells else { return None };
        let unseen = levels.get(known..).filter(|unseen| !unseen.is_empty())?;
        let is_unseen = |code: &&u32| **code != MISSING && **code as usize >= known;
        Some(Difference::UnseenLevels {
            column: name.to_owned(),
            levels: unseen.to_vec(),
            cells: codes.iter().filter(is_unseen).count(),
        })
    }

    /// How the kind `found` of other data of column `name` differs, if it matters.
    pub(crate) fn misfit(&self, name: &str, found: &Self) -> Option<Difference> {
        let misfit = || {
            Some(Difference::Misfit {
                column: name.to_owned(),
                expected: self.name(),
                found: found.name().to_owned(),
                cells: 0,
                line: 0,
            })
        };
        if matches!(found, Self::Identifier | Self::Constant { value: None }) {
            return None;
        }
        match self {
            Self::Identifier => None,
            Self::Integer { .. } | Self::Real { .. } => match found {
                Self::Integer { .. } | Self::Real { .. } => None,
                // Numbers of one or two values.
                Self::Boolean { .. } | Self::Constant { .. }
                    if found.levels().iter().all(|level| number::parse(level).is_some()) =>
                {
                    None
                }
                _ => misfit(),
            },
            Self::DateTime { format, .. } => match found {
                Self::DateTime { .. } => None,
                Self::Constant { value: Some(value) } if super::date::parse(value, format).is_some() => None,
                _ => misfit(),
            },
            Self::Categorical { .. } | Self::Boolean { .. } | Self::Constant { .. } => match found {
                Self::Integer { .. } | Self::Real { .. } | Self::DateTime { .. } => {
                    // Numbers may be levels; which ones, only the cells tell.
                    let numeric = self.levels().iter().all(|level| number::parse(level).is_some());
                    if numeric { None } else { misfit() }
                }
                _ => {
                    let known = ColumnLevels(self.levels());
                    let levels: Vec<String> =
                        found.levels().iter().filter(|level| !known.has(level)).cloned().collect();
                    let column = name.to_owned();
                    (!levels.is_empty()).then_some(Difference::UnseenLevels { column, levels, cells: 0 })
                }
            },
        }
    }
}

/// Levels, equal as text or as numbers.
struct ColumnLevels<'a>(&'a [String]);

impl ColumnLevels<'_> {
    fn has(&self, text: &str) -> bool {
        let value = number::parse(text);
        self.0.iter().any(|level| level == text || (value.is_some() && number::parse(level) == value))
    }
}
