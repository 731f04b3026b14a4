//! Which columns are learned, in which order, and which are decided by another.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::calendar::Period;
use super::coder::{Coder, Made};
use super::declared::{Declared, Wishes};
use super::formula::Formula;
use super::gap::Gap;
use super::rule::{ERRED, RuleConfig};
use crate::models::boost::Feature;

/// Contradictions that must be expected of independent columns before none of them means that one decides the other.
const EXPECTED: f64 = 20.0;

/// Where some rows may contradict: most of them against the contradictions to be expected.
const FEW: f64 = 0.05;

/// Rows that may contradict that a column decides another although it does, by mistakes.
const MISTAKEN: f64 = 0.002;

/// Rows that are looked at first, and the share of contradictions among them that ends it.
const SCREEN: usize = 1000;
const MANY: f64 = 0.25;

/// A column that another decides is still looked at by later columns if the other has more codes than this.
const MANY_CODES: usize = 64;

/// A column whose value follows from another's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decided {
    /// The column that decides it.
    pub(super) by: usize,
    /// What of its moments does, where they do not as a whole.
    pub(super) period: Option<Period>,
    /// The value for each symbol of that column, or of the period.
    pub(super) values: Made,
}

impl Decided {
    /// Number of symbols that may decide it.
    pub(super) fn symbols(&self, coders: &[Coder]) -> usize {
        self.period.map_or_else(|| coders[self.by].symbols(), |period| period.symbols())
    }

    /// The symbol that decides it, in a row of the column that does.
    pub(super) fn symbol(&self, coders: &[Coder], by: &Made, row: usize) -> usize {
        match (&self.period, by) {
            (Some(period), Made::Number(moments)) => period.symbol(moments[row]),
            (Some(period), Made::Symbol(_)) => period.symbols() - 1,
            (None, _) => coders[self.by].symbol(by, row),
        }
    }
}

/// The columns' order and what decides what.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::models) struct Plan {
    /// Every column once; one that is decided comes after the one that decides it.
    pub(in crate::models) order: Vec<usize>,
    /// By column.
    pub(super) decided: Vec<Option<Decided>>,
    /// By column, what it is made of, if anything.
    pub(super) formulas: Vec<Option<Formula>>,
    /// By column, what it is made of where that has no value.
    pub(super) instead: Vec<Option<Formula>>,
    /// By column, how far it is from another, if that is learned in its place.
    pub(super) gaps: Vec<Option<Gap>>,
    /// By column that follows only in rows in which nothing is missing: how many show it.
    pub(super) partly: Vec<Option<usize>>,
}

/// A decided column in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decision {
    pub(super) column: usize,
    pub(super) by: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) period: Option<Period>,
}

/// Values of a column as numbers from 0.
struct Ids {
    of: Vec<u32>,
    count: usize,
    /// Chance that two rows differ, and two of those that are not missing.
    differ: f64,
    present_differ: f64,
    /// Which of them is a missing cell, if any is.
    missing: Option<u32>,
}

