//! Whether a likelihood suits the data, asked before training.

use crate::data::{Binarization, Cells, Data};
use crate::error::{ConfigError, Result};
use crate::models::ModelConfig;
use crate::nn::{LikelihoodConfig, NoiseConfig};
use crate::run::config::Config;
use crate::run::dataset::Dataset;

/// Values a categorical head may give for an image: 32 levels of 8192 pixels, or 256 levels of 1024.
const MOST_OUTPUTS: usize = 1 << 18;

/// What losses mean: the likelihood, what its values are, its formula with its constants.
pub(crate) fn in_words(config: &Config, is_images: bool) -> String {
    let likelihood = config.model.likelihood();
    let of = match config.data.images.binarization {
        Binarization::None if is_images && likelihood == LikelihoodConfig::Bernoulli => {
            " of grey values (a cross-entropy, comparable with no likelihood)".to_string()
        }
        Binarization::None => String::new(),
        rule => format!(" of zeros and ones, {} binarization", rule.name()),
    };
    format!("{}{of}: {}", likelihood.name(), likelihood.formula())
}

/// Refuses a likelihood that the data cannot have, with the value that stands against it.
///
/// # Errors
/// [`ConfigError::Conflict`].
pub(crate) fn check(config: &Config, data: &Dataset) -> Result<()> {
    if !matches!(config.model, ModelConfig::Autoencoder(_) | ModelConfig::Vae(_) | ModelConfig::Aae(_)) {
        return check_labels(config, data);
    }
    let likelihood = config.model.likelihood();
    let conflict = |what: String, remedy: &str| -> Result<()> {
        Err(ConfigError::Conflict { what, remedy: remedy.to_string() }.into())
    };
    match (&data.content, likelihood) {
        (Data::Images(_), LikelihoodConfig::Mixed) => {
            return conflict(
                "the likelihood `mixed` follows a table's columns, and the data is images".to_string(),
                "choose `likelihood = \"bernoulli\"` for images",
            );
        }
        (Data::Images(_), LikelihoodConfig::Categorical { levels })
            if data.layout.width() * levels > MOST_OUTPUTS =>
        {
            return conflict(
                format!(
                    "the likelihood `categorical` would need {} outputs for {levels} levels of {} values, at most \
                     {MOST_OUTPUTS} are allowed",
                    data.layout.width() * levels,
                    data.layout.width()
                ),
                "choose fewer levels",
            );
        }
        (Data::Table(..), LikelihoodConfig::Categorical { .. }) => {
            return conflict(
                "the likelihood `categorical` is for images, and the data is a table".to_string(),
                "choose `likelihood = \"mixed\"`, which has a softmax for each column of categories",
            );
        }
        _ => {}
    }
    if let (Data::Table(..), Some(NoiseConfig::SaltPepper(_))) = (&data.content, config.model.noise()) {
        return conflict(
            "the noise `salt-pepper` sets values to black and white, and the data is a table".to_string(),
            "choose `noise = { masking = 0.2 }` or `{ gaussian = 0.2 }` for tables",
        );
    }
    if !likelihood.is_of_shares() {
        return Ok(());
    }
    // Pixels are bytes and always in range.
    let Some(at) = data.matrix.values.iter().position(|value| !(0.0..=1.0).contains(value)) else {
        return Ok(());
    };
    let (row, column) = (at / data.layout.width(), at % data.layout.width());
    let block = data.layout.blocks.iter().rev().find(|block| block.start <= column);
    let name = block.map_or("", |block| block.column.as_str());
    let of = if data.split.train.binary_search(&row).is_ok() { "" } else { ", a row not trained on," };
    let raw = match &data.content {
        Data::Table(table, _) => table.column(name).map(|column| match &column.cells {
            Cells::Number(values) => values[row].to_string(),
            cells @ Cells::Text { .. } => cells.text(row).unwrap_or_default().to_string(),
        }),
        Data::Images(_) => None,
    };
    // Rows of a second file are counted on from those of the first.
    let file = match data.files.as_slice() {
        [file] => format!(": {}", file.path.display()),
        _ => String::new(),
    };
    conflict(
        format!(
            "the likelihood `{}` needs values from 0 to 1, and `{name}` in row {}{of} is {}, {} once encoded{file}",
            likelihood.name(),
            row + 1,
            raw.unwrap_or_default(),
            data.matrix.values[at]
        ),
        "choose `likelihood = \"mixed\"`, or `codec.numeric = \"min-max\"` and a split without test rows beyond the \
         training range",
    )
}

/// Refuses classifiers and adversarial networks whose labels or batches the data does not have.
fn check_labels(config: &Config, data: &Dataset) -> Result<()> {
    let conflict = |what: String, remedy: &str| -> Result<()> {
        Err(ConfigError::Conflict { what, remedy: remedy.to_string() }.into())
    };
    let (field, needs_labels) = match &config.model {
        ModelConfig::Gan(gan) if gan.conditional => ("model.gan.conditional", true),
        ModelConfig::Gan(gan) => ("model.gan.classify", gan.classify > 0.0),
        _ => ("model.classifier", true),
    };
    if needs_labels && data.classes.len() < 2 {
        let found = match data.classes.as_slice() {
            [] => "the rows have no labels".to_string(),
            [class, ..] => format!("all rows are labelled `{class}`"),
        };
        return conflict(
            format!("`{field}` needs two classes, and {found}"),
            "name a `data.target`, images with labels, or leave it out",
        );
    }
    let ModelConfig::Gan(gan) = &config.model else { return Ok(()) };
    let is_table = matches!(data.content, Data::Table(..));
    if gan.conditional && is_table {
        return conflict(
            "`model.gan.conditional` is for images, and the data is a table".to_string(),
            "leave it out: a condition when sampling chooses among rows that were made",
        );
    }
    if gan.classify > 0.0 && is_table && config.data.model_target {
        return conflict(
            "`model.gan.classify` tells the target of a row, and the row has it: `data.model-target` is true"
                .to_string(),
            "add `data.model-target = false`",
        );
    }
    if gan.coupled.is_some() && is_table {
        return conflict(
            "`model.gan.coupled` is for images, and the data is a table".to_string(),
            "name two sets of images in `data.images` and `data.images.second`",
        );
    }
    if config.data.images.binarization != Binarization::None {
        return conflict(
            "`data.images.binarization` is for likelihoods, and an adversarial network has none".to_string(),
            "leave `data.images.binarization` out",
        );
    }
    let (batch, group) = (config.train.batch, gan.group());
    if !batch.is_multiple_of(group) {
        return conflict(
            format!("`train.batch` is {batch}, and the discriminator sees {group} rows together"),
            match gan.coupled {
                Some(_) => "choose an even batch: half of its rows are of each set",
                None => {
                    "choose a batch that is a multiple of `model.gan.packing` or `model.gan.minibatch.group`"
                }
            },
        );
    }
    if data.split.train.len() < group {
        return conflict(
            format!(
                "there are {} training rows, and the discriminator sees {group} together",
                data.split.train.len()
            ),
            "choose a smaller `packing` or `group`",
        );
    }
    Ok(())
}
