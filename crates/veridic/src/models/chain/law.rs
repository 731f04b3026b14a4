//! What is certain of the rows of a table, whatever makes them: which columns follow from others, and which rules hold.

use std::collections::HashMap;
use std::hash::Hash;

use super::breach::Relation;
use super::coder::{Coder, Made};
use super::coding::Coding;
use super::condition::Condition;
use super::declared::Wishes;
use super::draw::Seen;
use super::evidence::{Evidence, Set, Wanted};
use super::plan::Plan;
use super::rule::{Checks, RuleConfig};
use crate::data::{ColumnSchema, Table};
use crate::error::ModelError;

/// The columns of a table, how they are coded, and what is certain of its rows.
#[derive(Debug, Clone, Copy)]
pub(in crate::models) struct Law<'a> {
    pub(in crate::models) coding: Coding<'a>,
    pub(in crate::models) plan: &'a Plan,
    pub(in crate::models) checks: &'a Checks,
    /// Rows that it was found in.
    pub(in crate::models) n_rows: usize,
}

/// Finds what is certain of rows: `made` are their cells and `codes` the codes of those, by column. `slack` is the share of
/// rows that may break what is found, 0 where it must hold in all.
///
/// # Errors
/// Rules that must hold and cannot be read, or that rows of the table break.
pub(in crate::models) fn find(
    (config, slack): (&RuleConfig, f64),
    (columns, coders): (&[ColumnSchema], &[Coder]),
    table: &Table,
    (made, codes): (&[Made], &[&[u8]]),
) -> Result<(Plan, Checks), ModelError> {
    let wishes = Wishes::read(config, columns, coders, table)?;
    let plan = Plan::find((config, slack), &wishes, coders, made);
    let free: Vec<bool> = plan.decided.iter().map(Option::is_none).collect();
    let whole: Vec<&Made> = made.iter().collect();
    let mut checks = Checks::find((config, slack), &wishes, coders, &whole, codes, &free);
    checks.declare(&wishes, coders, &whole, codes);
    if slack == 0.0 {
        let n_rows = made.first().map_or(0, Made::len);
        checks.bound(&plan, coders, n_rows);
        let law = Law { coding: Coding { columns, coders }, plan: &plan, checks: &checks, n_rows };
        let of = |relation| law.broken(relation, made, |_, _| true).len();
        let broken = |j: usize| (j, of(Relation::Formula(j)) + of(Relation::Decides(j)));
        checks.exceptions = (0..columns.len()).map(broken).filter(|(_, rows)| *rows > 0).collect();
    }
    checks.idle = wishes.idle(config);
    Ok((plan, checks))
}

