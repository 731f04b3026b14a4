//! How near synthetic rows lie to the rows they were learned from: whether a model copies.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::data::{Cells, MISSING, Table};

/// Rows whose nearest records are looked for, at most.
const LOOKED_AT: usize = 4000;

/// Training and held-out rows that distances are measured to, at most.
const MEASURED: usize = 50_000;

/// Columns with more distinct values than this share of the rows are left out where rows are compared for equality: they
/// would hide a copy.
const NEARLY_UNIQUE: f64 = 0.2;

/// The share of nearest distances below which a row counts as very near.
const TAIL: f64 = 0.02;

/// A missing number lies this far from the range of the others, in units of the range.
const MISSING_AT: f32 = 2.0;

/// How near synthetic rows lie to training rows, beside rows that were held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closeness {
    /// The share of synthetic rows whose nearest training row is nearer than the nearest held-out row, ties half; 0.5 is
    /// ideal, 1 is copying. Distance: numbers over their range, categories 2 where they differ (the mostlyai prize's DCR share).
    pub dcr_share: f64,
    /// The share of synthetic rows that lie nearer to a training row than 98 % of held-out rows do; 0.02 is ideal.
    pub tail2: f64,
    /// The share of synthetic rows that equal a training row, columns of nearly unique values aside unless they are most.
    pub copies: f64,
    /// The same of held-out rows: what chance alone makes equal.
    pub copies_holdout: f64,
    /// The share of synthetic rows that equal one of as many training rows as were held out, likewise.
    pub copies_trained: f64,
    /// The share of synthetic rows that equal a held-out row. Rows of a model that makes frequent rows too often equal many of
    /// both; those of a model that copies equal more training rows than held-out ones.
    pub copies_unseen: f64,
}

/// Compares synthetic rows with training rows and as many held-out rows; tables have the same columns. Training rows beyond
/// the number of held-out ones are left out, so that both are equally dense, and so are rows beyond 50 000 where distances are measured. `None` where a table has no rows.
///
/// The result does not depend on threads.
pub fn closeness(train: &Table, holdout: &Table, synthetic: &Table) -> Option<Closeness> {
    let n = train.n_rows.min(holdout.n_rows).min(MEASURED);
    if n == 0 || synthetic.n_rows == 0 {
        return None;
    }
    let first = |table: &Table, n: usize| table.take(&(0..n.min(table.n_rows)).collect::<Vec<_>>());
    let (near, held) = (first(train, n), first(holdout, n));
    let made = first(synthetic, LOOKED_AT);
    let space = Space::of(&[&near, &held]);
    let [near, held, made] = [&near, &held, &made].map(|table| space.points(table));
    let to_near = nearest(&made, &near);
    let to_held = nearest(&made, &held);
    let base = {
        let mut base = nearest(&held.first(LOOKED_AT), &near);
        base.sort_unstable_by(f32::total_cmp);
        // Linear between order statistics, as numpy's quantile.
        let at = TAIL * (base.len() - 1) as f64;
        let (low, high) = (base[at.floor() as usize], base[at.ceil() as usize]);
        low + (high - low) * (at - at.floor()) as f32
    };
    let tie = 1e-7;
    let nearer = to_near
        .iter()
        .zip(&to_held)
        .map(|(a, b)| if (a - b).abs() <= tie { 0.5 } else { f64::from(u8::from(a < b)) });
    let all = to_near.len() as f64;
    let [copies, copies_holdout, copies_trained, copies_unseen] = copies((train, n), holdout, synthetic);
    Some(Closeness {
        dcr_share: nearer.sum::<f64>() / all,
        tail2: to_near.iter().filter(|distance| **distance <= base).count() as f64 / all,
        copies,
        copies_holdout,
        copies_trained,
        copies_unseen,
    })
}

/// The scale of each column.
pub(super) struct Space {
    numbers: Vec<(String, f64, f64)>,
    texts: Vec<String>,
}

/// Rows as coordinates.
pub(super) struct Points {
    pub(super) n: usize,
    /// `n` values a column of numbers, over the range.
    pub(super) numbers: Vec<Vec<f32>>,
    /// `n` values a column of text: the same for equal ones.
    pub(super) texts: Vec<Vec<u64>>,
}

