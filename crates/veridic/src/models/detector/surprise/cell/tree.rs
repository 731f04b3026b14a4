//! One extremely randomized tree of many outputs.

use rand_chacha::rand_core::Rng;

use crate::data::Matrix;
use crate::seed::uniform;

/// Fewest rows of a leaf.
pub(super) const LEAF_ROWS: usize = 5;

/// Share of the coordinates that a cut is chosen from, each with one random place.
const TRIED: f64 = 0.7;

/// The mark of a leaf in place of a coordinate.
const LEAF: u32 = u32::MAX;

/// Nodes, the first is the root, and by leaf what it tells.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Row by row, `outputs` each.
    pub(super) leaves: Vec<f32>,
    pub(super) outputs: usize,
}

/// A cut, or a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) coordinate: u32,
    /// Rows at most this go left.
    pub(super) cut: f32,
    /// The left child, which the right one follows; of a leaf, its row among the leaves.
    pub(super) child: u32,
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        self.coordinate == LEAF
    }
}

/// What a tree grows from.
struct Ground<'a> {
    rows: &'a Matrix,
    by: &'a [u32],
    of: &'a [u32],
    /// Of the bag's rows, the outputs, row by row.
    outputs: Vec<f32>,
    bag: &'a [usize],
}

/// A cut that may be made, and how much it tells.
struct Candidate {
    coordinate: u32,
    cut: f32,
    gain: f64,
}

impl Tree {
    /// Grows a tree that tells the coordinates `of` by the coordinates `by`, from the rows of a bag.
    pub(super) fn grow(
        rows: &Matrix,
        bag: &[usize],
        (by, of): (&[u32], &[u32]),
        random: &mut impl Rng,
    ) -> Self {
        let outputs = bag.iter().flat_map(|row| of.iter().map(|at| rows.row(*row)[*at as usize])).collect();
        let ground = Ground { rows, by, of, outputs, bag };
        let mut tree = Self { nodes: Vec::new(), leaves: Vec::new(), outputs: of.len() };
        let mut own: Vec<u32> = (0..bag.len() as u32).collect();
        let mut order = by.to_vec();
        tree.nodes.push(Node { coordinate: LEAF, cut: 0.0, child: 0 });
        let mut open = vec![(0, 0..own.len())];
        while let Some((node, range)) = open.pop() {
            let own = &mut own[range.clone()];
            let Some(best) = ground.best(own, &mut order, random) else {
                tree.nodes[node].child = (tree.leaves.len() / of.len()) as u32;
                tree.leaves.extend(ground.mean(own));
                continue;
            };
            let mut middle = 0;
            for i in 0..own.len() {
                if ground.at(own[i], best.coordinate) <= best.cut {
                    own.swap(i, middle);
                    middle += 1;
                }
            }
            let child = tree.nodes.len();
            tree.nodes[node] = Node { coordinate: best.coordinate, cut: best.cut, child: child as u32 };
            tree.nodes.extend([Node { coordinate: LEAF, cut: 0.0, child: 0 }; 2]);
            open.push((child + 1, range.start + middle..range.end));
            open.push((child, range.start..range.start + middle));
        }
        tree
    }

    /// What the tree tells of a row.
    pub(super) fn leaf(&self, row: &[f32]) -> &[f32] {
        let mut node = self.nodes[0];
        while !node.is_leaf() {
            node = self.nodes[node.child as usize + usize::from(row[node.coordinate as usize] > node.cut)];
        }
        &self.leaves[node.child as usize * self.outputs..][..self.outputs]
    }

    /// The tree, if every walk through it ends at a leaf; rows have so many coordinates.
    pub(super) fn checked(self, width: usize) -> Option<Self> {
        let leaves = self.leaves.len().checked_div(self.outputs)?;
        // Children come after their parents.
        let sound = self.nodes.iter().enumerate().all(|(i, node)| {
            let child = node.child as usize;
            match node.is_leaf() {
                true => child < leaves,
                false => {
                    (node.coordinate as usize) < width
                        && node.cut.is_finite()
                        && child > i
                        && child + 1 < self.nodes.len()
                }
            }
        });
        let finite = self.leaves.iter().all(|value| value.is_finite());
        (sound && finite && !self.nodes.is_empty()).then_some(self)
    }
}

impl Ground<'_> {
    fn at(&self, own: u32, coordinate: u32) -> f32 {
        self.rows.row(self.bag[own as usize])[coordinate as usize]
    }

    fn outputs_of(&self, own: u32) -> &[f32] {
        &self.outputs[own as usize * self.of.len()..][..self.of.len()]
    }

    fn sum(&self, own: impl Iterator<Item = u32>) -> Vec<f32> {
        let mut sum = vec![0.0; self.of.len()];
        for own in own {
            sum.iter_mut().zip(self.outputs_of(own)).for_each(|(sum, value)| *sum += value);
        }
        sum
    }

    fn mean(&self, own: &[u32]) -> Vec<f32> {
        let mut mean = self.sum(own.iter().copied());
        mean.iter_mut().for_each(|sum| *sum /= own.len() as f32);
        mean
    }

    /// The best of one random cut in each of some coordinates in which the rows differ: the largest sum over outputs of
    /// what the squares of their means on both sides add up to. `order` is shuffled.
    fn best(&self, own: &[u32], order: &mut [u32], random: &mut impl Rng) -> Option<Candidate> {
        let first = self.outputs_of(own[0]);
        if own.len() < 2 * LEAF_ROWS || own.iter().all(|own| self.outputs_of(*own) == first) {
            return None;
        }
        let total = self.sum(own.iter().copied());
        let mut wanted = (self.by.len() as f64 * TRIED).ceil() as usize;
        let mut best: Option<Candidate> = None;
        for tried in 0..order.len() {
            if wanted == 0 {
                break;
            }
            let left = (order.len() - tried) as u64;
            let drawn = tried + ((u128::from(random.next_u64()) * u128::from(left)) >> 64) as usize;
            order.swap(tried, drawn);
            let coordinate = order[tried];
            let (low, high) = own.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), own| {
                let value = self.at(*own, coordinate);
                (low.min(value), high.max(value))
            });
            if low >= high {
                continue;
            }
            wanted -= 1;
            let cut = (f64::from(low) + uniform(random) * (f64::from(high) - f64::from(low))) as f32;
            let cut = if cut >= high { low } else { cut };
            let to_left = || own.iter().copied().filter(|own| self.at(*own, coordinate) <= cut);
            let left = to_left().count();
            let right = own.len() - left;
            if left < LEAF_ROWS || right < LEAF_ROWS {
                continue;
            }
            let square = |(sum, total): (&f32, &f32)| {
                let (left_sum, right_sum) = (f64::from(*sum), f64::from(total - sum));
                left_sum * left_sum / left as f64 + right_sum * right_sum / right as f64
            };
            let gain = self.sum(to_left()).iter().zip(&total).map(square).sum();
            if best.as_ref().is_none_or(|best| gain > best.gain) {
                best = Some(Candidate { coordinate, cut, gain });
            }
        }
        best
    }
}