impl Law<'_> {
    /// Whether every cell is drawn, and may be beside any others.
    pub(in crate::models) fn is_free(self) -> bool {
        self.checks.is_empty() && !(0..self.coding.columns.len()).any(|j| self.plan.follows(j))
    }

    /// Whether each row keeps the rules.
    pub(in crate::models) fn kept(self, made: &[Made]) -> Vec<bool> {
        self.checks.kept(self.coding.coders, made)
    }

    /// Rows in which a column that follows from others is there and another than what follows; none of a column that does not.
    pub(in crate::models) fn strays(self, j: usize, made: &[Made]) -> Vec<usize> {
        let of = |relation| self.broken(relation, made, |_, _| true);
        [of(Relation::Decides(j)), of(Relation::Formula(j))].concat()
    }

    /// Rows that break what holds in made rows, with a column of what they break, by row.
    pub(in crate::models) fn breach(self, made: &[Made]) -> Vec<(usize, usize)> {
        let of = |relation: Relation| {
            let column = self.about(relation).0.last().copied().unwrap_or(0);
            self.broken(relation, made, |_, _| true).into_iter().map(move |row| (row, column))
        };
        let mut broken: Vec<(usize, usize)> = self.relations().into_iter().flat_map(of).collect();
        broken.sort_unstable();
        broken.dedup_by_key(|(row, _)| *row);
        broken
    }

    /// The cells of a column that follows from others.
    pub(in crate::models) fn follows(self, j: usize, done: &[Option<Seen>], n: usize) -> Option<Made> {
        let cells = |i: usize| done[i].as_ref().map(|(made, _)| made);
        self.plan.reference(j, self.coding.coders, &cells, 0..n)
    }

    /// What the cells of a column are by those of the others; `None` of one that does not follow.
    pub(in crate::models) fn follows_from(self, j: usize, made: &[Made]) -> Option<Made> {
        self.plan.reference(j, self.coding.coders, &|i| made.get(i), 0..made[j].len())
    }

    /// Whether the cells of a column that follows may be missing where the others say what they are.
    pub(in crate::models) fn may_miss(self, j: usize) -> bool {
        self.plan.partly[j].is_some()
    }

    /// What conditions say of each column.
    ///
    /// # Errors
    /// A column or value that is not known, two conditions on a column, conditions that no row can meet.
    pub(in crate::models) fn evidence(self, conditions: &[Condition]) -> Result<Vec<Evidence>, ModelError> {
        let Coding { columns, coders } = self.coding;
        let mut sets: Vec<Option<Set>> = vec![None; columns.len()];
        // By column, the conditions that its set is of.
        let mut of: Vec<Vec<&str>> = vec![Vec::new(); columns.len()];
        for condition in conditions {
            let j = self.coding.place(&condition.column)?;
            let twice = conditions.iter().filter(|other| other.column == condition.column).count() > 1;
            if twice {
                return Err(ModelError::TwoConditions { column: condition.column.clone() });
            }
            let marks = self.coding.marks(j, &condition.allowed)?;
            let wanted = self.coding.wanted(j, &condition.allowed, &marks)?;
            let mut of_columns: Vec<(usize, Set)> = Vec::new();
            let is_partly = self.plan.partly[j].is_some();
            let period = self.plan.decided[j].as_ref().and_then(|decided| decided.period);
            if is_partly || period.is_some() || self.plan.decided[j].is_none() {
                of_columns.push((j, Set::new(&coders[j], &wanted)));
            }
            // A column that another decides is as wanted where the other has a value by which it is; one that may be
            // missing beside it says nothing of the other then.
            let may_miss = || of_columns.iter().any(|(_, set)| set.has_missing(&coders[j]));
            let is_said = period.is_none() && !(is_partly && may_miss());
            if let Some(decided) = self.plan.decided[j].as_ref().filter(|_| is_said) {
                let by = &coders[decided.by];
                let mut fits: Vec<bool> =
                    (0..by.symbols()).map(|symbol| allows(&wanted, &decided.values, symbol)).collect();
                if is_partly {
                    fits[by.missing_symbol()] = true;
                }
                of_columns.push((decided.by, Set::new(by, &[Wanted::Symbols(&fits)])));
            }
            for (place, set) in of_columns {
                let is_empty = set.is_empty();
                let set = match &sets[place] {
                    Some(other) if !is_empty => other.both(&coders[place], &set),
                    _ => set,
                };
                if is_empty {
                    of[place].clear();
                }
                of[place].push(&condition.column);
                if set.is_empty() {
                    return Err(impossible(&of[place]));
                }
                sets[place] = Some(set);
            }
        }
        self.together(&sets, &of)?;
        let evidence = |set: Option<Set>| Evidence { sets: set.into_iter().collect(), ..Evidence::default() };
        Ok(sets.into_iter().map(evidence).collect())
    }

    /// Refuses two sets of which the rules allow no cell of one beside any of the other.
    fn together(self, sets: &[Option<Set>], of: &[Vec<&str>]) -> Result<(), ModelError> {
        let both = |[a, b]: [usize; 2]| impossible(&[of[a].as_slice(), of[b].as_slice()].concat());
        for pairs in &self.checks.pairs {
            let [Some(first), Some(second)] = pairs.columns.map(|j| sets[j].as_ref()) else { continue };
            let codes = |set: &Set| -> Vec<usize> {
                (0..set.shares.len()).filter(|code| set.shares[*code] > 0.0).collect()
            };
            let second = codes(second);
            let is_allowed = |a: &usize| {
                let never = pairs.impossible.get(*a);
                second.iter().any(|b| never.is_none_or(|never| !never.contains(&(*b as u8))))
            };
            if !codes(first).iter().any(is_allowed) {
                return Err(both(pairs.columns));
            }
        }
        for order in &self.checks.orders {
            let columns = [order.low, order.high];
            let [Some(low), Some(high)] = columns.map(|j| sets[j].as_ref()) else { continue };
            let ends = |set: &Set, j: usize| {
                let coder = &self.coding.coders[j];
                let intervals = set.intervals(coder).into_iter();
                let ends = intervals.reduce(|(low, high), (l, h)| (low.min(l), high.max(h)));
                // Nothing is said of missing cells.
                ends.filter(|_| !set.has_missing(coder))
            };
            let (Some((least, _)), Some((_, most))) = (ends(low, order.low), ends(high, order.high)) else {
                continue;
            };
            if least > most || (order.strict && least >= most) {
                return Err(both(columns));
            }
        }
        Ok(())
    }

    /// Where column `j` is what others make at the rate of a category, and all but the category is known: that is one of those
    /// whose rates make it so.
    pub(in crate::models) fn push_down_rates(self, j: usize, n: usize, evidence: &mut [Evidence]) {
        let Some(formula) = self.plan.formulas[j].as_ref().filter(|formula| formula.rates.is_some()) else {
            return;
        };
        let Some(rates) = &formula.rates else { return };
        let (Coder::Text(levels), own) = (&self.coding.coders[rates.of], &self.coding.coders[j]) else {
            return;
        };
        let numbers = |of: usize| {
            let given = evidence[of].given.as_ref()?;
            given.made.numbers().map(|values| (values.to_vec(), given.known.clone()))
        };
        let parts = formula.parts.iter().map(|part| match part.column == rates.of {
            true => Some((Vec::new(), Vec::new())),
            false => numbers(part.column),
        });
        let (Some(whole), Some(parts)) = (numbers(j), parts.collect::<Option<Vec<_>>>()) else { return };
        let symbols: Vec<u32> = (0..levels.missing()).collect();
        let of_symbol = rates.cells(&symbols);
        let other = &mut evidence[rates.of];
        let coder = &self.coding.coders[rates.of];
        let mut narrowed = Narrowed::new(other, coder, n);
        for row in 0..n {
            let is_open = narrowed.of.given.as_ref().is_none_or(|given| !given.known[row]);
            let are_known = parts.iter().all(|(_, known)| known.get(row) != Some(&false));
            if !is_open || !whole.1[row] || !are_known {
                continue;
            }
            let fits = |rate: &f64| {
                let cells = parts.iter().map(|(values, _)| values.get(row).copied().unwrap_or(*rate));
                formula.holds(own, whole.0[row], cells)
            };
            let marks: Vec<bool> = of_symbol.iter().map(fits).collect();
            narrowed.row(row, marks, |set, marks| set.only(coder, |symbol| marks.get(symbol) == Some(&true)));
        }
    }

    /// Where column `j` is known and decided by one that is not: the other may only be what decides it so.
    pub(in crate::models) fn push_down(self, j: usize, n: usize, evidence: &mut [Evidence]) {
        // Of a part of its moments, too many moments are left.
        let whole = self.plan.decided[j].as_ref().filter(|decided| decided.period.is_none());
        let Some(decided) = whole else { return };
        let Some(given) = evidence[j].given.take() else { return };
        let by = &self.coding.coders[decided.by];
        let other = &mut evidence[decided.by];
        let mut narrowed = Narrowed::new(other, by, n);
        let is_partly = self.plan.partly[j].is_some();
        let blank = by.missing_symbol();
        // A missing cell of a column that follows in part says nothing of the other.
        let says = |row: &usize| !is_partly || !given.made.is_missing(*row, &self.coding.coders[j]);
        for row in (0..n).filter(|row| given.known[*row] && says(row)) {
            narrowed.row(row, given.made.key(row), |set, _| {
                let fits = |symbol: usize| {
                    is_partly && symbol == blank || decided.values.same(symbol, &given.made, row)
                };
                let set = set.only(by, fits);
                // Where no value decides so, a missing cell may.
                if set.is_empty() { Set::new(by, &[Wanted::Missing]).only(by, fits) } else { set }
            });
        }
        evidence[j].given = Some(given);
    }
}

