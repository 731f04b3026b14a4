//! Hot loops, written once in plain Rust and compiled for the instruction sets that matter.

use pulp::{Arch, Simd, WithSimd};

/// Compiles and runs the version of a loop for the best instruction set the processor has.
///
/// [`WithSimd::with_simd`] and all it calls are `#[inline(always)]`, so that they are compiled for each set.
pub(super) fn run<K: WithSimd>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// `a * b + c`, in one instruction where there is one; elsewhere `f32::mul_add` is a slow library call.
#[inline(always)]
pub(super) fn fma<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    // One lane is the plain baseline.
    if S::F32_LANES > 1 || cfg!(target_arch = "aarch64") { a.mul_add(b, c) } else { a * b + c }
}
