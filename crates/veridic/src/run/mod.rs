//! A run: from a configuration and data to a directory that holds everything, and back from the directory to a model.

//! One room a question:
//!
//! | room | what it holds |
//! |---|---|
//! | `config` | what decides a run: TOML, overrides, recipes |
//! | `dataset` | the data of a run: found, read, parted, encoded |
//! | `check` | whether a configuration suits the data, asked before training |
//! | `evaluation` | a table against another that claims to be like it |
//! | `directory` | the files of a run |
//! | `fit` | from data to a fitted model, in memory or as a directory |
//! | `fitted` | a fitted model and its uses |
//! | `report` | the figures of `report.json`, and comparisons of runs |
//! | `figures` | the pictures of a run |
//! | `map` | maps of runs and matrices |

mod check;
mod config;
mod dataset;
mod demo;
mod directory;
mod evaluation;
mod figures;
mod fit;
mod fitted;
mod form;
mod map;
mod report;
mod shadow;
mod tensor;

pub use config::recipe::{Recipe, recipes};
pub use config::{
    Config, DataConfig, EvaluateConfig, FigureConfig, FigureKind, ImagesConfig, PrivacyConfig, SplitBy,
    SplitConfig,
};
pub use dataset::few::FewConfig;
pub use dataset::{TableReading, looks_like_images, table_options};
pub use demo::{Demo, demo};
pub use directory::{RunInfo, Status};
pub use evaluation::{
    Evaluation, EvaluationOptions, FairnessOf, Finding, Judged, Missed, NamedAttack, Proxy, Quasi, RowCounts,
    Word, evaluate, evaluate_files,
};
pub use fit::watch::film;
pub use fit::{FitOptions, FittedRun, Live, Planned, fit, fit_files, fit_watched, plan};
pub use fitted::encoding::Group;
pub use fitted::explore::{Walk, Walked};
pub use fitted::space::{Codes, OwnRows};
pub use fitted::{Alarms, Fitted, Given, Inverted, NoiseClusters, Paths, Reading, Reason, ScorePage, Scores};
pub use map::{
    MAP_ENDINGS, MapConfig, MapEvent, MapMethod, MapOptions, MapStage, Mapped, map, map_report_path,
};
pub use report::augment::AugmentConfig;
pub use report::compare::{CompareOptions, Comparison, compare};
pub use report::few_labels::FewLabelsConfig;
pub use shadow::Shadow;
