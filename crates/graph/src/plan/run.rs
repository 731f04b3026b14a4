//! Running a plan: rows in chunks, chunks in units of work, units on threads.
//!
//! What is computed where never depends on the number of threads: a run of `n` rows is cut into chunks of equal size
//! (at most 64 rows), chunks into at most 16 units, and sums over rows are made a unit at a time and joined in the
//! order of units.
#![allow(
    unsafe_code,
    reason = "threads write disjoint parts of shared memory; each block says why that is so"
)]

use super::place::Place;
use super::schedule::{CHUNK, Schedule, schedule};
use super::task::{Kernel, Load, Piece, Scalar, SinkPlace, Stage, Task};
use crate::error::GraphError;
use crate::expr::{Expr, Graph, InputDecl};
use crate::init::States;
use crate::kernel::elementwise::{self, Call, Sink, Source, TILE};
use crate::kernel::float::FlushDenormals;
use crate::kernel::isa::Isa;
use crate::kernel::product::{self, PANEL, Start, Stride};
use crate::kernel::random::{self, DrawKey};
use crate::op::{Fold, Op};
use crate::pool::Pool;

/// Units of work a row stage is cut into at most; also the most parts a sum over rows is kept in.
const UNITS: usize = 16;

/// Work below this is done by the calling thread alone: about the cost of handing it out, several times over.
const ALONE_NANOSECONDS: f64 = 5_000.0;

/// Rows of so many values (or a multiple) are copied apart before they are read by columns.
const ALIASING: usize = 128;

/// What an input is fed.
#[derive(Debug, Clone, Copy)]
pub enum Feed<'a> {
    /// One row after the other, `rows x width` values.
    Rows(&'a [f32]),
    /// Rows `index` of a row-major matrix.
    Pick {
        /// The matrix.
        values: &'a [f32],
        /// One row number a row.
        index: &'a [u32],
    },
    /// Rows `index` of a row-major matrix of bytes, each times `scale`.
    PickBytes {
        /// The matrix.
        bytes: &'a [u8],
        /// What a byte is multiplied by: 1/255 for pixels in [0, 1].
        scale: f32,
        /// One row number a row.
        index: &'a [u32],
    },
    /// The values of an input without rows.
    Shared(&'a [f32]),
}

/// What the noise of a run depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Draw {
    /// The seed.
    pub seed: u64,
    /// The number of the run.
    pub step: u64,
}

/// A compiled set of outputs and updates, with the memory to compute them.
#[derive(Debug)]
pub struct Plan {
    schedule: Schedule,
    inputs: Vec<InputDecl>,
    state_lens: Vec<usize>,
    isa: Isa,
    shared: Memory,
    rows: Vec<Memory>,
    partials: Vec<Memory>,
    workers: Vec<Worker>,
    last_rows: usize,
    states_seen: Vec<Vec<f32>>,
}

