//! What an attacker learns of real rows from synthetic ones, each attack beside a control group that no model saw.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::ranking::{auroc, roc_curve};
use super::record::{Points, Space, nearest};
use crate::data::{Cells, Kind, Schema, Table};
use crate::error::EvaluateError;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Numbers are guessed right within this share of the guess.
const TOLERANCE: f64 = 0.05;

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Rate {
    /// The middle of the interval, 0 to 1.
    pub value: f64,
    /// Half of its length.
    pub error: f64,
    /// Out of how many.
    pub n: usize,
}

impl Rate {
    /// Wilson's score interval for `successes` of `n`: `(s + z² / 2) / (n + z²)` with half length
    /// `z sqrt(s (n - s) / n + z² / 4) / (n + z²)`. The middle is not `s / n`: it lies nearer to one half.
    ///
    /// Source: Wilson, JASA 22 (1927); as in Anonymeter's `success_rate`. Of none at all it is one half, ± one half.
    pub fn wilson(successes: usize, n: usize) -> Self {
        if n == 0 {
            return Self { value: 0.5, error: 0.5, n };
        }
        let (s, all) = (successes as f64, n as f64);
        let value = (s + Z * Z / 2.0) / (all + Z * Z);
        let error = Z / (all + Z * Z) * (s * (all - s) / all + Z * Z / 4.0).sqrt();
        Self { value, error, n }
    }
}

/// How often an attack on real rows succeeds, beside the same on rows that no model saw.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct AttackRisk {
    /// On rows that were learned from.
    pub attack: Rate,
    /// On rows that were not: what the population alone gives away.
    pub control: Rate,
    /// `(attack - control) / (1 - control)`, at least 0: what is known of rows because they were learned from.
    pub risk: f64,
    /// Half the length of its 95 % interval.
    pub error: f64,
}

impl AttackRisk {
    /// From successes among attacks and among controls. Source: Giomi et al., A unified framework for quantifying privacy risk
    /// in synthetic data (Anonymeter), PoPETs 2023, equation 1, with errors propagated to first order.
    pub fn of(attack: (usize, usize), control: (usize, usize)) -> Self {
        let (attack, control) = (Rate::wilson(attack.0, attack.1), Rate::wilson(control.0, control.1));
        let rest = 1.0 - control.value;
        let by_attack = attack.error / rest;
        let by_control = (attack.value - 1.0) / (rest * rest) * control.error;
        let error = by_attack.hypot(by_control);
        Self { attack, control, risk: ((attack.value - control.value) / rest).max(0.0), error }
    }

    /// Whether the risk is above what chance gives: its interval does not reach 0.
    pub fn is_found(&self) -> bool {
        self.risk - self.error > 0.0
    }
}

/// Whether rows that were learned from can be told from rows that were not.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Membership {
    /// The probability that a row that was learned from scores above one that was not; 0.5 is chance.
    pub auc: f64,
    /// The share of rows found that were learned from where 1 % of the others are; 0.01 is chance.
    pub tpr_at_1: f64,
}

impl Membership {
    /// From a score for each row that was learned from and for each of others, higher where a row is taken for one of the first.
    ///
    /// # Errors
    /// No rows of either kind.
    pub fn of(members: &[f64], others: &[f64]) -> Result<Self, EvaluateError> {
        let scores: Vec<f64> = members.iter().chain(others).copied().collect();
        let labels: Vec<bool> = (0..scores.len()).map(|i| i < members.len()).collect();
        let curve = roc_curve(&scores, &labels)?;
        // Straight lines between points, so that ties count as a drawn order would.
        let mut tpr_at_1 = 0.0;
        for pair in curve.windows(2) {
            let (from, to) = (&pair[0], &pair[1]);
            if to.false_positive_rate <= 0.01 {
                tpr_at_1 = to.true_positive_rate;
            } else {
                let run = to.false_positive_rate - from.false_positive_rate;
                let share = (0.01 - from.false_positive_rate) / run;
                tpr_at_1 =
                    from.true_positive_rate + share * (to.true_positive_rate - from.true_positive_rate);
                break;
            }
        }
        Ok(Self { auc: auroc(&scores, &labels)?, tpr_at_1 })
    }
}

