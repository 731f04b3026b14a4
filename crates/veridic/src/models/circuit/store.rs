//! A circuit as tensors and words.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fit::transposed;
use super::product::LANES;
use super::tree::preorder;
use super::{Circuit, CircuitConfig, Node};
use crate::data::ColumnSchema;
use crate::models::Stored;
use crate::models::chain::{Checks, Coder, Plan, restore_law, store_law};

/// How far probabilities may be from summing to one.
const TOLERANCE: f32 = 0.01;

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn parsed<T: DeserializeOwned>(stored: &Stored, name: &str) -> Result<T, String> {
    serde_json::from_str(stored.text(name)?).map_err(|error| format!("`{name}`: {error}"))
}

/// Whether numbers are probabilities that sum to one.
fn are_shares<'a>(values: impl Iterator<Item = &'a f32>) -> bool {
    let mut sum = 0.0;
    for value in values {
        if !(0.0..=1.0 + TOLERANCE).contains(value) {
            return false;
        }
        sum += value;
    }
    (sum - 1.0).abs() <= TOLERANCE
}

impl Circuit {
    /// The circuit as tensors and words.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.about.insert("columns".to_string(), text(&self.columns));
        stored.about.insert("config".to_string(), text(&self.config));
        stored.about.insert("coders".to_string(), text(&self.coders));
        stored.about.insert("rows".to_string(), text(&self.n_rows));
        let parents: Vec<Option<usize>> = self.nodes.iter().map(|node| node.parent).collect();
        stored.about.insert("parents".to_string(), text(&parents));
        store_law(&self.plan, &self.checks, &mut stored);
        let h = self.states;
        stored.insert("prior".to_string(), &[h], self.prior.clone());
        for (j, node) in self.nodes.iter().enumerate() {
            stored.insert(format!("emission.{j}"), &[node.emission.len() / h, h], node.emission.clone());
            if node.parent.is_some() {
                stored.insert(format!("transition.{j}"), &[h, h], node.forward.clone());
            }
        }
        stored
    }

    /// The circuit that [`store`](Self::store) stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let config: CircuitConfig = parsed(stored, "config")?;
        let columns: Vec<ColumnSchema> = parsed(stored, "columns")?;
        let coders: Vec<Coder> = parsed(stored, "coders")?;
        let parents: Vec<Option<usize>> = parsed(stored, "parents")?;
        let n_rows: usize = parsed(stored, "rows")?;
        if columns.is_empty() || coders.len() != columns.len() || parents.len() != columns.len() {
            return Err("columns without codes".to_string());
        }
        if let Some(problem) = coders.iter().find_map(Coder::problem) {
            return Err(problem.to_string());
        }
        // Circuits that were stored before they kept rules have none.
        let (plan, checks) = match stored.about.contains_key("checks") {
            true => restore_law(stored, &coders)?,
            false => (Plan::free(columns.len()), Checks::default()),
        };
        let order = preorder(&parents).ok_or("columns that make no tree")?;
        let prior = stored.values::<f32>("prior")?.to_vec();
        let h = prior.len();
        if h == 0 || !h.is_multiple_of(LANES) || !are_shares(prior.iter()) {
            return Err("states that are no distribution".to_string());
        }
        let mut nodes = Vec::with_capacity(columns.len());
        for (j, (parent, coder)) in parents.into_iter().zip(&coders).enumerate() {
            let broken = || format!("the distribution of column {} is not whole", j + 1);
            let emission = stored.values::<f32>(&format!("emission.{j}"))?.to_vec();
            let whole = emission.len() == coder.codes().max(1) * h
                && (0..h).all(|state| are_shares(emission[state..].iter().step_by(h)));
            let mut forward = Vec::new();
            if parent.is_some() {
                forward = stored.values::<f32>(&format!("transition.{j}"))?.to_vec();
            }
            let passes = forward.len() == if parent.is_some() { h * h } else { 0 }
                && forward.chunks(h).all(|row| are_shares(row.iter()));
            if !whole || !passes {
                return Err(broken());
            }
            let backward = transposed(&forward, h);
            nodes.push(Node { parent, children: Vec::new(), forward, backward, emission });
        }
        let mut circuit =
            Self { config, columns, coders, plan, checks, n_rows, states: h, order, nodes, prior };
        circuit.join();
        Ok(circuit)
    }
}
