//! Rules of the user's own about the columns of a table: those that must hold, and found ones that need not.

use std::sync::atomic::{AtomicBool, Ordering};

use super::calendar::Unit;
use super::coder::Coder;
use super::factor::Factor;
use super::formula::{Counted, Formula, Operation, Part};
use super::rate::Rates;
use super::rule::{RATE_OF, RuleConfig, YEAR_OF};
use super::search::LARGEST_WEIGHT;
use super::term::{self, Term, Terms};
use super::written::{FORMS, Written};
use crate::data::{Cells, ColumnSchema, Kind, Table};
use crate::error::ModelError;

/// A rule; columns by their places.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Declared {
    Order {
        low: usize,
        high: usize,
        strict: bool,
    },
    Formula {
        column: usize,
        formula: Formula,
    },
    /// By a part of its moments, where one is said.
    Decides {
        by: usize,
        column: usize,
        unit: Option<Unit>,
    },
    Range {
        column: usize,
        from: f64,
        to: f64,
    },
    With([usize; 2]),
}

/// The rules that must hold, and found ones that need not.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) hold: Vec<Declared>,
    off: Vec<Declared>,
    /// Which of those were found.
    met: Vec<AtomicBool>,
    /// Which columns are moments.
    pub(super) moments: Vec<bool>,
}

impl RuleConfig {
    /// The first rule that cannot be read, with where it stands.
    pub(super) fn unreadable(&self) -> Option<(&'static str, &str)> {
        let lists = [("hold", &self.hold), ("off", &self.off)];
        let mut all = lists.iter().flat_map(|(list, rules)| rules.iter().map(|rule| (*list, rule.as_str())));
        all.find(|(_, rule)| Written::parse_of(rule, |_| true).is_none())
    }
}

impl RuleConfig {
    /// The columns that a rule names, of those that are known; none of one that cannot be read.
    pub(super) fn names(rule: &str, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        Written::parse_of(rule, &is_known).map_or_else(Vec::new, |written| written.names(is_known))
    }
}

/// The columns that rules are about.
pub(super) struct Reader<'a> {
    pub(super) columns: &'a [ColumnSchema],
    pub(super) coders: &'a [Coder],
}

impl Wishes {
    /// Reads rules and checks those that must hold against every row of the table.
    pub(super) fn read(
        config: &RuleConfig,
        columns: &[ColumnSchema],
        coders: &[Coder],
        table: &Table,
    ) -> Result<Self, ModelError> {
        let reader = Reader { columns, coders };
        let all = |rules: &[String]| -> Result<Vec<Declared>, ModelError> {
            rules.iter().map(|rule| reader.declared(rule)).collect()
        };
        let moments: Vec<bool> =
            columns.iter().map(|column| matches!(column.kind, Kind::DateTime { .. })).collect();
        let mut hold = all(&config.hold)?;
        for (rule, text) in hold.iter_mut().zip(&config.hold) {
            if let Declared::Formula { column, formula } = rule {
                if formula.rates.is_some() {
                    formula.rates = Some(reader.rates(*column, formula, text, table)?);
                }
                // A number beside moments counts seconds, days or another unit: that in which the rule holds.
                let units = formula.distances(*column, &moments);
                let holds = |formula: &&Formula| {
                    let rule = Declared::Formula { column: *column, formula: (*formula).clone() };
                    reader.check(&rule, text, table).is_ok()
                };
                if let Some(found) = units.iter().find(holds) {
                    *formula = found.clone();
                }
            }
            reader.check(rule, text, table)?;
        }
        let off = all(&config.off)?;
        Ok(Self { hold, met: off.iter().map(|_| AtomicBool::new(false)).collect(), off, moments })
    }

    /// Whether a column holds moments.
    pub(super) fn is_moment(&self, j: usize) -> bool {
        self.moments.get(j) == Some(&true)
    }

    /// Whether a rule that was found need not hold.
    pub(super) fn is_off(&self, rule: &Declared) -> bool {
        let same = self.off.iter().position(|off| off.is_same(rule));
        if let Some(met) = same.and_then(|at| self.met.get(at)) {
            met.store(true, Ordering::Relaxed);
        }
        same.is_some()
    }