impl Graph {
    /// Compiles a plan that computes `outputs` and then gives each state of `updates` its new value.
    ///
    /// # Errors
    /// The first mistake made in building the graph; expressions of another graph; an update of something that is not
    /// a state, of a state twice, or with another shape (axes of length 1 aside).
    pub fn compile(
        &self,
        outputs: &[Expr<'_>],
        updates: &[(Expr<'_>, Expr<'_>)],
    ) -> Result<Plan, GraphError> {
        let named = outputs.iter().chain(updates.iter().flat_map(|(state, value)| [state, value]));
        if named.copied().any(|expr| expr.is_foreign(self)) {
            return Err(GraphError::Foreign { op: "compile" });
        }
        self.check()?;
        let mut roots: Vec<_> = outputs.iter().map(|output| output.id).collect();
        let mut updated = Vec::new();
        for (state, value) in updates {
            let inner = self.read();
            let (node, new) = (&inner.nodes[state.id as usize], &inner.nodes[value.id as usize]);
            let long = |dims: &[usize]| dims.iter().copied().filter(|&dim| dim != 1).collect::<Vec<_>>();
            let fits = !new.shape.rows && long(&new.shape.dims) == long(&node.shape.dims);
            let found = match node.op {
                Op::State(index) if fits && !updated.contains(&index) => {
                    updated.push(index);
                    roots.push(value.id);
                    continue;
                }
                Op::State(index) if fits => format!("state `{}` twice,", inner.states[index].name),
                Op::State(index) => format!("state `{}` of shape {}", inner.states[index].name, node.shape),
                _ => format!("an expression of shape {} that is not a state", node.shape),
            };
            return Err(GraphError::Update { found, value: new.shape.clone() });
        }
        let inner = self.read();
        let lowered = super::lower::lower(&inner, &roots);
        let schedule = schedule(lowered, outputs.len(), &updated);
        Ok(Plan {
            inputs: inner.inputs.clone(),
            state_lens: inner.states.iter().map(|state| state.dims.iter().product()).collect(),
            isa: Isa::detect(),
            shared: Memory::new(schedule.shared_len),
            rows: schedule.row_widths.iter().map(|_| Memory::default()).collect(),
            partials: schedule.partial_lens.iter().map(|_| Memory::default()).collect(),
            workers: Vec::new(),
            last_rows: 0,
            states_seen: Vec::new(),
            schedule,
        })
    }
}

impl Plan {
    /// Computes the outputs for `rows` rows, then updates the states. `feeds` are the graph's inputs in the order they
    /// were declared; inputs the plan does not read may be fed nothing (`Feed::Shared(&[])`).
    ///
    /// # Errors
    /// Feeds or states that do not fit; nothing is computed then.
    pub fn run(
        &mut self,
        pool: &mut Pool,
        states: &mut States,
        feeds: &[Feed<'_>],
        rows: usize,
        draw: Draw,
    ) -> Result<(), GraphError> {
        self.check(states, feeds, rows)?;
        let _flush = FlushDenormals::on();
        let cut = Cut::new(rows);
        self.reserve(pool.threads(), rows, cut.units);
        self.last_rows = rows;
        for &(slot, offset) in &self.schedule.shared_inputs {
            if let Feed::Shared(values) = feeds[slot] {
                self.shared.slice_mut()[offset..offset + values.len()].copy_from_slice(values);
            }
        }
        if let Some(offset) = self.schedule.row_count {
            self.shared.slice_mut()[offset] = rows as f32;
        }
        let frame = Frame {
            isa: self.isa,
            feeds,
            draw,
            shared: self.shared.pointer(),
            states: states.entries.iter_mut().map(|state| state.values.as_mut_ptr()).collect(),
            rows: self.rows.iter_mut().map(Memory::pointer).collect(),
            row_widths: &self.schedule.row_widths,
            partials: self.partials.iter_mut().map(Memory::pointer).collect(),
            partial_lens: &self.schedule.partial_lens,
            units: cut.units,
            workers: self.workers.iter_mut().map(|worker| &raw mut *worker).collect(),
        };
        for stage in &self.schedule.stages {
            match stage {
                Stage::Shared { tasks, pieces, nanoseconds } => {
                    let job = |i: usize, worker: usize| {
                        let Piece { task, start, end } = pieces[i];
                        // SAFETY: see `Frame::piece`; the pool gives each thread its own worker number.
                        unsafe { frame.piece(&tasks[task], (start, end), worker) };
                    };
                    run_jobs(pool, pieces.len(), *nanoseconds, &job);
                }
                Stage::Rows { tasks, nanoseconds_per_row } => {
                    let job = |unit: usize, worker: usize| {
                        for chunk in cut.chunks_of(unit) {
                            let block = Block {
                                row: chunk * cut.chunk_rows,
                                rows: cut.chunk_rows.min(rows - chunk * cut.chunk_rows),
                                unit,
                                more: chunk != cut.chunks_of(unit).start,
                            };
                            for task in tasks {
                                // SAFETY: see `Frame::task`; likewise.
                                unsafe { frame.task(task, block, worker) };
                            }
                        }
                    };
                    run_jobs(pool, cut.units, nanoseconds_per_row * rows as f64, &job);
                }
            }
        }
        for &(place, state) in &self.schedule.commits {
            let len = states.entries[state].values.len();
            match place {
                Place::Shared(offset) => {
                    states.entries[state].values.copy_from_slice(&self.shared.slice()[offset..offset + len]);
                }
                // Two states with the same new value: it was written into the first.
                Place::State(first) => {
                    states.entries[state].values = states.entries[first].values.clone();
                }
                _ => unreachable!("new values of states are shared"),
            }
        }
        self.states_seen = self.state_outputs(states);
        Ok(())
    }

    /// Output `i` of the last run: `rows x width` values, or the values of a shared output.
    pub fn output(&self, i: usize) -> &[f32] {
        let (place, width) = self.schedule.outputs[i];
        match place {
            Place::Rows(entry) => &self.rows[entry].slice()[..self.last_rows * width],
            Place::Shared(offset) => &self.shared.slice()[offset..offset + width],
            Place::State(_) => {
                let before = self.schedule.outputs[..i].iter();
                let nth = before.filter(|(place, _)| matches!(place, Place::State(_))).count();
                self.states_seen.get(nth).map_or(&[], Vec::as_slice)
            }
            Place::Chunk(_) | Place::Partial(_) => unreachable!("outputs outlive chunks"),
        }
    }

    /// The first value of output `i` of the last run: for losses.
    pub fn scalar(&self, i: usize) -> f32 {
        self.output(i).first().copied().unwrap_or(f32::NAN)
    }

    /// Bytes of memory the plan holds.
    pub fn memory_bytes(&self) -> usize {
        let workers = self.workers.iter().map(|worker| worker.chunk.len() + worker.tiles.len());
        let memories = self.rows.iter().chain(&self.partials).map(Memory::len);
        4 * (self.shared.len() + workers.sum::<usize>() + memories.sum::<usize>())
    }

    fn state_outputs(&self, states: &States) -> Vec<Vec<f32>> {
        let kept = self.schedule.outputs.iter().filter_map(|(place, _)| match place {
            Place::State(index) => Some(states.entries[*index].values.clone()),
            _ => None,
        });
        kept.collect()
    }

    fn check(&self, states: &States, feeds: &[Feed<'_>], rows: usize) -> Result<(), GraphError> {
        if rows == 0 {
            return Err(GraphError::NoRows);
        }
        if feeds.len() != self.inputs.len() {
            return Err(GraphError::FeedCount { expected: self.inputs.len(), found: feeds.len() });
        }
        for index in 0..self.state_lens.len().max(states.entries.len()) {
            let expected = self.state_lens.get(index).copied().unwrap_or(0);
            let found = states.entries.get(index).map_or(0, |state| state.values.len());
            if found != expected {
                return Err(GraphError::States { index, expected, found });
            }
        }
        let mut read = vec![false; self.inputs.len()];
        for &(slot, _) in &self.schedule.shared_inputs {
            read[slot] = true;
        }
        for stage in &self.schedule.stages {
            if let Stage::Rows { tasks, .. } = stage {
                for task in tasks {
                    if let Task::Load { slot, .. } = task {
                        read[*slot] = true;
                    }
                }
            }
        }
        for ((input, feed), read) in self.inputs.iter().zip(feeds).zip(read) {
            if read {
                check_feed(input, feed, rows)?;
            }
        }
        Ok(())
    }

    fn reserve(&mut self, threads: usize, rows: usize, units: usize) {
        for (memory, width) in self.rows.iter_mut().zip(&self.schedule.row_widths) {
            memory.reserve(rows * width);
        }
        for (memory, len) in self.partials.iter_mut().zip(&self.schedule.partial_lens) {
            memory.reserve(units * len);
        }
        while self.workers.len() < threads {
            self.workers.push(Worker {
                chunk: Memory::new(self.schedule.chunk_len),
                tiles: Memory::new(self.schedule.tiles * TILE),
                panel: Memory::default(),
                spread: Memory::default(),
                pointers: vec![std::ptr::null_mut(); self.schedule.registers],
                loads: Vec::new(),
                scalars: Vec::new(),
                sinks: Vec::new(),
            });
        }
    }
}

fn run_jobs(pool: &mut Pool, jobs: usize, nanoseconds: f64, job: &(dyn Fn(usize, usize) + Sync)) {
    if nanoseconds < ALONE_NANOSECONDS {
        for i in 0..jobs {
            job(i, 0);
        }
    } else {
        pool.run(jobs, job);
    }
}

fn check_feed(input: &InputDecl, feed: &Feed<'_>, rows: usize) -> Result<(), GraphError> {
    let width = input.shape.width();
    let expected = if input.shape.rows { rows * width } else { width };
    let (found, stored, index): (usize, usize, &[u32]) = match feed {
        Feed::Rows(values) if input.shape.rows => (values.len(), rows, &[]),
        Feed::Shared(values) if !input.shape.rows => (values.len(), rows, &[]),
        Feed::Pick { values, index } if input.shape.rows => {
            (index.len() * width, values.len() / width.max(1), index)
        }
        Feed::PickBytes { bytes, index, .. } if input.shape.rows => {
            (index.len() * width, bytes.len() / width.max(1), index)
        }
        _ => (0, 0, &[]),
    };
    if found != expected {
        return Err(GraphError::FeedLength { input: input.name.clone(), expected, found });
    }
    match index.iter().find(|&&row| row as usize >= stored) {
        Some(&row) => Err(GraphError::FeedRow { input: input.name.clone(), row: row as usize, rows: stored }),
        None => Ok(()),
    }
}

/// How the rows of a run are cut: a function of their number alone.
#[derive(Debug, Clone, Copy)]
struct Cut {
    chunk_rows: usize,
    chunks: usize,
    units: usize,
}

impl Cut {
    fn new(rows: usize) -> Self {
        let chunk_rows = rows.div_ceil(rows.div_ceil(CHUNK));
        let chunks = rows.div_ceil(chunk_rows);
        Self { chunk_rows, chunks, units: chunks.min(UNITS) }
    }

    fn chunks_of(&self, unit: usize) -> std::ops::Range<usize> {
        unit * self.chunks / self.units..(unit + 1) * self.chunks / self.units
    }
}

/// Values on cache lines of their own.
#[derive(Debug, Default, Clone)]
struct Memory(Vec<Line>);

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

impl Memory {
    fn new(len: usize) -> Self {
        let mut memory = Self::default();
        memory.reserve(len);
        memory
    }

    fn reserve(&mut self, len: usize) {
        let lines = len.div_ceil(16);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; 16]));
        }
    }

    fn len(&self) -> usize {
        self.0.len() * 16
    }

    fn pointer(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }

    fn slice(&self) -> &[f32] {
        // SAFETY: a line is sixteen `f32` without padding.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.len()) }
    }

    fn slice_mut(&mut self) -> &mut [f32] {
        // SAFETY: likewise.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.len()) }
    }
}

