//! Columns that are sums, differences, products or ratios of others, or so many times another.

use serde::{Deserialize, Serialize};

use super::coder::{Coder, Made};
use super::declared::{Declared, Wishes};
use super::factor::{self, Factor};
use super::solve::whole_weights;
use super::term::Terms;

/// Fewest rows that show a formula, and fewest different values of it and of each of two parts.
const LEAST_ROWS: usize = 50;
const LEAST_VALUES: usize = 5;

/// Most columns of numbers among which formulas are looked for.
const MOST_COLUMNS: usize = 120;

/// Most columns that others make, and that are tried as parts of a further sum.
const MOST_MADE: usize = 4;

/// Most columns among which products of two times a number are looked for.
const MOST_SCALED: usize = 40;

/// Rows by which formulas of more than two parts are looked for.
const SAMPLE: usize = 2000;

/// Where some rows may break a formula: rows of one of several samples by which it is looked for, in all and for each part.
const FEW_ROWS: usize = 60;
const FEW_ROWS_EACH: usize = 6;
const TRIES: usize = 8;

/// Rows that are looked at first then, and how many of them may break it.
const SCREEN: usize = 32;
const MANY: usize = 4;

/// Most rows that break it, against those that show it.
const FEW: f64 = 0.05;

/// How columns make another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Added, those that are inverse subtracted.
    Sum,
    /// Multiplied, and divided by those that are inverse.
    Product,
}

impl Operation {
    /// The sign before a part.
    pub fn sign(self, inverse: bool) -> char {
        match (self, inverse) {
            (Self::Sum, false) => '+',
            (Self::Sum, true) => '-',
            (Self::Product, false) => '*',
            (Self::Product, true) => '/',
        }
    }

    fn start(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Product => 1.0,
        }
    }

    fn join(self, whole: f64, value: f64, inverse: bool) -> f64 {
        match (self, inverse) {
            (Self::Sum, false) => whole + value,
            (Self::Sum, true) => whole - value,
            (Self::Product, false) => whole * value,
            (Self::Product, true) => whole / value,
        }
    }
}

/// A column that is part of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) column: usize,
    /// Whether it is subtracted, or divided by.
    pub(super) inverse: bool,
    /// Seconds that one of it is, in sums with moments.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(super) unit: u32,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(unit: &u32) -> bool {
    *unit == 1
}

/// Seconds of the units in which a number can say how far moments are apart: seconds, minutes, hours, days, weeks.
pub(super) const UNITS: [u32; 5] = [1, 60, 3600, 86_400, 604_800];

/// What a column of numbers is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub(super) struct Formula {
    /// The columns, all before this one in the table; the first is not inverse.
    pub(super) parts: Vec<Part>,
    pub(super) operation: Operation,
    /// Seconds that one of the column is, in sums with moments.
    #[serde(skip_serializing_if = "is_one")]
    pub(super) unit: u32,
    /// How parts are multiplied before they are added, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) terms: Option<Terms>,
    /// What a product is multiplied with besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) factor: Option<Factor>,
}

/// A formula in a file: as it is, or of two parts as it was written first.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Parts {
        parts: Vec<Part>,
        operation: Operation,
        #[serde(default = "one")]
        unit: u32,
        #[serde(default)]
        terms: Option<Terms>,
        #[serde(default)]
        factor: Option<Factor>,
    },
    Two {
        of: [usize; 2],
        operation: Two,
    },
}

/// How two columns made a third.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Two {
    Sum,
    Difference,
    Product,
    Ratio,
}

impl From<Written> for Formula {
    fn from(written: Written) -> Self {
        let (of, operation) = match written {
            Written::Parts { parts, operation, unit, terms, factor } => {
                return Self { parts, operation, unit, terms, factor };
            }
            Written::Two { of, operation } => (of, operation),
        };
        let (operation, inverse) = match operation {
            Two::Sum => (Operation::Sum, false),
            Two::Difference => (Operation::Sum, true),
            Two::Product => (Operation::Product, false),
            Two::Ratio => (Operation::Product, true),
        };
        Self::of_two(of, (operation, inverse))
    }
}

impl Formula {
    /// A column with or without another.
    fn of_two(of: [usize; 2], (operation, inverse): (Operation, bool)) -> Self {
        let part = |(column, inverse)| Part { column, inverse, unit: 1 };
        let parts = [(of[0], false), (of[1], inverse)].map(part).to_vec();
        Self { parts, operation, unit: 1, terms: None, factor: None }
    }

