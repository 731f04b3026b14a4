//! Series over time: channels below each other, what a model makes of them, scores and alarms.

use super::Figure;
use super::axis::{BELOW, Panel, space_left};
use super::canvas::Canvas;
use super::color::{INK, category, hex};
use super::header::{self, Entry, Mark, join_notes, left_out_note};
use super::number::{Numbers, exact, usable};
use super::scale::{Scale, extent};
use super::{text, time};
use crate::error::FigureError;

const NAME: &str = "series";

/// Channels that are drawn; the numbers of all are in the CSV.
const MOST_CHANNELS: usize = 12;
/// Places across, in units of the picture, whose values are drawn as one stroke from the lowest to the highest.
const STROKE: f64 = 0.5;
const ALARM: &str = "#d55e00";
const KNOWN: &str = "#56b4e9";

/// What [`series_figure`] draws.
#[derive(Debug, Clone, Copy)]
pub struct SeriesFigure<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the horizontal axis with its unit.
    pub x_label: &'a str,
    /// The times of the points, rising.
    pub times: &'a [f64],
    /// Whether times are seconds since 1970, to be written as dates.
    pub dates: bool,
    /// What is drawn, from top to bottom.
    pub channels: &'a [SeriesChannel<'a>],
    /// Scores below the channels.
    pub scores: Option<SeriesScore<'a>>,
    /// First and last time of each alarm.
    pub alarms: &'a [[f64; 2]],
    /// First and last time of each stretch known to be unusual.
    pub known: &'a [[f64; 2]],
}

/// One channel of [`SeriesFigure`].
#[derive(Debug, Clone, Copy)]
pub struct SeriesChannel<'a> {
    /// The name with its unit.
    pub name: &'a str,
    /// A value a point; one that is not finite leaves a gap.
    pub values: &'a [f64],
    /// What a model makes of them, drawn over them.
    pub reconstructed: Option<&'a [f64]>,
}

/// The scores of [`SeriesFigure`].
#[derive(Debug, Clone, Copy)]
pub struct SeriesScore<'a> {
    /// The name of the axis with its unit, such as `score (nats)`.
    pub label: &'a str,
    /// A score a point; one that is not finite leaves a gap.
    pub values: &'a [f64],
    /// Above it there is an alarm.
    pub threshold: Option<f64>,
}

