//! A detector of series with what makes series of a table, and alarms of its scores.

use serde::{Deserialize, Serialize};

use super::alarm::{Alarm, AlarmConfig, alarms};
use super::detector::{Detector, DetectorConfig, SeriesScores};
use crate::data::series::{Series, SeriesConfig, SeriesForm, SeriesSet};
use crate::data::{Cells, Column, ColumnSchema, Kind, Schema, Table};
use crate::error::{ConfigError, Result};
use crate::models::Stored;

/// Settings of a model of series.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct SeriesModelConfig {
    /// What says how unusual each point is.
    pub detector: DetectorConfig,
    /// So many points at the start of each series are learned from, the others only scored; by default all are learned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learn: Option<usize>,
    /// Whether all entities are judged by the past of all; by default each by its own.
    pub pooled: bool,
    /// When scores are an alarm.
    pub alarm: AlarmConfig,
}

impl SeriesModelConfig {
    /// The series of a table that it learns from. Where channels are not named, the default detector looks at columns of one number
    /// too: one that moves later is unusual.
    ///
    /// # Errors
    /// Rows that are no series.
    pub(crate) fn read(
        &self,
        layout: &SeriesConfig,
        (table, schema): (&Table, &Schema),
    ) -> Result<SeriesSet> {
        let set = SeriesSet::from_table(table, schema, layout)?;
        let mut still = still(self, layout, (table, schema));
        // Where nothing moves, they are the channels already.
        still.retain(|name| !set.channels.contains(name));
        if still.is_empty() {
            return Ok(set);
        }
        let values = set.channels.into_iter().chain(still).collect();
        Ok(SeriesSet::from_table(table, schema, &SeriesConfig { values, ..layout.clone() })?)
    }

    pub(crate) fn check(&self, path: &str) -> Result<(), ConfigError> {
        self.detector.check(&format!("{path}.detector"))?;
        if self.learn == Some(0) {
            let (field, found) = (format!("{path}.learn"), "0".to_owned());
            return Err(ConfigError::Range { field, found, allowed: "a whole number from 1".into() });
        }
        self.alarm.check(&format!("{path}.alarm"))
    }
}

/// A fitted model of series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesModel {
    layout: SeriesConfig,
    alarm: AlarmConfig,
    detector: Detector,
}

/// When scores are an alarm this time, where it is not as the model was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AlarmChoice {
    /// Above this score.
    pub threshold: Option<f64>,
    /// This share of the points that are scored, those with the highest scores, 0 to 1; `threshold` goes before it.
    pub share: Option<f64>,
    /// Alarms with at most so many quiet points between them are one.
    pub gap: Option<usize>,
}

/// Scores of the points of series, and the stretches of high ones.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredSeries {
    /// The points.
    pub set: SeriesSet,
    /// Scores, one of [`SeriesSet::series`] each.
    pub scores: Vec<SeriesScores>,
    /// Above this score there is an alarm.
    pub threshold: f64,
    /// The alarms, series by series.
    pub alarms: Vec<Alarm>,
}

impl SeriesModel {
    /// Learns what is usual in the series of a table, laid out as `layout` says.
    ///
    /// # Errors
    /// Rows that are no series, or too few of them.
    pub(crate) fn fit(
        config: &SeriesModelConfig,
        layout: &SeriesConfig,
        (table, schema): (&Table, &Schema),
        threads: usize,
    ) -> Result<Self> {
        let mut set = config.read(layout, (table, schema))?;
        if let Some(learn) = config.learn {
            set.series.iter_mut().for_each(|series| *series = series.slice(0, learn.min(series.len())));
        }
        let detector = Detector::fit(&set, &config.detector, config.pooled, threads)?;
        let mut layout = layout.clone();
        if layout.form == SeriesForm::Long {
            // What is a channel is decided once, whatever columns later rows have.
            layout.values = set.channels;
            layout.time = layout.time.or(set.time.map(|time| time.name));
        }
        Ok(Self { layout, alarm: config.alarm.clone(), detector })
    }

    /// The detector.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// In words, what was too far out to be learned from, if anything was.
    pub(crate) fn left_out(&self) -> Option<String> {
        let of = |(channel, count): (&str, usize)| (count > 0).then(|| format!("{count} of `{channel}`"));
        let all: Vec<String> = self.detector.left_out().filter_map(of).collect();
        (!all.is_empty()).then(|| {
            format!(
                "values more than 50 times the span of the middle 98 % away are scored, but not learned from: {}",
                all.join(", ")
            )
        })
    }

    /// How tables are laid out.
    pub fn layout(&self) -> &SeriesConfig {
        &self.layout
    }

    /// Whether rows must have a column.
    pub(crate) fn uses(&self, name: &str) -> bool {
        uses(&self.layout, name)
    }

    /// Scores of the points of a table's series; labels are read where the table has the column.
    ///
    /// # Errors
    /// Rows that are no series, a channel that is not there, an entity that is not known.
    pub fn score(
        &self,
        (table, schema): (&Table, &Schema),
        choice: &AlarmChoice,
        threads: usize,
    ) -> Result<ScoredSeries> {
        let mut layout = self.layout.clone();
        let is_labelled = |name: &String| table.column(name).is_some_and(|c| c.n_missing() < table.n_rows);
        layout.label = layout.label.filter(is_labelled);
        let set = SeriesSet::from_table(table, schema, &layout)?;
        let scores = self.detector.score(&set, threads)?;
        let threshold = match choice {
            AlarmChoice { threshold: Some(threshold), .. } => *threshold,
            AlarmChoice { share: Some(share), .. } => above(&scores, *share),
            _ => self.alarm.rule.threshold(&self.detector),
        };
        let gap = choice.gap.or(self.alarm.gap);
        let of = |(series, scores): (&Series, &SeriesScores)| {
            alarms(&self.detector, series, scores, threshold, gap)
        };
        let alarms = set.series.iter().zip(&scores).flat_map(of).collect();
        Ok(ScoredSeries { set, scores, threshold, alarms })
    }

