//! Values, gradients and trained weights against PyTorch; `tests/parity/README.md` says how the files are made.
//!
//! Every value must agree within `ATOL + RTOL |expected|`. Second-order gradients and weights after several steps
//! keep to the same bounds. Optimizers follow PyTorch in where epsilon goes. Keras adds it before Adam's bias
//! correction, which changes little; its RMSprop has it inside the root, which is another rule where gradients are
//! below about `sqrt(epsilon)`, and is not compared.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say how close they were"
)]

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use veridic_graph::optimizer::Optimizer;
use veridic_graph::{Cell, Draw, Expr, Feed, Graph, Init, Pool, States, Window, loss};

const RTOL: f64 = 1e-5;
const ATOL: f64 = 1e-6;

/// The tensors of a file by name.
struct Fixture(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Fixture {
    fn read(folder: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity").join(folder);
        let bytes = std::fs::read(path.join("expected.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file.iter().filter(|(_, tensor)| tensor.dtype() == Dtype::F32).map(|(name, tensor)| {
            let values =
                tensor.data().as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect();
            (name.to_string(), (tensor.shape().to_vec(), values))
        });
        Self(tensors.collect())
    }

    fn values(&self, name: &str) -> &[f32] {
        &self.0.get(name).unwrap_or_else(|| panic!("no tensor {name}")).1
    }

    /// The largest error of `found` in units of what is allowed.
    fn error(&self, name: &str, found: &[f32]) -> f64 {
        let want = self.values(name);
        assert_eq!(found.len(), want.len(), "{name}");
        found.iter().zip(want).fold(0.0f64, |worst, (&found, &want)| {
            let (found, want) = (f64::from(found), f64::from(want));
            assert!(found.is_finite(), "{name}: {found}");
            worst.max((found - want).abs() / (ATOL + RTOL * want.abs()))
        })
    }
}

/// A graph over the tensors of a fixture, and what is to be compared.
struct Case<'g> {
    graph: &'g Graph,
    fixture: &'g Fixture,
    inputs: Vec<String>,
    rows: usize,
    parameters: Vec<(String, Expr<'g>)>,
    outputs: Vec<(String, Expr<'g>)>,
}

impl<'g> Case<'g> {
    fn new(graph: &'g Graph, fixture: &'g Fixture) -> Self {
        Self { graph, fixture, inputs: vec![], rows: 0, parameters: vec![], outputs: vec![] }
    }

    /// The tensor as an input whose first axis is the rows.
    fn rows(&mut self, name: &str) -> Expr<'g> {
        let dims = &self.fixture.0[name].0;
        self.inputs.push(name.to_string());
        self.rows = dims[0];
        self.graph.rows(name, &dims[1..])
    }

    /// The tensor as a state.
    fn parameter(&mut self, name: &str) -> Expr<'g> {
        let state = self.graph.state(name, &self.fixture.0[name].0, Init::Constant(f32::NAN));
        self.parameters.push((name.to_string(), state));
        state
    }

    fn dense(&mut self, name: &str, x: Expr<'g>) -> Expr<'g> {
        let weight = self.parameter(&format!("{name}.weight"));
        x.matmul(weight) + self.parameter(&format!("{name}.bias"))
    }

    fn expect(&mut self, name: &str, value: Expr<'g>) {
        self.outputs.push((name.to_string(), value));
    }

    /// Expects `prefix.NAME` to be the gradient of `loss` for every parameter.
    fn expect_gradients(&mut self, prefix: &str, loss: Expr<'g>, parameters: &[(String, Expr<'g>)]) {
        let by: Vec<_> = parameters.iter().map(|(_, state)| *state).collect();
        for ((name, _), gradient) in parameters.iter().zip(self.graph.gradient(loss, &by)) {
            self.expect(&format!("{prefix}.{name}"), gradient);
        }
    }

    fn states(&self) -> States {
        let mut states = States::new(self.graph, 0);
        for state in &mut states.entries {
            if let Some((_, values)) = self.fixture.0.get(&state.name) {
                state.values.clone_from(values);
            }
        }
        states
    }

    fn feeds(&self) -> Vec<Feed<'g>> {
        self.inputs.iter().map(|name| Feed::Rows(self.fixture.values(name))).collect()
    }

    /// Compares all outputs and says how close the worst was.
    fn check(&self, what: &str) {
        self.check_within(what, 1.0);
    }

    /// The same, with errors allowed to be `times` as large.
    fn check_within(&self, what: &str, times: f64) {
        let outputs: Vec<_> = self.outputs.iter().map(|(_, value)| *value).collect();
        let mut plan = self.graph.compile(&outputs, &[]).unwrap();
        let mut states = self.states();
        plan.run(&mut Pool::new(1), &mut states, &self.feeds(), self.rows, Draw::default()).unwrap();
        let errors = self.outputs.iter().enumerate();
        report(
            what,
            errors.map(|(i, (name, _))| (name.as_str(), self.fixture.error(name, plan.output(i)) / times)),
        );
    }

    /// Three steps of an optimizer; compares the parameters, with errors allowed to be `times` as large.
    fn check_steps(&self, prefix: &str, optimizer: Optimizer, rate: f32, loss: Expr<'g>, times: f64) {
        let by: Vec<_> = self.parameters.iter().map(|(_, state)| *state).collect();
        let gradients = self.graph.gradient(loss, &by);
        let rate = self.graph.constant(rate);
        let updates = optimizer.updates(self.graph, &self.parameters, &gradients, rate);
        let mut plan = self.graph.compile(&[loss], &updates).unwrap();
        let mut states = self.states();
        for step in 0..3 {
            let draw = Draw { seed: 0, step };
            plan.run(&mut Pool::new(1), &mut states, &self.feeds(), self.rows, draw).unwrap();
        }
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| format!("{prefix}.{name}")).collect();
        let errors = names.iter().zip(&self.parameters).map(|(expected, (name, _))| {
            (expected.as_str(), self.fixture.error(expected, &states.get(name).unwrap().values) / times)
        });
        report(&format!("{prefix} (bounds times {times})"), errors);
    }
}

