//! Which rows break what holds of others.

use std::fmt;

use super::coder::{Coder, Made};
use super::law::Law;
use super::plan::Decided;
use super::rule::{Rule, RuleConfig};
use crate::data::ColumnSchema;

/// Parts of moments of which it is asked whether each has a value of its own, at most.
const MOST_OWN: usize = 64;

/// Something that holds of rows: where it is in the plan or among the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) enum Relation {
    /// The column is decided by another.
    Decides(usize),
    /// The column is made of others.
    Formula(usize),
    /// One column is not above another.
    Order(usize),
    /// A column is from one number to another.
    Range(usize),
    /// Values of two columns are never together.
    Pairs(usize),
}

/// On which side of a number another one should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Not below it.
    AtLeast,
    /// Greater.
    Above,
    /// Not above it.
    AtMost,
    /// Less.
    Below,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeast => "at least",
            Self::Above => "above",
            Self::AtMost => "at most",
            Self::Below => "below",
        })
    }
}

impl Law<'_> {
    /// All that holds, in a fixed order.
    pub(in crate::models) fn relations(self) -> Vec<Relation> {
        let columns = || 0..self.coding.columns.len();
        let decides = columns().filter(|j| self.plan.decided[*j].is_some()).map(Relation::Decides);
        let formulas = columns().filter(|j| self.plan.formulas[*j].is_some()).map(Relation::Formula);
        let orders = (0..self.checks.orders.len()).map(Relation::Order);
        let ranges = (0..self.checks.ranges.len()).map(Relation::Range);
        let pairs = (0..self.checks.pairs.len()).map(Relation::Pairs);
        decides.chain(formulas).chain(orders).chain(ranges).chain(pairs).collect()
    }

    /// All that holds as rules, in the order of [`relations`](Self::relations).
    pub(in crate::models) fn named(self) -> Vec<Rule> {
        let mut rules: Vec<Rule> = self.rules().into_iter().map(|found| found.rule).collect();
        // Of pairs, rules have those first that were to be expected most.
        let strongest = rules.split_off(rules.len() - self.checks.pairs.len());
        for pairs in &self.checks.pairs {
            let names = pairs.columns.map(|j| &self.coding.columns[j].name);
            let is_own =
                |rule: &&Rule| matches!(rule, Rule::Pairs { columns, .. } if columns.each_ref() == names);
            rules.extend(strongest.iter().find(is_own).cloned());
        }
        rules
    }

    /// The columns of a relation, and the one that follows from the others, if one does.
    pub(in crate::models) fn about(self, relation: Relation) -> (Vec<usize>, Option<usize>) {
        match relation {
            Relation::Decides(j) => {
                let by = self.plan.decided[j].as_ref().map(|decided| decided.by);
                (by.into_iter().chain([j]).collect(), Some(j))
            }
            Relation::Formula(j) => {
                let parts = self.plan.formulas[j].iter().flat_map(|formula| &formula.parts);
                (parts.map(|part| part.column).chain([j]).collect(), Some(j))
            }
            Relation::Order(i) => (vec![self.checks.orders[i].low, self.checks.orders[i].high], None),
            Relation::Range(i) => (vec![self.checks.ranges[i].column], None),
            Relation::Pairs(i) => (self.checks.pairs[i].columns.to_vec(), None),
        }
    }

    /// The rows that break a relation, ascending. `is_known` says of a column that another decides and a symbol that does whether
    /// what it then holds is known.
    pub(in crate::models) fn broken(
        self,
        relation: Relation,
        made: &[Made],
        is_known: impl Fn(usize, usize) -> bool,
    ) -> Vec<usize> {
        let coders = self.coding.coders;
        let n = made.first().map_or(0, Made::len);
        let numbers = |j: usize| made[j].numbers().unwrap_or_default();
        match relation {
            Relation::Decides(j) => {
                let Some(decided) = &self.plan.decided[j] else { return Vec::new() };
                // Parts of moments that are known, where each has a value of its own.
                let own: Vec<usize> = match decided.period {
                    Some(period) if period.symbols() <= MOST_OWN => {
                        let known: Vec<usize> =
                            (0..period.symbols()).filter(|symbol| is_known(j, *symbol)).collect();
                        let is_own = |a: &usize| {
                            known.iter().filter(|b| decided.values.is_same(*a, &decided.values, **b)).count()
                                == 1
                        };
                        if known.iter().all(is_own) { known } else { Vec::new() }
                    }
                    _ => Vec::new(),
                };
                let contradicts = |row: &usize| {
                    if made[j].is_missing(*row, &coders[j]) {
                        return false;
                    }
                    let symbol = decided.known(coders, &made[decided.by], *row);
                    match symbol.filter(|symbol| is_known(j, *symbol)) {
                        Some(symbol) => !made[j].is_same(*row, &decided.values, symbol),
                        // A Saturday is none of the days that have a name.
                        None => {
                            symbol.is_some()
                                && own.iter().any(|own| made[j].is_same(*row, &decided.values, *own))
                        }
                    }
                };
                (0..n).filter(contradicts).collect()
            }
            Relation::Formula(j) => {
                let Some(formula) = &self.plan.formulas[j] else { return Vec::new() };
                let Some(parts) = formula.cells(made) else { return Vec::new() };
                let values = numbers(j);
                // A missing cell breaks nothing.
                let holds = |row: usize| {
                    let cells = || parts.iter().map(move |cells| cells[row]);
                    let is_said = !values[row].is_nan() && formula.of(cells()).is_finite();
                    !is_said || formula.holds(&coders[j], values[row], cells())
                };
                (0..values.len()).filter(|row| !holds(*row)).collect()
            }
            Relation::Order(i) => {
                let order = &self.checks.orders[i];
                let both = numbers(order.low).iter().zip(numbers(order.high));
                let broken = both.enumerate().filter(|(_, (low, high))| order.broken(**low, **high));
                broken.map(|(row, _)| row).collect()
            }
            Relation::Range(i) => {
                let range = &self.checks.ranges[i];
                let is_beyond = |value: &f64| !value.is_nan() && !(range.from..=range.to).contains(value);
                (0..n).filter(|row| numbers(range.column).get(*row).is_some_and(is_beyond)).collect()
            }
            Relation::Pairs(i) => {
                let pairs = &self.checks.pairs[i];
                let [a, b] = pairs.columns.map(|j| coders[j].classify(&made[j]));
                let broken = pairs.broken(&a, &b).enumerate().filter(|(_, broken)| *broken);
                broken.map(|(row, _)| row).collect()
            }
        }
    }

    /// What a relation says that a column of a row holds, given the others; nothing where it says nothing of this one.
    pub(in crate::models) fn expected(
        self,
        relation: Relation,
        column: usize,
        made: &[Made],
        row: usize,
    ) -> Option<Made> {
        let coders = self.coding.coders;
        match relation {
            Relation::Decides(j) if j == column => {
                let decided = self.plan.decided[j].as_ref()?;
                let symbol = decided.known(coders, &made[decided.by], row)?;
                Some(decided.values.take(&[symbol as u32]))
            }
            Relation::Formula(j) => {
                let formula = self.plan.formulas[j].as_ref()?;
                let cells = formula.cells(made)?;
                let cells = || cells.iter().map(|cells| cells[row]);
                let Made::Number(values) = &made[j] else { return None };
                if formula.is_loose(column) {
                    return None;
                }
                let value = match formula.parts.iter().position(|part| part.column == column) {
                    Some(which) => formula.solve(which, values[row], cells()),
                    None => formula.of(cells()),
                };
                let Coder::Number(coder) = &coders[column] else { return None };
                value.is_finite().then(|| Made::Number(vec![coder.round(value)]))
            }
            _ => None,
        }
    }

    /// What a relation that a row breaks says a number of it is bounded by, and on which side; nothing where it bounds no
    /// numbers.
    pub(in crate::models) fn bound(
        self,
        relation: Relation,
        column: usize,
        made: &[Made],
        row: usize,
    ) -> Option<(f64, Bound)> {
        let number = |j: usize| made[j].numbers()?.get(row).copied();
        match relation {
            Relation::Order(i) => {
                let order = &self.checks.orders[i];
                let is_high = column == order.high;
                let bound = match (is_high, order.strict) {
                    (true, false) => Bound::AtLeast,
                    (true, true) => Bound::Above,
                    (false, false) => Bound::AtMost,
                    (false, true) => Bound::Below,
                };
                Some((number(if is_high { order.low } else { order.high })?, bound))
            }
            Relation::Range(i) => {
                let range = &self.checks.ranges[i];
                let is_low = number(range.column)? < range.from;
                Some(if is_low { (range.from, Bound::AtLeast) } else { (range.to, Bound::AtMost) })
            }
            _ => None,
        }
    }

    /// By column that decides others: rows of each of its symbols. After them, where there are such, by column that a part of
    /// moments decides: rows of each of that.
    pub(in crate::models) fn deciding_rows(self, made: &[Made]) -> Vec<Vec<u32>> {
        let mut rows = vec![Vec::new(); self.coding.columns.len()];
        for (j, decided) in self.plan.decided.iter().enumerate() {
            let Some(decided) = decided else { continue };
            let place = self.deciding(j);
            rows.resize(rows.len().max(place + 1), Vec::new());
            rows[place] = vec![0; decided.symbols(self.coding.coders)];
            for row in 0..made[decided.by].len() {
                rows[place][decided.symbol(self.coding.coders, &made[decided.by], row)] += 1;
            }
        }
        rows
    }

    /// Where the rows of what decides column `j` are counted.
    pub(in crate::models) fn deciding(self, j: usize) -> usize {
        match &self.plan.decided[j] {
            Some(decided) if decided.period.is_none() => decided.by,
            _ => self.coding.columns.len() + j,
        }
    }
}

