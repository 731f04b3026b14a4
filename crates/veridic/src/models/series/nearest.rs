//! Windows beside the windows most like them.

use serde::{Deserialize, Serialize};

use super::near::Near;
use super::part::Part;

/// The distance of each window to the `neighbors`-th nearest window that shares no point with it; levels and sizes count, as
/// nothing is normalised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct NearestWindowsConfig {
    /// Points of a window, from 1; the period of the series without.
    pub window: Option<usize>,
    /// Which of the nearest counts, from 1.
    pub neighbors: usize,
    /// Windows to compare with at most, from 10.
    pub references: usize,
}

impl Default for NearestWindowsConfig {
    fn default() -> Self {
        Self { window: None, neighbors: 10, references: 4000 }
    }
}

impl NearestWindowsConfig {
    /// The reference windows, every point of them.
    pub(super) fn fit(&self, parts: &[Part<'_>], window: usize) -> Near {
        Near::fit(parts, window, window, self.references, self.neighbors)
    }
}
