//! Leading eigenvectors of a graph.

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::graph::{Graph, products};
use crate::data::Matrix;
use crate::seed::{Seed, standard_normal};

/// Most steps of Lanczos' method.
const STEPS: usize = 160;

/// Shorter directions are what rounding left.
const LEAST: f64 = 1e-9;

/// The `count` eigenvectors of largest eigenvalue, rows x vectors, or as many as there are.
///
/// Lanczos' method with every new direction made orthogonal to all before it, twice. Where no direction is left it goes on with
/// a new random one: a graph of separate parts has several vectors of one eigenvalue, of which one start finds one. Vectors of
/// close eigenvalues are mixed, which clusters of rows do not mind.
pub(super) fn leading(graph: &Graph, count: usize, seed: Seed) -> Matrix {
    let n = graph.rows();
    let steps = STEPS.min(n);
    let mut random = seed.stream("propagation.eigen");
    let mut next: Vec<f64> = (0..n).map(|_| standard_normal(&mut random)).collect();
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(steps);
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut length = products(&next, &next, 1)[0].sqrt();
    while basis.len() < steps && length > LEAST {
        next.par_iter_mut().for_each(|v| *v /= length);
        basis.push(next);
        let last = &basis[basis.len() - 1];
        let mut image = vec![0.0; n];
        graph.multiply(last, &mut image, 1);
        diagonal.push(products(last, &image, 1)[0]);
        apart(&mut image, &basis);
        length = products(&image, &image, 1)[0].sqrt();
        if length > LEAST {
            beside.push(length);
        } else {
            beside.push(0.0);
            image = (0..n).map(|_| standard_normal(&mut random)).collect();
            apart(&mut image, &basis);
            length = products(&image, &image, 1)[0].sqrt();
        }
        next = image;
    }
    let m = basis.len();
    let small = DMatrix::from_fn(m, m, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    let eigen = SymmetricEigen::new(small);
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    order.truncate(count);
    let k = order.len().max(1);
    let mut vectors = Matrix::zeros(n, k);
    vectors.values.par_chunks_mut(k).enumerate().for_each(|(row, out)| {
        for (out, &at) in out.iter_mut().zip(&order) {
            *out = basis.iter().enumerate().map(|(i, v)| v[row] * eigen.eigenvectors[(i, at)]).sum::<f64>()
                as f32;
        }
    });
    vectors
}

/// Takes from a vector what lies along others, twice, so that rounding leaves nothing.
fn apart(vector: &mut [f64], basis: &[Vec<f64>]) {
    for _ in 0..2 {
        for other in basis {
            let share = products(other, vector, 1)[0];
            vector.par_iter_mut().zip(other).for_each(|(v, along)| *v -= share * along);
        }
    }
}
