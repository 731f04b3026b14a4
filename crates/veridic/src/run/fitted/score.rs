//! How unusual rows are, and why.

use std::collections::HashMap;

use super::{Fitted, Form, Given, InUse, Model, kind, unseen};
use crate::data::{self, Cells, Column, ColumnSchema, Data, DataKind, Kind, MISSING, Matrix, Schema, Table};
use crate::error::Result;
use crate::models::Ability;

/// How unusual rows are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    /// One a row; higher is more unusual. Nats for likelihoods and surprises.
    pub scores: Vec<f64>,
    /// The share of left-out training rows with a score at least as high, from models that know it.
    pub tails: Option<Vec<f64>>,
    /// For each row the columns that add most to its score, the most first; empty where they were not asked for.
    pub reasons: Vec<Vec<Reason>>,
    /// Of series what each score is of: the entity where there are several, and the time; of windows what is known of each.
    pub points: Option<(Table, Schema)>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A column's part in the score of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The column.
    pub column: String,
    /// Its part of the score.
    pub adds: f64,
    /// The cell, as the data writes it; none where it is missing.
    pub actual: Option<String>,
    /// What the model expects there; none for a missing cell.
    pub expected: Option<String>,
}

impl Scores {
    /// One row each: `score`, `tail` where it is known, and for the k-th reason `reason_k`, `reason_k_adds`,
    /// `reason_k_actual` and `reason_k_expected`.
    pub fn table(&self) -> (Table, Schema) {
        let mut columns = vec![number("score", self.scores.clone())];
        columns.extend(self.tails.clone().map(|tails| number("tail", tails)));
        let most = self.reasons.iter().map(Vec::len).max().unwrap_or(0);
        for k in 0..most {
            let each = || self.reasons.iter().map(move |reasons| reasons.get(k));
            let name = |part: &str| format!("reason_{}{part}", k + 1);
            let adds = each().map(|reason| reason.map_or(f64::NAN, |reason| reason.adds)).collect();
            columns.push(text(&name(""), each().map(|reason| Some(reason?.column.as_str()))));
            columns.push(number(&name("_adds"), adds));
            columns.push(text(&name("_actual"), each().map(|reason| reason?.actual.as_deref())));
            columns.push(text(&name("_expected"), each().map(|reason| reason?.expected.as_deref())));
        }
        let table = Table { n_rows: self.scores.len(), columns };
        let schema = plain_schema(&table);
        (table, schema)
    }
}

