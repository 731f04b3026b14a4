//! What a user does to runs on the shelf: tags and a note beside the run's files, and setting runs aside, which can be
//! undone.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::list::{Shelf, info, now};
use crate::{Result, StudioError};

/// Where runs go that were set aside.
const ASIDE: &str = ".removed";
/// The user's own words about a run.
const NOTES: &str = "studio.json";
/// The longest note, in bytes.
const LONGEST: usize = 20_000;

/// Tags and a note.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notes {
    /// Words to find runs by.
    pub tags: Vec<String>,
    /// Anything.
    pub note: String,
}

/// The notes of a run; none where there are none.
pub(super) fn notes(run: &Path) -> Notes {
    let text = std::fs::read(run.join(NOTES)).ok();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

impl Shelf {
    /// Keeps tags and a note with a run.
    ///
    /// # Errors
    /// A name that is none of a run; notes that are too long; a folder that cannot be written.
    pub fn annotate(&self, name: &str, notes: &Notes) -> Result<()> {
        let run = self.run(name)?;
        if !run.join("run.json").exists() {
            return Err(StudioError::NoRun { name: name.to_owned() });
        }
        let too_long = notes.note.len() > LONGEST || notes.tags.len() > 50;
        if too_long || notes.tags.iter().any(|tag| tag.is_empty() || tag.len() > 60) {
            return Err(StudioError::Refused("tags have 1 to 60 bytes, notes at most 20 000".into()));
        }
        let text = serde_json::to_vec_pretty(notes).unwrap_or_default();
        veridic::data::replace(&run.join(NOTES), |out| out.write_all(&text))?;
        Ok(())
    }

    /// Sets a run aside; gives the key to take it back with. Nothing is erased.
    ///
    /// # Errors
    /// What is no run or is being trained; a folder that cannot be written.
    pub fn remove(&self, name: &str) -> Result<String> {
        let run = self.run(name)?;
        let entries = self.list().entries;
        let status = entries.iter().find(|entry| entry.name == name).map(|entry| entry.status.as_str());
        // The key stands for the name, with another sign between folders.
        if name == "." || name.contains('~') || !run.join("run.json").exists() {
            return Err(StudioError::Refused("only runs in the folder can be removed".into()));
        }
        if status == Some("running") || info(&run).is_err() {
            return Err(StudioError::Refused(
                "this run is being trained, or cannot be read; it stays".into(),
            ));
        }
        let key = format!("{}-{}", now(), name.replace('/', "~"));
        let aside = self.root().join(ASIDE);
        let file = |source| StudioError::File { path: aside.clone(), source };
        std::fs::create_dir_all(&aside).map_err(file)?;
        let to = aside.join(&key);
        if to.exists() {
            return Err(StudioError::Refused("a run of this name was removed just now".into()));
        }
        std::fs::rename(&run, &to).map_err(file)?;
        Ok(key)
    }

    /// Takes a run back that was set aside.
    ///
    /// # Errors
    /// A key that is none; a place that is taken.
    pub fn restore(&self, key: &str) -> Result<String> {
        let none = || StudioError::NoRun { name: key.to_owned() };
        let (_, name) = key.split_once('-').ok_or_else(none)?;
        if key.contains(['/', '\\', '\0']) || key.starts_with('.') {
            return Err(none());
        }
        let (from, name) = (self.root().join(ASIDE).join(key), name.replace('~', "/"));
        let to = self.root().join(&name);
        if !from.is_dir() || name.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
            return Err(none());
        }
        if to.exists() {
            return Err(StudioError::Refused(format!("`{name}` is taken by another run")));
        }
        std::fs::rename(&from, &to).map_err(|source| StudioError::File { path: to, source })?;
        Ok(name)
    }
}
