//! Names of categories written among their points.

use std::collections::BTreeSet;

use super::{Groups, SIDE};
use crate::figure::axis::Panel;
use crate::figure::canvas::{Anchor, Canvas, Style};
use crate::figure::color::{GREY, hex};
use crate::figure::text;

const SIZE: f64 = 18.0;
/// The widest name in pixels.
const WIDEST: f64 = 120.0;
/// Of the points of a category this share and more must lie within [`NEAR`] of its middle, or its name says nothing there.
const TOGETHER: f64 = 0.5;
/// A share of the side of the plot.
const NEAR: f64 = 0.15;
/// Categories with a smaller share of all points get no name.
const SMALLEST: f64 = 0.002;

/// Names each of many categories at its middle, since a dozen colors are hard to look up: the largest first, none over
/// another, and none of a category that lies all over the place.
pub(super) fn name_groups(canvas: &mut Canvas, panel: &Panel, points: &[[f32; 2]], groups: &Groups) {
    let mut members: Vec<_> = groups.members.iter().filter(|(_, color, _)| *color != GREY).collect();
    let names = distinct(&members.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>());
    let mut named: Vec<_> = members.drain(..).zip(names).collect();
    named.sort_by_key(|((_, _, members), _)| std::cmp::Reverse(members.len()));
    let mut taken: Vec<[f64; 4]> = Vec::new();
    for ((_, color, members), name) in named {
        let Some(name) = name else { continue };
        if (members.len() as f64) < SMALLEST * groups.order.len() as f64 {
            continue;
        }
        let places: Vec<[f64; 2]> = members
            .iter()
            .map(|&i| [panel.across(f64::from(points[i][0])), panel.down(f64::from(points[i][1]))])
            .collect();
        let middle = [0, 1].map(|axis| {
            let mut values: Vec<f64> = places.iter().map(|place| place[axis]).collect();
            let at = values.len() / 2;
            *values.select_nth_unstable_by(at, f64::total_cmp).1
        });
        let is_near = |place: &&[f64; 2]| (place[0] - middle[0]).hypot(place[1] - middle[1]) <= NEAR * SIDE;
        let near = places.iter().filter(is_near).count();
        let half = text::width(&name, SIZE) / 2.0 + 3.0;
        let area = [middle[0] - half, middle[1] - SIZE * 0.6, middle[0] + half, middle[1] + SIZE * 0.6];
        let meets = |other: &[f64; 4]| {
            area[0] < other[2] && other[0] < area[2] && area[1] < other[3] && other[1] < area[3]
        };
        if (near as f64) < TOGETHER * members.len() as f64 || taken.iter().any(meets) {
            continue;
        }
        taken.push(area);
        let color = hex(color.map(|part| (f64::from(part) * 0.55) as u8));
        let style = Style::new(SIZE).anchor(Anchor::Middle).fill(&color).halo();
        canvas.text([middle[0], middle[1] + 6.3], &name, style);
    }
}

/// Names cut to fit, at their end, or at their start where that leaves different ones; `None` where neither does.
fn distinct(names: &[&str]) -> Vec<Option<String>> {
    let by_start: Vec<String> = names.iter().map(|name| text::shorten(name, SIZE, WIDEST)).collect();
    if by_start.iter().collect::<BTreeSet<_>>().len() == names.len() {
        return by_start.into_iter().map(Some).collect();
    }
    // Whole words that all begin with say nothing.
    let first = names.first().copied().unwrap_or_default();
    let alike = |at: &usize| names.iter().all(|name| name.starts_with(&first[..*at]));
    let words = first.char_indices().filter(|(_, letter)| [' ', '_', '-'].contains(letter));
    let begin = words.map(|(at, letter)| at + letter.len_utf8()).rfind(alike).unwrap_or(0);
    let backwards = |name: &str| name.chars().rev().collect::<String>();
    let end = |name: &&str| match (begin, &name[begin..]) {
        (1.., rest) if text::width(rest, SIZE) < WIDEST - SIZE => format!("…{rest}"),
        _ => backwards(&text::shorten(&backwards(name), SIZE, WIDEST)),
    };
    let by_end: Vec<String> = names.iter().map(end).collect();
    let count = |name: &String| by_end.iter().filter(|other| *other == name).count();
    by_end.iter().map(|name| (count(name) == 1).then(|| name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Coloring, Scatter, scatter};

    #[test]
    fn names_that_begin_alike_keep_their_ends() {
        assert_eq!(distinct(&["a", "b"]), [Some("a".to_owned()), Some("b".to_owned())]);
        let names = distinct(&["class number 1017", "class number 1018"]);
        assert_eq!(names, ["…1017", "…1018"].map(|name| Some(name.to_owned())));
        let names = distinct(&["aVeryLongNameOfAClass1017", "aVeryLongNameOfAClass1018"]);
        assert!(
            names.iter().flatten().all(|name| name.starts_with('…') && name.contains("s101")),
            "{names:?}"
        );
        assert_eq!(names.iter().flatten().count(), 2);
        let long = format!("a{}z", "m".repeat(99));
        assert_eq!(distinct(&[&long, &long]), [None, None]);
    }

    /// The names written on the plot: the legend's are smaller.
    fn written(points: &[[f32; 2]], codes: &[u32], names: &[String]) -> usize {
        let coloring = Coloring::Category { codes, names };
        let (title, x_label, y_label, marginals) = ("", "", "", false);
        let figure = scatter(&Scatter { title, x_label, y_label, points, coloring, marginals }).unwrap();
        figure.svg().unwrap().matches("font-size=\"18\"").count()
    }

    #[test]
    fn no_name_lies_over_another_and_scattered_categories_have_none() {
        let names: Vec<String> = (0..10).map(|i| format!("kind {i}")).collect();
        let codes: Vec<u32> = (0..1000).map(|i| i % 10).collect();
        let noise = |i: u32, k: u32| ((i * (31 + 12 * k) + 7 * k) % 101) as f32 / 101.0;
        let at = |place: &dyn Fn(u32) -> [f32; 2]| -> Vec<[f32; 2]> { (0..1000).map(place).collect() };
        let apart =
            at(&|i| [(i % 10 % 4) as f32 * 10.0 + noise(i, 0), (i % 10 / 4) as f32 * 10.0 + noise(i, 1)]);
        assert_eq!(written(&apart, &codes, &names), 10);
        let together = at(&|i| {
            let far = if i < 10 { 90.0 } else { 0.0 };
            [noise(i, 0) + far, noise(i, 1) + far]
        });
        assert_eq!(written(&together, &codes, &names), 1);
        assert_eq!(written(&at(&|i| [noise(i, 0), noise(i, 1)]), &codes, &names), 0);
    }
}
