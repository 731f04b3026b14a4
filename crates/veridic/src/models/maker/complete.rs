//! Completing rows of which some cells are known.
//!
//! Each row is drawn several times and kept by how likely its known cells are (self-normalized importance resampling), of draws
//! that keep the rules.

use super::Conditional;
use crate::data::{ColumnSchema, Table};
use crate::error::ModelError;
use crate::models::chain::{Coder, Evidence, Given, Made, Set, Wanted};
use crate::models::parallel;
use crate::seed::{Seed, uniform};

/// How often rows are drawn again of which no draw keeps the rules, and most of them but for the first time.
const ATTEMPTS: usize = 6;
const MOST_STUCK: usize = 512;

/// Rows that are completed together.
const BATCH: usize = 4096;

/// Completes the missing cells of `table` `m` times, each with draws given the row's other cells; columns that the table lacks
/// are made whole. A cell stays missing where the rules leave it no value: what is not shipped has no date of it. Rows stay in their order, and cells that are there as they are.
///
/// # Errors
/// A column of another type of cells; no column that the model knows.
pub(in crate::models) fn fill<M: Conditional>(
    model: &M,
    table: &Table,
    m: usize,
    seed: Seed,
    threads: usize,
) -> Result<Vec<Table>, ModelError> {
    completed(model, table, (m, &|_| false), seed, threads)
}

/// The same of some columns alone: missing cells of the others are known to be missing, and stay so.
///
/// # Errors
/// As [`fill`]; a column that the model does not know.
pub(in crate::models) fn fill_only<M: Conditional>(
    model: &M,
    (table, only): (&Table, &[String]),
    m: usize,
    seed: Seed,
    threads: usize,
) -> Result<Vec<Table>, ModelError> {
    only.iter().try_for_each(|name| model.law().coding.place(name).map(|_| ()))?;
    completed(model, table, (m, &|name| !only.iter().any(|only| only == name)), seed, threads)
}

/// Rows that break what holds in made rows, with a column of what they break: cells that are known can leave no other way.
///
/// # Errors
/// As [`fill`].
pub(in crate::models) fn breaking<M: Conditional>(
    model: &M,
    table: &Table,
) -> Result<Vec<(usize, String)>, ModelError> {
    let law = model.law();
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let read = |(column, coder): (&ColumnSchema, &Coder)| {
        let wrong = || ModelError::MissingColumn { model: M::MODEL, column: column.name.clone() };
        table.column(&column.name).and_then(|of| coder.read(&of.cells, &rows)).ok_or_else(wrong)
    };
    let made =
        law.coding.columns.iter().zip(law.coding.coders).map(read).collect::<Result<Vec<Made>, _>>()?;
    let broken = law.breach(&made);
    Ok(broken.into_iter().map(|(row, j)| (row, law.coding.columns[j].name.clone())).collect())
}

/// Rows that have the columns of `table` as they are, missing cells and all, and the others made.
///
/// # Errors
/// As [`fill`].
pub(in crate::models) fn sample_like<M: Conditional>(
    model: &M,
    table: &Table,
    seed: Seed,
    threads: usize,
) -> Result<Table, ModelError> {
    let mut filled = completed(model, table, (1, &|_| true), seed, threads)?;
    filled.pop().ok_or(ModelError::NoColumns { model: M::MODEL })
}

