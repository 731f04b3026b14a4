//! An autoencoder of windows as a detector: a window that is not given back as it was is unusual.

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use veridic_graph::{Cell, Pool, State};

use super::part::Part;
use super::surprise::Ranks;
use super::trailing::{scales, standardised};
use crate::data::Matrix;
use crate::error::{ConfigError, Error};
use crate::models::{AutoencoderConfig, Layout, ModelConfig, Network, Rows, Stored};
use crate::nn::{Activation, Direction, LayerConfig, LikelihoodConfig, Output};
use crate::project::Pca;
use crate::seed::Seed;
use crate::train::{self, Adam, OptimizerConfig, Session, TrainConfig};

/// Windows that are learned from, at most.
const MOST_WINDOWS: usize = 20_000;
/// Windows that are given back at once.
const TOGETHER: usize = 4096;
/// Standardised values beyond say no more.
const CLIP: f64 = 20.0;
/// The usual error is this quantile of those in training.
const USUAL: f64 = 0.99;
/// The share of the points at the end of each series by which the best epoch is chosen.
const HELD_OUT: f64 = 0.1;

/// Windows of all channels through an autoencoder of layers over series.
///
/// Channels are standardised by what was learned from. The score of a window is the root of its mean squared error; a point has
/// the mean of the windows that hold it, or with `trailing` that of the window that ends at it. Scores are multiples of the
/// 99 % quantile in training. By default the form of the book: an LSTM whose last state is the code, the code at each step of
/// another LSTM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WindowAutoencoderConfig {
    /// Points of a window, 2 to 10000.
    pub window: usize,
    /// Whether a point has the error of the window that ends at it, so that nothing later counts.
    pub trailing: bool,
    /// From the window `[window, channels]` to the code; by default an LSTM of 32 units and 8 values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encoder: Vec<LayerConfig>,
    /// From the code back; the output layer is added. By default the code at each step of an LSTM of 32 units.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decoder: Vec<LayerConfig>,
    /// Whether principal components lead past the layers, see [`AutoencoderConfig::pca_skip`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pca_skip: bool,
    /// The seed of weights and batches.
    pub seed: u64,
    /// How it is trained.
    pub train: TrainConfig,
}

impl Default for WindowAutoencoderConfig {
    fn default() -> Self {
        let train = TrainConfig {
            epochs: 30,
            batch: 64,
            clip_norm: Some(1.0),
            optimizer: OptimizerConfig::Adam(Adam { rate: 0.003, ..Adam::default() }),
            ..TrainConfig::default()
        };
        Self {
            window: 30,
            trailing: false,
            encoder: Vec::new(),
            decoder: Vec::new(),
            pca_skip: false,
            seed: 0,
            train,
        }
    }
}

impl WindowAutoencoderConfig {
    pub(super) fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| ConfigError::Range {
            field: format!("{path}.{field}"),
            found,
            allowed: allowed.to_owned(),
        };
        if !(2..=10_000).contains(&self.window) {
            return Err(range("window", self.window.to_string(), "a whole number from 2 to 10000"));
        }
        match self.train.out_of_range() {
            Some((field, found, allowed)) => Err(range(field, found, allowed)),
            None => Ok(()),
        }
    }

    /// The network, with the layers by default where none are given.
    fn model(&self) -> ModelConfig {
        const UNITS: usize = 32;
        const CODE: usize = 8;
        let lstm = |output| LayerConfig::Recurrent {
            cell: Cell::Lstm,
            units: UNITS,
            direction: Direction::Forward,
            output,
        };
        let given = |layers: &Vec<LayerConfig>, usual: Vec<LayerConfig>| {
            if layers.is_empty() { usual } else { layers.clone() }
        };
        let code = LayerConfig::Dense { units: CODE, activation: Activation::Linear };
        ModelConfig::Autoencoder(AutoencoderConfig {
            encoder: given(&self.encoder, vec![lstm(Output::Last), code]),
            decoder: given(
                &self.decoder,
                vec![LayerConfig::Repeat { steps: self.window }, lstm(Output::Series)],
            ),
            likelihood: LikelihoodConfig::SquaredError { output: Activation::Linear },
            noise: None,
            pca_skip: self.pca_skip,
        })
    }
}

/// What was learned of windows of all channels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WindowAutoencoder {
    config: WindowAutoencoderConfig,
    scales: Vec<[f64; 2]>,
    weights: Vec<State>,
    usual: f64,
    /// The share of the variance that is not given back, of windows that were not trained on, and that of as many principal
    /// components as the code has values.
    reconstruction: [f64; 2],
}

/// Scores of points, and what each channel has of them.
type Scored = (Vec<f64>, Vec<Vec<f32>>);

