use std::collections::BTreeMap;

use crate::data::Matrix;
use crate::error::EvaluateError;

/// Clusters of points in the plane by density connection (DBSCAN): the cluster of each point, counted from 0 in the
/// order of their first points, or `None` for a point in no cluster.
///
/// A point is dense if at least `least` points, itself included, lie within `radius` of it. Dense points within
/// `radius` of each other are in one cluster, and so is each other point within `radius` of a dense one: in that of the
/// nearest, the first of equals. The result depends on the points alone, not on their order (but for the numbers).
/// Source: Ester, Kriegel, Sander, Xu, KDD 1996.
///
/// # Errors
/// Another width than 2, a value that is not finite, a radius that is not above 0, `least` of 0.
pub fn density_clusters(
    points: &Matrix,
    radius: f64,
    least: usize,
) -> Result<Vec<Option<usize>>, EvaluateError> {
    if points.n_cols != 2 {
        return Err(EvaluateError::Width { found: points.n_cols, expected: 2 });
    }
    if let Some(index) = points.values.iter().position(|value| !value.is_finite()) {
        let value = f64::from(points.values[index]);
        return Err(EvaluateError::NotANumber { metric: "density_clusters", index, value });
    }
    let range = |name, found, low, high| Err(EvaluateError::Parameter { name, found, low, high });
    if !(radius > 0.0 && radius.is_finite()) {
        return range("radius", radius, f64::MIN_POSITIVE, f64::MAX);
    }
    if least == 0 {
        return range("least", 0.0, 1.0, points.n_rows as f64);
    }
    let cells = Cells::new(points, radius);
    let n = points.n_rows;
    let dense: Vec<bool> = (0..n).map(|i| cells.near(i).count() >= least).collect();
    let mut joined = Joined::new(n);
    for i in (0..n).filter(|&i| dense[i]) {
        cells.near(i).filter(|&(j, _)| dense[j]).for_each(|(j, _)| joined.join(i, j));
    }
    let mut numbers = BTreeMap::new();
    let of = |i: usize| {
        let nearest = cells.near(i).filter(|&(j, _)| dense[j]);
        let first = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0));
        if dense[i] { Some(i) } else { nearest.min_by(first).map(|(j, _)| j) }
    };
    let homes: Vec<Option<usize>> = (0..n).map(of).collect();
    Ok(homes
        .into_iter()
        .map(|home| {
            let root = joined.root(home?);
            let next = numbers.len();
            Some(*numbers.entry(root).or_insert(next))
        })
        .collect())
}

/// Points in squares as wide as the radius.
struct Cells<'a> {
    points: &'a Matrix,
    radius: f64,
    members: BTreeMap<(i64, i64), Vec<usize>>,
}

impl<'a> Cells<'a> {
    fn new(points: &'a Matrix, radius: f64) -> Self {
        let mut cells = Self { points, radius, members: BTreeMap::new() };
        for i in 0..points.n_rows {
            cells.members.entry(cells.cell(i)).or_default().push(i);
        }
        cells
    }

    fn cell(&self, i: usize) -> (i64, i64) {
        // The cast takes what is too large to the last square, which is then larger than the others.
        let place = |value: f32| (f64::from(value) / self.radius).floor() as i64;
        (place(self.points.row(i)[0]), place(self.points.row(i)[1]))
    }

    /// The points within the radius of point `i`, itself included, with their distances.
    fn near(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let (column, row) = self.cell(i);
        let around = |at: i64| at.saturating_sub(1)..=at.saturating_add(1);
        let cells = around(column).flat_map(move |c| around(row).map(move |r| (c, r)));
        let members = cells.filter_map(|cell| self.members.get(&cell)).flatten();
        let [x, y] = [0, 1].map(|axis| f64::from(self.points.row(i)[axis]));
        members.filter_map(move |&j| {
            let other = self.points.row(j);
            let distance = (f64::from(other[0]) - x).hypot(f64::from(other[1]) - y);
            (distance <= self.radius).then_some((j, distance))
        })
    }
}

/// Sets of points that are connected, each known by its first point.
struct Joined(Vec<usize>);

impl Joined {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(points: &[[f32; 2]], radius: f64, least: usize) -> Vec<Option<usize>> {
        let values = points.iter().flatten().copied().collect();
        density_clusters(&Matrix { n_rows: points.len(), n_cols: 2, values }, radius, least).unwrap()
    }

    #[test]
    fn two_groups_an_edge_and_a_lonely_point_are_told_apart() {
        let points = [
            [10.0, 0.0],
            [0.0, 0.0],
            [0.5, 0.0],
            [10.5, 0.0],
            [1.0, 0.0],
            [11.0, 0.0],
            [1.9, 0.0],
            [50.0, -9.0],
        ];
        // With three within 0.6 only the middles are dense, and 1.9 is too far from 0.5.
        let found = clusters(&points, 0.6, 3);
        assert_eq!(found, [Some(0), Some(1), Some(1), Some(0), Some(1), Some(0), None, None]);
        // Within 1 the right end of the second group is dense too, and 1.9 is its edge.
        assert_eq!(clusters(&points, 1.0, 3)[6], Some(1));
    }

    #[test]
    fn a_chain_is_one_cluster_and_equal_points_are_one_cluster() {
        let chain: Vec<[f32; 2]> = (0..1000).map(|i| [0.0, i as f32]).collect();
        assert!(clusters(&chain, 1.0, 2).iter().all(|cluster| *cluster == Some(0)));
        assert!(clusters(&chain, 0.99, 2).iter().all(Option::is_none));
        assert!(clusters(&[[3.0, 3.0]; 500], 1e-300, 10).iter().all(|cluster| *cluster == Some(0)));
        assert_eq!(clusters(&[[f32::MAX, f32::MIN], [0.0, 0.0]], 1.0, 1), [Some(0), Some(1)]);
    }

    #[test]
    fn impossible_settings_are_refused() {
        let points = Matrix::zeros(3, 2);
        let refused = |points: &Matrix, radius, least| density_clusters(points, radius, least).unwrap_err();
        assert!(matches!(refused(&points, 0.0, 1), EvaluateError::Parameter { name: "radius", .. }));
        assert!(matches!(refused(&points, 1.0, 0), EvaluateError::Parameter { name: "least", .. }));
        assert!(matches!(
            refused(&Matrix::zeros(1, 3), 1.0, 1),
            EvaluateError::Width { found: 3, expected: 2 }
        ));
    }
}
