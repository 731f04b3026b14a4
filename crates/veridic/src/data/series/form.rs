//! From a table to series.

use super::config::{Duplicates, SeriesConfig, SeriesForm, Spacing, Unsorted};
use super::set::moment;
use super::{Series, SeriesSet, grid, resample};
use crate::data::{Cells, Column, ColumnSchema, Kind, Schema, Table, number, write};
use crate::error::{DataError, SeriesError};

/// The one channel of tables without a column a channel.
const VALUE: &str = "value";

impl SeriesSet {
    /// Reads the series of `table`, which are laid out as `config` says; `schema` tells what the columns are.
    ///
    /// # Errors
    /// A column that is not there or not of numbers; times that are missing, out of order, repeated or off their grid where
    /// `config` does not allow it.
    pub fn from_table(table: &Table, schema: &Schema, config: &SeriesConfig) -> Result<Self, DataError> {
        match config.form {
            SeriesForm::Long => long(table, schema, config),
            SeriesForm::Wide => {
                let columns = SeriesConfig { entity: None, ..config.clone() };
                Ok(by_column(long(table, schema, &columns)?))
            }
            SeriesForm::Rows => rows(table, schema, config),
        }
    }
}

/// The rows of an entity, in the order of the table.
struct Group {
    entity: String,
    rows: Vec<usize>,
}

fn long(table: &Table, schema: &Schema, config: &SeriesConfig) -> Result<SeriesSet, DataError> {
    let time = time_column(table, schema, config);
    let channels = channels(table, schema, config, time.as_deref())?;
    let labels = labels(table, config)?;
    let times = match &time {
        Some(name) => times(table.require(name)?)?,
        None => (0..table.n_rows).map(|row| row as f64).collect(),
    };
    let time_schema = time.as_ref().and_then(|name| schema.column(name)).cloned();
    let mut found = Vec::new();
    let mut repeated: Option<SeriesError> = None;
    for Group { entity, mut rows } in groups(table, schema, config)? {
        if time.is_some() {
            in_order(&entity, &mut rows, &times, config.unsorted, time_schema.as_ref())?;
        }
        let mut series = Series { entity, ..Series::default() };
        series.values = vec![Vec::with_capacity(rows.len()); channels.len()];
        let mut at = Vec::with_capacity(rows.len());
        for same in rows.chunk_by(|a, b| times[*a] == times[*b]) {
            if same.len() > 1 && config.duplicates == Duplicates::Refuse && config.step.is_none() {
                count_repeated(
                    &mut repeated,
                    &series.entity,
                    same,
                    &moment(time_schema.as_ref(), times[same[0]]),
                );
            }
            // Resampling has its own rule for several rows.
            let one = match config.duplicates {
                _ if config.step.is_some() => same,
                Duplicates::Last => &same[same.len() - 1..],
                Duplicates::Mean => same,
                Duplicates::First | Duplicates::Refuse => &same[..1],
            };
            let together = if config.step.is_some() { 1 } else { one.len() };
            for rows in one.chunks(together) {
                series.times.push(times[rows[0]]);
                at.push(rows[0]);
                for (values, channel) in series.values.iter_mut().zip(&channels) {
                    values.push(mean(rows.iter().map(|&row| channel.1[row])));
                }
                if let Some(labels) = &labels {
                    series.labels.push(rows.iter().any(|&row| labels[row]));
                }
            }
        }
        found.push((series, at));
    }
    if let Some(error) = repeated {
        return Err(error.into());
    }
    let mut set = SeriesSet {
        channels: channels.into_iter().map(|(name, _)| name).collect(),
        time: time_schema,
        series: Vec::new(),
    };
    if let Some(step) = config.step {
        for (series, _) in &found {
            set.series.push(resample::resample(series, step, config.aggregate)?);
        }
    } else if time.is_none() || config.spacing == Spacing::Rows {
        set.series = found.into_iter().map(|(series, _)| series).collect();
    } else if config.spacing == Spacing::Split {
        set.series = found.into_iter().flat_map(|(series, _)| grid::split(&series)).collect();
    } else {
        for (series, rows) in found {
            set.series.push(grid::complete(series, &rows, set.time.as_ref())?);
        }
    }
    Ok(set)
}

/// The columns of one series as series of one channel.
fn by_column(set: SeriesSet) -> SeriesSet {
    let mut series = Vec::new();
    for one in set.series {
        for (name, values) in set.channels.iter().zip(&one.values) {
            series.push(Series {
                entity: name.clone(),
                times: one.times.clone(),
                values: vec![values.clone()],
                labels: one.labels.clone(),
            });
        }
    }
    SeriesSet { channels: vec![VALUE.to_owned()], time: set.time, series }
}

