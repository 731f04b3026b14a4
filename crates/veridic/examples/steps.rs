//! Training steps a second on the workloads of the benchmarks, as one JSON line.
//!
//! `steps --workload W1 --seconds 4 --threads 2`: forward, backward and optimizer, shuffled rows of a resident
//! table, as training takes them.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use veridic::codec::{Codec, CodecConfig, Numeric};
use veridic::data::{Matrix, ReadOptions};
use veridic::models::{AutoencoderConfig, Layout, ModelConfig, Network, Rows, VaeConfig};
use veridic::nn::{Activation, LayerConfig, LikelihoodConfig};
use veridic::run::Config;
use veridic::train::{Learner, OptimizerConfig, Rates, TrainConfig};
use veridic_graph::{Draw, Pool};

fn main() {
    let started = Instant::now();
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|i| arguments.get(i + 1)).map_or(default.to_string(), String::clone)
    };
    let workload = value("--workload", "W1");
    let seconds: f64 = value("--seconds", "2").parse().expect("a number of seconds");
    let threads: usize = value("--threads", "2").parse().expect("a number of threads");
    let dense = |units, activation| LayerConfig::Dense { units, activation };
    let (width, batch, n, model, optimizer) = match workload.as_str() {
        "W1" => {
            let config = AutoencoderConfig {
                encoder: vec![dense(12, Activation::Tanh)],
                decoder: vec![],
                noise: None,
                likelihood: LikelihoodConfig::SquaredError { output: Activation::Sigmoid },
            };
            (29, 128, 16_000, ModelConfig::Autoencoder(config), OptimizerConfig::default())
        }
        "W2" => {
            let config = AutoencoderConfig {
                encoder: vec![dense(32, Activation::Relu)],
                decoder: vec![],
                noise: None,
                likelihood: LikelihoodConfig::Bernoulli,
            };
            (784, 256, 60_000, ModelConfig::Autoencoder(config), OptimizerConfig::default())
        }
        "W3" => {
            let config = VaeConfig {
                latent: 32,
                encoder: vec![dense(256, Activation::Relu)],
                decoder: vec![dense(256, Activation::Relu)],
                likelihood: LikelihoodConfig::Bernoulli,
                ..VaeConfig::default()
            };
            let rmsprop = OptimizerConfig::Rmsprop(veridic::train::Rmsprop::default());
            (784, 100, 60_000, ModelConfig::Vae(config), rmsprop)
        }
        "C1" => {
            let recipe = Config::recipe("mnist-conv-vae").expect("a recipe");
            (784, 128, 60_000, recipe.model, OptimizerConfig::default())
        }
        other => panic!("no workload `{other}`; there are W1, W2, W3, C1"),
    };
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u32
    };
    // Real rows where they are, else numbers that look like them; what they are does not change the work.
    let real = if width == 784 { digits(&data_dir()) } else { cards(&data_dir()) };
    let data = if real.is_some() { "real" } else { "random" };
    let (bytes, matrix) = real.unwrap_or_else(|| match width {
        784 => ((0..n * width).map(|_| next() as u8).collect(), Matrix::default()),
        _ => {
            let values = (0..n * width).map(|_| next() as f32 / (1u32 << 24) as f32).collect();
            (vec![], Matrix { n_rows: n, n_cols: width, values })
        }
    });
    let rows = if width == 784 { Rows::bytes(&bytes, width) } else { Rows::matrix(&matrix) };
    let n = rows.len();
    let train = TrainConfig { batch, optimizer, ..TrainConfig::default() };
    let layout =
        Layout { dims: if workload == "C1" { vec![28, 28, 1] } else { vec![width] }, ..Layout::default() };
    let mut network = Network::new(&model, layout, &train, 1).expect("the model fits");
    let mut pool = Pool::new(threads);
    let rates = Rates { learning: optimizer.rate(), divergence: 1.0, progress: 0.0 };
    let mut step = 0u64;
    let mut loss = f32::NAN;
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut at = n;
    let mut one = |step: &mut u64| {
        if at + batch > n {
            // A new order each epoch; the partial batch is dropped, as by the peers.
            for i in (1..n).rev() {
                order.swap(i, (next() as usize) % (i + 1));
            }
            at = 0;
        }
        let draw = Draw { seed: 1, step: *step };
        loss = network.step(&mut pool, rows, &order[at..at + batch], rates, draw).expect("rows fit")[0];
        at += batch;
        *step += 1;
    };
    one(&mut step);
    let startup = started.elapsed().as_secs_f64();
    for _ in 0..20 {
        one(&mut step);
    }
    let (begun, first) = (Instant::now(), step);
    while begun.elapsed().as_secs_f64() < seconds {
        for _ in 0..10 {
            one(&mut step);
        }
    }
    let (steps, elapsed) = (step - first, begun.elapsed().as_secs_f64());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: f64 = peak.and_then(|kb| kb.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(f64::NAN);
    println!(
        "{{\"peer\":\"veridic\",\"setting\":\"default\",\"workload\":\"{workload}\",\"threads\":{threads},\
         \"steps_per_second\":{:.1},\"steps\":{steps},\"seconds\":{elapsed:.3},\"peak_rss_mb\":{:.1},\
         \"startup_s\":{startup:.4},\"loss\":{loss},\"data\":\"{data}\",\
         \"versions\":{{\"veridic\":\"{}\"}}}}",
        steps as f64 / elapsed,
        peak / 1024.0,
        env!("CARGO_PKG_VERSION"),
    );
}

fn data_dir() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a benchmark finds its data as the tests do")]
    std::env::var("VERIDIC_DATA").map_or_else(|_| PathBuf::from("../shared/data"), PathBuf::from)
}

/// The training images of MNIST.
fn digits(data_dir: &Path) -> Option<(Vec<u8>, Matrix)> {
    let images = veridic::data::idx::read_folder(&data_dir.join("mnist"), false).ok()?;
    Some((images.pixels, Matrix::default()))
}

/// Card transactions, min-max scaled, without time and class.
fn cards(data_dir: &Path) -> Option<(Vec<u8>, Matrix)> {
    let path = data_dir.join("creditcard/creditcard_subset.csv.gz");
    let (table, schema) = veridic::data::read(&path, &ReadOptions::default()).ok()?;
    let drop = vec!["Time".to_string(), "Class".to_string()];
    let config = CodecConfig { numeric: Numeric::MinMax, drop, ..CodecConfig::default() };
    let all: Vec<usize> = (0..table.n_rows).collect();
    let codec = Codec::fit(&config, &table, &schema, &all).ok()?;
    Some((vec![], codec.encode(&table).ok()?))
}
