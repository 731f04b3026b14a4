//! Zeros at the end of numbers, which say how exact a number is, or that it is none: `3.9`, `3.10`, `3.11` are versions.

use super::evidence::Cell;
use super::number::{self, Plain};
use super::numbers::Numbers;

/// The greatest second number of a version.
const LATEST: u32 = 40;

/// The digits behind the points of a column's numbers, as far as zeros are among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Zeros {
    /// Cells that end in a zero, by their digits behind the point, and the first of those with the most.
    ended: [usize; number::SHORTEST as usize + 1],
    first: Option<(u8, Cell)>,
    /// Whether a zero comes first behind a point, before others.
    has_leading: bool,
}

impl Zeros {
    /// Takes in a cell with a point.
    pub(super) fn see(&mut self, plain: &Plain, text: &str, line: u64) {
        let behind = usize::from(plain.decimals);
        let first = text.as_bytes().get(text.len().wrapping_sub(behind));
        self.has_leading |= behind > 1 && first == Some(&b'0');
        if text.ends_with('0') {
            self.ended[behind] += 1;
            if self.first.as_ref().is_none_or(|(most, _)| *most < plain.decimals) {
                self.first = Some((plain.decimals, (line, text.to_owned())));
            }
        }
    }

    /// How many cells lose zeros where all come back with `kept` digits behind the point at least, and one as it is and as it comes
    /// back.
    pub(super) fn lost(&self, kept: u8) -> Option<(usize, String, String)> {
        let lost: usize = self.ended.get(usize::from(kept) + 1..)?.iter().sum();
        let (decimals, (_, text)) = self.first.as_ref()?;
        let mut back = text.as_str();
        for _ in kept..*decimals {
            back = back.strip_suffix('0').unwrap_or(back);
        }
        (lost > 0 && back != text).then(|| (lost, text.clone(), back.trim_end_matches('.').to_owned()))
    }
}

/// Whether what stands behind the points counts on from 9 to 10.
pub(super) fn are_versions(numbers: &Numbers) -> bool {
    let varies = numbers.decimals == 2 && numbers.least_decimals < 2;
    let Some(distinct) = numbers.distinct.as_ref().filter(|_| varies && !numbers.zeros.has_leading) else {
        return false;
    };
    let twice = numbers.twice.iter().flatten().filter_map(|(_, text)| number::scan(text));
    let parts: Vec<(f64, u32)> = distinct
        .iter()
        .map(|(value, decimals, _)| (*value, *decimals))
        .chain(twice.map(|plain| (plain.value, plain.decimals)))
        .filter(|(_, decimals)| *decimals > 0)
        .map(|(value, decimals)| {
            let behind = value.fract().abs() * 10_f64.powi(i32::from(decimals));
            (value.trunc(), behind.round() as u32)
        })
        .collect();
    let has = |major: f64, minor: u32| parts.contains(&(major, minor));
    let counts_on = parts.iter().any(|(major, minor)| *minor == 10 && (has(*major, 9) || has(*major, 11)));
    counts_on && parts.iter().all(|(_, minor)| *minor <= LATEST)
}
