//! Going on with a run that was begun: with the same model, the same data, and nothing that would need states it does not have.

use std::path::{Path, PathBuf};

use super::file::{FitOptions, FittedRun};
use crate::data;
use crate::error::{ConfigError, Result, RunError};
use crate::run::config::Config;
use crate::run::dataset::search::Search;
use crate::run::dataset::{self, Dataset};
use crate::run::directory::{Directory, RunInfo};
use crate::train::End;

/// Whether a run begun with one configuration may go on with another: how it trains and what it shows may change.
pub(super) fn same_run(begun: &Config, now: &Config) -> Result<(), ConfigError> {
    let mut alike = now.clone();
    alike.about.clone_from(&begun.about);
    alike.figure.clone_from(&begun.figure);
    alike.evaluate.clone_from(&begun.evaluate);
    alike.map.clone_from(&begun.map);
    alike.augment.clone_from(&begun.augment);
    alike.few_labels.clone_from(&begun.few_labels);
    // Another rate may save a run that diverged; another rule would need states that the checkpoint does not have.
    let rule = |config: &Config| std::mem::discriminant(&config.train.optimizer);
    if rule(now) == rule(begun) {
        alike.train.clone_from(&begun.train);
    }
    if (now.train.seeds == 1) != (begun.train.seeds == 1) {
        return Err(ConfigError::Conflict {
            what: "one run cannot go on as several, and several not as one".to_string(),
            remedy: "fit into a new directory with another `train.seeds`".to_string(),
        });
    }
    if alike == *begun {
        return Ok(());
    }
    let differing = differing(begun, &alike);
    Err(ConfigError::Conflict {
        what: format!(
            "a run that was begun cannot go on with other data, another model, seed or optimizer ({})",
            differing.join(", ")
        ),
        remedy:
            "fit into a new directory; a resumed run can change only settings of train, evaluate and figure"
                .to_string(),
    })
}

/// The first settings that differ.
fn differing(begun: &Config, now: &Config) -> Vec<String> {
    fn compare(path: &str, a: &toml::Table, b: &toml::Table, found: &mut Vec<String>) {
        let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match (a.get(key), b.get(key)) {
                (Some(toml::Value::Table(a)), Some(toml::Value::Table(b))) => compare(&path, a, b, found),
                (a, b) if a != b => {
                    let text = |value: Option<&toml::Value>| {
                        value.map_or("nothing".to_string(), |value| data::short(&value.to_string()))
                    };
                    found.push(format!("`{path}` was {} and would be {}", text(a), text(b)));
                }
                _ => {}
            }
        }
    }
    let tree = |config: &Config| toml::from_str(&config.to_toml()).unwrap_or_default();
    let mut found = Vec::new();
    compare("", &tree(begun), &tree(now), &mut found);
    found.truncate(4);
    found
}

/// What an edited `config.toml` changed that must not change.
pub(super) fn edited(directory: &Directory, error: ConfigError) -> ConfigError {
    let ConfigError::Conflict { what, .. } = error else { return error };
    let file = directory.path.join("config.toml");
    ConfigError::Conflict {
        what: format!("{what}: {}", file.display()),
        remedy: "the file was changed since; `checkpoint/config.toml` there is as it was".to_string(),
    }
}

/// The data a resumed run goes on with: the file named now, or the one it was begun with wherever that lies now.
pub(super) fn source_of(
    directory: &Directory,
    config: &Config,
    options: &FitOptions,
) -> Result<Option<PathBuf>> {
    if options.data.is_some() {
        return Ok(options.data.clone());
    }
    let info = directory.info()?;
    let recorded = match info.data.as_slice() {
        [file] => Some(file.path.as_path()),
        _ => config.data.images.source.as_deref().map(Path::new).filter(|source| !source.exists()),
    };
    let search = Search { info: &info, run: Some(&directory.path), data_dir: &options.data_dir };
    Ok(recorded.and_then(|path| search.place(path)))
}

/// Whether the data is what a run was begun with.
pub(crate) fn unchanged(before: &[dataset::DataFile], data: &Dataset) -> Result<()> {
    for at in 0..before.len().max(data.files.len()) {
        let (was, is) = (before.get(at), data.files.get(at));
        let digest =
            |file: Option<&dataset::DataFile>| file.map_or("none".to_string(), |file| file.sha256.clone());
        if digest(was) != digest(is) {
            let path = is.or(was).map(|file| file.path.clone()).unwrap_or_default();
            return Err(RunError::DataChanged { expected: digest(was), found: digest(is), path }.into());
        }
    }
    Ok(())
}

/// A run that is done already.
pub(super) fn finished(directory: &Directory, info: &RunInfo) -> Result<FittedRun> {
    // Whoever asks to go on with it should hear what is wrong with it.
    crate::run::fitted::Fitted::open(&directory.path, 1)?;
    let epochs = directory.events().len();
    Ok(FittedRun {
        run: directory.path.clone(),
        end: End::Done,
        epochs,
        seconds: info.seconds,
        report: directory.read_json("report.json")?,
        figures: Vec::new(),
        notes: vec!["the run was done already; nothing was left to do".to_string()],
    })
}
