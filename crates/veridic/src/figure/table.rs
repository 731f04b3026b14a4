//! A small table as a picture.

use super::Figure;
use super::canvas::{Anchor, Canvas, Style};
use super::color::{FAINT, LINE, SOFT, category, hex};
use super::header::{self, MARGIN};
use super::number::Numbers;
use super::text;
use crate::error::FigureError;

const NAME: &str = "table";
const SIZE: f64 = 13.0;
const ROW: f64 = 24.0;
/// The space on each side of a cell.
const PAD: f64 = 9.0;
const WIDEST_CELL: f64 = 150.0;

/// What [`table_figure`] draws.
#[derive(Debug, Clone, Copy)]
pub struct TableFigure<'a> {
    /// The title.
    pub title: &'a str,
    /// The names of the columns.
    pub columns: &'a [String],
    /// The rows by where they come from, such as real and generated.
    pub groups: &'a [RowGroup<'a>],
}

/// Rows of a table that belong together.
#[derive(Debug, Clone, Copy)]
pub struct RowGroup<'a> {
    /// The group's name.
    pub name: &'a str,
    /// The rows, each with one text a column.
    pub rows: &'a [Vec<String>],
}

/// Draws groups of rows under one header: generated rows in their own units beside real ones.
///
/// Columns of numbers (and of `-` where one is missing) are set flush right, others flush left. The CSV has a row a row: `group`, then the columns.
///
/// # Errors
/// [`FigureError::Empty`] without columns or rows, [`FigureError::Length`] naming the row with too few or too many cells,
/// [`FigureError::Range`] for more than 200 rows or 60 columns.
pub fn table_figure(input: &TableFigure<'_>) -> Result<Figure, FigureError> {
    let n = input.columns.len();
    check(input)?;
    let cells =
        |column: usize| input.groups.iter().flat_map(move |g| g.rows.iter().map(move |row| &row[column]));
    let widest_cell = |column: usize| cells(column).map(|cell| text::width(cell, SIZE)).fold(0.0, f64::max);
    // A long name stands in two lines rather than widening a column of short cells.
    let headers: Vec<Vec<String>> = (0..n)
        .map(|column| {
            text::wrap(&input.columns[column], SIZE, widest_cell(column).clamp(100.0, WIDEST_CELL), 2)
        })
        .collect();
    let widths: Vec<f64> = (0..n)
        .map(|column| {
            let header = headers[column].iter().map(|line| text::width(line, SIZE)).fold(0.0, f64::max);
            widest_cell(column).max(header).clamp(16.0, WIDEST_CELL) + 2.0 * PAD
        })
        .collect();
    let flush_right: Vec<bool> = (0..n)
        .map(|column| {
            cells(column).all(|cell| matches!(cell.trim(), "" | "-") || cell.trim().parse::<f64>().is_ok())
        })
        .collect();
    let names = input.groups.iter().map(|group| text::width(group.name, SIZE)).fold(0.0, f64::max).min(160.0);
    let left = MARGIN + 12.0 + names + 14.0;
    let right = left + widths.iter().sum::<f64>();

    let mut canvas = Canvas::new(input.title, (right + MARGIN).max(360.0));
    let top = header::draw(&mut canvas, input.title, "", &[]);
    let cell = |canvas: &mut Canvas, column: usize, y: f64, value: &str, fill: &str| {
        let start = left + widths[..column].iter().sum::<f64>();
        let value = text::shorten(value, SIZE, widths[column] - 2.0 * PAD + 0.5);
        let style = Style::new(SIZE).fill(fill);
        if flush_right[column] {
            canvas.text([start + widths[column] - PAD, y], &value, style.anchor(Anchor::End));
        } else {
            canvas.text([start + PAD, y], &value, style);
        }
    };
    let lines = headers.iter().map(Vec::len).fold(1, usize::max);
    for (column, header) in headers.iter().enumerate() {
        for (i, line) in header.iter().enumerate() {
            let from_below = (header.len() - 1 - i) as f64 * 16.0;
            cell(&mut canvas, column, top + 12.0 + (lines - 1) as f64 * 16.0 - from_below, line, SOFT);
        }
    }
    let mut y = top + 21.0 + (lines - 1) as f64 * 16.0;
    for (g, group) in input.groups.iter().enumerate().filter(|(_, group)| !group.rows.is_empty()) {
        canvas.line([MARGIN, y], [right, y], &format!(r#"stroke="{LINE}""#));
        let height = ROW * group.rows.len() as f64;
        let color = hex(category(g));
        canvas.rectangle([MARGIN, y + 3.0, 4.0, height - 6.0], &format!(r#"fill="{color}""#));
        let name = text::shorten(group.name, SIZE, 160.0);
        canvas.text([MARGIN + 12.0, y + 16.5], &name, Style::new(SIZE).fill(&color));
        for (i, row) in group.rows.iter().enumerate() {
            if i > 0 {
                canvas.line([left, y], [right, y], &format!(r#"stroke="{FAINT}""#));
            }
            for (column, value) in row.iter().enumerate() {
                cell(&mut canvas, column, y + 16.5, value, super::color::INK);
            }
            y += ROW;
        }
    }
    canvas.line([MARGIN, y], [right, y], &format!(r#"stroke="{LINE}""#));
    canvas.height = y + MARGIN;

    let mut numbers = Numbers::new(std::iter::once("group").chain(input.columns.iter().map(String::as_str)));
    for group in input.groups {
        for row in group.rows {
            numbers.row(std::iter::once(group.name).chain(row.iter().map(String::as_str)));
        }
    }
    Ok(Figure::new(canvas, numbers.finish(), 0))
}

fn check(input: &TableFigure<'_>) -> Result<(), FigureError> {
    let n = input.columns.len();
    let rows: usize = input.groups.iter().map(|group| group.rows.len()).sum();
    for (what, count, most) in [("columns", n, 60), ("rows", rows, 200)] {
        if count == 0 {
            return Err(FigureError::Empty { figure: NAME, what: format!("the list of {what}") });
        }
        if count > most {
            let (what, allowed) = (format!("the number of {what}"), format!("1 to {most}"));
            return Err(FigureError::Range { figure: NAME, what, found: count.to_string(), allowed });
        }
    }
    for group in input.groups {
        if let Some((i, row)) = group.rows.iter().enumerate().find(|(_, row)| row.len() != n) {
            let what = format!("row {} of '{}'", i + 1, group.name);
            return Err(FigureError::Length { figure: NAME, what, found: row.len(), expected: n });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn every_cell_is_drawn_and_in_the_table() {
        let columns = texts(&["age", "sex"]);
        let (real, made) = ([texts(&["63", "male"])], [texts(&["58", "female"]), texts(&["41.5", ""])]);
        let groups = [RowGroup { name: "real", rows: &real }, RowGroup { name: "generated", rows: &made }];
        let figure =
            table_figure(&TableFigure { title: "patients", columns: &columns, groups: &groups }).unwrap();
        assert_eq!(figure.csv(), "group,age,sex\nreal,63,male\ngenerated,58,female\ngenerated,41.5,\n");
        let svg = figure.svg().unwrap();
        // Title, two names of columns, two of groups, six cells.
        assert_eq!(svg.matches("<text").count(), 11);
        // Ages are numbers and flush right: the header and three cells.
        assert_eq!(svg.matches("text-anchor=\"end\"").count(), 4);
    }

    #[test]
    fn a_number_that_is_missing_leaves_its_column_flush_right() {
        let (columns, rows) = (texts(&["loss"]), [texts(&["1.5"]), texts(&["-"])]);
        let groups = [RowGroup { name: "runs", rows: &rows }];
        let figure = table_figure(&TableFigure { title: "", columns: &columns, groups: &groups }).unwrap();
        // The header and two cells.
        assert_eq!(figure.svg().unwrap().matches("text-anchor=\"end\"").count(), 3);
    }

    #[test]
    fn a_short_row_is_named() {
        let columns = texts(&["age", "sex"]);
        let rows = [texts(&["63", "male"]), texts(&["63"])];
        let groups = [RowGroup { name: "real", rows: &rows }];
        let error = table_figure(&TableFigure { title: "", columns: &columns, groups: &groups }).unwrap_err();
        assert_eq!(error.to_string(), "the figure 'table' needs 2 values in row 2 of 'real', found 1");
    }
}
