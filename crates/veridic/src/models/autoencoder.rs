//! The autoencoder: a row is squeezed through a code and compared with what comes out (Hinton and Salakhutdinov 2006,
//! "Reducing the dimensionality of data with neural networks").

use serde::{Deserialize, Serialize};
use veridic_graph::Expr;

use super::ending;
use super::program::Pass;
use crate::error::ConfigError;
use crate::nn::{
    Activation, LayerConfig, Likelihood, LikelihoodConfig, NoiseConfig, Scope, flat_of, shapes, stack_of,
};

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
        }
    }
}

impl AutoencoderConfig {
    /// The shape of the code for rows of shape `dims`: what the last layer of the encoder gives.
    ///
    /// # Errors
    /// Layers that do not fit.
    pub fn code(&self, dims: &[usize]) -> Result<Vec<usize>, ConfigError> {
        let shapes = shapes("model.autoencoder.encoder", &self.encoder, dims)?;
        Ok(shapes.into_iter().last().unwrap_or_else(|| dims.to_vec()))
    }

    /// One pass over rows `x`; `input` is what the encoder may see of them.
    pub(crate) fn pass<'g>(
        &self,
        scope: &mut Scope<'g>,
        likelihood: &Likelihood,
        x: Expr<'g>,
        input: Expr<'g>,
    ) -> Pass<'g> {
        let code = stack_of(scope, "encoder", &self.encoder, input, 0);
        let y = output(scope, likelihood, &self.decoder, code, 0);
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
