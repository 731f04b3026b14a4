//! Against scikit-learn and SciPy: `tests/fixtures/metrics.py` wrote the expected values.

use serde::Deserialize;

use super::*;
use crate::data::Matrix;
use crate::error::EvaluateError;
use crate::project::Pca;

#[derive(Deserialize)]
struct Expected {
    ranking: Vec<Ranking>,
    controls: Controls,
    kolmogorov_smirnov: Distance,
}

#[derive(Deserialize)]
struct Ranking {
    name: String,
    scores: Vec<f64>,
    labels: Vec<bool>,
    auroc: f64,
    average_precision: f64,
    precision: Vec<f64>,
    recall: Vec<f64>,
    thresholds: Vec<f64>,
    false_positive_rate: Vec<f64>,
    true_positive_rate: Vec<f64>,
    roc_thresholds: Vec<f64>,
    f1: Vec<f64>,
}

#[derive(Deserialize)]
struct Controls {
    train: Vec<f32>,
    test: Vec<f32>,
    width: usize,
    variances: Vec<f64>,
    variance_shares: Vec<f64>,
    components: Vec<f64>,
    pca_reconstruction_error: Vec<f64>,
    knn_distance_5: Vec<f64>,
}

#[derive(Deserialize)]
struct Distance {
    left: Vec<f64>,
    right: Vec<f64>,
    statistic: f64,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("../../tests/fixtures/metrics.json")).unwrap()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what} at {i}: {a} and {b}");
    }
}

#[test]
fn rankings_agree_with_scikit_learn() {
    for case in expected().ranking {
        let (scores, labels, name) = (&case.scores, &case.labels, &case.name);
        assert_close(&[auroc(scores, labels).unwrap()], &[case.auroc], 1e-15, name);
        assert_close(&[average_precision(scores, labels).unwrap()], &[case.average_precision], 1e-15, name);
        let curve = precision_recall_curve(scores, labels).unwrap();
        let part = |of: fn(&PrecisionRecallPoint) -> f64| curve.iter().map(of).collect::<Vec<_>>();
        assert_close(&part(|p| p.threshold), &case.thresholds, 0.0, name);
        assert_close(&part(|p| p.precision), &case.precision, 1e-15, name);
        assert_close(&part(|p| p.recall), &case.recall, 1e-15, name);
        let curve = roc_curve(scores, labels).unwrap();
        let part = |of: fn(&RocPoint) -> f64| curve.iter().map(of).collect::<Vec<_>>();
        assert_eq!(curve[0].threshold, f64::INFINITY);
        assert_close(&part(|p| p.threshold)[1..], &case.roc_thresholds, 0.0, name);
        assert_close(&part(|p| p.false_positive_rate), &case.false_positive_rate, 1e-15, name);
        assert_close(&part(|p| p.true_positive_rate), &case.true_positive_rate, 1e-15, name);
        let f1: Vec<f64> = case.thresholds.iter().map(|t| f1_at(scores, labels, *t).unwrap()).collect();
        assert_close(&f1, &case.f1, 1e-15, name);
        let best = best_f1(scores, labels).unwrap();
        let highest = case.f1.iter().copied().fold(0.0, f64::max);
        assert_close(&[best.f1, f1_at(scores, labels, best.threshold).unwrap()], &[highest; 2], 1e-15, name);
    }
}

#[test]
fn controls_agree_with_scikit_learn() {
    let case = expected().controls;
    let matrix = |values: &[f32]| Matrix {
        n_rows: values.len() / case.width,
        n_cols: case.width,
        values: values.to_vec(),
    };
    let (train, test) = (matrix(&case.train), matrix(&case.test));
    let pca = Pca::fit(&train, 3).unwrap();
    assert_close(pca.variances(), &case.variances, 1e-11, "variances");
    assert_close(&pca.variance_shares(), &case.variance_shares, 1e-12, "shares");
    let components: Vec<f64> = pca.components().flatten().copied().collect();
    assert_close(&components, &case.components, 1e-11, "components");
    let error = pca_reconstruction_error(&train, &test, 3).unwrap();
    assert_close(&error, &case.pca_reconstruction_error, 1e-11, "reconstruction error");
    let distance = knn_distance(&train, &test, 5, 2).unwrap();
    assert_close(&distance, &case.knn_distance_5, 1e-12, "distance");
}

#[test]
fn the_kolmogorov_smirnov_distance_agrees_with_scipy() {
    let case = expected().kolmogorov_smirnov;
    let found = kolmogorov_smirnov(&case.left, &case.right).unwrap();
    assert_close(&[found], &[case.statistic], 1e-15, "distance");
}

#[test]
fn rankings_counted_by_hand_come_out() {
    // Pairs (unusual, usual): 0.8 beats both, 0.35 beats one of two: 3 of 4.
    let (scores, labels) = ([0.1, 0.4, 0.35, 0.8], [false, false, true, true]);
    assert_eq!(auroc(&scores, &labels).unwrap(), 0.75);
    // Precision 1 at the first unusual row, 2/3 at the second.
    assert_eq!(average_precision(&scores, &labels).unwrap(), (1.0 + 2.0 / 3.0) / 2.0);
    let confusion = confusion_at(&scores, &labels, 0.35).unwrap();
    let expected = Confusion { true_positives: 2, false_positives: 1, false_negatives: 0, true_negatives: 1 };
    assert_eq!(confusion, expected);
    assert_eq!((confusion.precision(), confusion.recall()), (Some(2.0 / 3.0), Some(1.0)));
    assert_eq!((confusion.f1(), confusion.accuracy()), (Some(0.8), Some(0.75)));
    assert_eq!(best_f1(&scores, &labels).unwrap(), BestF1 { threshold: 0.35, f1: 0.8 });
    assert_eq!(accuracy(&[1, 2, 3, 4], &[1, 2, 0, 4]).unwrap(), 0.75);
}

#[test]
fn infinite_scores_rank_and_ties_count_half() {
    let (scores, labels) = ([f64::INFINITY, 0.0, -0.0, f64::NEG_INFINITY], [true, true, false, false]);
    assert_eq!(auroc(&scores, &labels).unwrap(), 0.875);
}

#[test]
fn undefined_figures_are_typed_errors() {
    let metric = "auroc";
    assert_eq!(auroc(&[], &[]), Err(EvaluateError::Empty { metric }));
    assert_eq!(auroc(&[1.0], &[]), Err(EvaluateError::Lengths { metric, left: 1, right: 0 }));
    let one_class = EvaluateError::OneClass { metric, positives: 2, rows: 2 };
    assert_eq!(auroc(&[1.0, 2.0], &[true, true]), Err(one_class));
    assert_eq!(
        average_precision(&[1.0, f64::NAN], &[true, false]).unwrap_err().to_string(),
        "`average_precision` needs numbers, found NaN at index 1"
    );
    assert_eq!(
        roc_curve(&[1.0, 2.0], &[false, false]).unwrap_err().to_string(),
        "`roc_curve` needs rows of both classes, found 0 unusual rows of 2"
    );
    assert!(f1_at(&[1.0], &[false], 0.5).is_err() && best_f1(&[1.0], &[false]).is_err());
    assert!(confusion_at(&[1.0], &[true], f64::NAN).is_err());
    assert!(accuracy::<u8>(&[], &[]).is_err());
    let nothing = confusion_at(&[1.0], &[false], 2.0).unwrap();
    assert_eq!((nothing.precision(), nothing.recall(), nothing.f1()), (None, None, None));
}
