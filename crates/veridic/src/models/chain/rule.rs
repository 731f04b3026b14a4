//! What held in every row that a chain was fitted on, and holds in every row that it makes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::absent::{self, Absent, Sought};
use super::coder::{Coder, Made};
use super::declared::{Declared, Wishes};
use super::formula::Operation;
use super::plan::Plan;
use super::written::FORMS;
use crate::error::{ConfigError, as_code};

/// Rows that must be expected to break a rule if columns were independent, before none means something.
const EXPECTED: f64 = 20.0;

/// Where some rows may break an order: most of them against those to be expected.
const FEW: f64 = 0.05;

/// Where some rows may break an order, the least share that would if columns were independent: a count is below most amounts anyway.
const TOLD: f64 = 0.05;

/// Of the rows that may break rules, the share that may break an order: many numbers are nearly always below others.
const WRONG_ORDER: f64 = 0.2;

/// The share of rows that may break what nearly all keep, as if by mistake, before made rows need not keep it either: a formula of
/// several columns, or (that times [`WRONG_ORDER`]) that one date is not after another.
pub(super) const ERRED: f64 = 0.005;

/// Most columns among which rules are looked for, and most codes of a column of a pair.
const MOST_COLUMNS: usize = 150;
const MOST_CODES: usize = 254;

/// What stands before the name of a column of categories of which each has a number of its own.
pub(super) const RATE_OF: &str = "rate of ";

/// What stands before the column of dates of which the year counts.
pub(super) const YEAR_OF: &str = "year of ";

/// Something that holds in every row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A column decides another.
    Decides {
        /// The column that decides, or as `weekday of NAME` a part of its moments.
        by: String,
        /// The column that is decided.
        column: String,
    },
    /// A column is others added and subtracted, or multiplied and divided, also by a number.
    Formula {
        /// The column.
        column: String,
        /// The columns that it is made of, and whether each is subtracted (divided by); `rate of NAME` is a number that
        /// column NAME decides.
        of: Vec<(String, bool)>,
        /// How.
        operation: Operation,
        /// What a product is multiplied with besides, and whether it is divided by that; what is added to a sum, and whether it is
        /// subtracted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        factor: Option<(f64, bool)>,
        /// What each part of a sum is multiplied with; empty where none is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        weights: Vec<u32>,
    },
    /// A column is products of others, added and subtracted.
    Terms {
        /// The column.
        column: String,
        /// Of each product whether it is subtracted, and its columns, and whether each is divided by.
        of: Vec<(bool, Vec<(String, bool)>)>,
    },
    /// A column is never above another.
    Order {
        /// The column that is not above the other.
        low: String,
        /// The other.
        high: String,
        /// Whether they are never equal.
        strict: bool,
    },
    /// Numbers are from one to another.
    Range {
        /// The column.
        column: String,
        /// The least, as the column writes it; empty where there is none.
        from: String,
        /// The most.
        to: String,
    },
    /// Only some of the pairs of values of two columns are possible.
    Pairs {
        /// The columns.
        columns: [String; 2],
        /// Pairs that are ruled out.
        impossible: usize,
    },
}

