//! Questions to a fitted table: how likely rows are, what is missing in them, which class they are of.

use std::path::Path;

use super::sample::whole;
use super::score::{number, plain_schema};
use super::{Fitted, Given, Model, Reading};
use crate::data::{Cells, Column, ColumnSchema, Data, Kind, ReadOptions, Schema, Table, counted};
use crate::error::{Result, RunError};
use crate::evaluate::most_likely;
use crate::models::chain::{Answer, Prediction};
use crate::models::maker::Maker;
use crate::models::{Ability, TableModel};
use crate::run::dataset::read_options_of;
use crate::seed::Seed;

impl Fitted {
    /// The table model and the rows of a question, for models that are capable of answering it.
    fn asked(&self, given: impl Into<Given>, ability: Ability) -> Result<(&TableModel, Table, Vec<String>)> {
        let Model::Table(model) = &self.model else { return Err(self.cannot(ability)) };
        if !self.can(ability) {
            return Err(self.cannot(ability));
        }
        let reading = self.read(given)?;
        match reading.data {
            Data::Table(table, _) => Ok((model, table, reading.notes)),
            Data::Images(_) => Err(self.cannot(ability)),
        }
    }

    /// How likely each row is, in nats: `log_likelihood`, and for each column its part given the columns before it. Also
    /// returns what the user should know.
    ///
    /// # Errors
    /// A model without an exact likelihood; data that cannot be read or does not fit the model.
    pub fn log_likelihood(&self, given: impl Into<Given>) -> Result<(Table, Schema, Vec<String>)> {
        let (model, rows, notes) = self.asked(given, Ability::Likelihood)?;
        let maker = model.maker().ok_or_else(|| self.cannot(Ability::Likelihood))?;
        let likelihoods = maker.log_likelihood(&rows, self.pool.threads())?;
        let width = likelihoods.columns.len();
        let mut columns = vec![number("log_likelihood", likelihoods.rows())];
        columns.extend(likelihoods.columns.iter().enumerate().map(|(j, name)| {
            number(name, likelihoods.values.iter().skip(j).step_by(width).copied().collect())
        }));
        let table = Table { n_rows: rows.n_rows, columns };
        let schema = plain_schema(&table);
        Ok((table, schema, notes))
    }

    /// Rows with their missing cells completed, `m` times: columns of the data as they are where they are there, and drawn given
    /// the row's other cells where they are missing. With several times, a first column `draw` counts from 1. Also returns what
    /// the user should know. Missing stretches of series are filled once, with the median of what may have been and its bounds.
    ///
    /// # Errors
    /// A model that cannot complete rows; data that cannot be read or does not fit the model.
    pub fn fill(&mut self, given: impl Into<Given>, m: usize, seed: u64) -> Result<(Data, Vec<String>)> {
        self.fill_columns(given, &[], m, seed)
    }

    /// As [`fill`](Self::fill), of these columns alone (all where none are named): missing cells of the others are known to be
    /// missing, and stay so.
    ///
    /// # Errors
    /// As [`fill`](Self::fill); a column that the model does not know.
    pub fn fill_columns(
        &mut self,
        given: impl Into<Given>,
        columns: &[String],
        m: usize,
        seed: u64,
    ) -> Result<(Data, Vec<String>)> {
        if self.can(Ability::FillSeries) && columns.is_empty() {
            return self.fill_series(given, m);
        }
        self.maker(Ability::Fill)?;
        let reading = self.read(given)?;
        let (beside, of_beside) = self.beside(&reading);
        let (model, rows, mut notes) = self.asked(reading, Ability::Fill)?;
        let (_, maker) = self.maker(Ability::Fill)?;
        let (m, seed, threads) = (m.max(1), Seed(seed), self.pool.threads());
        let filled = match columns {
            [] => maker.fill(&rows, m, seed, threads)?,
            only => maker.fill_only((&rows, only), m, seed, threads)?,
        };
        let completed = |row: usize| {
            let lacks =
                |column: &ColumnSchema| rows.column(&column.name).is_none_or(|own| own.cells.is_missing(row));
            maker.columns().iter().any(lacks)
        };
        notes.extend(filled.first().map(|table| breaking(maker, table, &completed)).transpose()?.flatten());
        let mut all: Option<Table> = None;
        for (draw, mut table) in filled.into_iter().enumerate() {
            // What no part of the model speaks of stays as it is.
            for column in rows.columns.iter().chain(&beside) {
                if table.column(&column.name).is_none() {
                    table.columns.push(column.clone());
                }
            }
            let mut table = super::ordered(table, model.schema());
            if m > 1 {
                table.columns.insert(0, number("draw", vec![draw as f64 + 1.0; rows.n_rows]));
            }
            all = Some(match all {
                None => table,
                Some(first) => crate::run::dataset::below(first, &table),
            });
        }
        let table = all.unwrap_or(rows);
        let mut schema = model.schema().clone();
        schema.columns.extend(of_beside);
        if m > 1 {
            let kind = Kind::Integer { min: 1.0, max: m as f64 };
            schema.columns.insert(0, ColumnSchema::new("draw", kind, 0));
        }
        Ok((Data::Table(table, schema), notes))
    }