    /// The rules of a configuration that need not hold and that were not found either.
    pub(super) fn idle(&self, config: &RuleConfig) -> Vec<String> {
        let idle = config.off.iter().zip(&self.met).filter(|(_, met)| !met.load(Ordering::Relaxed));
        idle.map(|(rule, _)| rule.clone()).collect()
    }

    /// Whether a column is part of a formula that must hold.
    pub(super) fn is_in_formula(&self, j: usize) -> bool {
        self.hold.iter().any(
            |rule| matches!(rule, Declared::Formula { column, formula } if *column == j || formula.parts.iter().any(|part| part.column == j)),
        )
    }

    /// The columns that are said to decide a column.
    pub(super) fn deciding(&self, j: usize) -> Option<(usize, Option<Unit>)> {
        self.hold.iter().find_map(|rule| match rule {
            Declared::Decides { by, column, unit } if *column == j => Some((*by, *unit)),
            _ => None,
        })
    }

    /// The formulas that must hold, each of the column that comes last among its columns: `x = y + z` also says `z = x - y`.
    pub(super) fn formulas(&self) -> Vec<(usize, Formula)> {
        let turned = |rule: &Declared| match rule {
            Declared::Formula { column, formula } => Some(turned(*column, formula)),
            _ => None,
        };
        self.hold.iter().filter_map(turned).collect()
    }
}

fn turned(column: usize, formula: &Formula) -> (usize, Formula) {
    let Some(last) = formula.parts.iter().copied().max_by_key(|part| part.column) else {
        return (column, formula.clone());
    };
    // Which category it was does not follow from a number, nor which day from a year.
    if last.column < column || formula.rates.is_some() || formula.is_loose(last.column) {
        return (column, formula.clone().sorted());
    }
    if let Some(terms) = &formula.terms {
        let which = formula.parts.iter().position(|part| *part == last);
        let turned = which.and_then(|which| term::turned(column, formula, terms, which));
        return turned.map_or_else(|| (column, formula.clone()), |formula| (last.column, formula));
    }
    turned_for(column, formula, last)
}

/// The formula of a sum or product of columns turned to that of one of its parts.
pub(super) fn turned_for(column: usize, formula: &Formula, last: Part) -> (usize, Formula) {
    let operation = formula.operation;
    // What is on the other side has the other sign; the whole has the sign of the part.
    let mut parts = vec![Part { column, inverse: last.inverse, unit: formula.unit }];
    let others = formula.parts.iter().filter(|part| **part != last);
    parts.extend(others.map(|part| Part { inverse: part.inverse == last.inverse, ..*part }));
    let factor = if last.inverse { formula.factor } else { formula.factor.map(Factor::turned) };
    let formula =
        Formula { parts, factor, counted: formula.counted, ..Formula::of_two([0, 0], (operation, false)) };
    (last.column, Formula { unit: last.unit, ..formula }.sorted())
}

impl Declared {
    /// Whether two rules are about the same, whatever the order of sums and whether or not equals are allowed.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Order { low, high, .. }, Self::Order { low: l, high: h, .. }) => (low, high) == (l, h),
            (Self::Formula { column, formula }, Self::Formula { column: c, formula: f }) => {
                // Whatever the unit, and however what is between two moments counts.
                let plain = |column: usize, formula: &Formula| {
                    let counted = formula.counted.filter(|counted| matches!(counted, Counted::Year(_)));
                    let (last, mut formula) = turned(column, &Formula { counted, ..formula.clone() });
                    formula.unit = 1;
                    formula.rates = formula.rates.map(|rates| Rates::unknown(rates.of));
                    formula.parts.iter_mut().for_each(|part| part.unit = 1);
                    (last, formula)
                };
                plain(*column, formula) == plain(*c, f)
            }
            (Self::With([a, b]), Self::With([c, d])) => (a, b) == (c, d) || (a, b) == (d, c),
            (one, two) => one == two,
        }
    }
}

