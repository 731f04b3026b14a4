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
    /// The word before a sign of equality, `dur=402ms`, and whether there are several.
    key: Option<String>,
    pub(super) keys_differ: bool,
}

impl Frames {
    /// Takes in a cell that is no plain number.
    pub(super) fn see(&mut self, text: &str) {
        self.checked += usize::from(is_checked(text));
        if let Some(key) = key(text) {
            match &self.key {
                None => self.key = Some(key.to_owned()),
                Some(known) => self.keys_differ |= known != key,
            }
        }
        if let Some((value, end)) = text.split_once('/').filter(|(value, _)| number::parse(value).is_some()) {
            let end = format!("/{end}");
            let is_same = self.scale.as_ref().is_none_or(|known| *known == end);
            self.scored += usize::from(is_scale(&end) && is_same);
            self.has_decimals |= value.contains('.');
            self.scale.get_or_insert(end);
        }
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