/// As rules are written in `data.rules`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decides { by, column } => write!(f, "`{by}` decides `{column}`"),
            Self::Formula { column, of, operation, factor, weights } => {
                write!(f, "`{column}` =")?;
                // One over a column begins with what is divided, as a difference to a number does with that.
                let begins = of.first().is_some_and(|(_, inverse)| *inverse);
                if begins {
                    let number = |(value, inverse): (f64, bool)| match (*operation, inverse) {
                        (Operation::Product, true) => 1.0 / value,
                        (Operation::Sum, true) => -value,
                        _ => value,
                    };
                    let start = if *operation == Operation::Product { 1.0 } else { 0.0 };
                    write!(f, " {}", factor.map_or(start, number))?;
                }
                of.iter().enumerate().try_for_each(|(i, (part, inverse))| {
                    match i {
                        0 if !begins => write!(f, " `{part}`"),
                        _ => write!(f, " {} `{part}`", operation.sign(*inverse)),
                    }?;
                    match weights.get(i) {
                        Some(weight) if *weight > 1 => write!(f, " * {weight}"),
                        _ => Ok(()),
                    }
                })?;
                match factor.filter(|_| !begins) {
                    Some((value, inverse)) => write!(f, " {} {value}", operation.sign(inverse)),
                    None => Ok(()),
                }
            }
            Self::Terms { column, of } => {
                write!(f, "`{column}` =")?;
                for (t, (minus, of)) in of.iter().enumerate() {
                    for (i, (part, inverse)) in of.iter().enumerate() {
                        match (t, i) {
                            (0, 0) => write!(f, " `{part}`")?,
                            (_, 0) => write!(f, " {} `{part}`", Operation::Sum.sign(*minus))?,
                            _ => write!(f, " {} `{part}`", Operation::Product.sign(*inverse))?,
                        }
                    }
                }
                Ok(())
            }
            Self::Order { low, high, strict } => {
                write!(f, "`{low}` {} `{high}`", if *strict { "<" } else { "<=" })
            }
            Self::Range { column, from, to } => write!(f, "`{column}` in {from}..{to}"),
            Self::Pairs { columns: [a, b], .. } => write!(f, "`{a}` with `{b}`"),
        }
    }
}

/// A rule and the rows that show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The rule.
    pub rule: Rule,
    /// Rows in which it could have been broken: no cell of it is missing.
    pub support: usize,
    /// Rows that break it, as if by mistake: made rows do not.
    #[serde(default, skip_serializing_if = "is_none")]
    pub exceptions: usize,
    /// Of pairs of values that are never together, those that were to be expected most, the most first.
    pub examples: Vec<NeverTogether>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(exceptions: &usize) -> bool {
    *exceptions == 0
}

/// Values of two columns that no row has together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NeverTogether {
    /// Of each column a value, or a range `from..to`, as it is written.
    pub values: [String; 2],
    /// Rows that would have them if the columns were independent.
    pub expected: f64,
}

/// Which kinds of rules are looked for and kept, and rules of the user's own.
///
/// Rules are written as [`Rule`] shows them: `start <= end`, `total = x * y - z`, `city decides country`, `age in 0..120`, and
/// `city with country`, of which only combinations of the data are possible; names with spaces stand in backquotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct RuleConfig {
    /// A column that decides another.
    pub decides: bool,
    /// Sums, differences, products and ratios.
    pub formulas: bool,
    /// Columns that are never above another.
    pub order: bool,
    /// Pairs of values that are never together.
    pub pairs: bool,
    /// Rules that hold in every row that is made; rows of the data that break one are an error.
    pub hold: Vec<String>,
    /// Rules that are found but need not hold.
    pub off: Vec<String>,
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self { decides: true, formulas: true, order: true, pairs: true, hold: Vec::new(), off: Vec::new() }
    }
}

impl RuleConfig {
    /// Checks that rules can be read; `path` is where the settings are, as in `data.rules`.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that cannot.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        match self.unreadable() {
            None => Ok(()),
            Some((list, rule)) => Err(ConfigError::Range {
                field: format!("{path}.{list}"),
                found: as_code(rule),
                allowed: FORMS.to_string(),
            }),
        }
    }
}

/// Rules between two columns that rows are checked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::models) struct Checks {
    pub(super) orders: Vec<Order>,
    pub(super) pairs: Vec<Pairs>,
    #[serde(default)]
    pub(super) ranges: Vec<Range>,
    /// Columns whose formulas some rows break, and how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) exceptions: Vec<(usize, usize)>,
    /// Rules that need not hold, and that were not found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) idle: Vec<String>,
}

/// The numbers of a column are from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) column: usize,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) support: usize,
}

/// One column is not above another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub(super) low: usize,
    pub(super) high: usize,
    pub(super) strict: bool,
    pub(super) support: usize,
    /// Rows that break it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(super) exceptions: usize,
}

/// Codes of two columns that are never together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pairs {
    pub(super) columns: [usize; 2],
    /// By code of the first: those of the second.
    pub(super) impossible: Vec<Vec<u8>>,
    pub(super) support: usize,
    /// Those that were to be expected most.
    #[serde(default)]
    pub(super) strongest: Vec<Absent>,
}

