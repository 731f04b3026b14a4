use std::path::PathBuf;

/// Errors of maps: an input that has no place in the plane.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// No column has numbers that vary.
    #[error("none of the {columns} columns has numbers that vary: {}", path.display())]
    NoNumbers {
        /// Columns of the table.
        columns: usize,
        /// How many of them have a single value.
        constant: usize,
        /// The file.
        path: PathBuf,
    },
    /// Cells are missing.
    #[error(
        "{count} {} ({}{}): {}",
        if *count == 1 { "cell is missing" } else { "cells are missing" },
        cells.join(", "),
        if cells.len() < *count { ", …" } else { "" },
        path.display()
    )]
    Missing {
        /// The first of them, by row and column.
        cells: Vec<String>,
        /// How many there are.
        count: usize,
        /// The file.
        path: PathBuf,
    },
}

impl MapError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::NoNumbers { columns, constant, .. } if columns == constant => {
                    "a map needs rows that differ: the table has one row, or all of its rows are the same"
                }
                Self::NoNumbers { .. } => {
                    "texts, dates and identifiers are not mapped: fit a model and map its run"
                }
                Self::Missing { .. } => {
                    "fill the cells, leave the rows out, leave the columns out with `drop = [\"NAME\"]`, or map the run \
                     of a model, which takes missing cells"
                }
            }
            .to_owned(),
        )
    }
}
