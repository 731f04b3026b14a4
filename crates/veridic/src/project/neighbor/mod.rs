//! The k nearest neighbors of each row.

mod approximate;
mod block;
mod order;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::block::{Block, Candidates, compare};
use crate::data::Matrix;
use crate::error::{EvaluateError, ProjectError};

/// Most rows of a block.
const BLOCK: usize = 512;

/// Rows whose neighbors are compared with the true ones.
const RECALL_SAMPLE: usize = 512;

/// Candidates of a query beyond those asked for: distances by products round, and the nearest are told apart by differences.
const SPARE: usize = 8;

/// Rows that are looked up together.
const QUERIES: usize = 240;

/// Workers made where there are fewer processors: thousands would do nothing but look for work at each other's.
const MOST_WORKERS: usize = 8;

/// Products (rows x rows x columns) from which `Auto` is approximate: above, exact search takes minutes.
const MOST_EXACT: f64 = 1e12;

/// How far from the fitted rows, in units of their extent, a query's values count: squares stay finite.
const FARTHEST: f64 = 1e15;

/// How nearest neighbors are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeighborMethod {
    /// Exact, or approximate where exact takes minutes.
    #[default]
    Auto,
    /// All pairs of rows, but those that bounding boxes rule out.
    Exact,
    /// The nearest among the rows of the nearest clusters; the recall on a sample is reported.
    Approximate,
}

/// The nearest neighbors of each row, nearest first, itself left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// Neighbors of each row.
    pub k: usize,
    /// `rows * k` row numbers; those of row `i` are `indices[i * k..(i + 1) * k]`.
    pub indices: Vec<u32>,
    /// Euclidean distances, as `indices`.
    pub distances: Vec<f32>,
    /// The method that was used, never `Auto`.
    pub method: NeighborMethod,
    /// The share of the true neighbors that were found, on a fixed sample of rows, 0 to 1; 1 where exact.
    pub recall: f64,
}

impl Neighbors {
    /// The neighbors of row `i`, nearest first.
    pub fn of(&self, i: usize) -> &[u32] {
        &self.indices[i * self.k..(i + 1) * self.k]
    }

    /// The nearest `k` of each row, at most as many as there are.
    #[must_use]
    pub fn first(&self, k: usize) -> Self {
        let k = k.min(self.k);
        let indices = self.indices.chunks(self.k.max(1)).flat_map(|row| &row[..k]).copied().collect();
        let distances = self.distances.chunks(self.k.max(1)).flat_map(|row| &row[..k]).copied().collect();
        Self { k, indices, distances, method: self.method, recall: self.recall }
    }
}

/// Finds the `k` nearest other rows of each row by Euclidean distance.
///
/// Rows are ordered by a balanced tree of half-spaces and cut into blocks; blocks are compared by register tiles of
/// products of centered rows in `f32`, and the distances of the best candidates then computed from the differences. An
/// approximate search compares each block with the blocks of the nearest means only. The result does not depend on
/// `threads` (0 counts as 1).
///
/// # Errors
/// No rows, a value that is not finite, `k` outside 1 to the number of rows less one.
pub fn neighbors(
    rows: &Matrix,
    k: usize,
    method: NeighborMethod,
    threads: usize,
) -> Result<Neighbors, ProjectError> {
    check_finite("rows", rows)?;
    if k == 0 || k >= rows.n_rows {
        return Err(ProjectError::Neighbors { k, rows: rows.n_rows });
    }
    let never = AtomicBool::new(false);
    let found = pool(threads)?.install(|| ordered_neighbors(rows, k, method, &never))?;
    let mut indices = vec![0; rows.n_rows * k];
    let mut distances = vec![0.0; rows.n_rows * k];
    for (position, &row) in found.order.iter().enumerate() {
        let (from, to) = (position * k, row as usize * k);
        distances[to..to + k].copy_from_slice(&found.neighbors.distances[from..from + k]);
        for (to, &from) in indices[to..to + k].iter_mut().zip(&found.neighbors.indices[from..from + k]) {
            *to = found.order[from as usize];
        }
    }
    Ok(Neighbors { indices, distances, ..found.neighbors })
}

/// Finds the `k` nearest rows of `fitted` for each row of `queries`, exactly; an equal row counts, as a row of a set
/// that is looked up in itself does.
///
/// # Errors
/// No rows, another width, a value that is not finite, `k` outside 1 to the number of fitted rows.
pub fn nearest(
    fitted: &Matrix,
    queries: &Matrix,
    k: usize,
    threads: usize,
) -> Result<Neighbors, ProjectError> {
    let pool = pool(threads)?;
    pool.install(|| Index::new(fitted)?.nearest(queries, k))
}

