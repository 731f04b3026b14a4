//! A list of layers applied one after the other.

use veridic_graph::{Expr, Init, Shape, Window};

use super::layer::{Filters, LayerConfig, Padding};
use super::scope::{Mode, Scope};
use super::series::{self, Recurrent};
use crate::error::ConfigError;

/// Added to the variance in batch normalization, as in Keras.
const BATCH_NORM_EPSILON: f32 = 1e-3;

/// The shape after each layer of a list that is given rows of shape `input`; `path` (`model.vae.encoder`) is named in
/// errors.
///
/// # Errors
/// The first layer that does not fit, with the list and the shapes up to it.
pub fn shapes(path: &str, layers: &[LayerConfig], input: &[usize]) -> Result<Vec<Vec<usize>>, ConfigError> {
    let mut shapes: Vec<Vec<usize>> = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        let dims = shapes.last().map_or(input, Vec::as_slice);
        match layer.shape(dims) {
            Ok(shape) => shapes.push(shape),
            Err(reason) => {
                let so_far = trail(layers, &shapes, input);
                let (number, layer) = (at + 1, layer.label());
                return Err(ConfigError::Layers { path: path.to_string(), number, layer, so_far, reason });
            }
        }
    }
    Ok(shapes)
}

/// A list of layers in words, with the shape that each of `shapes` says is after it: `(4) -> dense, relu -> (9)`.
pub(crate) fn trail(layers: &[LayerConfig], shapes: &[Vec<usize>], input: &[usize]) -> String {
    let each = layers.iter().zip(shapes).map(|(layer, shape)| (layer.label(), written(shape)));
    each.fold(written(input), |all, (label, shape)| format!("{all} -> {label} -> {shape}"))
}

/// The layers of a list, one after the other, with parameters `path.0.…`, `path.1.…`. The list was checked by
/// [`shapes`]. A row of `x` is a row of values `[n]` or an image `[h, w, c]`, or several of them, `[samples, n]` or
/// `[samples, h, w, c]`, each of which the layers are applied to.
pub(crate) fn stack<'g>(scope: &mut Scope<'g>, path: &str, layers: &[LayerConfig], x: Expr<'g>) -> Expr<'g> {
    let lead = leading(&x.shape());
    stack_of(scope, path, layers, x, lead)
}

/// As [`stack`], where the first `lead` axes count samples and the others, also those of a series `[steps, values]`,
/// are those of a sample.
pub(crate) fn stack_of<'g>(
    scope: &mut Scope<'g>,
    path: &str,
    layers: &[LayerConfig],
    x: Expr<'g>,
    lead: usize,
) -> Expr<'g> {
    let mut x = x;
    let mut at = 0;
    while at < layers.len() {
        let own = format!("{path}.{at}");
        let dims = x.shape().dims[lead..].to_vec();
        x = match (layers[at], layers.get(at + 1)) {
            // Together they are a transposed convolution with fewer products.
            (
                LayerConfig::Upsample { times },
                Some(LayerConfig::Conv { filters, padding: Padding::Same, activation }),
            ) if filters.stride == 1 && dims.len() == 3 => {
                scope.describe(&own, &layers[at].label(), &[dims[0] * times, dims[1] * times, dims[2]]);
                at += 1;
                let own = format!("{path}.{at}");
                let (weight, bias) = kernel(scope, &own, *filters, dims[2]);
                let y = x.upsample_conv2d(weight, times) + bias;
                scope.describe(&own, &layers[at].label(), &y.shape().dims[lead..]);
                activation.apply(y)
            }
            // Together they need no copy of the values for each step.
            (
                LayerConfig::Repeat { steps },
                Some(&LayerConfig::Recurrent { cell, units, direction, output }),
            ) => {
                scope.describe(&own, &layers[at].label(), &[steps, dims[0]]);
                at += 1;
                let own = format!("{path}.{at}");
                let layer = Recurrent { cell, units, direction, output };
                let y = layer.apply(scope, &own, x, Some(steps));
                scope.describe(&own, &layers[at].label(), &y.shape().dims[lead..]);
                y
            }
            (layer, _) => apply(layer, scope, &own, x, lead),
        };
        at += 1;
    }
    x
}

