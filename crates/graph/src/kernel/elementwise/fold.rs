//! Folds of values into one.

use super::{maximum, zip2};
use crate::op::Fold;

/// # Safety
/// Both are valid for `n` values and do not overlap.
#[inline(always)]
pub(super) unsafe fn fold_into(fold: Fold, out: *mut f32, values: *const f32, n: usize) {
    // SAFETY: the caller's contract.
    let (out, values) =
        unsafe { (std::slice::from_raw_parts_mut(out, n), std::slice::from_raw_parts(values, n)) };
    match fold {
        Fold::Sum => map2(out, values, |a, b| a + b),
        Fold::Max => map2(out, values, maximum),
    }
}

/// # Safety
/// All are valid for `n` values, and `out` overlaps neither other.
#[inline(always)]
pub(super) unsafe fn fold_two(fold: Fold, out: *mut f32, a: *const f32, b: *const f32, n: usize) {
    // SAFETY: the caller's contract.
    let (out, a, b) = unsafe {
        (
            std::slice::from_raw_parts_mut(out, n),
            std::slice::from_raw_parts(a, n),
            std::slice::from_raw_parts(b, n),
        )
    };
    match fold {
        Fold::Sum => zip2(out, a, b, |a, b| a + b),
        Fold::Max => zip2(out, a, b, maximum),
    }
}

#[inline(always)]
fn map2(out: &mut [f32], values: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (a, &b) in out.iter_mut().zip(values) {
        *a = f(*a, b);
    }
}

/// Folds in 16 strands that are joined in a fixed tree, so that the order does not depend on the instruction set.
///
/// # Safety
/// `values` is valid for `n >= 1` values.
#[inline(always)]
pub(crate) unsafe fn fold_all(fold: Fold, values: *const f32, n: usize) -> f32 {
    // SAFETY: the caller's contract.
    let values = unsafe { std::slice::from_raw_parts(values, n) };
    // What the strands and their tree come to for so few.
    match (fold, values) {
        (Fold::Sum, &[a]) => return 0.0 + a,
        (Fold::Sum, &[a, b]) => return (0.0 + a) + (0.0 + b),
        (Fold::Max, &[a]) => return a,
        (Fold::Max, &[a, b]) => return maximum(a, b),
        _ => {}
    }
    let mut strands = [match fold {
        Fold::Sum => 0.0,
        Fold::Max => f32::NEG_INFINITY,
    }; 16];
    let (blocks, rest) = values.as_chunks::<16>();
    for block in blocks {
        match fold {
            Fold::Sum => map2(&mut strands, block, |a, b| a + b),
            Fold::Max => map2(&mut strands, block, maximum),
        }
    }
    for (strand, &value) in strands.iter_mut().zip(rest) {
        *strand = match fold {
            Fold::Sum => *strand + value,
            Fold::Max => maximum(*strand, value),
        };
    }
    let mut width = 8;
    while width > 0 {
        for i in 0..width {
            strands[i] = match fold {
                Fold::Sum => strands[i] + strands[i + width],
                Fold::Max => maximum(strands[i], strands[i + width]),
            };
        }
        width /= 2;
    }
    strands[0]
}
