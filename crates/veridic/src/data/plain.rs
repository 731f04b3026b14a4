//! Plain numbers of a column, as far as they tell how it is spelled.

use super::evidence::Cell;
use super::foreign::MAX_STRAYS;
use super::group::Groups;
use super::number::Plain;

/// The cells of a column that are plain numbers, as far as spelling matters.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlainCells {
    pub(crate) n: usize,
    /// Those with a point, and of these those whose point could part thousands (`1.234`).
    pub(crate) with_point: usize,
    pub(crate) groupable: usize,
    pub(super) groups: Groups,
    pub(crate) first: Option<Cell>,
    /// The first few.
    pub(super) firsts: Vec<Cell>,
    /// Those below zero, and the first.
    pub(crate) negatives: usize,
    pub(crate) first_negative: Option<Cell>,
    pub(crate) first_with_point: Option<Cell>,
    /// The first above zero without a plus sign, and with one.
    pub(crate) first_bare: Option<Cell>,
    pub(crate) first_plus: Option<Cell>,
}

impl PlainCells {
    /// How many cells these signs read.
    pub(super) fn read_by(&self, (decimal, thousands): (char, Option<char>)) -> usize {
        match (decimal, thousands) {
            (',', Some('.')) => self.n - self.with_point + self.groupable,
            (',', _) => self.n - self.with_point,
            _ => self.n,
        }
    }

    /// Takes in a cell.
    pub(super) fn see(&mut self, plain: &Plain, text: &str, line: u64) {
        let cell = || (line, text.to_owned());
        if self.n == 0 {
            self.first = Some(cell());
        }
        self.n += 1;
        self.groups.see_plain(plain, text);
        if self.firsts.len() <= MAX_STRAYS {
            self.firsts.push(cell());
        }
        if plain.has_point || !plain.is_regular {
            if self.with_point == 0 {
                self.first_with_point = Some(cell());
            }
            self.with_point += 1;
            self.groupable += usize::from(
                plain.is_regular
                    && plain.decimals == 3
                    && (1..=3).contains(&plain.digits)
                    && plain.value.abs() >= 1.0,
            );
        }
        self.negatives += usize::from(plain.value < 0.0);
        if plain.value < 0.0 && self.first_negative.is_none() {
            self.first_negative = Some(cell());
        } else if plain.value > 0.0 {
            let first = if plain.has_plus { &mut self.first_plus } else { &mut self.first_bare };
            if first.is_none() {
                *first = Some(cell());
            }
        }
    }
}
