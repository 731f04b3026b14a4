//! In which order and in which kernels values are computed.
//!
//! A value's *level* counts how often rows had to meet before it can be known: a reduction over rows of level `n` is
//! shared of level `n + 1`. For each level there are shared stages, then one row stage that takes each chunk of rows
//! through all tasks of that level. Within a stage, *depth* orders the tasks; elementwise nodes of the same level,
//! depth and size are one kernel. Nodes of one depth cannot depend on each other except inside such a kernel, because
//! going through anything else raises the depth.

use std::collections::{BTreeMap, HashMap};

use super::allocate::Placement;
use super::ir::{Alone, Element, Ending, Given, Ir, IrNode, IrOp};
use super::lower::Lowered;
use super::task::{Commit, OutputPlace, Stage};
use crate::error::GraphError;

/// Rows in a chunk: what a worker takes through a row stage at once. Part of what a result's bits depend on.
pub(crate) const CHUNK: usize = 64;

/// Stages with all places, and how much memory they need.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) stages: Vec<Stage>,
    /// Copies of values into states after the last stage.
    pub(crate) commits: Vec<(Commit, usize)>,
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
    pub(crate) outputs: Vec<(OutputPlace, usize)>,
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

/// What one task computes.
#[derive(Debug)]
pub(super) enum Group<'a> {
    /// Nodes of one kernel, which all have this domain.
    Kernel { members: Vec<(Ir, Member<'a>)>, domain: Domain },
    /// A node by a task of its own.
    Alone(Ir, &'a Alone),
}

/// What a node is to its kernel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member<'a> {
    Element(&'a Element),
    Ending(&'a Ending),
}

/// What a kernel runs over: whether it has rows, and the values in one (or in all).
pub(super) type Domain = (bool, usize);

/// Groups by when they run.
pub(super) type Groups<'a> = BTreeMap<When, Vec<Group<'a>>>;

impl Group<'_> {
    /// The nodes computed.
    pub(super) fn nodes(&self) -> Vec<Ir> {
        match self {
            Self::Kernel { members, .. } => members.iter().map(|(ir, _)| *ir).collect(),
            Self::Alone(ir, _) => vec![*ir],
        }
    }
}

/// Schedules `lowered`, whose roots are first the outputs, then the new values of `updated` states.
///
/// # Errors
/// [`GraphError::Internal`], which no graph should lead to.
pub(crate) fn schedule(
    lowered: Lowered,
    n_outputs: usize,
    updated: &[usize],
) -> Result<Schedule, GraphError> {
    let Lowered { mut nodes, mut roots } = lowered;
    // A root that is fed or kept needs a copy to be read from.
    for root in &mut roots {
        if matches!(nodes[*root].op, IrOp::Given(_) | IrOp::Alone(Alone::Load(_))) {
            let (rows, width) = (nodes[*root].rows, nodes[*root].width);
            nodes.push(IrNode { op: Element::Copy(*root).into(), rows, width });
            *root = nodes.len() - 1;
        }
    }
    let levels = levels(&mut nodes, &roots);
    let depths = depths(&nodes, &levels);
    let groups = group(&nodes, &levels, &depths);
    Placement::new(&nodes, &levels, &roots, n_outputs, updated, &groups).build(&groups)
}

/// The kernel domain of a node: its own rows and width, or its operand's for a fold that a kernel can end with.
fn domain(nodes: &[IrNode], ir: Ir) -> Option<Domain> {
    match nodes[ir].op {
        IrOp::Element(_) => Some((nodes[ir].rows, nodes[ir].width)),
        IrOp::Ending(Ending::Rows(_, of) | Ending::Width(_, of)) => Some((true, nodes[of].width)),
        IrOp::Given(_) | IrOp::Alone(_) => None,
    }
}

/// The nodes a node waits for, and whether it could sit in the same kernel as them.
fn dependencies(nodes: &[IrNode], ir: Ir) -> Vec<(Ir, bool)> {
    let own = domain(nodes, ir);
    nodes[ir]
        .operands()
        .into_iter()
        .map(|operand| match nodes[operand].op {
            IrOp::Given(Given::View(source, _)) => (source, false),
            _ => {
                let fusable = nodes[operand].is_elementwise()
                    && own == Some((nodes[operand].rows, nodes[operand].width));
                (operand, fusable)
            }
        })
        .collect()
}

/// The level of each node. Inputs with rows are loaded again in each level that reads them; shared work moves down to
/// the level that needs it.
fn levels(nodes: &mut Vec<IrNode>, roots: &[Ir]) -> Vec<usize> {
    let mut levels = vec![0; nodes.len()];
    for ir in 0..nodes.len() {
        let gathers = nodes[ir].weighs().is_some();
        levels[ir] = nodes[ir]
            .operands()
            .into_iter()
            .map(|operand| levels[operand] + usize::from(nodes[operand].is_partial() || gathers))
            .max()
            .unwrap_or(0);
    }
    let mut latest: Vec<Option<usize>> = vec![None; nodes.len()];
    for &root in roots {
        latest[root] = Some(levels[root]);
    }
    for ir in (0..nodes.len()).rev() {
        let node = &nodes[ir];
        let movable = !node.is_in_rows() && !matches!(node.op, IrOp::Element(Element::Finish(..)))
            || matches!(node.op, IrOp::Given(Given::View(..)));
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
        let in_rows = nodes[ir].is_in_rows();
        let mut node = nodes[ir].clone();
        let mut changed = false;
        node.map_operands(|operand| {
            if !nodes[operand].is_loaded() || levels[operand] == level || !in_rows {
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

fn depths(nodes: &[IrNode], levels: &[usize]) -> Vec<usize> {
    let bucket = |ir: Ir| (levels[ir], nodes[ir].is_in_rows());
    let mut depths = vec![0; nodes.len()];
    // Inputs that are loaded again come after their readers; they wait for nothing.
    for ir in 0..nodes.len() {
        if nodes[ir].is_given() {
            continue;
        }
        let waits = dependencies(nodes, ir);
        depths[ir] = waits
            .iter()
            .filter(|(operand, _)| !nodes[*operand].is_given() && bucket(*operand) == bucket(ir))
            .map(|&(operand, fusable)| depths[operand] + usize::from(!fusable))
            .max()
            .unwrap_or(0);
        let loads = nodes[ir].operands().iter().any(|&operand| nodes[operand].is_loaded());
        if loads && nodes[ir].is_in_rows() {
            depths[ir] = depths[ir].max(1);
        }
    }
    // A node that is only needed in later kernels moves to the first of them: it is cheaper to compute there than to
    // store here and load there.
    let mut users: Vec<Vec<(Ir, bool)>> = vec![Vec::new(); nodes.len()];
    for ir in 0..nodes.len() {
        if nodes[ir].is_given() {
            continue;
        }
        for (operand, fusable) in dependencies(nodes, ir) {
            users[operand].push((ir, fusable));
        }
    }
    for ir in (0..nodes.len()).rev() {
        if nodes[ir].is_elementwise()
            && !users[ir].is_empty()
            && users[ir].iter().all(|&(user, fusable)| fusable && bucket(user) == bucket(ir))
        {
            let first = users[ir].iter().map(|&(user, _)| depths[user]).min();
            depths[ir] = first.unwrap_or(depths[ir]);
        }
    }
    depths
}

/// The tasks by when they run: other nodes alone, then kernels of fused nodes.
fn group<'a>(nodes: &'a [IrNode], levels: &[usize], depths: &[usize]) -> Groups<'a> {
    let when = |ir: Ir| (levels[ir], nodes[ir].is_in_rows(), depths[ir]);
    let columns = weighed_columns(nodes, &when);
    let mut kernels: BTreeMap<(When, Domain, usize), Vec<(Ir, Member<'a>)>> = BTreeMap::new();
    let mut groups = Groups::new();
    for (ir, node) in nodes.iter().enumerate() {
        let member = match &node.op {
            IrOp::Given(_) => continue,
            IrOp::Alone(op) => {
                groups.entry(when(ir)).or_default().push(Group::Alone(ir, op));
                continue;
            }
            IrOp::Element(op) => Member::Element(op),
            IrOp::Ending(op) => Member::Ending(op),
        };
        if let Some(domain) = domain(nodes, ir) {
            kernels.entry((when(ir), domain, columns[ir])).or_default().push((ir, member));
        }
    }
    for ((when, domain, _), members) in kernels {
        groups.entry(when).or_default().push(Group::Kernel { members, domain });
    }
    groups
}

/// For each node the columns of the weight gradient that is computed in its kernel, or 0: kernels with gradients of
/// different matrices are cut into different pieces. Nodes that read each other in a kernel must have the same.
fn weighed_columns(nodes: &[IrNode], when: &dyn Fn(Ir) -> When) -> Vec<usize> {
    let mut columns: Vec<usize> = nodes.iter().map(|node| node.weighs().unwrap_or(0)).collect();
    // The largest spreads over what is read and over the readers, until nothing changes.
    while columns.iter().any(|&n| n > 0) {
        let mut changed = false;
        for ir in (0..nodes.len()).chain((0..nodes.len()).rev()) {
            if nodes[ir].is_in_rows() || nodes[ir].is_given() {
                continue;
            }
            for (operand, fusable) in dependencies(nodes, ir) {
                let n = columns[ir].max(columns[operand]);
                if fusable && when(operand) == when(ir) && (columns[ir] != n || columns[operand] != n) {
                    (columns[ir], columns[operand], changed) = (n, n, true);
                }
            }
        }
        if !changed {
            break;
        }
    }
    columns
}
