//! Pairs of values that no row has, though rows of independent columns would.

use serde::{Deserialize, Serialize};

use super::coder::Coder;
use super::number::Cell;
use super::rule::Pairs;

/// Rows that must be expected of a pair of values if columns were independent, before none means that it cannot be.
const EXPECTED: f64 = 10.0;

/// The same of a value with neighboring cells of numbers, of which there are many ways to choose a run; and rows that must be
/// expected between a run and the nearest cell that rows have, for nothing is known of its edge ("rule of three").
const EXPECTED_RUN: f64 = 20.0;
const MARGIN: f64 = 3.0;

/// Largest share of rows whose pair of values is in no other row, for pairs that are not there not to be.
const SINGLE: f64 = 0.0005;

/// Fewest rows for that.
const LEAST_ROWS: f64 = 500.0;

/// Absent pairs that are remembered for looking at.
const STRONGEST: usize = 3;

/// Codes of two columns that are in no row, each from the first to the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Absent {
    pub(super) first: (u8, u8),
    pub(super) second: (u8, u8),
    /// Rows that would have them if the columns were independent.
    pub(super) expected: f64,
}

/// How often two columns' codes are together.
struct Counts {
    table: Vec<u32>,
    /// Codes of the second.
    width: usize,
    n: f64,
    mass: [Vec<f64>; 2],
}

impl Counts {
    fn new((height, of_a): (usize, &[u8]), (width, of_b): (usize, &[u8])) -> Self {
        let mut table = vec![0u32; height * width];
        let mut mass = [vec![0.0; height], vec![0.0; width]];
        for (a, b) in of_a.iter().zip(of_b) {
            table[usize::from(*a) * width + usize::from(*b)] += 1;
            mass[0][usize::from(*a)] += 1.0;
            mass[1][usize::from(*b)] += 1.0;
        }
        Self { table, width, n: of_a.len() as f64, mass }
    }

    /// Rows that have a pair, and rows that would if the columns were independent.
    fn at(&self, a: usize, b: usize) -> (u32, f64) {
        (self.table[a * self.width + b], self.mass[0][a] * self.mass[1][b] / self.n)
    }

    /// Whether all pairs that there are are in the data: hardly any is seen once (A. Turing's estimate of what is unseen).
    fn all_known(&self) -> bool {
        let single = self.table.iter().filter(|count| **count == 1).count() as f64;
        let seen = self.table.iter().filter(|count| **count > 0).count();
        let absent: f64 = (0..self.table.len())
            .map(|i| self.at(i / self.width, i % self.width))
            .filter(|(count, _)| *count == 0)
            .map(|(_, expected)| expected)
            .sum();
        single <= SINGLE * self.n
            && 2 * seen <= self.table.len()
            && absent >= 2.0 * EXPECTED
            && self.n >= LEAST_ROWS
    }
}

/// Which pairs are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// All that are not there: it is said that only those of the data are possible.
    Said,
    /// Those that would be there if the columns were independent.
    Expected,
    /// Of these, those of two values that go with each other only: no claim and an amount of 0.
    Alone,
}

