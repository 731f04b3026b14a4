//! Products of small matrices, written in plain Rust and compiled for the instruction sets that matter.

use pulp::{Arch, Simd, WithSimd};

/// Columns that are worked on side by side; the width of every matrix is a multiple.
pub(super) const LANES: usize = 16;

/// Rows that are worked on side by side; the number of rows of every matrix is a multiple.
pub(super) const ROWS: usize = 4;

/// `out[i][j] += sum over k of a(i, k) b[k][j]`, where `a(i, k)` is at `i * across + k * along`.
struct Product<'a> {
    a: &'a [f32],
    across: usize,
    along: usize,
    b: &'a [f32],
    out: &'a mut [f32],
    inner: usize,
    width: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Product { a, across, along, b, out, inner, width } = self;
        for (block, out) in out.chunks_exact_mut(ROWS * width).enumerate() {
            let first = block * ROWS * across;
            for column in (0..width).step_by(LANES) {
                // Named one by one, so that they stay in registers.
                let mut first_sums = [0.0f32; LANES];
                let (mut second_sums, mut third_sums, mut last_sums) = (first_sums, first_sums, first_sums);
                for k in 0..inner {
                    let Some(row) = b[k * width + column..].first_chunk::<LANES>() else { break };
                    let start = first + k * along;
                    let (p, q) = (a[start], a[start + across]);
                    let (r, s) = (a[start + 2 * across], a[start + 3 * across]);
                    for l in 0..LANES {
                        first_sums[l] += p * row[l];
                        second_sums[l] += q * row[l];
                        third_sums[l] += r * row[l];
                        last_sums[l] += s * row[l];
                    }
                }
                for (i, sums) in [first_sums, second_sums, third_sums, last_sums].iter().enumerate() {
                    for (out, sum) in out[i * width + column..].iter_mut().zip(sums) {
                        *out += sum;
                    }
                }
            }
        }
    }
}

/// `out += a b` with `a` of `[rows, width]` and `b` of `[width, width]`.
pub(super) fn add_product(a: &[f32], b: &[f32], out: &mut [f32], width: usize) {
    Arch::new().dispatch(Product { a, across: width, along: 1, b, out, inner: width, width });
}

/// `out += a' b` with `a` and `b` of `[rows, width]`.
pub(super) fn add_transposed_product(a: &[f32], b: &[f32], out: &mut [f32], width: usize) {
    let inner = a.len() / width;
    Arch::new().dispatch(Product { a, across: 1, along: width, b, out, inner, width });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_sums_of_products() {
        let width = 16;
        let a: Vec<f32> = (0..8 * width).map(|i| (i * 7 % 11) as f32 - 5.0).collect();
        let b: Vec<f32> = (0..width * width).map(|i| (i * 5 % 13) as f32 - 6.0).collect();
        let mut out = vec![1.0; 8 * width];
        add_product(&a, &b, &mut out, width);
        let c: Vec<f32> = (0..8 * width).map(|i| (i * 3 % 7) as f32).collect();
        let mut square = vec![0.0; width * width];
        add_transposed_product(&a, &c, &mut square, width);
        for i in 0..8 {
            for j in 0..width {
                let sum: f32 = (0..width).map(|k| a[i * width + k] * b[k * width + j]).sum();
                assert_eq!(out[i * width + j], 1.0 + sum);
            }
        }
        for i in 0..width {
            for j in 0..width {
                let sum: f32 = (0..8).map(|k| a[k * width + i] * c[k * width + j]).sum();
                assert_eq!(square[i * width + j], sum);
            }
        }
    }
}