/// The memory of one thread.
#[derive(Debug)]
struct Worker {
    chunk: Memory,
    tiles: Memory,
    panel: Memory,
    spread: Memory,
    pointers: Vec<*mut f32>,
    loads: Vec<(Source, u16)>,
    scalars: Vec<f32>,
    sinks: Vec<(u16, Sink)>,
}

// SAFETY: the pointers are scratch that is written before it is read in every call.
unsafe impl Send for Worker {}
// SAFETY: a `&Worker` gives no access to what the pointers point to.
unsafe impl Sync for Worker {}

/// The rows a task is done for.
#[derive(Debug, Clone, Copy)]
struct Block {
    row: usize,
    rows: usize,
    unit: usize,
    /// Whether the unit's earlier chunks have left sums to add to.
    more: bool,
}

/// The addresses of one run.
struct Frame<'a> {
    isa: Isa,
    feeds: &'a [Feed<'a>],
    draw: Draw,
    shared: *mut f32,
    states: Vec<*mut f32>,
    rows: Vec<*mut f32>,
    row_widths: &'a [usize],
    partials: Vec<*mut f32>,
    partial_lens: &'a [usize],
    units: usize,
    workers: Vec<*mut Worker>,
}

// SAFETY: what the pointers lead to is written by one thread at a time: chunk memory belongs to a worker, rows to a
// chunk, parts to a unit, shared values and states to a piece of a task, and stages are separated by `Pool::run`.
unsafe impl Sync for Frame<'_> {}