impl Space {
    pub(super) fn of(tables: &[&Table]) -> Self {
        let mut space = Self { numbers: Vec::new(), texts: Vec::new() };
        for column in &tables[0].columns {
            match &column.cells {
                Cells::Text { .. } => space.texts.push(column.name.clone()),
                Cells::Number(_) => {
                    let all = tables.iter().filter_map(|table| match &table.column(&column.name)?.cells {
                        Cells::Number(values) => Some(values.iter().copied()),
                        Cells::Text { .. } => None,
                    });
                    let present = all.flatten().filter(|value| !value.is_nan());
                    let (low, high) = present
                        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                            (low.min(value), high.max(value))
                        });
                    if low <= high {
                        space.numbers.push((column.name.clone(), low, high - low + 1e-12));
                    }
                }
            }
        }
        space
    }

    pub(super) fn points(&self, table: &Table) -> Points {
        let number = |(name, low, span): &(String, f64, f64)| match table.column(name).map(|c| &c.cells) {
            Some(Cells::Number(values)) => values
                .iter()
                .map(|value| if value.is_nan() { MISSING_AT } else { ((value - low) / span) as f32 })
                .collect(),
            _ => vec![MISSING_AT; table.n_rows],
        };
        let text = |name: &String| match table.column(name).map(|column| &column.cells) {
            Some(Cells::Text { codes, levels }) => {
                let keys: Vec<u64> = levels.iter().map(|level| key(level)).collect();
                codes.iter().map(|&code| keys.get(code as usize).copied().unwrap_or(0)).collect()
            }
            _ => vec![0; table.n_rows],
        };
        Points {
            n: table.n_rows,
            numbers: self.numbers.iter().map(number).collect(),
            texts: self.texts.iter().map(text).collect(),
        }
    }
}

impl Points {
    fn first(&self, n: usize) -> Self {
        let n = n.min(self.n);
        let numbers = self.numbers.iter().map(|column| column[..n].to_vec()).collect();
        Self { n, numbers, texts: self.texts.iter().map(|column| column[..n].to_vec()).collect() }
    }

    /// The distance of row `i` to each of `others`: what `of` makes of the differences of numbers, and `apart` for each text
    /// that is another.
    pub(super) fn distances(
        &self,
        i: usize,
        others: &Self,
        (of, apart): (impl Fn(f32) -> f32, f32),
        sums: &mut [f32],
    ) {
        sums.fill(0.0);
        for (own, column) in self.numbers.iter().zip(&others.numbers) {
            let own = own[i];
            sums.iter_mut().zip(column).for_each(|(sum, other)| *sum += of(own - other));
        }
        for (own, column) in self.texts.iter().zip(&others.texts) {
            let own = own[i];
            for (sum, other) in sums.iter_mut().zip(column) {
                *sum += if own == *other { 0.0 } else { apart };
            }
        }
    }
}

