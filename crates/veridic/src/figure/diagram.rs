//! The layers of a network as boxes joined by arrows.

use super::Figure;
use super::canvas::{Anchor, Canvas, Style};
use super::color::{SOFT, category, hex};
use super::header::{self, MARGIN};
use super::number::{Numbers, coordinate, grouped};
use super::text;
use crate::error::FigureError;

const NAME: &str = "diagram";
const NAME_SIZE: f64 = 14.0;
const SMALL: f64 = 12.0;
const BOX_HEIGHT: f64 = 62.0;
const WIDEST_BOX: f64 = 280.0;
/// The space between boxes along the arrows and beside each other.
const GAP: f64 = 34.0;
const BESIDE: f64 = 28.0;
/// The space a section's frame leaves around its boxes, and the height of its name.
const FRAME: f64 = 12.0;
const FRAME_NAME: f64 = 20.0;

/// What [`diagram`] draws.
#[derive(Debug, Clone, Copy)]
pub struct Diagram<'a> {
    /// The title.
    pub title: &'a str,
    /// The boxes.
    pub layers: &'a [Layer<'a>],
    /// Arrows from one box to another, as places in `layers`; none means each box leads to the next.
    pub arrows: &'a [(usize, usize)],
    /// Where the arrows lead.
    pub direction: Direction,
}

/// One box of a [`Diagram`].
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// The part of the network, such as `encoder`; boxes of one part share a frame. Empty for none.
    pub section: &'a str,
    /// The layer's name.
    pub name: &'a str,
    /// The shape of its output as text.
    pub shape: &'a str,
    /// How many numbers it learns.
    pub parameters: usize,
}

/// Where the arrows of a [`Diagram`] lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From top to bottom.
    Down,
    /// From left to right.
    Right,
}

/// Draws the layers of a network as boxes with name, output shape and number of parameters, joined by arrows.
///
/// A box stands one step after the last of those that lead to it. The CSV has a row a layer: `section`, `name`, `shape`,
/// `parameters`, and in `inputs` the names of the layers that lead to it, separated by semicolons.
///
/// # Errors
/// [`FigureError::Empty`] without layers, [`FigureError::Range`] for an arrow to a layer that is not there or for more than 500
/// layers, [`FigureError::Circle`] if arrows lead back to where they started.
pub fn diagram(input: &Diagram<'_>) -> Result<Figure, FigureError> {
    let n = input.layers.len();
    if n == 0 {
        return Err(FigureError::Empty { figure: NAME, what: "the list of layers".to_owned() });
    }
    let range = |what: &str, found: String, allowed: String| FigureError::Range {
        figure: NAME,
        what: what.to_owned(),
        found,
        allowed,
    };
    if n > 500 {
        return Err(range("the number of layers", n.to_string(), "1 to 500".to_owned()));
    }
    let arrows: Vec<(usize, usize)> =
        if input.arrows.is_empty() { (1..n).map(|i| (i - 1, i)).collect() } else { input.arrows.to_vec() };
    if let Some((from, to)) = arrows.iter().find(|(from, to)| *from >= n || *to >= n) {
        return Err(range("an arrow", format!("{from} to {to}"), format!("0 to {}", n - 1)));
    }
    let ranks = ranks(input.layers, &arrows)?;

    let layout = Layout::new(input, &arrows, &ranks);
    let total: usize = input.layers.iter().map(|layer| layer.parameters).sum();
    let note = format!("{} in {} layers", parameter_text(total), n);
    let note_width = text::width(&note, 12.0).max(text::width(input.title, 17.0).min(500.0)) + 2.0 * MARGIN;
    let mut canvas = Canvas::new(input.title, (layout.width + 2.0 * MARGIN).max(note_width).max(260.0));
    let top = header::draw(&mut canvas, input.title, &note, &[]);
    let left = (canvas.width - layout.width) / 2.0;
    layout.draw(&mut canvas, input, [left, top]);
    canvas.height = top + layout.height + MARGIN;
    Ok(Figure::new(canvas, numbers(input.layers, &arrows), 0))
}

