//! Self-training: a classifier learns from its own answers to images without a label where it is sure of them.
//!
//! A step takes labelled images and many without a label. What a moving average of the network says of each of these as it is
//! becomes the label of its warp, where the probability is large (FixMatch, Sohn et al., NeurIPS 2020, with the warp of
//! labelled images for its weak and a stronger one for its strong augmentation). Where a graph of neighbors is given, its
//! shares of the classes are multiplied in, and classes that are told too often are told less (distribution alignment,
//! Berthelot et al., ReMixMatch, ICLR 2020).

mod round;
mod warp;

use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use veridic_graph::{Draw, GraphError, Pool, States};

pub use self::round::PseudoRoundsConfig;
use self::warp::Warp;
use super::propagation::{ClassShares, PropagationConfig};
use super::{Network, Rows};
use crate::data::Matrix;
use crate::error::ConfigError;
use crate::seed::{Seed, uniform};
use crate::train::{Learner, Rates};

/// The state that holds how often each class was told of late.
pub(super) const TOLD: &str = "optimizer.class-shares";

/// Share of the newest step in it.
const NEWEST: f32 = 0.01;

/// Share of the run in which more and more of the own answers are taken.
const RISE: f32 = 0.1;

/// How much more images without a label are warped than labelled ones.
const STRONGER: f32 = 1.3;

/// Settings of self-training; images alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SelfTrainingConfig {
    /// Labelled images of a step, 1 to 4096, drawn from all there are; beside them `train.batch` training images of any kind.
    pub labelled: usize,
    /// The least probability of a class that is taken, 0 to 1.
    pub threshold: f32,
    /// How strongly labelled images are warped, 0 to 4: 1 is turned by up to 17°, scaled by up to a fifth, sheared by up to a
    /// quarter, shifted by up to a tenth. Images without a label are warped 1.3 times as much.
    pub warp: f32,
    /// The graph of neighbors whose answers are multiplied with the network's; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<PropagationConfig>,
    /// The power to which its probabilities are raised first, 0 to 10.
    pub blend: f32,
    /// How large classes are among the images without a label. Where all are `equal`, labelled images of each are learned from
    /// equally often.
    pub class_shares: ClassShares,
}

impl Default for SelfTrainingConfig {
    fn default() -> Self {
        Self {
            labelled: 32,
            threshold: 0.95,
            warp: 0.6,
            graph: None,
            blend: 0.5,
            class_shares: ClassShares::Labelled,
        }
    }
}

impl SelfTrainingConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |name: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: format!("{path}.{name}"), found, allowed: allowed.to_string() })
        };
        if !(1..=4096).contains(&self.labelled) {
            return range("labelled", self.labelled.to_string(), "1 to 4096");
        }
        for (name, value, most) in
            [("threshold", self.threshold, 1.0), ("warp", self.warp, 4.0), ("blend", self.blend, 10.0)]
        {
            if !(0.0..=most).contains(&value) {
                return range(name, value.to_string(), &format!("0 to {most}"));
            }
        }
        self.graph.as_ref().map_or(Ok(()), |graph| graph.check(&format!("{path}.graph")))
    }
}

/// What a graph says of rows.
#[derive(Debug)]
pub(crate) struct Guide {
    /// The place of each row in `shares`; none for rows that the graph is not of.
    pub(crate) places: Vec<Option<u32>>,
    /// Rows x classes.
    pub(crate) shares: Matrix,
}

/// A network that learns by self-training.
#[derive(Debug)]
pub(crate) struct SelfTraining<'a> {
    network: &'a mut Network,
    config: &'a SelfTrainingConfig,
    /// Rows whose labels are known, with the numbers of their classes; sets from which one is drawn, and of it a row.
    labelled: Vec<Vec<(u32, f32)>>,
    guide: Option<Guide>,
    /// The share that each class is taken to have.
    wanted: Vec<f32>,
}

impl<'a> SelfTraining<'a> {
    /// Self-training of `network` with these labelled rows, at least one.
    pub(crate) fn new(
        network: &'a mut Network,
        config: &'a SelfTrainingConfig,
        labelled: Vec<(u32, f32)>,
        guide: Option<Guide>,
    ) -> Self {
        let classes = network.layout().classes;
        let mut counts = vec![0.0; classes];
        labelled.iter().for_each(|(_, class)| counts[*class as usize] += 1.0);
        let known = counts.iter().filter(|count| **count > 0.0).count() as f32;
        let wanted = counts.into_iter().map(|count: f32| match config.class_shares {
            _ if count == 0.0 => 0.0,
            ClassShares::Equal => 1.0 / known,
            ClassShares::Labelled => (count + 1.0) / (labelled.len() as f32 + known),
        });
        let wanted = wanted.collect();
        let labelled = match config.class_shares {
            ClassShares::Labelled => vec![labelled],
            // Each class as often as any other, however many labels it has.
            ClassShares::Equal => {
                let mut of_class = vec![Vec::new(); classes];
                labelled.into_iter().for_each(|row| of_class[row.1 as usize].push(row));
                of_class.retain(|rows| !rows.is_empty());
                of_class
            }
        };
        Self { network, config, labelled, guide, wanted }
    }

