//! The period of a series, from its autocorrelation.

/// Points that are looked at.
const POINTS: usize = 20_000;
/// The smallest and the largest lag.
const LAGS: std::ops::RangeInclusive<usize> = 3..=400;
/// What is taken where there is no peak, or one at the ends of the lags.
const WITHOUT: usize = 125;

/// The autocorrelation of the first 20,000 values at lags 0 to 400, 1 at lag 0; all 0 for a constant.
fn autocorrelation(values: &[f64]) -> Vec<f64> {
    let values = &values[..values.len().min(POINTS)];
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let centered: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let lags = (*LAGS.end()).min(values.len().saturating_sub(1));
    let at = |lag: usize| centered.iter().zip(&centered[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let zero = at(0);
    (0..=lags).map(|lag| if zero > 0.0 { at(lag) / zero } else { 0.0 }).collect()
}

/// The lag of the highest strict local maximum of the autocorrelation between 3 and 400; 125 where there is none, or where it
/// lies within 3 of the first lag or beyond 303.
///
/// Source: the window of TSB-AD, as its code computes it.
pub fn period(values: &[f64]) -> usize {
    of(&autocorrelation(values)).0
}

/// How long scores are averaged: a period where the series has a clear one (autocorrelation above one half), else at least
/// 1 % of the series, at most 256 points.
pub(super) fn smoothing(values: &[f64]) -> usize {
    let (period, strength) = of(&autocorrelation(values));
    if strength > 0.5 { period } else { period.max((values.len() / 100).min(256)) }
}

/// The period and the autocorrelation there.
fn of(autocorrelation: &[f64]) -> (usize, f64) {
    let first = *LAGS.start();
    let from = autocorrelation.get(first..).unwrap_or_default();
    let peak = (1..from.len().saturating_sub(1))
        .filter(|&i| from[i] > from[i - 1] && from[i] > from[i + 1])
        .max_by(|&a, &b| from[a].total_cmp(&from[b]).then(b.cmp(&a)));
    let lag = match peak {
        Some(peak) if (3..=300).contains(&peak) => peak + first,
        _ => WITHOUT,
    };
    (lag, autocorrelation.get(lag).copied().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_its_period_and_noise_the_default() {
        let wave: Vec<f64> = (0..2000).map(|i| (f64::from(i) * std::f64::consts::TAU / 48.0).sin()).collect();
        assert_eq!((period(&wave), smoothing(&wave)), (48, 48));
        assert_eq!((period(&[1.0; 500]), period(&[]), period(&[1.0, 2.0])), (125, 125, 125));
        let ramp: Vec<f64> = (0..20_000).map(f64::from).collect();
        assert_eq!((period(&ramp), smoothing(&ramp)), (125, 125));
        let long: Vec<f64> = (0..60_000).map(|i| f64::from(i % 1009 * (i % 1009) % 1009)).collect();
        assert!(smoothing(&long) >= 256);
    }
}
