//! How columns go together, in real and in made rows.

use resvg::tiny_skia::{IntSize, Pixmap};

use super::Figure;
use super::axis::{LABEL_SIZE, TICK_SIZE};
use super::canvas::{Anchor, Canvas, Picture, Style};
use super::color::{GREY, SOFT, diverging};
use super::header::{self, MARGIN, join_notes, left_out_note};
use super::number::{Numbers, exact};
use super::text;
use crate::error::FigureError;

const NAME: &str = "correlation";
const MOST: usize = 200;
const WIDEST_NAME: f64 = 130.0;
const GAP: f64 = 36.0;
const MEASURES: &str = "correlation of numbers, association of categories";

/// What [`correlation`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Correlation<'a> {
    /// The title.
    pub title: &'a str,
    /// The names of the `n` columns.
    pub columns: &'a [String],
    /// `n` x `n` correlations or other measures of dependence of the real rows, row by row, -1 to 1.
    pub real: &'a [f64],
    /// The same of the made rows.
    pub synthetic: &'a [f64],
}

/// Draws how real and how made columns go together as heat maps side by side, and the difference beside them.
///
/// What is not finite is grey. The CSV has a row a pair: `column`, `other`, `real`, `synthetic`, `difference`.
///
/// # Errors
/// [`FigureError::Empty`] without columns, [`FigureError::Range`] above 200 columns, [`FigureError::Length`] if a matrix is
/// not `n` x `n`.
pub fn correlation(input: &Correlation<'_>) -> Result<Figure, FigureError> {
    let n = input.columns.len();
    if n == 0 {
        return Err(FigureError::Empty { figure: NAME, what: "the list of columns".to_owned() });
    }
    if n > MOST {
        let (what, allowed) = ("the number of columns".to_owned(), format!("1 to {MOST}"));
        return Err(FigureError::Range { figure: NAME, what, found: n.to_string(), allowed });
    }
    let sides = [("real", input.real), ("synthetic", input.synthetic)];
    for (name, values) in sides {
        if values.len() != n * n {
            let what = format!("the {name} correlations");
            return Err(FigureError::Length { figure: NAME, what, found: values.len(), expected: n * n });
        }
    }
    let left_out = input.real.iter().chain(input.synthetic).filter(|value| !value.is_finite()).count();
    let differences: Vec<f64> = (0..n * n)
        .filter(|i| i / n != i % n)
        .map(|i| (input.real[i] - input.synthetic[i]).abs())
        .filter(|difference| difference.is_finite())
        .collect();
    let difference = if differences.is_empty() {
        String::new()
    } else {
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        format!("mean absolute difference of two columns {mean:.3}")
    };

    let apart: Vec<f64> =
        input.real.iter().zip(input.synthetic).map(|(real, synthetic)| synthetic - real).collect();
    let panels = [("real rows", input.real), ("made rows", input.synthetic), ("made less real", &apart)];
    let cell = (330 / n).clamp(2, 40) as f64;
    let side = cell * n as f64;
    let names: Vec<String> = input.columns.iter().map(|c| text::shorten(c, TICK_SIZE, WIDEST_NAME)).collect();
    let longest = names.iter().map(|name| text::width(name, TICK_SIZE)).fold(0.0, f64::max);
    let left = (MARGIN + longest + 8.0).ceil();
    let all = 3.0 * side + 2.0 * GAP;
    let mut canvas = Canvas::new(input.title, (left + all + 96.0).max(480.0));
    let note = join_notes(&[
        MEASURES,
        &difference,
        &left_out_note(left_out, 2 * n * n, "values", "not finite, drawn grey"),
    ]);
    let top = (header::draw(&mut canvas, input.title, &note, &[]) + 14.0).ceil();
    // Where cells are narrower than a line of text only some of the names fit.
    let every = (13.0 / cell).ceil() as usize;
    for (s, (name, values)) in panels.into_iter().enumerate() {
        let start = left + s as f64 * (side + GAP);
        header::centered(&mut canvas, [start + side / 2.0, top - 8.0], name, LABEL_SIZE);
        let pixels = pixels(values, n);
        canvas.picture(Picture { left: start, top, width: side, height: side, pixels, sharp: true });
        for (i, name) in names.iter().enumerate().step_by(every) {
            let middle = (i as f64 + 0.5) * cell + 4.3;
            let style = Style::new(TICK_SIZE).anchor(Anchor::End).fill(SOFT);
            if s == 0 {
                canvas.text([start - 7.0, top + middle], name, style);
            }
            canvas.text([start + middle, top + side + 8.0], name, style.turn(-90.0));
        }
    }
    scale(&mut canvas, left + all + 26.0, top, side);
    canvas.height = (top + side + longest + 8.0 + MARGIN).max(top + 140.0);

    let mut numbers = Numbers::new(["column", "other", "real", "synthetic", "difference"]);
    for (i, column) in input.columns.iter().enumerate() {
        for (j, other) in input.columns.iter().enumerate() {
            let values = [input.real, input.synthetic, &apart].map(|values| exact(values[i * n + j]));
            numbers.row([column.clone(), other.clone()].into_iter().chain(values));
        }
    }
    Ok(Figure::new(canvas, numbers.finish(), left_out))
}

fn pixels(values: &[f64], n: usize) -> Pixmap {
    let bytes = values
        .iter()
        .flat_map(|value| {
            let [red, green, blue] = if value.is_finite() { diverging(*value) } else { GREY };
            [red, green, blue, 255]
        })
        .collect();
    IntSize::from_wh(n as u32, n as u32)
        .and_then(|size| Pixmap::from_vec(bytes, size))
        .expect("there are n x n values and n is small")
}

fn scale(canvas: &mut Canvas, left: f64, top: f64, side: f64) {
    let height = side.clamp(100.0, 260.0);
    canvas.gradient([left, top, 14.0, height], |share| diverging(2.0 * share - 1.0));
    for (value, name) in [(1.0, "1"), (0.5, "0.5"), (0.0, "0"), (-0.5, "−0.5"), (-1.0, "−1")] {
        let y = top + height * (1.0 - value) / 2.0 + 4.3;
        canvas.text([left + 20.0, y], name, Style::new(TICK_SIZE).fill(SOFT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_matrices_are_drawn_and_compared() {
        let columns = ["a".to_owned(), "b".to_owned()];
        let input = Correlation {
            title: "t",
            columns: &columns,
            real: &[1.0, 0.5, 0.5, 1.0],
            synthetic: &[1.0, 0.25, 0.25, f64::NAN],
        };
        let figure = correlation(&input).unwrap();
        assert_eq!(
            figure.csv(),
            "column,other,real,synthetic,difference\na,a,1,1,0\na,b,0.5,0.25,-0.25\nb,a,0.5,0.25,-0.25\nb,b,1,NaN,NaN\n"
        );
        assert_eq!(figure.left_out(), 1);
        let svg = figure.svg().unwrap();
        assert_eq!(svg.matches("<image").count(), 4, "three maps and the color scale");
        assert!(svg.contains("mean absolute difference of two columns 0.250"));
        let error = correlation(&Correlation { real: &[1.0], ..input }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the figure 'correlation' needs 4 values in the real correlations, found 1"
        );
    }
}