impl Reader<'_> {
    fn place(&self, name: &str) -> Result<usize, ModelError> {
        self.columns.iter().position(|column| column.name == name).ok_or_else(|| ModelError::UnknownColumn {
            column: name.to_string(),
            known: self.columns.iter().map(|column| column.name.clone()).collect(),
        })
    }

    fn declared(&self, text: &str) -> Result<Declared, ModelError> {
        let wrong = |reason: String| ModelError::WrongRule { rule: text.to_string(), reason };
        let is_known = |name: &str| self.columns.iter().any(|column| column.name == name);
        let written =
            Written::parse_of(text, is_known).ok_or_else(|| wrong(format!("it is none of {FORMS}")))?;
        let numbers = |places: &[usize]| {
            let other = places.iter().find(|j| !matches!(self.coders[**j], Coder::Number(_)));
            other.map_or(Ok(()), |j| Err(wrong(format!("`{}` holds no numbers", self.columns[*j].name))))
        };
        let differ = |places: &[usize]| {
            let twice = (1..places.len()).find(|i| places[..*i].contains(&places[*i]));
            twice.map_or(Ok(()), |_| Err(wrong("a column is named twice".to_string())))
        };
        let single = |j: usize| match &self.coders[j] {
            Coder::Text(coder) => coder.is_discrete(),
            Coder::Number(coder) => coder.is_discrete(),
        };
        Ok(match written {
            Written::Order { low, high, strict } => {
                let (low, high) = (self.place(&low)?, self.place(&high)?);
                numbers(&[low, high])?;
                differ(&[low, high])?;
                Declared::Order { low, high, strict }
            }
            Written::Formula { column, terms } => {
                let column = self.place(&column)?;
                let (mut parts, mut sum) = (Vec::new(), Vec::new());
                let mut factor: Option<Factor> = None;
                let mut rates: Option<Rates> = None;
                let mut counted: Option<Counted> = None;
                let mut dates = 0;
                let mut added = 0.0;
                let are_several = terms.len() > 1;
                for (minus, of) in terms {
                    let from = parts.len();
                    // A number by itself is added.
                    if let [(name, false)] = of.as_slice()
                        && let (Err(_), Ok(value)) = (self.place(name), name.parse::<f64>())
                        && value.is_finite()
                    {
                        added += if minus { -value } else { value };
                        continue;
                    }
                    // In a sum, `hour * 100` is a part that counts a hundred times.
                    let is_number = |name: &str| self.place(name).is_err() && name.parse::<f64>().is_ok();
                    let named = of.iter().filter(|(name, _)| !is_number(name)).count();
                    let (of, weight) = match named {
                        1 if are_several && of.len() > 1 && !of.iter().any(|(_, inverse)| *inverse) => {
                            let weight = of
                                .iter()
                                .filter_map(|(name, _)| name.parse::<f64>().ok().filter(|_| is_number(name)));
                            let weight: f64 = weight.product();
                            if weight.fract() != 0.0 || !(1.0..=LARGEST_WEIGHT).contains(&weight) {
                                return Err(wrong(format!(
                                    "columns of a sum are multiplied with whole numbers from 1 to {LARGEST_WEIGHT}"
                                )));
                            }
                            let of: Vec<(String, bool)> =
                                of.into_iter().filter(|(name, _)| !is_number(name)).collect();
                            (of, weight as u32)
                        }
                        _ => (of, 1),
                    };
                    for (name, inverse) in of {
                        // A number, unless a column is named so.
                        match (self.place(&name), name.parse::<f64>()) {
                            (Err(_), Ok(value)) if value.is_finite() && value != 0.0 => {
                                factor = Some(Factor::times(factor, Factor { value, inverse }));
                            }
                            (Err(_), _) if counted.is_none() && name.starts_with(YEAR_OF) => {
                                let of = self.place(name[YEAR_OF.len()..].trim_matches('`'))?;
                                counted = Some(Counted::Year(of));
                                parts.push(Part { column: of, inverse, unit: 1 });
                            }
                            (Err(unknown), _) => {
                                let of_dates = Counted::NAMED
                                    .iter()
                                    .find_map(|(before, of)| Some((name.strip_prefix(before)?, *of)))
                                    .filter(|(_, of)| counted.is_none_or(|counted| counted == *of));
                                if let Some((name, of)) = of_dates {
                                    counted = Some(of);
                                    dates += 1;
                                    let column = self.place(name.trim_matches('`'))?;
                                    parts.push(Part { column, inverse, unit: 1 });
                                    continue;
                                }
                                let of =
                                    name.strip_prefix(RATE_OF).filter(|_| rates.is_none()).ok_or(unknown)?;
                                let of = self.place(of.trim_matches('`'))?;
                                rates = Some(Rates::unknown(of));
                                parts.push(Part { column: of, inverse, unit: 1 });
                            }
                            (place, _) => parts.push(Part { column: place?, inverse, unit: 1 }),
                        }
                    }
                    parts[from..].iter_mut().for_each(|part: &mut Part| part.unit = weight);
                    sum.push(Term { minus, of: (from..parts.len()).collect() });
                }
                let places: Vec<usize> =
                    std::iter::once(column).chain(parts.iter().map(|part| part.column)).collect();
                let is_rate = |j: &usize| rates.as_ref().is_some_and(|rates| rates.of == *j);
                numbers(&places.iter().copied().filter(|j| !is_rate(j)).collect::<Vec<_>>())?;
                differ(&places)?;
                // A product of two columns, the rate not divided by, the other before what they make.
                let is_simple = sum.len() == 1 && parts.len() == 2 && factor.is_none();
                let is_last =
                    parts.iter().all(|part| (part.column < column || is_rate(&part.column)) && !part.inverse);
                let is_text = |of: &Rates| matches!(self.coders[of.of], Coder::Text(_));
                if rates.as_ref().is_some_and(|of| !is_text(of) || !is_simple || !is_last) {
                    let form = "`A = B * rate of C`, where C holds categories and A comes after B";
                    return Err(wrong(format!("rates stand in {form}")));
                }
                if parts.is_empty() || factor.is_some() && sum.len() > 1 {
                    return Err(wrong(
                        "a number stands beside columns that are multiplied or divided".to_string(),
                    ));
                }
                let is_weighed = parts.iter().any(|part| part.unit > 1);
                if is_weighed && (sum.len() != parts.len() || rates.is_some() || counted.is_some()) {
                    return Err(wrong(
                        "a number stands beside columns that are multiplied or divided".to_string(),
                    ));
                }
                let are_single = sum.len() == parts.len() && rates.is_none() && factor.is_none();
                let is_moment = |j: &usize| matches!(self.columns[*j].kind, Kind::DateTime { .. });
                if is_weighed && places.iter().any(is_moment) {
                    return Err(wrong("columns beside dates count as they are".to_string()));
                }
                if added != 0.0 && (!are_single || places.iter().any(is_moment)) {
                    return Err(wrong("a number is added to single columns of numbers".to_string()));
                }
                if added != 0.0 {
                    factor = Some(Factor { value: f64::abs(added), inverse: added < 0.0 });
                }
                let (operation, terms) = if sum.len() == 1 && added == 0.0 && !sum[0].minus {
                    (Operation::Product, None)
                } else if sum.len() == parts.len() {
                    parts.iter_mut().zip(&sum).for_each(|(part, term)| part.inverse = term.minus);
                    (Operation::Sum, None)
                } else {
                    (Operation::Sum, Some(Terms::added(sum)))
                };
                let is_date = |j: usize| is_moment(&j) && operation == Operation::Sum && terms.is_none();
                if matches!(counted, Some(Counted::Year(j)) if !is_date(j) || j > column) {
                    let form = "`A = year of B - C`, where B holds dates and stands before A";
                    return Err(wrong(format!("years stand in {form}")));
                }
                let is_before = |part: &Part| is_date(part.column) && part.column < column;
                if dates > 0
                    && (dates != 2 || parts.len() != 2 || factor.is_some() || !parts.iter().all(is_before))
                {
                    let form = "A = `date of B` - `date of C` (or `full years to`, `full months to`), where B and C hold \
                                dates and stand before A";
                    return Err(wrong(format!("dates stand in {form}")));
                }
                let formula = Formula { parts, operation, unit: 1, terms, factor, rates, counted };
                Declared::Formula { column, formula }
            }
            Written::Decides { by, column } => {
                let (unit, by) = match (self.place(&by), Unit::named(&by)) {
                    (Err(_), Some((unit, name))) => (Some(unit), self.place(name.trim_matches('`'))?),
                    (place, _) => (None, place?),
                };
                let column = self.place(&column)?;
                differ(&[by, column])?;
                if unit.is_some() && !matches!(self.columns[by].kind, Kind::DateTime { .. }) {
                    return Err(wrong(format!("`{}` holds no dates", self.columns[by].name)));
                }
                if unit.is_none() && matches!(&self.coders[by], Coder::Number(coder) if !coder.is_discrete())
                {
                    let name = &self.columns[by].name;
                    return Err(wrong(format!("`{name}` holds too many different numbers to decide by")));
                }
                Declared::Decides { by, column, unit }
            }
            Written::Range { column: name, from, to } => {
                let column = self.place(&name)?;
                numbers(&[column])?;
                let end = |text: &str, open: f64| match text {
                    "" => Ok(open),
                    text => self
                        .number(column, text)
                        .ok_or_else(|| wrong(format!("`{text}` is no value of `{name}`"))),
                };
                Declared::Range { column, from: end(&from, f64::MIN)?, to: end(&to, f64::MAX)? }
            }
            Written::With([a, b]) => {
                let places = [self.place(&a)?, self.place(&b)?];
                differ(&places)?;
                if let Some(j) = places.iter().find(|j| !single(**j)) {
                    let name = &self.columns[*j].name;
                    return Err(wrong(format!("`{name}` holds too many different values to combine")));
                }
                Declared::With(places)
            }
        })
    }

    /// A value as a column writes it.
    fn number(&self, j: usize, text: &str) -> Option<f64> {
        if !matches!(self.columns[j].kind, Kind::DateTime { .. }) {
            return text.parse().ok().filter(|value: &f64| value.is_finite());
        }
        let cells = Cells::Text { codes: vec![0], levels: vec![text.to_string()] };
        match self.columns[j].convert(&cells, None) {
            (Cells::Number(values), None) => values.first().copied().filter(|value| value.is_finite()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_makes_the_last_of_its_columns() {
        // Each holds for 12, 4, 2 and what it makes of them, whichever column is last.
        for (operation, signs, value) in [
            (Operation::Sum, [false, false], 18.0),
            (Operation::Sum, [true, false], 10.0),
            (Operation::Product, [false, true], 24.0),
            (Operation::Product, [true, true], 1.5),
        ] {
            for places in [[0, 1, 2, 3], [1, 0, 3, 2], [3, 1, 2, 0], [0, 3, 2, 1], [2, 0, 1, 3]] {
                let mut row = [0.0; 4];
                for (place, value) in places.into_iter().zip([value, 12.0, 4.0, 2.0]) {
                    row[place] = value;
                }
                let part = |i: usize| Part { column: places[i + 1], inverse: i > 0 && signs[i - 1], unit: 1 };
                let parts = (0..3).map(part).collect();
                let written = Formula { parts, ..Formula::of_two([0, 0], (operation, false)) };
                let (last, formula) = turned(places[0], &written);
                assert_eq!(last, 3);
                assert!(!formula.parts[0].inverse);
                let cells = || formula.parts.iter().map(|part| row[part.column]);
                assert_eq!(formula.of(cells()), row[3], "{places:?}");
                for (which, part) in formula.parts.iter().enumerate() {
                    assert_eq!(formula.solve(which, row[3], cells()), row[part.column]);
                }
            }
        }
    }
}
