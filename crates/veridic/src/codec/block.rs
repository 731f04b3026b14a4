//! The published layout of the encoded matrix: which columns of it stand for which column of the table.

use serde::{Deserialize, Serialize};

/// One column of the table as a span of columns of the encoded matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The table column's name.
    pub column: String,
    /// First encoded column of the value.
    pub start: usize,
    /// Encoded columns of the value: 1 for numbers and flags, the number of levels for categories.
    pub width: usize,
    /// What the value is.
    pub kind: BlockKind,
    /// The encoded column that is 1 where the cell was missing, if training rows had missing cells.
    pub missing_at: Option<usize>,
}

/// What the value of a block is; heads, likelihoods and decoding follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockKind {
    /// A scaled number.
    Number,
    /// A one-hot group; all zero for a missing or unseen level.
    Category,
    /// 0 or 1.
    Flag,
}
