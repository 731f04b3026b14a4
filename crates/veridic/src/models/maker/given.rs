//! Rows that meet conditions.
//!
//! Cells with conditions are drawn from what is allowed, and rows kept by how likely that was (likelihood weighting; R. Fung
//! and K. Chang, UAI 1989), so none is rejected but for rules.

use rand_chacha::ChaCha8Rng;

use super::Conditional;
use crate::data::Table;
use crate::error::ModelError;
use crate::models::chain::{Condition, Evidence, GivenSample, Made};
use crate::models::parallel;
use crate::seed::{Seed, shuffle, uniform};

/// Most rows that are drawn for each that is kept; at least so many in all, and so many before it is said that none can be.
const MOST_DRAWN: usize = 64;
const ENOUGH_DRAWN: usize = 262_144;
const NONE_DRAWN: usize = 32_768;

/// Effective rows that are drawn for each that is kept, where some count more than others.
const EFFECTIVE: f64 = 2.0;

/// Fewest effective rows that an answer may rest on.
const SUPPORT: f64 = 5.0;

/// Fewest rows that meet conditions to be expected among so many as the model was fitted on: of less, it tells what its
/// smoothing says and no more.
const EXPECTED: f64 = 0.01;

/// Rows by which it is tried which conditions exclude each other.
const TRIED: usize = 8192;

/// Rows that were kept.
pub(in crate::models) struct Kept {
    pub(in crate::models) made: Vec<Made>,
    /// As how many rows those count that they were kept from, and how many were drawn.
    pub(in crate::models) effective: f64,
    pub(in crate::models) drawn: usize,
}

/// Makes `n` rows that meet `conditions`, one a column.
///
/// # Errors
/// A column or value that the model does not know, two conditions on a column, conditions that cannot be met or so rarely are
/// that nothing can be said.
pub(in crate::models) fn sample_given<M: Conditional>(
    model: &M,
    n: usize,
    conditions: &[Condition],
    seed: Seed,
    threads: usize,
) -> Result<GivenSample, ModelError> {
    let law = model.law();
    let evidence = law.evidence(conditions)?;
    parallel(threads, || {
        let names = || conditions.iter().map(|condition| condition.column.clone()).collect();
        let (expected, drawn) = (model.expected(&evidence), law.n_rows);
        if let Some(effective) = expected.filter(|rows| *rows < EXPECTED && !conditions.is_empty()) {
            return Err(ModelError::Unsupported { columns: names(), effective, drawn });
        }
        let Kept { made, effective, drawn } = kept_rows(model, n, &evidence, seed);
        if effective == 0.0 {
            return Err(ModelError::Impossible { columns: excluding(model, conditions, seed)? });
        }
        // Where all that were drawn are kept, there is nothing to doubt.
        if effective < SUPPORT && drawn > n {
            return Err(ModelError::Unsupported { columns: names(), effective, drawn });
        }
        Ok(GivenSample { table: law.coding.table(&made, n), effective, drawn })
    })
}

/// Rows as the evidence says; as many as asked for, unless there is none.
pub(in crate::models) fn kept_rows<M: Conditional>(
    model: &M,
    n: usize,
    evidence: &[Evidence],
    seed: Seed,
) -> Kept {
    let law = model.law();
    let most = (n * MOST_DRAWN).max(ENOUGH_DRAWN);
    let (share, least) = model.first();
    let (mut pools, mut logs): (Vec<Vec<Made>>, Vec<f64>) = (Vec::new(), Vec::new());
    let (mut effective, mut alike) = (0.0, false);
    // A row at least, so that it is known whether there can be any.
    let enough =
        |effective: f64, alike: bool| effective >= if alike { 1.0 } else { EFFECTIVE } * n.max(1) as f64;
    while logs.len() < most && !enough(effective, alike) && (effective > 0.0 || logs.len() < NONE_DRAWN) {
        let count = logs.len().max(share * n).clamp(least, (most - logs.len()).max(least));
        let (made, mut more) =
            model.drawn(count, evidence, Seed(seed.key(&format!("given.{}", pools.len()))));
        let kept = law.kept(&made);
        more.iter_mut().zip(kept).filter(|(_, kept)| !kept).for_each(|(log, _)| *log = f64::NEG_INFINITY);
        pools.push(made);
        logs.extend(more);
        (effective, alike) = effective_size(&logs);
    }
    let drawn = logs.len();
    if effective == 0.0 {
        return Kept { made: Vec::new(), effective, drawn };
    }
    let kept = keep(&logs, n, effective, &mut seed.stream("given"));
    let pool = law.coding.joined(pools);
    Kept { made: pool.iter().map(|made| made.take(&kept)).collect(), effective, drawn }
}

