//! Leading eigenvectors of a graph.

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::{Graph, products};
use crate::data::Matrix;
use crate::seed::{Seed, standard_normal};

/// Most steps of Lanczos' method.
const STEPS: usize = 160;

/// Shorter directions are what rounding left.
const LEAST: f64 = 1e-9;

/// The `count` eigenvectors of largest eigenvalue, rows x vectors, or as many as there are.
///
/// Each part that no edge joins to another has one of eigenvalue 1 that is known beforehand, the square roots of its degrees; those
/// of the largest parts come first. The others are found by Lanczos' method, with every new direction made orthogonal to all before
/// it, twice; where no direction is left it goes on with a new random one. Vectors of close eigenvalues are mixed, which clusters of
/// rows do not mind.
pub(super) fn leading(graph: &Graph, count: usize, seed: Seed) -> Matrix {
    let n = graph.rows();
    let known: Vec<Vec<f64>> = graph.parts().iter().take(count).map(|part| of_part(graph, part)).collect();
    let steps = if known.len() < count { STEPS.min(n - known.len()) } else { 0 };
    let mut random = seed.stream("propagation.eigen");
    let mut next: Vec<f64> = (0..n).map(|_| standard_normal(&mut random)).collect();
    apart(&mut next, &known);
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
        apart(&mut image, &known);
        apart(&mut image, &basis);
        length = products(&image, &image, 1)[0].sqrt();
        if length > LEAST {
            beside.push(length);
        } else {
            beside.push(0.0);
            image = (0..n).map(|_| standard_normal(&mut random)).collect();
            apart(&mut image, &known);
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
    let eigen = (m > 0).then(|| SymmetricEigen::new(small));
    let mut order: Vec<usize> = (0..m).collect();
    if let Some(eigen) = &eigen {
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    }
    order.truncate(count - known.len());
    let k = (known.len() + order.len()).max(1);
    let mut vectors = Matrix::zeros(n, k);
    vectors.values.par_chunks_mut(k).enumerate().for_each(|(row, out)| {
        for (out, vector) in out.iter_mut().zip(&known) {
            *out = vector[row] as f32;
        }
        for (out, &at) in out[known.len()..].iter_mut().zip(&order) {
            let share = |i: usize| eigen.as_ref().map_or(0.0, |eigen| eigen.eigenvectors[(i, at)]);
            *out = basis.iter().enumerate().map(|(i, v)| v[row] * share(i)).sum::<f64>() as f32;
        }
    });
    vectors
}

/// The eigenvector of a part that no edge joins to another, of length 1.
fn of_part(graph: &Graph, part: &[u32]) -> Vec<f64> {
    let mut vector = vec![0.0; graph.rows()];
    let degree = |row: &u32| f64::from(graph.degrees[*row as usize]);
    let length = part.iter().map(|row| degree(row).powi(2)).sum::<f64>().sqrt();
    part.iter().for_each(|row| vector[*row as usize] = degree(row) / length);
    vector
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{NeighborMethod, neighbors};

    /// Three heaps on a line, of 30, 20 and 40 rows, each joined to its own alone.
    fn heaps() -> Graph {
        let heap = |i: usize| [0.0, 100.0, 300.0][usize::from(i >= 30) + usize::from(i >= 50)];
        let place = |i: usize| heap(i) + (i as f32).sqrt();
        let points = Matrix { n_rows: 90, n_cols: 1, values: (0..90).map(place).collect() };
        Graph::new(&neighbors(&points, 4, NeighborMethod::Exact, 1).unwrap())
    }

    #[test]
    fn parts_of_a_graph_come_first_and_every_vector_is_one_of_its_own() {
        let graph = heaps();
        let sizes: Vec<usize> = graph.parts().iter().map(Vec::len).collect();
        assert_eq!(sizes, [40, 30, 20]);
        let vectors = leading(&graph, 5, Seed(1));
        let column = |j: usize| -> Vec<f64> { (0..90).map(|i| f64::from(vectors.row(i)[j])).collect() };
        for j in 0..5 {
            let vector = column(j);
            let mut image = vec![0.0; 90];
            graph.multiply(&vector, &mut image, 1);
            let value = products(&vector, &image, 1)[0];
            if j < 3 {
                assert!((value - 1.0).abs() < 1e-5, "{value}");
            }
            let off: f64 = image.iter().zip(&vector).map(|(image, v)| (image - value * v).powi(2)).sum();
            assert!(off < 1e-8, "vector {j} of value {value} is off by {off}");
            assert!((products(&vector, &vector, 1)[0] - 1.0).abs() < 1e-5);
            (0..j).for_each(|i| assert!(products(&vector, &column(i), 1)[0].abs() < 1e-5));
        }
        assert!((0..90).all(|i| (vectors.row(i)[0] > 0.0) == (i >= 50)), "the first is of the largest part");
    }
}
