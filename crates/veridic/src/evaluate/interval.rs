use rayon::prelude::*;

use super::ranking::{auroc, average_precision};
use super::summary::mean;
use crate::error::EvaluateError;
use crate::seed::{Seed, uniform};

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

/// How far the area under the ROC curve and the average precision of a ranking reach over rows drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct RankingInterval {
    /// The 2.5 % and 97.5 % quantile of the AUROC.
    pub auroc: [f64; 2],
    /// Those of the average precision.
    pub average_precision: [f64; 2],
}

/// The 95 % intervals of the area under the ROC curve and of the average precision by the bootstrap: `resamples`
/// times as many unusual and as many usual rows are drawn with replacement. The same seed draws the same rows of lists of the
/// same labels, so that intervals of several rankings go together. Source: Efron and Tibshirani, An introduction to the bootstrap
/// (1993), section 13.3.
///
/// # Errors
/// As [`auroc`]; fewer than 40 resamples.
pub fn ranking_interval(
    scores: &[f64],
    labels: &[bool],
    (resamples, seed): (usize, Seed),
) -> Result<RankingInterval, EvaluateError> {
    const FEWEST: usize = 40;
    if resamples < FEWEST {
        let (found, low) = (resamples as f64, FEWEST as f64);
        return Err(EvaluateError::Parameter { name: "resamples", found, low, high: f64::INFINITY });
    }
    auroc(scores, labels)?;
    let rows = |unusual: bool| (0..labels.len()).filter(|i| labels[*i] == unusual).collect::<Vec<usize>>();
    let (unusual, usual) = (rows(true), rows(false));
    let one = |resample: usize| -> Result<[f64; 2], EvaluateError> {
        let mut random = seed.stream(&format!("bootstrap {resample}"));
        let mut draw = |rows: &[usize]| {
            let drawn = (0..rows.len()).map(|_| (uniform(&mut random) * rows.len() as f64) as usize);
            drawn.map(|at| scores[rows[at.min(rows.len() - 1)]]).collect::<Vec<f64>>()
        };
        let (mut drawn, other) = (draw(&unusual), draw(&usual));
        let labels: Vec<bool> = (0..drawn.len() + other.len()).map(|i| i < drawn.len()).collect();
        drawn.extend(other);
        Ok([auroc(&drawn, &labels)?, average_precision(&drawn, &labels)?])
    };
    let all: Vec<[f64; 2]> = (0..resamples).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let ends = |which: usize| {
        let mut values: Vec<f64> = all.iter().map(|figures| figures[which]).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        [at(0.025), at(0.975)]
    };
    Ok(RankingInterval { auroc: ends(0), average_precision: ends(1) })
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
    fn intervals_of_a_ranking_hold_it_and_are_those_of_any_order_of_rows() {
        let labels: Vec<bool> = (0..300).map(|i| i % 6 == 0).collect();
        let score =
            |i: usize| ((i * 7919 % 300) as f64 / 300.0) + if i.is_multiple_of(6) { 0.4 } else { 0.0 };
        let scores: Vec<f64> = (0..300).map(score).collect();
        let found = ranking_interval(&scores, &labels, (400, Seed(3))).unwrap();
        let (area, precision) =
            (auroc(&scores, &labels).unwrap(), average_precision(&scores, &labels).unwrap());
        assert!(found.auroc[0] < area && area < found.auroc[1], "{found:?} {area}");
        assert!(found.average_precision[0] < precision && precision < found.average_precision[1]);
        // Hanley and McNeil, Radiology 143 (1982), equation 1, with exponential scores.
        let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
        let (p, n) = (50.0, 250.0);
        let variance =
            (area * (1.0 - area) + (p - 1.0) * (q1 - area * area) + (n - 1.0) * (q2 - area * area)) / (p * n);
        let width = found.auroc[1] - found.auroc[0];
        assert!((width / (2.0 * 1.96 * variance.sqrt()) - 1.0).abs() < 0.35, "{width} {variance}");
        assert_eq!(found, ranking_interval(&scores, &labels, (400, Seed(3))).unwrap());
        assert!(ranking_interval(&scores, &labels, (39, Seed(3))).is_err());
        assert!(ranking_interval(&scores, &[false; 300], (40, Seed(3))).is_err());
    }

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
