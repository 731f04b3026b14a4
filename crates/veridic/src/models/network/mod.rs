//! A model compiled: its states, and the plans that train it and use it.

mod judge;
mod learn;

use veridic_graph::{Draw, Feed, Graph, GraphError, Plan, Pool, State, States, TaskTime};

pub use judge::Judged;

use super::aggregate::{self, MIXTURE};
use super::prior::Prior;
use super::program::{Input, Inputs, Program, decoding, feeds};
use super::rows::{Layout, Rows};
use super::{ModelConfig, NetworkConfig};
use crate::data::Matrix;
use crate::error::{ModelError, Result};
use crate::nn::{COVARIANCE, LayerSummary, Likelihood, Scope};
use crate::seed::Seed;
use crate::train::TrainConfig;

/// Rows given to a plan at once outside training.
const BATCH: usize = 1024;

/// More than the updates of a step; keeps their noise apart.
const MOST_REPEATS: u64 = 128;

/// Named weights, as `model.safetensors` holds them.
pub type Weights = Vec<State>;

/// A model with its weights, ready to train or to use.
#[derive(Debug)]
pub struct Network {
    states: States,
    parts: Vec<&'static str>,
    layers: Vec<LayerSummary>,
    layout: Layout,
    latent: usize,
    /// Values of a code, which are features where rows are not decoded from codes.
    code: usize,
    group: usize,
    prior: Option<Prior>,
    has_posterior: bool,
    likelihood: Likelihood,
    steps: Vec<Step>,
    evaluate: Option<Plan>,
    encode: Plan,
    decode: Option<Plan>,
    /// The log-variance of each value at a latent point.
    deviate: Option<Plan>,
    score: Plan,
    among: Option<Plan>,
    /// The score, its terms, and the row that is expected.
    explain: Option<Plan>,
    weigh: Option<Plan>,
    recognize: Option<Plan>,
    losses: Vec<f32>,
}

/// One update of a training step, compiled.
#[derive(Debug)]
struct Step {
    plan: Plan,
    /// Its losses, as the first of the step's and their number.
    parts: (usize, usize),
    times: usize,
    above: Option<(f32, usize)>,
}

impl Network {
    /// Builds and compiles a model for rows of this layout, to be trained; the same seed gives the same starting weights.
    ///
    /// # Errors
    /// Layers that do not fit the rows or each other.
    pub fn new(config: &ModelConfig, layout: Layout, train: &TrainConfig, seed: u64) -> Result<Self> {
        Self::compiled(config, layout, Some(train), seed)
    }

    /// Builds and compiles a model to be used with weights that are there: it has no training steps.
    ///
    /// # Errors
    /// Layers that do not fit the rows or each other.
    pub fn to_use(config: &ModelConfig, layout: Layout) -> Result<Self> {
        Self::compiled(config, layout, None, 0)
    }

    fn compiled(
        config: &ModelConfig,
        layout: Layout,
        train: Option<&TrainConfig>,
        seed: u64,
    ) -> Result<Self> {
        let Some(network) = config.network() else {
            return Err(ModelError::NoNetwork { model: config.noun() }.into());
        };
        network.latent(&layout)?;
        let graph = Graph::new();
        let group = network.group();
        let inputs = Inputs::declare(&graph, network, &layout)?;
        let mut scope = Scope::new(&graph);
        let likelihood = Likelihood::new(config.likelihood(), &layout.blocks, &layout.dims);
        let written = match network {
            NetworkConfig::Decoding(config) => {
                decoding(config, &mut scope, &inputs, &layout, &likelihood, train)
            }
            // What is used may be an average that the updates make, so they are written in any case.
            NetworkConfig::Gan(config) => {
                let plain = TrainConfig::default();
                config.written(&mut scope, &inputs, &layout, train.unwrap_or(&plain))
            }
            NetworkConfig::Classifier(config) => config.written(&mut scope, &inputs, &layout, train),
        };
        let Program {
            updates,
            evaluate,
            encode,
            decode,
            deviate,
            score,
            among,
            weigh,
            recognize,
            latent,
            prior,
        } = written;
        let some = |outputs: &[_]| (!outputs.is_empty()).then(|| graph.compile(outputs, &[])).transpose();
        let (mut parts, mut steps) = (Vec::new(), Vec::new());
        for update in updates.into_iter().filter(|_| train.is_some()) {
            let outputs: Vec<_> = update.parts.iter().map(|(_, part)| *part).collect();
            steps.push(Step {
                plan: graph.compile(&outputs, &update.updates)?,
                parts: (parts.len(), outputs.len()),
                times: update.times,
                above: update.above,
            });
            parts.extend(update.parts.iter().map(|(name, _)| *name));
        }
        Ok(Self {
            losses: vec![0.0; parts.len()],
            parts,
            steps,
            evaluate: some(&evaluate)?,
            has_posterior: encode.len() > 1,
            code: encode.first().map_or(0, |code| code.shape().width()),
            encode: graph.compile(&encode, &[])?,
            decode: decode.map(|decode| graph.compile(&[decode], &[])).transpose()?,
            deviate: deviate.map(|deviate| graph.compile(&[deviate], &[])).transpose()?,
            score: graph.compile(&score[..1], &[])?,
            explain: (score.len() > 1).then(|| graph.compile(&score, &[])).transpose()?,
            among: among.map(|among| graph.compile(&[among], &[])).transpose()?,
            weigh: weigh.map(|weigh| graph.compile(&[weigh], &[])).transpose()?,
            recognize: some(&recognize)?,
            states: States::new(&graph, seed),
            layers: scope.layers().to_vec(),
            latent,
            group,
            prior,
            layout,
            likelihood,
        })
    }

