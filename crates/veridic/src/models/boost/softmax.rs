//! The distribution of a class, boosted.

use std::sync::atomic::{AtomicBool, Ordering};

use rand_chacha::ChaCha8Rng;

use super::config::BoostConfig;
use super::feature::Features;
use super::grow::{Grower, Limits};
use super::kernel::{self, Add, Advance, Gather, LANES, Lane, Moment, Normalize, Share, Spread, Values};
use super::probability::Probabilities;
use super::route::{BLOCK, Route};
use super::tree::Tree;
use crate::seed::{shuffle, standard_normal, uniform};

/// Rows whose sums are taken in single precision.
const PIECE: usize = 4096;

/// What each class has before it is counted.
const PRIOR: f64 = 0.1;

/// The largest Newton step of a leaf.
const LARGEST_STEP: f32 = 4.0;

/// A validation loss below this cannot be bettered in a way that matters.
const NO_LOSS: f64 = 2e-4;

/// By how much a validation loss must be better to count.
const BETTER: f64 = 1e-5;

/// A boosted softmax: the distribution of a class given features.
#[derive(Debug, Clone, PartialEq)]
pub struct Softmax {
    pub(super) classes: usize,
    /// Logits before the first round.
    pub(super) start: Vec<f32>,
    pub(super) rounds: Vec<Round>,
    /// Mean negative log-likelihood of the validation rows at the best round, in nats; NaN without such rows.
    pub(super) loss: f64,
}

/// A tree and what its leaves add.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Round {
    pub(super) tree: Tree,
    /// By group of classes, then leaf.
    pub(super) values: Vec<f32>,
    /// First class of each group, and the number of classes.
    pub(super) starts: Vec<u16>,
}

/// How many times as large as by chance a leaf's squared sum of gradients (of about unit variance, or less) must be for fewer rows
/// than the settings ask for to be enough: a rare category whose rows are all alike, say.
const SURE: f32 = 12.0;

/// Rows of a leaf from which the settings' doubt is whole.
const DOUBTED: f64 = 60.0;

/// Rows that are learned from, sixteen side by side; the last block is filled with rows without weight.
struct Training {
    classes: Vec<u8>,
    weights: Vec<Lane>,
    probabilities: Vec<Lane>,
    inverse: Vec<Lane>,
    leaves: Vec<u8>,
    truth: Vec<Lane>,
    gradient: Vec<Lane>,
}

impl Training {
    fn new(start: &[f32], classes: Vec<u8>, weights: Option<&[f32]>) -> Self {
        let n = classes.len();
        let blocks = n.div_ceil(LANES);
        let mut weight = vec![[0.0; LANES]; blocks];
        for (row, w) in weight.as_flattened_mut()[..n].iter_mut().enumerate() {
            *w = weights.map_or(1.0, |weights| weights[row]);
        }
        let first: Vec<Lane> = start.iter().map(|logit| [logit.exp(); LANES]).collect();
        Self {
            classes,
            weights: weight,
            probabilities: first.repeat(blocks),
            inverse: vec![[1.0; LANES]; blocks],
            leaves: vec![0; blocks * LANES],
            truth: vec![[0.0; LANES]; blocks],
            gradient: vec![[0.0; LANES]; blocks],
        }
    }

    /// Works the last round in and projects gradients to `direction`.
    fn advance(&mut self, last: &Round, direction: &[f32]) {
        for (truth, class) in self.truth.as_flattened_mut().iter_mut().zip(&self.classes) {
            *truth = direction[usize::from(*class)];
        }
        let factors: Vec<f32> = last.values.iter().map(|value| value.exp()).collect();
        if last.tree.depth <= 5 {
            self.advance_with::<32>(last, &factors, direction);
        } else {
            self.advance_with::<256>(last, &factors, direction);
        }
    }