/// Membership by distance: a row counts as learned from if it lies near a synthetic one. Tables have the same columns.
///
/// # Errors
/// A table without rows.
pub fn membership(train: &Table, holdout: &Table, synthetic: &Table) -> Result<Membership, EvaluateError> {
    let space = Space::of(&[train, holdout]);
    let made = space.points(synthetic);
    let near = |table: &Table| -> Vec<f64> {
        nearest(&space.points(table), &made).into_iter().map(|distance| -f64::from(distance)).collect()
    };
    refuse_empty(&[train, holdout, synthetic])?;
    Membership::of(&near(train), &near(holdout))
}

/// How near each row lies to the nearest synthetic one: minus the distance, in units of the rows' own spread.
///
/// # Errors
/// A table without rows.
pub fn nearness(rows: &Table, synthetic: &Table) -> Result<Vec<f64>, EvaluateError> {
    refuse_empty(&[rows, synthetic])?;
    let space = Space::of(&[rows]);
    let made = space.points(synthetic);
    Ok(nearest(&space.points(rows), &made).into_iter().map(|distance| -f64::from(distance)).collect())
}

/// Membership by densities (DOMIAS): a row counts as learned from where synthetic rows are denser than those of the population.
///
/// The score is `p_synthetic(x) / p_reference(x)`, with the densities of nearest neighbors: the distance to the nearest
/// reference row over that to the nearest synthetic one; how many rows there are of each moves all scores alike. The first half of
/// the held-out rows is the reference, the other half are those that were not learned from.
/// Source: van Breugel et al., Membership inference attacks against synthetic data through overfitting detection, AISTATS
/// 2023, equation 2.
///
/// # Errors
/// Fewer than two held-out rows, a table without rows.
pub fn domias(train: &Table, holdout: &Table, synthetic: &Table) -> Result<Membership, EvaluateError> {
    refuse_empty(&[train, holdout, synthetic])?;
    let half = holdout.n_rows / 2;
    let part = |from: usize, to: usize| holdout.take(&(from..to).collect::<Vec<_>>());
    let (reference, others) = (part(0, half), part(half, holdout.n_rows));
    refuse_empty(&[&reference])?;
    let space = Space::of(&[train, holdout]);
    let (made, known) = (space.points(synthetic), space.points(&reference));
    let score = |table: &Table| -> Vec<f64> {
        let rows = space.points(table);
        let ratio = |(made, known): (f32, f32)| f64::from(known + 1e-6).ln() - f64::from(made + 1e-6).ln();
        nearest(&rows, &made).into_iter().zip(nearest(&rows, &known)).map(ratio).collect()
    };
    Membership::of(&score(train), &score(&others))
}

/// What someone who knows all other cells of a row learns of the cell of `secret`: the value of the synthetic row that is
/// nearest by the others. A number is right where the truth lies within 5 % of it; missing secrets are passed over.
///
/// Source: Anonymeter's inference attack. The attack on held-out rows is the control; see [`most_frequent`] for the base rate.
///
/// # Errors
/// A table without the column.
pub fn disclosure(
    train: &Table,
    holdout: &Table,
    synthetic: &Table,
    secret: &str,
) -> Result<AttackRisk, EvaluateError> {
    let known: Vec<&str> =
        train.columns.iter().map(|column| column.name.as_str()).filter(|name| *name != secret).collect();
    let of = |table: &Table| table.select(&known).map_err(|error| absent(&error));
    let cells = |table: &Table| {
        table
            .column(secret)
            .map(|column| column.cells.clone())
            .ok_or_else(|| EvaluateError::Columns(vec![format!("`{secret}` is in one of the tables only")]))
    };
    let (near, held, made) = (of(train)?, of(holdout)?, of(synthetic)?);
    let guessed = cells(synthetic)?;
    let tally = |known: &Table, table: &Table| -> Result<(usize, usize), EvaluateError> {
        let truth = cells(table)?;
        // Anonymeter's units: the range of the rows that are looked for and of those among which.
        let space = Space::of(&[known, &made]);
        let places = nearest_rows(&space.points(known), &space.points(&made), 1);
        let judged: Vec<usize> = (0..table.n_rows).filter(|&row| !truth.is_missing(row)).collect();
        let right = judged
            .iter()
            .filter(|&&row| places[row].first().is_some_and(|&at| is_equal(&truth, row, &guessed, at)));
        Ok((right.count(), judged.len()))
    };
    Ok(AttackRisk::of(tally(&near, train)?, tally(&held, holdout)?))
}