fn report<'a>(what: &str, errors: impl Iterator<Item = (&'a str, f64)>) {
    let (mut worst, mut at) = (0.0, "");
    for (name, error) in errors {
        if error >= worst {
            (worst, at) = (error, name);
        }
    }
    println!("{what}: worst error {worst:.3} of what is allowed, at {at}");
    assert!(worst <= 1.0, "{what}: {at} is off by {worst} times what is allowed");
}

const ADAM: Optimizer = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
const RMSPROP: Optimizer = Optimizer::RmsProp { decay: 0.9, epsilon: 1e-7 };
const ADADELTA: Optimizer = Optimizer::Adadelta { decay: 0.9, epsilon: 1e-6 };

#[test]
fn dense_autoencoder_and_every_optimizer() {
    let (graph, fixture) = (Graph::new(), Fixture::read("dense"));
    let mut case = Case::new(&graph, &fixture);
    let x = case.rows("x");
    let hidden = case.dense("encoder.0", x).tanh();
    let output = case.dense("decoder.0", hidden).sigmoid();
    let loss = (output - x).square().mean_width().mean_rows();
    case.expect("hidden", hidden);
    case.expect("output", output);
    case.expect("loss", loss);
    let parameters = case.parameters.clone();
    case.expect_gradients("grad", loss, &parameters);
    case.check("dense");
    case.check_steps("adam", ADAM, 1e-3, loss, 1.0);
    let adamw = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };
    case.check_steps("adamw", adamw, 1e-3, loss, 1.0);
    case.check_steps("sgd_momentum", Optimizer::Sgd { momentum: 0.9 }, 0.1, loss, 1.0);
    case.check_steps("rmsprop", RMSPROP, 1e-3, loss, 1.0);
    case.check_steps("adadelta", ADADELTA, 1.0, loss, 1.0);
    let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weight_decay: 0.0 };
    case.check_steps("adam_keras", adam, 1e-3, loss, 20.0);
}

#[test]
fn binary_cross_entropy_from_logits() {
    let (graph, fixture) = (Graph::new(), Fixture::read("bce"));
    let mut case = Case::new(&graph, &fixture);
    let x = case.rows("x");
    let hidden = case.dense("encoder.0", x).relu();
    let logits = case.dense("decoder.0", hidden);
    let rows = loss::binary_cross_entropy(logits, x).sum_width();
    let loss = rows.mean_rows();
    case.expect("hidden", hidden);
    case.expect("logits", logits);
    case.expect("loss.rows", rows);
    case.expect("loss", loss);
    let parameters = case.parameters.clone();
    case.expect_gradients("grad", loss, &parameters);
    case.expect("grad.logits", graph.gradient(loss, &[logits])[0]);
    case.check("bce");
    case.check_steps("adadelta", ADADELTA, 1.0, loss, 1.0);
    case.check_steps("adam", ADAM, 1e-3, loss, 1.0);

    let graph = Graph::new();
    let mut case = Case::new(&graph, &fixture);
    let (logits, target) = (case.rows("extreme.logits"), case.rows("extreme.target"));
    let cells = loss::binary_cross_entropy(logits, target);
    case.expect("extreme.loss", cells);
    case.expect("grad.extreme.logits", graph.gradient(cells.sum_width().sum_rows(), &[logits])[0]);
    case.check("bce at extreme logits");
}