impl Ids {
    fn new((made, coder): (&Made, &Coder)) -> Self {
        let mut of = Vec::with_capacity(made.len());
        let mut counts: Vec<u32> = Vec::new();
        let mut add = |id: u32| {
            if id as usize == counts.len() {
                counts.push(0);
            }
            counts[id as usize] += 1;
            of.push(id);
        };
        match made {
            Made::Number(values) => {
                let mut known = HashMap::new();
                for value in values {
                    let bits = if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() };
                    let next = known.len() as u32;
                    add(*known.entry(bits).or_insert(next));
                }
            }
            Made::Symbol(symbols) => {
                let mut known = HashMap::new();
                for symbol in symbols {
                    let next = known.len() as u32;
                    add(*known.entry(*symbol).or_insert(next));
                }
            }
        }
        let n = of.len().max(1) as f64;
        let missing = (0..made.len()).find(|row| made.is_missing(*row, coder)).map(|row| of[row]);
        let squares = |of: f64| counts.iter().map(|count| (f64::from(*count) / of).powi(2)).sum::<f64>();
        let blank = missing.map_or(0.0, |id| f64::from(counts[id as usize]));
        let present = (n - blank).max(1.0);
        let present_differ = 1.0 - squares(present) + (blank / present).powi(2);
        Self { differ: 1.0 - squares(n), count: counts.len(), of, present_differ, missing }
    }

    /// Of symbols, of which the last is a missing cell.
    fn of_symbols(of: Vec<u32>, symbols: usize) -> Self {
        let missing = Some(symbols as u32 - 1);
        Self { of, count: symbols, differ: 0.0, present_differ: 0.0, missing }
    }

    /// Whether equal values here always have equal values there, but in at most so many rows.
    fn decides(&self, other: &Self, most: usize, first: &mut Vec<u32>) -> bool {
        first.clear();
        first.resize(self.count, u32::MAX);
        let mut agrees = |(here, there): (&u32, &u32)| {
            if most > 0 && Some(*there) == other.missing {
                return true;
            }
            let known = &mut first[*here as usize];
            if *known == u32::MAX {
                *known = *there;
            }
            *known == *there
        };
        let mut rows = self.of.iter().zip(&other.of);
        if most == 0 {
            return rows.all(agrees);
        }
        // What a value's first row has may be what is wrong.
        let screened = self.of.len().min(SCREEN);
        let against = rows.take(screened).filter(|row| !agrees(*row)).count();
        against as f64 <= MANY * screened as f64 && self.contradictions(other) <= most
    }

    /// Whether equal values here always have equal values there in rows that have both, and those are enough to tell.
    fn decides_present(&self, other: &Self, first: &mut Vec<u32>) -> bool {
        first.clear();
        first.resize(self.count, u32::MAX);
        let (mut present, mut values) = (0usize, 0usize);
        let mut counts: HashMap<u32, f64> = HashMap::new();
        for (here, there) in self.of.iter().zip(&other.of) {
            if Some(*here) == self.missing || Some(*there) == other.missing {
                continue;
            }
            present += 1;
            *counts.entry(*there).or_default() += 1.0;
            let known = &mut first[*here as usize];
            if *known == u32::MAX {
                *known = *there;
                values += 1;
            }
            if *known != *there {
                return false;
            }
        }
        // A value that is the same in all of these rows is decided by nothing in them.
        let n = present.max(1) as f64;
        let differ = 1.0 - counts.values().map(|count| (count / n).powi(2)).sum::<f64>();
        (present - values) as f64 * differ >= EXPECTED
    }

    /// Rows that have another value there than most of those with the same value here, missing ones aside.
    fn contradictions(&self, other: &Self) -> usize {
        let pairs = self.of.iter().copied().zip(other.of.iter().copied());
        let mut pairs: Vec<(u32, u32)> = pairs.filter(|(_, there)| Some(*there) != other.missing).collect();
        pairs.sort_unstable();
        let mut agreeing = 0;
        for of_value in pairs.chunk_by(|a, b| a.0 == b.0) {
            agreeing += of_value.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or(0);
        }
        pairs.len() - agreeing
    }
}

impl Plan {
    /// The plan of columns of which none follows from others.
    pub(in crate::models) fn free(n_columns: usize) -> Self {
        Self {
            order: (0..n_columns).collect(),
            decided: vec![None; n_columns],
            formulas: vec![None; n_columns],
            instead: vec![None; n_columns],
            gaps: vec![None; n_columns],
            partly: vec![None; n_columns],
        }
    }

