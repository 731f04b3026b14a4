//! Pictures of windows of series: given back, walked to, made.

use super::Context;
use crate::data::series::Series;
use crate::data::{Data, Table};
use crate::error::Result;
use crate::figure::{self, Figure, LineColor, LinePanel, Panels};
use crate::latent;
use crate::run::check;
use crate::run::dataset::{Windowing, index};
use crate::run::fitted::sample::sampled_rows;
use crate::seed::Seed;

/// Panels side by side.
const COLUMNS: usize = 3;
/// Lines from one end of a latent dimension to the other, and how far it is walked to each side, in standard deviations.
const LINES: usize = 7;
const REACH: f64 = 2.0;

impl Context<'_> {
    fn windows(&self) -> Result<&Windowing> {
        match &self.data.windows {
            Some(windows) => Ok(windows),
            None => {
                Err(self.needs("windows of series", "give `data.series.window`, or leave the figure out"))
            }
        }
    }

    /// The first channel of windows, in units of the data; of candles the close, over that of the first day, so that months of other
    /// heights can be compared.
    fn lines(&self, values: &Table, known: Option<&Table>) -> Result<Vec<Vec<f64>>> {
        let windows = self.windows()?;
        let set =
            windows.series(values, known).ok_or_else(|| self.needs("values of windows", "leave it out"))?;
        let line = |series: Series| {
            let mut line = series.values.into_iter().nth(windows.columns.main()).unwrap_or_default();
            if let (true, Some(first)) = (windows.is_of_candles(), line.first().copied()) {
                line.iter_mut().for_each(|value| *value /= first);
            }
            line
        };
        Ok(set.series.into_iter().map(line).collect())
    }

    /// Test windows spread over all of them, over what the model gives back.
    pub(super) fn series_pairs(&mut self) -> Result<Figure> {
        let rows = check::figure::of_label(self.data, self.wanted);
        let every = (rows.len() / self.wanted.count.max(1)).max(1);
        let rows: Vec<usize> = rows.into_iter().step_by(every).take(self.wanted.count).collect();
        let (latent, _) = self.network.encode(self.pool, self.data.rows(), &index(&rows))?;
        let expected = self.network.decode(self.pool, &latent)?;
        let (Some(codec), Data::Table(table, _)) = (&self.data.codec, &self.data.content) else {
            return Err(self.needs("windows of series", "leave the figure out"));
        };
        let (expected, actual) = (codec.decode(&expected)?, table.take(&rows));
        let (given, actual_lines) =
            (self.lines(&expected, Some(&actual))?, self.lines(&actual, Some(&actual))?);
        let panels = actual_lines.iter().zip(&given).enumerate().map(|(i, (actual_line, given))| LinePanel {
            name: self.name_of(&actual, i),
            lines: vec![
                (actual_line.as_slice(), LineColor::Category(0)),
                (given.as_slice(), LineColor::Category(1)),
            ],
        });
        let legend = [("actual", LineColor::Category(0)), ("given back", LineColor::Category(1))];
        let title = format!("Test windows and what comes back of {} values", self.network.latent());
        self.panels(&title, &panels.collect::<Vec<_>>(), &legend)
    }

    /// What each latent dimension does to the mean window.
    pub(super) fn series_walk(&mut self) -> Result<Figure> {
        let rows = check::figure::shown(self.data).to_vec();
        let (codes, log_variance) = self.network.encode(self.pool, self.data.rows(), &index(&rows))?;
        let spread = latent::spread(&codes, log_variance.as_ref());
        let middle: Vec<f32> = spread.mean.iter().map(|&mean| mean as f32).collect();
        let at = latent::even_steps(-REACH, REACH, LINES);
        let dimensions = codes.n_cols.min(self.wanted.count);
        let Some(codec) = self.data.codec.clone() else {
            return Err(self.needs("windows of series", "leave the figure out"));
        };
        let mut lines = Vec::new();
        for j in 0..dimensions {
            let values: Vec<f64> = at.iter().map(|k| spread.mean[j] + k * spread.deviation[j]).collect();
            let points = latent::walk(&middle, j, &values);
            let decoded = codec.decode(&self.network.decode(self.pool, &points)?)?;
            lines.push(self.lines(&decoded, None)?);
        }
        let color = |i: usize| LineColor::Share(i as f64 / (LINES - 1) as f64);
        let panels = lines.iter().enumerate().map(|(j, lines)| LinePanel {
            name: format!("latent dimension {}", j + 1),
            lines: lines.iter().enumerate().map(|(i, line)| (line.as_slice(), color(i))).collect(),
        });
        let legend = [
            ("2 standard deviations below the mean", color(0)),
            ("mean", color(LINES / 2)),
            ("above", color(LINES - 1)),
        ];
        self.panels("What each latent dimension does", &panels.collect::<Vec<_>>(), &legend)
    }

    /// Real windows, those tested on where there are some, and made ones.
    pub(super) fn series_samples(&mut self) -> Result<Figure> {
        let n = self.wanted.count;
        let rows = check::figure::of_label(self.data, self.wanted);
        let every = (rows.len() / n.max(1)).max(1);
        let rows: Vec<usize> = rows.into_iter().step_by(every).take(n).collect();
        let Some(codec) = &self.data.codec else {
            return Err(self.needs("windows of series", "leave the figure out"));
        };
        let z = self.network.points(Seed(self.config.seed), "figure", n);
        let made = codec.decode(&sampled_rows(self.network, self.pool, &z, Seed(self.config.seed))?)?;
        let Data::Table(table, _) = &self.data.content else {
            return Err(self.needs("windows of series", "leave the figure out"));
        };
        let (real, made) = (self.lines(&table.take(&rows), None)?, self.lines(&made, None)?);
        let panels = [one_each("real", &real, 0), one_each("made", &made, 1)].concat();
        let legend = [("real", LineColor::Category(0)), ("made", LineColor::Category(1))];
        self.panels("Real windows and made ones", &panels, &legend)
    }

    /// What a window is of: the entity and its first time.
    fn name_of(&self, known: &Table, row: usize) -> String {
        let Data::Table(_, schema) = &self.data.content else { return String::new() };
        let entity = self.data.windows.as_ref().map_or("", |windows| windows.columns.entity.as_str());
        let cell = |column: &str| crate::data::cell_text(schema, known, column, row);
        [cell(entity), cell("from")].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn panels(&self, title: &str, panels: &[LinePanel<'_>], legend: &[(&str, LineColor)]) -> Result<Figure> {
        let windows = self.windows()?;
        let day = if windows.is_of_candles() { ", first day = 1" } else { "" };
        let y_label = windows.label() + day;
        let x: Vec<f64> = (1..=windows.columns.steps).map(|step| step as f64).collect();
        // Two rows of two rather than a row of three and a lone one.
        let columns = if panels.len() <= 4 { 2 } else { COLUMNS };
        let input = Panels { title, x_label: "step", y_label: &y_label, x: &x, panels, columns, legend };
        Ok(figure::panels(&input)?)
    }
}

/// A panel a line, numbered from 1.
fn one_each<'a>(name: &str, lines: &'a [Vec<f64>], color: usize) -> Vec<LinePanel<'a>> {
    let panel = |(i, line): (usize, &'a Vec<f64>)| LinePanel {
        name: format!("{name} {}", i + 1),
        lines: vec![(line.as_slice(), LineColor::Category(color))],
    };
    lines.iter().enumerate().map(panel).collect()
}
