//! Sums of products: `total = price * count - discount + fee`, and what is left of one for each of its parts.

use serde::{Deserialize, Serialize};

use super::formula::{Formula, Operation, Part};

/// How the parts of a formula make its column: `(± Π parts ± Π parts …)` to the power of 1 or -1, times `Π parts`; a part that is
/// inverse is divided by. Every part is named once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    pub(super) sum: Vec<Term>,
    /// Whether the sum is divided by.
    #[serde(default)]
    divides: bool,
    /// What multiplies the sum.
    #[serde(default)]
    times: Vec<usize>,
}

/// Parts, by their places, that are multiplied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Term {
    /// Whether it is subtracted.
    pub(super) minus: bool,
    pub(super) of: Vec<usize>,
}

/// The product of parts.
fn product(of: &[usize], parts: &[Part], cells: &[f64]) -> f64 {
    let join = |whole: f64, i: &usize| if parts[*i].inverse { whole / cells[*i] } else { whole * cells[*i] };
    of.iter().fold(1.0, join)
}

impl Terms {
    /// Terms that are added.
    pub(super) fn added(sum: Vec<Term>) -> Self {
        Self { sum, divides: false, times: Vec::new() }
    }

    fn sum(&self, parts: &[Part], cells: &[f64]) -> f64 {
        self.sum.iter().map(|term| term.signed(product(&term.of, parts, cells))).sum()
    }

    /// What the cells of the parts make.
    pub(super) fn value(&self, parts: &[Part], cells: &[f64]) -> f64 {
        let (sum, times) = (self.sum(parts, cells), product(&self.times, parts, cells));
        if self.divides { times / sum } else { times * sum }
    }

    /// How large the terms are together, whatever their signs: what rounding leaves of them grows with it.
    pub(super) fn size(&self, parts: &[Part], cells: &[f64]) -> f64 {
        if self.divides {
            return self.value(parts, cells).abs();
        }
        let sum: f64 = self.sum.iter().map(|term| product(&term.of, parts, cells).abs()).sum();
        sum * product(&self.times, parts, cells).abs()
    }

    /// What part `which` must be for the whole to be `value`; its own cell is not looked at.
    pub(super) fn solve(&self, parts: &[Part], which: usize, value: f64, cells: &[f64]) -> f64 {
        let mut cells = cells.to_vec();
        let Some(own) = cells.get_mut(which) else { return f64::NAN };
        // A factor of one says nothing.
        *own = 1.0;
        let times = product(&self.times, parts, &cells);
        let factor = match self.sum.iter().find(|term| term.of.contains(&which)) {
            None => {
                let sum = self.sum(parts, &cells);
                value / if self.divides { times / sum } else { times * sum }
            }
            Some(term) => {
                let whole = if self.divides { times / value } else { value / times };
                let others = self.sum.iter().filter(|other| *other != term);
                let rest: f64 = others.map(|other| other.signed(product(&other.of, parts, &cells))).sum();
                term.signed(whole - rest) / product(&term.of, parts, &cells)
            }
        };
        if parts[which].inverse { 1.0 / factor } else { factor }
    }

    /// Whether part `which` only rises, or only falls, with the whole.
    pub(super) fn moves_one_way(&self, parts: &[Part], which: usize) -> bool {
        !self.divides && parts.get(which).is_some_and(|part| !part.inverse)
    }

    /// Whether every one of so many parts is named once.
    pub(super) fn are_whole(&self, n_parts: usize) -> bool {
        let mut named: Vec<usize> =
            self.sum.iter().flat_map(|term| &term.of).chain(&self.times).copied().collect();
        named.sort_unstable();
        named.into_iter().eq(0..n_parts) && self.sum.iter().all(|term| !term.of.is_empty())
    }
}

impl Term {
    fn signed(&self, value: f64) -> f64 {
        if self.minus { -value } else { value }
    }
}

/// The formula by which part `which`, which is one of a sum, is made of the column and the other parts.
pub(super) fn turned(column: usize, formula: &Formula, terms: &Terms, which: usize) -> Option<Formula> {
    let own = terms.sum.iter().find(|term| term.of.contains(&which))?;
    // The column comes first, the others as they are.
    let place = |i: usize| if i < which { i + 1 } else { i };
    let mut parts = vec![Part { column, inverse: terms.divides, unit: 1 }];
    parts.extend(formula.parts.iter().enumerate().filter(|(i, _)| *i != which).map(|(_, part)| *part));
    let is_inverse = formula.parts.get(which)?.inverse;
    // sum = (column / times), or the inverse of that.
    let mut whole = Term { minus: own.minus, of: vec![0] };
    for i in &terms.times {
        whole.of.push(place(*i));
        parts[place(*i)].inverse ^= !terms.divides;
    }
    let mut sum = vec![whole];
    let others = terms.sum.iter().filter(|term| *term != own);
    sum.extend(others.map(|term| Term {
        minus: term.minus == own.minus,
        of: term.of.iter().map(|i| place(*i)).collect(),
    }));
    // What it is multiplied by is divided by, and it itself where it was divided by.
    let times: Vec<usize> = own.of.iter().filter(|i| **i != which).map(|i| place(*i)).collect();
    times.iter().for_each(|i| parts[*i].inverse ^= !is_inverse);
    let terms = Terms { sum, divides: is_inverse, times };
    Some(Formula { parts, terms: Some(terms), ..Formula::of_two([0, 0], (Operation::Sum, false)) })
}