    fn advance_with<const N: usize>(&mut self, last: &Round, factors: &[f32], direction: &[f32]) {
        kernel::run(Advance::<N> {
            probabilities: &mut self.probabilities,
            classes: direction.len(),
            inverse: &mut self.inverse,
            leaves: &self.leaves,
            values: Values { of: &padded(factors, 1 << last.tree.depth), starts: &last.starts },
            direction,
            truth: &self.truth,
            weights: &self.weights,
            gradient: &mut self.gradient,
        });
    }

    /// What a Newton step of each leaf adds to the logits of each group; by group, then leaf.
    fn values(&self, n_leaves: usize, starts: &[u16], config: &BoostConfig) -> Vec<f32> {
        let groups = starts.len() - 1;
        let classes = usize::from(starts[groups]);
        let mut group_of = vec![0; classes];
        for (group, bounds) in starts.windows(2).enumerate() {
            group_of[usize::from(bounds[0])..usize::from(bounds[1])].fill(group);
        }
        let mut gradient = vec![0.0f64; n_leaves * groups];
        let mut curvature = vec![0.0f64; n_leaves * groups];
        for (row, class) in self.classes.iter().enumerate() {
            let place = usize::from(self.leaves[row]) * groups + group_of[usize::from(*class)];
            gradient[place] += f64::from(self.weights.as_flattened()[row]);
        }
        let mut moments = vec![Moment::default(); n_leaves * groups];
        let piece = PIECE / LANES;
        for (number, probabilities) in self.probabilities.chunks(piece * classes).enumerate() {
            moments.fill(Moment::default());
            let blocks = number * piece..number * piece + probabilities.len() / classes;
            kernel::run(Gather {
                probabilities,
                classes,
                inverse: &self.inverse[blocks.clone()],
                leaves: &self.leaves[blocks.start * LANES..blocks.end * LANES],
                weights: &self.weights[blocks],
                starts,
                moments: &mut moments,
            });
            for ((g, c), moment) in gradient.iter_mut().zip(&mut curvature).zip(&moments) {
                *g -= f64::from(moment.mean);
                *c += f64::from(moment.variance);
            }
        }
        let mut values = vec![0.0; groups * n_leaves];
        let mut rows = vec![0u32; n_leaves];
        self.leaves[..self.classes.len()].iter().for_each(|leaf| rows[usize::from(*leaf)] += 1);
        for leaf in 0..n_leaves {
            // Small leaves, which are there because they are sure, are doubted no more than large ones are for their size.
            let doubt = f64::from(config.lambda) * (f64::from(rows[leaf]) / DOUBTED).min(1.0);
            for group in 0..groups {
                let place = leaf * groups + group;
                let step = gradient[place] / (curvature[place] + doubt + 1e-9);
                let step = (step as f32).clamp(-LARGEST_STEP, LARGEST_STEP);
                values[group * n_leaves + leaf] = config.learning_rate * step;
            }
        }
        values
    }
}

/// Values by group, then leaf, with room for `N` leaves each.
fn padded<const N: usize>(values: &[f32], n_leaves: usize) -> Vec<[f32; N]> {
    let group = |values: &[f32]| {
        let mut room = [0.0; N];
        room[..n_leaves].copy_from_slice(values);
        room
    };
    values.chunks_exact(n_leaves).map(group).collect()
}

/// Rows that boosting stops by.
struct Validation {
    classes: Vec<u8>,
    weights: Option<Vec<f32>>,
    codes: Vec<u8>,
    leaves: Vec<u8>,
    logits: Vec<Lane>,
    scratch: Vec<Lane>,
}

impl Validation {
    fn loss(&mut self, n_classes: usize) -> f64 {
        self.scratch.clone_from(&self.logits);
        kernel::run(Normalize { logits: &mut self.scratch, classes: n_classes });
        let (mut sum, mut total) = (0.0, 0.0);
        for (row, class) in self.classes.iter().enumerate() {
            let p = self.scratch[row / LANES * n_classes + usize::from(*class)][row % LANES];
            let weight = self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[row]));
            sum -= weight * f64::from(p.max(1e-12)).ln();
            total += weight;
        }
        sum / f64::max(total, 1e-9)
    }

    fn add(&mut self, round: &Round, n_classes: usize, width: usize) {
        let n = self.classes.len();
        round.tree.route(&self.codes, width, &mut self.leaves[..n]);
        round.add(&mut self.logits, n_classes, &self.leaves);
    }
}

