//! Two coupled adversarial networks: what their generators make first and their discriminators see last is shared, so that
//! pairs of images from two sets are learned without any pair being known (Liu and Tuzel 2016, "CoGAN").

use serde::{Deserialize, Serialize};
use veridic_graph::Expr;

use crate::error::ConfigError;
use crate::nn::{LayerConfig, Scope, stack};

/// How many layers each set has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CoupledConfig {
    /// Last layers of the generator, at least 1.
    pub generator: usize,
    /// First layers of the discriminator, at least 1.
    pub discriminator: usize,
}

impl Default for CoupledConfig {
    fn default() -> Self {
        Self { generator: 1, discriminator: 1 }
    }
}

/// The two sets, as their layers are named.
const SETS: [&str; 2] = ["first", "second"];

impl CoupledConfig {
    /// Checks that the lists of layers have as many, with one to share.
    pub(super) fn check(
        self,
        generator: &[LayerConfig],
        discriminator: &[LayerConfig],
    ) -> Result<(), ConfigError> {
        for (field, own, layers) in [
            ("generator", self.generator, generator.len()),
            ("discriminator", self.discriminator, discriminator.len()),
        ] {
            if layers < 2 {
                return Err(ConfigError::Range {
                    field: format!("model.gan.{field}"),
                    found: format!("{layers} layers"),
                    allowed: "2 layers and more for `coupled`: one is shared".to_string(),
                });
            }
            if own == 0 || own >= layers {
                return Err(ConfigError::Range {
                    field: format!("model.gan.coupled.{field}"),
                    found: own.to_string(),
                    allowed: format!("1 to {}, as one of the {layers} layers is shared", layers - 1),
                });
            }
        }
        Ok(())
    }

    /// A row of both sets, `[2, ..]`, made of the same latent point.
    pub(super) fn generate<'g>(
        self,
        scope: &mut Scope<'g>,
        layers: &[LayerConfig],
        z: Expr<'g>,
        finish: impl Fn(&mut Scope<'g>, &str, Expr<'g>) -> Expr<'g>,
    ) -> Expr<'g> {
        let (shared, own) = layers.split_at(layers.len() - self.generator);
        let hidden = stack(scope, "generator", shared, z);
        pair(SETS.map(|set| {
            let path = format!("generator.{set}");
            let made = stack(scope, &path, own, hidden);
            finish(scope, &path, made)
        }))
    }

    /// What is seen in a row of both sets, `[2, ..]`.
    pub(super) fn see<'g>(self, scope: &mut Scope<'g>, layers: &[LayerConfig], x: Expr<'g>) -> Expr<'g> {
        let (own, shared) = layers.split_at(self.discriminator);
        let mut seen = SETS.iter().enumerate().map(|(at, set)| {
            let one = x.slice(0, at, 1).reshape(&x.shape().dims[1..]);
            stack(scope, &format!("discriminator.{set}"), own, one)
        });
        let both = pair([seen.next(), seen.next()].map(|one| one.expect("there are two sets")));
        stack(scope, "discriminator", shared, both)
    }
}

/// The one of a pair `[2, ..]` that the one-hot `set` asks for.
pub(super) fn of_set<'g>(pair: Expr<'g>, set: Expr<'g>) -> Expr<'g> {
    let dims = pair.shape().dims;
    let one = |at: usize| pair.slice(0, at, 1).reshape(&dims[1..]);
    let asked = |at: usize| set.slice(0, at, 1).reshape(&vec![1; dims.len() - 1]);
    one(0) * asked(0) + one(1) * asked(1)
}

fn pair(of: [Expr<'_>; 2]) -> Expr<'_> {
    let [a, b] = of.map(|x| x.reshape(&[&[1][..], &x.shape().dims].concat()));
    a.graph().concat(&[a, b], 0)
}
