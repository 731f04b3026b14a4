//! What is known of the cells of rows that are drawn.

use super::coder::{Coded, Coder, Made};
use super::likelihood::LEAST;
use super::number::{Cell, NumberCoder};
use super::text::TextCoder;

/// What is known of a column's cells.
#[derive(Debug, Clone, Default)]
pub(in crate::models) struct Evidence {
    /// Cells that are given.
    pub(in crate::models) given: Option<Given>,
    /// What the others may be: sets, and which of them holds for each row (of all rows the first, where this is empty).
    pub(in crate::models) sets: Vec<Set>,
    pub(in crate::models) of_row: Vec<u32>,
}

/// Cells that are given, in some rows.
#[derive(Debug, Clone)]
pub(in crate::models) struct Given {
    /// Whether each row's cell is.
    pub(in crate::models) known: Vec<bool>,
    pub(in crate::models) made: Made,
    pub(in crate::models) coded: Coded,
}

/// A set of values of a column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::models) struct Set {
    /// By code, the share of it that is in the set.
    pub(in crate::models) shares: Vec<f32>,
    pieces: Vec<Piece>,
}

/// A part of a code.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    code: usize,
    /// Share of the code.
    mass: f64,
    /// Places of numbers, and the ends that they may not leave.
    from: f64,
    to: f64,
    low: f64,
    high: f64,
    /// The symbol of a category.
    symbol: u32,
}

/// What values of a column are allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::models) enum Wanted<'a> {
    Missing,
    /// Any but a missing one.
    Present,
    /// From the first to the last, both included.
    Range(f64, f64),
    /// Those symbols (of numbers: codes) that are marked.
    Symbols(&'a [bool]),
}

impl Evidence {
    /// Whether nothing is known.
    pub(in crate::models) fn is_free(&self) -> bool {
        self.given.is_none() && self.sets.is_empty()
    }

    /// The set that the cell of a row is in, if anything is known of it.
    pub(in crate::models) fn set(&self, row: usize) -> Option<&Set> {
        match self.of_row.get(row) {
            Some(set) => self.sets.get(*set as usize),
            None => self.sets.first(),
        }
    }

    /// The one cell that all rows have.
    pub(super) fn single(&self, coder: &Coder) -> Option<Made> {
        let one = self.sets.first().filter(|_| self.given.is_none() && self.of_row.is_empty());
        one.and_then(|set| set.single(coder))
    }

    /// Whether a row's cell is given.
    pub(in crate::models) fn given(&self, row: usize) -> Option<&Given> {
        self.given.as_ref().filter(|given| given.known[row])
    }
}

impl Evidence {
    /// Cells that follow from others, with the given ones in their places; rows in which they differ, or are not as they
    /// must be, get no weight.
    pub(in crate::models) fn keep(&self, coder: &Coder, from: usize, made: Made, logs: &mut [f64]) -> Made {
        if !self.sets.is_empty() {
            let coded = coder.encode(&made);
            for (row, log) in logs.iter_mut().enumerate() {
                let given = self.given(from + row).is_some();
                let set = self.set(from + row).filter(|_| !given);
                if set.is_some_and(|set| !set.has(&coded, &made, row)) {
                    *log = f64::NEG_INFINITY;
                }
            }
        }
        match &self.given {
            Some(given) => given.keep(from, made, logs),
            None => made,
        }
    }
}

impl Given {
    /// What was drawn of rows `from..`, with the given cells in their places; rows in which they differ get no weight.
    pub(in crate::models) fn keep(&self, from: usize, mut made: Made, logs: &mut [f64]) -> Made {
        for (row, log) in logs.iter_mut().enumerate().filter(|(row, _)| self.known[from + row]) {
            if !made.same(row, &self.made, from + row) {
                *log += LEAST.ln();
                made.set(row, &self.made, from + row);
            }
        }
        made
    }
}

impl Set {
    /// All of a code.
    pub(in crate::models) fn whole(code: usize) -> Self {
        let piece = Piece { code, mass: 1.0, from: 0.0, to: 1.0, low: f64::MIN, high: f64::MAX, symbol: 0 };
        Self { shares: Vec::new(), pieces: vec![piece] }
    }

