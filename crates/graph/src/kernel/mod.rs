//! The loops that do the work, each written once in plain Rust and compiled for several instruction sets.
#![allow(unsafe_code, reason = "hot loops over raw tiles; each block says why it is sound")]

pub(crate) mod byte;
pub(crate) mod convolution;
pub(crate) mod elementwise;
pub(crate) mod float;
pub(crate) mod isa;
pub(crate) mod math;
pub(crate) mod product;
pub(crate) mod random;
pub(crate) mod recurrence;

/// Asks for `bytes` bytes to be brought into the cache, if the processor takes such hints.
#[inline(always)]
pub(crate) fn prefetch<T>(from: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..size_of_val(from)).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint reads nothing, and the address is inside the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.as_ptr().cast::<i8>().add(line)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = from;
}

/// Copies `n` values, a few of them without the call that would take longer than they do.
///
/// # Safety
/// Both are valid for `n` values and do not overlap.
#[inline(always)]
pub(crate) unsafe fn copy(from: *const f32, to: *mut f32, n: usize) {
    const STEP: usize = 4;
    const FEW: usize = 64;
    if n > FEW {
        // SAFETY: the caller's contract.
        unsafe { to.copy_from_nonoverlapping(from, n) };
        return;
    }
    // SAFETY: the caller's contract; steps begin at least `STEP` before `n`, or are single values before it.
    unsafe {
        let step = |i: usize| {
            let values = from.add(i).cast::<[f32; STEP]>().read_unaligned();
            to.add(i).cast::<[f32; STEP]>().write_unaligned(values);
        };
        if n >= STEP {
            let mut i = 0;
            while i + STEP < n {
                step(i);
                i += STEP;
            }
            step(n - STEP);
            return;
        }
        if n > 0 {
            *to = *from;
        }
        if n > 1 {
            *to.add(1) = *from.add(1);
        }
        if n > 2 {
            *to.add(2) = *from.add(2);
        }
    }
}
