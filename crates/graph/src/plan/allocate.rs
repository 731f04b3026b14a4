//! Where values live and what form their tasks take.

use std::collections::HashMap;

use super::ir::{Alone, Given, Ir, IrNode, IrOp};
use super::place::{Arena, Place};
use super::schedule::{CHUNK, Group, Groups, Schedule};
use super::task::{Commit, Kernel, Load, OutputPlace, Piece, Stage, Task};
use crate::error::GraphError;
use crate::kernel::convolution;
use crate::kernel::product::PANEL;
use crate::recurrence::Recurrence;

/// Shared elementwise work is cut into pieces of this many values.
const PIECE: usize = 8192;

/// Rows of weights in a piece of their gradient: tiles of each instruction set fill it.
const WEIGHED_ROWS: usize = 24;

impl Kernel {
    /// Values of a piece.
    fn piece(&self) -> usize {
        let columns = self.loads.iter().filter_map(|(load, _)| match load {
            Load::Weigh { n, .. } => Some(*n),
            Load::Full(_) | Load::Column(_) | Load::Row(_) | Load::Table { .. } | Load::Parts { .. } => None,
        });
        match columns.max() {
            Some(n) => (PIECE / (n * WEIGHED_ROWS)).max(1) * n * WEIGHED_ROWS,
            None => PIECE,
        }
    }
}

/// Gives every value a place and every task its form.
pub(super) struct Placement<'a> {
    pub(super) nodes: &'a [IrNode],
    pub(super) places: Vec<Option<Place>>,
    /// The tasks that read each node, as (time, kernel members read it in full by).
    pub(super) last_use: Vec<usize>,
    readers: Vec<Vec<usize>>,
    /// Time of the task that computes each node.
    time: Vec<usize>,
    pub(super) pinned: Vec<bool>,
    /// Read outside the kernel that computes it.
    pub(super) stored: Vec<bool>,
    pub(super) direct_state: HashMap<Ir, usize>,
    chunk: Arena,
    pub(super) schedule: Schedule,
    shared: Arena,
    roots: &'a [Ir],
    updated: &'a [usize],
    n_outputs: usize,
}

impl<'a> Placement<'a> {
    pub(super) fn new(
        nodes: &'a [IrNode],
        levels: &[usize],
        roots: &'a [Ir],
        n_outputs: usize,
        updated: &'a [usize],
        groups: &Groups<'_>,
    ) -> Self {
        let n = nodes.len();
        let mut this = Self {
            nodes,
            places: vec![None; n],
            last_use: vec![0; n],
            readers: vec![Vec::new(); n],
            time: vec![0; n],
            pinned: vec![false; n],
            stored: vec![false; n],
            direct_state: HashMap::new(),
            chunk: Arena::default(),
            shared: Arena::default(),
            schedule: Schedule {
                stages: Vec::new(),
                commits: Vec::new(),
                chunk_len: 0,
                shared_len: 0,
                row_widths: Vec::new(),
                partial_lens: Vec::new(),
                tiles: 0,
                registers: 0,
                shared_inputs: Vec::new(),
                row_count: None,
                outputs: Vec::new(),
            },
            roots,
            updated,
            n_outputs,
        };
        // Times: one for each task of a row stage, one for all tasks of a shared stage.
        let mut group_of = vec![usize::MAX; n];
        let mut now = 0;
        let mut kernel = 0;
        for (&(_, in_rows, _), tasks) in groups {
            for task in tasks {
                for ir in task.nodes() {
                    this.time[ir] = now;
                    group_of[ir] = kernel;
                }
                kernel += 1;
                now += usize::from(in_rows);
            }
            now += 1;
        }
        for ir in 0..n {
            if nodes[ir].is_given() {
                continue;
            }
            for operand in nodes[ir].operands() {
                let source = match nodes[operand].op {
                    IrOp::Given(Given::View(source, _)) => source,
                    _ => operand,
                };
                this.last_use[source] = this.last_use[source].max(this.time[ir]);
                this.readers[source].push(ir);
                let crosses_level = levels[source] != levels[ir] && nodes[source].rows;
                this.pinned[source] |= crosses_level;
                this.stored[source] |= group_of[source] != group_of[ir];
            }
        }
        for &root in roots {
            this.pinned[root] = true;
            this.stored[root] = true;
        }
        this.plan_updates(&group_of);
        this
    }