fn rows(table: &Table, schema: &Schema, config: &SeriesConfig) -> Result<SeriesSet, DataError> {
    let steps = channels(table, schema, config, None)?;
    let labels = labels(table, config)?;
    let names: Vec<String> = match &config.entity {
        Some(_) => {
            let mut names = vec![String::new(); table.n_rows];
            for group in groups(table, schema, config)? {
                group.rows.iter().for_each(|&row| names[row].clone_from(&group.entity));
            }
            names
        }
        None => (1..=table.n_rows).map(|row| row.to_string()).collect(),
    };
    let series = names.into_iter().enumerate().map(|(row, entity)| {
        // Series of different length end with missing cells.
        let mut values: Vec<f64> = steps.iter().map(|(_, column)| column[row]).collect();
        values.truncate(values.iter().rposition(|value| !value.is_nan()).map_or(0, |last| last + 1));
        let labels = labels.as_ref().map_or_else(Vec::new, |labels| vec![labels[row]; values.len()]);
        Series { entity, times: (0..values.len()).map(|i| i as f64).collect(), values: vec![values], labels }
    });
    Ok(SeriesSet { channels: vec![VALUE.to_owned()], time: None, series: series.collect() })
}

/// The time column: the one asked for, else the one date-time column, if there is exactly one, else [`counting`].
pub(super) fn time_column(table: &Table, schema: &Schema, config: &SeriesConfig) -> Option<String> {
    if config.time.is_some() {
        return config.time.clone();
    }
    let mut dates = schema.columns.iter().filter(|column| matches!(column.kind, Kind::DateTime { .. }));
    match (dates.next(), dates.next()) {
        (Some(only), None) => Some(only.name.clone()),
        (Some(_), Some(_)) => None,
        (None, _) => counting(table, schema, config),
    }
}

/// Fewer rows rise by the same step by chance.
const LEAST_COUNTED: usize = 16;

/// The first column that only counts the rows of each series, by one step: it says when they are and nothing else. None where channels
/// are named, or where it is the only column of numbers.
pub(super) fn counting(table: &Table, schema: &Schema, config: &SeriesConfig) -> Option<String> {
    if config.form == SeriesForm::Rows || !config.values.is_empty() || table.n_rows < LEAST_COUNTED {
        return None;
    }
    let is_free = |column: &&Column| {
        config.entity.as_ref() != Some(&column.name) && config.label.as_ref() != Some(&column.name)
    };
    let mut free: Vec<(&str, &[f64])> = Vec::new();
    for column in table.columns.iter().filter(is_free) {
        if let Cells::Number(values) = &column.cells {
            free.push((&column.name, values));
        }
    }
    if free.len() < 2 {
        return None;
    }
    let groups = groups(table, schema, config).ok()?;
    let counts = |values: &[f64]| {
        let pairs = || groups.iter().flat_map(|group| group.rows.windows(2));
        let rise = |pair: &[usize]| values[pair[1]] - values[pair[0]];
        let step = pairs().next().map_or(0.0, rise);
        // Decimal steps are not quite the same.
        step > 0.0 && pairs().all(|pair| (rise(pair) - step).abs() <= 1e-6 * step)
    };
    free.into_iter().find(|(_, values)| counts(values)).map(|(name, _)| name.to_owned())
}

/// The columns of values with their numbers.
pub(super) fn channels(
    table: &Table,
    schema: &Schema,
    config: &SeriesConfig,
    time: Option<&str>,
) -> Result<Vec<(String, Vec<f64>)>, DataError> {
    let entity = config.entity.as_deref();
    let is_other =
        |name: &str| Some(name) == time || Some(name) == entity || Some(name) == config.label.as_deref();
    let free = || table.columns.iter().filter(|column| !is_other(&column.name));
    if !config.values.is_empty() {
        let read = |name: &String| {
            let column = table.require(name)?;
            let values = numbers(&column.cells).ok_or_else(|| SeriesError::Text { column: name.clone() })?;
            Ok((name.clone(), values.into_owned()))
        };
        return config.values.iter().map(read).collect();
    }
    let is_identifier =
        |column: &Column| schema.column(&column.name).is_some_and(|column| column.kind == Kind::Identifier);
    let read = |column: &Column| Some((column.name.clone(), numbers(&column.cells)?.into_owned()));
    let mut found: Vec<(String, Vec<f64>)> = Vec::new();
    if config.form != SeriesForm::Long {
        // All columns are of one kind; one of few different numbers is read as text.
        let is_date = |column: &Column| {
            schema.column(&column.name).is_some_and(|c| matches!(c.kind, Kind::DateTime { .. }))
        };
        // An empty step keeps its place, an empty series says nothing.
        let is_there = |column: &Column| {
            config.form == SeriesForm::Rows
                || (0..column.cells.len()).any(|row| !column.cells.is_missing(row))
        };
        let is_free = |column: &&Column| !is_identifier(column) && !is_date(column) && is_there(column);
        found = free().filter(is_free).filter_map(read).collect();
        return if found.is_empty() { Err(SeriesError::NoValues.into()) } else { Ok(found) };
    }
    for column in free().filter(|column| !is_identifier(column)) {
        if let Cells::Number(values) = &column.cells
            && !schema.column(&column.name).is_some_and(|c| matches!(c.kind, Kind::DateTime { .. }))
        {
            found.push((column.name.clone(), values.clone()));
        }
    }
    if found.is_empty() {
        // A column of one or two different numbers is read as text.
        found = free().filter(|column| !is_identifier(column)).filter_map(read).collect();
    }
    if found.is_empty() { Err(SeriesError::NoValues.into()) } else { Ok(found) }
}

