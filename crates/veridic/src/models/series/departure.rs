//! Which points of a stretch depart from the usual course.

use std::ops::Range;

use super::average::prefix_sums;
use super::near::{Near, means};
use super::part::Part;

/// Windows of a stretch that are looked at, about.
const WINDOWS: usize = 128;
/// The share of a window's blocks that may be anything: the course is that of the others.
const FREE: usize = 4;
/// Windows that say what departures are usual.
const SAMPLE: usize = 64;
/// What is usual: this share of departures is smaller; but no more than so many times what this other share is smaller than, as what is
/// learned from may hold long unusual stretches.
const USUAL: f64 = 0.99;
const COMMON: (f64, f32) = (0.9, 2.0);

/// Which points of a window say what its usual course is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Any.
    Around,
    /// Those before: only the last quarter of a window is looked at, so that what comes later does not make what is before it unusual.
    Before,
}

impl Near {
    /// For each point of `stretch` how far it is from the usual course, in the mean of the windows that hold it; not a number where none
    /// is looked at.
    ///
    /// The usual course of a window is the median of the references that are nearest to it if a quarter of its blocks, those
    /// that differ most, are not counted: they are the ones that stand out then. A distance alone says only that something in
    /// the window does.
    pub(super) fn departures(&self, part: &Part<'_>, stretch: Range<usize>, course: Course) -> Vec<f64> {
        let span = self.span();
        let first = match course {
            Course::Around => 0,
            Course::Before => self.blocks - (self.blocks / FREE).max(1),
        };
        let until = stretch.end.saturating_sub(first * self.length);
        let starts = stretch.start.saturating_sub(span - 1)..until.min((part.len() + 1).saturating_sub(span));
        // Odd, so that blocks of two points begin at either of them.
        let most = (self.blocks - first) * self.length / 2;
        let step = (starts.len().div_ceil(WINDOWS) | 1).min(most.max(1));
        let mut sums = vec![(0.0, 0.0); stretch.len()];
        self.courses(part, starts.step_by(step), |start, away| {
            for (block, away) in away.iter().enumerate().skip(first) {
                let from = start + block * self.length;
                for i in from.max(stretch.start)..(from + self.length).min(stretch.end) {
                    let (sum, count) = &mut sums[i - stretch.start];
                    *sum += f64::from(*away);
                    *count += 1.0;
                }
            }
        });
        sums.into_iter().map(|(sum, count)| sum / count).collect()
    }

