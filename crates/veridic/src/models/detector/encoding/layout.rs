//! Where each column's coordinates lie, and which they are.

use rayon::prelude::*;

use super::column::{FittedColumn, Form, States, UNSEEN, Unseen};
use super::{Encoded, Ranks};
use crate::data::Matrix;
use crate::seed::{Seed, standard_normal};

/// Most coordinates of a category; one of more levels has directions drawn at random, nearly as far from each other.
const MOST: usize = 16;

/// The coordinates of the columns: first those of columns with one, then groups.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::models) struct Layout {
    /// All coordinates.
    pub(in crate::models) width: usize,
    /// The columns with one coordinate each, in its order.
    pub(in crate::models) single: Vec<u32>,
    /// The columns with several coordinates, which follow.
    pub(in crate::models) groups: Vec<Group>,
    /// By column, the coordinates of each level, and of one never seen.
    pub(super) vertices: Vec<Vec<f32>>,
    /// By column, where its coordinates start and how many there are.
    pub(super) places: Vec<(usize, usize)>,
    /// By column with numbers and missing cells, the flag's values where present and where missing.
    pub(super) flags: Vec<Option<[f32; 2]>>,
}

/// The coordinates of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::models) struct Group {
    pub(in crate::models) column: u32,
    pub(in crate::models) start: usize,
    pub(in crate::models) width: usize,
}

impl Layout {
    pub(in crate::models) fn new(columns: &[FittedColumn]) -> Self {
        let widths: Vec<usize> = columns
            .iter()
            .map(|column| match column.form {
                Form::Number { .. } => 1 + usize::from(column.missing > 0),
                Form::Category { .. } => (column.states() - 1).min(MOST),
                Form::Same { .. } => 0,
            })
            .collect();
        let single: Vec<u32> = (0..columns.len() as u32).filter(|i| widths[*i as usize] == 1).collect();
        let mut places = vec![(0, 0); columns.len()];
        for (at, i) in single.iter().enumerate() {
            places[*i as usize] = (at, 1);
        }
        let mut width = single.len();
        let mut groups = Vec::new();
        for (i, &own) in widths.iter().enumerate().filter(|(_, width)| **width > 1) {
            places[i] = (width, own);
            groups.push(Group { column: i as u32, start: width, width: own });
            width += own;
        }
        let vertices =
            columns.par_iter().zip(&widths).map(|(column, width)| vertices(column, *width)).collect();
        let flags = columns.iter().map(flag).collect();
        Self { width, single, groups, vertices, places, flags }
    }

    /// Columns that have coordinates.
    pub(in crate::models) fn columns(&self) -> usize {
        self.single.len() + self.groups.len()
    }

    /// The rows in standard deviations.
    pub(in crate::models) fn standard(&self, rows: &Encoded) -> Matrix {
        self.coordinates(rows, |_, z| z)
    }

    /// Puts levels that no training row had in the middle of the others: neighbors are then looked for by the other columns,
    /// and not among the rows of the rarest level.
    pub(in crate::models) fn center_unseen(&self, rows: &Encoded, matrix: &mut Matrix) {
        for cell in &rows.unseen {
            let is_level = |code: &Vec<u32>| code[cell.row as usize] == UNSEEN;
            if matches!(&rows.states[cell.column as usize], States::Levels(codes) if is_level(codes)) {
                let (start, own) = self.places[cell.column as usize];
                matrix.row_mut(cell.row as usize)[start..start + own].fill(0.0);
            }
        }
    }

    /// The rows with numbers as normal scores of their ranks, divided by `scales`; both by column, none for categories.
    pub(in crate::models) fn ranked(&self, rows: &Encoded, ranks: &[Ranks], scales: &[f64]) -> Matrix {
        self.coordinates(rows, |column, z| ranks[column].score(z) / scales[column])
    }

    fn coordinates(&self, rows: &Encoded, number: impl Fn(usize, f64) -> f64 + Sync) -> Matrix {
        let mut matrix = Matrix::zeros(rows.n_rows, self.width);
        let width = self.width.max(1);
        matrix.values.par_chunks_mut(width * 256).enumerate().for_each(|(piece, values)| {
            let first = piece * 256;
            for (column, states) in rows.states.iter().enumerate() {
                let (start, own) = self.places[column];
                let rows = values.chunks_exact_mut(width).enumerate();
                match states {
                    States::Numbers(z) => {
                        for (i, row) in rows {
                            let z = z[first + i];
                            row[start] = if z.is_nan() { 0.0 } else { number(column, z) as f32 };
                            if let Some(flag) = self.flags[column] {
                                row[start + 1] = flag[usize::from(z.is_nan())];
                            }
                        }
                    }
                    States::Levels(codes) => {
                        let vertices = &self.vertices[column];
                        let last = vertices.len() / own.max(1) - 1;
                        for (i, row) in rows {
                            let code = codes[first + i];
                            let vertex = if code == UNSEEN { last } else { code as usize };
                            row[start..start + own].copy_from_slice(&vertices[vertex * own..][..own]);
                        }
                    }
                    States::Same => {}
                }
            }
        });
        matrix
    }