#[test]
fn softmax_and_cross_entropy() {
    let (graph, fixture) = (Graph::new(), Fixture::read("softmax"));
    let mut case = Case::new(&graph, &fixture);
    let (logits, target) = (case.rows("logits"), case.rows("target.onehot"));
    let direction = case.rows("direction");
    let rows = loss::cross_entropy(logits, target);
    let loss = rows.mean_rows();
    case.expect("log_softmax", logits.log_softmax());
    case.expect("softmax", logits.softmax());
    case.expect("loss.rows", rows);
    case.expect("loss", loss);
    case.expect("grad.logits", graph.gradient(loss, &[logits])[0]);
    for (name, y) in [("softmax", logits.softmax()), ("log_softmax", logits.log_softmax())] {
        let along = (y * direction).sum_width().sum_rows();
        case.expect(&format!("{name}.grad.logits"), graph.gradient(along, &[logits])[0]);
    }
    case.check("softmax");

    let graph = Graph::new();
    let mut case = Case::new(&graph, &fixture);
    let (logits, target) = (case.rows("extreme.logits"), case.rows("extreme.target.onehot"));
    let loss = loss::cross_entropy(logits, target).mean_rows();
    case.expect("extreme.log_softmax", logits.log_softmax());
    case.expect("extreme.loss", loss);
    case.expect("grad.extreme.logits", graph.gradient(loss, &[logits])[0]);
    case.check("softmax at extreme logits");
}

#[test]
fn gradient_penalty() {
    let fixture = Fixture::read("softmax");
    for name in ["leaky", "tanh"] {
        let graph = Graph::new();
        let mut case = Case::new(&graph, &fixture);
        let x = case.rows("penalty.x");
        let hidden = case.dense(&format!("{name}.0"), x);
        let hidden = if name == "tanh" { hidden.tanh() } else { hidden.leaky_relu(0.2) };
        let critic = case.dense(&format!("{name}.1"), hidden);
        let slope = graph.gradient(critic.sum_rows(), &[x])[0];
        let norm = slope.square().sum_width().sqrt();
        let penalty = (norm - 1.0).square().mean_rows();
        case.expect(&format!("{name}.output"), critic);
        case.expect(&format!("{name}.slope"), slope);
        case.expect(&format!("{name}.norm"), norm);
        case.expect(&format!("{name}.penalty"), penalty);
        let parameters = case.parameters.clone();
        case.expect_gradients("grad", penalty, &parameters);
        if name == "tanh" {
            case.expect("grad.tanh.x", graph.gradient(penalty, &[x])[0]);
        }
        case.check(&format!("gradient penalty, {name}"));
    }
}

#[test]
fn batch_normalization() {
    let (graph, fixture) = (Graph::new(), Fixture::read("batchnorm"));
    let mut case = Case::new(&graph, &fixture);
    let (x, target) = (case.rows("x"), case.rows("target"));
    let (gamma, beta) = (case.parameter("norm.gamma"), case.parameter("norm.beta"));
    let running = ["running_mean", "running_variance"].map(|name| case.parameter(&format!("before.{name}")));
    let mean = x.mean_rows();
    let variance = (x - mean).square().mean_rows();
    let normalized = (x - mean) / (variance + 1e-3).sqrt() * gamma + beta;
    let output = case.dense("linear", normalized);
    let loss = (output - target).square().mean_width().mean_rows();
    let biased = running[1] * 0.99 + variance * 0.01;
    let rows = graph.row_count();
    let unbiased = running[1] * 0.99 + variance * (rows / (rows - 1.0)) * 0.01;
    let after = running[0] * 0.99 + mean * 0.01;
    case.expect("batch.mean", mean);
    case.expect("batch.variance", variance);
    case.expect("normalized", normalized);
    case.expect("output", output);
    case.expect("loss", loss);
    case.expect("running_mean", after);
    case.expect("running_variance.biased", biased);
    case.expect("running_variance.unbiased", unbiased);
    case.expect("inference.normalized", (x - after) / (biased + 1e-3).sqrt() * gamma + beta);
    let trained: Vec<_> =
        case.parameters.iter().filter(|(name, _)| !name.starts_with("before")).cloned().collect();
    case.expect_gradients("grad", loss, &trained);
    case.expect_gradients("grad", loss, &[("x".into(), x), ("normalized".into(), normalized)]);
    case.check("batch normalization");
}