    /// Finds columns that another decides in every row but a share, with enough rows to tell.
    pub(super) fn find(
        (config, slack): (&RuleConfig, f64),
        wishes: &Wishes,
        coders: &[Coder],
        columns: &[Made],
    ) -> Self {
        let n_columns = columns.len();
        let ids: Vec<Ids> = columns.iter().zip(coders).map(Ids::new).collect();
        // Finer columns first, so that what is decided is coarser, or as fine and later.
        let mut by_size: Vec<usize> = (0..n_columns).collect();
        // Of two that are as fine, the one first that is said to decide.
        let is_said = |j: usize| (0..n_columns).any(|i| wishes.deciding(i).is_some_and(|(by, _)| by == j));
        by_size.sort_by_key(|j| (std::cmp::Reverse(ids[*j].count), !is_said(*j)));
        let mut decided: Vec<Option<Decided>> = vec![None; n_columns];
        let mut kept: Vec<usize> = Vec::new();
        let mut first = Vec::new();
        // Columns of moments and what of them may decide.
        let moments = (0..n_columns).filter(|i| wishes.is_moment(*i));
        let mut periods: Vec<(usize, Period, Ids)> = Vec::new();
        for i in moments {
            let Made::Number(values) = &columns[i] else { continue };
            let of =
                |period: Period| (i, period, Ids::of_symbols(period.read(&columns[i]), period.symbols()));
            periods.extend(Period::of(values).into_iter().map(of));
        }
        // Rows that may contradict, of those that would be expected to.
        let most = |n: usize, expected: f64| (slack * n as f64).min(FEW * expected) as usize;
        let may_decide = |i: usize| matches!(coders[i], Coder::Text(_)) || coders[i].is_discrete();
        for j in by_size {
            let n = ids[j].of.len();
            // The coarsest that decides it, for it says most about it.
            let may = config.decides && !wishes.is_in_formula(j);
            let said = wishes.deciding(j).and_then(|(by, unit)| match (&decided[by], unit) {
                (Some(of), _) => Some((of.by, of.period)),
                (None, None) => Some((by, None)),
                (None, Some(unit)) => {
                    let is_said = |(i, period, _): &&(usize, Period, Ids)| *i == by && period.unit == unit;
                    periods.iter().find(is_said).map(|(_, period, _)| (by, Some(*period)))
                }
            });
            let said = said.filter(|(by, _)| *by != j && kept.contains(by));
            let whole = |by: usize| (by, None);
            let found = said.or_else(|| {
                let found = kept.iter().rev().copied().filter(|_| may).find(|i| {
                    let expected = n.saturating_sub(ids[*i].count) as f64 * ids[j].differ;
                    may_decide(*i)
                        && expected >= EXPECTED
                        && ids[*i].decides(&ids[j], most(n, expected), &mut first)
                        && !wishes.is_off(&Declared::Decides { by: *i, column: j, unit: None })
                });
                found.map(whole)
            });
            // Where all must hold and a cell that is missing says otherwise, what is there may follow.
            let found = found.or_else(|| {
                let found = kept.iter().rev().copied().filter(|_| may && slack == 0.0).find(|i| {
                    let has_blanks = ids[j].missing.is_some() || ids[*i].missing.is_some();
                    has_blanks
                        && may_decide(*i)
                        && ids[*i].decides_present(&ids[j], &mut first)
                        && !wishes.is_off(&Declared::Decides { by: *i, column: j, unit: None })
                });
                found.map(whole)
            });
            let found = found.or_else(|| {
                let found =
                    periods.iter().filter(|(i, _, _)| may && kept.contains(i)).find(|(i, period, of)| {
                        let rule = Declared::Decides { by: *i, column: j, unit: Some(period.unit) };
                        let expected = n.saturating_sub(of.count) as f64 * ids[j].present_differ;
                        let decides = match most(n, expected) {
                            0 => of.decides_present(&ids[j], &mut first),
                            most => expected >= EXPECTED && of.decides(&ids[j], most, &mut first),
                        };
                        decides && !wishes.is_off(&rule)
                    });
                found.map(|(by, period, _)| (*by, Some(*period)))
            });
            // What nearly all rows show; blanks are not told by what nearly all others say.
            let found = found.or_else(|| {
                let may = may && slack == 0.0 && ids[j].missing.is_none();
                let found = kept.iter().rev().copied().filter(|_| may).find(|i| {
                    let expected = n.saturating_sub(ids[*i].count) as f64 * ids[j].differ;
                    let most = (MISTAKEN * n as f64).min(FEW * expected) as usize;
                    may_decide(*i)
                        && most > 0
                        && expected >= EXPECTED
                        && ids[*i].decides(&ids[j], most, &mut first)
                        && !wishes.is_off(&Declared::Decides { by: *i, column: j, unit: None })
                });
                found.map(whole)
            });
            match found {
                Some((by, period)) => {
                    let mut of = Decided { by, period, values: Made::Number(Vec::new()) };
                    let symbol = |row: usize| of.symbol(coders, &columns[by], row);
                    of.values = table((symbol, of.symbols(coders)), (&columns[j], &ids[j]));
                    if period.is_some() {
                        let rows = 0..columns[by].len();
                        let seen: Vec<usize> = rows.map(|row| of.symbol(coders, &columns[by], row)).collect();
                        of.values = beyond(of.values, &seen, &coders[j]);
                    }
                    decided[j] = Some(of);
                }
                None => kept.push(j),
            }
        }
        let none = || vec![None; n_columns];
        let (mut formulas, mut instead) = match config.formulas {
            true => Formula::find((coders, slack), columns, &decided, wishes),
            false => (none(), none()),
        };
        let turned = match slack == 0.0 {
            true => Formula::turn(&mut formulas, &instead, &decided, (coders, columns)),
            false => Vec::new(),
        };
        // What nearly all rows keep, those that do not aside; that two columns are nearly always the same says something of the others.
        if slack == 0.0 && config.formulas {
            let erred = Formula::find((coders, ERRED), columns, &decided, wishes).0;
            let free = formulas.iter_mut().zip(erred).enumerate().filter(|(j, _)| !turned.contains(j));
            for (_, (formula, erred)) in free {
                let is_of_several = |of: &Formula| of.parts.len() > 1 || of.factor.is_some();
                if formula.is_none() {
                    *formula = erred.filter(is_of_several);
                }
            }
        }
        for (j, formula) in wishes.formulas() {
            (formulas[j], instead[j]) = (Some(formula), None);
        }
        let mut plan = Self {
            order: order(&decided, &formulas, &instead),
            decided,
            formulas,
            instead,
            ..Self::free(n_columns)
        };
        if slack == 0.0 {
            plan.mark_partly(coders, columns);
        }
        plan
    }

