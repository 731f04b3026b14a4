//! A small classifier of encoded rows into two classes, for measuring what training data is worth: logistic regression,
//! or with hidden layers a perceptron.

use std::sync::atomic::AtomicBool;

use veridic_graph::{Draw, Feed, Graph, GraphError, Plan, Pool, States, loss};

use crate::data::Matrix;
use crate::error::Result;
use crate::nn::{Activation, LayerConfig, Scope, dense, stack};
use crate::seed::Seed;
use crate::train::{self, End, Learner, Rates, Session, TrainConfig};

/// Rows given to a plan at once outside training.
const BATCH: usize = 1024;

/// A classifier with its weights.
///
/// Its rows are matrices of the features, then a column that is 1 for positive rows and 0 for others, then a column with
/// the row's weight. The loss is the weighted cross-entropy `-w (y ln p + (1 - y) ln(1 - p))`, mean nats a row.
#[derive(Debug)]
pub struct Classifier {
    states: States,
    step: Plan,
    evaluate: Plan,
    predict: Plan,
    losses: [f32; 1],
}

impl Classifier {
    /// A classifier of rows of `width` features with hidden layers of these units (ReLU); the same seed gives the same
    /// starting weights.
    ///
    /// # Errors
    /// A graph that does not fit together, which is a fault of the code.
    pub fn new(width: usize, hidden: &[usize], train: &TrainConfig, seed: u64) -> Result<Self, GraphError> {
        let graph = Graph::new();
        let rows = graph.rows("rows", &[width + 2]);
        let rate = graph.shared("learning rate", &[]);
        let mut scope = Scope::new(&graph);
        let layer = |&units: &usize| LayerConfig::Dense { units, activation: Activation::Relu };
        let hidden: Vec<LayerConfig> = hidden.iter().map(layer).collect();
        let x = stack(&mut scope, "hidden", &hidden, rows.slice(0, 0, width));
        let logit = dense(&mut scope, "output", x, 1);
        let (y, weight) = (rows.slice(0, width, 1), rows.slice(0, width + 1, 1));
        let loss = (loss::binary_cross_entropy(logit, y) * weight).mean_rows();
        let updates = train.follow(&graph, (loss, rate), scope.parameters(), None).updates;
        Ok(Self {
            step: graph.compile(&[loss], &updates)?,
            evaluate: graph.compile(&[loss], &[])?,
            predict: graph.compile(&[logit], &[])?,
            states: States::new(&graph, seed),
            losses: [0.0],
        })
    }

    /// Learns all of `rows` as `settings` say, without rows for validation; says how training ended.
    ///
    /// # Errors
    /// Rows of another width, a loss that is not finite.
    pub fn learn(
        &mut self,
        pool: &mut Pool,
        rows: &Matrix,
        (settings, seed): (&TrainConfig, Seed),
        stop: &AtomicBool,
    ) -> Result<End> {
        let all: Vec<u32> = (0..rows.n_rows as u32).collect();
        let session = Session {
            config: settings,
            divergence: (0.0, 0),
            seed,
            train: &all,
            second: &[],
            valid: &[],
            from: None,
            measure: None,
            criterion: None,
            stop,
            observe: &mut |_| {},
            keep: &mut |_| Ok(()),
        };
        Ok(train::fit(self, pool, rows, session)?.end)
    }

    /// The log-odds of being positive of each row, higher is more so.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn scores(&mut self, pool: &mut Pool, rows: &Matrix) -> Result<Vec<f64>, GraphError> {
        let mut scores = Vec::with_capacity(rows.n_rows);
        for values in rows.values.chunks((BATCH * rows.n_cols).max(1)) {
            let n = values.len() / rows.n_cols;
            let feeds = [Feed::Rows(values), Feed::Shared(&[])];
            self.predict.run(pool, &mut self.states, &feeds, n, Draw::default())?;
            scores.extend(self.predict.output(0).iter().map(|&logit| f64::from(logit)));
        }
        Ok(scores)
    }
}

impl Learner for Classifier {
    type Rows<'a> = &'a Matrix;

    fn parts(&self) -> &[&'static str] {
        &["loss"]
    }

