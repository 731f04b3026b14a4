//! Images as zeros and ones: named, drawn where they should be, the same every time.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use veridic::run::{Config, FitOptions, FittedRun, fit_files};
use veridic::train::Event;

use super::support::{Place, never, scores};

const IMAGES: usize = 120;
const SIDE: usize = 6;

/// Grey images with a bright half, as IDX.
fn images(place: &Place) -> PathBuf {
    let mut bytes = vec![0, 0, 8, 3];
    for size in [IMAGES, SIDE, SIDE] {
        bytes.extend((size as u32).to_be_bytes());
    }
    for i in 0..IMAGES {
        bytes.extend((0..SIDE * SIDE).map(|at| {
            let bright = (at % SIDE < SIDE / 2) == (i % 2 == 0);
            let noise = ((i * 31 + at * 17) % 41) as u8;
            if bright { 215 - noise } else { 10 + noise }
        }));
    }
    let path = place.at("images-idx3-ubyte");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The images as they are, with any likelihood and layers after the latent point.
fn grey(likelihood: &str, decoder: &str) -> Config {
    let text = format!(
        "seed = 3\n\
         [data]\nsplit = {{ by = \"random\", valid = 0.2, test = 0.3 }}\n\
         [model.vae]\nlatent = 2\nlikelihood = {likelihood}\n\
         encoder = [{{ dense = 8, activation = \"tanh\" }}]\ndecoder = {decoder}\n\
         [train]\nepochs = 6\nbatch = 16\noptimizer = {{ adam = {{ rate = 0.02 }} }}\n\
         [evaluate]\nnll-samples = 20\n"
    );
    Config::from_toml(&text, "the test").unwrap()
}

fn config(binarization: &str) -> Config {
    let text = format!(
        "seed = 3\n\
         [data]\nbinarization = \"{binarization}\"\nsplit = {{ by = \"order\", valid = 0.2, test = 0.3 }}\n\
         [model.vae]\nlatent = 2\nlikelihood = \"bernoulli\"\nsamples = 2\n\
         encoder = [{{ dense = 8, activation = \"tanh\" }}]\ndecoder = [{{ dense = 8, activation = \"tanh\" }}]\n\
         [train]\nepochs = 4\nbatch = 16\noptimizer = {{ adam = {{ rate = 0.02 }} }}\n\
         [evaluate]\nnll-samples = 20\n"
    );
    Config::from_toml(&text, "the test").unwrap()
}

fn options(place: &Place, binarization: &str, out: &str, threads: usize) -> FitOptions {
    FitOptions {
        data: Some(place.at("images-idx3-ubyte")),
        ..place.options(&config(binarization), out, threads)
    }
}

fn fitted(place: &Place, binarization: &str, out: &str, threads: usize) -> FittedRun {
    fit_files(&options(place, binarization, out, threads), &never(), &mut |_| {}).unwrap()
}

#[test]
fn each_kind_is_named_trains_and_gives_the_same_bits_at_any_number_of_threads() {
    let place = Place::new();
    images(&place);
    let mut losses = Vec::new();
    for kind in ["none", "static", "dynamic", "threshold"] {
        let (one, two) =
            (fitted(&place, kind, &format!("{kind}-1"), 1), fitted(&place, kind, &format!("{kind}-2"), 2));
        assert!(place.outcome(&format!("{kind}-1")) == place.outcome(&format!("{kind}-2")), "{kind}");
        let named = one.notes.iter().any(|note| note.contains(&format!("{kind} binarization")));
        assert_eq!(named, kind != "none", "{:?}", one.notes);
        assert!(one.report["test.nll"] <= -one.report["test.elbo"], "{kind}");
        let learned = place.losses(&format!("{kind}-1"), "train.loss");
        assert!(learned[3] < learned[0], "{kind} {learned:?}");
        losses.push(one.report["test.loss"]);
        drop(two);
    }
    let [_, fixed, dynamic, threshold] = losses[..] else { panic!("four kinds") };
    // A threshold leaves images without noise; static and dynamic have the same test images.
    assert!(threshold < fixed - 1.0 && threshold < dynamic - 1.0, "{losses:?}");
    assert_ne!(fixed, dynamic);
}

#[test]
fn a_run_on_digits_drawn_anew_goes_on_bit_by_bit() {
    let place = Place::new();
    images(&place);
    fitted(&place, "dynamic", "whole", 1);
    let flag = never();
    let mut watch = |event: &Event| {
        if matches!(event, Event::Step { step: 6, .. }) {
            flag.store(true, Ordering::Relaxed);
        }
    };
    fit_files(&options(&place, "dynamic", "stopped", 1), &flag, &mut watch).unwrap();
    place.resume("stopped", &[], 2).unwrap();
    assert!(place.outcome("whole") == place.outcome("stopped"));
    let error = place.resume("stopped", &[("data.images.binarization", "static")], 1).unwrap_err();
    assert!(error.to_string().starts_with("a run that was begun cannot go on with other data"), "{error}");
}

#[test]
fn an_image_scores_the_same_alone_and_among_others() {
    let place = Place::new();
    let path = images(&place);
    fitted(&place, "dynamic", "run", 1);
    let mut run = place.open("run", 2);
    let all = scores(&mut run, &path);
    assert_eq!(all, scores(&mut run, &path));
    let bytes = std::fs::read(&path).unwrap();
    let mut alone = bytes[..16].to_vec();
    alone[4..8].copy_from_slice(&1u32.to_be_bytes());
    alone.extend(&bytes[16 + 7 * SIDE * SIDE..16 + 8 * SIDE * SIDE]);
    let one = place.at("one-images-idx3-ubyte");
    std::fs::write(&one, alone).unwrap();
    assert_eq!(scores(&mut run, &one), [all[7]]);
}

#[test]
fn grey_images_have_densities_of_their_own() {
    let place = Place::new();
    images(&place);
    let dense = "[{ dense = 8, activation = \"tanh\" }]";
    // A convolution that gives all bins of all pixels is the output layer itself.
    let conv = "[{ dense = 36, activation = \"tanh\" }, { reshape = [6, 6, 1] }, { conv = 4, kernel = 3 }]";
    for (name, likelihood, decoder) in [
        ("continuous", "\"continuous-bernoulli\"", dense),
        ("shared", "{ gaussian = { variance = \"shared\" } }", dense),
        ("bins", "{ categorical = { levels = 4 } }", dense),
        ("bins-conv", "{ categorical = { levels = 4 } }", conv),
    ] {
        let options = FitOptions {
            data: Some(place.at("images-idx3-ubyte")),
            ..place.options(&grey(likelihood, decoder), name, 2)
        };
        let fitted = fit_files(&options, &never(), &mut |_| {}).unwrap();
        let losses = place.losses(name, "train.loss");
        assert!(losses[5] < losses[0], "{name} {losses:?}");
        assert!(fitted.report["test.nll"] <= -fitted.report["test.elbo"], "{name}");
        let run = place.open(name, 1);
        let likelihood = run.likelihood().unwrap();
        assert!(likelihood.contains('Σ'), "{likelihood}");
        assert_eq!(run.layers().iter().any(|layer| layer.path == "decoder.output"), name != "bins-conv");
        if name.starts_with("bins") {
            // Worse than nothing learned would be 36 ln 4.
            assert!(fitted.report["test.nll"] < 36.0 * 4.0_f64.ln(), "{name}");
        }
    }
}

#[test]
fn values_outside_zero_to_one_are_refused_with_row_column_and_value() {
    let place = Place::new();
    let mut config = super::support::mixed_vae();
    config.codec.numeric = veridic::codec::Numeric::Standard;
    for likelihood in ["bernoulli", "continuous-bernoulli"] {
        let config = config.with(&[("model.vae.likelihood".into(), likelihood.into())]).unwrap();
        let error = fit_files(&place.options(&config, likelihood, 1), &never(), &mut |_| {}).unwrap_err();
        let start = format!(
            "the likelihood `{likelihood}` needs values from 0 to 1, and `visits` in row 1 is 4, -0.49"
        );
        assert!(error.to_string().starts_with(&start), "{error}");
        assert!(
            error.to_string().contains(" once encoded: ") && error.to_string().ends_with(".csv"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("min-max"));
        assert!(!place.at(likelihood).join("run.json").exists(), "nothing was begun");
    }
}

#[test]
fn a_table_is_not_binarized() {
    let place = Place::new();
    let error = fit_files(&place.options(&config("static"), "run", 1), &never(), &mut |_| {}).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("`data.images.binarization` is for images, and the data is a table: "),
        "{message}"
    );
}
