//! Windows of series as the rows of a run.

use serde::{Deserialize, Serialize};

use super::table::{Source, below};
use super::{Dataset, Labels};
use crate::codec::Codec;
use crate::data::series::{
    Held, SeriesConfig, SeriesForm, SeriesSet, SeriesSplit, WindowColumns, WindowConfig, WindowForm,
    WindowRows, no_channels, untimed,
};
use crate::data::split::Fractions;
use crate::data::{Data, DataKind, Schema, Split, Table, labels};
use crate::error::{Result, RunError, SeriesError};
use crate::models::Layout;
use crate::nn::Turn;
use crate::run::config::{Config, SplitBy};
use crate::seed::Seed;

/// How the rows of a table become windows, as it was when a run was fitted: `series.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Windowing {
    /// The columns of the table.
    pub(crate) source: Schema,
    /// How they are read.
    pub(crate) layout: SeriesConfig,
    /// The columns of windows.
    pub(crate) columns: WindowColumns,
    /// What windows were divided by, of each channel: the median of those learned from.
    pub(crate) scales: Vec<f64>,
}

impl Windowing {
    /// The settings of windows.
    pub(crate) fn window(&self) -> WindowConfig {
        self.layout.window.clone().unwrap_or_default()
    }

    /// The name of the channel that is drawn, as axes say it.
    pub(crate) fn label(&self) -> String {
        let channel = self.columns.source().get(self.columns.main()).map_or("value", String::as_str);
        if self.window().before() == 0.0 { channel.to_string() } else { format!("{channel}, start = 1") }
    }

    /// Whether windows are of daily prices written as candles.
    pub(crate) fn is_of_candles(&self) -> bool {
        self.window().form == WindowForm::Candles
    }

    /// The windows of a table, and how many have a missing value and are left out.
    pub(crate) fn rows(&self, table: &Table, schema: &Schema) -> Result<WindowRows> {
        let set = self.set(table, schema)?;
        Ok(set.window_rows(&self.window(), &self.layout).map_err(crate::error::DataError::from)?)
    }

    /// The series of a table.
    pub(crate) fn set(&self, table: &Table, schema: &Schema) -> Result<SeriesSet> {
        let set = SeriesSet::from_table(table, schema, &self.layout)?;
        Ok(set.select(self.columns.source()).map_err(|column| RunError::NoData {
            reason: format!("there is no channel `{column}`"),
            remedy: "give data with the columns the run was fitted on".to_string(),
        })?)
    }

    /// Columns of the table that rows may lack: all that make no series.
    pub(crate) fn optional(&self) -> Vec<String> {
        let layout = &self.layout;
        let is_needed = |name: &String| {
            layout.form != SeriesForm::Long
                || layout.values.contains(name)
                || layout.entity.as_ref() == Some(name)
                || layout.time.as_ref() == Some(name)
        };
        let names = self.source.columns.iter().map(|column| &column.name);
        names.filter(|name| !is_needed(name)).cloned().collect()
    }

    /// Rows of values as series: each with the scale it was divided by, which is in `known`, or else the usual one.
    pub(crate) fn series(&self, values: &Table, known: Option<&Table>) -> Option<SeriesSet> {
        let scales = match known {
            Some(known) => self.columns.scales(known),
            None => self.scales.iter().map(|&scale| vec![scale; values.n_rows]).collect(),
        };
        self.columns.series(values, &self.window(), &scales)
    }

    /// What is known of windows beside their values.
    pub(crate) fn known(&self, table: &Table, schema: &Schema) -> (Table, Schema) {
        let names = self.columns.names();
        let is_known = |name: &str| !names.iter().any(|value| value == name);
        let columns = table.columns.iter().filter(|column| is_known(&column.name)).cloned().collect();
        let kinds = schema.columns.iter().filter(|column| is_known(&column.name)).cloned().collect();
        (Table { n_rows: table.n_rows, columns }, Schema { columns: kinds })
    }
}

