//! What happens during training, for those who watch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an observer is told; it cannot change the run. Epoch events are the lines of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Training begins, or goes on from a checkpoint.
    Start {
        /// Training rows.
        train_rows: usize,
        /// Validation rows.
        valid_rows: usize,
        /// Epochs to be done in all.
        epochs: usize,
        /// Steps in an epoch.
        steps_per_epoch: u64,
        /// Rows of a step.
        batch: usize,
    },
    /// A step was done. Not written to the file.
    Step {
        /// The epoch, from 1.
        epoch: usize,
        /// Steps done in all.
        step: u64,
        /// Mean loss of the epoch so far, nats a row.
        loss: f64,
    },
    /// Something in the course of training that whoever watches should know.
    Notice {
        /// The epoch, from 1.
        epoch: usize,
        /// Steps done in all.
        step: u64,
        /// What was seen, and what can be done about it.
        text: String,
    },
    /// A part of a model that has no epochs was learned: a column of a chain, say.
    Part {
        /// The part.
        part: String,
        /// Parts done.
        done: usize,
        /// Parts in all.
        of: usize,
        /// The share of the work that is done, 0 to 1, by what parts are expected to take.
        share: f64,
        /// Seconds since the model was begun.
        seconds: f64,
        /// Of a model that learns in passes over the rows, its mean loss after this one, nats a row: of rows kept apart where
        /// there are enough.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss: Option<f64>,
    },
    /// An epoch was done.
    Epoch {
        /// From 1.
        epoch: usize,
        /// Steps done in all.
        step: u64,
        /// Seconds the epoch took.
        seconds: f64,
        /// `train.…` (mean over the epoch's steps) and `valid.…` (at its end), nats a row.
        losses: BTreeMap<String, f64>,
    },
}

impl Event {
    /// Whether it is kept with the run, as a line of `events.jsonl`.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Epoch { .. } | Self::Notice { .. } | Self::Part { .. } => true,
            Self::Start { .. } | Self::Step { .. } => false,
        }
    }
}
