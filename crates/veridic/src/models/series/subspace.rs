//! The leading directions of the windows of one channel.

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::average::centered;
use super::part::Part;
use crate::models::Stored;

/// Windows whose projections are summed at once.
const CHUNK: usize = 4096;

/// A variance, of values in units of their spread, that is rounding.
const STILL: f64 = 1e-12;

/// Mean and principal directions of windows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subspace {
    mean: Vec<f64>,
    /// Direction by direction.
    directions: Vec<f64>,
    /// Variances along all directions, falling.
    variances: Vec<f64>,
}

impl Subspace {
    /// Fits the first `components` directions of all windows of `window` points; none of parts shorter than that.
    pub(super) fn fit(parts: &[Part<'_>], window: usize, components: usize) -> Self {
        let (mean, covariance) = covariance(parts, window);
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..window).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let variances = order.iter().map(|&i| eigen.eigenvalues[i].max(0.0)).collect();
        let leading = order.iter().take(components.min(window));
        let directions =
            leading.flat_map(|&i| eigen.eigenvectors.column(i).iter().copied().collect::<Vec<_>>());
        Self { mean, directions: directions.collect(), variances }
    }

    fn window(&self) -> usize {
        self.mean.len()
    }

    /// Whether nothing moved in what was learned from.
    pub(super) fn is_still(&self) -> bool {
        self.variances.first().is_none_or(|first| *first < STILL)
    }

    fn components(&self) -> usize {
        self.directions.len() / self.window()
    }

    /// The fewest directions that hold `share` of the variance, at least 1.
    pub(super) fn holding(&self, share: f64) -> usize {
        let total: f64 = self.variances.iter().sum();
        let mut held = 0.0;
        let enough = |variance: &f64| {
            held += variance;
            held >= share * total
        };
        self.variances.iter().position(enough).map_or(self.window(), |last| last + 1)
    }

    /// The same with the first `components` directions.
    pub(super) fn leading(mut self, components: usize) -> Self {
        self.directions.truncate(components.min(self.components()) * self.mean.len());
        self
    }

    /// For each point the squared Mahalanobis distance of the window around it within the directions; a variance counts as
    /// at least `floor` times the first. It works on the workers of the pool it is called in.
    pub(super) fn distances(&self, part: &Part<'_>, floor: f64) -> Vec<f64> {
        let least = (floor * self.variances[0]).max(f64::MIN_POSITIVE);
        self.sums(part, |sums, projections, component| {
            let variance = self.variances[component].max(least);
            sums.iter_mut().zip(projections).for_each(|(sum, p)| *sum += p * p / variance);
        })
    }

    /// For each point how far the window around it lies from the directions, the root of the squared residual.
    pub(super) fn residuals(&self, part: &Part<'_>) -> Vec<f64> {
        let window = self.window();
        let projected = self.sums(part, |sums, projections, _| {
            sums.iter_mut().zip(projections).for_each(|(sum, p)| *sum += p * p);
        });
        let lengths: Vec<f64> = part
            .values
            .windows(window)
            .map(|values| values.iter().zip(&self.mean).map(|(v, m)| (v - m).powi(2)).sum())
            .collect();
        let lengths = centered(&lengths, window, part.len());
        lengths.iter().zip(&projected).map(|(length, inside)| (length - inside).max(0.0).sqrt()).collect()
    }

    fn sums(&self, part: &Part<'_>, add: impl Fn(&mut [f64], &[f64], usize) + Sync) -> Vec<f64> {
        let window = self.window();
        let count = (part.len() + 1).saturating_sub(window);
        let mut sums = vec![0.0; count];
        sums.par_chunks_mut(CHUNK).enumerate().for_each(|(number, chunk)| {
            let (start, mut projections) = (number * CHUNK, [0.0; CHUNK]);
            for (component, direction) in self.directions.chunks_exact(window).enumerate() {
                let offset: f64 = direction.iter().zip(&self.mean).map(|(d, m)| d * m).sum();
                let projections = &mut projections[..chunk.len()];
                projections.fill(-offset);
                // Point by point of the window, so that the inner loop runs along the series.
                for (t, weight) in direction.iter().enumerate() {
                    let values = &part.values[start + t..][..chunk.len()];
                    projections.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
                }
                add(chunk, projections, component);
            }
        });
        centered(&sums, window, part.len())
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let window = self.window();
        stored.insert("mean", &[window], self.mean.clone());
        stored.insert("directions", &[self.components(), window], self.directions.clone());
        stored.insert("variances", &[window], self.variances.clone());
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let read = |name| stored.values::<f64>(name).map(<[f64]>::to_vec);
        let subspace =
            Self { mean: read("mean")?, directions: read("directions")?, variances: read("variances")? };
        let window = subspace.mean.len();
        let fits = window > 0
            && subspace.directions.len().is_multiple_of(window)
            && subspace.components() <= window
            && subspace.variances.len() == window;
        if fits { Ok(subspace) } else { Err("mean, directions and variances do not fit together".into()) }
    }
}