    /// The same where one of a column that is no moment is so many seconds, if it is a sum with moments.
    pub(super) fn in_units(mut self, column: usize, moments: &[bool], unit: u32) -> Self {
        let is_moment = |column: usize| moments.get(column).copied().unwrap_or(false);
        let of = |column: usize| if is_moment(column) { 1 } else { unit };
        let mixed = is_moment(column) || self.parts.iter().any(|part| is_moment(part.column));
        if mixed && self.operation == Operation::Sum && self.terms.is_none() {
            self.unit = of(column);
            self.parts.iter_mut().for_each(|part| part.unit = of(part.column));
        }
        self
    }

    /// What the cells of the parts make.
    pub(super) fn of(&self, cells: impl Iterator<Item = f64>) -> f64 {
        if let Some(terms) = &self.terms {
            return terms.value(&self.parts, &cells.collect::<Vec<f64>>());
        }
        let join = |whole, (value, part): (f64, &Part)| {
            self.operation.join(whole, value * f64::from(part.unit), part.inverse)
        };
        let whole = cells.zip(&self.parts).fold(self.operation.start(), join) / f64::from(self.unit);
        self.factor.map_or(whole, |factor| self.operation.join(whole, factor.value, factor.inverse))
    }

    /// What part `which` must be for the whole to be `value` with the cells of the others (that of the part itself is not
    /// looked at); not finite where nothing is.
    pub(super) fn solve(&self, which: usize, value: f64, cells: impl Iterator<Item = f64>) -> f64 {
        if let Some(terms) = &self.terms {
            return terms.solve(&self.parts, which, value, &cells.collect::<Vec<f64>>());
        }
        let others = cells.zip(&self.parts).enumerate().filter(|(i, _)| *i != which);
        let rest = others.fold(self.operation.start(), |whole, (_, (value, part))| {
            self.operation.join(whole, value * f64::from(part.unit), part.inverse)
        });
        let value = value * f64::from(self.unit) / self.factor.map_or(1.0, Factor::number);
        let Some(part) = self.parts.get(which) else { return f64::NAN };
        let found = match part.inverse {
            true => self.operation.join(rest, value, true),
            false => self.operation.join(value, rest, true),
        };
        found / f64::from(part.unit)
    }

