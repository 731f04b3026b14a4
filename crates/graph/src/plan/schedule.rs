//! In which order, in which kernels and where values are computed.
//!
//! A value's *level* counts how often rows had to meet before it can be known: a reduction over rows of level `n` is
//! shared of level `n + 1`. For each level there are shared stages, then one row stage that takes each chunk of rows
//! through all tasks of that level. Within a stage, *depth* orders the tasks; elementwise nodes of the same level,
//! depth and size are one kernel. Nodes of one depth cannot depend on each other except inside such a kernel, because
//! going through anything else raises the depth.

use std::collections::{BTreeMap, HashMap};

use super::lower::{Ir, IrNode, IrOp, Lowered, View};
use super::place::{Arena, Place};
use super::task::{Kernel, Load, Piece, Scalar, SinkPlace, Stage, Task};
use crate::kernel::elementwise::{Arg, Code, Instr, Reg};
use crate::kernel::product::PANEL;
use crate::op::Unary;

/// Rows in a chunk: what a worker takes through a row stage at once. Part of what a result's bits depend on.
pub(crate) const CHUNK: usize = 64;

/// Shared elementwise work is cut into pieces of this many values.
const PIECE: usize = 8192;

/// Stages with all places, and how much memory they need.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) stages: Vec<Stage>,
    /// Copies of values into states after the last stage.
    pub(crate) commits: Vec<(Place, usize)>,
    /// Values of one worker's chunk memory.
    pub(crate) chunk_len: usize,
    /// Values of the shared memory.
    pub(crate) shared_len: usize,
    /// Width of each entry of the row storage.
    pub(crate) row_widths: Vec<usize>,
    /// Values of one part of each entry of the partial storage.
    pub(crate) partial_lens: Vec<usize>,
    /// Scratch tiles, registers, of the largest kernel.
    pub(crate) tiles: usize,
    pub(crate) registers: usize,
    /// Where shared inputs are put before the first stage: slot, place.
    pub(crate) shared_inputs: Vec<(usize, usize)>,
    /// Where the number of rows is put, if asked for.
    pub(crate) row_count: Option<usize>,
    /// Place of each output, with its width.
    pub(crate) outputs: Vec<(Place, usize)>,
}

/// When a node is computed: level, whether in the row stage, depth.
type When = (usize, bool, usize);

/// Schedules `lowered`, whose roots are first the outputs, then the new values of `updated` states.
pub(crate) fn schedule(lowered: Lowered, n_outputs: usize, updated: &[usize]) -> Schedule {
    let Lowered { mut nodes, mut roots } = lowered;
    // A root that is fed or kept needs a copy to be read from.
    for root in &mut roots {
        if matches!(nodes[*root].op, IrOp::Input(_) | IrOp::State(_) | IrOp::RowCount) {
            let (rows, width) = (nodes[*root].rows, nodes[*root].width);
            nodes.push(IrNode { op: IrOp::Copy(*root), rows, width });
            *root = nodes.len() - 1;
        }
    }
    let levels = levels(&mut nodes, &roots);
    let depths = depths(&nodes, &levels, &roots);
    let mut groups: BTreeMap<When, Vec<Vec<Ir>>> = BTreeMap::new();
    for (ir, group) in group(&nodes, &levels, &depths) {
        groups.entry(ir).or_default().extend(group);
    }
    Placement::new(&nodes, &levels, &roots, n_outputs, updated, &groups).build(&groups)
}

/// The kernel domain of a node: its own rows and width, or its operand's for a fold that a kernel can end with.
fn domain(nodes: &[IrNode], ir: Ir) -> Option<(bool, usize)> {
    let node = &nodes[ir];
    match node.op {
        _ if node.is_elementwise() => Some((node.rows, node.width)),
        IrOp::ReduceRows(_, of) => Some((true, nodes[of].width)),
        IrOp::Reduce { of, outer: 1, inner: 1, .. } if node.rows => Some((true, nodes[of].width)),
        _ => None,
    }
}

/// The nodes a node waits for, and whether it could sit in the same kernel as them.
fn dependencies(nodes: &[IrNode], ir: Ir) -> Vec<(Ir, bool)> {
    let own = domain(nodes, ir);
    nodes[ir]
        .operands()
        .into_iter()
        .map(|operand| match nodes[operand].op {
            IrOp::View(source, _) => (source, false),
            _ => {
                let fusable = nodes[operand].is_elementwise()
                    && own == Some((nodes[operand].rows, nodes[operand].width));
                (operand, fusable)
            }
        })
        .collect()
}