/// The share of present cells that the most frequent value of a column is: what a guess without any data gets right.
pub fn most_frequent(cells: &Cells) -> f64 {
    let mut keys: Vec<u64> = (0..cells.len())
        .filter(|&row| !cells.is_missing(row))
        .map(|row| match cells {
            Cells::Number(values) => values[row].to_bits(),
            Cells::Text { codes, .. } => u64::from(codes[row]),
        })
        .collect();
    keys.sort_unstable();
    let most = keys.chunk_by(|a, b| a == b).map(<[u64]>::len).max().unwrap_or(0);
    most as f64 / keys.len().max(1) as f64
}

/// Whether two parts of a row that belong to one person can be joined: the synthetic rows nearest to the one part and those
/// nearest to the other have a row in common, among `neighbors` of each. Every second column is in the first part.
///
/// Source: Anonymeter's linkability attack. `None` with fewer than two columns.
///
/// # Errors
/// Tables of different columns.
pub fn linkability(
    train: &Table,
    holdout: &Table,
    synthetic: &Table,
    neighbors: usize,
) -> Result<Option<AttackRisk>, EvaluateError> {
    let names: Vec<&str> = train.columns.iter().map(|column| column.name.as_str()).collect();
    if names.len() < 2 {
        return Ok(None);
    }
    let part = |odd: usize| names.iter().copied().skip(odd).step_by(2).collect::<Vec<_>>();
    let mut found = [vec![Vec::new(); 2], vec![Vec::new(); 2]];
    for (side, columns) in [part(0), part(1)].iter().enumerate() {
        let of = |table: &Table| table.select(columns).map_err(|error| absent(&error));
        let (near, held, made) = (of(train)?, of(holdout)?, of(synthetic)?);
        for (table, found) in [&near, &held].into_iter().zip(&mut found) {
            let space = Space::of(&[table, &made]);
            found[side] = nearest_rows(&space.points(table), &space.points(&made), neighbors);
        }
    }
    let tally = |found: &[Vec<Vec<usize>>]| {
        let meets = found[0].iter().zip(&found[1]).filter(|(a, b)| a.iter().any(|row| b.contains(row)));
        (meets.count(), found[0].len())
    };
    Ok(Some(AttackRisk::of(tally(&found[0]), tally(&found[1]))))
}

/// The share of rows of `synthetic` whose value of `column` is one that a row of `real` has, with values that are nearly unique
/// in `real`; `None` where fewer than 80 % of the values are different ones, and of numbers and moments that are most of those
/// there can be between the first and the last, such as the days of a year.
pub fn unique_values_repeated(real: &Table, synthetic: &Table, column: &str, schema: &Schema) -> Option<f64> {
    let kind = schema.column(column).map(|column| &column.kind);
    let is_name = matches!(kind, Some(Kind::Identifier));
    if !is_name && real.column(column).is_some_and(|column| is_dense(&column.cells)) {
        return None;
    }
    let texts = |table: &Table| -> Option<Vec<String>> {
        let cells = &table.column(column)?.cells;
        let present = (0..table.n_rows).filter(|&row| !cells.is_missing(row));
        Some(match cells {
            Cells::Number(values) => present.map(|row| values[row].to_string()).collect(),
            Cells::Text { .. } => present.filter_map(|row| cells.text(row).map(str::to_string)).collect(),
        })
    };
    let (real, made) = (texts(real)?, texts(synthetic)?);
    let distinct: BTreeSet<&String> = real.iter().collect();
    // Whole numbers in a narrow range meet by chance; names do not.
    let least = if is_name { 0.5 } else { 0.8 };
    if real.len() < 20 || (distinct.len() as f64) < least * real.len() as f64 || made.is_empty() {
        return None;
    }
    Some(made.iter().filter(|value| distinct.contains(value)).count() as f64 / made.len() as f64)
}

