//! How few random cuts set a row apart.
//!
//! Source: F. T. Liu, K. M. Ting and Z.-H. Zhou, Isolation forest, ICDM 2008: score `2^(-E[h(x)] / c(psi))` with the mean
//! depth `h` over trees of `psi` rows and the mean depth `c` of an unsuccessful search in a binary tree.

use rand_chacha::rand_core::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::classical::Method;
use super::sample::subsample;
use super::stored::{Parts, insert_json};
use crate::data::Matrix;
use crate::error::{ConfigError, Result};
use crate::models::Stored;
use crate::seed::{Seed, uniform};

/// The settings of an isolation forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct IsolationForestConfig {
    /// Trees, from 1.
    pub trees: usize,
    /// Rows that each tree is made of, drawn at random without replacement; from 2, at most as many as there are.
    pub rows: usize,
}

impl Default for IsolationForestConfig {
    fn default() -> Self {
        Self { trees: 100, rows: 256 }
    }
}

impl IsolationForestConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        super::at_least(path, "trees", self.trees, 1)?;
        super::at_least(path, "rows", self.rows, 2)
    }
}

/// The leaf mark in place of a coordinate, where trees are stored.
const LEAF: u32 = u32::MAX;

/// Rows that walk down a tree together: while one waits for a node, others go on.
pub(super) const TOGETHER: usize = 8;

/// The trees.
#[derive(Debug, Clone)]
pub struct IsolationForest {
    config: IsolationForestConfig,
    /// `c` of the rows a tree is made of.
    depth: f64,
    trees: Vec<Tree>,
}

/// Nodes; the first is the root.
#[derive(Debug, Default, Clone)]
struct Tree {
    nodes: Vec<Node>,
    /// By node, its depth and the mean depth of its rows below it.
    depths: Vec<f64>,
    /// Cuts to the leaf that is deepest.
    steps: usize,
}

/// A cut. A leaf sends every row to itself, so that all rows may take as many steps.
#[derive(Debug, Clone, Copy)]
struct Node {
    coordinate: u32,
    /// Rows at most this go left.
    cut: f32,
    /// The left child; the right one follows it.
    child: u32,
}

/// The mean depth of an unsuccessful search in a binary tree of `n` rows.
fn mean_depth(n: usize) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    let n = n as f64;
    if n < 1.5 {
        0.0
    } else if n < 2.5 {
        1.0
    } else {
        2.0 * ((n - 1.0).ln() + EULER) - 2.0 * (n - 1.0) / n
    }
}

impl Tree {
    fn grow(rows: &Matrix, mut own: Vec<usize>, random: &mut impl Rng) -> Self {
        let limit = (own.len() as f64).log2().ceil() as usize;
        let mut tree = Self::default();
        tree.node(0, own.len());
        let mut columns: Vec<u32> = (0..rows.n_cols as u32).collect();
        let n = own.len();
        tree.split(0, 0, limit, (rows, &mut own[..n]), &mut columns, random);
        tree
    }

    fn node(&mut self, depth: usize, rows: usize) {
        self.nodes.push(Node::leaf(self.nodes.len()));
        self.depths.push(depth as f64 + mean_depth(rows));
        self.steps = self.steps.max(depth);
    }

