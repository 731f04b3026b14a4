//! How far made points are from real ones, on a grid.

/// Added to the share of each cell, so that an empty one has a logarithm.
const SMOOTH: f64 = 1e-4;

/// A histogram over cells of equal size between `bounds` (low, high) of each dimension; what lies outside counts at the edge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    shares: Vec<f64>,
}

impl Cells {
    /// The shares of rows, `width` values each, in `side` cells along each dimension.
    pub(super) fn of(rows: &[f32], width: usize, bounds: &[[f32; 2]], side: usize) -> Self {
        let mut shares = vec![0.0; side.pow(width as u32)];
        let n = (rows.len() / width.max(1)).max(1) as f64;
        for row in rows.chunks_exact(width) {
            let cell = row.iter().zip(bounds).fold(0, |cell, (value, [low, high])| {
                let share = (value - low) / (high - low);
                let place = if share.is_finite() { (share * side as f32).max(0.0) as usize } else { 0 };
                cell * side + place.min(side - 1)
            });
            shares[cell] += 1.0 / n;
        }
        let whole = 1.0 + SMOOTH * shares.len() as f64;
        shares.iter_mut().for_each(|share| *share = (*share + SMOOTH) / whole);
        Self { shares }
    }

    /// `Σ p ln(p / q)` in nats, at least 0.
    pub(super) fn kullback_leibler(&self, other: &Self) -> f64 {
        self.shares.iter().zip(&other.shares).map(|(p, q)| p * (p / q).ln()).sum()
    }

    /// The Jensen-Shannon divergence in nats, 0 to ln 2: the mean divergence of both from their middle.
    pub(super) fn jensen_shannon(&self, other: &Self) -> f64 {
        let middle = self.shares.iter().zip(&other.shares).map(|(p, q)| (p + q) / 2.0).collect();
        let middle = Self { shares: middle };
        (self.kullback_leibler(&middle) + other.kullback_leibler(&middle)) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergences_are_those_of_the_shares() {
        let bounds = [[0.0, 1.0]];
        let one = Cells::of(&[0.1, 0.1, 0.1, 0.9], 1, &bounds, 2);
        let other = Cells::of(&[0.1, 0.9, 2.0, -1.0], 1, &bounds, 2);
        let want = 0.75 * (0.75_f64 / 0.5).ln() + 0.25 * (0.25_f64 / 0.5).ln();
        assert!((one.kullback_leibler(&other) - want).abs() < 1e-3);
        assert!(one.kullback_leibler(&one).abs() < 1e-12 && one.jensen_shannon(&one).abs() < 1e-12);
        assert!((one.jensen_shannon(&other) - other.jensen_shannon(&one)).abs() < 1e-12);
        // Apart as far as can be.
        let (left, right) = (Cells::of(&[0.1], 1, &bounds, 2), Cells::of(&[0.9], 1, &bounds, 2));
        assert!((left.jensen_shannon(&right) - 2.0_f64.ln()).abs() < 2e-3);
    }

    #[test]
    fn two_dimensions_are_cells_of_a_grid() {
        let bounds = [[0.0, 1.0], [0.0, 1.0]];
        let of = |rows: &[f32]| Cells::of(rows, 2, &bounds, 3);
        assert_eq!(of(&[0.1, 0.9]).shares.iter().position(|&share| share > 0.5), Some(2));
        assert_eq!(of(&[0.9, 0.1]).shares.iter().position(|&share| share > 0.5), Some(6));
        assert!((of(&[f32::NAN, 0.5]).shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
