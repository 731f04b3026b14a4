//! The kernel of a map and the forces that follow from it.

use rayon::prelude::*;

use super::affinity::Affinity;
use super::{POINTS, Point};
use crate::project::simd::{self, Kernel, fma};

/// Lanes of a sum.
const LANES: usize = 8;

/// How heavy the tails of `w(d²) = (1 + d²/α)^(-(α+1)/2)` are: the degrees of freedom α.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tails {
    alpha: f64,
}

impl Tails {
    pub(super) fn new(degrees_of_freedom: f64) -> Self {
        Self { alpha: degrees_of_freedom }
    }

    /// `w` at a squared distance.
    #[inline]
    pub(super) fn weight(self, squared: f64) -> f64 {
        if self.alpha == 1.0 {
            1.0 / (1.0 + squared)
        } else {
            (1.0 + squared / self.alpha).powf(self.power())
        }
    }

    /// `-(α+1)/2`.
    pub(super) fn power(self) -> f64 {
        -0.5 * (self.alpha + 1.0)
    }

    /// `1/α`.
    pub(super) fn inverse(self) -> f64 {
        1.0 / self.alpha
    }

    /// What forces are multiplied by: `(α+1) / (2α)`, 1 for α = 1.
    pub(super) fn factor(self) -> f64 {
        (self.alpha + 1.0) / (2.0 * self.alpha)
    }
}

/// Writes the attraction of each point: `c Σ_j p_ij (y_i - y_j) / (1 + d_ij²/α)`.
pub(super) fn attract(affinity: &Affinity, points: &[Point], tails: Tails, attraction: &mut [Point]) {
    attraction.par_chunks_mut(POINTS).enumerate().for_each(|(piece, out)| {
        simd::run(Attract {
            affinity,
            points,
            first: piece * POINTS,
            inverse: tails.inverse() as f32,
            factor: tails.factor() as f32,
            out,
        });
    });
}

struct Attract<'a> {
    affinity: &'a Affinity,
    points: &'a [Point],
    first: usize,
    inverse: f32,
    factor: f32,
    out: &'a mut [Point],
}

impl Kernel for Attract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { affinity, points, first, inverse, factor, out } = self;
        for (i, out) in out.iter_mut().enumerate() {
            let range = affinity.starts[first + i]..affinity.starts[first + i + 1];
            let [x, y] = points[first + i];
            let (mut along, mut across) = ([0.0f32; LANES], [0.0f32; LANES]);
            let (indices, rest) = affinity.indices[range.clone()].as_chunks::<LANES>();
            let (values, rest_values) = affinity.values[range].as_chunks::<LANES>();
            for (indices, values) in indices.iter().zip(values) {
                let (mut dx, mut dy) = ([0.0f32; LANES], [0.0f32; LANES]);
                for lane in 0..LANES {
                    let other = points[indices[lane] as usize];
                    dx[lane] = x - other[0];
                    dy[lane] = y - other[1];
                }
                for lane in 0..LANES {
                    let squared = fma::<FUSED>(dx[lane], dx[lane], dy[lane] * dy[lane]);
                    let weight = values[lane] / fma::<FUSED>(squared, inverse, 1.0);
                    along[lane] = fma::<FUSED>(weight, dx[lane], along[lane]);
                    across[lane] = fma::<FUSED>(weight, dy[lane], across[lane]);
                }
            }
            for (lane, (index, value)) in rest.iter().zip(rest_values).enumerate() {
                let other = points[*index as usize];
                let (dx, dy) = (x - other[0], y - other[1]);
                let weight = value / (1.0 + (dx * dx + dy * dy) * inverse);
                along[lane] += weight * dx;
                across[lane] += weight * dy;
            }
            *out = [sum(&along) * factor, sum(&across) * factor];
        }
    }
}

