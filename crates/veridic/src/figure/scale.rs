//! From a number to its place on an axis, with round ticks.

use super::number::{coordinate, power_of_ten};

/// Between these, powers of ten are exact and finite; logarithmic axes draw what lies beyond at their ends.
const POWERS: std::ops::RangeInclusive<f64> = 1e-300..=1e308;

/// The range of one axis.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    /// The number at the start.
    pub(crate) min: f64,
    /// The number at the end.
    pub(crate) max: f64,
    /// Whether equal steps multiply.
    pub(crate) log: bool,
    /// Where a number is written, with its text.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// An even axis over `min..=max`, widened to round ends, with about `count` ticks.
    pub(crate) fn linear(min: f64, max: f64, count: usize) -> Self {
        let (min, max) = widened(min, max);
        let step = round_step((max - min) / count as f64);
        let (first, last) = ((min / step).floor(), (max / step).ceil());
        let mut scale = Self::exact(first * step, last * step, count);
        // With numbers too close for their size the rounded ends could meet.
        if scale.max <= scale.min {
            (scale.min, scale.max) = (min, max);
        }
        scale
    }

    /// An even axis over exactly `min..=max` with about `count` ticks inside.
    pub(crate) fn exact(min: f64, max: f64, count: usize) -> Self {
        let (min, max) = widened(min, max);
        let step = round_step((max - min) / count as f64);
        let slack = step * 1e-6;
        let first = ((min - slack) / step).ceil();
        let steps = (((max + slack) / step).floor() - first).clamp(0.0, 50.0) as usize;
        let places = (0..=steps).map(|i| (first + i as f64) * step);
        let ticks = places.map(|value| (value, label(value, step, min.abs().max(max.abs())))).collect();
        Self { min, max, log: false, ticks }
    }

    /// A logarithmic axis over `min..=max`, both above zero, widened to whole decades or to 1, 2, 5.
    pub(crate) fn log(min: f64, max: f64) -> Self {
        let within = |value: f64| value.clamp(*POWERS.start(), *POWERS.end());
        let (min, max) = (within(min), within(max));
        let (low, high) = (min.log10(), max.log10());
        let (first, last) = ((low + 1e-9).floor() as i32, (high - 1e-9).ceil() as i32);
        let last = last.max(first + 1).min(308);
        let first = first.min(last - 1);
        let power = |exponent: i32| 10f64.powi(exponent);
        if last - first > 2 {
            let every = ((last - first) / 7).max(0) + 1;
            let ticks = (first..=last).filter(|e| (e - first) % every == 0);
            let ticks = ticks.map(|e| (power(e), decade(e))).collect();
            return Self { min: power(first), max: power(last), log: true, ticks };
        }
        // Fewer than three decades: 1, 2, 5 in each, and ends at the nearest of them outside the data.
        let marks: Vec<(f64, String)> = (first..=last)
            .flat_map(|e| [1.0, 2.0, 5.0].map(|m| (m * power(e), multiple(m, e))))
            .filter(|(value, _)| *value <= power(last) * 1.001)
            .collect();
        let below = marks.iter().rposition(|(v, _)| *v <= min * 1.000_001).unwrap_or(0);
        let above = marks.iter().position(|(v, _)| *v >= max * 0.999_999).unwrap_or(marks.len() - 1);
        let (below, above) = if above > below {
            (below, above)
        } else {
            (below.saturating_sub(1), (below + 1).min(marks.len() - 1))
        };
        Self { min: marks[below].0, max: marks[above].0, log: true, ticks: marks[below..=above].to_vec() }
    }

    /// How far `value` lies from the start, 0 at the start and 1 at the end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        if self.log {
            (value.clamp(*POWERS.start(), *POWERS.end()).ln() - self.min.ln())
                / (self.max.ln() - self.min.ln())
        } else {
            (value - self.min) / (self.max - self.min)
        }
    }

    /// The number at `share` of the way.
    pub(crate) fn value(&self, share: f64) -> f64 {
        if self.log {
            (self.min.ln() + share * (self.max.ln() - self.min.ln())).exp()
        } else {
            self.min + share * (self.max - self.min)
        }
    }
}

/// The smallest and largest of some numbers.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((min, max)) => Some((value.min(min), value.max(max))),
    })
}

/// A range that is not a point, however large its numbers.
fn widened(min: f64, max: f64) -> (f64, f64) {
    let size = min.abs().max(max.abs());
    // Steps of a range much smaller than this could not be told apart.
    if max - min > size * 1e-9 && size > 1e-290 {
        (min, max)
    } else if size <= 1e-290 {
        (-0.5, 0.5)
    } else {
        (min - size * 0.05, max + size * 0.05)
    }
}

