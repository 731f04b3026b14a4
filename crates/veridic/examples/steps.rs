//! Training steps a second on the workloads of the benchmarks, as one JSON line.
//!
//! `steps --workload W1 --seconds 4 --threads 2`: forward, backward and optimizer, shuffled rows of a resident
//! table, as training takes them. With `--steps N` it makes so many instead, to compare losses with those of others.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use veridic::codec::{Codec, CodecConfig, Numeric};
use veridic::data::{Cells, Images, Matrix, ReadOptions};
use veridic::models::{Layout, Network, Rows};
use veridic::run::Config;
use veridic::train::{Learner, Rates, TrainConfig};
use veridic_graph::{Draw, Pool};

/// What a workload is: its name, the shape of a row, classes, and model, batch and optimizer as a recipe has them.
const WORKLOADS: [(&str, &[usize], usize, &str); 8] = [
    ("W1", &[29], 0, include_str!("../../../recipes/creditcard-autoencoder.toml")),
    ("W2", &[784], 0, MNIST_AUTOENCODER),
    ("W3", &[784], 0, MNIST_VAE),
    ("W4", &[28, 28, 1], 0, include_str!("../../../recipes/mnist-gan.toml")),
    ("W5", &[32, 32, 3], 0, include_str!("../../../recipes/cars-dcgan.toml")),
    ("W6", &[64, 1], 0, SERIES_AUTOENCODER),
    ("W7", &[29], 2, FRAUD_GAN),
    ("C1", &[28, 28, 1], 0, include_str!("../../../recipes/mnist-conv-vae.toml")),
];

const MNIST_AUTOENCODER: &str = r#"
[model.autoencoder]
encoder = [{ dense = 32, activation = "relu" }]
decoder = []
likelihood = "bernoulli"
[train]
batch = 256
"#;

const MNIST_VAE: &str = r#"
[model.vae]
latent = 32
encoder = [{ dense = 256, activation = "relu" }]
decoder = [{ dense = 256, activation = "relu" }]
likelihood = "bernoulli"
[train]
batch = 100
optimizer = { rmsprop = { rate = 0.001 } }
"#;

const SERIES_AUTOENCODER: &str = r#"
[model.autoencoder]
encoder = [{ lstm = 32, output = "last" }]
decoder = [{ repeat = 64 }, { lstm = 1 }]
likelihood = { squared-error = { output = "linear" } }
[train]
batch = 128
"#;