    /// The 99 % quantile of the departures of blocks in parts that were learned from, at most twice their 90 % quantile.
    pub(super) fn usual_departure(&self, parts: &[Part<'_>]) -> f64 {
        let span = self.span();
        let count: usize = parts.iter().map(|part| (part.len() + 1).saturating_sub(span)).sum();
        let every = count.div_ceil(SAMPLE).max(1);
        let mut found = Vec::new();
        for part in parts {
            let starts = (0..(part.len() + 1).saturating_sub(span)).step_by(every);
            self.courses(part, starts, |_, away| found.extend_from_slice(away));
        }
        if found.is_empty() {
            return 0.0;
        }
        let last = (found.len() - 1) as f64;
        let mut quantile =
            |share: f64| *found.select_nth_unstable_by((share * last) as usize, f32::total_cmp).1;
        f64::from(quantile(USUAL).min(COMMON.1 * quantile(COMMON.0)))
    }

    /// Hands on, for each window, how far its blocks are from the usual course.
    fn courses(
        &self,
        part: &Part<'_>,
        starts: impl Iterator<Item = usize>,
        mut with: impl FnMut(usize, &[f32]),
    ) {
        let sums = prefix_sums(part.values.iter().copied());
        let references = &self.references;
        let count = (part.len() + 1).saturating_sub(self.span());
        let own = references.own(part, count, &|start, row: &mut Vec<f32>| {
            row.extend(means(&sums, start, self.length, self.blocks));
        });
        let counted = self.blocks - self.blocks / FREE;
        let (mut squares, mut nearest) = (vec![0.0f32; self.blocks], Vec::new());
        for start in starts {
            let window: Vec<f32> = means(&sums, start, self.length, self.blocks).collect();
            nearest.clear();
            for (at, place) in own.iter().enumerate() {
                if place.is_some_and(|place| place.abs_diff(start) <= references.reach) {
                    continue;
                }
                let pairs = window.iter().zip(references.rows.row(at));
                squares.iter_mut().zip(pairs).for_each(|(square, (a, b))| *square = (a - b) * (a - b));
                squares.select_nth_unstable_by(counted - 1, f32::total_cmp);
                let distance: f32 = squares[..counted].iter().sum();
                let after = nearest.partition_point(|(other, _)| *other <= distance);
                if after < references.k {
                    nearest.insert(after, (distance, at));
                    nearest.truncate(references.k);
                }
            }
            let away = window.iter().enumerate().map(|(block, value)| {
                let mut away: Vec<f32> =
                    nearest.iter().map(|(_, at)| value - references.rows.row(*at)[block]).collect();
                away.sort_unstable_by(f32::total_cmp);
                away.get(away.len() / 2).map_or(0.0, |away| away.abs())
            });
            with(start, &away.collect::<Vec<_>>());
        }
    }
}

/// The shortest stretch that holds nearly all, 19 in 20, of `evidence`, and the place of its highest value; nothing where there is none.
pub(super) fn shortest(evidence: &[f64]) -> Option<Range<usize>> {
    const HELD: f64 = 0.95;
    let needed = HELD * evidence.iter().sum::<f64>();
    if needed <= 0.0 {
        return None;
    }
    let (mut from, mut held) = (0, 0.0);
    let mut found: Option<Range<usize>> = None;
    for (to, value) in evidence.iter().enumerate() {
        held += value;
        while held - evidence[from] >= needed {
            held -= evidence[from];
            from += 1;
        }
        if held >= needed && found.as_ref().is_none_or(|found| to + 1 - from < found.len()) {
            found = Some(from..to + 1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_value_stands_out_where_it_is_and_a_shift_as_long_as_it_lasts() {
        let mut values: Vec<f64> =
            (0..2000).map(|i| (f64::from(i) * 0.13).sin() + f64::from(i * 7919 % 101) / 1000.0).collect();
        let times: Vec<f64> = (0..2000).map(f64::from).collect();
        values[700] += 4.0;
        values[1200..1300].iter_mut().for_each(|value| *value += 4.0);
        let part = Part { entity: "", times: &times, values, filled: Vec::new() };
        let near = Near::fit(std::slice::from_ref(&part), 64, 32, 1000, 5);
        let usual = near.usual_departure(std::slice::from_ref(&part));
        let lone = near.departures(&part, 600..800, Course::Around);
        assert!((lone[100] - 2.0).abs() < 0.3 && (0.5..1.5).contains(&lone[101]), "{:?}", &lone[97..104]);
        let others = lone.iter().enumerate().filter(|(i, _)| i.abs_diff(100) > 1);
        assert!(others.fold(0.0, |most: f64, (_, away)| most.max(*away)) < 0.5);
        let shift = near.departures(&part, 1150..1350, Course::Around);
        assert!(shift[60..140].iter().all(|away| *away > 1.0) && shift[..20].iter().all(|away| *away < 0.3));
        // By what was before, nothing departs until it does.
        let shift = near.departures(&part, 1150..1350, Course::Before);
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        assert!(mean(&shift[..48]) < 0.3 * mean(&shift[50..60]), "{:?}", &shift[40..60]);
        assert!(usual < 1.0, "{usual}");
    }

    #[test]
    fn the_shortest_stretch_holds_nearly_all() {
        let mut evidence = vec![0.0; 50];
        assert_eq!(shortest(&evidence), None);
        evidence[20] = 5.0;
        evidence[3] = 0.1;
        assert_eq!(shortest(&evidence), Some(20..21));
        evidence[30..34].fill(4.0);
        assert_eq!(shortest(&evidence), Some(20..34));
        assert_eq!(shortest(&[1.0; 100]), Some(0..95));
    }
}
