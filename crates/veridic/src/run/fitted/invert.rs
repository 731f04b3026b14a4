//! The noise that a real row could have been made of, found by optimization.

use super::score::{number, numbered, plain_schema};
use super::{Fitted, InUse, Reading};
use crate::data::{Data, Matrix, Schema, Table};
use crate::error::{Result, RunError};
use crate::figure::{self, Figure, ImageGrid, Pixels};
use crate::models::Ability;
use crate::seed::Seed;

/// Points of the prior that the search begins at the best of.
const STARTS: usize = 512;
/// Steps at most.
const STEPS: usize = 40;
/// How far a value of noise is moved to see what that does.
const MOVE: f32 = 0.02;
/// How much damping is tried in one step, as a multiple of what was best before.
const DAMPING: [f64; 5] = [0.1, 0.3, 1.0, 10.0, 100.0];
/// Below this relative gain the search is over.
const GAIN: f64 = 1e-4;

/// Noise for a real row, and how near it comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Inverted {
    /// The noise, one row.
    pub noise: Matrix,
    /// The row that was looked for.
    pub wanted: Data,
    /// The row that is made of it.
    pub made: Data,
    /// Root mean squared difference of the values as the network sees them: of the best of 512 draws, then after each step.
    pub errors: Vec<f64>,
    /// The same of the mean of made rows, which knows nothing of the row.
    pub control: f64,
}

impl Fitted {
    /// Finds noise of which the generator makes row `row` (from 0) of a reading, as nearly as it can: by Levenberg and
    /// Marquardt's damped least squares (Marquardt 1963) from the best of 512 draws, within the noise that is drawn. Slopes
    /// are differences, so any network can be asked.
    ///
    /// # Errors
    /// A model without noise, or one that asks for a class beside it; a row that is not there.
    pub fn invert(&mut self, reading: &Reading, row: usize, seed: u64) -> Result<Inverted> {
        if self.is_asked() || self.can(Ability::Reconstruct) {
            return Err(RunError::Cannot {
                model: self.config.model.noun().to_string(),
                verb: "be searched for the noise of a row".to_string(),
                remedy: "encode the row, or choose an adversarial network without classes".to_string(),
            }
            .into());
        }
        let (encoded, _) = self.encoded(reading)?;
        if row >= encoded.index().len() {
            return Err(RunError::NoRow {
                row: row + 1,
                rows: encoded.index().len(),
                of: "the rows given".to_string(),
            }
            .into());
        }
        let wanted = encoded.rows().row(row);
        let InUse { form, network, pool } = self.in_use(Ability::Sample)?;
        let starts = network.points(Seed(seed), "invert", STARTS);
        let reach = starts.values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let made = network.decode(pool, &starts)?;
        let error = |row: &[f32]| {
            let sum: f64 = row.iter().zip(&wanted).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            (sum / wanted.len().max(1) as f64).sqrt()
        };
        let mean: Vec<f32> = (0..made.n_cols)
            .map(|j| {
                let sum: f64 = (0..made.n_rows).map(|i| f64::from(made.row(i)[j])).sum();
                (sum / made.n_rows as f64) as f32
            })
            .collect();
        let control = error(&mean);
        let best = |made: &Matrix| {
            let of = (0..made.n_rows).map(|i| (error(made.row(i)), i)).filter(|(error, _)| error.is_finite());
            of.min_by(|a, b| a.0.total_cmp(&b.0))
        };
        let (mut least, at) = best(&made).unwrap_or((f64::INFINITY, 0));
        let (mut here, mut there) = (starts.row(at).to_vec(), made.row(at).to_vec());
        let (mut damping, mut errors) = (1e-2, vec![least]);
        for _ in 0..STEPS {
            let slopes = network.decode(pool, &moved(&here))?;
            let steps = damped(&slopes, &there, &wanted, damping);
            let mut tried = Matrix { n_rows: DAMPING.len(), n_cols: here.len(), values: Vec::new() };
            for step in &steps {
                let to = here.iter().zip(step).map(|(z, step)| (z + *step as f32).clamp(-reach, reach));
                tried.values.extend(to);
            }
            let made = network.decode(pool, &tried)?;
            let Some((found, at)) = best(&made).filter(|(found, _)| *found < least) else {
                // Nothing near is better, unless the steps were too long.
                damping *= DAMPING[DAMPING.len() - 1];
                if damping > 1e6 {
                    break;
                }
                continue;
            };
            let gain = 1.0 - found / least;
            (least, here, there) = (found, tried.row(at).to_vec(), made.row(at).to_vec());
            damping = (damping * DAMPING[at]).max(1e-6);
            errors.push(least);
            if gain < GAIN {
                break;
            }
        }
        let noise = Matrix { n_rows: 1, n_cols: here.len(), values: here };
        let made = form.decode(&network.decode(pool, &noise)?)?;
        let wanted = match &reading.data {
            Data::Images(images) => Data::Images(images.take(&[row])),
            Data::Table(table, schema) => Data::Table(table.take(&[row]), schema.clone()),
        };
        Ok(Inverted { noise, wanted, made, errors, control })
    }
}