#[test]
fn mixed_likelihood() {
    let (graph, fixture) = (Graph::new(), Fixture::read("mixed"));
    let mut case = Case::new(&graph, &fixture);
    let (x, output) = (case.rows("x"), case.rows("output"));
    let log_variance = case.parameter("log_variance");
    let part = |start: usize, length: usize| (x.slice(0, start, length), output.slice(0, start, length));
    let ((numbers, means), (levels, level_logits), (flag, flag_logit)) = (part(0, 2), part(2, 3), part(5, 1));
    let gaussian = loss::gaussian_nll(numbers, means, log_variance);
    let categorical = loss::cross_entropy(level_logits, levels);
    let bernoulli = loss::binary_cross_entropy(flag_logit, flag);
    let rows = gaussian.sum_width() + categorical + bernoulli;
    let loss = rows.mean_rows();
    case.expect("gaussian.cells", gaussian);
    case.expect("categorical.rows", categorical);
    case.expect("bernoulli.rows", bernoulli);
    case.expect("loss.rows", rows);
    case.expect("loss", loss);
    case.expect_gradients("grad", loss, &[("output".into(), output), ("log_variance".into(), log_variance)]);
    case.check("mixed likelihood");
}

#[test]
fn variational_autoencoder() {
    let (graph, fixture) = (Graph::new(), Fixture::read("vae"));
    let mut case = Case::new(&graph, &fixture);
    let (x, epsilon) = (case.rows("x"), case.rows("epsilon"));
    let hidden = case.dense("encoder.0", x).relu();
    let (mean, log_variance) = (case.dense("mean", hidden), case.dense("log_variance", hidden));
    let latent = mean + (log_variance * 0.5).exp() * epsilon;
    let hidden = case.dense("decoder.0", latent).relu();
    let logits = case.dense("decoder.1", hidden);
    let reconstruction = loss::binary_cross_entropy(logits, x).sum_width();
    let kl = loss::kl_from_standard_normal(mean, log_variance).sum_width();
    let (reconstruction_mean, kl_mean) = (reconstruction.mean_rows(), kl.mean_rows());
    let loss = reconstruction_mean + kl_mean;
    let inner = [("mean", mean), ("log_variance", log_variance), ("latent", latent), ("logits", logits)];
    let inner = inner.map(|(name, value)| (format!("output.{name}"), value));
    for (name, value) in &inner {
        case.expect(name, *value);
    }
    case.expect("reconstruction.rows", reconstruction);
    case.expect("kl.rows", kl);
    case.expect("reconstruction", reconstruction_mean);
    case.expect("kl", kl_mean);
    case.expect("loss", loss);
    let parameters = case.parameters.clone();
    case.expect_gradients("grad", loss, &inner);
    case.expect_gradients("grad", loss, &parameters);
    case.expect_gradients("reconstruction.grad", reconstruction_mean, &parameters);
    case.expect_gradients("kl.grad", kl_mean, &parameters);
    case.check("vae");
    case.check_steps("rmsprop", RMSPROP, 1e-3, loss, 1.0);
}

