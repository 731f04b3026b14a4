//! How far the figures of a ranking reach over test rows that are drawn anew.

use std::path::Path;

use super::compare::Opened;
use crate::data::Data;
use crate::error::Result;
use crate::evaluate::{self, RankingInterval};
use crate::models::Ability;
use crate::run::fitted::Fitted;
use crate::seed::Seed;

/// Test rows drawn anew for an interval.
const RESAMPLES: usize = 1000;
/// Test rows up to which intervals are found.
const MOST_RANKED: usize = 50_000;

/// How far the ranking of each run of a table whose unusual rows are known reaches over its test rows drawn anew; the same
/// rows are drawn for all that have the same. What cannot be had is said once.
pub(super) fn ranges(
    runs: &mut [Opened],
    data_dir: &Path,
    notes: &mut Vec<String>,
) -> Vec<Option<RankingInterval>> {
    let mut why = None;
    let mut range = |opened: &mut Opened| -> Option<RankingInterval> {
        opened.run.report().get("test.auroc")?;
        let found = ranking(&mut opened.run, data_dir);
        let (scores, positive) = match found {
            Ok(found) => found?,
            Err(error) => {
                why.get_or_insert_with(|| format!("{}: {error}", opened.name));
                return None;
            }
        };
        if scores.len() > MOST_RANKED {
            why.get_or_insert_with(|| format!("more than {MOST_RANKED} test rows are not drawn anew"));
            return None;
        }
        evaluate::ranking_interval(&scores, &positive, (RESAMPLES, Seed(0))).ok()
    };
    let ranges = runs.iter_mut().map(&mut range).collect();
    notes.extend(why.map(|why| format!("no intervals over test rows drawn anew: {why}")));
    ranges
}

/// Scores of the test rows of a run of a table, of a classifier the share of the unusual class, and which are unusual; nothing
/// where these are not known.
fn ranking(run: &mut Fitted, data_dir: &Path) -> Result<Option<(Vec<f64>, Vec<bool>)>> {
    let data = run.data(data_dir)?;
    let (Data::Table(table, schema), rows) = (&data.content, data.tested()) else { return Ok(None) };
    let Some(positive) = data.positives(rows) else { return Ok(None) };
    let test = table.take(rows);
    if let Some(model) = run.table_model()
        && let Some(classes) = model.classes()
    {
        let unusual: Vec<bool> = classes.iter().map(|class| data.positive.contains(class)).collect();
        let Some(shares) = model.probabilities(&test)? else { return Ok(None) };
        let of = |shares: &[f32]| {
            let own = shares.iter().zip(&unusual).filter(|(_, unusual)| **unusual);
            own.map(|(share, _)| f64::from(*share)).sum::<f64>()
        };
        return Ok(Some((shares.chunks_exact(classes.len()).map(of).collect(), positive)));
    }
    if !run.can(Ability::Score) {
        return Ok(None);
    }
    let scores = run.score(Data::Table(test, schema.clone()), 0)?.scores;
    Ok(Some((scores, positive)))
}