/// Draws a series with its alarms shaded. However many points there are, no spike is lost: what falls on one place across is
/// drawn from its lowest to its highest value.
///
/// The CSV has a row a point: `time`, a column a channel (and `… reconstructed`), `score`.
///
/// # Errors
/// [`FigureError::Empty`] without points or channels, [`FigureError::Length`] where there is not a value a point,
/// [`FigureError::NothingUsable`] if no time, or no value of a channel, is finite.
pub fn series_figure(input: &SeriesFigure<'_>) -> Result<Figure, FigureError> {
    check(input)?;
    let shown = &input.channels[..input.channels.len().min(MOST_CHANNELS)];
    let drawn = || shown.iter().flat_map(|channel| channel.values);
    let left_out = drawn().filter(|value| !usable(**value)).count();
    let further = input.channels.len() - shown.len();
    let further =
        if further == 0 { String::new() } else { format!("{further} further channels are not drawn") };
    let note =
        join_notes(&[&left_out_note(left_out, drawn().count(), "values", "missing or not finite"), &further]);

    let mut canvas = Canvas::new(input.title, 900.0);
    let top = header::draw(&mut canvas, input.title, &note, &legend(input, shown));
    let x = times(input)?;
    let rows = shown.len() as f64;
    let height = (420.0 / rows).clamp(if shown.len() == 1 { 260.0 } else { 90.0 }, 260.0);
    let mut scales = Vec::new();
    for channel in shown {
        let both = channel.values.iter().chain(channel.reconstructed.unwrap_or_default()).copied();
        scales.push(vertical(channel.name, both.filter(|v| usable(*v)), channel.values.len(), height)?);
    }
    if let Some(scores) = input.scores {
        let values = scores.values.iter().copied().filter(|value| usable(*value));
        let all = values.chain([0.0]).chain(scores.threshold.filter(|t| usable(*t)));
        scales.push(vertical(scores.label, all, scores.values.len(), 130.0)?);
    }
    let left = scales.iter().map(space_left).fold(0.0, f64::max);
    let (width, mut down) = (canvas.width - left - 40.0, top + 4.0);
    let last = scales.len() - 1;
    for (i, y) in scales.into_iter().enumerate() {
        let is_score = i >= shown.len();
        let (label, height) = match (input.scores, is_score) {
            (Some(scores), true) => (scores.label, 130.0),
            _ => (shown[i].name, height),
        };
        let panel = Panel { left, top: down, width, height, x: x.clone(), y };
        shade(&mut canvas, &panel, input);
        frame(&mut canvas, &panel, (label, input.x_label), i == last);
        if let (Some(scores), true) = (input.scores, is_score) {
            curve(&mut canvas, &panel, input.times, scores.values, (INK, 1.1));
            if let Some(threshold) = scores.threshold.filter(|t| usable(*t)) {
                let y = panel.down(threshold);
                let style = format!(r#"stroke="{ALARM}" stroke-width="1.3" stroke-dasharray="6 4""#);
                canvas.line([panel.left, y], [panel.right(), y], &style);
            }
        } else {
            curve(&mut canvas, &panel, input.times, shown[i].values, (&hex(category(0)), 1.2));
            if let Some(values) = shown[i].reconstructed {
                curve(&mut canvas, &panel, input.times, values, (&hex(category(2)), 1.5));
            }
        }
        down = panel.bottom() + 22.0;
    }
    canvas.height = down - 22.0 + BELOW;
    Ok(Figure::new(canvas, numbers(input), left_out))
}

fn check(input: &SeriesFigure<'_>) -> Result<(), FigureError> {
    let empty = |what: &str| FigureError::Empty { figure: NAME, what: what.to_owned() };
    if input.times.is_empty() {
        return Err(empty("the list of times"));
    }
    if input.channels.is_empty() {
        return Err(empty("the list of channels"));
    }
    let mut lists: Vec<(String, usize)> = Vec::new();
    for channel in input.channels {
        lists.push((format!("the channel '{}'", channel.name), channel.values.len()));
        if let Some(values) = channel.reconstructed {
            lists.push((format!("the reconstruction of '{}'", channel.name), values.len()));
        }
    }
    lists.extend(input.scores.map(|scores| ("the scores".to_owned(), scores.values.len())));
    let expected = input.times.len();
    match lists.into_iter().find(|(_, found)| *found != expected) {
        Some((what, found)) => Err(FigureError::Length { figure: NAME, what, found, expected }),
        None => Ok(()),
    }
}

fn legend(input: &SeriesFigure<'_>, shown: &[SeriesChannel<'_>]) -> Vec<Entry> {
    let entry = |name: &str, color: String, mark| Entry { name: name.to_owned(), color, mark };
    let mut entries = Vec::new();
    if shown.iter().any(|channel| channel.reconstructed.is_some()) {
        entries.push(entry("actual", hex(category(0)), Mark::Line));
        entries.push(entry("reconstructed", hex(category(2)), Mark::Line));
    }
    if !input.alarms.is_empty() {
        entries.push(entry("alarm", ALARM.to_owned(), Mark::Area));
    }
    if !input.known.is_empty() {
        entries.push(entry("known to be unusual", KNOWN.to_owned(), Mark::Area));
    }
    entries
}

/// From the first time to the last, as dates where they are.
fn times(input: &SeriesFigure<'_>) -> Result<Scale, FigureError> {
    let Some((first, last)) = extent(input.times.iter().copied().filter(|time| usable(*time))) else {
        let (what, count) = ("the times".to_owned(), input.times.len());
        return Err(FigureError::NothingUsable { figure: NAME, what, count, needed: "finite" });
    };
    Ok(horizontal(first, last, input.dates))
}