/// Rows prepared once to be looked up among many times.
#[derive(Debug)]
pub struct Index {
    scale: Scale,
    scaled: Matrix,
    order: Vec<u32>,
    blocks: Vec<Block>,
}

impl Index {
    /// Prepares the rows, on the workers of the pool it is called in.
    ///
    /// # Errors
    /// No rows, a value that is not finite.
    pub fn new(rows: &Matrix) -> Result<Self, ProjectError> {
        check_finite("rows", rows)?;
        // Of these rows alone, so that a query's neighbors do not depend on the other queries.
        let scale = Scale::new(rows);
        let scaled = scale.apply(rows);
        let levels = levels_of(rows.n_rows, BLOCK);
        let order = order::order(&scaled, levels);
        let blocks = blocks(&scaled, &order, &order::starts(rows.n_rows, levels));
        Ok(Self { scale, scaled, order, blocks })
    }

    /// Rows to be looked up among.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// Finds the `k` nearest rows for each row of `queries`, exactly, on the workers of the pool it is called in; an equal
    /// row counts. A query's neighbors do not depend on the other queries.
    ///
    /// # Errors
    /// No queries, another width, a value that is not finite, `k` outside 1 to the number of rows.
    pub fn nearest(&self, queries: &Matrix, k: usize) -> Result<Neighbors, ProjectError> {
        check_finite("queries", queries)?;
        if queries.n_cols != self.scaled.n_cols {
            return Err(EvaluateError::Width { found: queries.n_cols, expected: self.scaled.n_cols }.into());
        }
        if k == 0 || k > self.rows() {
            return Err(ProjectError::Neighbors { k, rows: self.rows() + 1 });
        }
        let queries = self.scale.apply(queries);
        let rows: Vec<u32> = (0..queries.n_rows as u32).collect();
        let found = search(&queries, &rows, &self.scaled, &self.order, &self.blocks, k);
        let mut indices = vec![0; queries.n_rows * k];
        let mut distances = vec![0.0; queries.n_rows * k];
        for (row, found) in found.into_iter().enumerate() {
            for (i, (distance, place)) in (row * k..).zip(found) {
                indices[i] = self.order[place as usize];
                distances[i] = self.scale.restore(distance.sqrt());
            }
        }
        Ok(Neighbors { k, indices, distances, method: NeighborMethod::Exact, recall: 1.0 })
    }
}

/// Refuses values that are not finite, and matrices without any.
pub(super) fn check_finite(what: &'static str, matrix: &Matrix) -> Result<(), ProjectError> {
    if matrix.n_rows == 0 || matrix.n_cols == 0 {
        return Err(ProjectError::Empty { rows: matrix.n_rows, columns: matrix.n_cols });
    }
    match matrix.values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(ProjectError::NotANumber {
            what,
            row: index / matrix.n_cols + 1,
            column: index % matrix.n_cols + 1,
            value: matrix.values[index],
        }),
        None => Ok(()),
    }
}

/// So many workers; 0 counts as 1, and of more than there are processors to run them at most [`MOST_WORKERS`] are made.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool, ProjectError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads.clamp(1, processors.max(MOST_WORKERS));
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    built.map_err(|error| ProjectError::Threads { threads, reason: error.to_string() })
}

/// Neighbors by the places of rows in an order in which neighbors are close.
pub(super) struct Ordered {
    /// The row at each place.
    pub(super) order: Vec<u32>,
    /// By places: row `i` is the one at place `i`, and so are the indices.
    pub(super) neighbors: Neighbors,
}

