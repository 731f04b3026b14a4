//! The leaves of many rows at once: every split of a tree is looked at for all rows side by side, and then it is found from the
//! leaves up which of those below each split a row comes to.

use pulp::{Simd, WithSimd};

use super::kernel;
use super::tree::{Node, Tree};

/// Rows whose leaves are found together: few enough for what is known of them to stay near the processor.
pub(super) const BLOCK: usize = 128;

/// Most splits from the root to a leaf of trees that are looked at this way.
const DEPTH: usize = 5;

/// What goes right at a split.
#[derive(Debug, Clone, Copy)]
enum Right {
    /// Nothing.
    None,
    /// Codes from this one on.
    From(u8),
    /// Codes below 32, one bit each.
    Few(u32),
    /// Codes below 64, one bit each.
    Many(u64),
}

/// A tree whose splits are told by code alone.
#[derive(Debug)]
pub(super) struct Route {
    depth: usize,
    /// By place in the heap, the feature and what goes right.
    splits: Vec<(usize, Right)>,
}

impl Right {
    /// What goes right of `bins` codes; `None` where that is none of its forms.
    fn of(node: &Node, bins: usize) -> Option<Self> {
        let [first, second, third, last] = node.left;
        let whole = |word: u64, before: u64| word == 0 || before == u64::MAX;
        let ones = node.left.iter().map(|word| word.count_ones() as usize).sum::<usize>();
        let is_prefix = node.left.iter().all(|word| (word & word.wrapping_add(1)) == 0)
            && whole(second, first)
            && whole(third, second)
            && whole(last, third);
        match (is_prefix, bins) {
            _ if ones == 256 => Some(Self::None),
            (true, _) => Some(Self::From(ones as u8)),
            (false, ..=32) => Some(Self::Few(!first as u32)),
            (false, ..=64) => Some(Self::Many(!first)),
            _ => None,
        }
    }
}

impl Route {
    /// The way through a tree, of which the features have so many codes each; `None` where rows have to be followed one by one.
    pub(super) fn of(tree: &Tree, bins: impl Fn(usize) -> usize) -> Option<Self> {
        let split = |node: &Node| {
            let feature = node.feature as usize;
            Some((feature, Right::of(node, bins(feature))?))
        };
        let splits = tree.nodes.iter().map(split).collect::<Option<Vec<_>>>()?;
        (tree.depth <= DEPTH).then_some(Self { depth: tree.depth, splits })
    }

    /// The leaf of each of the rows that have these codes, feature by feature.
    pub(super) fn leaves(&self, codes: &[[u8; BLOCK]], leaves: &mut [u8; BLOCK]) {
        kernel::run(Walk { route: self, codes, leaves });
    }
}

/// Finding the leaves of a block of rows.
struct Walk<'a> {
    route: &'a Route,
    codes: &'a [[u8; BLOCK]],
    leaves: &'a mut [u8; BLOCK],
}

impl WithSimd for Walk<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // By split, all bits set where a row goes right.
        let mut right = [[0u8; BLOCK]; (1 << DEPTH) - 1];
        for (right, (feature, what)) in right.iter_mut().zip(&self.route.splits) {
            let codes = &self.codes[*feature];
            match *what {
                Right::None => {}
                Right::From(first) => {
                    for i in 0..BLOCK {
                        right[i] = if codes[i] >= first { u8::MAX } else { 0 };
                    }
                }
                Right::Few(mask) => {
                    for i in 0..BLOCK {
                        right[i] = 0u8.wrapping_sub((mask >> (codes[i] & 31)) as u8 & 1);
                    }
                }
                Right::Many(mask) => {
                    for i in 0..BLOCK {
                        right[i] = 0u8.wrapping_sub((mask >> (codes[i] & 63)) as u8 & 1);
                    }
                }
            }
        }
        // From the leaves up, which of those below a split a row comes to, from the left.
        let inner = self.route.splits.len() / 2;
        for last in &mut right[inner..self.route.splits.len()] {
            last.iter_mut().for_each(|way| *way &= 1);
        }
        for split in (0..inner).rev() {
            let below = self.route.depth - (split + 1).ilog2() as usize - 1;
            let half = 1u8 << below;
            let (own, children) = right.split_at_mut(2 * split + 1);
            let (way, [left, right, ..]) = (&mut own[split], children) else { continue };
            for i in 0..BLOCK {
                way[i] = (left[i] & !way[i]) | ((right[i] | half) & way[i]);
            }
        }
        *self.leaves = right[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, uniform};

    #[test]
    fn leaves_are_those_of_rows_one_by_one() {
        let mut random = Seed(7).stream("route");
        let mut below = |most: usize| (uniform(&mut random) * most as f64) as usize;
        // Ordered codes, few and many names, and more names than are told this way.
        let bins = [256, 20, 60, 200];
        for depth in 1..=6 {
            for names in [3, 4] {
                let mut tree = Tree::new(depth);
                for node in &mut tree.nodes {
                    let feature = below(names + 1);
                    // Some let all rows through.
                    let Some(bins) = bins.get(feature).filter(|_| feature < names) else { continue };
                    let first = below(*bins);
                    let mut left = [0u64; 4];
                    for code in 0..256 {
                        let goes_left = if feature == 0 { code <= first } else { below(2) == 0 };
                        left[code >> 6] |= u64::from(goes_left) << (code & 63);
                    }
                    *node = Node { left, feature: feature as u32 };
                }
                let mut codes = [[0u8; BLOCK]; 4];
                let mut rows = vec![0u8; 4 * BLOCK];
                for row in 0..BLOCK {
                    for (feature, bins) in bins.iter().enumerate() {
                        codes[feature][row] = below(*bins) as u8;
                        rows[4 * row + feature] = codes[feature][row];
                    }
                }
                let Some(route) = Route::of(&tree, |feature| bins[feature]) else {
                    assert!(depth > DEPTH || names == 4);
                    continue;
                };
                let (mut found, mut expected) = ([0u8; BLOCK], [0u8; BLOCK]);
                route.leaves(&codes, &mut found);
                tree.route(&rows, 4, &mut expected);
                assert_eq!(found, expected, "{depth}");
            }
        }
    }
}
