//! Parts for training, validation and testing.

use super::{Series, SeriesSet};
use crate::data::split::{self, Fractions};
use crate::data::{Cells, Column};
use crate::error::DataError;
use crate::seed::Seed;

/// Series in three parts; windows are made within a part, so none sees two.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSplit {
    /// Series to learn from.
    pub train: SeriesSet,
    /// Series to stop by.
    pub valid: SeriesSet,
    /// Series to test on.
    pub test: SeriesSet,
}

impl SeriesSet {
    /// Cuts all series at the same two moments, so that the parts have their share of all points: what a later part knows of
    /// one entity, an earlier part cannot know through another. A series without points in a part is not in it.
    ///
    /// # Errors
    /// Shares that are none, fewer times than parts.
    pub fn split_by_time(&self, fractions: Fractions) -> Result<SeriesSplit, DataError> {
        let times: Vec<f64> = self.series.iter().flat_map(|series| series.times.iter().copied()).collect();
        let name = self.time.as_ref().map_or_else(|| "time".to_owned(), |column| column.name.clone());
        let column = Column { name, cells: Cells::Number(times) };
        let rows = split::by_time(&column, fractions)?;
        let Cells::Number(times) = &column.cells else { unreachable!("it was just made") };
        let latest = |rows: &[usize]| rows.iter().fold(f64::NEG_INFINITY, |last, &row| last.max(times[row]));
        let first_cut = latest(&rows.train);
        let second_cut = latest(&rows.valid).max(first_cut);
        let part = |after: f64, until: f64| {
            let cut = |series: &Series| {
                let start = series.times.partition_point(|time| *time <= after);
                let end = series.times.partition_point(|time| *time <= until);
                (end > start).then(|| series.slice(start, end))
            };
            Self { series: self.series.iter().filter_map(cut).collect(), ..self.without_series() }
        };
        Ok(SeriesSplit {
            train: part(f64::NEG_INFINITY, first_cut),
            valid: part(first_cut, second_cut),
            test: part(second_cut, f64::INFINITY),
        })
    }

    /// Assigns whole entities at random, until each part has its share of the points.
    ///
    /// # Errors
    /// Shares that are none, fewer entities than parts.
    pub fn split_by_entity(&self, fractions: Fractions, seed: Seed) -> Result<SeriesSplit, DataError> {
        let levels: Vec<String> = self.entities().into_iter().map(str::to_owned).collect();
        let place = |entity: &str| levels.iter().position(|level| level == entity).unwrap_or(0) as u32;
        let codes: Vec<u32> =
            self.series.iter().flat_map(|series| vec![place(&series.entity); series.len()]).collect();
        let name = "entity".to_owned();
        let column = Column { name, cells: Cells::Text { codes: codes.clone(), levels: levels.clone() } };
        let rows = split::by_entity(&column, fractions, seed)?;
        let part = |rows: &[usize]| {
            let mut of = vec![false; levels.len()];
            rows.iter().for_each(|&row| of[codes[row] as usize] = true);
            let is_in = |series: &&Series| of[place(&series.entity) as usize] && !series.is_empty();
            Self { series: self.series.iter().filter(is_in).cloned().collect(), ..self.without_series() }
        };
        Ok(SeriesSplit { train: part(&rows.train), valid: part(&rows.valid), test: part(&rows.test) })
    }

    fn without_series(&self) -> Self {
        Self { channels: self.channels.clone(), time: self.time.clone(), series: Vec::new() }
    }
}

impl SeriesSplit {
    /// Entities of `valid` and `test` that `train` does not have.
    pub fn unseen_entities(&self) -> Vec<String> {
        let known = self.train.entities();
        let later = self.valid.series.iter().chain(&self.test.series);
        let mut unseen: Vec<String> = Vec::new();
        for series in later {
            if !known.contains(&series.entity.as_str()) && !unseen.contains(&series.entity) {
                unseen.push(series.entity.clone());
            }
        }
        unseen
    }
}
