//! Columns that are sums, differences, products or ratios of others, or so many times another.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::calendar::{
    DAY, STEPS_OF_MONTH, STEPS_OF_YEAR, day_of, span_of_steps, span_of_year, step_of, year_of,
};
use super::coder::{Coder, Made};
use super::factor::Factor;
use super::rate::Rates;
use super::term::Terms;

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

    pub(super) fn join(self, whole: f64, value: f64, inverse: bool) -> f64 {
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
    /// The columns, all before this one in the table; the first is not inverse, unless it is subtracted from a number.
    pub(super) parts: Vec<Part>,
    pub(super) operation: Operation,
    /// Seconds that one of the column is, in sums with moments.
    #[serde(skip_serializing_if = "is_one")]
    pub(super) unit: u32,
    /// How parts are multiplied before they are added, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) terms: Option<Terms>,
    /// What a product is multiplied with besides, or what is added to a sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) factor: Option<Factor>,
    /// Numbers that stand in place of one of the parts of a product, which holds categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rates: Option<Rates>,
    /// What counts of moments in a sum, where they do not count whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) counted: Option<Counted>,
}

/// What counts of moments in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Counted {
    /// The year of one part: an age is the year of a visit less that of the birth.
    Year(usize),
    /// The days of both parts: a stay is as many days as there are midnights in it.
    Days,
    /// How many units have passed from one part to the other, rounded down.
    Passed,
    /// How many full years, as an age is counted.
    Years,
    /// How many full months.
    Months,
}

impl Counted {
    /// Those that stand in rules before both dates, with what stands there.
    pub(super) const NAMED: [(&str, Self); 3] =
        [("date of ", Self::Days), ("full years to ", Self::Years), ("full months to ", Self::Months)];

