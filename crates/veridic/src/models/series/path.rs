//! Models that make new paths, with what makes series of a table.

use super::candle::{CandleCopula, CandleCopulaConfig};
use super::copula::{WindowCopula, WindowCopulaConfig};
use crate::data::series::{Series, SeriesConfig, SeriesForm, SeriesSet};
use crate::data::{Schema, Table};
use crate::error::{ConfigError, Result};
use crate::models::Stored;
use crate::seed::Seed;

/// The longest window: its correlations are one matrix.
const LONGEST: usize = 1000;

/// Which model of paths.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PathConfig {
    Window(WindowCopulaConfig),
    Candle(CandleCopulaConfig),
}

/// A fitted model of paths.
#[derive(Debug, Clone, PartialEq)]
pub struct PathModel {
    layout: SeriesConfig,
    /// When a point after the last that was learned from would be.
    after: f64,
    generator: Generator,
}

#[derive(Debug, Clone, PartialEq)]
enum Generator {
    Window(WindowCopula),
    Candle(CandleCopula),
}

/// Ways in which a series may go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Continued {
    /// What is known.
    pub past: Series,
    /// The paths after it, named `1`, `2`, …, behind the entity's name and a slash where it has one.
    pub paths: SeriesSet,
}

impl PathConfig {
    pub(crate) fn check(&self, path: &str) -> Result<(), ConfigError> {
        let (Self::Window(WindowCopulaConfig { window }) | Self::Candle(CandleCopulaConfig { window, .. })) =
            self;
        if (2..=LONGEST).contains(window) {
            return Ok(());
        }
        let (field, found) = (format!("{path}.window"), window.to_string());
        Err(ConfigError::Range { field, found, allowed: format!("a whole number from 2 to {LONGEST}") })
    }
}

impl PathModel {
    /// Learns from the series of a table, laid out as `layout` says.
    ///
    /// # Errors
    /// Rows that are no series, or too few of them; of candles, prices that are not there or not above 0.
    pub(crate) fn fit(
        config: &PathConfig,
        layout: &SeriesConfig,
        (table, schema): (&Table, &Schema),
    ) -> Result<Self> {
        let mut layout = layout.clone();
        let set = SeriesSet::from_table(table, schema, &layout)?;
        if layout.form != SeriesForm::Rows {
            layout.time = layout.time.or(set.time.as_ref().map(|time| time.name.clone()));
        }
        if layout.form == SeriesForm::Long {
            layout.values.clone_from(&set.channels);
        }
        layout.label = None;
        Self::fit_set(config, layout, &set)
    }

    /// As [`PathModel::fit`], of series.
    pub(crate) fn fit_set(config: &PathConfig, layout: SeriesConfig, set: &SeriesSet) -> Result<Self> {
        let generator = match config {
            PathConfig::Window(config) => Generator::Window(WindowCopula::fit(set, config)?),
            PathConfig::Candle(config) => Generator::Candle(CandleCopula::fit(set, config)?),
        };
        let end = |series: &Series| series.times.last().map(|last| last + series.step());
        let after = set.series.iter().filter_map(end).fold(f64::NEG_INFINITY, f64::max);
        let after = if set.time.is_some() && after.is_finite() { after } else { 0.0 };
        Ok(Self { layout, after, generator })
    }

    /// How tables are laid out.
    pub fn layout(&self) -> &SeriesConfig {
        &self.layout
    }

    /// Names of the channels.
    pub fn channels(&self) -> &[String] {
        match &self.generator {
            Generator::Window(copula) => copula.channels(),
            Generator::Candle(copula) => copula.channels(),
        }
    }

    /// Points of a window, which correlations reach across.
    pub fn window(&self) -> usize {
        match &self.generator {
            Generator::Window(copula) => copula.window(),
            Generator::Candle(copula) => copula.window(),
        }
    }

    /// The number of the channel that stands for the others in a picture: the close of candles, else the first.
    pub fn main_channel(&self) -> usize {
        match &self.generator {
            Generator::Window(_) => 0,
            Generator::Candle(copula) => copula.close(),
        }
    }

    /// Whether rows must have a column.
    pub(crate) fn uses(&self, name: &str) -> bool {
        super::model::uses(&self.layout, name)
    }

    /// `n` new paths of `length` points, named `1`, `2`, …. Their times follow those that were learned from.
    pub fn sample(&self, n: usize, length: usize, seed: Seed, schema: &Schema) -> SeriesSet {
        let mut set = match &self.generator {
            Generator::Window(copula) => copula.sample(n, length, seed),
            Generator::Candle(copula) => copula.sample(n, length, seed),
        };
        set.time = self.layout.time.as_deref().and_then(|name| schema.column(name)).cloned();
        let times = set.series.iter_mut().flat_map(|series| &mut series.times);
        times.for_each(|time| *time += self.after);
        set
    }

