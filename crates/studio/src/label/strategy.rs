//! What to ask next, as far as labels and proposals tell.

use serde::Serialize;
use veridic::data::Matrix;
use veridic::label;
use veridic::seed::Seed;

/// Rows at the head of the order that are chosen to differ.
const BATCH: usize = 24;
/// Rows among which typical ones are looked for at most.
const SAMPLE: usize = 6000;
/// A class with at most this share of the labels is rare: finding it is part of the work.
const RARE: f64 = 0.1;
/// Labels from which a class can be told to be rare.
const FEWEST: usize = 20;
/// With more classes than this, one of them is always rare.
const MOST_RARE: usize = 5;

/// Why a row is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Why {
    /// The model is unsure of it.
    Unsure,
    /// The model takes it for the rare class.
    Likely,
    /// Its values are unusual.
    Unusual,
    /// It stands for many others.
    Typical,
    /// By chance.
    Random,
    /// It was shown before and not decided.
    Again,
    /// Somebody asked for it.
    Chosen,
}

/// What is known when an order is made.
pub(crate) struct Known<'a> {
    /// Once they are made.
    pub(crate) features: Option<&'a Matrix>,
    /// Probabilities of the classes, once there are labels of two.
    pub(crate) proposals: Option<&'a Matrix>,
    /// How unusual each row is.
    pub(crate) anomaly: Option<&'a [f32]>,
    /// Rows labelled with each class.
    pub(crate) counts: &'a [usize],
    /// Names of the classes.
    pub(crate) classes: &'a [String],
    /// Rows without a decision.
    pub(crate) open: &'a [u32],
}

/// Rows to ask in order, and what the order is in a few words.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub(crate) rows: Vec<(u32, Why)>,
    pub(crate) about: String,
}

/// The order in which to ask.
///
/// Before two classes are known: half the most unusual rows of a table, half random ones; of images those that stand for
/// the most others, then random ones. Afterwards three quarters of what the model is unsure of, the first of them chosen to
/// differ, and a quarter random; with a class that is rare among the labels, half what is likely to be of it, and less
/// chance.
pub(crate) fn order(known: &Known<'_>, seed: Seed) -> Order {
    let random = label::random(known.open, seed);
    let Some(shares) = known.proposals else { return cold(known, &random, seed) };
    let unsure_scores = label::margin(shares);
    let mut unsure = Vec::new();
    if let Some(features) = known.features {
        unsure = label::diverse(features, &unsure_scores, known.open, BATCH, seed).unwrap_or_default();
    }
    unsure.extend(label::highest_first(&unsure_scores, known.open));
    let total: usize = known.counts.iter().sum();
    let seen = known.counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let rarest = seen.min_by_key(|(_, count)| **count).map(|(class, count)| (class, *count));
    match rarest {
        Some((class, count))
            if total >= FEWEST
                && (count as f64) < RARE * total as f64
                && class < shares.n_cols
                && known.counts.len() <= MOST_RARE =>
        {
            let likely_scores: Vec<f32> = (0..shares.n_rows).map(|row| shares.row(row)[class]).collect();
            let likely = label::highest_first(&likely_scores, known.open);
            let name = known.classes.get(class).map_or("", String::as_str);
            of_parts(
                &[(0.5, &likely, Why::Likely), (0.4, &unsure, Why::Unsure), (0.1, &random, Why::Random)],
                format!("half likely {name}, the rest unsure or by chance"),
            )
        }
        _ => of_parts(
            &[(0.75, &unsure, Why::Unsure), (0.25, &random, Why::Random)],
            "three in four where the model is unsure, one by chance".to_string(),
        ),
    }
}

