//! Runs of windows of series: data is given as series, and what is made is given back as series.

use std::path::{Path, PathBuf};

use super::{Fitted, Form, Given, InUse, Reading, ordered};
use crate::data::series::{SeriesConfig, SeriesSet};
use crate::data::{self, Data, Schema, Table};
use crate::error::{Result, RunError};
use crate::models::Ability;
use crate::run::dataset::{Windowing, read_options_of};
use crate::run::fitted::sample::sampled_rows;
use crate::seed::Seed;

/// The column that tells made paths apart.
const PATH: &str = "path";

impl Fitted {
    /// The table of series that is given, with the columns of the one the run was fitted to, where it is from, and what the user
    /// should know.
    pub(super) fn read_source(&self, given: Given) -> Result<(Table, Option<PathBuf>, Vec<String>)> {
        let Some(windows) = self.windows() else { return Err(self.cannot(Ability::Encode)) };
        let (optional, source) = (windows.optional(), &windows.source);
        let (table, differences, from) = match given {
            Given::File(path) => {
                let mut options = read_options_of(&self.config, &path);
                options.optional = optional;
                let (table, differences) = data::read_as(&path, source, &options)?;
                (table, differences, Some(path))
            }
            Given::Data(Data::Table(table, found)) => {
                table.check()?;
                let (table, differences) = source.conform(&table, &found, &optional)?;
                (table, differences, None)
            }
            Given::Data(data) | Given::Reading(Reading { data, .. }) => {
                return Err(RunError::OtherKind { expected: self.kind(), found: data.kind() }.into());
            }
        };
        let notes = differences.iter().map(ToString::to_string).collect();
        let Reading { data, from, notes, .. } = self.complete(table, source, from, notes);
        let Data::Table(table, _) = data else { return Err(self.cannot(Ability::Encode)) };
        Ok((table, from, notes))
    }

    /// The windows of series that are given as a table like the one the run was fitted to.
    pub(super) fn read_windows(&self, given: Given) -> Result<Reading> {
        let Some(windows) = self.windows() else { return Err(self.cannot(Ability::Encode)) };
        let (table, from, mut notes) = self.read_source(given)?;
        let rows = windows.rows(&table, &windows.source)?;
        if rows.incomplete > 0 {
            notes.push(format!("{} windows with a missing value are left out", rows.incomplete));
        }
        let mut table = rows.table;
        // One entity alone has no column of entities, and the run may have one.
        if let Some(schema) = self.schema() {
            for column in &schema.columns {
                if table.column(&column.name).is_none() {
                    let cells = super::given::missing(column, table.n_rows);
                    table.columns.push(data::Column { name: column.name.clone(), cells });
                }
            }
            table = ordered(table, schema);
        }
        let kinds = self.schema().map_or(rows.schema, |schema| schema.refreshed(&table));
        Ok(Reading { data: Data::Table(table, kinds), labels: None, from, others: Vec::new(), notes })
    }

    /// Of windows what is known of each beside its values; nothing of other rows.
    pub(super) fn known_of(&self, reading: &Reading) -> Option<(Table, Schema)> {
        match &reading.data {
            Data::Table(table, schema) => self.windows().map(|windows| windows.known(table, schema)),
            Data::Images(_) => None,
        }
    }

    /// Rows in the form of windows behind what is known of those that they are of; other rows as they are.
    pub(super) fn beside_known(&self, rows: Data, reading: &Reading) -> Data {
        let (Data::Table(table, schema), Some((known, kinds))) = (&rows, self.known_of(reading)) else {
            return rows;
        };
        let is_new = |name: &str| known.column(name).is_none();
        let values = table.columns.iter().filter(|column| is_new(&column.name)).cloned();
        let columns = known.columns.iter().cloned().chain(values).collect();
        let own = schema.columns.iter().filter(|column| is_new(&column.name)).cloned();
        let columns_kinds = kinds.columns.into_iter().chain(own).collect();
        Data::Table(Table { n_rows: table.n_rows, columns }, Schema { columns: columns_kinds })
    }

    /// Makes `n` paths like the windows of a file: each is drawn from the posterior of one of them, by turns, with the noise of its
    /// values. A scenario, such as the falls of a crash, is a file of them. The windows themselves come first, as `real-1`, …, before
    /// `made-1`, ….
    ///
    /// # Errors
    /// A model without a posterior; data that is no series like those that were learned from.
    pub(super) fn paths_like(&mut self, path: &Path, n: usize, seed: u64) -> Result<Data> {
        if !self.can(Ability::Posterior) {
            return Err(self.cannot(Ability::Posterior));
        }
        let reading = self.read(path)?;
        let (encoded, _) = self.encoded(&reading)?;
        let seed = Seed(seed);
        let InUse { form, network, pool } = self.in_use(Ability::Posterior)?;
        let (mean, log_variance) = network.encode(pool, encoded.rows(), &encoded.index())?;
        let mut z = network.points(seed, "sample", n);
        for i in 0..n {
            let at = i % mean.n_rows;
            for (j, value) in z.row_mut(i).iter_mut().enumerate() {
                let deviation = log_variance.as_ref().map_or(0.0, |of| (0.5 * of.row(at)[j]).exp());
                *value = mean.row(at)[j] + deviation * *value;
            }
        }
        let rows = sampled_rows(network, pool, &z, seed)?;
        let Form::Table { codec, windows: Some(windows), .. } = form else {
            return Err(self.cannot(Ability::Posterior));
        };
        let made = codec.decode(&rows)?;
        let Data::Table(real, _) = &reading.data else { return Err(self.cannot(Ability::Posterior)) };
        let parts = [("real", windows.series(real, Some(real))), ("made", windows.series(&made, None))];
        let mut all: Option<SeriesSet> = None;
        for (kind, set) in parts {
            let Some(mut set) = set else { return Err(self.cannot(Ability::Posterior)) };
            set.series.iter_mut().for_each(|series| series.entity = format!("{kind}-{}", series.entity));
            all = Some(match all {
                None => set,
                Some(mut first) => {
                    first.series.append(&mut set.series);
                    first
                }
            });
        }
        let Some(all) = all else { return Err(self.cannot(Ability::Posterior)) };
        let (table, schema) = long(&all);
        Ok(Data::Table(table, schema))
    }

    /// Made windows as paths in long form, `path`, `step` and the channels; other rows as they are.
    ///
    /// A path has the usual scale of those that were learned from, and what is relative starts after 1.
    pub(super) fn as_paths(&self, made: Data) -> Data {
        let (Data::Table(table, _), Some(windows)) = (&made, self.windows()) else { return made };
        paths(windows, table).map_or(made, |(table, schema)| Data::Table(table, schema))
    }
}

/// Made windows as paths in long form; nothing of a table without their values.
pub(crate) fn paths(windows: &Windowing, table: &Table) -> Option<(Table, Schema)> {
    windows.series(table, None).map(|set| long(&set))
}

/// Paths as rows: `path`, `step`, and the channels.
fn long(set: &SeriesSet) -> (Table, Schema) {
    let layout = SeriesConfig { entity: Some(PATH.to_string()), ..SeriesConfig::default() };
    set.to_table(&layout, &Schema { columns: Vec::new() })
}

/// Rows of [`long`] as paths again.
pub(super) fn of_long((table, schema): (&Table, &Schema)) -> Result<SeriesSet> {
    let layout = SeriesConfig {
        entity: Some(PATH.to_string()),
        time: Some("step".to_string()),
        ..SeriesConfig::default()
    };
    Ok(SeriesSet::from_table(table, schema, &layout)?)
}
