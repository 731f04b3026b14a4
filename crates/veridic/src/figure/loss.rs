//! Losses by epoch.

use super::Figure;
use super::axis::{BELOW, Panel, TICK_SIZE, space_left};
use super::canvas::{Anchor, Canvas, Style};
use super::color::{SOFT, category, hex};
use super::header::{self, Entry, Mark, left_out_note};
use super::number::{Numbers, exact, usable};
use super::scale::{Scale, extent};
use crate::error::FigureError;

const NAME: &str = "loss curves";

/// What [`loss_curves`] draws.
#[derive(Debug, Clone, Copy)]
pub struct LossCurves<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the vertical axis with its unit, such as `loss (nats per row)`.
    pub y_label: &'a str,
    /// The curves in the order of the legend.
    pub series: &'a [Series<'a>],
    /// Whether the vertical axis is logarithmic.
    pub log: bool,
    /// The epoch whose weights were kept, from 1, which is marked.
    pub best: Option<usize>,
}

/// One curve of [`LossCurves`].
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The name in the legend.
    pub name: &'a str,
    /// One value an epoch, from epoch 1; a value that is not finite leaves a gap.
    pub values: &'a [f64],
}

/// Draws training and validation losses by epoch.
///
/// The CSV has a row an epoch: `epoch`, then a column a series.
///
/// # Errors
/// [`FigureError::Empty`] without series or with a series without values, [`FigureError::NothingUsable`] if no value of all
/// series can be drawn.
pub fn loss_curves(input: &LossCurves<'_>) -> Result<Figure, FigureError> {
    let empty = |what: String| FigureError::Empty { figure: NAME, what };
    if input.series.is_empty() {
        return Err(empty("the list of series".to_owned()));
    }
    if let Some(series) = input.series.iter().find(|series| series.values.is_empty()) {
        return Err(empty(format!("the series '{}'", series.name)));
    }
    let shown = |value: f64| usable(value) && (!input.log || value > 0.0);
    let all = || input.series.iter().flat_map(|series| series.values.iter().copied());
    let (total, left_out) = (all().count(), all().filter(|value| !shown(*value)).count());
    let (why, needed) = if input.log {
        ("not finite or not above zero", "finite and above zero")
    } else {
        ("not finite", "finite")
    };
    let Some((low, high)) = extent(all().filter(|value| shown(*value))) else {
        let what = "all series".to_owned();
        return Err(FigureError::NothingUsable { figure: NAME, what, count: total, needed });
    };

    let epochs = input.series.iter().map(|series| series.values.len()).max().unwrap_or(1);
    let mut canvas = Canvas::new(input.title, 760.0);
    let legend: Vec<Entry> = input
        .series
        .iter()
        .enumerate()
        .map(|(i, series)| Entry { name: series.name.to_owned(), color: hex(category(i)), mark: Mark::Line })
        .collect();
    let top = header::draw(&mut canvas, input.title, &left_out_note(left_out, total, "values", why), &legend);
    let y = if input.log { Scale::log(low, high) } else { Scale::linear(low, high, 6) };
    let left = space_left(&y);
    let panel =
        Panel { left, top, width: canvas.width - left - 28.0, height: 360.0, x: epoch_scale(epochs), y };
    panel.frame(&mut canvas, "epoch", input.y_label);
    if let Some(best) = input.best.filter(|best| (1..=epochs).contains(best)) {
        let x = panel.across(best as f64);
        let style = format!(r#"stroke="{SOFT}" stroke-width="1" stroke-dasharray="4 3""#);
        canvas.line([x, panel.top], [x, panel.bottom()], &style);
        let is_right = best * 2 > epochs;
        let (anchor, shift) = if is_right { (Anchor::End, -6.0) } else { (Anchor::Start, 6.0) };
        let style = Style::new(TICK_SIZE).anchor(anchor).fill(SOFT);
        canvas.text([x + shift, panel.top + 14.0], &format!("kept: epoch {best}"), style);
    }
    for (i, series) in input.series.iter().enumerate() {
        let color = hex(category(i));
        let points: Vec<Option<[f64; 2]>> = series
            .values
            .iter()
            .enumerate()
            .map(|(i, value)| shown(*value).then(|| [panel.across((i + 1) as f64), panel.down(*value)]))
            .collect();
        for run in points.split(Option::is_none).filter(|run| !run.is_empty()) {
            let run: Vec<[f64; 2]> = run.iter().copied().flatten().collect();
            if run.len() > 1 {
                let style = format!(r#"stroke="{color}" stroke-width="2" stroke-linejoin="round""#);
                canvas.polyline(&run, &style);
            }
            // Few points are shown as such; a lone one would be invisible as a line.
            if run.len() == 1 || epochs <= 30 {
                for point in &run {
                    canvas.circle(*point, 2.8, &format!(r#"fill="{color}""#));
                }
            }
        }
    }
    canvas.height = panel.bottom() + BELOW;

    let names = input.series.iter().map(|series| series.name.to_owned());
    let mut numbers = Numbers::new(std::iter::once("epoch".to_owned()).chain(names));
    for epoch in 0..epochs {
        let cells = input.series.iter().map(|s| s.values.get(epoch).map(|v| exact(*v)).unwrap_or_default());
        numbers.row(std::iter::once((epoch + 1).to_string()).chain(cells));
    }
    Ok(Figure::new(canvas, numbers.finish(), left_out))
}

/// From the first epoch to the last, with ticks at whole epochs.
fn epoch_scale(epochs: usize) -> Scale {
    let last = epochs as f64;
    if epochs == 1 {
        return Scale { min: 0.5, max: 1.5, log: false, ticks: vec![(1.0, "1".to_owned())] };
    }
    let mut scale = Scale::exact(1.0, last, 8.min(epochs - 1));
    scale.ticks.retain(|(value, _)| value.fract().abs() < 1e-9);
    if scale.ticks.first().is_some_and(|(value, _)| *value > 1.5) {
        scale.ticks.insert(0, (1.0, "1".to_owned()));
    }
    for (value, name) in &mut scale.ticks {
        *name = format!("{value:.0}");
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves<'a>(series: &'a [Series<'a>], log: bool) -> LossCurves<'a> {
        LossCurves { title: "losses", y_label: "loss (nats)", series, log, best: None }
    }

    #[test]
    fn numbers_beside_the_curves_are_those_given() {
        let series = [
            Series { name: "train", values: &[3.0, 2.0, 1.5] },
            Series { name: "valid", values: &[3.5, f64::NAN] },
        ];
        let figure = loss_curves(&curves(&series, false)).unwrap();
        assert_eq!(figure.csv(), "epoch,train,valid\n1,3,3.5\n2,2,NaN\n3,1.5,\n");
        assert_eq!(figure.left_out(), 1);
        let svg = figure.svg().unwrap();
        assert!(svg.contains("1 of 5 values left out: not finite"));
        // The train line and the base lines; the lone point of valid is a dot, as are the three of train.
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_gap_splits_the_curve() {
        let series = [Series { name: "train", values: &[3.0, 2.0, f64::INFINITY, 1.0, 0.5] }];
        let svg = loss_curves(&curves(&series, false)).unwrap().svg().unwrap();
        assert_eq!(svg.matches("<polyline").count(), 3);
    }

    #[test]
    fn zero_is_left_out_of_a_logarithmic_axis() {
        let series = [Series { name: "train", values: &[0.0, 2.0, 1.0] }];
        assert_eq!(loss_curves(&curves(&series, true)).unwrap().left_out(), 1);
        let series = [Series { name: "train", values: &[0.0, -2.0] }];
        let error = loss_curves(&curves(&series, true)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing to draw in the figure 'loss curves': none of the 2 values of all series is finite and above zero"
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn no_series_and_no_values_are_errors() {
        assert!(matches!(loss_curves(&curves(&[], false)), Err(FigureError::Empty { .. })));
        let series = [Series { name: "valid", values: &[] }];
        let error = loss_curves(&curves(&series, false)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing to draw in the figure 'loss curves': the series 'valid' is empty"
        );
    }
}
