//! Figures of a sample as they would be where unusual rows have another share: labelled rows are seldom as rare as the rows
//! that a detector will see.

use super::confusion::{BestF1, confusion_at};
use super::ranking::{both_classes, check, flagged};
use crate::error::EvaluateError;

/// [`super::average_precision`] as it would be if unusual rows were `rate` of all: usual rows count so often that they are
/// the rest. 0 to 1, higher is better, `rate` by chance.
///
/// At a small rate a single usual row above the unusual ones stands for many, so the figure is as noisy as those few rows.
///
/// # Errors
/// As [`super::average_precision`], and a rate outside 0 to 1.
pub fn average_precision_at_rate(scores: &[f64], labels: &[bool], rate: f64) -> Result<f64, EvaluateError> {
    let flagged = both_classes("average_precision_at_rate", scores, labels)?;
    let (weight, all) = (weight(labels, rate)?, positives(labels));
    let (mut sum, mut unusual) = (0.0, 0);
    for step in &flagged {
        let precision = step.unusual as f64 / (step.unusual as f64 + weight * step.usual as f64);
        sum += (step.unusual - unusual) as f64 * if step.unusual > 0 { precision } else { 0.0 };
        unusual = step.unusual;
    }
    Ok(sum / all)
}

/// [`super::f1_at`] as it would be if unusual rows were `rate` of all.
///
/// # Errors
/// As [`super::f1_at`], fewer than one row of each class, and a rate outside 0 to 1.
pub fn f1_at_rate(scores: &[f64], labels: &[bool], threshold: f64, rate: f64) -> Result<f64, EvaluateError> {
    both_classes("f1_at_rate", scores, labels)?;
    let confusion = confusion_at(scores, labels, threshold)?;
    let caught = confusion.true_positives as f64;
    let alarms = caught + weight(labels, rate)? * confusion.false_positives as f64;
    Ok(2.0 * caught / (alarms + positives(labels)))
}

/// The threshold with the highest F1 if unusual rows were `rate` of all, halfway to the next lower score, and of equally good
/// ones the middle one.
///
/// Choose it on validation rows and apply it to test rows with [`f1_at_rate`].
///
/// # Errors
/// As [`f1_at_rate`].
pub fn best_f1_at_rate(scores: &[f64], labels: &[bool], rate: f64) -> Result<BestF1, EvaluateError> {
    let flagged = both_classes("best_f1_at_rate", scores, labels)?;
    let (weight, all) = (weight(labels, rate)?, positives(labels));
    let of = |step: &super::ranking::Flagged| {
        2.0 * step.unusual as f64 / (step.unusual as f64 + weight * step.usual as f64 + all)
    };
    let f1 = flagged.iter().map(of).fold(0.0, f64::max);
    let best: Vec<usize> = (0..flagged.len()).filter(|&i| of(&flagged[i]) >= f1 - 1e-12).collect();
    let at = best[best.len() / 2];
    let next = flagged.get(at + 1).map_or(flagged[at].threshold, |step| step.threshold);
    Ok(BestF1 { threshold: f64::midpoint(flagged[at].threshold, next), f1 })
}

/// The threshold with the highest F1 where unusual rows are `rate` of all, from scores of labelled unusual rows and of rows
/// without a label: few labelled usual rows cannot show how rare false alarms are, and many unlabelled ones can.
///
/// `F1(t) = 2 π r(t) / (π + max(q(t), π r(t)))`, with π the rate, r the share of the labelled unusual rows and q that of the
/// unlabelled ones at or above t; of equally good ones the middle one. The scores must be of models that were not fitted to these
/// rows, or the threshold falls to nothing.
///
/// # Errors
/// No scores of either kind, a score that is NaN, and a rate outside 0 to 1.
pub fn threshold_of_unlabelled(unusual: &[f64], unlabelled: &[f64], rate: f64) -> Result<f64, EvaluateError> {
    let metric = "threshold_of_unlabelled";
    if unusual.is_empty() || unlabelled.is_empty() {
        return Err(EvaluateError::Empty { metric });
    }
    checked(rate)?;
    let scores: Vec<f64> = unusual.iter().chain(unlabelled).copied().collect();
    let labels: Vec<bool> = (0..scores.len()).map(|i| i < unusual.len()).collect();
    check(metric, &scores, &labels)?;
    let flagged = flagged(metric, &scores, &labels)?;
    let of = |step: &super::ranking::Flagged| {
        let recall = step.unusual as f64 / unusual.len() as f64;
        let alarms = step.usual as f64 / unlabelled.len() as f64;
        2.0 * rate * recall / (rate + alarms.max(rate * recall))
    };
    let most = flagged.iter().map(of).fold(0.0, f64::max);
    let best: Vec<&super::ranking::Flagged> =
        flagged.iter().filter(|step| of(step) >= most - 1e-12).collect();
    Ok(best[best.len() / 2].threshold)
}

