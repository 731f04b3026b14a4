//! A model compiled: its states, and the plans that train it and use it.

use veridic_graph::{Draw, Expr, Feed, Graph, GraphError, Plan, Pool, Shape, State, States};

use super::ModelConfig;
use crate::codec::Block;
use crate::data::Matrix;
use crate::error::Result;
use crate::nn::{LayerSummary, Likelihood, Mode, Scope};
use crate::train::{Learner, Rates, TrainConfig};

/// Rows given to a plan at once outside training.
const BATCH: usize = 1024;

/// What a model must know of its rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// The shape of a row: `[height, width, channels]` for images, else `[encoded columns]`.
    pub dims: Vec<usize>,
    /// The codec's blocks; empty for images.
    pub blocks: Vec<Block>,
    /// Encoded columns the encoder does not see (the target's): the decoder alone speaks of them, and no score
    /// counts them.
    pub unseen: Vec<usize>,
    /// Whether training draws each value anew at each step: 1 with the probability it says, else 0. In use values are
    /// taken as they are.
    pub redrawn: bool,
}

impl Layout {
    /// Values in a row.
    pub fn width(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Encoded rows, in the form they are kept in memory.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Numbers.
    Matrix(&'a Matrix),
    /// Bytes that stand for value / 255.
    Bytes {
        /// Row by row.
        bytes: &'a [u8],
        /// Values in a row.
        width: usize,
    },
}

impl<'a> Rows<'a> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Matrix(matrix) => matrix.n_rows,
            Self::Bytes { bytes, width } => bytes.len() / width.max(&1),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `i` as numbers.
    pub fn row(&self, i: usize) -> Vec<f32> {
        match self {
            Self::Matrix(matrix) => matrix.row(i).to_vec(),
            Self::Bytes { bytes, width } => {
                bytes[i * width..(i + 1) * width].iter().map(|&b| f32::from(b) * BYTE).collect()
            }
        }
    }

    fn feed(self, index: &'a [u32]) -> Feed<'a> {
        match self {
            Self::Matrix(matrix) => Feed::Pick { values: &matrix.values, index },
            Self::Bytes { bytes, .. } => Feed::PickBytes { bytes, scale: BYTE, index },
        }
    }
}

/// What a byte is multiplied by.
const BYTE: f32 = 1.0 / 255.0;

/// Named weights, as `model.safetensors` holds them.
pub type Weights = Vec<State>;

/// One pass over rows, as a model writes it.
pub(crate) struct Pass<'g> {
    /// `[rows, latent]`: the code, or the mean of the posterior.
    pub(crate) latent: Expr<'g>,
    /// `[rows, latent]`, for models with a posterior.
    pub(crate) log_variance: Option<Expr<'g>>,
    /// `[rows, width]`: what each encoded column adds to the score (higher is more unusual).
    pub(crate) terms: Expr<'g>,
    /// `[rows, 1]`: what the score has beside them, for models with a posterior its divergence.
    pub(crate) divergence: Option<Expr<'g>>,
    /// Named losses, `[rows, 1]` each; the first is minimized.
    pub(crate) parts: Vec<(&'static str, Expr<'g>)>,
}

/// A model with its weights, ready to train or to use.
#[derive(Debug)]
pub struct Network {
    states: States,
    parts: Vec<&'static str>,
    layers: Vec<LayerSummary>,
    layout: Layout,
    latent: usize,
    has_posterior: bool,
    likelihood: Likelihood,
    step: Plan,
    evaluate: Plan,
    encode: Plan,
    decode: Plan,
    score: Plan,
    weigh: Option<Plan>,
    losses: Vec<f32>,
}

/// The inputs of the graph, in the order they are declared and fed.
#[derive(Debug, Clone, Copy)]
enum Input {
    Rows,
    Latent,
    Rate,
    Weight,
    /// One row and its posterior, for estimates of its likelihood.
    Target,
    Mean,
    LogVariance,
}

/// The feeds of all inputs; those a plan does not read are fed nothing.
fn feeds<'a, const N: usize>(given: [(Input, Feed<'a>); N]) -> [Feed<'a>; 7] {
    let mut all = [Feed::Shared(&[]); 7];
    for (input, feed) in given {
        all[input as usize] = feed;
    }
    all
}

