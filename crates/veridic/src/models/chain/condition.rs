//! Conditions on columns, and rows that meet them.

use serde::{Deserialize, Serialize};

use super::Chain;
use super::coder::Made;
use super::coding::Coding;
use super::draw::Rows;
use super::evidence::{Evidence, Set, Wanted};
use crate::data::Table;
use crate::error::ModelError;
use crate::models::parallel;
use crate::seed::{Seed, shuffle, uniform};

/// Rows that are drawn at once, and most rows that are drawn for each that is kept; at least so many in all.
const LEAST_DRAWN: usize = 8192;
const MOST_DRAWN: usize = 64;
const ENOUGH_DRAWN: usize = 262_144;

/// Effective rows that are drawn for each that is kept.
const EFFECTIVE: f64 = 2.0;

/// Fewest effective rows that an answer may rest on.
const SUPPORT: f64 = 5.0;

/// What a column's cells must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// What its cells may be.
    pub allowed: Allowed,
}

/// What cells may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allowed {
    /// Missing.
    Missing,
    /// One of these texts.
    Texts(Vec<String>),
    /// One of these numbers (date-times in seconds since 1970).
    Numbers(Vec<f64>),
    /// A number from the first to the second, both included.
    Range(f64, f64),
}

/// Rows that meet conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenSample {
    /// The rows.
    pub table: Table,
    /// As how many rows drawn from the conditional distribution itself those they were kept from count (Kong's effective
    /// sample size); below the number of rows, some are there more than once.
    pub effective: f64,
    /// Rows that were drawn.
    pub drawn: usize,
}

impl Chain {
    /// Makes `n` rows that meet `conditions`, one a column: columns with conditions are drawn from what is allowed, and rows
    /// kept by how likely that was (likelihood weighting; R. Fung and K. Chang, UAI 1989), so none is rejected.
    ///
    /// # Errors
    /// A column or value that the chain does not know, two conditions on a column, conditions that cannot be met or so
    /// rarely are that nothing can be said.
    pub fn sample_given(
        &self,
        n: usize,
        conditions: &[Condition],
        seed: Seed,
        threads: usize,
    ) -> Result<GivenSample, ModelError> {
        let evidence = self.evidence(conditions)?;
        parallel(threads, || {
            let most = (n * MOST_DRAWN).max(ENOUGH_DRAWN);
            let (mut pools, mut logs): (Vec<Rows>, Vec<f64>) = (Vec::new(), Vec::new());
            let mut effective = 0.0;
            while logs.len() < most && effective < EFFECTIVE * n as f64 {
                let count = logs.len().max(2 * n).clamp(LEAST_DRAWN, (most - logs.len()).max(LEAST_DRAWN));
                let seed = Seed(seed.key(&format!("chain.given.{}", pools.len())));
                let (pool, mut more) = self.draw_given(count, &evidence, seed);
                let kept = self.checks.kept(&self.coders, &pool.made);
                more.iter_mut()
                    .zip(kept)
                    .filter(|(_, kept)| !kept)
                    .for_each(|(log, _)| *log = f64::NEG_INFINITY);
                pools.push(pool);
                logs.extend(more);
                effective = effective_size(&logs);
            }
            let names = || conditions.iter().map(|condition| condition.column.clone()).collect();
            if effective == 0.0 {
                return Err(ModelError::Impossible { columns: names() });
            }
            if effective < SUPPORT {
                return Err(ModelError::Unsupported { columns: names(), effective, drawn: logs.len() });
            }
            let mut random = seed.stream("chain.given");
            let kept = keep(&logs, n, effective, &mut random);
            let pool = self.joined(pools.into_iter().map(|pool| pool.made).collect());
            let made: Vec<Made> = pool.iter().map(|made| made.take(&kept)).collect();
            Ok(GivenSample { table: self.table(&made, n), effective, drawn: logs.len() })
        })
    }