/// Whether a node is there without being computed.
fn is_given(node: &IrNode) -> bool {
    matches!(node.op, IrOp::State(_) | IrOp::Const(_) | IrOp::RowCount | IrOp::View(..))
        || (matches!(node.op, IrOp::Input(_)) && !node.rows)
}

/// The level of each node. Inputs with rows are loaded again in each level that reads them; shared work moves down to
/// the level that needs it.
fn levels(nodes: &mut Vec<IrNode>, roots: &[Ir]) -> Vec<usize> {
    let mut levels = vec![0; nodes.len()];
    for ir in 0..nodes.len() {
        levels[ir] = nodes[ir]
            .operands()
            .into_iter()
            .map(|operand| levels[operand] + usize::from(nodes[operand].is_partial()))
            .max()
            .unwrap_or(0);
    }
    let mut latest: Vec<Option<usize>> = vec![None; nodes.len()];
    for &root in roots {
        latest[root] = Some(levels[root]);
    }
    for ir in (0..nodes.len()).rev() {
        let node = &nodes[ir];
        let movable =
            !node.is_in_rows() && !matches!(node.op, IrOp::Finish(..)) || matches!(node.op, IrOp::View(..));
        if let (true, Some(level)) = (movable, latest[ir])
            && !roots.contains(&ir)
        {
            levels[ir] = level;
        }
        for operand in nodes[ir].operands() {
            let least = latest[operand].map_or(levels[ir], |level| level.min(levels[ir]));
            latest[operand] = Some(least);
        }
    }
    let mut again: HashMap<(Ir, usize), Ir> = HashMap::new();
    for ir in 0..nodes.len() {
        let level = levels[ir];
        let mut node = nodes[ir].clone();
        let mut changed = false;
        node.map_operands(|operand| {
            if !matches!(nodes[operand].op, IrOp::Input(_))
                || !nodes[operand].rows
                || levels[operand] == level
            {
                return operand;
            }
            changed = true;
            *again.entry((operand, level)).or_insert_with(|| {
                nodes.push(nodes[operand].clone());
                levels.push(level);
                nodes.len() - 1
            })
        });
        if changed {
            nodes[ir] = node;
        }
    }
    levels
}

fn depths(nodes: &[IrNode], levels: &[usize], roots: &[Ir]) -> Vec<usize> {
    let bucket = |ir: Ir| (levels[ir], nodes[ir].is_in_rows());
    let mut depths = vec![0; nodes.len()];
    // Inputs that are loaded again come after their readers; they wait for nothing.
    for ir in 0..nodes.len() {
        if is_given(&nodes[ir]) {
            continue;
        }
        let waits = dependencies(nodes, ir);
        depths[ir] = waits
            .iter()
            .filter(|(operand, _)| !is_given(&nodes[*operand]) && bucket(*operand) == bucket(ir))
            .map(|&(operand, fusable)| depths[operand] + usize::from(!fusable))
            .max()
            .unwrap_or(0);
        let loads =
            nodes[ir].operands().iter().any(|&o| matches!(nodes[o].op, IrOp::Input(_)) && nodes[o].rows);
        if loads && !matches!(nodes[ir].op, IrOp::View(..)) {
            depths[ir] = depths[ir].max(1);
        }
    }
    // A node that is only needed in later kernels moves to the first of them: it is cheaper to compute there than to
    // store here and load there.
    let mut users: Vec<Vec<(Ir, bool)>> = vec![Vec::new(); nodes.len()];
    for ir in 0..nodes.len() {
        if matches!(nodes[ir].op, IrOp::View(..)) {
            continue;
        }
        for (operand, fusable) in dependencies(nodes, ir) {
            users[operand].push((ir, fusable));
        }
    }
    for ir in (0..nodes.len()).rev() {
        let movable = nodes[ir].is_elementwise() && !roots.contains(&ir) && !users[ir].is_empty();
        if movable && users[ir].iter().all(|&(user, fusable)| fusable && bucket(user) == bucket(ir)) {
            let first = users[ir].iter().map(|&(user, _)| depths[user]).min();
            depths[ir] = first.unwrap_or(depths[ir]);
        }
    }
    depths
}

