//! How networks do on validation rows over training.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::evaluate;
use crate::figure::{self, Figure};
use crate::train::Event;

/// What a network reaches after some steps, on validation rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Point {
    pub(crate) network: String,
    pub(crate) draw: usize,
    pub(crate) step: u64,
    /// F1 where the most probable class decides.
    pub(crate) argmax_f1: f64,
    /// F1 with the best threshold.
    pub(crate) best_f1: f64,
    pub(crate) average_precision: f64,
}

impl Point {
    /// The point of an epoch that has these figures.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let Event::Epoch { step, losses, .. } = event else { return None };
        let value = |name: &str| losses.get(name).copied();
        Some(Self {
            step: *step,
            argmax_f1: value("valid.argmax_f1")?,
            best_f1: value("valid.best_f1")?,
            average_precision: value("valid.average_precision")?,
            ..Self::default()
        })
    }
}

/// All points as CSV.
pub(crate) fn to_csv(points: &[Point]) -> String {
    let mut text = "network,draw,step,argmax_f1,best_f1,average_precision\n".to_string();
    for Point { network, draw, step, argmax_f1, best_f1, average_precision } in points {
        text += &format!("{network},{draw},{step},{argmax_f1},{best_f1},{average_precision}\n");
    }
    text
}

/// The points of such CSV; lines that are none are passed over.
pub(crate) fn from_csv(text: &str) -> Vec<Point> {
    let point = |line: &str| {
        let mut cells = line.split(',');
        Some(Point {
            network: cells.next()?.to_string(),
            draw: cells.next()?.parse().ok()?,
            step: cells.next()?.parse().ok()?,
            argmax_f1: cells.next()?.parse().ok()?,
            best_f1: cells.next()?.parse().ok()?,
            average_precision: cells.next()?.parse().ok()?,
        })
    };
    text.lines().skip(1).filter_map(point).collect()
}

/// The medians over draws: F1 by the most probable class and average precision, of each network. Nothing without points.
pub(crate) fn figure(points: &[Point]) -> Result<Option<Figure>> {
    type Of = fn(&Point) -> f64;
    let kinds: [(&str, Of); 2] = [
        ("F1 by the most probable class", |point| point.argmax_f1),
        ("average precision", |point| point.average_precision),
    ];
    let mut curves: Vec<(String, Vec<[f64; 2]>)> = Vec::new();
    let mut networks: Vec<&str> = points.iter().map(|point| point.network.as_str()).collect();
    networks.sort_unstable();
    networks.dedup();
    for network in networks {
        for (kind, value) in kinds {
            let mut steps: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
            for point in points.iter().filter(|point| point.network == network) {
                steps.entry(point.step).or_default().push(value(point));
            }
            let median =
                |(step, values): (u64, Vec<f64>)| Ok([step as f64, evaluate::quantile(&values, 0.5)?]);
            let line = steps.into_iter().map(median).collect::<Result<Vec<_>>>()?;
            curves.push((format!("{network}: {kind}"), line));
        }
    }
    if curves.is_empty() {
        return Ok(None);
    }
    let lines: Vec<figure::Line<'_>> =
        curves.iter().map(|(name, points)| figure::Line { name, points }).collect();
    Ok(Some(figure::lines(&figure::Lines {
        title: "Semi-supervised networks on validation rows",
        x_label: "steps",
        y_label: "median over draws",
        curves: &lines,
        y_range: Some([0.0, 1.0]),
        log_x: true,
    })?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(network: &str, draw: usize, step: u64, argmax_f1: f64) -> Point {
        let network = network.to_string();
        Point { network, draw, step, argmax_f1, best_f1: 0.75, average_precision: 0.5 }
    }

    #[test]
    fn points_come_back_from_their_file_and_medians_are_drawn() {
        let points = [("a", 0, 0.25), ("a", 1, 0.75), ("a", 2, 0.5), ("b", 0, 0.0)]
            .map(|(name, draw, f1)| point(name, draw, 10, f1));
        let read = from_csv(&to_csv(&points));
        assert_eq!(read, points);
        let csv = figure(&read).unwrap().unwrap().csv().to_string();
        assert!(csv.contains("a: F1 by the most probable class,10,0.5\n"), "{csv}");
        assert!(csv.contains("b: average precision,10,0.5\n"), "{csv}");
        assert!(figure(&[]).unwrap().is_none());
        assert!(from_csv("network,draw\nbroken,1,x\n").is_empty());
    }
}
