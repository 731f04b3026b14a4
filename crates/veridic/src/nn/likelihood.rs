//! How likely a row is, given what a decoder says about it; losses follow the codec's blocks.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Init, loss};

use super::layer::Activation;
use super::network::Scope;
use super::stack::dense;
use crate::codec::{Block, BlockKind};

/// What a decoder's output stands for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LikelihoodConfig {
    /// Every value is a probability in [0, 1]: pixels, flags. Loss: `-t ln p - (1 - t) ln(1 - p)`, summed, in nats.
    /// (For grey values this is the cross-entropy of the books, not a likelihood.)
    Bernoulli,
    /// Every value is normal with this variance. Loss: `-ln N(x; mean, variance)`, summed, in nats.
    Gaussian {
        /// Positive; 0.5 makes the loss the sum of squares plus a constant.
        variance: f32,
    },
    /// Numbers are normal with a variance learned for each column, categories have a softmax, flags are Bernoulli;
    /// missing cells count only through their indicator. Loss: the sum of negative log-likelihoods, in nats.
    Mixed,
    /// The mean of squared differences, as Keras' `mse`, after an activation of the output. Not in nats.
    SquaredError {
        /// What the output passes through.
        output: Activation,
    },
}

/// The variances a learned normal may have: e^-9 to e^9 in encoded units.
const LOG_VARIANCE_LIMIT: f32 = 9.0;

/// A decoder's head: from the last hidden layer to parameters of a distribution over a row.
#[derive(Debug, Clone)]
pub struct Likelihood {
    config: LikelihoodConfig,
    /// Spans of columns of one kind, in order.
    spans: Vec<Span>,
    /// The shape of a row, and its values.
    dims: Vec<usize>,
    width: usize,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    len: usize,
    kind: BlockKind,
    /// For a block that may be missing: the column that says so.
    missing_at: Option<usize>,
}

impl Likelihood {
    /// The likelihood over rows of shape `dims`, laid out as `blocks` (empty for images).
    pub fn new(config: LikelihoodConfig, blocks: &[Block], dims: &[usize]) -> Self {
        Self { config, spans: spans(blocks), dims: dims.to_vec(), width: dims.iter().product() }
    }

    /// The shape of a row.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The output layer after the last hidden layer: `[rows, width]` parameters, `decoder.output.…`.
    pub fn head<'g>(&self, scope: &mut Scope<'g>, hidden: Expr<'g>) -> Expr<'g> {
        let y = dense(scope, "decoder.output", hidden, self.width);
        let label = match self.config {
            LikelihoodConfig::Bernoulli => "dense, sigmoid".to_string(),
            LikelihoodConfig::Gaussian { .. } => "dense, linear".to_string(),
            LikelihoodConfig::Mixed => "dense, by column".to_string(),
            LikelihoodConfig::SquaredError { output } => format!("dense, {}", output.name()),
        };
        if matches!(self.config, LikelihoodConfig::Mixed) {
            self.log_variance(scope);
        }
        scope.describe("decoder.output", &label, &[self.width]);
        y
    }

    fn log_variance<'g>(&self, scope: &mut Scope<'g>) -> Expr<'g> {
        let state = scope.parameter("decoder.output.log_variance", &[self.width], Init::Constant(0.0));
        state.clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT)
    }

    /// The loss of each encoded column, `[rows, width]`; a row's loss is their sum.
    pub fn terms<'g>(&self, scope: &mut Scope<'g>, y: Expr<'g>, x: Expr<'g>) -> Expr<'g> {
        match self.config {
            LikelihoodConfig::Bernoulli => loss::binary_cross_entropy(y, x),
            LikelihoodConfig::Gaussian { variance } => {
                loss::gaussian_nll(x, y, scope.graph.constant(variance.ln()))
            }
            LikelihoodConfig::SquaredError { output } => {
                (x - output.apply(y)).square() * (1.0 / self.width as f32)
            }
            LikelihoodConfig::Mixed => {
                let log_variance = self.log_variance(scope);
                self.by_span(scope, |span| {
                    let (y, t) = (y.slice(0, span.start, span.len), x.slice(0, span.start, span.len));
                    let terms = match span.kind {
                        BlockKind::Number => {
                            loss::gaussian_nll(t, y, log_variance.slice(0, span.start, span.len))
                        }
                        BlockKind::Flag => loss::binary_cross_entropy(y, t),
                        BlockKind::Category => -(t * y.log_softmax()),
                    };
                    span.missing_at.map_or(terms, |at| terms * (1.0 - x.slice(0, at, 1)))
                })
            }
        }
    }

    /// The expected row, `[rows, width]`: means and probabilities in encoded units.
    pub fn expected<'g>(&self, scope: &Scope<'g>, y: Expr<'g>) -> Expr<'g> {
        match self.config {
            LikelihoodConfig::Bernoulli => y.sigmoid(),
            LikelihoodConfig::Gaussian { .. } => y,
            LikelihoodConfig::SquaredError { output } => output.apply(y),
            LikelihoodConfig::Mixed => self.by_span(scope, |span| {
                let y = y.slice(0, span.start, span.len);
                match span.kind {
                    BlockKind::Number => y,
                    BlockKind::Flag => y.sigmoid(),
                    BlockKind::Category => y.softmax(),
                }
            }),
        }
    }

    /// The standard deviation that sampling adds to each expected number, in encoded units; `log_variance` is the
    /// learned one. Images (no blocks) are shown as their expectation.
    pub fn deviations(&self, log_variance: Option<&[f32]>) -> Vec<f32> {
        let mut deviations = vec![0.0; self.width];
        for span in self.spans.iter().filter(|span| span.kind == BlockKind::Number) {
            for j in span.start..span.start + span.len {
                deviations[j] = match (self.config, log_variance) {
                    (LikelihoodConfig::Gaussian { variance }, _) => variance.sqrt(),
                    (LikelihoodConfig::Mixed, Some(learned)) => {
                        (0.5 * learned[j].clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT)).exp()
                    }
                    _ => 0.0,
                };
            }
        }
        deviations
    }

    fn by_span<'g>(&self, scope: &Scope<'g>, f: impl Fn(&Span) -> Expr<'g>) -> Expr<'g> {
        let parts: Vec<Expr<'g>> = self.spans.iter().map(f).collect();
        scope.graph.concat(&parts, 0)
    }
}

/// Columns of one kind in a row become one span, so that a wide table of numbers is one operation.
fn spans(blocks: &[Block]) -> Vec<Span> {
    let mut columns: Vec<Span> = Vec::new();
    for block in blocks {
        let missing_at = block.missing_at;
        columns.push(Span { start: block.start, len: block.width, kind: block.kind, missing_at });
        if let Some(at) = missing_at {
            columns.push(Span { start: at, len: 1, kind: BlockKind::Flag, missing_at: None });
        }
    }
    columns.sort_by_key(|span| span.start);
    let mut spans: Vec<Span> = Vec::new();
    for span in columns {
        match spans.last_mut() {
            Some(last)
                if last.kind == span.kind
                    && span.kind != BlockKind::Category
                    && last.missing_at.is_none()
                    && span.missing_at.is_none() =>
            {
                last.len += span.len;
            }
            _ => spans.push(span),
        }
    }
    spans
}
