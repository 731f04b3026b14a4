//! Whether the points of numbers part thousands: `93.089` beside `361`.

use super::number::Plain;

/// Of so many numbers with three digits behind the point one at least ends in a zero where points part thousands.
const NEVER_A_ZERO: usize = 40;

/// How many cells of a column are written in ways that tell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Groups {
    /// Cells whose one point has three digits behind it, and of these those that end in a zero.
    pointed: usize,
    ending_in_zero: usize,
    /// Whole numbers without a mark: of at most three digits, and of more.
    short: usize,
    long: usize,
    /// Cells with a mark, and those of them that are amounts: two digits behind the last mark, or groups.
    marked: usize,
    amounts: usize,
    /// Cells that could be addresses of computers: `10.0.123.255`.
    addresses: usize,
}

impl Groups {
    /// Takes in digits with the marks between them.
    pub(super) fn see(&mut self, core: &str) {
        if let Some(at) = core.rfind(|c: char| !c.is_ascii_digit()) {
            let behind = core[at..].chars().count() - 1;
            self.marked += 1;
            self.amounts += usize::from(behind == 2 || behind == 3 && !core[at..].starts_with('.'));
        }
        let is_byte = |part: &str| part.len() <= 3 && part.parse::<u8>().is_ok();
        self.addresses += usize::from(core.split('.').count() == 4 && core.split('.').all(is_byte));
        let Some((whole, behind)) = core.split_once('.') else {
            let is_whole = core.bytes().all(|byte| byte.is_ascii_digit());
            self.short += usize::from(is_whole && core.len() <= 3);
            self.long += usize::from(is_whole && core.len() > 3);
            return;
        };
        let is_group = behind.len() == 3 && behind.bytes().all(|byte| byte.is_ascii_digit());
        if is_group && (1..=3).contains(&whole.len()) && !whole.starts_with('0') {
            self.pointed += 1;
            self.ending_in_zero += usize::from(behind.ends_with('0'));
        }
    }

    /// Takes in a plain number.
    pub(super) fn see_plain(&mut self, plain: &Plain, text: &str) {
        if plain.is_regular {
            self.see(text.trim_start_matches(['-', '+']));
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.pointed += other.pointed;
        self.ending_in_zero += other.ending_in_zero;
        self.short += other.short;
        self.long += other.long;
        self.marked += other.marked;
        self.amounts += other.amounts;
        self.addresses += other.addresses;
    }

    /// Whether numbers above 999 have a point and those below none, as where points part thousands.
    fn are_possible(&self) -> bool {
        self.pointed > 0 && self.short > 0 && self.long == 0
    }

    /// Whether points part thousands for certain: fractions that are written as short as they can be do not end in a zero, and those
    /// of a fixed length stand in whole numbers, too.
    pub(super) fn are_told(&self, is_likely: bool) -> bool {
        self.are_possible() && (self.ending_in_zero > 0 || is_likely)
    }

    /// Whether they may.
    pub(super) fn are_open(&self) -> bool {
        self.are_possible() && self.pointed < NEVER_A_ZERO
    }

    /// Whether some have a mark.
    pub(super) fn is_marked(&self) -> bool {
        self.marked > 0
    }

    /// Whether all with a mark are addresses of computers.
    pub(super) fn are_addresses(&self) -> bool {
        self.addresses > 0 && self.addresses == self.marked
    }

    /// Whether the cells are written as amounts of money.
    pub(super) fn are_amounts(&self) -> bool {
        self.amounts > 0 && self.amounts == self.marked
    }
}
