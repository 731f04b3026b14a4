//! Points in two dimensions, colored by category or by number.

mod label;

use super::Figure;
use super::axis::{BELOW, Panel, TICK_SIZE, space_left};
use super::canvas::{Anchor, Canvas, Picture, Style};
use super::color::{self, CATEGORIES, GREY, Rgb, SOFT, category, hex, viridis};
use super::header::{self, Entry, MARGIN, Mark, left_out_note};
use super::histogram::{Spread, outline};
use super::number::{Numbers, coordinate, exact, exact_single, grouped};
use super::scale::{Scale, extent};
use super::written::Written;
use super::{text, time};
use crate::error::FigureError;
use resvg::tiny_skia::{FillRule, Paint, PathBuilder, Pixmap, Transform};

const NAME: &str = "scatter";
/// Above this many points they are drawn as pixels, which keeps the file small and quick to show.
const MOST_CIRCLES: usize = 5_000;
/// Pixels of the point picture for one unit of the drawing.
const POINT_SCALE: f32 = 2.0;
const SIDE: f64 = 560.0;
const MARGINAL: f64 = 84.0;
/// From the plot to the color scale, its width, and from there to its numbers.
const SCALE_LEFT: f64 = 44.0;
const SCALE_WIDTH: f64 = 14.0;
const SCALE_GAP: f64 = 6.0;
/// Numbers beyond this have the color of it: differences of two such stay numbers.
const LARGEST: f64 = 1e300;

/// What [`scatter`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Scatter<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the horizontal axis.
    pub x_label: &'a str,
    /// The name of the vertical axis.
    pub y_label: &'a str,
    /// The points, each across and up.
    pub points: &'a [[f32; 2]],
    /// What gives a point its color.
    pub coloring: Coloring<'a>,
    /// Whether the spread of each category is drawn above and on the right.
    pub marginals: bool,
}

/// What gives a point its color.
#[derive(Debug, Clone, Copy)]
pub enum Coloring<'a> {
    /// All points alike.
    Plain,
    /// One color a category.
    Category {
        /// A code a point into `names`; a code past the last name means the category is missing (grey).
        codes: &'a [u32],
        /// The categories in the order of the legend. Of more than 12, the 11 most frequent keep a color and
        /// the others are grey.
        names: &'a [String],
    },
    /// A color scale; a point whose value is missing (NaN) or infinite is grey.
    Value {
        /// A number a point.
        values: &'a [f64],
        /// The name of the color scale with its unit.
        label: &'a str,
        /// How they are written.
        written: Written<'a>,
    },
}

/// Draws points colored by category or by number, on request with marginal histograms.
///
/// Points are drawn in their order, categories with fewer than one in twenty points last, so that they are not hidden.
/// Up to 5000 points are SVG circles, more are an embedded picture. The CSV has a row a point: `x`, `y`, then
/// `category` or `value`.
///
/// # Errors
/// [`FigureError::Empty`] without points, [`FigureError::Length`] if codes or values are not as many as points,
/// [`FigureError::NothingUsable`] if no point is finite.
pub fn scatter(input: &Scatter<'_>) -> Result<Figure, FigureError> {
    drawn(input, false)
}

/// Draws points as [`scatter`] does, with one scale for both axes: for a plane in which distances mean something.
///
/// # Errors
/// As [`scatter`].
pub fn plane(input: &Scatter<'_>) -> Result<Figure, FigureError> {
    drawn(input, true)
}