    /// New values of states are written in place where no one reads the old value afterwards.
    fn plan_updates(&mut self, group_of: &[usize]) {
        for (&root, &state) in self.roots[self.n_outputs..].iter().zip(self.updated) {
            let node = &self.nodes[root];
            let old = self.nodes.iter().position(|node| node.op == IrOp::Given(Given::State(state)));
            let clear = old.is_none_or(|old| {
                self.readers[old].iter().all(|&reader| {
                    let in_full = self.nodes[reader].operands().contains(&old);
                    self.time[reader] < self.time[root] || (group_of[reader] == group_of[root] && in_full)
                })
            });
            let is_output = self.roots[..self.n_outputs].contains(&root);
            if clear && node.is_elementwise() && !is_output && !self.direct_state.contains_key(&root) {
                self.direct_state.insert(root, state);
            }
        }
    }

    pub(super) fn build(mut self, groups: &Groups<'_>) -> Result<Schedule, GraphError> {
        for (ir, node) in self.nodes.iter().enumerate() {
            self.places[ir] = match node.op {
                IrOp::Given(Given::State(index)) => Some(Place::State(index)),
                IrOp::Given(Given::RowCount) => {
                    let offset = self.shared.allocate(1);
                    self.schedule.row_count = Some(offset);
                    Some(Place::Shared(offset))
                }
                IrOp::Given(Given::Shared(slot)) => {
                    let offset = self.shared.allocate(node.width);
                    self.schedule.shared_inputs.push((slot, offset));
                    Some(Place::Shared(offset))
                }
                IrOp::Given(Given::Const(_) | Given::View(..))
                | IrOp::Element(_)
                | IrOp::Ending(_)
                | IrOp::Alone(_) => None,
            };
        }
        let mut row_tasks = Vec::new();
        let mut row_cost = 0.0;
        let mut row_level = None;
        let mut now = 0;
        for (&(level, in_rows, _), tasks) in groups {
            if row_level.is_some() && row_level != in_rows.then_some(level) {
                self.end_row_stage(&mut row_tasks, &mut row_cost);
            }
            row_level = in_rows.then_some(level);
            let mut shared_tasks = Vec::new();
            for group in tasks {
                let (task, cost) = match group {
                    Group::Kernel { members, domain } => self.kernel(members, *domain, now, in_rows)?,
                    Group::Alone(ir, op) => self.task(*ir, op)?,
                };
                if in_rows {
                    row_tasks.push(task);
                    row_cost += cost;
                    self.release(now);
                    now += 1;
                } else {
                    shared_tasks.push((task, cost));
                }
            }
            if !in_rows {
                self.release(now);
                self.schedule.stages.push(shared_stage(shared_tasks));
            }
            now += 1;
        }
        self.end_row_stage(&mut row_tasks, &mut row_cost);
        for (i, &root) in self.roots.iter().enumerate() {
            let place = self.of(root)?;
            let unread = GraphError::Internal { what: "a result is kept where it cannot be read" };
            if i < self.n_outputs {
                let place = match place {
                    Place::Rows(entry) => OutputPlace::Rows(entry),
                    Place::Shared(offset) => OutputPlace::Shared(offset),
                    Place::State(state) => OutputPlace::State(state),
                    Place::Chunk(_) | Place::Partial(_) => return Err(unread),
                };
                self.schedule.outputs.push((place, self.nodes[root].width));
            } else {
                let state = self.updated[i - self.n_outputs];
                match place {
                    Place::State(own) if own == state => {}
                    Place::State(first) => self.schedule.commits.push((Commit::State(first), state)),
                    Place::Shared(offset) => self.schedule.commits.push((Commit::Shared(offset), state)),
                    Place::Chunk(_) | Place::Rows(_) | Place::Partial(_) => return Err(unread),
                }
            }
        }
        self.schedule.shared_len = self.shared.len;
        Ok(self.schedule)
    }

    fn end_row_stage(&mut self, tasks: &mut Vec<Task>, cost: &mut f64) {
        if !tasks.is_empty() {
            let tasks = std::mem::take(tasks);
            self.schedule.stages.push(Stage::Rows { tasks, nanoseconds_per_row: std::mem::take(cost) });
            let arena = std::mem::take(&mut self.chunk);
            self.schedule.chunk_len = self.schedule.chunk_len.max(arena.len);
        }
    }