/// `x W + b` with `units` columns, an image flattened first; parameters `path.weight` and `path.bias`.
pub(crate) fn dense<'g>(scope: &mut Scope<'g>, path: &str, x: Expr<'g>, units: usize) -> Expr<'g> {
    linear(scope, path, flat(x), units)
}

/// `x W + b` over the last axis, whatever axes are before it; parameters as those of [`dense`].
pub(crate) fn linear<'g>(scope: &mut Scope<'g>, path: &str, x: Expr<'g>, units: usize) -> Expr<'g> {
    let width = x.shape().dims.last().copied().unwrap_or(1);
    let weight = scope.weight(path, &[width, units]);
    let bias = scope.parameter(&format!("{path}.bias"), &[units], Init::Constant(0.0));
    x.matmul(weight) + bias
}

/// An image as one row of values; anything else as it is.
pub(crate) fn flat(x: Expr<'_>) -> Expr<'_> {
    let shape = x.shape();
    if shape.dims.len() - leading(&shape) == 3 { flat_of(x, leading(&shape)) } else { x }
}

/// Samples as rows of values; the first `lead` axes count samples.
pub(crate) fn flat_of(x: Expr<'_>, lead: usize) -> Expr<'_> {
    let dims = x.shape().dims;
    x.reshape(&[&dims[..lead], &[dims[lead..].iter().product()]].concat())
}

/// Axes that count samples: a row of values has one, an image three, and an axis before them counts samples.
fn leading(shape: &Shape) -> usize {
    usize::from(shape.dims.len().is_multiple_of(2)).min(shape.dims.len())
}

fn shaped_of<'g>(x: Expr<'g>, dims: &[usize], lead: usize) -> Expr<'g> {
    x.reshape(&[&x.shape().dims[..lead], dims].concat())
}

/// A shape in words: `(28, 28, 1)`.
pub(crate) fn written(dims: &[usize]) -> String {
    let sides: Vec<String> = dims.iter().map(ToString::to_string).collect();
    format!("({})", sides.join(", "))
}

/// Weights `[kernel, kernel, in, out]` and bias of a convolution of stride `filters.stride`.
fn kernel<'g>(scope: &mut Scope<'g>, path: &str, filters: Filters, inputs: usize) -> (Expr<'g>, Expr<'g>) {
    let dims = [filters.kernel, filters.kernel, inputs, filters.channels];
    let weight = scope.weight(path, &dims);
    let bias = scope.parameter(&format!("{path}.bias"), &[filters.channels], Init::Constant(0.0));
    (weight, bias)
}

