use super::summary::mean;
use crate::error::EvaluateError;

/// The mean of repeated measurements with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The mean of at least 4 repetitions with `mean ± t s / sqrt(n)`, `s` the standard deviation with divisor n - 1 and `t` the
/// 97.5 % quantile of Student's distribution with n - 1 degrees of freedom (by its expansion in 1 / n, Abramowitz and
/// Stegun 26.7.5, which is within 1 % for n = 4 and exact to four digits from n = 8).
///
/// It holds for independent repetitions; those over overlapping splits of one data set are not quite.
///
/// # Errors
/// Fewer than 4 values, NaN.
pub fn mean_interval(values: &[f64]) -> Result<Interval, EvaluateError> {
    let n = values.len();
    if n < 4 {
        return Err(EvaluateError::Parameter {
            name: "repetitions",
            found: n as f64,
            low: 4.0,
            high: f64::INFINITY,
        });
    }
    let mean = mean(values)?;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let half = student(n - 1) * (variance / n as f64).sqrt();
    Ok(Interval { mean, low: mean - half, high: mean + half })
}

/// The 97.5 % quantile of Student's distribution.
fn student(freedom: usize) -> f64 {
    let (z, v) = (1.959_963_984_540_054_f64, freedom as f64);
    let (z3, z5, z7) = (z.powi(3), z.powi(5), z.powi(7));
    z + (z3 + z) / (4.0 * v)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * v.powi(2))
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * v.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected, tolerance) in
            [(3, 3.182, 0.03), (7, 2.365, 0.002), (9, 2.262, 0.001), (30, 2.042, 0.001)]
        {
            assert!((student(freedom) - expected).abs() < tolerance, "{freedom}: {}", student(freedom));
        }
    }

    #[test]
    fn an_interval_lies_around_the_mean() {
        let interval = mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).unwrap();
        // s² = 6, t(7) = 2.3646: 2.3646 * sqrt(6 / 8).
        assert_eq!(interval.mean, 4.5);
        assert!((interval.high - 4.5 - 2.0478).abs() < 1e-3 && (4.5 - interval.low - 2.0478).abs() < 1e-3);
        assert!(mean_interval(&[1.0, 2.0, 3.0]).is_err());
    }
}
