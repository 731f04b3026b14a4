//! How training ends: early, or with a loss that is not a number.

use std::fs;

use veridic::error::TrainError;
use veridic::run::Config;
use veridic::train::{End, OptimizerConfig, Sgd};
use veridic::{Error, Result};

use super::support::{Place, cases, mixed_autoencoder, scores};

#[test]
fn patience_ends_early_with_the_best_weights() {
    let place = Place::new();
    let mut config = mixed_autoencoder();
    (config.train.epochs, config.train.patience) = (100, Some(2));
    let fitted = place.fit(&config, "early", 1);
    assert_eq!(fitted.end, End::Early);
    let valid = place.losses("early", "valid.loss");
    assert_eq!((valid.len(), fitted.report["train.epochs"]), (fitted.epochs, fitted.epochs as f64));
    let best = (0..valid.len()).min_by(|&a, &b| valid[a].total_cmp(&valid[b])).unwrap() + 1;
    assert_eq!(fitted.epochs, best + 2);
    (config.train.epochs, config.train.patience) = (best, None);
    place.fit(&config, "best", 1);
    assert!(place.outcome("early").0 == place.outcome("best").0);
    // Without `best` the weights of the last epoch are kept.
    (config.train.epochs, config.train.best) = (fitted.epochs, false);
    place.fit(&config, "last", 1);
    assert!(place.outcome("early").0 != place.outcome("last").0);
}

/// All weights of a run, by name.
fn weights(place: &Place, out: &str) -> Vec<f32> {
    let bytes = fs::read(place.at(out).join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names = tensors.names();
    names.sort_unstable();
    let of = |name: &&str| tensors.tensor(name).unwrap().data().as_chunks::<4>().0.to_vec();
    names.iter().flat_map(of).map(f32::from_le_bytes).collect()
}

fn assert_not_finite(result: Result<veridic::run::FittedRun>) -> (u64, usize) {
    match result.unwrap_err() {
        Error::Train(error @ TrainError::NotFinite { part, step, epoch, .. }) => {
            let message = error.to_string();
            assert!(message.starts_with(&format!("`{part}` became ")), "{message}");
            assert!(message.contains(&format!("at step {step} of epoch {epoch}")), "{message}");
            assert!(error.hint().unwrap().starts_with("lower the learning rate"));
            (step, epoch)
        }
        other => panic!("{other}"),
    }
}

fn diverging(rate: f32) -> Config {
    let gaussian = cases().into_iter().find(|case| case.numeric == "standard").unwrap();
    let mut config = gaussian.config();
    config.train.optimizer = OptimizerConfig::Sgd(Sgd { rate, momentum: 0.0 });
    config.train.epochs = 50;
    config
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_and_names_step_and_part() {
    let place = Place::new();
    let (step, epoch) = assert_not_finite(place.try_fit(&diverging(1e20), "run", 1));
    assert_eq!(epoch, 1);
    assert!((1..=6).contains(&step), "{step}");
    assert_eq!(place.info("run", "status"), "failed");
    assert!(place.info("run", "error").as_str().unwrap().contains("became"));
    assert!(!place.at("run").join("model.safetensors").exists(), "no epoch was finished");
    let error = veridic::run::Fitted::open(&place.at("run"), 1).unwrap_err();
    assert!(
        error.to_string().starts_with("the run has no weights yet (status: failed: `loss` became "),
        "{error}"
    );
}

#[test]
fn the_weights_of_the_last_good_epoch_are_kept() {
    let place = Place::new();
    // One epoch that is good, then a rate that is not.
    let mut config = diverging(1e-4);
    config.train.epochs = 1;
    place.fit(&config, "run", 1);
    let good = weights(&place, "run");
    let (step, epoch) = assert_not_finite(place.resume(
        "run",
        &[("train.epochs", "9"), ("train.optimizer.sgd.rate", "1e20")],
        1,
    ));
    assert_eq!(epoch, 2);
    assert!((7..=12).contains(&step), "{step}");
    assert_eq!(place.info("run", "status"), "failed");
    assert_eq!(weights(&place, "run"), good);
    assert!(scores(&mut place.open("run", 1), &place.at("table.csv")).iter().all(|score| score.is_finite()));
    assert_eq!(place.losses("run", "train.loss").len(), 1, "the good epoch's losses are kept");
    // With a smaller rate it goes on from there.
    let sets = [("train.optimizer.sgd.rate", "1e-4"), ("train.epochs", "3")];
    assert_eq!(place.resume("run", &sets, 1).unwrap().epochs, 3);
    assert_eq!(place.info("run", "status"), "done");
    assert_eq!(place.info("run", "error"), serde_json::Value::Null);
}

#[test]
fn weights_that_are_not_finite_are_never_kept_as_good() {
    let place = Place::new();
    // One step an epoch: the step's loss is that of the weights before it.
    for (i, rate) in [1e3, 1e6, 1e9, 1e12, 1e15, 1e18, 1e22, 1e30, 3e38].into_iter().enumerate() {
        for valid in [0.0, 0.1] {
            let mut config = diverging(rate);
            (config.train.batch, config.data.split.valid) = (100_000, valid);
            let out = format!("run-{i}-{valid}");
            assert_not_finite(place.try_fit(&config, &out, 1));
            if place.at(&out).join("model.safetensors").exists() {
                let bad = weights(&place, &out).iter().filter(|weight| !weight.is_finite()).count();
                assert_eq!(bad, 0, "rate {rate}, valid {valid}");
            }
        }
    }
}
