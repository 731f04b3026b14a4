use std::path::PathBuf;

use crate::data::DataKind;

/// Errors with a run or its directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The directory is not a run.
    #[error("this is not a run: it has no `run.json`: {}", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
    },
    /// A file without a column of the run, where some are to be taken from it.
    #[error("no column of the run is in {}, which has {}", path.display(), crate::data::listed(found))]
    NothingShared {
        /// Its columns.
        found: Vec<String>,
        /// The columns of the run.
        columns: Vec<String>,
        /// The file.
        path: PathBuf,
    },
    /// The directory holds something else, or a run that must not be overwritten.
    #[error("the output directory is not empty: {}", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A file of the run is missing or damaged.
    #[error("a file of the run is missing or damaged ({reason}): {}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The run was written by a newer version.
    #[error("the run was written by a newer version (format {found}, this version reads up to {known}): {}", path.display())]
    Newer {
        /// Format of the run.
        found: u32,
        /// The newest format this version reads.
        known: u32,
        /// The directory.
        path: PathBuf,
    },
    /// The run has no finished model yet.
    #[error(
        "the run has no weights yet (status: {status}{}): {}",
        error.as_ref().map_or_else(String::new, |error| format!(": {error}")),
        path.display()
    )]
    Unfinished {
        /// How far it is.
        status: String,
        /// What ended it, where it failed.
        error: Option<String>,
        /// The directory.
        path: PathBuf,
    },
    /// A batch has other columns than the first.
    #[error("batch {batch} has {found} in place {place}, where the first has {expected}")]
    OtherBatch {
        /// Its number, from 1.
        batch: usize,
        /// The number of the column, from 1.
        place: usize,
        /// What the first batch has there.
        expected: String,
        /// What this one has there.
        found: String,
    },
    /// Reading or writing failed.
    #[error("cannot {action} the file: {source}: {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A model was asked for what it cannot do.
    #[error("{model} cannot {verb}")]
    Cannot {
        /// The kind of model.
        model: String,
        /// What was asked.
        verb: String,
        /// What can.
        remedy: String,
    },
    /// A model that was asked to stop before there was something to use.
    #[error("fitting was stopped before the model was whole")]
    Stopped,
    /// Data of another kind than the model was fitted to.
    #[error("the model was fitted to {}, this is {}", kind(*expected), kind(*found))]
    OtherKind {
        /// What it was fitted to.
        expected: DataKind,
        /// What it was given.
        found: DataKind,
    },
    /// A condition of sampling that cannot be met.
    #[error("cannot sample with {column} = {value}: {reason}")]
    Given {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// Why not.
        reason: String,
        /// What can be asked for.
        remedy: String,
    },
    /// Fewer runs than can be compared.
    #[error("{found} runs cannot be compared, at least 2 are needed")]
    TooFewRuns {
        /// Runs given.
        found: usize,
    },
    /// Runs that are compared were fitted to different data.
    #[error("the run was fitted to other data than {}: {}", first.display(), path.display())]
    OtherData {
        /// The first run.
        first: PathBuf,
        /// The one with other data.
        path: PathBuf,
    },
    /// A row that is not there.
    #[error("there is no row {row}, allowed are 1 to {rows}: {of}")]
    NoRow {
        /// The row asked for, from 1.
        row: usize,
        /// Rows there are.
        rows: usize,
        /// What was asked for it.
        of: String,
    },
    /// A latent dimension that is not there.
    #[error("there is no latent dimension {dimension}, the run has 1 to {latent}")]
    NoDimension {
        /// The dimension asked for, from 1.
        dimension: usize,
        /// Dimensions there are.
        latent: usize,
    },
    /// No row has a value.
    #[error("no row has {column} = {value}: {of}")]
    NoSuchRows {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// Values there are.
        known: Vec<String>,
        /// Where it was looked for.
        of: String,
    },
    /// Images have no column but their label.
    #[error("images have no column `{column}`, {}: {of}", if *has_labels { "only `label`" } else { "and these have no labels" })]
    NoLabels {
        /// The column asked for.
        column: String,
        /// Whether they have labels.
        has_labels: bool,
        /// Where it was looked for.
        of: String,
    },
    /// There is nothing to fit.
    #[error("there is nothing to fit: {reason}")]
    NoData {
        /// What is missing.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// Images of another size or color than those the run was fitted to, or test images than training images.
    #[error("{}", other_images(expected, found, path.as_ref()))]
    OtherImages {
        /// Size and color of the run's images, or of the training images.
        expected: String,
        /// Size and color of the others.
        found: String,
        /// Where images given to a run are; none for test images.
        path: Option<PathBuf>,
    },
    /// What names the data is neither a file nor a known data set.
    #[error("there is no file or folder `{name}` here, and no known data set of that name")]
    NoSuchData {
        /// What was asked for.
        name: String,
        /// The nearest known data set.
        nearest: Option<String>,
    },
    /// The data that a run was fitted to is in none of the places where it might be.
    #[error(
        "`{name}`, the data of this run, is not there any more; it was looked for in {}",
        looked.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    DataGone {
        /// What the run's configuration calls it.
        name: String,
        /// The folders in which it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The data of a resumed run is not the data it was begun with.
    #[error("the data has changed since the run was begun (sha256 {found}, was {expected}): {}", path.display())]
    DataChanged {
        /// Digest when the run was begun.
        expected: String,
        /// Digest now.
        found: String,
        /// The file.
        path: PathBuf,
    },
}

impl RunError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotARun { .. } => "name the directory of a run".to_string(),
            Self::NothingShared { columns, .. } => format!("the run has {}", crate::data::listed(columns)),
            Self::OtherBatch { .. } => "give all batches the same columns in the same order".to_string(),
            Self::NotEmpty { .. } => {
                "choose another directory, or resume the run there".to_string()
            }
            Self::Damaged { path, .. } if path.file_name().is_some_and(|name| name == "config.toml") => {
                "copy it back from where the run came from, or fit again into a new directory".to_string()
            }
            Self::Damaged { .. } => {
                "fit again into a new directory: the run's `config.toml` as a recipe repeats it"
                    .to_string()
            }
            Self::Newer { .. } => "upgrade veridic".to_string(),
            Self::Unfinished { status, .. } if status == "failed" => {
                "mend what ended it, and fit anew".to_string()
            }
            Self::Unfinished { .. } => "resume it".to_string(),
            Self::Cannot { remedy, .. } | Self::NoData { remedy, .. } | Self::Given { remedy, .. } => {
                remedy.clone()
            }
            Self::Stopped => "fit into a run directory: what was learned so far is kept there".to_string(),
            Self::OtherKind { expected, .. } => format!("give {}", kind(*expected)),
            Self::OtherImages { path: None, .. } => {
                "give all one size and color with `data.images.size` and `data.images.channels`".to_string()
            }
            Self::OtherImages { .. } => {
                "give images of the size and color the model was fitted to, or fit with `data.images.size` and \
                 `data.images.channels`, which then hold for all images the run is given"
                    .to_string()
            }
            Self::NoSuchData { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::NoSuchData { .. } => {
                "name the file or folder by its path from here; or take one of the known data sets"
                    .to_string()
            }
            Self::TooFewRuns { .. } => "name another run".to_string(),
            Self::OtherData { .. } => {
                "compare runs of the same files, read in the same size and color".to_string()
            }
            Self::NoRow { .. } | Self::NoDimension { .. } => "count from 1".to_string(),
            Self::NoSuchRows { known, .. } => {
                let shown: Vec<String> = known.iter().take(12).map(|value| format!("`{value}`")).collect();
                let more = if known.len() > shown.len() { ", …" } else { "" };
                format!("there are {}{more}", shown.join(", "))
            }
            Self::NoLabels { .. } => "name groups as label=VALUE, or by rows".to_string(),
            Self::DataGone { .. } => {
                "put it into one of these folders, or say in which one it lies: `--data-dir DIR`".to_string()
            }
            Self::DataChanged { .. } => "restore the file, or fit again into a new directory".to_string(),
            Self::Io { action: "read", .. } => "name a text file that you may read".to_string(),
            Self::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound
                | std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::PermissionDenied
                | std::io::ErrorKind::ReadOnlyFilesystem => {
                    "choose a directory that can be written".to_string()
                }
                std::io::ErrorKind::StorageFull => "free some space and resume".to_string(),
                _ => return None,
            },
        })
    }
}

fn kind(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Table => "a table",
        DataKind::Images => "images",
    }
}

fn other_images(expected: &str, found: &str, path: Option<&PathBuf>) -> String {
    match path {
        Some(path) => format!("the run's images are {expected}, these are {found}: {}", path.display()),
        None => format!("training images are {expected}, test images are {found}"),
    }
}
