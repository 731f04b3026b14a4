//! Hot loops: sixteen rows side by side, written in plain Rust and compiled for the instruction sets that matter.

#![expect(clippy::needless_range_loop, reason = "lanes of several arrays side by side")]

use pulp::{Arch, Simd, WithSimd};

/// Rows that are worked on side by side.
pub(super) const LANES: usize = 16;

/// Classes of a row that are summed side by side where rows stand one after another; their number is filled up to a multiple.
pub(super) const WIDE: usize = 8;

/// A number of each of so many rows.
pub(super) type Lane = [f32; LANES];

/// Least probability that a class keeps while boosting, so that it can come back.
const LEAST: f32 = 1e-30;

/// Compiles and runs the version of a loop for the best instruction set the processor has.
pub(super) fn run<K: WithSimd>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// What a leaf of `N` at most adds to the logits of each group of classes, as factors or as summands.
pub(super) struct Values<'a, const N: usize> {
    /// By group, then leaf.
    pub(super) of: &'a [[f32; N]],
    /// First class of each group, and the number of classes.
    pub(super) starts: &'a [u16],
}

/// One round's first half: the last tree's factors are worked into the probabilities, and gradients are projected.
///
/// Probabilities of a row are kept up to a factor, which `inverse` makes good.
pub(super) struct Advance<'a, const N: usize> {
    /// Block by block of rows, class by class.
    pub(super) probabilities: &'a mut [Lane],
    pub(super) classes: usize,
    pub(super) inverse: &'a mut [Lane],
    pub(super) leaves: &'a [u8],
    pub(super) values: Values<'a, N>,
    /// The direction of projection: one number a class.
    pub(super) direction: &'a [f32],
    /// The direction at each row's class.
    pub(super) truth: &'a [Lane],
    pub(super) weights: &'a [Lane],
    pub(super) gradient: &'a mut [Lane],
}

impl<const N: usize> WithSimd for Advance<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let blocks = self.probabilities.chunks_exact_mut(self.classes).zip(self.leaves.chunks_exact(LANES));
        let rows = self.inverse.iter_mut().zip(self.truth).zip(self.weights).zip(self.gradient);
        for ((block, leaves), (((inverse, truth), weight), gradient)) in blocks.zip(rows) {
            let mut sum = [0.0f32; LANES];
            let mut dot = [0.0f32; LANES];
            for (group, bounds) in self.values.of.iter().zip(self.values.starts.windows(2)) {
                let mut factor = [0.0f32; LANES];
                for l in 0..LANES {
                    factor[l] = group[usize::from(leaves[l]) & (N - 1)] * inverse[l];
                }
                let (from, to) = (usize::from(bounds[0]), usize::from(bounds[1]));
                for (p, r) in block[from..to].iter_mut().zip(&self.direction[from..to]) {
                    for l in 0..LANES {
                        let x = (p[l] * factor[l]).max(LEAST);
                        p[l] = x;
                        sum[l] += x;
                        dot[l] += x * r;
                    }
                }
            }
            for l in 0..LANES {
                inverse[l] = 1.0 / sum[l];
                gradient[l] = weight[l] * (truth[l] - dot[l] * inverse[l]);
            }
        }
    }
}

/// What a Newton step needs of a leaf and a group of classes: the sum of probabilities, and of their variances.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment {
    pub(super) mean: f32,
    pub(super) variance: f32,
}

/// One round's second half: sums over the rows of each leaf.
pub(super) struct Gather<'a> {
    pub(super) probabilities: &'a [Lane],
    pub(super) classes: usize,
    pub(super) inverse: &'a [Lane],
    pub(super) leaves: &'a [u8],
    pub(super) weights: &'a [Lane],
    pub(super) starts: &'a [u16],
    /// By leaf, then group.
    pub(super) moments: &'a mut [Moment],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let groups = self.starts.len() - 1;
        let mut means = [[0.0f32; LANES]; 256];
        let mut variances = [[0.0f32; LANES]; 256];
        let blocks = self.probabilities.chunks_exact(self.classes).zip(self.leaves.chunks_exact(LANES));
        for ((block, leaves), (inverse, weight)) in blocks.zip(self.inverse.iter().zip(self.weights)) {
            let sums = means.iter_mut().zip(variances.iter_mut()).zip(self.starts.windows(2));
            for ((mean, variance), bounds) in sums {
                let mut sum = [0.0f32; LANES];
                for p in &block[usize::from(bounds[0])..usize::from(bounds[1])] {
                    for l in 0..LANES {
                        sum[l] += p[l];
                    }
                }
                for l in 0..LANES {
                    let p = sum[l] * inverse[l];
                    mean[l] = weight[l] * p;
                    variance[l] = mean[l] * (1.0 - p);
                }
            }
            for (l, leaf) in leaves.iter().enumerate() {
                let leaf = usize::from(*leaf) * groups;
                let moments = &mut self.moments[leaf..leaf + groups];
                for ((moment, mean), variance) in moments.iter_mut().zip(&means).zip(&variances) {
                    moment.mean += mean[l];
                    moment.variance += variance[l];
                }
            }
        }
    }
}

