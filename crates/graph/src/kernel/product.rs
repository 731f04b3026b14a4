//! Matrix products by register tiles, with the right-hand side packed into panels of [`PANEL`] columns.
//!
//! Every element of a product is summed over `k` in ascending order, whatever tile it falls into, so neither the
//! number of rows nor of threads changes a bit.

use super::isa::{Isa, dispatch};

/// Columns of a packed panel; one cache line.
pub(crate) const PANEL: usize = 16;
/// Depth of a product done at once: this much of a panel (16 KB) stays in the first-level cache.
const DEPTH: usize = 256;

/// Values in the packed form of a `k` x `n` matrix.
pub(crate) fn packed_len(k: usize, n: usize) -> usize {
    n.div_ceil(PANEL) * PANEL * k
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

/// Packs panels `first..last` of a `k` x `n` matrix (given transposed, `n` x `k`, if `transposed`), padding with zeros.
///
/// # Safety
/// `b` is valid for reading `k * n` values, `packed` for writing `packed_len(k, n)`.
pub(crate) unsafe fn pack(
    b: *const f32,
    (k, n): (usize, usize),
    transposed: bool,
    packed: *mut f32,
    (first, last): (usize, usize),
) {
    for panel in first..last {
        let column = panel * PANEL;
        let width = PANEL.min(n - column);
        // SAFETY: panel < n.div_ceil(PANEL), so the panel's `k * PANEL` values lie inside `packed`, and columns
        // `column..column + width` lie inside `b`.
        unsafe {
            let out = packed.add(panel * PANEL * k);
            if transposed {
                if width < PANEL {
                    std::slice::from_raw_parts_mut(out, k * PANEL).fill(0.0);
                }
                // In blocks of 16 x 16, so that both sides stay in cache lines already fetched.
                for p0 in (0..k).step_by(PANEL) {
                    let depth = PANEL.min(k - p0);
                    for j in 0..width {
                        let source = b.add((column + j) * k + p0);
                        for p in 0..depth {
                            *out.add((p0 + p) * PANEL + j) = *source.add(p);
                        }
                    }
                }
            } else {
                for p in 0..k {
                    let row = std::slice::from_raw_parts_mut(out.add(p * PANEL), PANEL);
                    let source = std::slice::from_raw_parts(b.add(p * n + column), width);
                    row[..width].copy_from_slice(source);
                    row[width..].fill(0.0);
                }
            }
        }
    }
}

/// `c (m x n, contiguous) = start + a b` with `b` packed.
///
/// # Safety
/// `a` is valid for reading at every `i * stride.row + p * stride.column`, `packed` holds `packed_len(k, n)` values,
/// `c` is valid for writing (and, for [`Start::Accumulate`], holds) `m * n` values and overlaps neither; a bias has `n`.
pub(crate) unsafe fn product(
    isa: Isa,
    a: *const f32,
    stride: Stride,
    packed: *const f32,
    c: *mut f32,
    (m, k, n): (usize, usize, usize),
    start: Start,
) {
    // SAFETY: the caller's contract is the loops' contract.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => tall(isa, a, stride, packed, c, (m, k, n), start),
            _ => low(isa, a, stride, packed, c, (m, k, n), start),
        }
    }
}

dispatch! {
    /// With tiles of 6 rows: 12 AVX2 accumulators, or 24 NEON.
    unsafe fn low = blocks::<6>(a: *const f32, stride: Stride, packed: *const f32, c: *mut f32,
        size: (usize, usize, usize), start: Start)
}

#[cfg(target_arch = "x86_64")]
dispatch! {
    /// With tiles of 14 rows: 14 AVX-512 accumulators.
    unsafe fn tall = blocks::<14>(a: *const f32, stride: Stride, packed: *const f32, c: *mut f32,
        size: (usize, usize, usize), start: Start)
}

/// # Safety
/// See [`product`].
#[inline(always)]
unsafe fn blocks<const FMA: bool, const ROWS: usize>(
    a: *const f32,
    stride: Stride,
    packed: *const f32,
    c: *mut f32,
    (m, k, n): (usize, usize, usize),
    start: Start,
) {
    for column in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - column);
        for p in (0..k.max(1)).step_by(DEPTH) {
            let depth = DEPTH.min(k - p);
            for i in (0..m).step_by(ROWS) {
                let rows = ROWS.min(m - i);
                // SAFETY: the tile lies inside `a`, the panel and `c` as the caller promised.
                unsafe {
                    let begin = match start {
                        _ if p > 0 => Start::Accumulate,
                        Start::Bias(bias) => Start::Bias(bias.add(column)),
                        other => other,
                    };
                    let a = a.add(i * stride.row + p * stride.column);
                    let b = packed.add(column * k + p * PANEL);
                    let c = c.add(i * n + column);
                    macro_rules! tail {
                        ($($rows:literal)*) => {
                            match rows {
                                $($rows => tile::<FMA, $rows>(a, stride, b, c, n, depth, width, begin),)*
                                _ => tile::<FMA, ROWS>(a, stride, b, c, n, depth, width, begin),
                            }
                        };
                    }
                    if rows == ROWS {
                        tile::<FMA, ROWS>(a, stride, b, c, n, depth, width, begin);
                    } else {
                        tail!(1 2 3 4 5 6 7 8 9 10 11 12 13);
                    }
                }
            }
        }
    }
}

