//! The Gaussian of a row's neighbors.

use crate::data::Matrix;

/// Of the mean variance, what is added to every direction.
const SHRINK: f64 = 0.1;

/// The least standard deviation of a direction.
const FLOOR: f64 = 0.01;

/// Room that is used again from row to row.
#[derive(Debug, Default)]
pub(super) struct Local {
    mean: Vec<f64>,
    /// Neighbors less their mean, row by row.
    centered: Vec<f64>,
    offset: Vec<f64>,
    /// Lower triangle of a square matrix, row by row; then of its Cholesky factor.
    factor: Vec<f64>,
    solved: Vec<f64>,
    inverse: Vec<f64>,
}

impl Local {
    /// `[(x - mu)' (C + phi)^-1 (x - mu) + ln det(C + phi)] / 2d` of the mean `mu` and covariance `C` of the neighbors, with
    /// `phi` a tenth of the mean variance and a little; `each` is given every coordinate's squared deviation from what the
    /// others let expect, in its standard deviations: `(P (x - mu))_j^2 / P_jj` with the inverse `P`.
    pub(super) fn statistic(
        &mut self,
        rows: &Matrix,
        neighbors: &[u32],
        x: &[f32],
        each: Option<&mut [f64]>,
    ) -> f64 {
        let (k, d) = (neighbors.len(), x.len());
        self.mean.clear();
        self.mean.resize(d, 0.0);
        for &row in neighbors {
            self.mean.iter_mut().zip(rows.row(row as usize)).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        self.mean.iter_mut().for_each(|sum| *sum /= k as f64);
        self.centered.clear();
        for &row in neighbors {
            self.centered
                .extend(rows.row(row as usize).iter().zip(&self.mean).map(|(v, m)| f64::from(*v) - m));
        }
        self.offset.clear();
        self.offset.extend(x.iter().zip(&self.mean).map(|(v, m)| f64::from(*v) - m));
        let total = dot(&self.centered, &self.centered);
        let phi = SHRINK * total / k as f64 / d as f64 + FLOOR * FLOOR;
        let (square, log_determinant) =
            if d <= k { self.narrow(phi, k, each) } else { self.wide(phi, k, each) };
        0.5 * (square + log_determinant) / d as f64
    }

    /// By the covariance itself.
    fn narrow(&mut self, phi: f64, k: usize, each: Option<&mut [f64]>) -> (f64, f64) {
        let d = self.offset.len();
        self.factor.clear();
        self.factor.resize(d * d, 0.0);
        for row in self.centered.chunks_exact(d) {
            for (i, a) in row.iter().enumerate() {
                let sums = &mut self.factor[i * d..i * d + i + 1];
                sums.iter_mut().zip(row).for_each(|(sum, b)| *sum += a * b);
            }
        }
        let scale = 1.0 / k as f64;
        self.factor.iter_mut().for_each(|v| *v *= scale);
        (0..d).for_each(|i| self.factor[i * d + i] += phi);
        let log_determinant = cholesky(&mut self.factor, d, phi);
        self.solved.clone_from(&self.offset);
        solve(&self.factor, d, &mut self.solved);
        if let Some(each) = each {
            invert(&self.factor, d, &mut self.inverse);
            let (mut along, mut own) = (vec![0.0; d], vec![0.0; d]);
            for (i, w) in self.solved.iter().enumerate() {
                let row = &self.inverse[i * d..i * d + i + 1];
                for ((along, own), v) in along.iter_mut().zip(&mut own).zip(row) {
                    *along += v * w;
                    *own += v * v;
                }
            }
            each.iter_mut().zip(along.iter().zip(&own)).for_each(|(to, (a, p))| *to = a * a / p);
        }
        (dot(&self.solved, &self.solved), log_determinant)
    }

    /// By the products of the neighbors, where there are fewer of them than coordinates (Woodbury's identity).
    fn wide(&mut self, phi: f64, k: usize, each: Option<&mut [f64]>) -> (f64, f64) {
        let d = self.offset.len();
        let scale = 1.0 / k as f64;
        self.factor.clear();
        self.factor.resize(k * k, 0.0);
        let row = |i: usize| &self.centered[i * d..(i + 1) * d];
        for i in 0..k {
            // Four at a time: alone, each product waits for its own sums.
            for j in (0..=i).step_by(4) {
                let products = dots(row(i), std::array::from_fn(|at| row((j + at).min(i))));
                let to = &mut self.factor[i * k + j..=i * k + i];
                to.iter_mut().zip(products).for_each(|(to, product)| *to = product * scale);
            }
            self.factor[i * k + i] += phi;
        }
        self.solved.clear();
        self.solved.extend((0..k).map(|i| dot(row(i), &self.offset) * scale.sqrt()));
        let log_determinant = cholesky(&mut self.factor, k, phi) + (d - k) as f64 * phi.ln();
        solve(&self.factor, k, &mut self.solved);
        let square = (dot(&self.offset, &self.offset) - dot(&self.solved, &self.solved)).max(0.0) / phi;
        if let Some(each) = each {
            let (mut along, mut own) = (self.offset.clone(), vec![1.0; d]);
            let rows = &mut self.centered;
            rows.iter_mut().for_each(|v| *v *= scale.sqrt());
            for i in 0..k {
                let (done, rest) = rows.split_at_mut(i * d);
                let row = &mut rest[..d];
                for (done, l) in done.chunks_exact(d).zip(&self.factor[i * k..]) {
                    row.iter_mut().zip(done).for_each(|(v, u)| *v -= l * u);
                }
                let pivot = 1.0 / self.factor[i * k + i];
                for ((v, along), own) in row.iter_mut().zip(&mut along).zip(&mut own) {
                    *v *= pivot;
                    *along -= *v * self.solved[i];
                    *own -= *v * *v;
                }
            }
            each.iter_mut()
                .zip(along.iter().zip(&own))
                .for_each(|(to, (a, p))| *to = a * a / (p.max(1e-12) * phi));
        }
        (square, log_determinant)
    }
}

/// The lower Cholesky factor in place, and the logarithm of the determinant; no pivot is below a share of `least`.
fn cholesky(matrix: &mut [f64], n: usize, least: f64) -> f64 {
    let mut log_determinant = 0.0;
    let mut column = vec![0.0; n];
    for j in 0..n {
        let pivot = matrix[j * n + j].max(least * 1e-3);
        log_determinant += pivot.ln();
        let root = pivot.sqrt();
        matrix[j * n + j] = root;
        for i in j + 1..n {
            matrix[i * n + j] /= root;
            column[i] = matrix[i * n + j];
        }
        // What this column makes of the rest is taken off at once: no sum waits for another.
        for i in j + 1..n {
            let l = column[i];
            let rest = &mut matrix[i * n + j + 1..=i * n + i];
            rest.iter_mut().zip(&column[j + 1..=i]).for_each(|(v, u)| *v -= l * u);
        }
    }
    log_determinant
}

/// Solves `L y = b` in place.
fn solve(factor: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        let row = &factor[i * n..];
        b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
    }
}