/// As [`neighbors`], of rows that were checked, in an order in which neighbors are close.
///
/// # Errors
/// [`ProjectError::Stopped`] once `stop` is raised.
pub(super) fn ordered_neighbors(
    rows: &Matrix,
    k: usize,
    method: NeighborMethod,
    stop: &AtomicBool,
) -> Result<Ordered, ProjectError> {
    let n = rows.n_rows;
    let scale = Scale::new(rows);
    let scaled = scale.apply(rows);
    let levels = levels_of(n, BLOCK);
    let order = order::order(&scaled, levels);
    let starts = order::starts(n, levels);
    let blocks = blocks(&scaled, &order, &starts);
    let products = (n as f64).powi(2) * rows.n_cols as f64;
    let approximate = match method {
        NeighborMethod::Auto => products > MOST_EXACT,
        NeighborMethod::Exact => false,
        NeighborMethod::Approximate => true,
    };
    let lists = if approximate {
        approximate::candidates(&scaled, &order, &blocks, k, stop)
    } else {
        exact_candidates(&blocks, k, stop)
    };
    // The lists of a search that was stopped are not whole.
    if stop.load(Ordering::Relaxed) {
        return Err(ProjectError::Stopped);
    }

    let places: Vec<(usize, usize)> = starts
        .windows(2)
        .enumerate()
        .flat_map(|(b, cut)| (cut[0]..cut[1]).map(move |p| (b, p - cut[0])))
        .collect();
    let mut indices = vec![0u32; n * k];
    let mut distances = vec![0.0f32; n * k];
    let rows_out = indices.par_chunks_mut(k).zip(distances.par_chunks_mut(k)).with_min_len(64);
    rows_out.enumerate().for_each(|(place, (indices, distances))| {
        let (block, local) = places[place];
        let row = scaled.row(order[place] as usize);
        let measure = |other: u32| (squared_distance(row, scaled.row(order[other as usize] as usize)), other);
        let mut found: Vec<(f32, u32)> = lists[block].of(local).map(measure).collect();
        found
            .sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(order[a.1 as usize].cmp(&order[b.1 as usize])));
        for (i, (distance, other)) in found.into_iter().take(k).enumerate() {
            indices[i] = other;
            distances[i] = scale.restore(distance.sqrt());
        }
    });
    let method = if approximate { NeighborMethod::Approximate } else { NeighborMethod::Exact };
    let recall = if approximate { recall(&scaled, &order, &blocks, &indices, k) } else { 1.0 };
    Ok(Ordered { order, neighbors: Neighbors { k, indices, distances, method, recall } })
}

