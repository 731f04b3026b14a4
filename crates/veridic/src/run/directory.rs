//! The files of a run: written whole or not at all, readable by any other program.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use veridic_graph::State;

use crate::codec::ImageCodec;
use crate::data::{self, Schema, TextLayout};
use crate::error::{Result, RunError};
use crate::models::Stored;
use crate::run::config::Config;
use crate::run::dataset::{DataFile, Windowing};
use crate::run::fitted::Form;
use crate::run::tensor::{tensors, tensors_of};
use crate::train::{Checkpoint, Event, Progress};

/// Version of the run directory's form.
const FORMAT: u32 = 1;

/// What was learned.
pub(crate) const MODEL: &str = "model.safetensors";

/// What the columns are.
const SCHEMA: &str = "schema.json";

/// The copy of `config.toml` that is not there to be edited.
const BEGUN: &str = "checkpoint/config.toml";

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Being fitted, or ended without a word.
    Running,
    /// Fitted.
    Done,
    /// Asked to stop; can be resumed.
    Stopped,
    /// Ended by an error.
    Failed,
}

impl RunInfo {
    /// What the run in `path` says of itself, whether it has ended or not.
    ///
    /// # Errors
    /// A directory that is not a run, of a newer version, or damaged.
    pub fn read(path: &Path) -> Result<Self> {
        Directory::open(path)?.info()
    }
}

impl Status {
    /// The word in `run.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of the directory's form.
    pub format: u32,
    /// How far the run is.
    pub status: Status,
    /// The version that wrote it.
    pub veridic: String,
    /// The seed.
    pub seed: u64,
    /// Threads it was fitted with; they change no result.
    pub threads: usize,
    /// The data files with their sha256.
    pub data: Vec<DataFile>,
    /// Rows for training, validation and testing.
    pub rows: [usize; 3],
    /// The classes that rows are labelled with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Seconds since 1970-01-01T00:00:00 UTC when it was begun.
    pub started: u64,
    /// Likewise when it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// Seconds spent training, over all resumptions.
    pub seconds: f64,
    /// What was found out about the data while it was read: columns and pictures left out, and such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The way from the run's directory to the folder in which it was fitted, where relative paths begin; none where all paths of
    /// its data are absolute, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// How the text was laid out that it was fitted to, where that is not commas in UTF-8: made rows are written so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextLayout>,
    /// What ended it, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The sha256 of `model.safetensors` once the fit has ended; runs of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Likewise of `schema.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

impl RunInfo {
    pub(crate) fn new(seed: u64, threads: usize, data: Vec<DataFile>, rows: [usize; 3]) -> Self {
        Self {
            format: FORMAT,
            status: Status::Running,
            veridic: env!("CARGO_PKG_VERSION").to_string(),
            seed,
            threads,
            data,
            rows,
            classes: Vec::new(),
            started: now(),
            ended: None,
            seconds: 0.0,
            notes: Vec::new(),
            folder: None,
            text: None,
            error: None,
            model: None,
            schema: None,
        }
    }
}

/// Whether there is a directory that is not empty.
pub(crate) fn holds_something(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

/// Whether there is a run that failed with nothing learned: files of its beginning alone, and no event.
fn failed_at_once(path: &Path) -> bool {
    const BEGIN: [&str; 4] = ["run.json", "config.toml", "schema.json", "events.jsonl"];
    let Ok(entries) = fs::read_dir(path) else { return false };
    let is_begin = |entry: fs::DirEntry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // A folder of checkpoints begins with the settings.
        let is_bare = |inside: fs::ReadDir| inside.flatten().all(|entry| entry.file_name() == "config.toml");
        if is_folder {
            fs::read_dir(entry.path()).is_ok_and(is_bare)
        } else {
            BEGIN.iter().any(|name| entry.file_name() == *name)
        }
    };
    let has_failed = Directory::open(path)
        .and_then(|directory| directory.info())
        .is_ok_and(|info| info.status == Status::Failed);
    let silent = fs::metadata(path.join("events.jsonl")).map_or(true, |about| about.len() == 0);
    has_failed && silent && entries.flatten().all(is_begin)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A run's directory.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
}

impl Directory {
    /// Makes the directory for a new run.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let io = |source| RunError::Io { action: "create", source, path: path.to_path_buf() };
        Self::check_free(path)?;
        if holds_something(path) {
            fs::remove_dir_all(path).map_err(io)?;
        }
        fs::create_dir_all(path).map_err(io)?;
        Ok(Self { path: path.to_path_buf() })
    }

