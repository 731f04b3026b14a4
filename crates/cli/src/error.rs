//! Every error in the user's words, with its exit code: 1 for the user's input, 70 for a bug.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use veridic::error::ProjectError;

use crate::fetch::FetchError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The library refused.
    #[error(transparent)]
    Library(#[from] veridic::Error),
    /// Labels could not be kept, or their page not be served.
    #[error(transparent)]
    Studio(Box<veridic_studio::StudioError>),
    /// Nothing says where labels go.
    #[error("labels need a file")]
    NoLabelFile,
    /// A data set could not be fetched.
    #[error(transparent)]
    Fetch(Box<FetchError>),
    /// Standard output cannot be written.
    #[error("could not write to standard output")]
    Stdout(#[source] io::Error),
    /// Images have no form in which they could go to a terminal.
    #[error("images cannot be shown here, a file is needed")]
    ImagesNeedFile,
    /// A file that does not say where it comes from.
    #[error("the file says nothing of its origin: {}", path.display())]
    NoProvenance {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not what it says.
    #[error("the file was changed since it was made: {}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file of another run.
    #[error("the file was made by another run, {found}, than {}, which is {expected}", run.display())]
    OtherRun {
        /// The digest in the file.
        found: String,
        /// That of the run.
        expected: String,
        /// The run.
        run: PathBuf,
    },
    /// What is scored is no row.
    #[error("--id names rows, and the run scores points of series, which are named by their times")]
    PointsHaveTimes,
    /// A number of rows beside a file that has its own.
    #[error("--like makes a row for each row of its file, and -n says another number")]
    LikeHasRows,
    /// Pages and pictures of scores show rows.
    #[error("--page and --figure show rows, and the run scores points of series")]
    PagesAreOfRows,
    /// A row that is not there.
    #[error("there is no row {row}, the last is {rows}")]
    NoSuchRow {
        /// The row asked for, from 1.
        row: usize,
        /// The rows there are.
        rows: usize,
    },
    /// An ending that images cannot be written with.
    #[error(
        "cannot write images as `{ending}`, known are png, csv, csv.gz, parquet and json: {}",
        path.display()
    )]
    ImageEnding {
        /// The ending.
        ending: String,
        /// The file.
        path: PathBuf,
    },
    /// An ending that neither rows nor pictures can be written with.
    #[error(
        "cannot write `{ending}`, known are csv, csv.gz, parquet and json, and {pictures} for pictures: {}",
        path.display()
    )]
    OutputEnding {
        /// The ending.
        ending: String,
        /// Endings of pictures.
        pictures: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The output would take the place of what is read.
    #[error("the output would replace the data that is read or a file of the run: {}", path.display())]
    WouldReplace {
        /// The file.
        path: PathBuf,
    },
    /// Two outputs, or an output and the report beside another, are one file.
    #[error("{} and {what} would be the same file: {}", first.display(), path.display())]
    SameOutput {
        /// The output named first.
        first: PathBuf,
        /// The other file.
        what: String,
        /// Where both would go.
        path: PathBuf,
    },
    /// Rows of a table cannot be a picture.
    #[error("cannot write a table as a picture, known are csv, csv.gz, parquet and json: {}", path.display())]
    TableAsPicture {
        /// The file.
        path: PathBuf,
    },
    /// An ending that a map cannot be written with.
    #[error("cannot write a map as `{ending}`, known are {}: {}", veridic::run::MAP_ENDINGS.join(", "), path.display())]
    MapEnding {
        /// The ending.
        ending: String,
        /// The file.
        path: PathBuf,
    },
    /// An ending that a picture cannot be drawn with.
    #[error("cannot draw `{ending}`, known are png and svg: {}", path.display())]
    FigureEnding {
        /// The ending.
        ending: String,
        /// The file.
        path: PathBuf,
    },
    /// An ending that a page cannot be written with.
    #[error("cannot write a page as `{ending}`, known is html: {}", path.display())]
    PageEnding {
        /// The ending.
        ending: String,
        /// The file.
        path: PathBuf,
    },
    /// There is no folder of data sets.
    #[error("there is no folder {}", dir.display())]
    NoDataDir {
        /// Where data sets were looked for.
        dir: PathBuf,
    },
    /// An ending that a film cannot be written with.
    #[error("cannot write a film as `{ending}`, known are png, apng and mp4: {}", path.display())]
    FilmEnding {
        /// The ending.
        ending: String,
        /// The file.
        path: PathBuf,
    },
    /// The program that makes an MP4 is not there or failed.
    #[error("ffmpeg could not make the film: {reason}: {}", path.display())]
    Ffmpeg {
        /// What it said.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// Data sets are missing or not what was published.
    #[error("not there, or not as published: {}", names.join(", "))]
    DataWrong {
        /// Their names.
        names: Vec<String>,
        /// Where they lie.
        dir: PathBuf,
    },
}

impl From<FetchError> for CliError {
    fn from(error: FetchError) -> Self {
        Self::Fetch(Box::new(error))
    }
}

impl From<veridic::error::DataError> for CliError {
    fn from(error: veridic::error::DataError) -> Self {
        Self::Library(error.into())
    }
}

impl From<veridic::error::FigureError> for CliError {
    fn from(error: veridic::error::FigureError) -> Self {
        Self::Library(error.into())
    }
}

impl CliError {
    /// The exit code that tells scripts what kind of failure it was.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Fetch(error) if matches!(**error, FetchError::Interrupted { .. }) => {
                crate::interrupt::EXIT_CODE
            }
            Self::Library(veridic::Error::Project(ProjectError::Stopped)) => crate::interrupt::EXIT_CODE,
            _ => 1,
        }
    }

    /// Whether it failed only because the reader of the output has gone, which is no failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
                return true;
            }
            cause = error.source();
        }
        false
    }

    /// The lines `error: …`, `caused by: …`, `hint: …`.
    pub(crate) fn render(&self) -> String {
        let mut last = self.to_string();
        let mut text = format!("error: {}", one_line(&last));
        let mut cause = self.source();
        while let Some(error) = cause {
            let message = error.to_string();
            // Some messages quote their cause.
            if !last.contains(&message) {
                text.push_str("\ncaused by: ");
                text.push_str(&one_line(&message));
            }
            last = message;
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            text.push_str("\nhint: ");
            text.push_str(&one_line(&hint));
        }
        text
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Library(error) => {
                crate::wording::hint(error).or_else(|| Some(crate::wording::worded(&error.hint()?)))
            }
            Self::Studio(error) => error.hint(),
            Self::NoLabelFile => Some("name it with --labels, as in --labels labels.db".to_owned()),
            Self::Fetch(error) => error.hint(),
            Self::Stdout(error) => (error.kind() == io::ErrorKind::StorageFull)
                .then(|| "free some space, or write to a file on another disk with -o FILE".to_owned()),
            Self::ImagesNeedFile => Some(
                "-o FILE.png makes one picture of all of them, -o FILE.csv one row of pixels an image (-o - \
                 for that on standard output)"
                    .to_owned(),
            ),
            Self::NoProvenance { .. } => Some(
                "only files that were made by `sample`, `fill`, `reconstruct` and `latent` say it; beside CSV and JSON, \
                 FILE.provenance.json must be kept"
                    .to_owned(),
            ),
            Self::Changed { .. } => Some("what it says of its origin holds for what it was".to_owned()),
            Self::OtherRun { .. } => {
                Some("a run that was fitted again with other data or settings is another one".to_owned())
            }
            Self::PagesAreOfRows => Some("`veridic alarms RUN DATA --figure FILE` draws series".to_owned()),
            Self::NoSuchRow { rows, .. } => Some(format!("give a number from 1 to {rows}")),
            Self::LikeHasRows => Some("leave -n out".to_owned()),
            Self::PointsHaveTimes => Some("leave --id out".to_owned()),
            Self::ImageEnding { .. } => {
                Some("png makes one picture of all of them, csv one row of pixels an image".to_owned())
            }
            Self::MapEnding { .. } => Some(
                "csv is coordinates, png and svg are pictures, html is a page to look around in".to_owned(),
            ),
            Self::SameOutput { .. } => Some(
                "name every output once; the figures of a map NAME.csv go to NAME.report.json beside it"
                    .to_owned(),
            ),
            Self::OutputEnding { .. } | Self::FigureEnding { .. } => {
                Some("choose one of these endings".to_owned())
            }
            Self::WouldReplace { .. } => Some("name another file with -o, or with --figure where that is the one".to_owned()),
            Self::TableAsPicture { .. } => Some("give the file one of these endings".to_owned()),
            Self::PageEnding { path, .. } => {
                Some(format!("name it {}", crate::command::quoted(&path.with_extension("html"))))
            }
            Self::NoDataDir { .. } => Some(
                "name the folder below which data sets lie with --data-dir; `veridic data fetch NAME` makes it".to_owned(),
            ),
            Self::FilmEnding { .. } => Some("png is an animated PNG, which browsers play".to_owned()),
            Self::Ffmpeg { .. } => {
                Some("install ffmpeg, or write an animated PNG with -o FILE.png".to_owned())
            }
            Self::DataWrong { names, dir } => Some(format!(
                "look at the list above; `veridic data fetch {} --data-dir {}` brings what is missing, with \
                 --overwrite also what is wrong",
                names.join(" "),
                crate::command::quoted(dir)
            )),
        }
    }
}