/// The columns of two conditions that no row meets together, or of all.
fn excluding<M: Conditional>(
    model: &M,
    conditions: &[Condition],
    seed: Seed,
) -> Result<Vec<String>, ModelError> {
    for (i, one) in conditions.iter().enumerate().filter(|_| conditions.len() > 2) {
        for other in &conditions[..i] {
            let two = [other.clone(), one.clone()];
            let evidence = model.law().evidence(&two)?;
            let (made, logs) = model.drawn(TRIED, &evidence, seed);
            let mut rows = logs.iter().zip(model.law().kept(&made));
            if !rows.any(|(log, kept)| kept && *log > f64::NEG_INFINITY) {
                return Ok(two.map(|condition| condition.column).to_vec());
            }
        }
    }
    Ok(conditions.iter().map(|condition| condition.column.clone()).collect())
}

/// Makes `n` rows in which each combination of values of columns is as frequent as the others, missing ones aside.
///
/// # Errors
/// As [`sample_given`]; a column of too many values; more combinations than rows.
pub(in crate::models) fn sample_balanced<M: Conditional>(
    model: &M,
    n: usize,
    columns: &[&str],
    seed: Seed,
    threads: usize,
) -> Result<Table, ModelError> {
    model.law().coding.balanced(n, columns, seed, &|count, conditions, seed| {
        Ok(sample_given(model, count, conditions, seed, threads)?.table)
    })
}

/// `(sum w)^2 / sum w^2` of weights by their logarithms, and whether all that are not none are the same.
fn effective_size(logs: &[f64]) -> (f64, bool) {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return (0.0, false);
    }
    let (mut sum, mut squares, mut alike) = (0.0, 0.0, true);
    for log in logs {
        let weight = (log - most).exp();
        sum += weight;
        squares += weight * weight;
        alike &= weight == 1.0 || *log == f64::NEG_INFINITY;
    }
    (sum * sum / squares, alike)
}

/// `n` rows by the logarithms of their weights: each once where that leaves a choice, else in proportion.
fn keep(logs: &[f64], n: usize, effective: f64, random: &mut ChaCha8Rng) -> Vec<u32> {
    let mut kept: Vec<u32>;
    if effective >= n as f64 {
        let key = |(row, log): (usize, &f64)| (log - (-uniform(random).ln()).ln(), row as u32);
        let mut keys: Vec<(f64, u32)> = logs.iter().enumerate().map(key).collect();
        keys.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        kept = keys.into_iter().take(n).map(|key| key.1).collect();
    } else {
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
        // Evenly spaced points of the sums (systematic resampling).
        let (mut next, mut sum) = (uniform(random), 0.0);
        kept = Vec::with_capacity(n);
        for (row, log) in logs.iter().enumerate() {
            sum += (log - most).exp() / total * n as f64;
            while next < sum && kept.len() < n {
                kept.push(row as u32);
                next += 1.0;
            }
        }
        while kept.len() < n {
            kept.push(kept.last().copied().unwrap_or(0));
        }
    }
    shuffle(&mut kept, random);
    kept
}