impl Network {
    /// Builds and compiles a model for rows of this layout; the same seed gives the same starting weights.
    ///
    /// # Errors
    /// Layers that do not fit the rows or each other.
    pub fn new(config: &ModelConfig, layout: Layout, train: &TrainConfig, seed: u64) -> Result<Self> {
        let shape = config.latent(&layout.dims)?;
        let (width, latent) = (layout.width(), shape.iter().product());
        let graph = Graph::new();
        // The order of declaration is the order of feeds.
        let x = graph.rows("x", &[width]);
        let z = graph.rows("z", &[latent]);
        let rate = graph.shared("learning rate", &[]);
        let weight = graph.shared("weight of the divergence", &[]);
        let target = graph.shared("target", &[width]);
        let posterior =
            (graph.shared("posterior mean", &[latent]), graph.shared("posterior log-variance", &[latent]));

        let likelihood = Likelihood::new(config.likelihood(), &layout.blocks, &layout.dims);
        let seen = seen(&graph, &layout);
        let input = seen.map_or(x, |seen| x * seen).reshape(&layout.dims);
        let drawn = if layout.redrawn { graph.uniform(&x.shape()).less(x) } else { x };
        let mut scope = Scope::new(&graph);
        // Images have no blocks.
        let spoilt =
            config.noise().map_or(drawn, |noise| noise.apply(&scope, drawn, layout.blocks.is_empty()));
        let spoilt = seen.map_or(spoilt, |seen| spoilt * seen);
        let trained = config.pass(&mut scope, &likelihood, (drawn, spoilt.reshape(&layout.dims)), weight);
        scope.mode = Mode::Infer;
        let used = config.pass(&mut scope, &likelihood, (x, input), weight);
        let y = config.decode(&mut scope, &likelihood, z.reshape(&shape));
        let expected = likelihood.expected(&scope, y);

        let parameters = scope.parameters().to_vec();
        let states: Vec<Expr<'_>> = parameters.iter().map(|(_, state)| *state).collect();
        let loss = trained.parts[0].1.mean_rows();
        let gradients = train.clip().apply(&graph, &graph.gradient(loss, &states));
        let mut updates = train.optimizer.rule().updates(&graph, &parameters, &gradients, rate);
        updates.extend_from_slice(scope.updates());
        let step = graph.compile(&mean_parts(&trained), &updates)?;
        let evaluate = graph.compile(&mean_parts(&used), &[])?;
        let encode: Vec<Expr<'_>> = std::iter::once(used.latent).chain(used.log_variance).collect();
        let encode = graph.compile(&encode, &[])?;
        let decode = graph.compile(&[expected], &[])?;
        // What the encoder may not see counts in no score; taken off afterwards it would leave its rounding behind.
        let terms = seen.map_or(used.terms, |seen| used.terms * seen);
        let score = used.divergence.map_or(terms.sum_width(), |divergence| terms.sum_width() + divergence);
        let score = graph.compile(&[score, terms], &[])?;
        let weigh = config.log_weight(&mut scope, &likelihood, target, posterior);
        let weigh = weigh.map(|log_weight| graph.compile(&[log_weight], &[])).transpose()?;
        let parts: Vec<&'static str> = trained.parts.iter().map(|(name, _)| *name).collect();
        Ok(Self {
            states: States::new(&graph, seed),
            losses: vec![0.0; parts.len()],
            parts,
            layers: scope.layers().to_vec(),
            latent,
            has_posterior: used.log_variance.is_some(),
            layout,
            likelihood,
            step,
            evaluate,
            encode,
            decode,
            score,
            weigh,
        })
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
        self.has_posterior
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
    /// is one. The same row has the same code, always.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn encode(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
    ) -> Result<(Matrix, Option<Matrix>), GraphError> {
        let mut latent = Matrix { n_rows: index.len(), n_cols: self.latent, values: Vec::new() };
        let mut log_variance = latent.clone();
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Rows, rows.feed(index))]);
            self.encode.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            latent.values.extend_from_slice(self.encode.output(0));
            if self.has_posterior {
                log_variance.values.extend_from_slice(self.encode.output(1));
            }
        }
        Ok((latent, self.has_posterior.then_some(log_variance)))
    }

    /// The expected row of each latent point, `[rows, width]` in encoded units.
    ///
    /// # Errors
    /// Points of another dimension.
    pub fn decode(&mut self, pool: &mut Pool, z: &Matrix) -> Result<Matrix, GraphError> {
        let mut expected = Matrix { n_rows: z.n_rows, n_cols: self.layout.width(), values: Vec::new() };
        for z in z.values.chunks(BATCH * self.latent) {
            let n = z.len() / self.latent;
            let feeds = feeds([(Input::Latent, Feed::Rows(z))]);
            self.decode.run(pool, &mut self.states, &feeds, n, Draw::default())?;
            expected.values.extend_from_slice(self.decode.output(0));
        }
        Ok(expected)
    }

    /// How unusual each row is (higher is more unusual, nats a row for likelihoods), and, if asked for, what each
    /// encoded column adds to it, `[rows, width]`.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn score(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        with_terms: bool,
    ) -> Result<(Vec<f64>, Option<Matrix>), GraphError> {
        let mut scores = Vec::with_capacity(index.len());
        let mut terms = Matrix { n_rows: index.len(), n_cols: self.layout.width(), values: Vec::new() };
        for index in index.chunks(BATCH) {
            let feeds = feeds([(Input::Rows, rows.feed(index))]);
            self.score.run(pool, &mut self.states, &feeds, index.len(), Draw::default())?;
            scores.extend(self.score.output(0).iter().map(|&score| f64::from(score)));
            if with_terms {
                terms.values.extend_from_slice(self.score.output(1));
            }
        }
        Ok((scores, with_terms.then_some(terms)))
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

    /// The standard deviation that sampling adds to each expected number, in encoded units.
    pub fn deviations(&self) -> Vec<f32> {
        let log_variance = self.states.get("decoder.output.log_variance");
        self.likelihood.deviations(log_variance.map(|state| state.values.as_slice()))
    }

    /// Bytes the compiled plans hold.
    pub fn memory_bytes(&self) -> usize {
        let plans = [&self.step, &self.evaluate, &self.encode, &self.decode, &self.score];
        plans.into_iter().chain(&self.weigh).map(Plan::memory_bytes).sum()
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

fn mean_parts<'g>(pass: &Pass<'g>) -> Vec<Expr<'g>> {
    pass.parts.iter().map(|(_, part)| part.mean_rows()).collect()
}

