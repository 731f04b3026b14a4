//! Noise on the way into the encoder: in training alone, on the input alone, and within its bounds.

#![allow(clippy::unwrap_used, reason = "test code")]

use veridic::data::Matrix;
use veridic::models::{Layout, Network, Rows};
use veridic::run::Config;
use veridic::train::{Learner as _, Rates};
use veridic_graph::{Draw, Pool};

fn config(model: &str, noise: &str) -> Config {
    let latent = if model == "vae" { "latent = 2\n" } else { "" };
    let text = format!(
        "[model.{model}]\n{latent}likelihood = \"bernoulli\"\nencoder = [{{ dense = 4, activation = \"tanh\" }}]\n\
         decoder = []\n{noise}\n[train]\noptimizer = {{ sgd = {{ rate = 0.0 }} }}\n"
    );
    Config::from_toml(&text.replace("rate = 0.0", "rate = 1e-9"), "test").unwrap()
}

fn network(model: &str, noise: &str) -> Network {
    let config = config(model, noise);
    let layout = Layout { dims: vec![6], ..Layout::default() };
    Network::new(&config.model, layout, &config.train, 7).unwrap()
}

fn rows() -> Matrix {
    let values = (0..30).map(|i| ((i * 7) % 11) as f32 / 10.0).map(|value: f32| value.min(1.0)).collect();
    Matrix { n_rows: 5, n_cols: 6, values }
}

#[test]
fn noise_changes_training_and_neither_validation_nor_codes() {
    let (rows, index, mut pool) = (rows(), [0, 1, 2, 3, 4], Pool::new(1));
    let rates = Rates { learning: 0.0, divergence: 1.0, progress: 0.0 };
    let draw = Draw { seed: 1, step: 0 };
    let mut clean = network("autoencoder", "");
    let expected = clean.evaluate(&mut pool, Rows::matrix(&rows), &index, 1.0, draw).unwrap();
    let codes = clean.encode(&mut pool, Rows::matrix(&rows), &index).unwrap();
    assert!(
        (f64::from(clean.step(&mut pool, Rows::matrix(&rows), &index, rates, draw).unwrap()[0])
            - expected[0])
            .abs()
            < 1e-5
    );
    for noise in ["noise = { gaussian = 0.9 }", "noise = { masking = 0.9 }", "noise = { salt-pepper = 0.9 }"]
    {
        let mut noisy = network("autoencoder", noise);
        let loss = f64::from(noisy.step(&mut pool, Rows::matrix(&rows), &index, rates, draw).unwrap()[0]);
        assert!((loss - expected[0]).abs() > 1e-3, "{noise}: {loss} {expected:?}");
        assert_eq!(
            noisy.evaluate(&mut pool, Rows::matrix(&rows), &index, 1.0, draw).unwrap(),
            expected,
            "{noise}"
        );
        assert_eq!(noisy.encode(&mut pool, Rows::matrix(&rows), &index).unwrap(), codes, "{noise}");
    }
}

#[test]
fn the_target_stays_clean() {
    // All of the input masked, nearly: a decoder that sees no input still pays for the clean target. With weights of
    // zero the loss is ln 2 a value whatever the noise; a noisy target of zeros would not change that, so the check is
    // on the bias's gradient, which is p - t: one step moves biases towards the mean of the clean rows.
    let (rows, index, mut pool) = (rows(), [0, 1, 2, 3, 4], Pool::new(1));
    let mut noisy = network("autoencoder", "noise = { masking = 0.999999 }");
    for state in &mut noisy.states_mut().entries {
        state.values.fill(0.0);
    }
    let rates = Rates { learning: 1.0, divergence: 1.0, progress: 0.0 };
    noisy.step(&mut pool, Rows::matrix(&rows), &index, rates, Draw { seed: 1, step: 0 }).unwrap();
    let bias = noisy.states().get("decoder.output.bias").unwrap();
    for (j, &value) in bias.values.iter().enumerate() {
        let mean = (0..5).map(|i| rows.row(i)[j]).sum::<f32>() / 5.0;
        assert!((value - (mean - 0.5)).abs() < 1e-6, "{j}: {value} {mean}");
    }
}

#[test]
fn noise_out_of_range_and_of_unknown_kind_is_refused() {
    let refused = |noise: &str| {
        let text = format!("[model.vae]\nnoise = {noise}\n");
        Config::from_toml(&text, "test").unwrap_err().to_string()
    };
    assert_eq!(refused("{ gaussian = 0.0 }"), "`model.vae.noise.gaussian` is 0, allowed is above 0 to 100");
    assert_eq!(
        refused("{ masking = 1.0 }"),
        "`model.vae.noise.masking` is 1, allowed is above 0 and below 1"
    );
    assert_eq!(
        refused("{ salt-pepper = -0.1 }"),
        "`model.vae.noise.salt-pepper` is -0.1, allowed is above 0 and below 1"
    );
    assert!(refused("{ gauss = 0.5 }").contains("unknown variant `gauss`"));
    let config = config("vae", "noise = { salt-pepper = 0.25 }");
    assert!(config.to_toml().contains("[model.vae.noise]\nsalt-pepper = 0.25"), "{}", config.to_toml());
}
