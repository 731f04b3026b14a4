//! A binary tree in the order of a heap, all leaves at one depth.

use super::kernel::LANES;

/// A split: codes of a feature that go left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    /// One bit a code, set where it goes left.
    pub(super) left: [u64; 4],
    /// The feature.
    pub(super) feature: u32,
}

/// Everything goes left: what stands below a leaf that is higher up than the tree is deep.
const THROUGH: Node = Node { left: [u64::MAX; 4], feature: 0 };

/// A tree: nodes `1..` of a heap from index 0 on, children of `i` at `2 i + 1` and `2 i + 2`; leaves are numbered from the
/// left, `0..1 << depth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) depth: usize,
    pub(super) nodes: Vec<Node>,
}

impl Tree {
    /// A tree without a split.
    pub(super) fn new(depth: usize) -> Self {
        Self { depth, nodes: vec![THROUGH; (1 << depth) - 1] }
    }

    /// The leaf of each row of `codes`, which has `width` codes a row.
    pub(super) fn route(&self, codes: &[u8], width: usize, leaves: &mut [u8]) {
        if width == 0 {
            leaves.fill(0);
            return;
        }
        let mut rows = codes.chunks_exact(width * LANES);
        let mut out = leaves.chunks_exact_mut(LANES);
        for (rows, out) in rows.by_ref().zip(out.by_ref()) {
            // Side by side, so that the look-ups of different rows overlap.
            let mut at = [0usize; LANES];
            for _ in 0..self.depth {
                for (lane, at) in at.iter_mut().enumerate() {
                    *at = self.next(*at, &rows[lane * width..(lane + 1) * width]);
                }
            }
            for (leaf, at) in out.iter_mut().zip(at) {
                *leaf = (at - self.nodes.len()) as u8;
            }
        }
        for (row, leaf) in rows.remainder().chunks_exact(width).zip(out.into_remainder()) {
            let mut at = 0;
            for _ in 0..self.depth {
                at = self.next(at, row);
            }
            *leaf = (at - self.nodes.len()) as u8;
        }
    }

    #[inline(always)]
    fn next(&self, at: usize, row: &[u8]) -> usize {
        let node = &self.nodes[at];
        let code = row[node.feature as usize];
        let left = (node.left[usize::from(code >> 6)] >> (code & 63)) & 1;
        2 * at + 2 - left as usize
    }

    /// The leaf at the end of the left-most path from heap place `at`, which is `depth` splits down.
    pub(super) fn leaf_below(&self, at: usize, depth: usize) -> u8 {
        (((at + 1) << (self.depth - depth)) - 1 - self.nodes.len()) as u8
    }
}