impl Decided {
    /// The symbol that decides the column in a row, if there was one such.
    fn known(&self, coders: &[Coder], by: &Made, row: usize) -> Option<usize> {
        match &self.period {
            Some(period) => Some(self.symbol(coders, by, row)).filter(|symbol| symbol + 1 < period.symbols()),
            None => coders[self.by].known(by, row),
        }
    }
}

impl RuleConfig {
    /// The same without rules of the user's own about columns that are not among these.
    pub(in crate::models) fn among(&self, columns: &[ColumnSchema]) -> Self {
        let is_known = |name: &str| columns.iter().any(|column| column.name == name);
        let among = |rules: &[String]| {
            let kept =
                rules.iter().filter(|rule| Self::names(rule, is_known).iter().all(|name| is_known(name)));
            kept.cloned().collect()
        };
        Self { hold: among(&self.hold), off: among(&self.off), ..self.clone() }
    }
}

impl Coder {
    /// The symbol of a row's cell, if the column had it.
    fn known(&self, made: &Made, row: usize) -> Option<usize> {
        let symbol = self.symbol(made, row);
        match (self, made) {
            (Self::Number(coder), Made::Number(values)) => {
                let value = values[row];
                (value.is_nan() || coder.value(symbol, 0.0) == value).then_some(symbol)
            }
            (Self::Text(coder), _) => (symbol <= coder.missing() as usize).then_some(symbol),
            (Self::Number(_), Made::Symbol(_)) => None,
        }
    }
}

impl Made {
    /// Whether a cell of a column with this coder is missing.
    pub(in crate::models) fn is_missing(&self, row: usize, coder: &Coder) -> bool {
        match (self, coder) {
            (Self::Number(values), _) => values[row].is_nan(),
            (Self::Symbol(symbols), Coder::Text(coder)) => symbols[row] == coder.missing(),
            (Self::Symbol(_), Coder::Number(_)) => false,
        }
    }

    /// Whether a cell is that at `there` of other cells of the column.
    fn is_same(&self, row: usize, other: &Self, there: usize) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a[row] == b[there] || a[row].is_nan() && b[there].is_nan(),
            (Self::Symbol(a), Self::Symbol(b)) => a[row] == b[there],
            _ => false,
        }
    }
}
