//! The way back.

use super::{columns_of, dot, gate, is_masked, keep_masked, lanes, pack_rows, rows_of};
use crate::kernel::isa::Isa;
use crate::kernel::product::{PANEL, Product, Run, Start, Stride, product_of_runs};
use crate::recurrence::{Cell, Recurrence};

/// Steps whose share of the adjoint of the weights is added at once.
pub(super) const GROUP: usize = 4;

/// The adjoints of the sums of every step, `[step][sum][row]`: of i, f, g, o or of r, z, n and what the reset gate takes
/// of n.
///
/// # Safety
/// `trace` holds the trace of `rows` rows, `g` the adjoints of their states, `out` takes those of the sums; else as for
/// [`super::trace()`].
#[expect(clippy::too_many_arguments, reason = "addresses of one operation")]
pub(crate) unsafe fn adjoints(
    isa: Isa,
    r: &Recurrence,
    rows: usize,
    trace: *const f32,
    weights: *const f32,
    mask: *const f32,
    g: *const f32,
    out: *mut f32,
    scratch: *mut f32,
) {
    let (units, columns) = (r.units, r.columns());
    let (block, sums) = (units * rows, Recurrence::SUMS * units);
    // SAFETY: the parts of the scratch follow each other and `scratch_len` counts them; steps of trace and adjoints
    // lie behind each other.
    unsafe {
        let packed = scratch;
        let part = |i: usize| packed.add(sums * lanes(rows) + i * block);
        // The adjoint of the state, what of it comes from the next step, that of the cell (and a copy), what is before
        // the first step, and room for a loop.
        let [d, onward, cell, kept, zeros, room] = std::array::from_fn(part);
        std::slice::from_raw_parts_mut(scratch, sums * lanes(rows) + 6 * block).fill(0.0);
        let recurrent = weights.add((r.inputs + 1) * columns);
        for t in (0..r.steps).rev() {
            let h = trace.add(t * r.step_width() * rows);
            let gates = h.add(r.cell.carried() * block);
            let before = if t == 0 { zeros.cast_const() } else { h.sub(r.step_width() * rows) };
            let to = out.add(t * sums * rows);
            if !r.last {
                columns_of(g.add(t * units), (rows, r.state_width()), units, d);
            } else if t + 1 == r.steps {
                columns_of(g, (rows, units), units, d);
            } else {
                std::slice::from_raw_parts_mut(d, block).fill(0.0);
            }
            for j in 0..block {
                *d.add(j) += *onward.add(j);
            }
            let masked = !mask.is_null() && is_masked(mask.add(t), (rows, r.steps));
            if masked {
                kept.copy_from_nonoverlapping(cell, block);
            }
            match r.cell {
                Cell::Lstm => {
                    let before = if t == 0 { before } else { before.add(block) };
                    gate::lstm_back(isa, block, gates, before, h.add(block), d, cell, to, room);
                    std::slice::from_raw_parts_mut(onward, block).fill(0.0);
                }
                Cell::Gru => gate::gru_back(isa, block, gates, before, d, onward, to),
            }
            if masked {
                let mask = mask.add(t);
                keep_masked(mask, (rows, r.steps), sums, std::ptr::null(), to);
                keep_masked(mask, (rows, r.steps), units, kept, cell);
                keep_masked(mask, (rows, r.steps), units, d, onward);
            }
            if t == 0 {
                continue;
            }
            pack_rows(to, sums, rows, packed, (0, sums));
            let product = Product {
                a: recurrent,
                stride: Stride { row: columns, column: 1 },
                packed,
                k: sums,
                c: onward,
                ldc: rows,
                m: units,
                n: rows,
                start: Start::Accumulate,
            };
            match r.cell {
                Cell::Lstm => product_of_runs(isa, product, &[Run { a: 0, k: 0, depth: sums }]),
                Cell::Gru => {
                    let gates = Run { a: 0, k: 0, depth: 2 * units };
                    let back = Run { a: 2 * units, k: 3 * units, depth: units };
                    product_of_runs(isa, product, &[gates, back]);
                }
            }
        }
    }
}

/// The adjoint of the sequence, from the adjoints of the sums.
///
/// # Safety
/// `back` holds the adjoints of the sums of `rows` rows, `out` takes those of the sequence; else as for
/// [`super::trace()`].
pub(crate) unsafe fn input_adjoint(
    isa: Isa,
    r: &Recurrence,
    rows: usize,
    back: *const f32,
    weights: *const f32,
    out: *mut f32,
    scratch: *mut f32,
) {
    let sums = Recurrence::SUMS * r.units;
    // SAFETY: the parts of the scratch follow each other and `scratch_len` counts them.
    unsafe {
        let packed = scratch;
        let found = packed.add(sums * lanes(rows));
        let total = found.add(r.inputs * rows);
        std::slice::from_raw_parts_mut(packed, sums * lanes(rows)).fill(0.0);
        let steps = if r.repeats { 1 } else { r.steps };
        if r.repeats {
            add_steps(r, rows, back, total);
        }
        for t in 0..steps {
            let from = if r.repeats { total.cast_const() } else { back.add(t * sums * rows) };
            pack_rows(from, sums, rows, packed, (0, sums));
            let product = Product {
                a: weights,
                stride: Stride { row: r.columns(), column: 1 },
                packed,
                k: sums,
                c: found,
                ldc: rows,
                m: r.inputs,
                n: rows,
                start: Start::Zero,
            };
            product_of_runs(isa, product, &[Run { a: 0, k: 0, depth: r.columns() }]);
            rows_of(found, r.inputs, out.add(t * r.inputs), (rows, r.input_width()));
        }
    }
}