    /// Gives back the memory of values whose last reader ran at `now`.
    fn release(&mut self, now: usize) {
        for ir in 0..self.nodes.len() {
            if self.last_use[ir].max(self.time[ir]) != now || self.pinned[ir] || self.nodes[ir].is_given() {
                continue;
            }
            match self.places[ir] {
                Some(Place::Chunk(offset)) => self.chunk.free(offset),
                Some(Place::Shared(offset)) => self.shared.free(offset),
                _ => {}
            }
        }
    }

    /// A place for the value of `ir`.
    pub(super) fn place(&mut self, ir: Ir) -> Place {
        let node = &self.nodes[ir];
        let place = if let Some(&state) = self.direct_state.get(&ir) {
            Place::State(state)
        } else if node.is_partial() {
            self.schedule.partial_lens.push(node.width);
            Place::Partial(self.schedule.partial_lens.len() - 1)
        } else if !node.rows {
            Place::Shared(self.shared.allocate(node.width))
        } else if self.pinned[ir] {
            self.schedule.row_widths.push(node.width);
            Place::Rows(self.schedule.row_widths.len() - 1)
        } else {
            Place::Chunk(self.chunk.allocate(node.width * CHUNK))
        };
        self.places[ir] = Some(place);
        place
    }

    /// The place of a value that was computed.
    pub(super) fn of(&self, ir: Ir) -> Result<Place, GraphError> {
        self.places[ir].ok_or(GraphError::Internal { what: "a value is read before it is computed" })
    }

