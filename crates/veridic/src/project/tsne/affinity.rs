//! Similarities of rows: Gaussian around each row at the asked perplexity, made symmetric.

use rayon::prelude::*;

/// Steps of the search for a width, at most.
const MOST_STEPS: usize = 100;

/// Difference of the entropy from that asked for, in nats, that ends the search.
const TOLERANCE: f64 = 1e-6;

/// Rows whose similarities are joined as one piece of work.
const ROWS: usize = 512;

/// The symmetric similarities `p_ij`, sparse, row by row; they sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Affinity {
    /// Row `i` has the entries `starts[i]..starts[i + 1]`.
    pub(super) starts: Vec<usize>,
    pub(super) indices: Vec<u32>,
    pub(super) values: Vec<f32>,
    /// `Σ p_ij ln p_ij` in nats, at most 0.
    pub(super) negative_entropy: f64,
}

/// `p_{j|i}` of each row's `k` neighbors: `exp(-β_i d_ij²)` over their sum, with β_i such that the entropy is
/// `ln(perplexity)`; the mean of these over the perplexities.
///
/// Where the nearest neighbors coincide the perplexity may be out of reach, and the nearest one possible is taken.
/// Source: van der Maaten and Hinton, JMLR 9 (2008), equation 1; multi-scale as Lee et al., Neurocomputing 169 (2015).
pub(super) fn conditional(distances: &[f32], k: usize, perplexities: &[f64]) -> Vec<f32> {
    let mut conditional = vec![0.0f32; distances.len()];
    let rows = conditional.par_chunks_mut(k).zip(distances.par_chunks(k)).with_min_len(64);
    rows.for_each_init(
        || (vec![0.0f64; k], vec![0.0f64; k]),
        |(squares, weights), (row, distances)| {
            let nearest = f64::from(distances[0]).powi(2);
            for (square, d) in squares.iter_mut().zip(distances) {
                *square = f64::from(*d).powi(2) - nearest;
            }
            // In units of the mean, so that one start suits all data.
            let mean = squares.iter().sum::<f64>() / k as f64;
            let unit = if mean > 0.0 { 1.0 / mean } else { 1.0 };
            squares.iter_mut().for_each(|square| *square *= unit);
            for &perplexity in perplexities {
                let sum = search(squares, weights, perplexity.ln());
                let share = 1.0 / (sum * perplexities.len() as f64);
                row.iter_mut().zip(&*weights).for_each(|(p, w)| *p += (w * share) as f32);
            }
        },
    );
    conditional
}

/// Finds the width by Newton steps in ln β inside a bracket; leaves `exp(-β d²)` in `weights` and returns their sum.
fn search(squares: &[f64], weights: &mut [f64], entropy: f64) -> f64 {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut log_beta = 0.0f64;
    let mut sum = 0.0;
    for _ in 0..MOST_STEPS {
        let beta = log_beta.exp();
        let (mut first, mut second) = (0.0, 0.0);
        sum = 0.0;
        for (weight, square) in weights.iter_mut().zip(squares) {
            let scaled = beta * square;
            let w = (-scaled).exp();
            *weight = w;
            sum += w;
            first += w * scaled;
            second += w * scaled * scaled;
        }
        let mean = first / sum;
        let difference = sum.ln() + mean - entropy;
        if difference.abs() < TOLERANCE {
            break;
        }
        if difference > 0.0 {
            low = log_beta
        } else {
            high = log_beta
        }
        // The derivative of the entropy with respect to ln β is minus the variance of β d².
        let variance = second / sum - mean * mean;
        let newton = log_beta + difference / variance;
        log_beta = if variance > 1e-12 && newton > low && newton < high && (newton - log_beta).abs() < 3.0 {
            newton
        } else if low.is_finite() && high.is_finite() {
            0.5 * (low + high)
        } else {
            log_beta + 2.0 * difference.signum()
        };
        // Beyond, all weight is on the nearest, or equal on all: no width gets any closer.
        if log_beta.abs() > 60.0 || high - low < 1e-12 {
            break;
        }
    }
    sum
}

/// `p_ij = (p_{j|i} + p_{i|j}) / (2 N)`, from `k` neighbors a row.
pub(super) fn symmetric(indices: &[u32], conditional: &[f32], k: usize) -> Affinity {
    let n = indices.len() / k;
    let (incoming_starts, incoming) = transpose(indices, conditional, n, k);
    let pieces: Vec<Piece> = (0..n.div_ceil(ROWS))
        .into_par_iter()
        .map(|piece| {
            let mut joined = Piece::default();
            let mut outgoing: Vec<(u32, f32)> = Vec::with_capacity(k);
            for row in piece * ROWS..((piece + 1) * ROWS).min(n) {
                let own = row * k..(row + 1) * k;
                outgoing.clear();
                outgoing.extend(indices[own.clone()].iter().copied().zip(conditional[own].iter().copied()));
                outgoing.sort_unstable_by_key(|(other, _)| *other);
                joined.add(&outgoing, &incoming[incoming_starts[row]..incoming_starts[row + 1]]);
            }
            joined
        })
        .collect();
    drop(incoming);

    let sum: f64 = pieces.iter().map(|piece| piece.sum).sum();
    let share = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    let total = pieces.iter().map(|piece| piece.indices.len()).sum();
    let mut affinity = Affinity {
        starts: Vec::with_capacity(n + 1),
        indices: Vec::with_capacity(total),
        values: Vec::with_capacity(total),
        negative_entropy: 0.0,
    };
    affinity.starts.push(0);
    for piece in pieces {
        for length in piece.lengths {
            affinity.starts.push(affinity.starts[affinity.starts.len() - 1] + length);
        }
        affinity.indices.extend(piece.indices);
        affinity.values.extend(piece.values.iter().map(|p| (f64::from(*p) * share) as f32));
    }
    let parts = affinity.values.par_chunks(1 << 16).map(|values| {
        let terms = values.iter().map(|p| f64::from(*p)).filter(|p| *p > 0.0).map(|p| p * p.ln());
        terms.sum::<f64>()
    });
    affinity.negative_entropy = parts.collect::<Vec<f64>>().iter().sum();
    affinity
}

