//! Codes that can be read back from what was made of them (Chen et al. 2016, "InfoGAN").

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, loss};

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
    };

    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let wrong = |field, value: usize, allowed| Some((field, value.to_string(), allowed));
        match self {
            Self { categories: n, .. } if *n == 1 || *n > 10_000 => {
                wrong("info.categories", *n, "0, or 2 to 10000")
            }
            Self { continuous: n, .. } if *n > 1000 => wrong("info.continuous", *n, "0 to 1000"),
            Self { hidden: n, .. } if *n > 65_536 => wrong("info.hidden", *n, "0 to 65536"),
            Self { categories: 0, continuous: 0, .. } => {
                wrong("info.categories", 0, "2 to 10000 where there is no `continuous`")
            }
            Self { weight, .. } if !(*weight > 0.0 && weight.is_finite()) => {
                Some(("info.weight", weight.to_string(), "above 0"))
            }
            Self { continuous_weight: weight, .. } if !(*weight > 0.0 && weight.is_finite()) => {
                Some(("info.continuous-weight", weight.to_string(), "above 0"))
            }
            _ => None,
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
