//! Distances where each column counts by its span: the most that two reference rows are apart in it.
//!
//! Standard deviations let columns with heavy tails count for most of a distance; by their span these count little, and columns
//! whose values lie within bounds, flags above all, count for more. Neighbors are chosen among those by standard deviations.

use rayon::prelude::*;

use super::super::encoding::Layout;
use super::super::stored::Parts;
use super::space::{Nearest, Query, Space, first, half, learned};
use crate::models::Stored;
use crate::project::Neighbors;

/// What is learned of spans.
#[derive(Debug)]
pub(super) struct Span {
    /// One over the span of each column with coordinates, over their count; 0 of columns that do not vary.
    weights: Vec<f32>,
    /// The mean distance of each reference row to its nearest others.
    means: Vec<f64>,
    floor: f64,
}

impl Span {
    /// Learns from reference rows and their neighbors; also the nearest of each.
    pub(super) fn fit(
        space: &Space,
        layout: &Layout,
        neighbors: &Neighbors,
        nearest: usize,
    ) -> (Self, Vec<Nearest>) {
        let spans = spans(space, layout);
        let columns = spans.len() as f32;
        let weight = |span: &f32| if *span > 1e-9 { 1.0 / (span * columns) } else { 0.0 };
        let mut fitted = Self { weights: spans.iter().map(weight).collect(), means: Vec::new(), floor: 0.0 };
        let look = |i: usize| {
            let query = Query { x: space.rows.row(i), candidates: neighbors.of(i), unseen: &[] };
            fitted.nearest(space, layout, query, nearest)
        };
        let lists: Vec<Nearest> = (0..space.rows.n_rows).into_par_iter().map(look).collect();
        (fitted.means, fitted.floor) = learned(&lists);
        (fitted, lists)
    }

    /// Those of the candidates that are nearest.
    pub(super) fn nearest(&self, space: &Space, layout: &Layout, query: Query, nearest: usize) -> Nearest {
        first(query.candidates, nearest, |row| {
            let other = space.rows.row(row as usize);
            let gap = |cell| layout.gap(query.x, other, cell) * self.weight(layout, cell.column);
            layout.weighted(query.x, other, &self.weights) + query.unseen.iter().map(gap).sum::<f32>()
        })
    }

    /// The distance to the nearest, half-way relative to theirs.
    pub(super) fn statistic(&self, nearest: &Nearest) -> f64 {
        half(nearest, &self.means, self.floor)
    }

    /// Weighs what columns put into distances by standard deviations.
    pub(super) fn weigh(&self, layout: &Layout, columns: &mut [f64]) {
        let weights = layout.order().zip(&self.weights);
        weights.for_each(|(column, weight)| columns[column as usize] *= f64::from(*weight));
    }

    fn weight(&self, layout: &Layout, column: u32) -> f32 {
        layout.order().position(|own| own == column).map_or(0.0, |at| self.weights[at])
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("weights", &[self.weights.len()], self.weights.clone());
        stored.insert("means", &[self.means.len()], self.means.clone());
        stored.insert("floor", &[1], vec![self.floor]);
        stored
    }

    /// What [`store`](Self::store) gave; none in detectors of earlier versions.
    pub(super) fn restore(stored: &Stored, layout: &Layout, rows: usize) -> Result<Option<Self>, String> {
        if stored.tensors.is_empty() {
            return Ok(None);
        }
        let weights = stored.values::<f32>("weights")?.to_vec();
        let means = stored.finite("means", rows)?;
        let floor = stored.finite("floor", 1)?[0];
        let right = |weight: &f32| weight.is_finite() && *weight >= 0.0;
        if weights.len() != layout.columns() || !weights.iter().all(right) {
            return Err("weights of columns do not fit".to_string());
        }
        if means.iter().any(|mean| *mean < 0.0) || floor <= 0.0 {
            return Err("distances are not negative".to_string());
        }
        Ok(Some(Self { weights, means, floor }))
    }
}