/// Products, each with whether it is subtracted.
pub(super) type Products = Vec<(bool, Vec<Part>)>;

/// The column that a formula makes and its terms, as products that are added: of a formula that was turned, as it was before.
pub(super) fn written(column: usize, formula: &Formula) -> Option<(usize, Products)> {
    let terms = formula.terms.as_ref()?;
    let told = |formula: &Formula, terms: &Terms| {
        let parts = |term: &Term| (term.minus, term.of.iter().map(|i| formula.parts[*i]).collect());
        terms.sum.iter().map(parts).collect()
    };
    if terms.times.is_empty() && !terms.divides {
        return Some((column, told(formula, terms)));
    }
    let alone = |term: &&Term| matches!(term.of.as_slice(), [i] if !formula.parts[*i].inverse);
    let which = *terms.sum.iter().find(alone)?.of.first()?;
    let before = turned(column, formula, terms, which)?;
    Some((formula.parts[which].column, told(&before, before.terms.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `total = a * b / c - d + e`.
    fn formula(places: [usize; 5]) -> Formula {
        let part = |(i, column)| Part { column, inverse: i == 2, unit: 1 };
        let sum = vec![
            Term { minus: false, of: vec![0, 1, 2] },
            Term { minus: true, of: vec![3] },
            Term { minus: false, of: vec![4] },
        ];
        let parts = places.into_iter().enumerate().map(part).collect();
        Formula { parts, terms: Some(Terms::added(sum)), ..Formula::of_two([0, 0], (Operation::Sum, false)) }
    }

    #[test]
    fn each_part_follows_from_the_others() {
        let cells = [6.0, 5.0, 3.0, 4.0, 0.5];
        let made = formula([1, 2, 3, 4, 5]);
        let terms = made.terms.as_ref().unwrap();
        assert_eq!(terms.value(&made.parts, &cells), 6.5);
        assert!(terms.are_whole(5) && !terms.are_whole(4) && !terms.are_whole(6));
        for which in 0..5 {
            let found = terms.solve(&made.parts, which, 6.5, &cells);
            assert!((found - cells[which]).abs() < 1e-12, "{which}: {found}");
            // Columns by place: the whole is 0.
            let row = [6.5, cells[0], cells[1], cells[2], cells[3], cells[4]];
            let other = turned(0, &made, terms, which).unwrap();
            let of =
                |formula: &Formula| formula.parts.iter().map(|part| row[part.column]).collect::<Vec<_>>();
            let others = other.terms.as_ref().unwrap();
            assert!(others.are_whole(5), "{which}");
            let value = others.value(&other.parts, &of(&other));
            assert!((value - cells[which]).abs() < 1e-12, "{which}: {value}");
            // And each of its parts from it.
            for (i, part) in other.parts.iter().enumerate() {
                let found = others.solve(&other.parts, i, cells[which], &of(&other));
                assert!((found - row[part.column]).abs() < 1e-12, "{which} {i}: {found}");
            }
            // It is told as it was written.
            let (column, told) = written(which + 1, &other).unwrap();
            if which == 3 || which == 4 {
                assert_eq!(column, which + 1);
            } else {
                assert_eq!(column, 0);
                let mut signs: Vec<(bool, usize)> =
                    told.iter().map(|(minus, of)| (*minus, of.len())).collect();
                signs.sort_unstable();
                assert_eq!(signs, [(false, 1), (false, 3), (true, 1)]);
            }
        }
    }

    #[test]
    fn what_cannot_be_solved_is_no_number() {
        let made = formula([1, 2, 3, 4, 5]);
        let terms = made.terms.as_ref().unwrap();
        assert!(!terms.solve(&made.parts, 0, 6.5, &[1.0, 0.0, 3.0, 4.0, 0.5]).is_finite());
        assert!(terms.solve(&made.parts, 9, 6.5, &[1.0; 5]).is_nan());
    }
}
