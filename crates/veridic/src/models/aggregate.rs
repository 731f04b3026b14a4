//! What latent points of the rows that were learned from are like together: a prior that is fitted after training.
//!
//! The aggregate posterior of a variational autoencoder is not the standard normal it was held to, so that points drawn from that are
//! of rows that were never seen. A mixture of normal distributions fitted to it (P. Ghosh et al., "From variational to deterministic
//! autoencoders", ICLR 2020, section 4: ex-post density estimation) is drawn from instead.

use super::detector::mixture::{Gaussian, GaussianMixtureConfig, fitted};
use super::{Network, Rows};
use crate::data::Matrix;
use crate::error::Result;
use crate::nn::Scope;
use crate::project;
use crate::seed::{Seed, standard_normal, uniform};
use veridic_graph::{Init, Pool, State};

/// The state of the mixture: of each component its weight, its mean and the lower factor of its covariance by rows; 0 before it
/// is fitted.
pub(super) const MIXTURE: &str = "prior.mixture";

/// Rows whose latent points it is fitted to, at most.
const MOST_ROWS: usize = 20_000;

/// Added to the variances of a component: latent points have one of about 1.
const FLOOR: f64 = 1e-3;

/// Declares the state of a mixture of so many components.
pub(super) fn declare(scope: &mut Scope<'_>, components: usize, latent: usize) {
    scope.statistic(MIXTURE, &[components, 1 + latent + latent * latent], Init::Constant(0.0));
}

/// Moves standard normal points to places of the mixture that `state` holds; `random` says of which component each is. Leaves
/// them as they are where no mixture was fitted.
pub(super) fn place(state: &State, z: &mut Matrix, seed: Seed, name: &str) {
    let d = z.n_cols;
    let parts: Vec<&[f32]> = state.values.chunks_exact(1 + d + d * d).collect();
    let whole: f32 = parts.iter().map(|part| part[0]).sum();
    if whole <= 0.0 {
        return;
    }
    let mut random = seed.stream(&format!("{name} component"));
    for i in 0..z.n_rows {
        let mut left = uniform(&mut random) as f32 * whole;
        let drawn = parts.iter().find(|part| {
            left -= part[0];
            left < 0.0
        });
        // Rounding may leave nothing drawn.
        let part = drawn.or_else(|| parts.iter().rfind(|part| part[0] > 0.0)).expect("weights are above 0");
        let (mean, factor) = part[1..].split_at(d);
        let noise = z.row(i).to_vec();
        for (j, value) in z.row_mut(i).iter_mut().enumerate() {
            let along = factor[j * d..=j * d + j].iter().zip(&noise).map(|(l, n)| l * n);
            *value = mean[j] + along.sum::<f32>();
        }
    }
}

impl Network {
    /// Fits the mixture that new latent points are drawn from to points of the posteriors of rows, where the model has one.
    ///
    /// # Errors
    /// Rows of another width; latent points of which nothing can be learned.
    pub(crate) fn fit_prior(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        seed: Seed,
    ) -> Result<()> {
        let Some(components) = self.state(MIXTURE).map(|state| state.dims[0]) else { return Ok(()) };
        let every = index.len().div_ceil(MOST_ROWS).max(1);
        let index: Vec<u32> = index.iter().copied().step_by(every).collect();
        let (mut points, log_variance) = self.encode(pool, rows, &index)?;
        let mut random = seed.stream("prior.mixture");
        let spread = log_variance.map_or_else(Vec::new, |log_variance| log_variance.values);
        for (value, spread) in points.values.iter_mut().zip(&spread) {
            *value += (0.5 * spread).exp() * standard_normal(&mut random) as f32;
        }
        if points.n_rows == 0 || points.values.iter().any(|value| !value.is_finite()) {
            return Ok(());
        }
        let config = GaussianMixtureConfig { components, floor: FLOOR, ..GaussianMixtureConfig::default() };
        let parts = project::pool(pool.threads())?.install(|| fitted(&config, &points, &mut random));
        let values: Vec<f32> = parts.iter().flat_map(|part| written(part).collect::<Vec<_>>()).collect();
        if let Some(state) = self.state_mut(MIXTURE) {
            state.values.fill(0.0);
            state.values[..values.len()].copy_from_slice(&values);
        }
        Ok(())
    }
}

