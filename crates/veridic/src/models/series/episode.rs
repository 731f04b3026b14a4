//! Rare points that do not say what is usual.

use std::ops::Range;

use super::surprise::Ranks;

/// The chance that something is set aside of a series whose statistic falls off as it does below, in nats.
const NATS: f64 = 6.0;
/// Where the tail of the highest values of blocks begins, and where it is looked at.
const TAIL: (f64, f64) = (0.5, 0.75);
/// The least decay of a tail, as a share of where it begins.
const LEAST_DECAY: f64 = 0.02;
/// Fewer blocks say nothing.
const LEAST_BLOCKS: usize = 8;
/// What comes more often is usual,
const MOST_EPISODES: usize = 8;
/// and so is what holds more than this share of the points.
const MOST_POINTS: f64 = 0.1;

/// A statistic of each point of each part that is high where something is unusual.
pub(super) struct Statistic<'a> {
    pub(super) of: Vec<&'a [f64]>,
    /// Points of the windows that it is of.
    pub(super) span: usize,
    /// What is nothing, in its units.
    pub(super) floor: f64,
}

impl Statistic<'_> {
    /// The value above which a point is too unusual, by the highest values of blocks of `block` points: half of them say where their
    /// tail begins and a quarter how it falls off, so that unusual blocks, if they are fewer, have no part in it.
    fn bound(&self, block: usize) -> Option<f64> {
        let highest = |part: &&[f64]| -> Vec<f64> {
            let n = (part.len() / block).max(1);
            let place = |i: usize| i * part.len() / n;
            let of =
                |i: usize| part[place(i)..place(i + 1)].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (0..n).map(of).collect()
        };
        let highest: Vec<f64> =
            self.of.iter().filter(|part| part.len() >= self.span).flat_map(highest).collect();
        if highest.len() < LEAST_BLOCKS {
            return None;
        }
        let blocks = highest.len() as f64;
        let ranks = Ranks::of(highest);
        let (start, further) = (ranks.quantile(TAIL.0), ranks.quantile(TAIL.1));
        let least = self.floor.max(LEAST_DECAY * start.abs());
        let decay = ((further - start) / ((1.0 - TAIL.0) / (1.0 - TAIL.1)).ln()).max(least);
        Some(start + decay * (NATS + blocks.ln() + (1.0 - TAIL.0).ln()))
    }

    /// The points of each part that are too unusual, if they are rare.
    fn episodes(&self, block: usize) -> Vec<Vec<Range<usize>>> {
        let nothing = || vec![Vec::new(); self.of.len()];
        let Some(bound) = self.bound(block) else { return nothing() };
        let (mut found, mut n_episodes, mut n_points) = (nothing(), 0, 0);
        for (part, found) in self.of.iter().zip(&mut found).filter(|(part, _)| part.len() >= self.span) {
            let mut runs: Vec<Range<usize>> = Vec::new();
            for i in (0..part.len()).filter(|&i| part[i] > bound) {
                match runs.last_mut() {
                    Some(run) if i - run.end < self.span => run.end = i + 1,
                    _ => runs.push(i..i + 1),
                }
            }
            let is_new = |i: usize| i == 0 || runs[i].start - runs[i - 1].end > block;
            n_episodes += (0..runs.len()).filter(|&i| is_new(i)).count();
            *found = runs.into_iter().map(|run| shared(&run, self.span)).collect();
            n_points += found.iter().map(ExactSizeIterator::len).sum::<usize>();
        }
        let all: usize = self.of.iter().map(|part| part.len()).sum();
        if n_episodes > MOST_EPISODES || n_points as f64 > MOST_POINTS * all as f64 {
            return nothing();
        }
        found
    }
}

/// The points that all windows share whose middles are a run or, of a run longer than a window, that are half a window inside it.
fn shared(run: &Range<usize>, span: usize) -> Range<usize> {
    let (first, last) = (run.start + span / 2, (run.end - 1).saturating_sub(span / 2));
    first.min(last)..first.max(last) + 1
}

/// For each part the stretches that are too unusual to say what is usual, in order; `block` points are looked at together.
///
/// A stretch is if the statistic is further out in it than an exponential tail would be in as many blocks with a chance of e^-6; what is
/// found more than eight times, or in more than a tenth of the points, is usual.
pub(super) fn unusual(statistic: &Statistic<'_>, block: usize) -> Vec<Vec<Range<usize>>> {
    statistic.episodes(block.max(1))
}

/// Whether each of `n` points is the middle of a window of `span` points that shares none with the stretches.
pub(super) fn is_apart(n: usize, aside: &[Range<usize>], span: usize) -> Vec<bool> {
    let mut apart = vec![true; n];
    for range in aside {
        let reach = if span > 1 { span / 2 + 1 } else { 0 };
        apart[range.start.saturating_sub(reach).min(n)..(range.end + reach).min(n)].fill(false);
    }
    apart
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "lists of stretches, of which there is one")]
mod tests {
    use super::*;

    fn noise(n: usize) -> Vec<f64> {
        let one = |i: u64| ((i.wrapping_mul(2_654_435_761) >> 7) % 1009) as f64 / 1009.0;
        (0..n as u64).map(|i| 1.0 + one(i) + one(i * i + 7)).collect()
    }

    fn found(values: &[f64], span: usize) -> Vec<Range<usize>> {
        unusual(&Statistic { of: vec![values], span, floor: 0.05 }, 64).remove(0)
    }

    #[test]
    fn what_is_rare_and_far_out_is_found_where_it_is() {
        let mut values = noise(3000);
        assert!(found(&values, 64).is_empty() && found(&values, 1).is_empty());
        // A point raises the windows around it.
        values[968..1032].fill(60.0);
        assert_eq!(found(&values, 64), std::slice::from_ref(&(999..1001)));
        // A stretch of 150 points does.
        values[968..1182].fill(60.0);
        assert_eq!(found(&values, 64), std::slice::from_ref(&(1000..1150)));
        assert_eq!(found(&values, 1), std::slice::from_ref(&(968..1182)));
        values[2000] = f64::INFINITY;
        assert_eq!(found(&values, 1).len(), 2);
    }

    #[test]
    fn what_comes_often_is_usual() {
        let mut values = noise(4000);
        for i in 0..12 {
            values[100 + 320 * i] = 90.0;
        }
        assert!(found(&values, 1).is_empty());
        let mut long = noise(3000);
        long[1000..1400].fill(50.0);
        assert!(found(&long, 1).is_empty());
        assert!(found(&noise(300), 64).is_empty(), "four blocks say nothing");
        assert!(found(&[], 64).is_empty());
    }

    #[test]
    fn points_whose_windows_hold_one_are_not_apart_from_it() {
        let aside = std::slice::from_ref(&(5..6));
        let kept = is_apart(10, aside, 2);
        assert_eq!((0..10).filter(|&i| !kept[i]).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        assert_eq!(is_apart(10, aside, 1).iter().filter(|kept| !**kept).count(), 1);
    }
}