/// Adds a tree's values to logits.
pub(super) struct Add<'a, const N: usize> {
    /// Block by block of rows, class by class.
    pub(super) logits: &'a mut [Lane],
    pub(super) classes: usize,
    pub(super) leaves: &'a [u8],
    pub(super) values: Values<'a, N>,
}

impl<const N: usize> WithSimd for Add<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (block, leaves) in self.logits.chunks_exact_mut(self.classes).zip(self.leaves.chunks_exact(LANES))
        {
            for (group, bounds) in self.values.of.iter().zip(self.values.starts.windows(2)) {
                let mut value = [0.0f32; LANES];
                for l in 0..LANES {
                    value[l] = group[usize::from(leaves[l]) & (N - 1)];
                }
                for logit in &mut block[usize::from(bounds[0])..usize::from(bounds[1])] {
                    for l in 0..LANES {
                        logit[l] += value[l];
                    }
                }
            }
        }
    }
}

/// Turns logits into probabilities.
pub(super) struct Normalize<'a> {
    pub(super) logits: &'a mut [Lane],
    pub(super) classes: usize,
}

impl WithSimd for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for block in self.logits.chunks_exact_mut(self.classes) {
            let mut most = [f32::NEG_INFINITY; LANES];
            for logit in block.iter() {
                for l in 0..LANES {
                    most[l] = most[l].max(logit[l]);
                }
            }
            let mut sum = [0.0f32; LANES];
            for logit in block.iter_mut() {
                for l in 0..LANES {
                    logit[l] = exp(logit[l] - most[l]);
                    sum[l] += logit[l];
                }
            }
            for l in 0..LANES {
                sum[l] = 1.0 / sum[l];
            }
            for logit in block.iter_mut() {
                for l in 0..LANES {
                    logit[l] *= sum[l];
                }
            }
        }
    }
}

/// Trees whose values are added in one pass over the logits.
pub(super) const TOGETHER: usize = 4;

/// Adds values of trees, one tree after the other, to the logits of rows one after another.
pub(super) struct Spread<'a, const W: usize> {
    pub(super) logits: &'a mut [[f32; W]],
    /// By tree, at most [`TOGETHER`], the leaf of each row.
    pub(super) leaves: &'a [&'a [u8]],
    /// By tree, leaf after leaf.
    pub(super) values: &'a [&'a [[f32; W]]],
}

impl<const W: usize> WithSimd for Spread<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        if let (&[first, second, third, fourth], &[a, b, c, d]) = (self.leaves, self.values) {
            for row in 0..self.logits.len() {
                let own = &mut self.logits[row];
                let (a, b) = (&a[usize::from(first[row])], &b[usize::from(second[row])]);
                let (c, d) = (&c[usize::from(third[row])], &d[usize::from(fourth[row])]);
                for l in 0..W {
                    own[l] = own[l] + a[l] + b[l] + c[l] + d[l];
                }
            }
            return;
        }
        for (leaves, values) in self.leaves.iter().zip(self.values) {
            for row in 0..self.logits.len() {
                let (own, more) = (&mut self.logits[row], &values[usize::from(leaves[row])]);
                for l in 0..W {
                    own[l] += more[l];
                }
            }
        }
    }
}

/// Turns logits of rows one after another into probabilities.
pub(super) struct Share<'a, const W: usize> {
    pub(super) logits: &'a mut [[f32; W]],
}

impl<const W: usize> WithSimd for Share<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for row in 0..self.logits.len() {
            let own = &mut self.logits[row];
            let mut most = [f32::MIN; WIDE];
            for from in (0..W).step_by(WIDE) {
                for l in 0..WIDE {
                    most[l] = most[l].max(own[from + l]);
                }
            }
            let mut highest = f32::MIN;
            for l in 0..WIDE {
                highest = highest.max(most[l]);
            }
            let mut sums = [0.0f32; WIDE];
            for from in (0..W).step_by(WIDE) {
                for l in 0..WIDE {
                    own[from + l] = exp(own[from + l] - highest);
                    sums[l] += own[from + l];
                }
            }
            let mut whole = 0.0;
            for l in 0..WIDE {
                whole += sums[l];
            }
            let inverse = 1.0 / whole;
            for l in 0..W {
                own[l] *= inverse;
            }
        }
    }
}

/// e to the power of `x`, at most about 80; relative error below 1e-6. Powers of e are powers of two: the whole part goes to
/// the exponent, the rest is a polynomial (of degree 6, near the Taylor series).
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// The sum has its whole part in the lowest bits.
    const SHIFT: f32 = 12_582_912.0;
    let t = (x * std::f32::consts::LOG2_E).max(-125.0);
    let shifted = t + SHIFT;
    let f = t - (shifted - SHIFT);
    let mut p = 1.540_353e-4_f32;
    for c in [1.333_355_8e-3, 9.618_129e-3, 5.550_411e-2, 2.402_265e-1, 6.931_472e-1, 1.0] {
        p = p * f + c;
    }
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}
