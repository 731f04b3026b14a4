//! New rows on a finished map.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::kernel::Tails;
use super::tree::Tree;
use super::{NEIGHBORS_EACH, Point, Tsne, affinity, check_finite, pool};
use crate::data::Matrix;
use crate::error::ProjectError;
use crate::project::nearest;

/// Barnes-Hut: see [`TsneConfig::theta`](super::TsneConfig::theta).
const THETA: f32 = 0.5;

/// The settings of [`Tsne::place`]; the defaults are those of openTSNE's `transform`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlaceConfig {
    /// The effective number of neighbors of a new row, above 1; lowered to a third of the fitted rows.
    pub perplexity: f64,
    /// Neighbors whose median position a new row starts from, at least 1; at most the fitted rows are taken.
    pub neighbors: usize,
    /// Length of a step for a gradient without its factor 4, above 0.
    pub learning_rate: f64,
    /// Factor of the attraction, at least 1.
    pub exaggeration: f64,
    /// Iterations.
    pub iterations: usize,
    /// Share of the last step that is kept, 0 to below 1.
    pub momentum: f64,
    /// The longest gradient of a point, above 0.
    pub max_gradient_norm: f64,
}

impl Default for PlaceConfig {
    fn default() -> Self {
        Self {
            perplexity: 5.0,
            neighbors: 25,
            learning_rate: 0.1,
            exaggeration: 1.5,
            iterations: 250,
            momentum: 0.8,
            max_gradient_norm: 0.25,
        }
    }
}

impl PlaceConfig {
    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// The first setting out of range, with what was found and what is allowed.
    pub fn check(&self) -> Result<(), ProjectError> {
        let positive = |v: f64| v > 0.0 && v <= 1e6;
        let checks = [
            ("perplexity", self.perplexity, self.perplexity > 1.0 && self.perplexity.is_finite(), "above 1"),
            ("neighbors", self.neighbors as f64, self.neighbors > 0, "1 and above"),
            ("learning-rate", self.learning_rate, positive(self.learning_rate), "above 0 to 1000000"),
            ("exaggeration", self.exaggeration, (1.0..=1e6).contains(&self.exaggeration), "1 to 1000000"),
            ("momentum", self.momentum, (0.0..1.0).contains(&self.momentum), "0 to below 1"),
            (
                "max-gradient-norm",
                self.max_gradient_norm,
                positive(self.max_gradient_norm),
                "above 0 to 1000000",
            ),
        ];
        match checks.into_iter().find(|(_, _, fits, _)| !fits) {
            Some((field, found, _, allowed)) => {
                Err(ProjectError::Range { field, found: found.to_string(), allowed })
            }
            None => Ok(()),
        }
    }
}

impl Tsne {
    /// Places new rows on the finished map, which does not move: rows x 2.
    ///
    /// `fitted` are the rows the map was made of. Each new row starts at the median of its neighbors' positions and
    /// descends `Σ_j p_{j|i} ln(p_{j|i} / q_{j|i})` alone, so its place does not depend on the other new rows, nor on
    /// `threads` (0 counts as 1).
    /// Source: Poličar, Stražar and Zupan, Machine Learning 112 (2023), with the repulsion by a quadtree.
    ///
    /// # Errors
    /// Other widths, values that are not finite, settings out of range.
    pub fn place(
        &self,
        fitted: &Matrix,
        rows: &Matrix,
        config: &PlaceConfig,
        threads: usize,
    ) -> Result<Matrix, ProjectError> {
        config.check()?;
        let shape = |what, matrix: &Matrix, n_rows, n_columns| ProjectError::Shape {
            what,
            found_rows: matrix.n_rows,
            found_columns: matrix.n_cols,
            rows: n_rows,
            columns: n_columns,
        };
        if fitted.n_rows != self.positions.n_rows {
            return Err(shape("fitted rows", fitted, self.positions.n_rows, fitted.n_cols));
        }
        if rows.n_cols != fitted.n_cols {
            return Err(shape("new rows", rows, rows.n_rows, fitted.n_cols));
        }
        if rows.n_rows == 0 {
            return Ok(Matrix::zeros(0, 2));
        }
        check_finite("new rows", rows)?;
        let perplexity = config.perplexity.min(fitted.n_rows as f64 / NEIGHBORS_EACH).max(1.0);
        let near = ((NEIGHBORS_EACH * perplexity) as usize).clamp(1, fitted.n_rows);
        let k = near.max(config.neighbors).min(fitted.n_rows);
        let found = nearest(fitted, rows, k, threads)?;

        let map: &[Point] = self.positions.values.as_chunks().0;
        let tails = Tails::new(self.settings.degrees_of_freedom);
        let tree = Tree::new(map, THETA);
        let mut placed = Matrix::zeros(rows.n_rows, 2);
        pool(threads)?.install(|| {
            let out = placed.values.par_chunks_mut(2).with_min_len(16);
            let neighbors = found.indices.par_chunks(k).zip(found.distances.par_chunks(k));
            out.zip(neighbors).for_each(|(out, (indices, distances))| {
                let start = median(map, &indices[..config.neighbors.min(k)]);
                let similar = affinity::conditional(&distances[..near], near, &[perplexity]);
                let attracting: Vec<(Point, f32)> =
                    indices.iter().zip(similar).map(|(i, p)| (map[*i as usize], p)).collect();
                out.copy_from_slice(&descend(start, &attracting, &tree, tails, config));
            });
        });
        Ok(placed)
    }
}

/// The median of positions, each coordinate by itself.
fn median(map: &[Point], indices: &[u32]) -> Point {
    [0, 1].map(|axis| {
        let mut values: Vec<f32> = indices.iter().map(|i| map[*i as usize][axis]).collect();
        values.sort_unstable_by(f32::total_cmp);
        0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
    })
}

fn descend(
    start: Point,
    attracting: &[(Point, f32)],
    tree: &Tree,
    tails: Tails,
    config: &PlaceConfig,
) -> Point {
    let [inverse, factor] = [tails.inverse(), tails.factor()].map(|v| v as f32);
    let [rate, momentum, exaggeration, longest] =
        [config.learning_rate, config.momentum, config.exaggeration, config.max_gradient_norm]
            .map(|v| v as f32);
    let (mut point, mut step, mut gain) = (start, [0.0f32; 2], [1.0f32; 2]);
    for _ in 0..config.iterations {
        let (repulsion, z) = tree.repulsion(point, tails);
        let mut attraction = [0.0f32; 2];
        for (other, p) in attracting {
            let (dx, dy) = (point[0] - other[0], point[1] - other[1]);
            let weight = factor * p / (1.0 + (dx * dx + dy * dy) * inverse);
            attraction = [attraction[0] + weight * dx, attraction[1] + weight * dy];
        }
        let share = 1.0 / z.max(f32::MIN_POSITIVE);
        let mut gradient = [0, 1].map(|axis| exaggeration * attraction[axis] - share * repulsion[axis]);
        let norm = gradient[0].hypot(gradient[1]);
        if norm > longest {
            gradient = gradient.map(|g| g / norm * longest);
        }
        for axis in 0..2 {
            super::optimize::adapt(&mut gain[axis], step[axis], gradient[axis]);
            step[axis] = momentum * step[axis] - rate * gain[axis] * gradient[axis];
        }
        let moved = [point[0] + step[0], point[1] + step[1]];
        if !moved.iter().all(|v| v.is_finite()) {
            return point;
        }
        point = moved;
    }
    point
}
