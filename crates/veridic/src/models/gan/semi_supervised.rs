//! A discriminator that learns classes from few labelled rows, and from all rows what real ones are like.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, loss};

use crate::models::prior::one_hot;

/// Where a discriminator says whether a row is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Realness {
    /// In the logits of the classes: `ln Σ exp(l)`, so that `D = Z / (Z + 1)` with `Z = Σ exp(l)` (Salimans et al. 2016,
    /// section 5: a class of made rows whose logit is 0). Nothing is real without being of a class.
    #[default]
    Classes,
    /// In a head of its own beside that of the classes; the two share all layers before.
    Head,
}

/// The settings of learning classes from few labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SemiSupervisedConfig {
    /// Where the discriminator says whether a row is real.
    pub realness: Realness,
    /// Weight of the cross-entropy of made rows, which are then one class more; 0 is off, and `realness = "classes"` has none.
    pub made_class: f32,
    /// Whether rows without a label are real rows to the discriminator: every second row of a batch then has a label. Else
    /// labelled rows alone are learned from.
    pub unlabelled: bool,
    /// Share of the rarest class among the labelled rows of a batch, above 0 to below 1, where it is less; its rows are then
    /// taken more often. By default all are taken equally often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rare: Option<f64>,
    /// Rows are classified by a moving average of the discriminator's weights with this decay, 0 to below 1; 0 is off.
    pub average: f32,
}

impl Default for SemiSupervisedConfig {
    fn default() -> Self {
        Self { realness: Realness::Classes, made_class: 0.0, unlabelled: true, rare: None, average: 0.0 }
    }
}

impl SemiSupervisedConfig {
    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        if !(0.0..=super::config::MOST_WEIGHT).contains(&self.made_class) {
            return Some(("semi-supervised.made-class", self.made_class.to_string(), "0 to 1000000"));
        }
        if self.realness == Realness::Classes && self.made_class > 0.0 {
            let allowed = "0 where `realness` is `classes`, in which made rows are a class already";
            return Some(("semi-supervised.made-class", self.made_class.to_string(), allowed));
        }
        if let Some(rare) = self.rare
            && !(rare > 0.0 && rare < 1.0)
        {
            return Some(("semi-supervised.rare", rare.to_string(), "above 0 to below 1"));
        }
        let is_wrong = !(0.0..1.0).contains(&self.average);
        is_wrong.then(|| ("semi-supervised.average", self.average.to_string(), "0 to below 1"))
    }

    /// Logits of the head of classes, for data of so many.
    pub(super) fn outputs(&self, classes: usize) -> usize {
        classes + usize::from(self.made_class > 0.0)
    }

    /// The mean cross-entropy of the labelled rows among all, by the logits of `classes` and the numbers of their classes (-1
    /// is none); 0 where no row has a label.
    pub(super) fn of_labelled<'g>(&self, classes: Expr<'g>, labels: Expr<'g>) -> Expr<'g> {
        let is = one_hot(labels, classes.shape().width());
        let sum = loss::cross_entropy(classes, is).mean_rows().reshape(&[]);
        let share = is.sum_width().mean_rows().reshape(&[]);
        sum / share.max(classes.graph().constant(1e-6))
    }

    /// The mean cross-entropy of made rows, which are of the last class, with its weight.
    pub(super) fn of_made<'g>(&self, classes: Expr<'g>) -> Option<Expr<'g>> {
        let last = classes.shape().width() - 1;
        let loss = -classes.log_softmax().slice(0, last, 1);
        (self.made_class > 0.0).then(|| loss.mean_rows().reshape(&[]) * self.made_class)
    }

    /// What is said of a row in use: the probability of each output, made rows' too if they are a class, and of each class
    /// alone.
    pub(super) fn recognized<'g>(&self, logits: Expr<'g>, classes: usize) -> Vec<Expr<'g>> {
        vec![logits.softmax(), logits.slice(0, 0, classes).softmax()]
    }
}