/// Series as windows, parted so that no window looks at two parts.
pub(super) fn parted(config: &mut Config, source: Source, mut notes: Vec<String>) -> Result<Dataset> {
    let Source { table, schema, files, text, .. } = source;
    let window = config.data.series.window.clone().unwrap_or_default();
    // What is known to be unusual, by the name that tables have for it.
    config.data.series.label = config.data.series.label.take().or(config.data.target.clone());
    config.data.target.clone_from(&config.data.series.label);
    let is_dropped = |name: &str| config.data.drop.iter().any(|dropped| dropped == name);
    let kept = schema.columns.into_iter().filter(|column| !is_dropped(&column.name)).collect();
    let schema = Schema { columns: kept };
    let named: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let table = table.select(&named)?;
    let set = SeriesSet::from_table(&table, &schema, &config.data.series)?;
    notes.push(set.described());
    notes.extend(no_channels(&table, &schema, &config.data.series, &set));
    notes.extend(untimed(&table, &schema, &config.data.series));
    // What was found out is said, so that other data is read alike.
    let mut layout = config.data.series.clone();
    if layout.form == SeriesForm::Long {
        layout.values.clone_from(&set.channels);
    }
    layout.time = layout.time.take().or(set.time.as_ref().map(|column| column.name.clone()));
    let parts = split(config, &set, window.points(), &mut notes)?;
    let names = ["for training", "for validation", "for testing"];
    let mut rows: Option<WindowRows> = None;
    let (mut counts, mut left_out) = ([0; 3], 0);
    for (i, (part, name)) in parts.into_iter().zip(names).enumerate() {
        let points = window.points();
        if part.series.is_empty() && i > 0 {
            continue;
        }
        if part.series.iter().all(|series| series.len() < points) {
            return Err(crate::error::DataError::from(SeriesError::NoWindow { points, part: name }).into());
        }
        let of_part = part.window_rows(&window, &layout).map_err(crate::error::DataError::from)?;
        counts[i] = of_part.table.n_rows;
        left_out += of_part.incomplete;
        rows = Some(match rows {
            None => of_part,
            Some(first) => WindowRows { table: below(first.table, &of_part.table), ..first },
        });
    }
    let Some(WindowRows { table, schema: kinds, columns, .. }) = rows else {
        return Err(RunError::OtherKind { expected: DataKind::Table, found: DataKind::Images }.into());
    };
    let kinds = kinds.refreshed(&table);
    notes.push(format!("each of {} windows of {} steps is a row", table.n_rows, window.length));
    if left_out > 0 {
        notes.push(format!("{left_out} windows with a missing value are left out"));
    }
    let ends = [counts[0], counts[0] + counts[1], table.n_rows];
    let mut split = Split {
        train: (0..ends[0]).collect(),
        valid: (ends[0]..ends[1]).collect(),
        test: (ends[1]..ends[2]).collect(),
    };
    let target = config.data.target.as_ref().and_then(|name| table.column(name)).map(labels);
    if target.is_some() && config.data.positive.is_empty() {
        config.data.positive = vec!["1".to_string()];
    }
    let positive = config.data.positive.clone();
    if let (Some(labels), true) = (&target, config.data.split.normal_only) {
        let is_normal = |row: &usize| labels[*row].as_ref().is_none_or(|label| !positive.contains(label));
        let before = split.train.len() + split.valid.len();
        split.train.retain(is_normal);
        split.valid.retain(is_normal);
        let after = split.train.len() + split.valid.len();
        notes.push(format!("{} windows that are known to be unusual are not learned from", before - after));
    }
    let groups: Vec<Vec<String>> = (0..columns.channels.len())
        .map(|channel| (0..columns.steps).map(|step| columns.name(channel, step)).collect())
        .collect();
    let codec = Codec::fit_alike(&config.codec, &table, &kinds, &split.train, &groups)?;
    let matrix = codec.encode(&table)?;
    let middle = |mut of: Vec<f64>| {
        let half = of.len() / 2;
        *of.select_nth_unstable_by(half, f64::total_cmp).1
    };
    let learned = table.take(&split.train);
    let scales = columns.scales(&learned).into_iter().map(middle).collect();
    let windows = Windowing { source: schema, layout, columns, scales };
    let rows_layout = series_layout(&codec, &windows);
    let of = Labels { labels: target, positive };
    let data = Dataset::new(Data::Table(table, kinds), split, of, rows_layout);
    Ok(Dataset { codec: Some(codec), matrix, files, text, notes, windows: Some(windows), ..data })
}

