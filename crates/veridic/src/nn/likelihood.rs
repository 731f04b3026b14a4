//! How likely a row is, given what a decoder says about it; losses follow the codec's blocks.

use nalgebra::{Cholesky, DMatrix};
use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Init, loss};

use super::density;
use super::layer::Activation;
use super::scope::{Mode, Scope};
use super::stack::{flat_of, linear};
use super::variance::Variance;
use crate::codec::{Block, BlockKind};

/// What a decoder's output stands for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, remote = "Self")]
pub enum LikelihoodConfig {
    /// Every value is a probability in [0, 1]: binarized pixels, flags. Loss: `-t ln p - (1 - t) ln(1 - p)`, summed, in
    /// nats. (For grey values this is the cross-entropy of the books, not a likelihood.)
    Bernoulli,
    /// Every value lies in [0, 1] with the density `C(p) p^t (1 - p)^(1 - t)`: grey values as they are. Loss: minus its
    /// logarithm, summed, in nats (Loaiza-Ganem and Cunningham 2019, "The continuous Bernoulli", equations 6 to 8).
    ContinuousBernoulli,
    /// Every value is normal. Loss: `-ln N(t; mean, variance)` with its constant `½ ln 2π`, summed, in nats.
    Gaussian {
        /// A number (0.5 makes the loss the sum of squares plus a constant), or learned: `"shared"`, `"by-column"`, `"coupled"`,
        /// or given by the decoder with each mean: `"decoded"`, `"decoded-coupled"`.
        variance: Variance,
    },
    /// For images: every pixel's byte falls into one of so many equal bins, each with a softmax probability. Loss: minus
    /// its logarithm, summed, in nats; with 256 levels a likelihood of the bytes themselves.
    Categorical {
        /// 2, 4, 8, … or 256.
        levels: usize,
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

impl Serialize for LikelihoodConfig {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for LikelihoodConfig {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer).map_err(|error: D::Error| {
            // The parser's own words for a name alone where settings belong to it.
            if error.to_string().contains("unit variant, expected struct variant") {
                serde::de::Error::custom(
                    "this likelihood has a setting, write it as `{ gaussian = { variance = \"shared\" } }`, \
                     `{ categorical = { levels = 16 } }` or `{ squared-error = { output = \"sigmoid\" } }`",
                )
            } else {
                error
            }
        })
    }
}

impl LikelihoodConfig {
    /// The name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bernoulli => "bernoulli",
            Self::ContinuousBernoulli => "continuous-bernoulli",
            Self::Gaussian { .. } => "gaussian",
            Self::Categorical { .. } => "categorical",
            Self::Mixed => "mixed",
            Self::SquaredError { .. } => "squared-error",
        }
    }

    /// Whether it is a density or a probability, so that losses are nats.
    pub fn is_in_nats(self) -> bool {
        !matches!(self, Self::SquaredError { .. })
    }

    /// Whether values must lie in [0, 1].
    pub fn is_of_shares(self) -> bool {
        matches!(self, Self::Bernoulli | Self::ContinuousBernoulli)
    }

    /// What a row loses by it, `t` being a value and `y` what the decoder says of it: the formula with its constants.
    pub fn formula(self) -> String {
        match self {
            Self::Bernoulli => "Σ -t ln p - (1 - t) ln(1 - p), p = sigmoid(y)".to_string(),
            Self::ContinuousBernoulli => "Σ -t ln p - (1 - t) ln(1 - p) - ln C(p), p = sigmoid(y), \
                                          C(p) = 2 atanh(1 - 2p) / (1 - 2p)"
                .to_string(),
            Self::Gaussian { variance } => {
                format!("Σ (t - y)² / 2v + ½ ln 2πv, {}", variance.text())
            }
            Self::Categorical { levels } => {
                format!("Σ -ln softmax(y) of a pixel's bin, {levels} bins of {} values", 256 / levels.max(1))
            }
            Self::Mixed => {
                "numbers (t - y)² / 2v + ½ ln 2πv with v learned by column, flags -ln p, categories \
                            -ln softmax(y)"
                    .to_string()
            }
            Self::SquaredError { output } => format!("mean of ({}(y) - t)², not in nats", output.name()),
        }
    }
}

/// The variances a learned normal may have: e^-9 to e^9 in encoded units.
const LOG_VARIANCE_LIMIT: f32 = 9.0;

