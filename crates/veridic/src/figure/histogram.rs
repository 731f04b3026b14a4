//! How scores are spread, by class.

use std::fmt::Write as _;

use super::Figure;
use super::axis::{BELOW, Panel, space_left};
use super::canvas::{Anchor, Canvas, Style};
use super::color::{INK, category, hex};
use super::header::{self, Entry, Mark, left_out_note};
use super::number::{Numbers, coordinate, exact, grouped, usable};
use super::scale::{Scale, extent};
use super::text;
use crate::error::FigureError;

const NAME: &str = "histogram";

/// What [`histogram`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of the horizontal axis with its unit.
    pub x_label: &'a str,
    /// The classes in the order of the legend.
    pub classes: &'a [ScoreClass<'a>],
    /// What the height of a bar means.
    pub height: Height,
    /// Bars over the whole range, 1 to 1000; 50 serves most.
    pub bins: usize,
    /// Whether scores are drawn on a logarithmic axis, for long tails; scores must be above zero then.
    pub log_scores: bool,
    /// A vertical line with its name.
    pub threshold: Option<Threshold<'a>>,
}

/// The scores of one class.
#[derive(Debug, Clone, Copy)]
pub struct ScoreClass<'a> {
    /// The name in the legend, where the number of scores is added.
    pub name: &'a str,
    /// The scores.
    pub scores: &'a [f64],
}

/// What the height of a histogram's bar means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Height {
    /// Rows in the bin.
    Count,
    /// Rows in the bin on a logarithmic axis, so that a rare class is seen beside a common one.
    LogCount,
    /// Share of the class in the bin divided by the bin's width; the area under each class is 1. On a logarithmic
    /// axis of scores the width is measured in decades.
    Density,
}

/// A vertical line in a histogram.
#[derive(Debug, Clone, Copy)]
pub struct Threshold<'a> {
    /// Its score.
    pub score: f64,
    /// Its name.
    pub name: &'a str,
}

