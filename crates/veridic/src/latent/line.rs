use serde::{Deserialize, Serialize};

use super::copies;
use crate::data::Matrix;

/// How a path leads from one point to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// Straight: `(1 - t) a + t b`.
    #[default]
    Linear,
    /// Along the arc around the origin, which stays where a normal prior of many dimensions has its mass:
    /// `(sin((1 - t) w) a + sin(t w) b) / sin w` with the angle `w` between the points (Shoemake 1985; White 2016,
    /// "Sampling generative networks"). Points in line with the origin have no arc; the path is then straight.
    Spherical,
}

/// Angles below this (and as close to half a turn) have no arc that numbers could tell from a line.
const SMALLEST_ANGLE: f64 = 1e-4;

/// The point with its dimension `dimension` (counted from 0) at each of `values`, `[values.len(), latent]`.
pub fn walk(from: &[f32], dimension: usize, values: &[f64]) -> Matrix {
    let mut points = copies(from, values.len());
    for (i, &value) in values.iter().enumerate() {
        points.row_mut(i)[dimension] = value as f32;
    }
    points
}

/// The points of a path from `a` to `b` at each of `at` (0 is `a`, 1 is `b`), `[at.len(), latent]`.
pub fn interpolate(a: &[f32], b: &[f32], at: &[f64], path: Path) -> Matrix {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let angle = (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).clamp(-1.0, 1.0).acos();
    // NaN, for a point at the origin, has no arc either.
    let has_arc = angle > SMALLEST_ANGLE && angle < std::f64::consts::PI - SMALLEST_ANGLE;
    let mut points = copies(a, at.len());
    for (i, &t) in at.iter().enumerate() {
        let (of_a, of_b) = match path {
            Path::Spherical if has_arc => {
                (((1.0 - t) * angle).sin() / angle.sin(), (t * angle).sin() / angle.sin())
            }
            _ => (1.0 - t, t),
        };
        for ((point, &a), &b) in points.row_mut(i).iter_mut().zip(a).zip(b) {
            *point = (of_a * f64::from(a) + of_b * f64::from(b)) as f32;
        }
    }
    points
}

/// The direction from one group to another: the mean of `of` minus the mean of `against`; both have at least one row.
///
/// Added to a row's point with a strength of 1 it moves the row as far as the groups lie apart (the attribute vectors
/// of Larsen et al. 2016, "Autoencoding beyond pixels using a learned similarity metric").
pub fn concept(of: &Matrix, against: &Matrix) -> Vec<f32> {
    let (of, against) = (mean(of), mean(against));
    of.iter().zip(against).map(|(of, against)| (of - against) as f32).collect()
}

/// `from + strength * direction` for each strength, `[strengths.len(), latent]`.
pub fn shift(from: &[f32], direction: &[f32], strengths: &[f64]) -> Matrix {
    let mut points = copies(from, strengths.len());
    for (i, &strength) in strengths.iter().enumerate() {
        for (point, &step) in points.row_mut(i).iter_mut().zip(direction) {
            *point = (f64::from(*point) + strength * f64::from(step)) as f32;
        }
    }
    points
}

/// `a - b + c`: what `b` lacks of `a`, given to `c`.
pub fn arithmetic(a: &[f32], b: &[f32], c: &[f32]) -> Vec<f32> {
    a.iter().zip(b).zip(c).map(|((a, b), c)| a - b + c).collect()
}

/// The mean of the rows.
pub(super) fn mean(points: &Matrix) -> Vec<f64> {
    let mut mean = vec![0.0; points.n_cols];
    for i in 0..points.n_rows {
        mean.iter_mut().zip(points.row(i)).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    mean.iter_mut().for_each(|sum| *sum /= points.n_rows as f64);
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[[f32; 2]]) -> Matrix {
        Matrix { n_rows: rows.len(), n_cols: 2, values: rows.concat() }
    }

    #[test]
    fn a_walk_changes_one_dimension_alone() {
        assert_eq!(walk(&[5.0, 6.0], 1, &[-3.0, 0.0, 3.0]).values, [5.0, -3.0, 5.0, 0.0, 5.0, 3.0]);
    }

    #[test]
    fn a_straight_path_has_its_ends_and_its_middle() {
        let points = interpolate(&[0.0, 2.0], &[4.0, 0.0], &[0.0, 0.5, 1.0], Path::Linear);
        assert_eq!(points.values, [0.0, 2.0, 2.0, 1.0, 4.0, 0.0]);
    }

    #[test]
    fn an_arc_keeps_the_distance_from_the_origin_and_cuts_the_angle_evenly() {
        let points = interpolate(&[2.0, 0.0], &[0.0, 2.0], &[0.0, 1.0 / 3.0, 1.0], Path::Spherical);
        let third = std::f64::consts::FRAC_PI_6;
        let expected = [2.0, 0.0, 2.0 * third.cos() as f32, 2.0 * third.sin() as f32, 0.0, 2.0];
        for (found, expected) in points.values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{points:?}");
        }
        // Lengths that differ change evenly along the arc: at the middle sin 45° / sin 90° of both.
        let points = interpolate(&[1.0, 0.0], &[0.0, 3.0], &[0.5], Path::Spherical);
        let half = std::f32::consts::FRAC_1_SQRT_2;
        assert!((points.values[0] - half).abs() < 1e-6 && (points.values[1] - 3.0 * half).abs() < 1e-6);
    }

    #[test]
    fn points_in_line_with_the_origin_are_joined_straight() {
        for (a, b) in [([1.0, 0.0], [-3.0, 0.0]), ([0.0, 0.0], [2.0, 2.0]), ([1.0, 1.0], [3.0, 3.0])] {
            let arc = interpolate(&a, &b, &[0.0, 0.5, 1.0], Path::Spherical);
            assert_eq!(arc, interpolate(&a, &b, &[0.0, 0.5, 1.0], Path::Linear));
        }
    }

    #[test]
    fn a_concept_leads_from_the_mean_of_one_group_to_that_of_the_other() {
        let direction = concept(&matrix(&[[1.0, 5.0], [3.0, 7.0]]), &matrix(&[[1.0, 1.0]]));
        assert_eq!(direction, [1.0, 5.0]);
        assert_eq!(
            shift(&[10.0, 10.0], &direction, &[-1.0, 0.0, 2.0]).values,
            [9.0, 5.0, 10.0, 10.0, 12.0, 20.0]
        );
        assert_eq!(arithmetic(&[1.0, 2.0], &[0.5, 4.0], &[3.0, 3.0]), [3.5, 1.0]);
    }
}