/// The pairs of codes that are not there.
pub(super) fn pairs(
    (a, coder_a, of_a): (usize, &Coder, &[u8]),
    (b, coder_b, of_b): (usize, &Coder, &[u8]),
    sought: Sought,
) -> Option<Pairs> {
    let (height, width) = (coder_a.codes(), coder_b.codes());
    let counts = Counts::new((height, of_a), (width, of_b));
    let all_known = sought == Sought::Said || counts.all_known();
    // Values that go with each other only.
    let only = |counts: &mut dyn Iterator<Item = (usize, u32)>| {
        let mut with = counts.filter(|(_, count)| *count > 0);
        with.next().map(|(code, _)| code).filter(|_| with.next().is_none())
    };
    let with_first = |x: usize| only(&mut (0..width).map(|y| (y, counts.at(x, y).0)));
    let with_second = |y: usize| only(&mut (0..height).map(|x| (x, counts.at(x, y).0)));
    let all = sought != Sought::Alone;
    let of_first: Vec<bool> =
        (0..height).map(|x| all || with_first(x).and_then(with_second) == Some(x)).collect();
    let of_second: Vec<bool> =
        (0..width).map(|y| all || with_second(y).and_then(with_first) == Some(y)).collect();
    let mut impossible = vec![vec![false; width]; height];
    let mut found: Vec<Absent> = Vec::new();
    for x in (0..height).filter(|x| coder_a.is_single(*x)) {
        for y in (0..width).filter(|y| coder_b.is_single(*y)) {
            let (count, expected) = counts.at(x, y);
            let is_sought = of_first[x] || of_second[y];
            if count == 0 && is_sought && expected > 0.0 && (all_known || expected >= EXPECTED) {
                impossible[x][y] = true;
                found.push(Absent { first: (x as u8, x as u8), second: (y as u8, y as u8), expected });
            }
        }
        if !of_first[x] {
            continue;
        }
        let along: Vec<(u32, f64)> = (0..coder_b.cells()).map(|y| counts.at(x, y)).collect();
        for (from, to, expected) in runs(&along) {
            // A run of values each of its own is judged above.
            if (from..=to).all(|y| coder_b.is_single(y)) {
                continue;
            }
            (from..=to).for_each(|y| impossible[x][y] = true);
            found.push(Absent { first: (x as u8, x as u8), second: (from as u8, to as u8), expected });
        }
    }
    for y in (0..width).filter(|y| coder_b.is_single(*y) && of_second[*y]) {
        let along: Vec<(u32, f64)> = (0..coder_a.cells()).map(|x| counts.at(x, y)).collect();
        for (from, to, expected) in runs(&along) {
            if (from..=to).all(|x| coder_a.is_single(x)) {
                continue;
            }
            (from..=to).for_each(|x| impossible[x][y] = true);
            found.push(Absent { first: (from as u8, to as u8), second: (y as u8, y as u8), expected });
        }
    }
    found.sort_by(|a, b| b.expected.total_cmp(&a.expected));
    found.truncate(STRONGEST);
    let listed = |row: &Vec<bool>| (0..width).filter(|y| row[*y]).map(|y| y as u8).collect();
    let impossible: Vec<Vec<u8>> = impossible.iter().map(listed).collect();
    let pairs = Pairs { columns: [a, b], impossible, support: of_a.len(), strongest: found };
    (!pairs.strongest.is_empty()).then_some(pairs)
}

/// Runs of neighboring codes that no row has though many would, without their edges: from, to, and rows expected. `along` has
/// the rows of each code and those expected.
fn runs(along: &[(u32, f64)]) -> Vec<(usize, usize, f64)> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < along.len() {
        let end = (start..along.len()).find(|i| along[*i].0 > 0).unwrap_or(along.len());
        let expected = |from: usize, to: usize| along[from..to].iter().map(|(_, expected)| expected).sum();
        let total: f64 = expected(start, end);
        if total >= EXPECTED_RUN {
            let (mut from, mut to) = (start, end);
            let mut edge = 0.0;
            while start > 0 && edge < MARGIN && from < end {
                edge += along[from].1;
                from += 1;
            }
            edge = 0.0;
            while end < along.len() && edge < MARGIN && to > from {
                to -= 1;
                edge += along[to].1;
            }
            let inner: f64 = expected(from, to);
            if inner >= EXPECTED {
                found.push((from, to - 1, inner));
            }
        }
        start = end + 1;
    }
    found
}

impl Coder {
    /// Whether a code is one value.
    fn is_single(&self, code: usize) -> bool {
        match self {
            Self::Number(coder) => !matches!(coder.cells().get(code), Some(Cell::Range(_))),
            Self::Text(coder) => coder.sharing(code) == 1,
        }
    }

    /// Codes that stand in the order of their values: all but a missing cell's of numbers, none of categories.
    fn cells(&self) -> usize {
        match self {
            Self::Number(coder) => coder.cells().len(),
            Self::Text(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_leave_edges_and_need_rows_that_were_to_be_expected() {
        let mut along = vec![(0, 8.0); 12];
        along[5].0 = 9;
        // Five codes below and six above, each without the one next to code 5.
        assert_eq!(runs(&along), [(0, 3, 32.0), (7, 11, 40.0)]);
        let rare = vec![(0, 1.0); 12];
        assert!(runs(&rare).is_empty());
        assert!(runs(&[(5, 8.0), (4, 8.0)]).is_empty());
    }
}
