//! Rows that are there several times.

use std::cmp::Ordering;

use crate::data::Matrix;

/// Which rows are copies of which.
pub(super) struct Copies {
    /// The first of each group of equal rows, in their order.
    firsts: Vec<usize>,
    /// For each row the place of its group's first in `firsts`.
    group: Vec<usize>,
}

impl Copies {
    /// Groups equal rows, if any row is there more than `room` times.
    pub(super) fn crowding(rows: &Matrix, room: f64) -> Option<Self> {
        let n = rows.n_rows;
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_unstable_by(|&a, &b| compare(rows.row(a), rows.row(b)).then(a.cmp(&b)));
        let is_same = |a: &usize, b: &usize| compare(rows.row(*a), rows.row(*b)).is_eq();
        if !order.chunk_by(is_same).any(|equal| equal.len() as f64 > room) {
            return None;
        }
        let mut first = vec![0; n];
        for equal in order.chunk_by(is_same) {
            equal.iter().for_each(|&row| first[row] = equal[0]);
        }
        let firsts: Vec<usize> = (0..n).filter(|&row| first[row] == row).collect();
        let mut place = vec![0; n];
        firsts.iter().enumerate().for_each(|(i, &row)| place[row] = i);
        Some(Self { group: first.into_iter().map(|row| place[row]).collect(), firsts })
    }

    /// The first row of each group.
    pub(super) fn firsts(&self, rows: &Matrix) -> Matrix {
        let values = self.firsts.iter().flat_map(|&row| rows.row(row)).copied().collect();
        Matrix { n_rows: self.firsts.len(), n_cols: rows.n_cols, values }
    }

    /// What belongs to the groups, for each of all rows.
    pub(super) fn spread(&self, groups: &Matrix) -> Matrix {
        let values = self.group.iter().flat_map(|&group| groups.row(group)).copied().collect();
        Matrix { n_rows: self.group.len(), n_cols: groups.n_cols, values }
    }
}

/// By their numbers, zeros of both signs alike.
fn compare(a: &[f32], b: &[f32]) -> Ordering {
    let plain = |value: &f32| value + 0.0;
    a.iter()
        .map(plain)
        .zip(b.iter().map(plain))
        .map(|(a, b)| a.total_cmp(&b))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_one_group_in_the_order_of_their_firsts() {
        let values = vec![2.0, 1.0, 0.0, 5.0, 2.0, 1.0, -0.0, 5.0, 2.0, 1.0];
        let rows = Matrix { n_rows: 5, n_cols: 2, values };
        assert!(Copies::crowding(&rows, 3.0).is_none());
        let copies = Copies::crowding(&rows, 2.0).unwrap();
        assert_eq!((&copies.firsts, &copies.group), (&vec![0, 1], &vec![0, 1, 0, 1, 0]));
        assert_eq!(copies.firsts(&rows).values, [2.0, 1.0, 0.0, 5.0]);
        let places = Matrix { n_rows: 2, n_cols: 2, values: vec![1.0, 2.0, 3.0, 4.0] };
        assert_eq!(copies.spread(&places).row(3), [3.0, 4.0]);
    }
}
