//! Everything needed to go on as if nothing had happened.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use veridic_graph::State;

/// A point in a run: all states, and where training stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// All states, the optimizer's included.
    pub states: Vec<State>,
    /// Where training stands.
    pub progress: Progress,
    /// The weights of the best epoch, if they are new since the checkpoint before.
    pub best: Option<Vec<State>>,
}

/// Where training stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs done.
    pub epoch: usize,
    /// Steps done in all.
    pub step: u64,
    /// Steps of the epoch in progress that were done.
    pub epoch_steps: u64,
    /// Rows of the epoch in progress that were done.
    pub rows: usize,
    /// The pass over the training rows that is in progress, from 0, and rows of it that were done.
    pub pass: (u64, usize),
    /// Sums over those rows of each loss part.
    pub sums: Vec<f64>,
    /// Seconds spent on the epoch in progress.
    pub seconds: f64,
    /// The best epoch and its validation loss.
    pub best: Option<(usize, f64)>,
    /// The losses of the best epoch.
    pub best_losses: BTreeMap<String, f64>,
}
