use crate::data::Matrix;
use crate::error::EvaluateError;
use crate::evaluate::knn_distance;

/// Whether codes fall among those of positive training rows: for each of `codes` a score from 0 to 1, higher is more
/// like a positive row, above 0.5 where positive training codes are nearer than the others.
///
/// `score(z) = d_other / (d_other + d_positive)` with the Euclidean distances to the `k`-th nearest other and the
/// `k`-th nearest positive training code (fewer where there are fewer); 0.5 where both are 0. This is the ratio of the
/// two classes' densities at `z` by their nearest neighbors, put between 0 and 1. Without positive training rows it is
/// the distance to the `k`-th nearest training code: at least 0, higher is more unusual.
///
/// # Errors
/// As many flags as training codes are needed; no training code of another kind; as [`knn_distance`].
pub fn latent_score(
    train: &Matrix,
    positive: &[bool],
    codes: &Matrix,
    k: usize,
    threads: usize,
) -> Result<Vec<f64>, EvaluateError> {
    let metric = "latent_score";
    if positive.len() != train.n_rows {
        return Err(EvaluateError::Lengths { metric, left: positive.len(), right: train.n_rows });
    }
    let class = |wanted: bool| {
        let rows = (0..train.n_rows).filter(|&row| positive[row] == wanted);
        let values: Vec<f32> = rows.flat_map(|row| train.row(row)).copied().collect();
        Matrix {
            n_rows: positive.iter().filter(|flag| **flag == wanted).count(),
            n_cols: train.n_cols,
            values,
        }
    };
    let (positives, others) = (class(true), class(false));
    if others.n_rows == 0 {
        let positives = positives.n_rows;
        return Err(EvaluateError::OneClass { metric, positives, rows: train.n_rows });
    }
    let distance = |of: &Matrix| knn_distance(of, codes, k.min(of.n_rows), threads);
    let far = distance(&others)?;
    if positives.n_rows == 0 {
        return Ok(far);
    }
    let near = distance(&positives)?;
    let score = |(other, positive): (f64, f64)| {
        if other + positive > 0.0 { other / (other + positive) } else { 0.5 }
    };
    Ok(far.into_iter().zip(near).map(score).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f32]) -> Matrix {
        Matrix { n_rows: values.len(), n_cols: 1, values: values.to_vec() }
    }

    #[test]
    fn the_score_is_the_share_of_the_distance_to_the_others() {
        let train = line(&[0.0, 1.0, 10.0, 14.0]);
        let positive = [false, false, true, true];
        let scores = latent_score(&train, &positive, &line(&[4.0, 10.0, 0.0]), 1, 1).unwrap();
        assert_eq!(scores, [3.0 / 9.0, 1.0, 0.0]);
        let second = latent_score(&train, &positive, &line(&[4.0]), 2, 1).unwrap();
        assert_eq!(second, [4.0 / 14.0]);
        // More neighbors than there are positive rows: the farthest of them.
        assert_eq!(latent_score(&train, &positive, &line(&[4.0]), 2, 3).unwrap(), second);
    }

    #[test]
    fn without_positive_rows_it_is_a_distance_and_without_others_nothing() {
        let train = line(&[0.0, 1.0, 5.0]);
        assert_eq!(latent_score(&train, &[false; 3], &line(&[7.0]), 2, 1).unwrap(), [6.0]);
        assert!(matches!(
            latent_score(&train, &[true; 3], &line(&[7.0]), 2, 1),
            Err(EvaluateError::OneClass { positives: 3, rows: 3, .. })
        ));
        let both = line(&[1.0, 1.0]);
        assert_eq!(latent_score(&both, &[true, false], &line(&[1.0]), 1, 1).unwrap(), [0.5]);
    }
}
