//! A run: from a configuration and data to a directory that holds everything, and back from the directory to a model.

mod config;
mod dataset;
mod demo;
mod directory;
mod figures;
mod fit;
mod map;
mod open;
mod recipe;
mod report;

pub use config::{Config, DataConfig, EvaluateConfig, FigureConfig, FigureKind, SplitBy, SplitConfig};
pub use demo::{Demo, demo};
pub use directory::{RunInfo, Status};
pub use fit::{FitOptions, Fitted, Planned, fit, plan};
pub use map::{MAP_ENDINGS, MapConfig, MapEvent, MapMethod, MapOptions, MapStage, Mapped, map};
pub use open::{Run, Sampled};
pub use recipe::{Recipe, recipes};
