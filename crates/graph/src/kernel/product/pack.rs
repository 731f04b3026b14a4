//! Right-hand sides as panels.

use super::PANEL;
use crate::kernel::copy;
use crate::kernel::isa::Isa;

/// Packs panels `first..last` of a `k` x `n` matrix (given transposed, `n` x `k`, if `transposed`), padding with zeros.
///
/// # Safety
/// The processor has `isa`; `b` is valid for reading `k * n` values, `packed` for writing `packed_len(k, n)`.
pub(crate) unsafe fn pack(
    isa: Isa,
    b: *const f32,
    size: (usize, usize),
    transposed: bool,
    packed: *mut f32,
    panels: (usize, usize),
) {
    // SAFETY: the caller's contract.
    unsafe { pack_part(isa, b, size, transposed, packed, (0, size.0), panels) }
}

/// As [`pack`], for a `k` x `n` matrix that is rows `at..at + k` of one of `depth` rows; `part` is `(at, depth)`.
///
/// # Safety
/// As for [`pack`], with `packed_len(depth, n)` values of `packed` and `at + k <= depth`.
#[allow(clippy::too_many_arguments, reason = "addresses and sizes of one operation")]
pub(crate) unsafe fn pack_part(
    isa: Isa,
    b: *const f32,
    (k, n): (usize, usize),
    transposed: bool,
    packed: *mut f32,
    (at, depth): (usize, usize),
    (first, last): (usize, usize),
) {
    for panel in first..last {
        let column = panel * PANEL;
        let width = PANEL.min(n - column);
        // SAFETY: panel < n.div_ceil(PANEL), so the panel's `depth * PANEL` values lie inside `packed`, and columns
        // `column..column + width` lie inside `b`.
        unsafe {
            let out = packed.add((panel * depth + at) * PANEL);
            if transposed {
                if width < PANEL {
                    std::slice::from_raw_parts_mut(out, k * PANEL).fill(0.0);
                }
                // In blocks of 16 x 16, so that both sides stay in cache lines already fetched.
                for p0 in (0..k).step_by(PANEL) {
                    let block = PANEL.min(k - p0);
                    let (source, out) = (b.add(column * k + p0), out.add(p0 * PANEL));
                    #[cfg(target_arch = "x86_64")]
                    if (width, block) == (PANEL, PANEL) && isa != Isa::Baseline {
                        x86::transpose(source, k, out);
                        continue;
                    }
                    for j in 0..width {
                        for p in 0..block {
                            *out.add(p * PANEL + j) = *source.add(j * k + p);
                        }
                    }
                }
            } else {
                for p in 0..k {
                    let row = &mut *out.add(p * PANEL).cast::<[f32; PANEL]>();
                    let source = b.add(p * n + column);
                    if width == PANEL {
                        *row = source.cast::<[f32; PANEL]>().read_unaligned();
                    } else {
                        *row = [0.0; PANEL];
                        copy(source, row.as_mut_ptr(), width);
                    }
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_shuffle_ps, _mm256_storeu_ps,
        _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };

    use super::PANEL;

    /// Half a panel, and the values of a register.
    const HALF: usize = PANEL / 2;

    /// A block of 16 rows of 16 values, `stride` apart, as 16 contiguous rows of its columns.
    ///
    /// # Safety
    /// The processor has AVX2; all rows are valid for reading, `out` for writing 256 values, and they do not overlap.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn transpose(from: *const f32, stride: usize, out: *mut f32) {
        for quarter in 0..4 {
            let (row, column) = (quarter / 2 * HALF, quarter % 2 * HALF);
            // SAFETY: a quarter of either block.
            unsafe {
                transpose_quarter(from.add(row * stride + column), stride, out.add(column * PANEL + row));
            };
        }
    }

    /// # Safety
    /// As [`transpose`], for 8 x 8 values; rows of `out` are a panel apart.
    #[target_feature(enable = "avx2")]
    unsafe fn transpose_quarter(from: *const f32, stride: usize, out: *mut f32) {
        // SAFETY: the caller's contract.
        let rows: [__m256; HALF] = std::array::from_fn(|i| unsafe { _mm256_loadu_ps(from.add(i * stride)) });
        // Pairs of rows, then fours, then all: each step doubles how many rows a register's values come from.
        let [a, b, c, d, e, f, g, h] = rows;
        let pair = |a, b| (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let ((ab0, ab1), (cd0, cd1), (ef0, ef1), (gh0, gh1)) =
            (pair(a, b), pair(c, d), pair(e, f), pair(g, h));
        let four = |ab, cd| (_mm256_shuffle_ps::<0x44>(ab, cd), _mm256_shuffle_ps::<0xEE>(ab, cd));
        let ((a0, a1), (a2, a3)) = (four(ab0, cd0), four(ab1, cd1));
        let ((e0, e1), (e2, e3)) = (four(ef0, gh0), four(ef1, gh1));
        for (i, (low, high)) in [(a0, e0), (a1, e1), (a2, e2), (a3, e3)].into_iter().enumerate() {
            // SAFETY: likewise.
            unsafe {
                _mm256_storeu_ps(out.add(i * PANEL), _mm256_permute2f128_ps::<0x20>(low, high));
                _mm256_storeu_ps(out.add((i + 4) * PANEL), _mm256_permute2f128_ps::<0x31>(low, high));
            }
        }
    }
}
