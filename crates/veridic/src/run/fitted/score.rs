//! How unusual rows are, and why.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{Fitted, Form, Given, InUse, Model, unseen};
use crate::data::{
    CellWriter, Cells, Column, ColumnSchema, Data, DataKind, Kind, MISSING, Matrix, Schema, Table,
};
use crate::error::Result;
use crate::models::detector::{BrokenCell, Explained};
use crate::models::{Ability, parallel};

/// How unusual rows are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    /// One a row; higher is more unusual. Nats for likelihoods and surprises.
    pub scores: Vec<f64>,
    /// The share of left-out training rows with a score at least as high, from models that know it.
    pub tails: Option<Vec<f64>>,
    /// For each row the columns that add most to its score, the most first; empty where they were not asked for.
    pub reasons: Vec<Vec<Reason>>,
    /// Whether the model looks at relations between columns, so that reasons may name one.
    pub relations: bool,
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
    /// What the model expects there, as the data writes it, or what bounds it (`at least 2021-03-04`); none for a missing cell.
    pub expected: Option<String>,
    /// What is expected as a number, of columns of numbers and moments.
    pub expected_number: Option<f64>,
    /// The relation between columns that the cell breaks, in words (`gross = net + tax`), if it breaks one.
    pub relation: Option<String>,
}

impl Scores {
    /// One row each: `score`, `tail` where it is known, and for the k-th reason `reason_k`, `reason_k_adds`,
    /// `reason_k_actual` and `reason_k_expected`; of models that look at relations between columns also `reason_k_relation`.
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
            if self.relations {
                columns.push(text(&name("_relation"), each().map(|reason| reason?.relation.as_deref())));
            }
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
                        let (of, cells) = ((&columns[..], &parts), (table, &expected));
                        scores.reasons = reasons(of, schema, cells, (explain, None), pool.threads())?;
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
        let parts = Matrix { n_rows, n_cols, values: explained.reasons.clone() };
        let cells = (table, &explained.expected);
        let asked = (explain, Some(&explained));
        let reasons = reasons((&columns, &parts), model.schema(), cells, asked, threads)?;
        let relations = !explained.relations.is_empty();
        let (scores, tails) = (explained.scored.score, Some(explained.scored.tail));
        Ok(Scores { scores, tails, reasons, relations, ..Scores::default() })
    }
}

