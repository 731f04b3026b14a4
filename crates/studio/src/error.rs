//! What can go wrong around labels and their server.

use std::io;
use std::path::PathBuf;

/// Why labels could not be kept, or their page not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudioError {
    /// The library refused.
    #[error(transparent)]
    Library(#[from] veridic::Error),
    /// The file of labels cannot be read or written.
    #[error("the labels cannot be read or written: {}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A file that is no file of labels.
    #[error("this is no file of labels: {}", path.display())]
    NotLabels {
        /// The file.
        path: PathBuf,
    },
    /// There is no such file.
    #[error("there are no labels: {}", path.display())]
    NoLabels {
        /// The file.
        path: PathBuf,
    },
    /// A file of a later version of Veridic.
    #[error("the labels have format {found}, this version reads {known}: {}", path.display())]
    Format {
        /// The format of the file.
        found: i64,
        /// The format this version reads.
        known: i64,
        /// The file.
        path: PathBuf,
    },
    /// The labels belong to other data.
    #[error("the labels are of other data: {reason}: {}", path.display())]
    OtherData {
        /// What does not fit.
        reason: String,
        /// The file of labels.
        path: PathBuf,
    },
    /// Rows that were labelled are not as they were.
    #[error("{rows} of the {of} rows that were shown have changed since, the first is row {first}: {}", path.display())]
    ChangedData {
        /// Rows that changed.
        rows: usize,
        /// Rows that were shown.
        of: usize,
        /// The first of them, from 1.
        first: usize,
        /// The file of labels.
        path: PathBuf,
    },
    /// Another process has the file, and cannot be asked.
    #[error("another program is labelling with this file: {}", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// No classes, or only one.
    #[error("labels need at least two classes, there are {found}")]
    FewClasses {
        /// How many there are.
        found: usize,
    },
    /// A class that cannot be one.
    #[error("a class cannot be called `{name}`: {reason}")]
    ClassName {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// Classes of the file that are not among those given.
    #[error("the file has labels of other classes: {}: {}", names.join(", "), path.display())]
    LostClasses {
        /// Their names.
        names: Vec<String>,
        /// The file.
        path: PathBuf,
    },
    /// A class in an import that the file does not have.
    #[error("{rows} rows have classes that are not known: {}: {}", names.join(", "), path.display())]
    UnknownClasses {
        /// Their names, at most ten.
        names: Vec<String>,
        /// Rows that have them.
        rows: usize,
        /// The file that was to be imported.
        path: PathBuf,
    },
    /// A file that has no labels that could be imported.
    #[error("cannot import: {reason}: {}", path.display())]
    Import {
        /// What is wrong.
        reason: String,
        /// What would help.
        remedy: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// An ending that labels cannot be written with.
    #[error("cannot write labels as `{ending}`, known are csv, csv.gz, jsonl and parquet: {}", path.display())]
    ExportEnding {
        /// The ending.
        ending: String,
        /// The file.
        path: PathBuf,
    },
    /// The sums do not agree.
    #[error("the labels do not add up: {}: {}", problems.join("; "), path.display())]
    Inconsistent {
        /// What is wrong, at most ten sentences.
        problems: Vec<String>,
        /// The file.
        path: PathBuf,
    },
    /// A port that cannot be listened on.
    #[error("cannot listen on port {port} of this machine")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// A file beside the labels cannot be read or written.
    #[error("cannot use the file: {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such run.
    #[error("there is no run `{name}` here")]
    NoRun {
        /// The name.
        name: String,
    },
    /// There is no such folder of runs.
    #[error("there is no folder of runs: {}", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The server failed.
    #[error("the server has stopped")]
    Server(#[source] io::Error),
    /// What a page asked for cannot be done; the message is for the person at it.
    #[error("{0}")]
    Refused(String),
}

impl StudioError {
    /// What the user can do about it, as one sentence.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Library(error) => return error.hint(),
            Self::Database { source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => {
                    "free some space; every label that was confirmed is kept".to_string()
                }
                Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => {
                    "choose a file in a folder that is there and may be written to".to_string()
                }
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                    "close the program that has the file open for writing".to_string()
                }
                Some(rusqlite::ErrorCode::DatabaseCorrupt) => "go back to a copy of the file".to_string(),
                _ => return None,
            },
            Self::NotLabels { .. } => "name a new file, or one that `veridic label` made".to_string(),
            Self::NoLabels { .. } => {
                "check the path; `veridic label DATA --labels FILE` makes one".to_string()
            }
            Self::Format { .. } => "use the version of Veridic that made it, or a later one".to_string(),
            Self::OtherData { .. } => "name another file of labels for this data with --labels".to_string(),
            Self::ChangedData { path, .. } => format!(
                "label the data as it was; or carry over what still fits: `--export old.csv` from this file, then \
                 `--import old.csv` into a new one, where rows are found by their content ({} stays as it is)",
                path.display()
            ),
            Self::InUse { .. } => "close it first".to_string(),
            Self::FewClasses { .. } => "name them, as in --classes genuine,fraud".to_string(),
            Self::ClassName { .. } => "choose another name".to_string(),
            Self::LostClasses { .. } => "name all of them; classes can be added, not taken away".to_string(),
            Self::UnknownClasses { .. } => {
                "add them with --classes, or say which they are with --rename THEIRS=OURS".to_string()
            }
            Self::Import { remedy, .. } => (*remedy).to_string(),
            Self::ExportEnding { .. } => "give the file one of these endings".to_string(),
            Self::Inconsistent { .. } => {
                "the file was changed by another program or a broken disk; go back to a copy".to_string()
            }
            Self::Port { .. } => "choose another with --port, or leave it out".to_string(),
            Self::File { .. } => "check that its folder is there and may be written to".to_string(),
            Self::NoFolder { .. } => "fit something first, or name the folder where runs are".to_string(),
            Self::Server(_) | Self::Refused(_) | Self::NoRun { .. } => return None,
        })
    }
}

impl From<veridic::error::DataError> for StudioError {
    fn from(error: veridic::error::DataError) -> Self {
        Self::Library(error.into())
    }
}

impl From<veridic::error::LabelError> for StudioError {
    fn from(error: veridic::error::LabelError) -> Self {
        Self::Library(error.into())
    }
}
