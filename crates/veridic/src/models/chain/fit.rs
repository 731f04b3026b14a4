//! Fitting a chain, column by column.

use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::coder::{Coded, Coder, Made};
use super::gap::Gap;
use super::number::Cell;
use super::plan::Plan;
use super::select::choice;
use super::{Chain, ChainConfig, Learned, law};
use crate::data::{ColumnSchema, Kind, Schema, Table};
use crate::error::ModelError;
use crate::models::boost::{Feature, Features, Softmax};
use crate::models::parallel;
use crate::seed::{Seed, shuffle};

/// The model in messages.
pub(super) const MODEL: &str = "a chain of conditionals";

/// Fewest rows of a chain.
const LEAST_ROWS: usize = 2;

/// Codes of a column of numbers, and of one of a long table of mostly continuous columns.
const CODES: usize = 64;
const MANY_CODES: usize = 128;
const LONG: usize = 10_000;

/// Models of a column that are averaged, for fewer rows than so many.
const MEMBERS: [(usize, usize); 3] = [(5_000, 6), (20_000, 4), (50_000, 2)];

/// Most models of the parts of cells that are averaged: the last shades of a number.
const FINE_MEMBERS: usize = 2;

/// Fewest rows in cells, and nats that their parts must gain, for a second model.
const FINE_ROWS: usize = 500;
const FINE_GAIN: f64 = 0.002;

/// How far a fit is.
#[derive(Debug)]
pub struct Progress<'a> {
    /// The column that was just learned.
    pub column: &'a str,
    /// Columns done.
    pub done: usize,
    /// Columns in all.
    pub of: usize,
    /// Share of the work done, 0 to 1, by what columns are expected to take.
    pub share: f64,
    /// What is learned so far; storing it lets the fit go on later.
    pub partial: &'a Partial,
}

/// What a fit that was stopped has learned: the models of some columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Partial {
    /// By column; none where it is not learned yet.
    pub(super) learned: Vec<Option<Learned>>,
}

/// What came of a fit.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The chain.
    Fitted(Box<Chain>),
    /// It was stopped; what was learned until then.
    Stopped(Partial),
}

/// A column of the training rows.
pub(super) struct Source {
    pub(super) made: Made,
    pub(super) coded: Coded,
}

impl Chain {
    /// Fits a chain to the rows `rows` of `table`: its columns that `schema` names, identifiers and constants left out.
    ///
    /// Columns are learned in parallel by `threads` workers (0 counts as 1); the chain does not depend on their number.
    /// `observe` is told after each column. Once `stop` is raised, what was learned is returned, and a later fit of the same
    /// rows, settings and seed goes on `from` it.
    ///
    /// # Errors
    /// Fewer than two rows, no column to learn from, a column that is not there or of another type of cells.
    #[expect(clippy::too_many_arguments, reason = "the parts of a fit")]
    pub fn fit(
        config: &ChainConfig,
        table: &Table,
        schema: &Schema,
        rows: &[usize],
        seed: Seed,
        threads: usize,
        stop: &AtomicBool,
        observe: &(dyn Fn(&Progress) + Sync),
        from: Option<Partial>,
    ) -> Result<Outcome, ModelError> {
        if rows.len() < LEAST_ROWS {
            return Err(ModelError::TooFewRows { model: MODEL, found: rows.len(), needed: LEAST_ROWS });
        }
        let is_modelled =
            |column: &&ColumnSchema| !matches!(column.kind, Kind::Identifier | Kind::Constant { .. });
        let columns: Vec<ColumnSchema> = schema.columns.iter().filter(is_modelled).cloned().collect();
        if columns.is_empty() {
            return Err(ModelError::NoColumns { model: MODEL });
        }
        for column in &columns {
            if table.column(&column.name).is_none() {
                return Err(ModelError::MissingColumn { model: MODEL, column: column.name.clone() });
            }
        }
        parallel(threads, || {
            let cells = |column: &ColumnSchema| table.column(&column.name).map(|column| &column.cells);
            let codes = match config.codes {
                0 => many_codes(&columns, rows.len()),
                codes => codes,
            };
            let coders: Vec<Coder> = columns
                .par_iter()
                .filter_map(|column| Some(Coder::fit(column, cells(column)?, rows, codes)))
                .collect();
            let sources: Vec<Source> = columns
                .par_iter()
                .zip(&coders)
                .filter_map(|(column, coder)| {
                    let made = coder.read(cells(column)?, rows)?;
                    let coded = coder.encode(&made);
                    Some(Source { made, coded })
                })
                .collect();
            let made: Vec<Made> = sources.iter().map(|source| source.made.clone()).collect();
            let seen: Vec<&[u8]> = sources.iter().map(|source| source.coded.codes.as_slice()).collect();
            let (mut plan, checks) =
                law::find((&config.rules, 0.0), (&columns, &coders), table, (&made, &seen))?;
            plan.gaps = Gap::find(&plan, &checks, &columns, &made, codes);
            let apart = plan.apart(&made);
            let fit = Fit {
                config,
                columns: &columns,
                coders: &coders,
                sources: &sources,
                plan: &plan,
                apart: &apart,
                seed,
            };
            let learned = match fit.learn(threads, stop, observe, from) {
                Outcome::Stopped(partial) if fit.is_whole(&partial) => partial.learned,
                stopped => return Ok(stopped),
            };
            let mut chain = Self {
                config: config.clone(),
                n_rows: rows.len(),
                learned,
                margins: None,
                copies: None,
                checks,
                columns: columns.clone(),
                coders: coders.clone(),
                plan: plan.clone(),
            };
            (chain.margins, chain.copies) = choice(&chain, &sources, seed);
            Ok(Outcome::Fitted(Box::new(chain)))
        })
    }
}

