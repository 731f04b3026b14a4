use super::copies;
use super::grid::quantile_steps;
use super::line::mean;
use crate::data::Matrix;
use crate::seed::{Seed, standard_normal};

/// Where the encodings of a set of rows lie, dimension by dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Their mean.
    pub mean: Vec<f64>,
    /// Their standard deviation, at least 0.
    pub deviation: Vec<f64>,
}

impl Spread {
    /// `n` rising places along a dimension (from 0) at the normal distribution's equal steps of probability, from 5 % to
    /// 95 %.
    pub fn places(&self, dimension: usize, n: usize) -> Vec<f64> {
        let (mean, deviation) = (self.mean[dimension], self.deviation[dimension]);
        quantile_steps(n).into_iter().map(|step| mean + step * deviation).collect()
    }
}

/// Mean and standard deviation of the encodings of at least one row. With `log_variance`, of draws from all their
/// posteriors: `var = Var(mean) + E(exp(log_variance))`, which is near 1 where the posteriors fit a standard normal prior.
pub fn spread(means: &Matrix, log_variance: Option<&Matrix>) -> Spread {
    let center = mean(means);
    let mut variance = vec![0.0; means.n_cols];
    for i in 0..means.n_rows {
        for (j, sum) in variance.iter_mut().enumerate() {
            *sum += (f64::from(means.row(i)[j]) - center[j]).powi(2);
            *sum += log_variance.map_or(0.0, |all| f64::from(all.row(i)[j]).exp());
        }
    }
    let deviation = variance.into_iter().map(|sum| (sum / means.n_rows as f64).sqrt()).collect();
    Spread { mean: center, deviation }
}

/// `n` draws from the posterior of one row, `N(mean, exp(log_variance))`, `[n, latent]`; the same seed gives the same
/// draws, and the first of many are those of few.
pub fn repeat(mean: &[f32], log_variance: &[f32], n: usize, seed: Seed) -> Matrix {
    let mut random = seed.stream("posterior draws");
    let mut points = copies(mean, n);
    for i in 0..n {
        for (point, &log_variance) in points.row_mut(i).iter_mut().zip(log_variance) {
            let noise = standard_normal(&mut random) as f32;
            *point += (0.5 * f64::from(log_variance)).exp() as f32 * noise;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_posteriors_has_their_own_width_too() {
        let means = Matrix { n_rows: 2, n_cols: 2, values: vec![1.0, 5.0, 3.0, 5.0] };
        let plain = spread(&means, None);
        assert_eq!((plain.mean, plain.deviation), (vec![2.0, 5.0], vec![1.0, 0.0]));
        let widths = Matrix { n_rows: 2, n_cols: 2, values: vec![3f32.ln(), 4f32.ln(), 3f32.ln(), 0.0] };
        let with = spread(&means, Some(&widths));
        assert!((with.deviation[0] - 2.0).abs() < 1e-6, "{with:?}");
        assert!((with.deviation[1] - 2.5f64.sqrt()).abs() < 1e-6, "{with:?}");
    }

    #[test]
    fn draws_have_the_posteriors_mean_and_width_and_follow_the_seed() {
        let draws = repeat(&[3.0, -1.0], &[2.0 * 0.5f32.ln(), -30.0], 4000, Seed(1));
        let found = spread(&draws, None);
        assert!((found.mean[0] - 3.0).abs() < 0.03 && (found.deviation[0] - 0.5).abs() < 0.02, "{found:?}");
        assert!(found.deviation[1] < 1e-5);
        let few = repeat(&[3.0, -1.0], &[2.0 * 0.5f32.ln(), -30.0], 2, Seed(1));
        assert_eq!(few.values, draws.values[..4]);
        assert_ne!(
            repeat(&[3.0, -1.0], &[0.0, 0.0], 2, Seed(2)),
            repeat(&[3.0, -1.0], &[0.0, 0.0], 2, Seed(1))
        );
    }
}
