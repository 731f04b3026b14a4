//! Registers of each instruction set.

/// A register of values. Written with intrinsics, because tiles of plain arrays do not stay in registers for every
/// number of rows.
pub(super) trait Vector: Copy {
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
pub(super) mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::super::tile::blocks;
    use super::super::{Product, Run};
    use super::Vector;

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
    /// See [`super::super::product_of_runs`]; the processor has AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(in super::super) unsafe fn avx2(product: Product, runs: &[Run]) {
        // SAFETY: the caller's contract.
        unsafe { blocks::<__m256, 6, 2, 6, 2>(product, runs) }
    }

    /// Tiles of 8 x 32, because with fewer columns a product loads more values than it multiplies; of 14 x 16 at the edge.
    ///
    /// # Safety
    /// See [`super::super::product_of_runs`]; the processor has AVX-512.
    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(in super::super) unsafe fn avx512(product: Product, runs: &[Run]) {
        // SAFETY: the caller's contract.
        unsafe { blocks::<__m512, 14, 1, 8, 2>(product, runs) }
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) mod arm {
    use std::arch::aarch64::{float32x4_t, vdupq_n_f32, vfmaq_f32, vld1q_f32, vst1q_f32};

    use super::super::tile::blocks;
    use super::super::{Product, Run};
    use super::Vector;

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
    /// See [`super::super::product_of_runs`].
    #[target_feature(enable = "neon")]
    pub(in super::super) unsafe fn neon(product: Product, runs: &[Run]) {
        // SAFETY: the caller's contract.
        unsafe { blocks::<float32x4_t, 6, 4, 6, 4>(product, runs) }
    }
}

/// Four values without intrinsics, for processors that are not known.
#[cfg(not(target_arch = "aarch64"))]
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; 4]);

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