    /// The cells of the parts, by column of all.
    pub(super) fn cells<'a>(&self, made: &'a [Made]) -> Option<Vec<&'a [f64]>> {
        let numbers = |part: &Part| match made.get(part.column)? {
            Made::Number(values) => Some(values.as_slice()),
            Made::Symbol(_) => None,
        };
        self.parts.iter().map(numbers).collect()
    }

    /// The column, as far as all parts have rows; NaN where one of them is missing, or where there is no value.
    pub(super) fn values(&self, coder: &Coder, parts: &[&[f64]], n: usize) -> Made {
        let value = |row: usize| match (coder, self.of(parts.iter().map(|cells| cells[row]))) {
            (Coder::Number(coder), value) if value.is_finite() => coder.round(value),
            _ => f64::NAN,
        };
        Made::Number((0..n).map(value).collect())
    }

    /// Whether a cell is what the formula says, within rounding.
    pub(super) fn holds(&self, coder: &Coder, value: f64, cells: impl Iterator<Item = f64> + Clone) -> bool {
        let made = self.of(cells.clone());
        if value.is_nan() || !made.is_finite() {
            return value.is_nan() && !made.is_finite();
        }
        let spacing = match coder {
            Coder::Number(coder) => coder.spacing(),
            Coder::Text(_) => 0.0,
        };
        // What rounding leaves of a sum grows with its parts, of a product with itself alone.
        let size: f64 = match (self.operation, &self.terms) {
            (_, Some(terms)) => terms.size(&self.parts, &cells.collect::<Vec<f64>>()),
            (Operation::Sum, None) => {
                let size = |(cell, part): (f64, &Part)| cell.abs() * f64::from(part.unit);
                cells.zip(&self.parts).map(size).sum::<f64>() / f64::from(self.unit)
            }
            (Operation::Product, None) => 0.0,
        };
        (value - made).abs() <= spacing * 0.5 + 1e-12 * (size + made.abs())
    }

    /// The same with its parts in the order of the table where that changes nothing.
    pub(super) fn sorted(mut self) -> Self {
        if self.terms.is_some() {
            return self;
        }
        self.parts.sort_unstable_by_key(|part| (part.inverse, part.column));
        self
    }

    /// Whether a part only rises, or only falls, with the whole where that is from `low` on.
    pub(super) fn moves_one_way(&self, which: usize, low: f64) -> bool {
        match &self.terms {
            Some(terms) => terms.moves_one_way(&self.parts, which),
            None => self.operation == Operation::Sum || low > 0.0,
        }
    }

    /// Whether its parts are all there.
    pub(super) fn is_whole(&self) -> bool {
        let sound = |factor: &Factor| factor.value.is_finite() && factor.value != 0.0 && self.terms.is_none();
        !self.parts.is_empty()
            && self.factor.as_ref().is_none_or(sound)
            && self.terms.as_ref().is_none_or(|terms| terms.are_whole(self.parts.len()))
    }

    /// The formulas that hold in every row but a share, by column; each makes a column of those before it.
    pub(super) fn find(
        (coders, slack): (&[Coder], f64),
        columns: &[Made],
        taken: &[bool],
        wishes: &Wishes,
    ) -> Vec<Option<Self>> {
        let mut found: Vec<Option<Self>> = vec![None; columns.len()];
        let numbers: Vec<(usize, &[f64])> = columns
            .iter()
            .enumerate()
            .filter_map(|(j, made)| match made {
                Made::Number(values) if !taken[j] && varied(values, 2) => Some((j, values.as_slice())),
                _ => None,
            })
            .collect();
        let many: Vec<bool> = numbers.iter().map(|(_, values)| varied(values, LEAST_VALUES)).collect();
        if numbers.len() > MOST_COLUMNS {
            return found;
        }
        for (place, (j, values)) in numbers.iter().enumerate() {
            let present = values.iter().filter(|v| !v.is_nan()).count();
            if present < LEAST_ROWS || !many[place] {
                continue;
            }
            let before = &numbers[..place];
            let most = (slack * values.len() as f64) as usize;
            let search = Search { column: *j, coder: &coders[*j], values, wishes, most };
            let rich = || before.iter().zip(&many).filter(|(_, many)| **many).map(|(of, _)| of);
            let pairs = rich().flat_map(|a| rich().map(move |b| (a, b)));
            let mut two = pairs.filter(|(a, b)| a.0 != b.0);
            // Of numbers that another may be multiplied with, the shortest says most; the same says all.
            let mut times: Vec<Self> = rich().filter_map(|of| search.times(&[(*of, false)])).collect();
            times.sort_by_key(|formula| formula.factor.map_or(0, Factor::digits));
            let times = times.into_iter().next();
            let (same, times) = match times {
                Some(formula) if formula.factor.is_none() => (Some(formula), None),
                other => (None, other),
            };
            let two = same.or_else(|| two.find_map(|(a, b)| search.of_pair(*a, *b)));
            // What others make says nothing that they do not.
            let (own, made): (Vec<(usize, &[f64])>, Vec<(usize, &[f64])>) =
                before.iter().copied().partition(|(i, _)| found[*i].is_none());
            let scaled = || {
                let all = before.iter().copied().zip(&many).map(|(of, many)| (of, *many));
                let few: Vec<_> = all.filter(|(of, _)| found[of.0].is_none()).collect();
                (few.len() <= MOST_SCALED).then(|| search.of_scaled(&few)).flatten()
            };
            let rest = || search.beside(&made, &own);
            found[*j] = two.or(times).or_else(|| search.of_many(&own)).or_else(rest).or_else(scaled);
        }
        found
    }
}

/// Looking for what makes a column.
#[derive(Clone, Copy)]
struct Search<'a> {
    column: usize,
    coder: &'a Coder,
    values: &'a [f64],
    wishes: &'a Wishes,
    /// Rows that may break what is found.
    most: usize,
}

