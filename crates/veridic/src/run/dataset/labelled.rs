//! Which training rows have a label that may be learned from.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Dataset, few};
use crate::data::{self, Cells, ReadOptions};
use crate::error::{ConfigError, Result};
use crate::run::config::{Config, SplitBy};
use crate::seed::{Seed, shuffle};

/// Names of the column of labels that are understood.
const CLASS: [&str; 2] = ["class", "label"];

/// Takes away from training rows the labels that are not given: all but those of `data.labels`, all but `data.labelled`
/// rows.
///
/// # Errors
/// A file without rows or classes, or with those of other data; more labels asked for than there are.
pub(super) fn hide(config: &Config, data: &mut Dataset) -> Result<()> {
    if let Some(path) = &config.data.labels {
        given(path, data)?;
    }
    if config.data.split.by == SplitBy::FewLabels
        && let (Some((table, _)), Some(labels)) = (data.content.table(), &data.labels)
    {
        data.labelled = Some(few::drawn(config, table, labels, &data.positive)?.labelled);
    }
    let asks = config.model.graph().is_some_and(|graph| graph.ask);
    if let (Some(count), false) = (config.data.labelled, asks) {
        let class = |row: usize| data.class_numbers[row] as usize;
        let drawn = drawn(data.seen(), class, count, Seed(config.seed));
        if drawn.len() < count {
            return Err(ConfigError::Range {
                field: "data.labelled".to_string(),
                found: count.to_string(),
                allowed: format!("1 to {}, the training rows with a label", drawn.len()),
            }
            .into());
        }
        data.labelled = Some(drawn);
    }
    let Some(labelled) = &data.labelled else { return Ok(()) };
    let mut is_known = vec![false; data.class_numbers.len()];
    labelled.iter().for_each(|&row| is_known[row] = true);
    for &row in &data.split.train {
        if !is_known.get(row).copied().unwrap_or(true) {
            data.class_numbers[row] = -1.0;
        }
    }
    data.notes.push(format!(
        "{} of {} training rows are labelled; the labels of the others are not looked at",
        labelled.len(),
        data.split.train.len()
    ));
    Ok(())
}

/// So many of `rows`: one of each class first, then by chance; sorted.
pub(crate) fn drawn(
    mut rows: Vec<usize>,
    class: impl Fn(usize) -> usize,
    count: usize,
    seed: Seed,
) -> Vec<usize> {
    shuffle(&mut rows, &mut seed.stream("labelled rows"));
    let mut had = BTreeSet::new();
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for row in rows {
        match had.insert(class(row)) {
            true => first.push(row),
            false => rest.push(row),
        }
    }
    first.extend(rest);
    first.truncate(count);
    first.sort_unstable();
    first
}

/// The labels of a file that `veridic label … --export` wrote, in place of those that training rows have.
fn given(path: &Path, data: &mut Dataset) -> Result<()> {
    let wrong = |found: String, allowed: &str| -> Result<()> {
        let field = format!("data.labels ({})", path.display());
        Err(ConfigError::Range { field, found, allowed: allowed.to_string() }.into())
    };
    let table = data::read(path, &ReadOptions::default())?.table;
    let Some(Cells::Number(rows)) = table.column("row").map(|column| &column.cells) else {
        return wrong("no column of numbers `row`".to_string(), "what labelling exports");
    };
    let Some(column) = CLASS.iter().find_map(|name| table.column(name)) else {
        return wrong("no column `class`".to_string(), "what labelling exports");
    };
    let n = data.class_numbers.len().max(data.labels.as_ref().map_or(0, Vec::len));
    let n = n.max(data.rows().len()).max(data.content.table().map_or(0, |(table, _)| table.n_rows));
    let mut classes = vec![None; n];
    for (&row, label) in rows.iter().zip(data::labels(column)) {
        let Some(label) = label else { continue };
        if !(row >= 1.0 && row <= n as f64 && row.fract() == 0.0) {
            return wrong(format!("row {row}"), &format!("1 to {n}, the rows of the data"));
        }
        classes[row as usize - 1] = Some(label);
    }
    let old = data.labels.take().unwrap_or_default();
    let mut labels = if old.len() == n { old } else { vec![None; n] };
    let mut labelled = Vec::new();
    for &row in &data.split.train {
        if let Some(class) = classes[row].take() {
            labels[row] = Some(class);
            labelled.push(row);
        }
    }
    if labelled.is_empty() {
        return wrong("no label of a training row".to_string(), "labels of training rows");
    }
    (data.classes, data.class_numbers) = super::numbered(Some(&labels));
    data.layout.classes = data.classes.len();
    (data.labels, data.labelled) = (Some(labels), Some(labelled));
    Ok(())
}
