//! Several figures on one page.

use super::Figure;
use super::canvas::{Canvas, Part};
use super::header::{self, MARGIN};
use crate::error::FigureError;

/// What [`sheet`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    /// The title.
    pub title: &'a str,
    /// The figures, row by row from the top, each row from the left.
    pub rows: &'a [Vec<Figure>],
    /// The numbers of the page as CSV with a header.
    pub numbers: &'a str,
}

/// Sets figures on one page, each as it is; a row is as high as its highest figure.
///
/// # Errors
/// [`FigureError::Empty`] without figures.
pub fn sheet(input: &Sheet<'_>) -> Result<Figure, FigureError> {
    let size = |figure: &Figure| figure.size();
    let width = |row: &Vec<Figure>| row.iter().map(|figure| f64::from(size(figure).0)).sum::<f64>();
    let widest = input.rows.iter().map(width).fold(0.0, f64::max);
    if widest == 0.0 {
        return Err(FigureError::Empty { figure: "sheet", what: "the list of figures".to_owned() });
    }
    let mut canvas = Canvas::new(input.title, widest.max(2.0 * MARGIN));
    let mut top = header::draw(&mut canvas, input.title, "", &[]).ceil();
    let mut left_out = 0;
    for row in input.rows {
        let mut left = 0.0;
        for figure in row {
            place(&mut canvas, figure.canvas(), [left, top]);
            left += f64::from(size(figure).0);
            left_out += figure.left_out();
        }
        top += row.iter().map(|figure| f64::from(size(figure).1)).fold(0.0, f64::max);
    }
    canvas.height = top;
    Ok(Figure::new(canvas, input.numbers.to_owned(), left_out))
}

/// Draws what is on `other` with its corner at a place of `canvas`.
fn place(canvas: &mut Canvas, other: &Canvas, [left, top]: [f64; 2]) {
    for part in &other.parts {
        canvas.parts.push(match part {
            Part::Markup(text) => {
                Part::Markup(format!("<g transform=\"translate({left} {top})\">\n{text}</g>\n"))
            }
            Part::Picture(picture) => {
                let mut picture = picture.clone();
                picture.left += left;
                picture.top += top;
                Part::Picture(picture)
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ImageGrid, LossCurves, Pixels, Series, image_grid, loss_curves};
    use super::*;

    #[test]
    fn figures_stand_side_by_side_and_below_each_other() {
        let series = [Series { name: "a", values: &[1.0, 2.0] }];
        let curve =
            loss_curves(&LossCurves { title: "t", y_label: "y", series: &series, log: false, best: None })
                .unwrap();
        let pixels = Pixels::Bytes(&[0, 255]);
        let grid = ImageGrid {
            title: "",
            pixels,
            height: 1,
            width: 1,
            channels: 1,
            columns: 2,
            row_labels: &[],
            axes: None,
        };
        let grid = image_grid(&grid).unwrap();
        let rows = [vec![curve.clone(), curve.clone()], vec![grid.clone()]];
        let page = sheet(&Sheet { title: "page", rows: &rows, numbers: "a\n1\n" }).unwrap();
        assert_eq!(page.size().0, 2 * curve.size().0);
        assert!(page.size().1 > curve.size().1 + grid.size().1);
        assert_eq!(page.csv(), "a\n1\n");
        let svg = page.svg().unwrap();
        assert_eq!(svg.matches("<g transform=\"translate(").count(), 2 + grid_groups(&grid));
        assert!(page.png().unwrap().starts_with(b"\x89PNG"));
        assert!(sheet(&Sheet { title: "", rows: &[vec![]], numbers: "" }).is_err());
    }

    fn grid_groups(grid: &Figure) -> usize {
        grid.canvas().parts.iter().filter(|part| matches!(part, Part::Markup(_))).count()
    }
}
