//! Numbers that columns are multiplied with: a tax of 19 %, a length in other units.

use serde::{Deserialize, Serialize};

/// Rows that are asked first where some may be wrong, and the share of them that must agree.
const ASKED: usize = 64;
const AGREEING: f64 = 0.8;

/// Decimals of a factor that are tried, of it and of what is divided by in turn.
const DECIMALS: [usize; 4] = [0, 2, 4, 8];

/// A number that products are multiplied with, or divided by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Factor {
    pub(super) value: f64,
    pub(super) inverse: bool,
}

impl Factor {
    pub(super) fn number(self) -> f64 {
        if self.inverse { 1.0 / self.value } else { self.value }
    }

    /// Its digits, zeros at the end aside.
    pub(super) fn digits(self) -> usize {
        format!("{:e}", self.value).split('e').next().map_or(0, str::len)
    }

    /// One factor after another.
    pub(super) fn times(before: Option<Self>, own: Self) -> Self {
        let Some(before) = before else { return own };
        match (before.inverse, own.inverse) {
            (true, true) => Self { value: before.value * own.value, inverse: true },
            _ => Self { value: before.number() * own.number(), inverse: false },
        }
    }

    /// The same on the other side of an equation.
    pub(super) fn turned(self) -> Self {
        Self { inverse: !self.inverse, ..self }
    }
}

/// The number by which products are the values of a column, within half of its `spacing`, but in at most so many rows; the
/// shortest that is one.
pub(super) fn find(
    values: &[f64],
    product: impl Fn(usize) -> f64,
    spacing: f64,
    most: usize,
) -> Option<Factor> {
    let of = |row: usize| interval(values[row], product(row), spacing);
    let ((low, high), _) = shared(of, values.len(), most)?;
    shortest(low, high)
}

/// What the intervals of `n` rows share, those aside of at most so many rows, and how many rows those are.
pub(super) fn shared(
    of: impl Fn(usize) -> Option<(f64, f64)>,
    n: usize,
    most: usize,
) -> Option<((f64, f64), usize)> {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    if most > 0 {
        let asked: Vec<_> = (0..n).step_by(n.div_ceil(ASKED).max(1)).filter_map(&of).collect();
        if !asked.is_empty() {
            (low, high) = agreed(&asked)?;
        }
    }
    let mut broken = 0;
    for (own_low, own_high) in (0..n).filter_map(&of) {
        let both = (low.max(own_low), high.min(own_high));
        if both.0 <= both.1 {
            (low, high) = both;
            continue;
        }
        broken += 1;
        if broken > most {
            return None;
        }
    }
    Some(((low, high), broken))
}

/// From where to where a factor is that makes `value` of a product; none where it may be any.
pub(super) fn interval(value: f64, product: f64, spacing: f64) -> Option<(f64, f64)> {
    if value.is_nan() || !product.is_finite() || product == 0.0 {
        return None;
    }
    let slack = spacing * 0.5 + 1e-12 * value.abs();
    let ends = ((value - slack) / product, (value + slack) / product);
    Some(if product > 0.0 { ends } else { (ends.1, ends.0) })
}

/// Where most intervals meet, if most of them do.
fn agreed(intervals: &[(f64, f64)]) -> Option<(f64, f64)> {
    let mut ends: Vec<(f64, bool)> =
        intervals.iter().flat_map(|(low, high)| [(*low, false), (*high, true)]).collect();
    // Where one begins and another ends they meet.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut open, mut best, mut at) = (0usize, 0usize, None);
    for (i, (_, is_end)) in ends.iter().enumerate() {
        match is_end {
            true => open -= 1,
            false => open += 1,
        }
        if open > best {
            (best, at) = (open, Some(i));
        }
    }
    let at = at?;
    let high = ends.get(at + 1).map_or(ends[at].0, |end| end.0);
    (best as f64 >= AGREEING * intervals.len() as f64).then_some((ends[at].0, high))
}

/// The shortest number in an interval, or one divided by the shortest.
pub(super) fn shortest(low: f64, high: f64) -> Option<Factor> {
    if !low.is_finite() || !high.is_finite() || low <= 0.0 && high >= 0.0 {
        return None;
    }
    let within = |low: f64, high: f64, decimals: usize| {
        let scale = 10f64.powi(decimals as i32);
        let value = ((low + high) / 2.0 * scale).round() / scale;
        (low <= value && value <= high && value != 0.0).then_some(value)
    };
    DECIMALS.into_iter().find_map(|decimals| {
        let value = within(low, high, decimals).map(|value| Factor { value, inverse: false });
        let by = || within(1.0 / high, 1.0 / low, decimals).map(|value| Factor { value, inverse: true });
        value.or_else(by)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_factor_is_found_through_rounding_and_wrong_rows() {
        let net: Vec<f64> = (0..300).map(|i| f64::from(i * 37 % 1000) + 0.37).collect();
        let cents = |value: f64| (value * 100.0).round() / 100.0;
        let mut tax: Vec<f64> = net.iter().map(|net| cents(net * 0.19)).collect();
        assert_eq!(find(&tax, |row| net[row], 0.01, 0), Some(Factor { value: 0.19, inverse: false }));
        tax[17] += 1.0;
        assert_eq!(find(&tax, |row| net[row], 0.01, 0), None);
        assert_eq!(find(&tax, |row| net[row], 0.01, 3), Some(Factor { value: 0.19, inverse: false }));
        let before: Vec<f64> = net.iter().map(|gross| cents(gross / 1.19)).collect();
        assert_eq!(find(&before, |row| net[row], 0.01, 0), Some(Factor { value: 1.19, inverse: true }));
        let other: Vec<f64> = net.iter().map(|net| cents(net * 0.19 + 3.0)).collect();
        assert_eq!(find(&other, |row| net[row], 0.01, 3), None);
        assert_eq!(find(&[0.0; 9], |row| net[row], 0.01, 0), None);
    }
}
