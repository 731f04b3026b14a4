//! How unusual the points of series are, and the alarms that makes.

use super::score::Reason;
use super::{Fitted, Given, Model, Reading, Scores};
use crate::data::series::Series;
use crate::data::{Data, Kind, Schema, Table};
use crate::error::Result;
use crate::figure::{self, Figure, SeriesChannel, SeriesFigure, SeriesScore};
use crate::models::Ability;
use crate::models::series::{AlarmChoice, ScoredSeries, alarm_table};

/// Stretches of unusual points.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarms {
    /// The points with their scores, and the alarms among them.
    pub scored: ScoredSeries,
    /// Whether scores are nats, or else multiples of what was usual in training.
    pub in_nats: bool,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Fitted {
    /// The stretches of a table's series that are unusual, with the scores of all points.
    ///
    /// # Errors
    /// A model of something else; data that cannot be read, or is no series like those that were learned from.
    pub fn alarms(&self, given: impl Into<Given>, choice: &AlarmChoice) -> Result<Alarms> {
        let Model::Table(model) = &self.model else { return Err(self.cannot(Ability::Alarm)) };
        if model.series().is_none() {
            return Err(self.cannot(Ability::Alarm));
        }
        let reading = self.read(given)?;
        let scored = self.score_series(&reading, choice)?;
        let in_nats = model.series().is_some_and(|series| series.detector().is_in_nats());
        Ok(Alarms { scored, in_nats, notes: reading.notes })
    }

    fn score_series(&self, reading: &Reading, choice: &AlarmChoice) -> Result<ScoredSeries> {
        let (Model::Table(model), Data::Table(table, schema)) = (&self.model, &reading.data) else {
            return Err(self.cannot(Ability::Score));
        };
        let series = model.series().ok_or_else(|| self.cannot(Ability::Score))?;
        series.score((table, schema), choice, self.pool.threads())
    }

    /// Scores of points, in the order of [`ScoredSeries::points`].
    pub(super) fn score_points(&self, reading: &Reading, explain: usize) -> Result<Scores> {
        let scored = self.score_series(reading, &AlarmChoice::default())?;
        let set = &scored.set;
        let series = set.series.iter().flat_map(|series| (0..series.len()).map(move |i| (series, i)));
        let reason = |series: &Series, i: usize, (channel, adds): (usize, f64)| {
            let value = series.values[channel][i];
            Reason {
                column: set.channels[channel].clone(),
                adds,
                actual: (!value.is_nan()).then(|| value.to_string()),
                expected: None,
                expected_number: None,
                relation: None,
            }
        };
        let reasons = match explain {
            0 => Vec::new(),
            _ => series
                .zip(scored.contributions(explain))
                .map(|((series, i), parts)| parts.into_iter().map(|part| reason(series, i, part)).collect())
                .collect(),
        };
        let scores = scored.scores.iter().flat_map(|of| of.scores.iter().copied()).collect();
        Ok(Scores { scores, reasons, points: Some(scored.points()), ..Scores::default() })
    }
}

impl Alarms {
    /// The highest score of all points; nothing where no point has a score.
    pub fn highest(&self) -> Option<f64> {
        let scores = self.scored.scores.iter().flat_map(|of| of.scores.iter().copied());
        scores.filter(|score| !score.is_nan()).max_by(f64::total_cmp)
    }

    /// A row an alarm: see [`alarm_table`].
    pub fn table(&self) -> (Table, Schema) {
        alarm_table(&self.scored.alarms, &self.scored.set)
    }

    /// The series with the highest score, its channels above its scores, with its alarms shaded and known unusual stretches
    /// marked.
    ///
    /// # Errors
    /// Nothing that can be drawn.
    pub fn figure(&self) -> Result<Figure> {
        let ScoredSeries { set, scores, threshold, alarms } = &self.scored;
        let highest = |i: &usize| scores[*i].scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let by_peak = |a: &usize, b: &usize| highest(a).total_cmp(&highest(b)).then(b.cmp(a));
        let shown = (0..scores.len()).max_by(by_peak).unwrap_or(0);
        let empty = Series::default();
        let series = set.series.get(shown).unwrap_or(&empty);
        let channels: Vec<SeriesChannel<'_>> = set
            .channels
            .iter()
            .zip(&series.values)
            .map(|(name, values)| SeriesChannel { name, values, reconstructed: None })
            .collect();
        // Parts of one entity follow each other, so their times do not overlap.
        let is_here = |start: f64| {
            series.times.first().is_some_and(|first| start >= *first)
                && series.times.last().is_some_and(|last| start <= *last)
        };
        let raised: Vec<[f64; 2]> = alarms
            .iter()
            .filter(|alarm| alarm.entity == series.entity && is_here(alarm.start))
            .map(|alarm| [alarm.start, alarm.end])
            .collect();
        let known: Vec<[f64; 2]> = crate::evaluate::flagged_ranges(&series.labels)
            .into_iter()
            .map(|range| [series.times[range.start], series.times[range.end - 1]])
            .collect();
        let time = set.time.as_ref();
        let title = match series.entity.as_str() {
            "" => format!("Alarms: {}", raised.len()),
            entity => format!("Alarms of {entity}: {}", raised.len()),
        };
        let label = if self.in_nats { "score (nats)" } else { "score (multiples of usual)" };
        Ok(figure::series_figure(&SeriesFigure {
            title: &title,
            x_label: time.map_or("row", |column| column.name.as_str()),
            times: &series.times,
            dates: time.is_some_and(|column| matches!(column.kind, Kind::DateTime { .. })),
            channels: &channels,
            scores: scores.get(shown).map(|of| SeriesScore {
                label,
                values: &of.scores,
                threshold: Some(*threshold),
            }),
            alarms: &raised,
            known: &known,
        })?)
    }
}
