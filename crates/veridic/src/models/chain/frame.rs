//! What rules and known cells leave of a column's cells in rows that are being drawn.

use std::borrow::Cow;

use super::coder::{Coder, Made};
use super::draw::Seen;
use super::evidence::{Evidence, Given, Set, Wanted};
use super::gap::Gap;
use super::law::Law;
use super::rule::Pairs;

/// The code of a cell that is not known yet; no column has as many.
const UNKNOWN: u8 = u8::MAX;

/// What is left of the cells of one column in some rows.
pub(in crate::models) struct Frame<'a> {
    pub(super) own: &'a Coder,
    /// What is drawn in place of values, and the other column's.
    gap: Option<(&'a Gap, &'a [f64])>,
    /// The least and the most of each row; empty where there is no rule.
    low: Vec<f64>,
    high: Vec<f64>,
    /// What each row's cell must be by a formula, or NaN; empty where there is none.
    pub(super) pins: Vec<f64>,
    never: Vec<Never>,
}

/// Codes, one bit each.
type Codes = [u64; 4];

fn contains(codes: &Codes, code: u8) -> bool {
    codes[usize::from(code >> 6)] >> (code & 63) & 1 == 1
}

/// Codes that cannot be beside another column's.
struct Never {
    /// The other's codes.
    others: Vec<u8>,
    /// By code of the other, those that cannot be beside it.
    excluded: Vec<Codes>,
}

impl Never {
    /// Of the first of a pair's columns, or of the second.
    fn new(pairs: &Pairs, is_first: bool, others: Vec<u8>) -> Self {
        let mut excluded = vec![Codes::default(); 256];
        for (a, never) in pairs.impossible.iter().enumerate().take(256) {
            for b in never {
                let (own, other) = if is_first { (a, usize::from(*b)) } else { (usize::from(*b), a) };
                excluded[other][own >> 6] |= 1 << (own & 63);
            }
        }
        Self { others, excluded }
    }
}

/// What is known of rows before they are whole: cells that were drawn, and those that are given.
pub(in crate::models) struct Known<'a> {
    pub(in crate::models) law: Law<'a>,
    pub(in crate::models) done: &'a [Option<Seen>],
    pub(in crate::models) evidence: &'a [Evidence],
    /// The first row by which the evidence goes, and how many.
    pub(in crate::models) from: usize,
    pub(in crate::models) n: usize,
}

