//! Every column of a table, real against made, as small panels.

use super::Figure;
use super::canvas::{Anchor, Canvas, Style};
use super::color::{LINE, PAPER, SOFT, hex};
use super::header::{self, Entry, Mark};
use super::number::{Numbers, exact, usable};
use super::scale::Scale;
use super::text;
use super::written::Written;
use crate::error::FigureError;

const NAME: &str = "columns";
/// The most columns one picture holds.
const MOST: usize = 60;
/// Panels side by side.
const ACROSS: usize = 4;
const WIDTH: f64 = 210.0;
const HEIGHT: f64 = 96.0;
const GAP: [f64; 2] = [26.0, 74.0];
const MARGIN: f64 = 24.0;
/// Cells that numbers are counted in.
const BINS: usize = 40;
/// Levels shown of a category; the others are counted together.
const LEVELS: usize = 7;
/// Levels shown of a category whose levels have an order: all months, and missing cells.
const ORDERED: usize = 14;
/// A cell of so many times the rows of the next is cut.
const CUT: f64 = 5.0;
const REAL: [u8; 3] = [0x9c, 0xcd, 0xec];
const MADE: [u8; 3] = [0xd5, 0x5e, 0x00];

/// The values of a column in both tables.
#[derive(Debug, Clone, Copy)]
pub enum Marginal<'a> {
    /// Numbers; what is not finite is missing.
    Numbers {
        /// Of real rows.
        real: &'a [f64],
        /// Of made rows.
        made: &'a [f64],
        /// How they are written.
        written: Written<'a>,
    },
    /// Levels with their counts in both tables, to be drawn by how frequent they are; a missing cell is a level of its own.
    Levels(&'a [(String, usize, usize)]),
    /// The same in an order of their own, which is kept where there are at most 14.
    Ordered(&'a [(String, usize, usize)]),
}

/// What [`marginals`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Marginals<'a> {
    /// The title.
    pub title: &'a str,
    /// The columns with their names.
    pub columns: &'a [(String, Marginal<'a>)],
}

/// Bars of one panel: from, to, share of real rows and share of made rows.
struct Bar {
    from: f64,
    to: f64,
    name: String,
    real: f64,
    made: f64,
}

/// Draws the distribution of every column, real rows as a filled area and made ones as a line over it, on axes of their own:
/// shares of rows by value. Numbers are counted in 40 cells over the middle 99 % of the real values, with what lies beyond at the ends.
///
/// The CSV has a row a cell: `column`, `value` (a level, or the middle of a cell), `real`, `made` (shares of rows).
///
/// # Errors
/// [`FigureError::Empty`] without columns.
pub fn marginals(input: &Marginals<'_>) -> Result<Figure, FigureError> {
    if input.columns.is_empty() {
        return Err(FigureError::Empty { figure: NAME, what: "the list of columns".to_owned() });
    }
    let shown = &input.columns[..input.columns.len().min(MOST)];
    let across = shown.len().min(ACROSS);
    let width = 2.0 * MARGIN + across as f64 * WIDTH + (across - 1) as f64 * GAP[0];
    let mut canvas = Canvas::new(input.title, width.max(420.0));
    let note = match input.columns.len() - shown.len() {
        0 => String::new(),
        more => format!("the first {MOST} columns; {more} more are not shown"),
    };
    let entry = |name: &str, color, mark| Entry { name: name.to_owned(), color: hex(color), mark };
    let legend = [entry("real rows", REAL, Mark::Box), entry("made rows", MADE, Mark::Line)];
    let top = header::draw(&mut canvas, input.title, &note, &legend);
    let mut numbers = Numbers::new(["column", "value", "real", "made"]);
    for (i, (name, marginal)) in shown.iter().enumerate() {
        let left = MARGIN + (i % ACROSS) as f64 * (WIDTH + GAP[0]);
        let at = top + 18.0 + (i / ACROSS) as f64 * (HEIGHT + GAP[1]);
        draw(&mut canvas, [left, at], (name, marginal), &mut numbers);
    }
    let rows = shown.len().div_ceil(ACROSS) as f64;
    canvas.height = top + 18.0 + rows * (HEIGHT + GAP[1]);
    Ok(Figure::new(canvas, numbers.finish(), 0))
}

/// Draws one column as [`marginals`] does, without title and legend, for pages that have a legend of their own.
pub fn marginal(name: &str, of: &Marginal<'_>) -> Figure {
    /// Space for names of levels, which begin left below their bars.
    const LEFT: f64 = 40.0;
    let mut canvas = Canvas::new(name, LEFT + WIDTH + 6.0);
    canvas.height = 24.0 + HEIGHT + 56.0;
    let mut numbers = Numbers::new(["column", "value", "real", "made"]);
    draw(&mut canvas, [LEFT, 24.0], (name, of), &mut numbers);
    Figure::new(canvas, numbers.finish(), 0)
}

