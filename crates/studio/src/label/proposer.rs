//! Who proposes classes: any classifier that is quick to fit again after every few labels.

use veridic::data::Matrix;
use veridic::evaluate::LogisticRegression;

use crate::Result;

/// A classifier of rows by their features, fitted to those that are labelled.
pub trait Proposer: Send {
    /// Its name in a few words, as the page says it.
    fn name(&self) -> &str;

    /// The probability of each class for every row of `features`: rows x `classes`, rows sum to 1. `labels` are rows with
    /// their classes, at least two different ones, by row; what it was fitted to before does not matter.
    ///
    /// # Errors
    /// What it cannot learn from.
    fn propose(&mut self, features: &Matrix, labels: &[(u32, u16)], classes: usize) -> Result<Matrix>;
}

/// Logistic regression with a penalty that suits a few hundred labels.
#[derive(Debug, Clone, Copy)]
pub struct Logistic {
    /// `C` of [`LogisticRegression::fit`].
    pub strength: f64,
}

impl Default for Logistic {
    fn default() -> Self {
        // What measured best while asking, on standardized columns cut at ±8.
        Self { strength: 0.1 }
    }
}

impl Proposer for Logistic {
    fn name(&self) -> &str {
        "logistic regression"
    }

    fn propose(&mut self, features: &Matrix, labels: &[(u32, u16)], classes: usize) -> Result<Matrix> {
        let (rows, of): (Vec<u32>, Vec<u16>) = labels.iter().copied().unzip();
        let model =
            LogisticRegression::fit(features, &rows, &of, self.strength).map_err(veridic::Error::from)?;
        let known = model.probabilities(features).map_err(veridic::Error::from)?;
        let mut shares = Matrix::zeros(features.n_rows, classes);
        for row in 0..features.n_rows {
            for (&class, &share) in model.classes().iter().zip(known.row(row)) {
                shares.row_mut(row)[usize::from(class)] = share;
            }
        }
        Ok(shares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_without_a_label_have_no_share_and_sides_are_told_apart() {
        let values = (0..20).map(|i| i as f32 / 10.0 - 1.0).collect();
        let features = Matrix { n_rows: 20, n_cols: 1, values };
        let shares =
            Logistic { strength: 10.0 }.propose(&features, &[(0, 2), (1, 2), (18, 0), (19, 0)], 3).unwrap();
        assert!((0..20).all(|row| shares.row(row)[1] == 0.0));
        assert!(shares.row(3)[2] > 0.8 && shares.row(16)[0] > 0.8, "{shares:?}");
        assert!(Logistic::default().propose(&features, &[], 3).is_err());
    }
}