fn apply<'g>(layer: LayerConfig, scope: &mut Scope<'g>, path: &str, x: Expr<'g>, lead: usize) -> Expr<'g> {
    let label = layer.label();
    let shape = x.shape();
    let dims = &shape.dims[lead..];
    let (y, activation) = match layer {
        LayerConfig::Dense { units, activation } => {
            (linear(scope, path, flat_of(x, lead), units), Some(activation))
        }
        LayerConfig::Conv { filters, padding, activation } => {
            let windows = filters.windows((dims[0], dims[1]), padding).expect("the list was checked");
            let (weight, bias) = kernel(scope, path, filters, dims[2]);
            (x.conv2d(weight, windows) + bias, Some(activation))
        }
        LayerConfig::ConvTransposed { filters, activation } => {
            let window = |n: usize| Window::same(n * filters.stride, filters.kernel, filters.stride);
            // Channels in and out change places: the weights are those of the convolution it transposes.
            let sides = [filters.kernel, filters.kernel, filters.channels, dims[2]];
            let weight = scope.weight(path, &sides);
            let bias = scope.parameter(&format!("{path}.bias"), &[filters.channels], Init::Constant(0.0));
            (x.conv2d_transposed(weight, [window(dims[0]), window(dims[1])]) + bias, Some(activation))
        }
        LayerConfig::Upsample { times } if dims.len() == 2 => (series::upsample(x, times), None),
        LayerConfig::Pool { size, largest } if dims.len() == 2 => (series::pool(x, size, largest), None),
        LayerConfig::Upsample { times } => (x.upsample(times), None),
        LayerConfig::Pool { size, largest: true } => (x.max_pool2d(size), None),
        LayerConfig::Pool { size, largest: false } => (x.mean_pool2d(size), None),
        LayerConfig::BatchNorm { momentum } => (batch_norm(scope, path, x, momentum), None),
        LayerConfig::LayerNorm { epsilon } => {
            let gamma = scope.parameter(&format!("{path}.gamma"), dims, Init::Constant(1.0));
            let beta = scope.parameter(&format!("{path}.beta"), dims, Init::Constant(0.0));
            let values = flat_of(x, lead);
            let last = values.shape().dims.len() - 1;
            let centered = values - values.mean(last);
            let scaled = centered / (centered.square().mean(last) + epsilon).sqrt();
            (scaled.reshape(&shape.dims) * gamma + beta, None)
        }
        LayerConfig::Dropout { rate } => match scope.mode {
            mode if rate > 0.0 && (mode == Mode::Train || scope.dropout_in_use) => {
                let kept = scope.graph.bernoulli(&x.shape(), 1.0 - rate);
                (x * kept * (1.0 / (1.0 - rate)), None)
            }
            _ => (x, None),
        },
        LayerConfig::Noise { deviation } => match scope.mode {
            Mode::Train => (x + scope.graph.normal(&shape) * deviation, None),
            Mode::Infer => (x, None),
        },
        LayerConfig::Flatten => (flat_of(x, lead), None),
        LayerConfig::Reshape { image } => (shaped_of(x, &image, lead), None),
        LayerConfig::Series { series } => (shaped_of(x, &series, lead), None),
        LayerConfig::Recurrent { cell, units, direction, output } => {
            let layer = Recurrent { cell, units, direction, output };
            (layer.apply(scope, path, x, None), None)
        }
        LayerConfig::Repeat { steps } => (x.repeat(steps), None),
        LayerConfig::Conv1d { taps, padding, activation } => {
            (series::conv1d(scope, path, x, taps, padding), Some(activation))
        }
        LayerConfig::StepDense { units, activation } => (linear(scope, path, x, units), Some(activation)),
        LayerConfig::Activation(activation) => (x, Some(activation)),
    };
    scope.describe(path, &label, &y.shape().dims[lead..]);
    activation.map_or(y, |activation| activation.apply(y))
}

/// Batch normalization of the last axis over rows and all other axes.
fn batch_norm<'g>(scope: &mut Scope<'g>, path: &str, x: Expr<'g>, momentum: f32) -> Expr<'g> {
    let channels = x.shape().dims.last().copied().unwrap_or(1);
    let gamma = scope.parameter(&format!("{path}.gamma"), &[channels], Init::Constant(1.0));
    let beta = scope.parameter(&format!("{path}.beta"), &[channels], Init::Constant(0.0));
    let mean = scope.statistic(&format!("{path}.running_mean"), &[channels], Init::Constant(0.0));
    let variance = scope.statistic(&format!("{path}.running_variance"), &[channels], Init::Constant(1.0));
    let (centered, spread) = match scope.mode {
        Mode::Infer => (x - mean, variance),
        Mode::Train => {
            // Over rows first: that is done while the values are computed.
            let average = |x: Expr<'g>| {
                let places = x.shape().width() / channels.max(1);
                x.mean_rows().reshape(&[places, channels]).mean(0).reshape(&[channels])
            };
            // Two passes: the mean square minus the squared mean loses digits in single precision.
            let batch_mean = average(x);
            let centered = x - batch_mean;
            let batch_variance = average(centered.square());
            scope.update(mean, |old| old * momentum + batch_mean * (1.0 - momentum));
            scope.update(variance, |old| old * momentum + batch_variance * (1.0 - momentum));
            (centered, batch_variance)
        }
    };
    centered * (gamma / (spread + BATCH_NORM_EPSILON).sqrt()) + beta
}
