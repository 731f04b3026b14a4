//! The instructions that stand for several, see `plan/chain.rs`.

use super::{Arg, Code, Instr, zip2};

/// # Safety
/// The registers the instruction names are valid for `n` values; its destination is the first operand or overlaps none.
#[inline(always)]
pub(super) unsafe fn step(instr: &Instr, pointers: &[*mut f32], scalars: &[f32], n: usize) {
    let scalar = |index: u16| scalars[index as usize];
    let (Arg::Reg(a), Arg::Reg(b)) = (instr.a, instr.b) else { return };
    let (out, a, b) = (pointers[instr.dst as usize], pointers[a as usize], pointers[b as usize]);
    // SAFETY: the caller's contract.
    unsafe {
        match instr.code {
            Code::Blend { x, y } => {
                let (x, y) = (scalar(x), scalar(y));
                two(out, a, b, n, |a, b| a * x + b * y);
            }
            Code::BlendSquare { x, y } => {
                let (x, y) = (scalar(x), scalar(y));
                two(out, a, b, n, |a, b| a * x + b * b * y);
            }
            Code::RootStep { rate, scale, epsilon } => {
                let Arg::Reg(c) = instr.c else { return };
                let (rate, scale, epsilon) = (scalar(rate), scalar(scale), scalar(epsilon));
                let f = |a: f32, b: f32, c: f32| a - b * rate / ((c * scale).sqrt() + epsilon);
                three(out, a, b, pointers[c as usize], n, f);
            }
            Code::Copy | Code::Unary(_) | Code::Binary(_) | Code::Select | Code::SoftplusSigmoid { .. } => {}
        }
    }
}

/// # Safety
/// All are valid for `n` values, and `out` is `a` or overlaps neither.
#[inline(always)]
unsafe fn two(out: *mut f32, a: *const f32, b: *const f32, n: usize, f: impl Fn(f32, f32) -> f32) {
    // SAFETY: the caller's contract.
    let (values, b) = unsafe { (std::slice::from_raw_parts_mut(out, n), std::slice::from_raw_parts(b, n)) };
    if std::ptr::eq(out, a) {
        for (value, &b) in values.iter_mut().zip(b) {
            *value = f(*value, b);
        }
    } else {
        // SAFETY: likewise.
        zip2(values, unsafe { std::slice::from_raw_parts(a, n) }, b, f);
    }
}

/// # Safety
/// As [`two`], `c` like `b`.
#[inline(always)]
unsafe fn three(
    out: *mut f32,
    a: *const f32,
    b: *const f32,
    c: *const f32,
    n: usize,
    f: impl Fn(f32, f32, f32) -> f32,
) {
    // SAFETY: the caller's contract.
    let (values, b, c) = unsafe {
        (
            std::slice::from_raw_parts_mut(out, n),
            std::slice::from_raw_parts(b, n),
            std::slice::from_raw_parts(c, n),
        )
    };
    if std::ptr::eq(out, a) {
        for ((value, &b), &c) in values.iter_mut().zip(b).zip(c) {
            *value = f(*value, b, c);
        }
    } else {
        // SAFETY: likewise.
        let a = unsafe { std::slice::from_raw_parts(a, n) };
        for (((value, &a), &b), &c) in values.iter_mut().zip(a).zip(b).zip(c) {
            *value = f(a, b, c);
        }
    }
}
