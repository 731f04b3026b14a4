//! Lines in many small panels of one scale: small multiples.

use super::Figure;
use super::axis::{BELOW, LABEL_SIZE, Panel, TICK_SIZE, space_left};
use super::canvas::{Anchor, Canvas, Style};
use super::color::{FAINT, INK, category, hex, viridis};
use super::header::{self, Entry, Mark, left_out_note};
use super::number::{Numbers, exact, usable};
use super::scale::{Scale, extent};
use super::series::curve;
use super::text;
use crate::error::FigureError;

const NAME: &str = "panels of lines";
/// Panels that are drawn; the numbers of all are in the CSV.
const MOST: usize = 60;
/// The height of a panel, and the space between two.
const HEIGHT: f64 = 110.0;
const BETWEEN: f64 = 30.0;

/// What [`panels`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Panels<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the horizontal axes with their unit.
    pub x_label: &'a str,
    /// The name of the vertical axes with their unit.
    pub y_label: &'a str,
    /// The places of the values of every line, rising.
    pub x: &'a [f64],
    /// The panels, row by row.
    pub panels: &'a [LinePanel<'a>],
    /// Panels side by side, at least 1.
    pub columns: usize,
    /// What colors mean.
    pub legend: &'a [(&'a str, LineColor)],
}

/// One panel of [`Panels`].
#[derive(Debug, Clone)]
pub struct LinePanel<'a> {
    /// What it shows.
    pub name: String,
    /// Its lines, a value a place each; one that is not finite leaves a gap.
    pub lines: Vec<(&'a [f64], LineColor)>,
}

/// The color of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LineColor {
    /// That of a category, by its number.
    Category(usize),
    /// That of a share from 0 to 1 on a scale from dark to light.
    Share(f64),
}

impl LineColor {
    fn hex(self) -> String {
        match self {
            Self::Category(number) => hex(category(number)),
            // The lightest end is lost on white.
            Self::Share(share) => hex(viridis(share * 0.92)),
        }
    }
}

