//! The loop itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use veridic_graph::{Draw, GraphError, Pool, State, States};

use super::checkpoint::{Checkpoint, Progress};
use super::config::TrainConfig;
use super::event::Event;
use super::pace::Pace;
use crate::error::{Result, TrainError};
use crate::seed::Seed;

/// What may change from step to step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// The learning rate.
    pub learning: f32,
    /// The weight of the divergence, for models that have one.
    pub divergence: f32,
    /// The share of all steps that were done, 0 to below 1.
    pub progress: f32,
}

/// A model being trained: it owns its steps, its states and its optimizers' states.
pub trait Learner {
    /// The form its rows are kept in.
    type Rows<'a>: Copy;

    /// The names of the losses of a step; those of [`Learner::evaluate`] are the same, and their first decides which
    /// epoch is best.
    fn parts(&self) -> &[&'static str];

    /// One step on rows `index`, giving the mean of each loss over them.
    ///
    /// # Errors
    /// Rows that do not fit the model.
    fn step(
        &mut self,
        pool: &mut Pool,
        rows: Self::Rows<'_>,
        index: &[u32],
        rates: Rates,
        draw: Draw,
    ) -> Result<&[f32], GraphError>;

    /// The mean of each loss over rows `index`, as in use; changes nothing.
    ///
    /// # Errors
    /// Rows that do not fit the model.
    fn evaluate(
        &mut self,
        pool: &mut Pool,
        rows: Self::Rows<'_>,
        index: &[u32],
        divergence: f32,
        draw: Draw,
    ) -> Result<Vec<f64>, GraphError>;

    /// Batches that a step reads, one for each of its updates.
    fn batches(&self) -> usize {
        1
    }

    /// Whether rows that do not fill a last step are left out of a pass.
    fn takes_whole_batches(&self) -> bool {
        false
    }

    /// All states.
    fn states(&self) -> &States;

    /// All states, to restore them.
    fn states_mut(&mut self) -> &mut States;
}

/// Measures a learner at the end of an epoch, by name; what it measures stands beside the losses of the epoch.
pub type Measure<'a, L> = dyn FnMut(&mut L, &mut Pool, &Progress) -> Result<Measured> + 'a;

/// What was measured at the end of an epoch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// Figures by name.
    pub figures: BTreeMap<String, f64>,
    /// What whoever watches should know.
    pub notices: Vec<String>,
}

/// A measure by which the best epoch is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Criterion {
    /// Its name among the losses of an epoch.
    pub name: &'static str,
    /// Whether higher is better.
    pub higher: bool,
}

impl Criterion {
    /// Whether one value is better than another.
    pub fn prefers(self, value: f64, to: f64) -> bool {
        if self.higher { value > to } else { value < to }
    }

    /// The epoch with the best value, its number and that value; the first of equals.
    pub fn best(self, events: &[Event]) -> Option<(usize, f64)> {
        let values = events.iter().filter_map(|event| match event {
            Event::Epoch { epoch, losses, .. } => Some((*epoch, *losses.get(self.name)?)),
            _ => None,
        });
        values.filter(|(_, value)| !value.is_nan()).reduce(|a, b| if self.prefers(b.1, a.1) { b } else { a })
    }
}

/// What a run is made of besides the model.
pub struct Session<'a, L> {
    /// The settings.
    pub config: &'a TrainConfig,
    /// Weight of the divergence at full strength, and epochs to get there.
    pub divergence: (f32, usize),
    /// The run's seed.
    pub seed: Seed,
    /// Rows to learn from.
    pub train: &'a [u32],
    /// Rows of a second set, which take turns with the others: every second row of a batch is one of them. The smaller set
    /// begins again where it ends. Empty for models of one set.
    pub second: &'a [u32],
    /// Rows to choose the best epoch by; may be empty.
    pub valid: &'a [u32],
    /// Where to go on from.
    pub from: Option<Checkpoint>,
    /// Measures the learner at the end of each epoch, in place of its losses on rows to choose by.
    pub measure: Option<&'a mut Measure<'a, L>>,
    /// Which measure decides what epoch is best; the last epoch is best while there is none.
    pub criterion: Option<Criterion>,
    /// Raised to have the run stop at the next step.
    pub stop: &'a AtomicBool,
    /// Is told what happens.
    pub observe: &'a mut dyn FnMut(&Event),
    /// Is given checkpoints to keep.
    pub keep: &'a mut dyn FnMut(&Checkpoint) -> Result<()>,
}

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All epochs were done.
    Done,
    /// The validation loss had not become better for a while.
    Early,
    /// It was asked to stop; a checkpoint was kept.
    Stopped,
}

/// What training leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Where it stands.
    pub progress: Progress,
}

