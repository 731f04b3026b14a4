//! One row as it is and as it was reconstructed.

use super::Figure;
use super::axis::{LABEL_SIZE, Panel, TICK_SIZE, space_left};
use super::canvas::{Anchor, Canvas, Style};
use super::color::{LINE, SOFT, hex};
use super::header::{self, Entry, Mark, left_out_note};
use super::number::{Numbers, exact, usable};
use super::scale::{Scale, extent};
use super::text;
use crate::error::FigureError;

const NAME: &str = "bars";
/// The most columns one picture holds.
const MOST: usize = 500;
/// The widest name of a column in pixels.
const WIDEST_NAME: f64 = 170.0;
/// Pale sky blue behind, vermilion in front: far apart in lightness and hue.
const ACTUAL: [u8; 3] = [0x9c, 0xcd, 0xec];
const RECONSTRUCTED: [u8; 3] = [0xd5, 0x5e, 0x00];

/// What [`bars`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the vertical axis with its unit.
    pub y_label: &'a str,
    /// The names of the columns.
    pub columns: &'a [String],
    /// The row's values, one a column; drawn wide and pale.
    pub actual: &'a [f64],
    /// The reconstructed values, one a column; drawn narrow in front.
    pub reconstructed: &'a [f64],
}

/// Draws the actual and the reconstructed values of one row as overlaid bars over named columns.
///
/// The CSV has a row a column: `column`, `actual`, `reconstructed`.
///
/// # Errors
/// [`FigureError::Empty`] without columns, [`FigureError::Range`] above 500 columns, [`FigureError::Length`] if values
/// and columns differ in number, [`FigureError::NothingUsable`] if no value is finite.
pub fn bars(input: &Bars<'_>) -> Result<Figure, FigureError> {
    let n = input.columns.len();
    if n == 0 {
        return Err(FigureError::Empty { figure: NAME, what: "the list of columns".to_owned() });
    }
    if n > MOST {
        let (what, allowed) = ("the number of columns".to_owned(), format!("1 to {MOST}"));
        return Err(FigureError::Range { figure: NAME, what, found: n.to_string(), allowed });
    }
    for (what, values) in [("the actual row", input.actual), ("the reconstructed row", input.reconstructed)] {
        if values.len() != n {
            let what = what.to_owned();
            return Err(FigureError::Length { figure: NAME, what, found: values.len(), expected: n });
        }
    }
    let all = || input.actual.iter().chain(input.reconstructed).copied();
    let left_out = all().filter(|value| !usable(*value)).count();
    let Some((low, high)) = extent(all().filter(|value| usable(*value))) else {
        let what = "both rows".to_owned();
        return Err(FigureError::NothingUsable { figure: NAME, what, count: 2 * n, needed: "finite" });
    };

    let y = Scale::linear(low.min(0.0), high.max(0.0), 6);
    let left = space_left(&y);
    let step = (680.0 / n as f64).clamp(16.0, 64.0);
    let mut canvas = Canvas::new(input.title, (left + step * n as f64 + 28.0).max(420.0));
    let legend = [("actual", ACTUAL), ("reconstructed", RECONSTRUCTED)].map(|(name, color)| Entry {
        name: name.to_owned(),
        color: hex(color),
        mark: Mark::Box,
    });
    let top = header::draw(
        &mut canvas,
        input.title,
        &left_out_note(left_out, 2 * n, "values", "not finite"),
        &legend,
    );
    let x = Scale { min: 0.0, max: n as f64, log: false, ticks: Vec::new() };
    let panel = Panel { left, top, width: step * n as f64, height: 320.0, x, y };
    panel.vertical(&mut canvas, input.y_label);
    let zero = panel.down(0.0);
    for (values, share, color) in [(input.actual, 0.8, ACTUAL), (input.reconstructed, 0.36, RECONSTRUCTED)] {
        let style = format!(r#"fill="{}""#, hex(color));
        for (i, value) in values.iter().enumerate().filter(|(_, value)| usable(**value)) {
            let (middle, end) = (panel.across(i as f64 + 0.5), panel.down(*value));
            let width = step * share;
            canvas.rectangle([middle - width / 2.0, zero.min(end), width, (zero - end).abs()], &style);
        }
    }
    let style = format!(r#"stroke="{LINE}""#);
    canvas.line([panel.left, panel.top], [panel.left, panel.bottom()], &style);
    canvas.line([panel.left, zero], [panel.right(), zero], &style);

    let names: Vec<String> = input.columns.iter().map(|c| text::shorten(c, TICK_SIZE, WIDEST_NAME)).collect();
    let longest = names.iter().map(|name| text::width(name, TICK_SIZE)).fold(0.0, f64::max);
    // Names stand upright where they fit side by side, else they are turned.
    let turned = longest > step - 6.0;
    for (i, name) in names.iter().enumerate() {
        let x = panel.across(i as f64 + 0.5);
        if turned {
            let style = Style::new(TICK_SIZE).anchor(Anchor::End).fill(SOFT).turn(-90.0);
            canvas.text([x + 4.3, panel.bottom() + 9.0], name, style);
        } else {
            let style = Style::new(TICK_SIZE).anchor(Anchor::Middle).fill(SOFT);
            canvas.text([x, panel.bottom() + 18.0], name, style);
        }
    }
    let names_height = if turned { longest + 9.0 } else { 18.0 };
    let label_at = panel.bottom() + names_height + 24.0;
    header::centered(&mut canvas, [panel.left + panel.width / 2.0, label_at], "column", LABEL_SIZE);
    canvas.height = label_at + 16.0;

    let mut numbers = Numbers::new(["column", "actual", "reconstructed"]);
    for (i, column) in input.columns.iter().enumerate() {
        numbers.row([column.clone(), exact(input.actual[i]), exact(input.reconstructed[i])]);
    }
    Ok(Figure::new(canvas, numbers.finish(), left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_finite_value_has_a_bar() {
        let columns = names(&["V1", "a, \"b\"", "Amount"]);
        let input = Bars {
            title: "row 7",
            y_label: "scaled value",
            columns: &columns,
            actual: &[1.0, -2.0, 0.5],
            reconstructed: &[0.9, f64::NAN, 0.25],
        };
        let figure = bars(&input).unwrap();
        assert_eq!(
            figure.csv(),
            "column,actual,reconstructed\nV1,1,0.9\n\"a, \"\"b\"\"\",-2,NaN\nAmount,0.5,0.25\n"
        );
        // Five bars, two boxes in the legend, the background.
        assert_eq!(figure.svg().unwrap().matches("<rect").count(), 5 + 2 + 1);
        assert_eq!(figure.left_out(), 1);
    }

    #[test]
    fn rows_of_another_length_are_named() {
        let columns = names(&["V1", "V2"]);
        let input =
            Bars { title: "", y_label: "", columns: &columns, actual: &[1.0, 2.0], reconstructed: &[1.0] };
        assert_eq!(
            bars(&input).unwrap_err().to_string(),
            "the figure 'bars' needs 2 values in the reconstructed row, found 1"
        );
    }
}