/// The joined rows of one piece, not yet divided by their sum.
#[derive(Default)]
struct Piece {
    lengths: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
    sum: f64,
}

impl Piece {
    /// Adds a row: two lists in the order of their indices, entries of equal index summed.
    fn add(&mut self, outgoing: &[(u32, f32)], incoming: &[(u32, f32)]) {
        let before = self.indices.len();
        let (mut i, mut j) = (0, 0);
        while i < outgoing.len() || j < incoming.len() {
            let next = |list: &[(u32, f32)], at: usize| list.get(at).map_or(u32::MAX, |(index, _)| *index);
            let index = next(outgoing, i).min(next(incoming, j));
            let mut value = 0.0;
            if next(outgoing, i) == index {
                value += outgoing[i].1;
                i += 1;
            }
            if next(incoming, j) == index {
                value += incoming[j].1;
                j += 1;
            }
            // What underflowed attracts nothing.
            if value > 0.0 {
                self.indices.push(index);
                self.values.push(value);
                self.sum += f64::from(value);
            }
        }
        self.lengths.push(self.indices.len() - before);
    }
}

/// For each row the rows it is a neighbor of, in their order, with their conditional similarities.
fn transpose(indices: &[u32], conditional: &[f32], n: usize, k: usize) -> (Vec<usize>, Vec<(u32, f32)>) {
    let mut starts = vec![0usize; n + 1];
    indices.iter().for_each(|&index| starts[index as usize + 1] += 1);
    for row in 0..n {
        starts[row + 1] += starts[row];
    }
    let mut next = starts.clone();
    let mut incoming = vec![(0u32, 0.0f32); indices.len()];
    for (entry, (&index, &p)) in indices.iter().zip(conditional).enumerate() {
        let place = &mut next[index as usize];
        incoming[*place] = ((entry / k) as u32, p);
        *place += 1;
    }
    (starts, incoming)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn perplexity(row: &[f32]) -> f64 {
        let entropy: f64 = row.iter().map(|p| f64::from(*p)).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
        entropy.exp()
    }

    #[test]
    fn each_row_has_the_perplexity_asked_for_and_sums_to_one() {
        let k = 30;
        let distances: Vec<f32> = (0..40 * k)
            .map(|i| {
                let (row, rank) = ((i / k) as f32, (i % k) as f32);
                1e-3f32.powf(row / 20.0 - 1.0) * (1.0 + rank.powf(0.3 + row / 40.0))
            })
            .collect();
        for asked in [2.0, 5.0, 10.0, 25.0] {
            for row in conditional(&distances, k, &[asked]).chunks(k) {
                assert!((perplexity(row) - asked).abs() < 1e-4 * asked, "{} {asked}", perplexity(row));
                assert!((row.iter().map(|p| f64::from(*p)).sum::<f64>() - 1.0).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn several_perplexities_give_the_mean_of_their_similarities() {
        let distances: Vec<f32> = (1..=20).map(|i| (i as f32).sqrt()).collect();
        let [a, b, both] = [&[3.0][..], &[9.0], &[3.0, 9.0]].map(|p| conditional(&distances, 20, p));
        for ((a, b), both) in a.iter().zip(&b).zip(&both) {
            assert!((0.5 * (a + b) - both).abs() < 1e-6);
        }
    }

    #[test]
    fn coinciding_neighbors_share_equally() {
        assert!(conditional(&[0.0; 10], 10, &[3.0]).iter().all(|p| (*p - 0.1).abs() < 1e-7));
        // Four at the same distance: no width gives a perplexity below 4.
        let found = conditional(&[1.0, 1.0, 1.0, 1.0, 9.0, 9.0], 6, &[2.0]);
        assert!((perplexity(&found) - 4.0).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn symmetric_similarities_sum_to_one_and_are_equal_both_ways() {
        // 0 -> 1, 2; 1 -> 0, 2; 2 -> 1, 3; 3 -> 2, 1.
        let indices = [1, 2, 0, 2, 1, 3, 2, 1];
        let conditional = [0.7, 0.3, 0.6, 0.4, 0.5, 0.5, 0.9, 0.1];
        let affinity = symmetric(&indices, &conditional, 2);
        let row = |i: usize| {
            let range = affinity.starts[i]..affinity.starts[i + 1];
            affinity.indices[range.clone()]
                .iter()
                .copied()
                .zip(affinity.values[range].iter().copied())
                .collect::<Vec<_>>()
        };
        let eighth = |sum: f32| sum / 8.0;
        assert_eq!(row(0), [(1, eighth(0.7 + 0.6)), (2, eighth(0.3))]);
        assert_eq!(row(3), [(1, eighth(0.1)), (2, eighth(0.5 + 0.9))]);
        assert_eq!(row(2).len(), 3);
        let sum: f64 = affinity.values.iter().map(|p| f64::from(*p)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        let entropy: f64 = affinity.values.iter().map(|p| f64::from(*p) * f64::from(*p).ln()).sum();
        assert!((entropy - affinity.negative_entropy).abs() < 1e-12);
    }
}
