//! Running a plan: rows in chunks, chunks in units of work, units on threads.
//!
//! What is computed where never depends on the number of threads: a run of `n` rows is cut into chunks of equal size
//! (at most 64 rows), chunks into at most 16 units, and sums over rows are made a unit at a time and joined in the
//! order of units.
#![allow(unsafe_code, reason = "calls tasks that write disjoint parts of shared memory")]

use super::execute::{Block, Frame, Worker};
use super::memory::Memory;
use super::profile::Recording;
use super::schedule::{CHUNK, Schedule, schedule};
use super::task::{Commit, OutputPlace, Piece, Stage, Task};
use crate::error::GraphError;
use crate::expr::Expr;
use crate::graph::{Graph, InputDecl};
use crate::init::States;
use crate::kernel::elementwise::TILE;
use crate::kernel::float::FlushDenormals;
use crate::kernel::isa::Isa;
use crate::op::Op;
use crate::pool::Pool;

/// Units of work a row stage is cut into at most; also the most parts a sum over rows is kept in.
const UNITS: usize = 16;

/// Work below this is done by the calling thread alone: about the cost of handing it out, several times over.
const ALONE_NANOSECONDS: f64 = 5_000.0;

/// Above this the rows of a single chunk are cut in two.
const HEAVY_NANOSECONDS: f64 = 500_000.0;

/// Rows of the smallest such part.
const FEWEST_ROWS: usize = 8;