    /// Has what starts at what is known of the training rows `index` start there: the principal components of an autoencoder
    /// that has them lead past its layers. Others stay as they are.
    ///
    /// # Errors
    /// Rows that have no principal components.
    pub(crate) fn begin(&mut self, config: &ModelConfig, rows: Rows<'_>, index: &[u32]) -> Result<()> {
        let ModelConfig::Autoencoder(config) = config else { return Ok(()) };
        if config.pca_skip {
            let values = index.iter().flat_map(|&row| rows.row(row as usize)).collect();
            let learned = Matrix { n_rows: index.len(), n_cols: self.layout.width(), values };
            config.begin(&mut self.states.entries, &learned, self.latent)?;
        }
        Ok(())
    }

    /// The layer table.
    pub fn layers(&self) -> &[LayerSummary] {
        &self.layers
    }

    /// What the model knows of its rows.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Dimensions of the latent space.
    pub fn latent(&self) -> usize {
        self.latent
    }

    /// Whether rows can be sampled from the model.
    pub fn can_sample(&self) -> bool {
        self.prior.is_some()
    }

    /// What latent points are drawn from, for models that rows can be sampled from.
    pub fn prior(&self) -> Option<&Prior> {
        self.prior.as_ref()
    }

    /// `n` latent points from the prior, or the mixture that was fitted in its place, that follow from the seed and the name alone;
    /// none of a model that cannot be sampled from.
    pub fn points(&self, seed: Seed, name: &str, n: usize) -> Matrix {
        let draw = |prior: &Prior| prior.draw(seed, &format!("{name} latent"), n, |_| None);
        let mut z = self.prior.as_ref().map_or_else(|| Matrix::zeros(0, self.latent), draw);
        if let Some(state) = self.state(MIXTURE) {
            aggregate::place(state, &mut z, seed, name);
        }
        z
    }

    /// The state of that name.
    pub(super) fn state(&self, name: &str) -> Option<&State> {
        self.states.get(name)
    }

    /// The state of that name, to be changed.
    pub(super) fn state_mut(&mut self, name: &str) -> Option<&mut State> {
        self.states.entries.iter_mut().find(|state| state.name == name)
    }

    /// Whether a row has a posterior over latent points.
    pub fn has_posterior(&self) -> bool {
        self.has_posterior
    }

    /// Whether decoding a row's code gives the row expected from it.
    pub fn reconstructs(&self) -> bool {
        self.explain.is_some()
    }

    /// The weights that make the model: trained parameters and running statistics, without the optimizer's states.
    pub fn weights(&self) -> Weights {
        self.states.entries.iter().filter(|state| !is_optimizers(state)).cloned().collect()
    }

    /// Takes over weights saved from a model of the same form.
    ///
    /// # Errors
    /// The name of the first weight that is missing or has another shape.
    pub fn set_weights(&mut self, weights: &[State]) -> Result<(), String> {
        for state in self.states.entries.iter_mut().filter(|state| !is_optimizers(state)) {
            match weights.iter().find(|weight| weight.name == state.name && weight.dims == state.dims) {
                Some(weight) => state.values.clone_from(&weight.values),
                None => return Err(state.name.clone()),
            }
        }
        Ok(())
    }

