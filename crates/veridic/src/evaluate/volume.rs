//! The volume under the precision-recall surface of a series.

use std::ops::Range;

use super::range::flagged_ranges;
use super::ranking::check;
use crate::error::EvaluateError;

const METRIC: &str = "vus_pr";

/// Thresholds of each curve, at even ranks of the scores.
const THRESHOLDS: usize = 250;

/// VUS-PR: the area under a precision-recall curve that forgives alarms near an unusual stretch, averaged over how near
/// (0 to `window` points), 0 to 1, higher is better.
///
/// For each buffer `w` the labels are widened by `w / 2` points on either side; a point at distance `d` weighs
/// `sqrt(1 - d / w)`, summed over stretches and capped at 1. With `P` labelled points and `E` the weights of flagged widened
/// points, true positives are the flagged labelled points and `E`, recall is `min(TP / (P + E / 2), 1)` times the share of
/// widened stretches with any flagged point, precision is `TP` per flagged point, and the area is the sum of rises of recall
/// times precision. A constant score gets about the labelled share; smooth scores are forgiven more than sharp ones.
///
/// Takes time rows x log(rows) + `window` x (labelled and widened points).
/// Source: Paparrizos et al., VLDB 15 (2022), as TSB-AD computes it (250 thresholds, largest buffer the window).
///
/// # Errors
/// Lists of different length, no row, NaN scores, no labelled row.
pub fn vus_pr(scores: &[f64], labels: &[bool], window: usize) -> Result<f64, EvaluateError> {
    check(METRIC, scores, labels)?;
    let stretches = flagged_ranges(labels);
    if stretches.is_empty() {
        return Err(EvaluateError::OneClass { metric: METRIC, positives: 0, rows: labels.len() });
    }
    let (first, flagged) = first_thresholds(scores);
    let positives = labels.iter().filter(|label| **label).count() as f64;
    let mut labelled = [0.0; THRESHOLDS];
    for (threshold, _) in first.iter().zip(labels).filter(|(_, label)| **label) {
        labelled[usize::from(*threshold)] += 1.0;
    }
    let mut weights = vec![0.0; scores.len()];
    let areas = (0..=window).map(|buffer| {
        let near = widened(&first, labels, &stretches, buffer, &mut weights);
        let (found, zones) = found_zones(&first, &stretches, buffer / 2);
        let [mut inside, mut extra, mut seen, mut area, mut before] = [0.0; 5];
        for k in 0..THRESHOLDS {
            inside += labelled[k];
            extra += near[k];
            seen += found[k];
            let true_positives: f64 = inside + extra;
            let recall = (true_positives / (positives + extra / 2.0)).min(1.0) * seen / zones;
            area += (recall - before) * true_positives / flagged[k];
            before = recall;
        }
        area
    });
    Ok(areas.sum::<f64>() / (window + 1) as f64)
}

/// The first of the falling thresholds that each score reaches, and the scores that reach each threshold.
fn first_thresholds(scores: &[f64]) -> (Vec<u8>, [f64; THRESHOLDS]) {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let last = sorted.len() - 1;
    let step = last as f64 / (THRESHOLDS - 1) as f64;
    let mut thresholds = [sorted[last]; THRESHOLDS];
    for (k, threshold) in thresholds.iter_mut().enumerate().take(THRESHOLDS - 1) {
        *threshold = sorted[(k as f64 * step) as usize];
    }
    let first = scores.iter().map(|score| thresholds.partition_point(|t| t > score) as u8).collect();
    (first, thresholds.map(|threshold| sorted.partition_point(|score| *score >= threshold) as f64))
}

/// The weights of widened points outside the labels by the first threshold that they reach; `weights` is zero before and
/// after.
fn widened(
    first: &[u8],
    labels: &[bool],
    stretches: &[Range<usize>],
    buffer: usize,
    weights: &mut [f64],
) -> [f64; THRESHOLDS] {
    let half = buffer / 2;
    let mut sums = [0.0; THRESHOLDS];
    let weight = |distance: usize| (1.0 - distance as f64 / buffer as f64).sqrt();
    let after = |stretch: &Range<usize>| stretch.end..(stretch.end + half).min(labels.len());
    let before = |stretch: &Range<usize>| stretch.start.saturating_sub(half)..stretch.start;
    for stretch in stretches {
        after(stretch).for_each(|t| weights[t] += weight(t + 1 - stretch.end));
        before(stretch).for_each(|t| weights[t] += weight(stretch.start - t));
    }
    for t in stretches.iter().flat_map(|stretch| after(stretch).chain(before(stretch))) {
        // Each point counts once, however many stretches are near.
        if !labels[t] && weights[t] > 0.0 {
            sums[usize::from(first[t])] += weights[t].min(1.0);
        }
        weights[t] = 0.0;
    }
    sums
}

