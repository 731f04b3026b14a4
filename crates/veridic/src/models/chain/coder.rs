//! A column as codes, and codes as a column.

use serde::{Deserialize, Serialize};

use super::number::NumberCoder;
use super::text::TextCoder;
use crate::data::{Cells, ColumnSchema, Kind, MISSING};
use crate::models::boost::Feature;

/// How the cells of a column become codes and come back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::models) enum Coder {
    Number(NumberCoder),
    Text(TextCoder),
}

/// Cells of a column in memory: numbers, or symbols of the column's coder.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::models) enum Made {
    Number(Vec<f64>),
    Symbol(Vec<u32>),
}

/// A column as codes.
#[derive(Debug, Clone, Default)]
pub(in crate::models) struct Coded {
    /// What is learned and drawn.
    pub(in crate::models) codes: Vec<u8>,
    /// What later columns see.
    pub(in crate::models) bins: Vec<u8>,
    /// Where in the ranks of its cell a number is, or the share of its code that a category has; NaN for single values.
    pub(in crate::models) places: Vec<f32>,
}

impl Coder {
    /// Learns how to code the cells at `rows`.
    pub(in crate::models) fn fit(column: &ColumnSchema, cells: &Cells, rows: &[usize], codes: usize) -> Self {
        match cells {
            Cells::Number(values) => {
                let decimals = match column.kind {
                    Kind::Real { decimals, .. } => decimals,
                    _ => 0,
                };
                let values: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
                Self::Number(NumberCoder::fit(&values, codes, decimals))
            }
            Cells::Text { codes, levels } => {
                // The levels of the schema come first, whether or not they are in these rows.
                let mut all: Vec<String> = column.kind.levels().to_vec();
                let mut places = Vec::with_capacity(levels.len());
                let known: std::collections::HashMap<String, usize> =
                    all.iter().enumerate().map(|(i, level)| (level.clone(), i)).collect();
                for level in levels {
                    places.push(known.get(level).copied().unwrap_or_else(|| {
                        all.push(level.clone());
                        all.len() - 1
                    }));
                }
                let symbol = |row: &usize| match codes[*row] {
                    MISSING => MISSING,
                    code => places[code as usize] as u32,
                };
                Self::Text(TextCoder::fit(rows.iter().map(symbol), all))
            }
        }
    }

    /// Number of codes.
    pub(in crate::models) fn codes(&self) -> usize {
        match self {
            Self::Number(coder) => coder.codes(),
            Self::Text(coder) => coder.codes(),
        }
    }

    /// Whether codes have an order.
    pub(in crate::models) fn is_ordered(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// Whether every code is one value.
    pub(in crate::models) fn is_discrete(&self) -> bool {
        match self {
            Self::Number(coder) => coder.is_discrete(),
            Self::Text(coder) => coder.is_discrete(),
        }
    }

    /// The column as later columns see it.
    pub(in crate::models) fn feature(&self) -> Feature {
        match self {
            Self::Number(coder) => Feature { bins: coder.bins(), ordered: true },
            Self::Text(coder) => Feature { bins: coder.bins(), ordered: false },
        }
    }

    /// The cells at `rows` of other cells of the column; `None` where they are of the other type.
    pub(in crate::models) fn read(&self, cells: &Cells, rows: &[usize]) -> Option<Made> {
        match (self, cells) {
            (Self::Number(_), Cells::Number(values)) => {
                // Infinities count as the ends.
                let value = |row: &usize| values[*row].clamp(f64::MIN, f64::MAX);
                Some(Made::Number(rows.iter().map(value).collect()))
            }
            (Self::Text(coder), Cells::Text { codes, levels }) => {
                let symbols = coder.symbols(levels);
                let symbol = |row: &usize| match codes[*row] {
                    MISSING => coder.missing(),
                    code => symbols[code as usize],
                };
                Some(Made::Symbol(rows.iter().map(symbol).collect()))
            }
            _ => None,
        }
    }

    /// The codes of cells, and no more.
    pub(in crate::models) fn classify(&self, made: &Made) -> Vec<u8> {
        match (self, made) {
            (Self::Number(coder), Made::Number(values)) => {
                values.iter().map(|v| coder.code(*v) as u8).collect()
            }
            _ => self.encode(made).codes,
        }
    }

    /// Codes of cells.
    pub(in crate::models) fn encode(&self, made: &Made) -> Coded {
        match (self, made) {
            (Self::Number(coder), Made::Number(values)) => {
                let codes: Vec<u8> = values.iter().map(|v| coder.code(*v) as u8).collect();
                let place = |(code, v): (&u8, &f64)| {
                    coder.place(usize::from(*code), *v).map_or(f32::NAN, |place| place as f32)
                };
                Coded {
                    places: codes.iter().zip(values).map(place).collect(),
                    bins: values.iter().map(|v| coder.bin(*v)).collect(),
                    codes,
                }
            }
            (Self::Text(coder), Made::Symbol(symbols)) => {
                let lookup = coder.lookup();
                let codes: Vec<u8> = symbols.iter().map(|s| lookup[*s as usize].0).collect();
                let places = symbols.iter().map(|s| lookup[*s as usize].1).collect();
                Coded { bins: codes.clone(), codes, places }
            }
            _ => Coded::default(),
        }
    }

    /// Cells of a table; levels are the coder's.
    pub(in crate::models) fn write(&self, made: &Made) -> Cells {
        match (self, made) {
            (Self::Number(_), Made::Number(values)) => Cells::Number(values.clone()),
            (Self::Text(coder), Made::Symbol(symbols)) => {
                let code = |symbol: &u32| if *symbol >= coder.missing() { MISSING } else { *symbol };
                Cells::Text { codes: symbols.iter().map(code).collect(), levels: coder.levels().to_vec() }
            }
            _ => Cells::Number(Vec::new()),
        }
    }

    /// What is wrong with a coder that was read from a file, if anything.
    pub(in crate::models) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Number(coder) => coder.problem(),
            Self::Text(coder) => coder.problem(),
        }
    }
}

impl Made {
    /// The cells of a column of numbers.
    pub(super) fn numbers(&self) -> Option<&[f64]> {
        match self {
            Self::Number(values) => Some(values),
            Self::Symbol(_) => None,
        }
    }

    /// The cells of a column of categories.
    pub(super) fn symbols(&self) -> Option<&[u32]> {
        match self {
            Self::Symbol(symbols) => Some(symbols),
            Self::Number(_) => None,
        }
    }

    pub(in crate::models) fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Symbol(symbols) => symbols.len(),
        }
    }

    /// Puts cell `there` of other cells of the column at `row`.
    pub(in crate::models) fn set(&mut self, row: usize, other: &Self, there: usize) {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a[row] = b[there],
            (Self::Symbol(a), Self::Symbol(b)) => a[row] = b[there],
            _ => {}
        }
    }

    /// The cells at `rows`.
    pub(in crate::models) fn take(&self, rows: &[u32]) -> Self {
        match self {
            Self::Number(values) => Self::Number(rows.iter().map(|row| values[*row as usize]).collect()),
            Self::Symbol(symbols) => Self::Symbol(rows.iter().map(|row| symbols[*row as usize]).collect()),
        }
    }
}
