//! What a cell would be expected to hold: what training rows have that are like the row in its other columns.

use super::encoding::{Encoded, Encoding, Form, Layout, States, Value};
use super::stored::{Parts, insert_matrix};
use crate::data::{Cells, Column, MISSING, Matrix, Table};
use crate::models::Stored;

/// Of these, the most alike that are heard.
const HEARD: usize = 11;

/// Columns of a row whose expected value leaves the column itself out of what is alike; for the others, of which little is
/// unusual, all columns count.
const APART: usize = 3;

/// Some training rows with their cells.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    n_rows: usize,
    /// Coordinate by coordinate, the rows: distances to all of them are summed at once.
    coordinates: Vec<f32>,
    /// By column, each row's cell: a number, the index of a level, or NaN where missing. None for a column with one value.
    cells: Vec<Vec<f64>>,
}

impl Witness {
    /// Of the rows `asked`; `raw` gives the number of a column and row as it was.
    pub(super) fn new(
        encoded: &Encoded,
        coordinates: &Matrix,
        asked: &[usize],
        raw: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let along = |j: usize| asked.iter().map(move |i| coordinates.row(*i)[j]);
        let own = (0..coordinates.n_cols).flat_map(along).collect();
        let number =
            |column: usize, z: &[f64], i: usize| if z[i].is_nan() { f64::NAN } else { raw(column, i) };
        let cells = encoded.states.iter().enumerate().map(|(column, states)| match states {
            States::Numbers(z) => asked.iter().map(|&i| number(column, z, i)).collect(),
            States::Levels(codes) => asked.iter().map(|&i| f64::from(codes[i])).collect(),
            States::Same => Vec::new(),
        });
        Self { n_rows: asked.len(), coordinates: own, cells: cells.collect() }
    }

    /// The expected cells of a row, by column, as the cells are held here; `unusual` are its columns, the most unusual first.
    pub(super) fn expected(&self, encoding: &Encoding, x: &[f32], unusual: &[usize], expected: &mut [f64]) {
        let layout = &encoding.layout;
        let mut all = vec![0.0; self.n_rows];
        let mut own = vec![0.0; self.n_rows];
        for column in 0..self.cells.len() {
            self.distances(layout, x, column, &mut own);
            all.iter_mut().zip(&own).for_each(|(all, own)| *all += own);
        }
        let alike = nearest(&all);
        for (column, expected) in expected.iter_mut().enumerate() {
            *expected = self.agreed(encoding, column, &alike);
        }
        for &column in unusual.iter().take(APART) {
            if self.cells[column].is_empty() {
                continue;
            }
            self.distances(layout, x, column, &mut own);
            own.iter_mut().zip(&all).for_each(|(own, all)| *own = all - *own);
            expected[column] = self.agreed(encoding, column, &nearest(&own));
        }
    }

    /// The distances of a row from all others in one column.
    fn distances(&self, layout: &Layout, x: &[f32], column: usize, to: &mut [f32]) {
        let (start, width) = layout.place(column);
        let along = |j: usize| &self.coordinates[j * self.n_rows..][..self.n_rows];
        if width == 1 {
            to.iter_mut().zip(along(start)).for_each(|(to, v)| *to = (x[start] - v).abs());
            return;
        }
        to.fill(0.0);
        for (j, x) in (start..).zip(&x[start..start + width]) {
            to.iter_mut().zip(along(j)).for_each(|(to, v)| *to += (x - v) * (x - v));
        }
        to.iter_mut().for_each(|to| *to = to.sqrt());
    }

    /// The median number or the most frequent level of some rows.
    fn agreed(&self, encoding: &Encoding, column: usize, rows: &[u32]) -> f64 {
        let cells = &self.cells[column];
        if cells.is_empty() {
            return f64::NAN;
        }
        let heard = rows.iter().map(|row| cells[*row as usize]);
        if matches!(encoding.columns[column].form, Form::Number { .. }) {
            let mut present: Vec<f64> = heard.filter(|cell| !cell.is_nan()).collect();
            if 2 * present.len() < rows.len() {
                return f64::NAN;
            }
            present.sort_unstable_by(f64::total_cmp);
            return present[present.len() / 2];
        }
        let heard: Vec<f64> = heard.collect();
        let votes = |cell: f64| heard.iter().filter(|other| **other == cell).count();
        // The nearest of those with most votes.
        let best = heard.iter().copied().rev().max_by_key(|cell| votes(*cell));
        best.unwrap_or(f64::NAN)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let width = self.coordinates.len() / self.n_rows.max(1);
        let row = |i: usize| (0..width).map(move |j| self.coordinates[j * self.n_rows + i]);
        let values = (0..self.n_rows).flat_map(row).collect();
        insert_matrix(&mut stored, "rows", &Matrix { n_rows: self.n_rows, n_cols: width, values });
        let cells: Vec<f64> = self.cells.iter().flatten().copied().collect();
        stored.insert("cells", &[cells.len()], cells);
        stored
    }