/// One tile of `ROWS` x [`PANEL`] in registers.
///
/// # Safety
/// See [`product`]; `width` is at most [`PANEL`].
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "a hot loop with its operands")]
unsafe fn tile<const FMA: bool, const ROWS: usize>(
    a: *const f32,
    stride: Stride,
    b: *const f32,
    c: *mut f32,
    ldc: usize,
    depth: usize,
    width: usize,
    start: Start,
) {
    // SAFETY: all offsets stay inside what the caller promised.
    unsafe {
        let mut sum = [[0.0f32; PANEL]; ROWS];
        match start {
            Start::Zero => {}
            Start::Bias(bias) => {
                let mut row = [0.0f32; PANEL];
                for (j, value) in row.iter_mut().enumerate().take(width) {
                    *value = *bias.add(j);
                }
                sum = [row; ROWS];
            }
            Start::Accumulate => {
                for (i, row) in sum.iter_mut().enumerate() {
                    if width == PANEL {
                        *row = c.add(i * ldc).cast::<[f32; PANEL]>().read_unaligned();
                    } else {
                        for (j, value) in row.iter_mut().enumerate().take(width) {
                            *value = *c.add(i * ldc + j);
                        }
                    }
                }
            }
        }
        let mut a = a;
        for p in 0..depth {
            let b = b.add(p * PANEL).cast::<[f32; PANEL]>().read_unaligned();
            for (i, row) in sum.iter_mut().enumerate() {
                let x = *a.add(i * stride.row);
                for (value, b) in row.iter_mut().zip(b) {
                    *value = super::math::fma::<FMA>(x, b, *value);
                }
            }
            a = a.add(stride.column);
        }
        for (i, row) in sum.iter().enumerate() {
            if width == PANEL {
                c.add(i * ldc).cast::<[f32; PANEL]>().write_unaligned(*row);
            } else {
                for (j, value) in row.iter().enumerate().take(width) {
                    *c.add(i * ldc + j) = *value;
                }
            }
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
        for (m, k, n) in [(1, 1, 1), (6, 29, 12), (64, 29, 12), (37, 300, 33), (13, 7, 16), (5, 513, 1)] {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let want = reference(&a, &b, (m, k, n));
            let mut packed = vec![f32::NAN; packed_len(k, n)];
            let transposed: Vec<f32> =
                (0..n).flat_map(|j| (0..k).map(move |p| (p, j))).map(|(p, j)| b[p * n + j]).collect();
            for (source, flipped) in [(&b, false), (&transposed, true)] {
                // SAFETY: sizes as documented.
                unsafe {
                    pack(source.as_ptr(), (k, n), flipped, packed.as_mut_ptr(), (0, n.div_ceil(PANEL)));
                }
                let bias = numbers(n, 3);
                let mut c = vec![f32::NAN; m * n];
                let stride = Stride { row: k, column: 1 };
                for isa in [Isa::detect(), Isa::Baseline] {
                    // SAFETY: sizes as documented.
                    unsafe {
                        let start = Start::Bias(bias.as_ptr());
                        product(isa, a.as_ptr(), stride, packed.as_ptr(), c.as_mut_ptr(), (m, k, n), start);
                        let start = Start::Accumulate;
                        product(isa, a.as_ptr(), stride, packed.as_ptr(), c.as_mut_ptr(), (m, k, n), start);
                    }
                    for i in 0..m * n {
                        let want = 2.0 * want[i] + f64::from(bias[i % n]);
                        assert!((f64::from(c[i]) - want).abs() < 1e-3, "{m} {k} {n}: {} {want}", c[i]);
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
            pack(b.as_ptr(), (k, n), false, packed.as_mut_ptr(), (0, n.div_ceil(PANEL)));
            let isa = Isa::detect();
            product(isa, a.as_ptr(), stride, packed.as_ptr(), all.as_mut_ptr(), (m, k, n), Start::Zero);
            for i in 0..m {
                let row = a.as_ptr().add(i * k);
                product(isa, row, stride, packed.as_ptr(), one.as_mut_ptr(), (1, k, n), Start::Zero);
                assert_eq!(one, all[i * n..(i + 1) * n]);
            }
        }
    }
}
