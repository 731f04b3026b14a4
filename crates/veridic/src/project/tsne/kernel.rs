//! The kernel of a map and the forces that follow from it.

use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::affinity::Affinity;
use super::{POINTS, Point};
use crate::project::simd;

/// Neighbors whose positions are gathered at once; a multiple of all numbers of lanes.
const GATHERED: usize = 128;

/// Most lanes of a vector.
const MOST_LANES: usize = 16;

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

impl WithSimd for Attract<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { affinity, points, first, inverse, factor, out } = self;
        let [one, inverse] = [1.0, inverse].map(|v| simd.splat_f32s(v));
        // What fills the last vector has no weight.
        let [mut xs, mut ys, mut ps] = [[0.0f32; GATHERED]; 3];
        for (i, out) in out.iter_mut().enumerate() {
            let range = affinity.starts[first + i]..affinity.starts[first + i + 1];
            let [x, y] = points[first + i].map(|v| simd.splat_f32s(v));
            let [mut along, mut across] = [simd.splat_f32s(0.0); 2];
            let indices = affinity.indices[range.clone()].chunks(GATHERED);
            for (indices, values) in indices.zip(affinity.values[range].chunks(GATHERED)) {
                // Apart from the sums: what is stored one by one is slow to load as a vector at once.
                for ((x, y), index) in xs.iter_mut().zip(&mut ys).zip(indices) {
                    [*x, *y] = points[*index as usize];
                }
                let count = indices.len();
                let filled = count.next_multiple_of(MOST_LANES);
                ps[..count].copy_from_slice(values);
                ps[count..filled].fill(0.0);
                let vectors = S::as_simd_f32s(&xs[..filled]).0.iter().zip(S::as_simd_f32s(&ys[..filled]).0);
                for ((xs, ys), ps) in vectors.zip(S::as_simd_f32s(&ps[..filled]).0) {
                    let (dx, dy) = (simd.sub_f32s(x, *xs), simd.sub_f32s(y, *ys));
                    let squared = simd.mul_add_e_f32s(dx, dx, simd.mul_f32s(dy, dy));
                    let weight = simd.div_f32s(*ps, simd.mul_add_e_f32s(squared, inverse, one));
                    along = simd.mul_add_e_f32s(weight, dx, along);
                    across = simd.mul_add_e_f32s(weight, dy, across);
                }
            }
            *out = [simd.reduce_sum_f32s(along) * factor, simd.reduce_sum_f32s(across) * factor];
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
        let filled = points.len().next_multiple_of(MOST_LANES);
        let far = std::iter::repeat_n(FAR, filled - points.len());
        points.iter().map(|point| point[axis]).chain(far).collect()
    });
    let sums: Vec<f64> = points
        .par_chunks(EXACT_POINTS)
        .zip(repulsion.par_chunks_mut(EXACT_POINTS))
        .map(|(points, out)| simd::run(Repulse { points, columns: &columns, tails, out }))
        .collect();
    sums.iter().sum()
}

/// Its square is finite, and the square of its inverse square is zero.
const FAR: f32 = 1e18;

/// Points whose repulsion from all others is one piece of work.
const EXACT_POINTS: usize = 64;

struct Repulse<'a> {
    points: &'a [Point],
    columns: &'a [Vec<f32>; 2],
    tails: Tails,
    out: &'a mut [Point],
}

impl WithSimd for Repulse<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let tails = [self.tails.inverse(), self.tails.factor(), self.tails.power()];
        let [inverse, factor, power] = tails.map(|v| v as f32);
        let cauchy = inverse == 1.0;
        let [one, inverse] = [1.0, inverse].map(|v| simd.splat_f32s(v));
        let [xs, ys] = [0, 1].map(|axis| S::as_simd_f32s(&self.columns[axis]).0);
        let mut total = 0.0;
        for (point, out) in self.points.iter().zip(self.out) {
            let [x, y] = point.map(|v| simd.splat_f32s(v));
            let [mut weights, mut along, mut across] = [simd.splat_f32s(0.0); 3];
            for (xs, ys) in xs.iter().zip(ys) {
                let (dx, dy) = (simd.sub_f32s(x, *xs), simd.sub_f32s(y, *ys));
                let squared = simd.mul_add_e_f32s(dx, dx, simd.mul_f32s(dy, dy));
                let base = simd.mul_add_e_f32s(squared, inverse, one);
                let near = simd.div_f32s(one, base);
                let weight = if cauchy { near } else { each::<S>(base, |v| v.powf(power)) };
                let force = simd.mul_f32s(weight, near);
                weights = simd.add_f32s(weights, weight);
                along = simd.mul_add_e_f32s(force, dx, along);
                across = simd.mul_add_e_f32s(force, dy, across);
            }
            *out = [simd.reduce_sum_f32s(along) * factor, simd.reduce_sum_f32s(across) * factor];
            // Itself is at distance zero.
            total += f64::from(simd.reduce_sum_f32s(weights)) - 1.0;
        }
        total
    }
}

/// A function of each lane.
#[inline(always)]
fn each<S: Simd>(mut vector: S::f32s, f: impl Fn(f32) -> f32) -> S::f32s {
    for lane in bytemuck::cast_slice_mut(std::slice::from_mut(&mut vector)) {
        *lane = f(*lane);
    }
    vector
}
