use crate::data::Matrix;
use crate::error::EvaluateError;

/// Codes that vary more than this with the row are active.
const ACTIVE_ABOVE: f64 = 0.01;

/// How many latent dimensions a posterior uses: those whose mean varies by more than 0.01 over the rows of `means`.
///
/// `A_u = Var_x(E_{q(z | x)} z_u) > 0.01`. Source: Burda, Grosse and Salakhutdinov 2016, section 5.2.
///
/// # Errors
/// No rows.
pub fn active_units(means: &Matrix) -> Result<usize, EvaluateError> {
    if means.n_rows == 0 {
        return Err(EvaluateError::Empty { metric: "active_units" });
    }
    let n = means.n_rows as f64;
    let variance = |j: usize| {
        let column = || (0..means.n_rows).map(|row| f64::from(means.row(row)[j]));
        let mean = column().sum::<f64>() / n;
        column().map(|x| (x - mean).powi(2)).sum::<f64>() / n
    };
    Ok((0..means.n_cols).filter(|&j| variance(j) > ACTIVE_ABOVE).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_active_above_a_variance_of_a_hundredth() {
        // Variances 0.0121, 0.0081 and 0.
        let values = vec![0.11, 0.09, 5.0, -0.11, -0.09, 5.0];
        assert_eq!(active_units(&Matrix { n_rows: 2, n_cols: 3, values }).unwrap(), 1);
        assert!(active_units(&Matrix::default()).is_err());
    }
}
