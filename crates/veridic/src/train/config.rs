//! How a model is trained, as recipes write it.

use serde::{Deserialize, Serialize};
use veridic_graph::optimizer::{Clip, Optimizer};
use veridic_graph::{Expr, Graph};

/// The settings of the training loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainConfig {
    /// Epochs, at least 1: passes over the training rows.
    pub epochs: usize,
    /// Steps an epoch, at least 1, instead of a pass over the training rows: passes then follow each other through the
    /// epochs, without the rows that do not fill a last step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch_steps: Option<usize>,
    /// Rows a step, at least 1; the last step of an epoch takes what is left, but for adversarial networks, which leave it
    /// out.
    pub batch: usize,
    /// Runs with seeds counted up from the configuration's, of which the best is kept, 1 to 1000; as many at a time as
    /// there are threads.
    pub seeds: usize,
    /// The rule by which weights follow their gradients, with its learning rate.
    pub optimizer: OptimizerConfig,
    /// How the learning rate changes over the run.
    pub schedule: Schedule,
    /// Bound on the Euclidean norm of all gradients together; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f32>,
    /// Bound on each value of a gradient; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f32>,
    /// Epochs without a better validation loss after which training ends; never by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// Whether the weights of the epoch with the best validation loss are kept, or those of the last.
    pub best: bool,
    /// Epochs from one checkpoint to the next, at least 1; a stop writes one in any case.
    pub checkpoint_every: usize,
    /// Checkpoints kept, at least 1.
    pub keep: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 50,
            epoch_steps: None,
            batch: 128,
            seeds: 1,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::Constant,
            clip_norm: None,
            clip_value: None,
            patience: None,
            best: true,
            checkpoint_every: 1,
            keep: 1,
        }
    }
}

impl TrainConfig {
    /// The first value out of range, as (field, found, allowed).
    pub fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let at_least_one = [
            ("train.epochs", self.epochs),
            ("train.epoch-steps", self.epoch_steps.unwrap_or(1)),
            ("train.batch", self.batch),
            ("train.seeds", self.seeds),
            ("train.checkpoint-every", self.checkpoint_every),
            ("train.keep", self.keep),
            ("train.patience", self.patience.unwrap_or(1)),
        ];
        if let Some((name, value)) = at_least_one.into_iter().find(|(_, value)| *value == 0) {
            return Some((name, value.to_string(), "1 and above"));
        }
        let positive = |value: f32| value > 0.0 && value.is_finite();
        let clips = [("train.clip-norm", self.clip_norm), ("train.clip-value", self.clip_value)];
        for (name, value) in clips {
            if let Some(value) = value
                && !positive(value)
            {
                return Some((name, value.to_string(), "above 0"));
            }
        }
        if self.seeds > 1000 {
            return Some(("train.seeds", self.seeds.to_string(), "at most 1000"));
        }
        if self.batch > 1 << 20 {
            return Some(("train.batch", self.batch.to_string(), "at most 1048576"));
        }
        self.optimizer.out_of_range().or_else(|| self.schedule.out_of_range())
    }

    /// The rule, with its bounds on gradients.
    fn clip(&self) -> Clip {
        Clip { value: self.clip_value, norm: self.clip_norm }
    }

    /// How `parameters` follow a loss, a scalar, by a rule of its own or the one of these settings; `rate` is that of these
    /// settings now, and another rule's keeps its proportion to it.
    pub(crate) fn follow<'g>(
        &self,
        graph: &'g Graph,
        (loss, rate): (Expr<'g>, Expr<'g>),
        parameters: &[(String, Expr<'g>)],
        rule: Option<OptimizerConfig>,
    ) -> Followed<'g> {
        let states: Vec<Expr<'g>> = parameters.iter().map(|(_, state)| *state).collect();
        let gradients = self.clip().apply(graph, &graph.gradient(loss, &states));
        let rate = rule.map_or(rate, |rule| rate * (rule.rate() / self.optimizer.rate()));
        let updates = rule.unwrap_or(self.optimizer).rule().updates(graph, parameters, &gradients, rate);
        Followed { gradients, updates }
    }
}

/// A step along a loss.
pub(crate) struct Followed<'g> {
    /// The clipped gradients, one a parameter.
    pub(crate) gradients: Vec<Expr<'g>>,
    /// Parameters and the rule's states, and their new values.
    pub(crate) updates: Vec<(Expr<'g>, Expr<'g>)>,
}