    /// Columns of a file that the model was not fitted with, as they stand there; none of a file that cannot be read without it.
    fn beside(&self, reading: &Reading) -> (Vec<Column>, Vec<ColumnSchema>) {
        let Some(path) = reading.from.as_deref().filter(|_| !reading.others.is_empty()) else {
            return Default::default();
        };
        let categorical = reading.others.clone();
        let options = ReadOptions { categorical, ..read_options_of(&self.config, path) };
        let Ok(found) = crate::data::read(path, &options) else { return Default::default() };
        let is_other = |name: &String| reading.others.contains(name);
        let columns = found.table.columns.into_iter().filter(|column| is_other(&column.name)).collect();
        let schemas = found.schema.columns.into_iter().filter(|column| is_other(&column.name)).collect();
        (columns, schemas)
    }

    /// Rows like those given in the columns that these have, which stay as they are, with all others made. Of windows of series, as
    /// many paths as there are windows in the file, or `n`, each drawn from the posterior of one of them, behind those windows. Also
    /// returns what the user should know.
    ///
    /// # Errors
    /// A model that cannot make rows; data of which no column is the model's.
    pub fn sample_like(&mut self, given: &Path, n: Option<usize>, seed: u64) -> Result<(Data, Vec<String>)> {
        if self.windows().is_some() {
            let n = match n {
                Some(n) => n,
                None => self.read(given)?.data.len(),
            };
            return Ok((self.paths_like(given, n, seed)?, Vec::new()));
        }
        let (model, maker) = self.maker(Ability::Sample)?;
        let mut options = read_options_of(&self.config, given);
        options.optional = model.schema().columns.iter().map(|column| column.name.clone()).collect();
        let (table, _) = crate::data::read_as(given, model.schema(), &options)?;
        if table.columns.is_empty() {
            let names = |schema: &Schema| schema.columns.iter().map(|column| column.name.clone()).collect();
            let found = crate::data::read(given, &read_options_of(&self.config, given))?.schema;
            let (found, columns) = (names(&found), names(model.schema()));
            return Err(RunError::NothingShared { found, columns, path: given.to_path_buf() }.into());
        }
        let mut made = maker.sample_like(&table, Seed(seed), self.pool.threads())?;
        let notes = breaking(maker, &made, &|_| true)?.into_iter().collect();
        // Names of rows that the file has are those of its rows.
        for key in model.keys() {
            if let Some(column) = table.column(key.column()).filter(|column| column.n_missing() == 0) {
                made.columns.push(column.clone());
            }
        }
        Ok((whole(model, made, Seed(seed)), notes))
    }

    /// What a column would be in each row, given the row's other cells: `predicted` (the most likely value, of numbers the
    /// median), of numbers also `low` and `high`, between which it lies with a probability of 0.9, of categories `p_VALUE` of
    /// each of up to 50 values, and `p_missing` where cells are missing. Also returns what the user should know.
    ///
    /// # Errors
    /// A model that cannot say; a column that it does not know; data that cannot be read or does not fit the model.
    pub fn predict(&self, given: impl Into<Given>, column: &str) -> Result<(Table, Schema, Vec<String>)> {
        let (model, rows, notes) = self.asked(given, Ability::Fill)?;
        let (_, maker) = self.maker(Ability::Fill)?;
        let prediction = maker.predict(&rows, column, self.pool.threads())?;
        let columns = predicted(&prediction, rows.n_rows);
        let table = Table { n_rows: rows.n_rows, columns };
        let mut schema = plain_schema(&table);
        // Numbers are written as the column writes them.
        if let Some(of) = model.schema().column(column) {
            for told in
                schema.columns.iter_mut().filter(|told| ["predicted", "low", "high"].contains(&&*told.name))
            {
                if table.column(&told.name).is_some_and(|c| matches!(c.cells, Cells::Number(_))) {
                    *told = ColumnSchema { name: told.name.clone(), blank: None, ..of.clone() };
                }
            }
        }
        Ok((table, schema, notes))
    }