    fn step(
        &mut self,
        pool: &mut Pool,
        rows: &Matrix,
        index: &[u32],
        rates: Rates,
        draw: Draw,
    ) -> Result<&[f32], GraphError> {
        let feeds = [Feed::Pick { values: &rows.values, index }, Feed::Shared(&[rates.learning])];
        self.step.run(pool, &mut self.states, &feeds, index.len(), draw)?;
        self.losses = [self.step.scalar(0)];
        Ok(&self.losses)
    }

    fn evaluate(
        &mut self,
        pool: &mut Pool,
        rows: &Matrix,
        index: &[u32],
        _divergence: f32,
        draw: Draw,
    ) -> Result<Vec<f64>, GraphError> {
        let mut sum = 0.0;
        for index in index.chunks(BATCH) {
            let feeds = [Feed::Pick { values: &rows.values, index }, Feed::Shared(&[])];
            self.evaluate.run(pool, &mut self.states, &feeds, index.len(), draw)?;
            sum += f64::from(self.evaluate.scalar(0)) * index.len() as f64;
        }
        Ok(vec![sum / index.len().max(1) as f64])
    }

    fn states(&self) -> &States {
        &self.states
    }

    fn states_mut(&mut self) -> &mut States {
        &mut self.states
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::seed::Seed;
    use crate::train::{Adam, OptimizerConfig, Session, fit};

    fn fitted(rows: &Matrix, hidden: &[usize]) -> (Classifier, Pool) {
        let config = TrainConfig {
            epochs: 300,
            batch: 64,
            best: false,
            optimizer: OptimizerConfig::Adam(Adam { rate: 0.05, ..Adam::default() }),
            ..TrainConfig::default()
        };
        let mut classifier = Classifier::new(rows.n_cols - 2, hidden, &config, 1).unwrap();
        let mut pool = Pool::new(1);
        let index: Vec<u32> = (0..rows.n_rows as u32).collect();
        let session = Session {
            config: &config,
            divergence: (0.0, 0),
            seed: Seed(1),
            train: &index,
            second: &[],
            valid: &[],
            from: None,
            measure: None,
            criterion: None,
            stop: &AtomicBool::new(false),
            observe: &mut |_| {},
            keep: &mut |_| Ok(()),
        };
        fit(&mut classifier, &mut pool, rows, session).unwrap();
        (classifier, pool)
    }

    /// 8 of 10 rows with x = 1 and 2 of 10 with x = 0 are positive; positives count `weight` times.
    fn counted(weight: f32) -> Matrix {
        let rows = (0..20).flat_map(|i| {
            let (x, y) = (f32::from(i < 10), f32::from(i % 10 < if i < 10 { 8 } else { 2 }));
            [x, y, if y > 0.0 { weight } else { 1.0 }]
        });
        Matrix { n_rows: 20, n_cols: 3, values: rows.collect() }
    }

    #[test]
    fn logistic_regression_finds_the_log_odds_and_weights_shift_them() {
        let points = Matrix { n_rows: 2, n_cols: 3, values: vec![0.0, 0.0, 1.0, 1.0, 0.0, 1.0] };
        for weight in [1.0, 4.0] {
            let (mut classifier, mut pool) = fitted(&counted(weight), &[]);
            let found = classifier.scores(&mut pool, &points).unwrap();
            let shift = f64::from(weight).ln();
            assert!((found[0] - (0.25f64.ln() + shift)).abs() < 0.02, "{weight}: {found:?}");
            assert!((found[1] - (4f64.ln() + shift)).abs() < 0.02, "{weight}: {found:?}");
        }
    }

    #[test]
    fn hidden_layers_learn_what_no_line_parts() {
        let points = [[0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0]];
        let rows = Matrix { n_rows: 4, n_cols: 4, values: points.concat() };
        let (mut classifier, mut pool) = fitted(&rows, &[16]);
        let scores = classifier.scores(&mut pool, &rows).unwrap();
        assert!(scores[0] < 0.0 && scores[1] > 0.0 && scores[2] > 0.0 && scores[3] < 0.0, "{scores:?}");
    }
}
