use std::path::PathBuf;

/// Errors of the area `figure`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// There is nothing to draw.
    #[error("nothing to draw in the figure '{figure}': {what} is empty")]
    Empty {
        /// The kind of figure.
        figure: &'static str,
        /// The part that has no values.
        what: String,
    },
    /// No value can be shown on its axis.
    #[error("nothing to draw in the figure '{figure}': none of the {count} values of {what} is {needed}")]
    NothingUsable {
        /// The kind of figure.
        figure: &'static str,
        /// The part whose values cannot be shown.
        what: String,
        /// How many values there are.
        count: usize,
        /// What a value must be, such as `finite and above zero`.
        needed: &'static str,
    },
    /// A number that must be finite is not.
    #[error("row {row} of {what} is {value}, the figure '{figure}' needs finite numbers")]
    NotFinite {
        /// The kind of figure.
        figure: &'static str,
        /// The list the number stands in.
        what: String,
        /// Its place in the list, from 1.
        row: usize,
        /// The number.
        value: f64,
    },
    /// Two parts of the input do not fit together.
    #[error("the figure '{figure}' needs {expected} values in {what}, found {found}")]
    Length {
        /// The kind of figure.
        figure: &'static str,
        /// The part with the wrong length.
        what: String,
        /// How many values it has.
        found: usize,
        /// How many values it must have.
        expected: usize,
    },
    /// A number that steers the drawing is outside its range.
    #[error("{what} of the figure '{figure}' is {found}, allowed is {allowed}")]
    Range {
        /// The kind of figure.
        figure: &'static str,
        /// The number's name.
        what: String,
        /// Its value.
        found: String,
        /// The values that are allowed.
        allowed: String,
    },
    /// The arrows of a diagram lead back to where they started.
    #[error("the arrows of the diagram form a circle through '{name}'")]
    Circle {
        /// A box on the circle.
        name: String,
    },
    /// The picture would have more pixels than can be drawn.
    #[error("the picture would be {width} x {height} pixels, at most {most} pixels are allowed")]
    TooLarge {
        /// Pixels from left to right.
        width: u64,
        /// Pixels from top to bottom.
        height: u64,
        /// The largest number of pixels.
        most: u64,
    },
    /// The file's ending names no picture format.
    #[error("a picture cannot be written as '{found}', the ending must be .svg or .png: {}", .path.display())]
    Ending {
        /// The ending found, or an empty text.
        found: String,
        /// The file that was to be written.
        path: PathBuf,
    },
    /// The picture's own description could not be turned into pixels.
    #[error("the picture could not be turned into pixels: {reason}")]
    Render {
        /// What the renderer says.
        reason: String,
    },
    /// A file could not be written.
    #[error("could not write the picture: {source}: {}", .path.display())]
    Write {
        /// What the system says.
        source: std::io::Error,
        /// The file that was to be written.
        path: PathBuf,
    },
}

impl FigureError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        use std::io::ErrorKind;
        match self {
            Self::NothingUsable { needed, .. } if needed.contains("above zero") => {
                Some("draw it with a linear axis".to_owned())
            }
            Self::NothingUsable { .. } | Self::NotFinite { .. } => {
                Some("look for where the numbers stop being finite".to_owned())
            }
            Self::TooLarge { .. } => Some("draw fewer or smaller parts, or write an SVG".to_owned()),
            Self::Ending { .. } => Some("name the file figure.svg or figure.png".to_owned()),
            Self::Circle { .. } => Some("let every arrow lead from an earlier box to a later one".to_owned()),
            Self::Write { source, path } => Some(match source.kind() {
                ErrorKind::NotFound => match path.parent() {
                    Some(parent) => format!("create the directory {}", parent.display()),
                    None => "name a file".to_owned(),
                },
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "choose a directory you may write to".to_owned()
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    "free some space or choose another disk; nothing that was there before is changed"
                        .to_owned()
                }
                ErrorKind::NotADirectory => {
                    "a part of this path is a file, choose another directory".to_owned()
                }
                _ => "check the directory and try again".to_owned(),
            }),
            Self::Empty { .. } | Self::Length { .. } | Self::Range { .. } | Self::Render { .. } => None,
        }
    }
}
