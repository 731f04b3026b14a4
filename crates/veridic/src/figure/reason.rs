//! Why one row is unusual: how much each column adds, and where the row lies among the others in it.

use super::Figure;
use super::canvas::{Anchor, Canvas, Style};
use super::color::{FAINT, INK, LINE, SOFT, hex};
use super::header::{self, Entry, MARGIN, Mark};
use super::number::{Numbers, exact, usable};
use super::text;
use crate::error::FigureError;

const NAME: &str = "reasons";
/// The most columns one picture holds.
const MOST: usize = 50;
/// Heights of a column's stripe and of the bars in it.
const STRIPE: f64 = 58.0;
const BARS: f64 = 34.0;
/// Lines that a relation may take, and how far they are apart.
const LINES: usize = 3;
const LEADING: f64 = 15.0;
/// Bars of the values of a column.
const BINS: usize = 40;
/// Where bars of reasons and of values begin, and how long they can be.
const ADDS: [f64; 2] = [170.0, 150.0];
const VALUES: [f64; 2] = [400.0, 330.0];
const ADDED: [u8; 3] = [0xd5, 0x5e, 0x00];
const EXPECTED: [u8; 3] = [0x00, 0x72, 0xb2];
const SIZE: f64 = 12.0;

/// What [`reasons`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Reasons<'a> {
    /// The title.
    pub title: &'a str,
    /// A line below it.
    pub note: &'a str,
    /// The columns, those that add most first.
    pub columns: &'a [ReasonColumn<'a>],
}

/// A column's part in a score.
#[derive(Debug, Clone)]
pub struct ReasonColumn<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it adds to the score, 0 or more.
    pub adds: f64,
    /// The cell, as the data writes it.
    pub actual: &'a str,
    /// What was to be expected there.
    pub expected: &'a str,
    /// The relation between columns that the cell breaks, in words; empty where it breaks none.
    pub relation: &'a str,
    /// What the other rows have.
    pub others: Others<'a>,
}

/// What rows have in a column, and where one of them is.
#[derive(Debug, Clone)]
pub enum Others<'a> {
    /// Numbers, with the row's own and the expected one; NaN where there is none.
    Numbers {
        /// All rows' values.
        values: &'a [f64],
        /// The row's.
        actual: f64,
        /// The expected one.
        expected: f64,
    },
    /// Texts with the number of rows that have each, the first six to be drawn; which are the row's and the expected one.
    Levels {
        /// Texts and rows.
        counts: Vec<(&'a str, usize)>,
        /// Place of the row's in `counts`.
        actual: Option<usize>,
        /// Place of the expected one.
        expected: Option<usize>,
    },
}

/// Draws for each column of a row a bar of what it adds to the score, and the values of all rows with the row's own and the
/// expected one marked. A value far outside the others is marked at the edge with an arrow.
///
/// The CSV has a row a column: `column`, `adds`, `actual`, `expected`, `relation`.
///
/// # Errors
/// [`FigureError::Empty`] without columns, [`FigureError::Range`] above 50 columns.
pub fn reasons(input: &Reasons<'_>) -> Result<Figure, FigureError> {
    if input.columns.is_empty() {
        return Err(FigureError::Empty { figure: NAME, what: "the list of columns".to_owned() });
    }
    if input.columns.len() > MOST {
        let (what, allowed) = ("the number of columns".to_owned(), format!("1 to {MOST}"));
        let found = input.columns.len().to_string();
        return Err(FigureError::Range { figure: NAME, what, found, allowed });
    }
    let mut canvas = Canvas::new(input.title, VALUES[0] + VALUES[1] + 40.0);
    let entry = |name: &str, color: [u8; 3], mark| Entry { name: name.to_owned(), color: hex(color), mark };
    let legend = [
        entry("adds to the score; this row", ADDED, Mark::Box),
        entry("expected", EXPECTED, Mark::Line),
        entry("all rows", [0xc8, 0xc8, 0xc8], Mark::Box),
    ];
    let mut top = header::draw(&mut canvas, input.title, input.note, &legend) + 10.0;
    let most =
        input.columns.iter().map(|column| column.adds).filter(|adds| usable(*adds)).fold(0.0, f64::max);
    let mut numbers = Numbers::new(["column", "adds", "actual", "expected", "relation"]);
    for column in input.columns {
        added(&mut canvas, column, most, top);
        match &column.others {
            Others::Numbers { values, actual, expected } => {
                spread(&mut canvas, values, (*actual, *expected), top);
            }
            Others::Levels { counts, actual, expected } => {
                levels(&mut canvas, counts, (*actual, *expected), top);
            }
        }
        let [actual, expected] =
            [column.actual, column.expected].map(|text| or_missing(&legible(text)).to_owned());
        let said = text::shorten(&format!("{actual}, expected {expected}"), SIZE, VALUES[1]);
        // A relation names several columns, and is as long as they are.
        let related = text::wrap(column.relation, SIZE, VALUES[1], LINES);
        for (line, said) in std::iter::once(&said).chain(&related).enumerate() {
            let y = top + BARS + 14.0 + line as f64 * LEADING;
            canvas.text([VALUES[0], y], said, Style::new(SIZE).fill(SOFT));
        }
        numbers.row([
            column.name.to_owned(),
            exact(column.adds),
            column.actual.to_owned(),
            column.expected.to_owned(),
            column.relation.to_owned(),
        ]);
        top += STRIPE + related.len() as f64 * LEADING;
    }
    canvas.height = top + 8.0;
    Ok(Figure::new(canvas, numbers.finish(), 0))
}