/// The inverse of a lower triangle, lower too.
fn invert(factor: &[f64], n: usize, inverse: &mut Vec<f64>) {
    inverse.clear();
    inverse.resize(n * n, 0.0);
    for i in 0..n {
        let (done, rest) = inverse.split_at_mut(i * n);
        let row = &mut rest[..=i];
        let pivot = 1.0 / factor[i * n + i];
        for j in 0..i {
            let l = factor[i * n + j];
            row.iter_mut().zip(&done[j * n..j * n + j + 1]).for_each(|(v, u)| *v -= l * u);
        }
        row[..i].iter_mut().for_each(|v| *v *= pivot);
        row[i] = pivot;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<4>();
    let (b, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    a.iter().zip(b).for_each(|(a, b)| add(&mut sums, a, b));
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// The products of `a` with each of four others of the same length, each as [`dot`] gives it.
fn dots(a: &[f64], others: [&[f64]; 4]) -> [f64; 4] {
    let (a, a_rest) = a.as_chunks::<4>();
    let [(b, b_rest), (c, c_rest), (d, d_rest), (e, e_rest)] = others.map(|b| b.as_chunks::<4>());
    let mut sums = [[0.0; 4]; 4];
    for ((((a, b), c), d), e) in a.iter().zip(b).zip(c).zip(d).zip(e) {
        add(&mut sums[0], a, b);
        add(&mut sums[1], a, c);
        add(&mut sums[2], a, d);
        add(&mut sums[3], a, e);
    }
    let rests = [b_rest, c_rest, d_rest, e_rest];
    std::array::from_fn(|which| {
        let rest: f64 = a_rest.iter().zip(rests[which]).map(|(a, b)| a * b).sum();
        sums[which].iter().sum::<f64>() + rest
    })
}

fn add(sums: &mut [f64; 4], a: &[f64; 4], b: &[f64; 4]) {
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum += a * b;
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector};

    use super::*;
    use crate::seed::{Seed, standard_normal};

    /// By the definition, with the inverse.
    fn expected(rows: &Matrix, x: &[f32]) -> (f64, Vec<f64>) {
        let (k, d) = (rows.n_rows, rows.n_cols);
        let z = DMatrix::from_fn(k, d, |i, j| f64::from(rows.row(i)[j]));
        let mean = DVector::from_fn(d, |j, _| z.column(j).mean());
        let centered = DMatrix::from_fn(k, d, |i, j| z[(i, j)] - mean[j]);
        let mut c = centered.transpose() * &centered / k as f64;
        let phi = 0.1 * c.trace() / d as f64 + 1e-4;
        (0..d).for_each(|j| c[(j, j)] += phi);
        let v = DVector::from_fn(d, |j, _| f64::from(x[j])) - mean;
        let log_determinant = c.clone().cholesky().unwrap().l().diagonal().map(f64::ln).sum() * 2.0;
        let p = c.try_inverse().unwrap();
        let along = &p * &v;
        let each = (0..d).map(|j| along[j] * along[j] / p[(j, j)]).collect();
        ((v.dot(&along) + log_determinant) / (2.0 * d as f64), each)
    }

    #[test]
    fn both_forms_are_the_definition() {
        let mut random = Seed(4).stream("rows");
        for (k, d) in [(30, 4), (30, 30), (12, 45), (1, 3), (7, 1)] {
            let values = (0..k * d).map(|_| standard_normal(&mut random) as f32).collect();
            let rows = Matrix { n_rows: k, n_cols: d, values };
            let x: Vec<f32> = (0..d).map(|_| standard_normal(&mut random) as f32).collect();
            let all: Vec<u32> = (0..k as u32).collect();
            let mut each = vec![0.0; d];
            let mut local = Local::default();
            let found = local.statistic(&rows, &all, &x, Some(&mut each));
            let (statistic, expected) = expected(&rows, &x);
            assert!(
                (found - statistic).abs() < 1e-9 * (1.0 + statistic.abs()),
                "{k} x {d}: {found} {statistic}"
            );
            for (found, expected) in each.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-6 * (1.0 + expected), "{k} x {d}: {found} {expected}");
            }
            assert_eq!(found, local.statistic(&rows, &all, &x, None));
        }
    }
}
