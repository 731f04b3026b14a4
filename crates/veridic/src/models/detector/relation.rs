//! Relations between columns that hold in nearly all training rows, and the cells of rows that break them.
//!
//! What the chain finds certain of rows (a column that decides another, sums and products, orders, values that are never
//! together) is looked for among the reference rows, of which a small share may break it: nobody has taken out the wrong rows.
//! A row that breaks a relation has the surprise of the share of rows that do. What is found in one half of the rows is broken
//! by some of the other half: so often rows break what seemed to hold by chance, and a row is no more surprising than that.
//! Where that is often, as among the pixels of images, relations of the kind are not looked at: what is only likely, the
//! distances see better.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::encoding::{Broken, Encoding, FittedColumn, Form};
use super::stored::{Parts, insert_json};
use crate::data::{ColumnSchema, Kind, MISSING, Schema, Table};
use crate::error::ModelError;
use crate::models::Stored;
use crate::models::chain::{
    Bound, Checks, Coder, Coding, Found, Law, Made, Plan, Relation, Rule, RuleConfig, coded, find,
    restore_law, store_law,
};

/// The share of reference rows that may break a relation.
const SLACK: f64 = 0.01;

/// Codes of a column of numbers.
const CODES: usize = 64;

/// Rows of a value that decides others, from which on what it decides is known.
const KNOWN: u32 = 2;

/// Fewest rows for relations.
const LEAST_ROWS: usize = 100;

/// Kinds of relations, and that of values which are never together.
const KINDS: usize = 5;
const PAIRS: usize = 4;

/// The share of left-out rows that break relations of a kind above which none of the kind is looked at: of columns that others
/// decide, of formulas, of orders, of ranges that are declared, and of values that are never together. Many numbers are nearly
/// always below others, as pixels at the edge of images are, and that says little.
const COMMON: [f64; KINDS] = [0.02, 0.02, 0.003, 1.0, 0.005];

/// Relations between columns, as they hold in training rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Relations {
    columns: Vec<ColumnSchema>,
    coders: Vec<Coder>,
    plan: Plan,
    checks: Checks,
    n_rows: usize,
    /// Rows of each symbol of what decides columns, as [`Law::deciding_rows`] has them.
    known: Vec<Vec<u32>>,
    /// What breaking each relation says, nats, in the order of [`Law::relations`]; 0 of those that are not looked at.
    nats: Vec<f64>,
}