/// The state that holds learned variances.
const LOG_VARIANCE: &str = "decoder.output.log_variance";

/// The state that holds the mean product of what is left of two columns, and how much a batch counts in it.
pub(crate) const COVARIANCE: &str = "decoder.output.covariance";
const COVARIANCE_RATE: f32 = 0.01;
/// How much smaller correlations count than they were found.
const TO_DIAGONAL: f64 = 1e-3;

/// Where the learned variance of pixels in [0, 1] starts, a deviation of 0.14: from 1, an optimizer whose steps have the
/// size of its rate would be on its way for thousands of steps. Columns of a table have a variance of about 1.
const IMAGE_LOG_VARIANCE: f32 = -4.0;

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

    /// The shape of what a decoder says of a row: that of the row, its last axis longer where a value has several
    /// parameters.
    pub fn dims(&self) -> Vec<usize> {
        let mut dims = self.dims.clone();
        match (self.config, dims.last_mut()) {
            (LikelihoodConfig::Categorical { levels }, Some(last)) => *last *= levels,
            (LikelihoodConfig::Gaussian { variance }, Some(last)) if variance.is_decoded() => *last *= 2,
            _ => {}
        }
        dims
    }

    /// The mean and the log-variance of each value in what a decoder says, `[rows, .., width]` each, where it says both.
    fn parted<'g>(&self, y: Expr<'g>) -> Option<(Expr<'g>, Expr<'g>)> {
        if !matches!(self.config, LikelihoodConfig::Gaussian { variance } if variance.is_decoded()) {
            return None;
        }
        let last = self.dims.last().copied().unwrap_or(1);
        let lead = y.shape().dims;
        let lead = &lead[..lead.len() - 1];
        let pairs = y.reshape(&[lead, &[self.width / last.max(1), 2 * last]].concat());
        let axis = lead.len() + 1;
        let half = |start| pairs.slice(axis, start, last).reshape(&[lead, &[self.width]].concat());
        Some((half(0), half(last).clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT)))
    }

    /// The log-variance of each number that a decoder gives beside its mean, `[rows, width]`; nothing where it gives none.
    pub fn decoded_log_variance<'g>(&self, y: Expr<'g>) -> Option<Expr<'g>> {
        self.parted(y).map(|(_, log_variance)| log_variance)
    }

    /// Values a decoder says of a row.
    fn outputs(&self) -> usize {
        self.dims().iter().product()
    }

    /// The output layer after the last hidden layer: parameters of the distribution of each of `width` columns, in the
    /// last axis; states `decoder.output.…`. The first `lead` axes of `hidden` count samples. For a series of as many
    /// steps as the data has, the layer is the same at each step; anything else is flattened first.
    pub fn head<'g>(&self, scope: &mut Scope<'g>, hidden: Expr<'g>, lead: usize) -> Expr<'g> {
        let at_each_step = match (&self.dims()[..], &hidden.shape().dims[lead..]) {
            (&[steps, values], &[found, _]) if found == steps => Some([steps, values]),
            _ => None,
        };
        let y = match at_each_step {
            Some([_, values]) => linear(scope, "decoder.output", hidden, values),
            None => linear(scope, "decoder.output", flat_of(hidden, lead), self.outputs()),
        };
        let dense = if at_each_step.is_some() { "dense at each step" } else { "dense" };
        let label = match self.config {
            LikelihoodConfig::Bernoulli | LikelihoodConfig::ContinuousBernoulli => {
                format!("{dense}, sigmoid")
            }
            LikelihoodConfig::Gaussian { variance } if variance.is_decoded() => {
                format!("{dense}, means and log-variances")
            }
            LikelihoodConfig::Gaussian { .. } => format!("{dense}, linear"),
            LikelihoodConfig::Categorical { levels } => format!("{dense}, softmax of {levels}"),
            LikelihoodConfig::Mixed => format!("{dense}, by column"),
            LikelihoodConfig::SquaredError { output } => format!("{dense}, {}", output.name()),
        };
        // Declared before they are described, so that they are counted.
        self.log_variance(scope);
        self.covariance(scope);
        let shape = at_each_step.map_or(vec![self.outputs()], |shape| shape.to_vec());
        scope.describe("decoder.output", &label, &shape);
        flat_of(y, lead)
    }

    /// The learned log-variance, `[1]` or `[width]`, if the likelihood has one.
    fn log_variance<'g>(&self, scope: &mut Scope<'g>) -> Option<Expr<'g>> {
        let width = match self.config {
            LikelihoodConfig::Gaussian { variance: Variance::Shared } => 1,
            LikelihoodConfig::Gaussian { variance: Variance::ByColumn | Variance::Coupled }
            | LikelihoodConfig::Mixed => self.width,
            _ => return None,
        };
        let start = if self.spans.is_empty() { IMAGE_LOG_VARIANCE } else { 0.0 };
        let state = scope.parameter(LOG_VARIANCE, &[width], Init::Constant(start));
        Some(state.clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT))
    }

    /// How what is left of the columns in training goes together, `[width, width]`, if sampling is to know it: in units of the
    /// deviations that the decoder gives, where it does.
    fn covariance<'g>(&self, scope: &mut Scope<'g>) -> Option<Expr<'g>> {
        let wanted = matches!(self.config, LikelihoodConfig::Gaussian { variance } if variance.is_coupled());
        wanted.then(|| scope.statistic(COVARIANCE, &[self.width, self.width], Init::Constant(0.0)))
    }

    /// The loss of each encoded column, a row's loss being their sum: `[rows, .., width]` for what the head says, `y`
    /// (`[rows, .., outputs]`), of rows `x` (`[rows, width]`, or `[width]` for one that all are compared with).
    pub fn terms<'g>(&self, scope: &mut Scope<'g>, y: Expr<'g>, x: Expr<'g>) -> Expr<'g> {
        let last = y.shape().dims.len() - 1;
        // Several latent points of a row are all compared with the row.
        let x = if last > 0 { x.reshape(&[&vec![1; last][..], &[self.width]].concat()) } else { x };
        if let (Mode::Train, Some(covariance)) = (scope.mode, self.covariance(scope)) {
            let left = match self.parted(y) {
                Some((mean, log_variance)) => (x - mean) * (log_variance * -0.5).exp(),
                None => x - y,
            };
            let left = left.detach();
            let samples = left.shape().width() / self.width;
            let of_batch = left.contract(left) / (scope.graph.row_count() * samples as f32);
            scope.update(covariance, |before| before + (of_batch - before) * COVARIANCE_RATE);
        }
        let log_variance = self.log_variance(scope);
        let normal = |y: Expr<'g>, t: Expr<'g>, log_variance: Option<Expr<'g>>| {
            loss::gaussian_nll(t, y, log_variance.expect("a learned variance was declared"))
        };
        match self.config {
            LikelihoodConfig::Bernoulli => loss::binary_cross_entropy(y, x),
            LikelihoodConfig::ContinuousBernoulli => {
                loss::binary_cross_entropy(y, x) - density::continuous_bernoulli_log_normalizer(y)
            }
            LikelihoodConfig::Gaussian { variance: Variance::Fixed(variance) } => {
                loss::gaussian_nll(x, y, scope.graph.constant(variance.ln()))
            }
            LikelihoodConfig::Gaussian { .. } => match self.parted(y) {
                Some((mean, log_variance)) => normal(mean, x, Some(log_variance)),
                None => normal(y, x, log_variance),
            },
            LikelihoodConfig::Categorical { levels } => density::binned_nll(y, x, levels),
            LikelihoodConfig::SquaredError { output } => {
                (x - output.apply(y)).square() * (1.0 / self.width as f32)
            }
            LikelihoodConfig::Mixed => self.by_span(scope, last, |span| {
                let (y, t) = (y.slice(last, span.start, span.len), x.slice(last, span.start, span.len));
                let terms = match span.kind {
                    BlockKind::Number => {
                        normal(y, t, log_variance.map(|all| all.slice(0, span.start, span.len)))
                    }
                    BlockKind::Flag => loss::binary_cross_entropy(y, t),
                    BlockKind::Category => -(t * y.log_softmax()),
                };
                span.missing_at.map_or(terms, |at| terms * (1.0 - x.slice(last, at, 1)))
            }),
        }
    }

    /// The expected row, `[rows, width]`: means and probabilities in encoded units.
    pub fn expected<'g>(&self, scope: &Scope<'g>, y: Expr<'g>) -> Expr<'g> {
        match self.config {
            LikelihoodConfig::Bernoulli => y.sigmoid(),
            LikelihoodConfig::ContinuousBernoulli => density::continuous_bernoulli_mean(y),
            LikelihoodConfig::Gaussian { .. } => self.parted(y).map_or(y, |(mean, _)| mean),
            LikelihoodConfig::Categorical { levels } => density::binned_mean(y, levels),
            LikelihoodConfig::SquaredError { output } => output.apply(y),
            LikelihoodConfig::Mixed => self.by_span(scope, 0, |span| {
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
        let learned = |j: usize| {
            // One for all columns, or one for each.
            let learned = log_variance.and_then(|all| all.get(j).or(all.first()));
            let limited = learned.map(|v| v.clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT));
            limited.map_or(0.0, |v| (0.5 * v).exp())
        };
        let mut deviations = vec![0.0; self.width];
        for span in self.spans.iter().filter(|span| span.kind == BlockKind::Number) {
            for (j, deviation) in deviations.iter_mut().enumerate().skip(span.start).take(span.len) {
                *deviation = match self.config {
                    LikelihoodConfig::Gaussian { variance: Variance::Fixed(variance) } => variance.sqrt(),
                    LikelihoodConfig::Gaussian { .. } | LikelihoodConfig::Mixed => learned(j),
                    _ => 0.0,
                };
            }
        }
        deviations
    }

    /// What independent noise of variance 1 is to be multiplied by from the left, rows of a lower triangle, for noise as large as
    /// what was left in training (in units of the deviations that the decoder gives, where it does), by the state [`COVARIANCE`], and that goes together as it did. Nothing where training has not said.
    ///
    /// The variances of the loss lag behind where they are small, as a step of an optimizer is the same for all of them.
    pub fn coupling(&self, covariance: &[f32]) -> Option<DMatrix<f64>> {
        if covariance.len() != self.width * self.width {
            return None;
        }
        let at = |i: usize, j: usize| f64::from(covariance[i * self.width + j]);
        // Rounding leaves a matrix that is not quite one of covariances.
        let known = DMatrix::from_fn(self.width, self.width, |i, j| {
            if i == j { at(i, i) } else { 0.5 * (at(i, j) + at(j, i)) * (1.0 - TO_DIAGONAL) }
        });
        Cholesky::new(known).map(|factor| factor.l())
    }

    fn by_span<'g>(&self, scope: &Scope<'g>, axis: usize, f: impl Fn(&Span) -> Expr<'g>) -> Expr<'g> {
        let parts: Vec<Expr<'g>> = self.spans.iter().map(f).collect();
        scope.graph.concat(&parts, axis)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likelihoods_are_read_as_they_are_written_and_a_missing_setting_is_shown() {
        let read = |text: &str| {
            let table: toml::Table = toml::from_str(&format!("likelihood = {text}")).unwrap();
            table["likelihood"].clone().try_into::<LikelihoodConfig>().map_err(|error| error.to_string())
        };
        assert_eq!(read("'bernoulli'"), Ok(LikelihoodConfig::Bernoulli));
        let shared = LikelihoodConfig::Gaussian { variance: Variance::Shared };
        assert_eq!(read("{ gaussian = { variance = 'shared' } }"), Ok(shared));
        assert_eq!(
            toml::Value::try_from(shared).unwrap().to_string(),
            "{ gaussian = { variance = \"shared\" } }"
        );
        for name in ["gaussian", "categorical", "squared-error"] {
            let message = read(&format!("'{name}'")).unwrap_err();
            assert!(
                message.contains("this likelihood has a setting")
                    && message.contains("variance = \"shared\""),
                "{message}"
            );
        }
        assert!(read("'gausian'").unwrap_err().contains("unknown variant `gausian`"));
    }

    #[test]
    fn noise_goes_together_as_what_was_left_did() {
        let config = LikelihoodConfig::Gaussian { variance: Variance::Coupled };
        let likelihood = Likelihood::new(config, &[], &[2]);
        let factor = likelihood.coupling(&[4.0, -6.0, -6.0, 16.0]).unwrap();
        let together = &factor * factor.transpose();
        assert!((together[(0, 1)] + 6.0).abs() < 0.01 && (together[(1, 1)] - 16.0).abs() < 1e-9);
        assert_eq!(factor[(0, 1)], 0.0);
        // Where two columns are one, before training, and of another width.
        assert!(likelihood.coupling(&[1.0; 4]).is_some());
        assert!(likelihood.coupling(&[0.0; 4]).is_none() && likelihood.coupling(&[1.0]).is_none());
    }
}
