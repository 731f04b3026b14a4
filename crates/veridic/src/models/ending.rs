//! How a decoder may end: with a hidden layer, which the output layer of the likelihood follows, or with the output.

use crate::error::ConfigError;
use crate::nn::{Activation, LayerConfig, Likelihood, LikelihoodConfig, trail, written};

/// Refuses a decoder whose end is taken for what it is not, for rows of shape `dims`; `shapes` are those of its layers
/// after `latent`.
///
/// - A decoder of images that ends in an image ends in the output: it must have the data's shape (for `categorical`
///   with as many channels a value as there are levels) and be linear, because the likelihood applies its own
///   activation. `{ flatten = true }` behind it asks for a dense output layer instead.
/// - A dense last layer is hidden, and the output layer follows. One that is linear or a sigmoid and as wide as the output
///   was meant to be the output, which would then be there twice.
///
/// # Errors
/// [`ConfigError::Ending`].
pub(super) fn check(
    path: &str,
    decoder: &[LayerConfig],
    (latent, shapes): (&[usize], &[Vec<usize>]),
    likelihood: LikelihoodConfig,
    dims: &[usize],
) -> Result<(), ConfigError> {
    let (Some(last), Some(found)) = (decoder.last(), shapes.last()) else { return Ok(()) };
    let wanted = Likelihood::new(likelihood, &[], dims).dims();
    let error = |reason: String, remedy: String| {
        let so_far = trail(decoder, shapes, latent);
        Err(ConfigError::Ending { path: path.to_string(), so_far, reason, remedy })
    };
    if let LayerConfig::Dense { units, activation: Activation::Linear | Activation::Sigmoid } = last
        && *units == wanted.iter().product::<usize>()
    {
        return error(
            format!(
                "the last layer has the {units} values of the output, and the output layer follows by itself"
            ),
            format!("leave the last layer out; the likelihood `{}` gives its activation", likelihood.name()),
        );
    }
    let (&[height, width, channels], &[_, _, found_channels]) = (dims, found.as_slice()) else {
        return Ok(());
    };
    if *found != wanted {
        let levels = if wanted == dims {
            String::new()
        } else {
            format!(", each value as {} levels", wanted[2] / channels.max(1))
        };
        let what = if channels == 1 { "grey images" } else { "images in color" };
        let of_data = written(&[height, width, channels]);
        let reason = format!("it makes {}, and the data is {what} of {of_data}{levels}", written(found));
        let asks = "or add `{ flatten = true }` for a dense output layer";
        let is_same_size = found[..2] == wanted[..2];
        let remedy = match (is_same_size, channels, found_channels) {
            (true, 3, 1) => {
                "give `data.images.channels = 1` to read the images in grey, or give the last layer 3 channels"
                    .to_string()
            }
            (true, 1, 3) => {
                "give `data.images.channels = 3` to read the images in color, or give the last layer 1 channel"
                    .to_string()
            }
            (true, ..) => format!("give the last layer {} channels, {asks}", wanted[2]),
            (false, ..) => format!(
                "give `data.images.size = [{}, {}]` to read the images in that size, change the decoder so that it ends in {}, {asks}",
                found[0],
                found[1],
                written(&wanted)
            ),
        };
        return error(reason, remedy);
    }
    if let Some(activation) = activation(decoder).filter(|&activation| activation != Activation::Linear) {
        return error(
            format!(
                "the output layer must be linear, because the likelihood `{}` applies its own activation, and this one \
                 ends in `{}`",
                likelihood.name(),
                activation.name()
            ),
            "leave out the activation of the last layer".to_string(),
        );
    }
    Ok(())
}

/// Whether a decoder has layers, and the values it ends in come out of no activation.
pub(super) fn is_linear(decoder: &[LayerConfig]) -> bool {
    !decoder.is_empty() && activation(decoder).is_none_or(|activation| activation == Activation::Linear)
}