    /// The distance of two rows in each column with coordinates, by column.
    pub(in crate::models) fn distances(&self, a: &[f32], b: &[f32], mut each: impl FnMut(usize, f32)) {
        for ((a, b), column) in a.iter().zip(b).zip(&self.single) {
            each(*column as usize, (a - b).abs());
        }
        for group in &self.groups {
            each(group.column as usize, group.distance(a, b));
        }
    }

    /// The sum over columns of the distances of two rows.
    #[inline]
    pub(in crate::models) fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        let n = self.single.len();
        let (a8, a_rest) = a[..n].as_chunks::<8>();
        let (b8, b_rest) = b[..n].as_chunks::<8>();
        let mut sums = [0.0f32; 8];
        for (a, b) in a8.iter().zip(b8) {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += (a - b).abs();
            }
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b).abs()).sum();
        let groups: f32 = self.groups.iter().map(|group| group.distance(a, b)).sum();
        sums.iter().sum::<f32>() + rest + groups
    }

    /// The columns that have coordinates, in the order of these.
    pub(in crate::models) fn order(&self) -> impl Iterator<Item = u32> {
        self.single.iter().copied().chain(self.groups.iter().map(|group| group.column))
    }

    /// The sum over columns of the distances of two rows, those of each column times its weight; weights in the
    /// [`order`](Self::order) of columns.
    #[inline]
    pub(in crate::models) fn weighted(&self, a: &[f32], b: &[f32], weights: &[f32]) -> f32 {
        let (single, groups) = weights.split_at(self.single.len());
        let single = a.iter().zip(b).zip(single).map(|((a, b), weight)| (a - b).abs() * weight).sum::<f32>();
        let groups = self.groups.iter().zip(groups).map(|(group, weight)| group.distance(a, b) * weight);
        single + groups.sum::<f32>()
    }

    /// Where the coordinates of a column start, and how many there are.
    pub(in crate::models) fn place(&self, column: usize) -> (usize, usize) {
        self.places[column]
    }

    /// The distance of two rows in one column.
    pub(in crate::models) fn column_distance(&self, a: &[f32], b: &[f32], column: usize) -> f32 {
        let (start, width) = self.place(column);
        Group { column: column as u32, start, width }.distance(a, b)
    }

    /// What a cell that no training row looked like adds to the distance of two rows.
    pub(in crate::models) fn gap(&self, a: &[f32], b: &[f32], cell: &Unseen) -> f32 {
        (cell.gap - self.column_distance(a, b, cell.column as usize)).max(0.0)
    }

    /// Sums what belongs to coordinates by column.
    pub(in crate::models) fn by_column(&self, coordinates: &[f64], mut each: impl FnMut(usize, f64)) {
        for (value, column) in coordinates.iter().zip(&self.single) {
            each(*column as usize, *value);
        }
        for group in &self.groups {
            each(group.column as usize, coordinates[group.start..group.start + group.width].iter().sum());
        }
    }
}

impl Group {
    #[inline]
    fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        let own = self.start..self.start + self.width;
        a[own.clone()].iter().zip(&b[own]).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
    }
}

/// The standardized flag of missing cells beside numbers.
fn flag(column: &FittedColumn) -> Option<[f32; 2]> {
    let Form::Number { .. } = column.form else { return None };
    let share = column.missing_share();
    (share > 0.0).then(|| {
        let scale = (share * (1.0 - share)).sqrt();
        [(-share / scale) as f32, ((1.0 - share) / scale) as f32]
    })
}

/// The corners of the levels, and of a level never seen: beyond that of the rarest, so that it is far from all.
fn vertices(column: &FittedColumn, width: usize) -> Vec<f32> {
    let Form::Category { levels, .. } = &column.form else { return Vec::new() };
    let (states, edge, shares) = (column.states(), column.edge(), column.shares());
    let mut corners: Vec<Vec<f64>> = if states - 1 <= MOST {
        let scale = edge / std::f64::consts::SQRT_2;
        // The unit vectors of as many axes, in orthonormal contrasts of the first k with the next.
        let contrast = |level: usize, k: usize| {
            let length = ((k * (k + 1)) as f64).sqrt();
            match level.cmp(&k) {
                std::cmp::Ordering::Less => scale / length,
                std::cmp::Ordering::Equal => -scale * k as f64 / length,
                std::cmp::Ordering::Greater => 0.0,
            }
        };
        (0..states).map(|level| (1..=width).map(|k| contrast(level, k)).collect()).collect()
    } else {
        let direction = |level: usize| {
            let mut random = Seed(0).stream(levels.get(level).map_or("", String::as_str));
            let draw: Vec<f64> = (0..width).map(|_| standard_normal(&mut random)).collect();
            let length = draw.iter().map(|v| v * v).sum::<f64>().sqrt();
            draw.iter().map(|v| v / length * edge / std::f64::consts::SQRT_2).collect()
        };
        (0..states).map(direction).collect()
    };
    let mean: Vec<f64> =
        (0..width).map(|k| corners.iter().zip(&shares).map(|(corner, p)| corner[k] * p).sum()).collect();
    for corner in &mut corners {
        corner.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
    }
    let rarest = (0..states).min_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or(0);
    let length = corners[rarest].iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
    let beyond = 1.0 + edge * std::f64::consts::SQRT_2 / length;
    corners.push(corners[rarest].iter().map(|v| v * beyond).collect());
    corners.into_iter().flatten().map(|v| v as f32).collect()
}
