//! Extremely randomized trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006): the mean of many trees whose columns and
//! thresholds are drawn by chance, of which each split takes the best of a few.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Lesson;
use crate::data::Matrix;
use crate::models::Stored;
use crate::seed::{Seed, uniform};

/// The settings of extremely randomized trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ExtraTreesConfig {
    /// Trees, from 1.
    pub trees: usize,
    /// Columns tried at a split, from 1; by default the square root of their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<usize>,
    /// Fewest rows of a leaf, from 1.
    pub min_leaf: usize,
}

impl Default for ExtraTreesConfig {
    fn default() -> Self {
        Self { trees: 100, columns: None, min_leaf: 1 }
    }
}

/// Trees whose leaves have the shares of the classes.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtraTrees {
    classes: usize,
    /// The first node of each tree.
    roots: Vec<u32>,
    nodes: Vec<Node>,
    /// Class by class, leaf after leaf.
    shares: Vec<f32>,
}

/// A split: rows below the threshold go on at `next`, others at the node after it. Of a leaf `next` is the number of its
/// shares and `column` is [`LEAF`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    column: u32,
    threshold: f32,
    next: u32,
}

/// The column of a leaf.
const LEAF: u32 = u32::MAX;

impl ExtraTrees {
    pub(super) fn fit(config: &ExtraTreesConfig, lesson: &Lesson<'_>, seed: Seed) -> Self {
        Self::of(config, (lesson.points, lesson.of, lesson.classes), seed)
    }

    /// Learns the classes `of` of `points`, each below `classes`. Trees are grown in parallel, each by a stream of its own.
    pub(crate) fn of(
        config: &ExtraTreesConfig,
        (points, of, classes): (&Matrix, &[usize], usize),
        seed: Seed,
    ) -> Self {
        let tried = config.columns.unwrap_or_else(|| (points.n_cols as f64).sqrt().round() as usize);
        let tried = tried.clamp(1, points.n_cols.max(1));
        let grown: Vec<Growing> = (0..config.trees)
            .into_par_iter()
            .map(|tree| {
                let random = seed.stream(&format!("extra trees {tree}"));
                let mut tree = Growing {
                    points,
                    of,
                    classes,
                    tried,
                    min_leaf: config.min_leaf,
                    random,
                    nodes: Vec::new(),
                    shares: Vec::new(),
                };
                tree.grow();
                tree
            })
            .collect();
        let mut all = Self { classes, roots: Vec::new(), nodes: Vec::new(), shares: Vec::new() };
        for tree in grown {
            let (first, leaves) = (all.nodes.len() as u32, (all.shares.len() / classes) as u32);
            all.roots.push(first);
            let moved = |node: Node| Node {
                next: node.next + if node.column == LEAF { leaves } else { first },
                ..node
            };
            all.nodes.extend(tree.nodes.into_iter().map(moved));
            all.shares.extend(tree.shares);
        }
        all
    }

    /// The mean shares of the classes in the leaves of a row.
    pub(crate) fn shares(&self, x: &[f32]) -> Vec<f32> {
        let mut shares = vec![0.0; self.classes];
        for &root in &self.roots {
            let mut node = self.nodes[root as usize];
            while node.column != LEAF {
                // What is not a number is not below.
                let is_below = x[node.column as usize] < node.threshold;
                node = self.nodes[node.next as usize + usize::from(!is_below)];
            }
            let own = &self.shares[node.next as usize * self.classes..][..self.classes];
            shares.iter_mut().zip(own).for_each(|(sum, own)| *sum += own / self.roots.len() as f32);
        }
        shares
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let n = self.nodes.len();
        stored.insert("roots", &[self.roots.len()], self.roots.clone());
        stored.insert("column", &[n], self.nodes.iter().map(|node| node.column).collect::<Vec<u32>>());
        stored.insert("threshold", &[n], self.nodes.iter().map(|node| node.threshold).collect::<Vec<f32>>());
        stored.insert("next", &[n], self.nodes.iter().map(|node| node.next).collect::<Vec<u32>>());
        stored.insert("shares", &[self.shares.len() / self.classes, self.classes], self.shares.clone());
        stored
    }

    pub(super) fn restore(stored: &Stored, classes: usize, width: usize) -> Result<Self, String> {
        let roots = stored.values::<u32>("roots")?.to_vec();
        let (columns, next) = (stored.values::<u32>("column")?, stored.values::<u32>("next")?);
        let thresholds = stored.values::<f32>("threshold")?;
        let shares = stored.values::<f32>("shares")?.to_vec();
        let n = columns.len();
        if n == 0 || next.len() != n || thresholds.len() != n || shares.len() % classes != 0 {
            return Err("the nodes of the trees do not fit each other".to_string());
        }
        let leaves = shares.len() / classes;
        let nodes: Vec<Node> =
            (0..n).map(|i| Node { column: columns[i], threshold: thresholds[i], next: next[i] }).collect();
        // A node's followers come after it, so that every walk ends.
        let is_sound = |(i, node): (usize, &Node)| match node.column {
            LEAF => (node.next as usize) < leaves,
            column => (column as usize) < width && node.next as usize > i && (node.next as usize) < n - 1,
        };
        if !nodes.iter().enumerate().all(is_sound)
            || roots.is_empty()
            || roots.iter().any(|root| *root as usize >= n)
            || shares.iter().any(|share| !(0.0..=1.0).contains(share))
        {
            return Err("the nodes of the trees lead nowhere".to_string());
        }
        Ok(Self { classes, roots, nodes, shares })
    }
}