/// The 1, 2, 2.5 or 5 times a power of ten next above `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let part = step / power;
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|f| *f >= part * 0.999).unwrap_or(10.0);
    factor * power
}

fn label(value: f64, step: f64, largest: f64) -> String {
    let text = if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e5).contains(&largest) {
        let exponent = value.abs().log10().floor() as i32;
        // Digits of the factor: enough to tell neighbors apart.
        let digits = (f64::from(exponent) - step.log10().floor()).clamp(0.0, 12.0) as usize;
        let digits = if is_quarter(step) { digits + 1 } else { digits };
        let factor = format!("{:.digits$}", value.abs() / 10f64.powi(exponent));
        let factor =
            if factor.contains('.') { factor.trim_end_matches('0').trim_end_matches('.') } else { &factor };
        let sign = if value < 0.0 { "-" } else { "" };
        format!("{sign}{factor}×{}", power_of_ten(exponent))
    } else {
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let digits = if is_quarter(step) && step < 10.0 { digits + 1 } else { digits };
        format!("{value:.digits$}")
    };
    text.replace('-', "−")
}

fn is_quarter(step: f64) -> bool {
    let part = step / 10f64.powf(step.log10().floor());
    (part - 2.5).abs() < 0.01
}

fn decade(exponent: i32) -> String {
    if (-2..=4).contains(&exponent) { coordinate(10f64.powi(exponent)) } else { power_of_ten(exponent) }
}

fn multiple(factor: f64, exponent: i32) -> String {
    if (-3..=4).contains(&exponent) {
        let digits = (-exponent).max(0) as usize;
        format!("{:.digits$}", factor * 10f64.powi(exponent))
    } else if factor == 1.0 {
        power_of_ten(exponent)
    } else {
        format!("{factor}×{}", power_of_ten(exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        let scale = Scale::linear(0.3, 9.7, 5);
        assert_eq!((scale.min, scale.max), (0.0, 10.0));
        assert_eq!(texts(&scale), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(&Scale::linear(-0.03, 0.02, 5)), ["−0.03", "−0.02", "−0.01", "0", "0.01", "0.02"]);
        assert_eq!(texts(&Scale::linear(0.0, 1.0, 4)), ["0", "0.25", "0.50", "0.75", "1.00"]);
        assert_eq!(texts(&Scale::linear(0.0, 2e5, 2)), ["0", "1×10⁵", "2×10⁵"]);
    }

    #[test]
    fn log_ticks_are_decades_or_one_two_five() {
        assert_eq!(texts(&Scale::log(3.0, 20_000.0)), ["1", "10", "100", "1000", "10000", "10⁵"]);
        assert_eq!(texts(&Scale::log(0.15, 0.9)), ["0.1", "0.2", "0.5", "1"]);
        assert!((Scale::log(1.0, 100.0).share(10.0) - 0.5).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn every_range_gives_few_ticks_inside_and_covers_it(
            a in -1e300f64..1e300, b in -1e300f64..1e300, magnitude in -290i32..1,
        ) {
            let (a, b) = (a * 10f64.powi(magnitude), b * 10f64.powi(magnitude));
            let scale = Scale::linear(a.min(b), a.max(b), 6);
            prop_assert!(scale.min < scale.max && scale.ticks.len() <= 12 && !scale.ticks.is_empty());
            prop_assert!(scale.share(a) >= -1e-9 && scale.share(b) <= 1.0 + 1e-9);
        }

        #[test]
        fn every_log_range_covers_its_ends(a in -290f64..290.0, width in 0f64..20.0) {
            let (min, max) = (10f64.powf(a), 10f64.powf(a + width));
            let scale = Scale::log(min, max);
            prop_assert!(scale.min < scale.max && (2..=16).contains(&scale.ticks.len()));
            prop_assert!(scale.share(min) >= -1e-6 && scale.share(max) <= 1.0 + 1e-6);
        }
    }

    #[test]
    fn one_value_still_gets_an_axis() {
        for value in [0.0, 5.0, -1e-12, 1e300, 1e16] {
            let scale = Scale::linear(value, value, 5);
            assert!(scale.min < scale.max && scale.share(value).is_finite(), "{value}");
        }
        let scale = Scale::log(1.0, 1.0);
        assert!(scale.min < scale.max);
    }

    #[test]
    fn log_axes_end_before_powers_of_ten_overflow() {
        for (min, max) in [(1e290, f64::MAX), (1.5e308, f64::MAX), (f64::MIN_POSITIVE, f64::MAX)] {
            let scale = Scale::log(min, max);
            assert!(scale.min < scale.max && scale.max.is_finite(), "{min} to {max}");
            let (low, high) = (scale.share(min), scale.share(max));
            assert!(low >= -1e-6 && low <= high && high <= 1.0 + 1e-6, "{min} to {max}: {low} to {high}");
        }
    }
}
