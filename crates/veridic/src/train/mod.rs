//! The one training loop: shuffled batches, validation, early stop, checkpoints, events.

mod checkpoint;
mod config;
mod event;
mod fit;
mod pace;

pub use checkpoint::{Checkpoint, Progress};
pub(crate) use config::Followed;
pub use config::{Adadelta, Adam, OptimizerConfig, Rmsprop, Schedule, Sgd, TrainConfig};
pub use event::Event;
pub use fit::{Criterion, End, Learner, Measure, Measured, Outcome, Rates, Session, fit};
pub(crate) use pace::Pace;
