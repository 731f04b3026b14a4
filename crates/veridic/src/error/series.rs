//! What rows cannot be as series.

/// Why rows are no series, or series not what is asked of them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// No column of numbers is left besides entity and time.
    #[error("there is no column of numbers to read as a series")]
    NoValues,
    /// A column of values that holds text.
    #[error("column `{column}` holds text, a series needs numbers")]
    Text {
        /// The column.
        column: String,
    },
    /// A time column that is none.
    #[error(
        "column `{column}` holds text (row {row}: `{value}`), a time must be a date-time in one format and zone, or a number"
    )]
    NoTime {
        /// The column.
        column: String,
        /// The first row whose cell is no number, from 1.
        row: usize,
        /// What it holds.
        value: String,
    },
    /// Paths that memory cannot hold.
    #[error("{paths} paths of {length} points would need about {} GB of memory, at most {} GB are allowed", bytes / 1e9, most / 1e9)]
    ManyPoints {
        /// Paths.
        paths: usize,
        /// Points of each.
        length: usize,
        /// Bytes they would need.
        bytes: f64,
        /// Bytes that are allowed.
        most: f64,
    },
    /// Rows that belong to no entity.
    #[error("{count} cells of entity column `{column}` are missing, the first in row {row}")]
    NoEntity {
        /// The column.
        column: String,
        /// Missing cells.
        count: usize,
        /// The first row without an entity, from 1.
        row: usize,
    },
    /// A row that is older than the one before.
    #[error("the times{} are not in order: row {row} is at {time}, after {before}", of(entity))]
    Unsorted {
        /// The entity; empty where there is one series.
        entity: String,
        /// The row of the table, from 1.
        row: usize,
        /// Its time.
        time: String,
        /// The time of the row before.
        before: String,
    },
    /// A time that is there twice.
    #[error(
        "the time {time}{} is there more than once, first in row {row}; {}",
        of(entity),
        if *count == 1 { "no other row repeats a time".to_owned() } else { format!("{count} rows repeat a time") }
    )]
    Duplicate {
        /// The entity.
        entity: String,
        /// The first row that repeats a time, from 1.
        row: usize,
        /// The time.
        time: String,
        /// Rows that repeat a time, of all entities.
        count: usize,
    },
    /// Times that lie on no grid.
    #[error(
        "the times{} are not evenly spaced: most steps are {step}, the one to {time} (row {row}) is {found}",
        of(entity)
    )]
    Irregular {
        /// The entity.
        entity: String,
        /// The usual step, in seconds or the unit of the column.
        step: f64,
        /// The row, from 1.
        row: usize,
        /// Its time.
        time: String,
        /// The step there.
        found: f64,
    },
    /// A grid with far more places than there are rows.
    #[error("a grid with steps of {step} would have {places} places for {rows} rows")]
    Sparse {
        /// The step.
        step: f64,
        /// Places of the grid.
        places: f64,
        /// Rows.
        rows: usize,
    },
    /// A series shorter than what looks at it.
    #[error("the series{} has {found} points, {purpose} needs at least {needed}", of(entity))]
    Short {
        /// The entity.
        entity: String,
        /// Points.
        found: usize,
        /// Points needed.
        needed: usize,
        /// What needs them.
        purpose: &'static str,
    },
    /// A channel without a value.
    #[error("every value of `{channel}`{} is missing", of(entity))]
    AllMissing {
        /// The entity.
        entity: String,
        /// The channel.
        channel: String,
    },
    /// Entities that were not there when something was fitted.
    #[error("nothing was learned of {}", named(entities))]
    UnknownEntity {
        /// The entities.
        entities: Vec<String>,
    },
    /// A value that has no logarithm.
    #[error("`{channel}`{} is {value} at point {point}, a log return needs values above zero", of(entity))]
    NotPositive {
        /// The entity.
        entity: String,
        /// The channel.
        channel: String,
        /// The point, from 1.
        point: usize,
        /// The value.
        value: f64,
    },
    /// A price that candles cannot do without.
    #[error("candles need a channel `{channel}`, which is not there")]
    NoPrice {
        /// The channel.
        channel: String,
    },
    /// A channel that is no price of a candle.
    #[error("candles have no place for the channel `{channel}`")]
    NotAPrice {
        /// The channel.
        channel: String,
    },
    /// Windows of which each has a missing value.
    #[error("each of the {windows} windows has a missing value")]
    NoCompleteWindow {
        /// Windows.
        windows: usize,
    },
    /// A column of windows that is there twice.
    #[error("the windows have two columns `{column}`")]
    WindowName {
        /// The name.
        column: String,
    },
    /// An entity that is named and not there.
    #[error("there is no series of `{entity}`, but of {}", named(known))]
    NoSuchEntity {
        /// The name.
        entity: String,
        /// The entities there are.
        known: Vec<String>,
    },
    /// A moment that is none of the series' times.
    #[error("`{text}` is no time such as {example}")]
    NoMoment {
        /// What was given.
        text: String,
        /// The first time of the series.
        example: String,
    },
    /// A part of the data that has no window.
    #[error("no series has a window of {points} points {part}")]
    NoWindow {
        /// Points of a window.
        points: usize,
        /// The part, in words.
        part: &'static str,
    },
    /// A number outside its range.
    #[error("`{name}` is {found}, allowed are {allowed}")]
    Range {
        /// What the number is.
        name: &'static str,
        /// Its value.
        found: f64,
        /// The values that are allowed.
        allowed: &'static str,
    },
}