/// The layout of encoded windows.
pub(crate) fn series_layout(codec: &Codec, windows: &Windowing) -> Layout {
    let WindowConfig { shift, flip, .. } = windows.window();
    Layout {
        dims: vec![windows.columns.steps, windows.columns.channels.len()],
        blocks: codec.blocks().to_vec(),
        turn: Turn { shift, flip },
        ..Layout::default()
    }
}

/// Of the windows that series have, a cut in time that is not asked for leaves no less than this share.
const LEFT_BY_TIME: f64 = 0.5;

/// Series to learn from, to stop by and to test on, for windows of so many points.
fn split(config: &Config, set: &SeriesSet, points: usize, notes: &mut Vec<String>) -> Result<[SeriesSet; 3]> {
    let settings = &config.data.split;
    let fractions = Fractions { valid: settings.valid, test: settings.test };
    let (entities, time) = match settings.by {
        SplitBy::Entity => (true, false),
        SplitBy::EntityAndTime => (true, true),
        _ => (false, true),
    };
    let is_left_to_us = matches!(settings.by, SplitBy::Stratified | SplitBy::Random)
        && settings.test + settings.valid > 0.0
        && settings.from.is_none()
        && settings.entities.is_empty();
    if is_left_to_us {
        if let Some(parts) = by_entity_for_short(set, fractions, (points, config.seed)) {
            notes.push(format!(
                "windows are parted by entity: a cut in time leaves few of {points} points of series as short as these"
            ));
            return Ok(parts);
        }
        notes.push("windows overlap, so they are parted by time".to_string());
    }
    let from = match settings.from.as_ref().map(|text| (text, set.time_of(text))) {
        None => None,
        Some((_, Some(time))) => Some(time),
        Some((text, None)) => {
            let first = set.series.first().and_then(|series| series.times.first());
            let example = first.map_or_else(String::new, |time| set.moment(*time));
            return Err(
                crate::error::DataError::from(SeriesError::NoMoment { text: text.clone(), example }).into()
            );
        }
    };
    let is_nothing_held = settings.test <= 0.0 && from.is_none() && settings.entities.is_empty();
    let empty = SeriesSet { series: Vec::new(), ..set.clone() };
    if is_nothing_held && settings.valid <= 0.0 {
        return Ok([set.clone(), empty.clone(), empty]);
    }
    if is_nothing_held {
        let seed = Seed(config.seed);
        let parts =
            if entities { set.split_by_entity(fractions, seed)? } else { set.split_by_time(fractions)? };
        return Ok([parts.train, parts.valid, parts.test]);
    }
    let held = Held { entities, time, named: settings.entities.clone(), from };
    let parts = set.split_held(&held, fractions, Seed(config.seed))?;
    Ok([parts.train, parts.valid, parts.test])
}

/// Parts of whole entities, where a cut in time would leave less than half of the windows of so many points, or a part without one, and
/// entities would not.
fn by_entity_for_short(
    set: &SeriesSet,
    fractions: Fractions,
    (points, seed): (usize, u64),
) -> Option<[SeriesSet; 3]> {
    let windows = |part: &SeriesSet| -> usize {
        part.series.iter().map(|series| (series.len() + 1).saturating_sub(points)).sum()
    };
    let is_whole = |parts: &[SeriesSet; 3]| {
        let wanted = [true, fractions.valid > 0.0, fractions.test > 0.0];
        parts.iter().zip(wanted).all(|(part, wanted)| !wanted || windows(part) > 0)
    };
    let three = |parts: SeriesSplit| [parts.train, parts.valid, parts.test];
    let by_time = set.split_by_time(fractions).map(three).ok();
    let is_enough = |parts: &[SeriesSet; 3]| {
        let left: usize = parts.iter().map(windows).sum();
        is_whole(parts) && left as f64 >= LEFT_BY_TIME * windows(set) as f64
    };
    if by_time.as_ref().is_some_and(is_enough) {
        return None;
    }
    set.split_by_entity(fractions, Seed(seed)).map(three).ok().filter(is_whole)
}