    fn split(
        &mut self,
        node: usize,
        depth: usize,
        limit: usize,
        (rows, own): (&Matrix, &mut [usize]),
        columns: &mut [u32],
        random: &mut impl Rng,
    ) {
        if depth == limit || own.len() < 2 {
            return;
        }
        // A column at random among those in which the rows differ.
        for tried in 0..columns.len() {
            let left = (columns.len() - tried) as u64;
            let drawn = tried + ((u128::from(random.next_u64()) * u128::from(left)) >> 64) as usize;
            columns.swap(tried, drawn);
            let column = columns[tried];
            let at = |row: usize| rows.row(row)[column as usize];
            let (low, high) = own.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), row| {
                (low.min(at(*row)), high.max(at(*row)))
            });
            if low >= high {
                continue;
            }
            let cut = (f64::from(low) + uniform(random) * (f64::from(high) - f64::from(low))) as f32;
            // Rounding must not leave a side empty.
            let cut = if cut >= high { low } else { cut };
            let mut middle = 0;
            for i in 0..own.len() {
                if at(own[i]) <= cut {
                    own.swap(i, middle);
                    middle += 1;
                }
            }
            let children = self.depths.len();
            self.nodes[node] = Node { coordinate: column, cut, child: children as u32 };
            let (left, right) = own.split_at_mut(middle);
            self.node(depth + 1, left.len());
            self.node(depth + 1, right.len());
            self.split(children, depth + 1, limit, (rows, left), columns, random);
            self.split(children + 1, depth + 1, limit, (rows, right), columns, random);
            return;
        }
    }

    /// Adds the depths of at most [`TOGETHER`] rows; `each` is told of a row's cut its coordinate, and the nodes before and after it.
    #[inline]
    fn add_depths(
        &self,
        rows: &[f32],
        width: usize,
        sums: &mut [f64; TOGETHER],
        mut each: impl FnMut(usize, usize, [usize; 2]),
    ) {
        let mut at = [0_usize; TOGETHER];
        for _ in 0..self.steps {
            for (row, (node, x)) in at.iter_mut().zip(rows.chunks_exact(width)).enumerate() {
                let cut = self.nodes[*node];
                let coordinate = cut.coordinate as usize;
                let next = cut.child as usize + usize::from(x[coordinate] > cut.cut);
                each(row, coordinate, [*node, next]);
                *node = next;
            }
        }
        sums.iter_mut().zip(at).for_each(|(sum, node)| *sum += self.depths[node]);
    }
}

impl Node {
    fn leaf(own: usize) -> Self {
        Self { coordinate: 0, cut: f32::INFINITY, child: own as u32 }
    }

    fn is_leaf(&self) -> bool {
        self.cut == f32::INFINITY
    }
}

impl IsolationForest {
    /// How many cuts too few set each of at most [`TOGETHER`] rows apart: the mean depths over the trees, negative. `parts`,
    /// row by row, is given what every coordinate puts into it.
    pub(super) fn unusual(&self, rows: &[f32], width: usize, parts: Option<&mut [f64]>) -> [f64; TOGETHER] {
        let trees = self.trees.len() as f64;
        let mut sums = [0.0; TOGETHER];
        match parts {
            None => self.trees.iter().for_each(|tree| tree.add_depths(rows, width, &mut sums, |_, _, _| {})),
            Some(parts) => {
                parts.fill(0.0);
                for tree in &self.trees {
                    tree.add_depths(rows, width, &mut sums, |row, j, [from, to]| {
                        parts[row * width + j] += tree.depths[from] - tree.depths[to];
                    });
                }
                parts.iter_mut().for_each(|part| *part /= trees);
            }
        }
        sums.map(|sum| -sum / trees)
    }

    /// As [`unusual`](Self::unusual), of any number of rows.
    pub(super) fn unusual_of(&self, rows: &Matrix) -> Vec<f64> {
        let width = rows.n_cols;
        let together = rows.values.par_chunks(TOGETHER * width);
        together
            .flat_map_iter(|own| self.unusual(own, width, None).into_iter().take(own.len() / width))
            .collect()
    }
}

impl Method for IsolationForest {
    type Config = IsolationForestConfig;
    const MODEL: &'static str = "an isolation forest";

    fn most(_: &IsolationForestConfig) -> usize {
        usize::MAX
    }

    fn fit(config: IsolationForestConfig, rows: &Matrix, seed: Seed, _: usize) -> Result<Self> {
        let own = config.rows.min(rows.n_rows);
        let all: Vec<usize> = (0..rows.n_rows).collect();
        let tree = |i: usize| {
            let mut random = seed.stream(&format!("detector.isolation-forest.{i}"));
            Tree::grow(rows, subsample(&all, own, &mut random), &mut random)
        };
        let trees = (0..config.trees).into_par_iter().map(tree).collect();
        Ok(Self { config, depth: mean_depth(own), trees })
    }