/// `text` without line ends and control characters, so that a file's content cannot break the lines of an error.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.trim_end().chars() {
        match character {
            '\n' => line.push(' '),
            '\r' => {}
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use veridic::error::DataError;

    use super::*;

    fn unwritable(kind: io::ErrorKind) -> CliError {
        DataError::Write { path: Path::new("a.csv").to_owned(), source: kind.into() }.into()
    }

    #[test]
    fn an_error_is_its_message_its_causes_and_a_hint_a_line_each() {
        let expected = "error: could not write: a.csv\n\
                        caused by: no storage space\n\
                        hint: free some space or write to another disk; what was there before is untouched";
        assert_eq!(unwritable(io::ErrorKind::StorageFull).render(), expected);
    }

    #[test]
    fn a_cause_that_the_message_quotes_is_not_repeated() {
        let error = CliError::Library(veridic::Error::Figure(veridic::error::FigureError::Write {
            path: "a.png".into(),
            source: io::ErrorKind::PermissionDenied.into(),
        }));
        assert!(!error.render().contains("caused by"), "{}", error.render());
    }

    #[test]
    fn a_broken_pipe_is_found_below_other_errors() {
        assert!(unwritable(io::ErrorKind::BrokenPipe).is_broken_pipe());
        assert!(!unwritable(io::ErrorKind::StorageFull).is_broken_pipe());
    }

    #[test]
    fn line_ends_and_control_characters_of_a_file_stay_inside_a_line() {
        assert_eq!(one_line("a\nb\r\u{1b}[31m\n"), "a b\\u{1b}[31m");
    }
}