/// Whether numbers are at least half of those that are as far apart as two of them are, from the least to the most.
fn is_dense(cells: &Cells) -> bool {
    let Cells::Number(values) = cells else { return false };
    let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let gap = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return false };
    2.0 * values.len() as f64 >= (last - first) / gap + 1.0
}

/// The `k` nearest of others for each row, nearest first; equally near ones in the order of their rows.
fn nearest_rows(rows: &Points, others: &Points, k: usize) -> Vec<Vec<usize>> {
    (0..rows.n)
        .into_par_iter()
        .map_init(
            || vec![0.0f32; others.n],
            |sums, i| {
                rows.distances(i, others, (|difference: f32| difference.abs().min(1.0), 1.0), sums);
                let mut best: Vec<usize> = Vec::with_capacity(k + 1);
                for (at, sum) in sums.iter().enumerate() {
                    if best.len() < k || best.last().is_some_and(|&last| *sum < sums[last]) {
                        let place = best.partition_point(|&other| sums[other] <= *sum);
                        best.insert(place, at);
                        best.truncate(k);
                    }
                }
                best
            },
        )
        .collect()
}

fn is_equal(truth: &Cells, row: usize, guessed: &Cells, at: usize) -> bool {
    match (truth, guessed) {
        (Cells::Number(truth), Cells::Number(guessed)) => {
            (truth[row] - guessed[at]).abs() <= TOLERANCE * guessed[at].abs()
        }
        _ => truth.text(row).is_some_and(|text| guessed.text(at) == Some(text)),
    }
}

fn refuse_empty(tables: &[&Table]) -> Result<(), EvaluateError> {
    if tables.iter().any(|table| table.n_rows == 0) {
        return Err(EvaluateError::Empty { metric: "membership" });
    }
    Ok(())
}

