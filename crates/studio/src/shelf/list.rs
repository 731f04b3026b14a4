//! What lies in a folder of runs.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use serde::Serialize;
use veridic::run::{Config, RunInfo};
use veridic::train::Event;

use super::course::last_events;
use super::place;
use crate::Result;

/// Entries that are listed at most; more are counted.
const MOST: usize = 10_000;
/// How many folders deep runs are looked for.
const DEEP: usize = 3;
/// Seconds without a word after which a running run may have ended without one.
const SILENT: u64 = 120;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Where it lies below the folder; `.` is the folder itself.
    pub name: String,
    /// `running`, `silent`, `done`, `stopped`, `failed`, `damaged`, `newer` or `foreign`.
    pub status: String,
    /// The model's name; empty of what is no run.
    pub model: String,
    /// The data's name.
    pub data: String,
    /// What the configuration says about it, or what is wrong with the folder.
    pub about: String,
    /// Seconds since 1970 when it was begun, or 0.
    pub started: u64,
    /// Seconds spent training.
    pub seconds: f64,
    /// Training, validation and test rows.
    pub rows: [usize; 3],
    /// The seed.
    pub seed: u64,
    /// Share of the run that is done, 0 to 1, while it runs.
    pub share: Option<f64>,
    /// The figures of its report; while it runs those of the last epoch.
    pub figures: BTreeMap<String, f64>,
    /// What was noticed last while it learned: a collapse, a divergence.
    pub notice: Option<String>,
    /// The user's own words for it.
    pub tags: Vec<String>,
}

/// A folder of runs.
#[derive(Debug)]
pub struct Shelf {
    root: PathBuf,
    known: Mutex<HashMap<PathBuf, (Stamp, Arc<Entry>)>>,
}

/// All runs of a folder at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The entries, by name.
    pub entries: Vec<Arc<Entry>>,
    /// How many more there are than can be listed.
    pub more: usize,
    /// Why the folder cannot be looked into, where it cannot.
    pub trouble: Option<String>,
    /// Another one whenever an entry has changed.
    pub mark: String,
}

/// When the files of an entry were last written.
type Stamp = [Option<(SystemTime, u64)>; 5];

impl Shelf {
    /// The runs below `root`, or the one run that it is.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), known: Mutex::default() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a run by its name.
    ///
    /// # Errors
    /// A name that is none of a run below the folder.
    pub fn run(&self, name: &str) -> Result<PathBuf> {
        place::run(&self.root, name)
    }

    /// All entries. What did not change since is not read again.
    pub fn list(&self) -> Listing {
        let mut found = Vec::new();
        let looked = if self.root.join("run.json").exists() {
            found.push((".".to_owned(), self.root.clone(), true));
            Ok(())
        } else {
            find(&self.root, "", 1, &mut found)
        };
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let trouble = looked.err().map(|error| error.to_string());
        let more = found.len().saturating_sub(MOST);
        found.truncate(MOST);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *known);
        let read = |(name, path, is_run): (String, PathBuf, bool)| {
            let stamp = stamp(&path);
            let entry = match before.get(&path) {
                Some((then, entry)) if *then == stamp => Arc::clone(entry),
                _ => Arc::new(entry(&name, &path, is_run)),
            };
            (path, stamp, entry)
        };
        let all: Vec<(PathBuf, Stamp, Arc<Entry>)> = found.into_par_iter().map(read).collect();
        let mut mark = DefaultHasher::new();
        (more, &trouble).hash(&mut mark);
        let mut entries = Vec::with_capacity(all.len());
        for (path, stamp, mut entry) in all {
            known.insert(path.clone(), (stamp, Arc::clone(&entry)));
            // Silence grows without a file that changes.
            if entry.status == "running" && silence(&stamp) > SILENT {
                "silent".clone_into(&mut Arc::make_mut(&mut entry).status);
            }
            (path, stamp, &entry.status).hash(&mut mark);
            entries.push(entry);
        }
        Listing { entries, more, trouble, mark: format!("{:016x}", mark.finish()) }
    }
}

/// Whether nothing was written to a run for so long that nobody can be training it.
pub(super) fn is_silent(path: &Path) -> bool {
    silence(&stamp(path)) > SILENT
}

/// Folders below `folder` that are runs, and those of the first level that neither are nor hold any.
fn find(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf, bool)>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        if found.len() > 2 * MOST {
            return Ok(());
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_folder || name.starts_with('.') {
            continue;
        }
        let (name, path) = (format!("{prefix}{name}"), entry.path());
        if path.join("run.json").exists() {
            found.push((name, path, true));
            continue;
        }
        let before = found.len();
        if depth < DEEP {
            // The entry of one that cannot be looked into says so.
            let _ = find(&path, &format!("{name}/"), depth + 1, found);
        }
        if found.len() == before && depth == 1 {
            found.push((name, path, false));
        }
    }
    Ok(())
}

