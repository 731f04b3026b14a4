//! t-SNE maps: rows that are alike lie close together in the plane.

mod affinity;
mod config;
mod copies;
mod grid;
mod kernel;
mod optimize;
mod place;
mod start;
#[cfg(test)]
mod tests;
mod tree;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use self::affinity::Affinity;
pub use self::config::{Initialization, TsneConfig, TsneMethod};
use self::copies::Copies;
use self::optimize::{Optimizer, Phase};
pub use self::place::PlaceConfig;
use super::neighbor::{Ordered, check_finite, ordered_neighbors, pool};
use crate::data::Matrix;
use crate::error::ProjectError;
use crate::project::NeighborMethod;
use crate::seed::Seed;

/// Points of one piece of work.
const POINTS: usize = 512;

/// Neighbors of a row for each unit of perplexity.
const NEIGHBORS_EACH: f64 = 3.0;

/// Most rows of a map.
const MOST_ROWS: usize = 1 << 30;

/// A place on a map.
type Point = [f32; 2];

/// What is known at a report, every [`TsneConfig::report_every`] iterations and after the last.
#[derive(Debug)]
pub struct TsneProgress<'a> {
    /// Iterations done, of both phases together.
    pub iteration: usize,
    /// Iterations of both phases together.
    pub of: usize,
    /// The Kullback-Leibler divergence in nats, without exaggeration.
    pub kl: f64,
    /// The Euclidean norm of the gradient (with its factor 4) over all points.
    pub gradient_norm: f64,
    /// Seconds since the start, the search for neighbors included.
    pub seconds: f64,
    /// Current positions, rows x 2, in the order of the input.
    pub positions: &'a Matrix,
}

/// A finished map.
#[derive(Debug, Clone, PartialEq)]
pub struct Tsne {
    /// Rows x 2, in the order of the input.
    pub positions: Matrix,
    /// The final Kullback-Leibler divergence in nats, without exaggeration.
    pub kl: f64,
    /// The divergence at each report: iterations done, nats.
    pub history: Vec<(usize, f64)>,
    /// The settings that were used.
    pub settings: TsneSettings,
    /// What the reader should know: settings that were changed, bounds that were hit.
    pub notes: Vec<String>,
}

/// The settings that were used, everything automatic resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TsneSettings {
    /// Perplexities.
    pub perplexity: Vec<f64>,
    /// Neighbors of each row.
    pub neighbors: usize,
    /// How they were found, never `auto`.
    pub neighbor_method: NeighborMethod,
    /// The share of the true neighbors that were found, on a fixed sample of rows, 0 to 1.
    pub recall: f64,
    /// How the repulsion was computed, never `auto`.
    pub method: TsneMethod,
    /// Degrees of freedom of the kernel.
    pub degrees_of_freedom: f64,
    /// Learning rates of the first and the main phase.
    pub learning_rate: [f64; 2],
    /// Iterations done.
    pub iterations: usize,
    /// Whether the observer ended it early.
    pub stopped: bool,
    /// The seed.
    pub seed: u64,
    /// Seconds of the search for neighbors.
    pub neighbor_seconds: f64,
    /// Seconds of everything.
    pub seconds: f64,
}

/// Makes a map of `rows`, from `initial` positions (rows x 2, at most 1e6 from zero) where given.
///
/// Minimizes `KL = Σ p_ij ln(p_ij / q_ij)` by `∂KL/∂y_i = 4 Σ_j (e p_ij - q_ij) w_ij (y_i - y_j)` with exaggeration
/// `e`, `q_ij = w_ij / Z` and `w_ij = 1 / (1 + |y_i - y_j|²)` (α = 1). The same seed gives the same bytes at any number
/// of threads (0 counts as 1). `observe` is called at every report; [`ControlFlow::Break`] ends the map as it is, and so
/// does raising `stop`, after the iteration that is under way.
///
/// Where a row has more copies than its neighborhood has room for (the perplexity), so that it would have no neighbors
/// but these, each different row is placed once, and its copies, with those of all other rows, lie at its place.
///
/// Source: van der Maaten and Hinton, JMLR 9 (2008); defaults of Belkina et al., Nature Communications 10 (2019), and
/// Kobak and Berens, Nature Communications 10 (2019).
///
/// # Errors
/// Settings out of range, no rows or columns, values that are not finite, initial positions of another shape, too few
/// rows where `strict`; [`ProjectError::Stopped`] where `stop` is raised before neighbors were found.
pub fn tsne(
    rows: &Matrix,
    initial: Option<&Matrix>,
    config: &TsneConfig,
    seed: Seed,
    threads: usize,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&TsneProgress) -> ControlFlow<()>,
) -> Result<Tsne, ProjectError> {
    config.check()?;
    check_finite("rows", rows)?;
    let largest = config.perplexity.iter().fold(1.0f64, |largest, p| largest.max(*p));
    let Some(copies) = Copies::crowding(rows, largest) else {
        return place_rows(rows, initial, config, seed, threads, stop, observe);
    };
    initial.map(|initial| start::given(rows, initial)).transpose()?;
    let different = copies.firsts(rows);
    let initial = initial.map(|initial| copies.firsts(initial));
    let mut watch = |progress: &TsneProgress<'_>| {
        observe(&TsneProgress { positions: &copies.spread(progress.positions), ..*progress })
    };
    let mut made = place_rows(&different, initial.as_ref(), config, seed, threads, stop, &mut watch)?;
    made.positions = copies.spread(&made.positions);
    let (count, of) = (rows.n_rows - different.n_rows, rows.n_rows);
    made.notes.insert(0, format!("{count} of {of} rows are copies of others and lie where those lie"));
    Ok(made)
}

