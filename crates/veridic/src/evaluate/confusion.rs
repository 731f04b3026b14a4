use super::ranking::{check, flagged};
use crate::error::EvaluateError;

/// Rows by what was flagged and what was unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confusion {
    /// Unusual and flagged.
    pub true_positives: u64,
    /// Usual and flagged.
    pub false_positives: u64,
    /// Unusual and not flagged.
    pub false_negatives: u64,
    /// Usual and not flagged.
    pub true_negatives: u64,
}

/// The threshold with the highest F1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestF1 {
    /// Flag scores at or above it.
    pub threshold: f64,
    /// The F1 reached, 0 to 1.
    pub f1: f64,
}

/// The class with the largest share, the first of equal ones; none where there is no class.
pub fn most_likely(shares: &[f32]) -> Option<usize> {
    (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]).then(b.cmp(&a)))
}

impl std::ops::AddAssign for Confusion {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.true_negatives += other.true_negatives;
    }
}

impl Confusion {
    /// `TP / (TP + FP)`, 0 to 1, higher is better; `None` if nothing was flagged.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// `TP / (TP + FN)`, 0 to 1, higher is better; `None` without unusual rows.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// `2 TP / (2 TP + FP + FN)`, the harmonic mean of precision and recall, 0 to 1, higher is better; `None` if
    /// nothing was flagged nor unusual.
    pub fn f1(&self) -> Option<f64> {
        let twice = 2 * self.true_positives;
        ratio(twice, twice + self.false_positives + self.false_negatives)
    }

    /// `FP / (FP + TN)`, the flagged share of the usual rows, 0 to 1, lower is better; `None` without usual rows.
    pub fn false_alarm_rate(&self) -> Option<f64> {
        ratio(self.false_positives, self.false_positives + self.true_negatives)
    }

    /// `FN / (FN + TP)`, the unflagged share of the unusual rows, 0 to 1, lower is better; `None` without unusual rows.
    pub fn missed_alarm_rate(&self) -> Option<f64> {
        ratio(self.false_negatives, self.false_negatives + self.true_positives)
    }

    /// `(TP + TN) / rows`, 0 to 1, higher is better; `None` without rows. Says little where one class is rare.
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        ratio(right, right + self.false_positives + self.false_negatives)
    }
}

/// The counts when every score at or above `threshold` is flagged.
///
/// # Errors
/// Lists of different length, no row, NaN scores or threshold.
pub fn confusion_at(scores: &[f64], labels: &[bool], threshold: f64) -> Result<Confusion, EvaluateError> {
    let metric = "confusion_at";
    check(metric, scores, labels)?;
    if threshold.is_nan() {
        return Err(EvaluateError::NotANumber { metric, index: 0, value: threshold });
    }
    let mut confusion = Confusion::default();
    for (score, label) in scores.iter().zip(labels) {
        *match (*score >= threshold, *label) {
            (true, true) => &mut confusion.true_positives,
            (true, false) => &mut confusion.false_positives,
            (false, true) => &mut confusion.false_negatives,
            (false, false) => &mut confusion.true_negatives,
        } += 1;
    }
    Ok(confusion)
}

/// The F1 when every score at or above `threshold` is flagged, see [`Confusion::f1`].
///
/// # Errors
/// As [`confusion_at`], and no unusual row.
pub fn f1_at(scores: &[f64], labels: &[bool], threshold: f64) -> Result<f64, EvaluateError> {
    let confusion = confusion_at(scores, labels, threshold)?;
    let positives = confusion.true_positives + confusion.false_negatives;
    match confusion.f1() {
        Some(f1) if positives > 0 => Ok(f1),
        _ => Err(EvaluateError::OneClass { metric: "f1_at", positives: 0, rows: labels.len() }),
    }
}

/// The score that as a threshold gives the highest F1, the highest such score of equals.
///
/// Choose it on validation rows and apply it to test rows with [`f1_at`]; the best F1 in hindsight on test rows flatters.
///
/// # Errors
/// Lists of different length, no row, NaN scores, no unusual row.
pub fn best_f1(scores: &[f64], labels: &[bool]) -> Result<BestF1, EvaluateError> {
    let metric = "best_f1";
    let flagged = flagged(metric, scores, labels)?;
    let all = flagged.last().map_or(0, |step| step.unusual);
    if all == 0 {
        return Err(EvaluateError::OneClass { metric, positives: 0, rows: labels.len() });
    }
    let mut best = BestF1 { threshold: f64::INFINITY, f1: -1.0 };
    for step in flagged {
        // 2 TP + FP + FN = flagged rows + unusual rows.
        let f1 = 2.0 * step.unusual as f64 / (step.unusual + step.usual + all) as f64;
        if f1 > best.f1 {
            best = BestF1 { threshold: step.threshold, f1 };
        }
    }
    Ok(best)
}

/// The share of entries that agree, 0 to 1, higher is better.
///
/// # Errors
/// Lists of different length, no entry.
pub fn accuracy<T: PartialEq>(predicted: &[T], actual: &[T]) -> Result<f64, EvaluateError> {
    let metric = "accuracy";
    if predicted.len() != actual.len() {
        return Err(EvaluateError::Lengths { metric, left: predicted.len(), right: actual.len() });
    }
    let right = predicted.iter().zip(actual).filter(|(p, a)| p == a).count();
    ratio(right as u64, actual.len() as u64).ok_or(EvaluateError::Empty { metric })
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
