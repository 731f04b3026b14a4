//! How well scores of points and alarms find what is known to be unusual in series.

use std::collections::BTreeMap;

use crate::data::{Schema, Table};
use crate::error::Result;
use crate::evaluate::{self, Confusion, SegmentCounts};
use crate::models::series::{self, SeriesModel};
use crate::seed::{Seed, shuffle};

/// Of points from `learn` on in each series, whose labels were not learned from:
/// - `test.vus_pr`: see [`evaluate::vus_pr`], in the mean over the series with unusual points; beside it `floor.test.vus_pr` of
///   the same scores in any order, and `control.seasonal-naive.vus_pr` of values beside those a season before.
/// - `test.f1`, `test.false_alarm_rate`, `test.missed_alarm_rate`: of the points above the threshold of alarms, all series
///   pooled; rates are shares of ordinary and of unusual points.
/// - `test.segment_f1`: of alarms and unusual stretches, one common point being enough.
pub(super) fn insert_points(
    figures: &mut BTreeMap<String, f64>,
    model: &SeriesModel,
    (table, schema): (&Table, &Schema),
    (learn, threads): (usize, usize),
) -> Result<()> {
    let scored = model.score((table, schema), &series::AlarmChoice::default(), threads)?;
    let naive = series::DetectorConfig::SeasonalNaive(Default::default());
    let naive = series::Detector::fit(&scored.set, &naive, false, threads)?.score(&scored.set, threads)?;
    let mut volumes: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut points, mut segments) = (Confusion::default(), SegmentCounts::default());
    for (i, known) in scored.set.series.iter().enumerate() {
        let scores = &scored.scores[i].scores;
        let judged: Vec<usize> = (learn..known.len()).filter(|&j| !scores[j].is_nan()).collect();
        let labels: Vec<bool> = judged.iter().map(|&j| known.labels[j]).collect();
        let of = |scores: &[f64]| judged.iter().map(|&j| scores[j]).collect::<Vec<f64>>();
        let own = of(scores);
        if own.is_empty() {
            continue;
        }
        let found = evaluate::confusion_at(&own, &labels, scored.threshold.next_up())?;
        points.true_positives += found.true_positives;
        points.false_positives += found.false_positives;
        points.false_negatives += found.false_negatives;
        points.true_negatives += found.true_negatives;
        let raised: Vec<std::ops::Range<usize>> = scored
            .alarms_of(i)
            .filter(|alarm| alarm.end > learn)
            .map(|a| a.start.max(learn)..a.end)
            .collect();
        let unusual: Vec<bool> = (0..known.len()).map(|j| j >= learn && known.labels[j]).collect();
        let found = SegmentCounts::of(&evaluate::flagged_ranges(&unusual), &raised);
        segments.true_positives += found.true_positives;
        segments.false_positives += found.false_positives;
        segments.false_negatives += found.false_negatives;
        if !labels.contains(&true) {
            continue;
        }
        let lengths = known.values.iter().map(|channel| series::period(channel));
        let window = lengths.max().unwrap_or(1);
        let mut shuffled = own.clone();
        shuffle(&mut shuffled, &mut Seed(0).stream("points in any order"));
        let controls =
            [("floor.test.vus_pr", shuffled), ("control.seasonal-naive.vus_pr", of(&naive[i].scores))];
        for (name, scores) in [("test.vus_pr", own)].into_iter().chain(controls) {
            volumes.entry(name).or_default().push(evaluate::vus_pr(&scores, &labels, window)?);
        }
    }
    for (name, volumes) in volumes {
        figures.insert(name.to_string(), evaluate::mean(&volumes)?);
    }
    let missed = points.recall().map(|recall| 1.0 - recall);
    let (wrong, right) = (points.false_positives, points.true_negatives);
    let raised = (wrong + right > 0).then(|| wrong as f64 / (wrong + right) as f64);
    for (name, value) in [
        ("test.f1", points.f1()),
        ("test.false_alarm_rate", raised),
        ("test.missed_alarm_rate", missed),
        ("test.segment_f1", segments.f1()),
    ] {
        if let Some(value) = value {
            figures.insert(name.to_string(), value);
        }
    }
    Ok(())
}
