//! Rows drawn at random, and means that a few rows cannot spoil.

use rand_chacha::rand_core::Rng;

/// `most` of the items drawn without replacement, in a random order; all of them, in theirs, where there are no more.
pub(super) fn subsample(items: &[usize], most: usize, random: &mut impl Rng) -> Vec<usize> {
    if items.len() <= most {
        return items.to_vec();
    }
    let mut items = items.to_vec();
    for i in 0..most {
        let left = (items.len() - i) as u64;
        let j = i + ((u128::from(random.next_u64()) * u128::from(left)) >> 64) as usize;
        items.swap(i, j);
    }
    items.truncate(most);
    items
}

/// Parts whose means the median is taken of.
pub(super) const PARTS: usize = 16;

/// The median of each entry over the parts; of equally many below and above the upper one.
pub(super) fn median_of(parts: &[Vec<f64>]) -> Vec<f64> {
    let entries = parts.first().map_or(0, Vec::len);
    let median = |entry: usize| {
        let mut values: Vec<f64> = parts.iter().map(|part| part[entry]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    (0..entries).map(median).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn items_are_drawn_once() {
        let items: Vec<usize> = (5..105).collect();
        let mut drawn = subsample(&items, 40, &mut Seed(1).stream("a"));
        assert_ne!(drawn, items[..40]);
        drawn.sort_unstable();
        drawn.dedup();
        assert!(drawn.len() == 40 && drawn.iter().all(|item| items.contains(item)));
        assert_eq!(median_of(&[vec![1.0, 9.0], vec![1e9, 3.0], vec![2.0, 4.0]]), [2.0, 4.0]);
        assert_eq!(subsample(&items, 100, &mut Seed(1).stream("a")), items);
    }
}