impl Search<'_> {
    /// The formula by which the column is made of two others, if there is one.
    fn of_pair(&self, a: (usize, &[f64]), b: (usize, &[f64])) -> Option<Formula> {
        let operations = [
            (Operation::Sum, false),
            (Operation::Sum, true),
            (Operation::Product, false),
            (Operation::Product, true),
        ];
        operations.into_iter().filter(|(_, inverse)| *inverse || a.0 < b.0).find_map(
            |(operation, inverse)| {
                let formula = Formula::of_two([a.0, b.0], (operation, inverse));
                let moments = &self.wishes.moments;
                let is_moment = |column: &usize| moments.get(*column).copied().unwrap_or(false);
                let n_moments = [self.column, a.0, b.0].iter().filter(|column| is_moment(column)).count();
                match (operation, n_moments) {
                    // Two moments and how far they are apart.
                    (Operation::Sum, 2) => UNITS.iter().find_map(|unit| {
                        let formula = formula.clone().in_units(self.column, moments, *unit);
                        self.shows(&formula, &[a.1, b.1]).then_some(formula)
                    }),
                    // Sums of moments, and products with them, mean nothing.
                    (_, 1..) => None,
                    _ => self.shows(&formula, &[a.1, b.1]).then_some(formula),
                }
            },
        )
    }

    /// The same of three or more. Where rows may break it, few rows are asked several times: in one of them all may keep it.
    fn of_many(&self, others: &[(usize, &[f64])]) -> Option<Formula> {
        if self.most == 0 {
            return self.of_sample(others, (SAMPLE, 0));
        }
        let few = FEW_ROWS.max(FEW_ROWS_EACH * others.len());
        (0..TRIES).find_map(|offset| self.of_sample(others, (few, offset)))
    }

    /// The sum of others and of columns that others make, each added or subtracted: a tax in proportion to the price, and a fee.
    fn beside(&self, made: &[(usize, &[f64])], own: &[(usize, &[f64])]) -> Option<Formula> {
        let made = &made[..made.len().min(MOST_MADE)];
        let moments = &self.wishes.moments;
        let is_moment = |column: usize| moments.get(column).copied().unwrap_or(false);
        if is_moment(self.column) || made.iter().any(|(column, _)| is_moment(*column)) {
            return None;
        }
        let ways = 3usize.pow(made.len() as u32);
        (1..ways).find_map(|way| {
            let signs: Vec<f64> =
                (0..made.len()).map(|i| [0.0, 1.0, -1.0][way / 3usize.pow(i as u32) % 3]).collect();
            let less = |row: usize| -> f64 {
                made.iter()
                    .zip(&signs)
                    .filter(|(_, sign)| **sign != 0.0)
                    .map(|((_, cells), sign)| sign * cells[row])
                    .sum()
            };
            let rest: Vec<f64> =
                self.values.iter().enumerate().map(|(row, value)| value - less(row)).collect();
            let search = Search { values: &rest, ..*self };
            let formula = search.signed(own)?;
            let parts = made.iter().zip(&signs).filter(|(_, sign)| **sign != 0.0);
            let parts =
                parts.map(|((column, _), sign)| Part { column: *column, inverse: *sign < 0.0, unit: 1 });
            let formula = Formula {
                parts: formula.into_iter().chain(parts).collect(),
                ..Formula::of_two([0, 0], (Operation::Sum, false))
            };
            let formula = formula.sorted();
            let all: Vec<&(usize, &[f64])> = made.iter().chain(own).collect();
            let cells: Option<Vec<&[f64]>> = formula
                .parts
                .iter()
                .map(|part| all.iter().find(|(column, _)| *column == part.column).map(|(_, cells)| *cells))
                .collect();
            (!formula.parts[0].inverse && self.shows(&formula, &cells?)).then_some(formula)
        })
    }

    /// The parts by which the values are a sum of others.
    fn signed(&self, others: &[(usize, &[f64])]) -> Option<Vec<Part>> {
        let plain: fn(f64) -> f64 = |v| v;
        let few = FEW_ROWS.max(FEW_ROWS_EACH * others.len());
        let tries = if self.most == 0 { 1 } else { TRIES };
        let (used, weights) = (0..tries).find_map(|offset| {
            let sample = if self.most == 0 { (SAMPLE, 0) } else { (few, offset) };
            whole_weights(self.values, others, plain, sample)
        })?;
        let parts = used.iter().zip(weights).filter(|(_, weight)| *weight != 0);
        let parts = parts.map(|(i, weight)| Part { column: others[*i].0, inverse: weight < 0, unit: 1 });
        Some(parts.collect()).filter(|parts: &Vec<Part>| !parts.is_empty())
    }

    /// The same by a sample of rows: how many, and the first.
    fn of_sample(&self, others: &[(usize, &[f64])], sample: (usize, usize)) -> Option<Formula> {
        let plain: fn(f64) -> f64 = |v| v;
        // Products are sums of logarithms.
        let log: fn(f64) -> f64 = |v| if v > 0.0 { v.ln() } else { f64::NAN };
        [(Operation::Sum, plain), (Operation::Product, log)].into_iter().find_map(|(operation, map)| {
            let (used, weights) = whole_weights(self.values, others, map, sample)?;
            let mut parts: Vec<(Part, &[f64])> = used
                .iter()
                .zip(weights)
                .filter(|(_, weight)| *weight != 0)
                .map(|(i, weight)| {
                    (Part { column: others[*i].0, inverse: weight < 0, unit: 1 }, others[*i].1)
                })
                .collect();
            parts.sort_by_key(|(part, _)| (part.inverse, part.column));
            let cells: Vec<&[f64]> = parts.iter().map(|(_, cells)| *cells).collect();
            let formula = Formula {
                parts: parts.into_iter().map(|(part, _)| part).collect(),
                operation,
                unit: 1,
                terms: None,
                factor: None,
            };
            let is_made = formula.parts.len() > 1 && !formula.parts[0].inverse;
            (is_made && self.shows(&formula, &cells)).then_some(formula)
        })
    }

    /// The formula by which the column is so many times the product of two others, if there is one.
    fn of_scaled(&self, others: &[((usize, &[f64]), bool)]) -> Option<Formula> {
        // A rate has few values; what it is a rate of has many.
        let pairs = others.iter().flat_map(|a| others.iter().map(move |b| (*a, *b)));
        let pairs = pairs.filter(|(a, b)| a.0.0 != b.0.0 && (a.1 || b.1)).map(|(a, b)| (a.0, b.0));
        let both = pairs.flat_map(|pair| [(pair, false), (pair, true)]);
        let once = both.filter(|((a, b), inverse)| *inverse || a.0 < b.0);
        once.into_iter().find_map(|((a, b), inverse)| self.times(&[(a, false), (b, inverse)]))
    }

    /// The formula by which the column is so many times a product, if there is one: of columns, and whether each is divided by.
    fn times(&self, of: &[((usize, &[f64]), bool)]) -> Option<Formula> {
        let moments = &self.wishes.moments;
        let is_moment = |column: usize| moments.get(column).copied().unwrap_or(false);
        if is_moment(self.column) || of.iter().any(|((column, _), _)| is_moment(*column)) {
            return None;
        }
        let product = |row: usize| {
            of.iter().fold(1.0, |whole, ((_, cells), inverse)| {
                Operation::Product.join(whole, cells[row], *inverse)
            })
        };
        let spacing = match self.coder {
            Coder::Number(coder) => coder.spacing(),
            Coder::Text(_) => return None,
        };
        let factor = factor::find(self.values, product, spacing, self.most)?;
        let part = |((column, _), inverse): &((usize, &[f64]), bool)| Part {
            column: *column,
            inverse: *inverse,
            unit: 1,
        };
        let parts = of.iter().map(part).collect();
        let factor = (factor.value != 1.0).then_some(factor);
        let formula = Formula { parts, operation: Operation::Product, unit: 1, terms: None, factor };
        let cells: Vec<&[f64]> = of.iter().map(|((_, cells), _)| *cells).collect();
        self.shows(&formula, &cells).then_some(formula)
    }

    /// Whether a formula holds in every row, and enough of them show it.
    fn shows(&self, formula: &Formula, cells: &[&[f64]]) -> bool {
        let of = |row: usize| cells.iter().map(move |cells| cells[row]);
        // No part alone says as much.
        let is_alone = cells.len() == 1;
        let apart = |row: &usize| {
            let value = self.values[*row];
            value != 0.0 && !value.is_nan() && (is_alone || of(*row).all(|cell| cell != value))
        };
        let n = self.values.len();
        // Where rows may break it, a missing cell says nothing; where it must hold in all, what is missing follows, too.
        let says =
            |row: &usize| self.most == 0 || !self.values[*row].is_nan() && formula.of(of(*row)).is_finite();
        let breaks = |row: &usize| says(row) && !formula.holds(self.coder, self.values[*row], of(*row));
        // Most formulas hold nowhere, and a few rows tell.
        let few = (0..n).step_by(n.div_ceil(SCREEN).max(1));
        let screened = self.most == 0 || few.filter(breaks).take(MANY + 1).count() <= MANY;
        let mut broken = if screened { 0 } else { self.most + 1 };
        let mut shown = 0;
        for row in 0..n {
            if broken > self.most {
                return false;
            }
            match breaks(&row) {
                true => broken += 1,
                false => shown += usize::from(says(&row) && apart(&row)),
            }
        }
        broken <= self.most
            && shown >= LEAST_ROWS
            && broken as f64 <= FEW * shown as f64
            && !self.wishes.is_off(&Declared::Formula { column: self.column, formula: formula.clone() })
    }
}

fn varied(values: &[f64], least: usize) -> bool {
    let mut seen: Vec<f64> = Vec::new();
    values.iter().filter(|v| !v.is_nan()).any(|v| {
        if !seen.contains(v) {
            seen.push(*v);
        }
        seen.len() >= least
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_of_earlier_files_are_read() {
        let read: Formula = serde_json::from_str(r#"{"of":[0,2],"operation":"difference"}"#).unwrap();
        assert_eq!(read, Formula::of_two([0, 2], (Operation::Sum, true)));
        let again: Formula = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }
}