    /// The class that each row is taken to be of, -1 for none, by what the network and the graph say of it.
    fn answers(&mut self, told: &Matrix, index: &[u32], mut is_taken: impl FnMut() -> bool) -> Vec<f32> {
        let states = &mut self.network.states_mut().entries;
        let Some(state) = states.iter_mut().find(|state| state.name == TOLD) else {
            return vec![-1.0; index.len()];
        };
        for (class, often) in state.values.iter_mut().enumerate() {
            let mean = (0..told.n_rows).map(|i| told.row(i)[class]).sum::<f32>() / told.n_rows.max(1) as f32;
            *often += NEWEST * (mean - *often);
        }
        let factors: Vec<f32> =
            self.wanted.iter().zip(&state.values).map(|(wanted, often)| wanted / often.max(1e-2)).collect();
        let answer = |(i, row): (usize, &u32)| {
            let guide = self.guide.as_ref().and_then(|guide| {
                let place = guide.places.get(*row as usize).copied().flatten()?;
                Some(guide.shares.row(place as usize))
            });
            let mut shares: Vec<f32> = told.row(i).iter().zip(&factors).map(|(told, f)| told * f).collect();
            if let Some(guide) = guide {
                let blend = |share: &f32| share.max(1e-3).powf(self.config.blend);
                shares.iter_mut().zip(guide).for_each(|(share, guide)| *share *= blend(guide));
            }
            let sum: f32 = shares.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            let best = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]).then(b.cmp(&a)));
            let is_sure = |class: &usize| shares[*class] / sum >= self.config.threshold;
            best.filter(is_sure).filter(|_| is_taken()).map_or(-1.0, |class| class as f32)
        };
        index.iter().enumerate().map(answer).collect()
    }
}

/// One of `all`, of which there is at least one; where there is one alone nothing is drawn.
fn one_of<'a, T>(all: &'a [T], random: &mut impl Rng) -> &'a T {
    let at = if all.len() > 1 { (uniform(random) * all.len() as f64) as usize } else { 0 };
    &all[at.min(all.len() - 1)]
}