/// The candidates of each block's rows among all rows; not all of them once `stop` is raised.
fn exact_candidates(blocks: &[Block], k: usize, stop: &AtomicBool) -> Vec<Candidates> {
    let lists: Vec<Mutex<Candidates>> =
        blocks.iter().map(|block| Mutex::new(Candidates::new(block.rows(), k))).collect();
    let lock = |i: usize| lists[i].lock().unwrap_or_else(PoisonError::into_inner);
    // In round r block i meets block i ^ r, so no block meets two others at once, every pair meets once, and the
    // nearest leaves of the tree come first. The rounds wait for each other, so the order of candidates is fixed.
    for round in 0..blocks.len() {
        (0..blocks.len()).into_par_iter().for_each(|i| {
            let j = i ^ round;
            if stop.load(Ordering::Relaxed) {
            } else if i == j {
                compare(&blocks[i], &blocks[i], &mut lock(i), None);
            } else if i < j {
                compare(&blocks[i], &blocks[j], &mut lock(i), Some(&mut lock(j)));
            }
        });
    }
    lists.into_iter().map(|list| list.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// Halvings that leave at most so many rows.
fn levels_of(rows: usize, most: usize) -> u32 {
    rows.div_ceil(most).next_power_of_two().trailing_zeros()
}

fn blocks(scaled: &Matrix, order: &[u32], starts: &[usize]) -> Vec<Block> {
    let block = |cut: &[usize]| {
        let places = (cut[0] as u32..cut[1] as u32).collect();
        Block::new(scaled, &order[cut[0]..cut[1]], places)
    };
    starts.par_windows(2).map(block).collect()
}

/// Rows moved to their mean and scaled by a power of two, so that no square overflows.
#[derive(Debug)]
struct Scale {
    mean: Vec<f64>,
    factor: f64,
}

impl Scale {
    fn new(matrix: &Matrix) -> Self {
        let mut mean = vec![0.0; matrix.n_cols];
        let rows = || matrix.values.chunks_exact(matrix.n_cols);
        for row in rows() {
            mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        mean.iter_mut().for_each(|sum| *sum /= matrix.n_rows as f64);
        let mut largest = 0.0f64;
        for row in rows() {
            largest = row.iter().zip(&mean).fold(largest, |l, (v, m)| l.max((f64::from(*v) - m).abs()));
        }
        let factor = if largest > 0.0 { (-largest.log2().ceil()).exp2() } else { 1.0 };
        Self { mean, factor }
    }

    fn apply(&self, matrix: &Matrix) -> Matrix {
        let mut scaled = matrix.clone();
        scaled.values.par_chunks_mut(matrix.n_cols).with_min_len(256).for_each(|row| {
            let centered =
                |v: f32, m: f64| ((f64::from(v) - m) * self.factor).clamp(-FARTHEST, FARTHEST) as f32;
            row.iter_mut().zip(&self.mean).for_each(|(v, m)| *v = centered(*v, *m));
        });
        scaled
    }

    fn restore(&self, distance: f32) -> f32 {
        (f64::from(distance) / self.factor).min(f64::from(f32::MAX)) as f32
    }
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f32>() + rest
}

/// The share of the true neighbors that were found, on every so manieth place.
fn recall(scaled: &Matrix, order: &[u32], blocks: &[Block], indices: &[u32], k: usize) -> f64 {
    let step = order.len().div_ceil(RECALL_SAMPLE);
    let places: Vec<usize> = (0..order.len()).step_by(step).collect();
    let sample: Vec<u32> = places.iter().map(|&place| order[place]).collect();
    // One more: each row finds itself.
    let nearest = search(scaled, &sample, scaled, order, blocks, k + 1);
    let at = |place: u32| scaled.row(order[place as usize] as usize);
    let found = places.iter().zip(nearest).map(|(&place, nearest)| {
        let farthest = nearest[k].0;
        let near = |other: &&u32| squared_distance(at(place as u32), at(**other)) <= farthest;
        indices[place * k..][..k].iter().filter(near).count()
    });
    found.sum::<usize>() as f64 / (places.len() * k) as f64
}

/// The `k` nearest places of each of the rows `rows` of `queries`, nearest first, with squared distances.
fn search(
    queries: &Matrix,
    rows: &[u32],
    scaled: &Matrix,
    order: &[u32],
    blocks: &[Block],
    k: usize,
) -> Vec<Vec<(f32, u32)>> {
    // Looked up together are rows that are nearest to the same block. It comes first, and what is farther than its rows is then
    // hardly looked at.
    let nearest_block = |row: &u32| {
        let row = queries.row(*row as usize);
        let center = |block: &Block| squared_distance(row, block.center());
        let nearest = blocks.iter().enumerate().min_by(|a, b| center(a.1).total_cmp(&center(b.1)));
        nearest.map_or(0, |(at, _)| at as u32)
    };
    let mut grouped: Vec<(u32, u32)> =
        rows.par_iter().with_min_len(64).map(nearest_block).zip(0..rows.len() as u32).collect();
    grouped.sort_unstable();
    let groups = grouped.chunk_by(|a, b| a.0 == b.0).flat_map(|group| group.chunks(QUERIES));
    let parts: Vec<&[(u32, u32)]> = groups.collect();
    let parts = parts.into_par_iter().map(|group| {
        let rows: Vec<u32> = group.iter().map(|(_, at)| rows[*at as usize]).collect();
        // Queries have no place among the rows, so none is passed over.
        let part = Block::new(queries, &rows, vec![u32::MAX; rows.len()]);
        let own = group[0].0 as usize;
        let first = &blocks[own];
        let mut candidates = Candidates::with_room(rows.len(), k + SPARE, first.rows().max(32));
        compare(&part, first, &mut candidates, None);
        candidates.settle();
        let from_first = |block: &Block| squared_distance(block.center(), first.center());
        let mut others: Vec<(f32, usize)> = blocks.iter().map(from_first).zip(0..).collect();
        others.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, at) in others.into_iter().filter(|(_, at)| *at != own) {
            compare(&part, &blocks[at], &mut candidates, None);
        }
        let nearest = rows.iter().enumerate().map(|(i, &row)| {
            let row = queries.row(row as usize);
            let measure =
                |place: u32| (squared_distance(row, scaled.row(order[place as usize] as usize)), place);
            let mut found: Vec<(f32, u32)> = candidates.best_of(i).map(measure).collect();
            found.sort_unstable_by(|a, b| {
                a.0.total_cmp(&b.0).then(order[a.1 as usize].cmp(&order[b.1 as usize]))
            });
            found.truncate(k);
            found
        });
        nearest.collect::<Vec<_>>()
    });
    let mut found = vec![Vec::new(); rows.len()];
    let parts: Vec<Vec<(f32, u32)>> = parts.flatten().collect();
    grouped.iter().zip(parts).for_each(|((_, at), nearest)| found[*at as usize] = nearest);
    found
}