impl Fitted {
    /// How unusual each row is. With `explain` above 0 also why: so many columns of each row, those that add most to its
    /// score.
    ///
    /// # Errors
    /// A model that cannot score, or cannot say why; data that cannot be read or does not fit the model, every difference at
    /// once.
    pub fn score(&mut self, given: impl Into<Given>, explain: usize) -> Result<Scores> {
        for ability in [Some(Ability::Score), (explain > 0).then_some(Ability::Explain)] {
            if let Some(ability) = ability.filter(|ability| !self.can(*ability)) {
                return Err(self.cannot(ability));
            }
        }
        let reading = self.read(given)?;
        let mut scores = match &self.model {
            Model::Table(model) if model.series().is_some() => self.score_points(&reading, explain)?,
            Model::Table(_) => self.score_table(&reading.data, explain)?,
            Model::Network(_) | Model::Propagation(_) => {
                let (encoded, notes) = self.encoded(&reading)?;
                let target = self.config.data.target.clone();
                let n_train = self.info.rows[0];
                let InUse { form, network, pool } = self.in_use(Ability::Score)?;
                let index = encoded.index();
                let mut scores = Scores { notes, ..Scores::default() };
                let strange = match (form, &reading.data) {
                    (Form::Table { schema, codec, .. }, Data::Table(table, _)) => {
                        let rows: Vec<usize> = (0..table.n_rows).collect();
                        unseen::unseen((schema, codec), table, &rows, target.as_deref())
                    }
                    _ => Vec::new(),
                };
                match (form, &reading.data) {
                    (Form::Table { schema, codec, .. }, Data::Table(table, _)) if explain > 0 => {
                        let judged = network.explain(pool, encoded.rows(), &index)?;
                        let expected = codec.decode(&judged.expected)?;
                        let blocks: Vec<_> = codec.blocks().iter().collect();
                        let named = blocks.iter().filter(|block| Some(&block.column) != target.as_ref());
                        let mut columns: Vec<&str> =
                            named.clone().map(|block| block.column.as_str()).collect();
                        for unseen in &strange {
                            if !columns.contains(&unseen.column.as_str()) {
                                columns.push(&unseen.column);
                            }
                        }
                        let mut parts = Matrix::zeros(index.len(), columns.len());
                        for row in 0..index.len() {
                            let terms = judged.terms.row(row);
                            for (part, block) in parts.row_mut(row).iter_mut().zip(named.clone()) {
                                let cells = (block.start..block.start + block.width).chain(block.missing_at);
                                *part = cells.map(|j| terms[j]).sum();
                            }
                        }
                        for unseen in &strange {
                            let at = columns.iter().position(|column| *column == unseen.column);
                            for (row, at) in unseen.rows.iter().filter_map(|row| Some((*row, at?))) {
                                parts.row_mut(row)[at] += unseen::nats(n_train) as f32;
                            }
                        }
                        scores.reasons = reasons((&columns, &parts), schema, (table, &expected), explain);
                        scores.scores = judged.scores;
                    }
                    _ => scores.scores = network.score(pool, encoded.rows(), &index)?,
                }
                unseen::add(&strange, n_train, &mut scores.scores);
                scores.points = self.known_of(&reading);
                scores
            }
        };
        if explain > 0 && self.kind() == DataKind::Images {
            scores.notes.push("reasons are given for tables only".to_string());
        }
        scores.notes = [reading.notes, scores.notes].concat();
        Ok(scores)
    }

    fn score_table(&self, data: &Data, explain: usize) -> Result<Scores> {
        let (Model::Table(model), Data::Table(table, _)) = (&self.model, data) else {
            return Err(self.cannot(Ability::Score));
        };
        let threads = self.pool.threads();
        if explain == 0 {
            let scored = model.score(table, threads)?.ok_or_else(|| self.cannot(Ability::Score))?;
            return Ok(Scores { scores: scored.score, tails: Some(scored.tail), ..Scores::default() });
        }
        let explained = model.explain(table, threads)?.ok_or_else(|| self.cannot(Ability::Explain))?;
        let columns: Vec<&str> = explained.columns.iter().map(String::as_str).collect();
        let (n_rows, n_cols) = (table.n_rows, columns.len());
        let parts = Matrix { n_rows, n_cols, values: explained.reasons };
        let reasons = reasons((&columns, &parts), model.schema(), (table, &explained.expected), explain);
        let (scores, tails) = (explained.scored.score, Some(explained.scored.tail));
        Ok(Scores { scores, tails, reasons, ..Scores::default() })
    }
}

/// The columns of each row that add most, equal ones in the table's order.
fn reasons(
    (columns, parts): (&[&str], &Matrix),
    schema: &Schema,
    (actual, expected): (&Table, &Table),
    explain: usize,
) -> Vec<Vec<Reason>> {
    // Looked up once, not for every row.
    let kinds: Vec<Option<&Kind>> = columns.iter().map(|name| kind(schema, name)).collect();
    let [actual, expected] = [actual, expected].map(|table| -> Vec<Option<&Cells>> {
        columns.iter().map(|name| table.column(name).map(|column| &column.cells)).collect()
    });
    let said = |cells: Option<&Cells>, j: usize, row: usize| {
        let mut text = String::new();
        data::cell(kinds[j], cells?, row, &mut text).then(|| short(text))
    };
    let expected = |j: usize, row: usize| match (kinds[j], expected[j]?) {
        (Some(Kind::Real { .. }), Cells::Number(values)) => {
            said(Some(&Cells::Number(vec![known_digits(values[row])])), j, 0)
        }
        (_, cells) => said(Some(cells), j, row),
    };
    let of_row = |row: usize| {
        let parts = parts.row(row);
        let reason = |j: usize| Reason {
            column: columns[j].to_string(),
            adds: f64::from(parts[j]),
            actual: said(actual[j], j, row),
            expected: expected(j, row),
        };
        greatest(parts, explain).into_iter().map(reason).collect()
    };
    (0..parts.n_rows).map(of_row).collect()
}

