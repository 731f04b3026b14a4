//! How data differs from a schema.

use std::fmt;

/// One way in which data differs from a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A column of the schema is not there.
    MissingColumn {
        /// Its name.
        column: String,
        /// The most similar name among the columns the schema does not have.
        nearest: Option<String>,
        /// Whether the schema can do without it: it is an identifier, a constant, or said to be optional.
        optional: bool,
    },
    /// A column that the schema does not have; it is left out.
    ExtraColumn {
        /// Its name.
        column: String,
    },
    /// Cells that are no value of the column's kind.
    Misfit {
        /// The column's name.
        column: String,
        /// The kind of the schema, such as `integer`.
        expected: &'static str,
        /// What was found: a kind, or the first cell.
        found: String,
        /// Cells that do not fit; 0 where only kinds were compared.
        cells: usize,
        /// The line (of a text file) or row of the first, from 1; 0 where only kinds were compared.
        line: u64,
    },
    /// Texts that the schema does not have.
    UnseenLevels {
        /// The column's name.
        column: String,
        /// The texts, in order of appearance.
        levels: Vec<String>,
        /// Cells that have them; 0 where only kinds were compared.
        cells: usize,
    },
}

impl Difference {
    /// Whether the data can be used in spite of it.
    pub fn is_harmless(&self) -> bool {
        match self {
            Self::MissingColumn { optional, .. } => *optional,
            Self::ExtraColumn { .. } | Self::UnseenLevels { .. } => true,
            Self::Misfit { .. } => false,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingColumn { column, nearest: Some(nearest), .. } => {
                write!(f, "column `{column}` is missing (there is `{nearest}`)")
            }
            Self::MissingColumn { column, nearest: None, .. } => {
                write!(f, "column `{column}` is missing")
            }
            Self::ExtraColumn { column } => write!(f, "column `{column}` is not in the schema"),
            Self::Misfit { column, expected, found, cells: 0, .. } => {
                write!(f, "column `{column}` is {found}, {expected} is expected")
            }
            Self::Misfit { column, expected, found, cells, line } => write!(
                f,
                "column `{column}` has {cells} {} not fit {expected}, the first is `{found}` in line {line}",
                if *cells == 1 { "cell that does" } else { "cells that do" }
            ),
            Self::UnseenLevels { column, levels, cells } => {
                const SHOWN: usize = 3;
                let shown: Vec<_> = levels.iter().take(SHOWN).map(|level| format!("`{level}`")).collect();
                let more = if levels.len() > SHOWN { ", …" } else { "" };
                write!(f, "column `{column}` has {} new values ({}{more})", levels.len(), shown.join(", "))?;
                if *cells > 0 { write!(f, " in {cells} cells") } else { Ok(()) }
            }
        }
    }
}
