//! Recurrent layers: the weights are the rows of products and the rows of the batch their columns.
//!
//! Inside, values lie as `[step][unit][row]`, so that loops over gates run over whole registers whatever the number of
//! units is. The sums of a step are one product: the weights (`W`, `b`, `U`) times what a step reads (the input, a
//! one, the state), which is kept packed as the right-hand side of a product. On the way back the adjoints of all sums
//! are written down, step by step; the adjoint of the weights is then one product whose depth is all steps and rows.
//!
//! A chunk's trace and adjoints fill exactly the room that so many rows of them have, in an order of their own.
#![allow(unsafe_code, reason = "reads and writes by address; bounds are those of the layer's sizes")]

mod back;
mod dot;
mod gate;
mod trace;

pub(crate) use back::{adjoints, input_adjoint, weight_adjoint};
pub(crate) use trace::{states, trace};

use super::product::PANEL;
use crate::recurrence::Recurrence;

/// Rows of so many values (or a multiple) are kept apart: they would share few sets of a cache.
const ALIASING: usize = 128;

/// The distance at which columns of `n` weights are kept.
fn spaced(n: usize) -> usize {
    if n.is_multiple_of(ALIASING) { n + PANEL } else { n }
}

/// Rows of the batch, filled up to whole panels.
fn lanes(rows: usize) -> usize {
    rows.next_multiple_of(PANEL)
}

/// Values of scratch memory that the functions of this module need for `rows` rows.
pub(crate) fn scratch_len(r: &Recurrence, rows: usize) -> usize {
    let sums = Recurrence::SUMS * r.units;
    let (depth, block) = (r.depth(), r.units * rows);
    let trace = depth * spaced(r.columns()) + depth * lanes(rows) + block + r.columns() * rows;
    let adjoints = sums * lanes(rows) + 6 * block;
    let input = sums * lanes(rows) + r.inputs * rows + sums * rows;
    let read = (back::GROUP * (depth.next_multiple_of(PANEL) + dot::FEW))
        .max((r.inputs + 1).next_multiple_of(PANEL) + sums);
    let weight = sums * depth + rows * read;
    trace.max(adjoints).max(input).max(weight)
}

/// Copies `n` rows of `rows` values into depths `at..at + n` of panels of depth `depth`, one panel for every
/// [`PANEL`] columns.
///
/// # Safety
/// `from` holds `n * rows` values, `panels` `depth * lanes(rows)`.
unsafe fn pack_rows(from: *const f32, n: usize, rows: usize, panels: *mut f32, (at, depth): (usize, usize)) {
    for first in (0..rows).step_by(PANEL) {
        let width = PANEL.min(rows - first);
        // SAFETY: panel `first / PANEL` begins at `first * depth`.
        unsafe {
            let panel = panels.add(first * depth + at * PANEL);
            for i in 0..n {
                let (from, to) = (from.add(i * rows + first), panel.add(i * PANEL));
                if width == PANEL {
                    to.cast::<[f32; PANEL]>().write_unaligned(from.cast::<[f32; PANEL]>().read_unaligned());
                } else {
                    super::copy(from, to, width);
                }
            }
        }
    }
}

/// `to[i][row] = from[row][i]` for `n` values of rows that are `distance` values apart.
///
/// # Safety
/// `from` holds the rows, `to` takes `n * rows` values.
unsafe fn columns_of(from: *const f32, (rows, distance): (usize, usize), n: usize, to: *mut f32) {
    for row in 0..rows {
        for i in 0..n {
            // SAFETY: the caller's contract.
            unsafe { *to.add(i * rows + row) = *from.add(row * distance + i) };
        }
    }
}

/// `to[row][i] = from[i][row]`, the other way round.
///
/// # Safety
/// `from` holds `n * rows` values, `to` takes the rows.
unsafe fn rows_of(from: *const f32, n: usize, to: *mut f32, (rows, distance): (usize, usize)) {
    for row in 0..rows {
        for i in 0..n {
            // SAFETY: the caller's contract.
            unsafe { *to.add(row * distance + i) = *from.add(i * rows + row) };
        }
    }
}

/// Where a step of a mask is 0, takes `old` (zero where null) instead of what is there: `n` rows of `rows` values.
///
/// # Safety
/// `mask` holds one value every `steps` for each row, the others `n * rows` values.
unsafe fn keep_masked(
    mask: *const f32,
    (rows, steps): (usize, usize),
    n: usize,
    old: *const f32,
    values: *mut f32,
) {
    for row in 0..rows {
        // SAFETY: the caller's contract.
        unsafe {
            if *mask.add(row * steps) == 0.0 {
                for i in 0..n {
                    let at = i * rows + row;
                    *values.add(at) = if old.is_null() { 0.0 } else { *old.add(at) };
                }
            }
        }
    }
}

/// Whether a step of a mask leaves a row out.
///
/// # Safety
/// As for [`keep_masked`].
unsafe fn is_masked(mask: *const f32, (rows, steps): (usize, usize)) -> bool {
    // SAFETY: the caller's contract.
    (0..rows).any(|row| unsafe { *mask.add(row * steps) } == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::isa::Isa;
    use crate::recurrence::Cell;

    /// Trace, adjoints of the sums, of the sequence and of the weights.
    fn everything(isa: Isa, r: &Recurrence, rows: usize) -> Vec<Vec<f32>> {
        let numbers = |n: usize, salt: usize| -> Vec<f32> {
            (0..n).map(|i| ((i * 37 + i * i + salt) % 101) as f32 / 101.0 - 0.5).collect()
        };
        let (x, weights) = (numbers(rows * r.input_width(), 1), numbers(r.depth() * r.columns(), 2));
        let (g, null) = (numbers(rows * r.state_width(), 3), std::ptr::null());
        let mut scratch = vec![f32::NAN; scratch_len(r, rows)];
        let mut found = [rows * r.trace_width(), rows * r.adjoint_width(), x.len(), weights.len()]
            .map(|n| vec![f32::NAN; n]);
        let s = scratch.as_mut_ptr();
        let [t, back, to_x, to_weights] = found.each_mut().map(|values| values.as_mut_ptr());
        let (x, w, g) = (x.as_ptr(), weights.as_ptr(), g.as_ptr());
        // SAFETY: sizes as documented.
        unsafe {
            trace(isa, r, rows, x, w, null, t, s);
            adjoints(isa, r, rows, t, w, null, g, back, s);
            input_adjoint(isa, r, rows, back, w, to_x, s);
            weight_adjoint(isa, r, rows, x, t, back, null, to_weights, false, s);
        }
        found.to_vec()
    }

    #[test]
    fn every_instruction_set_gives_the_same_but_for_rounding() {
        for (cell, inputs, repeats) in
            [(Cell::Lstm, 1, false), (Cell::Lstm, 3, true), (Cell::Gru, 2, false), (Cell::Gru, 17, false)]
        {
            let r = Recurrence { cell, steps: 6, inputs, units: 11, sequences: 1, repeats, last: false };
            for rows in [1, 37, 64] {
                let want = everything(Isa::detect(), &r, rows);
                for isa in Isa::available() {
                    for (i, (found, want)) in everything(isa, &r, rows).iter().zip(&want).enumerate() {
                        let scale = want.iter().fold(1e-3f32, |scale, x| scale.max(x.abs()));
                        for (a, b) in found.iter().zip(want) {
                            assert!((a - b).abs() < 1e-4 * scale, "{isa:?} {r:?} {rows} rows, {i}: {a} {b}");
                        }
                    }
                }
            }
        }
    }
}