/// The places of the `most` greatest values, the greatest first, equal ones in their order.
fn greatest(values: &[f32], most: usize) -> Vec<usize> {
    let most = most.min(values.len());
    let mut places: Vec<usize> = Vec::with_capacity(most + 1);
    for (j, value) in values.iter().enumerate() {
        let lesser = |&place: &usize| value.total_cmp(&values[place]).is_gt();
        if places.len() < most || places.last().is_some_and(lesser) {
            let at = places.iter().position(lesser).unwrap_or(places.len());
            places.insert(at, j);
            places.truncate(most);
        }
    }
    places
}

/// What is expected, with no more digits than a model of single precision knows.
fn known_digits(value: f64) -> f64 {
    const DIGITS: i32 = 6;
    let decimals = (DIGITS - 1).saturating_sub(value.abs().log10().floor() as i32);
    // Only positive powers of ten are exact.
    let scale = 10f64.powi(decimals.saturating_abs());
    let rounded =
        if decimals < 0 { (value / scale).round() * scale } else { (value * scale).round() / scale };
    if rounded.is_finite() { rounded } else { value }
}

/// A number of very many digits as a power of ten.
fn short(text: String) -> String {
    const MOST: usize = 24;
    if text.len() <= MOST {
        return text;
    }
    text.parse::<f64>().map_or(text, |value| format!("{value:e}"))
}

pub(crate) fn number(name: &str, values: Vec<f64>) -> Column {
    Column { name: name.to_string(), cells: Cells::Number(values) }
}

/// The columns of a matrix, numbered from 1.
pub(crate) fn numbered(name: &str, of: &Matrix) -> Vec<Column> {
    let column = |j: usize| {
        let values = (0..of.n_rows).map(|i| f64::from(of.row(i)[j])).collect();
        number(&format!("{name}{}", j + 1), values)
    };
    (0..of.n_cols).map(column).collect()
}

fn text<'a>(name: &str, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let mut known: HashMap<&str, u32> = HashMap::new();
    let code = |value: Option<&'a str>| match value {
        None => MISSING,
        Some(value) => *known.entry(value).or_insert_with(|| {
            levels.push(value.to_string());
            levels.len() as u32 - 1
        }),
    };
    let codes = values.map(code).collect();
    Column { name: name.to_string(), cells: Cells::Text { codes, levels } }
}

/// A schema for a table of results: numbers in their shortest form.
pub(crate) fn plain_schema(table: &Table) -> Schema {
    let columns = table.columns.iter().map(|column| {
        let kind = match &column.cells {
            Cells::Number(_) => Kind::Real { decimals: 17, min: f64::NEG_INFINITY, max: f64::INFINITY },
            Cells::Text { levels, .. } => Kind::Categorical { levels: levels.clone() },
        };
        ColumnSchema::new(column.name.clone(), kind, column.n_missing())
    });
    Schema { columns: columns.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_come_first_and_equal_ones_in_their_order() {
        let values = [0.5, 2.0, f32::NEG_INFINITY, 2.0, 0.25, 3.0, 0.5];
        assert_eq!(greatest(&values, 4), [5, 1, 3, 0]);
        assert_eq!(greatest(&values, 99), [5, 1, 3, 0, 6, 4, 2]);
        assert_eq!(greatest(&values, 0), [0; 0]);
    }

    #[test]
    fn digits_that_no_model_knows_are_not_said() {
        let said = [0.48656139665570564, -123456.789, 5e-324, 0.0, 1.7e15, f64::INFINITY].map(known_digits);
        assert_eq!(said[..2], [0.486561, -123457.0]);
        assert_eq!(said[2..], [5e-324, 0.0, 1.7e15, f64::INFINITY]);
        assert!(known_digits(f64::NAN).is_nan());
    }
}