/// By column, the distance from a row to the farthest from it, which is farthest from the first row: the whole span of a number,
/// and an edge between two levels.
fn spans(space: &Space, layout: &Layout) -> Vec<f32> {
    let columns: Vec<u32> = layout.order().collect();
    let span = |column: &u32| {
        let rows = &space.rows;
        let farthest = |from: usize| {
            let distance = |i: usize| layout.column_distance(rows.row(from), rows.row(i), *column as usize);
            (0..rows.n_rows)
                .map(|i| (distance(i), i))
                .fold((0.0, from), |most, own| if own.0 > most.0 { own } else { most })
        };
        farthest(farthest(0).1).0
    };
    columns.par_iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{fit, mixed, numbers, table, texts};
    use super::super::super::{Detector, DetectorConfig, SurpriseConfig};
    use super::*;

    /// A surprise learned from rows.
    fn fitted(rows: &crate::data::Table) -> super::super::Surprise {
        match fit(
            DetectorConfig::Surprise(SurpriseConfig { trim: Some(0.0), ..SurpriseConfig::default() }),
            rows,
        ) {
            Detector::Surprise(model) => *model,
            _ => panic!("another detector"),
        }
    }

    #[test]
    fn the_span_of_a_number_is_its_range_and_that_of_a_category_an_edge() {
        let n = 200;
        let values = (0..n).map(|i| if i == 0 { 50.0 } else { f64::from(i % 20) / 10.0 }).collect();
        let levels: Vec<Option<&str>> = (0..n).map(|i| Some(["a", "b", "c"][i as usize % 3])).collect();
        let blanks = (0..n).map(|i| if i % 5 == 0 { f64::NAN } else { f64::from(i) }).collect();
        let model = fitted(&table(vec![numbers("n", values), texts("c", &levels), numbers("b", blanks)]));
        let (layout, spaces) = (&model.encoding.layout, model.spaces.as_ref().unwrap());
        let found = spans(&spaces.standard, layout);
        assert_eq!((layout.single.len(), layout.groups.len()), (1, 2));
        let column = |at: usize| spaces.standard.rows.values.iter().skip(at).step_by(layout.width).copied();
        let range = column(0).fold(f32::MIN, f32::max) - column(0).fold(f32::MAX, f32::min);
        assert!((found[0] - range).abs() < 1e-5, "{} is not {range}", found[0]);
        let rows = &spaces.standard.rows;
        let edge = (1..3).map(|i| layout.column_distance(rows.row(0), rows.row(i), 1)).fold(0.0, f32::max);
        assert!(edge > 0.0 && (found[1] - edge).abs() < 1e-5, "{} is not {edge}", found[1]);
        // A number and whether it is there: no two rows are farther apart.
        let farthest = (0..n as usize).flat_map(|i| (0..i).map(move |j| (i, j)));
        let farthest =
            farthest.map(|(i, j)| layout.column_distance(rows.row(i), rows.row(j), 2)).fold(0.0, f32::max);
        assert!(found[2] > 0.7 * farthest && found[2] <= farthest, "{} of {farthest}", found[2]);
    }

    #[test]
    fn distances_are_weighed_by_column_and_what_is_damaged_is_refused() {
        let rows = mixed(300);
        let model = fitted(&rows);
        let (layout, spaces) = (&model.encoding.layout, model.spaces.as_ref().unwrap());
        let span = spaces.span.as_ref().unwrap();
        let (a, b) = (spaces.standard.rows.row(0), spaces.standard.rows.row(1));
        let mut columns = vec![0.0; rows.columns.len()];
        layout.distances(a, b, |column, distance| columns[column] = f64::from(distance));
        span.weigh(layout, &mut columns);
        let sum = f64::from(layout.weighted(a, b, &span.weights));
        assert!(sum > 0.0 && (columns.iter().sum::<f64>() - sum).abs() < 1e-6);
        // No column puts more into a distance than its share.
        assert!(columns.iter().all(|part| *part <= 1.0 / layout.columns() as f64 + 1e-6));
        let mut stored = span.store();
        stored.insert("floor", &[1], vec![-1.0]);
        Span::restore(&stored, layout, 300).unwrap_err();
        Span::restore(&span.store(), layout, 299).unwrap_err();
        assert!(Span::restore(&Stored::default(), layout, 300).unwrap().is_none());
    }
}
