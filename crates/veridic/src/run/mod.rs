//! A run: from a configuration and data to a directory that holds everything, and back from the directory to a model.

mod augment;
mod compare;
mod condition;
mod config;
mod criterion;
mod dataset;
mod demo;
mod denoise;
mod directory;
mod drawable;
mod encoding;
mod explore;
mod figures;
mod fit;
mod judge;
mod made;
mod map;
mod memory;
mod merit;
mod open;
mod posterior;
mod recipe;
mod report;
mod sample;
mod seeds;
mod snapshot;
mod suitable;

pub use augment::AugmentConfig;
pub use compare::{CompareOptions, Comparison, compare};
pub use config::{Config, DataConfig, EvaluateConfig, FigureConfig, FigureKind, SplitBy, SplitConfig};
pub use dataset::{looks_like_images, table_options};
pub use demo::{Demo, demo};
pub use directory::{RunInfo, Status};
pub use encoding::Group;
pub use explore::{Walk, Walked};
pub use fit::{FitOptions, Fitted, Planned, fit, plan};
pub use made::film;
pub use map::{
    MAP_ENDINGS, MapConfig, MapEvent, MapMethod, MapOptions, MapStage, Mapped, map, map_report_path,
};
pub use open::Run;
pub use recipe::{Recipe, recipes};
pub use sample::Sampled;
