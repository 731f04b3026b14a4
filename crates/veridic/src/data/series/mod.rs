//! Series: values of one or more channels by time, one series an entity.
//!
//! [`SeriesSet::from_table`] makes them from a table as [`SeriesConfig`] says. Nothing is put in order, filled or joined in
//! silence: times out of order, repeated or off their grid are errors that name the setting which allows them.

pub(crate) mod candle;
mod change;
mod config;
mod form;
mod grid;
mod note;
mod part;
mod resample;
mod row;
mod scaling;
mod set;
mod table;
#[cfg(test)]
mod tests;
mod window;

pub use candle::Candles;
pub use config::{
    Aggregate, Duplicates, SeriesConfig, SeriesForm, Spacing, Unsorted, WindowConfig, WindowForm, WindowScale,
};
pub(crate) use note::{no_channels, untimed};
pub use part::{Held, SeriesSplit};
pub use row::{WindowColumns, WindowRows};
pub use scaling::{Scale, Scaling, SeriesScaler};
pub use set::{Series, SeriesSet};
pub use window::{Window, Windows};
