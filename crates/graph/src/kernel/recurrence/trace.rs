//! The way forward.

use super::{gate, is_masked, keep_masked, lanes, pack_rows, rows_of, spaced};
use crate::kernel::isa::Isa;
use crate::kernel::product::{PANEL, Product, Run, Start, Stride, product_of_runs};
use crate::recurrence::{Cell, Recurrence};

/// The trace of `rows` rows: for each step the state, of a long short-term memory the cell, then the four gates.
///
/// # Safety
/// `x` holds the sequences, `weights` the matrix, `mask` (if not null) `steps` values a row, `out` takes the trace,
/// `scratch` is [`super::scratch_len`] long.
#[expect(clippy::too_many_arguments, reason = "addresses of one operation")]
pub(crate) unsafe fn trace(
    isa: Isa,
    r: &Recurrence,
    rows: usize,
    x: *const f32,
    weights: *const f32,
    mask: *const f32,
    out: *mut f32,
    scratch: *mut f32,
) {
    let (units, columns, depth) = (r.units, r.columns(), r.depth());
    let (block, step) = (units * rows, r.step_width() * rows);
    let column = spaced(columns);
    // What the state is multiplied by begins after the input and the one.
    let fed = r.inputs + 1;
    // SAFETY: the parts of the scratch follow each other and `scratch_len` counts them; a step of the trace is
    // `step` values of `out`.
    unsafe {
        let a = scratch;
        let read = a.add(depth * column);
        let zeros = read.add(depth * lanes(rows));
        let same = zeros.add(block);
        std::slice::from_raw_parts_mut(zeros, block).fill(0.0);
        for k in 0..depth {
            a.add(k * column).copy_from_nonoverlapping(weights.add(k * columns), columns);
        }
        // Columns beyond the rows, and the state before the first step, are zero; ones stay ones.
        let panels = std::slice::from_raw_parts_mut(read, depth * lanes(rows));
        panels.fill(0.0);
        for panel in panels.chunks_exact_mut(depth * PANEL) {
            panel[r.inputs * PANEL..fed * PANEL].fill(1.0);
            panel[(fed + units) * PANEL..].fill(1.0);
        }
        // `m` sums from column `first` of the weights, over what is read from `k` on.
        let sums =
            |(m, first): (usize, usize), (k, depth_read): (usize, usize), start: Start, to: *mut f32| {
                let stride = Stride { row: 1, column };
                let a = a.add(first);
                let product =
                    Product { a, stride, packed: read, k: depth, c: to, ldc: rows, m, n: rows, start };
                product_of_runs(isa, product, &[Run { a: k * column, k, depth: depth_read }]);
            };
        let gated = if r.cell == Cell::Gru { 2 * units } else { columns };
        if r.repeats {
            // The same at each step, and summed once.
            put_inputs(r, rows, x, read);
            sums((columns, 0), (0, fed), Start::Zero, same);
        }
        for t in 0..r.steps {
            let h = out.add(t * step);
            let gates = h.add(r.cell.carried() * block);
            let before = if t == 0 { zeros.cast_const() } else { h.sub(step).cast_const() };
            if r.repeats {
                gates.copy_from_nonoverlapping(same, columns * rows);
                sums((gated, 0), (fed, depth - fed), Start::Accumulate, gates);
            } else {
                put_inputs(r, rows, x.add(t * r.inputs), read);
                sums((gated, 0), (0, depth), Start::Zero, gates);
            }
            match r.cell {
                Cell::Lstm => {
                    let before = if t == 0 { before } else { before.add(block) };
                    gate::lstm(isa, block, gates, before, h.add(block), h);
                }
                Cell::Gru => {
                    if !r.repeats {
                        sums((units, gated), (0, fed), Start::Zero, gates.add(2 * block));
                    }
                    sums((units, gated), (fed, units + 1), Start::Zero, gates.add(3 * block));
                    gate::gru(isa, block, gates, before, h);
                }
            }
            if !mask.is_null() && is_masked(mask.add(t), (rows, r.steps)) {
                let n = r.cell.carried() * units;
                let before = if t == 0 { std::ptr::null() } else { before };
                keep_masked(mask.add(t), (rows, r.steps), n, before, h);
            }
            if t + 1 < r.steps {
                pack_rows(h, units, rows, read, (fed, depth));
            }
        }
    }
}

/// Puts the inputs of a step into the panels that a step reads.
///
/// # Safety
/// `x` is that of the step in the first row; the panels are those of [`trace`].
unsafe fn put_inputs(r: &Recurrence, rows: usize, x: *const f32, panels: *mut f32) {
    for row in 0..rows {
        // SAFETY: the caller's contract.
        unsafe {
            let panel = panels.add(row / PANEL * r.depth() * PANEL + row % PANEL);
            let x = x.add(row * r.input_width());
            for i in 0..r.inputs {
                *panel.add(i * PANEL) = *x.add(i);
            }
        }
    }
}

/// The states of a trace, row by row.
///
/// # Safety
/// `trace` holds the trace of `rows` rows, `out` takes the states.
pub(crate) unsafe fn states(r: &Recurrence, rows: usize, trace: *const f32, out: *mut f32) {
    let first = if r.last { r.steps - 1 } else { 0 };
    for (i, t) in (first..r.steps).enumerate() {
        // SAFETY: the caller's contract.
        unsafe {
            let h = trace.add(t * r.step_width() * rows);
            rows_of(h, r.units, out.add(i * r.units), (rows, r.state_width()));
        }
    }
}
