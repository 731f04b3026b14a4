//! Where values of a column that is asked for are counted from another column's cells: dates in order, of which codes of their own
//! say much less than how far they are apart.

use super::coder::{Coder, Made};
use super::gap::Gap;
use super::plan::Plan;

/// Values as distances from other cells.
pub(super) struct Axis<'a> {
    gap: &'a Gap,
    /// By row, what distances are from.
    pub(super) base: Vec<f64>,
    /// Whether distances are subtracted.
    pub(super) falls: bool,
}

impl Plan {
    /// The distances that column `asked` is drawn as, or else those of a column that is drawn as one from it.
    pub(super) fn axis<'a>(&'a self, asked: usize, coders: &[Coder], made: &[Made]) -> Option<Axis<'a>> {
        let own = self.gaps[asked].as_ref().map(|gap| (gap, gap.from, !gap.above));
        let others = || {
            self.gaps.iter().enumerate().find_map(|(j, gap)| {
                let gap = gap.as_ref().filter(|gap| gap.from == asked)?;
                Some((gap, j, gap.above))
            })
        };
        let is_own = own.is_some();
        let (gap, from, falls) = own.or_else(others)?;
        let (Made::Number(cells), Coder::Number(coder)) = (&made[from], &coders[from]) else { return None };
        let middle = coder.value(coder.cells().len() / 2, 0.5);
        let start = |cell: &f64| if is_own { gap.start(*cell) } else { *cell };
        let base = cells.iter().map(start).map(|start| if start.is_nan() { middle } else { start }).collect();
        Some(Axis { gap, base, falls })
    }
}

impl Axis<'_> {
    /// How distances become codes.
    pub(super) fn coder(&self) -> &Coder {
        &self.gap.coder
    }

    /// By row, a typical value of a code.
    pub(super) fn typical(&self, code: usize, own: &Coder) -> Made {
        let (Coder::Number(distances), Coder::Number(own)) = (self.coder(), own) else {
            return Made::Number(vec![f64::NAN; self.base.len()]);
        };
        let distance = distances.value(code, 0.5);
        let distance = if self.falls { -distance } else { distance };
        Made::Number(self.base.iter().map(|base| own.round(base + distance)).collect())
    }
}
