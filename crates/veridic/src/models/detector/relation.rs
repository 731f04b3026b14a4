//! Relations between columns that hold in nearly all training rows, and the cells of rows that break them.
//!
//! What the chain finds certain of rows (a column that decides another, sums and products, orders, values that are never
//! together) is looked for among the reference rows, of which a small share may break it: nobody has taken out the wrong rows.
//! A row that breaks a relation has the surprise of the share of rows that do.

use super::encoding::{Broken, Encoding, FittedColumn, Form};
use super::stored::{Parts, insert_json};
use crate::data::{ColumnSchema, Kind, MISSING, Schema, Table};
use crate::error::ModelError;
use crate::models::Stored;
use crate::models::chain::{
    Checks, Coder, Coding, Law, Made, Plan, Relation, RuleConfig, find, restore_law, store_law,
};

/// The share of reference rows that may break a relation.
const SLACK: f64 = 0.01;

/// Codes of a column of numbers.
const CODES: usize = 64;

/// Rows of a value that decides others, from which on what it decides is known.
const KNOWN: u32 = 2;

/// Fewest rows for relations.
const LEAST_ROWS: usize = 100;

/// Relations between columns, as they hold in training rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Relations {
    columns: Vec<ColumnSchema>,
    coders: Vec<Coder>,
    plan: Plan,
    checks: Checks,
    n_rows: usize,
    /// By column: rows of each of its symbols, where it decides others.
    known: Vec<Vec<u32>>,
    /// What breaking each relation says, nats, in the order of [`Law::relations`].
    nats: Vec<f64>,
}

/// A relation that a row breaks.
#[derive(Debug, Clone)]
struct Breach {
    /// Columns that it is about.
    of: Vec<usize>,
    /// The one that follows from the others, if one does.
    follows: Option<usize>,
    relation: Relation,
    nats: f64,
}

impl Relations {
    /// What nearly all rows `rows` of a table show of the columns of an encoding; `None` where they show nothing.
    ///
    /// # Errors
    /// Rules that must hold and that rows of the table break.
    pub(super) fn fit(
        rules: &RuleConfig,
        encoding: &Encoding,
        (table, schema): (&Table, &Schema),
        rows: &[usize],
    ) -> Result<Option<Self>, ModelError> {
        let varies = |column: &&ColumnSchema| {
            let fitted = encoding.columns.iter().find(|fitted| fitted.name == column.name);
            fitted.is_some_and(|fitted| !matches!(fitted.form, Form::Same { .. }))
                && !matches!(column.kind, Kind::Identifier | Kind::Constant { .. })
        };
        let columns: Vec<ColumnSchema> = schema.columns.iter().filter(varies).cloned().collect();
        if rows.len() < LEAST_ROWS || columns.len() < 2 {
            return Ok(None);
        }
        let mut coders = Vec::with_capacity(columns.len());
        let mut made = Vec::with_capacity(columns.len());
        for column in &columns {
            let Some(found) = table.column(&column.name) else { return Ok(None) };
            let coder = Coder::fit(column, &found.cells, rows, CODES);
            let Some(cells) = coder.read(&found.cells, rows) else { return Ok(None) };
            coders.push(coder);
            made.push(cells);
        }
        let rules = rules.among(&columns);
        let codes: Vec<Vec<u8>> = coders.iter().zip(&made).map(|(c, made)| c.classify(made)).collect();
        let seen: Vec<&[u8]> = codes.iter().map(Vec::as_slice).collect();
        let (plan, checks) = find((&rules, SLACK), (&columns, &coders), table, (&made, &seen))?;
        let n_rows = rows.len();
        let mut relations =
            Self { columns, coders, plan, checks, n_rows, known: Vec::new(), nats: Vec::new() };
        relations.known = relations.law().deciding_rows(&made);
        let nats = |broken: usize| ((n_rows as f64 + 1.0) / (broken as f64 + 0.5)).ln();
        // None of the rows that pairs were looked for in has them: other rows say how often that is.
        let out = relations.checks.out();
        let of = |relation: &Relation| match relation {
            Relation::Pairs(_) => nats(out),
            _ => nats(relations.broken(*relation, &made).len()),
        };
        relations.nats = relations.law().relations().iter().map(of).collect();
        Ok((!relations.nats.is_empty()).then_some(relations))
    }

