//! The loops over gates, a block of values at a time so that they stay in the first-level cache.
//!
//! Each loop reads few addresses and writes one: with many, the compiler's checks that they do not overlap cost it the
//! vectors. No loop is in a closure, which would be compiled for the baseline.

use crate::kernel::isa::dispatch;
use crate::kernel::math::{fma, sigmoid, tanh};

/// Values of a block.
const BLOCK: usize = 512;

dispatch! {
    /// From sums to gates, in place (i, f, g, o, `n` values each), and from the cell before to cell and state.
    pub(super) unsafe fn lstm = lstm_body(n: usize, gates: *mut f32, before: *const f32, cell: *mut f32, h: *mut f32)
}

/// # Safety
/// `gates` holds `4 n` values, the others `n`; they do not overlap.
#[inline(always)]
unsafe fn lstm_body<const FMA: bool>(
    n: usize,
    gates: *mut f32,
    before: *const f32,
    cell: *mut f32,
    h: *mut f32,
) {
    for at in (0..n).step_by(BLOCK) {
        let len = BLOCK.min(n - at);
        // SAFETY: all offsets are below `n`.
        unsafe {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates.add(gate * n + at));
            let (before, cell, h) = (before.add(at), cell.add(at), h.add(at));
            for gate in [i, f, o] {
                for j in 0..len {
                    *gate.add(j) = sigmoid::<FMA>(*gate.add(j));
                }
            }
            for j in 0..len {
                *g.add(j) = tanh::<FMA>(*g.add(j));
            }
            for j in 0..len {
                *cell.add(j) = fma::<FMA>(*f.add(j), *before.add(j), *i.add(j) * *g.add(j));
            }
            for j in 0..len {
                *h.add(j) = *o.add(j) * tanh::<FMA>(*cell.add(j));
            }
        }
    }
}

dispatch! {
    /// From the adjoint `d` of the state to those of the sums (`out`), and from the adjoint `carry` of the cell to that of the
    /// cell before, in place.
    pub(super) unsafe fn lstm_back = lstm_back_body(
        n: usize, gates: *const f32, before: *const f32, cell: *const f32, d: *const f32, carry: *mut f32,
        out: *mut f32, scratch: *mut f32)
}

/// # Safety
/// `gates` and `out` hold `4 n` values, the others `n`; they do not overlap.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "a hot loop with its operands")]
unsafe fn lstm_back_body<const FMA: bool>(
    n: usize,
    gates: *const f32,
    before: *const f32,
    cell: *const f32,
    d: *const f32,
    carry: *mut f32,
    out: *mut f32,
    scratch: *mut f32,
) {
    for at in (0..n).step_by(BLOCK) {
        let len = BLOCK.min(n - at);
        // SAFETY: all offsets are below `n`.
        unsafe {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates.add(gate * n + at));
            let [to_i, to_f, to_g, to_o] = [0, 1, 2, 3].map(|gate| out.add(gate * n + at));
            let (before, cell, d) = (before.add(at), cell.add(at), d.add(at));
            let (carry, shown) = (carry.add(at), scratch);
            for j in 0..len {
                *shown.add(j) = tanh::<FMA>(*cell.add(j));
            }
            for j in 0..len {
                let o = *o.add(j);
                *to_o.add(j) = *d.add(j) * *shown.add(j) * (o * (1.0 - o));
            }
            for j in 0..len {
                let shown = *shown.add(j);
                *carry.add(j) = fma::<FMA>(*d.add(j) * *o.add(j), 1.0 - shown * shown, *carry.add(j));
            }
            for j in 0..len {
                let i = *i.add(j);
                *to_i.add(j) = *carry.add(j) * *g.add(j) * (i * (1.0 - i));
            }
            for j in 0..len {
                let f = *f.add(j);
                *to_f.add(j) = *carry.add(j) * *before.add(j) * (f * (1.0 - f));
            }
            for j in 0..len {
                let g = *g.add(j);
                *to_g.add(j) = *carry.add(j) * *i.add(j) * (1.0 - g * g);
            }
            for j in 0..len {
                *carry.add(j) *= *f.add(j);
            }
        }
    }
}

dispatch! {
    /// From sums to gates, in place (r, z, n and what the reset gate takes of n, `n` values each), and from the state before
    /// to the state.
    pub(super) unsafe fn gru = gru_body(n: usize, gates: *mut f32, before: *const f32, h: *mut f32)
}

/// # Safety
/// `gates` holds `4 n` values, the others `n`; they do not overlap.
#[inline(always)]
unsafe fn gru_body<const FMA: bool>(n: usize, gates: *mut f32, before: *const f32, h: *mut f32) {
    for at in (0..n).step_by(BLOCK) {
        let len = BLOCK.min(n - at);
        // SAFETY: all offsets are below `n`.
        unsafe {
            let [reset, keep, new, back] = [0, 1, 2, 3].map(|gate| gates.add(gate * n + at));
            let (before, h) = (before.add(at), h.add(at));
            for gate in [reset, keep] {
                for j in 0..len {
                    *gate.add(j) = sigmoid::<FMA>(*gate.add(j));
                }
            }
            for j in 0..len {
                *new.add(j) = tanh::<FMA>(fma::<FMA>(*reset.add(j), *back.add(j), *new.add(j)));
            }
            for j in 0..len {
                let new = *new.add(j);
                *h.add(j) = fma::<FMA>(*keep.add(j), *before.add(j) - new, new);
            }
        }
    }
}

dispatch! {
    /// From the adjoint `d` of the state to those of the sums (`out`), and to what goes straight on to the state before
    /// (`carry`).
    pub(super) unsafe fn gru_back = gru_back_body(
        n: usize, gates: *const f32, before: *const f32, d: *const f32, carry: *mut f32, out: *mut f32)
}

/// # Safety
/// `gates` and `out` hold `4 n` values, the others `n`; they do not overlap.
#[inline(always)]
unsafe fn gru_back_body<const FMA: bool>(
    n: usize,
    gates: *const f32,
    before: *const f32,
    d: *const f32,
    carry: *mut f32,
    out: *mut f32,
) {
    for at in (0..n).step_by(BLOCK) {
        let len = BLOCK.min(n - at);
        // SAFETY: all offsets are below `n`.
        unsafe {
            let [reset, keep, new, back] = [0, 1, 2, 3].map(|gate| gates.add(gate * n + at));
            let [to_reset, to_keep, to_new, to_back] = [0, 1, 2, 3].map(|gate| out.add(gate * n + at));
            let (before, d, carry) = (before.add(at), d.add(at), carry.add(at));
            for j in 0..len {
                let new = *new.add(j);
                *to_new.add(j) = *d.add(j) * (1.0 - *keep.add(j)) * (1.0 - new * new);
            }
            for j in 0..len {
                let keep = *keep.add(j);
                *to_keep.add(j) = *d.add(j) * (*before.add(j) - *new.add(j)) * (keep * (1.0 - keep));
            }
            for j in 0..len {
                let reset = *reset.add(j);
                *to_reset.add(j) = *to_new.add(j) * *back.add(j) * (reset * (1.0 - reset));
            }
            for j in 0..len {
                *to_back.add(j) = *to_new.add(j) * *reset.add(j);
            }
            for j in 0..len {
                *carry.add(j) = *d.add(j) * *keep.add(j);
            }
        }
    }
}