/// How the learning rate changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Not at all.
    #[default]
    Constant,
    /// Falls along half a cosine to 0 at the last step.
    Cosine,
    /// Rises linearly over the first `warmup` epochs, then falls along half a cosine.
    WarmupCosine {
        /// Epochs, at least 1.
        warmup: usize,
    },
    /// Is multiplied by `factor` after every `every` epochs.
    Step {
        /// Epochs, at least 1.
        every: usize,
        /// Above 0, at most 1.
        factor: f32,
    },
    /// Is multiplied by `factor` once each of these numbers of epochs is done.
    Milestones {
        /// Epochs, rising, the first at least 1.
        after: Vec<usize>,
        /// Above 0, at most 1.
        factor: f32,
    },
}

impl Schedule {
    fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let wrong = |factor: &f32| !(*factor > 0.0 && *factor <= 1.0);
        match self {
            Self::WarmupCosine { warmup: 0 } => Some(("train.schedule.warmup", "0".into(), "1 and above")),
            Self::Step { every: 0, .. } => Some(("train.schedule.every", "0".into(), "1 and above")),
            Self::Step { factor, .. } | Self::Milestones { factor, .. } if wrong(factor) => {
                Some(("train.schedule.factor", factor.to_string(), "above 0 to 1"))
            }
            Self::Milestones { after, .. }
                if after.first().is_none_or(|&first| first == 0) || !after.is_sorted_by(|a, b| a < b) =>
            {
                Some(("train.schedule.after", format!("{after:?}"), "rising numbers from 1"))
            }
            _ => None,
        }
    }

    /// What the learning rate is multiplied by at a step, counted from 0, of a run of so many epochs.
    pub fn factor(&self, step: u64, steps_per_epoch: u64, epochs: usize) -> f32 {
        let per_epoch = steps_per_epoch.max(1);
        let total = per_epoch.saturating_mul(epochs as u64) as f64;
        let cosine = |done: f64| (0.5 * (1.0 + (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos())) as f32;
        match self {
            Self::Constant => 1.0,
            Self::Cosine => cosine(step as f64 / total),
            Self::WarmupCosine { warmup } => {
                let rise = per_epoch.saturating_mul(*warmup as u64) as f64;
                let step = step as f64;
                if step < rise {
                    ((step + 1.0) / rise) as f32
                } else {
                    cosine((step - rise) / (total - rise).max(1.0))
                }
            }
            Self::Step { every, factor } => factor.powi((step / per_epoch / *every as u64) as i32),
            Self::Milestones { after, factor } => {
                let done = step / per_epoch;
                factor.powi(after.iter().filter(|&&epochs| epochs as u64 <= done).count() as i32)
            }
        }
    }
}

/// An optimizer with its learning rate: `{ adam = { rate = 0.001 } }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerConfig {
    /// Gradient descent, with momentum if not 0.
    Sgd(Sgd),
    /// RMSprop.
    Rmsprop(Rmsprop),
    /// Adadelta.
    Adadelta(Adadelta),
    /// Adam; AdamW with `weight-decay`.
    Adam(Adam),
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

/// Settings of gradient descent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sgd {
    /// Learning rate, above 0.
    pub rate: f32,
    /// In [0, 1).
    pub momentum: f32,
}

/// Settings of RMSprop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rmsprop {
    /// Learning rate, above 0.
    pub rate: f32,
    /// In [0, 1).
    pub decay: f32,
    /// Above 0.
    pub epsilon: f32,
}

/// Settings of Adadelta.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Adadelta {
    /// What the step is multiplied by, above 0; 1 is the paper's.
    pub rate: f32,
    /// In [0, 1).
    pub decay: f32,
    /// Above 0.
    pub epsilon: f32,
}

/// Settings of Adam.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Adam {
    /// Learning rate, above 0.
    pub rate: f32,
    /// In [0, 1).
    pub beta1: f32,
    /// In [0, 1).
    pub beta2: f32,
    /// Above 0.
    pub epsilon: f32,
    /// Decoupled weight decay, 0 or above.
    pub weight_decay: f32,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { rate: 0.01, momentum: 0.0 }
    }
}

impl Default for Rmsprop {
    fn default() -> Self {
        Self { rate: 0.001, decay: 0.9, epsilon: 1e-7 }
    }
}

impl Default for Adadelta {
    fn default() -> Self {
        Self { rate: 1.0, decay: 0.95, epsilon: 1e-7 }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Self { rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weight_decay: 0.0 }
    }
}

