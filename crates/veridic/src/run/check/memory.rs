//! What a model will need of memory, reckoned before it is built: running out of it would end the program.

use crate::error::{ConfigError, Result};
use crate::models::{Decoding, GanConfig, Layout, NetworkConfig};
use crate::nn::{LayerConfig, Likelihood, shapes};
use crate::run::config::Config;
use crate::run::dataset::Dataset;

/// Bytes a model may need: 16 GiB.
const MOST_BYTES: u64 = 16 << 30;

/// Copies of all parameters besides one part of their gradient a unit: about five in the plans (gradient, and packed ones
/// for products), themselves, two states of an optimizer, the best epoch's and a checkpoint's.
const COPIES: u64 = 10;

/// Rows that are computed together, and the most such chunks that are at work at once.
const CHUNK: u64 = 64;
const MOST_UNITS: u64 = 16;

/// Values kept for each value that a layer makes, gradients and parts of the loss among them: 2 to 5.
const KEPT: u64 = 5;

/// Rows in use at once outside training.
const IN_USE: u64 = 1024;

/// A part of a model.
#[derive(Debug, PartialEq)]
struct Part {
    name: String,
    /// Trained parameters.
    parameters: u64,
    /// Values made of a row.
    values: u64,
}

/// Refuses a model that would need more than 16 GiB. It is a rough figure from above: all parameters with their copies,
/// values of the chunks of rows at work, and rows as they come out.
///
/// # Errors
/// [`ConfigError::Memory`] with the part that needs most; layers that do not fit.
pub(crate) fn check(config: &Config, data: &Dataset) -> Result<()> {
    let units = (config.train.batch as u64).div_ceil(CHUNK).clamp(1, MOST_UNITS);
    let of = |part: &Part| {
        let states = part.parameters.saturating_mul(4 * (COPIES + units));
        states.saturating_add(part.values.saturating_mul(4 * KEPT * CHUNK * units))
    };
    let Some(network) = config.model.network() else { return Ok(()) };
    let parts = parts(network, &data.layout)?;
    let mut each: Vec<(&str, u64)> = parts.iter().map(|part| (part.name.as_str(), of(part))).collect();
    let rows = IN_USE.min(data.rows().len() as u64);
    each.push(("the rows of the data", (data.layout.width() as u64).saturating_mul(2 * 4 * rows)));
    let bytes = each.iter().fold(0u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let (most, of_it) = each.into_iter().max_by_key(|(_, bytes)| *bytes).unwrap_or_default();
    Err(ConfigError::Memory { bytes, allowed: MOST_BYTES, most: most.to_string(), of_it }.into())
}

/// The parts of a model for rows of this layout.
fn parts(network: NetworkConfig<'_>, layout: &Layout) -> Result<Vec<Part>, ConfigError> {
    let dims = layout.dims.as_slice();
    let latent = network.latent(layout)?;
    let model = match network {
        NetworkConfig::Decoding(model) => model,
        NetworkConfig::Gan(config) => return networks(config, layout),
        NetworkConfig::Classifier(config) => {
            let mut parts = Vec::new();
            let hidden = stack(&mut parts, "model.classifier.layers", &config.layers, dims, 1)?;
            let classes = layout.classes as u64;
            let parameters = (count(&hidden) + 1).saturating_mul(classes);
            parts.push(Part { name: "the output".to_string(), parameters, values: classes });
            return Ok(parts);
        }
    };
    let (encoder, samples) = match model {
        Decoding::Autoencoder(config) => (&config.encoder, 1),
        Decoding::Vae(config) => (&config.encoder, config.samples as u64),
        Decoding::Aae(config) => (&config.encoder, 1),
    };
    let path = |part: &str| format!("model.{}.{part}", model.name());
    let mut parts = Vec::new();
    let hidden = stack(&mut parts, &path("encoder"), encoder, dims, 1)?;
    if let Decoding::Vae(_) = model {
        let (inputs, width) = (count(&hidden), count(&latent));
        let (parameters, values) = (2 * (inputs + 1).saturating_mul(width), width * (2 + 2 * samples));
        parts.push(Part { name: format!("`{}`", path("latent")), parameters, values });
    }
    if let Decoding::Aae(config) = model {
        let (inputs, width) = (count(&hidden), count(&latent));
        let parameters = (inputs + 1).saturating_mul(width);
        parts.push(Part { name: format!("`{}`", path("latent")), parameters, values: width });
        let last = stack(&mut parts, &path("discriminator"), &config.discriminator, &latent, 3)?;
        let name = "the discriminator's output".to_string();
        parts.push(Part { name, parameters: count(&last) + 1, values: 3 });
    }
    let hidden = stack(&mut parts, &path("decoder"), model.decoder(), &latent, samples)?;
    let outputs = Likelihood::new(model.likelihood(), &[], dims).dims();
    let name = format!("the output of the likelihood `{}`", model.likelihood().name());
    // Decoders that end in the output have no layer of their own for it; the loss of each value there is all the same.
    let has_layer = hidden != outputs || hidden.len() == 1;
    let parameters = match (&hidden[..], &outputs[..]) {
        _ if !has_layer => 0,
        // The same at each step of a series.
        (&[steps, values], &[found, outputs]) if steps == found => (values as u64 + 1) * outputs as u64,
        _ => (count(&hidden) + 1).saturating_mul(count(&outputs)),
    };
    parts.push(Part { name, parameters, values: count(&outputs).saturating_mul(samples) });
    if samples > 1 {
        for part in &mut parts {
            if part.values >= samples {
                part.name = format!("{} with {samples} `{}`", part.name, path("samples"));
            }
        }
    }
    Ok(parts)
}

/// The parts of both adversarial networks. The discriminator sees real and made rows, and is gone through twice where its
/// slope is bounded.
fn networks(config: &GanConfig, layout: &Layout) -> Result<Vec<Part>, ConfigError> {
    let mut parts = Vec::new();
    let prior = config.prior(layout.classes);
    let latent = prior.width() - prior.sets;
    let made = stack(&mut parts, "model.gan.generator", &config.generator, &[latent], 2)?;
    let width = layout.width() as u64;
    if made != layout.dims {
        let parameters = (count(&made) + 1).saturating_mul(width);
        parts.push(Part { name: "the generator's output".to_string(), parameters, values: width });
    }
    let seen = config.seen(layout);
    let hidden = stack(&mut parts, "model.gan.discriminator", &config.discriminator, &seen, 4)?;
    parts.push(Part {
        name: "the discriminator's output".to_string(),
        parameters: count(&hidden) + 1,
        values: 4,
    });
    Ok(parts)
}

/// Adds the layers of a list and gives the shape that they make of `input`.
fn stack(
    parts: &mut Vec<Part>,
    path: &str,
    layers: &[LayerConfig],
    input: &[usize],
    samples: u64,
) -> Result<Vec<usize>, ConfigError> {
    let shapes = shapes(path, layers, input)?;
    let befores = std::iter::once(input).chain(shapes.iter().map(Vec::as_slice));
    for (at, ((layer, before), after)) in layers.iter().zip(befores).zip(&shapes).enumerate() {
        parts.push(Part {
            name: format!("layer {} of `{path}` ({})", at + 1, layer.label()),
            parameters: layer.parameters(before, after),
            values: count(after).saturating_mul(samples),
        });
    }
    Ok(shapes.into_iter().last().unwrap_or_else(|| input.to_vec()))
}

fn count(dims: &[usize]) -> u64 {
    dims.iter().fold(1, |product, &side| product.saturating_mul(side as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Network;

    fn config(text: &str) -> Config {
        Config::from_toml(text, "the test").unwrap()
    }

    #[test]
    fn parameters_are_those_of_the_model_that_is_built() {
        for text in [
            "[model.vae]\nlatent = 3\nlikelihood = 'bernoulli'\n\
             encoder = [{ conv = 9, stride = 2 }, { batch-norm = 0.9 }, { max-pool = 2 }, { layer-norm = 0.001 }, \
             { dense = 8 }]\n\
             decoder = [{ dense = 16 }, { reshape = [2, 2, 4] }, { conv-transposed = 6, stride = 4, kernel = 5 }, \
             { conv = 1 }]",
            "[model.vae]\nlatent = 5\nlikelihood = { categorical = { levels = 4 } }",
            "[model.autoencoder]\nlikelihood = 'bernoulli'",
            "[model.gan]\nconditional = true\npacking = 2\ndiscriminator = [{ conv = 5 }, { dense = 7 }]",
            "[model.classifier]\nlayers = [{ conv = 5 }]",
        ] {
            let (config, dims) = (config(text), vec![8, 8, 1]);
            let layout = Layout { dims, classes: 3, ..Layout::default() };
            let parts = parts(config.model.network().unwrap(), &layout).unwrap();
            let reckoned: u64 = parts.iter().map(|part| part.parameters).sum();
            let network = Network::new(&config.model, layout, &config.train, 0).unwrap();
            let built: usize = network.layers().iter().map(|layer| layer.parameters).sum();
            assert_eq!(reckoned, built as u64, "{text}");
        }
    }

    #[test]
    fn what_would_not_fit_is_refused_with_the_part_that_needs_most() {
        let message = |text: &str, dims: &[usize], n: usize| {
            let mut data = crate::run::dataset::of_zeros(dims, n);
            data.layout.dims = dims.to_vec();
            check(&config(text), &data).map_err(|error| error.to_string())
        };
        let wide = "[model.vae]\nlikelihood = 'bernoulli'\n";
        assert_eq!(message(wide, &[28, 28, 1], 10), Ok(()));
        let error = message(
            &format!("{wide}latent = 65536\nencoder = [{{ dense = 65536 }}, {{ dense = 65536 }}]"),
            &[28, 28, 1],
            10,
        )
        .unwrap_err();
        assert!(error.contains("`model.vae.latent`, alone"), "{error}");
        let error = message(&format!("{wide}samples = 10000"), &[28, 28, 1], 10).unwrap_err();
        assert!(error.contains("with 10000 `model.vae.samples`"), "{error}");
        let error = message(wide, &[4096, 4096, 3], 1).unwrap_err();
        assert!(error.contains("GB of memory"), "{error}");
        let categories = "[model.vae]\nsamples = 50\nlikelihood = { categorical = { levels = 256 } }";
        assert!(message(categories, &[28, 28, 1], 10).unwrap_err().contains("the output of the likelihood"));
    }
}