/// How many steps each layer is from a layer nothing leads to, along the longest way.
fn ranks(layers: &[Layer<'_>], arrows: &[(usize, usize)]) -> Result<Vec<usize>, FigureError> {
    let mut ranks = vec![0usize; layers.len()];
    // A way without circles has fewer steps than there are layers, so rounds beyond that prove a circle.
    for _ in 0..=layers.len() {
        let mut changed = None;
        for (from, to) in arrows {
            if ranks[*to] < ranks[*from] + 1 {
                ranks[*to] = ranks[*from] + 1;
                changed = Some(*to);
            }
        }
        if changed.is_none() {
            return Ok(ranks);
        }
    }
    let highest = (0..layers.len()).max_by_key(|i| ranks[*i]).unwrap_or(0);
    Err(FigureError::Circle { name: layers[highest].name.to_owned() })
}

/// The places of all boxes and arrows, with the origin at the upper left of the diagram.
struct Layout {
    width: f64,
    height: f64,
    /// Left, top, width and height of each box.
    boxes: Vec<[f64; 4]>,
    /// The corners of each arrow.
    ways: Vec<Vec<[f64; 2]>>,
    /// Name and rectangle of each section.
    frames: Vec<(String, [f64; 4])>,
    direction: Direction,
}

impl Layout {
    fn new(input: &Diagram<'_>, arrows: &[(usize, usize)], ranks: &[usize]) -> Self {
        let layers = input.layers;
        let box_width = layers
            .iter()
            .flat_map(|l| {
                let small = [l.shape.to_owned(), parameter_text(l.parameters)];
                small
                    .map(|line| text::width(&line, SMALL))
                    .into_iter()
                    .chain([text::width(l.name, NAME_SIZE)])
            })
            .fold(96.0, f64::max)
            .min(WIDEST_BOX)
            + 24.0;
        // Along the arrows, and across them.
        let (along, across) = match input.direction {
            Direction::Down => (BOX_HEIGHT, box_width),
            Direction::Right => (box_width, BOX_HEIGHT),
        };
        let last = ranks.iter().copied().max().unwrap_or(0);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); last + 1];
        for (layer, rank) in ranks.iter().enumerate() {
            members[*rank].push(layer);
        }
        let mut starts = vec![0.0; last + 1];
        for rank in 1..=last {
            // A frame that begins or ends between two steps needs room, and its name more.
            let mut sections = members[rank].iter().chain(&members[rank - 1]).map(|i| layers[*i].section);
            let first = sections.next();
            let same = sections.all(|section| Some(section) == first);
            let room = if same { 0.0 } else { 2.0 * FRAME + FRAME_NAME - GAP / 2.0 };
            starts[rank] = starts[rank - 1] + along + GAP + room;
        }
        // Boxes of a step are centered, in the order of those that lead to them.
        let mut middles = vec![0.0; layers.len()];
        let mut widest = across / 2.0;
        for rank in &mut members {
            let pull = |layer: usize| {
                let from: Vec<f64> =
                    arrows.iter().filter(|(_, to)| *to == layer).map(|(from, _)| middles[*from]).collect();
                if from.is_empty() { 0.0 } else { from.iter().sum::<f64>() / from.len() as f64 }
            };
            let mut order: Vec<(f64, usize)> = rank.iter().map(|layer| (pull(*layer), *layer)).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut place = 0.0;
            let mut places = Vec::new();
            for (i, (_, layer)) in order.iter().enumerate() {
                if i > 0 {
                    let apart = layers[*layer].section != layers[order[i - 1].1].section;
                    let (frame, name) = match (apart, input.direction) {
                        (false, _) => (0.0, 0.0),
                        (true, Direction::Down) => (2.0 * FRAME, 0.0),
                        (true, Direction::Right) => (2.0 * FRAME, FRAME_NAME),
                    };
                    place += across + BESIDE + frame + name;
                }
                places.push(place);
            }
            for ((_, layer), start) in order.iter().zip(&places) {
                middles[*layer] = start - place / 2.0;
            }
            widest = f64::max(widest, place / 2.0 + across / 2.0);
        }
        Self::assemble(input, arrows, ranks, &Measures { along, across, box_width, starts, middles, widest })
    }

    /// Turns places along and across the arrows into rectangles.
    fn assemble(input: &Diagram<'_>, arrows: &[(usize, usize)], ranks: &[usize], m: &Measures) -> Self {
        let point = |along: f64, across: f64| match input.direction {
            Direction::Down => [across, along],
            Direction::Right => [along, across],
        };
        let mut boxes: Vec<[f64; 4]> = (0..input.layers.len())
            .map(|i| {
                let [left, top] = point(m.starts[ranks[i]], m.middles[i] - m.across / 2.0);
                [left, top, m.box_width, BOX_HEIGHT]
            })
            .collect();
        let mut ways = Vec::new();
        let mut lane = m.widest + BESIDE;
        let mut reach = m.widest;
        for (from, to) in arrows {
            let (start, end) = (m.starts[ranks[*from]] + m.along, m.starts[ranks[*to]]);
            let (a, b) = (m.middles[*from], m.middles[*to]);
            let mut way = vec![point(start, a)];
            // An arrow over several steps runs beside all boxes, in a lane of its own.
            if ranks[*to] > ranks[*from] + 1 {
                let leave = m.starts[ranks[*from] + 1];
                let enter = m.starts[ranks[*to] - 1] + m.along;
                way.extend([point(leave, lane), point(enter, lane)]);
                reach = lane;
                lane += 16.0;
            }
            way.push(point(end, b));
            ways.push(way);
        }
        let mut frames = frames(input.layers, &boxes);
        // All rectangles move so that the upper left corner of the whole is the origin.
        let rectangles = || boxes.iter().chain(frames.iter().map(|(_, frame)| frame));
        let low = |axis: usize| rectangles().map(|r| r[axis]).fold(f64::INFINITY, f64::min);
        let high =
            |axis: usize| rectangles().map(|r| r[axis] + r[axis + 2]).fold(f64::NEG_INFINITY, f64::max);
        let (left, top) = (low(0), low(1));
        let [lane_x, lane_y] =
            point(f64::NEG_INFINITY, if reach > m.widest { reach + 6.0 } else { f64::NEG_INFINITY });
        let (width, height) = (high(0).max(lane_x) - left, high(1).max(lane_y) - top);
        for rectangle in boxes.iter_mut().chain(frames.iter_mut().map(|(_, frame)| frame)) {
            rectangle[0] -= left;
            rectangle[1] -= top;
        }
        for corner in ways.iter_mut().flatten() {
            corner[0] -= left;
            corner[1] -= top;
        }
        Self { width, height, boxes, ways, frames, direction: input.direction }
    }

    fn draw(&self, canvas: &mut Canvas, input: &Diagram<'_>, [left, top]: [f64; 2]) {
        let sections = sections(input.layers);
        let color = |section: &str| {
            let place = sections.iter().position(|one| *one == section);
            if section.is_empty() { SOFT.to_owned() } else { hex(category(place.unwrap_or(0))) }
        };
        for (name, [x, y, width, height]) in &self.frames {
            let color = color(name);
            let style = format!(
                r#"rx="8" fill="{color}" fill-opacity="0.07" stroke="{color}" stroke-opacity="0.35""#
            );
            canvas.rectangle([left + x, top + y, *width, *height], &style);
            let name = text::shorten(name, SMALL, width - 2.0 * FRAME);
            canvas.text([left + x + FRAME, top + y + 18.0], &name, Style::new(SMALL).fill(&color));
        }
        for way in &self.ways {
            let corners: Vec<[f64; 2]> = way.iter().map(|[x, y]| [left + x, top + y]).collect();
            self.arrow(canvas, &corners);
        }
        for (layer, [x, y, width, height]) in input.layers.iter().zip(&self.boxes) {
            let (x, y) = (left + x, top + y);
            let color = color(layer.section);
            let style = format!(r##"rx="5" fill="#ffffff" stroke="{color}" stroke-width="1.5""##);
            canvas.rectangle([x, y, *width, *height], &style);
            let fit = |line: &str, size: f64| text::shorten(line, size, width - 16.0);
            let middle = x + width / 2.0;
            header::centered(canvas, [middle, y + 20.0], &fit(layer.name, NAME_SIZE), NAME_SIZE);
            let style = Style::new(SMALL).anchor(Anchor::Middle).fill(SOFT);
            canvas.text([middle, y + 37.0], &fit(layer.shape, SMALL), style);
            canvas.text([middle, y + 53.0], &fit(&parameter_text(layer.parameters), SMALL), style);
        }
    }

    /// A smooth line through the corners with a head at its end.
    fn arrow(&self, canvas: &mut Canvas, corners: &[[f64; 2]]) {
        let head = 7.0;
        let mut corners = corners.to_vec();
        let along = if self.direction == Direction::Down { 1 } else { 0 };
        let Some(tip) = corners.last().copied() else { return };
        if let Some(end) = corners.last_mut() {
            end[along] -= head;
        }
        let mut path = String::new();
        for (i, corner) in corners.iter().enumerate() {
            let [x, y] = corner.map(coordinate);
            if i == 0 {
                path = format!("M{x} {y}");
                continue;
            }
            let before = corners[i - 1];
            let half = f64::midpoint(before[along], corner[along]);
            let (mut one, mut two) = (before, *corner);
            (one[along], two[along]) = (half, half);
            let ([x1, y1], [x2, y2]) = (one.map(coordinate), two.map(coordinate));
            path.push_str(&format!("C{x1} {y1} {x2} {y2} {x} {y}"));
        }
        canvas.path(&path, &format!(r#"fill="none" stroke="{SOFT}" stroke-width="1.4""#));
        let (mut one, mut two) = (tip, tip);
        for (corner, side) in [(&mut one, 4.0), (&mut two, -4.0)] {
            corner[along] -= head;
            corner[1 - along] += side;
        }
        canvas.polygon(&[tip, one, two], &format!(r#"fill="{SOFT}""#));
    }
}

/// Places of boxes along and across the arrows.
struct Measures {
    along: f64,
    across: f64,
    box_width: f64,
    starts: Vec<f64>,
    middles: Vec<f64>,
    widest: f64,
}

/// The sections in the order in which they appear.
fn sections<'a>(layers: &[Layer<'a>]) -> Vec<&'a str> {
    let mut sections = Vec::new();
    for layer in layers {
        if !layer.section.is_empty() && !sections.contains(&layer.section) {
            sections.push(layer.section);
        }
    }
    sections
}

/// A frame around the boxes of each section, or none at all where frames would cross each other or a foreign box.
fn frames(layers: &[Layer<'_>], boxes: &[[f64; 4]]) -> Vec<(String, [f64; 4])> {
    let frames: Vec<(String, [f64; 4])> = sections(layers)
        .into_iter()
        .map(|section| {
            let own =
                || boxes.iter().zip(layers).filter(|(_, layer)| layer.section == section).map(|(b, _)| b);
            let low = |axis: usize| own().map(|b| b[axis]).fold(f64::INFINITY, f64::min);
            let high = |axis: usize| own().map(|b| b[axis] + b[axis + 2]).fold(f64::NEG_INFINITY, f64::max);
            let (left, top) = (low(0) - FRAME, low(1) - FRAME - FRAME_NAME + 6.0);
            (section.to_owned(), [left, top, high(0) + FRAME - left, high(1) + FRAME - top])
        })
        .collect();
    let cross = |a: &[f64; 4], b: &[f64; 4]| {
        a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
    };
    let clear = frames.iter().enumerate().all(|(i, (name, frame))| {
        frames[..i].iter().all(|(_, other)| !cross(frame, other))
            && layers.iter().zip(boxes).all(|(layer, b)| layer.section == name || !cross(frame, b))
    });
    if clear { frames } else { Vec::new() }
}

fn parameter_text(parameters: usize) -> String {
    match parameters {
        0 => "no parameters".to_owned(),
        1 => "1 parameter".to_owned(),
        _ => format!("{} parameters", grouped(parameters)),
    }
}

fn numbers(layers: &[Layer<'_>], arrows: &[(usize, usize)]) -> String {
    let mut numbers = Numbers::new(["section", "name", "shape", "parameters", "inputs"]);
    for (i, layer) in layers.iter().enumerate() {
        let inputs: Vec<&str> =
            arrows.iter().filter(|(_, to)| *to == i).map(|(from, _)| layers[*from].name).collect();
        let parameters = layer.parameters.to_string();
        numbers.row([layer.section, layer.name, layer.shape, parameters.as_str(), &inputs.join(";")]);
    }
    numbers.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: [Layer<'_>; 5] = [
        Layer { section: "encoder", name: "dense", shape: "rows × 256", parameters: 200_960 },
        Layer { section: "encoder", name: "mean", shape: "rows × 2", parameters: 514 },
        Layer { section: "encoder", name: "log-variance", shape: "rows × 2", parameters: 514 },
        Layer { section: "", name: "sample", shape: "rows × 2", parameters: 0 },
        Layer { section: "decoder", name: "dense", shape: "rows × 784", parameters: 1 },
    ];

    fn input(arrows: &[(usize, usize)], direction: Direction) -> Diagram<'_> {
        Diagram { title: "net", layers: &LAYERS, arrows, direction }
    }

    #[test]
    fn each_layer_is_a_box_and_each_arrow_a_line_with_a_head() {
        let arrows = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)];
        for direction in [Direction::Down, Direction::Right] {
            let figure = diagram(&input(&arrows, direction)).unwrap();
            let svg = figure.svg().unwrap();
            // Five boxes, two frames, the background.
            assert_eq!(svg.matches("<rect").count(), 5 + 2 + 1);
            assert_eq!((svg.matches("<path").count(), svg.matches("<polygon").count()), (5, 5));
            assert!(svg.contains("201,989 parameters in 5 layers") && svg.contains(">1 parameter</text>"));
            assert_eq!(
                figure.csv(),
                "section,name,shape,parameters,inputs\nencoder,dense,rows × 256,200960,\n\
                 encoder,mean,rows × 2,514,dense\nencoder,log-variance,rows × 2,514,dense\n\
                 ,sample,rows × 2,0,mean;log-variance\ndecoder,dense,rows × 784,1,sample\n"
            );
        }
    }

    #[test]
    fn without_arrows_layers_follow_each_other() {
        let figure = diagram(&input(&[], Direction::Down)).unwrap();
        assert_eq!(figure.svg().unwrap().matches("<polygon").count(), 4);
    }

    #[test]
    fn boxes_of_all_ranks_keep_apart() {
        let arrows = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)];
        for direction in [Direction::Down, Direction::Right] {
            let input = input(&arrows, direction);
            let layout = Layout::new(&input, &arrows, &ranks(&LAYERS, &arrows).unwrap());
            for (i, a) in layout.boxes.iter().enumerate() {
                assert!(a[0] >= 0.0 && a[0] + a[2] <= layout.width && a[1] + a[3] <= layout.height);
                for b in &layout.boxes[..i] {
                    let apart = a[0] >= b[0] + b[2]
                        || b[0] >= a[0] + a[2]
                        || a[1] >= b[1] + b[3]
                        || b[1] >= a[1] + a[3];
                    assert!(apart, "{a:?} {b:?}");
                }
            }
            let outside = |[x, y]: &[f64; 2]| *x > layout.width || *y > layout.height || *x < 0.0 || *y < 0.0;
            assert!(!layout.ways.iter().flatten().any(outside));
        }
    }

    #[test]
    fn circles_and_arrows_to_nowhere_are_errors() {
        let error = diagram(&input(&[(0, 1), (1, 2), (2, 1)], Direction::Down)).unwrap_err();
        assert!(
            matches!(&error, FigureError::Circle { name } if name == "mean" || name == "log-variance"),
            "{error}"
        );
        let error = diagram(&input(&[(0, 5)], Direction::Down)).unwrap_err();
        assert_eq!(error.to_string(), "an arrow of the figure 'diagram' is 0 to 5, allowed is 0 to 4");
        let none = Diagram { layers: &[], ..input(&[], Direction::Down) };
        assert!(matches!(diagram(&none), Err(FigureError::Empty { .. })));
    }
}
