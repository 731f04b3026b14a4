//! Private marginals as tensors and words.

use serde::de::DeserializeOwned;

use super::domain::{Axis, Grouped};
use super::tree::Edge;
use super::{PrivateMarginals, PrivateMarginalsConfig, Spent};
use crate::data::ColumnSchema;
use crate::models::Stored;

fn parsed<T: DeserializeOwned>(stored: &Stored, name: &str) -> Result<T, String> {
    serde_json::from_str(stored.text(name)?).map_err(|error| format!("`{name}`: {error}"))
}

impl PrivateMarginals {
    /// The model as tensors and words.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let edges: Vec<(usize, usize, bool)> =
            self.edges.iter().map(|edge| (edge.parent, edge.column, edge.is_measured)).collect();
        for (name, text) in [
            ("config", serde_json::to_string(&self.config)),
            ("columns", serde_json::to_string(&self.columns)),
            ("axes", serde_json::to_string(&self.axes)),
            ("groups", serde_json::to_string(&self.groups)),
            ("edges", serde_json::to_string(&edges)),
            ("spent", serde_json::to_string(&self.spent)),
            ("assumed", serde_json::to_string(&self.assumed)),
        ] {
            stored.about.insert(name.to_string(), text.unwrap_or_default());
        }
        stored.insert("root", &[self.root.len()], self.root.clone());
        for (i, edge) in self.edges.iter().enumerate() {
            let height = edge.shares.len() / edge.width.max(1);
            stored.insert(format!("edge.{i}"), &[height, edge.width], edge.shares.clone());
        }
        stored
    }

    /// The model that [`store`](Self::store) stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let config: PrivateMarginalsConfig = parsed(stored, "config")?;
        let columns: Vec<ColumnSchema> = parsed(stored, "columns")?;
        let axes: Vec<Axis> = parsed(stored, "axes")?;
        let groups: Vec<Grouped> = parsed(stored, "groups")?;
        let spent: Vec<Spent> = parsed(stored, "spent")?;
        let assumed: Vec<String> = parsed(stored, "assumed")?;
        let n = columns.len();
        if n == 0 || axes.len() != n || groups.len() != n {
            return Err("columns without groups".to_string());
        }
        for (axis, groups) in axes.iter().zip(&groups) {
            if let Some(problem) = axis.problem().or_else(|| groups.problem(axis)) {
                return Err(problem.to_string());
            }
        }
        let width = |column: usize| groups[column].counts.len();
        let sound = |shares: &[f64]| {
            shares.iter().all(|share| share.is_finite() && *share >= 0.0) && shares.iter().any(|s| *s > 0.0)
        };
        let root = stored.values::<f64>("root")?.to_vec();
        if root.len() != width(0) || !sound(&root) {
            return Err("`root` does not fit".to_string());
        }
        let listed: Vec<(usize, usize, bool)> = parsed(stored, "edges")?;
        let mut reached = vec![false; n];
        reached[0] = true;
        let mut edges = Vec::with_capacity(listed.len());
        for (i, (parent, column, is_measured)) in listed.into_iter().enumerate() {
            if parent >= n || column >= n || !reached[parent] || reached[column] {
                return Err("pairs that make no tree".to_string());
            }
            reached[column] = true;
            let shares = stored.values::<f64>(&format!("edge.{i}"))?.to_vec();
            let whole = shares.len() == width(parent) * width(column);
            if !whole || !shares.chunks(width(column)).all(sound) {
                return Err(format!("`edge.{i}` does not fit"));
            }
            edges.push(Edge { parent, column, shares, width: width(column), is_measured });
        }
        if reached.contains(&false) {
            return Err("a column that no row is drawn by".to_string());
        }
        Ok(Self { config, columns, axes, groups, root, edges, spent, assumed })
    }
}
