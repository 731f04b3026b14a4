//! What scores of rows are worth, at the labels' rate of positive rows and at the natural one.

use crate::error::{Result, RunError};
use crate::evaluate::{
    auroc, average_precision_at_rate, best_f1_at_rate, f1_at_rate, threshold_of_unlabelled,
};
use crate::run::dataset::{Dataset, few::FewConfig};

/// The rows that scores are judged by.
pub(super) struct Contest {
    /// Labelled training rows.
    pub(super) labelled: Vec<usize>,
    pub(super) valid: Vec<usize>,
    pub(super) test: Vec<usize>,
    /// Training rows without a label.
    pub(super) unlabelled: Vec<usize>,
    valid_positive: Vec<bool>,
    test_positive: Vec<bool>,
    few: FewConfig,
}

/// Scores of rows, higher is more likely positive; of unlabelled rows by models that were not fitted to them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Scores {
    pub(super) valid: Vec<f64>,
    pub(super) test: Vec<f64>,
    pub(super) unlabelled: Vec<f64>,
}

impl Contest {
    pub(super) fn new(data: &Dataset, few: FewConfig) -> Result<Self> {
        let labelled = data.seen();
        let mut is_labelled = vec![false; data.rows().len()];
        labelled.iter().for_each(|&row| is_labelled[row] = true);
        let unlabelled = data.split.train.iter().copied().filter(|&row| !is_labelled[row]).collect();
        let (valid, test) = (data.split.valid.clone(), data.split.test.clone());
        let (Some(valid_positive), Some(test_positive)) = (data.positives(&valid), data.positives(&test))
        else {
            return Err(RunError::NoData {
                reason: "`few-labels` needs a table whose positive rows are known".to_string(),
                remedy: "give `data.target` and `data.positive`".to_string(),
            }
            .into());
        };
        Ok(Self { labelled, valid, test, unlabelled, valid_positive, test_positive, few })
    }

    /// F1 on test rows at the labels' rate, flagging scores from the threshold on.
    pub(super) fn f1(&self, test: &[f64], threshold: f64) -> Result<f64> {
        Ok(f1_at_rate(test, &self.test_positive, threshold, self.few.labelled_rate())?)
    }

    /// F1, average precision and area under the ROC curve on test rows, at the labels' rate and (`natural_…`) at the natural
    /// one. No threshold is chosen on test rows.
    pub(super) fn judge(&self, scores: &Scores) -> Result<Vec<(&'static str, f64)>> {
        let Scores { valid, test, unlabelled } = scores;
        let (rate, natural) = (self.few.labelled_rate(), self.few.rate);
        let threshold = best_f1_at_rate(valid, &self.valid_positive, rate)?.threshold;
        let positive = valid.iter().zip(&self.valid_positive).filter(|(_, is)| **is);
        let positive: Vec<f64> = positive.map(|(score, _)| *score).collect();
        let by_unlabelled = match unlabelled.is_empty() {
            true => best_f1_at_rate(valid, &self.valid_positive, natural)?.threshold,
            false => threshold_of_unlabelled(&positive, unlabelled, natural)?,
        };
        let is = &self.test_positive;
        Ok(vec![
            ("f1", self.f1(test, threshold)?),
            ("average_precision", average_precision_at_rate(test, is, rate)?),
            ("auroc", auroc(test, is)?),
            ("natural_f1", f1_at_rate(test, is, by_unlabelled, natural)?),
            ("natural_average_precision", average_precision_at_rate(test, is, natural)?),
        ])
    }
}
