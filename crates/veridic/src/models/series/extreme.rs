//! Values so far out that nothing is learned from them.

use crate::data::series::Series;

/// The share of values at either end that do not say how far values go.
const ENDS: f64 = 0.01;
/// Beyond so many times the span of the others a value is not learned from. The furthest that any of the series of NAB, SKAB, SMAP
/// and MSL goes is 30.
const SPANS: f64 = 50.0;
/// Of values nearly all of which are the same, fewer that are not are none to learn from.
const FEW: usize = 5;
/// Fewest values that say what is far.
const LEAST: usize = 16;

/// Leaves out of the series of one entity, or of all, the values of each channel that are further from the middle 98 % than 50 times
/// their span (where these are one and the same value, than 50 times the median distance of the others from it): one wrong value,
/// even of 1e300, then does not make all others look alike. Gives how many there were by channel.
pub(super) fn leave_out(series: &mut [Series]) -> Vec<usize> {
    let n_channels = series.first().map_or(0, |series| series.values.len());
    let mut left_out = vec![0; n_channels];
    for (c, left_out) in left_out.iter_mut().enumerate() {
        let all = series.iter().flat_map(|series| &series.values[c]).copied();
        let [low, high] = bounds(all.filter(|value| value.is_finite()).collect());
        for value in series.iter_mut().flat_map(|series| &mut series.values[c]) {
            if *value < low || *value > high {
                *value = f64::NAN;
                *left_out += 1;
            }
        }
    }
    left_out
}

/// The least and the highest value that is learned from.
fn bounds(mut values: Vec<f64>) -> [f64; 2] {
    if values.len() < LEAST {
        return [f64::NEG_INFINITY, f64::INFINITY];
    }
    values.sort_unstable_by(f64::total_cmp);
    let last = (values.len() - 1) as f64;
    let (low, high) = (values[(ENDS * last).ceil() as usize], values[((1.0 - ENDS) * last).floor() as usize]);
    if high > low {
        // Halves, as the span itself may be too large for a number.
        let reach = 2.0 * SPANS * (high / 2.0 - low / 2.0);
        return [low - reach, high + reach];
    }
    let mut away: Vec<f64> = values.iter().map(|value| (value - low).abs()).filter(|d| *d > 0.0).collect();
    away.sort_unstable_by(f64::total_cmp);
    let reach = if away.len() < FEW { 0.0 } else { SPANS * away[away.len() / 2] };
    [low - reach, low + reach]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: Vec<f64>) -> Vec<Series> {
        let times = (0..values.len()).map(|i| i as f64).collect();
        vec![Series { entity: String::new(), times, values: vec![values], labels: Vec::new() }]
    }

    fn wave() -> Vec<f64> {
        (0..400).map(|i| (f64::from(i) * 0.3).sin() + 5.0).collect()
    }

    #[test]
    fn what_is_far_is_left_out_and_what_belongs_to_a_heavy_tail_is_not() {
        for wild in [1e300, -1e300, 9e99, 1e6, f64::MAX] {
            let mut values = wave();
            values[17] = wild;
            let mut all = series(values);
            assert_eq!(leave_out(&mut all), [1], "{wild}");
            assert!(
                all[0].values[0][17].is_nan() && all[0].values[0].iter().filter(|v| v.is_nan()).count() == 1
            );
        }
        let mut values = wave();
        (values[17], values[90]) = (40.0, -30.0);
        assert_eq!(leave_out(&mut series(values)), [0]);
        // Both ends at the largest numbers there are.
        let ends = (0..100).map(|i| if i % 2 == 0 { f64::MAX } else { f64::MIN }).collect();
        assert_eq!(leave_out(&mut series(ends)), [0]);
        assert_eq!(leave_out(&mut series(vec![1.0, 2.0, 1e300])), [0]);
        assert!(leave_out(&mut []).is_empty());
    }

    #[test]
    fn nearly_constant_values_keep_what_repeats() {
        let mut values = vec![3.0; 1000];
        values[5] = 1e300;
        assert_eq!(leave_out(&mut series(values.clone())), [1]);
        values[100..108].fill(4.0);
        let mut all = series(values);
        assert_eq!(leave_out(&mut all), [1]);
        assert_eq!(all[0].values[0][100..108], [4.0; 8]);
    }
}
