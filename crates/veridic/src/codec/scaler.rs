use serde::{Deserialize, Serialize};

use super::config::Numeric;
use crate::seed::normal_quantile;

/// Training values that a `quantile` scaling keeps at most; with more different ones, every so many-th is kept.
pub const MAX_KNOTS: usize = 4096;

/// An increasing, invertible map of one numeric column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Scaler {
    /// `(x - center) / scale`.
    Linear { center: f64, scale: f64 },
    /// Linear between the knots `(values[i], scores[i])`, both strictly increasing.
    Knots { values: Vec<f64>, scores: Vec<f32> },
}

/// What the training rows say about a numeric column.
pub(super) struct Fitted {
    pub(super) scaler: Scaler,
    /// Smallest and largest value.
    pub(super) range: [f64; 2],
    /// The value that stands for a missing one.
    pub(super) fill: f64,
}

impl Scaler {
    /// Fits to `values`, which are finite, at most 1e150 in magnitude and at least one; their order is lost.
    pub(super) fn fit(numeric: Numeric, values: &mut [f64]) -> Fitted {
        let (min, max) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
        let range = [min, max];
        // Compared exactly: the rounded mean of equal values may differ from them, which would scale rounding noise.
        if min == max {
            return Fitted { scaler: Self::Linear { center: min, scale: 1.0 }, range, fill: min };
        }
        let (scaler, fill) = match numeric {
            Numeric::Standard => {
                let (mean, deviation) = moments(values, range);
                (Self::Linear { center: mean, scale: deviation }, mean)
            }
            Numeric::MinMax => {
                let (mean, _) = moments(values, range);
                (Self::Linear { center: min, scale: max - min }, mean)
            }
            Numeric::Robust => {
                values.sort_unstable_by(f64::total_cmp);
                let [lower, median, upper] = [0.25, 0.5, 0.75].map(|q| quantile_of_sorted(values, q));
                let scale = if upper > lower { upper - lower } else { moments(values, range).1 };
                (Self::Linear { center: median, scale }, median)
            }
            Numeric::Quantile => {
                values.sort_unstable_by(f64::total_cmp);
                (Self::knots(values), quantile_of_sorted(values, 0.5))
            }
        };
        Fitted { scaler, range, fill }
    }

    fn knots(sorted: &[f64]) -> Self {
        let mut all = Vec::new();
        let mut below = 0;
        for equal in sorted.chunk_by(|a, b| a == b) {
            let share = (below as f64 + equal.len() as f64 / 2.0) / sorted.len() as f64;
            all.push((equal[0], normal_quantile(share) as f32));
            below += equal.len();
        }
        let kept = all.len().min(MAX_KNOTS);
        let (mut values, mut scores) = (Vec::with_capacity(kept), Vec::<f32>::with_capacity(kept));
        for i in 0..kept {
            let (value, score) = all[i * (all.len() - 1) / (kept - 1)];
            // A rare value between two frequent ones may round to its neighbor's score.
            scores.push(scores.last().map_or(score, |last| score.max(last.next_up())));
            values.push(value);
        }
        Self::Knots { values, scores }
    }

    /// The scaled value.
    pub(super) fn forward(&self, x: f64) -> f64 {
        match self {
            Self::Linear { center, scale } => (x - center) / scale,
            Self::Knots { values, scores } => {
                let (from, to) = line(values, scores, values.partition_point(|v| *v <= x));
                from[1] + (x - from[0]) / (to[0] - from[0]) * (to[1] - from[1])
            }
        }
    }

    /// The value that is scaled to `z`.
    pub(super) fn inverse(&self, z: f64) -> f64 {
        match self {
            Self::Linear { center, scale } => z * scale + center,
            Self::Knots { values, scores } => {
                let (from, to) = line(values, scores, scores.partition_point(|s| f64::from(*s) <= z));
                from[0] + (z - from[1]) / (to[1] - from[1]) * (to[0] - from[0])
            }
        }
    }

    /// Whether a scaler that was read from a file can be used.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Linear { center, scale } => center.is_finite() && scale.is_finite() && *scale > 0.0,
            Self::Knots { values, scores } => {
                values.len() >= 2
                    && values.len() == scores.len()
                    && values.iter().all(|v| v.is_finite())
                    && scores.iter().all(|s| s.is_finite())
                    && values.is_sorted_by(|a, b| a < b)
                    && scores.is_sorted_by(|a, b| a < b)
            }
        }
    }
}

/// Start and end of the segment to interpolate in as `[value, score]`, from the number of knots at or below the
/// value: each knot starts a segment, so that it comes out exactly; beyond the ends the line has the mean slope.
fn line(values: &[f64], scores: &[f32], at_or_below: usize) -> ([f64; 2], [f64; 2]) {
    let at = |i: usize| [values[i], f64::from(scores[i])];
    let (first, last) = (at(0), at(values.len() - 1));
    match at_or_below {
        0 => (first, last),
        k if k == values.len() => (last, [2.0 * last[0] - first[0], 2.0 * last[1] - first[1]]),
        k => (at(k - 1), at(k)),
    }
}

