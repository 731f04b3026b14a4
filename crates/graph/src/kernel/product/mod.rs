//! Matrix products by register tiles, with the right-hand side packed into panels of [`PANEL`] columns.
//!
//! Every element of a product is summed over `k` in ascending order, whatever tile it falls into, so neither the
//! number of rows nor of threads changes a bit.

mod pack;
mod tile;
mod vector;

pub(crate) use pack::{pack, pack_part};

use super::isa::Isa;

/// Columns of a packed panel; one cache line.
pub(crate) const PANEL: usize = 16;
/// Depth of a product done at once with one panel, and so much less with more: their part (16 KB) stays in the first-level cache.
pub(crate) const DEPTH: usize = 256;

/// Values in the packed form of a `k` x `n` matrix.
pub(crate) fn packed_len(k: usize, n: usize) -> usize {
    n.div_ceil(PANEL) * PANEL * k
}

/// Rows of so many values (or a multiple) share few sets of a cache when they are read by columns.
const ALIASING: usize = 128;

/// The distance at which rows of `k` values are kept when they are read by columns.
pub(crate) fn spaced(k: usize) -> usize {
    if k.is_multiple_of(ALIASING) { k + PANEL } else { k }
}

/// Where element (i, p) of a left-hand side lies: `i * row + p * column`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stride {
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// What an output element starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    Zero,
    /// One value a column.
    Bias(*const f32),
    /// What is there already.
    Accumulate,
}

/// A part of a product's depth that is contiguous on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where it begins in the left-hand side, in values after its first element.
    pub(crate) a: usize,
    /// Where it begins in the depth of the panels.
    pub(crate) k: usize,
    pub(crate) depth: usize,
}

/// `c (m x n) = start + a b`, where the depth is what `runs` list and `b` is packed with depth `k`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    pub(crate) a: *const f32,
    pub(crate) stride: Stride,
    pub(crate) packed: *const f32,
    pub(crate) k: usize,
    pub(crate) c: *mut f32,
    /// Values from a row of `c` to the next.
    pub(crate) ldc: usize,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) start: Start,
}

/// `c (m x n, contiguous) = start + a b` with `b` packed.
///
/// # Safety
/// As for [`product_of_runs`], for the one run of the whole depth `k`.
pub(crate) unsafe fn product(
    isa: Isa,
    a: *const f32,
    stride: Stride,
    packed: *const f32,
    c: *mut f32,
    (m, k, n): (usize, usize, usize),
    start: Start,
) {
    let product = Product { a, stride, packed, k, c, ldc: n, m, n, start };
    // SAFETY: the caller's contract.
    unsafe { product_of_runs(isa, product, &[Run { a: 0, k: 0, depth: k }]) }
}

/// A product over a list of runs, in their order.
///
/// # Safety
/// For every run, `a` is valid for reading at every `run.a + i * stride.row + p * stride.column` with `p < run.depth`,
/// and `run.k + run.depth <= k`; `packed` holds `packed_len(k, n)` values; `c` is valid for writing (and, for
/// [`Start::Accumulate`], holds) `n` values every `ldc` and overlaps neither; a bias has `n`.
pub(crate) unsafe fn product_of_runs(isa: Isa, product: Product, runs: &[Run]) {
    // SAFETY: `Isa::detect` found the features; the caller's contract is the loops' contract.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => vector::x86::avx512(product, runs),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => vector::x86::avx2(product, runs),
            #[cfg(target_arch = "aarch64")]
            Isa::Baseline => vector::arm::neon(product, runs),
            #[cfg(not(target_arch = "aarch64"))]
            Isa::Baseline => tile::blocks::<vector::Plain, 4, 4, 4, 4>(product, runs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(a: &[f32], b: &[f32], (m, k, n): (usize, usize, usize)) -> Vec<f64> {
        let mut c = vec![0.0; m * n];
        for i in 0..m {
            for p in 0..k {
                for j in 0..n {
                    c[i * n + j] += f64::from(a[i * k + p]) * f64::from(b[p * n + j]);
                }
            }
        }
        c
    }

    fn numbers(n: usize, salt: u32) -> Vec<f32> {
        (0..n as u32).map(|i| ((i.wrapping_mul(2_654_435_761) ^ salt) % 1000) as f32 / 500.0 - 1.0).collect()
    }

    #[test]
    fn products_match_a_plain_loop_at_every_edge() {
        let sizes = [(1, 1, 1), (6, 29, 12), (64, 29, 12), (37, 300, 33), (13, 7, 16), (5, 513, 1)];
        // Two panels, the second cut off, with tiles of every height.
        let wide = (1..=15).map(|m| (m, 40, 29));
        for (m, k, n) in sizes.into_iter().chain(wide) {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let want = reference(&a, &b, (m, k, n));
            let mut packed = vec![f32::NAN; packed_len(k, n)];
            let transposed: Vec<f32> =
                (0..n).flat_map(|j| (0..k).map(move |p| (p, j))).map(|(p, j)| b[p * n + j]).collect();
            let bias = numbers(n, 3);
            let mut c = vec![f32::NAN; m * n];
            let stride = Stride { row: k, column: 1 };
            for isa in Isa::available() {
                for (source, flipped) in [(&b, false), (&transposed, true)] {
                    packed.fill(f32::NAN);
                    // SAFETY: sizes as documented.
                    unsafe {
                        let panels = (0, n.div_ceil(PANEL));
                        pack(isa, source.as_ptr(), (k, n), flipped, packed.as_mut_ptr(), panels);
                        let start = Start::Bias(bias.as_ptr());
                        product(isa, a.as_ptr(), stride, packed.as_ptr(), c.as_mut_ptr(), (m, k, n), start);
                        let start = Start::Accumulate;
                        product(isa, a.as_ptr(), stride, packed.as_ptr(), c.as_mut_ptr(), (m, k, n), start);
                    }
                    for i in 0..m * n {
                        let want = 2.0 * want[i] + f64::from(bias[i % n]);
                        assert!(
                            (f64::from(c[i]) - want).abs() < 1e-3,
                            "{isa:?} {m} {k} {n}: {} {want}",
                            c[i]
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_has_the_same_bits_in_any_company() {
        let (m, k, n) = (64, 100, 40);
        let (a, b) = (numbers(m * k, 4), numbers(k * n, 5));
        let mut packed = vec![0.0; packed_len(k, n)];
        let mut all = vec![0.0; m * n];
        let mut one = vec![0.0; n];
        let stride = Stride { row: k, column: 1 };
        // SAFETY: sizes as documented.
        unsafe {
            pack(Isa::detect(), b.as_ptr(), (k, n), false, packed.as_mut_ptr(), (0, n.div_ceil(PANEL)));
            for isa in Isa::available() {
                product(isa, a.as_ptr(), stride, packed.as_ptr(), all.as_mut_ptr(), (m, k, n), Start::Zero);
                for i in 0..m {
                    let row = a.as_ptr().add(i * k);
                    product(isa, row, stride, packed.as_ptr(), one.as_mut_ptr(), (1, k, n), Start::Zero);
                    assert_eq!(one, all[i * n..(i + 1) * n], "{isa:?}");
                }
            }
        }
    }
}