/// Widened stretches, those that touch as one, by the first threshold that one of their points reaches; and how many.
fn found_zones(first: &[u8], stretches: &[Range<usize>], half: usize) -> ([f64; THRESHOLDS], f64) {
    let mut found = [0.0; THRESHOLDS];
    let mut zones = 0.0;
    let mut start = stretches[0].start.saturating_sub(half);
    for (i, stretch) in stretches.iter().enumerate() {
        let next = stretches.get(i + 1).map(|next| next.start.saturating_sub(half));
        // Inclusive ends: zones that share a point are one.
        if next.is_some_and(|next| stretch.end - 1 + half >= next) {
            continue;
        }
        let end = (stretch.end + half).min(first.len());
        let earliest = first[start..end].iter().copied().min().unwrap_or(0);
        found[usize::from(earliest)] += 1.0;
        zones += 1.0;
        start = next.unwrap_or(start);
    }
    (found, zones)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::average_precision;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Case {
        scores: Vec<f64>,
        ranges: Vec<[usize; 2]>,
        window: usize,
        vus_pr: f64,
    }

    #[test]
    fn equals_the_literal_form_of_the_benchmark() {
        let text = include_str!("../../tests/fixtures/volume.json");
        let cases: Vec<Case> = serde_json::from_str(text).unwrap();
        assert!(cases.len() >= 6);
        for (i, case) in cases.iter().enumerate() {
            let mut labels = vec![false; case.scores.len()];
            for [first, last] in &case.ranges {
                labels[*first..=*last].fill(true);
            }
            let found = vus_pr(&case.scores, &labels, case.window).unwrap();
            assert!((found - case.vus_pr).abs() < 1e-12, "case {i}: {found} {}", case.vus_pr);
        }
    }

    #[test]
    fn without_buffer_a_perfect_score_is_one_and_a_constant_the_labelled_share() {
        let labels: Vec<bool> = (0..300).map(|i| (100..130).contains(&i)).collect();
        let perfect: Vec<f64> = labels.iter().map(|label| f64::from(u8::from(*label))).collect();
        assert!((vus_pr(&perfect, &labels, 0).unwrap() - 1.0).abs() < 1e-12);
        assert!((vus_pr(&[1.0; 300], &labels, 0).unwrap() - 0.1).abs() < 1e-12);
        // One stretch and at most 250 points: without buffer it is the average precision.
        let scores: Vec<f64> = (0..200).map(|i| f64::from(i * 7919 % 200)).collect();
        let labels: Vec<bool> = (0..200).map(|i| (50..70).contains(&i)).collect();
        let precision = average_precision(&scores, &labels).unwrap();
        assert!((vus_pr(&scores, &labels, 0).unwrap() - precision).abs() < 1e-12);
    }

    #[test]
    fn a_near_miss_is_forgiven_by_a_buffer_only() {
        let labels: Vec<bool> = (0..1000).map(|i| (500..510).contains(&i)).collect();
        let near: Vec<f64> = (0..1000).map(|i| f64::from(u8::from((512..522).contains(&i)))).collect();
        let far: Vec<f64> = (0..1000).map(|i| f64::from(u8::from((700..710).contains(&i)))).collect();
        let at = |scores: &[f64], window| vus_pr(scores, &labels, window).unwrap();
        assert!(at(&near, 0) < 0.02 && at(&near, 50) > 0.2, "{} {}", at(&near, 0), at(&near, 50));
        assert!(at(&far, 50) < at(&near, 50) / 5.0);
    }

    #[test]
    fn no_labelled_row_and_scores_that_are_none_are_errors() {
        assert!(matches!(vus_pr(&[1.0, 2.0], &[false; 2], 3), Err(EvaluateError::OneClass { .. })));
        assert!(matches!(vus_pr(&[f64::NAN], &[true], 3), Err(EvaluateError::NotANumber { .. })));
        assert!(matches!(vus_pr(&[1.0], &[true, false], 3), Err(EvaluateError::Lengths { .. })));
    }
}