/// A number that stands for a text (FNV-1a).
fn key(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The distance of each row to the nearest of others.
pub(super) fn nearest(rows: &Points, others: &Points) -> Vec<f32> {
    (0..rows.n)
        .into_par_iter()
        .map_init(
            || vec![0.0f32; others.n],
            |sums, i| {
                rows.distances(i, others, (f32::abs, 2.0), sums);
                sums.iter().copied().fold(f32::INFINITY, f32::min)
            },
        )
        .collect()
}

/// The share of synthetic and of held-out rows that equal a training row, and of synthetic ones that equal one of the first `n`
/// training rows and of the first `n` held-out ones.
fn copies((train, n): (&Table, usize), holdout: &Table, synthetic: &Table) -> [f64; 4] {
    let kept: Vec<&str> = train
        .columns
        .iter()
        .filter(|column| distinct(&column.cells) as f64 <= NEARLY_UNIQUE * train.n_rows as f64)
        .map(|column| column.name.as_str())
        .collect();
    // Of a table of numbers, few columns would be left: there, rows are copies if they are equal everywhere.
    let kept = if 2 * kept.len() < train.columns.len() {
        train.columns.iter().map(|column| column.name.as_str()).collect()
    } else {
        kept
    };
    let [train, holdout, synthetic] = [train, holdout, synthetic].map(|table| keys(table, &kept));
    [
        share(&synthetic, &train),
        share(&holdout, &train),
        share(&synthetic, &train[..n]),
        share(&synthetic, &holdout[..n]),
    ]
}

/// The share of rows of `other` that equal a row of `train` in every column of `train`, nearly unique ones included.
pub fn equal_rows(train: &Table, other: &Table) -> f64 {
    let names: Vec<&str> = train.columns.iter().map(|column| column.name.as_str()).collect();
    share(&keys(other, &names), &keys(train, &names))
}

/// The share of rows that equal an earlier row of the same table in every column.
pub fn repeated_rows(table: &Table) -> f64 {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut rows = keys(table, &names);
    rows.sort_unstable();
    rows.dedup();
    1.0 - rows.len() as f64 / table.n_rows.max(1) as f64
}

/// The share of `rows` that are among others.
fn share(rows: &[u128], of: &[u128]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    let found = rows.iter().filter(|row| sorted.binary_search(row).is_ok()).count();
    found as f64 / rows.len().max(1) as f64
}

fn distinct(cells: &Cells) -> usize {
    match cells {
        Cells::Number(values) => values.iter().map(|value| value.to_bits()).collect::<BTreeSet<_>>().len(),
        Cells::Text { codes, .. } => codes.iter().collect::<BTreeSet<_>>().len(),
    }
}

/// A number for each row, equal for equal ones: two mixed hashes of 64 bits, so that a million rows take 16 MB and do not meet by
/// chance.
pub(super) fn keys(table: &Table, columns: &[&str]) -> Vec<u128> {
    /// Two odd constants of SplitMix64.
    const MIX: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9];
    let mut rows = vec![[1u64, 2]; table.n_rows];
    let mut add = |row: usize, value: u64| {
        for (hash, mix) in rows[row].iter_mut().zip(MIX) {
            *hash = (*hash ^ value).wrapping_mul(mix);
            *hash ^= *hash >> 29;
        }
    };
    for name in columns {
        match table.column(name).map(|column| &column.cells) {
            Some(Cells::Number(values)) => {
                // Both zeros are one.
                values.iter().enumerate().for_each(|(row, value)| add(row, (value + 0.0).to_bits()));
            }
            Some(Cells::Text { codes, levels }) => {
                let levels: Vec<u64> = levels.iter().map(|level| key(level)).collect();
                for (row, &code) in codes.iter().enumerate() {
                    add(row, if code == MISSING { 0 } else { levels[code as usize] });
                }
            }
            None => (0..table.n_rows).for_each(|row| add(row, 0)),
        }
    }
    rows.into_iter().map(|[high, low]| u128::from(high) << 64 | u128::from(low)).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::Rng;

    use super::*;
    use crate::seed::{Seed, uniform};

    fn drawn(name: &str, n: usize) -> Table {
        let mut random = Seed(3).stream(name);
        let x: Vec<f64> = (0..n).map(|_| uniform(&mut random)).collect();
        let y: Vec<f64> = x.iter().map(|x| x + 0.1 * uniform(&mut random)).collect();
        let level = |_| Some(["a", "b", "c"][random.next_u32() as usize % 3]);
        let c: Vec<Option<&str>> = (0..n).map(level).collect();
        Table::new([("x", Cells::Number(x)), ("y", Cells::Number(y)), ("c", Cells::texts(c))]).unwrap()
    }

    #[test]
    fn fresh_rows_are_as_near_to_both_halves_and_copies_are_found() {
        let (train, holdout) = (drawn("train", 600), drawn("holdout", 600));
        let fresh = closeness(&train, &holdout, &drawn("fresh", 600)).unwrap();
        assert!((fresh.dcr_share - 0.5).abs() < 0.07, "{fresh:?}");
        assert!(fresh.tail2 < 0.05, "{fresh:?}");
        let copied = closeness(&train, &holdout, &train).unwrap();
        assert!(copied.dcr_share > 0.99 && copied.tail2 > 0.99, "{copied:?}");
        // Most columns are nearly unique, so all count.
        assert_eq!((copied.copies, copied.copies_holdout), (1.0, 0.0));
    }

    #[test]
    fn copies_are_rows_that_are_equal_in_all_columns_but_nearly_unique_ones() {
        let of = |x: [f64; 12], c: [&'static str; 12]| {
            let cells = [("x", Cells::numbers(x)), ("c", Cells::texts(c.map(Some)))];
            Table::new(cells).unwrap()
        };
        let train = of([1., 1., 1., 1., 1., 1., 2., 2., 2., 2., 2., 2.], ["a"; 12]);
        let holdout = of([3.0; 12], ["a"; 12]);
        let mut made = [3.0; 12];
        made[0] = 1.0;
        made[1] = 2.0;
        made[2] = f64::NAN;
        let found = closeness(&train, &holdout, &of(made, ["a"; 12])).unwrap();
        assert_eq!((found.copies, found.copies_holdout), (2.0 / 12.0, 0.0));
    }
}
