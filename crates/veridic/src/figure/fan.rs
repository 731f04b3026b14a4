//! Many paths that a series may take, as bands.

use super::Figure;
use super::axis::{BELOW, Panel, space_left};
use super::canvas::Canvas;
use super::color::{INK, Rgb, SOFT, category, hex};
use super::header::{self, Entry, Mark, left_out_note};
use super::number::{Numbers, exact, usable};
use super::scale::{Scale, extent};
use super::series::{curve, horizontal};
use crate::error::FigureError;

/// What [`path_fan`] draws.
#[derive(Debug, Clone, Copy)]
pub struct PathFan<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the horizontal axis with its unit.
    pub x_label: &'a str,
    /// The name of the vertical axis with its unit.
    pub y_label: &'a str,
    /// Times of the points that are known.
    pub past_times: &'a [f64],
    /// What is known.
    pub past: &'a [f64],
    /// Times of the points of the paths.
    pub times: &'a [f64],
    /// Paths, each a value a time.
    pub paths: &'a [Vec<f64>],
    /// What came about, where it is known.
    pub actual: Option<&'a [f64]>,
    /// Whether times are seconds since 1970.
    pub dates: bool,
}

/// Shares of the paths between the ends of the bands.
const BANDS: [(f64, f64); 2] = [(0.05, 0.95), (0.25, 0.75)];
/// How much of the color a band adds to what is under it; the narrow one lies on the wide one.
const SHADES: [f64; 2] = [0.18, 0.3];
/// Paths that are drawn as lines.
const LINES: usize = 4;

