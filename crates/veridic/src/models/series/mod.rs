//! Models of series without a graph, one idea a file.
//!
//! [`Detector`] finds what does not belong, and [`alarms`] makes stretches of its scores. Under the protocols of the field the
//! default, [`FourSurprisesConfig`], is ahead of most networks; the simple ones are there to be compared with. [`WindowCopula`]
//! and [`CandleCopula`] make new paths and fill gaps.

mod alarm;
mod autoencoder;
mod autoregression;
mod average;
mod candle;
mod channel;
mod copula;
mod departure;
mod detector;
mod edge;
mod episode;
mod excess;
mod extreme;
mod four;
mod gap;
#[cfg(test)]
mod generator_tests;
mod group;
mod lag;
mod local;
mod margin;
mod model;
mod near;
mod nearest;
mod part;
mod path;
mod pca;
mod period;
mod seasonal;
mod subspace;
mod surprise;
#[cfg(test)]
mod tests;
mod trailing;
mod value;
mod walk;

pub use alarm::{Alarm, AlarmConfig, AlarmRule, alarm_table, alarms};
pub use autoencoder::WindowAutoencoderConfig;
pub use autoregression::AutoregressionConfig;
pub use candle::{CandleCopula, CandleCopulaConfig};
pub use copula::{Imputed, WindowCopula, WindowCopulaConfig};
pub use detector::{Detector, DetectorConfig, SeriesScores};
pub use four::FourSurprisesConfig;
pub use local::LocalPolynomialConfig;
pub use model::{AlarmChoice, ScoredSeries, SeriesModel, SeriesModelConfig};
pub use nearest::NearestWindowsConfig;
pub(crate) use path::PathConfig;
pub use path::{Continued, PathModel};
pub use pca::WindowPcaConfig;
pub use period::period;
pub use seasonal::SeasonalNaiveConfig;
pub use trailing::TrailingDistancesConfig;