/// A tree while it is grown.
struct Growing<'a> {
    points: &'a Matrix,
    of: &'a [usize],
    classes: usize,
    tried: usize,
    min_leaf: usize,
    random: ChaCha8Rng,
    nodes: Vec<Node>,
    shares: Vec<f32>,
}

impl Growing<'_> {
    fn grow(&mut self) {
        let rows: Vec<u32> = (0..self.points.n_rows as u32).collect();
        self.nodes.push(Node { column: LEAF, threshold: 0.0, next: 0 });
        let mut waiting = vec![(0usize, rows)];
        while let Some((at, rows)) = waiting.pop() {
            let Some((column, threshold)) = self.split(&rows) else {
                self.nodes[at] = self.leaf(&rows);
                continue;
            };
            let is_below = |row: &u32| self.points.row(*row as usize)[column] < threshold;
            let (below, others): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| is_below(row));
            let next = self.nodes.len();
            self.nodes[at] = Node { column: column as u32, threshold, next: next as u32 };
            self.nodes.extend([Node { column: LEAF, threshold: 0.0, next: 0 }; 2]);
            waiting.push((next + 1, others));
            waiting.push((next, below));
        }
    }

    fn leaf(&mut self, rows: &[u32]) -> Node {
        let next = (self.shares.len() / self.classes) as u32;
        let counts = self.counts(rows.iter());
        self.shares.extend(counts.into_iter().map(|count| (count / rows.len().max(1) as f64) as f32));
        Node { column: LEAF, threshold: 0.0, next }
    }

    fn counts<'r>(&self, rows: impl Iterator<Item = &'r u32>) -> Vec<f64> {
        let mut counts = vec![0.0; self.classes];
        rows.for_each(|&row| counts[self.of[row as usize]] += 1.0);
        counts
    }

    /// The best of a few random splits by what is left of Gini's impurity; nothing where the rows are of one class, too few, or
    /// all alike.
    fn split(&mut self, rows: &[u32]) -> Option<(usize, f32)> {
        let all = self.counts(rows.iter());
        if rows.len() < 2 * self.min_leaf || all.iter().filter(|count| **count > 0.0).count() < 2 {
            return None;
        }
        let width = self.points.n_cols;
        let mut columns: Vec<usize> = (0..width).collect();
        let mut best: Option<(f64, usize, f32)> = None;
        let mut tried = 0;
        // Columns by chance, until so many were tried that vary.
        for i in 0..width {
            if tried == self.tried {
                break;
            }
            let j = i + ((u64::from(self.random.next_u32()) * (width - i) as u64) >> 32) as usize;
            columns.swap(i, j);
            let column = columns[i];
            let value = |row: &u32| self.points.row(*row as usize)[column];
            let (low, high) = rows
                .iter()
                .map(value)
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            if low >= high {
                continue;
            }
            tried += 1;
            let at = f64::from(low) + uniform(&mut self.random) * (f64::from(high) - f64::from(low));
            let threshold = (at as f32).max(low.next_up()).min(high);
            let below = self.counts(rows.iter().filter(|row| value(row) < threshold));
            let n = below.iter().sum::<f64>();
            let rest = rows.len() as f64 - n;
            if n < self.min_leaf as f64 || rest < self.min_leaf as f64 {
                continue;
            }
            // The larger the sum of squares over each side's rows, the purer the sides.
            let pure = below.iter().map(|b| b * b).sum::<f64>() / n
                + below.iter().zip(&all).map(|(b, a)| (a - b) * (a - b)).sum::<f64>() / rest;
            if best.is_none_or(|(most, ..)| pure > most) {
                best = Some((pure, column, threshold));
            }
        }
        best.map(|(_, column, threshold)| (column, threshold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::standard_normal;

    /// Two columns of which the product's sign is the class, and one of noise.
    fn corners(n: usize, seed: u64) -> (Matrix, Vec<usize>) {
        let mut random = Seed(seed).stream("corners");
        let values: Vec<f32> = (0..3 * n).map(|_| standard_normal(&mut random) as f32).collect();
        let of = values.chunks(3).map(|x| usize::from(x[0] * x[1] > 0.0)).collect();
        (Matrix { n_rows: n, n_cols: 3, values }, of)
    }

    #[test]
    fn classes_that_no_line_parts_are_told() {
        let (points, of) = corners(800, 1);
        let trees = ExtraTrees::of(&ExtraTreesConfig::default(), (&points, &of, 2), Seed(3));
        let (unseen, truth) = corners(400, 2);
        let right =
            (0..400).filter(|&i| usize::from(trees.shares(unseen.row(i))[1] > 0.5) == truth[i]).count();
        assert!(right > 360, "{right} of 400");
        // Trees are grown to the end: each training row is told for sure.
        assert!((0..800).all(|i| trees.shares(points.row(i))[of[i]] > 0.999));
    }

    #[test]
    fn damaged_trees_are_refused() {
        let (points, of) = corners(60, 1);
        let config = ExtraTreesConfig { trees: 3, ..ExtraTreesConfig::default() };
        let trees = ExtraTrees::of(&config, (&points, &of, 2), Seed(3));
        let stored = trees.store();
        assert_eq!(ExtraTrees::restore(&stored, 2, 3).unwrap(), trees);
        assert!(ExtraTrees::restore(&stored, 2, 1).is_err(), "a column that is not there");
        let mut circle = stored.clone();
        circle.insert("next", &[trees.nodes.len()], vec![0u32; trees.nodes.len()]);
        assert!(ExtraTrees::restore(&circle, 2, 3).is_err(), "nodes that lead back");
        let mut short = stored;
        short.insert("threshold", &[1], vec![0.0f32]);
        assert!(ExtraTrees::restore(&short, 2, 3).is_err());
    }
}
