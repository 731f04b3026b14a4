//! Whether the figures and measurements that are asked for at the end can be made, asked before training.

use crate::data::Data;
use crate::error::{ConfigError, Result};
use crate::models::{ModelConfig, Network, Parts, PropagationConfig};
use crate::run::config::{Config, FigureConfig, FigureKind};
use crate::run::dataset::Dataset;
use crate::run::report::disentanglement;

/// Refuses figures and `evaluate.factors` that the data or the model cannot have.
///
/// # Errors
/// [`ConfigError::Conflict`] and [`ConfigError::Range`]; a column that is not there.
pub(crate) fn check(config: &Config, data: &Dataset, network: &Network) -> Result<()> {
    disentanglement::check_factors(config, data)?;
    config.figure.iter().try_for_each(|figure| check_figure(config, data, network, figure))
}

/// Refuses figures that label propagation does not have.
///
/// # Errors
/// [`ConfigError::Conflict`].
pub(crate) fn check_graph(config: &Config, settings: &PropagationConfig) -> Result<()> {
    let is_curve = |figure: &&FigureConfig| figure.kind == FigureKind::LearningCurves;
    if settings.curve.is_none()
        && let Some(figure) = config.figure.iter().find(is_curve)
    {
        let what = format!("the figure `{}` needs `model.propagation.curve`", figure.kind.name());
        return Err(ConfigError::Conflict { what, remedy: "leave the figure out".to_string() }.into());
    }
    let Some(figure) = config.figure.iter().find(|figure| !is_curve(figure)) else { return Ok(()) };
    let what = format!("{} has no figure `{}`", config.model.noun(), figure.kind.name());
    Err(ConfigError::Conflict { what, remedy: "leave the figure out".to_string() }.into())
}

/// Refuses figures that a model of a table without a network does not have.
///
/// # Errors
/// [`ConfigError::Conflict`].
pub(crate) fn check_table(config: &Config, data: &Dataset, parts: &Parts) -> Result<()> {
    for figure in &config.figure {
        let needs = |what: &str| -> Result<()> {
            let what = format!("the figure `{}` needs {what}", figure.kind.name());
            Err(ConfigError::Conflict { what, remedy: "leave the figure out".to_string() }.into())
        };
        match figure.kind {
            FigureKind::Columns | FigureKind::Correlation if !parts.makes_rows() => {
                return needs("a model that makes rows");
            }
            FigureKind::ScoreHistogram | FigureKind::RocPr if parts.detector.is_none() => {
                return needs("a detector of rows");
            }
            FigureKind::RocPr => {
                let positive = data.positives(shown(data));
                if positive.is_none_or(|p| !p.contains(&true) || !p.contains(&false)) {
                    return needs("positive and other test rows");
                }
            }
            FigureKind::LearningCurves if config.evaluate.learning.is_empty() => {
                return needs("`evaluate.learning`");
            }
            FigureKind::Columns
            | FigureKind::Correlation
            | FigureKind::ScoreHistogram
            | FigureKind::LearningCurves => {}
            _ => return needs("a network"),
        }
    }
    Ok(())
}

/// What is shown otherwise than asked for: figures of a label that no row has show any row.
pub(crate) fn notes(config: &Config, data: &Dataset) -> Vec<String> {
    let missing = config.figure.iter().filter(|figure| has_no_row(data, figure));
    let note = |figure: &FigureConfig| {
        let (name, label) = (figure.kind.name(), figure.label.as_deref().unwrap_or_default());
        format!("the figure `{name}` is of label `{label}`, which no row has; it shows rows of any label")
    };
    missing.map(note).collect()
}

/// A figure as it is drawn: without a label that no row has.
pub(crate) fn as_shown(data: &Dataset, figure: &FigureConfig) -> FigureConfig {
    let label = figure.label.clone().filter(|_| !has_no_row(data, figure));
    FigureConfig { label, ..figure.clone() }
}

/// The rows that figures show: test rows, or validation rows where there are none, or training rows.
pub(crate) fn shown(data: &Dataset) -> &[usize] {
    let split = &data.split;
    [&split.test, &split.valid, &split.train]
        .into_iter()
        .find(|rows| !rows.is_empty())
        .map_or(&[], Vec::as_slice)
}

/// Those of them that have the figure's label.
pub(crate) fn of_label(data: &Dataset, figure: &FigureConfig) -> Vec<usize> {
    let rows = shown(data).iter().copied();
    let Some(label) = &figure.label else { return rows.collect() };
    let labels = data.labels.as_deref().unwrap_or_default();
    rows.filter(|&row| labels.get(row).is_some_and(|of_row| of_row.as_ref() == Some(label))).collect()
}

fn has_no_row(data: &Dataset, figure: &FigureConfig) -> bool {
    figure.label.is_some() && of_label(data, figure).is_empty()
}

