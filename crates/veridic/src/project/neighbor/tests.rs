use super::*;
use crate::project::noise::Normal;
use crate::seed::Seed;

fn noise(n: usize, columns: usize, offset: f32) -> Matrix {
    let mut noise = Normal(Seed(2).stream("rows"));
    let values = (0..n * columns).map(|_| noise.next() as f32 + offset).collect();
    Matrix { n_rows: n, n_cols: columns, values }
}

/// The nearest others by the definition, in `f64`, equal distances by number.
fn true_neighbors(rows: &Matrix, i: usize, k: usize) -> Vec<u32> {
    let distance = |j: usize| -> f64 {
        rows.row(i).iter().zip(rows.row(j)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    };
    let mut others: Vec<u32> = (0..rows.n_rows as u32).filter(|j| *j as usize != i).collect();
    others.sort_by(|a, b| distance(*a as usize).total_cmp(&distance(*b as usize)).then(a.cmp(b)));
    others.truncate(k);
    others
}

#[test]
fn exact_neighbors_are_those_of_all_pairs() {
    // The offset is large against the distances: products of rows that are not centered would drown them.
    for (n, columns, k, offset) in
        [(2, 3, 1, 0.0), (50, 1, 49, 0.0), (1300, 2, 10, 0.0), (1300, 30, 17, 1000.0)]
    {
        let rows = noise(n, columns, offset);
        let found = neighbors(&rows, k, NeighborMethod::Exact, 2).unwrap();
        assert_eq!((found.recall, found.method, found.indices.len()), (1.0, NeighborMethod::Exact, n * k));
        for i in (0..n).step_by(n.div_ceil(40)) {
            assert_eq!(found.of(i), true_neighbors(&rows, i, k), "row {i} of {n} x {columns}");
        }
    }
}

#[test]
fn an_approximate_search_says_how_many_it_found() {
    let rows = noise(20_000, 12, 0.0);
    let k = 15;
    let found = neighbors(&rows, k, NeighborMethod::Approximate, 2).unwrap();
    assert_eq!(found.method, NeighborMethod::Approximate);
    let sample: Vec<usize> = (0..20_000).step_by(61).collect();
    let right = |i: &usize| {
        let truth = true_neighbors(&rows, *i, k);
        found.of(*i).iter().filter(|other| truth.contains(other)).count()
    };
    let recall = sample.iter().map(right).sum::<usize>() as f64 / (sample.len() * k) as f64;
    assert!(recall > 0.85 && recall < 1.0, "{recall}");
    assert!((recall - found.recall).abs() < 0.02, "{recall} {}", found.recall);
}

#[test]
fn equal_rows_are_neighbors_at_distance_zero() {
    let mut rows = noise(900, 7, 5.0);
    for i in 0..300 {
        let copy = rows.row(600 + i).to_vec();
        rows.row_mut(i).copy_from_slice(&copy);
    }
    let found = neighbors(&rows, 3, NeighborMethod::Exact, 1).unwrap();
    for i in 0..300 {
        assert_eq!((found.of(i)[0] as usize, found.distances[i * 3]), (600 + i, 0.0));
    }
}

#[test]
fn rows_are_looked_up_among_others() {
    let rows = noise(2500, 9, 0.0);
    let queries = Matrix { n_rows: 700, n_cols: 9, values: rows.values[..6300].to_vec() };
    let found = nearest(&rows, &queries, 6, 2).unwrap();
    let all = neighbors(&rows, 5, NeighborMethod::Exact, 2).unwrap();
    for i in 0..700 {
        assert_eq!((found.of(i)[0], found.distances[i * 6]), (i as u32, 0.0));
        assert_eq!(found.of(i)[1..], *all.of(i));
    }
    assert_eq!(found, nearest(&rows, &queries, 6, 3).unwrap());
    assert_eq!(found.first(2).of(9), &found.of(9)[..2]);
    let wide = nearest(&rows, &Matrix::zeros(1, 4), 1, 1).unwrap_err().to_string();
    assert_eq!(wide, "the matrix has 4 columns, expected 9");
}

#[test]
fn leaves_cover_all_rows_once() {
    for (n, levels) in [(1, 0), (5, 2), (1000, 3), (1023, 7)] {
        let starts = order::starts(n, levels);
        assert_eq!((starts[0], starts[starts.len() - 1]), (0, n));
        assert!(
            starts
                .windows(2)
                .all(|cut| cut[1] - cut[0] >= n >> levels && cut[1] - cut[0] <= (n >> levels) + 1)
        );
        let mut order = order::order(&noise(n, 3, 0.0), levels);
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..n as u32));
    }
}
