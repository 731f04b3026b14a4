//! Curves over a numeric axis.

use super::Figure;
use super::axis::{BELOW, Panel, space_left};
use super::canvas::Canvas;
use super::color::{category, hex};
use super::header::{self, Entry, Mark, left_out_note};
use super::number::{Numbers, exact, usable};
use super::scale::{Scale, extent};
use crate::error::FigureError;

const NAME: &str = "lines";

/// What [`lines`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the horizontal axis with its unit.
    pub x_label: &'a str,
    /// The name of the vertical axis with its unit.
    pub y_label: &'a str,
    /// The curves in the order of the legend.
    pub curves: &'a [Line<'a>],
    /// Ends of the vertical axis; by the values without it.
    pub y_range: Option<[f64; 2]>,
    /// Whether the horizontal axis is logarithmic; points not above zero are left out then.
    pub log_x: bool,
}

/// One curve of [`Lines`].
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The name in the legend.
    pub name: &'a str,
    /// Places, by rising x; one that is not finite leaves a gap.
    pub points: &'a [[f64; 2]],
}

/// Draws curves that share both axes. The CSV has a row a point: `curve`, `x`, `y`.
///
/// # Errors
/// [`FigureError::Empty`] without curves or with one without points, [`FigureError::NothingUsable`] if no point is finite.
pub fn lines(input: &Lines<'_>) -> Result<Figure, FigureError> {
    let empty = |what: String| FigureError::Empty { figure: NAME, what };
    if input.curves.is_empty() {
        return Err(empty("the list of curves".to_owned()));
    }
    if let Some(line) = input.curves.iter().find(|line| line.points.is_empty()) {
        return Err(empty(format!("the curve '{}'", line.name)));
    }
    let shown =
        |point: &[f64; 2]| point.iter().all(|value| usable(*value)) && (!input.log_x || point[0] > 0.0);
    let all = || input.curves.iter().flat_map(|line| line.points.iter());
    let (total, left_out) = (all().count(), all().filter(|point| !shown(point)).count());
    let ends = |axis: usize| extent(all().filter(|point| shown(point)).map(|point| point[axis]));
    let (Some((first, last)), Some((low, high))) = (ends(0), ends(1)) else {
        let what = "all curves".to_owned();
        return Err(FigureError::NothingUsable { figure: NAME, what, count: total, needed: "finite" });
    };
    let [low, high] = input.y_range.unwrap_or([low, high]);

    let mut canvas = Canvas::new(input.title, 760.0);
    let entry = |(i, line): (usize, &Line<'_>)| Entry {
        name: line.name.to_owned(),
        color: hex(category(i)),
        mark: Mark::Line,
    };
    let legend: Vec<Entry> = input.curves.iter().enumerate().map(entry).collect();
    let note = left_out_note(left_out, total, "points", "not finite");
    let top = header::draw(&mut canvas, input.title, &note, &legend);
    let y = if input.y_range.is_some() { Scale::exact(low, high, 6) } else { Scale::linear(low, high, 6) };
    let left = space_left(&y);
    let x = if input.log_x { Scale::log(first, last) } else { Scale::exact(first, last, 8) };
    let panel = Panel { left, top, width: canvas.width - left - 28.0, height: 360.0, x, y };
    panel.frame(&mut canvas, input.x_label, input.y_label);
    for (i, line) in input.curves.iter().enumerate() {
        let place =
            |point: &[f64; 2]| [panel.across(point[0]), panel.down(point[1].clamp(low.min(high), high))];
        let points: Vec<Option<[f64; 2]>> =
            line.points.iter().map(|point| shown(point).then(|| place(point))).collect();
        for run in points.split(Option::is_none).filter(|run| run.len() > 1) {
            let run: Vec<[f64; 2]> = run.iter().copied().flatten().collect();
            let color = hex(category(i));
            canvas.polyline(&run, &format!(r#"stroke="{color}" stroke-width="2" stroke-linejoin="round""#));
        }
    }
    canvas.height = panel.bottom() + BELOW;

    let mut numbers = Numbers::new(["curve", "x", "y"].map(str::to_owned));
    for line in input.curves {
        for point in line.points {
            numbers.row([line.name.to_owned(), exact(point[0]), exact(point[1])]);
        }
    }
    Ok(Figure::new(canvas, numbers.finish(), left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_have_their_numbers_and_gaps() {
        let curves = [
            Line { name: "real", points: &[[0.0, 1.0], [1.0, 2.0], [2.0, 1.0]] },
            Line { name: "made", points: &[[0.0, 1.0], [1.0, f64::NAN], [2.0, 1.0], [3.0, 0.5]] },
        ];
        let input = Lines {
            title: "densities",
            x_label: "x",
            y_label: "density",
            curves: &curves,
            y_range: None,
            log_x: false,
        };
        let figure = lines(&input).unwrap();
        assert!(figure.csv().starts_with("curve,x,y\nreal,0,1\nreal,1,2\n"));
        assert_eq!(figure.left_out(), 1);
        // The base lines, the first curve, and what the gap leaves of the second.
        assert_eq!(figure.svg().unwrap().matches("<polyline").count(), 3);
        assert!(lines(&Lines { curves: &[], ..input }).is_err());
    }
}