/// A panel with its numbers.
fn draw(canvas: &mut Canvas, at: [f64; 2], (name, of): (&str, &Marginal<'_>), numbers: &mut Numbers) {
    let bars = match of {
        Marginal::Numbers { real, made, .. } => of_numbers(real, made),
        Marginal::Levels(levels) => of_levels(levels, false),
        Marginal::Ordered(levels) => of_levels(levels, levels.len() <= ORDERED),
    };
    let written = match of {
        Marginal::Numbers { written, .. } => Some(*written),
        Marginal::Levels(_) | Marginal::Ordered(_) => None,
    };
    panel(canvas, at, name, &bars, written);
    for bar in &bars {
        let value = if bar.name.is_empty() { exact((bar.from + bar.to) / 2.0) } else { bar.name.clone() };
        numbers.row([name.to_owned(), value, exact(bar.real), exact(bar.made)]);
    }
}

fn of_numbers(real: &[f64], made: &[f64]) -> Vec<Bar> {
    let mut sorted: Vec<f64> = real.iter().copied().filter(|value| usable(*value)).collect();
    if sorted.is_empty() {
        sorted = made.iter().copied().filter(|value| usable(*value)).collect();
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let quantile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (mut low, mut high) = (quantile(0.005), quantile(0.995));
    if low >= high {
        (low, high) = (*first, *last);
    }
    // As many cells as the rows can fill.
    let cells = ((sorted.len() as f64).sqrt() as usize).clamp(8, BINS);
    // Whole numbers in cells of as many each, or some cells would hold one more than others.
    let whole = sorted.iter().all(|value| value.fract() == 0.0) && high - low < 1e9;
    let (start, step, cells) = if whole {
        let step = ((high - low + 1.0) / cells as f64).ceil();
        (low - 0.5, step, ((high - low + 1.0) / step).ceil() as usize)
    } else if low < high {
        (low, (high - low) / cells as f64, cells)
    } else {
        (low - 0.5, 1.0, 1)
    };
    let share = |values: &[f64]| {
        let mut counts = vec![0usize; cells];
        let (mut n, mut missing) = (0usize, 0usize);
        for value in values {
            n += 1;
            if usable(*value) {
                let cell = ((value - start) / step).floor().clamp(0.0, (cells - 1) as f64);
                counts[cell as usize] += 1;
            } else {
                missing += 1;
            }
        }
        let n = n.max(1) as f64;
        (counts.into_iter().map(|count| count as f64 / n).collect::<Vec<_>>(), missing as f64 / n)
    };
    let ((real, real_missing), (made, made_missing)) = (share(real), share(made));
    let mut bars: Vec<Bar> = (0..cells)
        .map(|i| {
            let from = start + i as f64 * step;
            Bar { from, to: from + step, name: String::new(), real: real[i], made: made[i] }
        })
        .collect();
    if real_missing > 0.0 || made_missing > 0.0 {
        let end = start + cells as f64 * step;
        let wide = step * cells as f64 / 14.0;
        let (from, to) = (end + wide, end + 2.0 * wide);
        bars.push(Bar { from, to, name: "missing".to_owned(), real: real_missing, made: made_missing });
    }
    bars
}

fn of_levels(levels: &[(String, usize, usize)], in_order: bool) -> Vec<Bar> {
    let mut order: Vec<&(String, usize, usize)> = levels.iter().collect();
    if !in_order {
        order.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(&b.0)));
    }
    let (all_real, all_made) = levels.iter().fold((0, 0), |(real, made), of| (real + of.1, made + of.2));
    let share = |count: usize, all: usize| count as f64 / all.max(1) as f64;
    let shown = if order.len() > LEVELS + 1 && !in_order { LEVELS } else { order.len() };
    let mut bars: Vec<Bar> = Vec::new();
    let mut push = |name: String, real: usize, made: usize| {
        let from = bars.len() as f64;
        let (real, made) = (share(real, all_real), share(made, all_made));
        bars.push(Bar { from, to: from + 1.0, name, real, made });
    };
    for (name, real, made) in &order[..shown] {
        push(name.clone(), *real, *made);
    }
    if shown < order.len() {
        let (real, made) = order[shown..].iter().fold((0, 0), |(a, b), of| (a + of.1, b + of.2));
        push(format!("{} others", order.len() - shown), real, made);
    }
    bars
}