fn drawn(input: &Scatter<'_>, equal: bool) -> Result<Figure, FigureError> {
    let n = input.points.len();
    if n == 0 {
        return Err(FigureError::Empty { figure: NAME, what: "the list of points".to_owned() });
    }
    let (what, found) = match input.coloring {
        Coloring::Plain => ("", n),
        Coloring::Category { codes, .. } => ("the categories", codes.len()),
        Coloring::Value { values, .. } => ("the values", values.len()),
    };
    if found != n {
        return Err(FigureError::Length { figure: NAME, what: what.to_owned(), found, expected: n });
    }
    let shown: Vec<usize> = (0..n).filter(|i| input.points[*i].iter().all(|v| v.is_finite())).collect();
    let axis = |axis: usize| extent(shown.iter().map(|i| f64::from(input.points[*i][axis])));
    let (Some((x_low, x_high)), Some((y_low, y_high))) = (axis(0), axis(1)) else {
        let what = "the points".to_owned();
        return Err(FigureError::NothingUsable { figure: NAME, what, count: n, needed: "finite" });
    };
    let left_out = n - shown.len();
    let groups = Groups::new(input.coloring, &shown);
    let note = left_out_note(left_out, n, "points", "not finite");

    let half = |low: f64, high: f64| (high - low) / 2.0;
    let widest = half(x_low, x_high).max(half(y_low, y_high));
    let around = |low: f64, high: f64| {
        let middle = low + half(low, high);
        if equal && widest > 0.0 { padded(middle - widest, middle + widest) } else { padded(low, high) }
    };
    let (x, y) = (around(x_low, x_high), around(y_low, y_high));
    let left = space_left(&y);
    let ticks = match (input.coloring, groups.range) {
        (Coloring::Value { written, .. }, Some((low, high))) => Some(color_ticks(low, high, written)),
        _ => None,
    };
    let widest = ticks.iter().flat_map(|(_, ticks)| ticks).map(|(_, text)| text::width(text, TICK_SIZE));
    let numbers_beside = SCALE_LEFT + SCALE_WIDTH + SCALE_GAP + widest.fold(0.0, f64::max) + MARGIN;
    let beside = match (input.marginals, input.coloring) {
        (_, Coloring::Value { .. }) => numbers_beside.max(132.0),
        (true, _) => MARGINAL + 28.0,
        (false, _) => 28.0,
    };
    let mut canvas = Canvas::new(input.title, left + SIDE + beside);
    let mut top = header::draw(&mut canvas, input.title, &note, &groups.legend);
    // A color scale takes the place on the right, and has no categories to spread.
    let marginals = input.marginals && !matches!(input.coloring, Coloring::Value { .. });
    if marginals {
        top += MARGINAL;
    }
    let panel = Panel { left, top, width: SIDE, height: SIDE, x, y };
    panel.frame(&mut canvas, input.x_label, input.y_label);
    if marginals {
        draw_marginals(&mut canvas, &panel, input.points, &groups);
    }
    draw_points(&mut canvas, &panel, input.points, &groups);
    if groups.members.len() > 6 {
        label::name_groups(&mut canvas, &panel, input.points, &groups);
    }
    if let (Coloring::Value { label, .. }, Some(ticks)) = (input.coloring, &ticks) {
        color_scale(&mut canvas, &panel, ticks, label);
    }
    canvas.height = panel.bottom() + BELOW;
    Ok(Figure::new(canvas, numbers(input), left_out))
}

/// The points by what they share, each with its color.
struct Groups {
    legend: Vec<Entry>,
    /// Name, color and points of each category that is drawn.
    members: Vec<(String, Rgb, Vec<usize>)>,
    /// The points in the order of drawing with their colors.
    order: Vec<(usize, Rgb)>,
    /// The ends of the color scale.
    range: Option<(f64, f64)>,
}

impl Groups {
    fn new(coloring: Coloring<'_>, shown: &[usize]) -> Self {
        match coloring {
            Coloring::Plain => {
                let members = vec![(String::new(), category(0), shown.to_vec())];
                let order = shown.iter().map(|i| (*i, category(0))).collect();
                Self { legend: Vec::new(), members, order, range: None }
            }
            Coloring::Category { codes, names } => Self::categories(codes, names, shown),
            Coloring::Value { values, .. } => {
                let value = |i: usize| values[i].clamp(-LARGEST, LARGEST);
                let is_shown = |i: &&usize| values[**i].is_finite();
                let range = extent(shown.iter().filter(is_shown).map(|i| value(*i)));
                let (low, high) = range.unwrap_or((0.0, 1.0));
                let span = if high > low { high - low } else { 1.0 };
                let color = |i: &usize| if is_shown(&i) { viridis((value(*i) - low) / span) } else { GREY };
                let order = shown.iter().map(|i| (*i, color(i))).collect();
                let entry = |name: &str, is_one: fn(f64) -> bool| {
                    let count = shown.iter().filter(|i| is_one(values[**i])).count();
                    let name = format!("{name} ({})", grouped(count));
                    (count > 0).then(|| Entry { name, color: hex(GREY), mark: Mark::Dot })
                };
                let legend = [entry("missing", f64::is_nan), entry("infinite", f64::is_infinite)];
                let legend = legend.into_iter().flatten().collect();
                Self { legend, members: Vec::new(), order, range }
            }
        }
    }

