//! The lines above a plot: title, note and legend.

use super::canvas::{Anchor, Canvas, Style};
use super::color::{INK, SOFT};
use super::text;

/// Space left of everything.
pub(crate) const MARGIN: f64 = 20.0;

const TITLE_SIZE: f64 = 17.0;
const TEXT_SIZE: f64 = 13.0;
/// The width of a legend's mark with the space to its text.
const MARK: f64 = 24.0;

/// One entry of a legend.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) mark: Mark,
}

/// How a legend shows its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Line,
    Dot,
    Box,
    /// A translucent box with an outline.
    Area,
}

/// Draws title, note and legend and gives the height where the plot may start.
pub(crate) fn draw(canvas: &mut Canvas, title: &str, note: &str, legend: &[Entry]) -> f64 {
    let room = canvas.width - 2.0 * MARGIN;
    let mut y = 14.0;
    for line in text::wrap(title, TITLE_SIZE, room, 2) {
        y += 18.0;
        canvas.text([MARGIN, y], &line, Style::new(TITLE_SIZE));
        y += 4.0;
    }
    for line in text::wrap(note, TEXT_SIZE - 1.0, room, 2) {
        y += 15.0;
        canvas.text([MARGIN, y], &line, Style::new(TEXT_SIZE - 1.0).fill(SOFT));
        y += 3.0;
    }
    if !legend.is_empty() {
        y += 20.0;
        let mut x = MARGIN;
        for entry in legend {
            let name = text::shorten(&entry.name, TEXT_SIZE, room - MARK);
            let width = MARK + text::width(&name, TEXT_SIZE);
            if x > MARGIN && x + width > MARGIN + room {
                x = MARGIN;
                y += 20.0;
            }
            mark(canvas, [x, y - 4.5], entry);
            canvas.text([x + MARK, y], &name, Style::new(TEXT_SIZE).fill(INK));
            x += width + 18.0;
        }
        y += 2.0;
    }
    y + 14.0
}

/// How the values that were left out are told, or nothing.
pub(crate) fn left_out_note(left_out: usize, total: usize, noun: &str, why: &str) -> String {
    match left_out {
        0 => String::new(),
        _ => format!("{left_out} of {total} {noun} left out: {why}"),
    }
}

/// Joins the parts of a note that are not empty.
pub(crate) fn join_notes(notes: &[&str]) -> String {
    notes.iter().filter(|note| !note.is_empty()).copied().collect::<Vec<_>>().join("; ")
}

/// A text centered at `position`.
pub(crate) fn centered(canvas: &mut Canvas, position: [f64; 2], text: &str, size: f64) {
    canvas.text(position, text, Style::new(size).anchor(Anchor::Middle));
}

fn mark(canvas: &mut Canvas, [x, y]: [f64; 2], entry: &Entry) {
    let color = &entry.color;
    match entry.mark {
        Mark::Line => {
            canvas.line([x, y], [x + 18.0, y], &format!(r#"stroke="{color}" stroke-width="2.5""#));
        }
        Mark::Dot => canvas.circle([x + 11.0, y], 5.0, &format!(r#"fill="{color}""#)),
        Mark::Box => canvas.rectangle([x + 3.0, y - 6.0, 13.0, 12.0], &format!(r#"fill="{color}""#)),
        Mark::Area => canvas.rectangle(
            [x + 3.0, y - 6.0, 13.0, 12.0],
            &format!(r#"fill="{color}" fill-opacity="0.35" stroke="{color}" stroke-width="1.5""#),
        ),
    }
}