/// Draws the spread of scores by class, overlaid and translucent.
///
/// The CSV has a row a bin: `from`, `to`, then `<class>.count` and `<class>.density` a class.
///
/// # Errors
/// [`FigureError::Empty`] without classes or scores, [`FigureError::NothingUsable`] if no score can be drawn,
/// [`FigureError::Range`] for a number of bins outside 1..=1000.
pub fn histogram(input: &Histogram<'_>) -> Result<Figure, FigureError> {
    let total: usize = input.classes.iter().map(|class| class.scores.len()).sum();
    if total == 0 {
        return Err(FigureError::Empty { figure: NAME, what: "the list of scores".to_owned() });
    }
    if !(1..=1000).contains(&input.bins) {
        let (what, found, allowed) =
            ("the number of bins".to_owned(), input.bins.to_string(), "1 to 1000".to_owned());
        return Err(FigureError::Range { figure: NAME, what, found, allowed });
    }
    let shown = |value: f64| usable(value) && (!input.log_scores || value > 0.0);
    let scores = || input.classes.iter().flat_map(|class| class.scores.iter().copied());
    let left_out = scores().filter(|score| !shown(*score)).count();
    let (why, needed) = if input.log_scores {
        ("not finite or not above zero", "finite and above zero")
    } else {
        ("not finite", "finite")
    };
    let Some((mut low, mut high)) = extent(scores().filter(|score| shown(*score))) else {
        let what = "all scores".to_owned();
        return Err(FigureError::NothingUsable { figure: NAME, what, count: total, needed });
    };
    // The axis reaches the threshold too, since a threshold outside the scores is what one wants to see.
    let threshold = input.threshold.filter(|threshold| shown(threshold.score));
    let bin_range = if input.log_scores { Scale::log(low, high) } else { Scale::linear(low, high, 8) };
    if let Some(threshold) = threshold {
        (low, high) = (low.min(threshold.score), high.max(threshold.score));
    }
    let x = if input.log_scores { Scale::log(low, high) } else { Scale::linear(low, high, 8) };

    let spread: Vec<Spread> =
        input.classes.iter().map(|class| Spread::new(class.scores, &bin_range, input.bins, shown)).collect();
    let y = match input.height {
        Height::Count => Scale::linear(0.0, tallest(&spread, |s, i| s.counts[i] as f64).max(1.0), 6),
        Height::LogCount => {
            let tallest = tallest(&spread, |s, i| s.counts[i] as f64).max(10.0);
            let mut scale = Scale::log(1.0, tallest);
            // The last decade may be nearly empty.
            scale.max = scale.max.min(2.0 * tallest);
            scale.ticks.retain(|(value, _)| *value <= scale.max);
            // Below one, so that a bin with a single row has a height.
            scale.min = 0.6;
            scale
        }
        Height::Density => Scale::linear(0.0, tallest(&spread, |s, i| s.density[i]), 6),
    };

    let mut canvas = Canvas::new(input.title, 760.0);
    let mut legend: Vec<Entry> = Vec::new();
    for (i, class) in input.classes.iter().enumerate() {
        let name = format!("{} ({})", class.name, grouped(class.scores.len()));
        legend.push(Entry { name, color: hex(category(i)), mark: Mark::Area });
    }
    let top = header::draw(&mut canvas, input.title, &left_out_note(left_out, total, "scores", why), &legend);
    let left = space_left(&y);
    // The threshold's name stands above the plot, where no bar can hide it.
    let top = if threshold.is_some() { top + 12.0 } else { top };
    let panel = Panel { left, top, width: canvas.width - left - 28.0, height: 340.0, x, y };
    let y_label = match (input.height, input.log_scores) {
        (Height::Count | Height::LogCount, _) => "rows",
        (Height::Density, false) => "density",
        (Height::Density, true) => "density per decade",
    };
    panel.frame(&mut canvas, input.x_label, y_label);
    for (i, one) in spread.iter().enumerate() {
        let heights: Vec<f64> = match input.height {
            Height::Count | Height::LogCount => one.counts.iter().map(|count| *count as f64).collect(),
            Height::Density => one.density.clone(),
        };
        let color = hex(category(i));
        let style = format!(
            r#"fill="{color}" fill-opacity="0.35" stroke="{color}" stroke-width="1.5" stroke-linejoin="round""#
        );
        let edges: Vec<f64> = one.edges.iter().map(|edge| panel.across(*edge)).collect();
        let tops: Vec<f64> =
            heights.iter().map(|height| panel.down(height.max(panel.y.min)).max(panel.top)).collect();
        let outline = outline(&edges, &tops, panel.bottom());
        if !outline.is_empty() {
            canvas.path(&outline, &style);
        }
    }
    if let Some(threshold) = threshold {
        let x = panel.across(threshold.score);
        let style = format!(r#"stroke="{INK}" stroke-width="1.5" stroke-dasharray="5 3""#);
        canvas.line([x, panel.top - 4.0], [x, panel.bottom()], &style);
        let anchor = if x > panel.left + panel.width / 2.0 { Anchor::End } else { Anchor::Start };
        let room = (x - panel.left).max(panel.right() - x);
        let name = text::shorten(threshold.name, 12.0, room);
        canvas.text([x, panel.top - 9.0], &name, Style::new(12.0).anchor(anchor));
    }
    canvas.height = panel.bottom() + BELOW;
    Ok(Figure::new(canvas, numbers(input.classes, &spread), left_out))
}

/// The scores of one class counted by bin.
pub(crate) struct Spread {
    pub(crate) edges: Vec<f64>,
    pub(crate) counts: Vec<usize>,
    pub(crate) density: Vec<f64>,
}

impl Spread {
    /// Counts `scores` in `bins` steps of `scale` that look equally wide.
    pub(crate) fn new(scores: &[f64], scale: &Scale, bins: usize, shown: impl Fn(f64) -> bool) -> Self {
        let mut counts = vec![0; bins];
        let mut total = 0;
        for score in scores.iter().copied().filter(|score| shown(*score)) {
            let bin = (scale.share(score) * bins as f64).floor().max(0.0) as usize;
            counts[bin.min(bins - 1)] += 1;
            total += 1;
        }
        let edges = (0..=bins).map(|i| scale.value(i as f64 / bins as f64)).collect();
        let range = if scale.log { scale.max.log10() - scale.min.log10() } else { scale.max - scale.min };
        let step = range / bins as f64;
        let density = counts.iter().map(|count| *count as f64 / (f64::from(total.max(1)) * step)).collect();
        Self { edges, counts, density }
    }
}

/// Path data for stretches of bars that rise above `bottom`, each stretch closed along the base line.
pub(crate) fn outline(edges: &[f64], tops: &[f64], bottom: f64) -> String {
    let mut path = String::new();
    let mut open = false;
    let base = coordinate(bottom);
    for (i, top) in tops.iter().enumerate() {
        let rises = *top < bottom - 0.01;
        if rises && !open {
            write!(path, "M{} {base}", coordinate(edges[i])).expect("a string takes every text");
        }
        if !rises && open {
            write!(path, "V{base}Z").expect("a string takes every text");
        }
        if rises {
            let (top, right) = (coordinate(*top), coordinate(edges[i + 1]));
            write!(path, "V{top}H{right}").expect("a string takes every text");
        }
        open = rises;
    }
    if open {
        write!(path, "V{base}Z").expect("a string takes every text");
    }
    path
}

fn tallest(spread: &[Spread], height: impl Fn(&Spread, usize) -> f64) -> f64 {
    spread
        .iter()
        .flat_map(|s| (0..s.counts.len()).map(|i| height(s, i)).collect::<Vec<_>>())
        .fold(0.0, f64::max)
}

fn numbers(classes: &[ScoreClass<'_>], spread: &[Spread]) -> String {
    let names = classes.iter().flat_map(|c| [format!("{}.count", c.name), format!("{}.density", c.name)]);
    let mut numbers = Numbers::new(["from".to_owned(), "to".to_owned()].into_iter().chain(names));
    let edges = spread.first().map_or(&[][..], |one| &one.edges);
    for (i, edge) in edges.windows(2).enumerate() {
        let cells = spread.iter().flat_map(|one| [one.counts[i].to_string(), exact(one.density[i])]);
        numbers.row([exact(edge[0]), exact(edge[1])].into_iter().chain(cells));
    }
    numbers.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input<'a>(classes: &'a [ScoreClass<'a>], height: Height) -> Histogram<'a> {
        Histogram {
            title: "scores",
            x_label: "score",
            classes,
            height,
            bins: 4,
            log_scores: false,
            threshold: None,
        }
    }

    #[test]
    fn counts_and_densities_are_beside_the_picture() {
        let classes = [
            ScoreClass { name: "genuine", scores: &[0.0, 0.1, 0.3, 1.0, f64::NAN] },
            ScoreClass { name: "fraud", scores: &[0.9] },
        ];
        let figure = histogram(&input(&classes, Height::LogCount)).unwrap();
        assert_eq!(
            figure.csv(),
            "from,to,genuine.count,genuine.density,fraud.count,fraud.density\n\
             0,0.25,2,2,0,0\n0.25,0.5,1,1,0,0\n0.5,0.75,0,0,0,0\n0.75,1,1,1,1,4\n"
        );
        assert_eq!(figure.left_out(), 1);
        assert_eq!(figure.svg().unwrap().matches("<path").count(), 2);
    }

    #[test]
    fn a_threshold_outside_the_scores_is_on_the_axis() {
        let classes = [ScoreClass { name: "all", scores: &[1.0, 2.0] }];
        let threshold = Some(Threshold { score: 7.3, name: "alarm" });
        let svg =
            histogram(&Histogram { threshold, ..input(&classes, Height::Count) }).unwrap().svg().unwrap();
        assert!(svg.contains(">alarm</text>") && svg.contains(">8</text>"));
    }

    #[test]
    fn bins_of_a_logarithmic_axis_multiply() {
        let classes = [ScoreClass { name: "all", scores: &[1.0, 10.0, 100.0, 1000.0, 10_000.0] }];
        let input = Histogram { log_scores: true, ..input(&classes, Height::Density) };
        let figure = histogram(&input).unwrap();
        let counts: Vec<&str> = figure.csv().lines().skip(1).map(|l| l.split(',').nth(2).unwrap()).collect();
        assert_eq!(counts.iter().map(|c| c.parse::<usize>().unwrap()).sum::<usize>(), 5);
        assert!(figure.svg().unwrap().contains("density per decade"));
    }

    #[test]
    fn bad_input_is_named() {
        let none: [ScoreClass<'_>; 0] = [];
        assert!(matches!(histogram(&input(&none, Height::Count)), Err(FigureError::Empty { .. })));
        let classes = [ScoreClass { name: "all", scores: &[f64::NAN] }];
        let error = histogram(&input(&classes, Height::Count)).unwrap_err();
        assert!(matches!(error, FigureError::NothingUsable { count: 1, .. }));
        let classes = [ScoreClass { name: "all", scores: &[1.0] }];
        let error = histogram(&Histogram { bins: 0, ..input(&classes, Height::Count) }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of bins of the figure 'histogram' is 0, allowed is 1 to 1000"
        );
    }

    #[test]
    fn gaps_between_bars_stay_open() {
        assert_eq!(outline(&[0.0, 1.0, 2.0, 3.0], &[5.0, 10.0, 4.0], 10.0), "M0 10V5H1V10ZM2 10V4H3V10Z");
    }
}