fn panel(canvas: &mut Canvas, [left, top]: [f64; 2], name: &str, bars: &[Bar], written: Option<Written<'_>>) {
    let levels = written.is_none();
    let title = Style::new(13.0);
    canvas.text([left, top - 6.0], &text::shorten(name, 13.0, WIDTH), title);
    let bottom = top + HEIGHT;
    let most = bars.iter().map(|bar| bar.real.max(bar.made)).fold(0.0, f64::max);
    if most > 0.0 {
        let low = bars.iter().map(|bar| bar.from).fold(f64::INFINITY, f64::min);
        let high = bars.iter().map(|bar| bar.to).fold(f64::NEG_INFINITY, f64::max);
        let across = |value: f64| left + WIDTH * (value - low) / (high - low);
        // One cell of nearly all rows would press all others flat: it is cut, and says what it holds.
        let mut shares: Vec<f64> = bars.iter().map(|bar| bar.real.max(bar.made)).collect();
        shares.sort_unstable_by(|a, b| b.total_cmp(a));
        let second = shares.get(1).copied().unwrap_or(0.0);
        let is_cut = !levels && second > 0.0 && most > CUT * second;
        let full = if is_cut { 2.0 * second } else { most };
        let down = |share: f64| bottom - (HEIGHT - 4.0) * (share / full).min(1.0);
        let inset = if levels { 3.0 } else { 0.0 };
        let fill = format!(r#"fill="{}""#, hex(REAL));
        for bar in bars.iter().filter(|bar| bar.real > 0.0) {
            let (from, to) = (across(bar.from) + inset, across(bar.to) - inset);
            canvas.rectangle([from, down(bar.real), (to - from).max(0.5), bottom - down(bar.real)], &fill);
        }
        let stroke = format!(r#"stroke="{}" stroke-width="1.6" stroke-linejoin="round""#, hex(MADE));
        let mut path: Vec<[f64; 2]> = Vec::new();
        for bar in bars {
            let (from, to) = (across(bar.from) + inset, across(bar.to) - inset);
            let apart = levels || !bar.name.is_empty();
            if apart {
                canvas.line([from, down(bar.made)], [to, down(bar.made)], &stroke);
            } else {
                path.extend([[from, down(bar.made)], [to, down(bar.made)]]);
            }
        }
        if !path.is_empty() {
            canvas.polyline(&path, &stroke);
        }
        if let Some(bar) = bars.iter().find(|bar| is_cut && bar.real.max(bar.made) == most) {
            let (from, to) = (across(bar.from), across(bar.to));
            let gap = format!(r#"stroke="{PAPER}" stroke-width="3""#);
            canvas.line([from - 2.0, top + 13.0], [to + 2.0, top + 9.0], &gap);
            let percent = |share: f64| format!("{:.0}", 100.0 * share);
            let long = format!("{} % of real, {} % of made rows", percent(bar.real), percent(bar.made));
            let short = format!("{} %, {} %", percent(bar.real), percent(bar.made));
            // On the side where there is room.
            let style = Style::new(10.5).fill(SOFT);
            let room = (left + WIDTH - to).max(from - left) - 8.0;
            let said = if text::width(&long, 10.5) < room { long } else { short };
            match left + WIDTH - to >= from - left {
                true => canvas.text([to + 5.0, top + 13.0], &said, style),
                false => canvas.text([from - 5.0, top + 13.0], &said, style.anchor(Anchor::End)),
            }
        }
        labels(canvas, (left, bottom), bars, &across, written.unwrap_or(Written::Number));
    }
    canvas.line([left, bottom], [left + WIDTH, bottom], &format!(r#"stroke="{LINE}""#));
}

/// What stands below a panel: the ends of a range of numbers, or the names of levels.
fn labels(
    canvas: &mut Canvas,
    (left, bottom): (f64, f64),
    bars: &[Bar],
    across: &dyn Fn(f64) -> f64,
    written: Written<'_>,
) {
    const SIZE: f64 = 10.5;
    let style = Style::new(SIZE).fill(SOFT);
    let cells: Vec<&Bar> = bars.iter().filter(|bar| bar.name.is_empty()).collect();
    if let (Some(first), Some(last)) = (cells.first(), cells.last()) {
        let whole = (first.to - first.from).fract() == 0.0 && first.from.fract().abs() == 0.5;
        let (low, high) = if whole { (first.from + 0.5, last.to - 0.5) } else { (first.from, last.to) };
        let as_numbers = || {
            let scale = Scale::exact(low, high, 4);
            let plain = |value: f64| super::number::coordinate(value);
            let size = (scale.max - scale.min).abs();
            [low, high].map(|value| {
                if value.abs() >= 1e6 || (size < 0.05 && value != 0.0) {
                    format!("{value:.2e}")
                } else {
                    plain(value)
                }
            })
        };
        let [low, high] = match written {
            Written::Moment => super::time::ends(low, high),
            Written::Own(write) => [low, high].map(|value| text::shorten(&write(value), SIZE, WIDTH / 2.0)),
            Written::Number => as_numbers(),
        };
        canvas.text([left, bottom + 14.0], &low, style);
        canvas.text([across(last.to), bottom + 14.0], &high, style.anchor(Anchor::End));
    }
    let named: Vec<&Bar> = bars.iter().filter(|bar| !bar.name.is_empty()).collect();
    if cells.is_empty() {
        let wide = WIDTH / named.len().max(1) as f64;
        let fits = named.iter().all(|bar| text::width(&bar.name, SIZE) <= wide - 3.0);
        let texts: Vec<&str> = named.iter().map(|bar| bar.name.as_str()).collect();
        let short = text::shorten_apart(&texts, SIZE, 68.0);
        for (bar, name) in named.into_iter().zip(short) {
            let middle = across((bar.from + bar.to) / 2.0);
            if fits {
                canvas.text([middle, bottom + 14.0], &bar.name, style.anchor(Anchor::Middle));
            } else {
                canvas.text([middle + 3.0, bottom + 9.0], &name, style.anchor(Anchor::End).turn(-40.0));
            }
        }
    } else if let Some(bar) = named.first() {
        canvas.text([left + WIDTH, bottom + 26.0], &bar.name, style.anchor(Anchor::End));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_each_cell_stand_beside_the_picture() {
        let levels = [("yes".to_owned(), 3, 1), ("no".to_owned(), 1, 3)];
        let columns = [
            (
                "n".to_owned(),
                Marginal::Numbers {
                    real: &[1.0, 1.0, 2.0, f64::NAN],
                    made: &[2.0, 2.0],
                    written: Written::Number,
                },
            ),
            ("c".to_owned(), Marginal::Levels(&levels)),
        ];
        let figure = marginals(&Marginals { title: "t", columns: &columns }).unwrap();
        assert_eq!(
            figure.csv(),
            "column,value,real,made\nn,1,0.5,0\nn,2,0.25,1\nn,missing,0.25,0\nc,yes,0.75,0.25\nc,no,0.25,0.75\n"
        );
        assert!(marginals(&Marginals { title: "t", columns: &[] }).is_err());
    }

    #[test]
    fn levels_in_order_and_numbers_in_their_own_spelling_are_shown_so() {
        let levels =
            ["Jan", "Feb", "Mar"].map(|name| (name.to_owned(), if name == "Mar" { 9 } else { 1 }, 1));
        let write =
            |seconds: f64| format!("{:.0}:{:02.0} h", (seconds / 3600.0).floor(), seconds % 3600.0 / 60.0);
        let written = Written::Own(&write);
        let columns = [
            ("length".to_owned(), Marginal::Numbers { real: &[600.5, 5400.5], made: &[5400.5], written }),
            ("month".to_owned(), Marginal::Ordered(&levels)),
            (
                "opens".to_owned(),
                Marginal::Numbers { real: &[28_800.5, 68_400.5], made: &[], written: Written::Moment },
            ),
        ];
        let figure = marginals(&Marginals { title: "t", columns: &columns }).unwrap();
        let svg = figure.svg().unwrap();
        assert!(svg.contains("0:10 h") && svg.contains("1:30 h"), "{svg}");
        assert!(svg.contains("08:00") && svg.contains("19:00") && !svg.contains("1970"));
        let place = |month: &str| figure.csv().find(&format!("month,{month},")).unwrap();
        assert!(place("Jan") < place("Feb") && place("Feb") < place("Mar"));
    }

    #[test]
    fn many_levels_and_columns_are_counted_together_and_said() {
        let levels: Vec<(String, usize, usize)> = (0..20).map(|i| (format!("l{i}"), 20 - i, 1)).collect();
        let columns: Vec<(String, Marginal<'_>)> =
            (0..MOST + 2).map(|i| (format!("c{i}"), Marginal::Levels(&levels))).collect();
        let figure = marginals(&Marginals { title: "t", columns: &columns }).unwrap();
        assert!(figure.svg().unwrap().contains("2 more are not shown"));
        assert!(figure.csv().contains("c0,13 others,"));
    }
}
