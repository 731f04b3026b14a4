//! A model whose evidence is known: a linear decoder with normal noise. Estimates must converge to it from below.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::f64::consts::TAU;

use veridic::data::Matrix;
use veridic::models::{Layout, ModelConfig, Network, Rows, VaeConfig};
use veridic::nn::{LikelihoodConfig, Variance};
use veridic::train::{Learner, TrainConfig};
use veridic_graph::{Draw, Pool};

/// `x = w z + b + noise` for one latent dimension.
const W: [f64; 2] = [0.9, -0.6];
const B: [f64; 2] = [0.3, 0.1];
const VARIANCE: f64 = 0.25;

/// A posterior that is not the true one, so that the bound has a gap: mean `u · x + c`, variance `s`.
const U: [f64; 2] = [0.6, -0.5];
const C: f64 = 0.2;
const S: f64 = 0.6;

fn network(samples: usize) -> Network {
    let config = ModelConfig::Vae(VaeConfig {
        latent: 1,
        encoder: Vec::new(),
        decoder: Vec::new(),
        likelihood: LikelihoodConfig::Gaussian { variance: Variance::Fixed(VARIANCE as f32) },
        samples,
        ..VaeConfig::default()
    });
    let layout = Layout { dims: vec![2], ..Layout::default() };
    let mut network = Network::new(&config, layout, &TrainConfig::default(), 0).unwrap();
    let mut weights = network.weights();
    for state in &mut weights {
        let values: &[f64] = match state.name.as_str() {
            "encoder.mean.weight" => &U,
            "encoder.mean.bias" => &[C],
            "encoder.log_variance.weight" => &[0.0, 0.0],
            "encoder.log_variance.bias" => &[S.ln()],
            "decoder.output.weight" => &W,
            "decoder.output.bias" => &B,
            other => panic!("{other}"),
        };
        state.values = values.iter().map(|&value| value as f32).collect();
    }
    network.set_weights(&weights).unwrap();
    network
}

/// `ln N(x; b, w wᵀ + variance)`.
fn evidence(x: &[f32]) -> f64 {
    let d = [f64::from(x[0]) - B[0], f64::from(x[1]) - B[1]];
    let (a, b, c) = (W[0] * W[0] + VARIANCE, W[0] * W[1], W[1] * W[1] + VARIANCE);
    let determinant = a * c - b * b;
    let square = (c * d[0] * d[0] - 2.0 * b * d[0] * d[1] + a * d[1] * d[1]) / determinant;
    -0.5 * (square + determinant.ln()) - TAU.ln()
}

/// The evidence lower bound: the evidence less the divergence of the posterior from the true one.
fn bound(x: &[f32]) -> f64 {
    let d = [f64::from(x[0]) - B[0], f64::from(x[1]) - B[1]];
    let precision = 1.0 + (W[0] * W[0] + W[1] * W[1]) / VARIANCE;
    let mean = (W[0] * d[0] + W[1] * d[1]) / VARIANCE / precision;
    let own = U[0] * f64::from(x[0]) + U[1] * f64::from(x[1]) + C;
    let divergence = 0.5 * ((S + (own - mean).powi(2)) * precision - 1.0 - (S * precision).ln());
    evidence(x) - divergence
}

fn rows() -> Matrix {
    let values = (0..40).map(|i| ((i * 7919 % 101) as f32 / 101.0 - 0.5) * 3.0).collect();
    Matrix { n_rows: 20, n_cols: 2, values }
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let all: Vec<f64> = values.into_iter().collect();
    all.iter().sum::<f64>() / all.len() as f64
}

#[test]
fn the_estimate_rises_from_the_lower_bound_to_the_evidence() {
    let (mut network, rows, mut pool) = (network(1), rows(), Pool::new(1));
    let index: Vec<u32> = (0..20).collect();
    let mut estimate = |samples, repeats| {
        let found = network.log_likelihood(&mut pool, Rows::matrix(&rows), &index, (samples, repeats), 5);
        found.unwrap()
    };
    let evidence = mean((0..20).map(|i| evidence(rows.row(i))));
    let bound = mean((0..20).map(|i| bound(rows.row(i))));
    // Enough repeats that the standard error is a few thousandths.
    let means: Vec<f64> = [(1, 20_000), (5, 4000), (50, 1000)]
        .into_iter()
        .map(|(samples, repeats)| mean(estimate(samples, repeats).into_iter().flatten()))
        .collect();
    assert!((means[0] - bound).abs() < 0.02, "{} {bound}", means[0]);
    assert!(
        bound < means[1] - 0.1 && means[1] < means[2] - 0.05 && means[2] < evidence,
        "{means:?} {evidence}"
    );
    let many = estimate(30_000, 1);
    for (i, found) in many[0].iter().enumerate() {
        let exact = self::evidence(rows.row(i));
        assert!((found - exact).abs() < 0.03, "row {i}: {found} {exact}");
    }
    assert!((mean(many[0].clone()) - evidence).abs() < 0.01);
}

#[test]
fn the_objective_falls_with_the_number_of_samples() {
    let rows = rows();
    let index: Vec<u32> = (0..20).cycle().take(40_000).collect();
    let losses: Vec<f64> = [1, 5, 50]
        .into_iter()
        .map(|samples| {
            let mut network = network(samples);
            let draw = Draw { seed: 3, step: 0 };
            network.evaluate(&mut Pool::new(1), Rows::matrix(&rows), &index, 1.0, draw).unwrap()[0]
        })
        .collect();
    let (bound, evidence) =
        (mean((0..20).map(|i| bound(rows.row(i)))), mean((0..20).map(|i| evidence(rows.row(i)))));
    assert!((losses[0] + bound).abs() < 0.02, "{} {bound}", losses[0]);
    assert!(
        losses[0] > losses[1] + 0.1 && losses[1] > losses[2] + 0.05 && losses[2] > -evidence,
        "{losses:?}"
    );
}

#[test]
fn a_rows_estimate_depends_on_no_other_row_and_on_no_thread() {
    let (mut network, rows) = (network(1), rows());
    let mut estimate = |index: &[u32], threads| {
        let mut pool = Pool::new(threads);
        // More draws than fit into one run of the plan.
        network.log_likelihood(&mut pool, Rows::matrix(&rows), index, (700, 2), 5).unwrap()
    };
    let all = estimate(&(0..20).collect::<Vec<_>>(), 1);
    assert_eq!(all, estimate(&(0..20).collect::<Vec<_>>(), 2));
    let some = estimate(&[17, 3], 2);
    for repeat in 0..2 {
        assert_eq!(some[repeat], [all[repeat][17], all[repeat][3]]);
    }
    assert_ne!(all[0], all[1], "repeats draw anew");
}
