//! The autoencoder: a row is squeezed through a code and compared with what comes out (Hinton and Salakhutdinov 2006,
//! "Reducing the dimensionality of data with neural networks").

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Init, State};

use super::ending;
use super::program::Pass;
use crate::data::Matrix;
use crate::error::{ConfigError, EvaluateError};
use crate::nn::{
    Activation, LayerConfig, Likelihood, LikelihoodConfig, NoiseConfig, Scope, Variance, flat_of, shapes,
    stack_of, written,
};
use crate::project::Pca;

/// The settings of an autoencoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AutoencoderConfig {
    /// From the row to the code; the last layer's output is the code.
    pub encoder: Vec<LayerConfig>,
    /// From the code to the last hidden layer; the output layer follows from the likelihood.
    pub decoder: Vec<LayerConfig>,
    /// What the output is compared by.
    pub likelihood: LikelihoodConfig,
    /// Noise that the encoder's input gets while training, the target stays clean: the denoising form. Off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseConfig>,
    /// Whether principal components lead past the layers: the code is `V (x - m)` plus what the encoder makes of the row, and
    /// what is given back `W z + m` plus what the decoder makes of the code. `V`, `W` and `m` start at the principal components
    /// and the mean of the training rows, the last layers at 0, and all of them are trained: training starts at the error of PCA.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pca_skip: bool,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            encoder: vec![
                LayerConfig::Dense { units: 64, activation: Activation::Relu },
                LayerConfig::Dense { units: 8, activation: Activation::Linear },
            ],
            decoder: vec![LayerConfig::Dense { units: 64, activation: Activation::Relu }],
            likelihood: LikelihoodConfig::Mixed,
            noise: None,
            pca_skip: false,
        }
    }
}

/// The states of the way past the layers.
const SKIP_MEAN: &str = "skip.mean";
const SKIP_ENCODER: &str = "skip.encoder";
const SKIP_DECODER: &str = "skip.decoder";

impl AutoencoderConfig {
    /// The shape of the code for rows of shape `dims`: what the last layer of the encoder gives.
    ///
    /// # Errors
    /// Layers that do not fit.
    pub fn code(&self, dims: &[usize]) -> Result<Vec<usize>, ConfigError> {
        let shapes = shapes("model.autoencoder.encoder", &self.encoder, dims)?;
        let code = shapes.into_iter().last().unwrap_or_else(|| dims.to_vec());
        if self.pca_skip {
            self.check_skip(&code, dims.iter().product())?;
        }
        Ok(code)
    }

    /// Refuses principal components of which there are not as many as the code has values, or whose sum stands for no value.
    fn check_skip(&self, code: &[usize], width: usize) -> Result<(), ConfigError> {
        let conflict =
            |what: String, remedy: &str| Err(ConfigError::Conflict { what, remedy: remedy.to_string() });
        let (&[values], true) = (code, code.len() == 1) else {
            return conflict(
                format!(
                    "`model.autoencoder.pca-skip` needs a code that is a list of values, and it is {}",
                    written(code)
                ),
                "end the encoder in a dense layer",
            );
        };
        if values > width {
            return conflict(
                format!(
                    "`model.autoencoder.pca-skip` needs a code of at most {width} values, and it has {values}"
                ),
                "give the last layer of the encoder fewer units",
            );
        }
        match self.likelihood {
            LikelihoodConfig::Gaussian { variance: Variance::Decoded | Variance::DecodedCoupled } => {
                conflict(
                    "`model.autoencoder.pca-skip` leads to means, and the likelihood has a decoded variance"
                        .to_string(),
                    "give `variance = \"by-column\"`, or leave `pca-skip` out",
                )
            }
            LikelihoodConfig::Gaussian { .. }
            | LikelihoodConfig::SquaredError { output: Activation::Linear } => Ok(()),
            other => conflict(
                format!(
                    "`model.autoencoder.pca-skip` needs an output without bounds, and the likelihood is `{}`",
                    other.name()
                ),
                "give `model.autoencoder.likelihood = { squared-error = { output = \"linear\" } }`",
            ),
        }
    }