    /// Whether a column is learned: nothing else makes all of it.
    pub(in crate::models) fn is_learned(&self, j: usize) -> bool {
        !self.follows(j) || self.partly[j].is_some()
    }

    /// What the codes of column `j` that are learned stand for: its values, or how far they are from another column's.
    pub(super) fn target<'a>(&'a self, j: usize, coders: &'a [Coder]) -> &'a Coder {
        self.gaps[j].as_ref().map_or(&coders[j], |gap| &gap.coder)
    }

    /// What column `j` is learned from: columns, and of some (where it is said) how far they are from another.
    pub(super) fn looked(&self, j: usize, coders: &[Coder]) -> Vec<(usize, bool)> {
        let both = |i: usize| {
            let apart = self.gaps[i].is_some().then_some((i, true));
            std::iter::once((i, false)).chain(apart)
        };
        self.parents(j, coders).into_iter().flat_map(both).collect()
    }

    /// What the codes of something that is looked at are.
    pub(super) fn feature(&self, (i, is_apart): (usize, bool), coders: &[Coder]) -> Feature {
        match &self.gaps[i] {
            Some(gap) if is_apart => gap.coder.feature(),
            _ => coders[i].feature(),
        }
    }

    /// How far the cells of each column are from another's, as later columns see it; nothing where that is not looked at.
    pub(super) fn apart(&self, made: &[Made]) -> Vec<Vec<u8>> {
        let of = |(gap, values): (&Option<Gap>, &Made)| match (gap, values) {
            (Some(gap), Made::Number(values)) => match &made[gap.from] {
                Made::Number(from) => gap.see(values, from),
                Made::Symbol(_) => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.gaps.iter().zip(made).map(of).collect()
    }

    /// The columns that column `j` is learned from.
    pub(super) fn parents(&self, j: usize, coders: &[Coder]) -> Vec<usize> {
        let useful = |i: &usize| match &self.decided[*i] {
            None => coders[*i].codes() > 1,
            Some(decided) => {
                let tells = decided.period.is_some() || coders[decided.by].codes() > MANY_CODES;
                tells || self.partly[*i].is_some()
            }
        };
        self.order.iter().copied().take_while(|i| *i != j).filter(useful).collect()
    }
}

/// Columns in their order, each followed by those it decides.
pub(super) fn order(
    decided: &[Option<Decided>],
    formulas: &[Option<Formula>],
    instead: &[Option<Formula>],
) -> Vec<usize> {
    let n = decided.len();
    let (mut order, mut placed) = (Vec::with_capacity(n), vec![false; n]);
    // What is made of a column further on waits for it; none waits for ever.
    let mut waits = true;
    while order.len() < n {
        let before = order.len();
        for j in (0..n).filter(|j| decided[*j].is_none()) {
            let mut parts = formulas[j].iter().chain(&instead[j]).flat_map(|of| &of.parts);
            if placed[j] || waits && !parts.all(|part| placed[part.column]) {
                continue;
            }
            let follows = |i: &usize| decided[*i].as_ref().is_some_and(|decided| decided.by == j);
            for i in std::iter::once(j).chain((0..n).filter(follows)) {
                placed[i] = true;
                order.push(i);
            }
        }
        waits &= order.len() > before;
    }
    order
}

/// The values of a part of moments by symbol, where only some were seen: of numbers that rise with it, such as years, those that go on; else
/// missing ones.
fn beyond(mut values: Made, seen: &[usize], coder: &Coder) -> Made {
    let mut is_seen = vec![false; values.len()];
    seen.iter().for_each(|symbol| is_seen[*symbol] = true);
    let last = values.len().saturating_sub(1);
    let own: Vec<usize> = (0..last).filter(|symbol| is_seen[*symbol]).collect();
    let start = match &values {
        Made::Number(numbers) => own.first().map(|symbol| numbers[*symbol] - *symbol as f64),
        Made::Symbol(_) => None,
    };
    let rises = |start: &f64| match &values {
        Made::Number(numbers) => own.iter().all(|symbol| numbers[*symbol] == start + *symbol as f64),
        Made::Symbol(_) => false,
    };
    let start = start.filter(rises).filter(|_| own.len() > 1);
    let blank = coder.blank(1);
    for symbol in (0..=last).filter(|symbol| !is_seen[*symbol]) {
        match start.filter(|_| symbol < last) {
            Some(start) => values.set(symbol, &Made::Number(vec![start + symbol as f64]), 0),
            None => values.set(symbol, &blank, 0),
        }
    }
    values
}

/// The most frequent value of `column` for each symbol, of so many, of what decides it; symbols that are in no row get the first
/// row's.
fn table((symbol, symbols): (impl Fn(usize) -> usize, usize), (column, ids): (&Made, &Ids)) -> Made {
    let mut rows = vec![0u32; symbols];
    let mut votes: Vec<HashMap<u32, (u32, u32)>> = vec![HashMap::new(); symbols];
    for row in 0..ids.of.len() {
        votes[symbol(row)].entry(ids.of[row]).or_insert((0, row as u32)).0 += 1;
    }
    for (to, votes) in rows.iter_mut().zip(votes) {
        // Of two as frequent, that of the earlier row; a missing cell only where there is nothing else.
        let best = votes
            .into_iter()
            .max_by_key(|(id, (count, row))| (Some(*id) != ids.missing, *count, std::cmp::Reverse(*row)));
        *to = best.map_or(0, |(_, (_, row))| row);
    }
    column.take(&rows)
}

impl Coder {
    /// Number of symbols of a column that may decide another.
    pub(super) fn symbols(&self) -> usize {
        match self {
            Self::Number(coder) => coder.codes() + 1,
            Self::Text(coder) => coder.missing() as usize + 2,
        }
    }

    /// The symbol of a row.
    pub(super) fn symbol(&self, made: &Made, row: usize) -> usize {
        match (self, made) {
            (Self::Number(coder), Made::Number(values)) => coder.code(values[row]),
            (_, Made::Symbol(symbols)) => symbols[row] as usize,
            (Self::Text(_), Made::Number(_)) => 0,
        }
    }
}