    fn score(&self, rows: &Matrix, parts: Option<&mut [f64]>) -> Result<Vec<f64>> {
        let score = |unusual: f64| (unusual / self.depth.max(1e-12)).exp2();
        let width = rows.n_cols;
        let unusual = match parts {
            None => self.unusual_of(rows),
            Some(parts) => {
                let rows =
                    rows.values.par_chunks(TOGETHER * width).zip(parts.par_chunks_mut(TOGETHER * width));
                let explained = rows.flat_map_iter(|(rows, parts)| {
                    self.unusual(rows, width, Some(parts)).into_iter().take(rows.len() / width)
                });
                explained.collect()
            }
        };
        Ok(unusual.into_iter().map(score).collect())
    }

    fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "config", &self.config);
        stored.insert("depth", &[1], vec![self.depth]);
        let sizes: Vec<u32> = self.trees.iter().map(|tree| tree.depths.len() as u32).collect();
        let nodes = sizes.iter().map(|size| *size as usize).sum();
        stored.insert("sizes", &[sizes.len()], sizes);
        let all = || self.trees.iter().flat_map(|tree| &tree.nodes);
        let mark = |node: &Node| {
            if node.is_leaf() { (LEAF, 0, 0.0) } else { (node.coordinate, node.child, node.cut) }
        };
        let (mut coordinates, mut children, mut cuts) = (Vec::new(), Vec::new(), Vec::new());
        for (coordinate, child, cut) in all().map(mark) {
            coordinates.push(coordinate);
            children.push(child);
            cuts.push(cut);
        }
        let depths: Vec<f64> = self.trees.iter().flat_map(|tree| &tree.depths).copied().collect();
        stored.insert("coordinates", &[nodes], coordinates);
        stored.insert("children", &[nodes], children);
        stored.insert("cuts", &[nodes], cuts);
        stored.insert("depths", &[nodes], depths);
        stored
    }

    fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let config: IsolationForestConfig = stored.json("config")?;
        config.check("model.isolation-forest").map_err(|error| error.to_string())?;
        let depth = stored.finite("depth", 1)?[0];
        let sizes = stored.values::<u32>("sizes")?;
        let mut coordinates = stored.values::<u32>("coordinates")?;
        let mut children = stored.values::<u32>("children")?;
        let mut cuts = stored.values::<f32>("cuts")?;
        let mut all_depths = stored.values::<f64>("depths")?;
        let nodes: usize = sizes.iter().map(|size| *size as usize).sum();
        if sizes.len() != config.trees
            || [coordinates.len(), children.len(), cuts.len(), all_depths.len()] != [nodes; 4]
            || sizes.contains(&0)
        {
            return Err("trees and nodes do not fit".to_string());
        }
        let mut trees = Vec::with_capacity(sizes.len());
        for &size in sizes {
            let n = size as usize;
            let node = |i: usize| match coordinates[i] {
                LEAF => Node::leaf(i),
                coordinate => Node { coordinate, cut: cuts[i], child: children[i] },
            };
            let nodes: Vec<Node> = (0..n).map(node).collect();
            // Children come after their parents, so every walk ends.
            let sound = nodes.iter().enumerate().all(|(i, node)| {
                let child = node.child as usize;
                coordinates[i] == LEAF
                    || (node.cut.is_finite()
                        && (node.coordinate as usize) < width
                        && child > i
                        && child + 1 < n)
            });
            let depths = all_depths[..n].to_vec();
            if !sound || depths.iter().any(|depth| !depth.is_finite()) {
                return Err("a tree is damaged".to_string());
            }
            let mut levels = vec![0; n];
            for (i, node) in nodes.iter().enumerate().filter(|(_, node)| !node.is_leaf()) {
                let child = node.child as usize;
                levels[child] = levels[i] + 1;
                levels[child + 1] = levels[i] + 1;
            }
            let steps = levels.into_iter().max().unwrap_or(0);
            let tree = Tree { nodes, depths, steps };
            trees.push(tree);
            (coordinates, children) = (&coordinates[n..], &children[n..]);
            (cuts, all_depths) = (&cuts[n..], &all_depths[n..]);
        }
        Ok(Self { config, depth, trees })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_are_those_of_binary_search() {
        assert_eq!([0, 1, 2].map(mean_depth), [0.0, 0.0, 1.0]);
        // 2 H(n - 1) - 2 (n - 1) / n with the harmonic number's approximation.
        assert!((mean_depth(256) - 10.244_770_920_1).abs() < 1e-9);
    }
}
