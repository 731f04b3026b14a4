//! Values beside those a season before.

use serde::{Deserialize, Serialize};

use super::average::{median, moving_average};
use super::part::Part;

/// How far each value is from the one a period before, averaged over a period.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct SeasonalNaiveConfig {
    /// Points of a season, from 1; the period of the series without.
    pub window: Option<usize>,
}

/// The first season gets the median, as nothing is known of what was before.
pub(super) fn score(part: &Part<'_>, window: usize) -> Vec<f64> {
    let values = &part.values;
    let later = values.get(window..).unwrap_or_default();
    let changes: Vec<f64> = later.iter().zip(values).map(|(now, before)| (now - before).abs()).collect();
    let mut scores = vec![median(&changes); window.min(values.len())];
    scores.extend(changes);
    moving_average(&scores, window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_that_repeats_scores_zero_and_a_change_scores_twice() {
        let mut values: Vec<f64> = (0..60).map(|i| f64::from(i % 6)).collect();
        let times: Vec<f64> = (0..60).map(f64::from).collect();
        let part = |values| Part { entity: "", times: &times, values, filled: Vec::new() };
        assert_eq!(score(&part(values.clone()), 6), [0.0; 60]);
        values[30] += 3.0;
        let scores = score(&part(values), 6);
        assert_eq!((scores[30], scores[36], scores[20], scores[50]), (0.5, 0.5, 0.0, 0.0));
    }
}