/// Mean and standard deviation (divisor n) of values that are not all equal.
fn moments(values: &[f64], range: [f64; 2]) -> (f64, f64) {
    let n = values.len() as f64;
    // Relative to the middle, so that large offsets do not cost digits and squares do not overflow or vanish.
    let middle = range[0] / 2.0 + range[1] / 2.0;
    let half = range[1] / 2.0 - range[0] / 2.0;
    let unit = if half > 0.0 { half } else { range[1] - range[0] };
    let mean = values.iter().map(|x| (x - middle) / unit).sum::<f64>() / n;
    let variance = values.iter().map(|x| ((x - middle) / unit - mean).powi(2)).sum::<f64>() / n;
    (middle + mean * unit, (variance.sqrt() * unit).max(f64::MIN_POSITIVE))
}

/// Linear between the order statistics, as NumPy's default.
fn quantile_of_sorted(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let low = sorted[position.floor() as usize];
    let high = sorted[position.ceil() as usize];
    low + (high - low) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(numeric: Numeric, values: &[f64]) -> Fitted {
        Scaler::fit(numeric, &mut values.to_vec())
    }

    #[test]
    fn linear_scalings_have_their_closed_forms() {
        let values = [1.0, 2.0, 3.0, 4.0, 10.0];
        let standard = fit(Numeric::Standard, &values);
        assert_eq!(standard.scaler, Scaler::Linear { center: 4.0, scale: 10f64.sqrt() });
        assert_eq!((standard.range, standard.fill), ([1.0, 10.0], 4.0));
        let min_max = fit(Numeric::MinMax, &values);
        assert_eq!(min_max.scaler, Scaler::Linear { center: 1.0, scale: 9.0 });
        assert_eq!(min_max.fill, 4.0);
        let robust = fit(Numeric::Robust, &values);
        assert_eq!(robust.scaler, Scaler::Linear { center: 3.0, scale: 2.0 });
        assert_eq!(robust.fill, 3.0);
    }

    #[test]
    fn a_mostly_constant_column_is_scaled_by_its_deviation_when_quartiles_are_equal() {
        let robust = fit(Numeric::Robust, &[0.0, 0.0, 0.0, 0.0, 10.0]);
        assert_eq!(robust.scaler, Scaler::Linear { center: 0.0, scale: 4.0 });
    }

    #[test]
    fn equal_values_encode_to_zero_whatever_their_rounded_mean() {
        for numeric in [Numeric::Standard, Numeric::MinMax, Numeric::Robust, Numeric::Quantile] {
            let scaler = fit(numeric, &[0.1; 7]).scaler;
            assert_eq!((scaler.forward(0.1), scaler.inverse(0.0)), (0.0, 0.1));
        }
    }

    #[test]
    fn quantile_scores_are_normal_values_of_mid_ranks_and_invert_exactly() {
        let values = [5.0, 1.0, 1.0, 7.3, 100.0];
        let scaler = fit(Numeric::Quantile, &values).scaler;
        // Mid-ranks: 1 -> 1/5, 5 -> 2.5/5, 7.3 -> 3.5/5, 100 -> 4.5/5.
        assert_eq!(scaler.forward(5.0), 0.0);
        assert!((scaler.forward(1.0) + 0.8416212335729143).abs() < 1e-7);
        assert!((scaler.forward(100.0) - 1.2815515655446004).abs() < 1e-7);
        for x in values {
            assert_eq!(scaler.inverse(f64::from(scaler.forward(x) as f32)), x);
        }
        let slope = (scaler.forward(100.0) - scaler.forward(1.0)) / 99.0;
        assert!((scaler.forward(110.0) - scaler.forward(100.0) - 10.0 * slope).abs() < 1e-12);
        assert!((scaler.inverse(scaler.forward(-20.0)) + 20.0).abs() < 1e-12);
        assert!((scaler.forward(3.0) - scaler.forward(1.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn knots_stay_increasing_where_scores_round_to_the_same_number() {
        let mut values = vec![0.0; 2_000_000];
        values.extend([1.0, 2.0, 3.0]);
        values.extend(std::iter::repeat_n(4.0, 100_000));
        let scaler = Scaler::fit(Numeric::Quantile, &mut values).scaler;
        assert!(scaler.is_sound(), "{scaler:?}");
    }

    #[test]
    fn huge_and_tiny_spreads_stay_finite() {
        for values in [[-1e150, 1e150], [1e-320, 2e-320], [1e15, 1e15 + 0.125]] {
            for numeric in [Numeric::Standard, Numeric::MinMax, Numeric::Robust, Numeric::Quantile] {
                let scaler = fit(numeric, &values).scaler;
                assert!(scaler.is_sound(), "{numeric:?} {scaler:?}");
                for x in values {
                    assert!(scaler.inverse(f64::from(scaler.forward(x) as f32)).is_finite());
                }
            }
        }
    }
}