/// As [`tsne`], whatever copies there are.
fn place_rows(
    rows: &Matrix,
    initial: Option<&Matrix>,
    config: &TsneConfig,
    seed: Seed,
    threads: usize,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&TsneProgress) -> ControlFlow<()>,
) -> Result<Tsne, ProjectError> {
    let begin = Instant::now();
    let n = rows.n_rows;
    if n > MOST_ROWS {
        return Err(ProjectError::TooManyRows { found: n, most: MOST_ROWS });
    }
    let mut notes = Vec::new();
    let start = start::points(rows, initial, config.initialization, seed, threads, &mut notes)?;
    let perplexity = perplexities(&config.perplexity, n, config.strict, &mut notes)?;
    let largest = perplexity.iter().fold(1.0f64, |largest, p| largest.max(*p));
    let k = ((NEIGHBORS_EACH * largest) as usize).clamp(1, (n - 1).max(1));

    let pool = pool(threads)?;
    let (order, affinity, neighbor_method, recall) = if n == 1 {
        let alone =
            Affinity { starts: vec![0, 0], indices: Vec::new(), values: Vec::new(), negative_entropy: 0.0 };
        (vec![0], alone, NeighborMethod::Exact, 1.0)
    } else {
        pool.install(|| {
            let Ordered { order, neighbors } = ordered_neighbors(rows, k, config.neighbors, stop)?;
            let conditional = affinity::conditional(&neighbors.distances, k, &perplexity);
            let affinity = affinity::symmetric(&neighbors.indices, &conditional, k);
            Ok::<_, ProjectError>((order, affinity, neighbors.method, neighbors.recall))
        })?
    };
    let neighbor_seconds = begin.elapsed().as_secs_f64();

    let points = order.iter().map(|&row| start[row as usize]).collect();
    let mut optimizer = Optimizer::new(&affinity, points, config);
    let exaggeration = [config.exaggeration, config.late_exaggeration];
    let learning_rate = exaggeration.map(|factor| config.learning_rate.unwrap_or(n as f64 / factor));
    let of = config.exaggeration_iterations + config.iterations;
    let (mut iteration, mut stopped, mut history) = (0, false, Vec::new());
    let mut positions = restore(&optimizer.points, &order);
    while iteration < of && n > 1 {
        let main = usize::from(iteration >= config.exaggeration_iterations);
        let phase = Phase {
            exaggeration: exaggeration[main] as f32,
            learning_rate: learning_rate[main] as f32,
            momentum: config.momentum[main] as f32,
        };
        let gradient_norm = pool.install(|| optimizer.step(phase));
        iteration += 1;
        let converged = main == 1 && gradient_norm < config.min_gradient_norm;
        let asked = iteration < of && stop.load(Ordering::Relaxed);
        if iteration % config.report_every == 0 || iteration == of || converged || asked {
            let kl = pool.install(|| optimizer.divergence());
            positions = restore(&optimizer.points, &order);
            history.push((iteration, kl));
            let seconds = begin.elapsed().as_secs_f64();
            let progress = TsneProgress { iteration, of, kl, gradient_norm, seconds, positions: &positions };
            stopped = asked || (observe(&progress).is_break() && iteration < of);
        }
        if converged || stopped {
            break;
        }
    }
    let kl = match history.last() {
        Some((_, kl)) => *kl,
        None if n > 1 => pool.install(|| optimizer.divergence()),
        None => 0.0,
    };
    if optimizer.beyond_grid > 0 {
        notes.push(format!(
            "{} of {iteration} iterations were too wide for the grid and used Barnes-Hut instead",
            optimizer.beyond_grid
        ));
    }
    let settings = TsneSettings {
        perplexity,
        neighbors: if n > 1 { k } else { 0 },
        neighbor_method,
        recall,
        method: optimizer.method(),
        degrees_of_freedom: config.degrees_of_freedom,
        learning_rate,
        iterations: iteration,
        stopped,
        seed: seed.0,
        neighbor_seconds,
        seconds: begin.elapsed().as_secs_f64(),
    };
    Ok(Tsne { positions, kl, history, settings, notes })
}

/// The perplexities, lowered to what so many rows allow: a third of the other rows.
fn perplexities(
    asked: &[f64],
    n: usize,
    strict: bool,
    notes: &mut Vec<String>,
) -> Result<Vec<f64>, ProjectError> {
    let most = (n - 1) as f64 / NEIGHBORS_EACH;
    let largest = asked.iter().fold(0.0f64, |largest, p| largest.max(*p));
    if largest > most {
        if strict {
            let needed = (NEIGHBORS_EACH * largest).ceil() as usize + 1;
            return Err(ProjectError::TooFewRows { perplexity: largest, needed, found: n });
        }
        notes.push(format!(
            "perplexity {largest} was lowered to {}: {}",
            readable(most.max(1.0)),
            if n == 1 { "there is 1 row".to_owned() } else { format!("there are {n} rows") }
        ));
    }
    Ok(asked.iter().map(|p| p.min(most).max(1.0)).collect())
}

/// With at most four decimals.
fn readable(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Points in the order of the rows.
fn restore(points: &[Point], order: &[u32]) -> Matrix {
    let mut positions = Matrix::zeros(points.len(), 2);
    for (point, &row) in points.iter().zip(order) {
        positions.row_mut(row as usize).copy_from_slice(point);
    }
    positions
}

/// The mean of points, summed in their order.
fn mean(points: &[Point]) -> Point {
    let sum = points.iter().fold([0.0f64; 2], |sum, p| [sum[0] + f64::from(p[0]), sum[1] + f64::from(p[1])]);
    sum.map(|sum| (sum / points.len().max(1) as f64) as f32)
}
