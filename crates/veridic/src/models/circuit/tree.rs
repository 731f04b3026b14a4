//! The tree that joins the columns that say most of each other.

use rayon::prelude::*;

/// Bins of a column of numbers, and of one of categories (its most frequent, and the others together).
const NUMBER_BINS: usize = 20;
const TEXT_BINS: usize = 32;

/// Rows that are counted, fewer of wide tables, and the fewest of those.
const COUNTED: usize = 20_000;
const FEWEST: usize = 1000;

/// Columns of which that many rows are counted.
const WIDE: usize = 100;

/// A column's codes in some rows.
pub(super) struct Counted<'a> {
    pub(super) codes: &'a [u8],
    pub(super) n_codes: usize,
    pub(super) ordered: bool,
}

/// The parent of each column in the tree of the most mutual information (C. Chow and C. Liu, Approximating discrete
/// probability distributions with dependence trees, IEEE Trans. Inf. Theory 14, 1968), none for the root, and an order of the
/// columns in which each comes after its parent and before what is no descendant of it.
pub(super) fn chow_liu(columns: &[Counted]) -> (Vec<Option<usize>>, Vec<usize>) {
    let n = columns.len();
    let count = (COUNTED * WIDE / n.max(WIDE)).max(FEWEST);
    let binned: Vec<(Vec<u8>, usize)> = columns.par_iter().map(|column| bins(column, count)).collect();
    let weights: Vec<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|i| (0..i).map(|j| mutual_information(&binned[i], &binned[j])).collect())
        .collect();
    let weight = |i: usize, j: usize| if i > j { weights[i][j] } else { weights[j][i] };
    let total = |i: usize| (0..n).filter(|j| *j != i).map(|j| weight(i, j)).sum::<f64>();
    let totals: Vec<f64> = (0..n).map(total).collect();
    let root = (0..n).max_by(|a, b| totals[*a].total_cmp(&totals[*b]).then(b.cmp(a))).unwrap_or(0);
    // Prim's algorithm: the nearest of those in the tree for each that is not.
    let mut parents: Vec<Option<usize>> = vec![None; n];
    let mut nearest: Vec<Option<(f64, usize)>> =
        (0..n).map(|j| (j != root).then(|| (weight(root, j), root))).collect();
    for _ in 1..n {
        let open = (0..n).filter_map(|j| nearest[j].map(|(weight, from)| (weight, from, j)));
        let Some((_, from, j)) = open.max_by(|a, b| a.0.total_cmp(&b.0).then(b.2.cmp(&a.2))) else { break };
        parents[j] = Some(from);
        nearest[j] = None;
        for (i, near) in nearest.iter_mut().enumerate() {
            if let Some(near) = near
                && weight(i, j) > near.0
            {
                *near = (weight(i, j), j);
            }
        }
    }
    let order = preorder(&parents).unwrap_or_default();
    (parents, order)
}

/// An order in which each column comes after its parent and before what is no descendant of it; `None` where the parents
/// make no tree.
pub(super) fn preorder(parents: &[Option<usize>]) -> Option<Vec<usize>> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    let mut open = Vec::new();
    for (j, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => children.get_mut(*parent)?.push(j),
            None => open.push(j),
        }
    }
    if open.len() != 1 {
        return None;
    }
    let mut order = Vec::with_capacity(parents.len());
    while let Some(j) = open.pop() {
        order.push(j);
        open.extend(children[j].iter().rev());
    }
    (order.len() == parents.len()).then_some(order)
}

fn bins(column: &Counted, count: usize) -> (Vec<u8>, usize) {
    let most = if column.ordered { NUMBER_BINS } else { TEXT_BINS };
    let bin = |code: u8| {
        let code = usize::from(code).min(column.n_codes.saturating_sub(1));
        match (column.n_codes <= most, column.ordered) {
            (true, _) => code as u8,
            (false, true) => (code * most / column.n_codes) as u8,
            (false, false) => code.min(most - 1) as u8,
        }
    };
    // Rows at even distances.
    let n = column.codes.len();
    let taken = n.min(count);
    let codes = (0..taken).map(|i| bin(column.codes[i * n / taken])).collect();
    (codes, column.n_codes.clamp(1, most))
}

/// In nats, less what it would be on average of independent columns (G. Miller, Note on the bias of information estimates,
/// 1955).
fn mutual_information((a, n_a): &(Vec<u8>, usize), (b, n_b): &(Vec<u8>, usize)) -> f64 {
    let mut counts = vec![0u32; n_a * n_b];
    for (a, b) in a.iter().zip(b) {
        counts[usize::from(*a) * n_b + usize::from(*b)] += 1;
    }
    let n = a.len().max(1) as f64;
    let of_a: Vec<f64> = counts.chunks(*n_b).map(|row| f64::from(row.iter().sum::<u32>())).collect();
    let of_b: Vec<f64> =
        (0..*n_b).map(|j| f64::from(counts.iter().skip(j).step_by(*n_b).sum::<u32>())).collect();
    let mut sum = 0.0;
    for (row, in_a) in counts.chunks(*n_b).zip(&of_a) {
        for (count, in_b) in row.iter().zip(&of_b).filter(|(count, _)| **count > 0) {
            let count = f64::from(*count);
            sum += count * (count * n / (in_a * in_b)).ln();
        }
    }
    let seen = |counts: &[f64]| counts.iter().filter(|count| **count > 0.0).count() as f64;
    sum / n - (seen(&of_a) - 1.0) * (seen(&of_b) - 1.0) / (2.0 * n)
}
