//! Hot loops, written once in plain Rust and compiled for the instruction sets that matter.

use pulp::{Arch, Simd, WithSimd};

/// A loop with its operands.
///
/// `FUSED` says whether a fused multiply-add is fast; without one, `f32::mul_add` is a slow library call.
/// Implementations are `#[inline(always)]`, so that they are compiled anew for each instruction set.
pub(super) trait Kernel {
    type Output;

    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs the version of a loop for the best instruction set the processor has.
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    struct Dispatched<K>(K);
    impl<K: Kernel> WithSimd for Dispatched<K> {
        type Output = K::Output;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> K::Output {
            // One lane is the plain baseline, which may lack the instruction.
            if S::F32_LANES > 1 {
                self.0.run::<true>()
            } else {
                self.0.run::<{ cfg!(target_arch = "aarch64") }>()
            }
        }
    }
    Arch::new().dispatch(Dispatched(kernel))
}

/// `a * b + c`.
#[inline(always)]
pub(super) fn fma<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
