//! A run's own rows, and the points of its latent space, for those who walk through it by hand.

use std::path::Path;

use super::{Fitted, InUse, Model, Reading};
use crate::data::series::{SeriesConfig, SeriesSet};
use crate::data::{Data, Matrix};
use crate::error::{ModelError, Result, RunError};
use crate::models::Ability;
use crate::seed::Seed;

/// Rows that a run was measured on.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnRows {
    /// The rows.
    pub rows: Data,
    /// The label of each, where they have labels.
    pub labels: Option<Vec<Option<String>>>,
    /// Their numbers in the data, from 1.
    pub numbers: Vec<usize>,
    /// Which part of the data they are: `test`, `validation` or `training`.
    pub part: &'static str,
    /// How many rows the part has.
    pub of: usize,
}

/// Rows with their places in the latent space.
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    /// Code of each row, or the mean of its posterior, `[rows, latent]`.
    pub mean: Matrix,
    /// Log-variance of its posterior, for models that have one.
    pub log_variance: Option<Matrix>,
    /// The rows.
    pub own: OwnRows,
}

impl Fitted {
    /// At most `most` rows of the data that the run was fitted to: test rows, or validation or training rows where there are
    /// none. `data_dir` says where known data sets lie.
    ///
    /// # Errors
    /// Data that is not there any more, or has changed since.
    pub fn own_rows(&self, data_dir: &Path, most: usize) -> Result<OwnRows> {
        let own = self.data(data_dir)?;
        let split = &own.split;
        let parts = [(&split.test, "test"), (&split.valid, "validation"), (&split.train, "training")];
        let (rows, part) =
            parts.into_iter().find(|(rows, _)| !rows.is_empty()).unwrap_or((&split.train, "training"));
        let of = rows.len();
        // Windows lie over each other: those that are looked at are spread over all.
        let every = if self.windows().is_some() { of.div_ceil(most.max(1)).max(1) } else { 1 };
        let rows: Vec<usize> = rows.iter().copied().step_by(every).take(most).collect();
        let labels = own.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row].clone()).collect());
        let numbers = rows.iter().map(|row| row + 1).collect();
        let rows = match own.content {
            Data::Table(table, schema) => Data::Table(table.take(&rows), schema),
            Data::Images(images) => Data::Images(images.take(&rows)),
        };
        Ok(OwnRows { rows, labels, numbers, part, of })
    }

    /// The run's own rows as every use takes them.
    ///
    /// # Errors
    /// Rows that do not fit the model.
    pub fn own_reading(&self, own: &OwnRows) -> Result<Reading> {
        if self.windows().is_none() {
            return self.read(own.rows.clone());
        }
        // They are windows already, not series that have yet to be cut.
        Ok(Reading {
            data: own.rows.clone(),
            labels: own.labels.clone(),
            from: None,
            others: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Rows of a run of windows as the series that they are, in the unit of the data: the run's own (`is_own`), named by what they
    /// are of and when they begin, each with the scale it was divided by; made ones with the usual scale. Nothing of other runs.
    pub fn window_series(&self, rows: &Data, is_own: bool) -> Option<SeriesSet> {
        let (Data::Table(table, schema), Some(windows)) = (rows, self.windows()) else { return None };
        let mut set = windows.series(table, is_own.then_some(table))?;
        let cell = |column: &str, row: usize| crate::data::cell_text(schema, table, column, row);
        for (row, series) in set.series.iter_mut().enumerate().filter(|_| is_own) {
            let known = [cell(&windows.columns.entity, row), cell("from", row)];
            series.entity = known.into_iter().flatten().collect::<Vec<_>>().join(", ");
        }
        Some(set)
    }

    /// `n` new windows of a run of windows, as [`Self::sample`] makes them.
    ///
    /// # Errors
    /// A model of something else, or that cannot sample.
    pub fn sample_windows(&mut self, n: usize, seed: u64) -> Result<SeriesSet> {
        if self.windows().is_none() {
            return Err(self.cannot(Ability::Sample));
        }
        match &self.sample(n, &[], seed)? {
            Data::Table(table, schema) => super::window::of_long((table, schema)),
            Data::Images(_) => Err(self.cannot(Ability::Sample)),
        }
    }

    /// The channel of a run of windows that is looked at first (of candles the close), and its name as axes say it.
    pub fn window_channel(&self) -> Option<(usize, String)> {
        self.windows().map(|windows| (windows.columns.main(), windows.label()))
    }

    /// The columns of a run of windows that hold their values; none of other runs.
    pub fn window_values(&self) -> Vec<String> {
        self.windows().map_or_else(Vec::new, |windows| windows.columns.names())
    }

    /// How tables are laid out as series; nothing of runs that are of no series.
    pub fn series_layout(&self) -> Option<&SeriesConfig> {
        let Model::Table(model) = &self.model else { return self.windows().map(|windows| &windows.layout) };
        model.series().map(|series| series.layout()).or_else(|| model.paths().map(|paths| paths.layout()))
    }

    /// Where at most `most` of the run's own rows lie in its latent space.
    ///
    /// # Errors
    /// A model without codes of rows; those of [`Self::own_rows`].
    pub fn codes(&mut self, data_dir: &Path, most: usize) -> Result<Codes> {
        if !self.can(Ability::Encode) {
            return Err(self.cannot(Ability::Encode));
        }
        let own = self.own_rows(data_dir, most)?;
        let reading = self.own_reading(&own)?;
        let (encoded, _) = self.encoded(&reading)?;
        let InUse { network, pool, .. } = self.in_use(Ability::Encode)?;
        let (mean, log_variance) = network.encode(pool, encoded.rows(), &encoded.index())?;
        Ok(Codes { mean, log_variance, own })
    }

    /// Dimensions of the latent space; nothing of models without one.
    pub fn latent(&self) -> Option<usize> {
        let network = self.network()?;
        (self.can(Ability::Reconstruct) || network.can_sample()).then(|| network.latent())
    }

    /// Whether a latent point asks for a class or a set beside its noise.
    pub fn is_asked(&self) -> bool {
        self.network().and_then(|network| network.prior()).is_some_and(|prior| prior.classes + prior.sets > 0)
    }

    /// `n` points of the prior; none of models that cannot be sampled from.
    pub fn prior_points(&self, n: usize, seed: u64) -> Matrix {
        self.network().map_or_else(Matrix::default, |network| network.points(Seed(seed), "studio", n))
    }

    /// What is expected at latent points, in original units.
    ///
    /// # Errors
    /// A model without a latent space; points of another dimension.
    pub fn decode(&mut self, points: &Matrix) -> Result<Data> {
        let Some(latent) = self.latent() else { return Err(self.cannot(Ability::Reconstruct)) };
        if points.n_cols != latent || points.values.len() != points.n_rows * latent {
            return Err(RunError::NoDimension { dimension: points.n_cols, latent }.into());
        }
        match &mut self.model {
            Model::Network(coded) => {
                let made = coded.network.decode(&mut self.pool, points)?;
                coded.form.decode(&made)
            }
            Model::Table(_) | Model::Propagation(_) => {
                Err(ModelError::NoNetwork { model: self.config.model.noun() }.into())
            }
        }
    }
}