fn completed<M: Conditional>(
    model: &M,
    table: &Table,
    (m, missing_is_known): (usize, &dyn Fn(&str) -> bool),
    seed: Seed,
    threads: usize,
) -> Result<Vec<Table>, ModelError> {
    let coding = model.law().coding;
    if !coding.columns.iter().any(|column| table.column(&column.name).is_some()) {
        return Err(ModelError::NoColumns { model: M::MODEL });
    }
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let mut known = Vec::with_capacity(coding.columns.len());
    for (column, coder) in coding.columns.iter().zip(coding.coders) {
        let Some(of) = table.column(&column.name) else {
            known.push(None);
            continue;
        };
        let wrong = || ModelError::MissingColumn { model: M::MODEL, column: column.name.clone() };
        known.push(Some(coder.read(&of.cells, &rows).ok_or_else(wrong)?));
    }
    let missing_is_known = coding.columns.iter().map(|column| missing_is_known(&column.name)).collect();
    let completion = Completion { model, known, missing_is_known, draws: model.draws(m).max(1) };
    parallel(threads, || {
        let mut tables = vec![Vec::new(); m];
        for (batch, rows) in rows.chunks(BATCH).enumerate() {
            let seed = Seed(seed.key(&format!("fill.{batch}")));
            let rows: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
            for (pieces, made) in tables.iter_mut().zip(completion.batch(&rows, m, seed)) {
                pieces.push(made);
            }
        }
        Ok(tables.into_iter().map(|pieces| coding.table(&coding.joined(pieces), table.n_rows)).collect())
    })
}

/// What is known of the rows of a table, and how the rest is made.
struct Completion<'a, M> {
    model: &'a M,
    /// By column, the cells that the table has.
    known: Vec<Option<Made>>,
    /// By column, whether cells that are missing stay so.
    missing_is_known: Vec<bool>,
    /// Draws of each row.
    draws: usize,
}

/// Draws of rows.
struct Drawn {
    made: Vec<Made>,
    /// The logarithms of their weights.
    logs: Vec<f64>,
    /// Whether they keep the rules.
    kept: Vec<bool>,
    /// Whether also all that is known of columns that follow from others is what follows.
    right: Vec<bool>,
}