/// A relation that is looked at.
#[derive(Debug)]
struct Looked {
    /// Its place among all.
    place: usize,
    relation: Relation,
    /// Columns that it is about.
    of: Vec<usize>,
    /// The one that follows from the others, if one does.
    follows: Option<usize>,
    /// What breaking it says.
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
        let rules = rules.among(&columns);
        let Some(mut all) = Self::find(&rules, &columns, table, rows)? else { return Ok(None) };
        // Every second row is judged by what the others show.
        let places: HashMap<_, usize> = all.keys().into_iter().zip(0..).collect();
        let mut broken: Vec<Option<usize>> = vec![None; all.nats.len()];
        let mut rows_of: [HashSet<usize>; KINDS] = Default::default();
        for first in [0, 1] {
            let half = |first: usize| rows.iter().skip(first).step_by(2).copied().collect::<Vec<usize>>();
            let Some(found) = Self::find(&rules, &columns, table, &half(first))? else { continue };
            let Some(made) = found.read(table, &half(1 - first)) else { continue };
            for (relation, key) in found.law().relations().into_iter().zip(found.keys()) {
                let rows = found.broken(relation, &made);
                if let Some(place) = places.get(&key) {
                    *broken[*place].get_or_insert_default() += rows.len();
                }
                rows_of[kind(relation)].extend(rows.iter().map(|row| 2 * row + 1 - first));
            }
        }
        all.trust(&broken, rows_of.map(|rows| rows.len()), rows.len());
        Ok(all.nats.iter().any(|nats| *nats > 0.0).then_some(all))
    }

    /// What each relation is of: its kind and its columns.
    fn keys(&self) -> Vec<(usize, Vec<usize>)> {
        let law = self.law();
        law.relations().into_iter().map(|relation| (kind(relation), law.about(relation).0)).collect()
    }

    /// Leaves out relations that left-out rows break too often, and lets breaking one of the others say at most what the rows that
    /// break any of its kind let expect. `broken` has the left-out rows that break each, and nothing where it was not found
    /// without them; `of_kind` those that break any of a kind, of `n`.
    ///
    /// Values that are never together are judged one by one: a column of chance does not take the word of the others.
    fn trust(&mut self, broken: &[Option<usize>], of_kind: [usize; KINDS], n: usize) {
        let kinds: Vec<usize> = self.law().relations().into_iter().map(kind).collect();
        let most = |of: usize, broken: f64| {
            let is_common = broken > COMMON[of] * n as f64;
            if is_common { 0.0 } else { ((n as f64 + 1.0) / (broken + 0.5)).ln() }
        };
        for (place, of) in kinds.iter().enumerate().filter(|(_, of)| **of != PAIRS) {
            self.nats[place] = self.nats[place].min(most(*of, of_kind[*of] as f64));
        }
        let breaks = |place: usize| broken[place].map_or(1, |rows| rows);
        let mut pairs: Vec<usize> = (0..kinds.len()).filter(|place| kinds[*place] == PAIRS).collect();
        pairs.sort_by_key(|place| breaks(*place));
        // Some of which no row is seen to break will be broken, too.
        let mut sum = 0.0;
        for same in pairs.chunk_by(|a, b| breaks(*a) == breaks(*b)) {
            sum += same.len() as f64 * (breaks(same[0]) as f64 + 0.5);
            let most = most(PAIRS, sum);
            same.iter().for_each(|place| self.nats[*place] = self.nats[*place].min(most));
        }
    }

    /// The cells of its columns.
    fn read(&self, table: &Table, rows: &[usize]) -> Option<Vec<Made>> {
        let read =
            |(column, coder): (&ColumnSchema, &Coder)| coder.read(&table.column(&column.name)?.cells, rows);
        self.columns.iter().zip(&self.coders).map(read).collect()
    }

    /// What rows show; `None` where they show nothing.
    fn find(
        rules: &RuleConfig,
        columns: &[ColumnSchema],
        table: &Table,
        rows: &[usize],
    ) -> Result<Option<Self>, ModelError> {
        let Ok((coders, made, codes)) = coded(columns, table, rows, CODES) else { return Ok(None) };
        let seen: Vec<&[u8]> = codes.iter().map(Vec::as_slice).collect();
        let (plan, checks) = find((rules, SLACK), (columns, &coders), table, (&made, &seen))?;
        let (columns, n_rows) = (columns.to_vec(), rows.len());
        let (known, nats) = (Vec::new(), Vec::new());
        let mut relations = Self { columns, coders, plan, checks, n_rows, known, nats };
        relations.known = relations.law().deciding_rows(&made);
        let nats = |relation: &Relation| {
            let broken = relations.broken(*relation, &made).len();
            ((n_rows as f64 + 1.0) / (broken as f64 + 0.5)).ln()
        };
        relations.nats = relations.law().relations().par_iter().map(nats).collect();
        Ok((!relations.nats.is_empty()).then_some(relations))
    }

    fn law(&self) -> Law<'_> {
        let coding = Coding { columns: &self.columns, coders: &self.coders };
        Law { coding, plan: &self.plan, checks: &self.checks, n_rows: self.n_rows }
    }

    /// The relations that are looked at, each with the rows that it was found in.
    pub(super) fn found(&self) -> Vec<Found> {
        let named = self.named();
        let looked = named.iter().zip(&self.nats).filter(|(_, nats)| **nats > 0.0);
        let looked: HashSet<String> = looked.map(|(rule, _)| rule.to_string()).collect();
        self.law().rules().into_iter().filter(|found| looked.contains(&found.rule.to_string())).collect()
    }

    /// All relations as rules, as broken cells number them.
    pub(super) fn named(&self) -> Vec<Rule> {
        self.law().named()
    }

    /// The relations that are looked at.
    fn looked(&self) -> Vec<Looked> {
        let law = self.law();
        let all = law.relations().into_iter().zip(&self.nats).enumerate();
        let looked = all.filter(|(_, (_, nats))| **nats > 0.0).map(|(place, (relation, nats))| {
            let (of, follows) = law.about(relation);
            Looked { place, relation, of, follows, nats: *nats }
        });
        looked.collect()
    }

    /// Rows that break a relation.
    fn broken(&self, relation: Relation, made: &[Made]) -> Vec<usize> {
        let law = self.law();
        let is_known = |j: usize, symbol: usize| {
            let rows = self.known.get(law.deciding(j)).and_then(|rows| rows.get(symbol));
            rows.is_some_and(|n| *n >= KNOWN)
        };
        law.broken(relation, made, is_known)
    }

    /// The cells at `rows` of a table that break relations, by row and column of the encoding, with what was to be expected.
    /// Of the columns of a broken relation that is wrong of which another value would mend all its relations; else, or of such,
    /// the one that most of those broken are about, that fewest sums and tables vouch for, that follows from the others, and
    /// whose value is rarer by `rarity`, of a column of the encoding and a place in `rows`.
    pub(super) fn breaches(
        &self,
        encoding: &Encoding,
        table: &Table,
        rows: &[usize],
        rarity: impl Fn(usize, usize) -> f64,
    ) -> Vec<Broken> {
        let Some(made) = self.read(table, rows) else { return Vec::new() };
        let looked = self.looked();
        let mut of_columns: Vec<Vec<&Looked>> = vec![Vec::new(); self.columns.len()];
        let mut of_rows: Vec<(usize, &Looked)> = Vec::new();
        // What others follow from or follow to, in rows where that holds, is right.
        let mut making: Vec<(&Looked, Vec<usize>)> = Vec::new();
        for looked in &looked {
            looked.of.iter().for_each(|j| of_columns[*j].push(looked));
            let broken = self.broken(looked.relation, &made);
            of_rows.extend(broken.iter().map(|row| (*row, looked)));
            if looked.follows.is_some() {
                making.push((looked, broken));
            }
        }
        of_rows.sort_by_key(|(row, _)| *row);
        let places: Vec<usize> = self.columns.iter().map(|column| place(encoding, &column.name)).collect();
        let mut found = Vec::new();
        for of_row in of_rows.chunk_by(|a, b| a.0 == b.0) {
            let row = of_row[0].0;
            let mut left: Vec<&Looked> = of_row.iter().map(|(_, looked)| *looked).collect();
            let mut kept = vec![0usize; places.len()];
            for (looked, _) in making.iter().filter(|(_, broken)| broken.binary_search(&row).is_err()) {
                looked.of.iter().for_each(|j| kept[*j] += 1);
            }
            let own: Vec<Made> = made.iter().map(|cells| cells.take(&[row as u32])).collect();
            while !left.is_empty() {
                let columns = about(&left);
                let mended: HashMap<usize, (&Looked, Made)> = columns
                    .iter()
                    .filter_map(|j| Some((*j, self.mended(&left, *j, &of_columns[*j], &own)?)))
                    .collect();
                let of = |j: usize| (mended.contains_key(&j), kept[j], rarity(places[j], row));
                let Some(wrong) = blamed(&columns, &left, of) else { break };
                let (broken, others): (Vec<&Looked>, Vec<&Looked>) =
                    left.iter().copied().partition(|looked| looked.of.contains(&wrong));
                let nats = broken.iter().map(|looked| looked.nats).fold(0.0, f64::max);
                let column = places[wrong];
                let told = || {
                    broken.iter().find_map(|looked| {
                        Some((*looked, self.law().expected(looked.relation, wrong, &own, 0)?))
                    })
                };
                let bounded = || self.bounded(&broken, wrong, &own);
                let (relation, expected, bound) = match mended.get(&wrong).cloned().or_else(told) {
                    Some((looked, cell)) => {
                        (looked, self.held(wrong, &cell, &encoding.columns[column]), None)
                    }
                    None => bounded().unwrap_or((broken[0], f64::NAN, None)),
                };
                let beside = match relation.relation {
                    Relation::Decides(_) | Relation::Pairs(_) => relation.of.iter().find(|j| **j != wrong),
                    Relation::Formula(_) | Relation::Order(_) | Relation::Range(_) => None,
                };
                let beside = beside.map(|j| places[*j] as u32);
                let (row, column, relation) = (row as u32, column as u32, relation.place as u32);
                found.push(Broken { row, column, nats, expected, bound, relation, beside });
                left = others;
            }
        }
        found.sort_unstable_by_key(|cell| (cell.row, cell.column));
        found
    }

    /// What a cell of a row, given by itself, must be for every relation of its column to hold, and the relation that says so,
    /// if there is such a value.
    fn mended<'a>(
        &self,
        breaches: &[&'a Looked],
        j: usize,
        of_column: &[&Looked],
        own: &[Made],
    ) -> Option<(&'a Looked, Made)> {
        let law = self.law();
        let about = breaches.iter().filter(|looked| looked.of.contains(&j));
        let said = about.filter_map(|looked| Some((*looked, law.expected(looked.relation, j, own, 0)?)));
        let mut changed = own.to_vec();
        let mut mends = |cell: &Made| {
            changed[j].set(0, cell, 0);
            of_column.iter().all(|looked| self.broken(looked.relation, &changed).is_empty())
        };
        said.into_iter().find(|(_, cell)| mends(cell))
    }

    /// What bounds a number of a row, given by itself, by the relations that it breaks: of those on the side of the first, the
    /// one that says most.
    fn bounded<'a>(
        &self,
        breaches: &[&'a Looked],
        j: usize,
        own: &[Made],
    ) -> Option<(&'a Looked, f64, Option<Bound>)> {
        let law = self.law();
        let bounds = breaches.iter().filter_map(|looked| {
            let (value, bound) = law.bound(looked.relation, j, own, 0)?;
            Some((*looked, value, bound))
        });
        let is_lower = |bound: Bound| matches!(bound, Bound::AtLeast | Bound::Above);
        let (looked, value, bound) = bounds.reduce(|most, other| {
            let says_more = if is_lower(most.2) { other.1 > most.1 } else { other.1 < most.1 };
            if is_lower(most.2) == is_lower(other.2) && says_more { other } else { most }
        })?;
        Some((looked, value, Some(bound)))
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
        if columns.len() != coders.len() || !(columns.len()..=2 * columns.len()).contains(&known.len()) {
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

/// The place of a relation's kind.
fn kind(relation: Relation) -> usize {
    match relation {
        Relation::Decides(_) => 0,
        Relation::Formula(_) => 1,
        Relation::Order(_) => 2,
        Relation::Range(_) => 3,
        Relation::Pairs(_) => PAIRS,
    }
}

/// Where a column is in an encoding; [`MISSING`] where it is not.
fn place(encoding: &Encoding, name: &str) -> usize {
    encoding.columns.iter().position(|fitted| fitted.name == name).unwrap_or(MISSING as usize)
}

/// The columns that relations are about, in their order.
fn about(breaches: &[&Looked]) -> Vec<usize> {
    let mut columns: Vec<usize> = breaches.iter().flat_map(|looked| looked.of.iter().copied()).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// Which of the columns is wrong, if any is; `of` gives whether another value of a column would mend all, how many relations of
/// it hold, and how rare its value is.
fn blamed(
    columns: &[usize],
    breaches: &[&Looked],
    of: impl Fn(usize) -> (bool, usize, f64),
) -> Option<usize> {
    let rank = |j: usize| {
        let about = breaches.iter().filter(|looked| looked.of.contains(&j)).count();
        let (mends, kept, rarity) = of(j);
        let follows = breaches.iter().any(|looked| looked.follows == Some(j));
        ((mends, about, Reverse(kept), follows), rarity)
    };
    let ranked = columns.iter().map(|j| (*j, rank(*j)));
    ranked.max_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))).map(|(j, _)| j)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(of: &[usize], follows: Option<usize>) -> Looked {
        Looked { place: 0, of: of.to_vec(), follows, relation: Relation::Order(0), nats: 1.0 }
    }

    #[test]
    fn the_column_that_most_broken_relations_are_about_is_wrong() {
        let (sum, tax, order) =
            (looked(&[0, 1, 2], Some(2)), looked(&[2, 3], Some(3)), looked(&[4, 5], None));
        let none = |_| (false, 0, 0.0);
        fn blamed(breaches: &[&Looked], of: impl Fn(usize) -> (bool, usize, f64)) -> Option<usize> {
            super::blamed(&about(breaches), breaches, of)
        }
        assert_eq!(blamed(&[&sum], none), Some(2));
        assert_eq!(blamed(&[&tax], none), Some(3));
        assert_eq!(blamed(&[&sum, &tax], none), Some(2));
        // What the tax says of the total, the total says of itself.
        assert_eq!(blamed(&[&sum], |j| (false, usize::from(j == 2), f64::from(j == 1))), Some(1));
        assert_eq!(blamed(&[&order], |j| (false, 0, f64::from(j == 4))), Some(4));
        // Another price mends both, another tax only one.
        assert_eq!(blamed(&[&sum, &tax], |j| (j == 1, 0, 0.0)), Some(1));
        assert_eq!(blamed(&[], none), None);
    }
}