    fn categories(codes: &[u32], names: &[String], shown: &[usize]) -> Self {
        let mut by_name: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
        let mut missing = Vec::new();
        for i in shown {
            match by_name.get_mut(codes[*i] as usize) {
                Some(points) => points.push(*i),
                None => missing.push(*i),
            }
        }
        let mut colored: Vec<usize> = (0..names.len()).collect();
        if names.len() > CATEGORIES {
            colored.sort_by_key(|c| (std::cmp::Reverse(by_name[*c].len()), *c));
            colored.truncate(CATEGORIES - 1);
            colored.sort_unstable();
        }
        let mut members = Vec::new();
        let mut others = Vec::new();
        for (c, points) in by_name.into_iter().enumerate() {
            match colored.iter().position(|one| *one == c) {
                Some(place) => members.push((names[c].clone(), category(place), points)),
                None => others.extend(points),
            }
        }
        let rest = names.len() - colored.len();
        members.push((format!("{rest} other categories"), GREY, others));
        members.push(("missing".to_owned(), GREY, missing));
        members.retain(|(_, _, points)| !points.is_empty());

        let legend = members
            .iter()
            .map(|(name, color, _)| Entry { name: name.clone(), color: hex(*color), mark: Mark::Dot })
            .collect();
        let (rare, common): (Vec<_>, Vec<_>) =
            members.iter().partition(|(_, _, points)| points.len() * 20 < shown.len());
        let in_order = |groups: &[&(String, Rgb, Vec<usize>)]| {
            let mut order: Vec<(usize, Rgb)> =
                groups.iter().flat_map(|(_, color, points)| points.iter().map(|i| (*i, *color))).collect();
            order.sort_unstable();
            order
        };
        let mut order = in_order(&common);
        order.extend(in_order(&rare));
        Self { legend, members, order, range: None }
    }
}

/// A range with a little room around the points, and ticks inside.
fn padded(low: f64, high: f64) -> Scale {
    let room = (high - low) * 0.03;
    Scale::exact(low - room, high + room, 6)
}

