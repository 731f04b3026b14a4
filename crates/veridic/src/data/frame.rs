//! What stands around the digits of cells and means something only where all cells have it.

use super::digits::{is_scale, key};
use super::number;

/// What stands around the digits of the cells of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    /// Cells of digits and an `X`, as the last of which some numbers have a check digit.
    pub(super) checked: usize,
    /// Cells of a number and the end of a scale, `4.5/5`, which is this in all of them, and whether one has decimals.
    scored: usize,
    scale: Option<String>,
    has_decimals: bool,
    /// The word before a sign of equality, `dur=402ms`, and how many cells have it.
    key: Option<String>,
    keyed: usize,
}

impl Frames {
    /// Takes in a cell that is no plain number.
    pub(super) fn see(&mut self, text: &str) {
        self.checked += usize::from(is_checked(text));
        if let Some(key) = key(text) {
            self.keyed += usize::from(self.key.get_or_insert_with(|| key.to_owned()) == key);
        }
        if let Some((value, end)) = text.split_once('/').filter(|(value, _)| number::parse(value).is_some()) {
            let end = format!("/{end}");
            let is_same = self.scale.as_ref().is_none_or(|known| *known == end);
            self.scored += usize::from(is_scale(&end) && is_same);
            self.has_decimals |= value.contains('.');
            self.scale.get_or_insert(end);
        }
    }

    /// Whether some of `n` cells have a word before a sign of equality and too many have not for numbers of one thing.
    pub(super) fn are_pairs(&self, n: usize) -> bool {
        self.key.is_some() && self.keyed * 10 < n * 9
    }

    /// The end of the scale on which all of `n` cells are, some of them between whole numbers.
    pub(super) fn scale_of(&self, n: usize) -> Option<String> {
        self.scale.clone().filter(|_| self.scored == n && self.has_decimals)
    }
}

/// Whether a text is eight characters and more, digits and an `X` as the last, as numbers of books and of people in China have.
fn is_checked(text: &str) -> bool {
    let digits = text.strip_suffix(['X', 'x']).filter(|digits| digits.len() > 6);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}
