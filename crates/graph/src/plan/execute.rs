//! Tasks done: for a block of rows on one thread, or for a piece of a shared value.
#![allow(
    unsafe_code,
    reason = "threads write disjoint parts of shared memory; each block says why that is so"
)]

use std::time::Instant;

use super::memory::Memory;
use super::place::Place;
use super::run::{Draw, Feed, picked_width};
use super::task::{Kernel, Load, Scalar, SinkPlace, Task};
use crate::kernel::byte::scale_bytes;
use crate::kernel::convolution;
use crate::kernel::elementwise::{self, Call, Sink, Source};
use crate::kernel::isa::Isa;
use crate::kernel::product::{self, PANEL, Run, Start, Stride};
use crate::kernel::random::{self, DrawKey};
use crate::kernel::recurrence;
use crate::kernel::{copy, prefetch};
use crate::op::Fold;
use crate::recurrence::Recurrence;

/// Rows of shuffled data are asked for so many rows before they are read.
const AHEAD: usize = 4;

/// The memory of one thread.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) chunk: Memory,
    pub(super) tiles: Memory,
    pub(super) panel: Memory,
    pub(super) spread: Memory,
    pub(super) runs: Vec<Run>,
    pub(super) pointers: Vec<*mut f32>,
    pub(super) loads: Vec<(Source, u16)>,
    pub(super) scalars: Vec<f32>,
    pub(super) sinks: Vec<(u16, Sink)>,
    /// What each task of the plan took, while times are recorded.
    pub(super) nanoseconds: Vec<u64>,
}

// SAFETY: the pointers are scratch that is written before it is read in every call.
unsafe impl Send for Worker {}
// SAFETY: a `&Worker` gives no access to what the pointers point to.
unsafe impl Sync for Worker {}

/// The rows a task is done for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) row: usize,
    pub(super) rows: usize,
    pub(super) unit: usize,
    /// Whether the unit's earlier chunks have left sums to add to.
    pub(super) more: bool,
}

/// The addresses of one run.
pub(super) struct Frame<'a> {
    pub(super) isa: Isa,
    pub(super) feeds: &'a [Feed<'a>],
    /// Rows of the run.
    pub(super) total_rows: usize,
    pub(super) draw: Draw,
    pub(super) shared: *mut f32,
    pub(super) states: Vec<*mut f32>,
    pub(super) rows: Vec<*mut f32>,
    pub(super) row_widths: &'a [usize],
    pub(super) partials: Vec<*mut f32>,
    pub(super) partial_lens: &'a [usize],
    pub(super) units: usize,
    pub(super) workers: Vec<*mut Worker>,
}

// SAFETY: what the pointers lead to is written by one thread at a time: chunk memory belongs to a worker, rows to a
// chunk, parts to a unit, shared values and states to a piece of a task, and stages are separated by `Pool::run`.
unsafe impl Sync for Frame<'_> {}

