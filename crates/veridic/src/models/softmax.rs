//! A classifier of labelled rows: layers, then a softmax over the classes.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Init, loss};

use super::average::{Averaged, rising};
use super::prior::one_hot;
use super::program::{Inputs, Program, Update};
use super::rows::Layout;
use super::self_training::{self, PseudoRoundsConfig, SelfTrainingConfig};
use crate::error::ConfigError;
use crate::nn::{Activation, LayerConfig, Mode, Scope, dense, flat, stack};
use crate::train::TrainConfig;

/// The settings of a classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClassifierConfig {
    /// From the row to its features, the last hidden layer; one output a class follows.
    pub layers: Vec<LayerConfig>,
    /// Rows are told by a moving average of the weights with this decay, 0 to below 1, less in the first steps; 0 is off.
    pub average: f32,
    /// Whether images without a label are learned from by the network's own answers as it learns; off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_training: Option<SelfTrainingConfig>,
    /// Whether rows without a label get one in rounds, where the network of the round before is sure; off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pseudo: Option<PseudoRoundsConfig>,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        let layers = vec![LayerConfig::Dense { units: 128, activation: Activation::Relu }];
        Self { layers, average: 0.0, self_training: None, pseudo: None }
    }
}

impl ClassifierConfig {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first value out of range, or settings that do not go together.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(0.0..1.0).contains(&self.average) {
            let (field, found) = ("model.classifier.average".to_string(), self.average.to_string());
            return Err(ConfigError::Range { field, found, allowed: "0 to below 1".to_string() });
        }
        if let Some(own) = &self.self_training {
            own.check("model.classifier.self-training")?;
        }
        if let Some(pseudo) = &self.pseudo {
            pseudo.check("model.classifier.pseudo")?;
        }
        if self.self_training.is_some() && self.pseudo.is_some() {
            return Err(ConfigError::Conflict {
                what: "`self-training` and `pseudo` both give labels to rows that have none".to_string(),
                remedy: "keep one of the two".to_string(),
            });
        }
        Ok(())
    }

    /// Checks whether rows of this layout can be learned from so.
    ///
    /// # Errors
    /// [`ConfigError::Conflict`] for self-training of what are no images.
    pub(super) fn check_layout(&self, layout: &Layout) -> Result<(), ConfigError> {
        if self.self_training.is_some() && layout.dims.len() != 3 {
            return Err(ConfigError::Conflict {
                what: "`model.classifier.self-training` warps images, and the data are none".to_string(),
                remedy: "take `model.classifier.pseudo = {}`, which gives labels in rounds".to_string(),
            });
        }
        Ok(())
    }

    /// The loss of a row is `-ln p(label | row)`, nats; a row without a label has none. Features are its code, and its
    /// score the entropy of its classes: how undecided it leaves the classifier, nats.
    pub(crate) fn written<'g>(
        &self,
        scope: &mut Scope<'g>,
        inputs: &Inputs<'g>,
        layout: &Layout,
        train: Option<&TrainConfig>,
    ) -> Program<'g> {
        let graph = scope.graph;
        let pass = |scope: &mut Scope<'g>| -> (Expr<'g>, Expr<'g>) {
            let features = flat(stack(scope, "features", &self.layers, inputs.row.reshape(&layout.dims)));
            let logits = dense(scope, "output", features, layout.classes);
            scope.describe("output", "dense, softmax", &[layout.classes]);
            (features, logits)
        };
        let is = one_hot(inputs.label, layout.classes);
        let weight = self.self_training.is_some().then_some(inputs.importance);
        let parts = |logits: Expr<'g>, weight: Option<Expr<'g>>| {
            let best = logits.max_over(0).equal(logits);
            let hit = (best * is).sum(0);
            let loss = loss::cross_entropy(logits, is);
            let loss = weight.map_or(loss, |weight| loss * weight);
            vec![("loss", loss.mean_rows().reshape(&[])), ("accuracy", hit.mean_rows().reshape(&[]))]
        };
        let trained = train.map(|train| {
            let parts = parts(pass(scope).1, weight);
            (train, parts, scope.take_updates())
        });
        if self.self_training.is_some() {
            let even = Init::Constant(1.0 / layout.classes.max(1) as f32);
            graph.state(self_training::TOLD, &[layout.classes], even);
        }
        scope.mode = Mode::Infer;
        let mut of_average = Vec::new();
        if self.average > 0.0 {
            // A pass names the parameters, also where nothing is trained.
            pass(scope);
            let Averaged { updates, values } = rising(graph, "average", scope.parameters(), self.average);
            of_average = updates;
            scope.substitute(values);
        }
        let (features, logits) = pass(scope);
        scope.substitute(Vec::new());
        let parameters = scope.parameters().to_vec();
        let updates = trained.map(|(train, parts, mut updates)| {
            updates.extend(train.follow(graph, (parts[0].1, inputs.rate), &parameters, None).updates);
            updates.extend(of_average);
            Update { parts, updates, times: 1, above: None }
        });
        let log_shares = logits.log_softmax();
        Program {
            evaluate: parts(logits, None).into_iter().map(|(_, part)| part).collect(),
            updates: updates.into_iter().collect(),
            latent: features.shape().width(),
            encode: vec![features],
            decode: None,
            deviate: None,
            score: vec![-(log_shares.exp() * log_shares).sum(0)],
            among: None,
            weigh: None,
            recognize: vec![log_shares.exp()],
            prior: None,
        }
    }
}