    /// For each series of a table, `n` ways in which it may go on for `length` points.
    ///
    /// # Errors
    /// Rows that are no series; missing values at the end of one.
    pub fn continue_from(
        &self,
        (table, schema): (&Table, &Schema),
        n: usize,
        length: usize,
        seed: Seed,
    ) -> Result<Vec<Continued>> {
        let set = SeriesSet::from_table(table, schema, &self.layout)?;
        let go_on = |past: Series| {
            let mut paths = match &self.generator {
                Generator::Window(copula) => copula.continue_from(&past, n, length, seed)?,
                Generator::Candle(copula) => copula.continue_from(&past, n, length, seed)?,
            };
            paths.time.clone_from(&set.time);
            if !past.entity.is_empty() {
                paths
                    .series
                    .iter_mut()
                    .for_each(|path| path.entity = format!("{}/{}", past.entity, path.entity));
            }
            Ok(Continued { past, paths })
        };
        set.series.clone().into_iter().map(go_on).collect()
    }

    /// Whether it fills missing stretches.
    pub fn fills(&self) -> bool {
        matches!(self.generator, Generator::Window(_))
    }

    /// The series of a table with missing values filled by the median of what they may have been. Channels that had missing
    /// values are followed by `NAME_low` and `NAME_high`, which nine tenths of what they may have been lie between; both are
    /// missing where the value was there. Also gives how many values were filled.
    ///
    /// # Errors
    /// Rows that are no series; a model of candles.
    pub(crate) fn impute(&self, table: &Table, schema: &Schema) -> Result<Option<(SeriesSet, usize)>> {
        let Generator::Window(copula) = &self.generator else { return Ok(None) };
        let set = SeriesSet::from_table(table, schema, &self.layout)?;
        let n_channels = set.channels.len();
        let had_none =
            |channel: usize| set.series.iter().any(|s| s.values[channel].iter().any(|v| v.is_nan()));
        let filled: Vec<bool> = (0..n_channels).map(had_none).collect();
        let mut channels = Vec::new();
        for (name, filled) in set.channels.iter().zip(&filled) {
            channels.push(name.clone());
            if *filled {
                channels.extend(["low", "high"].map(|end| format!("{name}_{end}")));
            }
        }
        let mut count = 0;
        let mut series = Vec::with_capacity(set.series.len());
        for one in &set.series {
            let mut values = Vec::with_capacity(channels.len());
            for (channel, of) in copula.impute(one)?.into_iter().enumerate() {
                let known = &one.values[channel];
                count += known.iter().filter(|value| value.is_nan()).count();
                let at_holes = |ends: Vec<f64>| {
                    ends.into_iter()
                        .zip(known)
                        .map(|(end, value)| if value.is_nan() { end } else { f64::NAN })
                        .collect::<Vec<f64>>()
                };
                values.push(of.values);
                if filled[channel] {
                    values.extend([at_holes(of.low), at_holes(of.high)]);
                }
            }
            series.push(Series { values, ..one.clone() });
        }
        Ok(Some((SeriesSet { channels, time: set.time, series }, count)))
    }

    /// The model as tensors and texts.
    pub(crate) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let (name, generator) = match &self.generator {
            Generator::Window(copula) => ("window", copula.store()),
            Generator::Candle(copula) => ("candle", copula.store()),
        };
        stored.absorb("generator", generator);
        stored.insert("after", &[1], vec![self.after]);
        stored.about.insert("kind".into(), name.into());
        let layout = serde_json::to_string(&self.layout).expect("settings are plain values");
        stored.about.insert("layout".into(), layout);
        stored
    }

    /// The model that was stored.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub(crate) fn restore(stored: &Stored) -> Result<Self, String> {
        let generator = stored.below("generator");
        let generator = match stored.text("kind")? {
            "window" => Generator::Window(WindowCopula::restore(&generator)?),
            "candle" => Generator::Candle(CandleCopula::restore(&generator)?),
            other => return Err(format!("`{other}` is no model of paths")),
        };
        let layout = serde_json::from_str(stored.text("layout")?).map_err(|error| error.to_string())?;
        match *stored.values::<f64>("after")? {
            [after] if after.is_finite() => Ok(Self { layout, after, generator }),
            _ => Err("when the last point was is no time".into()),
        }
    }
}
