//! New paths of series, paths that go on from a past, and missing stretches filled.

use super::{Fitted, Given, Model};
use crate::data::series::{Series, SeriesConfig, SeriesSet};
use crate::data::{Data, Kind, Schema, Table};
use crate::error::{ConfigError, DataError, Result, SeriesError};
use crate::figure::{self, Figure, PathFan};
use crate::models::series::{Continued, PathModel};
use crate::models::{Ability, TableModel};
use crate::seed::Seed;

/// So many times the length of its paths a past is drawn.
const PAST: usize = 3;

/// Paths that were made.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// The paths, of one length each: new ones named `1`, `2`, …, those of an entity `ENTITY/1`, ….
    pub set: SeriesSet,
    /// What the first paths go on from, where they do.
    pub past: Option<Series>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// How many paths go on from that past.
    together: usize,
    main_channel: usize,
    layout: SeriesConfig,
    schema: Schema,
}

/// Refuses paths that would need more than 16 GB, as series, as a table and as what makes them.
fn check_points(paths: usize, length: usize, channels: usize) -> Result<()> {
    const MOST: f64 = 16e9;
    const COPIES: f64 = 6.0;
    let bytes = paths as f64 * length as f64 * (channels + 2) as f64 * 8.0 * COPIES;
    if bytes <= MOST {
        return Ok(());
    }
    Err(DataError::from(SeriesError::ManyPoints { paths, length, bytes, most: MOST }).into())
}

impl Fitted {
    fn path_model(&self, ability: Ability) -> Result<(&TableModel, &PathModel)> {
        let Model::Table(model) = &self.model else { return Err(self.cannot(ability)) };
        match model.paths() {
            Some(paths) if self.can(ability) => Ok((model, paths)),
            _ => Err(self.cannot(ability)),
        }
    }

    /// Makes `n` new paths of `length` points, by default a window's. Their times follow those that were learned from.
    ///
    /// # Errors
    /// A model of something else; more points than memory holds.
    pub fn paths(&self, n: usize, length: Option<usize>, seed: u64) -> Result<Paths> {
        let (table, model) = self.path_model(Ability::Continue)?;
        let length = length.unwrap_or(model.window()).max(1);
        check_points(n, length, model.channels().len())?;
        let set = model.sample(n, length, Seed(seed), table.schema());
        Ok(Paths {
            set,
            past: None,
            notes: Vec::new(),
            together: n,
            main_channel: model.main_channel(),
            layout: model.layout().clone(),
            schema: table.schema().clone(),
        })
    }

    /// For each series of the data, `n` ways in which it may go on for `length` points, by default a window's. What its last
    /// window was like counts: a stormy past gives stormy paths.
    ///
    /// # Errors
    /// A model of something else; data that cannot be read or is no series like those that were learned from, or that
    /// has missing values at its end.
    pub fn paths_after(
        &self,
        given: impl Into<Given>,
        n: usize,
        length: Option<usize>,
        seed: u64,
    ) -> Result<Paths> {
        let (table, model) = self.path_model(Ability::Continue)?;
        let reading = self.read(given)?;
        let Data::Table(rows, schema) = &reading.data else { return Err(self.cannot(Ability::Continue)) };
        let length = length.unwrap_or(model.window()).max(1);
        check_points(n, length, model.channels().len())?;
        let mut parts = model.continue_from((rows, schema), n, length, Seed(seed))?.into_iter();
        let empty = SeriesSet { channels: model.channels().to_vec(), time: None, series: Vec::new() };
        let (past, mut set) =
            parts.next().map_or((None, empty), |Continued { past, paths }| (Some(past), paths));
        set.series.extend(parts.flat_map(|part| part.paths.series));
        Ok(Paths {
            set,
            past,
            notes: reading.notes,
            together: n,
            main_channel: model.main_channel(),
            layout: model.layout().clone(),
            schema: table.schema().clone(),
        })
    }

    /// The series of the data with missing values filled, and what the user should know; see [`PathModel`].
    pub(super) fn fill_series(&mut self, given: impl Into<Given>, m: usize) -> Result<(Data, Vec<String>)> {
        if self.windows().is_some() {
            return self.fill_windows(given, m);
        }
        let (table, model) = self.path_model(Ability::FillSeries)?;
        if m > 1 {
            return Err(ConfigError::Conflict {
                what: "missing stretches of series are filled once, with the bounds of what may have been"
                    .to_string(),
                remedy: "leave `-n` out".to_string(),
            }
            .into());
        }
        let reading = self.read(given)?;
        let Data::Table(rows, schema) = &reading.data else { return Err(self.cannot(Ability::FillSeries)) };
        let (set, count) = model.impute(rows, schema)?.ok_or_else(|| self.cannot(Ability::FillSeries))?;
        let mut notes = reading.notes;
        notes.push(match count {
            0 => "no value was missing".to_string(),
            1 => "1 value was filled".to_string(),
            n => format!("{n} values were filled"),
        });
        let (filled, kinds) = set.to_table(model.layout(), table.schema());
        Ok((Data::Table(filled, kinds), notes))
    }
}

impl Paths {
    /// The channel that is looked at first: the close of candles, else the first.
    pub fn main_channel(&self) -> usize {
        self.main_channel
    }

    /// The paths as a table in the form of the data.
    pub fn table(&self) -> (Table, Schema) {
        self.set.to_table(&self.layout, &self.schema)
    }

    /// The first paths as a fan, after the past that they go on from: the close of candles, else the first channel.
    ///
    /// # Errors
    /// Nothing that can be drawn.
    pub fn figure(&self) -> Result<Figure> {
        let channel = self.main_channel;
        let name = self.set.channels.get(channel).map_or("", String::as_str);
        let of = |series: &Series| series.values.get(channel).cloned().unwrap_or_default();
        let paths: Vec<Vec<f64>> = self.set.series.iter().take(self.together).map(of).collect();
        let times = self.set.series.first().map_or(&[][..], |series| &series.times);
        let (past_times, past) = match &self.past {
            Some(past) => {
                let from = past.len().saturating_sub(PAST * times.len());
                (past.times[from..].to_vec(), of(past)[from..].to_vec())
            }
            None => Default::default(),
        };
        let title = match self.past.as_ref().map(|past| past.entity.as_str()) {
            Some("") => "Ways to go on".to_string(),
            Some(entity) => format!("Ways in which {entity} may go on"),
            None => "New paths".to_string(),
        };
        let time = self.set.time.as_ref();
        Ok(figure::path_fan(&PathFan {
            title: &title,
            x_label: time.map_or("point", |column| column.name.as_str()),
            y_label: name,
            past_times: &past_times,
            past: &past,
            times,
            paths: &paths,
            actual: None,
            dates: time.is_some_and(|column| matches!(column.kind, Kind::DateTime { .. })),
        })?)
    }
}
