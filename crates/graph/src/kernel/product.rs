//! Matrix products by register tiles, with the right-hand side packed into panels of [`PANEL`] columns.
//!
//! Every element of a product is summed over `k` in ascending order, whatever tile it falls into, so neither the
//! number of rows nor of threads changes a bit.

use super::copy;
use super::isa::Isa;

/// Columns of a packed panel; one cache line.
pub(crate) const PANEL: usize = 16;
/// Depth of a product done at once with one panel, and so much less with more: their part (16 KB) stays in the first-level cache.
pub(crate) const DEPTH: usize = 256;

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
    size: (usize, usize),
    transposed: bool,
    packed: *mut f32,
    panels: (usize, usize),
) {
    // SAFETY: the caller's contract.
    unsafe { pack_part(b, size, transposed, packed, (0, size.0), panels) }
}

/// As [`pack`], for a `k` x `n` matrix that is rows `at..at + k` of one of `depth` rows; `part` is `(at, depth)`.
///
/// # Safety
/// As for [`pack`], with `packed_len(depth, n)` values of `packed` and `at + k <= depth`.
pub(crate) unsafe fn pack_part(
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
                    for j in 0..width {
                        let source = b.add((column + j) * k + p0);
                        for p in 0..block {
                            *out.add((p0 + p) * PANEL + j) = *source.add(p);
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
            Isa::Avx512 => x86::avx512(product, runs),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86::avx2(product, runs),
            #[cfg(target_arch = "aarch64")]
            Isa::Baseline => arm::neon(product, runs),
            #[cfg(not(target_arch = "aarch64"))]
            Isa::Baseline => blocks::<Plain, 4, 4, 4, 4>(product, runs),
        }
    }
}

/// A register of values. Written with intrinsics, because tiles of plain arrays do not stay in registers for every
/// number of rows.
trait Vector: Copy {
    /// Values in a register.
    const LANES: usize;
    fn splat(value: f32) -> Self;
    /// # Safety
    /// Valid for reading `LANES` values.
    unsafe fn load(from: *const f32) -> Self;
    /// # Safety
    /// Valid for writing `LANES` values.
    unsafe fn store(self, to: *mut f32);
    /// `self + x * y`.
    fn add_product(self, x: Self, y: Self) -> Self;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::{Product, Run, Vector, blocks};

    macro_rules! vector {
        ($type:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $fma:ident) => {
            impl Vector for $type {
                const LANES: usize = $lanes;
                #[inline(always)]
                fn splat(value: f32) -> Self {
                    // SAFETY: only used inside functions compiled for this instruction set.
                    unsafe { $splat(value) }
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: the caller's contract.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: the caller's contract.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                fn add_product(self, x: Self, y: Self) -> Self {
                    // SAFETY: as for `splat`.
                    unsafe { $fma(x, y, self) }
                }
            }
        };
    }
    vector!(__m256, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps);
    vector!(__m512, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps);

    /// Tiles of 6 x 16: 12 accumulators.
    ///
    /// # Safety
    /// See [`super::product_of_runs`]; the processor has AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2(product: Product, runs: &[Run]) {
        // SAFETY: the caller's contract.
        unsafe { blocks::<__m256, 6, 2, 6, 2>(product, runs) }
    }

