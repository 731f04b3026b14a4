//! Which pairs of columns are measured, and what rows are drawn by.

use super::accountant::Budget;
use super::domain::Grouped;
use super::noise::Noise;
use super::project::agreed;

/// A column that is drawn given another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edge {
    pub(super) parent: usize,
    pub(super) column: usize,
    /// By group of the parent, the shares of the groups of the column.
    pub(super) shares: Vec<f64>,
    /// Groups of the column.
    pub(super) width: usize,
    /// Whether the pair was measured.
    pub(super) is_measured: bool,
}

impl Edge {
    /// The shares of the column's groups given a group of the parent.
    pub(super) fn given(&self, group: usize) -> &[f64] {
        &self.shares[group * self.width..(group + 1) * self.width]
    }
}

/// Rows by pair of groups.
fn counted((a, height): (&[u16], usize), (b, width): (&[u16], usize)) -> Vec<f64> {
    let mut table = vec![0.0; height * width];
    for (a, b) in a.iter().zip(b) {
        table[usize::from(*a) * width + usize::from(*b)] += 1.0;
    }
    table
}

/// The shares of the first column's groups, and the tree over the others: pairs chosen by how far their counts are from those of
/// independent columns (`share` of the budget), and measured with noise (another `share`).
pub(super) fn fit(
    groups: &[Grouped],
    rows: &[Vec<u16>],
    budget: &mut Budget,
    share: f64,
    noise: &mut Noise,
) -> (Vec<f64>, Vec<Edge>) {
    let d = groups.len();
    let root = groups[0].shares();
    if d == 1 {
        return (root, Vec::new());
    }
    // What counts as the number of rows is a mean of noisy sums.
    let total = groups.iter().map(|groups| groups.counts.iter().sum::<f64>()).sum::<f64>() / d as f64;
    let of = |j: usize| (rows[j].as_slice(), groups[j].counts.len());
    let shares: Vec<Vec<f64>> = groups.iter().map(Grouped::shares).collect();
    // The distance of counts from what independence would have: one row changes it by 1 at most.
    let mut candidates: Vec<(usize, usize, f64)> = Vec::new();
    for a in 0..d {
        for b in a + 1..d {
            let table = counted(of(a), of(b));
            let width = shares[b].len();
            let far = |(i, count): (usize, &f64)| {
                (count - total * shares[a][i / width] * shares[b][i % width]).abs()
            };
            candidates.push((a, b, table.iter().enumerate().map(far).sum()));
        }
    }
    let epsilon = budget.exponential("choice of pairs", d - 1, share / (d - 1) as f64);
    let mut part: Vec<usize> = (0..d).collect();
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    while chosen.len() < d - 1 {
        let open = candidates.iter().filter(|(a, b, _)| part[*a] != part[*b]);
        let scored = open.map(|(a, b, far)| (0.5 * epsilon * far + noise.gumbel(), *a, *b));
        let Some((_, a, b)) = scored.max_by(|x, y| x.0.total_cmp(&y.0)) else { break };
        let (from, to) = (part[b], part[a]);
        part.iter_mut().filter(|part| **part == from).for_each(|part| *part = to);
        chosen.push((a, b));
    }
    let sigma = budget.gaussian("pairs", d - 1, share / (d - 1) as f64);
    // From the first column outwards.
    let mut edges: Vec<Edge> = Vec::with_capacity(d - 1);
    let mut reached = vec![false; d];
    reached[0] = true;
    while let Some(at) = chosen.iter().position(|(a, b)| reached[*a] != reached[*b]) {
        let (a, b) = chosen.remove(at);
        let (parent, column) = if reached[a] { (a, b) } else { (b, a) };
        reached[column] = true;
        let mut table = counted(of(parent), of(column));
        table.iter_mut().for_each(|count| *count = (*count + noise.normal(sigma)) / total);
        let width = shares[column].len();
        let mut table = agreed(table, &shares[parent], &shares[column]);
        for row in table.chunks_mut(width) {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|cell| *cell /= sum.max(f64::MIN_POSITIVE));
        }
        edges.push(Edge { parent, column, shares: table, width, is_measured: true });
    }
    (root, edges)
}

/// The group at `place`, 0 to 1, of shares that sum to about 1.
pub(super) fn draw(shares: &[f64], place: f64) -> u16 {
    let mut left = place * shares.iter().sum::<f64>();
    for (group, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return group as u16;
        }
    }
    shares.len().saturating_sub(1) as u16
}