    /// The code of each row, or the mean of its posterior, `[rows, latent]`, and the posterior's log-variance if there
    /// is one; from an adversarial network the discriminator's features, `[rows, features]`. The same row has the same
    /// code, always.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn encode(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
    ) -> Result<(Matrix, Option<Matrix>), GraphError> {
        let mut latent = Matrix { n_rows: index.len(), n_cols: self.code, values: Vec::new() };
        let mut log_variance = latent.clone();
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Row, rows.feed(index)), (Input::Label, rows.feed_labels(index))]);
            self.encode.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            latent.values.extend_from_slice(self.encode.output(0));
            if self.has_posterior {
                log_variance.values.extend_from_slice(self.encode.output(1));
            }
        }
        Ok((latent, self.has_posterior.then_some(log_variance)))
    }

    /// The expected row of each latent point, `[rows, width]` in encoded units; no rows from a model that cannot say.
    ///
    /// # Errors
    /// Points of another dimension.
    pub fn decode(&mut self, pool: &mut Pool, z: &Matrix) -> Result<Matrix, GraphError> {
        let Some(decode) = &mut self.decode else { return Ok(Matrix::zeros(0, self.layout.width())) };
        let mut expected = Matrix { n_rows: z.n_rows, n_cols: self.layout.width(), values: Vec::new() };
        for (batch, z) in z.values.chunks(BATCH * self.latent).enumerate() {
            let n = z.len() / self.latent;
            let feeds = feeds([(Input::Latent, Feed::Rows(z))]);
            let draw = Draw { step: batch as u64, ..Draw::default() };
            decode.run(pool, &mut self.states, &feeds, n, draw)?;
            expected.values.extend_from_slice(decode.output(0));
        }
        Ok(expected)
    }

    /// What the discriminator's heads read from each row: the logits of a category and the codes, or of the classes,
    /// `[rows, n]`; nothing for models without such heads.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn recognize(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
    ) -> Result<Vec<Matrix>, GraphError> {
        let Some(plan) = &mut self.recognize else { return Ok(Vec::new()) };
        let mut read: Vec<Matrix> = Vec::new();
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Row, rows.feed(index)), (Input::Label, rows.feed_labels(index))]);
            plan.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            read.resize_with(plan.outputs(), Matrix::default);
            for (i, matrix) in read.iter_mut().enumerate() {
                matrix.n_cols = plan.output(i).len() / index.len();
                matrix.n_rows += index.len();
                matrix.values.extend_from_slice(plan.output(i));
            }
        }
        Ok(read)
    }

    /// The standard deviation that sampling adds to each expected number, in encoded units; 0 where the decoder gives it.
    pub fn deviations(&self) -> Vec<f32> {
        let log_variance = self.states.get("decoder.output.log_variance");
        self.likelihood.deviations(log_variance.map(|state| state.values.as_slice()))
    }

    /// The noise of the numbers of a row in sampling, where it goes together: see [`Likelihood::coupling`].
    pub(crate) fn coupling(&self) -> Option<nalgebra::DMatrix<f64>> {
        self.likelihood.coupling(&self.states.get(COVARIANCE)?.values)
    }

    /// Whether the decoder gives the standard deviation of each number, which noise that goes together is in units of.
    pub(crate) fn is_decoding_deviations(&self) -> bool {
        self.deviate.is_some()
    }

    /// Starts recording how long each task of a training step takes, from zero, or stops.
    pub fn record_times(&mut self, record: bool) {
        self.steps.iter_mut().for_each(|step| step.plan.record_times(record));
    }

    /// What the tasks of each update of a training step took since recording began.
    pub fn task_times(&self) -> Vec<Vec<TaskTime>> {
        self.steps.iter().map(|step| step.plan.task_times()).collect()
    }

    /// The standard deviation that sampling adds to each number expected at each latent point, `[rows, width]` in encoded units.
    ///
    /// # Errors
    /// Points of another dimension.
    pub fn deviations_at(&mut self, pool: &mut Pool, z: &Matrix) -> Result<Matrix, GraphError> {
        let width = self.layout.width();
        let Some(deviate) = &mut self.deviate else {
            let values = self.deviations().repeat(z.n_rows);
            return Ok(Matrix { n_rows: z.n_rows, n_cols: width, values });
        };
        let mut all = Matrix { n_rows: z.n_rows, n_cols: width, values: Vec::new() };
        for z in z.values.chunks(BATCH * self.latent) {
            let feeds = feeds([(Input::Latent, Feed::Rows(z))]);
            deviate.run(pool, &mut self.states, &feeds, z.len() / self.latent, Draw::default())?;
            all.values.extend(deviate.output(0).iter().map(|log_variance| (0.5 * log_variance).exp()));
        }
        Ok(all)
    }

    /// Bytes the compiled plans hold.
    pub fn memory_bytes(&self) -> usize {
        let steps = self.steps.iter().map(|step| &step.plan);
        let uses = [&self.encode, &self.score];
        let others = self.weigh.iter().chain(&self.evaluate).chain(&self.decode).chain(&self.recognize);
        let others = others.chain(&self.explain).chain(&self.deviate);
        steps.chain(uses).chain(others).map(Plan::memory_bytes).sum()
    }
}

fn is_optimizers(state: &State) -> bool {
    state.name.starts_with("optimizer.")
}