    /// The task that computes `ir`, and its rough cost in nanoseconds (a row, or in all).
    fn task(&mut self, ir: Ir, op: &Alone) -> Result<(Task, f64), GraphError> {
        let width = self.nodes[ir].width;
        let copy_cost = 0.2 * width as f64;
        let out = self.place(ir);
        Ok(match op {
            Alone::Load(slot) => (Task::Load { slot: *slot, width, out }, copy_cost),
            Alone::Random(distribution, stream) => {
                let task = Task::Random { distribution: *distribution, stream: *stream, width, out };
                (task, 3.0 * width as f64 + 50.0)
            }
            Alone::Pack { b, k, n, transposed } => {
                let (k, n, transposed) = (*k, *n, *transposed);
                (Task::Pack { b: self.of(*b)?, k, n, transposed, out }, 0.3 * (k * n) as f64)
            }
            Alone::MatMul { a, packed, bias, lead, k, n, ta } => {
                let (a, packed) = (self.of(*a)?, self.of(*packed)?);
                let bias = bias.map(|bias| self.of(bias)).transpose()?;
                let task = Task::MatMul { a, packed, bias, lead: *lead, k: *k, n: *n, ta: *ta, out };
                (task, 0.03 * (lead * k * n) as f64)
            }
            Alone::Contract { a, b, lead, k, n } => {
                let (a, b) = (self.of(*a)?, self.of(*b)?);
                (Task::Contract { a, b, lead: *lead, k: *k, n: *n, out }, 0.03 * (lead * k * n) as f64)
            }
            Alone::KeepRows { of, k } => (Task::KeepRows { of: self.of(*of)?, k: *k, out }, copy_cost),
            Alone::PackRows { of, n } => (Task::PackRows { of: self.of(*of)?, n: *n, out }, copy_cost),
            Alone::PackTransposed { w, geometry } => {
                (Task::PackTransposed { w: self.of(*w)?, geometry: *geometry, out }, 0.3 * width as f64)
            }
            Alone::Conv { x, packed, bias, geometry, transposed } => {
                let (x, packed, bias) =
                    (self.of(*x)?, self.of(*packed)?, bias.map(|bias| self.of(bias)).transpose()?);
                let (geometry, transposed) = (*geometry, *transposed);
                let task = Task::Conv { x, packed, bias, geometry, transposed, out };
                (task, 0.03 * geometry.products() as f64)
            }
            Alone::ConvWeight { x, y, geometry } => {
                let task = Task::ConvWeight { x: self.of(*x)?, y: self.of(*y)?, geometry: *geometry, out };
                (task, 0.03 * geometry.products() as f64)
            }
            Alone::Trace { x, weights, mask, r } => {
                let (x, weights, mask) =
                    (self.of(*x)?, self.of(*weights)?, mask.map(|mask| self.of(mask)).transpose()?);
                let cost = products(r, r.depth()) + 1.5 * (r.sequences * r.steps * r.units) as f64;
                (Task::Trace { x, weights, mask, r: *r, out }, cost)
            }
            Alone::States { trace, r } => (Task::States { trace: self.of(*trace)?, r: *r, out }, copy_cost),
            Alone::SumAdjoints { trace, weights, mask, g, r } => {
                let (trace, weights, g) = (self.of(*trace)?, self.of(*weights)?, self.of(*g)?);
                let (r, mask) = (*r, mask.map(|mask| self.of(mask)).transpose()?);
                let cost = products(&r, r.units) + (r.sequences * r.steps * r.units) as f64;
                (Task::SumAdjoints { trace, weights, mask, g, r, out }, cost)
            }
            Alone::RecurrentInput { adjoints, weights, r } => {
                let (adjoints, weights) = (self.of(*adjoints)?, self.of(*weights)?);
                (Task::RecurrentInput { adjoints, weights, r: *r, out }, products(r, r.inputs))
            }
            Alone::RecurrentWeight { x, trace, adjoints, mask, r } => {
                let (x, trace, adjoints) = (self.of(*x)?, self.of(*trace)?, self.of(*adjoints)?);
                let (r, mask) = (*r, mask.map(|mask| self.of(mask)).transpose()?);
                (Task::RecurrentWeight { x, trace, adjoints, mask, r, out }, products(&r, r.depth()))
            }
            Alone::Reduce { fold, of, outer, mid, inner } => {
                let (fold, of, outer, mid, inner) = (*fold, self.of(*of)?, *outer, *mid, *inner);
                (Task::Reduce { fold, of, outer, mid, inner, out }, 0.3 * (outer * mid * inner) as f64)
            }
            Alone::Move(parts) => {
                let covered: usize = parts.iter().flat_map(|(_, s)| s).map(|s| s.len).sum();
                let parts = parts.iter().map(|(a, s)| Ok((self.of(*a)?, self.nodes[*a].width, s.clone())));
                let parts = parts.collect::<Result<_, GraphError>>()?;
                (Task::Move { parts, width, clear: covered < width, out }, copy_cost)
            }
            Alone::Permute(a, index) => {
                let (of, of_width) = (self.of(*a)?, self.nodes[*a].width);
                (Task::Permute { of, of_width, index: index.clone(), out }, width as f64)
            }
            Alone::Gather { table, index, n, d } => {
                let picks = self.nodes[*index].width;
                let (table, index) = (self.of(*table)?, self.of(*index)?);
                (Task::Gather { table, index, picks, n: *n, d: *d, out }, copy_cost)
            }
            Alone::Scatter { of, index, n, d } => {
                let picks = self.nodes[*index].width;
                let (of, index) = (self.of(*of)?, self.of(*index)?);
                (Task::Scatter { of, index, picks, n: *n, d: *d, out }, (picks * d) as f64 + 20.0)
            }
        })
    }
}

/// The cost of products of all sums of a recurrent layer with so many values.
fn products(r: &Recurrence, values: usize) -> f64 {
    0.03 * (r.sequences * r.adjoint_width() * values) as f64
}

fn shared_stage(tasks: Vec<(Task, f64)>) -> Stage {
    let mut pieces = Vec::new();
    let mut nanoseconds = 0.0;
    for (i, (task, cost)) in tasks.iter().enumerate() {
        let (len, step) = match task {
            Task::Kernel(kernel) => (kernel.width, kernel.piece()),
            Task::Pack { k, n, .. } => (n.div_ceil(PANEL), (PIECE / (k * PANEL)).max(1)),
            Task::PackTransposed { geometry, .. } => (convolution::transposed_panels(geometry), 1),
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
            | Task::Scatter { .. } => (1, 1),
        };
        // Kernel costs are for the whole shared tensor already.
        nanoseconds += cost;
        for start in (0..len).step_by(step) {
            pieces.push(Piece { task: i, start, end: (start + step).min(len) });
        }
    }
    Stage::Shared { tasks: tasks.into_iter().map(|(task, _)| task).collect(), pieces, nanoseconds }
}
