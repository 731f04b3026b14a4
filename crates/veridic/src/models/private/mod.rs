//! Rows made from noisy marginals, with differential privacy.
//!
//! The counts of every column, and of the pairs of a tree of columns, are measured with Gaussian noise; which pairs, is chosen by the
//! exponential mechanism. All else is made of these: nothing of the data passes but through them. This is MST (McKenna, Miklau
//! and Sheldon 2021, "Winning the NIST Contest: A scalable and general approach to differentially private synthetic data"), with
//! the pairs fitted to the columns by projection instead of by a graphical model.
//!
//! What is protected is one row, which is there or not: made rows are (epsilon, delta)-differentially private.
//! What counts as known to all: the names and kinds of columns, the names of categories, and the least and the largest
//! number of a column where no range is given.

mod accountant;
mod config;
mod domain;
mod noise;
mod project;
mod store;
#[cfg(test)]
mod tests;
mod tree;

use crate::data::{Column, ColumnSchema, Kind, Schema, Table};
use crate::error::ModelError;
use crate::seed::{Seed, uniform};

pub use accountant::{Budget, Spent, delta_of, rho_of};
pub use config::PrivateMarginalsConfig;

use domain::{Axis, Grouped};
use noise::Noise;
use tree::Edge;

/// The model in messages.
const MODEL: &str = "a model of private marginals";

/// Fewest rows of which noise leaves anything.
const LEAST_ROWS: usize = 100;

/// Noisy marginals of columns and of pairs that make a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct PrivateMarginals {
    config: PrivateMarginalsConfig,
    columns: Vec<ColumnSchema>,
    axes: Vec<Axis>,
    groups: Vec<Grouped>,
    /// The share of each group of the first column.
    root: Vec<f64>,
    /// The other columns, each after the one that it is drawn by.
    edges: Vec<Edge>,
    spent: Vec<Spent>,
    /// Columns whose range is that of the data.
    assumed: Vec<String>,
}

impl PrivateMarginals {
    /// Measures the rows `rows` of `table`: its columns that `schema` names, identifiers and constants left out.
    ///
    /// Noise is drawn from the system's randomness and cannot be repeated, for whoever could repeat it could take it away; only
    /// with [`noise_seed`](PrivateMarginalsConfig::noise_seed) it follows from a number, and then nothing is private.
    ///
    /// # Errors
    /// Fewer than 100 rows, no column to learn from, a column that is not there; no randomness to be had.
    pub fn fit(
        config: &PrivateMarginalsConfig,
        table: &Table,
        schema: &Schema,
        rows: &[usize],
    ) -> Result<Self, ModelError> {
        if rows.len() < LEAST_ROWS {
            return Err(ModelError::TooFewRows { model: MODEL, found: rows.len(), needed: LEAST_ROWS });
        }
        let is_modelled =
            |column: &&ColumnSchema| !matches!(column.kind, Kind::Identifier | Kind::Constant { .. });
        let mut columns: Vec<ColumnSchema> = schema.columns.iter().filter(is_modelled).cloned().collect();
        if columns.is_empty() {
            return Err(ModelError::NoColumns { model: MODEL });
        }
        let mut noise = Noise::new(config.noise_seed)?;
        let mut budget = Budget::new(config.epsilon, config.delta);
        let whole = budget.left();
        let mut assumed = Vec::new();
        let mut axes = Vec::with_capacity(columns.len());
        let mut cells = Vec::with_capacity(columns.len());
        for column in &mut columns {
            let Some(found) = table.column(&column.name) else {
                return Err(ModelError::MissingColumn { model: MODEL, column: column.name.clone() });
            };
            let axis = Axis::of(column, config.ranges.get(&column.name).copied());
            if axis.is_of_numbers() && !config.ranges.contains_key(&column.name) {
                assumed.push(column.name.clone());
            }
            cells.push(axis.read(&found.cells, rows));
            // Nothing exact is kept of the data.
            axis.describe(column);
            axes.push(axis);
        }
        // A third each for columns, for choosing pairs and for measuring them; all for columns where there are no pairs.
        let n = columns.len();
        let share = if n > 1 { whole / 3.0 } else { whole };
        let sigma = budget.gaussian("columns", n, share / n as f64);
        let mut groups = Vec::with_capacity(n);
        for (axis, cells) in axes.iter().zip(&cells) {
            let mut counts = vec![0.0; axis.cells()];
            cells.iter().for_each(|cell| counts[*cell as usize] += 1.0);
            counts.iter_mut().for_each(|count| *count += noise.normal(sigma));
            groups.push(Grouped::new(axis, &counts, sigma));
        }
        let grouped: Vec<Vec<u16>> =
            cells.iter().zip(&groups).map(|(cells, groups)| groups.of_cells(cells)).collect();
        let (root, edges) = tree::fit(&groups, &grouped, &mut budget, share, &mut noise);
        let spent = budget.into_spent();
        Ok(Self { config: config.clone(), columns, axes, groups, root, edges, spent, assumed })
    }