#[test]
fn convolutions_with_everything_around_them() {
    let (graph, fixture) = (Graph::new(), Fixture::read("conv"));
    let mut case = Case::new(&graph, &fixture);
    let (x, target) = (case.rows("x"), case.rows("target"));
    let window = |kernel, stride, before, fine, coarse| Window { kernel, stride, before, fine, coarse };
    let strided = [window(5, 2, 2, 9, 5), window(4, 2, 1, 8, 4)];
    let same = [Window::same(5, 3, 1), Window::same(4, 3, 1)];
    let weight = case.parameter("strided.weight");
    let hidden = x.conv2d(weight, strided) + case.parameter("strided.bias");
    let mean = hidden.reshape(&[20, 10]).mean(0).mean_rows();
    let centered = hidden - mean;
    let variance = centered.square().reshape(&[20, 10]).mean(0).mean_rows();
    let (gamma, beta) = (case.parameter("norm.gamma"), case.parameter("norm.beta"));
    let normed = centered / (variance + 1e-3).sqrt() * gamma + beta;
    let weight = case.parameter("same.weight");
    let after = (normed.leaky_relu(0.2).conv2d(weight, same) + case.parameter("same.bias")).tanh();
    let pooled = after.max_pool2d(2) + after.mean_pool2d(2);
    let off = pooled - pooled.mean_width();
    let spread = (off.square().mean_width() + 1e-3).sqrt();
    let (gamma, beta) = (case.parameter("layer.gamma"), case.parameter("layer.beta"));
    let code = off / spread * gamma + beta;
    let doubled = [window(5, 2, 2, 4, 2); 2];
    let weight = case.parameter("transposed.weight");
    let wide = (code.conv2d_transposed(weight, doubled) + case.parameter("transposed.bias")).tanh();
    let weight = case.parameter("upsampled.weight");
    let output = wide.upsample_conv2d(weight, 2) + case.parameter("upsampled.bias");
    let loss = (output - target).square().mean_width().mean_rows();
    let values = [("hidden", hidden), ("normed", normed), ("pooled", pooled), ("code", code), ("wide", wide)];
    for (name, value) in values.into_iter().chain([("output", output), ("loss", loss)]) {
        case.expect(name, value);
    }
    let parameters = case.parameters.clone();
    case.expect_gradients("grad", loss, &parameters);
    case.expect_gradients("grad", loss, &[("x".into(), x)]);

    let critic: Vec<_> =
        parameters.iter().filter(|(name, _)| !name.contains("norm")).take(4).cloned().collect();
    let score = (x.conv2d(critic[0].1, strided) + critic[1].1).tanh();
    let score = (score.conv2d(critic[2].1, same) + critic[3].1).tanh().sum_width();
    let slope = graph.gradient(score.sum_rows().reshape(&[]), &[x])[0];
    let penalty = (slope.square().sum_width().sqrt() - 1.0).square().mean_rows();
    case.expect("slope", slope);
    case.expect("penalty", penalty);
    case.expect_gradients("penalty.grad", penalty, &critic);
    // The penalty's gradients are sums of thousands of products, which cancel.
    case.check_within("convolutions (bounds times 3)", 3.0);
    case.check_steps("sgd_momentum", Optimizer::Sgd { momentum: 0.9 }, 0.1, loss, 1.0);
}

#[test]
fn recurrent_layers() {
    let fixture = Fixture::read("recurrent");
    for (prefix, cell) in [("lstm", Cell::Lstm), ("gru", Cell::Gru)] {
        for (name, packed, layers) in
            [("", false, vec![""]), (".packed", true, vec![""]), (".stacked", true, vec!["", "_reverse"])]
        {
            let graph = Graph::new();
            let mut case = Case::new(&graph, &fixture);
            let name = format!("{prefix}{name}");
            let x = case.rows("x");
            let mask = packed.then(|| case.rows("mask"));
            let (mut output, mut last) = (x, x);
            for layer in 0..layers.len() {
                let directions = layers.iter().map(|direction| {
                    let weights = case.parameter(&format!("{name}.l{layer}{direction}"));
                    if direction.is_empty() {
                        let h = output.recurrent(cell, weights, mask);
                        return (h, h.step(6));
                    }
                    let h = output.reverse(0).recurrent(cell, weights, mask.map(|mask| mask.reverse(0)));
                    (h.reverse(0), h.step(6))
                });
                let (outputs, lasts): (Vec<_>, Vec<_>) = directions.unzip();
                let counted = mask.map_or(graph.constant(1.0), |mask| mask.reshape(&[7, 1]));
                output = graph.concat(&outputs, 1) * counted;
                // The loss of the fixture is of the last states of all layers.
                let lasts = graph.concat(&lasts, 0);
                last = if layer == 0 { lasts } else { graph.concat(&[last, lasts], 0) };
            }
            let loss = output.square().mean_width().mean_rows() + last.tanh().mean_width().mean_rows();
            let own = layers.len() * 4;
            case.expect(&format!("{name}.output"), output);
            case.expect(&format!("{name}.last"), last.slice(0, last.shape().width() - own, own));
            case.expect(&format!("{name}.loss"), loss);
            case.expect(&format!("{name}.grad.x"), graph.gradient(loss, &[x])[0]);
            for (parameter, state) in case.parameters.clone() {
                let layer = parameter.rsplit('.').next().unwrap().to_string();
                case.expect(&format!("{name}.grad.{layer}"), graph.gradient(loss, &[state])[0]);
            }
            case.check(&name);
        }
    }
}
