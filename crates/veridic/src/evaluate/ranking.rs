use crate::error::EvaluateError;

/// One point of a ROC curve: what flagging every score at or above the threshold catches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// The lowest flagged score; infinite at the start, where nothing is flagged.
    pub threshold: f64,
    /// Flagged share of the usual rows, 0 to 1.
    pub false_positive_rate: f64,
    /// Flagged share of the unusual rows, 0 to 1.
    pub true_positive_rate: f64,
}

/// One point of a precision-recall curve: what flagging every score at or above the threshold catches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionRecallPoint {
    /// The lowest flagged score.
    pub threshold: f64,
    /// Unusual share of the flagged rows, 0 to 1.
    pub precision: f64,
    /// Flagged share of the unusual rows, 0 to 1.
    pub recall: f64,
}

/// Rows flagged at or above a score: unusual ones and usual ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flagged {
    pub(super) threshold: f64,
    pub(super) unusual: u64,
    pub(super) usual: u64,
}

/// The probability that an unusual row scores higher than a usual one, ties counting half: the area under the ROC
/// curve, 0 to 1, higher is better, 0.5 by chance.
///
/// `AUROC = (sum of the mid-ranks of the P unusual rows - P (P + 1) / 2) / (P N)`, computed in integers.
/// Source: Hanley and McNeil, Radiology 143 (1982); equal to scikit-learn's `roc_auc_score`.
///
/// # Errors
/// Lists of different length, NaN scores, fewer than one row of each class.
pub fn auroc(scores: &[f64], labels: &[bool]) -> Result<f64, EvaluateError> {
    let flagged = both_classes("auroc", scores, labels)?;
    let (mut twice_area, mut unusual, mut usual) = (0u64, 0u64, 0u64);
    for step in &flagged {
        twice_area += (step.usual - usual) * (unusual + step.unusual);
        (unusual, usual) = (step.unusual, step.usual);
    }
    Ok(twice_area as f64 / 2.0 / (unusual as f64 * usual as f64))
}

/// The mean precision over the unusual rows in the order of falling scores, 0 to 1, higher is better, the share of
/// unusual rows by chance.
///
/// `AP = Σ (R_n - R_(n-1)) P_n` over the distinct scores, without interpolation; rows of equal score are flagged
/// together. Source: scikit-learn's `average_precision_score`.
///
/// # Errors
/// As [`auroc`].
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Result<f64, EvaluateError> {
    let flagged = both_classes("average_precision", scores, labels)?;
    let all = flagged.last().map_or(0, |step| step.unusual);
    let (mut sum, mut unusual) = (0.0, 0);
    for step in &flagged {
        sum += (step.unusual - unusual) as f64 * precision(step);
        unusual = step.unusual;
    }
    Ok(sum / all as f64)
}

/// Precision and recall at each distinct score, from the highest score down.
///
/// Reversed and without its appended point (precision 1, recall 0) this is scikit-learn's `precision_recall_curve`.
///
/// # Errors
/// As [`auroc`].
pub fn precision_recall_curve(
    scores: &[f64],
    labels: &[bool],
) -> Result<Vec<PrecisionRecallPoint>, EvaluateError> {
    let flagged = both_classes("precision_recall_curve", scores, labels)?;
    let all = flagged.last().map_or(0, |step| step.unusual) as f64;
    Ok(flagged
        .iter()
        .map(|step| PrecisionRecallPoint {
            threshold: step.threshold,
            precision: precision(step),
            recall: step.unusual as f64 / all,
        })
        .collect())
}

/// False and true positive rate at each distinct score, from (0, 0) at an infinite threshold to (1, 1).
///
/// Equal to scikit-learn's `roc_curve` with `drop_intermediate=False`.
///
/// # Errors
/// As [`auroc`].
pub fn roc_curve(scores: &[f64], labels: &[bool]) -> Result<Vec<RocPoint>, EvaluateError> {
    let flagged = both_classes("roc_curve", scores, labels)?;
    let (unusual, usual) = flagged.last().map_or((0, 0), |step| (step.unusual, step.usual));
    let start = Flagged { threshold: f64::INFINITY, unusual: 0, usual: 0 };
    Ok(std::iter::once(&start)
        .chain(&flagged)
        .map(|step| RocPoint {
            threshold: step.threshold,
            false_positive_rate: step.usual as f64 / usual as f64,
            true_positive_rate: step.unusual as f64 / unusual as f64,
        })
        .collect())
}

/// Counts at each distinct score from the highest down; at least one row, no NaN.
pub(super) fn flagged(
    metric: &'static str,
    scores: &[f64],
    labels: &[bool],
) -> Result<Vec<Flagged>, EvaluateError> {
    check(metric, scores, labels)?;
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut flagged = Vec::new();
    let (mut unusual, mut usual) = (0, 0);
    for equal in order.chunk_by(|a, b| a.0 == b.0) {
        let found = equal.iter().filter(|(_, label)| *label).count();
        unusual += found as u64;
        usual += (equal.len() - found) as u64;
        flagged.push(Flagged { threshold: equal[0].0, unusual, usual });
    }
    Ok(flagged)
}

pub(super) fn check(metric: &'static str, scores: &[f64], labels: &[bool]) -> Result<(), EvaluateError> {
    if scores.len() != labels.len() {
        return Err(EvaluateError::Lengths { metric, left: scores.len(), right: labels.len() });
    }
    if scores.is_empty() {
        return Err(EvaluateError::Empty { metric });
    }
    match scores.iter().position(|score| score.is_nan()) {
        Some(index) => Err(EvaluateError::NotANumber { metric, index, value: scores[index] }),
        None => Ok(()),
    }
}

pub(super) fn both_classes(
    metric: &'static str,
    scores: &[f64],
    labels: &[bool],
) -> Result<Vec<Flagged>, EvaluateError> {
    let flagged = flagged(metric, scores, labels)?;
    let positives = labels.iter().filter(|label| **label).count();
    if positives == 0 || positives == labels.len() {
        return Err(EvaluateError::OneClass { metric, positives, rows: labels.len() });
    }
    Ok(flagged)
}

fn precision(step: &Flagged) -> f64 {
    step.unusual as f64 / (step.unusual + step.usual) as f64
}
