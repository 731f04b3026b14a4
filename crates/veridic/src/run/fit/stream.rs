//! Which rows a step of training reads.

use crate::models::{ModelConfig, balanced};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, index};

/// The training rows, and those that take turns with them: of coupled networks the second set, of semi-supervised ones the
/// rows with a label.
pub(crate) fn streams(config: &Config, data: &Dataset) -> (Vec<u32>, Vec<u32>) {
    let train = index(&data.split.train);
    if let ModelConfig::Gan(gan) = &config.model
        && let Some(semi) = gan.semi_supervised
    {
        let labelled = index(&data.seen());
        let class = |row: u32| data.class_numbers[row as usize].max(0.0) as usize;
        let labelled = match semi.rare {
            Some(share) => balanced(&labelled, class, data.classes.len(), share),
            None => labelled,
        };
        return if semi.unlabelled { (train, labelled) } else { (labelled, Vec::new()) };
    }
    (train, data.second.as_ref().map(|second| index(&second.train)).unwrap_or_default())
}