    fn law(&self) -> Law<'_> {
        let coding = Coding { columns: &self.columns, coders: &self.coders };
        Law { coding, plan: &self.plan, checks: &self.checks, n_rows: self.n_rows }
    }

    /// Rows that break a relation.
    fn broken(&self, relation: Relation, made: &[Made]) -> Vec<usize> {
        let is_known = |by: usize, symbol: usize| self.known[by].get(symbol).is_some_and(|n| *n >= KNOWN);
        self.law().broken(relation, made, is_known)
    }

    /// The cells at `rows` of a table that break relations, by row and column of the encoding, with what was to be expected.
    /// Of the columns of a broken relation that is wrong which most of those broken are about; of such as many the one that
    /// follows from the others, and else the one whose value is rarer by `rarity`, of a column of the encoding and a place in
    /// `rows`.
    pub(super) fn breaches(
        &self,
        encoding: &Encoding,
        table: &Table,
        rows: &[usize],
        rarity: impl Fn(usize, usize) -> f64,
    ) -> Vec<Broken> {
        let read =
            |(column, coder): (&ColumnSchema, &Coder)| coder.read(&table.column(&column.name)?.cells, rows);
        let made: Option<Vec<Made>> = self.columns.iter().zip(&self.coders).map(read).collect();
        let Some(made) = made else { return Vec::new() };
        let law = self.law();
        let mut of_rows: Vec<(usize, Breach)> = Vec::new();
        for (relation, nats) in law.relations().into_iter().zip(&self.nats) {
            let broken = self.broken(relation, &made);
            if !broken.is_empty() {
                let (of, follows) = law.about(relation);
                let breach = Breach { relation, of, follows, nats: *nats };
                of_rows.extend(broken.into_iter().map(|row| (row, breach.clone())));
            }
        }
        of_rows.sort_by_key(|(row, _)| *row);
        let places: Vec<usize> = self.columns.iter().map(|column| place(encoding, &column.name)).collect();
        let mut found = Vec::new();
        for of_row in of_rows.chunk_by(|a, b| a.0 == b.0) {
            let row = of_row[0].0;
            let mut left: Vec<&Breach> = of_row.iter().map(|(_, breach)| breach).collect();
            while let Some(wrong) = blamed(&left, |j| rarity(places[j], row)) {
                let (about, others): (Vec<&Breach>, Vec<&Breach>) =
                    left.into_iter().partition(|breach| breach.of.contains(&wrong));
                left = others;
                let nats = about.iter().map(|breach| breach.nats).fold(0.0, f64::max);
                let column = places[wrong];
                let expected = about
                    .iter()
                    .find_map(|breach| law.expected(breach.relation, wrong, &made, row))
                    .map_or(f64::NAN, |cell| self.held(wrong, &cell, &encoding.columns[column]));
                found.push(Broken { row: row as u32, column: column as u32, nats, expected });
            }
        }
        found.sort_unstable_by_key(|cell| (cell.row, cell.column));
        found
    }

    /// A cell as an encoding holds expected ones.
    fn held(&self, j: usize, cell: &Made, fitted: &FittedColumn) -> f64 {
        match (cell, &self.coders[j], &fitted.form) {
            (Made::Number(values), _, Form::Number { .. }) => values[0],
            (Made::Symbol(symbols), Coder::Text(coder), Form::Category { levels, .. }) => {
                let text = coder.levels().get(symbols[0] as usize);
                let known = text.and_then(|text| levels.iter().position(|level| level == text));
                known.map_or(f64::NAN, |at| at as f64)
            }
            _ => f64::NAN,
        }
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "columns", &self.columns);
        insert_json(&mut stored, "coders", &self.coders);
        insert_json(&mut stored, "known", &self.known);
        stored.insert("n-rows", &[1], vec![self.n_rows as u64]);
        store_law(&self.plan, &self.checks, &mut stored);
        stored.insert("nats", &[self.nats.len()], self.nats.clone());
        stored
    }

    pub(super) fn restore(stored: &Stored, encoding: &Encoding) -> Result<Self, String> {
        let columns: Vec<ColumnSchema> = stored.json("columns")?;
        let coders: Vec<Coder> = stored.json("coders")?;
        let known: Vec<Vec<u32>> = stored.json("known")?;
        if columns.len() != coders.len() || columns.len() != known.len() {
            return Err("relations of columns that are not there".to_string());
        }
        if let Some(problem) = coders.iter().find_map(Coder::problem) {
            return Err(problem.to_string());
        }
        if columns.iter().any(|column| place(encoding, &column.name) == MISSING as usize) {
            return Err("a relation of a column that is not looked at".to_string());
        }
        let (plan, checks) = restore_law(stored, &coders)?;
        let n_rows = stored.values::<u64>("n-rows")?.first().map_or(0, |n| *n as usize);
        let mut relations = Self { columns, coders, plan, checks, n_rows, known, nats: Vec::new() };
        relations.nats = stored.finite("nats", relations.law().relations().len())?;
        Ok(relations)
    }
}

/// Where a column is in an encoding; [`MISSING`] where it is not.
fn place(encoding: &Encoding, name: &str) -> usize {
    encoding.columns.iter().position(|fitted| fitted.name == name).unwrap_or(MISSING as usize)
}

/// The column that is wrong, if any is.
fn blamed(breaches: &[&Breach], rarity: impl Fn(usize) -> f64) -> Option<usize> {
    let mut columns: Vec<usize> = breaches.iter().flat_map(|breach| breach.of.iter().copied()).collect();
    columns.sort_unstable();
    columns.dedup();
    let rank = |j: usize| {
        let about = breaches.iter().filter(|breach| breach.of.contains(&j)).count();
        (about, breaches.iter().any(|breach| breach.follows == Some(j)), rarity(j))
    };
    columns.into_iter().max_by(|a, b| {
        let (a, b) = (rank(*a), rank(*b));
        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breach(of: &[usize], follows: Option<usize>) -> Breach {
        Breach { of: of.to_vec(), follows, relation: Relation::Order(0), nats: 1.0 }
    }

    #[test]
    fn the_column_that_most_broken_relations_are_about_is_wrong() {
        let (sum, tax, order) =
            (breach(&[0, 1, 2], Some(2)), breach(&[2, 3], Some(3)), breach(&[4, 5], None));
        assert_eq!(blamed(&[&sum], |_| 0.0), Some(2));
        assert_eq!(blamed(&[&tax], |_| 0.0), Some(3));
        assert_eq!(blamed(&[&sum, &tax], |_| 0.0), Some(2));
        assert_eq!(blamed(&[&order], |j| f64::from(j == 4)), Some(4));
        assert_eq!(blamed(&[], |_| 0.0), None);
    }
}