fn check_figure(config: &Config, data: &Dataset, network: &Network, figure: &FigureConfig) -> Result<()> {
    use FigureKind as Kind;
    let name = figure.kind.name();
    let needs = |what: &str, remedy: &str| -> Result<()> {
        let what = format!("the figure `{name}` needs {what}");
        Err(ConfigError::Conflict { what, remedy: remedy.to_string() }.into())
    };
    let has_images = matches!(data.content, Data::Images(_));
    match figure.kind {
        Kind::LatentGrid
        | Kind::TraversalGrid
        | Kind::CodeTraversal
        | Kind::Denoised
        | Kind::ImagePairs
        | Kind::ImageSamples
        | Kind::PosteriorDraws
            if !has_images =>
        {
            return needs("images", "leave it out for a table");
        }
        Kind::ReconstructionBars | Kind::SampledRows | Kind::Correlation | Kind::Columns if has_images => {
            return needs("a table", "leave it out for images");
        }
        Kind::SeriesPairs | Kind::SeriesWalk | Kind::SeriesSamples if data.windows.is_none() => {
            return needs("windows of series", "give `data.series.window`, or leave the figure out");
        }
        _ => {}
    }
    match figure.kind {
        Kind::LearningCurves => return needs("a classifier that is no network", "leave the figure out"),
        Kind::Made | Kind::Film | Kind::GameCurves if !matches!(config.model, ModelConfig::Gan(_)) => {
            return needs("an adversarial network", "leave the figure out");
        }
        Kind::LossCurves if matches!(config.model, ModelConfig::Gan(_)) => {
            return needs("a model with one loss", "choose the figure `game-curves`");
        }
        Kind::Film if config.evaluate.picture_every == 0 => {
            return needs("pictures", "set `evaluate.picture-every` above 0, or leave the figure out");
        }
        Kind::Made | Kind::Film if !has_images && data.layout.width() > 2 => {
            return needs("images, or a table of one or two columns", "leave the figure out");
        }
        Kind::LatentScatter
        | Kind::LatentMap
        | Kind::TraversalGrid
        | Kind::ScoreHistogram
        | Kind::ReconstructionBars
        | Kind::ImagePairs
        | Kind::PosteriorDraws
        | Kind::SampledRows
        | Kind::RocPr
        | Kind::Correlation
        | Kind::Columns
        | Kind::SeriesPairs
        | Kind::SeriesWalk
            if !network.reconstructs() =>
        {
            return needs("an autoencoder or a VAE", "leave the figure out");
        }
        _ => {}
    }
    match figure.kind {
        Kind::ImageSamples
        | Kind::PosteriorDraws
        | Kind::SampledRows
        | Kind::Correlation
        | Kind::Columns
        | Kind::SeriesSamples
            if !network.can_sample() =>
        {
            return needs("a model that can sample", "fit a VAE, or leave the figure out");
        }
        Kind::LatentGrid if network.latent() != 2 => {
            return needs(
                "two latent dimensions",
                "give `model.vae.latent = 2`, or use the figure `traversal-grid`, or leave the figure out",
            );
        }
        Kind::TraversalGrid if network.latent() < 2 => {
            return needs("two latent dimensions", "leave the figure out");
        }
        Kind::CodeTraversal if network.prior().is_none_or(|prior| prior.continuous == 0) => {
            return needs("continuous codes", "set `model.gan.info`, or leave the figure out");
        }
        Kind::Denoised if config.model.noise().is_none() => {
            return needs("a model with noise", "set `noise` of the model, or leave the figure out");
        }
        Kind::FewLabelCurves if config.few_labels.is_none() => {
            return needs("the section `few-labels`", "add `[few-labels]`, or leave the figure out");
        }
        Kind::Augmentation if config.augment.is_none() => {
            return needs("the section `augment`", "add `[augment]`, or leave the figure out");
        }
        Kind::RocPr => {
            let positive = data.positives(shown(data));
            if positive.is_none_or(|p| !p.contains(&true) || !p.contains(&false)) {
                return needs(
                    "positive and other test rows",
                    "give `data.target` and `data.positive`, or leave the figure out",
                );
            }
        }
        _ => {}
    }
    if matches!(figure.kind, Kind::PosteriorDraws | Kind::ReconstructionBars) {
        let figure = as_shown(data, figure);
        let rows = of_label(data, &figure).len();
        if figure.row >= rows {
            let of = figure.label.map_or_else(String::new, |label| format!(" with label `{label}`"));
            return Err(ConfigError::Range {
                field: format!("figure `{name}`: row"),
                found: figure.row.to_string(),
                allowed: format!("below {rows}, the test rows{of}"),
            }
            .into());
        }
    }
    Ok(())
}
