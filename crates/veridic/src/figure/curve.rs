//! How well scores separate two classes: ROC and precision-recall curves.

use super::Figure;
use super::axis::{BELOW, Panel, space_left};
use super::canvas::Canvas;
use super::color::{LINE, category, hex};
use super::header::{self, Entry, Mark, join_notes};
use super::number::{Numbers, exact, grouped};
use super::scale::Scale;
use crate::error::FigureError;

const NAME: &str = "ROC and precision-recall curves";
const SIDE: f64 = 340.0;

/// What [`roc_pr`] draws.
#[derive(Debug, Clone, Copy)]
pub struct RocPr<'a> {
    /// The title.
    pub title: &'a str,
    /// Whether each row is of the class that should score high.
    pub positive: &'a [bool],
    /// The scorers in the order of the legend.
    pub scorers: &'a [Scorer<'a>],
}

/// One scorer of [`RocPr`].
#[derive(Debug, Clone, Copy)]
pub struct Scorer<'a> {
    /// The name in the legend, where the two areas are added.
    pub name: &'a str,
    /// A score a row, higher for rows that look positive.
    pub scores: &'a [f64],
}

/// Draws ROC and precision-recall curves side by side, with their areas in the legend.
///
/// The area under the ROC curve is by trapezoids, so ties count half; the area under the precision-recall curve is the
/// average precision, `sum over thresholds of (recall - recall before) * precision`. Dashed lines are what random scores
/// reach. The CSV has a row a threshold at which a curve turns: `scorer`, `threshold`, `false_positive_rate`, `recall`, `precision`.
///
/// # Errors
/// [`FigureError::Empty`] without scorers, or if one of the two classes has no rows; [`FigureError::Length`] if scores and
/// rows differ in number; [`FigureError::NotFinite`] naming the first score that is not finite.
pub fn roc_pr(input: &RocPr<'_>) -> Result<Figure, FigureError> {
    let positives = input.positive.iter().filter(|positive| **positive).count();
    let negatives = input.positive.len() - positives;
    let parts =
        [("scorers", input.scorers.len()), ("positive rows", positives), ("negative rows", negatives)];
    if let Some((what, _)) = parts.iter().find(|(_, count)| *count == 0) {
        return Err(FigureError::Empty { figure: NAME, what: format!("the list of {what}") });
    }
    for scorer in input.scorers {
        let (found, expected) = (scorer.scores.len(), input.positive.len());
        let what = format!("the scores of '{}'", scorer.name);
        if found != expected {
            return Err(FigureError::Length { figure: NAME, what, found, expected });
        }
        if let Some((row, value)) = scorer.scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
            return Err(FigureError::NotFinite { figure: NAME, what, row: row + 1, value: *value });
        }
    }
    let curves: Vec<Vec<Step>> =
        input.scorers.iter().map(|scorer| steps(scorer.scores, input.positive)).collect();

    let y = Scale::exact(0.0, 1.0, 5);
    let left = space_left(&y);
    let mut canvas = Canvas::new(input.title, 2.0 * (left + SIDE) + 36.0);
    let legend: Vec<Entry> = input
        .scorers
        .iter()
        .zip(&curves)
        .enumerate()
        .map(|(i, (scorer, curve))| {
            let (roc, pr) = areas(curve);
            let name = format!("{}: area under ROC {roc:.3}, average precision {pr:.3}", scorer.name);
            Entry { name, color: hex(category(i)), mark: Mark::Line }
        })
        .collect();
    let share = positives as f64 / input.positive.len() as f64;
    let counts = format!("{} positive and {} negative rows", grouped(positives), grouped(negatives));
    let note = join_notes(&[&counts, "dashed: random scores"]);
    let top = header::draw(&mut canvas, input.title, &note, &legend);

    let unit = || Scale::exact(0.0, 1.0, 5);
    let panel = |left: f64| Panel { left, top, width: SIDE, height: SIDE, x: unit(), y: unit() };
    let (roc, pr) = (panel(left), panel(2.0 * left + SIDE + 6.0));
    roc.frame(&mut canvas, "false positive rate", "true positive rate (recall)");
    pr.frame(&mut canvas, "recall", "precision");
    let dashed = format!(r#"stroke="{LINE}" stroke-width="1.5" stroke-dasharray="5 4""#);
    canvas.line([roc.left, roc.bottom()], [roc.right(), roc.top], &dashed);
    canvas.line([pr.left, pr.down(share)], [pr.right(), pr.down(share)], &dashed);
    for (i, curve) in curves.iter().enumerate() {
        let style = format!(r#"stroke="{}" stroke-width="2" stroke-linejoin="round""#, hex(category(i)));
        let start = [roc.across(0.0), roc.down(0.0)];
        let points = curve.iter().map(|step| [roc.across(step.false_positives), roc.down(step.recall)]);
        canvas.polyline(&thinned(std::iter::once(start).chain(points)), &style);
        // The average precision is the area below these stairs.
        let mut before = 0.0;
        let points = curve.iter().flat_map(|step| {
            let stair = [before, step.recall].map(|recall| [pr.across(recall), pr.down(step.precision)]);
            before = step.recall;
            stair
        });
        canvas.polyline(&thinned(points), &style);
    }
    canvas.height = roc.bottom() + BELOW;

    let mut numbers = Numbers::new(["scorer", "threshold", "false_positive_rate", "recall", "precision"]);
    for (scorer, curve) in input.scorers.iter().zip(&curves) {
        for step in curve {
            let values = [step.threshold, step.false_positives, step.recall, step.precision].map(exact);
            numbers.row(std::iter::once(scorer.name.to_owned()).chain(values));
        }
    }
    Ok(Figure::new(canvas, numbers.finish(), 0))
}

/// What is reached when all rows with at least `threshold` are called positive.
struct Step {
    threshold: f64,
    /// Share of the negative rows called positive.
    false_positives: f64,
    /// Share of the positive rows called positive.
    recall: f64,
    /// Share of positive rows among those called positive.
    precision: f64,
}

/// One step a distinct score, from the highest to the lowest, without those that lie between two others on a line.
fn steps(scores: &[f64], positive: &[bool]) -> Vec<Step> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let all_hits = positive.iter().filter(|positive| **positive).count() as f64;
    let all_alarms = positive.len() as f64 - all_hits;
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut steps = Vec::new();
    for (i, row) in order.iter().enumerate() {
        if positive[*row] {
            hits += 1.0;
        } else {
            alarms += 1.0;
        }
        // Equal scores cannot be told apart by a threshold.
        if order.get(i + 1).is_none_or(|next| scores[*next] < scores[*row]) {
            let (false_positives, recall) = (alarms / all_alarms, hits / all_hits);
            steps.push(Step {
                threshold: scores[*row],
                false_positives,
                recall,
                precision: hits / (hits + alarms),
            });
        }
    }
    // Between two positive rows the ROC curve is straight and the recall stands still, so the ends of such a stretch
    // hold all there is to know.
    let last = steps.len().saturating_sub(1);
    let recall: Vec<f64> = steps.iter().map(|step| step.recall).collect();
    let mut place = 0..;
    steps.retain(|_| {
        place
            .next()
            .is_some_and(|i| i == 0 || i == last || recall[i] > recall[i - 1] || recall[i + 1] > recall[i])
    });
    steps
}

