//! Rows for training, validation and testing.

use rand_chacha::rand_core::Rng;

use super::{Cells, Column, MISSING};
use crate::error::DataError;
use crate::seed::Seed;

/// Indices of rows, ascending; every row is in exactly one part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to stop by.
    pub valid: Vec<usize>,
    /// Rows to test on.
    pub test: Vec<usize>,
}

/// The parts that are not for training, as shares of the rows; a share above 0 gets at least one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fractions {
    /// Share for validation, from 0.
    pub valid: f64,
    /// Share for testing, from 0; both together are below 1.
    pub test: f64,
}

/// Columns with more different values than this are stratified by ten equal ranges of rank.
const MAX_STRATA: usize = 20;
const RANKS: usize = 10;

/// Assigns `n_rows` rows at random.
///
/// # Errors
/// [`DataError::Fractions`], [`DataError::TooFewRows`] when a part would be empty.
pub fn random(n_rows: usize, fractions: Fractions, seed: Seed) -> Result<Split, DataError> {
    spread(&vec![0; n_rows], fractions, seed)
}

/// Assigns the first rows to training, the next to validation and the last to testing.
///
/// # Errors
/// As [`random`].
pub fn in_order(n_rows: usize, fractions: Fractions) -> Result<Split, DataError> {
    let (n_valid, n_test) = counts(n_rows, fractions)?;
    let (valid, test) = (n_rows - n_test - n_valid, n_rows - n_test);
    Ok(Split { train: (0..valid).collect(), valid: (valid..test).collect(), test: (test..n_rows).collect() })
}

/// Assigns rows at random so that every value of `target` (every tenth of its range, if it has many numbers; missing
/// counts as a value) is in each part in proportion, to within one row.
///
/// # Errors
/// As [`random`].
pub fn stratified(target: &Column, fractions: Fractions, seed: Seed) -> Result<Split, DataError> {
    spread(&strata(&target.cells), fractions, seed)
}

/// Assigns rows at random so that all rows with one value of `entity` are in one part; a row where it is missing is
/// an entity of its own. A part is filled until it has its share of rows, so it may exceed it by one entity.
///
/// # Errors
/// As [`random`], and [`DataError::TooFewEntities`].
pub fn by_entity(entity: &Column, fractions: Fractions, seed: Seed) -> Result<Split, DataError> {
    let (valid, test) = counts(entity.cells.len(), fractions)?;
    let (mut groups, mut n_groups) = groups(&entity.cells);
    // The group of missing cells is the last; its first row keeps it.
    let missing = (0..groups.len()).filter(|&row| entity.cells.is_missing(row));
    for row in missing.skip(1) {
        groups[row] = n_groups;
        n_groups += 1;
    }
    let needed = 1 + usize::from(valid > 0) + usize::from(test > 0);
    if n_groups < needed {
        let column = entity.name.clone();
        return Err(DataError::TooFewEntities { column, found: n_groups, needed });
    }
    let mut sizes = vec![0; n_groups];
    for &group in &groups {
        sizes[group] += 1;
    }
    let mut part = vec![Part::Train; n_groups];
    let (mut n_valid, mut n_test) = (0, 0);
    // The last entity is kept for training, and the one before for validation if it has none yet.
    for (left, group) in shuffled(n_groups, seed).into_iter().enumerate().map(|(i, g)| (n_groups - i, g)) {
        let kept = 1 + usize::from(valid > 0 && n_valid == 0);
        if n_test < test && (left > kept || n_test == 0) {
            part[group] = Part::Test;
            n_test += sizes[group];
        } else if n_valid < valid && left > 1 {
            part[group] = Part::Valid;
            n_valid += sizes[group];
        }
    }
    Ok(gather(groups.into_iter().map(|group| part[group])))
}

