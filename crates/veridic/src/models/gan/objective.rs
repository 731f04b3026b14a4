//! What a discriminator and a generator minimize.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, loss};

/// The adversarial objective. `r` and `f` are the discriminator's output (before a sigmoid) for real and made rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// `-ln σ(r) - ln(1 - σ(f))` against `-ln σ(f)` (Goodfellow et al. 2014, section 3).
    #[default]
    NonSaturating,
    /// The same against `ln(1 - σ(f))`, the game as such (their equation 1).
    Minimax,
    /// `½ (r - 1)² + ½ f²` against `½ (f - 1)²` (Mao et al. 2017, equation 9).
    LeastSquares,
    /// `max(0, 1 - r) + max(0, 1 + f)` against `-f` (Lim and Ye 2017).
    Hinge,
    /// `f - r` against `-f` (Arjovsky, Chintala and Bottou 2017); needs a `penalty`.
    Wasserstein,
}

impl Objective {
    /// The name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::NonSaturating => "non-saturating",
            Self::Minimax => "minimax",
            Self::LeastSquares => "least-squares",
            Self::Hinge => "hinge",
            Self::Wasserstein => "wasserstein",
        }
    }

    /// Whether labels of real and made rows enter it, so that they can be soft.
    pub fn has_labels(self) -> bool {
        matches!(self, Self::NonSaturating | Self::Minimax | Self::LeastSquares)
    }

    /// What the discriminator loses by each real row, with the label it is given (1 if exact).
    pub(super) fn of_real<'g>(self, r: Expr<'g>, label: Expr<'g>) -> Expr<'g> {
        match self {
            Self::NonSaturating | Self::Minimax => loss::binary_cross_entropy(r, label),
            Self::LeastSquares => (r - label).square() * 0.5,
            Self::Hinge => (1.0 - r).relu(),
            Self::Wasserstein => -r,
        }
    }

    /// What the discriminator loses by each made row, with the label it is given (0 if exact).
    pub(super) fn of_made<'g>(self, f: Expr<'g>, label: Expr<'g>) -> Expr<'g> {
        match self {
            Self::Hinge => (f + 1.0).relu(),
            Self::Wasserstein => f,
            _ => self.of_real(f, label),
        }
    }

    /// What the generator loses by each row it made.
    pub(super) fn of_generator<'g>(self, f: Expr<'g>) -> Expr<'g> {
        match self {
            Self::NonSaturating => (-f).softplus(),
            Self::Minimax => -f.softplus(),
            Self::LeastSquares => (f - 1.0).square() * 0.5,
            Self::Hinge | Self::Wasserstein => -f,
        }
    }

    /// The output above which the discriminator takes a row for real.
    pub(super) fn boundary(self) -> f32 {
        if self == Self::LeastSquares { 0.5 } else { 0.0 }
    }
}

/// The labels a discriminator learns from, each drawn anew and evenly within its range (Salimans et al. 2016,
/// section 3.4: smoothing the real side alone is the better choice).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LabelConfig {
    /// Smallest and largest label of real rows, `[1, 1]` exact, `[0.9, 0.9]` smoothed, `[0.7, 1.2]` noisy.
    pub real: [f32; 2],
    /// Smallest and largest label of made rows, `[0, 0]` exact.
    pub made: [f32; 2],
    /// Share of rows, 0 to below 0.5, that get a label of the other kind.
    pub flip: f32,
}

impl Default for LabelConfig {
    fn default() -> Self {
        Self { real: [1.0, 1.0], made: [0.0, 0.0], flip: 0.0 }
    }
}

impl LabelConfig {
    /// Labels of real and of made rows, each of the shape of `like`.
    pub(super) fn draw<'g>(&self, like: Expr<'g>) -> (Expr<'g>, Expr<'g>) {
        let graph = like.graph();
        let within = |[low, high]: [f32; 2]| {
            if low == high {
                graph.constant(low).broadcast(&like.shape())
            } else {
                graph.uniform(&like.shape()) * (high - low) + low
            }
        };
        let side = |own: [f32; 2], other: [f32; 2]| {
            if self.flip > 0.0 {
                graph.bernoulli(&like.shape(), self.flip).select(within(other), within(own))
            } else {
                within(own)
            }
        };
        (side(self.real, self.made), side(self.made, self.real))
    }

    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        for (field, range) in [("labels.real", self.real), ("labels.made", self.made)] {
            if !(range[0] <= range[1] && range[0] >= -1.0 && range[1] <= 2.0) {
                return Some((field, format!("{range:?}"), "two rising numbers from -1 to 2"));
            }
        }
        let wrong = !(0.0..0.5).contains(&self.flip);
        wrong.then(|| ("labels.flip", self.flip.to_string(), "0 to below 0.5"))
    }
}
