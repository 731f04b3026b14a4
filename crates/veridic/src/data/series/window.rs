//! Windows over series, as views.

use super::{Series, SeriesSet};
use crate::error::SeriesError;

/// All windows of one length, so many points apart; none spans two series.
#[derive(Debug, Clone)]
pub struct Windows<'a> {
    set: &'a SeriesSet,
    length: usize,
    stride: usize,
    /// Windows before each series, and all.
    before: Vec<usize>,
}

/// Points that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// The series they are of.
    pub series: &'a Series,
    /// The series' number in the set.
    pub number: usize,
    /// The first point.
    pub start: usize,
    /// Points.
    pub length: usize,
}

impl<'a> Window<'a> {
    /// The values of a channel.
    ///
    /// # Panics
    /// If there is no such channel.
    pub fn channel(&self, channel: usize) -> &'a [f64] {
        &self.series.values[channel][self.start..self.start + self.length]
    }

    /// The times.
    pub fn times(&self) -> &'a [f64] {
        &self.series.times[self.start..self.start + self.length]
    }

    /// Whether no value is missing.
    pub fn is_complete(&self) -> bool {
        (0..self.series.values.len()).all(|c| self.channel(c).iter().all(|value| !value.is_nan()))
    }
}

impl SeriesSet {
    /// The windows of `length` points that start at every `stride`-th point of each series. Nothing is copied; a series
    /// shorter than the window has none.
    ///
    /// # Errors
    /// A length or stride of 0; no series as long as the window.
    pub fn windows(&self, length: usize, stride: usize) -> Result<Windows<'_>, SeriesError> {
        for (name, value) in [("window", length), ("stride", stride)] {
            if value == 0 {
                return Err(SeriesError::Range { name, found: 0.0, allowed: "whole numbers from 1" });
            }
        }
        let mut before = vec![0];
        for series in &self.series {
            let windows = (series.len() + 1).saturating_sub(length).div_ceil(stride);
            before.push(before[before.len() - 1] + windows);
        }
        if before.last() == Some(&0) {
            let longest = self.series.iter().max_by_key(|series| series.len());
            return Err(SeriesError::Short {
                entity: longest.map_or_else(String::new, |series| series.entity.clone()),
                found: longest.map_or(0, Series::len),
                needed: length,
                purpose: "the window",
            });
        }
        Ok(Windows { set: self, length, stride, before })
    }
}

impl<'a> Windows<'a> {
    /// Windows.
    pub fn len(&self) -> usize {
        self.before[self.before.len() - 1]
    }

    /// Whether there is no window; never, as made by [`SeriesSet::windows`].
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Points of a window.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Window `i`, series by series.
    pub fn get(&self, i: usize) -> Option<Window<'a>> {
        if i >= self.len() {
            return None;
        }
        // The last series with no more windows before it than `i`.
        let number = self.before.partition_point(|before| *before <= i) - 1;
        let start = (i - self.before[number]) * self.stride;
        Some(Window { series: &self.set.series[number], number, start, length: self.length })
    }

    /// All windows in order.
    pub fn iter(&self) -> impl Iterator<Item = Window<'a>> + '_ {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    /// The windows without a missing value.
    pub fn complete(&self) -> impl Iterator<Item = Window<'a>> + '_ {
        self.iter().filter(Window::is_complete)
    }
}