/// The activation that the last values pass through; layers that only move or choose values are looked behind.
fn activation(decoder: &[LayerConfig]) -> Option<Activation> {
    for layer in decoder.iter().rev() {
        match layer {
            LayerConfig::Dense { activation, .. }
            | LayerConfig::Conv { activation, .. }
            | LayerConfig::ConvTransposed { activation, .. }
            | LayerConfig::Conv1d { activation, .. }
            | LayerConfig::StepDense { activation, .. }
            | LayerConfig::Activation(activation) => return Some(*activation),
            LayerConfig::BatchNorm { .. } | LayerConfig::LayerNorm { .. } => return None,
            LayerConfig::Upsample { .. }
            | LayerConfig::Pool { .. }
            | LayerConfig::Dropout { .. }
            | LayerConfig::Noise { .. }
            | LayerConfig::Flatten
            | LayerConfig::Reshape { .. }
            | LayerConfig::Series { .. }
            | LayerConfig::Repeat { .. } => {}
            // Its states are a gate times a tanh.
            LayerConfig::Recurrent { .. } => return Some(Activation::Tanh),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::error::Error;
    use crate::models::{Layout, ModelConfig, Network};
    use crate::train::TrainConfig;

    fn model(decoder: &str, likelihood: &str) -> ModelConfig {
        let text = format!("[vae]\nlatent = 2\nlikelihood = {likelihood}\ndecoder = {decoder}");
        toml::from_str(&text).unwrap()
    }

    fn message(decoder: &str, likelihood: &str, dims: &[usize]) -> (String, String) {
        let error = model(decoder, likelihood)
            .network()
            .unwrap()
            .latent(&Layout { dims: dims.to_vec(), ..Layout::default() })
            .unwrap_err();
        (error.to_string(), error.hint().unwrap())
    }

    const CONV: &str =
        "[{ dense = 4 }, { reshape = [2, 2, 1] }, { conv = CHANNELS, activation = 'ACTIVATION' }]";

    fn conv(channels: usize, activation: &str) -> String {
        CONV.replace("CHANNELS", &channels.to_string()).replace("ACTIVATION", activation)
    }

    #[test]
    fn an_image_of_another_shape_than_the_data_is_refused_with_both() {
        let (message, hint) = message(&conv(1, "linear"), "'bernoulli'", &[2, 2, 3]);
        assert_eq!(
            message,
            "`model.vae.decoder` does not end as it must: (2) -> dense, linear -> (4) -> reshape -> (2, 2, 1) -> \
             conv 3 x 3, linear -> (2, 2, 1): it makes (2, 2, 1), and the data is images in color of (2, 2, 3)"
        );
        assert_eq!(
            hint,
            "give `data.images.channels = 1` to read the images in grey, or give the last layer 3 channels"
        );
        let (message, hint) = self::message(&conv(1, "linear"), "'bernoulli'", &[5, 4, 1]);
        assert!(
            message.ends_with("it makes (2, 2, 1), and the data is grey images of (5, 4, 1)"),
            "{message}"
        );
        assert!(
            hint.starts_with("give `data.images.size = [2, 2]`") && hint.contains("ends in (5, 4, 1)"),
            "{hint}"
        );
        let (message, hint) =
            self::message(&conv(1, "linear"), "{ categorical = { levels = 4 } }", &[2, 2, 1]);
        assert!(message.ends_with("grey images of (2, 2, 1), each value as 4 levels"), "{message}");
        assert!(hint.starts_with("give the last layer 4 channels"), "{hint}");
        let reshaped = "[{ dense = 4 }, { reshape = [4, 1, 1] }]";
        assert!(self::message(reshaped, "'bernoulli'", &[2, 2, 1]).0.contains("it makes (4, 1, 1)"));
    }

    #[test]
    fn an_output_with_an_activation_is_refused() {
        for decoder in [
            conv(1, "sigmoid"),
            "[{ dense = 4 }, { reshape = [2, 2, 1] }, { activation = 'tanh' }, { dropout = 0.1 }]"
                .to_string(),
            "[{ dense = 4, activation = 'relu' }, { reshape = [2, 2, 1] }]".to_string(),
        ] {
            let (message, hint) = message(&decoder, "'bernoulli'", &[2, 2, 1]);
            assert!(message.contains("the output layer must be linear"), "{message}");
            assert_eq!(hint, "leave out the activation of the last layer");
        }
        for activation in ["sigmoid", "linear"] {
            let decoder = format!("[{{ dense = 4, activation = '{activation}' }}]");
            let (message, hint) = message(&decoder, "'bernoulli'", &[2, 2, 1]);
            assert!(
                message.ends_with(
                    "the last layer has the 4 values of the output, and the output layer follows by itself"
                ),
                "{message}"
            );
            assert_eq!(hint, "leave the last layer out; the likelihood `bernoulli` gives its activation");
        }
    }

    #[test]
    fn an_image_of_the_datas_shape_is_the_output_and_anything_else_is_hidden() {
        let layers = |decoder: &str| -> Result<Vec<String>, Error> {
            let layout = Layout { dims: vec![2, 2, 1], ..Layout::default() };
            let train = TrainConfig::default();
            let network = Network::new(&model(decoder, "'bernoulli'"), layout, &train, 0)?;
            Ok(network.layers().iter().map(|layer| layer.path.clone()).collect())
        };
        let has_head = |decoder: &str| layers(decoder).unwrap().contains(&"decoder.output".to_string());
        assert!(!has_head(&conv(1, "linear")));
        assert!(!has_head("[{ dense = 1 }, { reshape = [1, 1, 1] }, { upsample = 2 }]"));
        assert!(!has_head("[{ dense = 4 }, { reshape = [2, 2, 1] }, { batch-norm = 0.9 }]"));
        assert!(has_head("[{ dense = 4, activation = 'relu' }]"));
        assert!(has_head("[{ dense = 4 }, { reshape = [2, 2, 1] }, { flatten = true }]"));
        assert!(has_head("[]"));
    }

    #[test]
    fn decoders_of_tables_keep_their_output_layer() {
        assert!(
            model(&conv(3, "sigmoid"), "'mixed'")
                .network()
                .unwrap()
                .latent(&Layout { dims: vec![12], ..Layout::default() })
                .is_ok()
        );
        assert!(
            model("[{ dense = 12, activation = 'relu' }]", "'mixed'")
                .network()
                .unwrap()
                .latent(&Layout { dims: vec![12], ..Layout::default() })
                .is_ok()
        );
    }
}