impl Round {
    /// What leaves add to each class, leaf after leaf.
    fn by_leaf<const W: usize>(&self) -> Vec<[f32; W]> {
        let n_leaves = 1 << self.tree.depth;
        let mut values = vec![[0.0; W]; n_leaves];
        for (group, bounds) in self.values.chunks_exact(n_leaves).zip(self.starts.windows(2)) {
            let classes = usize::from(bounds[0])..usize::from(bounds[1]);
            for (value, leaf) in group.iter().zip(&mut values) {
                leaf[classes.clone()].fill(*value);
            }
        }
        values
    }

    fn add(&self, logits: &mut [Lane], classes: usize, leaves: &[u8]) {
        if self.tree.depth <= 5 {
            self.add_with::<32>(logits, classes, leaves);
        } else {
            self.add_with::<256>(logits, classes, leaves);
        }
    }

    fn add_with<const N: usize>(&self, logits: &mut [Lane], classes: usize, leaves: &[u8]) {
        let of = padded(&self.values, 1 << self.tree.depth);
        let values = Values::<N> { of: &of, starts: &self.starts };
        kernel::run(Add { logits, classes, leaves, values });
    }
}

impl Softmax {
    /// Learns `classes`, each below `n_classes` (2 to 256), of the rows of `features`; `ordered` says that neighboring classes
    /// are neighboring values. Rows count as their `weights` say. `None` once `stop` is raised.
    ///
    /// # Panics
    /// If there are not as many classes, weights and rows.
    pub fn fit(
        features: &Features,
        (classes, n_classes, ordered): (&[u8], usize, bool),
        weights: Option<&[f32]>,
        config: &BoostConfig,
        random: &mut ChaCha8Rng,
        stop: &AtomicBool,
    ) -> Option<Self> {
        let n = classes.len();
        assert!(features.codes.iter().all(|codes| codes.len() == n), "as many classes as rows");
        let (train, valid) = parts(n, config.validation, random);
        let mut counts = vec![PRIOR; n_classes];
        for row in &train {
            let weight = weights.map_or(1.0, |weights| f64::from(weights[*row as usize]));
            counts[usize::from(classes[*row as usize])] += weight;
        }
        let total: f64 = counts.iter().sum();
        let start: Vec<f32> = counts.iter().map(|count| (count / total).ln() as f32).collect();
        let pick = |rows: &[u32]| -> Vec<u8> { rows.iter().map(|row| classes[*row as usize]).collect() };
        let weigh = |rows: &[u32]| -> Option<Vec<f32>> {
            weights.map(|weights| rows.iter().map(|row| weights[*row as usize]).collect())
        };
        let mut training = Training::new(&start, pick(&train), weigh(&train).as_deref());
        let width = features.len();
        let blocks = valid.len().div_ceil(LANES);
        let codes = features.rows_at(&valid);
        let first: Vec<Lane> = start.iter().map(|logit| [*logit; LANES]).collect();
        let mut validation = Validation {
            classes: pick(&valid),
            weights: weigh(&valid),
            codes,
            leaves: vec![0; blocks * LANES],
            logits: first.repeat(blocks),
            scratch: Vec::new(),
        };
        let limits =
            Limits { depth: config.depth, min_leaf: config.min_leaf, sure: SURE, features: config.features };
        let mut grower = Grower::new(features, &train, limits);
        let masses: Vec<f64> = counts.iter().map(|count| count / total).collect();

        let mut rounds: Vec<Round> = Vec::new();
        let none = Round { tree: Tree::new(1), values: vec![0.0; 2], starts: vec![0, n_classes as u16] };
        let (mut best, mut best_rounds) = (f64::INFINITY, 0);
        for number in 0..=config.rounds {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            if !valid.is_empty() {
                let loss = validation.loss(n_classes);
                if loss < best - BETTER {
                    (best, best_rounds) = (loss, number);
                } else if number - best_rounds >= config.patience {
                    break;
                }
                if loss < NO_LOSS {
                    break;
                }
            }
            if number == config.rounds {
                break;
            }
            let scale = config.groups.get(number % config.groups.len().max(1)).copied();
            let starts = match scale {
                Some(scale) if ordered && n_classes > 4 && scale < n_classes => group(&masses, scale, random),
                _ => (0..=n_classes as u16).collect(),
            };
            let direction = direction(&starts, random);
            training.advance(rounds.last().unwrap_or(&none), &direction);
            let gradient = &training.gradient.as_flattened()[..train.len()];
            let tree = grower.grow(gradient, random);
            training.leaves[..train.len()].copy_from_slice(&grower.leaves);
            let values = training.values(1 << tree.depth, &starts, config);
            let round = Round { tree, values, starts };
            if !valid.is_empty() {
                validation.add(&round, n_classes, width);
            }
            rounds.push(round);
        }
        if !valid.is_empty() {
            rounds.truncate(best_rounds);
        }
        let loss = if valid.is_empty() { f64::NAN } else { best };
        Some(Self { classes: n_classes, start, rounds, loss })
    }