/// Assigns the oldest rows to training, the next to validation and the newest to testing. Rows of one time stay in one
/// part, the earlier, so the later parts may have fewer rows than their share.
///
/// # Errors
/// [`DataError::Fractions`], [`DataError::TooFewRows`], [`DataError::NoTime`], [`DataError::MissingTime`],
/// [`DataError::TooFewEntities`] with fewer times than parts, [`DataError::TiedTimes`] when a part would be empty because too many rows
/// have one time.
pub fn by_time(time: &Column, fractions: Fractions) -> Result<Split, DataError> {
    let column = || time.name.clone();
    let Cells::Number(times) = &time.cells else { return Err(DataError::NoTime { column: column() }) };
    if let Some(first) = times.iter().position(|time| time.is_nan()) {
        let count = times.iter().filter(|time| time.is_nan()).count();
        return Err(DataError::MissingTime { column: column(), count, row: first + 1 });
    }
    let n_rows = times.len();
    let (valid, test) = counts(n_rows, fractions)?;
    let mut order: Vec<usize> = (0..n_rows).collect();
    order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    let after_ties = |mut end: usize| {
        while end > 0 && end < n_rows && times[order[end]] == times[order[end - 1]] {
            end += 1;
        }
        end
    };
    let train_end = after_ties(n_rows - valid - test);
    let valid_end = if valid == 0 { train_end } else { after_ties((n_rows - test).max(train_end)) };
    if (valid > 0 && valid_end == train_end) || (test > 0 && valid_end == n_rows) {
        let needed = 1 + usize::from(valid > 0) + usize::from(test > 0);
        let found = groups(&time.cells).1;
        if found >= needed {
            return Err(DataError::TiedTimes { column: column(), found });
        }
        return Err(DataError::TooFewEntities { column: column(), found, needed });
    }
    let mut part = vec![Part::Train; n_rows];
    for &row in &order[train_end..valid_end] {
        part[row] = Part::Valid;
    }
    for &row in &order[valid_end..] {
        part[row] = Part::Test;
    }
    Ok(gather(part.into_iter()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Valid,
    Test,
}

/// Assigns rows at random, each stratum in proportion.
///
/// Rows are ordered by stratum and at random within; then every k-th is taken, so that each stratum and the whole have
/// their share to within one row.
fn spread(strata: &[usize], fractions: Fractions, seed: Seed) -> Result<Split, DataError> {
    let n_rows = strata.len();
    let (n_valid, n_test) = counts(n_rows, fractions)?;
    let mut order = shuffled(n_rows, seed);
    order.sort_by_key(|&row| strata[row]);
    let (tested, left) = every(&order, n_test);
    let (validated, _) = every(&left, n_valid);
    let mut part = vec![Part::Train; n_rows];
    for row in tested {
        part[row] = Part::Test;
    }
    for row in validated {
        part[row] = Part::Valid;
    }
    Ok(gather(part.into_iter()))
}

/// `n` of `rows`, evenly spaced, and the others.
fn every(rows: &[usize], n: usize) -> (Vec<usize>, Vec<usize>) {
    let mut taken = Vec::with_capacity(n);
    let mut left = Vec::with_capacity(rows.len() - n);
    // Half a step at the start puts a lone row in the middle rather than always at the end.
    let half = rows.len() / 2;
    for (i, &row) in rows.iter().enumerate() {
        let before = (i * n + half) / rows.len();
        let after = ((i + 1) * n + half) / rows.len();
        if after > before { taken.push(row) } else { left.push(row) }
    }
    (taken, left)
}

fn gather(parts: impl Iterator<Item = Part>) -> Split {
    let mut split = Split::default();
    for (row, part) in parts.enumerate() {
        match part {
            Part::Train => split.train.push(row),
            Part::Valid => split.valid.push(row),
            Part::Test => split.test.push(row),
        }
    }
    split
}

/// Rows for validation and testing.
fn counts(n_rows: usize, Fractions { valid, test }: Fractions) -> Result<(usize, usize), DataError> {
    let is_share = |share: f64| (0.0..1.0).contains(&share);
    if !is_share(valid) || !is_share(test) || valid + test >= 1.0 {
        return Err(DataError::Fractions { valid, test });
    }
    let needed = 1 + usize::from(valid > 0.0) + usize::from(test > 0.0);
    if n_rows < needed {
        return Err(DataError::TooFewRows { rows: n_rows, needed, purpose: "this split" });
    }
    let count = |share: f64| {
        if share > 0.0 { ((share * n_rows as f64).round() as usize).max(1) } else { 0 }
    };
    let (mut n_valid, mut n_test) = (count(valid), count(test));
    // Rounding up both may have left nothing to train on.
    while n_valid + n_test >= n_rows {
        if n_test >= n_valid { n_test -= 1 } else { n_valid -= 1 }
    }
    Ok((n_valid, n_test))
}

/// 0 to `n` - 1 in random order.
fn shuffled(n: usize, seed: Seed) -> Vec<usize> {
    let mut random = seed.stream("split");
    // Sorting by random keys is a shuffle whose result no library version can change.
    let keys: Vec<u64> = (0..n).map(|_| random.next_u64()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&i| (keys[i], i));
    order
}

fn strata(cells: &Cells) -> Vec<usize> {
    let (groups, n_groups) = groups(cells);
    match cells {
        Cells::Number(values) if n_groups > MAX_STRATA => {
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
            let mut strata = vec![0; values.len()];
            for (rank, &row) in order.iter().enumerate() {
                strata[row] = if values[row].is_nan() { RANKS } else { rank * RANKS / values.len() };
            }
            strata
        }
        _ => groups,
    }
}

/// A number from 0 for each distinct value, in ascending order; missing cells are one value, the last.
fn groups(cells: &Cells) -> (Vec<usize>, usize) {
    let key = |row: usize| match cells {
        // The order of floats as integers; -0 and 0 are one.
        Cells::Number(values) => {
            let bits = (values[row] + 0.0).to_bits();
            if values[row].is_nan() {
                u64::MAX
            } else if bits >> 63 == 1 {
                !bits
            } else {
                bits | 1 << 63
            }
        }
        Cells::Text { codes, .. } if codes[row] == MISSING => u64::MAX,
        Cells::Text { codes, .. } => u64::from(codes[row]),
    };
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|&row| key(row));
    let mut groups = vec![0; cells.len()];
    let mut n_groups = 0;
    for (i, &row) in order.iter().enumerate() {
        if i == 0 || key(row) != key(order[i - 1]) {
            n_groups += 1;
        }
        groups[row] = n_groups - 1;
    }
    (groups, n_groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TENTH: Fractions = Fractions { valid: 0.1, test: 0.2 };

    fn column(values: Vec<f64>) -> Column {
        Column { name: "x".into(), cells: Cells::Number(values) }
    }

    fn texts(codes: Vec<u32>, n: usize) -> Column {
        let levels = (0..n).map(|i| i.to_string()).collect();
        Column { name: "x".into(), cells: Cells::Text { codes, levels } }
    }

    #[test]
    fn the_same_seed_gives_the_same_parts_and_another_seed_others() {
        let split = random(1000, TENTH, Seed(1)).unwrap();
        assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (700, 100, 200));
        assert_eq!(split, random(1000, TENTH, Seed(1)).unwrap());
        assert_ne!(split, random(1000, TENTH, Seed(2)).unwrap());
    }

    #[test]
    fn strata_are_in_proportion_in_every_part() {
        let codes: Vec<u32> = (0..1000).map(|i| u32::from(i % 10 == 0)).collect();
        let split = stratified(&texts(codes.clone(), 2), TENTH, Seed(3)).unwrap();
        let ones = |rows: &[usize]| rows.iter().filter(|&&row| codes[row] == 1).count();
        assert_eq!((ones(&split.train), ones(&split.valid), ones(&split.test)), (70, 10, 20));
    }

    #[test]
    fn rows_of_one_time_stay_together_and_older_rows_train() {
        let split = by_time(&column(vec![5.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]), TENTH).unwrap();
        assert_eq!(split.train, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(split.valid, [8, 9]);
        assert_eq!(split.test, [0]);
        let missing = by_time(&column(vec![1.0, f64::NAN, 2.0]), TENTH).unwrap_err();
        assert!(matches!(missing, DataError::MissingTime { count: 1, row: 2, .. }));
        let same = by_time(&column(vec![1.0; 9]), TENTH).unwrap_err();
        assert!(matches!(same, DataError::TooFewEntities { found: 1, needed: 3, .. }));
        let last = column([vec![1.0, 2.0, 3.0], vec![4.0; 40]].concat());
        let tied = by_time(&last, Fractions { valid: 0.1, test: 0.1 }).unwrap_err();
        assert!(matches!(tied, DataError::TiedTimes { found: 4, .. }), "{tied}");
    }

    #[test]
    fn parts_that_are_no_parts_are_refused() {
        for (valid, test) in [(0.5, 0.5), (-0.1, 0.2), (f64::NAN, 0.1), (1.0, 0.0)] {
            let result = random(10, Fractions { valid, test }, Seed(0));
            assert!(matches!(result, Err(DataError::Fractions { .. })));
        }
        assert!(matches!(random(1, TENTH, Seed(0)), Err(DataError::TooFewRows { rows: 1, needed: 3, .. })));
        assert_eq!(random(1, Fractions { valid: 0.0, test: 0.0 }, Seed(0)).unwrap().train, [0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_row_is_in_one_part_and_no_entity_in_two(
            codes in prop::collection::vec(0_u32..12, 20..120),
            valid in 0.0..0.4,
            test in 0.0..0.5,
            seed: u64,
        ) {
            let column = texts(codes.clone(), 12);
            let fractions = Fractions { valid, test };
            let all: Vec<usize> = (0..codes.len()).collect();
            for split in [
                stratified(&column, fractions, Seed(seed)).ok(),
                by_entity(&column, fractions, Seed(seed)).ok(),
            ].into_iter().flatten() {
                let mut rows = [split.train.clone(), split.valid.clone(), split.test.clone()].concat();
                rows.sort_unstable();
                prop_assert_eq!(&rows, &all);
                prop_assert!(!split.train.is_empty());
                prop_assert_eq!(split.valid.is_empty(), valid == 0.0);
                prop_assert_eq!(split.test.is_empty(), test == 0.0);
            }
            if let Ok(split) = by_entity(&column, fractions, Seed(seed)) {
                let of = |rows: &[usize]| rows.iter().map(|&row| codes[row]).collect::<std::collections::BTreeSet<_>>();
                prop_assert!(of(&split.train).is_disjoint(&of(&split.valid)));
                prop_assert!(of(&split.train).is_disjoint(&of(&split.test)));
                prop_assert!(of(&split.valid).is_disjoint(&of(&split.test)));
            }
        }
    }
}
