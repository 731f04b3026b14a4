//! Distributions that a model predicts.

use super::kernel::WIDE;

/// Distributions of a class for some rows.
#[derive(Debug, Clone, Default)]
pub struct Probabilities {
    /// Row after row, each filled up to `width`.
    pub(super) values: Vec<f32>,
    pub(super) classes: usize,
    pub(super) width: usize,
}

impl Probabilities {
    /// The probability of `class` for row `row`.
    ///
    /// # Panics
    /// If there is no such row or class.
    pub fn at(&self, row: usize, class: usize) -> f32 {
        self.row(row)[class]
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.classes]
    }

    /// The class at which the sum of probabilities of row `row` passes `share` (0 to 1) of the whole.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn pick(&self, row: usize, share: f64) -> usize {
        let of = &self.values[row * self.width..][..self.width];
        let (chunks, _) = of.as_chunks::<WIDE>();
        let total: f32 = chunks.iter().map(|chunk| chunk.iter().sum::<f32>()).sum();
        let mut left = total * share as f32;
        for (number, chunk) in chunks.iter().enumerate() {
            let sum: f32 = chunk.iter().sum();
            if left < sum {
                for (place, p) in chunk.iter().enumerate() {
                    left -= p;
                    if left < 0.0 {
                        // What fills a row up weighs next to nothing, but not nothing.
                        return (number * WIDE + place).min(self.classes - 1);
                    }
                }
            } else {
                left -= sum;
            }
        }
        // The rounding of sums left nothing to pass.
        let most = (0..self.classes).max_by(|a, b| of[*a].total_cmp(&of[*b]));
        most.unwrap_or(0)
    }

    /// The class at which the sum of probabilities of row `row` passes `share` (0 to 1) of the whole, and the whole; each
    /// counts as often as `factors` says, if given. `None` where nothing counts.
    pub fn draw(&self, row: usize, share: f64, factors: Option<&[f32]>) -> Option<(usize, f64)> {
        let of = self.row(row);
        let weight = |class: usize| {
            let factor = factors.map_or(1.0, |factors| f64::from(factors[class]));
            f64::from(of[class]) * factor
        };
        let total: f64 = (0..self.classes).map(weight).sum();
        let mut left = total * share;
        let mut last = None;
        for class in 0..self.classes {
            let weight = weight(class);
            if weight > 0.0 {
                last = Some((class, total));
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        last
    }
}
