//! Losses of rows that were computed by hand.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::f32::consts::TAU;

use veridic::codec::{Block, BlockKind};
use veridic::nn::{Activation, Likelihood, LikelihoodConfig, Scope, Variance};
use veridic_graph::{Draw, Expr, Feed, Graph, Init, Pool, States, loss};

/// Which of the two things a likelihood says.
enum Said {
    Terms,
    Expected,
}

/// What the likelihood says of encoded rows `x` given the head's output `y`.
fn said(
    what: &Said,
    (config, blocks, width): (LikelihoodConfig, &[Block], usize),
    log_variance: &[f32],
    (x, y): (&[f32], &[f32]),
) -> Vec<f32> {
    let graph = Graph::new();
    let outputs = y.len() / (x.len() / width);
    let (target, output) = (graph.rows("x", &[width]), graph.rows("y", &[outputs]));
    let likelihood = Likelihood::new(config, blocks, &[width]);
    let mut scope = Scope::new(&graph);
    let result = match what {
        Said::Terms => likelihood.terms(&mut scope, output, target),
        Said::Expected => likelihood.expected(&scope, output),
    };
    let mut plan = graph.compile(&[result], &[]).unwrap();
    let mut states = States::new(&graph, 0);
    if let Some(state) = states.entries.iter_mut().find(|state| state.name == "decoder.output.log_variance") {
        state.values.copy_from_slice(log_variance);
    }
    let feeds = [Feed::Rows(x), Feed::Rows(y)];
    plan.run(&mut Pool::new(1), &mut states, &feeds, x.len() / width, Draw::default()).unwrap();
    plan.output(0).to_vec()
}

fn terms(
    config: LikelihoodConfig,
    blocks: &[Block],
    width: usize,
    log_variance: &[f32],
    rows: (&[f32], &[f32]),
) -> Vec<f32> {
    said(&Said::Terms, (config, blocks, width), log_variance, rows)
}

fn expected(config: LikelihoodConfig, blocks: &[Block], width: usize, rows: (&[f32], &[f32])) -> Vec<f32> {
    said(&Said::Expected, (config, blocks, width), &[], rows)
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6 * (1.0 + expected.abs()), "{found} is not {expected}");
    }
}

fn block(column: &str, start: usize, width: usize, kind: BlockKind, missing_at: Option<usize>) -> Block {
    Block { column: column.to_string(), start, width, kind, missing_at }
}

#[test]
fn the_divergence_of_a_shifted_normal_is_half_a_nat_a_dimension_and_has_a_gradient() {
    let graph = Graph::new();
    let mean = graph.state("mean", &[3], Init::Constant(1.0));
    let log_variance = graph.state("log_variance", &[3], Init::Constant(0.0));
    let kl = loss::kl_from_standard_normal(mean, log_variance);
    let gradient = graph.gradient(kl.sum_width(), &[mean, log_variance]);
    let outputs: Vec<Expr<'_>> = std::iter::once(kl).chain(gradient).collect();
    let mut plan = graph.compile(&outputs, &[]).unwrap();
    let mut states = States::new(&graph, 0);
    let mut evaluate = |states: &mut States| {
        plan.run(&mut Pool::new(1), states, &[], 1, Draw::default()).unwrap();
        [0, 1, 2].map(|i| plan.output(i).to_vec())
    };
    let [kl, by_mean, by_log_variance] = evaluate(&mut states);
    assert_close(&kl, &[0.5; 3]);
    assert_close(&by_mean, &[1.0; 3]);
    assert_close(&by_log_variance, &[0.0; 3]);
    // N(0, 4): (4 - 1 - ln 4) / 2, with gradient (4 - 1) / 2 by the log-variance.
    states.entries[0].values.fill(0.0);
    states.entries[1].values.fill(4.0_f32.ln());
    let [kl, by_mean, by_log_variance] = evaluate(&mut states);
    assert_close(&kl, &[0.5 * (3.0 - 4.0_f32.ln()); 3]);
    assert_close(&by_mean, &[0.0; 3]);
    assert_close(&by_log_variance, &[1.5; 3]);
}