    /// Tiles of 8 x 32, because with fewer columns a product loads more values than it multiplies; of 14 x 16 at the edge.
    ///
    /// # Safety
    /// See [`super::product_of_runs`]; the processor has AVX-512.
    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(super) unsafe fn avx512(product: Product, runs: &[Run]) {
        // SAFETY: the caller's contract.
        unsafe { blocks::<__m512, 14, 1, 8, 2>(product, runs) }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::{float32x4_t, vdupq_n_f32, vfmaq_f32, vld1q_f32, vst1q_f32};

    use super::{Product, Run, Vector, blocks};

    impl Vector for float32x4_t {
        const LANES: usize = 4;
        #[inline(always)]
        fn splat(value: f32) -> Self {
            // SAFETY: every 64-bit Arm processor has NEON.
            unsafe { vdupq_n_f32(value) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller's contract.
            unsafe { vld1q_f32(from) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller's contract.
            unsafe { vst1q_f32(to, self) }
        }
        #[inline(always)]
        fn add_product(self, x: Self, y: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { vfmaq_f32(self, x, y) }
        }
    }

    /// Tiles of 6 x 16: 24 accumulators.
    ///
    /// # Safety
    /// See [`super::product_of_runs`].
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn neon(product: Product, runs: &[Run]) {
        // SAFETY: the caller's contract.
        unsafe { blocks::<float32x4_t, 6, 4, 6, 4>(product, runs) }
    }
}

/// Four values without intrinsics, for processors that are not known.
#[cfg(not(target_arch = "aarch64"))]
#[derive(Clone, Copy)]
struct Plain([f32; 4]);

#[cfg(not(target_arch = "aarch64"))]
impl Vector for Plain {
    const LANES: usize = 4;
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's contract.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's contract.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    fn add_product(self, x: Self, y: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + x.0[i] * y.0[i]))
    }
}

/// Does something for each row of a tile, with its number a constant: a loop over many rows is unrolled after the compiler
/// has decided what stays in registers, and then their sums go through memory at every step of the depth.
macro_rules! each_row {
    ($rows:ident, |$i:ident| $body:block) => {
        each_row!($rows, $i, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    ($rows:ident, $i:ident, $body:block, $($number:literal)*) => {
        $(if $number < $rows {
            const $i: usize = $number;
            $body
        })*
    };
}

/// Columns of the widest tile.
const WIDEST: usize = 2 * PANEL;

/// Runs done together: as many as fit into the depth, and no more than this.
const GROUP: usize = 64;

/// Tiles of `ROWS` x `PARTS` registers, a panel, and of `WIDE_ROWS` x `WIDE`, one panel or more, where there are columns left
/// for them.
///
/// # Safety
/// See [`product_of_runs`]; `PARTS * V::LANES` is [`PANEL`], and `WIDE` a multiple of `PARTS`.
#[inline(always)]
unsafe fn blocks<
    V: Vector,
    const ROWS: usize,
    const PARTS: usize,
    const WIDE_ROWS: usize,
    const WIDE: usize,
>(
    product: Product,
    runs: &[Run],
) {
    let mut group = [Run { a: 0, k: 0, depth: 0 }; GROUP];
    let mut column = 0;
    while column < product.n {
        let is_wide = product.n - column > PANEL;
        let widest = if is_wide { WIDE * V::LANES } else { PANEL };
        let (width, most) = (widest.min(product.n - column), DEPTH * PANEL / widest);
        // The next run, and how much of it is done.
        let (mut next, mut done) = (0, 0);
        let mut first = true;
        while first || next < runs.len() {
            let (mut len, mut depth) = (0, 0);
            while next < runs.len() && len < GROUP && depth < most {
                let run = runs[next];
                let part = (run.depth - done).min(most - depth);
                group[len] = Run { a: run.a + done * product.stride.column, k: run.k + done, depth: part };
                (len, depth, done) = (len + 1, depth + part, done + part);
                if done == run.depth {
                    (next, done) = (next + 1, 0);
                }
            }
            // SAFETY: the strip lies inside `a`, the panels and `c` as the caller promised.
            unsafe {
                let strip = Strip {
                    a: product.a,
                    stride: product.stride,
                    b: product.packed.add(column * product.k),
                    panel: product.k * PANEL,
                    c: product.c.add(column),
                    ldc: product.ldc,
                    runs: &group[..len],
                    width,
                    start: match product.start {
                        _ if !first => Start::Accumulate,
                        Start::Bias(bias) => Start::Bias(bias.add(column)),
                        other => other,
                    },
                };
                if is_wide {
                    strip.rows::<V, WIDE_ROWS, WIDE>(product.m);
                } else {
                    strip.rows::<V, ROWS, PARTS>(product.m);
                }
            }
            first = false;
        }
        column += width;
    }
}

/// The rows of some panels of the result that are still to be done.
struct Strip<'a> {
    a: *const f32,
    stride: Stride,
    b: *const f32,
    /// Values from a panel to the next.
    panel: usize,
    c: *mut f32,
    ldc: usize,
    runs: &'a [Run],
    width: usize,
    start: Start,
}

impl Strip<'_> {
    /// All `m` rows, `ROWS` at a time.
    ///
    /// # Safety
    /// See [`product_of_runs`].
    #[inline(always)]
    unsafe fn rows<V: Vector, const ROWS: usize, const PARTS: usize>(mut self, m: usize) {
        let mut left = m;
        // SAFETY: the caller's contract; so many rows are left.
        unsafe {
            while left >= ROWS {
                self.tile::<V, ROWS, PARTS>();
                left -= ROWS;
            }
            // What is left; the largest tile has 14 rows.
            if left >= 8 {
                self.tile::<V, 8, PARTS>();
                left -= 8;
            }
            match left {
                0 => {}
                1 => self.tile::<V, 1, PARTS>(),
                2 => self.tile::<V, 2, PARTS>(),
                3 => self.tile::<V, 3, PARTS>(),
                4 => self.tile::<V, 4, PARTS>(),
                5 => self.tile::<V, 5, PARTS>(),
                6 => self.tile::<V, 6, PARTS>(),
                _ => self.tile::<V, 7, PARTS>(),
            }
        }
    }

    /// The next `ROWS` rows, in registers.
    ///
    /// # Safety
    /// See [`product_of_runs`]; so many rows are left.
    #[inline(always)]
    unsafe fn tile<V: Vector, const ROWS: usize, const PARTS: usize>(&mut self) {
        let whole = self.width == PARTS * V::LANES;
        // SAFETY: all offsets stay inside what the caller promised; a narrow strip goes through `edge`.
        unsafe {
            let mut sum = [[V::splat(0.0); PARTS]; ROWS];
            let mut edge = [0.0f32; WIDEST];
            match self.start {
                Start::Zero => {}
                Start::Bias(bias) => {
                    copy(bias, edge.as_mut_ptr(), self.width);
                    let row = std::array::from_fn(|j| V::load(edge.as_ptr().add(j * V::LANES)));
                    sum = [row; ROWS];
                }
                Start::Accumulate => {
                    each_row!(ROWS, |I| {
                        let mut from = self.c.add(I * self.ldc).cast_const();
                        if !whole {
                            copy(from, edge.as_mut_ptr(), self.width);
                            from = edge.as_ptr();
                        }
                        sum[I] = std::array::from_fn(|j| V::load(from.add(j * V::LANES)));
                    });
                }
            }
            for run in self.runs {
                let (mut a, mut b) = (self.a.add(run.a), self.b.add(run.k * PANEL));
                for _ in 0..run.depth {
                    let panels: [V; PARTS] = std::array::from_fn(|j| {
                        let at = j * V::LANES;
                        V::load(b.add(at / PANEL * self.panel + at % PANEL))
                    });
                    each_row!(ROWS, |I| {
                        let x = V::splat(*a.add(I * self.stride.row));
                        for (value, y) in sum[I].iter_mut().zip(panels) {
                            *value = value.add_product(x, y);
                        }
                    });
                    a = a.add(self.stride.column);
                    b = b.add(PANEL);
                }
            }
            each_row!(ROWS, |I| {
                let to = self.c.add(I * self.ldc);
                let whole_row = if whole { to } else { edge.as_mut_ptr() };
                for (j, value) in sum[I].iter().enumerate() {
                    value.store(whole_row.add(j * V::LANES));
                }
                if !whole {
                    copy(edge.as_ptr(), to, self.width);
                }
            });
            self.a = self.a.add(ROWS * self.stride.row);
            self.c = self.c.add(ROWS * self.ldc);
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
            for (source, flipped) in [(&b, false), (&transposed, true)] {
                // SAFETY: sizes as documented.
                unsafe {
                    pack(source.as_ptr(), (k, n), flipped, packed.as_mut_ptr(), (0, n.div_ceil(PANEL)));
                }
                let bias = numbers(n, 3);
                let mut c = vec![f32::NAN; m * n];
                let stride = Stride { row: k, column: 1 };
                for isa in Isa::available() {
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