impl WindowAutoencoder {
    /// Learns from parts, each with its channels as parts.
    pub(super) fn fit(
        parts: &[Vec<Part<'_>>],
        config: &WindowAutoencoderConfig,
        threads: usize,
    ) -> Result<Self, Error> {
        let scales = scales(parts);
        let n_channels = scales.len();
        let rows: Vec<Vec<Vec<f64>>> = parts.iter().map(|part| clipped(part, &scales)).collect();
        let starts: Vec<(usize, usize)> = rows
            .iter()
            .enumerate()
            .flat_map(|(i, rows)| {
                (0..(rows[0].len() + 1).saturating_sub(config.window)).map(move |at| (i, at))
            })
            .collect();
        let every = starts.len().div_ceil(MOST_WINDOWS).max(1);
        let mut windows = Matrix::zeros(0, config.window * n_channels);
        let (mut train, mut valid) = (Vec::new(), Vec::new());
        for &(i, at) in starts.iter().step_by(every) {
            let cut = (rows[i][0].len() as f64 * (1.0 - HELD_OUT)) as usize;
            // What spans the cut is in neither.
            if at + config.window <= cut {
                train.push(windows.n_rows as u32);
            } else if at >= cut {
                valid.push(windows.n_rows as u32);
            } else {
                continue;
            }
            push(&mut windows, &rows[i], at, config.window);
        }
        // Of a series too short to keep some back, all windows are learned from.
        if train.is_empty() {
            windows = Matrix::zeros(0, config.window * n_channels);
            for &(i, at) in starts.iter().step_by(every) {
                train.push(windows.n_rows as u32);
                push(&mut windows, &rows[i], at, config.window);
            }
            valid.clear();
        }
        let seed = Seed(config.seed);
        let mut network = Network::new(
            &config.model(),
            layout(config.window, n_channels),
            &config.train,
            seed.key("weights"),
        )?;
        network.begin(&config.model(), Rows::matrix(&windows), &train)?;
        let mut pool = Pool::new(threads);
        let never = AtomicBool::new(false);
        let session = Session {
            config: &config.train,
            divergence: (0.0, 0),
            seed,
            train: &train,
            second: &[],
            valid: &valid,
            from: None,
            measure: None,
            criterion: Some(train::Criterion { name: "loss", higher: false }),
            stop: &never,
            observe: &mut |_| (),
            keep: &mut |_| Ok(()),
        };
        train::fit(&mut network, &mut pool, Rows::matrix(&windows), session)?;
        let judged = if valid.is_empty() { &train } else { &valid };
        let reconstruction = reconstruction(&mut network, &mut pool, &windows, (&train, judged))?;
        let mut model =
            Self { config: config.clone(), scales, weights: network.weights(), usual: 1.0, reconstruction };
        let mut seen = Vec::new();
        for part in parts.iter().filter(|part| part[0].len() >= config.window) {
            seen.extend(model.score(part, threads)?.0);
        }
        model.usual = Ranks::of(seen).quantile(USUAL).max(1e-9);
        Ok(model)
    }

    /// Points a part needs.
    pub(super) fn needed(config: &WindowAutoencoderConfig) -> usize {
        config.window + 2
    }

    /// Channels there are.
    pub(super) fn channels(&self) -> usize {
        self.scales.len()
    }

    /// Shares of the variance that are not given back: by the network, and by principal components.
    pub(super) fn reconstruction(&self) -> [f64; 2] {
        self.reconstruction
    }

    /// The score of each point, and the share of each channel.
    pub(super) fn score(&self, channels: &[Part<'_>], threads: usize) -> Result<Scored, Error> {
        let rows = clipped(channels, &self.scales);
        let (n_channels, n, window) = (rows.len(), rows[0].len(), self.config.window);
        let mut network = self.network(n_channels)?;
        let mut pool = Pool::new(threads);
        let count = (n + 1).saturating_sub(window);
        let (mut sums, mut counts) = (vec![0.0; n], vec![0.0f64; n]);
        let mut by_channel = vec![vec![0.0; n]; n_channels];
        for first in (0..count).step_by(TOGETHER) {
            let last = (first + TOGETHER).min(count);
            let mut windows = Matrix::zeros(0, window * n_channels);
            (first..last).for_each(|at| push(&mut windows, &rows, at, window));
            let index: Vec<u32> = (0..windows.n_rows as u32).collect();
            let judged = network.explain(&mut pool, Rows::matrix(&windows), &index)?;
            for i in 0..windows.n_rows {
                let squares: Vec<f64> = windows
                    .row(i)
                    .iter()
                    .zip(judged.expected.row(i))
                    .map(|(actual, expected)| f64::from(actual - expected).powi(2))
                    .collect();
                let error = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
                let held = if self.config.trailing { window - 1..window } else { 0..window };
                for t in held {
                    sums[first + i + t] += error;
                    counts[first + i + t] += 1.0;
                }
                for (j, square) in squares.iter().enumerate() {
                    by_channel[j % n_channels][first + i + j / n_channels] += square;
                }
            }
        }
        let mut scores: Vec<f64> = sums
            .iter()
            .zip(&counts)
            .map(|(sum, n)| if *n > 0.0 { sum / n / self.usual } else { 0.0 })
            .collect();
        // Before the first window ends there is none.
        if self.config.trailing && count > 0 {
            let first = scores[window - 1];
            scores[..window - 1].fill(first);
        }
        let totals: Vec<f64> = (0..n).map(|i| by_channel.iter().map(|of| of[i]).sum()).collect();
        let share = |(part, total): (&f64, &f64)| if *total > 0.0 { (part / total) as f32 } else { 0.0 };
        let shares = by_channel.iter().map(|of| of.iter().zip(&totals).map(share).collect()).collect();
        Ok((scores, if n_channels > 1 { shares } else { Vec::new() }))
    }

    fn network(&self, n_channels: usize) -> Result<Network, Error> {
        let mut network = Network::to_use(&self.config.model(), layout(self.config.window, n_channels))?;
        // They are from a network of the same form: `restore` looked.
        let _ = network.set_weights(&self.weights);
        Ok(network)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let config = serde_json::to_string(&self.config).expect("settings are plain values");
        stored.about.insert("config".into(), config);
        stored.insert("scales", &[self.scales.len(), 2], self.scales.concat());
        stored.insert("usual", &[1], vec![self.usual]);
        stored.insert("reconstruction", &[2], self.reconstruction.to_vec());
        for state in &self.weights {
            stored.insert(format!("weights.{}", state.name), &state.dims, state.values.clone());
        }
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let config: WindowAutoencoderConfig =
            serde_json::from_str(stored.text("config")?).map_err(|error| error.to_string())?;
        config.check("config").map_err(|error| error.to_string())?;
        let scales = stored.values::<f64>("scales")?.as_chunks::<2>().0.to_vec();
        let (&[usual], &[ours, pca]) =
            (stored.values::<f64>("usual")?, stored.values::<f64>("reconstruction")?)
        else {
            return Err("the usual error is not one number".into());
        };
        if scales.is_empty() || usual.is_nan() || usual <= 0.0 || !scales.iter().all(|[_, size]| *size > 0.0)
        {
            return Err("scales or the usual error are none".into());
        }
        let form = Network::to_use(&config.model(), layout(config.window, scales.len()))
            .map_err(|error| error.to_string())?;
        let weights = form.weights().into_iter().map(|state| {
            let values = stored.values::<f32>(&format!("weights.{}", state.name))?;
            if values.len() != state.values.len() {
                return Err(format!("`{}` has another size", state.name));
            }
            Ok(State { values: values.to_vec(), ..state })
        });
        let weights = weights.collect::<Result<_, String>>()?;
        Ok(Self { config, scales, weights, usual, reconstruction: [ours, pca] })
    }
}

fn layout(window: usize, n_channels: usize) -> Layout {
    Layout { dims: vec![window, n_channels], ..Layout::default() }
}

fn clipped(channels: &[Part<'_>], scales: &[[f64; 2]]) -> Vec<Vec<f64>> {
    let (_, mut rows) = standardised(channels, scales);
    rows.iter_mut().flatten().for_each(|value| *value = value.clamp(-CLIP, CLIP));
    rows
}

/// Appends the window from point `at`, point by point.
fn push(windows: &mut Matrix, rows: &[Vec<f64>], at: usize, window: usize) {
    for t in at..at + window {
        windows.values.extend(rows.iter().map(|channel| channel[t] as f32));
    }
    windows.n_rows += 1;
}

/// The share of the variance around the mean of `train` that is not given back of `judged`, by the network and by principal
/// components of `train`.
fn reconstruction(
    network: &mut Network,
    pool: &mut Pool,
    windows: &Matrix,
    (train, judged): (&[u32], &[u32]),
) -> Result<[f64; 2], Error> {
    let pick = |index: &[u32]| {
        let values = index.iter().flat_map(|&i| windows.row(i as usize)).copied().collect();
        Matrix { n_rows: index.len(), n_cols: windows.n_cols, values }
    };
    let (learned, rows) = (pick(train), pick(judged));
    let expected = network.explain(pool, Rows::matrix(windows), judged)?.expected;
    let components = network.latent().clamp(1, windows.n_cols.min(train.len()));
    let pca = Pca::fit(&learned, components)?;
    let mut sums = [0.0; 3];
    for (i, left) in pca.reconstruction_error(&rows)?.into_iter().enumerate() {
        let row = rows.row(i);
        let away = |others: &mut dyn Iterator<Item = f64>| -> f64 {
            row.iter().zip(others).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum()
        };
        sums[0] += away(&mut pca.mean().iter().copied());
        sums[1] += away(&mut expected.row(i).iter().map(|v| f64::from(*v)));
        sums[2] += left * row.len() as f64;
    }
    let total = sums[0].max(1e-12);
    Ok([sums[1] / total, sums[2] / total])
}