#[test]
fn a_normal_with_a_given_variance_is_its_density() {
    let config = LikelihoodConfig::Gaussian { variance: Variance::Fixed(0.5) };
    let found = terms(config, &[], 2, &[], (&[1.0, 0.0, -1.0, 3.0], &[1.0, 1.0, 1.0, 1.0]));
    // -ln N(x; y, 1/2) = (x - y)² + ln(π) / 2.
    let constant = 0.5 * (TAU * 0.5).ln();
    assert_close(&found, &[constant, 1.0 + constant, 4.0 + constant, 4.0 + constant]);
    assert_close(&expected(config, &[], 2, (&[0.0; 2], &[0.3, -0.3])), &[0.3, -0.3]);
}

#[test]
fn a_normal_with_a_learned_variance_is_its_density() {
    let (x, y) = ([1.0, 0.0, -1.0, 3.0], [1.0, 1.0, 1.0, 1.0]);
    let ln4 = 4.0_f32.ln();
    let shared = LikelihoodConfig::Gaussian { variance: Variance::Shared };
    let constant = 0.5 * (TAU * 4.0).ln();
    let found = terms(shared, &[], 2, &[ln4], (&x, &y));
    assert_close(&found, &[0.0, 1.0, 4.0, 4.0].map(|square| square / 8.0 + constant));
    let by_column = LikelihoodConfig::Gaussian { variance: Variance::ByColumn };
    let found = terms(by_column, &[], 2, &[ln4, 0.0], (&x, &y));
    let one = 0.5 * TAU.ln();
    assert_close(&found, &[constant, 0.5 + one, 0.5 + constant, 2.0 + one]);
    let blocks = blocks();
    let deviations =
        |config, learned: &[f32]| Likelihood::new(config, &blocks, &[10]).deviations(Some(learned));
    let mut expected = [0.0; 10];
    (expected[0], expected[9]) = (2.0, 2.0);
    assert_close(&deviations(shared, &[ln4]), &expected);
    let mut learned = [0.0; 10];
    (learned[0], learned[9]) = (ln4, 0.0);
    expected[9] = 1.0;
    assert_close(&deviations(by_column, &learned), &expected);
}

#[derive(serde::Deserialize)]
struct Fixture {
    continuous_bernoulli: Values,
    categorical: Values,
}

#[derive(serde::Deserialize)]
struct Values {
    #[serde(alias = "logits")]
    y: Vec<f32>,
    x: Vec<f32>,
    nll: Vec<f32>,
    mean: Vec<f32>,
    gradient: Vec<f32>,
}

/// Loss, mean and gradient of the loss by what the head says, against PyTorch (`fixtures/likelihood.py`).
fn agrees_with_pytorch(config: LikelihoodConfig, width: usize, of: &Values) {
    let graph = Graph::new();
    let outputs = of.y.len() / of.x.len() * width;
    let (x, y) = (graph.rows("x", &[width]), graph.rows("y", &[outputs]));
    let likelihood = Likelihood::new(config, &[], &[width]);
    let mut scope = Scope::new(&graph);
    let terms = likelihood.terms(&mut scope, y, x);
    let gradient = graph.gradient(terms.sum_width().sum_rows(), &[y])[0];
    let mut plan = graph.compile(&[terms, likelihood.expected(&scope, y), gradient], &[]).unwrap();
    let feeds = [Feed::Rows(&of.x), Feed::Rows(&of.y)];
    let rows = of.x.len() / width;
    plan.run(&mut Pool::new(1), &mut States::new(&graph, 0), &feeds, rows, Draw::default()).unwrap();
    for (i, expected) in [&of.nll, &of.mean, &of.gradient].into_iter().enumerate() {
        assert_eq!(plan.output(i).len(), expected.len());
        for (at, (found, expected)) in plan.output(i).iter().zip(expected).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= 1e-6 + 2e-6 * expected.abs(), "{config:?} {i} at {at}: {found} {expected}");
        }
    }
}