impl<'a> Known<'a> {
    /// A column of numbers, NaN where it is not known; `None` where it is in no row.
    pub(super) fn numbers(&self, j: usize) -> Option<Cow<'a, [f64]>> {
        self.cells(j, Made::numbers, f64::NAN)
    }

    /// The symbols of a column of categories, one that none has where it is not known; `None` where it is in no row.
    pub(super) fn symbols(&self, j: usize) -> Option<Cow<'a, [u32]>> {
        self.cells(j, Made::symbols, u32::MAX)
    }

    /// The cells of a column that are drawn, or else given.
    fn cells<T: Copy>(&self, j: usize, of: fn(&Made) -> Option<&[T]>, unknown: T) -> Option<Cow<'a, [T]>> {
        let drawn = self.done[j].as_ref().and_then(|(made, _)| of(made)).map(Cow::Borrowed);
        drawn.or_else(|| self.given(j, |given| of(&given.made), unknown).map(Cow::Owned))
    }

    /// The codes of a column, [`UNKNOWN`] where they are.
    fn codes(&self, j: usize) -> Option<Vec<u8>> {
        match &self.done[j] {
            Some((made, _)) => Some(self.law.coding.coders[j].classify(made)),
            None => self.given(j, |given| Some(&given.coded.codes), UNKNOWN),
        }
    }

    /// What is given of a column that is not drawn yet, by row.
    pub(super) fn given<T: Copy>(
        &self,
        j: usize,
        cells: impl Fn(&Given) -> Option<&[T]>,
        unknown: T,
    ) -> Option<Vec<T>> {
        let evidence = self.evidence.get(j)?;
        if let Some(made) = evidence.single(&self.law.coding.coders[j]) {
            let coded = self.law.coding.coders[j].encode(&made);
            let one = Given { known: vec![true], made, coded };
            return cells(&one).and_then(|cells| Some(vec![*cells.first()?; self.n]));
        }
        let given = evidence.given.as_ref()?;
        let cells = cells(given)?;
        let rows = self.from..self.from + self.n;
        Some(rows.map(|row| if given.known[row] { cells[row] } else { unknown }).collect())
    }

    /// What is left of column `j`.
    pub(in crate::models) fn frame(&self, j: usize) -> Frame<'a> {
        let Law { coding, plan, checks, .. } = self.law;
        let gap = plan.gaps[j].as_ref().and_then(|gap| match &self.done[gap.from] {
            Some((Made::Number(values), _)) => Some((gap, values.as_slice())),
            _ => None,
        });
        let mut frame = Frame {
            own: &coding.coders[j],
            gap,
            low: Vec::new(),
            high: Vec::new(),
            pins: Vec::new(),
            never: Vec::new(),
        };
        let never = |pairs: &'a Pairs| {
            let is_first = pairs.columns[0] == j;
            let others = self.codes(pairs.columns[usize::from(is_first)])?;
            Some(Never::new(pairs, is_first, others))
        };
        frame.never =
            checks.pairs.iter().filter(|pairs| pairs.columns.contains(&j)).filter_map(never).collect();
        if matches!(frame.own, Coder::Number(_)) {
            self.bound(j, &mut frame);
            self.pin(j, &mut frame);
        }
        frame
    }

    /// Adds what orders and ranges leave.
    fn bound(&self, j: usize, frame: &mut Frame<'a>) {
        for order in &self.law.checks.orders {
            let (other, is_low) = match (order.low == j, order.high == j) {
                (true, _) => (order.high, true),
                (_, true) => (order.low, false),
                _ => continue,
            };
            // What is drawn as a distance keeps it.
            if frame.gap.is_some_and(|(gap, _)| gap.from == other) {
                continue;
            }
            let Some(others) = self.numbers(other) else { continue };
            for (row, value) in others.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                match is_low {
                    true => frame.limit(self.n, row, f64::MIN, *value, order.strict),
                    false => frame.limit(self.n, row, *value, f64::MAX, order.strict),
                }
            }
        }
        if let Some((gap, others)) = frame.gap {
            for (row, from) in others.iter().enumerate() {
                let Some((low, high)) = gap.reach(*from) else { break };
                frame.limit(self.n, row, low, high, false);
            }
        }
        for range in self.law.checks.ranges.iter().filter(|range| range.column == j) {
            (0..self.n).for_each(|row| frame.limit(self.n, row, range.from, range.to, false));
        }
    }
}

