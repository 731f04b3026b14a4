//! A picture under construction: marks in the order they are drawn.

use std::fmt::Write as _;

use resvg::tiny_skia::{IntSize, Pixmap};

use super::color::{INK, Rgb};
use super::number::coordinate;
use super::text::escape;

/// A picture under construction; the origin is the upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Canvas {
    pub(crate) title: String,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) parts: Vec<Part>,
}

/// A stretch of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// SVG elements.
    Markup(String),
    /// Pixels.
    Picture(Picture),
}

/// Pixels and the rectangle they fill.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) pixels: Pixmap,
    /// Whether pixels stay squares with sharp edges when scaled.
    pub(crate) sharp: bool,
}

/// Which end of a text lies at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style<'a> {
    pub(crate) size: f64,
    pub(crate) anchor: Anchor,
    pub(crate) fill: &'a str,
    /// Degrees clockwise around the text's position.
    pub(crate) turn: f64,
    /// A white rim, for text over marks.
    pub(crate) halo: bool,
}

impl Style<'_> {
    /// Dark upright text that starts at its position.
    pub(crate) const fn new(size: f64) -> Self {
        Self { size, anchor: Anchor::Start, fill: INK, turn: 0.0, halo: false }
    }
}

impl Style<'_> {
    pub(crate) const fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) const fn fill(self, fill: &str) -> Style<'_> {
        Style { size: self.size, anchor: self.anchor, fill, turn: self.turn, halo: self.halo }
    }

    pub(crate) const fn turn(self, turn: f64) -> Self {
        Self { turn, ..self }
    }

    pub(crate) const fn halo(self) -> Self {
        Self { halo: true, ..self }
    }
}

impl Canvas {
    /// An empty picture; its height is set when it is known.
    pub(crate) fn new(title: &str, width: f64) -> Self {
        Self { title: title.to_owned(), width, height: 0.0, parts: Vec::new() }
    }

    /// A filled or outlined rectangle; `style` is a list of SVG attributes, as in all the following.
    pub(crate) fn rectangle(&mut self, [left, top, width, height]: [f64; 4], style: &str) {
        let [x, y, w, h] = [left, top, width, height].map(coordinate);
        self.add(|out| writeln!(out, r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" {style}/>"#));
    }

    pub(crate) fn line(&mut self, from: [f64; 2], to: [f64; 2], style: &str) {
        let ([x1, y1], [x2, y2]) = (from.map(coordinate), to.map(coordinate));
        self.add(|out| writeln!(out, r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {style}/>"#));
    }

    pub(crate) fn polyline(&mut self, points: &[[f64; 2]], style: &str) {
        let text = points_text(points);
        self.add(|out| writeln!(out, r#"<polyline points="{text}" fill="none" {style}/>"#));
    }

    pub(crate) fn polygon(&mut self, points: &[[f64; 2]], style: &str) {
        let text = points_text(points);
        self.add(|out| writeln!(out, r#"<polygon points="{text}" {style}/>"#));
    }

    pub(crate) fn circle(&mut self, center: [f64; 2], radius: f64, style: &str) {
        let ([x, y], r) = (center.map(coordinate), coordinate(radius));
        self.add(|out| writeln!(out, r#"<circle cx="{x}" cy="{y}" r="{r}" {style}/>"#));
    }

    /// A curve given as SVG path data.
    pub(crate) fn path(&mut self, data: &str, style: &str) {
        self.add(|out| writeln!(out, r#"<path d="{data}" {style}/>"#));
    }

    /// Text with its base line at `position`.
    pub(crate) fn text(&mut self, position: [f64; 2], text: &str, style: Style<'_>) {
        let [x, y] = position.map(coordinate);
        let (size, fill, text) = (coordinate(style.size), style.fill, escape(text));
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let turn = if style.turn == 0.0 {
            String::new()
        } else {
            format!(r#" transform="rotate({} {x} {y})""#, coordinate(style.turn))
        };
        let halo = if style.halo {
            r##" stroke="#ffffff" stroke-width="5" stroke-linejoin="round" paint-order="stroke""##
        } else {
            ""
        };
        self.add(|out| {
            writeln!(
                out,
                r#"<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{anchor}{turn}{halo}>{text}</text>"#
            )
        });
    }

    /// Pixels in a rectangle.
    pub(crate) fn picture(&mut self, picture: Picture) {
        self.parts.push(Part::Picture(picture));
    }

    /// A vertical color scale; `color` takes 0 at the lower end and 1 at the upper.
    pub(crate) fn gradient(&mut self, [left, top, width, height]: [f64; 4], color: impl Fn(f64) -> Rgb) {
        const STEPS: u32 = 256;
        let bytes = (0..STEPS)
            .rev()
            .flat_map(|i| {
                let [red, green, blue] = color((f64::from(i) + 0.5) / f64::from(STEPS));
                [red, green, blue, 255]
            })
            .collect();
        let pixels = IntSize::from_wh(1, STEPS)
            .and_then(|size| Pixmap::from_vec(bytes, size))
            .expect("there is one color a step");
        self.picture(Picture { left, top, width, height, pixels, sharp: true });
    }

    fn add(&mut self, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        if !matches!(self.parts.last(), Some(Part::Markup(_))) {
            self.parts.push(Part::Markup(String::new()));
        }
        if let Some(Part::Markup(out)) = self.parts.last_mut() {
            write(out).expect("a string takes every text");
        }
    }
}

fn points_text(points: &[[f64; 2]]) -> String {
    let mut text = String::with_capacity(points.len() * 12);
    for point in points {
        let [x, y] = point.map(coordinate);
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&x);
        text.push(',');
        text.push_str(&y);
    }
    text
}