    /// What is given back of codes `z`, `[rows, ..]`.
    pub(super) fn decoded<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        z: Expr<'g>,
    ) -> Expr<'g> {
        let y = output(scope, likelihood, &self.decoder, z, 0);
        if !self.pca_skip {
            return y;
        }
        let (width, values) = (y.shape().width(), z.shape().width());
        let mean = scope.parameter(SKIP_MEAN, &[width], Init::Constant(0.0));
        let decoder = scope.parameter(SKIP_DECODER, &[values, width], Init::GlorotUniform);
        scope.describe("skip", "principal components", &[values]);
        y + z.matmul(decoder) + mean
    }

    /// Sets the way past the layers to the principal components of `rows`, and the last layers of both sides to 0.
    pub(super) fn begin(
        &self,
        states: &mut [State],
        rows: &Matrix,
        values: usize,
    ) -> Result<(), EvaluateError> {
        let pca = Pca::fit(rows, values)?;
        let components: Vec<f32> = pca.components().flatten().map(|&value| value as f32).collect();
        let width = rows.n_cols;
        let last = |side: &str, states: &[State]| {
            let number =
                |state: &State| state.name.strip_prefix(side)?.split('.').next()?.parse::<usize>().ok();
            states.iter().filter_map(number).max().map(|number| format!("{side}{number}."))
        };
        let encoder = last("encoder.", states);
        let has_output = states.iter().any(|state| state.name == "decoder.output.weight");
        let decoder = if has_output { None } else { last("decoder.", states) };
        for state in states {
            let starts = |prefix: &Option<String>| {
                prefix.as_ref().is_some_and(|prefix| state.name.starts_with(prefix))
            };
            match state.name.as_str() {
                SKIP_MEAN => state.values = pca.mean().iter().map(|&value| value as f32).collect(),
                SKIP_DECODER => state.values.clone_from(&components),
                SKIP_ENCODER => {
                    state.values =
                        (0..width * values).map(|at| components[at % values * width + at / values]).collect();
                }
                "decoder.output.weight" | "decoder.output.bias" => state.values.fill(0.0),
                _ if starts(&encoder) || starts(&decoder) => state.values.fill(0.0),
                _ => {}
            }
        }
        Ok(())
    }

    /// One pass over rows `x`; `input` is what the encoder may see of them.
    pub(crate) fn pass<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        input: Expr<'g>,
    ) -> Pass<'g> {
        let mut code = stack_of(scope, "encoder", &self.encoder, input, 0);
        if self.pca_skip {
            let seen = flat_of(input, 0);
            let (width, values) = (seen.shape().width(), code.shape().width());
            let mean = scope.parameter(SKIP_MEAN, &[width], Init::Constant(0.0));
            let encoder = scope.parameter(SKIP_ENCODER, &[width, values], Init::GlorotUniform);
            code = code + (seen - mean).matmul(encoder);
        }
        let y = self.decoded(scope, likelihood, code);
        let terms = likelihood.terms(scope, y, x);
        let loss = terms.sum_width();
        let latent = code.reshape(&[code.shape().width()]);
        Pass { latent, log_variance: None, terms, divergence: None, parts: vec![("loss", loss)] }
    }
}