/// The cells as numbers; texts if all of them are numbers.
pub(super) fn numbers(cells: &Cells) -> Option<std::borrow::Cow<'_, [f64]>> {
    match cells {
        Cells::Number(values) => Some(values.into()),
        Cells::Text { codes, levels } => {
            let levels: Vec<f64> = levels.iter().map(|level| number::parse(level)).collect::<Option<_>>()?;
            let value = |code: &u32| levels.get(*code as usize).copied().unwrap_or(f64::NAN);
            Some(codes.iter().map(value).collect::<Vec<_>>().into())
        }
    }
}

fn labels(table: &Table, config: &SeriesConfig) -> Result<Option<Vec<bool>>, DataError> {
    let Some(name) = &config.label else { return Ok(None) };
    let column = table.require(name)?;
    if let Some(values) = numbers(&column.cells) {
        return Ok(Some(values.iter().map(|value| *value != 0.0 && !value.is_nan()).collect()));
    }
    let yes = |row: usize| {
        let text = column.cells.text(row).map(str::to_lowercase);
        text.is_some_and(|text| matches!(text.as_str(), "true" | "yes" | "t" | "y" | "anomaly"))
    };
    Ok(Some((0..table.n_rows).map(yes).collect()))
}

fn times(column: &Column) -> Result<Vec<f64>, DataError> {
    let name = || column.name.clone();
    let Some(times) = numbers(&column.cells) else {
        let is_none = |text: &str| number::parse(text).is_none();
        let row = (0..column.cells.len()).find(|&row| column.cells.text(row).is_some_and(is_none));
        let (row, value) = row.map_or((0, ""), |row| (row, column.cells.text(row).unwrap_or_default()));
        return Err(SeriesError::NoTime { column: name(), row: row + 1, value: value.to_owned() }.into());
    };
    match times.iter().position(|time| time.is_nan()) {
        Some(first) => {
            let count = times.iter().filter(|time| time.is_nan()).count();
            Err(DataError::MissingTime { column: name(), count, row: first + 1 })
        }
        None => Ok(times.into_owned()),
    }
}

/// The rows of each entity, entities in the order in which they come first.
fn groups(table: &Table, schema: &Schema, config: &SeriesConfig) -> Result<Vec<Group>, DataError> {
    let Some(name) = &config.entity else {
        return Ok(vec![Group { entity: String::new(), rows: (0..table.n_rows).collect() }]);
    };
    let cells = &table.require(name)?.cells;
    let missing: Vec<usize> = (0..table.n_rows).filter(|&row| cells.is_missing(row)).collect();
    if let Some(first) = missing.first() {
        let column = name.clone();
        return Err(SeriesError::NoEntity { column, count: missing.len(), row: first + 1 }.into());
    }
    let kind = schema.column(name).map(|column| &column.kind);
    let mut places = std::collections::BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut text = String::new();
    for row in 0..table.n_rows {
        text.clear();
        write::cell(kind, cells, row, &mut text);
        let place = *places.entry(text.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group { entity: text.clone(), rows: Vec::new() });
        }
        groups[place].rows.push(row);
    }
    Ok(groups)
}

/// Checks that times rise, or puts the rows in order; rows of one time stay in the order of the table.
fn in_order(
    entity: &str,
    rows: &mut [usize],
    times: &[f64],
    unsorted: Unsorted,
    column: Option<&ColumnSchema>,
) -> Result<(), SeriesError> {
    if unsorted == Unsorted::Sort {
        rows.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
        return Ok(());
    }
    match rows.windows(2).find(|pair| times[pair[1]] < times[pair[0]]) {
        Some(pair) => Err(SeriesError::Unsorted {
            entity: entity.to_owned(),
            row: pair[1] + 1,
            time: moment(column, times[pair[1]]),
            before: moment(column, times[pair[0]]),
        }),
        None => Ok(()),
    }
}

fn count_repeated(error: &mut Option<SeriesError>, entity: &str, same: &[usize], time: &str) {
    match error {
        Some(SeriesError::Duplicate { count, .. }) => *count += same.len() - 1,
        _ => {
            let (entity, time) = (entity.to_owned(), time.to_owned());
            *error = Some(SeriesError::Duplicate { entity, row: same[1] + 1, time, count: same.len() - 1 });
        }
    }
}

/// The mean of the values that are there.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.filter(|v| !v.is_nan()).fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    // Of one value the value itself.
    if count > 0.0 { sum / count } else { f64::NAN }
}