/// The tasks by when they run: kernels of fused nodes, and other nodes alone.
fn group(nodes: &[IrNode], levels: &[usize], depths: &[usize]) -> BTreeMap<When, Vec<Vec<Ir>>> {
    let mut kernels: BTreeMap<(When, (bool, usize)), Vec<Ir>> = BTreeMap::new();
    let mut groups: BTreeMap<When, Vec<Vec<Ir>>> = BTreeMap::new();
    for ir in 0..nodes.len() {
        if is_given(&nodes[ir]) {
            continue;
        }
        let when = (levels[ir], nodes[ir].is_in_rows(), depths[ir]);
        match domain(nodes, ir) {
            Some(domain) => kernels.entry((when, domain)).or_default().push(ir),
            None => groups.entry(when).or_default().push(vec![ir]),
        }
    }
    for ((when, _), members) in kernels {
        groups.entry(when).or_default().push(members);
    }
    groups
}

/// Gives every value a place and every task its form.
struct Placement<'a> {
    nodes: &'a [IrNode],
    places: Vec<Option<Place>>,
    /// The tasks that read each node, as (time, kernel members read it in full by).
    last_use: Vec<usize>,
    readers: Vec<Vec<usize>>,
    /// Time of the task that computes each node.
    time: Vec<usize>,
    pinned: Vec<bool>,
    /// Read outside the kernel that computes it.
    stored: Vec<bool>,
    direct_state: HashMap<Ir, usize>,
    chunk: Arena,
    schedule: Schedule,
    shared: Arena,
    roots: &'a [Ir],
    updated: &'a [usize],
    n_outputs: usize,
}

