//! Blocks of points beside a curve through their surroundings.

use serde::{Deserialize, Serialize};

use super::part::Part;

/// How far a block of points lies from a parabola through ten times as many points around it, itself left out.
///
/// Source: POLY of TSB-AD (Li et al., 2007), which leaves the first tenth (at most 500 points) at 0; here it is scored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct LocalPolynomialConfig {
    /// Points of a block, from 1; the period of the series without.
    pub window: Option<usize>,
}

/// For each point the root of the block's squared error, times the root of its length.
pub(super) fn score(part: &Part<'_>, window: usize) -> Vec<f64> {
    let (n, values) = (part.len(), &part.values);
    let around = (10 * window).max(100).min(n);
    let mut scores = vec![0.0; n];
    for from in (0..n).step_by(window) {
        let to = (from + window).min(n);
        let half = around / 2;
        let (low, high) = if from + half >= n {
            (n - around, n)
        } else if from > half {
            (from - half, from + half)
        } else {
            (0, around)
        };
        let middle = (low + high) as f64 / 2.0;
        let place = |i: usize| (i as f64 - middle) / (high - low) as f64;
        let outside = (low..from).chain(to..high.max(to));
        let Some(curve) = parabola(outside.map(|i| (place(i), values[i]))) else { continue };
        let error = |i: usize| {
            let t = place(i);
            (values[i] - curve[0] - curve[1] * t - curve[2] * t * t).powi(2)
        };
        let length = (to - from) as f64;
        let score = ((from..to).map(error).sum::<f64>() * length).sqrt();
        scores[from..to].fill(score);
    }
    scores
}

/// The coefficients, constant first, of the parabola with the least squared error; none through fewer than three points.
fn parabola(points: impl Iterator<Item = (f64, f64)>) -> Option<[f64; 3]> {
    let (mut moments, mut products, mut count) = ([0.0; 5], nalgebra::Vector3::zeros(), 0);
    for (t, value) in points {
        let powers = [1.0, t, t * t];
        for (i, power) in powers.iter().enumerate() {
            products[i] += power * value;
        }
        moments.iter_mut().zip([1.0, t, t * t, t * t * t, t * t * t * t]).for_each(|(sum, p)| *sum += p);
        count += 1;
    }
    if count < 3 {
        return None;
    }
    let matrix = nalgebra::Matrix3::from_fn(|i, j| moments[i + j]);
    let solved = matrix.lu().solve(&products)?;
    Some([solved[0], solved[1], solved[2]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_has_no_error_and_a_jump_has() {
        let times: Vec<f64> = (0..500).map(f64::from).collect();
        let curve: Vec<f64> = times.iter().map(|t| 3.0 + 0.02 * t - 1e-4 * t * t).collect();
        let part = |values| Part { entity: "", times: &times, values, filled: Vec::new() };
        assert!(score(&part(curve.clone()), 20).iter().all(|score| *score < 1e-6));
        let mut jump = curve;
        jump[250..255].iter_mut().for_each(|value| *value += 2.0);
        let scores = score(&part(jump), 20);
        // Five errors of 2 in a block of 20: sqrt(20 * 20).
        assert!((scores[250] - 20.0).abs() < 1e-3 && scores[240] == scores[259] && scores[100] < 1.0);
        let short =
            Part { entity: "", times: &times[..4], values: vec![1.0, 2.0, 1.0, 2.0], filled: Vec::new() };
        assert_eq!(score(&short, 10), [0.0; 4]);
    }
}