    /// `n` rows.
    pub fn sample(&self, n: usize, seed: Seed) -> Table {
        let mut random = seed.stream("private.sample");
        let mut chosen: Vec<Vec<u16>> = vec![Vec::new(); self.columns.len()];
        chosen[0] = (0..n).map(|_| tree::draw(&self.root, uniform(&mut random))).collect();
        for edge in &self.edges {
            let of = |group: &u16| tree::draw(edge.given(usize::from(*group)), uniform(&mut random));
            chosen[edge.column] = chosen[edge.parent].iter().map(of).collect();
        }
        let column = |(j, column): (usize, &ColumnSchema)| {
            let mut random = seed.stream(&format!("private.cells.{j}"));
            let cells = chosen[j].iter().map(|group| self.groups[j].draw(usize::from(*group), &mut random));
            let cells: Vec<u32> = cells.collect();
            Column { name: column.name.clone(), cells: self.axes[j].write(&cells, &mut random) }
        };
        Table { columns: self.columns.iter().enumerate().map(column).collect(), n_rows: n }
    }

    /// What a schema says of the columns that are made; ranges and categories are those that count as known.
    pub fn schema(&self) -> Schema {
        Schema { columns: self.columns.clone() }
    }

    /// The settings.
    pub fn config(&self) -> &PrivateMarginalsConfig {
        &self.config
    }

    /// What was spent of the budget, in the order in which it was.
    pub fn spent(&self) -> &[Spent] {
        &self.spent
    }

    /// Columns whose least and largest number were taken from the data, and so count as known.
    pub fn assumed(&self) -> &[String] {
        &self.assumed
    }

    /// Pairs of columns that were measured.
    pub fn pairs(&self) -> Vec<[&str; 2]> {
        let name = |j: usize| self.columns[j].name.as_str();
        self.edges.iter().filter(|edge| edge.is_measured).map(|e| [name(e.parent), name(e.column)]).collect()
    }

    /// What is protected and what is not, in plain words, a sentence or two each.
    pub fn warnings(&self) -> Vec<String> {
        let PrivateMarginalsConfig { epsilon, delta, noise_seed, .. } = &self.config;
        let mut told = vec![format!(
            "made rows and `model.safetensors` are differentially private with epsilon {epsilon} and delta {delta:e} for one row \
             there or not; who has several rows in the data is protected less, by so many times epsilon. Everything else in the \
             run (report, pages, figures, card, `schema.json`) is of the data as it is: hand out made rows alone"
        )];
        told.push(
            "this counts one fit: each further fit of the same data spends again. Names of columns and of categories count as \
             known to all"
                .to_string(),
        );
        if !self.assumed.is_empty() {
            told.push(format!(
                "so do the least and the largest number of {}, which are taken from the data; give \
                 `model.private-marginals.ranges` to name what is known without it",
                self.assumed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ));
        }
        if noise_seed.is_some() {
            told.push(
                "`noise-seed` is given, and whoever knows it can take the noise away: these rows are not private".to_string(),
            );
        }
        told
    }
}
