//! The workloads of the benchmarks: networks, data and the order of rows.

use std::path::{Path, PathBuf};

use veridic::codec::{Codec, CodecConfig, Numeric};
use veridic::data::{Cells, Images, Matrix, ReadOptions};
use veridic::models::{Layout, Network, Rows};
use veridic::run::Config;
use veridic::train::{Learner, Rates, TrainConfig};
use veridic_graph::{Draw, Feed, Graph, Init, Pool, States};

/// What a workload is: its name, the shape of a row, classes, and model, batch and optimizer as a recipe has them.
pub(crate) const WORKLOADS: [(&str, &[usize], usize, &str); 8] = [
    ("W1", &[29], 0, include_str!("../../../../recipes/creditcard-autoencoder.toml")),
    ("W2", &[784], 0, MNIST_AUTOENCODER),
    ("W3", &[784], 0, MNIST_VAE),
    ("W4", &[28, 28, 1], 0, include_str!("../../../../recipes/mnist-gan.toml")),
    ("W5", &[32, 32, 3], 0, include_str!("../../../../recipes/cars-dcgan.toml")),
    ("W6", &[64, 1], 0, SERIES_AUTOENCODER),
    ("W7", &[29], 2, FRAUD_GAN),
    ("C1", &[28, 28, 1], 0, include_str!("../../../../recipes/mnist-conv-vae.toml")),
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

/// A workload with its data in memory.
pub(crate) struct Workload {
    config: Config,
    dims: Vec<usize>,
    classes: usize,
    held: Held,
    /// Real rows, random ones in their place, or made where there are no real ones.
    pub(crate) data: &'static str,
}

impl Workload {
    /// The workload of this name with its rows: real ones where they are, else numbers that look like them; what they are
    /// does not change the work.
    pub(crate) fn read(name: &str) -> Self {
        let (_, dims, classes, recipe) =
            WORKLOADS.into_iter().find(|(known, ..)| *known == name).unwrap_or_else(|| {
                panic!("no workload `{name}`; there are {}", WORKLOADS.map(|(name, ..)| name).join(", "))
            });
        let config = Config::from_toml(recipe, name).expect("a recipe");
        let mut dice = Dice(1);
        let mut next = || dice.roll();
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
        let mut held = real.unwrap_or_else(|| match width {
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
                    0.5 + 0.4
                        * ((step as f32 + (row / 57 % 64) as f32) * std::f32::consts::TAU / length).sin()
                };
                let values = (0..n).flat_map(|_| {
                    let row = next();
                    (0..width).map(move |step| wave(row, step))
                });
                Held {
                    matrix: Matrix { n_rows: n, n_cols: width, values: values.collect() },
                    ..Held::default()
                }
            }
            784 => Held { bytes: (0..60_000 * width).map(|_| next() as u8).collect(), ..Held::default() },
            _ => Held { bytes: (0..5_000 * width).map(|_| next() as u8).collect(), ..Held::default() },
        });
        if classes == 0 {
            held.labels.clear();
        }
        Self { config, dims: dims.to_vec(), classes, held, data }
    }

    /// The network, untrained.
    pub(crate) fn network(&self) -> Network {
        let TrainConfig { batch, optimizer, .. } = self.config.train;
        let train = TrainConfig { batch, optimizer, ..TrainConfig::default() };
        let layout = Layout { dims: self.dims.clone(), classes: self.classes, ..Layout::default() };
        Network::new(&self.config.model, layout, &train, 1).expect("the model fits")
    }

    /// Rows of a step: each update has rows of its own.
    pub(crate) fn batch(&self, network: &Network) -> usize {
        self.config.train.batch * network.batches()
    }

    /// The rates of every step.
    pub(crate) fn rates(&self) -> Rates {
        Rates { learning: self.config.train.optimizer.rate(), divergence: 1.0, progress: 0.0 }
    }

    /// All rows.
    pub(crate) fn rows(&self) -> Rows<'_> {
        let Held { bytes, matrix, labels } = &self.held;
        let rows = if bytes.is_empty() {
            Rows::matrix(matrix)
        } else {
            Rows::bytes(bytes, self.dims.iter().product())
        };
        rows.labelled(labels)
    }
}

/// Rows in a new order each epoch; a partial batch is dropped, as by the peers.
pub(crate) struct Order {
    order: Vec<u32>,
    at: usize,
    dice: Dice,
}

impl Order {
    pub(crate) fn new(rows: usize) -> Self {
        Self { order: (0..rows as u32).collect(), at: rows, dice: Dice(2) }
    }

    pub(crate) fn next(&mut self, batch: usize) -> &[u32] {
        if self.at + batch > self.order.len() {
            for i in (1..self.order.len()).rev() {
                self.order.swap(i, (self.dice.roll() as usize) % (i + 1));
            }
            self.at = 0;
        }
        self.at += batch;
        &self.order[self.at - batch..self.at]
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as u32
    }
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

/// The peak that work is held against: GFLOP/s of products of 64 rows by a 1024 x 1024 matrix on each thread.
pub(crate) fn products(pool: &mut Pool) -> f64 {
    let rows = 64 * pool.threads();
    let graph = Graph::new();
    let x = graph.rows("x", &[1024]);
    let w = graph.state("w", &[1024, 1024], Init::GlorotUniform);
    let mut plan = graph.compile(&[x.matmul(w).sum_rows()], &[]).expect("shapes fit");
    let mut states = States::new(&graph, 1);
    let values: Vec<f32> = (0..rows * 1024).map(|i| (i % 1000) as f32 / 500.0 - 1.0).collect();
    let mut best = 0.0f64;
    for step in 0..200 {
        plan.record_times(true);
        let feeds = [Feed::Rows(&values)];
        plan.run(pool, &mut states, &feeds, rows, Draw { seed: 0, step }).expect("rows fit");
        let product = plan.task_times().into_iter().max_by(|a, b| a.operations.total_cmp(&b.operations));
        best = best.max(product.map_or(0.0, |task| 1e-9 * task.operations / task.seconds));
    }
    best * pool.threads() as f64
}