impl Frame<'_> {
    /// A row's cell is from `low` to `high`, or between them where the order is strict.
    pub(super) fn limit(&mut self, n: usize, row: usize, low: f64, high: f64, strict: bool) {
        let Coder::Number(own) = self.own else { return };
        if self.low.is_empty() {
            self.low = vec![f64::MIN; n];
            self.high = vec![f64::MAX; n];
        }
        if low > f64::MIN {
            self.low[row] = self.low[row].max(own.up(low, !strict));
        }
        if high < f64::MAX {
            self.high[row] = self.high[row].min(own.down(high, !strict));
        }
    }

    /// Whether nothing is said of the column.
    pub(in crate::models) fn is_free(&self) -> bool {
        self.low.is_empty() && self.pins.is_empty() && self.never.is_empty()
    }

    /// How the column's values become codes.
    pub(super) fn coder(&self) -> &Coder {
        self.own
    }

    /// Whether something other than values is drawn.
    pub(super) fn is_distance(&self) -> bool {
        self.gap.is_some()
    }

    /// What a row's cell must be.
    pub(in crate::models) fn pin(&self, row: usize) -> Option<f64> {
        self.pins.get(row).copied().filter(|pin| !pin.is_nan())
    }

    /// What is drawn for a value.
    pub(super) fn target(&self, row: usize, value: f64) -> f64 {
        self.gap.map_or(value, |(gap, others)| gap.distance(value, others[row]))
    }

    /// The value of what was drawn.
    pub(super) fn value(&self, row: usize, target: f64) -> f64 {
        self.gap.map_or(target, |(gap, others)| gap.value(self.own, target, others[row]))
    }

    /// Whether a value cannot be in a row.
    pub(in crate::models) fn breaks(&self, row: usize, value: f64) -> bool {
        if !self.low.is_empty() && (value < self.low[row] || value > self.high[row]) {
            return true;
        }
        if self.gap.is_some_and(|(gap, others)| gap.is_broken(value, others[row])) {
            return true;
        }
        match self.own {
            Coder::Number(own) if !self.never.is_empty() => self.is_never(row, own.code(value) as u8),
            _ => false,
        }
    }

    /// Whether a code cannot be in a row.
    pub(in crate::models) fn is_never(&self, row: usize, code: u8) -> bool {
        self.never.iter().any(|never| contains(&never.excluded[usize::from(never.others[row])], code))
    }

    /// Codes that cannot be in a row.
    fn excluded(&self, row: usize) -> Codes {
        let mut codes = Codes::default();
        for never in &self.never {
            let more = &never.excluded[usize::from(never.others[row])];
            codes.iter_mut().zip(more).for_each(|(codes, more)| *codes |= more);
        }
        codes
    }

    /// Whether a row's numbers have ends that the codes do not have.
    pub(in crate::models) fn has_ends(&self, row: usize) -> bool {
        !self.low.is_empty() && (self.low[row] > f64::MIN || self.high[row] < f64::MAX)
    }

    /// Whether there are values that cannot be in a row.
    pub(in crate::models) fn says(&self, row: usize) -> bool {
        !self.never.is_empty() || self.has_ends(row)
    }

    /// What is left of what may be drawn in a row, by codes of `target`, of a set or of all.
    pub(in crate::models) fn numbers(&self, row: usize, target: &Coder, of: Option<&Set>) -> Set {
        let mut intervals = of.map_or_else(|| vec![(f64::MIN, f64::MAX)], |set| set.intervals(self.own));
        if !self.low.is_empty() {
            for (low, high) in &mut intervals {
                *low = low.max(self.low[row]);
                *high = high.min(self.high[row]);
            }
        }
        let distance = |(low, high): (f64, f64)| match self.gap {
            None => (low, high),
            Some((gap, others)) => {
                let ends = [low, high].map(|end| gap.distance(end, others[row]));
                (ends[0].min(ends[1]), ends[0].max(ends[1]))
            }
        };
        let ranges = intervals.into_iter().map(distance).filter(|(low, high)| low <= high);
        let mut wanted: Vec<Wanted> = ranges.map(|(low, high)| Wanted::Range(low, high)).collect();
        if of.is_none_or(|set| set.has_missing(self.own)) {
            wanted.push(Wanted::Missing);
        }
        let set = Set::new(target, &wanted);
        if self.gap.is_some() || self.never.is_empty() {
            return set;
        }
        let excluded = self.excluded(row);
        set.only(target, |code| !contains(&excluded, code as u8))
    }

    /// What is left of codes as shares of them, where no ends are to be kept.
    pub(in crate::models) fn shares(&self, row: usize, codes: usize, of: Option<&Set>) -> Vec<f32> {
        let mut shares = of.map_or_else(|| vec![1.0; codes.max(1)], |set| set.shares.clone());
        let excluded = self.excluded(row);
        for (code, share) in shares.iter_mut().enumerate() {
            if contains(&excluded, code as u8) {
                *share = 0.0;
            }
        }
        shares
    }
}