impl Checks {
    /// Finds rules that hold in all rows; orders in all but a share, and then only of levels which are never together.
    pub(super) fn find(
        (config, slack): (&RuleConfig, f64),
        wishes: &Wishes,
        coders: &[Coder],
        columns: &[&Made],
        codes: &[&[u8]],
        free: &[bool],
    ) -> Self {
        let mut checks = Self::default();
        let chosen: Vec<usize> = (0..coders.len()).filter(|j| free[*j]).collect();
        if chosen.len() > MOST_COLUMNS {
            return checks;
        }
        if config.order {
            for (place, a) in chosen.iter().enumerate() {
                for b in &chosen[place + 1..] {
                    let (Made::Number(left), Made::Number(right)) = (columns[*a], columns[*b]) else {
                        continue;
                    };
                    // Of dates, one is after the other unless somebody erred.
                    let are_moments = [a, b].iter().all(|j| wishes.is_moment(**j));
                    let slack = if are_moments { slack.max(ERRED) } else { slack };
                    let found = order((*a, left), (*b, right), slack)
                        .or_else(|| order((*b, right), (*a, left), slack));
                    let is_off = |Order { low, high, strict, .. }: &Order| {
                        wishes.is_off(&Declared::Order { low: *low, high: *high, strict: *strict })
                    };
                    checks.orders.extend(found.filter(|order| !is_off(order)));
                }
            }
        }
        if config.pairs {
            let few = |j: &&usize| (2..=MOST_CODES).contains(&coders[**j].codes());
            let few: Vec<usize> = chosen.iter().filter(few).copied().collect();
            // Where rows may break rules, gaps between two numbers say where rows are dense, and not what cannot be.
            let is_level = |j: usize| matches!(coders[j], Coder::Text(_));
            let are_told =
                |a: usize, b: usize| slack == 0.0 || coders[a].is_discrete() || coders[b].is_discrete();
            let sought = |a: usize, b: usize| match slack == 0.0 || is_level(a) || is_level(b) {
                true => Sought::Expected,
                false => Sought::Alone,
            };
            for (place, a) in few.iter().enumerate() {
                for b in few[place + 1..].iter().filter(|b| are_told(*a, **b)) {
                    let places = [*a, *b];
                    let (a, b) = ((*a, &coders[*a], codes[*a]), (*b, &coders[*b], codes[*b]));
                    let found = absent::pairs(a, b, sought(places[0], places[1]));
                    checks.pairs.extend(found.filter(|_| !wishes.is_off(&Declared::With(places))));
                }
            }
        }
        checks
    }

    /// Adds that columns which are what is left of a number stay among the values that were seen: what is left of 100 is not below 0.
    pub(super) fn bound(&mut self, plan: &Plan, coders: &[Coder], n_rows: usize) {
        for (column, formula) in plan.formulas.iter().enumerate() {
            if let (Some(formula), Coder::Number(coder)) = (formula, &coders[column])
                && (formula.has_constant() || formula.is_difference() && coder.least() >= 0.0)
                && !self.ranges.iter().any(|range| range.column == column)
            {
                let (from, to) = (coder.least(), coder.most());
                self.ranges.push(Range { column, from, to, support: plan.partly[column].unwrap_or(n_rows) });
            }
        }
    }

    /// Adds rules of the user's own that the plan has no place for.
    pub(super) fn declare(&mut self, wishes: &Wishes, coders: &[Coder], columns: &[&Made], codes: &[&[u8]]) {
        let present = |j: usize, row: usize| match columns[j] {
            Made::Number(values) => !values[row].is_nan(),
            Made::Symbol(_) => true,
        };
        let n = columns.first().map_or(0, |made| made.len());
        let support = |of: &[usize]| (0..n).filter(|row| of.iter().all(|j| present(*j, *row))).count();
        for rule in &wishes.hold {
            match *rule {
                Declared::Order { low, high, strict } => {
                    self.orders.retain(|order| (order.low, order.high) != (low, high));
                    let support = support(&[low, high]);
                    self.orders.push(Order { low, high, strict, support, exceptions: 0 });
                }
                Declared::Range { column, from, to } => {
                    self.ranges.push(Range { column, from, to, support: support(&[column]) });
                }
                Declared::With([a, b]) => {
                    self.pairs.retain(|pairs| pairs.columns != [a, b] && pairs.columns != [b, a]);
                    self.pairs.extend(absent::pairs(
                        (a, &coders[a], codes[a]),
                        (b, &coders[b], codes[b]),
                        Sought::Said,
                    ));
                }
                Declared::Formula { .. } | Declared::Decides { .. } => {}
            }
        }
    }