/// `ln Σ exp(l)` over the last axis, which keeps length 1.
pub(super) fn log_sum_exp(logits: Expr<'_>) -> Expr<'_> {
    let last = logits.shape().dims.len().saturating_sub(1);
    // Any logit is its logarithmic share and this.
    (logits - logits.log_softmax()).slice(last, 0, 1)
}

/// Training rows in the order of `rows`, those of the rarest class as often as needed for `share` of all; as they are where
/// its share is that already. `class` has the number of each row's.
pub(crate) fn balanced(rows: &[u32], class: impl Fn(u32) -> usize, classes: usize, share: f64) -> Vec<u32> {
    let mut counts = vec![0usize; classes];
    rows.iter().for_each(|&row| counts[class(row)] += 1);
    let Some(rarest) = (0..classes).filter(|&c| counts[c] > 0).min_by_key(|&c| counts[c]) else {
        return rows.to_vec();
    };
    let (rare, others): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&row| class(row) == rarest);
    let wanted = (share / (1.0 - share) * others.len() as f64).round() as usize;
    let times = rare.iter().copied().cycle().take(wanted.max(rare.len()));
    others.into_iter().chain(times).collect()
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Feed, Graph, Pool, States};

    use super::*;

    /// The value of a scalar made of logits `[rows, 3]` and labels.
    fn value(of: impl for<'g> Fn(Expr<'g>, Expr<'g>) -> Expr<'g>, logits: &[f32], labels: &[f32]) -> f32 {
        let graph = Graph::new();
        let (x, label) = (graph.rows("x", &[3]), graph.rows("label", &[1]));
        let mut plan = graph.compile(&[of(x, label)], &[]).unwrap();
        let mut states = States::new(&graph, 0);
        let feeds = [Feed::Rows(logits), Feed::Rows(labels)];
        plan.run(&mut Pool::new(1), &mut states, &feeds, labels.len(), Draw::default()).unwrap();
        plan.scalar(0)
    }

    #[test]
    fn only_labelled_rows_count_and_as_many_as_there_are() {
        let config = SemiSupervisedConfig::default();
        let logits = [1.0, 2.0, 0.5, 9.0, -3.0, 0.0, 0.0, 0.0, 0.0];
        let sum: f32 = logits[..3].iter().map(|l: &f32| l.exp()).sum();
        let first = sum.ln() - 2.0;
        let loss = |labels: &[f32]| value(|x, label| config.of_labelled(x, label), &logits, labels);
        assert!((loss(&[1.0, -1.0, -1.0]) - first).abs() < 1e-5);
        assert!((loss(&[1.0, -1.0, 2.0]) - (first + 3f32.ln()) / 2.0).abs() < 1e-5);
        assert_eq!(loss(&[-1.0, -1.0, -1.0]), 0.0);
    }

    #[test]
    fn realness_is_the_logarithm_of_the_sum() {
        let found = value(|x, _| log_sum_exp(x).mean_rows().reshape(&[]), &[1.0, 2.0, 0.5], &[0.0]);
        let sum: f32 = [1.0f32, 2.0, 0.5].iter().map(|l| l.exp()).sum();
        assert!((found - sum.ln()).abs() < 1e-6);
    }

    #[test]
    fn made_rows_are_of_the_last_class() {
        let config = SemiSupervisedConfig {
            made_class: 0.5,
            realness: Realness::Head,
            ..SemiSupervisedConfig::default()
        };
        assert_eq!(config.outputs(2), 3);
        let found = value(|x, _| config.of_made(x).unwrap(), &[0.0, 0.0, 0.0], &[0.0]);
        assert!((found - 0.5 * 3f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_rarest_class_is_taken_as_often_as_its_share_asks() {
        let rows: Vec<u32> = (0..10).collect();
        let class = |row: u32| usize::from(row < 2);
        let taken = balanced(&rows, class, 2, 0.5);
        assert_eq!(taken, [2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 0, 1, 0, 1, 0, 1]);
        // Two of ten are more than a tenth already.
        assert_eq!(balanced(&rows, class, 2, 0.1).len(), 10);
        assert!(balanced(&[], class, 2, 0.5).is_empty());
    }

    #[test]
    fn values_out_of_range_are_named() {
        let plain = SemiSupervisedConfig::default();
        assert_eq!(plain.out_of_range(), None);
        let of = |config: SemiSupervisedConfig| config.out_of_range().map(|(field, ..)| field);
        assert_eq!(of(SemiSupervisedConfig { made_class: 1.0, ..plain }), Some("semi-supervised.made-class"));
        assert_eq!(of(SemiSupervisedConfig { rare: Some(1.0), ..plain }), Some("semi-supervised.rare"));
        assert_eq!(of(SemiSupervisedConfig { average: 1.0, ..plain }), Some("semi-supervised.average"));
    }
}