impl Learner for SelfTraining<'_> {
    type Rows<'a> = Rows<'a>;

    fn parts(&self) -> &[&'static str] {
        self.network.parts()
    }

    fn step(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        rates: Rates,
        draw: Draw,
    ) -> Result<&[f32], GraphError> {
        let told = self.network.recognize(pool, rows, index)?.pop().unwrap_or_default();
        let mut random = Seed(draw.seed).stream(&format!("self-training {}", draw.step));
        let share = f64::from(rates.progress / RISE);
        let answers = self.answers(&told, index, || share >= 1.0 || uniform(&mut random) < share);
        let layout = self.network.layout();
        let (width, dims) = (layout.width(), [layout.dims[0], layout.dims[1], layout.dims[2]]);
        let n = self.config.labelled + index.len();
        let mut images = Matrix::zeros(n, width);
        let mut labels = Vec::with_capacity(n);
        for i in 0..n {
            let (row, label, strength) = match i.checked_sub(self.config.labelled) {
                None => {
                    let rows = one_of(&self.labelled, &mut random);
                    let (row, class) = *one_of(rows, &mut random);
                    (row, class, self.config.warp)
                }
                Some(i) => (index[i], answers[i], self.config.warp * STRONGER),
            };
            let warp = Warp::drawn(&mut random, strength, dims);
            // A row without an answer has no loss, and counts among the statistics of its batch.
            warp.apply(&rows.row(row as usize), dims, images.row_mut(i));
            labels.push(label);
        }
        let all: Vec<u32> = (0..n as u32).collect();
        // The mean loss of the labelled images and that of the others count alike, whatever their numbers.
        let weights: Vec<f32> = (0..n)
            .map(|i| {
                n as f32 / if i < self.config.labelled { self.config.labelled } else { index.len() } as f32
            })
            .collect();
        let images = Rows::matrix(&images).labelled(&labels).weighted(&weights);
        self.network.update(pool, images, &all, (rates, draw), None)
    }

    fn evaluate(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        divergence: f32,
        draw: Draw,
    ) -> Result<Vec<f64>, GraphError> {
        self.network.evaluate(pool, rows, index, divergence, draw)
    }

    fn states(&self) -> &States {
        self.network.states()
    }

    fn states_mut(&mut self) -> &mut States {
        self.network.states_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ClassifierConfig, Layout, ModelConfig};
    use crate::nn::{Activation, LayerConfig};
    use crate::train::{Adam, OptimizerConfig, TrainConfig};

    /// 8 x 8 images of a bar that stands (class 0) or lies (class 1), at a random place.
    fn bars(n: usize) -> (Vec<u8>, Vec<f32>) {
        let mut random = Seed(5).stream("bars");
        let (mut pixels, mut classes) = (Vec::new(), Vec::new());
        for i in 0..n {
            let at = 2 + (uniform(&mut random) * 4.0) as usize;
            let lies = i % 2 == 1;
            for pixel in 0..64 {
                let (y, x) = (pixel / 8, pixel % 8);
                let (along, across) = if lies { (x, y) } else { (y, x) };
                let is_on = (1..7).contains(&along) && across == at;
                let noise = uniform(&mut random) * 60.0;
                pixels.push(if is_on { 200 + noise as u8 / 2 } else { noise as u8 });
            }
            classes.push(f32::from(u8::from(lies)));
        }
        (pixels, classes)
    }

    fn trained(steps: u64, self_training: &SelfTrainingConfig, guide: Option<Guide>) -> (Network, f64) {
        let (pixels, classes) = bars(200);
        let layout = Layout { dims: vec![8, 8, 1], classes: 2, ..Layout::default() };
        let model = ModelConfig::Classifier(ClassifierConfig {
            layers: vec![LayerConfig::Dense { units: 32, activation: Activation::Relu }],
            average: 0.9,
            self_training: Some(self_training.clone()),
            ..ClassifierConfig::default()
        });
        let train = TrainConfig {
            optimizer: OptimizerConfig::Adam(Adam { rate: 0.005, ..Adam::default() }),
            ..TrainConfig::default()
        };
        let mut network = Network::new(&model, layout, &train, 3).unwrap();
        let mut pool = Pool::new(1);
        let rows = Rows::bytes(&pixels, 64);
        // One label of each class, and none of the others is there to be looked at.
        let mut learner = SelfTraining::new(&mut network, self_training, vec![(0, 0.0), (1, 1.0)], guide);
        let index: Vec<u32> = (100..148).collect();
        for step in 0..steps {
            let rates = Rates { learning: 0.005, divergence: 0.0, progress: step as f32 / steps as f32 };
            let draw = Draw { seed: 7, step };
            let losses = learner.step(&mut pool, rows, &index, rates, draw).unwrap();
            assert!(losses.iter().all(|loss| loss.is_finite()));
        }
        let all: Vec<u32> = (100..200).collect();
        let told = network.recognize(&mut pool, rows, &all).unwrap().pop().unwrap();
        let right = (0..100).filter(|&i| (told.row(i)[1] > 0.5) == (classes[100 + i] > 0.5)).count();
        (network, right as f64 / 100.0)
    }

    #[test]
    fn unlabelled_images_teach_what_two_labels_cannot() {
        let config =
            SelfTrainingConfig { labelled: 8, threshold: 0.8, warp: 1.0, ..SelfTrainingConfig::default() };
        let none = SelfTrainingConfig { threshold: 1.0, ..config.clone() };
        let ((_, with), (_, without)) = (trained(300, &config, None), trained(300, &none, None));
        assert!(with > 0.75 && with > without + 0.1, "{with} {without}");
    }

    #[test]
    fn a_guide_decides_where_the_network_knows_nothing() {
        // A graph that knows all.
        let shares = (0..200).flat_map(|i| if i % 2 == 1 { [0.0, 1.0] } else { [1.0, 0.0] }).collect();
        let shares = Matrix { n_rows: 200, n_cols: 2, values: shares };
        let guide = Guide { places: (0..200).map(Some).collect(), shares };
        let config =
            SelfTrainingConfig { labelled: 8, threshold: 0.9, blend: 2.0, ..SelfTrainingConfig::default() };
        let (network, right) = trained(200, &config, Some(guide));
        assert!(right > 0.95, "{right}");
        // What was told of late is kept among the states, and saved with none of the weights.
        let told = network.states().get(TOLD).unwrap();
        assert!((told.values.iter().sum::<f32>() - 1.0).abs() < 1e-3 && told.values[0] != 0.5);
        assert!(network.weights().iter().all(|state| state.name != TOLD));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let wrong = SelfTrainingConfig { threshold: 1.5, ..SelfTrainingConfig::default() };
        let error = wrong.check("model.classifier.self-training").unwrap_err().to_string();
        assert!(error.contains("self-training.threshold"), "{error}");
        assert!(SelfTrainingConfig { labelled: 0, ..SelfTrainingConfig::default() }.check("x").is_err());
        assert!(SelfTrainingConfig::default().check("x").is_ok());
    }
}
