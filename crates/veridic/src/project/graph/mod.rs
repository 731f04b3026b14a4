//! The graph of nearest neighbors with weights that say how near.

mod eigen;

use rayon::prelude::*;

use super::neighbor::Neighbors;
use crate::data::Matrix;
use crate::seed::Seed;

/// Rows that are one piece of work; sums are made piece by piece, so that threads change nothing.
const PIECE: usize = 1024;

/// The symmetric matrix `D^(-1/2) W D^(-1/2)` of rows joined to their nearest, row by row.
#[derive(Debug)]
pub(crate) struct Graph {
    starts: Vec<usize>,
    to: Vec<u32>,
    weights: Vec<f32>,
    /// The square root of the sum of each row's weights before they were divided by it: `S` gives this vector back.
    degrees: Vec<f32>,
}

impl Graph {
    /// Two rows are joined where one is among the neighbors of the other, with weight `exp(-d² / (s_i s_j))`, s being the
    /// distance of the farthest neighbor of each.
    ///
    /// Source: the local scale is that of Zelnik-Manor and Perona, NeurIPS 2004.
    pub(crate) fn new(found: &Neighbors) -> Self {
        let (k, n) = (found.k, found.indices.len() / found.k.max(1));
        let scale = |i: usize| found.distances[(i + 1) * k - 1] + 1e-9;
        let mut edges: Vec<Vec<(u32, f32)>> = vec![Vec::with_capacity(2 * k); n];
        for i in 0..n {
            for (&j, distance) in found.of(i).iter().zip(&found.distances[i * k..(i + 1) * k]) {
                let weight = (-distance * distance / (scale(i) * scale(j as usize))).exp();
                edges[i].push((j, weight));
                edges[j as usize].push((i as u32, weight));
            }
        }
        let mut degrees = vec![0.0_f32; n];
        for (degree, row) in degrees.iter_mut().zip(&mut edges) {
            row.sort_unstable_by_key(|edge| edge.0);
            row.dedup_by_key(|edge| edge.0);
            *degree = row.iter().map(|edge| edge.1).sum::<f32>().max(f32::MIN_POSITIVE).sqrt();
        }
        let mut graph = Self { starts: vec![0], to: Vec::new(), weights: Vec::new(), degrees: Vec::new() };
        for (i, row) in edges.iter().enumerate() {
            graph.to.extend(row.iter().map(|edge| edge.0));
            graph.weights.extend(row.iter().map(|&(j, weight)| weight / (degrees[i] * degrees[j as usize])));
            graph.starts.push(graph.to.len());
        }
        graph.degrees = degrees;
        graph
    }

    /// The end of each row's edges, and of each edge the row it leads to and its weight; then the degrees of rows.
    pub(crate) fn edges(&self) -> (&[usize], &[u32], &[f32], &[f32]) {
        (&self.starts[1..], &self.to, &self.weights, &self.degrees)
    }

    /// The graph of what [`edges`](Self::edges) gave; none where that does not fit itself.
    pub(crate) fn of_edges(
        ends: &[usize],
        (to, weights, degrees): (Vec<u32>, Vec<f32>, Vec<f32>),
    ) -> Option<Self> {
        let starts: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
        let fits = starts.is_sorted()
            && starts.last() == Some(&to.len())
            && (to.len(), ends.len()) == (weights.len(), degrees.len())
            && to.iter().all(|row| (*row as usize) < ends.len())
            && weights.iter().chain(&degrees).all(|value| value.is_finite());
        fits.then_some(Self { starts, to, weights, degrees })
    }

    /// Coordinates of the rows in which those that lie together in the graph are near: the `count` leading eigenvectors, each row
    /// at length 1.
    ///
    /// Source: Ng, Jordan and Weiss, NeurIPS 2001.
    pub(crate) fn spectral(&self, count: usize, seed: Seed) -> Matrix {
        let mut vectors = eigen::leading(self, count, seed);
        for i in 0..vectors.n_rows {
            let row = vectors.row_mut(i);
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            row.iter_mut().for_each(|v| *v /= length);
        }
        vectors
    }

    /// The parts that no edge joins, largest first, each with its rows.
    fn parts(&self) -> Vec<Vec<u32>> {
        let mut is_found = vec![false; self.rows()];
        let mut parts: Vec<Vec<u32>> = Vec::new();
        for start in 0..self.rows() {
            if std::mem::replace(&mut is_found[start], true) {
                continue;
            }
            let (mut part, mut at) = (vec![start as u32], 0);
            while at < part.len() {
                let row = part[at] as usize;
                at += 1;
                for &to in &self.to[self.starts[row]..self.starts[row + 1]] {
                    if !std::mem::replace(&mut is_found[to as usize], true) {
                        part.push(to);
                    }
                }
            }
            parts.push(part);
        }
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        parts
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// `out = S x` for `width` vectors at once, which lie row by row.
    pub(crate) fn multiply(&self, x: &[f64], out: &mut [f64], width: usize) {
        out.par_chunks_mut(PIECE * width).enumerate().for_each(|(piece, out)| {
            for (i, out) in out.chunks_mut(width).enumerate() {
                let row = piece * PIECE + i;
                out.fill(0.0);
                for edge in self.starts[row]..self.starts[row + 1] {
                    let (weight, from) = (f64::from(self.weights[edge]), self.to[edge] as usize * width);
                    out.iter_mut().zip(&x[from..from + width]).for_each(|(out, x)| *out += weight * x);
                }
            }
        });
    }
}

/// For each of `width` vectors that lie row by row, the product of the two.
pub(crate) fn products(a: &[f64], b: &[f64], width: usize) -> Vec<f64> {
    let pieces: Vec<Vec<f64>> = a
        .par_chunks(PIECE * width)
        .zip(b.par_chunks(PIECE * width))
        .map(|(a, b)| {
            let mut sums = vec![0.0; width];
            for (a, b) in a.chunks(width).zip(b.chunks(width)) {
                sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
            }
            sums
        })
        .collect();
    pieces.into_iter().fold(vec![0.0; width], |mut total, sums| {
        total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        total
    })
}
