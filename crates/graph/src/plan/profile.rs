//! Where the time of a plan goes, task by task, beside the work that each does.

use super::run::Plan;
use super::task::{Kernel, Load, SinkPlace, Stage, Task};
use crate::recurrence::Recurrence;

/// What one task of a plan took since [`Plan::record_times`].
#[derive(Debug, Clone, PartialEq)]
pub struct TaskTime {
    /// The number of its stage; stages wait for each other.
    pub stage: usize,
    /// Whether it is done for each chunk of rows.
    pub in_rows: bool,
    /// What it computes, with its sizes.
    pub name: String,
    /// Seconds in all runs and on all threads.
    pub seconds: f64,
    /// Floating-point operations in all runs: a product of `m x k` by `k x n` is `2 m k n`, an instruction of a kernel one
    /// a value, whatever the function.
    pub operations: f64,
    /// Bytes of operands and results in all runs, each counted once for each chunk of rows; most come from a cache.
    pub bytes: f64,
}

/// Times of tasks, in the order of the plan.
#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) is_on: bool,
    /// Rows and chunks of all runs.
    pub(super) rows: f64,
    pub(super) chunks: f64,
    pub(super) runs: f64,
}

impl Plan {
    /// Starts recording how long each task takes, from zero, or stops. It costs about 50 nanoseconds a task and chunk.
    pub fn record_times(&mut self, record: bool) {
        self.recording = Recording { is_on: record, ..Recording::default() };
        for worker in &mut self.workers {
            worker.nanoseconds.fill(0);
        }
    }

    /// What each task took since recording began, in the order in which they are done.
    pub fn task_times(&self) -> Vec<TaskTime> {
        let mut times = Vec::new();
        for (number, stage) in self.schedule.stages.iter().enumerate() {
            let (tasks, in_rows) = match stage {
                Stage::Shared { tasks, .. } => (tasks, false),
                Stage::Rows { tasks, .. } => (tasks, true),
            };
            for task in tasks {
                let at = times.len();
                let nanoseconds: u64 =
                    self.workers.iter().filter_map(|worker| worker.nanoseconds.get(at)).sum();
                let Recording { rows, chunks, runs, .. } = self.recording;
                let times_done = if in_rows { (rows, chunks) } else { (runs, runs) };
                let Work { operations, bytes } = work(task, times_done, rows);
                let (name, seconds) = (name(task), nanoseconds as f64 * 1e-9);
                times.push(TaskTime { stage: number, in_rows, name, seconds, operations, bytes });
            }
        }
        times
    }
}

/// Operations, and bytes read and written.
struct Work {
    operations: f64,
    bytes: f64,
}

/// What a task does for so many rows in so many chunks, and for all rows of a batch if it gathers them.
fn work(task: &Task, (rows, chunks): (f64, f64), all_rows: f64) -> Work {
    // Operations and values a row, and values a chunk whatever its rows are.
    let (operations, a_row, a_chunk) = match task {
        Task::Load { width, .. } => (0, 2 * width, 0),
        Task::Random { width, .. } => (*width, *width, 0),
        Task::Kernel(kernel) => kernel_work(kernel),
        Task::Pack { k, n, .. } => (0, 2 * k * n, 0),
        Task::MatMul { lead, k, n, .. } => (2 * lead * k * n, lead * (k + n), k * n),
        Task::Contract { lead, k, n, .. } => (2 * lead * k * n, lead * (k + n), 2 * k * n),
        Task::KeepRows { k, .. } => (0, 2 * k, 0),
        Task::PackRows { n, .. } => (0, 2 * n, 0),
        Task::PackTransposed { geometry: g, .. } => {
            (0, 2 * g.taps() * g.fine_channels * g.coarse_channels, 0)
        }
        Task::Conv { geometry: g, .. } | Task::ConvWeight { geometry: g, .. } => {
            let weights = g.taps() * g.fine_channels * g.coarse_channels;
            (2 * g.products(), g.images * (g.fine_width() + g.coarse_width()), weights)
        }
        Task::Trace { r, .. } => {
            (products(r, r.depth()), r.input_width() + r.sequences * r.trace_width(), weights(r))
        }
        Task::States { r, .. } => (0, 2 * r.state_width(), 0),
        Task::SumAdjoints { r, .. } => {
            (products(r, r.units), r.sequences * (r.trace_width() + r.adjoint_width()), weights(r))
        }
        Task::RecurrentInput { r, .. } => {
            (products(r, r.inputs), r.input_width() + r.sequences * r.adjoint_width(), weights(r))
        }
        Task::RecurrentWeight { r, .. } => {
            (products(r, r.depth()), r.input_width() + r.sequences * r.adjoint_width(), weights(r))
        }
        Task::Reduce { outer, mid, inner, .. } => (outer * mid * inner, outer * inner * (mid + 1), 0),
        Task::Move { width, .. } => (0, 2 * width, 0),
        Task::Permute { index, .. } => (0, 2 * index.len(), 0),
        Task::Gather { picks, d, .. } => (0, 2 * picks * d, 0),
        Task::Scatter { picks, d, .. } => (picks * d, 3 * picks * d, 0),
    };
    let mut bytes = 4.0 * (rows * a_row as f64 + chunks * a_chunk as f64);
    let mut operations = rows * operations as f64;
    // Gradients over all rows.
    if let Task::Kernel(kernel) = task {
        for (load, _) in &kernel.loads {
            if let Load::Weigh { k, n, .. } = load {
                operations += all_rows * (2 * k * n) as f64;
                bytes += 4.0 * all_rows * (k + n) as f64;
            }
        }
    }
    Work { operations, bytes }
}

