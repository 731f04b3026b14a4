//! Where points start.

use super::{Initialization, Point};
use crate::data::Matrix;
use crate::error::ProjectError;
use crate::project::Pca;
use crate::project::noise::Normal;
use crate::seed::Seed;

/// Standard deviation of the first coordinate at the start.
const DEVIATION: f64 = 1e-4;

/// Noise on components, as a share of [`DEVIATION`]: equal rows must not start in one place.
const NOISE: f64 = 0.01;

/// Farthest that a given start may be from zero.
const FARTHEST: f32 = 1e6;

/// The points to start from, in the order of the rows.
pub(super) fn points(
    rows: &Matrix,
    initial: Option<&Matrix>,
    initialization: Initialization,
    seed: Seed,
    threads: usize,
    notes: &mut Vec<String>,
) -> Result<Vec<Point>, ProjectError> {
    if let Some(initial) = initial {
        return given(rows, initial);
    }
    let mut noise = Normal(seed.stream("tsne.start"));
    let components = match initialization {
        Initialization::Pca => components(rows, seed, threads),
        Initialization::Random => None,
    };
    if components.is_none() && initialization == Initialization::Pca && rows.n_rows > 1 {
        notes.push("the rows do not vary: points start at random".to_owned());
    }
    Ok(match components {
        Some(points) => points
            .iter()
            .map(|point| point.map(|v| (DEVIATION * (v + NOISE * noise.next())) as f32))
            .collect(),
        None => (0..rows.n_rows).map(|_| [0; 2].map(|_| (DEVIATION * noise.next()) as f32)).collect(),
    })
}

/// Positions that were given, one of finite size for each row.
pub(super) fn given(rows: &Matrix, initial: &Matrix) -> Result<Vec<Point>, ProjectError> {
    let what = "initial positions";
    if (initial.n_rows, initial.n_cols) != (rows.n_rows, 2) {
        return Err(ProjectError::Shape {
            what,
            found_rows: initial.n_rows,
            found_columns: initial.n_cols,
            rows: rows.n_rows,
            columns: 2,
        });
    }
    super::check_finite(what, initial)?;
    match initial.values.iter().find(|v| v.abs() > FARTHEST) {
        Some(far) => {
            Err(ProjectError::Range { field: what, found: far.to_string(), allowed: "-1000000 to 1000000" })
        }
        None => Ok(initial.values.as_chunks().0.to_vec()),
    }
}

/// The first two components in units of the deviation of the first; none where nothing varies.
fn components(rows: &Matrix, seed: Seed, threads: usize) -> Option<Vec<[f64; 2]>> {
    let n_components = rows.n_cols.min(2);
    let pca = Pca::fit_randomized(rows, n_components, seed, threads).ok()?;
    let deviation = pca.variances().first()?.sqrt();
    if deviation <= 0.0 || !deviation.is_finite() {
        return None;
    }
    let unit = |row: &[f32]| {
        let mut point = [0.0; 2];
        for (v, coordinate) in point.iter_mut().zip(pca.coordinates(row)) {
            *v = coordinate / deviation;
        }
        point
    };
    let points: Vec<[f64; 2]> = (0..rows.n_rows).map(|i| unit(rows.row(i))).collect();
    points.iter().flatten().all(|v| v.is_finite()).then_some(points)
}
