//! A plotting area with its two axes.

use super::canvas::{Anchor, Canvas, Style};
use super::color::{FAINT, LINE, SOFT};
use super::scale::Scale;
use super::text;

/// The size of the numbers at the ticks.
pub(crate) const TICK_SIZE: f64 = 12.0;
/// The size of the names of axes.
pub(crate) const LABEL_SIZE: f64 = 13.0;
/// The space below a plot for the numbers and the name of the horizontal axis.
pub(crate) const BELOW: f64 = 54.0;

/// A rectangle in which numbers have a place.
pub(crate) struct Panel {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
}

impl Panel {
    /// The horizontal place of `value`.
    pub(crate) fn across(&self, value: f64) -> f64 {
        self.left + self.width * self.x.share(value).clamp(-0.5, 1.5)
    }

    /// The vertical place of `value`.
    pub(crate) fn down(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - self.y.share(value).clamp(-0.5, 1.5))
    }

    /// The lower edge.
    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The right edge.
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Draws grid lines, the axes with their numbers, and their names; marks are drawn over it.
    pub(crate) fn frame(&self, canvas: &mut Canvas, x_label: &str, y_label: &str) {
        self.horizontal(canvas, x_label, true);
        self.vertical(canvas, y_label);
        self.base_lines(canvas);
    }

    /// The horizontal axis: numbers below, with grid lines where wanted.
    pub(crate) fn horizontal(&self, canvas: &mut Canvas, label: &str, lines: bool) {
        let mut free_from = f64::NEG_INFINITY;
        for (value, name) in &self.x.ticks {
            let x = self.across(*value);
            if lines {
                canvas.line([x, self.top], [x, self.bottom()], &format!(r#"stroke="{FAINT}""#));
            }
            // A number that would touch the one before is left away; its line stays.
            let half = text::width(name, TICK_SIZE) / 2.0;
            if x - half > free_from {
                let style = Style::new(TICK_SIZE).anchor(Anchor::Middle).fill(SOFT);
                canvas.text([x, self.bottom() + 18.0], name, style);
                free_from = x + half + 6.0;
            }
        }
        let label = text::shorten(label, LABEL_SIZE, self.width.max(canvas.width * 0.5));
        let place = [self.left + self.width / 2.0, self.bottom() + 42.0];
        canvas.text(place, &label, Style::new(LABEL_SIZE).anchor(Anchor::Middle));
    }

    /// The vertical axis: grid lines, numbers on the left.
    pub(crate) fn vertical(&self, canvas: &mut Canvas, label: &str) {
        for (value, name) in &self.y.ticks {
            let y = self.down(*value);
            canvas.line([self.left, y], [self.right(), y], &format!(r#"stroke="{FAINT}""#));
            let style = Style::new(TICK_SIZE).anchor(Anchor::End).fill(SOFT);
            canvas.text([self.left - 7.0, y + 4.3], name, style);
        }
        let label = text::shorten(label, LABEL_SIZE, self.height + 40.0);
        let place = [self.left - 7.0 - widest_tick(&self.y) - 13.0, self.top + self.height / 2.0];
        canvas.text(place, &label, Style::new(LABEL_SIZE).anchor(Anchor::Middle).turn(-90.0));
    }

    /// The two lines that bound the plot on the left and below.
    pub(crate) fn base_lines(&self, canvas: &mut Canvas) {
        let corner = [self.left, self.bottom()];
        canvas.polyline(
            &[[self.left, self.top], corner, [self.right(), self.bottom()]],
            &format!(r#"stroke="{LINE}""#),
        );
    }
}

/// The space left of a plot for the numbers and the name of a vertical axis.
pub(crate) fn space_left(y: &Scale) -> f64 {
    14.0 + LABEL_SIZE + 12.0 + widest_tick(y) + 7.0
}

fn widest_tick(scale: &Scale) -> f64 {
    scale.ticks.iter().map(|(_, name)| text::width(name, TICK_SIZE)).fold(0.0, f64::max)
}
