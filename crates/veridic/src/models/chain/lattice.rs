//! The grid that the numbers of a column lie on.

use serde::{Deserialize, Serialize};

/// Most digits after the point that are looked for.
const MOST_DECIMALS: u8 = 6;

/// Beyond this, not all whole numbers are numbers.
const LARGEST: f64 = 9.0e15;

/// Numbers `(offset + k * step) / 10^decimals` for whole `k`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Lattice {
    decimals: u8,
    step: f64,
    offset: f64,
}

impl Lattice {
    /// The coarsest grid that all of `values` lie on, at most `decimals` digits after the point; `None` where there is none.
    pub(super) fn of(values: &[f64], decimals: u8) -> Option<Self> {
        let decimals = (0..=decimals.min(MOST_DECIMALS)).find(|d| {
            let scale = 10f64.powi(i32::from(*d));
            let on_grid = |v: &f64| {
                let scaled = v * scale;
                // Of large numbers the last digits are in doubt, and no more than these.
                let doubt = (4.0 * f64::EPSILON * scaled.abs()).max(1e-9);
                scaled.abs() < LARGEST && (scaled - scaled.round()).abs() <= doubt
            };
            values.iter().all(on_grid)
        })?;
        let scale = 10f64.powi(i32::from(decimals));
        let first = (values.first()? * scale).round() as i64;
        let mut step = 0u64;
        for value in values {
            let units = ((value * scale).round() as i64).abs_diff(first);
            step = greatest_common_divisor(units, step);
            if step == 1 {
                break;
            }
        }
        let step = step.max(1);
        let offset = first.rem_euclid(step.min(i64::MAX as u64) as i64);
        Some(Self { decimals, step: step as f64, offset: offset as f64 })
    }

    /// The nearest point of the grid.
    pub(super) fn round(&self, value: f64) -> f64 {
        let scale = 10f64.powi(i32::from(self.decimals));
        let k = ((value * scale - self.offset) / self.step).round();
        (k * self.step + self.offset) / scale
    }

    /// Distance of neighboring points.
    pub(super) fn spacing(&self) -> f64 {
        self.step / 10f64.powi(i32::from(self.decimals))
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarsest_grid_is_found() {
        let quarters = Lattice::of(&[0.25, 1.0, -3.75], 6).unwrap();
        assert_eq!(quarters.round(0.3), 0.25);
        assert_eq!(quarters.spacing(), 0.25);
        let hundreds = Lattice::of(&[150.0, 250.0, -50.0], 0).unwrap();
        assert_eq!(hundreds.round(190.0), 150.0);
        assert_eq!(hundreds.round(-60.0), -50.0);
        let tenths = Lattice::of(&[0.1, 0.3, 12.7], 6).unwrap();
        assert_eq!(tenths.round(0.299_999), 0.3);
        let times = Lattice::of(&[1_700_000_000.258, 1_700_000_007.5, 1_700_000_001.001], 3).unwrap();
        assert_eq!(times.round(1_700_000_003.123_2), 1_700_000_003.123);
        assert_eq!(Lattice::of(&[std::f64::consts::PI, 1.0], 17), None);
        assert_eq!(Lattice::of(&[1e300], 0), None);
        assert_eq!(Lattice::of(&[7.0, 7.0], 0).unwrap().round(7.2), 7.0);
    }
}