fn absent(error: &crate::error::DataError) -> EvaluateError {
    EvaluateError::Columns(vec![error.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, uniform};

    /// People of a city and an income that goes with it.
    fn people(name: &str, n: usize) -> Table {
        let mut random = Seed(3).stream(name);
        let mut draw = || uniform(&mut random);
        let x: Vec<f64> = (0..n).map(|_| draw()).collect();
        let y: Vec<f64> = (0..n).map(|_| draw()).collect();
        let z: Vec<f64> = (0..n).map(|_| draw()).collect();
        let city: Vec<&str> = (0..n).map(|_| if draw() < 0.5 { "Rome" } else { "Oslo" }).collect();
        let numbers = [("x", Cells::Number(x)), ("y", Cells::Number(y)), ("z", Cells::Number(z))];
        let city = ("city", Cells::texts(city.iter().map(|city| Some(*city))));
        Table::new(numbers.into_iter().chain([city])).unwrap()
    }

    /// `share` of the rows are copies of `train`, the others new.
    fn leaking(train: &Table, share: f64) -> Table {
        let n = (share * train.n_rows as f64) as usize;
        if n == train.n_rows {
            return train.clone();
        }
        let copied = train.take(&(0..n).collect::<Vec<_>>());
        let mut made = people("made", train.n_rows - n);
        for (column, copied) in made.columns.iter_mut().zip(&copied.columns) {
            match (&mut column.cells, &copied.cells) {
                (Cells::Number(values), Cells::Number(more)) => values.extend(more),
                (Cells::Text { codes, levels }, own @ Cells::Text { .. }) => {
                    let code = |row| levels.iter().position(|level| Some(level.as_str()) == own.text(row));
                    codes.extend((0..n).map(|row| code(row).unwrap() as u32));
                }
                _ => unreachable!(),
            }
        }
        made.n_rows = train.n_rows;
        made
    }

    #[test]
    fn copies_of_five_percent_are_found_and_new_rows_are_no_leak() {
        let (train, holdout) = (people("train", 600), people("holdout", 600));
        let fresh = people("made", 600);
        let leak = leaking(&train, 0.05);
        let chance = membership(&train, &holdout, &fresh).unwrap();
        assert!((chance.auc - 0.5).abs() < 0.05 && chance.tpr_at_1 < 0.03, "{chance:?}");
        let found = membership(&train, &holdout, &leak).unwrap();
        assert!(found.tpr_at_1 > 0.04 && found.auc > chance.auc, "{found:?}");
        let found = domias(&train, &holdout, &leak).unwrap();
        assert!(found.tpr_at_1 > 0.04, "{found:?}");
        let chance = domias(&train, &holdout, &fresh).unwrap();
        assert!((chance.auc - 0.5).abs() < 0.07, "{chance:?}");
    }

    #[test]
    fn cells_and_parts_of_copied_rows_are_disclosed_and_of_new_rows_are_not() {
        let (train, holdout) = (people("train", 400), people("holdout", 400));
        let fresh = people("made", 400);
        let all = leaking(&train, 1.0);
        for secret in ["city", "x"] {
            assert!(disclosure(&train, &holdout, &all, secret).unwrap().risk > 0.9);
            assert!(!disclosure(&train, &holdout, &fresh, secret).unwrap().is_found());
        }
        let linked = linkability(&train, &holdout, &all, 1).unwrap().unwrap();
        assert!(linked.is_found() && linked.risk > 0.9, "{linked:?}");
        assert!(!linkability(&train, &holdout, &fresh, 1).unwrap().unwrap().is_found());
    }

    #[test]
    fn rates_and_risks_are_those_of_anonymeter() {
        // By bench/evaluate/reference.py, anonymeter 1.1.0.
        let AttackRisk { attack, control, risk, error } = AttackRisk::of((30, 100), (10, 100));
        for (found, expected) in [
            (attack.value, 0.307_398_699_641_397),
            (attack.error, 0.088_449_846_692_069),
            (control.value, 0.114_797_399_282_794),
            (control.error, 0.059_568_262_222_119),
            (risk, 0.217_578_778_239_641),
            (risk + error, 0.330_522_591_214_926),
        ] {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        assert_eq!(Rate::wilson(0, 0), Rate { value: 0.5, error: 0.5, n: 0 });
    }

    #[test]
    fn unique_values_that_were_copied_are_counted() {
        let name = |prefix: &str, i: usize| format!("{prefix}{i}");
        let of = |prefix: &str| {
            let texts: Vec<String> = (0..40).map(|i| name(prefix, i)).collect();
            Table::new([("id", Cells::texts(texts.iter().map(|text| Some(text.as_str()))))]).unwrap()
        };
        let (real, other) = (of("a"), of("b"));
        let crate::data::Data::Table(_, schema) = crate::data::Data::from(real.clone()) else { panic!() };
        assert_eq!(unique_values_repeated(&real, &real, "id", &schema), Some(1.0));
        assert_eq!(unique_values_repeated(&real, &other, "id", &schema), Some(0.0));
        // Of days of a year, nearly all are there; of amounts, hardly any.
        let of =
            |step: f64| (0..300).map(move |i| f64::from(i + i / 5) * step + f64::from(i % 2) * (step - 1.0));
        let cells = [("day", Cells::numbers(of(1.0))), ("amount", Cells::numbers(of(1000.0)))];
        let table = Table::new(cells).unwrap();
        let schema = Schema::of(&table);
        let repeated = |column: &str| unique_values_repeated(&table, &table, column, &schema);
        assert_eq!((repeated("day"), repeated("amount")), (None, Some(1.0)));
        assert!(membership(&real.take(&[]), &real, &real).is_err());
    }
}
