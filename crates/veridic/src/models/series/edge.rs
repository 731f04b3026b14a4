//! Where an alarm begins and ends, to the point.

use std::ops::Range;

/// Points on either side of a split, at least.
const LEAST: usize = 8;
/// Windows elsewhere that say how well the usual course splits.
const SAMPLE: usize = 64;
/// Fewer say nothing.
const LEAST_SAMPLE: usize = 16;
/// So many of them may split better: other faults of the series.
const BETTER: usize = 3;
/// By so much, in nats, the values at an end split better than the others.
const PLAIN: f64 = 5.0;

/// `points` of an alarm that windows of twice `reach` points tell of, without those at its start and end that are as the values before
/// and after it. `values` are those of the channel that it is of.
///
/// The end of the values before is where the values around split best in two stretches, each normal with a mean and a variance of its
/// own, by their likelihood; if they split there better than nearly all stretches of that length elsewhere in the series, as a
/// daily wave does anywhere. An alarm of a few points is as it is, none gets longer, and none loses `peak`.
pub(super) fn within(values: &[f64], points: Range<usize>, peak: usize, reach: usize) -> Range<usize> {
    let span = 3 * reach;
    if points.len() < 2 * LEAST || span < 2 * LEAST || values.len() < span {
        return points;
    }
    let usual = usual_gain(values, &points, span);
    let edge = |from: Option<usize>| {
        let from = from?;
        let (at, gain) = best_split(values.get(from..from + span)?)?;
        (gain > usual? + PLAIN).then_some(from + at)
    };
    let is_left =
        |left: &Range<usize>| left.len() >= LEAST && (left.contains(&peak) || !points.contains(&peak));
    let mut found = points.clone();
    if let Some(start) = edge(points.start.checked_sub(reach)).filter(|start| *start > points.start) {
        found = Some(start..found.end).filter(is_left).unwrap_or(found);
    }
    if let Some(end) = edge(points.end.checked_sub(2 * reach)).filter(|end| *end < points.end) {
        found = Some(found.start..end).filter(is_left).unwrap_or(found);
    }
    found
}

/// How much stretches of `span` points away from the alarm gain by being split, but for the few that gain most.
fn usual_gain(values: &[f64], points: &Range<usize>, span: usize) -> Option<f64> {
    let last = values.len() - span;
    let starts = (0..SAMPLE).map(|i| i * last / (SAMPLE - 1));
    let is_away = |start: &usize| start + 2 * span <= points.start || *start >= points.end + span;
    let splits = starts.filter(is_away).filter_map(|start| best_split(&values[start..start + span]));
    let mut gains: Vec<f64> = splits.map(|(_, gain)| gain).collect();
    if gains.len() < LEAST_SAMPLE {
        return None;
    }
    gains.sort_unstable_by(|a, b| b.total_cmp(a));
    gains.get(BETTER).copied()
}

/// The first point of the second of the two stretches that values split in best, and by how much the logarithm of their likelihood is
/// larger than as one, each normal with a mean and a variance of its own; nothing where a value is missing.
fn best_split(values: &[f64]) -> Option<(usize, f64)> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let whole: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if !whole.is_finite() {
        return None;
    }
    // Of what stands still the likelihood has no bound.
    let floor = 1e-4 * whole / n + f64::MIN_POSITIVE;
    let nats = |sum: f64, square: f64, n: f64| {
        let variance = (square / n - (sum / n).powi(2)).max(0.0);
        -0.5 * n * (variance + floor).ln()
    };
    let as_one = nats(0.0, whole, n);
    let (mut sum, mut square) = (0.0, 0.0);
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in values.iter().enumerate() {
        if i >= LEAST && values.len() - i >= LEAST {
            let before = i as f64;
            let gain = nats(sum, square, before) + nats(-sum, whole - square, n - before) - as_one;
            if best.is_none_or(|(_, most)| gain > most) {
                best = Some((i, gain));
            }
        }
        sum += value - mean;
        square += (value - mean).powi(2);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of about 1 in [-1.7, 1.7].
    fn noise(i: usize) -> f64 {
        let mixed = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
        3.46 * (mixed as f64 / (1u64 << 24) as f64 - 0.5)
    }

    #[test]
    fn an_alarm_that_is_wider_than_a_shift_or_a_burst_is_as_wide() {
        let clean: Vec<f64> = (0..3000).map(noise).collect();
        let mut shift = clean.clone();
        shift[1500..1650].iter_mut().for_each(|value| *value += 3.0);
        let mut burst = clean.clone();
        burst[1500..1650].iter_mut().for_each(|value| *value *= 4.0);
        let mut still = clean.clone();
        still[1500..1650].fill(0.3);
        for values in [&shift, &burst, &still] {
            let found = within(values, 1473..1676, 1550, 32);
            assert!(found.start.abs_diff(1500) <= 3 && found.end.abs_diff(1650) <= 3, "{found:?}");
            // It does not grow, and what is narrow stays.
            assert_eq!(within(values, 1505..1640, 1550, 32), 1505..1640);
            assert_eq!(within(values, 1499..1502, 1500, 32), 1499..1502);
        }
        // The peak stays.
        assert_eq!(within(&shift, 1473..1676, 1480, 32), 1473..1650);
    }

    #[test]
    fn a_wave_splits_anywhere_and_says_nothing() {
        let wave: Vec<f64> = (0..3000).map(|i| 3.0 * (i as f64 * 0.065).sin() + 0.1 * noise(i)).collect();
        assert_eq!(within(&wave, 1473..1676, 1550, 32), 1473..1676);
        // What is too short or has no value is left as it is.
        assert_eq!(within(&wave[..90], 20..60, 40, 32), 20..60);
        let mut missing = wave.clone();
        missing[1450] = f64::NAN;
        assert_eq!(within(&missing, 1473..1676, 1550, 32), 1473..1676);
        assert_eq!(within(&[], 0..0, 0, 32), 0..0);
        assert_eq!(within(&vec![2.0; 3000], 1473..1676, 1550, 32), 1473..1676);
    }
}
