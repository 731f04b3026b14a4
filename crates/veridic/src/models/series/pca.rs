//! Windows beside their leading principal components.

use serde::{Deserialize, Serialize};

use super::part::{Part, longest};
use super::subspace::Subspace;
use crate::models::Stored;

/// How far each window lies from the leading principal components of all windows (of one channel).
///
/// The `Sub-PCA` of TSB-AD is another thing: it keeps all components and is nearly the length of the standardised window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WindowPcaConfig {
    /// Points of a window, from 2; the period of the series without.
    pub window: Option<usize>,
    /// The share of the variance that the components hold at least, 0 to 1.
    pub share: f64,
}

impl Default for WindowPcaConfig {
    fn default() -> Self {
        Self { window: None, share: 0.5 }
    }
}

/// The components of one channel's windows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WindowPca(Subspace);

impl WindowPca {
    pub(super) fn fit(parts: &[Part<'_>], window: usize, config: &WindowPcaConfig) -> Self {
        let window = window.min(longest(parts)).max(1);
        let all = Subspace::fit(parts, window, window);
        let components = all.holding(config.share);
        Self(all.leading(components))
    }

    pub(super) fn score(&self, part: &Part<'_>) -> Vec<f64> {
        self.0.residuals(part)
    }

    pub(super) fn store(&self) -> Stored {
        self.0.store()
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        Subspace::restore(stored).map(Self)
    }
}