impl SeriesError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoValues => "name the columns: `data.series.values = [\"NAME\"]`",
            Self::Text { .. } => "leave the column out of data.series.values, or correct its cells",
            Self::NoTime { column, .. } => {
                return Some(format!(
                    "write all times in one format and one zone, such as 2024-05-01T12:00:00Z; where rows follow each other in \
                     time, leave the column out: `data.drop = [\"{column}\"]`"
                ));
            }
            Self::ManyPoints { paths, length, bytes, most } => {
                let points = (most / bytes * *paths as f64 * *length as f64).floor();
                return Some(format!(
                    "{points} points fit, in fewer or shorter paths: `-n 1 --length {points}` at most"
                ));
            }
            Self::NoEntity { .. } => "drop the rows without an entity first",
            Self::Unsorted { .. } => {
                "sort the file by time, or let it be done: `data.series.unsorted = \"sort\"`; if there are several series, name \
                 the column that tells them apart: `data.series.entity = \"NAME\"`"
            }
            Self::Duplicate { .. } => {
                "say which row counts, also where clocks are set back and an hour comes twice: \
                 `data.series.duplicates = \"last\"` (first, mean); if there are several series, name the column that tells them \
                 apart: `data.series.entity = \"NAME\"`"
            }
            Self::Irregular { step, .. } => {
                return Some(format!(
                    "resample: `data.series.step = {step}`; or let one row follow the other, whatever the time between \
                     (trading days, say): `data.series.spacing = \"rows\"`"
                ));
            }
            Self::Sparse { .. } => "choose a larger data.series.step, or `data.series.spacing = \"rows\"`",
            Self::Short { .. } => {
                "give a longer series, or choose a shorter window; where many entities have a few points each, each can be a row of a \
                 network: `model = \"vae\"`, `data.series.window.length = N`"
            }
            Self::UnknownEntity { .. } => {
                "fit on series that have them, or learn one model of all: `model.series.pooled = true`"
            }
            Self::NotPositive { .. } => "take differences instead, or leave the channel out",
            Self::NoPrice { .. } => {
                "rename the column, or say in the settings of a candle copula what it is called"
            }
            Self::NotAPrice { .. } => "leave it out: name the others in data.series.values",
            Self::AllMissing { .. } => "leave the channel or the entity out",
            Self::NoCompleteWindow { .. } => {
                "choose a shorter window, let one row follow the other, whatever the time between (`data.series.spacing = \"rows\"`), \
                 or leave out channels: `data.series.values = [\"NAME\"]`"
            }
            Self::WindowName { .. } => "rename a column of the data",
            Self::NoSuchEntity { .. } => "correct data.split.entities",
            Self::NoMoment { .. } => "write data.split.from as the data writes its times",
            Self::NoWindow { .. } => {
                "choose a shorter data.series.window.length, or other shares or moments in data.split"
            }
            Self::Range { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

fn of(entity: &str) -> String {
    if entity.is_empty() { String::new() } else { format!(" of `{entity}`") }
}

fn named(entities: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = entities.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match entities.len() {
        n if n > SHOWN => format!("{} and {} more series", shown.join(", "), n - SHOWN),
        _ => shown.join(", "),
    }
}
