//! Parts for training, validation and testing.

use super::{Series, SeriesSet};
use crate::data::split::{self, Fractions};
use crate::data::{Cells, Column};
use crate::error::{DataError, SeriesError};
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

/// What is held out for testing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    /// Whether entities are held out.
    pub entities: bool,
    /// Whether the newest points are held out. With entities only their newest points are tested on, and only older points of
    /// the others are learned from.
    pub time: bool,
    /// The entities; chosen at random by their share if empty.
    pub named: Vec<String>,
    /// The moment from which points are held out; by their share without it.
    pub from: Option<f64>,
}

impl SeriesSet {
    /// Parts of which the last has what is held out. Held out by entity and time, the older points of its entities and the newer
    /// ones of the others are in no part. What is not tested on is validated on by its newest points, or by entities where no
    /// time is held out.
    ///
    /// # Errors
    /// Shares that are none, fewer times or entities than parts, a named entity that is not there.
    pub fn split_held(
        &self,
        held: &Held,
        fractions: Fractions,
        seed: Seed,
    ) -> Result<SeriesSplit, DataError> {
        let alone = Fractions { valid: 0.0, test: fractions.test };
        if let Some(entity) = held.named.iter().find(|name| !self.entities().contains(&name.as_str())) {
            let known = self.entities().into_iter().map(str::to_owned).collect();
            return Err(SeriesError::NoSuchEntity { entity: entity.clone(), known }.into());
        }
        let mut named = held.named.clone();
        if held.entities && named.is_empty() {
            named =
                self.split_by_entity(alone, seed)?.test.entities().into_iter().map(str::to_owned).collect();
        }
        let mut cut = None;
        if held.time {
            cut = held.from;
            if cut.is_none() {
                let test = self.split_by_time(alone)?.test;
                let first = |series: &Series| series.times.first().copied();
                cut = test.series.iter().filter_map(first).min_by(f64::total_cmp);
            }
        }
        let is_held = |series: &Series| !held.entities || named.contains(&series.entity);
        let part = |is_in: &dyn Fn(&Series) -> bool, newer: bool| {
            let cut = |series: &Series| {
                let at = cut.map_or(series.len(), |cut| series.times.partition_point(|time| *time < cut));
                let points = match (held.time, newer) {
                    (false, _) => 0..series.len(),
                    (true, true) => at..series.len(),
                    (true, false) => 0..at,
                };
                (!points.is_empty()).then(|| series.slice(points.start, points.end))
            };
            let series = self.series.iter().filter(|series| is_in(series)).filter_map(cut);
            Self { series: series.collect(), ..self.without_series() }
        };
        let test = part(&is_held, true);
        let learned = part(&|series| !held.entities || !is_held(series), false);
        if fractions.valid <= 0.0 {
            let valid = self.without_series();
            return Ok(SeriesSplit { train: learned, valid, test });
        }
        let share = Fractions { valid: 0.0, test: fractions.valid / (1.0 - fractions.test) };
        let SeriesSplit { train, test: valid, .. } = if held.time {
            learned.split_by_time(share)?
        } else {
            learned.split_by_entity(share, Seed(seed.key("validation")))?
        };
        Ok(SeriesSplit { train, valid, test })
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> SeriesSet {
        let series = |entity: &str| Series {
            entity: entity.to_owned(),
            times: (0..100).map(f64::from).collect(),
            values: vec![vec![0.0; 100]],
            labels: Vec::new(),
        };
        let series = ["a", "b", "c", "d"].map(series).to_vec();
        SeriesSet { channels: vec!["x".into()], time: None, series }
    }

    /// Entities and first and last time of each part.
    fn parts(held: &Held, fractions: Fractions) -> [(String, f64, f64); 3] {
        let split = set().split_held(held, fractions, Seed(1)).unwrap();
        [split.train, split.valid, split.test].map(|part| {
            let times = || part.series.iter().flat_map(|series| series.times.iter().copied());
            let (first, last) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
            (part.entities().concat(), first, last)
        })
    }

    #[test]
    fn held_entities_in_the_held_time_share_neither_with_what_is_learned_from() {
        let none = Fractions { valid: 0.0, test: 0.2 };
        let named = vec!["b".to_string(), "d".to_string()];
        let held = Held { entities: true, time: true, named: named.clone(), from: Some(70.0) };
        let [train, _, test] = parts(&held, none);
        assert_eq!((train, test), (("ac".into(), 0.0, 69.0), ("bd".into(), 70.0, 99.0)));
        // The newest of what is left is validated on.
        let [train, valid, _] = parts(&held, Fractions { valid: 0.16, test: 0.2 });
        assert_eq!((train.0.as_str(), valid.0.as_str()), ("ac", "ac"));
        assert!(train.2 < valid.1 && valid.2 == 69.0, "{train:?} {valid:?}");
        let drawn = Held { entities: true, time: true, named: Vec::new(), from: None };
        let [train, _, test] = parts(&drawn, Fractions { valid: 0.0, test: 0.25 });
        assert_eq!((train.0.len(), test.0.len(), train.2 + 1.0, test.1), (3, 1, 75.0, 75.0));
        assert!(!train.0.contains(&test.0));
        let by_name = Held { entities: true, named, ..Held::default() };
        let [train, _, test] = parts(&by_name, none);
        assert_eq!((train, test), (("ac".into(), 0.0, 99.0), ("bd".into(), 0.0, 99.0)));
    }

    #[test]
    fn an_entity_that_is_not_there_is_named() {
        let held = Held { entities: true, named: vec!["z".into()], ..Held::default() };
        let error = set().split_held(&held, Fractions { valid: 0.0, test: 0.2 }, Seed(1)).unwrap_err();
        assert_eq!(error.to_string(), "there is no series of `z`, but of `a`, `b`, `c`, `d`");
    }
}