fn is_optimizers(state: &State) -> bool {
    state.name.starts_with("optimizer.")
}

/// 1 for each encoded column the encoder sees, 0 for the others; nothing if it sees all.
fn seen<'g>(graph: &'g Graph, layout: &Layout) -> Option<Expr<'g>> {
    let flags: Vec<bool> = (0..layout.width()).map(|j| !layout.unseen.contains(&j)).collect();
    let runs = flags.chunk_by(|a, b| a == b).map(|run| {
        let flag = graph.constant(if run[0] { 1.0 } else { 0.0 });
        flag.broadcast(&Shape::shared(&[run.len()]))
    });
    let runs: Vec<Expr<'g>> = runs.collect();
    (!layout.unseen.is_empty()).then(|| graph.concat(&runs, 0))
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
        let (rate, weight) = ([rates.learning], [rates.divergence]);
        let feeds = feeds([
            (Input::Rows, rows.feed(index)),
            (Input::Rate, Feed::Shared(&rate)),
            (Input::Weight, Feed::Shared(&weight)),
        ]);
        self.step.run(pool, &mut self.states, &feeds, index.len(), draw)?;
        for (i, loss) in self.losses.iter_mut().enumerate() {
            *loss = self.step.scalar(i);
        }
        Ok(&self.losses)
    }

    fn evaluate(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        divergence: f32,
        draw: Draw,
    ) -> Result<Vec<f64>, GraphError> {
        let mut sums = vec![0.0; self.parts.len()];
        let divergence = [divergence];
        for (batch, index) in index.chunks(BATCH).enumerate() {
            let feeds = feeds([(Input::Rows, rows.feed(index)), (Input::Weight, Feed::Shared(&divergence))]);
            let draw = Draw { step: draw.step + batch as u64, ..draw };
            self.evaluate.run(pool, &mut self.states, &feeds, index.len(), draw)?;
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum += f64::from(self.evaluate.scalar(i)) * index.len() as f64;
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