/// Mean and covariance (divisor n) of all windows, by lags: what is below and right of an entry differs from it by the first
/// and the last points only.
fn covariance(parts: &[Part<'_>], window: usize) -> (Vec<f64>, DMatrix<f64>) {
    let mut products = DMatrix::<f64>::zeros(window, window);
    let mut sums = vec![0.0; window];
    let mut n = 0;
    for part in parts.iter().filter(|part| part.len() >= window) {
        let values = &part.values;
        let count = values.len() + 1 - window;
        n += count;
        let mut sum: f64 = values[..count].iter().sum();
        for (a, total) in sums.iter_mut().enumerate() {
            *total += sum;
            if a + 1 < window {
                sum += values[a + count] - values[a];
            }
        }
        for lag in 0..window {
            let mut product: f64 = values[..count].iter().zip(&values[lag..]).map(|(x, y)| x * y).sum();
            for a in 0..window - lag {
                products[(a, a + lag)] += product;
                if a + lag + 1 < window {
                    product += values[a + count] * values[a + lag + count] - values[a] * values[a + lag];
                }
            }
        }
    }
    let n = n.max(1) as f64;
    let mean: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
    let mut covariance = DMatrix::<f64>::zeros(window, window);
    for b in 0..window {
        for a in 0..=b {
            covariance[(a, b)] = products[(a, b)] / n - mean[a] * mean[b];
            covariance[(b, a)] = covariance[(a, b)];
        }
    }
    (mean, covariance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;
    use crate::project::Pca;

    fn values(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 0.37).sin() * 2.0 + (i * i % 17) as f64 * 0.1).collect()
    }

    #[test]
    fn directions_and_variances_are_those_of_a_matrix_of_windows() {
        let (a, b) = (values(200), values(90));
        let times: Vec<f64> = (0..200).map(f64::from).collect();
        let part = |values: &Vec<f64>| Part {
            entity: "",
            times: &times[..values.len()],
            values: values.clone(),
            filled: Vec::new(),
        };
        let subspace = Subspace::fit(&[part(&a), part(&b)], 8, 3);
        let rows: Vec<f32> = a.windows(8).chain(b.windows(8)).flatten().map(|v| *v as f32).collect();
        let matrix = Matrix { n_rows: rows.len() / 8, n_cols: 8, values: rows };
        let pca = Pca::fit(&matrix, 8).unwrap();
        // Its variances have divisor n - 1.
        let n = matrix.n_rows as f64;
        for (found, expected) in subspace.variances.iter().zip(pca.variances()) {
            assert!((found - expected * (n - 1.0) / n).abs() < 1e-5, "{found} {expected}");
        }
        let three = Pca::fit(&matrix, 3).unwrap();
        let squared = three.reconstruction_error(&matrix).unwrap();
        let found = subspace.residuals(&part(&a));
        // The window at 10 belongs to point 14; the other error is a mean over the columns.
        assert!((found[14].powi(2) / 8.0 - squared[10]).abs() < 1e-4, "{} {}", found[14], squared[10]);
        let distances = subspace.distances(&part(&a), 1e-6);
        let mut expected = 0.0;
        for (direction, variance) in subspace.directions.chunks(8).zip(&subspace.variances) {
            let projected: f64 = (0..8).map(|t| direction[t] * (a[10 + t] - subspace.mean[t])).sum();
            expected += projected * projected / variance;
        }
        assert!((distances[14] - expected).abs() < 1e-9);
        assert!(subspace.holding(1e-9) == 1 && subspace.holding(0.99) <= 8);
        assert_eq!(Subspace::restore(&subspace.store()).unwrap(), subspace);
        let mut damaged = subspace.store();
        damaged.insert("variances", &[1], vec![1.0]);
        assert!(Subspace::restore(&damaged).is_err());
    }
}