fn positives(labels: &[bool]) -> f64 {
    labels.iter().filter(|label| **label).count() as f64
}

/// How often a usual row counts.
fn weight(labels: &[bool], rate: f64) -> Result<f64, EvaluateError> {
    let rate = checked(rate)?;
    let unusual = positives(labels);
    Ok((1.0 - rate) / rate * unusual / (labels.len() as f64 - unusual))
}

fn checked(rate: f64) -> Result<f64, EvaluateError> {
    let is_share = rate > 0.0 && rate < 1.0;
    if is_share {
        Ok(rate)
    } else {
        Err(EvaluateError::Parameter { name: "rate", found: rate, low: 0.0, high: 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{average_precision, best_f1, f1_at};

    const SCORES: [f64; 8] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
    const LABELS: [bool; 8] = [true, false, true, true, false, false, false, true];

    #[test]
    fn at_the_rate_of_the_sample_figures_are_the_plain_ones() {
        let same = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        same(
            average_precision_at_rate(&SCORES, &LABELS, 0.5).unwrap(),
            average_precision(&SCORES, &LABELS).unwrap(),
        );
        same(f1_at_rate(&SCORES, &LABELS, 0.55, 0.5).unwrap(), f1_at(&SCORES, &LABELS, 0.55).unwrap());
        let (at_rate, plain) =
            (best_f1_at_rate(&SCORES, &LABELS, 0.5).unwrap(), best_f1(&SCORES, &LABELS).unwrap());
        same(at_rate.f1, plain.f1);
        // Halfway between 0.6, the last that is flagged, and 0.5.
        same(at_rate.threshold, 0.55);
    }

    #[test]
    fn usual_rows_count_as_often_as_the_rate_says() {
        // Each usual row counts nine times: precisions 1, 2 / 11, 3 / 12, 4 / 40.
        let wanted = (1.0 + 2.0 / 11.0 + 3.0 / 12.0 + 4.0 / 40.0) / 4.0;
        let found = average_precision_at_rate(&SCORES, &LABELS, 0.1).unwrap();
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        let f1 = f1_at_rate(&SCORES, &LABELS, 0.6, 0.1).unwrap();
        assert!((f1 - 6.0 / (3.0 + 9.0 + 4.0)).abs() < 1e-12);
    }

    #[test]
    fn unlabelled_rows_raise_a_threshold_that_few_labels_would_leave_low() {
        // Of 100 unlabelled rows, three are above 0.5: with a rate of 1 % that is too many alarms.
        let unlabelled: Vec<f64> =
            (0..100).map(|i| if i < 3 { 0.6 } else { 0.1 + f64::from(i) * 1e-3 }).collect();
        let threshold = threshold_of_unlabelled(&[0.9, 0.8, 0.55], &unlabelled, 0.01).unwrap();
        assert_eq!(threshold, 0.8);
        // Where a tenth is unusual, any up to ten alarms in a hundred are as good: the middle of those thresholds.
        let threshold = threshold_of_unlabelled(&[0.9, 0.8, 0.55], &unlabelled, 0.1).unwrap();
        assert!((threshold - 0.196).abs() < 1e-9, "{threshold}");
    }

    #[test]
    fn bad_input_is_refused() {
        assert!(average_precision_at_rate(&SCORES, &LABELS, 0.0).is_err());
        assert!(f1_at_rate(&SCORES, &[true; 8], 0.5, 0.5).is_err());
        assert!(threshold_of_unlabelled(&[], &[0.1], 0.1).is_err());
        assert!(threshold_of_unlabelled(&[f64::NAN], &[0.1], 0.1).is_err());
    }
}