fn kernel_work(kernel: &Kernel) -> (usize, usize, usize) {
    let Kernel { width, loads, code, sinks, .. } = kernel;
    let mut a_row = 0;
    for (load, _) in loads {
        a_row += match load {
            Load::Full(_) | Load::Table { .. } => *width,
            Load::Column(_) | Load::Weigh { .. } => 0,
            Load::Row(_) => 1,
            Load::Parts { .. } => 2 * width,
        };
    }
    for (_, sink) in sinks {
        a_row += match sink {
            SinkPlace::Store(_) => *width,
            SinkPlace::FoldRow(..) => 1,
            SinkPlace::FoldRows(..) => 0,
        };
    }
    (code.len() * width, a_row, 0)
}

fn weights(r: &Recurrence) -> usize {
    r.depth() * r.columns()
}

/// Operations of all sums of a recurrent layer with so many values.
fn products(r: &Recurrence, values: usize) -> usize {
    2 * r.sequences * r.adjoint_width() * values
}

fn name(task: &Task) -> String {
    match task {
        Task::Load { width, .. } => format!("load {width}"),
        Task::Random { width, .. } => format!("noise {width}"),
        Task::Kernel(kernel) => {
            let folds = kernel.sinks.iter().filter(|(_, sink)| !matches!(sink, SinkPlace::Store(_))).count();
            let (loads, stores) = (kernel.loads.len(), kernel.sinks.len() - folds);
            let parts = if kernel.loads.iter().any(|(load, _)| matches!(load, Load::Parts { .. })) {
                ", joins parts"
            } else {
                ""
            };
            let (code, width) = (kernel.code.len(), kernel.width);
            let gradient = kernel.loads.iter().find_map(|(load, _)| match load {
                Load::Weigh { k, n, .. } => Some(format!("weight gradient {k} x {n} and ")),
                Load::Full(_) | Load::Column(_) | Load::Row(_) | Load::Table { .. } | Load::Parts { .. } => {
                    None
                }
            });
            let gradient = gradient.unwrap_or_default();
            format!(
                "{gradient}kernel {width}: {loads} loads, {code} steps, {stores} stores, {folds} folds{parts}"
            )
        }
        Task::Pack { k, n, transposed, .. } => {
            format!("pack {k} x {n}{}", if *transposed { ", transposed" } else { "" })
        }
        Task::MatMul { lead, k, n, .. } => format!("product {lead} x {k} x {n}"),
        Task::Contract { lead, k, n, .. } => format!("weight gradient {k} x {n} ({lead} a row)"),
        Task::KeepRows { k, .. } => format!("keep rows of {k}"),
        Task::PackRows { n, .. } => format!("pack rows of {n}"),
        Task::PackTransposed { geometry: g, .. } => {
            format!("pack taps {} x {} x {}", g.taps(), g.coarse_channels, g.fine_channels)
        }
        Task::Conv { geometry: g, transposed, .. } => {
            let (taps, c, d) = (g.taps(), g.fine_channels, g.coarse_channels);
            let kind = if *transposed { "transposed convolution" } else { "convolution" };
            format!("{kind}, {taps} taps, {c} and {d} channels")
        }
        Task::ConvWeight { geometry: g, .. } => {
            let (taps, c, d) = (g.taps(), g.fine_channels, g.coarse_channels);
            format!("convolution's weight gradient, {taps} taps, {c} and {d} channels")
        }
        Task::Trace { r, .. } => format!("recurrent trace {} x {}", r.inputs, r.units),
        Task::States { r, .. } => format!("recurrent states {}", r.units),
        Task::SumAdjoints { r, .. } => format!("recurrent adjoints {}", r.units),
        Task::RecurrentInput { r, .. } => format!("recurrent input gradient {}", r.inputs),
        Task::RecurrentWeight { r, .. } => format!("recurrent weight gradient {} x {}", r.inputs, r.units),
        Task::Reduce { outer, mid, inner, .. } => format!("reduce {outer} x {mid} x {inner}"),
        Task::Move { width, .. } => format!("move {width}"),
        Task::Permute { index, .. } => format!("permute {}", index.len()),
        Task::Gather { picks, d, .. } => format!("gather {picks} x {d}"),
        Task::Scatter { picks, d, .. } => format!("scatter {picks} x {d}"),
    }
}