const FRAUD_GAN: &str = r#"
[model.gan]
latent = 10
generator = [{ dense = 16, activation = "relu" }]
discriminator = [{ dense = 31, activation = "leaky-relu" }, { dense = 16, activation = "leaky-relu" }]
classify = 1.0
feature-matching = 1.0
[train]
batch = 64
optimizer = { adam = { rate = 0.0002, beta1 = 0.5 } }
"#;

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
    let exactly: u64 = value("--steps", "0").parse().expect("a number of steps");
    let (_, dims, classes, recipe) =
        WORKLOADS.into_iter().find(|(name, ..)| *name == workload).unwrap_or_else(|| {
            panic!("no workload `{workload}`; there are {}", WORKLOADS.map(|(name, ..)| name).join(", "))
        });
    let config = Config::from_toml(recipe, &workload).expect("a recipe");
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u32
    };
    // Real rows where they are, else numbers that look like them; what they are does not change the work.
    let (width, folder) = (dims.iter().product(), data_dir());
    let real = match width {
        29 => cards(&folder),
        64 => None,
        784 => veridic::data::idx::read_folder(&folder.join("mnist"), false).ok().map(pixels),
        _ => {
            let path = folder.join("cifar10/automobile_train_5000_jpeg.bin.gz");
            veridic::data::cifar::read(&[&path]).ok().map(pixels)
        }
    };
    let data = match (&real, width) {
        (Some(_), _) => "real",
        (None, 64) => "made",
        (None, _) => "random",
    };
    let Held { bytes, matrix, mut labels } = real.unwrap_or_else(|| match width {
        29 => {
            let n = 16_000;
            let values = (0..n * width).map(|_| next() as f32 / (1u32 << 24) as f32).collect();
            let labels = (0..n).map(|_| (next() % 2) as f32).collect();
            Held { matrix: Matrix { n_rows: n, n_cols: width, values }, labels, ..Held::default() }
        }
        // Waves of many lengths.
        64 => {
            let n = 20_480;
            let wave = |row: u32, step: usize| {
                let length = 8.0 + (row % 57) as f32;
                0.5 + 0.4 * ((step as f32 + (row / 57 % 64) as f32) * std::f32::consts::TAU / length).sin()
            };
            let values = (0..n).flat_map(|_| {
                let row = next();
                (0..width).map(move |step| wave(row, step))
            });
            Held { matrix: Matrix { n_rows: n, n_cols: width, values: values.collect() }, ..Held::default() }
        }
        784 => Held { bytes: (0..60_000 * width).map(|_| next() as u8).collect(), ..Held::default() },
        _ => Held { bytes: (0..5_000 * width).map(|_| next() as u8).collect(), ..Held::default() },
    });
    if classes == 0 {
        labels.clear();
    }
    let rows = if bytes.is_empty() { Rows::matrix(&matrix) } else { Rows::bytes(&bytes, width) };
    let (rows, n) = (rows.labelled(&labels), rows.len());
    let TrainConfig { batch, optimizer, .. } = config.train;
    let train = TrainConfig { batch, optimizer, ..TrainConfig::default() };
    let layout = Layout { dims: dims.to_vec(), classes, ..Layout::default() };
    let mut network = Network::new(&config.model, layout, &train, 1).expect("the model fits");
    // Each update of a step has rows of its own.
    let batch = batch * network.batches();
    let mut pool = Pool::new(threads);
    let rates = Rates { learning: optimizer.rate(), divergence: 1.0, progress: 0.0 };
    let mut step = 0u64;
    let mut losses = Vec::new();
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
        let found = network.step(&mut pool, rows, &order[at..at + batch], rates, draw).expect("rows fit");
        losses.clear();
        losses.extend_from_slice(found);
        at += batch;
        *step += 1;
    };
    one(&mut step);
    let startup = started.elapsed().as_secs_f64();
    // As the peers: at least half a second and 3 steps of warm-up, and 3 steps in the timed part.
    let begun = Instant::now();
    while if exactly > 0 { step < exactly } else { step < 4 || begun.elapsed().as_secs_f64() < 0.5 } {
        one(&mut step);
    }
    let (begun, first) = (Instant::now(), step);
    while exactly == 0 && (step < first + 3 || begun.elapsed().as_secs_f64() < seconds) {
        one(&mut step);
    }
    let (steps, elapsed) = (step - first, begun.elapsed().as_secs_f64());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: f64 = peak.and_then(|kb| kb.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(f64::NAN);
    let named: Vec<String> =
        network.parts().iter().zip(&losses).map(|(part, loss)| format!("\"{part}\":{loss}")).collect();
    println!(
        "{{\"peer\":\"veridic\",\"setting\":\"default\",\"workload\":\"{workload}\",\"threads\":{threads},\
         \"steps_per_second\":{:.2},\"steps\":{steps},\"seconds\":{elapsed:.3},\"peak_rss_mb\":{:.1},\
         \"startup_s\":{startup:.4},\"loss\":{},\"losses\":{{{}}},\"data\":\"{data}\",\
         \"versions\":{{\"veridic\":\"{}\"}}}}",
        steps as f64 / elapsed,
        peak / 1024.0,
        losses[0],
        named.join(","),
        env!("CARGO_PKG_VERSION"),
    );
}

fn data_dir() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a benchmark finds its data as the tests do")]
    std::env::var("VERIDIC_DATA").map_or_else(|_| PathBuf::from("../shared/data"), PathBuf::from)
}

/// Rows in memory: bytes or numbers, and their classes.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    matrix: Matrix,
    labels: Vec<f32>,
}

fn pixels(images: Images) -> Held {
    Held { bytes: images.pixels, ..Held::default() }
}

/// Card transactions, min-max scaled, without time; the class is what they are labelled with.
fn cards(data_dir: &Path) -> Option<Held> {
    let path = data_dir.join("creditcard/creditcard_subset.csv.gz");
    let veridic::data::Reading { table, schema, .. } =
        veridic::data::read(&path, &ReadOptions::default()).ok()?;
    let drop = vec!["Time".to_string(), "Class".to_string()];
    let config = CodecConfig { numeric: Numeric::MinMax, drop, ..CodecConfig::default() };
    let all: Vec<usize> = (0..table.n_rows).collect();
    let codec = Codec::fit(&config, &table, &schema, &all).ok()?;
    let labels = match &table.column("Class")?.cells {
        Cells::Number(values) => values.iter().map(|&v| v as f32).collect(),
        Cells::Text { codes, .. } => codes.iter().map(|&code| code as f32).collect(),
    };
    Some(Held { matrix: codec.encode(&table).ok()?, labels, ..Held::default() })
}