    pub(super) fn restore(stored: &Stored, encoding: &Encoding) -> Result<Self, String> {
        let rows = stored.matrix("rows", encoding.layout.width)?;
        let mut rest = stored.values::<f64>("cells")?;
        let mut cells = Vec::with_capacity(encoding.columns.len());
        for column in &encoding.columns {
            if matches!(column.form, Form::Same { .. }) {
                cells.push(Vec::new());
                continue;
            }
            let (own, others) =
                rest.split_at_checked(rows.n_rows).ok_or("`cells` holds fewer than its rows")?;
            cells.push(own.to_vec());
            rest = others;
        }
        let along = |j: usize| rows.values.iter().skip(j).step_by(rows.n_cols);
        let coordinates = (0..rows.n_cols).flat_map(along).copied().collect();
        Ok(Self { n_rows: rows.n_rows, coordinates, cells })
    }
}

/// The places of the [`HEARD`] smallest distances, nearest first; of equal ones the first.
fn nearest(distances: &[f32]) -> Vec<u32> {
    const LANES: usize = 64;
    // The smallest of every so manieth: as many as are heard are at most the greatest of so many of them.
    let mut least = [f32::INFINITY; LANES];
    for some in distances.chunks(LANES) {
        least.iter_mut().zip(some).for_each(|(least, v)| *least = if *v < *least { *v } else { *least });
    }
    let (_, most, _) = least.select_nth_unstable_by(HEARD - 1, f32::total_cmp);
    let most = *most;
    // The difference of two that are infinite is no number: as far as can be.
    let near = |distance: f32| distance <= most || distance.is_nan();
    let mut heard: Vec<(f32, u32)> = Vec::with_capacity(2 * HEARD);
    for (piece, some) in distances.chunks(16).enumerate() {
        // Few of many have one, and several are looked at at once.
        let mut is_any = false;
        some.iter().for_each(|distance| is_any |= near(*distance));
        if is_any {
            let places = (piece as u32 * 16..).zip(some).filter(|(_, distance)| near(**distance));
            heard.extend(places.map(|(i, distance)| (*distance, i)));
        }
    }
    heard.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    heard.truncate(HEARD);
    heard.into_iter().map(|(_, i)| i).collect()
}

/// Expected cells, row by row, as a table with the detector's columns.
pub(super) fn table(encoding: &Encoding, cells: &[f64]) -> Table {
    let width = encoding.columns.len().max(1);
    let n_rows = cells.len() / width;
    let columns = encoding.columns.iter().enumerate().map(|(j, fitted)| {
        let own = || cells.iter().skip(j).step_by(width);
        let cells = match &fitted.form {
            Form::Number { .. } => Cells::Number(own().copied().collect()),
            Form::Category { levels, .. } => {
                let code = |cell: &f64| {
                    if (*cell as usize) < levels.len() && !cell.is_nan() { *cell as u32 } else { MISSING }
                };
                Cells::Text { codes: own().map(code).collect(), levels: levels.clone() }
            }
            Form::Same { value: Some(Value::Number(value)) } => Cells::Number(vec![*value; n_rows]),
            Form::Same { value: Some(Value::Text(text)) } => {
                Cells::Text { codes: vec![0; n_rows], levels: vec![text.clone()] }
            }
            Form::Same { value: None } => Cells::Number(vec![f64::NAN; n_rows]),
        };
        Column { name: fitted.name.clone(), cells }
    });
    Table { columns: columns.collect(), n_rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_equal_ones_in_their_order() {
        for n in [0, 3, 11, 12, 64, 65, 500, 1024] {
            let distances: Vec<f32> = (0..n).map(|i| (i * 7919 % 97) as f32 / 8.0).collect();
            let mut order: Vec<u32> = (0..n as u32).collect();
            order.sort_by(|a, b| distances[*a as usize].total_cmp(&distances[*b as usize]));
            order.truncate(HEARD);
            assert_eq!(nearest(&distances), order, "{n}");
        }
        assert_eq!(nearest(&[f32::NAN; 300]), (0..HEARD as u32).collect::<Vec<_>>());
    }
}