fn written(part: &Gaussian) -> impl Iterator<Item = f32> {
    [part.log_weight.exp()].into_iter().chain(part.mean.clone()).chain(part.factor.clone()).map(|v| v as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Layout, ModelConfig, VaeConfig};
    use crate::nn::{Activation, LayerConfig, LikelihoodConfig, Variance};
    use crate::train::{Learner, Rates, TrainConfig};
    use veridic_graph::Draw;

    /// Mean and covariance of points of two dimensions.
    fn moments(points: &Matrix) -> [f64; 5] {
        let mean = |f: &dyn Fn(&[f32]) -> f32| {
            (0..points.n_rows).map(|i| f64::from(f(points.row(i)))).sum::<f64>() / points.n_rows as f64
        };
        let (a, b) = (mean(&|p| p[0]), mean(&|p| p[1]));
        let product = |i: usize, j: usize| mean(&|p| p[i] * p[j]);
        [a, b, product(0, 0) - a * a, product(0, 1) - a * b, product(1, 1) - b * b]
    }

    #[test]
    fn new_points_lie_where_those_of_the_rows_do_also_after_opening() {
        // Three columns of three kinds of rows.
        let draw = |i: usize| ((i * 7919) % 1013) as f32 / 1013.0 - 0.5;
        let value = |i: usize| [3.0, -1.0, 0.2][(i / 3 + i % 3) % 3] * (1.0 + 0.2 * draw(i));
        let rows = Matrix { n_rows: 300, n_cols: 3, values: (0..900).map(value).collect() };
        let dense = LayerConfig::Dense { units: 8, activation: Activation::Tanh };
        let config = VaeConfig {
            latent: 2,
            encoder: vec![dense],
            decoder: vec![dense],
            likelihood: LikelihoodConfig::Gaussian { variance: Variance::Shared },
            mixture: 5,
            ..VaeConfig::default()
        };
        let (layout, model) = (Layout { dims: vec![3], ..Layout::default() }, ModelConfig::Vae(config));
        let mut network = Network::new(&model, layout.clone(), &TrainConfig::default(), 5).unwrap();
        let (mut pool, index) = (Pool::new(1), (0..300).collect::<Vec<u32>>());
        let rates = Rates { learning: 0.01, divergence: 1.0, progress: 0.5 };
        for step in 0..300 {
            network.step(&mut pool, Rows::matrix(&rows), &index, rates, Draw { seed: 1, step }).unwrap();
        }
        let normal = network.points(Seed(2), "test", 4000);
        network.fit_prior(&mut pool, Rows::matrix(&rows), &index, Seed(3)).unwrap();
        let points = network.points(Seed(2), "test", 4000);
        let (mean, log_variance) = network.encode(&mut pool, Rows::matrix(&rows), &index).unwrap();
        let spread = moments(&log_variance.unwrap()).map(f64::exp);
        let (found, of_means) = (moments(&points), moments(&mean));
        assert!((moments(&normal)[2] - 1.0).abs() < 0.1 && spread[0].min(spread[1]) < 0.5, "{spread:?}");
        // What is drawn has the variance between rows and that of their posteriors, of which the mean is above `spread`.
        for (i, least) in [(0, 0.0), (1, 0.0), (2, spread[0]), (3, 0.0), (4, spread[1])] {
            let expected = of_means[i] + least;
            assert!((found[i] - expected).abs() < 0.2, "{i}: {found:?} {of_means:?} {spread:?}");
        }
        // Rows come in three kinds: hardly a point is far from all of them.
        let away = |z: &[f32]| {
            (0..300)
                .map(|i| (mean.row(i)[0] - z[0]).hypot(mean.row(i)[1] - z[1]))
                .fold(f32::INFINITY, f32::min)
        };
        let far = |points: &Matrix| (0..4000).filter(|&i| away(points.row(i)) > 0.8).count();
        assert!(far(&points) * 2 < far(&normal), "{} {}", far(&points), far(&normal));
        let mut opened = Network::to_use(&model, layout).unwrap();
        opened.set_weights(&network.weights()).unwrap();
        assert_eq!(opened.points(Seed(2), "test", 50).values, points.values[..100]);
    }
}