    /// The values of a column that are wanted, any of the list.
    pub(in crate::models) fn new(coder: &Coder, wanted: &[Wanted]) -> Self {
        let mut pieces = Vec::new();
        for wanted in wanted {
            match coder {
                Coder::Number(coder) => number_pieces(coder, wanted, &mut pieces),
                Coder::Text(coder) => text_pieces(coder, wanted, &mut pieces),
            }
        }
        pieces.dedup();
        Self::of(coder, pieces)
    }

    fn of(coder: &Coder, pieces: Vec<Piece>) -> Self {
        let mut shares = vec![0.0f64; coder.codes().max(1)];
        for piece in &pieces {
            shares[piece.code] += piece.mass;
        }
        // Ranges may overlap.
        Self { shares: shares.into_iter().map(|share| share.min(1.0) as f32).collect(), pieces }
    }

    /// The same with other shares of codes.
    pub(in crate::models) fn with(self, shares: Vec<f32>) -> Self {
        Self { shares, ..self }
    }

    /// Whether a cell is in the set.
    pub(super) fn has(&self, coded: &Coded, made: &Made, row: usize) -> bool {
        self.pieces.iter().filter(|piece| piece.code == usize::from(coded.codes[row])).any(|piece| match made
        {
            Made::Number(values) => values[row].is_nan() || (piece.low..=piece.high).contains(&values[row]),
            Made::Symbol(symbols) => piece.symbol == symbols[row],
        })
    }

    /// What of this is in codes and symbols that `keep` says yes to.
    pub(in crate::models) fn only(&self, coder: &Coder, keep: impl Fn(usize) -> bool) -> Self {
        let symbol = |piece: &Piece| match coder {
            Coder::Number(_) => piece.code,
            Coder::Text(_) => piece.symbol as usize,
        };
        let pieces = self.pieces.iter().copied().filter(|piece| keep(symbol(piece)));
        Self::of(coder, pieces.collect())
    }

    /// What is in both of two sets, of which one is of whole codes or symbols.
    pub(in crate::models) fn both(&self, coder: &Coder, other: &Self) -> Self {
        let whole = |set: &Self| set.pieces.iter().all(|piece| piece.low == f64::MIN || piece.mass == 1.0);
        let (fine, coarse) = if whole(other) { (self, other) } else { (other, self) };
        let same = |a: &Piece, b: &Piece| a.code == b.code && a.symbol == b.symbol;
        let pieces = fine.pieces.iter().copied().filter(|a| coarse.pieces.iter().any(|b| same(a, b)));
        Self::of(coder, pieces.collect())
    }

    pub(in crate::models) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The one cell that the set has, if it has no other.
    pub(super) fn single(&self, coder: &Coder) -> Option<Made> {
        let [piece] = self.pieces.as_slice() else { return None };
        match coder {
            Coder::Text(coder) => (piece.symbol != coder.missing()).then(|| Made::Symbol(vec![piece.symbol])),
            Coder::Number(coder) => {
                let value = match coder.cells().get(piece.code)? {
                    Cell::Value(value) => *value,
                    Cell::Range(_) if piece.low == piece.high => coder.round(piece.low),
                    Cell::Range(_) => return None,
                };
                Some(Made::Number(vec![value]))
            }
        }
    }

    /// The numbers of the set as ranges, those of neighboring codes as one.
    pub(in crate::models) fn intervals(&self, coder: &Coder) -> Vec<(f64, f64)> {
        let Coder::Number(coder) = coder else { return Vec::new() };
        let mut intervals: Vec<(f64, f64)> = Vec::new();
        let mut before = None;
        for piece in &self.pieces {
            let Some(cell) = coder.cells().get(piece.code) else { continue };
            let (least, most) = cell.ends();
            let (low, high) = (piece.low.max(least), piece.high.min(most));
            match intervals.last_mut() {
                Some(last) if before.is_some_and(|code| code + 1 == piece.code) && last.1 <= low => {
                    last.1 = high;
                }
                _ => intervals.push((low, high)),
            }
            before = Some(piece.code);
        }
        intervals
    }

    /// Whether missing cells are in the set.
    pub(in crate::models) fn has_missing(&self, coder: &Coder) -> bool {
        match coder {
            Coder::Number(coder) => self.pieces.iter().any(|piece| piece.code == coder.cells().len()),
            Coder::Text(coder) => self.pieces.iter().any(|piece| piece.symbol == coder.missing()),
        }
    }