struct Fit<'a> {
    config: &'a ChainConfig,
    columns: &'a [ColumnSchema],
    coders: &'a [Coder],
    sources: &'a [Source],
    plan: &'a Plan,
    /// How far columns are from others, as later columns see it.
    apart: &'a [Vec<u8>],
    seed: Seed,
}

impl Fit<'_> {
    fn is_whole(&self, partial: &Partial) -> bool {
        let whole = |(j, learned): (usize, &Option<Learned>)| learned.is_some() || !self.plan.is_learned(j);
        partial.learned.len() == self.columns.len() && partial.learned.iter().enumerate().all(whole)
    }

    /// Learns the columns, those that take longest first.
    fn learn(
        &self,
        threads: usize,
        stop: &AtomicBool,
        observe: &(dyn Fn(&Progress) + Sync),
        from: Option<Partial>,
    ) -> Outcome {
        let n_columns = self.columns.len();
        let mut partial = from.unwrap_or_default();
        partial.learned.resize(n_columns, None);
        for (j, learned) in partial.learned.iter_mut().enumerate() {
            let parents = self.plan.looked(j, self.coders).len();
            let codes = self.plan.target(j, self.coders).codes();
            // What was stored by another fit is of no use.
            let fits = |learned: &Learned| learned.fits(codes, self.config.fine, parents);
            if !self.plan.is_learned(j) || !learned.as_ref().is_none_or(fits) {
                *learned = None;
            }
        }
        let cost = |j: usize| {
            let place = self.plan.order.iter().position(|i| *i == j).unwrap_or(0);
            (place.min(64) + 4) as f64 * (self.plan.target(j, self.coders).codes() + 8) as f64
        };
        let mut tasks: Vec<(usize, f64)> = (0..n_columns)
            .filter(|j| self.plan.is_learned(*j) && partial.learned[*j].is_none())
            .map(|j| (j, cost(j)))
            .collect();
        tasks.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let whole: f64 = tasks.iter().map(|task| task.1).sum();
        let next = AtomicUsize::new(0);
        let state = Mutex::new((partial, 0.0f64, n_columns - tasks.len()));
        rayon::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|_| {
                    while let Some((j, cost)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let Some(learned) = self.column(*j, stop) else { return };
                        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                        let (partial, work, done) = &mut *state;
                        partial.learned[*j] = Some(learned);
                        *work += cost;
                        *done += 1;
                        observe(&Progress {
                            column: &self.columns[*j].name,
                            done: *done,
                            of: n_columns,
                            share: *work / whole,
                            partial,
                        });
                    }
                });
            }
        });
        Outcome::Stopped(state.into_inner().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Learns column `j` given those before it; `None` once `stop` is raised.
    fn column(&self, j: usize, stop: &AtomicBool) -> Option<Learned> {
        let coder = self.plan.target(j, self.coders);
        let coded = self.target(j);
        let mut random = self.seed.stream(&format!("chain.column.{j}"));
        let n = coded.codes.len();
        let rows = (n > self.config.rows).then(|| some(n, self.config.rows, &mut random));
        let taken = |codes: &[u8]| -> Vec<u8> {
            match &rows {
                Some(rows) => rows.iter().map(|row| codes[*row as usize]).collect(),
                None => codes.to_vec(),
            }
        };
        let looked = self.plan.looked(j, self.coders);
        let classes = taken(&coded.codes);
        let whole = |(i, is_apart): &(usize, bool)| match is_apart {
            true => taken(&self.apart[*i]),
            false => taken(&self.sources[*i].coded.bins),
        };
        let seen: Vec<Vec<u8>> = looked.iter().map(whole).collect();
        let mut features = Features::default();
        for (of, codes) in looked.iter().zip(&seen) {
            features.push(codes, self.plan.feature(*of, self.coders));
        }
        let target = (classes.as_slice(), coder.codes(), coder.is_ordered());
        let mut coarse = self.members(&features, target, usize::MAX, &mut random, stop)?;
        if target.1 > 1 {
            coarse.settle(&features, (&classes, coder.is_ordered()), self.config.boost.depth, &mut random);
        }
        let fine = self.fine(j, (&coded.places, rows.as_deref()), &features, &classes, &mut random, stop)?;
        Some(Learned { coarse, fine })
    }

    /// The codes that are learned of a column.
    fn target(&self, j: usize) -> Cow<'_, Coded> {
        let Some(gap) = &self.plan.gaps[j] else { return Cow::Borrowed(&self.sources[j].coded) };
        match (&self.sources[j].made, &self.sources[gap.from].made) {
            (Made::Number(values), Made::Number(from)) => Cow::Owned(gap.encode(values, from)),
            _ => Cow::Borrowed(&self.sources[j].coded),
        }
    }

    fn members(
        &self,
        features: &Features,
        target: (&[u8], usize, bool),
        most: usize,
        random: &mut ChaCha8Rng,
        stop: &AtomicBool,
    ) -> Option<Softmax> {
        if features.is_empty() || target.1 < 2 {
            return Some(Softmax::marginal(target.0, target.1));
        }
        let mut members = Vec::new();
        let count = match (self.config.members, target.0.len()) {
            (0, n) => MEMBERS.iter().find(|(most, _)| n < *most).map_or(1, |(_, members)| *members),
            (members, _) => members,
        };
        for _ in 0..count.min(most) {
            members.push(Softmax::fit(features, target, None, &self.config.boost, random, stop)?);
        }
        Some(Softmax::average(members))
    }

    /// Learns in which part of its cell a number is, if that can be told.
    fn fine(
        &self,
        j: usize,
        (places, rows): (&[f32], Option<&[u32]>),
        features: &Features,
        classes: &[u8],
        random: &mut ChaCha8Rng,
        stop: &AtomicBool,
    ) -> Option<Option<Softmax>> {
        let target = self.plan.target(j, self.coders);
        let (parts, Coder::Number(coder)) = (self.config.fine, target) else { return Some(None) };
        let is_cell = |code: &u8| matches!(coder.cells().get(usize::from(*code)), Some(Cell::Range(_)));
        let inside: Vec<u32> =
            (0..classes.len() as u32).filter(|row| is_cell(&classes[*row as usize])).collect();
        if parts == 0 || inside.len() < FINE_ROWS || features.is_empty() {
            return Some(None);
        }
        let pick = |codes: &[u8]| -> Vec<u8> { inside.iter().map(|row| codes[*row as usize]).collect() };
        let part = |row: &u32| {
            let row = rows.map_or(*row, |rows| rows[*row as usize]);
            part_of(places[row as usize], parts)
        };
        let target: Vec<u8> = inside.iter().map(part).collect();
        let mut seen: Vec<Vec<u8>> = features.codes.iter().map(|codes| pick(codes)).collect();
        seen.push(pick(classes));
        let mut inner = Features::default();
        for (codes, about) in seen.iter().zip(features.about.iter().copied().chain([self.coarse_feature(j)]))
        {
            inner.push(codes, about);
        }
        let fine = self.members(&inner, (&target, parts, true), FINE_MEMBERS, random, stop)?;
        Some((fine.loss() < (parts as f64).ln() - FINE_GAIN).then_some(fine))
    }

    fn coarse_feature(&self, j: usize) -> Feature {
        Feature { bins: self.plan.target(j, self.coders).codes() + 1, ordered: true }
    }
}

/// The part, of `parts`, that a place in the ranks of a cell is in.
pub(super) fn part_of(place: f32, parts: usize) -> u8 {
    ((place * parts as f32) as usize).min(parts - 1) as u8
}

/// So many of `n` rows, in order.
fn some(n: usize, count: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..n as u32).collect();
    shuffle(&mut rows, random);
    rows.truncate(count);
    rows.sort_unstable();
    rows
}

fn many_codes(columns: &[ColumnSchema], n_rows: usize) -> usize {
    let continuous = columns.iter().filter(|column| matches!(column.kind, Kind::Real { .. })).count();
    if n_rows >= LONG && 2 * continuous > columns.len() { MANY_CODES } else { CODES }
}