#[test]
fn continuous_bernoulli_and_categorical_agree_with_pytorch_also_around_one_half() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/likelihood.json")).unwrap();
    agrees_with_pytorch(LikelihoodConfig::ContinuousBernoulli, 14, &fixture.continuous_bernoulli);
    agrees_with_pytorch(LikelihoodConfig::Categorical { levels: 4 }, 5, &fixture.categorical);
}

#[test]
fn a_continuous_bernoulli_value_is_uniform_at_even_odds_and_its_density_integrates_to_one() {
    let config = LikelihoodConfig::ContinuousBernoulli;
    assert_close(&terms(config, &[], 3, &[], (&[0.0, 0.3, 1.0], &[0.0; 3])), &[0.0; 3]);
    let n = 20_000;
    let x: Vec<f32> = (0..n).map(|i| (i as f32 + 0.5) / n as f32).collect();
    for logit in [-6.0, -0.6, 0.2, 0.299, 0.301, 4.0] {
        let density = terms(config, &[], 1, &[], (&x, &vec![logit; n]));
        let sum: f64 = density.iter().map(|&nll| f64::from(-nll).exp()).sum();
        assert!((sum / n as f64 - 1.0).abs() < 1e-5, "logit {logit}: {sum}");
    }
}

#[test]
fn every_byte_has_a_probability_and_they_add_up_to_one() {
    let bytes: Vec<f32> = (0..256).map(|byte| byte as f32 / 255.0).collect();
    for levels in [2, 16, 256] {
        let y: Vec<f32> = (0..levels).map(|l| (l as f32 * 0.7).sin()).collect();
        let config = LikelihoodConfig::Categorical { levels };
        let nll = terms(config, &[], 1, &[], (&bytes, &y.repeat(256)));
        let bin = 256 / levels;
        let sum: f64 = nll.iter().map(|&nll| f64::from(-nll).exp()).sum();
        assert!((sum / bin as f64 - 1.0).abs() < 1e-5, "{levels}: {sum}");
        assert!(nll.chunks(bin).all(|bin| bin.iter().all(|nll| *nll == bin[0])), "{levels}");
        assert!(nll.chunks(bin).zip(nll.chunks(bin).skip(1)).all(|(a, b)| a[0] != b[0]), "{levels}");
    }
    // Even odds: the mean of all bytes.
    let config = LikelihoodConfig::Categorical { levels: 4 };
    assert_close(&expected(config, &[], 1, (&[0.0], &[0.0; 4])), &[0.5]);
}

#[test]
fn bernoulli_is_the_cross_entropy_from_logits_also_far_out() {
    let config = LikelihoodConfig::Bernoulli;
    let ln3 = 3.0_f32.ln();
    // Logit ln 3 is a probability of 3/4.
    let found = terms(config, &[], 5, &[], (&[1.0, 0.0, 0.5, 0.0, 1.0], &[ln3, ln3, 0.0, 200.0, 200.0]));
    assert_close(&found, &[(4.0_f32 / 3.0).ln(), 4.0_f32.ln(), 2.0_f32.ln(), 200.0, 0.0]);
    assert_close(&expected(config, &[], 2, (&[0.0; 2], &[ln3, -ln3])), &[0.75, 0.25]);
}

#[test]
fn the_squared_error_is_the_mean_over_columns_after_the_output() {
    let config = LikelihoodConfig::SquaredError { output: Activation::Sigmoid };
    let found = terms(config, &[], 4, &[], (&[0.5, 1.0, 0.0, 0.25], &[0.0, 0.0, 0.0, 3.0_f32.ln()]));
    assert_close(&found, &[0.0, 0.0625, 0.0625, 0.0625]);
}