/// An axis of times.
pub(super) fn horizontal(first: f64, last: f64, dates: bool) -> Scale {
    let mut scale = Scale::exact(first, last, 8);
    if dates {
        let ticks = time::ticks(scale.min, scale.max, 6);
        if !ticks.is_empty() {
            scale.ticks = ticks;
        }
    }
    scale
}

fn vertical(
    name: &str,
    values: impl Iterator<Item = f64>,
    count: usize,
    height: f64,
) -> Result<Scale, FigureError> {
    let Some((low, high)) = extent(values) else {
        let what = format!("'{name}'");
        return Err(FigureError::NothingUsable { figure: NAME, what, count, needed: "finite" });
    };
    let ticks = (height / 45.0).round().clamp(2.0, 6.0) as usize;
    Ok(Scale::linear(low, high, ticks))
}

/// Alarms over the whole height, known stretches as a strip below.
fn shade(canvas: &mut Canvas, panel: &Panel, input: &SeriesFigure<'_>) {
    let across = |[from, to]: [f64; 2]| {
        let (left, right) = (panel.across(from).max(panel.left), panel.across(to).min(panel.right()));
        // One point is seen too.
        let width = (right - left).max(1.5);
        [left.min(panel.right() - width), width]
    };
    let is_inside = |[from, to]: &[f64; 2]| *to >= panel.x.min && *from <= panel.x.max;
    for [left, width] in input.known.iter().copied().filter(is_inside).map(across) {
        let strip = [left, panel.bottom() - 9.0, width, 9.0];
        canvas.rectangle(strip, &format!(r#"fill="{KNOWN}" fill-opacity="0.75""#));
    }
    for [left, width] in input.alarms.iter().copied().filter(is_inside).map(across) {
        let whole = [left, panel.top, width, panel.height];
        canvas.rectangle(whole, &format!(r#"fill="{ALARM}" fill-opacity="0.25""#));
    }
}

/// Axes of a panel; times are written below the last only.
fn frame(canvas: &mut Canvas, panel: &Panel, (label, x_label): (&str, &str), is_last: bool) {
    let shortened = text::shorten(label, 13.0, panel.height);
    if is_last {
        panel.frame(canvas, x_label, &shortened);
        return;
    }
    for (value, _) in &panel.x.ticks {
        let x = panel.across(*value);
        canvas.line([x, panel.top], [x, panel.bottom()], r##"stroke="#e6e6e6""##);
    }
    panel.vertical(canvas, &shortened);
    panel.base_lines(canvas);
}

/// A line through the points, with gaps; points that fall on one place are one stroke.
pub(super) fn curve(
    canvas: &mut Canvas,
    panel: &Panel,
    times: &[f64],
    values: &[f64],
    (color, width): (&str, f64),
) {
    let style = format!(r#"stroke="{color}" stroke-width="{width}" stroke-linejoin="round""#);
    let is_shown = |i: &usize| usable(times[*i]) && usable(values[*i]);
    let all: Vec<usize> = (0..times.len()).collect();
    for run in all.split(|i| !is_shown(i)).filter(|run| !run.is_empty()) {
        let place = |i: usize| [panel.across(times[i]), panel.down(values[i])];
        if let [only] = run {
            canvas.circle(place(*only), 1.6, &format!(r#"fill="{color}""#));
            continue;
        }
        let column = |i: &usize| (panel.across(times[*i]) / STROKE).floor();
        let mut points = Vec::new();
        for together in run.chunk_by(|a, b| column(a) == column(b)) {
            let by_value = |a: &&usize, b: &&usize| values[**a].total_cmp(&values[**b]);
            let ends = [together.first(), together.last()];
            let extremes = [together.iter().min_by(by_value), together.iter().max_by(by_value)];
            let mut kept: Vec<usize> = ends.into_iter().chain(extremes).flatten().copied().collect();
            kept.sort_unstable();
            kept.dedup();
            points.extend(kept.into_iter().map(place));
        }
        canvas.polyline(&points, &style);
    }
}

fn numbers(input: &SeriesFigure<'_>) -> String {
    let mut names = vec!["time".to_owned()];
    let mut lists = vec![input.times];
    for channel in input.channels {
        names.push(channel.name.to_owned());
        lists.push(channel.values);
        if let Some(values) = channel.reconstructed {
            names.push(format!("{} reconstructed", channel.name));
            lists.push(values);
        }
    }
    if let Some(scores) = input.scores {
        names.push("score".to_owned());
        lists.push(scores.values);
    }
    let mut numbers = Numbers::new(names);
    for i in 0..input.times.len() {
        numbers.row(lists.iter().map(|list| exact(list[i])));
    }
    numbers.finish()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    fn channel<'a>(name: &'a str, values: &'a [f64]) -> SeriesChannel<'a> {
        SeriesChannel { name, values, reconstructed: None }
    }

    #[test]
    fn a_lone_spike_among_a_million_points_is_drawn_to_its_top() {
        let n = 200_000;
        let times: Vec<f64> = (0..n).map(f64::from).collect();
        let mut values = vec![0.0; n as usize];
        values[123_457] = 8.0;
        values[50_000] = f64::NAN;
        let channels = [channel("x", &values)];
        let scores = Some(SeriesScore { label: "score (nats)", values: &values, threshold: Some(4.0) });
        let alarms = [[123_457.0, 123_457.0]];
        let input = SeriesFigure {
            title: "spike",
            x_label: "time",
            times: &times,
            dates: false,
            channels: &channels,
            scores,
            alarms: &alarms,
            known: &[[100_000.0, 110_000.0]],
        };
        let figure = series_figure(&input).unwrap();
        check(&figure);
        let svg = figure.svg().unwrap();
        assert!(svg.len() < 400_000, "{}", svg.len());
        assert_eq!(figure.left_out(), 1);
        // The top of the first panel is 8: its tick and the spike are at one height.
        let heights = |line: &str| -> Vec<f64> {
            let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
            points.split(' ').map(|point| point.split(',').nth(1).unwrap().parse().unwrap()).collect()
        };
        let curves: Vec<&str> = svg.lines().filter(|line| line.contains("stroke-width=\"1.2\"")).collect();
        assert_eq!(curves.len(), 2);
        let top = curves.iter().flat_map(|line| heights(line)).fold(f64::INFINITY, f64::min);
        let bottom = curves.iter().flat_map(|line| heights(line)).fold(0.0, f64::max);
        assert!((bottom - top - 260.0).abs() < 1.0, "{top} {bottom}");
        assert!(figure.csv().starts_with("time,x,score\n0,0,0\n"));
    }

    #[test]
    fn many_channels_dates_and_extremes_fit() {
        let times: Vec<f64> = (0..50).map(|i| 1.6e9 + f64::from(i) * 3600.0).collect();
        let sets: [Vec<f64>; 3] =
            [vec![f64::MAX; 50], (0..50).map(|i| f64::from(i) * 1e-300).collect(), vec![7.0; 50]];
        let long =
            "a channel <of> a name far too long to stand beside a panel of ninety units, 漢字".repeat(2);
        let mut channels: Vec<SeriesChannel<'_>> = (0..14).map(|_| channel(&long, &sets[2])).collect();
        channels[0].reconstructed = Some(&sets[1]);
        let input = SeriesFigure {
            title: &long,
            x_label: &long,
            times: &times,
            dates: true,
            channels: &channels,
            scores: None,
            alarms: &[[0.0, 1e12], [1.6e9, 1.6e9 + 7200.0], [5.0, 6.0]],
            known: &[],
        };
        let figure = series_figure(&input).unwrap();
        check(&figure);
        assert!(figure.svg().unwrap().contains("2 further channels are not drawn"));
        let none = [channel("x", &sets[0])];
        let error = series_figure(&SeriesFigure { channels: &none, ..input }).unwrap_err();
        assert!(matches!(error, FigureError::NothingUsable { .. }));
        let error = series_figure(&SeriesFigure { times: &times[..9], ..input }).unwrap_err();
        assert!(matches!(error, FigureError::Length { expected: 9, found: 50, .. }));
        assert!(series_figure(&SeriesFigure { channels: &[], ..input }).is_err());
    }
}
