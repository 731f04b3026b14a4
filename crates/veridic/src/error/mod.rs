//! What can go wrong, with the values that made it go wrong and a hint what to do about it.
//!
//! One error type for the library, an enum per area. A message says what is wrong, what was found and what is
//! allowed; it is lower case, has no full stop and names the path last. [`Error::hint`] says how to go on.

mod catalog;
mod codec;
mod config;
mod content;
mod data;
mod evaluate;
mod figure;
mod image;
mod label;
mod map;
mod model;
mod project;
mod run;
mod series;
mod train;

pub use catalog::CatalogError;
pub use codec::{CodecError, ColumnProblem};
pub use config::ConfigError;
pub use content::ContentError;
pub(crate) use data::quoted;
pub use data::{DataError, ForeignMark, StrayCell};
pub use evaluate::EvaluateError;
pub use figure::FigureError;
pub use image::{ImageError, PictureGroup};
pub use label::LabelError;
pub use map::MapError;
pub use model::ModelError;
pub(crate) use model::as_code;
pub use project::ProjectError;
pub use run::RunError;
pub use series::SeriesError;
pub use train::TrainError;

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error of the library, by area.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading, checking or splitting data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data built in memory.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Looking up or checking a known data set.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Turning rows into numbers and back.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Measuring a result.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Making a projection.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// Keeping labels.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// Making a map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// Drawing a figure.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// A model without a graph: what it cannot learn from or answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A configuration or recipe.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A run or its directory.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Training.
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl From<veridic_graph::GraphError> for Error {
    fn from(error: veridic_graph::GraphError) -> Self {
        Self::Train(error.into())
    }
}

impl Error {
    /// What the user can do about it, as one sentence, if there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Data(error) => error.hint(),
            Self::Content(error) => error.hint(),
            Self::Catalog(error) => error.hint(),
            Self::Codec(error) => error.hint(),
            Self::Evaluate(error) => error.hint(),
            Self::Project(error) => error.hint(),
            Self::Label(error) => error.hint(),
            Self::Map(error) => error.hint(),
            Self::Figure(error) => error.hint(),
            Self::Model(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Train(error) => error.hint(),
        }
    }
}