    /// What stands in rules before both dates.
    pub(super) fn name(self) -> Option<&'static str> {
        Self::NAMED.iter().find(|(_, counted)| *counted == self).map(|(name, _)| *name)
    }

    /// Steps that are one of the column, of full years and months.
    fn steps(self) -> Option<f64> {
        match self {
            Self::Year(_) | Self::Days | Self::Passed => None,
            Self::Years => Some(STEPS_OF_YEAR),
            Self::Months => Some(STEPS_OF_MONTH),
        }
    }

    /// Whether what is left of one is cut off.
    fn is_rounded_down(self) -> bool {
        self == Self::Passed || self.steps().is_some()
    }
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
        #[serde(default)]
        rates: Option<Rates>,
        #[serde(default)]
        counted: Option<Counted>,
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
            Written::Parts { parts, operation, unit, terms, factor, rates, counted } => {
                return Self { parts, operation, unit, terms, factor, rates, counted };
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
    pub(super) fn of_two(of: [usize; 2], (operation, inverse): (Operation, bool)) -> Self {
        let part = |(column, inverse)| Part { column, inverse, unit: 1 };
        let parts = [(of[0], false), (of[1], inverse)].map(part).to_vec();
        Self { parts, operation, unit: 1, terms: None, factor: None, rates: None, counted: None }
    }

    /// The same where one of a column that is no moment is so many seconds, if it is a sum with moments.
    pub(super) fn in_units(mut self, column: usize, moments: &[bool], unit: u32) -> Self {
        let is_moment = |column: usize| moments.get(column).copied().unwrap_or(false);
        let of = |column: usize| if is_moment(column) { 1 } else { unit };
        let mixed = is_moment(column) || self.parts.iter().any(|part| is_moment(part.column));
        if mixed && self.has_units() && self.operation == Operation::Sum && self.terms.is_none() {
            self.unit = of(column);
            self.parts.iter_mut().for_each(|part| part.unit = of(part.column));
        }
        self
    }

    /// Whether its numbers count seconds, days or another unit between moments.
    fn has_units(&self) -> bool {
        matches!(self.counted, None | Some(Counted::Passed))
    }

    /// The ways in which the distance of two moments counts: in each unit, then what has passed of units, then days, full years
    /// and months.
    pub(super) fn distances(&self, column: usize, moments: &[bool]) -> Vec<Self> {
        let is_moment = |column: &usize| moments.get(*column) == Some(&true);
        let exact = UNITS.map(|unit| self.clone().in_units(column, moments, unit));
        let are_moments = self.parts.len() == 2
            && self.parts.iter().all(|part| is_moment(&part.column) && part.column < column)
            && self.counted.is_none();
        let passed = || {
            let passed = Self { counted: Some(Counted::Passed), ..self.clone() };
            let coarse = UNITS[1..].iter().map(|unit| passed.clone().in_units(column, moments, *unit));
            let named =
                Counted::NAMED.iter().map(|(_, counted)| Self { counted: Some(*counted), ..self.clone() });
            coarse.chain(named).collect::<Vec<_>>()
        };
        exact.into_iter().chain(if are_moments { passed() } else { Vec::new() }).collect()
    }

    /// What the cells of the parts make.
    pub(super) fn of(&self, cells: impl Iterator<Item = f64>) -> f64 {
        if let Some(terms) = &self.terms {
            return terms.value(&self.parts, &cells.collect::<Vec<f64>>());
        }
        let join = |whole, (value, part): (f64, &Part)| {
            self.operation.join(whole, value * f64::from(part.unit), part.inverse)
        };
        let whole = cells.zip(&self.parts).fold(self.operation.start(), join) / self.each();
        let whole = if self.counted.is_some_and(Counted::is_rounded_down) { whole.floor() } else { whole };
        self.factor.map_or(whole, |factor| self.operation.join(whole, factor.value, factor.inverse))
    }

    /// How much of what counts of the parts one of the column is.
    fn each(&self) -> f64 {
        self.counted.and_then(Counted::steps).unwrap_or(f64::from(self.unit))
    }

    /// What part `which` must be for the whole to be `value` with the cells of the others (that of the part itself is not
    /// looked at); not finite where nothing is. Of a part of which the year or the day counts, that.
    pub(super) fn solve(&self, which: usize, value: f64, cells: impl Iterator<Item = f64>) -> f64 {
        if let Some(terms) = &self.terms {
            return terms.solve(&self.parts, which, value, &cells.collect::<Vec<f64>>());
        }
        let others = cells.zip(&self.parts).enumerate().filter(|(i, _)| *i != which);
        let rest = others.fold(self.operation.start(), |whole, (_, (value, part))| {
            self.operation.join(whole, value * f64::from(part.unit), part.inverse)
        });
        let value =
            self.factor.map_or(value, |factor| self.operation.join(value, factor.value, !factor.inverse));
        let value = value * self.each();
        let Some(part) = self.parts.get(which) else { return f64::NAN };
        let found = match part.inverse {
            true => self.operation.join(rest, value, true),
            false => self.operation.join(value, rest, true),
        };
        found / f64::from(part.unit)
    }

    /// Whether a part does not follow from the others: a year is no date, nor is what has passed of a day a time.
    pub(super) fn is_loose(&self, column: usize) -> bool {
        match self.counted {
            None => false,
            Some(Counted::Year(of)) => of == column,
            Some(Counted::Days | Counted::Passed | Counted::Years | Counted::Months) => {
                self.parts.iter().any(|part| part.column == column)
            }
        }
    }

    /// The least and the most that part `which` may be for the whole to be from `low` to `high` with the cells of the others;
    /// `None` where nothing is, or where it is not known.
    pub(super) fn span(
        &self,
        which: usize,
        (low, high): (f64, f64),
        cells: &(impl Iterator<Item = f64> + Clone),
    ) -> Option<(f64, f64)> {
        let is_loose = self.is_loose(self.parts.get(which)?.column);
        let mut ends = [low, high].map(|value| self.solve(which, value, cells.clone()));
        ends.sort_unstable_by(f64::total_cmp);
        let ends = match self.counted.filter(|_| is_loose) {
            None => Some((ends[0], ends[1])),
            Some(Counted::Year(_)) => {
                let [first, last] = [ends[0].ceil(), ends[1].floor()].map(span_of_year);
                Some((first?.0, last?.1))
            }
            Some(Counted::Days) => Some((ends[0].ceil() * DAY, (ends[1].floor() + 1.0) * DAY - 1.0)),
            Some(counted @ (Counted::Passed | Counted::Years | Counted::Months)) => {
                // Whole units from `low` on, and less than one more than `high`.
                let more = self.each() - 1.0;
                let (low, high) = match self.parts.get(which)?.inverse {
                    true => (ends[0] - more, ends[1]),
                    false => (ends[0], ends[1] + more),
                };
                if counted == Counted::Passed { Some((low, high)) } else { span_of_steps(low, high) }
            }
        };
        let is_known = is_loose || self.moves_one_way(which, low);
        ends.filter(|(low, high)| is_known && low.is_finite() && high.is_finite())
    }

    /// The cells of a part in some rows: its numbers, their years or the rates of its categories.
    pub(super) fn part<'a>(&self, part: &Part, made: &'a Made, rows: Range<usize>) -> Option<Cow<'a, [f64]>> {
        match (made, self.rates.as_ref().filter(|rates| rates.of == part.column)) {
            (Made::Number(values), None) => {
                values.get(rows).map(|values| self.counted(part.column, values.into()))
            }
            (Made::Symbol(symbols), Some(rates)) => symbols.get(rows).map(|of| rates.cells(of).into()),
            _ => None,
        }
    }

    /// What counts of the numbers of a column: they themselves, or the years or days of moments.
    pub(super) fn counted<'a>(&self, column: usize, numbers: Cow<'a, [f64]>) -> Cow<'a, [f64]> {
        match self.counted {
            Some(Counted::Year(of)) if of == column => {
                numbers.iter().map(|moment| year_of(*moment)).collect()
            }
            Some(Counted::Days) => numbers.iter().map(|moment| day_of(*moment)).collect(),
            Some(Counted::Years | Counted::Months) => numbers.iter().map(|moment| step_of(*moment)).collect(),
            _ => numbers,
        }
    }

    /// The cells of the parts, by column of all.
    pub(super) fn cells<'a>(&self, made: &'a [Made]) -> Option<Vec<Cow<'a, [f64]>>> {
        let of = |part: &Part| made.get(part.column).and_then(|made| self.part(part, made, 0..made.len()));
        self.parts.iter().map(of).collect()
    }

    /// The column, as far as all parts have rows; NaN where one of them is missing, or where there is no value.
    pub(super) fn values(&self, coder: &Coder, parts: &[Cow<'_, [f64]>], n: usize) -> Made {
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
                cells.zip(&self.parts).map(size).sum::<f64>() / self.each()
            }
            (Operation::Product, None) => 0.0,
        };
        (value - made).abs() <= spacing * 0.5 + 1e-12 * (size + made.abs())
    }

    /// Whether some parts are taken from others, which leaves less than nothing where they are drawn too large.
    pub(super) fn is_difference(&self) -> bool {
        let has = |inverse: bool| self.parts.iter().any(|part| part.inverse == inverse);
        self.operation == Operation::Sum && self.terms.is_none() && has(true) && has(false)
    }

    /// Whether a number is added to the parts.
    pub(super) fn has_constant(&self) -> bool {
        self.operation == Operation::Sum && self.factor.is_some()
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
        let has = |rates: &Rates| self.parts.iter().any(|part| part.column == rates.of);
        let rated = |rates: &Rates| {
            rates.are_whole() && has(rates) && self.operation == Operation::Product && self.terms.is_none()
        };
        let is_sum = self.operation == Operation::Sum && self.terms.is_none();
        let dated = |counted: Counted| {
            is_sum
                && match counted {
                    Counted::Year(of) => self.parts.iter().any(|part| part.column == of),
                    _ => self.parts.len() == 2,
                }
        };
        !self.parts.is_empty()
            && self.counted.is_none_or(dated)
            && self.rates.as_ref().is_none_or(rated)
            && self.factor.as_ref().is_none_or(sound)
            && self.terms.as_ref().is_none_or(|terms| terms.are_whole(self.parts.len()))
    }
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
