//! Scaling of windows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SeriesSet, Window};
use crate::error::SeriesError;

/// What the values of a channel are scaled by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// They stay as they are.
    None,
    /// Mean and standard deviation of the window itself: only its form is left.
    Window,
    /// Those of the entity in the fitted series.
    Entity,
    /// Those of all fitted series.
    #[default]
    Global,
}

/// A value minus `center`, divided by `size`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The mean.
    pub center: f64,
    /// The standard deviation, 1 where nothing varies.
    pub size: f64,
}

/// Scales by channel, learned from series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesScaler {
    scaling: Scaling,
    global: Vec<Scale>,
    entities: BTreeMap<String, Vec<Scale>>,
}

impl Scale {
    /// Mean and standard deviation (divisor n) of the values that are there.
    pub fn of<'a>(values: impl Iterator<Item = &'a f64> + Clone) -> Self {
        let present = values.filter(|value| !value.is_nan());
        let n = present.clone().count().max(1) as f64;
        let center = present.clone().sum::<f64>() / n;
        let size = (present.map(|value| (value - center).powi(2)).sum::<f64>() / n).sqrt();
        // Differences from rounding alone are no variation.
        Self { center, size: if size > center.abs() * 1e-12 { size } else { 1.0 } }
    }

    /// The value in units of the scale.
    pub fn apply(self, value: f64) -> f64 {
        (value - self.center) / self.size
    }

    /// The value that [`apply`](Self::apply) was given.
    pub fn invert(self, value: f64) -> f64 {
        value * self.size + self.center
    }
}

impl SeriesScaler {
    /// Learns what `scaling` needs from `set`, the training part.
    pub fn fit(set: &SeriesSet, scaling: Scaling) -> Self {
        let of = |entity: Option<&str>| -> Vec<Scale> {
            let is_of = |series: &&super::Series| entity.is_none_or(|entity| series.entity == entity);
            let channel =
                |c: usize| Scale::of(set.series.iter().filter(is_of).flat_map(move |s| &s.values[c]));
            (0..set.channels.len()).map(channel).collect()
        };
        let mut scaler = Self { scaling, global: Vec::new(), entities: BTreeMap::new() };
        match scaling {
            Scaling::Global => scaler.global = of(None),
            Scaling::Entity => {
                let scales = set.entities().into_iter().map(|entity| (entity.to_owned(), of(Some(entity))));
                scaler.entities = scales.collect();
            }
            Scaling::None | Scaling::Window => {}
        }
        scaler
    }

    /// The scale of each channel of a window.
    ///
    /// # Errors
    /// An entity that was not fitted, where scales are by entity.
    pub fn scales(&self, window: &Window<'_>) -> Result<Vec<Scale>, SeriesError> {
        let channels = 0..window.series.values.len();
        match self.scaling {
            Scaling::None => Ok(channels.map(|_| Scale { center: 0.0, size: 1.0 }).collect()),
            Scaling::Window => Ok(channels.map(|c| Scale::of(window.channel(c).iter())).collect()),
            Scaling::Global => Ok(self.global.clone()),
            Scaling::Entity => {
                self.entities.get(&window.series.entity).cloned().ok_or_else(|| SeriesError::UnknownEntity {
                    entities: vec![window.series.entity.clone()],
                })
            }
        }
    }

    /// Writes the scaled values of a window to `row`, time by time, the channels of a time side by side, and gives the scales
    /// by which they are undone.
    ///
    /// # Errors
    /// As [`scales`](Self::scales).
    ///
    /// # Panics
    /// If `row` is not as long as the window has values.
    pub fn fill(&self, window: &Window<'_>, row: &mut [f32]) -> Result<Vec<Scale>, SeriesError> {
        let scales = self.scales(window)?;
        let channels = scales.len();
        assert_eq!(row.len(), channels * window.length, "a place for each value");
        for (c, scale) in scales.iter().enumerate() {
            for (t, value) in window.channel(c).iter().enumerate() {
                row[t * channels + c] = scale.apply(*value) as f32;
            }
        }
        Ok(scales)
    }
}
