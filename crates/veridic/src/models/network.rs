//! A model compiled: its states, and the plans that train it and use it.

use veridic_graph::{Draw, Feed, Graph, GraphError, Plan, Pool, State, States, TaskTime};

use super::prior::Prior;
use super::program::{Input, Inputs, Program, decoding, feeds};
use super::rows::{Layout, Rows};
use super::{ModelConfig, NetworkConfig};
use crate::data::Matrix;
use crate::error::{ModelError, Result};
use crate::nn::{LayerSummary, Likelihood, Scope};
use crate::seed::Seed;
use crate::train::{Learner, Rates, TrainConfig};

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

/// Rows judged by a model that gives them back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judged {
    /// How unusual each row is, nats a row for likelihoods.
    pub scores: Vec<f64>,
    /// `[rows, width]`: what each encoded column adds to it.
    pub terms: Matrix,
    /// `[rows, width]`: the row expected from its code, in encoded units.
    pub expected: Matrix,
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

    /// `n` latent points from the prior that follow from the seed and the name alone; none of a model that cannot be
    /// sampled from.
    pub fn points(&self, seed: Seed, name: &str, n: usize) -> Matrix {
        let draw = |prior: &Prior| prior.draw(seed, &format!("{name} latent"), n, |_| None);
        self.prior.as_ref().map_or_else(|| Matrix::zeros(0, self.latent), draw)
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

    /// How unusual each row is: higher is more unusual, nats a row for likelihoods.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn score(&mut self, pool: &mut Pool, rows: Rows<'_>, index: &[u32]) -> Result<Vec<f64>, GraphError> {
        let mut scores = Vec::with_capacity(index.len());
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Row, rows.feed(index)), (Input::Label, rows.feed_labels(index))]);
            self.score.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            scores.extend(self.score.output(0).iter().map(|&score| f64::from(score)));
        }
        Ok(scores)
    }

    /// Real and made rows by turns, for [`Network::score_among`]: as many as `groups` groups need beside one row each.
    pub fn company(&self, real: &Matrix, made: &Matrix, groups: usize) -> Matrix {
        let pairs = real.values.chunks(real.n_cols.max(1)).zip(made.values.chunks(made.n_cols.max(1)));
        let rows = pairs.flat_map(|(real, made)| [made, real]).take(groups * (self.group - 1));
        let values: Vec<f32> = rows.flatten().copied().collect();
        Matrix { n_rows: values.len() / self.layout.width(), n_cols: self.layout.width(), values }
    }

    /// How unusual each row is among rows of `beside`: of a discriminator that sees how alike the rows of a group are, the
    /// mean over groups of the row with as many others as a group has, taken from `beside` in its order, each used once; of
    /// other models, and with fewer rows than a group needs, [`Network::score`].
    ///
    /// # Errors
    /// Rows of another width.
    pub fn score_among(
        &mut self,
        pool: &mut Pool,
        rows: &Matrix,
        beside: &Matrix,
    ) -> Result<Vec<f64>, GraphError> {
        let (width, company) = (self.layout.width(), self.group - 1);
        let groups = beside.n_rows.checked_div(company).unwrap_or(0);
        let Some(among) = self.among.as_mut().filter(|_| groups > 0) else {
            let index: Vec<u32> = (0..rows.n_rows as u32).collect();
            return self.score(pool, Rows::matrix(rows), &index);
        };
        let mut scores = vec![0.0; rows.n_rows];
        for others in beside.values.chunks_exact(company * width) {
            for (scores, rows) in scores.chunks_mut(BATCH).zip(rows.values.chunks(BATCH * width)) {
                let grouped: Vec<f32> =
                    rows.chunks_exact(width).flat_map(|row| row.iter().chain(others)).copied().collect();
                let feeds = feeds([(Input::Group, Feed::Rows(&grouped))]);
                among.run(pool, &mut self.states, &feeds, scores.len(), Draw::default())?;
                for (sum, score) in scores.iter_mut().zip(among.output(0)) {
                    *sum += f64::from(*score) / groups as f64;
                }
            }
        }
        Ok(scores)
    }

    /// How unusual each row is with what each encoded column adds to it, and the row that is expected, in one pass. From
    /// models that give no rows back, the scores alone.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn explain(&mut self, pool: &mut Pool, rows: Rows<'_>, index: &[u32]) -> Result<Judged, GraphError> {
        let Some(plan) = &mut self.explain else {
            return Ok(Judged { scores: self.score(pool, rows, index)?, ..Judged::default() });
        };
        let empty = Matrix { n_rows: index.len(), n_cols: self.layout.width(), values: Vec::new() };
        let mut judged = Judged { scores: Vec::new(), terms: empty.clone(), expected: empty };
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Row, rows.feed(index))]);
            plan.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            judged.scores.extend(plan.output(0).iter().map(|&score| f64::from(score)));
            judged.terms.values.extend_from_slice(plan.output(1));
            judged.expected.values.extend_from_slice(plan.output(2));
        }
        Ok(judged)
    }

    /// The importance-weighted estimate of each row's log-likelihood in nats, `repeats` times with `samples` draws each:
    /// `ln (1/S) Σ p(x, z) / q(z | x)` for `z` from the posterior `q` (Burda, Grosse and Salakhutdinov 2016, equation 8;
    /// its expectation rises to `ln p(x)` with S). One list a repeat, one figure a row of `index`.
    ///
    /// A row is encoded once, its weights are summed as they come; memory does not grow with `samples`. The draws of a
    /// row depend on the seed and on its number alone, so the figure does not change with the rows beside it.
    ///
    /// # Errors
    /// Rows of another width. A model without a posterior gives no list.
    pub fn log_likelihood(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        (samples, repeats): (usize, usize),
        seed: u64,
    ) -> Result<Vec<Vec<f64>>, GraphError> {
        let mut estimates = vec![Vec::with_capacity(index.len()); repeats];
        for index in index.chunks(BATCH) {
            let (means, Some(log_variances)) = self.encode(pool, rows, index)? else { return Ok(Vec::new()) };
            let Some(weigh) = &mut self.weigh else { return Ok(Vec::new()) };
            for (i, &row) in index.iter().enumerate() {
                let target = rows.row(row as usize);
                let feeds = feeds([
                    (Input::Target, Feed::Shared(&target)),
                    (Input::Mean, Feed::Shared(means.row(i))),
                    (Input::LogVariance, Feed::Shared(log_variances.row(i))),
                ]);
                let mut sums = vec![LogSum::default(); repeats];
                // A block of draws is a run of the plan; its number keeps draws apart.
                for (block, first) in (0..samples * repeats).step_by(BATCH).enumerate() {
                    let draws = BATCH.min(samples * repeats - first);
                    let draw = Draw { seed, step: (u64::from(row) << 32) | block as u64 };
                    weigh.run(pool, &mut self.states, &feeds, draws, draw)?;
                    for (j, &log_weight) in weigh.output(0).iter().enumerate() {
                        sums[(first + j) / samples].add(f64::from(log_weight));
                    }
                }
                for (estimates, sum) in estimates.iter_mut().zip(&sums) {
                    estimates.push(sum.value() - (samples as f64).ln());
                }
            }
        }
        Ok(estimates)
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

    /// A training step, or one of its updates alone (of an adversarial network 0 is the discriminator's, 1 the
    /// generator's); gives all losses, those of updates that were left out as they were.
    ///
    /// # Errors
    /// Rows that do not fit the model.
    pub(crate) fn update(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        (rates, draw): (Rates, Draw),
        only: Option<usize>,
    ) -> Result<&[f32], GraphError> {
        let (rate, weight, progress) = ([rates.learning], [rates.divergence], [rates.progress]);
        let pieces = self.batches().min(index.len() / self.group).max(1);
        for (number, step) in self.steps.iter_mut().enumerate() {
            if only.is_some_and(|only| only != number) {
                continue;
            }
            let (first, n) = step.parts;
            let most = step.above.map_or(step.times, |(_, most)| most.max(step.times));
            for repeat in 0..most {
                if repeat >= step.times && step.above.is_none_or(|(limit, _)| self.losses[first] <= limit) {
                    break;
                }
                let piece = repeat % pieces;
                let own = &index[piece * index.len() / pieces..(piece + 1) * index.len() / pieces];
                let own = &own[..own.len() - own.len() % self.group];
                let feeds = feeds([
                    (if self.group > 1 { Input::Group } else { Input::Row }, rows.feed(own)),
                    (if self.group > 1 { Input::GroupLabels } else { Input::Label }, rows.feed_labels(own)),
                    (Input::Rate, Feed::Shared(&rate)),
                    (Input::Weight, Feed::Shared(&weight)),
                    (Input::Progress, Feed::Shared(&progress)),
                    (Input::Importance, rows.feed_weights(own)),
                ]);
                let draw = Draw { step: draw.step * MOST_REPEATS + repeat as u64, ..draw };
                step.plan.run(pool, &mut self.states, &feeds, own.len() / self.group, draw)?;
                for (i, loss) in self.losses[first..first + n].iter_mut().enumerate() {
                    *loss = step.plan.scalar(i);
                }
            }
        }
        Ok(&self.losses)
    }

    /// The standard deviation that sampling adds to each expected number, in encoded units; 0 where the decoder gives it.
    pub fn deviations(&self) -> Vec<f32> {
        let log_variance = self.states.get("decoder.output.log_variance");
        self.likelihood.deviations(log_variance.map(|state| state.values.as_slice()))
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

/// The logarithm of a sum of exponentials, added to one by one without overflow.
#[derive(Debug, Clone, Copy)]
struct LogSum {
    largest: f64,
    sum: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        Self { largest: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl LogSum {
    fn add(&mut self, term: f64) {
        if term == f64::NEG_INFINITY {
            return;
        }
        if term > self.largest {
            self.sum = self.sum * (self.largest - term).exp() + 1.0;
            self.largest = term;
        } else {
            self.sum += (term - self.largest).exp();
        }
    }

    fn value(self) -> f64 {
        self.largest + self.sum.ln()
    }
}

fn is_optimizers(state: &State) -> bool {
    state.name.starts_with("optimizer.")
}

impl Learner for Network {
    type Rows<'a> = Rows<'a>;

    fn parts(&self) -> &[&'static str] {
        &self.parts
    }

    fn step(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        rates: Rates,
        draw: Draw,
    ) -> Result<&[f32], GraphError> {
        self.update(pool, rows, index, (rates, draw), None)
    }

    fn takes_whole_batches(&self) -> bool {
        self.steps.len() > 1
    }

    fn batches(&self) -> usize {
        self.steps.first().map_or(1, |step| step.times)
    }

    fn evaluate(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        divergence: f32,
        draw: Draw,
    ) -> Result<Vec<f64>, GraphError> {
        let Some(evaluate) = &mut self.evaluate else { return Ok(Vec::new()) };
        let mut sums = vec![0.0; self.parts.len()];
        let divergence = [divergence];
        for (batch, index) in index.chunks(BATCH).enumerate() {
            let feeds = feeds([
                (Input::Row, rows.feed(index)),
                (Input::Label, rows.feed_labels(index)),
                (Input::Weight, Feed::Shared(&divergence)),
            ]);
            let draw = Draw { step: draw.step + batch as u64, ..draw };
            evaluate.run(pool, &mut self.states, &feeds, index.len(), draw)?;
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum += f64::from(evaluate.scalar(i)) * index.len() as f64;
            }
        }
        Ok(sums.into_iter().map(|sum| sum / index.len().max(1) as f64).collect())
    }

    fn states(&self) -> &States {
        &self.states
    }

    fn states_mut(&mut self) -> &mut States {
        &mut self.states
    }
}
