//! In which order and in which kernels values are computed.
//!
//! A value's *level* counts how often rows had to meet before it can be known: a reduction over rows of level `n` is
//! shared of level `n + 1`. For each level there are shared stages, then one row stage that takes each chunk of rows
//! through all tasks of that level. Within a stage, *depth* orders the tasks; elementwise nodes of the same level,
//! depth and size are one kernel. Nodes of one depth cannot depend on each other except inside such a kernel, because
//! going through anything else raises the depth.

use std::collections::{BTreeMap, HashMap};

use super::allocate::Placement;
use super::ir::{Ir, IrNode, IrOp, Kind};
use super::lower::Lowered;
use super::place::Place;
use super::task::Stage;

/// Rows in a chunk: what a worker takes through a row stage at once. Part of what a result's bits depend on.
pub(crate) const CHUNK: usize = 64;

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

impl Schedule {
    /// The expected cost of a row in all row stages.
    pub(crate) fn nanoseconds_per_row(&self) -> f64 {
        let cost = |stage: &Stage| match stage {
            Stage::Rows { nanoseconds_per_row, .. } => *nanoseconds_per_row,
            Stage::Shared { .. } => 0.0,
        };
        self.stages.iter().map(cost).sum()
    }
}

/// When a node is computed: level, whether in the row stage, depth.
pub(super) type When = (usize, bool, usize);

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
pub(super) fn domain(nodes: &[IrNode], ir: Ir) -> Option<(bool, usize)> {
    let node = &nodes[ir];
    match (node.kind(), &node.op) {
        (Kind::Elementwise, _) => Some((node.rows, node.width)),
        (Kind::Parts, IrOp::ReduceRows(_, of)) => Some((true, nodes[*of].width)),
        (Kind::Alone, IrOp::Reduce { of, outer: 1, inner: 1, .. }) if node.rows => {
            Some((true, nodes[*of].width))
        }
        (Kind::Given | Kind::Parts | Kind::Alone, _) => None,
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
pub(super) fn is_given(node: &IrNode) -> bool {
    node.kind() == Kind::Given
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