impl<M: Conditional> Completion<'_, M> {
    fn batch(&self, rows: &[u32], m: usize, seed: Seed) -> Vec<Vec<Made>> {
        let draws = self.draws;
        let Drawn { mut made, mut logs, mut kept, mut right } = self.drawn(rows, false, seed);
        // Of the last, cells may stay missing.
        for attempt in 0..=ATTEMPTS {
            let is_last = attempt == ATTEMPTS;
            let has = |of: &[bool], place: usize| of[place * draws..][..draws].contains(&true);
            let is_stuck = |place: &usize| !has(&right, *place);
            let stuck: Vec<usize> = (0..rows.len()).filter(is_stuck).collect();
            if stuck.is_empty() {
                break;
            }
            if attempt > 0 && !is_last && stuck.len() > MOST_STUCK {
                continue;
            }
            let again: Vec<u32> = stuck.iter().map(|place| rows[*place]).collect();
            let seed = Seed(seed.key(&format!("fill.again.{attempt}")));
            let mut more = self.drawn(&again, is_last, seed);
            if is_last {
                self.fewest_missing(&more.made, &mut more.kept);
                more.right.iter_mut().zip(&more.kept).for_each(|(right, kept)| *right &= kept);
            }
            for (i, place) in stuck.into_iter().enumerate() {
                let (to, from) = (place * draws, i * draws);
                let (old, new) = (to..to + draws, from..from + draws);
                // Draws that keep the rules are not given up for others that do no more: where known cells contradict each other, a
                // blank mends nothing.
                let is_better = more.right[new.clone()].contains(&true)
                    || more.kept[new.clone()].contains(&true) && !kept[old.clone()].contains(&true);
                if !is_better {
                    continue;
                }
                logs[old.clone()].copy_from_slice(&more.logs[new.clone()]);
                kept[old.clone()].copy_from_slice(&more.kept[new.clone()]);
                right[old].copy_from_slice(&more.right[new]);
                for (made, more) in made.iter_mut().zip(&more.made) {
                    (0..draws).for_each(|draw| made.set(to + draw, more, from + draw));
                }
            }
        }
        let of_rows = kept.chunks(draws).zip(right.chunks(draws));
        for (logs, (kept, right)) in logs.chunks_mut(draws).zip(of_rows) {
            let best = [right, kept].into_iter().find(|of| of.contains(&true));
            let Some(best) = best else { continue };
            logs.iter_mut().zip(best).filter(|(_, is)| !**is).for_each(|(log, _)| *log = f64::NEG_INFINITY);
        }
        let mut random = seed.stream("fill");
        let mut table = |number: usize| {
            let pick = |(row, logs): (usize, &[f64])| {
                let share = uniform(&mut random);
                (row * draws + picked(logs, number, share)) as u32
            };
            let kept: Vec<u32> = logs.chunks(draws).enumerate().map(pick).collect();
            made.iter().map(|made| made.take(&kept)).collect()
        };
        (0..m).map(&mut table).collect()
    }

    /// Keeps of the draws of each row those with the fewest missing cells.
    fn fewest_missing(&self, made: &[Made], kept: &mut [bool]) {
        let coders = self.model.law().coding.coders;
        let missing =
            |at: usize| made.iter().zip(coders).filter(|(made, coder)| made.is_missing(at, coder)).count();
        for (row, kept) in kept.chunks_mut(self.draws).enumerate() {
            let from = row * self.draws;
            let of_kept = (0..kept.len()).filter(|draw| kept[*draw]);
            let Some(fewest) = of_kept.map(|draw| missing(from + draw)).min() else { continue };
            (0..kept.len()).for_each(|draw| kept[draw] &= missing(from + draw) == fewest);
        }
    }

    /// Draws of rows given what is known of them, side by side. What is not known `may_miss`.
    fn drawn(&self, rows: &[u32], may_miss: bool, seed: Seed) -> Drawn {
        let repeated: Vec<u32> = rows.iter().flat_map(|row| std::iter::repeat_n(*row, self.draws)).collect();
        let law = self.model.law();
        let mut evidence: Vec<Evidence> = law
            .coding
            .coders
            .iter()
            .zip(&self.known)
            .zip(&self.missing_is_known)
            .map(|((coder, known), missing_is_known)| {
                let present = Set::new(coder, &[Wanted::Present]);
                let is_open = present.is_empty() || *missing_is_known || may_miss;
                let sets = if is_open { Vec::new() } else { vec![present] };
                let given = known.as_ref().map(|made| {
                    let made = made.take(&repeated);
                    let coded = coder.encode(&made);
                    let stays = *missing_is_known && coder.has_missing();
                    let known = (0..made.len()).map(|row| stays || coder.is_present(&made, row)).collect();
                    Given { known, made, coded }
                });
                Evidence { given, sets, of_row: Vec::new() }
            })
            .collect();
        for j in 0..law.coding.columns.len() {
            law.push_down_rates(j, repeated.len(), &mut evidence);
            law.push_down(j, repeated.len(), &mut evidence);
            law.push_down_dates(j, repeated.len(), &mut evidence);
        }
        let (made, logs) = self.model.drawn(repeated.len(), &evidence, seed);
        let kept = law.kept(&made);
        let mut right = kept.clone();
        for (j, evidence) in evidence.iter().enumerate() {
            let Some(given) = evidence.given.as_ref().filter(|given| given.known.contains(&true)) else {
                continue;
            };
            let rows = law.strays(j, &made).into_iter().filter(|row| given.known[*row]);
            rows.for_each(|row| right[row] = false);
        }
        Drawn { made, logs, kept, right }
    }
}

/// One of the draws of a row, for its completion `number`: by its weight, or where all count the same, each in turn.
fn picked(logs: &[f64], number: usize, share: f64) -> usize {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).max(f64::MIN);
    if logs.iter().all(|log| *log == most) {
        return number % logs.len();
    }
    let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    let mut left = share * total;
    let place = logs.iter().position(|log| {
        left -= (log - most).exp();
        left < 0.0
    });
    place.unwrap_or(0)
}
