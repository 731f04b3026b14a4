//! Configurations that are read, and ones that are refused: `configs/invalid/*.toml` say in comments with which
//! error, and with which hint if there is one.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};

use veridic::run::Config;

fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn invalid_configurations_are_refused_with_the_error_they_name() {
    let mut wrong = Vec::new();
    let files = files("invalid");
    assert!(files.len() > 40);
    for (name, text) in &files {
        let after = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).map(str::to_string);
        let expected = (after("# error: "), after("# hint: "));
        let found = match Config::from_toml(text, name) {
            Ok(_) => (Some("none".to_string()), None),
            Err(error) => (Some(error.to_string()), error.hint()),
        };
        if found != expected {
            wrong.push(format!("{name}\n    expected {expected:?}\n    found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn valid_configurations_come_back_as_they_were_written() {
    let files = files("valid");
    for (name, text) in &files {
        let config = Config::from_toml(text, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = config.to_toml();
        assert_eq!(Config::from_toml(&written, name).unwrap(), config, "{name}");
        assert_eq!(config.with(&[]).unwrap(), config, "{name}");
        let changed = config.with(&[("train.epochs".into(), "77".into())]).unwrap();
        assert_eq!(changed.train.epochs, 77, "{name}");
    }
    assert_eq!(Config::from_toml("", "nothing").unwrap(), Config::default());
}

#[test]
fn every_default_is_written_out() {
    let written = Config::default().to_toml();
    for key in [
        "seed",
        "numeric",
        "latent",
        "beta",
        "kl-warmup",
        "epochs",
        "batch",
        "rate",
        "schedule",
        "sample-rows",
        "by",
    ] {
        assert!(
            written.lines().any(|line| line.starts_with(&format!("{key} ="))),
            "{key} is not in\n{written}"
        );
    }
}

#[test]
fn a_seed_that_toml_cannot_hold_is_refused() {
    let config = Config { seed: u64::MAX, ..Config::default() };
    let expected = "`seed` is 18446744073709551615, allowed is 0 to 9223372036854775807";
    assert_eq!(config.check().unwrap_err().to_string(), expected);
    assert_eq!(config.with(&[]).unwrap_err().to_string(), expected);
}

#[test]
fn overrides_say_what_was_wrong_with_them() {
    let set = |path: &str, value: &str| {
        let error = Config::default().with(&[(path.into(), value.into())]).unwrap_err();
        (error.to_string(), error.hint().unwrap_or_default())
    };
    let (error, hint) = set("train.epohcs", "5");
    assert!(error.starts_with("cannot set `train.epohcs` to `5`: unknown field `epohcs`"), "{error}");
    assert_eq!(hint, "did you mean `epochs`?");
    let (error, _) = set("train.epochs", "many");
    assert_eq!(
        error,
        "cannot set `train.epochs` to `many`: invalid type: string \"many\", expected a whole number, 0 and above"
    );
    let (error, hint) = set("data.decimal", "xx");
    assert!(error.ends_with("expected a character"), "{error}");
    assert_eq!(hint, "write one character, such as `data.decimal = \",\"`");
    let (error, _) = set("train.epochs.more", "5");
    assert_eq!(error, "cannot set `train.epochs.more` to `5`: `epochs` is a single value");
    let (error, _) = set("", "5");
    assert_eq!(error, "cannot set `` to `5`: the path is empty");
    let (error, _) = set("train.batch", "0");
    assert_eq!(error, "`train.batch` is 0, allowed is 1 and above");
    let (error, hint) = set("codec.numeric", "standart");
    assert!(error.contains("unknown variant `standart`"), "{error}");
    assert_eq!(hint, "did you mean `standard`?");
    // A choice with a value, another choice, and a section, written in another form than theirs.
    let penalized =
        Config::default().with(&[("model.gan.penalty".into(), "{ gradient = 1.0 }".into())]).unwrap();
    let again = |path: &str, value: &str| penalized.with(&[(path.into(), value.into())]).unwrap_err().hint();
    for (path, value, expected) in [
        ("model.gan.penalty", "clip", "write `model.gan.penalty={ clip = … }`"),
        ("model.gan.penalty.clip", "0.1", "replace what is chosen with `model.gan.penalty={ clip = 0.1 }`"),
        ("model.gan.info", "3", "write `model.gan.info={ key = value, … }`"),
    ] {
        assert_eq!(again(path, value).as_deref(), Some(expected));
    }
    // An override that is text with a line break in it changes nothing else.
    let config = Config::default().with(&[("about".into(), "one\n[train]\nepochs = 3".into())]).unwrap();
    assert_eq!((config.about.as_str(), config.train.epochs), ("one\n[train]\nepochs = 3", 50));
}

#[test]
fn another_variant_replaces_the_one_before() {
    let set = |path: &str, value: &str| Config::default().with(&[(path.into(), value.into())]).unwrap();
    assert_eq!(set("model.autoencoder.likelihood", "mixed").model.name(), "autoencoder");
    assert_eq!(set("train.optimizer.sgd.rate", "0.5").train.optimizer.rate(), 0.5);
    assert_eq!(set("train.schedule", "cosine").train.schedule, veridic::train::Schedule::Cosine);
}