/// A number that may be missing, a category that may be missing, a flag, a flag that may be missing, a number.
fn blocks() -> Vec<Block> {
    vec![
        block("height", 0, 1, BlockKind::Number, Some(1)),
        block("color", 2, 3, BlockKind::Category, Some(5)),
        block("member", 6, 1, BlockKind::Flag, None),
        block("fever", 7, 1, BlockKind::Flag, Some(8)),
        block("visits", 9, 1, BlockKind::Number, None),
    ]
}

#[test]
fn the_mixed_likelihood_follows_the_blocks() {
    let ln2 = 2.0_f32.ln();
    let ln3 = 3.0_f32.ln();
    let ln4 = 4.0_f32.ln();
    let mut log_variance = [0.0; 10];
    log_variance[0] = ln4;
    // Beyond the limit: taken as 9.
    log_variance[9] = 50.0;
    let y = [1.0, 0.0, ln2, 0.0, 0.0, -ln3, ln3, 0.0, ln3, 7.0];
    let present = [5.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 7.0];
    let missing = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.4, 1.0, 7.0];
    let found = terms(
        LikelihoodConfig::Mixed,
        &blocks(),
        10,
        &log_variance,
        (&[present, missing].concat(), &[y, y].concat()),
    );
    let half_ln_tau = 0.5 * TAU.ln();
    let visits = 4.5 + half_ln_tau;
    assert_close(
        &found,
        &[
            // (5 - 1)² / (2 · 4) + ln(4) / 2 + ln(2π) / 2; that it is there, at even odds.
            2.0 + 0.5 * ln4 + half_ln_tau,
            ln2,
            // Odds 2 : 1 : 1 for the first color.
            ln2,
            0.0,
            0.0,
            (4.0_f32 / 3.0).ln(),
            (4.0_f32 / 3.0).ln(),
            ln2,
            ln4,
            visits,
            // Missing cells count through their indicators alone.
            0.0,
            ln2,
            0.0,
            0.0,
            0.0,
            ln4,
            ln4,
            0.0,
            (4.0_f32 / 3.0).ln(),
            visits,
        ],
    );
}

#[test]
fn a_category_that_is_unseen_adds_nothing() {
    let blocks = [block("color", 0, 3, BlockKind::Category, None)];
    let found = terms(LikelihoodConfig::Mixed, &blocks, 3, &[0.0; 3], (&[0.0; 3], &[1.0, 2.0, 3.0]));
    assert_close(&found, &[0.0; 3]);
}

#[test]
fn the_expected_mixed_row_has_means_and_probabilities() {
    let (ln2, ln3) = (2.0_f32.ln(), 3.0_f32.ln());
    let y = [1.5, ln3, ln2, 0.0, 0.0, 0.0, -ln3, ln3, 0.0, -2.0];
    let found = expected(LikelihoodConfig::Mixed, &blocks(), 10, (&[0.0; 10], &y));
    assert_close(&found, &[1.5, 0.75, 0.5, 0.25, 0.25, 0.5, 0.25, 0.75, 0.5, -2.0]);
}

#[test]
fn sampling_adds_the_learned_deviation_to_numbers_alone() {
    let mut log_variance = [7.0; 10];
    (log_variance[0], log_variance[9]) = (4.0_f32.ln(), 50.0);
    let mixed = Likelihood::new(LikelihoodConfig::Mixed, &blocks(), &[10]).deviations(Some(&log_variance));
    assert_close(&mixed, &[2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.5_f32.exp()]);
    let gaussian = LikelihoodConfig::Gaussian { variance: Variance::Fixed(0.25) };
    let gaussian = Likelihood::new(gaussian, &blocks(), &[10]).deviations(None);
    assert_close(&gaussian, &[0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]);
    assert_eq!(Likelihood::new(LikelihoodConfig::Bernoulli, &blocks(), &[10]).deviations(None), [0.0; 10]);
}