fn draw_points(canvas: &mut Canvas, panel: &Panel, points: &[[f32; 2]], groups: &Groups) {
    let n = groups.order.len();
    let (radius, opacity) = match n {
        0..500 => (3.4, 0.85),
        500..2_000 => (2.6, 0.8),
        2_000..10_000 => (2.0, 0.7),
        10_000..50_000 => (1.5, 0.6),
        _ => (1.1, 0.5),
    };
    let place = |i: usize| [panel.across(f64::from(points[i][0])), panel.down(f64::from(points[i][1]))];
    if n <= MOST_CIRCLES {
        for (i, color) in &groups.order {
            let style = format!(r#"fill="{}" fill-opacity="{opacity}""#, hex(*color));
            canvas.circle(place(*i), radius, &style);
        }
        return;
    }
    let side = (SIDE as f32 * POINT_SCALE) as u32;
    let mut pixels = Pixmap::new(side, side).expect("the side is a small constant");
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    for (i, [red, green, blue]) in &groups.order {
        let [x, y] = place(*i);
        let (x, y) = ((x - panel.left) as f32 * POINT_SCALE, (y - panel.top) as f32 * POINT_SCALE);
        if let Some(circle) = PathBuilder::from_circle(x, y, radius as f32 * POINT_SCALE) {
            paint.set_color_rgba8(*red, *green, *blue, (opacity * 255.0) as u8);
            pixels.fill_path(&circle, &paint, FillRule::Winding, Transform::identity(), None);
        }
    }
    let [left, top, width, height] = [panel.left, panel.top, panel.width, panel.height];
    canvas.picture(Picture { left, top, width, height, pixels, sharp: false });
}

fn draw_marginals(canvas: &mut Canvas, panel: &Panel, points: &[[f32; 2]], groups: &Groups) {
    // Few points in many bins would show chance alone.
    let bins = (1.5 * (groups.order.len() as f64).sqrt()).clamp(12.0, 50.0) as usize;
    for (axis, scale) in [&panel.x, &panel.y].into_iter().enumerate() {
        let spreads: Vec<(Rgb, Spread)> = groups
            .members
            .iter()
            .map(|(_, color, members)| {
                let values: Vec<f64> = members.iter().map(|i| f64::from(points[*i][axis])).collect();
                (*color, Spread::new(&values, scale, bins, f64::is_finite))
            })
            .collect();
        let tallest = spreads.iter().flat_map(|(_, s)| s.density.iter().copied()).fold(0.0, f64::max);
        if tallest <= 0.0 {
            continue;
        }
        for (color, spread) in &spreads {
            let color = hex(*color);
            let reach = MARGINAL - 14.0;
            // Drawn as if on the upper side; the right side is the same turned by a quarter.
            let length = if axis == 0 { panel.width } else { panel.height };
            let edges: Vec<f64> = (0..=bins).map(|i| length * i as f64 / bins as f64).collect();
            let tops: Vec<f64> = spread.density.iter().map(|d| -reach * d / tallest).collect();
            let turn = if axis == 0 {
                format!("matrix(1 0 0 1 {} {})", coordinate(panel.left), coordinate(panel.top - 5.0))
            } else {
                format!(
                    "matrix(0 -1 -1 0 {} {})",
                    coordinate(panel.right() + 5.0),
                    coordinate(panel.bottom())
                )
            };
            let style = format!(
                r#"fill="{color}" fill-opacity="0.25" stroke="{color}" stroke-width="1.2" stroke-linejoin="round" transform="{turn}""#
            );
            canvas.path(&outline(&edges, &tops, 0.0), &style);
        }
    }
}

/// Where numbers of a color scale are written, with their texts.
fn color_ticks(low: f64, high: f64, written: Written<'_>) -> (Scale, Vec<(f64, String)>) {
    let scale = Scale::exact(low, high, 5);
    let ticks = match written {
        Written::Number => Vec::new(),
        Written::Moment => time::ticks(low, high, 5),
        Written::Own(write) => scale.ticks.iter().map(|(value, _)| (*value, write(*value))).collect(),
    };
    let ticks = if ticks.is_empty() { scale.ticks.clone() } else { ticks };
    let inside = |tick: &(f64, String)| (-1e-6..=1.000_001).contains(&scale.share(tick.0));
    let ticks = ticks.into_iter().filter(inside).collect();
    (scale, ticks)
}

fn color_scale(
    canvas: &mut Canvas,
    panel: &Panel,
    (scale, ticks): &(Scale, Vec<(f64, String)>),
    label: &str,
) {
    let (left, width, height) = (panel.right() + SCALE_LEFT, SCALE_WIDTH, panel.height * 0.6);
    let top = panel.top + panel.height * 0.2;
    canvas.gradient([left, top, width, height], viridis);
    for (value, name) in ticks {
        let y = top + height * (1.0 - scale.share(*value)) + 4.3;
        canvas.text([left + width + SCALE_GAP, y], name, Style::new(TICK_SIZE).fill(SOFT));
    }
    let style = Style::new(13.0).anchor(Anchor::Middle).turn(-90.0).fill(color::INK);
    let label = text::shorten(label, 13.0, panel.height);
    canvas.text([left - 7.0, top + height / 2.0], &label, style);
}

fn numbers(input: &Scatter<'_>) -> String {
    let mut numbers = match input.coloring {
        Coloring::Plain => Numbers::new(&["x", "y"][..]),
        Coloring::Category { .. } => Numbers::new(&["x", "y", "category"][..]),
        Coloring::Value { .. } => Numbers::new(&["x", "y", "value"][..]),
    };
    for (i, point) in input.points.iter().enumerate() {
        let extra = match input.coloring {
            Coloring::Plain => None,
            Coloring::Category { codes, names } => {
                Some(names.get(codes[i] as usize).cloned().unwrap_or_default())
            }
            Coloring::Value { values, .. } => Some(exact(values[i])),
        };
        numbers.row(point.map(exact_single).into_iter().chain(extra));
    }
    numbers.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input<'a>(points: &'a [[f32; 2]], coloring: Coloring<'a>) -> Scatter<'a> {
        Scatter { title: "latent", x_label: "z1", y_label: "z2", points, coloring, marginals: false }
    }

    #[test]
    fn every_finite_point_is_a_circle_and_all_are_in_the_table() {
        let names = ["no".to_owned(), "yes".to_owned()];
        let points = [[0.0, 1.0], [1.0, 2.5], [f32::NAN, 0.0], [2.0, 3.0]];
        let coloring = Coloring::Category { codes: &[0, 1, 1, u32::MAX], names: &names };
        let figure = scatter(&Scatter { marginals: true, ..input(&points, coloring) }).unwrap();
        assert_eq!(figure.csv(), "x,y,category\n0,1,no\n1,2.5,yes\nNaN,0,yes\n2,3,\n");
        assert_eq!(figure.left_out(), 1);
        let svg = figure.svg().unwrap();
        // Three points and three entries of the legend: no, yes, missing.
        assert_eq!(svg.matches("<circle").count(), 6);
        // A marginal above and one on the right for each.
        assert_eq!(svg.matches("<path").count(), 6);
        assert!(svg.contains(">missing</text>"));
    }

    #[test]
    fn a_plane_has_one_scale_for_both_axes() {
        let points = [[0.0, 0.0], [10.0, 0.0], [10.0, 1.0]];
        let places = |svg: &str| -> Vec<[f64; 2]> {
            let number = |text: &str, name: &str| -> f64 {
                let after = text.split_once(&format!("{name}=\"")).unwrap().1;
                after.split_once('"').unwrap().0.parse().unwrap()
            };
            svg.split("<circle").skip(1).map(|circle| ["cx", "cy"].map(|name| number(circle, name))).collect()
        };
        let places = places(&plane(&input(&points, Coloring::Plain)).unwrap().svg().unwrap());
        let (across, up) = (places[1][0] - places[0][0], places[1][1] - places[2][1]);
        assert!((across / up - 10.0).abs() < 0.01, "{places:?}");
    }

    #[test]
    fn many_points_become_pixels() {
        let points: Vec<[f32; 2]> = (0..6_000).map(|i| [(i % 77) as f32, (i / 77) as f32]).collect();
        let svg = scatter(&input(&points, Coloring::Plain)).unwrap().svg().unwrap();
        assert_eq!((svg.matches("<image").count(), svg.matches("<circle").count()), (1, 0));
        assert!(svg.len() < 1_500_000, "{}", svg.len());
    }

    #[test]
    fn the_least_frequent_of_many_categories_share_grey() {
        let names: Vec<String> = (0..20).map(|i| format!("c{i}")).collect();
        let codes: Vec<u32> = (0..20).flat_map(|c| vec![c; 40 - c as usize]).collect();
        let points: Vec<[f32; 2]> = codes.iter().enumerate().map(|(i, c)| [i as f32, *c as f32]).collect();
        let svg =
            scatter(&input(&points, Coloring::Category { codes: &codes, names: &names })).unwrap().svg();
        let svg = svg.unwrap();
        assert!(svg.contains(">9 other categories</text>") && svg.contains(">c10</text>"));
        assert!(!svg.contains(">c11</text>"));
    }

    #[test]
    fn values_have_a_color_scale_and_missing_ones_are_grey() {
        let points = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]];
        let coloring =
            Coloring::Value { values: &[1.0, 5.0, f64::NAN], label: "loss (nats)", written: Written::Number };
        let figure = scatter(&input(&points, coloring)).unwrap();
        let svg = figure.svg().unwrap();
        assert!(svg.contains("#440154") && svg.contains("#fde725") && svg.contains(&hex(GREY)));
        assert!(svg.contains(">loss (nats)</text>"));
        assert!(svg.contains(">missing (1)</text>"));
        assert_eq!(figure.csv(), "x,y,value\n0,0,1\n1,1,5\n2,0,NaN\n");
    }

    #[test]
    fn dates_and_huge_values_have_scales_too() {
        let points = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]];
        let dates = [1_614_556_800.0, 1_614_556_800.0 + 86_400.0 * 300.0, f64::NAN];
        let drawn = |values: &[f64], written: Written<'_>| {
            scatter(&input(&points, Coloring::Value { values, label: "v", written })).unwrap().svg().unwrap()
        };
        let svg = drawn(&dates, Written::Moment);
        assert!(svg.contains(">2021-05-01</text>") && svg.contains(">2021-09-01</text>"), "{svg}");
        let svg = drawn(&[-1.5e300, 1.5e308, 0.0], Written::Number);
        assert!(svg.contains("#440154") && svg.contains("#fde725") && !svg.contains("missing"), "{svg}");
        assert!(drawn(&[1.0, 2.0, f64::INFINITY], Written::Number).contains(">infinite (1)</text>"));
    }

    #[test]
    fn codes_of_another_length_are_named() {
        let error =
            scatter(&input(&[[0.0, 0.0]], Coloring::Category { codes: &[], names: &[] })).unwrap_err();
        assert_eq!(error.to_string(), "the figure 'scatter' needs 1 values in the categories, found 0");
    }
}