/// What is known of a column, narrowed row by row: rows that were left the same and are narrowed alike have one set.
struct Narrowed<'a, K> {
    of: &'a mut Evidence,
    /// By the set of before and how it is narrowed.
    sets: HashMap<(u32, K), u32>,
}

impl<'a, K: Eq + Hash> Narrowed<'a, K> {
    fn new(of: &'a mut Evidence, coder: &Coder, n: usize) -> Self {
        if of.sets.is_empty() {
            of.sets.push(Set::new(coder, &[Wanted::Present, Wanted::Missing]));
        }
        if of.of_row.is_empty() {
            of.of_row = vec![0; n];
        }
        Self { of, sets: HashMap::new() }
    }

    /// Leaves a row what `narrow` makes of its set; what leaves nothing says nothing.
    fn row(&mut self, row: usize, how: K, narrow: impl FnOnce(&Set, &K) -> Set) {
        let before = self.of.of_row[row];
        let sets = &mut self.of.sets;
        self.of.of_row[row] = *self.sets.entry((before, how)).or_insert_with_key(|(_, how)| {
            let set = narrow(&sets[before as usize], how);
            if set.is_empty() {
                return before;
            }
            sets.push(set);
            sets.len() as u32 - 1
        });
    }
}

fn impossible(columns: &[&str]) -> ModelError {
    ModelError::Impossible { columns: columns.iter().map(|column| (*column).to_string()).collect() }
}

/// Whether a cell is wanted.
fn allows(wanted: &[Wanted], made: &Made, row: usize) -> bool {
    wanted.iter().any(|wanted| match (wanted, made) {
        (Wanted::Range(from, to), Made::Number(values)) => (*from..=*to).contains(&values[row]),
        (Wanted::Missing, Made::Number(values)) => values[row].is_nan(),
        (Wanted::Present, Made::Number(values)) => !values[row].is_nan(),
        (Wanted::Symbols(marks), Made::Symbol(symbols)) => {
            marks.get(symbols[row] as usize).copied().unwrap_or(false)
        }
        // Which symbol is a missing cell, only the coder says; columns of text that are decided and missing are rare.
        _ => false,
    })
}

impl Made {
    /// A number that tells cells apart.
    pub(super) fn key(&self, row: usize) -> u64 {
        match self {
            Self::Number(values) => (values[row] + 0.0).to_bits(),
            Self::Symbol(symbols) => u64::from(symbols[row]),
        }
    }
}