fn cold(known: &Known<'_>, random: &[u32], seed: Seed) -> Order {
    if let Some(scores) = known.anomaly {
        let unusual = label::highest_first(scores, known.open);
        let about = "half the most unusual rows, half by chance, until two classes are known".to_string();
        return of_parts(&[(0.5, &unusual, Why::Unusual), (0.5, random, Why::Random)], about);
    }
    let typical = known.features.and_then(|features| {
        let sample = &random[..random.len().min(SAMPLE)];
        label::typical_of_graph(features, sample, BATCH, (seed, 1)).ok()
    });
    let (typical, about) = match &typical {
        Some(typical) => {
            (typical.as_slice(), "what stands for the most others first, until two classes are known")
        }
        None => (&[][..], "by chance, until two classes are known"),
    };
    let rows = typical.iter().map(|row| (*row, Why::Typical));
    let is_typical: std::collections::BTreeSet<u32> = typical.iter().copied().collect();
    let rest = random.iter().filter(|row| !is_typical.contains(row)).map(|row| (*row, Why::Random));
    Order { rows: rows.chain(rest).collect(), about: about.to_string() }
}

fn of_parts(parts: &[(f64, &[u32], Why)], about: String) -> Order {
    let shares: Vec<(f64, &[u32])> = parts.iter().map(|(share, rows, _)| (*share, *rows)).collect();
    let rows = label::mixture(&shares).into_iter().map(|(row, part)| (row, parts[part].2)).collect();
    Order { rows, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whys(order: &Order, n: usize) -> Vec<Why> {
        order.rows[..n].iter().map(|(_, why)| *why).collect()
    }

    #[test]
    fn a_cold_start_asks_unusual_rows_and_random_ones_by_turns() {
        let anomaly: Vec<f32> = (0..40).map(|i| if i == 33 { 9.0 } else { 0.0 }).collect();
        let open: Vec<u32> = (0..40).collect();
        let known = Known {
            features: None,
            proposals: None,
            anomaly: Some(&anomaly),
            counts: &[0, 0],
            classes: &[],
            open: &open,
        };
        let order = order(&known, Seed(1));
        assert_eq!(order.rows[0], (33, Why::Unusual));
        assert_eq!(whys(&order, 4), [Why::Unusual, Why::Random, Why::Unusual, Why::Random]);
        assert_eq!(order.rows.len(), 40);
    }

    #[test]
    fn images_start_with_what_is_typical() {
        let values = (0..90).map(|i| (i % 3 * 50) as f32 + (i / 3) as f32 * 0.1).collect();
        let features = Matrix { n_rows: 90, n_cols: 1, values };
        let open: Vec<u32> = (0..90).collect();
        let known = Known {
            features: Some(&features),
            proposals: None,
            anomaly: None,
            counts: &[0; 3],
            classes: &[],
            open: &open,
        };
        let order = order(&known, Seed(1));
        assert_eq!(order.rows.len(), 90);
        assert!(whys(&order, BATCH).iter().all(|why| *why == Why::Typical));
        let first: std::collections::BTreeSet<u32> =
            order.rows[..BATCH].iter().map(|(row, _)| row % 3).collect();
        assert_eq!(first.len(), 3);
    }

    #[test]
    fn with_proposals_three_in_four_are_unsure_and_with_a_rare_class_half_are_likely() {
        let shares: Vec<f32> = (0..100).flat_map(|i| [i as f32 / 100.0, 1.0 - i as f32 / 100.0]).collect();
        let shares = Matrix { n_rows: 100, n_cols: 2, values: shares };
        let open: Vec<u32> = (0..100).collect();
        let names = ["fraud".to_string(), "genuine".to_string()];
        let known = |counts| Known {
            features: None,
            proposals: Some(&shares),
            anomaly: None,
            counts,
            classes: &names,
            open: &open,
        };
        let balanced = order(&known(&[10, 12]), Seed(0));
        assert_eq!(balanced.rows[0], (50, Why::Unsure));
        assert_eq!(whys(&balanced, 20).iter().filter(|why| **why == Why::Random).count(), 5);
        let rare = order(&known(&[1, 30]), Seed(0));
        assert_eq!(rare.rows[0], (99, Why::Likely));
        assert_eq!(whys(&rare, 20).iter().filter(|why| **why == Why::Likely).count(), 10);
        assert!(rare.about.contains("likely fraud"), "{}", rare.about);
    }
}
