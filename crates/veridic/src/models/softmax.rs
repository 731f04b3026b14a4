//! A classifier of labelled rows: layers, then a softmax over the classes.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, loss};

use super::prior::one_hot;
use super::program::{Inputs, Program, Update};
use super::rows::Layout;
use crate::nn::{Activation, LayerConfig, Mode, Scope, dense, flat, stack};
use crate::train::TrainConfig;

/// The settings of a classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClassifierConfig {
    /// From the row to its features, the last hidden layer; one output a class follows.
    pub layers: Vec<LayerConfig>,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        Self { layers: vec![LayerConfig::Dense { units: 128, activation: Activation::Relu }] }
    }
}

impl ClassifierConfig {
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
        let parts = |logits: Expr<'g>| {
            let best = logits.max_over(0).equal(logits);
            let hit = (best * is).sum(0);
            vec![
                ("loss", loss::cross_entropy(logits, is).mean_rows().reshape(&[])),
                ("accuracy", hit.mean_rows().reshape(&[])),
            ]
        };
        let trained = train.map(|train| {
            let parts = parts(pass(scope).1);
            (train, parts, scope.take_updates())
        });
        scope.mode = Mode::Infer;
        let (features, logits) = pass(scope);
        let parameters = scope.parameters().to_vec();
        let updates = trained.map(|(train, parts, mut updates)| {
            updates.extend(train.follow(graph, (parts[0].1, inputs.rate), &parameters, None).updates);
            Update { parts, updates, times: 1, above: None }
        });
        let log_shares = logits.log_softmax();
        Program {
            evaluate: parts(logits).into_iter().map(|(_, part)| part).collect(),
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
