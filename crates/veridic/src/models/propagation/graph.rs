//! The graph of nearest neighbors with weights that say how near.

use rayon::prelude::*;

use crate::project::Neighbors;

/// Rows that are one piece of work; sums are made piece by piece, so that threads change nothing.
pub(super) const PIECE: usize = 1024;

/// The symmetric matrix `D^(-1/2) W D^(-1/2)` of rows joined to their nearest, row by row.
#[derive(Debug)]
pub(super) struct Graph {
    starts: Vec<usize>,
    to: Vec<u32>,
    weights: Vec<f32>,
}

impl Graph {
    /// Two rows are joined where one is among the neighbors of the other, with weight `exp(-d² / (s_i s_j))`, s being the
    /// distance of the farthest neighbor of each.
    ///
    /// Source: the local scale is that of Zelnik-Manor and Perona, NeurIPS 2004.
    pub(super) fn new(found: &Neighbors) -> Self {
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
        let mut graph = Self { starts: vec![0], to: Vec::new(), weights: Vec::new() };
        for (i, row) in edges.iter().enumerate() {
            graph.to.extend(row.iter().map(|edge| edge.0));
            graph.weights.extend(row.iter().map(|&(j, weight)| weight / (degrees[i] * degrees[j as usize])));
            graph.starts.push(graph.to.len());
        }
        graph
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// `out = S x` for `width` vectors at once, which lie row by row.
    pub(super) fn multiply(&self, x: &[f64], out: &mut [f64], width: usize) {
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
pub(super) fn products(a: &[f64], b: &[f64], width: usize) -> Vec<f64> {
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
