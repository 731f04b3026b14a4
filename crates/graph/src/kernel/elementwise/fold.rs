//! Folds of values into one.

use super::{maximum, zip2};
use crate::kernel::copy;
use crate::op::Fold;

/// Values folded at once.
const BLOCK: usize = 16;

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

/// Folds `rows` rows of `columns` values into `out`, row by row.
///
/// # Safety
/// `values` is valid for all rows, `out` for one; they do not overlap.
#[inline(always)]
pub(super) unsafe fn fold_rows(fold: Fold, out: *mut f32, values: *const f32, rows: usize, columns: usize) {
    // SAFETY: the caller's contract; blocks begin at least `BLOCK` columns before the last.
    unsafe {
        if columns < BLOCK || rows < 2 {
            for row in 0..rows {
                fold_into(fold, out, values.add(row * columns), columns);
            }
            return;
        }
        let block = |first: usize| {
            let mut total = out.add(first).cast::<[f32; BLOCK]>().read_unaligned();
            for row in 0..rows {
                let row = values.add(row * columns + first).cast::<[f32; BLOCK]>().read_unaligned();
                match fold {
                    Fold::Sum => map2(&mut total, &row, |a, b| a + b),
                    Fold::Max => map2(&mut total, &row, maximum),
                }
            }
            total
        };
        let rest = columns % BLOCK;
        // The last columns with some before them, of which only the last are kept.
        let last = if rest > 0 { block(columns - BLOCK) } else { [0.0; BLOCK] };
        for first in (0..columns - rest).step_by(BLOCK) {
            out.add(first).cast::<[f32; BLOCK]>().write_unaligned(block(first));
        }
        copy(last.as_ptr().add(BLOCK - rest), out.add(columns - rest), rest);
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
    unsafe { fold_of_more(fold, values, n, n) }
}

/// As [`fold_all`], where `more >= n` values may be read: what is left after whole blocks is then one block, too.
///
/// # Safety
/// `values` is valid for `more` values.
#[inline(always)]
pub(super) unsafe fn fold_of_more(fold: Fold, values: *const f32, n: usize, more: usize) -> f32 {
    let (beyond, is_padded) = (values, more >= n.next_multiple_of(BLOCK));
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
    }; BLOCK];
    let (blocks, rest) = values.as_chunks::<BLOCK>();
    for block in blocks {
        match fold {
            Fold::Sum => map2(&mut strands, block, |a, b| a + b),
            Fold::Max => map2(&mut strands, block, maximum),
        }
    }
    if is_padded && !rest.is_empty() {
        let neutral = match fold {
            Fold::Sum => 0.0,
            Fold::Max => f32::NEG_INFINITY,
        };
        // SAFETY: so many values may be read.
        let block = unsafe { beyond.add(n - rest.len()).cast::<[f32; BLOCK]>().read_unaligned() };
        let last: [f32; BLOCK] = std::array::from_fn(|i| if i < rest.len() { block[i] } else { neutral });
        match fold {
            Fold::Sum => map2(&mut strands, &last, |a, b| a + b),
            Fold::Max => map2(&mut strands, &last, maximum),
        }
    } else {
        for (strand, &value) in strands.iter_mut().zip(rest) {
            *strand = match fold {
                Fold::Sum => *strand + value,
                Fold::Max => maximum(*strand, value),
            };
        }
    }
    match fold {
        Fold::Sum => tree(strands, |a, b| a + b),
        Fold::Max => tree(strands, maximum),
    }
}

/// Joins halves until one value is left, by value: in a loop the strands would go through memory each time.
#[inline(always)]
fn tree(strands: [f32; BLOCK], f: impl Fn(f32, f32) -> f32) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|i| f(strands[i], strands[i + 8]));
    let four: [f32; 4] = std::array::from_fn(|i| f(eight[i], eight[i + 4]));
    f(f(four[0], four[2]), f(four[1], four[3]))
}