/// The sum over steps of the adjoints of the sums.
///
/// # Safety
/// `back` holds the adjoints of `rows` rows, `total` takes those of a step.
unsafe fn add_steps(r: &Recurrence, rows: usize, back: *const f32, total: *mut f32) {
    let n = Recurrence::SUMS * r.units * rows;
    // SAFETY: the caller's contract.
    unsafe {
        total.copy_from_nonoverlapping(back, n);
        for t in 1..r.steps {
            let from = back.add(t * n);
            for j in 0..n {
                *total.add(j) += *from.add(j);
            }
        }
    }
}

/// The adjoint of the weights, added to what `out` holds if `more`.
///
/// # Safety
/// `back` holds the adjoints of the sums of `rows` rows, `trace` their trace, `out` has the size of the weights; else
/// as for [`super::trace()`].
#[expect(clippy::too_many_arguments, reason = "addresses of one operation")]
pub(crate) unsafe fn weight_adjoint(
    isa: Isa,
    r: &Recurrence,
    rows: usize,
    x: *const f32,
    trace: *const f32,
    back: *const f32,
    mask: *const f32,
    out: *mut f32,
    more: bool,
    scratch: *mut f32,
) {
    let (sums, depth, fed) = (Recurrence::SUMS * r.units, r.depth(), r.inputs + 1);
    let most = GROUP.min(r.steps);
    // SAFETY: the parts of the scratch follow each other and `scratch_len` counts them.
    unsafe {
        let found = scratch;
        let packed = found.add(sums * depth);
        std::slice::from_raw_parts_mut(found, sums * depth).fill(0.0);
        let add = |a: *const f32, runs: &[Run], k: usize, (first, n): (usize, usize)| {
            let stride = Stride { row: rows, column: 1 };
            let (c, start) = (found.add(first), Start::Accumulate);
            let product = Product { a, stride, packed, k, c, ldc: depth, m: sums, n, start };
            product_of_runs(isa, product, runs);
        };
        // What is the same at each step is multiplied by the sum over steps, and few inputs need no panels.
        let few = !r.repeats && r.inputs <= dot::FEW;
        let own = if r.repeats || few { (fed, depth - fed) } else { (0, depth) };
        let inputs = packed.add(most * rows * depth.next_multiple_of(PANEL));
        for first in (0..r.steps).step_by(most) {
            let steps = most.min(r.steps - first);
            for i in 0..steps {
                pack_read(r, rows, (x, trace, mask), first + i, own, packed, (i * rows, steps * rows));
            }
            let runs: [Run; GROUP] =
                std::array::from_fn(|i| Run { a: i * sums * rows, k: i * rows, depth: rows });
            add(back.add(first * sums * rows), &runs[..steps], steps * rows, own);
            if few {
                for i in 0..steps {
                    let (t, to) = (first + i, inputs.add(i * r.inputs * rows));
                    columns_of(x.add(t * r.inputs), (rows, r.input_width()), r.inputs, to);
                    if !mask.is_null() {
                        // What does not count need not be a number.
                        keep_masked(mask.add(t), (rows, r.steps), r.inputs, std::ptr::null(), to);
                    }
                }
                let sizes = (steps, sums, rows);
                dot::add(isa, r.inputs, sizes, back.add(first * sums * rows), inputs, (found, depth));
            }
        }
        if r.repeats {
            let total = packed.add(rows * fed.next_multiple_of(PANEL));
            add_steps(r, rows, back, total);
            pack_read(r, rows, (x, trace, std::ptr::null()), 0, (0, fed), packed, (0, rows));
            add(total, &[Run { a: 0, k: 0, depth: rows }], rows, (0, fed));
        }
        for k in 0..depth {
            let out = out.add(k * r.columns());
            for j in 0..r.columns() {
                // The weights of a gated recurrent unit's n have a sum of their own for the state.
                let sum = if r.cell == Cell::Gru && k >= fed && j >= 2 * r.units { j + r.units } else { j };
                let value = *found.add(sum * depth + k);
                *out.add(j) = if more { *out.add(j) + value } else { value };
            }
        }
    }
}

/// What step `t` reads (input, one, state, one), from place `first` and `n` of it, as depths `at..at + rows` of panels,
/// a column each.
///
/// # Safety
/// As for [`weight_adjoint`]; the panels are `depth` deep.
unsafe fn pack_read(
    r: &Recurrence,
    rows: usize,
    (x, trace, mask): (*const f32, *const f32, *const f32),
    t: usize,
    (first, n): (usize, usize),
    panels: *mut f32,
    (at, depth): (usize, usize),
) {
    let state = r.inputs + 1;
    let x = x.wrapping_add(if r.repeats { 0 } else { t * r.inputs });
    for k in 0..n.next_multiple_of(PANEL) {
        let place = first + k;
        // SAFETY: the caller's contract; places below `inputs` are the input's, those from `state` on the state's.
        unsafe {
            let to = panels.add(k / PANEL * depth * PANEL + at * PANEL + k % PANEL);
            if k < n && place < r.inputs {
                for row in 0..rows {
                    // What does not count need not be a number.
                    let counts = mask.is_null() || *mask.add(row * r.steps + t) != 0.0;
                    *to.add(row * PANEL) = if counts { *x.add(row * r.input_width() + place) } else { 0.0 };
                }
            } else if k < n && (state..state + r.units).contains(&place) && t > 0 {
                let h = trace.add((t - 1) * r.step_width() * rows + (place - state) * rows);
                for row in 0..rows {
                    *to.add(row * PANEL) = *h.add(row);
                }
            } else {
                let is_one = k < n && !(state..state + r.units).contains(&place);
                for row in 0..rows {
                    *to.add(row * PANEL) = if is_one { 1.0 } else { 0.0 };
                }
            }
        }
    }
}