impl Frame<'_> {
    /// # Safety
    /// Called for one task at a time on each `worker`, in the order of the stage.
    pub(super) unsafe fn task(&self, task: &Task, block: Block, worker: usize) {
        // SAFETY: the worker's memory is used by this thread alone; places were laid out by the scheduler so that
        // every task's operands and results are inside their memory, for `block.rows <= CHUNK` rows.
        unsafe {
            let pointer = self.workers[worker];
            let worker = &mut *pointer;
            let chunk = worker.chunk.pointer();
            let at = |place: Place| self.address(place, block, chunk);
            let start = if block.more { Start::Accumulate } else { Start::Zero };
            match task {
                Task::Load { slot, width, out } => self.load(*slot, *width, block, at(*out)),
                Task::Random { distribution, stream, width, out } => {
                    let key = DrawKey { seed: self.draw.seed, step: self.draw.step, stream: *stream };
                    let (row, out) = (block.row as u32, at(*out));
                    random::fill_rows(self.isa, *distribution, key, row, out, block.rows, *width);
                }
                Task::Kernel(kernel) => {
                    let base = |place: Place| at(place);
                    self.kernel(kernel, worker, &base, block, (0, kernel.width));
                }
                Task::MatMul { a, packed, bias, lead, k, n, ta, out } => {
                    let m = lead * block.rows;
                    let stride =
                        if *ta { Stride { row: 1, column: m } } else { Stride { row: *k, column: 1 } };
                    let start = bias.map_or(Start::Zero, |bias| Start::Bias(at(bias)));
                    let (a, packed) = (at(*a), at(*packed));
                    product::product(self.isa, a, stride, packed, at(*out), (m, *k, *n), start);
                }
                Task::Contract { a, b, lead, k, n, out } => {
                    let m = lead * block.rows;
                    worker.panel.reserve(product::packed_len(m, *n));
                    let packed = worker.panel.pointer();
                    product::pack(self.isa, at(*b), (m, *n), false, packed, (0, n.div_ceil(PANEL)));
                    let (mut a, mut column) = (at(*a).cast_const(), *k);
                    if product::spaced(*k) != *k {
                        // Rows a multiple of a kilobyte apart fall into a few sets of the first-level cache.
                        column = product::spaced(*k);
                        worker.spread.reserve(m * column);
                        let spread = worker.spread.pointer();
                        for i in 0..m {
                            spread.add(i * column).copy_from_nonoverlapping(a.add(i * k), *k);
                        }
                        a = spread;
                    }
                    let stride = Stride { row: 1, column };
                    product::product(self.isa, a, stride, packed, at(*out), (*k, m, *n), start);
                }
                Task::Pack { b, k, n, transposed, out } => {
                    product::pack(self.isa, at(*b), (*k, *n), *transposed, at(*out), (0, n.div_ceil(PANEL)));
                }
                Task::KeepRows { of, k, out } => {
                    let (of, out) = (at(*of), at(*out));
                    for row in 0..block.rows {
                        out.add(row * product::spaced(*k)).copy_from_nonoverlapping(of.add(row * k), *k);
                    }
                }
                Task::PackRows { of, n, out } => {
                    // Panels run through all rows of the run.
                    let all = self.address(*out, Block { row: 0, ..block }, chunk);
                    let (part, panels) = ((block.row, self.total_rows), (0, n.div_ceil(PANEL)));
                    product::pack_part(self.isa, at(*of), (block.rows, *n), false, all, part, panels);
                }
                Task::PackTransposed { w, geometry, out } => {
                    let panels = (0, convolution::transposed_panels(geometry));
                    convolution::pack_transposed(self.isa, geometry, at(*w), at(*out), panels);
                }
                Task::Conv { x, packed, bias, geometry: g, transposed, out } => {
                    let bias = bias.map_or(std::ptr::null(), |bias| at(bias).cast_const());
                    let (x, packed, out) = (at(*x), at(*packed), at(*out));
                    let (isa, rows, runs) = (self.isa, block.rows * g.images, &mut worker.runs);
                    worker.panel.reserve(convolution::scratch_len(g, rows));
                    let scratch = worker.panel.pointer();
                    if *transposed {
                        convolution::transpose(isa, g, rows, x, packed, bias, out, scratch, runs);
                    } else {
                        convolution::convolve(isa, g, rows, x, packed, bias, out, scratch, runs);
                    }
                }
                Task::ConvWeight { x, y, geometry: g, out } => {
                    let rows = block.rows * g.images;
                    worker.panel.reserve(convolution::scratch_len(g, rows));
                    let (scratch, runs) = (worker.panel.pointer(), &mut worker.runs);
                    let (x, y, out) = (at(*x), at(*y), at(*out));
                    convolution::weigh(self.isa, g, rows, x, y, out, block.more, scratch, runs);
                }
                Task::Trace { x, weights, mask, r, out } => {
                    let mask = mask.map_or(std::ptr::null(), |mask| at(mask).cast_const());
                    let (x, weights, out) = (at(*x), at(*weights), at(*out));
                    let (isa, rows) = (self.isa, block.rows * r.sequences);
                    let scratch = scratch(&mut worker.panel, r, rows);
                    recurrence::trace(isa, r, rows, x, weights, mask, out, scratch);
                }
                Task::States { trace, r, out } => {
                    recurrence::states(r, block.rows * r.sequences, at(*trace), at(*out));
                }
                Task::SumAdjoints { trace, weights, mask, g, r, out } => {
                    let mask = mask.map_or(std::ptr::null(), |mask| at(mask).cast_const());
                    let (trace, weights, g, out) = (at(*trace), at(*weights), at(*g), at(*out));
                    let (isa, rows) = (self.isa, block.rows * r.sequences);
                    let scratch = scratch(&mut worker.panel, r, rows);
                    recurrence::adjoints(isa, r, rows, trace, weights, mask, g, out, scratch);
                }
                Task::RecurrentInput { adjoints, weights, r, out } => {
                    let (adjoints, weights, out) = (at(*adjoints), at(*weights), at(*out));
                    let (isa, rows) = (self.isa, block.rows * r.sequences);
                    let scratch = scratch(&mut worker.panel, r, rows);
                    recurrence::input_adjoint(isa, r, rows, adjoints, weights, out, scratch);
                }
                Task::RecurrentWeight { x, trace, adjoints, mask, r, out } => {
                    let mask = mask.map_or(std::ptr::null(), |mask| at(mask).cast_const());
                    let (x, trace, adjoints, out) = (at(*x), at(*trace), at(*adjoints), at(*out));
                    let (isa, rows, more) = (self.isa, block.rows * r.sequences, block.more);
                    let scratch = scratch(&mut worker.panel, r, rows);
                    recurrence::weight_adjoint(isa, r, rows, x, trace, adjoints, mask, out, more, scratch);
                }
                Task::Reduce { fold, of, outer, mid, inner, out } => {
                    reduce(*fold, at(*of), (block.rows * outer, *mid, *inner), at(*out));
                }
                Task::Move { parts, width, clear, out } => {
                    let out = at(*out);
                    if *clear {
                        std::slice::from_raw_parts_mut(out, block.rows * width).fill(0.0);
                    }
                    for (of, of_width, segments) in parts {
                        let of = at(*of);
                        for row in 0..block.rows {
                            for segment in segments {
                                let from = of.add(row * of_width + segment.from);
                                copy(from, out.add(row * width + segment.to), segment.len);
                            }
                        }
                    }
                }
                Task::Permute { of, of_width, index, out } => {
                    for row in 0..block.rows {
                        let (of, out) = (at(*of).add(row * of_width), at(*out).add(row * index.len()));
                        for (j, &i) in index.iter().enumerate() {
                            *out.add(j) = *of.add(i as usize);
                        }
                    }
                }
                Task::Gather { table, index, picks, n, d, out } => {
                    let (table, index, out) = (at(*table), at(*index), at(*out));
                    for i in 0..block.rows * picks {
                        let row = std::slice::from_raw_parts_mut(out.add(i * d), *d);
                        match table_row(*index.add(i), *n) {
                            Some(pick) => {
                                row.copy_from_slice(std::slice::from_raw_parts(table.add(pick * d), *d));
                            }
                            None => row.fill(0.0),
                        }
                    }
                }
                Task::Scatter { of, index, picks, n, d, out } => {
                    let (of, index, out) = (at(*of), at(*index), at(*out));
                    if !block.more {
                        std::slice::from_raw_parts_mut(out, n * d).fill(0.0);
                    }
                    for i in 0..block.rows * picks {
                        if let Some(pick) = table_row(*index.add(i), *n) {
                            for j in 0..*d {
                                *out.add(pick * d + j) += *of.add(i * d + j);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Does a task of number `number`, and notes how long it took if `record`.
    ///
    /// # Safety
    /// `work` does it on `worker`.
    pub(super) unsafe fn timed(&self, record: bool, number: usize, worker: usize, work: impl FnOnce()) {
        if !record {
            return work();
        }
        let begun = Instant::now();
        work();
        let taken = begun.elapsed().as_nanos() as u64;
        // SAFETY: the worker's memory is used by this thread alone.
        let worker = unsafe { &mut *self.workers[worker].cast::<Worker>() };
        let nanoseconds = &mut worker.nanoseconds;
        if nanoseconds.len() <= number {
            nanoseconds.resize(number + 1, 0);
        }
        nanoseconds[number] += taken;
    }

    /// The address of a place for a block.
    ///
    /// # Safety
    /// The block is one of the run, `chunk` the memory of its worker.
    unsafe fn address(&self, place: Place, block: Block, chunk: *mut f32) -> *mut f32 {
        // SAFETY: places were laid out inside their memory.
        unsafe {
            match place {
                Place::Chunk(offset) => chunk.add(offset),
                Place::Rows(entry) => self.rows[entry].add(block.row * self.row_widths[entry]),
                Place::Shared(offset) => self.shared.add(offset),
                Place::State(index) => self.states[index],
                Place::Partial(entry) => self.partials[entry].add(block.unit * self.partial_lens[entry]),
            }
        }
    }

    /// # Safety
    /// As [`Self::task`]; pieces of one stage touch disjoint results.
    pub(super) unsafe fn piece(&self, task: &Task, (start, end): (usize, usize), worker: usize) {
        let block = Block { row: 0, rows: 1, unit: 0, more: false };
        // SAFETY: as for `task`; kernels and packing write only `start..end`, other tasks are one piece.
        unsafe {
            let own = self.workers[worker];
            let chunk = (*own).chunk.pointer();
            let place = |place: Place| self.address(place, block, chunk);
            match task {
                Task::Kernel(kernel) => {
                    let worker = &mut *own;
                    self.kernel(kernel, worker, &place, block, (start, end));
                }
                Task::Pack { b, k, n, transposed, out } => {
                    product::pack(self.isa, place(*b), (*k, *n), *transposed, place(*out), (start, end));
                }
                Task::PackTransposed { w, geometry, out } => {
                    convolution::pack_transposed(self.isa, geometry, place(*w), place(*out), (start, end));
                }
                Task::Load { .. }
                | Task::Random { .. }
                | Task::MatMul { .. }
                | Task::KeepRows { .. }
                | Task::PackRows { .. }
                | Task::Contract { .. }
                | Task::Conv { .. }
                | Task::ConvWeight { .. }
                | Task::Trace { .. }
                | Task::States { .. }
                | Task::SumAdjoints { .. }
                | Task::RecurrentInput { .. }
                | Task::RecurrentWeight { .. }
                | Task::Reduce { .. }
                | Task::Move { .. }
                | Task::Permute { .. }
                | Task::Gather { .. }
                | Task::Scatter { .. } => self.task(task, block, worker),
            }
        }
    }

    /// Runs a kernel on a block of rows, or on values `start..end` of shared tensors.
    ///
    /// # Safety
    /// As [`Self::task`]; `at` gives the address of a place for the block.
    unsafe fn kernel(
        &self,
        kernel: &Kernel,
        worker: &mut Worker,
        at: &dyn Fn(Place) -> *mut f32,
        block: Block,
        (start, end): (usize, usize),
    ) {
        // SAFETY: the scheduler laid out places so that stores overlap nothing that is read, except in place and
        // deferred; `start` is 0 for kernels over rows.
        unsafe {
            worker.loads.clear();
            let mut weighed = self.weigh(kernel, worker, at, (start, end));
            for (load, tile) in &kernel.loads {
                let source = match load {
                    Load::Full(place) => Source::Full(at(*place).add(start)),
                    Load::Column(place) => Source::Column(at(*place).add(start)),
                    Load::Row(place) => Source::Row(at(*place)),
                    Load::Table { of, stride, index } => {
                        Source::Table { values: at(*of), stride: *stride, index: index.as_ptr().add(start) }
                    }
                    Load::Parts { of, fold } => Source::Parts {
                        values: self.partials[*of].add(start),
                        stride: self.partial_lens[*of],
                        count: self.units,
                        fold: *fold,
                    },
                    Load::Weigh { n, .. } => {
                        let first = start / n;
                        let values = weighed.add(start - first * n);
                        weighed = weighed.add((end.div_ceil(*n) - first) * n);
                        Source::Full(values)
                    }
                };
                worker.loads.push((source, *tile));
            }
            worker.scalars.clear();
            worker.scalars.extend(kernel.scalars.iter().map(|scalar| match scalar {
                Scalar::Const(bits) => f32::from_bits(*bits),
                Scalar::Shared(place) => *at(*place),
            }));
            worker.sinks.clear();
            for (reg, sink) in &kernel.sinks {
                let sink = match sink {
                    SinkPlace::Store(place) => Sink::Store(at(*place).add(start)),
                    SinkPlace::FoldRow(fold, place) => Sink::FoldRow(*fold, at(*place)),
                    SinkPlace::FoldRows(fold, part) => Sink::FoldRows {
                        fold: *fold,
                        out: self.partials[*part].add(block.unit * self.partial_lens[*part]),
                        more: block.more,
                    },
                };
                worker.sinks.push((*reg, sink));
            }
            let mut call = Call {
                rows: if kernel.rows { block.rows } else { 1 },
                width: end - start,
                regs: &kernel.regs,
                loads: &worker.loads,
                scalars: &worker.scalars,
                code: &kernel.code,
                sinks: &worker.sinks,
                scratch: worker.tiles.pointer(),
                pointers: &mut worker.pointers,
            };
            elementwise::run(self.isa, &mut call);
        }
    }

    /// The rows of weight gradients that values `start..end` of a kernel lie in, one gradient after the other.
    ///
    /// # Safety
    /// As [`Self::kernel`]; a gradient's operands hold all rows of the run.
    unsafe fn weigh(
        &self,
        kernel: &Kernel,
        worker: &mut Worker,
        at: &dyn Fn(Place) -> *mut f32,
        (start, end): (usize, usize),
    ) -> *const f32 {
        let rows = |n: usize| start / n..end.div_ceil(n);
        let mut len = 0;
        for (load, _) in &kernel.loads {
            if let Load::Weigh { n, .. } = load {
                len += rows(*n).len() * n;
            }
        }
        if len == 0 {
            return std::ptr::null();
        }
        worker.panel.reserve(len);
        let all = worker.panel.pointer();
        let mut out = all;
        for (load, _) in &kernel.loads {
            if let Load::Weigh { a, b, column, n, .. } = load {
                let (rows, stride) = (rows(*n), Stride { row: 1, column: *column });
                // SAFETY: rows `rows` of the gradient are columns of `a`, inside its width; `out` was reserved.
                unsafe {
                    let (a, b) = (at(*a).add(rows.start), at(*b));
                    let size = (rows.len(), self.total_rows, *n);
                    product::product(self.isa, a, stride, b, out, size, Start::Zero);
                    out = out.add(rows.len() * n);
                }
            }
        }
        all
    }

    /// # Safety
    /// `out` is valid for writing `block.rows * width` values; the feed was checked.
    unsafe fn load(&self, slot: usize, width: usize, block: Block, out: *mut f32) {
        // SAFETY: the caller's contract.
        let out = unsafe { std::slice::from_raw_parts_mut(out, block.rows * width) };
        let range = block.row..block.row + block.rows;
        match self.feeds[slot] {
            Feed::Rows(values) => {
                out.copy_from_slice(&values[range.start * width..range.end * width]);
            }
            Feed::Pick { values, index } => {
                let width = picked_width(width, self.total_rows, index.len());
                let index = &index[range.start * index.len() / self.total_rows..];
                for (i, (out, &row)) in out.chunks_exact_mut(width.max(1)).zip(index).enumerate() {
                    if let Some(&ahead) = index.get(i + AHEAD) {
                        prefetch(&values[ahead as usize * width..][..width]);
                    }
                    let from = &values[row as usize * width..][..width];
                    // SAFETY: both hold `width` values.
                    unsafe { copy(from.as_ptr(), out.as_mut_ptr(), width) };
                }
            }
            Feed::PickBytes { bytes, scale, index } => {
                let width = picked_width(width, self.total_rows, index.len());
                let index = &index[range.start * index.len() / self.total_rows..];
                for (i, (out, &row)) in out.chunks_exact_mut(width.max(1)).zip(index).enumerate() {
                    if let Some(&ahead) = index.get(i + AHEAD) {
                        prefetch(&bytes[ahead as usize * width..][..width]);
                    }
                    let first = row as usize * width;
                    let from = &bytes[first..first + width];
                    // SAFETY: both hold `width` values.
                    unsafe { scale_bytes(self.isa, from.as_ptr(), scale, out.as_mut_ptr(), width) };
                }
            }
            Feed::Shared(_) => {}
        }
    }
}

/// Scratch memory for the loops of a recurrent layer.
fn scratch(panel: &mut Memory, r: &Recurrence, rows: usize) -> *mut f32 {
    panel.reserve(recurrence::scratch_len(r, rows));
    panel.pointer()
}

/// The row of a table that a value names, if it is one.
fn table_row(index: f32, n: usize) -> Option<usize> {
    (index >= 0.0 && index < n as f32).then_some(index as usize)
}

/// # Safety
/// `of` holds `outer * mid * inner` values, `out` takes `outer * inner`.
unsafe fn reduce(fold: Fold, of: *const f32, (outer, mid, inner): (usize, usize, usize), out: *mut f32) {
    for o in 0..outer {
        // SAFETY: the caller's contract.
        unsafe {
            if inner == 1 {
                *out.add(o) = elementwise::fold_all(fold, of.add(o * mid), mid);
                continue;
            }
            let row = std::slice::from_raw_parts_mut(out.add(o * inner), inner);
            row.copy_from_slice(std::slice::from_raw_parts(of.add(o * mid * inner), inner));
            for m in 1..mid {
                let values = std::slice::from_raw_parts(of.add((o * mid + m) * inner), inner);
                for (total, &value) in row.iter_mut().zip(values) {
                    *total = match fold {
                        Fold::Sum => *total + value,
                        Fold::Max => elementwise::maximum(*total, value),
                    };
                }
            }
        }
    }
}