impl Frame<'_> {
    /// # Safety
    /// Called for one task at a time on each `worker`, in the order of the stage.
    unsafe fn task(&self, task: &Task, block: Block, worker: usize) {
        // SAFETY: the worker's memory is used by this thread alone; places were laid out by the scheduler so that
        // every task's operands and results are inside their memory, for `block.rows <= CHUNK` rows.
        unsafe {
            let pointer = self.workers[worker];
            let worker = &mut *pointer;
            let chunk = worker.chunk.pointer();
            let at = |place: Place| -> *mut f32 {
                match place {
                    Place::Chunk(offset) => chunk.add(offset),
                    Place::Rows(entry) => self.rows[entry].add(block.row * self.row_widths[entry]),
                    Place::Shared(offset) => self.shared.add(offset),
                    Place::State(index) => self.states[index],
                    Place::Partial(entry) => self.partials[entry].add(block.unit * self.partial_lens[entry]),
                }
            };
            let start = if block.more { Start::Accumulate } else { Start::Zero };
            match task {
                Task::Load { slot, width, out } => self.load(*slot, *width, block, at(*out)),
                Task::Random { distribution, stream, width, out } => {
                    let key = DrawKey { seed: self.draw.seed, step: self.draw.step, stream: *stream };
                    for i in 0..block.rows {
                        let out = at(*out).add(i * width);
                        let row = (block.row + i) as u32;
                        random::fill_row(self.isa, *distribution, key, row, out, *width);
                    }
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
                    product::pack(at(*b), (m, *n), false, packed, (0, n.div_ceil(PANEL)));
                    let (mut a, mut column) = (at(*a).cast_const(), *k);
                    if k.is_multiple_of(ALIASING) {
                        // Rows a multiple of a kilobyte apart fall into a few sets of the first-level cache.
                        column = k + 16;
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
                    product::pack(at(*b), (*k, *n), *transposed, at(*out), (0, n.div_ceil(PANEL)));
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
                                out.add(row * width + segment.to).copy_from_nonoverlapping(from, segment.len);
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

    /// # Safety
    /// As [`Self::task`]; pieces of one stage touch disjoint results.
    unsafe fn piece(&self, task: &Task, (start, end): (usize, usize), worker: usize) {
        let block = Block { row: 0, rows: 1, unit: 0, more: false };
        // SAFETY: as for `task`; kernels and packing write only `start..end`, other tasks are one piece.
        unsafe {
            let place = |place: Place| match place {
                Place::Shared(offset) => self.shared.add(offset),
                Place::State(index) => self.states[index],
                Place::Partial(entry) => self.partials[entry],
                Place::Chunk(_) | Place::Rows(_) => unreachable!("shared tasks read shared values"),
            };
            match task {
                Task::Kernel(kernel) => {
                    let pointer = self.workers[worker];
                    let worker = &mut *pointer;
                    self.kernel(kernel, worker, &place, block, (start, end));
                }
                Task::Pack { b, k, n, transposed, out } => {
                    product::pack(place(*b), (*k, *n), *transposed, place(*out), (start, end));
                }
                _ => self.task(task, block, worker),
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
                for (out, &row) in out.chunks_exact_mut(width.max(1)).zip(&index[range]) {
                    let first = row as usize * width;
                    out.copy_from_slice(&values[first..first + width]);
                }
            }
            Feed::PickBytes { bytes, scale, index } => {
                for (out, &row) in out.chunks_exact_mut(width.max(1)).zip(&index[range]) {
                    let first = row as usize * width;
                    for (value, &byte) in out.iter_mut().zip(&bytes[first..first + width]) {
                        *value = f32::from(byte) * scale;
                    }
                }
            }
            Feed::Shared(_) => {}
        }
    }
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