/// The columns of each row that add most, equal ones in the table's order; with the relations that cells break, where a
/// detector tells them.
fn reasons(
    (columns, parts): (&[&str], &Matrix),
    schema: &Schema,
    (actual, expected): (&Table, &Table),
    (explain, of): (usize, Option<&Explained>),
    threads: usize,
) -> Result<Vec<Vec<Reason>>> {
    // Looked up once, not for every row.
    let abouts: Vec<Option<&ColumnSchema>> = columns.iter().map(|name| schema.column(name)).collect();
    let writers: Vec<CellWriter<'_>> = abouts.iter().map(|about| CellWriter::new(*about)).collect();
    let [actual, expected] = [actual, expected].map(|table| -> Vec<Option<&Cells>> {
        columns.iter().map(|name| table.column(name).map(|column| &column.cells)).collect()
    });
    let broken: HashMap<(usize, usize), &BrokenCell> =
        of.map_or(&[][..], |of| &of.broken).iter().map(|cell| ((cell.row, cell.column), cell)).collect();
    let said = |cells: Option<&Cells>, j: usize, row: usize| {
        let mut text = String::new();
        writers[j].write(cells?, row, &mut text).then(|| short(text))
    };
    // What a column is written with does not round what is not as its others: 1.72 among whole numbers.
    let as_it_is = |j: usize, row: usize| match (actual[j], abouts[j]) {
        (Some(Cells::Number(values)), Some(about)) if !about.kind.writes(values[row]) => {
            Some(short(values[row].to_string()))
        }
        (cells, _) => said(cells, j, row),
    };
    let number = |j: usize, row: usize| match expected[j]? {
        Cells::Number(values) => Some(values[row]).filter(|value| !value.is_nan()),
        Cells::Text { .. } => None,
    };
    let expected = |j: usize, row: usize, is_known: bool| match (number(j, row), abouts[j].map(|a| &a.kind)) {
        // What a relation says is exact.
        (Some(value), Some(Kind::Real { .. })) if !is_known => {
            said(Some(&Cells::Number(vec![known_digits(value)])), j, 0)
        }
        _ => said(expected[j], j, row),
    };
    let cell = |name: &str, row: usize| {
        let at = columns.iter().position(|column| *column == name);
        at.and_then(|j| as_it_is(j, row)).unwrap_or_else(|| "missing".to_owned())
    };
    let of_row = |row: usize| {
        let parts = parts.row(row);
        let reason = |j: usize| {
            let broken = broken.get(&(row, j));
            let mut expected = expected(j, row, broken.is_some());
            if let (Some(text), Some(bound)) = (&mut expected, broken.and_then(|cell| cell.bound)) {
                *text = format!("{bound} {text}");
            }
            // What never goes with another value is not what is expected in its place.
            let actual = as_it_is(j, row);
            let expected = expected.filter(|expected| broken.is_none() || Some(expected) != actual.as_ref());
            let relation = broken.zip(of).and_then(|(cell, of)| of.relations.get(cell.relation));
            Reason {
                column: columns[j].to_string(),
                adds: f64::from(parts[j]),
                actual,
                expected,
                expected_number: number(j, row),
                relation: relation.map(|rule| rule.said(|name| cell(name, row))),
            }
        };
        greatest(parts, explain).into_iter().map(reason).collect()
    };
    Ok(parallel(threads, || Ok((0..parts.n_rows).into_par_iter().map(of_row).collect()))?)
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
    let mut known: foldhash::HashMap<&str, u32> = foldhash::HashMap::default();
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

/// Most different texts of a column of results that its schema names.
const MOST_LEVELS: usize = 1000;

/// A schema for a table of results: numbers in their shortest form.
pub(crate) fn plain_schema(table: &Table) -> Schema {
    let columns = table.columns.iter().map(|column| {
        let kind = match &column.cells {
            Cells::Number(_) => Kind::Real { decimals: 17, min: f64::NEG_INFINITY, max: f64::INFINITY },
            // So many are what cells say, not categories.
            Cells::Text { levels, .. } if levels.len() > MOST_LEVELS => Kind::Identifier,
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

    fn table_of(name: &str, csv: String) -> Data {
        let read = crate::data::read_bytes(name, csv.into_bytes(), &crate::data::ReadOptions::default());
        let read = read.unwrap();
        Data::Table(read.table, read.schema)
    }

    /// Invoices as they are written in Germany, with one change to one of their cells.
    fn invoices(n: usize, wrong: Option<(usize, &str)>) -> Data {
        let money = |cents: usize| {
            let (whole, rest) = (cents / 100, cents % 100);
            let whole = match whole {
                0..1000 => whole.to_string(),
                _ => format!("{}.{:03}", whole / 1000, whole % 1000),
            };
            format!("{whole},{rest:02} €")
        };
        let places = [("Rom", "IT"), ("Mailand", "IT"), ("Oslo", "NO"), ("Bergen", "NO"), ("Bonn", "DE")];
        let mut text = String::from("netto;steuer;brutto;stadt;land;von;bis\n");
        for i in 0..n {
            // Of some rows what none of the others says.
            let noise = |by: usize, below: usize| (i * i * by + i * 7919) % 10_007 % below;
            let net = 1_000 + noise(31, 500_000) * 53 + noise(17, 97);
            let tax = noise(13, 9_000) + 100;
            let (city, country) = places[noise(11, 5)];
            let (from, to) = (noise(7, 150) + 1, noise(7, 150) + noise(3, 90) + 1);
            let date = |day: usize| format!("{:02}.{:02}.2021", 1 + day % 28, 1 + day / 28);
            let mut cells =
                [money(net), money(tax), money(net + tax), city.into(), country.into(), date(from), date(to)];
            if let Some((column, cell)) = wrong.filter(|_| i == 5) {
                cells[column] = cell.to_owned();
            }
            text += &(cells.join(";") + "\n");
        }
        table_of("invoices", text)
    }

    #[test]
    fn broken_relations_are_named_and_cells_are_spelled_as_in_the_data() {
        let config = crate::run::Config::from_toml("[model.surprise]", "recipe").unwrap();
        let mut fitted = crate::fit(invoices(800, None), &config, 1).unwrap();
        let mut first = |wrong: Option<(usize, &str)>| {
            let scores = fitted.score(invoices(20, wrong), 1).unwrap();
            assert!(scores.relations);
            let names: Vec<String> = scores.table().0.columns.into_iter().map(|column| column.name).collect();
            assert_eq!(names.last().unwrap(), "reason_1_relation");
            scores.reasons[5][0].clone()
        };
        let right = first(None);
        assert_eq!(right.relation, None);
        let gross = first(Some((2, "77.574,10 €")));
        assert_eq!((gross.column.as_str(), gross.actual.as_deref()), ("brutto", Some("77.574,10 €")));
        assert_eq!(gross.relation.as_deref(), Some("brutto = netto + steuer"));
        let expected = gross.expected.unwrap();
        assert!(expected.ends_with(" €") && expected.contains(','), "{expected}");
        // One of these is not the city's.
        let countries = ["DE", "NO"].map(|country| first(Some((4, country))));
        let told = |reason: &Reason| (reason.column.clone(), reason.relation.clone());
        let follows = ("land".to_owned(), Some("land follows stadt".to_owned()));
        assert!(countries.iter().any(|reason| told(reason) == follows), "{countries:?}");
        let end = first(Some((6, "01.01.2020")));
        assert_eq!(end.relation.as_deref(), Some("von <= bis"), "{end:?}");
        let expected = end.expected.unwrap();
        assert!(expected.starts_with("at least ") && expected.ends_with(".2021"), "{expected}");
        assert!(end.expected_number.is_some());
    }

    /// Orders with the day of the week and a tax that the kind of goods decides, one row in two hundred wrong.
    fn orders(n: usize, wrong: Option<(usize, &str)>) -> Data {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        let kinds = [("book", 7), ("toy", 19), ("stamp", 0)];
        let mut text = String::from("day,weekday,kind,net,tax\n");
        for i in 0..n {
            let noise = |by: usize, below: usize| (i * i * by + i * 7919) % 10_007 % below;
            // 1 January 2026 was a Thursday.
            let day = noise(7, 88);
            let (month, of_month) = [(1, 0), (2, 31), (3, 59)][usize::from(day > 30) + usize::from(day > 58)];
            let (kind, percent) = kinds[noise(13, 3)];
            let net = 100 + noise(31, 9_000) * 11 + noise(17, 97);
            let tax = (net * percent + 50) / 100 + usize::from(i % 200 == 150) * 300;
            let mut cells = [
                format!("2026-{month:02}-{:02}", day - of_month + 1),
                days[(day + usize::from(i % 200 == 50) * 2) % 7].to_owned(),
                kind.to_owned(),
                format!("{}.{:02}", net / 100, net % 100),
                format!("{}.{:02}", tax / 100, tax % 100),
            ];
            if let Some((column, cell)) = wrong.filter(|_| i == 5) {
                cells[column] = cell.to_owned();
            }
            text += &(cells.join(",") + "\n");
        }
        table_of("orders", text)
    }

    #[test]
    fn broken_calendars_and_rates_of_categories_are_seen_though_some_rows_learned_from_are_wrong() {
        let config = crate::run::Config::from_toml("[model.surprise]", "recipe").unwrap();
        let mut fitted = crate::fit(orders(1200, None), &config, 1).unwrap();
        let mut first =
            |wrong: Option<(usize, &str)>| fitted.score(orders(40, wrong), 1).unwrap().reasons[5][0].clone();
        assert_eq!(first(None).relation, None);
        let weekdays = ["Mon", "Wed", "Sat"].map(|day| first(Some((1, day))));
        let told = |reason: &Reason| reason.relation.as_deref() == Some("weekday follows `weekday of day`");
        // One of these is right.
        assert_eq!(weekdays.iter().filter(|reason| told(reason)).count() / 2, 1, "{weekdays:?}");
        let tax = first(Some((4, "77.50")));
        assert_eq!((tax.column.as_str(), tax.actual.as_deref()), ("tax", Some("77.50")));
        assert_eq!(tax.relation.as_deref(), Some("tax = net * `rate of kind`"), "{tax:?}");
        assert!(tax.expected.is_some());
    }

    #[test]
    fn digits_that_no_model_knows_are_not_said() {
        let said = [0.48656139665570564, -123456.789, 5e-324, 0.0, 1.7e15, f64::INFINITY].map(known_digits);
        assert_eq!(said[..2], [0.486561, -123457.0]);
        assert_eq!(said[2..], [5e-324, 0.0, 1.7e15, f64::INFINITY]);
        assert!(known_digits(f64::NAN).is_nan());
    }
}
