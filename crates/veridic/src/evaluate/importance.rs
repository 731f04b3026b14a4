use rand_chacha::rand_core::Rng;

use super::disentanglement::{binned, check, parted};
use crate::data::Matrix;
use crate::error::EvaluateError;
use crate::seed::Seed;

/// How factors and codes belong together, by the importance of codes in telling factors; 0 to 1 each, higher is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportanceDisentanglement {
    /// Whether each code matters for one factor only: `Σ ρ_i (1 - H(P_i))` over codes, `P_i` the shares of code i's
    /// importances among factors, H in units of the logarithm of their number, `ρ_i` the code's share of all importance.
    pub disentanglement: f64,
    /// Whether each factor needs one code only: `1 - H` of the shares of a factor's importances among codes, likewise.
    pub completeness: f64,
    /// How often the factors of rows that were not learned from are told right, mean over factors.
    pub informativeness: f64,
}

/// Trees of a forest, bins of a code, levels of a tree.
const TREES: u64 = 10;
const BINS: usize = 64;
const DEPTH: usize = 12;

/// Disentanglement, completeness and informativeness (Eastwood and Williams 2018, "A framework for the quantitative
/// evaluation of disentangled representations", section 2, where importances are those of random forests).
///
/// For each factor a forest of ten trees learns to tell it from the codes, each tree from rows drawn with replacement,
/// splits chosen among all codes (in 64 bins of equal width) by Gini impurity, leaves of at least 1/200 of the rows. The
/// importance of a code is the impurity its splits take away, relative to all. Two thirds of the rows are learned
/// from, at most 10 000, and at most 5 000 of the others tested. Draws are from a stream of a fixed seed.
///
/// # Errors
/// As [`mutual_information_gap`](super::mutual_information_gap).
pub fn importance_disentanglement(
    codes: &Matrix,
    factors: &[Vec<u32>],
) -> Result<ImportanceDisentanglement, EvaluateError> {
    check("importance_disentanglement", codes, factors)?;
    let (train, test) = parted(codes.n_rows);
    let binned: Vec<Vec<u32>> = (0..codes.n_cols).map(|j| binned(codes, j, BINS)).collect();
    let mut importances = vec![vec![0.0; factors.len()]; codes.n_cols];
    let mut informativeness = 0.0;
    for (k, factor) in factors.iter().enumerate() {
        let (of_codes, accuracy) = forest(&binned, factor, &train, &test);
        let sum: f64 = of_codes.iter().sum();
        for (of_code, importance) in importances.iter_mut().zip(of_codes) {
            of_code[k] = if sum > 0.0 { importance / sum } else { 0.0 };
        }
        informativeness += accuracy / factors.len() as f64;
    }
    let of_factor = |k: usize| importances.iter().map(|of_code| of_code[k]).collect::<Vec<f64>>();
    let by_factor: Vec<Vec<f64>> = (0..factors.len()).map(of_factor).collect();
    Ok(ImportanceDisentanglement {
        disentanglement: concentration(&importances),
        completeness: concentration(&by_factor),
        informativeness,
    })
}

/// The mean over lists, by their share of the sum of all, of one minus the entropy of a list's shares.
fn concentration(lists: &[Vec<f64>]) -> f64 {
    let total: f64 = lists.iter().flatten().sum();
    let one = |list: &Vec<f64>| {
        let sum: f64 = list.iter().sum();
        if sum <= 0.0 {
            return 0.0;
        }
        let entropy: f64 = list.iter().filter(|x| **x > 0.0).map(|x| -x / sum * (x / sum).ln()).sum();
        let most = (list.len().max(2) as f64).ln();
        sum / total * (1.0 - entropy / most)
    };
    if total > 0.0 { lists.iter().map(one).sum() } else { 0.0 }
}

/// The importance of each code for a factor, and the accuracy on test rows.
fn forest(codes: &[Vec<u32>], factor: &[u32], train: &[usize], test: &[usize]) -> (Vec<f64>, f64) {
    let n_classes = factor.iter().max().map_or(0, |&class| class as usize + 1);
    let mut grower = Grower {
        codes,
        factor,
        n_classes,
        smallest: (train.len() / 200).max(1),
        importances: vec![0.0; codes.len()],
    };
    let mut votes = vec![vec![0usize; n_classes]; test.len()];
    let mut random = Seed(0).stream("importance forest");
    for _ in 0..TREES {
        let mut rows: Vec<usize> = (0..train.len())
            .map(|_| train[((u64::from(random.next_u32()) * train.len() as u64) >> 32) as usize])
            .collect();
        let tree = grower.grow(&mut rows, 0);
        for (votes, &row) in votes.iter_mut().zip(test) {
            votes[tree.class(codes, row)] += 1;
        }
    }
    let told = |votes: &Vec<usize>| (0..n_classes).rev().max_by_key(|&class| votes[class]).unwrap_or(0);
    let hits = votes.iter().zip(test).filter(|(votes, row)| told(votes) == factor[**row] as usize).count();
    (grower.importances, hits as f64 / test.len() as f64)
}