/// Draws lines in panels of one scale, row by row.
///
/// The CSV has a row a value: `panel`, `line` (from 1), `x`, `value`.
///
/// # Errors
/// [`FigureError::Empty`] without panels or places, [`FigureError::Length`] where a line has not a value a place,
/// [`FigureError::NothingUsable`] if no value is finite.
pub fn panels(input: &Panels<'_>) -> Result<Figure, FigureError> {
    let empty = |what: &str| FigureError::Empty { figure: NAME, what: what.to_owned() };
    if input.panels.is_empty() || input.x.is_empty() {
        return Err(empty(if input.x.is_empty() { "the list of places" } else { "the list of panels" }));
    }
    let lines = || input.panels.iter().flat_map(|panel| &panel.lines);
    if let Some((values, _)) = lines().find(|(values, _)| values.len() != input.x.len()) {
        let (what, found, expected) = ("a line".to_owned(), values.len(), input.x.len());
        return Err(FigureError::Length { figure: NAME, what, found, expected });
    }
    let all = || lines().flat_map(|(values, _)| values.iter().copied());
    let across = extent(input.x.iter().copied().filter(|x| usable(*x)));
    let (Some((low, high)), Some((first, last))) = (extent(all().filter(|v| usable(*v))), across) else {
        let (what, count) = ("all lines".to_owned(), all().count());
        return Err(FigureError::NothingUsable { figure: NAME, what, count, needed: "finite" });
    };
    let left_out = all().filter(|value| !usable(*value)).count();
    let mut note = left_out_note(left_out, all().count(), "values", "not finite");
    if input.panels.len() > MOST {
        note = format!("{note} {} further panels are not drawn", input.panels.len() - MOST).trim().to_owned();
    }

    let mut canvas = Canvas::new(input.title, 900.0);
    let entry = |(name, color): &(&str, LineColor)| Entry {
        name: (*name).to_owned(),
        color: color.hex(),
        mark: Mark::Line,
    };
    let legend: Vec<Entry> = input.legend.iter().map(entry).collect();
    let top = header::draw(&mut canvas, input.title, &note, &legend) + 14.0;
    let shown = &input.panels[..input.panels.len().min(MOST)];
    let columns = input.columns.clamp(1, shown.len());
    let rows = shown.len().div_ceil(columns);
    let y = Scale::linear(low, high, 3);
    let left = space_left(&y);
    let width = (canvas.width - left - 28.0 - 16.0 * (columns - 1) as f64) / columns as f64;
    let x = Scale::exact(first, last, (width / 60.0).clamp(2.0, 8.0) as usize);
    let names = Style::new(TICK_SIZE).fill(INK);
    for (number, of) in shown.iter().enumerate() {
        let (row, column) = (number / columns, number % columns);
        let panel = Panel {
            left: left + column as f64 * (width + 16.0),
            top: top + row as f64 * (HEIGHT + BETWEEN),
            width,
            height: HEIGHT,
            x: x.clone(),
            y: y.clone(),
        };
        // Below the last panel of each column there are the places, left of the first of each row the values.
        let lines = |canvas: &mut Canvas, ticks: &[(f64, String)], ends: &dyn Fn(f64) -> [[f64; 2]; 2]| {
            for (value, _) in ticks {
                let [from, to] = ends(*value);
                canvas.line(from, to, &format!(r#"stroke="{FAINT}""#));
            }
        };
        if number + columns >= shown.len() {
            panel.horizontal(&mut canvas, "", true);
        } else {
            lines(&mut canvas, &panel.x.ticks, &|x| {
                [[panel.across(x), panel.top], [panel.across(x), panel.bottom()]]
            });
        }
        if column == 0 {
            panel.vertical(&mut canvas, "");
        } else {
            lines(&mut canvas, &panel.y.ticks, &|y| {
                [[panel.left, panel.down(y)], [panel.right(), panel.down(y)]]
            });
        }
        panel.base_lines(&mut canvas);
        for (values, color) in &of.lines {
            curve(&mut canvas, &panel, input.x, values, (&color.hex(), 1.5));
        }
        let name = text::shorten(&of.name, TICK_SIZE, width);
        canvas.text([panel.left, panel.top - 6.0], &name, names);
    }
    let bottom = top + rows as f64 * (HEIGHT + BETWEEN) - BETWEEN;
    let middle = Style::new(LABEL_SIZE).anchor(Anchor::Middle);
    let y_label = text::shorten(input.y_label, LABEL_SIZE, bottom - top + 40.0);
    canvas.text([14.0 + LABEL_SIZE, (top + bottom) / 2.0], &y_label, middle.turn(-90.0));
    let x_label = text::shorten(input.x_label, LABEL_SIZE, canvas.width * 0.5);
    canvas.text([(left + canvas.width - 28.0) / 2.0, bottom + 42.0], &x_label, middle);
    canvas.height = bottom + BELOW;

    let mut numbers = Numbers::new(["panel", "line", "x", "value"]);
    for panel in input.panels {
        for (line, (values, _)) in panel.lines.iter().enumerate() {
            for (x, value) in input.x.iter().zip(*values) {
                numbers.row([panel.name.clone(), (line + 1).to_string(), exact(*x), exact(*value)]);
            }
        }
    }
    Ok(Figure::new(canvas, numbers.finish(), left_out))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn every_panel_has_its_lines_on_one_scale() {
        let x = [1.0, 2.0, 3.0];
        let (rising, falling) = ([0.0, 1.0, f64::NAN], [8.0, 4.0, 2.0]);
        let of = |name: &str| LinePanel {
            name: name.to_owned(),
            lines: vec![(&rising[..], LineColor::Category(0)), (&falling[..], LineColor::Share(1.0))],
        };
        let all: Vec<LinePanel<'_>> = (0..7).map(|i| of(&format!("panel <{i}>"))).collect();
        let legend = [("actual", LineColor::Category(0))];
        let input = Panels {
            title: "panels",
            x_label: "step",
            y_label: "value",
            x: &x,
            panels: &all,
            columns: 3,
            legend: &legend,
        };
        let figure = panels(&input).unwrap();
        check(&figure);
        assert_eq!(figure.left_out(), 7);
        assert!(figure.csv().starts_with("panel,line,x,value\npanel <0>,1,1,0\n"), "{}", figure.csv());
        assert!(panels(&Panels { panels: &[], ..input }).is_err());
        assert!(matches!(
            panels(&Panels { x: &x[..2], ..input }),
            Err(FigureError::Length { found: 3, expected: 2, .. })
        ));
    }
}
