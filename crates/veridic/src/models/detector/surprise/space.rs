//! A space of coordinates with its reference rows, and what a row's neighbors in it say.

use super::super::encoding::{Layout, Unseen};
use super::super::stored::{Parts, insert_matrix};
use crate::data::Matrix;
use crate::error::Result;
use crate::models::Stored;
use crate::project::{Index, NeighborMethod, Neighbors};

/// The reference rows in one space.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) rows: Matrix,
    index: Index,
    /// The mean distance of each reference row to its nearest others.
    means: Vec<f64>,
    near_floor: f64,
    half_floor: f64,
}

/// A row's nearest reference rows by the mean over columns of absolute distances, nearest first.
pub(super) type Nearest = Vec<(f32, u32)>;

/// A row to be looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'a> {
    pub(super) x: &'a [f32],
    /// Nearest reference rows by Euclidean distance.
    pub(super) candidates: &'a [u32],
    pub(super) unseen: &'a [Unseen],
}

impl Space {
    /// Takes the rows, and finds for each the `k` nearest others, and of those the `nearest` by absolute distance.
    pub(super) fn fit(
        rows: Matrix,
        layout: &Layout,
        (k, nearest): (usize, usize),
        threads: usize,
    ) -> Result<(Self, Neighbors, Vec<Nearest>)> {
        use rayon::prelude::*;

        let neighbors = crate::project::neighbors(&rows, k, NeighborMethod::Exact, threads)?;
        let index = Index::new(&rows)?;
        let look = |i: usize| {
            let query = Query { x: rows.row(i), candidates: neighbors.of(i), unseen: &[] };
            reorder(&rows, layout, query, nearest)
        };
        let lists: Vec<Nearest> = (0..rows.n_rows).into_par_iter().map(look).collect();
        let (means, half_floor) = learned(&lists);
        let first: Vec<f64> =
            lists.iter().map(|list| f64::from(list[0].0)).filter(|first| *first > 0.0).collect();
        let near_floor = if first.is_empty() { 1e-9 } else { 1e-3 * median(first) };
        Ok((Self { rows, index, means, near_floor, half_floor }, neighbors, lists))
    }

    /// The `k` nearest reference rows of each row, and with `leave_out` not one that equals it, unless it has a cell that no
    /// training row looked like.
    pub(super) fn search(
        &self,
        queries: &Matrix,
        k: usize,
        leave_out: bool,
        strange: impl Fn(usize) -> bool,
    ) -> Result<Vec<u32>> {
        let wider = if leave_out { (k + 1).min(self.rows.n_rows) } else { k };
        let found = self.index.nearest(queries, wider)?;
        let mut indices = Vec::with_capacity(queries.n_rows * k);
        for (i, (list, distances)) in
            found.indices.chunks(wider).zip(found.distances.chunks(wider)).enumerate()
        {
            let twin = wider > k && distances[0] == 0.0 && !strange(i);
            indices.extend_from_slice(if twin { &list[1..] } else { &list[..k] });
        }
        Ok(indices)
    }

    /// Those of the candidates that are nearest by absolute distance.
    pub(super) fn nearest(&self, layout: &Layout, query: Query, nearest: usize) -> Nearest {
        reorder(&self.rows, layout, query, nearest)
    }

    /// `ln (D_1 + f)` of the distance to the nearest row.
    pub(super) fn near(&self, nearest: &Nearest) -> f64 {
        (f64::from(nearest[0].0) + self.near_floor).ln()
    }

    /// Half-way between a distance and a ratio of distances, as [`half`].
    pub(super) fn half(&self, nearest: &Nearest) -> f64 {
        half(nearest, &self.means, self.half_floor)
    }

    /// Adds the mean over the first `count` neighbors of the distance in each column.
    pub(super) fn columns(
        &self,
        layout: &Layout,
        query: Query,
        (nearest, count): (&Nearest, usize),
        columns: &mut [f64],
    ) {
        let count = count.min(nearest.len());
        for (_, row) in &nearest[..count] {
            layout.distances(query.x, self.rows.row(*row as usize), |column, distance| {
                columns[column] += f64::from(distance) / count as f64;
            });
        }
        for cell in query.unseen {
            columns[cell.column as usize] = columns[cell.column as usize].max(f64::from(cell.gap));
        }
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_matrix(&mut stored, "rows", &self.rows);
        stored.insert("means", &[self.means.len()], self.means.clone());
        stored.insert("floors", &[2], vec![self.near_floor, self.half_floor]);
        stored
    }

    pub(super) fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let rows = stored.matrix("rows", width)?;
        let means = stored.finite("means", rows.n_rows)?;
        let floors = stored.finite("floors", 2)?;
        if means.iter().any(|mean| *mean < 0.0) || floors.iter().any(|floor| *floor <= 0.0) {
            return Err("distances are not negative".to_string());
        }
        let index = Index::new(&rows).map_err(|error| error.to_string())?;
        Ok(Self { rows, index, means, near_floor: floors[0], half_floor: floors[1] })
    }
}

fn reorder(rows: &Matrix, layout: &Layout, query: Query, nearest: usize) -> Nearest {
    let columns = layout.columns() as f32;
    let distance = |row: u32| {
        let other = rows.row(row as usize);
        let mut sum = layout.distance(query.x, other);
        for cell in query.unseen {
            sum += layout.gap(query.x, other, cell);
        }
        sum / columns
    };
    first(query.candidates, nearest, distance)
}

/// The nearest of the candidates, nearest first.
pub(super) fn first(candidates: &[u32], nearest: usize, distance: impl Fn(u32) -> f32) -> Nearest {
    let mut list: Nearest = candidates.iter().map(|&row| (distance(row), row)).collect();
    let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if nearest < list.len() {
        list.select_nth_unstable_by(nearest - 1, order);
        list.truncate(nearest);
    }
    list.sort_unstable_by(order);
    list
}

/// The mean distance of each reference row to its nearest others, and what is added to such means before their logarithm.
pub(super) fn learned(lists: &[Nearest]) -> (Vec<f64>, f64) {
    let means: Vec<f64> = lists.iter().map(mean).collect();
    let floor = 1e-3 * median(means.clone()) + 1e-12;
    (means, floor)
}

/// `ln (A + g) - 1/2 ln (mean of the neighbors' A + g)`, of the mean distance `A` to the nearest rows.
pub(super) fn half(nearest: &Nearest, means: &[f64], floor: f64) -> f64 {
    let theirs = nearest.iter().map(|(_, row)| means[*row as usize]).sum::<f64>() / nearest.len() as f64;
    (mean(nearest) + floor).ln() - 0.5 * (theirs + floor).ln()
}

fn mean(nearest: &Nearest) -> f64 {
    nearest.iter().map(|(distance, _)| f64::from(*distance)).sum::<f64>() / nearest.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    let (middle, odd) = (values.len() / 2, values.len() % 2 == 1);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lower + upper) / 2.0
}