impl Inverted {
    /// The error that is left.
    pub fn error(&self) -> f64 {
        self.errors.last().copied().unwrap_or(f64::NAN)
    }

    /// One row: `error`, `control`, then the noise, `z1`, `z2`, ….
    pub fn table(&self) -> (Table, Schema) {
        let mut columns = vec![number("error", vec![self.error()]), number("control", vec![self.control])];
        columns.extend(numbered("z", &self.noise));
        let table = Table { n_rows: 1, columns };
        let schema = plain_schema(&table);
        (table, schema)
    }

    /// Of an image the one that was looked for beside the one that is made; nothing of a row of a table.
    ///
    /// # Errors
    /// An image that is too large to be drawn.
    pub fn figure(&self) -> Result<Option<Figure>> {
        let (Data::Images(wanted), Data::Images(made)) = (&self.wanted, &self.made) else { return Ok(None) };
        let pixels = [wanted.pixels.as_slice(), made.pixels.as_slice()].concat();
        let names = ["looked for", "made"].map(str::to_string);
        let title = format!("Off by {:.3}, the mean of made rows by {:.3}", self.error(), self.control);
        let mut grid = ImageGrid::plain(&title, Pixels::Bytes(&pixels), wanted.shape(), 1);
        grid.row_labels = &names;
        Ok(Some(figure::image_grid(&grid)?))
    }
}

/// A point, moved along each dimension in turn.
fn moved(here: &[f32]) -> Matrix {
    let n = here.len();
    let mut points = Matrix { n_rows: n, n_cols: n, values: here.repeat(n) };
    (0..n).for_each(|j| points.row_mut(j)[j] += MOVE);
    points
}

/// The steps to the least squares by what the row `there` becomes where each dimension is moved, one for each damping.
fn damped(moved: &Matrix, there: &[f32], wanted: &[f32], damping: f64) -> Vec<Vec<f64>> {
    let n = moved.n_rows;
    let slope = |j: usize, k: usize| f64::from(moved.row(j)[k] - there[k]) / f64::from(MOVE);
    let slopes: Vec<Vec<f64>> = (0..n).map(|j| (0..there.len()).map(|k| slope(j, k)).collect()).collect();
    let rest: Vec<f64> = wanted.iter().zip(there).map(|(a, b)| f64::from(a - b)).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut normal = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            normal[i * n + j] = dot(&slopes[i], &slopes[j]);
        }
    }
    let right: Vec<f64> = slopes.iter().map(|slope| dot(slope, &rest)).collect();
    // What changes nothing is held where it is.
    let least = (0..n).map(|i| normal[i * n + i]).sum::<f64>() / n.max(1) as f64 * 1e-3 + 1e-12;
    DAMPING
        .iter()
        .map(|factor| {
            let mut own = normal.clone();
            (0..n).for_each(|i| own[i * n + i] += damping * factor * (own[i * n + i] + least));
            solved(own, n, right.clone())
        })
        .collect()
}

/// The solution of `a x = b` for a positive definite `a`, whose lower half is given, by Cholesky's factors; zeros where it is
/// none.
fn solved(mut a: Vec<f64>, n: usize, mut b: Vec<f64>) -> Vec<f64> {
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let left = a[i * n + j] - sum;
            if i != j {
                a[i * n + j] = left / a[j * n + j];
            } else if left > 0.0 && left.is_finite() {
                a[i * n + i] = left.sqrt();
            } else {
                return vec![0.0; n];
            }
        }
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved() {
        // a = [[4, 2], [2, 3]], x = [1, -2].
        let x = solved(vec![4.0, 0.0, 2.0, 3.0], 2, vec![0.0, -4.0]);
        assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] + 2.0).abs() < 1e-12);
        assert_eq!(solved(vec![-1.0], 1, vec![1.0]), [0.0]);
    }

    #[test]
    fn a_step_of_a_line_ends_where_it_is_wanted() {
        // Rows are [z1, z1 + z2, z2] of two values of noise.
        let row = |z: &[f32]| vec![z[0], z[0] + z[1], z[1]];
        let here = [0.2, -0.1];
        let moved = moved(&here);
        let values = (0..2).flat_map(|j| row(moved.row(j))).collect();
        let moved = Matrix { n_rows: 2, n_cols: 3, values };
        let steps = damped(&moved, &row(&here), &row(&[0.7, 0.3]), 1e-9);
        assert!((steps[0][0] - 0.5).abs() < 1e-3 && (steps[0][1] - 0.4).abs() < 1e-3);
        // The more damping, the shorter.
        let long = |step: &Vec<f64>| step.iter().map(|v| v * v).sum::<f64>();
        let steps = damped(&moved, &row(&here), &row(&[0.7, 0.3]), 1.0);
        assert!(steps.windows(2).all(|pair| long(&pair[1]) < long(&pair[0])));
    }
}
