use super::copies;
use crate::data::Matrix;
use crate::seed::normal_quantile;

/// `n` standard normal values at equal steps of probability from 5 % to 95 %, rising; a single one is 0.
///
/// Cells of a grid at these places hold equal shares of a standard normal prior (Kingma and Welling 2014, figure 4).
pub fn quantile_steps(n: usize) -> Vec<f64> {
    // Symmetric to the last bit, and so 0 in the middle.
    let below: Vec<f64> = even_steps(0.05, 0.95, n).into_iter().take(n / 2).map(normal_quantile).collect();
    let above = below.iter().rev().map(|step| -step);
    below.iter().copied().chain((n % 2 == 1).then_some(0.0)).chain(above).collect()
}

/// `n` values from `low` to `high` at equal steps, both ends included; a single one lies in the middle.
pub fn even_steps(low: f64, high: f64, n: usize) -> Vec<f64> {
    if n == 1 {
        return vec![0.5 * (low + high)];
    }
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect()
}

/// The points of a grid over two dimensions (counted from 0), `[y.len() * x.len(), latent]`, row by row from the top:
/// the first dimension rises to the right, the second upwards. All other dimensions are those of `through`.
///
/// `x` are values of `dimensions.0`, `y` of `dimensions.1`, both rising; with equal dimensions `y` wins.
pub fn grid(through: &[f32], dimensions: (usize, usize), x: &[f64], y: &[f64]) -> Matrix {
    let mut points = copies(through, x.len() * y.len());
    let places = y.iter().rev().flat_map(|&up| x.iter().map(move |&across| (across, up)));
    for (i, (across, up)) in places.enumerate() {
        let point = points.row_mut(i);
        point[dimensions.0] = across as f32;
        point[dimensions.1] = up as f32;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_step_is_exactly_0() {
        assert_eq!(quantile_steps(15)[7].to_bits(), 0f64.to_bits());
        assert_eq!(quantile_steps(1), [0.0]);
        let even = quantile_steps(4);
        assert_eq!((even[0], even[1]), (-even[3], -even[2]));
    }

    #[test]
    fn steps_of_probability_are_normal_quantiles_and_symmetric() {
        let steps = quantile_steps(3);
        // The 95 % quantile of the standard normal distribution.
        assert!((steps[2] - 1.644_853_626_951_472_2).abs() < 1e-12, "{steps:?}");
        assert!(steps[1].abs() < 1e-12 && (steps[0] + steps[2]).abs() < 1e-12);
        assert_eq!(even_steps(-4.0, 4.0, 5), [-4.0, -2.0, 0.0, 2.0, 4.0]);
        assert_eq!(even_steps(-3.0, 5.0, 1), [1.0]);
    }

    #[test]
    fn a_grid_rises_to_the_right_and_upwards_and_keeps_the_other_dimensions() {
        let points = grid(&[7.0, 8.0, 9.0], (2, 0), &[1.0, 2.0], &[-1.0, 1.0]);
        assert_eq!((points.n_rows, points.n_cols), (4, 3));
        assert_eq!(points.values, [1.0, 8.0, 1.0, 1.0, 8.0, 2.0, -1.0, 8.0, 1.0, -1.0, 8.0, 2.0]);
    }
}
