//! Boosted models as tensors.

use super::softmax::{Round, Softmax};
use super::squared::Squared;
use super::tree::{Node, Tree};
use crate::models::Stored;

/// Trees as tensors: features and masks of their nodes, all of one depth.
fn store_trees<'a>(trees: impl Iterator<Item = &'a Tree>, stored: &mut Stored) {
    let (mut features, mut masks, mut depth, mut count) = (Vec::new(), Vec::new(), 1, 0);
    for tree in trees {
        depth = tree.depth;
        count += 1;
        for node in &tree.nodes {
            features.push(node.feature);
            masks.extend(node.left);
        }
    }
    let nodes = (1 << depth) - 1;
    stored.insert("feature", &[count, nodes], features);
    stored.insert("left", &[count, nodes, 4], masks);
}

/// The trees that [`store_trees`] stored, which look at fewer features than `n_features`.
fn restore_trees(stored: &Stored, n_features: usize) -> Result<Vec<Tree>, String> {
    let features = stored.values::<u32>("feature")?;
    let masks = stored.values::<u64>("left")?;
    let nodes = stored.tensors.get("feature").and_then(|tensor| tensor.dims.get(1)).copied().unwrap_or(0);
    let depth = (nodes + 1).trailing_zeros() as usize;
    let sound = (1..=8).contains(&depth) && nodes + 1 == 1 << depth && features.len() % nodes == 0;
    if !sound || masks.len() != 4 * features.len() {
        return Err("trees that are not whole".to_string());
    }
    // A tree without a split looks at feature 0, whether or not there is one.
    if features.iter().any(|feature| *feature as usize >= n_features.max(1)) {
        return Err("trees of features that are not there".to_string());
    }
    let node = |(feature, left): (&u32, &[u64])| Node {
        left: [left[0], left[1], left[2], left[3]],
        feature: *feature,
    };
    let tree = |(features, masks): (&[u32], &[u64])| Tree {
        depth,
        nodes: features.iter().zip(masks.chunks_exact(4)).map(node).collect(),
    };
    Ok(features.chunks_exact(nodes).zip(masks.chunks_exact(4 * nodes)).map(tree).collect())
}

impl Softmax {
    /// The model as tensors.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        store_trees(self.rounds.iter().map(|round| &round.tree), &mut stored);
        let groups: Vec<u16> = self.rounds.iter().map(|round| round.starts.len() as u16 - 1).collect();
        let starts: Vec<u16> = self.rounds.iter().flat_map(|round| round.starts.clone()).collect();
        let values: Vec<f32> = self.rounds.iter().flat_map(|round| round.values.clone()).collect();
        stored.insert("groups", &[groups.len()], groups);
        stored.insert("starts", &[starts.len()], starts);
        stored.insert("values", &[values.len()], values);
        stored.insert("start", &[self.start.len()], self.start.clone());
        stored.insert("loss", &[1], vec![self.loss]);
        stored
    }

    /// The model that [`store`](Self::store) stored, of `n_features` features.
    ///
    /// # Errors
    /// What is wrong with the tensors.
    pub fn restore(stored: &Stored, n_features: usize) -> Result<Self, String> {
        let trees = restore_trees(stored, n_features)?;
        let groups = stored.values::<u16>("groups")?;
        let mut starts = stored.values::<u16>("starts")?;
        let mut values = stored.values::<f32>("values")?;
        let start = stored.values::<f32>("start")?.to_vec();
        let loss = *stored.values::<f64>("loss")?.first().ok_or("a loss that is not there")?;
        let classes = start.len();
        let finite = values.iter().chain(&start).all(|value| value.is_finite());
        if groups.len() != trees.len() || !(1..=256).contains(&classes) || !finite {
            return Err("rounds that are not whole".to_string());
        }
        let mut rounds = Vec::with_capacity(trees.len());
        for (tree, groups) in trees.into_iter().zip(groups) {
            let groups = usize::from(*groups);
            let (Some(of), Some(in_leaves)) =
                (starts.split_off(..groups + 1), values.split_off(..groups << tree.depth))
            else {
                return Err("rounds that are not whole".to_string());
            };
            let rising = of.windows(2).all(|pair| pair[0] < pair[1]);
            if groups == 0 || of[0] != 0 || usize::from(of[groups]) != classes || !rising {
                return Err("groups of classes that are not there".to_string());
            }
            rounds.push(Round { tree, values: in_leaves.to_vec(), starts: of.to_vec() });
        }
        Ok(Self { classes, start, rounds, loss })
    }
}

impl Squared {
    /// The model as tensors.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        store_trees(self.rounds.iter().map(|round| &round.0), &mut stored);
        let values: Vec<f32> = self.rounds.iter().flat_map(|round| round.1.clone()).collect();
        stored.insert("values", &[values.len()], values);
        stored.insert("loss", &[1], vec![self.loss]);
        stored
    }

    /// The model that [`store`](Self::store) stored, of `n_features` features.
    ///
    /// # Errors
    /// What is wrong with the tensors.
    pub fn restore(stored: &Stored, n_features: usize) -> Result<Self, String> {
        let trees = restore_trees(stored, n_features)?;
        let values = stored.values::<f32>("values")?;
        let loss = *stored.values::<f64>("loss")?.first().ok_or("a loss that is not there")?;
        let leaves = trees.first().map_or(1, |tree| 1 << tree.depth);
        if values.len() != trees.len() * leaves || !values.iter().all(|value| value.is_finite()) {
            return Err("rounds that are not whole".to_string());
        }
        let rounds = trees.into_iter().zip(values.chunks_exact(leaves).map(<[f32]>::to_vec)).collect();
        Ok(Self { rounds, loss })
    }
}
