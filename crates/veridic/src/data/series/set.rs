//! Series in memory.

use super::grid::rounded;
use crate::data::{ColumnSchema, Kind, date, number};
use crate::error::SeriesError;

/// Series of the same channels.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSet {
    /// Names of the channels.
    pub channels: Vec<String>,
    /// The name and kind of the times; points are numbered from 0 without it.
    pub time: Option<ColumnSchema>,
    /// The series; of one entity there may be several that follow each other, with a gap between.
    pub series: Vec<Series>,
}

/// Values by time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What the series is of; empty where there is only one.
    pub entity: String,
    /// Rising times: seconds since 1970-01-01T00:00:00 UTC, or numbers of another unit.
    pub times: Vec<f64>,
    /// Values of each channel, a point each; a missing one is NaN.
    pub values: Vec<Vec<f64>>,
    /// Whether each point is known to be unusual; empty where nothing is known.
    pub labels: Vec<bool>,
}

impl Series {
    /// Points.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Whether any value of point `i` is there.
    pub fn is_known(&self, i: usize) -> bool {
        self.values.iter().any(|channel| !channel[i].is_nan())
    }

    /// The points from `start` up to, but without, `end`.
    ///
    /// # Panics
    /// If they are not points of the series.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        Self {
            entity: self.entity.clone(),
            times: self.times[start..end].to_vec(),
            values: self.values.iter().map(|channel| channel[start..end].to_vec()).collect(),
            labels: if self.labels.is_empty() { Vec::new() } else { self.labels[start..end].to_vec() },
        }
    }

    /// The usual step: the median of the steps between points; 1 for a single point.
    pub fn step(&self) -> f64 {
        let mut steps: Vec<f64> = self.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        if steps.is_empty() {
            return 1.0;
        }
        let middle = steps.len() / 2;
        *steps.select_nth_unstable_by(middle, f64::total_cmp).1
    }
}

impl SeriesSet {
    /// One series of one channel, its points numbered from 0.
    pub fn single(name: &str, values: Vec<f64>) -> Self {
        let times = (0..values.len()).map(|i| i as f64).collect();
        let series = Series { times, values: vec![values], ..Series::default() };
        Self { channels: vec![name.to_owned()], time: None, series: vec![series] }
    }

    /// Points of all series.
    pub fn n_points(&self) -> usize {
        self.series.iter().map(Series::len).sum()
    }

    /// The entities in the order in which they come first.
    pub fn entities(&self) -> Vec<&str> {
        let mut entities: Vec<&str> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for series in &self.series {
            if seen.insert(series.entity.as_str()) {
                entities.push(&series.entity);
            }
        }
        entities
    }

    /// A time as the file has it.
    pub fn moment(&self, time: f64) -> String {
        moment(self.time.as_ref(), time)
    }

    /// The time that a text stands for, written as the file writes times or as an ISO date; nothing for another text.
    pub fn time_of(&self, text: &str) -> Option<f64> {
        const ISO: [&str; 3] = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
        match self.time.as_ref().map(|column| &column.kind) {
            Some(Kind::DateTime { format, .. }) => {
                std::iter::once(format.as_str()).chain(ISO).find_map(|format| date::parse(text, format))
            }
            _ => number::parse(text),
        }
    }

    /// What was made of the rows, in one line: how many series of how many points, their step and channels.
    pub fn described(&self) -> String {
        const SHOWN: usize = 8;
        let n_points = self.n_points();
        let entities = self.entities().len();
        let series = match (self.series.len(), entities) {
            (1, _) => "one series".to_owned(),
            (n, entities) if n > entities => {
                format!("{n} series of {entities} {}", if entities == 1 { "entity" } else { "entities" })
            }
            (n, _) => format!("{n} series"),
        };
        let by = self.time.as_ref().map_or_else(String::new, |column| {
            let steps: Vec<f64> = self.series.iter().map(Series::step).collect();
            let is_date = matches!(column.kind, Kind::DateTime { .. });
            let every = match steps.as_slice() {
                [first, rest @ ..] if rest.iter().all(|step| step == first) => {
                    format!(" every {}", if is_date { span(*first) } else { rounded(*first).to_string() })
                }
                _ => String::new(),
            };
            format!("{every} by `{}`", column.name)
        });
        let shown: Vec<&str> = self.channels.iter().take(SHOWN).map(String::as_str).collect();
        let further = match self.channels.len().saturating_sub(SHOWN) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let (total, is_one) = (if entities > 1 { " in all" } else { "" }, self.channels.len() == 1);
        let channels = if is_one { "channel" } else { "channels" };
        let known: usize =
            self.series.iter().map(|series| (0..series.len()).filter(|&i| series.is_known(i)).count()).sum();
        let missing = match n_points - known {
            0 => String::new(),
            1 => "; 1 point is missing".to_owned(),
            n => format!("; {n} points are missing"),
        };
        format!("{series} of {n_points} points{total}{by}, {channels} {}{further}{missing}", shown.join(", "))
    }

    /// The same series with the channels `names` only, in that order.
    ///
    /// # Errors
    /// The first name that is no channel.
    pub fn select(&self, names: &[String]) -> Result<Self, String> {
        let place = |name: &String| {
            self.channels.iter().position(|channel| channel == name).ok_or_else(|| name.clone())
        };
        let places = names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let series = self.series.iter().map(|series| Series {
            values: places.iter().map(|&place| series.values[place].clone()).collect(),
            ..series.clone()
        });
        Ok(Self { channels: names.to_vec(), time: self.time.clone(), series: series.collect() })
    }

    /// Refuses series shorter than `needed` points, and channels without any value.
    ///
    /// # Errors
    /// [`SeriesError::Short`], [`SeriesError::AllMissing`].
    pub fn require(&self, needed: usize, purpose: &'static str) -> Result<(), SeriesError> {
        for series in &self.series {
            let entity = || series.entity.clone();
            if series.len() < needed {
                return Err(SeriesError::Short { entity: entity(), found: series.len(), needed, purpose });
            }
            let void = series.values.iter().position(|channel| channel.iter().all(|value| value.is_nan()));
            if let Some(channel) = void {
                let channel = self.channels[channel].clone();
                return Err(SeriesError::AllMissing { entity: entity(), channel });
            }
        }
        Ok(())
    }
}

/// So many seconds in the largest unit that they are a whole number of.
fn span(seconds: f64) -> String {
    let units = [(604_800.0, "week"), (86_400.0, "day"), (3600.0, "hour"), (60.0, "minute")];
    match units.iter().find(|(unit, _)| seconds >= *unit && seconds % unit == 0.0) {
        Some((unit, name)) if seconds == *unit => (*name).to_owned(),
        Some((unit, name)) => format!("{} {name}s", seconds / unit),
        None => format!("{} s", rounded(seconds)),
    }
}

/// A time as a column writes it.
pub(super) fn moment(column: Option<&ColumnSchema>, time: f64) -> String {
    let mut text = String::new();
    match column.map(|column| (column, &column.kind)) {
        Some((column, Kind::DateTime { format, .. })) => {
            date::Clock::new(format, column.spelling.as_ref()).write(time, &mut text);
        }
        _ => number::write(time, number::SHORTEST, &mut text),
    }
    text
}