    /// The distribution of `classes`, each below `n_classes`, whatever the features.
    pub fn marginal(classes: &[u8], n_classes: usize) -> Self {
        let mut counts = vec![PRIOR; n_classes.max(1)];
        classes.iter().for_each(|class| counts[usize::from(*class)] += 1.0);
        let total: f64 = counts.iter().sum();
        let log = |count: f64| (count / total).ln();
        let start = counts.iter().map(|count| log(*count) as f32).collect();
        let sum: f64 = classes.iter().map(|class| log(counts[usize::from(*class)])).sum();
        Self { classes: counts.len(), start, rounds: Vec::new(), loss: -sum / classes.len().max(1) as f64 }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of trees.
    pub fn rounds(&self) -> usize {
        self.rounds.len()
    }

    /// Number of features that trees look at, from the first to the last.
    pub fn features(&self) -> usize {
        let nodes = self.rounds.iter().flat_map(|round| &round.tree.nodes);
        nodes.map(|node| node.feature as usize + 1).max().unwrap_or(0)
    }

    /// Mean negative log-likelihood of the rows that boosting stopped by, in nats; NaN where there were none.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// The mean of the logits of several models of the same classes (their geometric mean of probabilities, normalized); the
    /// loss is the mean of theirs.
    ///
    /// # Panics
    /// If there are no models, or of different classes.
    #[must_use]
    pub fn average(models: Vec<Self>) -> Self {
        let share = 1.0 / models.len() as f32;
        let classes = models[0].classes;
        let mut average = Self { classes, start: vec![0.0; classes], rounds: Vec::new(), loss: 0.0 };
        for model in models {
            assert_eq!(model.classes, classes, "models of the same classes");
            average.start.iter_mut().zip(&model.start).for_each(|(sum, logit)| *sum += share * logit);
            average.loss += f64::from(share) * model.loss;
            average.rounds.extend(model.rounds.into_iter().map(|mut round| {
                round.values.iter_mut().for_each(|value| *value *= share);
                round
            }));
        }
        average
    }

    /// The distributions of rows `from..to`, into `out`.
    ///
    /// # Panics
    /// If there are no such rows, or other features than were learned from.
    pub fn predict(&self, features: &Features, from: usize, to: usize, out: &mut Probabilities) {
        macro_rules! filled_up {
            ($($width:literal)*) => {
                $(if self.classes <= $width {
                    return self.predict_filled::<$width>(features, from, to, out);
                })*
            };
        }
        filled_up!(8 16 24 32 48 64 96 128 192 256);
    }

    /// The same, with classes filled up to `W`.
    fn predict_filled<const W: usize>(
        &self,
        features: &Features,
        from: usize,
        to: usize,
        out: &mut Probabilities,
    ) {
        (out.classes, out.width) = (self.classes, W);
        // What fills up weighs next to nothing.
        let mut first = [f32::MIN; W];
        first[..self.classes].copy_from_slice(&self.start);
        out.values.clear();
        (from..to).for_each(|_| out.values.extend_from_slice(&first));
        let (values, _) = out.values.as_chunks_mut::<W>();
        let bins = |f: usize| features.about.get(f).map_or(1, |about| about.bins);
        let rounds: Vec<_> = self
            .rounds
            .iter()
            .map(|round| (&round.tree, Route::of(&round.tree, bins), round.by_leaf()))
            .collect();
        let is_followed = rounds.iter().any(|round| round.1.is_none());
        let mut side = vec![[0u8; BLOCK]; features.len().max(1)];
        let mut codes = Vec::new();
        let mut leaves = [[0u8; BLOCK]; kernel::TOGETHER];
        for (start, logits) in (from..to).step_by(BLOCK).zip(values.chunks_mut(BLOCK)) {
            let rows = logits.len();
            for (side, codes) in side.iter_mut().zip(&features.codes) {
                side[..rows].copy_from_slice(&codes[start..start + rows]);
            }
            if is_followed {
                features.rows(start, start + rows, &mut codes);
            }
            for rounds in rounds.chunks(kernel::TOGETHER) {
                let (mut of, mut values) = ([&[][..]; kernel::TOGETHER], [&[][..]; kernel::TOGETHER]);
                for ((tree, route, by_leaf), (leaves, values)) in
                    rounds.iter().zip(leaves.iter_mut().zip(&mut values))
                {
                    match route {
                        Some(route) => route.leaves(&side, leaves),
                        None => tree.route(&codes, features.len(), &mut leaves[..rows]),
                    }
                    *values = by_leaf;
                }
                of.iter_mut().zip(&leaves).for_each(|(of, leaves)| *of = &leaves[..rows]);
                let n = rounds.len();
                kernel::run(Spread { logits, leaves: &of[..n], values: &values[..n] });
            }
            kernel::run(Share { logits });
        }
    }
}

/// Rows to learn from and rows to stop by, each in order.
pub(super) fn parts(n: usize, validation: f64, random: &mut ChaCha8Rng) -> (Vec<u32>, Vec<u32>) {
    let mut rows: Vec<u32> = (0..n as u32).collect();
    if validation == 0.0 {
        return (rows, Vec::new());
    }
    shuffle(&mut rows, random);
    let n_valid = (n as f64 * validation) as usize;
    let mut train = rows.split_off(n_valid);
    train.sort_unstable();
    rows.sort_unstable();
    (train, rows)
}

/// Groups of neighboring classes of about equal mass, about `scale` of them, cut at random places.
pub(super) fn group(masses: &[f64], scale: usize, random: &mut ChaCha8Rng) -> Vec<u16> {
    let offset = uniform(random);
    let (mut below, mut last) = (0.0, None);
    let mut starts = Vec::new();
    for (class, mass) in masses.iter().enumerate() {
        let number = (scale as f64 * (below + mass / 2.0) + offset).floor() as i64;
        if last != Some(number) {
            starts.push(class as u16);
            last = Some(number);
        }
        below += mass;
    }
    starts.push(masses.len() as u16);
    starts
}

/// A random direction, the same within each group.
fn direction(starts: &[u16], random: &mut ChaCha8Rng) -> Vec<f32> {
    let mut direction = Vec::with_capacity(usize::from(starts[starts.len() - 1]));
    if starts.last() == Some(&2) {
        return vec![1.0, -1.0];
    }
    for bounds in starts.windows(2) {
        let value = standard_normal(random) as f32;
        direction.extend(std::iter::repeat_n(value, usize::from(bounds[1] - bounds[0])));
    }
    direction
}