    /// Whether a new run may be written there: nothing is there, an empty directory, or a run that failed before it learned
    /// anything.
    pub(crate) fn check_free(path: &Path) -> Result<()> {
        if holds_something(path) && !failed_at_once(path) {
            return Err(RunError::NotEmpty { path: path.to_path_buf() }.into());
        }
        Ok(())
    }

    /// The directory of a run that is there.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if !path.join("run.json").is_file() {
            return Err(RunError::NotARun { path: path.to_path_buf() }.into());
        }
        let this = Self { path: path.to_path_buf() };
        this.info()?;
        Ok(this)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder of the run, made if it is not there.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.file(name);
        let made = fs::create_dir_all(&path);
        made.map_err(|source| RunError::Io { action: "create", source, path: path.clone() })?;
        Ok(path)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        data::replace(&self.file(name), |out| out.write_all(bytes))?;
        Ok(())
    }

    pub(crate) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value).expect("plain data is JSON");
        text.push('\n');
        self.write(name, text.as_bytes())
    }

    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.file(name);
        fs::read(&path).map_err(|source| RunError::Damaged { path, reason: source.to_string() }.into())
    }

    pub(crate) fn read_text(&self, name: &str) -> Result<String> {
        let bytes = self.read(name)?;
        String::from_utf8(bytes).map_err(|_| self.damaged(name, "it is not UTF-8 text"))
    }

    pub(crate) fn read_json<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<T> {
        let text = self.read_text(name)?;
        serde_json::from_str(&text).map_err(|error| self.damaged(name, &error.to_string()))
    }

    pub(crate) fn damaged(&self, name: &str, reason: &str) -> crate::Error {
        RunError::Damaged { path: self.file(name), reason: reason.to_string() }.into()
    }

    pub(crate) fn info(&self) -> Result<RunInfo> {
        // The format is looked at first: a newer one may not parse as this one.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = self.read_json("run.json")?;
        if format > FORMAT {
            return Err(RunError::Newer { found: format, known: FORMAT, path: self.path.clone() }.into());
        }
        self.read_json("run.json")
    }

    /// The run's configuration.
    pub(crate) fn config(&self) -> Result<Config> {
        let origin = self.file("config.toml").display().to_string();
        Config::from_toml(&self.read_text("config.toml")?, &origin)
    }

    /// The configuration that training was begun with, whatever became of `config.toml` since.
    pub(crate) fn begun_config(&self) -> Result<Config> {
        if !self.file(BEGUN).is_file() {
            return self.config();
        }
        Config::from_toml(&self.read_text(BEGUN)?, &self.file(BEGUN).display().to_string())
    }

    pub(crate) fn write_config(&self, config: &Config) -> Result<()> {
        let text = config.to_toml();
        self.folder("checkpoint")?;
        self.write(BEGUN, text.as_bytes())?;
        self.write("config.toml", text.as_bytes())
    }

    /// How far the run is, and once it has ended the digest of what it has learned.
    pub(crate) fn write_info(&self, info: &RunInfo) -> Result<()> {
        let has_ended = info.status != Status::Running && self.file(MODEL).is_file();
        let digest = |name: &str| {
            let file = self.file(name);
            (has_ended && file.is_file()).then(|| data::sha256(&file)).transpose()
        };
        let (model, schema) = (digest(MODEL)?, digest(SCHEMA)?);
        self.write_json("run.json", &RunInfo { model, schema, ..info.clone() })
    }

    /// Whether what the run learned, and of which columns, is still what it was.
    pub(crate) fn check_model(&self, info: &RunInfo) -> Result<()> {
        for (name, digest) in [(MODEL, &info.model), (SCHEMA, &info.schema)] {
            if let Some(expected) = digest
                && data::sha256(&self.file(name))? != *expected
            {
                let reason = "it is not what this run learned: it was changed, or is another run's";
                return Err(self.damaged(name, reason));
            }
        }
        Ok(())
    }

    /// The weights of the best epoch.
    pub(crate) fn write_weights(&self, weights: &[State]) -> Result<()> {
        self.write(MODEL, &tensors(weights, None))
    }

    /// A model without a graph.
    pub(crate) fn write_model(&self, model: &Stored) -> Result<()> {
        self.write(MODEL, &model.to_bytes())
    }

    pub(crate) fn read_model(&self) -> Result<Stored> {
        Stored::from_bytes(&self.read(MODEL)?).map_err(|reason| self.damaged(MODEL, &reason))
    }

    /// What a fit has learned so far, if it was kept.
    pub(crate) fn read_partial(&self, name: &str) -> Result<Option<Stored>> {
        if !self.file(name).is_file() {
            return Ok(None);
        }
        let stored = Stored::from_bytes(&self.read(name)?).map_err(|reason| self.damaged(name, &reason))?;
        Ok(Some(stored))
    }

    /// Removes a file of the run that is not needed any more, if it is there.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let path = self.file(name);
        if path.is_file() { remove(&path) } else { Ok(()) }
    }

    /// States by name.
    pub(crate) fn write_states(&self, name: &str, states: &[State]) -> Result<()> {
        self.write(name, &tensors(states, None))
    }

    /// What the columns of the run's table are.
    pub(crate) fn schema(&self) -> Result<Schema> {
        Ok(Schema::load(&self.file("schema.json"))?)
    }

    /// How the rows of a table become windows, of runs of windows of series.
    pub(crate) fn series(&self) -> Result<Option<Windowing>> {
        if self.file("series.json").is_file() { self.read_json("series.json").map(Some) } else { Ok(None) }
    }

    /// `schema.json` and `codec.json`, and of windows of series `series.json`.
    pub(crate) fn write_form(&self, form: &Form) -> Result<()> {
        match form {
            Form::Table { schema, codec, windows } => {
                self.write_json("schema.json", schema)?;
                if let Some(windows) = windows {
                    self.write_json("series.json", windows)?;
                }
                self.write_json("codec.json", codec)
            }
            Form::Images(codec) => {
                let ImageCodec { height, width, channels, .. } = codec;
                let images = serde_json::json!({ "height": height, "width": width, "channels": channels });
                self.write_json("schema.json", &serde_json::json!({ "images": images }))?;
                self.write_json("codec.json", codec)
            }
        }
    }

    pub(crate) fn write_events(&self, events: &[Event]) -> Result<()> {
        let text: String = events.iter().map(line).collect();
        self.write("events.jsonl", text.as_bytes())
    }

    pub(crate) fn read_weights(&self) -> Result<Vec<State>> {
        Ok(self.read_tensors(MODEL)?.0)
    }

    /// Named tensors and what is said about them.
    pub(crate) fn read_tensors(&self, name: &str) -> Result<(Vec<State>, BTreeMap<String, String>)> {
        tensors_of(&self.read(name)?).map_err(|reason| self.damaged(name, &reason))
    }

    /// Keeps a checkpoint: all states and where training stands in one file, the best weights in another.
    pub(crate) fn write_checkpoint(&self, checkpoint: &Checkpoint, keep: usize) -> Result<()> {
        self.folder("checkpoint")?;
        let best = checkpoint.progress.best.map(|(epoch, _)| best_file(epoch));
        if let (Some(states), Some(name)) = (&checkpoint.best, &best) {
            data::replace_soon(&self.file(name), &tensors(states, None))?;
        }
        let progress = serde_json::to_string(&checkpoint.progress).expect("plain data is JSON");
        let about = [("progress".to_string(), progress)].into();
        let bytes = tensors(&checkpoint.states, Some(about));
        if keep > 1 {
            let name = format!("checkpoint/step-{:09}.safetensors", checkpoint.progress.step);
            data::replace_soon(&self.file(&name), &bytes)?;
            let kept = self.checkpoints("step-");
            for oldest in kept.iter().take(kept.len().saturating_sub(keep)) {
                remove(oldest)?;
            }
        }
        data::replace_soon(&self.file("checkpoint/last.safetensors"), &bytes)?;
        // Only now: until then the checkpoint before needs its best weights.
        let best = best.map(|name| self.file(&name));
        self.checkpoints("best-")
            .iter()
            .filter(|path| Some(*path) != best.as_ref())
            .try_for_each(|path| remove(path))
    }

    /// Files of the checkpoints whose name starts so, sorted.
    fn checkpoints(&self, start: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.file("checkpoint")).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)));
        paths.sort();
        paths
    }

    /// The last checkpoint, if one was kept; states are put into the order of `like`.
    pub(crate) fn read_checkpoint(&self, like: &[State]) -> Result<Option<Checkpoint>> {
        const LAST: &str = "checkpoint/last.safetensors";
        if !self.file(LAST).is_file() {
            return Ok(None);
        }
        let (states, about) = self.read_tensors(LAST)?;
        let progress = about
            .get("progress")
            .ok_or_else(|| self.damaged(LAST, "it does not say where training stands"))?;
        let progress: Progress =
            serde_json::from_str(progress).map_err(|error| self.damaged(LAST, &error.to_string()))?;
        let states = self.ordered(states, like, LAST)?;
        let best = progress.best.map(|(epoch, _)| best_file(epoch)).filter(|name| self.file(name).is_file());
        let best = match best {
            Some(name) => Some(self.ordered(self.read_tensors(&name)?.0, like, &name)?),
            None => None,
        };
        Ok(Some(Checkpoint { states, progress, best }))
    }

    fn ordered(&self, states: Vec<State>, like: &[State], file: &str) -> Result<Vec<State>> {
        let mut by_name: BTreeMap<String, State> =
            states.into_iter().map(|state| (state.name.clone(), state)).collect();
        like.iter()
            .map(|want| match by_name.remove(&want.name) {
                Some(state) if state.dims == want.dims => Ok(state),
                _ => Err(self.damaged(file, &format!("`{}` is not there or has another shape", want.name))),
            })
            .collect()
    }

    /// The events written so far; a half-written last line is left out.
    pub(crate) fn events(&self) -> Vec<Event> {
        let text = fs::read_to_string(self.file("events.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Seconds that the epochs up to `epoch` took.
    pub(crate) fn seconds(&self, epoch: usize) -> f64 {
        let seconds = |event: &Event| match event {
            Event::Epoch { epoch: done, seconds, .. } if *done <= epoch => *seconds,
            _ => 0.0,
        };
        self.events().iter().map(seconds).sum()
    }

    /// An event file to append to that holds the start and the epochs up to `epoch`.
    pub(crate) fn event_log(&self, epoch: usize) -> Result<EventLog> {
        let keep = |event: &Event| match event {
            Event::Start { .. } => false,
            Event::Epoch { epoch: done, .. } | Event::Notice { epoch: done, .. } => *done <= epoch,
            Event::Step { .. } => false,
            Event::Part { .. } => true,
        };
        let mut text = String::new();
        if epoch > 0 {
            for event in self.events().iter().filter(|event| keep(event)) {
                text.push_str(&line(event));
            }
        }
        self.write("events.jsonl", text.as_bytes())?;
        let path = self.file("events.jsonl");
        let file = fs::OpenOptions::new().append(true).open(&path);
        let file = file.map_err(|source| RunError::Io { action: "append to", source, path: path.clone() })?;
        Ok(EventLog { file, path })
    }
}

/// The best weights of a run, by the epoch they are of.
fn best_file(epoch: usize) -> String {
    format!("checkpoint/best-{epoch:06}.safetensors")
}

fn remove(path: &Path) -> Result<()> {
    let io = |source| RunError::Io { action: "remove", source, path: path.to_path_buf() };
    Ok(fs::remove_file(path).map_err(io)?)
}

fn line(event: &Event) -> String {
    let mut line = serde_json::to_string(event).expect("plain data is JSON");
    line.push('\n');
    line
}

/// `events.jsonl`, one object a line, each written at once.
#[derive(Debug)]
pub(crate) struct EventLog {
    file: fs::File,
    path: PathBuf,
}

impl EventLog {
    pub(crate) fn write(&mut self, event: &Event) -> Result<()> {
        let written = self.file.write_all(line(event).as_bytes());
        written.map_err(|source| RunError::Io { action: "append to", source, path: self.path.clone() }.into())
    }
}