/// Trains `learner` on `rows`. At the end it holds the weights of the best epoch (if asked for and there are
/// validation rows), else of the last; after a stop or an error the last good checkpoint is what is kept.
///
/// # Errors
/// A loss that is not finite, named with its step; a checkpoint that could not be kept.
pub fn fit<L: Learner>(
    learner: &mut L,
    pool: &mut Pool,
    rows: L::Rows<'_>,
    mut session: Session<'_, L>,
) -> Result<Outcome> {
    let config = session.config;
    let mut pace = Pace::new(config, learner, session.seed, (session.train, session.second));
    let steps_per_epoch = pace.steps_per_epoch;
    let parts: Vec<&'static str> = learner.parts().to_vec();
    let mut best_weights: Option<Vec<State>> = None;
    let mut progress = Progress { sums: vec![0.0; parts.len()], ..Progress::default() };
    if let Some(from) = session.from.take() {
        learner.states_mut().entries = from.states;
        progress = from.progress;
        best_weights = from.best;
    }
    let choose_best = config.best
        && if session.measure.is_some() { session.criterion.is_some() } else { !session.valid.is_empty() };
    if choose_best && best_weights.is_none() {
        // An epoch whose weights are not there cannot be chosen.
        progress.best = None;
    }
    (session.observe)(&Event::Start {
        train_rows: session.train.len() + session.second.len(),
        valid_rows: session.valid.len(),
        epochs: config.epochs,
        steps_per_epoch,
        batch: pace.batch,
    });
    let stale = |progress: &Progress| {
        let epochs = progress.best.map_or(0, |(epoch, _)| progress.epoch - epoch);
        config.patience.is_some_and(|patience| epochs >= patience)
    };
    let mut new_best = false;
    // Asked before an epoch, not after: a run killed before it was finished must not train on.
    while progress.epoch < config.epochs && !stale(&progress) {
        let begun = Instant::now();
        let earlier = progress.seconds;
        let divergence = warmed(session.divergence, progress.epoch);
        while progress.epoch_steps < steps_per_epoch {
            if session.stop.load(Ordering::Relaxed) {
                progress.seconds = earlier + begun.elapsed().as_secs_f64();
                let best = best_weights.clone();
                (session.keep)(&Checkpoint {
                    states: learner.states().entries.clone(),
                    progress: progress.clone(),
                    best,
                })?;
                return Ok(Outcome { end: End::Stopped, progress });
            }
            let (index, rates, draw) = pace.next(&progress, divergence);
            let taken = index.len();
            let losses = learner.step(pool, rows, index, rates, draw)?;
            for ((sum, &loss), part) in progress.sums.iter_mut().zip(losses).zip(&parts) {
                if !loss.is_finite() {
                    let (step, epoch) = (progress.step + 1, progress.epoch + 1);
                    return Err(TrainError::NotFinite { part, step, epoch, loss }.into());
                }
                *sum += f64::from(loss) * taken as f64;
            }
            pace.advance(&mut progress, taken);
            (session.observe)(&Event::Step {
                epoch: progress.epoch + 1,
                step: progress.step,
                loss: progress.sums[0] / progress.rows as f64,
            });
        }
        let mut losses = BTreeMap::new();
        for (part, sum) in parts.iter().zip(&progress.sums) {
            losses.insert(format!("train.{part}"), sum / progress.rows as f64);
        }
        progress.epoch += 1;
        if let Some(weight) = not_finite(&learner.states().entries) {
            // A step's loss is that of the weights before it.
            let (step, epoch) = (progress.step, progress.epoch);
            return Err(TrainError::NotFinite { part: "weights", step, epoch, loss: weight }.into());
        }
        if let Some(measure) = session.measure.as_mut() {
            let measured = measure(learner, pool, &progress)?;
            losses.extend(measured.figures);
            for text in measured.notices {
                let (epoch, step) = (progress.epoch, progress.step);
                (session.observe)(&Event::Notice { epoch, step, text });
            }
        } else if !session.valid.is_empty() {
            // Always at full weight: with a rising weight epochs could not be compared.
            let draw = Draw { seed: session.seed.key("valid"), step: 0 };
            let values = learner.evaluate(pool, rows, session.valid, session.divergence.0, draw)?;
            for (part, value) in parts.iter().zip(&values) {
                if !value.is_finite() {
                    let (step, epoch, loss) = (progress.step, progress.epoch, *value as f32);
                    return Err(TrainError::NotFinite { part, step, epoch, loss }.into());
                }
                losses.insert(format!("valid.{part}"), *value);
            }
        }
        let chosen_by = match session.criterion {
            Some(criterion) if session.measure.is_some() => losses.get(criterion.name).copied(),
            _ => losses.get(&format!("valid.{}", parts[0])).copied(),
        };
        let better = |value: f64, best: f64| match session.criterion {
            Some(criterion) => criterion.prefers(value, best),
            None => value < best,
        };
        if let Some(value) = chosen_by
            && progress.best.is_none_or(|(_, best)| better(value, best))
        {
            progress.best = Some((progress.epoch, value));
            progress.best_losses.clone_from(&losses);
            if choose_best {
                best_weights = Some(learner.states().entries.clone());
                new_best = true;
            }
        }
        if !choose_best || progress.best.is_none() {
            progress.best_losses.clone_from(&losses);
        }
        // Told before the checkpoint: after a crash between the two, the epoch is done and told again.
        let seconds = earlier + begun.elapsed().as_secs_f64();
        (session.observe)(&Event::Epoch { epoch: progress.epoch, step: progress.step, seconds, losses });
        (progress.epoch_steps, progress.rows, progress.seconds) = (0, 0, 0.0);
        progress.sums.iter_mut().for_each(|sum| *sum = 0.0);
        let last = progress.epoch == config.epochs || stale(&progress);
        if last || progress.epoch.is_multiple_of(config.checkpoint_every) {
            let best = if std::mem::take(&mut new_best) { best_weights.clone() } else { None };
            (session.keep)(&Checkpoint {
                states: learner.states().entries.clone(),
                progress: progress.clone(),
                best,
            })?;
        }
    }
    let end = if stale(&progress) { End::Early } else { End::Done };
    if let (true, Some(best)) = (choose_best, best_weights) {
        learner.states_mut().entries = best;
    }
    Ok(Outcome { end, progress })
}

/// The first value that is infinite or not a number.
fn not_finite(states: &[State]) -> Option<f32> {
    states.iter().flat_map(|state| &state.values).copied().find(|value| !value.is_finite())
}

/// The weight of the divergence in an epoch, counted from 0.
fn warmed((weight, epochs): (f32, usize), epoch: usize) -> f32 {
    if epoch >= epochs { weight } else { weight * epoch as f32 / epochs as f32 }
}