    pub(in crate::models) fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.pairs.is_empty() && self.ranges.is_empty()
    }

    /// Whether each row keeps the rules.
    pub(super) fn kept(&self, coders: &[Coder], made: &[Made]) -> Vec<bool> {
        let n = made.first().map_or(0, Made::len);
        let mut kept = vec![true; n];
        for order in &self.orders {
            let (Made::Number(low), Made::Number(high)) = (&made[order.low], &made[order.high]) else {
                continue;
            };
            for ((kept, low), high) in kept.iter_mut().zip(low).zip(high) {
                *kept &= !order.broken(*low, *high);
            }
        }
        for range in &self.ranges {
            let Made::Number(values) = &made[range.column] else { continue };
            for (kept, value) in kept.iter_mut().zip(values) {
                *kept &= value.is_nan() || (range.from..=range.to).contains(value);
            }
        }
        let mut codes: Vec<Option<Vec<u8>>> = vec![None; coders.len()];
        for pairs in &self.pairs {
            for j in pairs.columns {
                codes[j].get_or_insert_with(|| coders[j].classify(&made[j]));
            }
            let [Some(a), Some(b)] = pairs.columns.map(|j| codes[j].as_ref()) else { continue };
            kept.iter_mut().zip(pairs.broken(a, b)).for_each(|(kept, broken)| *kept &= !broken);
        }
        kept
    }

    /// What is wrong with rules that were read from a file, if anything.
    pub(super) fn problem(&self, n_columns: usize) -> Option<&'static str> {
        let order = |order: &Order| order.low < n_columns && order.high < n_columns;
        let pairs =
            |pairs: &Pairs| pairs.columns.iter().all(|j| *j < n_columns) && pairs.impossible.len() <= 256;
        let ranges = self.ranges.iter().all(|range| range.column < n_columns);
        let sound = ranges && self.orders.iter().all(order) && self.pairs.iter().all(pairs);
        (!sound).then_some("rules of columns that are not there")
    }
}

impl Pairs {
    /// Whether each row has codes that are never together.
    pub(super) fn broken<'a>(&self, a: &'a [u8], b: &'a [u8]) -> impl Iterator<Item = bool> + 'a {
        let mut impossible = vec![false; 256 * 256];
        for (a, of) in self.impossible.iter().enumerate().take(256) {
            of.iter().for_each(|b| impossible[a * 256 + usize::from(*b)] = true);
        }
        a.iter().zip(b).map(move |(a, b)| impossible[usize::from(*a) * 256 + usize::from(*b)])
    }
}

impl Order {
    pub(super) fn broken(&self, low: f64, high: f64) -> bool {
        // Comparisons with missing cells break nothing.
        if self.strict { low >= high } else { low > high }
    }
}

/// Whether `low` is never above `high` but in a share of rows, and would be if they were independent.
fn order((low, a): (usize, &[f64]), (high, b): (usize, &[f64]), slack: f64) -> Option<Order> {
    let most = (slack * WRONG_ORDER * a.len() as f64) as usize;
    let above = a.iter().zip(b).filter(|(a, b)| a > b).take(most + 1).count();
    if above > most {
        return None;
    }
    let both: Vec<(f64, f64)> =
        a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan()).map(|(a, b)| (*a, *b)).collect();
    let support = both.len();
    // Each row's value against that of a row half the table away.
    let broken = (0..support).filter(|i| both[*i].0 > both[(i + support / 2) % support].1).count();
    let strict = both.iter().filter(|(a, b)| a >= b).count() <= above;
    let least = if slack > 0.0 { EXPECTED.max(TOLD * support as f64) } else { EXPECTED };
    (broken as f64 >= least && above as f64 <= FEW * broken as f64).then_some(Order {
        low,
        high,
        strict,
        support,
        exceptions: above,
    })
}
