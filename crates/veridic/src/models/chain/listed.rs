//! What is certain of rows, as rules with the rows that show them.

use super::absent::Absent;
use super::coder::{Coder, Made};
use super::declared;
use super::formula::{Counted, Part};
use super::law::Law;
use super::rule::{Found, NeverTogether, Pairs, RATE_OF, Rule, YEAR_OF};
use super::term;
use crate::data::{CellWriter, Cells, Kind};

impl Law<'_> {
    /// What held in every row and holds in every row that is made.
    pub(in crate::models) fn rules(self) -> Vec<Found> {
        let name = |j: usize| self.coding.columns[j].name.clone();
        let support = |j: usize| self.plan.partly[j].unwrap_or(self.n_rows);
        let broken = |j: usize| self.checks.exceptions.iter().find(|of| of.0 == j).map_or(0, |of| of.1);
        let mut found = Vec::new();
        for (j, decided) in self.plan.decided.iter().enumerate() {
            if let Some(decided) = decided {
                let by = name(decided.by);
                let by = decided.period.map_or_else(|| by.clone(), |period| format!("{}{by}", period.unit));
                let rule = Rule::Decides { by, column: name(j) };
                found.push(Found { rule, support: support(j), exceptions: broken(j), examples: Vec::new() });
            }
        }
        let instead = self.plan.instead.iter().enumerate();
        for (j, formula) in self.plan.formulas.iter().enumerate().chain(instead) {
            if let Some(formula) = formula {
                let is_rate = |j: usize| formula.rates.as_ref().is_some_and(|rates| rates.of == j);
                let called = |j: usize| match () {
                    () if is_rate(j) => format!("{RATE_OF}{}", name(j)),
                    () if formula.counted == Some(Counted::Year(j)) => format!("{YEAR_OF}{}", name(j)),
                    () => match formula.counted.and_then(Counted::name) {
                        Some(before) => format!("{before}{}", name(j)),
                        None => name(j),
                    },
                };
                let named = |part: &Part| (called(part.column), part.inverse);
                let rule = match term::written(j, formula) {
                    Some((column, terms)) => {
                        let of = terms.iter().map(|(minus, of)| (*minus, of.iter().map(named).collect()));
                        Rule::Terms { column: name(column), of: of.collect() }
                    }
                    None => {
                        // Beside moments, units are those in which numbers count.
                        let is_moment =
                            |j: usize| matches!(self.coding.columns[j].kind, Kind::DateTime { .. });
                        let is_plain =
                            !is_moment(j) && !formula.parts.iter().any(|part| is_moment(part.column));
                        // `hour = (time - minute) / 100` is `time = hour * 100 + minute`.
                        let single = formula.parts.iter().find(|part| part.unit == 1);
                        let turned = single.filter(|_| is_plain && formula.unit > 1);
                        let (j, formula) = match turned {
                            Some(part) => declared::turned_for(j, formula, *part),
                            None => (j, formula.clone()),
                        };
                        let of = formula.parts.iter().map(named).collect();
                        let factor = formula.factor.map(|factor| (factor.value, factor.inverse));
                        let is_weighed = is_plain && formula.parts.iter().any(|part| part.unit > 1);
                        let weights =
                            formula.parts.iter().filter(|_| is_weighed).map(|part| part.unit).collect();
                        Rule::Formula { column: name(j), of, operation: formula.operation, factor, weights }
                    }
                };
                let exceptions = broken(j);
                found.push(Found { rule, support: support(j), exceptions, examples: Vec::new() });
            }
        }
        for order in &self.checks.orders {
            let rule = Rule::Order { low: name(order.low), high: name(order.high), strict: order.strict };
            let (support, exceptions) = (order.support, order.exceptions);
            found.push(Found { rule, support, exceptions, examples: Vec::new() });
        }
        for range in &self.checks.ranges {
            let end = |value: f64| match value {
                f64::MIN | f64::MAX => String::new(),
                value => self.written(range.column, &Cells::Number(vec![value])).concat(),
            };
            let rule = Rule::Range { column: name(range.column), from: end(range.from), to: end(range.to) };
            found.push(Found { rule, support: range.support, exceptions: 0, examples: Vec::new() });
        }
        let mut pairs: Vec<&Pairs> = self.checks.pairs.iter().collect();
        let strength = |pairs: &Pairs| pairs.strongest.first().map_or(0.0, |absent| absent.expected);
        pairs.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
        for pairs in pairs {
            let impossible = pairs.impossible.iter().map(Vec::len).sum();
            let rule = Rule::Pairs { columns: pairs.columns.map(name), impossible };
            let example = |absent: &Absent| NeverTogether {
                values: [
                    self.told(pairs.columns[0], absent.first),
                    self.told(pairs.columns[1], absent.second),
                ],
                expected: absent.expected,
            };
            let examples = pairs.strongest.iter().map(example).collect();
            found.push(Found { rule, support: pairs.support, exceptions: 0, examples });
        }
        found
    }

    /// What codes from the first to the second of a column are, as the column writes it.
    fn told(self, j: usize, (from, to): (u8, u8)) -> String {
        let (coder, from, to) = (&self.coding.coders[j], usize::from(from), usize::from(to));
        let made = match coder {
            Coder::Text(coder) => Made::Symbol(vec![coder.symbol(from, 0.0), coder.symbol(to, 0.0)]),
            Coder::Number(coder) => Made::Number(vec![coder.value(from, 0.0), coder.value(to, 1.0)]),
        };
        let texts = self.written(j, &coder.write(&made));
        let [first, last] = texts.as_slice() else { return String::new() };
        if first == last { first.clone() } else { format!("{first}..{last}") }
    }

    /// Cells as their column writes them.
    fn written(self, j: usize, cells: &Cells) -> Vec<String> {
        let writer = CellWriter::new(Some(&self.coding.columns[j]));
        let text = |row: usize| {
            let mut text = String::new();
            if writer.write(cells, row, &mut text) { text } else { "a blank".to_string() }
        };
        (0..cells.len()).map(text).collect()
    }
}
