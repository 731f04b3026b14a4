//! Which column of a sum is made of the others.

use super::coder::{Coder, Made};
use super::factor::Factor;
use super::formula::{Formula, Operation, Part};
use super::plan::Decided;

/// Share of rows that have one value of a column from which it is learned rather than made, and how much less often any other
/// part has one.
const OFTEN: f64 = 0.03;
const RARER: f64 = 2.0;

impl Formula {
    /// Where the column that a sum makes often has one value, as what is left of 100 is often 0, and a part hardly ever, the part is
    /// made instead: what is left over is then learned with that value, which a part drawn between others would hardly ever leave.
    /// The columns that are no longer made.
    pub(super) fn turn(
        formulas: &mut [Option<Self>],
        instead: &[Option<Self>],
        decided: &[Option<Decided>],
        (coders, made): (&[Coder], &[Made]),
    ) -> Vec<usize> {
        let mut turned_over = Vec::new();
        for j in 0..formulas.len() {
            let Some(formula) = formulas[j].as_ref().filter(|_| instead[j].is_none()) else { continue };
            let Some(often) = most_frequent(&made[j]).filter(|share| *share >= OFTEN) else { continue };
            let is_free = |i: usize| {
                let is_part = |of: &Self| of.parts.iter().any(|part| part.column == i);
                let others =
                    formulas.iter().enumerate().filter(|(k, _)| *k != j).filter_map(|(_, of)| of.as_ref());
                decided[i].is_none()
                    && formulas[i].is_none()
                    && !others.chain(instead.iter().flatten()).any(is_part)
            };
            let rare = |part: &Part| {
                let share = most_frequent(&made[part.column])?;
                (share * RARER <= often && is_free(part.column)).then_some((share, part.column))
            };
            let best =
                formula.parts.iter().filter_map(rare).min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            let Some((_, i)) = best else { continue };
            let Some(turned) = formula.turned(j, i).filter(|of| of.holds_throughout(&coders[i], made, i))
            else {
                continue;
            };
            formulas[j] = None;
            formulas[i] = Some(turned);
            turned_over.push(j);
        }
        turned_over
    }

    /// The same sum as what makes part `i` of the column `j` that it made.
    fn turned(&self, j: usize, i: usize) -> Option<Self> {
        let is_plain = self.operation == Operation::Sum
            && self.terms.is_none()
            && self.rates.is_none()
            && self.counted.is_none()
            && self.unit == 1
            && self.parts.len() > 1
            && self.parts.iter().all(|part| part.unit == 1);
        let own = self.parts.iter().find(|part| part.column == i).filter(|_| is_plain)?;
        // What is added on one side is taken away on the other, but where the part itself was taken away.
        let other = |part: &Part| Part { inverse: part.inverse == own.inverse, ..*part };
        let parts = self.parts.iter().filter(|part| part.column != i).map(other);
        let whole = Part { column: j, inverse: own.inverse, unit: 1 };
        let factor = self.factor.map(|of| Factor { inverse: of.inverse == own.inverse, ..of });
        Some(Self { parts: std::iter::once(whole).chain(parts).collect(), factor, ..self.clone() }.sorted())
    }

    /// Whether every row has all cells, and that of column `i` is what the formula says.
    fn holds_throughout(&self, coder: &Coder, made: &[Made], i: usize) -> bool {
        let (Some(values), Some(cells)) = (made[i].numbers(), self.cells(made)) else { return false };
        (0..values.len()).all(|row| {
            let of_row = cells.iter().map(|cells| cells[row]);
            !values[row].is_nan()
                && self.of(of_row.clone()).is_finite()
                && self.holds(coder, values[row], of_row)
        })
    }
}

/// The share of rows that have the most frequent number of a column; `None` of one of no numbers, or with missing cells.
fn most_frequent(made: &Made) -> Option<f64> {
    let mut sorted = made.numbers()?.to_vec();
    if sorted.is_empty() || sorted.iter().any(|value| value.is_nan()) {
        return None;
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let most = sorted.chunk_by(|a, b| a == b).map(<[f64]>::len).max().unwrap_or(0);
    Some(most as f64 / sorted.len() as f64)
}