enum Tree {
    Leaf(usize),
    Split {
        code: usize,
        /// The first bin of the right side.
        at: u32,
        sides: Box<[Self; 2]>,
    },
}

impl Tree {
    fn class(&self, codes: &[Vec<u32>], row: usize) -> usize {
        match self {
            Self::Leaf(class) => *class,
            Self::Split { code, at, sides } => sides[usize::from(codes[*code][row] >= *at)].class(codes, row),
        }
    }
}

struct Grower<'a> {
    codes: &'a [Vec<u32>],
    factor: &'a [u32],
    n_classes: usize,
    /// Rows of the smallest leaf.
    smallest: usize,
    importances: Vec<f64>,
}

impl Grower<'_> {
    fn grow(&mut self, rows: &mut [usize], depth: usize) -> Tree {
        let mut counts = vec![0usize; self.n_classes];
        rows.iter().for_each(|&row| counts[self.factor[row] as usize] += 1);
        let class = (0..self.n_classes).rev().max_by_key(|&class| counts[class]).unwrap_or(0);
        if depth == DEPTH || counts[class] == rows.len() {
            return Tree::Leaf(class);
        }
        let best = (0..self.codes.len()).filter_map(|code| self.best_split(code, rows, &counts));
        // Of equal splits the first code's, so that the tree does not depend on rounding.
        let best =
            best.fold(
                None,
                |best: Option<(f64, usize, u32)>, split| {
                    if best.is_none_or(|best| split.0 > best.0 + 1e-9) { Some(split) } else { best }
                },
            );
        let Some((gain, code, at)) = best else { return Tree::Leaf(class) };
        self.importances[code] += gain;
        rows.sort_by_key(|&row| self.codes[code][row] >= at);
        let middle = rows.partition_point(|&row| self.codes[code][row] < at);
        let (left, right) = rows.split_at_mut(middle);
        let sides = Box::new([self.grow(left, depth + 1), self.grow(right, depth + 1)]);
        Tree::Split { code, at, sides }
    }

    /// The split of a code that takes most impurity away: how much (rows times Gini), the code, the bin.
    fn best_split(&self, code: usize, rows: &[usize], counts: &[usize]) -> Option<(f64, usize, u32)> {
        let mut by_bin = vec![0usize; BINS * self.n_classes];
        for &row in rows {
            by_bin[self.codes[code][row] as usize * self.n_classes + self.factor[row] as usize] += 1;
        }
        // Rows times Gini impurity is rows minus the sum of squared counts over rows.
        let kept =
            |counts: &[usize], n: usize| counts.iter().map(|&c| (c * c) as f64).sum::<f64>() / n as f64;
        let whole = kept(counts, rows.len());
        let mut left = vec![0usize; self.n_classes];
        let mut best: Option<(f64, usize, u32)> = None;
        for (bin, of_bin) in by_bin.chunks(self.n_classes).enumerate().take(BINS - 1) {
            left.iter_mut().zip(of_bin).for_each(|(left, n)| *left += n);
            let n_left: usize = left.iter().sum();
            let n_right = rows.len() - n_left;
            if n_left < self.smallest || n_right < self.smallest {
                continue;
            }
            let right: Vec<usize> = counts.iter().zip(&left).map(|(all, left)| all - left).collect();
            let gain = kept(&left, n_left) + kept(&right, n_right) - whole;
            if gain > 1e-9 && best.is_none_or(|best| gain > best.0) {
                best = Some((gain, code, bin as u32 + 1));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concentration_is_one_minus_the_mean_entropy() {
        assert_eq!(concentration(&[vec![1.0, 0.0], vec![0.0, 2.0]]), 1.0);
        assert!(concentration(&[vec![1.0, 1.0], vec![3.0, 3.0]]).abs() < 1e-12);
        // Three quarters of all importance is concentrated, a quarter is spread evenly.
        assert!((concentration(&[vec![3.0, 0.0], vec![0.5, 0.5]]) - 0.75).abs() < 1e-12);
        assert_eq!(concentration(&[vec![0.0, 0.0]]), 0.0);
    }
}
