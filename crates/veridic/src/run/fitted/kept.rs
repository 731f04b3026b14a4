//! What of the data a run holds.

use super::{Fitted, Model, Record};
use crate::data::{Kind, Schema};
use crate::models::{TableModel, Values};

impl Fitted {
    /// What each file of the run holds of values of the data: the file, and what it is; nothing for models of images, whose
    /// weights are no values.
    ///
    /// Whoever is handed a run is handed these.
    pub fn kept_values(&self) -> Vec<(&'static str, String)> {
        let mut kept = Vec::new();
        let of_groups = if self.config.data.privacy.store_values { "" } else { OF_GROUPS };
        let mut add = |file, what: String| {
            if !what.is_empty() {
                kept.push((file, format!("{what}{of_groups}")));
            }
        };
        if let Some(schema) = self.schema() {
            add("schema.json", of_schema(schema));
        }
        if let Some(windows) = self.windows() {
            add("series.json", of_schema(&windows.source));
        }
        match &self.model {
            Model::Table(model) => add("model.safetensors", of_model(model)),
            Model::Network(_) | Model::Propagation(_) if self.schema().is_some() => {
                add(
                    "codec.json",
                    "what scales each column: means, deviations or quantiles, and categories".to_string(),
                );
            }
            Model::Network(_) => {}
            Model::Propagation(_) => add("model.safetensors", "training rows and their labels".to_string()),
        }
        let Record::Directory(directory) = &self.record else { return kept };
        for (name, what) in [
            ("report.html", "ranges and categories of the columns, and how often they are"),
            ("figures/columns.csv", "ranges and categories of the columns, and how often they are"),
            ("figures/sampled-rows.csv", "rows of the data beside made ones"),
            ("figures/series-pairs.csv", "windows of the data beside what comes back of them"),
            ("figures/series-samples.csv", "windows of the data beside made ones"),
            ("latents.safetensors", "where training rows lie in the latent space"),
        ] {
            if directory.file(name).is_file() {
                add(name, what.to_string());
            }
        }
        kept
    }
}

/// What is said of values that are not those of single rows.
const OF_GROUPS: &str = "; each of at least ten rows together, none of one row alone";

fn of_schema(schema: &Schema) -> String {
    let (mut ranges, mut lists, mut categories) = (0, 0, 0);
    for column in &schema.columns {
        match &column.kind {
            Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. } => ranges += 1,
            kind => categories += kind.levels().len(),
        }
        lists += column.values.as_ref().map_or(0, Vec::len);
    }
    joined(&[
        (2 * ranges, "least and largest values"),
        (lists, "values of columns of few"),
        (categories, "categories by name"),
    ])
}

fn of_model(model: &TableModel) -> String {
    let mut parts = Vec::new();
    let kept = model.chain().map(|chain| chain.kept()).unwrap_or_default();
    parts.extend([
        (kept.quantiles, "quantiles of numbers"),
        (kept.numbers, "numbers that are made as they are"),
        (kept.categories, "categories by name"),
        (kept.decided, "values that follow from another column"),
        (model.keys().iter().map(|key| key.seen()).sum(), "digests of names of rows"),
    ]);
    if model.chain().is_none() || model.detector().is_some() {
        // Rows that new ones are compared with, and sorted scores and values.
        let stored = model.store();
        let rows =
            stored.tensors.iter().filter(|(name, _)| name.ends_with("rows") || name.ends_with("references"));
        let rows: usize = rows.map(|(_, tensor)| tensor.dims.first().copied().unwrap_or(0)).sum();
        let values = stored.tensors.iter().filter(|(name, tensor)| {
            let is_of_detector = !name.starts_with("chain.") && !name.ends_with("rows");
            is_of_detector && matches!(tensor.values, Values::F32(_) | Values::F64(_))
        });
        let values: usize = values.map(|(_, tensor)| tensor.dims.iter().product::<usize>()).sum();
        parts.extend([
            (rows, "encoded training rows"),
            (values, "numbers of detectors and classifiers, among them values of rows"),
        ]);
    }
    joined(&parts)
}

/// The counts that are not 0.
fn joined(parts: &[(usize, &str)]) -> String {
    let some = parts.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}