impl OptimizerConfig {
    /// The learning rate.
    pub fn rate(&self) -> f32 {
        match self {
            Self::Sgd(o) => o.rate,
            Self::Rmsprop(o) => o.rate,
            Self::Adadelta(o) => o.rate,
            Self::Adam(o) => o.rate,
        }
    }

    /// The rule as the graph knows it.
    pub fn rule(&self) -> Optimizer {
        match *self {
            Self::Sgd(o) => Optimizer::Sgd { momentum: o.momentum },
            Self::Rmsprop(o) => Optimizer::RmsProp { decay: o.decay, epsilon: o.epsilon },
            Self::Adadelta(o) => Optimizer::Adadelta { decay: o.decay, epsilon: o.epsilon },
            Self::Adam(Adam { beta1, beta2, epsilon, weight_decay, .. }) => {
                Optimizer::Adam { beta1, beta2, epsilon, weight_decay }
            }
        }
    }

    /// What is out of range where these settings stand at another path than `train.optimizer`.
    pub(crate) fn out_of_range_at(&self, path: &str) -> Option<(String, String, &'static str)> {
        let (field, found, allowed) = self.out_of_range()?;
        Some((field.replacen("train.optimizer", path, 1), found, allowed))
    }

    pub(crate) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        type Named = (&'static str, f32);
        let (shares, positive): (&[Named], &[Named]) = match *self {
            Self::Sgd(o) => {
                (&[("train.optimizer.sgd.momentum", o.momentum)], &[("train.optimizer.sgd.rate", o.rate)])
            }
            Self::Rmsprop(o) => (
                &[("train.optimizer.rmsprop.decay", o.decay)],
                &[("train.optimizer.rmsprop.rate", o.rate), ("train.optimizer.rmsprop.epsilon", o.epsilon)],
            ),
            Self::Adadelta(o) => (
                &[("train.optimizer.adadelta.decay", o.decay)],
                &[("train.optimizer.adadelta.rate", o.rate), ("train.optimizer.adadelta.epsilon", o.epsilon)],
            ),
            Self::Adam(o) => (
                &[("train.optimizer.adam.beta1", o.beta1), ("train.optimizer.adam.beta2", o.beta2)],
                &[("train.optimizer.adam.rate", o.rate), ("train.optimizer.adam.epsilon", o.epsilon)],
            ),
        };
        for &(name, value) in shares {
            if !(0.0..1.0).contains(&value) {
                return Some((name, value.to_string(), "0 to below 1"));
            }
        }
        for &(name, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Some((name, value.to_string(), "above 0"));
            }
        }
        match self {
            Self::Adam(o) if !(o.weight_decay >= 0.0 && o.weight_decay.is_finite()) => {
                Some(("train.optimizer.adam.weight-decay", o.weight_decay.to_string(), "0 and above"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_start_and_end_where_they_should() {
        assert_eq!(Schedule::Constant.factor(5, 10, 2), 1.0);
        assert_eq!(Schedule::Cosine.factor(0, 10, 2), 1.0);
        assert!((Schedule::Cosine.factor(10, 10, 2) - 0.5).abs() < 1e-6);
        assert!(Schedule::Cosine.factor(20, 10, 2) < 1e-6);
        assert!((Schedule::WarmupCosine { warmup: 1 }.factor(4, 10, 2) - 0.5).abs() < 1e-6);
        assert_eq!(Schedule::Step { every: 2, factor: 0.5 }.factor(39, 10, 9), 0.5);
        assert_eq!(Schedule::Step { every: 2, factor: 0.5 }.factor(40, 10, 9), 0.25);
        let milestones = Schedule::Milestones { after: vec![1, 4], factor: 0.5 };
        let at = |step| milestones.factor(step, 10, 9);
        assert_eq!([at(0), at(9), at(10), at(39), at(40), at(500)], [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
    }

    #[test]
    fn values_out_of_range_are_named() {
        let config = TrainConfig { batch: 0, ..TrainConfig::default() };
        assert_eq!(config.out_of_range(), Some(("train.batch", "0".into(), "1 and above")));
        let adam = Adam { beta1: 1.0, ..Adam::default() };
        let config = TrainConfig { optimizer: OptimizerConfig::Adam(adam), ..TrainConfig::default() };
        assert_eq!(config.out_of_range().map(|range| range.0), Some("train.optimizer.adam.beta1"));
        assert_eq!(TrainConfig::default().out_of_range(), None);
    }
}