impl<'a> Placement<'a> {
    fn new(
        nodes: &'a [IrNode],
        levels: &[usize],
        roots: &'a [Ir],
        n_outputs: usize,
        updated: &'a [usize],
        groups: &BTreeMap<When, Vec<Vec<Ir>>>,
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
            for members in tasks {
                for &ir in members {
                    this.time[ir] = now;
                    group_of[ir] = kernel;
                }
                kernel += 1;
                now += usize::from(in_rows);
            }
            now += 1;
        }
        for ir in 0..n {
            if is_given(&nodes[ir]) {
                continue;
            }
            for operand in nodes[ir].operands() {
                let source = match nodes[operand].op {
                    IrOp::View(source, _) => source,
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
            let old = self.nodes.iter().position(|node| node.op == IrOp::State(state));
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

    fn build(mut self, groups: &BTreeMap<When, Vec<Vec<Ir>>>) -> Schedule {
        for (ir, node) in self.nodes.iter().enumerate() {
            self.places[ir] = match node.op {
                IrOp::State(index) => Some(Place::State(index)),
                IrOp::RowCount => {
                    let offset = self.shared.allocate(1);
                    self.schedule.row_count = Some(offset);
                    Some(Place::Shared(offset))
                }
                IrOp::Input(slot) if !node.rows => {
                    let offset = self.shared.allocate(node.width);
                    self.schedule.shared_inputs.push((slot, offset));
                    Some(Place::Shared(offset))
                }
                _ => None,
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
            for members in tasks {
                let (task, cost) = self.task(members, now, in_rows);
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
            let place = self.places[root].expect("every root was computed");
            if i < self.n_outputs {
                self.schedule.outputs.push((place, self.nodes[root].width));
            } else {
                let state = self.updated[i - self.n_outputs];
                if place != Place::State(state) {
                    self.schedule.commits.push((place, state));
                }
            }
        }
        self.schedule.shared_len = self.shared.len;
        self.schedule
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
            if self.last_use[ir].max(self.time[ir]) != now || self.pinned[ir] || is_given(&self.nodes[ir]) {
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
    fn place(&mut self, ir: Ir) -> Place {
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

    fn of(&self, ir: Ir) -> Place {
        self.places[ir].expect("operands are computed before they are read")
    }

    /// The task that computes `members`, and its rough cost in nanoseconds (a row, or in all).
    fn task(&mut self, members: &[Ir], now: usize, in_rows: bool) -> (Task, f64) {
        let ir = members[0];
        if domain(self.nodes, ir).is_some() {
            return self.kernel(members, now, in_rows);
        }
        let node = &self.nodes[ir];
        let width = node.width;
        let copy_cost = 0.2 * width as f64;
        let out = self.place(ir);
        match &node.op {
            IrOp::Input(slot) => (Task::Load { slot: *slot, width, out }, copy_cost),
            IrOp::Random(distribution, stream) => {
                let task = Task::Random { distribution: *distribution, stream: *stream, width, out };
                (task, 3.0 * width as f64 + 50.0)
            }
            IrOp::Pack { b, k, n, transposed } => {
                let (k, n, transposed) = (*k, *n, *transposed);
                (Task::Pack { b: self.of(*b), k, n, transposed, out }, 0.3 * (k * n) as f64)
            }
            IrOp::MatMul { a, packed, bias, lead, k, n, ta } => {
                let (a, packed) = (self.of(*a), self.of(*packed));
                let bias = bias.map(|bias| self.of(bias));
                let task = Task::MatMul { a, packed, bias, lead: *lead, k: *k, n: *n, ta: *ta, out };
                (task, 0.03 * (lead * k * n) as f64)
            }
            IrOp::Contract { a, b, lead, k, n } => {
                let (a, b) = (self.of(*a), self.of(*b));
                (Task::Contract { a, b, lead: *lead, k: *k, n: *n, out }, 0.03 * (lead * k * n) as f64)
            }
            IrOp::Reduce { fold, of, outer, mid, inner } => {
                let (fold, of, outer, mid, inner) = (*fold, self.of(*of), *outer, *mid, *inner);
                (Task::Reduce { fold, of, outer, mid, inner, out }, 0.3 * (outer * mid * inner) as f64)
            }
            IrOp::Move(parts) => {
                let covered: usize = parts.iter().flat_map(|(_, s)| s).map(|s| s.len).sum();
                let parts = parts.iter().map(|(a, s)| (self.of(*a), self.nodes[*a].width, s.clone()));
                let parts = parts.collect();
                (Task::Move { parts, width, clear: covered < width, out }, copy_cost)
            }
            IrOp::Permute(a, index) => {
                let (of, of_width) = (self.of(*a), self.nodes[*a].width);
                (Task::Permute { of, of_width, index: index.clone(), out }, width as f64)
            }
            IrOp::Gather { table, index, n, d } => {
                let picks = self.nodes[*index].width;
                let (table, index) = (self.of(*table), self.of(*index));
                (Task::Gather { table, index, picks, n: *n, d: *d, out }, copy_cost)
            }
            IrOp::Scatter { of, index, n, d } => {
                let picks = self.nodes[*index].width;
                let (of, index) = (self.of(*of), self.of(*index));
                (Task::Scatter { of, index, picks, n: *n, d: *d, out }, (picks * d) as f64 + 20.0)
            }
            _ => unreachable!("given nodes and kernels are not single tasks"),
        }
    }

    fn kernel(&mut self, members: &[Ir], now: usize, in_rows: bool) -> (Task, f64) {
        let (rows, width) = domain(self.nodes, members[0]).expect("members of a kernel have a domain");
        let mut builder =
            KernelBuilder { of: self, members, regs: Vec::new(), loads: Vec::new(), scalars: Vec::new() };
        let mut code = Vec::new();
        let mut reg_of: HashMap<Ir, u16> = HashMap::new();
        for &ir in members {
            let node = &builder.of.nodes[ir];
            if !node.is_elementwise() {
                continue;
            }
            let arg = |builder: &mut KernelBuilder<'_, '_>, operand: Ir| builder.arg(operand, &reg_of);
            let unused = Arg::Scalar(0);
            let (instr, a, b, c) = match node.op {
                IrOp::Copy(a) => (Code::Copy, arg(&mut builder, a), unused, unused),
                IrOp::Finish(fold, a) => {
                    let place = builder.of.of(a);
                    let Place::Partial(of) = place else { unreachable!("a finish reads parts") };
                    (Code::Copy, Arg::Reg(builder.load(Load::Parts { of, fold })), unused, unused)
                }
                IrOp::Unary(op, a) => (Code::Unary(op), arg(&mut builder, a), unused, unused),
                IrOp::Binary(op, a, b) => {
                    let a = arg(&mut builder, a);
                    (Code::Binary(op), a, arg(&mut builder, b), unused)
                }
                IrOp::Select(m, a, b) => {
                    let (m, a) = (arg(&mut builder, m), arg(&mut builder, a));
                    (Code::Select, m, a, arg(&mut builder, b))
                }
                _ => unreachable!("only elementwise nodes are instructions"),
            };
            // A finish that is only read here needs no copy of what was loaded.
            if let (IrOp::Finish(..), Arg::Reg(loaded), false) = (&node.op, a, builder.of.stored[ir]) {
                reg_of.insert(ir, loaded);
                continue;
            }
            builder.regs.push(Reg::Scratch(u16::MAX));
            let dst = (builder.regs.len() - 1) as u16;
            reg_of.insert(ir, dst);
            code.push(Instr { code: instr, dst, a, b, c });
        }
        // Folds come first: a store may put its values where a folded operand was.
        let mut sinks: Vec<(u16, SinkPlace)> = Vec::new();
        for &ir in members {
            let (fold, of, over_rows) = match builder.of.nodes[ir].op {
                IrOp::ReduceRows(fold, of) => (fold, of, true),
                IrOp::Reduce { fold, of, .. } => (fold, of, false),
                _ => continue,
            };
            let Arg::Reg(reg) = builder.arg(of, &reg_of) else { unreachable!("folds read buffers") };
            sinks.push((
                reg,
                match builder.of.place(ir) {
                    Place::Partial(out) if over_rows => SinkPlace::FoldRows(fold, out),
                    place => SinkPlace::FoldRow(fold, place),
                },
            ));
        }
        let mut taken: Vec<Ir> = Vec::new();
        for &ir in members {
            if builder.of.nodes[ir].is_elementwise() && builder.of.stored[ir] {
                let reg = reg_of[&ir];
                let (place, in_place) = builder.store(ir, now, in_rows, &mut taken);
                if !in_place || builder.is_read_before(place, reg, &code, &sinks) {
                    builder.regs[reg as usize] = Reg::Direct(sinks.len() as u16);
                }
                sinks.push((reg, SinkPlace::Store(place)));
            }
        }
        let KernelBuilder { mut regs, loads, scalars, .. } = builder;
        // Values read in place need no tile; the others keep theirs for the whole call.
        let mut tiles = 0u16;
        let loads: Vec<(Load, u16)> = loads
            .into_iter()
            .map(|load| {
                let in_place = matches!(load, Load::Full(_));
                tiles += u16::from(!in_place);
                (load, tiles.saturating_sub(1))
            })
            .collect();
        let tiles = assign_tiles(&mut regs, &code, &sinks, tiles);
        self.schedule.tiles = self.schedule.tiles.max(tiles as usize);
        self.schedule.registers = self.schedule.registers.max(regs.len());
        let cost: f64 = code.iter().map(|instr| if is_slow(instr.code) { 0.6 } else { 0.12 }).sum();
        let cost = (cost + 0.1 * (loads.len() + sinks.len()) as f64) * width as f64;
        (Task::Kernel(Kernel { rows, width, regs, loads, scalars, code, sinks }), cost)
    }
}

fn is_slow(code: Code) -> bool {
    use Unary::{Exp, Ln, Sigmoid, Softplus, Tanh};
    matches!(code, Code::Unary(Exp | Ln | Sigmoid | Softplus | Tanh))
}

struct KernelBuilder<'p, 'a> {
    of: &'p mut Placement<'a>,
    members: &'p [Ir],
    regs: Vec<Reg>,
    loads: Vec<Load>,
    scalars: Vec<Scalar>,
}

impl KernelBuilder<'_, '_> {
    fn load(&mut self, load: Load) -> u16 {
        let index = self.loads.iter().position(|known| *known == load).unwrap_or_else(|| {
            self.loads.push(load);
            self.loads.len() - 1
        });
        let known = self.regs.iter().position(|reg| matches!(reg, Reg::Load(l) if *l as usize == index));
        known.unwrap_or_else(|| {
            self.regs.push(Reg::Load(index as u16));
            self.regs.len() - 1
        }) as u16
    }

    fn scalar(&mut self, scalar: Scalar) -> Arg {
        let index = self.scalars.iter().position(|known| *known == scalar).unwrap_or_else(|| {
            self.scalars.push(scalar);
            self.scalars.len() - 1
        });
        Arg::Scalar(index as u16)
    }

    fn arg(&mut self, ir: Ir, reg_of: &HashMap<Ir, u16>) -> Arg {
        if let Some(&reg) = reg_of.get(&ir) {
            return Arg::Reg(reg);
        }
        match &self.of.nodes[ir].op {
            IrOp::Const(bits) => self.scalar(Scalar::Const(*bits)),
            IrOp::View(source, view) => {
                let source = *source;
                if let (IrOp::Const(bits), View::Scalar) = (&self.of.nodes[source].op, view) {
                    return self.scalar(Scalar::Const(*bits));
                }
                let place = self.of.of(source);
                Arg::Reg(match view {
                    View::Scalar => return self.scalar(Scalar::Shared(place)),
                    View::Column => self.load(Load::Column(place)),
                    View::Row => self.load(Load::Row(place)),
                    View::Table { index, stride } => {
                        self.load(Load::Table { of: place, stride: *stride, index: index.clone() })
                    }
                })
            }
            _ => {
                let place = self.of.of(ir);
                Arg::Reg(self.load(Load::Full(place)))
            }
        }
    }

    /// Whether everything that is read from `place` has been read when `reg` is computed, so that `reg` can be written
    /// there at once instead of when the tile is done.
    fn is_read_before(&self, place: Place, reg: u16, code: &[Instr], sinks: &[(u16, SinkPlace)]) -> bool {
        let made = code.iter().position(|instr| instr.dst == reg);
        let load = self.loads.iter().position(|load| *load == Load::Full(place));
        let (Some(made), Some(load)) = (made, load) else { return false };
        let source = self.regs.iter().position(|known| matches!(known, Reg::Load(l) if *l as usize == load));
        let Some(source) = source.map(|source| source as u16) else { return false };
        let reads = |instr: &Instr| [instr.a, instr.b, instr.c].contains(&Arg::Reg(source));
        !code[made..].iter().any(reads) && !sinks.iter().any(|(sunk, _)| *sunk == source)
    }

    /// A place for a stored member: the memory of a value this kernel is the last to read, where there is one, so
    /// that fewer lines of cache are touched (then the store waits until the tile is done).
    fn store(&mut self, ir: Ir, now: usize, in_rows: bool, taken: &mut Vec<Ir>) -> (Place, bool) {
        let of = &mut *self.of;
        let fresh = of.pinned[ir] || !in_rows || of.direct_state.contains_key(&ir);
        if !fresh {
            let width = of.nodes[ir].width;
            let operands = self.members.iter().flat_map(|&member| of.nodes[member].operands());
            let dying = operands.into_iter().find(|&operand| {
                !self.members.contains(&operand)
                    && !taken.contains(&operand)
                    && !of.pinned[operand]
                    && of.nodes[operand].rows
                    && of.nodes[operand].width == width
                    && of.last_use[operand] == now
                    && matches!(of.places[operand], Some(Place::Chunk(_)))
                    && self.members.iter().all(|&member| {
                        let viewed = |o: &Ir| matches!(of.nodes[*o].op, IrOp::View(s, _) if s == operand);
                        !of.nodes[member].operands().iter().any(viewed)
                    })
            });
            if let Some(operand) = dying {
                taken.push(operand);
                let place = of.places[operand].take().expect("checked above");
                of.places[ir] = Some(place);
                return (place, true);
            }
        }
        let in_place = of.direct_state.contains_key(&ir);
        (of.place(ir), in_place)
    }
}

/// Gives computed registers their scratch tiles, by last use, after the `first` that loads keep.
fn assign_tiles(regs: &mut [Reg], code: &[Instr], sinks: &[(u16, SinkPlace)], first: u16) -> u16 {
    let mut last = vec![0usize; regs.len()];
    for (at, instr) in code.iter().enumerate() {
        for arg in [instr.a, instr.b, instr.c] {
            if let Arg::Reg(reg) = arg {
                last[reg as usize] = at;
            }
        }
        last[instr.dst as usize] = at;
    }
    for (reg, _) in sinks {
        last[*reg as usize] = code.len();
    }
    let mut free: Vec<u16> = Vec::new();
    let mut tiles = first;
    for (at, instr) in code.iter().enumerate() {
        if let Reg::Scratch(tile) = &mut regs[instr.dst as usize] {
            *tile = free.pop().unwrap_or_else(|| {
                tiles += 1;
                tiles - 1
            });
        }
        for (reg, &end) in regs.iter().zip(&last) {
            if let Reg::Scratch(tile) = reg
                && end == at
                && *tile != u16::MAX
                && !free.contains(tile)
            {
                free.push(*tile);
            }
        }
    }
    tiles
}

fn shared_stage(tasks: Vec<(Task, f64)>) -> Stage {
    let mut pieces = Vec::new();
    let mut nanoseconds = 0.0;
    for (i, (task, cost)) in tasks.iter().enumerate() {
        let (len, step) = match task {
            Task::Kernel(kernel) => (kernel.width, PIECE),
            Task::Pack { k, n, .. } => (n.div_ceil(PANEL), (PIECE / (k * PANEL)).max(1)),
            _ => (1, 1),
        };
        // Kernel costs are for the whole shared tensor already.
        nanoseconds += cost;
        for start in (0..len).step_by(step) {
            pieces.push(Piece { task: i, start, end: (start + step).min(len) });
        }
    }
    Stage::Shared { tasks: tasks.into_iter().map(|(task, _)| task).collect(), pieces, nanoseconds }
}
