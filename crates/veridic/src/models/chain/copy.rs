//! Rows that were learned from, so that they are made no oftener than rows come up again in the data.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::coder::Made;
use super::draw::Rows;
use super::fit::Source;
use crate::seed::uniform;

/// How many standard deviations of a count more copies there must be to be too many: few, as taking them out costs nothing.
const SURE: f64 = 0.5;

/// The share of rows beyond which so many different values of a column are hardly ever there again: it is not looked at.
const UNIQUE: f64 = 0.2;

/// The largest share of rows that is taken out. Where more are copies there are hardly other rows: each month of each shop, say, is in
/// the data once, and what is made is again of a month and a shop.
const MOST_OUT: f64 = 1.0 / 3.0;

/// Rows that were learned from, and which share of the rows that are the same as one of them is made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Copies {
    /// The columns by which rows are the same: those whose values are there again.
    pub(super) columns: Vec<usize>,
    /// A key of each row's cells, in order and each once.
    pub(super) seen: Vec<u64>,
    /// 0 to 1.
    pub(super) share: f32,
    /// The share of rows of a pool that are taken out for it, at most [`MOST_OUT`].
    pub(super) out: f32,
}

impl Copies {
    /// Copies, if there are more among the rows `kept` of a pool than rows of the data that are there again.
    pub(super) fn fit(sources: &[Source], pool: &Rows, kept: &[u32]) -> Option<Self> {
        let n = sources.first()?.made.len();
        let comes_again = |j: &usize| different(&sources[*j].made, n) as f64 <= UNIQUE * n as f64;
        let columns: Vec<usize> = (0..sources.len()).into_par_iter().filter(comes_again).collect();
        if columns.is_empty() {
            return None;
        }
        let cells: Vec<&Made> = columns.iter().map(|j| &sources[*j].made).collect();
        let mut seen: Vec<u64> = (0..n).map(|row| key(&cells, row)).collect();
        seen.sort_unstable();
        let again: usize = seen.chunk_by(|a, b| a == b).map(<[u64]>::len).filter(|same| *same > 1).sum();
        seen.dedup();
        let copies = Self { columns, seen, share: 1.0, out: 0.0 };
        let made = copies.cells(&pool.made);
        let is_copy = |row: &&u32| copies.holds(&made, **row as usize);
        let found = kept.iter().filter(is_copy).count() as f64;
        let expected = again as f64 / n as f64 * kept.len() as f64;
        if found <= expected + SURE * found.sqrt() {
            return None;
        }
        // With so many of them taken out, those that are left are the expected share of what is left.
        let (found, expected) = (found / kept.len() as f64, expected / kept.len() as f64);
        let share = expected * (1.0 - found) / (found * (1.0 - expected));
        let out = found * (1.0 - share);
        (out <= MOST_OUT).then_some(Self { share: share as f32, out: out as f32, ..copies })
    }

    /// Rows of a pool of which about `n` are left.
    pub(super) fn pool(&self, n: usize) -> usize {
        (n as f64 / f64::from(1.0 - self.out)).ceil() as usize
    }

    fn cells<'a>(&self, made: &'a [Made]) -> Vec<&'a Made> {
        self.columns.iter().map(|j| &made[*j]).collect()
    }

    fn holds(&self, made: &[&Made], row: usize) -> bool {
        self.seen.binary_search(&key(made, row)).is_ok()
    }

    /// The rows of a pool without copies that would be too many, but at least `n`.
    pub(super) fn thin(&self, pool: &[Made], n: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
        let made = self.cells(pool);
        let n_pool = pool.first().map_or(0, Made::len) as u32;
        let is_left =
            |row: &u32| !self.holds(&made, *row as usize) || uniform(random) < f64::from(self.share);
        let (mut left, out): (Vec<u32>, Vec<u32>) = (0..n_pool).partition(is_left);
        let wanting = n.saturating_sub(left.len());
        left.extend(out.into_iter().take(wanting));
        left
    }

    /// What is wrong with copies that were read from a file, if anything.
    pub(super) fn problem(&self, n_columns: usize) -> Option<&'static str> {
        let known = self.columns.iter().all(|j| *j < n_columns);
        let is_sound = known
            && (0.0..=1.0).contains(&self.share)
            && (0.0..=0.5).contains(&self.out)
            && self.seen.is_sorted();
        (!is_sound).then_some("copies that are out of order")
    }
}

fn different(made: &Made, n: usize) -> usize {
    let mut keys: Vec<u64> = (0..n).map(|row| made.key(row)).collect();
    keys.sort_unstable();
    keys.chunk_by(|a, b| a == b).count()
}

/// A number that tells rows apart by all these cells (the finalizer of SplitMix64 after each: G. Steele, D. Lea and C. Flood, Fast
/// splittable pseudorandom number generators, OOPSLA 2014).
fn key(made: &[&Made], row: usize) -> u64 {
    made.iter().fold(0, |key: u64, made| {
        let mut z = (key ^ made.key(row)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

#[cfg(test)]
mod tests {
    use super::super::coder::Coded;
    use super::*;
    use crate::seed::Seed;

    /// A column of tens and one of ones.
    fn digits(numbers: &[f64]) -> Vec<Made> {
        let column = |of: fn(f64) -> f64| Made::Number(numbers.iter().map(|number| of(*number)).collect());
        vec![column(|number| (number / 10.0).floor()), column(|number| number % 10.0)]
    }

    fn fit(data: &[f64], made: &[f64]) -> Option<Copies> {
        let source = |made| Source { made, coded: Coded::default() };
        let sources: Vec<Source> = digits(data).into_iter().map(source).collect();
        let pool = Rows { made: digits(made), bins: vec![Vec::new(); 2], n: made.len() };
        let kept: Vec<u32> = (0..made.len() as u32).collect();
        Copies::fit(&sources, &pool, &kept)
    }

    #[test]
    fn as_many_copies_are_left_as_rows_come_again() {
        let numbers = |from: usize, n: usize| (from..from + n).map(|i| i as f64);
        // Of 100 rows, each a pair of digits, ten are there twice, and of 100 made ones forty are copies.
        let data: Vec<f64> = numbers(0, 90).chain(numbers(0, 10)).collect();
        let made: Vec<f64> = numbers(50, 80).chain(numbers(200, 20)).collect();
        let copies = fit(&data, &made).expect("too many copies");
        assert_eq!((copies.seen.len(), copies.share, copies.out), (90, 0.375, 0.25));
        assert_eq!(copies.pool(75), 100);

        let thin = |n: usize| copies.thin(&digits(&made), n, &mut Seed(1).stream("test"));
        let left = thin(0);
        assert!((65..=85).contains(&left.len()), "{} of 60 others and 40 copies", left.len());
        assert!((40..100).all(|row| left.contains(&row)), "rows that are no copies stay");
        assert_eq!(thin(95).len(), 95);
    }

    #[test]
    fn where_there_are_hardly_other_rows_copies_stay() {
        let grid: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(fit(&grid, &grid), None);
    }

    #[test]
    fn copies_of_rows_that_come_again_are_no_copies_too_many() {
        let twice: Vec<f64> = (0..50).chain(0..50).map(f64::from).collect();
        assert_eq!(fit(&twice, &twice), None);
        let others: Vec<f64> = (100..200).map(f64::from).collect();
        assert_eq!(fit(&twice, &others), None);
    }
}
