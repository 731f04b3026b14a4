//! Whether samples cover the modes of a known mixture, as the ring and the grid of normal distributions are judged by
//! (Lin et al. 2018, "PacGAN", section 4.1).

use crate::error::EvaluateError;

const METRIC: &str = "mode_coverage";

/// How samples lie among the centers of a mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModeCoverage {
    /// Centers that are nearest to at least one sample of high quality; at most their number, more is better.
    pub modes: usize,
    /// Share of samples within three standard deviations of the nearest center, 0 to 1; real samples in two dimensions
    /// have `1 - exp(-9/2)`, 0.989.
    pub high_quality: f64,
    /// `Σ p ln(K p)` over the shares `p` of samples of high quality by center, nats: 0 if all K have the same, `ln K` if one
    /// has all. Nothing if there are no such samples.
    pub reverse_kl: Option<f64>,
}

/// How `samples` (row by row, as many values as a center has) lie among `centers` of this standard deviation.
///
/// # Errors
/// No samples or centers, or samples that are not a whole number of rows.
pub fn mode_coverage(
    samples: &[f64],
    centers: &[Vec<f64>],
    deviation: f64,
) -> Result<ModeCoverage, EvaluateError> {
    let width = centers.first().map_or(0, Vec::len);
    if width == 0 || samples.is_empty() {
        return Err(EvaluateError::Empty { metric: METRIC });
    }
    if !samples.len().is_multiple_of(width) {
        return Err(EvaluateError::Lengths { metric: METRIC, left: samples.len(), right: width });
    }
    let mut counts = vec![0usize; centers.len()];
    for sample in samples.chunks_exact(width) {
        let square =
            |center: &Vec<f64>| -> f64 { sample.iter().zip(center).map(|(a, b)| (a - b).powi(2)).sum() };
        let nearest = (0..centers.len()).min_by(|&a, &b| square(&centers[a]).total_cmp(&square(&centers[b])));
        let nearest = nearest.expect("there are centers");
        if square(&centers[nearest]).sqrt() < 3.0 * deviation {
            counts[nearest] += 1;
        }
    }
    let good: usize = counts.iter().sum();
    let n = samples.len() / width;
    let term = |&count: &usize| {
        let share = count as f64 / good as f64;
        if count == 0 { 0.0 } else { share * (share * centers.len() as f64).ln() }
    };
    Ok(ModeCoverage {
        modes: counts.iter().filter(|&&count| count > 0).count(),
        high_quality: good as f64 / n as f64,
        reverse_kl: (good > 0).then(|| counts.iter().map(term).sum()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<Vec<f64>> {
        vec![vec![0.0, 0.0], vec![1.0, 0.0]]
    }

    #[test]
    fn samples_are_counted_by_hand() {
        // Three at the first center, one at the second, one too far away.
        let samples = [0.0, 0.0, 0.01, 0.0, 0.0, -0.02, 1.0, 0.01, 0.5, 0.0];
        let found = mode_coverage(&samples, &two(), 0.01).unwrap();
        assert_eq!((found.modes, found.high_quality), (2, 0.8));
        let want = 0.75 * 1.5f64.ln() + 0.25 * 0.5f64.ln();
        assert!((found.reverse_kl.unwrap() - want).abs() < 1e-12);
    }

    #[test]
    fn a_single_mode_has_the_largest_divergence_and_none_has_none() {
        let found = mode_coverage(&[0.0, 0.0, 0.0, 0.01], &two(), 0.01).unwrap();
        assert!((found.reverse_kl.unwrap() - 2f64.ln()).abs() < 1e-12 && found.modes == 1);
        let far = mode_coverage(&[9.0, 9.0], &two(), 0.01).unwrap();
        assert_eq!(far, ModeCoverage { modes: 0, high_quality: 0.0, reverse_kl: None });
        assert!(mode_coverage(&[f64::NAN, 0.0], &two(), 0.01).unwrap().high_quality == 0.0);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        assert!(mode_coverage(&[], &two(), 1.0).is_err());
        assert!(mode_coverage(&[1.0], &two(), 1.0).is_err());
        assert!(mode_coverage(&[1.0], &[], 1.0).is_err());
    }
}
