//! The page at the end of a fit: made rows beside those that were learned from, and held-out ones.

use crate::data::{Data, Schema, Table};
use crate::error::Result;
use crate::run::config::Config;
use crate::run::dataset::Dataset;
use crate::run::directory::Directory;
use crate::run::evaluation::{EvaluationOptions, Finding, evaluate};

/// Fewest held-out rows for a page.
const FEWEST: usize = 30;

/// Made rows that boosted trees tell from real ones so well are nothing to use unseen.
const FAR: f64 = 0.6;

/// What is said of them at the end of a fit, at most.
const MOST_SAID: usize = 3;

/// Writes `report.html`, which judges `made` rows as `veridic evaluate` does, on at most `evaluate.sample-rows` rows a side, and
/// gives what a user should know at once. Without held-out rows, or where `evaluate.sample-rows` is 0, there is no page.
///
/// # Errors
/// The directory cannot be written.
pub(super) fn write_page(
    directory: &Directory,
    config: &Config,
    data: &Dataset,
    made: &Table,
    threads: usize,
) -> Result<Vec<String>> {
    let Data::Table(table, schema) = &data.content else { return Ok(Vec::new()) };
    let tested = data.tested();
    if tested.len() < FEWEST || made.n_rows < FEWEST || config.evaluate.sample_rows == 0 {
        return Ok(Vec::new());
    }
    // What the model speaks of.
    let columns: Vec<_> =
        schema.columns.iter().filter(|column| made.column(&column.name).is_some()).cloned().collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let (real, unseen) = (table.take(&data.split.train).select(&names)?, table.take(tested).select(&names)?);
    let made = made.select(&names)?;
    let target = config.data.target.as_deref().filter(|target| names.contains(target));
    let positive = match config.data.positive.as_slice() {
        [value] => Some(value.clone()),
        _ => None,
    };
    let options = EvaluationOptions {
        target: target.map(str::to_string),
        positive: positive.filter(|_| target.is_some()),
        protected: config.evaluate.protected.clone(),
        quasi: Vec::new(),
        seed: config.seed,
        threads,
        rows: config.evaluate.sample_rows,
    };
    let schema = Schema { columns };
    // Rows that say too little, or a target of one class: no page, and no reason to fail a fit that is done.
    let Ok(found) = evaluate((&real, &schema), &made, Some(&unseen), &options) else { return Ok(Vec::new()) };
    let title = "Made rows beside those that were learned from";
    directory.write("report.html", found.html(title).as_bytes())?;
    let is_far =
        found.judged.iter().any(|judged| judged.name.starts_with("table.c2st") && judged.value.mean < FAR);
    let is_said = |finding: &&Finding| finding.is_grave() || is_far && finding.word == "tells apart";
    let said = found.findings.iter().filter(is_said).take(MOST_SAID);
    Ok(said.map(|finding| format!("of made rows: {}: {}", finding.word, finding.text)).collect())
}