/// `Σ p_ij ln(1 + d_ij²/α)`, the part of the divergence that depends on the graph's distances, over `(α+1)/2`.
pub(super) fn stretch(affinity: &Affinity, points: &[Point], tails: Tails) -> f64 {
    let inverse = tails.inverse() as f32;
    let pieces: Vec<f64> = (0..points.len().div_ceil(POINTS))
        .into_par_iter()
        .map(|piece| {
            let mut sum = 0.0f64;
            for i in piece * POINTS..((piece + 1) * POINTS).min(points.len()) {
                let [x, y] = points[i];
                for entry in affinity.starts[i]..affinity.starts[i + 1] {
                    let other = points[affinity.indices[entry] as usize];
                    let squared = (x - other[0]).powi(2) + (y - other[1]).powi(2);
                    sum += f64::from(affinity.values[entry] * (squared * inverse).ln_1p());
                }
            }
            sum
        })
        .collect();
    pieces.iter().sum()
}

/// Writes the repulsion of each point from all others and returns `Z = Σ_{i≠j} w_ij`.
pub(super) fn repulse(points: &[Point], tails: Tails, repulsion: &mut [Point]) -> f64 {
    let columns: [Vec<f32>; 2] = [0, 1].map(|axis| {
        // Points that fill the last lanes are so far away that they add nothing.
        let filled = points.len().next_multiple_of(LANES);
        let far = std::iter::repeat_n(FAR, filled - points.len());
        points.iter().map(|point| point[axis]).chain(far).collect()
    });
    let sums: Vec<f64> = points
        .par_chunks(EXACT_POINTS)
        .zip(repulsion.par_chunks_mut(EXACT_POINTS))
        .map(|(points, out)| {
            if tails.inverse() == 1.0 {
                simd::run(Repulse::<true> { points, columns: &columns, tails, out })
            } else {
                simd::run(Repulse::<false> { points, columns: &columns, tails, out })
            }
        })
        .collect();
    sums.iter().sum()
}

/// Its square is finite, and the square of its inverse square is zero.
const FAR: f32 = 1e18;

/// Points whose repulsion from all others is one piece of work.
const EXACT_POINTS: usize = 64;

/// `CAUCHY`: one degree of freedom, so no power has to be taken.
struct Repulse<'a, const CAUCHY: bool> {
    points: &'a [Point],
    columns: &'a [Vec<f32>; 2],
    tails: Tails,
    out: &'a mut [Point],
}

impl<const CAUCHY: bool> Kernel for Repulse<'_, CAUCHY> {
    type Output = f64;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> f64 {
        let [inverse, factor, power] =
            [self.tails.inverse(), self.tails.factor(), self.tails.power()].map(|v| v as f32);
        let others =
            || self.columns[0].as_chunks::<LANES>().0.iter().zip(self.columns[1].as_chunks::<LANES>().0);
        let mut total = 0.0;
        for (point, out) in self.points.iter().zip(self.out) {
            let [mut weights, mut along, mut across] = [[0.0f32; LANES]; 3];
            for (xs, ys) in others() {
                for lane in 0..LANES {
                    let (dx, dy) = (point[0] - xs[lane], point[1] - ys[lane]);
                    let base = fma::<FUSED>(fma::<FUSED>(dx, dx, dy * dy), inverse, 1.0);
                    let near = 1.0 / base;
                    let weight = if CAUCHY { near } else { base.powf(power) };
                    let force = weight * near;
                    weights[lane] += weight;
                    along[lane] = fma::<FUSED>(force, dx, along[lane]);
                    across[lane] = fma::<FUSED>(force, dy, across[lane]);
                }
            }
            *out = [sum(&along) * factor, sum(&across) * factor];
            // Itself is at distance zero.
            total += f64::from(sum(&weights)) - 1.0;
        }
        total
    }
}

#[inline(always)]
fn sum(lanes: &[f32; LANES]) -> f32 {
    let half = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (half[0] + half[2]) + (half[1] + half[3])
}
