//! What held in every row that a chain was fitted on, and holds in every row that it makes.

use serde::{Deserialize, Serialize};

use super::Chain;
use super::coder::{Coder, Made};
use super::formula::Operation;

/// Rows that must be expected to break a rule if columns were independent, before none means something.
const EXPECTED: f64 = 20.0;

/// Rows that must be expected of a pair of values if columns were independent, before none means that it cannot be.
const EXPECTED_PAIR: f64 = 10.0;

/// Most columns among which rules are looked for, and most codes of a column of a pair.
const MOST_COLUMNS: usize = 150;
const MOST_CODES: usize = 254;

/// Largest share of rows whose pair of values is in no other row, for pairs that are not there not to be.
const SINGLE: f64 = 0.0005;

/// Something that holds in every row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A column decides another.
    Decides {
        /// The column that decides.
        by: String,
        /// The column that is decided.
        column: String,
    },
    /// A column is two others added, subtracted, multiplied or divided.
    Formula {
        /// The column.
        column: String,
        /// The columns that it is made of.
        of: [String; 2],
        /// How.
        operation: Operation,
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
    /// Only some of the pairs of values of two columns are possible.
    Pairs {
        /// The columns.
        columns: [String; 2],
        /// Pairs that are ruled out.
        impossible: usize,
    },
}

/// A rule and the rows that show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The rule.
    pub rule: Rule,
    /// Rows in which it could have been broken: no cell of it is missing.
    pub support: usize,
}

/// Which kinds of rules are looked for and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self { decides: true, formulas: true, order: true, pairs: true }
    }
}

/// Rules between two columns that rows are checked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checks {
    pub(super) orders: Vec<Order>,
    pub(super) pairs: Vec<Pairs>,
}

/// One column is not above another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub(super) low: usize,
    pub(super) high: usize,
    pub(super) strict: bool,
    pub(super) support: usize,
}

/// Codes of two columns that are never together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pairs {
    pub(super) columns: [usize; 2],
    /// By code of the first: those of the second.
    pub(super) impossible: Vec<Vec<u8>>,
    pub(super) support: usize,
}

impl Checks {
    /// Finds rules that hold in all rows.
    pub(super) fn find(
        config: RuleConfig,
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
                    checks
                        .orders
                        .extend(order((*a, left), (*b, right)).or_else(|| order((*b, right), (*a, left))));
                }
            }
        }
        if config.pairs {
            let few = |j: &&usize| (2..=MOST_CODES).contains(&coders[**j].codes());
            let few: Vec<usize> = chosen.iter().filter(few).copied().collect();
            for (place, a) in few.iter().enumerate() {
                for b in &few[place + 1..] {
                    checks.pairs.extend(pairs((*a, &coders[*a], codes[*a]), (*b, &coders[*b], codes[*b])));
                }
            }
        }
        checks
    }

    pub(super) fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.pairs.is_empty()
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
        let mut codes: Vec<Option<Vec<u8>>> = vec![None; coders.len()];
        for pairs in &self.pairs {
            for j in pairs.columns {
                codes[j].get_or_insert_with(|| coders[j].classify(&made[j]));
            }
            let [Some(a), Some(b)] = pairs.columns.map(|j| codes[j].as_ref()) else { continue };
            let mut impossible = vec![false; 256 * 256];
            for (a, of) in pairs.impossible.iter().enumerate().take(256) {
                of.iter().for_each(|b| impossible[a * 256 + usize::from(*b)] = true);
            }
            for ((kept, a), b) in kept.iter_mut().zip(a).zip(b) {
                *kept &= !impossible[usize::from(*a) * 256 + usize::from(*b)];
            }
        }
        kept
    }

    /// What is wrong with rules that were read from a file, if anything.
    pub(super) fn problem(&self, n_columns: usize) -> Option<&'static str> {
        let order = |order: &Order| order.low < n_columns && order.high < n_columns;
        let pairs = |pairs: &Pairs| pairs.columns.iter().all(|j| *j < n_columns);
        let sound = self.orders.iter().all(order) && self.pairs.iter().all(pairs);
        (!sound).then_some("rules of columns that are not there")
    }
}

impl Order {
    fn broken(&self, low: f64, high: f64) -> bool {
        // Comparisons with missing cells break nothing.
        if self.strict { low >= high } else { low > high }
    }
}

