//! The loops that do the work, each written once in plain Rust and compiled for several instruction sets.
#![allow(unsafe_code, reason = "hot loops over raw tiles; each block says why it is sound")]

pub(crate) mod convolution;
pub(crate) mod elementwise;
pub(crate) mod float;
pub(crate) mod isa;
pub(crate) mod math;
pub(crate) mod product;
pub(crate) mod random;
pub(crate) mod recurrence;

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
