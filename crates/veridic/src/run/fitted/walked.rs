//! Walks of windows of series as a picture.

use super::explore::{PictureLayout, Walked};
use crate::data::Data;
use crate::error::{Result, RunError};
use crate::figure::{self, Figure, LineColor, LinePanel, Panels};
use crate::run::dataset::Windowing;

/// Panels side by side where nothing else says it.
const COLUMNS: usize = 3;

/// A panel with lines of its own: its name, and values with their color.
type OwnPanel = (String, Vec<(Vec<f64>, LineColor)>);

impl Walked {
    /// The walk as lines: a panel for each dimension or row walked from, its points from dark to light; of a grid a panel a point.
    pub(super) fn series_figure(&self, windows: &Windowing) -> Result<Figure> {
        let none = || {
            crate::Error::from(RunError::Cannot {
                model: "a run of windows of series".to_string(),
                verb: "draw rows without their values".to_string(),
                remedy: "write the rows as csv, parquet or json".to_string(),
            })
        };
        let Data::Table(table, _) = &self.rows else { return Err(none()) };
        let (set, main) = (windows.series(table, None).ok_or_else(none)?, windows.columns.main());
        let lines: Vec<&[f64]> =
            set.series.iter().filter_map(|series| Some(series.values.get(main)?.as_slice())).collect();
        // Without the digits that only rounding makes, and without a negative zero.
        let written = |value: f64| ((value * 1e4).round() / 1e4 + 0.0).to_string();
        let one = |line: &[f64]| vec![(line.to_owned(), LineColor::Category(0))];
        let is_grid = self.steps.first().is_some_and(|column| column.name.starts_with('z'));
        let mut legend = Vec::new();
        let (panels, columns): (Vec<OwnPanel>, usize) = match &self.layout {
            PictureLayout::Named { columns, names } => {
                let name = |i: usize| names.get(i).cloned().unwrap_or_else(|| (i + 1).to_string());
                let panels = lines.iter().enumerate().map(|(i, line)| (name(i), one(line)));
                (panels.collect(), if names.is_empty() { *columns } else { 2 })
            }
            PictureLayout::Axes { x, y, .. } if is_grid => {
                let name = |i: usize| format!("{}, {}", written(x[i % x.len()]), written(y[i / x.len()]));
                let panels = lines.iter().enumerate().map(|(i, line)| (name(i), one(line)));
                (panels.collect(), x.len())
            }
            PictureLayout::Axes { x_label, y_label, x, y } => {
                let color = |i: usize| LineColor::Share(i as f64 / (x.len().max(2) - 1) as f64);
                legend = [0, x.len() / 2, x.len() - 1]
                    .map(|i| (format!("{} {x_label}", written(x[i])), color(i)))
                    .to_vec();
                legend.dedup_by(|a, b| a.0 == b.0);
                let panels = lines.chunks(x.len()).zip(y).map(|(lines, y)| {
                    let lines = lines.iter().enumerate().map(|(i, line)| ((*line).to_owned(), color(i)));
                    (format!("{y_label} {}", written(*y)), lines.collect())
                });
                (panels.collect(), if y.len() <= 4 { 2 } else { COLUMNS })
            }
        };
        let panels: Vec<LinePanel<'_>> = panels
            .iter()
            .map(|(name, lines)| LinePanel {
                name: name.clone(),
                lines: lines.iter().map(|(line, color)| (line.as_slice(), *color)).collect(),
            })
            .collect();
        let legend: Vec<(&str, LineColor)> =
            legend.iter().map(|(name, color)| (name.as_str(), *color)).collect();
        let x: Vec<f64> = (1..=windows.columns.steps).map(|step| step as f64).collect();
        Ok(figure::panels(&Panels {
            title: &self.title,
            x_label: "step",
            y_label: &windows.label(),
            x: &x,
            panels: &panels,
            columns,
            legend: &legend,
        })?)
    }
}