    /// The class of each row of a classifier's target, `class`, with the probability of each, `p_CLASS`. Also returns what the
    /// user should know.
    ///
    /// # Errors
    /// A model that does not classify; data that cannot be read or does not fit the model.
    pub fn classify(&mut self, given: impl Into<Given>) -> Result<(Table, Schema, Vec<String>)> {
        let (classes, shares, n_rows, notes) = if self.network().is_some() {
            let reading = self.read(given)?;
            let (encoded, notes) = self.encoded(&reading)?;
            let classes = self.info.classes.clone();
            let in_use = self.in_use(Ability::Classify)?;
            let index = encoded.index();
            let mut read = in_use.network.recognize(in_use.pool, encoded.rows(), &index)?;
            let shares = read.pop().map(|matrix| matrix.values).unwrap_or_default();
            (classes, shares, index.len(), [reading.notes, notes].concat())
        } else if let Model::Propagation(spread) = &self.model {
            let reading = self.read(given)?;
            let (encoded, notes) = self.encoded(&reading)?;
            let index = encoded.index();
            let shares = spread.model.probabilities(encoded.rows(), &index, self.pool.threads())?;
            (spread.model.classes().to_vec(), shares, index.len(), [reading.notes, notes].concat())
        } else {
            let (model, rows, notes) = self.asked(given, Ability::Classify)?;
            let classes = model.classes().ok_or_else(|| self.cannot(Ability::Classify))?;
            let shares = model.probabilities(&rows)?.unwrap_or_default();
            (classes.to_vec(), shares, rows.n_rows, notes)
        };
        let width = classes.len().max(1);
        let best = |shares: &[f32]| most_likely(shares).unwrap_or(0) as u32;
        let codes = shares.chunks(width).map(best).collect();
        let cells = Cells::Text { codes, levels: classes.clone() };
        let mut columns = vec![Column { name: "class".to_string(), cells }];
        columns.extend(classes.iter().enumerate().map(|(j, class)| {
            let values = shares.iter().skip(j).step_by(width).map(|&share| f64::from(share)).collect();
            number(&format!("p_{class}"), values)
        }));
        let table = Table { n_rows, columns };
        let schema = plain_schema(&table);
        Ok((table, schema, notes))
    }
}

/// What is said of rows, of those `completed`, that break what holds in made rows.
fn breaking(maker: Maker<'_>, table: &Table, completed: &dyn Fn(usize) -> bool) -> Result<Option<String>> {
    let mut broken = maker.breaking(table)?;
    broken.retain(|(row, _)| completed(*row));
    let said = broken.first().map(|(row, column)| {
        let rows = counted(broken.len(), "row");
        format!(
            "{rows} break what rows keep (the first is row {}, by `{column}`): their given cells leave no other way, or none was \
             found",
            row + 1
        )
    });
    Ok(said)
}

/// Most values whose probabilities are columns.
const MOST_VALUES: usize = 50;

fn predicted(prediction: &Prediction, n_rows: usize) -> Vec<Column> {
    let answers = &prediction.answers;
    let width = answers.len().max(1);
    let shares = || prediction.probabilities.chunks(width);
    let of = |at: usize| shares().map(|row| f64::from(row[at])).collect::<Vec<f64>>();
    let missing = answers.iter().position(|answer| *answer == Answer::Missing);
    let middle = |answer: &Answer| match answer {
        Answer::Number(value) => Some((*value, *value, *value)),
        Answer::Range(low, middle, high) => Some((*low, *middle, *high)),
        Answer::Missing | Answer::Text(_) | Answer::Texts(..) => None,
    };
    let mut numbers: Vec<(usize, (f64, f64, f64))> =
        answers.iter().enumerate().filter_map(|(at, answer)| Some((at, middle(answer)?))).collect();
    numbers.sort_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let mut columns = Vec::new();
    if numbers.is_empty() {
        let text = |answer: &Answer| match answer {
            Answer::Text(text) => text.clone(),
            Answer::Texts(others, first) => format!("{first} or {} others", others.saturating_sub(1)),
            Answer::Missing | Answer::Number(_) | Answer::Range(..) => "missing".to_string(),
        };
        let levels: Vec<String> = answers.iter().map(text).collect();
        let codes = shares().map(|shares| most_likely(shares).unwrap_or(0) as u32).collect();
        columns.push(Column {
            name: "predicted".to_string(),
            cells: Cells::Text { codes, levels: levels.clone() },
        });
        columns.extend(
            levels
                .iter()
                .enumerate()
                .take(MOST_VALUES)
                .map(|(at, level)| number(&format!("p_{level}"), of(at))),
        );
    } else {
        let quantile = |row: &[f32], share: f64, pick: &dyn Fn((f64, f64, f64)) -> f64| {
            let total: f64 = numbers.iter().map(|(at, _)| f64::from(row[*at])).sum();
            let mut below = 0.0;
            for (at, values) in &numbers {
                below += f64::from(row[*at]);
                if below >= share * total {
                    return pick(*values);
                }
            }
            numbers.last().map_or(f64::NAN, |(_, values)| pick(*values))
        };
        let each = |share: f64, pick: fn((f64, f64, f64)) -> f64| {
            let known = prediction.known.iter().copied().chain(std::iter::repeat(f64::NAN));
            let bases = prediction.base.iter().copied().chain(std::iter::repeat(0.0));
            let told = |((row, known), base): ((&[f32], f64), f64)| match (known.is_nan(), prediction.falls) {
                (false, _) => known,
                (true, false) => base + quantile(row, share, &pick),
                // What is farthest below is the least.
                (true, true) => {
                    base - quantile(row, 1.0 - share, &|(low, middle, high)| pick((high, middle, low)))
                }
            };
            shares().zip(known).zip(bases).map(told).collect::<Vec<f64>>()
        };
        columns.push(number("predicted", each(0.5, |(_, middle, _)| middle)));
        columns.push(number("low", each(0.05, |(low, _, _)| low)));
        columns.push(number("high", each(0.95, |(_, _, high)| high)));
        columns.extend(missing.map(|at| number("p_missing", of(at))));
    }
    debug_assert!(columns.iter().all(|column| column.cells.len() == n_rows));
    columns
}