/// What an input is fed.
#[derive(Debug, Clone, Copy)]
pub enum Feed<'a> {
    /// One row after the other, `rows x width` values.
    Rows(&'a [f32]),
    /// Rows `index` of a row-major matrix.
    Pick {
        /// The matrix.
        values: &'a [f32],
        /// Row numbers: one for each row of the run, or equally many, whose values then lie one behind the other.
        index: &'a [u32],
    },
    /// Rows `index` of a row-major matrix of bytes, each times `scale`.
    PickBytes {
        /// The matrix.
        bytes: &'a [u8],
        /// What a byte is multiplied by: 1/255 for pixels in [0, 1].
        scale: f32,
        /// Row numbers, as in [`Feed::Pick`].
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
    pub(super) schedule: Schedule,
    inputs: Vec<InputDecl>,
    state_lens: Vec<usize>,
    isa: Isa,
    shared: Memory,
    rows: Vec<Memory>,
    partials: Vec<Memory>,
    pub(super) workers: Vec<Worker>,
    last_rows: usize,
    states_seen: Vec<Vec<f32>>,
    pub(super) recording: Recording,
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
        let schedule = schedule(lowered, outputs.len(), &updated)?;
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
            recording: Recording::default(),
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
        let cut = Cut::new(rows, self.schedule.nanoseconds_per_row());
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
            total_rows: rows,
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
        let record = self.recording.is_on;
        self.recording.rows += rows as f64;
        self.recording.chunks += cut.chunks as f64;
        self.recording.runs += 1.0;
        let mut first = 0;
        for stage in &self.schedule.stages {
            match stage {
                Stage::Shared { tasks, pieces, nanoseconds } => {
                    let job = |i: usize, worker: usize| {
                        let Piece { task, start, end } = pieces[i];
                        // SAFETY: see `Frame::piece`; the pool gives each thread its own worker number.
                        unsafe {
                            frame.timed(record, first + task, worker, || {
                                frame.piece(&tasks[task], (start, end), worker);
                            });
                        }
                    };
                    run_jobs(pool, pieces.len(), *nanoseconds, &job);
                    first += tasks.len();
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
                            for (i, task) in tasks.iter().enumerate() {
                                // SAFETY: see `Frame::task`; likewise.
                                unsafe {
                                    frame
                                        .timed(record, first + i, worker, || frame.task(task, block, worker));
                                }
                            }
                        }
                    };
                    run_jobs(pool, cut.units, nanoseconds_per_row * rows as f64, &job);
                    first += tasks.len();
                }
            }
        }
        for &(place, state) in &self.schedule.commits {
            let len = states.entries[state].values.len();
            match place {
                Commit::Shared(offset) => {
                    states.entries[state].values.copy_from_slice(&self.shared.slice()[offset..offset + len]);
                }
                Commit::State(first) => {
                    states.entries[state].values = states.entries[first].values.clone();
                }
            }
        }
        self.states_seen = self.state_outputs(states);
        Ok(())
    }

    /// Output `i` of the last run: `rows x width` values, or the values of a shared output.
    pub fn output(&self, i: usize) -> &[f32] {
        let (place, width) = self.schedule.outputs[i];
        match place {
            OutputPlace::Rows(entry) => &self.rows[entry].slice()[..self.last_rows * width],
            OutputPlace::Shared(offset) => &self.shared.slice()[offset..offset + width],
            OutputPlace::State(_) => {
                let before = self.schedule.outputs[..i].iter();
                let nth = before.filter(|(place, _)| matches!(place, OutputPlace::State(_))).count();
                self.states_seen.get(nth).map_or(&[], Vec::as_slice)
            }
        }
    }

    /// How many outputs there are.
    pub fn outputs(&self) -> usize {
        self.schedule.outputs.len()
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

    /// The same plan on another instruction set, which the processor has.
    #[cfg(test)]
    pub(super) fn on(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// Width and instructions of each kernel on shared values.
    #[cfg(test)]
    pub(super) fn shared_kernels(&self) -> Vec<(usize, usize)> {
        let mut kernels = Vec::new();
        for stage in &self.schedule.stages {
            let Stage::Shared { tasks, .. } = stage else { continue };
            for task in tasks {
                if let Task::Kernel(kernel) = task {
                    kernels.push((kernel.width, kernel.code.len()));
                }
            }
        }
        kernels
    }

    fn state_outputs(&self, states: &States) -> Vec<Vec<f32>> {
        let kept = self.schedule.outputs.iter().filter_map(|(place, _)| match place {
            OutputPlace::State(index) => Some(states.entries[*index].values.clone()),
            OutputPlace::Rows(_) | OutputPlace::Shared(_) => None,
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
                runs: Vec::new(),
                pointers: vec![std::ptr::null_mut(); self.schedule.registers],
                loads: Vec::new(),
                scalars: Vec::new(),
                sinks: Vec::new(),
                nanoseconds: Vec::new(),
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
            let picked = picked_width(width, rows, index.len());
            (index.len() * picked, values.len() / picked.max(1), index)
        }
        Feed::PickBytes { bytes, index, .. } if input.shape.rows => {
            let picked = picked_width(width, rows, index.len());
            (index.len() * picked, bytes.len() / picked.max(1), index)
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

/// Values of each of `picked` rows of a matrix that make `rows` rows of `width` values.
pub(super) fn picked_width(width: usize, rows: usize, picked: usize) -> usize {
    let each = picked / rows.max(1);
    if each > 0 && width.is_multiple_of(each) { width / each } else { width }
}

/// How the rows of a run are cut: a function of their number and of the plan, never of the threads.
#[derive(Debug, Clone, Copy)]
struct Cut {
    chunk_rows: usize,
    chunks: usize,
    units: usize,
}

impl Cut {
    fn new(rows: usize, nanoseconds_per_row: f64) -> Self {
        let is_heavy = nanoseconds_per_row * rows as f64 > HEAVY_NANOSECONDS;
        // Smaller chunks cost more a row, but one chunk has one thread.
        let fewest = if is_heavy && rows >= 2 * FEWEST_ROWS { 2 } else { 1 };
        let chunk_rows = rows.div_ceil(rows.div_ceil(CHUNK).max(fewest));
        let chunks = rows.div_ceil(chunk_rows);
        Self { chunk_rows, chunks, units: chunks.min(UNITS) }
    }

    fn chunks_of(&self, unit: usize) -> std::ops::Range<usize> {
        unit * self.chunks / self.units..(unit + 1) * self.chunks / self.units
    }
}