fn or_missing(cell: &str) -> &str {
    if cell.is_empty() { "missing" } else { cell }
}

/// A column's name and the bar of what it adds.
fn added(canvas: &mut Canvas, column: &ReasonColumn<'_>, most: f64, top: f64) {
    let name = text::wrap(column.name, SIZE, ADDS[0] - MARGIN - 10.0, 2);
    let middle = top + BARS / 2.0;
    let first = middle + 4.5 - (name.len().max(1) - 1) as f64 * LEADING / 2.0;
    for (line, name) in name.iter().enumerate() {
        let y = first + line as f64 * LEADING;
        canvas.text([ADDS[0] - 8.0, y], name, Style::new(SIZE).anchor(Anchor::End));
    }
    let length = if most > 0.0 && usable(column.adds) { column.adds.max(0.0) / most * ADDS[1] } else { 0.0 };
    canvas.rectangle([ADDS[0], middle - 9.0, length, 18.0], &format!(r#"fill="{}""#, hex(ADDED)));
    let adds = match column.adds {
        adds if !usable(adds) => String::new(),
        adds if adds.abs() < 100.0 => format!("{adds:.2}"),
        adds => format!("{adds:.0}"),
    };
    canvas.text([ADDS[0] + length + 6.0, middle + 4.5], &adds, Style::new(SIZE).fill(INK));
}

/// Bars of numbers with a line at the row's own and at the expected one.
fn spread(canvas: &mut Canvas, values: &[f64], (actual, expected): (f64, f64), top: f64) {
    let [left, width] = VALUES;
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| usable(*value)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let base = top + BARS;
    canvas.line([left, base], [left + width, base], &format!(r#"stroke="{LINE}""#));
    if sorted.is_empty() {
        return;
    }
    // Few values far away would leave one bar for all others.
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (mut low, mut high) = (at(0.005), at(0.995));
    let reach = (high - low).max(f64::MIN_POSITIVE);
    for value in [actual, expected].into_iter().filter(|value| usable(*value)) {
        if value < low && low - value <= reach {
            low = value;
        } else if value > high && value - high <= reach {
            high = value;
        }
    }
    if high <= low {
        let half = if low == 0.0 { 0.5 } else { low.abs() * 0.5 };
        (low, high) = (low - half, high + half);
    }
    let place = |value: f64| (value - low) / (high - low);
    let mut counts = [0usize; BINS];
    for value in &sorted {
        let share = place(*value);
        if (0.0..=1.0).contains(&share) {
            counts[((share * BINS as f64) as usize).min(BINS - 1)] += 1;
        }
    }
    // Roots, so that rare values are seen beside common ones.
    let tallest = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let step = width / BINS as f64;
    for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (*count as f64 / tallest).sqrt() * (BARS - 4.0);
        let bar = [left + i as f64 * step, base - height, step - 0.6, height];
        canvas.rectangle(bar, r##"fill="#c8c8c8""##);
    }
    for (value, color, wide) in [(expected, EXPECTED, 2.0), (actual, ADDED, 3.0)] {
        if !usable(value) {
            continue;
        }
        let share = place(value).clamp(0.0, 1.0);
        let x = left + share * width;
        let style = format!(r#"stroke="{}" stroke-width="{wide}""#, hex(color));
        canvas.line([x, top], [x, base], &style);
        if place(value) > 1.0 || place(value) < 0.0 {
            let out = if share > 0.5 { 8.0 } else { -8.0 };
            let middle = top + BARS / 2.0;
            let arrow = [[x, middle - 5.0], [x + out, middle], [x, middle + 5.0]];
            canvas.polygon(&arrow, &format!(r#"fill="{}""#, hex(color)));
        }
    }
}

/// Bars of the most frequent texts, the row's own and the expected one outlined.
fn levels(
    canvas: &mut Canvas,
    counts: &[(&str, usize)],
    (actual, expected): (Option<usize>, Option<usize>),
    top: f64,
) {
    const SHOWN: usize = 6;
    let [left, width] = VALUES;
    let base = top + BARS;
    canvas.line([left, base], [left + width, base], &format!(r#"stroke="{LINE}""#));
    let mut shown: Vec<usize> = (0..counts.len().min(SHOWN)).collect();
    for wanted in [expected, actual].into_iter().flatten() {
        if !shown.contains(&wanted) {
            shown.push(wanted);
        }
    }
    let tallest = counts.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1) as f64;
    let step = width / shown.len().max(4) as f64;
    let names: Vec<&str> = shown.iter().map(|&level| counts[level].0).collect();
    let names = text::shorten_apart(&names, SIZE - 1.0, step - 8.0);
    for (at, (&level, name)) in shown.iter().zip(&names).enumerate() {
        let (_, count) = counts[level];
        let height = (count as f64 / tallest).sqrt() * (BARS - 4.0);
        let x = left + at as f64 * step;
        let color = if Some(level) == actual {
            hex(ADDED)
        } else if Some(level) == expected {
            hex(EXPECTED)
        } else {
            "#c8c8c8".to_owned()
        };
        canvas.rectangle([x, base - height, step - 4.0, height.max(1.0)], &format!(r#"fill="{color}""#));
        canvas.text([x + 2.0, base - 3.0], name, Style::new(SIZE - 1.0).halo());
    }
    canvas.line([left, base], [left + width, base], &format!(r#"stroke="{FAINT}""#));
}

/// A cell as people read it: no more than five digits of a number that has a part after the point.
pub(crate) fn legible(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if text.len() > 7 && text.contains('.') && value.is_finite() && value != 0.0 => {
            let before = value.abs().log10().floor() as i32 + 1;
            let after = (5 - before).clamp(0, 12) as usize;
            let short = format!("{value:.after$}");
            if short.contains('.') {
                short.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                short
            }
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_its_bar_and_its_place() {
        let values: Vec<f64> = (0..200).map(f64::from).collect();
        let columns = [
            ReasonColumn {
                name: "age <years>",
                adds: 7.5,
                actual: "1e300",
                expected: "50",
                relation: "age <= years",
                others: Others::Numbers { values: &values, actual: 1e300, expected: 50.0 },
            },
            ReasonColumn {
                name: "city",
                adds: 0.0,
                actual: "Bonn",
                expected: "",
                relation: "",
                others: Others::Levels {
                    counts: vec![("Rome", 90), ("Oslo", 10), ("Bonn", 1)],
                    actual: Some(2),
                    expected: None,
                },
            },
            ReasonColumn {
                name: "empty",
                adds: f64::NAN,
                actual: "",
                expected: "",
                relation: "",
                others: Others::Numbers { values: &[f64::NAN], actual: f64::NAN, expected: f64::NAN },
            },
        ];
        let figure = reasons(&Reasons { title: "row 7", note: "", columns: &columns }).unwrap();
        super::super::tests::check(&figure);
        assert!(
            figure
                .csv()
                .starts_with("column,adds,actual,expected,relation\nage <years>,7.5,1e300,50,age <= years\n")
        );
        assert!(figure.svg().unwrap().contains(">age &lt;= years<"));
        // The arrow of what lies outside.
        assert_eq!(figure.svg().unwrap().matches("<polygon").count(), 1);
        assert!(reasons(&Reasons { title: "", note: "", columns: &[] }).is_err());
    }
}
