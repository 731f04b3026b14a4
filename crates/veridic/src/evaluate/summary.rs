use crate::error::EvaluateError;

/// Counts of values in bins of equal width.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Bin `i` reaches from `edges[i]` up to, but without, `edges[i + 1]`; the last bin has its end.
    pub edges: Vec<f64>,
    /// Values in each bin.
    pub counts: Vec<u64>,
    /// Values below the first and above the last edge.
    pub outside: [u64; 2],
}

/// The arithmetic mean.
///
/// # Errors
/// No value, NaN.
pub fn mean(values: &[f64]) -> Result<f64, EvaluateError> {
    check("mean", values)?;
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation `sqrt(Σ (x - mean)² / n)`, at least 0; divisor n, as NumPy's default.
///
/// # Errors
/// No value, NaN.
pub fn standard_deviation(values: &[f64]) -> Result<f64, EvaluateError> {
    check("standard_deviation", values)?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Ok((values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
}

/// The value below which the share `q` (0 to 1) lies, linear between order statistics as NumPy's default.
///
/// # Errors
/// No value, NaN, `q` outside 0 to 1.
pub fn quantile(values: &[f64], q: f64) -> Result<f64, EvaluateError> {
    check("quantile", values)?;
    if !(0.0..=1.0).contains(&q) {
        return Err(EvaluateError::Parameter { name: "q", found: q, low: 0.0, high: 1.0 });
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let position = q * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    // Equal neighbors may be infinite, where the difference would be NaN.
    Ok(if low == high { low } else { low + (high - low) * position.fract() })
}

/// Counts `values` in `bins` bins of equal width over `range`, or over their own range when that is `None`; where both
/// ends are equal the range is widened by 0.5 on either side.
///
/// # Errors
/// No value, NaN, infinite values without a range, no bin or more than a million, a range that is not increasing.
pub fn histogram(values: &[f64], bins: usize, range: Option<[f64; 2]>) -> Result<Histogram, EvaluateError> {
    let metric = "histogram";
    check(metric, values)?;
    if !(1..=1_000_000).contains(&bins) {
        return Err(EvaluateError::Parameter { name: "bins", found: bins as f64, low: 1.0, high: 1e6 });
    }
    let [low, high] = range.unwrap_or_else(|| {
        values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(*x), high.max(*x)])
    });
    if let Some(&value) = [low, high].iter().find(|x| !x.is_finite()) {
        return Err(EvaluateError::NotANumber { metric, index: 0, value });
    }
    if low > high {
        return Err(EvaluateError::Parameter { name: "range", found: low, low: f64::MIN, high });
    }
    let [low, high] = if low == high { [low - 0.5, high + 0.5] } else { [low, high] };
    let edge = |i: usize| if i == bins { high } else { low + (high - low) * (i as f64 / bins as f64) };
    let edges: Vec<f64> = (0..=bins).map(edge).collect();
    let (mut counts, mut outside) = (vec![0; bins], [0; 2]);
    for &x in values {
        if x < low {
            outside[0] += 1;
        } else if x > high {
            outside[1] += 1;
        } else {
            counts[edges.partition_point(|edge| *edge <= x).clamp(1, bins) - 1] += 1;
        }
    }
    Ok(Histogram { edges, counts, outside })
}

fn check(metric: &'static str, values: &[f64]) -> Result<(), EvaluateError> {
    if values.is_empty() {
        return Err(EvaluateError::Empty { metric });
    }
    match values.iter().position(|x| x.is_nan()) {
        Some(index) => Err(EvaluateError::NotANumber { metric, index, value: values[index] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_quantiles_have_their_closed_forms() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!((mean(&values).unwrap(), standard_deviation(&values).unwrap()), (5.0, 2.0));
        // numpy.quantile([1, 2, 10, 4], q) for q = 0, 0.25, 0.5, 0.9, 1: 1, 1.75, 3, 8.2, 10.
        for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 3.0), (0.9, 8.2), (1.0, 10.0)] {
            assert!((quantile(&[1.0, 2.0, 10.0, 4.0], q).unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!(quantile(&[3.0], 0.3).unwrap(), 3.0);
    }

    #[test]
    fn undefined_figures_are_errors() {
        assert_eq!(mean(&[]), Err(EvaluateError::Empty { metric: "mean" }));
        assert_eq!(
            standard_deviation(&[1.0, f64::NAN]).unwrap_err().to_string(),
            "`standard_deviation` needs numbers, found NaN at index 1"
        );
        assert_eq!(quantile(&[1.0], 1.5).unwrap_err().to_string(), "`q` is 1.5, allowed are 0 to 1");
        assert!(histogram(&[1.0, f64::INFINITY], 3, None).is_err());
        assert!(histogram(&[1.0], 0, None).is_err());
        assert!(histogram(&[1.0], 3, Some([2.0, 1.0])).is_err());
    }

    #[test]
    fn histograms_count_as_numpy_does_with_a_closed_last_bin() {
        // numpy.histogram([0, 1, 1.5, 2, 3], bins=3) gives [1, 2, 2] over [0, 1, 2, 3].
        let found = histogram(&[0.0, 1.0, 1.5, 2.0, 3.0], 3, None).unwrap();
        assert_eq!(found.edges, [0.0, 1.0, 2.0, 3.0]);
        assert_eq!((found.counts, found.outside), (vec![1, 2, 2], [0, 0]));
        let found = histogram(&[-1.0, 0.5, 9.0, 8.0], 2, Some([0.0, 2.0])).unwrap();
        assert_eq!((found.counts, found.outside), (vec![1, 0], [1, 2]));
        let found = histogram(&[4.0, 4.0], 2, None).unwrap();
        assert_eq!((found.edges, found.counts), (vec![3.5, 4.0, 4.5], vec![0, 2]));
    }
}