    /// Makes `n` rows in which each combination of values of `columns` is as frequent as the others, missing ones aside.
    ///
    /// # Errors
    /// As [`sample_given`](Self::sample_given); a column of too many values; more combinations than rows.
    pub fn sample_balanced(
        &self,
        n: usize,
        columns: &[&str],
        seed: Seed,
        threads: usize,
    ) -> Result<Table, ModelError> {
        self.coding().balanced(n, columns, seed, &|count, conditions, seed| {
            Ok(self.sample_given(count, conditions, seed, threads)?.table)
        })
    }

    /// How the columns are coded.
    fn coding(&self) -> Coding<'_> {
        Coding { columns: &self.columns, coders: &self.coders }
    }

    /// Where a column is.
    pub(super) fn place(&self, column: &str) -> Result<usize, ModelError> {
        self.coding().place(column)
    }

    /// Pieces of rows as one.
    pub(super) fn joined(&self, pieces: Vec<Vec<Made>>) -> Vec<Made> {
        self.coding().joined(pieces)
    }

    /// Rows as a table.
    pub(super) fn table(&self, made: &[Made], n_rows: usize) -> Table {
        self.coding().table(made, n_rows)
    }

    /// What conditions say of each column.
    fn evidence(&self, conditions: &[Condition]) -> Result<Vec<Evidence>, ModelError> {
        let mut sets: Vec<Option<Set>> = vec![None; self.columns.len()];
        for condition in conditions {
            let j = self.coding().place(&condition.column)?;
            let twice = conditions.iter().filter(|other| other.column == condition.column).count() > 1;
            if twice {
                return Err(ModelError::TwoConditions { column: condition.column.clone() });
            }
            let marks = self.coding().marks(j, &condition.allowed)?;
            let wanted = self.coding().wanted(j, &condition.allowed, &marks)?;
            // A column that another decides is as wanted where the other has a value by which it is.
            let (place, set) = match &self.plan.decided[j] {
                None => (j, Set::new(&self.coders[j], &wanted)),
                Some(decided) => {
                    let by = &self.coders[decided.by];
                    let fits: Vec<bool> =
                        (0..by.symbols()).map(|symbol| allows(&wanted, &decided.values, symbol)).collect();
                    (decided.by, Set::new(by, &[Wanted::Symbols(&fits)]))
                }
            };
            let set = match &sets[place] {
                None => set,
                Some(other) => other.both(&self.coders[place], &set),
            };
            if set.is_empty() {
                return Err(ModelError::Impossible { columns: vec![condition.column.clone()] });
            }
            sets[place] = Some(set);
        }
        Ok(sets
            .into_iter()
            .map(|set| Evidence { sets: set.into_iter().collect(), ..Evidence::default() })
            .collect())
    }
}

/// Whether a cell is wanted.
fn allows(wanted: &[Wanted], made: &Made, row: usize) -> bool {
    wanted.iter().any(|wanted| match (wanted, made) {
        (Wanted::Range(from, to), Made::Number(values)) => (*from..=*to).contains(&values[row]),
        (Wanted::Missing, Made::Number(values)) => values[row].is_nan(),
        (Wanted::Present, Made::Number(values)) => !values[row].is_nan(),
        (Wanted::Symbols(marks), Made::Symbol(symbols)) => {
            marks.get(symbols[row] as usize).copied().unwrap_or(false)
        }
        // Which symbol is a missing cell, only the coder says; columns of text that are decided and missing are rare.
        _ => false,
    })
}

/// `(sum w)^2 / sum w^2` of weights by their logarithms.
pub(super) fn effective_size(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return 0.0;
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    for log in logs {
        let weight = (log - most).exp();
        sum += weight;
        squares += weight * weight;
    }
    sum * sum / squares
}

/// `n` rows by the logarithms of their weights: each once where that leaves a choice, else in proportion.
fn keep(logs: &[f64], n: usize, effective: f64, random: &mut rand_chacha::ChaCha8Rng) -> Vec<u32> {
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
