//! Data in memory goes in, a model in memory comes out, and lies in a directory as one fitted from files would.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::Path;

use tempfile::TempDir;
use veridic::data::{Cells, Data, DataKind, Images, Table};
use veridic::models::{Ability, ModelConfig};
use veridic::nn::{Activation, LayerConfig, LikelihoodConfig};
use veridic::run::{Config, Fitted, fit};

const ROWS: usize = 160;

fn dense(units: usize) -> LayerConfig {
    LayerConfig::Dense { units, activation: Activation::Relu }
}

fn table() -> Table {
    let x: Vec<f64> = (0..ROWS).map(|i| (i * 37 % 101) as f64 / 10.0).collect();
    let y: Vec<f64> = x.iter().enumerate().map(|(i, x)| x * 2.0 + (i % 7) as f64 / 10.0).collect();
    let color = x.iter().map(|x| Some(if *x > 5.0 { "red" } else { "blue" }));
    Table::new([("x", Cells::Number(x.clone())), ("y", Cells::Number(y)), ("color", Cells::texts(color))])
        .unwrap()
}

fn vae() -> Config {
    let text = "
        [model.vae]
        latent = 2
        likelihood = 'mixed'
        encoder = [{ dense = 8 }]
        decoder = [{ dense = 8 }]
        [train]
        epochs = 3
        batch = 32
    ";
    Config::from_toml(text, "test").unwrap()
}

fn saved(fitted: &mut Fitted, place: &TempDir) -> Fitted {
    let path = place.path().join("run");
    fitted.save(&path).unwrap();
    Fitted::open(&path, 1).unwrap()
}

#[test]
fn a_table_is_fitted_sampled_scored_and_saved_without_a_file() {
    let mut fitted = fit(table(), &vae(), 2).unwrap();
    assert_eq!(fitted.kind(), DataKind::Table);
    assert!(fitted.report()["test.loss"].is_finite());
    let Data::Table(made, schema) = fitted.sample(20, &[], 1).unwrap() else { panic!("a table was fitted") };
    assert_eq!((made.n_rows, schema.columns.len()), (20, 3));
    let scores = fitted.score(table(), 2).unwrap();
    assert_eq!((scores.scores.len(), scores.reasons[0].len()), (ROWS, 2));
    let place = TempDir::new().unwrap();
    let mut reopened = saved(&mut fitted, &place);
    assert_eq!(reopened.score(table(), 2).unwrap(), scores);
    assert_eq!(reopened.sample(20, &[], 1).unwrap(), Data::Table(made, schema));
    assert_eq!(reopened.report(), fitted.report());
    assert_eq!(reopened.config(), fitted.config());
    assert_eq!(reopened.events().len(), 3);
}

#[test]
fn columns_come_in_any_order_and_rows_in_parts() {
    let mut fitted = fit(table(), &vae(), 1).unwrap();
    let mut turned = table();
    turned.columns.reverse();
    let scores = fitted.score(table(), 0).unwrap().scores;
    assert_eq!(fitted.score(turned.clone(), 0).unwrap().scores, scores);
    let reading = fitted.read(turned).unwrap();
    let mut parts = Vec::new();
    for part in reading.chunks(33) {
        parts.extend(fitted.score(part, 0).unwrap().scores);
    }
    assert_eq!(parts, scores);
}

#[test]
fn threads_change_no_bit_of_a_model_in_memory() {
    let (mut one, mut two) = (fit(table(), &vae(), 1).unwrap(), fit(table(), &vae(), 3).unwrap());
    assert_eq!(one.score(table(), 1).unwrap(), two.score(table(), 1).unwrap());
}

#[test]
fn images_are_fitted_and_given_back() {
    let pixels: Vec<u8> = (0..60 * 16).map(|i| if (i / 16 + i) % 5 == 0 { 255 } else { 0 }).collect();
    let images = Images { n: 60, height: 4, width: 4, channels: 1, pixels, labels: None };
    let mut config = vae();
    let ModelConfig::Vae(vae) = &mut config.model else { panic!("a VAE") };
    vae.likelihood = LikelihoodConfig::Bernoulli;
    let mut fitted = fit(images.clone(), &config, 1).unwrap();
    assert_eq!(fitted.reconstruct(images.clone()).unwrap().0.len(), 60);
    let place = TempDir::new().unwrap();
    let codes = fitted.encode(images.clone()).unwrap().0;
    assert_eq!(saved(&mut fitted, &place).encode(images).unwrap().0, codes);
}

#[test]
fn what_a_model_cannot_do_it_says_with_those_that_can() {
    let mut config = vae();
    config.model = ModelConfig::Autoencoder(veridic::models::AutoencoderConfig {
        encoder: vec![dense(4)],
        decoder: vec![dense(8)],
        ..Default::default()
    });
    let mut fitted = fit(table(), &config, 1).unwrap();
    assert!(fitted.can(Ability::Reconstruct) && !fitted.can(Ability::Sample));
    let error = fitted.sample(3, &[], 1).unwrap_err();
    assert_eq!(error.to_string(), "an autoencoder cannot sample");
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("fit a VAE, ") && hint.contains("an adversarial network"), "{hint}");
}

#[test]
fn data_that_does_not_fit_is_an_error_with_the_facts_and_nothing_is_written() {
    let mut fitted = fit(table(), &vae(), 1).unwrap();
    let mut lacking = table();
    lacking.columns.remove(1);
    let error = fitted.score(lacking, 0).unwrap_err().to_string();
    assert!(error.contains("`y`"), "{error}");
    let images = Images { n: 1, height: 1, width: 1, channels: 1, pixels: vec![0], labels: None };
    let error = fitted.score(images, 0).unwrap_err();
    assert_eq!(error.to_string(), "the model was fitted to a table, this is images");
    let mut infinite = table();
    infinite.columns[0].cells = Cells::Number(vec![f64::INFINITY; ROWS]);
    let error = fit(infinite, &vae(), 1).unwrap_err().to_string();
    assert_eq!(error, "`x` in row 1 is inf, which is not finite");
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join("kept"), "data").unwrap();
    assert!(fitted.save(place.path()).is_err());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    assert!(Fitted::open(Path::new("no/such/run"), 1).is_err());
}

#[test]
fn fitted_models_can_be_sent_and_shared() {
    fn is<T: Send + Sync>() {}
    is::<Fitted>();
}