/// The areas under the ROC curve and the precision-recall stairs.
fn areas(curve: &[Step]) -> (f64, f64) {
    let (mut roc, mut pr) = (0.0, 0.0);
    let mut before = (0.0, 0.0);
    for step in curve {
        roc += (step.false_positives - before.0) * (step.recall + before.1) / 2.0;
        pr += (step.recall - before.1) * step.precision;
        before = (step.false_positives, step.recall);
    }
    (roc, pr)
}

/// The points without those less than a third of a pixel from the one before; the last stays.
fn thinned(points: impl Iterator<Item = [f64; 2]>) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = Vec::new();
    let mut skipped = None;
    for point in points {
        let far = kept.last().is_none_or(|last| (last[0] - point[0]).hypot(last[1] - point[1]) > 0.33);
        if far {
            kept.push(point);
        }
        skipped = (!far).then_some(point);
    }
    kept.extend(skipped);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_of_a_known_ranking() {
        // Descending: + - + + - ; pairs ordered right: 2 + 2 - 1... counted by hand: 4 of 6.
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5];
        let positive = [true, false, true, true, false];
        let (roc, pr) = areas(&steps(&scores, &positive));
        assert!((roc - 4.0 / 6.0).abs() < 1e-12);
        assert!((pr - (1.0 + 2.0 / 3.0 + 3.0 / 4.0) / 3.0).abs() < 1e-12);
        // All tied: half, and the share of positive rows.
        let (roc, pr) = areas(&steps(&[1.0; 5], &positive));
        assert!((roc - 0.5).abs() < 1e-12 && (pr - 0.6).abs() < 1e-12);
    }

    #[test]
    fn each_scorer_has_two_curves_and_its_areas() {
        let scorers = [
            Scorer { name: "net", scores: &[3.0, 2.0, 1.0] },
            Scorer { name: "control", scores: &[1.0, 2.0, 3.0] },
        ];
        let figure =
            roc_pr(&RocPr { title: "t", positive: &[true, false, false], scorers: &scorers }).unwrap();
        let svg = figure.svg().unwrap();
        // Two frames and four curves.
        assert_eq!(svg.matches("<polyline").count(), 6);
        assert!(svg.contains("net: area under ROC 1.000, average precision 1.000"));
        assert!(svg.contains("control: area under ROC 0.000, average precision 0.333"));
        assert_eq!(
            figure.csv().lines().take(3).collect::<Vec<_>>(),
            [
                "scorer,threshold,false_positive_rate,recall,precision",
                "net,3,0,1,1",
                "net,1,1,1,0.3333333333333333"
            ]
        );
    }

    #[test]
    fn one_class_alone_and_scores_that_are_not_finite_are_errors() {
        let scorers = [Scorer { name: "net", scores: &[1.0, f64::NAN] }];
        let error = roc_pr(&RocPr { title: "", positive: &[false, false], scorers: &scorers }).unwrap_err();
        assert!(error.to_string().ends_with("the list of positive rows is empty"), "{error}");
        let error = roc_pr(&RocPr { title: "", positive: &[true, false], scorers: &scorers }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2 of the scores of 'net' is NaN, the figure 'ROC and precision-recall curves' needs finite numbers"
        );
    }
}