/// Whether `low` is never above `high`, and would be if they were independent.
fn order((low, a): (usize, &[f64]), (high, b): (usize, &[f64])) -> Option<Order> {
    if a.iter().zip(b).any(|(a, b)| a > b) {
        return None;
    }
    let both: Vec<(f64, f64)> =
        a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan()).map(|(a, b)| (*a, *b)).collect();
    let support = both.len();
    // Each row's value against that of a row half the table away.
    let broken = (0..support).filter(|i| both[*i].0 > both[(i + support / 2) % support].1).count();
    let strict = both.iter().all(|(a, b)| a < b);
    (broken as f64 >= EXPECTED).then_some(Order { low, high, strict, support })
}

/// The pairs of codes that are not there though columns that are independent would have them.
fn pairs(
    (a, coder_a, of_a): (usize, &Coder, &[u8]),
    (b, coder_b, of_b): (usize, &Coder, &[u8]),
) -> Option<Pairs> {
    let (rows, columns) = (coder_a.codes(), coder_b.codes());
    let mut table = vec![0u32; rows * columns];
    for (a, b) in of_a.iter().zip(of_b) {
        table[usize::from(*a) * columns + usize::from(*b)] += 1;
    }
    let n = of_a.len() as f64;
    let mass_a: Vec<f64> = table.chunks(columns).map(|row| row.iter().map(|c| f64::from(*c)).sum()).collect();
    let mass_b: Vec<f64> =
        (0..columns).map(|b| table[b..].iter().step_by(columns).map(|c| f64::from(*c)).sum()).collect();
    let single = table.iter().filter(|count| **count == 1).count() as f64;
    let seen = table.iter().filter(|count| **count > 0).count();
    let absent: f64 = table
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0)
        .map(|(i, _)| mass_a[i / columns] * mass_b[i % columns] / n)
        .sum();
    // All pairs are known where hardly any is seen once (A. Turing's estimate of what is unseen).
    let all_known = single <= SINGLE * n && 2 * seen <= rows * columns && absent >= EXPECTED && n >= 500.0;
    let whole = |coder: &Coder, code: usize| coder.is_single(code);
    let is_impossible = |i: usize| {
        let (x, y) = (i / columns, i % columns);
        let expected = mass_a[x] * mass_b[y] / n;
        table[i] == 0
            && whole(coder_a, x)
            && whole(coder_b, y)
            && mass_a[x] > 0.0
            && mass_b[y] > 0.0
            && (all_known || expected >= EXPECTED_PAIR)
    };
    let impossible: Vec<Vec<u8>> = (0..rows)
        .map(|x| (0..columns).filter(|y| is_impossible(x * columns + y)).map(|y| y as u8).collect())
        .collect();
    let any = impossible.iter().any(|of| !of.is_empty());
    any.then_some(Pairs { columns: [a, b], impossible, support: of_a.len() })
}

impl Coder {
    /// Whether a code is one value.
    fn is_single(&self, code: usize) -> bool {
        match self {
            Self::Number(coder) => !matches!(coder.cells().get(code), Some(super::number::Cell::Range(_))),
            Self::Text(coder) => coder.sharing(code) == 1,
        }
    }
}

impl Chain {
    /// What held in every row that the chain was fitted on and holds in every row that it makes.
    pub fn rules(&self) -> Vec<Found> {
        let name = |j: usize| self.columns[j].name.clone();
        let mut found = Vec::new();
        for (j, decided) in self.plan.decided.iter().enumerate() {
            if let Some(decided) = decided {
                let rule = Rule::Decides { by: name(decided.by), column: name(j) };
                found.push(Found { rule, support: self.n_rows });
            }
        }
        for (j, formula) in self.plan.formulas.iter().enumerate() {
            if let Some(formula) = formula {
                let rule =
                    Rule::Formula { column: name(j), of: formula.of.map(name), operation: formula.operation };
                found.push(Found { rule, support: self.n_rows });
            }
        }
        for order in &self.checks.orders {
            let rule = Rule::Order { low: name(order.low), high: name(order.high), strict: order.strict };
            found.push(Found { rule, support: order.support });
        }
        for pairs in &self.checks.pairs {
            let impossible = pairs.impossible.iter().map(Vec::len).sum();
            let rule = Rule::Pairs { columns: pairs.columns.map(name), impossible };
            found.push(Found { rule, support: pairs.support });
        }
        found
    }
}
