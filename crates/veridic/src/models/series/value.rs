//! What values say alone: how far one lies from its neighbors, how long one stays the same, and how far their level jumps.

use super::average::prefix_sums;
use super::part::Part;

/// Values on either side that say where one should be.
const BESIDE: usize = 2;

/// How far each value is from the median of the five around it, those at the ends from what there is.
pub(super) fn loneliness(values: &[f64]) -> Vec<f64> {
    let last = values.len().saturating_sub(1);
    let away = |i: usize| {
        let mut around = [0.0; 2 * BESIDE + 1];
        for (k, value) in around.iter_mut().enumerate() {
            // The ends are repeated.
            *value = values[(i + k).saturating_sub(BESIDE).min(last)];
        }
        around.sort_unstable_by(f64::total_cmp);
        (values[i] - around[BESIDE]).abs()
    };
    (0..values.len()).map(away).collect()
}

/// For each point how many points around it, one after the other, have its value; one that was missing is by itself.
pub(super) fn stillness(part: &Part<'_>) -> Vec<f64> {
    let mut lengths = vec![1.0; part.len()];
    let mut start = 0;
    for i in 1..=part.len() {
        if i < part.len() && is_as_before(part, i) {
            continue;
        }
        lengths[start..i].fill((i - start) as f64);
        start = i;
    }
    lengths
}

/// How far the mean of `side` values from each point on is from that of as many before it; 0 where there are fewer.
pub(super) fn jumps(values: &[f64], side: usize) -> Vec<f64> {
    let sums = prefix_sums(values.iter().copied());
    let jump = |i: usize| match (i.checked_sub(side), i + side) {
        (Some(from), to) if to <= values.len() && side > 0 => {
            ((sums[to] - sums[i]) - (sums[i] - sums[from])).abs() / side as f64
        }
        _ => 0.0,
    };
    (0..values.len()).map(jump).collect()
}

/// Whether point `i` has the value of the one before it.
#[allow(clippy::float_cmp, reason = "a value that is only nearly the same is another")]
pub(super) fn is_as_before(part: &Part<'_>, i: usize) -> bool {
    i > 0 && part.values[i] == part.values[i - 1] && !part.is_filled(i) && !part.is_filled(i - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::series::Series;

    #[test]
    fn a_spike_is_lonely_and_an_edge_is_not() {
        let mut values = vec![1.0; 10];
        values[5..].fill(4.0);
        assert_eq!(loneliness(&values), [0.0; 10]);
        values[2] = 9.0;
        assert_eq!(loneliness(&values)[2], 8.0);
        assert_eq!(loneliness(&[3.0]), [0.0]);
        assert!(loneliness(&[]).is_empty());
    }

    #[test]
    fn a_level_jumps_where_it_does() {
        let mut values = vec![1.0; 20];
        values[8..].fill(5.0);
        let found = jumps(&values, 4);
        assert_eq!((found[8], found[6], found[12], found[2]), (4.0, 2.0, 0.0, 0.0));
        assert_eq!(jumps(&[1.0, 2.0], 4), [0.0, 0.0]);
        assert!(jumps(&[], 0).is_empty());
    }

    #[test]
    fn what_stays_the_same_is_counted_and_what_is_missing_is_not() {
        let gap = f64::NAN;
        let values = vec![vec![gap, 2.0, 2.0, 2.0, 1.0, gap, 1.0, 5.0, 5.0]];
        let times = (0..9).map(f64::from).collect();
        let series = Series { times, values, ..Series::default() };
        let part = Part::of(&series, 0);
        assert_eq!(stillness(&part), [1.0, 3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
    }
}
