//! Images: convolutional models keep to what all models do, and lists of layers that do not fit are named.

use std::fs;
use veridic::data::Data;

use veridic::run::Config;

use super::support::{Place, never};

/// 90 images of 8 x 8 pixels: a bright square whose place and size depend on the number of the image.
pub(crate) fn squares(place: &Place) {
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 90, 0, 0, 0, 8, 0, 0, 0, 8];
    for i in 0..90usize {
        let (top, left, side) = (i % 5, (i / 5) % 4, 2 + i % 3);
        for pixel in 0..64 {
            let inside = |at: usize, from: usize| (from..from + side).contains(&at);
            bytes.push(if inside(pixel / 8, top) && inside(pixel % 8, left) { 250 - i as u8 } else { 3 });
        }
    }
    fs::write(place.at("squares-idx3-ubyte"), bytes).unwrap();
}

/// Every layer for images, with statistics that cross rows and with noise.
fn config() -> Config {
    let text = "seed = 3\n\
        [model.vae]\nlatent = 3\nlikelihood = \"bernoulli\"\n\
        encoder = [{ conv = 9, stride = 2 }, { batch-norm = 0.9 }, { activation = \"leaky-relu\" }, { dropout = 0.1 },\
                   { max-pool = 2 }, { layer-norm = 0.001 }, { flatten = true }, { dense = 8, activation = \"relu\" }]\n\
        decoder = [{ dense = 16 }, { reshape = [2, 2, 4] }, { conv-transposed = 6, stride = 2, activation = \"relu\" },\
                   { upsample = 2 }, { conv = 1, kernel = 5 }]\n\
        [train]\nepochs = 4\nbatch = 20\noptimizer = { adam = { rate = 0.01 } }\n";
    Config::from_toml(text, "the test").unwrap()
}

fn options(place: &Place, config: &Config, out: &str, threads: usize) -> veridic::run::FitOptions {
    let data = Some(place.at("squares-idx3-ubyte"));
    veridic::run::FitOptions { data, ..place.options(config, out, threads) }
}

#[test]
fn a_convolutional_model_learns_and_gives_the_same_bits_at_any_number_of_threads_and_after_resuming() {
    let place = Place::new();
    squares(&place);
    let fit = |config: &Config, out: &str, threads: usize| {
        veridic::run::fit_files(&options(&place, config, out, threads), &never(), &mut |_| {}).unwrap()
    };
    fit(&config(), "one", 1);
    let losses = place.losses("one", "valid.loss");
    assert!(losses[3] < losses[0], "{losses:?}");
    fit(&config(), "two", 2);
    assert!(place.outcome("one") == place.outcome("two"), "threads change the result");
    let short = config().with(&[("train.epochs".to_string(), "2".to_string())]).unwrap();
    fit(&short, "resumed", 2);
    place.resume("resumed", &[("train.epochs", "4")], 1).unwrap();
    assert!(place.outcome("one") == place.outcome("resumed"), "resuming changes the result");

    let mut run = place.open("one", 2);
    let data = place.at("squares-idx3-ubyte");
    let codes = run.encode(&data).unwrap().0;
    assert_eq!((codes.n_rows, codes.columns.len()), (90, 3));
    let Data::Images(images) = run.sample(7, &[], 1).unwrap() else { panic!("images were fitted") };
    assert_eq!((images.n, images.height, images.width, images.channels), (7, 8, 8, 1));
}

#[test]
fn a_list_of_layers_that_does_not_fit_shows_the_shapes_up_to_the_layer() {
    let place = Place::new();
    squares(&place);
    let error = |set: (&str, &str)| {
        let config = config().with(&[(set.0.to_string(), set.1.to_string())]).unwrap();
        let error =
            veridic::run::fit_files(&options(&place, &config, "run", 1), &never(), &mut |_| {}).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("reshape")), "{error}");
        error.to_string()
    };
    assert_eq!(
        error(("model.vae.encoder", "[{ conv = 4, stride = 2 }, { dense = 5 }, { max-pool = 2 }]")),
        "layer 3 of `model.vae.encoder` does not fit: (8, 8, 1) -> conv 3 x 3 / 2, linear -> (4, 4, 4) -> dense, \
         linear -> (5) -> [max pool 2]: pooling takes an image (height, width, channels)"
    );
    assert_eq!(
        error(("model.vae.decoder", "[{ dense = 10 }, { reshape = [3, 3, 1] }]")),
        "layer 2 of `model.vae.decoder` does not fit: (3) -> dense, linear -> (10) -> [reshape]: 9 values are needed, \
         and 10 are there"
    );
    assert!(!place.at("run").join("model.safetensors").exists());
}