/// Draws many paths as bands that hold nine tenths and half of them, their median, and the first few as lines.
///
/// The CSV has a row a time: `time`, `p5`, `p25`, `median`, `p75`, `p95`, and `actual` where it is known.
///
/// # Errors
/// [`FigureError::Empty`] without paths or times, [`FigureError::Length`] where there is not a value a time,
/// [`FigureError::NothingUsable`] if no value is finite.
pub fn path_fan(input: &PathFan<'_>) -> Result<Figure, FigureError> {
    const FAN: &str = "fan of paths";
    let empty = |what: &str| FigureError::Empty { figure: FAN, what: what.to_owned() };
    if input.times.is_empty() || input.paths.is_empty() {
        return Err(empty(if input.paths.is_empty() { "the list of paths" } else { "the list of times" }));
    }
    let lists = input.paths.iter().map(|path| ("a path", path.len(), input.times.len()));
    let past = ("the past", input.past.len(), input.past_times.len());
    let actual = input.actual.map(|actual| ("the actual path", actual.len(), input.times.len()));
    if let Some((what, found, expected)) = lists.chain([past]).chain(actual).find(|(_, a, b)| a != b) {
        return Err(FigureError::Length { figure: FAN, what: what.to_owned(), found, expected });
    }
    let quantiles: Vec<Option<[f64; 5]>> =
        (0..input.times.len()).map(|t| quantiles(input.paths, t)).collect();
    let few = &input.paths[..input.paths.len().min(LINES)];
    let drawn = few.iter().flatten().chain(input.past).chain(input.actual.unwrap_or_default());
    let values = drawn.copied().chain(quantiles.iter().flatten().flatten().copied()).filter(|v| usable(*v));
    let times = input.past_times.iter().chain(input.times).copied().filter(|time| usable(*time));
    let (Some((low, high)), Some((first, last))) = (extent(values), extent(times)) else {
        let (what, count) = ("all paths".to_owned(), input.paths.len() * input.times.len());
        return Err(FigureError::NothingUsable { figure: FAN, what, count, needed: "finite" });
    };
    let all = || input.paths.iter().flatten();
    let left_out = all().filter(|value| !usable(**value)).count();

    let mut canvas = Canvas::new(input.title, 760.0);
    let blue = hex(category(0));
    let legend = legend(input, few.len(), &blue);
    let note = left_out_note(left_out, all().count(), "values", "not finite");
    let top = header::draw(&mut canvas, input.title, &note, &legend);
    let y = Scale::linear(low, high, 6);
    let left = space_left(&y);
    let x = horizontal(first, last, input.dates);
    let panel = Panel { left, top, width: canvas.width - left - 28.0, height: 340.0, x, y };
    panel.frame(&mut canvas, input.x_label, input.y_label);
    for ((low, high), opacity) in [(0, 4), (1, 3)].into_iter().zip(SHADES) {
        let place =
            |t: usize, q: usize| quantiles[t].map(|of| [panel.across(input.times[t]), panel.down(of[q])]);
        let up = (0..input.times.len()).filter_map(|t| place(t, low));
        let down = (0..input.times.len()).rev().filter_map(|t| place(t, high));
        let points: Vec<[f64; 2]> = up.chain(down).collect();
        canvas.polygon(&points, &format!(r#"fill="{blue}" fill-opacity="{opacity}""#));
    }
    for path in few {
        curve(&mut canvas, &panel, input.times, path, (SOFT, 0.7));
    }
    let median: Vec<f64> = quantiles.iter().map(|of| of.map_or(f64::NAN, |of| of[2])).collect();
    curve(&mut canvas, &panel, input.times, &median, (&blue, 2.0));
    curve(&mut canvas, &panel, input.past_times, input.past, (INK, 1.5));
    if let Some(actual) = input.actual {
        curve(&mut canvas, &panel, input.times, actual, (INK, 1.5));
    }
    canvas.height = panel.bottom() + BELOW;

    let mut names = ["time", "p5", "p25", "median", "p75", "p95"].map(str::to_owned).to_vec();
    names.extend(input.actual.map(|_| "actual".to_owned()));
    let mut numbers = Numbers::new(names);
    for (t, time) in input.times.iter().enumerate() {
        let row = [*time].into_iter().chain(quantiles[t].unwrap_or([f64::NAN; 5]));
        numbers.row(row.chain(input.actual.map(|actual| actual[t])).map(exact));
    }
    Ok(Figure::new(canvas, numbers.finish(), left_out))
}

/// What the bands and lines are.
fn legend(input: &PathFan<'_>, lines: usize, color: &str) -> Vec<Entry> {
    let entry = |name: String, color: String, mark| Entry { name, color, mark };
    let mut legend = Vec::new();
    if !input.past.is_empty() || input.actual.is_some() {
        let name = match (input.past.is_empty(), input.actual.is_some()) {
            (false, false) => "known",
            (true, true) => "actual",
            _ => "known, and what came",
        };
        legend.push(entry(name.to_owned(), INK.to_owned(), Mark::Line));
    }
    let together = 1.0 - (1.0 - SHADES[0]) * (1.0 - SHADES[1]);
    let n = input.paths.len();
    legend.push(entry(format!("9 of 10 of {n} paths"), hex(on_paper(category(0), SHADES[0])), Mark::Box));
    legend.push(entry("half of them".to_owned(), hex(on_paper(category(0), together)), Mark::Box));
    legend.push(entry("median".to_owned(), color.to_owned(), Mark::Line));
    let name = if lines == 1 { "the path".to_owned() } else { format!("the first {lines} paths") };
    legend.push(entry(name, SOFT.to_owned(), Mark::Line));
    legend
}

/// A color on white paper, of which so much is seen.
fn on_paper(color: Rgb, opacity: f64) -> Rgb {
    color.map(|part| (255.0 - (255.0 - f64::from(part)) * opacity).round() as u8)
}

/// The ends of the bands and the median, in order.
fn quantiles(paths: &[Vec<f64>], t: usize) -> Option<[f64; 5]> {
    let mut values: Vec<f64> = paths.iter().map(|path| path[t]).filter(|value| usable(*value)).collect();
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)? as f64;
    let at = |q: f64| {
        let position = q * last;
        let (low, high) = (values[position.floor() as usize], values[position.ceil() as usize]);
        low + (high - low) * position.fract()
    };
    let [(a, e), (b, d)] = BANDS;
    Some([a, b, 0.5, d, e].map(at))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn a_fan_has_its_quantiles() {
        let paths: Vec<Vec<f64>> =
            (0..101).map(|i| vec![f64::from(i), f64::from(i) * 2.0, f64::NAN]).collect();
        let input = PathFan {
            title: "fan",
            x_label: "day",
            y_label: "price",
            past_times: &[0.0, 1.0],
            past: &[50.0, 51.0],
            times: &[2.0, 3.0, 4.0],
            paths: &paths,
            actual: Some(&[50.0, 90.0, 1.0]),
            dates: false,
        };
        let figure = path_fan(&input).unwrap();
        check(&figure);
        let svg = figure.svg().unwrap();
        for name in
            ["known, and what came", "9 of 10 of 101 paths", "half of them", "median", "the first 4 paths"]
        {
            assert!(svg.contains(name), "{name}");
        }
        assert!(figure.csv().contains("2,5,25,50,75,95,50\n3,10,50,100,150,190,90\n"), "{}", figure.csv());
        assert!(path_fan(&PathFan { paths: &[], ..input }).is_err());
        assert!(path_fan(&PathFan { past: &[1.0], ..input }).is_err());
    }
}
