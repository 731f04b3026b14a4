//! From scores to yes and no.

/// Which rows are called anomalies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// The share of rows with the highest scores, 0 to 1.
    Contamination(f64),
    /// So many rows with the highest scores.
    Budget(usize),
    /// Rows with a score of at least this.
    Score(f64),
    /// Rows with a tail probability of at most this, 0 to 1: about the share of ordinary rows that is called so.
    FalseAlarms(f64),
}

/// For each row whether it is called an anomaly; `tail` is as long as `scores`.
///
/// Of equal scores at the edge the first rows are taken, so that never more are called than asked for.
pub fn threshold(scores: &[f64], tail: &[f64], rule: Threshold) -> Vec<bool> {
    let count = match rule {
        Threshold::Score(least) => return scores.iter().map(|score| *score >= least).collect(),
        Threshold::FalseAlarms(most) => return tail.iter().map(|share| *share <= most).collect(),
        Threshold::Contamination(share) => (share.clamp(0.0, 1.0) * scores.len() as f64).round() as usize,
        Threshold::Budget(count) => count,
    };
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut called = vec![false; scores.len()];
    order.iter().take(count).for_each(|i| called[*i] = true);
    called
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_call_the_highest() {
        let (scores, tail) = ([1.0, 5.0, 3.0, 5.0], [0.9, 0.01, 0.2, 0.01]);
        let called = |rule| threshold(&scores, &tail, rule);
        assert_eq!(called(Threshold::Budget(1)), [false, true, false, false]);
        assert_eq!(called(Threshold::Contamination(0.5)), [false, true, false, true]);
        assert_eq!(called(Threshold::Score(3.0)), [false, true, true, true]);
        assert_eq!(called(Threshold::FalseAlarms(0.2)), [false, true, true, true]);
        assert_eq!(called(Threshold::Budget(9)), [true; 4]);
        assert!(threshold(&[], &[], Threshold::Contamination(0.1)).is_empty());
    }
}
