//! Moving averages, and what belongs to the middle of a window.

/// The centred moving average over `width` points: `(width - 1) / 2` before and `width / 2` after, fewer at the ends.
pub(super) fn moving_average(values: &[f64], width: usize) -> Vec<f64> {
    if width <= 1 {
        return values.to_vec();
    }
    let sums = prefix_sums(values.iter().copied());
    let n = values.len();
    let mean = |i: usize| {
        let (from, to) = (i.saturating_sub((width - 1) / 2), (i + width / 2 + 1).min(n));
        (sums[to] - sums[from]) / (to - from) as f64
    };
    (0..n).map(mean).collect()
}

/// The mean of the last `width` points up to each point, fewer at the start.
pub(super) fn trailing_average(values: &[f64], width: usize) -> Vec<f64> {
    let sums = prefix_sums(values.iter().copied());
    let mean = |i: usize| {
        let from = (i + 1).saturating_sub(width.max(1));
        (sums[i + 1] - sums[from]) / (i + 1 - from) as f64
    };
    (0..values.len()).map(mean).collect()
}

/// The sum of the first `i` values at `i`.
pub(super) fn prefix_sums(values: impl ExactSizeIterator<Item = f64>) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for value in values {
        sum += value;
        sums.push(sum);
    }
    sums
}

/// Values of windows of `width` points as values of the `n` points: each belongs to the middle of its window, the first and
/// the last are repeated to the ends.
pub(super) fn centered(windows: &[f64], width: usize, n: usize) -> Vec<f64> {
    let (Some(first), Some(last)) = (windows.first(), windows.last()) else { return vec![0.0; n] };
    let mut points = vec![*first; width / 2];
    points.extend_from_slice(windows);
    points.resize(n.max(points.len()), *last);
    points.truncate(n);
    points
}

/// The mean of the two middle values, or the middle one; 0 without values.
pub(super) fn median(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if below.len() < middle || !values.len().is_multiple_of(2) {
        return upper;
    }
    let lower = values[..middle].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lower + upper) / 2.0
}

/// Mean and standard deviation with divisor n.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_have_fewer_points_at_the_ends() {
        let values = [1.0, 2.0, 3.0, 4.0, 10.0];
        assert_eq!(moving_average(&values, 3), [1.5, 2.0, 3.0, 17.0 / 3.0, 7.0]);
        // Of an even width the longer half is after the point.
        assert_eq!(moving_average(&values, 2), [1.5, 2.5, 3.5, 7.0, 10.0]);
        assert_eq!(moving_average(&values, 1), values);
        assert_eq!(trailing_average(&values, 2), [1.0, 1.5, 2.5, 3.5, 7.0]);
    }

    #[test]
    fn windows_stand_in_their_middle() {
        assert_eq!(centered(&[1.0, 2.0, 3.0], 3, 5), [1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(centered(&[1.0, 2.0], 4, 5), [1.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(centered(&[], 4, 2), [0.0, 0.0]);
    }

    #[test]
    fn medians_are_those_of_numpy() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 10.0]), 3.0);
        assert_eq!(median(&[]), 0.0);
        assert_eq!(moments(&[1.0, 3.0]), (2.0, 1.0));
    }
}