    /// The model as tensors and texts.
    pub(crate) fn store(&self) -> Stored {
        let mut stored = self.detector.store();
        let json = |value: serde_json::Result<String>| value.expect("settings are plain values");
        stored.about.insert("layout".into(), json(serde_json::to_string(&self.layout)));
        stored.about.insert("alarm".into(), json(serde_json::to_string(&self.alarm)));
        stored
    }

    /// The model that was stored.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub(crate) fn restore(stored: &Stored) -> Result<Self, String> {
        fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        Ok(Self {
            layout: json(stored.text("layout")?)?,
            alarm: json(stored.text("alarm")?)?,
            detector: Detector::restore(stored)?,
        })
    }
}

/// Columns of one number, where the default detector is to look at them.
fn still(
    config: &SeriesModelConfig,
    layout: &SeriesConfig,
    (table, schema): (&Table, &Schema),
) -> Vec<String> {
    if layout.form != SeriesForm::Long
        || !layout.values.is_empty()
        || !matches!(config.detector, DetectorConfig::FourSurprises(_))
    {
        return Vec::new();
    }
    let is_other = |name: &String| {
        [&layout.time, &layout.entity, &layout.label].into_iter().flatten().any(|other| other == name)
    };
    let is_still = |column: &&ColumnSchema| {
        let Kind::Constant { value: Some(value) } = &column.kind else { return false };
        let is_text = table.column(&column.name).is_some_and(|c| matches!(c.cells, Cells::Text { .. }));
        is_text && value.parse().is_ok_and(f64::is_finite) && !is_other(&column.name)
    };
    schema.columns.iter().filter(is_still).map(|column| column.name.clone()).collect()
}

/// Whether a layout whose channels are settled needs a column.
pub(super) fn uses(layout: &SeriesConfig, name: &str) -> bool {
    layout.form != SeriesForm::Long
        || [&layout.time, &layout.entity].into_iter().flatten().any(|column| column == name)
        || layout.values.iter().any(|column| column == name)
}

/// The score above which this share of the points lies.
fn above(scores: &[SeriesScores], share: f64) -> f64 {
    let all = scores.iter().flat_map(|of| of.scores.iter().copied());
    let mut all: Vec<f64> = all.filter(|score| !score.is_nan()).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    let most = (share.clamp(0.0, 1.0) * all.len() as f64).round() as usize;
    all.get(most).copied().unwrap_or(f64::NEG_INFINITY)
}

impl ScoredSeries {
    /// The points of the alarms of series `i`.
    pub(crate) fn alarms_of(&self, i: usize) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let of = &self.scores[i];
        let is_here = move |alarm: &&Alarm| {
            alarm.entity == of.entity
                && of.times.get(alarm.points.start) == Some(&alarm.start)
                && of.times.get(alarm.points.end - 1) == Some(&alarm.end)
        };
        self.alarms.iter().filter(is_here).map(|alarm| alarm.points.clone())
    }

    /// For each point its channels, those with the largest part of its score first, at most `most`: which, and their parts.
    pub fn contributions(&self, most: usize) -> Vec<Vec<(usize, f64)>> {
        let of_point = |scores: &SeriesScores, i: usize| {
            let part = |c: usize| scores.channels.get(c).map_or(1.0, |shares| f64::from(shares[i]));
            let score = scores.scores[i];
            let mut parts: Vec<(usize, f64)> =
                (0..self.set.channels.len()).map(|c| (c, part(c) * score)).collect();
            parts.retain(|(_, part)| !part.is_nan());
            parts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            parts.truncate(most);
            parts
        };
        self.scores.iter().flat_map(|scores| (0..scores.scores.len()).map(|i| of_point(scores, i))).collect()
    }

    /// A row a point that says which it is: `entity` where there are several, and the time as the data has it, or the number
    /// of the `row` from 1.
    pub fn points(&self) -> (Table, Schema) {
        let (mut columns, mut kinds) = (Vec::new(), Vec::new());
        let n_rows = self.set.n_points();
        let is_named = self.set.series.iter().any(|series| !series.entity.is_empty());
        if is_named {
            let mut levels: Vec<String> = self.set.entities().into_iter().map(str::to_owned).collect();
            levels.sort();
            let code = |entity: &String| levels.binary_search(entity).unwrap_or(0) as u32;
            let codes = self.set.series.iter().flat_map(|s| std::iter::repeat_n(code(&s.entity), s.len()));
            let cells = Cells::Text { codes: codes.collect(), levels: levels.clone() };
            columns.push(Column { name: "entity".to_owned(), cells });
            kinds.push(ColumnSchema::new("entity", Kind::Categorical { levels }, 0));
        }
        let (name, kind, first) = match &self.set.time {
            Some(time) => (time.name.clone(), time.clone(), 0.0),
            None => {
                let kind = Kind::Integer { min: 1.0, max: n_rows.max(1) as f64 };
                ("row".to_owned(), ColumnSchema::new("row", kind, 0), 1.0)
            }
        };
        let times = self.set.series.iter().flat_map(|series| series.times.iter().map(|time| time + first));
        columns.push(Column { name, cells: Cells::Number(times.collect()) });
        kinds.push(kind);
        (Table { columns, n_rows }, Schema { columns: kinds })
    }
}
