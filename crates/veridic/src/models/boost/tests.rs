use std::sync::atomic::AtomicBool;

use rand_chacha::ChaCha8Rng;

use super::*;
use crate::seed::{Seed, uniform};

static NEVER: AtomicBool = AtomicBool::new(false);

fn stream(name: &str) -> ChaCha8Rng {
    Seed(5).stream(name)
}

/// Codes drawn evenly below `bins`.
fn codes(n: usize, bins: usize, name: &str) -> Vec<u8> {
    let mut random = stream(name);
    (0..n).map(|_| (uniform(&mut random) * bins as f64) as u8).collect()
}

fn features<'a>(columns: &'a [Vec<u8>], bins: usize, ordered: bool) -> Features<'a> {
    let mut features = Features::default();
    for column in columns {
        features.push(column, Feature { bins, ordered });
    }
    features
}

#[test]
fn classes_that_depend_on_two_features_together_are_learned() {
    for ordered in [false, true] {
        let columns = vec![codes(4000, 9, "a"), codes(4000, 9, "b"), codes(4000, 9, "c")];
        let classes: Vec<u8> = (0..4000)
            .map(|i| u8::from((columns[0][i] > 4) != (columns[1][i] > 4)) + columns[2][i] % 2)
            .collect();
        let features = features(&columns, 9, ordered);
        let config = BoostConfig::default();
        let model =
            Softmax::fit(&features, (&classes, 3, false), None, &config, &mut stream("fit"), &NEVER).unwrap();
        assert!(model.loss() < 0.2, "loss {} of {}", model.loss(), model.rounds());
        let mut out = Probabilities::default();
        model.predict(&features, 0, 4000, &mut out);
        let right = (0..4000).filter(|row| out.at(*row, usize::from(classes[*row])) > 0.5).count();
        assert!(right > 3900, "{right}");
        let sum: f32 = (0..3).map(|class| out.at(17, class)).sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
}

#[test]
fn noise_is_not_learned() {
    let columns = vec![codes(3000, 40, "a"), codes(3000, 40, "b")];
    let classes = codes(3000, 8, "y");
    let features = features(&columns, 40, true);
    let config = BoostConfig::default();
    let model =
        Softmax::fit(&features, (&classes, 8, true), None, &config, &mut stream("fit"), &NEVER).unwrap();
    assert!(model.loss() > 8f64.ln() - 0.03, "{}", model.loss());
    assert!(model.rounds() < 20, "{}", model.rounds());
}

#[test]
fn the_loss_is_that_of_predictions() {
    // The training rows' probabilities are kept as products, predictions are sums of logits: both must agree, also where
    // rows do not fill blocks and the tree is deep.
    let columns = vec![codes(1003, 30, "a"), codes(1003, 30, "b")];
    let classes: Vec<u8> = (0..1003).map(|i| (columns[0][i] / 3 + columns[1][i] / 6) % 13).collect();
    let features = features(&columns, 30, true);
    for depth in [2, 6] {
        let config =
            BoostConfig { depth, validation: 0.0, rounds: 300, learning_rate: 1.0, ..BoostConfig::default() };
        let model =
            Softmax::fit(&features, (&classes, 13, true), None, &config, &mut stream("fit"), &NEVER).unwrap();
        assert!(model.loss().is_nan());
        let mut out = Probabilities::default();
        model.predict(&features, 0, 1003, &mut out);
        let loss: f32 = (0..1003).map(|row| -out.at(row, usize::from(classes[row])).ln()).sum();
        assert!(loss / 1003.0 < 0.6, "{}", loss / 1003.0);
        // A part of the rows has the same predictions.
        let mut part = Probabilities::default();
        model.predict(&features, 500, 777, &mut part);
        assert_eq!(part.at(3, 5).to_bits(), out.at(503, 5).to_bits());
    }
}

#[test]
fn validation_loss_is_measured_on_rows_that_were_left_out() {
    let columns = vec![codes(2000, 30, "a")];
    let classes: Vec<u8> = columns[0].iter().map(|code| code / 10).collect();
    let features = features(&columns, 30, true);
    let config = BoostConfig { rounds: 3, ..BoostConfig::default() };
    let model =
        Softmax::fit(&features, (&classes, 3, false), None, &config, &mut stream("fit"), &NEVER).unwrap();
    let mut random = stream("fit");
    let (_, valid) = super::softmax::parts(2000, 0.1, &mut random);
    let mut out = Probabilities::default();
    model.predict(&features, 0, 2000, &mut out);
    let log = |row: &u32| f64::from(out.at(*row as usize, usize::from(classes[*row as usize]))).ln();
    let loss = -valid.iter().map(log).sum::<f64>() / valid.len() as f64;
    assert_eq!(valid.len(), 200);
    assert!((loss - model.loss()).abs() < 1e-5, "{loss} {}", model.loss());
}

#[test]
fn rows_without_weight_do_not_count() {
    let columns = vec![codes(2000, 10, "a")];
    let classes: Vec<u8> =
        (0..2000).map(|i| if i % 2 == 0 { u8::from(columns[0][i] > 4) } else { 1 }).collect();
    let weights: Vec<f32> = (0..2000).map(|i| if i % 2 == 0 { 1.0 } else { 0.0 }).collect();
    let features = features(&columns, 10, true);
    let config = BoostConfig::default();
    let target = (classes.as_slice(), 2, false);
    let model = Softmax::fit(&features, target, Some(&weights), &config, &mut stream("fit"), &NEVER).unwrap();
    let mut out = Probabilities::default();
    model.predict(&features, 0, 2000, &mut out);
    for (row, code) in columns[0].iter().enumerate() {
        assert_eq!(out.at(row, 1) > 0.5, *code > 4, "row {row}: {}", out.at(row, 1));
    }
}

#[test]
fn a_draw_follows_the_distribution() {
    let classes: Vec<u8> = (0..1000).map(|i| if i < 700 { 0 } else { 2 }).collect();
    let model = Softmax::marginal(&classes, 3);
    let mut out = Probabilities::default();
    model.predict(&Features::default(), 0, 20, &mut out);
    let drawn = |share: f64, factors: Option<&[f32]>| out.draw(17, share, factors).map(|drawn| drawn.0);
    assert_eq!(drawn(0.5, None), Some(0));
    assert_eq!(drawn(0.8, None), Some(2));
    assert_eq!(drawn(0.2, Some(&[0.0, 0.0, 1.0])), Some(2));
    assert_eq!(drawn(0.2, Some(&[0.0; 3])), None);
    let (_, whole) = out.draw(17, 0.2, Some(&[0.0, 0.0, 0.5])).unwrap();
    assert!((whole - 0.15).abs() < 1e-3, "{whole}");
}

#[test]
fn a_number_is_learned_by_squared_error() {
    let columns = vec![codes(3000, 50, "a"), codes(3000, 50, "b")];
    let targets: Vec<f32> =
        (0..3000).map(|i| f32::from(columns[0][i]) * 0.1 + f32::from(columns[1][i] % 7)).collect();
    let features = features(&columns, 50, false);
    let config = BoostConfig { learning_rate: 0.3, lambda: 1.0, ..BoostConfig::default() };
    let model =
        Squared::fit(&features, &targets, &vec![3.0; 3000], &config, &mut stream("fit"), &NEVER).unwrap();
    assert!(model.loss() < 0.05, "{}", model.loss());
    let mut predictions = vec![3.0; 1000];
    model.add(&features, 2000, &mut predictions);
    let worst = predictions.iter().zip(&targets[2000..]).map(|(p, t)| (p - t).abs()).fold(0.0, f32::max);
    assert!(worst < 1.0, "{worst}");
}

#[test]
fn few_features_of_many_are_enough() {
    let columns: Vec<Vec<u8>> = (0..40).map(|f| codes(1500, 6, &format!("{f}"))).collect();
    let classes: Vec<u8> = columns[31].iter().map(|code| u8::from(*code > 2)).collect();
    let features = features(&columns, 6, true);
    let config = BoostConfig { features: 10, ..BoostConfig::default() };
    let target = (classes.as_slice(), 2, false);
    let model = Softmax::fit(&features, target, None, &config, &mut stream("fit"), &NEVER).unwrap();
    assert!(model.loss() < 0.05, "{}", model.loss());
}

#[test]
fn models_come_back_from_tensors_and_damage_is_found() {
    let columns = vec![codes(600, 20, "a"), codes(600, 20, "b")];
    let classes: Vec<u8> = columns[1].iter().map(|code| code / 2).collect();
    let features = features(&columns, 20, true);
    let config = BoostConfig { rounds: 12, ..BoostConfig::default() };
    let target = (classes.as_slice(), 10, true);
    let model = Softmax::fit(&features, target, None, &config, &mut stream("fit"), &NEVER).unwrap();
    let again = Softmax::fit(&features, target, None, &config, &mut stream("fit"), &NEVER).unwrap();
    assert_eq!(model, again);
    let stored = model.store();
    assert_eq!(Softmax::restore(&stored, 2).unwrap(), model);
    assert!(Softmax::restore(&stored, 1).is_err());
    for name in ["feature", "left", "groups", "starts", "values", "start"] {
        let mut damaged = stored.clone();
        let tensor = damaged.tensors.get_mut(name).unwrap();
        tensor.dims[0] -= 1;
        match &mut tensor.values {
            crate::models::Values::U16(values) => drop(values.pop()),
            crate::models::Values::U32(values) => drop(values.pop()),
            crate::models::Values::U64(values) => drop(values.pop()),
            crate::models::Values::F32(values) => drop(values.pop()),
            _ => {}
        }
        assert!(Softmax::restore(&damaged, 2).is_err(), "{name}");
    }
    let numbers: Vec<f32> = columns[1].iter().map(|code| f32::from(*code)).collect();
    let squared =
        Squared::fit(&features, &numbers, &vec![0.0; 600], &config, &mut stream("fit"), &NEVER).unwrap();
    assert_eq!(Squared::restore(&squared.store(), 2).unwrap(), squared);
    assert!(Squared::restore(&squared.store(), 1).is_err());
    assert!(Softmax::restore(&squared.store(), 2).is_err());
}

#[test]
fn boosting_stops_when_told() {
    let columns = vec![codes(100, 20, "a")];
    let classes = codes(100, 3, "y");
    let features = features(&columns, 20, true);
    let stop = AtomicBool::new(true);
    let target = (classes.as_slice(), 3, false);
    let config = BoostConfig::default();
    assert_eq!(Softmax::fit(&features, target, None, &config, &mut stream("fit"), &stop), None);
}

#[test]
fn settings_outside_their_ranges_are_named() {
    let check = |config: BoostConfig| config.check("model.boosted-trees").unwrap_err().to_string();
    assert!(BoostConfig::default().check("model").is_ok());
    let error = check(BoostConfig { depth: 9, ..BoostConfig::default() });
    assert_eq!(error, "`model.boosted-trees.depth` is 9, allowed is 1 to 8");
    assert!(
        check(BoostConfig { learning_rate: f32::NAN, ..BoostConfig::default() }).contains("learning-rate")
    );
    assert!(check(BoostConfig { groups: vec![1], ..BoostConfig::default() }).contains("groups"));
}
