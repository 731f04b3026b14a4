//! Codes that can be read back from what was made of them (Chen et al. 2016, "InfoGAN").

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, loss};

use super::config::MOST_WEIGHT;
use super::warp::WarpConfig;
use crate::nn::{Activation, Scope, dense};

/// The codes, and how much reading them back counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct InfoConfig {
    /// Values of a category, 2 to 10000; 0 is no category.
    pub categories: usize,
    /// Codes drawn uniformly within -1 and 1, at most 1000.
    pub continuous: usize,
    /// Weight of reading the category back in the losses of both networks, above 0.
    pub weight: f32,
    /// That of reading the continuous codes back, above 0.
    pub continuous_weight: f32,
    /// Units of a layer of its own that reading has, at most 65536; 0 is none.
    pub hidden: usize,
    /// Whether the generator learns to be read, too. Without, a head reads the codes of a plain GAN, as a control.
    pub cooperate: bool,
    /// The category is read from images after they were warped by this, so that it stands for what a warp leaves as it is;
    /// off by default. Codes are read from the images as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warp: Option<WarpConfig>,
    /// Weight in the discriminator's loss of the information that the category read from a real image and that read from
    /// the same image warped have of each other (Ji, Henriques and Vedaldi 2019, equation 3). 0 is off.
    pub agreement: f32,
}

impl Default for InfoConfig {
    fn default() -> Self {
        Self {
            categories: 10,
            continuous: 2,
            weight: 1.0,
            continuous_weight: 1.0,
            hidden: 128,
            cooperate: true,
            warp: None,
            agreement: 0.0,
        }
    }
}

/// `ln(2 pi) / 2`.
const HALF_LN_2_PI: f32 = 0.918_938_5;

/// What is read from rows.
#[derive(Clone, Copy)]
pub(super) struct Reading<'g> {
    /// `[.., categories]`.
    pub(super) logits: Option<Expr<'g>>,
    /// The means of codes, `[.., continuous]`.
    pub(super) codes: Option<Expr<'g>>,
}

impl InfoConfig {
    pub(super) const NONE: Self = Self {
        categories: 0,
        continuous: 0,
        weight: 0.0,
        continuous_weight: 0.0,
        hidden: 0,
        cooperate: false,
        warp: None,
        agreement: 0.0,
    };

    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let wrong = |field, value: usize, allowed| Some((field, value.to_string(), allowed));
        let is_weight = |weight: f32| (0.0..=MOST_WEIGHT).contains(&weight);
        match self {
            Self { categories: n, .. } if *n == 1 || *n > 10_000 => {
                wrong("info.categories", *n, "0, or 2 to 10000")
            }
            Self { continuous: n, .. } if *n > 1000 => wrong("info.continuous", *n, "0 to 1000"),
            Self { hidden: n, .. } if *n > 65_536 => wrong("info.hidden", *n, "0 to 65536"),
            Self { categories: 0, continuous: 0, .. } => {
                wrong("info.categories", 0, "2 to 10000 where there is no `continuous`")
            }
            Self { weight, .. } if !is_weight(*weight) || *weight == 0.0 => {
                Some(("info.weight", weight.to_string(), "above 0, to 1000000"))
            }
            Self { continuous_weight: weight, .. } if !is_weight(*weight) || *weight == 0.0 => {
                Some(("info.continuous-weight", weight.to_string(), "above 0, to 1000000"))
            }
            Self { agreement, .. } if !is_weight(*agreement) => {
                Some(("info.agreement", agreement.to_string(), "0 to 1000000"))
            }
            Self { warp, .. } => warp.and_then(|warp| warp.out_of_range()),
        }
    }

    /// Reads codes from the discriminator's features.
    pub(super) fn read<'g>(&self, scope: &mut Scope<'g>, features: Expr<'g>) -> Reading<'g> {
        let mut hidden = features;
        if self.hidden > 0 {
            hidden = Activation::LeakyRelu.apply(dense(scope, "reader.hidden", features, self.hidden));
            scope.describe("reader.hidden", "dense, leaky-relu", &[self.hidden]);
        }
        let logits = (self.categories > 0).then(|| {
            let logits = dense(scope, "reader.category", hidden, self.categories);
            scope.describe("reader.category", "dense, softmax", &[self.categories]);
            logits
        });
        let codes = (self.continuous > 0).then(|| {
            let mean = dense(scope, "reader.mean", hidden, self.continuous);
            scope.describe("reader.mean", "dense, linear", &[self.continuous]);
            mean
        });
        Reading { logits, codes }
    }
}