/// What a decoder makes of `z`, whose first `lead` axes count points of a row: its layers, then the output layer that
/// follows from the likelihood. A decoder that ends in an image or a series of the data's shape has its output layer
/// already (see [`ending`]).
pub(crate) fn output<'g>(
    scope: &mut Scope<'g>,
    likelihood: &Likelihood,
    decoder: &[LayerConfig],
    z: Expr<'g>,
    lead: usize,
) -> Expr<'g> {
    let hidden = stack_of(scope, "decoder", decoder, z, lead);
    if hidden.shape().dims[lead..] == likelihood.dims() && ending::is_linear(decoder) {
        flat_of(hidden, lead)
    } else {
        likelihood.head(scope, hidden, lead)
    }
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Pool};

    use crate::data::Matrix;
    use crate::models::{Layout, ModelConfig, Network, Rows};
    use crate::train::{Learner, Rates, TrainConfig};

    const STEPS: usize = 12;

    /// Series of two waves that start anywhere.
    fn waves(n: usize) -> Matrix {
        let value = |i: usize| {
            let (row, step, value) = (i / (2 * STEPS), i / 2 % STEPS, i % 2);
            ((row * 7 % 12 + step) as f32 * (0.5 + 0.25 * value as f32)).sin()
        };
        Matrix { n_rows: n, n_cols: 2 * STEPS, values: (0..n * 2 * STEPS).map(value).collect() }
    }

    fn network(text: &str) -> Result<Network, crate::error::Error> {
        let model: ModelConfig = toml::from_str(text).unwrap();
        let layout = Layout { dims: vec![STEPS, 2], ..Layout::default() };
        Network::new(&model, layout, &TrainConfig::default(), 3)
    }

    /// The loss before and after some steps.
    fn learn(network: &mut Network, steps: u64) -> (f32, f32) {
        let matrix = waves(96);
        let index: Vec<u32> = (0..96).collect();
        let mut pool = Pool::new(2);
        let rates = Rates { learning: 0.01, divergence: 1.0, progress: 0.0 };
        let mut losses = Vec::new();
        for step in 0..steps {
            let draw = Draw { seed: 1, step };
            losses.push(network.step(&mut pool, Rows::matrix(&matrix), &index, rates, draw).unwrap()[0]);
        }
        (losses[0], losses[losses.len() - 1])
    }

    #[test]
    fn an_lstm_autoencoder_is_a_list_of_layers_and_learns() {
        let mut network = network(
            "[autoencoder]
            encoder = [{ lstm = 8, output = 'last' }]
            decoder = [{ repeat = 12 }, { lstm = 10 }]
            likelihood = { squared-error = { output = 'linear' } }",
        )
        .unwrap();
        let table: Vec<_> = network
            .layers()
            .iter()
            .map(|layer| (layer.path.clone(), layer.label.clone(), layer.shape.clone(), layer.parameters))
            .collect();
        let line = |path: &str, label: &str, shape: &[usize], parameters: usize| {
            (path.to_string(), label.to_string(), shape.to_vec(), parameters)
        };
        assert_eq!(
            table,
            [
                line("encoder.0", "lstm, last", &[8], (2 + 1 + 8) * 32),
                line("decoder.0", "repeat 12", &[12, 8], 0),
                line("decoder.1", "lstm", &[12, 10], (8 + 1 + 10) * 40),
                line("decoder.output", "dense at each step, linear", &[12, 2], 22),
            ]
        );
        let (first, last) = learn(&mut network, 150);
        assert!(first > 0.3 && last < 0.1, "{first} {last}");
    }

    #[test]
    fn every_layer_of_series_is_built_and_learns() {
        for (encoder, decoder) in [
            (
                "{ gru = 6, direction = 'both', output = 'last' }",
                "{ repeat = 12 }, { gru = 6, direction = 'both' }",
            ),
            (
                "{ lstm = 6 }, { gru = 5, direction = 'backward', output = 'last' }",
                "{ dense = 24 }, { series = [12, 2] }",
            ),
            (
                "{ conv1d = 6, stride = 2, activation = 'relu' }, { flatten = true }, { dense = 4 }",
                "{ dense = 24 }, { series = [6, 4] }, { upsample = 2 }, { conv1d = 2 }",
            ),
            (
                "{ conv1d = 6, dilation = 2, padding = 'causal' }, { max-pool = 3 }, { dense = 4 }",
                "{ repeat = 12 }, { lstm = 5 }, { step-dense = 3, activation = 'tanh' }, { step-dense = 2 }",
            ),
            (
                "{ conv1d = 4, kernel = 4, padding = 'valid' }, { mean-pool = 3 }, { lstm = 4 }",
                "{ lstm = 6, output = 'last' }, { dense = 6, activation = 'relu' }",
            ),
        ] {
            let mut network = network(&format!(
                "[autoencoder]
                encoder = [{encoder}]
                decoder = [{decoder}]
                likelihood = {{ gaussian = {{ variance = 0.5 }} }}"
            ))
            .unwrap();
            let counted: usize = network.layers().iter().map(|layer| layer.parameters).sum();
            let known: usize = network.weights().iter().map(|state| state.values.len()).sum();
            assert_eq!(counted, known, "{encoder}");
            let (first, last) = learn(&mut network, 60);
            assert!(last < 0.8 * (first - 24.0 * 0.572) + 24.0 * 0.572, "{encoder}: {first} {last}");
        }
    }

    #[test]
    fn a_layer_that_takes_a_series_says_so() {
        let error = network("[autoencoder]\nencoder = [{ dense = 4 }, { lstm = 4 }]").err().unwrap();
        assert!(error.to_string().contains("a recurrent layer takes a series (steps, values)"), "{error}");
    }
}
