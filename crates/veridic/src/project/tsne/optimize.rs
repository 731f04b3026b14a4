//! Gradient descent with momentum and a gain for each coordinate.

use rayon::prelude::*;

use super::affinity::Affinity;
use super::config::{TsneConfig, TsneMethod};
use super::grid::Grid;
use super::kernel::{self, Tails};
use super::{POINTS, Point, mean, tree};

/// Rows up to which all pairs are faster than a grid.
const MOST_EXACT: usize = 600;

/// Least gain of a coordinate.
const LEAST_GAIN: f32 = 0.01;

/// What one phase does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Phase {
    pub(super) exaggeration: f32,
    pub(super) learning_rate: f32,
    pub(super) momentum: f32,
}

/// A map on its way.
pub(super) struct Optimizer<'a> {
    affinity: &'a Affinity,
    tails: Tails,
    method: TsneMethod,
    theta: f64,
    max_step: f32,
    grid: Grid,
    pub(super) points: Vec<Point>,
    steps: Vec<Point>,
    gains: Vec<Point>,
    attraction: Vec<Point>,
    repulsion: Vec<Point>,
    /// Iterations that were too wide for the grid.
    pub(super) beyond_grid: usize,
}

impl<'a> Optimizer<'a> {
    pub(super) fn new(affinity: &'a Affinity, points: Vec<Point>, config: &TsneConfig) -> Self {
        let n = points.len();
        let tails = Tails::new(config.degrees_of_freedom);
        Self {
            affinity,
            tails,
            method: resolve(config.method, n),
            theta: config.theta,
            max_step: config.max_step_norm as f32,
            grid: Grid::new(tails),
            points,
            steps: vec![[0.0; 2]; n],
            gains: vec![[1.0; 2]; n],
            attraction: vec![[0.0; 2]; n],
            repulsion: vec![[0.0; 2]; n],
            beyond_grid: 0,
        }
    }

    pub(super) fn method(&self) -> TsneMethod {
        self.method
    }

    /// One step; the norm of the gradient, with its factor 4, before it.
    ///
    /// `u ← m u - η g (e F_attr - F_rep / Z)`, where a gain grows by 0.2 while its coordinate keeps its direction and
    /// shrinks to 0.8 of itself where it turns (Jacobs, Neural Networks 1 (1988)).
    pub(super) fn step(&mut self, phase: Phase) -> f64 {
        let z = self.repulse();
        kernel::attract(self.affinity, &self.points, self.tails, &mut self.attraction);
        let share = (1.0 / z) as f32;
        let limit = self.max_step;
        let squares: Vec<f64> = self
            .points
            .par_chunks_mut(POINTS)
            .zip(self.steps.par_chunks_mut(POINTS))
            .zip(self.gains.par_chunks_mut(POINTS))
            .zip(self.attraction.par_chunks(POINTS).zip(self.repulsion.par_chunks(POINTS)))
            .map(|(((points, steps), gains), (attraction, repulsion))| {
                let mut squares = 0.0;
                for i in 0..points.len() {
                    for axis in 0..2 {
                        let gradient = phase.exaggeration * attraction[i][axis] - share * repulsion[i][axis];
                        squares += f64::from(gradient).powi(2);
                        let turned = sign(steps[i][axis]) == sign(gradient);
                        let gain = &mut gains[i][axis];
                        *gain = if turned { *gain * 0.8 + LEAST_GAIN } else { *gain + 0.2 };
                        steps[i][axis] =
                            phase.momentum * steps[i][axis] - phase.learning_rate * *gain * gradient;
                    }
                    let norm = steps[i][0].hypot(steps[i][1]);
                    if !norm.is_finite() {
                        (steps[i], gains[i]) = ([0.0; 2], [1.0; 2]);
                    } else if norm > limit {
                        steps[i] = steps[i].map(|step| step / norm * limit);
                    }
                    points[i] = [points[i][0] + steps[i][0], points[i][1] + steps[i][1]];
                }
                squares
            })
            .collect();
        let mean = mean(&self.points);
        self.points.iter_mut().for_each(|point| *point = [point[0] - mean[0], point[1] - mean[1]]);
        4.0 * squares.iter().sum::<f64>().sqrt()
    }

    /// `Σ p_ij ln(p_ij / q_ij)` in nats, over the neighbor graph, with `Z` as the method gives it.
    pub(super) fn divergence(&mut self) -> f64 {
        let z = self.repulse();
        let stretch = kernel::stretch(self.affinity, &self.points, self.tails);
        self.affinity.negative_entropy - self.tails.power() * stretch + z.ln()
    }

    fn repulse(&mut self) -> f64 {
        let by_tree =
            |theta: f64, repulsion: &mut [Point]| tree::repulse(&self.points, theta, self.tails, repulsion);
        let z = match self.method {
            TsneMethod::Exact => kernel::repulse(&self.points, self.tails, &mut self.repulsion),
            TsneMethod::BarnesHut => by_tree(self.theta, &mut self.repulsion),
            TsneMethod::Fft | TsneMethod::Auto => {
                self.grid.repulse(&self.points, &mut self.repulsion).unwrap_or_else(|| {
                    self.beyond_grid += 1;
                    by_tree(self.theta, &mut self.repulsion)
                })
            }
        };
        z.max(f64::from(f32::MIN_POSITIVE))
    }
}

fn resolve(method: TsneMethod, n: usize) -> TsneMethod {
    match method {
        TsneMethod::Auto if n <= MOST_EXACT => TsneMethod::Exact,
        TsneMethod::Auto => TsneMethod::Fft,
        other => other,
    }
}

/// -1, 0 or 1: a coordinate that has not moved has no direction.
#[inline]
fn sign(v: f32) -> f32 {
    if v == 0.0 { 0.0 } else { v.signum() }
}