impl<'g> Reading<'g> {
    /// `-ln Q(category | x)` and `-ln Q(codes | x)`, a normal density of variance 1 as in the authors' code, of each row, nats
    /// (their equation 5 without the entropy), with a last axis of length 1.
    pub(super) fn losses(self, category: Option<Expr<'g>>, codes: Option<Expr<'g>>) -> [Option<Expr<'g>>; 2] {
        let of_category = self.logits.zip(category).map(|(logits, is)| loss::cross_entropy(logits, is));
        // With a variance that is learned, there is no end to what reading codes more exactly is worth, and they take over what
        // the category should say.
        let of_codes = self.codes.zip(codes).map(|(mean, is)| {
            let terms = (mean - is).square() * 0.5 + HALF_LN_2_PI;
            terms.sum(terms.shape().dims.len() - 1)
        });
        [of_category, of_codes]
    }
}

/// The information in nats that the categories read from the same rows in two ways have of each other, a scalar; at most
/// the logarithm of their number (Ji, Henriques and Vedaldi 2019, equation 3).
pub(super) fn agreement<'g>(one: Expr<'g>, other: Expr<'g>) -> Expr<'g> {
    const TINY: f32 = 1e-12;
    let together = one.softmax().contract(other.softmax());
    let k = together.shape().dims[0];
    let joint = (together + together.permute(&[1, 0])) / (together.sum_width() * 2.0);
    let entropy = |shares: Expr<'g>| -(shares * (shares + TINY).ln()).sum_width().reshape(&[]);
    // Both have the same shares, as the joint ones are symmetric.
    entropy(joint.sum(1).reshape(&[k])) * 2.0 - entropy(joint)
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Feed, Graph, Pool, States};

    use super::*;

    fn agreed(one: &[f32], other: &[f32]) -> f32 {
        let graph = Graph::new();
        let (a, b) = (graph.rows("one", &[2]), graph.rows("other", &[2]));
        let mut plan = graph.compile(&[agreement(a, b)], &[]).unwrap();
        let mut states = States::new(&graph, 1);
        let feeds = [Feed::Rows(one), Feed::Rows(other)];
        plan.run(&mut Pool::new(1), &mut states, &feeds, one.len() / 2, Draw::default()).unwrap();
        plan.output(0)[0]
    }

    #[test]
    fn agreement_is_the_information_of_a_table_of_both_readings() {
        let (first, second) = ([40.0, 0.0], [0.0, 40.0]);
        let rows = |each: &[[f32; 2]]| each.concat();
        let ln_2 = 2f32.ln();
        let both = rows(&[first, second, first, second]);
        assert!((agreed(&both, &both) - ln_2).abs() < 1e-5);
        // One says nothing of the other.
        let other = rows(&[first, first, second, second]);
        assert!(agreed(&both, &other).abs() < 1e-5);
        // Always the same category: there is nothing to know.
        let same = rows(&[first; 4]);
        assert!(agreed(&same, &same).abs() < 1e-5);
        // Three of four rows alike: joint shares 1/2, 1/8, 1/8, 1/4, each reading 5/8 and 3/8.
        let mostly = rows(&[first, second, first, first]);
        let h = |shares: &[f32]| -> f32 { shares.iter().map(|p| -p * p.ln()).sum() };
        let want = 2.0 * h(&[0.625, 0.375]) - h(&[0.5, 0.125, 0.125, 0.25]);
        assert!((agreed(&both, &mostly) - want).abs() < 1e-5);
    }
}
