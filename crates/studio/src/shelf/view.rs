//! One run as its page shows it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use veridic::data::Schema;
use veridic::models::Ability;
use veridic::run::{Config, RunInfo, Status};

use super::list::{Shelf, info, is_silent};
use super::place;
use super::remove::{Notes, notes};
use crate::{Result, StudioError};

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// Its name on the shelf.
    pub name: String,
    /// Its place on this machine.
    pub path: String,
    /// What `run.json` says; nothing if it cannot be read.
    pub info: Option<RunInfo>,
    /// Whether it says that it is being trained, and wrote nothing for two minutes.
    pub silent: bool,
    /// What is wrong with it, if something is.
    pub trouble: Option<String>,
    /// The configuration as it is written.
    pub config: String,
    /// The model's name.
    pub model: String,
    /// Epochs that are to be done in all.
    pub epochs: usize,
    /// The figure by which the best epoch is chosen, and whether higher is better.
    pub criterion: Option<(String, bool)>,
    /// The figures of `report.json`.
    pub report: BTreeMap<String, f64>,
    /// Names of pictures in `figures/`, without their endings.
    pub figures: Vec<String>,
    /// Files in `figures/`.
    pub files: Vec<String>,
    /// Pictures in `samples/` that were made while training, by their steps.
    pub samples: Vec<(u64, String)>,
    /// Whether there is a picture of real rows beside them.
    pub real: bool,
    /// Whether it has a latent space that can be walked through.
    pub latent: bool,
    /// Files for people that can be sent as they are: the report as a page, the card of the model.
    pub pages: Vec<&'static str>,
    /// Whether there is a map of its rows.
    pub map: bool,
    /// Whether it speaks of a table.
    pub table: bool,
    /// Columns of the table that it learned from; 0 where it learned from none.
    pub columns: usize,
    /// Whether it speaks of series.
    pub series: bool,
    /// Changes whenever anything of this view does.
    pub mark: String,
    /// Tags and note.
    pub notes: Notes,
}

impl Shelf {
    /// One run, from its files.
    ///
    /// # Errors
    /// A name that is none of a run.
    pub fn view(&self, name: &str) -> Result<View> {
        let path = self.run(name)?;
        if !path.join("run.json").exists() {
            return Err(StudioError::NoRun { name: name.to_owned() });
        }
        // Before anything is read: what changes meanwhile is read the next time.
        let mark = mark(&path);
        let (info, mut trouble) = match info(&path) {
            Ok(info) => (Some(info), None),
            Err((_, trouble)) => (None, Some(trouble)),
        };
        let text = std::fs::read_to_string(path.join("config.toml")).unwrap_or_default();
        let config = match Config::from_toml(&text, "config.toml") {
            Ok(config) => Some(config),
            Err(error) => {
                trouble = trouble.or_else(|| Some(error.to_string()));
                None
            }
        };
        let report = std::fs::read(path.join("report.json")).ok();
        let files = names(&path.join("figures"));
        let samples = names(&path.join("samples"));
        let is_there = |file: &str| path.join(file).is_file();
        let is_fitted = is_there("model.safetensors");
        let schema = std::fs::read_to_string(path.join("schema.json")).unwrap_or_default();
        let can = |ability: Ability| config.as_ref().is_some_and(|config| config.model.can(ability));
        let is_of_series = config.as_ref().is_some_and(|config| {
            let series = [Ability::Alarm, Ability::Continue, Ability::FillSeries];
            config.data.series.window.is_some() || series.iter().any(|ability| config.model.can(*ability))
        });
        let is_game = config.as_ref().is_some_and(|config| config.model.name() == "gan");
        let step = |file: &String| file.strip_prefix("step-")?.strip_suffix(".png")?.parse::<u64>().ok();
        Ok(View {
            name: name.to_owned(),
            path: path.display().to_string(),
            epochs: config.as_ref().map_or(0, |config| config.train.epochs),
            model: config.as_ref().map_or(String::new(), |config| config.model.name().to_owned()),
            criterion: config.as_ref().and_then(Config::criterion).map(|by| (by.name.to_owned(), by.higher)),
            report: report.and_then(|report| serde_json::from_slice(&report).ok()).unwrap_or_default(),
            figures: files.iter().filter_map(|file| file.strip_suffix(".png").map(str::to_owned)).collect(),
            samples: samples.iter().filter_map(|file| Some((step(file)?, file.clone()))).collect(),
            real: samples.iter().any(|file| file == "real.png"),
            latent: is_fitted && (can(Ability::Reconstruct) || is_game),
            pages: ["report.html", "card.md"].into_iter().filter(|file| is_there(file)).collect(),
            map: is_fitted && (can(Ability::Encode) || (schema.contains("\"columns\"") && !is_of_series)),
            columns: serde_json::from_str::<Schema>(&schema).map_or(0, |schema| schema.columns.len()),
            series: is_fitted && is_of_series,
            mark,
            table: is_fitted
                && !is_of_series
                && schema.contains("\"columns\"")
                && (can(Ability::Sample) || can(Ability::Score)),
            notes: notes(&path),
            silent: info.as_ref().is_some_and(|info| info.status == Status::Running) && is_silent(&path),
            files,
            config: text,
            info,
            trouble,
        })
    }

    /// One run, or nothing where it is still as `seen` says that it was.
    ///
    /// # Errors
    /// A name that is none of a run.
    pub fn view_anew(&self, name: &str, seen: &str) -> Result<Option<View>> {
        let path = self.run(name)?;
        if path.join("run.json").exists() && mark(&path) == seen {
            return Ok(None);
        }
        self.view(name).map(Some)
    }

    /// A file of a run that a page may read, and what it is.
    ///
    /// # Errors
    /// A run or a file that is not there.
    pub fn file(&self, name: &str, file: &str) -> Result<(PathBuf, &'static str)> {
        let run = self.run(name)?;
        let none = || StudioError::NoRun { name: format!("{name}/{file}") };
        let place = place::file(&run, file).ok_or_else(none)?;
        let kind = match place.extension().and_then(|ending| ending.to_str()) {
            Some("png") => "image/png",
            Some("csv") => "text/csv; charset=utf-8",
            Some("json" | "jsonl") => "application/json; charset=utf-8",
            Some("toml") => "text/plain; charset=utf-8",
            // Whatever could hold a script is for saving, not for showing.
            _ => "application/octet-stream",
        };
        Ok((place, kind))
    }
}

/// When what a view is made of was last written, and whether nothing was for long.
fn mark(path: &Path) -> String {
    let files = ["run.json", "config.toml", "report.json", "schema.json", "studio.json", "model.safetensors"];
    let mut mark = String::from(if is_silent(path) { "silent" } else { "" });
    for file in files.into_iter().chain(["figures", "samples"]) {
        let about = std::fs::metadata(path.join(file)).ok();
        let written = about.as_ref().and_then(|about| about.modified().ok());
        let since = written.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let length = about.map_or(0, |about| about.len());
        mark.push_str(&format!(" {:x}.{length:x}", since.map_or(0, |since| since.as_nanos())));
    }
    mark
}

/// The files of a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}
