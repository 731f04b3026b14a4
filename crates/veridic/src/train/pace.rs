//! Which rows a step takes, and at which rates.

use veridic_graph::Draw;

use super::checkpoint::Progress;
use super::config::TrainConfig;
use super::fit::{Learner, Rates};
use crate::seed::{Seed, shuffle};

/// The steps of a run, one after the other: the same seed takes the same rows, whoever does the steps.
#[derive(Debug)]
pub(crate) struct Pace {
    config: TrainConfig,
    seed: Seed,
    step_seed: u64,
    train: Vec<u32>,
    second: Vec<u32>,
    /// Rows of a step.
    pub(crate) batch: usize,
    /// Rows of a pass.
    n: usize,
    whole: bool,
    pub(crate) steps_per_epoch: u64,
    pub(crate) total_steps: u64,
    /// The pass in progress and its rows in order.
    order: Option<(u64, Vec<u32>)>,
}

impl Pace {
    /// The steps of `learner` over the rows `train` and `second`.
    pub(crate) fn new<L: Learner>(
        config: &TrainConfig,
        learner: &L,
        seed: Seed,
        (train, second): (&[u32], &[u32]),
    ) -> Self {
        let batch = config.batch * learner.batches();
        let n = match second.len() {
            0 => train.len(),
            second => 2 * train.len().max(second),
        };
        let whole = learner.takes_whole_batches() || config.epoch_steps.is_some();
        let steps_a_pass = if whole { (n / batch).max(1) } else { n.div_ceil(batch) };
        let steps_per_epoch = config.epoch_steps.unwrap_or(steps_a_pass) as u64;
        Self {
            config: config.clone(),
            seed,
            step_seed: seed.key("step"),
            train: train.to_vec(),
            second: second.to_vec(),
            batch,
            n,
            whole,
            steps_per_epoch,
            total_steps: steps_per_epoch.saturating_mul(config.epochs as u64).max(1),
            order: None,
        }
    }

    /// Rows, rates and draws of the step that follows `progress`.
    pub(crate) fn next(&mut self, progress: &Progress, divergence: f32) -> (&[u32], Rates, Draw) {
        let (pass, at) = progress.pass;
        if self.order.as_ref().is_none_or(|(of, _)| *of != pass) {
            self.order = Some((pass, ordered(&self.train, &self.second, self.seed, pass)));
        }
        let index =
            self.order.as_ref().map_or(&[][..], |(_, order)| &order[at..(at + self.batch).min(self.n)]);
        let factor = self.config.schedule.factor(progress.step, self.steps_per_epoch, self.config.epochs);
        let done = (progress.step as f64 / self.total_steps as f64) as f32;
        let learning = self.config.optimizer.rate() * factor;
        let rates = Rates { learning, divergence, progress: done };
        (index, rates, Draw { seed: self.step_seed, step: progress.step })
    }

    /// Counts a step of so many rows.
    pub(crate) fn advance(&self, progress: &mut Progress, taken: usize) {
        let (pass, at) = progress.pass;
        progress.rows += taken;
        progress.epoch_steps += 1;
        progress.step += 1;
        let next = at + taken;
        let is_over = next >= self.n || (self.whole && next + self.batch > self.n);
        progress.pass = if is_over { (pass + 1, 0) } else { (pass, next) };
    }
}

/// The rows that a pass goes through.
fn ordered(train: &[u32], second: &[u32], seed: Seed, pass: u64) -> Vec<u32> {
    let train = shuffled(train, seed, pass);
    if second.is_empty() {
        return train;
    }
    let second = shuffled(second, Seed(seed.key("second set")), pass);
    let pairs = train.len().max(second.len());
    let turns = train.iter().cycle().zip(second.iter().cycle()).take(pairs);
    turns.flat_map(|(&one, &other)| [one, other]).collect()
}

/// The training rows in the order of a pass, the same whenever it is asked for.
fn shuffled(rows: &[u32], seed: Seed, pass: u64) -> Vec<u32> {
    let mut random = seed.stream(&format!("shuffle {pass}"));
    let mut order = rows.to_vec();
    shuffle(&mut order, &mut random);
    order
}