    /// The number of the set that is nearest to a value.
    pub(in crate::models) fn nearest(&self, coder: &Coder, value: f64) -> f64 {
        let near = self.intervals(coder).into_iter().map(|(low, high)| value.clamp(low, high.max(low)));
        near.min_by(|a, b| (a - value).abs().total_cmp(&(b - value).abs())).unwrap_or(value)
    }

    /// The place, symbol and ends of a value of code `code`, where `density` is how much more likely a part of the cell is
    /// than if all were alike; and how much more likely the set is for it.
    pub(in crate::models) fn choose(
        &self,
        code: usize,
        share: f64,
        within: f64,
        density: impl Fn(f64, f64) -> Vec<(f64, f64, f64)>,
    ) -> Option<(Choice, f64)> {
        let mut choices: Vec<(f64, Choice)> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| piece.code == code) {
            let choice = |from: f64, to: f64| Choice {
                place: from + (to - from) * within,
                low: piece.low,
                high: piece.high,
                symbol: piece.symbol,
            };
            let length = piece.to - piece.from;
            for (from, to, density) in density(piece.from, piece.to) {
                let part = if length > 0.0 { (to - from) / length } else { 1.0 };
                choices.push((piece.mass * part * density, choice(from, to)));
            }
        }
        let total: f64 = choices.iter().map(|choice| choice.0).sum();
        let mut left = share * total;
        for (mass, choice) in &choices {
            left -= mass;
            if left < 0.0 {
                return Some((*choice, total));
            }
        }
        choices.last().map(|(_, choice)| (*choice, total))
    }
}

/// A value that was chosen from a set.
#[derive(Debug, Clone, Copy)]
pub(in crate::models) struct Choice {
    pub(in crate::models) place: f64,
    pub(in crate::models) low: f64,
    pub(in crate::models) high: f64,
    pub(in crate::models) symbol: u32,
}

fn has(set: &[bool], symbol: usize) -> bool {
    set.get(symbol).copied().unwrap_or(false)
}

fn number_pieces(coder: &NumberCoder, wanted: &Wanted, pieces: &mut Vec<Piece>) {
    let missing = coder.cells().len();
    let whole =
        Piece { code: missing, mass: 1.0, from: 0.0, to: 1.0, low: f64::MIN, high: f64::MAX, symbol: 0 };
    let (low, high) = match wanted {
        Wanted::Missing => {
            if coder.codes() > missing {
                pieces.push(whole);
            }
            return;
        }
        Wanted::Present => (f64::MIN, f64::MAX),
        Wanted::Range(low, high) => (*low, *high),
        Wanted::Symbols(set) => {
            pieces.extend(
                (0..coder.codes()).filter(|code| has(set, *code)).map(|code| Piece { code, ..whole }),
            );
            return;
        }
    };
    let half = coder.spacing() / 2.0;
    for (code, cell) in coder.cells().iter().enumerate() {
        match cell {
            Cell::Value(value) => {
                if (low..=high).contains(value) {
                    pieces.push(Piece { code, ..whole });
                }
            }
            Cell::Range(knots) => {
                let (least, most) = (knots[0], knots[knots.len() - 1]);
                if most < low || least > high {
                    continue;
                }
                let from =
                    if low - half <= least { 0.0 } else { coder.place(code, low - half).unwrap_or(0.0) };
                let to =
                    if high + half >= most { 1.0 } else { coder.place(code, high + half).unwrap_or(1.0) };
                // A single number of those that are on no grid is as likely as its neighborhood.
                let mass = if to > from { to - from } else { 1.0 };
                pieces.push(Piece { code, mass, from, to, low, high, symbol: 0 });
            }
        }
    }
}

fn text_pieces(coder: &TextCoder, wanted: &Wanted, pieces: &mut Vec<Piece>) {
    for (symbol, (code, share)) in coder.lookup().into_iter().enumerate() {
        let symbol = symbol as u32;
        let is_in = match wanted {
            Wanted::Missing => symbol == coder.missing(),
            Wanted::Present => symbol != coder.missing(),
            Wanted::Range(..) => false,
            Wanted::Symbols(set) => has(set, symbol as usize),
        };
        if is_in && share > 0.0 {
            let mass = f64::from(share);
            let code = usize::from(code);
            pieces.push(Piece { code, mass, from: 0.0, to: 0.0, low: 0.0, high: 0.0, symbol });
        }
    }
}