fn stamp(path: &Path) -> Stamp {
    ["run.json", "config.toml", "report.json", "events.jsonl", "studio.json"].map(|file| {
        let about = std::fs::metadata(path.join(file)).ok()?;
        Some((about.modified().ok()?, about.len()))
    })
}

/// Seconds since a file of a run was written.
fn silence(stamp: &Stamp) -> u64 {
    let last = stamp.iter().flatten().map(|(time, _)| *time).max();
    last.and_then(|last| SystemTime::now().duration_since(last).ok()).map_or(0, |since| since.as_secs())
}

fn entry(name: &str, path: &Path, is_run: bool) -> Entry {
    let mut entry = Entry {
        name: name.to_owned(),
        status: "foreign".to_owned(),
        model: String::new(),
        data: String::new(),
        about: String::new(),
        started: 0,
        seconds: 0.0,
        rows: [0; 3],
        seed: 0,
        share: None,
        figures: BTreeMap::new(),
        notice: None,
        tags: Vec::new(),
    };
    if !is_run {
        let about = match std::fs::read_dir(path) {
            Ok(_) => "no run: there is no run.json in it".to_owned(),
            Err(error) => format!("cannot be looked into: {error}"),
        };
        return Entry { about, ..entry };
    }
    entry.tags = super::remove::notes(path).tags;
    let info = match info(path) {
        Ok(info) => info,
        Err((status, about)) => return Entry { status, about, ..entry },
    };
    entry.status = info.status.name().to_owned();
    (entry.started, entry.seconds, entry.rows, entry.seed) =
        (info.started, info.seconds, info.rows, info.seed);
    let files: Vec<String> = info
        .data
        .iter()
        .filter_map(|file| Some(file.path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    entry.data = files.first().cloned().unwrap_or_default();
    let config = std::fs::read_to_string(path.join("config.toml")).unwrap_or_default();
    let config = match Config::from_toml(&config, "config.toml") {
        Ok(config) => config,
        Err(error) => {
            "damaged".clone_into(&mut entry.status);
            entry.about = format!("config.toml: {error}");
            return entry;
        }
    };
    config.model.name().clone_into(&mut entry.model);
    entry.about.clone_from(&config.about);
    let named = config.data.table.as_ref().or(config.data.images.source.as_ref()).cloned();
    let named = named.or_else(|| config.data.mixture.map(|mixture| mixture.label()));
    let named = named.or_else(|| config.data.order_flow.map(|flow| flow.label()));
    if let Some(named) = named {
        entry.data =
            Path::new(&named).file_name().map_or(named.clone(), |name| name.to_string_lossy().into_owned());
    }
    let report = std::fs::read(path.join("report.json")).ok();
    entry.figures = report.and_then(|report| serde_json::from_slice(&report).ok()).unwrap_or_default();
    let (last, notice) = last_events(path);
    entry.notice = notice;
    if entry.figures.is_empty() {
        match last {
            Some(Event::Epoch { epoch, losses, .. }) => {
                entry.share = Some(epoch as f64 / config.train.epochs.max(1) as f64);
                entry.figures = losses;
            }
            Some(Event::Part { share, .. }) => entry.share = Some(share),
            _ => {}
        }
    }
    if let (true, Some(error)) = (entry.status == "failed", info.error) {
        entry.about = error;
    }
    entry
}

/// What `run.json` says, or the status and words of one that cannot be read.
pub(super) fn info(path: &Path) -> Result<RunInfo, (String, String)> {
    let damaged = |about: String| ("damaged".to_owned(), format!("run.json: {about}"));
    let text = std::fs::read(path.join("run.json")).map_err(|error| damaged(error.to_string()))?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if value["format"].as_u64().is_some_and(|format| format > 1) {
        return Err(("newer".to_owned(), "written by a newer version of Veridic".to_owned()));
    }
    serde_json::from_value(value).map_err(|error| damaged(error.to_string()))
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_looked_into_is_not_called_empty() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path());
        let empty = shelf.list();
        assert_eq!((empty.entries.len(), &empty.trouble), (0, &None));
        // Root may look into any folder, so it is one that is gone.
        folder.close().unwrap();
        let gone = shelf.list();
        assert!(gone.entries.is_empty() && gone.trouble.is_some());
        assert_ne!(gone.mark, empty.mark);
    }
}
