//! Stretches of a series: from flags by point, merged, and how many are found.

use std::ops::{AddAssign, Range};

/// The stretches of true flags, in order.
pub fn flagged_ranges(flags: &[bool]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut from = 0;
    for run in flags.chunk_by(|a, b| a == b) {
        if run[0] {
            ranges.push(from..from + run.len());
        }
        from += run.len();
    }
    ranges
}

/// Joins stretches with at most `gap` unflagged points between them; `ranges` are in order and do not overlap.
pub fn merged_ranges(ranges: &[Range<usize>], gap: usize) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end + gap => last.end = last.end.max(range.end),
            _ => merged.push(range.clone()),
        }
    }
    merged
}

/// Unusual stretches that were found or not, and alarms that found none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentCounts {
    /// Unusual stretches that an alarm overlaps.
    pub true_positives: u64,
    /// Alarms that overlap no unusual stretch.
    pub false_positives: u64,
    /// Unusual stretches without an alarm.
    pub false_negatives: u64,
}

impl SegmentCounts {
    /// Counts overlaps of unusual stretches with alarms, one point being enough.
    ///
    /// One alarm may find several stretches, and several alarms in one stretch count once; point-adjusted counts, which a
    /// random score does well on, are not offered.
    /// Source: the overlapping segments of Orion (Geiger et al., 2020; Wong et al., 2022).
    pub fn of(unusual: &[Range<usize>], alarms: &[Range<usize>]) -> Self {
        let overlap = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        let found = unusual.iter().filter(|u| alarms.iter().any(|a| overlap(u, a))).count() as u64;
        let false_alarms = alarms.iter().filter(|a| !unusual.iter().any(|u| overlap(u, a))).count() as u64;
        Self {
            true_positives: found,
            false_positives: false_alarms,
            false_negatives: unusual.len() as u64 - found,
        }
    }

    /// `2 TP / (2 TP + FP + FN)`, 0 to 1, higher is better; `None` without stretches and alarms. For several series the
    /// counts are added up first.
    pub fn f1(&self) -> Option<f64> {
        let all = 2 * self.true_positives + self.false_positives + self.false_negatives;
        (all > 0).then(|| 2.0 * self.true_positives as f64 / all as f64)
    }
}

impl AddAssign for SegmentCounts {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_ranges_and_near_ones_merge() {
        let flags: Vec<bool> = "0110010001".chars().map(|c| c == '1').collect();
        let ranges = flagged_ranges(&flags);
        assert_eq!(ranges, [1..3, 5..6, 9..10]);
        assert_eq!(merged_ranges(&ranges, 1), [1..3, 5..6, 9..10]);
        assert_eq!(merged_ranges(&ranges, 2), [1..6, 9..10]);
        assert_eq!(merged_ranges(&ranges, 3), vec![1..10; 1]);
        assert!(flagged_ranges(&[]).is_empty() && flagged_ranges(&[false]).is_empty());
    }

    #[test]
    fn overlaps_count_by_stretch_and_by_alarm() {
        // The first alarm finds two stretches, the next two one, the last none; one stretch stays unfound.
        let unusual = [0..10, 20..30, 50..60, 90..91];
        let alarms = [9..21, 50..51, 55..56, 60..70];
        let counts = SegmentCounts::of(&unusual, &alarms);
        assert_eq!(counts, SegmentCounts { true_positives: 3, false_positives: 1, false_negatives: 1 });
        assert_eq!(counts.f1(), Some(0.75));
        let mut sum = counts;
        sum += SegmentCounts::of(&[], std::slice::from_ref(&(0..1)));
        assert_eq!((sum.false_positives, SegmentCounts::default().f1()), (2, None));
    }
}
